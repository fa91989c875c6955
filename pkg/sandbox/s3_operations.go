package sandbox

import (
	"encoding/base64"
	"encoding/xml"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"
)

// s3In is what an S3 operation is asked, in HTTP's own words: S3's API is REST,
// and what the SDK calls members are headers, parameters and paths.
type s3In struct {
	Bucket, Key string
	query       map[string][]string
	header      http.Header
	body        []byte
}

// param is a parameter of the query, "" for none.
func (in *s3In) param(name string) string {
	if v := in.query[name]; len(v) > 0 {
		return v[0]
	}
	return ""
}

// s3Out is an answer: a status (200 when zero), headers, and an XML document or bytes.
type s3Out struct {
	status int
	header http.Header
	doc    any
	body   []byte
}

func (o *s3Out) set(name, value string) {
	if o.header == nil {
		o.header = http.Header{}
	}
	if value != "" {
		o.header.Set(name, value)
	}
}

func s3Operations() []operation {
	return []operation{
		op("s3", "ListBuckets", false, s3ListBuckets),
		op("s3", "CreateBucket", true, s3CreateBucket),
		op("s3", "HeadBucket", false, s3HeadBucket),
		op("s3", "DeleteBucket", true, s3DeleteBucket),
		op("s3", "GetBucketLocation", false, s3GetBucketLocation),
		op("s3", "PutBucketVersioning", true, s3PutBucketVersioning),
		op("s3", "GetBucketVersioning", false, s3GetBucketVersioning),
		op("s3", "ListObjectsV2", false, s3ListObjects),
		op("s3", "PutObject", true, s3PutObject),
		op("s3", "GetObject", false, s3GetObject),
		op("s3", "HeadObject", false, s3GetObject),
		op("s3", "DeleteObject", true, s3DeleteObject),
	}
}

// s3Refuse makes an error of S3's with its HTTP status ("Error responses", API reference).
func s3Refuse(status int, code, message string) error {
	return &apiError{Code: code, Message: message, Status: status}
}

// s3NotImplemented is S3's answer to a request for what it does not do.
func s3NotImplemented() error {
	return s3Refuse(http.StatusNotImplemented, "NotImplemented", "A header you provided implies functionality that is not implemented")
}

func s3BucketOf(c *call, in *s3In) (*s3Bucket, error) {
	if b := c.w.S3.Buckets[in.Bucket]; b != nil {
		return b, nil
	}
	return nil, s3Refuse(http.StatusNotFound, "NoSuchBucket", "The specified bucket does not exist")
}

// s3Time is how XML dates are written; headers have HTTP's form.
func s3Time(t time.Time) string { return t.UTC().Format("2006-01-02T15:04:05.000Z") }

func s3ListBuckets(c *call, _ *s3In) (*s3Out, error) {
	type bucket struct{ Name, CreationDate string }
	var doc struct {
		XMLName xml.Name `xml:"http://s3.amazonaws.com/doc/2006-03-01/ ListAllMyBucketsResult"`
		Owner   struct{ ID string }
		Buckets struct {
			Bucket []bucket
		}
	}
	doc.Owner.ID = s3Owner
	for _, name := range slices.Sorted(maps.Keys(c.w.S3.Buckets)) {
		doc.Buckets.Bucket = append(doc.Buckets.Bucket, bucket{name, s3Time(c.w.S3.Buckets[name].Created)})
	}
	return &s3Out{doc: doc}, nil
}

// s3Owner is the canonical id of the account.
var s3Owner = digest("canonical user " + Account)

// s3CreateBucket: in us-east-1 a bucket that one owns already is answered with
// success (CreateBucket, "BucketAlreadyOwnedByYou").
func s3CreateBucket(c *call, in *s3In) (*s3Out, error) {
	if n := len(in.Bucket); n < 3 || n > 63 || strings.Trim(in.Bucket, "abcdefghijklmnopqrstuvwxyz0123456789.-") != "" {
		return nil, s3Refuse(http.StatusBadRequest, "InvalidBucketName", "The specified bucket is not valid.")
	}
	if c.w.S3.Buckets[in.Bucket] == nil {
		if c.w.S3.Buckets == nil {
			c.w.S3.Buckets = map[string]*s3Bucket{}
		}
		c.w.S3.Buckets[in.Bucket] = &s3Bucket{Created: c.Now}
	}
	out := &s3Out{}
	out.set("Location", "/"+in.Bucket)
	return out, nil
}

func s3HeadBucket(c *call, in *s3In) (*s3Out, error) {
	_, err := s3BucketOf(c, in)
	out := &s3Out{}
	out.set("X-Amz-Bucket-Region", Region)
	return out, err
}

func s3DeleteBucket(c *call, in *s3In) (*s3Out, error) {
	b, err := s3BucketOf(c, in)
	if err != nil {
		return nil, err
	}
	for _, vs := range b.Objects {
		if len(vs) > 0 {
			return nil, s3Refuse(http.StatusConflict, "BucketNotEmpty", "The bucket you tried to delete is not empty")
		}
	}
	delete(c.w.S3.Buckets, in.Bucket)
	return &s3Out{status: http.StatusNoContent}, nil
}

// s3GetBucketLocation: us-east-1 is written as nothing.
func s3GetBucketLocation(c *call, in *s3In) (*s3Out, error) {
	_, err := s3BucketOf(c, in)
	return &s3Out{doc: struct {
		XMLName xml.Name `xml:"http://s3.amazonaws.com/doc/2006-03-01/ LocationConstraint"`
	}{}}, err
}

type s3Versioning struct {
	XMLName xml.Name `xml:"http://s3.amazonaws.com/doc/2006-03-01/ VersioningConfiguration"`
	Status  string   `xml:",omitempty"`
}

func s3PutBucketVersioning(c *call, in *s3In) (*s3Out, error) {
	b, err := s3BucketOf(c, in)
	if err != nil {
		return nil, err
	}
	var doc struct{ Status string }
	if err := xml.Unmarshal(in.body, &doc); err != nil || doc.Status != "Enabled" && doc.Status != "Suspended" {
		return nil, s3Refuse(http.StatusBadRequest, "MalformedXML", "The XML you provided was not well-formed or did not validate against our published schema")
	}
	b.Versioning = doc.Status
	return &s3Out{}, nil
}

func s3GetBucketVersioning(c *call, in *s3In) (*s3Out, error) {
	b, err := s3BucketOf(c, in)
	if err != nil {
		return nil, err
	}
	return &s3Out{doc: s3Versioning{Status: b.Versioning}}, nil
}

// s3Precondition judges If-Match and If-None-Match of a write: 412, or 404 where
// If-Match names a key that is not there ("Conditional writes").
func s3Precondition(b *s3Bucket, in *s3In) error {
	v, there := b.current(in.Key)
	match, none := in.header.Get("If-Match"), in.header.Get("If-None-Match")
	switch {
	case match != "" && !there:
		return s3Refuse(http.StatusNotFound, "NoSuchKey", "The specified key does not exist.")
	case match != "" && match != "*" && !sameTag(match, v.ETag), none == "*" && there:
		return s3Refuse(http.StatusPreconditionFailed, "PreconditionFailed", "At least one of the pre-conditions you specified did not hold")
	case none != "" && none != "*":
		return s3NotImplemented()
	}
	return nil
}

func sameTag(asked, have string) bool { return strings.Trim(asked, `"`) == strings.Trim(have, `"`) }

func s3PutObject(c *call, in *s3In) (*s3Out, error) {
	b, err := s3BucketOf(c, in)
	if err != nil {
		return nil, err
	}
	if len(in.Key) > 1024 {
		return nil, s3Refuse(http.StatusBadRequest, "KeyTooLongError", "Your key is too long")
	}
	if in.header.Get("X-Amz-Copy-Source") != "" {
		return nil, s3NotImplemented()
	}
	if err := s3Precondition(b, in); err != nil {
		return nil, err
	}
	v := s3Version{Data: slices.Clone(in.body), ETag: etagOf(in.body), Modified: c.Now, Type: in.header.Get("Content-Type"), Meta: map[string]string{}, Checksums: map[string]string{}}
	for name, values := range in.header {
		if meta, ok := strings.CutPrefix(strings.ToLower(name), "x-amz-meta-"); ok {
			v.Meta[meta] = values[0]
		}
	}
	out := &s3Out{}
	if err := s3Sums(in, &v, out); err != nil {
		return nil, err
	}
	v = b.put(c.w, in.Key, v)
	out.set("ETag", v.ETag)
	if b.Versioning == "Enabled" {
		out.set("X-Amz-Version-Id", v.ID)
	}
	out.set("X-Amz-Server-Side-Encryption", "AES256")
	return out, nil
}

// s3Sums compares the checksums that came with the content. Without one S3 makes
// CRC64NVME by itself ("Checking object integrity").
func s3Sums(in *s3In, v *s3Version, out *s3Out) error {
	if md := in.header.Get("Content-Md5"); md != "" {
		raw, _ := base64.StdEncoding.DecodeString(md)
		if `"`+fmt.Sprintf("%x", raw)+`"` != v.ETag {
			return s3Refuse(http.StatusBadRequest, "BadDigest", "The Content-MD5 you specified did not match what we received.")
		}
	}
	for algorithm := range s3Checksums {
		given := in.header.Get("X-Amz-Checksum-" + algorithm)
		if given == "" {
			continue
		}
		if given != checksumOf(algorithm, in.body) {
			return s3Refuse(http.StatusBadRequest, "BadDigest", "The "+strings.ToUpper(algorithm)+" you specified did not match the calculated checksum.")
		}
		v.Checksums[algorithm] = given
	}
	if len(v.Checksums) == 0 {
		v.Checksums["crc64nvme"] = checksumOf("crc64nvme", in.body)
	}
	for algorithm, sum := range v.Checksums {
		out.set("X-Amz-Checksum-"+algorithm, sum)
	}
	out.set("X-Amz-Checksum-Type", "FULL_OBJECT")
	return nil
}

// s3GetObject is HeadObject too: the front end leaves the content out there.
func s3GetObject(c *call, in *s3In) (*s3Out, error) {
	b, err := s3BucketOf(c, in)
	if err != nil {
		return nil, err
	}
	v, there := b.current(in.Key)
	if id := in.param("versionId"); id != "" {
		at := slices.IndexFunc(b.Objects[in.Key], func(v s3Version) bool { return v.ID == id })
		if at < 0 {
			return nil, s3Refuse(http.StatusNotFound, "NoSuchVersion", "The specified version does not exist.")
		}
		if v = b.Objects[in.Key][at]; v.Marker {
			return nil, s3Refuse(http.StatusMethodNotAllowed, "MethodNotAllowed", "The specified method is not allowed against this resource.")
		}
		there = true
	}
	if !there {
		return nil, s3Refuse(http.StatusNotFound, "NoSuchKey", "The specified key does not exist.")
	}
	if match := in.header.Get("If-Match"); match != "" && match != "*" && !sameTag(match, v.ETag) {
		return nil, s3Refuse(http.StatusPreconditionFailed, "PreconditionFailed", "At least one of the pre-conditions you specified did not hold")
	}
	out := &s3Out{body: v.Data}
	out.set("ETag", v.ETag)
	out.set("Last-Modified", v.Modified.UTC().Format(http.TimeFormat))
	if none := in.header.Get("If-None-Match"); none != "" && (none == "*" || sameTag(none, v.ETag)) {
		return &s3Out{status: http.StatusNotModified, header: out.header}, nil
	}
	out.set("Accept-Ranges", "bytes")
	out.set("Content-Type", orDefault(v.Type, "binary/octet-stream"))
	out.set("Content-Length", strconv.Itoa(len(v.Data)))
	out.set("X-Amz-Server-Side-Encryption", "AES256")
	if b.Versioning != "" {
		out.set("X-Amz-Version-Id", v.ID)
	}
	for name, value := range v.Meta {
		out.set("X-Amz-Meta-"+name, value)
	}
	if strings.EqualFold(in.header.Get("X-Amz-Checksum-Mode"), "enabled") && in.header.Get("Range") == "" {
		for algorithm, sum := range v.Checksums {
			out.set("X-Amz-Checksum-"+algorithm, sum)
		}
		out.set("X-Amz-Checksum-Type", "FULL_OBJECT")
	}
	return s3Range(in, out)
}

func orDefault(s, other string) string {
	if s == "" {
		return other
	}
	return s
}

// s3Range cuts out "bytes=a-b", the one form that S3 takes.
func s3Range(in *s3In, out *s3Out) (*s3Out, error) {
	asked, ok := strings.CutPrefix(in.header.Get("Range"), "bytes=")
	if !ok {
		return out, nil
	}
	first, last, _ := strings.Cut(asked, "-")
	size := len(out.body)
	from, err := strconv.Atoi(first)
	to, toErr := strconv.Atoi(last)
	switch {
	case first == "" && toErr == nil: // the last n bytes
		from, to, err = max(0, size-to), size-1, nil
	case last == "":
		to = size - 1
	case toErr != nil:
		return out, nil
	}
	if err != nil {
		return out, nil
	}
	if from >= size {
		return nil, s3Refuse(http.StatusRequestedRangeNotSatisfiable, "InvalidRange", "The requested range is not satisfiable")
	}
	to = min(to, size-1)
	out.status = http.StatusPartialContent
	out.set("Content-Range", fmt.Sprintf("bytes %d-%d/%d", from, to, size))
	out.body = out.body[from : to+1]
	out.set("Content-Length", strconv.Itoa(len(out.body)))
	return out, nil
}

// s3DeleteObject: what is not there is deleted with success; with versions a
// marker hides the key ("Working with delete markers").
func s3DeleteObject(c *call, in *s3In) (*s3Out, error) {
	b, err := s3BucketOf(c, in)
	if err != nil {
		return nil, err
	}
	if err := s3Precondition(b, in); err != nil {
		return nil, err
	}
	out := &s3Out{status: http.StatusNoContent}
	switch id := in.param("versionId"); {
	case id != "":
		b.Objects[in.Key] = withoutVersion(b.Objects[in.Key], id)
		out.set("X-Amz-Version-Id", id)
	case b.Versioning == "":
		delete(b.Objects, in.Key)
	default:
		marker := b.put(c.w, in.Key, s3Version{Marker: true, Modified: c.Now})
		out.set("X-Amz-Delete-Marker", "true")
		out.set("X-Amz-Version-Id", marker.ID)
	}
	if len(b.Objects[in.Key]) == 0 {
		delete(b.Objects, in.Key)
	}
	return out, nil
}
