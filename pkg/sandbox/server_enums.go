package sandbox

import (
	"fmt"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"sync"

	"github.com/ecs-operator/ecs-operator/pkg/shape"
)

// checkEnums refuses a word that an enum does not know, before the operation
// looks at anything else. AWS' services share the framework that does this, and
// its text; the codes are each service's own ([MEM] for those of ECS, where
// RegisterTaskDefinition says ClientException to every bad parameter).
func checkEnums(o operation, in any) error {
	v := reflect.ValueOf(in)
	if !hasEnum(v.Type()) {
		return nil
	}
	path, value, known := unknownWord(v, "")
	if known == nil {
		return nil
	}
	code := "ValidationError"
	switch o.service {
	case "ecs":
		code = "InvalidParameterException"
		if o.name == "RegisterTaskDefinition" {
			code = "ClientException"
		}
	case "application-autoscaling":
		code = "ValidationException"
	case "tagging":
		code = "InvalidParameterException"
	}
	return refuse(code, "1 validation error detected: Value '%s' at '%s' failed to satisfy constraint: Member must satisfy enum value set: [%s]", value, path, strings.Join(known, ", "))
}

// unknownWord finds the first enum member that holds a word outside its set. An
// empty word is one that was not given.
func unknownWord(v reflect.Value, path string) (at, value string, known []string) {
	switch v.Kind() {
	case reflect.Pointer, reflect.Interface:
		if !v.IsNil() {
			return unknownWord(v.Elem(), path)
		}
	case reflect.String:
		if words := shape.Enum(v.Type()); words != nil && v.Len() > 0 && !slices.Contains(words, v.String()) {
			return path, v.String(), words
		}
	case reflect.Struct:
		for _, f := range shape.Fields(v.Type()) {
			if !hasEnum(f.Type) {
				continue
			}
			if at, value, known = unknownWord(v.Field(f.Index), shape.Join(path, shape.SpecName(f.GoName))); known != nil {
				return at, value, known
			}
		}
	case reflect.Slice:
		for i := range v.Len() {
			if at, value, known = unknownWord(v.Index(i), path+"."+strconv.Itoa(i+1)+".member"); known != nil {
				return at, value, known
			}
		}
	case reflect.Map:
		for _, k := range v.MapKeys() {
			if at, value, known = unknownWord(v.MapIndex(k), fmt.Sprintf("%s.%v.member", path, k)); known != nil {
				return at, value, known
			}
		}
	}
	return "", "", nil
}

var enumCache sync.Map // reflect.Type → bool

// hasEnum is whether a value of a type may hold a word of an enum: most do not.
func hasEnum(t reflect.Type) bool {
	if have, ok := enumCache.Load(t); ok {
		return have.(bool)
	}
	has := holdsEnum(t, map[reflect.Type]bool{})
	enumCache.Store(t, has)
	return has
}

// holdsEnum walks a type; seen are the structures that it is within.
func holdsEnum(t reflect.Type, seen map[reflect.Type]bool) bool {
	switch t.Kind() {
	case reflect.Interface:
		return true // nobody knows
	case reflect.String:
		return shape.Enum(t) != nil
	case reflect.Pointer, reflect.Slice, reflect.Map:
		return holdsEnum(t.Elem(), seen)
	case reflect.Struct:
		if seen[t] {
			return false
		}
		seen[t] = true
		return slices.ContainsFunc(shape.Fields(t), func(f shape.Field) bool { return holdsEnum(f.Type, seen) })
	}
	return false
}
