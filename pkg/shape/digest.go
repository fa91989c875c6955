package shape

import (
	"encoding/binary"
	"hash/maphash"
	"math"
	"reflect"
	"slices"
	"strings"
	"sync"
	"time"
	"unsafe"
)

// Sum is a digest.
type Sum [2]uint64

// Digest identifies a value with all that it leads to, unexported members too: equal
// values have equal digests, and others, for all that anybody can construct, have not.
// It is for comparing what this process has seen with what it sees, and is another one in
// another process: its key is made by chance, and nobody knows it. false says that there is
// something in the value that cannot be looked into (a function, a map with keys that are no
// strings).
func Digest[T any](v T) (sum Sum, ok bool) {
	d := digesters.Get().(*digester)
	defer digesters.Put(d)
	d.b, d.blind = d.b[:0], false
	noterOf(reflect.TypeFor[T]())(d, unsafe.Pointer(&v), 0)
	if d.blind {
		return sum, false
	}
	for i := range sum {
		sum[i] = maphash.Bytes(seeds[i], d.b)
	}
	return sum, true
}

var seeds = [len(Sum{})]maphash.Seed{maphash.MakeSeed(), maphash.MakeSeed()}

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

// noter writes down the value of one type that lies at p. Every answer of AWS is written
// down in every pass, member by member: what there is to know of a type is found out once.
type noter func(d *digester, p unsafe.Pointer, depth int)

var noters sync.Map // reflect.Type to noter

func noterOf(t reflect.Type) noter {
	if n, ok := noters.Load(t); ok {
		return n.(noter)
	}
	n := makeNoter(t)
	noters.Store(t, n)
	return n
}

// later is the noter of what a type leads to, made when it is needed: that may be the type
// itself.
func later(t reflect.Type) noter {
	known := sync.OnceValue(func() noter { return noterOf(t) })
	return func(d *digester, p unsafe.Pointer, depth int) { d.follow(known(), p, depth) }
}

func (d *digester) follow(to noter, p unsafe.Pointer, depth int) {
	if depth >= deepest {
		d.blind = true
		return
	}
	to(d, p, depth+1)
}

func makeNoter(t reflect.Type) noter {
	switch t.Kind() {
	case reflect.Pointer:
		return notePointer(later(t.Elem()))
	case reflect.Interface:
		return noteInterface(t)
	case reflect.Struct:
		return noteStruct(t)
	case reflect.Slice:
		return noteSlice(t)
	case reflect.Array:
		return noteArray(t)
	case reflect.Map:
		return noteMap(t)
	case reflect.String:
		return func(d *digester, p unsafe.Pointer, _ int) { d.text(*(*string)(p)) }
	case reflect.Bool:
		return func(d *digester, p unsafe.Pointer, _ int) { d.mark(*(*bool)(p)) }
	case reflect.Int32: // the SDK's counts, most of all numbers
		return func(d *digester, p unsafe.Pointer, _ int) { d.b = binary.AppendVarint(d.b, int64(*(*int32)(p))) }
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int64:
		return func(d *digester, p unsafe.Pointer, _ int) {
			d.b = binary.AppendVarint(d.b, reflect.NewAt(t, p).Elem().Int())
		}
	case reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64:
		return func(d *digester, p unsafe.Pointer, _ int) { d.number(reflect.NewAt(t, p).Elem().Uint()) }
	case reflect.Float32, reflect.Float64:
		return func(d *digester, p unsafe.Pointer, _ int) {
			d.number(math.Float64bits(reflect.NewAt(t, p).Elem().Float()))
		}
	}
	return func(d *digester, _ unsafe.Pointer, _ int) { d.blind = true }
}

// mark writes down whether something is so.
func (d *digester) mark(is bool) bool {
	if is {
		d.b = append(d.b, 1)
	} else {
		d.b = append(d.b, 0)
	}
	return is
}

// length writes down how many there are: no list is not the same as one of nothing.
func (d *digester) length(n int, absent bool) {
	if absent {
		d.number(0)
	} else {
		d.number(uint64(n) + 1)
	}
}

func notePointer(to noter) noter {
	return func(d *digester, p unsafe.Pointer, depth int) {
		if at := *(*unsafe.Pointer)(p); d.mark(at != nil) {
			to(d, at, depth)
		}
	}
}

func noteInterface(t reflect.Type) noter {
	return func(d *digester, p unsafe.Pointer, depth int) {
		if d.mark(*(*unsafe.Pointer)(p) != nil) { // its first word is the type of what is in it
			v := reflect.NewAt(t, p).Elem().Elem()
			d.text(v.Type().String())
			d.copied(v, depth)
		}
	}
}

// copied writes down a value that has no address.
func (d *digester) copied(v reflect.Value, depth int) {
	if v.Kind() == reflect.Pointer {
		if d.mark(!v.IsNil()) {
			d.follow(noterOf(v.Type().Elem()), v.UnsafePointer(), depth)
		}
		return
	}
	room := reflect.New(v.Type())
	room.Elem().Set(v)
	d.follow(noterOf(v.Type()), room.UnsafePointer(), depth)
}

func noteStruct(t reflect.Type) noter {
	if t == timeType {
		return func(d *digester, p unsafe.Pointer, _ int) {
			at := (*time.Time)(p)
			d.b = binary.AppendVarint(d.b, at.Unix())
			d.number(uint64(at.Nanosecond()))
		}
	}
	type member struct {
		offset uintptr
		note   noter
	}
	members := make([]member, t.NumField())
	for i := range members {
		f := t.Field(i)
		members[i] = member{f.Offset, noterOf(f.Type)} // no struct has itself in it
	}
	return func(d *digester, p unsafe.Pointer, depth int) {
		for _, m := range members {
			m.note(d, unsafe.Add(p, m.offset), depth)
		}
	}
}

func noteSlice(t reflect.Type) noter {
	to, size := later(t.Elem()), t.Elem().Size()
	return func(d *digester, p unsafe.Pointer, depth int) {
		list := *(*[]struct{})(p) // all lists look alike
		d.length(len(list), list == nil)
		first := unsafe.Pointer(unsafe.SliceData(list))
		for i := range list {
			to(d, unsafe.Add(first, uintptr(i)*size), depth)
		}
	}
}

func noteArray(t reflect.Type) noter {
	of, size := noterOf(t.Elem()), t.Elem().Size()
	return func(d *digester, p unsafe.Pointer, depth int) {
		for i := range t.Len() {
			of(d, unsafe.Add(p, uintptr(i)*size), depth)
		}
	}
}

func noteMap(t reflect.Type) noter {
	switch {
	case t.Key().Kind() != reflect.String:
		return func(d *digester, p unsafe.Pointer, _ int) {
			if d.mark(*(*unsafe.Pointer)(p) != nil) {
				d.blind = true
			}
		}
	case t == textsType: // tags and attributes, of which there are most
		return func(d *digester, p unsafe.Pointer, _ int) { d.texts(*(*map[string]string)(p)) }
	}
	return func(d *digester, p unsafe.Pointer, depth int) {
		v := reflect.NewAt(t, p).Elem()
		d.length(v.Len(), v.IsNil())
		for _, k := range sortedKeys(v) {
			d.text(k.String())
			d.copied(v.MapIndex(k), depth)
		}
	}
}

func (d *digester) texts(m map[string]string) {
	d.length(len(m), m == nil)
	d.pairs = d.pairs[:0]
	for k, v := range m {
		d.pairs = append(d.pairs, pair{k, v})
	}
	slices.SortFunc(d.pairs, func(a, b pair) int { return strings.Compare(a.key, b.key) })
	for _, p := range d.pairs {
		d.text(p.key)
		d.text(p.value)
	}
}
