package kinds

import (
	"context"
	"maps"
	"slices"

	"github.com/aws/aws-sdk-go-v2/aws"
	scalingtypes "github.com/aws/aws-sdk-go-v2/service/applicationautoscaling/types"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	cwtypes "github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"
	"github.com/aws/aws-sdk-go-v2/service/ecs"
	ecstypes "github.com/aws/aws-sdk-go-v2/service/ecs/types"
	"github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2"

	"github.com/ecs-operator/ecs-operator/pkg/awsclient"
	"github.com/ecs-operator/ecs-operator/pkg/resource"
)

// The census without the tagging API: everything of a kind is listed and its
// tags are read. Each of these is complete, or an error.

// tagsOfAll reads the tags of every ARN; one that is gone meanwhile is left out.
func tagsOfAll(ctx context.Context, c *awsclient.Clients, t tagAPI, arns []string) (map[string]map[string]string, error) {
	out := make(map[string]map[string]string, len(arns))
	for _, chunk := range chunks(arns, t.batch()) {
		tags, err := t.read(ctx, c.Read, chunk)
		if resource.ClassOf(err) == resource.ClassNotFound && len(chunk) > 1 { // one that went fails all of the call
			tags, err = eachTags(chunk, func(arn string) (map[string]string, error) {
				one, err := t.read(ctx, c.Read, []string{arn})
				return one[arn], err
			})
		}
		if resource.ClassOf(err) == resource.ClassNotFound {
			continue
		}
		if err != nil {
			return nil, err
		}
		maps.Copy(out, tags)
	}
	return out, nil
}

// listServices: services of every cluster, with their tags, ten a call.
func listServices(ctx context.Context, c *awsclient.Clients) (map[string]map[string]string, error) {
	var clusters []string
	pages := ecs.NewListClustersPaginator(c.Read.ECS, &ecs.ListClustersInput{MaxResults: aws.Int32(100)})
	if err := eachPage(ctx, pages, func(p *ecs.ListClustersOutput) { clusters = append(clusters, p.ClusterArns...) }); err != nil {
		return nil, err
	}
	out := map[string]map[string]string{}
	for _, cluster := range clusters {
		var arns []string
		pages := ecs.NewListServicesPaginator(c.Read.ECS, &ecs.ListServicesInput{Cluster: &cluster, MaxResults: aws.Int32(100)})
		if err := eachPage(ctx, pages, func(p *ecs.ListServicesOutput) { arns = append(arns, p.ServiceArns...) }); err != nil {
			return nil, err
		}
		for _, chunk := range chunks(arns, 10) {
			answer, err := c.Read.ECS.DescribeServices(ctx, &ecs.DescribeServicesInput{
				Cluster: &cluster, Services: chunk, Include: []ecstypes.ServiceField{ecstypes.ServiceFieldTags}})
			if err != nil {
				return nil, err
			}
			for _, f := range answer.Failures {
				if aws.ToString(f.Reason) != "MISSING" { // else it went meanwhile
					return nil, resource.Errorf(resource.ClassTransient, "ecs:DescribeServices", "%s: %s", aws.ToString(f.Arn), aws.ToString(f.Reason))
				}
			}
			for i := range answer.Services {
				if s := &answer.Services[i]; aws.ToString(s.Status) != "INACTIVE" {
					out[aws.ToString(s.ServiceArn)] = fromPairs(s.Tags, ecsPair)
				}
			}
		}
	}
	return out, nil
}

func listRevisions(ctx context.Context, c *awsclient.Clients) (map[string]map[string]string, error) {
	var arns []string
	pages := ecs.NewListTaskDefinitionsPaginator(c.Read.ECS, &ecs.ListTaskDefinitionsInput{Status: ecstypes.TaskDefinitionStatusActive, MaxResults: aws.Int32(100)})
	if err := eachPage(ctx, pages, func(p *ecs.ListTaskDefinitionsOutput) { arns = append(arns, p.TaskDefinitionArns...) }); err != nil {
		return nil, err
	}
	return tagsOfAll(ctx, c, ecsTags{}, arns)
}

func listGroups(ctx context.Context, c *awsclient.Clients) (map[string]map[string]string, error) {
	var arns []string
	pages := elasticloadbalancingv2.NewDescribeTargetGroupsPaginator(c.Read.ELB, &elasticloadbalancingv2.DescribeTargetGroupsInput{PageSize: aws.Int32(groupPage)})
	err := eachPage(ctx, pages, func(p *elasticloadbalancingv2.DescribeTargetGroupsOutput) {
		for _, tg := range p.TargetGroups {
			arns = append(arns, aws.ToString(tg.TargetGroupArn))
		}
	})
	if err != nil {
		return nil, err
	}
	return tagsOfAll(ctx, c, elbTags{}, arns)
}

// listRules goes through every listener of every load balancer. What is deleted
// in between has no rules.
func listRules(ctx context.Context, c *awsclient.Clients) (map[string]map[string]string, error) {
	var balancers, listeners, rules []string
	pages := elasticloadbalancingv2.NewDescribeLoadBalancersPaginator(c.Read.ELB, &elasticloadbalancingv2.DescribeLoadBalancersInput{PageSize: aws.Int32(400)})
	err := eachPage(ctx, pages, func(p *elasticloadbalancingv2.DescribeLoadBalancersOutput) {
		for _, lb := range p.LoadBalancers {
			balancers = append(balancers, aws.ToString(lb.LoadBalancerArn))
		}
	})
	if err != nil {
		return nil, err
	}
	for _, lb := range balancers {
		pages := elasticloadbalancingv2.NewDescribeListenersPaginator(c.Read.ELB, &elasticloadbalancingv2.DescribeListenersInput{LoadBalancerArn: &lb, PageSize: aws.Int32(400)})
		err := eachPage(ctx, pages, func(p *elasticloadbalancingv2.DescribeListenersOutput) {
			for _, l := range p.Listeners {
				listeners = append(listeners, aws.ToString(l.ListenerArn))
			}
		})
		if gone(err) != nil {
			return nil, err
		}
	}
	for _, listener := range listeners {
		pages := elasticloadbalancingv2.NewDescribeRulesPaginator(c.Read.ELB, &elasticloadbalancingv2.DescribeRulesInput{ListenerArn: &listener, PageSize: aws.Int32(400)})
		err := eachPage(ctx, pages, func(p *elasticloadbalancingv2.DescribeRulesOutput) {
			for _, r := range p.Rules {
				if !aws.ToBool(r.IsDefault) {
					rules = append(rules, aws.ToString(r.RuleArn))
				}
			}
		})
		if gone(err) != nil {
			return nil, err
		}
	}
	return tagsOfAll(ctx, c, elbTags{}, rules)
}

// listTargets: scalable targets without an ARN carry no tags.
func listTargets(ctx context.Context, c *awsclient.Clients) (map[string]map[string]string, error) {
	var arns []string
	err := everyTarget(ctx, c.Read, func(t *scalingtypes.ScalableTarget) {
		if arn := aws.ToString(t.ScalableTargetARN); arn != "" {
			arns = append(arns, arn)
		}
	})
	if err != nil {
		return nil, err
	}
	return tagsOfAll(ctx, c, scalingTags{}, slices.Compact(arns))
}

func listAlarms(ctx context.Context, c *awsclient.Clients) (map[string]map[string]string, error) {
	var arns []string
	pages := cloudwatch.NewDescribeAlarmsPaginator(c.Read.CloudWatch, &cloudwatch.DescribeAlarmsInput{MaxRecords: aws.Int32(100),
		AlarmTypes: []cwtypes.AlarmType{cwtypes.AlarmTypeMetricAlarm, cwtypes.AlarmTypeCompositeAlarm}})
	err := eachPage(ctx, pages, func(p *cloudwatch.DescribeAlarmsOutput) {
		for _, a := range p.MetricAlarms {
			arns = append(arns, aws.ToString(a.AlarmArn))
		}
		for _, a := range p.CompositeAlarms {
			arns = append(arns, aws.ToString(a.AlarmArn))
		}
	})
	if err != nil {
		return nil, err
	}
	return tagsOfAll(ctx, c, alarmTags{}, arns)
}
