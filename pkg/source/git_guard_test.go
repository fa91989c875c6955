package source

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// stays wants the snapshot in force to be this one still, with a problem that
// says why.
func stays(t *testing.T, g *Git, text string, words ...string) {
	t.Helper()
	s := read(t, g)
	if contents(s) != text || s.Complete || len(s.Problems) != 1 || s.Problems[0].Warning {
		t.Fatalf("files %q, want %q; complete %v, problems %v", contents(s), text, s.Complete, s.Problems)
	}
	for _, w := range words {
		if !strings.Contains(s.Problems[0].Message, w) {
			t.Errorf("problem %q lacks %q", s.Problems[0].Message, w)
		}
	}
}

func TestGitRefusesToGoBackwards(t *testing.T) {
	root := t.TempDir()
	r := newRepo(t, root, "a.git")
	old := r.commit("main", map[string]string{"a.yaml": "one"})
	two := r.commit("main", map[string]string{"a.yaml": "two"})
	s := serve(t, root)
	g := open(t, GitOptions{URL: s.URL + "/a.git", Ref: "main"})
	read(t, g)

	r.git("update-ref", "refs/heads/main", old)
	stays(t, g, "a.yaml=two", "moved from "+two[:7]+" to "+old[:7], "which is older: it goes back", "git revert", "--git-allow-rewind", two[:7]+" stays in force")
	// The verdict stands, and costs nothing more than the question where main is.
	s.fetches()
	stays(t, g, "a.yaml=two")
	if fetches, _ := s.fetches(); len(fetches) > 1 {
		t.Errorf("%d fetches for a commit that is refused already", len(fetches))
	}

	other := r.commitFrom("main", old, map[string]string{"a.yaml": "rewritten"})
	stays(t, g, "a.yaml=two", "moved from "+two[:7]+" to "+other[:7], "the history after "+old[:7]+" was rewritten")

	unrelated := r.root("main", map[string]string{"a.yaml": "unrelated"})
	stays(t, g, "a.yaml=two", "to "+unrelated[:7], "the history was rewritten, or is another one")

	// Mended by a commit on top of the one in force.
	r.git("update-ref", "refs/heads/main", two)
	if got := read(t, g); contents(got) != "a.yaml=two" || !got.Complete {
		t.Errorf("files %q, problems %v", contents(got), got.Problems)
	}
	r.commit("main", map[string]string{"a.yaml": "three"})
	if got := read(t, g); contents(got) != "a.yaml=three" || !got.Complete {
		t.Errorf("files %q, problems %v", contents(got), got.Problems)
	}
}

func TestGitGoesBackwardsWhereAllowed(t *testing.T) {
	root := t.TempDir()
	r := newRepo(t, root, "a.git")
	r.commit("main", map[string]string{"a.yaml": "one"})
	s := serve(t, root)
	for _, o := range []GitOptions{{AllowRewind: true}, {LookOnly: true}} {
		o.URL = s.URL + "/a.git"
		g := open(t, o)
		read(t, g)
		r.root("main", map[string]string{"a.yaml": "unrelated"})
		if got := read(t, g); contents(got) != "a.yaml=unrelated" || !got.Complete {
			t.Errorf("files %q, problems %v", contents(got), got.Problems)
		}
	}
}

// However many commits come at once, and by whatever merges: what descends is taken,
// and its history is asked for a little first.
func TestGitTakesWhatDescends(t *testing.T) {
	slow(t)
	root := t.TempDir()
	r := newRepo(t, root, "a.git")
	r.commit("main", map[string]string{"a.yaml": "first"})
	s := serve(t, root)
	g := open(t, GitOptions{URL: s.URL + "/a.git"})
	read(t, g)
	for _, tc := range []struct {
		name    string
		push    func(r *repo, old string)
		fetches int // of history
	}{
		{"one commit", func(r *repo, old string) { r.commit("main", map[string]string{"a.yaml": "new"}) }, 0},
		{"a merge", func(r *repo, old string) {
			side := r.commitFrom("side", old+"^0", map[string]string{"b.yaml": "b"})
			r.fast(fmt.Sprintf("commit refs/heads/main\ncommitter c <c@example.com> 1800000000 +0000\ndata 1\nx\nfrom %s\nmerge %s\nM 644 inline a.yaml\ndata 3\nnew\n", side, old))
		}, 0},
		{"five commits", func(r *repo, old string) {
			for i := range 5 {
				r.commit("main", map[string]string{"a.yaml": fmt.Sprint("new"[:min(3, i+1)])})
			}
		}, 1},
		{"a hundred commits", func(r *repo, old string) {
			var b strings.Builder
			for i := range 100 {
				fmt.Fprintf(&b, "commit refs/heads/main\ncommitter c <c@example.com> %d +0000\ndata 1\nx\n", 1_800_000_000+i)
				if i == 0 {
					fmt.Fprintf(&b, "from %s\n", old)
				}
				fmt.Fprintf(&b, "M 644 inline a.yaml\ndata 3\n%s\n", "new")
			}
			r.fast(b.String())
		}, 2},
	} {
		t.Run(tc.name, func(t *testing.T) {
			old := r.commit("main", map[string]string{"a.yaml": "old " + tc.name})
			read(t, g)
			s.fetches()
			tc.push(r, old)
			if got := read(t, g); !strings.Contains(contents(got), "a.yaml=new") || !got.Complete {
				t.Errorf("files %q, problems %v", contents(got), got.Problems)
			}
			history := 0
			fetches, _ := s.fetches()
			for _, f := range fetches {
				if strings.Contains(f.body, "filter tree:0") {
					history++
				}
			}
			if history != tc.fetches {
				t.Errorf("%d fetches of history, want %d", history, tc.fetches)
			}
		})
	}
}

// A cache remembers the commit in force between processes; an empty disk knows of
// none and takes what is there.
func TestGitRemembersWhatIsInForce(t *testing.T) {
	root, cache := t.TempDir(), t.TempDir()
	r := newRepo(t, root, "a.git")
	old := r.commit("main", map[string]string{"a.yaml": "one"})
	two := r.commit("main", map[string]string{"a.yaml": "two"})
	s := serve(t, root)
	o := GitOptions{URL: s.URL + "/a.git", Ref: "main", Cache: cache}
	read(t, open(t, o))
	r.git("update-ref", "refs/heads/main", old)

	stays(t, open(t, o), "a.yaml=two", "which is older: it goes back", two[:7]+" stays in force")
	look := o
	look.LookOnly = true
	if got := read(t, open(t, look)); contents(got) != "a.yaml=one" || !got.Complete {
		t.Errorf("one that only looks: %q, %v", contents(got), got.Problems)
	}
	other := o
	other.Ref = "refs/heads/main" // another ref is another memory
	if got := read(t, open(t, other)); contents(got) != "a.yaml=one" {
		t.Errorf("another ref: %q", contents(got))
	}
	empty := o
	empty.Cache = t.TempDir()
	if got := read(t, open(t, empty)); contents(got) != "a.yaml=one" {
		t.Errorf("an empty disk: %q", contents(got))
	}

	// The contents are only a cache: without them the refusal is an error.
	found, _ := filepath.Glob(filepath.Join(cache, "git-*", "content.git"))
	if len(found) != 1 {
		t.Fatal(found)
	}
	if err := os.RemoveAll(found[0]); err != nil {
		t.Fatal(err)
	}
	refuses(t, open(t, o), "moved from "+two[:7], "is not in --git-cache any more")
	allowed := o
	allowed.AllowRewind = true
	if got := read(t, open(t, allowed)); contents(got) != "a.yaml=one" {
		t.Errorf("allowed: %q", contents(got))
	}
}

// A server that is shallow itself cannot prove what its commits descend from, where
// the commit in force is not among those that it has.
func TestGitOnAShallowServer(t *testing.T) {
	slow(t)
	root := t.TempDir()
	r := newRepo(t, root, "origin.git")
	r.commit("main", map[string]string{"a.yaml": "zero"})
	r.commit("main", map[string]string{"a.yaml": "one"})
	shallow := func() {
		dir := filepath.Join(root, "a.git")
		if err := os.RemoveAll(dir); err != nil {
			t.Fatal(err)
		}
		run(t, "", "", "clone", "--quiet", "--bare", "--depth=1", "file://"+r.dir, dir)
		run(t, dir, "", "config", "uploadpack.allowFilter", "true")
	}
	shallow()
	s := serve(t, root)
	g := open(t, GitOptions{URL: s.URL + "/a.git"})
	if got := read(t, g); contents(got) != "a.yaml=one" || !got.Complete {
		t.Fatalf("files %q, problems %v", contents(got), got.Problems)
	}
	r.commit("main", map[string]string{"a.yaml": "two"})
	shallow() // its only commit names the one in force as its parent
	if got := read(t, g); contents(got) != "a.yaml=two" || !got.Complete {
		t.Errorf("files %q, problems %v", contents(got), got.Problems)
	}
	r.commit("main", map[string]string{"a.yaml": "three"})
	r.commit("main", map[string]string{"a.yaml": "four"})
	shallow()
	stays(t, g, "a.yaml=two", "the server's own history is cut off", "--git-allow-rewind")
}

// What the last look could not find out is no verdict.
func TestGitDoesNotJudgeWhatItCouldNotAsk(t *testing.T) {
	root := t.TempDir()
	r := newRepo(t, root, "a.git")
	r.commit("main", map[string]string{"a.yaml": "old"})
	s := serve(t, root)
	g := open(t, GitOptions{URL: s.URL + "/a.git"})
	read(t, g)
	for range 3 {
		r.commit("main", map[string]string{"a.yaml": "new"})
	}
	s.answer(failing("filter tree:0"))
	refuses(t, g, "out of order")
	s.answer(nil)
	if got := read(t, g); contents(got) != "a.yaml=new" || !got.Complete {
		t.Errorf("files %q, problems %v", contents(got), got.Problems)
	}
}

// Verify sees the raw objects, and decides before a file is read.
func TestGitAsksForASignature(t *testing.T) {
	root := t.TempDir()
	r := newRepo(t, root, "a.git")
	id := r.commit("main", map[string]string{"a.yaml": "one"})
	r.git("-c", "user.name=t", "-c", "user.email=t@example.com", "tag", "-a", "-m", "release", "v1", id)
	s := serve(t, root)
	var got GitObjects
	good := func(_ context.Context, o GitObjects) (string, error) { got = o; return "anna", nil }
	snap := read(t, open(t, GitOptions{URL: s.URL + "/a.git", Ref: "v1", Verify: good}))
	if snap.Signer != "anna" || snap.Ref != "v1" || got.Ref != "refs/tags/v1" || got.CommitID != id || got.TagID != r.id("v1") ||
		string(got.Commit) != rawObject(r, "commit", id) || string(got.Tag) != rawObject(r, "tag", got.TagID) {
		t.Errorf("snapshot %+v, objects %+v", snap, got)
	}

	g := open(t, GitOptions{URL: s.URL + "/a.git", Ref: "main", Verify: func(_ context.Context, o GitObjects) (string, error) {
		if o.CommitID == id {
			return "anna", nil
		}
		return "", fmt.Errorf("nobody signed it")
	}})
	if snap := read(t, g); snap.Signer != "anna" || len(got.Tag) == 0 {
		t.Errorf("signer %q", snap.Signer)
	}
	r.commit("main", map[string]string{"a.yaml": "forged"})
	s.fetches()
	stays(t, g, "a.yaml=one", "is not used: nobody signed it")
	if fetches, _ := s.fetches(); len(fetches) != 1 {
		t.Errorf("%d fetches for a commit that nobody signed: its files are not asked for", len(fetches))
	}
	refuses(t, open(t, GitOptions{URL: s.URL + "/a.git", Verify: g.o.Verify}), "is not used: nobody signed it")
}
