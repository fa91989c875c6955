package importer

import (
	"encoding/json"
	"fmt"
	"reflect"
	"regexp"
	"strings"

	"github.com/ecs-operator/ecs-operator/pkg/shape"
	"github.com/ecs-operator/ecs-operator/pkg/spec"
)

// unset is the value of a variable that nobody knows yet. It is a valid name
// for AWS, and one that no diff hides.
const unset = "change-me"

// variable is one entry of the Environment that is drafted.
type variable struct {
	name    string
	source  string // what it was made of: the identity
	value   any    // what the project says, nil when it does not
	comment string
	as      reflect.Type // the type of the place where it stands alone, nil for text
	overlap bool         // it stands inside text as well
	list    bool         // it is known to hold a list
	number  bool         // it is known to hold a number
	at      spec.Tree    // where it was met first
}

// variables of a project: one per source, under names that differ.
type variables struct {
	list []*variable
}

var noName = regexp.MustCompile(`[^A-Za-z0-9_]+`)

// add returns the variable of a source, made under a name like the wished one.
func (v *variables) add(source, wish string, value any, comment string, at spec.Tree) *variable {
	for _, have := range v.list {
		if have.source == source {
			if have.value == nil {
				have.value = value
			}
			return have
		}
	}
	wish = strings.Trim(noName.ReplaceAllString(wish, "_"), "_")
	switch {
	case wish == "" || wish[0] >= '0' && wish[0] <= '9':
		wish = "var_" + wish
	case wish == "account" || wish == "region" || wish == "name":
		wish += "_" // these are there by themselves
	}
	if len(wish) > 60 {
		wish = strings.Trim(wish[len(wish)-60:], "_0123456789") // the end of an address says most
	}
	name := wish
	for n := 2; v.named(name) != nil; n++ {
		name = fmt.Sprintf("%s_%d", wish, n)
	}
	x := &variable{name: name, source: source, value: value, comment: comment, at: at}
	v.list = append(v.list, x)
	return x
}

func (v *variables) named(name string) *variable {
	for _, x := range v.list {
		if x.name == name {
			return x
		}
	}
	return nil
}

func (x *variable) String() string { return "$(env." + x.name + ")" }

var variableText = regexp.MustCompile(`\$\(env\.([A-Za-z0-9_]+)\)`)

// note learns from a text that stands at a place of a type what its variables
// must be.
func (v *variables) note(text string, as reflect.Type) {
	for _, m := range variableText.FindAllStringSubmatch(text, -1) {
		x := v.named(m[1])
		switch {
		case x == nil:
		case m[0] != text:
			x.overlap = true
		case x.as == nil:
			x.as = shape.Deref(as)
		}
	}
}

// stands is the value that is written for a variable: the project's own, else
// one that fits the place.
func (x *variable) stands() any {
	if x.value != nil {
		return x.typed()
	}
	switch {
	case x.list:
		return []any{unset}
	case x.number:
		return 1
	case x.as == nil || x.overlap:
		return unset
	}
	switch x.as.Kind() {
	case reflect.Bool:
		return false
	case reflect.Int, reflect.Int32, reflect.Int64, reflect.Float32, reflect.Float64:
		return 1
	case reflect.String:
		if values := shape.Enum(x.as); len(values) > 0 {
			return values[0]
		}
	case reflect.Slice:
		return []any{unset}
	}
	return unset
}

// typed is the project's own value, as the place where it stands alone reads it.
func (x *variable) typed() any {
	s, isText := x.value.(string)
	if !isText || x.as == nil || x.overlap {
		return x.value
	}
	switch x.as.Kind() {
	case reflect.Bool:
		if s == "true" || s == "false" {
			return s == "true"
		}
	case reflect.Int, reflect.Int32, reflect.Int64, reflect.Float32, reflect.Float64:
		if s != "" && isNumber(s) {
			return json.Number(s)
		}
	}
	return s
}

// vars are the entries of the Environment's spec.vars.
func (v *variables) vars() spec.Map {
	var out spec.Map
	for _, x := range v.list {
		out = append(out, spec.Entry{Key: x.name, Value: x.stands(), Comment: x.comment})
	}
	return out
}

// forEnvironment are the same in one of several environments. They must differ
// in their cluster: what has the same identity is frozen.
func (v *variables) forEnvironment(name string) spec.Map {
	vars := v.vars()
	for i := range vars {
		if vars[i].Key == "cluster" && vars[i].Value == unset {
			vars[i].Value = unset + "-" + strings.Trim(noServiceName.ReplaceAllString(name, "-"), "-")
		}
	}
	return vars
}

// open are the problems of variables whose value no file says.
func (v *variables) open() []spec.Problem {
	var out []spec.Problem
	for _, x := range v.list {
		if x.value == nil {
			out = append(out, x.at.Problem(spec.Warning, "%s became $(env.%s), and no file says its value: write it in the Environment, where %v stands", x.source, x.name, x.stands()))
		}
	}
	return out
}
