package resource

import (
	"iter"
	"slices"
	"sync/atomic"
	"unique"
	"unsafe"
	"weak"

	"github.com/ecs-operator/ecs-operator/pkg/shape"
	"github.com/ecs-operator/ecs-operator/pkg/spec"
)

// Unit is one service document as desired objects.
type Unit struct {
	Key    UnitKey
	Pos    string // file:line:column of the document
	Labels map[string]string
	Policy spec.Policy
	// Gone: its document is gone. It has no objects, and is looked after until
	// nothing of it is left.
	Gone bool
	// Environment is the document's, "" for none.
	Environment string
	// Account and Region are where the document insists on being, "" where it
	// does not say.
	Account, Region string
	// DependsOn are the services that must be Ready before this unit is
	// written; who loads the documents resolves their names.
	DependsOn []UnitKey
	// Hooks are the tasks to run around a deployment, in the document's order.
	Hooks []Hook
	// Freeze are the times in which its environment wants no deployment.
	Freeze []spec.Freeze
	// ContentHash is the versioned hash of the rollout content: the task
	// definition and the written service fields whose change starts a new
	// deployment. It is a hint, never a reason (design: writes).
	ContentHash string
	// Digest identifies all that the document wants: equal digests, nothing was
	// edited. Who loads the documents sets it; a unit of no document has none.
	Digest string
	// Former are the hashes of the same content under former versions: tags in
	// the world may hold them. Compare by Carries.
	Former []string
	// Image is what people call the version: the image of the first essential
	// container.
	Image string

	objects []*Object // while it is being made or planned with; nil when it is packed
	packed  *packedObjects
}

// packedObjects are the objects of a unit that is in force. Of thousands of units a few are
// worked on at a time: the objects are written down, and there as such for as long as
// somebody holds them.
type packedObjects struct {
	objects shape.Packed[[]Object]
	framed  uint64                 // by number, the objects that are frames: of the first 64
	rest    shape.Packed[[]Object] // what these have not
	sums    []sum
	locals  []unique.Handle[local]
	opened  atomic.Pointer[weak.Pointer[Object]] // the first: who holds one holds all
}

// sum is the digest of one object that is a frame.
type sum struct {
	at    int
	of    shape.Sum
	whole bool // there is one
}

// Framed is a Kind that needs little of what is wanted to look at AWS as long as nothing
// changes: a frame has its ID, Tags and Want, and of that what Frame leaves. Observe goes by
// these alone, or opens the whole (Object.Whole).
type Framed interface {
	// Frame is what is wanted without most of it, for Unit.Frames, and whether Observe
	// asks for the Sum of the whole. Pure.
	Frame(want any) (frame any, summed bool)
}

// local is an ID within a unit.
type local struct{ kind, name string }

// Len is how many objects there are.
func (u *Unit) Len() int {
	if u.packed == nil {
		return len(u.objects)
	}
	return len(u.packed.locals)
}

// IDs are those of all objects, in their order. Packed objects are not opened for it.
func (u *Unit) IDs() iter.Seq[ID] {
	return func(yield func(ID) bool) {
		for i := range u.Len() {
			if !yield(u.id(i)) {
				return
			}
		}
	}
}

func (u *Unit) id(i int) ID {
	if u.packed == nil {
		return u.objects[i].ID
	}
	l := u.packed.locals[i].Value()
	return ID{Target: u.Key.Target, Cluster: u.Key.Cluster, Unit: u.Key.Name, Kind: l.kind, Name: l.name}
}

// Has is whether there is an object with the ID.
func (u *Unit) Has(id ID) bool {
	for have := range u.IDs() {
		if have == id {
			return true
		}
	}
	return false
}

// Objects are all objects of the unit, in the order of their IDs. They are shared, and not
// to be changed. Whoever needs them more than once keeps the list: to open it costs some
// microseconds.
func (u *Unit) Objects() []*Object {
	if u.packed == nil {
		return u.objects
	}
	if known := u.open(); known != nil {
		return known
	}
	objects, rest := u.packed.objects.Unpack(), u.packed.rest.Unpack()
	for i := range objects {
		if f := &objects[i]; u.packed.isFrame(i) {
			rest[0].ID, rest[0].Tags = f.ID, f.Tags
			*f, rest = rest[0], rest[1:]
		}
	}
	if len(objects) > 0 {
		w := weak.Make(&objects[0])
		u.packed.opened.Store(&w) // another one opens the same
	}
	return pointers(objects)
}

// open are the objects if somebody holds them, else nil.
func (u *Unit) open() []*Object {
	if known := u.packed.opened.Load(); known != nil {
		if first := known.Value(); first != nil {
			return pointers(unsafe.Slice(first, u.Len()))
		}
		u.packed.opened.CompareAndSwap(known, nil) // thousands of these would be kept for nothing
	}
	return nil
}

// Frames are the objects as far as a look at AWS needs them: those of a Framed kind may be
// their frames alone (Object.Whole).
func (u *Unit) Frames() []*Object {
	if u.packed == nil {
		return u.objects
	}
	if known := u.open(); known != nil {
		return known
	}
	frames := u.packed.objects.Unpack()
	for i := range frames {
		if u.packed.isFrame(i) {
			frames[i].Of = u
		}
	}
	return pointers(frames)
}

func (p *packedObjects) isFrame(i int) bool { return p.framed>>i&1 != 0 }

func pointers(objects []Object) []*Object {
	all := make([]*Object, len(objects))
	for i := range objects {
		all[i] = &objects[i]
	}
	return all
}

// With is the same unit with other objects.
func (u *Unit) With(objects ...*Object) *Unit {
	unit := *u
	unit.objects, unit.packed = objects, nil
	return &unit
}

// Put is the same unit with one object more, or another one in the place of that of its ID.
func (u *Unit) Put(o *Object) *Unit {
	objects := slices.Clone(u.Objects())
	if i := slices.IndexFunc(objects, func(have *Object) bool { return have.ID == o.ID }); i >= 0 {
		objects[i] = o
	} else {
		objects = append(objects, o)
	}
	return u.With(objects...)
}

// Pack folds the objects of a unit that is to be kept. They are not to be changed any more.
func (u *Unit) Pack(byKind map[string]Kind) {
	if u.packed != nil {
		return
	}
	p := &packedObjects{locals: make([]unique.Handle[local], len(u.objects))}
	objects := make([]Object, len(u.objects))
	var rest []Object
	for i, o := range u.objects {
		objects[i], p.locals[i] = *o, unique.Make(local{o.ID.Kind, o.ID.Name})
		k, ok := byKind[o.ID.Kind].(Framed)
		if !ok || i >= 64 {
			continue
		}
		frame, summed := k.Frame(o.Want)
		if summed {
			s := sum{at: i}
			s.of, s.whole = shape.Digest(o)
			p.sums = append(p.sums, s)
		}
		p.framed |= 1 << i
		whole := *o
		whole.ID, whole.Tags = ID{}, nil
		rest = append(rest, whole)
		objects[i] = Object{ID: o.ID, Tags: o.Tags, Want: frame}
	}
	p.objects, p.rest = shape.Pack(objects), shape.Pack(rest)
	u.Former = slices.Clone(u.Former)
	kept := []*string{&u.Image, &u.ContentHash}
	for i := range u.Former {
		kept = append(kept, &u.Former[i])
	}
	shape.Gather(kept...) // of their own: else the image would hold what it is a part of
	u.packed, u.objects = p, nil
}

// Object returns the object with the given ID, or nil.
func (u *Unit) Object(id ID) *Object {
	if u.packed != nil && !u.Has(id) {
		return nil
	}
	for _, o := range u.Objects() {
		if o.ID == id {
			return o
		}
	}
	return nil
}
