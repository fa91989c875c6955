package reconcile

import (
	"fmt"
	"strings"
	"sync"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ecs/types"

	"github.com/ecs-operator/ecs-operator/pkg/sandbox"
)

// book writes down what happens to the service "web" from the moment on at which
// it is opened: which deployments start and how they end, where the traffic goes,
// and each moment at which fewer tasks than wanted answer it.
type book struct {
	least int // healthy tasks that everything with traffic must have

	mu      sync.Mutex
	old     map[string]bool // deployments of before
	starts  []string        // ARNs
	image   map[string]string
	ends    map[string]types.ServiceDeploymentStatus
	stage   string   // of the newest deployment, with its step and status
	traffic []string // "image share", whenever it changed
	broken  []string
	serves  string // image of the content that has all the traffic; "" for a mixture
}

func (b *book) see(v *sandbox.World, event string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	s := v.ECS.Clusters["default"].Services["web"]
	if s == nil || len(s.Deployments) == 0 {
		return
	}
	images := map[string]string{} // by the digits of a revision
	for digits, r := range s.Revisions {
		images[digits] = imageOf(v, aws.ToString(r.TaskDefinition))
	}
	for _, d := range s.Deployments {
		arn := aws.ToString(d.Deployment.ServiceDeploymentArn)
		switch {
		case b.old[arn]:
			continue
		case b.image[arn] == "":
			b.starts = append(b.starts, arn)
			b.image[arn] = images[d.Digits]
		}
		b.ends[arn] = d.Deployment.Status
	}
	last := s.Deployments[len(s.Deployments)-1]
	step := 0
	if last.Shift != nil {
		step = last.Shift.Step
	}
	b.stage = fmt.Sprint(last.Deployment.Status, " ", last.Deployment.LifecycleStage, " ", step)

	b.serves = ""
	var shift *shares
	if last.Shift != nil {
		shift = &shares{last.Shift.Source, last.Shift.Production}
	}
	for _, f := range flows(v, s.Tasks, s.Revisions, last.Digits, shift) {
		total, one := 0, ""
		for image, n := range f.healthy {
			total += n
			one = image
		}
		if total < b.least && len(b.broken) < 5 {
			b.broken = append(b.broken, fmt.Sprintf("%s after %s, at %s: %.4g %% of the traffic on %d healthy tasks, want %d",
				v.Clock.Format("15:04:05"), event, b.stage, f.share, total, b.least))
		}
		switch {
		case len(f.healthy) != 1:
		case f.share == 100:
			b.serves = one
			b.move(one + " 100 %")
		case f.last:
			b.move(fmt.Sprintf("%s %.4g %%", one, f.share))
		}
	}
}

// flow is a part of the traffic and who answers it.
type flow struct {
	share   float64
	last    bool           // it goes to the newest deployment
	healthy map[string]int // tasks by image
}

// shares are those that ECS keeps of a shift.
type shares struct {
	source string // the revision that has what the newest has not
	newest float64
}

// flows are the parts of the traffic of "web": by the weights of the load balancer
// where it has one, else by those that ECS keeps of a shift, else there is one.
func flows(v *sandbox.World, tasks map[string]bool, revisions map[string]*types.ServiceRevision, newest string, shift *shares) []flow {
	parts := map[string]*flow{}
	part := func(key string) *flow {
		if parts[key] == nil {
			parts[key] = &flow{healthy: map[string]int{}}
		}
		return parts[key]
	}
	groupOf := func(digits string) string {
		if c := revisions[digits].ResolvedConfiguration; c != nil && len(c.LoadBalancers) > 0 {
			return aws.ToString(c.LoadBalancers[0].TargetGroupArn)
		}
		if shift != nil {
			return digits
		}
		return ""
	}
	for id := range tasks {
		t := v.ECS.Clusters["default"].Tasks[id]
		if t.Proven && aws.ToString(t.Task.DesiredStatus) == "RUNNING" {
			part(groupOf(t.Rollout)).healthy[imageOf(v, aws.ToString(t.Task.TaskDefinitionArn))]++
		}
	}
	weighed := false
	for _, r := range revisions {
		if c := r.ResolvedConfiguration; c != nil && len(c.LoadBalancers) > 0 && !weighed {
			weighed = true
			for group, share := range weights(v, aws.ToString(c.LoadBalancers[0].ProductionListenerRule)) {
				part(group).share = share
			}
		}
	}
	switch {
	case weighed:
	case shift != nil:
		part(newest).share, part(shift.source).share = shift.newest, 100-shift.newest
	default:
		part("").share = 100
	}
	part(groupOf(newest)).last = true
	var out []flow
	for _, p := range parts {
		if p.share > 0 {
			out = append(out, *p)
		}
	}
	return out
}

func (b *book) move(entry string) {
	if len(b.traffic) == 0 || b.traffic[len(b.traffic)-1] != entry {
		b.traffic = append(b.traffic, entry)
	}
}

// at is where the newest deployment is, and whether everything that started is over.
func (b *book) at() (stage string, started int, over bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.stage, len(b.starts), len(b.starts) > 0 && overAll(b.ends)
}

func overAll(ends map[string]types.ServiceDeploymentStatus) bool {
	for _, s := range ends {
		if !over(s) {
			return false
		}
	}
	return true
}

// pages is what the book says at the end, in the script's words.
func (b *book) pages() (deployed []string, traffic, serves string, broken []string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, arn := range b.starts {
		deployed = append(deployed, b.image[arn]+" "+string(b.ends[arn]))
	}
	return deployed, strings.Join(b.traffic, ", "), b.serves, append([]string(nil), b.broken...)
}

func imageOf(v *sandbox.World, taskDefinition string) string {
	for _, f := range v.ECS.Families {
		for _, r := range f.Revisions {
			if aws.ToString(r.Definition.TaskDefinitionArn) == taskDefinition {
				return aws.ToString(r.Definition.ContainerDefinitions[0].Image)
			}
		}
	}
	return "?"
}

// weights are the percentages that a rule, or the default action of a listener,
// sends to its target groups.
func weights(v *sandbox.World, rule string) map[string]float64 {
	out, all := map[string]float64{}, 0.0
	for _, x := range v.ELB.Rules {
		if aws.ToString(x.Value.RuleArn) != rule && (x.Listener != rule || x.Priority != 0) {
			continue
		}
		for _, a := range x.Value.Actions {
			if a.ForwardConfig == nil {
				continue
			}
			for _, tg := range a.ForwardConfig.TargetGroups {
				out[aws.ToString(tg.TargetGroupArn)] += float64(aws.ToInt32(tg.Weight))
				all += float64(aws.ToInt32(tg.Weight))
			}
		}
	}
	for group := range out {
		out[group] *= 100 / max(all, 1)
	}
	return out
}
