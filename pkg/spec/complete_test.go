package spec

import (
	"fmt"
	"reflect"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/ecs-operator/ecs-operator/pkg/shape"
)

// specimen writes a value of a type in two ways at once: as a Go value, and as
// the tree that an author would write. Every field is set.
type specimen struct {
	t       *testing.T
	reg     *shape.Registry
	serial  int
	member  int                 // which member of each union
	written map[string]bool     // index paths
	lists   map[string]struct{} // kinds of places seen, so that the test can tell that it saw some
}

type pair struct {
	key   string
	value any
}

func (s *specimen) number() int {
	s.serial++
	return s.serial
}

func (s *specimen) make(t reflect.Type, path string) (v reflect.Value, tree any) {
	v = reflect.New(t).Elem()
	if t.Kind() == reflect.Pointer {
		inner, tree := s.make(t.Elem(), path)
		v.Set(reflect.New(t.Elem()))
		v.Elem().Set(inner)
		return v, tree
	}
	s.written[path] = path != ""
	if shape.IsTime(t) {
		at := time.Unix(1_800_000_000+int64(s.number()), 0).UTC()
		v.Set(reflect.ValueOf(at))
		return v, strconv.Quote(at.Format(time.RFC3339))
	}
	switch t.Kind() {
	case reflect.Struct:
		var m []pair
		for _, f := range shape.Fields(t) {
			inner, tree := s.make(f.Type, shape.Join(path, f.Name))
			v.Field(f.Index).Set(inner)
			m = append(m, pair{f.Name, tree})
		}
		return v, m
	case reflect.Slice:
		s.lists["list"] = struct{}{}
		v.Set(reflect.MakeSlice(t, 2, 2))
		var l []any
		for i := range 2 {
			inner, tree := s.make(t.Elem(), shape.At(path, i))
			v.Index(i).Set(inner)
			l = append(l, tree)
		}
		return v, l
	case reflect.Map:
		s.lists["map"] = struct{}{}
		v.Set(reflect.MakeMap(t))
		key := fmt.Sprintf("key-%d.x", s.number())
		inner, tree := s.make(t.Elem(), shape.At(path, key))
		v.SetMapIndex(reflect.ValueOf(key), inner)
		return v, []pair{{key, tree}}
	case reflect.Interface:
		return s.open(v, t, path)
	case reflect.String:
		text := fmt.Sprintf("text %d", s.number())
		if values := shape.Enum(t); len(values) > 0 {
			s.lists["enum"] = struct{}{}
			text = values[s.number()%len(values)]
		}
		v.SetString(text)
		return v, strconv.Quote(text)
	case reflect.Bool:
		v.SetBool(true)
		return v, "true"
	case reflect.Int32, reflect.Int64:
		v.SetInt(int64(s.number()))
		return v, strconv.FormatInt(v.Int(), 10)
	case reflect.Float64:
		v.SetFloat(float64(s.number()) + 0.25)
		return v, strconv.FormatFloat(v.Float(), 'f', -1, 64)
	}
	s.t.Fatalf("%s: no specimen of %s", path, t)
	return v, nil
}

func (s *specimen) open(v reflect.Value, t reflect.Type, path string) (reflect.Value, any) {
	if d, ok := s.reg.Document(t); ok {
		s.lists["document"] = struct{}{}
		v.Set(reflect.ValueOf(d.New(map[string]any{"a": []any{int64(1), "x"}})))
		for _, p := range []string{"a", "a[0]", "a[1]"} {
			s.written[shape.Join(path, p)] = true
		}
		return v, []pair{{"a", []any{"1", `"x"`}}}
	}
	u, ok := s.reg.Union(t)
	if !ok {
		s.t.Errorf("%s: %s is neither a union nor a document that a section declares", path, t)
		return v, "null"
	}
	s.lists["union"] = struct{}{}
	m := u.Members[s.member%len(u.Members)]
	name := shape.SpecName(u.MemberName(m))
	inner, tree := s.make(m.Field(0).Type, shape.Join(path, name))
	member := reflect.New(m)
	member.Elem().Field(0).Set(inner)
	v.Set(member)
	return v, []pair{{name, tree}}
}

// asJSON and asYAML print a tree.
func asJSON(tree any) string {
	var parts []string
	switch x := tree.(type) {
	case []pair:
		for _, p := range x {
			parts = append(parts, strconv.Quote(p.key)+": "+asJSON(p.value))
		}
		return "{" + strings.Join(parts, ", ") + "}"
	case []any:
		for _, e := range x {
			parts = append(parts, asJSON(e))
		}
		return "[" + strings.Join(parts, ",\n") + "]"
	}
	return tree.(string)
}

func asYAML(tree any, indent string) string {
	var b strings.Builder
	switch x := tree.(type) {
	case []pair:
		for _, p := range x {
			b.WriteString("\n" + indent + p.key + ": " + asYAML(p.value, indent+"  "))
		}
		if len(x) == 0 {
			return "{}"
		}
	case []any:
		for _, e := range x {
			b.WriteString("\n" + indent + "- " + strings.TrimLeft(asYAML(e, indent+"  "), "\n "))
		}
	default:
		return tree.(string)
	}
	return b.String()
}

// Every field of every input can be written, and is decoded to what was
// written. Nothing in the package lists AWS fields, so a field, an enum or a
// nested type that the SDK learns is covered by this test the same day, and a
// new union or document fails it until it is declared.
func TestEveryFieldDecodes(t *testing.T) {
	kinds := map[string]struct{}{}
	for _, s := range testSections() {
		t.Run(s.Path, func(t *testing.T) {
			for member := range 2 {
				sp := &specimen{t: t, reg: shape.NewRegistry(s.Unions, s.Documents), member: member, written: map[string]bool{}, lists: kinds}
				value, tree := sp.make(reflect.TypeOf(s.New()), "")
				delete(sp.written, "")
				for file, text := range map[string]string{"b.json": asJSON(tree), "b.yaml": asYAML(tree, "")} {
					got, problems := DecodeBody(file, []byte(text), s)
					if len(problems) > 0 {
						t.Fatalf("%s\n%s", said(problems), text)
					}
					if !reflect.DeepEqual(got.Value, value.Interface()) {
						t.Errorf("%s: decoded to something else\ngot  %s\nwant %s", file, plainJSON(t, got.Value), plainJSON(t, value.Interface()))
					}
					for path := range sp.written {
						if got.Written.At(path) == "" {
							t.Errorf("%s: no place for %s", file, path)
						}
					}
					if got.Written.Len() != len(sp.written) {
						t.Errorf("%s: %d places for %d paths", file, got.Written.Len(), len(sp.written))
					}
					// A string is found by the path under which it was written.
					shape.MapStrings(got.Value, func(path, text string) string {
						if got.Written.At(path) == "" {
							t.Errorf("%s: MapStrings calls a string %s, which nobody wrote", file, path)
						}
						return text
					})
				}
			}
		})
	}
	for _, kind := range []string{"list", "map", "enum", "union", "document"} {
		if _, ok := kinds[kind]; !ok {
			t.Errorf("the inputs had no %s: the walk is broken", kind)
		}
	}
}

// The same for PascalCase, which decodes to the same and is told once.
func TestEveryFieldDecodesByTheSDKsName(t *testing.T) {
	s := sectionNamed(t, "listenerRules")
	sp := &specimen{t: t, reg: shape.NewRegistry(s.Unions, s.Documents), written: map[string]bool{}, lists: map[string]struct{}{}}
	value, tree := sp.make(reflect.TypeOf(s.New()), "")
	var pascal func(tree any) any
	pascal = func(tree any) any {
		switch x := tree.(type) {
		case []pair:
			var out []pair
			for _, p := range x {
				out = append(out, pair{strings.ToUpper(p.key[:1]) + p.key[1:], pascal(p.value)})
			}
			return out
		case []any:
			var out []any
			for _, e := range x {
				out = append(out, pascal(e))
			}
			return out
		}
		return tree
	}
	got, problems := DecodeBody("b.json", []byte(asJSON(pascal(tree))), s)
	if len(problems) != 1 || problems[0].Severity != Warning {
		t.Fatal(said(problems))
	}
	want := plainJSON(t, value.Interface())
	// The only map's key was capitalised as well.
	if got := strings.ReplaceAll(plainJSON(t, got.Value), "Key-", "key-"); got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}
