package sweep

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"time"

	"github.com/ecs-operator/ecs-operator/pkg/sandbox"
	"github.com/ecs-operator/ecs-operator/pkg/status"
)

// callID names a call of the swept part: its operation and its ordinal among the
// operators' calls of that operation.
type callID struct {
	Operation string // "ecs.CreateService"
	Ordinal   int    // from 1
}

func (c callID) String() string { return fmt.Sprintf("%s#%d", c.Operation, c.Ordinal) }

// made is a call that an operator made.
type made struct {
	callID
	Write bool

	// Of the reference only: how many items were answered, whether they come in pages,
	// and what there was in AWS when it was made.
	Items int
	Paged bool
	Stood standing
}

// tap sees every call of the operators in the swept part, and strikes.
type tap struct {
	w *world

	mu      sync.Mutex
	nth     map[string]int
	calls   []made
	writes  int
	spoiled int
	strike  *strike
	also    func(c sandbox.Call) *sandbox.Fault // asked about every call, nil for nobody
}

// strike is a fault on its way: at which call it begins, and what it does to that
// call and to those that follow.
type strike struct {
	at     callID
	fault  *fault
	second *strike // of a pair: what comes after it

	fired   bool
	ctx     context.Context  // of the call
	aws     *sandbox.Sandbox // that was called
	account string           // its name: see world.sandboxes
	nth     int              // how many calls there were until this one, it included
	edit    standing         // what was there when people did something
	adopts  bool             // a document says to adopt
	changes bool             // other documents are in force than before

	after []func(c sandbox.Call) *sandbox.Fault // what later calls meet, asked in order
	next  func()                                // to be done when the next call was answered
	armed bool                                  // the next call is on its way
	until []func() bool                         // what must be over before the world can be at rest
}

// due is what begins at a call: the fault, or the second one of a pair whose first has
// befallen one before; nil for neither. The tap is locked.
func (s *strike) due(id callID) *strike {
	switch {
	case s == nil:
	case !s.fired && s.at == id:
		return s
	case s.fired && s.second != nil && !s.second.fired && s.second.at == id:
		return s.second
	}
	return nil
}

// then lets f have a say about every later call.
func (t *tap) then(f func(later sandbox.Call) *sandbox.Fault) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.strike.after = append(t.strike.after, f)
}

// hold keeps the world from being at rest until over says so.
func (t *tap) hold(over func() bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.strike.until = append(t.strike.until, over)
}

// during does something after a while, before which the world is not at rest.
func (t *tap) during(d time.Duration, do func()) {
	var mu sync.Mutex
	done := false
	t.hold(func() bool {
		mu.Lock()
		defer mu.Unlock()
		return done
	})
	go func() {
		select {
		case <-time.After(d):
		case <-t.w.ctx.Done(): // a case that ends at what is wrong
		}
		do()
		mu.Lock()
		defer mu.Unlock()
		done = true
	}()
}

// afterNext does something when the next call was answered, before its caller hears of it.
func (t *tap) afterNext(do func()) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.strike.next = do
	t.strike.until = append(t.strike.until, func() bool { return t.strike.next == nil })
}

// answered is told of every answer to an operator, before the operator is.
func (t *tap) answered() {
	t.mu.Lock()
	var do func()
	if s := t.strike; s != nil && s.armed {
		do, s.next, s.armed = s.next, nil, false
	}
	t.mu.Unlock()
	if do != nil {
		do()
		<-time.After(time.Millisecond) // of virtual time: what it began has happened
	}
}

// release does at once what waits for a call that does not come any more.
func (t *tap) release() {
	t.mu.Lock()
	var do func()
	if t.strike != nil {
		do, t.strike.next = t.strike.next, nil
	}
	t.mu.Unlock()
	if do != nil {
		do()
	}
}

// busy is whether a fault is still in force.
func (t *tap) busy() bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.strike == nil {
		return false
	}
	for _, over := range t.strike.until {
		if !over() {
			return true
		}
	}
	return false
}

// rests is whether the fault lets a service rest for such a reason.
func (t *tap) rests(r status.Reason) bool {
	return t.strike != nil && t.strike.fault.rests == r
}

// spoil counts a call that the fault befell.
func (t *tap) spoil() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.spoiled++
}

// counted are the operators' calls, their writes, and the calls that a fault befell.
func (t *tap) counted() (calls, writes, spoiled int) {
	t.mu.Lock()
	defer t.mu.Unlock()
	return len(t.calls), t.writes, t.spoiled
}

// in is the fault hook of an account's sandbox; its calls are told by the account.
func (t *tap) in(account string) sandbox.FaultFunc {
	return func(ctx context.Context, c sandbox.Call) *sandbox.Fault { return t.see(ctx, account, c) }
}

func (t *tap) see(ctx context.Context, account string, c sandbox.Call) *sandbox.Fault {
	if !strings.Contains(c.UserAgent, "ecs-operator/") {
		return nil
	}
	t.mu.Lock()
	s := t.strike
	operation := account + c.Service + "." + c.Operation
	t.nth[operation]++
	id := callID{operation, t.nth[operation]}
	n := len(t.calls)
	t.calls = append(t.calls, made{callID: id, Write: c.Write})
	if c.Write {
		t.writes++
	}
	begins := s.due(id)
	var after []func(sandbox.Call) *sandbox.Fault
	if s != nil && s.fired && s.account == account { // the other account is another AWS
		after = s.after
		s.armed = s.next != nil
	}
	if begins != nil {
		begins.fired, begins.ctx, begins.aws, begins.account, begins.nth = true, ctx, t.w.sandboxes()[account], account, n+1
	}
	t.mu.Unlock()
	switch {
	case t.also != nil:
		return t.also(c)
	case s == nil:
		return t.note(n, t.w.sandboxes()[account], c)
	case begins != nil:
		t.spoil()
		if out := begins.fault.strike(t.w, begins, c); out != nil || begins == s {
			return out
		}
	}
	for _, f := range after {
		if out := f(c); out != nil {
			if !s.fault.abides {
				t.spoil()
			}
			return out
		}
	}
	return nil
}

// note keeps what a reference tells of a call.
func (t *tap) note(n int, called *sandbox.Sandbox, c sandbox.Call) *sandbox.Fault {
	var stood standing
	called.View(func(v *sandbox.World) { stood = standingOf(v) })
	t.mu.Lock()
	t.calls[n].Paged, t.calls[n].Stood = paged(c.Input), stood
	t.mu.Unlock()
	return &sandbox.Fault{Rewrite: func(out any) {
		t.mu.Lock()
		defer t.mu.Unlock()
		t.calls[n].Items = items(out)
	}}
}
