package sandbox

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ecs/types"
)

// The states of a task's life, in order.
const (
	taskProvisioning   = "PROVISIONING"
	taskPending        = "PENDING"
	taskActivating     = "ACTIVATING"
	taskRunning        = "RUNNING"
	taskDeactivating   = "DEACTIVATING"
	taskStopping       = "STOPPING"
	taskDeprovisioning = "DEPROVISIONING"
	taskStopped        = "STOPPED"
)

// How long the stations of a task's life take: near to what one sees on AWS.
const (
	provisionFargate   = 20 * time.Second
	provisionInterface = 5 * time.Second // awsvpc on a container instance
	pullFargate        = 10 * time.Second
	pullInstance       = 5 * time.Second
	activation         = 2 * time.Second
	crashAfter         = 3 * time.Second  // an image :crash exits this long after it started
	settling           = 40 * time.Second // a task without health checks counts as healthy after this (SDK: MinimumHealthyPercent)
	healthPoll         = 5 * time.Second
	unstarted          = 1 * time.Second // stopping what does not run yet
	stopping           = 2 * time.Second // a well-behaved container's answer to SIGTERM
	deprovisionFargate = 10 * time.Second
	deprovisionNetwork = 3 * time.Second
	stoppedKept        = time.Hour // AWS: at least an hour
)

func (t *ecsTask) id() string     { return lastSegment(aws.ToString(t.Task.TaskArn)) }
func (t *ecsTask) status() string { return aws.ToString(t.Task.LastStatus) }
func (t *ecsTask) wanted() bool   { return aws.ToString(t.Task.DesiredStatus) == taskRunning }
func (t *ecsTask) running() bool  { return t.status() == taskRunning }
func (t *ecsTask) stopped() bool  { return t.status() == taskStopped }
func (t *ecsTask) pending() bool {
	return t.status() == taskProvisioning || t.status() == taskPending || t.status() == taskActivating
}
func (t *ecsTask) onFargate() bool { return t.Task.LaunchType == types.LaunchTypeFargate }

// next plans the task's next step and revokes the one planned before.
func (w *World) next(t *ecsTask, d time.Duration) {
	t.Step++
	w.after(d, "ecs.task", fmt.Sprintf("%s/%s/%d", t.Cluster, t.id(), t.Step))
}

// become moves a task to another state.
func (t *ecsTask) become(status string) {
	t.Task.LastStatus = aws.String(status)
	t.Task.Version++
}

// taskTimer takes a task one step further.
func taskTimer(w *World, key string) {
	rest, step, _ := cutLast(key)
	cluster, id, _ := cutLast(rest)
	cl, ok := w.ECS.Clusters[cluster]
	if !ok {
		return
	}
	t, ok := cl.Tasks[id]
	if !ok || strconv.FormatInt(t.Step, 10) != step {
		return
	}
	switch t.status() {
	case taskProvisioning:
		w.pull(t)
	case taskPending:
		w.pulled(cl, t)
	case taskActivating:
		w.run(cl, t)
	case taskRunning:
		w.examine(cl, t)
	case taskDeactivating:
		w.drainTargets(cl, t)
	case taskStopping:
		w.released(cl, t)
	case taskDeprovisioning:
		w.gone(cl, t)
	}
}

// pull starts to fetch the images.
func (w *World) pull(t *ecsTask) {
	t.become(taskPending)
	t.Task.PullStartedAt = aws.Time(w.Clock)
	if len(t.Task.Attachments) > 0 {
		t.Task.Attachments = slices.Clone(t.Task.Attachments)
		t.Task.Attachments[0].Status = aws.String("ATTACHED")
	}
	if t.onFargate() {
		w.next(t, pullFargate)
	} else {
		w.next(t, pullInstance)
	}
}

// pulled ends the pull: the images are there, or one is not.
func (w *World) pulled(cl *ecsCluster, t *ecsTask) {
	if t.Fate == fateMissing {
		i := slices.IndexFunc(t.Task.Containers, func(c types.Container) bool { return imageFate(aws.ToString(c.Image)) == fateMissing })
		image := aws.ToString(t.Task.Containers[i].Image)
		reason := fmt.Sprintf("CannotPullContainerError: pull image manifest has been retried 1 time(s): failed to resolve ref %s: %s: not found", image, image)
		t.Task.Containers = slices.Clone(t.Task.Containers)
		t.Task.Containers[i].Reason = aws.String(reason)
		w.taskFailed(cl, t)
		w.endTask(cl, t, types.TaskStopCodeTaskFailedToStart, reason)
		return
	}
	t.Task.PullStoppedAt = aws.Time(w.Clock)
	s := cl.Services[t.Service]
	if s != nil && len(s.Service.LoadBalancers) > 0 {
		t.become(taskActivating)
		w.next(t, activation)
		return
	}
	w.run(cl, t)
}

// run is the moment at which all containers have started.
func (w *World) run(cl *ecsCluster, t *ecsTask) {
	t.become(taskRunning)
	t.Task.StartedAt = aws.Time(w.Clock)
	t.Task.Connectivity, t.Task.ConnectivityAt = types.ConnectivityConnected, aws.Time(w.Clock)
	t.eachContainer(func(c *types.Container) { c.LastStatus = aws.String(taskRunning) })
	w.sayStart(t)
	if s := cl.Services[t.Service]; s != nil {
		w.registerTargets(cl, s, t)
		w.wake(s, time.Second)
	}
	if t.Job != nil && t.Fate != fateCrash && t.Fate != fateOOM {
		w.next(t, t.Job.Takes)
		return
	}
	w.next(t, min(crashAfter, healthPoll))
}

// eachContainer changes the containers of a task; what was described before
// keeps its own.
func (t *ecsTask) eachContainer(change func(c *types.Container)) {
	t.Task.Containers = slices.Clone(t.Task.Containers)
	for i := range t.Task.Containers {
		change(&t.Task.Containers[i])
	}
}

// What the tag of an image says about its containers.
const (
	fateCrash     = "crash"     // exits with 1 shortly after the start
	fateOOM       = "oom"       // is killed shortly after the start, for its memory
	fateUnhealthy = "unhealthy" // runs and never passes a health check
	fateMissing   = "missing"   // cannot be pulled
)

func imageFate(image string) string {
	image, _, _ = strings.Cut(image, "@")
	switch _, tag, _ := strings.Cut(lastSegment(image), ":"); tag {
	case fateCrash, fateOOM, fateUnhealthy, fateMissing:
		return tag
	}
	return ""
}

// taskFate is the worst that the images of a task hold in store.
func taskFate(def types.TaskDefinition) string {
	worst := ""
	for _, c := range def.ContainerDefinitions {
		switch fate := imageFate(aws.ToString(c.Image)); {
		case fate == fateMissing:
			return fate
		case (fate == fateCrash || fate == fateOOM) && aws.ToBool(c.Essential):
			worst = fate
		case fate == fateUnhealthy && worst == "":
			worst = fate
		}
	}
	return worst
}

// examine looks at a running task: has it crashed, is it healthy?
func (w *World) examine(cl *ecsCluster, t *ecsTask) {
	switch {
	case t.Fate == fateCrash || t.Fate == fateOOM:
		w.crash(cl, t)
		return
	case t.Job != nil:
		w.jobDone(cl, t)
		return
	}
	def := w.taskDefinition(aws.ToString(t.Task.TaskDefinitionArn))
	if def == nil { // deleted while it was used: AWS keeps it, and so nothing changes
		return
	}
	s := cl.Services[t.Service]
	containers := w.containerHealth(t, def.Definition)
	if s == nil {
		if containers == types.HealthStatusUnknown && hasHealthCheck(def.Definition) {
			w.next(t, healthPoll)
		}
		return
	}
	group, targets := w.targetHealth(t)
	switch {
	case containers == types.HealthStatusUnhealthy:
		w.event(s, fmt.Sprintf("(task %s) failed container health checks.", t.id()))
		w.taskFailed(cl, t)
		w.endTask(cl, t, types.TaskStopCodeServiceSchedulerInitiated, "Task failed container health checks")
	case targets == types.HealthStatusUnhealthy && w.Clock.Sub(*t.Task.StartedAt) >= gracePeriod(s):
		w.targetFailed(cl, s, t, group)
	case containers == types.HealthStatusHealthy && targets == types.HealthStatusHealthy:
		w.proven(cl, s, t)
	default:
		w.next(t, w.nextLook(t, targets))
	}
}

// nextLook is when to examine a task again: soon, and seldom when its targets
// hang in a group that no load balancer uses.
func (w *World) nextLook(t *ecsTask, targets types.HealthStatus) time.Duration {
	age := w.Clock.Sub(*t.Task.StartedAt)
	switch {
	case age < settling && len(t.Targets) == 0:
		return min(healthPoll, settling-age)
	case age > 10*time.Minute && targets != types.HealthStatusHealthy:
		return time.Minute
	}
	return healthPoll
}

func gracePeriod(s *ecsService) time.Duration {
	return time.Duration(aws.ToInt32(s.Service.HealthCheckGracePeriodSeconds)) * time.Second
}

func hasHealthCheck(def types.TaskDefinition) bool {
	return slices.ContainsFunc(def.ContainerDefinitions, func(c types.ContainerDefinition) bool { return c.HealthCheck != nil })
}

// containerHealth evaluates the container health checks and returns what they
// mean for the task. Without a check a task is healthy once it has settled.
func (w *World) containerHealth(t *ecsTask, def types.TaskDefinition) types.HealthStatus {
	age := w.Clock.Sub(*t.Task.StartedAt)
	task, checked := types.HealthStatusHealthy, false
	health := map[string]types.HealthStatus{}
	for _, c := range def.ContainerDefinitions {
		if c.HealthCheck == nil {
			continue
		}
		h, status := c.HealthCheck, types.HealthStatusUnknown
		interval := time.Duration(aws.ToInt32(h.Interval)) * time.Second
		switch fails := imageFate(aws.ToString(c.Image)) == fateUnhealthy; {
		case fails && age >= time.Duration(aws.ToInt32(h.StartPeriod))*time.Second+interval*time.Duration(aws.ToInt32(h.Retries)):
			status = types.HealthStatusUnhealthy
		case !fails && age >= interval:
			status = types.HealthStatusHealthy
		}
		health[aws.ToString(c.Name)] = status
		if !aws.ToBool(c.Essential) {
			continue // AWS looks only at essential containers
		}
		checked = true
		if status == types.HealthStatusUnhealthy || status == types.HealthStatusUnknown && task == types.HealthStatusHealthy {
			task = status
		}
	}
	t.eachContainer(func(c *types.Container) {
		if s, ok := health[aws.ToString(c.Name)]; ok {
			c.HealthStatus = s
		}
	})
	switch {
	case checked:
		t.Task.HealthStatus = task
		return task
	case age < settling && len(t.Targets) == 0:
		return types.HealthStatusUnknown
	}
	return types.HealthStatusHealthy
}

// proven marks a task that has passed all that there is to pass.
func (w *World) proven(cl *ecsCluster, s *ecsService, t *ecsTask) {
	t.Proven = true
	t.Task.Version++
	if r := s.rollout(t.Rollout); r != nil {
		b := s.rules(r).DeploymentCircuitBreaker
		if b == nil || b.ResetOnHealthyTask == nil || *b.ResetOnHealthyTask {
			r.Failures = 0
		}
		r.NotBefore, r.Impaired = time.Time{}, false
	}
	w.wake(s, time.Second)
}

// crash is the exit of an essential container.
func (w *World) crash(cl *ecsCluster, t *ecsTask) {
	w.sayEnd(t)
	t.eachContainer(func(c *types.Container) {
		c.LastStatus = aws.String(taskStopped)
		c.ExitCode = aws.Int32(137) // killed after the essential one
		switch imageFate(aws.ToString(c.Image)) {
		case fateCrash:
			c.ExitCode = aws.Int32(1)
		case fateOOM: // "OutOfMemoryError: Container killed due to memory usage": Developer Guide, stopped task error codes
			c.Reason = aws.String("OutOfMemoryError: Container killed due to memory usage")
		}
	})
	w.taskFailed(cl, t)
	w.endTask(cl, t, types.TaskStopCodeEssentialContainerExited, "Essential container in task exited")
}
