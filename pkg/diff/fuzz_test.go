package diff_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/ecs-operator/ecs-operator/pkg/diff"
	"github.com/ecs-operator/ecs-operator/pkg/frugal"
	"github.com/ecs-operator/ecs-operator/pkg/shape"
)

// FuzzCompare: whatever two trees hold, under whatever rules, the differ answers:
// no panic, no more changes than there are places, and nothing between equals.
func FuzzCompare(f *testing.F) {
	for _, seed := range [][3]string{
		{`{}`, `{}`, ""},
		{`{"a":[{"name":"x","v":1}],"b":{"c":null}}`, `{"a":[{"name":"x"},{"name":"x"},3],"b":[]}`, "a  by name  absent  in place  x\n"},
		{`{"a":"arn:aws:x/y"}`, `{"a":"y"}`, "a  arn  inherits [\"y\"]  in place  source\n"},
		{`{"a":[1,[2,[3]]],"":{"":""}}`, `{"a":{"0":1},"":[null]}`, "a  set  default [1]  new deployment  x\n"},
		{`{"a[b].c":1,"]":2,"a":{"[":{}}}`, `{"a":{"]":true}}`, "a  sequence  default {\"b\":{}}  -  x\n[when y]\n"},
		{`{"a":1e400}`, `{"a":-0.0}`, "a[].b.c  by b+c.d  ignored  -  source\n"},
	} {
		f.Add(seed[0], seed[1], seed[2])
	}
	f.Fuzz(func(t *testing.T, want, live, table string) {
		frugal.Input(t, func() {
			if len(want)+len(live)+len(table) > 4096 {
				return
			}
			c, _ := diff.ParseCatalogue("fuzz", table)
			r := c.Rules("y")
			w, l := decoded(want), decoded(live)
			if w == nil || l == nil {
				return
			}
			written := shape.PlacesOf(map[string]string{"a": "f:1:1", "a[0]": "f:2:1"})
			for _, changed := range []bool{false, true} {
				got := r.Compare(diff.Args{Want: w, Live: l, Written: written, Ignore: []string{"b", table}, InputChanged: changed})
				if bound := len(want) + len(live); len(got) > bound {
					t.Fatalf("%d changes of %d bytes", len(got), bound)
				}
				if _, err := json.Marshal(got); err != nil {
					t.Fatalf("a change that is no JSON: %v", err)
				}
			}
			for _, ch := range r.Compare(diff.Args{Want: w, Live: w}) {
				if !ch.Informational {
					t.Fatalf("%s differs from itself: %+v", want, ch)
				}
			}
			if a, b := string(r.Canonical(w)), string(r.Canonical(decoded(want))); a != b {
				t.Fatalf("two canonical forms of one value: %s, %s", a, b)
			}
		})
	})
}

// decoded is a tree of JSON, nil for anything else. Depth is the decoder's to
// bound (10,000 in encoding/json, and in spec far less).
func decoded(s string) map[string]any {
	var out map[string]any
	if json.NewDecoder(strings.NewReader(s)).Decode(&out) != nil {
		return nil
	}
	return out
}
