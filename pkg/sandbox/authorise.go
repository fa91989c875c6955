package sandbox

import (
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
	"sync"

	"github.com/aws/aws-sdk-go-v2/aws"

	"github.com/ecs-operator/ecs-operator/pkg/sandbox/iam"
)

// The authoriser. A policy is put on an access key id, or on the ARN of a role
// for the sessions that assume it; who has none may do everything. The sandbox
// has one user, so that the refusals name one ARN whatever the key.

// ask is one question that an operation puts to IAM: an action on a resource,
// with the condition keys that AWS documents for both.
type ask struct {
	action   string // "ecs:UpdateService"
	resource string // ARN, "*" where the action has no resource types
	facts    facts
}

// facts are condition keys, in lower case, with their values.
type facts map[string][]string

// asker lists what an operation asks. The world is locked, and not changed.
type asker func(c *call, in any) []ask

// Authorise puts a policy document on an access key id or on a role's ARN from
// now on; nil takes it off.
func (s *Sandbox) Authorise(principal string, document []byte) error {
	var p *iam.Policy
	if document != nil {
		var err error
		if p, err = parsedPolicy(document); err != nil {
			return err
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.policies == nil {
		s.policies = map[string]*iam.Policy{}
	}
	if p == nil {
		delete(s.policies, principal)
		return nil
	}
	s.policies[principal] = p
	return nil
}

// policyCache are policies that were parsed, by their text: tests put one on thousands of
// sandboxes. A policy is not changed once it is parsed.
var policyCache sync.Map // string → *iam.Policy

func parsedPolicy(document []byte) (*iam.Policy, error) {
	if have, ok := policyCache.Load(string(document)); ok {
		return have.(*iam.Policy), nil
	}
	p, err := iam.Parse(document)
	if err == nil {
		policyCache.Store(string(document), p)
	}
	return p, err
}

// Refusals lists what policies refused so far, in IAM's words, oldest first.
func (s *Sandbox) Refusals() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.refusals)
}

// policyOf is the policy that stands on a call's key, or on the role of its session.
func (s *Sandbox) policyOf(key string) (*iam.Policy, bool) {
	p, ok := s.policies[key]
	if session, is := s.world.STS.Sessions[key]; is && !ok {
		p, ok = s.policies[session.Role]
	}
	return p, ok
}

// authorised asks IAM about a call. The world is locked.
func (s *Sandbox) authorised(c *call, q request, o operation, in any) error {
	if len(s.policies) == 0 || o.service == "sts" && o.name == "GetCallerIdentity" { // "No permissions are required" (API reference)
		return nil
	}
	policy, bound := s.policyOf(c.AccessKey)
	if !bound {
		return nil
	}
	for _, a := range asksOf(c, o, in) {
		a.facts = a.facts.set("aws:requestedregion", Region)
		d := policy.Decide(iam.Request{Action: a.action, Resource: a.resource, Context: a.facts})
		if d == iam.Allowed {
			continue
		}
		e := c.refusal(q, a, d)
		s.refusals = append(s.refusals, e.Message)
		return e
	}
	return nil
}

// asksOf is what a call asks IAM: by the table, else its own action on everything.
func asksOf(c *call, o operation, in any) []ask {
	if asks, ok := authorisation()[o.service+"."+o.name]; ok {
		if all := asks(c, in); len(all) > 0 { // a call that names nothing is no call without permission
			return all
		}
	}
	return []ask{{action: actionPrefix(o.service) + ":" + o.name, resource: "*"}}
}

// actionPrefix is how IAM spells a service.
func actionPrefix(service string) string {
	switch service {
	case "monitoring":
		return "cloudwatch"
	case "tagging":
		return "tag"
	}
	return service
}

// refusal is IAM's no in the words, code and status of the protocol: 403 and
// AccessDenied in Query, 400 and AccessDeniedException in awsJson and in CBOR, 403
// in rest-json, 403 and AccessDenied of S3, UnauthorizedOperation of EC2. Words: "Troubleshoot access denied
// error messages" of the IAM User Guide.
func (c *call) refusal(q request, a ask, d iam.Decision) *apiError {
	why := fmt.Sprintf("because no identity-based policy allows the %s action", a.action)
	if d == iam.Denied {
		why = "with an explicit deny in an identity-based policy"
	}
	e := &apiError{Code: "AccessDeniedException", Status: http.StatusBadRequest,
		Message: fmt.Sprintf("User: %s is not authorized to perform: %s on resource: %s %s", c.callerARN(), a.action, a.resource, why)}
	switch {
	case q.service.key == "ec2":
		e.Code, e.Status, e.Message = "UnauthorizedOperation", http.StatusForbidden, "You are not authorized to perform this operation. "+e.Message
	case q.protocol == protocolQuery:
		e.Code, e.Status = "AccessDenied", http.StatusForbidden
	case q.service.key == "s3":
		e.Code, e.Status = "AccessDenied", http.StatusForbidden
	case q.protocol == protocolREST:
		e.Status = http.StatusForbidden
	}
	return e
}

// callerARN is who signed the call.
func (c *call) callerARN() string {
	if s, ok := c.w.STS.Sessions[c.AccessKey]; ok {
		return s.ARN
	}
	return callerARN
}

// set gives the facts with one more.
func (f facts) set(key string, values ...string) facts {
	out := f.copied(1)
	if len(values) > 0 {
		out[strings.ToLower(key)] = values
	}
	return out
}

// copied is a copy with room for so many more.
func (f facts) copied(more int) facts {
	out := make(facts, len(f)+more)
	maps.Copy(out, f)
	return out
}

// filled sets a key where the value is not empty.
func (f facts) filled(key, value string) facts {
	if value == "" {
		return f
	}
	return f.set(key, value)
}

// on adds the tags that a resource carries: aws:ResourceTag/KEY, and the
// service's own spelling of it.
func (f facts) on(service string, tags map[string]string) facts {
	if len(tags) == 0 {
		return f
	}
	out := f.copied(2 * len(tags))
	for k, v := range tags {
		k, v := strings.ToLower(k), []string{v}
		out["aws:resourcetag/"+k] = v
		if service != "" {
			out[service+":resourcetag/"+k] = v
		}
	}
	return out
}

// brings adds the tags that a request carries: aws:RequestTag/KEY and aws:TagKeys.
func (f facts) brings(tags map[string]string) facts {
	if len(tags) == 0 {
		return f
	}
	out := f.copied(len(tags) + 1)
	for k, v := range tags {
		out["aws:requesttag/"+strings.ToLower(k)] = []string{v}
	}
	out["aws:tagkeys"] = sortedKeysOf(tags)
	return out
}

// tagMap reads an SDK's list of tags.
func tagMap[T any](tags []T, pair func(T) (k, v *string)) map[string]string {
	out := make(map[string]string, len(tags))
	for _, t := range tags {
		k, v := pair(t)
		out[aws.ToString(k)] = aws.ToString(v)
	}
	return out
}

// passes asks for iam:PassRole, with the service that the role is for.
func passes(service string, roles ...string) []ask {
	var out []ask
	for _, role := range roles {
		if role == "" {
			continue
		}
		if !strings.HasPrefix(role, "arn:") {
			role = "arn:aws:iam::" + Account + ":role/" + role
		}
		a := ask{action: "iam:PassRole", resource: role, facts: facts{}.set("iam:PassedToService", service)}
		if !slices.ContainsFunc(out, func(o ask) bool { return o.resource == role }) {
			out = append(out, a)
		}
	}
	return out
}
