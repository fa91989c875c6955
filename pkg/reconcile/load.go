package reconcile

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/ecs-operator/ecs-operator/pkg/resource"
	"github.com/ecs-operator/ecs-operator/pkg/shape"
	"github.com/ecs-operator/ecs-operator/pkg/source"
	"github.com/ecs-operator/ecs-operator/pkg/spec"
	"github.com/ecs-operator/ecs-operator/pkg/status"
)

// loadTimeout bounds a whole load. A source that is far away has a bound of its
// own within it.
const loadTimeout = 90 * time.Second

// Load reads the source once and makes units of it. Whatever is wrong with one
// document concerns that document: it is frozen, and the others go on. An error
// means that nothing could be read.
func (e *Engine) Load(ctx context.Context) (Loaded, error) { return e.load(ctx, func() {}) }

// load is Load that tells when the source has been read.
func (e *Engine) load(ctx context.Context, fetched func()) (Loaded, error) {
	ctx, cancel := context.WithTimeout(ctx, loadTimeout)
	defer cancel()
	snap, err := e.o.Source.Snapshot(ctx)
	if err != nil {
		e.m.SourceUnread()
		e.mu.Lock()
		e.source.doubt = "the source could not be read: " + err.Error()
		e.mu.Unlock()
		return Loaded{}, err
	}
	fetched()
	l := e.digest(snap)
	e.adviseSelf(&l)
	return l, nil
}

// digest turns a snapshot into units. Files that say what they said the last time, and had
// nothing wrong in them, are not judged again.
func (e *Engine) digest(snap source.Snapshot) Loaded {
	e.loading.Lock() // the memory is for one at a time
	defer e.loading.Unlock()
	said := saying(snap)
	if last := e.judged; last == nil || last.errors > 0 || last.said != said || last.places != e.places(last.targets) {
		files := make([]spec.File, 0, len(snap.Files))
		for _, f := range snap.Files {
			files = append(files, spec.File{Path: f.Path, Open: f.Data, Sum: f.Sum()})
		}
		o := e.o.Parse
		o.Memory = &e.memory
		e.judged = e.units(snap, spec.Parse(files, e.o.Sections, o))
		e.judged.said, e.judged.places = said, e.places(e.judged.targets)
	}
	return e.enforce(snap, e.judged)
}

// saying identifies what a snapshot says.
func saying(snap source.Snapshot) (sum [sha256.Size]byte) {
	h := sha256.New()
	fmt.Fprintf(h, "%t %+v ", snap.Complete, snap.Problems)
	for _, f := range snap.Files {
		fmt.Fprintf(h, "%q %x ", f.Path, f.Sum())
	}
	h.Sum(sum[:0])
	return sum
}

// places is where targets are, as far as that is known: names are told apart by it.
func (e *Engine) places(targets []string) string {
	var b strings.Builder
	for _, target := range targets {
		fmt.Fprintf(&b, "%q %q ", target, e.place(target))
	}
	return b.String()
}

// judged is what the files of a snapshot were found to say.
type judged struct {
	said      [sha256.Size]byte
	out       Loaded // but for the revision and who signed it
	units     map[resource.UnitKey]*resource.Unit
	names     map[*resource.Unit]awsNames
	targets   []string
	places    string // of the targets
	documents int
	errors    int
	doubt     string
}

// enforce takes what a snapshot says for what is in force.
func (e *Engine) enforce(snap source.Snapshot, j *judged) Loaded {
	out := j.out
	out.Revision, out.Ref, out.Signer = snap.Revision, snap.Ref, snap.Signer
	out.Problems = append([]spec.Problem(nil), out.Problems...) // the caller has more to say; none is nil, whatever is remembered
	e.m.SourceLoaded(snap.Revision, len(snap.Files), j.errors)
	e.mu.Lock()
	defer e.mu.Unlock()
	e.frame.Source = snap.Revision
	e.loaded, e.names = j.units, j.names
	e.source = sourceState{ref: snap.Ref, signer: snap.Signer, doubt: j.doubt, complete: out.Complete, documents: j.documents, frozen: out.Frozen}
	return out
}

// units makes units of what the files say.
func (e *Engine) units(snap source.Snapshot, res spec.Result) *judged {
	e.mu.Lock()
	e.frame.Source = snap.Revision
	frame := e.frame
	e.mu.Unlock()
	n := len(res.Documents)
	l := &loading{e: e, frame: frame, byKey: make(map[resource.UnitKey]*resource.Unit, n), named: make(map[*resource.Unit]awsNames, n), wants: make(map[*resource.Unit][sha256.Size]byte, n), asked: map[resource.UnitKey]string{},
		out: Loaded{reasons: map[string]status.Reason{}, Problems: res.Problems, Skipped: res.Skipped, Frozen: map[string]spec.Problem{}}}
	for _, p := range snap.Problems {
		severity := spec.Error
		if p.Warning {
			severity = spec.Warning
		}
		l.out.Problems = append(l.out.Problems, spec.Problem{Severity: severity, File: p.Path, Message: p.Message})
	}
	for id, p := range res.Frozen {
		l.freeze(id, p)
	}
	l.documents(res.Documents)
	l.names()
	l.survey()
	l.dependencies(res.Documents)
	l.out.Units = make([]*resource.Unit, 0, len(l.byKey))
	for _, key := range l.keys() {
		u := l.byKey[key]
		if u.Digest == "" {
			u.Digest = digestOf(u, l.wants[u])
		}
		l.out.Units = append(l.out.Units, u)
	}
	j := &judged{units: l.byKey, names: l.named, targets: e.targetsOf(l.out.Units), documents: n, doubt: doubtful(snap, l.out.Problems)}
	for _, p := range l.out.Problems {
		if p.Severity == spec.Error {
			j.errors++
		}
	}
	// What stands in a document that is bad has not been taken away, nor has what --env left out.
	l.out.Complete = snap.Complete && j.doubt == "" && len(e.o.Parse.Environments) == 0
	j.out = l.out
	return j
}

// at makes an error at "file:line:column".
func at(pos, format string, args ...any) spec.Problem {
	p := spec.Problem{File: pos, Message: fmt.Sprintf(format, args...)}
	parts := strings.Split(pos, ":")
	if n := len(parts); n >= 3 {
		var line, column int
		if _, err := fmt.Sscan(parts[n-2], &line); err == nil {
			if _, err := fmt.Sscan(parts[n-1], &column); err == nil {
				p.File, p.Line, p.Column = strings.Join(parts[:n-2], ":"), line, column
			}
		}
	}
	return p
}

// wantsOf identifies what is wanted of a unit's objects.
func wantsOf(u *resource.Unit) (sum [sha256.Size]byte) {
	type object struct {
		ID    string
		Want  any
		Extra map[string]any
		Tags  map[string]string
	}
	objects := make([]object, 0, u.Len())
	for _, o := range u.Objects() {
		objects = append(objects, object{o.ID.String(), shape.Plain(o.Want, nil), o.Extra, o.Tags})
	}
	b, err := json.Marshal(objects)
	if err != nil { // plain maps and scalars only
		return sum
	}
	return sha256.Sum256(b)
}

// digestOf is a unit's Digest, of what wantsOf says of it.
func digestOf(u *resource.Unit, wants [sha256.Size]byte) string {
	b, err := json.Marshal([]any{wants, u.Policy, u.DependsOn, u.Labels})
	if err != nil { // as above
		return ""
	}
	sum := sha256.Sum256(b)
	return hex.EncodeToString(sum[:8])
}

// sorted lists a map's keys in order.
func sorted[V any](m map[string]V) []string {
	keys := make([]string, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	return keys
}
