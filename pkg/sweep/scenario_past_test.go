package sweep

import (
	"errors"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ecs"
	"github.com/aws/aws-sdk-go-v2/service/ecs/types"

	"github.com/ecs-operator/ecs-operator/pkg/plan"
	"github.com/ecs-operator/ecs-operator/pkg/resource"
	"github.com/ecs-operator/ecs-operator/pkg/status"
)

// pastScenarios hang on what has happened already: what was rolled back, or is just now,
// what people set by hand, and much that changes together.
func pastScenarios() []*scenario {
	plain := hello("hello")
	bad, newer := edit(plain, "nginx:1.29", "nginx:crash"), edit(plain, "nginx:1.29", "nginx:1.30")
	whole := hello("hello", alarm, scaling)
	all := func(text string) string { // the old tasks go first, so that going back takes a while
		return edit(text, "deploymentConfiguration: {", "deploymentConfiguration: {minimumHealthyPercent: 0, maximumPercent: 100, ")
	}
	return []*scenario{
		// What somebody has seen is carried out as it was seen, or not at all.
		{name: "saved-plan", saved: true, before: documents{"hello.yaml": hello("hello", alarm)}, people: busier,
			after: documents{"hello.yaml": edit(hello("hello", alarm), "nginx:1.29", "nginx:1.30")}, rest: stand("hello", status.ChangedSincePlanned)},
		// What failed is not tried again, however long ago that was, and whoever looked on.
		{name: "rolled-back-once", before: documents{"hello.yaml": plain}, past: documents{"hello.yaml": bad}, away: 2 * time.Hour,
			after: documents{"hello.yaml": "# Read once more.\n" + bad}, rest: stand("hello", status.RolledBack)},
		// The next document comes while ECS takes the former one back.
		{name: "rollback-overtaken", timed: true, before: documents{"hello.yaml": all(plain)},
			after: documents{"hello.yaml": all(bad)}, acts: []act{{do: func(h human) error {
				if !h.quarantined("hello") {
					return errors.New("nobody has seen it yet")
				}
				h.commit(documents{"hello.yaml": all(newer)})
				return nil
			}}}, rest: stand("hello", status.Synced)},
		// More than the document says is kept for a while, fewer is not.
		{name: "counts-by-hand", wall: &wall{edit: []string{"driftGrace: 3m", "driftGrace: 3s"}}, timed: true, before: documents{"hello.yaml": policy(plain, "driftGrace: 3m"), "other.yaml": hello("other")}, people: func(h human) {
			h.count("hello", 4)
			h.count("other", 1)
			<-time.After(2 * time.Minute) // and so it is
		}, within: 5 * time.Minute, rest: map[string]status.Reason{"hello": status.Synced, "other": status.Synced}},
		change("all-at-once", "hello", whole, edit(whole, "nginx:1.29", "nginx:1.30", "threshold: 90", "threshold: 80", "targetValue: 60", "targetValue: 70", "maxCapacity: 6", "maxCapacity: 8")),
	}
}

// diff is what diff -o json saves.
func (h human) diff(t *testing.T, d documents) map[resource.UnitKey]plan.Seal {
	e := h.with(d, false)
	l, err := e.Load(h.ctx)
	must(err)
	out := map[resource.UnitKey]plan.Seal{}
	for _, p := range e.Plan(h.ctx, l.Units) {
		if !p.Seal.Whole() {
			t.Fatalf("the seal of %s is not whole", p.Unit)
		}
		out[p.Unit] = p.Seal
	}
	return out
}

// quarantined is whether the operator has noted that content of a service failed.
func (h human) quarantined(name string) bool {
	out, err := h.aws().Read.ECS.DescribeServices(h.ctx, &ecs.DescribeServicesInput{Services: []string{name}, Include: []types.ServiceField{types.ServiceFieldTags}})
	must(err)
	return ecsTags(out.Services[0].Tags)[resource.TagQuarantine] != ""
}

// count sets how many tasks of a service there are.
func (h human) count(name string, n int32) {
	_, err := h.aws().Write.ECS.UpdateService(h.ctx, &ecs.UpdateServiceInput{Service: &name, DesiredCount: aws.Int32(n)})
	must(err)
}
