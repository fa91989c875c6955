package main

import (
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
)

const licencesPage = "docs/licences.md"

// runLicences writes the page, or prints the texts.
func runLicences(o *options, out io.Writer) error {
	if o.texts {
		return licenceTexts(".", out)
	}
	page, err := licences(".")
	if err != nil {
		return err
	}
	return os.WriteFile(licencesPage, []byte(page), 0o644)
}

// licences is the page of the licences of all that go.mod requires.
func licences(top string) (string, error) {
	all, err := modules(top)
	if err != nil {
		return "", err
	}
	rows := map[string]string{}
	if page, err := os.ReadFile(filepath.Join(top, licencesPage)); err == nil {
		rows = rowsOf(string(page))
	}
	var program, tests strings.Builder
	for _, m := range all {
		row := rows[m.Path+" "+m.Version]
		switch bad := m.forbidden(); {
		case m.Dir == "" && row == "":
			return "", fmt.Errorf("%s %s is not in the module cache: run `go mod download`", m.Path, m.Version)
		case len(bad) > 0:
			return "", fmt.Errorf("%s %s may not be used: %s; allowed are %s", m.Path, m.Version, strings.Join(bad, ", "), strings.Join(allowed, ", "))
		case m.Dir != "":
			licence := m.expression()
			if o := m.others(); len(o) > 0 {
				licence += "; " + strings.Join(o, ", ")
			}
			row = fmt.Sprintf("| %s | %s | %s |\n", m.Path, m.Version, licence)
		}
		if m.linked {
			program.WriteString(row)
		} else {
			tests.WriteString(row)
		}
	}
	return fmt.Sprintf(`# Licences of what the program is built from

Every module that go.mod requires, by the licence files that it carries. What stands behind a semicolon is the licence of
others' code in a directory of the module. Allowed are %s, and outside of the program %s:
a module under another licence, or without one, fails the tests.
The page is made by `+"`go run ./hack/release licences`"+`; with `+"`-texts`"+` that prints the licences and notices themselves, as
they come with a release. Go's own library is under BSD-3-Clause. ecs-operator itself is under [Apache-2.0](../LICENSE).

## In the program

| module | version | licence |
|---|---|---|
%s
## In its tests, in tools, and on other platforms

| module | version | licence |
|---|---|---|
%s`, strings.Join(allowed, ", "), strings.Join(allowedOutside, ", "), program.String(), tests.String()), nil
}

// rowsOf are the rows of a page, by module and version.
func rowsOf(page string) map[string]string {
	out := map[string]string{}
	for line := range strings.Lines(page) {
		if cells := strings.Split(line, " | "); len(cells) == 3 {
			out[strings.TrimPrefix(cells[0], "| ")+" "+cells[1]] = line
		}
	}
	return out
}

// licenceTexts writes the licences and notices of what is in the program: their
// authors ask for that.
func licenceTexts(top string, out io.Writer) error {
	all, err := modules(top)
	if err != nil {
		return err
	}
	root, err := output(top, "go", "env", "GOROOT")
	if err != nil {
		return err
	}
	golang, err := os.ReadFile(filepath.Join(strings.TrimSpace(root), "LICENSE"))
	if err != nil {
		return err
	}
	say := func(format string, args ...any) {
		if err == nil {
			_, err = fmt.Fprintf(out, format, args...)
		}
	}
	say("ecs-operator contains software of others, under these licences.\n\n==== Go's library: LICENSE\n\n%s\n", golang)
	for _, m := range all {
		if !m.linked {
			continue
		}
		if m.Dir == "" {
			return fmt.Errorf("%s %s is not in the module cache: run `go mod download`", m.Path, m.Version)
		}
		for _, t := range m.texts {
			say("\n==== %s %s: %s\n\n%s\n", m.Path, m.Version, t.name, t.data)
		}
	}
	return err
}
