package sandbox

import (
	"fmt"
	"slices"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ecs/types"
)

const (
	alarmPoll = 15 * time.Second
	// alarmBake is how long deployment alarms are watched after the new tasks
	// are up. AWS derives it from the alarms' periods and does not say how.
	alarmBake = 2 * time.Minute
)

const (
	monitorOff       = types.ServiceDeploymentRollbackMonitorsStatusDisabled
	monitorOn        = types.ServiceDeploymentRollbackMonitorsStatusMonitoring
	monitorDone      = types.ServiceDeploymentRollbackMonitorsStatusMonitoringComplete
	monitorTriggered = types.ServiceDeploymentRollbackMonitorsStatusTriggered
)

// threshold is how many failed tasks trip the circuit breaker: a percentage of
// the latest desired count between 3 and 200, the same without bounds, or a
// count (aws-facts 1.3). Rounded up; an unbounded one is at least 1.
func threshold(b *types.DeploymentCircuitBreaker, desired int32) int32 {
	kind, value := types.ThresholdTypeBoundedPercent, int32(50)
	if b != nil && b.ThresholdConfiguration != nil {
		kind, value = b.ThresholdConfiguration.Type, b.ThresholdConfiguration.Value
	}
	switch kind {
	case types.ThresholdTypeCount:
		return value
	case types.ThresholdTypeUnboundedPercent:
		return max(1, percentUp(desired, value))
	}
	return min(200, max(3, percentUp(desired, value)))
}

// watch sets up the circuit breaker and the alarms of a new service deployment.
// Alarms that are in ALARM when it starts are not watched (Developer Guide,
// "How CloudWatch alarms detect Amazon ECS deployment failures").
func (d *ecsDeployment) watch(w *World, s *ecsService) {
	c := s.Service.DeploymentConfiguration
	breaker := &types.ServiceDeploymentCircuitBreaker{Status: monitorOff, Threshold: threshold(c.DeploymentCircuitBreaker, s.Service.DesiredCount)}
	if b := c.DeploymentCircuitBreaker; b != nil && b.Enable {
		breaker.Status = monitorOn
	}
	d.Deployment.DeploymentCircuitBreaker = breaker
	if c.Alarms == nil || !c.Alarms.Enable {
		return
	}
	d.Deployment.Alarms = &types.ServiceDeploymentAlarms{AlarmNames: c.Alarms.AlarmNames, Status: monitorOn, TriggeredAlarmNames: []string{}}
	if len(w.alarming(c.Alarms.AlarmNames)) > 0 {
		d.Deployment.Alarms.Status = monitorOff
	}
}

// unwatch ends the monitoring of a service deployment that has ended.
func (d *ecsDeployment) unwatch() {
	if b := d.Deployment.DeploymentCircuitBreaker; b != nil && b.Status == monitorOn {
		filled := *b
		filled.Status = monitorDone
		d.Deployment.DeploymentCircuitBreaker = &filled
	}
	if a := d.Deployment.Alarms; a != nil && a.Status == monitorOn {
		filled := *a
		filled.Status = monitorDone
		d.Deployment.Alarms = &filled
	}
}

// alarming are those of the alarms that are in ALARM.
func (w *World) alarming(names []string) []string {
	var out []string
	for _, n := range names {
		if state, ok := w.alarmState(n); ok && state == "ALARM" {
			out = append(out, n)
		}
	}
	return out
}

// rules is the deployment configuration that a rollout runs under. UpdateService
// changes that of the next one (aws-facts 1.1); minimumHealthyPercent and
// maximumPercent the scheduler takes from the service, because people free stuck
// deployments by changing them (when AWS picks up a change is unverified).
func (s *ecsService) rules(r *ecsRollout) *types.DeploymentConfiguration {
	if d := s.deployment(r.Current); d != nil && d.Deployment.DeploymentConfiguration != nil {
		return d.Deployment.DeploymentConfiguration
	}
	return s.Service.DeploymentConfiguration
}

// judge trips the circuit breaker or the alarms of a running rollout.
func (w *World) judge(cl *ecsCluster, s *ecsService) {
	r := s.Rollouts[0]
	d := s.deployment(r.Current)
	if !r.inProgress() || d == nil || ended(d.Deployment.Status) {
		return
	}
	if d.Deployment.Status == types.ServiceDeploymentStatusRollbackRequested {
		w.rollBack(s, d, "Service deployment rolled back because of a user request.")
		return
	}
	c := s.rules(r)
	// The Developer Guide ("Amazon ECS deployment failure detection") gives the circuit
	// breaker to rolling and blue/green deployments; the API reference to rolling ones.
	guarded := d.Shift == nil || c.Strategy == types.DeploymentStrategyBlueGreen
	if b := c.DeploymentCircuitBreaker; b != nil && b.Enable && guarded {
		tripped := r.Failures >= threshold(b, s.Service.DesiredCount)
		if d.Digits == r.Digits { // a rollback is watched too, and does not count again
			filled := *d.Deployment.DeploymentCircuitBreaker
			filled.FailureCount, filled.Threshold, filled.Status = r.Failures, threshold(b, s.Service.DesiredCount), monitorOn
			if tripped {
				filled.Status = monitorTriggered
			}
			d.Deployment.DeploymentCircuitBreaker = &filled
		}
		if tripped {
			w.fail(s, r, d, b.Rollback, "tasks failed to start.", "Service deployment rolled back because the circuit breaker threshold was exceeded.")
			return
		}
	}
	a := d.Deployment.Alarms
	if a == nil || a.Status != monitorOn || c.Alarms == nil || d.Digits != r.Digits {
		return
	}
	if bad := w.alarming(a.AlarmNames); len(bad) > 0 {
		d.Deployment.Alarms = &types.ServiceDeploymentAlarms{AlarmNames: a.AlarmNames, Status: monitorTriggered, TriggeredAlarmNames: bad}
		w.fail(s, r, d, c.Alarms.Rollback, "alarm detected.", "Service deployment rolled back because a CloudWatch alarm was triggered.")
		return
	}
	w.wake(s, alarmPoll)
}

// fail ends a rollout badly: it launches nothing more, and with rollback the
// service goes back to the last completed one.
func (w *World) fail(s *ecsService, r *ecsRollout, d *ecsDeployment, rollback bool, reason, statusReason string) {
	w.event(s, fmt.Sprintf("(deployment %s) deployment failed: %s", r.id(), reason))
	r.turn(w, types.DeploymentRolloutStateFailed, "ECS deployment circuit breaker: "+reason) // the same front for alarms: unverified
	d.unwatch()
	switch {
	case d.Digits != r.Digits: // the rollback itself failed
		d.turn(w, types.ServiceDeploymentStatusRollbackFailed, "The rollback failed: "+reason)
	case !rollback:
		d.turn(w, types.ServiceDeploymentStatusStopRequested, "The deployment failed: "+reason)
		w.after(2*time.Second, "ecs.stopped", s.key()+"/"+lastSegment(r.Current))
	default:
		w.rollBack(s, d, statusReason)
	}
}

// rollBack makes the last completed rollout the primary again, with its own
// revision and id: AWS' clients tell a rollback by the failed deployment's id
// being gone (aws-facts 1.5). With nothing to go back to the service stalls, and
// the service deployment ends ROLLBACK_FAILED with the reason below, as real
// logs show it.
func (w *World) rollBack(s *ecsService, d *ecsDeployment, reason string) {
	d.unwatch()
	failed := s.Rollouts[0]
	if !failed.failed() {
		failed.turn(w, types.DeploymentRolloutStateFailed, fmt.Sprintf("ECS deployment %s was stopped.", failed.id()))
	}
	i := slices.IndexFunc(s.Rollouts, func(r *ecsRollout) bool { return r.completed() })
	if i < 0 {
		d.turn(w, types.ServiceDeploymentStatusRollbackFailed, "No rollback candidate was found to run the rollback.")
		return
	}
	back := s.Rollouts[i]
	w.event(s, fmt.Sprintf("rolling back to deployment %s.", back.id()))
	s.Rollouts = append([]*ecsRollout{back}, slices.Delete(slices.Clone(s.Rollouts), i, i+1)...)
	failed.Deployment.Status = aws.String(rolloutActive)
	back.Deployment.Status = aws.String(rolloutPrimary)
	back.turn(w, types.DeploymentRolloutStateInProgress, fmt.Sprintf("ECS deployment circuit breaker: rolling back to deploymentId %s.", back.id()))
	back.Failures, back.NotBefore, back.Impaired, back.BakeUntil = 0, time.Time{}, false, time.Time{}
	back.Current = aws.ToString(d.Deployment.ServiceDeploymentArn)
	d.turn(w, types.ServiceDeploymentStatusRollbackInProgress, reason)
	revision := s.Revisions[back.Digits]
	d.Deployment.Rollback = &types.Rollback{Reason: aws.String(reason), ServiceRevisionArn: revision.ServiceRevisionArn, StartedAt: aws.Time(w.Clock)}
	s.restore(back, revision)
	if d.Shift != nil {
		d.Shift.turnBack(w)
	}
	w.wake(s, time.Second)
}

// restore gives the service the configuration of an earlier revision.
func (s *ecsService) restore(back *ecsRollout, v *types.ServiceRevision) {
	s.Service.TaskDefinition, s.Service.NetworkConfiguration = v.TaskDefinition, v.NetworkConfiguration
	s.Service.LoadBalancers, s.Service.ServiceRegistries = v.LoadBalancers, v.ServiceRegistries
	s.ServiceConnect, s.Volumes, s.Lattice = v.ServiceConnectConfiguration, v.VolumeConfigurations, v.VpcLatticeConfigurations
	s.Monitoring, s.GatewayConnectors = v.Monitoring, v.GatewayConnectors
	s.Service.LaunchType, s.Service.CapacityProviderStrategy = back.Deployment.LaunchType, back.Deployment.CapacityProviderStrategy
	s.Service.PlatformFamily = back.Deployment.PlatformFamily
	if !s.onFargate() {
		s.Service.PlatformVersion = nil
	} else if s.Service.PlatformVersion == nil || resolvedPlatform(s.Service.PlatformVersion) != aws.ToString(v.PlatformVersion) {
		s.Service.PlatformVersion = v.PlatformVersion
	}
	s.Steady = false
}
