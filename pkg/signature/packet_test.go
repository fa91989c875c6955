package signature

import (
	"bytes"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/ProtonMail/go-crypto/openpgp"
	"github.com/ProtonMail/go-crypto/openpgp/armor"
	"github.com/ProtonMail/go-crypto/openpgp/packet"
)

// rearmored changes the bytes of an armored signature.
func rearmored(t *testing.T, sig string, change func([]byte)) string {
	t.Helper()
	block, err := armor.Decode(strings.NewReader(sig))
	if err != nil {
		t.Fatal(err)
	}
	raw, err := io.ReadAll(block.Body)
	if err != nil {
		t.Fatal(err)
	}
	change(raw)
	var out bytes.Buffer
	w, err := armor.Encode(&out, openpgp.SignatureType, nil)
	if err != nil {
		t.Fatal(err)
	}
	_, _ = w.Write(raw)
	_ = w.Close()
	return out.String() + "\n"
}

// hashAt finds the hash algorithm of a version 4 signature packet: behind the
// packet's header come version, type, algorithm of the key, and it.
func hashAt(t *testing.T, b []byte) int {
	t.Helper()
	for _, n := range []int{2, 3} { // length of the packet's header
		if b[n] == 4 && b[n+1] == byte(packet.SigTypeBinary) {
			return n + 3
		}
	}
	t.Fatalf("no signature packet: % x", b[:8])
	return 0
}

func textSigned(t *testing.T, e *openpgp.Entity) signer {
	return func(payload []byte) string {
		var b bytes.Buffer
		c := &packet.Config{Time: func() time.Time { return made }}
		if err := openpgp.ArmoredDetachSignText(&b, e, bytes.NewReader(payload), c); err != nil {
			t.Fatal(err)
		}
		return b.String() + "\n"
	}
}
