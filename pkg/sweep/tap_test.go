package sweep

import (
	"context"
	"fmt"
	"strings"
	"sync"

	"github.com/ecs-operator/ecs-operator/pkg/sandbox"
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
}

// tap sees every call of the operators in the swept part, and strikes.
type tap struct {
	w *world

	mu     sync.Mutex
	nth    map[string]int
	calls  []made
	writes int
	strike *strike
	also   func(c sandbox.Call) *sandbox.Fault // asked about every call, nil for nobody
}

// strike is a fault on its way: at which call it begins, and what it does to that
// call and to those that follow.
type strike struct {
	at    callID
	fault *fault

	fired bool
	after []func(c sandbox.Call) *sandbox.Fault // what later calls meet, asked in order
	until []func() bool                         // what must be over before the world can be at rest
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

// counted are the operators' calls, and their writes.
func (t *tap) counted() (calls, writes int) {
	t.mu.Lock()
	defer t.mu.Unlock()
	return len(t.calls), t.writes
}

// in is the fault hook of an account's sandbox; its calls are told by the account.
func (t *tap) in(account string) sandbox.FaultFunc {
	return func(_ context.Context, c sandbox.Call) *sandbox.Fault { return t.see(account, c) }
}

func (t *tap) see(account string, c sandbox.Call) *sandbox.Fault {
	if !strings.Contains(c.UserAgent, "ecs-operator/") {
		return nil
	}
	t.mu.Lock()
	operation := account + c.Service + "." + c.Operation
	t.nth[operation]++
	id := callID{operation, t.nth[operation]}
	t.calls = append(t.calls, made{id, c.Write})
	if c.Write {
		t.writes++
	}
	s := t.strike
	begins := s != nil && !s.fired && s.at == id
	var after []func(sandbox.Call) *sandbox.Fault
	switch {
	case begins:
		s.fired = true
	case s != nil && s.fired:
		after = s.after
	}
	t.mu.Unlock()
	if t.also != nil {
		return t.also(c)
	}
	if begins {
		return s.fault.strike(t.w, s, c)
	}
	for _, f := range after {
		if out := f(c); out != nil {
			return out
		}
	}
	return nil
}
