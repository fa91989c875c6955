package diff

import (
	"encoding/json"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
)

// Class says what becomes of a path that the author does not write. Every path
// of an input has exactly one.
type Class string

// The classes.
const (
	// Default: AWS fills in a constant, and the path returns to it.
	Default Class = "default"
	// Absent: AWS gives back nothing that was not sent.
	Absent Class = "absent"
	// Members: an object that is judged member by member.
	Members Class = "members"
	// Inherits: there is no constant default, so the live value stays.
	Inherits Class = "inherits"
	// Ignored: never compared.
	Ignored Class = "ignored"
	// Needed, Identity and Frame cannot be left out: AWS insists on it, it is
	// what tells an element from its neighbours, or the operator fills it in.
	Needed   Class = "needed"
	Identity Class = "identity"
	Frame    Class = "frame"
)

// Line is what a catalogue says of one path.
type Line struct {
	Path string
	// Compared is how: "" as it stands, "set", "sequence", "by MEMBER[+MEMBER]"
	// for lists, "arn" for an ARN or the name at its end, "caseless".
	Compared string
	Class    Class
	// Value is the default, and of an inherited path the list of values that
	// AWS itself chooses and that are not worth a word.
	Value any
	// Later: the default was learnt after the first content hashes had been
	// written, so that Canonical does not know it.
	Later bool
	// Effect of a change; "" is that of the path above.
	Effect Effect
	// Source is where the default stands, or the reason for the class.
	Source string
	// When names the variant of the input for which this line takes the place
	// of the general one; "" always holds.
	When string
	// No is the line's number in the file.
	No int
}

// Catalogue is all that is known of one input type, read from a table that
// people write: a line for each path, with columns that are two or more spaces
// apart.
//
//	path   compared   not written   a change is   source or reason
//
// "[when X]" begins the lines that hold for one variant only. "#" begins a comment.
type Catalogue struct{ Lines []Line }

// ParseCatalogue reads a table; it reports every line that is wrong.
func ParseCatalogue(name, text string) (*Catalogue, error) {
	c := &Catalogue{}
	var errs []error
	when, seen := "", map[string]int{}
	for i, raw := range strings.Split(text, "\n") {
		s := strings.TrimSpace(raw)
		if s == "" || s[0] == '#' {
			continue
		}
		fail := func(format string, args ...any) {
			errs = append(errs, fmt.Errorf("%s:%d: %s", name, i+1, fmt.Sprintf(format, args...)))
		}
		if v, ok := strings.CutPrefix(s, "[when "); ok {
			when = strings.TrimSuffix(v, "]")
			continue
		}
		l, err := parseLine(s)
		if err != nil {
			fail("%v", err)
			continue
		}
		l.When, l.No = when, i+1
		if at, twice := seen[when+" "+l.Path]; twice {
			fail("%s stands in line %d already", l.Path, at)
			continue
		}
		seen[when+" "+l.Path] = l.No
		c.Lines = append(c.Lines, l)
	}
	return c, errors.Join(errs...)
}

var columns = regexp.MustCompile(` {2,}`)

func parseLine(s string) (Line, error) {
	cols := columns.Split(s, 5)
	if len(cols) != 5 {
		return Line{}, fmt.Errorf("%d columns, want five, two or more spaces apart: path, compared, not written, a change is, source", len(cols))
	}
	l := Line{Path: cols[0], Source: cols[4]}
	if l.Compared = cols[1]; l.Compared == "-" {
		l.Compared = ""
	}
	switch by := strings.HasPrefix(l.Compared, "by "); {
	case by, slices.Contains([]string{"", "set", "sequence", "arn", "caseless"}, l.Compared):
	default:
		return l, fmt.Errorf("%q is no way to compare: set, sequence, by MEMBER, arn, caseless or -", l.Compared)
	}
	if l.Effect = Effect(cols[3]); l.Effect == "-" {
		l.Effect = ""
	} else if l.Effect.Rank() < 0 {
		return l, fmt.Errorf("%q is no effect", cols[3])
	}
	class, value, _ := strings.Cut(cols[2], " ")
	l.Class = Class(class)
	if l.Later = strings.HasSuffix(value, " later"); l.Later {
		value = strings.TrimSuffix(value, " later")
	}
	switch l.Class {
	case Default, Inherits:
		if value == "" && l.Class == Inherits {
			return l, nil
		}
		dec := json.NewDecoder(strings.NewReader(value))
		if err := dec.Decode(&l.Value); err != nil || dec.More() {
			return l, fmt.Errorf("%q is no JSON value", value)
		}
		l.Value = numbers(l.Value)
		if _, list := l.Value.([]any); l.Class == Inherits && !list {
			return l, fmt.Errorf("%q is no list of usual values", value)
		}
	case Absent, Members, Ignored, Needed, Identity, Frame:
		if value != "" {
			return l, fmt.Errorf("%s takes no value", class)
		}
	default:
		return l, fmt.Errorf("%q is no class: default VALUE, absent, members, inherits, ignored, needed, identity or frame", class)
	}
	return l, nil
}

// Rules makes the rules of the catalogue, with the lines of the variants that
// the input is. A path that has no line is compared where it is written, and
// else only shown.
func (c *Catalogue) Rules(variants ...string) Rules {
	r := Rules{
		Keys: map[string]string{}, Sets: map[string]bool{}, Defaults: map[string]any{}, Later: map[string]bool{},
		Inherits: map[string]string{}, Usual: map[string][]any{}, Ignored: map[string]string{},
		Effects: map[string]Effect{"": InPlace}, Alike: map[string]string{},
	}
	for _, when := range append([]string{""}, variants...) {
		for _, l := range c.Lines {
			if l.When == when {
				r.add(l)
			}
		}
	}
	return r
}

func (r *Rules) add(l Line) {
	delete(r.Defaults, l.Path)
	delete(r.Inherits, l.Path)
	delete(r.Usual, l.Path)
	delete(r.Later, l.Path)
	switch by, keyed := strings.CutPrefix(l.Compared, "by "); {
	case keyed:
		r.Keys[l.Path] = by
	case l.Compared == "set":
		r.Sets[l.Path] = true
	case l.Compared == "arn", l.Compared == "caseless":
		r.Alike[l.Path] = l.Compared
	}
	switch l.Class {
	case Default:
		r.Defaults[l.Path] = l.Value
		if l.Later {
			r.Later[l.Path] = true
		}
	case Absent, Needed, Identity, Frame:
		r.Defaults[l.Path] = nil
	case Inherits:
		r.Inherits[l.Path] = l.Source
		if l.Value != nil {
			r.Usual[l.Path] = l.Value.([]any)
		}
	case Ignored:
		r.Ignored[l.Path] = l.Source
	}
	if l.Effect != "" {
		r.Effects[l.Path] = l.Effect
	}
}
