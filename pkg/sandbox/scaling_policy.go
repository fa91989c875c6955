package sandbox

import (
	"cmp"
	"reflect"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/applicationautoscaling"
	"github.com/aws/aws-sdk-go-v2/service/applicationautoscaling/types"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	cwtypes "github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"
)

// putScalingPolicy makes or overwrites a policy; a target-tracking one brings
// its alarms, which belong to Application Auto Scaling.
func putScalingPolicy(c *call, in *applicationautoscaling.PutScalingPolicyInput) (*applicationautoscaling.PutScalingPolicyOutput, error) {
	if err := checkScalingNames(in.ServiceNamespace, in.ResourceId, in.ScalableDimension); err != nil {
		return nil, err
	}
	resource, name := *in.ResourceId, aws.ToString(in.PolicyName)
	if name == "" || len(name) > 256 {
		return nil, refuse("ValidationException", "1 validation error detected: Value '%s' at 'policyName' failed to satisfy constraint: "+
			"Member must have length between 1 and 256", name)
	}
	if c.w.Scaling.Targets[resource] == nil {
		return nil, noScaling("scalable target registered", resource, "")
	}
	key := scalingKey(resource, name)
	p := c.w.Scaling.Policies[key]
	sort := in.PolicyType
	if sort == "" && p != nil {
		sort = p.Policy.PolicyType
	}
	sort = cmp.Or(sort, types.PolicyTypeStepScaling)
	if p != nil && p.Policy.PolicyType != sort {
		return nil, refuse("ValidationException", "The policy type of an existing scaling policy cannot be changed")
	}
	if err := checkPolicy(sort, in, p == nil); err != nil {
		return nil, err
	}
	if t := in.TargetTrackingScalingPolicyConfiguration; t != nil && c.w.tracked(resource, name, t) {
		// hashicorp/terraform-provider-aws#41179 and gravitational/teleport quote this.
		return nil, refuse("ValidationException", "Only one TargetTrackingScaling policy for a given metric specification is allowed.")
	}
	if p == nil {
		if n := c.w.policiesOf(resource); len(n) >= 50 {
			return nil, refuse("LimitExceededException", "Scaling policies limit exceeded for the scalable target (50)")
		}
		p = &scalingPolicy{Policy: types.ScalingPolicy{
			CreationTime: aws.Time(c.w.Clock), PolicyName: in.PolicyName, PolicyType: sort, ResourceId: in.ResourceId,
			ScalableDimension: scalingDimension, ServiceNamespace: scalingNamespace,
			PolicyARN: aws.String("arn:aws:autoscaling:" + Region + ":" + Account + ":scalingPolicy:" + c.w.uuid() +
				":resource/ecs/" + resource + ":policyName/" + name),
		}}
		c.w.Scaling.Policies[key] = p
		c.w.derived.policies.add(key)
	}
	if in.StepScalingPolicyConfiguration != nil {
		p.Policy.StepScalingPolicyConfiguration = in.StepScalingPolicyConfiguration
	}
	if in.PredictiveScalingPolicyConfiguration != nil {
		p.Policy.PredictiveScalingPolicyConfiguration = in.PredictiveScalingPolicyConfiguration
	}
	if t := in.TargetTrackingScalingPolicyConfiguration; t != nil {
		stored := *t
		if stored.DisableScaleIn == nil {
			stored.DisableScaleIn = aws.Bool(false)
		}
		p.Policy.TargetTrackingScalingPolicyConfiguration = &stored
		c.w.trackTarget(p)
	}
	return &applicationautoscaling.PutScalingPolicyOutput{PolicyARN: p.Policy.PolicyARN, Alarms: list(p.Policy.Alarms)}, nil
}

// checkPolicy: the one configuration that the type asks for, and what it needs.
func checkPolicy(sort types.PolicyType, in *applicationautoscaling.PutScalingPolicyInput, fresh bool) error {
	step, track, predict := in.StepScalingPolicyConfiguration, in.TargetTrackingScalingPolicyConfiguration, in.PredictiveScalingPolicyConfiguration
	has := map[types.PolicyType]bool{types.PolicyTypeStepScaling: step != nil, types.PolicyTypeTargetTrackingScaling: track != nil,
		types.PolicyTypePredictiveScaling: predict != nil}
	if _, ok := has[sort]; !ok {
		return refuse("ValidationException", "Unsupported policy type: %s", sort)
	}
	for other, set := range has {
		if other != sort && set {
			return refuse("ValidationException", "A %s policy cannot have the configuration of a %s policy", sort, other)
		}
	}
	if fresh && !has[sort] {
		return refuse("ValidationException", "%sPolicyConfiguration is required for a policy of type %s", sort, sort)
	}
	switch {
	case step != nil:
		return checkStepPolicy(step)
	case track != nil:
		return checkTrackingPolicy(track)
	}
	return nil
}

// tracked reports whether another policy of the resource tracks the same metric.
func (w *World) tracked(resource, name string, t *types.TargetTrackingScalingPolicyConfiguration) bool {
	for _, key := range w.policiesOf(resource) {
		p := w.Scaling.Policies[key].Policy
		o := p.TargetTrackingScalingPolicyConfiguration
		if o != nil && *p.PolicyName != name &&
			reflect.DeepEqual(o.PredefinedMetricSpecification, t.PredefinedMetricSpecification) &&
			reflect.DeepEqual(o.CustomizedMetricSpecification, t.CustomizedMetricSpecification) {
			return true
		}
	}
	return false
}

// checkStepPolicy: steps without gaps or overlaps (SDK comment of StepAdjustment).
func checkStepPolicy(p *types.StepScalingPolicyConfiguration) error {
	if p.AdjustmentType == "" {
		return refuse("ValidationException", "AdjustmentType is required for a step scaling policy")
	}
	if len(p.StepAdjustments) == 0 || len(p.StepAdjustments) > 20 {
		return refuse("ValidationException", "A step scaling policy must have between 1 and 20 step adjustments")
	}
	steps := slices.Clone(p.StepAdjustments)
	slices.SortFunc(steps, func(a, b types.StepAdjustment) int {
		switch {
		case a.MetricIntervalLowerBound == nil && b.MetricIntervalLowerBound == nil:
			return 0
		case a.MetricIntervalLowerBound == nil:
			return -1
		case b.MetricIntervalLowerBound == nil:
			return 1
		}
		return cmp.Compare(*a.MetricIntervalLowerBound, *b.MetricIntervalLowerBound)
	})
	for i, s := range steps {
		low, high := s.MetricIntervalLowerBound, s.MetricIntervalUpperBound
		if low == nil && high == nil && len(steps) > 1 {
			return refuse("ValidationException", "At most one StepAdjustment may have neither a lower nor an upper bound, and then it must be the only one")
		}
		if low != nil && high != nil && *low >= *high {
			return refuse("ValidationException", "The lower bound of a StepAdjustment must be less than its upper bound")
		}
		if i == 0 {
			continue
		}
		if before := steps[i-1].MetricIntervalUpperBound; before == nil || low == nil || *before != *low {
			return refuse("ValidationException", "StepAdjustment intervals must have neither gaps nor overlaps")
		}
	}
	return nil
}

func checkTrackingPolicy(p *types.TargetTrackingScalingPolicyConfiguration) error {
	if p.TargetValue == nil {
		return refuse("ValidationException", "TargetValue is required for a target tracking scaling policy")
	}
	predefined, custom := p.PredefinedMetricSpecification, p.CustomizedMetricSpecification
	if (predefined == nil) == (custom == nil) {
		return refuse("ValidationException", "Exactly one of PredefinedMetricSpecification and CustomizedMetricSpecification must be specified")
	}
	if predefined != nil {
		switch predefined.PredefinedMetricType {
		case types.MetricTypeECSServiceAverageCPUUtilization, types.MetricTypeECSServiceAverageMemoryUtilization:
			return nil
		case types.MetricTypeALBRequestCountPerTarget:
			if _, _, ok := resourceLabel(aws.ToString(predefined.ResourceLabel)); !ok {
				return refuse("ValidationException", "ResourceLabel is required for ALBRequestCountPerTarget, "+
					"in the form app/<load-balancer-name>/<load-balancer-id>/targetgroup/<target-group-name>/<target-group-id>")
			}
			return nil
		}
		return refuse("ValidationException", "Unsupported predefined metric type for this scalable dimension: %s", predefined.PredefinedMetricType)
	}
	if len(custom.Metrics) == 0 && (custom.MetricName == nil || custom.Namespace == nil || custom.Statistic == "") {
		return refuse("ValidationException", "A customized metric needs MetricName, Namespace and Statistic, or Metrics")
	}
	return nil
}

// resourceLabel splits "app/main/0123/targetgroup/web/4567".
func resourceLabel(label string) (balancer, group string, ok bool) {
	balancer, rest, ok := strings.Cut(label, "/targetgroup/")
	return balancer, "targetgroup/" + rest, ok && strings.Count(balancer, "/") == 2 && strings.Count(rest, "/") == 1
}

// trackTarget makes, updates or removes the alarms of a target-tracking policy:
// three minutes above the target scale out, fifteen below nine tenths of it
// scale in (Application Auto Scaling user guide, "Target tracking"). Their names
// stay over updates.
func (w *World) trackTarget(p *scalingPolicy) {
	config := p.Policy.TargetTrackingScalingPolicyConfiguration
	target := *config.TargetValue
	want := []struct {
		side      string
		operator  cwtypes.ComparisonOperator
		threshold float64
		periods   int32
	}{{"AlarmHigh", cwtypes.ComparisonOperatorGreaterThanThreshold, target, 3}}
	if !aws.ToBool(config.DisableScaleIn) {
		want = append(want, struct {
			side      string
			operator  cwtypes.ComparisonOperator
			threshold float64
			periods   int32
		}{"AlarmLow", cwtypes.ComparisonOperatorLessThanThreshold, target * 0.9, 15})
	}
	old := p.Policy.Alarms
	p.Policy.Alarms = nil
	for _, a := range want {
		name := ""
		for _, o := range old {
			if trackingSide(*o.AlarmName) == a.side {
				name = *o.AlarmName
			}
		}
		if name == "" {
			name = "TargetTracking-" + *p.Policy.ResourceId + "-" + a.side + "-" + w.uuid()
		}
		in := &cloudwatch.PutMetricAlarmInput{
			AlarmName: aws.String(name), ActionsEnabled: aws.Bool(true), AlarmActions: []string{*p.Policy.PolicyARN},
			AlarmDescription:   aws.String("DO NOT EDIT OR DELETE. For TargetTrackingScaling policy " + *p.Policy.PolicyARN + "."),
			ComparisonOperator: a.operator, EvaluationPeriods: aws.Int32(a.periods), Threshold: aws.Float64(a.threshold),
		}
		trackedMetric(in, config, *p.Policy.ResourceId)
		arn := w.putManagedAlarm(in)
		p.Policy.Alarms = append(p.Policy.Alarms, types.Alarm{AlarmARN: aws.String(arn), AlarmName: aws.String(name)})
	}
	for _, o := range old {
		if !slices.ContainsFunc(p.Policy.Alarms, func(a types.Alarm) bool { return *a.AlarmName == *o.AlarmName }) {
			w.deleteManagedAlarm(*o.AlarmName)
		}
	}
}

// trackingSide is "AlarmHigh" or "AlarmLow", from the name that trackTarget gave.
func trackingSide(alarm string) string {
	for _, side := range []string{"AlarmHigh", "AlarmLow"} {
		if strings.Contains(alarm, "-"+side+"-") {
			return side
		}
	}
	return ""
}

// trackedMetric says which metric the alarms of a policy watch.
func trackedMetric(in *cloudwatch.PutMetricAlarmInput, config *types.TargetTrackingScalingPolicyConfiguration, resource string) {
	dimension := func(name, value string) cwtypes.Dimension {
		return cwtypes.Dimension{Name: aws.String(name), Value: aws.String(value)}
	}
	if c := config.CustomizedMetricSpecification; c != nil {
		if len(c.Metrics) > 0 {
			in.Metrics = trackedQueries(c.Metrics)
			return
		}
		in.Period, in.Namespace, in.MetricName = aws.Int32(60), c.Namespace, c.MetricName
		in.Statistic, in.Unit = cwtypes.Statistic(c.Statistic), cwtypes.StandardUnit(aws.ToString(c.Unit))
		for _, d := range c.Dimensions {
			in.Dimensions = append(in.Dimensions, dimension(*d.Name, *d.Value))
		}
		return
	}
	in.Period, in.Statistic = aws.Int32(60), cwtypes.StatisticAverage
	cluster, service, _ := serviceOfResource(resource)
	in.Namespace = aws.String("AWS/ECS")
	in.Dimensions = []cwtypes.Dimension{dimension("ClusterName", cluster), dimension("ServiceName", service)}
	switch config.PredefinedMetricSpecification.PredefinedMetricType {
	case types.MetricTypeECSServiceAverageMemoryUtilization:
		in.MetricName = aws.String("MemoryUtilization")
	case types.MetricTypeALBRequestCountPerTarget:
		balancer, group, _ := resourceLabel(*config.PredefinedMetricSpecification.ResourceLabel)
		in.Namespace, in.MetricName, in.Statistic = aws.String("AWS/ApplicationELB"), aws.String("RequestCountPerTarget"), cwtypes.StatisticSum
		in.Dimensions = []cwtypes.Dimension{dimension("TargetGroup", group), dimension("LoadBalancer", balancer)}
	default:
		in.MetricName = aws.String("CPUUtilization")
	}
}

func trackedQueries(queries []types.TargetTrackingMetricDataQuery) []cwtypes.MetricDataQuery {
	var out []cwtypes.MetricDataQuery
	for _, q := range queries {
		to := cwtypes.MetricDataQuery{Id: q.Id, Expression: q.Expression, Label: q.Label, ReturnData: q.ReturnData}
		if s := q.MetricStat; s != nil && s.Metric != nil {
			m := &cwtypes.Metric{Namespace: s.Metric.Namespace, MetricName: s.Metric.MetricName}
			for _, d := range s.Metric.Dimensions {
				m.Dimensions = append(m.Dimensions, cwtypes.Dimension{Name: d.Name, Value: d.Value})
			}
			to.MetricStat = &cwtypes.MetricStat{Metric: m, Period: aws.Int32(60), Stat: s.Stat, Unit: cwtypes.StandardUnit(aws.ToString(s.Unit))}
		}
		out = append(out, to)
	}
	return out
}

// policyKeys are the keys of all policies, in order.
func (w *World) policyKeys() *ordered { return orderOf(&w.derived.policies, w.Scaling.Policies) }

// policiesOf are the keys of a resource's policies, sorted.
func (w *World) policiesOf(resource string) []string {
	return w.policyKeys().from(resource + "|")
}

// describeScalingPolicies pages by ten.
func describeScalingPolicies(c *call, in *applicationautoscaling.DescribeScalingPoliciesInput) (*applicationautoscaling.DescribeScalingPoliciesOutput, error) {
	keys := c.w.policyKeys().keys
	if in.ResourceId != nil {
		keys = c.w.policiesOf(*in.ResourceId)
	}
	if len(in.PolicyNames) > 0 {
		named := make(map[string]bool, len(in.PolicyNames))
		for _, name := range in.PolicyNames {
			named[name] = true
		}
		keys = slices.DeleteFunc(slices.Clone(keys), func(key string) bool { return !named[*c.w.Scaling.Policies[key].Policy.PolicyName] })
	}
	page, next, err := scalingPage(in.ServiceNamespace, in.ResourceId, in.ScalableDimension, keys, in.NextToken, in.MaxResults, 10)
	if err != nil {
		return nil, err
	}
	out := &applicationautoscaling.DescribeScalingPoliciesOutput{ScalingPolicies: []types.ScalingPolicy{}, NextToken: next}
	callers := c.w.callers()
	for _, key := range page {
		policy := c.w.Scaling.Policies[key].Policy
		policy.Alarms = append(list(policy.Alarms), callers[*policy.PolicyARN]...)
		out.ScalingPolicies = append(out.ScalingPolicies, policy)
	}
	return out, nil
}

// callers are the alarms of people that call a policy, by its ARN, as the last change of
// alarms has left them.
func (w *World) callers() map[string][]types.Alarm {
	if w.derived.calling != nil {
		return w.derived.calling
	}
	out := map[string][]types.Alarm{}
	for _, a := range w.Alarms.Metric {
		if a.Owner == "" {
			a.call(out)
		}
	}
	w.derived.calling = out
	return out
}

// call adds an alarm to the callers, in the order of their names.
func (a *metricAlarm) call(callers map[string][]types.Alarm) {
	for i, action := range a.Alarm.AlarmActions {
		if slices.Contains(a.Alarm.AlarmActions[:i], action) {
			continue
		}
		at, _ := slices.BinarySearchFunc(callers[action], *a.Alarm.AlarmName, func(b types.Alarm, name string) int { return strings.Compare(*b.AlarmName, name) })
		callers[action] = slices.Insert(callers[action], at, types.Alarm{AlarmARN: a.Alarm.AlarmArn, AlarmName: a.Alarm.AlarmName})
	}
}

func deleteScalingPolicy(c *call, in *applicationautoscaling.DeleteScalingPolicyInput) (*applicationautoscaling.DeleteScalingPolicyOutput, error) {
	if err := checkScalingNames(in.ServiceNamespace, in.ResourceId, in.ScalableDimension); err != nil {
		return nil, err
	}
	key := scalingKey(*in.ResourceId, aws.ToString(in.PolicyName))
	if c.w.Scaling.Policies[key] == nil {
		return nil, noScaling("scaling policy found", *in.ResourceId, ": policy name: "+aws.ToString(in.PolicyName))
	}
	c.w.forgetPolicy(key)
	return &applicationautoscaling.DeleteScalingPolicyOutput{}, nil
}

// forgetPolicy removes a policy and the alarms that it made; a person's alarms
// stay.
func (w *World) forgetPolicy(key string) {
	for _, a := range w.Scaling.Policies[key].Policy.Alarms {
		w.deleteManagedAlarm(*a.AlarmName)
	}
	delete(w.Scaling.Policies, key)
	w.derived.policies.drop(key)
}
