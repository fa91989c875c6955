package kinds

import (
	"context"

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
type scalableTarget struct{ named[types.ScalableTarget] }

func newScalableTarget(b base) *scalableTarget {
	return &scalableTarget{named[types.ScalableTarget]{base: b, tags: scalingTags{}, page: 50, name: targetResource, live: targetLive,
		describe: lookup(b, 50, describeTargets)}} // DescribeScalableTargets: 50 a page, and as many resource ids a call
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
	tags := pairs(in.Tags, cwTag)
	in.Tags = nil
	for _, t := range tags { // a map already: only the positions move
		if pos := o.Written.At("tags[" + *t.Key + "]"); pos != "" {
			o.Written.Set("tags."+*t.Key, pos)
		}
	}
	problems := takeTags(u, o, &tags, cwPair)
	problems = append(problems, completeScaled(u, o, scaled{&in.ResourceId, &in.ScalableDimension, &in.ServiceNamespace})...)
	if in.MinCapacity != nil && in.MaxCapacity != nil && *in.MinCapacity > *in.MaxCapacity {
		p := problem(u, o, "minCapacity", "spec.scaling.minCapacity %d is more than maxCapacity %d", *in.MinCapacity, *in.MaxCapacity)
		p.Code = "scaling-range"
		problems = append(problems, p)
	}
	if u.Has(serviceID(u)) {
		o.Need(serviceID(u))
	}
	return problems
}

func (*scalableTarget) Content(*resource.Object) []byte { return nil }

func (*scalableTarget) Attributes(o *resource.Object) map[string]string {
	return map[string]string{"name": aws.ToString(o.Want.(*applicationautoscaling.RegisterScalableTargetInput).ResourceId)}
}

var scalableTargetRules = tableRules(resource.KindScalableTarget, nil)

func (*scalableTarget) Diff(o *resource.Object, l *resource.Live, c resource.Compare) []diff.Change {
	return compare(&scalableTargetRules, o, l, c)
}

// Frame is what it scales, by which it is found.
func (*scalableTarget) Frame(want any) (frame any, summed bool) {
	in, ok := want.(*applicationautoscaling.RegisterScalableTargetInput)
	if !ok {
		return want, false
	}
	return &applicationautoscaling.RegisterScalableTargetInput{ResourceId: in.ResourceId}, false
}

func describeTargets(ctx context.Context, api awsclient.API, ids []string, take func(*string, *types.ScalableTarget)) error {
	pages := applicationautoscaling.NewDescribeScalableTargetsPaginator(api.AutoScaling, &applicationautoscaling.DescribeScalableTargetsInput{
		ServiceNamespace: types.ServiceNamespaceEcs, ScalableDimension: types.ScalableDimensionECSServiceDesiredCount,
		ResourceIds: ids, MaxResults: aws.Int32(50),
	})
	return eachPage(ctx, pages, func(page *applicationautoscaling.DescribeScalableTargetsOutput) {
		for i := range page.ScalableTargets {
			take(page.ScalableTargets[i].ResourceId, &page.ScalableTargets[i])
		}
	})
}

// everyTarget pages through the namespace. AWS takes the dimension together with
// resource ids only.
func everyTarget(ctx context.Context, api awsclient.API, take func(*types.ScalableTarget)) error {
	pages := applicationautoscaling.NewDescribeScalableTargetsPaginator(api.AutoScaling, &applicationautoscaling.DescribeScalableTargetsInput{
		ServiceNamespace: types.ServiceNamespaceEcs, MaxResults: aws.Int32(50)})
	return eachPage(ctx, pages, func(page *applicationautoscaling.DescribeScalableTargetsOutput) {
		for i := range page.ScalableTargets {
			if t := &page.ScalableTargets[i]; t.ScalableDimension == types.ScalableDimensionECSServiceDesiredCount {
				take(t)
			}
		}
	})
}

func targetResource(o *resource.Object) string {
	in, _ := o.Want.(*applicationautoscaling.RegisterScalableTargetInput)
	if in == nil {
		return scaledService(o, nil)
	}
	return scaledService(o, in.ResourceId)
}

func targetLive(id resource.ID, t *types.ScalableTarget) resource.Live {
	in := &applicationautoscaling.RegisterScalableTargetInput{}
	shape.Share(in, t)
	l := present(id, aws.ToString(t.ScalableTargetARN), aws.ToString(t.ResourceId), in)
	if l.ARN == "" {
		l.Tags = map[string]string{} // registered before scalable targets had ARNs: it carries none
	}
	return l
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
	l := present(w.Object.ID, aws.ToString(out.ScalableTargetARN), aws.ToString(in.ResourceId), w.Object.Want)
	l.Tags = w.Object.Tags
	return l, nil
}

// Update sends what changed of minimum, maximum and suspension: the call updates
// partially, and takes no tags of what is registered.
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
		keepBounds(in, w.Live.Value, fields)
		in.Tags = nil
		if _, err := c.Write.AutoScaling.RegisterScalableTarget(ctx, in); err != nil {
			return resource.Live{}, err
		}
	}
	return retag(ctx, scalingTags{}, c.Write, w)
}

// keepBounds leaves out the bound that is not changed: a scheduled action may have
// set it. Where AWS would refuse the one that is changed beside the one that is
// there, both go.
func keepBounds(in *applicationautoscaling.RegisterScalableTargetInput, value any, changed map[string]bool) {
	live, ok := value.(*applicationautoscaling.RegisterScalableTargetInput)
	if !ok || live.MinCapacity == nil || live.MaxCapacity == nil {
		return
	}
	low, high := *live.MinCapacity, *live.MaxCapacity
	if changed["minCapacity"] && in.MinCapacity != nil {
		low = *in.MinCapacity
	}
	if changed["maxCapacity"] && in.MaxCapacity != nil {
		high = *in.MaxCapacity
	}
	if low > high {
		return
	}
	if !changed["minCapacity"] {
		in.MinCapacity = nil
	}
	if !changed["maxCapacity"] {
		in.MaxCapacity = nil
	}
}

// Delete deregisters the target; AWS deletes its policies and actions with it.
func (k *scalableTarget) Delete(ctx context.Context, w resource.Write) error {
	return k.remove(ctx, w, func(api awsclient.API) error {
		_, err := api.AutoScaling.DeregisterScalableTarget(ctx, &applicationautoscaling.DeregisterScalableTargetInput{
			ResourceId: aws.String(targetResource(&w.Object)), ScalableDimension: types.ScalableDimensionECSServiceDesiredCount,
			ServiceNamespace: types.ServiceNamespaceEcs})
		return err
	})
}
