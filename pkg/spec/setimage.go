package spec

import (
	"cmp"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"gopkg.in/yaml.v3"
)

// ImageEdit asks for another image of the containers with a name.
type ImageEdit struct{ Container, Image string }

// ImageOptions narrow down which containers are meant.
type ImageOptions struct {
	Service     string // name, or cluster/name; "" for any
	Environment string // "" for any
	All         bool   // every place that sets such an image, not just the one
}

// ImageChange is one scalar that decides an image.
type ImageChange struct {
	File         string
	Line, Column int
	// Instances are whose image it is: "checkout", "checkout in staging".
	Instances      []string
	Container      string
	Image          string // what is asked for
	Old, New       string // the text before and after; the same when it is there already
	environment    []*environment
	anyEnvironment bool // somebody uses it without an environment, or with one that is not known
}

// SetImages edits, in each file, the scalars that decide the images of containers:
// in a Service, a ServicePatch, the parameters of a template, a TaskTemplate, or
// the variable of an Environment that is the whole image. It returns the files
// that change and nothing else of them does, byte for byte. With a problem, no
// file does.
func SetImages(files []File, sections []Section, edits []ImageEdit, o ImageOptions) (changed []File, changes []ImageChange, problems []Problem) {
	s := &imageSetter{p: parser{sections: sectionTree(sections), limits: DefaultLimits, told: map[Problem]bool{}}, o: o, files: files}
	for _, f := range files {
		s.p.file(f)
	}
	for _, p := range s.p.result.Problems {
		if p.Severity == Error {
			problems = append(problems, p)
		}
	}
	if len(problems) > 0 {
		return nil, nil, problems
	}
	for _, e := range edits {
		if err := checkImage(e.Image); err != nil {
			s.fail("%s=%s: %v", e.Container, e.Image, err)
			continue
		}
		s.find(e)
	}
	if len(s.problems) == 0 {
		changed = s.write()
	}
	if len(s.problems) > 0 {
		return nil, nil, s.problems
	}
	return changed, s.changes, nil
}

type imageSetter struct {
	p        parser
	o        ImageOptions
	files    []File
	changes  []ImageChange
	problems []Problem
	// seen while looking for one container:
	names []string // of containers
	gaps  []string // why something could not be looked at
}

func (s *imageSetter) fail(format string, args ...any) {
	s.problems = append(s.problems, Problem{Message: fmt.Sprintf(format, args...)})
}

// formed is one service in one environment, as far as the files tell it.
type formed struct {
	service, cluster, env string
	tree                  *yaml.Node
}

func (f formed) String() string {
	if f.env == "" {
		return f.service
	}
	return f.service + " in " + f.env
}

// find adds the changes of one edit.
func (s *imageSetter) find(e ImageEdit) {
	s.names, s.gaps = nil, nil
	var found []ImageChange
	for _, f := range s.instances() {
		if !s.meant(f) {
			continue
		}
		for _, n := range s.images(f.tree, e.Container) {
			found = s.place(found, f, n, e)
		}
	}
	switch {
	case len(s.problems) > 0:
	case len(found) == 0:
		hint := didYouMean(e.Container, s.names)
		if slices.Sort(s.names); len(s.names) > 0 {
			hint += "; there are " + some(slices.Compact(s.names))
		}
		for _, g := range s.gaps {
			hint += "; " + g
		}
		s.fail("no container %s whose image is written in these files%s", quoted(e.Container), hint)
	case len(found) > 1 && !s.o.All && slices.ContainsFunc(found, func(c ImageChange) bool { return c.Old != c.New }):
		var places []string
		for _, c := range found {
			places = append(places, fmt.Sprintf("\n  %s:%d:%d: %s (%s)", c.File, c.Line, c.Column, c.Old, some(c.Instances)))
		}
		s.fail("the image of %s is written in %d places: name one with --service or --env, or mean all with --all:%s", e.Container, len(found), strings.Join(places, ""))
	default:
		for _, c := range found {
			s.keep(c)
		}
	}
}

// keep takes a change up; two that want different things of one place are refused.
func (s *imageSetter) keep(c ImageChange) {
	for _, have := range s.changes {
		if have.File == c.File && have.Line == c.Line && have.Column == c.Column {
			if have.New != c.New {
				s.fail("%s:%d:%d is the image of %s and of %s: it cannot be %s and %s", c.File, c.Line, c.Column, have.Container, c.Container, have.Image, c.Image)
			}
			return
		}
	}
	s.changes = append(s.changes, c)
}

func (s *imageSetter) meant(f formed) bool {
	if s.o.Environment != "" && f.env != s.o.Environment {
		return false
	}
	return s.o.Service == "" || s.o.Service == f.service || s.o.Service == f.cluster+"/"+f.service
}

// instances merges every service with its template and its patch. A patch whose
// service is not among the files stands alone.
func (s *imageSetter) instances() []formed {
	var out []formed
	used := map[*patch]bool{}
	for _, i := range s.p.instances() {
		_, tree := lookup(i.n, "spec")
		if tree == nil || tree.Kind != yaml.MappingNode {
			continue
		}
		upper := merger{sections: s.p.sections, patch: true}
		for _, patch := range i.patches {
			used[patch] = true
			tree = upper.spec(tree, patch.patch)
		}
		out = append(out, formed{i.name, i.cluster, i.env, s.templated(tree, i.name)})
	}
	for _, patch := range s.p.patches {
		if used[patch] || patch.patch == nil {
			continue
		}
		cluster, name, both := strings.Cut(patch.service, "/")
		if !both {
			cluster, name = s.p.cluster(), patch.service
		}
		s.gaps = append(s.gaps, fmt.Sprintf("%s patches the service %s, whose own document is not among the files", patch.r.file, name))
		out = append(out, formed{name, cluster, patch.env, s.templated(patch.patch, name)})
	}
	return out
}

// templated lays a spec over its template's task definition. Parameters are put
// in, so that an image leads to the place where it is written.
func (s *imageSetter) templated(tree *yaml.Node, service string) *yaml.Node {
	_, n := lookup(tree, "template")
	if n == nil || isNull(n) {
		return tree
	}
	quiet := &reporter{}
	u, ok := (&frame{r: quiet, sections: s.p.sections}).uses(n)
	if !ok {
		return tree
	}
	found, _ := one(s.p.templates, u.name, partOfTemplate)
	if len(found) == 0 {
		s.gaps = append(s.gaps, fmt.Sprintf("the template %s of %s is not among the files", u.name, service))
		return tree
	}
	if len(found) > 1 || found[0].task == nil {
		return tree
	}
	task := found[0].fill(u, quiet, s.p.limits)
	if task == nil {
		s.gaps = append(s.gaps, fmt.Sprintf("the template %s cannot be filled for %s", u.name, service))
		return tree
	}
	below := made(yaml.MappingNode, "!!map", "", n)
	below.Content = []*yaml.Node{found[0].key, task}
	lower := merger{sections: s.p.sections}
	return lower.spec(below, tree)
}

// loosely finds a key of a mapping without regard to case.
func loosely(n *yaml.Node, name string) *yaml.Node {
	for i := 0; n != nil && n.Kind == yaml.MappingNode && i+1 < len(n.Content); i += 2 {
		if strings.EqualFold(n.Content[i].Value, name) {
			return n.Content[i+1]
		}
	}
	return nil
}

// images are the scalars that hold the image of a container.
func (s *imageSetter) images(tree *yaml.Node, container string) []*yaml.Node {
	list := loosely(loosely(tree, pathTaskDefinition), "containerDefinitions")
	if list == nil || list.Kind != yaml.SequenceNode {
		return nil
	}
	var out []*yaml.Node
	for _, c := range list.Content {
		name, image := loosely(c, "name"), loosely(c, "image")
		if name == nil || image == nil || image.Kind != yaml.ScalarNode || isNull(image) {
			continue
		}
		s.names = append(s.names, name.Value)
		if name.Value == container {
			out = append(out, image)
		}
	}
	return out
}

var wholeVariable = regexp.MustCompile(`^\$\(env\.([A-Za-z_][A-Za-z0-9_-]*)\)$`)

// place adds an image's scalar to those found, once for all who use it.
func (s *imageSetter) place(found []ImageChange, f formed, n *yaml.Node, e ImageEdit) []ImageChange {
	envs, _ := one(s.p.environments, f.env, partOfEnvironment)
	var env *environment
	if len(envs) == 1 {
		env = envs[0]
	}
	if m := wholeVariable.FindStringSubmatch(n.Value); m != nil {
		var value *yaml.Node
		if env != nil {
			value = env.vars[m[1]]
		}
		if value == nil || value.Kind != yaml.ScalarNode {
			s.fail("%s: the image of %s is the variable %s, and the Environment that holds it is not among the files: name its file too", (&reporter{}).pos(n), f, n.Value)
			return found
		}
		n = value
	}
	at := slices.IndexFunc(found, func(c ImageChange) bool {
		return c.File == n.FootComment && c.Line == n.Line && c.Column == n.Column
	})
	if at < 0 {
		raw, ok := s.written(n)
		if !ok {
			s.fail("%s: the image of %s is put together from parameters (%s): set those", (&reporter{}).pos(n), f, raw)
			return found
		}
		found = append(found, ImageChange{File: n.FootComment, Line: n.Line, Column: n.Column, Container: e.Container, Image: e.Image, Old: raw})
		at = len(found) - 1
	}
	c := &found[at]
	c.Instances = append(c.Instances, f.String())
	if env != nil {
		c.environment = append(c.environment, env)
	} else {
		c.anyEnvironment = true
	}
	c.New = c.text()
	return found
}

// written is the scalar's text as it stands in the file; not where parameters of
// a template are a part of it.
func (s *imageSetter) written(n *yaml.Node) (string, bool) {
	for _, f := range s.files {
		if f.Path != n.FootComment {
			continue
		}
		docs, err := reread(f)
		if err != nil {
			break
		}
		for _, d := range docs {
			if raw := scalarAt(d, n.Line, n.Column); raw != nil {
				return raw.Value, raw.Value == n.Value
			}
		}
	}
	return n.Value, false
}

func scalarAt(n *yaml.Node, line, column int) *yaml.Node {
	if n.Kind == yaml.ScalarNode && n.Line == line && n.Column == column {
		return n
	}
	for i, c := range n.Content {
		if n.Kind == yaml.MappingNode && i%2 == 0 {
			continue
		}
		if found := scalarAt(c, line, column); found != nil {
			return found
		}
	}
	return nil
}

var imageVariable = regexp.MustCompile(`\$\(env\.([A-Za-z_][A-Za-z0-9_-]*)\)`)

// text is what the scalar becomes: variables in front stay as long as they mean
// the beginning of the image that is asked for, for everybody who uses it.
func (c *ImageChange) text() string {
	if c.Image == c.Old || strings.Contains(c.Image, "$(") {
		return c.Image
	}
	ends := imageVariable.FindAllStringIndex(c.Old, -1)
	if len(ends) == 0 || c.anyEnvironment {
		return c.Image
	}
	if whole, ok := c.resolve(c.Old); ok && whole == c.Image {
		return c.Old
	}
	for _, m := range slices.Backward(ends) {
		value, ok := c.resolve(c.Old[:m[1]])
		rest, begins := strings.CutPrefix(c.Image, value)
		if ok && begins && value != "" && rest != "" && strings.ContainsRune("/:@", rune(rest[0])) {
			return c.Old[:m[1]] + rest
		}
	}
	return c.Image
}

// resolve puts the variables in; not where they mean different things.
func (c *ImageChange) resolve(text string) (string, bool) {
	var out string
	for i, e := range c.environment {
		good := true
		one := imageVariable.ReplaceAllStringFunc(text, func(v string) string {
			n, _ := e.value(imageVariable.FindStringSubmatch(v)[1])
			if n == nil || n.Kind != yaml.ScalarNode {
				good = false
				return v
			}
			return n.Value
		})
		if !good || i > 0 && one != out {
			return "", false
		}
		out = one
	}
	return out, len(c.environment) > 0
}

// write splices the changes into their files, from the last to the first, so
// that no place moves before its turn.
func (s *imageSetter) write() []File {
	slices.SortFunc(s.changes, func(a, b ImageChange) int {
		return cmp.Or(strings.Compare(a.File, b.File), cmp.Compare(a.Line, b.Line), cmp.Compare(a.Column, b.Column))
	})
	var out []File
	for _, f := range s.files {
		was := f.Data
		for _, c := range slices.Backward(s.changes) {
			if c.File != f.Path || c.Old == c.New {
				continue
			}
			data, err := splice(f, edit{line: c.Line, column: c.Column, old: c.Old, with: c.New})
			if err != nil {
				s.problems = append(s.problems, Problem{File: c.File, Line: c.Line, Column: c.Column, Message: "image: " + err.Error()})
				continue
			}
			f.Data = data
		}
		if string(was) != string(f.Data) {
			out = append(out, f)
		}
	}
	return out
}
