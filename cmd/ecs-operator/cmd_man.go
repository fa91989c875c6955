package main

import (
	"fmt"
	"os"

	"github.com/spf13/cobra"
	"github.com/spf13/cobra/doc"
)

// newManCommand is hidden: packagers call it, once per release.
func newManCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "man DIR",
		Short: "Write the man pages of all commands into a directory",
		Long: `man writes a page of section 1 for every command, made of its --help. The date on
them is that of SOURCE_DATE_EPOCH, else today.`,
		Hidden: true,
		Example: `  # For a package
  ecs-operator man build/man1

  # Read one
  ecs-operator man /tmp/man && man /tmp/man/ecs-operator-diff.1`,
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error { return runMan(cmd.Root(), args[0]) },
	}
}

func runMan(root *cobra.Command, dir string) error {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	header := &doc.GenManHeader{Section: "1", Source: "ecs-operator " + buildVersion().Version, Manual: "ecs-operator"}
	for _, cmd := range commandsOf(root) {
		cmd.DisableAutoGenTag = true
	}
	if err := doc.GenManTree(root, header, dir); err != nil {
		return fmt.Errorf("the man pages cannot be written: %w", err)
	}
	return nil
}

// commandsOf lists a command and all below it.
func commandsOf(cmd *cobra.Command) []*cobra.Command {
	out := []*cobra.Command{cmd}
	for _, sub := range cmd.Commands() {
		out = append(out, commandsOf(sub)...)
	}
	return out
}
