package resource

import (
	"github.com/ecs-operator/ecs-operator/pkg/shape"
)

// Object is one desired AWS object, as its document wants it.
type Object struct {
	ID ID
	// Want is the SDK's create input. Strings may still hold references
	// ("$(targetGroups.web.arn)"); Refs names every place where they do.
	// Tags are never in it (see Tags).
	Want any
	// Extra holds what the section takes beside the SDK input, by key; for
	// target groups "attributes" (map[string]string).
	Extra map[string]any
	// Tags are all tags that the object shall carry: the author's and ours.
	Tags map[string]string
	// Written maps every path that the author wrote, relative to the body and
	// with list indices ("containerDefinitions[0].image"), to file:line:column.
	// An index path is used because a merge key may itself be missing.
	Written *shape.Places
	// Section is the place of the body in the spec ("taskDefinition",
	// "targetGroups.web"): the prefix of every path that people see.
	Section string
	// Pos is file:line:column of the body.
	Pos string
	// Ignore are policy.ignore's paths: a lookup that goes by content must leave
	// them out as the diff does.
	Ignore []string
	// ARN is set of a Stray alone: the one place where its kind looks for it. A
	// Query holds either strays or none.
	ARN string
	// Refs are the references inside Want and Extra; Needs the objects that
	// they and the kind's own rules point at: the edges of the plan's order.
	Refs  []Ref
	Needs []ID
	// Of is set of a frame alone (Unit.Frames): the unit that has the whole object.
	Of *Unit
}

// Whole is the object with all that is wanted, also of a frame.
func (o *Object) Whole() *Object {
	if o.Of == nil {
		return o
	}
	return o.Of.Object(o.ID)
}

// Sum identifies the whole object, also of a frame, and without opening it where its kind
// asks for that (Framed); false when that cannot be told.
func (o *Object) Sum() (sum shape.Sum, ok bool) {
	if o.Of != nil {
		for _, s := range o.Of.packed.sums {
			if o.Of.id(s.at) == o.ID {
				return s.of, s.whole
			}
		}
	}
	return shape.Digest(o.Whole())
}

// Ref is one reference in a string of Want.
type Ref struct {
	Path string // index path of the string that holds it
	Text string // "$(targetGroups.web.arn)"
	To   ID
	Attr string // arn, name, fullName or family
}
