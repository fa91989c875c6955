package main

import (
	"fmt"
	"io"
	"slices"
	"strings"
	"sync"
	"time"

	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"

	"github.com/ecs-operator/ecs-operator/pkg/plan"
	"github.com/ecs-operator/ecs-operator/pkg/reconcile"
	"github.com/ecs-operator/ecs-operator/pkg/resource"
	"github.com/ecs-operator/ecs-operator/pkg/status"
)

// story tells people what happens, one line an event, in order. It serves run
// (on stdout, where it is the data) and apply (on stderr, beside the report).
type story struct {
	w   io.Writer
	p   palette
	now func() time.Time
	log *zap.Logger // gets the events instead of w, when it is set

	// of is whose story it is, and expected how many services there are to be before
	// the first full pass has ended.
	of       teller
	expected int

	mu    sync.Mutex
	width int                            // of the longest name seen
	told  map[resource.UnitKey]string    // the state that was told last
	since map[resource.UnitKey]time.Time // when a unit left Ready
	ready int                            // "3 services ready" stands; 0: it does not
}

// teller is who knows how all services stand.
type teller interface {
	Status() []status.Service
	AllReady() (services int, all bool)
}

func newStory(w io.Writer, p palette, now func() time.Time) *story {
	return &story{w: w, p: p, now: now, told: map[resource.UnitKey]string{}, since: map[resource.UnitKey]time.Time{}}
}

// follow says whose story it is. It comes before the first event.
func (s *story) follow(of teller, units []*resource.Unit) {
	s.of, s.expected = of, len(units)
	for _, u := range units {
		s.width = max(s.width, len(u.Key.Name))
	}
}

// event tells one event.
func (s *story) event(e reconcile.Event) {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch e.Kind {
	case reconcile.EventStep:
		s.line(e, s.stepSymbol(e.Step), oneLine(e.Message), zap.InfoLevel)
	case reconcile.EventDrift:
		text := "drift: " + oneLine(e.Message)
		if e.Step != nil && e.Step.Writes() {
			text += " (put back)"
		}
		s.line(e, s.p.warn("!"), text, zap.WarnLevel)
	case reconcile.EventProblem:
		s.line(e, s.p.bad("!"), oneLine(e.Message), zap.WarnLevel)
	case reconcile.EventState:
		s.state(e)
	case reconcile.EventPass:
		s.expected = 0
		s.pass(e)
	}
	s.settle()
}

// pass tells machines at the level of debug that a full pass has ended, and how
// every service stands then: what has not changed is in no other line.
func (s *story) pass(e reconcile.Event) {
	if s.log == nil || s.of == nil {
		return
	}
	if line := s.log.Check(zap.DebugLevel, "a full pass ended: "+e.Message); line != nil {
		reasons := map[string]string{}
		for _, one := range s.of.Status() {
			reasons[one.Target+"/"+one.Cluster+"/"+one.Name] = string(one.Reason)
		}
		line.Write(append(eventFields(e), zap.Any("reasons", reasons))...)
	}
}

func (s *story) stepSymbol(step *plan.Step) string {
	if step == nil {
		return s.p.warn("~")
	}
	switch step.Action {
	case plan.ActionCreate:
		return s.p.good("+")
	case plan.ActionDelete:
		return s.p.bad("-")
	}
	return s.p.warn("~")
}

// state tells a change of state, and nothing when it reads as the line before.
func (s *story) state(e reconcile.Event) {
	if e.Status == nil {
		s.line(e, " ", oneLine(e.Message), zap.InfoLevel)
		return
	}
	now := *e.Status
	text := stateText(now)
	if s.told[e.Unit] == text {
		return
	}
	s.told[e.Unit] = text
	if now.State == status.StateReady {
		delete(s.since, e.Unit)
	} else if _, open := s.since[e.Unit]; !open {
		s.since[e.Unit] = s.now()
	}
	level := zap.InfoLevel
	if now.State == status.StateStalled {
		level = zap.WarnLevel
	}
	s.line(e, stateSymbol(s.p, now.State), text, level)
}

func stateSymbol(p palette, s status.State) string {
	symbol := map[status.State]string{status.StateReady: "✓", status.StateStalled: "✗"}[s]
	if symbol == "" {
		symbol = "…"
	}
	return statePaint(p, s)(symbol)
}

// stateText is a state as one sentence.
func stateText(s status.Service) string {
	running := fmt.Sprintf("%d/%d running", s.Running, s.Desired)
	switch {
	case s.State == status.StateReady && s.Why != "": // no document names it
		return fmt.Sprintf("%s  %s", s.State, oneLine(s.Why))
	case s.State == status.StateReady:
		return strings.TrimSpace(fmt.Sprintf("%s  %s  %s", s.State, running, s.Image))
	case s.Why == "":
		return fmt.Sprintf("%s  %s  %s", s.State, running, s.Reason)
	case s.State == status.StateProgressing:
		return fmt.Sprintf("%s  %s", s.State, oneLine(s.Why))
	}
	return fmt.Sprintf("%s  %s: %s", s.State, s.Reason, oneLine(s.Why))
}

// settle says when everything is ready: once, and again after it was not, or
// when there are more or fewer services.
func (s *story) settle() {
	if s.of == nil {
		return
	}
	switch n, all := s.of.AllReady(); {
	case !all || n == 0 || n < s.expected:
		s.ready = 0
	case s.ready != n:
		s.ready = n
		text := count(s.ready, "service") + " ready"
		if s.log != nil {
			s.log.Info(text, zap.Int("ready", s.ready))
		} else {
			_, _ = fmt.Fprintf(s.w, "%s  %s\n", s.clock(), s.p.good(s.p.bold(text)))
		}
	}
}

// waiting lists what is not ready, for a heartbeat; "" for nothing.
//
// It names the first few: a fleet must not fill the log every 30 seconds.
func (s *story) waiting() string {
	const mostWaiting = 5
	s.mu.Lock()
	defer s.mu.Unlock()
	var parts []string
	for key, began := range s.since {
		parts = append(parts, fmt.Sprintf("%s %s (%s)", key.Name, s.told[key], s.now().Sub(began).Round(time.Second)))
	}
	slices.Sort(parts)
	if more := len(parts) - mostWaiting; more > 0 {
		parts = append(parts[:mostWaiting], fmt.Sprintf("and %d more services", more))
	}
	return strings.Join(parts, "; ")
}

func (s *story) line(e reconcile.Event, symbol, text string, level zapcore.Level) {
	if s.log != nil {
		s.log.Log(level, text, eventFields(e)...)
		return
	}
	name := e.Unit.Name
	s.width = max(s.width, len(name))
	_, _ = fmt.Fprintf(s.w, "%s  %s%s  %s %s\n", s.clock(), s.p.bold(name), strings.Repeat(" ", s.width-len(name)), symbol, text)
}

func (s *story) clock() string { return s.p.dim(s.now().Format("15:04:05")) }

// eventFields are the event for machines.
func eventFields(e reconcile.Event) []zap.Field {
	fields := []zap.Field{zap.String("event", string(e.Kind))}
	if e.Unit.Name != "" {
		fields = append(fields, zap.String("service", e.Unit.Name), zap.String("cluster", e.Unit.Cluster), zap.String("target", e.Unit.Target))
	}
	if e.Reason != "" {
		fields = append(fields, zap.String("reason", string(e.Reason)))
	}
	if e.Step != nil {
		fields = append(fields, zap.String("object", e.Step.ID.Local()), zap.String("action", string(e.Step.Action)), zap.String("effect", string(e.Step.Effect)))
	}
	if e.Status != nil {
		fields = append(fields, zap.String("state", string(e.Status.State)), zap.Int32("running", e.Status.Running), zap.Int32("desired", e.Status.Desired))
	}
	return fields
}
