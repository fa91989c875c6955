package main

import (
	"bytes"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
)

const top = "../.."

// smallModule is a module like this one as far as a build goes, with nothing in it.
// Its program has a path of its source in it.
func smallModule(t *testing.T) {
	t.Helper()
	dir := t.TempDir()
	for name, text := range map[string]string{
		".gitignore": "/dist/\n",
		"go.mod":     "module example.com/small\n\ngo 1.26\n",
		"cmd/ecs-operator/main.go": "package main\n\nimport \"runtime\"\n\nvar version, commit = \"\", \"\"\n\n" +
			"func main() {\n\t_, file, _, _ := runtime.Caller(0)\n\tprintln(version, commit, file)\n}\n",
	} {
		at := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(at), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(at, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	for _, args := range [][]string{{"init", "-q"}, {"add", "."}, {"-c", "user.name=t", "-c", "user.email=t@example.com", "commit", "-q", "-m", "all"}} {
		cmd := exec.Command("git", args...)
		cmd.Dir = dir
		cmd.Env = append(os.Environ(), "GIT_CONFIG_GLOBAL=/dev/null", "GIT_CONFIG_SYSTEM=/dev/null")
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Fatalf("git %v: %v\n%s", args, err, out)
		}
	}
	t.Chdir(dir)
}

func give(t *testing.T, args ...string) (string, error) {
	t.Helper()
	var out bytes.Buffer
	err := run(args, &out)
	return out.String(), err
}

// The commands of docs/supply-chain.md do what it says, in the order of the page.
func TestPage(t *testing.T) {
	page, err := os.ReadFile(top + "/docs/supply-chain.md")
	if err != nil {
		t.Fatal(err)
	}
	smallModule(t)
	want := map[string]string{
		"build": "  ecs-operator_linux_amd64.spdx.json\n", "verify": "is what this source makes: ", "check": "two directories, ", "sbom": `"spdxVersion": "SPDX-2.3"`, "licences": "Go's library: LICENSE",
	}
	for line := range strings.Lines(string(page)) {
		rest, ok := strings.CutPrefix(strings.TrimSpace(line), "go run ./hack/release ")
		if !ok {
			continue
		}
		args := strings.Fields(rest)
		out, err := give(t, args...)
		if err != nil || !strings.Contains(out, want[args[0]]) {
			t.Errorf("%s: %v\n%s", line, err, out)
		}
		delete(want, args[0])
	}
	if len(want) > 0 {
		t.Errorf("the page says nothing of %v", want)
	}
	if _, err := exec.LookPath("sha256sum"); err != nil {
		t.Skip("no sha256sum: SHA256SUMS is not read by it")
	}
	sums := exec.Command("sha256sum", "-c", "SHA256SUMS")
	sums.Dir = "dist"
	if out, err := sums.CombinedOutput(); err != nil {
		t.Errorf("sha256sum: %v\n%s", err, out)
	}
}

// What would make other bytes is told, and not passed over.
func TestVerifyBites(t *testing.T) {
	smallModule(t)
	platform := runtime.GOOS + "/" + runtime.GOARCH
	name := "dist/ecs-operator_" + runtime.GOOS + "_" + runtime.GOARCH
	if _, err := give(t, "build", "-version", "v1", "-platforms", platform); err != nil {
		t.Fatal(err)
	}
	out, err := exec.Command(name).CombinedOutput()
	commit, _ := exec.Command("git", "rev-parse", "HEAD").Output()
	if want := "v1 " + strings.TrimSpace(string(commit)) + " example.com/small/cmd/ecs-operator/main.go\n"; err != nil || string(out) != want {
		t.Errorf("%q, %v, want %q", out, err, want)
	}
	for _, args := range [][]string{{"verify", "-version", "v2", name}, {"verify", "-version", "v1", "-commit", "other", name}} {
		if out, err := give(t, args...); err == nil || !strings.Contains(err.Error(), "the builds differ: ") {
			t.Errorf("%v: %v\n%s", args, err, out)
		}
	}
	// A setting of the machine is none of the build's.
	t.Setenv("GOFLAGS", "-ldflags=-X=main.version=evil -tags=evil -buildvcs=true")
	t.Setenv("GOAMD64", "v3")
	t.Setenv("CGO_ENABLED", "1")
	if out, err := give(t, "verify", "-version", "v1", name); err != nil {
		t.Errorf("%v\n%s", err, out)
	}
	if err := os.WriteFile("cmd/ecs-operator/more.go", []byte("package main\n\nvar more = 1\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	if _, err := give(t, "build", "-version", "v1"); err == nil || !strings.Contains(err.Error(), "not committed") {
		t.Errorf("a work tree with changes: %v", err)
	}
}

// The image's program is built as a release's is.
func TestDockerfileHasTheFlags(t *testing.T) {
	file, err := os.ReadFile(top + "/Dockerfile")
	if err != nil {
		t.Fatal(err)
	}
	args := named{"${VERSION}", "${REVISION}"}.arguments("/out/ecs-operator")
	args[slices.Index(args, "-ldflags")+1] = `"` + (named{"${VERSION}", "${REVISION}"}).linker() + `"`
	if want := "CGO_ENABLED=0 GOOS=${TARGETOS} GOARCH=${TARGETARCH} go " + strings.Join(args, " ") + "\n"; !strings.Contains(string(file), want) {
		t.Errorf("the Dockerfile does not build with\n%s", want)
	}
}

func TestLicencesPage(t *testing.T) {
	want, err := licences(top)
	if err != nil {
		t.Fatal(err)
	}
	have, err := os.ReadFile(filepath.Join(top, licencesPage))
	if err != nil {
		t.Fatal(err)
	}
	if string(have) != want {
		t.Errorf("%s is not what go.mod and the module cache say: run `go run ./hack/release licences`", licencesPage)
	}
	if rows := rowsOf(want); len(rows) < 50 || rows["gopkg.in/yaml.v3 v3.0.1"] == "" {
		t.Errorf("%d rows are read back", len(rows))
	}
}

// Words of licences, as short as they are told by.
const (
	mit = "Permission is hereby granted, free of charge, to any person\nobtaining a copy of this software"
	bsd = "Redistribution and use in source and binary forms, with or without"
	mpl = "Mozilla Public License Version 2.0\n \"Secondary License\" means the GNU General Public License, Version 2.0"
	gpl = "The GNU General Public License is a free, copyleft license for\nsoftware"
)

func TestLicencesBite(t *testing.T) {
	for _, c := range []struct {
		name   string
		files  map[string]string
		linked bool
		want   string // the licence
		err    string
		bad    string
	}{
		{"one", map[string]string{"LICENSE": mit}, true, "MIT", "", ""},
		{"two", map[string]string{"LICENSE-MIT": mit, "LICENSE-BSD.md": bsd, "LICENSE.go": "package a", "license-check.yml": "x: y"}, true, "BSD-2-Clause AND MIT", "", ""},
		{"both in one", map[string]string{"COPYING": bsd + mit}, true, "BSD-2-Clause AND MIT", "", ""},
		{"others' inside", map[string]string{"LICENSE": mit, "third/LICENSE": gpl, "testdata/LICENSE": "nobody's"}, true, "MIT", "", "GPL-3.0 in third/LICENSE"},
		{"of the prose", map[string]string{"LICENSE": mit, "LICENSE.docs": "Creative Commons Attribution-ShareAlike 4.0"}, true, "MIT", "", ""},
		{"none", map[string]string{"README": mit}, true, "", "has no licence", ""},
		{"unknown", map[string]string{"LICENSE": "Do as you are told."}, true, "", "nobody here knows the licence in LICENSE", ""},
		{"in the program", map[string]string{"LICENSE": mpl}, true, "MPL-2.0", "", "MPL-2.0 in LICENSE"},
		{"in the tests", map[string]string{"LICENSE": mpl}, false, "MPL-2.0", "", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			m := &module{Path: "example.com/m", Version: "v1", Dir: t.TempDir(), linked: c.linked}
			for name, text := range c.files {
				at := filepath.Join(m.Dir, name)
				if err := os.MkdirAll(filepath.Dir(at), 0o755); err != nil {
					t.Fatal(err)
				}
				if err := os.WriteFile(at, []byte(text), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			err := m.read()
			if (err == nil) != (c.err == "") || err != nil && !strings.Contains(err.Error(), c.err) {
				t.Fatalf("%v, want %q", err, c.err)
			}
			if err == nil && m.expression() != c.want {
				t.Errorf("%q, want %q", m.expression(), c.want)
			}
			if bad := strings.Join(m.forbidden(), ", "); bad != c.bad {
				t.Errorf("forbidden: %q, want %q", bad, c.bad)
			}
		})
	}
}

// Every mandatory field is missed when it is not there.
func TestSBOM(t *testing.T) {
	d := bill(buildOfSomething(), "v1.2.3", strings.Repeat("ab", 32), someTime, map[string]string{"example.com/Lib": "MIT"})
	if err := d.check(); err != nil {
		t.Fatal(err)
	}
	data, err := json.Marshal(d)
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		`"documentNamespace":"https://example.com/program/spdx/ecs-operator-v1.2.3-linux-arm64/abab`, `"created":"2026-11-27T20:00:00Z"`,
		`"name":"example.com/Lib","versionInfo":"v2.0.0+incompatible"`, `"SPDXID":"SPDXRef-example.com-Lib-2d-v2.0.0-2b-incompatible"`,
		`"downloadLocation":"https://proxy.golang.org/example.com/!lib/@v/v2.0.0+incompatible.zip"`, `"referenceLocator":"pkg:golang/example.com/lib@v2.0.0%2Bincompatible"`,
		`"sourceInfo":"go.sum has h1:abc="`, `"licenseConcluded":"MIT"`, `"name":"example.com/fork"`, `"licenseConcluded":"NOASSERTION"`,
		`"referenceLocator":"pkg:golang/stdlib@1.26.8"`, `{"spdxElementId":"SPDXRef-DOCUMENT","relationshipType":"DESCRIBES","relatedSpdxElement":"SPDXRef-Program"}`,
		`"filesAnalyzed":false`, `{"algorithm":"SHA256","checksumValue":"abab`,
	} {
		if !bytes.Contains(data, []byte(want)) {
			t.Errorf("no %s in\n%s", want, data)
		}
	}
	if strings.Contains(string(data), "example.com/original") {
		t.Error("what was replaced is listed")
	}
	for what, spoil := range map[string]func(*document){
		"spdxVersion":             func(d *document) { d.SPDXVersion = "SPDX-2.2" },
		"dataLicense":             func(d *document) { d.DataLicense = "" },
		"SPDXID":                  func(d *document) { d.SPDXID = "" },
		"name":                    func(d *document) { d.Name = "" },
		"documentNamespace":       func(d *document) { d.Namespace += "#x" },
		"creationInfo.created":    func(d *document) { d.Creation.Created = "2026-11-27T20:00:00+01:00" },
		"creationInfo.creators":   func(d *document) { d.Creation.Creators = nil },
		"packages":                func(d *document) { d.Packages = d.Packages[:1] },
		"SPDXID of":               func(d *document) { d.Packages[1].SPDXID = d.Packages[0].SPDXID },
		"SPDXID of stdlib":        func(d *document) { d.Packages[1].SPDXID = "SPDXRef-a/b" },
		"name of":                 func(d *document) { d.Packages[1].Name = "" },
		"versionInfo of":          func(d *document) { d.Packages[1].Version = "" },
		"downloadLocation of":     func(d *document) { d.Packages[1].DownloadLocation = "" },
		"filesAnalyzed of":        func(d *document) { d.Packages[1].FilesAnalyzed = true },
		"licences of":             func(d *document) { d.Packages[1].Copyright = "" },
		"externalRefs of":         func(d *document) { d.Packages[1].ExternalRefs = nil },
		"what SPDXRef-Program":    func(d *document) { d.Relationships[1].To = "SPDXRef-nobody" },
		"a relationship DESCRIBE": func(d *document) { d.Relationships = d.Relationships[1:] },
	} {
		d := bill(buildOfSomething(), "v1.2.3", "abab", someTime, nil)
		spoil(&d)
		if err := d.check(); err == nil || !strings.Contains(err.Error(), what) {
			t.Errorf("without %s: %v", what, err)
		}
	}
}
