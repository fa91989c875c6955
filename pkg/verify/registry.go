package verify

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"regexp"
	"strings"
	"sync"

	"github.com/google/go-containerregistry/pkg/authn"
	"github.com/google/go-containerregistry/pkg/name"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/remote"
	"github.com/google/go-containerregistry/pkg/v1/remote/transport"
	"github.com/google/go-containerregistry/pkg/v1/types"
)

// Registry asks OCI registries: Docker Hub, JFrog, Nexus, GHCR, ECR's own, any other.
type Registry struct {
	transport http.RoundTripper
	loopback  bool
	config    *dockerConfig
	agent     string

	mu   sync.Mutex
	seen map[string][]platform // by repository@digest, which never changes
}

// RegistryOptions of a Registry.
type RegistryOptions struct {
	// Transport makes the connections; nil for one that dials neither link-local nor
	// loopback addresses.
	Transport http.RoundTripper
	// Loopback allows credentials over plain HTTP to a registry on this machine.
	Loopback bool
	// DockerConfig is the path of the docker config, "" for none.
	DockerConfig string
	UserAgent    string
}

// NewRegistry makes a client. The docker config is read when it is first needed.
func NewRegistry(o RegistryOptions) *Registry {
	if o.Transport == nil {
		o.Transport = outside()
	}
	return &Registry{transport: o.Transport, loopback: o.Loopback, agent: o.UserAgent,
		config: &dockerConfig{path: o.DockerConfig}, seen: map[string][]platform{}}
}

// login is what a registry is given; the zero value asks as anybody.
type login struct{ user, password, identity string }

func (l login) authenticator() authn.Authenticator {
	if l == (login{}) {
		return authn.Anonymous
	}
	return authn.FromConfig(authn.AuthConfig{Username: l.user, Password: l.password, IdentityToken: l.identity})
}

// seenSize bounds the memory of digests.
const seenSize = 10_000

// platforms asks what an image is made for; none for one that does not tell. A HEAD
// comes first: it gives the digest and does not count as a pull where pulls are
// counted ("Docker Hub usage and limits").
func (r *Registry) platforms(ctx context.Context, ref name.Reference, l login) ([]platform, error) {
	options := []remote.Option{remote.WithContext(ctx), remote.WithAuth(l.authenticator()),
		remote.WithTransport(&guarded{next: r.transport, registry: ref.Context().RegistryStr(), loopback: r.loopback}),
		remote.WithRetryBackoff(remote.Backoff{Duration: 1, Factor: 1, Steps: 2}), remote.WithUserAgent(r.agent)}
	head, err := remote.Head(ref, options...)
	if err != nil {
		if status := statusOf(err); status == http.StatusTooManyRequests || status == http.StatusUnauthorized {
			return nil, err
		}
		// Not every registry answers HEAD well, and none says why.
	} else if found, have := r.known(ref.Context().Digest(head.Digest.String())); have {
		return found, nil
	}
	d, err := remote.Get(ref, options...)
	if err != nil {
		return nil, err
	}
	found, err := platformsOf(d)
	if err != nil {
		return nil, err
	}
	r.keep(ref.Context().Digest(d.Digest.String()), found)
	return found, nil
}

func platformsOf(d *remote.Descriptor) ([]platform, error) {
	switch {
	case d.MediaType.IsIndex():
		index, err := d.ImageIndex()
		if err != nil {
			return nil, err
		}
		m, err := index.IndexManifest()
		if err != nil {
			return nil, err
		}
		var found []platform
		for _, x := range m.Manifests {
			if p := x.Platform; p != nil && p.Architecture != "unknown" {
				found = append(found, platform{p.OS, p.Architecture})
			}
		}
		return found, nil
	case d.MediaType == types.DockerManifestSchema1, d.MediaType == types.DockerManifestSchema1Signed:
		return nil, nil
	}
	image, err := d.Image()
	if err != nil {
		return nil, err
	}
	var c *v1.ConfigFile
	if c, err = image.ConfigFile(); err != nil {
		return nil, err
	}
	if c.Architecture == "" {
		return nil, nil
	}
	return []platform{{c.OS, c.Architecture}}, nil
}

func (r *Registry) known(d name.Digest) ([]platform, bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	found, have := r.seen[d.String()]
	return found, have
}

func (r *Registry) keep(d name.Digest, found []platform) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if len(r.seen) >= seenSize {
		clear(r.seen)
	}
	r.seen[d.String()] = found
}

// configured is the login that the docker config has for a registry, or the helper
// that keeps it.
func (r *Registry) configured(host string) (l login, helper string) { return r.config.login(host) }

func statusOf(err error) int {
	if e, ok := errors.AsType[*transport.Error](err); ok {
		return e.StatusCode
	}
	return 0
}

// registryAnswer says what the failure of a registry means. Only that it knows no
// such repository or manifest is certain: a 401 is what private images and ones that
// do not exist have in common.
func registryAnswer(err error) answer {
	e, ok := errors.AsType[*transport.Error](err)
	if !ok {
		return unchecked("its registry could not be asked: %s", without(err))
	}
	switch e.StatusCode {
	case http.StatusNotFound:
		return missing("its registry has no such image%s", codes(e))
	case http.StatusUnauthorized, http.StatusForbidden:
		return unchecked("its registry refuses to tell (HTTP %d%s): the image is private, or does not exist", e.StatusCode, codes(e))
	case http.StatusTooManyRequests:
		return unchecked("its registry limits the rate of requests (HTTP 429)")
	}
	return unchecked("its registry answers HTTP %d%s", e.StatusCode, codes(e))
}

var codeForm = regexp.MustCompile(`^[A-Z][A-Z_]{2,39}$`)

// codes are a registry's own words, as far as they are one of the distribution
// specification's codes: free text is the registry's, and may hold anything.
func codes(e *transport.Error) string {
	var out []string
	for _, d := range e.Errors {
		if codeForm.MatchString(string(d.Code)) {
			out = append(out, string(d.Code))
		}
	}
	if len(out) == 0 {
		return ""
	}
	return ", " + strings.Join(out, ", ")
}

// without gives an error's text without the query of any address in it: signed
// addresses and token requests carry secrets there.
func without(err error) string {
	words := strings.Fields(err.Error())
	for i, w := range words {
		if at := strings.IndexByte(w, '?'); at >= 0 && strings.Contains(w, "://") {
			words[i] = w[:at] + "?…"
		}
	}
	s := strings.Join(words, " ")
	if len(s) > 300 {
		s = s[:300] + "…"
	}
	return s
}

// errRefused is behind what the guard does not let through.
var errRefused = errors.New("refused")

func refuse(format string, args ...any) error {
	return fmt.Errorf("%w: %s", errRefused, fmt.Sprintf(format, args...))
}
