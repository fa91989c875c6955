package plan_test

import (
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/ecs-operator/ecs-operator/pkg/plan"
	"github.com/ecs-operator/ecs-operator/pkg/resource"
	"github.com/ecs-operator/ecs-operator/pkg/shape"
)

// Steps that a table below expects again and again.
const (
	deployTD      = "update task-definition (new deployment)"
	deployService = "update service (new deployment)"
	image         = " containers[web].image"
	toNew         = " taskDefinition tags.:spec-hash"
)

// rolledBack is a world in which nginx:bad was deployed over nginx:1, and ECS
// went back: the service runs the old revision and carries the new hash.
func rolledBack() *scene {
	s := hello("nginx:1")
	bad := desire(helloDoc("nginx:bad"))
	return s.now(bad).edit(resource.KindService, "", tag(resource.TagSpecHash, bad.ContentHash))
}

// failed is a deployment that carried the unit's content.
func failed(u *resource.Unit, n string, status resource.DeploymentStatus) resource.Deployment {
	td := "arn:task-definition/default-hello:" + n
	svc := shape.Clone(u.Object(id(u, resource.KindService, "")).Want.(*service))
	svc.TaskDefinition = &td
	return resource.Deployment{ARN: "arn:service-deployment/default/hello/d" + n, Status: status, TaskDefinition: td,
		Content: map[string]resource.Live{
			resource.KindService:        {Presence: resource.Present, Value: svc},
			resource.KindTaskDefinition: {Presence: resource.Present, ARN: td, Value: u.Object(id(u, resource.KindTaskDefinition, "")).Want},
		}}
}

func history(hs ...resource.Deployment) func(*plan.Input) {
	return func(in *plan.Input) { in.History = append([]resource.Deployment{}, hs...) }
}

func primary(state string) func(*resource.Live) {
	return func(l *resource.Live) { l.Service.PrimaryState = state }
}

func TestFailedContentIsNotDeployedAgain(t *testing.T) {
	blocked := []string{
		deployTD + " blocked Quarantined" + image,
		deployService + " blocked Quarantined taskDefinition",
	}
	t.Run("the history is asked first", func(t *testing.T) {
		pl := plan.Make(rolledBack().in)
		expect(t, pl, deployTD+image, deployService+" taskDefinition")
		if !pl.NeedsHistory() {
			t.Error("a deployment would be started without a look at those before it")
		}
	})
	t.Run("by history", func(t *testing.T) {
		s := rolledBack()
		pl := plan.Make(s.with(history(failed(s.unit, "2", resource.DeploymentRolledBack))).in)
		expect(t, pl, append(blocked, "quarantine d2 RolledBack")...)
		want := plan.Quarantine{Hash: s.unit.ContentHash, TaskDefinition: "default-hello:2", Deployment: "d2", Cause: "RolledBack", Newest: true}
		if d := cmp.Diff(want, *pl.Quarantine); d != "" {
			t.Errorf("quarantine (-want +got):\n%s", d)
		}
		if pl.NeedsHistory() {
			t.Error("it has the history")
		}
	})
	t.Run("while it is rolling back", func(t *testing.T) {
		s := rolledBack()
		expect(t, plan.Make(s.with(history(failed(s.unit, "2", resource.DeploymentRollingBack))).in), append(blocked, "quarantine d2 RollingBack")...)
	})
	t.Run("by tag", func(t *testing.T) {
		s := rolledBack()
		q := plan.Quarantine{Hash: s.unit.ContentHash, TaskDefinition: "default-hello:2", Deployment: "d2", Cause: "RolledBack"}
		s.edit(resource.KindService, "", tag(resource.TagQuarantine, q.Tag()))
		pl := plan.Make(s.in)
		expect(t, pl, blocked...)
		if pl.NeedsHistory() {
			t.Error("the tag is the memory: no history is needed")
		}
	})
	t.Run("another spelling of the same content", func(t *testing.T) {
		s := rolledBack()
		h := failed(s.unit, "2", resource.DeploymentRolledBack)
		d := helloDoc("nginx:bad")
		d.Bodies[1].Value.(*service).DesiredCount = p(int32(5)) // not rollout content
		s.now(desire(d)).edit(resource.KindService, "", tag(resource.TagSpecHash, "1-of-another-algorithm"))
		expect(t, plan.Make(s.with(history(h)).in),
			deployTD+" blocked Quarantined"+image,
			"update service (in place) desiredCount",
			deployService+" blocked Quarantined taskDefinition tags.:spec-hash",
			"quarantine d2 RolledBack")
	})
	t.Run("a count that waits is shown beside it", func(t *testing.T) {
		s := rolledBack()
		h := failed(s.unit, "2", resource.DeploymentRolledBack)
		d := helloDoc("nginx:bad")
		d.Bodies[1].Value.(*service).DesiredCount = p(int32(5))
		s.now(desire(d)).edit(resource.KindService, "", tag(resource.TagSpecHash, "1-of-another-algorithm"))
		s.in.ScalingUnread = true
		expect(t, plan.Make(s.with(history(h)).in),
			deployTD+" blocked Quarantined"+image,
			deployService+" blocked Quarantined taskDefinition tags.:spec-hash",
			"update service (in place) blocked Unobserved desiredCount",
			"quarantine d2 RolledBack")
	})
	t.Run("other content", func(t *testing.T) {
		s := rolledBack()
		h := failed(s.unit, "2", resource.DeploymentRolledBack)
		s.now(desire(helloDoc("nginx:3")))
		expect(t, plan.Make(s.with(history(h)).in), deployTD+image, deployService+toNew)
	})
	t.Run("only the service differs", func(t *testing.T) {
		u := webUnit("nginx:1", 80)
		s := of(u)
		td := id(u, resource.KindTaskDefinition, "")
		h := failed(u, "2", resource.DeploymentRolledBack) // failed with another target group
		s.edit(resource.KindService, "", func(l *resource.Live) { l.Value.(*service).TaskDefinition = p("arn:old") })
		h.TaskDefinition = s.in.Live[td].ARN
		expect(t, plan.Make(s.with(history(h)).in),
			"none target-group/web", "none alarm/errors", "none task-definition", deployService+" taskDefinition", "none scalable-target")
	})
	t.Run("it succeeded since", func(t *testing.T) {
		s := rolledBack()
		h := failed(s.unit, "2", resource.DeploymentRolledBack)
		later := resource.Deployment{ARN: "arn:service-deployment/default/hello/d3", Status: resource.DeploymentSucceeded, TaskDefinition: h.TaskDefinition}
		expect(t, plan.Make(s.with(history(later, h)).in), deployTD+image, deployService+" taskDefinition")
	})
	t.Run("lifted", func(t *testing.T) {
		s := rolledBack()
		q := plan.Quarantine{Hash: s.unit.ContentHash, TaskDefinition: "default-hello:2", Deployment: "d2", Cause: "RolledBack"}
		s.edit(resource.KindService, "", tag(resource.TagQuarantine, plan.Lift(q.Tag())))
		expect(t, plan.Make(s.with(history(failed(s.unit, "2", resource.DeploymentRolledBack), failed(s.unit, "1", resource.DeploymentFailed))).in),
			deployTD+image, deployService+" taskDefinition")
		// It fails once more.
		expect(t, plan.Make(s.with(history(failed(s.unit, "4", resource.DeploymentFailed), failed(s.unit, "2", resource.DeploymentRolledBack))).in),
			append(blocked, "quarantine d4 RolloutFailed")...)
	})
	t.Run("harmless drift is healed meanwhile", func(t *testing.T) {
		s := rolledBack()
		s.edit(resource.KindService, "", func(l *resource.Live) { l.Value.(*service).GracePeriod = p(int32(1)) })
		pl := plan.Make(s.with(history(failed(s.unit, "2", resource.DeploymentRolledBack))).in)
		expect(t, pl,
			deployTD+" blocked Quarantined"+image,
			"update service (in place) gracePeriod",
			deployService+" blocked Quarantined taskDefinition",
			"quarantine d2 RolledBack")
	})
	t.Run("the history cannot be read", func(t *testing.T) {
		s := rolledBack()
		for err, reason := range map[error]string{
			errors.New("EOF"): "Unobserved",
			&resource.Error{Class: resource.ClassDenied, Code: "AccessDeniedException"}: "AccessDenied",
		} {
			s.in.HistoryErr = err
			expect(t, plan.Make(s.in), deployTD+" blocked "+reason+image, deployService+" blocked "+reason+" taskDefinition")
		}
	})
}

func TestStandingStill(t *testing.T) {
	stalled := func() *scene {
		return hello("nginx:1").edit(resource.KindService, "", primary("FAILED")).edit(resource.KindService, "", func(l *resource.Live) {
			l.Service.CurrentDeployment = "arn:service-deployment/default/hello/d1"
		})
	}
	t.Run("found out", func(t *testing.T) {
		pl := plan.Make(stalled().in)
		expect(t, pl, "none task-definition", "none service blocked Quarantined", "quarantine d1 RolloutFailed")
		if !pl.NeedsHistory() || pl.Empty() {
			t.Error("a failed rollout is not nothing")
		}
	})
	t.Run("remembered", func(t *testing.T) {
		s := stalled()
		q := plan.Quarantine{Hash: s.unit.ContentHash, Deployment: "d1", Cause: "RolloutFailed"}
		s.edit(resource.KindService, "", tag(resource.TagQuarantine, q.Tag()))
		pl := plan.Make(s.in)
		expect(t, pl, "none task-definition", "none service blocked Quarantined")
		if pl.NeedsHistory() {
			t.Error("the tag is the memory: no history is needed")
		}
		// Drift is healed and the quarantine still said.
		s.edit(resource.KindService, "", func(l *resource.Live) { l.Value.(*service).GracePeriod = p(int32(1)) })
		expect(t, plan.Make(s.in), "none task-definition", "update service (in place) gracePeriod", "none service blocked Quarantined")
	})
	t.Run("a lifted one is deployed by force, once", func(t *testing.T) {
		s := stalled()
		q := plan.Quarantine{Hash: s.unit.ContentHash, Deployment: "d1", Cause: "RolloutFailed"}
		s.edit(resource.KindService, "", tag(resource.TagQuarantine, plan.Lift(q.Tag())))
		expect(t, plan.Make(s.in), "none task-definition", "update service (forced deployment) taskDefinition")
		s.edit(resource.KindService, "", func(l *resource.Live) {
			l.Service.CurrentDeployment = "arn:service-deployment/default/hello/d2"
		})
		expect(t, plan.Make(s.in), "none task-definition", "none service blocked Quarantined", "quarantine d2 RolloutFailed")
		s.edit(resource.KindService, "", primary("IN_PROGRESS"))
		expect(t, plan.Make(s.in), "none task-definition", "none service")
	})
	t.Run("where ECS gives no rollout state", func(t *testing.T) {
		s := stalled().edit(resource.KindService, "", primary(""))
		if pl := plan.Make(s.in); !pl.Empty() {
			expect(t, pl)
		}
		newest := failed(s.unit, "1", resource.DeploymentFailed)
		expect(t, plan.Make(s.with(history(newest)).in), "none task-definition", "none service blocked Quarantined", "quarantine d1 RolloutFailed")
	})
	t.Run("a new spec helps", func(t *testing.T) {
		s := stalled()
		s.now(desire(helloDoc("nginx:2")))
		expect(t, plan.Make(s.with(history()).in), deployTD+image, deployService+toNew)
	})
	t.Run("of unknown content", func(t *testing.T) {
		s := stalled().live(resource.KindTaskDefinition, "", resource.Live{})
		expect(t, plan.Make(s.in), "none task-definition blocked Unobserved", "none service [taskDefinition]")
	})
}

func TestRunningDeployment(t *testing.T) {
	drifted := func(s *scene) *scene {
		return s.edit(resource.KindTaskDefinition, "", func(l *resource.Live) {
			l.Value.(*taskDefinition).Containers[0].Image = p("edited")
		})
	}
	running := resource.Deployment{ARN: "arn:d9", Status: resource.DeploymentRunning}
	rolling := resource.Deployment{ARN: "arn:d9", Status: resource.DeploymentRollingBack}
	hold := []string{deployTD + " blocked DeploymentRunning" + image, deployService + " blocked DeploymentRunning taskDefinition"}

	t.Run("is not a difference", func(t *testing.T) {
		if pl := plan.Make(hello("nginx:1").edit(resource.KindService, "", primary("IN_PROGRESS")).in); !pl.Empty() {
			expect(t, pl)
		}
	})
	t.Run("of this content holds the next", func(t *testing.T) {
		s := drifted(hello("nginx:1")).edit(resource.KindService, "", primary("IN_PROGRESS"))
		pl := plan.Make(s.in)
		expect(t, pl, hold...)
		if !pl.NeedsHistory() {
			t.Error("it may be rolling back: the history says so")
		}
		expect(t, plan.Make(s.with(history(running)).in), hold...)
	})
	t.Run("is superseded when the spec moved on", func(t *testing.T) {
		s := hello("nginx:1").now(desire(helloDoc("nginx:2"))).edit(resource.KindService, "", primary("IN_PROGRESS"))
		expect(t, plan.Make(s.with(history(running)).in), deployTD+image, deployService+toNew)
	})
	t.Run("a rollback is never", func(t *testing.T) {
		s := hello("nginx:1").now(desire(helloDoc("nginx:2"))).edit(resource.KindService, "", primary("IN_PROGRESS"))
		expect(t, plan.Make(s.with(history(rolling)).in),
			deployTD+" blocked DeploymentRunning"+image, deployService+" blocked DeploymentRunning"+toNew)
	})
}

// A target group that must be made anew moves together with the service, or the
// rules would lead the traffic to where nothing runs.
func TestHeldServiceKeepsItsTargetGroup(t *testing.T) {
	u := webUnit("nginx:1", 81)
	u.Policy.Recreate = true
	moved := " loadBalancers[$(targetGroups.web.arn)] loadBalancers[arn:targetgroup/web-" + hash(int32(80)) + "]"
	s := web().now(u).edit(resource.KindService, "", tag(resource.TagHold, u.ContentHash))
	expect(t, plan.Make(s.in),
		"replace target-group/web (replacement) blocked OnHold port",
		"update alarm/errors (in place) blocked DependencyMissing dimension",
		"none task-definition",
		deployService+" blocked OnHold"+moved,
		"none scalable-target")

	s = web().now(u).edit(resource.KindService, "", tag(resource.TagOwner, ""))
	for _, step := range plan.Make(s.in).Steps {
		if step.Writes() {
			t.Errorf("%s %s would be written", step.Action, step.ID)
		}
	}
}

func TestHold(t *testing.T) {
	s := hello("nginx:1").now(desire(helloDoc("nginx:2")))
	s.edit(resource.KindService, "", tag(resource.TagHold, s.unit.ContentHash+" by=ann"))
	expect(t, plan.Make(s.in), deployTD+" blocked OnHold"+image, deployService+" blocked OnHold"+toNew)
	s.now(desire(helloDoc("nginx:3")))
	expect(t, plan.Make(s.in), deployTD+image, deployService+toNew)
}

// A crash between the two writes of a deployment: the revision exists, so the
// task definition's lookup finds it; or the service runs it, and only the tag
// is missing. Neither registers again.
func TestAfterACrash(t *testing.T) {
	s := hello("nginx:1").now(desire(helloDoc("nginx:2")))
	td := s.unit.Object(id(s.unit, resource.KindTaskDefinition, ""))
	s.w.put(*td)
	expect(t, plan.Make(s.w.input(s.unit)), "none task-definition", deployService+toNew)
	s.w.edit(id(s.unit, resource.KindService, ""), func(l *resource.Live) {
		l.Value.(*service).TaskDefinition = p(s.w.live[td.ID].ARN)
	})
	expect(t, plan.Make(s.w.input(s.unit)), "none task-definition", "update service (in place) tags.:spec-hash")
}

func TestQuarantineTag(t *testing.T) {
	q := plan.Quarantine{Hash: "1-abc", TaskDefinition: "default-hello:3", Deployment: "X9", Cause: "RolledBack"}
	if got, want := q.Tag(), "1-abc td=default-hello:3 deployment=X9 cause=RolledBack"; got != want {
		t.Errorf("tag %q, want %q", got, want)
	}
	for _, lifted := range []bool{false, true} {
		q.Lifted = lifted
		if got, ok := plan.ParseQuarantine(q.Tag()); !ok || got != q {
			t.Errorf("parsed %+v, want %+v", got, q)
		}
	}
	if _, ok := plan.ParseQuarantine("  "); ok {
		t.Error("an empty tag is no quarantine")
	}
	if plan.Lift("") != "" {
		t.Error("there is nothing to lift")
	}
}

func TestSuspension(t *testing.T) {
	s, ok := plan.ParseSuspension("until=2026-11-24T00:00:00Z by=ann@example.com reason=database move until=noon", now)
	if !ok || s.By != "ann@example.com" || s.Reason != "database move until=noon" || s.Until.Day() != 24 {
		t.Errorf("suspension %+v, %v", s, ok)
	}
	if got, want := s.String(), "until 2026-11-24T00:00:00Z by ann@example.com (database move until=noon)"; got != want {
		t.Errorf("reads %q, want %q", got, want)
	}
	if _, ok := plan.ParseSuspension("until=2026-11-24T00:00:00Z", "no time at all"); !ok {
		t.Error("without a clock a suspension holds")
	}
}
