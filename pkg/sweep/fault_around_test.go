package sweep

import (
	"errors"
	"maps"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/ecs-operator/ecs-operator/pkg/sandbox"
	"github.com/ecs-operator/ecs-operator/pkg/source"
)

// clocks are how AWS' time differs from the operator's, as it is after a strike. The zero
// value is: not at all.
type clocks struct {
	since time.Time     // when AWS' pace changed
	rate  float64       // how many seconds pass in AWS in one of the operator's; 0: one
	ahead time.Duration // how far AWS' clock is ahead
}

// now is AWS' time, without what its clock is ahead: the world's own.
func (w *world) now() time.Time {
	w.mu.Lock()
	c := w.clocks
	w.mu.Unlock()
	now := time.Now()
	if c.rate == 0 {
		return now
	}
	return c.since.Add(time.Duration(float64(now.Sub(c.since)) * c.rate))
}

// door is the time that signatures are held against.
func (w *world) door() time.Time {
	w.mu.Lock()
	ahead := w.clocks.ahead
	w.mu.Unlock()
	return w.now().Add(ahead)
}

// set puts AWS' clock elsewhere.
func (w *world) set(c clocks) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.clocks = c
}

// jump is the operator's clock that jumps: from then on AWS is so far ahead of it (or
// behind), at its door and in every time that it tells.
func jump(ahead time.Duration) func(*world, *strike, sandbox.Call) *sandbox.Fault {
	return func(w *world, _ *strike, _ sandbox.Call) *sandbox.Fault {
		w.set(clocks{ahead: ahead})
		shifted := func(sandbox.Call) *sandbox.Fault { return &sandbox.Fault{Rewrite: func(out any) { shift(out, ahead) }} }
		w.tap.then(shifted)
		return shifted(sandbox.Call{})
	}
}

// drift is an operator's clock that goes slower or faster than AWS'.
func drift(rate float64) func(*world, *strike, sandbox.Call) *sandbox.Fault {
	return func(w *world, _ *strike, _ sandbox.Call) *sandbox.Fault {
		w.set(clocks{since: time.Now(), rate: rate})
		return nil
	}
}

// shift moves all times in an answer, in a copy of what they stand in: the world's own
// stay. StartTime and EndTime of schedules are what somebody wrote.
func shift(out any, d time.Duration) {
	v := reflect.ValueOf(out).Elem()
	if v.Kind() == reflect.Struct {
		v.Set(shifted(v, d))
	}
}

var timeType = reflect.TypeFor[time.Time]()

func shifted(v reflect.Value, d time.Duration) reflect.Value {
	switch v.Kind() {
	case reflect.Pointer:
		if v.IsNil() || v.Type().Elem().Kind() != reflect.Struct {
			return v
		}
		p := reflect.New(v.Type().Elem())
		p.Elem().Set(shifted(v.Elem(), d))
		return p
	case reflect.Slice:
		if v.IsNil() || v.Type().Elem().Kind() != reflect.Struct && v.Type().Elem().Kind() != reflect.Pointer {
			return v
		}
		list := reflect.MakeSlice(v.Type(), v.Len(), v.Len())
		for i := range v.Len() {
			list.Index(i).Set(shifted(v.Index(i), d))
		}
		return list
	case reflect.Struct:
		if v.Type() == timeType {
			return reflect.ValueOf(v.Interface().(time.Time).Add(d))
		}
		x := reflect.New(v.Type()).Elem()
		x.Set(v)
		for i := range v.NumField() {
			switch f := v.Type().Field(i); {
			case !f.IsExported(), f.Name == "StartTime", f.Name == "EndTime", f.Name == "ResultMetadata":
			default:
				x.Field(i).Set(shifted(v.Field(i), d))
			}
		}
		return x
	}
	return v
}

// outage is how long a source is away.
const outage = 3 * time.Minute

// away lets the source give something else for a while.
func away(spell func(s source.Snapshot) (source.Snapshot, error)) func(*world, *strike, sandbox.Call) *sandbox.Fault {
	return func(w *world, _ *strike, _ sandbox.Call) *sandbox.Fault {
		w.files.under(spell)
		w.tap.during(outage, func() {
			w.files.under(nil)
			w.restless()
		})
		return nil
	}
}

// second is the text that the commit of G2 puts into every document.
const secondCommit = "environment: {SWEPT: twice, "

// later are documents after the commit of G2.
func later(d documents) documents {
	out := documents{}
	for name, text := range d {
		out[name] = text
		if !strings.Contains(text, secondCommit) {
			out[name] = strings.ReplaceAll(text, "environment: {", secondCommit)
		}
	}
	return out
}

// moved is the reference of what moves: the commit comes when all is at rest. It has no
// calls where there is nothing to commit to.
func (s *scenario) moved(t *testing.T, g ground, ref outcome) outcome {
	t.Helper()
	last := s.after
	if last == nil {
		last = s.before
	}
	if maps.Equal(last, later(last)) {
		return outcome{}
	}
	m := *s
	m.acts = append(slices.Clone(s.acts), act{after: ref.took, do: func(h human) error {
		h.move()
		return nil
	}})
	return m.play(t, g, nil, 2*longest)
}

// aroundFaults befall what is around a call: the clock, and the source.
func aroundFaults() []*fault {
	return []*fault{
		{name: "T1", says: "the clock is 10 min slow", abides: true, strike: jump(10 * time.Minute)},
		{name: "T1-fast", says: "the clock is 10 min fast", abides: true, strike: jump(-10 * time.Minute)},
		{name: "T2", says: "the clock is 24 h slow", abides: true, strike: jump(24 * time.Hour)},
		{name: "T2-fast", says: "the clock is 24 h fast", abides: true, strike: jump(-24 * time.Hour)},
		{name: "T3", says: "the clock runs at half the rate", strike: drift(2)},
		{name: "T3-fast", says: "the clock runs at twice the rate", strike: drift(0.5), slows: 1},
		{name: "G1", says: "the source cannot be read", lasts: outage, strike: away(func(s source.Snapshot) (source.Snapshot, error) {
			return s, errors.New("the source cannot be read: connection refused")
		})},
		{name: "G1-empty", says: "the source is empty", lasts: outage, strike: away(func(s source.Snapshot) (source.Snapshot, error) {
			s.Files, s.Revision = nil, "mem-0"
			return s, nil
		}), ends: newer},
		{name: "G1-part", says: "the source is not complete", lasts: outage, strike: away(func(s source.Snapshot) (source.Snapshot, error) {
			s.Files, s.Complete = s.Files[:len(s.Files)/2], false
			return s, nil
		})},
		// Its reference is another: the commit comes there when all is at rest.
		{name: "G2", says: "a new commit", strike: func(w *world, _ *strike, _ sandbox.Call) *sandbox.Fault {
			w.files.move()
			w.restless()
			return nil
		}, moves: true, ends: committed, lasts: 10 * time.Minute},
	}
}

var (
	revisionTag = regexp.MustCompile(`mem-[0-9a-f]+`)
	weight      = regexp.MustCompile(`"Weight":(0|100)\b`)
)

// committed: which revisions came to be, and at which commit a thing was written last,
// depends on when the commit came; so does which of two colours serves, by how many
// deployments there were.
func committed(s *strike, want, got *outcome) []string {
	for _, p := range []picture{want.picture, got.picture} {
		for key, text := range p {
			_, local, _ := strings.Cut(key, secondTarget+"/")
			if local == "" {
				local = key
			}
			if strings.HasPrefix(local, "td/") || strings.HasPrefix(local, "revisions/") {
				delete(p, key)
				continue
			}
			p[key] = weight.ReplaceAllString(revisionTag.ReplaceAllString(text, "mem-any"), "-")
		}
	}
	return nil
}
