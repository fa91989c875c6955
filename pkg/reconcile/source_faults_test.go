package reconcile

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"

	"github.com/ecs-operator/ecs-operator/pkg/bucket"
	"github.com/ecs-operator/ecs-operator/pkg/resource"
	"github.com/ecs-operator/ecs-operator/pkg/sandbox"
	"github.com/ecs-operator/ecs-operator/pkg/source"
	"github.com/ecs-operator/ecs-operator/pkg/status"
)

// specsBucket is a bucket with the documents of a few services, as files under
// a prefix and as one archive.
type specsBucket struct {
	w  *world
	s3 *s3.Client
}

const archiveKey = "specs.tar.gz"

func (b specsBucket) put(key string, data []byte) {
	b.w.t.Helper()
	_, err := b.s3.PutObject(context.Background(), &s3.PutObjectInput{Bucket: aws.String("specs"), Key: &key, Body: bytes.NewReader(data)})
	b.w.ok(err)
}

func (b specsBucket) remove(keys ...string) {
	b.w.t.Helper()
	for _, key := range keys {
		_, err := b.s3.DeleteObject(context.Background(), &s3.DeleteObjectInput{Bucket: aws.String("specs"), Key: &key})
		b.w.ok(err)
	}
}

// fill uploads documents in both forms.
func (b specsBucket) fill(docs map[string]string) {
	var raw bytes.Buffer
	z := gzip.NewWriter(&raw)
	t := tar.NewWriter(z)
	for name, text := range docs {
		b.put("services/"+name, []byte(text))
		b.w.ok(t.WriteHeader(&tar.Header{Name: name, Typeflag: tar.TypeReg, Size: int64(len(text))}))
		_, err := t.Write([]byte(text))
		b.w.ok(err)
	}
	b.w.ok(t.Close())
	b.w.ok(z.Close())
	b.put(archiveKey, raw.Bytes())
}

// inBucket is a filled bucket and an engine of a scope that reads it and may prune.
func (w *world) inBucket(place source.Place) (specsBucket, *Engine) {
	w.t.Helper()
	e := w.scoped("team", true)
	w.law.sources.S3 = "s3://" + place.Bucket + "/" + place.Key
	e.o.Source = source.S3(place, bucket.New(w.pool, resource.DefaultTarget, place.Bucket))
	b := specsBucket{w: w, s3: w.person().Write.S3}
	_, err := b.s3.CreateBucket(w.t.Context(), &s3.CreateBucketInput{Bucket: aws.String(place.Bucket)})
	w.ok(err)
	b.fill(s3Documents("s", "nginx:1.29"))
	return b, e
}

// s3Documents are idle services of one scope.
func s3Documents(prefix, image string) map[string]string {
	docs := map[string]string{}
	for n := range 3 {
		name := fmt.Sprint(prefix, n)
		docs[name+".yaml"] = strings.Replace(hello(name, image), "desiredCount: 2", "desiredCount: 0", 1)
	}
	return docs
}

func s3Keys() (keys []string) {
	for n := range 3 {
		keys = append(keys, fmt.Sprintf("services/s%d.yaml", n))
	}
	return append(keys, archiveKey)
}

func failing(f *sandbox.Fault) func(specsBucket) {
	return func(b specsBucket) {
		b.w.spoil(func(_ context.Context, c sandbox.Call) *sandbox.Fault {
			if c.Service == "s3" {
				return f
			}
			return nil
		})
	}
}

// s3Faults are the faults G1 to G9 of a source, as a bucket has them. G9 of git is
// a signature; of a bucket it is a 500 while a file goes away (pages of a listing: pkg/bucket).
var s3Faults = map[string]func(b specsBucket){
	"G1 refused": failing(&sandbox.Fault{Drop: true}),
	"G2 denied":  failing(&sandbox.Fault{Code: "AccessDenied", Message: "Access Denied", Status: 403}),
	"G3 503":     failing(&sandbox.Fault{Code: "ServiceUnavailable", Message: "Please reduce your request rate.", Status: 503}),
	"G4 truncated": func(b specsBucket) {
		b.put(archiveKey, []byte("\x1f\x8b\x08cut"))
		b.put("services/s1.yaml", []byte("apiVersion: ecs-operator/v1\nkind: Serv"))
	},
	"G5 missing":  func(b specsBucket) { b.remove(archiveKey, "services/s0.yaml", "services/s1.yaml") },
	"G6 replaced": func(b specsBucket) { b.remove(s3Keys()...); b.fill(s3Documents("other", "nginx:1.29")) },
	"G7 empty":    func(b specsBucket) { b.remove(s3Keys()...); b.put("services/", nil); b.put(archiveKey, nil) },
	"G8 no path":  func(b specsBucket) { b.remove(s3Keys()...) },
	"G9 500": func(b specsBucket) {
		b.remove("services/s2.yaml")
		failing(&sandbox.Fault{Code: "InternalError", Message: "We encountered an internal error. Please try again.", Status: 500})(b)
	},
}

// The same daemon does delete what is taken away on purpose, so that the faults
// below prove something: one document, after it was gone for a while.
func TestADocumentTakenOutOfABucketIsPruned(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world) {
		b, e := w.inBucket(source.Place{Bucket: "specs", Key: "services/"})
		defer w.run(e)()
		w.until("ready", stands(e, "s2", status.Synced))
		b.remove("services/s0.yaml")
		if took := w.until("DeleteService", func() bool { return w.done("DeleteService") == 1 }); took < 30*time.Second {
			t.Errorf("deleted after %s: an upload might have been under way", took)
		}
	})
}

// Whatever becomes of the bucket, a daemon that may prune deletes nothing for it,
// and goes on when the bucket is back.
func TestNoFaultOfABucketDeletes(t *testing.T) {
	t.Parallel()
	for _, place := range []source.Place{{Bucket: "specs", Key: "services/"}, {Bucket: "specs", Key: archiveKey, Archive: true}} {
		for name, fault := range s3Faults {
			t.Run(name+" "+place.Key, func(t *testing.T) {
				inWorld(t, func(t *testing.T, w *world) {
					b, e := w.inBucket(place)
					defer w.run(e)()
					w.until("ready", stands(e, "s2", status.Synced))
					before := w.services()
					mark := w.mark()
					fault(b)
					w.sleep(3 * time.Minute)
					for _, write := range w.writes(mark) {
						if strings.HasPrefix(write, "Delete") || strings.HasPrefix(write, "Deregister") {
							if !strings.HasPrefix(write, "DeleteObject") {
								t.Errorf("it made %s", write)
							}
						}
					}
					for _, s := range before {
						if w.service(s).ServiceName == nil {
							t.Errorf("%s is gone", s)
						}
					}
					w.spoil(nil)
					b.fill(s3Documents("s", "nginx:1.30"))
					w.until("goes on", func() bool { return strings.HasSuffix(w.image("s2"), ":1.30") })
				})
			})
		}
	}
}
