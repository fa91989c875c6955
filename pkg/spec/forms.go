package spec

import (
	"cmp"
	"reflect"

	"gopkg.in/yaml.v3"

	"github.com/ecs-operator/ecs-operator/pkg/shape"
)

// Sort is what a form of a section is called: its Form, else its Kind. The rules
// of the diff go by it.
func (s Section) Sort() string { return cmp.Or(s.Form, s.Kind) }

// Forms are all forms of a section's bodies, the usual one first.
func (s Section) Forms() []Section { return append([]Section{s}, s.Others...) }

// FormOf is the form whose input a value is, the usual one for anything else.
func (s Section) FormOf(value any) Section {
	for _, other := range s.Others {
		if reflect.TypeOf(value) == reflect.TypeOf(other.New()) {
			return other
		}
	}
	return s
}

// form is the form of the bodies that are laid over each other: another than the
// usual one as soon as one of them writes the field that tells it.
func (s Section) form(bodies ...*yaml.Node) Section {
	for _, other := range s.Others {
		for _, n := range bodies {
			if key, value := lookup(n, other.When); key != nil && !isNull(value) {
				return other
			}
		}
	}
	return s
}

// formWith is the first form whose input has a field.
func (s Section) formWith(field string) Section {
	for _, form := range s.Forms() {
		if form.has(field) {
			return form
		}
	}
	return s
}

func (s Section) has(field string) bool {
	_, _, found := shape.Find(reflect.TypeOf(s.New()), field)
	_, extra := s.Extra[field]
	return found || extra
}

// otherForm says of a field that belongs to another form than the body's why it
// is not known, and the way out.
func (s Section) otherForm(other Section) string {
	if other.When != "" {
		return "; it goes with " + other.When + ", which is not written here"
	}
	return "; it does not go with " + s.When + ": write one or the other"
}
