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

// scalingPolicy is a policy of the service's scalable target. It carries no
// tags: its name says whose it is.
type scalingPolicy struct{ base }

func newScalingPolicy(b base) *scalingPolicy { return &scalingPolicy{base: b} }

func (*scalingPolicy) Name() string   { return resource.KindScalingPolicy }
func (*scalingPolicy) Taggable() bool { return false }

func (*scalingPolicy) Section() spec.Section {
	dimension := spec.Sugar{Key: "name", Value: "value"}
	return spec.Section{
		Path: "scaling.policies", Kind: resource.KindScalingPolicy, Many: true,
		New:        func() any { return &applicationautoscaling.PutScalingPolicyInput{} },
		ReadOnly:   types.ScalingPolicy{},
		Required:   policyRequired,
		Frame:      []string{"policyName", "resourceId", "scalableDimension", "serviceNamespace"},
		Attributes: []string{"arn", "name"},
		Sugar: map[string]spec.Sugar{
			"targetTrackingScalingPolicyConfiguration.customizedMetricSpecification.dimensions":                             dimension,
			"targetTrackingScalingPolicyConfiguration.customizedMetricSpecification.metrics[].metricStat.metric.dimensions": dimension,
		},
	}
}

func (*scalingPolicy) Complete(f resource.Frame, u *resource.Unit, o *resource.Object) []spec.Problem {
	in := o.Want.(*applicationautoscaling.PutScalingPolicyInput)
	if aws.ToString(in.PolicyName) == "" {
		in.PolicyName = aws.String(pathName(f, u, o.ID.Name))
	}
	problems := nameProblems(u, o, "policyName", "the policy name", *in.PolicyName, maxPolicyName, nil)
	want, more := completeScaled(u, o, scaled{in.ResourceId, in.ScalableDimension, in.ServiceNamespace})
	in.ResourceId, in.ScalableDimension, in.ServiceNamespace = want.resourceID, want.dimension, want.namespace
	o.Need(unitID(u, resource.KindScalableTarget, ""))
	return append(problems, more...)
}

func (*scalingPolicy) Content(*resource.Object) []byte { return nil }

func (*scalingPolicy) Attributes(o *resource.Object) map[string]string {
	return map[string]string{"name": aws.ToString(o.Want.(*applicationautoscaling.PutScalingPolicyInput).PolicyName)}
}

const tracking = "targetTrackingScalingPolicyConfiguration"

func scalingPolicyKeys() map[string]string {
	keys := map[string]string{
		tracking + ".customizedMetricSpecification.dimensions":                             "name",
		tracking + ".customizedMetricSpecification.metrics":                                "id",
		tracking + ".customizedMetricSpecification.metrics[].metricStat.metric.dimensions": "name",
	}
	for _, what := range []string{"Scaling", "Load", "Capacity"} {
		queries := "predictiveScalingPolicyConfiguration.metricSpecifications[].customized" + what + "MetricSpecification.metricDataQueries"
		keys[queries] = "id"
		keys[queries+"[].metricStat.metric.dimensions"] = "name"
	}
	return keys
}

// scalingPolicyRules are how a scaling policy is compared.
var scalingPolicyRules = diff.Rules{
	Keys: scalingPolicyKeys(),
	Sets: map[string]bool{"stepScalingPolicyConfiguration.stepAdjustments": true}, // "a set of adjustments"
	Defaults: map[string]any{
		"policyType": "StepScaling", // PutScalingPolicyInput.PolicyType
		// user guide, "Define cooldown periods": 300 seconds for ECS services
		tracking + ".scaleInCooldown":                                    300,
		tracking + ".scaleOutCooldown":                                   300,
		tracking + ".disableScaleIn":                                     false,
		tracking + ".customizedMetricSpecification.metrics[].returnData": true,
		"stepScalingPolicyConfiguration.cooldown":                        300, // StepScalingPolicyConfiguration
		"stepScalingPolicyConfiguration.metricAggregationType":           "Average",
		"predictiveScalingPolicyConfiguration.mode":                      "ForecastOnly",
		"predictiveScalingPolicyConfiguration.maxCapacityBreachBehavior": "HonorMaxCapacity",
		"predictiveScalingPolicyConfiguration.schedulingBufferTime":      300,
	},
	Absent:  map[string]bool{"": true},
	Ignored: scaledIgnored,
	Effects: map[string]diff.Effect{"": diff.InPlace, "policyName": diff.Replacement},
}

func (*scalingPolicy) Diff(o *resource.Object, l *resource.Live, c resource.Compare) []diff.Change {
	return compare(&scalingPolicyRules, o, l, c)
}

// policyKey is how a policy is found: the service and the name.
type policyKey struct{ resource, name string }

func keyOfPolicy(o *resource.Object) policyKey {
	in, _ := o.Want.(*applicationautoscaling.PutScalingPolicyInput)
	if in == nil {
		return policyKey{scaledService(o, nil), ""}
	}
	return policyKey{scaledService(o, in.ResourceId), aws.ToString(in.PolicyName)}
}

// Observe asks per service when the services are few, else it pages through
// the namespace, ten policies a page (AWS' limit).
func (k *scalingPolicy) Observe(ctx context.Context, q resource.Query) map[resource.ID]resource.Live {
	a := ask(q)
	c, err := k.clients(ctx, q.Target)
	if err != nil {
		return a.fail(q, err)
	}
	observeScaled(q, a, keyOfPolicy, func(resourceID *string, into func(policyKey, *types.ScalingPolicy)) error {
		return describePolicies(ctx, c, resourceID, into)
	}, policyLive)
	return a.by
}

func describePolicies(ctx context.Context, c *awsclient.Clients, resourceID *string, into func(policyKey, *types.ScalingPolicy)) error {
	pages := applicationautoscaling.NewDescribeScalingPoliciesPaginator(c.Read.AutoScaling, &applicationautoscaling.DescribeScalingPoliciesInput{
		ServiceNamespace: types.ServiceNamespaceEcs, ResourceId: resourceID, MaxResults: aws.Int32(10)})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return err
		}
		for i := range page.ScalingPolicies {
			p := &page.ScalingPolicies[i]
			into(policyKey{aws.ToString(p.ResourceId), aws.ToString(p.PolicyName)}, p)
		}
	}
	return nil
}

// observeScaled answers objects that belong to scalable targets: per service
// when few, else from everything in the namespace.
func observeScaled[T any](q resource.Query, a *answers, key func(*resource.Object) policyKey,
	describe func(resourceID *string, into func(policyKey, *T)) error, live func(resource.ID, *T) resource.Live) {
	found := map[policyKey]*T{}
	into := func(k policyKey, v *T) { found[k] = v }
	services := map[string]error{}
	for i := range q.Objects {
		services[key(&q.Objects[i]).resource] = nil
	}
	if q.Direct || len(services) <= fewScaled {
		for id := range services {
			services[id] = describe(&id, into)
		}
	} else {
		err := describe(nil, into)
		for id := range services {
			services[id] = err
		}
	}
	for i := range q.Objects {
		o := &q.Objects[i]
		at := key(o)
		switch v := found[at]; {
		case services[at.resource] != nil:
			a.unknown(o.ID, services[at.resource])
		case v == nil:
			a.absent(o.ID)
		default:
			a.set(live(o.ID, v))
		}
	}
}

func policyLive(id resource.ID, p *types.ScalingPolicy) resource.Live {
	in := &applicationautoscaling.PutScalingPolicyInput{}
	shape.Project(in, p)
	arn, name := aws.ToString(p.PolicyARN), aws.ToString(p.PolicyName)
	return resource.Live{ID: id, Presence: resource.Present, ARN: arn, Name: name, Value: in,
		Attrs: map[string]string{"arn": arn, "name": name}}
}

// Create puts the policy.
func (k *scalingPolicy) Create(ctx context.Context, w resource.Write) (resource.Live, error) {
	return k.put(ctx, w)
}

// Update puts the whole policy again, with the defaults that it returns to.
func (k *scalingPolicy) Update(ctx context.Context, w resource.Write) (resource.Live, error) {
	return k.put(ctx, w)
}

func (k *scalingPolicy) put(ctx context.Context, w resource.Write) (resource.Live, error) {
	c, err := k.clients(ctx, w.Object.ID.Target)
	if err != nil {
		return resource.Live{}, err
	}
	// "Any parameters that you don't specify are not changed" (PutScalingPolicy).
	in, err := settled(w, shape.Clone(w.Object.Want.(*applicationautoscaling.PutScalingPolicyInput)))
	if err != nil {
		return resource.Live{}, err
	}
	out, err := c.Write.AutoScaling.PutScalingPolicy(ctx, in)
	if err != nil {
		return resource.Live{}, lagging(err)
	}
	arn, name := aws.ToString(out.PolicyARN), aws.ToString(in.PolicyName)
	return resource.Live{ID: w.Object.ID, Presence: resource.Present, ARN: arn, Name: name, Value: in,
		Attrs: map[string]string{"arn": arn, "name": name}}, nil
}

// Delete removes the policy, and AWS the alarms that it made for it.
func (k *scalingPolicy) Delete(ctx context.Context, w resource.Write) error {
	c, err := k.clients(ctx, w.Object.ID.Target)
	if err != nil {
		return err
	}
	at := keyOfPolicy(&w.Object)
	_, err = c.Write.AutoScaling.DeleteScalingPolicy(ctx, &applicationautoscaling.DeleteScalingPolicyInput{
		PolicyName: &at.name, ResourceId: &at.resource,
		ScalableDimension: types.ScalableDimensionECSServiceDesiredCount, ServiceNamespace: types.ServiceNamespaceEcs})
	return gone(err)
}
