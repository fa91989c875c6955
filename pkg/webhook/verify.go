package webhook

import (
	"crypto/hmac"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"encoding/hex"
	"hash"
	"io"
	"net/http"
	"strings"
)

// provider is one sender and its ways of proving itself, the strongest first. The
// first whose header is there counts, so that a weaker one does not rescue it.
type provider struct {
	name string
	ways []way
	ping func(http.Header) bool // a test call, which announces nothing
}

// way is one way of proving to know a secret.
type way struct {
	header string
	signed bool // the body is needed
	begin  func(h http.Header, value string, secret []byte) proof
}

// proof is one secret's, while the body comes in: it is hashed as it is read, and never
// kept.
type proof struct {
	mac   hash.Hash // that the body is written to, nil where nothing is signed
	valid func() bool
}

// failed is the proof of what cannot be one.
func failed() proof { return proof{valid: func() bool { return false }} }

// providers by their documentation:
//   - GitHub, "Validating webhook deliveries": X-Hub-Signature-256: sha256=HEX. Gitea
//     and Forgejo send it as well.
//   - GitLab, "Webhooks": X-Gitlab-Token is the secret itself; with a signing token
//     (whsec_…) webhook-signature as Standard Webhooks has it (gitlab!230944).
//   - Bitbucket, "Manage webhooks": X-Hub-Signature: sha256=HEX.
//   - generic: Standard Webhooks, X-Signature-256: sha256=HEX, or a bearer token.
var providers = []provider{
	{"github", []way{{"X-Hub-Signature-256", true, hexHMAC}}, is("X-Github-Event", "ping")},
	{"gitlab", []way{{"Webhook-Signature", true, standard}, {"X-Gitlab-Token", false, bare}}, never},
	{"bitbucket", []way{{"X-Hub-Signature", true, hexHMAC}}, is("X-Event-Key", "diagnostics:ping")},
	{"generic", []way{{"Webhook-Signature", true, standard}, {"X-Signature-256", true, hexHMAC}, {"Authorization", false, bearer}}, never},
}

func is(header, value string) func(http.Header) bool {
	return func(h http.Header) bool { return h.Get(header) == value }
}

func never(http.Header) bool { return false }

// way finds how a call wants to prove itself; false for not at all.
func (p provider) way(h http.Header) (way, string, bool) {
	for _, w := range p.ways {
		if values := h.Values(w.header); len(values) > 0 {
			return w, values[0], len(values) == 1
		}
	}
	return way{}, "", false
}

// proofs are those of all secrets.
type proofs []proof

// proofs begins the proof of a call that it knows one of the secrets.
func (w way) proofs(h http.Header, value string, secrets [][]byte) proofs {
	var out proofs
	for _, secret := range secrets {
		if len(secret) > 0 {
			out = append(out, w.begin(h, value, secret))
		}
	}
	return out
}

// Write takes in a part of the body.
func (p proofs) Write(part []byte) (int, error) {
	for _, one := range p {
		if one.mac != nil {
			one.mac.Write(part) // never an error: hash.Hash
		}
	}
	return len(part), nil
}

// valid says whether one of them is. All are tried, so that the time does not tell which.
func (p proofs) valid() bool {
	ok := false
	for _, one := range p {
		if one.valid() {
			ok = true
		}
	}
	return ok
}

// hexHMAC: sha256=HEX over the body.
func hexHMAC(_ http.Header, value string, secret []byte) proof {
	digits, ok := strings.CutPrefix(value, "sha256=")
	said, err := hex.DecodeString(digits)
	if !ok || err != nil {
		return failed()
	}
	mac := hmac.New(sha256.New, secret)
	return proof{mac, func() bool { return hmac.Equal(said, mac.Sum(nil)) }}
}

// signingToken is how Standard Webhooks writes a key.
const signingToken = "whsec_"

// standard: signatures "v1,BASE64", separated by spaces, over "id.timestamp.body".
func standard(h http.Header, value string, secret []byte) proof {
	key := secret
	if text, ok := strings.CutPrefix(string(secret), signingToken); ok {
		raw, err := base64.StdEncoding.DecodeString(text)
		if err != nil || len(raw) == 0 {
			return failed()
		}
		key = raw
	}
	mac := hmac.New(sha256.New, key)
	_, _ = io.WriteString(mac, h.Get("Webhook-Id")+"."+h.Get("Webhook-Timestamp")+".") // never an error: hash.Hash
	return proof{mac, func() bool {
		want, ok := mac.Sum(nil), false
		for one := range strings.SplitSeq(value, " ") {
			text, v1 := strings.CutPrefix(one, "v1,")
			said, err := base64.StdEncoding.DecodeString(text)
			ok = ok || v1 && err == nil && hmac.Equal(said, want)
		}
		return ok
	}}
}

// bare: the secret itself. Hashes are compared, so that not even its length tells.
func bare(_ http.Header, value string, secret []byte) proof {
	have, want := sha256.Sum256([]byte(value)), sha256.Sum256(secret)
	return proof{valid: func() bool { return subtle.ConstantTimeCompare(have[:], want[:]) == 1 }}
}

func bearer(h http.Header, value string, secret []byte) proof {
	scheme, rest, ok := strings.Cut(value, " ")
	same := bare(h, rest, secret)
	return proof{valid: func() bool { return same.valid() && ok && strings.EqualFold(scheme, "Bearer") }}
}
