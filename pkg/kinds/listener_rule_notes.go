package kinds

import (
	"maps"
	"slices"
	"sync"

	"github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2/types"

	"github.com/ecs-operator/ecs-operator/pkg/resource"
	"github.com/ecs-operator/ecs-operator/pkg/route"
	"github.com/ecs-operator/ecs-operator/pkg/shape"
)

// ruleNotes remember what was said of the rules of each listener beside each other.
// Each is compared with each, so that it is not said anew while all of them, and what
// they are called, are the same.
type ruleNotes struct {
	mu   sync.Mutex
	said map[string]*saidOf // by the listener's ARN
}

// saidOf is what was said of the live rules of one listener.
type saidOf struct {
	rules shape.Sum
	mu    sync.Mutex
	notes map[shape.Sum][]string // by the rule that it is about
}

// of is the memory of a listener whose rules are these; nil where they cannot be told.
func (n *ruleNotes) of(listener string, rules map[string]*types.Rule, tags map[string]map[string]string) *saidOf {
	all := make([]shape.Sum, 0, len(rules))
	for _, arn := range slices.Sorted(maps.Keys(rules)) { // one by one: written down, all are as large as what was read
		one, ok := shape.Digest(struct {
			Rule      *types.Rule
			Unit, Key string
		}{rules[arn], tags[arn][resource.TagUnit], tags[arn][resource.TagKey]})
		if !ok {
			return nil
		}
		all = append(all, one)
	}
	sum, ok := shape.Digest(all)
	if !ok {
		return nil
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	if s := n.said[listener]; s != nil && s.rules == sum {
		return s
	}
	if n.said == nil {
		n.said = map[string]*saidOf{}
	}
	s := &saidOf{rules: sum, notes: map[shape.Sum][]string{}}
	n.said[listener] = s
	return s
}

// notes is what is to be said of a live rule that takes me at a priority, from memory
// where it was said before.
func (s *ruleSearch) notes(l *resource.Live, me route.Rule, at int32, say func() []string) []string {
	if s.said == nil || s.saidWith != len(s.tags) { // tags are what rules are called by
		s.said, s.saidWith = s.k.notes.of(s.arn, s.rules, s.tags), len(s.tags)
	}
	key, ok := shape.Digest([]any{l.ARN, me, at})
	if !ok || s.said == nil {
		return say()
	}
	s.said.mu.Lock()
	defer s.said.mu.Unlock()
	have, ok := s.said.notes[key]
	if !ok {
		have = say()
		s.said.notes[key] = have
	}
	return slices.Clone(have)
}

// inOrder are the live rules, the first to be asked first.
func (s *ruleSearch) inOrder() []string {
	if s.order == nil {
		s.order = slices.SortedFunc(maps.Keys(s.rules), s.byPriority)
	}
	return s.order
}
