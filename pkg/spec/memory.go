package spec

import (
	"crypto/sha256"
	"fmt"
	"slices"
	"unique"

	"github.com/ecs-operator/ecs-operator/pkg/shape"
)

// Memory lets Parse leave out what it did the last time: an edit of one of a
// thousand files decodes one. A Service without anything wrong in it is taken from
// memory when its own file is the same, and everything that other documents may
// put into it: every Environment, TaskTemplate and ServicePatch, and, where there
// are patches, the names of all services. What is decided between documents (who
// has a name twice, which patch is whose) is decided every time.
//
// A Memory belongs to one caller with one list of sections, and to one Parse at a
// time. The zero value is ready.
type Memory struct {
	options  string // that what it knows was read with
	context  [sha256.Size]byte
	files    map[string]*knownFile // by path
	problems int                   // of the last Parse
}

// likely is how many problems there will be: as many as the last time.
func (m *Memory) likely() int {
	if m == nil {
		return 0
	}
	return m.problems
}

// Memo is the place where a caller may keep what it made of a Document: whoever
// gets the Document again gets it as it was left, and without Bodies: what was kept takes
// their place.
type Memo struct {
	kept   any
	bodies shape.Packed[[]Body] // until something is kept
}

// Keep puts something there.
func (m *Memo) Keep(v any) { m.kept, m.bodies = v, shape.Packed[[]Body]{} }

// Kept is what was put there, nil for nothing.
func (m *Memo) Kept() any { return m.kept }

// knownFile is a file that holds nothing but sound documents of kind Service.
type knownFile struct {
	sum   [sha256.Size]byte
	bases []*base
}

// knownService is what was made of a base in one environment, of most in none.
type knownService struct {
	env   string
	next  *knownService // in another
	claim claim
	said  []Problem // warnings: they are told every time
	nodes int       // after merging
}

// memory is what is of use of a Memory for a parse with these options.
func memory(o Options) *Memory {
	if o.Memory == nil || o.Forms || len(o.Set) > 0 {
		return nil
	}
	if options := fmt.Sprintf("%v %q %q", o.Limits, o.Environments, o.Cluster); o.Memory.files == nil || options != o.Memory.options {
		*o.Memory = Memory{options: options, files: map[string]*knownFile{}}
	}
	return o.Memory
}

// recall takes a file from memory, if it is there and the same.
func (p *parser) recall(f File, sum [sha256.Size]byte) bool {
	if p.memory == nil {
		return false
	}
	known := p.memory.files[f.Path]
	if known == nil || known.sum != sum {
		delete(p.memory.files, f.Path)
		return false
	}
	p.bases = append(p.bases, known.bases...)
	for _, b := range known.bases {
		p.known[b] = known
	}
	return true
}

// progress is how far a parse has come.
type progress struct{ bases, parts, said int }

// remember keeps a file that was read, if it is sound and has nothing in it that
// other documents depend on; else it is a part of what they depend on.
func (p *parser) remember(f File, sum [sha256.Size]byte, before progress) {
	if len(p.environments)+len(p.templates)+len(p.patches) > before.parts {
		fmt.Fprintf(&p.around, "%q %x ", f.Path, sum)
		return
	}
	fresh := p.bases[before.bases:]
	if len(fresh) == 0 || len(p.result.Problems)+len(p.result.Skipped) > before.said || slices.ContainsFunc(fresh, func(b *base) bool { return b.r.errors > 0 }) {
		return
	}
	known := &knownFile{sum: sum, bases: slices.Clone(fresh)}
	p.memory.files[f.Path] = known
	for _, b := range fresh {
		p.known[b] = known
	}
	if p.held += len(f.Data); p.held > mostHeld {
		for _, b := range fresh {
			p.letGo(b)
		}
	}
}

// mostHeld is of how much text the trees are held until the services are made of them:
// a tree takes ten times as much as its text. What is beyond is read again, one file at a
// time.
const mostHeld = 256 << 10

// letGo drops the tree of a base that is known: it is by far the largest of it, and needed
// again only when something around the document changes.
func (p *parser) letGo(b *base) {
	if p.known[b] != nil {
		b.n = nil
	}
}

// grow reads the tree of a base again that was dropped, and with it those that come
// after it in its file: likely they are needed as well. The file is the one that was read
// without a word then.
func (p *parser) grow(b *base, files []File) {
	if b.n != nil {
		return
	}
	if p.byPath == nil {
		p.byPath = make(map[string]File, len(files))
		for _, f := range files {
			p.byPath[f.Path] = f
		}
	}
	trees := load(p.byPath[b.r.file].opened(), p.limits, &reporter{file: b.r.file})
	for _, next := range p.known[b].bases {
		if next.ordinal >= b.ordinal {
			next.n = trees[next.ordinal]
			stamp(next.n, next.r.file)
		}
	}
}

// surroundings forgets the services that were made, if anything else that may go
// into them has changed.
func (p *parser) surroundings(files []File) {
	if p.memory == nil {
		return
	}
	if len(p.patches) > 0 {
		for _, b := range p.bases {
			fmt.Fprintf(&p.around, "%q %q %q ", b.name, b.cluster, b.env)
		}
	}
	context := sha256.Sum256(p.around.Bytes())
	in := make(map[string]bool, len(files))
	for _, f := range files {
		in[f.Path] = true
	}
	for path, known := range p.memory.files {
		switch {
		case !in[path]:
			delete(p.memory.files, path)
		case context != p.memory.context:
			for _, b := range known.bases {
				b.made = nil
			}
		}
	}
	p.memory.context = context
}

// again takes an instance from memory.
func (p *parser) again(i instance) bool {
	made := i.made
	for made != nil && made.env != i.env {
		made = made.next
	}
	if made == nil || p.merged+made.nodes > maxMerged {
		return false
	}
	p.merged += made.nodes
	p.report(i.r.problems, made.claim.identity)
	p.report(made.said, made.claim.identity)
	p.claims = append(p.claims, made.claim)
	return true
}

// keep puts an instance that is sound into memory.
func (p *parser) keep(i instance, c claim, said []Problem, nodes int) {
	if p.known[i.base] == nil || c.doc == nil {
		return
	}
	d := c.doc
	for _, b := range d.Bodies {
		b.Written.Seal()
	}
	// They wait for all other documents, and opened they would take ten times as much.
	d.Memo, d.Bodies = &Memo{bodies: shape.Pack(d.Bodies)}, nil
	kept := c
	shape.Gather(&kept.identity, &kept.service, &kept.pos, &d.Pos)
	kept.problem.Document, d.Cluster, i.base.cluster = kept.identity, unique.Make(d.Cluster).Value(), unique.Make(i.base.cluster).Value()
	name := kept.service[len(kept.service)-len(i.name):]
	same := func(s *string, as string) {
		if *s == as {
			*s = as
		}
	}
	same(&kept.at, kept.pos)
	same(&d.NamePos, kept.pos)
	same(&d.Name, name)
	same(&i.base.name, name)
	same(&i.nameNode.Value, name)
	i.made = &knownService{env: i.env, next: i.made, claim: kept, said: said, nodes: nodes}
}
