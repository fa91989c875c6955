package kinds

import (
	"context"
	"slices"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/applicationautoscaling"
	"github.com/aws/aws-sdk-go-v2/service/applicationautoscaling/types"

	"github.com/ecs-operator/ecs-operator/pkg/awsclient"
	"github.com/ecs-operator/ecs-operator/pkg/diff"
	"github.com/ecs-operator/ecs-operator/pkg/resource"
	"github.com/ecs-operator/ecs-operator/pkg/shape"
	"github.com/ecs-operator/ecs-operator/pkg/spec"
)

// scalableTarget is the registration of the service's count with Application
// Auto Scaling: minimum and maximum.
type scalableTarget struct {
	base
	describe *lanes[*types.ScalableTarget]
}

func newScalableTarget(b base) *scalableTarget {
	k := &scalableTarget{base: b}
	// DescribeScalableTargets: 50 a page, and as many resource ids a call.
	k.describe = newLanes(func(at lane) *awsclient.Batch[string, *types.ScalableTarget] {
		return &awsclient.Batch[string, *types.ScalableTarget]{Size: 50, Parallel: 1,
			Call: func(ctx context.Context, ids []string) (map[string]*types.ScalableTarget, error) {
				return k.describeTargets(ctx, at.target, ids)
			}}
	})
	return k
}

func (*scalableTarget) Name() string   { return resource.KindScalableTarget }
func (*scalableTarget) Taggable() bool { return true }

func (*scalableTarget) Section() spec.Section {
	return spec.Section{
		Path: "scaling", Kind: resource.KindScalableTarget,
		New:        func() any { return &applicationautoscaling.RegisterScalableTargetInput{} },
		ReadOnly:   types.ScalableTarget{},
		Required:   scalableTargetRequired,
		Frame:      []string{"resourceId", "scalableDimension", "serviceNamespace"},
		Attributes: []string{"arn", "name"},
	}
}

func (*scalableTarget) Complete(f resource.Frame, u *resource.Unit, o *resource.Object) []spec.Problem {
	in := o.Want.(*applicationautoscaling.RegisterScalableTargetInput)
	keys := slices.Sorted(func(yield func(string) bool) {
		for key := range in.Tags {
			if !yield(key) {
				return
			}
		}
	})
	for _, key := range keys { // a map already: only the positions move
		if pos := o.Written["tags["+key+"]"]; pos != "" {
			o.Written["tags."+key] = pos
		}
	}
	problems := takeTags(u, o, len(keys), func(i int) (*string, *string) { return aws.String(keys[i]), aws.String(in.Tags[keys[i]]) })
	in.Tags = nil
	want, more := completeScaled(u, o, scaled{in.ResourceId, in.ScalableDimension, in.ServiceNamespace})
	in.ResourceId, in.ScalableDimension, in.ServiceNamespace = want.resourceID, want.dimension, want.namespace
	problems = append(problems, more...)
	if in.MinCapacity != nil && in.MaxCapacity != nil && *in.MinCapacity > *in.MaxCapacity {
		problems = append(problems, problem(u, o, "minCapacity", "spec.scaling.minCapacity %d is more than maxCapacity %d", *in.MinCapacity, *in.MaxCapacity))
	}
	if u.Object(serviceID(u)) != nil {
		o.Need(serviceID(u))
	}
	return problems
}

func (*scalableTarget) Content(*resource.Object) []byte { return nil }

func (*scalableTarget) Attributes(o *resource.Object) map[string]string {
	return map[string]string{"name": aws.ToString(o.Want.(*applicationautoscaling.RegisterScalableTargetInput).ResourceId)}
}

var scalableTargetRules = diff.Rules{
	Defaults: map[string]any{ // SuspendedState
		"suspendedState.dynamicScalingOutSuspended": false,
		"suspendedState.scheduledScalingSuspended":  false,
	},
	Absent: map[string]bool{"": true, "suspendedState": false},
	Inherits: map[string]string{
		"suspendedState.dynamicScalingInSuspended": "Auto Scaling itself switches scale-in off while ECS deploys",
		"minCapacity": "it cannot be left out", "maxCapacity": "it cannot be left out",
	},
	Ignored: with(with(scaledIgnored, "tags", "compared as tags"), "roleARN", "for ECS the service-linked role is always used"),
	Effects: map[string]diff.Effect{"": diff.InPlace},
}

func (*scalableTarget) Diff(o *resource.Object, l *resource.Live, c resource.Compare) []diff.Change {
	return compare(&scalableTargetRules, o, l, c)
}

func (k *scalableTarget) describeTargets(ctx context.Context, target string, ids []string) (map[string]*types.ScalableTarget, error) {
	c, err := k.clients(ctx, target)
	if err != nil {
		return nil, err
	}
	found := make(map[string]*types.ScalableTarget, len(ids))
	for _, id := range ids {
		found[id] = nil // a complete answer without it says that it is not there
	}
	pages := applicationautoscaling.NewDescribeScalableTargetsPaginator(c.Read.AutoScaling, &applicationautoscaling.DescribeScalableTargetsInput{
		ServiceNamespace: types.ServiceNamespaceEcs, ScalableDimension: types.ScalableDimensionECSServiceDesiredCount,
		ResourceIds: ids, MaxResults: aws.Int32(50),
	})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return nil, err
		}
		for i := range page.ScalableTargets {
			found[aws.ToString(page.ScalableTargets[i].ResourceId)] = &page.ScalableTargets[i]
		}
	}
	return found, nil
}

func (k *scalableTarget) Observe(ctx context.Context, q resource.Query) map[resource.ID]resource.Live {
	a := ask(q)
	c, err := k.clients(ctx, q.Target)
	if err != nil {
		return a.fail(q, err)
	}
	ids := make([]string, len(q.Objects))
	for i := range q.Objects {
		ids[i] = targetResource(&q.Objects[i])
	}
	results := k.describe.do(ctx, lane{target: q.Target}, ids)
	at := map[string]*resource.Object{}
	live := map[string]resource.Live{}
	for i := range q.Objects {
		o := &q.Objects[i]
		switch r := results[ids[i]]; {
		case r.Err != nil:
			a.unknown(o.ID, r.Err)
		case r.Value == nil:
			a.absent(o.ID)
		case aws.ToString(r.Value.ScalableTargetARN) == "":
			// Registered before scalable targets had ARNs: it carries no tags.
			a.set(targetLive(o.ID, r.Value, map[string]string{}))
		default:
			l := targetLive(o.ID, r.Value, nil)
			at[l.ARN], live[l.ARN] = o, l
		}
	}
	tags, err := k.tagsOf(ctx, c, scalingTags{}, q, at)
	for arn, l := range live {
		if t, ok := tags[arn]; ok {
			l.Tags = t
			a.set(l)
			continue
		}
		why := err
		if why == nil {
			why = resource.Errorf(resource.ClassTransient, "application-autoscaling:ListTagsForResource", "%v", errUntold)
		}
		a.unknown(l.ID, why)
	}
	return a.by
}

func targetResource(o *resource.Object) string {
	in, _ := o.Want.(*applicationautoscaling.RegisterScalableTargetInput)
	if in == nil {
		return scaledService(o, nil)
	}
	return scaledService(o, in.ResourceId)
}

func targetLive(id resource.ID, t *types.ScalableTarget, tags map[string]string) resource.Live {
	in := &applicationautoscaling.RegisterScalableTargetInput{}
	shape.Project(in, t)
	arn, name := aws.ToString(t.ScalableTargetARN), aws.ToString(t.ResourceId)
	return resource.Live{ID: id, Presence: resource.Present, ARN: arn, Name: name, Tags: tags, Value: in,
		Attrs: map[string]string{"arn": arn, "name": name}}
}

// Create registers the target. The call pulls the count into [min, max] at once.
func (k *scalableTarget) Create(ctx context.Context, w resource.Write) (resource.Live, error) {
	c, err := k.clients(ctx, w.Object.ID.Target)
	if err != nil {
		return resource.Live{}, err
	}
	in := *w.Object.Want.(*applicationautoscaling.RegisterScalableTargetInput)
	in.Tags = w.Object.Tags
	out, err := c.Write.AutoScaling.RegisterScalableTarget(ctx, &in)
	if err != nil {
		return resource.Live{}, err
	}
	arn, name := aws.ToString(out.ScalableTargetARN), aws.ToString(in.ResourceId)
	return resource.Live{ID: w.Object.ID, Presence: resource.Present, ARN: arn, Name: name, Tags: w.Object.Tags, Value: w.Object.Want,
		Attrs: map[string]string{"arn": arn, "name": name}}, nil
}

// Update sends minimum and maximum, and the suspension where it changed: the
// call updates partially and takes no tags of what is registered.
func (k *scalableTarget) Update(ctx context.Context, w resource.Write) (resource.Live, error) {
	c, err := k.clients(ctx, w.Object.ID.Target)
	if err != nil {
		return resource.Live{}, err
	}
	if fields := changedFields(w.Changes); len(fields) > 0 {
		in, err := settled(w, shape.Clone(w.Object.Want.(*applicationautoscaling.RegisterScalableTargetInput)))
		if err != nil {
			return resource.Live{}, err
		}
		if !fields["suspendedState"] {
			in.SuspendedState = nil
		}
		in.Tags = nil
		if _, err := c.Write.AutoScaling.RegisterScalableTarget(ctx, in); err != nil {
			return resource.Live{}, err
		}
	}
	if err := writeTags(ctx, scalingTags{}, c.Write, w.Live.ARN, w); err != nil {
		return resource.Live{}, err
	}
	l := w.Live
	l.Tags = tagged(w)
	return l, nil
}

// Delete deregisters the target; AWS deletes its policies and actions with it.
func (k *scalableTarget) Delete(ctx context.Context, w resource.Write) error {
	c, err := k.clients(ctx, w.Object.ID.Target)
	if err != nil {
		return err
	}
	_, err = c.Write.AutoScaling.DeregisterScalableTarget(ctx, &applicationautoscaling.DeregisterScalableTargetInput{
		ResourceId: aws.String(targetResource(&w.Object)), ScalableDimension: types.ScalableDimensionECSServiceDesiredCount,
		ServiceNamespace: types.ServiceNamespaceEcs})
	return gone(err)
}
