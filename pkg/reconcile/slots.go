package reconcile

import (
	"fmt"
	"slices"

	"github.com/ecs-operator/ecs-operator/pkg/resource"
	"github.com/ecs-operator/ecs-operator/pkg/status"
)

// slot gives a unit one of the rollouts that may run at once, or a place in the
// queue. Running ones are counted as AWS has them, whoever started them. A service
// that cannot be read does not count, unless a deployment of it was seen to run:
// else one account that does not answer would hold up all others. The lock is held.
func (f *fleet) slot(key resource.UnitKey, b *berth) (status.Reason, string) {
	if f.limit == 0 || b.running {
		b.running = true
		return "", ""
	}
	before := slices.Index(f.queue, key)
	if before < 0 {
		f.queue = append(f.queue, key)
		before = len(f.queue) - 1
	}
	unread := f.unread() + f.unsighted(key, b)
	switch taken := f.taken(key); {
	case unread > 0:
		return status.ConcurrencyLimit, fmt.Sprintf("at most %d rollouts run at once, and %d services have not been read yet", f.limit, unread)
	case taken+before >= f.limit:
		return status.ConcurrencyLimit, fmt.Sprintf("%d of at most %d rollouts run (%s); %s", taken, f.limit, several(f.runners(key)), place(before))
	}
	f.leave(key)
	b.running = true
	return "", ""
}

// unread counts the services of which nobody knows yet whether a deployment runs.
func (f *fleet) unread() (n int) {
	for _, b := range f.berths {
		if !b.read {
			n++
		}
	}
	return n
}

// reading is when a service could be read: by the numbers of looks, of which no two are one.
type reading struct {
	blind   bool // it could not be read the last time
	tried   int  // the last look
	cleared int  // the first look that showed it again, 0 for a service that could always be read
}

// looked takes in whether a service could be read. The lock is held.
func (f *fleet) looked(b *berth, service resource.Live) {
	f.looks++
	b.tried = f.looks
	dark := service.Presence == resource.Unknown
	if b.blind && !dark {
		b.cleared = f.looks
	}
	b.blind = dark
}

// glimpsed takes in what a pass has read that ended before anybody could say how the
// unit stands.
func (f *fleet) glimpsed(key resource.UnitKey, service resource.Live) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if b := f.berths[key]; b != nil {
		f.looked(b, service)
	}
}

// tried notes a pass that panicked: nobody waits for what it would have read.
func (f *fleet) tried(key resource.UnitKey) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if b := f.berths[key]; b != nil {
		f.looks++
		b.tried = f.looks
	}
}

// unsighted counts the services of a unit's target that could not be read, and of which
// nobody has tried again since the unit itself can be read again: what kept all of them
// from being read, like an account that is not known yet, may be over for them too, and
// deployments of them run. One that is tried and still cannot be read holds nobody up.
func (f *fleet) unsighted(key resource.UnitKey, b *berth) (n int) {
	for other, x := range f.berths {
		if other != key && other.Target == key.Target && x.blind && x.tried < b.cleared {
			n++
		}
	}
	return n
}

// place says who is before a unit in the queue.
func place(before int) string {
	switch before {
	case 0:
		return "this one is next"
	case 1:
		return "1 service waits before this one"
	}
	return fmt.Sprintf("%d services wait before this one", before)
}

// taken counts the rollouts that run, but for one unit's.
func (f *fleet) taken(but resource.UnitKey) int { return len(f.runners(but)) }

func (f *fleet) runners(but resource.UnitKey) []string {
	var names []string
	for key, b := range f.berths {
		if b.running && key != but {
			names = append(names, key.Name)
		}
	}
	return names
}

// leave takes a unit out of the queue.
func (f *fleet) leave(key resource.UnitKey) {
	f.queue = slices.DeleteFunc(f.queue, func(k resource.UnitKey) bool { return k == key })
}
