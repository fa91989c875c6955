package kinds

import (
	"fmt"
	"slices"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ecs"
	ecstypes "github.com/aws/aws-sdk-go-v2/service/ecs/types"
	"github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2"
	"github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2/types"

	"github.com/ecs-operator/ecs-operator/pkg/resource"
	"github.com/ecs-operator/ecs-operator/pkg/shape"
)

var (
	_ resource.Road       = (*service)(nil)
	_ resource.Road       = (*listenerRule)(nil)
	_ resource.Succession = (*targetGroup)(nil)
)

// maxServiceGroups is how many target groups a rolling service registers its
// tasks in (Developer Guide, "Registering multiple target groups with an Amazon
// ECS service"; CreateServiceInput.LoadBalancers).
const maxServiceGroups = 5

// maxActionGroups is how many target groups a forward action has (ELB user guide,
// "Quotas for your Application Load Balancers": target groups per action).
const maxActionGroups = 5

// Leads are the target groups in which ECS registers the service's tasks.
func (*service) Leads(input any) map[string]int32 {
	in, _ := input.(*ecs.CreateServiceInput)
	if in == nil {
		return nil
	}
	out := map[string]int32{}
	for _, lb := range in.LoadBalancers {
		if arn := aws.ToString(lb.TargetGroupArn); arn != "" {
			out[arn] = 1
		}
	}
	return out
}

// Beside registers the tasks in the old target groups too.
func (k *service) Beside(o resource.Object, t resource.Turn) (resource.Object, string) {
	in := shape.Clone(o.Want.(*ecs.CreateServiceInput))
	live, _ := t.Live.(*ecs.CreateServiceInput)
	// What the service leaves does not matter: it stands in both when it has become
	// ROLLING, and a deployment that still shifts traffic is waited for.
	if s := strategyOf(in); s != ecstypes.DeploymentStrategyRolling {
		return o, fmt.Sprintf("with the deployment strategy %s the service cannot stand in the old and in the new target group at a time", s)
	}
	for _, side := range []*ecs.CreateServiceInput{in, live} {
		if c := controllerOf(side); c != ecstypes.DeploymentControllerTypeEcs {
			return o, fmt.Sprintf("with the deployment controller %s the service cannot stand in the old and in the new target group at a time", c)
		}
	}
	var beside []ecstypes.LoadBalancer
	for _, lb := range in.LoadBalancers {
		if aws.ToString(lb.TargetGroupArn) != t.To {
			continue
		}
		for _, from := range t.From {
			if slices.ContainsFunc(in.LoadBalancers, func(have ecstypes.LoadBalancer) bool {
				return aws.ToString(have.TargetGroupArn) == from && aws.ToString(have.ContainerName) == aws.ToString(lb.ContainerName) &&
					aws.ToInt32(have.ContainerPort) == aws.ToInt32(lb.ContainerPort)
			}) {
				continue // it gives way to two
			}
			old := lb
			old.TargetGroupArn, old.AdvancedConfiguration = aws.String(from), nil
			beside = append(beside, old)
		}
	}
	in.LoadBalancers = append(in.LoadBalancers, beside...)
	if n := len(in.LoadBalancers); n > maxServiceGroups {
		return o, fmt.Sprintf("the service would stand in %d target groups meanwhile, and ECS takes %d", n, maxServiceGroups)
	}
	o.Want = in
	return o, ""
}

func strategyOf(in *ecs.CreateServiceInput) ecstypes.DeploymentStrategy {
	if in == nil || in.DeploymentConfiguration == nil || in.DeploymentConfiguration.Strategy == "" {
		return ecstypes.DeploymentStrategyRolling
	}
	return in.DeploymentConfiguration.Strategy
}

func controllerOf(in *ecs.CreateServiceInput) ecstypes.DeploymentControllerType {
	if in == nil || in.DeploymentController == nil || in.DeploymentController.Type == "" {
		return ecstypes.DeploymentControllerTypeEcs
	}
	return in.DeploymentController.Type
}

// Leads are the target groups of the rule's forward action with their weights.
func (*listenerRule) Leads(input any) map[string]int32 {
	in, _ := input.(*elasticloadbalancingv2.CreateRuleInput)
	if in == nil {
		return nil
	}
	return forwards(in.Actions)
}

// forwards are the target groups that actions lead to, each with its weight; a
// weight that is not given is 1, as recorded answers have it.
func forwards(actions []types.Action) map[string]int32 {
	out := map[string]int32{}
	for _, a := range actions {
		if a.ForwardConfig != nil && len(a.ForwardConfig.TargetGroups) > 0 {
			for _, tg := range a.ForwardConfig.TargetGroups {
				out[aws.ToString(tg.TargetGroupArn)] = weightOf(tg)
			}
		} else if arn := aws.ToString(a.TargetGroupArn); arn != "" {
			out[arn] = 1
		}
	}
	return out
}

func weightOf(tg types.TargetGroupTuple) int32 {
	if tg.Weight == nil {
		return 1
	}
	return *tg.Weight
}

// Beside lets the rule forward to the old target groups too: before the turn they
// get what goes to them now, afterwards nothing. A target group with weight 0 is
// associated with the load balancer, and its targets are checked.
func (*listenerRule) Beside(o resource.Object, t resource.Turn) (resource.Object, string) {
	in := shape.Clone(o.Want.(*elasticloadbalancingv2.CreateRuleInput))
	if o.Extra[governed] != nil {
		return o, "ECS moves the weights of " + o.ID.Local() + " in its deployments"
	}
	live, _ := t.Live.(*elasticloadbalancingv2.CreateRuleInput)
	now := map[string]int32{}
	if live != nil {
		now = forwards(live.Actions)
	}
	moved := map[string]string{} // paths of references that stand elsewhere now
	for i := range in.Actions {
		besideAction(&in.Actions[i], indexed("actions", i), t, now, moved)
		if f := in.Actions[i].ForwardConfig; f != nil && len(f.TargetGroups) > maxActionGroups {
			return o, fmt.Sprintf("%s would forward to %d target groups meanwhile, and AWS takes %d", o.ID.Local(), len(f.TargetGroups), maxActionGroups)
		}
	}
	o.Want = in
	o.Refs = append([]resource.Ref{}, o.Refs...)
	for i := range o.Refs {
		if to, ok := moved[o.Refs[i].Path]; ok {
			o.Refs[i].Path = to
		}
	}
	return o, ""
}

func besideAction(a *types.Action, at string, t resource.Turn, now map[string]int32, moved map[string]string) {
	if a.Type != types.ActionTypeEnumForward {
		return
	}
	first := at + ".forwardConfig.targetGroups[0].targetGroupArn"
	if aws.ToString(a.TargetGroupArn) == t.To {
		if a.ForwardConfig == nil {
			a.ForwardConfig = &types.ForwardActionConfig{}
		}
		if len(a.ForwardConfig.TargetGroups) == 0 {
			a.ForwardConfig.TargetGroups = []types.TargetGroupTuple{{TargetGroupArn: a.TargetGroupArn}}
			moved[at+".targetGroupArn"] = first
		}
		a.TargetGroupArn = nil // AWS refuses both beside several groups
	}
	if a.ForwardConfig == nil {
		return
	}
	var old []types.TargetGroupTuple
	for i := range a.ForwardConfig.TargetGroups {
		tg := &a.ForwardConfig.TargetGroups[i]
		if aws.ToString(tg.TargetGroupArn) != t.To {
			continue
		}
		full := weightOf(*tg)
		for n, w := range shares(t, now, full) {
			old = append(old, types.TargetGroupTuple{TargetGroupArn: aws.String(t.From[n]), Weight: aws.Int32(w)})
		}
		if !t.Done {
			full = 0
		}
		tg.Weight = aws.Int32(full)
	}
	a.ForwardConfig.TargetGroups = append(a.ForwardConfig.TargetGroups, old...)
}

// shares are the weights of the old target groups: nothing after the turn; before
// it all to the only one that gets any, or to each what it has.
func shares(t resource.Turn, now map[string]int32, full int32) []int32 {
	out := make([]int32, len(t.From))
	if t.Done {
		return out
	}
	serving := 0
	for i, arn := range t.From {
		if out[i] = now[arn]; out[i] > 0 {
			serving++
		}
	}
	if serving > 1 {
		return out
	}
	for i := range out {
		if out[i] > 0 || serving == 0 && i == 0 {
			out[i] = full
		}
	}
	return out
}
