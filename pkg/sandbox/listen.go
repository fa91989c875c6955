package sandbox

import (
	"context"
	"errors"
	"fmt"
	"log"
	"net"
	"net/http"
	"time"
)

// Listener serves a sandbox on a loopback port.
type Listener struct {
	URL    string // "http://127.0.0.1:4566"
	server *http.Server
	done   chan error
}

// Listen serves the sandbox at a loopback address, "127.0.0.1:0" for any free
// port. Other addresses are refused: it answers anybody who can reach it.
func (s *Sandbox) Listen(addr string) (*Listener, error) {
	if err := loopbackOnly(addr); err != nil {
		return nil, err
	}
	ln, err := net.Listen("tcp", addr)
	if err != nil {
		return nil, fmt.Errorf("sandbox: %w", err)
	}
	l := &Listener{
		URL: "http://" + ln.Addr().String(),
		server: &http.Server{
			Handler: s, ReadHeaderTimeout: 10 * time.Second, ReadTimeout: time.Minute, IdleTimeout: 2 * time.Minute,
			ErrorLog: log.New(logWriter(s.opts.logf), "", 0),
		},
		done: make(chan error, 1),
	}
	if err := s.recordAddress(l.URL); err != nil {
		return nil, errors.Join(err, ln.Close())
	}
	go func() { l.done <- l.server.Serve(ln) }()
	return l, nil
}

// Close stops listening: calls in hand are finished, for at most two seconds.
func (l *Listener) Close() error {
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Second)
	defer cancel()
	err := l.server.Shutdown(ctx)
	if errors.Is(err, context.DeadlineExceeded) {
		err = l.server.Close()
	}
	if served := <-l.done; !errors.Is(served, http.ErrServerClosed) {
		err = errors.Join(err, served)
	}
	return err
}

func (s *Sandbox) recordAddress(url string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.store == nil {
		return nil
	}
	return s.store.lock.record(url)
}

func loopbackOnly(addr string) error {
	host, _, err := net.SplitHostPort(addr)
	if err != nil {
		return fmt.Errorf("sandbox: %w", err)
	}
	if host == "localhost" {
		return nil
	}
	if ip := net.ParseIP(host); ip == nil || !ip.IsLoopback() {
		return fmt.Errorf("sandbox: %q is not a loopback address; the sandbox listens on 127.0.0.1, [::1] or localhost only", addr)
	}
	return nil
}

// logWriter hands net/http's own complaints to the sandbox's log.
type logWriter func(format string, args ...any)

func (w logWriter) Write(p []byte) (int, error) {
	w("sandbox: %s", p)
	return len(p), nil
}
