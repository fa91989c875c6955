package resource

import "github.com/ecs-operator/ecs-operator/pkg/diff"

// Settler is the part of a Kind whose objects are not wholly written in their
// document: some of what they want depends on what is live around them (a place
// among a listener's rules), or comes in two steps.
type Settler interface {
	// Settle gives the object that is to be compared and written now. Pure: what
	// it needs of the world stands in l.Around, which Observe filled. It is not
	// asked about an object whose presence is unknown.
	Settle(o Object, l Live, s Standing) Settled
}

// Standing is what Settle may know of the object's unit.
type Standing struct {
	// Empty are target groups of the unit behind which its service has not yet
	// ended a deployment well: nobody may be sent there.
	Empty map[ID]bool
	// ARNs are those of the unit's target groups that are there.
	ARNs map[ID]string
	// Idle are those of the others, of a pair between which the service shifts
	// traffic, in which nobody stands now: ECS leads requests there when somebody does.
	Idle map[ID]bool
	// AtOnce: a person allowed what comes before anybody stands there (policy.recreate).
	AtOnce bool
	// Moved: a target group takes over from another, and the object already says
	// where its requests go meanwhile.
	Moved bool
}

// Settled is an object as it is to be now.
type Settled struct {
	// Object, with references as they were.
	Object Object
	// Taken says that somebody else has what the object wants, Impossible that it
	// cannot be had as it is written: sentences with the way out, "" for neither.
	Taken, Impossible string
	// Notes are what a reader should know of it, one sentence each.
	Notes []string
	// Later is what is still missing then, and After what it waits for.
	Later []diff.Change
	After string
	// Opens are the target groups that get requests through the object as it is to be
	// now, and get none through the live one: somebody has to be healthy there.
	Opens []ID
}

// Surveyor is the part of a Kind whose objects have to do with those of other
// units: it is shown all units of every load, before anything is observed.
type Surveyor interface {
	// Survey takes the units in and says what is wrong between them. Problems
	// name the unit (UnitKey.String); an error freezes it.
	Survey(units []*Unit) []Conflict
}

// Conflict is one thing wrong between two objects, told at the place of one.
type Conflict struct {
	Unit    UnitKey
	Pos     string // file:line:column
	Message string
	// Fatal: neither unit may be written.
	Fatal bool
}
