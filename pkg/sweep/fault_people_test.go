package sweep

import (
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"

	"github.com/ecs-operator/ecs-operator/pkg/resource"
	"github.com/ecs-operator/ecs-operator/pkg/sandbox"
)

// standing is what there is in AWS of the first service that is ours, "" for what there
// is not.
type standing struct {
	Cluster, Service, ServiceARN string
	Rule                         string // ARN
	Alarm                        string // name
	Resource                     string // of the scalable target
	Policy                       string // name
}

// meddling is what people did in a case.
type meddling struct {
	standing
	writes int // of the operators before it
}

// standingOf looks for it.
func standingOf(v *sandbox.World) standing {
	var s standing
	for _, cluster := range sorted(v.ECS.Clusters) {
		for _, name := range sorted(v.ECS.Clusters[cluster].Services) {
			x := v.ECS.Clusters[cluster].Services[name]
			if aws.ToString(x.Service.Status) != "ACTIVE" || s.Service != "" {
				continue
			}
			for _, t := range x.Service.Tags {
				if aws.ToString(t.Key) == resource.TagOwner && aws.ToString(t.Value) == resource.DefaultOwner {
					s.Cluster, s.Service, s.ServiceARN = cluster, name, aws.ToString(x.Service.ServiceArn)
				}
			}
		}
	}
	for _, r := range v.ELB.Rules {
		if arn := aws.ToString(r.Value.RuleArn); s.Rule == "" && v.ELB.Tags[arn][resource.TagOwner] == resource.DefaultOwner {
			s.Rule = arn
		}
	}
	for _, name := range sorted(v.Alarms.Metric) {
		if a := v.Alarms.Metric[name]; s.Alarm == "" && a.Tags[resource.TagOwner] == resource.DefaultOwner {
			s.Alarm = name
		}
	}
	for _, key := range sorted(v.Scaling.Targets) {
		if t := v.Scaling.Targets[key]; s.Resource == "" && t.Tags[resource.TagOwner] == resource.DefaultOwner {
			s.Resource = key
		}
	}
	for _, key := range sorted(v.Scaling.Policies) {
		if p := v.Scaling.Policies[key].Policy; s.Policy == "" && s.Resource != "" && aws.ToString(p.ResourceId) == s.Resource {
			s.Policy = aws.ToString(p.PolicyName)
		}
	}
	return s
}

func sorted[V any](m map[string]V) []string {
	var keys []string
	for k := range m {
		keys = append(keys, k)
	}
	slices.SortFunc(keys, strings.Compare)
	return keys
}
