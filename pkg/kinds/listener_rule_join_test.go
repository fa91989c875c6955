package kinds

import (
	"reflect"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2"
	"github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2/types"

	"github.com/ecs-operator/ecs-operator/pkg/resource"
	"github.com/ecs-operator/ecs-operator/pkg/shape"
)

// What a settled rule keeps of the live one is its own: the live form shares its parts with
// an answer of AWS, which others read meanwhile.
func TestSettledRuleSharesNothing(t *testing.T) {
	id := resource.ID{Target: "default", Cluster: "default", Unit: "web", Kind: resource.KindListenerRule, Name: "web"}
	group := id.Of(resource.KindTargetGroup, "web")
	for name, actions := range map[string][]types.Action{
		"one":  {{Type: types.ActionTypeEnumForward, TargetGroupArn: aws.String("arn:old")}},
		"list": {{Type: types.ActionTypeEnumForward, ForwardConfig: &types.ForwardActionConfig{TargetGroups: []types.TargetGroupTuple{{TargetGroupArn: aws.String("arn:old"), Weight: aws.Int32(1)}}}}},
		"answer": {{Type: types.ActionTypeEnumFixedResponse, FixedResponseConfig: &types.FixedResponseActionConfig{
			StatusCode: aws.String("503")}}},
	} {
		t.Run(name, func(t *testing.T) {
			answer := &types.Rule{RuleArn: aws.String("arn:aws:elasticloadbalancing:eu-west-1:1:listener-rule/app/lb/1/2/3"), Priority: aws.String("7"), Actions: actions,
				Conditions: []types.RuleCondition{{Field: aws.String("path-pattern"), PathPatternConfig: &types.PathPatternConditionConfig{Values: []string{"/*"}}}}}
			before := shape.Clone(answer)
			text := "$(targetGroups.web.arn)"
			want := &elasticloadbalancingv2.CreateRuleInput{Conditions: answer.Conditions, Priority: aws.Int32(7),
				Actions: []types.Action{{Type: types.ActionTypeEnumForward, TargetGroupArn: aws.String(text)}}}
			o := resource.Object{ID: id, Want: want, Tags: map[string]string{}, Written: &shape.Places{},
				Refs: []resource.Ref{{Path: "actions[0].targetGroupArn", Text: text, To: group, Attr: "arn"}}}
			s := (&listenerRule{}).Settle(o, ruleLive(id, answer, nil), resource.Standing{Empty: map[resource.ID]bool{group: true}})
			if len(s.Later) == 0 {
				t.Fatal("it is turned at once")
			}
			shape.MapStrings(s.Object.Want, func(string, string) string { return "changed" })
			if !reflect.DeepEqual(answer, before) {
				t.Errorf("the answer has become %v", shape.Plain(answer, nil))
			}
		})
	}
}
