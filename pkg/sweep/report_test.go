package sweep

import (
	"maps"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

// report is what suite A tells: the JSON that hack/sweep and the pages are made of.
// Fields are added, never changed.
type report struct {
	mu sync.Mutex

	Suite     string   `json:"suite,omitempty"` // none is A
	Commit    string   `json:"commit"`
	Scenarios []told   `json:"scenarios"`
	Faults    []told   `json:"faults"`
	All       int      `json:"all"`      // cases that there are
	Cases     int      `json:"cases"`    // that were run
	Fired     int      `json:"fired"`    // whose fault befell a call
	Changed   int      `json:"changed"`  // of those: the calls or their answers were others than the reference's
	Mask      []string `json:"mask"`     // what of AWS' state is not compared
	Failures  []failed `json:"failures"` // never null
	Worst     worst    `json:"worst"`    // the case that took longest, in virtual time
	Extra     extra    `json:"extra"`    // calls before rest, more than in the reference
	Doubled   int      `json:"doubled"`  // cases in which something was made or deployed twice
	Unowned   int      `json:"unowned"`  // deletions of what was not the operator's
	Hours     float64  `json:"hours"`    // virtual
	Seconds   float64  `json:"seconds"`  // of the clock
	CPUs      int      `json:"cpus"`     // that it ran on

	began, shown time.Time
	extras       []int
}

// told is what is told of a scenario, or of a fault.
type told struct {
	Name    string `json:"name"`
	Says    string `json:"says,omitempty"`
	Calls   int    `json:"calls,omitempty"` // of the reference, until it is at rest
	Cases   int    `json:"cases"`
	Changed int    `json:"changed"`
	Failed  int    `json:"failed"`
}

type failed struct {
	Case  string   `json:"case"`
	Again string   `json:"again"`
	Wrong []string `json:"wrong"`
}

type worst struct {
	Case    string  `json:"case"`
	Seconds float64 `json:"seconds"`
}

type extra struct {
	Median int    `json:"p50"`
	Most   int    `json:"max"`
	Case   string `json:"case"`
}

// scenario notes one that will be swept.
func (r *report) scenario(s *scenario, ref outcome) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.Scenarios = append(r.Scenarios, told{Name: s.name, Calls: ref.rested})
	r.Hours += 2 * ref.lived.Hours()
}

func (r *report) failed(name, again string, wrong []string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.Failures = append(r.Failures, failed{name, again, wrong})
}

// add takes a case in.
func (r *report) add(t *testing.T, c single, o outcome, wrong []string) {
	r.take(t, c, c.String(), again(c.String()), o, wrong)
}

// take takes in a case, or a pair that begins as one.
func (r *report) take(t *testing.T, c single, name, again string, o outcome, wrong []string) {
	if len(wrong) > 0 {
		r.failed(name, again, wrong)
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	at := func(list *[]told, name, says string) *told {
		i := slices.IndexFunc(*list, func(t told) bool { return t.Name == name })
		if i < 0 {
			i = len(*list)
			*list = append(*list, told{Name: name, Says: says})
		}
		return &(*list)[i]
	}
	for _, t := range []*told{at(&r.Scenarios, c.s.name, ""), at(&r.Faults, c.f.name, c.f.says)} {
		t.Cases++
		if len(wrong) > 0 {
			t.Failed++
		}
		if o.fired && o.changed(c.ref) {
			t.Changed++
		}
	}
	r.Cases++
	if o.fired {
		r.Fired++
	}
	if o.fired && o.changed(c.ref) {
		r.Changed++
	}
	if s := o.converged.Seconds(); s > r.Worst.Seconds {
		r.Worst = worst{name, s}
	}
	more := o.rested - c.ref.rested
	r.extras = append(r.extras, more)
	if more > r.Extra.Most {
		r.Extra.Most, r.Extra.Case = more, name
	}
	for _, w := range wrong {
		if strings.HasPrefix(w, "I2") || strings.HasPrefix(w, "I4") {
			r.Doubled++
			break
		}
	}
	for _, w := range wrong {
		if strings.HasPrefix(w, "I1") && strings.Contains(w, "Delete") {
			r.Unowned++
		}
	}
	r.Hours += o.lived.Hours()
	if now := time.Now(); len(wrong) > 0 || now.Sub(r.shown) > 10*time.Second { // so that a long run can be looked at
		r.shown, r.Seconds = now, now.Sub(r.began).Seconds()
		write(t, r)
	}
}

// finish tells the sums, and writes them where that is wanted.
func (r *report) finish(t *testing.T) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.Commit, r.CPUs, r.Seconds = commit(), runtime.GOMAXPROCS(0), time.Since(r.began).Seconds()
	r.Mask = slices.Sorted(maps.Keys(mask))
	if r.Failures == nil {
		r.Failures = []failed{}
	}
	slices.SortFunc(r.Failures, func(a, b failed) int { return strings.Compare(a.Case, b.Case) })
	inOrder(r.Scenarios, scenarios(), func(s *scenario) string { return s.name })
	inOrder(r.Faults, faults(), func(f *fault) string { return f.name })
	slices.Sort(r.extras)
	if n := len(r.extras); n > 0 {
		r.Extra.Median = r.extras[n/2]
	}
	t.Logf("%d scenarios, %d of %d cases, %d fired, %d changed the calls, %d failed; worst %.0f s in %s; %d more calls at most, in %s; %.0f virtual hours in %.0f s",
		len(r.Scenarios), r.Cases, r.All, r.Fired, r.Changed, len(r.Failures), r.Worst.Seconds, r.Worst.Case, r.Extra.Most, r.Extra.Case, r.Hours, r.Seconds)
	write(t, r)
}

// inOrder sorts what is told as its list has it.
func inOrder[T any](list []told, by []T, name func(T) string) {
	at := map[string]int{}
	for i, x := range by {
		at[name(x)] = i
	}
	slices.SortStableFunc(list, func(a, b told) int { return at[a.Name] - at[b.Name] })
}
