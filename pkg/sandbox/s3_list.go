package sandbox

import (
	"encoding/base64"
	"encoding/xml"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
)

// s3ListPage is a page of ListObjectsV2.
type s3ListPage struct {
	XMLName               xml.Name `xml:"http://s3.amazonaws.com/doc/2006-03-01/ ListBucketResult"`
	Name                  string
	Prefix                string
	StartAfter            string `xml:",omitempty"`
	ContinuationToken     string `xml:",omitempty"`
	NextContinuationToken string `xml:",omitempty"`
	KeyCount              int
	MaxKeys               int
	Delimiter             string `xml:",omitempty"`
	EncodingType          string `xml:",omitempty"`
	IsTruncated           bool
	Contents              []s3Listed
	CommonPrefixes        []s3CommonPrefix
}

type s3Listed struct {
	Key, LastModified, ETag string
	ChecksumAlgorithm       []string
	ChecksumType            string `xml:",omitempty"`
	Size                    int
	StorageClass            string
}

type s3CommonPrefix struct{ Prefix string }

// s3ListObjects lists current objects in the order of their keys' bytes, at most
// 1,000 a page, those behind a delimiter as one common prefix (ListObjectsV2).
func s3ListObjects(c *call, in *s3In) (*s3Out, error) {
	b, err := s3BucketOf(c, in)
	if err != nil {
		return nil, err
	}
	page := s3ListPage{Name: in.Bucket, Prefix: in.param("prefix"), StartAfter: in.param("start-after"), ContinuationToken: in.param("continuation-token"),
		Delimiter: in.param("delimiter"), EncodingType: in.param("encoding-type"), MaxKeys: 1000}
	if s := in.param("max-keys"); s != "" {
		n, err := strconv.Atoi(s)
		if err != nil || n < 0 {
			return nil, s3Refuse(http.StatusBadRequest, "InvalidArgument", "Provided max-keys not an integer or within integer range")
		}
		page.MaxKeys = min(n, 1000)
	}
	after := page.StartAfter
	if page.ContinuationToken != "" {
		raw, err := base64.StdEncoding.DecodeString(page.ContinuationToken)
		if err != nil {
			return nil, s3Refuse(http.StatusBadRequest, "InvalidArgument", "The continuation token provided is incorrect")
		}
		after = string(raw)
	}
	page.fill(b, after)
	page.encode()
	return &s3Out{doc: page}, nil
}

// fill puts what comes after a key on the page.
func (p *s3ListPage) fill(b *s3Bucket, after string) {
	common := ""
	for _, key := range slices.Sorted(maps.Keys(b.Objects)) {
		v, there := b.current(key)
		if !there || !strings.HasPrefix(key, p.Prefix) || key <= after || after != "" && p.Delimiter != "" && strings.HasSuffix(after, p.Delimiter) && strings.HasPrefix(key, after) {
			continue
		}
		group := ""
		if i := strings.Index(key[len(p.Prefix):], p.Delimiter); p.Delimiter != "" && i >= 0 {
			group = key[:len(p.Prefix)+i+len(p.Delimiter)]
		}
		if group != "" && group == common {
			continue
		}
		if p.KeyCount == p.MaxKeys {
			p.IsTruncated = p.MaxKeys > 0
			return
		}
		p.KeyCount++
		last := key
		if common = group; group != "" {
			last = group
			p.CommonPrefixes = append(p.CommonPrefixes, s3CommonPrefix{group})
		} else {
			p.Contents = append(p.Contents, s3Listed{Key: key, LastModified: s3Time(v.Modified), ETag: v.ETag, Size: len(v.Data), StorageClass: "STANDARD",
				ChecksumAlgorithm: algorithms(v), ChecksumType: "FULL_OBJECT"})
		}
		p.NextContinuationToken = base64.StdEncoding.EncodeToString([]byte(last))
	}
	p.NextContinuationToken = ""
}

func algorithms(v s3Version) []string {
	var out []string
	for _, name := range slices.Sorted(maps.Keys(v.Checksums)) {
		out = append(out, strings.ToUpper(name))
	}
	return out
}

// encode writes keys as URLs do, when that was asked for.
func (p *s3ListPage) encode() {
	if p.EncodingType != "url" {
		return
	}
	escape := func(s string) string {
		return strings.ReplaceAll(strings.ReplaceAll(url.QueryEscape(s), "%2F", "/"), "%2A", "*")
	}
	p.Prefix, p.StartAfter, p.Delimiter = escape(p.Prefix), escape(p.StartAfter), escape(p.Delimiter)
	for i := range p.Contents {
		p.Contents[i].Key = escape(p.Contents[i].Key)
	}
	for i := range p.CommonPrefixes {
		p.CommonPrefixes[i].Prefix = escape(p.CommonPrefixes[i].Prefix)
	}
}
