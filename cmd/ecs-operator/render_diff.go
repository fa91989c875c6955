package main

import (
	"fmt"
	"io"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/aymanbagabas/go-udiff"

	"github.com/ecs-operator/ecs-operator/pkg/diff"
	"github.com/ecs-operator/ecs-operator/pkg/plan"
	"github.com/ecs-operator/ecs-operator/pkg/reconcile"
	"github.com/ecs-operator/ecs-operator/pkg/resource"
	"github.com/ecs-operator/ecs-operator/pkg/status"
)

// diffTotals is the summary of a diff, for its last lines and its JSON.
type diffTotals struct {
	Services int                 `json:"services"`
	Changed  int                 `json:"changed"`
	Blocked  int                 `json:"blocked"` // services with something held back
	Errors   int                 `json:"errors"`  // services that could not be planned
	InSync   int                 `json:"inSync"`
	Effects  map[diff.Effect]int `json:"effects"` // worst effect of each changed service

	creates, changes, deletes int
}

func totalDiff(outcomes []reconcile.Outcome) diffTotals {
	t := diffTotals{Services: len(outcomes), Effects: map[diff.Effect]int{}}
	for _, o := range outcomes {
		switch {
		case unread(o):
			t.Errors++
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

// unread reports whether a service could not be compared: something of it is
// unknown, and unknown is not absent.
func unread(o reconcile.Outcome) bool {
	return o.Err != nil || slices.ContainsFunc(o.Plan.Steps, func(s plan.Step) bool {
		switch s.Blocked {
		case status.Unobserved, status.Throttled, status.AccessDenied, status.InternalError:
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

// diffText renders plans for people. Symbols carry the meaning: + ~ - and ! for
// what is only shown or held back.
type diffText struct {
	w   io.Writer
	p   palette
	all bool // also what is in sync
}

func (d diffText) write(outcomes []reconcile.Outcome) {
	for _, o := range outcomes {
		if o.Err == nil && o.Plan.Empty() && !hasNotes(o.Plan) {
			if d.all {
				d.printf("%s  %s  %s\n\n", d.p.bold(o.Plan.Unit.Name), o.Plan.Unit.Cluster, d.p.dim("in sync"))
			}
			continue
		}
		d.unit(o)
	}
}

// hasNotes reports whether an otherwise empty plan has something to tell.
func hasNotes(p plan.Plan) bool {
	return slices.ContainsFunc(p.Steps, func(s plan.Step) bool { return len(s.Changes) > 0 })
}

func (d diffText) unit(o reconcile.Outcome) {
	head := d.p.bold(o.Plan.Unit.Name) + "  " + o.Plan.Unit.Cluster
	if o.Err != nil {
		d.printf("%s\n  %s %s\n\n", head, d.p.bad("!"), oneLine(o.Err.Error()))
		return
	}
	if unread(o) {
		head += "  " + d.p.bad("could not be compared")
	} else if title := d.title(o.Plan); title != "" {
		head += pad(o.Plan.Unit.Name+"  "+o.Plan.Unit.Cluster, 48) + "→ " + title
	}
	d.printf("%s\n", head)
	if q := o.Plan.Quarantine; q != nil {
		d.printf("  %s this content failed in deployment %s (%s): it will be quarantined\n", d.p.bad("!"), q.Deployment, q.Cause)
	}
	for _, s := range o.Plan.Steps {
		if s.Action != plan.ActionNone || s.Blocked != "" || len(s.Changes) > 0 {
			d.step(s)
		}
	}
	d.printf("\n")
}

// title says in capitals what the running tasks will feel.
func (d diffText) title(p plan.Plan) string {
	creates := slices.ContainsFunc(p.Steps, func(s plan.Step) bool {
		return s.ID.Kind == resource.KindService && s.Action == plan.ActionCreate
	})
	effect := worstEffect(p)
	switch {
	case creates:
		return d.p.good("NEW SERVICE")
	case effect == diff.Recreation:
		return d.p.loud("RECREATION WITH DOWNTIME") + "  the service is deleted and created"
	case effect == diff.None:
		return ""
	case effect.Rank() >= diff.NewDeployment.Rank():
		return d.p.warn(strings.ToUpper(string(effect)))
	}
	return string(effect)
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
	d.changes(s)
}

// action is the symbol of a step and what follows from it.
func (d diffText) action(s plan.Step) (symbol, consequence string) {
	switch s.Action {
	case plan.ActionCreate:
		return d.p.good("+"), "create"
	case plan.ActionDelete:
		return d.p.bad("-"), "delete"
	case plan.ActionReplace:
		return d.p.loud("~"), string(diff.Replacement)
	case plan.ActionAdopt:
		return d.p.warn("~"), "adopt: writes our tags only"
	case plan.ActionUpdate:
		if s.ID.Kind == resource.KindTaskDefinition {
			return d.p.warn("~"), "new revision"
		}
		return d.p.warn("~"), string(s.Effect)
	}
	if s.Blocked != "" {
		return d.p.loud("!"), "held back"
	}
	return d.p.dim("!"), "only shown"
}

// changes lists fields under the spec's own paths, aligned.
func (d diffText) changes(s plan.Step) {
	type line struct{ symbol, path, value, tail string }
	var lines []line
	width, all := 0, changesOf(s)
	for _, c := range all {
		l := line{symbol: d.opSymbol(c), path: specPath(s.Section, c.Path), value: d.values(s, c), tail: changeTail(c)}
		lines = append(lines, l)
		width = max(width, utf8.RuneCountInString(l.path))
	}
	width = min(width, 80)
	for i, l := range lines {
		d.printf("    %s %s%s  %s", l.symbol, l.path, strings.Repeat(" ", max(0, width-utf8.RuneCountInString(l.path))), l.value)
		if l.tail != "" {
			d.printf("   %s", d.p.dim(l.tail))
		}
		d.printf("\n")
		d.multiline(all[i])
	}
}

func (d diffText) opSymbol(c diff.Change) string {
	switch {
	case c.Informational:
		return d.p.dim("!")
	case c.Op == diff.Add:
		return d.p.good("+")
	case c.Op == diff.Remove:
		return d.p.bad("-")
	}
	return d.p.warn("~")
}

func (d diffText) values(s plan.Step, c diff.Change) string {
	if isMultiline(c) {
		return d.p.dim("(several lines)")
	}
	before, after := showValue(c.Old), showValue(c.New)
	switch {
	case c.Op == diff.Add || s.Action == plan.ActionCreate:
		return after
	case c.Op == diff.Remove:
		return before
	}
	return before + " → " + after
}

// changeTail says where a change comes from.
func changeTail(c diff.Change) string {
	var parts []string
	if c.Pos != "" {
		parts = append(parts, c.Pos)
	}
	if c.Reason != diff.FromSpec && !c.Informational { // a line that went, or a change from outside: nobody remembers which
		parts = append(parts, "not written: back to AWS' default")
	}
	if c.Note != "" {
		parts = append(parts, c.Note)
	}
	return strings.Join(parts, " · ")
}

func isMultiline(c diff.Change) bool {
	before, _ := c.Old.(string)
	after, _ := c.New.(string)
	return !c.Sensitive && (strings.Contains(before, "\n") || strings.Contains(after, "\n"))
}

// multiline prints the lines of a long text that differ.
func (d diffText) multiline(c diff.Change) {
	if !isMultiline(c) {
		return
	}
	before, _ := c.Old.(string)
	after, _ := c.New.(string)
	for text := range strings.Lines(udiff.Unified("live", "spec", ensureNewline(before), ensureNewline(after))) {
		text = strings.TrimRight(text, "\n")
		switch {
		case strings.HasPrefix(text, "---"), strings.HasPrefix(text, "+++"):
			continue
		case strings.HasPrefix(text, "+"):
			text = d.p.good(text)
		case strings.HasPrefix(text, "-"):
			text = d.p.bad(text)
		}
		d.printf("          %s\n", text)
	}
}

func ensureNewline(s string) string {
	if s == "" || strings.HasSuffix(s, "\n") {
		return s
	}
	return s + "\n"
}

func (d diffText) printf(format string, args ...any) {
	_, _ = fmt.Fprintf(d.w, format, args...)
}

// pad fills up to a column after text was printed, with at least two spaces.
func pad(text string, column int) string {
	return strings.Repeat(" ", max(2, column-utf8.RuneCountInString(text)))
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
	return strings.Join(parts, " · ")
}
