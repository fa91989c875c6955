package main

import (
	"fmt"
	"io"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/ecs-operator/ecs-operator/pkg/diff"
	"github.com/ecs-operator/ecs-operator/pkg/plan"
	"github.com/ecs-operator/ecs-operator/pkg/reconcile"
	"github.com/ecs-operator/ecs-operator/pkg/resource"
)

// diffText renders plans for people. Symbols carry the meaning: + ~ - and ! for
// what is only shown or held back.
type diffText struct {
	w   io.Writer
	p   palette
	all bool // also what is in sync
	// fields lists every field with its owner.
	fields bool
	// width of the terminal, 0 for none: nothing is cut then.
	width int
}

// write shows the outcomes, under a heading for each place where there are
// several, and what nobody should miss once more at the end.
func (d diffText) write(outcomes []reconcile.Outcome) {
	places := map[string]bool{}
	for _, o := range outcomes {
		places[placeOf(o)] = true
	}
	last := ""
	shown := 0
	for _, o := range byPlace(outcomes) {
		if place := placeOf(o); len(places) > 1 && place != last {
			d.printf("%s\n\n", d.p.bold("== "+place+" =="))
			last = place
		}
		if o.Err == nil && o.Plan.Empty() && !hasNotes(o.Plan) {
			if d.all {
				d.printf("%s  %s  %s\n", d.p.bold(o.Plan.Unit.Name), o.Plan.Unit.Cluster, d.p.dim("in sync"))
				d.owners(o.Plan)
				d.printf("\n")
			}
			continue
		}
		shown++
		d.unit(o)
	}
	if shown > 1 {
		d.worst(outcomes)
	}
}

// placeOf names the environment of a service, or else its target.
func placeOf(o reconcile.Outcome) string {
	if o.Plan.Environment != "" {
		return "environment " + o.Plan.Environment
	}
	return "target " + o.Plan.Unit.Target
}

// byPlace sorts outcomes by place, and leaves the order otherwise.
func byPlace(outcomes []reconcile.Outcome) []reconcile.Outcome {
	out := slices.Clone(outcomes)
	slices.SortStableFunc(out, func(a, b reconcile.Outcome) int { return strings.Compare(placeOf(a), placeOf(b)) })
	return out
}

// worst repeats the headlines that nobody should miss, gravest first: in a long
// diff they have left the screen.
func (d diffText) worst(outcomes []reconcile.Outcome) {
	grave := slices.DeleteFunc(slices.Clone(outcomes), func(o reconcile.Outcome) bool {
		return !unread(o) && o.Plan.Empty() || !headlineOf(o).grave()
	})
	if len(grave) == 0 {
		return
	}
	slices.SortStableFunc(grave, func(a, b reconcile.Outcome) int { return headlineOf(b).rank() - headlineOf(a).rank() })
	d.printf("%s\n", d.p.bold("Look at these first:"))
	for _, o := range grave {
		d.printf("  %s %s  %s: %s\n", d.p.loud("⚠"), o.Plan.Unit.Name, o.Plan.Unit.Cluster, d.title(headlineOf(o)))
	}
	d.printf("\n")
}

// hasNotes reports whether an otherwise empty plan has something to tell.
func hasNotes(p plan.Plan) bool {
	return slices.ContainsFunc(p.Steps, shown)
}

func (d diffText) unit(o reconcile.Outcome) {
	head := d.p.bold(o.Plan.Unit.Name) + "  " + o.Plan.Unit.Cluster
	if o.Err != nil {
		d.printf("%s\n  %s %s\n\n", head, d.p.bad("!"), oneLine(o.Err.Error()))
		return
	}
	if !o.Plan.Empty() || unread(o) {
		head += pad(o.Plan.Unit.Name+"  "+o.Plan.Unit.Cluster, 48) + "→ " + d.title(headlineOf(o))
	}
	d.printf("%s\n", head)
	if q := o.Plan.Quarantine; q != nil {
		d.printf("  %s this content failed in deployment %s (%s): it will be quarantined\n", d.p.bad("!"), q.Deployment, q.Cause)
	}
	for _, s := range o.Plan.Steps {
		if shown(s) {
			d.step(s)
		}
	}
	d.owners(o.Plan)
	d.printf("\n")
}

// title says in capitals what the running tasks will feel.
func (d diffText) title(h headline) string {
	words := h.words
	switch {
	case h.unread:
		words = d.p.bad(words)
	case h.words == "NEW SERVICE":
		words = d.p.good(words)
	case h.grave():
		words = d.p.loud(words)
	case h.effect.Rank() >= diff.TasksLater.Rank():
		words = d.p.warn(words)
	}
	if h.detail == "" {
		return words
	}
	return words + "  " + h.detail
}

func (d diffText) step(s plan.Step) {
	symbol, consequence := d.action(s)
	name := kindNoun(s.ID.Kind)
	if s.ID.Name != "" {
		name += " " + s.ID.Name
	}
	d.printf("  %s %s%s%s\n", symbol, name, pad("  "+name, 48), consequence)
	if s.Blocked != "" {
		d.printf("      %s %s\n", d.p.loud("blocked: "+string(s.Blocked)), d.p.dim("·")+" "+oneLine(s.Why))
	}
	for _, note := range s.Notes {
		d.printf("      %s\n", d.p.warn("note: ")+oneLine(note))
	}
	d.changes(s)
}

// action is the symbol of a step and what follows from it.
func (d diffText) action(s plan.Step) (symbol, consequence string) {
	switch s.Action {
	case plan.ActionCreate:
		return d.p.good("+"), "create"
	case plan.ActionDelete:
		return d.p.bad("-"), "delete" + because(s)
	case plan.ActionReplace:
		return d.p.loud("~"), string(diff.Worst(diff.Replacement, s.Effect))
	case plan.ActionAdopt:
		return d.p.warn("~"), "adopt: writes our tags only"
	case plan.ActionRun:
		return d.p.warn("»"), "run a task " + hookTurn(s)
	case plan.ActionUpdate:
		if s.ID.Kind == resource.KindTaskDefinition {
			return d.p.warn("~"), "new revision"
		}
		return d.p.warn("~"), string(s.Effect)
	}
	if s.Blocked != "" {
		return d.p.loud("!"), "held back"
	}
	if s.Stray {
		return d.p.dim("!"), "left alone" + because(s)
	}
	return d.p.dim("!"), "only shown"
}

// shown reports whether there is anything to tell of a step.
func shown(s plan.Step) bool {
	return s.Action != plan.ActionNone || s.Blocked != "" || len(s.Changes)+len(s.Notes) > 0 || s.Why != ""
}

// because is why an object goes that nothing holds back, in brackets.
func because(s plan.Step) string {
	if s.Why == "" || s.Blocked != "" {
		return ""
	}
	return " (" + oneLine(s.Why) + ")"
}

// printf prints whole lines.
func (d diffText) printf(format string, args ...any) {
	text := fmt.Sprintf(format, args...)
	if d.width > 0 {
		var folded strings.Builder
		for line := range strings.Lines(text) {
			bare, end := strings.CutSuffix(line, "\n")
			folded.WriteString(fold(bare, d.width))
			if end {
				folded.WriteString("\n")
			}
		}
		text = folded.String()
	}
	_, _ = io.WriteString(d.w, text)
}

// pad fills up to a column after text was printed, with at least two spaces.
func pad(text string, column int) string {
	return strings.Repeat(" ", max(2, column-utf8.RuneCountInString(text)))
}
