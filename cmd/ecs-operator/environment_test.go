package main

import (
	"bytes"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/ecs-operator/ecs-operator/pkg/spec"
)

// everyCommand visits all commands but cobra's own.
func everyCommand(root *cobra.Command, visit func(*cobra.Command)) {
	for _, c := range root.Commands() {
		if c.Name() == "help" || c.Name() == "completion" {
			continue
		}
		visit(c)
		everyCommand(c, visit)
	}
}

func quietConsole() *console {
	return &console{out: &bytes.Buffer{}, err: &bytes.Buffer{}, outStyle: newPalette(false), errStyle: newPalette(false), getenv: func(string) string { return "" }}
}

// TestEveryFlagHasAVariable sets each flag of each command by its variable alone.
func TestEveryFlagHasAVariable(t *testing.T) {
	values := map[string]string{"bool": "true", "int": "7", "float64": "0.5", "duration": "3m0s", "string": "x", "stringArray": "x"}
	flags := 0
	everyCommand(newRootCommand(quietConsole()), func(cmd *cobra.Command) {
		cmd.InheritedFlags() // merges them
		var names []*pflag.Flag
		cmd.Flags().VisitAll(func(f *pflag.Flag) { names = append(names, f) })
		for _, f := range names {
			if slices.Contains(notBound, f.Name) {
				continue
			}
			flags++
			value, known := values[f.Value.Type()]
			if !known { // a type of its own takes its default's form
				value = f.DefValue
			}
			before := f.Changed
			err := bindEnvironment(cmd, func(name string) string {
				if name == envName(f.Name) {
					return value
				}
				return ""
			})
			if err != nil || !before && !f.Changed {
				t.Errorf("%s --%s is not set by %s=%s: %v", cmd.CommandPath(), f.Name, envName(f.Name), value, err)
			}
		}
	})
	if flags < 300 {
		t.Errorf("only %d flags were looked at", flags)
	}
}

func TestRepeatableFlagByLines(t *testing.T) {
	root := newRootCommand(quietConsole())
	cmd, _, err := root.Find([]string{"validate"})
	if err != nil {
		t.Fatal(err)
	}
	err = bindEnvironment(cmd, func(name string) string {
		return map[string]string{"ECS_OPERATOR_ENV": "prod\nstaging\r\n"}[name]
	})
	if got, _ := cmd.Flags().GetStringArray("env"); err != nil || !slices.Equal(got, []string{"prod", "staging"}) {
		t.Errorf("%q, %v", got, err)
	}
}

func TestTargetsByTheirContent(t *testing.T) {
	for _, text := range []string{"targets: {prod: {account: \"111122223333\", region: eu-west-1}}", "targets:\n  prod:\n    account: \"111122223333\"\n    region: eu-west-1\n",
		`{"targets": {"prod": {"account": "111122223333", "region": "eu-west-1"}}}`} {
		file, err := targetsFile(text)
		if err != nil {
			t.Fatal(err)
		}
		targets, problems := spec.ParseTargets(file)
		if len(problems) > 0 || targets["prod"].Region != "eu-west-1" || !strings.HasPrefix(targets["prod"].Pos, "ECS_OPERATOR_TARGETS:") {
			t.Errorf("%q: %+v, %v", text, targets, problems)
		}
	}
	if _, err := targetsFile("no-such-file.yaml"); err == nil {
		t.Error("a file that is not there")
	}
}

// TestEnvironmentPage: docs/environment.md is the flags of all commands.
func TestEnvironmentPage(t *testing.T) {
	type row struct {
		usage, def string
		commands   []string
	}
	rows := map[string]*row{}
	total := 0
	everyCommand(newRootCommand(quietConsole()), func(cmd *cobra.Command) {
		if cmd.Hidden || !cmd.Runnable() {
			return
		}
		total++
		cmd.InheritedFlags()
		cmd.Flags().VisitAll(func(f *pflag.Flag) {
			if f.Hidden || slices.Contains(notBound, f.Name) {
				return
			}
			r := rows[f.Name]
			if r == nil {
				_, usage := pflag.UnquoteUsage(f)
				r = &row{usage: usage, def: f.DefValue}
				rows[f.Name] = r
			}
			r.commands = append(r.commands, strings.TrimPrefix(cmd.CommandPath(), "ecs-operator "))
		})
	})
	names := make([]string, 0, len(rows))
	for name := range rows {
		names = append(names, name)
	}
	slices.Sort(names)
	var page strings.Builder
	page.WriteString("# Environment variables\n\nEvery flag of every command has a variable; a flag that is given wins. An empty variable is none. A flag that may be\n" +
		"repeated takes one value a line. What several commands have means the same in all of them; the sentence is that of the\nfirst. The page is made from the commands.\n\n" +
		"`ECS_OPERATOR_PATH` is also the argument of the commands that take paths. The embedded AWS has no variable\n(`--sandbox`, `--sandbox-state`): what is real is decided by no forgotten one. Credentials and regions are AWS' own\n(`AWS_REGION`, `AWS_PROFILE`, `AWS_ENDPOINT_URL`, …); in an ECS task the region is that of the task where nothing else says one.\n" +
		"Secrets for `--git` come by variable or by file, and by no flag: `ECS_OPERATOR_GIT_TOKEN`, `ECS_OPERATOR_GIT_SSH_KEY`, and\n`ECS_OPERATOR_GIT_KNOWN_HOSTS` beside them ([git](git.md)); `ECS_OPERATOR_SIGNING_KEYS` holds public keys ([signatures](signatures.md));\nthe secret of webhooks is `ECS_OPERATOR_WEBHOOK_SECRET` ([webhooks](webhooks.md)).\n\n" +
		"| variable | flag | of | what it says |\n|---|---|---|---|\n")
	for _, name := range names {
		r := rows[name]
		of := "`" + strings.Join(r.commands, "`, `") + "`"
		if len(r.commands) == total {
			of = "all"
		}
		fmt.Fprintf(&page, "| `%s` | `--%s` | %s | %s |\n", envName(name), name, of, strings.ReplaceAll(r.usage, "|", "\\|"))
	}
	holdPage(t, "environment.md", page.String(), "what the flags say")
}
