package kinds

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2"
	"github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2/types"

	"github.com/ecs-operator/ecs-operator/pkg/resource"
	"github.com/ecs-operator/ecs-operator/pkg/route"
)

// choices are the priorities of the auto rules of one listener that are not live.
type choices struct {
	at      map[resource.ID]int32
	crowded map[resource.ID]string
}

// around says what stands beside a rule on its listener.
func (s *ruleSearch) around(ctx context.Context, o *resource.Object, l *resource.Live, objects []*resource.Object) (*around, error) {
	in := o.Want.(*elasticloadbalancingv2.CreateRuleInput)
	a := &around{listener: s.arn}
	at := aws.ToInt32(in.Priority)
	live, _ := l.Value.(*elasticloadbalancingv2.CreateRuleInput)
	switch {
	case o.Extra[priorityKey] == priorityAuto && l.Presence == resource.Absent:
		if err := s.choose(ctx, objects); err != nil {
			return nil, err
		}
		a.priority, a.crowded = s.choices.at[o.ID], s.choices.crowded[o.ID]
		at = a.priority
	case o.Extra[priorityKey] == priorityAuto && live != nil:
		at = aws.ToInt32(live.Priority)
	case live == nil || aws.ToInt32(live.Priority) != at:
		var err error
		if a.taken, err = s.taken(ctx, o, at); err != nil {
			return nil, err
		}
	}
	if at == 0 {
		return a, nil
	}
	s.compare(a, l, routeOf(in.Conditions), at)
	return a, nil
}

// taken says who has a priority that a rule is to move to, where he stays.
func (s *ruleSearch) taken(ctx context.Context, o *resource.Object, at int32) (string, error) {
	arn := s.at(at)
	if arn == "" {
		return "", nil
	}
	if s.tags[arn] == nil {
		have, err := elbTags{}.read(ctx, s.c.Read, []string{arn})
		if err != nil {
			return "", err
		}
		s.learn(have)
	}
	tags := s.tags[arn]
	ours := tags[resource.TagOwner] == o.Tags[resource.TagOwner] && tags[resource.TagUnit] == o.Tags[resource.TagUnit]
	if s.leaves(tags, at) || ours && s.spokenFor(tags) {
		return "", nil
	}
	if ours {
		return fmt.Sprintf("priority %d is that of %s, which no document names any more: let the rule have its key again (%s), or write another priority",
			at, s.name(arn), strings.TrimPrefix(tags[resource.TagKey], "rule/")), nil
	}
	return fmt.Sprintf("priority %d is that of %s, which is not ours to move: choose another", at, s.name(arn)), nil
}

// at is the live rule that has a priority.
func (s *ruleSearch) at(priority int32) string {
	for _, arn := range slices.Sorted(maps.Keys(s.rules)) {
		if p := priorityOf(s.rules[arn]); p != nil && *p == priority {
			return arn
		}
	}
	return ""
}

// leaves reports whether the rule with these tags has a document that wants it
// elsewhere than at a priority.
func (s *ruleSearch) leaves(tags map[string]string, priority int32) bool {
	for _, c := range s.k.claims.with(s.q.Target, nil) {
		if c.priority != 0 && c.priority != priority && c.identity.on(tags) {
			return true
		}
	}
	return false
}

// spokenFor reports whether the rule with these tags is that of a document of this
// load: nobody adopts it from there.
func (s *ruleSearch) spokenFor(tags map[string]string) bool {
	return slices.ContainsFunc(s.k.claims.with(s.q.Target, nil), func(c *claim) bool { return c.identity.on(tags) })
}

// name is a live rule in a sentence.
func (s *ruleSearch) name(arn string) string {
	if unit := s.tags[arn][resource.TagUnit]; unit != "" {
		return fmt.Sprintf("%s of %s", s.tags[arn][resource.TagKey], unit)
	}
	return "the rule " + lastSegment(arn) + " of somebody else"
}

// choose allocates the priorities of the auto rules that are not there, once for
// all of them: those of other units too, so that everybody gets the same numbers.
func (s *ruleSearch) choose(ctx context.Context, objects []*resource.Object) error {
	if s.choices != nil {
		return nil
	}
	if err := s.everyTag(ctx); err != nil { // who is live says who still needs a number
		return err
	}
	all := s.onListener(ctx, objects)
	var taken []placed
	for _, arn := range slices.Sorted(maps.Keys(s.rules)) {
		if p := priorityOf(s.rules[arn]); p != nil {
			taken = append(taken, placed{*p, routeOf(shown(s.rules[arn].Conditions))})
		}
	}
	var waiting []*claim
	for _, c := range all {
		if c.priority != 0 {
			taken = append(taken, placed{c.priority, c.routes})
		} else if c.word == priorityAuto && s.liveOf(c) == "" {
			waiting = append(waiting, c)
		}
	}
	slices.SortStableFunc(taken, func(a, b placed) int { return cmp.Compare(a.priority, b.priority) })
	s.choices = &choices{}
	s.choices.at, s.choices.crowded = allocate(specificFirst(waiting), taken)
	return nil
}

// onListener are all rules that documents have on this listener, however they
// name it. A reference that nobody has resolved yet is resolved now; one that
// cannot be is some other listener's, as far as anybody knows.
func (s *ruleSearch) onListener(ctx context.Context, objects []*resource.Object) []*claim {
	all := s.k.claims.with(s.q.Target, objects)
	var refs []*ListenerRef
	for _, c := range all {
		if c.listener == "" {
			refs = append(refs, c.ref)
		}
	}
	arns, _ := s.k.listeners.find(ctx, s.c, s.q.Target, refs)
	return slices.DeleteFunc(all, func(c *claim) bool {
		if c.listener != "" {
			return c.listener != s.arn
		}
		return arns[c.ref.String()] != s.arn
	})
}

// liveOf is the live rule of a claim, "" for none. The tags of all are known.
func (s *ruleSearch) liveOf(c *claim) string {
	if arns := s.carrying(c.identity); len(arns) > 0 {
		return arns[0]
	}
	return ""
}

// shown are the conditions that a live rule is to have once it is not hidden.
func shown(conditions []types.RuleCondition) []types.RuleCondition {
	return slices.DeleteFunc(slices.Clone(conditions), func(c types.RuleCondition) bool { return isHidden([]types.RuleCondition{c}) })
}

// compare judges a rule at its place against the live ones: of one that is there this
// gives notes alone, and those are remembered.
func (s *ruleSearch) compare(a *around, l *resource.Live, me route.Rule, at int32) {
	if l.Presence != resource.Present {
		s.compareWith(a, l, me, at)
		return
	}
	a.notes = append(a.notes, s.notes(l, me, at, func() []string {
		fresh := &around{}
		s.compareWith(fresh, l, me, at)
		return fresh.notes
	})...)
}

func (s *ruleSearch) compareWith(a *around, l *resource.Live, me route.Rule, at int32) {
	fresh := l.Presence == resource.Absent
	for _, arn := range s.inOrder() {
		other, p := s.rules[arn], priorityOf(s.rules[arn])
		if arn == l.ARN || p == nil || *p == at || isHidden(other.Conditions) {
			continue
		}
		it := routeOf(other.Conditions)
		where := fmt.Sprintf("%s, which has priority %d (%s)", s.name(arn), *p, it)
		switch {
		case *p < at && route.Covers(it, me):
			a.notes = append(a.notes, fmt.Sprintf("it can never match at priority %d: %s takes every request before it", at, where))
		case *p > at && route.Covers(me, it):
			a.notes = append(a.notes, "it takes every request of "+where)
		case fresh && route.Partial(me, it):
			a.notes = append(a.notes, "it shares requests with "+where+", and only their order says which gets them")
		}
		if fresh && a.from == "" && *p > at && !route.Disjoint(me, it) {
			a.from = where
		}
	}
	if fresh && a.from == "" && s.standing != nil && onlyForward(s.standing.Actions) != nil {
		a.from = "the listener's default action"
	}
}

func (s *ruleSearch) byPriority(a, b string) int {
	return cmp.Or(cmp.Compare(aws.ToInt32(priorityOf(s.rules[a])), aws.ToInt32(priorityOf(s.rules[b]))), cmp.Compare(a, b))
}
