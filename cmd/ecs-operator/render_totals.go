package main

import (
	"fmt"
	"slices"
	"strings"

	"github.com/ecs-operator/ecs-operator/pkg/diff"
	"github.com/ecs-operator/ecs-operator/pkg/plan"
	"github.com/ecs-operator/ecs-operator/pkg/reconcile"
	"github.com/ecs-operator/ecs-operator/pkg/status"
)

// diffTotals is the summary of a diff, for its last lines and its JSON.
type diffTotals struct {
	Services int `json:"services"`
	Changed  int `json:"changed"`
	Blocked  int `json:"blocked"` // services with something held back
	Errors   int `json:"errors"`  // services that could not be planned
	InSync   int `json:"inSync"`
	// NoDocument are services that no document names, and of which nothing is done.
	NoDocument int                 `json:"noDocument"`
	Effects    map[diff.Effect]int `json:"effects"` // worst effect of each changed service

	creates, changes, deletes int
}

func totalDiff(outcomes []reconcile.Outcome) diffTotals {
	t := diffTotals{Services: len(outcomes), Effects: map[diff.Effect]int{}}
	for _, o := range outcomes {
		switch {
		case unread(o):
			t.Errors++
			continue
		case o.Plan.Empty() && undocumented(o.Plan):
			t.NoDocument++
			continue
		case o.Plan.Empty():
			t.InSync++
			continue
		}
		t.Changed++
		t.Effects[worstEffect(o.Plan)]++
		blocked := false
		for _, s := range o.Plan.Steps {
			blocked = blocked || s.Blocked != ""
			switch s.Action {
			case plan.ActionCreate:
				t.creates++
			case plan.ActionUpdate, plan.ActionReplace, plan.ActionAdopt:
				t.changes++
			case plan.ActionDelete:
				t.deletes++
			}
		}
		if blocked {
			t.Blocked++
		}
	}
	return t
}

// undocumented reports whether a plan is of a service that no document names: each
// object that a document has is a step of its own.
func undocumented(p plan.Plan) bool {
	return len(p.Steps) > 0 && !slices.ContainsFunc(p.Steps, func(s plan.Step) bool { return !s.Stray })
}

// unread reports whether a service could not be compared: something of it is
// unknown, and unknown is not absent.
func unread(o reconcile.Outcome) bool {
	return o.Err != nil || slices.ContainsFunc(o.Plan.Steps, func(s plan.Step) bool {
		switch s.Blocked {
		case status.Unobserved, status.Throttled, status.AccessDenied, status.WrongAccount, status.InternalError:
			return s.Action == plan.ActionNone
		}
		return false
	})
}

// worstEffect is what a plan does to running tasks, blocked steps included:
// what is held back is still what the file asks for.
func worstEffect(p plan.Plan) diff.Effect {
	worst := diff.None
	for _, s := range p.Steps {
		worst = diff.Worst(worst, s.Effect)
	}
	return worst
}

// summary is the closing line of a diff.
func (t diffTotals) summary(all bool) string {
	var parts []string
	if t.Changed > 0 {
		var effects []string
		for e, n := range t.Effects {
			if e != diff.None {
				effects = append(effects, fmt.Sprintf("%d %s", n, e))
			}
		}
		slices.Sort(effects)
		if t.Blocked > 0 {
			effects = append(effects, fmt.Sprintf("%d blocked", t.Blocked))
		}
		text := count(t.Changed, "service") + " with differences"
		if len(effects) > 0 {
			text += ": " + strings.Join(effects, ", ")
		}
		parts = append(parts, text, fmt.Sprintf("%d create %d change %d delete", t.creates, t.changes, t.deletes))
	}
	if t.Errors > 0 {
		parts = append(parts, count(t.Errors, "service")+" that could not be compared")
	}
	if t.InSync > 0 {
		text := fmt.Sprintf("%s in sync", count(t.InSync, "service"))
		if t.Changed > 0 && !all {
			text += " (hidden, --all)"
		}
		parts = append(parts, text)
	}
	if t.NoDocument > 0 {
		parts = append(parts, count(t.NoDocument, "service")+" without a document, left alone")
	}
	return strings.Join(parts, " · ")
}
