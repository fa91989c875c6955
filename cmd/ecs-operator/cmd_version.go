package main

import (
	"cmp"
	"fmt"
	"runtime"
	"runtime/debug"
	"slices"
	"strings"

	"github.com/spf13/cobra"
)

// version and commit are set by the linker for releases: -ldflags "-X main.version=v1.2.3".
// Without a commit it is the one that the go command found.
var version, commit = "", ""

// versionReport is `version -o json`.
type versionReport struct {
	APIVersion string            `json:"apiVersion"`
	Version    string            `json:"version"`
	Commit     string            `json:"commit"`
	Modified   bool              `json:"modified,omitempty"`
	Go         string            `json:"go"`
	Platform   string            `json:"platform"`
	SDK        map[string]string `json:"sdk"`
}

// String is the first line of `version`.
func (r versionReport) String() string {
	commit := r.Commit
	if len(commit) > 12 {
		commit = commit[:12]
	}
	if r.Modified {
		commit += " (modified)"
	}
	return fmt.Sprintf("ecs-operator %s  commit %s  %s  %s", r.Version, commit, r.Go, r.Platform)
}

// buildVersion reads what the go command wrote into the binary.
func buildVersion() versionReport {
	r := versionReport{APIVersion: "ecs-operator/version/v1", Version: version, Commit: cmp.Or(commit, "unknown"),
		Go: runtime.Version(), Platform: runtime.GOOS + "/" + runtime.GOARCH, SDK: map[string]string{}}
	info, ok := debug.ReadBuildInfo()
	if !ok {
		r.Version = orDevel(r.Version)
		return r
	}
	if r.Version == "" && info.Main.Version != "(devel)" {
		r.Version = info.Main.Version
	}
	r.Version = orDevel(r.Version)
	for _, s := range info.Settings {
		switch s.Key {
		case "vcs.revision":
			r.Commit = cmp.Or(commit, s.Value)
		case "vcs.modified":
			r.Modified = s.Value == "true"
		}
	}
	const sdk = "github.com/aws/aws-sdk-go-v2"
	for _, d := range info.Deps {
		if d.Path == sdk {
			r.SDK["core"] = d.Version
		} else if name, ok := strings.CutPrefix(d.Path, sdk+"/service/"); ok && !strings.Contains(name, "/") {
			r.SDK[name] = d.Version
		}
	}
	return r
}

func orDevel(v string) string {
	if v == "" {
		return "devel"
	}
	return v
}

func newVersionCommand(c *console, _ *globalOptions) *cobra.Command {
	o := &outputOptions{}
	cmd := &cobra.Command{
		Use:   "version",
		Short: "Print version, commit and the AWS SDK's versions",
		Long: `version prints what this binary is made of. The versions of the AWS SDK's modules
say which AWS fields the documents may use: every one that the SDK knows.`,
		Example: `  ecs-operator version

  # The ECS module's version, for a bug report
  ecs-operator version -o json`,
		Args: cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error { return runVersion(c, o) },
	}
	o.AddFlags(cmd.Flags())
	return cmd
}

func runVersion(c *console, o *outputOptions) error {
	if err := o.finalize(); err != nil {
		return err
	}
	r := buildVersion()
	if o.json() {
		return writeJSON(c.out, r)
	}
	_, _ = fmt.Fprintln(c.out, r)
	var names []string
	for name := range r.SDK {
		names = append(names, name)
	}
	slices.Sort(names)
	var rows [][]cell
	for _, name := range names {
		rows = append(rows, []cell{{text: "  aws-sdk-go-v2 " + name}, {text: r.SDK[name]}})
	}
	writeTable(c.out, rows, 0)
	return nil
}
