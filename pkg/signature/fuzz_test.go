package signature

import (
	"bytes"
	"crypto/ed25519"
	"encoding/pem"
	"strings"
	"testing"
	"time"

	"github.com/ProtonMail/go-crypto/openpgp/packet"
	"github.com/hiddeco/sshsig"
	"golang.org/x/crypto/ssh"

	"github.com/ecs-operator/ecs-operator/pkg/frugal"
)

// FuzzSignatures (F-sigs): whatever a server puts into a commit, a tag or a
// signature, nothing panics, and nothing is verified that a key of the set did
// not sign. The set's keys signed the seeds only.
func FuzzSignatures(f *testing.F) {
	t := &testing.T{}
	private := ed25519.NewKeyFromSeed(bytes.Repeat([]byte{7}, ed25519.SeedSize))
	bob := sshSigner(t, private)
	anna := pgpKey(t, packet.Config{})
	k := &Keys{now: func() time.Time { return today }}
	if err := k.addLines("keys", []byte("bob@example.com "+public(bob))); err != nil {
		f.Fatal(err)
	}
	if err := k.addArmored([]byte(pgpFile(t, true, anna))); err != nil {
		f.Fatal(err)
	}
	good := map[string]bool{}
	for _, sign := range []signer{sshSign(t, bob, "git"), pgpSign(t, anna, packet.Config{})} {
		id, raw := commit("A change.", sign)
		o, _ := parseCommit(id, raw)
		good[string(o.payload)] = true
		f.Add(true, raw)
		_, raw = tag("v1", id, sign)
		o, _ = parseTag(named("tag", raw), raw)
		good[string(o.payload)] = true
		f.Add(false, raw)
	}
	f.Add(true, []byte("tree x\ngpgsig -----BEGIN PGP SIGNATURE-----\n \n wsB=\n =AAAA\n -----END PGP SIGNATURE-----\n\nm"))
	f.Add(false, []byte("-----BEGIN SSH SIGNATURE-----\nU1NIU0lH\n-----END SSH SIGNATURE-----\n"))
	f.Fuzz(func(t *testing.T, ofCommit bool, raw []byte) {
		frugal.Input(t, func() {
			r, mode := Revision{CommitID: named("commit", raw), Commit: raw}, ModeHead
			if !ofCommit {
				mode, r = ModeTag, Revision{TagName: "v1", TagID: named("tag", raw), Tag: raw}
				if o, fail := parseTag(r.TagID, raw); fail == nil {
					r.TagName, r.CommitID = o.name, o.target
				}
			}
			signers, err := k.Verify(mode, r)
			if err != nil {
				if strings.ContainsAny(err.Error(), "\x1b\n\r\x00") {
					t.Errorf("message with control characters: %q", err)
				}
				return
			}
			var o object
			if ofCommit {
				o, _ = parseCommit(r.CommitID, raw)
			} else {
				o, _ = parseTag(r.TagID, raw)
			}
			if !good[string(o.payload)] {
				t.Errorf("%v is said to have signed %q", signers, o.payload)
			}
		})
	})
}

// FuzzSigningKeys: no file of keys panics, and none gives a key that is weak.
func FuzzSigningKeys(f *testing.F) {
	t := &testing.T{}
	bob := sshKey(t)
	f.Add([]byte("a@x,b@x namespaces=\"git,file\",valid-after=20260101Z " + public(bob) + " c"))
	f.Add([]byte(pgpFile(t, true, pgpKey(t, packet.Config{}))))
	f.Add([]byte(pgpFile(t, false, pgpKey(t, packet.Config{}))))
	f.Fuzz(func(t *testing.T, data []byte) {
		frugal.Input(t, func() {
			k := &Keys{now: time.Now}
			if err := k.add("keys", data); err != nil {
				return
			}
			for _, a := range k.lines {
				if fail := strongSSH(a.key); fail != nil {
					t.Error(fail)
				}
			}
			for _, e := range k.pgp {
				if fail := strong(e.PrimaryKey); fail != nil {
					t.Error(fail)
				}
			}
		})
	})
}

// FuzzSSHSignature: the bytes inside of the armor.
func FuzzSSHSignature(f *testing.F) {
	t := &testing.T{}
	bob := sshKey(t)
	k := &Keys{now: func() time.Time { return today }, lines: []allowed{{key: bob.PublicKey()}}}
	sig, _ := pem.Decode([]byte(sshSign(t, bob, "git")([]byte("payload"))))
	f.Add(sig.Bytes)
	f.Add(ssh.Marshal(struct{ A, B string }{"x", "y"}))
	f.Fuzz(func(t *testing.T, data []byte) {
		frugal.Input(t, func() {
			armored := pem.EncodeToMemory(&pem.Block{Type: sshsig.PEMType, Bytes: data})
			if s, fail := k.ssh(object{payload: []byte("another payload"), signature: armored, at: made}, today); fail == nil {
				t.Errorf("%s is said to have signed what it did not", s)
			}
		})
	})
}
