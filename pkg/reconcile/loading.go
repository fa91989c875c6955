package reconcile

import (
	"cmp"
	"crypto/sha256"
	"encoding/binary"
	"hash/maphash"
	"maps"
	"slices"
	"strings"

	"github.com/ecs-operator/ecs-operator/pkg/resource"
	"github.com/ecs-operator/ecs-operator/pkg/shape"
	"github.com/ecs-operator/ecs-operator/pkg/spec"
	"github.com/ecs-operator/ecs-operator/pkg/status"
)

// loading is a Load under way.
type loading struct {
	e     *Engine
	frame resource.Frame
	byKey map[resource.UnitKey]*resource.Unit
	asked map[resource.UnitKey]string          // where an instance of a document is asked for
	named map[*resource.Unit]awsNames          // of each object
	wants map[*resource.Unit][sha256.Size]byte // wantsOf each
	// sorted are the keys when they were asked for last.
	sorted []resource.UnitKey
	out    Loaded
}

func (l *loading) freeze(name string, p spec.Problem) {
	if _, have := l.out.Frozen[name]; !have {
		l.out.Frozen[name] = p
	}
}

// bad reports a problem at a document and freezes it.
func (l *loading) bad(key resource.UnitKey, pos, format string, args ...any) {
	p := at(pos, format, args...)
	p.Document = key.String()
	l.out.Problems = append(l.out.Problems, p)
	l.freeze(p.Document, p)
}

// documents makes a unit of every document; the parser has left out those that
// are bad or share an identity.
func (l *loading) documents(docs []spec.Document) {
	for _, d := range docs {
		if known := l.e.o.Targets; known != nil && !slices.Contains(known, keyOf(d).Target) {
			l.bad(keyOf(d), d.Pos, "the target %q is not configured: there is %s; add it to the file of --targets, or name another in the Environment",
				keyOf(d).Target, strings.Join(known, ", "))
			continue
		}
		if u := l.desire(d); u != nil {
			l.byKey[u.Key] = u
			if d.EnvironmentPos != "" {
				l.asked[u.Key] = d.EnvironmentPos
			}
		}
	}
}

// keyOf is the unit that a document describes: its identity, Document.ID.
func keyOf(d spec.Document) resource.UnitKey {
	target := d.Target
	if target == "" {
		target = resource.DefaultTarget
	}
	return resource.UnitKey{Target: target, Cluster: d.Cluster, Name: d.Name}
}

// desire makes one unit; nil when something is wrong with it.
func (l *loading) desire(d spec.Document) (u *resource.Unit) {
	key := keyOf(d)
	if made := known(d); made != nil {
		l.out.Problems = append(l.out.Problems, made.said...)
		l.named[made.unit], l.wants[made.unit] = made.names, made.wants
		return made.unit
	}
	defer func() {
		if p := recover(); p != nil {
			l.e.panicked(key, p)
			l.bad(key, d.Pos, "an internal error of ecs-operator keeps this document from being used: %s", shape.Fault(p))
			l.out.reasons[key.String()] = status.InternalError
			u = nil
		}
	}()
	u, problems := resource.Desire(l.frame, key.Target, d, l.e.o.Kinds)
	if l.e.o.Lint != nil {
		problems = append(problems, l.e.o.Lint(u)...)
	}
	good := true
	for i, p := range problems {
		p.Document = key.String()
		problems[i] = p
		l.out.Problems = append(l.out.Problems, p)
		if p.Severity == spec.Error {
			l.freeze(p.Document, p)
			good = false
		}
	}
	if !good {
		return nil
	}
	var names []byte
	for _, o := range u.Objects() {
		names = l.e.nameOf(o).append(names)
	}
	l.named[u], l.wants[u] = awsNames(names), wantsOf(u)
	if d.Memo != nil {
		u.Pack(l.e.byKind)
		d.Memo.Keep(&made{unit: u, said: problems, names: l.named[u], wants: l.wants[u]})
	}
	return u
}

// made is a unit of a document, the warnings about it, and what is read of its objects in
// every load.
type made struct {
	unit  *resource.Unit
	said  []spec.Problem
	names awsNames
	wants [sha256.Size]byte
}

// known is what an earlier load made of a document, nil for none. The unit may be
// in the hands of a worker: nothing is written to it any more.
func known(d spec.Document) *made {
	if d.Memo == nil {
		return nil
	}
	m, _ := d.Memo.Kept().(*made)
	return m
}

// fullName is an AWS name with the account and region where it must be unique.
type fullName struct{ head, place, tail string }

// claim is an object that has an AWS name.
type claim struct {
	u  *resource.Unit
	id resource.ID
}

// claims are the names in AWS and who has them, in order. A task definition family may be
// shared: its revisions are told apart by content.
func (l *loading) claims(yield func(fullName, claim) bool) {
	for _, key := range l.keys() {
		u := l.byKey[key]
		place := l.e.place(u.Key.Target)
		names := l.named[u]
		for id := range u.IDs() {
			var n awsName
			if n, names = names.next(); n.head == "" || id.Kind == resource.KindTaskDefinition {
				continue
			}
			if !yield(fullName{n.head, place, n.tail}, claim{u, id}) {
				return
			}
		}
	}
}

// names freezes units that end at one AWS name. Nearly all have one claim, and there are
// many: they are told apart by their hashes first.
func (l *loading) names() {
	seed := maphash.MakeSeed()
	seen, again := make(map[uint64]struct{}, 8*len(l.byKey)), map[uint64]struct{}{}
	for name := range l.claims {
		h := maphash.Comparable(seed, name)
		if _, have := seen[h]; have {
			again[h] = struct{}{}
		}
		seen[h] = struct{}{}
	}
	if len(again) == 0 {
		return
	}
	claims := map[fullName][]claim{}
	for name, c := range l.claims {
		if _, have := again[maphash.Comparable(seed, name)]; have {
			claims[name] = append(claims[name], c)
		}
	}
	maps.DeleteFunc(claims, func(_ fullName, cs []claim) bool { return len(cs) == 1 }) // of one hash by chance
	twice := slices.SortedFunc(maps.Keys(claims), func(a, b fullName) int {
		return strings.Compare(a.head+a.place+a.tail, b.head+b.place+b.tail)
	})
	for _, name := range twice {
		cs := claims[name]
		for i, c := range cs {
			other := cs[(i+1)%len(cs)]
			if c == other {
				continue
			}
			o, rival := c.u.Object(c.id), other.u.Object(other.id)
			mine, theirs := o.Pos, rival.Pos
			if mine == theirs { // two instances of one document: what makes two of it
				mine, theirs = cmp.Or(l.asked[c.u.Key], mine), cmp.Or(l.asked[other.u.Key], theirs)
			}
			l.bad(c.u.Key, mine, "%s has the AWS name of %s of %s (%s): nothing is done to either until one is renamed",
				o.Section, rival.Section, other.u.Key, theirs)
			l.out.reasons[c.u.Key.String()] = status.NameConflict
			delete(l.byKey, c.u.Key)
		}
	}
}

// awsName is what must be unique: the kind and the name, then the account and region,
// and then what the name is unique within (the cluster of a service, the resource of a
// scaling policy). The place may become known only later.
type awsName struct{ head, tail string }

// awsNames are those of the objects of a unit, in their order. They are kept of all units,
// and so written down, one behind the other.
type awsNames string

func (n awsName) append(b []byte) []byte {
	for _, s := range []string{n.head, n.tail} {
		b = append(binary.AppendUvarint(b, uint64(len(s))), s...)
	}
	return b
}

// next is the first of the names, and those behind it.
func (all awsNames) next() (n awsName, rest awsNames) {
	text := string(all)
	for _, s := range []*string{&n.head, &n.tail} {
		size, behind := shape.Uvarint(text)
		*s, text = behind[:size], behind[size:]
	}
	return n, awsNames(text)
}

// nameOf is an object's name in AWS, empty for none that is known.
func (e *Engine) nameOf(o *resource.Object) awsName {
	name := e.byKind[o.ID.Kind].Attributes(o)["name"]
	if name == "" {
		return awsName{}
	}
	n := awsName{head: o.ID.Kind + "\x00" + name + "\x00"}
	if m, ok := shape.Plain(o.Want, nil).(map[string]any); ok {
		for _, field := range []string{"cluster", "resourceId"} {
			if s, ok := m[field].(string); ok {
				n.tail += "\x00" + s
			}
		}
	}
	return n
}

// name is what AWS knows the object by, as far as its document tells.
func (n awsName) name() string {
	_, rest, _ := strings.Cut(n.head, "\x00")
	return strings.TrimSuffix(rest, "\x00")
}

// nameIn is the name of an object of a unit; false where the unit has none of this ID.
func (e *Engine) nameIn(u *resource.Unit, id resource.ID) (string, bool) {
	e.mu.Lock()
	names := e.names[u] // none of a unit that is not of the last load
	e.mu.Unlock()
	for have := range u.IDs() {
		var n awsName
		if names != "" {
			n, names = names.next()
		} else if have == id {
			n = e.nameOf(u.Object(id))
		}
		if have == id {
			return n.name(), true
		}
	}
	return "", false
}

// place is the account and region of a target, as far as they are known.
func (e *Engine) place(target string) string {
	if e.o.Place != nil {
		return e.o.Place(target)
	}
	return target
}

// dependencies resolves dependsOn: a name of the same cluster, cluster/name of
// the same target, or target/cluster/name.
// A service that is not there is waited for; a cycle is an error.
func (l *loading) dependencies(docs []spec.Document) {
	for _, d := range docs {
		u := l.byKey[keyOf(d)]
		if u == nil {
			continue
		}
		var on []resource.UnitKey
		for _, name := range d.DependsOn {
			to := resource.UnitKey{Target: u.Key.Target, Cluster: u.Key.Cluster, Name: name}
			switch parts := strings.Split(name, "/"); len(parts) {
			case 2:
				to.Cluster, to.Name = parts[0], parts[1]
			case 3:
				to = resource.UnitKey{Target: parts[0], Cluster: parts[1], Name: parts[2]}
			}
			if !slices.Contains(on, to) {
				on = append(on, to)
			}
		}
		if !slices.Equal(on, u.DependsOn) { // else it may be a unit that is in use
			u.DependsOn = on
		}
	}
	l.laterNeeds()
	var round []resource.UnitKey
	for _, key := range l.keys() {
		if way := l.circle(key); way != nil {
			l.bad(key, l.byKey[key].Pos, "dependsOn goes round in a circle: %s", strings.Join(way, " → "))
			round = append(round, key)
		}
	}
	for _, key := range round { // after all of each circle were found
		delete(l.byKey, key)
	}
}

// circle finds a way from a unit back to itself, as names; nil for none.
func (l *loading) circle(from resource.UnitKey) []string {
	came := map[resource.UnitKey]resource.UnitKey{} // where each was reached from
	todo := []resource.UnitKey{from}
	for len(todo) > 0 {
		at := todo[0]
		todo = todo[1:]
		u := l.byKey[at]
		if u == nil {
			continue
		}
		for _, to := range u.DependsOn {
			if to == from {
				way := []string{from.Name}
				for ; at != from; at = came[at] {
					way = append(way, at.Name)
				}
				way = append(way, from.Name)
				slices.Reverse(way)
				return way
			}
			if _, seen := came[to]; !seen {
				came[to] = at
				todo = append(todo, to)
			}
		}
	}
	return nil
}

// keys are those of the units that are left, in order; documents has made all of them.
func (l *loading) keys() []resource.UnitKey {
	switch {
	case l.sorted == nil:
		l.sorted = slices.AppendSeq(make([]resource.UnitKey, 0, len(l.byKey)), maps.Keys(l.byKey))
		sortKeys(l.sorted)
	case len(l.sorted) != len(l.byKey): // some were taken out since: none comes in
		l.sorted = slices.DeleteFunc(slices.Clone(l.sorted), func(key resource.UnitKey) bool { return l.byKey[key] == nil })
	}
	return l.sorted
}
