package kinds

import (
	"context"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2"
	"github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2/types"

	"github.com/ecs-operator/ecs-operator/pkg/awsclient"
	"github.com/ecs-operator/ecs-operator/pkg/resource"
)

// watch finds the listeners of the query's objects and looks at each of them.
func (k *listenerRule) watch(ctx context.Context, c *awsclient.Clients, q resource.Query, a *answers) {
	var refs []*ListenerRef
	for i := range q.Objects {
		if r := listenerRefOf(q.Objects[i]); r != nil {
			refs = append(refs, r)
		}
	}
	arns, errs := k.listeners.find(ctx, c, q.Target, refs)
	rules, defaults := map[string][]*resource.Object{}, map[string][]*resource.Object{}
	for i := range q.Objects {
		o := q.Objects[i]
		in, _ := o.Want.(*elasticloadbalancingv2.CreateRuleInput)
		if in == nil {
			a.unknown(o.ID, resource.Errorf(resource.ClassInvalid, "listener rule", "its listener is not known"))
			continue
		}
		arn := aws.ToString(in.ListenerArn)
		if r := listenerRefOf(o); arn == "" && r != nil {
			if err := errs[r.String()]; err != nil {
				a.unknown(o.ID, err)
				continue
			}
			arn = arns[r.String()]
		}
		switch {
		case arn == "" || strings.Contains(arn, "$("):
			a.unknown(o.ID, resource.Errorf(resource.ClassInvalid, "listener rule", "its listener is not known"))
		case isDefault(o):
			defaults[arn] = append(defaults[arn], o)
		default:
			rules[arn] = append(rules[arn], o)
		}
	}
	k.defaults(ctx, c, q, a, defaults)
	for _, listener := range slices.Sorted(maps.Keys(rules)) {
		s := &ruleSearch{k: k, c: c, q: q, a: a}
		err := s.listener(ctx, listener, rules[listener])
		if err == nil {
			continue
		}
		if resource.ClassOf(err) == resource.ClassNotFound {
			k.listeners.forget(listener)
		}
		for _, o := range rules[listener] {
			a.unknown(o.ID, err)
		}
	}
}

// Observe reads each listener in use once and finds the rules on it by their
// tags. A rule of ours that sits on another listener than wanted is found by
// the inventory, so that its move is seen for what it is.
func (k *listenerRule) Observe(ctx context.Context, q resource.Query) map[resource.ID]resource.Live {
	if strays(q) {
		return k.strays(ctx, q)
	}
	a := ask(q)
	c, err := k.clients(ctx, q.Target)
	if err != nil {
		return a.fail(q, err)
	}
	k.watch(ctx, c, q, a)
	return a.by
}

// ruleSearch is the search on one listener.
type ruleSearch struct {
	k     *listenerRule
	c     *awsclient.Clients
	q     resource.Query
	a     *answers
	rules map[string]*types.Rule // by ARN, without the default rule
	tags  map[string]map[string]string
	all   bool // the tags of every rule are known
	// standing is the listener's default rule.
	standing *types.Rule
	arn      string
	objects  []*resource.Object // of this question
	choices  *choices
	order    []string // of rules, by priority
	said     *saidOf  // about these rules, when so many tags were known
	saidWith int
	carriers map[identity][]string // the rules with these tags, without the scope; nil when tags have come
}

// learn takes in the tags of rules.
func (s *ruleSearch) learn(tags map[string]map[string]string) {
	maps.Copy(s.tags, tags)
	s.carriers = nil
}

// carrying are the rules that carry an identity, of whatever scope, in order, as far as
// tags are known.
func (s *ruleSearch) carrying(i identity) []string {
	if i.scope = ""; i.owner == "" || i.unit == "" || i.key == "" {
		return nil
	}
	if s.carriers == nil {
		s.carriers = make(map[identity][]string, len(s.tags))
		for arn, tags := range s.tags {
			if s.rules[arn] != nil {
				it := identityOf(tags)
				it.scope = ""
				s.carriers[it] = append(s.carriers[it], arn)
			}
		}
	}
	arns := s.carriers[i]
	slices.Sort(arns)
	return arns
}

// rulesOf is the key of a listener's rules in a round.
type rulesOf struct{ target, listener string }

func (s *ruleSearch) listener(ctx context.Context, arn string, objects []*resource.Object) error {
	rules, err := resource.Once(ctx, s.q.Round, rulesOf{s.q.Target, arn}, func() ([]types.Rule, error) {
		s.k.rotation.earn(s.q, 1, 1)
		return s.describe(ctx, &elasticloadbalancingv2.DescribeRulesInput{ListenerArn: &arn, PageSize: aws.Int32(400)})
	})
	if err != nil {
		return err
	}
	s.rules, s.tags, s.arn, s.objects = make(map[string]*types.Rule, len(rules)), make(map[string]map[string]string, len(objects)), arn, objects
	for i := range rules {
		if aws.ToBool(rules[i].IsDefault) {
			s.standing = &rules[i]
		} else {
			s.rules[aws.ToString(rules[i].RuleArn)] = &rules[i]
		}
	}
	if err := s.likely(ctx, objects); err != nil {
		return err
	}
	for _, o := range objects {
		l, err := s.one(ctx, o)
		if err == nil {
			l.Around, err = s.around(ctx, o, &l, objects)
		}
		if err != nil {
			l = resource.Live{Err: err}
		}
		l.ID = o.ID
		if l.Presence == resource.Present {
			s.k.seen.met(o.ID, l.ARN)
		}
		s.a.set(l)
	}
	return nil
}

// likely reads the tags of the rules that the objects probably are: where they
// were met last. In a sweep the inventory's word is enough.
func (s *ruleSearch) likely(ctx context.Context, objects []*resource.Object) error {
	at := make(map[string]*resource.Object, len(objects))
	for _, o := range objects {
		arn := s.k.seen.where(o.ID)
		if s.rules[arn] == nil && !s.q.Direct && len(s.rules) > (elbTags{}).batch() {
			arn = s.k.inventory.get(ctx, s.q.Target, o.Tags[resource.TagOwner]).arn(o)
		}
		if s.rules[arn] != nil {
			at[arn] = o
		}
	}
	if len(at) == 0 {
		return nil
	}
	tags, err := s.k.tagsOf(ctx, s.c, elbTags{}, s.q, at)
	s.learn(tags)
	return err
}

func (s *ruleSearch) one(ctx context.Context, o *resource.Object) (resource.Live, error) {
	if arn := s.byTags(o); arn != "" && s.tags[arn][resource.TagScope] == o.Tags[resource.TagScope] {
		return ruleLive(o.ID, s.rules[arn], s.tags[arn]), nil
	}
	if err := s.everyTag(ctx); err != nil {
		return resource.Live{}, err
	}
	if arn := s.byTags(o); arn != "" {
		return ruleLive(o.ID, s.rules[arn], s.tags[arn]), nil
	}
	if l, err := s.elsewhere(ctx, o); err != nil || l.Presence == resource.Present {
		return l, err
	}
	if arn := s.renamed(o); arn != "" {
		return ruleLive(o.ID, s.rules[arn], s.tags[arn]), nil
	}
	return s.occupant(o), nil
}

// byTags is the rule that carries the object's identity. Of several it is that of
// the object's own scope, else one without: another scope may name the same unit.
func (s *ruleSearch) byTags(o *resource.Object) (best string) {
	rank := func(arn string) int {
		switch s.tags[arn][resource.TagScope] {
		case o.Tags[resource.TagScope]:
			return 2
		case "":
			return 1
		}
		return 0
	}
	for _, arn := range s.carrying(identityOf(o.Tags)) {
		if best == "" || rank(arn) > rank(best) {
			best = arn
		}
	}
	return best
}

// renamed is the live rule that stands at the written priority under a key which the
// unit's document does not have any more: two rules cannot have one number, so that
// this one goes on under the new key, and is there at every moment.
func (s *ruleSearch) renamed(o *resource.Object) string {
	if word := o.Extra[priorityKey]; word == priorityAuto || word == priorityDefault {
		return ""
	}
	arn := s.at(aws.ToInt32(o.Want.(*elasticloadbalancingv2.CreateRuleInput).Priority))
	tags := s.tags[arn]
	for _, key := range []string{resource.TagOwner, resource.TagUnit, resource.TagScope} {
		if arn == "" || tags[key] != o.Tags[key] {
			return ""
		}
	}
	name, ok := strings.CutPrefix(tags[resource.TagKey], "rule/")
	if !ok || s.k.claims.with(s.q.Target, nil) == nil { // no document was shown: nobody knows what it has
		return ""
	}
	if id := o.ID; s.spokenFor(tags) || slices.ContainsFunc(s.objects, func(other *resource.Object) bool { return other.ID == id.Of(id.Kind, name) }) {
		return ""
	}
	return arn
}

func sameIdentity(have, want map[string]string) bool {
	for _, k := range []string{resource.TagOwner, resource.TagUnit, resource.TagKey} {
		if want[k] == "" || have[k] != want[k] {
			return false
		}
	}
	return true
}

// everyTag reads the tags of all rules of the listener, once.
func (s *ruleSearch) everyTag(ctx context.Context) error {
	if s.all {
		return nil
	}
	for _, chunk := range chunks(slices.Sorted(maps.Keys(s.rules)), (elbTags{}).batch()) {
		tags, err := elbTags{}.read(ctx, s.c.Read, chunk)
		if err != nil {
			return err
		}
		for _, arn := range chunk {
			if _, ok := tags[arn]; !ok {
				return resource.Errorf(resource.ClassTransient, "elasticloadbalancing:DescribeTags", "%s: %v", arn, errUntold)
			}
		}
		s.learn(tags)
	}
	s.all = true
	return nil
}

// elsewhere looks where the rule was met before, or where the inventory has it:
// on another listener, because the document moved it.
func (s *ruleSearch) elsewhere(ctx context.Context, o *resource.Object) (resource.Live, error) {
	arns := []string{s.k.seen.where(o.ID)}
	if !s.q.Direct {
		arns = append(arns, s.k.inventory.get(ctx, s.q.Target, o.Tags[resource.TagOwner]).arn(o))
	}
	for _, arn := range arns {
		if arn == "" || s.rules[arn] != nil || !strings.Contains(arn, ":listener-rule/") {
			continue
		}
		found, err := s.describe(ctx, &elasticloadbalancingv2.DescribeRulesInput{RuleArns: []string{arn}})
		if resource.ClassOf(err) == resource.ClassNotFound {
			continue
		}
		if err != nil {
			return resource.Live{}, err
		}
		tags, err := elbTags{}.read(ctx, s.c.Read, []string{arn})
		if resource.ClassOf(err) == resource.ClassNotFound {
			continue
		}
		if err != nil {
			return resource.Live{}, err
		}
		if len(found) == 1 && sameIdentity(tags[arn], o.Tags) {
			return ruleLive(o.ID, &found[0], tags[arn]), nil
		}
	}
	return resource.Live{}, nil
}

// occupant is the rule of somebody else that has the wanted priority: present
// and not ours, instead of AWS' PriorityInUse. Rules of this very unit that are
// about to leave the place do not count.
func (s *ruleSearch) occupant(o *resource.Object) resource.Live {
	want := aws.ToInt32(o.Want.(*elasticloadbalancingv2.CreateRuleInput).Priority)
	if o.Extra[priorityKey] == priorityAuto {
		return resource.Live{Presence: resource.Absent}
	}
	for _, arn := range slices.Sorted(maps.Keys(s.rules)) {
		p := priorityOf(s.rules[arn])
		tags := s.tags[arn]
		ours := tags[resource.TagOwner] == o.Tags[resource.TagOwner] && tags[resource.TagUnit] == o.Tags[resource.TagUnit]
		if p != nil && *p == want && !ours && !s.leaves(tags, want) && !s.spokenFor(tags) {
			return ruleLive(o.ID, s.rules[arn], tags)
		}
	}
	return resource.Live{Presence: resource.Absent}
}

func (s *ruleSearch) describe(ctx context.Context, in *elasticloadbalancingv2.DescribeRulesInput) ([]types.Rule, error) {
	var all []types.Rule
	pages := elasticloadbalancingv2.NewDescribeRulesPaginator(s.c.Read.ELB, in)
	err := eachPage(ctx, pages, func(page *elasticloadbalancingv2.DescribeRulesOutput) { all = append(all, page.Rules...) })
	return all, err
}

// priorityOf reads the string that Describe gives; nil for "default".
func priorityOf(r *types.Rule) *int32 {
	n, err := strconv.ParseInt(aws.ToString(r.Priority), 10, 32)
	if err != nil {
		return nil
	}
	return aws.Int32(int32(n))
}
