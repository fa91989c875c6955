package main

import (
	"github.com/spf13/cobra"

	"github.com/ecs-operator/ecs-operator/pkg/schema"
)

func newSchemaCommand(c *console) *cobra.Command {
	return &cobra.Command{
		Use:   "schema",
		Short: "Print the JSON Schema of the documents, for editors",
		Long: `schema prints the JSON Schema of the documents of all kinds: every field of every AWS input
and of the frame around them, with the values of enums, AWS' own words, and what
is required. Editors complete, check and explain by it (docs/editors.md).`,
		Example: `  # Beside the documents, for an editor
  ecs-operator schema > ecs-operator.schema.json

  # Which sections are there?
  ecs-operator schema | jq '."$defs".spec.properties | keys'`,
		Args: cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error {
			_, err := c.out.Write(schema.JSON())
			return err
		},
	}
}
