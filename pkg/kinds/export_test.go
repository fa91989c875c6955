package kinds

import (
	"fmt"

	aastypes "github.com/aws/aws-sdk-go-v2/service/applicationautoscaling/types"
	cwtypes "github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"
	ecstypes "github.com/aws/aws-sdk-go-v2/service/ecs/types"
	elbtypes "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2/types"

	"github.com/ecs-operator/ecs-operator/pkg/resource"
)

// LiveOf reads one answer of AWS as Observe does.
func LiveOf(id resource.ID, answer any, attributes map[string]string) resource.Live {
	switch a := answer.(type) {
	case *ecstypes.TaskDefinition:
		return revisionOf(a, nil).live()
	case *ecstypes.Service:
		return (&service{}).live(id, a)
	case *elbtypes.TargetGroup:
		return groupLive(id, a, nil, attributes)
	case *elbtypes.Rule:
		return ruleLive(id, a, nil)
	case *cwtypes.MetricAlarm:
		return alarmLive(id, &foundAlarm{metric: a})
	case *aastypes.ScalableTarget:
		return targetLive(id, a)
	case *aastypes.ScalingPolicy:
		k := newScalingPolicy(base{})
		return k.live(id, k.sight(a))
	}
	panic(fmt.Sprintf("no kind reads a %T", answer))
}
