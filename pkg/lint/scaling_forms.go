package lint

import (
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/applicationautoscaling/types"

	"github.com/ecs-operator/ecs-operator/pkg/spec"
)

// What each sort of policy is made of, by the SDK's comments on the members of
// PutScalingPolicyInput and PutScheduledActionInput.
var scalingFormRules = []Rule{
	{"scaling-tracking", spec.Error, "A target tracking policy of an ECS service has one of predefinedMetricSpecification, with a metric of ECS services, and customizedMetricSpecification, with metrics or metricName, namespace and statistic.",
		"correct what is tracked", scalingTracking},
	{"scaling-steps", spec.Error, "A step scaling policy has adjustmentType and up to 20 steps, without gaps and overlaps.", "correct the steps", scalingSteps},
	{"scaling-predictive", spec.Error, "A predictive scaling policy has one metric specification.", "write one policy for each", scalingPredictive},
	{"scaling-action", spec.Error, "A scheduled action sets minCapacity or maxCapacity, and ends after its start.", "correct the action", scalingAction},
}

func scalingTracking(v *unit, f found) {
	const path = "targetTrackingScalingPolicyConfiguration"
	for _, p := range v.policies {
		t := p.in.TargetTrackingScalingPolicyConfiguration
		if t == nil {
			continue
		}
		predefined, custom := t.PredefinedMetricSpecification, t.CustomizedMetricSpecification
		switch {
		case predefined == nil && custom == nil:
			f(p.Object, path, "has none of predefinedMetricSpecification and customizedMetricSpecification")
		case predefined != nil && custom != nil:
			f(p.Object, path, "has both predefinedMetricSpecification and customizedMetricSpecification")
		case predefined != nil:
			metric := string(predefined.PredefinedMetricType)
			if metric != "" && !open(metric) && !strings.HasPrefix(metric, "ECSService") && !strings.HasPrefix(metric, "ALB") {
				f(p.Object, path+".predefinedMetricSpecification.predefinedMetricType", "%s is no metric of ECS services", metric)
			}
		case len(custom.Metrics) > 0 && (custom.MetricName != nil || custom.Namespace != nil || custom.Statistic != ""):
			f(p.Object, path+".customizedMetricSpecification", "has metrics beside metricName, namespace or statistic")
		case len(custom.Metrics) == 0 && (custom.MetricName == nil || custom.Namespace == nil || custom.Statistic == ""):
			f(p.Object, path+".customizedMetricSpecification", "lacks metricName, namespace or statistic")
		}
	}
}

// scalingSteps: "the ranges of your step adjustments can't overlap or have a gap",
// "at most, one step adjustment can have a null lower bound", and the same of the
// upper bound (StepAdjustment).
func scalingSteps(v *unit, f found) {
	const path = "stepScalingPolicyConfiguration"
	for _, p := range v.policies {
		c := p.in.StepScalingPolicyConfiguration
		if c == nil {
			continue
		}
		if c.AdjustmentType == "" {
			f(p.Object, path, "adjustmentType is missing")
		}
		if n := len(c.StepAdjustments); n == 0 || n > 20 {
			f(p.Object, path+".stepAdjustments", "%d steps are none", n)
			continue
		}
		if why := wrongSteps(c.StepAdjustments); why != "" {
			f(p.Object, path+".stepAdjustments", "%s", why)
		}
	}
}

func wrongSteps(steps []types.StepAdjustment) string {
	steps = slices.Clone(steps)
	slices.SortFunc(steps, func(a, b types.StepAdjustment) int { // without a lower bound first
		low, other := a.MetricIntervalLowerBound, b.MetricIntervalLowerBound
		switch {
		case low == nil || other == nil:
			return map[bool]int{true: 1}[low != nil] - map[bool]int{true: 1}[other != nil]
		case *low < *other:
			return -1
		}
		return 1
	})
	for i, s := range steps {
		low, high := s.MetricIntervalLowerBound, s.MetricIntervalUpperBound
		if low != nil && high != nil && *low >= *high {
			return "a step's metricIntervalLowerBound is not below its metricIntervalUpperBound"
		}
		if i == 0 {
			continue
		}
		switch before := steps[i-1].MetricIntervalUpperBound; {
		case before == nil || low == nil || *low < *before:
			return "two steps overlap"
		case *low > *before:
			return "there is a gap between two steps"
		}
	}
	return ""
}

func scalingPredictive(v *unit, f found) {
	for _, p := range v.policies {
		if c := p.in.PredictiveScalingPolicyConfiguration; c != nil && len(c.MetricSpecifications) != 1 {
			f(p.Object, "predictiveScalingPolicyConfiguration.metricSpecifications", "there are %d", len(c.MetricSpecifications))
		}
	}
}

func scalingAction(v *unit, f found) {
	for _, a := range v.actions {
		if t := a.in.ScalableTargetAction; t != nil && t.MinCapacity == nil && t.MaxCapacity == nil {
			f(a.Object, "scalableTargetAction", "sets neither")
		}
		if s, e := a.in.StartTime, a.in.EndTime; s != nil && e != nil && !e.After(*s) {
			f(a.Object, "endTime", "%s is not after startTime", e.Format(time.RFC3339))
		}
		text := aws.ToString(a.in.Schedule)
		if when, is := strings.CutPrefix(text, "at("); is && !open(text) {
			if _, err := time.Parse("2006-01-02T15:04:05)", when); err != nil {
				f(a.Object, "schedule", "%q is no at(yyyy-mm-ddThh:mm:ss)", text)
			}
		}
	}
}
