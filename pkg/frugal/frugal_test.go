package frugal

import (
	"strings"
	"testing"
)

// failures is a test that remembers how it failed.
type failures struct {
	testing.TB
	said []string
}

func (f *failures) Helper() {}
func (f *failures) Errorf(format string, _ ...any) {
	f.said = append(f.said, format)
}

var kept []byte

// TestInput: too much time and too much memory are seen, and little is nothing.
func TestInput(t *testing.T) {
	for _, c := range []struct {
		name, want string
		f          func()
	}{
		{"little", "", func() { kept = make([]byte, 1<<20) }},
		{"memory", "MiB", func() {
			for range 5 {
				kept = make([]byte, 64<<20)
			}
			kept = nil
		}},
		{"time", "CPU", func() {
			for began := threadTime(); threadTime()-began <= CPU; {
			}
		}},
	} {
		f := &failures{TB: t}
		Input(f, c.f)
		if got := strings.Join(f.said, "; "); (got == "") != (c.want == "") || !strings.Contains(got, c.want) {
			t.Errorf("%s: %q, want %q", c.name, got, c.want)
		}
	}
}
