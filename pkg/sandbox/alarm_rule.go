package sandbox

import (
	"slices"
	"strings"
)

// A composite alarm's rule: ALARM("a") AND (OK(b) OR NOT INSUFFICIENT_DATA(c)),
// TRUE and FALSE. AND binds closer than OR (SDK comment of
// PutCompositeAlarmInput.AlarmRule; the user guide's "Create a composite alarm").
// AT_LEAST counts: alarm_rule_least.go.

// ruleNode is one node of a parsed rule.
type ruleNode struct {
	op    string // "and", "or", "not", "state", "true", "false", "least"
	alarm string // of "state": name without ARN prefix
	state string
	under []*ruleNode
	least ruleCount
}

// Bounds of a rule, as CloudWatch has them.
const (
	maxRuleChildren = 100
	maxRuleElements = 500
)

// eval computes a rule; state answers the state of an alarm.
func (n *ruleNode) eval(state func(alarm string) string) bool {
	switch n.op {
	case "true":
		return true
	case "not":
		return !n.under[0].eval(state)
	case "and":
		return !slices.ContainsFunc(n.under, func(u *ruleNode) bool { return !u.eval(state) })
	case "or":
		return slices.ContainsFunc(n.under, func(u *ruleNode) bool { return u.eval(state) })
	case "state":
		return state(n.alarm) == n.state
	case "least":
		return n.least.reached(n.under, state)
	}
	return false
}

// children are the alarms that a rule names, once each, in order.
func (n *ruleNode) children() []string {
	var out []string
	if n.op == "state" {
		out = append(out, n.alarm)
	}
	for _, u := range n.under {
		for _, c := range u.children() {
			if !slices.Contains(out, c) {
				out = append(out, c)
			}
		}
	}
	return out
}

// ruleChildren are the alarms named by a stored rule.
func ruleChildren(rule string) []string {
	n, err := parseRule(rule)
	if err != nil {
		return nil
	}
	return n.children()
}

// parseRule reads a rule.
func parseRule(rule string) (*ruleNode, error) {
	p := &ruleParser{rest: rule}
	n, err := p.or()
	if err != nil {
		return nil, err
	}
	if p.skip(); p.rest != "" {
		return nil, p.wrong()
	}
	if p.elements > maxRuleElements {
		return nil, refuse("ValidationError", "AlarmRule must not contain more than %d elements", maxRuleElements)
	}
	if len(n.children()) > maxRuleChildren {
		return nil, refuse("ValidationError", "AlarmRule must not reference more than %d alarms", maxRuleChildren)
	}
	return n, nil
}

type ruleParser struct {
	rest     string
	elements int
	depth    int
}

func (p *ruleParser) wrong() error {
	return refuse("ValidationError", "AlarmRule has an error near '%.40s'", p.rest)
}

func (p *ruleParser) skip() { p.rest = strings.TrimLeft(p.rest, " \t\r\n") }

// word takes a keyword that no name character follows.
func (p *ruleParser) word(w string) bool {
	p.skip()
	after, ok := strings.CutPrefix(p.rest, w)
	if !ok || after != "" && (isNameByte(after[0]) && after[0] != '(') {
		return false
	}
	p.rest = after
	return true
}

func isNameByte(b byte) bool {
	return b == '_' || b >= '0' && b <= '9' || b >= 'A' && b <= 'Z' || b >= 'a' && b <= 'z'
}

func (p *ruleParser) symbol(s string) bool {
	p.skip()
	after, ok := strings.CutPrefix(p.rest, s)
	if ok {
		p.rest = after
	}
	return ok
}

func (p *ruleParser) or() (*ruleNode, error)  { return p.chain("OR", "or", p.and) }
func (p *ruleParser) and() (*ruleNode, error) { return p.chain("AND", "and", p.factor) }

// chain reads operands with one operator between them.
func (p *ruleParser) chain(word, op string, operand func() (*ruleNode, error)) (*ruleNode, error) {
	first, err := operand()
	if err != nil {
		return nil, err
	}
	n := &ruleNode{op: op, under: []*ruleNode{first}}
	for p.word(word) {
		next, err := operand()
		if err != nil {
			return nil, err
		}
		n.under = append(n.under, next)
	}
	if len(n.under) == 1 {
		return first, nil
	}
	return n, nil
}

func (p *ruleParser) factor() (*ruleNode, error) {
	p.depth++
	defer func() { p.depth-- }()
	if p.depth > maxRuleElements {
		return nil, refuse("ValidationError", "AlarmRule must not contain more than %d elements", maxRuleElements)
	}
	switch {
	case p.word("NOT"):
		u, err := p.factor()
		return &ruleNode{op: "not", under: []*ruleNode{u}}, err
	case p.symbol("("):
		p.elements += 2
		n, err := p.or()
		if err == nil && !p.symbol(")") {
			err = p.wrong()
		}
		return n, err
	case p.word("TRUE"):
		p.elements++
		return &ruleNode{op: "true"}, nil
	case p.word("FALSE"):
		p.elements++
		return &ruleNode{op: "false"}, nil
	case p.word("AT_LEAST"):
		return p.atLeast()
	}
	for _, state := range []string{"ALARM", "OK", "INSUFFICIENT_DATA"} {
		if p.word(state) {
			p.elements++
			return p.state(state)
		}
	}
	return nil, p.wrong()
}

// state reads the parenthesis of ALARM("name").
func (p *ruleParser) state(state string) (*ruleNode, error) {
	if !p.symbol("(") {
		return nil, p.wrong()
	}
	name, ok := p.name(")")
	if !ok || !p.symbol(")") {
		return nil, p.wrong()
	}
	return &ruleNode{op: "state", alarm: name, state: state}, nil
}

// name reads the name or ARN of an alarm, which without quotes goes on to one of ends.
func (p *ruleParser) name(ends string) (string, bool) {
	var name string
	if p.symbol(`"`) {
		quoted, after, ok := strings.Cut(p.rest, `"`)
		if !ok {
			return "", false
		}
		name, p.rest = quoted, after
	} else {
		i := strings.IndexAny(p.rest, ends)
		if i < 0 {
			return "", false
		}
		name, p.rest = strings.TrimSpace(p.rest[:i]), p.rest[i:]
	}
	return strings.TrimPrefix(name, alarmARNPrefix), name != ""
}
