package resource

import (
	"context"
	"maps"
	"slices"
	"strings"

	"github.com/ecs-operator/ecs-operator/pkg/shape"
)

// Found is an object as a census has it: as little as tells it apart, since a census is
// of everything, and kept.
type Found struct {
	ID   ID
	ARN  string
	Tags map[string]string // those that say whose it is: owner and scope; nil for kinds that carry none
	// Value is what its kind needs to know beside that to recall it, nil for nothing. Values
	// can be compared.
	Value any
}

// Same reports whether two lists of a census say the same. Nearly always they are one list,
// or short.
func Same(a, b []Found) bool {
	if len(a) != len(b) || len(a) == 0 || &a[0] == &b[0] {
		return len(a) == len(b)
	}
	return slices.EqualFunc(a, b, func(a, b Found) bool {
		return a.ID == b.ID && a.ARN == b.ARN && a.Value == b.Value && maps.Equal(a.Tags, b.Tags)
	})
}

// Recalling is a Kind that makes a live object of what a census has found.
type Recalling interface {
	// Recall is the live object as far as its ARN and tags say it: its Value may be
	// missing, and whoever wants to write reads it directly first (Stray).
	Recall(Found) Live
}

// Census is the part of a taggable Kind that answers the other question: not
// "is this object there?", but "what is there of ours?". Every taggable kind of
// kinds.All has it.
type Census interface {
	// Owned lists what carries the owner's tag in one target, over every cluster.
	// Each answer's ID is what its tags say (unit and key). An error means that the
	// list is incomplete: then nothing may be concluded from what is not in it, nor
	// anything deleted for what is.
	// The list and all in it are shared with whoever asks next: nobody changes them.
	Owned(ctx context.Context, target, owner string) ([]Found, error)
	Recalling
}

// Attached is the census of a Kind that carries no tags: a name speaks for its
// objects, and the scalable target that they hang on.
type Attached interface {
	// Attached lists what hangs on scalable targets of ours under the names that
	// the operator derives for it. What has another name is somebody else's, or
	// stands in a document. An error means that the list is incomplete.
	Attached(ctx context.Context, owner string, targets []Live) ([]Found, error)
	Recalling
}

// Occupied is a Kind whose objects may be in use by others, so that AWS or the
// requests under way would suffer from their deletion.
type Occupied interface {
	// InUse says in a sentence's middle who still uses a live object ("3 targets
	// are still registered"), "" when nobody does. It reads directly.
	InUse(ctx context.Context, l Live) (string, error)
}

// Exclusive is a Kind of which AWS refuses to have certain objects side by side, so
// that one that goes must be gone before another takes its place.
type Exclusive interface {
	// Excludes says in a sentence's middle what AWS refuses while the live object is
	// there ("AWS allows one … for each metric"), "" for nothing.
	Excludes(want *Object, live *Live) string
}

// Stray is the object that a live one is when no document names it: enough for
// its kind to observe it directly and to delete it, nothing to compare by.
func Stray(l Live) Object {
	o := Object{ID: l.ID, ARN: l.ARN, Want: shape.Clone(l.Value), Extra: shape.Clone(l.Extra), Section: l.ID.Local(), Tags: map[string]string{}}
	for _, key := range []string{TagOwner, TagScope, TagUnit, TagKey} {
		if v, ok := l.Tags[key]; ok {
			o.Tags[key] = v
		}
	}
	return o
}

// Identity reads the ID of a live object from its tags; false where they do not
// say one. Kinds of which a unit has one (the service) may carry no key.
func Identity(target, kind string, tags map[string]string) (ID, bool) {
	return IdentityOf(target, kind, tags[TagUnit], tags[TagKey])
}

// IdentityOf is Identity by the two tags that say it, "" for one that is missing.
func IdentityOf(target, kind, unit, key string) (ID, bool) {
	at := strings.LastIndexByte(unit, '/') // a service's name has no slash
	if at <= 0 || at == len(unit)-1 {
		return ID{}, false
	}
	id := ID{Target: target, Cluster: unit[:at], Unit: unit[at+1:], Kind: kind}
	if key != "" && key != kind {
		k, name, ok := strings.Cut(key, "/")
		if !ok || k != kind || name == "" {
			return ID{}, false
		}
		id.Name = name
	}
	return id, true
}
