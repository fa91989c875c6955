package reconcile

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/ecs-operator/ecs-operator/pkg/awsclient"
	"github.com/ecs-operator/ecs-operator/pkg/iampolicy"
	"github.com/ecs-operator/ecs-operator/pkg/kinds"
	"github.com/ecs-operator/ecs-operator/pkg/resource"
	"github.com/ecs-operator/ecs-operator/pkg/sandbox"
	"github.com/ecs-operator/ecs-operator/pkg/spec"
)

// In every world the operators run under the writer policy that is generated for
// the documents which they have loaded so far, and people have all rights: they
// sign with another key. A refusal that a test does not expect fails it. Without a
// policy are only the engines that are made beside world.engine: the targets' tests,
// which have an AWS each, and the fleets of 1,000 services, whose worlds are their own.

// operatorKey signs what the operators of a world call.
const operatorKey = "AKIAOPERATOR"

// law is what the operators of a world may do.
type law struct {
	mu      sync.Mutex
	seen    map[string]bool
	units   map[string][]*resource.Unit // by owner
	prune   map[string]bool             // by owner
	sources iampolicy.Sources           // of all of them
	changed bool
	refused func(string) bool
}

// learn hears of every unit that an engine loads, as Options.Lint.
func (w *world) learn(e **Engine) func(*resource.Unit) []spec.Problem {
	return func(u *resource.Unit) []spec.Problem {
		l := &w.law
		l.mu.Lock()
		defer l.mu.Unlock()
		owner := (*e).currentFrame().Owner
		key := owner + " " + u.Key.String() + " " + u.Pos + " " + digestOf(u, wantsOf(u)) + fmt.Sprint(len(u.Hooks))
		if l.seen == nil {
			l.seen, l.units, l.prune = map[string]bool{}, map[string][]*resource.Unit{}, map[string]bool{}
		}
		if prune := (*e).o.Prune; prune && !l.prune[owner] {
			l.prune[owner], l.changed = true, true
		}
		if !l.seen[key] {
			l.seen[key], l.changed = true, true
			l.units[owner] = append(l.units[owner], u.With(u.Objects()...))
		}
		return nil
	}
}

// enforce puts the policy of what was learned in force, before the next call.
func (w *world) enforce() {
	l := &w.law
	l.mu.Lock()
	defer l.mu.Unlock()
	if !l.changed {
		return
	}
	l.changed = false
	var all iampolicy.Policy
	for owner, units := range l.units {
		p := iampolicy.For(units, iampolicy.Options{Owner: owner, Account: sandbox.Account, Region: sandbox.Region, Prune: l.prune[owner], Sources: l.sources})
		all.Version = p.Version
		all.Statement = append(all.Statement, p.Statement...)
	}
	if err := w.sandbox.Authorise(operatorKey, all.JSON()); err != nil {
		w.t.Errorf("the generated policy is none: %v\n%s", err, all.JSON())
	}
}

// mayRefuse expects refusals whose text holds a part.
func (w *world) mayRefuse(part string) {
	w.law.refused = func(text string) bool { return strings.Contains(text, part) }
}

// judged fails the test for what the policy refused, and for calls that the table
// of the kinds does not have.
func (w *world) judged() {
	w.t.Helper()
	for _, text := range slices.Compact(w.sandbox.Refusals()) {
		if w.law.refused == nil || !w.law.refused(text) {
			w.t.Errorf("the generated policy lacks what the operator calls: %s", text)
		}
	}
	for _, entry := range w.sandbox.Journal() {
		if entry.AccessKey == operatorKey && !inTable(entry) {
			w.t.Errorf("the operator calls %s %s, which kinds.Calls does not have", entry.Service, entry.Operation)
		}
	}
}

var tabled = sync.OnceValue(func() map[string]bool {
	out := map[string]bool{
		"sts:GetCallerIdentity": true,                                              // needs no permission
		"s3:ListObjectsV2":      true, "s3:GetObject": true, "s3:HeadObject": true, // of the source, allowed by iampolicy.Sources
	}
	for _, c := range kinds.Calls() {
		out[c.Action] = true
	}
	return out
})

func inTable(e sandbox.Entry) bool {
	service := e.Service
	switch service {
	case "monitoring":
		service = "cloudwatch"
	case "tagging":
		service = "tag"
	}
	return tabled()[service+":"+e.Operation]
}

// clients are SDK clients of this world under a key.
func (w *world) clients(key string) *awsclient.Pool {
	w.t.Helper()
	pool, err := awsclient.New(w.t.Context(), awsclient.Options{
		Targets:    map[string]awsclient.Target{resource.DefaultTarget: {Region: sandbox.Region}},
		HTTPClient: &http.Client{Transport: w.sandbox.Transport()}, Endpoint: "http://sandbox.invalid",
		Static: true, AccessKey: key, Unlimited: true,
	})
	if err != nil {
		w.t.Fatal(err)
	}
	return pool
}

// TestPolicyBites: without its statements the world's policy refuses, and the
// world's test would fail.
func TestPolicyBites(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world) {
		w.mayRefuse("ecs:CreateService")
		w.files.put("a.yaml", hello("a", "nginx:1.29"))
		e := w.engine()
		w.load(e)
		w.enforce()
		if err := w.sandbox.Authorise(operatorKey, []byte(strings.Replace(w.policyText(), `"ecs:CreateService"`, `"ecs:CreateNothing"`, 1))); err != nil {
			t.Fatal(err)
		}
		out := w.apply(e, ApplyOptions{})
		if len(w.sandbox.Refusals()) == 0 || out["a"].Err == nil {
			t.Errorf("nothing was refused: %v", out["a"].Status)
		}
	})
}

// policyText is the policy of the one owner of this world.
func (w *world) policyText() string {
	for owner, units := range w.law.units {
		return string(iampolicy.For(units, iampolicy.Options{Owner: owner}).JSON())
	}
	return ""
}
