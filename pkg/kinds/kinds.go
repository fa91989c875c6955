package kinds

import (
	"context"
	"fmt"
	"strings"

	"github.com/ecs-operator/ecs-operator/pkg/awsclient"
	"github.com/ecs-operator/ecs-operator/pkg/diff"
	"github.com/ecs-operator/ecs-operator/pkg/resource"
	"github.com/ecs-operator/ecs-operator/pkg/spec"
)

// All returns every kind in the order in which they are observed: the service
// before what is found through it. A nil provider gives kinds that can do all
// that is pure, and nothing else.
func All(p awsclient.Provider) []resource.Kind {
	b := base{provider: p, inventory: newInventory(p), seen: newMemory(), rotation: newRotation()}
	b.inventory.rotation = b.rotation
	return []resource.Kind{
		newService(b),
		newTaskDefinition(b),
		newTargetGroup(b),
		newListenerRule(b),
		newScalableTarget(b),
		newScalingPolicy(b),
		newScheduledAction(b),
		newAlarm(b),
	}
}

// Sections derives the decoder's list from All.
func Sections() []spec.Section {
	var out []spec.Section
	for _, k := range All(nil) {
		s := k.Section()
		s.MergeKeys = mergeKeys(Rules(k.Name()), s)
		for i, other := range s.Others {
			s.Others[i].MergeKeys = mergeKeys(Rules(other.Sort()), other)
		}
		out = append(out, s)
	}
	return out
}

// mergeKeys are by what patches merge a section's lists: by what tells elements
// apart in a diff, a member's constant default included.
func mergeKeys(r *diff.Rules, s spec.Section) map[string]string {
	out := map[string]string{}
	for path, key := range r.Keys {
		var members []string
		for _, m := range strings.Split(key, "+") {
			if usual, ok := r.Defaults[path+"[]."+m]; ok && usual != nil {
				m = fmt.Sprintf("%s=%v", m, usual)
			}
			members = append(members, m)
		}
		out[path] = strings.Join(members, "+")
	}
	for path, pair := range s.Sugar { // tags, which are compared by other means
		if out[path] == "" {
			out[path] = pair.Key
		}
	}
	return out
}

// base is what every kind of one All has in common.
type base struct {
	provider  awsclient.Provider
	inventory *inventory
	seen      *memory
	rotation  *rotation // nil: nothing takes turns
}

func (b base) clients(ctx context.Context, target string) (*awsclient.Clients, error) {
	if b.provider == nil {
		return nil, resource.Errorf(resource.ClassOther, "kinds", "no way to AWS: these kinds were made without a provider")
	}
	return b.provider.For(ctx, target)
}

// remove makes a kind's call of deletion. What is not there is deleted.
func (b base) remove(ctx context.Context, w resource.Write, call func(awsclient.API) error) error {
	c, err := b.clients(ctx, w.Object.ID.Target)
	if err != nil {
		return err
	}
	if err := gone(call(c.Write)); err != nil {
		return err
	}
	b.seen.forget(w.Object.ID)
	return nil
}

// gone makes success of "not there".
func gone(err error) error {
	if resource.ClassOf(err) == resource.ClassNotFound {
		return nil
	}
	return err
}

// pager is what every paginator of the SDK can do.
type pager[Page, Options any] interface {
	HasMorePages() bool
	NextPage(context.Context, ...func(*Options)) (Page, error)
}

// eachPage reads all pages. With an error the answer is incomplete: it says
// nothing about what is absent.
func eachPage[Page, Options any](ctx context.Context, pages pager[Page, Options], take func(Page)) error {
	for first := true; pages.HasMorePages(); first = false {
		page, err := pages.NextPage(ctx)
		switch {
		case err != nil && first:
			return err
		case err != nil:
			return brokenOff(err)
		}
		take(page)
	}
	return nil
}

// brokenOff is the error of a page after the first. It asks for the same as the first one
// did, but for its token: where AWS calls that invalid, the token is too old ("The
// pagination token has expired", GetResources; "Invalid marker", DescribeRules), and not
// what a document says. Whoever asks again begins at the first page.
func brokenOff(err error) error {
	if resource.ClassOf(err) == resource.ClassInvalid {
		return resource.Errorf(resource.ClassTransient, "a list that goes on", "%v", err)
	}
	return err
}

// compare runs the rules of a kind over desired and live.
func compare(r *diff.Rules, o *resource.Object, l *resource.Live, c resource.Compare) []diff.Change {
	if l.Presence != resource.Present || l.Value == nil {
		return nil
	}
	open := map[string]bool{}
	for _, ref := range o.Refs {
		open[ref.Path] = true
	}
	return r.Compare(diff.Args{
		Want: o.Want, Live: l.Value, WantExtra: o.Extra, LiveExtra: l.Extra,
		Written: o.Written, Open: open, Section: o.Section, Ignore: c.Policy.Ignore,
		InputChanged: c.InputChanged,
	})
}

// settled is the wanted input with the defaults that changes name written out:
// an API that updates partially keeps what it is not told.
func settled[T any](w resource.Write, want *T) (*T, error) {
	for _, c := range w.Changes {
		if c.Informational || !c.Unwritten || c.Field() == "tags" || strings.Contains(c.Path, "[") { // a list goes out whole
			continue
		}
		if f, ok := member(want, c.Field()); !ok || !f.CanSet() {
			continue
		}
		if err := diff.Set(want, c.Path, c.New); err != nil {
			return nil, resource.Errorf(resource.ClassOther, "default of "+c.Path, "%v", err)
		}
	}
	return want, nil
}
