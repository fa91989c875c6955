package main

import (
	"debug/elf"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// programs are all that may be executed beside the operator: git runs itself for
// everything that is built into it, git-remote-https for http and https, and ssh
// by way of the operator.
var programs = []string{"/usr/bin/git", "/usr/lib/git-core/git-remote-https", "/usr/bin/ssh"}

// data are files that the programs and the operator read.
var data = []string{"/etc/ssl/certs/ca-certificates.crt"}

// User is whom the image runs as: nobody special, and the same number in every image
// without a shell, so that volumes can be prepared for it.
const User = 65532

// written are files that no package brings in this form. ssh does not start for a
// user without a name.
var written = map[string]string{
	"/etc/passwd":        fmt.Sprintf("root:x:0:0:root:/:/nonexistent\nnonroot:x:%[1]d:%[1]d:nonroot:/var/cache/ecs-operator:/nonexistent\n", User),
	"/etc/group":         fmt.Sprintf("root:x:0:\nnonroot:x:%d:\n", User),
	"/etc/nsswitch.conf": "passwd: files\ngroup: files\nhosts: files dns\n",
}

// tree is a root file system that is read without running anything of it.
type tree struct{ root string }

// real follows the links of a path inside the tree, absolute ones from its root.
func (t tree) real(path string) (string, error) {
	at, todo := "/", strings.Split(filepath.Clean("/"+path), "/")
	for links := 0; len(todo) > 0; {
		step := todo[0]
		todo = todo[1:]
		switch step {
		case "", ".":
			continue
		case "..":
			at = filepath.Dir(at)
			continue
		}
		next := filepath.Join(at, step)
		info, err := os.Lstat(t.host(next))
		if err != nil {
			return "", err
		}
		if info.Mode()&fs.ModeSymlink == 0 {
			at = next
			continue
		}
		if links++; links > 40 {
			return "", fmt.Errorf("%s: too many links", path)
		}
		to, err := os.Readlink(t.host(next))
		if err != nil {
			return "", err
		}
		if filepath.IsAbs(to) {
			at = "/"
		}
		todo = append(strings.Split(to, "/"), todo...)
	}
	return at, nil
}

// host is where a path without links stands on this machine.
func (t tree) host(path string) string { return filepath.Join(t.root, path) }

// gathering is a file system that comes about.
type gathering struct {
	from tree
	to   string
	have map[string]bool
}

func gather(from, to string) error {
	g := &gathering{from: tree{from}, to: to, have: map[string]bool{}}
	entries, err := os.ReadDir(to)
	if err != nil {
		return err
	}
	if len(entries) > 0 {
		return fmt.Errorf("%s is not empty", to)
	}
	for _, path := range programs {
		if err := g.program(path); err != nil {
			return err
		}
	}
	for _, path := range data {
		if err := g.copy(path, path, 0o644); err != nil {
			return err
		}
	}
	for path, text := range written {
		if err := g.write(path, strings.NewReader(text), 0o644); err != nil {
			return err
		}
	}
	return nil
}

// program takes one with what it loads: its interpreter, which is executed too, and
// the libraries that it and these name.
func (g *gathering) program(path string) error {
	todo, machine := []string{path}, elf.EM_NONE
	for len(todo) > 0 {
		at := todo[0]
		todo = todo[1:]
		if g.have[at] {
			continue
		}
		mode := fs.FileMode(0o644) // a library is read, and never executed
		if at == path {
			mode = 0o755
		}
		needs, err := g.needs(at, &machine)
		if err != nil {
			return err
		}
		if needs.interpreter != "" && !g.have[needs.interpreter] {
			if err := g.copy(needs.interpreter, needs.interpreter, 0o755); err != nil {
				return err
			}
		}
		if err := g.copy(at, at, mode); err != nil {
			return err
		}
		for _, name := range needs.libraries {
			library, err := g.library(name, machine)
			if err != nil {
				return fmt.Errorf("%s: %w", at, err)
			}
			if library != needs.interpreter && !slices.Contains(todo, library) {
				todo = append(todo, library)
			}
		}
	}
	return nil
}

type needs struct {
	interpreter string
	libraries   []string
}

// needs reads what a file loads. All must be of one machine.
func (g *gathering) needs(path string, machine *elf.Machine) (n needs, err error) {
	real, err := g.from.real(path)
	if err != nil {
		return n, err
	}
	f, err := elf.Open(g.from.host(real))
	if err != nil {
		return n, fmt.Errorf("%s is no program: %w", path, err)
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	if *machine != elf.EM_NONE && *machine != f.Machine {
		return n, fmt.Errorf("%s is for %s, and what loads it for %s", path, f.Machine, *machine)
	}
	*machine = f.Machine
	for _, tag := range []elf.DynTag{elf.DT_RPATH, elf.DT_RUNPATH} {
		if paths, err := f.DynString(tag); err == nil && len(paths) > 0 {
			return n, fmt.Errorf("%s looks for its libraries in %v, which nothing here follows", path, paths)
		}
	}
	for _, p := range f.Progs {
		if p.Type == elf.PT_INTERP {
			text, err := io.ReadAll(p.Open())
			if err != nil {
				return n, err
			}
			n.interpreter = strings.TrimRight(string(text), "\x00")
		}
	}
	n.libraries, err = f.ImportedLibraries()
	return n, err
}

// triplets are Debian's names of the directories for the libraries of a machine.
var triplets = map[elf.Machine]string{elf.EM_X86_64: "x86_64-linux-gnu", elf.EM_AARCH64: "aarch64-linux-gnu"}

// library finds one where the dynamic loader of Debian looks by itself.
func (g *gathering) library(name string, machine elf.Machine) (string, error) {
	triplet, known := triplets[machine]
	if !known {
		return "", fmt.Errorf("no image is made for %s", machine)
	}
	for _, dir := range []string{"/lib/" + triplet, "/usr/lib/" + triplet, "/lib", "/usr/lib", "/lib64", "/usr/lib64"} {
		path := filepath.Join(dir, name)
		if _, err := g.from.real(path); err == nil {
			return path, nil
		}
	}
	return "", fmt.Errorf("the library %s is not there", name)
}

// copy takes a file, through links, under the name by which it is asked for. What
// kinds of bits it had does not matter: none but these are set.
func (g *gathering) copy(from, to string, mode fs.FileMode) (err error) {
	real, err := g.from.real(from)
	if err != nil {
		return err
	}
	in, err := os.Open(g.from.host(real))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, in.Close()) }()
	return g.write(to, in, mode)
}

func (g *gathering) write(path string, in io.Reader, mode fs.FileMode) error {
	to := filepath.Join(g.to, path)
	if err := os.MkdirAll(filepath.Dir(to), 0o755); err != nil {
		return err
	}
	out, err := os.OpenFile(to, os.O_WRONLY|os.O_CREATE|os.O_EXCL, mode)
	if err != nil {
		return err
	}
	g.have[path] = true
	_, err = io.Copy(out, in)
	return errors.Join(err, out.Chmod(mode), out.Close())
}
