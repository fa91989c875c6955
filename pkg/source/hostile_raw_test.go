package source

import (
	"bytes"
	"compress/zlib"
	"crypto/sha1"
	"encoding/hex"
	"fmt"
	"net/http"
	"net/http/cgi"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// raw is a repository that is made object by object, as git itself would never
// make it: what git hash-object --literally and git mktree are for, without a
// process for each object.
type raw struct {
	t   *testing.T
	dir string
	// For texts of the corpus.
	outside string // a file outside of every repository, with the canary in it
	marker  string // what would be there if anything of a repository were run
}

func newRaw(t *testing.T, dir string) *raw {
	t.Helper()
	for _, d := range []string{"objects/info", "objects/pack", "refs/heads", "refs/tags", "info"} {
		if err := os.MkdirAll(filepath.Join(dir, d), 0o700); err != nil {
			t.Fatal(err)
		}
	}
	r := &raw{t: t, dir: dir}
	r.file("HEAD", "ref: refs/heads/main\n")
	r.file("config", "[core]\n\trepositoryformatversion = 0\n\tbare = true\n[uploadpack]\n\tallowFilter = true\n\tallowAnySHA1InWant = true\n")
	return r
}

func (r *raw) file(name, text string) {
	r.t.Helper()
	p := filepath.Join(r.dir, name)
	if err := os.MkdirAll(filepath.Dir(p), 0o700); err != nil {
		r.t.Fatal(err)
	}
	if err := os.WriteFile(p, []byte(text), 0o600); err != nil {
		r.t.Fatal(err)
	}
}

// object writes a loose object, whatever it says.
func (r *raw) object(kind string, data []byte) string {
	r.t.Helper()
	framed := append(fmt.Appendf(nil, "%s %d\x00", kind, len(data)), data...)
	sum := sha1.Sum(framed)
	id := hex.EncodeToString(sum[:])
	p := filepath.Join(r.dir, "objects", id[:2], id[2:])
	if _, err := os.Stat(p); err == nil {
		return id
	}
	var b bytes.Buffer
	z, err := zlib.NewWriterLevel(&b, zlib.BestSpeed)
	if err != nil {
		r.t.Fatal(err)
	}
	_, _ = z.Write(framed)
	_ = z.Close()
	if err := os.MkdirAll(filepath.Dir(p), 0o700); err != nil {
		r.t.Fatal(err)
	}
	if err := os.WriteFile(p, b.Bytes(), 0o600); err != nil {
		r.t.Fatal(err)
	}
	return id
}

func (r *raw) blob(text string) string { return r.object("blob", []byte(text)) }

// ent is an entry of a tree: of one of its content, or of an object that is there.
type ent struct{ mode, name, id string }

// tree writes the entries as they stand: in any order, and of any name.
func (r *raw) tree(entries ...ent) string {
	r.t.Helper()
	var b bytes.Buffer
	for _, e := range entries {
		sum, err := hex.DecodeString(e.id)
		if err != nil || len(sum) != 20 {
			r.t.Fatalf("entry %q: %q is no id", e.name, e.id)
		}
		fmt.Fprintf(&b, "%s %s\x00%s", e.mode, e.name, sum)
	}
	return r.object("tree", b.Bytes())
}

// put is a file of a tree: PATH, with MODE in front where it is no plain one.
type put struct{ mode, path, text string }

// files writes a well-formed tree.
func (r *raw) files(puts ...put) string {
	r.t.Helper()
	type dir map[string]any // dir or ent
	top := dir{}
	for _, p := range puts {
		at := top
		parts := strings.Split(p.path, "/")
		for _, part := range parts[:len(parts)-1] {
			if _, ok := at[part]; !ok {
				at[part] = dir{}
			}
			at = at[part].(dir)
		}
		mode := p.mode
		if mode == "" {
			mode = "100644"
		}
		name := parts[len(parts)-1]
		if mode == "160000" {
			at[name] = ent{mode, name, p.text}
			continue
		}
		at[name] = ent{mode, name, r.blob(p.text)}
	}
	var write func(dir) string
	write = func(d dir) string {
		var out []ent
		for name, v := range d {
			if sub, ok := v.(dir); ok {
				out = append(out, ent{"40000", name, write(sub)})
			} else {
				out = append(out, v.(ent))
			}
		}
		slices.SortFunc(out, func(a, b ent) int { return strings.Compare(sortKey(a), sortKey(b)) })
		return r.tree(out...)
	}
	return write(top)
}

// sortKey: git sorts a tree as if its directories ended with a slash.
func sortKey(e ent) string {
	if e.mode == "40000" {
		return e.name + "/"
	}
	return e.name
}

const who = "A <a@example.com> 1700000000 +0000"

// commit makes the branch main of a tree.
func (r *raw) commit(tree string) string {
	id := r.object("commit", []byte("tree "+tree+"\nauthor "+who+"\ncommitter "+who+"\n\nA change.\n"))
	r.file("refs/heads/main", id+"\n")
	return id
}

// hosts serves all repositories of a directory over http, as hosting services do.
func hosts(t *testing.T, dir string) string {
	t.Helper()
	git, err := exec.LookPath("git")
	if err != nil {
		t.Skip("git is not installed: no hostile repository is read")
	}
	s := httptest.NewServer(&cgi.Handler{
		Path: git, Args: []string{"http-backend"}, Dir: dir, Stderr: &bytes.Buffer{},
		Env: []string{"GIT_PROJECT_ROOT=" + dir, "GIT_HTTP_EXPORT_ALL=1", "HOME=" + dir, "GIT_CONFIG_NOSYSTEM=1", "GIT_CONFIG_GLOBAL=/dev/null"},
	})
	t.Cleanup(s.Close)
	return s.URL
}

// packet is a line of git's protocol.
func packet(line string) string { return fmt.Sprintf("%04x%s", len(line)+4, line) }

// liar is a server that advertises whatever it likes and sends nothing.
func liar(lines ...string) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/x-git-upload-pack-advertisement")
		text := packet("# service=git-upload-pack\n") + "0000"
		for _, l := range lines {
			text += packet(l + "\n")
		}
		_, _ = w.Write([]byte(text + "0000"))
	})
}
