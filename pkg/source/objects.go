package source

import (
	"context"
	"errors"
	"fmt"
	"io"
	"path"
	"regexp"
	"strings"
)

// Objects is one bucket of a store of objects. This package knows no AWS: cmd
// hands in one that calls S3.
type Objects interface {
	// List gives one page of the objects under a prefix, and the token of the
	// next page, "" after the last. A page that could not be read is an error.
	List(ctx context.Context, prefix, token string) (page []Object, next string, err error)
	// Head looks at an object without reading it.
	Head(ctx context.Context, key string) (Object, error)
	// Get opens an object: any, for an empty condition, else only the one whose
	// entity tag is match (else ErrObjectChanged), or only if it is not unlike
	// (else ErrObjectUnchanged).
	Get(ctx context.Context, key string, c Condition) (Object, io.ReadCloser, error)
}

// Object is one object as a store tells of it.
type Object struct {
	Key     string
	ETag    string // of the content: another one after every change
	Version string // "" where the bucket keeps no versions, and in a listing
	Size    int64
}

// Condition is what an object must be to be read.
type Condition struct{ Match, Unlike string }

// What an Objects answers, wrapped or not, beside errors of its own.
var (
	ErrNoObject        = errors.New("there is no such object")
	ErrObjectChanged   = errors.New("the object was changed meanwhile")
	ErrObjectUnchanged = errors.New("the object is still the same")
)

// Place is where in S3 documents are: a prefix, or one archive.
type Place struct {
	Bucket  string
	Key     string // of the archive, or the prefix, which ends with "/" or is ""
	Archive bool
}

// bucketForm: "General purpose bucket naming rules" of the S3 user guide.
var bucketForm = regexp.MustCompile(`^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$`)

// archiveNames are the ends of the names of archives.
var archiveNames = []string{".tar.gz", ".tgz", ".tar", ".zip"}

// ParsePlace reads s3://BUCKET/PREFIX/ or s3://BUCKET/KEY.tar.gz (.tgz, .tar, .zip).
func ParsePlace(s string) (Place, error) {
	const want = "want s3://BUCKET/PREFIX/, or s3://BUCKET/NAME.tar.gz (.tgz, .tar or .zip)"
	rest, ok := strings.CutPrefix(s, "s3://")
	if !ok {
		return Place{}, fmt.Errorf("%q is no place in S3: %s", s, want)
	}
	bucket, key, _ := strings.Cut(rest, "/")
	if !bucketForm.MatchString(bucket) {
		return Place{}, fmt.Errorf("%q is no name of a bucket: %s", bucket, want)
	}
	if len(key) > 1024 || strings.ContainsAny(key, "\x00\n\r") {
		return Place{}, fmt.Errorf("the key in %q cannot be one: %s", s, want)
	}
	p := Place{Bucket: bucket, Key: key}
	for _, end := range archiveNames {
		p.Archive = p.Archive || strings.HasSuffix(strings.ToLower(key), end)
	}
	if strings.HasSuffix(key, "/") {
		p.Archive = false
	}
	if !p.Archive && key != "" && !strings.HasSuffix(key, "/") {
		p.Key += "/"
	}
	return p, nil
}

// String is the place as people write it.
func (p Place) String() string { return "s3://" + p.Bucket + "/" + p.Key }

// trick says what is wrong with a path out of a store or an archive, "" for
// nothing. Nothing is ever written under such a path; but a document's place is
// shown to people, and names the folder whose files belong together.
func trick(name string) string {
	switch {
	case strings.HasPrefix(name, "/"):
		return "its path is absolute: it is not read"
	case strings.ContainsAny(name, "\\\x00\n\r\x1b"):
		return "its path has a backslash or a control character: it is not read"
	case len(name) > 1 && name[1] == ':':
		return "its path begins with a drive: it is not read"
	}
	for part := range strings.SplitSeq(name, "/") {
		if part == ".." {
			return "its path leads upwards (..): it is not read"
		}
	}
	return ""
}

// hiddenPath: a part of the path begins with a dot.
func hiddenPath(name string) bool {
	for part := range strings.SplitSeq(path.Clean(name), "/") {
		if hidden(part) && part != "." {
			return true
		}
	}
	return false
}
