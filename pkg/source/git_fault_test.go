package source

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"
)

// TestGitFaults: what can go wrong with a source (promises.md 3.2, G1 to G8) is an
// error, or an empty snapshot that says so; never fewer files. And it passes.
func TestGitFaults(t *testing.T) {
	slow(t)
	root := t.TempDir()
	r := newRepo(t, root, "a.git")
	good := r.commit("main", map[string]string{"services/a.yaml": "a", "services/b.yaml": "b"})
	s := serve(t, root)
	g := open(t, GitOptions{URL: s.URL + "/a.git", Ref: "main", Paths: []string{"services"}})
	read(t, g)
	back := func() {
		t.Helper()
		s.answer(nil)
		r.git("update-ref", "refs/heads/main", good)
		if got := read(t, g); contents(got) != "services/a.yaml=a services/b.yaml=b" || !got.Complete {
			t.Errorf("afterwards: %q, %v", contents(got), got.Problems)
		}
	}

	// G1: nobody is there.
	gone, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	_ = gone.Close()
	refuses(t, open(t, GitOptions{URL: "http://" + gone.Addr().String() + "/a.git"}), "nothing answers there")

	// G2 to G4, at each of the questions that are asked of the server.
	next := r.commitFrom("next", good+"^0", map[string]string{"services/c.yaml": "c"})
	r.git("update-ref", "refs/heads/main", next)
	blob := "want " + r.id(next+":services/c.yaml")
	for _, where := range []string{"info/refs", "command=ls-refs", "command=fetch", blob} {
		for name, fault := range map[string]func(w http.ResponseWriter){
			"401": func(w http.ResponseWriter) {
				w.Header().Set("WWW-Authenticate", `Basic realm="git"`)
				w.WriteHeader(http.StatusUnauthorized)
			},
			"503": func(w http.ResponseWriter) {
				w.WriteHeader(http.StatusServiceUnavailable)
				_, _ = w.Write([]byte("<html>be right back</html>"))
			},
			"200 with HTML": func(w http.ResponseWriter) { _, _ = w.Write([]byte("<html>sign in</html>")) },
			"closed":        func(w http.ResponseWriter) { panic(http.ErrAbortHandler) },
			"truncated": func(w http.ResponseWriter) {
				w.Header().Set("Content-Type", "application/x-git-upload-pack-result")
				_, _ = w.Write([]byte("000dpackfile\n0100\x01PACK\x00\x00\x00\x02\x00\x00\x00\x09"))
			},
		} {
			if (name == "401" || name == "closed") && where != "info/refs" {
				continue // each costs many processes
			}
			hit := false
			s.answer(func(w http.ResponseWriter, req *http.Request, body []byte) bool {
				if !strings.Contains(req.URL.Path+unzip(req, body), where) {
					return false
				}
				hit = true
				fault(w)
				return true
			})
			if got, err := g.Snapshot(context.Background()); err == nil {
				t.Errorf("%s at %q: no error, but %q", name, where, contents(got))
			} else if !hit {
				t.Errorf("%q was not asked: %v", where, err)
			} else if strings.Contains(err.Error(), "<html>") {
				t.Errorf("%s at %q: %v", name, where, err)
			}
			g.last = &taken{snap: g.last.snap} // ask again, whatever was there
		}
	}
	back()

	// G5: the branch is gone. G8: the path is. G7: it is empty, which is complete.
	r.git("update-ref", "-d", "refs/heads/main")
	refuses(t, g, `has no branch or tag "main"`)
	back()
	r.commit("main", map[string]string{"services": "", "elsewhere/a.yaml": "a"})
	refuses(t, g, `the path "services" is not there in commit `)
	back()
	r.commit("main", map[string]string{"services/a.yaml": "", "services/b.yaml": "", "services/README": "x"})
	if got := read(t, g); len(got.Files) != 0 || !got.Complete {
		t.Errorf("empty: %q, %v", contents(got), got.Problems)
	}
}

// TestGitIsBounded: a server that is slow, or sends without end, costs what the
// limits say, and everything that was started ends.
func TestGitIsBounded(t *testing.T) {
	root := t.TempDir()
	r := newRepo(t, root, "a.git")
	r.commit("main", map[string]string{"a.yaml": "a", "large.yaml": random(3 << 20)})
	s := serve(t, root)

	hang := make(chan struct{})
	s.answer(func(w http.ResponseWriter, req *http.Request, _ []byte) bool {
		w.WriteHeader(http.StatusOK)
		_, _ = w.Write([]byte("001e# service=git-up"))
		w.(http.Flusher).Flush()
		select {
		case <-hang:
		case <-req.Context().Done():
		}
		return true
	})
	g := open(t, GitOptions{URL: s.URL + "/a.git"})
	g.git.timeout = 300 * time.Millisecond
	refuses(t, g, "git took longer than 300ms, and was stopped")
	if line := childOf(g.home); line != "" {
		t.Errorf("still running: %s", line)
	}
	ctx, cancel := context.WithCancel(context.Background())
	time.AfterFunc(100*time.Millisecond, cancel)
	g.git.timeout = time.Minute
	if _, err := g.Snapshot(ctx); err == nil || !strings.Contains(err.Error(), "context canceled") {
		t.Errorf("cancelled: %v", err)
	}
	close(hang)
	s.answer(nil)

	g.git.pack = 1 << 20
	g.whole = true // the commit comes with its blobs
	refuses(t, g, "sends more than 1 MiB for one commit")
	g.git.pack, g.whole = MaxPackBytes, false
	got := read(t, g)
	if contents(got) != "a.yaml=a" || len(got.Problems) != 1 || !strings.Contains(got.Problems[0].Message, "is larger than 256 KiB") {
		t.Errorf("files %.40q, problems %v", contents(got), got.Problems)
	}
}

// random is text that does not compress.
func random(n int) string {
	b := make([]byte, n)
	x := uint32(1)
	for i := range b {
		x = x*1664525 + 1013904223
		b[i] = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_-"[x>>26]
	}
	return string(b)
}

// childOf is the command line of a process that works in a directory, "" for none.
func childOf(home string) string {
	for line := range strings.Lines(commandLines()) {
		if strings.Contains(line, home) {
			return line
		}
	}
	return ""
}

func TestGitTooOldOrMissing(t *testing.T) {
	dir := t.TempDir()
	for text, words := range map[string]string{
		"git version 2.38.1":           "is git 2.38, which is too old: install 2.39 or newer",
		"git version 1.9.0":            "is git 1.9, which is too old",
		"git version 2.39.5 (Apple 1)": "",
		"git version 3.0.0":            "",
		"GNU Interactive Tools 4.9.4":  "is no git: it calls itself",
	} {
		fake := filepath.Join(dir, "git")
		if err := os.WriteFile(fake, []byte("#!/bin/sh\necho '"+text+"'\n"), 0o700); err != nil {
			t.Fatal(err)
		}
		g := open(t, GitOptions{URL: "http://127.0.0.1:1/a.git", Binary: fake})
		if err := g.makeHome(); err != nil {
			t.Fatal(err)
		}
		err := g.checkVersion(context.Background())
		if words == "" && err != nil || words != "" && (err == nil || !strings.Contains(err.Error(), words)) {
			t.Errorf("%s: error %v, want %q", text, err, words)
		}
	}
	refuses(t, open(t, GitOptions{URL: "http://127.0.0.1:1/a.git", Binary: filepath.Join(dir, "nogit")}), "there is no nogit on the PATH: install git 2.39 or newer")
}

// The copy on the disk is a cache: what a killed git left, and what a disk broke, is
// had again.
func TestGitMendsItsCache(t *testing.T) {
	slow(t)
	root, cache := t.TempDir(), t.TempDir()
	r := newRepo(t, root, "a.git")
	r.commit("main", map[string]string{"a.yaml": "a"})
	s := serve(t, root)
	o := GitOptions{URL: s.URL + "/a.git", Cache: cache}
	read(t, open(t, o))
	found, _ := filepath.Glob(filepath.Join(cache, "git-*", "content.git"))
	if len(found) != 1 {
		t.Fatal(found)
	}
	for name, harm := range map[string]func(dir string) error{
		"a lock":          func(dir string) error { return os.WriteFile(filepath.Join(dir, "shallow.lock"), nil, 0o600) },
		"a lock of a ref": func(dir string) error { return os.WriteFile(filepath.Join(dir, incoming+".lock"), nil, 0o600) },
		"no objects":      func(dir string) error { return os.RemoveAll(filepath.Join(dir, "objects")) },
		"a configuration": func(dir string) error {
			return os.WriteFile(filepath.Join(dir, "config"), []byte("[core]\n\tsshCommand = touch x\n"), 0o600)
		},
		"a pack cut short": cutPacks,
		"a ref to nothing": func(dir string) error {
			return os.WriteFile(filepath.Join(dir, incoming), []byte(strings.Repeat("1", 40)+"\n"), 0o600)
		},
		"garbage as a ref": func(dir string) error { return os.WriteFile(filepath.Join(dir, incoming), []byte("garbage"), 0o600) },
		"no repository":    func(dir string) error { return os.RemoveAll(dir) },
	} {
		if err := harm(found[0]); err != nil {
			t.Fatal(name, err)
		}
		if got, err := open(t, o).Snapshot(context.Background()); err != nil || contents(got) != "a.yaml=a" || !got.Complete {
			t.Errorf("%s: %q, %v, %v", name, contents(got), err, got.Problems)
		}
	}
}

func cutPacks(dir string) error {
	found, err := filepath.Glob(filepath.Join(dir, "objects", "pack", "*.pack"))
	for _, p := range found {
		if err := os.Chmod(p, 0o600); err != nil {
			return err
		}
		if err := os.Truncate(p, 40); err != nil {
			return err
		}
	}
	return err
}

func TestGitCacheIsOnesOwn(t *testing.T) {
	cache := t.TempDir()
	g := open(t, GitOptions{URL: "http://127.0.0.1:1/a.git", Cache: cache})
	dir := filepath.Join(cache, g.place())
	if err := os.Mkdir(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(dir, 0o777); err != nil {
		t.Fatal(err)
	}
	refuses(t, g, "is not a directory of this user's that nobody else may write")
	if err := os.Remove(dir); err != nil {
		t.Fatal(err)
	}
	link(t, t.TempDir(), dir)
	refuses(t, g, "is not a directory of this user's")
}

// Two processes on one cache wait for each other.
func TestGitCacheIsLocked(t *testing.T) {
	root := t.TempDir()
	newRepo(t, root, "a.git").commit("main", map[string]string{"a.yaml": "a"})
	s := serve(t, root)
	o := GitOptions{URL: s.URL + "/a.git", Cache: t.TempDir()}
	one, two := open(t, o), open(t, o)
	read(t, one)
	read(t, two)
	unlock, err := one.lock(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	two.git.timeout = 200 * time.Millisecond
	refuses(t, two, "--git-cache is in use by another process")
	unlock()
	two.git.timeout = GitTimeout
	read(t, two)
}

// A server without filters, and one of the old protocol that gives no single
// objects: it costs more, and reads the same.
func TestGitOnPoorServers(t *testing.T) {
	slow(t)
	for name, config := range map[string][2]string{
		"no filter":           {"uploadpack.allowFilter", "false"},
		"old, with filter":    {"protocol.version", "0"},
		"old, without filter": {"uploadpack.allowFilter", "false"},
	} {
		t.Run(name, func(t *testing.T) {
			root := t.TempDir()
			r := newRepo(t, root, "a.git")
			r.git("config", config[0], config[1])
			r.commit("main", map[string]string{"s/a.yaml": "a", "other/b.yaml": "b"})
			s := serve(t, root)
			s.old = strings.HasPrefix(name, "old")
			g := open(t, GitOptions{URL: s.URL + "/a.git", Ref: "main", Paths: []string{"s"}})
			if got := read(t, g); contents(got) != "s/a.yaml=a" || !got.Complete {
				t.Errorf("files %q, problems %v", contents(got), got.Problems)
			}
			for i := range 3 {
				r.commit("main", map[string]string{"s/a.yaml": "a" + strconv.Itoa(i)})
			}
			if got := read(t, g); contents(got) != "s/a.yaml=a2" || !got.Complete {
				t.Errorf("files %q, problems %v", contents(got), got.Problems)
			}
			r.root("main", map[string]string{"s/a.yaml": "else"})
			stays(t, g, "s/a.yaml=a2", "the history was rewritten")
		})
	}
}

// Pushes while it is fetched: each snapshot is one commit, whole, and the last push
// is there in the end.
func TestGitReadsWholeCommitsDuringPushes(t *testing.T) {
	root := t.TempDir()
	r := newRepo(t, root, "a.git")
	push := func(n int) string {
		return r.commit("main", map[string]string{"a.yaml": fmt.Sprint(n), "b.yaml": fmt.Sprint(n), fmt.Sprintf("c%d.yaml", n): "x", fmt.Sprintf("c%d.yaml", n-1): ""})
	}
	ids := map[string]int{push(0): 0}
	s := serve(t, root)
	n, asked := 0, 0
	s.answer(func(http.ResponseWriter, *http.Request, []byte) bool {
		if asked++; asked%2 == 0 && n < 12 {
			n++
			ids[push(n)] = n
		}
		return false
	})
	g := open(t, GitOptions{URL: s.URL + "/a.git"})
	last := -1
	for last < 12 {
		got := read(t, g)
		k, known := ids[got.Revision]
		if want := fmt.Sprintf("a.yaml=%d b.yaml=%d c%d.yaml=x", k, k, k); !known || contents(got) != want || !got.Complete {
			t.Fatalf("commit %s: %q, want %q; problems %v", got.Revision, contents(got), want, got.Problems)
		}
		if k < last {
			t.Fatalf("it went back from %d to %d", last, k)
		}
		if k == last && n == 12 {
			break
		}
		last = k
	}
	if n != 12 {
		t.Errorf("only %d pushes", n)
	}
}

func TestGitRefs(t *testing.T) {
	slow(t)
	root := t.TempDir()
	r := newRepo(t, root, "a.git")
	one := r.commit("main", map[string]string{"a.yaml": "main"})
	r.commitFrom("feature/x", one+"^0", map[string]string{"a.yaml": "x"})
	r.git("tag", "light", one)
	r.git("-c", "user.name=t", "-c", "user.email=t@example.com", "tag", "-a", "-m", "m", "noted", "feature/x")
	r.git("tag", "main", "feature/x") // nobody replaces a branch by pushing a tag
	r.git("update-ref", "refs/pull/7/head", "feature/x")
	blob := r.git("rev-parse", "refs/heads/main:a.yaml")
	r.git("update-ref", "refs/tags/blob", blob)
	s := serve(t, root)
	for _, tc := range []struct{ ref, want, shown string }{
		{"", "main", "main"}, {"HEAD", "main", "main"}, {"main", "main", "main"}, {"refs/tags/main", "x", "main"}, {"feature/x", "x", "feature/x"},
		{"light", "main", "light"}, {"noted", "x", "noted"}, {"refs/pull/7/head", "x", "refs/pull/7/head"}, {one, "main", ""},
	} {
		got := read(t, open(t, GitOptions{URL: s.URL + "/a.git", Ref: tc.ref}))
		if contents(got) != "a.yaml="+tc.want || got.Ref != tc.shown {
			t.Errorf("%q: %q of %q", tc.ref, contents(got), got.Ref)
		}
	}
	refuses(t, open(t, GitOptions{URL: s.URL + "/a.git", Ref: "blob"}), "blob is no commit and no tag of one")
	refuses(t, open(t, GitOptions{URL: s.URL + "/a.git", Ref: "feature"}), `has no branch or tag "feature"`)
	refuses(t, open(t, GitOptions{URL: s.URL + "/a.git", Ref: strings.Repeat("12", 20)}), "/a.git")
	newRepo(t, root, "empty.git")
	refuses(t, open(t, GitOptions{URL: s.URL + "/empty.git"}), "has no default branch")
}

func TestGitReadsSHA256(t *testing.T) {
	root := t.TempDir()
	if out, err := exec.Command("git", "init", "--quiet", "--bare", "--object-format=sha256", filepath.Join(root, "probe")).CombinedOutput(); err != nil {
		t.Skipf("this git makes no SHA-256 repositories: %s", out)
	}
	r := newRepo(t, root, "a.git", "--object-format=sha256")
	id := r.commit("main", map[string]string{"a.yaml": "a"})
	s := serve(t, root)
	got := read(t, open(t, GitOptions{URL: s.URL + "/a.git", Ref: "main"}))
	if contents(got) != "a.yaml=a" || got.Revision != id || len(id) != 64 {
		t.Errorf("%q at %s", contents(got), got.Revision)
	}
}
