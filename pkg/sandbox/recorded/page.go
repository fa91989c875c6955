package recorded

import (
	"fmt"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// Row is one line of a table of figures: how many there are, then of how many of
// them something better and better holds.
type Row struct {
	Name    string
	Figures []int
}

// Table is a table of figures that stands in a page between "<!-- NAME -->" and
// "<!-- /NAME -->".
type Table struct {
	Name    string
	Columns []string
	Rows    []Row
}

// Check holds a page to what was measured, or writes it anew. It fails when the
// page promises more than there is; that it promises less is only told. A row
// whose first figure is another counts other files and is not compared.
func (w Table) Check(t testing.TB, page string, update bool) {
	t.Helper()
	data, err := os.ReadFile(page)
	if err != nil {
		t.Fatal(err)
	}
	said, err := w.said(string(data))
	if err != nil {
		t.Fatalf("%s: %v", page, err)
	}
	if update {
		if err := os.WriteFile(page, []byte(strings.Replace(string(data), w.opens()+said, w.opens()+w.String(), 1)), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	for _, problem := range w.broken(said) {
		t.Errorf("%s: %s", page, problem)
	}
	if said != w.String() && !t.Failed() {
		t.Logf("%s says less than there is: run go test -p 1 ./pkg/kinds ./pkg/sandbox/recorded -update\n%s", page, w)
	}
}

// String is the table in Markdown.
func (w Table) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "| %s |\n|%s\n", strings.Join(w.Columns, " | "), strings.Repeat("---|", len(w.Columns)))
	for _, r := range w.Rows {
		fmt.Fprintf(&b, "| %s |", r.Name)
		for _, n := range r.Figures {
			fmt.Fprintf(&b, " %d |", n)
		}
		b.WriteString("\n")
	}
	return b.String()
}

func (w Table) opens() string { return "<!-- " + w.Name + " -->\n" }

// said is what a page says in the table's place.
func (w Table) said(page string) (string, error) {
	_, rest, begins := strings.Cut(page, w.opens())
	said, _, ends := strings.Cut(rest, "<!-- /"+w.Name+" -->")
	if !begins || !ends {
		return "", fmt.Errorf("no place for the table %s", w.Name)
	}
	return said, nil
}

// broken lists the promises of a table in a page that do not hold.
func (w Table) broken(said string) []string {
	var out []string
	for i, line := range strings.Split(strings.TrimSpace(said), "\n") {
		cells := strings.Split(strings.Trim(line, "| "), " | ")
		if i < 2 || len(cells) < 2 {
			continue
		}
		at := slices.IndexFunc(w.Rows, func(r Row) bool { return r.Name == cells[0] })
		if at < 0 {
			out = append(out, fmt.Sprintf("%s: nobody counts %q", w.Name, cells[0]))
			continue
		}
		have := w.Rows[at].Figures
		if len(have) != len(cells)-1 {
			out = append(out, fmt.Sprintf("%s: %q has %d figures, not %d", w.Name, cells[0], len(cells)-1, len(have)))
			continue
		}
		if cells[1] != strconv.Itoa(have[0]) {
			continue
		}
		for j, cell := range cells[1:] {
			if n, err := strconv.Atoi(cell); err != nil || n > have[j] {
				out = append(out, fmt.Sprintf("%s: %s: %s is said to be %s and is %d", w.Name, cells[0], w.Columns[j+1], cell, have[j]))
			}
		}
	}
	return out
}
