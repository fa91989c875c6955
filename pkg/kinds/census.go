package kinds

import (
	"cmp"
	"context"
	"iter"
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
// that is denied by listing. named is false for an ARN of another kind, or one that
// contradicts its tags.
func (b base) census(ctx context.Context, target, owner, kind string, list lister, named func(id resource.ID, arn string) bool) ([]resource.Found, error) {
	of, types := owned{target, owner, ""}, hinted
	if kind == resource.KindTaskDefinition {
		of.what, types = kind, revisionsOnly
	}
	h, err := b.inventory.look(ctx, of, types)
	switch {
	case err == nil:
		of.what = kind
		return b.inventory.count(of, h.version, func() []resource.Found {
			return members(h.book.all(), target, owner, kind, named)
		}), nil
	case resource.ClassOf(err) != resource.ClassDenied:
		return nil, err
	}
	tags, err := b.listed(ctx, owned{target, owner, kind}, list)
	if err != nil {
		return nil, err
	}
	return members(maps.All(tags), target, owner, kind, named), nil
}

// members are the objects of one kind and owner among tags by ARN, in order.
func members(tags iter.Seq2[string, *tagSet], target, owner, kind string, named func(id resource.ID, arn string) bool) []resource.Found {
	var out []resource.Found
	whose := map[string]map[string]string{} // by scope
	for arn, t := range tags {
		if have, _ := t.get(resource.TagOwner); have != owner {
			continue
		}
		unit, _ := t.get(resource.TagUnit)
		key, _ := t.get(resource.TagKey)
		id, ok := resource.IdentityOf(target, kind, unit, key)
		if !ok || !named(id, arn) {
			continue
		}
		scope, _ := t.get(resource.TagScope)
		if whose[scope] == nil {
			whose[scope] = map[string]string{resource.TagOwner: owner, resource.TagScope: scope}
		}
		out = append(out, resource.Found{ID: id, ARN: arn, Tags: whose[scope], Value: t})
	}
	slices.SortFunc(out, func(x, y resource.Found) int {
		return cmp.Or(x.ID.Compare(y.ID), strings.Compare(x.ARN, y.ARN))
	})
	return slices.Clone(out) // it is kept, without room for more
}

// listed is a census by listing, at most listedAge old.
func (b base) listed(ctx context.Context, of owned, list lister) (map[string]*tagSet, error) {
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
	tags, sets := map[string]*tagSet{}, &tagSets{}
	for arn, t := range all {
		if t[resource.TagOwner] == of.owner {
			set := sets.of(arn, maps.All(t))
			tags[set.arn] = set
		}
	}
	l.read, l.tags = time.Now(), tags
	return tags, nil
}

// recalled is what the ARN and the tags of any object say.
func recalled(f resource.Found, name string, value any) resource.Live {
	tags := f.Tags
	if t, ok := f.Value.(*tagSet); ok {
		tags = t.whole()
	}
	return resource.Live{ID: f.ID, Presence: resource.Present, ARN: f.ARN, Tags: tags, Name: name, Value: value}
}

// Owned lists the services of an owner, in every cluster. One whose ARN names
// another cluster than its tags was copied with them, and is nobody's here.
func (k *service) Owned(ctx context.Context, target, owner string) ([]resource.Found, error) {
	return k.census(ctx, target, owner, resource.KindService, listServices, func(id resource.ID, arn string) bool {
		parts := strings.Split(arn, "/")
		return strings.HasSuffix(parts[0], ":service") && len(parts) == 3 && parts[1] == id.Cluster && id.Name == ""
	})
}

// Recall knows the service's name and cluster.
func (*service) Recall(f resource.Found) resource.Live {
	name := lastSegment(f.ARN)
	return recalled(f, name, &ecs.CreateServiceInput{ServiceName: &name, Cluster: aws.String(f.ID.Cluster)})
}

// Owned lists the ACTIVE task definition revisions of an owner.
func (k *taskDefinition) Owned(ctx context.Context, target, owner string) ([]resource.Found, error) {
	return k.census(ctx, target, owner, resource.KindTaskDefinition, listRevisions, func(_ resource.ID, arn string) bool {
		return strings.Contains(arn, ":task-definition/")
	})
}

// Recall knows the family.
func (*taskDefinition) Recall(f resource.Found) resource.Live {
	return recalled(f, lastSegment(f.ARN), &ecs.RegisterTaskDefinitionInput{Family: aws.String(familyOfARN(f.ARN))})
}

// Owned lists the target groups of an owner.
func (k *targetGroup) Owned(ctx context.Context, target, owner string) ([]resource.Found, error) {
	return k.census(ctx, target, owner, resource.KindTargetGroup, listGroups, func(id resource.ID, arn string) bool {
		return strings.Contains(arn, ":targetgroup/") && id.Name != ""
	})
}

// Recall knows the target group's name.
func (*targetGroup) Recall(f resource.Found) resource.Live {
	_, name, _ := strings.Cut(f.ARN, ":targetgroup/")
	name, _, _ = strings.Cut(name, "/")
	return recalled(f, name, nil)
}

// Owned lists the listener rules of an owner, and the listeners whose default
// action a document of his has declared.
func (k *listenerRule) Owned(ctx context.Context, target, owner string) ([]resource.Found, error) {
	return k.census(ctx, target, owner, resource.KindListenerRule, listRules, func(id resource.ID, arn string) bool {
		return id.Name != "" && (strings.Contains(arn, ":listener/") || strings.Contains(arn, ":listener-rule/"))
	})
}

// Recall knows the listener, and whether it is that which is ours.
func (*listenerRule) Recall(f resource.Found) resource.Live {
	if strings.Contains(f.ARN, ":listener/") {
		l := recalled(f, f.ARN, &elasticloadbalancingv2.CreateRuleInput{ListenerArn: aws.String(f.ARN)})
		l.Extra = map[string]any{priorityKey: priorityDefault}
		return l
	}
	return recalled(f, f.ARN, &elasticloadbalancingv2.CreateRuleInput{ListenerArn: aws.String(listenerOf(f.ARN))})
}

// Owned lists the scalable targets of an owner. Their ARNs do not say of which
// service they are: whoever reads one directly finds out.
func (k *scalableTarget) Owned(ctx context.Context, target, owner string) ([]resource.Found, error) {
	return k.census(ctx, target, owner, resource.KindScalableTarget, listTargets, func(_ resource.ID, arn string) bool {
		return strings.Contains(arn, ":scalable-target/")
	})
}

// Recall knows no more than the tags say.
func (*scalableTarget) Recall(f resource.Found) resource.Live { return recalled(f, "", nil) }

// policyAlarm begins the names of the alarms that Application Auto Scaling makes
// for target tracking policies (its user guide): never ours, whatever their tags.
const policyAlarm = "TargetTracking-"

// Owned lists the alarms of an owner, of both sorts: by name they are found alike.
func (k *alarm) Owned(ctx context.Context, target, owner string) ([]resource.Found, error) {
	return k.census(ctx, target, owner, resource.KindAlarm, listAlarms, func(id resource.ID, arn string) bool {
		_, name, ok := strings.Cut(arn, ":alarm:")
		return ok && id.Name != "" && !strings.HasPrefix(name, policyAlarm)
	})
}

// Recall knows the alarm's name.
func (*alarm) Recall(f resource.Found) resource.Live {
	_, name, _ := strings.Cut(f.ARN, ":alarm:")
	return recalled(f, name, &cloudwatch.PutMetricAlarmInput{AlarmName: &name})
}

// Attached lists the scaling policies or scheduled actions of services whose
// scalable targets are ours, as far as their names are derived ones.
func (k *attached[Want, Found]) Attached(ctx context.Context, owner string, targets []resource.Live) ([]resource.Found, error) {
	var out []resource.Found
	type place struct{ target, resource string }
	var byService map[place]*resource.Live // when there is anything to look for
	several := map[string]int{}
	for i := range targets {
		several[targets[i].ID.Target]++
	}
	unit := &resource.Unit{}
	take := func(target string, one *sighted[Want]) {
		if byService == nil {
			byService = make(map[place]*resource.Live, len(targets))
			for i := range targets {
				t := &targets[i]
				byService[place{t.ID.Target, scaledID(t)}] = t
			}
			out = make([]resource.Found, 0, len(targets))
		}
		at := one.at
		t := byService[place{target, at.resource}]
		if t == nil {
			return
		}
		unit.Key = t.ID.Key()
		prefix := k.naming.derive(resource.Frame{Owner: owner}, unit, "")
		if key, ours := strings.CutPrefix(at.name, prefix); ours && key != "" {
			out = append(out, resource.Found{ID: t.ID.Of(k.kind, key), ARN: one.arn, Value: at})
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
			k.letGo(target)
		}
	}
	for i := range targets {
		t := &targets[i]
		if several[t.ID.Target] > fewScaled {
			continue
		}
		c, err := k.clients(ctx, t.ID.Target)
		if err != nil {
			return nil, err
		}
		id := scaledID(t)
		if err := k.describe(ctx, c.Read, &id, func(one *Found) { take(t.ID.Target, k.sight(one)) }); err != nil {
			return nil, err
		}
	}
	slices.SortFunc(out, func(x, y resource.Found) int { return x.ID.Compare(y.ID) })
	if len(out) < cap(out) {
		out = slices.Clone(out) // it is kept, without room for more
	}
	return out, nil
}

// Recall knows the name, and whose scaling it is.
func (k *attached[Want, Found]) Recall(f resource.Found) resource.Live {
	at, _ := f.Value.(attachedKey)
	in := new(Want)
	name, of := k.frame(in)
	*name, *of.resourceID = &at.name, &at.resource
	return present(f.ID, f.ARN, at.name, in)
}

// scaledID is the resource id of a scalable target: its name, as far as known.
func scaledID(t *resource.Live) string {
	return cmp.Or(t.Name, resourceID(t.ID.Cluster, t.ID.Unit))
}
