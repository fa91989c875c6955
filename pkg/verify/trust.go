package verify

import (
	"encoding/json"
	"fmt"
	"path"
	"strings"
)

// policy is an IAM policy document as far as trust is concerned.
type policy struct {
	Statement oneOrMany[statement]
}

type statement struct {
	Effect       string
	Principal    json.RawMessage
	NotPrincipal json.RawMessage
	Action       oneOrMany[string]
	NotAction    oneOrMany[string]
	Condition    map[string]json.RawMessage
}

// oneOrMany is how IAM writes lists: an element may stand alone.
type oneOrMany[T any] []T

// UnmarshalJSON reads either form.
func (l *oneOrMany[T]) UnmarshalJSON(b []byte) error {
	if len(b) > 0 && b[0] == '[' {
		var many []T
		err := json.Unmarshal(b, &many)
		*l = many
		return err
	}
	var one T
	err := json.Unmarshal(b, &one)
	*l = oneOrMany[T]{one}
	return err
}

// trusts judges whether a trust policy lets a service assume the role. It is sure
// where no condition and no inverted element decides. ("IAM JSON policy evaluation
// logic": an explicit deny wins, no allow is a deny.)
func trusts(document, service string) (yes, sure bool, err error) {
	var p policy
	if err := json.Unmarshal([]byte(document), &p); err != nil {
		return false, false, fmt.Errorf("it is no policy document: %w", err)
	}
	sure = true
	for _, s := range p.Statement {
		covers, known := s.covers(service)
		if !known {
			sure = false
			continue
		}
		if !covers {
			continue
		}
		switch {
		case s.Effect == "Deny" && len(s.Condition) == 0:
			return false, true, nil
		case s.Effect == "Deny":
			sure = false
		case s.Effect == "Allow" && len(s.Condition) == 0:
			yes = true
		case s.Effect == "Allow" && confused(s.Condition):
			yes = true // the guard that AWS recommends: it names who the service works for
		case s.Effect == "Allow":
			sure = false
		}
	}
	return yes, sure || yes && !denies(p, service), nil
}

// denies reports whether a statement might take back what another allows.
func denies(p policy, service string) bool {
	for _, s := range p.Statement {
		if covers, known := s.covers(service); s.Effect == "Deny" && (covers || !known) {
			return true
		}
	}
	return false
}

// confused reports whether conditions are nothing but those that AWS recommends
// against the confused deputy: aws:SourceAccount and aws:SourceArn (IAM roles for
// tasks, Developer Guide).
func confused(conditions map[string]json.RawMessage) bool {
	for _, raw := range conditions {
		var keys map[string]json.RawMessage
		if json.Unmarshal(raw, &keys) != nil {
			return false
		}
		for k := range keys {
			if k = strings.ToLower(k); k != "aws:sourceaccount" && k != "aws:sourcearn" {
				return false
			}
		}
	}
	return true
}

// covers reports whether a statement is about a service that assumes the role;
// known is false for the inverted elements, which are not judged here.
func (s statement) covers(service string) (covers, known bool) {
	if len(s.NotAction) > 0 || len(s.NotPrincipal) > 0 {
		return false, false
	}
	acts := false
	for _, a := range s.Action {
		if m, err := path.Match(strings.ToLower(a), "sts:assumerole"); err == nil && m {
			acts = true
		}
	}
	if !acts {
		return false, true
	}
	var anyone string
	if json.Unmarshal(s.Principal, &anyone) == nil {
		return anyone == "*", true
	}
	var by map[string]oneOrMany[string]
	if json.Unmarshal(s.Principal, &by) != nil {
		return false, false
	}
	for _, name := range by["Service"] {
		if strings.EqualFold(name, service) || name == "*" {
			return true, true
		}
	}
	return false, true
}
