package reconcile

import (
	"context"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/applicationautoscaling"
	scalingtypes "github.com/aws/aws-sdk-go-v2/service/applicationautoscaling/types"
	"github.com/aws/aws-sdk-go-v2/service/ecs"

	"github.com/ecs-operator/ecs-operator/pkg/diff"
	"github.com/ecs-operator/ecs-operator/pkg/resource"
	"github.com/ecs-operator/ecs-operator/pkg/sandbox"
	"github.com/ecs-operator/ecs-operator/pkg/status"
)

// A process that dies at any write, before it was sent or before its answer
// came back, leaves nothing that the next one does not finish, and nothing twice.
func TestDeathAtEveryWrite(t *testing.T) {
	t.Parallel()
	for _, scenario := range []string{"create", "update"} {
		everyDeath(t, scenario+"/write", 3, nil, func(w *world, k int, after bool) bool { return w.dieAt(scenario, k, after) })
	}
}

// dieAt lets a process die at its k-th write and a new one go on; it reports
// whether there was a k-th write.
func (w *world) dieAt(scenario string, k int, after bool) bool {
	w.files.put("web.yaml", web)
	want := map[string]int{"RegisterTaskDefinition": 1, "CreateService": 1, "UpdateService": 0,
		"CreateTargetGroup": 1, "CreateRule": 1}
	if scenario == "update" {
		w.wait(w.engine())
		w.files.put("web.yaml", strings.NewReplacer("nginx:1.29", "nginx:1.30", "maxCapacity: 6", "maxCapacity: 8", "threshold: 5", "threshold: 7").Replace(web))
		want["RegisterTaskDefinition"], want["UpdateService"] = 2, 1
	}
	died := w.death(k, after, writing, nil)
	ctx, cancel := context.WithTimeout(w.t.Context(), minute)
	defer cancel()
	e := w.engine()
	e.Apply(ctx, w.load(e).Units, ApplyOptions{})
	w.spoil(nil)
	w.want(w.wait(w.engine())["web"], status.StateReady, status.Synced, 0)
	effects := map[string]int{}
	for _, entry := range w.sandbox.Writes() {
		if entry.Error == "" {
			effects[entry.Operation]++
		}
	}
	for operation, n := range want {
		if effects[operation] > n {
			w.t.Errorf("%d %s took effect, want %d: %v", effects[operation], operation, n, w.writes(0))
		}
	}
	mark := w.mark()
	w.want(w.apply(w.engine(), ApplyOptions{})["web"], status.StateReady, status.Synced, 0)
	w.quiet(mark, "afterwards")
	return died()
}

// A service that was deleted leaves its client token behind for a day: the next
// one must be asked for with another.
func TestServiceDeletedByAPerson(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world) {
		w.files.put("hello.yaml", hello("hello", "nginx:1.29"))
		w.wait(w.engine())
		for range 2 {
			_, err := w.person().Write.ECS.DeleteService(t.Context(), &ecs.DeleteServiceInput{
				Cluster: aws.String("default"), Service: aws.String("hello"), Force: aws.Bool(true)})
			w.ok(err)
			w.want(w.wait(w.engine())["hello"], status.StateReady, status.Synced, 0)
			if s := w.service("hello"); aws.ToString(s.Status) != "ACTIVE" || s.RunningCount != 2 {
				t.Errorf("the service is %s with %d tasks", aws.ToString(s.Status), s.RunningCount)
			}
		}
	})
}

// forgetful is a service kind that does not see deleted services, as after AWS
// has purged them.
type forgetful struct{ resource.Kind }

func (k forgetful) Observe(ctx context.Context, q resource.Query) map[resource.ID]resource.Live {
	out := k.Kind.Observe(ctx, q)
	for id, l := range out {
		if l.Presence == resource.Absent {
			l.Service = nil
			out[id] = l
		}
	}
	return out
}

// The answer to a create with a remembered token may be the service that is
// gone: then it is asked for once more, with another token.
func TestTokenOfAServiceThatIsGone(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world) {
		w.kinds = func(all []resource.Kind) []resource.Kind {
			out := make([]resource.Kind, len(all))
			for i, k := range all {
				out[i] = k
				if k.Name() == resource.KindService {
					out[i] = forgetful{k}
				}
			}
			return out
		}
		w.files.put("hello.yaml", hello("hello", "nginx:1.29"))
		w.wait(w.engine())
		_, err := w.person().Write.ECS.DeleteService(t.Context(), &ecs.DeleteServiceInput{
			Cluster: aws.String("default"), Service: aws.String("hello"), Force: aws.Bool(true)})
		w.ok(err)
		w.sandbox.Advance(hour)
		w.want(w.wait(w.engine())["hello"], status.StateReady, status.Synced, 0)
		if n := w.done("CreateService"); n != 3 { // the first, the replayed one, the salted one
			t.Errorf("%d CreateService, want 3", n)
		}
		if s := w.service("hello"); aws.ToString(s.Status) != "ACTIVE" || s.RunningCount != 2 {
			t.Errorf("the service is %s with %d tasks", aws.ToString(s.Status), s.RunningCount)
		}
	})
}

// The same content of the same service asks with the same token, whichever
// process asks; another content with another.
func TestCreateServiceCarriesAToken(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world) {
		var tokens []string
		w.spoil(func(_ context.Context, c sandbox.Call) *sandbox.Fault {
			in, ok := c.Input.(*ecs.CreateServiceInput)
			if !ok {
				return nil
			}
			tokens = append(tokens, aws.ToString(in.ClientToken))
			return &sandbox.Fault{Code: "ServerException", Message: "try later", Status: 500}
		})
		for _, image := range []string{"nginx:1.29", "nginx:1.29", "nginx:1.30"} {
			w.files.put("hello.yaml", hello("hello", image))
			w.sandbox.Advance(hour)
			tried := len(tokens)
			w.apply(w.engine(), ApplyOptions{})
			tokens = append(tokens[:tried:tried], tokens[len(tokens)-1])
		}
		if len(tokens) != 3 || tokens[0] != tokens[1] || tokens[1] == tokens[2] {
			t.Fatalf("tokens %q", tokens)
		}
		if n := len(tokens[0]); n == 0 || n > 36 { // what the API takes
			t.Errorf("a token of %d characters", n)
		}
	})
}

// Whoever made the scalable target: while there is one, the count is not ours.
func TestForeignScalingOwnsTheCount(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world) {
		w.files.put("hello.yaml", hello("hello", "nginx:1.29", "  policy: {desiredCount: fixed}"))
		w.wait(w.engine())
		_, err := w.person().Write.AutoScaling.RegisterScalableTarget(t.Context(), &applicationautoscaling.RegisterScalableTargetInput{
			ServiceNamespace: scalingtypes.ServiceNamespaceEcs, ResourceId: aws.String("service/default/hello"),
			ScalableDimension: scalingtypes.ScalableDimensionECSServiceDesiredCount, MinCapacity: aws.Int32(3), MaxCapacity: aws.Int32(5)})
		w.ok(err)
		w.sandbox.Advance(minute)
		if n := w.service("hello").DesiredCount; n != 3 {
			t.Fatalf("the autoscaler made it %d, want 3", n)
		}
		mark := w.mark()
		o := w.apply(w.engine(), ApplyOptions{})["hello"]
		w.quiet(mark, "with a foreign scalable target")
		w.want(o, status.StateStalled, status.NotOurs, 3)
		w.files.put("hello.yaml", hello("hello", "nginx:1.29"))
		w.want(w.apply(w.engine(), ApplyOptions{})["hello"], status.StateReady, status.Synced, 0)
		w.quiet(mark, "when the document does not insist")
		w.spoil(always(sandbox.Fault{Code: "AccessDeniedException", Message: "no"}, "DescribeScalableTargets"))
		w.apply(w.engine(), ApplyOptions{})
		w.quiet(mark, "when nobody knows whether there is one")
	})
}

func TestRecreateNeedsTheSpecsWord(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world) {
		w.files.put("hello.yaml", hello("hello", "nginx:1.29"))
		w.wait(w.engine())
		daemon := func(more ...string) string {
			return strings.Replace(hello("hello", "nginx:1.29", more...), "desiredCount: 2", "schedulingStrategy: DAEMON", 1)
		}
		w.files.put("hello.yaml", daemon())
		w.want(w.wait(w.engine())["hello"], status.StateStalled, status.NeedsRecreate, 3)
		if w.done("DeleteService") > 0 || w.done("CreateService") > 1 {
			t.Errorf("without policy.recreate: %v", w.writes(0))
		}
		w.files.put("hello.yaml", daemon("  policy: {recreate: true}"))
		w.want(w.wait(w.engine())["hello"], status.StateReady, status.Synced, 0)
		if w.done("DeleteService") != 1 {
			t.Errorf("writes %v", w.writes(0))
		}
		if s := w.service("hello"); s.SchedulingStrategy != "DAEMON" {
			t.Errorf("the service is %s", s.SchedulingStrategy)
		}
	})
}

func TestRetryRefuses(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world) {
		w.files.put("hello.yaml", hello("hello", "nginx:1.29"))
		e := w.engine()
		key := w.load(e).Units[0].Key
		refused := func(key resource.UnitKey, words string) {
			t.Helper()
			if _, err := e.Retry(t.Context(), key); err == nil || !strings.Contains(err.Error(), words) {
				t.Errorf("error %v, want %q", err, words)
			}
		}
		refused(resource.UnitKey{Name: "other"}, "no such service among the documents")
		refused(key, "there is no such ECS service")
		w.wait(e)
		refused(key, "nothing is quarantined")
		w.tag("hello", resource.TagOwner, "somebody")
		w.tag("hello", resource.TagQuarantine, "1-aa td=x:1 deployment=d cause=RolledBack")
		refused(key, "is not ours")
		w.spoil(always(sandbox.Fault{Drop: true}, "DescribeServices"))
		refused(key, "could not be read")
	})
}

// restless is a kind that always finds something to write.
type restless struct{ resource.Kind }

func (k restless) Diff(*resource.Object, *resource.Live, resource.Compare) []diff.Change {
	return []diff.Change{{Path: "threshold", Op: diff.Replace, Old: 1.0, New: 2.0, Effect: diff.InPlace, Reason: diff.FromSpec}}
}

// The gauge of idle writes can move: a kind that never comes to rest is seen.
func TestIdleWritesAreSeen(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world) {
		w.kinds = func(all []resource.Kind) []resource.Kind {
			out := make([]resource.Kind, len(all))
			for i, k := range all {
				out[i] = k
				if k.Name() == resource.KindAlarm {
					out[i] = restless{k}
				}
			}
			return out
		}
		w.files.put("web.yaml", web)
		e := w.engine()
		defer w.run(e)()
		w.until("idle writes", func() bool { idle, _, _, _ := w.counts.seen(); return idle > 0 })
	})
}
