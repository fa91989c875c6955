package sweep

import (
	"context"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	"github.com/aws/aws-sdk-go-v2/service/ecs"
	ecstypes "github.com/aws/aws-sdk-go-v2/service/ecs/types"
	elb "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2"

	"github.com/ecs-operator/ecs-operator/pkg/kinds"
	"github.com/ecs-operator/ecs-operator/pkg/reconcile"
	"github.com/ecs-operator/ecs-operator/pkg/resource"
	"github.com/ecs-operator/ecs-operator/pkg/sandbox"
	"github.com/ecs-operator/ecs-operator/pkg/spec"
)

// meaning is what documents say, by cluster/name, with the second account in front.
type meaning map[string]*resource.Unit

var (
	meanings   = map[string]meaning{}
	meaningsMu sync.Mutex
)

// meaningOf reads documents; each set is read once in a run.
func meaningOf(d documents) meaning {
	var b strings.Builder
	for _, name := range slices.Sorted(maps.Keys(d)) {
		b.WriteString(name + "\x00" + d[name] + "\x00")
	}
	meaningsMu.Lock()
	defer meaningsMu.Unlock()
	if m, ok := meanings[b.String()]; ok {
		return m
	}
	m := meaning{}
	e := reconcile.New(reconcile.Options{Kinds: kinds.All(nil), Sections: kinds.Sections(), Source: &files{all: d}, Frame: resource.Frame{Scope: scope},
		Targets: []string{resource.DefaultTarget, secondTarget},
		Lint: func(u *resource.Unit) []spec.Problem {
			account := ""
			if u.Key.Target == secondTarget {
				account = secondTarget + "/"
			}
			m[account+u.Key.TagValue()] = u
			return nil
		}})
	_, _ = e.Load(context.Background()) // a bad document names nothing
	meanings[b.String()] = m
	return m
}

// lately is how long an operator may go on by documents that are not in force any more:
// it read them, and is in the middle of a pass.
const lately = 2 * time.Minute

// inForce are the documents that may be worked by: what the source has, and what it had
// lately. A source that cannot be read, or is empty, says nothing.
func (f *files) inForce() []documents {
	f.mu.Lock()
	defer f.mu.Unlock()
	var out []documents
	if f.err == nil && len(f.all) > 0 {
		out = append(out, f.all)
	}
	for _, e := range f.past {
		if e.err == nil && len(e.all) > 0 && time.Since(e.until) < lately {
			out = append(out, e.all)
		}
	}
	return out
}

// edition is what a source had until something else was put there.
type edition struct {
	all   documents
	err   error
	until time.Time
}

// edition tells the documents that are there from all that were.
func (f *files) edition() int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return len(f.past)
}

// goesBy reports whether an operator may go by what was said of an edition.
func (f *files) goesBy(edition int) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	return edition == len(f.past) || time.Since(f.past[edition].until) < f.noticing
}

// order is I11 before a write: nothing is removed that something still refers to.
func (x *watcher) order(v *sandbox.World, c sandbox.Call) {
	switch in := c.Input.(type) {
	case *elb.DeleteTargetGroupInput:
		x.groupFree(v, aws.ToString(in.TargetGroupArn))
	case *elb.DeleteRuleInput:
		arn := aws.ToString(in.RuleArn)
		for name, s := range activeServices(v) {
			for _, lb := range s.LoadBalancers {
				if a := lb.AdvancedConfiguration; a != nil && (aws.ToString(a.ProductionListenerRule) == arn || aws.ToString(a.TestListenerRule) == arn) {
					x.broken("I11", "%s is deleted while the service %s shifts its traffic by it", elbThing(v, arn).key, name)
				}
			}
		}
		t := tags(v.ELB.Tags[arn])
		for _, r := range v.ELB.Rules {
			if aws.ToString(r.Value.RuleArn) == arn && serves(v, r.Value.Actions) && x.holds(v, t[resource.TagUnit], t[resource.TagKey], arn) {
				x.broken("I11", "%s is deleted while it leads to who serves, and its document has it", elbThing(v, arn).key)
			}
		}
	case *ecs.DeregisterTaskDefinitionInput:
		x.revisionFree(v, aws.ToString(in.TaskDefinition))
	case *cloudwatch.DeleteAlarmsInput:
		for name, s := range activeServices(v) {
			if s.DeploymentConfiguration == nil || s.DeploymentConfiguration.Alarms == nil {
				continue
			}
			for _, alarm := range in.AlarmNames {
				if slices.Contains(s.DeploymentConfiguration.Alarms.AlarmNames, alarm) {
					x.broken("I11", "alarm %s is deleted while deployments of %s watch it", alarm, name)
				}
			}
		}
	}
}

// groupFree: no rule leads to a target group that is deleted, no service has it, and
// nobody in it is still draining.
func (x *watcher) groupFree(v *sandbox.World, arn string) {
	for _, r := range v.ELB.Rules {
		for _, a := range r.Value.Actions {
			named := aws.ToString(a.TargetGroupArn) == arn
			if a.ForwardConfig != nil {
				for _, g := range a.ForwardConfig.TargetGroups {
					named = named || aws.ToString(g.TargetGroupArn) == arn
				}
			}
			if named {
				x.broken("I11", "%s is deleted while %s leads to it", elbThing(v, arn).key, elbThing(v, aws.ToString(r.Value.RuleArn)).key)
			}
		}
	}
	for name, s := range activeServices(v) {
		for _, lb := range s.LoadBalancers {
			a := lb.AdvancedConfiguration
			if aws.ToString(lb.TargetGroupArn) == arn || a != nil && aws.ToString(a.AlternateTargetGroupArn) == arn {
				x.broken("I11", "%s is deleted while the service %s has it", elbThing(v, arn).key, name)
			}
		}
	}
	for _, g := range v.ELB.TargetGroups {
		if aws.ToString(g.Value.TargetGroupArn) == arn && len(g.Targets) > 0 {
			x.broken("I11", "%s is deleted with %d targets in it", elbThing(v, arn).key, len(g.Targets))
		}
	}
}

// revisionFree: no deployment refers to a revision that is deregistered, unless its
// service goes.
func (x *watcher) revisionFree(v *sandbox.World, ref string) {
	for cluster, c := range v.ECS.Clusters {
		for name, s := range c.Services {
			if aws.ToString(s.Service.Status) != "ACTIVE" || !x.named(cluster+"/"+name) {
				continue
			}
			for _, r := range s.Rollouts {
				if arn := aws.ToString(r.Deployment.TaskDefinition); arn == ref || last(arn) == last(ref) {
					x.broken("I11", "%s is deregistered while a deployment of %s/%s runs it", last(ref), cluster, name)
				}
			}
			for _, d := range s.Deployments {
				for digits, r := range s.Revisions {
					if d.Digits == digits && last(aws.ToString(r.TaskDefinition)) == last(ref) {
						x.broken("I11", "%s is deregistered while a deployment in the history of %s/%s refers to it", last(ref), cluster, name)
					}
				}
			}
		}
	}
}

// named is whether a document in force names a service.
func (x *watcher) named(unit string) bool {
	for _, d := range x.w.files.inForce() {
		if meaningOf(d)[x.account+unit] != nil {
			return true
		}
	}
	return false
}

// deletion is I12 before a write: something is deleted only when no document in force
// has it, and its document or --prune says that such things go; or when another stands
// in its place.
func (x *watcher) deletion(v *sandbox.World, m mutation) {
	if !m.removes {
		return
	}
	for _, t := range m.targets {
		unit := t.tags[resource.TagUnit]
		if !t.present || unit == "" {
			continue // AWS will say that it is not there; what is not ours is I1's
		}
		key := t.tags[resource.TagKey]
		if t.policy != "" {
			key = "" // it has no tags: its name says it
		}
		if why := x.mayGo(v, unit, key, t); why != "" {
			x.broken("I12", "%s of %s: %s", m.operation, strings.TrimSpace(t.key+" "+t.policy), why)
		}
		if m.operation == "ecs.DeleteService" && !x.named(unit) {
			x.cap(v, unit)
		}
	}
}

// mayGo says why a thing may not be deleted, "" when it may.
func (x *watcher) mayGo(v *sandbox.World, unit, key string, t target) string {
	editions := x.w.files.inForce()
	if len(editions) == 0 {
		return "the source has nothing that can be read"
	}
	why := ""
	for _, d := range editions {
		u := meaningOf(d)[x.account+unit]
		switch {
		case u == nil:
			word := t.tags[resource.TagOnDelete]
			if word == "" {
				word = x.onDelete(v, unit)
			}
			if word == "prune" || x.w.scenario.prune && word == "" {
				return ""
			}
			why = "its document is gone, and nothing says prune"
		case u.Policy.Recreate:
			return ""
		case hasRole(u, key, t):
			if key != "" && x.made[role(t, unit, key)] > 1 {
				return "" // another stands in its place
			}
			why = "its document has it"
		case u.Policy.Prune:
			return ""
		default:
			why = "its document has it no more, and does not say prune"
		}
	}
	return why
}

// role is the name under which doubles counts a thing.
func role(t target, unit, key string) string {
	kind, _, _ := strings.Cut(t.key, "/")
	return strings.Replace(kind, "-", " ", 1) + " " + unit + " " + key
}

// onDelete is the word on the service of a unit.
func (x *watcher) onDelete(v *sandbox.World, unit string) string {
	cluster, _, _ := strings.Cut(unit, "/")
	if c := v.ECS.Clusters[cluster]; c != nil {
		for _, s := range c.Services {
			if t := ecsTags(s.Service.Tags); t.ours() && t[resource.TagUnit] == unit {
				return t[resource.TagOnDelete]
			}
		}
	}
	return ""
}

// hasRole is whether a document has a thing: by its key, by its kind where a service has
// one of it only, and what has no tags by the end of its name.
func hasRole(u *resource.Unit, key string, t target) bool {
	for _, o := range u.Objects() {
		switch {
		case key != "" && o.ID.Local() == key:
			return true
		case t.policy != "" && (o.ID.Kind == resource.KindScalingPolicy || o.ID.Kind == resource.KindScheduledAction) &&
			(strings.HasSuffix(t.policy, "/"+o.ID.Name) || strings.HasSuffix(t.policy, "-"+o.ID.Name)):
			return true
		case key == "" && t.policy == "" && o.ID.Kind == resource.KindService:
			return true
		}
	}
	return false
}

// holds is whether the document of a rule has it, and no other stands in its place.
func (x *watcher) holds(v *sandbox.World, unit, key, arn string) bool {
	t := elbThing(v, arn)
	return x.named(unit) && strings.Contains(x.mayGo(v, unit, key, t), "its document has it") && !x.mayRecreate(t.tags)
}

// cap is P7: one revision of the documents takes at most a tenth of the services, at
// least one, and never all: of those that there are, and that it has taken already. What
// a person has approved in this very edition of the documents does not count.
func (x *watcher) cap(v *sandbox.World, unit string) {
	if edition, ok := x.approved[unit]; ok && x.w.files.goesBy(edition) {
		return
	}
	x.deleted["document of "+unit] = true
	n := 0
	for key := range x.deleted {
		if strings.HasPrefix(key, "document of ") {
			n++
		}
	}
	owned := len(ownServices(v)) + n - 1 // the last is there still
	if most := max(1, owned/10); n > most || n >= owned {
		x.broken("I12", "%d of %d services go at once, nobody approved more than %d", n, owned, most)
	}
}

// activeServices are all that are there, by cluster/name.
func activeServices(v *sandbox.World) map[string]*ecstypes.Service {
	out := map[string]*ecstypes.Service{}
	for cluster, c := range v.ECS.Clusters {
		for name, s := range c.Services {
			if aws.ToString(s.Service.Status) == "ACTIVE" {
				out[cluster+"/"+name] = &s.Service
			}
		}
	}
	return out
}
