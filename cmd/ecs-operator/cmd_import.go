package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/ecs-operator/ecs-operator/pkg/importer"
	"github.com/ecs-operator/ecs-operator/pkg/status"
)

// importOptions are what all imports take.
type importOptions struct {
	dir   string
	force bool
}

// AddFlags declares the flags of every import.
func (o *importOptions) AddFlags(f *pflag.FlagSet) {
	f.StringVarP(&o.dir, "output-dir", "o", "", "write a file per document into this `DIR` (default: all to stdout)")
	f.BoolVar(&o.force, "force", false, "write over files that are there")
}

func newImportCommand(c *console, g *globalOptions) *cobra.Command {
	o := &liveOptions{}
	all := false
	cmd := &cobra.Command{
		Use:   "import",
		Short: "Write documents from what exists",
		Long: `import writes documents from what exists. It changes nothing anywhere but in
--output-dir.

What a document cannot express is printed with its place, never dropped
silently, and makes the exit code 1. With --all it takes every service of a
cluster; see 'import service --help'.`,
		Example: `  # One service that runs
  ecs-operator import service checkout --cluster main > checkout.yaml

  # Every service of a cluster, a file per service
  ecs-operator import --all --cluster main -o services/

  # An ecspresso project
  ecs-operator import ecspresso deploy/`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if !all {
				return errors.New("import what? Name it, like 'ecs-operator import service NAME --cluster CLUSTER', or say --all (see 'ecs-operator import --help')")
			}
			return runImportLive(cmd.Context(), c, g, o, nil)
		},
	}
	o.AddFlags(cmd.Flags())
	cmd.Flags().BoolVar(&all, "all", false, "import every service of --cluster")
	cmd.AddCommand(newImportServiceCommand(c, g), newImportTaskdefCommand(c))
	cmd.AddCommand(newImportFileCommands(c)...)
	return cmd
}

// deliver writes what was imported, and says on stderr what was not.
func (o *importOptions) deliver(c *console, r importer.Result) error {
	writeProblems(c.err, c.errStyle, r.Problems)
	if len(r.Drafts) == 0 {
		return &exitError{code: status.ExitError, err: errors.New("nothing was imported")}
	}
	if o.dir == "" {
		out, err := r.YAML()
		if err != nil {
			return err
		}
		if _, err := c.out.Write(out); err != nil {
			return err
		}
	} else if err := o.files(c, r); err != nil {
		return err
	}
	if n := r.Errors(); n > 0 {
		c.note("%s could not be expressed, see above", count(n, "thing"))
		return exitWith(status.ExitNotDone)
	}
	return nil
}

// files writes a file per draft. When one of them is there already, none is.
func (o *importOptions) files(c *console, r importer.Result) error {
	var errs []error
	taken := map[string]bool{}
	for _, d := range r.Drafts {
		path := filepath.Join(o.dir, filepath.FromSlash(importer.FileName(d)))
		if taken[path] {
			errs = append(errs, fmt.Errorf("two documents would go into %s: import them in two runs, into two directories", path))
		}
		taken[path] = true
		if _, err := os.Lstat(path); !o.force && !errors.Is(err, fs.ErrNotExist) {
			errs = append(errs, fmt.Errorf("%s is there already: --force writes over it", path))
		}
	}
	if err := errors.Join(errs...); err != nil {
		return err
	}
	for _, d := range r.Drafts {
		path := filepath.Join(o.dir, filepath.FromSlash(importer.FileName(d)))
		data, err := d.YAML()
		if err != nil {
			return err
		}
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			return err
		}
		if err := os.WriteFile(path, data, 0o644); err != nil {
			return err
		}
		c.note("wrote %s", path)
	}
	return nil
}
