package resource

import (
	"crypto/sha256"
	"iter"
	"slices"
	"strings"
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
	text   shape.Packed[[]Object] // of some the frame alone
	bodies []body                 // of those
	locals []unique.Handle[local]
	opened atomic.Pointer[weak.Pointer[Object]] // the first: who holds one holds all
}

// body is what is wanted of one object.
type body struct {
	at    int
	want  shape.Packed[any]
	sum   [sha256.Size]byte // of the object
	whole bool              // there is a sum
}

// Framed is the part of a Kind whose wanted content is large, and of which a look at AWS
// needs little as long as nothing changes.
type Framed interface {
	// Frame is what is wanted without most of it, for Unit.Frames. Pure.
	Frame(want any) any
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
	objects := u.packed.text.Unpack()
	for i := range u.packed.bodies {
		b := &u.packed.bodies[i]
		objects[b.at].Want = b.want.Unpack()
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
	}
	return nil
}

// Frames are the objects as far as a look at AWS needs them: of those of a Framed kind the
// Want may be its frame alone (Object.Whole).
func (u *Unit) Frames() []*Object {
	if u.packed == nil {
		return u.objects
	}
	if known := u.open(); known != nil {
		return known
	}
	frames := u.packed.text.Unpack()
	for i := range u.packed.bodies {
		frames[u.packed.bodies[i].at].Of = u
	}
	return pointers(frames)
}

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
	objects, locals := make([]Object, len(u.objects)), make([]unique.Handle[local], len(u.objects))
	var bodies []body
	for i, o := range u.objects {
		objects[i], locals[i] = *o, unique.Make(local{o.ID.Kind, o.ID.Name})
		if k, ok := byKind[o.ID.Kind].(Framed); ok {
			b := body{at: i, want: shape.Pack(o.Want)}
			b.sum, b.whole = shape.Digest(o)
			bodies = append(bodies, b)
			objects[i].Want = k.Frame(o.Want)
		}
	}
	u.Image = strings.Clone(u.Image) // of its own: else it would hold what it is a part of
	u.packed, u.objects = &packedObjects{text: shape.Pack(objects), bodies: bodies, locals: locals}, nil
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
