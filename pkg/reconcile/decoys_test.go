package reconcile

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	cwtypes "github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"
	"github.com/aws/aws-sdk-go-v2/service/ecs"
	"github.com/aws/aws-sdk-go-v2/service/ecs/types"
	"github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2"
	elbtypes "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2/types"

	"github.com/ecs-operator/ecs-operator/pkg/resource"
	"github.com/ecs-operator/ecs-operator/pkg/status"
)

// decoy is a set of tags that looks like those of web of scope a, and is not.
var decoyTags = map[string]map[string]string{
	"another owner":  {resource.TagOwner: "somebody", resource.TagScope: "a", resource.TagUnit: "default/web", resource.TagKey: "KEY"},
	"no owner":       {resource.TagScope: "a", resource.TagUnit: "default/web", resource.TagKey: "KEY"},
	"another scope":  {resource.TagOwner: "ecs-operator", resource.TagScope: "b", resource.TagUnit: "default/web", resource.TagKey: "KEY"},
	"no scope":       {resource.TagOwner: "ecs-operator", resource.TagUnit: "default/web-2", resource.TagKey: "KEY"},
	"nothing at all": {},
}

// decoys puts one of each sort beside what web has, and says how they all look.
func (w *world) decoys() (picture func() string) {
	w.t.Helper()
	return w.decoysOf(decoyTags)
}

// decoysOf does so with sets of tags.
func (w *world) decoysOf(sets map[string]map[string]string) (picture func() string) {
	w.t.Helper()
	api := w.person().Write
	_, err := api.ECS.CreateCluster(w.t.Context(), &ecs.CreateClusterInput{ClusterName: aws.String("elsewhere")})
	w.ok(err)
	var groups, alarms, rules []string
	n := 0
	for _, tags := range sets {
		n++
		suffix := string(rune('a' + n))
		tg := &elasticloadbalancingv2.CreateTargetGroupInput{Name: aws.String("web-web-decoy" + suffix), Protocol: elbtypes.ProtocolEnumHttp, Port: aws.Int32(80),
			TargetType: elbtypes.TargetTypeEnumIp, VpcId: aws.String("vpc-0sandbox")}
		alarm := &cloudwatch.PutMetricAlarmInput{AlarmName: aws.String("ecs-operator/default/web/decoy" + suffix), MetricName: aws.String("m"), Namespace: aws.String("n"),
			Statistic: cwtypes.StatisticSum, Period: aws.Int32(60), EvaluationPeriods: aws.Int32(1), Threshold: aws.Float64(1), ComparisonOperator: cwtypes.ComparisonOperatorGreaterThanThreshold}
		for k, v := range tags {
			tg.Tags = append(tg.Tags, elbtypes.Tag{Key: aws.String(k), Value: aws.String(strings.Replace(v, "KEY", "target-group/web", 1))})
			alarm.Tags = append(alarm.Tags, cwtypes.Tag{Key: aws.String(k), Value: aws.String(strings.Replace(v, "KEY", "alarm/errors", 1))})
		}
		out, err := api.ELB.CreateTargetGroup(w.t.Context(), tg)
		w.ok(err)
		groups = append(groups, aws.ToString(out.TargetGroups[0].TargetGroupArn))
		rule := &elasticloadbalancingv2.CreateRuleInput{ListenerArn: aws.String(mainListener), Priority: aws.Int32(int32(200 + n)),
			Conditions: []elbtypes.RuleCondition{{Field: aws.String("path-pattern"), Values: []string{"/decoy/" + suffix}}},
			Actions:    []elbtypes.Action{{Type: elbtypes.ActionTypeEnumForward, TargetGroupArn: out.TargetGroups[0].TargetGroupArn}}}
		for k, v := range tags {
			rule.Tags = append(rule.Tags, elbtypes.Tag{Key: aws.String(k), Value: aws.String(strings.Replace(v, "KEY", "rule/web", 1))})
		}
		made, err := api.ELB.CreateRule(w.t.Context(), rule)
		w.ok(err)
		rules = append(rules, aws.ToString(made.Rules[0].RuleArn))
		_, err = api.CloudWatch.PutMetricAlarm(w.t.Context(), alarm)
		w.ok(err)
		alarms = append(alarms, *alarm.AlarmName)
	}
	// The same name in another cluster, with the very tags; and a service of each
	// sort that would be web's if names were all.
	services := map[string]map[string]string{"elsewhere": {resource.TagOwner: "ecs-operator", resource.TagScope: "a", resource.TagUnit: "default/web"}}
	for cluster, tags := range services {
		in := &ecs.CreateServiceInput{Cluster: aws.String(cluster), ServiceName: aws.String("web"), TaskDefinition: aws.String("default-other"), DesiredCount: aws.Int32(0)}
		for k, v := range tags {
			in.Tags = append(in.Tags, types.Tag{Key: aws.String(k), Value: aws.String(v)})
		}
		_, err := api.ECS.CreateService(w.t.Context(), in)
		w.ok(err)
	}
	w.sleep(minute)
	return func() string {
		var all []any
		read := w.person().Read
		g, err := read.ELB.DescribeTargetGroups(w.t.Context(), &elasticloadbalancingv2.DescribeTargetGroupsInput{TargetGroupArns: groups})
		w.ok(err)
		t, err := read.ELB.DescribeTags(w.t.Context(), &elasticloadbalancingv2.DescribeTagsInput{ResourceArns: groups})
		w.ok(err)
		r, err := read.ELB.DescribeRules(w.t.Context(), &elasticloadbalancingv2.DescribeRulesInput{RuleArns: rules})
		w.ok(err)
		of, err := read.ELB.DescribeTags(w.t.Context(), &elasticloadbalancingv2.DescribeTagsInput{ResourceArns: rules})
		w.ok(err)
		all = append(all, r.Rules, of.TagDescriptions)
		a, err := read.CloudWatch.DescribeAlarms(w.t.Context(), &cloudwatch.DescribeAlarmsInput{AlarmNames: alarms})
		w.ok(err)
		s, err := read.ECS.DescribeServices(w.t.Context(), &ecs.DescribeServicesInput{Cluster: aws.String("elsewhere"), Services: []string{"web"}, Include: []types.ServiceField{types.ServiceFieldTags}})
		w.ok(err)
		for _, x := range a.MetricAlarms {
			tags, err := read.CloudWatch.ListTagsForResource(w.t.Context(), &cloudwatch.ListTagsForResourceInput{ResourceARN: x.AlarmArn})
			w.ok(err)
			all = append(all, x.AlarmArn, x.AlarmConfigurationUpdatedTimestamp, tags.Tags)
		}
		for i := range s.Services {
			s.Services[i].Events = nil
		}
		all = append(all, g.TargetGroups, t.TagDescriptions, s.Services)
		b, err := json.Marshal(all)
		w.ok(err)
		return string(b)
	}
}

// What looks like ours and is not stays as it is to the byte: while surroundings
// are pruned, and while the whole service is deleted.
func TestDecoys(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world) {
		w.files.put("web.yaml", strings.Replace(web, "  cluster: default\n", pruning1, 1))
		w.files.put("other.yaml", hello("other", "nginx:1.29"))
		w.sync(w.scoped("a", true))
		picture := w.decoys()
		before := picture()
		bare := without(without(web, "  scaling:", "  alarms:"), "  alarms:", "")
		w.files.put("web.yaml", strings.Replace(bare, "  cluster: default\n", pruning1, 1))
		mark := w.mark()
		w.want(w.sync(w.scoped("a", true))["web"], status.StateReady, status.Synced, 0)
		if got := w.writes(mark); len(got) != 3 {
			t.Errorf("pruning made %v, want the alarm, the policy and the scalable target gone", got)
		}
		if now := picture(); now != before {
			t.Errorf("pruning changed a decoy:\n%s\n%s", before, now)
		}
		w.files.put("web.yaml", "")
		w.sync(w.scoped("a", true))
		if s := w.services(); len(s) != 1 || s[0] != "other" {
			t.Errorf("services left: %v\n%s", s, w.story())
		}
		if now := picture(); now != before {
			t.Errorf("deleting the service changed a decoy:\n%s\n%s", before, now)
		}
	})
}

// Two scopes that name one service: the second writes nothing, and is told whose it is.
func TestTwoScopesOneService(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world) {
		w.files.put("web.yaml", strings.Replace(web, "  cluster: default\n", pruning1, 1))
		w.want(w.sync(w.scoped("a", true))["web"], status.StateReady, status.Synced, 0)
		w.files.put("web.yaml", strings.Replace(strings.Replace(without(web, "  alarms:", ""), "  cluster: default\n", pruning1, 1), "nginx:1.29", "nginx:1.30", 1))
		mark := w.mark()
		out := w.sync(w.scoped("b", true))["web"]
		w.want(out, status.StateStalled, status.OtherScope, status.ExitHeld)
		if !strings.Contains(out.Status.Why, "owned by scope a") {
			t.Errorf("the second is told %q", out.Status.Why)
		}
		w.quiet(mark, "the second scope")
	})
}

// A plan of policy.mode: manual happens once when a person has approved it, and
// neither another one nor the same one later.
func TestManualApproval(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world) {
		doc := func(image string) string { return hello("hello", image, "  policy: {mode: manual}") }
		w.files.put("hello.yaml", hello("hello", "nginx:1.29"))
		w.wait(w.engine())
		w.files.put("hello.yaml", doc("nginx:1.30"))
		out := w.apply(w.engine(), ApplyOptions{})["hello"]
		w.want(out, status.StateDrifted, status.ManualMode, status.ExitHeld)
		hash := out.Plan.Seal.Hash
		if !strings.Contains(out.Status.Why, "ecs-operator approve hello --plan "+hash) {
			t.Errorf("the way out is not told: %q", out.Status.Why)
		}
		e := w.engine()
		u := w.load(e).Units[0]
		if err := e.ApprovePlan(t.Context(), u, "0123"); err == nil {
			t.Error("another hash was approved")
		}
		w.ok(e.ApprovePlan(t.Context(), u, hash))

		w.files.put("hello.yaml", doc("nginx:1.31")) // it moved: what was approved is not this
		mark := w.mark()
		w.want(w.apply(w.engine(), ApplyOptions{})["hello"], status.StateDrifted, status.ManualMode, status.ExitHeld)
		w.quiet(mark, "a plan that moved")

		w.files.put("hello.yaml", doc("nginx:1.30"))
		w.want(w.wait(w.engine())["hello"], status.StateReady, status.Synced, 0)
		if s := w.service("hello"); !strings.HasSuffix(aws.ToString(s.TaskDefinition), ":2") {
			t.Errorf("it runs %s", aws.ToString(s.TaskDefinition))
		}
		for _, tag := range w.service("hello").Tags {
			if aws.ToString(tag.Key) == resource.TagApproved {
				t.Error("the approval outlives what it was for")
			}
		}
	})
}
