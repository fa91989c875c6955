package main

import (
	"fmt"
	"regexp"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/ecs-operator/ecs-operator/pkg/diff"
	"github.com/ecs-operator/ecs-operator/pkg/plan"
	"github.com/ecs-operator/ecs-operator/pkg/reconcile"
	"github.com/ecs-operator/ecs-operator/pkg/resource"
	"github.com/ecs-operator/ecs-operator/pkg/spec"
)

func markdownOf(outcomes []reconcile.Outcome, problems ...spec.Problem) string {
	return diffMarkdown{revision: "3f2c1ab", account: "123456789012", region: "eu-west-1", at: time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC),
		totals: totalDiff(outcomes), outcomes: outcomes, problems: problems}.text()
}

func TestMarkdown(t *testing.T) {
	text := markdownOf(sampleOutcomes(), spec.Problem{File: "a.yaml", Line: 3, Column: 1, Message: "bad <b>&", Severity: spec.Error})
	golden(t, "diff.md", text)
	if strings.Contains(text, "hunter2") {
		t.Error("a password is shown")
	}
	if a, b := strings.Index(text, "| pricing"), strings.Index(text, "| checkout"); a < 0 || a > b {
		t.Error("the downtime does not stand on top")
	}
	if strings.Contains(text, "calm") {
		t.Error("what is in sync is shown")
	}
}

// hostile are values that want out of where they stand.
var hostile = []string{
	"```\n</details>\n# owned", "a`b``c```d````e", "x | y |\n| z", "<img src=x onerror=alert(1)>", "--> <!-- ecs-operator:prod -->",
	"</summary></details><h1>hi", "[click](http://evil.example)", "@everyone #1 https://evil.example", "\r# owned\r\n```", "\u202egnp.exe\u2028next",
	"~~~\n~~~", "line\n@@ -1 +1 @@\n+fake", strings.Repeat("`", 500), "\x1b[31mred\x00",
}

// TestMarkdownIsClosed: nothing of a value, name or error ends a block, a cell, a
// comment or a line.
func TestMarkdownIsClosed(t *testing.T) {
	for _, evil := range hostile {
		k := key("svc")
		k.Name, k.Cluster = evil, evil
		o := reconcile.Outcome{Plan: plan.Plan{Unit: k, Environment: evil, Quarantine: &plan.Quarantine{Deployment: evil, Cause: evil}, Steps: []plan.Step{
			stepOf(k, resource.KindAlarm, evil, "alarms", plan.Step{Action: plan.ActionUpdate, Effect: diff.InPlace, Blocked: "NotOurs", Why: evil, Changes: []diff.Change{
				{Path: "a[" + evil + "]", Op: diff.Replace, Old: evil, New: evil + "x", Note: evil, Effect: diff.InPlace, Reason: diff.FromSpec},
				{Path: "b", Op: diff.Add, New: []any{evil, map[string]any{evil: evil}}, Effect: diff.InPlace, Reason: diff.FromDrift},
				{Path: "c", Op: diff.Replace, Old: "one", New: evil, Effect: diff.None, Informational: true, Reason: diff.FromSpec},
			}})}}}
		text := markdownOf([]reconcile.Outcome{o}, spec.Problem{File: evil, Message: evil, Severity: spec.Error})
		structure(t, evil, text)
	}
}

// TestTextCommandsNoTerminal: nothing of a value reaches the terminal as a command.
func TestTextCommandsNoTerminal(t *testing.T) {
	for _, evil := range hostile {
		o := sampleOutcomes()[:1]
		c := &o[0].Plan.Steps[0].Changes[0]
		c.Old, c.New = "before", evil
		for _, width := range []int{0, 80} {
			var out strings.Builder
			diffText{w: &out, p: newPalette(false), width: width}.write(o)
			if strings.ContainsAny(out.String(), "\r\u202e\u2028\x00\x1b") {
				t.Errorf("%q: %q", evil, out.String())
			}
		}
	}
}

// fence opens and closes a block of code.
var fence = regexp.MustCompile("^`{3,}(diff)?$")

// structure reads a comment as Markdown does, as far as that matters here.
func structure(t *testing.T, name, text string) {
	t.Helper()
	if strings.ContainsAny(text, "\r\u202e\u2028\x00\x1b") {
		t.Errorf("%q: a control character got through", name)
	}
	open, details, markers := "", 0, 0
	for n, line := range strings.Split(text, "\n") {
		where := fmt.Sprintf("%q, line %d: %s", name, n+1, cut(line, 200))
		if open != "" {
			switch {
			case line == open:
				open = ""
			case line != "" && !strings.ContainsAny(line[:1], "+-@!# "):
				t.Errorf("%s: within the block, and not a line of a diff", where)
			case strings.HasPrefix(line, open):
				t.Errorf("%s: closes the block", where)
			}
			continue
		}
		switch m := fence.FindStringSubmatch(line); {
		case m != nil:
			open = strings.TrimSuffix(line, "diff")
			continue
		case strings.HasPrefix(line, "|"):
			if cells := strings.Count(line, "|"); cells != 5 {
				t.Errorf("%s: %d bars in a row of the table", where, cells)
			}
		case strings.HasPrefix(line, "<details>"):
			details++
		case line == "</details>":
			details--
		case strings.HasPrefix(line, "<!--"):
			markers++
		}
		for _, tag := range regexp.MustCompile(`<[^>]*>`).FindAllString(line, -1) {
			switch tag {
			case "<details>", "</details>", "<summary>", "</summary>", "<b>", "</b>", "<sub>", "</sub>":
			default:
				if !regexp.MustCompile(`^<!-- ecs-operator:[A-Za-z0-9_.-]+ -->$`).MatchString(tag) {
					t.Errorf("%s: HTML %s", where, tag)
				}
			}
		}
		if strings.Contains(line, "](") || regexp.MustCompile(`@[a-z]`).MatchString(line) {
			t.Errorf("%s: a link or a call for somebody", where)
		}
	}
	if open != "" || details != 0 || markers != 1 {
		t.Errorf("%q: block left open %q, %d details left open, %d markers:\n%s", name, open, details, markers, text)
	}
}

// TestMarkdownLimit: a comment is never too long, and what it leaves out is not
// worse than what it shows.
func TestMarkdownLimit(t *testing.T) {
	for _, tc := range []struct{ services, fields, value, problems int }{
		{400, 5, 40, 0}, {2000, 1, 10, 0}, {3, 2000, 400, 0}, {300, 30, 700, 500}, {1, 1, 200000, 3}, {60, 12, 80, 0},
	} {
		var outcomes []reconcile.Outcome
		for i := range tc.services {
			k := key(fmt.Sprintf("service-with-a-long-name-%04d", i))
			s := plan.Step{Action: plan.ActionUpdate, Effect: diff.NewDeployment}
			if i == tc.services-1 {
				s.Action, s.Effect = plan.ActionReplace, diff.Recreation
			}
			for f := range tc.fields {
				s.Changes = append(s.Changes, diff.Change{Path: fmt.Sprintf("field%d", f), Op: diff.Replace,
					Old: strings.Repeat("é", tc.value), New: strings.Repeat("ü`", tc.value), Effect: s.Effect, Reason: diff.FromSpec})
			}
			p := plan.Plan{Unit: k, Steps: []plan.Step{stepOf(k, resource.KindService, "", "service", s)}}
			p.Consequence = plan.Consequences(p, resource.Live{})
			outcomes = append(outcomes, reconcile.Outcome{Plan: p})
		}
		var problems []spec.Problem
		for i := range tc.problems {
			problems = append(problems, spec.Problem{File: fmt.Sprintf("f%d.yaml", i), Message: strings.Repeat("| bad ", 300), Severity: spec.Error})
		}
		text := markdownOf(outcomes, problems...)
		if n := utf8.RuneCountInString(text); n >= commentLimit || len(text) >= commentLimit {
			t.Errorf("%+v: %d characters, %d bytes", tc, n, len(text))
		}
		structure(t, fmt.Sprintf("%+v", tc), text)
		worst := fmt.Sprintf("service-with-a-long-name-%04d", tc.services-1)
		if first := strings.Index(text, "service-with-a-long-name"); !strings.HasPrefix(text[first:], worst) {
			t.Errorf("%+v: %s does not come first", tc, worst)
		}
		shown := strings.Count(text, "<details>")
		if note := fmt.Sprintf("%d services are not shown in full", tc.services-shown); shown < tc.services && tc.services-shown > 1 && !strings.Contains(text, note) {
			t.Errorf("%+v: %d blocks of %d, and no note", tc, shown, tc.services)
		}
		if shown == 0 || !strings.HasSuffix(text, "no changes were applied</sub>\n") {
			t.Errorf("%+v: %d blocks, ends with %q", tc, shown, text[len(text)-80:])
		}
	}
}
