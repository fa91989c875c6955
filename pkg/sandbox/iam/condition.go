package iam

import (
	"fmt"
	"slices"
	"strings"
)

type set int

const (
	single set = iota
	forAll
	forAny
)

// condition is one operator on one key.
type condition struct {
	key      string // in lower case
	values   []string
	set      set
	ifExists bool
	null     bool
	negated  bool
	match    func(pattern, value string) bool
	folds    bool // patterns keep their wildcards as characters
}

// operators compare a value of the policy with one of the request.
var operators = map[string]struct {
	match     func(pattern, value string) bool
	negated   bool
	wildcards bool
}{
	"StringEquals":              {func(p, v string) bool { return p == v }, false, false},
	"StringNotEquals":           {func(p, v string) bool { return p == v }, true, false},
	"StringEqualsIgnoreCase":    {strings.EqualFold, false, false},
	"StringNotEqualsIgnoreCase": {strings.EqualFold, true, false},
	"StringLike":                {Glob, false, true},
	"StringNotLike":             {Glob, true, true},
	// ArnEquals and ArnLike behave identically (Condition operators).
	"ArnEquals":    {arnLike, false, true},
	"ArnLike":      {arnLike, false, true},
	"ArnNotEquals": {arnLike, true, true},
	"ArnNotLike":   {arnLike, true, true},
	"Bool":         {strings.EqualFold, false, false},
}

func parseCondition(operator, key string, values []string) (condition, error) {
	c := condition{key: strings.ToLower(key), values: values}
	name := operator
	if rest, ok := strings.CutPrefix(name, "ForAllValues:"); ok {
		c.set, name = forAll, rest
	} else if rest, ok := strings.CutPrefix(name, "ForAnyValue:"); ok {
		c.set, name = forAny, rest
	}
	if name == "Null" && c.set == single {
		if len(values) != 1 || !slices.Contains([]string{"true", "false"}, strings.ToLower(values[0])) {
			return c, fmt.Errorf("condition Null on %s: want true or false", key)
		}
		c.null = true
		return c, nil
	}
	name, c.ifExists = strings.CutSuffix(name, "IfExists")
	o, ok := operators[name]
	if !ok {
		return c, fmt.Errorf("condition operator %s is not known here", operator)
	}
	if len(values) == 0 {
		return c, fmt.Errorf("condition %s on %s has no value", operator, key)
	}
	c.match, c.negated, c.folds = o.match, o.negated, !o.wildcards
	return c, nil
}

// holds decides a condition.
func (c *condition) holds(context, vars map[string][]string) bool {
	have, present := context[c.key]
	switch {
	case c.null:
		return strings.EqualFold(c.values[0], "true") == !present
	case !present && c.ifExists:
		return true
	case !present || len(have) == 0:
		// ForAllValues is true of no values; without a set a negated operator is
		// true of a key that is not there.
		return c.set == forAll || c.set == single && c.negated
	}
	one := func(v string) bool { return c.among(v, vars) != c.negated }
	switch {
	case c.set == forAny:
		return slices.ContainsFunc(have, one)
	case c.set == forAll || c.negated:
		return !slices.ContainsFunc(have, func(v string) bool { return !one(v) })
	}
	return slices.ContainsFunc(have, one)
}

// among reports whether a value matches one of the policy's.
func (c *condition) among(value string, vars map[string][]string) bool {
	return slices.ContainsFunc(c.values, func(p string) bool {
		if vars != nil && strings.Contains(p, "${") {
			var ok bool
			if p, ok = expand(p, vars); !ok {
				return false
			}
			if c.folds {
				p = plain(p)
			}
		}
		return c.match(p, value)
	})
}
