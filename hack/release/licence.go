package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime/debug"
	"slices"
	"strings"
)

// allowed are the licences under which others' code may be in the program, and
// beside them what only the tests may use. Whoever adds one has read it.
var (
	allowed        = []string{"Apache-2.0", "BSD-2-Clause", "BSD-3-Clause", "ISC", "MIT"}
	allowedOutside = []string{"MPL-2.0"}
)

// marks tell a licence by words that only its own text has, in lower case, with single
// spaces and without quotes and the like. All that match count: a file may hold several.
var marks = []struct {
	id         string
	has, hasnt []string
}{
	{"Apache-2.0", []string{"apache license version 2.0"}, nil},
	{"MIT", []string{"permission is hereby granted free of charge to any person obtaining a copy of this software"}, nil},
	{"BSD-3-Clause", []string{"redistribution and use in source and binary forms", "be used to endorse or promote products derived from"}, nil},
	{"BSD-2-Clause", []string{"redistribution and use in source and binary forms"}, []string{"be used to endorse or promote products derived from"}},
	{"ISC", []string{"permission to use copy modify and/or distribute this software for any purpose with or without fee is hereby granted provided that"}, nil},
	{"CC-BY-SA-4.0", []string{"creative commons attribution-sharealike 4.0"}, nil},
	{"MPL-2.0", []string{"mozilla public license version 2.0"}, nil},
	{"GPL-2.0", []string{"gnu general public license", "designed to take away your freedom to share and change it", "this general public license applies to most of the free software foundation s software"}, nil},
	{"GPL-3.0", []string{"the gnu general public license is a free copyleft license"}, nil},
	{"LGPL-2.1", []string{"this license the lesser general public license applies to some specially designated software"}, nil},
	{"LGPL-3.0", []string{"this version of the gnu lesser general public license incorporates the terms and conditions of version 3"}, nil},
	{"AGPL-3.0", []string{"the gnu affero general public license is a free copyleft license"}, nil},
	{"SSPL-1.0", []string{"server side public license"}, nil},
	{"BUSL-1.1", []string{"business source license"}, nil},
}

var (
	noise       = regexp.MustCompile("[^a-z0-9./-]+")
	licenceFile = regexp.MustCompile(`(?i)^(licen[sc]e|copying|unlicense)([-._][a-z0-9.-]+)?$`)
	noticeFile  = regexp.MustCompile(`(?i)^(notice|patents)(\.(txt|md))?$`)
	sourceFile  = regexp.MustCompile(`(?i)\.(go|ya?ml|json|sh|py|tmpl)$`)
)

// identify names the licences that a text is.
func identify(text string) []string {
	plain := noise.ReplaceAllString(strings.ToLower(text), " ")
	in := func(words string) bool { return strings.Contains(plain, words) }
	out := func(words string) bool { return !in(words) }
	var ids []string
	for _, m := range marks {
		if !slices.ContainsFunc(m.has, out) && !slices.ContainsFunc(m.hasnt, in) {
			ids = append(ids, m.id)
		}
	}
	return ids
}

// module is one that go.mod names.
type module struct {
	Path, Version string
	Dir           string // in the module cache, "" where that has none
	linked        bool   // something of it is in the program
	ids           []string
	texts         []text // licences and notices
}

// text is one file of a module.
type text struct {
	name string // within the module
	data []byte
	ids  []string // none for a notice
}

// modules are those that go.mod requires: all that the program and its tests are
// built from, on any platform. They are looked for in the module cache.
func modules(top string) ([]*module, error) {
	var file struct {
		Require []struct{ Path, Version string }
	}
	said, err := output(top, "go", "mod", "edit", "-json")
	if err != nil {
		return nil, err
	}
	if err := json.Unmarshal([]byte(said), &file); err != nil {
		return nil, err
	}
	if len(file.Require) == 0 {
		return nil, nil
	}
	args := []string{"list", "-mod=readonly", "-m", "-json"}
	for _, r := range file.Require {
		args = append(args, r.Path)
	}
	if said, err = output(top, "go", args...); err != nil {
		return nil, err
	}
	linked, err := inProgram(top)
	if err != nil {
		return nil, err
	}
	var out []*module
	for d := json.NewDecoder(strings.NewReader(said)); ; {
		m := &module{}
		if err := d.Decode(m); err == io.EOF {
			break
		} else if err != nil {
			return nil, err
		}
		m.linked = linked[m.Path]
		if m.Dir != "" {
			if err := m.read(); err != nil {
				return nil, err
			}
		}
		out = append(out, m)
	}
	slices.SortFunc(out, func(a, b *module) int { return strings.Compare(a.Path, b.Path) })
	return out, nil
}

// inProgram are the modules of which a package is linked into the program, on one of
// the platforms that it is released for.
func inProgram(top string) (map[string]bool, error) {
	out := map[string]bool{}
	cmd := exec.Command("go", "list", "-deps", "-f", "{{with .Module}}{{.Path}}{{end}}", program)
	cmd.Dir, cmd.Env = top, append(os.Environ(), "GOOS=linux", "CGO_ENABLED=0")
	var said bytes.Buffer
	cmd.Stderr = &said
	list, err := cmd.Output()
	if err != nil {
		return nil, fmt.Errorf("go list -deps: %w: %s", err, said.Bytes())
	}
	for _, path := range strings.Fields(string(list)) {
		out[path] = true
	}
	return out, nil
}

// read finds the licences of a module: those at its top, and those of directories
// with others' code in it.
func (m *module) read() error {
	err := filepath.WalkDir(m.Dir, func(path string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case d.IsDir() && path != m.Dir && (d.Name() == "testdata" || d.Name()[0] == '_' || d.Name()[0] == '.'):
			return filepath.SkipDir
		case d.IsDir() || sourceFile.MatchString(d.Name()) || !licenceFile.MatchString(d.Name()) && !noticeFile.MatchString(d.Name()):
			return nil
		}
		data, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		name, err := filepath.Rel(m.Dir, path)
		if err != nil {
			return err
		}
		t := text{name: filepath.ToSlash(name), data: data}
		if licenceFile.MatchString(d.Name()) {
			t.ids = identify(string(data))
			if len(t.ids) == 0 {
				return fmt.Errorf("%s %s: nobody here knows the licence in %s: add its words to marks in hack/release", m.Path, m.Version, t.name)
			}
		}
		m.texts = append(m.texts, t)
		return nil
	})
	if err != nil {
		return err
	}
	for _, t := range m.texts {
		if !strings.Contains(t.name, "/") && !documentation(t.name) {
			m.ids = append(m.ids, t.ids...)
		}
	}
	slices.Sort(m.ids)
	m.ids = slices.Compact(m.ids)
	if len(m.ids) == 0 {
		return fmt.Errorf("%s %s has no licence: it may not be used", m.Path, m.Version)
	}
	return nil
}

// others are the licences of directories that the module's own are not.
func (m *module) others() []string {
	var out []string
	for _, t := range m.texts {
		for _, id := range t.ids {
			if strings.Contains(t.name, "/") && !slices.Contains(m.ids, id) {
				out = append(out, id+" ("+t.name[:strings.LastIndexByte(t.name, '/')]+")")
			}
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// expression is the module's licence in SPDX' words. Which of several holds for what
// is the module's word; all of them are kept to.
func (m *module) expression() string { return strings.Join(m.ids, " AND ") }

// forbidden are the licences of a module that are not allowed.
func (m *module) forbidden() []string {
	var out []string
	for _, t := range m.texts {
		if documentation(t.name) {
			continue
		}
		for _, id := range t.ids {
			if !slices.Contains(allowed, id) && (m.linked || !slices.Contains(allowedOutside, id)) {
				out = append(out, id+" in "+t.name)
			}
		}
	}
	return out
}

// documentation: the licence of a module's prose, of which nothing is used.
func documentation(name string) bool { return strings.HasSuffix(strings.ToLower(name), ".docs") }

// licencesOf are the licences of modules as far as the module cache has them.
func licencesOf(top string, deps []*debug.Module) (map[string]string, error) {
	if len(deps) == 0 {
		return nil, nil
	}
	all, err := modules(top)
	if err != nil {
		return nil, err
	}
	out := map[string]string{}
	for _, m := range all {
		for _, d := range deps {
			if d.Path == m.Path && d.Version == m.Version {
				out[m.Path] = m.expression()
			}
		}
	}
	return out, nil
}
