package sandbox

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
)

// expression is a parsed cluster query: does this container instance match?
type expression func(cl *ecsCluster, id string, i *ecsInstance) bool

// matches evaluates a cluster query on an instance.
func (cl *ecsCluster) matches(text, id string, i *ecsInstance) (bool, error) {
	e, err := parseExpression(text)
	if err != nil {
		return false, err
	}
	return e(cl, id, i), nil
}

// queryToken are the words of the cluster query language.
var queryToken = regexp.MustCompile(`\s*(\(|\)|\[|\]|,|&&|\|\||==|!=|=~|!~|>=|<=|>|<|!|"[^"]*"|'[^']*'|[^\s()\[\],=!<>&|~]+)`)

// parseExpression reads the cluster query language: comparisons joined by and,
// or, not and parentheses.
func parseExpression(text string) (expression, error) {
	p := &queryParser{}
	rest := strings.TrimSpace(text)
	for rest != "" {
		m := queryToken.FindStringSubmatchIndex(rest)
		if m == nil || m[0] != 0 {
			return nil, fmt.Errorf("unexpected %q", rest)
		}
		p.tokens = append(p.tokens, rest[m[2]:m[3]])
		rest = strings.TrimSpace(rest[m[1]:])
	}
	if len(p.tokens) == 0 {
		return nil, fmt.Errorf("empty expression")
	}
	e, err := p.or()
	if err == nil && p.at < len(p.tokens) {
		err = fmt.Errorf("unexpected %q", p.tokens[p.at])
	}
	return e, err
}

type queryParser struct {
	tokens []string
	at     int
}

func (p *queryParser) take(words ...string) bool {
	if p.at < len(p.tokens) && slices.Contains(words, strings.ToLower(p.tokens[p.at])) {
		p.at++
		return true
	}
	return false
}

func (p *queryParser) next() (string, error) {
	if p.at >= len(p.tokens) {
		return "", fmt.Errorf("unexpected end")
	}
	p.at++
	return p.tokens[p.at-1], nil
}

func (p *queryParser) or() (expression, error) {
	left, err := p.and()
	for err == nil && p.take("or", "||") {
		var right expression
		if right, err = p.and(); err == nil {
			l := left
			left = func(cl *ecsCluster, id string, i *ecsInstance) bool { return l(cl, id, i) || right(cl, id, i) }
		}
	}
	return left, err
}

func (p *queryParser) and() (expression, error) {
	left, err := p.not()
	for err == nil && p.take("and", "&&") {
		var right expression
		if right, err = p.not(); err == nil {
			l := left
			left = func(cl *ecsCluster, id string, i *ecsInstance) bool { return l(cl, id, i) && right(cl, id, i) }
		}
	}
	return left, err
}

func (p *queryParser) not() (expression, error) {
	if p.take("not", "!") {
		inner, err := p.not()
		return func(cl *ecsCluster, id string, i *ecsInstance) bool { return !inner(cl, id, i) }, err
	}
	if p.take("(") {
		inner, err := p.or()
		if err == nil && !p.take(")") {
			err = fmt.Errorf("missing )")
		}
		return inner, err
	}
	return p.comparison()
}

// comparison is `subject operator argument`.
func (p *queryParser) comparison() (expression, error) {
	subject, err := p.next()
	if err != nil {
		return nil, err
	}
	value, err := querySubject(subject)
	if err != nil {
		return nil, err
	}
	if p.take("exists") {
		return func(cl *ecsCluster, id string, i *ecsInstance) bool { return len(value(cl, id, i)) > 0 }, nil
	}
	if p.at+1 < len(p.tokens) && p.tokens[p.at] == "!" && strings.EqualFold(p.tokens[p.at+1], "exists") {
		p.at += 2
		return func(cl *ecsCluster, id string, i *ecsInstance) bool { return len(value(cl, id, i)) == 0 }, nil
	}
	operator, err := p.next()
	if err != nil {
		return nil, err
	}
	if strings.EqualFold(operator, "not") && p.take("in") {
		operator = "not_in"
	}
	arguments, err := p.arguments()
	if err != nil {
		return nil, err
	}
	if len(arguments) == 0 {
		return nil, fmt.Errorf("%s needs an argument", operator)
	}
	test, negated, err := queryTest(strings.ToLower(operator), arguments)
	if err != nil {
		return nil, err
	}
	return func(cl *ecsCluster, id string, i *ecsInstance) bool {
		return slices.ContainsFunc(value(cl, id, i), test) != negated
	}, nil
}

func (p *queryParser) arguments() ([]string, error) {
	if !p.take("[") {
		a, err := p.next()
		return []string{strings.Trim(a, `"'`)}, err
	}
	var out []string
	for !p.take("]") {
		a, err := p.next()
		if err != nil {
			return nil, err
		}
		if a != "," {
			out = append(out, strings.Trim(a, `"'`))
		}
	}
	return out, nil
}

// querySubject are the values that an instance has for a subject; none when it
// lacks it.
func querySubject(subject string) (func(cl *ecsCluster, id string, i *ecsInstance) []string, error) {
	if name, ok := strings.CutPrefix(subject, "attribute:"); ok {
		return func(_ *ecsCluster, _ string, i *ecsInstance) []string {
			if v, ok := i.attribute(name); ok {
				return []string{v}
			}
			return nil
		}, nil
	}
	switch strings.ToLower(subject) {
	case "task:group":
		return func(cl *ecsCluster, _ string, i *ecsInstance) (groups []string) {
			for id := range i.Tasks {
				groups = append(groups, aws.ToString(cl.Tasks[id].Task.Group))
			}
			return groups
		}, nil
	case "ec2instanceid":
		return func(_ *ecsCluster, _ string, i *ecsInstance) []string {
			return []string{aws.ToString(i.Instance.Ec2InstanceId)}
		}, nil
	case "agentconnected":
		return func(_ *ecsCluster, _ string, i *ecsInstance) []string {
			return []string{strconv.FormatBool(i.Instance.AgentConnected)}
		}, nil
	case "runningtaskscount":
		return func(cl *ecsCluster, _ string, i *ecsInstance) []string {
			n := 0
			for id := range i.Tasks {
				if cl.Tasks[id].running() {
					n++
				}
			}
			return []string{strconv.Itoa(n)}
		}, nil
	}
	return nil, fmt.Errorf("unknown subject %q", subject)
}

// queryTest makes the test of an operator; negated means that no value may pass it.
func queryTest(operator string, arguments []string) (test func(string) bool, negated bool, err error) {
	switch operator {
	case "==", "equals", "!=", "not_equals", "in", "not_in", "!in":
		return func(v string) bool { return slices.Contains(arguments, v) },
			strings.HasPrefix(operator, "!") || strings.HasPrefix(operator, "not_"), nil
	case "=~", "matches", "!~", "not_matches":
		re, err := regexp.Compile("^(?:" + arguments[0] + ")$")
		if err != nil {
			return nil, false, err
		}
		return re.MatchString, operator == "!~" || operator == "not_matches", nil
	case ">", "<", ">=", "<=", "greater_than", "less_than", "greater_than_equal", "less_than_equal":
		limit, err := strconv.ParseFloat(arguments[0], 64)
		if err != nil {
			return nil, false, err
		}
		return func(v string) bool {
			n, err := strconv.ParseFloat(v, 64)
			switch operator {
			case ">", "greater_than":
				return err == nil && n > limit
			case "<", "less_than":
				return err == nil && n < limit
			case ">=", "greater_than_equal":
				return err == nil && n >= limit
			}
			return err == nil && n <= limit
		}, false, nil
	}
	return nil, false, fmt.Errorf("unknown operator %q", operator)
}
