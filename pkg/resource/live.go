package resource

import "maps"

// Presence says what a lookup found out. The zero value is Unknown: silence
// about an object is never absence.
type Presence int

// The three ends of a lookup.
const (
	Unknown Presence = iota // not read, or the read failed: see Live.Err
	Absent                  // AWS said that it is not there
	Present
)

// String names the presence for logs.
func (p Presence) String() string { return [...]string{"unknown", "absent", "present"}[p] }

// Live is what AWS has of one object.
type Live struct {
	ID       ID
	Presence Presence
	Err      error // why Unknown
	ARN      string
	// Name is the name that AWS knows the object by.
	Name string
	// Tags are all tags read; nil for kinds that carry none.
	Tags map[string]string
	// Value is the live state in the form of the kind's create input, Extra
	// what stands beside it: comparable with Object.Want and Object.Extra.
	Value any
	Extra map[string]any
	// Sealed has Value and Tags, which are nil, of what never changes and who asked wants
	// only to know whether it is the same (Query.Lean); nil for what is open. Equal contents
	// are sealed alike.
	Sealed Sealed
	// Around is what Observe saw around the object, for its kind's Settle alone: it
	// is no part of the fingerprint. Nil for most kinds.
	Around any
	// Attrs are the attributes that references may ask for beside arn and name (fullName,
	// family), and these where they are not ARN and Name: Attributes has all.
	Attrs  map[string]string
	Health Health
	// Image is set for task definitions only: the image that the service runs
	// now, which is that of another revision while a rollout is held back.
	Image string
	// Registered is set for task definitions only: when the revision was, RFC 3339.
	Registered string
	// Service is set for ECS services only.
	Service *ServiceState
	// Group is set for target groups only.
	Group *GroupState
}

// Sealed is a body that is opened when it is needed.
type Sealed interface {
	Open() (value any, tags map[string]string)
}

// Open is the same with Value and Tags at hand.
func (l Live) Open() Live {
	if l.Sealed != nil {
		l.Value, l.Tags = l.Sealed.Open()
		l.Sealed = nil
	}
	return l
}

// Attributes are what references to an object that is there may ask for, in a map of the
// caller's; nil for one that is not.
func (l Live) Attributes() map[string]string {
	if l.Presence != Present {
		return nil
	}
	out := map[string]string{"arn": l.ARN, "name": l.Name}
	maps.Copy(out, l.Attrs)
	return out
}

// Health is a kind's own word on a live object.
type Health struct {
	State  HealthState
	Reason string // one plain sentence
}

// HealthState orders from good to bad.
type HealthState int

// States of health, worst last.
const (
	Healthy HealthState = iota
	Progressing
	Degraded
	Gone // being deleted: exists, but will not stay (DRAINING)
)

// ServiceState is what status and rollout rules need of a live ECS service and
// what the create input has no place for.
type ServiceState struct {
	ARN               string
	Status            string // ACTIVE, DRAINING, INACTIVE as ECS says it
	CreatedAt         string // RFC 3339, of the (possibly INACTIVE) service
	Desired           int32
	Running           int32
	Pending           int32
	TaskDefinition    string // revision ARN of the service
	CurrentDeployment string // service deployment ARN, may be empty
	Revision          string // service revision ARN that the PRIMARY deployment carries, may be empty
	// Deployment is the PRIMARY entry of the legacy deployments list.
	PrimaryID     string // ecs-svc/…
	PrimaryState  string // IN_PROGRESS, COMPLETED, FAILED, or "" where ECS gives none
	PrimaryReason string
	Deployments   int // entries in the legacy list
	// Completed: a deployment in that list has succeeded, be it the one that a newer
	// one is about to replace.
	Completed bool
	// LastEvents are the newest service events, newest first, at most 5: what is said
	// several times in a row stands once.
	LastEvents []string
	// Serving are the target groups that the tasks of the PRIMARY deployment stand in,
	// for a service that may stand in either group of a pair (blue/green); nil where
	// the input says it, or nobody does.
	Serving []string
	// Shifts: the service's strategy starts a second set of tasks and shifts the
	// traffic to it.
	Shifts bool
	// StartedTasks is when ECS last started tasks of the service, or a moment after
	// that: as its events tell. RFC 3339, "" when they do not.
	StartedTasks string
	// ForeignController is the deployment controller type where it is not ECS
	// (ControllerCodeDeploy and the others).
	ForeignController string
	// TaskSets counts what a foreign controller runs instead of deployments, and
	// PrimaryTaskSet says whether one of them is the primary one.
	TaskSets       int
	PrimaryTaskSet bool
}

// Owner is what the tags say.
func (l Live) Owner() Owner { return OwnerOf(l.Tags) }

// OwnerOf reads ownership from tags.
func OwnerOf(tags map[string]string) Owner {
	return Owner{Operator: tags[TagOwner], Scope: tags[TagScope], Unit: tags[TagUnit], Key: tags[TagKey]}
}

// Owner is what the tags of a live object say about whose it is.
type Owner struct{ Operator, Scope, Unit, Key string }
