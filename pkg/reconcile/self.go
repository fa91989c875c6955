package reconcile

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/ecs-operator/ecs-operator/pkg/diff"
	"github.com/ecs-operator/ecs-operator/pkg/plan"
	"github.com/ecs-operator/ecs-operator/pkg/resource"
	"github.com/ecs-operator/ecs-operator/pkg/shape"
	"github.com/ecs-operator/ecs-operator/pkg/spec"
	"github.com/ecs-operator/ecs-operator/pkg/status"
)

// selfPatience bounds how long the operator's own update waits for the others: a
// deployment that never ends, or an account that never answers, must not keep a
// newer operator from coming.
const selfPatience = time.Hour

// KnowSelf tells which ECS service runs this process, as Options.Self does.
func (e *Engine) KnowSelf(arn string) { e.own.Store(&arn) }

func (e *Engine) self() string {
	if arn := e.own.Load(); arn != nil {
		return *arn
	}
	return e.o.Self
}

// mayBeSelf reports whether a document names the service that runs this process.
// Account and region count as far as the document says them; what AWS says of the
// service decides (isSelf).
func (e *Engine) mayBeSelf(u *resource.Unit) bool {
	arn, cluster, name, ok := splitService(e.self())
	if !ok || u.Key.Cluster != cluster || u.Key.Name != name {
		return false
	}
	return (u.Region == "" || u.Region == arn[3]) && (u.Account == "" || u.Account == arn[4])
}

// isSelf reports whether a service is the very one that runs this process.
func (e *Engine) isSelf(cluster string, service resource.Live) bool {
	mine, own, name, ok := splitService(e.self())
	if !ok || service.ID.Kind != resource.KindService {
		return false
	}
	theirs, in, other, ok := splitService(service.ARN)
	if in == "" { // the old form of ARNs has no cluster
		in = cluster
	}
	return ok && mine[3] == theirs[3] && mine[4] == theirs[4] && own == in && name == other
}

// splitService takes arn:aws:ecs:REGION:ACCOUNT:service/CLUSTER/NAME apart.
func splitService(arn string) (parts []string, cluster, name string, ok bool) {
	parts = strings.SplitN(arn, ":", 6)
	if len(parts) != 6 {
		return nil, "", "", false
	}
	words := strings.Split(parts[5], "/")
	switch {
	case words[0] != "service" || len(words) < 2 || len(words) > 3:
		return nil, "", "", false
	case len(words) == 3:
		cluster = words[1]
	}
	return parts, cluster, words[len(words)-1], true
}

// selfLast takes what may run this process out of its layer, and puts it behind all.
func (e *Engine) selfLast(layers [][]*resource.Unit) [][]*resource.Unit {
	if e.self() == "" {
		return layers
	}
	var out [][]*resource.Unit
	var last []*resource.Unit
	for _, layer := range layers {
		var others []*resource.Unit
		for _, u := range layer {
			if e.mayBeSelf(u) {
				last = append(last, u)
				continue
			}
			others = append(others, u)
		}
		if len(others) > 0 {
			out = append(out, others)
		}
	}
	if len(last) > 0 {
		out = append(out, last)
	}
	return out
}

// adviseSelf warns of what lets two operators run at once. That a version which does
// not start is taken back, lint asks of every service.
func (e *Engine) adviseSelf(l *Loaded) {
	for _, u := range l.Units {
		if !e.mayBeSelf(u) {
			continue
		}
		for _, advice := range selfAdvice(u) {
			p := at(u.Pos, "this service runs the operator itself: %s", advice)
			p.Severity, p.Document = spec.Warning, u.Key.String()
			l.Problems = append(l.Problems, p)
		}
	}
}

func selfAdvice(u *resource.Unit) (out []string) {
	o := u.Object(serviceID(u))
	if o == nil {
		return nil
	}
	body, _ := shape.Plain(o.Want, nil).(map[string]any)
	config, _ := body["deploymentConfiguration"].(map[string]any)
	if fmt.Sprint(config["maximumPercent"]) != "100" || fmt.Sprint(config["minimumHealthyPercent"]) != "0" {
		out = append(out, "write deploymentConfiguration.maximumPercent: 100 and minimumHealthyPercent: 0, so that no two of it run at once")
	}
	if n, written := body["desiredCount"]; written && fmt.Sprint(n) != "1" && fmt.Sprint(n) != "0" {
		out = append(out, "write desiredCount: 1: a second one only asks AWS the same again")
	}
	return out
}

// unsafeSelf is why an operator does not bring a plan for its own service about,
// "" for none.
func unsafeSelf(v *view) string {
	o := v.unit.Object(serviceID(v.unit))
	if o == nil {
		return ""
	}
	body, _ := shape.Plain(o.Want, nil).(map[string]any)
	config, _ := body["deploymentConfiguration"].(map[string]any)
	if strategy, _ := config["strategy"].(string); strategy != "" && strategy != "ROLLING" {
		return fmt.Sprintf("this service runs the operator itself, and under %s two of it would run side by side until somebody shifts the traffic: write deploymentConfiguration.strategy: ROLLING", strategy)
	}
	if slices.ContainsFunc(v.plan.Steps, func(s plan.Step) bool {
		return s.ID.Kind == resource.KindService && s.Writes() && (s.Action == plan.ActionReplace || s.Action == plan.ActionDelete || s.Effect == diff.Recreation)
	}) {
		return "this service runs the operator itself, which cannot make it anew once it has deleted it: undo the change, or let a person recreate it"
	}
	return ""
}

// turnSelf holds an update of the operator itself until everything else is done;
// true when that decides.
func (e *Engine) turnSelf(v *view, agreed *agreement) bool {
	if !e.isSelf(v.unit.Key.Cluster, v.service()) {
		return false
	}
	e.fleet.mine(v.unit.Key)
	if why := unsafeSelf(v); why != "" {
		for i := range v.plan.Steps {
			if s := &v.plan.Steps[i]; s.Writes() {
				s.Blocked, s.Why = status.SelfUnsafe, why
			}
		}
		return true
	}
	if slices.ContainsFunc(v.plan.Steps, begins) {
		if why := e.fleet.turnSelf(v.unit.Key); why != "" {
			e.holdRollout(v, agreed, status.SelfLast, why)
		}
	}
	return true
}

// mine says which unit runs this process.
func (f *fleet) mine(key resource.UnitKey) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if b := f.berths[key]; b != nil {
		b.self = true
	}
}

// turnSelf is why the operator's own update may not start yet, "" when it may. It
// asks for no slot: nothing else is left to be started.
func (f *fleet) turnSelf(key resource.UnitKey) string {
	f.mu.Lock()
	defer f.mu.Unlock()
	b := f.berths[key]
	if b == nil {
		return ""
	}
	now := time.Now()
	if b.asked.IsZero() {
		b.asked = now
	}
	if now.Sub(b.asked) < selfPatience {
		if busy := f.busy(); len(busy) > 0 {
			return "this service runs the operator itself, which updates itself last; it waits for " + several(busy)
		}
	}
	b.running = true
	return ""
}

// selfOpen reports whether the operator's own update may start.
func (f *fleet) selfOpen() bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	return len(f.busy()) == 0
}

// busy are the other services that have something to do which comes about without
// a person. What failed, or waits for a decision, may need the newer operator. The
// lock is held.
func (f *fleet) busy() (names []string) {
	for key, b := range f.berths {
		if !b.self && !b.observe && f.goesOn(b) {
			word := string(b.reason)
			if b.seen != b.wanted {
				word = "not looked at yet"
			}
			names = append(names, fmt.Sprintf("%s (%s)", key.Name, word))
		}
	}
	return names
}

func (f *fleet) goesOn(b *berth) bool {
	switch {
	case b.seen != b.wanted || b.running:
		return true
	case !b.pending:
		return false
	}
	switch b.reason {
	case status.WaveWaiting, status.WaveFailed: // who is before it counts for itself
		reason, _ := f.gate(b.wave)
		return reason == ""
	case status.DependencyMissing:
		return !slices.ContainsFunc(b.needs, func(k resource.UnitKey) bool {
			need := f.berths[k]
			return need == nil || need.seen != need.wanted || need.running || need.state != status.StateReady
		})
	case status.AccessDenied, status.ClusterMissing, status.VerifyFailed, status.DriftGrace:
		return false
	}
	return b.reason.Exit() == status.ExitNotDone
}
