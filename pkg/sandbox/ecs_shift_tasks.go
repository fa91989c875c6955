package sandbox

import (
	"slices"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ecs/types"
)

// keepAt brings one revision of a service nearer to a number of tasks, whatever
// the others have: both sets of a blue/green deployment run in full.
func (w *World) keepAt(cl *ecsCluster, s *ecsService, r *ecsRollout, want int32) {
	held := map[string]int32{}
	var mine []*ecsTask
	for _, id := range sorted(s.Tasks) {
		t := cl.Tasks[id]
		if !t.wanted() {
			continue
		}
		held[aws.ToString(t.Task.CapacityProviderName)]++
		if t.Rollout == r.Digits {
			mine = append(mine, t)
		}
	}
	slices.SortStableFunc(mine, func(a, b *ecsTask) int { // those that serve, the eldest first, stay
		switch {
		case a.Proven && !b.Proven:
			return -1
		case b.Proven && !a.Proven:
			return 1
		}
		return a.Task.CreatedAt.Compare(*b.Task.CreatedAt)
	})
	if n := int32(len(mine)); n < want {
		w.launchReplicas(cl, s, r, want-n, held)
		return
	}
	var surplus []string
	for _, t := range mine[want:] {
		surplus = append(surplus, t.id())
	}
	w.stopAll(cl, s, surplus)
}

// strength is how many tasks of a revision are healthy, and how many are wanted.
func (cl *ecsCluster) strength(s *ecsService, digits string) (healthy, kept int32) {
	for id := range s.Tasks {
		if t := cl.Tasks[id]; t.Rollout == digits && t.wanted() {
			kept++
			if t.Proven {
				healthy++
			}
		}
	}
	return healthy, kept
}

// clear stops the tasks of all other revisions, and returns how many of them are
// not gone yet.
func (w *World) clear(cl *ecsCluster, s *ecsService, except ...string) int {
	var ids []string
	left := 0
	for _, id := range sorted(s.Tasks) {
		t := cl.Tasks[id]
		if slices.Contains(except, t.Rollout) {
			continue
		}
		left++
		if t.wanted() {
			ids = append(ids, id)
		}
	}
	w.stopAll(cl, s, ids)
	return left
}

// configured is what the tasks of a rollout are started with: its revision, which
// does not change when the service moves on.
func (s *ecsService) configured(r *ecsRollout) types.ServiceRevision {
	if v := s.Revisions[r.Digits]; v != nil {
		return *v
	}
	return types.ServiceRevision{TaskDefinition: s.Service.TaskDefinition, NetworkConfiguration: s.Service.NetworkConfiguration,
		PlatformVersion: s.Service.PlatformVersion, LoadBalancers: s.Service.LoadBalancers}
}

// balancersOf are the load balancers of the revision that a task belongs to.
func (s *ecsService) balancersOf(t *ecsTask) []types.LoadBalancer {
	if v := s.Revisions[t.Rollout]; v != nil {
		return v.LoadBalancers
	}
	return s.Service.LoadBalancers
}

// groupOf is the target group that a task goes to behind one of them.
func (s *ecsService) groupOf(t *ecsTask, at int, lb types.LoadBalancer) string {
	if v := s.Revisions[t.Rollout]; v != nil && v.ResolvedConfiguration != nil && at < len(v.ResolvedConfiguration.LoadBalancers) {
		return aws.ToString(v.ResolvedConfiguration.LoadBalancers[at].TargetGroupArn)
	}
	return aws.ToString(lb.TargetGroupArn)
}
