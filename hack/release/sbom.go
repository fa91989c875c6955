package main

import (
	"cmp"
	"debug/buildinfo"
	"encoding/json"
	"fmt"
	"io"
	"net/url"
	"os"
	"regexp"
	"runtime/debug"
	"strconv"
	"strings"
	"time"
)

// The parts of SPDX 2.3 that are written (its JSON schema has these names).
type document struct {
	SPDXVersion   string         `json:"spdxVersion"`
	DataLicense   string         `json:"dataLicense"`
	SPDXID        string         `json:"SPDXID"`
	Name          string         `json:"name"`
	Namespace     string         `json:"documentNamespace"`
	Creation      creation       `json:"creationInfo"`
	Packages      []pkg          `json:"packages"`
	Relationships []relationship `json:"relationships"`
}

type creation struct {
	Created  string   `json:"created"`
	Creators []string `json:"creators"`
}

type pkg struct {
	SPDXID           string        `json:"SPDXID"`
	Name             string        `json:"name"`
	Version          string        `json:"versionInfo,omitempty"`
	Purpose          string        `json:"primaryPackagePurpose,omitempty"`
	FileName         string        `json:"packageFileName,omitempty"`
	DownloadLocation string        `json:"downloadLocation"`
	FilesAnalyzed    bool          `json:"filesAnalyzed"`
	Checksums        []checksum    `json:"checksums,omitempty"`
	SourceInfo       string        `json:"sourceInfo,omitempty"`
	Concluded        string        `json:"licenseConcluded"`
	Declared         string        `json:"licenseDeclared"`
	Copyright        string        `json:"copyrightText"`
	ExternalRefs     []externalRef `json:"externalRefs,omitempty"`
}

type checksum struct {
	Algorithm string `json:"algorithm"`
	Value     string `json:"checksumValue"`
}

type externalRef struct {
	Category string `json:"referenceCategory"`
	Type     string `json:"referenceType"`
	Locator  string `json:"referenceLocator"`
}

type relationship struct {
	From string `json:"spdxElementId"`
	Type string `json:"relationshipType"`
	To   string `json:"relatedSpdxElement"`
}

const (
	noAssertion = "NOASSERTION"
	documentID  = "SPDXRef-DOCUMENT"
	spdxTime    = "2006-01-02T15:04:05Z"
)

// runSBOM prints the SBOM of a binary.
func runSBOM(o *options, out io.Writer) error {
	binary, err := o.binary()
	if err != nil {
		return err
	}
	created, err := o.time()
	if err != nil {
		return err
	}
	bill, err := billOf(binary, o.version, created)
	if err != nil {
		return err
	}
	_, err = out.Write(bill)
	return err
}

// time is what an SBOM says of when it was made: not now, so that the same release
// has the same bytes.
func (o *options) time() (time.Time, error) {
	if o.created != "" {
		return time.Parse(time.RFC3339, o.created)
	}
	seconds := os.Getenv("SOURCE_DATE_EPOCH") // reproducible-builds.org/specs/source-date-epoch
	if seconds == "" {
		var err error
		if seconds, err = output(".", "git", "log", "-1", "--format=%ct"); err != nil {
			return time.Time{}, fmt.Errorf("git does not tell when the commit was made: set SOURCE_DATE_EPOCH (%w)", err)
		}
	}
	n, err := strconv.ParseInt(strings.TrimSpace(seconds), 10, 64)
	return time.Unix(n, 0), err
}

// billOf makes the SBOM of a binary, checked.
func billOf(binary, version string, created time.Time) ([]byte, error) {
	info, err := buildinfo.ReadFile(binary)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", binary, err)
	}
	sum, err := hashOf(binary)
	if err != nil {
		return nil, err
	}
	known, err := licencesOf(".", info.Deps)
	if err != nil {
		return nil, err
	}
	d := bill(info, version, sum, created, known)
	if err := d.check(); err != nil {
		return nil, err
	}
	data, err := json.MarshalIndent(d, "", "  ")
	return append(data, '\n'), err
}

// bill makes the document: the program, what is linked into it, and Go's own library.
// licences are those that are known, by module.
func bill(info *debug.BuildInfo, version, sum string, created time.Time, licences map[string]string) document {
	settings := settingsOf(info)
	version = cmp.Or(version, "devel")
	name := "ecs-operator-" + version + "-" + settings["GOOS"] + "-" + settings["GOARCH"]
	main := pkg{SPDXID: "SPDXRef-Program", Name: info.Main.Path, Version: version, Purpose: "APPLICATION", FileName: "ecs-operator",
		DownloadLocation: noAssertion, Checksums: []checksum{{"SHA256", sum}}, Concluded: "Apache-2.0", Declared: "Apache-2.0",
		Copyright: noAssertion, ExternalRefs: purl(info.Main.Path, version)}
	d := document{SPDXVersion: "SPDX-2.3", DataLicense: "CC0-1.0", SPDXID: documentID, Name: name,
		Namespace: "https://" + info.Main.Path + "/spdx/" + name + "/" + sum,
		Creation:  creation{Created: created.UTC().Format(spdxTime), Creators: []string{"Tool: ecs-operator-hack-release"}},
		Packages:  []pkg{main}, Relationships: []relationship{{documentID, "DESCRIBES", main.SPDXID}}}
	add := func(p pkg) {
		d.Packages = append(d.Packages, p)
		d.Relationships = append(d.Relationships, relationship{main.SPDXID, "DEPENDS_ON", p.SPDXID})
	}
	add(library("stdlib", strings.TrimPrefix(info.GoVersion, "go"), "BSD-3-Clause", "https://go.dev/dl/"+info.GoVersion+".src.tar.gz", ""))
	for _, m := range info.Deps {
		if m.Replace != nil {
			m = m.Replace
		}
		hash := ""
		if m.Sum != "" {
			hash = "go.sum has " + m.Sum
		}
		add(library(m.Path, m.Version, cmp.Or(licences[m.Path], noAssertion), proxy(m.Path, m.Version), hash))
	}
	return d
}

func library(path, version, licence, from, hash string) pkg {
	return pkg{SPDXID: "SPDXRef-" + identifier(path+"-"+version), Name: path, Version: version, Purpose: "LIBRARY", DownloadLocation: from,
		SourceInfo: hash, Concluded: licence, Declared: licence, Copyright: noAssertion, ExternalRefs: purl(path, version)}
}

// identifier keeps to SPDX' letters, digits, "." and "-", and keeps different names apart.
func identifier(name string) string {
	var b strings.Builder
	for _, r := range name {
		switch {
		case r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || r == '.':
			b.WriteRune(r)
		case r == '/':
			b.WriteByte('-')
		default:
			fmt.Fprintf(&b, "-%x-", r)
		}
	}
	return b.String()
}

// purl is the package URL of a Go module: its path is lower case there (purl-spec,
// the type golang), and a "+" is escaped.
func purl(path, version string) []externalRef {
	return []externalRef{{"PACKAGE-MANAGER", "purl", "pkg:golang/" + strings.ToLower(path) + "@" + strings.ReplaceAll(version, "+", "%2B")}}
}

// proxy is where the module proxy has a module: capitals are written "!c"
// (go.dev/ref/mod, module proxy).
func proxy(path, version string) string {
	escape := func(s string) string {
		var b strings.Builder
		for _, r := range s {
			if r >= 'A' && r <= 'Z' {
				b.WriteByte('!')
				r += 'a' - 'A'
			}
			b.WriteRune(r)
		}
		return b.String()
	}
	return "https://proxy.golang.org/" + escape(path) + "/@v/" + escape(version) + ".zip"
}

var idForm = regexp.MustCompile(`^SPDXRef-[a-zA-Z0-9.-]+$`)

// check finds what the specification wants and the document does not have (SPDX 2.3,
// clauses 6 and 7: the fields that are mandatory, one to one; clause 11: what the
// document describes).
func (d document) check() error {
	var lacks []string
	want := func(ok bool, what string) {
		if !ok {
			lacks = append(lacks, what)
		}
	}
	want(d.SPDXVersion == "SPDX-2.3", "spdxVersion")
	want(d.DataLicense == "CC0-1.0", "dataLicense")
	want(d.SPDXID == documentID, "SPDXID")
	want(d.Name != "", "name")
	space, err := url.Parse(d.Namespace)
	want(err == nil && space.IsAbs() && !strings.Contains(d.Namespace, "#"), "documentNamespace")
	_, err = time.Parse(spdxTime, d.Creation.Created)
	want(err == nil, "creationInfo.created")
	want(len(d.Creation.Creators) > 0, "creationInfo.creators")
	want(len(d.Packages) > 1, "packages")
	ids := map[string]bool{documentID: true}
	for _, p := range d.Packages {
		want(idForm.MatchString(p.SPDXID) && !ids[p.SPDXID], "SPDXID of "+p.Name)
		ids[p.SPDXID] = true
		want(p.Name != "", "name of "+p.SPDXID)
		want(p.Version != "", "versionInfo of "+p.Name)
		want(p.DownloadLocation != "", "downloadLocation of "+p.Name)
		want(!p.FilesAnalyzed, "filesAnalyzed of "+p.Name)
		want(p.Concluded != "" && p.Declared != "" && p.Copyright != "", "licences of "+p.Name)
		want(len(p.ExternalRefs) == 1, "externalRefs of "+p.Name)
	}
	described := false
	for _, r := range d.Relationships {
		want(ids[r.From] && ids[r.To], "what "+r.From+" "+r.Type+" "+r.To)
		described = described || r.From == documentID && r.Type == "DESCRIBES"
	}
	want(described, "a relationship DESCRIBES")
	if len(lacks) > 0 {
		return fmt.Errorf("the SBOM is not as SPDX 2.3 wants it: %s", strings.Join(lacks, ", "))
	}
	return nil
}
