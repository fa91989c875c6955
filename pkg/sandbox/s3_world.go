package sandbox

import (
	"crypto/md5"
	"crypto/sha1"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"hash"
	"hash/crc32"
	"hash/crc64"
	"strings"
	"time"
)

// s3World is what S3 remembers.
type s3World struct {
	Buckets map[string]*s3Bucket
}

type s3Bucket struct {
	Created    time.Time
	Versioning string // "", "Enabled" or "Suspended"
	// Objects are the versions of each key, the current one last.
	Objects map[string][]s3Version
}

// s3Version is one version of an object, or a delete marker.
type s3Version struct {
	ID        string // "null" where it was written without versioning
	ETag      string // in its quotes
	Data      []byte
	Modified  time.Time
	Marker    bool // "this key is deleted"
	Type      string
	Checksums map[string]string // by algorithm in lower case, base64
	Meta      map[string]string // x-amz-meta-… in lower case, without the prefix
}

// current is the version that a read without an id gets; false for none, or for
// a key that a marker hides (the marker is given back).
func (b *s3Bucket) current(key string) (s3Version, bool) {
	vs := b.Objects[key]
	if len(vs) == 0 {
		return s3Version{}, false
	}
	v := vs[len(vs)-1]
	return v, !v.Marker
}

// put makes v the current version. Without versioning, and while it is
// suspended, what has the id null is replaced ("How S3 Versioning works").
func (b *s3Bucket) put(w *World, key string, v s3Version) s3Version {
	v.ID = "null"
	kept := b.Objects[key]
	if b.Versioning == "Enabled" {
		// 32 URL-ready characters, as AWS' ids look.
		v.ID = base64.RawURLEncoding.EncodeToString([]byte(w.hexID(24)))
	} else {
		kept = withoutVersion(kept, "null")
	}
	if b.Objects == nil {
		b.Objects = map[string][]s3Version{}
	}
	b.Objects[key] = append(kept, v)
	return v
}

func withoutVersion(vs []s3Version, id string) []s3Version {
	var out []s3Version
	for _, v := range vs {
		if v.ID != id {
			out = append(out, v)
		}
	}
	return out
}

func etagOf(data []byte) string {
	sum := md5.Sum(data)
	return `"` + hex.EncodeToString(sum[:]) + `"`
}

// s3Checksums are the algorithms of x-amz-checksum-… that S3 knows.
// CRC64NVME: the polynomial of the NVM Express specification, reversed.
var s3Checksums = map[string]func() hash.Hash{
	"crc32":     func() hash.Hash { return crc32.NewIEEE() },
	"crc32c":    func() hash.Hash { return crc32.New(crc32.MakeTable(crc32.Castagnoli)) },
	"crc64nvme": func() hash.Hash { return crc64.New(crc64.MakeTable(0x9a6c9329ac4bc9b5)) },
	"sha1":      sha1.New,
	"sha256":    sha256.New,
}

// checksumOf is the value of a checksum header, "" for an algorithm that is not known.
func checksumOf(algorithm string, data []byte) string {
	make, ok := s3Checksums[strings.ToLower(algorithm)]
	if !ok {
		return ""
	}
	h := make()
	h.Write(data)
	switch sum := h.(type) {
	case hash.Hash32:
		return base64.StdEncoding.EncodeToString(binary.BigEndian.AppendUint32(nil, sum.Sum32()))
	case hash.Hash64:
		return base64.StdEncoding.EncodeToString(binary.BigEndian.AppendUint64(nil, sum.Sum64()))
	}
	return base64.StdEncoding.EncodeToString(h.Sum(nil))
}
