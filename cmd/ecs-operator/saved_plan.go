package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"slices"
	"strings"

	"github.com/ecs-operator/ecs-operator/pkg/plan"
	"github.com/ecs-operator/ecs-operator/pkg/reconcile"
	"github.com/ecs-operator/ecs-operator/pkg/resource"
)

// savedPlan is what apply reads of `diff -o json`.
type savedPlan struct {
	frame
	Owner    string         `json:"owner"`
	Scope    string         `json:"scope"`
	Services []savedService `json:"services"`

	name  string // of the file, for messages
	seals map[resource.UnitKey]plan.Seal
}

type savedService struct {
	Name    string       `json:"name"`
	Cluster string       `json:"cluster"`
	Target  string       `json:"target"`
	Account string       `json:"account"`
	Region  string       `json:"region"`
	Error   string       `json:"error"`
	Plan    *servicePlan `json:"plan"`

	shown string // digest of the rest, as it stands in the file
}

// UnmarshalJSON keeps the digest of what the service shows.
func (s *savedService) UnmarshalJSON(data []byte) error {
	type plain savedService
	if err := json.Unmarshal(data, (*plain)(s)); err != nil {
		return err
	}
	var err error
	s.shown, err = shownDigest(data)
	return err
}

func (s savedService) key() resource.UnitKey {
	return resource.UnitKey{Target: s.Target, Cluster: s.Cluster, Name: s.Name}
}

// maxPlanFile bounds what is read: ten thousand services are some 100 MB.
const maxPlanFile = 256 << 20

// readPlan reads a saved plan from a file, "-" being stdin, and refuses whatever
// is not one.
func readPlan(c *console, file string) (*savedPlan, error) {
	p := &savedPlan{name: file}
	in := c.in
	if file == "-" {
		p.name = "stdin"
	} else {
		f, err := os.Open(file)
		if err != nil {
			return nil, fmt.Errorf("--plan %s cannot be read: %w", file, errors.Unwrap(err))
		}
		defer func() { _ = f.Close() }()
		in = f
	}
	data, err := io.ReadAll(io.LimitReader(in, maxPlanFile+1))
	switch {
	case err != nil:
		return nil, fmt.Errorf("--plan %s cannot be read: %w", p.name, err)
	case len(data) > maxPlanFile:
		return nil, fmt.Errorf("--plan %s: more than %d MiB is no plan", p.name, maxPlanFile>>20)
	case len(bytes.TrimSpace(data)) == 0:
		return nil, fmt.Errorf("--plan %s is empty: save one with 'ecs-operator diff -o json PATH... > plan.json', and look at what diff said", p.name)
	}
	if err := p.decode(data); err != nil {
		return nil, fmt.Errorf("--plan %s%w", p.name, err)
	}
	return p, p.check()
}

// decode reads one JSON value and nothing behind it. Its errors begin with the place.
func (p *savedPlan) decode(data []byte) error {
	if err := json.Unmarshal(data, p); err != nil {
		var syntax *json.SyntaxError
		var kind *json.UnmarshalTypeError
		switch {
		case errors.As(err, &syntax):
			return fmt.Errorf("%s: this is not JSON as diff writes it: %s", position(data, syntax.Offset), syntax)
		case errors.As(err, &kind):
			return fmt.Errorf("%s: %s holds %s, where a plan has something else", position(data, kind.Offset), kind.Field, jsonKind(kind.Value))
		}
		return fmt.Errorf(": %w", err)
	}
	return nil
}

// jsonKind is what encoding/json calls a value, with its article.
func jsonKind(value string) string {
	switch word, _, _ := strings.Cut(value, " "); word {
	case "array", "object":
		return "an " + word
	case "bool", "string", "number":
		return "a " + word
	}
	return value
}

// position is ":line:column" of an offset.
func position(data []byte, offset int64) string {
	before := data[:min(max(offset-1, 0), int64(len(data)))]
	return fmt.Sprintf(":%d:%d", bytes.Count(before, []byte("\n"))+1, len(before)-bytes.LastIndexByte(before, '\n'))
}

// check holds the file against what diff writes, and reports all that is wrong.
func (p *savedPlan) check() error {
	const again = "save one with 'ecs-operator diff -o json PATH... > plan.json'"
	if p.APIVersion != diffVersion {
		kind, isOurs := strings.CutPrefix(p.APIVersion, "ecs-operator/")
		switch {
		case strings.HasPrefix(kind, "diff/") && isOurs:
			return fmt.Errorf("--plan %s is a plan of version %q, and this ecs-operator knows %q: %s", p.name, p.APIVersion, diffVersion, again)
		case isOurs:
			return fmt.Errorf("--plan %s is the output of another command (apiVersion %q): %s", p.name, p.APIVersion, again)
		}
		return fmt.Errorf("--plan %s is not a plan (apiVersion %q): %s", p.name, p.APIVersion, again)
	}
	if p.Services == nil {
		return fmt.Errorf("--plan %s has no services: it was cut, or is not the whole output of diff: %s", p.name, again)
	}
	p.seals = map[resource.UnitKey]plan.Seal{}
	var errs []error
	bad := func(i int, s savedService, format string, args ...any) {
		errs = append(errs, fmt.Errorf("--plan %s: services[%d] (%s): %s", p.name, i, s.Name, fmt.Sprintf(format, args...)))
	}
	for i, s := range p.Services {
		_, twice := p.seals[s.key()]
		switch {
		case s.Name == "" || s.Cluster == "" || s.Target == "":
			bad(i, s, "it has no name, cluster or target")
		case twice:
			bad(i, s, "it stands there twice")
		case s.Error != "":
			bad(i, s, "it could not be compared when the plan was saved (%s); run diff again", oneLine(s.Error))
		case s.Plan == nil || s.Plan.Hash == "":
			bad(i, s, "it holds no plan, as an older ecs-operator wrote it; run diff again with this one")
		case !s.Plan.Whole():
			bad(i, s, "its plan was edited or damaged after it was saved; run diff again")
		case s.Plan.Shown != s.shown:
			bad(i, s, "what it shows was edited after it was saved, or its plan is another service's; run diff again")
		default:
			p.seals[s.key()] = s.Plan.Seal
		}
	}
	return errors.Join(errs...)
}

// fits refuses a plan that was made for another place or in another name.
func (p *savedPlan) fits(ctx context.Context, m *machine, g *globalOptions) error {
	var errs []error
	differ := func(what, saved, now string) {
		if saved != now {
			errs = append(errs, fmt.Errorf("--plan %s was made for %s %q, and this is %q: nothing was written", p.name, what, saved, now))
		}
	}
	differ("--owner", p.Owner, g.owner)
	differ("--scope", p.Scope, g.scope)
	if p.Sandbox != (m.embedded != nil) {
		where := map[bool]string{true: "the embedded AWS (--sandbox)", false: "a real AWS"}
		return fmt.Errorf("--plan %s was made for %s, and this is %s: nothing was written", p.name, where[p.Sandbox], where[m.embedded != nil])
	}
	told := map[string]bool{}
	for _, s := range p.Services {
		if told[s.Target] {
			continue
		}
		told[s.Target] = true
		clients, err := m.pool.For(ctx, s.Target)
		if err != nil {
			errs = append(errs, err)
			continue
		}
		differ("the account", s.Account, clients.Account)
		differ("the region", s.Region, clients.Region)
	}
	return errors.Join(errs...)
}

// apply carries the plan out: its units and no others.
func (p *savedPlan) apply(ctx context.Context, m *machine, loaded reconcile.Loaded, o reconcile.ApplyOptions) []reconcile.Outcome {
	o.Saved = p.seals
	units := reconcile.Needed(loaded.Units, p.seals)
	have := map[resource.UnitKey]bool{}
	var out []reconcile.Outcome
	for i, outcome := range m.Apply(ctx, units, o) {
		if _, ok := p.seals[units[i].Key]; ok {
			have[units[i].Key] = true
			out = append(out, outcome)
		}
	}
	for _, key := range slices.SortedFunc(maps.Keys(p.seals), func(a, b resource.UnitKey) int { return strings.Compare(a.String(), b.String()) }) {
		if have[key] {
			continue
		}
		why := "its document is gone since the plan was saved. Nothing was written; run diff again"
		if problem, frozen := loaded.Frozen[key.TagValue()]; frozen {
			why = "its document cannot be used any more: " + problem.String()
		}
		out = append(out, reconcile.Vanished(key, why))
	}
	return out
}
