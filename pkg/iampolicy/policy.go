package iampolicy

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"unicode"

	"github.com/ecs-operator/ecs-operator/pkg/resource"
)

// Sizes of policies, in characters without white space ("IAM and AWS STS quotas").
const (
	ManagedLimit = 6144
	InlineLimit  = 10240 // of all inline policies of a role together
)

// Options say for whom the policy is.
type Options struct {
	Owner string // of the tags
	// Partition, Account and Region narrow ARNs; "" means any (and "aws").
	Partition, Account, Region string
	// ReadOnly is what diff needs; Verify adds what verify asks to it, which the
	// writer always has.
	ReadOnly, Verify bool
	// Prune: runs delete what no document names (--prune).
	Prune bool
	// Sources and roles are the operator's own business, not a target's.
	Sources Sources
	Assume  []Role
}

// Sources are where documents and hints come from.
type Sources struct {
	Git   string // a CodeCommit repository's URL or ARN
	S3    string // s3://bucket/prefix/ or s3://bucket/archive
	Queue string // URL or ARN of the SQS queue with events
}

// Role is one to assume, with the external id that it asks for.
type Role struct{ ARN, ExternalID string }

// Policy is an IAM policy document.
type Policy struct {
	Version   string      `json:"Version"`
	Statement []Statement `json:"Statement"`

	notes []string
}

// Statement of a policy.
type Statement struct {
	Sid       string     `json:"Sid"`
	Effect    string     `json:"Effect"`
	Action    values     `json:"Action"`
	Resource  values     `json:"Resource"`
	Condition Conditions `json:"Condition,omitempty"`
}

// Conditions are operator, key, values.
type Conditions map[string]map[string]values

// values are written as IAM takes them: one alone without brackets.
type values []string

// MarshalJSON writes a string or a list.
func (v values) MarshalJSON() ([]byte, error) {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if len(v) == 1 {
		err := e.Encode(v[0])
		return b.Bytes(), err
	}
	err := e.Encode([]string(v))
	return b.Bytes(), err
}

// Notes say what a person should know of the policy: what was folded, and whether
// it is too long.
func (p Policy) Notes() []string { return p.notes }

// Size is what IAM counts: the characters without white space.
func (p Policy) Size() int {
	n := 0
	for _, r := range string(p.compact()) {
		if !unicode.IsSpace(r) {
			n++
		}
	}
	return n
}

func (p Policy) compact() []byte {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	_ = e.Encode(p) // strings only
	return b.Bytes()
}

// JSON is the document, with a statement's lists on lines of their own.
func (p Policy) JSON() []byte {
	var b bytes.Buffer
	_ = json.Indent(&b, p.compact(), "", "  ")
	return b.Bytes()
}

// MaxParts is how many managed policies a role takes ("IAM and AWS STS quotas",
// before an increase).
const MaxParts = 10

// folds are how many entries a list may have, tried in this order until a role
// takes the whole.
var folds = []int{1 << 20, 200, 100, 40, 20, 10, 5, 1}

// For writes the policy for some units of one account. One that is too long for
// a managed policy is written shorter if it fits then: reads by their verb, and ARNs
// without the account, which a role cannot leave anyway. Else it stays as exact as it
// is, for several managed policies; lists are folded only where ten do not take it.
func For(units []*resource.Unit, o Options) Policy {
	if o.Partition == "" {
		o.Partition = "aws"
	}
	var p Policy
	for _, most := range folds {
		if p = build(units, o, most, false); p.Size() <= ManagedLimit {
			return p
		}
		if short := build(units, o, most, true); short.Size() <= ManagedLimit {
			short.note("so that it fits into one managed policy, reads are allowed by their verb (ecs:Describe*) and ARNs name no account")
			return short
		}
		if p.fits() {
			break
		}
	}
	n, also := p.Size(), ""
	if n <= InlineLimit {
		also = fmt.Sprintf(" An inline policy (%d for a role) takes it whole.", InlineLimit)
	}
	p.note("the policy has %d characters, and a managed policy takes %d: print it in parts, --part 1 to --part %d, and attach each.%s", n, ManagedLimit, len(p.Parts()), also)
	return p
}

// fits: the managed policies of a role take it.
func (p Policy) fits() bool {
	parts := p.Parts()
	return len(parts) <= MaxParts && !slices.ContainsFunc(parts, func(part Policy) bool { return part.Size() > ManagedLimit })
}

func build(units []*resource.Unit, o Options, most int, short bool) Policy {
	b := &builder{o: o, most: most, short: short, policy: Policy{Version: "2012-10-17"}}
	b.collect(units)
	b.read()
	if !o.ReadOnly || o.Verify {
		b.verify()
	}
	if !o.ReadOnly {
		b.write()
	}
	b.operator()
	return b.policy
}

// Parts cuts a policy into documents that managed policies take, statements whole.
func (p Policy) Parts() []Policy {
	var out []Policy
	for _, s := range p.Statement {
		if n := len(out); n > 0 {
			with := Policy{Version: p.Version, Statement: append(slices.Clone(out[n-1].Statement), s)}
			if with.Size() <= ManagedLimit {
				out[n-1] = with
				continue
			}
		}
		out = append(out, Policy{Version: p.Version, Statement: []Statement{s}})
	}
	return out
}

// Caller writes the policy of the operator's own identity where it works with the
// roles of its targets: to assume those, and to read its sources.
func Caller(o Options) Policy {
	if o.Partition == "" {
		o.Partition = "aws"
	}
	b := &builder{o: o, most: folds[0], policy: Policy{Version: "2012-10-17"}}
	b.operator()
	return b.policy
}

// longList is how many characters of resources or clusters one statement takes, so
// that a part has room for it.
const longList = 2700

// add puts a statement into the document, as several where a list of it is long; one
// without actions or resources is none.
func (b *builder) add(sid string, actions, resources []string, c Conditions) {
	if len(actions) == 0 || len(resources) == 0 {
		return
	}
	actions = slices.Clone(actions)
	slices.Sort(actions)
	if slices.Contains(resources, "*") {
		resources = everything
	}
	actions = slices.Compact(actions)
	name, n := sid, 1
	for _, some := range pieces(resources) {
		for _, where := range c.pieces() {
			b.policy.Statement = append(b.policy.Statement, Statement{Sid: name, Effect: "Allow", Action: actions, Resource: some, Condition: where})
			n++
			name = fmt.Sprint(sid, n)
		}
	}
}

// pieces cuts a list into some that are not too long.
func pieces(list []string) (out [][]string) {
	for len(list) > 0 {
		take, size := 0, 0
		for take < len(list) && (take == 0 || size+len(list[take])+3 <= longList) {
			size += len(list[take]) + 3
			take++
		}
		out = append(out, slices.Clone(list[:take]))
		list = list[take:]
	}
	return out
}

// pieces are the same conditions, each with some of the clusters.
func (c Conditions) pieces() []Conditions {
	clusters := c["ArnEquals"]["ecs:cluster"]
	if len(clusters) == 0 {
		return []Conditions{c}
	}
	var out []Conditions
	for _, some := range pieces(clusters) {
		out = append(out, c.and("ArnEquals", "ecs:cluster", some...))
	}
	return out
}

// named lists names as resources: sorted, each once, folded where there are too many.
func (b *builder) named(what string, names []string) []string {
	names = slices.Clone(names)
	slices.Sort(names)
	names = slices.Compact(names)
	folded := fold(names, b.most)
	if len(folded) < len(names) {
		b.policy.note("%d %s stand in it as %d with a wildcard (%s), so that it fits: they allow more than the documents name", len(names), what, len(folded), strings.Join(folded[:min(len(folded), 3)], ", "))
	}
	return folded
}
