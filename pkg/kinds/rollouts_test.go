package kinds_test

import (
	"context"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/ecs"

	"github.com/ecs-operator/ecs-operator/pkg/resource"
	"github.com/ecs-operator/ecs-operator/pkg/sandbox"
)

// carries fails unless the deployment's content is the unit's.
func (w *world) carries(u *resource.Unit, d *resource.Deployment) {
	w.t.Helper()
	live := w.observe(u, false)
	for _, kind := range []string{resource.KindTaskDefinition, resource.KindService} {
		l, ok := d.Content[kind]
		if !ok || l.Value == nil {
			w.t.Fatalf("no content of the %s", kind)
		}
		o, _ := resource.Resolve(*u.Object(serviceOf(u).Of(kind, "")), func(id resource.ID) map[string]string {
			if id.Kind == resource.KindTaskDefinition {
				return map[string]string{"arn": d.TaskDefinition}
			}
			return live[id].Attributes()
		})
		for _, c := range w.kind(kind).Diff(&o, &l, resource.Compare{InputChanged: true, HasScalableTarget: true}) {
			if c.Effect.Deploys() && !c.Informational {
				w.t.Errorf("%s: %+v", kind, c)
			}
		}
	}
}

func (w *world) current(u *resource.Unit) *resource.Deployment {
	w.t.Helper()
	d, err := w.rollouts.Current(w.t.Context(), w.observe(u, true)[serviceOf(u)])
	if err != nil {
		w.t.Fatal(err)
	}
	return d
}

// TestRolledBack: a bad image behind a good one is rolled back by ECS, and the
// history says what it was that failed.
func TestRolledBack(t *testing.T) {
	for name, yaml := range map[string]string{"hello": hello, "web": web} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			good := w.load(yaml)
			w.apply(good)
			if d := w.current(good); d == nil || d.Status != resource.DeploymentRunning || d.ARN == "" || d.TaskDefinition == "" {
				t.Fatalf("right after the creation: %+v", d)
			}
			w.settle()
			if d := w.current(good); d == nil || d.Status != resource.DeploymentSucceeded {
				t.Fatalf("when it has settled: %+v", d)
			}
			image := map[string][2]string{"hello": {"nginx:1.29", "nginx:crash"}, "web": {"httpd:2.4", "httpd:crash"}}[name]
			bad := w.load(edit(t, yaml, image[0], image[1]))
			w.apply(bad)
			seen := map[resource.DeploymentStatus]bool{}
			for range 120 {
				w.sandbox.Advance(10 * time.Second)
				d := w.current(bad)
				if d == nil {
					t.Fatal("no deployment")
				}
				seen[d.Status] = true
				if d.Status.Ended() {
					break
				}
			}
			d := w.current(bad)
			if d.Status != resource.DeploymentRolledBack || d.FinishedAt == "" || d.Reason == "" {
				t.Fatalf("%+v, having seen %v", d, seen)
			}
			if d.Failed == 0 || d.Threshold == 0 {
				t.Errorf("failed %d of %d", d.Failed, d.Threshold)
			}
			history, err := w.rollouts.History(t.Context(), w.observe(bad, true)[serviceOf(bad)], 10)
			if err != nil || len(history) != 2 {
				t.Fatalf("%d deployments, %v", len(history), err)
			}
			if history[0].ARN != d.ARN || history[0].Status != resource.DeploymentRolledBack || history[1].Status != resource.DeploymentSucceeded {
				t.Errorf("history %+v", history)
			}
			w.carries(bad, &history[0])
			if history[1].Content != nil {
				t.Error("the content of a good deployment was read")
			}
		})
	}
}

// TestFirstDeploymentFails: there is nothing to go back to, so it stands still.
func TestFirstDeploymentFails(t *testing.T) {
	w := newWorld(t)
	bad := w.load(edit(t, hello, "nginx:1.29", "nginx:crash"))
	w.apply(bad)
	w.sandbox.Advance(2 * time.Hour)
	d := w.current(bad)
	if d == nil || !d.Status.Bad() || !d.Status.Ended() {
		t.Fatalf("%+v", d)
	}
	s := w.observe(bad, false)[serviceOf(bad)]
	if s.Service.PrimaryState != "FAILED" || s.Health.State != resource.Degraded {
		t.Errorf("%+v, health %+v", s.Service, s.Health)
	}
	history, err := w.rollouts.History(t.Context(), s, 5)
	if err != nil || len(history) != 1 || history[0].Status != resource.DeploymentFailed {
		t.Fatalf("%+v, %v", history, err)
	}
	w.carries(bad, &history[0])
}

// TestSuperseded: a deployment that a newer one took over did not fail.
func TestSuperseded(t *testing.T) {
	w := newWorld(t)
	u := w.load(hello)
	w.apply(u)
	w.settle()
	w.apply(w.load(edit(t, hello, "nginx:1.29", "nginx:1.30")))
	w.sandbox.Advance(3 * time.Second)
	last := w.load(edit(t, hello, "nginx:1.29", "nginx:1.31"))
	w.apply(last)
	w.settle()
	history, err := w.rollouts.History(t.Context(), w.observe(last, false)[serviceOf(last)], 10)
	if err != nil {
		t.Fatal(err)
	}
	var got []resource.DeploymentStatus
	for _, d := range history {
		got = append(got, d.Status)
	}
	want := []resource.DeploymentStatus{resource.DeploymentSucceeded, resource.DeploymentSuperseded, resource.DeploymentSucceeded}
	if len(got) != 3 || got[0] != want[0] || got[1] != want[1] || got[2] != want[2] {
		t.Errorf("history %v, want %v", got, want)
	}
}

// TestSupersededMeanwhile: a deployment that a person's newer one took over after the
// service was read, or listed, did not fail either.
func TestSupersededMeanwhile(t *testing.T) {
	w := newWorld(t)
	u := w.load(edit(t, hello, "nginx:1.29", "nginx:1.30"))
	w.apply(w.load(hello))
	w.settle()
	w.apply(u)
	w.sandbox.Advance(3 * time.Second)
	service := w.observe(u, false)[serviceOf(u)]
	meddle := sync.OnceFunc(func() {
		if _, err := w.raw.Write.ECS.UpdateService(t.Context(), &ecs.UpdateServiceInput{Service: &service.Name, ForceNewDeployment: true}); err != nil {
			t.Error(err)
		}
		w.sandbox.Advance(3 * time.Second)
	})
	d, err := w.rollouts.Current(t.Context(), service)
	if err != nil || d.Status != resource.DeploymentRunning {
		t.Fatalf("%+v, %v: before anybody meddles it runs", d, err)
	}
	fault := sandbox.FaultFunc(func(_ context.Context, c sandbox.Call) *sandbox.Fault {
		if c.Operation == "DescribeServiceDeployments" { // after the list
			meddle()
		}
		return nil
	})
	w.fault.Store(&fault)
	history, err := w.rollouts.History(t.Context(), service, 10)
	if err != nil || len(history) == 0 || history[0].ARN != d.ARN || history[0].Status != resource.DeploymentSuperseded {
		t.Errorf("history %+v, %v: want %s superseded", history, err, d.ARN)
	}
	if d, err = w.rollouts.Current(t.Context(), service); err != nil || d.Status != resource.DeploymentSuperseded {
		t.Errorf("%+v, %v: want it superseded", d, err)
	}
	w.spoil(func(c sandbox.Call) *sandbox.Fault {
		if c.Operation == "ListServiceDeployments" {
			return &sandbox.Fault{Code: "AccessDeniedException", Message: "not authorized"}
		}
		return nil
	})
	if d, err = w.rollouts.Current(t.Context(), service); err == nil {
		t.Errorf("%+v: what nobody may look at is unknown, and not failed", d)
	}
}

// TestTag: tags of a service are set and removed one by one.
func TestTag(t *testing.T) {
	w := newWorld(t)
	u := w.load(hello)
	w.apply(u)
	arn := w.observe(u, false)[serviceOf(u)].ARN
	value := "1-abc td=default-hello:1 deployment=x cause=RolledBack"
	if err := w.rollouts.Tag(t.Context(), resource.DefaultTarget, arn, map[string]string{resource.TagQuarantine: value}, nil); err != nil {
		t.Fatal(err)
	}
	if got := w.observe(u, true)[serviceOf(u)].Tags[resource.TagQuarantine]; got != value {
		t.Errorf("read back %q", got)
	}
	if err := w.rollouts.Tag(t.Context(), resource.DefaultTarget, arn, nil, []string{resource.TagQuarantine}); err != nil {
		t.Fatal(err)
	}
	w.clean(u)
	if err := w.rollouts.Tag(t.Context(), resource.DefaultTarget, "hello", nil, nil); err == nil {
		t.Error("a name was taken for an ARN")
	}
}
