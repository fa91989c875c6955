package signature

import (
	"bytes"
	"crypto"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/ProtonMail/go-crypto/openpgp"
	"github.com/ProtonMail/go-crypto/openpgp/armor"
	pgperrors "github.com/ProtonMail/go-crypto/openpgp/errors"
	"github.com/ProtonMail/go-crypto/openpgp/packet"
)

// minRSA is the shortest RSA key that counts (TOB-FLUX-8).
const minRSA = 2048

// hashes that a signature may be made with.
var hashes = map[crypto.Hash]bool{
	crypto.SHA256: true, crypto.SHA384: true, crypto.SHA512: true,
	crypto.SHA3_256: true, crypto.SHA3_512: true,
}

// gpg verifies an OpenPGP signature.
func (k *Keys) gpg(o object, now time.Time) (Signer, *Error) {
	sig, fail := pgpSignature(o.signature)
	if fail != nil {
		return Signer{}, fail
	}
	issuer := issuerOf(sig)
	found := k.pgp.KeysById(*sig.IssuerKeyId)
	if len(found) == 0 {
		return Signer{}, failf(UnknownKey, "it is signed with the GPG key %s, which is not among the signing keys; if that key may sign, add it (gpg --armor --export %s)", issuer, issuer)
	}
	for i := range found {
		key := &found[i]
		if len(sig.IssuerFingerprint) > 0 && !bytes.Equal(sig.IssuerFingerprint, key.PublicKey.Fingerprint) {
			continue
		}
		h, err := sig.PrepareVerify()
		if err != nil {
			return Signer{}, failf(BadSignature, "its signature cannot be checked (%s); sign it anew", plain(err))
		}
		_, _ = h.Write(o.payload) // a hash takes all
		if key.PublicKey.VerifySignature(h, sig) != nil {
			continue
		}
		if fail := usable(key, sig, now); fail != nil {
			return Signer{}, fail
		}
		return pgpSigner(key.Entity), nil
	}
	return Signer{}, failf(BadSignature, "the signature by the GPG key %s is not of this content: it was changed after it was signed, or signed by another key of that id", issuer)
}

func pgpSigner(e *openpgp.Entity) Signer {
	s := Signer{Kind: "GPG", Fingerprint: fingerprint(e.PrimaryKey)}
	if id := e.PrimaryIdentity(); id != nil {
		s.Identity = printable(id.Name)
	}
	return s
}

func fingerprint(p *packet.PublicKey) string {
	return strings.ToUpper(hex.EncodeToString(p.Fingerprint))
}

func issuerOf(sig *packet.Signature) string {
	if len(sig.IssuerFingerprint) > 0 {
		return strings.ToUpper(hex.EncodeToString(sig.IssuerFingerprint))
	}
	return fmt.Sprintf("%016X", *sig.IssuerKeyId)
}

// pgpSignature reads the one signature of an armored block.
func pgpSignature(armored []byte) (*packet.Signature, *Error) {
	bad := func(format string, args ...any) (*packet.Signature, *Error) {
		return nil, failf(BadSignature, "its signature "+format+"; sign it anew", args...)
	}
	if !bytes.HasPrefix(armored, []byte(marks[0])) {
		return bad("is neither an armored PGP signature nor an SSH signature")
	}
	if bytes.Count(armored, []byte("-----BEGIN ")) != 1 {
		return bad("is more than one")
	}
	end := []byte("-----END PGP SIGNATURE-----")
	if _, rest, ok := bytes.Cut(armored, end); !ok || len(bytes.TrimSpace(rest)) > 0 {
		return bad("has no end, or something behind its end")
	}
	block, err := armor.Decode(bytes.NewReader(armored))
	if err != nil {
		return bad("cannot be read (%s)", plain(err))
	}
	var sig *packet.Signature
	packets := packet.NewReader(block.Body)
	for {
		p, err := packets.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return bad("cannot be read (%s)", plain(err))
		}
		s, ok := p.(*packet.Signature)
		if !ok || sig != nil {
			return bad("holds something else than one signature")
		}
		sig = s
	}
	switch {
	case sig == nil:
		return bad("is empty")
	case sig.IssuerKeyId == nil:
		return bad("does not say by which key it was made")
	case sig.SigType != packet.SigTypeBinary:
		return bad("is not of the binary type, which git makes")
	case !hashes[sig.Hash]:
		return nil, failf(WeakHash, "it is signed over %s, which can be forged; sign it anew with SHA-256 or better (gpg.conf: digest-algo SHA512)", sig.Hash)
	}
	return sig, nil
}

// usable says why a key that did sign may not. It is judged as it is now: a
// signer's clock may be ahead of ours by the skew.
func usable(key *openpgp.Key, sig *packet.Signature, now time.Time) *Error {
	if sig.CreationTime.After(now) {
		if sig.CreationTime.After(now.Add(skew)) {
			return failf(KeyExpired, "it was signed at %s, which is in the future: the clock of its signer or of this machine is wrong", stamp(sig.CreationTime))
		}
		now = sig.CreationTime
	}
	e, id := key.Entity, fingerprint(key.Entity.PrimaryKey)
	sub := key.PublicKey != e.PrimaryKey
	self, identity := e.PrimarySelfSignature()
	flags := key.SelfSignature
	switch {
	case self == nil || flags == nil || !flags.FlagsValid || !flags.FlagSign:
		return failf(KeyNotAllowed, "the GPG key %s is not made for signing; sign with another", fingerprint(key.PublicKey))
	case e.Revoked(now) || sub && key.Revoked(now) || identity != nil && identity.Revoked(now):
		return failf(KeyRevoked, "the GPG key %s was revoked; sign it anew with another key, and take this one from the signing keys", id)
	case e.PrimaryKey.KeyExpired(self, now) || sub && key.PublicKey.KeyExpired(flags, now):
		return failf(KeyExpired, "the GPG key %s has expired; prolong it and give the signing keys anew (gpg --quick-set-expire, gpg --armor --export), or sign with another", id)
	case sig.SigExpired(now) || self.SigExpired(now) || flags.SigExpired(now):
		return failf(KeyExpired, "the signature by the GPG key %s has expired; sign it anew", id)
	}
	if fail := strong(key.PublicKey); fail != nil {
		return fail
	}
	for _, s := range []*packet.Signature{sig, self, flags} {
		for _, n := range s.Notations {
			if n.IsCritical {
				return failf(BadSignature, "its signature has the critical notation %s, which is not understood here; sign it anew without", quoted(n.Name))
			}
		}
	}
	return nil
}

// strong refuses keys that can be broken.
func strong(p *packet.PublicKey) *Error {
	switch p.PubKeyAlgo {
	case packet.PubKeyAlgoRSA, packet.PubKeyAlgoRSASignOnly:
		if bits, err := p.BitLength(); err != nil || bits < minRSA {
			return failf(WeakKey, "the GPG key %s is RSA with %d bits, and fewer than %d can be broken; make a new key (gpg --quick-generate-key, Ed25519)", fingerprint(p), bits, minRSA)
		}
	case packet.PubKeyAlgoECDSA, packet.PubKeyAlgoEdDSA, packet.PubKeyAlgoEd25519, packet.PubKeyAlgoEd448:
	default:
		return failf(WeakKey, "the GPG key %s is of a kind that is not taken (DSA, or unknown); make a new key (gpg --quick-generate-key, Ed25519)", fingerprint(p))
	}
	return nil
}

// stamp prints a time.
func stamp(t time.Time) string { return t.UTC().Format(time.RFC3339) }

// plain is a library's error as one short line.
func plain(err error) string {
	text := strings.TrimPrefix(strings.TrimPrefix(err.Error(), "openpgp: "), "ssh: ")
	if errors.Is(err, pgperrors.ErrUnknownIssuer) || errors.Is(err, io.ErrUnexpectedEOF) {
		text = "it ends too early"
	}
	return printable(text)
}

// printable is text of a key or a repository as one bounded line without
// anything that a terminal or a log would act on.
func printable(s string) string {
	s = strings.Map(func(r rune) rune {
		if r < ' ' || r == 0x7f || r >= 0x80 && r < 0xa0 || r == 0xfffd || r >= 0x202a && r <= 0x202e || r >= 0x2066 && r <= 0x2069 {
			return '?'
		}
		return r
	}, s)
	if r := []rune(s); len(r) > 200 {
		s = string(r[:200]) + "…"
	}
	return s
}
