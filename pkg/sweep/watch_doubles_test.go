package sweep

import (
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ecs"
	elb "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2"
	elbtypes "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2/types"

	"github.com/ecs-operator/ecs-operator/pkg/resource"
	"github.com/ecs-operator/ecs-operator/pkg/sandbox"
)

// row is the newest revision of a family: how many ACTIVE ones of its content stand in
// a row at the end of it.
type row struct {
	arn     string
	content [32]byte
	length  int
}

// serving is how many healthy tasks a service has had.
type serving struct {
	proven  int32 // now
	reached bool  // its floor
	least   int32 // since then
}

// doubles is I2: how many there are of each role that a document gives. Two target
// groups of one role are a replacement under way; whether there may be one, the
// reference says (peaks).
func (x *watcher) doubles(v *sandbox.World, registered bool) {
	clear(x.made)
	count := func(kind string, t tags, more string) {
		if t.ours() && t[resource.TagUnit] != "" {
			x.made[kind+" "+t[resource.TagUnit]+" "+t[resource.TagKey]+more]++
		}
	}
	for cluster, c := range v.ECS.Clusters {
		for id, t := range c.Tasks {
			if !strings.HasPrefix(aws.ToString(t.Task.Group), "service:") {
				x.ran[id] = true
			}
		}
		for _, s := range c.Services {
			if aws.ToString(s.Service.Status) == "ACTIVE" {
				count("service", ecsTags(s.Service.Tags), " in "+cluster)
			}
		}
	}
	for _, g := range v.ELB.TargetGroups {
		count("target group", v.ELB.Tags[aws.ToString(g.Value.TargetGroupArn)], "")
	}
	for _, r := range v.ELB.Rules {
		count("rule", v.ELB.Tags[aws.ToString(r.Value.RuleArn)], "")
	}
	for _, a := range v.Alarms.Metric {
		count("alarm", a.Tags, "")
	}
	for _, a := range v.Alarms.Composite {
		count("alarm", a.Tags, "")
	}
	for key, p := range v.Scaling.Policies { // by name within its target: two of one role have two names
		resourceID, _, _ := strings.Cut(key, "|")
		if t := v.Scaling.Targets[resourceID]; t != nil && tags(t.Tags).ours() {
			x.made["policy "+resourceID+" "+aws.ToString(p.Policy.PolicyName)]++
		}
	}
	for role, n := range x.made {
		x.peaks[role] = max(x.peaks[role], n)
	}
	if registered {
		x.revisions(v)
	}
}

// revisions is I2 for task definitions: no two ACTIVE revisions of one content follow
// each other. A fault may excuse one more (promises 3.3): it says so itself. Of two
// operators each may register what neither has seen of the other.
func (x *watcher) revisions(v *sandbox.World) {
	for name, f := range v.ECS.Families {
		if len(f.Revisions) == 0 {
			continue
		}
		newest := f.Revisions[len(f.Revisions)-1]
		arn := aws.ToString(newest.Definition.TaskDefinitionArn)
		was := x.rows[name]
		if was.arn == arn {
			continue
		}
		now := row{arn: arn, content: contentOf(v, name, len(f.Revisions)-1), length: 1}
		if was.content == now.content && len(f.Revisions) > 1 && f.Revisions[len(f.Revisions)-2].Definition.Status == "ACTIVE" {
			now.length = was.length + 1
		}
		x.rows[name] = now
		if spare := x.w.tap.excuses("ecs.RegisterTaskDefinition"); x.owned >= 0 && was.arn != "" && now.length > max(1, x.w.operators)+spare {
			x.broken("I2", "%d revisions of one content in a row: %s", now.length, arn)
		}
	}
}

// contentOf is the hash of a revision without what each one has for itself.
func contentOf(v *sandbox.World, family string, i int) [32]byte {
	d := v.ECS.Families[family].Revisions[i].Definition
	d.TaskDefinitionArn, d.Revision, d.RegisteredAt, d.DeregisteredAt, d.Status, d.RegisteredBy = nil, 0, nil, nil, "", nil
	raw, err := json.Marshal(d)
	if err != nil {
		panic(err)
	}
	return sha256.Sum256(raw)
}

// excuses is how many more effects of an operation the case's fault allows.
func (t *tap) excuses(operation string) int {
	t.mu.Lock()
	defer t.mu.Unlock()
	switch s := t.strike; {
	case s == nil || !s.fired:
		return 0
	case s.second != nil && !s.second.fired:
		return s.fault.parts[0].allows(operation)
	default:
		return s.fault.allows(operation)
	}
}

// deployments counts what I4 compares: the service deployments that began.
func (x *watcher) deployments(v *sandbox.World) {
	for cluster, c := range v.ECS.Clusters {
		for name, s := range c.Services {
			key := cluster + "/" + name
			seen := x.began[key]
			if seen == nil {
				seen = map[string]bool{}
				x.began[key] = seen
			}
			for i := len(s.Deployments) - 1; i >= 0; i-- {
				arn := aws.ToString(s.Deployments[i].Deployment.ServiceDeploymentArn)
				if seen[arn] {
					break
				}
				seen[arn] = true
			}
		}
	}
}

// capacity is I3: it keeps the lowest number of healthy tasks of each service since it
// had all that it wants. The reference says how low that may be: its own floor is held
// by TestTheReferencesKeepTheirFloor.
func (x *watcher) capacity(v *sandbox.World) {
	for cluster, c := range v.ECS.Clusters {
		for name, s := range c.Services {
			if aws.ToString(s.Service.Status) != "ACTIVE" {
				continue
			}
			key := cluster + "/" + name
			at := x.serving[key]
			if at == nil {
				at = &serving{}
				x.serving[key] = at
			}
			at.proven = 0
			for id := range s.Tasks {
				if t := c.Tasks[id]; t != nil && t.Proven && aws.ToString(t.Task.DesiredStatus) == "RUNNING" {
					at.proven++
				}
			}
			if !at.reached && at.proven > 0 && at.proven >= s.Service.DesiredCount {
				at.reached, at.least = true, at.proven
			}
			at.least = min(at.least, at.proven)
		}
	}
}

// counts is the rest of I3, before a write: an operator sends no count where an
// autoscaler has it, none that no document wants, and makes no service anew that it
// deleted itself.
func (x *watcher) counts(v *sandbox.World, c sandbox.Call) {
	switch in := c.Input.(type) {
	case *ecs.UpdateServiceInput:
		t := serviceAt(v, in.Cluster, in.Service)
		name := strings.TrimPrefix(t.key, "service/")
		if in.DesiredCount == nil {
			return
		}
		if v.Scaling.Targets["service/"+name] != nil {
			x.broken("I3", "UpdateService of %s with a count of %d, which is the autoscaler's", name, *in.DesiredCount)
		}
		if wants := x.wanted(name); len(wants) > 0 && !wants[*in.DesiredCount] {
			x.broken("I3", "UpdateService of %s with a count of %d, which no document wants: %v", name, *in.DesiredCount, wants)
		}
	case *ecs.DeleteServiceInput:
		t := serviceAt(v, in.Cluster, in.Service)
		x.deleted[t.key] = true
		x.moves(v, strings.TrimPrefix(t.key, "service/"))
	case *ecs.CreateServiceInput:
		t := serviceAt(v, in.Cluster, in.ServiceName)
		if x.deleted[t.key] && !x.recreates(strings.TrimPrefix(t.key, "service/")) {
			x.broken("I3", "%s is made again after an operator deleted it, and no document says recreate", t.key)
		}
	}
}

// moves is I3 of a service whose document names another cluster now: before it goes, the
// one that takes its place has all the healthy tasks that it wants.
func (x *watcher) moves(v *sandbox.World, unit string) {
	_, name, _ := strings.Cut(unit, "/")
	for _, d := range x.w.files.inForce() {
		docs := meaningOf(d)
		if docs[x.account+unit] != nil {
			return
		}
		for key, u := range docs {
			at, here := strings.CutPrefix(key, x.account)
			if !here || u.Key.Name != name || at != u.Key.TagValue() {
				continue
			}
			c := v.ECS.Clusters[u.Key.Cluster]
			if c == nil || c.Services[name] == nil || x.serving[at] == nil || x.serving[at].proven < c.Services[name].Service.DesiredCount {
				x.broken("I3", "%s is deleted before %s is up, which takes its place", unit, at)
			}
		}
	}
}

// wanted are the counts that documents in force write for a service.
func (x *watcher) wanted(name string) map[int32]bool {
	out := map[int32]bool{}
	for _, d := range x.w.files.inForce() {
		if u := meaningOf(d)[x.account+name]; u != nil {
			for _, o := range u.Objects() {
				if in, ok := o.Want.(*ecs.CreateServiceInput); ok && in.DesiredCount != nil {
					out[*in.DesiredCount] = true
				}
			}
		}
	}
	return out
}

func (x *watcher) recreates(name string) bool {
	for _, d := range x.w.files.inForce() {
		u := meaningOf(d)[x.account+name]
		if u != nil && u.Policy.Recreate || len(meaningOf(d)) > 0 && u == nil { // a document that was gone and came back is no recreation
			return true
		}
	}
	return false
}

// attached is I3 before a write to a rule: what serves is not turned to target groups
// in which nobody is healthy.
func (x *watcher) attached(v *sandbox.World, c sandbox.Call) {
	var arn string
	var next []elbtypes.Action
	switch in := c.Input.(type) {
	case *elb.ModifyRuleInput:
		arn, next = aws.ToString(in.RuleArn), in.Actions
	case *elb.ModifyListenerInput:
		next = in.DefaultActions
		for _, r := range v.ELB.Rules {
			if r.Listener == aws.ToString(in.ListenerArn) && aws.ToBool(r.Value.IsDefault) {
				arn = aws.ToString(r.Value.RuleArn)
			}
		}
	}
	if len(next) == 0 {
		return
	}
	for _, r := range v.ELB.Rules {
		if aws.ToString(r.Value.RuleArn) == arn && serves(v, r.Value.Actions) && forwards(next) && !serves(v, next) && !x.mayRecreate(v.ELB.Tags[arn]) {
			x.broken("I3", "%s of %s leads from who serves to who does not", c.Operation, elbThing(v, arn).key)
		}
	}
}

// mayRecreate is whether the document of a thing allows what costs requests.
func (x *watcher) mayRecreate(t tags) bool {
	for _, d := range x.w.files.inForce() {
		if u := meaningOf(d)[x.account+t[resource.TagUnit]]; u != nil && u.Policy.Recreate {
			return true
		}
	}
	return false
}

// groupsOf are the target groups that actions forward to with any weight.
func groupsOf(actions []elbtypes.Action) []string {
	var out []string
	for _, a := range actions {
		if a.ForwardConfig == nil || len(a.ForwardConfig.TargetGroups) == 0 {
			if a.TargetGroupArn != nil {
				out = append(out, *a.TargetGroupArn)
			}
			continue
		}
		for _, g := range a.ForwardConfig.TargetGroups {
			if g.Weight == nil || *g.Weight > 0 {
				out = append(out, aws.ToString(g.TargetGroupArn))
			}
		}
	}
	return out
}

func forwards(actions []elbtypes.Action) bool { return len(groupsOf(actions)) > 0 }

// serves is whether somebody is healthy behind actions.
func serves(v *sandbox.World, actions []elbtypes.Action) bool {
	for _, arn := range groupsOf(actions) {
		for _, g := range v.ELB.TargetGroups {
			if aws.ToString(g.Value.TargetGroupArn) != arn {
				continue
			}
			for _, t := range g.Targets {
				if t.State == elbtypes.TargetHealthStateEnumHealthy {
					return true
				}
			}
		}
	}
	return false
}

// tally is what of a case's watching is compared with the reference.
type tally struct {
	peaks       map[string]int   // of each role, at one moment
	least       map[string]int32 // healthy tasks of each service
	deployments map[string]int   // of each service
	ran         int              // tasks that are no service's
}

func (all watchers) tally() tally {
	t := tally{map[string]int{}, map[string]int32{}, map[string]int{}, 0}
	for account, x := range all {
		x.mu.Lock()
		for role, n := range x.peaks {
			t.peaks[account+role] = n
		}
		for name, s := range x.serving {
			if s.reached {
				t.least[account+name] = s.least
			}
		}
		t.ran += len(x.ran)
		for name, began := range x.began {
			t.deployments[account+name] = len(began)
		}
		x.mu.Unlock()
	}
	return t
}

// compare is I2, I3 and I4 against the reference.
func (t tally) compare(ref tally, f *fault) []string {
	var wrong []string
	for role, n := range t.peaks {
		if most := max(1, ref.peaks[role]); n > most {
			wrong = append(wrong, fmt.Sprintf("I2: %d at once of %s, the reference has %d", n, role, most))
		}
	}
	if t.ran > ref.ran {
		wrong = append(wrong, fmt.Sprintf("I2: %d tasks of hooks ran, in the reference %d", t.ran, ref.ran))
	}
	for name, least := range t.least {
		if want, ok := ref.least[name]; ok && least < want && !f.disarms() {
			wrong = append(wrong, fmt.Sprintf("I3: %s had %d healthy tasks, in the reference never less than %d", name, least, want))
		}
	}
	for name, n := range t.deployments {
		if more := n - ref.deployments[name]; more > f.deployments+f.theirs {
			wrong = append(wrong, fmt.Sprintf("I4: %d deployments of %s, the reference needs %d", n, name, ref.deployments[name]))
		}
	}
	return wrong
}

// disarms is whether a fault is somebody who takes tasks away himself: then how few
// there are says nothing about the operator. What it sends is held all the same.
func (f *fault) disarms() bool {
	if f.parts != nil {
		return f.parts[0].disarms() || f.parts[1].disarms()
	}
	return strings.HasPrefix(f.name, "H2") || strings.HasPrefix(f.name, "H3") || strings.HasPrefix(f.name, "H4")
}
