package kinds

import (
	"slices"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ecs"
	ecstypes "github.com/aws/aws-sdk-go-v2/service/ecs/types"
	"github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2"
	"github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2/types"

	"github.com/ecs-operator/ecs-operator/pkg/resource"
)

func forward(groups ...any) []types.Action {
	f := &types.ForwardActionConfig{}
	for i := 0; i < len(groups); i += 2 {
		f.TargetGroups = append(f.TargetGroups, types.TargetGroupTuple{TargetGroupArn: aws.String(groups[i].(string)), Weight: aws.Int32(int32(groups[i+1].(int)))})
	}
	return []types.Action{{Type: types.ActionTypeEnumForward, ForwardConfig: f}}
}

// ECS owns the weights of a rule only while the service shifts traffic with it;
// the target groups stay the document's.
func TestGovernedWeights(t *testing.T) {
	for _, c := range []struct {
		name     string
		strategy ecstypes.DeploymentStrategy
		live     []types.Action
		want     []string
	}{
		{"shifted", ecstypes.DeploymentStrategyBlueGreen, forward("blue", 0, "green", 100), nil},
		{"in the middle", ecstypes.DeploymentStrategyCanary, forward("blue", 95, "green", 5), nil},
		{"another order", ecstypes.DeploymentStrategyLinear, forward("green", 1, "blue", 0), nil},
		{"rolling, back from another strategy", ecstypes.DeploymentStrategyRolling, forward("blue", 0, "green", 1), nil},
		{"no strategy, but a pair", "", forward("blue", 0, "green", 1), nil},
		{"no pair", "none", forward("blue", 0, "green", 1), []string{"actions[0].forwardConfig.targetGroups"}},
		{"another group", ecstypes.DeploymentStrategyBlueGreen, forward("blue", 0, "red", 1), []string{"actions[0].forwardConfig.targetGroups"}},
		{"the alternate beside it", ecstypes.DeploymentStrategyBlueGreen, forward("blue", 0, "green", 1, "alt", 100), nil},
		{"a group is gone", ecstypes.DeploymentStrategyBlueGreen, forward("blue", 1), []string{"actions[0].forwardConfig.targetGroups"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			id := resource.ID{Target: "default", Cluster: "default", Unit: "web", Kind: resource.KindListenerRule, Name: "web"}
			rule := resource.Object{ID: id, Section: "listenerRules.web", Want: &elasticloadbalancingv2.CreateRuleInput{
				ListenerArn: aws.String("l"), Priority: aws.Int32(1), Actions: forward("blue", 1, "green", 0)}}
			service := resource.Object{ID: id.Of(resource.KindService, ""), Want: &ecs.CreateServiceInput{
				DeploymentConfiguration: &ecstypes.DeploymentConfiguration{Strategy: c.strategy},
				LoadBalancers: []ecstypes.LoadBalancer{{TargetGroupArn: aws.String("blue"), AdvancedConfiguration: &ecstypes.AdvancedConfiguration{AlternateTargetGroupArn: aws.String("alt"),
					ProductionListenerRule: aws.String("$(listenerRules.web.arn)")}}}}}
			if c.strategy == "none" {
				in := service.Want.(*ecs.CreateServiceInput)
				in.DeploymentConfiguration, in.LoadBalancers[0].AdvancedConfiguration = nil, nil
			}
			u := (&resource.Unit{Key: id.Key()}).With(&rule, &service)
			k := newListenerRule(base{})
			k.Complete(resource.Frame{}, u, u.Objects()[0])
			live := resource.Live{ID: id, Presence: resource.Present, Value: &elasticloadbalancingv2.CreateRuleInput{
				ListenerArn: aws.String("l"), Priority: aws.Int32(1), Actions: c.live}}
			var paths []string
			for _, change := range k.Diff(u.Objects()[0], &live, resource.Compare{}) {
				paths = append(paths, change.Path)
			}
			if !slices.Equal(paths, c.want) {
				t.Errorf("shows %v, want %v", paths, c.want)
			}
		})
	}
}

// What is sent back are the live weights; a group that is new has its own.
func TestKeepWeights(t *testing.T) {
	want := forward("blue", 1, "green", 0, "new", 7)
	keepWeights(want, forward("green", 90, "blue", 10, "old", 3, "other", 4), []string{"blue", "other"})
	var got []int32
	for _, tg := range want[0].ForwardConfig.TargetGroups {
		got = append(got, *tg.Weight)
	}
	if !slices.Equal(got, []int32{10, 90, 7, 4}) {
		t.Errorf("sends %v", got)
	}
}
