package kinds

import (
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	aas "github.com/aws/aws-sdk-go-v2/service/applicationautoscaling"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	"github.com/aws/aws-sdk-go-v2/service/ecs"
	elbv2 "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2"

	"github.com/ecs-operator/ecs-operator/pkg/resource"
)

// Access is what permissions for a unit depend on beside its needs (Needs).
type Access struct {
	Family    string   // of its task definition, as AWS has it
	Alarms    []string // names of its metric alarms, as AWS has them
	Composite []string // and of its composite ones
	// Listeners are those that its rules hang on, by ARN; "" stands for one that
	// is found by its load balancer, port or tags.
	Listeners []string
	Default   bool // one of its rules is a listener's default action
	// Tracking: a scaling policy tracks a target, with alarms of its own.
	Tracking bool
	// ScalingRole is the role that the scalable target writes.
	ScalingRole string
}

// AccessOf reads that from a unit. It asks nobody.
func AccessOf(u *resource.Unit) Access {
	var a Access
	for _, o := range u.Objects() {
		switch in := o.Want.(type) {
		case *ecs.RegisterTaskDefinitionInput:
			a.Family = aws.ToString(in.Family)
		case *cloudwatch.PutMetricAlarmInput:
			a.Alarms = append(a.Alarms, writtenAlarmName(o))
		case *cloudwatch.PutCompositeAlarmInput:
			a.Composite = append(a.Composite, writtenAlarmName(o))
		case *elbv2.CreateRuleInput:
			arn := aws.ToString(in.ListenerArn)
			if !strings.HasPrefix(arn, "arn:") {
				arn = ""
			}
			a.Listeners = append(a.Listeners, arn)
			a.Default = a.Default || isDefault(o)
		case *aas.PutScalingPolicyInput:
			a.Tracking = a.Tracking || in.TargetTrackingScalingPolicyConfiguration != nil
		case *aas.RegisterScalableTargetInput:
			a.ScalingRole = aws.ToString(in.RoleARN)
		}
	}
	return a
}

// ServiceName is the AWS name of the unit's ECS service.
func ServiceName(u *resource.Unit) string { return serviceName(u) }
