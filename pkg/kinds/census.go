package kinds

import (
	"cmp"
	"context"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	"github.com/aws/aws-sdk-go-v2/service/ecs"
	"github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2"

	"github.com/ecs-operator/ecs-operator/pkg/awsclient"
	"github.com/ecs-operator/ecs-operator/pkg/resource"
)

// listedAge is how long a census that was made by listing everything is kept:
// without the tagging API one reads the tags of everybody's resources.
const listedAge = 10 * time.Minute

// lister lists the ARNs of everything of one kind in a target, with all tags.
type lister func(ctx context.Context, c *awsclient.Clients) (map[string]map[string]string, error)

// census is the shared half of every kind's Owned: by the tagging API, and where
// that is denied by listing. born makes the live object of an ARN as far as the
// ARN says it; false for an ARN of another kind, or one that contradicts its tags.
func (b base) census(ctx context.Context, target, owner, kind string, list lister, born func(id resource.ID, arn string) (resource.Live, bool)) ([]resource.Live, error) {
	of, types := owned{target, owner, ""}, hinted
	if kind == resource.KindTaskDefinition {
		of.what, types = kind, revisionsOnly
	}
	h, err := b.inventory.look(ctx, of, types)
	switch {
	case err == nil:
		of.what = kind
		return b.inventory.count(of, h.version, func() []resource.Live { return members(h.tags, target, owner, kind, born) }), nil
	case resource.ClassOf(err) != resource.ClassDenied:
		return nil, err
	}
	tags, err := b.listed(ctx, owned{target, owner, kind}, list)
	if err != nil {
		return nil, err
	}
	return members(tags, target, owner, kind, born), nil
}

// members are the objects of one kind and owner among tags by ARN, in order.
func members(tags map[string]map[string]string, target, owner, kind string, born func(id resource.ID, arn string) (resource.Live, bool)) []resource.Live {
	var out []resource.Live
	for arn, t := range tags {
		if t[resource.TagOwner] != owner {
			continue
		}
		id, ok := resource.Identity(target, kind, t)
		if !ok {
			continue
		}
		if l, ok := born(id, arn); ok {
			l.ID, l.Presence, l.ARN, l.Tags = id, resource.Present, arn, t
			out = append(out, l)
		}
	}
	slices.SortFunc(out, func(x, y resource.Live) int {
		return cmp.Or(x.ID.Compare(y.ID), strings.Compare(x.ARN, y.ARN))
	})
	return slices.Clone(out) // it is kept, without room for more
}

// listed is a census by listing, at most listedAge old.
func (b base) listed(ctx context.Context, of owned, list lister) (map[string]map[string]string, error) {
	l, release, err := b.inventory.turn(ctx, b.inventory.listed, of)
	if err != nil {
		return nil, err
	}
	defer release()
	if !l.read.IsZero() && time.Since(l.read) < listedAge {
		return l.tags, nil
	}
	c, err := b.clients(ctx, of.target)
	if err != nil {
		return nil, err
	}
	all, err := list(ctx, c)
	if err != nil {
		return nil, err
	}
	maps.DeleteFunc(all, func(_ string, tags map[string]string) bool { return tags[resource.TagOwner] != of.owner })
	l.read, l.tags = time.Now(), all
	return all, nil
}

// Owned lists the services of an owner, in every cluster. One whose ARN names
// another cluster than its tags was copied with them, and is nobody's here.
func (k *service) Owned(ctx context.Context, target, owner string) ([]resource.Live, error) {
	return k.census(ctx, target, owner, resource.KindService, listServices, func(id resource.ID, arn string) (resource.Live, bool) {
		parts := strings.Split(arn, "/")
		if !strings.HasSuffix(parts[0], ":service") || len(parts) != 3 || parts[1] != id.Cluster || id.Name != "" {
			return resource.Live{}, false
		}
		return resource.Live{Name: parts[2], Value: &ecs.CreateServiceInput{ServiceName: &parts[2], Cluster: &parts[1]}}, true
	})
}

// Owned lists the ACTIVE task definition revisions of an owner.
func (k *taskDefinition) Owned(ctx context.Context, target, owner string) ([]resource.Live, error) {
	return k.census(ctx, target, owner, resource.KindTaskDefinition, listRevisions, func(_ resource.ID, arn string) (resource.Live, bool) {
		l := resource.Live{Name: lastSegment(arn), Value: &ecs.RegisterTaskDefinitionInput{Family: aws.String(familyOfARN(arn))}}
		return l, strings.Contains(arn, ":task-definition/")
	})
}

// Owned lists the target groups of an owner.
func (k *targetGroup) Owned(ctx context.Context, target, owner string) ([]resource.Live, error) {
	return k.census(ctx, target, owner, resource.KindTargetGroup, listGroups, func(id resource.ID, arn string) (resource.Live, bool) {
		_, name, ok := strings.Cut(arn, ":targetgroup/")
		name, _, _ = strings.Cut(name, "/")
		return resource.Live{Name: name}, ok && id.Name != ""
	})
}

// Owned lists the listener rules of an owner, and the listeners whose default
// action a document of his has declared.
func (k *listenerRule) Owned(ctx context.Context, target, owner string) ([]resource.Live, error) {
	return k.census(ctx, target, owner, resource.KindListenerRule, listRules, func(id resource.ID, arn string) (resource.Live, bool) {
		if strings.Contains(arn, ":listener/") {
			return resource.Live{Name: arn, Value: &elasticloadbalancingv2.CreateRuleInput{ListenerArn: aws.String(arn)},
				Extra: map[string]any{priorityKey: priorityDefault}}, id.Name != ""
		}
		l := resource.Live{Name: arn, Value: &elasticloadbalancingv2.CreateRuleInput{ListenerArn: aws.String(listenerOf(arn))}}
		return l, strings.Contains(arn, ":listener-rule/") && id.Name != ""
	})
}

// Owned lists the scalable targets of an owner. Their ARNs do not say of which
// service they are: whoever reads one directly finds out.
func (k *scalableTarget) Owned(ctx context.Context, target, owner string) ([]resource.Live, error) {
	return k.census(ctx, target, owner, resource.KindScalableTarget, listTargets, func(id resource.ID, arn string) (resource.Live, bool) {
		return resource.Live{}, strings.Contains(arn, ":scalable-target/")
	})
}

// policyAlarm begins the names of the alarms that Application Auto Scaling makes
// for target tracking policies (its user guide): never ours, whatever their tags.
const policyAlarm = "TargetTracking-"

// Owned lists the alarms of an owner, of both sorts: by name they are found alike.
func (k *alarm) Owned(ctx context.Context, target, owner string) ([]resource.Live, error) {
	return k.census(ctx, target, owner, resource.KindAlarm, listAlarms, func(id resource.ID, arn string) (resource.Live, bool) {
		_, name, ok := strings.Cut(arn, ":alarm:")
		l := resource.Live{Name: name, Value: &cloudwatch.PutMetricAlarmInput{AlarmName: &name}}
		return l, ok && id.Name != "" && !strings.HasPrefix(name, policyAlarm)
	})
}

// Attached lists the scaling policies or scheduled actions of services whose
// scalable targets are ours, as far as their names are derived ones.
func (k *attached[Want, Found]) Attached(ctx context.Context, owner string, targets []resource.Live) ([]resource.Live, error) {
	var out []resource.Live
	byService := map[string]resource.Live{} // place and resource id
	several := map[string]int{}
	for _, t := range targets {
		byService[t.ID.Target+" "+scaledID(t)] = t
		several[t.ID.Target]++
	}
	take := func(target string, one *Found) {
		at, _ := k.key(one)
		t, ours := byService[target+" "+at.resource]
		if !ours {
			return
		}
		unit := &resource.Unit{Key: t.ID.Key()}
		prefix := k.naming.derive(resource.Frame{Owner: owner}, unit, "")
		if key, ours := strings.CutPrefix(at.name, prefix); ours && key != "" {
			out = append(out, k.live(t.ID.Of(k.kind, key), one))
		}
	}
	for target, n := range several {
		if n > fewScaled {
			all, err := k.everything(ctx, target, k.censusAge(target))
			if err != nil {
				return nil, err
			}
			for _, one := range all {
				take(target, one)
			}
		}
	}
	for _, t := range targets {
		if several[t.ID.Target] > fewScaled {
			continue
		}
		c, err := k.clients(ctx, t.ID.Target)
		if err != nil {
			return nil, err
		}
		id := scaledID(t)
		if err := k.describe(ctx, c.Read, &id, func(one *Found) { take(t.ID.Target, one) }); err != nil {
			return nil, err
		}
	}
	slices.SortFunc(out, func(x, y resource.Live) int { return x.ID.Compare(y.ID) })
	return out, nil
}

// scaledID is the resource id of a scalable target: its name, as far as known.
func scaledID(t resource.Live) string {
	return cmp.Or(t.Name, resourceID(t.ID.Cluster, t.ID.Unit))
}
