package lint

import (
	"fmt"
	"reflect"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/applicationautoscaling/types"

	"github.com/ecs-operator/ecs-operator/pkg/spec"
)

var scalingRules = []Rule{
	{"scaling-range", spec.Error, "minCapacity is at most maxCapacity, and neither is negative.", "correct one of them", scalingRange},
	// Found by the service's kind, which alone sees the count before the frame has moved it.
	{"desired-count-range", spec.Warning, "A written desiredCount lies in scaling's range.", "write a count within, or leave it out", func(*unit, found) {}},
	{"scaling-policy", spec.Error, "A scaling policy has the configuration of its policyType, and no other.",
		"write the one configuration that belongs to policyType", scalingPolicy},
	{"scaling-metric", spec.Error, "No two target tracking policies of a service watch the same metric.", "keep one of them", scalingMetric}, // PutScalingPolicy: "Only one TargetTrackingScaling policy for a given metric specification is allowed"
	{"scaling-schedule", spec.Error, "A schedule is at(yyyy-mm-ddThh:mm:ss), rate(N unit) or cron() with six fields.", "correct the schedule", scalingSchedule},
	// PutScheduledAction: "the canonical names of the IANA time zones supported by Joda-Time"
	{"scaling-timezone", spec.Warning, "A schedule's time zone is a canonical name of the IANA database.", "write one such as Europe/Paris or Etc/GMT+9", scalingTimezone},
}

// scalingRange leaves a minCapacity over maxCapacity of the scalable target to its kind.
func scalingRange(v *unit, f found) {
	check := func(low, high *int32, both bool) (message, member string) {
		switch {
		case low != nil && *low < 0:
			return fmt.Sprintf("%d is negative", *low), "minCapacity"
		case high != nil && *high < 0:
			return fmt.Sprintf("%d is negative", *high), "maxCapacity"
		case both && low != nil && high != nil && *low > *high:
			return fmt.Sprintf("minCapacity %d is over maxCapacity %d", *low, *high), "minCapacity"
		}
		return "", ""
	}
	if v.target != nil {
		if message, member := check(v.target.in.MinCapacity, v.target.in.MaxCapacity, false); message != "" {
			f(v.target.Object, member, "%s", message)
		}
	}
	for _, a := range v.actions {
		if s := a.in.ScalableTargetAction; s != nil {
			if message, member := check(s.MinCapacity, s.MaxCapacity, true); message != "" {
				f(a.Object, "scalableTargetAction."+member, "%s", message)
			}
		}
	}
}

func scalingPolicy(v *unit, f found) {
	for _, p := range v.policies {
		kind := p.in.PolicyType
		if kind == "" {
			kind = types.PolicyTypeStepScaling // PutScalingPolicyInput.PolicyType's default
		}
		for _, c := range []struct {
			of      types.PolicyType
			path    string
			written bool
		}{
			{types.PolicyTypeStepScaling, "stepScalingPolicyConfiguration", p.in.StepScalingPolicyConfiguration != nil},
			{types.PolicyTypeTargetTrackingScaling, "targetTrackingScalingPolicyConfiguration", p.in.TargetTrackingScalingPolicyConfiguration != nil},
			{types.PolicyTypePredictiveScaling, "predictiveScalingPolicyConfiguration", p.in.PredictiveScalingPolicyConfiguration != nil},
		} {
			switch {
			case c.of == kind && !c.written:
				f(p.Object, "", "policyType %s needs %s", kind, c.path)
			case c.of != kind && c.written:
				f(p.Object, c.path, "does not belong to policyType %s", kind)
			}
		}
	}
}

func scalingMetric(v *unit, f found) {
	for i, p := range v.policies {
		t := p.in.TargetTrackingScalingPolicyConfiguration
		if t == nil {
			continue
		}
		for _, other := range v.policies[:i] {
			o := other.in.TargetTrackingScalingPolicyConfiguration
			if o != nil && reflect.DeepEqual(t.PredefinedMetricSpecification, o.PredefinedMetricSpecification) &&
				reflect.DeepEqual(t.CustomizedMetricSpecification, o.CustomizedMetricSpecification) {
				f(p.Object, "targetTrackingScalingPolicyConfiguration", "watches the metric of %s, and AWS allows one such policy for each metric", other.Section)
				break
			}
		}
	}
}

func scalingSchedule(v *unit, f found) {
	for _, a := range v.actions {
		text := aws.ToString(a.in.Schedule)
		kind, rest, ok := strings.Cut(strings.TrimSuffix(text, ")"), "(")
		fields := strings.Fields(rest)
		switch {
		case text == "" || open(text):
		case !ok || !strings.HasSuffix(text, ")") || kind != "at" && kind != "rate" && kind != "cron":
			f(a.Object, "schedule", "%q is none", text)
		case kind == "cron" && len(fields) != 6:
			f(a.Object, "schedule", "%q has %d fields: minutes, hours, day of month, month, day of week and year are wanted", text, len(fields))
		case kind == "cron" && fields[2] != "?" && fields[4] != "?":
			f(a.Object, "schedule", "%q: one of day of month and day of week must be ?", text)
		case kind == "rate" && len(fields) != 2:
			f(a.Object, "schedule", "%q is no number with a unit", text)
		}
	}
}

func scalingTimezone(v *unit, f found) {
	for _, a := range v.actions {
		zone := aws.ToString(a.in.Timezone)
		if zone == "" || open(zone) {
			continue
		}
		if _, err := time.LoadLocation(zone); err != nil || zone == "Local" {
			f(a.Object, "timezone", "%q is not known", zone)
		}
	}
}
