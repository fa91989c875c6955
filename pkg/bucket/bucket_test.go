package bucket_test

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	s3types "github.com/aws/aws-sdk-go-v2/service/s3/types"

	"github.com/ecs-operator/ecs-operator/pkg/awsclient"
	"github.com/ecs-operator/ecs-operator/pkg/bucket"
	"github.com/ecs-operator/ecs-operator/pkg/resource"
	"github.com/ecs-operator/ecs-operator/pkg/sandbox"
	"github.com/ecs-operator/ecs-operator/pkg/source"
)

// world is a sandbox with one bucket, the operator's clients and somebody's who
// uploads.
type world struct {
	t       *testing.T
	sandbox *sandbox.Sandbox
	pool    *awsclient.Pool
	people  *s3.Client

	mu    sync.Mutex
	spoil func(r *http.Request, next http.RoundTripper) (*http.Response, error)
}

func newWorld(t *testing.T) *world {
	t.Helper()
	w := &world{t: t, sandbox: sandbox.New(sandbox.Options{Speed: 10})}
	pool, err := awsclient.New(t.Context(), awsclient.Options{
		Targets:    map[string]awsclient.Target{resource.DefaultTarget: {Region: sandbox.Region}},
		HTTPClient: &http.Client{Transport: w}, Endpoint: "http://sandbox.invalid", Static: true, Unlimited: true,
	})
	if err != nil {
		t.Fatal(err)
	}
	w.pool = pool
	w.people = s3.New(s3.Options{Region: sandbox.Region, HTTPClient: &http.Client{Transport: w.sandbox.Transport()},
		BaseEndpoint: aws.String("http://sandbox.invalid"), Credentials: credentials.NewStaticCredentialsProvider("a", "b", "")})
	if _, err := w.people.CreateBucket(t.Context(), &s3.CreateBucketInput{Bucket: aws.String("specs")}); err != nil {
		t.Fatal(err)
	}
	return w
}

// RoundTrip is the way of the operator's calls, which faults of the network lie on.
func (w *world) RoundTrip(r *http.Request) (*http.Response, error) {
	w.mu.Lock()
	spoil := w.spoil
	w.mu.Unlock()
	if spoil != nil && isS3(r) {
		return spoil(r, w.sandbox.Transport())
	}
	return w.sandbox.Transport().RoundTrip(r)
}

func isS3(r *http.Request) bool {
	return strings.Contains(r.Header.Get("Authorization"), "/s3/aws4_request")
}

func (w *world) spoilBy(f func(*http.Request, http.RoundTripper) (*http.Response, error)) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.spoil = f
}

// calls counts the S3 calls since the last time.
func (w *world) calls(operation string) (n int) {
	for _, e := range w.sandbox.Journal() {
		if e.Service == "s3" && e.Operation == operation {
			n++
		}
	}
	return n
}

func (w *world) put(key, text string) {
	w.t.Helper()
	if _, err := w.people.PutObject(context.Background(), &s3.PutObjectInput{Bucket: aws.String("specs"), Key: &key, Body: strings.NewReader(text)}); err != nil {
		w.t.Fatal(err)
	}
}

func (w *world) remove(key string) {
	w.t.Helper()
	if _, err := w.people.DeleteObject(context.Background(), &s3.DeleteObjectInput{Bucket: aws.String("specs"), Key: &key}); err != nil {
		w.t.Fatal(err)
	}
}

func (w *world) source(place string) *source.Bucket {
	w.t.Helper()
	p, err := source.ParsePlace(place)
	if err != nil {
		w.t.Fatal(err)
	}
	return source.S3(p, bucket.New(w.pool, resource.DefaultTarget, p.Bucket))
}

func paths(s source.Snapshot) []string {
	out := []string{}
	for _, f := range s.Files {
		out = append(out, f.Path)
	}
	return out
}

func (w *world) snapshot(s *source.Bucket) source.Snapshot {
	w.t.Helper()
	snap, err := s.Snapshot(w.t.Context())
	if err != nil {
		w.t.Fatal(err)
	}
	return snap
}

func TestPrefixIsReadByAllItsPages(t *testing.T) {
	w := newWorld(t)
	for n := range 1005 { // two pages
		w.put(fmt.Sprintf("services/s%d.yaml", n), fmt.Sprint("n: ", n))
	}
	w.put("services/.git/config.yaml", "hidden")
	w.put("services/README.md", "no spec")
	w.put("services/sub/über alles+1.yml", "x: 1")
	w.put("servicesother/z.yaml", "elsewhere")
	src := w.source("s3://specs/services")
	s := w.snapshot(src)
	if len(s.Files) != 1006 || !s.Complete || s.Files[len(s.Files)-1].Path != "sub/über alles+1.yml" {
		t.Fatalf("%d files, complete %v, problems %v", len(s.Files), s.Complete, s.Problems)
	}
	// What is not changed is not read again.
	before := w.calls("GetObject")
	again := w.snapshot(src)
	if n := w.calls("GetObject") - before; n != 0 || again.Revision != s.Revision {
		t.Errorf("%d objects were read again, revision %s and then %s", n, s.Revision, again.Revision)
	}
	w.put("services/s7.yaml", "n: 77")
	third := w.snapshot(src)
	if n := w.calls("GetObject") - before; n != 1 || third.Revision == s.Revision {
		t.Errorf("after one edit %d objects were read, revision %s", n, third.Revision)
	}
}

func TestChangedWhileItIsRead(t *testing.T) {
	w := newWorld(t)
	w.put("a.yaml", "one")
	w.put("b.yaml", "one")
	for name, edits := range map[string]int{"once": 1, "always": 1000} {
		n := 0
		var mu sync.Mutex
		w.spoilBy(func(r *http.Request, next http.RoundTripper) (*http.Response, error) {
			mu.Lock()
			defer mu.Unlock()
			if strings.HasSuffix(r.URL.Path, ".yaml") && n < edits {
				n++
				text := fmt.Sprint(name, n)
				w.put("a.yaml", text)
				w.put("b.yaml", text)
			}
			return next.RoundTrip(r)
		})
		s, err := w.source("s3://specs/").Snapshot(t.Context())
		switch {
		case edits == 1 && (err != nil || string(s.Files[0].Data()) != "once1" || string(s.Files[1].Data()) != "once1"):
			t.Errorf("%s: %v, %v", name, s.Files, err)
		case edits > 1 && (err == nil || !strings.Contains(err.Error(), "changed while they were read")):
			t.Errorf("%s: %v, %v", name, s.Files, err)
		}
	}
}

func targz(t *testing.T, files map[string]string) string {
	t.Helper()
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	tw := tar.NewWriter(z)
	for name, text := range files {
		if err := tw.WriteHeader(&tar.Header{Name: name, Typeflag: tar.TypeReg, Mode: 0o644, Size: int64(len(text))}); err != nil {
			t.Fatal(err)
		}
		if _, err := io.WriteString(tw, text); err != nil {
			t.Fatal(err)
		}
	}
	if err := errors.Join(tw.Close(), z.Close()); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func TestArchiveIsNamedByItsVersion(t *testing.T) {
	w := newWorld(t)
	src := w.source("s3://specs/specs.tar.gz")
	w.put("specs.tar.gz", targz(t, map[string]string{"./services/a.yaml": "a: 1", "README.md": "no"}))
	s := w.snapshot(src)
	if !slices.Equal(paths(s), []string{"services/a.yaml"}) || !s.Complete || !strings.HasPrefix(s.Revision, "s3-") {
		t.Errorf("unversioned: %+v", s)
	}
	if _, err := w.people.PutBucketVersioning(t.Context(), &s3.PutBucketVersioningInput{Bucket: aws.String("specs"),
		VersioningConfiguration: &s3types.VersioningConfiguration{Status: s3types.BucketVersioningStatusEnabled}}); err != nil {
		t.Fatal(err)
	}
	w.put("specs.tar.gz", targz(t, map[string]string{"a.yaml": "a: 2"}))
	head, err := w.people.HeadObject(t.Context(), &s3.HeadObjectInput{Bucket: aws.String("specs"), Key: aws.String("specs.tar.gz")})
	if err != nil {
		t.Fatal(err)
	}
	if s := w.snapshot(src); s.Revision != *head.VersionId || s.Revision == "null" {
		t.Errorf("revision %q, version %q", s.Revision, *head.VersionId)
	}
	if s := w.snapshot(src); s.Revision != *head.VersionId || len(s.Files) != 1 { // answered with 304
		t.Errorf("again: %+v", s)
	}
}

// answering gives an answer of the network's own.
func answering(status int, kind, body string) func(*http.Request, http.RoundTripper) (*http.Response, error) {
	return func(r *http.Request, _ http.RoundTripper) (*http.Response, error) {
		return &http.Response{StatusCode: status, Status: http.StatusText(status), Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1, Request: r,
			Header: http.Header{"Content-Type": {kind}}, Body: io.NopCloser(strings.NewReader(body)), ContentLength: int64(len(body))}, nil
	}
}

const denied = `<?xml version="1.0"?><Error><Code>AccessDenied</Code><Message>Access Denied</Message></Error>`

// faults are what may go wrong between the operator and its bucket. Each must be
// an error, and none may look like a bucket with less in it.
var faults = map[string]func(*http.Request, http.RoundTripper) (*http.Response, error){
	"refused": func(*http.Request, http.RoundTripper) (*http.Response, error) {
		return nil, errors.New("connect: connection refused")
	},
	"403":             answering(403, "application/xml", denied),
	"503 of a proxy":  answering(503, "text/html", "<html><body>503 Service Unavailable</body></html>"),
	"200 of a portal": answering(200, "text/html", "<html><body>Please sign in</body></html>"),
	"empty 200":       answering(200, "application/xml", ""),
	"second page": func(r *http.Request, next http.RoundTripper) (*http.Response, error) {
		if r.URL.Query().Has("continuation-token") {
			return answering(500, "application/xml", `<Error><Code>InternalError</Code><Message>x</Message></Error>`)(r, next)
		}
		if r.URL.Query().Has("list-type") {
			q := r.URL.Query()
			q.Set("max-keys", "2")
			r = r.Clone(r.Context())
			r.URL.RawQuery = q.Encode()
			return next.RoundTrip(r)
		}
		return answering(500, "application/xml", `<Error><Code>InternalError</Code><Message>x</Message></Error>`)(r, next)
	},
	"objects denied": func(r *http.Request, next http.RoundTripper) (*http.Response, error) {
		if r.URL.Query().Has("list-type") {
			return next.RoundTrip(r)
		}
		return answering(403, "application/xml", denied)(r, next)
	},
	"cut off": func(r *http.Request, next http.RoundTripper) (*http.Response, error) {
		resp, err := next.RoundTrip(r)
		if err != nil {
			return nil, err
		}
		all, err := io.ReadAll(resp.Body)
		resp.Body = io.NopCloser(io.MultiReader(bytes.NewReader(all[:len(all)/2]), broken{}))
		return resp, err
	},
	"cut short": func(r *http.Request, next http.RoundTripper) (*http.Response, error) {
		resp, err := next.RoundTrip(r)
		if err != nil || r.URL.Query().Has("list-type") {
			return resp, err
		}
		all, err := io.ReadAll(resp.Body)
		resp.Body = io.NopCloser(bytes.NewReader(all[:len(all)/2]))
		return resp, err
	},
}

type broken struct{}

func (broken) Read([]byte) (int, error) { return 0, io.ErrUnexpectedEOF }

func TestFaultsAreErrors(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		for n := range 5 {
			w.put(fmt.Sprintf("services/%d.yaml", n), "content: some")
		}
		w.put("all.tgz", targz(t, map[string]string{"a.yaml": "a: 1"}))
		for _, place := range []string{"s3://specs/services/", "s3://specs/all.tgz"} {
			for name, fault := range faults {
				w.spoilBy(nil)
				src := w.source(place)
				w.snapshot(src)
				if strings.HasSuffix(place, "/") {
					w.put("services/0.yaml", "content: "+name) // so that there is something to read
				} else {
					w.put("all.tgz", targz(t, map[string]string{"a.yaml": "a: " + name}))
				}
				w.spoilBy(fault)
				s, err := src.Snapshot(t.Context())
				if err == nil {
					t.Errorf("%s, %s: no error, and %d files", place, name, len(s.Files))
				} else if !strings.HasPrefix(err.Error(), place) || strings.Contains(err.Error(), "\n") {
					t.Errorf("%s, %s: %v", place, name, err)
				}
			}
		}
		w.spoilBy(nil)
		for place, want := range map[string]string{
			"s3://specs/nowhere/":      "no object's key begins so",
			"s3://specs/none.zip":      "there is no such object",
			"s3://nobucket/x/":         "there is no such bucket",
			"s3://nobucket/x.zip":      "there is no such bucket",
			"s3://specs/services/x.gz": "no object's key begins so",
		} {
			if _, err := w.source(place).Snapshot(t.Context()); err == nil || !strings.Contains(err.Error(), want) {
				t.Errorf("%s: %v, want %q", place, err, want)
			}
		}
	})
}

// What goes away under the eyes of a daemon is not believed at once.
func TestObjectsThatWentAwaySettle(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		w.put("a.yaml", "a")
		w.put("b.yaml", "b")
		src := w.source("s3://specs/")
		w.snapshot(src)
		w.remove("b.yaml")
		if s := w.snapshot(src); s.Complete || len(s.Files) != 1 {
			t.Errorf("at once: %+v", s)
		}
		time.Sleep(31 * time.Second)
		if s := w.snapshot(src); !s.Complete || len(s.Files) != 1 {
			t.Errorf("later: %+v", s)
		}
	})
}

func TestWatchHintsAtWhatDiffers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		w.put("a.yaml", "a")
		w.put("all.zip", "not read by a look")
		for place, key := range map[string]string{"s3://specs/": "a.yaml", "s3://specs/all.zip": "all.zip"} {
			ctx, stop := context.WithCancel(t.Context())
			hint, done := make(chan struct{}, 1), make(chan struct{})
			go func() { defer close(done); _ = w.source(place).Watch(ctx, hint) }()
			synctest.Wait()
			<-hint
			gets := w.calls("GetObject")
			time.Sleep(5 * time.Minute)
			if len(hint) > 0 || w.calls("GetObject") != gets {
				t.Errorf("%s: a hint at nothing, or a look that reads", place)
			}
			w.put(key, "changed "+place)
			time.Sleep(time.Minute)
			if len(hint) != 1 {
				t.Errorf("%s: no hint at a change", place)
			}
			stop()
			<-done
		}
	})
}
