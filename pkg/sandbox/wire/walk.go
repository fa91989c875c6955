package wire

import (
	"reflect"

	"github.com/ecs-operator/ecs-operator/pkg/shape"
)

// Walk calls visit for every type that an SDK value of type t can hold, with a
// path to it: the completeness tests of the sandbox are built on it.
func Walk(t reflect.Type, r *shape.Registry, visit func(path string, t reflect.Type)) {
	walk(t, r, "", map[reflect.Type]bool{}, visit)
}

func walk(t reflect.Type, r *shape.Registry, path string, seen map[reflect.Type]bool, visit func(string, reflect.Type)) {
	t = shape.Deref(t)
	visit(path, t)
	if seen[t] {
		return
	}
	seen[t] = true
	switch t.Kind() {
	case reflect.Slice:
		walk(t.Elem(), r, path+"[]", seen, visit)
	case reflect.Map:
		walk(t.Elem(), r, path+"[]", seen, visit)
	case reflect.Interface:
		if u, ok := r.Union(t); ok {
			for _, m := range u.Members {
				walk(m.Field(0).Type, r, shape.Join(path, u.MemberName(m)), seen, visit)
			}
		}
	case reflect.Struct:
		if t == timeType {
			return
		}
		for _, f := range shape.Fields(t) {
			walk(f.Type, r, shape.Join(path, f.GoName), seen, visit)
		}
	}
}
