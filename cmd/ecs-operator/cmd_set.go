package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/ecs-operator/ecs-operator/pkg/kinds"
	"github.com/ecs-operator/ecs-operator/pkg/spec"
	"github.com/ecs-operator/ecs-operator/pkg/status"
)

func newSetCommand(c *console, g *globalOptions) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "set",
		Short: "Edit documents in place",
		Long: `set edits single values of documents in place, and keeps every other byte of
the files: comments, quotes and spacing stay as they are.`,
		Example: `  # The next image
  ecs-operator set image checkout.yaml api=registry.example.com/checkout:1.42.1

  # Of one service of a tree, committed and pushed
  ecs-operator set image services/ --service checkout api=registry.example.com/checkout:1.42.1 --commit --push`,
	}
	cmd.AddCommand(newSetImageCommand(c, g))
	return cmd
}

// setImageOptions are those of set image.
type setImageOptions struct {
	spec.ImageOptions
	commitOptions
	from, container string
}

// AddFlags declares the flags of set image.
func (o *setImageOptions) AddFlags(f *pflag.FlagSet) {
	f.StringVar(&o.Service, "service", "", "only this service: NAME or CLUSTER/NAME")
	f.StringVar(&o.Environment, "env", "", "only in this environment")
	f.BoolVar(&o.All, "all", false, "every place that decides such an image, not just the one")
	f.StringVar(&o.from, "from", "", "read the images from this `FILE`: imagedefinitions.json or imageDetail.json, as CodePipeline hands over")
	f.StringVar(&o.container, "container", "", "with an imageDetail.json, which names none: whose image it is")
	o.commitOptions.AddFlags(f)
}

func newSetImageCommand(c *console, _ *globalOptions) *cobra.Command {
	o := &setImageOptions{}
	cmd := &cobra.Command{
		Use:   "image FILE... CONTAINER=IMAGE...",
		Short: "Write another image into documents, and touch nothing else of them",
		Long: `set image finds the one scalar that decides a container's image and writes
another one there. Every other byte of the file stays: comments, quotes, spacing.

It looks in the FILEs and directories given, and edits nothing else: in a
Service, a ServicePatch, the parameters of a template, a TaskTemplate's default,
or the variable that is the whole image. $(env.registry) in front stays where the
image begins with what it stands for. Where several places come into question,
they are listed: name one with --service or --env, or mean all with --all.

With --from the images are those of an imagedefinitions.json, or of an
imageDetail.json with --container, as CodePipeline hands them over.

--commit commits the edited files with your own git, and nothing else that is
staged or changed; --push pushes that. Where others pushed meanwhile, the edit is
made anew on what the branch has now, and pushed again, until --push-timeout. A
detached HEAD, as CI systems leave it, needs --branch.

Exit codes:
  0  written, committed, pushed, or there already
  1  committed, but not pushed: denied, or the branch is protected; the same
     command pushes it
  2  an error, and no file is changed
  4  committed, but others were faster until --push-timeout`,
		Example: `  # One container
  ecs-operator set image services/checkout.yaml api=registry.example.com/checkout:1.42.1

  # The staging patch in a tree, two containers at once
  ecs-operator set image services/ --service checkout --env staging api=checkout:2 proxy=envoy:1.31

  # In a pipeline: the commit is the deployment
  ecs-operator set image services/checkout.yaml api=registry.example.com/checkout:1.42.1 --commit --push --branch main

  # What CodeBuild handed over
  ecs-operator set image services/checkout.yaml --from imagedefinitions.json --commit --push --branch main`,
		RunE: func(cmd *cobra.Command, args []string) error {
			return runSetImage(cmd.Context(), c, o, args)
		},
	}
	o.AddFlags(cmd.Flags())
	return cmd
}

func runSetImage(ctx context.Context, c *console, o *setImageOptions, args []string) error {
	paths, edits, err := imageArgs(args)
	if err != nil {
		return err
	}
	if err := o.wants(paths, edits); err != nil {
		return err
	}
	if o.from != "" {
		handed, problems, err := o.handed()
		if err != nil {
			return err
		}
		if len(problems) > 0 {
			writeProblems(c.err, c.errStyle, problems)
			return exitWith(status.ExitError)
		}
		edits = append(edits, handed...)
	}
	if err := o.commitOptions.finalize(); err != nil {
		return err
	}
	if paths, err = cleanPaths(paths); err != nil {
		return err
	}
	return writeDocuments(ctx, c, &o.commitOptions, &editing{paths: paths,
		edit: func(files []spec.File) ([]spec.File, []spec.ImageChange, []spec.Problem) {
			return spec.SetImages(files, kinds.Sections(), edits, o.ImageOptions)
		}})
}

// imageArgs parts FILE… from CONTAINER=IMAGE…. What is there as a file is one,
// whatever its name.
func imageArgs(args []string) (paths []string, edits []spec.ImageEdit, err error) {
	for _, a := range args {
		name, image, pair := strings.Cut(a, "=")
		if _, err := os.Stat(a); pair && errors.Is(err, fs.ErrNotExist) {
			if name == "" || image == "" {
				return nil, nil, fmt.Errorf("%q: want CONTAINER=IMAGE", a)
			}
			edits = append(edits, spec.ImageEdit{Container: name, Image: image})
			continue
		}
		paths = append(paths, a)
	}
	return paths, edits, nil
}

// wants refuses a command line that leaves open what is meant.
func (o *setImageOptions) wants(paths []string, edits []spec.ImageEdit) error {
	switch {
	case len(edits) == 0 && o.from == "":
		return errors.New("which image? Say CONTAINER=IMAGE, like 'ecs-operator set image checkout.yaml api=checkout:1.42.1', or --from imagedefinitions.json")
	case len(paths) == 0:
		return errors.New("in which file? Name it, like 'ecs-operator set image checkout.yaml api=checkout:1.42.1'")
	case len(edits) > 0 && o.from != "":
		return errors.New("--from and CONTAINER=IMAGE are two lists of images: give one of them")
	case o.container != "" && o.from == "":
		return errors.New("--container is for --from: a container of the command line is named in CONTAINER=IMAGE")
	}
	return nil
}

// handed reads the images of --from.
func (o *setImageOptions) handed() ([]spec.ImageEdit, []spec.Problem, error) {
	data, err := os.ReadFile(o.from)
	if err != nil {
		if errors.Is(err, fs.ErrNotExist) {
			return nil, nil, fmt.Errorf("--from %s: there is no such file", o.from)
		}
		return nil, nil, fmt.Errorf("--from: %w", err)
	}
	edits, problems := spec.ReadImages(spec.File{Path: o.from, Data: data}, o.container)
	return edits, problems, nil
}

// replaceFile writes a file anew, whole or not at all, with the mode that it has.
// A link stays one.
func replaceFile(path string, data []byte) error {
	path, err := filepath.EvalSymlinks(path)
	if err != nil {
		return err
	}
	info, err := os.Stat(path)
	if err != nil {
		return err
	}
	f, err := os.CreateTemp(filepath.Dir(path), ".ecs-operator-*")
	if err != nil {
		return err
	}
	_, err = f.Write(data)
	err = errors.Join(err, f.Chmod(info.Mode().Perm()), f.Sync(), f.Close())
	if err == nil {
		err = os.Rename(f.Name(), path)
	}
	if err != nil {
		return errors.Join(err, os.Remove(f.Name()))
	}
	return nil
}
