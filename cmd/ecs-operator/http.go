package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"syscall"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"
)

// defaultStatusListen is where the daemon answers about itself. Only this
// machine reaches it unless somebody says otherwise.
const defaultStatusListen = "127.0.0.1:8080"

// probes are the daemon's own word on itself: nil is well.
type probes struct {
	alive, ready func() error
}

// statusServer is /healthz, /readyz and /metrics. It is read-only and holds no
// text of a spec.
type statusServer struct {
	URL    string
	server *http.Server
	done   chan error
}

// serveStatus listens at addr, or at a free port when addr is taken and orFree
// allows it.
func serveStatus(addr string, orFree bool, p probes, registry *prometheus.Registry) (*statusServer, error) {
	ln, err := listenAt("--listen", addr, defaultStatusListen, orFree)
	if err != nil {
		return nil, err
	}
	return serveOn(ln, guardStatus(ln.Addr(), statusMux(p, registry))), nil
}

// listenAt opens the address of a flag.
func listenAt(flag, addr, usual string, orFree bool) (net.Listener, error) {
	host, _, err := net.SplitHostPort(addr)
	if err != nil {
		return nil, fmt.Errorf("%s %q: want host:port, like %s", flag, addr, usual)
	}
	ln, err := net.Listen("tcp", addr)
	if errors.Is(err, syscall.EADDRINUSE) {
		if !orFree {
			return nil, fmt.Errorf("%s %s is taken, perhaps by another operator; choose another address, 127.0.0.1:0 for any free port", flag, addr)
		}
		ln, err = net.Listen("tcp", net.JoinHostPort(host, "0"))
	}
	if err != nil {
		return nil, fmt.Errorf("%s: %w", flag, err)
	}
	return ln, nil
}

// serveOn serves a handler to people who may not mean well.
func serveOn(ln net.Listener, handler http.Handler) *statusServer {
	s := &statusServer{
		URL: "http://" + ln.Addr().String(),
		server: &http.Server{
			Handler:           handler,
			ReadHeaderTimeout: 5 * time.Second, ReadTimeout: 10 * time.Second,
			WriteTimeout: 30 * time.Second, IdleTimeout: time.Minute, MaxHeaderBytes: 16 << 10,
		},
		done: make(chan error, 1),
	}
	go func() { s.done <- s.server.Serve(ln) }()
	return s
}

func statusMux(p probes, registry *prometheus.Registry) http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /healthz", probe(p.alive))
	mux.HandleFunc("GET /readyz", probe(p.ready))
	mux.Handle("GET /metrics", promhttp.HandlerFor(registry, promhttp.HandlerOpts{Registry: registry}))
	return mux
}

func probe(check func() error) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/plain; charset=utf-8")
		if err := check(); err != nil {
			w.WriteHeader(http.StatusServiceUnavailable)
			_, _ = fmt.Fprintln(w, err)
			return
		}
		_, _ = fmt.Fprintln(w, "ok")
	}
}

// guardStatus refuses requests that a web page made a browser send (DNS
// rebinding): on a loopback address only loopback names are served.
func guardStatus(addr net.Addr, next http.Handler) http.Handler {
	tcp, ok := addr.(*net.TCPAddr)
	loopback := ok && tcp.IP.IsLoopback()
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("Cache-Control", "no-store")
		h.Set("Content-Security-Policy", "default-src 'none'")
		if loopback && !loopbackHost(r.Host) {
			http.Error(w, "this address is for this machine only", http.StatusMisdirectedRequest)
			return
		}
		next.ServeHTTP(w, r)
	})
}

func loopbackHost(hostport string) bool {
	host, _, err := net.SplitHostPort(hostport)
	if err != nil {
		host = hostport
	}
	ip := net.ParseIP(host)
	return host == "localhost" || (ip != nil && ip.IsLoopback())
}

// close stops listening; calls in hand are finished, for at most two seconds.
func (s *statusServer) close() {
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Second)
	defer cancel()
	if s.server.Shutdown(ctx) != nil {
		_ = s.server.Close()
	}
	<-s.done
}
