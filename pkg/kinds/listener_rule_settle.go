package kinds

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2"
	"github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2/types"

	"github.com/ecs-operator/ecs-operator/pkg/diff"
	"github.com/ecs-operator/ecs-operator/pkg/resource"
	"github.com/ecs-operator/ecs-operator/pkg/shape"
)

// around is what Observe saw around a rule: Live.Around.
type around struct {
	// listener is the ARN of the rule's listener, however the document names it.
	listener string
	// priority is the one allocated to a rule that is not there, 0 for none, and
	// crowded why there is none.
	priority int32
	crowded  string
	// taken says who has the written priority, "" for nobody who stays.
	taken string
	// from says from which live rule a rule that is not there would take requests.
	from string
	// notes are what the reader of a diff should know of the rules beside it.
	notes []string
}

// hiddenHeader is the header of the condition that keeps a new rule from taking
// requests until there is somebody behind it. Its value is the full name of the
// target group, so that nobody sends it by accident, and so that a rule that was
// left hidden is known for what it is. (At most 40 characters, RFC 7230:
// HttpHeaderConditionConfig.HttpHeaderName.)
const hiddenHeader = "x-ecs-operator-not-yet"

// mostValues is AWS' quota of values over all conditions of a rule.
const mostValues = 5

// firstDeployment is what a hidden rule waits for.
const firstDeployment = "the service's first deployment behind it has succeeded"

// Settle gives a rule its listener and its priority where the document leaves
// them to us, and hides a new one that would take requests from a live rule and
// lead them to where nobody runs yet.
func (k *listenerRule) Settle(o resource.Object, l resource.Live, s resource.Standing) resource.Settled {
	in, ok := o.Want.(*elasticloadbalancingv2.CreateRuleInput)
	if !ok {
		return resource.Settled{Object: o}
	}
	out := resource.Settled{Object: o}
	want := shape.Clone(in)
	out.Object.Want = want
	at, _ := l.Around.(*around)
	if at == nil {
		at = &around{}
	}
	word, _ := o.Extra[priorityKey].(string)
	out.Object.Extra = maps.Clone(o.Extra)
	delete(out.Object.Extra, listenerKey)
	if word == priorityAuto {
		delete(out.Object.Extra, priorityKey)
	}
	if aws.ToString(want.ListenerArn) == "" && at.listener != "" {
		want.ListenerArn = aws.String(at.listener)
	}
	out.Notes = at.notes
	live, _ := l.Value.(*elasticloadbalancingv2.CreateRuleInput)
	ungovern(&out.Object, &l)
	if word == priorityDefault {
		join(&out, want, live, s)
		out.Opens = opens(&out.Object, want, live, at, s)
		return out
	}
	if word == priorityAuto {
		switch {
		case l.Presence == resource.Present && live != nil && live.Priority != nil:
			want.Priority = live.Priority
		case at.priority != 0:
			want.Priority = aws.Int32(at.priority)
		case at.crowded != "":
			out.Impossible = at.crowded
		}
	}
	if at.taken != "" && (live == nil || aws.ToInt32(live.Priority) != aws.ToInt32(want.Priority)) {
		out.Taken = at.taken
	}
	if live != nil && !isHidden(live.Conditions) {
		join(&out, want, live, s)
	} else {
		k.hide(&out, want, live, at, s)
	}
	out.Opens = opens(&out.Object, want, live, at, s)
	return out
}

// opens are the target groups that get requests through the rule as it is settled and
// that get none through the live one.
func opens(o *resource.Object, want, live *elasticloadbalancingv2.CreateRuleInput, at *around, s resource.Standing) []resource.ID {
	now := map[string]int32{}
	switch {
	case isHidden(want.Conditions) || live == nil && at.from == "":
		return nil // no request, or none that anybody else would get
	case live != nil && !isHidden(live.Conditions):
		now = forwards(live.Actions)
	}
	if s.Moved || o.Extra[governed] != nil {
		return nil // the deployment that leads requests there has waited for its tasks
	}
	var out []resource.ID
	for text, weight := range forwards(want.Actions) {
		i := slices.IndexFunc(o.Refs, func(r resource.Ref) bool { return r.Text == text && r.To.Kind == resource.KindTargetGroup })
		if weight == 0 || i < 0 || now[s.ARNs[o.Refs[i].To]] > 0 || slices.Contains(out, o.Refs[i].To) {
			continue
		}
		out = append(out, o.Refs[i].To)
	}
	slices.SortFunc(out, resource.ID.Compare)
	return out
}

// hide puts the first step of a rule that is new, or hidden, in its place where two
// are needed.
func (k *listenerRule) hide(out *resource.Settled, want, live *elasticloadbalancingv2.CreateRuleInput, at *around, s resource.Standing) {
	group, ok := emptyGroup(&out.Object, s)
	if !ok || live == nil && at.from == "" {
		return
	}
	full := want.Conditions
	text := "$(" + groupSection(group) + ".fullName)"
	var cut int
	want.Conditions, cut = hide(full, text)
	// The condition stands first, so its path is known.
	path := "conditions[0].httpHeaderConfig.values[0]"
	refs := slices.Clone(out.Object.Refs)
	out.Object.Refs = append(refs, resource.Ref{Path: path, Text: text, To: group, Attr: "fullName"})
	out.Object.Needs = slices.Clone(out.Object.Needs)
	out.Object.Need(group)
	out.Object.Written = out.Object.Written.Clone()
	out.Object.Written.Delete(func(p string) bool { return strings.HasPrefix(p, "conditions[") })
	later := diff.Change{Path: "conditions", Op: diff.Replace, Effect: diff.InPlace, Reason: diff.FromSpec, Pos: out.Object.Written.At("conditions"),
		Old: plainConditions(want.Conditions), New: plainConditions(full),
		Note: "the condition on the header " + hiddenHeader + " keeps requests away until then"}
	if cut > 0 {
		later.Note += fmt.Sprintf("; %d of its values come only then, since AWS takes %d in a rule", cut, mostValues)
	}
	out.Later, out.After = []diff.Change{later}, firstDeployment
	if live == nil && at.from != "" {
		out.Notes = append(slices.Clone(out.Notes), "it would take requests from "+at.from+": it is created hidden, and takes them when "+firstDeployment)
	}
}

func plainConditions(c []types.RuleCondition) any {
	m, _ := shape.Plain(normaliseRule(&elasticloadbalancingv2.CreateRuleInput{Conditions: shape.Clone(c)}), nil).(map[string]any)
	return m["conditions"]
}

// emptyGroup is the first target group that the rule leads to and behind which
// nobody stands yet.
func emptyGroup(o *resource.Object, s resource.Standing) (resource.ID, bool) {
	for _, r := range o.Refs {
		if nobodyIn(o, s, r.To) {
			return r.To, true
		}
	}
	return resource.ID{}, false
}

// nobodyIn: no request may be sent to a target group through the rule. Between the
// groups of a pair ECS moves the weights of its own rules, and of no others.
func nobodyIn(o *resource.Object, s resource.Standing, group resource.ID) bool {
	return s.Empty[group] || s.Idle[group] && o.Extra[governed] == nil
}

func groupSection(id resource.ID) string { return "targetGroups." + id.Name }

// hide is the first form of a rule's conditions: one that no request fulfils, and
// as many of the true ones as AWS takes beside it. It says how many values had no
// room.
func hide(full []types.RuleCondition, value string) ([]types.RuleCondition, int) {
	out := []types.RuleCondition{{Field: aws.String("http-header"), HttpHeaderConfig: &types.HttpHeaderConditionConfig{
		HttpHeaderName: aws.String(hiddenHeader), Values: []string{value}}}}
	room, cut := mostValues-1, 0
	for _, c := range full {
		c = shape.Clone(c)
		for _, list := range valuesOf(&c) {
			if n := len(*list); n > room {
				cut += n - room
				*list = (*list)[:room]
			}
			room -= len(*list)
		}
		if q := c.QueryStringConfig; q != nil {
			if n := len(q.Values); n > room {
				cut += n - room
				q.Values = q.Values[:room]
			}
			room -= len(q.Values)
		}
		if conditionValues(&c) > 0 {
			out = append(out, c)
		}
	}
	return out, cut
}

// valuesOf are the lists of a condition that hold its values.
func valuesOf(c *types.RuleCondition) []*[]string {
	out := []*[]string{&c.Values, &c.RegexValues}
	if x := c.HostHeaderConfig; x != nil {
		out = append(out, &x.Values, &x.RegexValues)
	}
	if x := c.PathPatternConfig; x != nil {
		out = append(out, &x.Values, &x.RegexValues)
	}
	if x := c.HttpHeaderConfig; x != nil {
		out = append(out, &x.Values, &x.RegexValues)
	}
	if x := c.HttpRequestMethodConfig; x != nil {
		out = append(out, &x.Values)
	}
	if x := c.SourceIpConfig; x != nil {
		out = append(out, &x.Values)
	}
	return out
}

func conditionValues(c *types.RuleCondition) int {
	n := 0
	for _, list := range valuesOf(c) {
		n += len(*list)
	}
	if c.QueryStringConfig != nil {
		n += len(c.QueryStringConfig.Values)
	}
	return n
}

// isHidden recognises a rule that still has its first form.
func isHidden(conditions []types.RuleCondition) bool {
	return slices.ContainsFunc(conditions, func(c types.RuleCondition) bool {
		return c.HttpHeaderConfig != nil && strings.EqualFold(aws.ToString(c.HttpHeaderConfig.HttpHeaderName), hiddenHeader)
	})
}
