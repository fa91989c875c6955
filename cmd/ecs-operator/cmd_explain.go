package main

import (
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/ecs-operator/ecs-operator/pkg/lint"
	"github.com/ecs-operator/ecs-operator/pkg/schema"
	"github.com/ecs-operator/ecs-operator/pkg/spec"
)

type explainOptions struct{ outputOptions }

// AddFlags declares the flags of explain.
func (o *explainOptions) AddFlags(f *pflag.FlagSet) { o.outputOptions.AddFlags(f) }

// explainReport is `explain -o json`.
type explainReport struct {
	frame
	Path      string      `json:"path,omitempty"`
	Type      string      `json:"type,omitempty"`
	Values    []string    `json:"values,omitempty"`
	Required  bool        `json:"required"`
	Unwritten string      `json:"unwritten,omitempty"`
	Effect    string      `json:"effect,omitempty"`
	Doc       string      `json:"doc,omitempty"`
	Fields    []fieldJSON `json:"fields,omitempty"`
	Rule      *ruleJSON   `json:"rule,omitempty"`
}

type fieldJSON struct {
	Path     string `json:"path"`
	Type     string `json:"type"`
	Required bool   `json:"required"`
}

type ruleJSON struct {
	Code     string `json:"code"`
	Severity string `json:"severity"`
	What     string `json:"what"`
	Remedy   string `json:"remedy"`
}

func newExplainCommand(c *console) *cobra.Command {
	o := &explainOptions{}
	cmd := &cobra.Command{
		Use:   "explain [FIELD | CODE]",
		Short: "Explain a field of the documents, or a lint's code, offline",
		Long: `explain prints what a field is: its type and values, AWS' own words, whether it
is required, what holds when its line is deleted, what a change of it does to the
service, and the fields inside it. Without an argument it lists the sections.

A field is written as it stands in a document: names and indices in between, and
"spec." in front, may be left out. Fields of other kinds than Service begin with
the kind: Environment.freeze. A code is what validate prints in brackets.`,
		Example: `  # The sections of a document
  ecs-operator explain

  # One field
  ecs-operator explain service.deploymentConfiguration.strategy

  # A finding of validate
  ecs-operator explain fargate-size`,
		Args: cobra.MaximumNArgs(1),
		ValidArgsFunction: func(_ *cobra.Command, args []string, typed string) ([]string, cobra.ShellCompDirective) {
			if len(args) > 0 {
				return nil, cobra.ShellCompDirectiveNoFileComp
			}
			return completeTopic(typed), cobra.ShellCompDirectiveNoFileComp | cobra.ShellCompDirectiveNoSpace
		},
		RunE: func(_ *cobra.Command, args []string) error { return runExplain(c, o, args) },
	}
	o.AddFlags(cmd.Flags())
	return cmd
}

func runExplain(c *console, o *explainOptions, args []string) error {
	if err := o.finalize(); err != nil {
		return err
	}
	path := strings.Join(args, "")
	if len(args) > 0 && strings.Trim(path, ". ") == "" {
		return errors.New("explain needs the name of a field or of a finding, and has an empty one; without an argument it lists the sections")
	}
	if r, ok := lint.Find(path); ok {
		return explainRule(c, o, r)
	}
	f, from, nearest := schema.Find(path)
	if f == nil {
		return noSuchField(path, from, nearest)
	}
	if nearest != "" { // found as the name of an entry
		name := path[strings.LastIndexByte(path, '.')+1:]
		c.note("%q is read as the name of an entry of %s; the field is %s", name, f.Path, nearest)
	}
	if !o.json() {
		explainText(c.out, c.outStyle, f)
		return nil
	}
	report := explainReport{frame: frame{APIVersion: "ecs-operator/explain/v1"}, Path: f.Path, Type: f.Type(), Values: f.Values,
		Required: f.Required, Unwritten: f.Unwritten, Effect: f.Effect, Doc: f.Doc}
	for _, m := range f.Members() {
		report.Fields = append(report.Fields, fieldJSON{m.Path, m.Type(), m.Required})
	}
	return writeJSON(c.out, report)
}

func noSuchField(path string, from *schema.Field, nearest string) error {
	where := "a document"
	if from.Path != "" {
		where = from.Path
	}
	if nearest == "" {
		var codes []string
		for _, r := range lint.Rules() {
			codes = append(codes, r.Code)
		}
		nearest = spec.Nearest(path, codes)
	}
	if nearest != "" {
		return fmt.Errorf("%s has no field %q; did you mean %q?", where, path, nearest)
	}
	if strings.ContainsAny(path, "[]") && from.Path == "" {
		return fmt.Errorf("%s has no field %q; a path is names with dots between them and keys in brackets: taskDefinition.containerDefinitions[app].image", where, path)
	}
	var names []string
	for _, m := range from.Members() {
		names = append(names, m.Name)
	}
	if len(names) == 0 {
		return fmt.Errorf("%s has no fields, and so no %q", where, path)
	}
	return fmt.Errorf("%s has no field %q; it has %s", where, path, strings.Join(names, ", "))
}

func explainRule(c *console, o *explainOptions, r lint.Rule) error {
	if o.json() {
		return writeJSON(c.out, explainReport{frame: frame{APIVersion: "ecs-operator/explain/v1"},
			Rule: &ruleJSON{r.Code, lint.SeverityName(r.Severity), r.What, r.Remedy}})
	}
	_, err := fmt.Fprintf(c.out, "%s  %s\n\n%s\n\nWhat to do: %s.\n", c.outStyle.bold(r.Code), lint.SeverityName(r.Severity), r.What, r.Remedy)
	return err
}

func explainText(w io.Writer, p palette, f *schema.Field) {
	line := func(label, text string) {
		if text != "" {
			_, _ = fmt.Fprintf(w, "%s %s\n", p.dim(fmt.Sprintf("%-12s", label+":")), text)
		}
	}
	if f.Path != "" {
		_, _ = fmt.Fprintln(w, p.bold(f.Path))
		line("type", f.Type())
		required := ""
		switch {
		case f.FilledIn:
			required = "no: it is filled in"
		case f.Required:
			required = "yes"
		}
		line("required", required)
		line("unwritten", f.Unwritten)
		line("a change", f.Effect)
		if f.Doc != "" {
			_, _ = fmt.Fprintf(w, "\n%s\n", f.Doc)
		}
	}
	if len(f.Members()) == 0 {
		return
	}
	if f.Path != "" {
		_, _ = fmt.Fprintln(w)
	}
	_, _ = fmt.Fprintln(w, p.dim("fields:"))
	for _, m := range f.Members() {
		mark := ""
		if m.Required && !m.FilledIn {
			mark = " (required)"
		}
		_, _ = fmt.Fprintf(w, "  %s  %s%s\n", m.Name, p.dim(shortened(m.Type())), mark)
	}
}

// shortened keeps a list of fields one line each.
func shortened(s string) string {
	const most = 70
	if r := []rune(s); len(r) > most {
		return string(r[:most-1]) + "…"
	}
	return s
}
