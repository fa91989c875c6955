package reconcile

import (
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/applicationautoscaling"
	aastypes "github.com/aws/aws-sdk-go-v2/service/applicationautoscaling/types"

	"github.com/ecs-operator/ecs-operator/pkg/resource"
	"github.com/ecs-operator/ecs-operator/pkg/status"
)

// scalables are the services whose count is registered.
func (w *world) scalables() map[string]string {
	w.t.Helper()
	out, err := w.person().Read.AutoScaling.DescribeScalableTargets(w.t.Context(), &applicationautoscaling.DescribeScalableTargetsInput{ServiceNamespace: aastypes.ServiceNamespaceEcs})
	w.ok(err)
	arns := map[string]string{}
	for _, s := range out.ScalableTargets {
		arns[aws.ToString(s.ResourceId)] = aws.ToString(s.ScalableTargetARN)
	}
	return arns
}

// A scalable target that somebody made for another service of the cluster with
// web's tags copied onto it is that service's, whatever the tags say: web's goes,
// and with web itself all of web, and the copy stays.
func TestScalableTargetWithCopiedTags(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world) {
		w.files.put("web.yaml", strings.Replace(web, "  cluster: default\n", pruning1, 1))
		w.files.put("other.yaml", hello("other", "nginx:1.29"))
		w.sync(w.scoped("a", true))
		aas := w.person().Write.AutoScaling
		tags, err := aas.ListTagsForResource(t.Context(), &applicationautoscaling.ListTagsForResourceInput{ResourceARN: aws.String(w.scalables()["service/default/web"])})
		w.ok(err)
		_, err = aas.RegisterScalableTarget(t.Context(), &applicationautoscaling.RegisterScalableTargetInput{ServiceNamespace: aastypes.ServiceNamespaceEcs,
			ResourceId: aws.String("service/default/other"), ScalableDimension: aastypes.ScalableDimensionECSServiceDesiredCount,
			MinCapacity: aws.Int32(1), MaxCapacity: aws.Int32(3), Tags: tags.Tags})
		w.ok(err)

		w.files.put("web.yaml", strings.Replace(without(web, "  scaling:", "  alarms:"), "  cluster: default\n", pruning1, 1))
		w.want(w.sync(w.scoped("a", true))["web"], status.StateReady, status.Synced, 0)
		if left := w.scalables(); len(left) != 1 || left["service/default/other"] == "" {
			t.Errorf("after the scaling of web went, there is %v", left)
		}
		w.files.put("web.yaml", "")
		w.want(w.sync(w.scoped("a", true))["web"], status.StateReady, status.Synced, 0)
		if left := w.scalables(); left["service/default/other"] == "" {
			t.Error("the copy went with web")
		}
	})
}

// What carries no scope is no scope's to tell of: neither a service nor the
// policies of its scalable target, which take no tags.
func TestPoliciesWithoutAScope(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world) {
		w.files.put("web.yaml", web)
		w.want(w.wait(w.engine())["web"], status.StateReady, status.Synced, 0)
		w.files.put("web.yaml", "")
		w.files.put("other.yaml", hello("other", "nginx:1.29"))
		e := w.scoped("a", true)
		for _, u := range e.Departed(t.Context(), w.load(e), true) {
			t.Errorf("scope a is told of %s", u.Key)
		}
		w.sync(e)
		if s := w.services(); len(s) != 2 {
			t.Errorf("services left: %v", s)
		}
	})
}

// As `aws ecs wait services-stable`, Ready waits for the tasks that are too many.
func TestReadyWhenTheSurplusHasEnded(t *testing.T) {
	for running, want := range map[int32]status.Reason{0: status.Reconciling, 1: status.Synced, 5: status.Reconciling} {
		f := finding{unit: &resource.Unit{}, executed: true, service: resource.Live{Presence: resource.Present,
			Service: &resource.ServiceState{Desired: 1, Running: running}}}
		if r, why := f.reason(); r != want || running == 5 && why != "5 tasks run and 1 are wanted: the others are ending" {
			t.Errorf("%d of 1: %s: %s", running, r, why)
		}
	}
}

// An object that has the same name in AWS under another key of the document is the
// same object: its tags change, and nothing is to be deleted.
func TestAnotherKeyOfTheSameName(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world) {
		doc := strings.Replace(web, "  cluster: default\n", pruning1, 1)
		doc = strings.Replace(doc, "      metricName: HTTPCode", "      alarmName: shop-errors\n      metricName: HTTPCode", 1)
		w.files.put("web.yaml", doc)
		w.sync(w.scoped("a", false))
		w.files.put("web.yaml", strings.Replace(doc, "    errors:\n", "    failures:\n", 1))
		e := w.scoped("a", false)
		for _, s := range e.Inspect(t.Context(), w.load(e).Units)[0].Plan.Steps {
			if s.Stray {
				t.Errorf("%s of %s", s.Action, s.ID.Local())
			}
		}
		mark := w.mark()
		w.want(w.sync(e)["web"], status.StateReady, status.Synced, 0)
		if got := w.writes(mark); len(got) != 1 || !strings.HasPrefix(got[0], "TagResource") {
			t.Errorf("writes: %v", got)
		}
	})
}
