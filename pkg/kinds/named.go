package kinds

import (
	"context"

	"github.com/aws/aws-sdk-go-v2/aws"

	"github.com/ecs-operator/ecs-operator/pkg/awsclient"
	"github.com/ecs-operator/ecs-operator/pkg/resource"
)

// named are the kinds whose objects one batched call finds by their AWS names,
// and another gives the tags of. T is AWS' description of one.
type named[T any] struct {
	base
	describe *lanes[*T]
	tags     tagAPI
	page     int // objects a call
	// name is an object's AWS name, also for a question without a body.
	name func(*resource.Object) string
	// live is the description in input form. Tags that it sets are not read.
	live func(resource.ID, *T) resource.Live
}

// describer reads descriptions by name and gives each to take.
type describer[T any] func(ctx context.Context, api awsclient.API, names []string, take func(name *string, one *T)) error

// lookup batches a describer, size names a call. Its complete answer says of a
// name that is not in it that it is not there (nil).
func lookup[T any](b base, size int, describe describer[T]) *lanes[*T] {
	return newLanes(func(at lane) *awsclient.Batch[string, *T] {
		return &awsclient.Batch[string, *T]{Size: size, Parallel: 1,
			Call: func(ctx context.Context, names []string) (map[string]*T, error) {
				c, err := b.clients(ctx, at.target)
				if err != nil {
					return nil, err
				}
				found := make(map[string]*T, len(names))
				for _, n := range names {
					found[n] = nil
				}
				if err := describe(ctx, c.Read, names, func(name *string, one *T) { found[aws.ToString(name)] = one }); err != nil {
					return nil, err
				}
				return found, nil
			}}
	})
}

// Observe finds the objects by name, then reads the tags of what is there.
func (k *named[T]) Observe(ctx context.Context, q resource.Query) map[resource.ID]resource.Live {
	a := ask(q)
	c, err := k.clients(ctx, q.Target)
	if err != nil {
		return a.fail(q, err)
	}
	names := make([]string, len(q.Objects))
	for i := range q.Objects {
		names[i] = k.name(q.Objects[i])
	}
	k.rotation.earn(q, len(names), k.page)
	results := k.describe.do(ctx, lane{target: q.Target}, names)
	at := make(map[string]*resource.Object, len(names))
	for i := range q.Objects {
		o := q.Objects[i]
		r := results[names[i]]
		if r.Err != nil {
			a.unknown(o.ID, r.Err)
			continue
		}
		if r.Value == nil {
			a.absent(o.ID)
			continue
		}
		l := k.live(o.ID, r.Value)
		a.set(l)
		if l.Tags != nil {
			continue
		}
		if other := at[l.ARN]; other != nil { // both say that it is theirs: one hears of it
			a.unknown(other.ID, awsclient.ErrSilent)
		}
		at[l.ARN] = o
	}
	tags, err := k.tagsOf(ctx, c, k.tags, q, at)
	for arn, o := range at {
		l, read := a.by[o.ID], false
		if l.Tags, read = tags[arn]; read {
			a.set(l)
		} else {
			a.unknown(o.ID, untold(k.tags, err))
		}
	}
	return a.by
}
