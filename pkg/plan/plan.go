package plan

import (
	"github.com/ecs-operator/ecs-operator/pkg/diff"
	"github.com/ecs-operator/ecs-operator/pkg/resource"
	"github.com/ecs-operator/ecs-operator/pkg/status"
)

// Action is what a step would do.
type Action string

// The actions.
const (
	ActionNone    Action = "none"
	ActionCreate  Action = "create"
	ActionUpdate  Action = "update"
	ActionReplace Action = "replace"
	ActionDelete  Action = "delete"
	ActionAdopt   Action = "adopt"
	ActionRun     Action = "run" // a hook's task
)

// Plan is everything that one pass would do to one unit, in order.
type Plan struct {
	// Revision is the source revision that it was made from.
	Revision string           `json:"revision,omitempty"`
	Unit     resource.UnitKey `json:"unit"`
	// Environment is the one that the unit's document was made for, "" for none.
	Environment string `json:"environment,omitempty"`
	// ContentHash of the unit (resource.Unit.ContentHash).
	ContentHash string `json:"contentHash,omitempty"`
	// Steps are sorted topologically by Needs, then by ID. An ID may stand in
	// two steps when one of them is blocked: the changes of a service that
	// start a deployment are held apart from those that do not.
	Steps []Step `json:"steps"`
	// Quarantine is set when failed content was found in ECS' history that no
	// tag remembers yet: written before anything else happens.
	Quarantine *Quarantine `json:"quarantine,omitempty"`
	// Approval is what a person writes into the service's tag to allow what is held
	// back by NeedsApproval in this plan, "" where nothing is.
	Approval string `json:"approval,omitempty"`
	// Consequence is what the whole of it does to the service's tasks.
	Consequence Consequence `json:"consequence"`
	// Seal tells whether the same plan would be made again.
	Seal Seal `json:"seal"`

	needsHistory  bool
	needsPrevious bool
	raised        int32 // the count that somebody raised outside of git, 0 for none
	counted       bool  // the service has the document's count
	needsGroups   []string
	moved         map[resource.ID]bool             // by a takeover
	objects       map[resource.ID]*resource.Object // that are wanted in another form than the document's
}

// Step is one object's part of a plan.
type Step struct {
	ID     resource.ID `json:"id"`
	Action Action      `json:"action"`
	ARN    string      `json:"arn,omitempty"`
	// Want is the wanted SDK input; references that are not known yet stand
	// as their text. In JSON it is the plain tree, for reading only: secrets
	// are hashed.
	Want any               `json:"want,omitempty"`
	Tags map[string]string `json:"tags,omitempty"`
	// Extra is what the document writes beside the input: a target group's attributes.
	Extra map[string]any `json:"-"`
	// Seen is the fingerprint of the live object that was planned on, "" for
	// an absent one: apply re-reads and blocks on another.
	Seen    string        `json:"seen,omitempty"`
	Changes []diff.Change `json:"changes,omitempty"`
	Needs   []resource.ID `json:"needs,omitempty"`
	Effect  diff.Effect   `json:"effect"`
	// Blocked is the reason that keeps the step from being done; Why says it
	// in one sentence with the way out.
	Blocked status.Reason `json:"blocked,omitempty"`
	Why     string        `json:"why,omitempty"`
	// After is what must have happened before the step may be done ("the first
	// deployment has succeeded", "drained"), "" for nothing. A step with an After
	// is shown and left undone, Blocked by Waiting: a later pass plans it again
	// from what is there then.
	After string `json:"after,omitempty"`
	// Stray: no document names the object. The ID is what its tags say, which may
	// be that of a wanted object too (a replacement has left it behind).
	Stray bool `json:"stray,omitempty"`
	// Notes are what the reader should know of the object beside its changes: of
	// the rules that stand around a listener's rule, say. One sentence each.
	Notes []string `json:"notes,omitempty"`
	// Settled is the object that the step is about, references open, where its kind
	// settles it (resource.Settler): apply writes this one.
	Settled *resource.Object `json:"-"`
	// Section is the spec's own place: the prefix of every change's path.
	Section string `json:"section"`
	// Fields are all places of the object with their owners, where Input.Cover asks.
	Fields []diff.Field `json:"fields,omitempty"`
}

// Writes reports whether apply would write anything for the step.
func (s Step) Writes() bool { return s.Action != ActionNone && s.Blocked == "" }

// Told reports whether the step is only there to be read: nothing is done, and
// nothing would be.
func (s Step) Told() bool {
	return s.Action == ActionNone && s.Blocked == "" && (s.Why != "" || len(s.Changes) > 0)
}

// Empty reports whether there is nothing to be done: no change, nothing blocked.
func (p Plan) Empty() bool {
	for _, s := range p.Steps {
		if s.Action != ActionNone || s.Blocked != "" {
			return false
		}
	}
	return true
}

// Input is all that a plan is made from.
type Input struct {
	Frame resource.Frame
	Unit  *resource.Unit
	Kinds []resource.Kind
	// Live answers for every object of the unit; one that is missing is Unknown.
	Live map[resource.ID]resource.Live
	// History are the service's newest deployments, newest first; nil when they
	// were not needed. HistoryErr keeps a deployment from being planned as safe.
	History    []resource.Deployment
	HistoryErr error
	// Previous are the deployments of History, each with what it carried: those that
	// Plan.NeedsPrevious asked for. Nil where nobody looked.
	Previous []resource.Deployment
	// Now is the only time that a plan knows: for suspensions that have ended. RFC 3339.
	Now string
	// InGrace are objects that this process has seen or written and that have
	// been absent for less than the absence grace.
	InGrace map[resource.ID]bool
	// Rollout is the deployment that the service is in or ended with, nil where
	// nobody asked or there is none.
	Rollout *resource.Deployment
	// Strays are live objects that carry this owner's tags and this unit's, and that
	// the document does not name: surroundings that were taken out of it, what a
	// replacement has left behind, and for a unit whose document is gone (Unit has
	// no objects) all of it. Nil where nobody looked.
	Strays []resource.Live
	// RaisedSince is when whoever plans first saw the count that it sees now above
	// the document's, "" for now. RFC 3339.
	RaisedSince string
	// CountMet: whoever plans has seen the service with the count of this very document.
	// What it has more since then somebody raised, whatever else of it is still to be
	// written.
	CountMet bool
	// Contested are the fields that something else keeps writing back, by object
	// and path, with the sentence that says who holds which value.
	Contested map[resource.ID]map[string]string
	// Groups are target groups as they stand, by ARN (resource.Succession): those
	// that Plan.NeedsGroups asked for. Nil where nobody looked.
	Groups map[string]resource.Live
	// Gone is set for a unit whose document is gone: the unit has no objects, and
	// Strays are all that is there of it.
	Gone *Departure
	// Fresh are strays, by ARN, that this process has not known for the absence
	// grace: they are not deleted yet.
	Fresh map[string]bool
	// Doubt is why nothing may be concluded from what the documents do not name
	// ("services/web.yaml could not be read"), "" for no doubt.
	Doubt string
	// ForeignScaling: a scalable target that is not in the unit exists for the service.
	ForeignScaling bool
	// ScalingUnread: whether one exists could not be read (its entry in Live says why).
	ScalingUnread bool
	// Held is why no deployment may be started now although nothing of the unit
	// itself speaks against it: who plans sees the other services too. The zero
	// value holds nothing.
	Held Held
	// Cover lists in every step who governs which field.
	Cover bool
	// Untouched: this process has seen AWS as this very document wants it, so
	// that whatever differs now was changed in AWS.
	Untouched bool

	// approved: a person allowed what needs it.
	approved bool
}

// NeedsHistory reports whether the service's newest deployments must be read and
// the plan made again with them: it would start a deployment, one is running
// against the spec, or one failed with this content and no tag remembers it. It
// is false for a plan that was made with a history.
func (p Plan) NeedsHistory() bool { return p.needsHistory }

// NeedsPrevious reports whether it must be known what the service's earlier
// deployments carried, and the plan be made again with that: a hook failed after a
// deployment, and the service goes back. It is false for a plan that was made with
// Previous.
func (p Plan) NeedsPrevious() bool { return p.needsPrevious }

// NeedsGroups are the ARNs of target groups that must be read as they stand and
// the plan made again with them: one takes over from another. It is nil for a
// plan that was made with Groups.
func (p Plan) NeedsGroups() []string { return p.needsGroups }
