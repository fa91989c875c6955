package main

import "github.com/spf13/cobra"

// addCompletionExamples gives cobra's own completion commands the examples that
// every command here has.
func addCompletionExamples(root *cobra.Command) {
	for _, cmd := range root.Commands() {
		if cmd.Name() != "completion" {
			continue
		}
		cmd.Example = `  # In this shell
  source <(ecs-operator completion bash)

  # For good
  ecs-operator completion zsh > "${fpath[1]}/_ecs-operator"`
		for _, shell := range cmd.Commands() {
			shell.Example = "  ecs-operator completion " + shell.Name() + "\n\n" +
				"  # Without descriptions\n  ecs-operator completion " + shell.Name() + " --no-descriptions"
		}
	}
}
