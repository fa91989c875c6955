package diff

import (
	"strings"

	"github.com/ecs-operator/ecs-operator/pkg/shape"
)

// Rules say how values of one input type are compared. Every path in a table is
// index-free: list elements are "[]" ("containerDefinitions[].environment"). A
// free-form map's entry is named by its key ("attributes[stickiness.enabled]"),
// or "[]" for all of them. The zero value compares everything as it stands.
type Rules struct {
	// Keys names the member that identifies a list's elements. Several are
	// joined by "+": "containerPort+protocol".
	Keys map[string]string
	// Sets are lists whose order means nothing.
	Sets map[string]bool
	// Defaults are AWS' constant defaults, as plain JSON-able values. One may
	// stand for a whole object; nil says that AWS leaves the path out: what is
	// not written there is absent. A path that is in none of the tables is only
	// shown where it is not written, since nobody knows its default.
	Defaults map[string]any
	// Later are the paths of Defaults that Canonical does not know: they were
	// learnt when hashes had been written without them.
	Later map[string]bool
	// Inherits are paths with no constant default: unwritten, the live value
	// stays. The value is the reason.
	Inherits map[string]string
	// Usual are the values that AWS itself chooses for inherited paths: nobody can
	// tell whether the author ever governed them, so nothing is said of them.
	Usual map[string][]any
	// Alike are scalars that may be written in two ways: "arn" is an ARN or what
	// stands behind its last slash, "caseless" has no case.
	Alike map[string]string
	// Ignored are paths that are never compared and no part of Canonical, with
	// the reason.
	Ignored map[string]string
	// Governors say of ignored paths who writes them instead of the document.
	Governors map[string]Owner
	// Effects are what a change below a path prefix does; the longest prefix
	// wins, "" is the default, InPlace without one.
	Effects map[string]Effect
	// Sensitive decides by output path whether a value must not be shown; nil
	// is the default by name. Values that look like credentials are never shown.
	Sensitive func(path string) bool
	// Registry knows the unions and documents of the type.
	Registry *shape.Registry
	// Normalise rewrites a copy of the typed value before it is compared:
	// units, ARN versus name, forms that AWS gives back twice. It may return
	// another value of the same type.
	Normalise func(v any) any
}

// place is one path in its four spellings.
type place struct {
	out   string // with merge keys: what people see
	index string // with indices of Want: the key of Args.Written
	exact string // index-free, with the keys of free-form maps
	free  string // index-free, those keys as "[]"
}

func (p place) member(name string) place {
	return place{shape.Join(p.out, name), shape.Join(p.index, name), shape.Join(p.exact, name), shape.Join(p.free, name)}
}

func (p place) entry(key string) place {
	return place{shape.At(p.out, key), shape.At(p.index, key), shape.At(p.exact, key), p.free + "[]"}
}

// element is a list's element; i is its index in Want, -1 where only live has it.
func (p place) element(key any, i int) place {
	index := ""
	if i >= 0 {
		index = shape.At(p.index, i)
	}
	return place{shape.At(p.out, key), index, p.exact + "[]", p.free + "[]"}
}

func lookup[V any](table map[string]V, p place) (V, bool) {
	if v, ok := table[p.exact]; ok {
		return v, true
	}
	v, ok := table[p.free]
	return v, ok
}

// within reports whether path is prefix or below it.
func within(path, prefix string) bool {
	if prefix == "" || path == prefix {
		return true
	}
	return strings.HasPrefix(path, prefix) && (path[len(prefix)] == '.' || path[len(prefix)] == '[')
}

// longest finds the entry with the longest prefix of the place.
func longest[V any](table map[string]V, p place) (V, bool) {
	var found V
	best := -1
	for prefix, v := range table {
		if len(prefix) > best && (within(p.exact, prefix) || within(p.free, prefix)) {
			best, found = len(prefix), v
		}
	}
	return found, best >= 0
}

func (r *Rules) effect(p place) Effect {
	if e, ok := longest(r.Effects, p); ok {
		return e
	}
	return InPlace
}

// defaultOf finds the constant default of a place: its own, or that member of
// an object's default above it. A nil default means that AWS leaves it out.
func (r *Rules) defaultOf(p place) (any, bool) {
	if d, ok := lookup(r.Defaults, p); ok {
		return d, true
	}
	for cut := strings.LastIndexByte(p.free, '.'); cut > 0; cut = strings.LastIndexByte(p.free[:cut], '.') {
		whole, ok := r.Defaults[p.free[:cut]]
		if !ok {
			continue
		}
		if v, ok := descend(whole, strings.Split(p.free[cut+1:], ".")); ok {
			return v, true
		}
		break
	}
	return nil, false
}

// alike reports whether two scalars say the same at a place.
func (r *Rules) alike(a, b any, p place) bool {
	if same(a, b) {
		return true
	}
	how, ok := lookup(r.Alike, p)
	x, isText := a.(string)
	y, both := b.(string)
	if !ok || !isText || !both {
		return false
	}
	if how == "caseless" {
		return strings.EqualFold(x, y)
	}
	if strings.HasPrefix(x, "arn:") == strings.HasPrefix(y, "arn:") {
		return false // two ARNs, or two names, are what they are
	}
	return x != "" && y != "" && x[strings.LastIndexByte(x, '/')+1:] == y[strings.LastIndexByte(y, '/')+1:]
}

func descend(v any, names []string) (any, bool) {
	for _, n := range names {
		m, ok := v.(map[string]any)
		if !ok {
			return nil, false
		}
		if v, ok = m[n]; !ok {
			return nil, false
		}
	}
	return v, true
}

// Matches reports whether a pattern as people write it (policy.ignore) names
// the path or something above it. "[]" and "[*]" stand for any key.
func Matches(pattern, path string) bool {
	want, have := segments(pattern), segments(path)
	if len(want) == 0 || len(want) > len(have) {
		return false
	}
	for i, s := range want {
		if s != have[i] && !((s == "[]" || s == "[*]") && have[i][0] == '[') {
			return false
		}
	}
	return true
}

// segments splits "a[b.c].d" into "a", "[b.c]", "d".
func segments(path string) []string {
	var out []string
	for path != "" {
		end := 0
		switch path[0] {
		case '.':
			path = path[1:]
			continue
		case '[':
			if end = strings.IndexByte(path, ']') + 1; end == 0 {
				end = len(path)
			}
		default:
			if end = strings.IndexAny(path, ".["); end < 0 {
				end = len(path)
			}
		}
		out = append(out, path[:end])
		path = path[end:]
	}
	return out
}
