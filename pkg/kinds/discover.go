package kinds

import (
	"context"
	"fmt"
	"maps"
	"slices"

	"github.com/aws/aws-sdk-go-v2/aws"
	aastypes "github.com/aws/aws-sdk-go-v2/service/applicationautoscaling/types"
	"github.com/aws/aws-sdk-go-v2/service/ecs"
	"github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2"
	elbtypes "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2/types"

	"github.com/ecs-operator/ecs-operator/pkg/awsclient"
	"github.com/ecs-operator/ecs-operator/pkg/diff"
	"github.com/ecs-operator/ecs-operator/pkg/resource"
)

// Discoverer finds a service that no document declares, with everything that
// moves with it. It only reads.
type Discoverer struct {
	base
	service  *service
	tasks    *taskDefinition
	policies *scalingPolicy
	actions  *scheduledAction
}

// NewDiscoverer makes one.
func NewDiscoverer(p awsclient.Provider) *Discoverer {
	b := base{provider: p, inventory: newInventory(p), seen: newMemory()}
	return &Discoverer{base: b, service: newService(b), tasks: newTaskDefinition(b), policies: newScalingPolicy(b), actions: newScheduledAction(b)}
}

// Discovery is one service as AWS has it. Every Live is in the form of its
// kind's create input; ID.Name is the name that AWS knows the object by.
type Discovery struct {
	Service        resource.Live
	TaskDefinition resource.Live // Unknown where the service has none
	// Around are target groups, listener rules, alarms, the scalable target, its
	// policies and scheduled actions, in that order.
	Around []resource.Live
	// Notes say in one sentence each what belongs to the service and stands in no
	// document.
	Notes []string
}

// Services lists the names of the services of a cluster, sorted.
func (d *Discoverer) Services(ctx context.Context, target, cluster string) ([]string, error) {
	c, err := d.clients(ctx, target)
	if err != nil {
		return nil, err
	}
	var names []string
	pages := ecs.NewListServicesPaginator(c.Read.ECS, &ecs.ListServicesInput{Cluster: &cluster, MaxResults: aws.Int32(100)})
	err = eachPage(ctx, pages, func(page *ecs.ListServicesOutput) {
		for _, arn := range page.ServiceArns {
			names = append(names, lastSegment(arn))
		}
	})
	slices.Sort(names)
	return names, err
}

// Discover reads one service and what moves with it. A service that is not there
// is a Live that is Absent, and no error.
func (d *Discoverer) Discover(ctx context.Context, target, cluster, name string) (Discovery, error) {
	c, err := d.clients(ctx, target)
	if err != nil {
		return Discovery{}, err
	}
	id := resource.ID{Target: target, Cluster: cluster, Unit: name, Kind: resource.KindService}
	s := &discovery{d: d, c: c, id: id}
	s.out.Service = d.service.Observe(ctx, resource.Query{Target: target, Objects: []*resource.Object{{ID: id}}, Direct: true})[id]
	switch s.out.Service.Presence {
	case resource.Unknown:
		return Discovery{}, s.out.Service.Err
	case resource.Absent:
		return s.out, nil
	}
	in := s.out.Service.Value.(*ecs.CreateServiceInput)
	for _, step := range []func(context.Context, *ecs.CreateServiceInput) error{s.taskDefinition, s.targetGroups, s.rules, s.scaling, s.alarms} {
		if err := step(ctx, in); err != nil {
			return Discovery{}, err
		}
	}
	return s.out, nil
}

// discovery is one Discover.
type discovery struct {
	d   *Discoverer
	c   *awsclient.Clients
	id  resource.ID
	out Discovery

	groups     []elbtypes.TargetGroup
	alarmNames []string // in the order in which they are met
	scaled     []resource.Live
}

func (s *discovery) note(format string, args ...any) {
	s.out.Notes = append(s.out.Notes, fmt.Sprintf(format, args...))
}

func (s *discovery) add(l resource.Live, kind, name string) {
	l.ID = s.id.Of(kind, name)
	s.out.Around = append(s.out.Around, l)
}

func (s *discovery) taskDefinition(ctx context.Context, in *ecs.CreateServiceInput) error {
	arn := aws.ToString(in.TaskDefinition)
	if arn == "" { // task sets carry it under a foreign controller
		return nil
	}
	r, err := s.d.tasks.read(ctx, s.c, arn, true)
	if err != nil {
		return err
	}
	s.out.TaskDefinition = r.live()
	s.out.TaskDefinition.ID = s.id.Of(resource.KindTaskDefinition, "")
	return nil
}

// targetGroups reads those that the service names, one by one: a name that is
// gone fails a whole call.
func (s *discovery) targetGroups(ctx context.Context, in *ecs.CreateServiceInput) error {
	for _, arn := range groupsOf(in) {
		out, err := s.c.Read.ELB.DescribeTargetGroups(ctx, &elasticloadbalancingv2.DescribeTargetGroupsInput{TargetGroupArns: []string{arn}})
		if resource.ClassOf(err) == resource.ClassNotFound || err == nil && len(out.TargetGroups) != 1 {
			s.note("the target group %s, which the service names, is not there", arn)
			continue
		}
		if err != nil {
			return err
		}
		tg := &out.TargetGroups[0]
		attrs, err := s.c.Read.ELB.DescribeTargetGroupAttributes(ctx, &elasticloadbalancingv2.DescribeTargetGroupAttributesInput{TargetGroupArn: &arn})
		if err != nil {
			return err
		}
		values := map[string]string{}
		for _, a := range attrs.Attributes {
			values[aws.ToString(a.Key)] = aws.ToString(a.Value)
		}
		tags, err := elbTags{}.read(ctx, s.c.Read, []string{arn})
		if err != nil {
			return err
		}
		s.groups = append(s.groups, *tg)
		s.add(groupLive(s.id, tg, tags[arn], values), resource.KindTargetGroup, aws.ToString(tg.TargetGroupName))
	}
	return nil
}

// groupsOf are the ELB target groups that a service names, each once.
func groupsOf(in *ecs.CreateServiceInput) []string {
	var out []string
	add := func(arn *string) {
		if s := aws.ToString(arn); s != "" && !slices.Contains(out, s) {
			out = append(out, s)
		}
	}
	for _, lb := range in.LoadBalancers {
		add(lb.TargetGroupArn)
		if a := lb.AdvancedConfiguration; a != nil {
			add(a.AlternateTargetGroupArn)
		}
	}
	return out
}

// rules reads the listeners of the target groups' load balancers, and takes the
// rules that lead to one of them, or that the service names.
func (s *discovery) rules(ctx context.Context, in *ecs.CreateServiceInput) error {
	wanted := map[string]bool{} // rules by ARN
	for _, lb := range in.LoadBalancers {
		if a := lb.AdvancedConfiguration; a != nil {
			wanted[aws.ToString(a.ProductionListenerRule)], wanted[aws.ToString(a.TestListenerRule)] = true, true
		}
	}
	groups, balancers := map[string]bool{}, map[string]bool{}
	for _, tg := range s.groups {
		groups[aws.ToString(tg.TargetGroupArn)] = true
		for _, arn := range tg.LoadBalancerArns {
			balancers[arn] = true
		}
	}
	for _, balancer := range slices.Sorted(maps.Keys(balancers)) {
		listeners, err := s.listeners(ctx, balancer)
		if err != nil {
			return err
		}
		for _, listener := range listeners {
			if err := s.listener(ctx, listener, groups, wanted); err != nil {
				return err
			}
		}
	}
	return nil
}

func (s *discovery) listeners(ctx context.Context, balancer string) ([]string, error) {
	var out []string
	pages := elasticloadbalancingv2.NewDescribeListenersPaginator(s.c.Read.ELB, &elasticloadbalancingv2.DescribeListenersInput{LoadBalancerArn: &balancer})
	err := eachPage(ctx, pages, func(page *elasticloadbalancingv2.DescribeListenersOutput) {
		for _, l := range page.Listeners {
			out = append(out, aws.ToString(l.ListenerArn))
		}
	})
	return out, err
}

func (s *discovery) listener(ctx context.Context, listener string, groups, wanted map[string]bool) error {
	var found []elbtypes.Rule
	pages := elasticloadbalancingv2.NewDescribeRulesPaginator(s.c.Read.ELB, &elasticloadbalancingv2.DescribeRulesInput{ListenerArn: &listener})
	err := eachPage(ctx, pages, func(page *elasticloadbalancingv2.DescribeRulesOutput) {
		for _, r := range page.Rules {
			switch leads := leadsTo(r, groups); {
			case !leads && !wanted[aws.ToString(r.RuleArn)]:
			case aws.ToBool(r.IsDefault):
				s.note("the default action of the listener %s leads to it; that belongs to the listener, and no document holds it", listener)
			default:
				found = append(found, r)
			}
		}
	})
	if err != nil {
		return err
	}
	for i := range found {
		arn := aws.ToString(found[i].RuleArn)
		tags, err := elbTags{}.read(ctx, s.c.Read, []string{arn})
		if err != nil {
			return err
		}
		s.add(ruleLive(s.id, &found[i], tags[arn]), resource.KindListenerRule, aws.ToString(found[i].Priority))
	}
	return nil
}

func leadsTo(r elbtypes.Rule, groups map[string]bool) bool {
	for _, a := range r.Actions {
		if groups[aws.ToString(a.TargetGroupArn)] {
			return true
		}
		if a.ForwardConfig == nil {
			continue
		}
		for _, tg := range a.ForwardConfig.TargetGroups {
			if groups[aws.ToString(tg.TargetGroupArn)] {
				return true
			}
		}
	}
	return false
}

// scaling reads the scalable target, its policies and its scheduled actions.
func (s *discovery) scaling(ctx context.Context, _ *ecs.CreateServiceInput) error {
	id := resourceID(s.id.Cluster, s.id.Unit)
	var target *aastypes.ScalableTarget
	err := describeTargets(ctx, s.c.Read, []string{id}, func(_ *string, t *aastypes.ScalableTarget) { target = t })
	if err != nil || target == nil {
		return err
	}
	l := targetLive(s.id, target)
	if l.Tags == nil {
		tags, err := scalingTags{}.read(ctx, s.c.Read, []string{l.ARN})
		if err != nil {
			return err
		}
		l.Tags = tags[l.ARN]
	}
	s.scale(l, resource.KindScalableTarget, "")
	err = describePolicies(ctx, s.c.Read, &id, func(p *aastypes.ScalingPolicy) {
		s.scale(s.d.policies.live(s.id, s.d.policies.sight(p)), resource.KindScalingPolicy, aws.ToString(p.PolicyName))
		if p.PolicyType != aastypes.PolicyTypeStepScaling {
			return // the alarms of target tracking are AWS' own
		}
		for _, a := range p.Alarms {
			s.alarmNames = append(s.alarmNames, aws.ToString(a.AlarmName))
		}
	})
	if err != nil {
		return err
	}
	return describeActions(ctx, s.c.Read, &id, func(a *aastypes.ScheduledAction) {
		s.scale(s.d.actions.live(s.id, s.d.actions.sight(a)), resource.KindScheduledAction, aws.ToString(a.ScheduledActionName))
	})
}

// scale keeps what comes behind the alarms.
func (s *discovery) scale(l resource.Live, kind, name string) {
	l.ID = s.id.Of(kind, name)
	s.scaled = append(s.scaled, l)
}

// alarms reads those that the service's deployments watch, and those that call
// its step scaling policies. The scalable target and its company follow them.
func (s *discovery) alarms(ctx context.Context, in *ecs.CreateServiceInput) error {
	defer func() { s.out.Around = append(s.out.Around, s.scaled...) }()
	var names []string
	if dc := in.DeploymentConfiguration; dc != nil && dc.Alarms != nil {
		names = append(names, dc.Alarms.AlarmNames...)
	}
	for _, n := range s.alarmNames {
		if !slices.Contains(names, n) {
			names = append(names, n)
		}
	}
	found, err := s.describeAll(ctx, names)
	if err != nil {
		return err
	}
	for _, name := range names {
		if found[name] == nil {
			s.note("the alarm %s is named, and is not there", name)
			continue
		}
		if err := s.alarm(ctx, name, found[name]); err != nil {
			return err
		}
	}
	return s.composites(ctx, names, found)
}

// RulesFor are the rules by which a value of a kind's input is compared.
func RulesFor(kind string, value any) *diff.Rules {
	switch in := value.(type) {
	case *ecs.CreateServiceInput:
		return serviceRules(in)
	case *elasticloadbalancingv2.CreateTargetGroupInput:
		return targetGroupRules(in)
	}
	if isComposite(value) {
		return &compositeRules
	}
	return Rules(kind)
}
