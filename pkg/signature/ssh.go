package signature

import (
	"bytes"
	"crypto/rsa"
	"encoding/pem"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/hiddeco/sshsig"
	"golang.org/x/crypto/ssh"
)

// namespace is what git signs under: a signature of a file or of a login is none
// of a commit.
const namespace = "git"

// allowed is one line of an allowed_signers file, or one public key.
type allowed struct {
	key        ssh.PublicKey
	identity   string
	namespaces string // pattern-list; "" for every one
	after      time.Time
	before     time.Time
	place      string // file:line
}

// ssh verifies an SSH signature.
func (k *Keys) ssh(o object, now time.Time) (Signer, *Error) {
	block, rest := pem.Decode(o.signature)
	if block == nil || block.Type != sshsig.PEMType || len(block.Headers) > 0 || len(bytes.TrimSpace(rest)) > 0 {
		return Signer{}, failf(BadSignature, "its SSH signature cannot be read, or something stands behind it; sign it anew")
	}
	sig, err := sshsig.ParseSignature(block.Bytes)
	if err != nil {
		return Signer{}, failf(BadSignature, "its SSH signature cannot be read (%s); sign it anew", plain(err))
	}
	print := ssh.FingerprintSHA256(sig.PublicKey)
	if fail := strongSSH(sig.PublicKey); fail != nil {
		return Signer{}, fail
	}
	if sig.Namespace != namespace {
		return Signer{}, failf(WrongNamespace, "the SSH signature by %s is of the namespace %s and not of git's: it was made for something else; sign with git commit -S", print, quoted(sig.Namespace))
	}
	mine := sig.PublicKey.Marshal()
	lines := slices.DeleteFunc(slices.Clone(k.lines), func(a allowed) bool { return !bytes.Equal(a.key.Marshal(), mine) })
	if len(lines) == 0 {
		return Signer{}, failf(UnknownKey, "it is signed with the SSH key %s (%s), which is not among the signing keys; if that key may sign, add its public key", print, sig.PublicKey.Type())
	}
	if err := sshsig.Verify(bytes.NewReader(o.payload), sig, lines[0].key, sig.HashAlgorithm, namespace); err != nil {
		return Signer{}, failf(BadSignature, "the signature by the SSH key %s is not of this content: it was changed after it was signed", print)
	}
	var fail *Error
	for _, a := range lines {
		if fail = a.permits(o.at, now); fail == nil {
			return Signer{Kind: "SSH", Fingerprint: print, Identity: a.identity}, nil
		}
	}
	return Signer{}, fail
}

// permits says why a line does not let its key sign: it must at the object's own
// date, as for git, and now.
func (a allowed) permits(at, now time.Time) *Error {
	print := ssh.FingerprintSHA256(a.key)
	if a.namespaces != "" && !matches(a.namespaces, namespace) {
		return failf(KeyNotAllowed, "the SSH key %s may sign for the namespaces %s only (%s), not for git; add git there", print, quoted(a.namespaces), a.place)
	}
	for _, t := range []time.Time{at, now} {
		switch {
		case !a.before.IsZero() && t.After(a.before):
			return failf(KeyExpired, "the SSH key %s may sign until %s (%s); sign with another key, or move valid-before", print, stamp(a.before), a.place)
		case !a.after.IsZero() && t.Before(a.after):
			return failf(KeyNotAllowed, "the SSH key %s may sign from %s on (%s); wait, or move valid-after", print, stamp(a.after), a.place)
		}
	}
	return nil
}

// strongSSH refuses keys that can be broken, and certificates.
func strongSSH(key ssh.PublicKey) *Error {
	print := ssh.FingerprintSHA256(key)
	switch key.Type() {
	case ssh.KeyAlgoED25519, ssh.KeyAlgoECDSA256, ssh.KeyAlgoECDSA384, ssh.KeyAlgoECDSA521, ssh.KeyAlgoSKED25519, ssh.KeyAlgoSKECDSA256:
		return nil
	case ssh.KeyAlgoRSA:
		bits := 0
		if c, ok := key.(ssh.CryptoPublicKey); ok {
			if r, ok := c.CryptoPublicKey().(*rsa.PublicKey); ok {
				bits = r.N.BitLen()
			}
		}
		if bits < minRSA {
			return failf(WeakKey, "the SSH key %s is RSA with %d bits, and fewer than %d can be broken; make a new key (ssh-keygen -t ed25519)", print, bits, minRSA)
		}
		return nil
	}
	if _, ok := key.(*ssh.Certificate); ok {
		return failf(KeyNotAllowed, "it is signed with an SSH certificate, and certificates are not supported; sign with the key itself and list it among the signing keys")
	}
	return failf(WeakKey, "the SSH key %s is of the type %s, which is not taken; make a new key (ssh-keygen -t ed25519)", print, quoted(key.Type()))
}

// parseAllowed reads one line: principals options keytype base64 comment, or a
// public key alone (ssh-keygen(1), ALLOWED SIGNERS).
func parseAllowed(line string) (allowed, error) {
	var a allowed
	rest := line
	if !isKeyType(firstWord(rest)) {
		var principals string
		var err error
		if principals, rest, err = token(rest); err != nil {
			return a, err
		}
		a.identity = principals
		if !isKeyType(firstWord(rest)) {
			var options string
			if options, rest, err = token(rest); err != nil {
				return a, err
			}
			if err := a.options(options); err != nil {
				return a, err
			}
		}
	}
	if !isKeyType(firstWord(rest)) {
		return a, errors.New("is neither a public key nor a line of an allowed_signers file (principals, options, key type, key): write one key a line")
	}
	key, comment, _, more, err := ssh.ParseAuthorizedKey([]byte(rest))
	if err != nil || len(bytes.TrimSpace(more)) > 0 {
		return a, errors.New("holds a public key that cannot be read: copy the whole line of the .pub file")
	}
	if fail := strongSSH(key); fail != nil {
		return a, errors.New("cannot be taken: " + fail.Detail)
	}
	a.key = key
	if a.identity == "" || strings.ContainsAny(a.identity, "*?!") {
		a.identity = comment // a pattern is nobody's name
	}
	a.identity = printable(a.identity)
	return a, nil
}

func isKeyType(word string) bool {
	return strings.HasPrefix(word, "ssh-") || strings.HasPrefix(word, "ecdsa-sha2-") || strings.HasPrefix(word, "sk-ssh-") ||
		strings.HasPrefix(word, "sk-ecdsa-") || strings.HasPrefix(word, "rsa-sha2-")
}

func firstWord(s string) string {
	if f := strings.Fields(s); len(f) > 0 {
		return f[0]
	}
	return ""
}

// token cuts the first word of a line; blanks between double quotes are part of it.
func token(s string) (word, rest string, err error) {
	s = strings.TrimLeft(s, " \t")
	quote := false
	for i := 0; i < len(s); i++ {
		switch c := s[i]; {
		case c == '"':
			quote = !quote
		case (c == ' ' || c == '\t') && !quote:
			return strings.ReplaceAll(s[:i], `"`, ""), strings.TrimLeft(s[i:], " \t"), nil
		}
	}
	if quote {
		return "", "", errors.New(`has a double quote that is not closed`)
	}
	return "", "", errors.New("is neither a public key nor a line of an allowed_signers file (principals, options, key type, key): write one key a line")
}

// options reads cert-authority,namespaces=…,valid-after=…,valid-before=….
// The quotes are gone, so that a comma ends an option only where a known one follows.
func (a *allowed) options(s string) error {
	var name, value string
	flush := func() error {
		var err error
		switch name {
		case "":
		case "namespaces":
			a.namespaces = value
		case "valid-after":
			a.after, err = validity(value)
		case "valid-before":
			a.before, err = validity(value)
		case "cert-authority":
			err = errors.New("has cert-authority, and certificates are not supported: list the signers' own keys")
		default:
			err = fmt.Errorf("has the option %s, which is not known: want namespaces, valid-after or valid-before", quoted(name))
		}
		name, value = "", ""
		return err
	}
	for _, part := range strings.Split(s, ",") {
		key, val, has := strings.Cut(part, "=")
		if !has && name == "namespaces" && !strings.EqualFold(part, "cert-authority") {
			value += "," + part
			continue
		}
		if err := flush(); err != nil {
			return err
		}
		name, value = strings.ToLower(key), val
		if name == "" {
			return errors.New("has an empty option")
		}
	}
	return flush()
}

// validity reads YYYYMMDD[Z] or YYYYMMDDHHMM[SS][Z], in this machine's time zone
// without the Z, as ssh-keygen does.
func validity(s string) (time.Time, error) {
	zone, digits := time.Local, s
	if d, ok := strings.CutSuffix(strings.ToUpper(s), "Z"); ok {
		zone, digits = time.UTC, d
	}
	for _, layout := range []string{"20060102", "200601021504", "20060102150405"} {
		if len(digits) == len(layout) {
			if t, err := time.ParseInLocation(layout, digits, zone); err == nil {
				return t, nil
			}
		}
	}
	return time.Time{}, fmt.Errorf("has the time %s: want YYYYMMDD, YYYYMMDDHHMM or YYYYMMDDHHMMSS, with a Z behind it for UTC", quoted(s))
}

// matches is OpenSSH's pattern-list: * and ?, ! in front of what must not match.
func matches(list, s string) bool {
	hit := false
	for _, p := range strings.Split(list, ",") {
		p, not := strings.CutPrefix(strings.TrimSpace(p), "!")
		if wild(p, s) {
			if not {
				return false
			}
			hit = true
		}
	}
	return hit
}

// wild matches with one step back to the last star: no pattern costs more than
// its length times that of s.
func wild(p, s string) bool {
	i, j, star, mark := 0, 0, -1, 0
	for j < len(s) {
		switch {
		case i < len(p) && p[i] == '*':
			star, mark = i, j
			i++
		case i < len(p) && (p[i] == '?' || p[i] == s[j]):
			i++
			j++
		case star >= 0:
			mark++
			i, j = star+1, mark
		default:
			return false
		}
	}
	for i < len(p) && p[i] == '*' {
		i++
	}
	return i == len(p)
}
