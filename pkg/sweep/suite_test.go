package sweep

import (
	"encoding/json"
	"os"
	"testing"
	"time"
)

// bound is what a fault may add to the reference's time: two reconcile intervals and the
// longest backoff (promise P1).
const bound = 10 * time.Minute

// write puts what a suite amounts to into the file that -results names, if it names one.
func write(t *testing.T, v any) {
	t.Helper()
	if *results == "" {
		return
	}
	raw, err := json.MarshalIndent(v, "", "  ")
	if err == nil {
		err = os.WriteFile(*results, append(raw, '\n'), 0o644)
	}
	if err != nil {
		t.Error(err)
	}
}
