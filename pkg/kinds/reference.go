package kinds

import (
	"github.com/aws/aws-sdk-go-v2/service/ecs"
	"github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2"
	elbtypes "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2/types"

	"github.com/ecs-operator/ecs-operator/pkg/diff"
	"github.com/ecs-operator/ecs-operator/pkg/resource"
)

// Rules are the rules of a kind (spec.Section.Sort) for its commonest input, nil for a kind that
// there is not: what the reference of the spec is written from. Where they
// depend on the input they are those of a REPLICA service and of a target group
// that speaks HTTP.
func Rules(kind string) *diff.Rules {
	switch kind {
	case resource.KindTaskDefinition:
		return &taskRules
	case resource.KindService:
		return serviceRules(&ecs.CreateServiceInput{})
	case resource.KindTargetGroup:
		return targetGroupRules(&elasticloadbalancingv2.CreateTargetGroupInput{Protocol: elbtypes.ProtocolEnumHttp})
	case resource.KindListenerRule:
		return &ruleRules
	case resource.KindScalableTarget:
		return &scalableTargetRules
	case resource.KindScalingPolicy:
		return &scalingPolicyRules
	case resource.KindScheduledAction:
		return &scheduledActionRules
	case resource.KindAlarm:
		return &alarmRules
	case formComposite:
		return &compositeRules
	}
	return nil
}
