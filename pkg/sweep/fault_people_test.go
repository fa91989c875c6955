package sweep

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	aas "github.com/aws/aws-sdk-go-v2/service/applicationautoscaling"
	aastypes "github.com/aws/aws-sdk-go-v2/service/applicationautoscaling/types"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	"github.com/aws/aws-sdk-go-v2/service/ecs"
	ecstypes "github.com/aws/aws-sdk-go-v2/service/ecs/types"
	elb "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2"
	elbtypes "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2/types"

	"github.com/ecs-operator/ecs-operator/pkg/awsclient"
	"github.com/ecs-operator/ecs-operator/pkg/plan"
	"github.com/ecs-operator/ecs-operator/pkg/resource"
	"github.com/ecs-operator/ecs-operator/pkg/sandbox"
	"github.com/ecs-operator/ecs-operator/pkg/status"
)

// standing is what there is in AWS of the first service that is ours, "" for what there
// is not.
type standing struct {
	Cluster, Service, ServiceARN string
	Count                        int32  // that is wanted of it
	Hash                         string // of the document that it was written from last
	Rule                         string // ARN
	Alarm                        string // name
	Resource                     string // of the scalable target
	Policy                       string // name
	Most                         int32  // of the scalable target
}

// standingOf looks for it. What has our tags and stands in the place of another unit is a
// decoy, and people's edits of it say nothing about the operator.
func standingOf(v *sandbox.World) standing {
	var s standing
	for _, cluster := range slices.Sorted(maps.Keys(v.ECS.Clusters)) {
		services := v.ECS.Clusters[cluster].Services
		for _, name := range slices.Sorted(maps.Keys(services)) {
			x := services[name].Service
			if s.Service == "" && aws.ToString(x.Status) == "ACTIVE" && ecsTags(x.Tags).of(cluster+"/"+name) {
				s.Cluster, s.Service, s.ServiceARN, s.Count = cluster, name, aws.ToString(x.ServiceArn), x.DesiredCount
				s.Hash = ecsTags(x.Tags)[resource.TagSpecHash]
			}
		}
	}
	for _, r := range v.ELB.Rules {
		if arn := aws.ToString(r.Value.RuleArn); s.Rule == "" && s.has(tags(v.ELB.Tags[arn])) {
			s.Rule = arn
		}
	}
	for _, name := range slices.Sorted(maps.Keys(v.Alarms.Metric)) {
		if a := v.Alarms.Metric[name]; s.Alarm == "" && s.has(tags(a.Tags)) {
			s.Alarm = name
		}
	}
	for _, key := range slices.Sorted(maps.Keys(v.Scaling.Targets)) {
		if t := v.Scaling.Targets[key]; s.Resource == "" && tags(t.Tags).of(strings.TrimPrefix(key, "service/")) {
			s.Resource, s.Most = key, aws.ToInt32(t.Target.MaxCapacity)
		}
	}
	for _, key := range slices.Sorted(maps.Keys(v.Scaling.Policies)) {
		if p := v.Scaling.Policies[key].Policy; s.Policy == "" && s.Resource != "" && aws.ToString(p.ResourceId) == s.Resource && p.TargetTrackingScalingPolicyConfiguration != nil {
			s.Policy = aws.ToString(p.PolicyName)
		}
	}
	return s
}

// has is whether tags are those of something of the service.
func (s standing) has(t tags) bool { return s.Service != "" && t.of(s.Cluster+"/"+s.Service) }

// of is whether tags are ours, and name that unit.
func (t tags) of(unit string) bool { return t.ours() && t[resource.TagUnit] == unit }

// meddler is a person at the moment of a call.
type meddler struct {
	ctx context.Context
	api awsclient.API
	aws *sandbox.Sandbox
	standing
	hold func(over func() bool) // keeps the world from being at rest
}

// by lets a person do something right before a call is answered: between it and the one
// before. What then stands there is of the edit.
func by(do func(m meddler) error) func(*world, *strike, sandbox.Call) *sandbox.Fault {
	return func(w *world, s *strike, _ sandbox.Call) *sandbox.Fault {
		s.aws.View(func(v *sandbox.World) { s.edit = standingOf(v) })
		target := resource.DefaultTarget
		if s.aws == w.second {
			target = secondTarget
		}
		if err := do(meddler{w.ctx, w.human().at(target).Write, s.aws, s.edit, w.tap.hold}); err != nil {
			w.broken("the person failed: %v", err)
		}
		s.changes = w.scenario.after != nil
		s.adopts = w.watchers[s.account].adopts()
		w.restless()
		return nil
	}
}

// raise is how many tasks more people want in an emergency.
const raise = 3

// humanFaults are edits by people between two calls.
func humanFaults() []*fault {
	service := func(m made) bool { return m.Stood.Service != "" }
	return []*fault{
		{name: "H1", says: "somebody wants more tasks", applies: service, strike: by(func(m meddler) error { return m.scale(m.Count + raise) }), ends: raised, rests: status.DriftGrace},
		{name: "H2", says: "somebody wants no task", applies: service, strike: by(func(m meddler) error { return m.scale(0) }),
			deployments: 1, repeats: true, ends: lowered, pointless: rollsBack},
		{name: "H3", says: "somebody deploys something else", applies: service, strike: by(meddler.deploy), deployments: 1, theirs: 1, ends: deployed, pointless: rollsBack, lasts: 10 * time.Minute},
		{name: "H4", says: "the service is deleted", applies: service, strike: by(func(m meddler) error {
			_, err := m.api.ECS.DeleteService(m.ctx, &ecs.DeleteServiceInput{Cluster: &m.Cluster, Service: &m.ServiceARN, Force: aws.Bool(true)})
			return err
		}), deployments: 1, repeats: true, ends: newer, pointless: rollsBack, lasts: 10 * time.Minute, vanishes: ofScaling},
		{name: "H4-rule", says: "a rule is deleted", applies: func(m made) bool { return m.Stood.Rule != "" }, strike: by(func(m meddler) error {
			// A service that shifts its traffic by the rule is refused by ECS meanwhile, and
			// what AWS refused is tried again after five minutes.
			again := time.Now().Add(6 * time.Minute)
			m.hold(func() bool { return time.Now().After(again) })
			for _, arn := range append(m.rivals(), m.Rule) {
				if _, err := m.api.ELB.DeleteRule(m.ctx, &elb.DeleteRuleInput{RuleArn: &arn}); err != nil {
					return err
				}
			}
			return nil
		}), more: map[string]int{"elasticloadbalancing.CreateRule": 1}, repeats: true, ends: unrivalled, lasts: 10 * time.Minute,
			vanishes: func(s *strike, refusal string) bool { return strings.Contains(refusal, s.edit.Rule+" ") }},
		{name: "H4-alarm", says: "an alarm is deleted", applies: func(m made) bool { return m.Stood.Alarm != "" }, strike: by(func(m meddler) error {
			_, err := m.api.CloudWatch.DeleteAlarms(m.ctx, &cloudwatch.DeleteAlarmsInput{AlarmNames: []string{m.Alarm}})
			return err
		}), repeats: true, ends: newer, lasts: 5 * time.Minute},
		{name: "H4-target", says: "a scalable target is deleted with its policies", applies: func(m made) bool { return m.Stood.Resource != "" }, strike: by(func(m meddler) error {
			_, err := m.api.AutoScaling.DeregisterScalableTarget(m.ctx, &aas.DeregisterScalableTargetInput{ResourceId: &m.Resource,
				ScalableDimension: aastypes.ScalableDimensionECSServiceDesiredCount, ServiceNamespace: aastypes.ServiceNamespaceEcs})
			return err
		}), repeats: true, ends: newer, lasts: 5 * time.Minute, vanishes: ofScaling},
		{name: "H5-rule", says: "a rule is edited", applies: func(m made) bool { return m.Stood.Rule != "" }, strike: by(func(m meddler) error {
			_, err := m.api.ELB.ModifyRule(m.ctx, &elb.ModifyRuleInput{RuleArn: &m.Rule, Conditions: []elbtypes.RuleCondition{
				{Field: aws.String("path-pattern"), PathPatternConfig: &elbtypes.PathPatternConditionConfig{Values: []string{"/meddled/*"}}}}})
			return err
		}), repeats: true, ends: newer},
		{name: "H5-alarm", says: "an alarm is edited", applies: func(m made) bool { return m.Stood.Alarm != "" }, strike: by(meddler.alarm), repeats: true, ends: newer},
		{name: "H5-policy", says: "a scaling policy is edited", applies: func(m made) bool { return m.Stood.Policy != "" }, strike: by(meddler.policy), repeats: true, ends: newer},
		{name: "H6", says: "the owner tag is taken off", applies: service, strike: by(func(m meddler) error {
			_, err := m.api.ECS.UntagResource(m.ctx, &ecs.UntagResourceInput{ResourceArn: &m.ServiceARN, TagKeys: []string{resource.TagOwner}})
			return err
		}), ends: disowned, refused: true, more: map[string]int{"ecs.TagResource": 1}},
		{name: "H6-suspend", says: "it is suspended", applies: service, strike: by(func(m meddler) error {
			tag := plan.Suspension{Until: time.Now().Add(24 * time.Hour), By: "somebody", Reason: "an emergency"}.Tag()
			_, err := m.api.ECS.TagResource(m.ctx, &ecs.TagResourceInput{ResourceArn: &m.ServiceARN, Tags: []ecstypes.Tag{{Key: aws.String(resource.TagSuspend), Value: &tag}}})
			return err
		}), ends: suspended},
	}
}

// ofScaling: a write of what scales a service, whose target the person deleted, or AWS
// with the service.
func ofScaling(s *strike, refusal string) bool {
	return s.edit.Resource != "" && strings.Contains(refusal, "to perform: application-autoscaling:")
}

// rivals are the rules of another scope that name the same unit and key: with ours gone
// they would be in its place, and which scope's the unit is would be for people to say
// (OtherScope).
func (m meddler) rivals() (arns []string) {
	m.aws.View(func(v *sandbox.World) {
		for _, r := range v.ELB.Rules {
			t := tags(v.ELB.Tags[aws.ToString(r.Value.RuleArn)])
			if t[resource.TagOwner] == resource.DefaultOwner && !t.ours() && t[resource.TagUnit] == m.Cluster+"/"+m.Service {
				arns = append(arns, aws.ToString(r.Value.RuleArn))
			}
		}
	})
	return arns
}

func (m meddler) scale(n int32) error {
	_, err := m.api.ECS.UpdateService(m.ctx, &ecs.UpdateServiceInput{Cluster: &m.Cluster, Service: &m.ServiceARN, DesiredCount: &n})
	return err
}

// deploy deploys another image in a family of the person's own.
func (m meddler) deploy() error {
	var d ecstypes.TaskDefinition
	m.aws.View(func(v *sandbox.World) {
		running := aws.ToString(v.ECS.Clusters[m.Cluster].Services[m.Service].Service.TaskDefinition)
		for _, f := range v.ECS.Families {
			for _, r := range f.Revisions {
				if aws.ToString(r.Definition.TaskDefinitionArn) == running {
					d = r.Definition
				}
			}
		}
	})
	containers := slices.Clone(d.ContainerDefinitions)
	for i := range containers {
		containers[i].Image = aws.String("nginx:meddled")
	}
	out, err := m.api.ECS.RegisterTaskDefinition(m.ctx, &ecs.RegisterTaskDefinitionInput{Family: aws.String("meddled"), ContainerDefinitions: containers,
		Cpu: d.Cpu, Memory: d.Memory, NetworkMode: d.NetworkMode, RequiresCompatibilities: d.RequiresCompatibilities, ExecutionRoleArn: d.ExecutionRoleArn})
	if err != nil {
		return err
	}
	_, err = m.api.ECS.UpdateService(m.ctx, &ecs.UpdateServiceInput{Cluster: &m.Cluster, Service: &m.ServiceARN, TaskDefinition: out.TaskDefinition.TaskDefinitionArn})
	return err
}

// alarm makes an alarm less sensitive.
func (m meddler) alarm() error {
	out, err := m.api.CloudWatch.DescribeAlarms(m.ctx, &cloudwatch.DescribeAlarmsInput{AlarmNames: []string{m.Alarm}})
	if err != nil {
		return err
	}
	a := out.MetricAlarms[0]
	_, err = m.api.CloudWatch.PutMetricAlarm(m.ctx, &cloudwatch.PutMetricAlarmInput{AlarmName: a.AlarmName, AlarmActions: a.AlarmActions, AlarmDescription: a.AlarmDescription,
		ComparisonOperator: a.ComparisonOperator, DatapointsToAlarm: a.DatapointsToAlarm, Dimensions: a.Dimensions, EvaluationPeriods: a.EvaluationPeriods,
		MetricName: a.MetricName, Namespace: a.Namespace, Period: a.Period, Statistic: a.Statistic, Threshold: aws.Float64(aws.ToFloat64(a.Threshold) + 1), TreatMissingData: a.TreatMissingData})
	return err
}

// policy lets a service work harder.
func (m meddler) policy() error {
	var p aastypes.ScalingPolicy
	m.aws.View(func(v *sandbox.World) {
		for _, x := range v.Scaling.Policies {
			if aws.ToString(x.Policy.ResourceId) == m.Resource && aws.ToString(x.Policy.PolicyName) == m.Policy {
				p = x.Policy
			}
		}
	})
	c := *p.TargetTrackingScalingPolicyConfiguration
	c.TargetValue = aws.Float64(aws.ToFloat64(c.TargetValue) + 7)
	_, err := m.api.AutoScaling.PutScalingPolicy(m.ctx, &aas.PutScalingPolicyInput{PolicyName: p.PolicyName, PolicyType: p.PolicyType, ResourceId: p.ResourceId,
		ScalableDimension: p.ScalableDimension, ServiceNamespace: p.ServiceNamespace, TargetTrackingScalingPolicyConfiguration: &c})
	return err
}

// name is how the service that people touched is told in what stands.
func (s *strike) name() string { return s.account + s.edit.Service }

// raised: a raise is held where the document says how many there are (P13), and is the
// autoscaler's where there is one (P12): nobody takes the tasks away. Where the document
// itself says so many, or the service is not there at the end, there is nothing to hold.
// A write of the count that was on its way when the raise came wins: no precondition can
// be put on it. Where the document is another than the one that was written last, nobody
// remembers which count that one had: the raise and a lower count of the document are
// one and the same to see. That is so, too, where the service itself is not written for
// that document, before the operator has written anything for it.
func raised(s *strike, want, got *outcome) []string {
	name := s.name()
	key := s.account + "service/" + s.edit.Cluster + "/" + s.edit.Service
	ref, is := want.picture.count(key), got.picture.count(key)
	if unwritten := s.changes && !slices.ContainsFunc(got.calls[:s.nth-1], func(m made) bool { return m.Write }); unwritten && is == ref {
		want.counts = maps.Clone(want.counts)
		want.counts[s.account+"ecs.UpdateService"]++ // that of the count
		return nil
	}
	if _, ours := want.stands[name]; !ours || s.gone(want) || ref < 0 || is == ref && (strings.HasSuffix(s.at.Operation, "ecs.UpdateService") || !strings.Contains(want.picture[key], s.edit.Hash)) {
		return nil
	}
	held := max(ref, int(s.edit.Count)+raise)
	if s.edit.Count+raise > s.edit.Most && s.edit.Most > 0 {
		held = max(ref, int(s.edit.Most))
	}
	want.picture.setCount(key, held)
	tasks := s.account + "tasks/" + s.edit.Cluster + "/" + s.edit.Service
	want.picture[tasks] = fmt.Sprint(held)
	if _, scaled := want.picture[s.account+"scalable/service/"+s.edit.Cluster+"/"+s.edit.Service]; !scaled && held > ref && want.stands[name] != status.RolledBack { // which weighs more
		want.stands[name] = status.DriftGrace
	}
	return nil
}

// rollsBack: a service rolls back in the scenario. A deployment of no tasks succeeds in
// ECS, whatever its image; one that people begin is what ECS goes back to; and a service
// that was made anew has nothing to go back to. So what people do to it decides where it
// ends, and no reference can say.
func rollsBack(s *scenario) bool {
	for _, r := range s.rest {
		if r == status.RolledBack {
			return true
		}
	}
	return false
}

// newer: what was healed carries the revision of the documents that it was healed by;
// which of two colours serves, and which revisions are put away, depends on how many
// deployments that took, and on whose history a service that was made anew has.
func newer(s *strike, want, got *outcome) []string {
	colours := s.fault.deployments > 0
	for _, p := range []picture{want.picture, got.picture} {
		for key, text := range p {
			p[key] = revisionTag.ReplaceAllString(text, "mem-any")
			if colours {
				p[key] = weight.ReplaceAllString(p[key], "-")
			}
			if colours && strings.HasPrefix(key, s.account+"revisions/") {
				p[key] = strings.ReplaceAll(p[key], " INACTIVE", " ACTIVE")
			}
		}
	}
	return nil
}

// shiftedBy: a service that shifts its traffic names the rule, and one that is made anew
// has another ARN. Where the service was written before, it takes a deployment more to
// name that one (X=1), and which of the two colours gets all requests in the end hangs on
// how many deployments succeeded.
func shiftedBy(s *strike, want, got *outcome) {
	names := strings.Contains(want.picture[s.account+"service/"+s.edit.Cluster+"/"+s.edit.Service], `"ProductionListenerRule":"rule/`)
	if !names || !slices.ContainsFunc(got.calls[:s.nth-1], func(m made) bool { return m.Operation == s.account+"ecs.UpdateService" }) {
		return
	}
	want.counts, want.tally.deployments = maps.Clone(want.counts), maps.Clone(want.tally.deployments)
	want.counts[s.account+"ecs.UpdateService"]++
	want.tally.deployments[s.account+s.edit.Cluster+"/"+s.edit.Service]++
	for key, text := range want.picture {
		other := strings.NewReplacer(`"Weight":100`, `"Weight":0`, `"Weight":0`, `"Weight":100`).Replace(text)
		if strings.HasPrefix(key, s.account+"rule/") && got.picture[key] != text && revisionTag.ReplaceAllString(got.picture[key], "") == revisionTag.ReplaceAllString(other, "") {
			want.picture[key] = other
		}
	}
}

// unrivalled: the rules of another scope went as well.
func unrivalled(s *strike, want, got *outcome) []string {
	shiftedBy(s, want, got)
	for key, text := range want.picture {
		if _, there := got.picture[key]; !there && strings.HasPrefix(key, s.account+"rule/") && strings.Contains(text, "another") {
			delete(want.picture, key)
		}
	}
	return newer(s, want, got)
}

// lowered: too few are healed at once where the document says how many there are. Where
// it leaves that to the autoscaler, nobody sets the count but whoever registers the
// scalable target, whose minimum AWS then holds (P12).
func lowered(s *strike, want, got *outcome) []string {
	newer(s, want, got)
	key := s.account + "service/" + s.edit.Cluster + "/" + s.edit.Service
	if _, scaled := want.picture[s.account+"scalable/service/"+s.edit.Cluster+"/"+s.edit.Service]; scaled && got.picture.count(key) == 0 {
		want.picture.setCount(key, 0)
		want.picture[s.account+"tasks/"+s.edit.Cluster+"/"+s.edit.Service] = "0"
	}
	return nil
}

// deployed: what the person registered stays, in a family of the person's own.
func deployed(s *strike, want, got *outcome) []string {
	if s.gone(want) {
		delete(want.picture, s.account+"service/"+s.edit.Cluster+"/"+s.edit.Service) // which stays in it as it was last
		delete(got.picture, s.account+"service/"+s.edit.Cluster+"/"+s.edit.Service)
	}
	newer(s, want, got)
	for key := range got.picture {
		if strings.HasPrefix(key, s.account+"td/meddled/") || key == s.account+"revisions/meddled" {
			delete(got.picture, key)
		}
	}
	return nil
}

// apart takes what is the service's own out of both pictures: it stands as it stood when
// people put it out of reach, which depends on the call.
func (s *strike) apart(want, got *outcome) {
	for _, p := range []picture{want.picture, got.picture} {
		for key, text := range p {
			_, local, second := strings.Cut(key, secondTarget+"/")
			if !second {
				local = key
			}
			if strings.HasPrefix(local, "td/") || strings.HasPrefix(local, "revisions/") || strings.Contains(key, s.edit.Service) || strings.Contains(text, s.edit.Cluster+"/"+s.edit.Service) || strings.Contains(text, "tg/"+s.edit.Service+"-") {
				delete(want.picture, key)
				delete(got.picture, key)
			}
		}
	}
}

// disowned: it is not ours any more, and the operator says so. What was written to it
// after that is I1's.
func disowned(s *strike, want, got *outcome) []string {
	if s.adopts {
		return newer(s, want, got) // the document says to take it, and it is taken again
	}
	gone := s.gone(want)
	s.apart(want, got)
	if is, ours := want.stands[s.name()]; ours && !gone && !(is == status.RolledBack && got.stands[s.name()] == is) { // at that it is left alone, whoever's it is
		want.stands[s.name()] = status.NotOurs
	}
	return nil
}

// gone is whether the service that people touched is not there any more in the end.
func (s *strike) gone(o *outcome) bool {
	return strings.Contains(o.picture[s.account+"service/"+s.edit.Cluster+"/"+s.edit.Service], `"Status":"INACTIVE"`)
}

// writesAfter counts the writes after a suspension as P14 does: one is on its way, with
// its note in the tags, and with the attributes of a target group, which AWS takes in a
// call of their own (a group without them would be nobody's wish). The outcome of a hook's
// task that runs already is still written down: ECS forgets it within an hour.
func (s *strike) writesAfter(calls []made) int {
	is := func(m made, operation string) bool { return strings.HasSuffix(m.Operation, "."+operation) }
	n, noted, outcomes, last := 0, false, 0, made{}
	for i, m := range calls {
		if is(m, "RunTask") {
			outcomes++
		}
		if !m.Write || i < s.nth-1 {
			continue
		}
		switch tags := is(m, "TagResource"); {
		case n == 1 && is(m, "ModifyTargetGroupAttributes") && is(last, "CreateTargetGroup"):
		case n == 1 && tags && !noted:
			noted = true
		case tags && outcomes > 0:
			outcomes--
		default:
			n++
		}
		last = m
	}
	return n
}

// suspended: it is left alone, and the operator says so. One write may have been on its
// way (P14).
func suspended(s *strike, want, got *outcome) []string {
	gone := s.gone(want)
	s.apart(want, got)
	switch _, ours := want.stands[s.name()]; {
	case !ours && gone: // it is not deleted, or it was
		if got.stands[s.name()] == status.Suspended {
			want.stands[s.name()] = status.Suspended
		}
	case ours && !gone && !(want.stands[s.name()] == status.RolledBack && got.stands[s.name()] == status.RolledBack): // at that nothing is written either
		want.stands[s.name()] = status.Suspended
	}
	if len(want.stands) > 1 || gone || want.counts["ecs.DeleteService"] > 0 {
		return nil // whose writes they are cannot be told by their counts
	}
	n := s.writesAfter(got.calls)
	if n > 1 {
		return []string{fmt.Sprintf("P14: %d writes after it was suspended", n)}
	}
	return nil
}
