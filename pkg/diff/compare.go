package diff

import (
	"slices"
	"strings"

	"github.com/ecs-operator/ecs-operator/pkg/shape"
)

// Args are the two values and what is known about the wanted one.
type Args struct {
	// Want and Live are values of one SDK input type (or plain trees).
	Want, Live any
	// WantExtra and LiveExtra stand beside them, as top-level members.
	WantExtra, LiveExtra map[string]any
	// Written are the index paths that the author wrote, with their positions.
	Written *shape.Places
	// Open are the index paths whose reference is not resolved yet: always a
	// change, whose New is the text as it stands.
	Open map[string]bool
	// Section is the body's place in the spec, stripped off Ignore's paths.
	Section string
	// Ignore are policy.ignore's paths, with the section in front or relative.
	Ignore []string
	// InputChanged: the author's input changed since the last write, so what is
	// not written returns to its default even where that starts a deployment.
	InputChanged bool
}

// notes on changes, in the words that people read.
const (
	noteOpen      = "known after apply"
	noteUndeclare = "not in the spec; healing it would start a deployment, so it is only shown"
	noteUnknown   = "not in the spec, and its default is not known; only shown"
	noteInherit   = "no longer governed by the spec, the live value stays: "
)

// Compare lists the differences between the wanted and the live value, sorted
// by path. Absent, nil and empty are one; numbers compare as numbers. A path
// that stands in Want is wanted; one that does not returns to its constant
// default as the rules and Args.InputChanged say.
func (r *Rules) Compare(a Args) []Change {
	c := &comparer{r: r, a: a, ignore: relative(a.Ignore, a.Section), texts: openTexts(a)}
	c.node(r.tree(a.Want, a.WantExtra), r.tree(a.Live, a.LiveExtra), place{})
	slices.SortStableFunc(c.out, func(x, y Change) int {
		if n := strings.Compare(x.Path, y.Path); n != 0 {
			return n
		}
		return strings.Compare(string(x.Op), string(y.Op))
	})
	return c.out
}

type comparer struct {
	r      *Rules
	a      Args
	ignore []string
	texts  map[string]bool // strings that hold an open reference
	out    []Change
}

// openTexts are the strings at the open paths. They are known by text and not
// by path because Normalise may have moved them.
func openTexts(a Args) map[string]bool {
	if len(a.Open) == 0 {
		return nil
	}
	out := map[string]bool{}
	if a.Want != nil {
		shape.MapStrings(shape.Clone(a.Want), func(path, s string) string {
			if a.Open[path] {
				out[s] = true
			}
			return s
		})
	}
	for k, v := range a.WantExtra {
		shape.MapStrings(shape.Clone(v), func(path, s string) string {
			if a.Open[k+path] {
				out[s] = true
			}
			return s
		})
	}
	return out
}

func (c *comparer) skip(p place) bool {
	if _, ok := lookup(c.r.Ignored, p); ok {
		return true
	}
	for _, pattern := range c.ignore {
		if Matches(pattern, p.out) || Matches(pattern, p.exact) {
			return true
		}
	}
	return false
}

// node compares one place.
func (c *comparer) node(w, l *node, p place) {
	switch {
	case p.exact != "" && c.skip(p):
	case w == nil && l == nil:
	case w == nil:
		if c.a.Written.Has(p.index) && p.index != "" && l.sort == scalar {
			c.zero(l, p)
			return
		}
		c.unwritten(l, p)
	case w.sort == scalar:
		c.scalar(w, l, p)
	case w.sort == list:
		c.list(w, l, p)
	default:
		c.members(w, l, p)
	}
}

// zero handles a written zero value that the SDK would not send, and that
// therefore is not in the tree: a plain false, 0 or "".
func (c *comparer) zero(l *node, p place) {
	if !isZero(l.plain) {
		c.emit(p, Replace, l.plain, zeroLike(l.plain), FromSpec, "")
	}
}

func (c *comparer) scalar(w, l *node, p place) {
	if s, ok := w.plain.(string); ok && c.texts[s] {
		op := Replace
		if l == nil {
			op = Add
		}
		c.emit(p, op, l.value(), w.plain, FromSpec, noteOpen)
		return
	}
	switch {
	case w.plain == "" && c.r.blank(l, p): // AWS knows no difference between "" and unset
	case l == nil:
		if !c.r.blank(w, p) {
			c.emit(p, Add, nil, w.plain, FromSpec, "")
		}
	case !c.r.alike(w.plain, l.plain, p):
		c.emit(p, Replace, l.plain, w.plain, FromSpec, "")
	}
}

// members compares objects and free-form maps.
func (c *comparer) members(w, l *node, p place) {
	if l != nil && l.sort != object && l.sort != dict {
		c.emit(p, Replace, l.plain, w.plain, FromSpec, "")
		return
	}
	before := len(c.out)
	for _, name := range sorted(w, l) {
		wm, lm := w.member(name), l.member(name)
		at := p.child(w, name)
		if wm == nil && w.sort == dict && !c.governed(at) {
			c.removed(lm, at) // the map was written, this entry was not
			continue
		}
		c.node(wm, lm, at)
	}
	if l == nil && len(c.out) == before && !c.r.blank(w, p) {
		c.emit(p, Add, nil, w.plain, FromSpec, "")
	}
}

// governed reports whether the rules say what an unwritten entry of a map is.
func (c *comparer) governed(p place) bool {
	if _, ok := lookup(c.r.Defaults, p); ok {
		return true
	}
	_, ok := lookup(c.r.Inherits, p)
	return ok || c.skip(p)
}

// unwritten handles a live value that the spec says nothing about.
func (c *comparer) unwritten(l *node, p place) {
	if why, ok := c.inherits(p); ok {
		values, _ := lookup(c.r.Usual, p)
		// Whether a line was deleted nobody can tell where the content hash does
		// not hold it; but a value that AWS does not choose was somebody's.
		if (c.a.InputChanged || len(values) > 0) && !c.r.blank(l, p) && !usual(values, l) {
			c.inform(p, l.plain, nil, noteInherit+why)
		}
		return
	}
	if c.r.blank(l, p) || c.allSkipped(l, p) {
		return
	}
	d, known := c.r.defaultOf(p)
	switch {
	case known && d == nil:
		c.undeclared(l, p, Remove, nil)
	case l.sort == object || l.sort == dict && known:
		for _, name := range sorted(l, nil) {
			at := p.child(l, name)
			if !c.skip(at) {
				c.unwritten(l.member(name), at)
			}
		}
	case known:
		c.undeclared(l, p, Replace, d)
	default:
		c.inform(p, l.plain, nil, noteUnknown)
	}
}

// inherits finds the reason for which an unwritten place keeps its live value. A
// map's own entry in the table of defaults goes before "all its entries".
func (c *comparer) inherits(p place) (why string, ok bool) {
	if why, ok = c.r.Inherits[p.exact]; ok {
		return why, true
	}
	if _, known := c.r.Defaults[p.exact]; known && p.exact != p.free {
		return "", false
	}
	why, ok = c.r.Inherits[p.free]
	return why, ok
}

// usual reports whether an inherited path has a value of AWS' own choice.
func usual(values []any, l *node) bool {
	return slices.ContainsFunc(values, func(v any) bool { return same(v, l.plain) })
}

// undeclared reports that an unwritten path is not at its default.
func (c *comparer) undeclared(l *node, p place, op Op, d any) {
	reason, note, shown := FromDrift, "", false
	if c.a.InputChanged {
		reason = FromDefault
	} else if c.r.effect(p).Rank() > TasksLater.Rank() {
		note, shown = noteUndeclare, true
	}
	c.emit(p, op, l.plain, d, reason, note)
	c.out[len(c.out)-1].Informational, c.out[len(c.out)-1].Unwritten = shown, true
}

func (c *comparer) inform(p place, old, new any, note string) {
	c.emit(p, Replace, old, new, FromDrift, note)
	last := &c.out[len(c.out)-1]
	last.Informational, last.Unwritten, last.Effect = true, true, None
	if new == nil {
		last.Op = Remove
	}
}

// removed reports an element or entry that live has and a written list or map
// has not. What holds a single value beside its key is shown by that value.
func (c *comparer) removed(l *node, p place, keys ...string) {
	if l == nil || c.skip(p) {
		return
	}
	if l.sort == object {
		var rest []string
		for name, m := range l.members {
			if !slices.Contains(keys, name) && !c.r.blank(m, p.member(name)) {
				rest = append(rest, name)
			}
		}
		if len(rest) == 1 && l.members[rest[0]].sort == scalar {
			l, p = l.members[rest[0]], p.member(rest[0])
		}
	}
	c.emit(p, Remove, l.plain, nil, FromSpec, "")
}

func (c *comparer) emit(p place, op Op, old, new any, reason Reason, note string) {
	ch := Change{Path: p.out, Op: op, Effect: c.r.effect(p), Reason: reason, Note: note}
	var hidOld, hidNew bool
	ch.Old, hidOld = c.r.redact(p.out, old)
	ch.New, hidNew = c.r.redact(p.out, new)
	ch.Sensitive = hidOld || hidNew
	if reason == FromSpec {
		ch.Pos = c.position(p.index)
	}
	c.out = append(c.out, ch)
}

// position is where the path, or the nearest thing above it, was written.
func (c *comparer) position(index string) string {
	for index != "" {
		if c.a.Written.Has(index) {
			return c.a.Written.At(index)
		}
		cut := strings.LastIndexAny(index, ".[")
		if cut < 0 {
			return ""
		}
		index = index[:cut]
	}
	return ""
}
