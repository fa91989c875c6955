package kinds

import (
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ecs"
	ecstypes "github.com/aws/aws-sdk-go-v2/service/ecs/types"
	"github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2"
	"github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2/types"
	"github.com/google/go-cmp/cmp"

	"github.com/ecs-operator/ecs-operator/pkg/resource"
)

const groupRef = "$(targetGroups.web.arn)"

// ruleLeading is a rule of a document whose only reference is to the target group.
func ruleLeading(actions []types.Action, path string) resource.Object {
	id := resource.ID{Target: "default", Cluster: "default", Unit: "web", Kind: resource.KindListenerRule, Name: "web"}
	return resource.Object{ID: id, Section: "listenerRules.web", Want: &elasticloadbalancingv2.CreateRuleInput{Actions: actions},
		Refs: []resource.Ref{{Path: path, Text: groupRef, To: id.Of(resource.KindTargetGroup, "web"), Attr: "arn"}}}
}

// Before the turn the old target groups get what they get now, afterwards nothing,
// and what else a rule forwards to keeps its weight.
func TestRuleBeside(t *testing.T) {
	alone := []types.Action{{Type: types.ActionTypeEnumForward, TargetGroupArn: aws.String(groupRef)}}
	for _, c := range []struct {
		name string
		want []types.Action
		live []types.Action
		from []string
		done bool
		then map[string]int32
	}{
		{"joined", alone, forward("old", 1), []string{"old"}, false, map[string]int32{groupRef: 0, "old": 1}},
		{"turned", alone, forward("old", 1), []string{"old"}, true, map[string]int32{groupRef: 1, "old": 0}},
		{"a new rule", alone, nil, []string{"old"}, false, map[string]int32{groupRef: 0, "old": 1}},
		{"weighted", forward(groupRef, 90, "other", 10), forward("old", 90, "other", 10), []string{"old"}, false, map[string]int32{groupRef: 0, "old": 90, "other": 10}},
		{"weighted, turned", forward(groupRef, 90, "other", 10), forward("old", 90, "other", 10), []string{"old"}, true, map[string]int32{groupRef: 90, "old": 0, "other": 10}},
		{"two old ones, one serves", alone, forward("older", 0, "old", 1), []string{"older", "old"}, false, map[string]int32{groupRef: 0, "older": 0, "old": 1}},
		{"two old ones share", alone, forward("older", 30, "old", 70), []string{"older", "old"}, false, map[string]int32{groupRef: 0, "older": 30, "old": 70}},
	} {
		t.Run(c.name, func(t *testing.T) {
			path := "actions[0].forwardConfig.targetGroups[0].targetGroupArn"
			if c.want[0].TargetGroupArn != nil {
				path = "actions[0].targetGroupArn"
			}
			o := ruleLeading(c.want, path)
			var live any
			if c.live != nil {
				live = &elasticloadbalancingv2.CreateRuleInput{Actions: c.live}
			}
			k := newListenerRule(base{})
			got, why := k.Beside(o, resource.Turn{To: groupRef, From: c.from, Done: c.done, Live: live})
			if why != "" {
				t.Fatal(why)
			}
			if d := cmp.Diff(c.then, k.Leads(got.Want)); d != "" {
				t.Errorf("leads (-want +got):\n%s", d)
			}
			resolved, open := resource.Resolve(got, func(resource.ID) map[string]string { return map[string]string{"arn": "new"} })
			if _, found := k.Leads(resolved.Want)["new"]; !found || len(open) > 0 {
				t.Errorf("the reference is lost: %v, open %v", k.Leads(resolved.Want), open)
			}
			if d := cmp.Diff(1, len(k.Leads(&elasticloadbalancingv2.CreateRuleInput{Actions: alone}))); d != "" {
				t.Error("the document itself was changed")
			}
		})
	}
	five := forward(groupRef, 1, "a", 1, "b", 1, "c", 1, "d", 1)
	if _, why := newListenerRule(base{}).Beside(ruleLeading(five, "x"), resource.Turn{To: groupRef, From: []string{"old"}}); !strings.Contains(why, "6 target groups") {
		t.Errorf("six target groups: %q", why)
	}
	ours := ruleLeading(alone, "x")
	ours.Extra = map[string]any{governed: true}
	if _, why := newListenerRule(base{}).Beside(ours, resource.Turn{To: groupRef}); !strings.Contains(why, "ECS moves the weights") {
		t.Errorf("governed by ECS: %q", why)
	}
}

// A service stands in both target groups where ECS lets it.
func TestServiceBeside(t *testing.T) {
	in := func(strategy ecstypes.DeploymentStrategy, controller ecstypes.DeploymentControllerType, groups ...string) *ecs.CreateServiceInput {
		out := &ecs.CreateServiceInput{DeploymentConfiguration: &ecstypes.DeploymentConfiguration{Strategy: strategy}}
		if controller != "" {
			out.DeploymentController = &ecstypes.DeploymentController{Type: controller}
		}
		for _, g := range groups {
			out.LoadBalancers = append(out.LoadBalancers, ecstypes.LoadBalancer{TargetGroupArn: aws.String(g), ContainerName: aws.String("app"), ContainerPort: aws.Int32(80)})
		}
		return out
	}
	k := newService(base{})
	for _, c := range []struct {
		name       string
		want, live *ecs.CreateServiceInput
		says       string
	}{
		{"rolling", in("", "", groupRef), in("ROLLING", "ECS", "old"), ""},
		{"blue/green is wanted", in("BLUE_GREEN", "", groupRef), in("ROLLING", "", "old"), "deployment strategy BLUE_GREEN"},
		{"canary is left", in("", "", groupRef), in("CANARY", "", "old"), ""},
		{"CodeDeploy", in("", "", groupRef), in("", "CODE_DEPLOY", "old"), "deployment controller CODE_DEPLOY"},
		{"six", in("", "", groupRef, "a", "b", "c", "d"), in("", "", "old"), "6 target groups"},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, why := k.Beside(resource.Object{Want: c.want}, resource.Turn{To: groupRef, From: []string{"old"}, Live: c.live})
			if (why == "") != (c.says == "") || !strings.Contains(why, c.says) {
				t.Fatalf("says %q, want %q", why, c.says)
			}
			if why != "" {
				return
			}
			if d := cmp.Diff(map[string]int32{groupRef: 1, "old": 1}, k.Leads(got.Want)); d != "" {
				t.Errorf("leads (-want +got):\n%s", d)
			}
			if old := got.Want.(*ecs.CreateServiceInput).LoadBalancers[1]; aws.ToString(old.ContainerName) != "app" || aws.ToInt32(old.ContainerPort) != 80 {
				t.Errorf("the old one gets %+v", old)
			}
			if len(c.want.LoadBalancers) != 1 {
				t.Error("the document itself was changed")
			}
		})
	}
}
