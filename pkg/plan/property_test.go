package plan_test

import (
	"encoding/json"
	"errors"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/ecs-operator/ecs-operator/pkg/plan"
	"github.com/ecs-operator/ecs-operator/pkg/resource"
	"github.com/ecs-operator/ecs-operator/pkg/status"
)

var images = rapid.SampledFrom([]string{"nginx:1", "nginx:2", "nginx:3"})

// anyUnit draws a document and desires it.
func anyUnit(t *rapid.T, label string, adopt bool) *resource.Unit {
	d := webDoc(images.Draw(t, label+" image"), rapid.Int32Range(80, 82).Draw(t, label+" port"))
	svc := d.Bodies[1].Value.(*service)
	svc.GracePeriod = p(rapid.Int32Range(0, 2).Draw(t, label+" grace"))
	if rapid.Bool().Draw(t, label+" alarm") {
		d.Bodies = d.Bodies[:len(d.Bodies)-1]
		svc.AlarmName = nil
		d.Bodies[1].Refs = d.Bodies[1].Refs[:1]
	}
	if !adopt {
		d.Policy.Mode = rapid.SampledFrom([]string{"", "", "", "manual", "observe"}).Draw(t, label+" mode")
	}
	d.Policy.Adopt = adopt
	d.Policy.Recreate = rapid.Bool().Draw(t, label+" recreate") || adopt
	return desire(d)
}

// disturb is somebody else in the account: objects deleted, edited, untagged.
func disturb(t *rapid.T, w *world, u *resource.Unit) {
	for _, o := range u.Objects() {
		l, ok := w.live[o.ID]
		if !ok || l.Presence != resource.Present {
			continue
		}
		switch rapid.IntRange(0, 7).Draw(t, "to "+o.ID.Local()) {
		case 0:
			if o.ID.Kind != resource.KindTaskDefinition { // a service holds on to its own
				delete(w.live, o.ID)
			}
		case 1:
			w.edit(o.ID, func(l *resource.Live) { l.Tags = map[string]string{} })
		case 2:
			w.edit(o.ID, func(l *resource.Live) {
				switch v := l.Value.(type) {
				case *service:
					v.GracePeriod, v.LaunchType = p(int32(77)), p("FARGATE")
				case *taskDefinition:
					v.Containers[0].Image, v.Cpu = p("edited"), p("9")
				case *targetGroup:
					v.Port = p(int32(1))
				case *scalableTarget:
					v.Max = p(int32(99))
				case *alarm:
					v.Threshold = nil
				}
			})
		}
	}
}

func TestPlansConverge(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		w := newWorld()
		before := anyUnit(t, "before", true)
		for range rapid.IntRange(0, 2).Draw(t, "passes before") {
			w.apply(before, plan.Make(w.input(before)))
		}
		disturb(t, w, before)
		u := anyUnit(t, "after", true)
		passes := 0
		for ; passes < 4; passes++ {
			pl := plan.Make(w.input(u))
			if pl.Empty() {
				break
			}
			w.apply(u, pl)
		}
		if pl := plan.Make(w.input(u)); !pl.Empty() {
			t.Fatalf("not empty after %d passes: %v", passes, summary(pl))
		}
		// Whoever dies between any two steps and starts again ends there too.
		cut := newWorld()
		first := plan.Make(cut.input(u))
		n := rapid.IntRange(0, len(first.Steps)).Draw(t, "steps before the crash")
		first.Steps = first.Steps[:n]
		cut.apply(u, first)
		cut.apply(u, plan.Make(cut.input(u)))
		if pl := plan.Make(cut.input(u)); !pl.Empty() {
			t.Fatalf("not empty after a crash at step %d: %v", n, summary(pl))
		}
		if len(cut.writes) != u.Len() {
			t.Fatalf("a crash at step %d cost superfluous writes: %v", n, cut.writes)
		}
	})
}

func TestPlansAreSound(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		w := newWorld()
		before := anyUnit(t, "before", true)
		if rapid.Bool().Draw(t, "applied before") {
			w.apply(before, plan.Make(w.input(before)))
		}
		disturb(t, w, before)
		u := anyUnit(t, "after", rapid.Bool().Draw(t, "adopt"))
		in := w.input(u)
		in.InGrace = map[resource.ID]bool{}
		for _, o := range u.Objects() {
			switch rapid.IntRange(0, 9).Draw(t, "reading "+o.ID.Local()) {
			case 0:
				in.Live[o.ID] = resource.Live{ID: o.ID, Err: errors.New("EOF")}
			case 1:
				delete(in.Live, o.ID)
			case 2:
				in.InGrace[o.ID] = true
			}
		}
		svc := id(u, resource.KindService, "")
		if l := in.Live[svc]; l.Presence == resource.Present {
			s := *l.Service
			s.PrimaryState = rapid.SampledFrom([]string{"COMPLETED", "IN_PROGRESS", "FAILED", ""}).Draw(t, "primary")
			l.Service = &s
			l.Tags = merge(l.Tags, nil)
			switch rapid.IntRange(0, 4).Draw(t, "tag") {
			case 0:
				l.Tags[resource.TagSuspend] = "until=2030-01-01T00:00:00Z"
			case 1:
				l.Tags[resource.TagHold] = u.ContentHash
			case 2:
				l.Tags[resource.TagQuarantine] = plan.Quarantine{Hash: u.ContentHash}.Tag()
			}
			in.Live[svc] = l
		}
		if rapid.Bool().Draw(t, "history") {
			in.History = []resource.Deployment{failed(u, "7", rapid.SampledFrom([]resource.DeploymentStatus{
				resource.DeploymentFailed, resource.DeploymentRunning, resource.DeploymentRollingBack, resource.DeploymentSucceeded}).Draw(t, "newest"))}
		}
		seen := marshal(t, in.Live)
		pl := plan.Make(in)
		if marshal(t, in.Live) != seen {
			t.Fatal("the plan changed what it was made from")
		}
		check(t, in, pl)

		// The same facts in another order are the same plan.
		in.Unit = u.With(rapid.Permutation(u.Objects()).Draw(t, "order")...)
		if a, b := marshal(t, pl), marshal(t, plan.Make(in)); a != b {
			t.Fatalf("two plans of the same facts:\n%s\n%s", a, b)
		}
	})
}

// check holds a plan to what every plan must be.
func check(t *rapid.T, in plan.Input, pl plan.Plan) {
	at := map[resource.ID]int{}
	writes := map[resource.ID]int{}
	deploys, registers := false, false
	for i, s := range pl.Steps {
		at[s.ID] = i
		if s.Writes() {
			writes[s.ID]++
			registers = registers || s.ID.Kind == resource.KindTaskDefinition
			deploys = deploys || s.ID.Kind == resource.KindService && (s.Action == plan.ActionCreate || s.Effect.Deploys() || s.Action == plan.ActionReplace)
		}
		live := in.Live[s.ID]
		switch {
		case s.Blocked != "" && s.Why == "":
			t.Fatalf("%s is blocked without a word", s.ID)
		case live.Presence == resource.Unknown && (s.Action != plan.ActionNone || s.Blocked == ""):
			t.Fatalf("%s is unknown and yet: %s %s", s.ID, s.Action, s.Blocked)
		case in.InGrace[s.ID] && live.Presence == resource.Absent && s.Writes():
			t.Fatalf("%s is written in its grace", s.ID)
		case s.Action == plan.ActionCreate && live.Presence == resource.Present:
			t.Fatalf("%s exists and is created", s.ID)
		case s.Seen != live.Fingerprint():
			t.Fatalf("%s was planned on something else", s.ID)
		case s.Writes() && in.Unit.Policy.Mode != "":
			t.Fatalf("%s is written in mode %s", s.ID, in.Unit.Policy.Mode)
		case s.Writes() && s.Action != plan.ActionCreate && len(s.Changes) == 0:
			t.Fatalf("%s is written for no reason", s.ID)
		case s.Writes() && s.Action != plan.ActionAdopt && s.ID.Kind != resource.KindTaskDefinition && live.Presence == resource.Present &&
			s.ID.Kind != resource.KindScalableTarget && live.Owner().Operator != frame.Owner:
			t.Fatalf("%s is not ours and is written", s.ID)
		}
	}
	svc := in.Live[id(in.Unit, resource.KindService, "")]
	_, suspended := svc.Tags[resource.TagSuspend]
	for _, o := range in.Unit.Objects() {
		i, ok := at[o.ID]
		switch {
		case !ok:
			t.Fatalf("%s has no step", o.ID)
		case writes[o.ID] > 1:
			t.Fatalf("%s is written twice", o.ID)
		case writes[o.ID] > 0 && suspended:
			t.Fatalf("%s is written to a suspended service", o.ID)
		case writes[o.ID] > 0 && svc.Presence == resource.Unknown:
			t.Fatalf("%s is written although the service may be suspended", o.ID)
		}
		for _, need := range o.Needs {
			if at[need] > i {
				t.Fatalf("%s comes before %s, which it needs", o.ID, need)
			}
		}
	}
	if registers && !deploys {
		t.Fatalf("a revision is registered that no service will run: %v", summary(pl))
	}
	held := slices.ContainsFunc(pl.Steps, func(s plan.Step) bool { return s.Blocked == status.Quarantined })
	if pl.Quarantine != nil && !held {
		t.Fatalf("a quarantine that holds nothing: %v", summary(pl))
	}
	if deploys && svc.Presence == resource.Present && (svc.Tags[resource.TagHold] == in.Unit.ContentHash || svc.Tags[resource.TagQuarantine] != "") {
		t.Fatalf("content that was put aside is deployed: %v", summary(pl))
	}
	if deploys && in.History != nil && svc.Presence == resource.Present && in.History[0].Status == resource.DeploymentRollingBack {
		t.Fatalf("a deployment is started into a rollback: %v", summary(pl))
	}
}

func marshal(t *rapid.T, v any) string {
	m, ok := v.(map[resource.ID]resource.Live)
	if ok {
		byName := map[string]resource.Live{}
		for id, l := range m {
			l.Err = nil
			byName[id.String()] = l
		}
		v = byName
	}
	b, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}
