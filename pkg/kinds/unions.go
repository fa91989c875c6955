package kinds

import (
	"reflect"

	"github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"
	"github.com/aws/aws-sdk-go-v2/service/ecs/document"
	ecstypes "github.com/aws/aws-sdk-go-v2/service/ecs/types"
	smithydocument "github.com/aws/smithy-go/document"

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
	return []shape.Document{{
		Interface: reflect.TypeFor[document.Interface](),
		New:       func(plain any) any { return document.NewLazyDocument(plain) },
		Plain: func(doc any) (any, error) {
			var v any
			if err := doc.(document.Interface).UnmarshalSmithyDocument(&v); err != nil {
				return nil, err
			}
			return plainNumbers(v), nil
		},
	}}
}

// plainNumbers makes float64 of smithy's arbitrary-precision numbers.
func plainNumbers(v any) any {
	switch x := v.(type) {
	case smithydocument.Number:
		if f, err := x.Float64(); err == nil {
			return f
		}
		return string(x)
	case map[string]any:
		for k, m := range x {
			x[k] = plainNumbers(m)
		}
	case []any:
		for i, m := range x {
			x[i] = plainNumbers(m)
		}
	}
	return v
}
