package resource

import "context"

// Origin is what a call to AWS comes from: what an audit says of a write beside
// the call itself. It travels by context from the command to the client, each
// floor adding what it knows.
type Origin struct {
	Command, Who          string // the command, and the person who gave it
	Owner, Scope          string
	Revision, Ref, Signer string // of the source
	Unit                  UnitKey
	Pos                   string // file:line:column of what is written
	ID                    ID     // of the object that is written
	ARN                   string // of it, where it is known
	Action                string // of the step: create, update; or what else is done: suspend
	Plan                  string // hash of the plan that the step is of
}

type originKey struct{}

// OriginOf is what a context carries.
func OriginOf(ctx context.Context) Origin {
	o, _ := ctx.Value(originKey{}).(Origin)
	return o
}

// WithOrigin adds to what a context carries.
func WithOrigin(ctx context.Context, add func(*Origin)) context.Context {
	o := OriginOf(ctx)
	add(&o)
	return context.WithValue(ctx, originKey{}, o)
}
