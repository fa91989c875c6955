package sandbox

import (
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	elb "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2"
	elbtypes "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2/types"
)

const elbPrefix = "arn:aws:elasticloadbalancing:" + Region + ":" + Account + ":"

// elbAsks: no Describe takes a resource type. CreateRule takes the listener,
// SetRulePriorities the rules but no condition key, the other writes their resource
// with aws:ResourceTag and elasticloadbalancing:ResourceTag; creation with tags asks
// for AddTags with elasticloadbalancing:CreateAction.
func elbAsks() map[string]asker {
	one := func(action string, arn *string) []ask {
		return []ask{{"elasticloadbalancing:" + action, aws.ToString(arn), nil}}
	}
	tagged := func(c *call, asks []ask) []ask {
		for i := range asks {
			asks[i].facts = asks[i].facts.on("elasticloadbalancing", c.w.ELB.Tags[asks[i].resource])
		}
		return asks
	}
	return map[string]asker{
		"elasticloadbalancing.CreateTargetGroup": asks(func(_ *call, in *elb.CreateTargetGroupInput) []ask {
			arn := elbPrefix + "targetgroup/" + aws.ToString(in.Name) + "/*"
			return elbCreates("CreateTargetGroup", arn, arn, nil, in.Tags)
		}),
		"elasticloadbalancing.CreateRule": asks(func(c *call, in *elb.CreateRuleInput) []ask {
			listener := aws.ToString(in.ListenerArn)
			rule := strings.Replace(listener, ":listener/", ":listener-rule/", 1) + "/*"
			return elbCreates("CreateRule", listener, rule, facts{}.on("elasticloadbalancing", c.w.ELB.Tags[listener]), in.Tags)
		}),
		"elasticloadbalancing.ModifyTargetGroup": asks(func(c *call, in *elb.ModifyTargetGroupInput) []ask {
			return tagged(c, one("ModifyTargetGroup", in.TargetGroupArn))
		}),
		"elasticloadbalancing.ModifyTargetGroupAttributes": asks(func(c *call, in *elb.ModifyTargetGroupAttributesInput) []ask {
			return tagged(c, one("ModifyTargetGroupAttributes", in.TargetGroupArn))
		}),
		"elasticloadbalancing.DeleteTargetGroup": asks(func(c *call, in *elb.DeleteTargetGroupInput) []ask {
			return tagged(c, one("DeleteTargetGroup", in.TargetGroupArn))
		}),
		"elasticloadbalancing.ModifyRule": asks(func(c *call, in *elb.ModifyRuleInput) []ask { return tagged(c, one("ModifyRule", in.RuleArn)) }),
		"elasticloadbalancing.DeleteRule": asks(func(c *call, in *elb.DeleteRuleInput) []ask { return tagged(c, one("DeleteRule", in.RuleArn)) }),
		"elasticloadbalancing.ModifyListener": asks(func(c *call, in *elb.ModifyListenerInput) []ask {
			return tagged(c, one("ModifyListener", in.ListenerArn))
		}),
		"elasticloadbalancing.SetRulePriorities": asks(func(_ *call, in *elb.SetRulePrioritiesInput) []ask {
			var out []ask
			for _, p := range in.RulePriorities {
				out = append(out, one("SetRulePriorities", p.RuleArn)...)
			}
			return out
		}),
		"elasticloadbalancing.AddTags": asks(func(c *call, in *elb.AddTagsInput) []ask {
			var out []ask
			for _, arn := range in.ResourceArns {
				out = append(out, tagged(c, one("AddTags", &arn))[0].bringing(elbTagMap(in.Tags)))
			}
			return out
		}),
		"elasticloadbalancing.RemoveTags": asks(func(c *call, in *elb.RemoveTagsInput) []ask {
			var out []ask
			for _, arn := range in.ResourceArns {
				a := tagged(c, one("RemoveTags", &arn))[0]
				a.facts = a.facts.set("aws:TagKeys", in.TagKeys...)
				out = append(out, a)
			}
			return out
		}),
	}
}

func elbTagMap(tags []elbtypes.Tag) map[string]string {
	return tagMap(tags, func(t elbtypes.Tag) (k, v *string) { return t.Key, t.Value })
}

func elbCreates(action, on, made string, f facts, tags []elbtypes.Tag) []ask {
	brought := elbTagMap(tags)
	out := []ask{{"elasticloadbalancing:" + action, on, f.brings(brought)}}
	if len(brought) > 0 {
		out = append(out, ask{"elasticloadbalancing:AddTags", made, facts{}.brings(brought).set("elasticloadbalancing:CreateAction", action)})
	}
	return out
}
