package diff

import (
	"fmt"
	"math"
	"reflect"

	"github.com/ecs-operator/ecs-operator/pkg/shape"
)

// Set writes a plain value at a path of a typed input: a member, or a member of
// nested structs, which are made where they are nil; no path through a list.
// Partial-update APIs need it to send a default that nobody wrote. A nil value
// makes a slice empty and everything else unset.
func Set(dst any, path string, value any) error {
	v := reflect.ValueOf(dst)
	if v.Kind() != reflect.Pointer || v.IsNil() {
		return fmt.Errorf("diff: set %s: want a pointer to an input, have %T", path, dst)
	}
	v = v.Elem()
	segs := segments(path)
	if len(segs) == 0 {
		return fmt.Errorf("diff: set: empty path")
	}
	for i, seg := range segs {
		for v.Kind() == reflect.Pointer {
			if v.IsNil() {
				v.Set(reflect.New(v.Type().Elem()))
			}
			v = v.Elem()
		}
		if seg[0] == '[' {
			if v.Kind() != reflect.Map || i != len(segs)-1 {
				return fmt.Errorf("diff: set %s: %s leads through a list", path, seg)
			}
			return setEntry(v, seg[1:len(seg)-1], value, path)
		}
		if v.Kind() != reflect.Struct {
			return fmt.Errorf("diff: set %s: nothing called %s in a %s", path, seg, v.Type())
		}
		f, _, ok := shape.Find(v.Type(), seg)
		if !ok {
			return fmt.Errorf("diff: set %s: %s has no member %s", path, v.Type(), seg)
		}
		v = v.Field(f.Index)
	}
	return assign(v, value, path)
}

func setEntry(m reflect.Value, key string, value any, path string) error {
	if m.IsNil() {
		m.Set(reflect.MakeMap(m.Type()))
	}
	k := reflect.ValueOf(key).Convert(m.Type().Key())
	if value == nil {
		m.SetMapIndex(k, reflect.Value{})
		return nil
	}
	fresh := reflect.New(m.Type().Elem()).Elem()
	if err := assign(fresh, value, path); err != nil {
		return err
	}
	m.SetMapIndex(k, fresh)
	return nil
}

func assign(v reflect.Value, value any, path string) error {
	if value == nil {
		if v.Kind() == reflect.Slice {
			v.Set(reflect.MakeSlice(v.Type(), 0, 0))
		} else {
			v.SetZero()
		}
		return nil
	}
	if v.Kind() == reflect.Pointer {
		p := reflect.New(v.Type().Elem())
		if err := assign(p.Elem(), value, path); err != nil {
			return err
		}
		v.Set(p)
		return nil
	}
	mismatch := fmt.Errorf("diff: set %s: a %T does not fit a %s", path, value, v.Type())
	switch v.Kind() {
	case reflect.String, reflect.Bool:
		rv := reflect.ValueOf(value)
		if rv.Kind() != v.Kind() {
			return mismatch
		}
		v.Set(rv.Convert(v.Type()))
	case reflect.Int, reflect.Int32, reflect.Int64:
		n, ok := number(value).(int64)
		if !ok || v.OverflowInt(n) {
			return mismatch
		}
		v.SetInt(n)
	case reflect.Float32, reflect.Float64:
		switch n := number(value).(type) {
		case int64:
			v.SetFloat(float64(n))
		case float64:
			if math.IsNaN(n) {
				return mismatch
			}
			v.SetFloat(n)
		default:
			return mismatch
		}
	case reflect.Slice:
		items, ok := value.([]any)
		if !ok {
			return mismatch
		}
		s := reflect.MakeSlice(v.Type(), len(items), len(items))
		for i, item := range items {
			if err := assign(s.Index(i), item, shape.At(path, i)); err != nil {
				return err
			}
		}
		v.Set(s)
	case reflect.Struct, reflect.Map:
		return assignMembers(v, value, path, mismatch)
	default:
		return mismatch
	}
	return nil
}

func assignMembers(v reflect.Value, value any, path string, mismatch error) error {
	m, ok := value.(map[string]any)
	if !ok {
		return mismatch
	}
	v.SetZero()
	for name, item := range m {
		if v.Kind() == reflect.Map {
			if err := setEntry(v, name, item, path); err != nil {
				return err
			}
			continue
		}
		f, _, ok := shape.Find(v.Type(), name)
		if !ok {
			return fmt.Errorf("diff: set %s: %s has no member %s", path, v.Type(), name)
		}
		if err := assign(v.Field(f.Index), item, shape.Join(path, name)); err != nil {
			return err
		}
	}
	return nil
}
