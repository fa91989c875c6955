package sandbox

import (
	"fmt"
	"math"
	"slices"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/applicationautoscaling/types"
	cwtypes "github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"
	ecstypes "github.com/aws/aws-sdk-go-v2/service/ecs/types"
)

// defaultCooldown holds for step policies, and for target tracking of ECS
// services (SDK comments of Cooldown, ScaleInCooldown and ScaleOutCooldown).
const defaultCooldown = 300

// scalingMark is when a policy last scaled in one direction, and to what.
type scalingMark struct {
	At time.Time
	To int32
}

// runScalingPolicy acts on an alarm that is in ALARM.
func (w *World) runScalingPolicy(policyARN, alarm string) {
	var p *scalingPolicy
	for _, key := range w.policyKeys().keys {
		if *w.Scaling.Policies[key].Policy.PolicyARN == policyARN {
			p = w.Scaling.Policies[key]
		}
	}
	if p == nil {
		return
	}
	t := w.Scaling.Targets[*p.Policy.ResourceId]
	cluster, service, _ := serviceOfResource(*p.Policy.ResourceId)
	current, ok := w.serviceDesired(cluster, service)
	if t == nil || !ok {
		return
	}
	n, cooldown, ok := w.wantedCapacity(p, alarm, current)
	if !ok {
		return
	}
	n = min(max(n, *t.Target.MinCapacity), *t.Target.MaxCapacity)
	if n == current || !w.mayScale(p, t, n, current, cooldown) {
		return
	}
	mark := &scalingMark{At: w.Clock, To: n}
	if n > current {
		p.LastOut = mark
	} else {
		p.LastIn = mark
	}
	w.scaleTo(t, n, fmt.Sprintf("monitor alarm %s in state ALARM triggered policy %s", alarm, *p.Policy.PolicyName))
}

// wantedCapacity is what a policy asks for, before bounds and cooldowns.
func (w *World) wantedCapacity(p *scalingPolicy, alarm string, current int32) (n int32, cooldown time.Duration, ok bool) {
	a := w.Alarms.Metric[alarm]
	if a == nil {
		return 0, 0, false
	}
	value, measured := w.newestValue(&a.Alarm)
	switch {
	case p.Policy.TargetTrackingScalingPolicyConfiguration != nil:
		return trackedCapacity(p.Policy.TargetTrackingScalingPolicyConfiguration, trackingSide(alarm), current, value, measured)
	case p.Policy.StepScalingPolicyConfiguration != nil:
		step := p.Policy.StepScalingPolicyConfiguration
		breach := 0.0
		if measured && a.Alarm.Threshold != nil {
			breach = value - *a.Alarm.Threshold
		}
		n, ok = steppedCapacity(step, current, breach)
		return n, seconds(step.Cooldown), ok
	}
	return 0, 0, false
}

// newestValue is the newest value that an alarm looks at; false when it was put
// into ALARM by hand and nothing was ever measured.
func (w *World) newestValue(a *cwtypes.MetricAlarm) (float64, bool) {
	for _, p := range w.alarmData(a, int(max(1, aws.ToInt32(a.EvaluationPeriods)))+extraPeriods) {
		if p.there {
			return p.value, true
		}
	}
	return 0, false
}

// trackedCapacity is proportional: as many tasks as bring the metric to its
// target. Without a measurement it is one step in the alarm's direction.
func trackedCapacity(c *types.TargetTrackingScalingPolicyConfiguration, side string, current int32, value float64, measured bool) (int32, time.Duration, bool) {
	proportional := int32(math.Ceil(float64(current) * value / *c.TargetValue))
	switch side {
	case "AlarmHigh":
		n := current + 1
		if measured {
			n = max(n, proportional)
		}
		return n, seconds(c.ScaleOutCooldown), true
	case "AlarmLow":
		n := current - 1
		if measured {
			n = min(n, proportional)
		}
		return n, seconds(c.ScaleInCooldown), !aws.ToBool(c.DisableScaleIn)
	}
	return 0, 0, false
}

// steppedCapacity applies the step that the breach falls into.
func steppedCapacity(c *types.StepScalingPolicyConfiguration, current int32, breach float64) (int32, bool) {
	for _, s := range c.StepAdjustments {
		low, high := s.MetricIntervalLowerBound, s.MetricIntervalUpperBound
		// Above the threshold the lower bound belongs to the step, below it the
		// upper one does (user guide, "Step scaling").
		inside := (low == nil || breach >= *low) && (high == nil || breach < *high)
		if breach < 0 {
			inside = (low == nil || breach > *low) && (high == nil || breach <= *high)
		}
		if !inside {
			continue
		}
		by := aws.ToInt32(s.ScalingAdjustment)
		switch c.AdjustmentType {
		case types.AdjustmentTypeExactCapacity:
			return by, true
		case types.AdjustmentTypePercentChangeInCapacity:
			return current + percentOf(current, by, aws.ToInt32(c.MinAdjustmentMagnitude)), true
		}
		return current + by, true
	}
	return 0, false
}

// percentOf rounds as the user guide says: results greater than 1 down, between
// 0 and 1 to 1, the same below zero; then the minimum magnitude.
func percentOf(current, percent, least int32) int32 {
	change := float64(current) * float64(percent) / 100
	n := int32(math.Trunc(change))
	switch {
	case change > 0:
		return max(n, 1, least)
	case change < 0:
		return min(n, -1, -least)
	}
	return 0
}

func seconds(n *int32) time.Duration {
	if n == nil {
		return defaultCooldown * time.Second
	}
	return time.Duration(*n) * time.Second
}

// mayScale asks suspension, deployments, cooldowns and the other policies.
func (w *World) mayScale(p *scalingPolicy, t *scalableTarget, n, current int32, cooldown time.Duration) bool {
	if n > current {
		// During the cooldown only a larger step goes beyond the last one.
		return !aws.ToBool(t.Target.SuspendedState.DynamicScalingOutSuspended) &&
			(p.LastOut == nil || w.Clock.Sub(p.LastOut.At) >= cooldown || n > p.LastOut.To)
	}
	cluster, service, _ := serviceOfResource(*t.Target.ResourceId)
	// Scale-in is off while ECS deploys (ECS developer guide, "Automatically
	// scale your service").
	if aws.ToBool(t.Target.SuspendedState.DynamicScalingInSuspended) || w.deploying(cluster, service) {
		return false
	}
	for _, other := range w.policiesOf(*t.Target.ResourceId) {
		if o := w.Scaling.Policies[other]; o != p && w.holdsUp(o) {
			return false
		}
	}
	return p.LastIn == nil || w.Clock.Sub(p.LastIn.At) >= cooldown
}

// holdsUp: several target-tracking policies scale in only when all of them are
// ready to, those with scale-in disabled aside.
func (w *World) holdsUp(p *scalingPolicy) bool {
	for _, a := range p.Policy.Alarms {
		if trackingSide(*a.AlarmName) == "AlarmLow" {
			state, _ := w.alarmState(*a.AlarmName)
			return state != string(cwtypes.StateValueAlarm)
		}
	}
	return false
}

// deploying reports whether a service has a deployment that has not ended.
func (w *World) deploying(cluster, service string) bool {
	c := w.ECS.Clusters[cluster]
	if c == nil || c.Services[service] == nil {
		return false
	}
	return slices.ContainsFunc(c.Services[service].Deployments, func(d *ecsDeployment) bool {
		switch d.Deployment.Status {
		case ecstypes.ServiceDeploymentStatusPending, ecstypes.ServiceDeploymentStatusInProgress,
			ecstypes.ServiceDeploymentStatusRollbackRequested, ecstypes.ServiceDeploymentStatusRollbackInProgress,
			ecstypes.ServiceDeploymentStatusStopRequested:
			return true
		}
		return false
	})
}
