package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"strings"
)

func main() {
	err := run(os.Args[1:], os.Stdout)
	if errors.Is(err, flag.ErrHelp) {
		return
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "release:", err)
		os.Exit(1)
	}
}

// options are what is told on the command line.
type options struct {
	named
	dir       string // where files go
	platforms string
	created   string
	cold      bool
	texts     bool
	args      []string
}

// named is how a build is called; both are parts of the binary.
type named struct{ version, commit string }

type command struct {
	about string
	flags func(*flag.FlagSet, *options)
	run   func(*options, io.Writer) error
}

func commands() map[string]command {
	name := func(f *flag.FlagSet, o *options) {
		f.StringVar(&o.version, "version", "", "`VERSION` that the binary says it is")
		f.StringVar(&o.commit, "commit", "", "`COMMIT` that the binary says it is of (default: git's, of a clean work tree)")
	}
	return map[string]command{
		"build": {"writes the files of a release", func(f *flag.FlagSet, o *options) {
			name(f, o)
			f.StringVar(&o.dir, "o", "dist", "`DIR` to write to")
			f.StringVar(&o.platforms, "platforms", "linux/amd64,linux/arm64", "what to build for")
		}, runBuild},
		"verify": {"builds BINARY again and compares", name, runVerify},
		"check": {"builds twice from two directories and compares", func(f *flag.FlagSet, o *options) {
			f.StringVar(&o.dir, "o", "", "`DIR` to leave the binary in (default: nowhere)")
			f.BoolVar(&o.cold, "cold", false, "compile everything again for the second build, in an empty cache: minutes of CPU")
		}, runCheck},
		"sbom": {"prints the SBOM of BINARY", func(f *flag.FlagSet, o *options) {
			f.StringVar(&o.version, "version", "", "`VERSION` of the binary")
			f.StringVar(&o.created, "created", "", "`TIME` to be said in it, RFC 3339 (default: SOURCE_DATE_EPOCH, else the commit's)")
		}, runSBOM},
		"licences": {"writes docs/licences.md", func(f *flag.FlagSet, o *options) {
			f.BoolVar(&o.texts, "texts", false, "print the texts of what is in the program instead")
		}, runLicences},
	}
}

// run is the command line, in the module's top directory.
func run(args []string, out io.Writer) error {
	all := commands()
	if len(args) == 0 || all[args[0]].run == nil {
		return errors.New("which one? build, verify, check, sbom or licences; -h after it says more")
	}
	c, o := all[args[0]], &options{}
	f := flag.NewFlagSet("release "+args[0], flag.ContinueOnError)
	f.Usage = func() {
		fmt.Fprintf(f.Output(), "%s %s\n", f.Name(), c.about)
		f.PrintDefaults()
	}
	c.flags(f, o)
	if err := f.Parse(args[1:]); err != nil {
		return err
	}
	o.args = f.Args()
	return c.run(o, out)
}

// binary is the one argument.
func (o *options) binary() (string, error) {
	if len(o.args) != 1 {
		return "", fmt.Errorf("one BINARY is wanted, not %q", strings.Join(o.args, " "))
	}
	return o.args[0], nil
}
