package webhook

import (
	"crypto/hmac"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"encoding/hex"
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
	valid  func(h http.Header, value string, body, secret []byte) bool
}

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

// proven says whether a call knows one of the secrets. All of them are tried, so
// that the time does not tell which.
func (w way) proven(h http.Header, value string, body []byte, secrets [][]byte) bool {
	ok := false
	for _, secret := range secrets {
		if len(secret) > 0 && w.valid(h, value, body, secret) {
			ok = true
		}
	}
	return ok
}

func sign(secret []byte, parts ...[]byte) []byte {
	m := hmac.New(sha256.New, secret)
	for _, p := range parts {
		m.Write(p)
	}
	return m.Sum(nil)
}

// hexHMAC: sha256=HEX over the body.
func hexHMAC(_ http.Header, value string, body, secret []byte) bool {
	digits, ok := strings.CutPrefix(value, "sha256=")
	mac, err := hex.DecodeString(digits)
	return ok && err == nil && hmac.Equal(mac, sign(secret, body))
}

// signingToken is how Standard Webhooks writes a key.
const signingToken = "whsec_"

// standard: signatures "v1,BASE64", separated by spaces, over "id.timestamp.body".
func standard(h http.Header, value string, body, secret []byte) bool {
	key := secret
	if text, ok := strings.CutPrefix(string(secret), signingToken); ok {
		raw, err := base64.StdEncoding.DecodeString(text)
		if err != nil || len(raw) == 0 {
			return false
		}
		key = raw
	}
	want := sign(key, []byte(h.Get("Webhook-Id")+"."+h.Get("Webhook-Timestamp")+"."), body)
	ok := false
	for one := range strings.SplitSeq(value, " ") {
		text, v1 := strings.CutPrefix(one, "v1,")
		mac, err := base64.StdEncoding.DecodeString(text)
		ok = ok || v1 && err == nil && hmac.Equal(mac, want)
	}
	return ok
}

// bare: the secret itself. Hashes are compared, so that not even its length tells.
func bare(_ http.Header, value string, _, secret []byte) bool {
	have, want := sha256.Sum256([]byte(value)), sha256.Sum256(secret)
	return subtle.ConstantTimeCompare(have[:], want[:]) == 1
}

func bearer(h http.Header, value string, body, secret []byte) bool {
	scheme, rest, ok := strings.Cut(value, " ")
	return bare(h, rest, body, secret) && ok && strings.EqualFold(scheme, "Bearer")
}
