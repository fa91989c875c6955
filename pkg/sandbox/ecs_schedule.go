package sandbox

import (
	"fmt"
	"slices"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ecs/types"
)

const (
	launchBatch   = 10               // tasks that the scheduler starts at once
	placementWait = 15 * time.Second // until a failed placement is tried again
	troubleEvery  = 5 * time.Minute  // how often a failed placement is announced
)

// group is the task group of a service.
func (s *ecsService) group() string { return "service:" + s.name() }

// crew is how a service's wanted tasks stand.
type crew struct {
	fresh, old       []*ecsTask // of the primary on sound instances; all others
	healthy, current int32      // healthy ones at all, and of the fresh
	held             map[string]int32
}

func (cl *ecsCluster) crew(s *ecsService, r *ecsRollout) crew {
	c := crew{held: map[string]int32{}}
	for _, id := range sorted(s.Tasks) {
		t := cl.Tasks[id]
		if !t.wanted() {
			continue
		}
		if t.Proven {
			c.healthy++
		}
		c.held[aws.ToString(t.Task.CapacityProviderName)]++
		if t.Rollout != r.Digits || cl.onDraining(t) {
			c.old = append(c.old, t)
			continue
		}
		c.fresh = append(c.fresh, t)
		if t.Proven {
			c.current++
		}
	}
	return c
}

// onDraining is whether the task's container instance is being emptied.
func (cl *ecsCluster) onDraining(t *ecsTask) bool {
	i, ok := cl.Instances[lastSegment(aws.ToString(t.Task.ContainerInstanceArn))]
	return ok && aws.ToString(i.Instance.Status) == statusDraining
}

// scheduleReplica brings a REPLICA service nearer to its desired count on its
// primary revision. What runs stays between minimumHealthyPercent (rounded up,
// healthy tasks) and maximumPercent (rounded down, all wanted tasks).
func (w *World) scheduleReplica(cl *ecsCluster, s *ecsService) {
	r := s.Rollouts[0]
	c := cl.crew(s, r)
	want := s.Service.DesiredCount
	lower := percentUp(want, aws.ToInt32(s.Service.DeploymentConfiguration.MinimumHealthyPercent))
	upper := percentDown(want, aws.ToInt32(s.Service.DeploymentConfiguration.MaximumPercent))
	stop := surplus(c, want, lower, upper, r)
	w.stopAll(cl, s, stop)
	if r.failed() {
		return
	}
	kept := int32(len(c.fresh) + len(c.old) - len(stop))
	for _, t := range c.fresh {
		if slices.Contains(stop, t.id()) {
			return // there are too many already
		}
	}
	missing := min(want-int32(len(c.fresh)), max(upper, want)-kept)
	if len(c.old) > 0 {
		missing = min(want-int32(len(c.fresh)), upper-kept)
	}
	w.launchReplicas(cl, s, r, missing, c.held)
}

// surplus are the tasks to stop now: those above the desired count, and those
// of older revisions that the healthy new ones replace or must make room for.
func surplus(c crew, want, lower, upper int32, r *ecsRollout) []string {
	var ids []string
	spare := c.healthy - lower // healthy tasks that may go
	take := func(list []*ecsTask, n int32) {
		slices.SortStableFunc(list, func(a, b *ecsTask) int { // those that serve go last, the youngest first
			switch {
			case a.Proven != b.Proven && !a.Proven:
				return -1
			case a.Proven != b.Proven:
				return 1
			}
			return b.Task.CreatedAt.Compare(*a.Task.CreatedAt)
		})
		for _, t := range list {
			if n <= 0 {
				return
			}
			if t.Proven {
				if spare <= 0 {
					return
				}
				spare--
			}
			ids = append(ids, t.id())
			n--
		}
	}
	take(c.fresh, int32(len(c.fresh))-want)
	if r.failed() && c.current == 0 && len(c.old) > 0 {
		return ids // stalled: what served before goes on serving
	}
	old := int32(len(c.old))
	excess := old - max(0, want-c.current)
	if missing := want - int32(len(c.fresh)); missing > 0 && !r.failed() {
		room := upper - int32(len(c.fresh)) - old
		if r.Unplaced {
			room = 0 // there is room by the numbers and none on the instances
		}
		excess = max(excess, missing-room)
	}
	take(c.old, min(excess, old))
	return ids
}

// launchReplicas starts up to n tasks of a rollout.
func (w *World) launchReplicas(cl *ecsCluster, s *ecsService, r *ecsRollout, n int32, held map[string]int32) {
	if n <= 0 {
		r.Unplaced = false
		return
	}
	if w.Clock.Before(r.NotBefore) {
		w.wake(s, r.NotBefore.Sub(w.Clock))
		return
	}
	def := w.taskDefinition(aws.ToString(s.configured(r).TaskDefinition))
	if def == nil {
		return
	}
	var started []string
	r.Unplaced = false
	for range min(n, launchBatch) {
		l := w.launchOf(s, r, def, providerFor(s.Service.CapacityProviderStrategy, held))
		if !l.fargate {
			id, _, words := cl.place(w, w.placingOf(s, def, l.provider))
			if id == "" {
				w.unplaced(s, r, words)
				break
			}
			l.instance = id
		}
		held[l.provider]++
		started = append(started, w.startTask(cl, l).id())
	}
	w.announceStarted(s, started)
	if n > launchBatch && !r.Unplaced {
		w.wake(s, time.Second)
	}
}

func (w *World) announceStarted(s *ecsService, ids []string) {
	if len(ids) > 0 {
		s.Steady = false
		w.event(s, fmt.Sprintf("has started %d tasks:%s.", len(ids), taskList(ids)))
	}
}

// unplaced notes that no instance takes the next task, and tries again later.
func (w *World) unplaced(s *ecsService, r *ecsRollout, words string) {
	r.Unplaced, s.Steady = true, false
	w.wake(s, placementWait)
	if s.Troubled.IsZero() || w.Clock.Sub(s.Troubled) >= troubleEvery {
		s.Troubled = w.Clock
		w.event(s, "was unable to place a task because no container instance met all of its requirements. "+words+" For more information, see the Troubleshooting section of the Amazon ECS Developer Guide.")
	}
}

// launchOf is how a task of a rollout is started.
func (w *World) launchOf(s *ecsService, r *ecsRollout, def *ecsTaskDef, provider string) launch {
	v := s.configured(r)
	return launch{
		def: def, group: s.group(), startedBy: r.id(), service: s, rollout: r.Digits, fargate: s.onFargate(), provider: provider,
		network: v.NetworkConfiguration, platform: v.PlatformVersion, exec: s.Service.EnableExecuteCommand,
		tags: serviceTaskTags(s, def),
	}
}

// serviceTaskTags are the tags that a service gives to its tasks.
func serviceTaskTags(s *ecsService, def *ecsTaskDef) []types.Tag {
	tags := propagated(s.Service.PropagateTags, s.Service.Tags, def.Tags)
	if s.Service.EnableECSManagedTags {
		tags = append(tags, types.Tag{Key: aws.String("aws:ecs:clusterName"), Value: aws.String(s.Cluster)},
			types.Tag{Key: aws.String("aws:ecs:serviceName"), Value: aws.String(s.name())})
	}
	return tags
}

func propagated(from types.PropagateTags, service, definition []types.Tag) []types.Tag {
	switch from {
	case types.PropagateTagsService:
		return slices.Clone(service)
	case types.PropagateTagsTaskDefinition:
		return slices.Clone(definition)
	}
	return nil
}

func (w *World) placingOf(s *ecsService, def *ecsTaskDef, provider string) placing {
	return placing{demand: demandOf(def.Definition, nil), group: s.group(), provider: provider,
		constraints: allConstraints(s.Service.PlacementConstraints, def.Definition), strategy: s.Service.PlacementStrategy}
}

// allConstraints are those of the service or task and of its definition.
func allConstraints(own []types.PlacementConstraint, def types.TaskDefinition) []types.PlacementConstraint {
	out := slices.Clone(own)
	for _, c := range def.PlacementConstraints {
		out = append(out, types.PlacementConstraint{Type: types.PlacementConstraintType(c.Type), Expression: c.Expression})
	}
	return out
}

// scheduleDaemon keeps one task on every container instance that fits. During
// a deployment the old task of an instance goes first unless maximumPercent
// lets both run.
func (w *World) scheduleDaemon(cl *ecsCluster, s *ecsService) {
	r := s.Rollouts[0]
	def := w.taskDefinition(aws.ToString(s.Service.TaskDefinition))
	if def == nil {
		return
	}
	eligible := w.daemonInstances(cl, s, def)
	want := int32(len(eligible))
	s.Service.DesiredCount = want
	c := cl.crew(s, r)
	spare := c.healthy - percentUp(want, aws.ToInt32(s.Service.DeploymentConfiguration.MinimumHealthyPercent))
	upper := max(want, percentDown(want, aws.ToInt32(s.Service.DeploymentConfiguration.MaximumPercent)))
	fresh, old := byInstance(c.fresh), byInstance(c.old)
	var stop []string
	for _, t := range c.old {
		id := lastSegment(aws.ToString(t.Task.ContainerInstanceArn))
		successor := fresh[id]
		replaced := successor != nil && successor.Proven
		switch {
		case r.failed(), successor != nil && !replaced, upper > want && !replaced && eligible[id]:
			continue
		case t.Proven && spare <= 0:
			continue
		case t.Proven:
			spare--
		}
		stop = append(stop, t.id())
		delete(old, id)
	}
	for id, t := range fresh {
		if !eligible[id] {
			stop = append(stop, t.id())
		}
	}
	slices.Sort(stop)
	w.stopAll(cl, s, stop)
	if r.failed() {
		return
	}
	w.launchDaemons(cl, s, r, def, eligible, fresh, old, upper > want)
}

func byInstance(tasks []*ecsTask) map[string]*ecsTask {
	out := map[string]*ecsTask{}
	for _, t := range tasks {
		out[lastSegment(aws.ToString(t.Task.ContainerInstanceArn))] = t
	}
	return out
}

// daemonInstances are the container instances that should run a task of the
// service, however full they are.
func (w *World) daemonInstances(cl *ecsCluster, s *ecsService, def *ecsTaskDef) map[string]bool {
	p := w.placingOf(s, def, "")
	p.demand.cpu, p.demand.memory, p.demand.ports = 0, 0, nil
	out := map[string]bool{}
	for id, i := range cl.Instances {
		if cl.refuses(id, i, p) == nil {
			out[id] = true
		}
	}
	return out
}

func (w *World) launchDaemons(cl *ecsCluster, s *ecsService, r *ecsRollout, def *ecsTaskDef, eligible map[string]bool, fresh, old map[string]*ecsTask, beside bool) {
	if w.Clock.Before(r.NotBefore) {
		w.wake(s, r.NotBefore.Sub(w.Clock))
		return
	}
	var started []string
	for _, id := range sorted(eligible) {
		if fresh[id] != nil || old[id] != nil && !beside {
			continue
		}
		p := w.placingOf(s, def, "")
		p.avoid = func(other string) bool { return other != id }
		at, _, words := cl.place(w, p)
		if at == "" {
			w.unplaced(s, r, words)
			continue
		}
		l := w.launchOf(s, r, def, "")
		l.instance = at
		started = append(started, w.startTask(cl, l).id())
	}
	w.announceStarted(s, started)
}
