package reconcile

import (
	"strings"
	"testing"
)

// Behind a Network Load Balancer, whose listener is the document's, one target group
// takes over from another as it does behind rules.
func TestATakeoverOnNetwork(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world) {
		w.engine()
		listener, _ := w.network()
		doc := strings.Replace(onNetwork("  policy: {adopt: true}\n"), "desiredCount: 1", "desiredCount: 2", 1)
		w.files.put("a.yaml", doc)
		w.allReady(w.wait(w.engine()))
		old := *w.groupARN("a-web")
		l := &load{want: 2}
		w.watchBy(l.see)
		w.files.put("a.yaml", strings.Replace(doc, "protocol: TCP, port: 80", "protocol: TCP, port: 81", 1))
		w.allReady(w.wait(w.engine()))
		l.check(t)
		if _, moments := l.seen(); moments < 20 {
			t.Errorf("only %d moments were looked at", moments)
		}
		now := *w.groupARN("a-web")
		if got := w.weights(listener); now == old || len(got) != 1 {
			t.Errorf("%s became %s, and the listener has %v", old, now, got)
		}
		since := w.mark()
		w.allReady(w.wait(w.engine()))
		w.quiet(since, "afterwards")
	})
}
