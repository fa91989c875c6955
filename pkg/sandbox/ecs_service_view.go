package sandbox

import (
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ecs/types"
)

func cutLast(s string) (before, after string, ok bool) {
	i := strings.LastIndexByte(s, '/')
	if i < 0 {
		return "", s, false
	}
	return s[:i], s[i+1:], true
}

// tally is how many tasks of a service are in which state.
type tally struct{ running, pending, kept int32 }

// tallies counts the living tasks by rollout.
func (s *ecsService) tallies(cl *ecsCluster) map[string]tally {
	out := map[string]tally{}
	for id := range s.Tasks {
		t := cl.Tasks[id]
		n := out[t.Rollout]
		if t.wanted() {
			n.kept++
		}
		switch {
		case t.running():
			n.running++
		case t.pending():
			n.pending++
		}
		out[t.Rollout] = n
	}
	return out
}

// view is the service as it is described.
func (s *ecsService) view(cl *ecsCluster, tags bool) types.Service {
	v := s.Service
	counts := s.tallies(cl)
	for _, n := range counts {
		v.RunningCount += n.running
		v.PendingCount += n.pending
	}
	v.Deployments, v.CurrentServiceRevisions = []types.Deployment{}, []types.ServiceCurrentRevisionSummary{}
	if s.status() != statusInactive {
		for i, r := range s.Rollouts {
			n := counts[r.Digits]
			d := r.Deployment
			d.RunningCount, d.PendingCount = n.running, n.pending
			d.FailedTasks = r.Failures
			d.DesiredCount = n.kept
			if i == 0 {
				d.DesiredCount = v.DesiredCount
			}
			v.Deployments = append(v.Deployments, d)
			v.CurrentServiceRevisions = append(v.CurrentServiceRevisions, types.ServiceCurrentRevisionSummary{
				Arn: aws.String(revisionARN(s.Cluster, s.name(), r.Digits)), RequestedTaskCount: d.DesiredCount, RunningTaskCount: n.running, PendingTaskCount: n.pending})
		}
	}
	if s.inTaskSets() && s.status() != statusInactive {
		s.showTaskSets(&v, counts)
	}
	v.Events = slices.Clone(s.Service.Events)
	if !tags {
		v.Tags = nil
	}
	shuffle(&v)
	return v
}

// mostEvents is how many events a service shows.
const mostEvents = 100

// event puts a message of ECS before the others.
func (w *World) event(s *ecsService, message string) { w.eventOf(s, s.name(), message) }

// eventOf is an event of a part of the service: "web, taskSet ecs-svc/1".
func (w *World) eventOf(s *ecsService, who, message string) {
	e := types.ServiceEvent{Id: aws.String(w.uuid()), CreatedAt: aws.Time(w.Clock), Message: aws.String("(service " + who + ") " + message)}
	kept := s.Service.Events
	if len(kept) >= mostEvents {
		kept = kept[:mostEvents-1]
	}
	s.Service.Events = append([]types.ServiceEvent{e}, kept...)
}

// steadyEvery is how often ECS repeats that a service is steady.
const steadyEvery = 6 * time.Hour

// steady announces the steady state: when it is reached, and again every six hours.
func (w *World) steady(s *ecsService) {
	if !s.Steady || w.Clock.Sub(s.SteadyAt) >= steadyEvery {
		s.Steady, s.SteadyAt = true, w.Clock
		w.event(s, "has reached a steady state.")
	}
	w.wake(s, steadyEvery-w.Clock.Sub(s.SteadyAt))
}

// wake has the scheduler look at the service d from now at the latest.
func (w *World) wake(s *ecsService, d time.Duration) {
	at := w.Clock.Add(d)
	if s.WakeAt.After(w.Clock) && !s.WakeAt.After(at) {
		return
	}
	s.WakeAt = at
	w.after(d, "ecs.schedule", s.key())
}

// serviceDesired is the desired count of an ACTIVE service, for Application
// Auto Scaling.
func (w *World) serviceDesired(cluster, service string) (n int32, ok bool) {
	_, s := w.serviceByKey(cluster + "/" + service)
	if s == nil || s.status() != statusActive || s.daemon() {
		return 0, false
	}
	return s.Service.DesiredCount, true
}

// setServiceDesired scales a service as Application Auto Scaling does.
func (w *World) setServiceDesired(cluster, service string, n int32) {
	if old, ok := w.serviceDesired(cluster, service); !ok || old == n {
		return
	}
	_, s := w.serviceByKey(cluster + "/" + service)
	s.Service.DesiredCount = n
	s.Steady = false
	w.wake(s, time.Second)
}
