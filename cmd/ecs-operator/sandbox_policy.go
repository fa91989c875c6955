package main

import (
	"context"
	"fmt"
	"os"
	"sync"

	"github.com/spf13/pflag"

	"github.com/ecs-operator/ecs-operator/pkg/iampolicy"
	"github.com/ecs-operator/ecs-operator/pkg/resource"
	"github.com/ecs-operator/ecs-operator/pkg/sandbox"
	"github.com/ecs-operator/ecs-operator/pkg/source"
	"github.com/ecs-operator/ecs-operator/pkg/spec"
)

// operatorKey is the key id with which the operator signs under --sandbox-policy:
// the policy stands on it, and whoever signs with another may do everything.
const operatorKey = "operator"

// generatedPolicy is the word for the policy that `policy` prints.
const generatedPolicy = "auto"

type sandboxPolicyOptions struct{ sandboxPolicy string }

// AddFlags declares --sandbox-policy.
func (o *sandboxPolicyOptions) AddFlags(f *pflag.FlagSet) {
	f.StringVar(&o.sandboxPolicy, "sandbox-policy", "", "let the embedded AWS enforce the IAM policy in this `FILE` on the operator, whose key id then is 'operator'; 'auto' for the one that policy prints for these documents")
}

// law is the generated policy as it grows with the documents: those that are
// read first may be others than those that are read later.
type law struct {
	sandbox *sandbox.Sandbox
	options iampolicy.Options

	mu      sync.Mutex
	units   map[string]*resource.Unit // by what they say
	changed bool
}

// learn takes in a document that was read.
func (l *law) learn(u *resource.Unit) {
	l.mu.Lock()
	defer l.mu.Unlock()
	key := u.Key.String() + " " + u.Pos + " " + u.ContentHash + fmt.Sprint(u.Policy, u.Len(), len(u.Hooks))
	for _, o := range u.Objects() {
		key += fmt.Sprint(" ", o.ID.Local(), o.Tags, o.Extra)
	}
	if l.units[key] == nil {
		l.units[key], l.changed = u.With(u.Objects()...), true // of its own: the unit is packed later
	}
}

// enforce puts the policy in force before the next call, as sandbox.FaultFunc.
func (l *law) enforce(context.Context, sandbox.Call) *sandbox.Fault {
	l.mu.Lock()
	defer l.mu.Unlock()
	if !l.changed {
		return nil
	}
	l.changed = false
	var units []*resource.Unit
	for _, u := range l.units {
		units = append(units, u)
	}
	if err := l.sandbox.Authorise(operatorKey, iampolicy.For(units, l.options).JSON()); err != nil {
		return &sandbox.Fault{Code: "MalformedPolicyDocument", Message: err.Error()}
	}
	return nil
}

// within wraps a check of documents so that the law learns of them.
func (l *law) within(check func(*resource.Unit) []spec.Problem) func(*resource.Unit) []spec.Problem {
	if l == nil {
		return check
	}
	return func(u *resource.Unit) []spec.Problem {
		l.learn(u)
		return check(u)
	}
}

// lawOf makes the options of an embedded AWS that enforces a generated policy;
// nil where none is generated.
func lawOf(g *globalOptions, j job) *law {
	if !g.sandboxed() || g.sandboxPolicy != generatedPolicy {
		return nil
	}
	sources := iampolicy.Sources{Git: j.from.git.url, Queue: j.queue}
	if place, err := source.ParsePlace(j.from.s3.place); err == nil {
		sources.S3 = place.String()
	}
	return &law{units: map[string]*resource.Unit{}, options: iampolicy.Options{Owner: g.owner, Account: sandbox.Account, Region: sandbox.Region,
		ReadOnly: j.readOnly, Verify: true, Prune: j.prune.prune, Sources: sources}}
}

// writtenPolicy puts the policy of a file in force.
func writtenPolicy(s *sandbox.Sandbox, path string) error {
	if path == "" || path == generatedPolicy {
		return nil
	}
	data, err := os.ReadFile(path)
	if err != nil {
		return fmt.Errorf("--sandbox-policy: %w", err)
	}
	if err := s.Authorise(operatorKey, data); err != nil {
		return fmt.Errorf("--sandbox-policy %s: %w", path, err)
	}
	return nil
}
