package main

import (
	"context"
	"regexp"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/ecs-operator/ecs-operator/pkg/kinds"
	"github.com/ecs-operator/ecs-operator/pkg/lint"
	"github.com/ecs-operator/ecs-operator/pkg/schema"
	"github.com/ecs-operator/ecs-operator/pkg/source"
	"github.com/ecs-operator/ecs-operator/pkg/spec"
)

// documentFiles are the ends of the names that documents have. Shells offer
// directories beside them.
var documentFiles = []string{"yaml", "yml", "json"}

// addCompletions gives every command and every flag a completion by what its
// usage says that it takes: PATH, DIR, FILE, NAME, or words.
func addCompletions(root *cobra.Command, c *console) {
	for _, cmd := range commandsOf(root) {
		completeFlags(cmd, cmd.LocalFlags(), c)
		_, args, _ := strings.Cut(cmd.Use, " ")
		if cmd.ValidArgsFunction == nil && len(cmd.ValidArgs) == 0 && !cmd.HasSubCommands() {
			cmd.ValidArgsFunction = completeArgs(args, c)
		}
	}
}

// completeArgs is the completion of the arguments that a usage line names.
func completeArgs(usage string, c *console) cobra.CompletionFunc {
	switch {
	case strings.Contains(usage, "DIR"):
		return offer(nil, cobra.ShellCompDirectiveFilterDirs)
	case strings.Contains(usage, "PATH"):
		return offer(documentFiles, cobra.ShellCompDirectiveFilterFileExt)
	case strings.Contains(usage, "FILE"):
		return nil // the shell's own
	case strings.Contains(usage, "NAME"):
		many := strings.Contains(usage, "...")
		return func(cmd *cobra.Command, args []string, typed string) ([]string, cobra.ShellCompDirective) {
			if len(args) > 0 && !many {
				return nil, cobra.ShellCompDirectiveNoFileComp
			}
			return serviceNames(documentsOf(cmd, nil, c), args, typed), cobra.ShellCompDirectiveNoFileComp
		}
	}
	return offer(nil, cobra.ShellCompDirectiveNoFileComp)
}

func offer(words []string, d cobra.ShellCompDirective) cobra.CompletionFunc {
	return func(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) { return words, d }
}

// choices finds the words of a usage, "debug, info, warn or error"; what stands in
// parentheses explains them.
var (
	choices = regexp.MustCompile(`(?:^|: )((?:[a-z]+, )*[a-z]+ or [a-z]+)$`)
	aside   = regexp.MustCompile(` \([^)]*\)`)
)

// choicesOf are the words that a flag takes, nil for any. Help, completion and a
// test that tries each of them have one source.
func choicesOf(f *pflag.Flag) []string {
	m := choices.FindStringSubmatch(aside.ReplaceAllString(f.Usage, ""))
	if f.Value.Type() != "string" || m == nil {
		return nil
	}
	return strings.Split(strings.Replace(m[1], " or ", ", ", 1), ", ")
}

func completeFlags(cmd *cobra.Command, flags *pflag.FlagSet, c *console) {
	flags.VisitAll(func(f *pflag.Flag) {
		complete := offer(nil, cobra.ShellCompDirectiveNoFileComp)
		what, _ := pflag.UnquoteUsage(f)
		switch words := choicesOf(f); {
		case f.Value.Type() == "bool":
			return
		case words != nil:
			complete = offer(words, cobra.ShellCompDirectiveNoFileComp)
		case f.Name == "env", what == "ENVIRONMENT":
			complete = func(cmd *cobra.Command, args []string, _ string) ([]string, cobra.ShellCompDirective) {
				return documentsOf(cmd, args, c).Environments, cobra.ShellCompDirectiveNoFileComp
			}
		case f.Name == "set":
			complete = func(_ *cobra.Command, _ []string, typed string) ([]string, cobra.ShellCompDirective) {
				return completeField(typed), cobra.ShellCompDirectiveNoFileComp | cobra.ShellCompDirectiveNoSpace
			}
		case f.Name == "path":
			complete = offer(documentFiles, cobra.ShellCompDirectiveFilterFileExt)
		case what == "DIR":
			complete = offer(nil, cobra.ShellCompDirectiveFilterDirs)
		case what == "FILE":
			complete = offer(nil, cobra.ShellCompDirectiveDefault)
		}
		// It fails where a command has a completion of its own, which is better.
		_ = cmd.RegisterFlagCompletionFunc(f.Name, complete)
	})
}

// documentsOf reads the documents that a half-typed command line means: those of
// its arguments, or of -f. What cannot be read offers nothing: a completion has
// nobody to complain to.
func documentsOf(cmd *cobra.Command, args []string, c *console) spec.Result {
	paths := args
	if f := cmd.Flags().Lookup("path"); f != nil {
		if bindEnvironment(cmd, c.getenv) != nil {
			return spec.Result{}
		}
		if named := f.Value.(pflag.SliceValue).GetSlice(); f.DefValue != "[]" || len(args) == 0 {
			paths = named // else the arguments are paths themselves
		}
	} else if len(paths) == 0 && c.getenv(pathEnv) != "" {
		paths = []string{c.getenv(pathEnv)}
	}
	if len(paths) == 0 || checkPaths(paths) != nil {
		return spec.Result{}
	}
	ctx := cmd.Context()
	if ctx == nil {
		ctx = context.Background()
	}
	snap, err := source.Dir(paths...).Snapshot(ctx)
	if err != nil {
		return spec.Result{}
	}
	files := make([]spec.File, 0, len(snap.Files))
	for _, f := range snap.Files {
		files = append(files, spec.File{Path: f.Path, Data: f.Data()})
	}
	return spec.Parse(files, kinds.Sections(), spec.Options{})
}

// serviceNames offers names, and cluster/name where a name means several or a
// cluster is being typed.
func serviceNames(res spec.Result, have []string, typed string) []string {
	several := map[string]int{}
	for _, d := range res.Documents {
		several[d.Name]++
	}
	var out []string
	for _, d := range res.Documents {
		name, full := d.Name, d.Cluster+"/"+d.Name
		if several[name] > 1 || strings.HasPrefix(full, typed) && typed != "" && !strings.HasPrefix(name, typed) {
			name = full
		}
		if strings.HasPrefix(name, typed) && !slices.Contains(have, name) && !slices.Contains(out, name) {
			out = append(out, name)
		}
	}
	return out
}

// completeField offers the fields one step further than what is typed.
func completeField(typed string) []string {
	var out []string
	for _, p := range schema.Paths() {
		rest, ok := strings.CutPrefix(strings.ReplaceAll(p, "[]", ""), typed)
		if ok && !strings.Contains(rest, ".") {
			out = append(out, typed+rest)
		}
	}
	return out
}

// completeTopic offers fields, and the codes of lints.
func completeTopic(typed string) []string {
	out := completeField(typed)
	for _, r := range lint.Rules() {
		if typed != "" && strings.HasPrefix(r.Code, typed) {
			out = append(out, r.Code)
		}
	}
	return out
}
