package iam

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
)

// Policy is a parsed policy document.
type Policy struct{ statements []statement }

// Request is one question: may this action be done on this resource?
type Request struct {
	Action   string              // "ecs:UpdateService"
	Resource string              // an ARN, "*" where the action has no resource types
	Context  map[string][]string // condition keys, in lower case
}

// Decision is what a policy says to a request.
type Decision int

// Decisions.
const (
	Silent  Decision = iota // nothing allows it: denied
	Allowed                 // a statement allows it and none denies it
	Denied                  // a statement denies it
)

type statement struct {
	sid          string
	deny         bool
	action       patterns
	notAction    bool
	resource     patterns
	notResource  bool
	conditions   []condition
	hasVariables bool
}

type patterns []string

// strs is a JSON string, or a list of them, or of what IAM reads as strings.
type strs []string

// UnmarshalJSON takes one value or a list.
func (s *strs) UnmarshalJSON(data []byte) error {
	var many []any
	if err := json.Unmarshal(data, &many); err != nil {
		var one any
		if err := json.Unmarshal(data, &one); err != nil {
			return err
		}
		many = []any{one}
	}
	for _, v := range many {
		switch v.(type) {
		case string, bool, float64:
			*s = append(*s, fmt.Sprint(v))
		default:
			return fmt.Errorf("want a string, not %v", v)
		}
	}
	return nil
}

type rawStatement struct {
	Sid         string
	Effect      string
	Action      strs
	NotAction   strs
	Resource    strs
	NotResource strs
	Condition   map[string]map[string]strs
}

// Parse reads a policy document.
func Parse(data []byte) (*Policy, error) {
	var doc struct {
		Version   string
		Id        string //nolint:revive // as IAM spells it
		Statement json.RawMessage
	}
	if err := strict(data, &doc); err != nil {
		return nil, fmt.Errorf("not an IAM policy: %w", err)
	}
	if doc.Version != "2012-10-17" && doc.Version != "2008-10-17" && doc.Version != "" {
		return nil, fmt.Errorf("policy Version %q: want 2012-10-17", doc.Version)
	}
	var raw []rawStatement
	if err := strict(doc.Statement, &raw); err != nil {
		var one rawStatement
		if strict(doc.Statement, &one) != nil {
			return nil, fmt.Errorf("policy Statement: %w", err)
		}
		raw = []rawStatement{one}
	}
	if len(raw) == 0 {
		return nil, errors.New("a policy without a Statement")
	}
	p := &Policy{}
	for i, r := range raw {
		s, err := r.parse(doc.Version == "2012-10-17")
		if err != nil {
			name := r.Sid
			if name == "" {
				name = fmt.Sprint(i + 1)
			}
			return nil, fmt.Errorf("policy statement %s: %w", name, err)
		}
		p.statements = append(p.statements, s)
	}
	return p, nil
}

func strict(data []byte, into any) error {
	d := json.NewDecoder(bytes.NewReader(data))
	d.DisallowUnknownFields()
	return d.Decode(into)
}

func (r rawStatement) parse(variables bool) (statement, error) {
	s := statement{sid: r.Sid, deny: r.Effect == "Deny", action: patterns(r.Action), resource: patterns(r.Resource), hasVariables: variables}
	switch {
	case r.Effect != "Allow" && r.Effect != "Deny":
		return s, fmt.Errorf("the Effect %q: want Allow or Deny", r.Effect)
	case (len(r.Action) == 0) == (len(r.NotAction) == 0):
		return s, errors.New("want Action or NotAction, and one of them")
	case (len(r.Resource) == 0) == (len(r.NotResource) == 0):
		return s, errors.New("want Resource or NotResource, and one of them")
	}
	if len(r.NotAction) > 0 {
		s.action, s.notAction = patterns(r.NotAction), true
	}
	if len(r.NotResource) > 0 {
		s.resource, s.notResource = patterns(r.NotResource), true
	}
	for i, a := range s.action {
		if a != "*" && !strings.Contains(a, ":") {
			return s, fmt.Errorf("action %q: want SERVICE:OPERATION", a)
		}
		s.action[i] = strings.ToLower(a)
	}
	for operator, keys := range r.Condition {
		for key, values := range keys {
			c, err := parseCondition(operator, key, values)
			if err != nil {
				return s, err
			}
			s.conditions = append(s.conditions, c)
		}
	}
	return s, nil
}

// Decide answers a request. A nil policy allows nothing.
func (p *Policy) Decide(r Request) Decision {
	d := Silent
	if p == nil {
		return d
	}
	action := strings.ToLower(r.Action)
	for i := range p.statements {
		s := &p.statements[i]
		if !s.matches(action, r) {
			continue
		}
		if s.deny {
			return Denied
		}
		d = Allowed
	}
	return d
}

func (s *statement) matches(action string, r Request) bool {
	if s.action.match(action, nil) == s.notAction {
		return false
	}
	var vars map[string][]string
	if s.hasVariables {
		vars = r.Context
		if vars == nil {
			vars = map[string][]string{}
		}
	}
	if s.resource.match(r.Resource, vars) == s.notResource {
		return false
	}
	for i := range s.conditions {
		if !s.conditions[i].holds(r.Context, vars) {
			return false
		}
	}
	return true
}

func (ps patterns) match(s string, vars map[string][]string) bool {
	for _, p := range ps {
		if vars != nil && strings.Contains(p, "${") {
			var ok bool
			if p, ok = expand(p, vars); !ok {
				continue
			}
		}
		if like(p, s) {
			return true
		}
	}
	return false
}
