package webhook

import (
	"net/http"
	"sync"
	"time"
)

// readers are the calls whose bodies are being read, the one that began first in front.
// Anybody can make a signature up and send its body slowly, so a new one never waits:
// when there are atOnce of them the one that takes the longest is given up. An honest
// body is there in a moment.
type readers struct {
	mu  sync.Mutex
	all []*reader
}

// reader is one of them.
type reader struct {
	conn  *http.ResponseController
	given bool // up
}

// enter adds a call, and gives another up for it where there are too many.
func (r *readers) enter(w http.ResponseWriter) *reader {
	one := &reader{conn: http.NewResponseController(w)}
	r.mu.Lock()
	defer r.mu.Unlock()
	if len(r.all) >= atOnce {
		// It stands in the list, so its handler has not returned, and the connection is
		// its own. One that knows no deadlines ends by itself.
		longest := r.all[0]
		longest.given = true
		_ = longest.conn.SetReadDeadline(time.Unix(1, 0))
		r.all = append(r.all[:0], r.all[1:]...)
	}
	r.all = append(r.all, one)
	return one
}

// leave takes a call out, and reports whether it was given up.
func (r *readers) leave(one *reader) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	for i, other := range r.all {
		if other == one {
			r.all = append(r.all[:i], r.all[i+1:]...)
			break
		}
	}
	return one.given
}
