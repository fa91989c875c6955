package shape

import (
	"fmt"
	"reflect"
	"slices"
	"sort"
	"strconv"
	"strings"
	"sync"
	"time"
)

var timeType = reflect.TypeFor[time.Time]()

// IsTime reports whether a type is a timestamp (or a pointer to one).
func IsTime(t reflect.Type) bool { return Deref(t) == timeType }

// Join appends a member to a path.
func Join(path, name string) string {
	if path == "" {
		return name
	}
	return path + "." + name
}

// At appends an index or a key to a path.
func At(path string, key any) string {
	switch k := key.(type) {
	case string:
		return path + "[" + k + "]"
	case int:
		return path + "[" + strconv.Itoa(k) + "]"
	}
	return fmt.Sprintf("%s[%v]", path, key)
}

// MapStrings replaces every string of a value in place by what fn returns for
// it. v must be a pointer or a map. Enum strings and map values are included;
// map keys and free-form documents are not. The member of a union stands in the
// path by its spec name, as in Plain.
func MapStrings(v any, fn func(path, s string) string) {
	mapStrings(reflect.ValueOf(v), "", fn)
}

func mapStrings(v reflect.Value, path string, fn func(path, s string) string) {
	switch v.Kind() {
	case reflect.Pointer, reflect.Interface:
		if v.IsNil() {
			return
		}
		if v.Kind() == reflect.Interface && v.Elem().Kind() != reflect.Pointer {
			if !v.CanSet() {
				return
			}
			fresh := reflect.New(v.Elem().Type()).Elem()
			fresh.Set(v.Elem())
			mapStrings(fresh, path, fn)
			v.Set(fresh)
			return
		}
		if v.Kind() == reflect.Interface {
			if name, value, ok := memberOf(v.Type(), v.Elem()); ok {
				mapStrings(value, Join(path, name), fn)
				return
			}
		}
		mapStrings(v.Elem(), path, fn)
	case reflect.Struct:
		for _, f := range Fields(v.Type()) {
			if fv := v.Field(f.Index); !empty(fv) {
				mapStrings(fv, Join(path, f.Name), fn)
			}
		}
	case reflect.Slice:
		for i := range v.Len() {
			mapStrings(v.Index(i), At(path, i), fn)
		}
	case reflect.Map:
		for _, k := range sortedKeys(v) {
			fresh := reflect.New(v.Type().Elem()).Elem()
			fresh.Set(v.MapIndex(k))
			mapStrings(fresh, At(path, k.Interface()), fn)
			v.SetMapIndex(k, fresh)
		}
	case reflect.String:
		if !v.CanSet() {
			return
		}
		had := v.String()
		if s := fn(path, had); s != had { // what stays may be shared
			v.SetString(s)
		}
	}
}

// empty reports a place that leads nowhere.
func empty(v reflect.Value) bool {
	switch v.Kind() {
	case reflect.Pointer, reflect.Interface, reflect.Slice, reflect.Map:
		return v.IsNil()
	}
	return false
}

func sortedKeys(m reflect.Value) []reflect.Value {
	keys := m.MapKeys()
	if m.Type().Key().Kind() == reflect.String {
		slices.SortFunc(keys, func(a, b reflect.Value) int { return strings.Compare(a.String(), b.String()) })
		return keys
	}
	sort.Slice(keys, func(i, j int) bool { return fmt.Sprint(keys[i]) < fmt.Sprint(keys[j]) })
	return keys
}

// Clone copies a value deeply. Documents, which are opaque, are shared.
func Clone[T any](v T) T {
	out := reflect.New(reflect.TypeFor[T]()).Elem()
	src := reflect.ValueOf(&v).Elem()
	copyInto(out, src)
	clone, _ := out.Interface().(T) // a nil interface has no type to assert
	return clone
}

func copyInto(dst, src reflect.Value) {
	switch src.Kind() {
	case reflect.Pointer:
		if src.IsNil() {
			return
		}
		p := reflect.New(src.Type().Elem())
		copyInto(p.Elem(), src.Elem())
		dst.Set(p)
	case reflect.Interface:
		if src.IsNil() {
			return
		}
		fresh := reflect.New(src.Elem().Type()).Elem()
		copyInto(fresh, src.Elem())
		dst.Set(fresh)
	case reflect.Struct:
		dst.Set(src) // unexported bookkeeping and times come along
		if src.Type() == timeType {
			return
		}
		for _, i := range deepFields(src.Type()) {
			if f := src.Field(i); !empty(f) {
				copyInto(dst.Field(i), f)
			}
		}
	case reflect.Slice:
		if src.IsNil() {
			return
		}
		s := reflect.MakeSlice(src.Type(), src.Len(), src.Len())
		for i := range src.Len() {
			copyInto(s.Index(i), src.Index(i))
		}
		dst.Set(s)
	case reflect.Map:
		if src.IsNil() {
			return
		}
		m := reflect.MakeMapWithSize(src.Type(), src.Len())
		for _, k := range src.MapKeys() {
			fresh := reflect.New(src.Type().Elem()).Elem()
			copyInto(fresh, src.MapIndex(k))
			m.SetMapIndex(k, fresh)
		}
		dst.Set(m)
	default:
		dst.Set(src)
	}
}

var deepCache sync.Map // reflect.Type → []int

// deepFields are the exported members of a struct that an assignment of the whole
// would share instead of copying.
func deepFields(t reflect.Type) []int {
	if have, ok := deepCache.Load(t); ok {
		return have.([]int)
	}
	var out []int
	for i := range t.NumField() {
		switch f := t.Field(i); f.Type.Kind() {
		case reflect.Pointer, reflect.Interface, reflect.Slice, reflect.Map, reflect.Struct:
			if f.IsExported() {
				out = append(out, i)
			}
		}
	}
	deepCache.Store(t, out)
	return out
}

// Project copies into *dst every member of src that has the same name and a
// compatible type, deeply, through pointers on either side; slices are copied
// element by element. It is how a describe output becomes a create input.
// Members that only one side has are left alone.
func Project(dst, src any) {
	project(reflect.ValueOf(dst).Elem(), reflect.ValueOf(src), copyInto)
}

// Share is Project of an answer that nobody changes any more: what has the same type on
// both sides is not copied, and nobody may change it there either.
func Share(dst, src any) {
	project(reflect.ValueOf(dst).Elem(), reflect.ValueOf(src), reflect.Value.Set)
}

func project(dst, src reflect.Value, same func(dst, src reflect.Value)) {
	if !src.IsValid() {
		return
	}
	if src.Type() == dst.Type() {
		if !empty(src) {
			same(dst, src)
		}
		return
	}
	for src.Kind() == reflect.Pointer || src.Kind() == reflect.Interface {
		if src.IsNil() {
			return
		}
		if src.Kind() == reflect.Interface && dst.Kind() == reflect.Interface {
			break
		}
		src = src.Elem()
	}
	if dst.Kind() == reflect.Pointer {
		p := reflect.New(dst.Type().Elem())
		project(p.Elem(), src, same)
		dst.Set(p)
		return
	}
	switch {
	case src.Type() == dst.Type():
		same(dst, src)
	case dst.Kind() == reflect.Struct && src.Kind() == reflect.Struct:
		for _, m := range inCommon(dst.Type(), src.Type()) {
			if f := src.Field(m.src); !empty(f) {
				project(dst.Field(m.dst), f, same)
			}
		}
	case dst.Kind() == reflect.Slice && src.Kind() == reflect.Slice:
		if src.IsNil() {
			return
		}
		s := reflect.MakeSlice(dst.Type(), src.Len(), src.Len())
		for i := range src.Len() {
			project(s.Index(i), src.Index(i), same)
		}
		dst.Set(s)
	case src.Kind() == dst.Kind() && src.Type().ConvertibleTo(dst.Type()):
		dst.Set(src.Convert(dst.Type()))
	}
}

// member is one that two types have in common, by its index in each.
type member struct{ dst, src int }

var commonCache sync.Map // [2]reflect.Type → []member

func inCommon(dst, src reflect.Type) []member {
	key := [2]reflect.Type{dst, src}
	if have, ok := commonCache.Load(key); ok {
		return have.([]member)
	}
	var out []member
	for _, f := range Fields(src) {
		for _, d := range Fields(dst) {
			if d.GoName == f.GoName {
				out = append(out, member{d.Index, f.Index})
			}
		}
	}
	commonCache.Store(key, out)
	return out
}

// Plain turns a value into maps, slices and scalars with spec names, as people
// would write it: what is nil, and a plain zero number, false or "" that the
// SDK would not send, is left out; an empty list that is not nil stays. Unions
// and free-form documents are recognised by how the SDK builds them; a registry
// (which may be nil) overrides how a document is read.
func Plain(v any, r *Registry) any { return plain(reflect.ValueOf(v), r) }

func plain(v reflect.Value, r *Registry) any {
	switch v.Kind() {
	case reflect.Invalid:
		return nil
	case reflect.Pointer:
		if v.IsNil() {
			return nil
		}
		return plain(v.Elem(), r)
	case reflect.Interface:
		if v.IsNil() {
			return nil
		}
		return plainOpen(v, r)
	case reflect.Struct:
		if v.Type() == timeType {
			return v.Interface().(time.Time).UTC().Format(time.RFC3339Nano)
		}
		out := map[string]any{}
		for _, f := range Fields(v.Type()) {
			fv := v.Field(f.Index)
			if fv.IsZero() {
				continue
			}
			out[f.Name] = plain(fv, r)
		}
		return out
	case reflect.Slice:
		out := make([]any, v.Len())
		for i := range v.Len() {
			out[i] = plain(v.Index(i), r)
		}
		return out
	case reflect.Map:
		out := make(map[string]any, v.Len())
		for _, k := range v.MapKeys() {
			out[fmt.Sprint(k)] = plain(v.MapIndex(k), r)
		}
		return out
	case reflect.String:
		return v.String()
	case reflect.Bool:
		return v.Bool()
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		return v.Int()
	case reflect.Float32, reflect.Float64:
		return v.Float()
	}
	return fmt.Sprint(v)
}

// plainOpen is plain for what stands in an interface: a document, the member of
// a union, or any value.
func plainOpen(v reflect.Value, r *Registry) any {
	if d, ok := r.Document(v.Type()); ok {
		if p, err := d.Plain(v.Interface()); err == nil {
			return p
		}
	}
	if _, ok := v.Interface().(smithyDocument); ok {
		if p, err := plainDocument(v.Interface()); err == nil {
			return p
		}
		return nil
	}
	if name, value, ok := memberOf(v.Type(), v.Elem()); ok {
		return map[string]any{name: plain(value, r)}
	}
	return plain(v.Elem(), r)
}
