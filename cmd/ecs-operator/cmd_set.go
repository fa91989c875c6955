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
	"github.com/ecs-operator/ecs-operator/pkg/source"
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

  # Of one service of a tree
  ecs-operator set image services/ --service checkout api=registry.example.com/checkout:1.42.1`,
	}
	cmd.AddCommand(newSetImageCommand(c, g))
	return cmd
}

// setImageOptions are those of set image.
type setImageOptions struct{ spec.ImageOptions }

// AddFlags declares the flags of set image.
func (o *setImageOptions) AddFlags(f *pflag.FlagSet) {
	f.StringVar(&o.Service, "service", "", "only this service: NAME or CLUSTER/NAME")
	f.StringVar(&o.Environment, "env", "", "only in this environment")
	f.BoolVar(&o.All, "all", false, "every place that decides such an image, not just the one")
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

Exit codes: 0 written, or there already; 2 an error, and no file is changed.`,
		Example: `  # One container
  ecs-operator set image services/checkout.yaml api=registry.example.com/checkout:1.42.1

  # The staging patch in a tree, two containers at once
  ecs-operator set image services/ --service checkout --env staging api=checkout:2 proxy=envoy:1.31`,
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
	if paths, err = cleanPaths(paths); err != nil {
		return err
	}
	snap, err := source.Dir(paths...).Snapshot(ctx)
	if err != nil {
		return err
	}
	for _, p := range snap.Problems {
		return fmt.Errorf("%s: %s", p.Path, p.Message)
	}
	var files []spec.File
	for _, f := range snap.Files {
		files = append(files, spec.File{Path: f.Path, Data: f.Data})
	}
	changed, changes, problems := spec.SetImages(files, kinds.Sections(), edits, o.ImageOptions)
	if len(problems) > 0 {
		for _, p := range problems {
			if p.File == "" {
				c.note("%s %s", c.errStyle.bad("Error:"), p.Message)
			} else {
				writeProblems(c.err, c.errStyle, []spec.Problem{p})
			}
		}
		return exitWith(status.ExitError)
	}
	for _, f := range changed {
		if err := replaceFile(f.Path, f.Data); err != nil {
			return err
		}
	}
	for _, ch := range changes {
		where := fmt.Sprintf("%s:%d:%d", ch.File, ch.Line, ch.Column)
		if ch.Old == ch.New {
			c.note("%s: %s is already at %s (%s)", where, ch.Container, ch.New, strings.Join(ch.Instances, ", "))
			continue
		}
		c.note("%s: %s: %s → %s (%s)", where, ch.Container, ch.Old, ch.New, strings.Join(ch.Instances, ", "))
	}
	return nil
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
	switch {
	case len(edits) == 0:
		return nil, nil, errors.New("which image? Say CONTAINER=IMAGE, like 'ecs-operator set image checkout.yaml api=checkout:1.42.1'")
	case len(paths) == 0:
		return nil, nil, errors.New("in which file? Name it, like 'ecs-operator set image checkout.yaml api=checkout:1.42.1'")
	}
	return paths, edits, nil
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
