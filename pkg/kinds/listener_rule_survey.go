package kinds

import (
	"cmp"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"
	"sync"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2"

	"github.com/ecs-operator/ecs-operator/pkg/resource"
	"github.com/ecs-operator/ecs-operator/pkg/route"
)

// Words in place of a priority.
const (
	priorityKey     = "priority"
	priorityAuto    = "auto"
	priorityDefault = "default"
)

// claim is one rule as its document wants it, of any unit. It is shared and never written
// to: of a fleet there is one for each rule.
type claim struct {
	id       resource.ID
	pos      string // of the priority
	section  string
	listener string // ARN, "" where it is named otherwise
	ref      *ListenerRef
	priority int32 // 0 for auto and default
	word     string
	routes   route.Rule
	identity identity
	// still: the unit's document says that nothing is to be written.
	still bool
}

// claimOf reads a rule's object; false for one that has neither listener nor priority.
func claimOf(u *resource.Unit, o *resource.Object) (*claim, bool) {
	in, ok := o.Want.(*elasticloadbalancingv2.CreateRuleInput)
	if !ok {
		return nil, false
	}
	c := &claim{id: o.ID, section: o.Section, pos: o.Written.At(priorityKey), listener: aws.ToString(in.ListenerArn), ref: listenerRefOf(o),
		priority: aws.ToInt32(in.Priority), routes: routeOf(in.Conditions), identity: identityOf(o.Tags)}
	c.word, _ = o.Extra[priorityKey].(string)
	if c.pos == "" {
		c.pos = o.Pos
	}
	if u != nil {
		c.still = u.Policy.Mode != "" && u.Policy.Mode != "auto"
	}
	return c, (c.listener != "" || c.ref != nil) && (c.priority != 0 || c.word != "")
}

// group is what the listener is known by before anybody asked AWS.
func (c *claim) group() string {
	if c.listener != "" {
		return c.id.Target + " " + c.listener
	}
	return c.id.Target + " " + c.ref.String()
}

func (c *claim) String() string {
	return fmt.Sprintf("%s of %s (%s)", c.section, c.id.Key(), c.pos)
}

// sameClaim reports whether two claims say the same: nearly always they are one.
func sameClaim(a, b *claim) bool { return a == b || reflect.DeepEqual(a, b) }

// identity is what tells by its tags whose rule one is.
type identity struct{ owner, unit, key, scope string }

func identityOf(tags map[string]string) identity {
	return identity{tags[resource.TagOwner], tags[resource.TagUnit], tags[resource.TagKey], tags[resource.TagScope]}
}

// on reports whether the tags are those of the same rule, of whatever scope.
func (i identity) on(tags map[string]string) bool {
	return i.owner != "" && i.unit != "" && i.key != "" &&
		tags[resource.TagOwner] == i.owner && tags[resource.TagUnit] == i.unit && tags[resource.TagKey] == i.key
}

// claims are the rules of all units of the last load.
type claims struct {
	mu   sync.Mutex
	all  []*claim
	last map[string]judgement // by group
	read map[*resource.Unit][]*claim
}

// of are the claims of each unit. One that was in the last load as well is not looked into.
func (k *claims) of(units []*resource.Unit) map[*resource.Unit][]*claim {
	k.mu.Lock()
	defer k.mu.Unlock()
	read := make(map[*resource.Unit][]*claim, len(units))
	for _, u := range units {
		cs, known := k.read[u]
		if !known {
			cs = claimsOf(u)
		}
		read[u] = cs
	}
	k.read = read
	return read
}

func claimsOf(u *resource.Unit) (cs []*claim) {
	for _, o := range u.Objects() {
		if o.ID.Kind == resource.KindListenerRule {
			if c, ok := claimOf(u, o); ok {
				cs = append(cs, c)
			}
		}
	}
	return cs
}

// judgement is what was said of the rules of one listener. Each is compared with
// each, so that it is not said anew while they are the same.
type judgement struct {
	rules     []*claim
	conflicts []resource.Conflict
}

// judged is conflicts, from memory where it can be.
func (k *claims) judged(group string, rules []*claim) []resource.Conflict {
	k.mu.Lock()
	defer k.mu.Unlock()
	if j, ok := k.last[group]; ok && slices.EqualFunc(j.rules, rules, sameClaim) {
		k.last[group] = judgement{rules, j.conflicts} // the former units are let go
		return j.conflicts
	}
	j := judgement{rules, conflicts(rules)}
	if k.last == nil {
		k.last = map[string]judgement{}
	}
	k.last[group] = j
	return j.conflicts
}

// forget drops the listeners that no rule is for any more.
func (k *claims) forget(groups map[string][]*claim) {
	k.mu.Lock()
	defer k.mu.Unlock()
	maps.DeleteFunc(k.last, func(group string, _ judgement) bool { return groups[group] == nil })
}

func (k *claims) take(all []*claim) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.all = all
}

// with are the claims of a target, those of the given objects in their newest form.
func (k *claims) with(target string, objects []*resource.Object) []*claim {
	k.mu.Lock()
	defer k.mu.Unlock()
	var out []*claim
	asked := map[resource.ID]*resource.Object{}
	for _, o := range objects {
		asked[o.ID] = o
	}
	for _, c := range k.all {
		if c.id.Target == target && asked[c.id] == nil {
			out = append(out, c)
		} else if o := asked[c.id]; o != nil {
			if fresh, ok := claimOf(nil, o); ok {
				if c.word == priorityAuto { // the object may be settled already
					fresh.word, fresh.priority = c.word, 0
				}
				fresh.still = c.still
				out = append(out, fresh)
			}
			delete(asked, c.id)
		}
	}
	for _, o := range objects {
		if asked[o.ID] == nil {
			continue
		}
		if c, ok := claimOf(nil, o); ok {
			out = append(out, c)
		}
	}
	return out
}

// Survey takes in every rule of every unit, for priorities that are allocated over
// all of them, and tells where two rules of one listener cannot stand together.
// Listeners that two documents name in two ways are found to be one only when AWS
// is asked.
func (k *listenerRule) Survey(units []*resource.Unit) []resource.Conflict {
	var all []*claim
	groups := map[string][]*claim{}
	var order []string
	read := k.claims.of(units)
	for _, u := range units {
		for _, c := range read[u] {
			all = append(all, c)
			if c.listener != "" && !strings.HasPrefix(c.listener, "arn:") {
				continue // a placeholder: no listener at all
			}
			g := c.group()
			if groups[g] == nil {
				order = append(order, g)
			}
			groups[g] = append(groups[g], c)
		}
	}
	k.claims.take(all)
	slices.Sort(order)
	var out []resource.Conflict
	for _, g := range order {
		out = append(out, k.claims.judged(g, groups[g])...)
	}
	k.claims.forget(groups)
	return out
}

// conflicts judges the rules of one listener.
func conflicts(rules []*claim) []resource.Conflict {
	var out []resource.Conflict
	tell := func(c *claim, fatal bool, format string, args ...any) {
		out = append(out, resource.Conflict{Unit: c.id.Key(), Pos: c.pos, Fatal: fatal, Message: c.section + ": " + fmt.Sprintf(format, args...)})
	}
	twice := map[resource.ID]bool{}
	for i, a := range rules {
		for j, b := range rules {
			same := a.priority != 0 && a.priority == b.priority || a.word == priorityDefault && b.word == priorityDefault
			if i == j || !same || twice[a.id] {
				continue
			}
			twice[a.id] = true
			what := "the default action of its listener"
			if a.priority != 0 {
				what = fmt.Sprintf("priority %d on its listener", a.priority)
			}
			tell(a, true, "has %s, as %s has: nothing is done to either before one has another", what, b)
		}
	}
	sorted := slices.DeleteFunc(slices.Clone(rules), func(c *claim) bool { return c.word == priorityDefault || twice[c.id] })
	slices.SortStableFunc(sorted, func(a, b *claim) int { return cmp.Compare(a.priority, b.priority) })
	sequence := inSequence(sorted)
	never := map[resource.ID]bool{}
	for i, late := range sequence {
		for _, early := range sequence[:i] {
			if route.Covers(early.routes, late.routes) {
				never[late.id] = true
				tell(late, false, "can never match: %s comes first and takes every request (%s)", early, early.routes)
				break
			}
		}
	}
	for i, a := range sequence {
		for _, b := range sequence[i+1:] {
			// Within one document its author chose the numbers.
			if never[a.id] || never[b.id] {
				continue
			}
			if (a.id.Key() != b.id.Key() || a.word == priorityAuto && b.word == priorityAuto) && route.Partial(a.routes, b.routes) {
				tell(b, false, "shares requests with %s, and neither is the narrower one: which gets them only their order says; write priorities, or narrow one (%s; %s)",
					a, a.routes, b.routes)
			}
		}
	}
	return out
}

// inSequence puts the rules into the order in which a listener will try them, as
// far as documents tell: written priorities, and every auto rule before the first
// written one that would take all of its requests.
func inSequence(rules []*claim) []*claim {
	var out []*claim
	for _, c := range rules {
		if c.priority != 0 {
			out = append(out, c)
		}
	}
	for _, c := range specificFirst(rules) {
		at := slices.IndexFunc(out, func(o *claim) bool { return o.priority != 0 && route.Covers(o.routes, c.routes) && o.priority > 1 })
		if at < 0 {
			at = len(out)
		}
		out = slices.Insert(out, at, c)
	}
	return out
}

// specificFirst sorts the auto rules so that one that another would shadow comes
// before it; otherwise those with more conditions first, and then by name.
func specificFirst(rules []*claim) []*claim {
	var rest []*claim
	for _, c := range rules {
		if c.word == priorityAuto {
			rest = append(rest, c)
		}
	}
	slices.SortFunc(rest, func(a, b *claim) int {
		return cmp.Or(cmp.Compare(weight(b.routes), weight(a.routes)), strings.Compare(a.id.String(), b.id.String()))
	})
	var out []*claim
	for len(rest) > 0 {
		i := slices.IndexFunc(rest, func(c *claim) bool {
			return !slices.ContainsFunc(rest, func(o *claim) bool {
				return o.id != c.id && route.Covers(c.routes, o.routes) && !route.Covers(o.routes, c.routes)
			})
		})
		i = max(i, 0) // strict coverage has no circles
		out = append(out, rest[i])
		rest = slices.Delete(rest, i, i+1)
	}
	return out
}

// weight says how narrow a rule is: conditions count most, then exact characters.
func weight(r route.Rule) int {
	n := 0
	for _, c := range r.Conditions {
		n += 10000
		shortest := -1
		for _, v := range slices.Concat(c.Values, c.Regex) {
			exact := len(v) - strings.Count(v, "*") - strings.Count(v, "?")
			if shortest < 0 || exact < shortest {
				shortest = exact
			}
		}
		n += max(shortest, 0)
	}
	return n
}
