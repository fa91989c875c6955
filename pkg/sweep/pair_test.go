package sweep

import (
	"flag"
	"fmt"
	"runtime"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/ecs-operator/ecs-operator/pkg/sandbox"
)

// Of suite B; -budget, -case and -results are as for suite A.
var (
	pairsAll = flag.Bool("pairs", false, "suite B: pairs of faults in all core scenarios, not a few in one")
	pairSeed = flag.Uint64("pair-seed", 1, "suite B: the order of the pairs")
)

// coreScenarios are those of the pairs: what is made, changed, taken back, shifted,
// scaled and deleted.
var coreScenarios = []string{"create-alb", "new-image", "rolled-back", "blue-green", "scaling-change", "delete"}

// What runs without -pairs.
var fewCores = []string{"new-image"}

const fewPairs = 12

// pairFaults are those that come in pairs: throttled, an answer that is lost, a death,
// reads that lag behind, and a person who deletes the service. A death befalls any call:
// what it cuts off matters with a second one. An answer that is lost is a read's F1.
func pairFaults() []*fault {
	var all []*fault
	add := func(list []*fault, names ...string) {
		for _, f := range list {
			if slices.Contains(names, f.name) {
				all = append(all, f)
			}
		}
	}
	add(callFaults(), "F1", "F4")
	add(crashFaults(), "C1")
	add(staleFaults(), "R1-3")
	add(humanFaults(), "H4")
	for i, f := range all {
		switch g := *f; f.name {
		case "C1":
			g.applies = nil
			all[i] = &g
		case "H4":
			g.applies = func(m made) bool { return m.Stood.Cluster == "default" } // a decoy's is another
			g.strike = ifThere(f.strike)
			// That of the service that stays: what goes is then all that there is.
			g.pointless = func(s *scenario) bool { return s.name == "delete" || f.pointless(s) }
			all[i] = &g
		}
	}
	return all
}

// ifThere: a person deletes the service that the reference has there; what came before
// may have left none, or none but another's.
func ifThere(do func(*world, *strike, sandbox.Call) *sandbox.Fault) func(*world, *strike, sandbox.Call) *sandbox.Fault {
	return func(w *world, s *strike, c sandbox.Call) *sandbox.Fault {
		var there standing
		s.aws.View(func(v *sandbox.World) { there = standingOf(v) })
		if there.ServiceARN != s.edit.ServiceARN {
			return nil
		}
		return do(w, s, c)
	}
}

// both is a fault that excuses what either of a pair does. It strikes as the first.
func both(f, g *fault) *fault {
	b := &fault{name: f.name + "+" + g.name, says: f.says + "; then " + g.says, parts: []*fault{f, g}, strike: f.strike,
		lasts: f.lasts + g.lasts, deployments: f.deployments + g.deployments, theirs: f.theirs + g.theirs, refused: f.refused || g.refused}
	if f.ends == nil && g.ends == nil {
		return b
	}
	b.ends = func(s *strike, want, got *outcome) []string {
		var wrong []string
		if f.ends != nil {
			wrong = f.ends(s, want, got)
		}
		if g.ends != nil {
			wrong = append(wrong, g.ends(s.second, want, got)...)
		}
		return wrong
	}
	return b
}

// pair is one case of suite B: after a call with its fault a later one with another.
type pair struct {
	single // its fault is both
	second callID
	stood  [2]*standing // what the reference has at the two calls
}

func (c pair) String() string {
	f := c.f.parts
	return fmt.Sprintf("%s/%s/%s+%s/%s", c.s.name, c.at, f[0].name, c.second, f[1].name)
}

// againPair is the line that runs it again.
func againPair(name string) string {
	return strings.Replace(again(name), "^TestSingle$", "^TestPairs$", 1)
}

// TestPairs is suite B: each core scenario with two faults, at each call and at each one
// after it.
func TestPairs(t *testing.T) {
	began := time.Now()
	sum := report{began: began, Suite: "B"}
	cases := pairs(t, &sum)
	sum.All = len(cases)
	cases = evenly(cases, *pairSeed, func(c pair) string { return c.s.name + c.f.name })
	if *only != "" {
		cases = slices.DeleteFunc(cases, func(c pair) bool { return !matches(*only, c.String()) })
		if len(cases) == 0 && !t.Failed() {
			t.Errorf("there is no case %s", *only)
		}
	} else if !*pairsAll {
		cases = cases[:min(fewPairs, len(cases))]
	}
	var next atomic.Int64
	t.Run("cases", func(t *testing.T) {
		for i := range runtime.GOMAXPROCS(0) {
			t.Run(fmt.Sprint("worker", i), func(t *testing.T) {
				t.Parallel()
				for *budget == 0 || time.Since(began) < *budget {
					n := int(next.Add(1)) - 1
					if n >= len(cases) {
						return
					}
					cases[n].run(t, &sum)
				}
			})
		}
	})
	sum.finish(t)
}

// pairs prepares the core scenarios and lists all cases.
func pairs(t *testing.T, sum *report) []pair {
	var all []pair
	for _, s := range scenarios() {
		name, _, one := strings.Cut(*only, "/")
		switch {
		case !slices.Contains(coreScenarios, s.name), one && !matches(name, s.name), !one && !*pairsAll && !slices.Contains(fewCores, s.name):
			continue
		}
		t.Run(s.name, func(t *testing.T) {
			g := s.prepare(t)
			ref := s.play(t, g, nil, longest)
			for _, wrong := range ref.judge(ref, &fault{}) {
				t.Error(wrong)
				sum.failed(s.name+" (its reference)", "", []string{wrong})
			}
			sum.scenario(s, ref)
			all = append(all, s.pairs(g, ref)...)
		})
	}
	return all
}

// pairs are the cases of a scenario.
func (s *scenario) pairs(g ground, ref outcome) []pair {
	type option struct {
		at callID
		f  *fault
		k  int
		m  *made
	}
	var options []option
	faults := pairFaults()
	for k := range ref.rested {
		m := &ref.calls[k]
		for _, f := range faults {
			if (f.applies == nil || f.applies(*m)) && (f.pointless == nil || !f.pointless(s)) {
				options = append(options, option{m.callID, f, k, m})
			}
		}
	}
	combined := map[[2]string]*fault{}
	var all []pair
	for _, x := range options {
		for _, y := range options {
			if x.k >= y.k {
				continue
			}
			key := [2]string{x.f.name, y.f.name}
			if combined[key] == nil {
				combined[key] = both(x.f, y.f)
			}
			all = append(all, pair{single{s, g, ref, x.at, combined[key]}, y.at, [2]*standing{&x.m.Stood, &y.m.Stood}})
		}
	}
	return all
}

// run plays a pair and tells what is wrong with it.
func (c pair) run(t *testing.T, sum *report) {
	hit := &strike{at: c.at, fault: c.f, edit: *c.stood[0], second: &strike{at: c.second, fault: c.f.parts[1], edit: *c.stood[1]}}
	o := c.s.play(t, c.g, hit, c.ref.took+c.f.lasts+2*bound)
	o.fired = hit.fired && hit.second.fired
	wrong := o.judge(c.ref, c.f)
	sum.take(t, c.single, c.String(), againPair(c.String()), o, wrong)
	if *only != "" {
		t.Logf("the operator said:\n%s\nAWS was asked:\n  %s", o.told, strings.Join(o.sequence, "\n  "))
	}
	if len(wrong) > 0 {
		t.Errorf("%s\n  again: %s", strings.Join(wrong, "\n"), againPair(c.String()))
	}
}
