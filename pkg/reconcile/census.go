package reconcile

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"

	"go.uber.org/zap"

	"github.com/ecs-operator/ecs-operator/pkg/resource"
	"github.com/ecs-operator/ecs-operator/pkg/shape"
)

// census is what carries our owner's tags in one target, over all its clusters,
// as of one reading. It finds what no document names; whoever acts on it reads
// the object directly first.
type census struct {
	units map[resource.UnitKey][]*resource.Found // shared with the kinds that counted them: nobody changes them
	lists [][]resource.Found                     // that units points into
	err   error                                  // it is incomplete: nothing may be concluded, and nothing deleted
}

// count makes a census of the targets, and keeps it for the passes to come.
func (e *Engine) count(ctx context.Context, targets []string, units []*resource.Unit) {
	var wg sync.WaitGroup
	for _, target := range targets {
		wg.Go(func() {
			e.mu.Lock()
			before := e.censuses[target]
			e.mu.Unlock()
			c := e.countTarget(ctx, target, units, before)
			if ctx.Err() != nil {
				return // what was cut off says nothing, not even that it failed
			}
			e.mu.Lock()
			e.censuses[target] = c
			e.mu.Unlock()
			if c.err != nil && (before == nil || before.err == nil) {
				e.log.Warn("what no document names could not be looked for: nothing is deleted", zap.String("target", target), zap.Error(c.err))
			}
		})
	}
	wg.Wait()
}

// countTarget makes a census of one target. As long as the lists are what they were before,
// so is the census.
func (e *Engine) countTarget(ctx context.Context, target string, units []*resource.Unit, before *census) (c *census) {
	defer func() {
		if v := recover(); v != nil {
			e.panicked(resource.UnitKey{Target: target}, v)
			c = &census{err: fmt.Errorf("%w: %s", errPanic, shape.Fault(v))}
		}
	}()
	here := 0
	for _, u := range units {
		if u.Key.Target == target {
			here++
			if err := e.misplaced(ctx, u); err != nil { // nothing is read in the wrong place
				return &census{err: err}
			}
		}
	}
	var (
		lists  [][]resource.Found
		scaled []resource.Live
	)
	for _, k := range e.o.Kinds {
		counter, ok := k.(resource.Census)
		if !ok || k.Name() == resource.KindTaskDefinition { // of revisions there are many: see retention
			continue
		}
		owned, err := counter.Owned(ctx, target, e.currentFrame().Owner)
		if err != nil {
			return &census{err: fmt.Errorf("%s: %w", k.Name(), err)}
		}
		lists = append(lists, owned)
		if k.Name() == resource.KindScalableTarget {
			scaled = e.scaledIn(target, units, owned, here)
		}
	}
	hanging, err := e.hanging(ctx, scaled)
	if err != nil {
		return &census{err: err}
	}
	lists = append(lists, hanging)
	if before != nil && slices.EqualFunc(before.lists, lists, resource.Same) {
		return before
	}
	c = &census{units: make(map[resource.UnitKey][]*resource.Found, here), lists: lists}
	for n, list := range lists {
		spoken := n == len(lists)-1 // it carries no tags: its scalable target speaks for it
		for i := range list {
			if l := &list[i]; spoken || e.inScope(l.Tags) {
				c.units[l.ID.Key()] = append(c.units[l.ID.Key()], l)
			}
		}
	}
	return c
}

// scaledIn are the scalable targets of ours, by the names of the services that they scale.
func (e *Engine) scaledIn(target string, units []*resource.Unit, owned []resource.Found, here int) []resource.Live {
	byKey := make(map[resource.UnitKey]*resource.Unit, here)
	for _, u := range units {
		if u.Key.Target == target {
			byKey[u.Key] = u
		}
	}
	scaled := make([]resource.Live, 0, len(owned))
	for i := range owned {
		if !e.inScope(owned[i].Tags) {
			continue
		}
		l := resource.Live{ID: owned[i].ID, Presence: resource.Present, ARN: owned[i].ARN}
		if u := byKey[l.ID.Key()]; u != nil { // a document may call its service otherwise than itself
			if name, ok := e.nameIn(u, l.ID); ok {
				l.Name = name
			}
		}
		scaled = append(scaled, l)
	}
	return scaled
}

// hanging are the scaling policies and scheduled actions of scalable targets of ours.
func (e *Engine) hanging(ctx context.Context, targets []resource.Live) ([]resource.Found, error) {
	if len(targets) == 0 {
		return nil, nil
	}
	var out []resource.Found
	for _, k := range e.o.Kinds {
		if counter, ok := k.(resource.Attached); ok {
			found, err := counter.Attached(ctx, e.currentFrame().Owner, targets)
			if err != nil {
				return nil, fmt.Errorf("%s: %w", k.Name(), err)
			}
			if out = slices.Clip(out); out == nil {
				out = found
			} else {
				out = append(out, found...)
			}
		}
	}
	known := make(map[string]bool, len(out)) // where two scalable targets carry the same tags
	return slices.DeleteFunc(out, func(f resource.Found) bool {
		twice := known[f.ARN]
		known[f.ARN] = true
		return twice
	}), nil
}

// inScope: it carries the owner, and no scope but the run's own. What carries
// none takes that of the first run with one.
func (e *Engine) inScope(tags map[string]string) bool {
	f, o := e.currentFrame(), resource.OwnerOf(tags)
	return o.Operator == f.Owner && (o.Scope == "" || o.Scope == f.Scope)
}

// strays are the live objects of a unit that its document does not name, as they
// were read just now. One that could not be read is among them as Unknown.
func (e *Engine) strays(ctx context.Context, u *resource.Unit, live map[resource.ID]resource.Live) []resource.Live {
	return e.readStrays(ctx, u, e.unnamed(u, live))
}

// unnamed is what the latest census has of a unit and its document does not name.
func (e *Engine) unnamed(u *resource.Unit, live map[resource.ID]resource.Live) []resource.Live {
	e.mu.Lock()
	c := e.censuses[u.Key.Target]
	e.mu.Unlock()
	if c == nil || c.err != nil {
		return nil
	}
	wanted := map[string]bool{} // what the document names, maybe under another key than its tags say
	for id := range u.IDs() {
		if w := live[id]; w.Presence == resource.Present && w.ARN != "" {
			wanted[w.ARN] = true
		}
	}
	var todo []resource.Live
	for _, l := range c.units[u.Key] {
		if wanted[l.ARN] {
			continue
		}
		if o := u.Object(l.ID); o != nil {
			// Of the same name inside the unit as one that is wanted, and another
			// object: only where the wanted one is known can they be told apart.
			w := live[l.ID]
			if w.Presence != resource.Present || w.ARN == "" {
				continue
			}
		}
		todo = append(todo, e.recall(l))
	}
	return todo
}

// recall makes a live object of what a census has found.
func (e *Engine) recall(f *resource.Found) resource.Live {
	if k, ok := e.byKind[f.ID.Kind].(resource.Recalling); ok {
		return k.Recall(*f)
	}
	return resource.Live{ID: f.ID, Presence: resource.Present, ARN: f.ARN, Tags: f.Tags}
}

// readStrays reads what a census has found directly, and leaves out what is gone
// or has become somebody else's.
func (e *Engine) readStrays(ctx context.Context, u *resource.Unit, todo []resource.Live) []resource.Live {
	var out []resource.Live
	for len(todo) > 0 {
		// Answers go by ID, and two strays may share theirs.
		round, rest := map[resource.ID]resource.Live{}, []resource.Live{}
		for _, l := range todo {
			if _, twice := round[l.ID]; twice {
				rest = append(rest, l)
			} else {
				round[l.ID] = l
			}
		}
		todo = rest
		for _, k := range e.o.Kinds {
			var objects []*resource.Object
			for _, l := range round {
				if l.ID.Kind == k.Name() {
					objects = append(objects, new(resource.Stray(l)))
				}
			}
			if len(objects) == 0 {
				continue
			}
			for id, l := range e.ask(ctx, k, resource.Query{Target: u.Key.Target, Objects: objects, Direct: true}) {
				if s, there := e.still(k, round[id], l); there {
					out = append(out, s)
				}
			}
		}
	}
	slices.SortFunc(out, func(a, b resource.Live) int {
		return strings.Compare(a.ID.String()+" "+a.ARN, b.ID.String()+" "+b.ARN)
	})
	return out
}

// still: what was read of a stray is that very object, and ours.
func (e *Engine) still(k resource.Kind, found, l resource.Live) (resource.Live, bool) {
	switch {
	case l.Presence == resource.Unknown:
		l.ARN, l.Name = found.ARN, found.Name
		return l, true
	case l.Presence != resource.Present || l.ARN != found.ARN:
		return l, false
	case !k.Taggable():
		return l, true // its scalable target speaks for it
	}
	id, told := resource.Identity(found.ID.Target, found.ID.Kind, l.Tags)
	return l, told && id == found.ID && e.inScope(l.Tags)
}

// targetsOf are the targets that a run works on: the configured ones, and those
// of the units where none are.
func (e *Engine) targetsOf(units []*resource.Unit) []string {
	in := map[string]bool{}
	for _, t := range e.o.Targets {
		in[t] = true
	}
	for _, u := range units {
		in[u.Key.Target] = true
	}
	return slices.Sorted(maps.Keys(in))
}
