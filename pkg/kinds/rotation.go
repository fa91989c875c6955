package kinds

import (
	"slices"
	"sync"
	"time"

	"github.com/ecs-operator/ecs-operator/pkg/resource"
)

// A sweep needs some calls at the least: as many as AWS' pages make it. What
// changes rarely and is dear to read takes turns in what stands above that: of
// every call that a sweep needs, a tenth of one may be spent on these.
const rotationShare = 0.095

// use is what a rotation is for.
type use int

// The rotations, each with its part of the whole.
const (
	useAttributes use = iota // of target groups: a call each
	useTags                  // the tagging API's listing of everything: a call per 100
	useRevisions             // status and tags of task definition revisions: a call each
	useCensus                // scaling policies or scheduled actions that no document has, but AWS may
	uses
)

var useParts = [uses]float64{useAttributes: 0.45, useTags: 0.3, useRevisions: 0.15, useCensus: 0.1}

// useWords are the rotations' names, as the log and the metric have them;
// useAges how old each reading gets at least.
var (
	useWords = [uses]string{useAttributes: "target-group-attributes", useTags: "tags", useRevisions: "task-definition-status", useCensus: "undeclared-scaling"}
	useAges  = [uses]time.Duration{useAttributes: attributesAge, useTags: hintAge, useRevisions: revisionAge, useCensus: hintAge}
)

// mostSaved bounds what is saved up, so that a quiet hour makes no burst.
const mostSaved = 100

// rotation keeps the purses, by target. It is the process' own: a restart reads
// everything once.
type rotation struct {
	mu     sync.Mutex
	purses map[string]*[uses]float64
	// tables are what is known of each rotation, to tell its period.
	tables map[string]*rounds
}

// rounds: how many calls a whole round of each rotation takes, and how many the
// sweeps since the last report have earned.
type rounds struct {
	calls  [uses]int
	earned float64
}

func newRotation() *rotation {
	return &rotation{purses: map[string]*[uses]float64{}, tables: map[string]*rounds{}}
}

func (r *rotation) table(target string) *rounds {
	t := r.tables[target]
	if t == nil {
		t = new(rounds)
		r.tables[target] = t
	}
	return t
}

// round is told how many calls a whole round takes; 0 for what every sweep reads.
func (r *rotation) round(target string, u use, calls int) {
	if r == nil {
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.table(target).calls[u] = calls
}

// report tells of each rotation how many sweeps a round takes, by what the sweeps
// since the last report have earned.
func (r *rotation) report(target string) []resource.Rotation {
	if r == nil {
		return nil
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	t := r.table(target)
	earned := t.earned
	t.earned = 0
	var out []resource.Rotation
	for u, calls := range t.calls {
		if calls > 0 && earned > 0 {
			out = append(out, resource.Rotation{What: useWords[u], AtLeast: useAges[u], Sweeps: float64(calls) / (earned * useParts[u])})
		}
	}
	return out
}

func (r *rotation) purse(target string) *[uses]float64 {
	p := r.purses[target]
	if p == nil {
		p = new([uses]float64)
		r.purses[target] = p
	}
	return p
}

// earn is told of a sweep that looks at so many objects, a page of them a call.
func (r *rotation) earn(q resource.Query, objects, page int) {
	if r == nil || q.Direct || objects == 0 {
		return
	}
	calls := float64((objects + page - 1) / page)
	r.mu.Lock()
	defer r.mu.Unlock()
	p := r.purse(q.Target)
	for u := range p {
		p[u] = min(p[u]+calls*rotationShare*useParts[u], mostSaved)
	}
	r.table(q.Target).earned += calls * rotationShare
}

// spend reports whether so many calls may be made now.
func (r *rotation) spend(target string, u use, calls int) bool {
	if r == nil {
		return true
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	p := r.purse(target)
	if p[u] < min(float64(calls), mostSaved) {
		return false
	}
	p[u] -= float64(calls)
	return true
}

// owe takes calls from a purse that had to be made, whatever was in it.
func (r *rotation) owe(target string, u use, calls int) {
	if r == nil {
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	p := r.purse(target)
	p[u] = max(p[u]-float64(calls), -mostSaved)
}

// due picks those whose turn it is: the oldest of what is older than age, as many
// as the purse allows. They are some of whole.
func (r *rotation) due(target string, u use, age time.Duration, whole int, read map[string]time.Time) map[string]bool {
	r.round(target, u, whole)
	var old []string
	for key, at := range read {
		if time.Since(at) > age {
			old = append(old, key)
		}
	}
	slices.SortFunc(old, func(a, b string) int { return read[a].Compare(read[b]) })
	out := map[string]bool{}
	for _, key := range old {
		if !r.spend(target, u, 1) {
			break
		}
		out[key] = true
	}
	return out
}
