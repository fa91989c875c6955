package main

import (
	"regexp"
	"strings"
	"testing"
)

// namedTarget is a test or a fuzz target on a page.
var namedTarget = regexp.MustCompile("`([a-z/]+)\\.((?:Test|Fuzz)[A-Za-z]+)`")

// TestProperties: every property names a test and how many cases it has, everything
// that is named exists, and every fuzz target of the module is named.
func TestProperties(t *testing.T) {
	tests, named := testsOfTheModule(t), map[string]bool{}
	page := read(t, "docs/properties.md")
	for _, m := range namedTarget.FindAllStringSubmatch(page, -1) {
		name := shelf(m[1]) + "." + m[2]
		if named[name] = true; !tests[name] {
			t.Errorf("docs/properties.md names %s.%s, which is not there", m[1], m[2])
		}
	}
	for name := range tests {
		if strings.Contains(name, ".Fuzz") && !named[name] {
			t.Errorf("docs/properties.md does not name the fuzz target %s", name)
		}
	}
	properties, targets := 0, 0
	for line := range strings.Lines(page) {
		cells := strings.Split(strings.Trim(strings.TrimSpace(line), "|"), "|")
		if !strings.HasPrefix(line, "|") || strings.HasPrefix(line, "|---") {
			continue
		}
		switch first := strings.TrimSpace(cells[0]); {
		case first == "property" || first == "target":
		case strings.Contains(first, ".Fuzz"):
			if targets++; len(cells) != 3 {
				t.Errorf("the row reads %s", line)
			}
		default:
			if properties++; len(cells) != 4 || !namedTarget.MatchString(cells[2]) || !strings.ContainsAny(cells[3], "0123456789") {
				t.Errorf("no test, or no number of cases: %s", line)
			}
		}
	}
	if properties < 12 || targets < 20 {
		t.Errorf("found only %d properties and %d targets: the test reads the page wrongly", properties, targets)
	}
}
