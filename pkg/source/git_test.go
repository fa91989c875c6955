package source

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
)

// unzip gives the body as text: git sends large requests compressed.
func unzip(r *http.Request, body []byte) string {
	if r.Header.Get("Content-Encoding") == "gzip" {
		if z, err := gzip.NewReader(bytes.NewReader(body)); err == nil {
			body, _ = io.ReadAll(z)
		}
	}
	return string(body)
}

func TestGitReadsOneCommit(t *testing.T) {
	root := t.TempDir()
	r := newRepo(t, root, "a.git")
	r.commit("main", map[string]string{"services/a.yaml": "old", "services/gone.yaml": "x"})
	id := r.commit("main", map[string]string{
		"services/a.yaml": "a", "services/gone.yaml": "", "services/sub/b.json": "{}", "!100755 services/run.yml": "r", "services/.hidden/x.yaml": "no",
		"services/README.md": "no", "other/c.yaml": "no", "servicesx.yaml": "no", "top.yaml": "no",
	})
	s := serve(t, root)
	g := open(t, GitOptions{URL: s.URL + "/a.git", Ref: "main", Paths: []string{"services/"}})
	got := read(t, g)
	if want := "services/a.yaml=a services/run.yml=r services/sub/b.json={}"; contents(got) != want || !got.Complete {
		t.Errorf("files %q, want %q; problems %v", contents(got), want, got.Problems)
	}
	if got.Revision != id || got.Ref != "main" {
		t.Errorf("revision %s of %q, want %s of main", got.Revision, got.Ref, id)
	}
}

// Issue 6: the missing blobs of the watched path come in one request, and no
// others do. One by one, 200 files cost 200 fetches.
func TestGitFetchesTheMissingBlobsInOneRequest(t *testing.T) {
	root := t.TempDir()
	r := newRepo(t, root, "a.git")
	files := map[string]string{}
	for i := range 200 {
		files[fmt.Sprintf("services/s%03d.yaml", i)] = fmt.Sprintf("content %d", i)
		files[fmt.Sprintf("elsewhere/e%03d.yaml", i)] = strings.Repeat("large", 100) + fmt.Sprint(i)
	}
	r.commit("main", files)
	s := serve(t, root)
	g := open(t, GitOptions{URL: s.URL + "/a.git", Paths: []string{"services"}})
	if got := read(t, g); len(got.Files) != 200 || !got.Complete || got.Ref != "main" {
		t.Fatalf("%d files of %q, problems %v", len(got.Files), got.Ref, got.Problems)
	}
	fetches, _ := s.fetches()
	if len(fetches) != 2 || strings.Count(fetches[0].body, "want ") != 1 || strings.Count(fetches[1].body, "want ") != 200 {
		for _, f := range fetches {
			t.Logf("%d wants", strings.Count(f.body, "want "))
		}
		t.Fatalf("%d fetches reached the server, want one of the commit and one of 200 blobs", len(fetches))
	}
	if !strings.Contains(fetches[0].body, "deepen 1") || !strings.Contains(fetches[0].body, "filter blob:none") {
		t.Errorf("the commit is fetched by\n%s", fetches[0].body)
	}
	// Nothing new: nothing is fetched. One file new: one blob.
	read(t, g)
	if fetches, _ := s.fetches(); len(fetches) != 0 {
		t.Errorf("%d fetches for a commit that is here", len(fetches))
	}
	r.commit("main", map[string]string{"services/s007.yaml": "changed"})
	if got := read(t, g); !strings.Contains(contents(got), "s007.yaml=changed") || len(got.Files) != 200 {
		t.Errorf("the change did not come")
	}
	fetches, _ = s.fetches()
	if len(fetches) != 2 || strings.Count(fetches[1].body, "want ") != 1 {
		t.Errorf("%d fetches for one changed file: %v", len(fetches), fetches)
	}
}
