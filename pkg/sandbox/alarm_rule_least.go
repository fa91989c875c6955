package sandbox

import (
	"strconv"
	"strings"
)

// AT_LEAST(2, ALARM, (a, b, c)), AT_LEAST(50%, NOT OK, (a, b)): so many, or such a
// share, of the alarms are in a state or not in it (since November 2025;
// aws/aws-cdk#37692, the user guide's "Combining alarms"). Whether AWS refuses more than there are is not known.

// ruleCount is how many of the alarms are wanted.
type ruleCount struct {
	n       int
	percent bool
}

func (c ruleCount) reached(of []*ruleNode, state func(alarm string) string) bool {
	have := 0
	for _, u := range of {
		if u.eval(state) {
			have++
		}
	}
	if c.percent {
		return have*100 >= c.n*len(of)
	}
	return have >= c.n
}

// atLeast reads what follows the word.
func (p *ruleParser) atLeast() (*ruleNode, error) {
	if !p.symbol("(") {
		return nil, p.wrong()
	}
	text, _, _ := strings.Cut(p.rest, ",")
	digits, percent := strings.CutSuffix(strings.TrimSpace(text), "%")
	n, err := strconv.Atoi(digits)
	if err != nil || n < 1 || percent && n > 100 {
		return nil, p.wrong()
	}
	p.rest = p.rest[len(text):]
	if !p.symbol(",") {
		return nil, p.wrong()
	}
	not, state := p.word("NOT"), ""
	for _, s := range []string{"ALARM", "OK", "INSUFFICIENT_DATA"} {
		if state == "" && p.word(s) {
			state = s
		}
	}
	if state == "" || !p.symbol(",") || !p.symbol("(") {
		return nil, p.wrong()
	}
	out := &ruleNode{op: "least", least: ruleCount{n, percent}}
	for {
		name, ok := p.name(",)")
		if !ok {
			return nil, p.wrong()
		}
		p.elements++
		u := &ruleNode{op: "state", alarm: name, state: state}
		if not {
			u = &ruleNode{op: "not", under: []*ruleNode{u}}
		}
		out.under = append(out.under, u)
		if !p.symbol(",") {
			break
		}
	}
	for range 2 { // of the list, and of the function
		if !p.symbol(")") {
			return nil, p.wrong()
		}
	}
	return out, nil
}
