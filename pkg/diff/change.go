package diff

import "strings"

// Effect is what a change does to the running tasks. It is the one enum of
// consequences, in every output, ordered from harmless to worst.
type Effect string

// The effects.
const (
	None          Effect = "none"
	InPlace       Effect = "in place"
	TasksLater    Effect = "tasks started later"
	NewDeployment Effect = "new deployment"
	Forced        Effect = "forced deployment"
	TrafficShift  Effect = "traffic shift"
	Replacement   Effect = "replacement"
	Recreation    Effect = "recreation with downtime"
	Deletion      Effect = "deletion" // of the service
)

var order = []Effect{None, InPlace, TasksLater, NewDeployment, Forced, TrafficShift, Replacement, Recreation, Deletion}

// Rank orders effects; unknown ones rank below None.
func (e Effect) Rank() int {
	for i, o := range order {
		if o == e {
			return i
		}
	}
	return -1
}

// Worst returns the gravest of the effects; None for no effects.
func Worst(effects ...Effect) Effect {
	worst := None
	for _, e := range effects {
		if e.Rank() > worst.Rank() {
			worst = e
		}
	}
	return worst
}

// Deploys reports whether the effect starts an ECS deployment.
func (e Effect) Deploys() bool { return e == NewDeployment || e == Forced }

// Op is how a value differs.
type Op string

// The three operations.
const (
	Add     Op = "add"
	Remove  Op = "remove"
	Replace Op = "replace"
)

// Reason is why a path is compared at all.
type Reason string

// Reasons of a change.
const (
	FromSpec    Reason = "spec"    // the author wrote it, or nobody knows better
	FromDefault Reason = "default" // unwritten: returns to AWS' default
	FromDrift   Reason = "drift"   // AWS moved, the author's input did not
)

// Change is one difference.
type Change struct {
	// Path is relative to the body and uses merge keys:
	// "containerDefinitions[api].environment[LOG_LEVEL].value".
	Path string `json:"path"`
	Op   Op     `json:"op"`
	// Old is the live value, New the wanted one; JSON-able, nil for none. A
	// reference that is not known yet stands as its text.
	Old    any    `json:"old,omitempty"`
	New    any    `json:"new,omitempty"`
	Effect Effect `json:"effect"`
	Reason Reason `json:"reason"`
	// Pos is file:line:column of what the author wrote, "" for defaults.
	Pos string `json:"source,omitempty"`
	// Sensitive: Old and New hold a short hash in place of what must not be
	// shown; the value itself is not in the change.
	Sensitive bool `json:"sensitive,omitempty"`
	// Note says why a change is only shown, in a few words.
	Note string `json:"note,omitempty"`
	// Unwritten: the spec does not have the path, and New is AWS' default.
	Unwritten bool `json:"unwritten,omitempty"`
	// Informational changes are shown and never written.
	Informational bool `json:"informational,omitempty"`
}

// Ungoverned: nobody governs the path, which has no constant default; the live
// value may be AWS' own choice, a person's, or that of a line that was deleted.
func (c Change) Ungoverned() bool {
	return c.Unwritten && (c.Note == noteUnknown || strings.HasPrefix(c.Note, noteInherit))
}

// Field is the first segment of the path: the top-level member of the input.
func (c Change) Field() string {
	for i := 0; i < len(c.Path); i++ {
		if c.Path[i] == '.' || c.Path[i] == '[' {
			return c.Path[:i]
		}
	}
	return c.Path
}
