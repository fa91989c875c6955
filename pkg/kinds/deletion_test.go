package kinds_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/ecs-operator/ecs-operator/pkg/diff"
	"github.com/ecs-operator/ecs-operator/pkg/kinds"
	"github.com/ecs-operator/ecs-operator/pkg/lint"
	"github.com/ecs-operator/ecs-operator/pkg/plan"
	"github.com/ecs-operator/ecs-operator/pkg/resource"
	"github.com/ecs-operator/ecs-operator/pkg/shape"
	"github.com/ecs-operator/ecs-operator/pkg/spec"
	"github.com/ecs-operator/ecs-operator/pkg/status"
)

// What becomes of a field whose line is deleted.
const (
	goesBack  = "goes back to AWS' default"
	stays     = "is no longer governed"
	replaces  = "is a replacement"
	another   = "was the object's name: there is another object"
	isNeeded  = "cannot be left out of the document"
	isRefused = "is refused by AWS without it"
)

// TestDeletedLine: a document over any fields is applied, one of its lines is
// deleted, and one pass later the field is at AWS' default; where that is no
// constant, diff says that it is no longer governed; where AWS cannot change it,
// a replacement is planned.
//
// Every field of the walk of the types is deleted, but what is not drawn (with its
// reason in undrawn) and what always ends in a refusal (with its reason in
// undeletable). With -short the first ones that come up.
func TestDeletedLine(t *testing.T) {
	documents, attempts := 4000, 1<<30
	if testing.Short() {
		documents, attempts = 3, 20
	}
	sections := kinds.Sections()
	var parts [deletedParts]*deletions
	t.Run("fields", func(t *testing.T) {
		for part := range parts {
			d := &deletions{sections: sections, places: map[string]map[string]bool{}, done: map[string]map[string]int{}}
			parts[part] = d
			t.Run(fmt.Sprint(part), func(t *testing.T) {
				t.Parallel()
				d.t = t
				d.walk(part)
				left := attempts
				document := rapid.Custom(func(r *rapid.T) string { return anyDocument(r) })
				for seed := range documents {
					if left <= 0 || d.left() == 0 {
						break
					}
					left -= d.document(seed, document.Example(seed), left)
				}
			})
		}
	})
	judge(t, parts[:], testing.Short())
}

// deletedParts share the fields, so that what each finds depends on no other.
const deletedParts = 2

// deletions is the state of one part.
type deletions struct {
	t        tester
	sections []spec.Section
	places   map[string]map[string]bool // by sort: every path of the part that the generator can draw
	done     map[string]map[string]int  // "sort path": how often it ended how
}

// How often a field whose deletion was refused gets another document: by AWS, and
// by the document's own checks, which cost nothing.
const (
	triesRefused = 6
	triesNeeded  = 8
)

func (d *deletions) walk(part int) {
	n := 0
	for _, section := range d.sections {
		for _, s := range section.Forms() {
			reg := shape.NewRegistry(s.Unions, s.Documents)
			d.places[s.Sort()] = map[string]bool{}
			for _, path := range inputPaths(reg, reflect.TypeOf(s.New()), "", 0) {
				if excluded(s.Sort(), path) != "" {
					continue
				}
				if n++; n%deletedParts == part {
					d.places[s.Sort()][path] = true
				}
			}
		}
	}
}

// settled: enough is known of the field.
func (d *deletions) settled(place string) bool {
	ends := d.done[place]
	return ends[goesBack]+ends[stays]+ends[replaces]+ends[another] > 0 || ends[isRefused] >= triesRefused || ends[isNeeded] >= triesNeeded
}

// left counts the fields that have not been deleted.
func (d *deletions) left() int {
	n := 0
	for sort, paths := range d.places {
		for path := range paths {
			if !d.settled(sort + " " + path) {
				n++
			}
		}
	}
	return n
}

// document deletes, one at a time, the lines of one drawn document whose fields
// are still to be deleted. It returns how many it applied.
func (d *deletions) document(seed int, text string, most int) int {
	var doc map[string]any
	if err := json.Unmarshal([]byte(text), &doc); err != nil {
		d.t.Fatal(err)
	}
	var lines [][]any
	keys(doc["spec"], nil, &lines)
	var full *resource.Unit
	var w *world
	applied := 0
	for _, line := range lines {
		sort, path := d.place(doc["spec"], line)
		place := sort + " " + path
		if applied >= most || !d.places[sort][path] || d.settled(place) {
			continue
		}
		if d.done[place] == nil {
			d.done[place] = map[string]int{}
		}
		if full == nil {
			if full = unitOf(d.sections, text); full == nil {
				d.t.Fatalf("document %d has errors", seed)
			}
		}
		reduced, err := json.Marshal(without(doc, append([]any{"spec"}, line...)))
		if err != nil {
			d.t.Fatal(err)
		}
		u := unitOf(d.sections, string(reduced))
		if u == nil || u.Len() != full.Len() || mistakes(u) > mistakes(full) {
			d.done[place][isNeeded]++
			continue
		}
		if w != nil && refusal(d.t, func(t tester) { seenBy(w, t).apply(full); w.settle() }) != "" {
			w = nil
		}
		if w == nil {
			w = newWorldFor(d.t).secure()
			w.apply(full)
			w.settle()
		}
		applied++
		end := d.delete(w, u, fmt.Sprintf("document %d without %s", seed, place))
		d.done[place][end]++
		if end == isRefused || end == another {
			w = nil
		}
	}
	return applied
}

// place is the sort and the index-free path of a line of spec.
func (d *deletions) place(tree any, line []any) (sort, path string) {
	var section spec.Section
	for _, s := range d.sections {
		if at := strings.Split(s.Path, "."); len(line) >= len(at) && s.Path == free(line[:len(at)]) && len(s.Path) > len(section.Path) {
			section = s
		}
	}
	at := min(len(line), len(strings.Split(section.Path, ".")))
	if section.Many {
		at = min(len(line), at+1)
	}
	for _, step := range line[:at] { // the body
		m, _ := tree.(map[string]any)
		tree = m[step.(string)]
	}
	body, _ := tree.(map[string]any)
	for _, other := range section.Others {
		if _, is := body[other.When]; is {
			section = other
		}
	}
	return section.Sort(), free(line[at:])
}

// delete applies what the document is without its line, once, and looks for
// anything that is left of it.
func (d *deletions) delete(w *world, u *resource.Unit, name string) (end string) {
	live := w.observe(u, false)
	end = goesBack
	for _, o := range u.Objects() {
		if live[o.ID].Presence != resource.Present {
			return another
		}
		for _, c := range w.changes(u, o.ID, live) {
			if c.Effect.Rank() >= diff.Replacement.Rank() && !c.Informational {
				d.replacement(w, u, o.ID, c.Path, name)
				return replaces
			}
			if strings.Contains(c.Note, "no longer governed") {
				end = stays
			}
		}
	}
	if why := refusal(d.t, func(t tester) { seenBy(w, t).apply(u) }); why != "" {
		if !strings.Contains(why, "operation error") { // the API's word, or the SDK's before it
			d.t.Errorf("%s: %s", name, why)
		}
		return isRefused
	}
	w.settle()
	live = w.observe(u, true)
	for _, o := range u.Objects() {
		resolved, _ := resource.Resolve(*o, attrsOf(live))
		l := live[o.ID]
		for _, changed := range []bool{false, true} {
			for _, c := range w.kind(o.ID.Kind).Diff(&resolved, &l, resource.Compare{Policy: u.Policy, InputChanged: changed,
				HasScalableTarget: live[o.ID.Of(resource.KindScalableTarget, "")].Presence == resource.Present}) {
				if !c.Informational || !strings.Contains(c.Note, "no longer governed") {
					d.t.Errorf("one pass after %s: %+v", name, c)
				}
			}
		}
	}
	return end
}

// replacement: the plan replaces the object where policy.recreate says so, and else
// says that it would need it, or lets another one take over from it: then the rest
// of the sequence stands in the plan, and the service first serves in both.
func (d *deletions) replacement(w *world, u *resource.Unit, id resource.ID, path, name string) {
	w.sandbox.Advance(50 * time.Hour) // no deployment runs any more, nor waits for anybody
	live := w.observe(u, false)
	var arns []string
	var group resource.Succession
	for _, k := range w.kinds {
		if g, ok := k.(resource.Succession); ok {
			group = g
		}
	}
	for at, l := range live {
		if at.Kind == resource.KindTargetGroup {
			arns = append(arns, l.ARN)
		}
	}
	groups := group.Standing(d.t.Context(), resource.DefaultTarget, arns)
	for _, allowed := range []bool{false, true} {
		unit := *u
		unit.Policy.Recreate = allowed
		p := plan.Make(plan.Input{Frame: frame, Unit: &unit, Kinds: kinds.All(nil), Live: live, Now: "2030-01-01T00:00:00Z", History: []resource.Deployment{}, Groups: groups})
		serves := false
		if g := groups[live[id].ARN].Group; g != nil {
			serves = len(g.LedBy) > 0 && g.Targets > 0
		}
		later := slices.ContainsFunc(p.Steps, func(s plan.Step) bool { return s.Blocked == status.Waiting && s.After != "" })
		ok := slices.ContainsFunc(p.Steps, func(s plan.Step) bool {
			return s.ID == id && s.Action == plan.ActionReplace && slices.Contains(paths(s.Changes), path) &&
				(s.Blocked == "" && (allowed || later || !serves) || s.Blocked == status.NeedsRecreate && !allowed)
		})
		if !ok {
			d.t.Errorf("%s: %s is no replacement with policy.recreate: %t:", name, path, allowed)
			for _, s := range p.Steps {
				d.t.Errorf("  %s %s %s: %s", s.ID.Local(), s.Action, s.Blocked, s.Why)
			}
		}
	}
}

// judge says what was deleted, and fails for what should have been.
func judge(t *testing.T, parts []*deletions, short bool) {
	all, ends := 0, map[string]int{}
	for _, d := range parts {
		for _, sort := range slices.Sorted(maps.Keys(d.places)) {
			for _, path := range slices.Sorted(maps.Keys(d.places[sort])) {
				all++
				place := sort + " " + path
				end, why := "", undeletable[sort][path]
				for _, e := range []string{goesBack, stays, replaces, another, isRefused, isNeeded} {
					if d.done[place][e] > 0 && end == "" {
						end = e
					}
				}
				ends[end]++
				switch {
				case short:
				case end == "":
					t.Errorf("%s was never deleted", place)
				case end == isRefused && why == "":
					t.Errorf("%s: its deletion is always refused, and nothing says why", place)
				case end != isRefused && why != "":
					t.Errorf("%s %s, and is excepted: %s", place, end, why)
				}
			}
		}
	}
	t.Logf("%d fields: %d go back, %d stay and are told, %d are replacements, %d names, %d needed, %d refused by AWS (each with a reason), %d not deleted",
		all, ends[goesBack], ends[stays], ends[replaces], ends[another], ends[isNeeded], ends[isRefused], ends[""])
}

// seenBy is the same world for another tester.
func seenBy(w *world, t tester) *world {
	return &world{t: t, sandbox: w.sandbox, pool: w.pool, kinds: w.kinds, rollouts: w.rollouts, raw: w.raw}
}

// softly is a tester whose failures end one attempt and not the test.
type softly struct{ tester }

type refused string

func (softly) Helper()                   {}
func (softly) Fatal(args ...any)         { panic(refused(fmt.Sprint(args...))) }
func (softly) Fatalf(f string, a ...any) { panic(refused(fmt.Sprintf(f, a...))) }

// refusal runs an attempt; "" when it went well.
func refusal(t tester, attempt func(tester)) (why string) {
	defer func() {
		switch x := recover().(type) {
		case nil:
		case refused:
			why = string(x)
		default:
			panic(x)
		}
	}()
	attempt(softly{t})
	return ""
}

// unitOf is the document's unit, nil where it has an error.
func unitOf(sections []spec.Section, text string) *resource.Unit {
	p := spec.Parse([]spec.File{{Path: "spec.yaml", Data: []byte(text)}}, sections, spec.Options{})
	wrong := func(p spec.Problem) bool { return p.Severity == spec.Error }
	if slices.ContainsFunc(p.Problems, wrong) || len(p.Documents) != 1 {
		return nil
	}
	u, problems := resource.Desire(frame, resource.DefaultTarget, p.Documents[0], kinds.All(nil))
	if slices.ContainsFunc(problems, wrong) {
		return nil
	}
	return u
}

// mistakes counts what validate says that AWS would refuse.
func mistakes(u *resource.Unit) int {
	n := 0
	for _, p := range lint.Check(u) {
		if p.Severity == spec.Error {
			n++
		}
	}
	return n
}

// keys are the places of all members of all objects in a tree.
func keys(v any, at []any, out *[][]any) {
	switch x := v.(type) {
	case map[string]any:
		for _, k := range slices.Sorted(maps.Keys(x)) {
			here := append(slices.Clone(at), k)
			if len(here) > 1 {
				*out = append(*out, here)
			}
			keys(x[k], here, out)
		}
	case []any:
		for i := range x {
			keys(x[i], append(slices.Clone(at), i), out)
		}
	}
}

// without is a copy of a tree that lacks one member.
func without(v any, path []any) any {
	switch x := v.(type) {
	case map[string]any:
		out := maps.Clone(x)
		if len(path) == 1 {
			delete(out, path[0].(string))
		} else {
			out[path[0].(string)] = without(x[path[0].(string)], path[1:])
		}
		return out
	case []any:
		out := slices.Clone(x)
		out[path[0].(int)] = without(x[path[0].(int)], path[1:])
		return out
	}
	return v
}

func free(line []any) string {
	out := ""
	for _, step := range line {
		if name, ok := step.(string); ok {
			out = shape.Join(out, name)
		} else {
			out += "[]"
		}
	}
	return out
}
