package shape

import (
	"encoding/binary"
	"math"
	"reflect"
	"strings"
	"sync"
)

// Packed is a value of type T written down: a tenth of what its maps, pointers and strings
// take. It is for what is kept for long and needed seldom; it is read by this process
// alone, and by many at once. The zero value holds the zero value of T.
type Packed[T any] struct {
	text string
	kept []any // what cannot be written down: it is shared with the value
}

// Pack writes a value down. What it leads to by unexported members (times, documents,
// Places that are not sealed) is kept as it is; all else is copied. Pointers must not go
// round in a circle.
func Pack[T any](v T) Packed[T] {
	p := &packer{seen: map[string]uint64{}}
	p.put(reflect.ValueOf(&v).Elem())
	return Packed[T]{text: string(p.b), kept: p.kept}
}

// Unpack is a fresh copy of the value, for the caller alone but for what Pack kept.
func (p Packed[T]) Unpack() (v T) {
	if p.text == "" {
		return v
	}
	u := unpackers.Get().(*unpacker)
	u.rest, u.kept = p.text, p.kept
	u.get(reflect.ValueOf(&v).Elem())
	clear(u.seen)
	*u = unpacker{seen: u.seen[:0]}
	unpackers.Put(u)
	return v
}

var (
	stringPointer = reflect.TypeFor[*string]()
	placesPointer = reflect.TypeFor[*Places]()
	textsType     = reflect.TypeFor[map[string]string]()
)

// Detach copies a value that is to be kept. The strings of an answer are cut from pieces of
// it that are much larger (smithy-go), and keep these alive; those of the copy are cut from
// one that is just as large as they are.
func Detach[T any](v T) T { return Pack(v).Unpack() }

// Gather cuts strings that are kept together from one that is as large as they are: of
// each by itself there would be as many pieces, and what it is cut from would be kept.
func Gather(parts ...*string) {
	var b strings.Builder
	size := 0
	for _, s := range parts {
		size += len(*s)
	}
	b.Grow(size)
	for _, s := range parts {
		b.WriteString(*s)
	}
	rest := b.String()
	for _, s := range parts {
		*s, rest = rest[:len(*s)], rest[len(*s):]
	}
}

// packer writes: a nil is 0, and everything is preceded by what tells how to go on. A
// string that was there before is its number.
type packer struct {
	b    []byte
	seen map[string]uint64
	kept []any
}

type unpacker struct {
	rest string
	seen []string
	kept []any
	// Most of what the SDK's inputs point at are strings: room for some at a time.
	strings []string
	places  []Places // and for these: each object has some
}

var unpackers = sync.Pool{New: func() any { return &unpacker{} }}

// These are as many as are made room for at a time.
const (
	someStrings = 16
	somePlaces  = 8
)

func (p *packer) number(n uint64) { p.b = binary.AppendUvarint(p.b, n) }

func (u *unpacker) number() (n uint64) {
	n, u.rest = Uvarint(u.rest)
	return n
}

// Uvarint reads what binary.AppendUvarint wrote, off the front of a text.
func Uvarint(s string) (n uint64, rest string) {
	for i := 0; ; i++ {
		c := s[i]
		n |= uint64(c&0x7f) << (7 * i)
		if c < 0x80 {
			return n, s[i+1:]
		}
	}
}

func (p *packer) string(s string) {
	if at, ok := p.seen[s]; ok {
		p.number(2*at + 1)
		return
	}
	p.seen[s] = uint64(len(p.seen))
	p.number(2 * uint64(len(s)))
	p.b = append(p.b, s...)
}

// string is a part of the text: nothing is copied.
func (u *unpacker) string() string {
	n := u.number()
	if n&1 != 0 {
		return u.seen[n/2]
	}
	s := u.rest[:n/2]
	u.rest = u.rest[n/2:]
	u.seen = append(u.seen, s)
	return s
}

func (p *packer) put(v reflect.Value) {
	switch v.Kind() {
	case reflect.Pointer:
		switch {
		case v.IsNil():
			p.number(0)
		case v.Type() == placesPointer:
			p.places(v.Interface().(*Places))
		case opaque(v.Type().Elem()):
			p.keep(v)
		default:
			p.number(1)
			p.put(v.Elem())
		}
	case reflect.Interface:
		if v.IsNil() {
			p.number(0)
			return
		}
		p.number(numberOf(v.Elem().Type()))
		p.put(v.Elem())
	case reflect.Struct:
		if opaque(v.Type()) {
			p.keep(v)
			return
		}
		for _, i := range membersOf(v.Type()).open {
			if f := v.Field(i); !f.IsZero() {
				p.number(uint64(i) + 1)
				p.put(f)
			}
		}
		p.number(0)
	case reflect.Slice:
		if v.IsNil() {
			p.number(0)
			return
		}
		p.number(uint64(v.Len()) + 1)
		for i := range v.Len() {
			p.put(v.Index(i))
		}
	case reflect.Map:
		if v.IsNil() {
			p.number(0)
			return
		}
		p.number(uint64(v.Len()) + 1)
		for _, key := range sortedKeys(v) { // the same value is written down alike
			p.put(key)
			p.put(v.MapIndex(key))
		}
	case reflect.String:
		p.string(v.String())
	case reflect.Bool:
		p.number(map[bool]uint64{true: 1}[v.Bool()])
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		p.b = binary.AppendVarint(p.b, v.Int())
	case reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64:
		p.number(v.Uint())
	case reflect.Float32, reflect.Float64:
		p.number(math.Float64bits(v.Float()))
	default:
		p.keep(v)
	}
}

func (u *unpacker) get(v reflect.Value) {
	switch v.Kind() {
	case reflect.Pointer:
		switch {
		case v.Type() == placesPointer:
			if p := u.getPlaces(); p != nil {
				v.Set(reflect.ValueOf(p))
			}
		case opaque(v.Type().Elem()):
			u.take(v)
		case u.number() == 0:
		case v.Type() == stringPointer:
			if len(u.strings) == 0 {
				u.strings = make([]string, someStrings)
			}
			u.strings[0] = u.string()
			v.Set(reflect.ValueOf(&u.strings[0]))
			u.strings = u.strings[1:]
		default:
			v.Set(reflect.New(v.Type().Elem()))
			u.get(v.Elem())
		}
	case reflect.Interface:
		if n := u.number(); n != 0 {
			fresh := reflect.New(typeOf(n)).Elem()
			u.get(fresh)
			v.Set(fresh)
		}
	case reflect.Struct:
		if opaque(v.Type()) {
			u.take(v)
			return
		}
		for i := u.number(); i != 0; i = u.number() {
			u.get(v.Field(int(i) - 1))
		}
	case reflect.Slice:
		if n := int(u.number()); n > 0 {
			v.Set(reflect.MakeSlice(v.Type(), n-1, n-1))
			for i := range n - 1 {
				u.get(v.Index(i))
			}
		}
	case reflect.Map:
		n := int(u.number())
		if n == 0 {
			return
		}
		if v.Type() == textsType { // tags, of which there are most
			texts := make(map[string]string, n-1)
			for range n - 1 {
				key := u.string()
				texts[key] = u.string()
			}
			v.Set(reflect.ValueOf(texts))
			return
		}
		v.Set(reflect.MakeMapWithSize(v.Type(), n-1))
		for range n - 1 {
			key, value := reflect.New(v.Type().Key()).Elem(), reflect.New(v.Type().Elem()).Elem()
			u.get(key)
			u.get(value)
			v.SetMapIndex(key, value)
		}
	case reflect.String:
		v.SetString(u.string())
	case reflect.Bool:
		v.SetBool(u.number() != 0)
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		n := u.number() // zigzag, as binary.AppendVarint writes it
		v.SetInt(int64(n>>1) ^ -int64(n&1))
	case reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64:
		v.SetUint(u.number())
	case reflect.Float32, reflect.Float64:
		v.SetFloat(math.Float64frombits(u.number()))
	default:
		u.take(v)
	}
}

// places writes sealed ones down, behind the number of their names, which others have in
// common with them. Those that are not sealed are kept, with no names before them.
func (p *packer) places(at *Places) {
	if at.names == nil {
		p.number(1)
		p.keep(reflect.ValueOf(at))
		return
	}
	p.kept = append(p.kept, at.names)
	p.number(uint64(len(p.kept)) + 1)
	p.string(at.files)
	p.number(uint64(len(at.spots)))
	p.b = append(p.b, at.spots...)
}

func (u *unpacker) getPlaces() *Places {
	n := u.number()
	switch n {
	case 0:
		return nil
	case 1:
		return u.kept[u.number()-1].(*Places)
	}
	if len(u.places) == 0 {
		u.places = make([]Places, somePlaces)
	}
	at := &u.places[0]
	u.places = u.places[1:]
	at.names, at.files = u.kept[n-2].(*pathNames), u.string()
	size := u.number()
	at.spots, u.rest = u.rest[:size], u.rest[size:]
	return at
}

// keep puts a value aside, behind its number.
func (p *packer) keep(v reflect.Value) {
	p.kept = append(p.kept, v.Interface())
	p.number(uint64(len(p.kept)))
}

func (u *unpacker) take(v reflect.Value) {
	if n := u.number(); n != 0 {
		v.Set(reflect.ValueOf(u.kept[n-1]))
	}
}

// members are those of a struct that are written down.
type members struct {
	open   []int
	opaque bool // there are others that hold something
}

var membersCache sync.Map // reflect.Type → *members

func membersOf(t reflect.Type) *members {
	if have, ok := membersCache.Load(t); ok {
		return have.(*members)
	}
	m := &members{}
	for i := range t.NumField() {
		switch f := t.Field(i); {
		case f.IsExported():
			m.open = append(m.open, i)
		case f.Type.Size() > 0:
			m.opaque = true
		}
	}
	membersCache.Store(t, m)
	return m
}

// opaque is whether a value of a type cannot be put together again from its exported
// members.
func opaque(t reflect.Type) bool { return t.Kind() == reflect.Struct && membersOf(t).opaque }

// packedTypes gives a number to each type that stands in an interface: there are as many
// as the SDK's inputs have unions, and a few.
var packedTypes struct {
	sync.RWMutex
	numbers map[reflect.Type]uint64
	types   []reflect.Type
}

func numberOf(t reflect.Type) uint64 {
	packedTypes.Lock()
	defer packedTypes.Unlock()
	n, ok := packedTypes.numbers[t]
	if !ok {
		if packedTypes.numbers == nil {
			packedTypes.numbers = map[reflect.Type]uint64{}
		}
		packedTypes.types = append(packedTypes.types, t)
		n = uint64(len(packedTypes.types))
		packedTypes.numbers[t] = n
	}
	return n
}

func typeOf(n uint64) reflect.Type {
	packedTypes.RLock()
	defer packedTypes.RUnlock()
	return packedTypes.types[n-1]
}
