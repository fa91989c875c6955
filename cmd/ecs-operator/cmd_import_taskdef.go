package main

import (
	"errors"

	"github.com/spf13/cobra"

	"github.com/ecs-operator/ecs-operator/pkg/importer"
)

func newImportTaskdefCommand(c *console) *cobra.Command {
	o := &importFilesOptions{}
	var service, cluster string
	cmd := &cobra.Command{
		Use:   "taskdef FILE",
		Short: "Write documents from a task definition's file",
		Long: `import taskdef reads a task definition from a JSON or YAML file, bare or as AWS
answers with it, and writes a TaskTemplate and a Service that uses it; with
--service the Service alone. Fields that only AWS writes are left out.

Placeholders that a pipeline fills in (<IMAGE1_NAME>, ${TAG}, {{ must_env "X" }})
become parameters of the template; with --service variables of an Environment.

Exit codes: 0 all of it was imported, 1 something could not be expressed, 2 error.`,
		Example: `  # A template with parameters, and a service that uses it
  ecs-operator import taskdef taskdef.json

  # The document of one service
  ecs-operator import taskdef --service checkout --cluster main taskdef.json > checkout.yaml`,
		RunE: func(_ *cobra.Command, args []string) error {
			if len(args) != 1 {
				return errors.New("import taskdef: name one file, like 'ecs-operator import taskdef task-definition.json'")
			}
			r, err := importer.TaskDefinition(args[0], importer.TaskDefinitionOptions{Service: service, Cluster: cluster, Env: o.env})
			if err != nil {
				return err
			}
			return o.deliver(c, r)
		},
	}
	o.AddFlags(cmd.Flags())
	cmd.Flags().StringVar(&service, "service", "", "`NAME` of the service whose own the task definition is")
	cmd.Flags().StringVar(&cluster, "cluster", "default", "the ECS cluster's name")
	return cmd
}
