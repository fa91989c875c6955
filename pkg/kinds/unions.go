package kinds

import (
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"
	"github.com/aws/aws-sdk-go-v2/service/ecs/document"
	ecstypes "github.com/aws/aws-sdk-go-v2/service/ecs/types"

	"github.com/ecs-operator/ecs-operator/pkg/shape"
)

// ecsUnions are the interface-typed places of CreateService and RegisterTaskDefinition.
func ecsUnions() []shape.Union {
	return []shape.Union{
		shape.UnionOf[ecstypes.ServiceConnectContainerConfiguration](&ecstypes.ServiceConnectContainerConfigurationMemberLogLevel{}),
		shape.UnionOf[ecstypes.SharingStrategy](&ecstypes.SharingStrategyMemberNvidiaMps{}),
	}
}

// alarmUnions are those of PutMetricAlarm.
func alarmUnions() []shape.Union {
	return []shape.Union{
		shape.UnionOf[types.EvaluationCriteria](&types.EvaluationCriteriaMemberPromQLCriteria{}),
		shape.UnionOf[types.EvaluationWindow](&types.EvaluationWindowMemberSlidingWindow{}, &types.EvaluationWindowMemberWallClockWindow{}),
	}
}

// ecsDocuments are the free-form places: hookDetails of a lifecycle hook.
func ecsDocuments() []shape.Document {
	return []shape.Document{shape.DocumentOf(document.NewLazyDocument)}
}
