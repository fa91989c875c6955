package bucket

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"regexp"
	"sync"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	s3types "github.com/aws/aws-sdk-go-v2/service/s3/types"
	smithyhttp "github.com/aws/smithy-go/transport/http"

	"github.com/ecs-operator/ecs-operator/pkg/awsclient"
	"github.com/ecs-operator/ecs-operator/pkg/resource"
	"github.com/ecs-operator/ecs-operator/pkg/source"
)

// Bucket is one bucket, read with the credentials of a target.
type Bucket struct {
	provider awsclient.Provider
	target   string
	name     string

	mu     sync.Mutex
	region string // of the bucket, "" for the target's
}

// New makes a Bucket. It makes no call.
func New(provider awsclient.Provider, target, name string) *Bucket {
	return &Bucket{provider: provider, target: target, name: name}
}

// do makes a call in the bucket's Region.
func (b *Bucket) do(ctx context.Context, call func(c *s3.Client, in func(*s3.Options)) error) error {
	clients, err := b.provider.For(ctx, b.target)
	if err != nil {
		return err
	}
	b.mu.Lock()
	region := b.region
	b.mu.Unlock()
	for {
		err = call(clients.Read.S3, func(o *s3.Options) {
			if region != "" {
				o.Region = region
			}
		})
		elsewhere := bucketRegion(err)
		if elsewhere == "" || elsewhere == region || region != "" {
			break
		}
		region = elsewhere
		b.mu.Lock()
		b.region = region
		b.mu.Unlock()
	}
	return told(err)
}

// regionForm keeps what a header says from becoming a part of a host's name.
var regionForm = regexp.MustCompile(`^[a-z]{2}(-[a-z]+)+-[0-9]{1,2}$`)

// bucketRegion is the Region that S3 redirects to, "" for no redirect.
func bucketRegion(err error) string {
	var r *smithyhttp.ResponseError
	if !errors.As(err, &r) || r.Response == nil || r.Response.Response == nil {
		return ""
	}
	switch r.HTTPStatusCode() {
	case http.StatusMovedPermanently, http.StatusTemporaryRedirect, http.StatusBadRequest:
		if region := r.Response.Header.Get("X-Amz-Bucket-Region"); regionForm.MatchString(region) {
			return region
		}
	}
	return ""
}

// told translates what a source must know of an error, and takes the SDK's
// frames off the rest.
func told(err error) error {
	var e *resource.Error
	if !errors.As(err, &e) {
		return err
	}
	switch code := httpStatus(err); {
	case code == http.StatusNotModified:
		return source.ErrObjectUnchanged
	case code == http.StatusPreconditionFailed:
		return source.ErrObjectChanged
	case e.Code == "NoSuchBucket":
		return errors.New("there is no such bucket: correct its name, or make it")
	case e.Class == resource.ClassNotFound:
		return source.ErrNoObject
	case e.Class == resource.ClassDenied:
		return fmt.Errorf("the caller may not: %w; allow it s3:GetObject on the objects and s3:ListBucket on the bucket", e)
	}
	return e
}

func httpStatus(err error) int {
	var r *smithyhttp.ResponseError
	if errors.As(err, &r) && r.Response != nil && r.Response.Response != nil {
		return r.HTTPStatusCode()
	}
	return 0
}

// List gives one page of the objects under a prefix.
func (b *Bucket) List(ctx context.Context, prefix, token string) ([]source.Object, string, error) {
	in := &s3.ListObjectsV2Input{Bucket: &b.name, Prefix: aws.String(prefix)}
	if token != "" {
		in.ContinuationToken = &token
	}
	var page *s3.ListObjectsV2Output
	err := b.do(ctx, func(c *s3.Client, opt func(*s3.Options)) (err error) {
		page, err = c.ListObjectsV2(ctx, in, opt)
		return err
	})
	if err != nil {
		return nil, "", err
	}
	var out []source.Object
	for _, o := range page.Contents {
		if o.Key == nil || o.ETag == nil || o.Size == nil {
			return nil, "", errors.New("S3's answer has an object without key, entity tag or size")
		}
		out = append(out, source.Object{Key: *o.Key, ETag: *o.ETag, Size: *o.Size})
	}
	switch {
	case !aws.ToBool(page.IsTruncated):
		// An answer that is none of S3's, from a proxy perhaps, must not look like an empty bucket.
		if page.IsTruncated == nil || page.Name == nil {
			return nil, "", errors.New("the answer is not a listing of S3's: is something between the operator and S3?")
		}
		return out, "", nil
	case aws.ToString(page.NextContinuationToken) == "":
		return nil, "", errors.New("S3 says that there is more, and not where: the listing is not whole")
	}
	return out, *page.NextContinuationToken, nil
}

// Head looks at an object without reading it.
func (b *Bucket) Head(ctx context.Context, key string) (source.Object, error) {
	var out *s3.HeadObjectOutput
	err := b.do(ctx, func(c *s3.Client, opt func(*s3.Options)) (err error) {
		out, err = c.HeadObject(ctx, &s3.HeadObjectInput{Bucket: &b.name, Key: &key}, opt)
		return err
	})
	if err != nil {
		return source.Object{}, err
	}
	return source.Object{Key: key, ETag: aws.ToString(out.ETag), Version: aws.ToString(out.VersionId), Size: aws.ToInt64(out.ContentLength)}, nil
}

// Get opens an object. The SDK compares the content with its checksum as it is read.
func (b *Bucket) Get(ctx context.Context, key string, cond source.Condition) (source.Object, io.ReadCloser, error) {
	in := &s3.GetObjectInput{Bucket: &b.name, Key: &key, ChecksumMode: s3types.ChecksumModeEnabled}
	if cond.Match != "" {
		in.IfMatch = &cond.Match
	}
	if cond.Unlike != "" {
		in.IfNoneMatch = &cond.Unlike
	}
	var out *s3.GetObjectOutput
	err := b.do(ctx, func(c *s3.Client, opt func(*s3.Options)) (err error) {
		out, err = c.GetObject(ctx, in, opt)
		return err
	})
	if err != nil {
		return source.Object{}, nil, err
	}
	o := source.Object{Key: key, ETag: aws.ToString(out.ETag), Version: aws.ToString(out.VersionId), Size: -1}
	if out.ContentLength != nil {
		o.Size = *out.ContentLength
	}
	if cond.Match != "" && o.ETag != cond.Match {
		_ = out.Body.Close() // the error is told
		return source.Object{}, nil, source.ErrObjectChanged
	}
	return o, out.Body, nil
}
