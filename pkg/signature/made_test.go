package signature

import (
	"bytes"
	"crypto"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha1"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/ProtonMail/go-crypto/openpgp"
	"github.com/ProtonMail/go-crypto/openpgp/armor"
	"github.com/ProtonMail/go-crypto/openpgp/packet"
	"github.com/hiddeco/sshsig"
	"golang.org/x/crypto/ssh"
)

// What these tests verify is made here, in process: keys, and objects as git
// writes them. TestRealObjects does the same with the real programs.

var (
	born  = time.Date(2026, 1, 10, 0, 0, 0, 0, time.UTC) // the keys
	made  = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC) // the objects
	today = time.Date(2026, 6, 1, 0, 0, 0, 0, time.UTC)
)

// signer signs a payload and gives the armored signature.
type signer func(payload []byte) string

func pgpKey(t *testing.T, c packet.Config) *openpgp.Entity {
	t.Helper()
	if c.Time == nil {
		c.Time = func() time.Time { return born }
	}
	if c.Algorithm == 0 {
		c.Algorithm = packet.PubKeyAlgoEdDSA
	}
	e, err := openpgp.NewEntity("Anna", "", "anna@example.com", &c)
	if err != nil {
		t.Fatal(err)
	}
	return e
}

func pgpSign(t *testing.T, e *openpgp.Entity, c packet.Config) signer {
	if c.Time == nil {
		c.Time = func() time.Time { return made }
	}
	return func(payload []byte) string {
		var b bytes.Buffer
		if err := openpgp.ArmoredDetachSign(&b, e, bytes.NewReader(payload), &c); err != nil {
			t.Fatal(err)
		}
		return b.String() + "\n"
	}
}

func pgpFile(t *testing.T, armored bool, es ...*openpgp.Entity) string {
	t.Helper()
	var b bytes.Buffer
	for _, e := range es {
		if !armored {
			if err := e.Serialize(&b); err != nil {
				t.Fatal(err)
			}
			continue
		}
		w, err := armor.Encode(&b, openpgp.PublicKeyType, nil)
		if err != nil {
			t.Fatal(err)
		}
		if err := e.Serialize(w); err != nil {
			t.Fatal(err)
		}
		_ = w.Close()
		b.WriteString("\n")
	}
	return b.String()
}

func sshKey(t *testing.T) ssh.Signer {
	t.Helper()
	_, private, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return sshSigner(t, private)
}

func sshSigner(t *testing.T, private crypto.Signer) ssh.Signer {
	t.Helper()
	s, err := ssh.NewSignerFromSigner(private)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func sshSign(t *testing.T, s ssh.Signer, space string) signer {
	return func(payload []byte) string {
		sig, err := sshsig.Sign(bytes.NewReader(payload), s, sshsig.HashSHA512, space)
		if err != nil {
			t.Fatal(err)
		}
		return string(sshsig.Armor(sig))
	}
}

func public(s ssh.Signer) string {
	return strings.TrimSpace(string(ssh.MarshalAuthorizedKey(s.PublicKey())))
}

// file writes a file of keys.
func file(t *testing.T, text string) string {
	t.Helper()
	p := filepath.Join(t.TempDir(), "keys")
	if err := os.WriteFile(p, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return p
}

func load(t *testing.T, texts ...string) *Keys {
	t.Helper()
	var paths []string
	for _, text := range texts {
		paths = append(paths, file(t, text))
	}
	k, err := Load(nil, paths...)
	if err != nil {
		t.Fatal(err)
	}
	k.now = func() time.Time { return today }
	return k
}

const tree = "4b825dc642cb6eb9a060e54bf8d69288fbee4904"

func named(kind string, raw []byte) string {
	h := sha1.Sum(fmt.Appendf(nil, "%s %d\x00%s", kind, len(raw), raw))
	return hex.EncodeToString(h[:])
}

func named256(kind string, raw []byte) string {
	h := sha256.Sum256(fmt.Appendf(nil, "%s %d\x00%s", kind, len(raw), raw))
	return hex.EncodeToString(h[:])
}

// commit makes a signed commit as git does: the signature of the object without
// its signature stands in its header.
func commit(message string, sign signer) (id string, raw []byte) {
	head := fmt.Sprintf("tree %s\nauthor Anna <a@example.com> %d +0000\ncommitter Anna <a@example.com> %d +0000\n", tree, made.Unix(), made.Unix())
	payload := head + "\n" + message + "\n"
	text := payload
	if sign != nil {
		text = head + "gpgsig " + folded(sign([]byte(payload))) + "\n" + message + "\n"
	}
	return named("commit", []byte(text)), []byte(text)
}

func folded(sig string) string {
	return strings.ReplaceAll(strings.TrimSuffix(sig, "\n"), "\n", "\n ") + "\n"
}

func tag(name, target string, sign signer) (id string, raw []byte) {
	text := fmt.Sprintf("object %s\ntype commit\ntag %s\ntagger Anna <a@example.com> %d +0000\n\nA release.\n", target, name, made.Unix())
	if sign != nil {
		text += sign([]byte(text))
	}
	return named("tag", []byte(text)), []byte(text)
}

func head(id string, raw []byte) Revision { return Revision{CommitID: id, Commit: raw} }

func weakRSA(t *testing.T) *rsa.PrivateKey {
	t.Helper()
	k, err := rsa.GenerateKey(rand.Reader, 1024)
	if err != nil {
		t.Fatal(err)
	}
	return k
}
