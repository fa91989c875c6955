package sandbox

import (
	"encoding/base64"
	"fmt"
	"slices"
	"sort"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	elbtypes "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2/types"
)

// elbWorld is what Elastic Load Balancing remembers. Lists are in the order of
// creation, which is the order of every answer.
type elbWorld struct {
	LoadBalancers []*elbLoadBalancer
	Listeners     []*elbListener
	Rules         []*elbRule // default rules included
	TargetGroups  []*elbTargetGroup
	Quota         int                          // of target groups, Options.TargetGroups
	Tags          map[string]map[string]string // by ARN
}

type elbLoadBalancer struct {
	Value      elbtypes.LoadBalancer
	Attributes map[string]string
}

type elbListener struct {
	Value      elbtypes.Listener // DefaultActions are the default rule's
	Attributes map[string]string
}

type elbRule struct {
	Value    elbtypes.Rule
	Listener string
	Priority int32 // 0 for the default rule
}

type elbTargetGroup struct {
	Value      elbtypes.TargetGroup // LoadBalancerArns is computed when asked
	Attributes map[string]string
	Targets    []*elbTarget
}

// Constants of the documented world's network.
const (
	sandboxVPC           = "vpc-0sandbox"
	sandboxSubnetA       = "subnet-0sandboxa"
	sandboxSubnetB       = "subnet-0sandboxb"
	sandboxSecurityGroup = "sg-0sandbox"
	sandboxALB           = "arn:aws:elasticloadbalancing:" + Region + ":" + Account + ":loadbalancer/app/main/0123456789abcdef"
	sandboxListener      = "arn:aws:elasticloadbalancing:" + Region + ":" + Account + ":listener/app/main/0123456789abcdef/fedcba9876543210"
)

var sandboxSubnets = map[string]string{sandboxSubnetA: Region + "a", sandboxSubnetB: Region + "b"}

// seedELB gives the documented world its load balancer: one listener on port 80
// that answers 404 until somebody adds a rule.
func (w *World) seedELB() {
	lb := &elbLoadBalancer{Value: elbtypes.LoadBalancer{
		LoadBalancerArn: aws.String(sandboxALB), LoadBalancerName: aws.String("main"),
		DNSName: aws.String("main-0123456789." + Region + ".elb.amazonaws.com"), CanonicalHostedZoneId: aws.String("Z35SXDOTRQ7X7K"),
		Type: elbtypes.LoadBalancerTypeEnumApplication, Scheme: elbtypes.LoadBalancerSchemeEnumInternetFacing,
		IpAddressType: elbtypes.IpAddressTypeIpv4, VpcId: aws.String(sandboxVPC), SecurityGroups: []string{sandboxSecurityGroup},
		AvailabilityZones: zonesOf([]string{sandboxSubnetA, sandboxSubnetB}), CreatedTime: aws.Time(w.Clock),
		State: &elbtypes.LoadBalancerState{Code: elbtypes.LoadBalancerStateEnumActive},
	}}
	lb.Attributes = loadBalancerDefaults(lb.Value.Type)
	w.ELB.Tags = map[string]map[string]string{}
	w.ELB.LoadBalancers = append(w.ELB.LoadBalancers, lb)
	w.addListener(elbtypes.Listener{
		ListenerArn: aws.String(sandboxListener), LoadBalancerArn: aws.String(sandboxALB), Port: aws.Int32(80), Protocol: elbtypes.ProtocolEnumHttp,
		DefaultActions: []elbtypes.Action{{Type: elbtypes.ActionTypeEnumFixedResponse, Order: aws.Int32(1), FixedResponseConfig: &elbtypes.FixedResponseActionConfig{
			StatusCode: aws.String("404"), ContentType: aws.String("text/plain"), MessageBody: aws.String("no rule matches"),
		}}},
	})
}

func zonesOf(subnets []string) []elbtypes.AvailabilityZone {
	zones := make([]elbtypes.AvailabilityZone, 0, len(subnets))
	for _, s := range subnets {
		zones = append(zones, elbtypes.AvailabilityZone{SubnetId: aws.String(s), ZoneName: aws.String(sandboxSubnets[s]), LoadBalancerAddresses: []elbtypes.LoadBalancerAddress{}})
	}
	return zones
}

func elbOperations() []operation {
	const s = "elasticloadbalancing"
	return []operation{
		op(s, "CreateLoadBalancer", true, createLoadBalancer),
		op(s, "DescribeLoadBalancers", false, describeLoadBalancers),
		op(s, "DescribeLoadBalancerAttributes", false, describeLoadBalancerAttributes),
		op(s, "ModifyLoadBalancerAttributes", true, modifyLoadBalancerAttributes),
		op(s, "DeleteLoadBalancer", true, deleteLoadBalancer),
		op(s, "DescribeCapacityReservation", false, describeCapacityReservation),
		op(s, "CreateListener", true, createListener),
		op(s, "DescribeListeners", false, describeListeners),
		op(s, "ModifyListener", true, modifyListener),
		op(s, "DeleteListener", true, deleteListener),
		op(s, "DescribeListenerAttributes", false, describeListenerAttributes),
		op(s, "ModifyListenerAttributes", true, modifyListenerAttributes),
		op(s, "CreateRule", true, createRule),
		op(s, "DescribeRules", false, describeRules),
		op(s, "ModifyRule", true, modifyRule),
		op(s, "DeleteRule", true, deleteRule),
		op(s, "SetRulePriorities", true, setRulePriorities),
		op(s, "CreateTargetGroup", true, createTargetGroup),
		op(s, "DescribeTargetGroups", false, describeTargetGroups),
		op(s, "ModifyTargetGroup", true, modifyTargetGroup),
		op(s, "DeleteTargetGroup", true, deleteTargetGroup),
		op(s, "DescribeTargetGroupAttributes", false, describeTargetGroupAttributes),
		op(s, "ModifyTargetGroupAttributes", true, modifyTargetGroupAttributes),
		op(s, "RegisterTargets", true, registerTargets),
		op(s, "DeregisterTargets", true, deregisterTargets),
		op(s, "DescribeTargetHealth", false, describeTargetHealth),
		op(s, "AddTags", true, addELBTags),
		op(s, "RemoveTags", true, removeELBTags),
		op(s, "DescribeTags", false, describeELBTags),
	}
}

func elbTimers() map[string]func(*World, string) {
	return map[string]func(*World, string){
		"elb-load-balancer-active": (*World).loadBalancerActive,
		"elb-target-checked":       (*World).targetChecked,
		"elb-target-drained":       (*World).targetDrained,
	}
}

// elbTaggables are what Elastic Load Balancing tells the tagging API of.
func (w *World) elbTaggables(yield func(taggable) bool) bool {
	add := func(arn, kind string) bool { return yield(taggable{arn: arn, kind: kind, among: w.ELB.Tags}) }
	for _, lb := range w.ELB.LoadBalancers {
		if !add(*lb.Value.LoadBalancerArn, "elasticloadbalancing:loadbalancer") {
			return false
		}
	}
	for _, tg := range w.ELB.TargetGroups {
		if !add(*tg.Value.TargetGroupArn, "elasticloadbalancing:targetgroup") {
			return false
		}
	}
	for _, l := range w.ELB.Listeners {
		if !add(*l.Value.ListenerArn, "elasticloadbalancing:listener") {
			return false
		}
	}
	for _, r := range w.ELB.Rules {
		if !add(*r.Value.RuleArn, "elasticloadbalancing:listener-rule") {
			return false
		}
	}
	return true
}

func (w *World) loadBalancer(arn string) *elbLoadBalancer {
	for _, lb := range w.ELB.LoadBalancers {
		if *lb.Value.LoadBalancerArn == arn {
			return lb
		}
	}
	return nil
}

func (w *World) listener(arn string) *elbListener {
	for _, l := range w.ELB.Listeners {
		if *l.Value.ListenerArn == arn {
			return l
		}
	}
	return nil
}

func (w *World) rule(arn string) *elbRule {
	return found(w, w.ELB.Rules, arn, func(r *elbRule) string { return *r.Value.RuleArn })
}

func (w *World) targetGroup(arn string) *elbTargetGroup {
	return found(w, w.ELB.TargetGroups, arn, func(tg *elbTargetGroup) string { return *tg.Value.TargetGroupArn })
}

func (w *World) namedTargetGroup(name string) *elbTargetGroup {
	return found(w, w.ELB.TargetGroups, name, func(tg *elbTargetGroup) string { return *tg.Value.TargetGroupName })
}

// found looks where an ARN or a name stood in the list when it was looked for last, and then
// everywhere, what is new first.
func found[T any](w *World, list []*T, key string, of func(*T) string) *T {
	if i, known := w.derived.places[key]; known && i < len(list) && of(list[i]) == key {
		return list[i]
	}
	for i, t := range slices.Backward(list) {
		if of(t) != key {
			continue
		}
		if w.derived.places == nil {
			w.derived.places = map[string]int{}
		}
		w.derived.places[key] = i
		return t
	}
	return nil
}

// targetGroupExists reports whether there is a target group of this ARN.
func (w *World) targetGroupExists(arn string) bool { return w.targetGroup(arn) != nil }

// targetGroupAttached reports whether a rule or a listener's default action
// forwards to a target group.
func (w *World) targetGroupAttached(arn string) bool { return len(w.loadBalancersOf(arn)) > 0 }

// loadBalancersOf lists the load balancers whose listeners forward to a target
// group: one at most, as AWS keeps it.
func (w *World) loadBalancersOf(tgARN string) []string { return w.forwarders()[tgARN] }

// forwarders lists the load balancers of every target group that some listener
// forwards to, as routesChanged has left them.
func (w *World) forwarders() map[string][]string {
	if w.derived.behind != nil {
		return w.derived.behind
	}
	out := map[string][]string{}
	for _, r := range w.ELB.Rules {
		l := w.listener(r.Listener)
		if l == nil {
			continue
		}
		for _, tg := range forwardsTo(r.Value.Actions) {
			if !slices.Contains(out[tg], *l.Value.LoadBalancerArn) {
				out[tg] = append(out[tg], *l.Value.LoadBalancerArn)
			}
		}
	}
	w.derived.behind = out
	return out
}

// elbPage cuts one page out of a list: PageSize 1-400, and a Marker that is where
// the next page begins.
func elbPage[T any](items []T, size *int32, marker *string, key func(T) string) ([]T, *string, error) {
	n := 400
	if size != nil {
		if *size < 1 || *size > 400 {
			return nil, nil, refuse("ValidationError", "1 validation error detected: Value '%d' at 'pageSize' failed to satisfy constraint: Member must have value between 1 and 400", *size)
		}
		n = int(*size)
	}
	if m := aws.ToString(marker); m != "" {
		next, err := base64.RawURLEncoding.DecodeString(m)
		i := slices.IndexFunc(items, func(t T) bool { return key(t) == string(next) })
		if err != nil || i < 0 {
			return nil, nil, refuse("ValidationError", "Invalid marker '%s'", m)
		}
		items = items[i:]
	}
	if len(items) <= n {
		return items, nil, nil
	}
	return items[:n], aws.String(base64.RawURLEncoding.EncodeToString([]byte(key(items[n])))), nil
}

// setELBTags adds tags to a resource after the checks that AWS makes.
func (w *World) setELBTags(arn string, tags []elbtypes.Tag) {
	if len(tags) == 0 {
		return
	}
	if w.ELB.Tags[arn] == nil {
		w.ELB.Tags[arn] = map[string]string{}
	}
	for _, t := range tags {
		w.ELB.Tags[arn][aws.ToString(t.Key)] = aws.ToString(t.Value)
	}
}

func (w *World) checkELBTags(arn string, tags []elbtypes.Tag) error {
	seen := map[string]bool{}
	for _, t := range tags {
		k := aws.ToString(t.Key)
		switch {
		case k == "" || len(k) > 128:
			return refuse("ValidationError", "Tag keys must be between 1 and 128 characters")
		case len(aws.ToString(t.Value)) > 256:
			return refuse("ValidationError", "Tag values must be at most 256 characters")
		case strings.HasPrefix(strings.ToLower(k), "aws:"):
			return refuse("ValidationError", "'%s' is a reserved tag name: tags may not start with 'aws:'", k)
		case seen[k]:
			return refuse("DuplicateTagKeys", "Tag key was specified more than once: %s", k)
		}
		seen[k] = true
	}
	for k := range w.ELB.Tags[arn] {
		seen[k] = true
	}
	if len(seen) > 50 {
		return refuse("TooManyTags", "The maximum number of tags on '%s' is 50", arn)
	}
	return nil
}

func elbARN(kind, path string) *string {
	return aws.String(fmt.Sprintf("arn:aws:elasticloadbalancing:%s:%s:%s/%s", Region, Account, kind, path))
}

// arnPath is what stands behind the resource type of an ELB ARN.
func arnPath(arn string) string {
	_, path, _ := strings.Cut(arn, "/")
	return path
}

func sortedTags(tags map[string]string) []elbtypes.Tag {
	keys := make([]string, 0, len(tags))
	for k := range tags {
		keys = append(keys, k)
	}
	sort.Strings(keys)
	out := make([]elbtypes.Tag, 0, len(keys))
	for _, k := range keys {
		out = append(out, elbtypes.Tag{Key: aws.String(k), Value: aws.String(tags[k])})
	}
	return out
}

// elbTarget is one registered target.
type elbTarget struct {
	ID      string
	Port    int32
	Healthy bool // what its health checks will find
	Answers bool // something listens there, if only to answer errors
	State   elbtypes.TargetHealthStateEnum
	Since   time.Time
	Turn    int64 // tells the timers of one state from those of an earlier one
}
