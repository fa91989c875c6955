package sandbox

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	elbv2 "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2"
	elbtypes "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2/types"
	tagging "github.com/aws/aws-sdk-go-v2/service/resourcegroupstaggingapi"
	taggingtypes "github.com/aws/aws-sdk-go-v2/service/resourcegroupstaggingapi/types"
	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
)

func webGroup(name string) *elbv2.CreateTargetGroupInput {
	return &elbv2.CreateTargetGroupInput{Name: aws.String(name), Protocol: elbtypes.ProtocolEnumHttp, Port: aws.Int32(8080),
		VpcId: aws.String(sandboxVPC), TargetType: elbtypes.TargetTypeEnumIp}
}

// elbGroup makes a target group and returns its ARN.
func elbGroup(t *testing.T, c *elbv2.Client, name string) string {
	t.Helper()
	out, err := c.CreateTargetGroup(t.Context(), webGroup(name))
	if err != nil {
		t.Fatal(err)
	}
	return *out.TargetGroups[0].TargetGroupArn
}

// elbForward makes a rule of the documented listener.
func elbForward(t *testing.T, c *elbv2.Client, priority int32, tgs ...string) (*elbtypes.Rule, error) {
	t.Helper()
	in := &elbv2.CreateRuleInput{ListenerArn: aws.String(sandboxListener), Priority: aws.Int32(priority),
		Conditions: []elbtypes.RuleCondition{{Field: aws.String("path-pattern"), Values: []string{"/p" + fmt.Sprint(priority)}}}}
	if len(tgs) == 1 {
		in.Actions = []elbtypes.Action{{Type: elbtypes.ActionTypeEnumForward, TargetGroupArn: aws.String(tgs[0])}}
	} else {
		f := &elbtypes.ForwardActionConfig{}
		for _, tg := range tgs {
			f.TargetGroups = append(f.TargetGroups, elbtypes.TargetGroupTuple{TargetGroupArn: aws.String(tg)})
		}
		in.Actions = []elbtypes.Action{{Type: elbtypes.ActionTypeEnumForward, ForwardConfig: f}}
	}
	out, err := c.CreateRule(t.Context(), in)
	if err != nil {
		return nil, err
	}
	return &out.Rules[0], nil
}

var noSerde = cmpopts.IgnoreUnexported(elbtypes.TargetGroup{}, elbtypes.Matcher{}, elbtypes.Action{}, elbtypes.ForwardActionConfig{},
	elbtypes.TargetGroupTuple{}, elbtypes.TargetGroupStickinessConfig{}, elbtypes.RuleCondition{}, elbtypes.PathPatternConditionConfig{})

func TestTargetGroupQuota(t *testing.T) {
	bothFronts(t, Options{TargetGroups: 2}, func(t *testing.T, s *Sandbox, cfg aws.Config) {
		c := elbv2.NewFromConfig(cfg)
		first := elbGroup(t, c, "a")
		elbGroup(t, c, "b")
		_, err := c.CreateTargetGroup(t.Context(), webGroup("c"))
		wantCode(t, err, "TooManyTargetGroups")
		if again := elbGroup(t, c, "a"); again != first { // the one that is there counts once
			t.Errorf("made %s again as %s", first, again)
		}
		raw, err := s.Export()
		if err != nil {
			t.Fatal(err)
		}
		for raised, want := range map[int]int{0: 2, 3: 3} { // an exported world keeps its quota, until somebody has another
			copied, err := Import(raw, Options{TargetGroups: raised})
			if err != nil {
				t.Fatal(err)
			}
			copied.View(func(w *World) {
				if w.ELB.Quota != want {
					t.Errorf("a quota of %d is %d in the copy, want %d", raised, w.ELB.Quota, want)
				}
			})
		}
	})
}

func TestTargetGroupDefaults(t *testing.T) {
	bothFronts(t, Options{}, func(t *testing.T, _ *Sandbox, cfg aws.Config) {
		c := elbv2.NewFromConfig(cfg)
		out, err := c.CreateTargetGroup(t.Context(), webGroup("web"))
		if err != nil {
			t.Fatal(err)
		}
		want := elbtypes.TargetGroup{
			TargetGroupArn: out.TargetGroups[0].TargetGroupArn, TargetGroupName: aws.String("web"), Protocol: elbtypes.ProtocolEnumHttp, ProtocolVersion: aws.String("HTTP1"),
			Port: aws.Int32(8080), VpcId: aws.String(sandboxVPC), TargetType: elbtypes.TargetTypeEnumIp, IpAddressType: elbtypes.TargetGroupIpAddressTypeEnumIpv4,
			HealthCheckEnabled: aws.Bool(true), HealthCheckIntervalSeconds: aws.Int32(30), HealthCheckTimeoutSeconds: aws.Int32(5), HealthyThresholdCount: aws.Int32(5),
			UnhealthyThresholdCount: aws.Int32(2), HealthCheckPath: aws.String("/"), HealthCheckPort: aws.String("traffic-port"), HealthCheckProtocol: elbtypes.ProtocolEnumHttp,
			Matcher: &elbtypes.Matcher{HttpCode: aws.String("200")}, LoadBalancerArns: []string{},
		}
		if d := cmp.Diff(want, out.TargetGroups[0], noSerde); d != "" {
			t.Errorf("(-want +got):\n%s", d)
		}
		attrs, err := c.DescribeTargetGroupAttributes(t.Context(), &elbv2.DescribeTargetGroupAttributesInput{TargetGroupArn: want.TargetGroupArn})
		if err != nil {
			t.Fatal(err)
		}
		if v := attributeOf(attrs.Attributes, "deregistration_delay.timeout_seconds"); v != "300" {
			t.Errorf("delay %q", v)
		}
		if v := attributeOf(attrs.Attributes, "lambda.multi_value_headers.enabled"); v != "?" {
			t.Errorf("an attribute of lambda on an ip group: %q", v)
		}
	})
}

func attributeOf(attrs []elbtypes.TargetGroupAttribute, key string) string {
	for _, a := range attrs {
		if *a.Key == key {
			return aws.ToString(a.Value)
		}
	}
	return "?"
}

func TestTargetGroupIdempotency(t *testing.T) {
	s := New(Options{})
	c := elbv2.NewFromConfig(awsConfig("http://sandbox.invalid", s.Transport()))
	first := elbGroup(t, c, "web")
	if again := elbGroup(t, c, "web"); again != first {
		t.Errorf("created twice: %s and %s", first, again)
	}
	other := webGroup("web")
	other.HealthCheckPath = aws.String("/healthz")
	_, err := c.CreateTargetGroup(t.Context(), other)
	wantCode(t, err, "DuplicateTargetGroupName")
	if _, err := c.ModifyTargetGroup(t.Context(), &elbv2.ModifyTargetGroupInput{TargetGroupArn: &first, HealthCheckPath: aws.String("/healthz")}); err != nil {
		t.Fatal(err)
	}
	if _, err := c.CreateTargetGroup(t.Context(), other); err != nil {
		t.Errorf("same settings now: %v", err)
	}
}

func TestTargetGroupRefusals(t *testing.T) {
	s := New(Options{})
	c := elbv2.NewFromConfig(awsConfig("http://sandbox.invalid", s.Transport()))
	for name, tc := range map[string]struct {
		change func(*elbv2.CreateTargetGroupInput)
		code   string
		text   string
	}{
		"long name":      {func(in *elbv2.CreateTargetGroupInput) { in.Name = aws.String(strings.Repeat("a", 33)) }, "ValidationError", "cannot be longer than '32' characters"},
		"underscore":     {func(in *elbv2.CreateTargetGroupInput) { in.Name = aws.String("a_b") }, "ValidationError", "alphanumeric characters or hyphens(-)"},
		"hyphen":         {func(in *elbv2.CreateTargetGroupInput) { in.Name = aws.String("a-") }, "ValidationError", "cannot begin or end with '-'"},
		"no protocol":    {func(in *elbv2.CreateTargetGroupInput) { in.Protocol = "" }, "ValidationError", "protocol must be specified"},
		"wrong protocol": {func(in *elbv2.CreateTargetGroupInput) { in.Protocol = "SMTP" }, "ValidationError", "SMTP"},
		"no port":        {func(in *elbv2.CreateTargetGroupInput) { in.Port = nil }, "ValidationError", "port must be specified"},
		"no vpc":         {func(in *elbv2.CreateTargetGroupInput) { in.VpcId = nil }, "ValidationError", "VPC ID must be specified"},
		"foreign vpc":    {func(in *elbv2.CreateTargetGroupInput) { in.VpcId = aws.String("vpc-1") }, "ValidationError", "'vpc-1' is not found"},
		"fast checks":    {func(in *elbv2.CreateTargetGroupInput) { in.HealthCheckIntervalSeconds = aws.Int32(5) }, "ValidationError", "timeout '5' must be smaller than the interval '5'"},
		"threshold":      {func(in *elbv2.CreateTargetGroupInput) { in.HealthyThresholdCount = aws.Int32(1) }, "ValidationError", "between 2 and 10"},
		"tcp on http":    {func(in *elbv2.CreateTargetGroupInput) { in.HealthCheckProtocol = elbtypes.ProtocolEnumTcp }, "InvalidConfigurationRequest", "not supported"},
		"grpc on tcp":    {func(in *elbv2.CreateTargetGroupInput) { in.Protocol, in.ProtocolVersion = "TCP", aws.String("GRPC") }, "InvalidConfigurationRequest", "Protocol version"},
		"relative path":  {func(in *elbv2.CreateTargetGroupInput) { in.HealthCheckPath = aws.String("x") }, "ValidationError", "begin with '/'"},
		"duplicate tags": {func(in *elbv2.CreateTargetGroupInput) {
			in.Tags = []elbtypes.Tag{{Key: aws.String("a")}, {Key: aws.String("a")}}
		}, "DuplicateTagKeys", "a"},
		"reserved prefix": {func(in *elbv2.CreateTargetGroupInput) { in.Tags = []elbtypes.Tag{{Key: aws.String("aws:x")}} }, "ValidationError", "aws:"},
	} {
		t.Run(name, func(t *testing.T) {
			in := webGroup("x")
			tc.change(in)
			_, err := c.CreateTargetGroup(t.Context(), in)
			wantCode(t, err, tc.code)
			if err == nil || !strings.Contains(err.Error(), tc.text) {
				t.Errorf("text: %v, want %q in it", err, tc.text)
			}
		})
	}
	if n := len(s.world.ELB.TargetGroups); n != 0 {
		t.Errorf("%d target groups were made by refused calls", n)
	}
}

func TestRules(t *testing.T) {
	bothFronts(t, Options{}, func(t *testing.T, _ *Sandbox, cfg aws.Config) {
		c := elbv2.NewFromConfig(cfg)
		blue, green := elbGroup(t, c, "blue"), elbGroup(t, c, "green")
		r, err := elbForward(t, c, 10, blue)
		if err != nil {
			t.Fatal(err)
		}
		wantActions := []elbtypes.Action{{Type: elbtypes.ActionTypeEnumForward, TargetGroupArn: &blue, ForwardConfig: &elbtypes.ForwardActionConfig{
			TargetGroups:                []elbtypes.TargetGroupTuple{{TargetGroupArn: &blue, Weight: aws.Int32(1)}},
			TargetGroupStickinessConfig: &elbtypes.TargetGroupStickinessConfig{Enabled: aws.Bool(false)}}}}
		wantConditions := []elbtypes.RuleCondition{{Field: aws.String("path-pattern"), Values: []string{"/p10"},
			PathPatternConfig: &elbtypes.PathPatternConditionConfig{Values: []string{"/p10"}}}}
		if d := cmp.Diff(wantActions, r.Actions, noSerde); d != "" {
			t.Errorf("actions (-want +got):\n%s", d)
		}
		if d := cmp.Diff(wantConditions, r.Conditions, noSerde); d != "" {
			t.Errorf("conditions (-want +got):\n%s", d)
		}
		_, err = elbForward(t, c, 10, green)
		wantCode(t, err, "PriorityInUse")
		r2, err := elbForward(t, c, 5, blue, green)
		if err != nil {
			t.Fatal(err)
		}
		if r2.Actions[0].TargetGroupArn != nil {
			t.Errorf("two target groups and a TargetGroupArn: %s", *r2.Actions[0].TargetGroupArn)
		}
		if got := priorities(t, c); got != "5 10 default" {
			t.Errorf("order: %s", got)
		}
		swap := &elbv2.SetRulePrioritiesInput{RulePriorities: []elbtypes.RulePriorityPair{{RuleArn: r.RuleArn, Priority: aws.Int32(5)}, {RuleArn: r2.RuleArn, Priority: aws.Int32(10)}}}
		if _, err := c.SetRulePriorities(t.Context(), swap); err != nil {
			t.Fatalf("swap: %v", err)
		}
		_, err = c.SetRulePriorities(t.Context(), &elbv2.SetRulePrioritiesInput{RulePriorities: swap.RulePriorities[1:2:2]})
		if err != nil {
			t.Errorf("to its own place: %v", err)
		}
		_, err = c.SetRulePriorities(t.Context(), &elbv2.SetRulePrioritiesInput{RulePriorities: []elbtypes.RulePriorityPair{{RuleArn: r.RuleArn, Priority: aws.Int32(10)}}})
		wantCode(t, err, "PriorityInUse")
		mod, err := c.ModifyRule(t.Context(), &elbv2.ModifyRuleInput{RuleArn: r.RuleArn, Conditions: []elbtypes.RuleCondition{{Field: aws.String("host-header"), HostHeaderConfig: &elbtypes.HostHeaderConditionConfig{Values: []string{"a.example.org"}}}}})
		if err != nil {
			t.Fatal(err)
		}
		if got := mod.Rules[0]; len(got.Conditions) != 1 || !slices.Equal(got.Conditions[0].Values, []string{"a.example.org"}) || aws.ToString(got.Actions[0].TargetGroupArn) != blue || *got.Priority != "5" {
			t.Errorf("modified: %+v", got)
		}
		_, err = c.DeleteTargetGroup(t.Context(), &elbv2.DeleteTargetGroupInput{TargetGroupArn: &blue})
		wantCode(t, err, "ResourceInUse")
		for _, rule := range []*elbtypes.Rule{r, r2} {
			if _, err := c.DeleteRule(t.Context(), &elbv2.DeleteRuleInput{RuleArn: rule.RuleArn}); err != nil {
				t.Fatal(err)
			}
		}
		_, err = c.DeleteRule(t.Context(), &elbv2.DeleteRuleInput{RuleArn: r.RuleArn})
		wantCode(t, err, "RuleNotFound")
		for range 2 { // deleting what is gone succeeds
			if _, err := c.DeleteTargetGroup(t.Context(), &elbv2.DeleteTargetGroupInput{TargetGroupArn: &blue}); err != nil {
				t.Error(err)
			}
		}
		rules, err := c.DescribeRules(t.Context(), &elbv2.DescribeRulesInput{ListenerArn: aws.String(sandboxListener)})
		if err != nil || len(rules.Rules) != 1 {
			t.Fatalf("%+v, %v", rules, err)
		}
		_, err = c.DeleteRule(t.Context(), &elbv2.DeleteRuleInput{RuleArn: rules.Rules[0].RuleArn})
		wantCode(t, err, "OperationNotPermitted")
	})
}

func priorities(t *testing.T, c *elbv2.Client) string {
	t.Helper()
	var got []string
	p := elbv2.NewDescribeRulesPaginator(c, &elbv2.DescribeRulesInput{ListenerArn: aws.String(sandboxListener), PageSize: aws.Int32(1)})
	for p.HasMorePages() {
		out, err := p.NextPage(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		for _, r := range out.Rules {
			got = append(got, *r.Priority)
		}
	}
	return strings.Join(got, " ")
}

// secured makes the sandbox's listener one of HTTPS.
func secured(t *testing.T, c *elbv2.Client) {
	t.Helper()
	_, err := c.ModifyListener(t.Context(), &elbv2.ModifyListenerInput{ListenerArn: aws.String(sandboxListener), Protocol: elbtypes.ProtocolEnumHttps,
		Certificates: []elbtypes.Certificate{{CertificateArn: aws.String("arn:aws:acm:us-east-1:123456789012:certificate/0")}}})
	if err != nil {
		t.Fatal(err)
	}
}

func TestAuthenticationNeedsTLS(t *testing.T) {
	s := New(Options{})
	c := elbv2.NewFromConfig(awsConfig("http://sandbox.invalid", s.Transport()))
	fixed := elbtypes.Action{Type: elbtypes.ActionTypeEnumFixedResponse, Order: aws.Int32(2), FixedResponseConfig: &elbtypes.FixedResponseActionConfig{StatusCode: aws.String("200")}}
	path := []elbtypes.RuleCondition{{Field: aws.String("path-pattern"), Values: []string{"/a"}}}
	plain, err := c.CreateRule(t.Context(), &elbv2.CreateRuleInput{ListenerArn: aws.String(sandboxListener), Priority: aws.Int32(1), Actions: []elbtypes.Action{fixed}, Conditions: path})
	if err != nil {
		t.Fatal(err)
	}
	authentications := []elbtypes.Action{
		{Type: "authenticate-oidc", AuthenticateOidcConfig: oidc("x", false)},
		{Type: "authenticate-cognito", AuthenticateCognitoConfig: &elbtypes.AuthenticateCognitoActionConfig{UserPoolArn: aws.String("arn:aws:cognito-idp:us-east-1:123456789012:userpool/x"), UserPoolClientId: aws.String("x"), UserPoolDomain: aws.String("x")}},
		{Type: "jwt-validation", JwtValidationConfig: &elbtypes.JwtValidationActionConfig{Issuer: aws.String("https://id.example.com"), JwksEndpoint: aws.String("https://id.example.com/k")}},
	}
	calls := func(actions []elbtypes.Action, priority int32) map[string]error {
		_, create := c.CreateRule(t.Context(), &elbv2.CreateRuleInput{ListenerArn: aws.String(sandboxListener), Priority: &priority, Actions: actions, Conditions: path})
		_, modify := c.ModifyRule(t.Context(), &elbv2.ModifyRuleInput{RuleArn: plain.Rules[0].RuleArn, Actions: actions})
		_, standing := c.ModifyListener(t.Context(), &elbv2.ModifyListenerInput{ListenerArn: aws.String(sandboxListener), DefaultActions: actions})
		return map[string]error{"CreateRule": create, "ModifyRule": modify, "ModifyListener": standing}
	}
	for i, a := range authentications {
		a.Order = aws.Int32(1)
		for call, err := range calls([]elbtypes.Action{a, fixed}, int32(10+i)) {
			if want := "Actions of type '" + string(a.Type) + "' are supported only on HTTPS listeners"; err == nil || !strings.Contains(err.Error(), want) {
				t.Errorf("%s: got %v, want %q", call, err, want)
			}
			wantCode(t, err, "InvalidLoadBalancerAction")
		}
	}
	secured(t, c)
	for i, a := range authentications {
		a.Order = aws.Int32(1)
		for call, err := range calls([]elbtypes.Action{a, fixed}, int32(10+i)) {
			if err != nil {
				t.Errorf("%s with TLS: %v", call, err)
			}
		}
	}
}

func TestRuleRefusals(t *testing.T) {
	s := New(Options{})
	c := elbv2.NewFromConfig(awsConfig("http://sandbox.invalid", s.Transport()))
	secured(t, c)
	tg := elbGroup(t, c, "web")
	forward := elbtypes.Action{Type: elbtypes.ActionTypeEnumForward, TargetGroupArn: &tg}
	fixed := elbtypes.Action{Type: elbtypes.ActionTypeEnumFixedResponse, FixedResponseConfig: &elbtypes.FixedResponseActionConfig{StatusCode: aws.String("200")}}
	path := elbtypes.RuleCondition{Field: aws.String("path-pattern"), Values: []string{"/a"}}
	for name, tc := range map[string]struct {
		change func(*elbv2.CreateRuleInput)
		code   string
	}{
		"no listener": {func(in *elbv2.CreateRuleInput) { in.ListenerArn = aws.String(sandboxListener + "0") }, "ListenerNotFound"},
		"priority 0":  {func(in *elbv2.CreateRuleInput) { in.Priority = aws.Int32(0) }, "ValidationError"},
		"no group": {func(in *elbv2.CreateRuleInput) {
			in.Actions = []elbtypes.Action{{Type: "forward", TargetGroupArn: aws.String(tg + "0")}}
		}, "TargetGroupNotFound"},
		"not an arn": {func(in *elbv2.CreateRuleInput) {
			in.Actions = []elbtypes.Action{{Type: "forward", TargetGroupArn: aws.String("web")}}
		}, "ValidationError"},
		"two answers": {func(in *elbv2.CreateRuleInput) { in.Actions = []elbtypes.Action{fixed, forward} }, "InvalidLoadBalancerAction"},
		"only auth":   {func(in *elbv2.CreateRuleInput) { in.Actions = []elbtypes.Action{{Type: "authenticate-oidc"}} }, "InvalidLoadBalancerAction"},
		"no secret": {func(in *elbv2.CreateRuleInput) {
			in.Actions = []elbtypes.Action{{Type: "authenticate-oidc", AuthenticateOidcConfig: oidc("", false)}, fixed}
		}, "InvalidLoadBalancerAction"},
		"two secrets": {func(in *elbv2.CreateRuleInput) {
			in.Actions = []elbtypes.Action{{Type: "authenticate-oidc", AuthenticateOidcConfig: oidc("x", true)}, fixed}
		}, "InvalidLoadBalancerAction"},
		"no jwt": {func(in *elbv2.CreateRuleInput) {
			in.Actions = []elbtypes.Action{{Type: "jwt-validation"}, fixed}
		}, "InvalidLoadBalancerAction"},
		"status": {func(in *elbv2.CreateRuleInput) {
			in.Actions = []elbtypes.Action{{Type: "fixed-response", FixedResponseConfig: &elbtypes.FixedResponseActionConfig{StatusCode: aws.String("99")}}}
		}, "ValidationError"},
		"unknown field": {func(in *elbv2.CreateRuleInput) { in.Conditions = []elbtypes.RuleCondition{{Field: aws.String("moon")}} }, "ValidationError"},
		"no value": {func(in *elbv2.CreateRuleInput) {
			in.Conditions = []elbtypes.RuleCondition{{Field: aws.String("source-ip")}}
		}, "ValidationError"},
		"two paths": {func(in *elbv2.CreateRuleInput) { in.Conditions = []elbtypes.RuleCondition{path, path} }, "InvalidConfigurationRequest"},
		"too many paths": {func(in *elbv2.CreateRuleInput) {
			in.Conditions = []elbtypes.RuleCondition{{Field: aws.String("path-pattern"), Values: []string{"/1", "/2", "/3", "/4", "/5", "/6"}}}
		}, "ValidationError"},
	} {
		t.Run(name, func(t *testing.T) {
			in := &elbv2.CreateRuleInput{ListenerArn: aws.String(sandboxListener), Priority: aws.Int32(1), Actions: []elbtypes.Action{forward}, Conditions: []elbtypes.RuleCondition{path}}
			tc.change(in)
			_, err := c.CreateRule(t.Context(), in)
			wantCode(t, err, tc.code)
		})
	}
}

func TestLoadBalancersAndListeners(t *testing.T) {
	bothFronts(t, Options{}, func(t *testing.T, s *Sandbox, cfg aws.Config) {
		c := elbv2.NewFromConfig(cfg)
		in := &elbv2.CreateLoadBalancerInput{Name: aws.String("other"), Subnets: []string{sandboxSubnetB, sandboxSubnetA}, Tags: []elbtypes.Tag{{Key: aws.String("team"), Value: aws.String("x")}}}
		out, err := c.CreateLoadBalancer(t.Context(), in)
		if err != nil {
			t.Fatal(err)
		}
		lb := out.LoadBalancers[0].LoadBalancerArn
		if out.LoadBalancers[0].State.Code != elbtypes.LoadBalancerStateEnumProvisioning {
			t.Errorf("state %s", out.LoadBalancers[0].State.Code)
		}
		s.Advance(2 * time.Minute)
		got, err := c.DescribeLoadBalancers(t.Context(), &elbv2.DescribeLoadBalancersInput{Names: []string{"other"}})
		if err != nil || got.LoadBalancers[0].State.Code != elbtypes.LoadBalancerStateEnumActive {
			t.Errorf("%+v, %v", got, err)
		}
		tg := elbGroup(t, c, "web")
		forward := []elbtypes.Action{{Type: elbtypes.ActionTypeEnumForward, TargetGroupArn: &tg}}
		l, err := c.CreateListener(t.Context(), &elbv2.CreateListenerInput{LoadBalancerArn: lb, Port: aws.Int32(80), Protocol: elbtypes.ProtocolEnumHttp, DefaultActions: forward})
		if err != nil {
			t.Fatal(err)
		}
		_, err = c.CreateListener(t.Context(), &elbv2.CreateListenerInput{LoadBalancerArn: lb, Port: aws.Int32(80), Protocol: elbtypes.ProtocolEnumHttp, DefaultActions: forward})
		wantCode(t, err, "DuplicateListener")
		_, err = elbForward(t, c, 1, tg) // on the listener of another load balancer
		wantCode(t, err, "TargetGroupAssociationLimit")
		of, err := c.DescribeTargetGroups(t.Context(), &elbv2.DescribeTargetGroupsInput{LoadBalancerArn: lb})
		if err != nil || len(of.TargetGroups) != 1 || !slices.Equal(of.TargetGroups[0].LoadBalancerArns, []string{*lb}) {
			t.Errorf("target groups of %s: %+v, %v", *lb, of, err)
		}
		fixed := []elbtypes.Action{{Type: elbtypes.ActionTypeEnumRedirect, RedirectConfig: &elbtypes.RedirectActionConfig{StatusCode: "HTTP_301", Protocol: aws.String("HTTPS")}}}
		mod, err := c.ModifyListener(t.Context(), &elbv2.ModifyListenerInput{ListenerArn: l.Listeners[0].ListenerArn, DefaultActions: fixed, Port: aws.Int32(81)})
		if err != nil || *mod.Listeners[0].Port != 81 || *mod.Listeners[0].DefaultActions[0].RedirectConfig.Host != "#{host}" {
			t.Errorf("%+v, %v", mod, err)
		}
		if _, err := c.DeleteTargetGroup(t.Context(), &elbv2.DeleteTargetGroupInput{TargetGroupArn: &tg}); err != nil {
			t.Errorf("no longer in use: %v", err)
		}
		protect := func(v string) error {
			_, err := c.ModifyLoadBalancerAttributes(t.Context(), &elbv2.ModifyLoadBalancerAttributesInput{LoadBalancerArn: lb, Attributes: []elbtypes.LoadBalancerAttribute{{Key: aws.String("deletion_protection.enabled"), Value: &v}}})
			return err
		}
		wantCode(t, protect("maybe"), "ValidationError")
		if err := protect("true"); err != nil {
			t.Fatal(err)
		}
		_, err = c.DeleteLoadBalancer(t.Context(), &elbv2.DeleteLoadBalancerInput{LoadBalancerArn: lb})
		wantCode(t, err, "OperationNotPermitted")
		if err := protect("false"); err != nil {
			t.Fatal(err)
		}
		if _, err = c.DeleteLoadBalancer(t.Context(), &elbv2.DeleteLoadBalancerInput{LoadBalancerArn: lb}); err != nil {
			t.Fatal(err)
		}
		_, err = c.DescribeListeners(t.Context(), &elbv2.DescribeListenersInput{ListenerArns: []string{*l.Listeners[0].ListenerArn}})
		wantCode(t, err, "ListenerNotFound")
		_, err = c.DescribeListenerAttributes(t.Context(), &elbv2.DescribeListenerAttributesInput{ListenerArn: aws.String(sandboxListener)})
		if err != nil {
			t.Error(err)
		}
	})
}

// TestTargetHealth lets a target live under virtual time: initial until a
// check passed or enough failed, draining for the delay, gone afterwards.
func TestTargetHealth(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := New(Options{})
		c := elbv2.NewFromConfig(awsConfig("http://sandbox.invalid", s.Transport()))
		tg := elbGroup(t, c, "web")
		states := func() string {
			out, err := c.DescribeTargetHealth(t.Context(), &elbv2.DescribeTargetHealthInput{TargetGroupArn: &tg})
			if err != nil {
				t.Fatal(err)
			}
			var got []string
			for _, d := range out.TargetHealthDescriptions {
				got = append(got, fmt.Sprintf("%s:%d=%s", *d.Target.Id, *d.Target.Port, d.TargetHealth.State))
			}
			return strings.Join(got, " ")
		}
		expect := func(when, want string) {
			t.Helper()
			if got := states(); got != want {
				t.Errorf("%s: %q, want %q", when, got, want)
			}
		}
		inWorld := func(f func(w *World)) {
			s.mu.Lock()
			defer s.mu.Unlock()
			s.world.advance(s.now())
			f(s.world)
		}
		inWorld(func(w *World) { w.registerTarget(tg, "10.0.0.1", 0, true); w.registerTarget(tg, "10.0.0.2", 0, false) })
		expect("without a rule", "10.0.0.1:8080=unused 10.0.0.2:8080=unused")
		if _, err := elbForward(t, c, 1, tg); err != nil {
			t.Fatal(err)
		}
		expect("with a rule", "10.0.0.1:8080=initial 10.0.0.2:8080=initial")
		time.Sleep(31 * time.Second)
		expect("after one check", "10.0.0.1:8080=healthy 10.0.0.2:8080=initial")
		time.Sleep(30 * time.Second)
		expect("after two checks", "10.0.0.1:8080=healthy 10.0.0.2:8080=unhealthy")
		_, err := c.ModifyTargetGroupAttributes(t.Context(), &elbv2.ModifyTargetGroupAttributesInput{TargetGroupArn: &tg, Attributes: []elbtypes.TargetGroupAttribute{{Key: aws.String("deregistration_delay.timeout_seconds"), Value: aws.String("30")}}})
		if err != nil {
			t.Fatal(err)
		}
		inWorld(func(w *World) { w.deregisterTarget(tg, "10.0.0.1", 0) })
		_, err = c.DeregisterTargets(t.Context(), &elbv2.DeregisterTargetsInput{TargetGroupArn: &tg, Targets: []elbtypes.TargetDescription{{Id: aws.String("10.0.0.2")}}})
		if err != nil {
			t.Fatal(err)
		}
		expect("deregistered", "10.0.0.1:8080=draining 10.0.0.2:8080=draining")
		time.Sleep(20 * time.Second)
		inWorld(func(w *World) { w.registerTarget(tg, "10.0.0.1", 0, true) })
		time.Sleep(20 * time.Second)
		expect("one came back", "10.0.0.1:8080=initial")
		_, err = c.RegisterTargets(t.Context(), &elbv2.RegisterTargetsInput{TargetGroupArn: &tg, Targets: []elbtypes.TargetDescription{{Id: aws.String("not an address")}}})
		wantCode(t, err, "ValidationError")
		_, err = c.DeregisterTargets(t.Context(), &elbv2.DeregisterTargetsInput{TargetGroupArn: &tg, Targets: []elbtypes.TargetDescription{{Id: aws.String("10.9.9.9")}}})
		wantCode(t, err, "InvalidTarget")
		if _, err = c.RegisterTargets(t.Context(), &elbv2.RegisterTargetsInput{TargetGroupArn: &tg, Targets: []elbtypes.TargetDescription{{Id: aws.String("10.0.0.9"), Port: aws.Int32(9)}}}); err != nil {
			t.Fatal(err)
		}
		expect("by hand", "10.0.0.1:8080=initial 10.0.0.9:9=initial")
		inWorld(func(w *World) { w.registerTarget(tg, "10.0.0.3", 0, false) })
		reasons := func(id string, want elbtypes.TargetHealthReasonEnum, words string) {
			t.Helper()
			out, err := c.DescribeTargetHealth(t.Context(), &elbv2.DescribeTargetHealthInput{TargetGroupArn: &tg})
			if err != nil {
				t.Fatal(err)
			}
			for _, d := range out.TargetHealthDescriptions {
				if h := d.TargetHealth; *d.Target.Id == id && (h.Reason != want || aws.ToString(h.Description) != words) {
					t.Errorf("%s: %s %q, want %s %q", id, h.Reason, aws.ToString(h.Description), want, words)
				}
			}
		}
		reasons("10.0.0.3", elbtypes.TargetHealthReasonEnumInitialHealthChecking, "Initial health checks in progress")
		time.Sleep(61 * time.Second)
		expect("all checked", "10.0.0.1:8080=healthy 10.0.0.9:9=unhealthy 10.0.0.3:8080=unhealthy")
		reasons("10.0.0.1", "", "")
		reasons("10.0.0.9", elbtypes.TargetHealthReasonEnumFailedHealthChecks, "Health checks failed")
		reasons("10.0.0.3", elbtypes.TargetHealthReasonEnumResponseCodeMismatch, "Health checks failed with these codes: [503]")
	})
}

func TestTagsAndGetResources(t *testing.T) {
	bothFronts(t, Options{}, func(t *testing.T, s *Sandbox, cfg aws.Config) {
		c, g := elbv2.NewFromConfig(cfg), tagging.NewFromConfig(cfg)
		var arns []string
		for i := range 120 {
			in := webGroup(fmt.Sprintf("tg-%03d", i))
			in.Tags = []elbtypes.Tag{{Key: aws.String("ecs-operator:owner"), Value: aws.String("me")}, {Key: aws.String("n"), Value: aws.String(fmt.Sprint(i % 2))}}
			out, err := c.CreateTargetGroup(t.Context(), in)
			if err != nil {
				t.Fatal(err)
			}
			arns = append(arns, *out.TargetGroups[0].TargetGroupArn)
		}
		count := func(in *tagging.GetResourcesInput) (n, pages int) {
			p := tagging.NewGetResourcesPaginator(g, in)
			for p.HasMorePages() {
				out, err := p.NextPage(t.Context())
				if err != nil {
					t.Fatal(err)
				}
				n += len(out.ResourceTagMappingList)
				pages++
			}
			return n, pages
		}
		owner := taggingtypes.TagFilter{Key: aws.String("ecs-operator:owner"), Values: []string{"me"}}
		for name, tc := range map[string]struct {
			in       tagging.GetResourcesInput
			n, pages int
		}{
			"all":     {tagging.GetResourcesInput{TagFilters: []taggingtypes.TagFilter{owner}}, 120, 2},
			"both":    {tagging.GetResourcesInput{TagFilters: []taggingtypes.TagFilter{owner, {Key: aws.String("n"), Values: []string{"1"}}}}, 60, 1},
			"type":    {tagging.GetResourcesInput{TagFilters: []taggingtypes.TagFilter{owner}, ResourceTypeFilters: []string{"elasticloadbalancing:targetgroup"}}, 120, 2},
			"service": {tagging.GetResourcesInput{ResourceTypeFilters: []string{"elasticloadbalancing"}, TagFilters: []taggingtypes.TagFilter{owner}, ResourcesPerPage: aws.Int32(50)}, 120, 3},
			"other":   {tagging.GetResourcesInput{TagFilters: []taggingtypes.TagFilter{owner}, ResourceTypeFilters: []string{"ecs:service"}}, 0, 1},
			"nobody":  {tagging.GetResourcesInput{TagFilters: []taggingtypes.TagFilter{{Key: aws.String("ecs-operator:owner"), Values: []string{"you"}}}}, 0, 1},
		} {
			if n, pages := count(&tc.in); n != tc.n || pages != tc.pages {
				t.Errorf("%s: %d resources on %d pages, want %d on %d", name, n, pages, tc.n, tc.pages)
			}
		}
		_, err := c.DescribeTags(t.Context(), &elbv2.DescribeTagsInput{ResourceArns: arns[:21]})
		wantCode(t, err, "ValidationError")
		if _, err := c.AddTags(t.Context(), &elbv2.AddTagsInput{ResourceArns: arns[:1], Tags: []elbtypes.Tag{{Key: aws.String("n"), Value: aws.String("7")}, {Key: aws.String("m"), Value: aws.String("")}}}); err != nil {
			t.Fatal(err)
		}
		if _, err := c.RemoveTags(t.Context(), &elbv2.RemoveTagsInput{ResourceArns: arns[:1], TagKeys: []string{"ecs-operator:owner"}}); err != nil {
			t.Fatal(err)
		}
		tags, err := c.DescribeTags(t.Context(), &elbv2.DescribeTagsInput{ResourceArns: arns[:1]})
		if err != nil {
			t.Fatal(err)
		}
		want := []elbtypes.Tag{{Key: aws.String("m"), Value: aws.String("")}, {Key: aws.String("n"), Value: aws.String("7")}}
		if d := cmp.Diff(want, tags.TagDescriptions[0].Tags, cmpopts.IgnoreUnexported(elbtypes.Tag{})); d != "" {
			t.Errorf("(-want +got):\n%s", d)
		}
		keys, err := g.GetTagKeys(t.Context(), &tagging.GetTagKeysInput{})
		if err != nil || !slices.Contains(keys.TagKeys, "m") {
			t.Errorf("%v, %v", keys, err)
		}
		_, err = g.GetResources(t.Context(), &tagging.GetResourcesInput{PaginationToken: aws.String("nonsense")})
		wantCode(t, err, "PaginationTokenExpiredException")
	})
}

// TestTaggedPages: pages follow one another by ARN, each resource once, and a page that would
// begin with what was deleted is none.
func TestTaggedPages(t *testing.T) {
	s := New(Options{})
	cfg := awsConfig("http://sandbox.invalid", s.Transport())
	c, g := elbv2.NewFromConfig(cfg), tagging.NewFromConfig(cfg)
	var want []string
	for i := range 9 {
		in := webGroup(fmt.Sprintf("tg-%d", i*5%9))
		in.Tags = []elbtypes.Tag{{Key: aws.String("k"), Value: aws.String("v")}}
		out, err := c.CreateTargetGroup(t.Context(), in)
		if err != nil {
			t.Fatal(err)
		}
		want = append(want, *out.TargetGroups[0].TargetGroupArn)
	}
	elbGroup(t, c, "untagged")
	slices.Sort(want)
	page := func(token *string) ([]string, *string, error) {
		out, err := g.GetResources(t.Context(), &tagging.GetResourcesInput{TagFilters: []taggingtypes.TagFilter{{Key: aws.String("k")}}, ResourcesPerPage: aws.Int32(3), PaginationToken: token})
		if err != nil {
			return nil, nil, err
		}
		var arns []string
		for _, m := range out.ResourceTagMappingList {
			arns = append(arns, *m.ResourceARN)
		}
		return arns, out.PaginationToken, nil
	}
	var tokens []*string
	for token := (*string)(nil); token == nil || *token != ""; {
		got, next, err := page(token)
		if at := 3 * len(tokens); err != nil || !slices.Equal(got, want[at:at+3]) {
			t.Fatalf("page %d: %v, %v, want %v", len(tokens), got, err, want[at:at+3])
		}
		tokens, token = append(tokens, next), next
	}
	for _, i := range []int{4, 6} { // in the midst of the second page, and the first of the third
		if _, err := c.DeleteTargetGroup(t.Context(), &elbv2.DeleteTargetGroupInput{TargetGroupArn: &want[i]}); err != nil {
			t.Fatal(err)
		}
	}
	if got, _, err := page(tokens[0]); err != nil || !slices.Equal(got, []string{want[3], want[5], want[7]}) {
		t.Errorf("%v, %v", got, err)
	}
	_, _, err := page(tokens[1])
	wantCode(t, err, "PaginationTokenExpiredException")
}

// TestFoundWhereItStood: what is asked for by its ARN is found whatever was deleted before it,
// and what is gone is not.
func TestFoundWhereItStood(t *testing.T) {
	c := elbv2.NewFromConfig(awsConfig("http://sandbox.invalid", New(Options{}).Transport()))
	var groups, rules []string
	for i := range 5 {
		groups = append(groups, elbGroup(t, c, fmt.Sprintf("tg-%d", i)))
		r, err := elbForward(t, c, int32(i+1), groups[i])
		if err != nil {
			t.Fatal(err)
		}
		rules = append(rules, *r.RuleArn)
	}
	gone := -1
	look := func() {
		t.Helper()
		for i := range groups {
			for _, arns := range [][]string{{groups[i]}, {groups[i], groups[i]}} {
				out, err := c.DescribeTargetGroups(t.Context(), &elbv2.DescribeTargetGroupsInput{TargetGroupArns: arns})
				if i == gone {
					wantCode(t, err, "TargetGroupNotFound")
				} else if err != nil || len(out.TargetGroups) != 1 || *out.TargetGroups[0].TargetGroupArn != groups[i] {
					t.Errorf("%v, %v of %v", out, err, arns)
				}
			}
			out, err := c.DescribeRules(t.Context(), &elbv2.DescribeRulesInput{RuleArns: []string{rules[i]}})
			if i == gone {
				wantCode(t, err, "RuleNotFound")
			} else if err != nil || len(out.Rules) != 1 || *out.Rules[0].RuleArn != rules[i] {
				t.Errorf("%v, %v of %s", out, err, rules[i])
			}
		}
	}
	look()
	for _, i := range []int{1, 4} { // those after it move up; the last
		if _, err := c.DeleteRule(t.Context(), &elbv2.DeleteRuleInput{RuleArn: &rules[i]}); err != nil {
			t.Fatal(err)
		}
		if _, err := c.DeleteTargetGroup(t.Context(), &elbv2.DeleteTargetGroupInput{TargetGroupArn: &groups[i]}); err != nil {
			t.Fatal(err)
		}
		gone = i
		look()
		groups, rules, gone = slices.Delete(groups, i, i+1), slices.Delete(rules, i, i+1), -1
		groups, rules = append(groups, elbGroup(t, c, fmt.Sprintf("new-%d", i))), append(rules, "")
		r, err := elbForward(t, c, int32(i+10), groups[4])
		if err != nil {
			t.Fatal(err)
		}
		rules[4] = *r.RuleArn
		look()
	}
}

// TestPaging walks target groups page by page, with one deleted in between.
func TestPaging(t *testing.T) {
	s := New(Options{})
	c := elbv2.NewFromConfig(awsConfig("http://sandbox.invalid", s.Transport()))
	for i := range 7 {
		elbGroup(t, c, fmt.Sprintf("tg-%d", i))
	}
	var got []string
	p := elbv2.NewDescribeTargetGroupsPaginator(c, &elbv2.DescribeTargetGroupsInput{PageSize: aws.Int32(3)})
	for p.HasMorePages() {
		out, err := p.NextPage(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		for _, tg := range out.TargetGroups {
			got = append(got, *tg.TargetGroupName)
		}
	}
	if strings.Join(got, " ") != "tg-0 tg-1 tg-2 tg-3 tg-4 tg-5 tg-6" {
		t.Errorf("%v", got)
	}
	_, err := c.DescribeTargetGroups(t.Context(), &elbv2.DescribeTargetGroupsInput{PageSize: aws.Int32(401)})
	wantCode(t, err, "ValidationError")
}

// oidc is an authentication with a client secret, "" for none.
func oidc(secret string, keep bool) *elbtypes.AuthenticateOidcActionConfig {
	c := &elbtypes.AuthenticateOidcActionConfig{ClientId: aws.String("web"), Issuer: aws.String("https://id.example.com"), AuthorizationEndpoint: aws.String("https://id.example.com/a"),
		TokenEndpoint: aws.String("https://id.example.com/t"), UserInfoEndpoint: aws.String("https://id.example.com/u")}
	if secret != "" {
		c.ClientSecret = &secret
	}
	if keep {
		c.UseExistingClientSecret = &keep
	}
	return c
}
