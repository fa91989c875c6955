package diff

import (
	"fmt"
	"math"
	"reflect"
	"sort"
	"strconv"
	"strings"

	"github.com/ecs-operator/ecs-operator/pkg/shape"
)

type nodeSort int

const (
	scalar nodeSort = iota
	object          // members have names that the SDK knows
	dict            // entries have keys that people chose
	list
)

// node is one place of a value: the plain tree with what the type knows of it.
// A nil node is absent.
type node struct {
	sort    nodeSort
	plain   any
	members map[string]*node // of objects and dicts
	items   []*node          // of lists
}

// tree normalises a typed value and makes nodes of it.
func (r *Rules) tree(v any, extra map[string]any) *node {
	var root *node
	if v != nil {
		if r.Normalise != nil {
			v = r.Normalise(shape.Clone(v))
		}
		root = r.build(shape.Plain(v, r.Registry), reflect.TypeOf(v))
	}
	if root == nil {
		root = &node{sort: object, members: map[string]*node{}, plain: map[string]any{}}
	}
	if root.sort != scalar && root.sort != list {
		for k, x := range extra {
			if n := r.build(shape.Plain(x, r.Registry), reflect.TypeOf(x)); n != nil {
				root.members[k] = n
			}
		}
	}
	return root
}

func (r *Rules) build(plain any, t reflect.Type) *node {
	if t != nil {
		t = shape.Deref(t)
	}
	switch p := plain.(type) {
	case nil:
		return nil
	case map[string]any:
		n := &node{sort: object, plain: p, members: make(map[string]*node, len(p))}
		if t != nil && t.Kind() == reflect.Map && t != plainMap {
			n.sort = dict
		}
		for k, v := range p {
			if m := r.build(v, r.memberType(t, k)); m != nil {
				n.members[k] = m
			}
		}
		return n
	case []any:
		n := &node{sort: list, plain: p}
		var elem reflect.Type
		if t != nil && (t.Kind() == reflect.Slice || t.Kind() == reflect.Array) {
			elem = t.Elem()
		}
		for _, v := range p {
			if m := r.build(v, elem); m != nil { // AWS drops null elements as well
				n.items = append(n.items, m)
			}
		}
		return n
	}
	return &node{sort: scalar, plain: plain}
}

var plainMap = reflect.TypeFor[map[string]any]()

func (r *Rules) memberType(t reflect.Type, name string) reflect.Type {
	if t == nil {
		return nil
	}
	switch t.Kind() {
	case reflect.Struct:
		if f, _, ok := shape.Find(t, name); ok {
			return f.Type
		}
	case reflect.Map:
		return t.Elem()
	case reflect.Interface:
		if u, ok := r.Registry.Union(t); ok {
			if m, ok := u.Member(name); ok && m.NumField() > 0 {
				return m.Field(0).Type
			}
		}
	}
	return nil
}

// sorted lists the names of members that either node has.
func sorted(a, b *node) []string {
	seen := map[string]bool{}
	for _, n := range []*node{a, b} {
		if n != nil {
			for k := range n.members {
				seen[k] = true
			}
		}
	}
	out := make([]string, 0, len(seen))
	for k := range seen {
		out = append(out, k)
	}
	sort.Strings(out)
	return out
}

func (n *node) member(name string) *node {
	if n == nil {
		return nil
	}
	return n.members[name]
}

func (n *node) value() any {
	if n == nil {
		return nil
	}
	return n.plain
}

func (p place) child(n *node, name string) place {
	if n != nil && n.sort == dict {
		return p.entry(name)
	}
	return p.member(name)
}

// number normalises every Go number to one form, so that equal ones are equal.
func number(v any) any {
	rv := reflect.ValueOf(v)
	switch rv.Kind() {
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		return rv.Int()
	case reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64:
		return int64(rv.Uint())
	case reflect.Float32, reflect.Float64:
		f := rv.Float()
		if f == math.Trunc(f) && math.Abs(f) < 1<<53 {
			return int64(f)
		}
		return f
	}
	return v
}

func same(a, b any) bool {
	a, b = number(a), number(b)
	switch a.(type) {
	case map[string]any, []any:
		return reflect.DeepEqual(numbers(a), numbers(b))
	}
	switch b.(type) {
	case map[string]any, []any:
		return false
	}
	return a == b
}

func numbers(v any) any {
	switch x := v.(type) {
	case map[string]any:
		out := make(map[string]any, len(x))
		for k, m := range x {
			out[k] = numbers(m)
		}
		return out
	case []any:
		out := make([]any, len(x))
		for i, m := range x {
			out[i] = numbers(m)
		}
		return out
	}
	return number(v)
}

func isZero(v any) bool {
	switch x := number(v).(type) {
	case nil:
		return true
	case string:
		return x == ""
	case bool:
		return !x
	case int64:
		return x == 0
	case float64:
		return x == 0
	case []any:
		return len(x) == 0
	case map[string]any:
		return len(x) == 0
	}
	return false
}

// zeroLike is the zero value of a scalar's type.
func zeroLike(v any) any {
	switch number(v).(type) {
	case string:
		return ""
	case bool:
		return false
	case int64, float64:
		return int64(0)
	}
	return nil
}

// blank reports whether a node says nothing that its absence would not say: it is
// empty (AWS takes an empty string for unset), its default, or without a known
// default its type's zero.
func (r *Rules) blank(n *node, p place) bool {
	if n == nil {
		return true
	}
	if _, skip := lookup(r.Ignored, p); skip {
		return true
	}
	switch n.sort {
	case scalar:
		if d, known := r.defaultOf(p); known && d != nil {
			return n.plain == "" || same(n.plain, d)
		}
		return isZero(n.plain)
	case list:
		if len(n.items) == 0 {
			d, known := r.defaultOf(p)
			return !known || isZero(d)
		}
		d, known := r.defaultOf(p)
		return known && d != nil && r.equalLists(n, r.build(d, nil), p)
	case dict:
		for k, m := range n.members {
			at := p.entry(k)
			if _, skip := lookup(r.Ignored, at); skip {
				continue
			}
			if d, known := lookup(r.Defaults, at); !known || m.plain != "" && !same(m.plain, d) {
				return false
			}
		}
		return true
	}
	for k, m := range n.members {
		if !r.blank(m, p.member(k)) {
			return false
		}
	}
	return true
}

// keyOf is an element's merge key. A missing member counts as its default, so
// that a port without a protocol is the tcp port that AWS gives back.
func (r *Rules) keyOf(n *node, spec string, p place) string {
	var parts []string
	for _, name := range strings.Split(spec, "+") {
		at, m := p.element("", -1), n
		for _, step := range strings.Split(name, ".") {
			m, at = m.member(step), at.member(step)
		}
		v := m.value()
		if v == nil {
			v, _ = r.defaultOf(at)
		}
		if v == nil {
			parts = append(parts, "")
			continue
		}
		parts = append(parts, text(v))
	}
	return strings.Join(parts, "/")
}

func text(v any) string {
	switch x := number(v).(type) {
	case string:
		return x
	case int64:
		return strconv.FormatInt(x, 10)
	}
	return fmt.Sprint(v)
}
