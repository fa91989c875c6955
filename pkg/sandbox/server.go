package sandbox

import "net/http"

// handlers are what timers call, by timer kind.
var handlers = map[string]func(w *World, key string){}

type journal struct{}
type store struct{}
type roundTripper struct{ s *Sandbox }

// RoundTrip answers an SDK call in process.
func (rt roundTripper) RoundTrip(*http.Request) (*http.Response, error) {
	return nil, http.ErrNotSupported
}
