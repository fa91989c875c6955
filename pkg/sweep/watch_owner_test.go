package sweep

import (
	"encoding/json"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	aas "github.com/aws/aws-sdk-go-v2/service/applicationautoscaling"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	cwtypes "github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"
	"github.com/aws/aws-sdk-go-v2/service/ecs"
	ecstypes "github.com/aws/aws-sdk-go-v2/service/ecs/types"
	elb "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2"
	elbtypes "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2/types"

	"github.com/ecs-operator/ecs-operator/pkg/resource"
	"github.com/ecs-operator/ecs-operator/pkg/sandbox"
)

// tags of a thing in AWS.
type tags map[string]string

func ecsTags(list []ecstypes.Tag) tags {
	out := tags{}
	for _, t := range list {
		out[aws.ToString(t.Key)] = aws.ToString(t.Value)
	}
	return out
}

func elbTags(list []elbtypes.Tag) tags {
	out := tags{}
	for _, t := range list {
		out[aws.ToString(t.Key)] = aws.ToString(t.Value)
	}
	return out
}

func cwTags(list []cwtypes.Tag) tags {
	out := tags{}
	for _, t := range list {
		out[aws.ToString(t.Key)] = aws.ToString(t.Value)
	}
	return out
}

// ours is whether tags name this operator, and no other scope.
func (t tags) ours() bool {
	return t[resource.TagOwner] == resource.DefaultOwner && (t[resource.TagScope] == scope || t[resource.TagScope] == "")
}

// target is one thing that a write is about.
type target struct {
	key     string // kind and name, as people would say it
	present bool
	tags    tags
	policy  string // the policy or action on a scalable target that is meant; it has no tags
}

// mutation is a write: what it is about, and what it would put there.
type mutation struct {
	operation string // "ecs.CreateService"
	targets   []target
	makes     bool // where a target is not there, it is made, with the tags in brings
	brings    tags
	removes   bool // a target is gone afterwards
}

// serviceAt finds a service by cluster and name or ARN.
func serviceAt(v *sandbox.World, cluster, name *string) target {
	c, n := last(aws.ToString(cluster)), last(aws.ToString(name))
	if c == "" {
		c = "default"
	}
	t := target{key: "service/" + c + "/" + n}
	if cl := v.ECS.Clusters[c]; cl != nil {
		if s := cl.Services[n]; s != nil && aws.ToString(s.Service.Status) == "ACTIVE" {
			t.present, t.tags = true, ecsTags(s.Service.Tags)
		}
	}
	return t
}

// last is what stands behind the last slash.
func last(s string) string { return s[strings.LastIndexByte(s, '/')+1:] }

// revisionAt finds a revision by ARN, or family and number, or family alone.
func revisionAt(v *sandbox.World, ref *string) target {
	name := last(aws.ToString(ref))
	family, number, exact := strings.Cut(name, ":")
	t := target{key: "revision/" + name}
	f := v.ECS.Families[family]
	if f == nil {
		return t
	}
	for _, r := range f.Revisions {
		if arn := aws.ToString(r.Definition.TaskDefinitionArn); !exact || strings.HasSuffix(arn, ":"+number) {
			t.present, t.tags = true, ecsTags(r.Tags)
		}
	}
	return t
}

// ecsThing finds what an ARN of ECS names.
func ecsThing(v *sandbox.World, ref *string) target {
	parts := strings.Split(aws.ToString(ref), "/")
	switch arn := aws.ToString(ref); {
	case strings.Contains(arn, ":task-definition/"):
		return revisionAt(v, ref)
	case strings.Contains(arn, ":service/") && len(parts) == 3:
		return serviceAt(v, &parts[1], &parts[2])
	case strings.Contains(arn, ":service-deployment/") && len(parts) == 4:
		return serviceAt(v, &parts[1], &parts[2])
	}
	return target{key: aws.ToString(ref), present: true}
}

func elbThing(v *sandbox.World, arn string) target {
	t := target{key: arn, tags: tags(v.ELB.Tags[arn])}
	for _, g := range v.ELB.TargetGroups {
		if aws.ToString(g.Value.TargetGroupArn) == arn {
			t.key, t.present = "target-group/"+aws.ToString(g.Value.TargetGroupName), true
		}
	}
	for _, r := range v.ELB.Rules {
		if aws.ToString(r.Value.RuleArn) == arn {
			t.key, t.present = "rule/"+last(r.Listener)+"/"+aws.ToString(r.Value.Priority), true
		}
	}
	for _, l := range v.ELB.Listeners {
		if aws.ToString(l.Value.ListenerArn) == arn {
			t.key, t.present = "listener/"+last(arn), true
		}
	}
	return t
}

func alarmAt(v *sandbox.World, name string) target {
	name = name[strings.LastIndex(name, ":alarm:")+1:]
	name = strings.TrimPrefix(name, "alarm:")
	t := target{key: "alarm/" + name}
	if a := v.Alarms.Metric[name]; a != nil {
		t.present, t.tags = true, a.Tags
	} else if a := v.Alarms.Composite[name]; a != nil {
		t.present, t.tags = true, a.Tags
	}
	return t
}

func scalableAt(v *sandbox.World, id *string, policy *string) target {
	t := target{key: "scalable-target/" + aws.ToString(id), policy: aws.ToString(policy)}
	if x := v.Scaling.Targets[aws.ToString(id)]; x != nil {
		t.present, t.tags = true, x.Tags
	}
	return t
}

func scalableOf(v *sandbox.World, arn *string) target {
	for id, x := range v.Scaling.Targets {
		if aws.ToString(x.Target.ScalableTargetARN) == aws.ToString(arn) {
			return scalableAt(v, &id, nil)
		}
	}
	return target{key: aws.ToString(arn)}
}

// mutationOf says what a write is about. A write that it does not know is about
// something that is nobody's, which ownership refuses.
func mutationOf(v *sandbox.World, c sandbox.Call) mutation {
	m := mutation{operation: c.Service + "." + c.Operation}
	about := func(t ...target) { m.targets = append(m.targets, t...) }
	makes := func(brings tags, t target) { m.makes, m.brings = true, brings; about(t) }
	switch in := c.Input.(type) {
	case *ecs.CreateServiceInput:
		makes(ecsTags(in.Tags), serviceAt(v, in.Cluster, in.ServiceName))
	case *ecs.UpdateServiceInput:
		about(serviceAt(v, in.Cluster, in.Service))
	case *ecs.DeleteServiceInput:
		m.removes = true
		about(serviceAt(v, in.Cluster, in.Service))
	case *ecs.RegisterTaskDefinitionInput:
		makes(ecsTags(in.Tags), target{key: "family/" + aws.ToString(in.Family)})
	case *ecs.DeregisterTaskDefinitionInput:
		about(revisionAt(v, in.TaskDefinition))
	case *ecs.StopServiceDeploymentInput:
		about(ecsThing(v, in.ServiceDeploymentArn))
	case *ecs.ContinueServiceDeploymentInput:
		about(ecsThing(v, in.ServiceDeploymentArn))
	case *ecs.TagResourceInput:
		about(ecsThing(v, in.ResourceArn))
	case *ecs.UntagResourceInput:
		about(ecsThing(v, in.ResourceArn))
	case *ecs.RunTaskInput:
		about(revisionAt(v, in.TaskDefinition))
	case *ecs.StopTaskInput:
		about(taskAt(v, in.Cluster, in.Task))
	default:
		if !elbMutation(v, c.Input, &m) && !aroundMutation(v, c.Input, &m) {
			about(target{key: "what " + m.operation + " is about, which the sweep does not know", present: true})
		}
	}
	return m
}

// taskAt finds a task; one of a hook speaks for the revision that it runs.
func taskAt(v *sandbox.World, cluster, task *string) target {
	t := target{key: "task/" + last(aws.ToString(task))}
	c := last(aws.ToString(cluster))
	if c == "" {
		c = "default"
	}
	if cl := v.ECS.Clusters[c]; cl != nil {
		if x := cl.Tasks[last(aws.ToString(task))]; x != nil {
			r := revisionAt(v, x.Task.TaskDefinitionArn)
			t.present, t.tags = true, r.tags
		}
	}
	return t
}

func elbMutation(v *sandbox.World, input any, m *mutation) bool {
	about := func(arns ...string) {
		for _, arn := range arns {
			m.targets = append(m.targets, elbThing(v, arn))
		}
	}
	switch in := input.(type) {
	case *elb.CreateTargetGroupInput:
		m.makes, m.brings = true, elbTags(in.Tags)
		t := target{key: "target-group/" + aws.ToString(in.Name)}
		for _, g := range v.ELB.TargetGroups {
			if aws.ToString(g.Value.TargetGroupName) == aws.ToString(in.Name) {
				t = elbThing(v, aws.ToString(g.Value.TargetGroupArn))
			}
		}
		m.targets = append(m.targets, t)
	case *elb.CreateRuleInput:
		m.makes, m.brings = true, elbTags(in.Tags)
		m.targets = append(m.targets, target{key: "rule/" + last(aws.ToString(in.ListenerArn))})
	case *elb.ModifyTargetGroupInput:
		about(aws.ToString(in.TargetGroupArn))
	case *elb.ModifyTargetGroupAttributesInput:
		about(aws.ToString(in.TargetGroupArn))
	case *elb.DeleteTargetGroupInput:
		m.removes = true
		about(aws.ToString(in.TargetGroupArn))
	case *elb.ModifyRuleInput:
		about(aws.ToString(in.RuleArn))
	case *elb.DeleteRuleInput:
		m.removes = true
		about(aws.ToString(in.RuleArn))
	case *elb.SetRulePrioritiesInput:
		for _, p := range in.RulePriorities {
			about(aws.ToString(p.RuleArn))
		}
	case *elb.AddTagsInput:
		about(in.ResourceArns...)
	case *elb.RemoveTagsInput:
		about(in.ResourceArns...)
	default:
		return false
	}
	return true
}

func aroundMutation(v *sandbox.World, input any, m *mutation) bool {
	about := func(t target) { m.targets = append(m.targets, t) }
	switch in := input.(type) {
	case *cloudwatch.PutMetricAlarmInput:
		m.makes, m.brings = true, cwTags(in.Tags)
		about(alarmAt(v, aws.ToString(in.AlarmName)))
	case *cloudwatch.PutCompositeAlarmInput:
		m.makes, m.brings = true, cwTags(in.Tags)
		about(alarmAt(v, aws.ToString(in.AlarmName)))
	case *cloudwatch.DeleteAlarmsInput:
		m.removes = true
		for _, name := range in.AlarmNames {
			about(alarmAt(v, name))
		}
	case *cloudwatch.TagResourceInput:
		about(alarmAt(v, aws.ToString(in.ResourceARN)))
	case *cloudwatch.UntagResourceInput:
		about(alarmAt(v, aws.ToString(in.ResourceARN)))
	case *aas.RegisterScalableTargetInput:
		m.makes, m.brings = true, in.Tags
		about(scalableAt(v, in.ResourceId, nil))
	case *aas.DeregisterScalableTargetInput:
		m.removes = true
		about(scalableAt(v, in.ResourceId, nil))
	case *aas.PutScalingPolicyInput:
		about(scalableAt(v, in.ResourceId, in.PolicyName))
	case *aas.DeleteScalingPolicyInput:
		m.removes = true
		about(scalableAt(v, in.ResourceId, in.PolicyName))
	case *aas.PutScheduledActionInput:
		about(scalableAt(v, in.ResourceId, in.ScheduledActionName))
	case *aas.DeleteScheduledActionInput:
		m.removes = true
		about(scalableAt(v, in.ResourceId, in.ScheduledActionName))
	case *aas.TagResourceInput:
		about(scalableOf(v, in.ResourceARN))
	case *aas.UntagResourceInput:
		about(scalableOf(v, in.ResourceARN))
	default:
		return false
	}
	return true
}

// ownership is I1 before a write: it is about what is ours, or makes what will be. A
// document that adopts may take what is not.
func (x *watcher) ownership(v *sandbox.World, m mutation) {
	for _, t := range m.targets {
		switch {
		case t.present && t.tags.ours():
		case t.present && x.adopts():
			x.adopted[t.key] = true
		case t.present && x.w.tap.disowned(t):
			// No precondition can be put on a write that is on its way; IAM refuses it.
			if x.late++; x.late > 2 {
				x.broken("I1", "%s on %s, which has long been disowned", m.operation, t.key)
			}
		case t.present:
			x.broken("I1", "%s on %s, which is not ours: %v", m.operation, t.key, t.tags)
		case m.makes && !m.brings.ours():
			x.broken("I1", "%s would make %s without our tags: %v", m.operation, t.key, m.brings)
		}
	}
}

// disowned is whether people have just taken the owner tag off.
func (t *tap) disowned(what target) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	s := t.strike
	return s != nil && s.fired && s.fault.name == "H6" && what.key == "service/"+s.edit.Cluster+"/"+s.edit.Service
}

// adopts is whether a document in force says so.
func (x *watcher) adopts() bool {
	for _, d := range x.w.files.inForce() {
		for _, u := range meaningOf(d) {
			if u.Policy.Adopt {
				return true
			}
		}
	}
	return false
}

// foreign is all that is not ours, painted as it is to the last byte: decoys among it.
// Services are shown without what ECS changes by itself.
func foreign(v *sandbox.World) map[string]string {
	out := map[string]string{}
	add := func(t target, values ...any) {
		if t.tags.ours() {
			return
		}
		raw, err := json.Marshal(values)
		if err != nil {
			raw = []byte("cannot be shown: " + err.Error())
		}
		out[t.key] = string(raw)
	}
	for cluster, c := range v.ECS.Clusters {
		for name, s := range c.Services {
			if aws.ToString(s.Service.Status) == "ACTIVE" {
				plain := s.Service
				plain.Events, plain.Deployments, plain.RunningCount, plain.PendingCount = nil, nil, 0, 0
				add(serviceAt(v, &cluster, &name), plain)
			}
		}
	}
	for _, f := range v.ECS.Families {
		for _, r := range f.Revisions {
			add(revisionAt(v, r.Definition.TaskDefinitionArn), r.Definition, r.Tags)
		}
	}
	for _, g := range v.ELB.TargetGroups {
		arn := aws.ToString(g.Value.TargetGroupArn)
		add(elbThing(v, arn), g.Value, g.Attributes, v.ELB.Tags[arn])
	}
	for _, r := range v.ELB.Rules {
		if arn := aws.ToString(r.Value.RuleArn); !aws.ToBool(r.Value.IsDefault) {
			add(elbThing(v, arn), r.Value, v.ELB.Tags[arn])
		}
	}
	for name, a := range v.Alarms.Metric {
		if a.Owner == "" { // target tracking's are its own
			plain := a.Alarm
			plain.StateReason, plain.StateReasonData, plain.StateUpdatedTimestamp, plain.StateTransitionedTimestamp, plain.StateValue = nil, nil, nil, nil, ""
			add(alarmAt(v, name), plain, a.Tags)
		}
	}
	for name, a := range v.Alarms.Composite {
		add(alarmAt(v, name), a.Alarm.AlarmRule, a.Tags)
	}
	for id, t := range v.Scaling.Targets {
		add(scalableAt(v, &id, nil), t.Target, t.Tags)
	}
	return out
}

// decoys is I1 at the end: what was not ours is as it was, and nobody took it, unless a
// document says so. What people did to it meanwhile the reference has too (I5).
func (x *watcher) decoys(v *sandbox.World) {
	now := foreign(v)
	for key, was := range x.start {
		if is, ok := now[key]; (!ok || is != was) && !x.adopted[key] && !x.touched[key] {
			x.broken("I1", "%s was not ours, and is not as it was:\n  %s\n  %s", key, was, is)
		}
	}
}

// ownServices are the ACTIVE services with our tags, as cluster/name.
func ownServices(v *sandbox.World) []string {
	var out []string
	for cluster, c := range v.ECS.Clusters {
		for name, s := range c.Services {
			t := ecsTags(s.Service.Tags)
			if aws.ToString(s.Service.Status) == "ACTIVE" && t.ours() && t[resource.TagUnit] == cluster+"/"+name {
				out = append(out, cluster+"/"+name)
			}
		}
	}
	return out
}
