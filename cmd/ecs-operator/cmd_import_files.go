package main

import (
	"fmt"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/ecs-operator/ecs-operator/pkg/importer"
)

// importFilesOptions are what the imports of other tools' files take.
type importFilesOptions struct {
	importOptions
	env string
}

// AddFlags declares the flags of import ecspresso and its like.
func (o *importFilesOptions) AddFlags(f *pflag.FlagSet) {
	o.importOptions.AddFlags(f)
	f.StringVar(&o.env, "env", "prod", "`NAME` of the Environment that holds the region and the variables")
}

// foreignTool is a tool whose files can be imported.
type foreignTool struct {
	name, short, long, example string
	read                       func(path, env string) (importer.Result, error)
}

var foreignTools = []foreignTool{
	{"ecspresso", "Write documents from ecspresso's configurations",
		`import ecspresso reads every ecspresso configuration below PATH with the service and
task definitions that it names. Each service becomes a document. What template
functions look up (must_env, env, tfstate, ssm, cfn_output, secretsmanager_arn)
becomes a variable of an Environment. Jsonnet must be rendered first.`,
		`  # One project, to look at
  ecs-operator import ecspresso deploy/

  # Into a directory, for the environment staging
  ecs-operator import ecspresso -o services/ --env staging deploy/staging/ecspresso.yml`,
		importer.Ecspresso},
	{"pipecd", "Write documents from PipeCD's ECS applications",
		`import pipecd reads every app.pipecd.yaml (kind ECSApp) below PATH with its
definitions. Stages that shift traffic become a strategy of ECS where that is
plain; what must be decided is named. A standalone task is no service.`,
		`  # One application, to look at
  ecs-operator import pipecd apps/web

  # All of a repository, into a directory
  ecs-operator import pipecd -o services/ --env prod apps/`,
		importer.PipeCD},
	{"copilot", "Write documents from Copilot's manifests",
		`import copilot reads every manifest.yml of a service below PATH. What Copilot's
CloudFormation stacks own (cluster, network, listeners, roles) becomes variables of
an Environment, and each entry of environments: a ServicePatch.`,
		`  # One manifest, to look at
  ecs-operator import copilot copilot/web/manifest.yml

  # All services of an application, into a directory
  ecs-operator import copilot -o services/ copilot/`,
		importer.Copilot},
}

func newImportFileCommands(c *console) []*cobra.Command {
	var out []*cobra.Command
	for _, tool := range foreignTools {
		o := &importFilesOptions{}
		cmd := &cobra.Command{
			Use:     tool.name + " PATH",
			Short:   tool.short,
			Long:    tool.long + "\n\nExit codes: 0 all of it was imported, 1 something could not be expressed, 2 error.",
			Example: tool.example,
			RunE: func(_ *cobra.Command, args []string) error {
				return runImportFiles(c, o, tool, args)
			},
		}
		o.AddFlags(cmd.Flags())
		out = append(out, cmd)
	}
	return out
}

func runImportFiles(c *console, o *importFilesOptions, tool foreignTool, args []string) error {
	if len(args) != 1 {
		return fmt.Errorf("import %s: name one file or directory, like 'ecs-operator import %s deploy/'", tool.name, tool.name)
	}
	r, err := tool.read(args[0], o.env)
	if err != nil {
		return fmt.Errorf("import %s: %w", tool.name, err)
	}
	return o.deliver(c, r)
}
