package main

import (
	"bufio"
	"bytes"
	"fmt"
	"os"
	"strings"
)

// Where what is generated stands, between these lines.
const (
	readmeFile = "README.md"
	pageFile   = "docs/sweep.md"
	foundFile  = "pkg/sweep/testdata/found.txt"
)

func begin(name string) string { return "<!-- " + name + ": go run ./hack/sweep -->\n" }
func end(name string) string   { return "<!-- end of " + name + " -->" }

// put puts text between the lines of a block.
func put(page, name, text string) (string, error) {
	from := strings.Index(page, begin(name))
	to := strings.Index(page, end(name))
	if from < 0 || to < from {
		return "", fmt.Errorf("no block %q", name)
	}
	return page[:from+len(begin(name))] + text + page[to:], nil
}

// write puts the blocks of a run in their pages.
func write(r results) error {
	found, err := os.ReadFile(foundFile)
	if err != nil {
		return err
	}
	for _, b := range blocks(r, found) {
		page, err := os.ReadFile(b.file)
		if err != nil {
			return err
		}
		text, err := put(string(page), b.name, b.text)
		if err != nil {
			return fmt.Errorf("%s: %w", b.file, err)
		}
		if err := os.WriteFile(b.file, []byte(text), 0o644); err != nil {
			return err
		}
	}
	return nil
}

type generated struct{ file, name, text string }

// blocks are all that is generated.
func blocks(r results, found []byte) []generated {
	return []generated{
		{readmeFile, "sweep", readme(r)},
		{pageFile, "figures", figures(r)},
		{pageFile, "scenarios", table("scenario", r.Single.Scenarios)},
		{pageFile, "faults", table("fault", r.Single.Faults)},
		{pageFile, "planted", plantedTable(r)},
		{pageFile, "found", foundList(found)},
	}
}

// facts are the figures of a run, in the order in which they are told.
func facts(r results) [][2]string {
	s := r.Single
	caught, survivors := r.caught()
	bugs := fmt.Sprintf("%d of %d", caught, len(r.Planted))
	if len(survivors) > 0 {
		bugs += "; survivors: " + strings.Join(survivors, ", ")
	}
	if len(r.Planted) == 0 {
		bugs = "not run"
	}
	return append([][2]string{
		{"scenarios", fmt.Sprint(len(s.Scenarios))},
		{"kinds of faults", fmt.Sprint(len(s.Faults))},
		{"cases", share(s.Cases, s.All)},
		{"whose fault fired and changed the calls", fmt.Sprintf("%s (%.1f %%)", thousands(s.Changed), 100*float64(s.Changed)/float64(max(1, s.Cases)))},
		{"failures", fmt.Sprint(len(s.Failures))},
		{"planted bugs caught", bugs},
		{"worst convergence, virtual", fmt.Sprintf("%.0f s (`%s`)", s.Worst.Seconds, s.Worst.Case)},
		{"calls more than without the fault", fmt.Sprintf("%d (median), %d (most)", s.Extra.Median, s.Extra.Most)},
		{"made or deployed twice", fmt.Sprint(s.Doubled)},
		{"deletions of what is not the operator's", fmt.Sprint(s.Unowned)},
		{"not compared (the mask)", fmt.Sprintf("%d members, ids and times", len(s.Mask))},
		{"virtual time", fmt.Sprintf("%s hours, in %.0f s on %d cores", thousands(int(s.Hours)), s.Seconds, s.CPUs)},
	}, others(r)...)
}

func thousands(n int) string {
	s := fmt.Sprint(n)
	for i := len(s) - 3; i > 0; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}

// summary is what a run prints at its end.
func summary(r results) string {
	var b strings.Builder
	for _, f := range facts(r) {
		fmt.Fprintf(&b, "%-42s %s\n", f[0], strings.ReplaceAll(f[1], "`", ""))
	}
	fmt.Fprintf(&b, "%-42s %s\n", "the mask", strings.Join(r.Single.Mask, " "))
	fmt.Fprintf(&b, "%-42s %s\n", "commit", r.Single.Commit)
	return b.String()
}

func figures(r results) string {
	var b strings.Builder
	b.WriteString("| what | figure |\n")
	b.WriteString(factRows(r))
	fmt.Fprintf(&b, "\nOf commit `%s`, on %s. The mask: `%s`.\n", r.Single.Commit, r.When.Format("2006-01-02"), strings.Join(r.Single.Mask, "`, `"))
	return b.String()
}

// readme is what the README quotes.
func readme(r results) string {
	return "| | |\n" + factRows(r)
}

// factRows are the figures as a table without its head.
func factRows(r results) string {
	var b strings.Builder
	b.WriteString("|---|---|\n")
	for _, f := range facts(r) {
		fmt.Fprintf(&b, "| %s | %s |\n", f[0], f[1])
	}
	return b.String()
}

func table(what string, rows []row) string {
	var b strings.Builder
	if what == "fault" {
		b.WriteString("| fault | is | cases | changed the calls | failed |\n|---|---|---|---|---|\n")
	} else {
		b.WriteString("| scenario | calls | cases | changed the calls | failed |\n|---|---|---|---|---|\n")
	}
	for _, x := range rows {
		second := x.Says
		if what == "scenario" {
			second = fmt.Sprint(x.Calls)
		}
		fmt.Fprintf(&b, "| `%s` | %s | %d | %d | %d |\n", x.Name, second, x.Cases, x.Changed, x.Failed)
	}
	return b.String()
}

func plantedTable(r results) string {
	var b strings.Builder
	b.WriteString("| bug | breaks | caught by | which says |\n|---|---|---|---|\n")
	for _, x := range r.Planted {
		by, wrong := "`"+x.By+"`", cell(x.Wrong)
		switch {
		case !x.Caught:
			by, wrong = "**nothing**", x.Says
		case x.By == "":
			by = "a run that came to no end"
		}
		fmt.Fprintf(&b, "| `%s` | %s | %s | %s |\n", x.Name, x.Promise, by, wrong)
	}
	return b.String()
}

// cell is a text that may stand in a table.
func cell(s string) string {
	return strings.NewReplacer("|", "\\|", "<", "&lt;", "\u00a0", " ").Replace(s)
}

// runAgain are the words that run a case of any suite again: those of A stand alone, those
// of others have their test in front, and a soak its flags.
func runAgain(name string) string {
	test, rest, other := strings.Cut(name, " ")
	switch {
	case !other:
		return fmt.Sprintf("-run '^TestSingle$' -case '%s'", name)
	case test == "TestSoak":
		return fmt.Sprintf("-run '^TestSoak$' -args %s", rest)
	case test == "TestKill":
		return fmt.Sprintf("-run '^TestKill$' -kill -case '%s'", rest)
	}
	return fmt.Sprintf("-run '^%s$' -case '%s'", test, rest)
}

// foundList are the defects that the sweep found: CASE | what was wrong | how it was
// mended.
func foundList(raw []byte) string {
	var b strings.Builder
	lines := bufio.NewScanner(bytes.NewReader(raw))
	n := 0
	for lines.Scan() {
		parts := strings.Split(lines.Text(), " | ")
		if len(parts) != 3 {
			continue
		}
		n++
		fmt.Fprintf(&b, "%d. %s  \n   Mended: %s  \n   `go test ./pkg/sweep %s`\n", n, parts[1], parts[2], runAgain(parts[0]))
	}
	return b.String()
}
