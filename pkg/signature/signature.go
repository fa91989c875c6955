package signature

import (
	"fmt"
	"strconv"
	"strings"
	"time"
)

// Mode says which objects of a revision must carry a signature.
type Mode string

// The modes, as Flux has them.
const (
	ModeHead       Mode = "head"         // the commit
	ModeTag        Mode = "tag"          // the annotated tag
	ModeTagAndHead Mode = "tag-and-head" // both
)

// ParseMode reads a mode in our spelling or in Flux' (HEAD, Tag, TagAndHEAD).
func ParseMode(s string) (Mode, error) {
	switch strings.ToLower(strings.ReplaceAll(s, "-", "")) {
	case "head":
		return ModeHead, nil
	case "tag":
		return ModeTag, nil
	case "tagandhead":
		return ModeTagAndHead, nil
	}
	return "", fmt.Errorf("%q is no mode of verification: want head, tag or tag-and-head", s)
}

// OfTag reports whether the mode needs a tag.
func (m Mode) OfTag() bool { return m != ModeHead }

// Signer is who signed.
type Signer struct {
	Kind        string // GPG or SSH
	Fingerprint string // of the key in the set: hexadecimal for GPG, SHA256:… for SSH
	Identity    string // the key's user id, its principals, or its comment; may be ""
}

// String is how people read it: Anna <anna@example.com> (GPG 0123…).
func (s Signer) String() string {
	key := s.Kind + " " + s.Fingerprint
	if s.Identity == "" {
		return key
	}
	return s.Identity + " (" + key + ")"
}

// Reason says in one word why a revision is not verified.
type Reason string

// The reasons.
const (
	NotSigned      Reason = "NotSigned"      // there is no signature
	NoTag          Reason = "NoTag"          // there is no annotated tag to carry one
	UnknownKey     Reason = "UnknownKey"     // the key is not in the set
	BadSignature   Reason = "BadSignature"   // the signature is not of these bytes, or not readable
	KeyExpired     Reason = "KeyExpired"     // the key, or the signature, is past its time
	KeyRevoked     Reason = "KeyRevoked"     //
	KeyNotAllowed  Reason = "KeyNotAllowed"  // the key is not for this: by its flags, namespaces or times
	WeakKey        Reason = "WeakKey"        // too short, or of a kind that is broken
	WeakHash       Reason = "WeakHash"       // SHA-1 and older
	WrongNamespace Reason = "WrongNamespace" // an SSH signature of something else than git
	WrongTag       Reason = "WrongTag"       // the tag's own name or object is another one
	WrongObject    Reason = "WrongObject"    // the bytes are not of the object that was asked for
	KeysUnreadable Reason = "KeysUnreadable" // the set of keys cannot be read
)

// Error is why a revision is not verified.
type Error struct {
	Reason Reason
	Object string // "the commit" or "tag v1.2"
	Detail string // what is wrong, and the way out
}

func (e *Error) Error() string {
	return fmt.Sprintf("%s is not verified (%s): %s", e.Object, e.Reason, e.Detail)
}

func failf(r Reason, format string, args ...any) *Error {
	return &Error{Reason: r, Detail: fmt.Sprintf(format, args...)}
}

// Revision is what a git source found under a ref, as git cat-file gives it.
type Revision struct {
	CommitID string
	Commit   []byte

	// TagName is the tag's name without refs/tags/, "" when the ref is no tag.
	// TagID and Tag are of the tag object; "" and nil for a lightweight tag.
	TagName, TagID string
	Tag            []byte
}

// Verify verifies a revision and says who signed it; where two signatures are
// asked for, the tag's signer comes first.
func (k *Keys) Verify(mode Mode, r Revision) ([]Signer, error) {
	var out []Signer
	if mode.OfTag() {
		s, err := k.tag(r)
		if err != nil {
			return nil, err
		}
		out = append(out, s)
	}
	if mode != ModeTag {
		s, err := k.commit(r)
		if err != nil {
			return nil, err
		}
		out = append(out, s)
	}
	return out, nil
}

func (k *Keys) commit(r Revision) (Signer, error) {
	what := "the commit"
	o, fail := parseCommit(r.CommitID, r.Commit)
	if fail == nil && len(o.signature) == 0 {
		fail = failf(NotSigned, "it is not signed; sign it (git commit -S, or git config commit.gpgsign true) and push again")
	}
	return k.signed(what, o, fail)
}

func (k *Keys) tag(r Revision) (Signer, error) {
	what := "tag " + strings.Trim(strconv.Quote(r.TagName), `"`) // git lets no control character into a ref; whoever calls might
	switch {
	case r.TagName == "":
		return Signer{}, &Error{NoTag, "the commit", "what is followed is no tag, and the tag's signature is asked for; follow a tag, or verify the commit with the mode head"}
	case r.Tag == nil:
		return Signer{}, &Error{NoTag, what, "it is a lightweight tag, which carries no signature; make it with git tag -s, under a new name"}
	}
	o, fail := parseTag(r.TagID, r.Tag)
	switch {
	case fail != nil:
	case o.name != r.TagName:
		fail = failf(WrongTag, "the tag object was signed under the name %s; make a tag of that name anew with git tag -s", quoted(o.name))
	case o.kind != "commit":
		fail = failf(WrongTag, "it was made of a %s, not of a commit; tag the commit itself", quoted(o.kind))
	case o.target != r.CommitID:
		fail = failf(WrongTag, "it is a tag of commit %s, not of %s, which was found under it", quoted(short(o.target)), short(r.CommitID))
	case len(o.signature) == 0:
		fail = failf(NotSigned, "it is not signed; make it with git tag -s, under a new name")
	}
	return k.signed(what, o, fail)
}

// signed verifies the signature of an object that was read.
func (k *Keys) signed(what string, o object, fail *Error) (Signer, error) {
	var s Signer
	if fail == nil {
		now := k.now()
		if isSSH(o.signature) {
			s, fail = k.ssh(o, now)
		} else {
			s, fail = k.gpg(o, now)
		}
	}
	if fail != nil {
		fail.Object = what
		return Signer{}, fail
	}
	return s, nil
}

// skew is how far a signer's clock may be ahead of ours.
const skew = 5 * time.Minute

func short(id string) string {
	if len(id) > 12 {
		return id[:12]
	}
	return id
}

// quoted prints what a repository says: bounded, and with nothing in it that a
// terminal or a log would act on.
func quoted(s string) string {
	if len(s) > 80 {
		s = s[:80] + "…"
	}
	return fmt.Sprintf("%q", s)
}
