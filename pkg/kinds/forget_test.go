package kinds_test

import (
	"encoding/json"
	"reflect"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/ecs-operator/ecs-operator/pkg/kinds"
	"github.com/ecs-operator/ecs-operator/pkg/shape"
	"github.com/ecs-operator/ecs-operator/pkg/spec"
)

// The documents that the properties of this file draw.
const (
	forgetCases    = 150
	normaliseCases = 60
)

// The name of a field that no AWS input has, and no map is asked for by a test.
const nobodys = "zzUnknown"

// TestNoFieldIsForgotten: a field that nobody knows, put anywhere into a document over
// all fields of all kinds, is an error, or stands among what was written because its
// place takes any name; it is never passed over.
func TestNoFieldIsForgotten(t *testing.T) {
	checks(t, forgetCases)
	refused, kept := 0, 0
	rapid.Check(t, func(r *rapid.T) {
		var tree map[string]any
		if err := json.Unmarshal([]byte(anyDocument(r)), &tree); err != nil {
			r.Fatal(err)
		}
		objects := []map[string]any{}
		each(tree, func(m map[string]any) { objects = append(objects, m) })
		to := objects[rapid.IntRange(0, len(objects)-1).Draw(r, "object")]
		to[nobodys] = rapid.SampledFrom([]any{"x", 1, true, map[string]any{"a": "b"}, []any{"x"}}).Draw(r, "value")
		text, err := json.Marshal(tree)
		if err != nil {
			r.Fatal(err)
		}
		res := spec.Parse([]spec.File{{Path: "spec.json", Data: text}}, kinds.Sections(), spec.Options{})
		for _, p := range res.Problems {
			if p.Severity == spec.Error { // without that field there is none
				refused++
				return
			}
		}
		for _, d := range res.Documents {
			for _, label := range d.Labels {
				if label == "x" {
					kept++
					return
				}
			}
			for _, b := range d.Bodies {
				for path := range b.Written.Paths() {
					if strings.Contains(path, nobodys) {
						kept++
						return
					}
				}
			}
		}
		// What is neither is a free-form document, whose members have no paths.
		if body, err := json.Marshal(res.Documents); err == nil && strings.Contains(string(body), nobodys) {
			kept++
			return
		}
		r.Fatalf("a field that nobody knows was passed over:\n%s\n%v", text, res.Problems)
	})
	if refused <= kept {
		t.Errorf("only %d refused, and %d kept", refused, kept)
	}
	t.Logf("%d refused, %d kept under a free name", refused, kept)
}

// each calls f with every object of a tree, in one order.
func each(v any, f func(map[string]any)) {
	switch x := v.(type) {
	case map[string]any:
		f(x)
		keys := []string{}
		for k := range x {
			keys = append(keys, k)
		}
		slices.Sort(keys)
		for _, k := range keys {
			each(x[k], f)
		}
	case []any:
		for _, item := range x {
			each(item, f)
		}
	}
}

// TestNormaliseTwice: what normalising makes of any body, it leaves as it is.
func TestNormaliseTwice(t *testing.T) {
	checks(t, normaliseCases)
	rapid.Check(t, func(r *rapid.T) {
		u := unitOfBytes([]byte(anyDocument(r)))
		if u == nil {
			r.Fatal("no document")
		}
		for _, o := range u.Objects() {
			k := kinds.RulesFor(o.ID.Kind, o.Want)
			if k.Normalise == nil {
				continue
			}
			once := k.Normalise(shape.Clone(o.Want))
			if twice := k.Normalise(shape.Clone(once)); !reflect.DeepEqual(once, twice) {
				r.Fatalf("%s:\n%v\n%v", o.ID.Local(), shape.Plain(once, nil), shape.Plain(twice, nil))
			}
		}
	})
}
