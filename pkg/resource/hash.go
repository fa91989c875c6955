package resource

import (
	"crypto/sha256"
	"encoding/hex"
	"strconv"
	"strings"
)

// Recanonical is a kind whose form of the rollout content has changed since the
// first: an upgrade of the operator must redeploy nothing and forgive nothing,
// so that the forms of former versions stay in the code beside the newest. A kind
// that is none has the one form of version 1.
type Recanonical interface {
	Kind
	// Version is that of what Content gives, 2 or more.
	Version() int
	// ContentAs is Content as a former version gave it. Pure.
	ContentAs(version int, o *Object) []byte
}

// contentHashes are the hashes of a unit's rollout content under every version
// that its kinds know, the newest first.
func contentHashes(u *Unit, byKind map[string]Kind) []string {
	newest := 1
	for _, o := range u.Objects() {
		if k, ok := byKind[o.ID.Kind].(Recanonical); ok {
			newest = max(newest, k.Version())
		}
	}
	var out []string
	for version := newest; version >= 1; version-- {
		out = append(out, contentHash(u, byKind, version))
	}
	return out
}

func contentHash(u *Unit, byKind map[string]Kind, version int) string {
	h := sha256.New()
	for _, o := range u.Objects() {
		if c := contentAs(byKind[o.ID.Kind], version, o); c != nil {
			h.Write([]byte(o.ID.Local()))
			h.Write([]byte{0})
			h.Write(c)
			h.Write([]byte{0})
		}
	}
	return strconv.Itoa(version) + "-" + hex.EncodeToString(h.Sum(nil)[:12])
}

func contentAs(k Kind, version int, o *Object) []byte {
	if r, ok := k.(Recanonical); ok && version < r.Version() {
		return r.ContentAs(version, o)
	}
	return k.Content(o)
}

// Carries reports whether a hash that stands in a tag is that of the unit's
// content, under the version that the hash was written with. One of a version
// that the program does not know (it was downgraded) is another content's.
func (u *Unit) Carries(hash string) bool {
	if hash == "" {
		return false
	}
	if hash == u.ContentHash {
		return true
	}
	version, _, _ := strings.Cut(hash, "-")
	for _, h := range u.Former {
		if strings.HasPrefix(h, version+"-") {
			return h == hash
		}
	}
	return false
}
