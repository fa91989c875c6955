package source

import (
	"context"
	"errors"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
)

// judge verifies by a list of commits that are good.
type judge struct {
	mu    sync.Mutex
	good  []string
	asked []GitObjects
}

func (j *judge) verify(_ context.Context, o GitObjects) (string, error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.asked = append(j.asked, o)
	if slices.Contains(j.good, o.CommitID) {
		return "anna", nil
	}
	return "", errors.New("it is not signed")
}

func (j *judge) trust(ids ...string) {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.good = ids
}

// TestRefusedStaysRefused: what a signature does not vouch for is told by every look until
// it is mended, between two polls too, while the last good commit stays in force; and a
// later process on the same cache takes that from nobody's word.
func TestRefusedStaysRefused(t *testing.T) {
	root := t.TempDir()
	r := newRepo(t, root, "deploy.git")
	s := serve(t, root)
	j := &judge{}
	o := GitOptions{URL: s.URL + "/deploy.git", Ref: "main", Cache: filepath.Join(t.TempDir(), "cache"), Verify: j.verify}
	first := r.commit("main", map[string]string{"a.yaml": "one"})

	refuses(t, open(t, o), "is not used: it is not signed")
	if n := len(j.asked); n != 1 || j.asked[0].Ref != "refs/heads/main" || !strings.Contains(string(j.asked[0].Commit), "tree ") {
		t.Errorf("asked of %+v", j.asked)
	}

	g := open(t, o)
	j.trust(first)
	if got := read(t, g); got.Signer != "anna" || got.Revision != first || !got.Complete {
		t.Errorf("%+v", got)
	}
	second := r.commit("main", map[string]string{"a.yaml": "", "b.yaml": "two"})
	g.due.watch(1) // somebody watches: without a hint the server is not asked
	g.due.now()
	for range 3 {
		got := read(t, g)
		if got.Revision != first || got.Signer != "anna" || contents(got) != "a.yaml=one" || got.Complete || len(got.Problems) != 1 ||
			!strings.Contains(got.Problems[0].Message, "stays in force") {
			t.Errorf("%+v", got)
		}
	}

	// The next process: the commit in force is verified anew.
	next := open(t, o)
	if got := read(t, next); got.Revision != first || got.Ref != "main" || got.Signer != "anna" || got.Complete {
		t.Errorf("%+v", got)
	}
	if last := j.asked[len(j.asked)-1]; last.CommitID != first || !last.Again || j.asked[len(j.asked)-2].Again {
		t.Errorf("asked of %+v", last)
	}
	j.trust()
	refuses(t, open(t, o), "it is not signed", "the commit in force", "is not used any more")

	j.trust(first, second)
	if got := read(t, open(t, o)); got.Revision != second || !got.Complete {
		t.Errorf("%+v", got)
	}
	// Replay: the old commit is good for ever, and going back to it is refused.
	r.git("update-ref", "refs/heads/main", first)
	if got := read(t, open(t, o)); got.Revision != second || got.Complete || !strings.Contains(got.Problems[0].Message, "is not used") {
		t.Errorf("%+v", got)
	}
}
