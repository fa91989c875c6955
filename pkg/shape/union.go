package shape

import (
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
