package plan_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/ecs-operator/ecs-operator/pkg/plan"
	"github.com/ecs-operator/ecs-operator/pkg/resource"
	"github.com/ecs-operator/ecs-operator/pkg/status"
)

func webUnit(image string, port int32) *resource.Unit { return desire(webDoc(image, port)) }

func id(u *resource.Unit, kind, name string) resource.ID {
	for _, o := range u.Objects() {
		if o.ID.Kind == kind && o.ID.Name == name {
			return o.ID
		}
	}
	panic("no " + kind + "/" + name)
}

// scene is one world in which a unit is planned.
type scene struct {
	unit *resource.Unit
	w    *world
	in   plan.Input
}

func hello(image string) *scene { return of(desire(helloDoc(image))) }

func web() *scene { return of(webUnit("nginx:1", 80)) }

// of is a world in which the unit was applied.
func of(u *resource.Unit) *scene {
	s := &scene{unit: u, w: settled(u)}
	s.in = s.w.input(u)
	return s
}

// now wants another document in the same world.
func (s *scene) now(u *resource.Unit) *scene {
	s.unit = u
	s.in = s.w.input(u)
	return s
}

func (s *scene) edit(kind, name string, f func(*resource.Live)) *scene {
	s.w.edit(id(s.unit, kind, name), f)
	s.in = s.w.input(s.unit)
	return s
}

func (s *scene) with(f func(*plan.Input)) *scene { f(&s.in); return s }

func (s *scene) live(kind, name string, l resource.Live) *scene {
	l.ID = id(s.unit, kind, name)
	s.in.Live[l.ID] = l
	return s
}

func tag(key, value string) func(*resource.Live) {
	return func(l *resource.Live) { l.Tags[key] = value }
}

func TestSurroundings(t *testing.T) {
	u := webUnit("nginx:1", 80)
	w := newWorld()
	first := plan.Make(w.input(u))
	expect(t, first,
		"create target-group/web (none)",
		"create alarm/errors (none)",
		"create task-definition (none)",
		"create service (new deployment)",
		"create scalable-target (none)")
	w.apply(u, first)
	if again := plan.Make(w.input(u)); !again.Empty() {
		expect(t, again)
	}

	// A target group is replaced only where the document allows it; nothing that
	// refers to it moves meanwhile.
	u = webUnit("nginx:1", 81)
	expect(t, plan.Make(w.input(u)),
		"replace target-group/web (replacement) blocked NeedsRecreate port",
		"none alarm/errors", "none task-definition", "none service", "none scalable-target")

	// Then what refers to it is known after apply.
	u.Policy.Recreate = true
	replaced := plan.Make(w.input(u))
	expect(t, replaced,
		"replace target-group/web (replacement) port",
		"update alarm/errors (in place) dimension",
		"none task-definition",
		"update service (new deployment) loadBalancers[$(targetGroups.web.arn)] loadBalancers[arn:targetgroup/web-"+hash(int32(80))+"]",
		"none scalable-target")
	w.apply(u, replaced)
	if again := plan.Make(w.input(u)); !again.Empty() {
		expect(t, again)
	}
}

func TestUnknownIsNotAbsent(t *testing.T) {
	denied := &resource.Error{Class: resource.ClassDenied, Operation: "ecs:DescribeServices", Code: "AccessDeniedException", Message: "no"}
	throttled := &resource.Error{Class: resource.ClassThrottled, Operation: "ecs:DescribeServices", Code: "ThrottlingException"}
	cluster := &resource.Error{Class: resource.ClassNotFound, Operation: "ecs:DescribeServices", Code: "ClusterNotFoundException", Message: "Cluster not found."}
	for _, tc := range []struct {
		name   string
		err    error
		reason status.Reason
	}{
		{"silence", nil, status.Unobserved},
		{"a fault", errors.New("EOF"), status.Unobserved},
		{"denied", denied, status.AccessDenied},
		{"throttled", throttled, status.Throttled},
		{"no cluster", cluster, status.ClusterMissing},
	} {
		t.Run(tc.name, func(t *testing.T) {
			s := hello("nginx:1").now(desire(helloDoc("nginx:2"))).live(resource.KindService, "", resource.Live{Err: tc.err})
			// Nothing is registered for a service of which nothing is known.
			expect(t, plan.Make(s.in),
				"update task-definition (new deployment) blocked "+string(tc.reason)+" containers[web].image",
				"none service blocked "+string(tc.reason))
		})
	}

	t.Run("a target group", func(t *testing.T) {
		// What refers to it is neither changed nor lost; what else differs waits.
		s := web().live(resource.KindTargetGroup, "web", resource.Live{Err: throttled}).with(func(in *plan.Input) {
			svc := id(webUnit("nginx:1", 80), resource.KindService, "")
			l := in.Live[svc]
			l.Value.(*service).GracePeriod = p(int32(99))
			in.Live[svc] = l
		})
		expect(t, plan.Make(s.in),
			"none target-group/web blocked Throttled",
			"none alarm/errors [dimension]",
			"none task-definition",
			"update service (in place) blocked DependencyMissing gracePeriod [loadBalancers[$(targetGroups.web.arn)]] [loadBalancers[arn:targetgroup/web-"+hash(int32(80))+"]]",
			"none scalable-target")
	})
}

func TestAbsent(t *testing.T) {
	gone := resource.Live{Presence: resource.Absent}
	t.Run("in grace", func(t *testing.T) {
		s := web().live(resource.KindTargetGroup, "web", gone)
		s.in.InGrace = map[resource.ID]bool{id(s.unit, resource.KindTargetGroup, "web"): true}
		pl := plan.Make(s.in)
		expect(t, pl,
			"create target-group/web (none) blocked AbsenceGrace",
			"update alarm/errors (in place) blocked DependencyMissing dimension",
			"none task-definition",
			"update service (new deployment) blocked DependencyMissing loadBalancers[$(targetGroups.web.arn)] loadBalancers[arn:targetgroup/web-"+hash(int32(80))+"]",
			"none scalable-target")
	})
	t.Run("a dependency of a create", func(t *testing.T) {
		u := webUnit("nginx:1", 80)
		in := newWorld().input(u)
		tg := id(u, resource.KindTargetGroup, "web")
		in.Live[tg] = resource.Live{ID: tg, Presence: resource.Present, ARN: "arn:tg", Value: &targetGroup{Port: p(int32(80))}}
		// The revision is not registered either: no service could run it.
		expect(t, plan.Make(in),
			"adopt target-group/web (in place) blocked NotOurs tags.:key tags.:owner tags.:unit",
			"create alarm/errors (none) blocked DependencyMissing",
			"create task-definition (none) blocked DependencyMissing",
			"create service (new deployment) blocked DependencyMissing",
			"create scalable-target (none) blocked DependencyMissing")
	})
	t.Run("draining", func(t *testing.T) {
		s := hello("nginx:1").now(desire(helloDoc("nginx:2"))).edit(resource.KindService, "", func(l *resource.Live) {
			l.Health = resource.Health{State: resource.Gone}
		})
		expect(t, plan.Make(s.in),
			"update task-definition (new deployment) blocked Draining containers[web].image",
			"create service (new deployment) blocked Draining")
	})
}

func TestOwnership(t *testing.T) {
	svc := resource.KindService
	for _, tc := range []struct {
		name, key, value string
		reason           status.Reason
		why              string
	}{
		{"no tag", resource.TagOwner, "", status.NotOurs, "exists and is not ours; set policy.adopt"},
		{"another operator", resource.TagOwner, "staging", status.NotOurs, `owned by "staging"`},
		{"another unit", resource.TagUnit, "default/other", status.NotOurs, `belongs to the unit "default/other"`},
		{"another scope", resource.TagScope, "team-b", status.OtherScope, "owned by scope team-b; set policy.adopt to move it"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			s := hello("nginx:1").edit(svc, "", tag(tc.key, tc.value)).edit(svc, "", func(l *resource.Live) {
				l.Value.(*service).GracePeriod = p(int32(1))
			})
			pl := plan.Make(s.in)
			last := pl.Steps[len(pl.Steps)-1]
			if last.Blocked != tc.reason || !strings.Contains(last.Why, tc.why) || last.Writes() {
				t.Errorf("have %s: %s (writes %v), want %s: …%s…", last.Blocked, last.Why, last.Writes(), tc.reason, tc.why)
			}
		})
	}
	t.Run("adopt", func(t *testing.T) {
		d := helloDoc("nginx:2")
		d.Policy.Adopt = true
		s := hello("nginx:1").now(desire(d)).edit(svc, "", func(l *resource.Live) { l.Tags = map[string]string{"team": "a"} })
		pl := plan.Make(s.in)
		expect(t, pl,
			"update task-definition (new deployment) blocked Waiting containers[web].image",
			"adopt service (in place) tags.:owner tags.:spec-hash tags.:unit",
			"update service (new deployment) blocked Waiting taskDefinition")
		s.w.apply(s.unit, pl)
		next := plan.Make(s.w.input(s.unit))
		expect(t, next,
			"update task-definition (new deployment) containers[web].image",
			"update service (new deployment) taskDefinition")
	})
	t.Run("a scope is taken once", func(t *testing.T) {
		s := hello("nginx:1")
		scoped := frame
		scoped.Scope = "team-a"
		u, _ := resource.Desire(scoped, resource.DefaultTarget, helloDoc("nginx:1"), kinds())
		s.now(u)
		s.in.Frame = scoped
		expect(t, plan.Make(s.in), "none task-definition", "update service (in place) tags.:scope")
	})
	t.Run("a scope that nobody asks for", func(t *testing.T) {
		d := helloDoc("nginx:1")
		d.Policy.Adopt = true
		s := of(desire(d)).edit(svc, "", tag(resource.TagScope, "team-b")).edit(svc, "", func(l *resource.Live) {
			l.Value.(*service).GracePeriod = p(int32(1))
		})
		// Without --scope there is no tag to write: adopting it again and again would not end.
		expect(t, plan.Make(s.in), "none task-definition", "update service (in place) gracePeriod")
	})
	t.Run("adopting waits for nobody", func(t *testing.T) {
		d := webDoc("nginx:1", 80)
		d.Policy.Adopt = true
		s := of(desire(d)).edit(svc, "", tag(resource.TagOwner, "")).live(resource.KindTargetGroup, "web", resource.Live{})
		pl := plan.Make(s.in)
		expect(t, pl,
			"none target-group/web blocked Unobserved",
			"none alarm/errors [dimension]",
			"none task-definition",
			"adopt service (in place) tags.:owner",
			"none scalable-target")
	})
	t.Run("nothing is led to what is not ours", func(t *testing.T) {
		s := web().edit(resource.KindTargetGroup, "web", tag(resource.TagOwner, "")).edit(svc, "", func(l *resource.Live) {
			l.Value.(*service).LoadBalancers = nil
		})
		for _, step := range plan.Make(s.in).Steps {
			if step.Writes() {
				t.Errorf("%s %s would be written", step.Action, step.ID)
			}
		}
	})
	t.Run("nothing is made around a foreign service", func(t *testing.T) {
		s := web().edit(svc, "", tag(resource.TagOwner, "")).edit(resource.KindScalableTarget, "", func(l *resource.Live) {
			l.Value.(*scalableTarget).Max = p(int32(9))
		}).live(resource.KindAlarm, "errors", resource.Live{Presence: resource.Absent})
		for _, step := range plan.Make(s.in).Steps {
			if step.Writes() {
				t.Errorf("%s %s would be written", step.Action, step.ID)
			}
		}
	})
	t.Run("what cannot carry tags is its parent's", func(t *testing.T) {
		s := web().edit(resource.KindScalableTarget, "", func(l *resource.Live) {
			l.Tags = nil
			l.Value.(*scalableTarget).Max = p(int32(9))
		})
		pl := plan.Make(s.in)
		if last := pl.Steps[len(pl.Steps)-1]; !last.Writes() || last.ID.Kind != resource.KindScalableTarget {
			expect(t, pl)
		}
	})
}

func TestTags(t *testing.T) {
	d := helloDoc("nginx:1")
	d.Policy.OnDelete = "prune"
	s := of(desire(d))
	s.w.edit(id(s.unit, resource.KindService, ""), func(l *resource.Live) {
		l.Tags["somebody"] = "else's"
		l.Tags["aws:cloudformation:stack"] = "x"
		l.Tags[resource.TagRevision] = "old"
	})
	if pl := plan.Make(s.w.input(s.unit)); !pl.Empty() {
		expect(t, pl)
	}
	// The document says nothing on deletion any more: an old word must not stand.
	u := desire(helloDoc("nginx:1"))
	expect(t, plan.Make(s.w.input(u)), "none task-definition", "update service (in place) tags.:on-delete")
}

// The tags of an author are masked like every other value: by their key and by
// their look. What is written is the object's own tag.
func TestSecretTagsAreNeverShown(t *testing.T) {
	u := desire(helloDoc("nginx:1"))
	w := settled(u)
	for i := range u.Objects() {
		if o := u.Objects()[i]; o.ID.Kind == resource.KindService {
			o.Tags = merge(o.Tags, map[string]string{"Password": "hunter2", "app.token": "hunter2", "link": "redis://:hunter2@h", "team": "web"})
			w.edit(o.ID, func(l *resource.Live) { l.Tags = merge(l.Tags, map[string]string{"Password": "hunter1"}) })
		}
	}
	masked := 0
	for _, s := range plan.Make(w.input(u)).Steps {
		for _, c := range s.Changes {
			if strings.Contains(fmt.Sprint(c.Old, c.New), "hunter") {
				t.Errorf("%s is shown: %v → %v", c.Path, c.Old, c.New)
			}
			if c.Sensitive {
				masked++
			}
			if c.Path == "tags.team" && c.New != "web" {
				t.Errorf("tags.team is shown as %v", c.New)
			}
		}
	}
	if masked != 3 {
		t.Errorf("%d tags are masked, want 3", masked)
	}
}

func TestPolicy(t *testing.T) {
	drift := func(l *resource.Live) { l.Value.(*service).GracePeriod = p(int32(1)) }
	for name, tc := range map[string]struct {
		mode, suspend string
		reason        status.Reason
	}{
		"auto":                       {},
		"manual":                     {mode: "manual", reason: status.ManualMode},
		"observe":                    {mode: "observe", reason: status.ObserveMode},
		"suspended":                  {suspend: "until=2026-11-23T12:00:01Z by=ann reason=fire drill", reason: status.Suspended},
		"suspended for good":         {suspend: "by=ann", reason: status.Suspended},
		"suspended past reading":     {suspend: "until=tomorrow", reason: status.Suspended},
		"suspension has ended":       {suspend: "until=2026-11-23T12:00:00Z by=ann"},
		"suspended, in another zone": {suspend: "until=2026-11-23T13:30:00+01:00", reason: status.Suspended},
	} {
		t.Run(name, func(t *testing.T) {
			d := helloDoc("nginx:2")
			d.Policy.Mode = tc.mode
			s := hello("nginx:1").now(desire(d)).edit(resource.KindService, "", drift)
			if tc.suspend != "" {
				s.edit(resource.KindService, "", tag(resource.TagSuspend, tc.suspend))
			}
			pl := plan.Make(s.in)
			suffix := ""
			if tc.reason != "" {
				suffix = " blocked " + string(tc.reason)
			}
			expect(t, pl,
				"update task-definition (new deployment)"+suffix+" containers[web].image",
				"update service (new deployment)"+suffix+" gracePeriod taskDefinition tags.:spec-hash")
		})
	}
}

func TestRecreate(t *testing.T) {
	fargate := func(recreate bool) *resource.Unit {
		d := helloDoc("nginx:1")
		d.Policy.Recreate = recreate
		d.Bodies[1].Value.(*service).LaunchType = p("FARGATE")
		return desire(d)
	}
	s := hello("nginx:1").now(fargate(false)).edit(resource.KindService, "", func(l *resource.Live) {
		l.Value.(*service).GracePeriod = p(int32(1))
	})
	expect(t, plan.Make(s.in),
		"none task-definition",
		"update service (in place) gracePeriod",
		"replace service (recreation with downtime) blocked NeedsRecreate launchType tags.:spec-hash")
	expect(t, plan.Make(s.now(fargate(true)).in),
		"none task-definition",
		"replace service (recreation with downtime) gracePeriod launchType tags.:spec-hash")
}

func TestCountIsTheAutoscalers(t *testing.T) {
	d := helloDoc("nginx:1")
	s := of(desire(d)).edit(resource.KindService, "", func(l *resource.Live) { l.Value.(*service).DesiredCount = p(int32(7)) })
	expect(t, plan.Make(s.in), "none task-definition", "update service (in place) desiredCount")
	s.in.ForeignScaling = true
	expect(t, plan.Make(s.in), "none task-definition", "none service [desiredCount]")
	s.in.ForeignScaling, s.in.ScalingUnread = false, true // it may be the autoscaler's, and nobody says that all is well
	expect(t, plan.Make(s.in), "none task-definition", "update service (in place) blocked Unobserved desiredCount")
	if plan.Make(s.in).Counted() {
		t.Error("a count that waits passes for the document's: the next look would take the difference for somebody's")
	}
	s.in.ForeignScaling, s.in.ScalingUnread = true, false
	s.in.Unit.Policy.DesiredCount = "fixed" // the author insists: a person has to decide
	expect(t, plan.Make(s.in), "none task-definition", "update service (in place) blocked NotOurs desiredCount")
}

func TestCircle(t *testing.T) {
	u := webUnit("nginx:1", 80)
	tg := u.Object(id(u, resource.KindTargetGroup, "web"))
	tg.Need(id(u, resource.KindScalableTarget, ""))
	pl := plan.Make(newWorld().input(u))
	if len(pl.Steps) != u.Len() {
		t.Errorf("%d steps for %d objects", len(pl.Steps), u.Len())
	}
	blocked := 0
	for _, s := range pl.Steps {
		if s.Blocked == status.InvalidSpec {
			blocked++
		}
		if s.Writes() {
			t.Errorf("%s is written in spite of the circle", s.ID)
		}
	}
	if blocked != 5 { // the task definition as well: its service cannot come
		t.Errorf("%d steps blocked InvalidSpec, want all 5", blocked)
	}
}

func TestUnknownKind(t *testing.T) {
	s := hello("nginx:1")
	s.in.Kinds = slices.DeleteFunc(s.in.Kinds, func(k resource.Kind) bool { return k.Name() == resource.KindService })
	pl := plan.Make(s.in)
	if last := pl.Steps[len(pl.Steps)-1]; last.Blocked != status.InternalError {
		t.Errorf("a service of no known kind: %q", last.Blocked)
	}
}
