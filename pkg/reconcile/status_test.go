package reconcile

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/ecs-operator/ecs-operator/pkg/diff"
	"github.com/ecs-operator/ecs-operator/pkg/plan"
	"github.com/ecs-operator/ecs-operator/pkg/resource"
	"github.com/ecs-operator/ecs-operator/pkg/status"
)

func liveService(change func(l *resource.Live)) resource.Live {
	l := resource.Live{ID: svcID, Presence: resource.Present, ARN: "arn:aws:ecs:us-east-1:1:service/main/web",
		Tags: map[string]string{resource.TagOwner: "ecs-operator", resource.TagSpecHash: "1-aa"},
		Service: &resource.ServiceState{Status: "ACTIVE", Desired: 2, Running: 2, PrimaryState: "COMPLETED", Deployments: 1,
			TaskDefinition: "arn:aws:ecs:us-east-1:1:task-definition/web:3"}}
	if change != nil {
		change(&l)
	}
	return l
}

func step(action plan.Action, blocked status.Reason, why string) plan.Step {
	return plan.Step{ID: svcID, Action: action, Blocked: blocked, Why: why, Effect: diff.NewDeployment}
}

func TestJudge(t *testing.T) {
	const retry = "; this content is quarantined until the spec changes or `ecs-operator retry web`"
	quarantined := func(l *resource.Live) {
		l.Tags[resource.TagQuarantine] = "1-aa td=web:4 deployment=d4 cause=RolledBack"
	}
	for _, tc := range []struct {
		name   string
		f      finding
		state  status.State
		reason status.Reason
		why    string
		exit   int
	}{
		{"nothing to do", finding{service: liveService(nil), executed: true},
			status.StateReady, status.Synced, "", 0},
		{"rollout running", finding{service: liveService(nil), executed: true,
			rollout: &resource.Deployment{Status: resource.DeploymentRunning, Running: 1, Requested: 2}},
			status.StateProgressing, status.RolloutInProgress, "rollout in progress: 1 of 2 tasks running", 0},
		{"rollout with failures", finding{service: liveService(nil), executed: true,
			rollout: &resource.Deployment{Status: resource.DeploymentRunning, Requested: 2, Failed: 2, Threshold: 3}},
			status.StateProgressing, status.RolloutInProgress, "rollout in progress: 0 of 2 tasks running, 2 failed (the circuit breaker trips at 3)", 0},
		{"changes wait for a rollout", finding{service: liveService(nil), executed: true,
			plan:    plan.Plan{Steps: []plan.Step{step(plan.ActionUpdate, status.DeploymentRunning, "x")}},
			rollout: &resource.Deployment{Status: resource.DeploymentRunning, Running: 1, Requested: 2}},
			status.StateProgressing, status.RolloutInProgress, "rollout in progress: 1 of 2 tasks running; changes wait for its end", 1},
		{"rolling back", finding{service: liveService(nil), executed: true,
			rollout: &resource.Deployment{Status: resource.DeploymentRollingBack, Reason: "circuit breaker tripped."}},
			status.StateProgressing, status.RollingBack, "ECS is rolling the deployment back: circuit breaker tripped", 5},
		{"rolled back", finding{service: liveService(quarantined), executed: true,
			plan:    plan.Plan{Steps: []plan.Step{step(plan.ActionUpdate, status.Quarantined, "x")}},
			rollout: &resource.Deployment{Status: resource.DeploymentRolledBack, Reason: "tasks failed to start"}},
			status.StateStalled, status.RolledBack, "rolled back by ECS: tasks failed to start" + retry, 5},
		{"rolled back, known by the tag alone", finding{service: liveService(quarantined), executed: true,
			plan: plan.Plan{Steps: []plan.Step{step(plan.ActionUpdate, status.Quarantined, "x")}}},
			status.StateStalled, status.RolledBack, "rolled back by ECS" + retry, 5},
		{"rolled back, then the spec moved on", finding{service: liveService(quarantined), executed: true,
			rollout: &resource.Deployment{Status: resource.DeploymentRolledBack}},
			status.StateReady, status.Synced, "", 0},
		{"failed with nothing to go back to", finding{service: liveService(nil), executed: true,
			rollout: &resource.Deployment{Status: resource.DeploymentFailed, Reason: "tasks failed to start"}},
			status.StateStalled, status.RolloutFailed, "the deployment failed: tasks failed to start" + retry, 5},
		{"suspended", finding{executed: true, now: "2026-01-01T00:00:00Z",
			service: liveService(func(l *resource.Live) { l.Tags[resource.TagSuspend] = "by=anna reason=incident 7" })},
			status.StateSuspended, status.Suspended, "suspended until it is resumed by anna (incident 7)", 0},
		{"held by suspension", finding{executed: true, service: liveService(nil),
			plan: plan.Plan{Steps: []plan.Step{step(plan.ActionUpdate, status.Suspended, "suspended")}}},
			status.StateSuspended, status.Suspended, "suspended", 3},
		{"a mode holds a difference", finding{executed: true, service: liveService(nil),
			plan: plan.Plan{Steps: []plan.Step{step(plan.ActionUpdate, status.ManualMode, "waits for a person")}}},
			status.StateDrifted, status.ManualMode, "waits for a person", 3},
		{"not ours", finding{executed: true, service: liveService(nil),
			plan: plan.Plan{Steps: []plan.Step{step(plan.ActionAdopt, status.NotOurs, "exists and is not ours")}}},
			status.StateStalled, status.NotOurs, "exists and is not ours", 3},
		{"the gravest reason speaks", finding{executed: true, service: liveService(nil),
			plan: plan.Plan{Steps: []plan.Step{step(plan.ActionUpdate, status.Throttled, "slow"), step(plan.ActionUpdate, status.RefusedByAWS, "refused"), step(plan.ActionUpdate, status.NotOurs, "foreign")}}},
			status.StateStalled, status.RefusedByAWS, "refused", 2},
		{"tasks are missing", finding{executed: true, service: liveService(func(l *resource.Live) { l.Service.Running = 1 })},
			status.StateProgressing, status.Reconciling, "1 of 2 tasks running", 0},
		{"the rollout cannot be read", finding{executed: true, service: liveService(nil), unknown: errors.New("connection refused")},
			status.StateUnknown, status.Unobserved, "the service's deployment could not be read: connection refused", 1},
		{"to be done, only looked at", finding{service: liveService(nil), plan: plan.Plan{Steps: []plan.Step{step(plan.ActionUpdate, "", "")}}},
			status.StateDrifted, status.Reconciling, "to be done: service (update)", 1},
		{"to be created, only looked at", finding{service: resource.Live{Presence: resource.Absent}, plan: plan.Plan{Steps: []plan.Step{step(plan.ActionCreate, "", "")}}},
			status.StateProgressing, status.Reconciling, "to be done: service (create)", 1},
	} {
		t.Run(tc.name, func(t *testing.T) {
			tc.f.unit = testUnit
			s := judge(tc.f)
			if s.State != tc.state || s.Reason != tc.reason || s.Why != tc.why {
				t.Errorf("got  %s %s %q\nwant %s %s %q", s.State, s.Reason, s.Why, tc.state, tc.reason, tc.why)
			}
			if got := (Outcome{Plan: tc.f.plan, Status: s, Left: tc.f.left()}).Exit(); got != tc.exit {
				t.Errorf("exit %d, want %d", got, tc.exit)
			}
			if len(s.Conditions) != 5 {
				t.Errorf("%d conditions, want all five", len(s.Conditions))
			}
			for _, c := range s.Conditions {
				if c.Type == status.StateReady && c.Status != (tc.state == status.StateReady) {
					t.Errorf("condition Ready is %v in state %s", c.Status, s.State)
				}
			}
		})
	}
}

func TestReasonsOfErrors(t *testing.T) {
	s := &plan.Step{ID: svcID, Action: plan.ActionUpdate}
	for class, want := range map[resource.Class]status.Reason{
		resource.ClassConflict: status.ChangedSincePlanned, resource.ClassThrottled: status.Throttled,
		resource.ClassDenied: status.AccessDenied, resource.ClassInvalid: status.RefusedByAWS,
		resource.ClassNotFound: status.DependencyMissing, resource.ClassTransient: status.Reconciling,
		resource.ClassUnknownOutcome: status.OutcomeUnknown, resource.ClassOther: status.InternalError,
	} {
		r, why := writeReason(s, &resource.Error{Class: class, Operation: "ecs:UpdateService", Code: "SomeException", Message: "no"})
		if r != want || !strings.Contains(why, "ecs:UpdateService: SomeException: no") {
			t.Errorf("%s: %s %q, want %s", class, r, why, want)
		}
	}
	missing := &resource.Error{Class: resource.ClassNotFound, Operation: "ecs:CreateService", Code: "ClusterNotFoundException"}
	if r, why := writeReason(s, missing); r != status.ClusterMissing || !strings.Contains(why, "cluster main does not exist") {
		t.Errorf("missing cluster: %s %q", r, why)
	}
	if r := readReason(missing); r != status.ClusterMissing {
		t.Errorf("missing cluster, reading: %s", r)
	}
	if r := readReason(errors.New("EOF")); r != status.Unobserved {
		t.Errorf("a read that failed: %s", r)
	}
}

// Every reason has a place in both tables: a state, and a time of the next look.
func TestEveryReasonHasAConsequence(t *testing.T) {
	for r, want := range map[status.Reason]next{
		status.Synced: nextResync, status.Suspended: nextResync, status.Quarantined: nextResync, status.NotOurs: nextResync,
		status.WaveWaiting: nextResync, status.WaveFailed: nextResync, status.ConcurrencyLimit: nextResync, status.FreezeWindow: nextResync, // woken when their turn comes
		status.RolloutInProgress: nextPoll, status.RollingBack: nextPoll, status.AbsenceGrace: nextPoll, status.Draining: nextPoll, status.Waiting: nextPoll,
		status.DependencyMissing: nextPoll, status.DeploymentRunning: nextPoll,
		status.ChangedSincePlanned: nextNow, status.Reconciling: nextPatient,
		status.Throttled: nextBackoff, status.Unobserved: nextBackoff, status.OutcomeUnknown: nextBackoff,
		status.AccessDenied: nextSlow, status.RefusedByAWS: nextSlow, status.InternalError: nextSlow, status.ClusterMissing: nextSlow,
	} {
		if got := after(r); got != want {
			t.Errorf("after(%s) = %d, want %d", r, got, want)
		}
	}
	for r, want := range map[status.Reason]status.State{
		status.Synced: status.StateReady, status.Unobserved: status.StateUnknown, status.Throttled: status.StateProgressing,
		status.AccessDenied: status.StateStalled, status.Quarantined: status.StateStalled, status.Suspended: status.StateSuspended,
		status.ObserveMode: status.StateDrifted, status.FreezeWindow: status.StateDrifted,
		status.WaveWaiting: status.StateProgressing, status.ConcurrencyLimit: status.StateProgressing, status.WaveFailed: status.StateStalled,
	} {
		if got := stateOf(r); got != want {
			t.Errorf("stateOf(%s) = %s, want %s", r, got, want)
		}
	}
}

func TestLayers(t *testing.T) {
	unit := func(name string, needs ...string) *resource.Unit {
		u := &resource.Unit{Key: resource.UnitKey{Cluster: "main", Name: name}}
		for _, n := range needs {
			u.DependsOn = append(u.DependsOn, resource.UnitKey{Cluster: "main", Name: n})
		}
		return u
	}
	var got []string
	for _, layer := range layers([]*resource.Unit{unit("a", "b", "c"), unit("b", "c"), unit("c", "elsewhere"), unit("d")}) {
		var names []string
		for _, u := range layer {
			names = append(names, u.Key.Name)
		}
		got = append(got, strings.Join(names, "+"))
	}
	if s := strings.Join(got, " "); s != "c+d b a" {
		t.Errorf("layers %q, want %q", s, "c+d b a")
	}
}

// The conditions that services share are those of each: of what they hang on nothing is left
// out.
func TestSharedConditions(t *testing.T) {
	suspended := liveService(func(l *resource.Live) { l.Tags[resource.TagSuspend] = "by=anna reason=incident" })
	for range 2 { // at first they are made, then found
		for _, state := range []status.State{status.StateReady, status.StateProgressing, status.StateDrifted} {
			for _, reason := range []status.Reason{status.Synced, status.RolloutInProgress, status.Suspended} {
				for _, why := range []string{"", "1 of 2 tasks running", "2 of 2 tasks running"} {
					for _, f := range []finding{{service: liveService(nil)}, {service: suspended}} {
						for _, drifted := range []bool{false, true} {
							s := status.Service{State: state, Reason: reason, Why: why}
							if have, want := conditions(s, drifted, f), spellOut(s, drifted, f); !slices.Equal(have, want) {
								t.Errorf("%s, %s, %q, drifted %v: %v, want %v", state, reason, why, drifted, have, want)
							}
						}
					}
				}
			}
		}
	}
	s := status.Service{State: status.StateReady, Reason: status.Synced}
	if a, b := conditions(s, false, finding{}), conditions(s, false, finding{}); &a[0] != &b[0] || cap(a) != len(a) {
		t.Error("they are not shared, or whoever adds one writes into those of others")
	}
}
