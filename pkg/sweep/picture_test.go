package sweep

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"

	"github.com/ecs-operator/ecs-operator/pkg/sandbox"
)

// picture is all that is to be seen in AWS, as JSON by name: what differs between two
// runs by its id or its time only is the same in it.
type picture map[string]string

// mask are the members that hold an id or a time and nothing else; ARNs with an id in
// them are told by the name of what they mean.
var mask = map[string]bool{
	"CreatedAt": true, "UpdatedAt": true, "RegisteredAt": true, "DeregisteredAt": true, "Events": true, "Id": true, "CreationTime": true,
	"AlarmConfigurationUpdatedTimestamp": true, "StateUpdatedTimestamp": true, "StateTransitionedTimestamp": true, "StateReason": true, "StateReasonData": true,
	"RoleArn": true, "CreatedTime": true,
}

// pictureOf draws the world. Revisions are named by family and content.
func pictureOf(v *sandbox.World) picture {
	var names []string
	name := func(arn, meaning string) { names = append(names, arn, meaning) }
	for _, g := range v.ELB.TargetGroups {
		name(aws.ToString(g.Value.TargetGroupArn), "tg/"+aws.ToString(g.Value.TargetGroupName))
	}
	for _, r := range v.ELB.Rules {
		name(aws.ToString(r.Value.RuleArn), fmt.Sprintf("rule/%d", r.Priority))
	}
	for _, p := range v.Scaling.Policies {
		name(aws.ToString(p.Policy.PolicyARN), "policy/"+aws.ToString(p.Policy.PolicyName))
		for _, a := range p.Policy.Alarms { // TargetTracking-service/default/web-AlarmHigh-<id>
			which := "low"
			if strings.Contains(aws.ToString(a.AlarmName), "-AlarmHigh-") {
				which = "high"
			}
			name(aws.ToString(a.AlarmName), which+"-alarm-of/"+aws.ToString(p.Policy.PolicyName))
		}
	}
	for _, t := range v.Scaling.Targets {
		name(aws.ToString(t.Target.ScalableTargetARN), "target/"+aws.ToString(t.Target.ResourceId))
	}
	for _, c := range v.ECS.Clusters {
		for service, s := range c.Services {
			for _, d := range s.Deployments {
				arn := aws.ToString(d.Deployment.ServiceDeploymentArn)
				name(arn, "deployment-of/"+service)
				name(arn[strings.LastIndexByte(arn, '/')+1:], "deployment-of/"+service)
			}
			for digits, r := range s.Revisions {
				name(aws.ToString(r.ServiceRevisionArn), "revision-of/"+service)
				name(digits, "revision-of/"+service)
			}
		}
	}
	name("cause=RollingBack", "cause=RolledBack") // the time: it was noted before the end of it or after
	longestFirst(names)
	p := &painter{strings.NewReplacer(names...)}
	out := picture{}
	revisions := map[string][]string{}
	for _, f := range v.ECS.Families {
		for _, r := range f.Revisions {
			d := r.Definition
			arn := aws.ToString(d.TaskDefinitionArn)
			d.TaskDefinitionArn, d.Revision, d.RegisteredAt, d.DeregisteredAt = nil, 0, nil, nil
			status := d.Status
			d.Status = ""
			text := p.paint(d)
			sum := sha256.Sum256([]byte(text))
			meaning := "td/" + f.Name + "/" + hex.EncodeToString(sum[:6])
			name(arn, meaning)
			name(arn[strings.LastIndexByte(arn, '/')+1:], meaning) // in tags
			out[meaning] = text
			revisions[f.Name] = append(revisions[f.Name], fmt.Sprint(meaning, " ", status))
		}
	}
	for family, list := range revisions {
		out["revisions/"+family] = strings.Join(slices.Compact(list), "\n")
	}
	longestFirst(names)
	p.names = strings.NewReplacer(names...)
	for cluster, c := range v.ECS.Clusters {
		for service, s := range c.Services {
			// Unshown is what AWS shows on its deployments and revisions only, the last of the names. Switched off is as never switched on.
			connect, monitoring := s.ServiceConnect, s.Monitoring
			if connect != nil && !connect.Enabled {
				connect = nil
			}
			if monitoring != nil && len(monitoring.MetricConfigurations) == 0 {
				monitoring = nil
			}
			unshown := p.paint([]any{connect, s.Volumes, s.Lattice, monitoring, s.GatewayConnectors})
			out["service/"+cluster+"/"+service] = strings.TrimSuffix(p.paint(s.Service), "}") + `,"Unshown":` + unshown + "}"
			out["tasks/"+cluster+"/"+service] = fmt.Sprint(len(s.Tasks))
		}
	}
	for _, g := range v.ELB.TargetGroups {
		key := "tg/" + aws.ToString(g.Value.TargetGroupName)
		out[key] = p.paint(g.Value) + p.paint(g.Attributes) + p.paint(v.ELB.Tags[aws.ToString(g.Value.TargetGroupArn)])
	}
	for _, r := range v.ELB.Rules {
		out[fmt.Sprintf("rule/%s/%d", r.Listener, r.Priority)] = p.paint(r.Value) + p.paint(v.ELB.Tags[aws.ToString(r.Value.RuleArn)])
	}
	for _, a := range v.Alarms.Metric {
		out["alarm/"+p.names.Replace(aws.ToString(a.Alarm.AlarmName))] = p.paint(a.Alarm) + p.paint(a.Tags)
	}
	for key, t := range v.Scaling.Targets {
		out["scalable/"+key] = p.paint(t.Target) + p.paint(t.Tags)
	}
	for key, x := range v.Scaling.Policies {
		out["policy/"+key] = p.paint(x.Policy)
	}
	for key, a := range v.Scaling.Actions {
		out["action/"+key] = p.paint(a.Action)
	}
	return out
}

// longestFirst sorts pairs so that no name is taken for the beginning of a longer one.
func longestFirst(pairs []string) {
	type pair struct{ old, new string }
	var all []pair
	for i := 0; i < len(pairs); i += 2 {
		all = append(all, pair{pairs[i], pairs[i+1]})
	}
	slices.SortStableFunc(all, func(a, b pair) int { return len(b.old) - len(a.old) })
	for i, x := range all {
		pairs[2*i], pairs[2*i+1] = x.old, x.new
	}
}
