package lint

import (
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ecs/types"
	elbtypes "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2/types"

	"github.com/ecs-operator/ecs-operator/pkg/resource"
	"github.com/ecs-operator/ecs-operator/pkg/spec"
)

const deployment = "deploymentConfiguration"

// onDeployment makes a check of one that looks at deploymentConfiguration.
func onDeployment(check func(*service, *types.DeploymentConfiguration, found)) func(*unit, found) {
	return onService(func(s *service, f found) {
		if d := s.in.DeploymentConfiguration; d != nil {
			check(s, d, f)
		}
	})
}

// shifts reports whether a strategy moves traffic between two revisions.
func shifts(d *types.DeploymentConfiguration) bool {
	return d.Strategy != "" && d.Strategy != types.DeploymentStrategyRolling
}

var deploymentRules = []Rule{
	{"deployment-percent", spec.Error, "minimumHealthyPercent is under maximumPercent, or no task could be replaced.", "lower the one or raise the other", onDeployment(percents)},
	{"traffic-shift", spec.Error, "BLUE_GREEN, LINEAR and CANARY need at every load balancer an alternate target group, a production rule and a role.",
		"write loadBalancers[].advancedConfiguration", onDeployment(trafficShift)},
	{"strategy-load-balancer", spec.Error, "No strategy but ROLLING works with Classic Load Balancers; LINEAR and CANARY need a load balancer or Service Connect.",
		"choose another strategy or load balancer", strategyBalancer},
	{"strategy-configuration", spec.Error, "linearConfiguration belongs to LINEAR, canaryConfiguration to CANARY, and BLUE_GREEN needs bakeTimeInMinutes; percentages and minutes have bounds.",
		"correct it, or strategy", onDeployment(strategyConfiguration)},
	{"rolling-only", spec.Warning, "earlySuccessCriteria works in rolling deployments only, the circuit breaker in those and under BLUE_GREEN.", "roll back by deploymentConfiguration.alarms instead",
		onDeployment(func(s *service, d *types.DeploymentConfiguration, f found) {
			if b := d.DeploymentCircuitBreaker; b != nil && b.Enable && shifts(d) && d.Strategy != types.DeploymentStrategyBlueGreen {
				f(s.Object, deployment+".deploymentCircuitBreaker", "is enabled, but does nothing under %s", d.Strategy)
			}
			if e := d.EarlySuccessCriteria; e != nil && e.Enable && shifts(d) {
				f(s.Object, deployment+".earlySuccessCriteria", "is enabled, but does nothing under %s", d.Strategy)
			}
		})},
	{"lifecycle-hook", spec.Error, "A hook has stages; AWS_LAMBDA needs hookTargetArn and roleArn; PAUSE has none and cannot stand at TEST_TRAFFIC_SHIFT or PRODUCTION_TRAFFIC_SHIFT.",
		"correct the hook", onDeployment(hooks)},
	{"deployment-alarms", spec.Error, "Deployment alarms that are enabled name at least one alarm.", "write alarmNames",
		onDeployment(func(s *service, d *types.DeploymentConfiguration, f found) {
			if d.Alarms != nil && d.Alarms.Enable && len(d.Alarms.AlarmNames) == 0 {
				f(s.Object, deployment+".alarms", "is enabled and names none")
			}
		})},
	{"alarm-one-colour", spec.Warning, "Under BLUE_GREEN, LINEAR and CANARY the rollback alarms watch both target groups: every second release serves from the other one.",
		"add an alarm on the other target group", alarmOneColour},
}

func percents(s *service, d *types.DeploymentConfiguration, f found) {
	if c := s.in.DeploymentController; c != nil && c.Type != types.DeploymentControllerTypeEcs {
		return // they do not use it
	}
	least, most := int32(100), int32(200)
	if s.in.SchedulingStrategy == types.SchedulingStrategyDaemon {
		least, most = 0, 100
	}
	path := deployment + ".minimumHealthyPercent"
	if d.MinimumHealthyPercent != nil {
		least = *d.MinimumHealthyPercent
	}
	if d.MaximumPercent != nil {
		most, path = *d.MaximumPercent, deployment+".maximumPercent"
	}
	switch {
	case least < 0 || most < 0:
		f(s.Object, path, "a percentage is not negative")
	case least >= most && !shifts(d) && (d.MinimumHealthyPercent != nil || d.MaximumPercent != nil):
		f(s.Object, path, "minimumHealthyPercent is %d and maximumPercent %d: no task may stop before a new one runs, and none may start", least, most)
	}
}

func trafficShift(s *service, d *types.DeploymentConfiguration, f found) {
	if !shifts(d) {
		return
	}
	for i, lb := range s.in.LoadBalancers {
		path := at("loadBalancers", i)
		a := lb.AdvancedConfiguration
		if a == nil {
			f(s.Object, path, "%s needs advancedConfiguration here", d.Strategy)
			continue
		}
		for _, m := range []struct {
			name  string
			value *string
		}{{"alternateTargetGroupArn", a.AlternateTargetGroupArn}, {"productionListenerRule", a.ProductionListenerRule}, {"roleArn", a.RoleArn}} {
			if aws.ToString(m.value) == "" {
				f(s.Object, path+".advancedConfiguration", "%s needs %s", d.Strategy, m.name)
			}
		}
		if t := aws.ToString(lb.TargetGroupArn); t != "" && t == aws.ToString(a.AlternateTargetGroupArn) {
			f(s.Object, path+".advancedConfiguration.alternateTargetGroupArn", "is targetGroupArn: there is no second target group to shift to")
		}
	}
}

func strategyBalancer(v *unit, f found) {
	if v.service == nil || v.service.in.DeploymentConfiguration == nil || !shifts(v.service.in.DeploymentConfiguration) {
		return
	}
	strategy := v.service.in.DeploymentConfiguration.Strategy
	for i, lb := range v.service.in.LoadBalancers {
		path := at("loadBalancers", i)
		if aws.ToString(lb.LoadBalancerName) != "" {
			f(v.service.Object, path+".loadBalancerName", "%s does not work with a Classic Load Balancer", strategy)
		}
	}
	in := v.service.in
	connected := in.ServiceConnectConfiguration != nil && in.ServiceConnectConfiguration.Enabled
	if strategy != types.DeploymentStrategyBlueGreen && len(in.LoadBalancers) == 0 && len(in.VpcLatticeConfigurations) == 0 && !connected {
		f(v.service.Object, deployment+".strategy", "%s has no traffic to shift: the service has neither a load balancer nor Service Connect", strategy)
	}
}

// layer4 reports whether a protocol is one of Network Load Balancers.
func layer4(p elbtypes.ProtocolEnum) bool {
	return p != "" && p != elbtypes.ProtocolEnumHttp && p != elbtypes.ProtocolEnumHttps && p != elbtypes.ProtocolEnumGeneve
}

func strategyConfiguration(s *service, d *types.DeploymentConfiguration, f found) {
	minutes := func(path string, value *int32) {
		if outside(value, 0, 1440) {
			f(s.Object, deployment+"."+path, "%d is not in 0-1440", *value)
		}
	}
	minutes("bakeTimeInMinutes", d.BakeTimeInMinutes)
	if d.Strategy == types.DeploymentStrategyBlueGreen && d.BakeTimeInMinutes == nil {
		f(s.Object, deployment+".strategy", "BLUE_GREEN needs bakeTimeInMinutes; 0 keeps the old tasks not at all")
	}
	if l := d.LinearConfiguration; l != nil {
		if d.Strategy != types.DeploymentStrategyLinear {
			f(s.Object, deployment+".linearConfiguration", "the strategy is not LINEAR")
		}
		minutes("linearConfiguration.stepBakeTimeInMinutes", l.StepBakeTimeInMinutes)
		if l.StepPercent != nil && (*l.StepPercent < 3 || *l.StepPercent > 100) {
			f(s.Object, deployment+".linearConfiguration.stepPercent", "%g is not in 3-100", *l.StepPercent)
		}
	}
	if c := d.CanaryConfiguration; c != nil {
		if d.Strategy != types.DeploymentStrategyCanary {
			f(s.Object, deployment+".canaryConfiguration", "the strategy is not CANARY")
		}
		minutes("canaryConfiguration.canaryBakeTimeInMinutes", c.CanaryBakeTimeInMinutes)
		if c.CanaryPercent != nil && (*c.CanaryPercent < 0.1 || *c.CanaryPercent > 100) {
			f(s.Object, deployment+".canaryConfiguration.canaryPercent", "%g is not in 0.1-100", *c.CanaryPercent)
		}
	}
}

func hooks(s *service, d *types.DeploymentConfiguration, f found) {
	for i, h := range d.LifecycleHooks {
		path := at(deployment+".lifecycleHooks", i)
		if len(h.LifecycleStages) == 0 {
			f(s.Object, path, "has no lifecycleStages")
		}
		if h.TargetType != types.DeploymentLifecycleHookTargetTypePause {
			if aws.ToString(h.HookTargetArn) == "" {
				f(s.Object, path, "has no hookTargetArn")
			}
			if aws.ToString(h.RoleArn) == "" {
				f(s.Object, path, "has no roleArn")
			}
			continue
		}
		if aws.ToString(h.HookTargetArn) != "" {
			f(s.Object, path+".hookTargetArn", "a PAUSE calls nothing")
		}
		for j, stage := range h.LifecycleStages {
			if stage == types.DeploymentLifecycleHookStageTestTrafficShift || stage == types.DeploymentLifecycleHookStageProductionTrafficShift {
				f(s.Object, at(path+".lifecycleStages", j), "a deployment cannot PAUSE at %s", stage)
			}
		}
	}
}

// alarmOneColour looks at the target groups of the document only: nobody else's
// can be told by their ARN.
func alarmOneColour(v *unit, f found) {
	if v.service == nil || v.service.in.DeploymentConfiguration == nil {
		return
	}
	d := v.service.in.DeploymentConfiguration
	if !shifts(d) || d.Alarms == nil || !d.Alarms.Enable {
		return
	}
	watched := map[resource.ID]bool{}
	for _, ref := range v.service.Refs {
		if !strings.HasPrefix(ref.Path, deployment+".alarms.") {
			continue
		}
		for _, a := range v.alarms {
			if a.ID != ref.To {
				continue
			}
			for _, r := range a.Refs {
				watched[r.To] = true
			}
		}
	}
	for i := range v.service.in.LoadBalancers {
		blue := v.group(v.service.Object, at("loadBalancers", i)+".targetGroupArn")
		green := v.group(v.service.Object, at("loadBalancers", i)+".advancedConfiguration.alternateTargetGroupArn")
		if blue == nil || green == nil || watched[blue.ID] == watched[green.ID] {
			continue
		}
		if watched[blue.ID] {
			blue, green = green, blue
		}
		f(v.service.Object, deployment+".alarms.alarmNames", "%s is watched, %s is not", green.Section, blue.Section)
	}
}
