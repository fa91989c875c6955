package sandbox

import (
	"container/heap"
	"time"
)

// timer is something that the world will do by itself. It is data, so that it
// survives in the state file: Kind names a handler, Key what it is about.
type timer struct {
	At   time.Time
	Seq  int64 // order among equals
	Kind string
	Key  string
}

type timers []timer

func (t timers) Len() int { return len(t) }
func (t timers) Less(i, j int) bool {
	if !t[i].At.Equal(t[j].At) {
		return t[i].At.Before(t[j].At)
	}
	return t[i].Seq < t[j].Seq
}
func (t timers) Swap(i, j int) { t[i], t[j] = t[j], t[i] }
func (t *timers) Push(x any)   { *t = append(*t, x.(timer)) }
func (t *timers) Pop() any {
	old := *t
	x := old[len(old)-1]
	*t = old[:len(old)-1]
	return x
}

// after schedules a handler d from now in world time.
func (w *World) after(d time.Duration, kind, key string) {
	w.Serial++
	heap.Push(&w.Timers, timer{At: w.Clock.Add(d), Seq: w.Serial, Kind: kind, Key: key})
}

// seen shows the world to who watches it.
func (w *World) seen(event string) {
	if w.watch != nil {
		w.watch(w, event)
	}
}

// advance lets the world live until now, event by event, and reports whether
// anything happened.
func (w *World) advance(now time.Time) (happened bool) {
	for len(w.Timers) > 0 && !w.Timers[0].At.After(now) {
		t := heap.Pop(&w.Timers).(timer)
		if t.At.After(w.Clock) {
			w.Clock = t.At
		}
		if handle, ok := w.handlers[t.Kind]; ok { // a state file may know kinds of another version
			handle(w, t.Key)
			w.seen(t.Kind)
		}
		happened = true
	}
	if now.After(w.Clock) {
		w.Clock = now
	}
	return happened
}
