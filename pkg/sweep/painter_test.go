package sweep

import (
	"encoding/json"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	ecstypes "github.com/aws/aws-sdk-go-v2/service/ecs/types"
)

// painter turns values into JSON that has no ids and times, with sorted names: no member
// that is nil, an empty list, or in the mask.
type painter struct{ names *strings.Replacer }

func (p *painter) paint(v any) string {
	b, drawn := p.draw(make([]byte, 0, 1024), reflect.ValueOf(v))
	if !drawn {
		return "null"
	}
	return string(b)
}

// draw adds a value to what is drawn; false says that there is nothing to see, and that
// nothing was added.
func (p *painter) draw(b []byte, v reflect.Value) ([]byte, bool) {
	switch v.Kind() {
	case reflect.Invalid:
		return b, false
	case reflect.Pointer, reflect.Interface:
		return p.draw(b, v.Elem())
	case reflect.Struct:
		if t, ok := v.Interface().(time.Time); ok {
			return p.text(b, t.Format(time.RFC3339Nano)), true
		}
		d := drawing{p: p, b: append(b, '{')}
		for _, m := range membersOf(v.Type()) {
			d.member(m.name, v.Field(m.index))
		}
		return append(d.b, '}'), true
	case reflect.Map:
		if v.IsNil() {
			return b, false
		}
		named := map[string]reflect.Value{}
		for _, k := range v.MapKeys() {
			named[fmt.Sprint(k)] = v.MapIndex(k)
		}
		d := drawing{p: p, b: append(b, '{')}
		for _, name := range slices.Sorted(maps.Keys(named)) {
			d.member(name, named[name])
		}
		return append(d.b, '}'), true
	case reflect.Slice:
		if v.Len() == 0 {
			return b, false
		}
		b = append(b, '[')
		v = byKey(v)
		for i := range v.Len() {
			if i > 0 {
				b = append(b, ',')
			}
			var drawn bool
			if b, drawn = p.draw(b, v.Index(i)); !drawn {
				b = append(b, "null"...)
			}
		}
		return append(b, ']'), true
	case reflect.String:
		return p.text(b, v.String()), true
	case reflect.Int, reflect.Int32, reflect.Int64:
		return strconv.AppendInt(b, v.Int(), 10), true
	}
	raw, err := json.Marshal(v.Interface())
	if err != nil {
		return p.text(b, "cannot be shown: "+err.Error()), true
	}
	return append(b, raw...), true
}

// byKey sorts tags, in a copy: AWS keeps no order of them.
func byKey(v reflect.Value) reflect.Value {
	list, ok := v.Interface().([]ecstypes.Tag)
	if !ok {
		return v
	}
	list = slices.Clone(list)
	slices.SortFunc(list, func(a, b ecstypes.Tag) int { return strings.Compare(aws.ToString(a.Key), aws.ToString(b.Key)) })
	return reflect.ValueOf(list)
}

// text adds a string, as encoding/json writes it.
func (p *painter) text(b []byte, s string) []byte {
	s = p.names.Replace(s)
	for i := range len(s) {
		if c := s[i]; c < ' ' || c > '~' || strings.IndexByte(`"\<>&`, c) >= 0 {
			raw, err := json.Marshal(s)
			if err != nil {
				panic(err) // a string can be shown
			}
			return append(b, raw...)
		}
	}
	return append(append(append(b, '"'), s...), '"')
}

// drawing is an object under way.
type drawing struct {
	p *painter
	b []byte
}

// member adds one, if there is something to see of it.
func (d *drawing) member(name string, v reflect.Value) {
	if mask[name] {
		return
	}
	before := len(d.b)
	if d.b[before-1] != '{' {
		d.b = append(d.b, ',')
	}
	d.b = append(append(append(d.b, '"'), name...), `":`...)
	var drawn bool
	if d.b, drawn = d.p.draw(d.b, v); !drawn {
		d.b = d.b[:before]
	}
}

// drawnMember is an exported member of a struct.
type drawnMember struct {
	name  string
	index int
}

var drawnMembers sync.Map // reflect.Type → []drawnMember

// membersOf are those of a type, by name.
func membersOf(t reflect.Type) []drawnMember {
	if have, ok := drawnMembers.Load(t); ok {
		return have.([]drawnMember)
	}
	var out []drawnMember
	for i := range t.NumField() {
		if f := t.Field(i); f.IsExported() {
			out = append(out, drawnMember{f.Name, i})
		}
	}
	slices.SortFunc(out, func(a, b drawnMember) int { return strings.Compare(a.name, b.name) })
	drawnMembers.Store(t, out)
	return out
}
