package sandbox

import (
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ecs"
	"github.com/aws/aws-sdk-go-v2/service/ecs/types"
)

// checkTags refuses tags that AWS refuses; old are those that are there already.
func checkTags(tags, old []types.Tag) error {
	seen := map[string]bool{}
	for _, t := range tags {
		key := aws.ToString(t.Key)
		switch {
		case key == "" || len(key) > 128:
			return refuse("InvalidParameterException", "Tag keys must be between 1 and 128 characters long.")
		case strings.HasPrefix(strings.ToLower(key), "aws:"):
			return refuse("InvalidParameterException", "Tag keys cannot start with the reserved prefix aws:.")
		case len(aws.ToString(t.Value)) > 256:
			return refuse("InvalidParameterException", "Tag values must be at most 256 characters long.")
		case seen[key]:
			return refuse("InvalidParameterException", "Duplicate tag keys are not allowed: %s", key)
		}
		seen[key] = true
	}
	for _, t := range old {
		seen[aws.ToString(t.Key)] = true
	}
	if len(seen) > 50 {
		return refuse("InvalidParameterException", "The maximum number of tags that can be applied to a resource is 50.")
	}
	return nil
}

// tagsOf finds where the tags of an ARN are kept.
func (w *World) tagsOf(arn string) (*[]types.Tag, error) {
	rest, ok := strings.CutPrefix(arn, ecsPrefix)
	kind, name, cut := strings.Cut(rest, "/")
	if !ok || !cut {
		return nil, refuse("InvalidParameterException", "Invalid ARN: %s", arn)
	}
	parts := strings.Split(name, "/")
	gone := refuse("InvalidParameterException", "The specified %s does not exist. Specify a valid ARN and try again.", kind)
	switch kind {
	case "cluster":
		if cl, ok := w.ECS.Clusters[name]; ok && aws.ToString(cl.Cluster.Status) != statusInactive {
			return &cl.Cluster.Tags, nil
		}
		return nil, refuse("ClusterNotFoundException", "Cluster not found.")
	case "task-definition":
		if d := w.taskDefinition(arn); d != nil && strings.Contains(name, ":") {
			return &d.Tags, nil
		}
		return nil, gone
	case "capacity-provider":
		if p, ok := w.ECS.Providers[name]; ok {
			return &p.Tags, nil
		}
		return nil, gone
	}
	if len(parts) != 2 { // "short service ARN" of before 2018
		return nil, refuse("InvalidParameterException", "Long arn format must be used for tagging operations")
	}
	cl, ok := w.ECS.Clusters[parts[0]]
	if !ok {
		return nil, refuse("ClusterNotFoundException", "Cluster not found.")
	}
	switch kind {
	case "service":
		s, ok := cl.Services[parts[1]]
		if !ok {
			return nil, refuse("ServiceNotFoundException", "Service not found.")
		}
		if aws.ToString(s.Service.Status) == statusInactive {
			return nil, refuse("ServiceNotActiveException", "Service was not ACTIVE.")
		}
		if resourceShort(aws.ToString(s.Service.ServiceArn)) { // boto3#2473
			return nil, invalid("The specified service does not have the longArn format. Only services created after opting in will have the new format.")
		}
		return &s.Service.Tags, nil
	case "task":
		if t, ok := cl.Tasks[parts[1]]; ok {
			return &t.Kept, nil
		}
	case "container-instance":
		if i, ok := cl.Instances[parts[1]]; ok {
			return &i.Instance.Tags, nil
		}
	}
	return nil, gone
}

func tagResource(c *call, in *ecs.TagResourceInput) (*ecs.TagResourceOutput, error) {
	tags, err := c.w.tagsOf(aws.ToString(in.ResourceArn))
	if err != nil {
		return nil, err
	}
	if len(in.Tags) == 0 {
		return nil, refuse("InvalidParameterException", "Tags can not be empty.")
	}
	if err := checkTags(in.Tags, *tags); err != nil {
		return nil, err
	}
	out := slices.Clone(*tags)
	for _, t := range in.Tags {
		at := slices.IndexFunc(out, func(o types.Tag) bool { return aws.ToString(o.Key) == aws.ToString(t.Key) })
		if t.Value == nil {
			t.Value = aws.String("")
		}
		if at < 0 {
			out = append(out, t)
			continue
		}
		out[at] = t
	}
	*tags = out
	return &ecs.TagResourceOutput{}, nil
}

func untagResource(c *call, in *ecs.UntagResourceInput) (*ecs.UntagResourceOutput, error) {
	tags, err := c.w.tagsOf(aws.ToString(in.ResourceArn))
	if err != nil {
		return nil, err
	}
	*tags = slices.DeleteFunc(slices.Clone(orEmpty(*tags)), func(t types.Tag) bool { return slices.Contains(in.TagKeys, aws.ToString(t.Key)) })
	return &ecs.UntagResourceOutput{}, nil
}

func listTagsForResource(c *call, in *ecs.ListTagsForResourceInput) (*ecs.ListTagsForResourceOutput, error) {
	tags, err := c.w.tagsOf(aws.ToString(in.ResourceArn))
	if err != nil {
		return nil, err
	}
	return &ecs.ListTagsForResourceOutput{Tags: slices.Clone(orEmpty(*tags))}, nil
}

// ecsTaggables are the resources of ECS for the tagging API, but what is gone.
func (w *World) ecsTaggables(yield func(taggable) bool) bool {
	for name, cl := range w.ECS.Clusters {
		if aws.ToString(cl.Cluster.Status) == statusInactive {
			continue
		}
		if !yield(taggable{arn: clusterARN(name), kind: "ecs:cluster", list: cl.Cluster.Tags}) {
			return false
		}
		for _, s := range cl.Services {
			if aws.ToString(s.Service.Status) != statusInactive && !yield(taggable{arn: aws.ToString(s.Service.ServiceArn), kind: "ecs:service", list: s.Service.Tags}) {
				return false
			}
		}
		for _, t := range cl.Tasks {
			if !t.stopped() && !yield(taggable{arn: aws.ToString(t.Task.TaskArn), kind: "ecs:task", list: t.Kept}) {
				return false
			}
		}
	}
	for _, f := range w.ECS.Families {
		for _, d := range f.Revisions {
			if d.Definition.Status == types.TaskDefinitionStatusActive && !yield(taggable{arn: d.arn(), kind: "ecs:task-definition", list: d.Tags}) {
				return false
			}
		}
	}
	for name, p := range w.ECS.Providers {
		if !yield(taggable{arn: providerARN(name), kind: "ecs:capacity-provider", list: p.Tags}) {
			return false
		}
	}
	return true
}

// resourceShort is whether a service's ARN is of the form without the cluster.
func resourceShort(arn string) bool { return strings.Count(arn, "/") == 1 }
