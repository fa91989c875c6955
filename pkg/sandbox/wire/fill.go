package wire

import (
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"sort"
	"strconv"
	"time"
)

var timeType = reflect.TypeFor[time.Time]()

// SerializationError says that a request's bytes do not fit the operation's
// input. AWS answers it before any rule of the service is looked at.
type SerializationError struct {
	Path string
	Text string
}

func (e *SerializationError) Error() string {
	if e.Path == "" {
		return e.Text
	}
	return e.Path + ": " + e.Text
}

func mismatch(t reflect.Type, text string) error {
	return &SerializationError{Text: fmt.Sprintf("%s (%s)", text, t)}
}

func at(err error, step string) error {
	var s *SerializationError
	if errors.As(err, &s) {
		path := step
		if s.Path != "" {
			path += "." + s.Path
		}
		return &SerializationError{Path: path, Text: s.Text}
	}
	return fmt.Errorf("%s: %w", step, err)
}

// fill sets dst from a tree as a protocol parsed it: nil, bool, string,
// json.Number, int64, float64, []byte, time.Time, []any, map[string]any, or
// form and text. null leaves dst alone.
func (c Codec) fill(dst reflect.Value, tree any) error {
	if tree == nil {
		return nil
	}
	switch dst.Kind() {
	case reflect.Pointer:
		p := reflect.New(dst.Type().Elem())
		if err := c.fill(p.Elem(), tree); err != nil {
			return err
		}
		dst.Set(p)
		return nil
	case reflect.Interface:
		return c.fillInterface(dst, tree)
	case reflect.Struct:
		if dst.Type() == timeType {
			t, err := asTime(tree)
			if err != nil {
				return mismatch(dst.Type(), err.Error())
			}
			dst.Set(reflect.ValueOf(t))
			return nil
		}
		return c.fillStruct(dst, tree)
	case reflect.Slice:
		return c.fillSlice(dst, tree)
	case reflect.Map:
		return c.fillMap(dst, tree)
	}
	return fillScalar(dst, tree)
}

func (c Codec) fillStruct(dst reflect.Value, tree any) error {
	members, ok := asMembers(tree)
	if !ok {
		return mismatch(dst.Type(), "expected a structure, got "+kindName(tree))
	}
	for _, name := range sortedNames(members) {
		f, ok := c.lookup(dst.Type(), name)
		if !ok {
			continue // unknown members are ignored, as AWS does
		}
		if err := c.fill(dst.Field(f.Index), members[name]); err != nil {
			return at(err, name)
		}
	}
	return nil
}

func (c Codec) fillSlice(dst reflect.Value, tree any) error {
	if dst.Type().Elem().Kind() == reflect.Uint8 {
		return fillBytes(dst, tree)
	}
	var items []any
	switch x := tree.(type) {
	case []any:
		items = x
	case form:
		items = x.list()
	case text:
		if x != "" { // "Targets=" is how the Query protocol says []
			return mismatch(dst.Type(), "expected a list, got a string")
		}
	default:
		return mismatch(dst.Type(), "expected a list, got "+kindName(tree))
	}
	out := reflect.MakeSlice(dst.Type(), 0, len(items))
	for i, item := range items {
		if item == nil {
			continue
		}
		e := reflect.New(dst.Type().Elem()).Elem()
		if err := c.fill(e, item); err != nil {
			return at(err, strconv.Itoa(i))
		}
		out = reflect.Append(out, e)
	}
	dst.Set(out)
	return nil
}

func (c Codec) fillMap(dst reflect.Value, tree any) error {
	members, ok := asMembers(tree)
	if f, isForm := tree.(form); isForm {
		members, ok = f.entries(), true
	}
	if !ok {
		return mismatch(dst.Type(), "expected a map, got "+kindName(tree))
	}
	out := reflect.MakeMapWithSize(dst.Type(), len(members))
	for _, name := range sortedNames(members) {
		k := reflect.New(dst.Type().Key()).Elem()
		if err := fillKey(k, name); err != nil {
			return err
		}
		e := reflect.New(dst.Type().Elem()).Elem()
		if err := c.fill(e, members[name]); err != nil {
			return at(err, name)
		}
		out.SetMapIndex(k, e)
	}
	dst.Set(out)
	return nil
}

func fillKey(k reflect.Value, name string) error {
	switch {
	case k.Kind() == reflect.String:
		k.SetString(name)
	case k.CanInt():
		n, err := strconv.ParseInt(name, 10, 64)
		if err != nil {
			return mismatch(k.Type(), err.Error())
		}
		k.SetInt(n)
	default:
		return mismatch(k.Type(), "unsupported key")
	}
	return nil
}

func (c Codec) fillInterface(dst reflect.Value, tree any) error {
	if d, ok := c.Registry.Document(dst.Type()); ok {
		dst.Set(reflect.ValueOf(d.New(plainJSON(tree))))
		return nil
	}
	u, ok := c.Registry.Union(dst.Type())
	if !ok {
		return mismatch(dst.Type(), "not a registered union or document")
	}
	members, ok := asMembers(tree)
	if !ok {
		return mismatch(dst.Type(), "expected a union, got "+kindName(tree))
	}
	set := false
	for _, name := range sortedNames(members) {
		t, known := u.Member(name)
		if !known || members[name] == nil {
			continue
		}
		if set {
			return mismatch(dst.Type(), "a union takes exactly one member")
		}
		m := reflect.New(t)
		if err := c.fill(m.Elem().Field(0), members[name]); err != nil {
			return at(err, name)
		}
		dst.Set(m)
		set = true
	}
	return nil
}

func asMembers(tree any) (map[string]any, bool) {
	switch x := tree.(type) {
	case map[string]any:
		return x, true
	case form:
		return x, true
	case text: // "Matcher=" of a form: a structure without members
		return nil, x == ""
	}
	return nil, false
}

// plainJSON is a tree as encoding/json would have made it, which is what
// documents take.
func plainJSON(tree any) any {
	switch x := tree.(type) {
	case json.Number:
		if f, err := x.Float64(); err == nil {
			return f
		}
		return x.String()
	case int64:
		return float64(x)
	case []any:
		out := make([]any, len(x))
		for i := range x {
			out[i] = plainJSON(x[i])
		}
		return out
	case map[string]any:
		out := make(map[string]any, len(x))
		for k := range x {
			out[k] = plainJSON(x[k])
		}
		return out
	}
	return tree
}

func kindName(tree any) string {
	switch tree.(type) {
	case bool:
		return "a boolean"
	case string, text:
		return "a string"
	case json.Number, int64, float64:
		return "NUMBER_VALUE"
	case []any:
		return "a list"
	case map[string]any, form:
		return "a structure"
	}
	return fmt.Sprintf("%T", tree)
}

func sortedNames(m map[string]any) []string {
	names := make([]string, 0, len(m))
	for k := range m {
		names = append(names, k)
	}
	sort.Strings(names)
	return names
}

func sortedKeys(m reflect.Value) []reflect.Value {
	keys := m.MapKeys()
	sort.Slice(keys, func(i, j int) bool { return keyText(keys[i]) < keyText(keys[j]) })
	return keys
}

func keyText(k reflect.Value) string {
	if k.Kind() == reflect.String {
		return k.String()
	}
	return fmt.Sprint(k.Interface())
}
