package sandbox

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ecs/types"
)

const (
	rolloutPrimary = "PRIMARY"
	rolloutActive  = "ACTIVE"
)

// historyKept is how long a service deployment can be listed.
const historyKept = 90 * 24 * time.Hour

func (r *ecsRollout) id() string { return "ecs-svc/" + r.Digits }
func (r *ecsRollout) inProgress() bool {
	return r.Deployment.RolloutState == types.DeploymentRolloutStateInProgress
}
func (r *ecsRollout) failed() bool {
	return r.Deployment.RolloutState == types.DeploymentRolloutStateFailed
}
func (r *ecsRollout) completed() bool {
	return r.Deployment.RolloutState == types.DeploymentRolloutStateCompleted
}

// turn puts the rollout into a state, with ECS' reason.
func (r *ecsRollout) turn(w *World, state types.DeploymentRolloutState, reason string) {
	r.Deployment.RolloutState = state
	r.Deployment.RolloutStateReason = aws.String(reason)
	r.Deployment.UpdatedAt = aws.Time(w.Clock)
}

// rollout finds the entry of a revision; nil when it is gone.
func (s *ecsService) rollout(digits string) *ecsRollout {
	for _, r := range s.Rollouts {
		if r.Digits == digits {
			return r
		}
	}
	return nil
}

// deployment finds a service deployment by ARN.
func (s *ecsService) deployment(arn string) *ecsDeployment {
	for _, d := range slices.Backward(s.Deployments) {
		if aws.ToString(d.Deployment.ServiceDeploymentArn) == arn {
			return d
		}
	}
	return nil
}

// current is the service deployment that was started last.
func (s *ecsService) current() *ecsDeployment {
	if len(s.Deployments) == 0 {
		return nil
	}
	return s.Deployments[len(s.Deployments)-1]
}

// ended is whether a service deployment has reached a terminal state.
func ended(status types.ServiceDeploymentStatus) bool {
	switch status {
	case types.ServiceDeploymentStatusSuccessful, types.ServiceDeploymentStatusStopped,
		types.ServiceDeploymentStatusRollbackSuccessful, types.ServiceDeploymentStatusRollbackFailed:
		return true
	}
	return false
}

// turn puts a service deployment into a state. AWS publishes no list of the
// reasons that it gives here: their wording is ours (unverified).
func (d *ecsDeployment) turn(w *World, status types.ServiceDeploymentStatus, reason string) {
	v := &d.Deployment
	v.Status, v.UpdatedAt = status, aws.Time(w.Clock)
	if reason != "" {
		v.StatusReason = aws.String(reason)
	}
	if status == types.ServiceDeploymentStatusStopped {
		v.StoppedAt = aws.Time(w.Clock)
	}
	if ended(status) {
		v.FinishedAt = aws.Time(w.Clock)
	}
}

// startRollout makes the service's present configuration a new revision and
// starts to roll it out. A deployment that still runs is superseded.
func (w *World) startRollout(cl *ecsCluster, s *ecsService) {
	w.stopRunningDeployment(s, "The service deployment was superseded by a newer one.")
	digits := w.rolloutDigits()
	s.Revisions[digits] = w.newRevision(s, digits)
	counts := s.tallies(cl)
	d := &ecsDeployment{Digits: digits, Deployment: types.ServiceDeployment{
		ServiceDeploymentArn: aws.String(deploymentARN(s.Cluster, s.name(), w.deploymentID())),
		ServiceArn:           s.Service.ServiceArn, ClusterArn: s.Service.ClusterArn,
		Status: types.ServiceDeploymentStatusPending, CreatedAt: aws.Time(w.Clock), UpdatedAt: aws.Time(w.Clock),
		DeploymentConfiguration: s.Service.DeploymentConfiguration,
		TargetServiceRevision:   &types.ServiceRevisionSummary{Arn: aws.String(revisionARN(s.Cluster, s.name(), digits))},
		SourceServiceRevisions:  []types.ServiceRevisionSummary{},
		LifecycleStage:          types.ServiceDeploymentLifecycleStageScaleUp,
	}}
	for _, o := range s.Rollouts {
		o.Deployment.Status, o.Deployment.UpdatedAt = aws.String(rolloutActive), aws.Time(w.Clock)
		n := counts[o.Digits]
		d.Deployment.SourceServiceRevisions = append(d.Deployment.SourceServiceRevisions, types.ServiceRevisionSummary{
			Arn: aws.String(revisionARN(s.Cluster, s.name(), o.Digits)), RequestedTaskCount: n.kept, RunningTaskCount: n.running, PendingTaskCount: n.pending})
	}
	if len(s.Rollouts) > 1 {
		d.Deployment.LifecycleStage = types.ServiceDeploymentLifecycleStageReconcileService
	}
	if d.Shift = newShift(s, w.Clock); d.Shift != nil {
		d.Deployment.LifecycleStage = d.Shift.Stage
	}
	d.watch(w, s)
	r := &ecsRollout{Digits: digits, Current: aws.ToString(d.Deployment.ServiceDeploymentArn), Deployment: types.Deployment{
		Id: aws.String("ecs-svc/" + digits), Status: aws.String(rolloutPrimary), CreatedAt: aws.Time(w.Clock),
	}}
	r.configure(s)
	r.turn(w, types.DeploymentRolloutStateInProgress, fmt.Sprintf("ECS deployment %s in progress.", r.id()))
	s.Rollouts = append([]*ecsRollout{r}, s.Rollouts...)
	s.Deployments = append(s.Deployments, d)
	s.forgetHistory(w)
	s.Service.CurrentServiceDeployment = d.Deployment.ServiceDeploymentArn
	s.Steady = false
	w.after(time.Second, "ecs.begin", s.key()+"/"+lastSegment(r.Current))
	w.wake(s, 2*time.Second)
}

// configure copies into the entry what it shows of the service's configuration.
func (r *ecsRollout) configure(s *ecsService) {
	v := &r.Deployment
	v.TaskDefinition, v.NetworkConfiguration = s.Service.TaskDefinition, s.Service.NetworkConfiguration
	v.ServiceConnectConfiguration, v.VolumeConfigurations, v.VpcLatticeConfigurations = s.ServiceConnect, s.Volumes, s.Lattice
	r.capacity(s)
	v.PlatformFamily, v.PlatformVersion = s.Service.PlatformFamily, nil
	if s.onFargate() {
		v.PlatformVersion = aws.String(resolvedPlatform(s.Service.PlatformVersion))
	}
}

// capacity copies where the service's tasks go.
func (r *ecsRollout) capacity(s *ecsService) {
	r.Deployment.LaunchType, r.Deployment.CapacityProviderStrategy = s.Service.LaunchType, s.Service.CapacityProviderStrategy
}

// newRevision is the immutable snapshot of the service's configuration.
func (w *World) newRevision(s *ecsService, digits string) *types.ServiceRevision {
	v := &types.ServiceRevision{
		ServiceRevisionArn: aws.String(revisionARN(s.Cluster, s.name(), digits)), ServiceArn: s.Service.ServiceArn, ClusterArn: s.Service.ClusterArn,
		CreatedAt: aws.Time(w.Clock), TaskDefinition: s.Service.TaskDefinition, LaunchType: s.Service.LaunchType,
		CapacityProviderStrategy: s.Service.CapacityProviderStrategy, NetworkConfiguration: s.Service.NetworkConfiguration,
		LoadBalancers: s.Service.LoadBalancers, ServiceRegistries: s.Service.ServiceRegistries,
		PlatformFamily: s.Service.PlatformFamily, PlatformVersion: s.Service.PlatformVersion,
		ServiceConnectConfiguration: s.ServiceConnect, VolumeConfigurations: s.Volumes, VpcLatticeConfigurations: s.Lattice,
		Monitoring: s.Monitoring, GatewayConnectors: s.GatewayConnectors, ContainerImages: []types.ContainerImage{},
	}
	if s.onFargate() {
		v.PlatformVersion = aws.String(resolvedPlatform(s.Service.PlatformVersion))
	}
	if def := w.taskDefinition(aws.ToString(s.Service.TaskDefinition)); def != nil {
		for _, c := range def.Definition.ContainerDefinitions {
			v.ContainerImages = append(v.ContainerImages, types.ContainerImage{ContainerName: c.Name, Image: c.Image, ImageDigest: aws.String(imageDigest(aws.ToString(c.Image)))})
		}
	}
	if len(s.Service.LoadBalancers) > 0 {
		v.ResolvedConfiguration = &types.ResolvedConfiguration{LoadBalancers: w.resolve(s)}
	}
	return v
}

// forgetHistory drops what is older than 90 days.
func (s *ecsService) forgetHistory(w *World) {
	old := func(at *time.Time) bool { return w.Clock.Sub(aws.ToTime(at)) > historyKept }
	s.Deployments = slices.DeleteFunc(s.Deployments, func(d *ecsDeployment) bool {
		return ended(d.Deployment.Status) && old(d.Deployment.CreatedAt)
	})
	for digits, v := range s.Revisions {
		if old(v.CreatedAt) && s.rollout(digits) == nil {
			delete(s.Revisions, digits)
		}
	}
}

// deploymentBeginTimer lets a PENDING service deployment begin.
func deploymentBeginTimer(w *World, key string) {
	if s, d := w.deploymentByKey(key); d != nil && d.Deployment.Status == types.ServiceDeploymentStatusPending {
		d.turn(w, types.ServiceDeploymentStatusInProgress, "")
		d.Deployment.StartedAt = aws.Time(w.Clock)
		if d.Shift == nil {
			d.Deployment.LifecycleStage = types.ServiceDeploymentLifecycleStageScaleUp
		}
		w.wake(s, time.Second)
	}
}

// deploymentStoppedTimer ends a service deployment that was asked to stop.
func deploymentStoppedTimer(w *World, key string) {
	if _, d := w.deploymentByKey(key); d != nil && d.Deployment.Status == types.ServiceDeploymentStatusStopRequested {
		d.turn(w, types.ServiceDeploymentStatusStopped, "")
	}
}

func (w *World) deploymentByKey(key string) (*ecsService, *ecsDeployment) {
	service, id, _ := cutLast(key)
	_, s := w.serviceByKey(service)
	if s == nil {
		return nil, nil
	}
	return s, s.deployment(deploymentARN(s.Cluster, s.name(), id))
}

// stopRunningDeployment stops the service deployment that still runs because
// of a newer one or the service's end. A rollback that is cut short has failed.
func (w *World) stopRunningDeployment(s *ecsService, reason string) {
	d := s.current()
	if d == nil || ended(d.Deployment.Status) {
		return
	}
	d.unwatch()
	switch d.Deployment.Status {
	case types.ServiceDeploymentStatusRollbackRequested, types.ServiceDeploymentStatusRollbackInProgress:
		d.turn(w, types.ServiceDeploymentStatusRollbackFailed, reason)
	default:
		d.turn(w, types.ServiceDeploymentStatusStopRequested, reason)
		w.after(2*time.Second, "ecs.stopped", s.key()+"/"+lastSegment(aws.ToString(d.Deployment.ServiceDeploymentArn)))
	}
}

// scheduleTimer is the scheduler's look at one service.
func scheduleTimer(w *World, key string) {
	cl, s := w.serviceByKey(key)
	if s == nil || s.status() == statusInactive || s.WakeAt.After(w.Clock) {
		return
	}
	s.WakeAt = time.Time{}
	if s.status() == statusDraining {
		w.drainService(cl, s)
		return
	}
	w.judge(cl, s)
	switch d := s.shifting(); {
	case d != nil:
		w.scheduleShift(cl, s, d)
		s.dropEmpty(cl)
		if s.shifting() != nil {
			return
		}
	case !w.mayReplace(cl, s):
		return
	case s.daemon():
		w.scheduleDaemon(cl, s)
	default:
		w.scheduleReplica(cl, s)
	}
	s.dropEmpty(cl)
	w.conclude(cl, s)
}

// drainService stops what a deleted service still runs, until nothing is left.
func (w *World) drainService(cl *ecsCluster, s *ecsService) {
	var ids []string
	for _, id := range sorted(s.Tasks) {
		if t := cl.Tasks[id]; t.wanted() {
			ids = append(ids, id)
		}
	}
	w.stopAll(cl, s, ids)
	if len(s.Tasks) > 0 {
		return // the last task that ends wakes the service
	}
	s.Service.Status = aws.String(statusInactive)
	s.Gone = w.Clock
	s.Rollouts = nil
	w.after(inactiveKept, "ecs.inactive", s.key())
	w.serviceDeleted(s.Cluster, s.name())
}

// stopAll stops tasks because the scheduler wants fewer of them.
func (w *World) stopAll(cl *ecsCluster, s *ecsService, ids []string) {
	if len(ids) == 0 {
		return
	}
	w.event(s, fmt.Sprintf("has stopped %d running tasks:%s.", len(ids), taskList(ids)))
	s.Steady = false
	for _, id := range ids {
		t := cl.Tasks[id]
		w.endTask(cl, t, types.TaskStopCodeServiceSchedulerInitiated, fmt.Sprintf("Scaling activity initiated by (deployment ecs-svc/%s)", t.Rollout))
	}
}

// dropEmpty forgets entries without tasks, except the primary and the
// completed ones, which a rollback may need until the primary is through.
func (s *ecsService) dropEmpty(cl *ecsCluster) {
	alive := map[string]bool{}
	for id := range s.Tasks {
		alive[cl.Tasks[id].Rollout] = true
	}
	primary := s.Rollouts[0]
	s.Rollouts = slices.DeleteFunc(slices.Clone(s.Rollouts), func(r *ecsRollout) bool {
		needed := r.completed() && !primary.completed()
		return r != primary && !alive[r.Digits] && !needed
	})
}

// conclude ends a rollout that has arrived, and announces the steady state.
func (w *World) conclude(cl *ecsCluster, s *ecsService) {
	r := s.Rollouts[0]
	var healthy, kept, others int32
	for id := range s.Tasks {
		t := cl.Tasks[id]
		switch {
		case t.Rollout != r.Digits:
			others++
		case t.wanted():
			kept++
			if t.Proven {
				healthy++
			}
		}
	}
	want := s.Service.DesiredCount
	arrived := healthy >= want && kept == want && others == 0
	if r.inProgress() && w.arrivedEarly(s, r, healthy, others) {
		w.finish(s, r)
	}
	if !arrived {
		return
	}
	if r.inProgress() {
		if !w.mayConclude(s, r) || !w.baked(s, r) {
			return
		}
		w.finish(s, r)
		s.dropEmpty(cl)
	}
	if r.completed() {
		w.steady(s)
	}
}

// arrivedEarly is whether the early success criteria are met. Their members
// are checked when they are set.
func (w *World) arrivedEarly(s *ecsService, r *ecsRollout, healthy, others int32) bool {
	e := s.rules(r).EarlySuccessCriteria
	if e == nil || !e.Enable {
		return false
	}
	enough := healthy >= percentUp(s.Service.DesiredCount, aws.ToInt32(e.HealthyPercent))
	return enough && (others == 0 || e.SourceServiceRevisionCleanup == types.ServiceRevisionCleanupDeferred)
}

// baked is whether the deployment alarms were watched for long enough.
func (w *World) baked(s *ecsService, r *ecsRollout) bool {
	d := s.deployment(r.Current)
	if d == nil || d.Deployment.Alarms == nil || d.Deployment.Alarms.Status != types.ServiceDeploymentRollbackMonitorsStatusMonitoring {
		return true
	}
	if r.BakeUntil.IsZero() {
		bake := time.Duration(aws.ToInt32(s.rules(r).BakeTimeInMinutes)) * time.Minute
		r.BakeUntil = w.Clock.Add(max(bake, alarmBake))
		d.Deployment.LifecycleStage = types.ServiceDeploymentLifecycleStageBakeTime
	}
	if w.Clock.Before(r.BakeUntil) {
		w.wake(s, min(alarmPoll, r.BakeUntil.Sub(w.Clock)))
		return false
	}
	return true
}

// finish ends a rollout well: a deployment or a rollback has succeeded.
func (w *World) finish(s *ecsService, r *ecsRollout) {
	r.turn(w, types.DeploymentRolloutStateCompleted, fmt.Sprintf("ECS deployment %s completed.", r.id()))
	r.Failures = 0
	if s.inTaskSets() {
		w.eventOf(s, s.name()+", taskSet "+r.id(), "updated state to STEADY_STATE.")
	} else {
		w.event(s, fmt.Sprintf("(deployment %s) deployment completed.", r.id()))
	}
	d := s.deployment(r.Current)
	if d == nil || ended(d.Deployment.Status) {
		return
	}
	d.unwatch()
	d.Deployment.LifecycleStage = types.ServiceDeploymentLifecycleStageCleanUp
	if d.Digits != r.Digits {
		d.turn(w, types.ServiceDeploymentStatusRollbackSuccessful, "")
		return
	}
	d.turn(w, types.ServiceDeploymentStatusSuccessful, "")
}

// percentUp and percentDown are parts of a count, rounded as AWS rounds
// minimumHealthyPercent (up) and maximumPercent (down).
func percentUp(n, percent int32) int32   { return int32((int64(n)*int64(percent) + 99) / 100) }
func percentDown(n, percent int32) int32 { return int32(int64(n) * int64(percent) / 100) }

// serviceKeyOf takes an ARN of a service deployment or revision apart.
func serviceKeyOf(arn, kind string) (key, id string, ok bool) {
	rest, ok := strings.CutPrefix(arn, ecsPrefix+kind+"/")
	if !ok || strings.Count(rest, "/") != 2 {
		return "", "", false
	}
	key, id, _ = cutLast(rest)
	return key, id, true
}
