package resource

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"maps"
	"slices"
	"strings"

	"github.com/ecs-operator/ecs-operator/pkg/shape"
	"github.com/ecs-operator/ecs-operator/pkg/spec"
)

// Desire turns a document into desired objects: frame, names, tags, references
// and the content hash. A unit with an error among the problems must not be used.
func Desire(f Frame, target string, doc spec.Document, kinds []Kind) (*Unit, []spec.Problem) {
	u := &Unit{
		Key: UnitKey{Target: target, Cluster: doc.Cluster, Name: doc.Name},
		Pos: doc.Pos, Labels: doc.Labels, Policy: doc.Policy, Environment: doc.Environment, Account: doc.Account, Region: doc.Region,
		Freeze: doc.Freeze,
	}
	byKind := make(map[string]Kind, len(kinds))
	kindOf := make(map[string]string, len(kinds)) // section path → kind
	for _, k := range kinds {
		byKind[k.Name()] = k
		kindOf[k.Section().Path] = k.Name()
	}
	id := func(kind, name string) ID {
		return ID{Target: target, Cluster: doc.Cluster, Unit: doc.Name, Kind: kind, Name: name}
	}
	for _, b := range doc.Opened() {
		o := Object{ID: id(b.Kind, b.Name), Want: b.Value, Extra: b.Extra, Written: b.Written,
			Section: b.Path(), Pos: b.Pos, Tags: map[string]string{}, Ignore: doc.Policy.Ignore}
		for _, r := range b.Refs {
			to := id(kindOf[r.Section], r.Name)
			o.Refs = append(o.Refs, Ref{Path: r.Path, Text: r.Text, To: to, Attr: r.Attr})
			o.Need(to)
		}
		u.objects = append(u.objects, &o)
	}
	var problems []spec.Problem
	for _, o := range u.Objects() {
		problems = append(problems, byKind[o.ID.Kind].Complete(f, u, o)...)
	}
	slices.SortFunc(u.objects, func(a, b *Object) int { return a.ID.Compare(b.ID) })
	problems = append(problems, hooksOf(u, doc.Hooks)...)
	hashes := contentHashes(u, byKind)
	u.ContentHash, u.Former = hashes[0], hashes[1:]
	for _, o := range u.objects {
		if k := byKind[o.ID.Kind]; k.Taggable() {
			own(f, u, o, k)
		}
		o.Written.Seal()
	}
	return u, problems
}

// Need adds an edge to the plan's order, once.
func (o *Object) Need(id ID) {
	if id != o.ID && !slices.Contains(o.Needs, id) {
		o.Needs = append(o.Needs, id)
	}
}

// own adds the operator's tags (the table in tags.go).
func own(f Frame, u *Unit, o *Object, k Kind) {
	o.Tags[TagOwner] = f.Owner
	o.Tags[TagUnit] = u.Key.TagValue()
	if f.Scope != "" {
		o.Tags[TagScope] = f.Scope
	}
	switch o.ID.Kind {
	case KindService:
		o.Tags[TagSpecHash] = u.ContentHash
		if u.Policy.OnDelete != "" {
			o.Tags[TagOnDelete] = u.Policy.OnDelete
		}
	case KindTaskDefinition:
		o.Tags[TagSpecHash] = u.ContentHash
	default:
		o.Tags[TagKey] = o.ID.Local()
		if hash := pathsHash(k, o); hash != "" {
			o.Tags[TagSpecHash] = hash
		}
	}
}

// Resolve returns a copy of the object in which every reference that attrs can
// answer is replaced, and the references that stay open.
func Resolve(o Object, attrs func(ID) map[string]string) (Object, []Ref) {
	if len(o.Refs) == 0 {
		return o, nil
	}
	known := map[string][]Ref{} // by path
	var open []Ref
	for _, r := range o.Refs {
		if attrs(r.To)[r.Attr] == "" {
			open = append(open, r)
		} else {
			known[r.Path] = append(known[r.Path], r)
		}
	}
	fill := func(path, s string) string {
		for _, r := range known[path] {
			s = strings.ReplaceAll(s, r.Text, attrs(r.To)[r.Attr])
		}
		return s
	}
	out := o
	out.Want = shape.Clone(o.Want)
	shape.MapStrings(out.Want, fill)
	out.Extra = shape.Clone(o.Extra)
	for key, v := range out.Extra {
		shape.MapStrings(v, func(path, s string) string {
			if path != "" && path[0] != '[' {
				path = "." + path
			}
			return fill(key+path, s)
		})
	}
	out.Tags = maps.Clone(o.Tags)
	out.Refs = open
	return out, open
}

// Fingerprint identifies what was seen of a live object: equal bytes, equal
// state. It is "" for an absent one. Counters and health are not part of it.
func (l Live) Fingerprint() string {
	if l.Presence != Present {
		return ""
	}
	b, err := json.Marshal(struct {
		ARN   string
		Value any
		Extra map[string]any
		Tags  map[string]string
	}{l.ARN, shape.Plain(l.Value, nil), l.Extra, l.Tags})
	if err != nil { // Plain gives maps, slices and scalars only
		panic("resource: fingerprint of " + l.ID.String() + ": " + err.Error())
	}
	sum := sha256.Sum256(b)
	return hex.EncodeToString(sum[:8])
}
