package main

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/ecs-operator/ecs-operator/pkg/reconcile"
)

func TestStatusServer(t *testing.T) {
	sick := errors.New("no pass has ended")
	well := func() error { return nil }
	s, err := serveStatus("127.0.0.1:0", false, probes{alive: well, ready: func() error { return sick }}, prometheus.NewRegistry())
	if err != nil {
		t.Fatal(err)
	}
	defer s.close()
	for _, c := range []struct {
		method, path, host string
		want               int
	}{
		{http.MethodGet, "/healthz", "", http.StatusOK},
		{http.MethodGet, "/readyz", "", http.StatusServiceUnavailable},
		{http.MethodGet, "/metrics", "", http.StatusOK},
		{http.MethodGet, "/healthz", "localhost:8080", http.StatusOK},
		{http.MethodGet, "/healthz", "[::1]:8080", http.StatusOK},
		{http.MethodPost, "/healthz", "", http.StatusMethodNotAllowed},
		{http.MethodGet, "/", "", http.StatusNotFound},
		{http.MethodGet, "/metrics", "rebound.example.com", http.StatusMisdirectedRequest},
		{http.MethodGet, "/metrics", "127.0.0.1.example.com", http.StatusMisdirectedRequest},
	} {
		req, err := http.NewRequestWithContext(context.Background(), c.method, s.URL+c.path, nil)
		if err != nil {
			t.Fatal(err)
		}
		req.Host = c.host
		resp, err := http.DefaultClient.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		_ = resp.Body.Close()
		if resp.StatusCode != c.want {
			t.Errorf("%s %s for %q: %d, want %d", c.method, c.path, c.host, resp.StatusCode, c.want)
		}
		if resp.Header.Get("X-Content-Type-Options") != "nosniff" {
			t.Errorf("%s %s: no nosniff", c.method, c.path)
		}
	}

	if _, err := serveStatus(strings.TrimPrefix(s.URL, "http://"), false, probes{}, prometheus.NewRegistry()); err == nil || !strings.Contains(err.Error(), "is taken") {
		t.Errorf("a taken port: %v", err)
	}
	free, err := serveStatus(strings.TrimPrefix(s.URL, "http://"), true, probes{alive: well, ready: well}, prometheus.NewRegistry())
	if err != nil {
		t.Fatal(err)
	}
	free.close()
}

func TestPulse(t *testing.T) {
	now := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	p := newPulse(func() time.Time { return now }, time.Minute)
	if p.alive() != nil || p.ready() == nil {
		t.Error("at the start it is alive and not ready")
	}
	p.event(reconcile.Event{Kind: reconcile.EventPass})
	if p.ready() != nil {
		t.Error("ready after a pass")
	}
	now = now.Add(12 * time.Minute)
	if p.alive() != nil {
		t.Error("a slow pass is no death")
	}
	now = now.Add(2 * time.Minute)
	if p.alive() == nil {
		t.Error("a loop that ends no pass is dead")
	}
	p.event(reconcile.Event{Kind: reconcile.EventState})
	if p.alive() != nil {
		t.Error("an event is a sign of life")
	}
}

// TestSealed: under --sandbox the program has no way to another host.
func TestSealed(t *testing.T) {
	e, err := openEmbedded(&globalOptions{sandbox: true, sandboxSpeed: 1}, nil)
	if err != nil {
		t.Fatal(err)
	}
	client := &http.Client{Transport: e.transport()}
	for _, url := range []string{"http://127.0.0.1/", "https://ecs.us-east-1.amazonaws.com/", embeddedEndpoint + ".example.com/", "http://169.254.169.254/"} {
		req, err := http.NewRequestWithContext(context.Background(), http.MethodGet, url, nil)
		if err != nil {
			t.Fatal(err)
		}
		resp, err := client.Do(req)
		if err == nil {
			_ = resp.Body.Close()
		}
		if err == nil || !strings.Contains(err.Error(), "under --sandbox nothing else is reached") {
			t.Errorf("%s: %v", url, err)
		}
	}
	req, err := http.NewRequestWithContext(context.Background(), http.MethodGet, embeddedEndpoint+"/", nil)
	if err != nil {
		t.Fatal(err)
	}
	resp, err := client.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	_ = resp.Body.Close()
	if resp.StatusCode != http.StatusBadRequest { // it is AWS: a request without an action is refused
		t.Errorf("the embedded AWS answers %s", resp.Status)
	}
}
