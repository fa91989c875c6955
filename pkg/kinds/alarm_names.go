package kinds

import (
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"

	"github.com/ecs-operator/ecs-operator/pkg/resource"
)

// alarmNameOf is the AWS name of a unit's alarm: written, else derived.
func alarmNameOf(f resource.Frame, u *resource.Unit, o *resource.Object) string {
	if in, ok := o.Want.(*cloudwatch.PutMetricAlarmInput); ok && aws.ToString(in.AlarmName) != "" {
		return *in.AlarmName
	}
	return pathName(f, u, o.ID.Name)
}
