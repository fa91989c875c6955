package kinds

import (
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/applicationautoscaling"
	"github.com/aws/aws-sdk-go-v2/service/applicationautoscaling/types"
	"github.com/aws/aws-sdk-go-v2/service/ecs"
	"github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2"
	elbtypes "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2/types"

	"github.com/ecs-operator/ecs-operator/pkg/resource"
	"github.com/ecs-operator/ecs-operator/pkg/spec"
)

// The load balancer's part of a resource label, as an attribute of a rule.
const attrBalancer = "loadBalancerFullName"

// label is one place of a policy where AWS wants to know which target group of
// which load balancer is meant: "app/main/50dc/targetgroup/web/0467" (the SDK's
// comment on PredefinedMetricSpecification.ResourceLabel).
type label struct {
	path  string
	value **string
}

// labelsOf are the labels of a policy's metrics of requests, which all need one.
func labelsOf(in *applicationautoscaling.PutScalingPolicyInput) []label {
	var out []label
	if t := in.TargetTrackingScalingPolicyConfiguration; t != nil {
		if m := t.PredefinedMetricSpecification; m != nil && m.PredefinedMetricType == types.MetricTypeALBRequestCountPerTarget {
			out = append(out, label{tracking + ".predefinedMetricSpecification.resourceLabel", &m.ResourceLabel})
		}
	}
	if p := in.PredictiveScalingPolicyConfiguration; p != nil {
		for i := range p.MetricSpecifications {
			m := &p.MetricSpecifications[i]
			at := indexed("predictiveScalingPolicyConfiguration.metricSpecifications", i)
			add := func(member string, metric *string, value **string) {
				if strings.HasPrefix(aws.ToString(metric), "ALB") {
					out = append(out, label{at + "." + member + ".resourceLabel", value})
				}
			}
			if s := m.PredefinedMetricPairSpecification; s != nil {
				add("predefinedMetricPairSpecification", s.PredefinedMetricType, &s.ResourceLabel)
			}
			if s := m.PredefinedLoadMetricSpecification; s != nil {
				add("predefinedLoadMetricSpecification", s.PredefinedMetricType, &s.ResourceLabel)
			}
			if s := m.PredefinedScalingMetricSpecification; s != nil {
				add("predefinedScalingMetricSpecification", s.PredefinedMetricType, &s.ResourceLabel)
			}
		}
	}
	return out
}

// completeLabels works out the labels that the author left out: the target group
// of the service and the load balancer of a rule that leads to it. Both are known
// when they exist, and until then the label is a reference like any other.
func completeLabels(u *resource.Unit, o *resource.Object) []spec.Problem {
	in, ok := o.Want.(*applicationautoscaling.PutScalingPolicyInput)
	if !ok {
		return nil
	}
	var problems []spec.Problem
	for _, l := range labelsOf(in) {
		if aws.ToString(*l.value) != "" {
			continue
		}
		group, rule, why := countedGroup(u)
		if why != "" {
			problems = append(problems, problem(u, o, l.path, "%s.%s cannot be worked out: %s", o.Section, l.path, why))
			continue
		}
		balancer := needRef(o, l.path, "listenerRules."+rule.Name, attrBalancer, rule)
		full := ""
		if strings.HasPrefix(group, "arn:") {
			_, full, _ = strings.Cut(group, ":targetgroup/")
			full = "targetgroup/" + full
		} else {
			tg := u.Object(unitID(u, resource.KindTargetGroup, groupKey(group)))
			if tg == nil {
				problems = append(problems, problem(u, o, l.path, "%s.%s cannot be worked out: the service's target group %s is not in this document; write it", o.Section, l.path, group))
				continue
			}
			if in, ok := tg.Want.(*elasticloadbalancingv2.CreateTargetGroupInput); ok && in.Protocol != "" && in.Protocol != elbtypes.ProtocolEnumHttp && in.Protocol != elbtypes.ProtocolEnumHttps {
				problems = append(problems, problem(u, o, l.path, "%s.%s cannot be worked out: only Application Load Balancers count requests, and %s has protocol %s", o.Section, l.path, tg.Section, in.Protocol))
				continue
			}
			full = needRef(o, l.path, tg.Section, "fullName", tg.ID)
		}
		*l.value = aws.String(balancer + "/" + full)
	}
	return problems
}

// groupKey is the unit-local name in "$(targetGroups.web.arn)", "" for other text.
func groupKey(ref string) string {
	name, prefix := strings.CutPrefix(ref, "$(targetGroups.")
	name, suffix := strings.CutSuffix(name, ".arn)")
	if !prefix || !suffix {
		return ""
	}
	return name
}

// countedGroup is the one target group whose requests the service's tasks
// answer, as the service writes it, and a rule that leads to it; or why not.
func countedGroup(u *resource.Unit) (group string, rule resource.ID, why string) {
	s := u.Object(serviceID(u))
	if s == nil {
		return "", rule, "the document has no service; write it"
	}
	in, ok := s.Want.(*ecs.CreateServiceInput)
	if !ok || len(in.LoadBalancers) == 0 {
		return "", rule, "the service has no load balancer"
	}
	if groups := groupsOf(in); len(groups) != 1 {
		for _, lb := range in.LoadBalancers {
			if lb.AdvancedConfiguration != nil {
				// Requests move from the one group to the other with each deployment; the
				// metric follows one, and would scale in when that has none.
				return "", rule, "the service has two target groups, and each deployment moves the requests to the other one: " +
					"sum both in a customizedMetricSpecification with metrics (RequestCount over both, divided by the running tasks)"
			}
		}
		return "", rule, "the service has several target groups; write which one counts"
	}
	group = groupsOf(in)[0]
	for _, r := range u.Objects() {
		if want, ok := r.Want.(*elasticloadbalancingv2.CreateRuleInput); ok && leadsTo(elbtypes.Rule{Actions: want.Actions}, map[string]bool{group: true}) {
			return group, r.ID, ""
		}
	}
	return "", rule, "no listener rule of this document leads to the service's target group; write app/NAME/ID/targetgroup/NAME/ID"
}
