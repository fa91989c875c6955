package sweep

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/ecs-operator/ecs-operator/pkg/plan"
	"github.com/ecs-operator/ecs-operator/pkg/resource"
	"github.com/ecs-operator/ecs-operator/pkg/sandbox"
	"github.com/ecs-operator/ecs-operator/pkg/status"
)

// start of a swept part: the AWS as it is then.
type ground struct {
	world  *sandbox.Image
	second *sandbox.Image // the second account, where there is one
	at     time.Duration  // since the bubble's beginning
	policy []byte
	plans  map[resource.UnitKey]plan.Seal // of a scenario with a saved plan
	before *sandbox.Image                 // of such a one: the AWS that it was saved of
	saved  []byte                         // the plan, as the program saved it
	// Outside of a bubble: the clock that goes on from where the world stood, nil in
	// one, and how much faster the world lives.
	now   func() time.Time
	speed float64
}

// outcome is what became of a case.
type outcome struct {
	fired    bool
	settled  bool
	took     time.Duration // virtual, until rest was certain
	calls    []made
	rested   int            // how many of them until the first pass began that was at rest, as all that follow
	resync   time.Duration  // of the operators, 0 for the usual
	slack    map[string]int // the scenario's
	watched  bool           // nobody heals anything in the scenario
	picture  picture
	hit      *strike        // what was done to it, nil for a reference
	sequence []string       // of calls with their answers, as AWS had them
	counts   map[string]int // writes with an effect, by operation
	tally    tally
	stands   map[string]status.Reason
	problems []string
	told     string        // the log and the events; kept of a case that is run alone
	lived    time.Duration // virtual
	// converged is when the first pass at rest had ended, since the beginning.
	converged time.Duration
}

const longest = 30 * time.Minute // virtual, that a reference may take

// prepare brings the documents of before in force and lets people act.
func (s *scenario) prepare(t *testing.T) ground { return s.prepareAfter(t, 0) }

// prepareAfter does so that long after a bubble's time begins.
func (s *scenario) prepareAfter(t *testing.T, late time.Duration) ground {
	t.Helper()
	g := ground{policy: s.policy()}
	synctest.Test(t, func(t *testing.T) {
		began := time.Now()
		time.Sleep(late)
		setup := *s
		setup.acts, setup.rest, setup.diff, setup.saved = nil, nil, false, false
		w := newWorld(t.Context(), &setup, g, nil)
		if s.before != nil {
			w.files.commit(s.before, nil)
			w.start()
			if !w.settle(longest) {
				t.Fatalf("%s: what is in force before does not settle: %v\n%s", s.name, w.stands(), w.told.String())
			}
			for name, r := range w.stands() {
				if r != status.Synced {
					t.Fatalf("%s: before it %s stands at %s\n%s", s.name, name, r, w.told.String())
				}
			}
			if s.past != nil {
				w.files.commit(s.past, nil)
				from := time.Now()
				for !slices.Contains(slices.Collect(maps.Values(w.stands())), status.RolloutInProgress) {
					if time.Sleep(time.Second); time.Since(from) > longest {
						t.Fatalf("%s: what was in force last is not rolled out: %v\n%s", s.name, w.stands(), w.told.String())
					}
				}
			}
			w.end()
			time.Sleep(s.away)
			w.aws.Advance(0)
		}
		if s.saved {
			g.plans = w.human().diff(t, s.after)
			w.export(t, &g)
			g.before = g.world
		}
		if s.people != nil {
			s.people(w.human())
		}
		s.decoys(w.human())
		w.export(t, &g)
		g.at = time.Since(began)
	})
	return g
}

// newWorld makes the AWS of a case.
func newWorld(ctx context.Context, s *scenario, g ground, hit *strike) *world {
	w := &world{ctx: ctx, scenario: s, files: &files{all: s.before}, plans: g.plans, seed: 1, drawn: map[time.Duration]uint64{}, watchers: watchers{}}
	if s.after != nil {
		w.files.all = s.after
	}
	w.tap = &tap{w: w, nth: map[string]int{}, strike: hit}
	if g.now == nil {
		time.Sleep(g.at)
	}
	w.aws = w.account("", g, g.world)
	if s.second {
		w.second = w.account(secondTarget+"/", g, g.second)
	}
	return w
}

// play runs the swept part with a fault, nil for none.
func (s *scenario) play(t *testing.T, g ground, hit *strike, most time.Duration) outcome {
	var out outcome
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t.Context(), s, g, hit)
		w.watchers.begin()
		began := time.Now()
		w.start()
		out.settled = w.settle(most)
		out.took = time.Since(began)
		out.converged = w.restedAt.Sub(began)
		out.stands = w.stands()
		w.end()
		w.sumUp(&out, hit)
		out.lived = time.Since(began)
	})
	return out
}

// sumUp is what can be told of a case when its operators have stopped.
func (w *world) sumUp(out *outcome, hit *strike) {
	w.watchers.end()
	out.tally, out.resync, out.slack = w.watchers.tally(), w.scenario.resync, w.scenario.slack
	out.watched = w.scenario.diff || w.scenario.saved
	out.fired, out.hit = hit == nil || hit.fired, hit
	out.calls, out.rested = w.tap.calls, w.rested
	out.picture, out.counts = picture{}, map[string]int{}
	all, vanished := w.sandboxes(), false
	for _, account := range slices.Sorted(maps.Keys(all)) {
		aws := all[account]
		aws.View(func(v *sandbox.World) {
			for name, text := range pictureOf(v) {
				out.picture[account+name] = text
			}
		})
		for _, e := range aws.Journal() {
			if e.AccessKey != operatorKey {
				continue
			}
			out.sequence = append(out.sequence, account+heardAs(e))
			if e.Write && e.Error == "" {
				out.counts[account+e.Service+"."+e.Operation]++
			}
		}
		for _, r := range aws.Refusals() {
			if hit != nil && (hit.fault.name == "F7" || hit.fault.name == "F8") && strings.Contains(r, ":Delete") {
				continue // what lands late finds nothing there any more, and no tags that would allow it
			}
			if hit != nil && hit.fired && (hit.fault.refused || hit.fault.again() && strings.Contains(r, ":De")) {
				continue // of the latter: a deletion that lands again finds nothing, and no tags that would allow it
			}
			if hit != nil && hit.fired && hit.account == account && hit.fault.vanishes != nil && !vanished && hit.fault.vanishes(hit, r) {
				vanished = true
				continue
			}
			w.broken("the generated policy lacks what the operator calls: %s", r)
		}
	}
	out.problems = w.problems
	if *only != "" {
		out.told = w.told.String()
	}
}

// judge compares a case with the reference; what is wrong, in sentences.
func (o outcome) judge(ref outcome, f *fault) []string {
	wrong := o.problems
	if f.around() && o.watched {
		ref.stands, ref.picture = o.stands, o.picture // what people do stays, and nobody writes (I4)
	}
	if f.ends != nil && o.hit != nil && !o.watched {
		ref.stands, ref.picture = maps.Clone(ref.stands), maps.Clone(ref.picture)
		o.stands, o.picture = maps.Clone(o.stands), maps.Clone(o.picture)
		wrong = append(wrong, f.ends(o.hit, &ref, &o)...)
	}
	if !o.settled {
		wrong = append(wrong, fmt.Sprintf("I7: not at rest after %s; %v", o.took, o.stands))
	}
	if d := cmp.Diff(ref.stands, o.stands); d != "" {
		wrong = append(wrong, "I5: the services stand otherwise (-reference +case):\n"+d)
	}
	if d := cmp.Diff(ref.picture, o.picture); d != "" {
		wrong = append(wrong, "I5: AWS looks otherwise (-reference +case):\n"+d)
	}
	for operation, n := range o.counts {
		if more := n - ref.counts[operation]; more > f.allows(operation)+ref.slack[operation] {
			wrong = append(wrong, fmt.Sprintf("I4: %d %s took effect, the reference needs %d", n, operation, ref.counts[operation]))
		}
	}
	wrong = append(wrong, o.tally.compare(ref.tally, f)...)
	if most := ref.most(f); len(o.calls) > most {
		wrong = append(wrong, fmt.Sprintf("I8: %d calls, the reference needs %d", len(o.calls), len(ref.calls)))
	}
	return wrong
}

// allows is how many more writes of an operation than in the reference a fault excuses.
func (f *fault) allows(operation string) int {
	if f.parts != nil {
		return f.parts[0].allows(operation) + f.parts[1].allows(operation)
	}
	operation = strings.TrimPrefix(operation, secondTarget+"/")
	switch {
	case f.name == "R2" && repeatable(operation):
		return 8 // in every pass of the minute in which nothing is to be seen
	case strings.HasPrefix(f.name, "R") && repeatable(operation):
		return 2 // reads that do not show a write yet make it seem undone, and it is done again, with the same content
	case f.name == "F7" && operation == "ecs.TagResource":
		return 2 // what lands late may be older than what was written since: a hook's note is then written from there on
	case f.repeats && repeatable(operation):
		return 1
	}
	switch operation {
	case "ecs.RunTask": // asked for again with its token, in every pass until its note is written, it is the same task: those are counted by themselves (I2)
		return 20
	case "ecs.RegisterTaskDefinition":
		return f.revisions
	case "ecs.CreateService", "ecs.UpdateService":
		return f.deployments + f.more[operation]
	}
	return f.more[operation]
}
