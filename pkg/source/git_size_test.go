package source

import (
	"fmt"
	"os"
	"runtime"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

// monorepo makes a repository of many commits and spec files, and as many other
// files.
func monorepo(t testing.TB, root string, commits, files int) *repo {
	t.Helper()
	r := newRepo(t, root, "mono.git")
	var b strings.Builder
	text := func(i, version int) string {
		return fmt.Sprintf("apiVersion: ecs-operator/v1\nkind: Service\nmetadata: {name: s%d}\nspec:\n  cluster: default\n  taskDefinition:\n    containerDefinitions: [{name: web, image: 'nginx:1.%d', memory: 256}]\n  service: {desiredCount: 1}\n# %s\n", i, version, strings.Repeat("a comment to make it as long as they are ", 20))
	}
	write := func(name, text string) { fmt.Fprintf(&b, "M 644 inline %s\ndata %d\n%s\n", name, len(text), text) }
	for c := range commits {
		fmt.Fprintf(&b, "commit refs/heads/main\ncommitter c <c@example.com> %d +0000\ndata 4\nbump\n", 1_600_000_000+c)
		if c == 0 {
			for i := range files {
				write(fmt.Sprintf("services/team%02d/s%d.yaml", i%40, i), text(i, 0))
				write(fmt.Sprintf("apps/app%03d/main%d.go", i%400, i), text(i, 0))
			}
			continue
		}
		i := c % files
		write(fmt.Sprintf("services/team%02d/s%d.yaml", i%40, i), text(i, c))
	}
	r.fast(b.String())
	return r
}

// TestGitMonorepo reads a repository of 1,000 commits and 3,000 specs; with
// ECS_OPERATOR_TEST_COMMITS=20000 one of so many, and prints what that costs.
func TestGitMonorepo(t *testing.T) {
	if testing.Short() {
		t.Skip("a large repository")
	}
	const files = 3000
	commits := 1000
	if n, err := strconv.Atoi(os.Getenv("ECS_OPERATOR_TEST_COMMITS")); err == nil {
		commits = n
	}
	root := t.TempDir()
	r := monorepo(t, root, commits, files)
	s := serve(t, root)
	g := open(t, GitOptions{URL: s.URL + "/mono.git", Ref: "main", Paths: []string{"services"}})
	measure := func(what string, look func() Snapshot) {
		t.Helper()
		var before, after runtime.MemStats
		runtime.GC()
		runtime.ReadMemStats(&before)
		began := time.Now()
		got := look()
		took := time.Since(began)
		runtime.ReadMemStats(&after)
		if len(got.Files) != files || !got.Complete {
			t.Fatalf("%s: %d files, problems %v", what, len(got.Files), got.Problems)
		}
		fetches, all := s.fetches()
		t.Logf("%s: %s, %d MiB allocated, %d fetches, %d requests, %d KiB on the disk", what, took.Round(time.Millisecond),
			(after.TotalAlloc-before.TotalAlloc)>>20, len(fetches), all, packSize(g.home+"/content.git")>>10)
		if len(fetches) > 2 {
			t.Errorf("%s: %d fetches reached the server, want two", what, len(fetches))
		}
	}
	measure("first look", func() Snapshot { return read(t, g) })
	first := packSize(g.home + "/content.git")
	measure("unchanged", func() Snapshot { return read(t, g) })
	r.commit("main", map[string]string{"services/team00/s0.yaml": "changed"})
	measure("one commit", func() Snapshot { return read(t, g) })
	if more := packSize(g.home+"/content.git") - first; more > 256<<10 {
		t.Errorf("one commit brought %d KiB", more>>10)
	}
	// A hundred commits at once ask for the history, and for nothing else of it.
	var b strings.Builder
	for c := range 100 {
		fmt.Fprintf(&b, "commit refs/heads/main\ncommitter c <c@example.com> %d +0000\ndata 4\nbump\n", 1_800_000_000+c)
		if c == 0 {
			b.WriteString("from refs/heads/main^0\n")
		}
		fmt.Fprintf(&b, "M 644 inline services/team00/s0.yaml\ndata 3\n%03d\n", c)
	}
	r.fast(b.String())
	got := read(t, g)
	if !strings.Contains(string(got.Files[0].Data()), "099") || !got.Complete {
		t.Errorf("a hundred commits: %q, %v", got.Files[0].Data(), got.Problems)
	}
	var usage syscall.Rusage
	if syscall.Getrusage(syscall.RUSAGE_CHILDREN, &usage) == nil {
		t.Logf("largest child (this git's, or the server's): %d MiB", usage.Maxrss>>10)
	}
}
