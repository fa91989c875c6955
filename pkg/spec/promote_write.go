package spec

import (
	"bytes"
	"fmt"
	"hash/maphash"
	"slices"
	"strings"

	"gopkg.in/yaml.v3"
)

// Write copies into files what the promotion has, by the same splices as
// SetImages: every other byte stays. Where the target's own documents do not write
// a value yet, and others share the place that it comes from, a line is added to
// its ServicePatch. The answer was read back: no other instance means anything
// else than before.
func (pr Promotion) Write(files []File, sections []Section) (changed []File, changes []ImageChange, problems []Problem) {
	before := pr.read
	if !slices.EqualFunc(before.files, files, func(a, b File) bool { return a.Path == b.Path && bytes.Equal(a.Data, b.Data) }) {
		before = newPromoter(files, sections)
	}
	now := before
	template := false
	dst, problems := before.side(pr.Service, pr.To, false)
	if len(problems) > 0 {
		return nil, nil, problems
	}
	id, was := dst.doc.ID(), bare(dst.doc)
	for _, item := range pr.items {
		next, change, problems := pr.copy(now, sections, item, id)
		if len(problems) > 0 {
			return nil, nil, problems
		}
		template = template || item.container == "" && item.param == "" && change.Old != change.New
		now = next
		changes = append(changes, change)
	}
	if dst, problems = now.side(pr.Service, pr.To, false); len(problems) > 0 {
		return nil, nil, problems
	}
	for k, item := range pr.items {
		n := at(dst.tree, item.path())
		if n == nil {
			continue // it comes with the template, and is what it shall be
		}
		n = now.behind(dst, n)
		changes[k].File, changes[k].Line, changes[k].Column = n.FootComment, n.Line, n.Column
	}
	if dst.doc.ID() != id || !template && (bare(dst.doc) != was || before.result.Errors() != now.result.Errors()) {
		return nil, nil, []Problem{{Message: fmt.Sprintf("%s would change in more than its images: this form of its documents is not edited in place", dst.label)}}
	}
	for i, f := range now.files {
		if !bytes.Equal(f.Data, files[i].Data) {
			changed = append(changed, f)
		}
	}
	return changed, changes, nil
}

// copy writes one item, and answers with the files that come of it.
func (pr Promotion) copy(w *promoter, sections []Section, item promoted, id string) (*promoter, ImageChange, []Problem) {
	change := ImageChange{Container: item.String(), Instances: []string{formed{service: pr.Service, env: pr.To}.String()}}
	dst, problems := w.side(pr.Service, pr.To, true)
	if len(problems) > 0 {
		return nil, change, problems
	}
	want := resolved(dst, item.raw)
	if want == "" {
		return nil, change, []Problem{{Message: fmt.Sprintf("%s of %s is %s in %s, and the environment %s has no such variable: write it there, or the value",
			item, dst.label, quoted(item.raw), pr.From, pr.To)}}
	}
	change.Image = want
	have := at(dst.tree, item.path())
	if have != nil {
		held := w.behind(dst, have)
		change.File, change.Line, change.Column, change.environment = held.FootComment, held.Line, held.Column, nil
		if change.Old = w.raw(dst, held); dst.env != nil && held == have {
			change.environment = []*environment{dst.env}
		}
		change.anyEnvironment = len(change.environment) == 0
		if resolved(dst, change.Old) == want {
			change.New = change.Old
			return w, change, nil
		}
		change.New = change.text()
		if next := w.spliced(sections, change); next != nil && w.sameBut(next, id) {
			return next, change, nil
		}
	} else if change.Old = w.now(dst, item); change.Old == want {
		change.New = want
		return w, change, nil
	}
	change.New = item.raw
	if next := w.inserted(sections, dst, item); next != nil && w.sameBut(next, id) {
		return next, change, nil
	}
	p := Problem{File: change.File, Line: change.Line, Column: change.Column}
	p.Message = fmt.Sprintf("%s of %s does not stand in a place of its own, and none can be added: write it (%s) into a ServicePatch for %s by hand first",
		item, dst.label, strings.Join(item.path(), "."), pr.To)
	return nil, change, []Problem{p}
}

// now is the value that the target has of an item without writing it.
func (w *promoter) now(dst *side, item promoted) string {
	if dst.doc.Form == nil {
		return ""
	}
	for _, c := range containers(dst.doc.Form.tree) {
		if c.name == item.container {
			return c.image.Value
		}
	}
	if name := at(dst.tree, promoted{}.path()); name != nil && item.param != "" {
		for _, t := range w.p.templates {
			if p := t.params[item.param]; t.name == resolved(dst, name.Value) && p != nil && p.value != nil {
				return p.value.Value
			}
		}
	}
	return ""
}

// with is the state of things with another content of one file.
func (w *promoter) with(sections []Section, path string, data []byte) *promoter {
	files := slices.Clone(w.files)
	for i := range files {
		if files[i].Path == path {
			files[i].Data = data
		}
	}
	return newPromoter(files, sections)
}

func (w *promoter) file(path string) (File, bool) {
	i := slices.IndexFunc(w.files, func(f File) bool { return f.Path == path })
	if i < 0 {
		return File{}, false
	}
	return w.files[i], true
}

func (w *promoter) spliced(sections []Section, c ImageChange) *promoter {
	f, ok := w.file(c.File)
	if !ok || checkImage(c.New) != nil {
		return nil
	}
	data, err := splice(f, edit{line: c.Line, column: c.Column, old: c.Old, with: c.New})
	if err != nil {
		return nil
	}
	return w.with(sections, c.File, data)
}

// sameBut reports whether two states of things mean the same for all instances
// but one.
func (w *promoter) sameBut(o *promoter, id string) bool {
	mine, theirs := w.meaning(), o.meaning()
	for other, hash := range mine {
		if have, ok := theirs[other]; other != id && (!ok || have != hash) {
			return false
		}
	}
	for other := range theirs {
		if _, ok := mine[other]; !ok && other != id {
			return false
		}
	}
	return true
}

// meaning is what every instance comes to, as a hash of its merged document.
func (w *promoter) meaning() map[string]uint64 {
	if w.hashes == nil {
		w.hashes = map[string]uint64{}
		for _, d := range w.result.Documents {
			w.hashes[d.ID()] = meaningOf(d.Form.tree, nil)
		}
	}
	return w.hashes
}

// seed is one for the whole process: hashes are never kept.
var seed = maphash.MakeSeed()

// meaningOf hashes a tree without its positions, and without the values of some
// of its scalars.
func meaningOf(n *yaml.Node, without []*yaml.Node) uint64 {
	var h maphash.Hash
	h.SetSeed(seed)
	var walk func(n *yaml.Node)
	walk = func(n *yaml.Node) {
		_, _ = fmt.Fprintf(&h, "%d %s ", n.Kind, n.ShortTag())
		if !slices.Contains(without, n) {
			_, _ = fmt.Fprintf(&h, "%d:%s ", len(n.Value), n.Value)
		}
		_, _ = fmt.Fprintf(&h, "%d\n", len(n.Content))
		for _, c := range n.Content {
			walk(c)
		}
	}
	walk(n)
	return h.Sum64()
}

// bare is the meaning of a document without its images.
func bare(d Document) uint64 {
	var images []*yaml.Node
	for _, c := range containers(d.Form.tree) {
		images = append(images, c.image)
	}
	return meaningOf(d.Form.tree, images)
}
