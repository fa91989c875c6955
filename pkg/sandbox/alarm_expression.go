package sandbox

import (
	"fmt"
	"strconv"
	"strings"
)

// expression is metric math as far as the sandbox knows it: numbers, ids,
// + - * / and parentheses. Functions are not computed.
type expression struct {
	op          byte // '+', '-', '*', '/', 'n' number, 'i' id, '~' minus sign
	number      float64
	id          string
	left, right *expression
}

// value computes the expression; a missing operand makes the result missing.
func (e *expression) value(of func(id string) (float64, bool)) (float64, bool) {
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

type expressionParser struct {
	rest  string
	depth int
}

// parseExpression reads metric math.
func parseExpression(s string) (*expression, error) {
	p := &expressionParser{rest: s}
	e, err := p.binary("+-", func() (*expression, error) { return p.product() })
	if err != nil {
		return nil, err
	}
	if p.skip(); p.rest != "" {
		return nil, p.wrong()
	}
	return e, nil
}

func (p *expressionParser) wrong() error {
	return fmt.Errorf("the sandbox computes + - * / and parentheses over ids and numbers only, not '%.40s'", p.rest)
}

func (p *expressionParser) skip() { p.rest = strings.TrimLeft(p.rest, " \t\r\n") }

func (p *expressionParser) product() (*expression, error) { return p.binary("*/", p.operand) }

// binary reads operands with left-associative operators between them.
func (p *expressionParser) binary(ops string, operand func() (*expression, error)) (*expression, error) {
	left, err := operand()
	for err == nil {
		p.skip()
		if p.rest == "" || !strings.Contains(ops, p.rest[:1]) {
			return left, nil
		}
		op := p.rest[0]
		p.rest = p.rest[1:]
		var right *expression
		if right, err = operand(); err == nil {
			left = &expression{op: op, left: left, right: right}
		}
	}
	return nil, err
}

func (p *expressionParser) operand() (*expression, error) {
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
		return &expression{op: '~', left: e}, err
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
		return &expression{op: 'n', number: v}, nil
	case c >= 'a' && c <= 'z': // ids begin with a small letter, functions with a capital
		n := 1
		for n < len(p.rest) && isNameByte(p.rest[n]) {
			n++
		}
		id := p.rest[:n]
		p.rest = p.rest[n:]
		return &expression{op: 'i', id: id}, nil
	}
	return nil, p.wrong()
}
