package sweep

import (
	"cmp"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ecs"
	ecstypes "github.com/aws/aws-sdk-go-v2/service/ecs/types"

	"github.com/ecs-operator/ecs-operator/pkg/resource"
	"github.com/ecs-operator/ecs-operator/pkg/sandbox"
)

// starts looks at what is to be begun. A service is made with the token by which AWS makes
// it once, however often it is asked (I2; the SDK puts one of its own into RunTask); no deployment begins while ECS rolls
// its service back, and none while as many run as may (I4).
func (x *watcher) starts(v *sandbox.World, c sandbox.Call) {
	switch in := c.Input.(type) {
	case *ecs.CreateServiceInput:
		if aws.ToString(in.ClientToken) == "" {
			x.broken("I2", "CreateService of %s without a client token", aws.ToString(in.ServiceName))
		}
		if t := serviceAt(v, in.Cluster, in.ServiceName); t.present && t.tags.ours() && x.w.tap.silent() {
			x.broken("I2", "CreateService of %s, which is there: that an answer says nothing of it does not mean that it is not", aws.ToString(in.ServiceName))
		}
	case *ecs.UpdateServiceInput:
		cluster, name := last(aws.ToString(in.Cluster)), last(aws.ToString(in.Service))
		if cluster == "" {
			cluster = "default"
		}
		running, states := 0, underWay(v)
		state := states[cluster+"/"+name]
		s := activeServices(v)[cluster+"/"+name]
		if s == nil || !in.ForceNewDeployment && (in.TaskDefinition == nil || last(*in.TaskDefinition) == last(aws.ToString(s.TaskDefinition))) {
			return
		}
		for _, unit := range ownServices(v) {
			if states[unit] != "" && unit != cluster+"/"+name {
				running++
			}
		}
		if most := x.w.scenario.rollouts; most > 0 && running >= most && state == "" && !x.w.tap.hides() { // else it had its place already

			x.broken("I4", "a deployment of %s begins while %d others run, and %d may", name, running, most)
		}
		if (state == ecstypes.ServiceDeploymentStatusRollbackInProgress || state == ecstypes.ServiceDeploymentStatusRollbackRequested) && !x.w.tap.lags() {
			x.broken("I4", "a deployment of %s begins while ECS rolls the former one back", name)
		}
	}
}

// hides is whether the fault keeps a service from being read: that one takes no place among
// the rollouts (pkg/reconcile, slots.go).
func (t *tap) hides() bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.strike != nil && t.strike.fired && strings.HasPrefix(t.strike.fault.name, "B")
}

// lags is whether reads may not show yet what has happened: nobody can wait for that.
func (t *tap) lags() bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.strike != nil && t.strike.fired && strings.HasPrefix(t.strike.fault.name, "R")
}

// silent is whether the fault is that something is left out of an answer without a word.
func (t *tap) silent() bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.strike != nil && t.strike.fired && strings.HasPrefix(t.strike.fault.name, "B2")
}

// word is I12 where a document says policy.mode: manual: what it has is written only when
// a person has approved that in this very edition of the documents.
func (x *watcher) word(m mutation) {
	if m.operation == "ecs.TagResource" || m.operation == "ecs.UntagResource" {
		return // what the operator notes for itself
	}
	for _, t := range m.targets {
		unit := cmp.Or(t.tags[resource.TagUnit], m.brings[resource.TagUnit])
		edition, approved := x.approved[unit]
		if x.manual(unit) && !(approved && x.w.files.goesBy(edition)) {
			x.broken("I12", "%s on %s of %s, which nobody approved in this edition of the documents", m.operation, t.key, unit)
		}
	}
}

// manual is whether all documents in force say that a person has to approve what is done.
func (x *watcher) manual(unit string) bool {
	all := x.w.files.inForce()
	for _, d := range all {
		if u := meaningOf(d)[x.account+unit]; u == nil || u.Policy.Mode != "manual" {
			return false
		}
	}
	return len(all) > 0
}

// underWay are the states of the newest deployments that have not ended, by cluster/name.
func underWay(v *sandbox.World) map[string]ecstypes.ServiceDeploymentStatus {
	out := map[string]ecstypes.ServiceDeploymentStatus{}
	for cluster, c := range v.ECS.Clusters {
		for name, s := range c.Services {
			if n := len(s.Deployments); n > 0 {
				switch state := s.Deployments[n-1].Deployment.Status; state {
				case ecstypes.ServiceDeploymentStatusSuccessful, ecstypes.ServiceDeploymentStatusStopped, ecstypes.ServiceDeploymentStatusRollbackSuccessful, ecstypes.ServiceDeploymentStatusRollbackFailed:
				default:
					out[cluster+"/"+name] = state
				}
			}
		}
	}
	return out
}

// read keeps of a read by names whether it failed.
func (x *watcher) read(c sandbox.Call, f *sandbox.Fault) {
	if !strings.Contains(c.UserAgent, "ecs-operator/") {
		return
	}
	if f != nil && (f.Code == throttled.json || f.Code == throttled.query) {
		x.refused(c)
	}
	names := field(c.Input, "Services", "AlarmNames", "Names", "ResourceIds")
	if c.Write || !names.IsValid() {
		return
	}
	list, _ := names.Interface().([]string)
	x.mu.Lock()
	defer x.mu.Unlock()
	for _, name := range list {
		x.unread[reader(c)+" "+c.Service+" "+last(name)] = f != nil && (f.Code != "" || f.Drop)
	}
}

// reader is the process that makes a call: of several, what one could not read is nothing
// to another that could.
func reader(c sandbox.Call) string {
	for word := range strings.FieldsSeq(c.UserAgent) {
		if strings.HasPrefix(word, "ecs-operator/") {
			return word
		}
	}
	return ""
}

// blind is I1 before something is made: what of that name could not be read the last time
// is not known to be absent (P22).
func (x *watcher) blind(c sandbox.Call) {
	is := field(c.Input, "ServiceName", "AlarmName", "Name", "ResourceId")
	if !is.IsValid() || !creates(made{callID: callID{Operation: c.Service + "." + c.Operation}, Write: c.Write}) {
		return
	}
	if name, ok := is.Interface().(*string); ok && x.unread[reader(c)+" "+c.Service+" "+last(aws.ToString(name))] {
		x.broken("I1", "%s of %s, which could not be read right before", c.Operation, aws.ToString(name))
	}
}
