package main

import (
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"syscall"

	"github.com/ecs-operator/ecs-operator/pkg/sandbox"
)

// embeddedEndpoint is where clients find the embedded AWS: a name that no
// resolver knows, so that a call that slipped past the transport goes nowhere.
const embeddedEndpoint = "http://sandbox.invalid"

// embedded is the embedded AWS of this process, and its port if it has one.
type embedded struct {
	*sandbox.Sandbox
	listener *sandbox.Listener
}

// openEmbedded opens the state file, or makes a fresh world.
func openEmbedded(g *globalOptions, laws *law) (*embedded, error) {
	opts := sandbox.Options{Speed: g.sandboxSpeed}
	if laws != nil {
		opts.Fault = laws.enforce
	}
	s := (*sandbox.Sandbox)(nil)
	if g.sandboxState == "" {
		s = sandbox.New(opts)
	} else {
		var err error
		if s, err = sandbox.Open(g.sandboxState, opts); err != nil {
			return nil, err
		}
	}
	if laws != nil {
		laws.sandbox = s
	}
	return &embedded{Sandbox: s}, writtenPolicy(s, g.sandboxPolicy)
}

// transport answers in process, and refuses every other host.
func (e *embedded) transport() http.RoundTripper { return sealed{next: e.Transport()} }

// listen offers the embedded AWS at addr, or at a free port when addr is taken
// and orFree allows it.
func (e *embedded) listen(addr string, orFree bool) error {
	l, err := e.Listen(addr)
	if errors.Is(err, syscall.EADDRINUSE) && orFree {
		host, _, splitErr := net.SplitHostPort(addr)
		if splitErr != nil {
			return splitErr
		}
		l, err = e.Listen(net.JoinHostPort(host, "0"))
	}
	if errors.Is(err, syscall.EADDRINUSE) {
		return fmt.Errorf("%s is taken; choose another address with --listen, 127.0.0.1:0 for any free port", addr)
	}
	if err != nil {
		return err
	}
	e.listener = l
	return nil
}

// url is where a second terminal reaches the embedded AWS, "" when it does not listen.
func (e *embedded) url() string {
	if e.listener == nil {
		return ""
	}
	return e.listener.URL
}

func (e *embedded) close() error {
	var err error
	if e.listener != nil {
		err = e.listener.Close()
	}
	return errors.Join(err, e.Close())
}

// exports are the lines that point any AWS client at the embedded AWS.
func (e *embedded) exports() []string {
	return []string{
		"export AWS_ENDPOINT_URL=" + e.url(),
		"export AWS_REGION=" + sandbox.Region + " AWS_DEFAULT_REGION=" + sandbox.Region,
		"export AWS_ACCESS_KEY_ID=sandbox AWS_SECRET_ACCESS_KEY=sandbox AWS_SESSION_TOKEN=",
	}
}

// sealed is a transport that knows one host. Under --sandbox it is the only one
// that the program has.
type sealed struct{ next http.RoundTripper }

// RoundTrip refuses what is not for the embedded AWS.
func (s sealed) RoundTrip(r *http.Request) (*http.Response, error) {
	want, err := url.Parse(embeddedEndpoint)
	if err != nil {
		return nil, err
	}
	if r.URL.Host != want.Host {
		return nil, fmt.Errorf("refused: %s is not the embedded AWS, and under --sandbox nothing else is reached", r.URL.Host)
	}
	return s.next.RoundTrip(r)
}
