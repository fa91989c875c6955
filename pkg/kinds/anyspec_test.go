package kinds_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"

	"pgregory.net/rapid"

	"github.com/ecs-operator/ecs-operator/pkg/kinds"
	"github.com/ecs-operator/ecs-operator/pkg/shape"
	"github.com/ecs-operator/ecs-operator/pkg/spec"
)

// anySpec draws whole documents over all fields of all kinds: it walks the input
// types, so a field that an SDK bump brings is drawn from then on. What a type
// cannot say (a range, a form, who excludes whom) stands in the tables of
// anyspec_valid_test.go.

// drawer draws the body of one kind as a plain tree, under the spec's own names.
type drawer struct {
	t        *rapid.T
	kind     string
	registry *shape.Registry
	n        *int // numbers what must be unique
	sparse   bool // few optional fields
}

// value draws one place; nil for nothing.
func (d *drawer) value(t reflect.Type, path string) any {
	if from, ok := valid[d.kind][path]; ok {
		return d.from(from, t, path)
	}
	t = shape.Deref(t)
	if u, ok := d.registry.Union(t); ok {
		m := rapid.SampledFrom(u.Members).Draw(d.t, path)
		name := shape.SpecName(u.MemberName(m))
		return map[string]any{name: d.value(m.Field(0).Type, shape.Join(path, name))}
	}
	if _, free := d.registry.Document(t); free {
		return map[string]any{"depth": map[string]any{"n": 1}}
	}
	switch t.Kind() {
	case reflect.Struct:
		if shape.IsTime(t) {
			return "2031-05-01T06:00:00Z"
		}
		return d.object(t, path)
	case reflect.Slice:
		out := []any{}
		for range rapid.IntRange(1, 3).Draw(d.t, path+" length") {
			out = append(out, d.value(t.Elem(), path+"[]"))
		}
		return out
	case reflect.Map:
		out := map[string]any{}
		for range rapid.IntRange(1, 2).Draw(d.t, path+" length") {
			out[d.unique("k.")] = d.value(t.Elem(), path+"[]")
		}
		return out
	case reflect.Bool:
		return rapid.Bool().Draw(d.t, path)
	case reflect.Int32, reflect.Int64, reflect.Int:
		return rapid.IntRange(1, 60).Draw(d.t, path)
	case reflect.Float64, reflect.Float32:
		return float64(rapid.IntRange(1, 90).Draw(d.t, path)) / 2
	}
	if words := shape.Enum(t); len(words) > 0 {
		return rapid.SampledFrom(words).Draw(d.t, path)
	}
	return d.unique("w")
}

func (d *drawer) unique(prefix string) string {
	*d.n++
	return fmt.Sprint(prefix, *d.n)
}

func (d *drawer) object(t reflect.Type, path string) map[string]any {
	out := map[string]any{}
	for _, f := range shape.Fields(t) {
		p := shape.Join(path, f.Name)
		if _, out := valid[d.kind][p].(never); out {
			continue
		}
		if !slices.Contains(always[d.kind], p) {
			odds := 1
			if d.sparse {
				odds = 4
			}
			if rapid.IntRange(0, odds).Draw(d.t, p+"?") > 0 {
				continue
			}
		}
		if v := d.value(f.Type, p); v != nil {
			out[f.Name] = v
		}
	}
	return out
}

// from draws by a table's entry.
func (d *drawer) from(entry any, t reflect.Type, path string) any {
	switch e := entry.(type) {
	case []any:
		return rapid.SampledFrom(e).Draw(d.t, path)
	case span:
		return rapid.IntRange(e[0], e[1]).Draw(d.t, path)
	case numbered:
		*d.n++
		if shape.Deref(t).Kind() == reflect.String {
			return fmt.Sprintf(string(e), *d.n)
		}
		return *d.n
	case several:
		perm := rapid.Permutation([]any(e)).Draw(d.t, path)
		return perm[:rapid.IntRange(1, len(perm)).Draw(d.t, path+" length")]
	case never:
		return nil
	}
	panic(fmt.Sprintf("%s: no way to draw from a %T", path, entry))
}

// The forms of an entry in the table of valid values.
type (
	span     [2]int // a whole number between two
	numbered string // a text with a number that occurs once
	several  []any  // a list of some of these, in any order
	never    string // is not drawn, and why
)

// anyDocument draws a document in which the sections hang together.
func anyDocument(t *rapid.T) string {
	n := 0
	sections := map[string]spec.Section{}
	for _, s := range kinds.Sections() {
		for _, form := range s.Forms() {
			sections[form.Sort()] = form
		}
	}
	sparse := rapid.Bool().Draw(t, "sparse")
	body := func(kind string) map[string]any {
		s := sections[kind]
		d := &drawer{t: t, kind: kind, registry: shape.NewRegistry(s.Unions, s.Documents), n: &n, sparse: sparse}
		return d.object(reflect.TypeOf(s.New()), "")
	}
	p := parts{t: t, body: body, n: &n}
	p.network()
	p.taskDefinition()
	p.surroundings()
	p.service()
	doc := map[string]any{"apiVersion": spec.APIVersion, "kind": "Service", "metadata": map[string]any{"name": "any"}, "spec": p.spec()}
	b, err := json.MarshalIndent(doc, "", " ")
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// parts are a document under way.
type parts struct {
	t    *rapid.T
	body func(kind string) map[string]any
	n    *int

	fargate bool
	mode    string // network mode, "" for none written
	td, svc map[string]any
	scaling map[string]any
	groups  map[string]any
	rules   map[string]any
	alarms  map[string]any
	// of the scaling
	policies, actions map[string]any
	ports             []port
}

type port struct {
	container, name string
	number          int
}

func (p *parts) coin(label string) bool { return rapid.Bool().Draw(p.t, label) }

func (p *parts) spec() map[string]any {
	out := map[string]any{"cluster": "default", "taskDefinition": p.td, "service": p.svc}
	for name, section := range map[string]map[string]any{"targetGroups": p.groups, "listenerRules": p.rules, "alarms": p.alarms} {
		if len(section) > 0 {
			out[name] = section
		}
	}
	if p.scaling != nil {
		scaling := maps.Clone(p.scaling)
		if len(p.policies) > 0 {
			scaling["policies"] = p.policies
		}
		if len(p.actions) > 0 {
			scaling["scheduledActions"] = p.actions
		}
		out["scaling"] = scaling
	}
	return out
}

// list reads a member as a list of objects.
func list(m map[string]any, key string) []map[string]any {
	items, _ := m[key].([]any)
	var out []map[string]any
	for _, item := range items {
		if o, ok := item.(map[string]any); ok {
			out = append(out, o)
		}
	}
	return out
}

func dig(m map[string]any, path string) map[string]any {
	for _, name := range strings.Split(path, ".") {
		m, _ = m[name].(map[string]any)
	}
	return m
}

func drop(m map[string]any, keys ...string) {
	for _, k := range keys {
		delete(m, k)
	}
}
