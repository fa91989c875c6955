package resource

import "context"

type (
	aheadKey  struct{}
	behindKey struct{}
)

// Ahead marks what is done for an edited document: its calls go before those of
// sweeps and of looks that nobody waits for, wherever calls queue.
func Ahead(ctx context.Context) context.Context { return context.WithValue(ctx, aheadKey{}, true) }

// IsAhead reports whether a call goes before others.
func IsAhead(ctx context.Context) bool { return ctx.Value(aheadKey{}) != nil }

// Behind marks what gives way to edits: before each of its calls that read, wait says how
// long.
func Behind(ctx context.Context, wait func(context.Context)) context.Context {
	return context.WithValue(ctx, behindKey{}, wait)
}

// Way is what Behind gave a context, nil for nothing: then nobody is given way to.
func Way(ctx context.Context) func(context.Context) {
	if IsAhead(ctx) {
		return nil
	}
	wait, _ := ctx.Value(behindKey{}).(func(context.Context))
	return wait
}
