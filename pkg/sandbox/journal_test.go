package sandbox

import (
	"slices"
	"strings"
	"testing"
)

// TestLastCalls: what is kept of a long journal are the newest calls, and reads
// go before writes.
func TestLastCalls(t *testing.T) {
	journal := func(s string) []Entry {
		var out []Entry
		for _, name := range strings.Fields(s) {
			out = append(out, Entry{Operation: name, Write: strings.HasPrefix(name, "W")})
		}
		return out
	}
	for name, tc := range map[string]struct {
		all  string
		n    int
		want string
	}{
		"short":       {"W1 r2 W3", 3, "W1 r2 W3"},
		"reads go":    {"r0 W1 r2 r3 W4 r5", 4, "W1 r3 W4 r5"},
		"only writes": {"r0 W1 W2 r3 W4", 2, "W2 W4"},
	} {
		t.Run(name, func(t *testing.T) {
			if got := lastCalls(journal(tc.all), tc.n); !slices.Equal(got, journal(tc.want)) {
				t.Errorf("kept %v, want %s", got, tc.want)
			}
		})
	}
}
