package sandbox

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
)

// Metric math as far as the sandbox knows it (CloudWatch user guide, "Using metric
// math"): numbers, ids, + - * / ^, comparisons, && and ||, lists of ids, and the
// functions of mathFunctions. Each expression is computed one period at a time, so
// that functions over a whole series at once (SUM of one metric) are not.

// mathScope is what an expression is computed in: one period, and what is before.
type mathScope struct {
	// value is that of an id, back periods before.
	value  func(id string, back int) (float64, bool)
	ids    []string // of the metrics, which METRICS() means
	period float64  // seconds
}

// mathNode is one node of an expression.
type mathNode struct {
	op     string // "number", "id", "list", "minus", an operator, or a function's name
	number float64
	text   string // of "id", and of a text in quotes
	under  []*mathNode
	// compute is that of a function.
	compute func(n *mathNode, s mathScope, back int) (float64, bool)
}

// fillLookback is how far REPEAT looks for a value.
const fillLookback = 100

// value computes a node; a missing operand makes the result missing.
func (n *mathNode) value(s mathScope, back int) (float64, bool) {
	switch n.op {
	case "number":
		return n.number, true
	case "id":
		return s.value(n.text, back)
	case "minus":
		v, ok := n.under[0].value(s, back)
		return -v, ok
	case "list", "text":
		return 0, false // only inside of functions
	}
	if n.compute != nil {
		return n.compute(n, s, back)
	}
	if len(n.under) != 2 || n.op[0] >= 'A' && n.op[0] <= 'Z' {
		return 0, false // a function that is stored and not computed
	}
	l, lok := n.under[0].value(s, back)
	r, rok := n.under[1].value(s, back)
	if !lok || !rok {
		return 0, false
	}
	return operate(n.op, l, r)
}

func operate(op string, l, r float64) (float64, bool) {
	truth := func(b bool) (float64, bool) {
		if b {
			return 1, true
		}
		return 0, true
	}
	switch op {
	case "+":
		return l + r, true
	case "-":
		return l - r, true
	case "*":
		return l * r, true
	case "/":
		return l / r, r != 0 // CloudWatch drops the data point of a division by zero
	case "^":
		return math.Pow(l, r), true
	case "==":
		return truth(l == r)
	case "!=":
		return truth(l != r)
	case "<":
		return truth(l < r)
	case "<=":
		return truth(l <= r)
	case ">":
		return truth(l > r)
	case ">=":
		return truth(l >= r)
	case "&&":
		return truth(l != 0 && r != 0)
	case "||":
		return truth(l != 0 || r != 0)
	}
	return 0, false
}

// mathFunction is a function with its bounds of arguments.
type mathFunction struct {
	least, most int
	// compute is nil for what is stored and not computed.
	compute func(n *mathNode, s mathScope, back int) (float64, bool)
}

// mathFunctions are those that the sandbox knows.
var mathFunctions = map[string]mathFunction{
	"ABS": single(math.Abs), "CEIL": single(math.Ceil), "FLOOR": single(math.Floor),
	"SUM":  over(func(v []float64) float64 { return total(v) }),
	"AVG":  over(func(v []float64) float64 { return total(v) / float64(len(v)) }),
	"MIN":  over(func(v []float64) float64 { return slices.Min(v) }),
	"MAX":  over(func(v []float64) float64 { return slices.Max(v) }),
	"DIFF": {1, 1, difference},
	"RATE": {1, 1, func(n *mathNode, s mathScope, back int) (float64, bool) {
		d, ok := difference(n, s, back)
		return d / s.period, ok
	}},
	"PERIOD": {1, 1, func(_ *mathNode, s mathScope, _ int) (float64, bool) { return s.period, true }},
	"FILL":   {2, 2, fill},
	"IF":     {2, 3, choose},
	// A band is trained on weeks of data; its alarms stay as they are.
	"ANOMALY_DETECTION_BAND": {1, 2, nil},
	"METRICS":                {0, 1, nil}, // only inside of SUM and the like
}

// single is a function of one value.
func single(f func(float64) float64) mathFunction {
	return mathFunction{1, 1, func(n *mathNode, s mathScope, back int) (float64, bool) {
		v, ok := n.under[0].value(s, back)
		return f(v), ok
	}}
}

func total(v []float64) float64 {
	sum := 0.0
	for _, x := range v {
		sum += x
	}
	return sum
}

// over aggregates over several metrics, those without a value aside.
func over(f func([]float64) float64) mathFunction {
	return mathFunction{1, 1, func(n *mathNode, s mathScope, back int) (float64, bool) {
		var values []float64
		for _, m := range n.under[0].members(s) {
			if v, ok := m.value(s, back); ok {
				values = append(values, v)
			}
		}
		if len(values) == 0 {
			return 0, false
		}
		return f(values), true
	}}
}

// members are the series that a list or METRICS() means; METRICS("err") those
// whose ids hold a text.
func (n *mathNode) members(s mathScope) []*mathNode {
	switch n.op {
	case "list":
		return n.under
	case "METRICS":
		var out []*mathNode
		for _, id := range s.ids {
			if len(n.under) == 0 || strings.Contains(id, n.under[0].text) {
				out = append(out, &mathNode{op: "id", text: id})
			}
		}
		return out
	}
	return nil // of one series it is one number over the whole range
}

func difference(n *mathNode, s mathScope, back int) (float64, bool) {
	now, ok := n.under[0].value(s, back)
	before, was := n.under[0].value(s, back+1)
	return now - before, ok && was
}

// fill gives a missing value another, or the last that there was.
func fill(n *mathNode, s mathScope, back int) (float64, bool) {
	if v, ok := n.under[0].value(s, back); ok {
		return v, true
	}
	if n.under[1].text != "REPEAT" {
		return n.under[1].value(s, back)
	}
	for i := back + 1; i <= back+fillLookback; i++ {
		if v, ok := n.under[0].value(s, i); ok {
			return v, true
		}
	}
	return 0, false
}

// choose is IF(condition, then[, else]); without an else there is no value.
func choose(n *mathNode, s mathScope, back int) (float64, bool) {
	v, ok := n.under[0].value(s, back)
	switch {
	case !ok:
		return 0, false
	case v != 0:
		return n.under[1].value(s, back)
	case len(n.under) == 3:
		return n.under[2].value(s, back)
	}
	return 0, false
}

type mathParser struct {
	rest  string
	depth int
	table map[string]mathFunction
}

// parseMath reads metric math.
func parseMath(s string) (*mathNode, error) {
	p := &mathParser{rest: s, table: mathFunctions}
	n, err := p.expression(0)
	if err != nil {
		return nil, err
	}
	if p.skip(); p.rest != "" {
		return nil, p.wrong()
	}
	return n, nil
}

func (p *mathParser) wrong() error {
	return fmt.Errorf("the sandbox computes operators, FILL, IF, SUM, AVG, MIN, MAX, RATE, DIFF and METRICS over ids and numbers, not '%.40s'", p.rest)
}

func (p *mathParser) skip() { p.rest = strings.TrimLeft(p.rest, " \t\r\n") }

func (p *mathParser) symbol(s string) bool {
	p.skip()
	after, ok := strings.CutPrefix(p.rest, s)
	if ok {
		p.rest = after
	}
	return ok
}

// mathLevels are the operators, those that bind loosest first; of two that begin
// alike the longer stands first. AND and OR are the words for && and ||.
var mathLevels = [][]string{{"||"}, {"&&"}, {"==", "!=", "<=", ">=", "<", ">"}, {"+", "-"}, {"*", "/"}, {"^"}}

// expression reads operands with left-associative operators between them.
func (p *mathParser) expression(level int) (*mathNode, error) {
	if level == len(mathLevels) {
		return p.operand()
	}
	left, err := p.expression(level + 1)
	for err == nil {
		op := ""
		for _, candidate := range mathLevels[level] {
			word := map[string]string{"||": "OR ", "&&": "AND "}[candidate]
			if p.symbol(candidate) || word != "" && p.symbol(word) {
				op = candidate
				break
			}
		}
		if op == "" {
			return left, nil
		}
		var right *mathNode
		if right, err = p.expression(level + 1); err == nil {
			left = &mathNode{op: op, under: []*mathNode{left, right}}
		}
	}
	return nil, err
}

func (p *mathParser) operand() (*mathNode, error) {
	p.depth++
	defer func() { p.depth-- }()
	p.skip()
	if p.rest == "" || p.depth > 200 {
		return nil, p.wrong()
	}
	switch c := p.rest[0]; {
	case p.symbol("-"):
		n, err := p.operand()
		return &mathNode{op: "minus", under: []*mathNode{n}}, err
	case p.symbol("("):
		n, err := p.expression(0)
		if err == nil && !p.symbol(")") {
			return nil, p.wrong()
		}
		return n, err
	case p.symbol("["):
		under, err := p.arguments("]")
		return &mathNode{op: "list", under: under}, err
	case c == '"' || c == '\'':
		text, after, ok := strings.Cut(p.rest[1:], string(c))
		if !ok {
			return nil, p.wrong()
		}
		p.rest = after
		return &mathNode{op: "text", text: text}, nil
	case c >= '0' && c <= '9' || c == '.':
		n := len(p.rest) - len(strings.TrimLeft(p.rest, "0123456789."))
		v, err := strconv.ParseFloat(p.rest[:n], 64)
		if err != nil {
			return nil, p.wrong()
		}
		p.rest = p.rest[n:]
		return &mathNode{op: "number", number: v}, nil
	case isNameByte(c):
		return p.name()
	}
	return nil, p.wrong()
}

// name reads an id or a function: ids begin with a small letter, functions with
// a capital.
func (p *mathParser) name() (*mathNode, error) {
	whole, n := p.rest, 1
	for n < len(p.rest) && isNameByte(p.rest[n]) {
		n++
	}
	name := p.rest[:n]
	p.rest = p.rest[n:]
	if name[0] >= 'a' && name[0] <= 'z' {
		return &mathNode{op: "id", text: name}, nil
	}
	f, known := p.table[name]
	switch {
	case name == "REPEAT":
		return &mathNode{op: "text", text: name}, nil
	case !known || !p.symbol("("):
		p.rest = whole
		return nil, p.wrong()
	}
	under, err := p.arguments(")")
	if err == nil && (len(under) < f.least || len(under) > f.most) {
		p.rest = whole
		err = p.wrong()
	}
	return &mathNode{op: name, under: under, compute: f.compute}, err
}

// arguments reads a list up to its closing bracket.
func (p *mathParser) arguments(end string) ([]*mathNode, error) {
	var out []*mathNode
	for !p.symbol(end) {
		if len(out) > 0 && !p.symbol(",") {
			return nil, p.wrong()
		}
		n, err := p.expression(0)
		if err != nil {
			return nil, err
		}
		out = append(out, n)
	}
	return out, nil
}
