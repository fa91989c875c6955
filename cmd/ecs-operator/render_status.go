package main

import (
	"cmp"
	"encoding/json"
	"fmt"
	"io"
	"strings"

	"github.com/ecs-operator/ecs-operator/pkg/resource"
	"github.com/ecs-operator/ecs-operator/pkg/spec"
	"github.com/ecs-operator/ecs-operator/pkg/status"
)

// statePaint gives a state its colour.
func statePaint(p palette, s status.State) func(a ...any) string {
	switch s {
	case status.StateReady:
		return p.good
	case status.StateStalled:
		return p.bad
	}
	return p.warn
}

// writeServices is the table of get, and the closing table of apply.
func writeServices(w io.Writer, p palette, services []status.Service, width int) {
	rows := [][]cell{}
	for _, title := range []string{"SERVICE", "CLUSTER", "IMAGE", "RUNNING", "STATE", "WHY"} {
		if len(rows) == 0 {
			rows = append(rows, nil)
		}
		rows[0] = append(rows[0], cell{text: title, paint: p.dim})
	}
	for _, s := range services {
		why := s.Why
		if why == "" && s.State != status.StateReady || s.State == status.StateStalled {
			why = strings.TrimSuffix(string(s.Reason)+": "+why, ": ")
		}
		rows = append(rows, []cell{
			{text: s.Name, paint: p.bold},
			{text: resource.UnitKey{Target: s.Target, Cluster: s.Cluster, Name: s.Name}.Place()},
			{text: cmp.Or(s.Image, "-")},
			{text: fmt.Sprintf("%d/%d", s.Running, s.Desired)},
			{text: string(s.State), paint: statePaint(p, s.State)},
			{text: oneLine(why)},
		})
	}
	writeTable(w, rows, width)
}

// oneLine folds what AWS wrote over several lines.
func oneLine(s string) string { return strings.Join(strings.Fields(s), " ") }

// countStates is "2 ready, 1 stalled".
func countStates(services []status.Service) string {
	order := []status.State{status.StateReady, status.StateProgressing, status.StateDrifted, status.StateSuspended, status.StateStalled, status.StateUnknown}
	n := map[status.State]int{}
	for _, s := range services {
		n[s.State]++
	}
	var parts []string
	for _, s := range order {
		if n[s] > 0 {
			parts = append(parts, fmt.Sprintf("%d %s", n[s], strings.ToLower(string(s))))
		}
	}
	return strings.Join(parts, ", ")
}

// frame is what every JSON report starts with.
type frame struct {
	APIVersion string `json:"apiVersion"`
	Sandbox    bool   `json:"sandbox,omitempty"`
	Account    string `json:"account,omitempty"`
	Region     string `json:"region,omitempty"`
	// Targets are those that the documents are for.
	Targets []targetJSON `json:"targets,omitempty"`
	Source  *sourceRef   `json:"source,omitempty"`
}

type sourceRef struct {
	Revision string   `json:"revision"`
	Ref      string   `json:"ref,omitempty"`
	Signer   string   `json:"signer,omitempty"`
	URL      string   `json:"url,omitempty"`
	Paths    []string `json:"paths,omitempty"`
}

// problemJSON is spec.Problem as a promise.
type problemJSON struct {
	File     string `json:"file"`
	Line     int    `json:"line,omitempty"`
	Column   int    `json:"column,omitempty"`
	Severity string `json:"severity"`
	Message  string `json:"message"`
	Code     string `json:"code,omitempty"` // of a lint rule
	Document string `json:"document,omitempty"`
}

func problemsJSON(problems []spec.Problem) []problemJSON {
	out := []problemJSON{}
	for _, p := range problems {
		severity := "error"
		if p.Severity == spec.Warning {
			severity = "warning"
		}
		out = append(out, problemJSON{File: p.File, Line: p.Line, Column: p.Column, Severity: severity, Message: p.Message, Code: p.Code, Document: p.Document})
	}
	return out
}

// writeProblems prints file:line:column: message, errors in red.
func writeProblems(w io.Writer, p palette, problems []spec.Problem) {
	for _, problem := range problems {
		paint := p.bad
		if problem.Severity == spec.Warning {
			paint = p.warn
		}
		where, message, found := strings.Cut(problem.String(), ": ")
		if !found {
			where, message = "", problem.String()
		}
		_, _ = fmt.Fprintf(w, "%s %s\n", paint(where+":"), message)
	}
}

// countErrors counts the problems that are not warnings.
func countErrors(problems []spec.Problem) int { return spec.Result{Problems: problems}.Errors() }

func writeJSON(w io.Writer, v any) error {
	enc := json.NewEncoder(w)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	return enc.Encode(v)
}

// kindNoun is how people call a kind.
func kindNoun(kind string) string {
	if kind == resource.KindListenerRule {
		return "listener rule"
	}
	return strings.ReplaceAll(kind, "-", " ")
}

// kindCamel is how JSON calls a kind: TaskDefinition.
func kindCamel(kind string) string {
	var out strings.Builder
	for word := range strings.FieldsSeq(kindNoun(kind)) {
		out.WriteString(strings.ToUpper(word[:1]) + word[1:])
	}
	return out.String()
}
