package importer

import (
	"bytes"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"github.com/ecs-operator/ecs-operator/pkg/spec"
)

// projects finds the files below a path that a tool's projects begin with, and
// all that have one of the extensions. A file is taken as it is.
func projects(path string, begins *regexp.Regexp, exts ...string) (found, all []string, err error) {
	all, err = find(path, func(name string) bool { return hasExt(name, exts...) })
	for _, f := range all {
		if data, err := peek(f); f == path || err == nil && begins.Match(data) {
			found = append(found, f)
		}
	}
	return found, all, err
}

// skippedFolders hold what people did not write.
var skippedFolders = []string{"node_modules", "vendor", "cdk.out", "testdata"}

// maxFiles bounds what one import looks at.
const maxFiles = 10_000

// find lists the files below a path that a tool's project may begin with, in
// order. A file is taken as it is.
func find(path string, wanted func(name string) bool) ([]string, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, err
	}
	if !info.IsDir() {
		return []string{path}, nil
	}
	var out []string
	seen := 0
	err = filepath.WalkDir(path, func(at string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if seen++; seen > maxFiles {
			return fmt.Errorf("%s holds more than %d files: name the project's own directory", path, maxFiles)
		}
		name := d.Name()
		if d.IsDir() {
			hidden := strings.HasPrefix(name, ".") && at != path
			if hidden && name != ".aws" && name != ".ecspresso" && name != ".github" || at != path && slices.Contains(skippedFolders, name) {
				return filepath.SkipDir
			}
			return nil
		}
		if d.Type().IsRegular() && wanted(strings.ToLower(name)) {
			out = append(out, at)
		}
		return nil
	})
	return out, err
}

func hasExt(name string, exts ...string) bool {
	for _, e := range exts {
		if strings.HasSuffix(strings.ToLower(name), e) {
			return true
		}
	}
	return false
}

// peek reads the beginning of a file.
func peek(file string) ([]byte, error) {
	f, err := os.Open(file)
	if err != nil {
		return nil, err
	}
	defer func() { _ = f.Close() }()
	data := make([]byte, maxFile)
	n, _ := f.Read(data)
	return bytes.TrimPrefix(data[:n], []byte("\xEF\xBB\xBF")), nil
}

// definition is a file with a task definition or a service's.
var definition = regexp.MustCompile(`"?(?:containerDefinitions|desiredCount)"?\s*:`)

// unused names definitions that no configuration leads to.
func (p *project) unused(files []string) {
	for _, f := range files {
		if data, err := peek(f); err == nil && !p.read[filepath.Clean(f)] && definition.Match(data) {
			p.warnf(spec.Tree{File: f, Line: 1, Column: 1}, "no configuration names this definition: it is not imported")
		}
	}
}
