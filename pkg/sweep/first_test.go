package sweep

import (
	"flag"
	"os/exec"
	"slices"
)

// control is the sweep without the bug that is looked for.
var control = flag.String("control", "", "a binary of these tests without the bug that is looked for: what fails there, too, says nothing")

// failsAnyway is whether a case, or the reference of a scenario, fails without the bug.
func failsAnyway(name string) bool {
	return *control != "" && exec.Command(*control, "-test.run=^TestSingle$", "-case="+name).Run() != nil
}

// itsReference stands behind the name of a scenario whose reference failed.
const itsReference = " (its reference)"

// likely are the faults at which a bug shows soonest, the likeliest first.
var likely = []string{"F4", "C1", "B1", "R1-10"}

// soonest is the order in which a bug is looked for: a case of each fault in turn, the
// likely ones first and twice as often, those of one fault spread evenly over the
// scenarios and their calls.
func soonest(cases []single) []single {
	left := map[string][]single{}
	turns := slices.Concat(likely, likely)
	for _, f := range faults() {
		if !slices.Contains(likely, f.name) {
			turns = append(turns, f.name)
		}
	}
	for _, name := range turns {
		if left[name] == nil {
			left[name] = spread(slices.DeleteFunc(slices.Clone(cases), func(c single) bool { return c.f.name != name }))
		}
	}
	out := make([]single, 0, len(cases))
	for len(out) < len(cases) {
		for _, name := range turns {
			if len(left[name]) > 0 {
				out, left[name] = append(out, left[name][0]), left[name][1:]
			}
		}
	}
	return out
}

// spread brings a list into an order whose every beginning is spread evenly over it.
func spread[T any](list []T) []T {
	n := len(list)
	step := max(1, n*618/1000)
	for gcd(step, n) != 1 {
		step++
	}
	out := make([]T, 0, n)
	for i := range n {
		out = append(out, list[i*step%n])
	}
	return out
}

func gcd(a, b int) int {
	for b != 0 {
		a, b = b, a%b
	}
	return a
}

// hasFailed is whether something has failed so far.
func (r *report) hasFailed() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return len(r.Failures) > 0
}
