package reconcile

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/ecs-operator/ecs-operator/pkg/plan"
	"github.com/ecs-operator/ecs-operator/pkg/resource"
	"github.com/ecs-operator/ecs-operator/pkg/status"
)

// fleet is what a pass over one unit knows of the others: how each stands with its
// present document, and whether a deployment of it runs. From that it says whose
// turn it is to start one (waves.go, slots.go). All of it is read from AWS by the
// passes of this process; what no pass has seen yet counts as not done.
type fleet struct {
	limit int // rollouts that may run at once, 0 for any number

	mu     sync.Mutex
	berths map[resource.UnitKey]*berth
	// waiters are the units whose deployment was refused last: berth.waits.
	waiters map[resource.UnitKey]bool
	queue   []resource.UnitKey // those that wait for a slot, who came first in front
	looks   int                // how often a service was looked at
}

// berth is one unit's place in the fleet.
type berth struct {
	wave    int
	needs   []resource.UnitKey
	observe bool   // nothing of it is ever written: it is in nobody's way
	self    bool   // it runs this process: it comes last, and nobody waits for it
	wanted  string // digest of its document in force
	seen    string // digest of the document that the latest pass had, "" for none
	read    bool   // AWS was asked for its service
	running bool   // a deployment of it runs, or was just started
	reading        // whether it could be read, the last time that it was tried
	// pending: something was left to do, or under way, when it was last seen;
	// worked: so it was at some time since it was last Ready.
	pending, worked bool
	state           status.State
	reason          status.Reason
	waits           status.Reason // why its deployment was refused last, "" when it was not
	asked           time.Time     // when the update of self was first wanted
}

func newFleet(limit int) *fleet {
	return &fleet{limit: limit, berths: map[resource.UnitKey]*berth{}, waiters: map[resource.UnitKey]bool{}}
}

// enrol says which units there are. What is known of those that stay is kept.
func (f *fleet) enrol(units []*resource.Unit) {
	f.mu.Lock()
	defer f.mu.Unlock()
	in := make(map[resource.UnitKey]bool, len(units))
	for _, u := range units {
		if u.Gone {
			continue
		}
		in[u.Key] = true
		b := f.berths[u.Key]
		if b == nil {
			b = &berth{}
			f.berths[u.Key] = b
		}
		b.wave, b.observe, b.needs = u.Policy.Wave, u.Policy.Mode == "observe", u.DependsOn
		if b.wanted != u.Digest {
			b.wanted, b.worked, b.asked = u.Digest, false, time.Time{}
		}
	}
	for key := range f.berths {
		if !in[key] {
			delete(f.berths, key)
			delete(f.waiters, key)
			f.leave(key)
		}
	}
}

// saw takes in how a unit stands after a pass.
func (f *fleet) saw(u *resource.Unit, x finding, out Outcome) {
	f.mu.Lock()
	defer f.mu.Unlock()
	b := f.berths[u.Key]
	if b == nil {
		return
	}
	b.seen, b.read = u.Digest, true
	f.looked(b, x.service)
	if x.service.Presence != resource.Unknown { // else it runs what it ran
		b.running = underWay(x.service, x.rollout)
	}
	b.state, b.reason = out.Status.State, out.Status.Reason
	started := false
	b.waits = ""
	for i := range out.Plan.Steps {
		s := &out.Plan.Steps[i]
		if s.Blocked == status.WaveWaiting || s.Blocked == status.WaveFailed || s.Blocked == status.ConcurrencyLimit || s.Blocked == status.SelfLast {
			b.waits = s.Blocked
		}
		started = started || x.touched && s.ID.Kind == resource.KindService && s.Writes() && s.Effect.Deploys()
	}
	if b.waits != status.ConcurrencyLimit {
		f.leave(u.Key)
	}
	if delete(f.waiters, u.Key); b.waits != "" {
		f.waiters[u.Key] = true
	}
	// AWS' reads lag: what was started a moment ago is under way, whatever they say.
	b.running = b.running || started
	b.pending = started || b.running || leftOver(out.Plan)
	switch {
	case b.pending:
		b.worked = true
	case b.reason == status.Synced:
		b.worked = false
	}
}

// stands corrects how a unit stands that is only looked at for a while.
func (f *fleet) stands(key resource.UnitKey, s status.Service) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if b := f.berths[key]; b != nil {
		b.state, b.reason = s.State, s.Reason
	}
}

// leftOver reports whether a plan had something to do, or would have if nothing
// held it back; whether what was done holds, the next pass sees. What is left alone
// on purpose is not that.
func leftOver(p plan.Plan) bool {
	return p.Quarantine != nil || slices.ContainsFunc(p.Steps, func(s plan.Step) bool {
		switch s.Blocked {
		case status.DriftGrace, status.Contested:
			return false
		}
		return !s.Stray && (s.Blocked != "" || s.Action != plan.ActionNone)
	})
}

// underWay reports whether a deployment of a service runs.
func underWay(service resource.Live, d *resource.Deployment) bool {
	switch {
	case service.Presence != resource.Present || service.Service == nil:
		return false
	case d != nil:
		return !d.Status.Ended()
	}
	return service.Service.PrimaryState == "IN_PROGRESS"
}

// changed reports whether no pass has seen a unit with its present document yet, or
// that pass has begun a deployment of it: what its status says is of before.
func (f *fleet) changed(key resource.UnitKey) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	b := f.berths[key]
	return b != nil && (b.seen != b.wanted || b.running || b.state != status.StateReady)
}

// turn is why a unit may not start a deployment now, "" when it may; it then
// holds a slot. The service is as this pass has read it.
func (f *fleet) turn(u *resource.Unit, service resource.Live) (status.Reason, string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	b := f.berths[u.Key]
	if b == nil { // a unit that nobody enrolled stands alone
		return "", ""
	}
	f.looked(b, service)
	if reason, why := f.gate(b.wave); reason != "" {
		f.leave(u.Key)
		return reason, why
	}
	return f.slot(u.Key, b)
}

// ready gives units that wait for something that has come about since. It is asked after
// every pass, of those units too: whom it wakes must have a turn now, or it never rests.
func (f *fleet) ready() []resource.UnitKey {
	f.mu.Lock()
	defer f.mu.Unlock()
	var wake []resource.UnitKey
	open := map[int]bool{}
	for key := range f.waiters {
		b := f.berths[key]
		if b.waits == status.SelfLast && len(f.busy()) == 0 {
			b.waits = ""
			wake = append(wake, key)
		}
		if b.waits != status.WaveWaiting && b.waits != status.WaveFailed {
			continue
		}
		if _, asked := open[b.wave]; !asked {
			reason, _ := f.gate(b.wave)
			open[b.wave] = reason == ""
		}
		if open[b.wave] {
			b.waits = "" // woken once
			wake = append(wake, key)
		}
	}
	if len(f.queue) == 0 || f.unread() > 0 { // slot gives none out before all are read: it would be asked over and over
		sortKeys(wake)
		return wake
	}
	free := f.limit - f.taken(resource.UnitKey{})
	for i, key := range f.queue {
		if b := f.berths[key]; b != nil && i < free && b.waits == status.ConcurrencyLimit && f.unsighted(key, b) == 0 {
			b.waits = ""
			wake = append(wake, key)
		}
	}
	sortKeys(wake)
	return wake
}

// begins reports whether a step starts a deployment, or a task that comes before it.
func begins(s plan.Step) bool {
	return s.Writes() && (s.Action == plan.ActionRun || s.ID.Kind == resource.KindService && s.Effect.Deploys())
}

// turn holds the deployment that a pass would start, and the hooks before it, until it is the unit's turn;
// what else there is to do is done meanwhile.
func (e *Engine) turn(v *view, agreed *agreement) {
	if v.unit.Gone || e.turnSelf(v, agreed) || !slices.ContainsFunc(v.plan.Steps, begins) {
		return
	}
	reason, why := e.fleet.turn(v.unit, v.service())
	if reason != "" {
		e.holdRollout(v, agreed, reason, why)
	}
}

// holdRollout plans anew without the deployment that would be started.
func (e *Engine) holdRollout(v *view, agreed *agreement, reason status.Reason, why string) {
	if agreed != nil { // a saved plan is carried out as a whole
		for i := range v.plan.Steps {
			if s := &v.plan.Steps[i]; s.Writes() {
				s.Blocked, s.Why = reason, why
			}
		}
		return
	}
	in := v.in
	in.Held = plan.Held{Reason: reason, Why: why}
	v.plan = plan.Make(in)
	e.word(v)
}

// seed reads which services a deployment runs of, before the first of them asks
// for its turn.
func (e *Engine) seed(ctx context.Context, units []*resource.Unit, live map[resource.ID]resource.Live) {
	if e.fleet.limit == 0 {
		return
	}
	for _, u := range units {
		service := live[serviceID(u)]
		running := underWay(service, nil)
		if s := service.Service; s != nil && s.PrimaryState == "" && service.Presence == resource.Present {
			d, err := e.current(ctx, u, service) // ECS says it of rolling deployments only
			running = err != nil || underWay(service, d)
		}
		e.fleet.mu.Lock()
		if b := e.fleet.berths[u.Key]; b != nil && !b.read {
			b.read, b.running = true, running
			e.fleet.looked(b, service)
		}
		e.fleet.mu.Unlock()
	}
}

// several names units in a sentence, the first three of them.
func several(names []string) string {
	slices.Sort(names)
	if n := len(names); n > 3 {
		return strings.Join(names[:3], ", ") + fmt.Sprintf(" and %d more", n-3)
	}
	return strings.Join(names, ", ")
}
