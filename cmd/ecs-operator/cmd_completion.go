package main

import (
	"fmt"

	"github.com/spf13/cobra"
)

// addCompletionExamples gives cobra's own completion commands the examples that
// every command here has, and the refusal of a shell that it does not know.
func addCompletionExamples(root *cobra.Command) {
	for _, cmd := range root.Commands() {
		if cmd.Name() != "completion" {
			continue
		}
		cmd.Example = `  # In this shell
  source <(ecs-operator completion bash)

  # For good
  ecs-operator completion zsh > "${fpath[1]}/_ecs-operator"`
		cmd.Args = cobra.ArbitraryArgs
		cmd.RunE = func(cmd *cobra.Command, args []string) error {
			if len(args) == 0 {
				return cmd.Help()
			}
			return fmt.Errorf("unknown command %q for %q; the shells are bash, zsh, fish and powershell", args[0], cmd.CommandPath())
		}
		for _, shell := range cmd.Commands() {
			shell.Example = "  ecs-operator completion " + shell.Name() + "\n\n" +
				"  # Without descriptions\n  ecs-operator completion " + shell.Name() + " --no-descriptions"
		}
	}
}
