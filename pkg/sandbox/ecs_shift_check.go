package sandbox

import (
	"math"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ecs/types"
)

// AWS publishes neither the texts of these refusals nor all of the conditions:
// they follow the limits in the SDK's comments and the Developer Guide's pages on
// the required resources, in our words.

// fillShift gives a configuration what only its strategy has, with the defaults
// of the SDK's comments, and takes away what belongs to another strategy and was
// not sent with this one.
func fillShift(out, sent *types.DeploymentConfiguration) {
	if sent == nil {
		sent = &types.DeploymentConfiguration{}
	}
	switch {
	case out.Strategy == types.DeploymentStrategyLinear:
		filled := types.LinearConfiguration{}
		if out.LinearConfiguration != nil {
			filled = *out.LinearConfiguration
		}
		setDefault(&filled.StepPercent, 10)
		setDefault(&filled.StepBakeTimeInMinutes, 6)
		out.LinearConfiguration = &filled
	case sent.LinearConfiguration == nil:
		out.LinearConfiguration = nil
	}
	switch {
	case out.Strategy == types.DeploymentStrategyCanary:
		filled := types.CanaryConfiguration{}
		if out.CanaryConfiguration != nil {
			filled = *out.CanaryConfiguration
		}
		setDefault(&filled.CanaryPercent, 5)
		setDefault(&filled.CanaryBakeTimeInMinutes, 10)
		out.CanaryConfiguration = &filled
	case sent.CanaryConfiguration == nil:
		out.CanaryConfiguration = nil
	}
	hooks := slices.Clone(out.LifecycleHooks)
	for i := range hooks {
		hooks[i] = filledHook(hooks[i])
	}
	out.LifecycleHooks = hooks
}

// filledHook gives a hook the members that were not sent (SDK comments; that they
// are read back is unverified).
func filledHook(h types.DeploymentLifecycleHook) types.DeploymentLifecycleHook {
	if h.TargetType == "" {
		h.TargetType = types.DeploymentLifecycleHookTargetTypeAwsLambda
	}
	limit := types.DeploymentLifecycleHookTimeoutConfiguration{}
	if h.TimeoutConfiguration != nil {
		limit = *h.TimeoutConfiguration
	}
	if limit.Action == "" {
		limit.Action = types.DeploymentLifecycleHookActionRollback
	}
	setDefault(&limit.TimeoutInMinutes, 1440)
	h.TimeoutConfiguration = &limit
	return h
}

// checkShift refuses a strategy that the service cannot have.
func (w *World) checkShift(s *ecsService) error {
	d := s.Service.DeploymentConfiguration
	for _, h := range d.LifecycleHooks {
		if err := checkHook(h); err != nil {
			return err
		}
	}
	if n := aws.ToInt32(d.BakeTimeInMinutes); n < 0 || n > 1440 {
		return invalid("bakeTimeInMinutes must be between 0 and 1440.")
	}
	if d.LinearConfiguration != nil {
		if err := checkShares("linearConfiguration", d.Strategy == types.DeploymentStrategyLinear, d.LinearConfiguration.StepPercent, 3, d.LinearConfiguration.StepBakeTimeInMinutes); err != nil {
			return err
		}
	}
	if d.CanaryConfiguration != nil {
		if err := checkShares("canaryConfiguration", d.Strategy == types.DeploymentStrategyCanary, d.CanaryConfiguration.CanaryPercent, 0.1, d.CanaryConfiguration.CanaryBakeTimeInMinutes); err != nil {
			return err
		}
	}
	for _, lb := range s.Service.LoadBalancers {
		if err := w.checkPair(lb, shifts(d)); err != nil {
			return err
		}
	}
	if !shifts(d) {
		return nil
	}
	balanced := len(s.Service.LoadBalancers) > 0 || len(s.Lattice) > 0
	connected := s.ServiceConnect != nil && s.ServiceConnect.Enabled
	switch {
	case s.daemon():
		return invalid("The %s deployment strategy is not supported with the DAEMON scheduling strategy.", d.Strategy)
	case d.Strategy != types.DeploymentStrategyBlueGreen && !balanced && !connected:
		return invalid("The %s deployment strategy requires a load balancer or Service Connect.", d.Strategy)
	}
	return nil
}

// checkStrategyMove: between ROLLING and the strategies that shift traffic a service
// goes only when none of its deployments runs (Developer Guide, "Update the Amazon ECS
// deployment strategy", both ways; the text is ours).
func checkStrategyMove(s, next *ecsService) error {
	d := s.current()
	if d == nil || ended(d.Deployment.Status) || shifts(s.Service.DeploymentConfiguration) == shifts(next.Service.DeploymentConfiguration) {
		return nil
	}
	return invalid("The deployment strategy cannot be changed while a deployment is in progress. Wait for it to complete and try again.")
}

func checkShares(name string, fits bool, percent *float64, least float64, bake *int32) error {
	p, b := aws.ToFloat64(percent), aws.ToInt32(bake)
	tenths := p * 10
	switch {
	case !fits:
		return invalid("%s is not valid for this deployment strategy.", name)
	case p < least || p > 100 || math.Abs(tenths-math.Round(tenths)) > 1e-6:
		return invalid("The percentage of %s must be a multiple of 0.1 between %.1f and 100.0.", name, least)
	case b < 0 || b > 1440:
		return invalid("The bake time of %s must be between 0 and 1440 minutes.", name)
	}
	return nil
}

// checkHook refuses a hook that could not run: "Hooks may not sit at SCALE_UP,
// BAKE_TIME or CLEAN_UP" is the enum's affair.
func checkHook(h types.DeploymentLifecycleHook) error {
	pause := h.TargetType == types.DeploymentLifecycleHookTargetTypePause
	switch {
	case len(h.LifecycleStages) == 0:
		return invalid("A lifecycle hook needs at least one lifecycle stage.")
	case pause && (h.HookTargetArn != nil || h.RoleArn != nil):
		return invalid("hookTargetArn and roleArn are not valid for lifecycle hooks of type PAUSE.")
	case !pause && (aws.ToString(h.HookTargetArn) == "" || aws.ToString(h.RoleArn) == ""):
		return invalid("hookTargetArn and roleArn are required for lifecycle hooks of type AWS_LAMBDA.")
	case !pause && !strings.Contains(*h.HookTargetArn, ":function:"):
		return invalid("Invalid lifecycle hook target: %s", *h.HookTargetArn)
	}
	for _, stage := range h.LifecycleStages {
		if pause && (stage == types.DeploymentLifecycleHookStageTestTrafficShift || stage == types.DeploymentLifecycleHookStageProductionTrafficShift) {
			return invalid("Lifecycle hooks of type PAUSE are not supported at the stage %s.", stage)
		}
	}
	if t := h.TimeoutConfiguration; t != nil && t.TimeoutInMinutes != nil && (*t.TimeoutInMinutes < 1 || *t.TimeoutInMinutes > 20160) {
		return invalid("timeoutInMinutes must be between 1 and 20160.")
	}
	return nil
}

// checkPair refuses a load balancer without what traffic is shifted with.
func (w *World) checkPair(lb types.LoadBalancer, needed bool) error {
	a := lb.AdvancedConfiguration
	switch {
	case a == nil && needed:
		return invalid("advancedConfiguration is required for the load balancers of services with this deployment strategy.")
	case a == nil:
		return nil
	case aws.ToString(a.AlternateTargetGroupArn) == "" || aws.ToString(a.ProductionListenerRule) == "" || aws.ToString(a.RoleArn) == "":
		return invalid("alternateTargetGroupArn, productionListenerRule and roleArn are required in advancedConfiguration.")
	case aws.ToString(a.AlternateTargetGroupArn) == aws.ToString(lb.TargetGroupArn):
		return invalid("The alternate target group must differ from the target group.")
	case !w.targetGroupExists(*a.AlternateTargetGroupArn):
		return invalid("Unable to find the target group %s.", *a.AlternateTargetGroupArn)
	case !roleARN.MatchString(*a.RoleArn):
		return invalid("Invalid role ARN: %s", *a.RoleArn)
	}
	for _, rule := range []*string{a.ProductionListenerRule, a.TestListenerRule} {
		if rule == nil {
			continue
		}
		// An empty one is sent by some clients, and fails (terraform-provider-aws#43552).
		if w.ruleBehind(*rule) == nil {
			return invalid("Unable to find the listener rule %s.", *rule)
		}
		if w.forwardOf(*rule) == nil {
			return invalid("The listener rule %s does not forward to a target group.", *rule)
		}
	}
	return nil
}
