package kinds_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"reflect"
	"slices"
	"strings"
	"testing"

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
	replaces  = "is a replacement that waits for policy.recreate"
	another   = "was the object's name: there is another object"
	isNeeded  = "cannot be left out of the document"
	isRefused = "is refused by AWS without it"
)

// TestDeletedLine: a document over any fields is applied, one of its lines is
// deleted, and one pass later the field is at AWS' default; where that is no
// constant, diff says that it is no longer governed; where AWS cannot change it,
// a replacement is planned and held back.
//
// Every field of the walk of the types is deleted, but what is not drawn (with its
// reason in undrawn) and what always ends in a refusal (with its reason in
// undeletable). Without ECS_OPERATOR_EVERY_LINE the first ones that come up: the
// whole walk fails since strategies that shift traffic and rules that turn in two
// steps are drawn, at actions[].forwardConfig, targetControlPort, targetType,
// linearConfiguration and canaryConfiguration, and its table of refusals is behind.
func TestDeletedLine(t *testing.T) {
	documents, attempts := 3, 40
	every := os.Getenv("ECS_OPERATOR_EVERY_LINE") != ""
	if every {
		documents, attempts = 4000, 1<<30
	}
	d := &deletions{t: t, places: map[string]map[string]bool{}, done: map[string]map[string]int{}}
	d.walk()
	document := rapid.Custom(func(r *rapid.T) string { return anyDocument(r) })
	for seed := range documents {
		if attempts <= 0 || d.left() == 0 {
			break
		}
		attempts -= d.document(seed, document.Example(seed), attempts)
	}
	d.judge(!every)
}

// deletions is the state of the test.
type deletions struct {
	t      *testing.T
	places map[string]map[string]bool // by kind: every path that the generator can draw
	done   map[string]map[string]int  // "kind path": how often it ended how
}

// How often a field whose deletion was refused gets another document: by AWS, and
// by the document's own checks, which cost nothing.
const (
	triesRefused = 6
	triesNeeded  = 25
)

func (d *deletions) walk() {
	for _, k := range kinds.All(nil) {
		reg := shape.NewRegistry(k.Section().Unions, k.Section().Documents)
		d.places[k.Name()] = map[string]bool{}
		for _, path := range inputPaths(reg, reflect.TypeOf(k.Section().New()), "", 0) {
			if excluded(k.Name(), path) == "" {
				d.places[k.Name()][path] = true
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
	for kind, paths := range d.places {
		for path := range paths {
			if !d.settled(kind + " " + path) {
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
	full := unitOf(text)
	if full == nil {
		d.t.Fatalf("document %d has errors", seed)
	}
	var w *world
	applied := 0
	for _, line := range lines {
		kind, path := d.place(line)
		place := kind + " " + path
		if applied >= most || !d.places[kind][path] || d.settled(place) {
			continue
		}
		if d.done[place] == nil {
			d.done[place] = map[string]int{}
		}
		reduced, err := json.Marshal(without(doc, append([]any{"spec"}, line...)))
		if err != nil {
			d.t.Fatal(err)
		}
		u := unitOf(string(reduced))
		if u == nil || len(u.Objects) != len(full.Objects) || mistakes(u) > mistakes(full) {
			d.done[place][isNeeded]++
			continue
		}
		if w != nil && refusal(d.t, func(t tester) { seenBy(w, t).apply(full); w.settle() }) != "" {
			w = nil
		}
		if w == nil {
			w = newWorldFor(d.t)
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

// place is the kind and the index-free path of a line of spec.
func (d *deletions) place(line []any) (kind, path string) {
	var section spec.Section
	for _, s := range kinds.Sections() {
		if at := strings.Split(s.Path, "."); len(line) >= len(at) && s.Path == free(line[:len(at)]) && len(s.Path) > len(section.Path) {
			section = s
		}
	}
	rest := line[min(len(line), len(strings.Split(section.Path, "."))):]
	if section.Many {
		rest = rest[min(1, len(rest)):]
	}
	return section.Kind, free(rest)
}

// delete applies what the document is without its line, once, and looks for
// anything that is left of it.
func (d *deletions) delete(w *world, u *resource.Unit, name string) (end string) {
	live := w.observe(u, false)
	end = goesBack
	for _, o := range u.Objects {
		if live[o.ID].Presence != resource.Present {
			return another
		}
		for _, c := range w.changes(u, o.ID, live) {
			if c.Effect.Rank() >= diff.Replacement.Rank() && !c.Informational {
				d.replacement(u, live, o.ID, c.Path, name)
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
	for _, o := range u.Objects {
		resolved, _ := resource.Resolve(o, attrsOf(live))
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

// replacement: the plan replaces the object, and only where policy.recreate says so.
func (d *deletions) replacement(u *resource.Unit, live map[resource.ID]resource.Live, id resource.ID, path, name string) {
	for _, allowed := range []bool{false, true} {
		unit := *u
		unit.Policy.Recreate = allowed
		p := plan.Make(plan.Input{Frame: frame, Unit: &unit, Kinds: kinds.All(nil), Live: live, Now: "2030-01-01T00:00:00Z", History: []resource.Deployment{}})
		ok := slices.ContainsFunc(p.Steps, func(s plan.Step) bool {
			return s.ID == id && s.Action == plan.ActionReplace && (s.Blocked == status.NeedsRecreate) == !allowed && slices.Contains(paths(s.Changes), path)
		})
		if !ok {
			d.t.Errorf("%s: %s is no replacement with policy.recreate: %t: %+v", name, path, allowed, p.Steps)
		}
	}
}

// judge says what was deleted, and fails for what should have been.
func (d *deletions) judge(short bool) {
	all, ends := 0, map[string]int{}
	for _, kind := range slices.Sorted(maps.Keys(d.places)) {
		for _, path := range slices.Sorted(maps.Keys(d.places[kind])) {
			all++
			place := kind + " " + path
			end, why := "", undeletable[kind][path]
			for _, e := range []string{goesBack, stays, replaces, another, isRefused, isNeeded} {
				if d.done[place][e] > 0 && end == "" {
					end = e
				}
			}
			ends[end]++
			switch {
			case short:
			case end == "":
				d.t.Errorf("%s was never deleted", place)
			case end == isRefused && why == "":
				d.t.Errorf("%s: its deletion is always refused, and nothing says why", place)
			case end != isRefused && why != "":
				d.t.Errorf("%s was deleted, and is excepted: %s", place, why)
			}
		}
	}
	d.t.Logf("%d fields: %d go back, %d stay and are told, %d are replacements, %d names, %d needed, %d refused by AWS (each with a reason), %d not deleted",
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
func unitOf(text string) *resource.Unit {
	p := spec.Parse([]spec.File{{Path: "spec.yaml", Data: []byte(text)}}, kinds.Sections(), spec.Options{})
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
