package source

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
)

// tree writes files below a fresh directory.
func tree(t *testing.T, files map[string]string) string {
	t.Helper()
	dir := t.TempDir()
	for name, text := range files {
		write(t, filepath.Join(dir, name), text)
	}
	return dir
}

func write(t *testing.T, path, text string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
}

func link(t *testing.T, target, path string) {
	t.Helper()
	if err := os.Symlink(target, path); err != nil {
		t.Fatal(err)
	}
}

func snapshot(t *testing.T, d *Directory) Snapshot {
	t.Helper()
	s, err := d.Snapshot(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// names lists the files of a snapshot below dir.
func names(dir string, s Snapshot) []string {
	out := []string{}
	for _, f := range s.Files {
		rel, _ := filepath.Rel(dir, f.Path)
		out = append(out, rel)
	}
	return out
}

func TestSnapshotReadsSpecsSorted(t *testing.T) {
	dir := tree(t, map[string]string{
		"b.yaml": "b", "a.yml": "a", "sub/c.JSON": "{}", "README.md": "no", "x.yaml.swp": "no",
		".git/config.yaml": "no", ".hidden.yaml": "no", "sub/deep/er/d.yaml": "d",
	})
	s := snapshot(t, Dir(dir))
	if want := []string{"a.yml", "b.yaml", "sub/c.JSON", "sub/deep/er/d.yaml"}; !slices.Equal(names(dir, s), want) {
		t.Errorf("files %v, want %v", names(dir, s), want)
	}
	if !s.Complete || len(s.Problems) > 0 {
		t.Errorf("not complete: %v", s.Problems)
	}
	if string(s.Files[0].Data()) != "a" || s.Files[0].Path != filepath.Join(dir, "a.yml") {
		t.Errorf("first file is %+v", s.Files[0])
	}
}

func TestRevisionIsTheContent(t *testing.T) {
	dir := tree(t, map[string]string{"a.yaml": "one"})
	d := Dir(dir)
	first := snapshot(t, d)
	if !strings.HasPrefix(first.Revision, "dir-") {
		t.Errorf("revision %q", first.Revision)
	}
	write(t, filepath.Join(dir, "a.yaml"), "one")
	if again := snapshot(t, d); again.Revision != first.Revision {
		t.Errorf("the same content has revisions %s and %s", first.Revision, again.Revision)
	}
	write(t, filepath.Join(dir, "a.yaml"), "two")
	if changed := snapshot(t, d); changed.Revision == first.Revision {
		t.Error("another content has the same revision")
	}
}

func TestEmptyIsComplete(t *testing.T) {
	s := snapshot(t, Dir(t.TempDir()))
	if !s.Complete || len(s.Files) != 0 || s.Revision == "" {
		t.Errorf("an empty directory gives %+v", s)
	}
}

func TestMissingPathIsAnError(t *testing.T) {
	missing := filepath.Join(t.TempDir(), "specs")
	_, err := Dir(t.TempDir(), missing).Snapshot(context.Background())
	if err == nil || err.Error() != missing+": no such file or directory" {
		t.Errorf("error %v", err)
	}
	if _, err := Dir().Snapshot(context.Background()); err == nil {
		t.Error("no path is no error")
	}
}

func TestFileAsPath(t *testing.T) {
	dir := tree(t, map[string]string{"a.yaml": "a", "spec.txt": "t", "b.yaml": "b"})
	link(t, "b.yaml", filepath.Join(dir, "named.yaml"))
	s := snapshot(t, Dir(filepath.Join(dir, "a.yaml"), filepath.Join(dir, "spec.txt"), filepath.Join(dir, "named.yaml")))
	if want := []string{"a.yaml", "named.yaml", "spec.txt"}; !slices.Equal(names(dir, s), want) {
		t.Errorf("files %v, want %v", names(dir, s), want)
	}
}

func TestOverlappingPathsReadOnce(t *testing.T) {
	dir := tree(t, map[string]string{"sub/a.yaml": "a"})
	s := snapshot(t, Dir(dir, filepath.Join(dir, "sub"), filepath.Join(dir, "sub", "a.yaml")))
	if len(s.Files) != 1 || !s.Complete {
		t.Errorf("files %v, problems %v", names(dir, s), s.Problems)
	}
}

// As Kubernetes mounts a ConfigMap.
func TestKubernetesLinksAreFollowed(t *testing.T) {
	dir := tree(t, map[string]string{"..2026_01/a.yaml": "old", "..2026_02/a.yaml": "new", "..2026_02/items/b.yaml": "b"})
	link(t, "..2026_02", filepath.Join(dir, "..data"))
	link(t, "..data/a.yaml", filepath.Join(dir, "a.yaml"))
	link(t, "..data/items", filepath.Join(dir, "items"))
	s := snapshot(t, Dir(dir))
	if want := []string{"a.yaml", "items/b.yaml"}; !slices.Equal(names(dir, s), want) {
		t.Fatalf("files %v, want %v (problems %v)", names(dir, s), want, s.Problems)
	}
	if string(s.Files[0].Data()) != "new" || !s.Complete {
		t.Errorf("read %q, problems %v", s.Files[0].Data(), s.Problems)
	}
}

func TestLinkedFolderIsReadOnceAtItsRealPlace(t *testing.T) {
	dir := tree(t, map[string]string{"z/a.yaml": "a"})
	link(t, "z", filepath.Join(dir, "current"))
	link(t, "..", filepath.Join(dir, "z", "loop"))
	s := snapshot(t, Dir(dir))
	if want := []string{"z/a.yaml"}; !slices.Equal(names(dir, s), want) || !s.Complete {
		t.Errorf("files %v, want %v, problems %v", names(dir, s), want, s.Problems)
	}
}

func TestBadEntriesAreProblems(t *testing.T) {
	outside := tree(t, map[string]string{"secret.yaml": "secret", "dir/x.yaml": "x"})
	for _, tc := range []struct {
		name, entry string
		make        func(dir string)
		message     string
	}{
		{"relative link out", "a.yaml", func(dir string) {
			rel, _ := filepath.Rel(dir, filepath.Join(outside, "secret.yaml"))
			link(t, rel, filepath.Join(dir, "a.yaml"))
		}, "symbolic link leads out of the directory"},
		{"absolute link out", "a.yaml", func(dir string) {
			link(t, filepath.Join(outside, "secret.yaml"), filepath.Join(dir, "a.yaml"))
		}, "symbolic link leads out of the directory"},
		{"folder link out", "d", func(dir string) {
			link(t, filepath.Join(outside, "dir"), filepath.Join(dir, "d"))
		}, "symbolic link leads out of the directory"},
		{"dangling", "a.yaml", func(dir string) { link(t, "nowhere.yaml", filepath.Join(dir, "a.yaml")) }, "symbolic link leads to nothing"},
		{"loop", "a.yaml", func(dir string) { link(t, "a.yaml", filepath.Join(dir, "a.yaml")) }, "symbolic link leads back to itself"},
		{"FIFO", "a.yaml", func(dir string) {
			if err := syscall.Mkfifo(filepath.Join(dir, "a.yaml"), 0o644); err != nil {
				t.Skip(err)
			}
		}, "is not a regular file"},
		{"FIFO behind a link", "a.yaml", func(dir string) {
			if err := syscall.Mkfifo(filepath.Join(dir, "pipe"), 0o644); err != nil {
				t.Skip(err)
			}
			link(t, "pipe", filepath.Join(dir, "a.yaml"))
		}, "is not a regular file"},
		{"too large", "a.yaml", func(dir string) {
			write(t, filepath.Join(dir, "a.yaml"), strings.Repeat("x", MaxFileBytes+1))
		}, "is larger than 256 KiB"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			dir := tree(t, map[string]string{"good.yaml": "good"})
			tc.make(dir)
			s := snapshot(t, Dir(dir))
			if len(s.Problems) != 1 || !strings.HasPrefix(s.Problems[0].Message, tc.message) || s.Problems[0].Path != filepath.Join(dir, tc.entry) {
				t.Errorf("problems %+v, want %q at %s", s.Problems, tc.message, tc.entry)
			}
			if s.Complete {
				t.Error("the snapshot says that it is complete")
			}
			if !slices.Equal(names(dir, s), []string{"good.yaml"}) {
				t.Errorf("files %v", names(dir, s))
			}
			for _, f := range s.Files {
				if bytes.Contains(f.Data(), []byte("secret")) {
					t.Error("something outside was read")
				}
			}
		})
	}
}

func TestUnreadableFileIsAProblem(t *testing.T) {
	if os.Getuid() == 0 {
		t.Skip("root may read everything")
	}
	dir := tree(t, map[string]string{"a.yaml": "a", "b.yaml": "b"})
	if err := os.Chmod(filepath.Join(dir, "a.yaml"), 0); err != nil {
		t.Fatal(err)
	}
	s := snapshot(t, Dir(dir))
	if s.Complete || len(s.Problems) != 1 || s.Problems[0].Message != "cannot be read: permission denied" {
		t.Errorf("problems %+v", s.Problems)
	}
}

func TestLimits(t *testing.T) {
	small := limits{file: 10, files: 3, total: 20, path: 4096}
	for _, tc := range []struct {
		name    string
		sizes   []int
		files   int
		problem string
	}{
		{"a file at the limit", []int{10}, 1, ""},
		{"a file over it", []int{11}, 0, "is larger than"},
		{"files at the limit", []int{1, 1, 1}, 3, ""},
		{"one file too many", []int{1, 1, 1, 1}, 3, "more than 3 files"},
		{"total at the limit", []int{10, 10}, 2, ""},
		{"total over it", []int{10, 10, 1}, 2, "the files together are larger than"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			files := map[string]string{}
			for i, n := range tc.sizes {
				files[fmt.Sprintf("%d.yaml", i)] = strings.Repeat("x", n)
			}
			dir := tree(t, files)
			d := Dir(dir)
			d.limits = small
			s := snapshot(t, d)
			if len(s.Files) != tc.files {
				t.Errorf("%d files, want %d", len(s.Files), tc.files)
			}
			if s.Complete != (tc.problem == "") {
				t.Errorf("complete: %v, problems %v", s.Complete, s.Problems)
			}
			if tc.problem != "" && (len(s.Problems) != 1 || !strings.Contains(s.Problems[0].Message, tc.problem)) {
				t.Errorf("problems %+v, want one with %q", s.Problems, tc.problem)
			}
		})
	}
}

func TestLongPathIsAProblem(t *testing.T) {
	dir := t.TempDir()
	long := strings.Repeat("d", 200)
	write(t, filepath.Join(dir, long, long, long, "a.yaml"), "a")
	s := snapshot(t, Dir(dir))
	if s.Complete || len(s.Files) != 0 || len(s.Problems) != 1 || s.Problems[0].Message != "path is longer than 512 bytes" {
		t.Errorf("files %d, problems %+v", len(s.Files), s.Problems)
	}
}

func TestCancelledSnapshotIsAnError(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if _, err := Dir(tree(t, map[string]string{"a.yaml": "a"})).Snapshot(ctx); err == nil {
		t.Error("no error")
	}
}
