package sweep

import (
	"fmt"
	"strings"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/ecs"

	"github.com/ecs-operator/ecs-operator/pkg/resource"
	"github.com/ecs-operator/ecs-operator/pkg/sandbox"
)

// watcher holds the invariants after everything that happens in AWS, and before every
// call of an operator. Each of its complaints begins with the invariant's name; that each
// can complain is shown by TestTheWatcher*.
//
// Whoever looks holds the lock on the world first and the watcher's own second.
type watcher struct {
	w       *world
	account string // "" or "second/"
	aws     *sandbox.Sandbox

	mu       sync.Mutex
	adopted  map[string]bool // what an adopting document took over, by key: see owned
	made     map[string]int  // how many there are of each role
	peaks    map[string]int  // how many there were at most at one moment
	rows     map[string]row  // newest revision of each family
	serving  map[string]*serving
	began    map[string]map[string]bool // service deployments by service
	deleted  map[string]bool            // services that an operator deleted
	owned    int                        // services that were ours at the beginning; -1: not counted yet
	budget   map[string]*bucket
	start    map[string]string // what was not ours at the beginning, painted
	touched  map[string]bool   // what people wrote to in the swept part
	ran      map[string]bool   // tasks that are no service's
	late     int               // writes to what people had just disowned
	unread   map[string]bool   // whose last read by its name failed
	approved map[string]int    // in which edition of the documents a person approved what is to become of a unit
}

func newWatcher(w *world, account string) *watcher {
	return &watcher{w: w, account: account, adopted: map[string]bool{}, made: map[string]int{}, peaks: map[string]int{}, rows: map[string]row{},
		serving: map[string]*serving{}, began: map[string]map[string]bool{}, deleted: map[string]bool{}, owned: -1, budget: map[string]*bucket{}, touched: map[string]bool{}, approved: map[string]int{}, unread: map[string]bool{}, ran: map[string]bool{}}
}

// broken notes a complaint of an invariant.
func (x *watcher) broken(invariant, format string, args ...any) {
	x.w.broken("%s: %s", invariant, fmt.Sprintf(format, args...))
}

// watchers are those of all accounts, by their names.
type watchers map[string]*watcher

func (all watchers) begin() {
	for _, x := range all {
		x.begin()
	}
}

// begin looks at the world before the swept part.
func (x *watcher) begin() {
	x.aws.View(func(v *sandbox.World) {
		x.mu.Lock()
		defer x.mu.Unlock()
		x.start = foreign(v)
		x.owned = len(ownServices(v))
		x.doubles(v, true)
		x.deployments(v)
		x.capacity(v)
	})
}

// see looks at the world after something happened in it. It runs on the sandbox's
// goroutines, with the world locked. What the world does by itself makes nothing and
// removes nothing but tasks and what hangs on a service.
func (x *watcher) see(v *sandbox.World, event string) {
	x.mu.Lock()
	defer x.mu.Unlock()
	if x.owned < 0 {
		return // the world is being made ready
	}
	x.capacity(v)
	switch byItself(event) {
	case false:
		x.doubles(v, event == "RegisterTaskDefinition")
		x.deployments(v)
	default:
		if strings.HasPrefix(event, "ecs.") {
			x.deployments(v)
		}
	}
}

// byItself is whether an event is the world's own and no call: timers have their
// service in front.
func byItself(event string) bool { return strings.ContainsAny(event, ".-") }

// call looks at a call before it is answered.
func (x *watcher) call(c sandbox.Call) {
	if !strings.Contains(c.UserAgent, "ecs-operator/") {
		x.people(c)
		return
	}
	x.spent(c, time.Now())
	if !c.Write {
		return
	}
	x.aws.View(func(v *sandbox.World) {
		x.mu.Lock()
		defer x.mu.Unlock()
		m := mutationOf(v, c)
		x.ownership(v, m)
		x.attached(v, c)
		x.counts(v, c)
		x.order(v, c)
		x.starts(v, c)
		x.word(m)
		x.blind(c)
		x.deletion(v, m)
	})
}

// people notes what others than operators write to.
func (x *watcher) people(c sandbox.Call) {
	if !c.Write {
		return
	}
	x.aws.View(func(v *sandbox.World) {
		x.mu.Lock()
		defer x.mu.Unlock()
		for _, t := range mutationOf(v, c).targets {
			x.touched[t.key] = true
			if in, ok := c.Input.(*ecs.TagResourceInput); ok && ecsTags(in.Tags)[resource.TagApproved] != "" {
				x.approved[t.tags[resource.TagUnit]] = x.w.files.edition()
			}
		}
	})
}

// end looks at the whole case when it is at rest.
func (all watchers) end() {
	for _, x := range all {
		x.aws.View(func(v *sandbox.World) {
			x.mu.Lock()
			defer x.mu.Unlock()
			x.decoys(v)
		})
	}
	x := all[""]
	x.silence()
	x.trail()
}
