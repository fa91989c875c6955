package kinds

import (
	"github.com/aws/aws-sdk-go-v2/service/ecs"
	"github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2"

	"github.com/ecs-operator/ecs-operator/pkg/diff"
	"github.com/ecs-operator/ecs-operator/pkg/resource"
)

// The rules of each kind for one object: what resource.Ruled asks for.

// Rules are how this service is compared.
func (*service) Rules(o *resource.Object, c resource.Compare) *diff.Rules {
	want, _ := o.Want.(*ecs.CreateServiceInput)
	r := serviceRules(want)
	if want == nil {
		return r
	}
	if why := countOwner(o, want, c); why != "" {
		r.Ignored = with(r.Ignored, "desiredCount", why)
		r.Governors = map[string]diff.Owner{"desiredCount": diff.OwnerAutoscaler}
	}
	return r
}

// Rules are how a task definition is compared.
func (*taskDefinition) Rules(*resource.Object, resource.Compare) *diff.Rules { return &taskRules }

// Rules are how this target group is compared.
func (*targetGroup) Rules(o *resource.Object, _ resource.Compare) *diff.Rules {
	want, _ := o.Want.(*elasticloadbalancingv2.CreateTargetGroupInput)
	return targetGroupRules(want)
}

// Rules are how this rule is compared.
func (*listenerRule) Rules(o *resource.Object, _ resource.Compare) *diff.Rules {
	return rulesOfRule(o, "")
}

// Rules are how a scalable target is compared.
func (*scalableTarget) Rules(*resource.Object, resource.Compare) *diff.Rules {
	return &scalableTargetRules
}

// Rules are how a scaling policy or scheduled action is compared.
func (k *attached[Want, Found]) Rules(*resource.Object, resource.Compare) *diff.Rules { return k.rules }

// Rules are how an alarm is compared.
func (*alarm) Rules(o *resource.Object, _ resource.Compare) *diff.Rules { return rulesOfAlarm(o) }
