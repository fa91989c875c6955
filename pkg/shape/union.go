package shape

import (
	"encoding/json"
	"fmt"
	"reflect"
	"strings"
)

// Union is one interface-typed place of the SDK: a tagged union whose members
// are structs with a single field Value.
type Union struct {
	Interface reflect.Type
	Members   []reflect.Type // struct types (not pointers), named InterfaceMemberX
}

// UnionOf describes the union I by zero values of its members.
func UnionOf[I any](members ...I) Union {
	u := Union{Interface: reflect.TypeFor[I]()}
	for _, m := range members {
		u.Members = append(u.Members, Deref(reflect.TypeOf(m)))
	}
	return u
}

// Document is a free-form place of the SDK (smithy document).
type Document struct {
	Interface reflect.Type
	New       func(plain any) any                  // from maps, slices, strings, float64, bool
	Plain     func(doc any) (plain any, err error) // and back
}

// DocumentOf describes the free-form places of one SDK module by its
// document.NewLazyDocument.
func DocumentOf[I any](newDocument func(v any) I) Document {
	return Document{
		Interface: reflect.TypeFor[I](),
		New:       func(v any) any { return newDocument(v) },
		Plain:     plainDocument,
	}
}

// smithyDocument is what every SDK module's document type can do. (Its other
// half, UnmarshalSmithyDocument, fails on documents that were made by
// NewLazyDocument and never sent: ecs@v1.104.1, internal/document.)
type smithyDocument interface {
	MarshalSmithyDocument() ([]byte, error)
}

func plainDocument(doc any) (plain any, err error) {
	d, ok := doc.(smithyDocument)
	if !ok {
		return nil, fmt.Errorf("%T is not a smithy document", doc)
	}
	b, err := d.MarshalSmithyDocument()
	if err != nil {
		return nil, fmt.Errorf("reading a %T: %w", doc, err)
	}
	if err := json.Unmarshal(b, &plain); err != nil {
		return nil, fmt.Errorf("reading a %T: %w", doc, err)
	}
	return plain, nil
}

// Registry knows the unions and documents. The zero value knows none.
type Registry struct {
	unions    map[reflect.Type]Union
	documents map[reflect.Type]Document
}

// NewRegistry collects unions and documents.
func NewRegistry(unions []Union, documents []Document) *Registry {
	r := &Registry{unions: map[reflect.Type]Union{}, documents: map[reflect.Type]Document{}}
	for _, u := range unions {
		r.unions[u.Interface] = u
	}
	for _, d := range documents {
		r.documents[d.Interface] = d
	}
	return r
}

// Union finds a union by its interface type.
func (r *Registry) Union(t reflect.Type) (Union, bool) {
	if r == nil {
		return Union{}, false
	}
	u, ok := r.unions[t]
	return u, ok
}

// Document finds a document by its interface type.
func (r *Registry) Document(t reflect.Type) (Document, bool) {
	if r == nil {
		return Document{}, false
	}
	d, ok := r.documents[t]
	return d, ok
}

// MemberName is the SDK's name of a member: "PromQLCriteria" of
// EvaluationCriteriaMemberPromQLCriteria. SpecName of it is the spec's key.
func (u Union) MemberName(member reflect.Type) string {
	return strings.TrimPrefix(Deref(member).Name(), u.Interface.Name()+"Member")
}

// Member finds a member by spec or SDK name, ignoring case.
func (u Union) Member(name string) (reflect.Type, bool) {
	for _, m := range u.Members {
		if strings.EqualFold(u.MemberName(m), name) {
			return m, true
		}
	}
	return nil, false
}

// memberOf tells a union's member by its name alone, which is enough to walk a
// value without a registry: the SDK calls the members of interface I
// IMemberName and gives each the one field Value.
func memberOf(iface reflect.Type, v reflect.Value) (name string, value reflect.Value, ok bool) {
	for v.Kind() == reflect.Pointer || v.Kind() == reflect.Interface {
		if v.IsNil() {
			return "", reflect.Value{}, false
		}
		v = v.Elem()
	}
	if v.Kind() != reflect.Struct || iface.Name() == "" {
		return "", reflect.Value{}, false
	}
	name, ok = strings.CutPrefix(v.Type().Name(), iface.Name()+"Member")
	value = v.FieldByName("Value")
	return SpecName(name), value, ok && name != "" && value.IsValid()
}
