package main

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/ecs-operator/ecs-operator/pkg/diff"
	"github.com/ecs-operator/ecs-operator/pkg/plan"
	"github.com/ecs-operator/ecs-operator/pkg/reconcile"
	"github.com/ecs-operator/ecs-operator/pkg/spec"
)

// commentLimit is what GitHub takes as one comment. Bytes are counted, of which a
// character has at least one.
const commentLimit = 65536

// Shares of the limit, so that every part has its place.
const (
	tableShare   = 24 << 10
	problemShare = 4 << 10
	blockShare   = 16 << 10 // of one service
	footShare    = 1 << 10
	widestLine   = 600
)

// diffMarkdown renders a diff as the comment of a pull request: gravest first,
// what is in sync left out, never longer than a comment may be.
type diffMarkdown struct {
	revision, account, region string
	at                        time.Time
	sandbox                   bool
	totals                    diffTotals
	outcomes                  []reconcile.Outcome
	problems                  []spec.Problem
}

// text is the whole comment.
func (d diffMarkdown) text() string {
	shown := slices.DeleteFunc(slices.Clone(d.outcomes), func(o reconcile.Outcome) bool { return !unread(o) && o.Plan.Empty() })
	slices.SortStableFunc(shown, func(a, b reconcile.Outcome) int { return headlineOf(b).rank() - headlineOf(a).rank() })
	several := len(d.environments()) > 1

	var out strings.Builder
	fmt.Fprintf(&out, "<!-- ecs-operator:%s -->\n### ECS: %s\n\n%s\n\n", d.name(), escape(d.name()), escape(d.totals.summary(true)))
	d.writeProblems(&out)
	d.writeTable(&out, shown, several)
	foot := d.foot()
	left := 0
	for _, o := range shown {
		if left == 0 {
			if block := serviceBlock(o, several); out.Len()+len(block)+footShare+len(foot) < commentLimit {
				out.WriteString(block)
				continue
			}
		}
		left++ // by service, in order: nothing graver is left out than what is shown
	}
	if left > 0 {
		fmt.Fprintf(&out, "**%s not shown in full**, because a comment has its limits: see `ecs-operator diff` in the pipeline's log.\n\n", verbed(left, "service is", "services are"))
	}
	out.WriteString(foot)
	return out.String()
}

func verbed(n int, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return fmt.Sprintf("%d %s", n, many)
}

// environments are the places that the services belong to.
func (d diffMarkdown) environments() []string {
	var out []string
	for _, o := range d.outcomes {
		name := o.Plan.Environment
		if name == "" {
			name = o.Plan.Unit.Target
		}
		if !slices.Contains(out, name) {
			out = append(out, name)
		}
	}
	slices.Sort(out)
	return out
}

// name is what the hidden marker says, by which a bot finds the comment again: it
// can hold nothing that ends an HTML comment.
func (d diffMarkdown) name() string {
	safe := strings.Map(func(r rune) rune {
		if r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || r == '_' || r == '.' {
			return r
		}
		return '-'
	}, strings.Join(d.environments(), "."))
	for strings.Contains(safe, "--") {
		safe = strings.ReplaceAll(safe, "--", "-")
	}
	safe = strings.Trim(safe, "-")
	if len(safe) > 100 {
		safe = safe[:100]
	}
	if safe == "" {
		return "default"
	}
	return safe
}

// writeProblems lists the documents that cannot be used.
func (d diffMarkdown) writeProblems(out *strings.Builder) {
	n, rest, room := 0, 0, out.Len()+problemShare
	for _, p := range d.problems {
		if p.Severity != spec.Error {
			continue
		}
		line := "- ⚠ " + escape(cut(oneLine(p.String()), widestLine)) + "\n"
		if out.Len()+len(line) > room {
			rest++
			continue
		}
		if n++; n == 1 {
			out.WriteString("**These documents cannot be used:**\n\n")
		}
		out.WriteString(line)
	}
	if rest > 0 {
		fmt.Fprintf(out, "- and %d more\n", rest)
	}
	if n > 0 {
		out.WriteString("\n")
	}
}

// writeTable has a row for each service with differences, as many as there is room for.
func (d diffMarkdown) writeTable(out *strings.Builder, shown []reconcile.Outcome, several bool) {
	if len(shown) == 0 {
		return
	}
	out.WriteString("| | service | consequence | resources |\n|---|---|---|---|\n")
	room := out.Len() + tableShare
	for i, o := range shown {
		h := headlineOf(o)
		sign := ""
		if h.grave() {
			sign = "⚠"
		}
		row := fmt.Sprintf("| %s | %s | %s | %s |\n", sign, escape(title(o, several)), consequenceCell(h), escape(resourceList(o.Plan)))
		if out.Len()+len(row) > room {
			fmt.Fprintf(out, "| | and %s | | |\n", count(len(shown)-i, "more service"))
			break
		}
		out.WriteString(row)
	}
	out.WriteString("\n")
}

// title names a service, with its environment where there are several.
func title(o reconcile.Outcome, several bool) string {
	name := o.Plan.Unit.Name + " · " + o.Plan.Unit.Cluster
	if several {
		name += " · " + strings.TrimPrefix(strings.TrimPrefix(placeOf(o), "environment "), "target ")
	}
	return cut(name, 200)
}

func consequenceCell(h headline) string {
	words := escape(h.words)
	if h.effect.Rank() >= diff.NewDeployment.Rank() || h.grave() {
		words = "**" + words + "**"
	}
	return strings.TrimSpace(words + " " + escape(strings.TrimPrefix(h.detail, "⚠ ")))
}

// resourceList names the objects that the plan writes or holds back.
func resourceList(p plan.Plan) string {
	const most = 6
	var names []string
	for _, s := range p.Steps {
		if s.Action == plan.ActionNone && s.Blocked == "" {
			continue
		}
		name := strings.TrimSpace(kindNoun(s.ID.Kind) + " " + s.ID.Name)
		if !slices.Contains(names, name) {
			names = append(names, name)
		}
	}
	if n := len(names); n > most {
		names = append(names[:most:most], fmt.Sprintf("%d more", n-most))
	}
	return cut(strings.Join(names, ", "), 300)
}

// serviceBlock is one service, folded away.
func serviceBlock(o reconcile.Outcome, several bool) string {
	var lines []string
	if o.Err != nil {
		lines = []string{"! " + plainLine(o.Err.Error())}
	}
	if q := o.Plan.Quarantine; q != nil {
		lines = append(lines, "! "+plainLine(fmt.Sprintf("this content failed in deployment %s (%s): it will be quarantined", q.Deployment, q.Cause)))
	}
	for _, s := range o.Plan.Steps {
		if shown(s) {
			lines = append(lines, stepLines(s)...)
		}
	}
	size := 0
	for i, line := range lines {
		if size += len(line) + 1; size > blockShare {
			lines = append(lines[:i:i], fmt.Sprintf("# … and %d more lines", len(lines)-i))
			break
		}
	}
	body := strings.Join(lines, "\n")
	fence := fenceFor(body)
	h := headlineOf(o)
	sign := ""
	if h.grave() {
		sign = "⚠ "
	}
	return fmt.Sprintf("<details><summary>%s<b>%s</b> · %s</summary>\n\n%sdiff\n%s\n%s\n\n</details>\n\n",
		sign, escape(title(o, several)), escape(joinDetail(h.words, strings.TrimPrefix(h.detail, "⚠ "))), fence, body, fence)
}

// fenceFor is a fence that nothing in the body can close.
func fenceFor(body string) string {
	longest, run := 2, 0
	for _, r := range body {
		if r == '`' {
			run++
			longest = max(longest, run)
		} else {
			run = 0
		}
	}
	return strings.Repeat("`", longest+1)
}

// stepLines are one object in the form that GitHub colours as a diff.
func stepLines(s plan.Step) []string {
	_, consequence := diffText{p: newPalette(false)}.action(s)
	lines := []string{"@@ " + plainLine(strings.TrimSpace(kindNoun(s.ID.Kind)+" "+s.ID.Name)+" · "+consequence) + " @@"}
	if s.Blocked != "" {
		lines = append(lines, "! "+plainLine("blocked: "+string(s.Blocked)+" · "+s.Why))
	}
	for _, note := range s.Notes {
		lines = append(lines, "# "+plainLine(note))
	}
	for _, c := range forPeople(changesOf(s)) {
		path := specPath(s.Section, c.Path)
		tail := ""
		if c.Note != "" || c.Reason == diff.FromDrift {
			c.Pos = "" // a reviewer has the file before him
			tail = "   # " + changeTail(c)
		}
		before, after := values(s, c)
		switch {
		case c.Informational:
			lines = append(lines, "# "+plainLine(path+": "+arrow(before, after)+tail))
		case isMultiline(c):
			lines = append(lines, multilineLines(path, c)...)
		default:
			if before != "" {
				lines = append(lines, "- "+plainLine(path+": "+before))
			}
			if after != "" {
				lines = append(lines, "+ "+plainLine(path+": "+after))
			}
			lines[len(lines)-1] += plainLine(tail)
		}
	}
	return lines
}

// multilineLines are the lines of a long text that differ.
func multilineLines(path string, c diff.Change) []string {
	lines := []string{"  " + plainLine(path+":")}
	for _, text := range unifiedLines(c) {
		sign, rest := text[:1], text[1:]
		if sign == "@" {
			sign, rest = " ", text
		}
		lines = append(lines, sign+"     "+plainLine(rest))
	}
	return lines
}

// plainLine is a text that stays on its line and is no longer than people read.
func plainLine(s string) string { return cut(strings.TrimRight(visible(s), " "), widestLine) }

// markup are the characters that mean something to Markdown or HTML, each as
// what shows it and means nothing. Behind @ and # stands a space of no width, or
// GitHub would call people and link issues.
var markup = strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;", `"`, "&quot;", "|", "&#124;", "`", "&#96;",
	"*", "&#42;", "_", "&#95;", "[", "&#91;", "]", "&#93;", "~", "&#126;", "\\", "&#92;", "$", "&#36;",
	"!", "&#33;", "@", "@\u200b", "#", "#\u200b", "://", ":\u200b//", "www.", "www\u200b.")

// escape makes a text safe within a table cell and within HTML.
func escape(s string) string { return markup.Replace(plainLine(s)) }

// foot says what this was made from.
func (d diffMarkdown) foot() string {
	parts := []string{"commit " + d.revision, d.at.UTC().Format("2006-01-02 15:04 UTC")}
	if d.account != "" {
		parts = append(parts, "account "+d.account+" "+d.region)
	}
	if d.sandbox {
		parts = append(parts, "embedded AWS (sandbox)")
	}
	return "<sub>" + escape(cut(strings.Join(append(parts, "no changes were applied"), " · "), 500)) + "</sub>\n"
}
