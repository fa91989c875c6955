package reconcile

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ecs"

	"github.com/ecs-operator/ecs-operator/pkg/diff"
	"github.com/ecs-operator/ecs-operator/pkg/resource"
	"github.com/ecs-operator/ecs-operator/pkg/sandbox"
	"github.com/ecs-operator/ecs-operator/pkg/status"
)

// crooked is an AWS that gives a field back in another spelling than it was
// written in, which no rule knows yet.
type crooked struct{ resource.Kind }

func (k crooked) Diff(o *resource.Object, l *resource.Live, c resource.Compare) []diff.Change {
	return append(k.Kind.Diff(o, l, c), diff.Change{Path: "networkConfiguration.awsvpcConfiguration.subnets", Op: diff.Replace,
		Old: []any{"subnet-0SANDBOXA"}, New: []any{"subnet-0sandboxa"}, Effect: diff.NewDeployment, Reason: diff.FromSpec})
}

// What AWS does not keep is deployed once, and then a person is asked.
func TestNoRedeployLoop(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world) {
		w.kinds = func(all []resource.Kind) []resource.Kind {
			for i, k := range all {
				if k.Name() == resource.KindService {
					all[i] = crooked{k}
				}
			}
			return all
		}
		w.files.put("web.yaml", web)
		e := w.engine()
		defer w.run(e)()
		w.until("stalled", stands(e, "web", status.RefusedByAWS))
		w.sleep(30 * time.Minute)
		if n := w.done("UpdateService"); n != 1 {
			t.Errorf("%d deployments of what AWS does not keep", n)
		}
		s := e.Status()[0]
		if s.State != status.StateStalled || !strings.Contains(s.Why, "AWS does not keep networkConfiguration.awsvpcConfiguration.subnets as written") {
			t.Errorf("%s: %s", s.State, s.Why)
		}
	})
}

// The same change by a person, made twice, is healed twice: in between the
// service was seen as it should be.
func TestRepeatedDriftIsHealed(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world) {
		w.files.put("hello.yaml", hello("hello", "nginx:1.29"))
		e := w.engine()
		w.wait(e)
		w.files.put("hello.yaml", hello("hello", "nginx:1.30"))
		w.wait(e)
		for range 2 {
			_, err := w.person().Write.ECS.UpdateService(t.Context(), &ecs.UpdateServiceInput{
				Cluster: aws.String("default"), Service: aws.String("hello"), TaskDefinition: aws.String("default-hello:1")})
			w.ok(err)
			w.sandbox.Advance(hour)
			w.want(w.wait(e)["hello"], status.StateReady, status.Synced, 0)
			if td := aws.ToString(w.service("hello").TaskDefinition); !strings.HasSuffix(td, "default-hello:2") {
				t.Errorf("the service runs %s", td)
			}
		}
	})
}

// A rollback brings the same changes back, and retry sends them once more, also
// in a process that never saw the rollout under way.
func TestRetryIsNoRedeployLoop(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world) {
		w.files.put("hello.yaml", hello("hello", "nginx:1.29"))
		e := w.engine()
		w.wait(e)
		w.files.put("hello.yaml", hello("hello", "nginx:crash"))
		w.apply(e, ApplyOptions{})
		w.sandbox.Advance(hour)
		w.want(w.apply(e, ApplyOptions{})["hello"], status.StateStalled, status.RolledBack, 5)
		for range 3 {
			if _, err := e.Retry(t.Context(), w.load(e).Units[0].Key); err != nil {
				t.Fatal(err)
			}
			updates := w.done("UpdateService")
			w.apply(e, ApplyOptions{})
			if n := w.done("UpdateService") - updates; n != 1 {
				t.Errorf("%d deployments after retry, want 1", n)
			}
			w.sandbox.Advance(hour)
			w.want(w.apply(e, ApplyOptions{})["hello"], status.StateStalled, status.RolledBack, 5)
		}
	})
}

// What a sweep read of a service before it was written, and handed over while that
// went on, is not judged as what came of it.
func TestSweepBesideADeployment(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world) {
		w.files.put("hello.yaml", hello("hello", "nginx:1.29"))
		e := w.engine()
		e.o.Resync = time.Second
		defer w.run(e)()
		w.until("ready", stands(e, "hello", status.Synced))
		w.spoil(func(_ context.Context, c sandbox.Call) *sandbox.Fault {
			if c.Operation == "RegisterTaskDefinition" {
				w.sleep(5 * time.Second) // for some sweeps
			}
			return nil
		})
		w.files.put("hello.yaml", hello("hello", "nginx:1.30"))
		w.until("deployed", func() bool {
			return stands(e, "hello", status.Synced)() && strings.HasSuffix(*w.service("hello").TaskDefinition, ":2")
		})
		if story := w.story(); strings.Contains(story, "AWS does not keep") {
			t.Error(story)
		}
	})
}
