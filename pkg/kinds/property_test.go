package kinds_test

import (
	"encoding/json"
	"flag"
	"fmt"
	"maps"
	"os"
	"reflect"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/ecs-operator/ecs-operator/pkg/kinds"
	"github.com/ecs-operator/ecs-operator/pkg/plan"
	"github.com/ecs-operator/ecs-operator/pkg/resource"
	"github.com/ecs-operator/ecs-operator/pkg/shape"
)

// How many documents the property draws (with -short), in how many tests beside
// each other. ECS_OPERATOR_DRAWS draws so many instead. The path that is drawn the
// least often is in one document of a hundred.
const (
	anyCases      = 1000
	anyCasesShort = 100
	anyParts      = 2
)

// TestAnySpecIsCleanAfterApply: whatever is written, over all fields of all
// kinds, AWS takes it; then nothing differs, not even after an edit elsewhere,
// and not when the rollout has ended and the process is a new one; a second apply
// writes nothing. And a plan's bytes are the same each time.
//
// All fields means all: a path that was neither drawn nor excluded with a reason
// fails the test.
func TestAnySpecIsCleanAfterApply(t *testing.T) {
	cases := anyCases
	if testing.Short() {
		cases = anyCasesShort
	}
	checks(t, cases/anyParts)
	var tally sync.Mutex
	written, objects := map[string]int{}, map[string]int{}
	t.Run("cases", func(t *testing.T) {
		for part := range anyParts {
			t.Run(fmt.Sprint(part), func(t *testing.T) {
				t.Parallel()
				rapid.Check(t, func(r *rapid.T) {
					u := anyCase(r)
					tally.Lock()
					defer tally.Unlock()
					for _, o := range u.Objects() {
						sort := sortOf(o)
						objects[sort]++
						for path := range o.Written.Paths() {
							if strings.HasPrefix(path, "tags.") { // moved out of the body
								written[sort+" tags[].key"]++
								written[sort+" tags[].value"]++
							}
							written[sort+" "+unindexed(path)]++
						}
					}
				})
			})
		}
	})
	if t.Failed() || testing.Short() { // too few cases to draw everything
		return
	}
	drawn, all, rarest := 0, 0, ""
	for _, k := range kinds.All(nil) {
		for _, s := range k.Section().Forms() {
			reg := shape.NewRegistry(s.Unions, s.Documents)
			for _, path := range inputPaths(reg, reflect.TypeOf(s.New()), "", 0) {
				all++
				why := excluded(s.Sort(), path)
				switch n := written[s.Sort()+" "+path]; {
				case n > 0 && why != "":
					t.Errorf("%s: %s was drawn %d times, and is excluded: %s", s.Sort(), path, n, why)
				case n > 0:
					if drawn++; rarest == "" || n < written[rarest] {
						rarest = s.Sort() + " " + path
					}
				case why == "":
					t.Errorf("%s: %s was not drawn, and nothing says why", s.Sort(), path)
				}
			}
		}
	}
	t.Logf("%d objects: %v", objects[resource.KindService], objects)
	t.Logf("%d of %d paths drawn, the rarest %d times (%s), the others are excluded with a reason", drawn, all, written[rarest], rarest)
}

// anyCase holds one drawn document to the property.
func anyCase(r *rapid.T) *resource.Unit {
	text := anyDocument(r)
	r.Log(text)
	w := newWorldFor(r).secure()
	u := w.load(text)
	samePlan(r, w, u)
	w.apply(u)
	w.clean(u)
	last := 5 * time.Minute
	if strings.Contains(text, `"strategy"`) || strings.Contains(text, `"lifecycleHooks"`) {
		last = 2 * time.Hour
	}
	for _, d := range []time.Duration{90 * time.Second, 4 * time.Minute, last} { // in the middle of a rollout, and after it
		w.sandbox.Advance(d)
		w.clean(u)
	}
	w.fresh()
	w.clean(u)
	if n := w.apply(u); n != 0 {
		r.Errorf("a second apply wrote %d times", n)
	}
	return u
}

// sortOf is the form of the section that an object was written in.
func sortOf(o *resource.Object) string {
	for _, k := range kinds.All(nil) {
		if k.Name() == o.ID.Kind {
			return k.Section().FormOf(o.Want).Sort()
		}
	}
	return o.ID.Kind
}

// checks sets how many cases rapid draws, unless the command line says so.
func checks(t *testing.T, n int) {
	t.Helper()
	f := flag.Lookup("rapid.checks")
	if f == nil {
		t.Fatal("rapid has no flag for the number of its cases any more")
	}
	if f.Value.String() != f.DefValue {
		return
	}
	if many, err := strconv.Atoi(os.Getenv("ECS_OPERATOR_DRAWS")); err == nil && many > n {
		n = many
	}
	if err := flag.Set("rapid.checks", strconv.Itoa(n)); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = flag.Set("rapid.checks", f.DefValue) })
}

// samePlan makes a plan again and again: map order must not show. One case in
// two hundred does it a hundred times.
func samePlan(r *rapid.T, w *world, u *resource.Unit) {
	in := plan.Input{Frame: frame, Unit: u, Kinds: kinds.All(nil), Live: w.observe(u, false), Now: "2030-01-01T00:00:00Z"}
	first, err := json.Marshal(plan.Make(in))
	if err != nil {
		r.Fatal(err)
	}
	times := 1
	if rapid.IntRange(0, 199).Draw(r, "a hundred plans") == 0 {
		times = 100
	}
	for range times {
		if again, _ := json.Marshal(plan.Make(in)); string(again) != string(first) {
			r.Fatalf("two plans of one world differ:\n%s\n%s", first, again)
		}
	}
}

var indices = regexp.MustCompile(`\[[^\[\]]*\]`)

// unindexed turns an index path into its index-free form.
func unindexed(path string) string { return indices.ReplaceAllString(path, "[]") }

// inputPaths are all places of an input type, index-free.
func inputPaths(reg *shape.Registry, t reflect.Type, path string, depth int) []string {
	t = shape.Deref(t)
	var out []string
	if u, ok := reg.Union(t); ok {
		for _, m := range u.Members {
			p := shape.Join(path, shape.SpecName(u.MemberName(m)))
			out = append(append(out, p), inputPaths(reg, m.Field(0).Type, p, depth+1)...)
		}
		return out
	}
	switch {
	case depth > 12: // a circle of types
	case t.Kind() == reflect.Struct && !shape.IsTime(t):
		for _, f := range shape.Fields(t) {
			p := shape.Join(path, f.Name)
			out = append(append(out, p), inputPaths(reg, f.Type, p, depth+1)...)
		}
	case t.Kind() == reflect.Slice && shape.Deref(t.Elem()).Kind() == reflect.Struct:
		out = inputPaths(reg, t.Elem(), path+"[]", depth+1)
	}
	return out
}

// excluded finds the reason for which a path, or something above it, is not drawn.
func excluded(kind, path string) string {
	for _, at := range slices.Sorted(maps.Keys(undrawn[kind])) {
		if path == at || strings.HasPrefix(path, at+".") || strings.HasPrefix(path, at+"[") {
			return undrawn[kind][at]
		}
	}
	return ""
}
