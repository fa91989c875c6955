package main

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
)

const program = "./cmd/ecs-operator"

// linker are the flags that name the binary. Symbol table and DWARF are left out:
// they are half of its size, and a panic's trace does without.
func (n named) linker() string {
	return "-s -w -X main.version=" + n.version + " -X main.commit=" + n.commit
}

// arguments of the go command for a build; hack/image's Dockerfile has the same.
func (n named) arguments(out string) []string {
	return []string{"build", "-trimpath", "-buildvcs=false", "-ldflags", n.linker(), "-o", out, program}
}

// builder makes binaries in a directory of source.
type builder struct {
	dir   string // the module's top
	cache string // GOCACHE, "" for the usual one
}

// build makes the binary of one platform, "" for the one that this runs on.
func (b builder) build(n named, platform, out string) error {
	env, err := b.environment(platform)
	if err != nil {
		return err
	}
	if out, err = filepath.Abs(out); err != nil {
		return err
	}
	cmd := exec.Command("go", n.arguments(out)...)
	cmd.Dir, cmd.Env = b.dir, env
	if said, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("go build for %s in %s: %w\n%s", platform, b.dir, err, said)
	}
	return nil
}

// kept are settings of the go command that say where modules come from and are kept:
// go.sum decides what is in them.
var kept = []string{"GOPROXY", "GOSUMDB", "GOPRIVATE", "GONOPROXY", "GONOSUMDB", "GOINSECURE", "GOMODCACHE", "GOCACHE"}

// environment is that of a build: what may change its bytes is set, whatever the
// machine has.
func (b builder) environment(platform string) ([]string, error) {
	set := map[string]string{}
	said, err := output(b.dir, "go", append([]string{"env", "-json", "GOHOSTOS", "GOHOSTARCH"}, kept...)...)
	if err != nil {
		return nil, err
	}
	if err := json.Unmarshal([]byte(said), &set); err != nil {
		return nil, err
	}
	goos, goarch := set["GOHOSTOS"], set["GOHOSTARCH"]
	delete(set, "GOHOSTOS")
	delete(set, "GOHOSTARCH")
	if platform != "" {
		var ok bool
		if goos, goarch, ok = strings.Cut(platform, "/"); !ok {
			return nil, fmt.Errorf("%q is no platform: linux/arm64 is one", platform)
		}
	}
	if b.cache != "" {
		set["GOCACHE"] = b.cache
	}
	for _, name := range []string{"GOFLAGS", "GOEXPERIMENT", "GOFIPS140", "GOAMD64", "GOARM64", "GODEBUG"} {
		set[name] = "" // the default of each
	}
	set["GOENV"], set["GOWORK"], set["GOTOOLCHAIN"] = "off", "off", "local"
	set["CGO_ENABLED"], set["GOOS"], set["GOARCH"] = "0", goos, goarch
	env := slices.DeleteFunc(os.Environ(), func(s string) bool {
		name, _, _ := strings.Cut(s, "=")
		_, ours := set[name]
		return ours
	})
	for name, v := range set {
		env = append(env, name+"="+v)
	}
	return env, nil
}

// name fills in what was not said: the commit of the work tree, if it has nothing else.
func (n named) fill(dir string) (named, error) {
	if n.commit != "" {
		return n, nil
	}
	commit, err := output(dir, "git", "rev-parse", "HEAD")
	if err != nil {
		return n, fmt.Errorf("git does not tell the commit: say it with -commit (%w)", err)
	}
	dirty, err := output(dir, "git", "status", "--porcelain")
	if err != nil {
		return n, err
	}
	if strings.TrimSpace(dirty) != "" {
		return n, errors.New("there are changes that are not committed: commit them, or call the build with -commit")
	}
	n.commit = strings.TrimSpace(commit)
	return n, nil
}

// runBuild writes the files of a release.
func runBuild(o *options, out io.Writer) error {
	n, err := o.fill(".")
	if err != nil {
		return err
	}
	if err := os.MkdirAll(o.dir, 0o755); err != nil {
		return err
	}
	created, err := o.time()
	if err != nil {
		return err
	}
	var files []string
	put := func(name string, data []byte) error {
		files = append(files, name)
		return os.WriteFile(filepath.Join(o.dir, name), data, 0o644)
	}
	for _, platform := range strings.Split(o.platforms, ",") {
		name := "ecs-operator_" + strings.ReplaceAll(platform, "/", "_")
		at := filepath.Join(o.dir, name)
		if err := (builder{dir: "."}).build(n, platform, at); err != nil {
			return err
		}
		files = append(files, name)
		bill, err := billOf(at, n.version, created)
		if err != nil {
			return err
		}
		if err := put(name+".spdx.json", bill); err != nil {
			return err
		}
	}
	var texts bytes.Buffer
	if err := licenceTexts(".", &texts); err != nil {
		return err
	}
	if err := put("third-party-licences.txt", texts.Bytes()); err != nil {
		return err
	}
	sums, err := sumsOf(o.dir, files)
	if err != nil {
		return err
	}
	if err := os.WriteFile(filepath.Join(o.dir, "SHA256SUMS"), []byte(sums), 0o644); err != nil {
		return err
	}
	_, err = io.WriteString(out, sums)
	return err
}

// sumsOf lists files as sha256sum does.
func sumsOf(dir string, files []string) (string, error) {
	var b strings.Builder
	for _, f := range slices.Sorted(slices.Values(files)) {
		sum, err := hashOf(filepath.Join(dir, f))
		if err != nil {
			return "", err
		}
		fmt.Fprintf(&b, "%s  %s\n", sum, f)
	}
	return b.String(), nil
}

func hashOf(path string) (string, error) {
	f, err := os.Open(path)
	if err != nil {
		return "", err
	}
	defer func() { _ = f.Close() }()
	h := sha256.New()
	if _, err := io.Copy(h, f); err != nil {
		return "", err
	}
	return hex.EncodeToString(h.Sum(nil)), nil
}

// output runs a command and gives what it says on stdout.
func output(dir, name string, args ...string) (string, error) {
	cmd := exec.Command(name, args...)
	cmd.Dir = dir
	var said bytes.Buffer
	cmd.Stderr = &said
	out, err := cmd.Output()
	if err != nil {
		return "", fmt.Errorf("%s %s: %w: %s", name, args[0], err, bytes.TrimSpace(said.Bytes()))
	}
	return string(out), nil
}
