package webhook

import (
	"fmt"
	"io"
	"net/http"
	"strings"

	"golang.org/x/time/rate"
)

// Bounds of what is listened to.
const (
	MaxBody    = 1 << 20
	atOnce     = 128 // bodies that are read at a time
	perSecond  = 50  // calls that are believed, of all senders together
	burst      = 100 // of them
	pathPrefix = "/hook/"
)

// Outcomes of a call, as they are counted.
const (
	Accepted = "accepted"
	Ping     = "ping"
	Refused  = "refused" // no or a wrong credential, or a body that is too large
	Limited  = "limited" // too many at once
)

// Options of a Handler.
type Options struct {
	// Secrets gives the secrets that are valid now; without one nobody is believed.
	Secrets func() [][]byte
	// Poke is called for each call that is believed. It must not block.
	Poke func()
	// Count is told of every call to a provider's path.
	Count func(provider, outcome string)
}

// New makes the handler of POST /hook/github, gitlab, bitbucket and generic.
func New(o Options) http.Handler {
	calls := rate.NewLimiter(perSecond, burst)
	bodies := &readers{}
	mux := http.NewServeMux()
	for _, p := range providers {
		mux.Handle("POST "+pathPrefix+p.name, &hook{Options: o, provider: p, calls: calls, bodies: bodies})
	}
	return mux
}

// hook answers the calls of one provider.
type hook struct {
	Options
	provider provider
	calls    *rate.Limiter
	bodies   *readers
}

// ServeHTTP believes a call or refuses it, and tells neither more than that.
func (k *hook) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("X-Content-Type-Options", "nosniff")
	w.Header().Set("Cache-Control", "no-store")
	outcome, code, text := k.judge(w, r)
	k.Count(k.provider.name, outcome)
	if code == http.StatusTooManyRequests {
		w.Header().Set("Retry-After", "1")
	}
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.WriteHeader(code)
	_, _ = fmt.Fprintln(w, text) // the caller is gone: nobody to tell
}

// tooMany is what is said to those that are not listened to.
const tooMany = "too many calls: one of them is as good as all"

// judge takes a call to its outcome.
func (k *hook) judge(w http.ResponseWriter, r *http.Request) (outcome string, code int, text string) {
	const refusal = "the call is not signed with the secret of this operator"
	way, value, ok := k.provider.way(r.Header)
	if !ok {
		return Refused, http.StatusUnauthorized, refusal
	}
	proofs := way.proofs(r.Header, value, k.Secrets())
	if way.signed {
		if r.ContentLength > MaxBody {
			return Refused, http.StatusRequestEntityTooLarge, "the body is larger than 1 MiB"
		}
		one := k.bodies.enter(w)
		n, err := io.Copy(proofs, io.LimitReader(r.Body, MaxBody+1))
		switch given := k.bodies.leave(one); {
		case given:
			w.Header().Set("Connection", "close")
			return Limited, http.StatusTooManyRequests, "too many calls, and none took as long as this one: send it again"
		case err != nil:
			return Refused, http.StatusBadRequest, "the body could not be read"
		case n > MaxBody:
			return Refused, http.StatusRequestEntityTooLarge, "the body is larger than 1 MiB"
		}
	}
	switch {
	case !proofs.valid():
		return Refused, http.StatusUnauthorized, refusal
	case !k.calls.Allow(): // only now: who makes signatures up must not use up the turn of others
		return Limited, http.StatusTooManyRequests, tooMany
	case k.provider.ping(r.Header):
		return Ping, http.StatusOK, "pong"
	}
	k.Poke()
	return Accepted, http.StatusAccepted, "the source is looked at"
}

// ParseSecrets reads secrets, one a line. Each has to have at least 16 characters:
// the address of a webhook is no secret, and guessing must not be worth it.
func ParseSecrets(text string) ([][]byte, error) {
	var out [][]byte
	for line := range strings.Lines(text) {
		line = strings.TrimSpace(line)
		if line == "" {
			continue
		}
		if len(line) < 16 {
			return nil, fmt.Errorf("the secret of a webhook has %d characters: use at least 16, like those of `openssl rand -hex 32`", len(line))
		}
		out = append(out, []byte(line))
	}
	if len(out) == 0 {
		return nil, fmt.Errorf("there is no secret of a webhook: make one with `openssl rand -hex 32`")
	}
	return out, nil
}
