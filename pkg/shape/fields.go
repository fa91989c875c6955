package shape

import (
	"reflect"
	"strings"
	"sync"
	"unicode"
)

// Field is one member of an SDK struct.
type Field struct {
	Name   string // spec name: "containerDefinitions", "enableECSManagedTags"
	GoName string // the SDK's name, which is also the wire name of ELB, CloudWatch and Auto Scaling
	Index  int    // index in the struct
	Type   reflect.Type
}

// SpecName turns an SDK field name into ours: the leading capital, or the run
// of capitals that stands as a word, is lower-cased (EnableECSManagedTags →
// enableECSManagedTags, OKActions → okActions, EC2InstanceId → ec2InstanceId).
func SpecName(goName string) string {
	r := []rune(goName)
	n := 0
	for n < len(r) && (unicode.IsUpper(r[n]) || (n > 0 && unicode.IsDigit(r[n]))) {
		n++
	}
	if n > 1 && n < len(r) { // the last capital of the run begins the next word
		for n > 1 && !unicode.IsUpper(r[n-1]) {
			n-- // digits belong to whatever follows only when no capital does
		}
		n--
		if n == 0 {
			n = 1
		}
	}
	if n == 0 {
		n = 1
	}
	for i := 0; i < n && i < len(r); i++ {
		r[i] = unicode.ToLower(r[i])
	}
	return string(r)
}

var fieldCache sync.Map // reflect.Type → []Field

// Fields lists the members of an SDK struct in declaration order, without the
// SDK's own bookkeeping (noSmithyDocumentSerde, ResultMetadata).
func Fields(t reflect.Type) []Field {
	t = Deref(t)
	if have, ok := fieldCache.Load(t); ok {
		return have.([]Field)
	}
	var out []Field
	if t.Kind() == reflect.Struct {
		for i := range t.NumField() {
			f := t.Field(i)
			if !f.IsExported() || f.Anonymous || f.Name == "ResultMetadata" {
				continue
			}
			out = append(out, Field{Name: SpecName(f.Name), GoName: f.Name, Index: i, Type: f.Type})
		}
	}
	fieldCache.Store(t, out)
	return out
}

// Find looks a member up by spec name or SDK name, else by either without
// regard to case where that is unambiguous. exact is false for the latter.
func Find(t reflect.Type, name string) (f Field, exact, ok bool) {
	fields := Fields(t)
	for i := range fields {
		if f := &fields[i]; f.Name == name || f.GoName == name {
			return *f, f.Name == name, true
		}
	}
	var loose []Field
	for _, f := range fields {
		if strings.EqualFold(f.Name, name) {
			loose = append(loose, f)
		}
	}
	if len(loose) == 1 {
		return loose[0], false, true
	}
	return Field{}, false, false
}

// Deref strips pointers off a type.
func Deref(t reflect.Type) reflect.Type {
	for t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	return t
}

var enumCache sync.Map // reflect.Type → []string

// Enum returns the values that the SDK knows for an enum type, nil for others.
// AWS may know more: never switch on them exhaustively.
func Enum(t reflect.Type) []string {
	t = Deref(t)
	if t.Kind() != reflect.String {
		return nil
	}
	if have, ok := enumCache.Load(t); ok {
		return have.([]string)
	}
	var out []string
	if m, ok := t.MethodByName("Values"); ok && m.Type.NumIn() == 1 && m.Type.NumOut() == 1 {
		vals := reflect.Zero(t).MethodByName("Values").Call(nil)[0]
		for i := range vals.Len() {
			out = append(out, vals.Index(i).String())
		}
	}
	enumCache.Store(t, out)
	return out
}
