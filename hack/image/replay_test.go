//go:build linux

package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
)

// stage is one of a Dockerfile: a directory tree with what is said of it.
type stage struct {
	name, base string
	dir        string // its root; "/" for the stage that this machine stands for
	workdir    string
	vars       map[string]string // ARG, for what follows
	owner      map[string]int    // of paths that were copied with another one than root
	env        map[string]string
	labels     map[string]string
	user       string
	entrypoint []string
	health     []string
	volumes    []string
}

// replay builds the Dockerfile at the root of the project as far as that goes
// without a container engine. What a base image brings is taken from this machine:
// its Go for the stage that builds, its git and ssh for the stage of Debian.
type replay struct {
	t       *testing.T
	context string
	ignored []string
	args    map[string]string // before the first FROM
	stages  []*stage
}

func replayDockerfile(t *testing.T) *stage {
	t.Helper()
	r := &replay{t: t, context: "../..", args: map[string]string{}}
	for _, path := range programs {
		if _, err := os.Stat(path); err != nil {
			t.Skipf("the image is made from this machine's own programs, and %v", err)
		}
	}
	ignored, err := os.ReadFile(filepath.Join(r.context, ".dockerignore"))
	text, err2 := os.ReadFile(filepath.Join(r.context, "Dockerfile"))
	if err := errors.Join(err, err2); err != nil {
		t.Fatal(err)
	}
	r.ignored = strings.Fields(string(ignored))
	instructions, err := parseDockerfile(string(text))
	if err != nil {
		t.Fatal(err)
	}
	for _, in := range instructions {
		r.step(in)
	}
	return r.now()
}

func (r *replay) now() *stage { return r.stages[len(r.stages)-1] }

func (r *replay) stage(name string) *stage {
	for _, s := range r.stages {
		if s.name == name {
			return s
		}
	}
	r.t.Fatalf("there is no stage %s", name)
	return nil
}

func (r *replay) step(in instruction) {
	r.t.Helper()
	if len(r.stages) == 0 && in.name != "FROM" {
		if in.name != "ARG" {
			r.t.Fatalf("line %d: %s before the first FROM", in.line, in.name)
		}
		name, value, _ := strings.Cut(in.rest, "=")
		r.args[name] = value
		return
	}
	if in.name == "FROM" {
		r.from(in)
		return
	}
	s := r.now()
	text := in.rest
	if in.name != "ARG" {
		text = expand(r.t, text, s.vars)
	}
	var err error
	switch in.name {
	case "ARG":
		r.arg(s, in.rest)
	case "WORKDIR":
		s.workdir = text
		err = os.MkdirAll(filepath.Join(s.dir, text), 0o755)
	case "COPY":
		r.copy(s, in, text)
	case "RUN":
		r.run(s, in, text)
	case "ENV", "LABEL":
		into := map[string]map[string]string{"ENV": s.env, "LABEL": s.labels}[in.name]
		for _, w := range words(text) {
			key, value, ok := strings.Cut(w, "=")
			if !ok {
				r.t.Fatalf("line %d: %s %s", in.line, in.name, w)
			}
			into[key] = value
		}
	case "USER":
		s.user = text
	case "EXPOSE":
	case "VOLUME":
		s.volumes, err = execForm(text)
	case "ENTRYPOINT":
		s.entrypoint, err = execForm(text)
	case "HEALTHCHECK":
		command, ok := strings.CutPrefix(text, "CMD ")
		if !ok {
			r.t.Fatalf("line %d: HEALTHCHECK %s", in.line, text)
		}
		s.health, err = execForm(command)
	}
	if err != nil {
		r.t.Fatalf("line %d: %v", in.line, err)
	}
}

func (r *replay) from(in instruction) {
	f := strings.Fields(expand(r.t, in.rest, r.args))
	s := &stage{base: f[0], workdir: "/", vars: map[string]string{}, owner: map[string]int{}, env: map[string]string{}, labels: map[string]string{}}
	if len(f) == 3 && f[1] == "AS" {
		s.name = f[2]
	}
	image, tag, tagged := strings.Cut(s.base, ":")
	switch {
	case image == "scratch":
	case !tagged || tag == "latest":
		r.t.Errorf("line %d: %s names no version", in.line, s.base)
	}
	switch image {
	case "scratch", "golang":
		s.dir = r.t.TempDir()
	case "debian":
		s.dir = "/"
	default:
		r.t.Fatalf("line %d: nothing here stands for the image %s", in.line, image)
	}
	if p := in.flags["--platform"]; p != "" && p != "$BUILDPLATFORM" {
		r.t.Errorf("line %d: built for %s", in.line, p)
	}
	r.stages = append(r.stages, s)
}

// arg declares: what the builder gives by itself, what was said before the first
// FROM, or the default.
func (r *replay) arg(s *stage, text string) {
	given := map[string]string{"TARGETOS": runtime.GOOS, "TARGETARCH": runtime.GOARCH, "VERSION": "v0.0.0-replayed", "REVISION": "0123456789"}
	for _, w := range strings.Fields(text) {
		name, value, _ := strings.Cut(w, "=")
		for _, known := range []map[string]string{r.args, given} {
			if v, ok := known[name]; ok {
				value = v
			}
		}
		s.vars[name] = value
	}
}

func (r *replay) copy(s *stage, in instruction, text string) {
	f := strings.Fields(text)
	to := f[len(f)-1]
	isDir := strings.HasSuffix(to, "/") || to == "." || len(f) > 2
	if !filepath.IsAbs(to) {
		to = filepath.Join(s.workdir, to)
	}
	root, ignored := r.context, r.ignored
	if from := in.flags["--from"]; from != "" {
		root, ignored = r.stage(from).dir, nil
		if root == "/" {
			r.t.Fatalf("line %d: that would copy this machine", in.line)
		}
	}
	for _, path := range f[:len(f)-1] {
		source := filepath.Join(root, path)
		info, err := os.Stat(source)
		if err != nil {
			r.t.Fatalf("line %d: %v", in.line, err)
		}
		target := to
		if !info.IsDir() && isDir {
			target = filepath.Join(to, filepath.Base(path))
		}
		if err := copyTree(source, filepath.Join(s.dir, target), ignored); err != nil {
			r.t.Fatalf("line %d: %v", in.line, err)
		}
		if owner, _, ok := strings.Cut(in.flags["--chown"], ":"); ok {
			uid, err := strconv.Atoi(owner)
			if err != nil {
				r.t.Fatalf("line %d: there is nobody called %s in the image", in.line, owner)
			}
			s.owner[target] = uid
		}
	}
}

// copyTree copies as COPY does: files with their modes; the owner is root.
func copyTree(from, to string, ignored []string) error {
	return filepath.WalkDir(from, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		rel, err := filepath.Rel(from, path)
		if err != nil {
			return err
		}
		for _, pattern := range ignored {
			if rel == pattern || strings.HasPrefix(pattern, "**/") && filepath.Base(rel) == pattern[3:] {
				return skip(d)
			}
		}
		target := filepath.Join(to, rel)
		info, err := d.Info()
		switch {
		case err != nil:
			return err
		case d.IsDir():
			return os.MkdirAll(target, 0o755)
		case !info.Mode().IsRegular():
			return fmt.Errorf("%s is neither file nor directory", path)
		}
		data, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		if err := os.MkdirAll(filepath.Dir(target), 0o755); err != nil {
			return err
		}
		return errors.Join(os.WriteFile(target, data, info.Mode().Perm()), os.Chmod(target, info.Mode()))
	})
}

func skip(d fs.DirEntry) error {
	if d.IsDir() {
		return fs.SkipDir
	}
	return nil
}

// run executes a RUN step on this machine, absolute paths turned into those of the
// stage; a stage that this machine stands for is only checked.
func (r *replay) run(s *stage, in instruction, text string) {
	if s.dir == "/" {
		r.installs(in, text)
		return
	}
	mounts := map[string]string{}
	if m := in.flags["--mount"]; m != "" {
		options := map[string]string{}
		for _, o := range strings.Split(m, ",") {
			key, value, _ := strings.Cut(o, "=")
			options[key] = value
		}
		mounts[options["target"]] = r.stage(options["from"]).dir
	}
	for _, command := range strings.Split(text, " && ") {
		w := words(command)
		env := os.Environ()
		for len(w) > 0 && strings.Contains(w[0], "=") {
			env, w = append(env, w[0]), w[1:]
		}
		for i := range w {
			if to, ok := mounts[w[i]]; ok {
				w[i] = to
			} else if filepath.IsAbs(w[i]) {
				w[i] = filepath.Join(s.dir, w[i])
			}
		}
		if !slices.Contains([]string{"go", "mkdir"}, w[0]) {
			r.t.Fatalf("line %d: %s is not replayed here", in.line, w[0])
		}
		cmd := exec.Command(w[0], w[1:]...)
		cmd.Dir, cmd.Env = filepath.Join(s.dir, s.workdir), append(env, "GOFLAGS=-buildvcs=false", "GOWORK=off")
		if out, err := cmd.CombinedOutput(); err != nil {
			r.t.Fatalf("line %d: %s: %v\n%s", in.line, command, err, out)
		}
	}
}

// installs checks that a step brings the packages of what is gathered, and no more.
func (r *replay) installs(in instruction, text string) {
	_, packages, ok := strings.Cut(text, "apt-get install -y --no-install-recommends ")
	if got := strings.Fields(packages); !ok || !slices.Equal(got, []string{"ca-certificates", "git", "openssh-client"}) {
		r.t.Fatalf("line %d: %s", in.line, text)
	}
}

// TestDockerfile replays the Dockerfile, holds the file system to what the README
// says of it, and runs the operator in it as the image does.
func TestDockerfile(t *testing.T) {
	if testing.Short() {
		t.Skip("it builds the operator")
	}
	image := replayDockerfile(t)
	t.Run("files", func(t *testing.T) { checkFiles(t, image) })
	t.Run("configuration", func(t *testing.T) { checkConfiguration(t, image) })
	t.Run("run", func(t *testing.T) { runImage(t, image) })
}

func checkFiles(t *testing.T, image *stage) {
	for _, c := range complaints(t, image) {
		t.Error(c)
	}
}

// complaints holds the file system to the README.
func complaints(t *testing.T, image *stage) (out []string) {
	list, seen := listed(t), map[string]bool{}
	say := func(format string, args ...any) { out = append(out, fmt.Sprintf(format, args...)) }
	err := filepath.WalkDir(image.dir, func(host string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		path := "/" + strings.TrimPrefix(strings.TrimPrefix(host, image.dir), "/")
		info, err := d.Info()
		if err != nil {
			return err
		}
		mode, owner := info.Mode(), image.owner[path]
		if mode&(fs.ModeSetuid|fs.ModeSetgid|fs.ModeSticky) != 0 || mode.Perm()&0o022 != 0 {
			say("%s has the mode %s", path, mode)
		}
		if d.IsDir() {
			_, named := list[path+"/"]
			if seen[path+"/"] = true; named != (owner != 0) {
				say("%s belongs to %d, and the README says otherwise", path, owner)
			}
			return nil
		}
		if owner != 0 || !mode.IsRegular() {
			say("%s is a %s of %d", path, mode, owner)
		}
		fits := 0
		for pattern, says := range list {
			if !match(pattern, path) {
				continue
			}
			fits++
			seen[pattern] = true
			if (mode.Perm()&0o111 != 0) != strings.HasPrefix(says, "executable") {
				say("%s has the mode %s, and the README says %q", path, mode, says)
			}
		}
		if fits != 1 {
			say("%s: %d lines of the README mean it", path, fits)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	for pattern := range list {
		if !seen[pattern] {
			say("the README lists %s, and it is not there", pattern)
		}
	}
	return out
}

func checkConfiguration(t *testing.T, image *stage) {
	uid, gid, _ := strings.Cut(image.user, ":")
	if uid != strconv.Itoa(User) || gid != uid {
		t.Errorf("USER %s: want numbers, which ECS and others can tell from root", image.user)
	}
	if len(image.volumes) != 1 || image.owner[image.volumes[0]] != User {
		t.Errorf("VOLUME %v, owned by %v", image.volumes, image.owner)
	}
	for what, command := range map[string][]string{"ENTRYPOINT": image.entrypoint, "HEALTHCHECK": image.health} {
		if len(command) != 2 || command[0] != "/ecs-operator" {
			t.Errorf("%s %q", what, command)
		}
	}
	for _, label := range []string{"title", "description", "source", "documentation", "licenses", "version", "revision"} {
		if image.labels["org.opencontainers.image."+label] == "" {
			t.Errorf("no label %s", label)
		}
	}
	for name, want := range map[string]string{"PATH": "/usr/bin", "TMPDIR": image.volumes[0], "AWS_EC2_METADATA_DISABLED": "true", "ECS_OPERATOR_LISTEN": "0.0.0.0:8080"} {
		if image.env[name] != want {
			t.Errorf("%s=%s, want %s", name, image.env[name], want)
		}
	}
	if _, set := image.env["ECS_OPERATOR_PATH"]; set {
		t.Error("a path of the image would be looked for in the repository")
	}
}

// Planted: each of these makes a check of the file system fail.
func TestTheChecksOfTheImageBite(t *testing.T) {
	for what, plant := range map[string]func(dir string) error{
		"a shell":          func(dir string) error { return os.WriteFile(dir+"/usr/bin/sh", nil, 0o755) },
		"a script":         func(dir string) error { return os.WriteFile(dir+"/usr/lib/git-core/git-bisect", nil, 0o644) },
		"a library to run": func(dir string) error { return os.Chmod(dir+"/lib/x86_64-linux-gnu/libc.so.6", 0o755) },
		"setuid":           func(dir string) error { return os.Chmod(dir+"/usr/bin/ssh", 0o755|fs.ModeSetuid) },
		"anybody's":        func(dir string) error { return os.Chmod(dir+"/etc/passwd", 0o666) },
		"a link":           func(dir string) error { return os.Symlink("/proc/self/exe", dir+"/usr/bin/git2") },
		"a device":         func(dir string) error { return syscall.Mkfifo(dir+"/etc/pipe", 0o644) },
		"nothing":          func(dir string) error { return os.Remove(dir + "/etc/group") },
		"no program":       func(dir string) error { return os.Chmod(dir+"/usr/bin/git", 0o644) },
	} {
		dir := t.TempDir()
		for path, says := range listed(t) {
			path = strings.NewReplacer("/lib*/ld-linux-*.so.*", "/lib64/ld-linux-x86-64.so.2", "*-linux-gnu", "x86_64-linux-gnu", "*.so.*", "libc.so.6").Replace(path)
			mode := fs.FileMode(0o644)
			if strings.HasPrefix(says, "executable") {
				mode = 0o755
			}
			at := filepath.Join(dir, path)
			if strings.HasSuffix(path, "/") {
				if err := os.MkdirAll(at, 0o755); err != nil {
					t.Fatal(err)
				}
				continue
			}
			if err := errors.Join(os.MkdirAll(filepath.Dir(at), 0o755), os.WriteFile(at, nil, mode)); err != nil {
				t.Fatal(err)
			}
		}
		image := &stage{dir: dir, owner: map[string]int{"/var/cache/ecs-operator": User}}
		if c := complaints(t, image); len(c) > 0 {
			t.Fatalf("complaints about what is right: %v", c)
		}
		if err := plant(dir); err != nil {
			t.Fatal(err)
		}
		if len(complaints(t, image)) == 0 {
			t.Errorf("%s is not noticed", what)
		}
	}
}
