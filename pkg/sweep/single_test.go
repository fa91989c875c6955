package sweep

import (
	"cmp"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	godiff "github.com/google/go-cmp/cmp"
)

// What hack/sweep and people ask for.
var (
	only    = flag.String("case", "", "run this case only: SCENARIO/CALL/FAULT, as a failure prints it; each part may be a pattern: */*/H1; SCENARIO alone: its reference")
	befalls = flag.String("kinds", "", "take only faults whose names match this regular expression: '^(H|T1)'")
	every   = flag.Int("every", 283, "run one of so many cases, evenly spread; 1 for all of them")
	share   = flag.Int("cases", 0, "run so many cases, evenly spread, instead of one of -every")
	first   = flag.Bool("first", false, "end at the first case or reference that fails; those come first at which bugs show soonest")
	budget  = flag.Duration("budget", 0, "begin no case after so long; 0: no end")
	results = flag.String("results", "", "write what came of it to this file, as JSON")
	update  = flag.Bool("update", false, "write testdata/references.txt anew")
)

// single is one case of suite A.
type single struct {
	s   *scenario
	g   ground
	ref outcome
	at  callID
	f   *fault
}

func (c single) String() string { return fmt.Sprintf("%s/%s/%s", c.s.name, c.at, c.f.name) }

// TestSingle is suite A: each scenario, at each call, with each fault that can befall it.
func TestSingle(t *testing.T) {
	began := time.Now()
	sum := report{began: began}
	cases := singles(t, &sum)
	run := chosen(cases)
	if *first && sum.hasFailed() {
		run = nil
	}
	sum.All = len(cases)
	var next atomic.Int64
	var over atomic.Bool
	t.Run("cases", func(t *testing.T) {
		for i := range runtime.GOMAXPROCS(0) {
			t.Run(fmt.Sprint("worker", i), func(t *testing.T) {
				t.Parallel()
				for !over.Load() && (*budget == 0 || time.Since(began) < *budget) {
					n := int(next.Add(1)) - 1
					if n >= len(run) {
						return
					}
					if c := run[n]; !c.run(t, &sum) && *first {
						over.Store(true)
					}
				}
			})
		}
	})
	if strings.Contains(*only, "/") && len(run) == 0 && !t.Failed() {
		t.Errorf("there is no case %s", *only)
	}
	sum.finish(t)
}

// singles prepares the scenarios, with their references, and lists all cases, those of
// the longest scenarios first.
func singles(t *testing.T, sum *report) []single {
	var mu sync.Mutex
	var all []single
	t.Run("references", func(t *testing.T) {
		golden := newGolden(t)
		for _, s := range scenarios() {
			if name, _, _ := strings.Cut(*only, "/"); name != "" && !matches(name, s.name) {
				continue
			}
			t.Run(s.name, func(t *testing.T) {
				t.Parallel()
				if *first && sum.hasFailed() {
					return
				}
				var ref outcome
				var wrong []string
				defer func() {
					if t.Failed() && !failsAnyway(s.name) {
						sum.failed(s.name+itsReference, "go test ./pkg/sweep -run '^TestSingle$' -case "+s.name, wrong)
					}
				}()
				g := s.prepare(t)
				ref, wrong = s.reference(t, g, golden)
				for _, w := range wrong {
					t.Error(w)
				}
				if len(wrong) > 0 && *only != "" {
					t.Logf("the operator said:\n%s\nAWS was asked:\n  %s", ref.told, strings.Join(ref.sequence, "\n  "))
				}
				moved := s.moved(t, g, ref)
				mu.Lock()
				defer mu.Unlock()
				sum.scenario(s, ref)
				if !t.Failed() {
					all = append(all, s.singles(g, ref, moved)...)
				}
			})
		}
	})
	slices.SortStableFunc(all, func(a, b single) int {
		return cmp.Or(cmp.Compare(len(b.ref.calls), len(a.ref.calls)), strings.Compare(a.s.name, b.s.name))
	})
	return all
}

// singles are the cases of a scenario.
func (s *scenario) singles(g ground, ref, moved outcome) []single {
	var all []single
	for _, m := range ref.calls[:ref.rested] {
		for _, f := range faults() {
			switch {
			case f.applies != nil && !f.applies(m), f.pointless != nil && f.pointless(s), s.timed && f.around(), f.moves && moved.calls == nil:
			case f.moves:
				all = append(all, single{s, g, moved, m.callID, f})
			default:
				all = append(all, single{s, g, ref, m.callID, f})
			}
		}
	}
	return all
}

// matches is whether a name is one of those that a pattern of the shell means.
func matches(pattern, name string) bool {
	ok, err := path.Match(pattern, name)
	return ok && err == nil
}

// chosen are the cases to run, in their order.
func chosen(all []single) []single {
	n := *every
	if *befalls != "" {
		which := regexp.MustCompile(*befalls)
		all = slices.DeleteFunc(all, func(c single) bool { return !which.MatchString(c.f.name) })
	}
	if *only != "" {
		all = slices.DeleteFunc(all, func(c single) bool { return !matches(*only, c.String()) })
		n = 1
		flag.Visit(func(f *flag.Flag) { // who says so wants only some of a pattern
			if f.Name == "every" {
				n = *every
			}
		})
	}
	var out []single
	if most := min(*share, len(all)); most > 0 {
		for i := range most {
			out = append(out, all[i*len(all)/most])
		}
		return out
	}
	for i := n - 1; i < len(all); i += n {
		out = append(out, all[i])
	}
	if *first && *only == "" {
		return soonest(out)
	}
	return out
}

// run plays a case and tells what is wrong with it.
func (c single) run(t *testing.T, sum *report) bool {
	o := c.s.play(t, c.g, &strike{at: c.at, fault: c.f}, c.ref.took*time.Duration(1+c.f.slows)+c.f.lasts+bound)
	wrong := o.judge(c.ref, c.f)
	if len(wrong) > 0 && failsAnyway(c.String()) {
		t.Logf("%s fails without the bug as well", c)
		return true
	}
	sum.add(t, c, o, wrong)
	if *only != "" {
		t.Logf("the operator said:\n%s\nAWS was asked:\n  %s", o.told, strings.Join(o.sequence, "\n  "))
	}
	if len(wrong) > 0 {
		t.Errorf("%s\n  again: %s", strings.Join(wrong, "\n"), again(c.String()))
	}
	return len(wrong) == 0
}

// again is the line that runs a case again. A case has one seed, so that its scenario,
// call and fault name it.
func again(name string) string {
	return fmt.Sprintf("go test ./pkg/sweep -run '^TestSingle$' -case '%s'   # commit %s, seed 1", name, commit())
}

// commit is that of the sources, as far as git knows it.
var commit = sync.OnceValue(func() string {
	out, err := exec.Command("git", "describe", "--always", "--dirty", "--abbrev=12", "--exclude=*").Output()
	if err != nil {
		return "unknown"
	}
	return strings.TrimSpace(string(out))
})

// reference runs the scenario twice without a fault, and wants the same both times and
// the writes that are written down in testdata/references.txt: a reference that is wrong
// itself would be the measure of all its cases.
func (s *scenario) reference(t *testing.T, g ground, golden *golden) (ref outcome, wrong []string) {
	ref, again := s.play(t, g, nil, longest), s.play(t, g, nil, longest)
	wrong = ref.judge(ref, &fault{})
	if d := godiff.Diff(s.rest, ref.stands); d != "" {
		wrong = append(wrong, "the services stand otherwise than the scenario says (-scenario +run):\n"+d)
	}
	if s.within > 0 && ref.converged > s.within {
		wrong = append(wrong, fmt.Sprintf("I7: at rest after %s, and the promise is %s", ref.converged, s.within))
	}
	wrong = append(wrong, golden.check(s.name, ref)...)
	if d := godiff.Diff(ref.picture, again.picture); d != "" {
		wrong = append(wrong, "two runs without a fault end differently: "+d)
	}
	if d := godiff.Diff(ref.sequence, again.sequence); d != "" {
		wrong = append(wrong, "two runs without a fault make other calls: "+d)
	}
	return ref, wrong
}

// golden is testdata/references.txt: a line for each scenario with the writes that take
// effect in its reference, the deployments that begin, and the lowest numbers of healthy
// tasks.
type golden struct {
	mu    sync.Mutex
	lines map[string]string
}

const goldenFile = "testdata/references.txt"

func newGolden(t *testing.T) *golden {
	g := &golden{lines: map[string]string{}}
	raw, err := os.ReadFile(goldenFile)
	if err != nil && !*update {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(raw)) {
		name, rest, _ := strings.Cut(strings.TrimSpace(line), ": ")
		g.lines[name] = rest
	}
	if *update {
		t.Cleanup(func() { g.write(t) })
	}
	return g
}

// check is what is wrong with a reference, by the file.
func (g *golden) check(name string, ref outcome) (wrong []string) {
	var words []string
	for operation, n := range ref.counts {
		words = append(words, fmt.Sprintf("%s=%d", operation, n))
	}
	for service, n := range ref.tally.deployments {
		words = append(words, fmt.Sprintf("deployments(%s)=%d", service, n))
	}
	for service, n := range ref.tally.least {
		words = append(words, fmt.Sprintf("healthy(%s)>=%d", service, n))
	}
	slices.Sort(words)
	is := strings.Join(words, " ")
	g.mu.Lock()
	defer g.mu.Unlock()
	if was := g.lines[name]; was != is && !*update {
		wrong = append(wrong, fmt.Sprintf("the reference writes otherwise than %s says (go test ./pkg/sweep -update writes it anew):\n  %s\n  %s", goldenFile, was, is))
	}
	g.lines[name] = is
	return wrong
}

func (g *golden) write(t *testing.T) {
	var b strings.Builder
	for _, s := range scenarios() {
		fmt.Fprintf(&b, "%s: %s\n", s.name, g.lines[s.name])
	}
	if err := os.MkdirAll(filepath.Dir(goldenFile), 0o755); err != nil {
		t.Error(err)
	}
	if err := os.WriteFile(goldenFile, []byte(b.String()), 0o644); err != nil {
		t.Error(err)
	}
}
