package kinds

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"regexp"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ecs"

	"github.com/ecs-operator/ecs-operator/pkg/resource"
)

// Limits and alphabets of names, each from the SDK's comment on the member.
const (
	maxServiceName     = 255 // CreateServiceInput.ServiceName
	maxFamily          = 255 // RegisterTaskDefinitionInput.Family
	maxTargetGroupName = 32  // CreateTargetGroupInput.Name
	maxAlarmName       = 255 // PutMetricAlarmInput.AlarmName
	maxPolicyName      = 256 // PutScalingPolicyInput.PolicyName
	maxActionName      = 256 // PutScheduledActionInput.ScheduledActionName
)

var (
	ecsName         = regexp.MustCompile(`^[A-Za-z0-9_-]+$`)
	targetGroupName = regexp.MustCompile(`^[A-Za-z0-9]([A-Za-z0-9-]*[A-Za-z0-9])?$`)
)

// serviceName is the AWS name of the unit's ECS service: what its body writes,
// else the name of the document.
func serviceName(u *resource.Unit) string {
	if o := u.Object(serviceID(u)); o != nil {
		if in, ok := o.Want.(*ecs.CreateServiceInput); ok && aws.ToString(in.ServiceName) != "" {
			return *in.ServiceName
		}
	}
	return u.Key.Name
}

func unitID(u *resource.Unit, kind, name string) resource.ID {
	return resource.ID{Target: u.Key.Target, Cluster: u.Key.Cluster, Unit: u.Key.Name, Kind: kind, Name: name}
}

func serviceID(u *resource.Unit) resource.ID { return unitID(u, resource.KindService, "") }

// family is the derived task definition family.
func family(u *resource.Unit) string { return u.Key.Cluster + "-" + u.Key.Name }

// pathName is the derived name of alarms and scaling policies; alarms of one
// owner share its prefix.
func pathName(f resource.Frame, u *resource.Unit, key string) string {
	return strings.Join([]string{f.Owner, u.Key.Cluster, u.Key.Name, key}, "/")
}

// actionName is pathName for scheduled actions, whose names take no slash
// (pattern of PutScheduledActionInput.ScheduledActionName).
func actionName(f resource.Frame, u *resource.Unit, key string) string {
	return strings.Join([]string{f.Owner, u.Key.Cluster, u.Key.Name, key}, "-")
}

// shortHash is a name's distinguishing tail: 8 hex digits over the parts.
func shortHash(parts ...string) string {
	h := sha256.New()
	for _, p := range parts {
		fmt.Fprintf(h, "%d:%s", len(p), p) // no two lists of parts run together
	}
	return hex.EncodeToString(h.Sum(nil)[:4])
}

// hashedName is "<short>-<hash>" within the 32 characters of a target group.
func hashedName(short, hash string) string {
	room := maxTargetGroupName - len(hash) - 1
	var b strings.Builder
	for _, r := range short {
		if r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || r == '-' {
			b.WriteRune(r)
		} else {
			b.WriteByte('-')
		}
	}
	short = b.String()
	if len(short) > room {
		short = short[:room]
	}
	if short = strings.Trim(short, "-"); short == "" {
		short = "t"
	}
	return short + "-" + hash
}

// resourceID is how Application Auto Scaling calls an ECS service.
func resourceID(cluster, service string) string { return "service/" + cluster + "/" + service }

// lastSegment is what stands behind the last slash of an ARN or path.
func lastSegment(s string) string { return s[strings.LastIndexByte(s, '/')+1:] }

// partitionOf is the partition of an ARN: "aws", "aws-cn".
func partitionOf(arn string) string {
	if p := strings.SplitN(arn, ":", 3); len(p) == 3 && p[0] == "arn" && p[1] != "" {
		return p[1]
	}
	return "aws"
}
