package reconcile

import (
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ecs"
	"github.com/aws/aws-sdk-go-v2/service/ecs/types"

	"github.com/ecs-operator/ecs-operator/pkg/plan"
	"github.com/ecs-operator/ecs-operator/pkg/resource"
	"github.com/ecs-operator/ecs-operator/pkg/sandbox"
	"github.com/ecs-operator/ecs-operator/pkg/status"
)

// The operator dies between the update that brings a bad content and its tags, and ECS
// has taken it back before the next start: the tags then say the same as if it had lived.
func TestDiedBeforeTheTags(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world) {
		w.before(false)
		h := w.harbour(nil)
		w.files.put("hello.yaml", hello("hello", "nginx:crash"))
		died := w.death(1, false, func(c sandbox.Call) bool { return c.Operation == "TagResource" }, nil)
		w.apply(w.engine(), ApplyOptions{})
		w.spoil(nil)
		if !died() {
			t.Fatal("no tags were written after the update")
		}
		w.sandbox.Advance(hour)
		w.want(w.wait(w.engine())["hello"], status.StateStalled, status.RolledBack, 5)
		out, err := w.person().Read.ECS.DescribeServices(t.Context(), &ecs.DescribeServicesInput{Services: []string{"hello"}, Include: []types.ServiceField{types.ServiceFieldTags}})
		w.ok(err)
		tags := map[string]string{}
		for _, tag := range out.Services[0].Tags {
			tags[aws.ToString(tag.Key)] = aws.ToString(tag.Value)
		}
		q, ok := plan.ParseQuarantine(tags[resource.TagQuarantine])
		if hash := tags[resource.TagSpecHash]; !ok || hash != q.Hash || !strings.HasPrefix(hash, "1-") {
			t.Errorf("the tags say %s %q and %s %q", resource.TagSpecHash, hash, resource.TagQuarantine, tags[resource.TagQuarantine])
		}
		mark := w.mark()
		w.want(w.wait(w.engine())["hello"], status.StateStalled, status.RolledBack, 5)
		w.quiet(mark, "afterwards")
		if h.of("hello") != 1 {
			t.Errorf("%d deployments", h.of("hello"))
		}
	})
}
