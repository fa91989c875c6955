package sweep

import (
	"slices"
	"strings"
	"time"

	"github.com/ecs-operator/ecs-operator/pkg/sandbox"
	"github.com/ecs-operator/ecs-operator/pkg/status"
)

// fault is one kind of what can go wrong at a call.
type fault struct {
	name string // as in the promises: "F4"; where there are several of one, with what tells them apart: "F2-503"
	says string
	// applies is whether it can befall a call, and can then change what the operator
	// does; nil for all.
	applies func(m made) bool
	// strike is what happens at the call; it may leave more to do by the tap.
	strike func(w *world, s *strike, c sandbox.Call) *sandbox.Fault
	// lasts is how long it goes on: what is added to the time that a case may take.
	// slows is how many times longer AWS takes for everything, beside its own time.
	lasts time.Duration
	slows int
	// revisions, deployments: how many more of them than in the reference there may be;
	// more are those of other operations: what a heal takes. Where the effect of a write
	// lands after it was looked for, and was not there, the write is made once more:
	// that is harmless for repeats, the operations that set what they are given.
	revisions, deployments int
	more                   map[string]int
	repeats                bool
	// theirs are deployments that people begin themselves. rests is a reason in which a
	// service may be at rest, beside those of isSettled.
	theirs int
	rests  status.Reason
	// pointless are scenarios in which it cannot be said where it ends; it says why.
	pointless func(s *scenario) bool
	// refused is whether IAM may refuse a write: it is the second fence around what is not ours.
	refused bool
	// vanishes is whether a refusal is about what people deleted. Such a write, decided
	// before anybody could see that, is refused for lack of the tags that would allow it;
	// once, since the next look sees that it is gone.
	vanishes func(s *strike, refusal string) bool
	// ends says how the end of a case differs from the reference's, where it does: it
	// changes what is to be expected, and returns what is wrong with the case. It must
	// not change what it is given but for the two outcomes' stands and pictures, which
	// are copies; other members it may put others in the place of.
	ends func(s *strike, want, got *outcome) []string
	// abides is whether it goes on for ever, and the world is at rest with it: that later
	// answers are under it is no reason to wait.
	abides bool
	// moves is whether the documents are others at the end: the reference is then that in
	// which the same commit comes when all is at rest.
	moves bool
	// parts are the two of a pair, nil for a single fault.
	parts []*fault
}

// faults are all kinds, in the order of the report.
func faults() []*fault {
	return slices.Concat(callFaults(), crashFaults(), staleFaults(), batchFaults(), humanFaults(), aroundFaults())
}

// again is whether the fault makes a write land twice: late, or because reads do not show
// it yet.
func (f *fault) again() bool {
	if f.parts != nil {
		return f.parts[0].again() || f.parts[1].again()
	}
	return f.name == "F7" || f.name == "F8" || strings.HasPrefix(f.name, "R")
}

// around is whether a fault befalls what is around the calls: AWS by people, a clock, or
// the source.
func (f *fault) around() bool { return f.name != "" && strings.ContainsAny(f.name[:1], "HTG") }

func writes(m made) bool { return m.Write }

// repeatable: the operation sets what it is given, so that twice is as once.
func repeatable(operation string) bool {
	_, operation, _ = strings.Cut(operation, ".")
	// UpdateService too: a deployment more is counted as such (I4 counts both).
	for _, p := range []string{"UpdateService", "Modify", "Put", "Deregister", "Delete", "RegisterScalableTarget", "TagResource", "AddTags", "UntagResource", "RemoveTags"} {
		if strings.HasPrefix(operation, p) {
			return true
		}
	}
	return false
}
