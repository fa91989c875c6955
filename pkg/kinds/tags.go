package kinds

import (
	"context"
	"errors"
	"maps"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/applicationautoscaling"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	cwtypes "github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"
	"github.com/aws/aws-sdk-go-v2/service/ecs"
	ecstypes "github.com/aws/aws-sdk-go-v2/service/ecs/types"
	"github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2"
	elbtypes "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2/types"

	"github.com/ecs-operator/ecs-operator/pkg/awsclient"
	"github.com/ecs-operator/ecs-operator/pkg/diff"
	"github.com/ecs-operator/ecs-operator/pkg/resource"
	"github.com/ecs-operator/ecs-operator/pkg/spec"
)

// Tags a resource may carry (every one of the four services), and the room
// that the operator's own take at most.
const (
	maxTags = 50
	ownTags = 10
)

// tagAPI is the tagging half of one service.
type tagAPI interface {
	// read answers with the tags of every ARN that it learned; what is not in
	// the answer is gone or unknown. A call takes at most batch() ARNs.
	read(ctx context.Context, api awsclient.API, arns []string) (map[string]map[string]string, error)
	batch() int
	operation() string // what read calls, as IAM spells it
	set(ctx context.Context, api awsclient.API, arn string, tags map[string]string) error
	remove(ctx context.Context, api awsclient.API, arn string, keys []string) error
}

// writeTags makes the tag changes of a write, and only those: paths "tags.KEY".
func writeTags(ctx context.Context, t tagAPI, api awsclient.API, arn string, w resource.Write) error {
	set, remove := tagChanges(w)
	if len(set) > 0 {
		if err := t.set(ctx, api, arn, set); err != nil {
			return err
		}
	}
	if len(remove) > 0 {
		return t.remove(ctx, api, arn, remove)
	}
	return nil
}

// retag makes the tag changes of a write, the last of an update. The answer is
// the live object with its tags as they are then, and otherwise as it was read.
func retag(ctx context.Context, t tagAPI, api awsclient.API, w resource.Write) (resource.Live, error) {
	if err := writeTags(ctx, t, api, w.Live.ARN, w); err != nil {
		return resource.Live{}, err
	}
	l := w.Live
	l.Tags = tagged(w)
	return l, nil
}

func tagChanges(w resource.Write) (set map[string]string, remove []string) {
	set = map[string]string{}
	for _, c := range w.Changes {
		key, ok := strings.CutPrefix(c.Path, "tags.")
		if !ok || c.Informational {
			continue
		}
		if v, wanted := w.Object.Tags[key]; wanted && c.Op != diff.Remove {
			set[key] = v
		} else if c.Op == diff.Remove {
			remove = append(remove, key)
		}
	}
	slices.Sort(remove)
	return set, remove
}

// tagged is a live object's tags after the changes of a write.
func tagged(w resource.Write) map[string]string {
	out := maps.Clone(w.Live.Tags)
	if out == nil {
		out = map[string]string{}
	}
	set, remove := tagChanges(w)
	maps.Copy(out, set)
	for _, k := range remove {
		delete(out, k)
	}
	return out
}

// takeTags moves the author's tags out of the body, and their positions from
// "tags[0].value" to "tags.KEY".
func takeTags[T any](u *resource.Unit, o *resource.Object, tags *[]T, pair func(T) (key, value *string)) []spec.Problem {
	var problems []spec.Problem
	for i, t := range *tags {
		k, v := pair(t)
		key, at := aws.ToString(k), indexed("tags", i)
		switch {
		case key == "":
			problems = append(problems, problem(u, o, at, "a tag without a key"))
		case strings.HasPrefix(key, resource.TagPrefix) || strings.HasPrefix(strings.ToLower(key), "aws:"):
			problems = append(problems, problem(u, o, at, "tag %q: keys that start with %s and aws: are reserved", key, resource.TagPrefix))
		default:
			if _, twice := o.Tags[key]; twice {
				problems = append(problems, problem(u, o, at, "tag %q is written twice", key))
			}
		}
		o.Tags[key] = aws.ToString(v)
		for _, path := range []string{at + ".value", at + ".key", at} {
			if pos := o.Written.At(path); pos != "" {
				o.Written.Set("tags."+key, pos)
				break
			}
		}
	}
	*tags = nil
	o.Written.Delete(func(path string) bool { return strings.HasPrefix(path, "tags[") })
	return append(problems, tagRoom(u, o)...)
}

func tagRoom(u *resource.Unit, o *resource.Object) []spec.Problem {
	if len(o.Tags) <= maxTags-ownTags {
		return nil
	}
	return []spec.Problem{problem(u, o, "tags", "%d tags leave no room for the operator's own: AWS takes %d, of which %d are kept free",
		len(o.Tags), maxTags, ownTags)}
}

// pairs turns tags into an SDK's list, in the order of the keys.
func pairs[T any](tags map[string]string, one func(k, v *string) T) []T {
	out := make([]T, 0, len(tags))
	for _, k := range slices.Sorted(maps.Keys(tags)) {
		out = append(out, one(aws.String(k), aws.String(tags[k])))
	}
	return out
}

func ecsTag(k, v *string) ecstypes.Tag { return ecstypes.Tag{Key: k, Value: v} }
func elbTag(k, v *string) elbtypes.Tag { return elbtypes.Tag{Key: k, Value: v} }
func cwTag(k, v *string) cwtypes.Tag   { return cwtypes.Tag{Key: k, Value: v} }

func ecsPair(t ecstypes.Tag) (k, v *string) { return t.Key, t.Value }
func elbPair(t elbtypes.Tag) (k, v *string) { return t.Key, t.Value }
func cwPair(t cwtypes.Tag) (k, v *string)   { return t.Key, t.Value }

// fromPairs reads tags, also those that AWS itself writes and nobody else may
// ("aws:cloudformation:stack-name"): they say whose an object is.
func fromPairs[T any](tags []T, pair func(T) (k, v *string)) map[string]string {
	out := make(map[string]string, len(tags))
	for _, t := range tags {
		k, v := pair(t)
		out[aws.ToString(k)] = aws.ToString(v)
	}
	return out
}

// ecsTags are those of services and task definitions.
type ecsTags struct{}

func (ecsTags) batch() int        { return 1 }
func (ecsTags) operation() string { return "ecs:ListTagsForResource" }

func (ecsTags) read(ctx context.Context, api awsclient.API, arns []string) (map[string]map[string]string, error) {
	return eachTags(arns, func(arn string) (map[string]string, error) {
		out, err := api.ECS.ListTagsForResource(ctx, &ecs.ListTagsForResourceInput{ResourceArn: &arn})
		if err != nil {
			return nil, err
		}
		return fromPairs(out.Tags, ecsPair), nil
	})
}

func (ecsTags) set(ctx context.Context, api awsclient.API, arn string, tags map[string]string) error {
	_, err := api.ECS.TagResource(ctx, &ecs.TagResourceInput{ResourceArn: &arn, Tags: pairs(tags, ecsTag)})
	return err
}

func (ecsTags) remove(ctx context.Context, api awsclient.API, arn string, keys []string) error {
	_, err := api.ECS.UntagResource(ctx, &ecs.UntagResourceInput{ResourceArn: &arn, TagKeys: keys})
	return err
}

// elbTags are those of target groups and listener rules.
type elbTags struct{}

// DescribeTags takes 20 ARNs (the SDK's comment on the operation).
func (elbTags) batch() int        { return 20 }
func (elbTags) operation() string { return "elasticloadbalancing:DescribeTags" }

func (elbTags) read(ctx context.Context, api awsclient.API, arns []string) (map[string]map[string]string, error) {
	out, err := api.ELB.DescribeTags(ctx, &elasticloadbalancingv2.DescribeTagsInput{ResourceArns: arns})
	if err != nil {
		return nil, err
	}
	all := make(map[string]map[string]string, len(arns))
	for _, d := range out.TagDescriptions {
		all[aws.ToString(d.ResourceArn)] = fromPairs(d.Tags, elbPair)
	}
	return all, nil
}

func (elbTags) set(ctx context.Context, api awsclient.API, arn string, tags map[string]string) error {
	_, err := api.ELB.AddTags(ctx, &elasticloadbalancingv2.AddTagsInput{ResourceArns: []string{arn}, Tags: pairs(tags, elbTag)})
	return err
}

func (elbTags) remove(ctx context.Context, api awsclient.API, arn string, keys []string) error {
	_, err := api.ELB.RemoveTags(ctx, &elasticloadbalancingv2.RemoveTagsInput{ResourceArns: []string{arn}, TagKeys: keys})
	return err
}

// alarmTags are those of CloudWatch.
type alarmTags struct{}

func (alarmTags) batch() int        { return 1 }
func (alarmTags) operation() string { return "cloudwatch:ListTagsForResource" }

func (alarmTags) read(ctx context.Context, api awsclient.API, arns []string) (map[string]map[string]string, error) {
	return eachTags(arns, func(arn string) (map[string]string, error) {
		out, err := api.CloudWatch.ListTagsForResource(ctx, &cloudwatch.ListTagsForResourceInput{ResourceARN: &arn})
		if err != nil {
			return nil, err
		}
		return fromPairs(out.Tags, cwPair), nil
	})
}

func (alarmTags) set(ctx context.Context, api awsclient.API, arn string, tags map[string]string) error {
	_, err := api.CloudWatch.TagResource(ctx, &cloudwatch.TagResourceInput{ResourceARN: &arn, Tags: pairs(tags, cwTag)})
	return err
}

func (alarmTags) remove(ctx context.Context, api awsclient.API, arn string, keys []string) error {
	_, err := api.CloudWatch.UntagResource(ctx, &cloudwatch.UntagResourceInput{ResourceARN: &arn, TagKeys: keys})
	return err
}

// scalingTags are those of scalable targets.
type scalingTags struct{}

func (scalingTags) batch() int        { return 1 }
func (scalingTags) operation() string { return "application-autoscaling:ListTagsForResource" }

func (scalingTags) read(ctx context.Context, api awsclient.API, arns []string) (map[string]map[string]string, error) {
	return eachTags(arns, func(arn string) (map[string]string, error) {
		out, err := api.AutoScaling.ListTagsForResource(ctx, &applicationautoscaling.ListTagsForResourceInput{ResourceARN: &arn})
		if err != nil {
			return nil, err
		}
		if out.Tags == nil {
			return map[string]string{}, nil
		}
		return out.Tags, nil
	})
}

func (scalingTags) set(ctx context.Context, api awsclient.API, arn string, tags map[string]string) error {
	_, err := api.AutoScaling.TagResource(ctx, &applicationautoscaling.TagResourceInput{ResourceARN: &arn, Tags: tags})
	return err
}

func (scalingTags) remove(ctx context.Context, api awsclient.API, arn string, keys []string) error {
	_, err := api.AutoScaling.UntagResource(ctx, &applicationautoscaling.UntagResourceInput{ResourceARN: &arn, TagKeys: keys})
	return err
}

// eachTags reads one by one; what is gone is left out of the answer. It stops
// at the first other error: the budget is not spent on more of the same.
func eachTags(arns []string, one func(arn string) (map[string]string, error)) (map[string]map[string]string, error) {
	out := make(map[string]map[string]string, len(arns))
	for _, arn := range arns {
		tags, err := one(arn)
		if resource.ClassOf(err) == resource.ClassNotFound {
			continue
		}
		if err != nil {
			return out, err
		}
		out[arn] = tags
	}
	return out, nil
}

// untold is why an object is unknown whose tags are not among those that were
// read: the error of the reading, or the silence about it.
func untold(t tagAPI, err error) error {
	if err != nil {
		return err
	}
	return resource.Errorf(resource.ClassTransient, t.operation(), "%v", errUntold)
}

var errUntold = errors.New("its tags were not in AWS' answer")
