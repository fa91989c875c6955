package shape

import (
	"crypto/sha256"
	"encoding/binary"
	"math"
	"reflect"
	"slices"
	"strings"
	"sync"
	"time"
)

// Digest identifies a value with all that it leads to, unexported members too: equal
// values have equal digests, and others, for all that anybody can construct, have not.
// It is for comparing what this process has seen with what it sees, and is not the same
// in another version of the program. false says that there is something in the value
// that cannot be looked into (a function, a map with keys that are no strings).
func Digest(v any) (sum [sha256.Size]byte, ok bool) {
	d := digesters.Get().(*digester)
	defer digesters.Put(d)
	d.b, d.blind = d.b[:0], false
	d.walk(reflect.ValueOf(v), 0)
	if d.blind {
		return sum, false
	}
	return sha256.Sum256(d.b), true
}

// digesters lend their buffers: what is written down is as large as what was read.
var digesters = sync.Pool{New: func() any { return &digester{} }}

// deepest is how far pointers are followed: a circle has no digest.
const deepest = 100

// digester writes a value down, each part with its length or kind before it, so that
// no two values are written alike.
type digester struct {
	b     []byte
	blind bool
	pairs []pair // scratch
}

type pair struct{ key, value string }

func (d *digester) number(n uint64) { d.b = binary.AppendUvarint(d.b, n) }

func (d *digester) text(s string) {
	d.number(uint64(len(s)))
	d.b = append(d.b, s...)
}

func (d *digester) walk(v reflect.Value, depth int) {
	if depth > deepest {
		d.blind = true
		return
	}
	switch v.Kind() {
	case reflect.Invalid:
		d.b = append(d.b, 0)
	case reflect.Pointer, reflect.Interface:
		if v.IsNil() {
			d.b = append(d.b, 0)
			return
		}
		d.b = append(d.b, 1)
		if v.Kind() == reflect.Interface {
			d.text(v.Elem().Type().String())
		}
		d.walk(v.Elem(), depth+1)
	case reflect.Struct:
		d.members(v, depth)
	case reflect.Slice, reflect.Array:
		if v.Kind() == reflect.Slice && v.IsNil() {
			d.b = append(d.b, 0)
			return
		}
		d.number(uint64(v.Len()) + 1)
		for i := range v.Len() {
			d.walk(v.Index(i), depth+1)
		}
	case reflect.Map:
		d.entries(v, depth)
	case reflect.String:
		d.text(v.String())
	case reflect.Bool:
		d.b = append(d.b, 0)
		if v.Bool() {
			d.b[len(d.b)-1] = 1
		}
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		d.b = binary.AppendVarint(d.b, v.Int())
	case reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64:
		d.number(v.Uint())
	case reflect.Float32, reflect.Float64:
		d.number(math.Float64bits(v.Float()))
	default:
		d.blind = true
	}
}

func (d *digester) members(v reflect.Value, depth int) {
	if v.Type() == timeType {
		if !v.CanInterface() {
			d.blind = true
			return
		}
		at := v.Interface().(time.Time)
		d.b = binary.AppendVarint(d.b, at.Unix())
		d.number(uint64(at.Nanosecond()))
		return
	}
	for i := range v.NumField() {
		d.walk(v.Field(i), depth+1)
	}
}

func (d *digester) entries(v reflect.Value, depth int) {
	if v.IsNil() {
		d.b = append(d.b, 0)
		return
	}
	if v.Type().Key().Kind() != reflect.String {
		d.blind = true
		return
	}
	d.number(uint64(v.Len()) + 1)
	if v.CanInterface() { // tags and attributes, of which there are most
		if m, ok := v.Interface().(map[string]string); ok {
			d.pairs = d.pairs[:0]
			for k, v := range m {
				d.pairs = append(d.pairs, pair{k, v})
			}
			slices.SortFunc(d.pairs, func(a, b pair) int { return strings.Compare(a.key, b.key) })
			for _, p := range d.pairs {
				d.text(p.key)
				d.text(p.value)
			}
			return
		}
	}
	for _, k := range sortedKeys(v) {
		d.text(k.String())
		d.walk(v.MapIndex(k), depth+1)
	}
}
