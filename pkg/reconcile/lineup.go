package reconcile

import (
	"slices"
	"sync"

	"github.com/ecs-operator/ecs-operator/pkg/resource"
)

// lineup is the queue of the daemon. As in any work queue a unit is in it once,
// with one worker at a time, and comes again when it was added meanwhile. It has
// two lines: a unit whose document was edited goes before all those that are only
// looked at, after a start for instance; the newest edit goes before older ones, which
// may be of all units at once. It is a workqueue.TypedInterface.
type lineup struct {
	mu           sync.Mutex
	news         *sync.Cond
	edited, rest []resource.UnitKey
	edits        int
	hurried      map[resource.UnitKey]int  // by which edit it stands, or will stand, in the line of the edited
	due, busy    map[resource.UnitKey]bool // to be worked on; with a worker
	shut         bool
	yield        *yield // closed from when an edited unit stands in line until no worker has one
}

func newLineup(y *yield) *lineup {
	q := &lineup{yield: y, hurried: map[resource.UnitKey]int{}, due: map[resource.UnitKey]bool{}, busy: map[resource.UnitKey]bool{}}
	q.news = sync.NewCond(&q.mu)
	return q
}

// Hurry lets the units of one edit go ahead the next time that they are worked on. It
// adds nothing.
func (q *lineup) Hurry(keys ...resource.UnitKey) {
	q.mu.Lock()
	defer q.mu.Unlock()
	defer q.waits(len(q.edited))
	q.edits++
	stand := map[resource.UnitKey]bool{} // in one of the lines already
	for _, key := range keys {
		q.hurried[key] = q.edits
		if q.due[key] && !q.busy[key] {
			stand[key] = true
		}
	}
	if len(stand) == 0 {
		return
	}
	moves := func(k resource.UnitKey) bool { return stand[k] }
	q.edited, q.rest = slices.DeleteFunc(q.edited, moves), slices.DeleteFunc(q.rest, moves) // all at once: they may be thousands
	for _, key := range keys {
		if stand[key] {
			delete(stand, key)
			q.push(key)
		}
	}
}

// Add queues a unit that is not queued yet.
func (q *lineup) Add(key resource.UnitKey) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.shut || q.due[key] {
		return
	}
	defer q.waits(len(q.edited))
	q.due[key] = true
	if !q.busy[key] {
		q.push(key)
	}
}

// waits tells those who give way to edits that some have begun to stand in line, or that
// the last has been taken; before is how many there were. The lock is held.
func (q *lineup) waits(before int) {
	switch now := len(q.edited); {
	case before == 0 && now > 0:
		q.yield.begin()
	case before > 0 && now == 0:
		q.yield.end()
	}
}

// push queues a unit; the lock is held.
func (q *lineup) push(key resource.UnitKey) {
	edit := q.hurried[key]
	if edit == 0 {
		q.rest = append(q.rest, key)
	} else {
		at := len(q.edited)
		for at > 0 && q.hurried[q.edited[at-1]] < edit {
			at--
		}
		q.edited = slices.Insert(q.edited, at, key)
	}
	q.news.Broadcast() // not every worker takes everything
}

// Get waits for the next unit.
func (q *lineup) Get() (key resource.UnitKey, shut bool) {
	var edited bool
	if key, edited, shut = q.Next(false); edited {
		q.yield.end() // whoever takes from here does not say when he is through
	}
	return key, shut
}

// Next waits for the next unit, for one worker only for one that was edited, and says
// whether it was: then it is in hand (yield) until the worker says that it is through.
func (q *lineup) Next(onlyEdited bool) (key resource.UnitKey, edited, shut bool) {
	q.mu.Lock()
	defer q.mu.Unlock()
	for {
		switch {
		case len(q.edited) > 0:
			key, q.edited = q.edited[0], q.edited[1:]
			edited = true
			q.yield.begin() // before it is in no line any more: in between a sweep would go on
			q.waits(len(q.edited) + 1)
		case len(q.rest) > 0 && !onlyEdited:
			key, q.rest = q.rest[0], q.rest[1:]
		case q.shut:
			return key, false, true
		default:
			q.news.Wait()
			continue
		}
		delete(q.due, key)
		delete(q.hurried, key)
		q.busy[key] = true
		return key, edited, false
	}
}

// Done says that a worker is through with a unit.
func (q *lineup) Done(key resource.UnitKey) {
	q.mu.Lock()
	defer q.mu.Unlock()
	defer q.waits(len(q.edited))
	delete(q.busy, key)
	if q.due[key] {
		q.push(key)
	}
	q.news.Broadcast()
}

// Len is how many units wait.
func (q *lineup) Len() int {
	q.mu.Lock()
	defer q.mu.Unlock()
	return len(q.edited) + len(q.rest)
}

// ShutDown takes nothing more. What waits is still given out.
func (q *lineup) ShutDown() {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.shut = true
	q.news.Broadcast()
}

// ShutDownWithDrain does so, and waits until the workers are through.
func (q *lineup) ShutDownWithDrain() {
	q.ShutDown()
	q.mu.Lock()
	defer q.mu.Unlock()
	for len(q.busy)+len(q.edited)+len(q.rest) > 0 {
		q.news.Wait()
	}
}

// ShuttingDown reports whether nothing is taken any more.
func (q *lineup) ShuttingDown() bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	return q.shut
}
