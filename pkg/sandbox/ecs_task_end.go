package sandbox

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ecs/types"
)

// endTask begins to stop a task that is wanted until now.
func (w *World) endTask(cl *ecsCluster, t *ecsTask, code types.TaskStopCode, reason string) {
	if !t.wanted() {
		return
	}
	was := t.status()
	t.Task.DesiredStatus = aws.String(taskStopped)
	t.Task.StoppingAt = aws.Time(w.Clock)
	t.Task.StopCode, t.Task.StoppedReason = code, aws.String(reason)
	t.Proven = false
	crashed := code == types.TaskStopCodeEssentialContainerExited
	if was == taskRunning && !crashed && len(t.Targets) > 0 {
		t.become(taskDeactivating)
		w.deregisterTargets(cl, t, true)
		w.next(t, healthPoll)
		return
	}
	w.deregisterTargets(cl, t, false)
	t.become(taskStopping)
	if was == taskRunning && !crashed {
		w.sayStop(t)
	}
	switch {
	case crashed:
		w.next(t, 0)
	case was == taskRunning:
		w.next(t, t.Stops)
	default:
		w.next(t, unstarted)
	}
}

// drainTargets waits until the load balancer has let go of the task.
func (w *World) drainTargets(cl *ecsCluster, t *ecsTask) {
	for _, target := range t.Targets {
		if w.targetState(target.Group, target.ID, target.Port) == "draining" {
			w.next(t, healthPoll)
			return
		}
	}
	t.become(taskStopping)
	w.sayStop(t)
	w.next(t, t.Stops)
}

// released is when all containers have stopped.
func (w *World) released(cl *ecsCluster, t *ecsTask) {
	t.Task.ExecutionStoppedAt = aws.Time(w.Clock)
	t.eachContainer(func(c *types.Container) {
		if aws.ToString(c.LastStatus) == taskRunning {
			c.ExitCode = aws.Int32(0)
		}
		c.LastStatus = aws.String(taskStopped)
	})
	switch {
	case t.Network != string(types.NetworkModeAwsvpc):
		w.gone(cl, t)
	case t.onFargate():
		t.become(taskDeprovisioning)
		w.next(t, deprovisionFargate)
	default:
		t.become(taskDeprovisioning)
		w.next(t, deprovisionNetwork)
	}
}

// gone is the end: resources are free, and the task is remembered for a while.
func (w *World) gone(cl *ecsCluster, t *ecsTask) {
	t.become(taskStopped)
	t.Task.StoppedAt = aws.Time(w.Clock)
	if len(t.Task.Attachments) > 0 {
		t.Task.Attachments = slices.Clone(t.Task.Attachments)
		t.Task.Attachments[0].Status = aws.String("DELETED")
	}
	if i, ok := cl.Instances[lastSegment(aws.ToString(t.Task.ContainerInstanceArn))]; ok {
		delete(i.Tasks, t.id())
	}
	w.after(stoppedKept, "ecs.forget", t.Cluster+"/"+t.id())
	if s := cl.Services[t.Service]; s != nil {
		delete(s.Tasks, t.id())
		s.Stopped[t.id()] = true
		w.wake(s, time.Second)
	}
}

// forgetTaskTimer drops a task that stopped long ago.
func forgetTaskTimer(w *World, key string) {
	cluster, id, _ := cutLast(key)
	cl, ok := w.ECS.Clusters[cluster]
	if !ok {
		return
	}
	if t, ok := cl.Tasks[id]; ok {
		delete(cl.Tasks, id)
		if s := cl.Services[t.Service]; s != nil {
			delete(s.Stopped, id)
		}
	}
}

// registerTargets puts a task of a service into the service's target groups.
func (w *World) registerTargets(cl *ecsCluster, s *ecsService, t *ecsTask) {
	for at, lb := range s.balancersOf(t) {
		arn, name := s.groupOf(t, at, lb), aws.ToString(lb.ContainerName)
		i := slices.IndexFunc(t.Task.Containers, func(c types.Container) bool { return aws.ToString(c.Name) == name })
		if i < 0 {
			continue
		}
		c := t.Task.Containers[i]
		id, port := w.address(cl, t, c, aws.ToInt32(lb.ContainerPort))
		t.Targets = append(t.Targets, ecsTarget{Group: arn, ID: id, Port: port})
		w.registerTarget(arn, id, port, imageFate(aws.ToString(c.Image)) != fateUnhealthy)
		w.event(s, fmt.Sprintf("registered 1 targets in (target-group %s)", arn))
	}
}

// address is where a container port can be reached: at the task's own address
// in awsvpc, else at the instance and the host port.
func (w *World) address(cl *ecsCluster, t *ecsTask, c types.Container, port int32) (string, int32) {
	if len(c.NetworkInterfaces) > 0 {
		return aws.ToString(c.NetworkInterfaces[0].PrivateIpv4Address), port
	}
	for _, b := range c.NetworkBindings {
		if aws.ToInt32(b.ContainerPort) == port {
			port = aws.ToInt32(b.HostPort)
		}
	}
	if i, ok := cl.Instances[lastSegment(aws.ToString(t.Task.ContainerInstanceArn))]; ok {
		return aws.ToString(i.Instance.Ec2InstanceId), port
	}
	return t.id(), port
}

// deregisterTargets takes a task out of its target groups. One that drains
// keeps the note of them until they have let go.
func (w *World) deregisterTargets(cl *ecsCluster, t *ecsTask, drain bool) {
	s := cl.Services[t.Service]
	for _, target := range t.Targets {
		w.deregisterTarget(target.Group, target.ID, target.Port)
		if s != nil {
			w.event(s, fmt.Sprintf("deregistered 1 targets in (target-group %s)", target.Group))
		}
	}
	if drain && s != nil {
		w.event(s, "has begun draining connections on 1 tasks.")
	}
	if !drain {
		t.Targets = nil
	}
}

// targetHealth is what the target groups say about a task, and which group
// says the worst.
func (w *World) targetHealth(t *ecsTask) (group string, status types.HealthStatus) {
	status = types.HealthStatusHealthy
	for _, target := range t.Targets {
		switch w.targetState(target.Group, target.ID, target.Port) {
		case "healthy":
		case "unhealthy":
			return target.Group, types.HealthStatusUnhealthy
		default: // initial, unused: not yet
			group, status = target.Group, types.HealthStatusUnknown
		}
	}
	return group, status
}

// targetFailed stops a task that its load balancer calls unhealthy.
func (w *World) targetFailed(cl *ecsCluster, s *ecsService, t *ecsTask, group string) {
	at := slices.IndexFunc(t.Targets, func(o ecsTarget) bool { return o.Group == group })
	target, who := t.Targets[at], "task "+t.id()
	if strings.HasPrefix(target.ID, "i-") { // outside awsvpc the event names the instance
		who = "instance " + target.ID
	}
	w.event(s, fmt.Sprintf("(%s) (port %d) is unhealthy in (target-group %s) due to (reason %s)", who, target.Port, group, w.targetReason(target)))
	w.taskFailed(cl, t)
	w.endTask(cl, t, types.TaskStopCodeServiceSchedulerInitiated, fmt.Sprintf("Task failed ELB health checks in (target-group %s)", group))
}

// slowest is the longest pause of the restart throttle; Developer Guide,
// "service throttle logic".
const slowest = 27 * time.Minute

// taskFailed counts a task that ended before it was ever healthy, and slows
// its rollout down when that repeats.
func (w *World) taskFailed(cl *ecsCluster, t *ecsTask) {
	s := cl.Services[t.Service]
	if s == nil {
		return
	}
	s.Steady = false
	w.wake(s, time.Second)
	r := s.rollout(t.Rollout)
	if r == nil || t.Proven {
		return
	}
	r.Failures++
	r.Deployment.UpdatedAt = aws.Time(w.Clock)
	rounds := int(r.Failures) / int(max(1, s.Service.DesiredCount))
	if rounds < 2 {
		return
	}
	pause := min(slowest, 10*time.Second<<min(rounds-2, 12))
	r.NotBefore = w.Clock.Add(pause)
	if rounds >= 3 && !r.Impaired {
		r.Impaired = true
		w.event(s, "is unable to consistently start tasks successfully. For more information, see the Troubleshooting section of the Amazon ECS Developer Guide.")
	}
}
