package verify

import (
	"io"
	"net"
	"net/http"
	"net/netip"
	"strings"
	"syscall"
	"time"
)

// maxAnswer is how much of one answer is read: manifests have at most 4 MiB
// (distribution specification), configurations are smaller still.
const maxAnswer = 4 << 20

// guarded is the transport of one registry. It sends what could be a credential
// over TLS only, to the registry or to a token server of the same site, and reads
// no more of an answer than a manifest may have.
type guarded struct {
	next     http.RoundTripper
	registry string // host, with its port
	loopback bool
}

// RoundTrip lets a request through, or refuses it.
func (g *guarded) RoundTrip(r *http.Request) (*http.Response, error) {
	if r.Header.Get("Authorization") != "" || r.Method == http.MethodPost { // a token may be asked for with the secret in the body
		switch {
		case r.URL.Scheme != "https" && !(g.loopback && loopback(r.URL.Hostname())):
			return nil, refuse("credentials for %s would go over plain HTTP", g.registry)
		case !sameSite(r.URL.Host, g.registry):
			return nil, refuse("credentials for %s would go to %s", g.registry, r.URL.Host)
		}
	}
	res, err := g.next.RoundTrip(r)
	if err != nil {
		return nil, err
	}
	res.Body = &bounded{ReadCloser: res.Body, left: maxAnswer}
	return res, nil
}

// sameSite reports whether two hosts are one, or share the last two labels of their
// names: registry-1.docker.io and auth.docker.io.
func sameSite(a, b string) bool {
	if a == b {
		return true
	}
	a, b = hostOf(a), hostOf(b)
	if _, err := netip.ParseAddr(a); err == nil {
		return a == b
	}
	return a == b || site(a) == site(b) && strings.Contains(site(a), ".")
}

func hostOf(hostPort string) string {
	if h, _, err := net.SplitHostPort(hostPort); err == nil {
		return strings.ToLower(h)
	}
	return strings.ToLower(strings.Trim(hostPort, "[]"))
}

func site(host string) string {
	labels := strings.Split(host, ".")
	if len(labels) > 2 {
		labels = labels[len(labels)-2:]
	}
	return strings.Join(labels, ".")
}

func loopback(host string) bool {
	if host == "localhost" {
		return true
	}
	a, err := netip.ParseAddr(host)
	return err == nil && a.IsLoopback()
}

// bounded reads up to a limit, and fails beyond: half a manifest is none.
type bounded struct {
	io.ReadCloser
	left int64
}

// Read fails where more comes than is left.
func (b *bounded) Read(p []byte) (int, error) {
	if b.left < 0 {
		return 0, refuse("the answer is larger than %d bytes", maxAnswer)
	}
	if int64(len(p)) > b.left+1 {
		p = p[:b.left+1]
	}
	n, err := b.ReadCloser.Read(p)
	if b.left -= int64(n); b.left < 0 {
		return 0, refuse("the answer is larger than %d bytes", maxAnswer)
	}
	return n, err
}

// outside is a transport that reaches registries and not what is beside the
// operator: the address is judged after its name was resolved, right before the
// connection, so that no name can be turned into another meanwhile.
func outside() http.RoundTripper {
	d := &net.Dialer{Timeout: 5 * time.Second, Control: func(_, address string, _ syscall.RawConn) error { return reachable(address) }}
	return &http.Transport{
		Proxy: http.ProxyFromEnvironment, DialContext: d.DialContext, ForceAttemptHTTP2: true,
		TLSHandshakeTimeout: 5 * time.Second, ResponseHeaderTimeout: imageTimeout, IdleConnTimeout: 30 * time.Second,
		MaxIdleConns: 16, MaxResponseHeaderBytes: 64 << 10,
	}
}

// metadata is the address of EC2's metadata service in IPv6; that of IPv4 and those
// of ECS' task metadata are link-local.
var metadata = netip.MustParseAddr("fd00:ec2::254")

// reachable refuses addresses that no registry has. Private ones stay: registries of
// companies are there.
func reachable(address string) error {
	at, err := netip.ParseAddrPort(address)
	if err != nil {
		return refuse("%s is no address", address)
	}
	a := at.Addr().Unmap()
	if a.IsLoopback() || a.IsUnspecified() || a.IsLinkLocalUnicast() || a.IsMulticast() || a == metadata {
		return refuse("%s is no address of a registry", a)
	}
	return nil
}
