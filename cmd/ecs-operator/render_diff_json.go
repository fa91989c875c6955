package main

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
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
	Against     *sourceRef    `json:"against,omitempty"` // the former revision, where two were compared and no AWS
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
	Plan *servicePlan `json:"plan,omitempty"`
}

// servicePlan is the seal of one service's plan, and what binds it to the
// service that it stands in and to what is shown there.
type servicePlan struct {
	plan.Seal
	Shown string `json:"shown,omitempty"` // shownDigest of the service
}

// bind writes the digest of what is shown into the service's plan.
func (s *diffService) bind() error {
	if s.Plan == nil {
		return nil
	}
	data, err := json.Marshal(s)
	if err != nil {
		return err
	}
	s.Plan.Shown, err = shownDigest(data)
	return err
}

// shownDigest is over one service of a report as JSON, however it is laid out,
// but for its plan, and for the account and region, which apply asks AWS for.
func shownDigest(service []byte) (string, error) {
	var shown map[string]any
	d := json.NewDecoder(bytes.NewReader(service))
	d.UseNumber()
	if err := d.Decode(&shown); err != nil {
		return "", err
	}
	for _, name := range []string{"plan", "account", "region"} {
		delete(shown, name)
	}
	canonical, err := json.Marshal(shown)
	if err != nil {
		return "", err
	}
	sum := sha256.Sum256(canonical)
	return hex.EncodeToString(sum[:12]), nil
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
			s.Plan = &servicePlan{Seal: o.Plan.Seal}
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
