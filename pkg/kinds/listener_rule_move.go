package kinds

import (
	"context"
	"fmt"
	"maps"
	"slices"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ecs"
	ecstypes "github.com/aws/aws-sdk-go-v2/service/ecs/types"
	"github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2"
	"github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2/types"

	"github.com/ecs-operator/ecs-operator/pkg/awsclient"
	"github.com/ecs-operator/ecs-operator/pkg/resource"
)

// move gives a rule another priority. Whoever of ours has to leave the place goes
// in the same call, which AWS makes whole or not at all: two rules that change
// places never are without one, and no request is routed by half of it.
func (k *listenerRule) move(ctx context.Context, c *awsclient.Clients, w resource.Write, to int32) error {
	return k.rearrange(ctx, c, w.Object, w.Live.ARN, to)
}

// makeRoom moves our rules away from where a new one is to be.
func (k *listenerRule) makeRoom(ctx context.Context, c *awsclient.Clients, o resource.Object, at int32) error {
	return k.rearrange(ctx, c, o, "", at)
}

// rearrange works out all moves that one makes necessary, and makes them in one
// call: of the rules of this unit every one that is to move, of other units those
// that are in the way and whose documents want them elsewhere.
func (k *listenerRule) rearrange(ctx context.Context, c *awsclient.Clients, o resource.Object, arn string, to int32) error {
	select {
	case k.moving <- struct{}{}:
		defer func() { <-k.moving }()
	case <-ctx.Done():
		return ctx.Err()
	}
	in := o.Want.(*elasticloadbalancingv2.CreateRuleInput)
	s := &ruleSearch{k: k, c: c, q: resource.Query{Target: o.ID.Target, Direct: true}, tags: map[string]map[string]string{}, rules: map[string]*types.Rule{}}
	rules, err := s.describe(ctx, &elasticloadbalancingv2.DescribeRulesInput{ListenerArn: in.ListenerArn, PageSize: aws.Int32(400)})
	if err != nil {
		return err
	}
	for i := range rules {
		if !aws.ToBool(rules[i].IsDefault) {
			s.rules[aws.ToString(rules[i].RuleArn)] = &rules[i]
		}
	}
	if s.at(to) == arn { // nobody is there, or another unit's move took it along
		return nil
	}
	s.arn = aws.ToString(in.ListenerArn)
	if err := s.everyTag(ctx); err != nil {
		return err
	}
	m := &moves{s: s, o: &o, to: map[string]int32{}}
	if arn != "" {
		m.to[arn] = to
	}
	if err := m.follow(ctx, to, arn); err != nil {
		return err
	}
	if arn != "" {
		if err := m.siblings(ctx); err != nil {
			return err
		}
	}
	pairs := make([]types.RulePriorityPair, 0, len(m.order))
	for _, moved := range append(m.order, arn) {
		if n, ok := m.to[moved]; ok && moved != "" {
			pairs = append(pairs, types.RulePriorityPair{RuleArn: aws.String(moved), Priority: aws.Int32(n)})
		}
	}
	_, err = c.Write.ELB.SetRulePriorities(ctx, &elasticloadbalancingv2.SetRulePrioritiesInput{RulePriorities: pairs})
	return err
}

// moves is a rearrangement while it is being worked out.
type moves struct {
	s     *ruleSearch
	o     *resource.Object
	to    map[string]int32 // by rule
	order []string         // without the rule that began it
	// asked are units whose services were read.
	asked map[resource.UnitKey]error
}

// follow makes a place free: who has it goes where his document wants him, and so
// on until somebody goes where nobody is.
func (m *moves) follow(ctx context.Context, place int32, mover string) error {
	for {
		arn := m.s.at(place)
		if arn == "" || arn == mover {
			return nil
		}
		if _, moving := m.to[arn]; moving {
			return nil
		}
		c, ok := m.claim(arn)
		if !ok || c.priority == place {
			return resource.Errorf(resource.ClassConflict, "elasticloadbalancing:SetRulePriorities", "priority %d is that of %s, and nothing is known of another place for it", place, m.s.name(arn))
		}
		if err := m.allowed(ctx, c); err != nil {
			return err
		}
		m.to[arn], m.order = c.priority, append(m.order, arn)
		place = c.priority
	}
}

// siblings takes every other rule of the unit along that is to move as well, as
// far as its way is free.
func (m *moves) siblings(ctx context.Context) error {
	for _, arn := range slices.SortedFunc(maps.Keys(m.s.rules), m.s.byPriority) {
		c, ok := m.claim(arn)
		if !ok || c.id.Key() != m.o.ID.Key() {
			continue
		}
		if _, moving := m.to[arn]; moving || aws.ToInt32(priorityOf(m.s.rules[arn])) == c.priority {
			continue
		}
		trial := &moves{s: m.s, o: m.o, to: maps.Clone(m.to), order: slices.Clone(m.order), asked: m.asked}
		trial.to[arn], trial.order = c.priority, append(trial.order, arn)
		if err := trial.follow(ctx, c.priority, arn); err != nil {
			continue // it has its own step, which says why
		}
		m.to, m.order, m.asked = trial.to, trial.order, trial.asked
	}
	return nil
}

// claim is what a document wants of a live rule of ours, with a written priority.
func (m *moves) claim(arn string) (*claim, bool) {
	for _, c := range m.s.k.claims.with(m.o.ID.Target, nil) {
		if c.priority != 0 && c.identity.on(m.s.tags[arn]) && m.s.tags[arn][resource.TagScope] == c.identity.scope {
			return c, true
		}
	}
	return nil, false
}

// allowed: a rule of another unit is moved only where that unit may be written:
// its document says so, and nobody has suspended its service.
func (m *moves) allowed(ctx context.Context, c *claim) error {
	key := c.id.Key()
	if key == m.o.ID.Key() {
		return nil
	}
	if c.still {
		return resource.Errorf(resource.ClassConflict, "elasticloadbalancing:SetRulePriorities", "%s is in the way, and its document's policy.mode lets nothing be written", c)
	}
	if err, ok := m.asked[key]; ok {
		return err
	}
	err := m.suspended(ctx, key, c)
	if m.asked == nil {
		m.asked = map[resource.UnitKey]error{}
	}
	m.asked[key] = err
	return err
}

func (m *moves) suspended(ctx context.Context, key resource.UnitKey, c *claim) error {
	out, err := m.s.c.Read.ECS.DescribeServices(ctx, &ecs.DescribeServicesInput{Cluster: aws.String(key.Cluster), Services: []string{key.Name}, Include: []ecstypes.ServiceField{ecstypes.ServiceFieldTags}})
	if err != nil {
		return fmt.Errorf("%s is in the way: whether it may be moved is not known: %w", c, err)
	}
	for _, s := range out.Services {
		if fromPairs(s.Tags, ecsPair)[resource.TagSuspend] != "" {
			return resource.Errorf(resource.ClassConflict, "elasticloadbalancing:SetRulePriorities", "%s is in the way, and its service is suspended", c)
		}
	}
	return nil
}
