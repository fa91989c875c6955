package spec

import (
	"crypto/sha256"
	"fmt"

	"github.com/ecs-operator/ecs-operator/pkg/shape"
)

// APIVersion is the one that documents of ours carry.
const APIVersion = "ecs-operator/v1"

// Section is one place of the spec that holds AWS inputs.
type Section struct {
	// Path is the place: "taskDefinition", "targetGroups", "scaling.policies".
	Path string
	// Kind is the resource kind that it declares.
	Kind string
	// Many: the place holds a map from unit-local names to bodies.
	Many bool
	// New returns a pointer to a fresh SDK input.
	New func() any
	// Extra are keys of ours that stand in the body beside the input's fields,
	// with a value of the type that they decode to ("attributes": map[string]string{}).
	Extra map[string]any
	// Words are what may stand in place of a top-level field's own value, by the
	// field's name ("priority": "auto"): the field stays unset, and Body.Extra
	// holds the word under the same name.
	Words map[string][]string
	// Says are the words of explain and the reference on keys that are ours and
	// not AWS': extra keys, what is in them ("listener.port"), and Words.
	Says map[string]string
	// Sugar are optional rewrites of the node tree before decoding, by index-free
	// path: "containerDefinitions[].environment" to a rewrite of a mapping
	// {KEY: value} into AWS' list of {name, value}.
	Sugar map[string]Sugar
	// MergeKeys are the members that tell the elements of a list apart, by
	// index-free path: "name", or several joined by "+", each with what AWS takes
	// where it is not written ("containerPort+protocol=tcp"). Lists without one
	// are replaced as a whole.
	MergeKeys map[string]string
	// ReadOnly is a zero value of the SDK's describe type: fields that it has and
	// the input lacks are dropped with a warning when they are pasted.
	ReadOnly any
	// Frame are fields of the input that the frame fills in and the author need not
	// write, spec names.
	Frame []string
	// Attributes that a reference to this section may ask for.
	Attributes []string
	// Verbatim are index-free paths of strings in which an unresolved "$(" may stand
	// (command, entryPoint, healthCheck.command, environment values).
	Verbatim []string
	// Required are index-free paths that must be written: "containerDefinitions",
	// "containerDefinitions[].image". (What the SDK calls required stands in its
	// comments only.) A member of an object counts only where that object is written.
	Required []string
	// Unions and Documents are the interface-typed places of the input.
	Unions    []shape.Union
	Documents []shape.Document
	// Others are the section's other forms: bodies of the same place that are
	// another input of AWS. Each has When, the field that tells such a body from
	// the usual one, and Form, what the form is called; Path, Kind, Many, Frame and
	// Attributes are the section's own.
	Others     []Section
	When, Form string
	// Override is set of the section whose service the hooks of a document (spec.hooks)
	// run tasks beside.
	Override *Override
}

// Sugar rewrites a mapping into a list of pairs with the given member names.
type Sugar struct{ Key, Value string }

// File is one file of a source.
type File struct {
	Path string
	Data []byte
	// Open gives the Data where they are nil, and Sum is their SHA-256: a file that is in
	// a Memory is then not opened at all.
	Open func() []byte
	Sum  [sha256.Size]byte
}

// opened is the same file with its Data at hand.
func (f File) opened() File {
	if f.Open != nil {
		f.Data, f.Open = f.Open(), nil
	}
	return f
}

func (f File) sum() [sha256.Size]byte {
	if f.Open != nil {
		return f.Sum
	}
	return sha256.Sum256(f.Data)
}

// Document is one service as its author wrote it.
type Document struct {
	Name      string
	Labels    map[string]string
	Cluster   string // short name; Options.Cluster when the author wrote none
	Policy    Policy
	DependsOn []string
	// Memo is the same for a Document that is the same as in an earlier result with
	// the same Memory; nil without one, and for a Document about which there is
	// something to say.
	Memo *Memo
	// Bodies are in the order of the sections, then by name. Those of a Document with a
	// Memo are packed: Opened has them.
	Bodies []Body
	File   string
	Pos    string // file:line:column of the document
	// NamePos is where metadata.name stands.
	NamePos string
	// Environment is the environment that this instance is made for, "" for none.
	// One document of kind Service gives one Document per environment.
	Environment string
	// EnvironmentPos is where this instance is asked for: spec.environment of the
	// document or of a ServicePatch.
	EnvironmentPos string
	// Target is the environment's target: a name of the operator's own targets
	// file, "default" without one.
	Target string
	// Account and Region are what the environment insists on, "" where it does
	// not: a caller who is somewhere else must not write.
	Account, Region string
	// Freeze are the environment's.
	Freeze []Freeze
	// Hooks are the document's, in its order.
	Hooks []Hook
	// Form is the document before it was decoded, with Options.Forms only.
	Form *Form
}

// Opened are the document's Bodies: none once the Memo has something in their place.
func (d Document) Opened() []Body {
	if d.Memo != nil {
		return d.Memo.bodies.Unpack()
	}
	return d.Bodies
}

// ID is what makes a document one: (target, cluster, name), never the file path.
func (d Document) ID() string {
	if d.Target == "" || d.Target == DefaultTarget {
		return d.Cluster + "/" + d.Name
	}
	return d.Target + "/" + d.Cluster + "/" + d.Name
}

// DefaultTarget is the target of documents without an environment.
const DefaultTarget = "default"

// Options of a Parse.
type Options struct {
	Limits Limits
	// Environments keeps only the instances for these; all when it is empty.
	Environments []string
	// Cluster is that of documents that write none, "" for "default".
	Cluster string
	// Set are overrides from the command line, "PATH=VALUE", applied last.
	Set []string
	// Forms: documents keep their form, for YAML and Origins.
	Forms bool
	// Memory spares the decoding of what is still the same; nil for none.
	Memory *Memory
}

// Body is one decoded SDK input.
type Body struct {
	Section string // Section.Path
	Kind    string
	Name    string // unit-local name, "" for sections that hold one
	Value   any    // the pointer that Section.New gave, filled
	Extra   map[string]any
	// Written maps index paths relative to the body to file:line:column.
	Written *shape.Places
	Refs    []Ref
	Pos     string
}

// Path is the body's place in the spec: "targetGroups.web".
func (b Body) Path() string {
	if b.Name == "" {
		return b.Section
	}
	return b.Section + "." + b.Name
}

// Ref is one reference "$(PLACE.attribute)" in a string of a body. It was
// checked: the place exists in the document and has the attribute.
type Ref struct {
	Path    string // index path of the string
	Text    string
	Section string // Section.Path of the place
	Name    string // unit-local name of the place, "" for sections that hold one
	Attr    string
	Pos     string
}

// Policy is spec.policy. Zero values are the defaults.
type Policy struct {
	Mode          string // "auto" (default), "manual", "observe"
	Adopt         bool
	Prune         bool
	OnDelete      string // "", keep, prune, orphan
	Recreate      bool
	DesiredCount  string // "", initial, band, fixed
	DriftGrace    string // Go duration
	KeepRevisions int    // 0: default 10
	Wave          int
	Ignore        []string // paths
}

// Severity of a problem.
type Severity int

// A warning never stops anything.
const (
	Error Severity = iota
	Warning
)

// Problem is one thing wrong in a file.
type Problem struct {
	File     string
	Line     int // 0 when the whole file is meant
	Column   int
	Severity Severity
	Message  string // what is wrong and how to mend it, one sentence
	// Document names the service that is frozen by it (Document.ID), where that is known.
	Document string
	// Code names the rule of a lint ("fargate-size"), "" for everything else.
	Code string
	// Path is the place in the spec that it is about
	// ("taskDefinition.containerDefinitions[0].image"), "" where it has none.
	Path string
	// Duplicate: another document claims the same identity.
	Duplicate bool
}

// ProblemAt is an error at a place file:line:column.
func ProblemAt(pos, message string) Problem {
	p := Problem{Message: message}
	p.File, p.Line, p.Column = placed(pos)
	return p
}

// String prints file:line:column: message, and the code of a lint behind it.
func (p Problem) String() string {
	where := p.File
	if p.Line > 0 {
		where = fmt.Sprintf("%s:%d:%d", p.File, p.Line, p.Column)
	}
	message := p.Message
	if p.Code != "" {
		message += " [" + p.Code + "]"
	}
	if p.Severity == Warning {
		return where + ": warning: " + message
	}
	return where + ": " + message
}

// Result is what a set of files says.
type Result struct {
	Documents []Document
	Problems  []Problem
	// Environments are the names of all documents of that kind, in the files' order.
	Environments []string
	// Frozen are the services to which nothing may be done, by Document.ID, each
	// with the first error. One error may freeze many: what environments and
	// templates have wrong is told once.
	Frozen map[string]Problem
	// Skipped are documents and files that are not ours, each with why, for validate -v.
	Skipped []Problem
}

// Errors counts the problems that are not warnings.
func (r Result) Errors() int {
	n := 0
	for _, p := range r.Problems {
		if p.Severity == Error {
			n++
		}
	}
	return n
}
