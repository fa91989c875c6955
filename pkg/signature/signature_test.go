package signature

import (
	"bytes"
	"crypto"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/ProtonMail/go-crypto/openpgp/packet"
)

func TestSignedIsVerified(t *testing.T) {
	anna := pgpKey(t, packet.Config{})
	sub := pgpKey(t, packet.Config{})
	if err := sub.AddSigningSubkey(&packet.Config{Algorithm: packet.PubKeyAlgoEdDSA, Time: func() time.Time { return born }}); err != nil {
		t.Fatal(err)
	}
	long := pgpKey(t, packet.Config{Algorithm: packet.PubKeyAlgoRSA, RSABits: 2048})
	bob := sshKey(t)
	allowedBob := "bob@example.com namespaces=\"file,git\",valid-after=20260101Z,valid-before=\"20270101Z\" " + public(bob) + " laptop\n"
	for name, c := range map[string]struct {
		keys string
		sign signer
		who  string
	}{
		"armored":         {pgpFile(t, true, long, anna), pgpSign(t, anna, packet.Config{}), "Anna <anna@example.com> (GPG " + fingerprint(anna.PrimaryKey) + ")"},
		"binary":          {pgpFile(t, false, long, anna), pgpSign(t, anna, packet.Config{}), "Anna <anna@example.com> (GPG " + fingerprint(anna.PrimaryKey) + ")"},
		"subkey":          {pgpFile(t, true, sub), pgpSign(t, sub, packet.Config{}), "Anna <anna@example.com> (GPG " + fingerprint(sub.PrimaryKey) + ")"},
		"RSA 2048":        {pgpFile(t, true, long), pgpSign(t, long, packet.Config{}), "(GPG " + fingerprint(long.PrimaryKey) + ")"},
		"allowed signers": {"# ours\n\n" + allowedBob, sshSign(t, bob, "git"), "bob@example.com (SSH SHA256:"},
		"public key":      {public(bob) + " bob's laptop\r\n", sshSign(t, bob, "git"), "bob's laptop (SSH SHA256:"},
		"no comment":      {public(bob), sshSign(t, bob, "git"), "SSH SHA256:"},
		"pattern":         {"*@example.com " + public(bob) + " bob", sshSign(t, bob, "git"), "bob (SSH"},
		"second line":     {"a@x namespaces=\"file\" " + public(bob) + "\nb@x " + public(bob), sshSign(t, bob, "git"), "b@x (SSH"},
	} {
		t.Run(name, func(t *testing.T) {
			k := load(t, c.keys)
			r := head(commit("A change.", c.sign))
			got, err := k.Verify(ModeHead, r)
			if err != nil {
				t.Fatal(err)
			}
			if len(got) != 1 || !strings.Contains(got[0].String(), c.who) {
				t.Errorf("signer %v, want %s", got, c.who)
			}
			r.TagName = "v1.2"
			r.TagID, r.Tag = tag("v1.2", r.CommitID, c.sign)
			if got, err = k.Verify(ModeTag, r); err != nil || !strings.Contains(got[0].String(), c.who) {
				t.Errorf("tag: %v, %v", got, err)
			}
			if got, err = k.Verify(ModeTagAndHead, r); err != nil || len(got) != 2 {
				t.Errorf("tag and head: %v, %v", got, err)
			}
		})
	}
}

// TestSHA256Repository: there the header is another one, and an SHA-1 twin's signature is no
// part of what is signed.
func TestSHA256Repository(t *testing.T) {
	bob := sshKey(t)
	k := load(t, public(bob))
	sign := sshSign(t, bob, "git")
	front := "tree " + strings.Repeat("0", 64) + "\ncommitter A <a@b> 1772366400 +0000\n"
	sig := folded(sign([]byte(front + "\nhello\n")))
	for _, raw := range []string{
		front + "gpgsig-sha256 " + sig + "\nhello\n",
		front + "gpgsig something\n else\ngpgsig-sha256 " + sig + "\nhello\n",
	} {
		if _, err := k.Verify(ModeHead, head(named256("commit", []byte(raw)), []byte(raw))); err != nil {
			t.Error(err)
		}
	}
	raw := front + "gpgsig " + sig + "\nhello\n"
	wants(t, NotSigned, k, ModeHead, head(named256("commit", []byte(raw)), []byte(raw)))
}

// wants expects one reason, and a message that says a way out.
func wants(t *testing.T, reason Reason, k *Keys, mode Mode, r Revision) {
	t.Helper()
	_, err := k.Verify(mode, r)
	e, ok := errors.AsType[*Error](err)
	if !ok || e.Reason != reason {
		t.Errorf("%v, want %s", err, reason)
		return
	}
	if msg := e.Error(); strings.Contains(msg, "%!") || !strings.ContainsAny(msg, ";:") || len(msg) > 600 {
		t.Errorf("message: %s", msg)
	}
}

func TestUnverifiedCommits(t *testing.T) {
	anna, eve, bob := pgpKey(t, packet.Config{}), pgpKey(t, packet.Config{}), sshKey(t)
	expired := pgpKey(t, packet.Config{KeyLifetimeSecs: 60 * 86400})
	revoked := pgpKey(t, packet.Config{})
	before := head(commit("Before it was revoked.", pgpSign(t, revoked, packet.Config{})))
	if err := revoked.RevokeKey(packet.KeySuperseded, "", &packet.Config{Time: func() time.Time { return made }}); err != nil {
		t.Fatal(err)
	}
	goneSub := pgpKey(t, packet.Config{})
	if err := goneSub.AddSigningSubkey(&packet.Config{Algorithm: packet.PubKeyAlgoEdDSA, Time: func() time.Time { return born }}); err != nil {
		t.Fatal(err)
	}
	gone := head(commit("By a subkey.", pgpSign(t, goneSub, packet.Config{})))
	for i := range goneSub.Subkeys {
		if s := &goneSub.Subkeys[i]; s.Sig.FlagSign {
			if err := goneSub.RevokeSubkey(s, packet.KeyCompromised, "", &packet.Config{Time: func() time.Time { return made }}); err != nil {
				t.Fatal(err)
			}
		}
	}
	ring := pgpFile(t, true, anna, expired, revoked, goneSub)
	shortly := func(name string) signer { return sshSign(t, bob, name) }
	rev := func(s signer) Revision { return head(commit("A change.", s)) }
	for name, c := range map[string]struct {
		keys   string
		r      Revision
		reason Reason
	}{
		"unsigned":              {ring, rev(nil), NotSigned},
		"key of a stranger":     {ring, rev(pgpSign(t, eve, packet.Config{})), UnknownKey},
		"SSH key of a stranger": {ring, rev(shortly("git")), UnknownKey},
		"key removed":           {pgpFile(t, true, expired), rev(pgpSign(t, anna, packet.Config{})), UnknownKey},
		"key expired":           {ring, rev(pgpSign(t, expired, packet.Config{})), KeyExpired},
		"key revoked":           {ring, before, KeyRevoked},
		"subkey revoked":        {ring, gone, KeyRevoked},
		"signature expired":     {ring, rev(pgpSign(t, anna, packet.Config{SigLifetimeSecs: 3600})), KeyExpired},
		"from the future":       {ring, rev(pgpSign(t, anna, packet.Config{Time: func() time.Time { return today.Add(time.Hour) }})), KeyExpired},
		"SHA-1":                 {ring, rev(sha1Signed(t, pgpSign(t, anna, packet.Config{}))), WeakHash},
		"text signature":        {ring, rev(textSigned(t, anna)), BadSignature},
		"no signature at all":   {ring, rev(func([]byte) string { return "hello\n" }), BadSignature},
		"empty armor":           {ring, rev(func([]byte) string { return "-----BEGIN PGP SIGNATURE-----\n\n-----END PGP SIGNATURE-----\n" }), BadSignature},
		"a signed message":      {ring, rev(func([]byte) string { return "-----BEGIN PGP MESSAGE-----\n\n-----END PGP MESSAGE-----\n" }), BadSignature},
		"two signatures": {ring, rev(func(p []byte) string {
			return pgpSign(t, eve, packet.Config{})(p) + pgpSign(t, anna, packet.Config{})(p)
		}), BadSignature},
		"text behind it":      {ring, rev(func(p []byte) string { return pgpSign(t, anna, packet.Config{})(p) + "and more\n" }), BadSignature},
		"namespace of files":  {public(bob), rev(shortly("file")), WrongNamespace},
		"line for files only": {"b@x namespaces=\"file,!git,*\" " + public(bob), rev(shortly("git")), KeyNotAllowed},
		"line that ended":     {"b@x valid-before=20260401Z " + public(bob), rev(shortly("git")), KeyExpired},
		"line not begun":      {"b@x valid-after=202607010000Z " + public(bob), rev(shortly("git")), KeyNotAllowed},
		"line began after it": {"b@x valid-after=20260302Z " + public(bob), rev(shortly("git")), KeyNotAllowed},
		"SSH text behind it":  {public(bob), rev(func(p []byte) string { return shortly("git")(p) + "x\n" }), BadSignature},
		"SSH garbage":         {public(bob), rev(func([]byte) string { return "-----BEGIN SSH SIGNATURE-----\nAAAA\n-----END SSH SIGNATURE-----\n" }), BadSignature},
	} {
		t.Run(name, func(t *testing.T) { wants(t, c.reason, load(t, c.keys), ModeHead, c.r) })
	}
	t.Run("weak SSH key", func(t *testing.T) {
		weak := sshSigner(t, weakRSA(t))
		k := load(t, public(bob))
		k.lines[0].key = weak.PublicKey() // a file with it is refused
		wants(t, WeakKey, k, ModeHead, rev(sshSign(t, weak, "git")))
	})
	t.Run("weak GPG key", func(t *testing.T) {
		weak := pgpKey(t, packet.Config{Algorithm: packet.PubKeyAlgoRSA, RSABits: 1024})
		k := load(t, public(bob))
		k.pgp = append(k.pgp, weak)
		wants(t, WeakKey, k, ModeHead, rev(pgpSign(t, weak, packet.Config{})))
	})
	t.Run("bit by bit", func(t *testing.T) { // any byte of it, and its id with it
		k := load(t, ring, public(bob))
		for _, sign := range []signer{pgpSign(t, anna, packet.Config{}), shortly("git")} {
			_, raw := commit("Pay Anna 10.", sign)
			end := bytes.Index(raw, []byte("gpgsig"))
			for i := range raw {
				if i >= end && i < len(raw)-20 {
					continue // the signature itself: its armor's blanks mean nothing
				}
				bad := bytes.Clone(raw)
				bad[i] ^= 1
				if s, err := k.Verify(ModeHead, head(named("commit", bad), bad)); err == nil {
					t.Fatalf("byte %d was changed, and %s still signed it", i, s)
				}
			}
		}
	})
	t.Run("other bytes than asked for", func(t *testing.T) {
		k := load(t, ring)
		id, _ := commit("one", pgpSign(t, anna, packet.Config{}))
		_, raw := commit("two", pgpSign(t, anna, packet.Config{}))
		wants(t, WrongObject, k, ModeHead, head(id, raw))
	})
	t.Run("two headers", func(t *testing.T) {
		k := load(t, ring)
		_, raw := commit("one", pgpSign(t, anna, packet.Config{}))
		raw = []byte(strings.Replace(string(raw), "gpgsig ", "gpgsig x\ngpgsig ", 1))
		wants(t, BadSignature, k, ModeHead, head(named("commit", raw), raw))
	})
	t.Run("huge", func(t *testing.T) {
		k := load(t, ring)
		wants(t, BadSignature, k, ModeHead, head(commit(strings.Repeat("x", maxObject), pgpSign(t, anna, packet.Config{}))))
	})
}

// sha1Signed says SHA-1 in the signature's packet: its hash is looked at before
// anything is computed.
func sha1Signed(t *testing.T, s signer) signer {
	return func(p []byte) string { return rearmored(t, s(p), func(b []byte) { b[hashAt(t, b)] = 2 }) }
}

func TestUnverifiedTags(t *testing.T) {
	bob := sshKey(t)
	k := load(t, public(bob))
	sign := sshSign(t, bob, "git")
	base := head(commit("A change.", sign))
	other, _ := commit("Another.", sign)
	with := func(found string, id string, raw []byte) Revision {
		r := base
		r.TagName, r.TagID, r.Tag = found, id, raw
		return r
	}
	tagged := func(found, name, target string, s signer) Revision {
		id, raw := tag(name, target, s)
		return with(found, id, raw)
	}
	for name, c := range map[string]struct {
		r      Revision
		reason Reason
	}{
		"a branch":       {base, NoTag},
		"lightweight":    {with("v1", "", nil), NoTag},
		"unsigned":       {tagged("v1", "v1", base.CommitID, nil), NotSigned},
		"renamed":        {tagged("v2", "v1", base.CommitID, sign), WrongTag},
		"other commit":   {tagged("v1", "v1", other, sign), WrongTag},
		"wrong key":      {tagged("v1", "v1", base.CommitID, sshSign(t, sshKey(t), "git")), UnknownKey},
		"two tag names":  {tagged("v1", "v1\ntag v1", base.CommitID, sign), BadSignature},
		"moved by hand":  {with("v1", base.CommitID, base.Commit), WrongObject},
		"terminal codes": {tagged("v1", "\x1b[2Jv1", base.CommitID, sign), WrongTag},
	} {
		t.Run(name, func(t *testing.T) {
			wants(t, c.reason, k, ModeTag, c.r)
			wants(t, c.reason, k, ModeTagAndHead, c.r)
		})
	}
	t.Run("of a tag", func(t *testing.T) {
		text := strings.Replace("object "+base.CommitID+"\ntype commit\ntag v1\n\nx\n", "type commit", "type tag", 1)
		text += sign([]byte(text))
		wants(t, WrongTag, k, ModeTag, with("v1", named("tag", []byte(text)), []byte(text)))
	})
	t.Run("unsigned commit under a signed tag", func(t *testing.T) {
		r := head(commit("Unsigned.", nil))
		r.TagName = "v1"
		r.TagID, r.Tag = tag("v1", r.CommitID, sign)
		if _, err := k.Verify(ModeTag, r); err != nil {
			t.Error(err)
		}
		wants(t, NotSigned, k, ModeTagAndHead, r)
		wants(t, NotSigned, k, ModeHead, r)
	})
}

func TestKeysThatAreRefused(t *testing.T) {
	bob, anna := sshKey(t), pgpKey(t, packet.Config{})
	var private bytes.Buffer
	if err := anna.SerializePrivate(&private, nil); err != nil {
		t.Fatal(err)
	}
	old := pgpKey(t, packet.Config{})
	for _, id := range old.Identities {
		id.SelfSignature.Hash = crypto.SHA1
	}
	for name, c := range map[string]struct{ text, want string }{
		"nothing":          {"# nobody\n", "holds no key"},
		"some text":        {"hello\n", ":1: is neither a public key"},
		"half a key":       {"a@x ssh-ed25519 AAAA\n", "cannot be read"},
		"cert-authority":   {"*@x cert-authority " + public(bob), "certificates are not supported"},
		"unknown option":   {"a@x no-touch-required " + public(bob), "not known"},
		"bad time":         {"a@x valid-before=tomorrow " + public(bob), "YYYYMMDD"},
		"open quote":       {"a@x namespaces=\"git " + public(bob), "not closed"},
		"private SSH":      {"-----BEGIN OPENSSH PRIVATE KEY-----\nAAAA\n-----END OPENSSH PRIVATE KEY-----\n", "private key"},
		"private GPG":      {private.String(), "private key"},
		"weak SSH":         {public(sshSigner(t, weakRSA(t))), "RSA with 1024 bits"},
		"weak GPG":         {pgpFile(t, true, pgpKey(t, packet.Config{Algorithm: packet.PubKeyAlgoRSA, RSABits: 1024})), "RSA with 1024 bits"},
		"broken armor":     {"-----BEGIN PGP PUBLIC KEY BLOCK-----\n\nAAAA\n-----END PGP PUBLIC KEY BLOCK-----\n", "export"},
		"a signature":      {"-----BEGIN PGP SIGNATURE-----\n\nAAAA\n-----END PGP SIGNATURE-----\n", "no public key"},
		"one bad of three": {pgpFile(t, false, anna) + "\x99\x00\x02\x04\x00" + pgpFile(t, false, anna), "cannot be read"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := Load(nil, file(t, c.text))
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("%v, want …%s…", err, c.want)
			}
		})
	}
	old.PrivateKey = nil
	if err := (&Keys{}).addEntity(old); err == nil || !strings.Contains(err.Error(), "over SHA-1") {
		t.Errorf("a key that certifies itself over SHA-1: %v", err)
	}
	if _, err := Load(nil, filepath.Join(t.TempDir(), "none")); err == nil || !strings.Contains(err.Error(), "no such file") {
		t.Error(err)
	}
}

// TestDirectoryOfKeys: all files of it, as a mounted secret has them.
func TestDirectoryOfKeys(t *testing.T) {
	dir, bob, anna := t.TempDir(), sshKey(t), pgpKey(t, packet.Config{})
	for name, text := range map[string]string{"..data/bob.pub": public(bob), "anna.asc": pgpFile(t, true, anna), ".hidden": "hello"} {
		p := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(p), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(p, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Symlink("..data/bob.pub", filepath.Join(dir, "bob.pub")); err != nil {
		t.Fatal(err)
	}
	k, err := Load(nil, dir)
	if err != nil || k.Len() != 2 {
		t.Fatalf("%v, %v", k, err)
	}
	if err := os.WriteFile(filepath.Join(dir, "README"), []byte("our keys\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := Load(nil, dir); err == nil || !strings.Contains(err.Error(), "README:1") {
		t.Errorf("%v", err)
	}
}

func TestModes(t *testing.T) {
	for in, want := range map[string]Mode{"head": ModeHead, "HEAD": ModeHead, "Tag": ModeTag, "tag-and-head": ModeTagAndHead, "TagAndHEAD": ModeTagAndHead} {
		if got, err := ParseMode(in); err != nil || got != want {
			t.Errorf("%s: %s, %v", in, got, err)
		}
	}
	if _, err := ParseMode("commit"); err == nil {
		t.Error("commit is a mode")
	}
}

func TestPatternLists(t *testing.T) {
	for list, want := range map[string]bool{"git": true, "*": true, "g?t": true, "file,git": true, "file": false, "!git,*": false, "*,!git": false, "": false, "gitx": false, "g*x": false} {
		if matches(list, "git") != want {
			t.Errorf("%q: want %v", list, want)
		}
	}
}
