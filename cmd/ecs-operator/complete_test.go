package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// silentRoot is a command tree in which nobody has set a variable.
func silentRoot() *cobra.Command {
	var out bytes.Buffer
	return newRootCommand(&console{out: &out, err: &out, outStyle: newPalette(false), errStyle: newPalette(false),
		getenv: func(string) string { return "" }, environ: func() []string { return nil }})
}

// TestEverythingCompletes: no argument and no flag falls to the shell's list of
// files by accident, and what completion offers as words is what the command takes.
func TestEverythingCompletes(t *testing.T) {
	words := 0
	for _, cmd := range commandsOf(silentRoot()) {
		if cmd.Runnable() && !cmd.HasSubCommands() && cmd.ValidArgsFunction == nil && len(cmd.ValidArgs) == 0 && !strings.Contains(cmd.Use, "FILE") {
			t.Errorf("%s: nothing completes its arguments", cmd.CommandPath())
		}
		cmd.LocalFlags().VisitAll(func(f *pflag.Flag) {
			if _, ok := cmd.GetFlagCompletionFunc(f.Name); !ok && f.Value.Type() != "bool" {
				t.Errorf("%s --%s: nothing completes it", cmd.CommandPath(), f.Name)
			}
			have := choicesOf(f)
			if have == nil {
				if f.Name == "output" {
					t.Errorf("%s --output: its usage does not say the words as others do: %s", cmd.CommandPath(), f.Usage)
				}
				return
			}
			words++
			root := silentRoot()
			args := strings.Fields(cmd.CommandPath())[1:]
			switch {
			case strings.HasSuffix(cmd.Use, " NAME"):
				args = append(args, "x")
			case strings.HasSuffix(cmd.Use, " NAME N"):
				args = append(args, "x", "1")
			}
			if !cmd.HasParent() {
				args = []string{"version"}
			}
			root.SetArgs(append(args, "--"+f.Name, "nonesuch"))
			err := root.Execute()
			if want := "want " + strings.Join(have, " or "); err == nil || !strings.HasSuffix(err.Error(), want) {
				t.Errorf("%s --%s: the command says %v, completion %q", cmd.CommandPath(), f.Name, err, want)
			}
		})
	}
	if words < 8 {
		t.Errorf("only %d flags with words were found", words)
	}
}

// TestManPages: every command has a page with at least two examples.
func TestManPages(t *testing.T) {
	dir := t.TempDir()
	root := silentRoot()
	if err := runMan(root, dir); err != nil {
		t.Fatal(err)
	}
	pages := 0
	for _, cmd := range commandsOf(root) {
		if cmd.HasParent() && !cmd.IsAvailableCommand() {
			continue
		}
		pages++
		name := strings.ReplaceAll(cmd.CommandPath(), " ", "-") + ".1"
		page, err := os.ReadFile(filepath.Join(dir, name))
		if err != nil {
			t.Error(err)
			continue
		}
		for _, section := range []string{".SH NAME", ".SH SYNOPSIS", ".SH OPTIONS", ".SH EXAMPLE"} {
			if !bytes.Contains(page, []byte(section)) {
				t.Errorf("%s has no %s", name, section)
			}
		}
		if n := strings.Count(cmd.Example, "ecs-operator "); n < 2 {
			t.Errorf("%s has %d examples", cmd.CommandPath(), n)
		}
	}
	if pages < 12 {
		t.Errorf("only %d commands were looked at", pages)
	}
}
