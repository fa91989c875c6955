package sweep

import (
	"flag"
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"
)

var only = flag.String("case", "", "run this case only: CALL/FAULT, as a failure prints it")

// TestSingle is suite A: each scenario, at each call, with each fault that can befall it.
func TestSingle(t *testing.T) {
	for _, s := range scenarios() {
		t.Run(s.name, func(t *testing.T) {
			t.Parallel()
			g := s.prepare(t)
			ref := s.reference(t, g)
			if t.Failed() {
				return
			}
			n := 0
			for _, m := range ref.calls[:ref.rested] {
				for _, f := range faults() {
					if f.applies != nil && !f.applies(m) {
						continue
					}
					key := fmt.Sprintf("%s/%s", m, f.name)
					if *only != "" && *only != key {
						continue
					}
					if n++; testing.Short() && *only == "" && n%41 != 0 {
						continue
					}
					o := s.play(t, g, &strike{at: m.callID, fault: f}, ref.took+f.lasts+bound)
					for _, wrong := range o.judge(ref, f) {
						t.Errorf("%s\n  again: go test ./pkg/sweep -run 'TestSingle/^%s$' -case '%s'", wrong, s.name, key)
					}
				}
			}
		})
	}
}

// reference runs the scenario twice without a fault, and wants the same both times.
func (s *scenario) reference(t *testing.T, g ground) outcome {
	t.Helper()
	ref, again := s.play(t, g, nil, longest), s.play(t, g, nil, longest)
	if d := cmp.Diff(ref.picture, again.picture); d != "" {
		t.Errorf("two runs without a fault end differently: %s", d)
	}
	if d := cmp.Diff(s.rest, ref.stands); d != "" {
		t.Errorf("the services stand otherwise than the scenario says (-scenario +run):\n%s", d)
	}
	for _, wrong := range ref.judge(ref, &fault{}) {
		t.Error(wrong)
	}
	t.Logf("%d calls, %d of them before rest, %s, counts %v", len(ref.calls), ref.rested, ref.took, ref.counts)
	return ref
}
