package sandbox

import (
	"fmt"
	"strconv"
	"strings"
)

// metricMath is metric math as far as the sandbox knows it: numbers, ids,
// + - * / and parentheses. Functions are not computed.
type metricMath struct {
	op          byte // '+', '-', '*', '/', 'n' number, 'i' id, '~' minus sign
	number      float64
	id          string
	left, right *metricMath
}

// value computes the expression; a missing operand makes the result missing.
func (e *metricMath) value(of func(id string) (float64, bool)) (float64, bool) {
	switch e.op {
	case 'n':
		return e.number, true
	case 'i':
		return of(e.id)
	case '~':
		v, ok := e.left.value(of)
		return -v, ok
	}
	l, lok := e.left.value(of)
	r, rok := e.right.value(of)
	if !lok || !rok {
		return 0, false
	}
	switch e.op {
	case '+':
		return l + r, true
	case '-':
		return l - r, true
	case '*':
		return l * r, true
	}
	if r == 0 { // CloudWatch drops the data point of a division by zero
		return 0, false
	}
	return l / r, true
}

type mathParser struct {
	rest  string
	depth int
}

// parseMath reads metric math.
func parseMath(s string) (*metricMath, error) {
	p := &mathParser{rest: s}
	e, err := p.binary("+-", func() (*metricMath, error) { return p.product() })
	if err != nil {
		return nil, err
	}
	if p.skip(); p.rest != "" {
		return nil, p.wrong()
	}
	return e, nil
}

func (p *mathParser) wrong() error {
	return fmt.Errorf("the sandbox computes + - * / and parentheses over ids and numbers only, not '%.40s'", p.rest)
}

func (p *mathParser) skip() { p.rest = strings.TrimLeft(p.rest, " \t\r\n") }

func (p *mathParser) product() (*metricMath, error) { return p.binary("*/", p.operand) }

// binary reads operands with left-associative operators between them.
func (p *mathParser) binary(ops string, operand func() (*metricMath, error)) (*metricMath, error) {
	left, err := operand()
	for err == nil {
		p.skip()
		if p.rest == "" || !strings.Contains(ops, p.rest[:1]) {
			return left, nil
		}
		op := p.rest[0]
		p.rest = p.rest[1:]
		var right *metricMath
		if right, err = operand(); err == nil {
			left = &metricMath{op: op, left: left, right: right}
		}
	}
	return nil, err
}

func (p *mathParser) operand() (*metricMath, error) {
	p.depth++
	defer func() { p.depth-- }()
	p.skip()
	if p.rest == "" || p.depth > 200 {
		return nil, p.wrong()
	}
	switch c := p.rest[0]; {
	case c == '-':
		p.rest = p.rest[1:]
		e, err := p.operand()
		return &metricMath{op: '~', left: e}, err
	case c == '(':
		p.rest = p.rest[1:]
		e, err := p.binary("+-", p.product)
		if p.skip(); err == nil && !strings.HasPrefix(p.rest, ")") {
			return nil, p.wrong()
		}
		p.rest = strings.TrimPrefix(p.rest, ")")
		return e, err
	case c >= '0' && c <= '9' || c == '.':
		n := len(p.rest) - len(strings.TrimLeft(p.rest, "0123456789."))
		v, err := strconv.ParseFloat(p.rest[:n], 64)
		if err != nil {
			return nil, p.wrong()
		}
		p.rest = p.rest[n:]
		return &metricMath{op: 'n', number: v}, nil
	case c >= 'a' && c <= 'z': // ids begin with a small letter, functions with a capital
		n := 1
		for n < len(p.rest) && isNameByte(p.rest[n]) {
			n++
		}
		id := p.rest[:n]
		p.rest = p.rest[n:]
		return &metricMath{op: 'i', id: id}, nil
	}
	return nil, p.wrong()
}
