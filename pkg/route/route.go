// Package route is the algebra of a listener's rules: which requests a rule takes,
// whether one rule takes all that another takes, and whether two rules can want
// the same request. It is pure and knows no AWS package.
//
// Verdicts are proofs: Covers and Disjoint say true only when it is so for every
// request. What cannot be decided (regular expressions, a field that is new to
// this package, patterns of hostile size) is false in both, and says nothing.
//
// The facts are those of the SDK's comments on types.RuleCondition and its
// configurations: host names, header names and values and query strings have no
// case, paths and methods have; "*" is any number of characters, "?" exactly one;
// a query string escapes them with a backslash; a condition holds when one of its
// values does, a rule when all its conditions do.
package route

import (
	"net/netip"
	"regexp"
	"slices"
	"strings"
)

// Fields of conditions.
const (
	Host   = "host-header"
	Path   = "path-pattern"
	Method = "http-request-method"
	Source = "source-ip"
	Header = "http-header"
	Query  = "query-string"
)

// Rule is what decides which requests a listener rule takes.
type Rule struct{ Conditions []Condition }

// Condition holds when one of its values, pairs or regular expressions matches.
type Condition struct {
	Field  string
	Name   string   // the header's, of Header only
	Values []string // patterns; networks in CIDR form of Source
	Pairs  []Pair   // of Query only
	Regex  []string
}

// Pair is one key and value of a query string. Of a pattern, no key means any.
type Pair struct{ Key, Value string }

// Request is what a load balancer sees of a request. A header stands in it once.
type Request struct {
	Host, Path, Method string
	Source             netip.Addr
	Headers            map[string]string // by name in lower case
	Query              []Pair
}

// Matches reports whether the rule takes a request.
func (r Rule) Matches(q Request) bool {
	for _, c := range r.Conditions {
		if !c.matches(q) {
			return false
		}
	}
	return true
}

func (c Condition) matches(q Request) bool {
	switch c.Field {
	case Host:
		return c.text(q.Host)
	case Path:
		return c.text(q.Path)
	case Method:
		return slices.Contains(c.Values, q.Method)
	case Source:
		return slices.ContainsFunc(c.Values, func(v string) bool {
			p, err := netip.ParsePrefix(v)
			return err == nil && p.Contains(q.Source)
		})
	case Header:
		v, sent := q.Headers[strings.ToLower(c.Name)]
		return sent && c.text(v)
	case Query:
		return slices.ContainsFunc(c.Pairs, func(want Pair) bool {
			return slices.ContainsFunc(q.Query, func(have Pair) bool {
				return (want.Key == "" || matches(tokens(Query, want.Key), fold(Query, have.Key))) &&
					matches(tokens(Query, want.Value), fold(Query, have.Value))
			})
		})
	}
	return false
}

func (c Condition) text(s string) bool {
	return slices.ContainsFunc(c.Values, func(v string) bool { return matches(tokens(c.Field, v), fold(c.Field, s)) }) ||
		slices.ContainsFunc(c.Regex, func(v string) bool {
			re, err := regexp.Compile(v)
			return err == nil && re.MatchString(s)
		})
}

// Covers reports whether a takes every request that b takes.
func Covers(a, b Rule) bool {
	for _, c := range a.Conditions {
		if !implied(c, b) {
			return false
		}
	}
	return true
}

// implied reports whether a condition holds for every request that a rule takes.
func implied(c Condition, b Rule) bool {
	written := false
	for _, d := range b.Conditions {
		if d.Field != c.Field || c.Field == Header && !strings.EqualFold(d.Name, c.Name) {
			continue
		}
		written = true
		if within(d, c) {
			return true
		}
	}
	if written {
		return false
	}
	switch c.Field { // what every request has
	case Host:
		return within(Condition{Field: Host, Values: []string{"?*"}}, c)
	case Path:
		return within(Condition{Field: Path, Values: []string{"/*"}}, c)
	case Source:
		return within(Condition{Field: Source, Values: []string{"0.0.0.0/0", "::/0"}}, c)
	}
	return false
}

// within reports whether a condition of the same field holds whenever d does.
func within(d, c Condition) bool {
	for _, re := range d.Regex { // what two expressions have in common nobody works out here
		if !slices.Contains(c.Regex, re) && !everything(c) {
			return false
		}
	}
	switch c.Field {
	case Host, Path, Header:
		return all(d.Values, func(v string) bool { return included(tokens(c.Field, v), patterns(c.Field, c.Values)) })
	case Method:
		return all(d.Values, func(v string) bool { return slices.Contains(c.Values, v) })
	case Source:
		return all(d.Values, func(v string) bool {
			return slices.ContainsFunc(c.Values, func(w string) bool { return holds(w, v) })
		})
	case Query:
		return all(d.Pairs, func(p Pair) bool { return pairWithin(p, c.Pairs) })
	}
	return same(c, d)
}

// pairWithin: a key that is written is covered by the same key, or by any.
func pairWithin(p Pair, in []Pair) bool {
	var values []string
	for _, q := range in {
		if q.Key == "" || p.Key != "" && included(tokens(Query, p.Key), patterns(Query, []string{q.Key})) {
			values = append(values, q.Value)
		}
	}
	return len(values) > 0 && included(tokens(Query, p.Value), patterns(Query, values))
}

// everything: whatever the text is, the condition holds.
func everything(c Condition) bool {
	return slices.ContainsFunc(c.Values, func(v string) bool { return strings.Trim(v, "*") == "" && v != "" })
}

// holds reports whether the network outer contains all of inner.
func holds(outer, inner string) bool {
	a, errA := netip.ParsePrefix(outer)
	b, errB := netip.ParsePrefix(inner)
	if errA != nil || errB != nil {
		return outer == inner
	}
	return a.Bits() <= b.Bits() && a.Contains(b.Addr())
}

// Disjoint reports whether no request is taken by both. Two conditions on one
// header exclude each other although a client may send a header twice: nobody
// who writes them means that.
func Disjoint(a, b Rule) bool {
	for _, c := range a.Conditions {
		for _, d := range b.Conditions {
			if c.Field == d.Field && (c.Field != Header || strings.EqualFold(c.Name, d.Name)) && apart(c, d) {
				return true
			}
		}
	}
	return false
}

func apart(c, d Condition) bool {
	if len(c.Regex) > 0 || len(d.Regex) > 0 {
		return false
	}
	var meet func(v, w string) bool
	switch c.Field {
	case Host, Path, Header:
		meet = func(v, w string) bool { return intersect(tokens(c.Field, v), tokens(c.Field, w)) }
	case Method:
		meet = func(v, w string) bool { return v == w }
	case Source:
		meet = func(v, w string) bool {
			a, errA := netip.ParsePrefix(v)
			b, errB := netip.ParsePrefix(w)
			return errA != nil || errB != nil || a.Overlaps(b)
		}
	default:
		return false // a request may have several pairs
	}
	for _, v := range c.Values {
		for _, w := range d.Values {
			if meet(v, w) {
				return false
			}
		}
	}
	return true
}

// Partial reports whether order decides between two rules although neither is the
// narrower one: both may want a request, and each may want one that the other does not.
func Partial(a, b Rule) bool { return !Disjoint(a, b) && !Covers(a, b) && !Covers(b, a) }

// same reports whether two conditions are written alike, whatever they mean.
func same(c, d Condition) bool {
	return c.Field == d.Field && c.Name == d.Name && len(c.Values) > 0 && slices.Equal(c.Values, d.Values)
}

func all[T any](list []T, ok func(T) bool) bool {
	return !slices.ContainsFunc(list, func(t T) bool { return !ok(t) })
}

// String says in a sentence's middle what the rule takes.
func (r Rule) String() string {
	var parts []string
	for _, c := range r.Conditions {
		values := slices.Concat(c.Values, c.Regex)
		for _, p := range c.Pairs {
			values = append(values, strings.TrimPrefix(p.Key+"="+p.Value, "="))
		}
		name := map[string]string{Host: "host", Path: "path", Method: "method", Source: "source", Header: "header " + c.Name, Query: "query"}[c.Field]
		if name == "" {
			name = c.Field
		}
		parts = append(parts, name+" "+strings.Join(values, " or "))
	}
	if len(parts) == 0 {
		return "every request"
	}
	return strings.Join(parts, ", ")
}
