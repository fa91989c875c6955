package kinds

import (
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2/types"

	"github.com/ecs-operator/ecs-operator/pkg/diff"
	"github.com/ecs-operator/ecs-operator/pkg/resource"
)

// weightPath is what ECS owns of a rule that it shifts traffic with; the target
// groups themselves stay the spec's.
const weightPath = "actions[].forwardConfig.targetGroups[].weight"

// whyGoverned is the reason in the words of diff -v.
const whyGoverned = "ECS moves the weights of this rule in its deployments"

// rulesOfRule are how this rule is compared.
func rulesOfRule(o *resource.Object) *diff.Rules {
	r := ruleRules
	if o.Extra[governed] != nil {
		r.Ignored = with(r.Ignored, weightPath, whyGoverned)
		r.Governors = map[string]diff.Owner{weightPath: diff.OwnerController}
	}
	return &r
}

// keepWeights sends the live weights back: ModifyRule replaces whole actions, and
// a heal of anything else must not move the traffic. A target group that the live
// rule does not have keeps the weight that the document gives it.
func keepWeights(want, live []types.Action) {
	weights := map[string]*int32{}
	for _, a := range live {
		if a.ForwardConfig == nil {
			continue
		}
		for _, tg := range a.ForwardConfig.TargetGroups {
			weights[aws.ToString(tg.TargetGroupArn)] = tg.Weight
		}
	}
	for i := range want {
		f := want[i].ForwardConfig
		if f == nil {
			continue
		}
		for j := range f.TargetGroups {
			if w, ok := weights[aws.ToString(f.TargetGroups[j].TargetGroupArn)]; ok {
				f.TargetGroups[j].Weight = w
			}
		}
	}
}
