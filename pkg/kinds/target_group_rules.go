package kinds

import (
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2"
	"github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2/types"

	"github.com/ecs-operator/ecs-operator/pkg/diff"
	"github.com/ecs-operator/ecs-operator/pkg/resource"
)

var groupCatalogue = catalogue(resource.KindTargetGroup)

// targetGroupRules are how a target group is compared: the defaults depend on
// the protocol and the target type (comments on CreateTargetGroupInput).
func targetGroupRules(want *elasticloadbalancingv2.CreateTargetGroupInput) *diff.Rules {
	r := groupCatalogue.Rules(groupVariants(want)...)
	return &r
}

func groupVariants(want *elasticloadbalancingv2.CreateTargetGroupInput) []string {
	switch {
	case want.TargetType == types.TargetTypeEnumLambda:
		return []string{"lambda"}
	case want.Protocol == types.ProtocolEnumHttp || want.Protocol == types.ProtocolEnumHttps:
		out := []string{"http"}
		if want.Protocol == types.ProtocolEnumHttps {
			out = append(out, "https")
		}
		if aws.ToString(want.ProtocolVersion) == "GRPC" {
			out = append(out, "grpc")
		}
		return out
	case want.Protocol == types.ProtocolEnumGeneve:
		return []string{"geneve"}
	case want.TargetType == types.TargetTypeEnumAlb && want.HealthCheckProtocol != types.ProtocolEnumTcp:
		return []string{"http check", "alb"}
	case want.HealthCheckProtocol != "" && want.HealthCheckProtocol != types.ProtocolEnumTcp:
		return []string{"http check"} // of a network load balancer
	}
	return nil
}
