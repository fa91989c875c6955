package resource

import "context"

type aheadKey struct{}

// Ahead marks what is done for an edited document: its calls go before those of
// sweeps and of looks that nobody waits for, wherever calls queue.
func Ahead(ctx context.Context) context.Context { return context.WithValue(ctx, aheadKey{}, true) }

// IsAhead reports whether a call goes before others.
func IsAhead(ctx context.Context) bool { return ctx.Value(aheadKey{}) != nil }
