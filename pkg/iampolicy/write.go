package iampolicy

import (
	"maps"
	"slices"
	"strings"

	"github.com/ecs-operator/ecs-operator/pkg/kinds"
	"github.com/ecs-operator/ecs-operator/pkg/resource"
)

// Condition keys. aws:RequestTag/KEY are the tags that a call brings, aws:ResourceTag/KEY
// those that its resource carries already (global condition context keys).
const (
	brings  = "aws:RequestTag/" + resource.TagOwner
	carries = "aws:ResourceTag/" + resource.TagOwner
)

// made: the call marks what it makes as the owner's.
func (b *builder) made() Conditions { return Conditions{"StringEquals": {brings: {b.o.Owner}}} }

// ours: the resource carries the owner's tag.
func (b *builder) ours() Conditions { return Conditions{"StringEquals": {carries: {b.o.Owner}}} }

// inside adds the clusters. ecs:cluster is compared as an ARN.
func (b *builder) inside(c Conditions) Conditions {
	return c.and("ArnEquals", "ecs:cluster", b.named("clusters", b.clusters)...)
}

func (c Conditions) and(operator, key string, to ...string) Conditions {
	out := Conditions{}
	for o, keys := range c {
		out[o] = maps.Clone(keys)
	}
	if out[operator] == nil {
		out[operator] = map[string]values{}
	}
	out[operator][key] = to
	return out
}

// group collects the actions of all services that one condition narrows, with the
// resources of each: IAM charges by the character, and a statement for every service
// would say the same conditions four times. An action meets no resource of another
// service, so that nothing more is allowed than by statements of their own.
type group struct{ actions, resources []string }

func (g *group) add(actions, resources []string) {
	if len(actions) == 0 {
		return
	}
	g.actions = append(g.actions, actions...)
	for _, r := range resources {
		if !slices.Contains(g.resources, r) {
			g.resources = append(g.resources, r)
		}
	}
}

// write is what apply, run and the verbs call beside what they read.
func (b *builder) write() {
	if len(b.clusters) == 0 {
		return
	}
	b.services()
	b.loadBalancing()
	b.scaling()
	b.alarming()
	b.add("Create", b.creates.actions, b.creates.resources, b.made())
	b.add("Change", b.changes.actions, b.changes.resources, b.ours())
	// Ours may get other tags, but not another owner, and lose tags, but not the
	// owner's unless a document lets its service go (onDelete: orphan).
	b.add("Tag", b.tags.actions, b.tags.resources, b.ours().and("StringEqualsIfExists", brings, b.o.Owner))
	keep := b.ours()
	if !b.orphan {
		keep = keep.and("ForAllValues:StringNotEquals", "aws:TagKeys", resource.TagOwner)
	}
	b.add("Untag", b.untags.actions, b.untags.resources, keep)
	// What nobody owns may be marked as ours.
	b.add("TagUnowned", b.adopts.actions, b.adopts.resources, b.made().and("Null", carries, "true"))
	b.passing()
}

// deletes: calls of deletion, where something of a kind can be deleted.
func (b *builder) deletes(kind string, also bool) []string {
	return actionsIf(b.prune || also, kinds.Actions(kinds.UseDelete, kind)...)
}

// services: CreateService service* with ecs:cluster, aws:RequestTag; UpdateService,
// DeleteService service* with ecs:cluster, aws:ResourceTag; Stop- and
// ContinueServiceDeployment service* and service-deployment*, both required, of which
// nothing says what tags a deployment has; RegisterTaskDefinition task-definition*
// with aws:RequestTag; DeregisterTaskDefinition nothing; RunTask task-definition* with
// ecs:cluster, aws:ResourceTag; StopTask task* with ecs:cluster; TagResource with
// ecs:CreateAction, aws:RequestTag, aws:ResourceTag; UntagResource with aws:TagKeys,
// aws:ResourceTag (list_amazonelasticcontainerservice.html).
func (b *builder) services() {
	service, task := b.arn("ecs", "service/*"), b.arn("ecs", "task-definition/*")
	rollouts := kinds.Actions(kinds.UseRollout, "")
	b.add("CreateServices", []string{"ecs:CreateService"}, []string{service}, b.inside(b.made()))
	changes := slices.Concat([]string{"ecs:UpdateService"}, rollouts, b.deletes(resource.KindService, b.recreate))
	steered := []string{b.arn("ecs", "service-deployment/*")}
	ours := []string{service}
	if b.hooks {
		changes, ours = append(changes, "ecs:RunTask"), append(ours, task)
		rollouts, steered = append(rollouts, "ecs:StopTask"), append(steered, b.arn("ecs", "task/*"))
	}
	b.add("ChangeServices", changes, ours, b.inside(b.ours()))
	b.add("SteerDeployments", rollouts, steered, b.inside(nil))
	b.creates.add([]string{"ecs:RegisterTaskDefinition"}, []string{task})
	// Old revisions go after every rollout (policy.keepRevisions).
	b.add("DeregisterRevisions", b.deletes(resource.KindTaskDefinition, true), everything, nil)
	b.add("TagNewServices", []string{"ecs:TagResource"}, []string{service, task},
		b.made().and("StringEquals", "ecs:CreateAction", "CreateService", "RegisterTaskDefinition"))
	b.tags.add([]string{"ecs:TagResource"}, []string{service, task})
	b.untags.add([]string{"ecs:UntagResource"}, []string{service, task})
	if b.adopt {
		// By name, and from another owner too: that is what the word in the document says.
		b.add("Adopt", []string{"ecs:TagResource"}, b.named("services to adopt", b.adopted), b.made())
	}
}

// loadBalancing: CreateTargetGroup targetgroup*, CreateRule listener*, both with
// aws:RequestTag; the other writes their resource with aws:ResourceTag, but
// SetRulePriorities listener-rule* without any key; AddTags with
// elasticloadbalancing:CreateAction (list_awselasticloadbalancingv2.html).
func (b *builder) loadBalancing() {
	const elb = "elasticloadbalancing"
	groups, rules := b.kinds[resource.KindTargetGroup], b.kinds[resource.KindListenerRule]
	if !groups && !rules && !b.prune {
		return
	}
	both := []string{b.arn(elb, "targetgroup/*"), b.arn(elb, "listener-rule/*")}
	listeners := b.named("listeners", b.listeners)
	tagged := both
	// A group or rule that another takes over from is deleted without any prune.
	b.changes.add(slices.Concat(b.deletes(resource.KindTargetGroup, true), b.deletes(resource.KindListenerRule, true)), both)
	if groups {
		b.creates.add([]string{elb + ":CreateTargetGroup"}, both[:1])
		b.changes.add([]string{elb + ":ModifyTargetGroup", elb + ":ModifyTargetGroupAttributes"}, both[:1])
	}
	if rules {
		b.creates.add([]string{elb + ":CreateRule"}, listeners)
		b.changes.add([]string{elb + ":ModifyRule"}, both[1:])
		b.add("MoveRules", []string{elb + ":SetRulePriorities"}, rulesOf(listeners), nil)
	}
	if b.defaults { // a listener is never made by the operator: it is marked, and modified then
		b.changes.add([]string{elb + ":ModifyListener"}, listeners)
		tagged = slices.Concat(both, listeners)
	}
	b.add("TagNewLoadBalancing", []string{elb + ":AddTags"}, both,
		b.made().and("StringEquals", elb+":CreateAction", "CreateTargetGroup", "CreateRule"))
	b.tags.add([]string{elb + ":AddTags"}, tagged)
	b.untags.add([]string{elb + ":RemoveTags"}, tagged)
	switch {
	case b.adopt:
		b.adopts.add([]string{elb + ":AddTags"}, tagged)
	case b.defaults:
		b.adopts.add([]string{elb + ":AddTags"}, listeners)
	}
}

// rulesOf are the rules of listeners.
func rulesOf(listeners []string) []string {
	var out []string
	for _, l := range listeners {
		out = append(out, strings.TrimSuffix(strings.TrimSuffix(strings.Replace(l, ":listener/", ":listener-rule/", 1), "*"), "/")+"/*")
	}
	return out
}

// scaling: the writes ScalableTarget* with aws:RequestTag where a target is
// registered, and the type's own aws:ResourceTag (list_awsapplicationautoscaling.html;
// "ABAC with Application Auto Scaling"). TagResource knows no key for creation: what
// nobody owns may be marked. What the service asks of its caller beside:
// ecs:UpdateService, which the writer has, and the alarms of target tracking
// ("Additional permissions", Application Auto Scaling User Guide).
func (b *builder) scaling() {
	const aas = "application-autoscaling"
	targets := b.kinds[resource.KindScalableTarget]
	if !targets && !b.prune {
		return
	}
	target := []string{b.arn(aas, "scalable-target/*")}
	if targets {
		b.creates.add([]string{aas + ":RegisterScalableTarget"}, target)
		b.adopts.add([]string{aas + ":TagResource"}, target)
	}
	for _, kind := range []string{resource.KindScalableTarget, resource.KindScalingPolicy, resource.KindScheduledAction} {
		b.changes.add(slices.Concat(actionsIf(b.kinds[kind], kinds.Actions(kinds.UseWrite, kind)...), b.deletes(kind, false)), target)
	}
	b.tags.add([]string{aas + ":TagResource"}, target)
	b.untags.add([]string{aas + ":UntagResource"}, target)
	if b.tracking {
		b.add("TargetTrackingAlarms", []string{"cloudwatch:PutMetricAlarm", "cloudwatch:DeleteAlarms"},
			b.named("alarms of target tracking", b.tracked), nil)
	}
}

// alarming: PutMetricAlarm and DeleteAlarms alarm* and no aws:ResourceTag:
// names alone narrow them, of which those that the operator makes begin with the owner.
// PutCompositeAlarm must be on "*" (PutCompositeAlarm, API reference). TagResource with
// aws:RequestTag and aws:ResourceTag, and nothing for creation
// (list_amazoncloudwatch.html).
func (b *builder) alarming() {
	if !b.kinds[resource.KindAlarm] && !b.prune {
		return
	}
	alarms := append([]string{b.arn("cloudwatch", "alarm:"+b.o.Owner+"/*")}, b.named("alarms", b.alarms)...)
	b.add("Alarms", slices.Concat(actionsIf(b.kinds[resource.KindAlarm], "cloudwatch:PutMetricAlarm"), b.deletes(resource.KindAlarm, false)), alarms, nil)
	b.add("CompositeAlarms", actionsIf(b.composite, "cloudwatch:PutCompositeAlarm"), everything, nil)
	b.tags.add([]string{"cloudwatch:TagResource"}, alarms)
	b.untags.add([]string{"cloudwatch:UntagResource"}, alarms)
	b.adopts.add(actionsIf(b.kinds[resource.KindAlarm], "cloudwatch:TagResource"), alarms)
}

// passing: PassRole role* with iam:PassedToService; CreateServiceLinkedRole role* with
// iam:AWSServiceName (list_awsidentityandaccessmanagementiam.html), once in an account.
func (b *builder) passing() {
	for _, service := range slices.Sorted(maps.Keys(b.roles)) {
		sid := "PassRolesTo" + strings.ReplaceAll(strings.TrimSuffix(service, ".amazonaws.com"), "-", "")
		b.add(sid, []string{"iam:PassRole"}, b.named("roles", b.roles[service]), Conditions{"StringEquals": {"iam:PassedToService": {service}}})
	}
	services := []string{"ecs.amazonaws.com"}
	if b.kinds[resource.KindScalableTarget] {
		services = append(services, "ecs.application-autoscaling.amazonaws.com")
	}
	b.add("ServiceLinkedRoles", []string{"iam:CreateServiceLinkedRole"}, []string{b.role("aws-service-role/") + "*"},
		Conditions{"StringEquals": {"iam:AWSServiceName": services}})
}
