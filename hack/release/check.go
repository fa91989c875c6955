package main

import (
	"debug/buildinfo"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// runCheck builds here and from a copy of the source elsewhere, and compares.
func runCheck(o *options, out io.Writer) error {
	work, err := os.MkdirTemp("", "release-check-")
	if err != nil {
		return err
	}
	defer func() { _ = os.RemoveAll(work) }()
	// Another path, of another length, and another name of the last directory.
	elsewhere := filepath.Join(work, "a rather different place", "src")
	if err := copySource(".", elsewhere); err != nil {
		return err
	}
	first, second := builder{dir: "."}, builder{dir: elsewhere}
	if o.cold {
		second.cache = filepath.Join(work, "cache")
	}
	n := named{"check", "check"}
	a, b := filepath.Join(work, "first"), filepath.Join(work, "second")
	if o.dir != "" {
		a = filepath.Join(o.dir, filepath.Base(program))
	}
	if err := first.build(n, "", a); err != nil {
		return err
	}
	if err := second.build(n, "", b); err != nil {
		return err
	}
	sum, err := same(a, b)
	if err != nil {
		return err
	}
	how := "one cache"
	if o.cold {
		how = "two caches, everything compiled for the second"
	}
	_, err = fmt.Fprintf(out, "two directories, %s: %s\n", how, sum)
	return err
}

// same compares two files, and gives their hash.
func same(a, b string) (string, error) {
	x, err := hashOf(a)
	if err != nil {
		return "", err
	}
	y, err := hashOf(b)
	if err != nil {
		return "", err
	}
	if x != y {
		return "", fmt.Errorf("the builds differ: %s and %s", x, y)
	}
	return x, nil
}

// copySource copies what is built, without git's own and what starts with a dot.
func copySource(from, to string) error {
	return filepath.WalkDir(from, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		rel, err := filepath.Rel(from, path)
		switch {
		case err != nil:
			return err
		case rel != "." && strings.HasPrefix(d.Name(), "."):
			if d.IsDir() {
				return filepath.SkipDir
			}
			return nil
		case d.IsDir():
			return os.MkdirAll(filepath.Join(to, rel), 0o755)
		case !d.Type().IsRegular():
			return nil
		}
		data, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		return os.WriteFile(filepath.Join(to, rel), data, 0o644)
	})
}

// runVerify builds a binary again, and compares.
func runVerify(o *options, out io.Writer) error {
	given, err := o.binary()
	if err != nil {
		return err
	}
	info, err := buildinfo.ReadFile(given)
	if err != nil {
		return fmt.Errorf("%s: %w", given, err)
	}
	settings := settingsOf(info)
	version, err := output(".", "go", "env", "GOVERSION")
	if err != nil {
		return err
	}
	if version = strings.TrimSpace(version); version != info.GoVersion {
		return fmt.Errorf("%s was built by %s, and this is %s, which makes other bytes: set GOTOOLCHAIN=%s", given, info.GoVersion, version, info.GoVersion)
	}
	n, err := o.fill(".")
	if err != nil {
		return err
	}
	work, err := os.MkdirTemp("", "release-verify-")
	if err != nil {
		return err
	}
	defer func() { _ = os.RemoveAll(work) }()
	again := filepath.Join(work, "again")
	if err := (builder{dir: "."}).build(n, settings["GOOS"]+"/"+settings["GOARCH"], again); err != nil {
		return err
	}
	sum, err := same(given, again)
	if err != nil {
		return fmt.Errorf("%s is not what this source makes as version %q of commit %q: %w%s", given, n.version, n.commit, err, differences(info, again))
	}
	_, err = fmt.Fprintf(out, "%s is what this source makes: %s\n", given, sum)
	return err
}

func settingsOf(info *buildinfo.BuildInfo) map[string]string {
	out := map[string]string{}
	for _, s := range info.Settings {
		out[s.Key] = s.Value
	}
	return out
}

// differences says what of the build information differs: modules and settings.
func differences(given *buildinfo.BuildInfo, again string) string {
	ours, err := buildinfo.ReadFile(again)
	if err != nil {
		return ""
	}
	lines := func(i *buildinfo.BuildInfo) map[string]bool {
		out := map[string]bool{}
		for _, line := range strings.Split(i.String(), "\n") {
			if line != "" {
				out[line] = true
			}
		}
		return out
	}
	var b strings.Builder
	theirs, mine := lines(given), lines(ours)
	for _, side := range []struct {
		sign      string
		have, not map[string]bool
	}{{"-", theirs, mine}, {"+", mine, theirs}} {
		for _, line := range slices.Sorted(maps.Keys(side.have)) {
			if !side.not[line] {
				fmt.Fprintf(&b, "\n%s %s", side.sign, line)
			}
		}
	}
	return b.String()
}
