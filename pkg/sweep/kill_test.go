package sweep

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	gocmp "github.com/google/go-cmp/cmp"
)

// Of suite C; -budget, -case and -results are as for suite A.
var (
	killAll     = flag.Bool("kill", false, "suite C: kill the program at every call of every scenario, not at a few only")
	killWorlds  = flag.Int("kill-worlds", 12*runtime.NumCPU(), "suite C: so many cases at once; most of their time is waiting")
	killSeed    = flag.Uint64("kill-seed", 1, "suite C: the order of the cases")
	killProgram = flag.String("kill-program", "", "suite C: the program, built already")
)

// What runs without -kill.
var fewScenarios = []string{"create-alb", "new-image", "rolled-back", "scaling-add"}

const fewKills = 12

// bubbleBegins is the time at which every bubble does.
var bubbleBegins = time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC)

// killPasses are how many passes more than its reference a case may make, for I8: those
// of a second start, and of the grace that begins anew with it.
const killPasses = 5

// killCase is a scenario, a call of its reference, and how the program dies at it.
type killCase struct {
	s     *scenario
	g     ground
	ref   *killedOutcome
	at    callID
	fault string
}

func (c killCase) String() string { return fmt.Sprintf("%s/%s/%s", c.s.name, c.at, c.fault) }

// killReport is suite C in figures.
type killReport struct {
	Suite       string   `json:"suite"`
	Commit      string   `json:"commit"`
	Scenarios   int      `json:"scenarios"`
	All         int      `json:"all"`   // cases that there are
	Cases       int      `json:"cases"` // that were run
	Fired       int      `json:"fired"` // in which the program was killed
	Failures    []failed `json:"failures"`
	Doubled     int      `json:"doubled"`     // writes with an effect, more than in the reference
	Calls       int      `json:"calls"`       // of the program, in all cases
	Hours       float64  `json:"hours"`       // of the AWS
	Worst       worst    `json:"worst"`       // from the beginning until rest was certain, in the AWS' time
	WorstHealed worst    `json:"worstHealed"` // from the kill until rest was certain, on the clock
	Seed        uint64   `json:"seed"`
	Worlds      int      `json:"worlds"`  // cases at once
	Seconds     float64  `json:"seconds"` // of the clock
	CPUSeconds  float64  `json:"cpuSeconds"`
	CPUs        int      `json:"cpus"`
}

// TestKill is suite C: each scenario, with the program itself in a process of its own,
// killed with SIGKILL at each call that it makes until it is at rest, and started again
// on an empty disk. It must come to the picture that the operator in process comes to.
func TestKill(t *testing.T) {
	if testing.Short() && !*killAll {
		t.Skip("the program is built for it")
	}
	began := time.Now()
	k := &killSuite{t: t, program: buildProgram(t), dir: t.TempDir(), report: killReport{Suite: "C", Commit: commit(),
		Failures: []failed{}, Seed: *killSeed, Worlds: *killWorlds, CPUs: runtime.GOMAXPROCS(0)}}
	cases := evenly(k.cases(), *killSeed, func(c killCase) string { return c.s.name })
	k.report.All = len(cases)
	if !*killAll && *only == "" {
		cases = cases[:min(fewKills, len(cases))]
	}
	if *only != "" && len(cases) == 0 && !t.Failed() {
		t.Errorf("there is no case %s", *only)
	}
	atOnce(cases, func(c killCase) {
		if *budget == 0 || time.Since(began) < *budget {
			k.one(c)
		}
	})
	r := &k.report
	r.Seconds, r.CPUSeconds = time.Since(began).Seconds(), cpu()
	t.Logf("%d scenarios, %d of %d cases, %d killed, %d failures, %d doubled, %.0f s, %.2f s a case, %.2f s of the CPU; worst %.1f s after its death: %s",
		r.Scenarios, r.Cases, r.All, r.Fired, len(r.Failures), r.Doubled, r.Seconds, r.Seconds/float64(max(1, r.Cases)), r.CPUSeconds/float64(max(1, r.Cases)),
		r.WorstHealed.Seconds, r.WorstHealed.Case)
	write(t, k.report)
}

// killSuite is the suite under way.
type killSuite struct {
	t       *testing.T
	program string
	dir     string

	mu     sync.Mutex
	report killReport
	plays  int
}

// scenarios are those to be run.
func (k *killSuite) scenarios() []*scenario {
	var out []*scenario
	for _, s := range scenarios() {
		if name, _, single := strings.Cut(*only, "/"); single && !matches(name, s.name) {
			continue
		}
		out = append(out, s)
	}
	if !*killAll && *only == "" {
		out = slices.DeleteFunc(out, func(s *scenario) bool { return !slices.Contains(fewScenarios, s.name) })
	}
	k.report.Scenarios = len(out)
	return out
}

// killRef is a scenario with its references: in process, and with the program.
type killRef struct {
	s            *scenario
	g            ground
	inside       outcome
	ref          killedOutcome
	disagreement []string
}

// cases plays the references and lists all cases.
func (k *killSuite) cases() []killCase {
	var refs []*killRef
	for _, s := range k.scenarios() {
		k.t.Run(s.name, func(t *testing.T) {
			s := s.onTheWall()
			r := &killRef{s: s, g: s.prepareAfter(t, time.Since(bubbleBegins))}
			if s.saved {
				r.g.saved = s.savePlan(t, k.program, k.place(), r.g)
			}
			r.inside = s.play(t, r.g, nil, longest)
			refs = append(refs, r)
		})
	}
	atOnce(refs, func(r *killRef) {
		r.ref = r.s.playKilled(k.program, k.place(), r.g, callID{}, "")
		r.disagreement = r.compare()
	})
	var all []killCase
	for _, r := range refs {
		k.t.Logf("%s: %d calls, %d of them before rest, %s on the clock, counts %v", r.s.name, len(r.ref.calls), r.ref.rested, r.ref.wall.Round(time.Millisecond), r.ref.counts)
		if *only != "" {
			k.t.Logf("the program said:\n%s\nAWS was asked:\n  %s", r.ref.told, strings.Join(r.ref.sequence, "\n  "))
		}
		if len(r.disagreement) > 0 {
			name := r.s.name + " (its reference)"
			k.report.Failures = append(k.report.Failures, failed{name, killAgain(r.s.name + "/"), r.disagreement})
			k.t.Errorf("%s:\n%s", name, strings.Join(r.disagreement, "\n"))
			continue
		}
		for _, m := range r.ref.calls[:r.ref.rested] {
			for _, f := range []string{"C0", "C1"} {
				if c := (killCase{s: r.s, g: r.g, ref: &r.ref, at: m.callID, fault: f}); *only == "" || matches(*only, c.String()) {
					all = append(all, c)
				}
			}
		}
	}
	return all
}

// compare says where the program without a fault is not as the operator in process.
func (r *killRef) compare() []string {
	wrong := slices.Concat(r.inside.problems, r.ref.problems)
	if !r.ref.settled {
		wrong = append(wrong, fmt.Sprintf("the program is not at rest after %s: %v", r.ref.wall, r.ref.stands))
	}
	differ := func(what string, inside, program any) {
		if d := gocmp.Diff(inside, program); d != "" {
			wrong = append(wrong, fmt.Sprintf("with the program %s (-in process +program):\n%s", what, d))
		}
	}
	differ("the services stand otherwise", r.inside.stands, r.ref.stands)
	differ("AWS looks otherwise", sourceless(r.inside.picture), sourceless(r.ref.picture))
	for operation, n := range r.ref.counts { // fewer may do: its AWS is further when it looks again
		if most := r.inside.counts[operation]; n > most {
			wrong = append(wrong, fmt.Sprintf("with the program %d %s take effect, in process %d", n, operation, most))
		}
	}
	return wrong
}

// sourceless is a picture without the name of the source's revision: it is another where
// the documents are in memory than where they are in a directory.
func sourceless(p picture) picture {
	out := picture{}
	for key, text := range p {
		out[key] = sourceRevision.ReplaceAllString(text, "REVISION")
	}
	return byChance(out)
}

// byChance is a picture without what chance decides when the operator is a process: the
// end of a suspension, which is so long after a start, and for which edition of the
// documents a word was obeyed, when it had not seen the next one yet.
func byChance(p picture) picture {
	out := picture{}
	for key, text := range p {
		out[key] = approvedPlan.ReplaceAllString(suspendedUntil.ReplaceAllString(text, "${1}THEN"), "${1}PLAN")
	}
	return out
}

var (
	approvedPlan   = regexp.MustCompile(`("ecs-operator:approved","Value":")[0-9a-f/]+`)
	suspendedUntil = regexp.MustCompile(`("ecs-operator:suspend","Value":"until=)[^ "]+`)
)

// place is an empty directory.
func (k *killSuite) place() string {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.plays++
	dir := filepath.Join(k.dir, fmt.Sprint(k.plays))
	if err := os.Mkdir(dir, 0o755); err != nil {
		panic(err)
	}
	return dir
}

// atOnce does something with each of a list, in its order, several at once.
func atOnce[T any](list []T, do func(T)) {
	todo := make(chan T)
	var workers sync.WaitGroup
	for range max(1, *killWorlds) {
		workers.Go(func() {
			for x := range todo {
				do(x)
			}
		})
	}
	for _, x := range list {
		todo <- x
	}
	close(todo)
	workers.Wait()
}

// one plays a case and judges it.
func (k *killSuite) one(c killCase) {
	dir := k.place()
	defer os.RemoveAll(dir) // what stays goes with the test
	o := c.s.playKilled(k.program, dir, c.g, c.at, c.fault)
	wrong := o.judge(c.ref.outcome, &fault{lasts: killPasses * resync})
	k.mu.Lock()
	defer k.mu.Unlock()
	if *only != "" {
		k.t.Logf("%s: the program said:\n%s\nAWS was asked:\n  %s", c, o.told, strings.Join(o.sequence, "\n  "))
	}
	r := &k.report
	r.Cases++
	r.Calls += len(o.calls)
	r.Hours += o.lived.Hours()
	if o.fired {
		r.Fired++
	}
	for operation, n := range o.counts {
		r.Doubled += max(0, n-c.ref.counts[operation])
	}
	if s := o.healed.Seconds(); s > r.WorstHealed.Seconds {
		r.WorstHealed = worst{c.String(), s}
	}
	if s := o.took.Seconds(); s > r.Worst.Seconds {
		r.Worst = worst{c.String(), s}
	}
	if len(wrong) > 0 {
		r.Failures = append(r.Failures, failed{c.String(), killAgain(c.String()), wrong})
		k.t.Errorf("%s:\n%s\n  again: %s", c, strings.Join(wrong, "\n"), killAgain(c.String()))
	}
	if r.Cases%100 == 0 {
		k.t.Logf("%d cases, %d failures", r.Cases, len(r.Failures))
	}
}

// killAgain is the line that runs a case again.
func killAgain(name string) string {
	return fmt.Sprintf("go test ./pkg/sweep -run '^TestKill$' -case '%s'   # commit %s", name, commit())
}

// cpu is what this process and its children have used, in seconds.
func cpu() float64 {
	sum := 0.0
	for _, who := range []int{syscall.RUSAGE_SELF, syscall.RUSAGE_CHILDREN} {
		var u syscall.Rusage
		if syscall.Getrusage(who, &u) == nil {
			sum += time.Duration(u.Utime.Nano() + u.Stime.Nano()).Seconds()
		}
	}
	return sum
}
