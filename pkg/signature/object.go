package signature

import (
	"bytes"
	"crypto/sha1"
	"crypto/sha256"
	"encoding/hex"
	"strconv"
	"strings"
	"time"
)

// maxObject bounds a commit or tag object: a message is a text that people read.
const maxObject = 1 << 20

// object is a commit or tag object, taken apart.
type object struct {
	payload   []byte // what was signed
	signature []byte // the armored signature; empty when there is none
	at        time.Time

	kind, target, name string // of a tag: the object's type and id, and its own name
}

// identified checks that the bytes are those of the object with this id.
func identified(kind, id string, raw []byte) *Error {
	if len(raw) > maxObject {
		return failf(BadSignature, "the %s object has %d bytes and the limit is %d; write a shorter message", kind, len(raw), maxObject)
	}
	framed := append([]byte(kind+" "+strconv.Itoa(len(raw))+"\x00"), raw...)
	var sum string
	if len(id) == 2*sha256.Size {
		h := sha256.Sum256(framed)
		sum = hex.EncodeToString(h[:])
	} else {
		h := sha1.Sum(framed) // the name that git gave it; nothing is trusted for it
		sum = hex.EncodeToString(h[:])
	}
	if sum != id {
		return failf(WrongObject, "the server's bytes are those of %s; the repository is damaged or its server lies: clone it anew and look with git fsck", short(sum))
	}
	return nil
}

// parseCommit takes the signature out of a commit's header. The payload is the
// object without its gpgsig and gpgsig-sha256 headers, which is what git signs
// (commit.c, parse_buffer_signed_by_header); which of the two counts is decided by
// the hash that names the object.
func parseCommit(id string, raw []byte) (object, *Error) {
	if fail := identified("commit", id, raw); fail != nil {
		return object{}, fail
	}
	o, sigs, fail := header(raw)
	if fail != nil {
		return object{}, fail
	}
	mine := "gpgsig"
	if len(id) == 2*sha256.Size {
		mine = "gpgsig-sha256"
	}
	if len(sigs[mine]) > 1 {
		return object{}, failf(BadSignature, "it carries %d signatures, and one is wanted; sign it anew with git commit --amend -S", len(sigs[mine]))
	}
	if len(sigs[mine]) == 1 {
		o.signature = sigs[mine][0]
	}
	return o, nil
}

// parseTag takes the signature from the end of a tag, as git does: it begins at
// the last line that begins one (gpg-interface.c, parse_signature).
func parseTag(id string, raw []byte) (object, *Error) {
	if fail := identified("tag", id, raw); fail != nil {
		return object{}, fail
	}
	cut := len(raw)
	for at := 0; at < len(raw); {
		line := raw[at:]
		if begins(line) {
			cut = at
		}
		end := bytes.IndexByte(line, '\n')
		if end < 0 {
			break
		}
		at += end + 1
	}
	o, _, fail := header(raw[:cut])
	if fail != nil {
		return object{}, fail
	}
	o.signature = raw[cut:]
	return o, nil
}

var marks = []string{"-----BEGIN PGP SIGNATURE-----", "-----BEGIN PGP MESSAGE-----", "-----BEGIN SSH SIGNATURE-----", "-----BEGIN SIGNED MESSAGE-----"}

func begins(line []byte) bool {
	for _, m := range marks {
		if bytes.HasPrefix(line, []byte(m)) {
			return true
		}
	}
	return false
}

func isSSH(signature []byte) bool { return bytes.HasPrefix(signature, []byte(marks[2])) }

// header reads the lines in front of the first empty one. Every header that
// begins with gpgsig goes to sigs and is left out of the payload.
func header(raw []byte) (o object, sigs map[string][][]byte, fail *Error) {
	sigs = map[string][][]byte{}
	payload := make([]byte, 0, len(raw))
	var open string // the gpgsig header whose lines go on
	for at := 0; at < len(raw); {
		end := bytes.IndexByte(raw[at:], '\n')
		if end < 0 {
			end = len(raw) - at - 1
		}
		line := raw[at : at+end+1]
		at += end + 1
		if len(line) == 1 { // what follows is the message
			payload = append(payload, line...)
			payload = append(payload, raw[at:]...)
			break
		}
		if bytes.IndexByte(line, 0) >= 0 {
			return o, nil, failf(BadSignature, "its header holds a zero byte; git makes no such object")
		}
		if line[0] == ' ' {
			if open != "" {
				last := len(sigs[open]) - 1
				sigs[open][last] = append(sigs[open][last], line[1:]...)
				continue
			}
			payload = append(payload, line...)
			continue
		}
		open = ""
		key, value, _ := strings.Cut(strings.TrimSuffix(string(line), "\n"), " ")
		if strings.HasPrefix(key, "gpgsig") {
			open = key
			sigs[open] = append(sigs[open], []byte(value+"\n"))
			continue
		}
		payload = append(payload, line...)
		if fail := o.field(key, value); fail != nil {
			return o, nil, fail
		}
	}
	o.payload = payload
	return o, sigs, nil
}

// field takes what is needed of a header's line.
func (o *object) field(key, value string) *Error {
	var to *string
	switch key {
	case "object":
		to = &o.target
	case "type":
		to = &o.kind
	case "tag":
		to = &o.name
	case "committer", "tagger":
		if words := strings.Fields(value); len(words) >= 2 {
			if sec, err := strconv.ParseInt(words[len(words)-2], 10, 64); err == nil {
				o.at = time.Unix(sec, 0)
			}
		}
		return nil
	default:
		return nil
	}
	if *to != "" {
		return failf(BadSignature, "its header says %q twice; git makes no such object", key)
	}
	*to = value
	return nil
}
