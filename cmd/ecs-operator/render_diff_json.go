package main

import (
	"context"
	"time"

	"github.com/ecs-operator/ecs-operator/pkg/diff"
	"github.com/ecs-operator/ecs-operator/pkg/plan"
	"github.com/ecs-operator/ecs-operator/pkg/reconcile"
	"github.com/ecs-operator/ecs-operator/pkg/status"
)

// diffVersion is the apiVersion of `diff -o json`.
const diffVersion = "ecs-operator/diff/v1"

// diffReport is `diff -o json`, a promise: fields are added, never changed.
type diffReport struct {
	frame
	Owner       string        `json:"owner"`
	Scope       string        `json:"scope,omitempty"`
	GeneratedAt time.Time     `json:"generatedAt"`
	Summary     diffTotals    `json:"summary"`
	Services    []diffService `json:"services"`
	Problems    []problemJSON `json:"problems"`
	Exit        int           `json:"exit"`
}

type diffService struct {
	Name     string      `json:"name"`
	Cluster  string      `json:"cluster"`
	Target   string      `json:"target"`
	Account  string      `json:"account,omitempty"`
	Region   string      `json:"region,omitempty"`
	Effect   diff.Effect `json:"effect"`
	Downtime bool        `json:"downtime"`
	Error    string      `json:"error,omitempty"`
	// Environment that the document was made for, "" for none.
	Environment string `json:"environment,omitempty"`
	// Headline is what the running tasks will feel, in words that may change;
	// Consequence says it as data.
	Headline    string            `json:"headline,omitempty"`
	Consequence *plan.Consequence `json:"consequence,omitempty"`
	Resources   []diffResource    `json:"resources"`
	// Plan is what apply --plan goes by; nil where the service could not be compared.
	Plan *plan.Seal `json:"plan,omitempty"`
}

// place says where the service's target is, as far as that is known.
func (s *diffService) place(ctx context.Context, m *machine) {
	if clients, err := m.pool.For(ctx, s.Target); err == nil {
		s.Account, s.Region = clients.Account, clients.Region
	}
}

type diffResource struct {
	Kind    string        `json:"kind"`
	ID      string        `json:"id"`
	ARN     string        `json:"arn,omitempty"`
	Action  plan.Action   `json:"action"`
	Effect  diff.Effect   `json:"effect"`
	Blocked status.Reason `json:"blocked,omitempty"`
	Why     string        `json:"why,omitempty"`
	// Stray: no document names the object (or another of the same id has taken its
	// place). After is what must have happened before the step is done.
	Stray   bool          `json:"stray,omitempty"`
	After   string        `json:"after,omitempty"`
	Notes   []string      `json:"notes,omitempty"`
	Changes []diff.Change `json:"changes"`
	Fields  []diff.Field  `json:"fields,omitempty"` // with -v: all places, with their owners
}

// diffJSON lists what differs; what is in sync only with all.
func diffJSON(outcomes []reconcile.Outcome, all bool) []diffService {
	out := []diffService{}
	for _, o := range outcomes {
		if o.Err == nil && o.Plan.Empty() && !all {
			continue
		}
		s := diffService{
			Name: o.Plan.Unit.Name, Cluster: o.Plan.Unit.Cluster, Target: o.Plan.Unit.Target, Environment: o.Plan.Environment,
			Effect: worstEffect(o.Plan), Resources: resourcesJSON(o.Plan, all),
		}
		s.Downtime = s.Effect == diff.Recreation
		if !unread(o) && !o.Plan.Empty() {
			h, c := headlineOf(o), o.Plan.Consequence
			s.Headline, s.Consequence = joinDetail(h.words, h.detail), &c
		}
		if o.Err != nil {
			s.Error = o.Err.Error()
		} else if o.Plan.Seal.Hash != "" {
			seal := o.Plan.Seal
			s.Plan = &seal
		}
		out = append(out, s)
	}
	return out
}

func resourcesJSON(p plan.Plan, all bool) []diffResource {
	out := []diffResource{}
	for _, s := range p.Steps {
		if !shown(s) && !all {
			continue
		}
		r := diffResource{Kind: kindCamel(s.ID.Kind), ID: s.ID.Name, ARN: s.ARN, Action: s.Action,
			Effect: s.Effect, Blocked: s.Blocked, Why: s.Why, Stray: s.Stray, After: s.After, Notes: s.Notes, Changes: []diff.Change{}}
		if r.ID == "" {
			r.ID = p.Unit.Name
		}
		for _, c := range changesOf(s) {
			c.Path = specPath(s.Section, c.Path)
			r.Changes = append(r.Changes, c)
		}
		for _, f := range s.Fields {
			f.Path = specPath(s.Section, f.Path)
			r.Fields = append(r.Fields, f)
		}
		out = append(out, r)
	}
	return out
}
