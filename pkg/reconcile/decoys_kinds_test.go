package reconcile

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/applicationautoscaling"
	scalingtypes "github.com/aws/aws-sdk-go-v2/service/applicationautoscaling/types"
	"github.com/aws/aws-sdk-go-v2/service/ecs"
	"github.com/aws/aws-sdk-go-v2/service/ecs/types"
	"github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2"
	elbtypes "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2/types"

	"github.com/ecs-operator/ecs-operator/pkg/resource"
	"github.com/ecs-operator/ecs-operator/pkg/status"
)

// twin carries the very tags of web of scope a. Only what is told apart by
// something else than tags may have one: its cluster.
var twin = map[string]string{resource.TagOwner: "ecs-operator", resource.TagScope: "a", resource.TagUnit: "default/web", resource.TagKey: "KEY"}

// keyedTags are a decoy's tags for one kind.
func keyedTags(tags map[string]string, key string) map[string]string {
	out := maps.Clone(tags)
	if out[resource.TagKey] != "" {
		out[resource.TagKey] = key
	}
	return out
}

// decoyRule puts a rule of somebody's beside web's, on the same listener.
func (w *world) decoyRule(priority int32, tags map[string]string) (arn string) {
	w.t.Helper()
	arn = w.somebody(priority, fmt.Sprintf("/decoy%d", priority))
	var list []elbtypes.Tag
	for k, v := range keyedTags(tags, "rule/web") {
		list = append(list, elbtypes.Tag{Key: aws.String(k), Value: aws.String(v)})
	}
	if len(list) > 0 {
		_, err := w.person().Write.ELB.AddTags(w.t.Context(), &elasticloadbalancingv2.AddTagsInput{ResourceArns: []string{arn}, Tags: list})
		w.ok(err)
	}
	return arn
}

// decoyRevision registers a revision in web's own family.
func (w *world) decoyRevision(image string, tags map[string]string) (arn string) {
	w.t.Helper()
	in := &ecs.RegisterTaskDefinitionInput{Family: aws.String("default-web"),
		ContainerDefinitions: []types.ContainerDefinition{{Name: aws.String("web"), Image: aws.String(image), Memory: aws.Int32(64)}}}
	for k, v := range tags {
		if k != resource.TagKey {
			in.Tags = append(in.Tags, types.Tag{Key: aws.String(k), Value: aws.String(v)})
		}
	}
	out, err := w.person().Write.ECS.RegisterTaskDefinition(w.t.Context(), in)
	w.ok(err)
	return aws.ToString(out.TaskDefinition.TaskDefinitionArn)
}

// decoyScaling scales a service web of another cluster under the names that the
// operator gives to what hangs on web's own scalable target.
func (w *world) decoyScaling(cluster string, tags map[string]string) (resourceID string) {
	w.t.Helper()
	api := w.person().Write
	_, err := api.ECS.CreateCluster(w.t.Context(), &ecs.CreateClusterInput{ClusterName: &cluster})
	w.ok(err)
	_, err = api.ECS.CreateService(w.t.Context(), &ecs.CreateServiceInput{Cluster: &cluster, ServiceName: aws.String("web"), TaskDefinition: aws.String("default-other"), DesiredCount: aws.Int32(0)})
	w.ok(err)
	resourceID = "service/" + cluster + "/web"
	dimension, namespace := scalingtypes.ScalableDimensionECSServiceDesiredCount, scalingtypes.ServiceNamespaceEcs
	_, err = api.AutoScaling.RegisterScalableTarget(w.t.Context(), &applicationautoscaling.RegisterScalableTargetInput{ResourceId: &resourceID, ScalableDimension: dimension,
		ServiceNamespace: namespace, MinCapacity: aws.Int32(0), MaxCapacity: aws.Int32(3), Tags: keyedTags(tags, "scalable-target")})
	w.ok(err)
	_, err = api.AutoScaling.PutScalingPolicy(w.t.Context(), &applicationautoscaling.PutScalingPolicyInput{ResourceId: &resourceID, ScalableDimension: dimension,
		ServiceNamespace: namespace, PolicyName: aws.String("ecs-operator/default/web/cpu"), PolicyType: scalingtypes.PolicyTypeTargetTrackingScaling,
		TargetTrackingScalingPolicyConfiguration: &scalingtypes.TargetTrackingScalingPolicyConfiguration{TargetValue: aws.Float64(50),
			PredefinedMetricSpecification: &scalingtypes.PredefinedMetricSpecification{PredefinedMetricType: scalingtypes.MetricTypeECSServiceAverageCPUUtilization}}})
	w.ok(err)
	_, err = api.AutoScaling.PutScheduledAction(w.t.Context(), &applicationautoscaling.PutScheduledActionInput{ResourceId: &resourceID, ScalableDimension: dimension,
		ServiceNamespace: namespace, ScheduledActionName: aws.String("ecs-operator-default-web-night"), Schedule: aws.String("cron(0 22 * * ? *)"),
		ScalableTargetAction: &scalingtypes.ScalableTargetAction{MinCapacity: aws.Int32(0), MaxCapacity: aws.Int32(1)}})
	w.ok(err)
	return resourceID
}

// moreDecoys puts a rule, a revision, and a scalable target with a policy and a
// scheduled action of each sort beside web's, and says how they all look.
func (w *world) moreDecoys() (picture func() string) {
	w.t.Helper()
	var rules, revisions, scaled []string
	for i, sort := range slices.Sorted(maps.Keys(decoyTags)) {
		rules = append(rules, w.decoyRule(int32(100+i), decoyTags[sort]))
		revisions = append(revisions, w.decoyRevision(fmt.Sprintf("decoy:%d", i), decoyTags[sort]))
		scaled = append(scaled, w.decoyScaling(fmt.Sprintf("decoy%d", i), decoyTags[sort]))
	}
	scaled = append(scaled, w.decoyScaling("twin", twin))
	w.sleep(minute)
	return func() string {
		w.t.Helper()
		var all []any
		read := w.person().Read
		r, err := read.ELB.DescribeRules(w.t.Context(), &elasticloadbalancingv2.DescribeRulesInput{RuleArns: rules})
		w.ok(err)
		tags, err := read.ELB.DescribeTags(w.t.Context(), &elasticloadbalancingv2.DescribeTagsInput{ResourceArns: rules})
		w.ok(err)
		all = append(all, r.Rules, tags.TagDescriptions)
		for _, arn := range revisions {
			d, err := read.ECS.DescribeTaskDefinition(w.t.Context(), &ecs.DescribeTaskDefinitionInput{TaskDefinition: &arn, Include: []types.TaskDefinitionField{types.TaskDefinitionFieldTags}})
			w.ok(err)
			all = append(all, d.TaskDefinition, d.Tags)
		}
		namespace := scalingtypes.ServiceNamespaceEcs
		for _, id := range scaled {
			t, err := read.AutoScaling.DescribeScalableTargets(w.t.Context(), &applicationautoscaling.DescribeScalableTargetsInput{ServiceNamespace: namespace, ResourceIds: []string{id}})
			w.ok(err)
			p, err := read.AutoScaling.DescribeScalingPolicies(w.t.Context(), &applicationautoscaling.DescribeScalingPoliciesInput{ServiceNamespace: namespace, ResourceId: &id})
			w.ok(err)
			s, err := read.AutoScaling.DescribeScheduledActions(w.t.Context(), &applicationautoscaling.DescribeScheduledActionsInput{ServiceNamespace: namespace, ResourceId: &id})
			w.ok(err)
			all = append(all, id, t.ScalableTargets, p.ScalingPolicies, s.ScheduledActions)
			for _, x := range t.ScalableTargets {
				tags, err := read.AutoScaling.ListTagsForResource(w.t.Context(), &applicationautoscaling.ListTagsForResourceInput{ResourceARN: x.ScalableTargetARN})
				w.ok(err)
				all = append(all, tags.Tags)
			}
		}
		var lines []string
		for _, x := range all {
			b, err := json.Marshal(x)
			w.ok(err)
			lines = append(lines, string(b))
		}
		return strings.Join(lines, "\n")
	}
}

// missingIn are the lines that only the first has.
func missingIn(a, b []string) []string {
	return slices.DeleteFunc(slices.Clone(a), func(line string) bool { return slices.Contains(b, line) })
}

// Rules, revisions and scaling that look like ours and are not stay as they are to
// the byte, by every way in which a service and its surroundings go.
func TestDecoysOfEveryKind(t *testing.T) {
	for name, way := range map[string]struct{ policy, surroundings string }{
		"pruned, then deleted": {policy: "{prune: true, keepRevisions: 1}", surroundings: "prune"},
		"orphaned":             {policy: "{onDelete: orphan}"},
	} {
		t.Run(name, func(t *testing.T) {
			inWorld(t, func(t *testing.T, w *world) {
				scheduled := strings.Replace(web, "    policies:\n", "    scheduledActions:\n      night: {schedule: \"cron(0 22 * * ? *)\", scalableTargetAction: {minCapacity: 2, maxCapacity: 4}}\n    policies:\n", 1)
				with := func(doc string) string {
					return strings.Replace(doc, "  cluster: default\n", "  cluster: default\n  policy: "+way.policy+"\n", 1)
				}
				w.files.put("web.yaml", with(scheduled))
				w.files.put("other.yaml", hello("other", "nginx:1.29"))
				w.sync(w.scoped("a", true))
				picture := w.moreDecoys()
				before := picture()
				compare := func(when string) {
					t.Helper()
					was, is := strings.Split(before, "\n"), strings.Split(picture(), "\n")
					if !slices.Equal(was, is) {
						t.Fatalf("%s changed a decoy:\n%s\nis now\n%s", when, strings.Join(missingIn(was, is), "\n"), strings.Join(missingIn(is, was), "\n"))
					}
				}
				w.files.put("web.yaml", with(strings.ReplaceAll(scheduled, "nginx:1.29", "nginx:1.30")))
				w.want(w.sync(w.scoped("a", true))["web"], status.StateReady, status.Synced, 0)
				compare("a rollout")
				if way.surroundings != "" {
					bare := without(without(scheduled, "  scaling:", "  alarms:"), "  alarms:", "")
					w.files.put("web.yaml", with(strings.ReplaceAll(bare, "nginx:1.29", "nginx:1.30")))
					mark := w.mark()
					w.want(w.sync(w.scoped("a", true))["web"], status.StateReady, status.Synced, 0)
					if !w.wrote(mark, "DeregisterScalableTarget") || !w.wrote(mark, "DeleteScheduledAction") {
						t.Errorf("pruning made %v", w.writes(mark))
					}
					compare("pruning")
				}
				w.files.put("web.yaml", "")
				w.sync(w.scoped("a", true))
				compare("the end of the service")
			})
		})
	}
}

// Taking the scaling out of a document does not take somebody else's policy with it,
// which AWS would delete together with the scalable target.
func TestSomebodysPolicyOnOurScalableTarget(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world) {
		with := func(doc string) string { return strings.Replace(doc, "  cluster: default\n", pruning1, 1) }
		w.files.put("web.yaml", with(web))
		w.sync(w.scoped("a", true))
		id, name := "service/default/web", "somebody-cpu"
		dimension, namespace := scalingtypes.ScalableDimensionECSServiceDesiredCount, scalingtypes.ServiceNamespaceEcs
		_, err := w.person().Write.AutoScaling.PutScalingPolicy(t.Context(), &applicationautoscaling.PutScalingPolicyInput{ResourceId: &id, ScalableDimension: dimension,
			ServiceNamespace: namespace, PolicyName: &name, PolicyType: scalingtypes.PolicyTypeTargetTrackingScaling,
			TargetTrackingScalingPolicyConfiguration: &scalingtypes.TargetTrackingScalingPolicyConfiguration{TargetValue: aws.Float64(50),
				PredefinedMetricSpecification: &scalingtypes.PredefinedMetricSpecification{PredefinedMetricType: scalingtypes.MetricTypeECSServiceAverageMemoryUtilization}}})
		w.ok(err)
		w.files.put("web.yaml", with(without(web, "  scaling:", "  alarms:")))
		mark := w.mark()
		out := w.syncFor(t.Context(), w.scoped("a", true), 5*minute)["web"]
		if w.wrote(mark, "DeregisterScalableTarget") || !w.wrote(mark, "DeleteScalingPolicy") {
			t.Fatalf("somebody's policy went with it: %v", w.writes(mark))
		}
		if !strings.Contains(out.Status.Why, "somebody-cpu") {
			t.Errorf("it is told %q", out.Status.Why)
		}
		_, err = w.person().Write.AutoScaling.DeleteScalingPolicy(t.Context(), &applicationautoscaling.DeleteScalingPolicyInput{ResourceId: &id, ScalableDimension: dimension, ServiceNamespace: namespace, PolicyName: &name})
		w.ok(err)
		w.want(w.sync(w.scoped("a", true))["web"], status.StateReady, status.Synced, 0)
		if !w.wrote(mark, "DeregisterScalableTarget") {
			t.Error("it stays when nobody uses it any more")
		}
	})
}
