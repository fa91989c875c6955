package kinds

import (
	"fmt"
	"reflect"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/ecs-operator/ecs-operator/pkg/diff"
	"github.com/ecs-operator/ecs-operator/pkg/resource"
	"github.com/ecs-operator/ecs-operator/pkg/shape"
	"github.com/ecs-operator/ecs-operator/pkg/spec"
)

// problem makes an error of a document, at the place of a path of the body, or
// of the body itself where the author did not write the path.
func problem(u *resource.Unit, o *resource.Object, path, format string, args ...any) spec.Problem {
	pos := o.Written.At(path)
	if pos == "" {
		pos = o.Pos
	}
	p := spec.Problem{Document: u.Key.Name, Path: shape.Join(o.Section, path), Message: fmt.Sprintf(format, args...)}
	p.File, p.Line, p.Column = splitPos(pos)
	return p
}

// splitPos takes file:line:column apart; the file may hold colons itself.
func splitPos(pos string) (file string, line, column int) {
	parts := strings.Split(pos, ":")
	if n := len(parts); n >= 3 {
		l, errL := strconv.Atoi(parts[n-2])
		c, errC := strconv.Atoi(parts[n-1])
		if errL == nil && errC == nil {
			return strings.Join(parts[:n-2], ":"), l, c
		}
	}
	return pos, 0, 0
}

// nameProblems checks an AWS name, written or derived.
func nameProblems(u *resource.Unit, o *resource.Object, path, what, name string, limit int, alphabet *regexp.Regexp) []spec.Problem {
	from := "derived from the cluster and the service; write " + o.Section + "." + path + " to choose another"
	if o.Written.Has(path) {
		from = "as written"
	}
	switch {
	case strings.Contains(name, "$("):
		return []spec.Problem{problem(u, o, path, "a name cannot hold a reference: %s", name)}
	case len(name) > limit:
		return []spec.Problem{problem(u, o, path, "%s %q is %d characters long, AWS takes %d (%s)", what, name, len(name), limit, from)}
	case alphabet != nil && !alphabet.MatchString(name):
		return []spec.Problem{problem(u, o, path, "%s %q has characters that AWS does not take (%s)", what, name, from)}
	}
	return nil
}

// needRef puts a reference into a string that the author did not write.
func needRef(o *resource.Object, path, section, attr string, to resource.ID) string {
	text := "$(" + section + "." + attr + ")"
	o.Refs = append(o.Refs, resource.Ref{Path: path, Text: text, To: to, Attr: attr})
	o.Need(to)
	return text
}

// fillNames puts names that are known before anything exists in the place of
// references to them, and takes back the edges that these made. An alarm on its
// own service's metrics often is that service's deployment alarm, and a container
// may be told its service's name: with both edges there would be no order.
func fillNames(u *resource.Unit, o *resource.Object) {
	known := func(r resource.Ref) string {
		switch {
		case r.To == serviceID(u) && r.Attr == "name":
			return serviceName(u)
		case r.To == unitID(u, resource.KindScalableTarget, "") && r.Attr == "name":
			return resourceID(u.Key.Cluster, serviceName(u))
		case r.To.Kind == resource.KindTaskDefinition && r.Attr == "family":
			if td := u.Object(r.To); td != nil {
				return familyOf(u, td)
			}
		}
		return ""
	}
	filled := map[string]map[string]string{} // by path: text → name
	var open []resource.Ref
	for _, r := range o.Refs {
		name := known(r)
		if name == "" {
			open = append(open, r)
			continue
		}
		if filled[r.Path] == nil {
			filled[r.Path] = map[string]string{}
		}
		filled[r.Path][r.Text] = name
	}
	if len(filled) == 0 {
		return
	}
	shape.MapStrings(o.Want, func(path, s string) string {
		for text, name := range filled[path] {
			s = strings.ReplaceAll(s, text, name)
		}
		return s
	})
	needs := o.Needs[:0:0]
	for _, id := range o.Needs {
		refers := func(refs []resource.Ref) bool {
			return slices.ContainsFunc(refs, func(r resource.Ref) bool { return r.To == id })
		}
		if !refers(o.Refs) || refers(open) {
			needs = append(needs, id)
		}
	}
	o.Refs, o.Needs = open, needs
}

// member is the field of an SDK struct with the given spec name.
func member(v any, name string) (reflect.Value, bool) {
	rv := reflect.Indirect(reflect.ValueOf(v))
	f, _, ok := shape.Find(rv.Type(), name)
	if !ok {
		return reflect.Value{}, false
	}
	return rv.Field(f.Index), true
}

// carry copies one top-level member from a create input to the same member of
// another input, and reports whether that has it. Wanted nothing, an empty list
// goes out: AWS reads an absent one as "unchanged".
func carry(dst, src any, name string) bool {
	to, ok := member(dst, name)
	if !ok {
		return false
	}
	from, ok := member(src, name)
	if !ok {
		return false
	}
	switch {
	case to.Kind() == reflect.Slice && from.IsNil():
		to.Set(reflect.MakeSlice(to.Type(), 0, 0))
	case from.Type() == to.Type():
		to.Set(from)
	case to.Kind() == reflect.Pointer && to.Type().Elem() == from.Type():
		p := reflect.New(from.Type())
		p.Elem().Set(from)
		to.Set(p)
	default:
		return false
	}
	return true
}

// changedFields are the top-level members that changes name, without tags and
// without what is only shown.
func changedFields(changes []diff.Change) map[string]bool {
	out := map[string]bool{}
	for _, c := range changes {
		if !c.Informational && c.Field() != "tags" {
			out[c.Field()] = true
		}
	}
	return out
}

// changed reports whether a change lies at or below a path.
func changed(changes []diff.Change, path string) bool {
	for _, c := range changes {
		if c.Informational || !strings.HasPrefix(c.Path, path) {
			continue
		}
		if rest := c.Path[len(path):]; rest == "" || rest[0] == '.' || rest[0] == '[' {
			return true
		}
	}
	return false
}

func indexed(path string, i int) string { return shape.At(path, i) }
