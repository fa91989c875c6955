package wire

import (
	"reflect"
	"strings"
	"time"

	"github.com/ecs-operator/ecs-operator/pkg/shape"
)

// Naming says how the members of a structure are called on the wire.
type Naming int

const (
	// LowerCamel is the naming of ECS: containerDefinitions.
	LowerCamel Naming = iota
	// GoNames is that of the other services: LoadBalancerArn.
	GoNames
)

// Codec takes SDK values apart and builds them.
type Codec struct {
	Names    Naming
	Registry *shape.Registry // unions and documents
	sparse   bool            // leave out every zero scalar: the state file's form
}

// Member is one named value of an Object.
type Member struct {
	Name  string
	Value any
}

// Object is a structure taken apart: members in the order of the SDK's struct.
// Its values, and those of lists, are Object, Map, []any, string, bool, int64,
// float64, []byte, time.Time, or plain JSON values of a document.
type Object []Member

// Map is a string map taken apart, with sorted keys. It is not an Object
// because the Query protocol writes it differently.
type Map []Member

func (c Codec) name(f shape.Field) string {
	if c.Names == GoNames {
		return f.GoName
	}
	return f.Name
}

func (c Codec) memberName(u shape.Union, member reflect.Type) string {
	if c.Names == GoNames {
		return u.MemberName(member)
	}
	return shape.SpecName(u.MemberName(member))
}

// takeApart turns an SDK value into a tree. ok is false for what is not on the
// wire: nil, and an enum or string that is not set.
func (c Codec) takeApart(v reflect.Value) (tree any, ok bool, err error) {
	switch v.Kind() {
	case reflect.Pointer:
		if v.IsNil() {
			return nil, false, nil
		}
		if v.Type().Elem().Kind() == reflect.String {
			return v.Elem().String(), true, nil // an empty string behind a pointer was set
		}
		if c.sparse && isScalar(v.Type().Elem()) {
			tree, _, err = Codec{Names: c.Names, Registry: c.Registry}.takeApart(v.Elem())
			return tree, true, err
		}
		return c.takeApart(v.Elem())
	case reflect.Interface:
		return c.takeInterface(v)
	case reflect.Struct:
		if v.Type() == timeType {
			t := v.Interface().(time.Time)
			return t, !t.IsZero(), nil
		}
		return c.takeStruct(v)
	case reflect.Slice:
		if v.IsNil() {
			return nil, false, nil
		}
		if v.Type().Elem().Kind() == reflect.Uint8 {
			return v.Bytes(), true, nil
		}
		list := make([]any, 0, v.Len())
		for i := range v.Len() {
			item, ok, err := c.takeApart(v.Index(i))
			if err != nil {
				return nil, false, at(err, "[]")
			}
			if !ok {
				item = zeroTree(v.Index(i))
			}
			list = append(list, item)
		}
		return list, true, nil
	case reflect.Map:
		return c.takeMap(v)
	case reflect.String:
		return v.String(), v.Len() > 0, nil
	case reflect.Bool:
		return v.Bool(), !c.sparse || v.Bool(), nil
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		return v.Int(), !c.sparse || v.Int() != 0, nil
	case reflect.Float32, reflect.Float64:
		return v.Float(), !c.sparse || v.Float() != 0, nil
	}
	return nil, false, mismatch(v.Type(), "unsupported type")
}

func isScalar(t reflect.Type) bool {
	switch t.Kind() {
	case reflect.Bool, reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64, reflect.Float32, reflect.Float64:
		return true
	}
	return t == timeType
}

// zeroTree stands for an element that has nothing to say but takes a place.
func zeroTree(v reflect.Value) any {
	if v.Kind() == reflect.String {
		return ""
	}
	if v.Kind() == reflect.Bool {
		return false
	}
	if v.CanInt() {
		return int64(0)
	}
	if v.CanFloat() {
		return float64(0)
	}
	return nil
}

func (c Codec) takeStruct(v reflect.Value) (any, bool, error) {
	var some [12]Member // most structures say little of what they could
	out := some[:0]
	for _, f := range shape.Fields(v.Type()) {
		member := v.Field(f.Index)
		if leadsNowhere(member) {
			continue
		}
		tree, ok, err := c.takeApart(member)
		if err != nil {
			return nil, false, at(err, f.GoName)
		}
		if ok {
			out = append(out, Member{c.name(f), tree})
		}
	}
	whole := make(Object, len(out))
	copy(whole, out)
	return whole, true, nil
}

// leadsNowhere is nil.
func leadsNowhere(v reflect.Value) bool {
	switch v.Kind() {
	case reflect.Pointer, reflect.Interface, reflect.Slice, reflect.Map:
		return v.IsNil()
	}
	return false
}

func (c Codec) takeMap(v reflect.Value) (any, bool, error) {
	if v.IsNil() {
		return nil, false, nil
	}
	out := make(Map, 0, v.Len())
	for _, k := range sortedKeys(v) {
		tree, ok, err := c.takeApart(v.MapIndex(k))
		if err != nil {
			return nil, false, at(err, keyText(k))
		}
		if !ok {
			tree = zeroTree(v.MapIndex(k))
		}
		out = append(out, Member{keyText(k), tree})
	}
	return out, true, nil
}

func (c Codec) takeInterface(v reflect.Value) (any, bool, error) {
	if v.IsNil() {
		return nil, false, nil
	}
	if d, ok := c.Registry.Document(v.Type()); ok {
		plain, err := d.Plain(v.Interface())
		return plain, err == nil, err
	}
	u, ok := c.Registry.Union(v.Type())
	if !ok {
		return nil, false, mismatch(v.Type(), "not a registered union or document")
	}
	m := v.Elem()
	for m.Kind() == reflect.Pointer {
		m = m.Elem()
	}
	tree, ok, err := c.takeApart(m.Field(0))
	if err != nil {
		return nil, false, err
	}
	if !ok {
		tree = zeroTree(m.Field(0))
	}
	return Object{{c.memberName(u, m.Type()), tree}}, true, nil
}

// lookup finds the struct member that a wire name means. AWS compares exactly;
// so do we, except that a leading capital is forgiven as old SDKs need it.
func (c Codec) lookup(t reflect.Type, name string) (shape.Field, bool) {
	for _, f := range shape.Fields(t) {
		if c.name(f) == name {
			return f, true
		}
	}
	for _, f := range shape.Fields(t) {
		if strings.EqualFold(f.GoName, name) {
			return f, true
		}
	}
	return shape.Field{}, false
}
