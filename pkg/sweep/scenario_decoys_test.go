package sweep

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/applicationautoscaling"
	scalingtypes "github.com/aws/aws-sdk-go-v2/service/applicationautoscaling/types"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	cwtypes "github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"
	"github.com/aws/aws-sdk-go-v2/service/ecs"
	ecstypes "github.com/aws/aws-sdk-go-v2/service/ecs/types"
	elb "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2"
	elbtypes "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2/types"

	"github.com/ecs-operator/ecs-operator/pkg/resource"
)

// twinCluster has a service of the same name, with the very tags.
const twinCluster = "twins"

// twin is the service beside whose things decoys are put: the one that goes, where one
// does, else the first.
func (s *scenario) twin() string {
	for _, file := range slices.Sorted(maps.Keys(s.before)) {
		if s.after != nil && s.after[file] == "" {
			return strings.TrimSuffix(file, ".yaml")
		}
	}
	files := slices.Sorted(maps.Keys(s.after))
	if s.after == nil {
		files = slices.Sorted(maps.Keys(s.before))
	}
	return strings.TrimSuffix(files[0], ".yaml")
}

// decoyTags are tags that look like those of a unit and do not make a thing the
// operator's: KEY stands for the thing's own key. Those of another scope have the unit's
// own name where the unit is there already; one that is not would be that scope's.
func decoyTags(unit string, there bool) []map[string]string {
	owner, other, named := resource.DefaultOwner, "somebody", unit
	if !there {
		named += "-3"
	}
	return []map[string]string{
		{resource.TagOwner: other, resource.TagScope: scope, resource.TagUnit: unit, resource.TagKey: "KEY"},
		{resource.TagScope: scope, resource.TagUnit: unit, resource.TagKey: "KEY"},
		{resource.TagOwner: owner, resource.TagScope: "another", resource.TagUnit: named, resource.TagKey: "KEY"},
		{resource.TagOwner: owner, resource.TagUnit: unit + "-2", resource.TagKey: "KEY"},
		{},
	}
}

// decoys puts beside what the scenario has what looks like it and is not its.
func (s *scenario) decoys(h human) {
	name := s.twin()
	all := fmt.Sprint(s.before, s.after)
	d := &decoyer{h: h, name: name, unit: "default/" + name, there: s.before != nil}
	d.services(strings.Contains(all, "  scaling:"))
	for i, tags := range decoyTags(d.unit, d.there) {
		if strings.Contains(all, "  alarms:") {
			d.alarm(i, tags)
		}
		if strings.Contains(all, "  targetGroups:") {
			d.rule(i, d.group(i, tags), tags)
		}
	}
}

type decoyer struct {
	h          human
	name, unit string
	there      bool
}

// services are one of the same name and tags in another cluster, with a scalable target
// where the scenario has one; one of nobody's with a name that begins so; and revisions
// of other people in the service's own family.
func (d *decoyer) services(scaled bool) {
	api := d.h.aws().Write
	_, err := api.ECS.CreateCluster(d.h.ctx, &ecs.CreateClusterInput{ClusterName: aws.String(twinCluster)})
	must(err)
	family := aws.String("default-" + d.name)
	for _, tags := range decoyTags(d.unit, d.there)[:2] {
		delete(tags, resource.TagKey)
		_, err = api.ECS.RegisterTaskDefinition(d.h.ctx, &ecs.RegisterTaskDefinitionInput{Family: family, Tags: ecsTagList(tags),
			ContainerDefinitions: []ecstypes.ContainerDefinition{{Name: aws.String("web"), Image: aws.String("decoy:1"), Memory: aws.Int32(64)}}})
		must(err)
	}
	very := map[string]string{resource.TagOwner: resource.DefaultOwner, resource.TagScope: scope, resource.TagUnit: d.unit}
	for _, in := range []*ecs.CreateServiceInput{
		{Cluster: aws.String(twinCluster), ServiceName: &d.name, Tags: ecsTagList(very)},
		{Cluster: aws.String("default"), ServiceName: aws.String(d.name + "-2"), Tags: ecsTagList(map[string]string{resource.TagScope: scope, resource.TagUnit: d.unit})},
	} {
		in.TaskDefinition, in.DesiredCount = family, aws.Int32(0)
		_, err := api.ECS.CreateService(d.h.ctx, in)
		must(err)
	}
	if !scaled {
		return
	}
	_, err = api.AutoScaling.RegisterScalableTarget(d.h.ctx, &applicationautoscaling.RegisterScalableTargetInput{
		ResourceId: aws.String("service/" + twinCluster + "/" + d.name), ScalableDimension: scalingtypes.ScalableDimensionECSServiceDesiredCount,
		ServiceNamespace: scalingtypes.ServiceNamespaceEcs, MinCapacity: aws.Int32(0), MaxCapacity: aws.Int32(1), Tags: very})
	must(err)
}

// alarm is one whose name continues that of the scenario's own (the constant alarm).
func (d *decoyer) alarm(i int, tags map[string]string) {
	in := &cloudwatch.PutMetricAlarmInput{AlarmName: aws.String(fmt.Sprintf("%s/%s/busy-decoy%d", resource.DefaultOwner, d.unit, i)), MetricName: aws.String("m"), Namespace: aws.String("n"),
		Statistic: cwtypes.StatisticSum, Period: aws.Int32(60), EvaluationPeriods: aws.Int32(1), Threshold: aws.Float64(1), ComparisonOperator: cwtypes.ComparisonOperatorGreaterThanThreshold}
	for k, v := range tags {
		in.Tags = append(in.Tags, cwtypes.Tag{Key: aws.String(k), Value: aws.String(strings.Replace(v, "KEY", "alarm/busy", 1))})
	}
	_, err := d.h.aws().Write.CloudWatch.PutMetricAlarm(d.h.ctx, in)
	must(err)
}

func (d *decoyer) group(i int, tags map[string]string) *string {
	out, err := d.h.aws().Write.ELB.CreateTargetGroup(d.h.ctx, &elb.CreateTargetGroupInput{Name: aws.String(fmt.Sprintf("%s-web-decoy%d", d.name, i)), Protocol: elbtypes.ProtocolEnumHttp,
		Port: aws.Int32(80), TargetType: elbtypes.TargetTypeEnumInstance, VpcId: aws.String("vpc-0sandbox"), Tags: elbTagList(tags, "target-group/web")})
	must(err)
	return out.TargetGroups[0].TargetGroupArn
}

func (d *decoyer) rule(i int, group *string, tags map[string]string) {
	const listener = "arn:aws:elasticloadbalancing:us-east-1:123456789012:listener/app/main/0123456789abcdef/fedcba9876543210"
	_, err := d.h.aws().Write.ELB.CreateRule(d.h.ctx, &elb.CreateRuleInput{ListenerArn: aws.String(listener), Priority: aws.Int32(int32(200 + i)),
		Conditions: []elbtypes.RuleCondition{{Field: aws.String("path-pattern"), Values: []string{fmt.Sprintf("/decoy/%d", i)}}},
		Actions:    []elbtypes.Action{{Type: elbtypes.ActionTypeEnumForward, TargetGroupArn: group}}, Tags: elbTagList(tags, "rule/web")})
	must(err)
}

func ecsTagList(tags map[string]string) (out []ecstypes.Tag) {
	for _, k := range slices.Sorted(maps.Keys(tags)) {
		out = append(out, ecstypes.Tag{Key: aws.String(k), Value: aws.String(tags[k])})
	}
	return out
}

func elbTagList(tags map[string]string, key string) (out []elbtypes.Tag) {
	for _, k := range slices.Sorted(maps.Keys(tags)) {
		out = append(out, elbtypes.Tag{Key: aws.String(k), Value: aws.String(strings.Replace(tags[k], "KEY", key, 1))})
	}
	return out
}
