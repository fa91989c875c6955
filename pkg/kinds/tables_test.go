package kinds

import (
	"maps"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/ecs-operator/ecs-operator/pkg/diff"
	"github.com/ecs-operator/ecs-operator/pkg/resource"
	"github.com/ecs-operator/ecs-operator/pkg/shape"
	"github.com/ecs-operator/ecs-operator/pkg/spec"
)

// allForms are the sections of all kinds in all their forms.
func allForms() []spec.Section {
	var out []spec.Section
	for _, k := range All(nil) {
		out = append(out, k.Section().Forms()...)
	}
	return out
}

// TestFormsShareTheirPlace: what another form of a section must have in common
// with the usual one, and what must tell them apart.
func TestFormsShareTheirPlace(t *testing.T) {
	for _, k := range All(nil) {
		s := k.Section()
		for _, other := range s.Others {
			if other.Path != s.Path || other.Kind != s.Kind || other.Many != s.Many || !slices.Equal(other.Frame, s.Frame) || !slices.Equal(other.Attributes, s.Attributes) {
				t.Errorf("%s: its form %s stands elsewhere", s.Sort(), other.Sort())
			}
			_, _, usual := shape.Find(reflect.TypeOf(s.New()), other.When)
			_, _, mine := shape.Find(reflect.TypeOf(other.New()), other.When)
			if other.Form == "" || usual || !mine || !slices.Contains(other.Required, other.When) {
				t.Errorf("%s: %q does not tell its form %q apart", s.Sort(), other.When, other.Form)
			}
		}
	}
}

// places walks an input type: every path in it, index-free, with its type;
// through lists, maps of objects and unions.
func places(reg *shape.Registry, t reflect.Type, path string, into map[string]reflect.Type) {
	t = shape.Deref(t)
	if strings.Count(path, ".") > 12 {
		return // no input nests so deep: a circle of types
	}
	add := func(name string, t reflect.Type) {
		p := shape.Join(path, name)
		into[p] = t
		places(reg, t, p, into)
	}
	switch t.Kind() {
	case reflect.Struct:
		if shape.IsTime(t) {
			return
		}
		for _, f := range shape.Fields(t) {
			add(f.Name, f.Type)
		}
	case reflect.Slice, reflect.Map:
		places(reg, t.Elem(), path+"[]", into)
	case reflect.Interface:
		if u, ok := reg.Union(t); ok {
			for _, m := range u.Members {
				add(shape.SpecName(u.MemberName(m)), m.Field(0).Type)
			}
		}
	}
}

// inputPlaces are all paths of a section, without what lies below an ignored one.
func inputPlaces(s spec.Section, ignored func(string) bool) map[string]reflect.Type {
	have := map[string]reflect.Type{}
	places(shape.NewRegistry(s.Unions, s.Documents), reflect.TypeOf(s.New()), "", have)
	for name, v := range s.Extra {
		have[name] = reflect.TypeOf(v)
	}
	for p := range have {
		for q := range have {
			if q != p && ignored(q) && (strings.HasPrefix(p, q+".") || strings.HasPrefix(p, q+"[")) {
				delete(have, p)
			}
		}
	}
	return have
}

// misfits says what of a catalogue and an input does not fit together.
func misfits(c *diff.Catalogue, s spec.Section) []string {
	lines, ignored := map[string]diff.Line{}, map[string]bool{}
	var out []string
	for _, l := range c.Lines {
		if l.When == "" {
			lines[l.Path] = l
			ignored[l.Path] = l.Class == diff.Ignored
		}
	}
	have := inputPlaces(s, func(p string) bool { return ignored[p] })
	for _, path := range slices.Sorted(maps.Keys(have)) {
		l, ok := lines[path]
		if !ok {
			out = append(out, path+" has no line")
			continue
		}
		kind := shape.Deref(have[path]).Kind()
		object := kind == reflect.Struct && !shape.IsTime(have[path]) || kind == reflect.Map
		if l.Class == diff.Members && !object {
			out = append(out, path+" has no members")
		}
		list := kind == reflect.Slice && shape.Deref(have[path]).Elem().Kind() != reflect.Uint8
		told := l.Compared == "set" || l.Compared == "sequence" || strings.HasPrefix(l.Compared, "by ")
		if told != list && l.Class != diff.Ignored {
			out = append(out, path+" is compared as "+l.Compared)
		}
		for by := range strings.SplitSeq(strings.TrimPrefix(l.Compared, "by "), "+") {
			if _, member := have[path+"[]."+by]; strings.HasPrefix(l.Compared, "by ") && !member {
				out = append(out, path+" has no member "+by)
			}
		}
		if (l.Compared == "arn" || l.Compared == "caseless") && kind != reflect.String {
			out = append(out, path+" is no text")
		}
		if l.Class == diff.Needed && !slices.Contains(s.Required, path) || l.Class == diff.Frame && !slices.Contains(s.Frame, path) {
			out = append(out, path+" can be left out, its section says")
		}
		if !strings.ContainsAny(path, ".[") && l.Effect == "" {
			out = append(out, path+" has no effect of its own")
		}
		if len(l.Source) < 5 {
			out = append(out, path+" has no source")
		}
	}
	for _, l := range c.Lines {
		if _, ok := have[l.Path]; !ok && !strings.HasPrefix(l.Path, "attributes[") {
			out = append(out, l.Path+" is no path of the input")
		}
	}
	return out
}

// TestEveryPathIsClassified: what an SDK bump brings must be told apart: how it
// is compared, what becomes of it when nobody writes it, what a change does.
func TestEveryPathIsClassified(t *testing.T) {
	paths := 0
	for _, s := range allForms() {
		c := catalogue(s.Sort())
		for _, m := range misfits(c, s) {
			t.Errorf("%s: %s", s.Sort(), m)
		}
		paths += len(c.Lines)
		if Rules(s.Sort()) == nil {
			t.Errorf("no rules known of %s", s.Sort())
		}
		have := inputPlaces(s, func(string) bool { return false })
		for _, table := range [][]string{s.Required, s.Frame, slices.Collect(maps.Keys(s.Sugar))} {
			for _, p := range table {
				if _, ok := have[p]; !ok && !strings.Contains(p, "attributes[") {
					t.Errorf("%s: the section names %s, which the input does not have", s.Sort(), p)
				}
			}
		}
	}
	t.Logf("%d lines", paths)
}

// TestTomorrowsFieldIsMissed: the check bites. A catalogue without one of its
// lines, whichever, does not pass.
func TestTomorrowsFieldIsMissed(t *testing.T) {
	for _, s := range allForms() {
		whole := catalogue(s.Sort())
		for i, l := range whole.Lines {
			if l.When != "" || strings.HasPrefix(l.Path, "attributes[") || l.Class == diff.Ignored {
				continue
			}
			without := &diff.Catalogue{Lines: slices.Delete(slices.Clone(whole.Lines), i, i+1)}
			if !slices.Contains(misfits(without, s), l.Path+" has no line") {
				t.Errorf("%s: nobody misses %s", s.Sort(), l.Path)
			}
		}
	}
}

// TestVariantsAreUsed: each variant of a table is one that an input can be.
func TestVariantsAreUsed(t *testing.T) {
	used := map[string][]string{
		resource.KindService:     {"daemon"},
		resource.KindTargetGroup: {"lambda", "http", "https", "grpc", "geneve", "http check", "alb"},
	}
	for _, s := range allForms() {
		for _, l := range catalogue(s.Sort()).Lines {
			if l.When != "" && !slices.Contains(used[s.Kind], l.When) {
				t.Errorf("%s: line %d holds for %q, which no input is", s.Sort(), l.No, l.When)
			}
		}
	}
}
