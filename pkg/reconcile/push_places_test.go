package reconcile

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"fmt"
	"io"
	"net/http"
	"net/http/cgi"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/s3"

	"github.com/ecs-operator/ecs-operator/pkg/bucket"
	"github.com/ecs-operator/ecs-operator/pkg/resource"
	"github.com/ecs-operator/ecs-operator/pkg/source"
)

const pushBucket = "specs"

// pushPlaces are the sources of the benchmark: a directory, a repository of git
// behind a server on loopback, a prefix and an archive in S3.
func pushPlaces() []pushPlace {
	var dir string
	var repo *pushRepo
	prefix := source.Place{Bucket: pushBucket, Key: "services/"}
	archive := source.Place{Bucket: pushBucket, Key: "specs.tar.gz", Archive: true}
	inS3 := func(place source.Place) func(b *testing.B, f *pushFleet) source.Source {
		return func(b *testing.B, f *pushFleet) source.Source {
			f.upload(b, place, "")
			s := source.S3(place, bucket.New(f.pool, resource.DefaultTarget, place.Bucket))
			s.PollEvery = time.Hour // the webhook alone tells
			return s
		}
	}
	return []pushPlace{
		{name: "directory", source: func(b *testing.B, f *pushFleet) source.Source {
			dir = b.TempDir()
			for name, text := range f.docs {
				fine(b, os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600))
			}
			return source.Dir(dir)
		}, put: func(b *testing.B, f *pushFleet, name string) { // as editors and checkouts do it
			fine(b, os.WriteFile(filepath.Join(dir, "."+name), []byte(f.docs[name]), 0o600))
			fine(b, os.Rename(filepath.Join(dir, "."+name), filepath.Join(dir, name)))
		}},
		{name: "git", hook: true, source: func(b *testing.B, f *pushFleet) source.Source {
			repo = newPushRepo(b)
			repo.commit(b, f.docs)
			g, err := source.NewGit(source.GitOptions{URL: repo.url, Ref: "main", Cache: b.TempDir(), Poll: time.Hour})
			fine(b, err)
			b.Cleanup(func() { _ = g.Close() })
			return g
		}, put: func(b *testing.B, f *pushFleet, name string) { repo.commit(b, map[string]string{name: f.docs[name]}) }},
		{name: "s3-prefix", hook: true, source: inS3(prefix), put: func(b *testing.B, f *pushFleet, name string) { f.upload(b, prefix, name) }},
		{name: "s3-archive", hook: true, source: inS3(archive), put: func(b *testing.B, f *pushFleet, name string) { f.upload(b, archive, name) }},
	}
}

// upload writes all documents, or the one that was edited; an archive always whole.
func (f *pushFleet) upload(b *testing.B, place source.Place, only string) {
	b.Helper()
	put := func(key string, data []byte) {
		_, err := f.api.Write.S3.PutObject(b.Context(), &s3.PutObjectInput{Bucket: &place.Bucket, Key: &key, Body: bytes.NewReader(data)})
		fine(b, err)
	}
	if !place.Archive {
		for name, text := range f.docs {
			if only == "" || name == only {
				put(place.Key+name, []byte(text))
			}
		}
		return
	}
	var raw bytes.Buffer
	z := gzip.NewWriter(&raw)
	t := tar.NewWriter(z)
	for _, name := range sorted(f.docs) {
		fine(b, t.WriteHeader(&tar.Header{Name: name, Typeflag: tar.TypeReg, Size: int64(len(f.docs[name]))}))
		_, err := t.Write([]byte(f.docs[name]))
		fine(b, err)
	}
	fine(b, t.Close())
	fine(b, z.Close())
	put(place.Key, raw.Bytes())
}

// pushRepo is a bare repository that git's own server serves on loopback.
type pushRepo struct {
	dir, url string
	n        int
}

func newPushRepo(b *testing.B) *pushRepo {
	b.Helper()
	path, err := exec.Command("git", "--exec-path").Output()
	backend := filepath.Join(strings.TrimSpace(string(path)), "git-http-backend")
	if err == nil {
		_, err = os.Stat(backend)
	}
	if err != nil {
		b.Skip("there is no git http-backend on this machine")
	}
	root := b.TempDir()
	r := &pushRepo{dir: filepath.Join(root, "specs.git")}
	r.git(b, "", "init", "--quiet", "--bare", "--initial-branch=main", r.dir)
	r.git(b, "", "-C", r.dir, "config", "uploadpack.allowFilter", "true")
	h := &cgi.Handler{Path: backend, Stderr: io.Discard,
		Env: []string{"GIT_PROJECT_ROOT=" + root, "GIT_HTTP_EXPORT_ALL=1", "GIT_CONFIG_NOSYSTEM=1", "GIT_CONFIG_GLOBAL=/dev/null", "HOME=" + root}}
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		r.Body = io.NopCloser(bytes.NewReader(body))
		r.ContentLength, r.TransferEncoding = int64(len(body)), nil // http-backend wants to know
		own := *h
		own.Env = append(append([]string{}, h.Env...), "GIT_PROTOCOL="+r.Header.Get("Git-Protocol"))
		own.ServeHTTP(w, r)
	}))
	b.Cleanup(s.Close)
	r.url = s.URL + "/specs.git"
	return r
}

// commit puts files on main.
func (r *pushRepo) commit(b *testing.B, files map[string]string) {
	b.Helper()
	var s strings.Builder
	fmt.Fprintf(&s, "commit refs/heads/main\ncommitter c <c@example.com> %d +0000\ndata 1\nx\n", 1_700_000_000+r.n)
	if r.n++; r.n > 1 {
		s.WriteString("from refs/heads/main^0\n")
	}
	for name, text := range files {
		fmt.Fprintf(&s, "M 100644 inline %s\ndata %d\n%s\n", name, len(text), text)
	}
	r.git(b, s.String(), "-C", r.dir, "fast-import", "--quiet")
}

func (r *pushRepo) git(b *testing.B, stdin string, args ...string) {
	b.Helper()
	cmd := exec.Command("git", args...)
	cmd.Stdin = strings.NewReader(stdin)
	cmd.Env = []string{"PATH=" + os.Getenv("PATH"), "GIT_CONFIG_NOSYSTEM=1", "GIT_CONFIG_GLOBAL=/dev/null"}
	if out, err := cmd.CombinedOutput(); err != nil {
		b.Fatalf("git %s: %v\n%s", strings.Join(args, " "), err, out)
	}
}
