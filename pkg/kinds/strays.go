package kinds

import (
	"context"
	"fmt"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/applicationautoscaling"
	scalingtypes "github.com/aws/aws-sdk-go-v2/service/applicationautoscaling/types"
	"github.com/aws/aws-sdk-go-v2/service/ecs"
	"github.com/aws/aws-sdk-go-v2/service/ecs/types"
	"github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2"

	"github.com/ecs-operator/ecs-operator/pkg/awsclient"
	"github.com/ecs-operator/ecs-operator/pkg/resource"
	"github.com/ecs-operator/ecs-operator/pkg/shape"
)

// strays reports whether a query is about objects that no document names: they
// are looked for at their ARNs and nowhere else, and what was learned of them
// is no hint for the wanted ones.
func strays(q resource.Query) bool { return len(q.Objects) > 0 && q.Objects[0].ARN != "" }

// eachStray answers every object of a query by a call of its own: they are few.
func eachStray(q resource.Query, one func(o *resource.Object) (resource.Live, error)) map[resource.ID]resource.Live {
	a := ask(q)
	for i := range q.Objects {
		o := q.Objects[i]
		l, err := one(o)
		switch {
		case resource.ClassOf(err) == resource.ClassNotFound:
			a.absent(o.ID)
		case err != nil:
			a.unknown(o.ID, err)
		default:
			l.ID = o.ID
			a.set(l)
		}
	}
	return a.by
}

// strays are target groups without their attributes, which no deletion asks for.
func (k *targetGroup) strays(ctx context.Context, q resource.Query) map[resource.ID]resource.Live {
	c, err := k.clients(ctx, q.Target)
	if err != nil {
		return ask(q).fail(q, err)
	}
	return eachStray(q, func(o *resource.Object) (resource.Live, error) {
		out, err := c.Read.ELB.DescribeTargetGroups(ctx, &elasticloadbalancingv2.DescribeTargetGroupsInput{TargetGroupArns: []string{o.ARN}})
		if err != nil {
			return resource.Live{}, err
		}
		if len(out.TargetGroups) != 1 {
			return resource.Live{}, untold(elbTags{}, nil)
		}
		tags, err := elbTags{}.read(ctx, c.Read, []string{o.ARN})
		if err == nil && tags[o.ARN] == nil {
			err = untold(elbTags{}, nil)
		}
		return groupLive(o.ID, &out.TargetGroups[0], tags[o.ARN], nil), err
	})
}

// InUse asks who gets traffic by the target group and who is registered in it.
// AWS itself refuses only while a rule or listener leads to it; targets that
// still drain, or a service that still registers its tasks, it would cut off.
func (k *targetGroup) InUse(ctx context.Context, l resource.Live) (string, error) {
	c, err := k.clients(ctx, l.ID.Target)
	if err != nil {
		return "", err
	}
	out, err := c.Read.ELB.DescribeTargetGroups(ctx, &elasticloadbalancingv2.DescribeTargetGroupsInput{TargetGroupArns: []string{l.ARN}})
	if err != nil {
		return "", gone(err)
	}
	for _, tg := range out.TargetGroups {
		if len(tg.LoadBalancerArns) > 0 {
			return "a rule or listener of a load balancer still leads to it", nil
		}
	}
	health, err := c.Read.ELB.DescribeTargetHealth(ctx, &elasticloadbalancingv2.DescribeTargetHealthInput{TargetGroupArn: &l.ARN})
	if err != nil {
		return "", gone(err)
	}
	switch n := len(health.TargetHealthDescriptions); n {
	case 0:
		return "", nil
	case 1:
		return "1 target is still registered or draining", nil
	default:
		return fmt.Sprintf("%d targets are still registered or draining", n), nil
	}
}

func (k *listenerRule) strays(ctx context.Context, q resource.Query) map[resource.ID]resource.Live {
	c, err := k.clients(ctx, q.Target)
	if err != nil {
		return ask(q).fail(q, err)
	}
	return eachStray(q, func(o *resource.Object) (resource.Live, error) {
		out, err := c.Read.ELB.DescribeRules(ctx, &elasticloadbalancingv2.DescribeRulesInput{RuleArns: []string{o.ARN}})
		if err != nil {
			return resource.Live{}, err
		}
		if len(out.Rules) != 1 {
			return resource.Live{}, untold(elbTags{}, nil)
		}
		tags, err := elbTags{}.read(ctx, c.Read, []string{o.ARN})
		if err == nil && tags[o.ARN] == nil {
			err = untold(elbTags{}, nil)
		}
		return ruleLive(o.ID, &out.Rules[0], tags[o.ARN]), err
	})
}

// strays are task definition revisions: one that is no longer ACTIVE is gone as
// far as anybody can make it go.
func (k *taskDefinition) strays(ctx context.Context, q resource.Query) map[resource.ID]resource.Live {
	c, err := k.clients(ctx, q.Target)
	if err != nil {
		return ask(q).fail(q, err)
	}
	return eachStray(q, func(o *resource.Object) (resource.Live, error) {
		r, err := describeTask(ctx, c, o.ARN)
		if err != nil {
			return resource.Live{}, err
		}
		if r.status != types.TaskDefinitionStatusActive {
			return resource.Live{Presence: resource.Absent}, nil
		}
		return r.live(), nil
	})
}

// Observe finds scalable targets by their service. Of a stray only the ARN may
// be known, which does not say the service: then all are gone through. One that
// scales another service than its tags name was copied with them, and is nobody's
// here, like a service of that sort.
func (k *scalableTarget) Observe(ctx context.Context, q resource.Query) map[resource.ID]resource.Live {
	if !strays(q) {
		return k.named.Observe(ctx, q)
	}
	c, err := k.clients(ctx, q.Target)
	if err != nil {
		return ask(q).fail(q, err)
	}
	byARN := map[string]*scalingtypes.ScalableTarget{}
	err = everyTarget(ctx, c.Read, func(t *scalingtypes.ScalableTarget) { byARN[aws.ToString(t.ScalableTargetARN)] = t })
	if err != nil {
		return ask(q).fail(q, err)
	}
	return eachStray(q, func(o *resource.Object) (resource.Live, error) {
		t := byARN[o.ARN]
		if t == nil {
			return resource.Live{Presence: resource.Absent}, nil
		}
		if its, err := scalesUnit(ctx, c, o, aws.ToString(t.ResourceId)); !its || err != nil {
			return resource.Live{Presence: resource.Absent}, err
		}
		tags, err := scalingTags{}.read(ctx, c.Read, []string{o.ARN})
		if err == nil && tags[o.ARN] == nil {
			err = untold(scalingTags{}, nil)
		}
		in := &applicationautoscaling.RegisterScalableTargetInput{}
		shape.Project(in, t)
		l := present(o.ID, o.ARN, aws.ToString(t.ResourceId), in)
		l.Tags = tags[o.ARN]
		return l, err
	})
}

// scalesUnit reports whether a scalable target is of the service that its tags
// name: by the service's name, or, where a document calls its service otherwise than
// itself, by what the service's own tags say. Of a service that is not there any
// more nobody can tell.
func scalesUnit(ctx context.Context, c *awsclient.Clients, o *resource.Object, scaled string) (bool, error) {
	name, here := strings.CutPrefix(scaled, resourceID(o.ID.Cluster, ""))
	if !here || name == o.ID.Unit {
		return here, nil
	}
	out, err := c.Read.ECS.DescribeServices(ctx, &ecs.DescribeServicesInput{Cluster: &o.ID.Cluster, Services: []string{name},
		Include: []types.ServiceField{types.ServiceFieldTags}})
	if err != nil {
		return false, err
	}
	for _, s := range out.Services {
		if fromPairs(s.Tags, ecsPair)[resource.TagUnit] == o.ID.Key().TagValue() {
			return true, nil
		}
	}
	return false, nil
}

// InUse tells what else hangs on a scalable target: DeregisterScalableTarget deletes
// the scaling policies and scheduled actions with it, whoever made them.
func (k *scalableTarget) InUse(ctx context.Context, l resource.Live) (string, error) {
	c, err := k.clients(ctx, l.ID.Target)
	if err != nil {
		return "", err
	}
	id := scaledID(&l)
	what := ""
	if err := describePolicies(ctx, c.Read, &id, func(p *scalingtypes.ScalingPolicy) { what = "the scaling policy " + aws.ToString(p.PolicyName) }); err != nil {
		return "", gone(err)
	}
	if err := describeActions(ctx, c.Read, &id, func(a *scalingtypes.ScheduledAction) {
		what = "the scheduled action " + aws.ToString(a.ScheduledActionName)
	}); err != nil {
		return "", gone(err)
	}
	if what == "" {
		return "", nil
	}
	return what + " hangs on it, which is not the operator's and would go with it; delete that by hand when nobody needs it", nil
}
