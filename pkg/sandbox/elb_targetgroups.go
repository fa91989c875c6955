package sandbox

import (
	"cmp"
	"net/netip"
	"reflect"
	"regexp"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	elbv2 "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2"
	elbtypes "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2/types"

	"github.com/ecs-operator/ecs-operator/pkg/shape"
)

// targetGroupQuota is AWS' default for a region (ELB's quotas).
const targetGroupQuota = 3000

// createTargetGroup makes a target group. Asked again with the same settings it
// answers with the one that is there; with others it refuses (aws-facts 3.1).
func createTargetGroup(c *call, in *elbv2.CreateTargetGroupInput) (*elbv2.CreateTargetGroupOutput, error) {
	if err := checkELBName("Target group", aws.ToString(in.Name)); err != nil {
		return nil, err
	}
	want := elbtypes.TargetGroup{TargetGroupName: in.Name}
	shape.Project(&want, in)
	dropEmpty(&want)
	if err := checkTargetGroup(&want); err != nil {
		return nil, err
	}
	targetGroupDefaults(&want)
	if err := checkHealthCheck(&want); err != nil {
		return nil, err
	}
	if err := c.w.checkELBTags("", in.Tags); err != nil {
		return nil, err
	}
	for _, tg := range c.w.ELB.TargetGroups {
		if *tg.Value.TargetGroupName != *in.Name {
			continue
		}
		want.TargetGroupArn = tg.Value.TargetGroupArn
		if !reflect.DeepEqual(want, tg.Value) {
			return nil, refuse("DuplicateTargetGroupName", "A target group with the same name '%s' exists, but with different settings", *in.Name)
		}
		return &elbv2.CreateTargetGroupOutput{TargetGroups: []elbtypes.TargetGroup{c.w.viewTargetGroup(tg)}}, nil
	}
	if len(c.w.ELB.TargetGroups) >= cmp.Or(c.w.ELB.Quota, targetGroupQuota) {
		return nil, refuse("TooManyTargetGroups", "The maximum number of target groups has been reached")
	}
	want.TargetGroupArn = elbARN("targetgroup", *in.Name+"/"+c.w.hexID(16))
	tg := &elbTargetGroup{Value: want, Attributes: targetGroupAttributeDefaults(&want)}
	c.w.ELB.TargetGroups = append(c.w.ELB.TargetGroups, tg)
	c.w.setELBTags(*want.TargetGroupArn, in.Tags)
	return &elbv2.CreateTargetGroupOutput{TargetGroups: []elbtypes.TargetGroup{c.w.viewTargetGroup(tg)}}, nil
}

var elbNameChars = regexp.MustCompile(`^[A-Za-z0-9-]*$`)

// checkELBName refuses names with the texts that terraform#11699, #6153 and
// waypoint-examples#131 quote from AWS.
func checkELBName(what, name string) error {
	switch {
	case name == "":
		return refuse("ValidationError", "%s name must be specified", what)
	case len(name) > 32:
		return refuse("ValidationError", "%s name '%s' cannot be longer than '32' characters", what, name)
	case !elbNameChars.MatchString(name):
		return refuse("ValidationError", "%s name '%s' can only contain characters that are alphanumeric characters or hyphens(-)", what, name)
	case strings.HasPrefix(name, "-") || strings.HasSuffix(name, "-"):
		return refuse("ValidationError", "%s name '%s' cannot begin or end with '-'", what, name)
	case what == "Load balancer" && strings.HasPrefix(name, "internal-"):
		return refuse("ValidationError", "%s name '%s' cannot begin with 'internal-'", what, name)
	}
	return nil
}

// dropEmpty takes an empty string for one that was not given: Terraform sends
// "ProtocolVersion=" and AWS lets it.
func dropEmpty(tg *elbtypes.TargetGroup) {
	for _, p := range []**string{&tg.ProtocolVersion, &tg.HealthCheckPath, &tg.HealthCheckPort, &tg.VpcId} {
		if *p != nil && **p == "" {
			*p = nil
		}
	}
	if m := tg.Matcher; m != nil && aws.ToString(m.HttpCode) == "" && aws.ToString(m.GrpcCode) == "" {
		tg.Matcher = nil
	}
}

func isHTTP(p elbtypes.ProtocolEnum) bool {
	return p == elbtypes.ProtocolEnumHttp || p == elbtypes.ProtocolEnumHttps
}

// checkTargetGroup refuses what can not be a target group at all.
func checkTargetGroup(tg *elbtypes.TargetGroup) error {
	if tg.TargetType == "" {
		tg.TargetType = elbtypes.TargetTypeEnumInstance
	}
	if tg.TargetType == elbtypes.TargetTypeEnumLambda {
		if tg.Protocol != "" || tg.Port != nil || tg.VpcId != nil {
			return refuse("ValidationError", "Protocol, port and VPC ID cannot be specified for target groups with target type 'lambda'")
		}
		return nil
	}
	switch {
	case tg.Protocol == "":
		return refuse("ValidationError", "A protocol must be specified")
	case tg.Port == nil:
		return refuse("ValidationError", "A port must be specified")
	case *tg.Port < 1 || *tg.Port > 65535:
		return refuse("ValidationError", "1 validation error detected: Value '%d' at 'port' failed to satisfy constraint: Member must have value between 1 and 65535", *tg.Port)
	case tg.VpcId == nil:
		return refuse("ValidationError", "A VPC ID must be specified")
	case *tg.VpcId != sandboxVPC:
		return refuse("ValidationError", "The VPC ID '%s' is not found", *tg.VpcId)
	case tg.TargetType == elbtypes.TargetTypeEnumAlb && tg.Protocol != elbtypes.ProtocolEnumTcp:
		return refuse("InvalidConfigurationRequest", "Protocol '%s' is not supported for target groups with target type 'alb'", tg.Protocol)
	case tg.ProtocolVersion != nil && !isHTTP(tg.Protocol):
		return refuse("InvalidConfigurationRequest", "Protocol version is only supported for target groups with protocol HTTP or HTTPS")
	case tg.ProtocolVersion != nil && !slices.Contains([]string{"HTTP1", "HTTP2", "GRPC"}, *tg.ProtocolVersion):
		return refuse("ValidationError", "Protocol version '%s' must be one of '[HTTP1, HTTP2, GRPC]'", *tg.ProtocolVersion)
	}
	return checkForm(tg)
}

// targetGroupDefaults fills what AWS fills.
// Source: recorded answers, whose timeout for HTTP and HTTPS (5), check protocol
// of HTTPS groups (HTTPS) and unhealthy threshold of Lambda groups (2) differ from
// the SDK's doc comments of CreateTargetGroupInput; those for the rest.
func targetGroupDefaults(tg *elbtypes.TargetGroup) {
	lambda, geneve, http := tg.TargetType == elbtypes.TargetTypeEnumLambda, tg.Protocol == elbtypes.ProtocolEnumGeneve, isHTTP(tg.Protocol)
	if http {
		setDefault(&tg.ProtocolVersion, "HTTP1")
	}
	if tg.IpAddressType == "" {
		tg.IpAddressType = elbtypes.TargetGroupIpAddressTypeEnumIpv4
	}
	setDefault(&tg.HealthCheckEnabled, !lambda)
	interval, timeout, unhealthy := int32(30), int32(10), int32(2)
	switch {
	case lambda:
		interval, timeout = 35, 30
	case geneve:
		interval, timeout = 10, 5
	case http:
		timeout = 5
	}
	if tg.HealthCheckProtocol == "" && !lambda {
		tg.HealthCheckProtocol = elbtypes.ProtocolEnumTcp
		if tg.Protocol == elbtypes.ProtocolEnumHttps {
			tg.HealthCheckProtocol = elbtypes.ProtocolEnumHttps
		} else if http || tg.TargetType == elbtypes.TargetTypeEnumAlb {
			tg.HealthCheckProtocol = elbtypes.ProtocolEnumHttp
		}
	}
	setDefault(&tg.HealthCheckIntervalSeconds, interval)
	setDefault(&tg.HealthCheckTimeoutSeconds, timeout)
	setDefault(&tg.HealthyThresholdCount, 5)
	setDefault(&tg.UnhealthyThresholdCount, unhealthy)
	if !lambda {
		port := "traffic-port"
		if geneve {
			port = "80"
		}
		setDefault(&tg.HealthCheckPort, port)
	}
	matcherDefaults(tg)
}

// matcherDefaults fills path and matcher, which only HTTP checks have.
func matcherDefaults(tg *elbtypes.TargetGroup) {
	lambda := tg.TargetType == elbtypes.TargetTypeEnumLambda
	if !lambda && !isHTTP(tg.HealthCheckProtocol) {
		return
	}
	if aws.ToString(tg.ProtocolVersion) == "GRPC" {
		setDefault(&tg.HealthCheckPath, "/AWS.ALB/healthcheck")
		if tg.Matcher == nil {
			tg.Matcher = &elbtypes.Matcher{GrpcCode: aws.String("12")}
		}
		return
	}
	setDefault(&tg.HealthCheckPath, "/")
	if tg.Matcher == nil {
		codes := "200"
		if !lambda && !isHTTP(tg.Protocol) { // NLB and GWLB; [MEM], unverified
			codes = "200-399"
		}
		tg.Matcher = &elbtypes.Matcher{HttpCode: aws.String(codes)}
	}
}

func setDefault[T any](p **T, v T) {
	if *p == nil {
		*p = &v
	}
}

// checkHealthCheck refuses settings out of AWS' ranges (SDK doc comments).
func checkHealthCheck(tg *elbtypes.TargetGroup) error {
	ranges := []struct {
		name     string
		value    *int32
		min, max int32
	}{
		{"healthCheckIntervalSeconds", tg.HealthCheckIntervalSeconds, 5, 300},
		{"healthCheckTimeoutSeconds", tg.HealthCheckTimeoutSeconds, 2, 120},
		{"healthyThresholdCount", tg.HealthyThresholdCount, 2, 10},
		{"unhealthyThresholdCount", tg.UnhealthyThresholdCount, 2, 10},
	}
	for _, r := range ranges {
		if v := aws.ToInt32(r.value); r.value != nil && (v < r.min || v > r.max) {
			return refuse("ValidationError", "1 validation error detected: Value '%d' at '%s' failed to satisfy constraint: Member must have value between %d and %d", v, r.name, r.min, r.max)
		}
	}
	// Rule and texts as moto's tests have them: Application Load Balancers, which are
	// those of Lambda functions, refuse equal values; Network ones take them (aws-cdk#16446).
	switch timeout, interval := aws.ToInt32(tg.HealthCheckTimeoutSeconds), aws.ToInt32(tg.HealthCheckIntervalSeconds); {
	case (isHTTP(tg.Protocol) || tg.TargetType == elbtypes.TargetTypeEnumLambda) && timeout >= interval:
		return refuse("ValidationError", "Health check timeout '%d' must be smaller than the interval '%d'", timeout, interval)
	case timeout > interval:
		return refuse("ValidationError", "Health check timeout '%d' must be smaller than or equal to the interval '%d'", timeout, interval)
	}
	if isHTTP(tg.Protocol) && tg.HealthCheckProtocol == elbtypes.ProtocolEnumTcp {
		return refuse("InvalidConfigurationRequest", "Health check protocol '%s' is not supported for target groups with protocol '%s'", tg.HealthCheckProtocol, tg.Protocol)
	}
	if p := aws.ToString(tg.HealthCheckPath); tg.HealthCheckPath != nil && (!strings.HasPrefix(p, "/") || len(p) > 1024) {
		return refuse("ValidationError", "Health check path '%s' must begin with '/' character", p)
	}
	if tg.Matcher != nil && tg.Matcher.HttpCode != nil && tg.Matcher.GrpcCode != nil {
		return refuse("ValidationError", "Only one of HttpCode and GrpcCode can be specified")
	}
	return checkHealthForm(tg)
}

func (w *World) viewTargetGroup(tg *elbTargetGroup) elbtypes.TargetGroup {
	return tg.view(w.loadBalancersOf(*tg.Value.TargetGroupArn))
}

// view is a target group as AWS shows it, behind these load balancers.
func (tg *elbTargetGroup) view(behind []string) elbtypes.TargetGroup {
	v := shape.Clone(tg.Value)
	v.LoadBalancerArns = append([]string{}, behind...)
	return v
}

// needTargetGroup finds the target group that an operation is about.
func (w *World) needTargetGroup(arn *string) (*elbTargetGroup, error) {
	if !strings.Contains(aws.ToString(arn), ":targetgroup/") {
		return nil, refuse("ValidationError", "'%s' is not a valid target group ARN", aws.ToString(arn))
	}
	tg := w.targetGroup(*arn)
	if tg == nil {
		return nil, refuse("TargetGroupNotFound", "One or more target groups not found")
	}
	return tg, nil
}

func describeTargetGroups(c *call, in *elbv2.DescribeTargetGroupsInput) (*elbv2.DescribeTargetGroupsOutput, error) {
	filters := 0
	for _, set := range []bool{len(in.Names) > 0, len(in.TargetGroupArns) > 0, in.LoadBalancerArn != nil} {
		if set {
			filters++
		}
	}
	if filters > 1 {
		return nil, refuse("ValidationError", "Target group names, target group ARNs, and a load balancer ARN cannot be specified at the same time")
	}
	if in.LoadBalancerArn != nil && c.w.loadBalancer(*in.LoadBalancerArn) == nil {
		return nil, refuse("LoadBalancerNotFound", "One or more load balancers not found")
	}
	groups, behind := c.w.ELB.TargetGroups, c.w.forwarders()
	if filters > 0 {
		groups = nil
	}
	add := func(tg *elbTargetGroup) {
		if !slices.Contains(groups, tg) { // asked for twice
			groups = append(groups, tg)
		}
	}
	for _, arn := range in.TargetGroupArns {
		tg, err := c.w.needTargetGroup(&arn)
		if err != nil {
			return nil, err
		}
		add(tg)
	}
	for _, name := range in.Names {
		tg := c.w.namedTargetGroup(name)
		if tg == nil {
			return nil, refuse("TargetGroupNotFound", "One or more target groups not found")
		}
		add(tg)
	}
	if in.LoadBalancerArn != nil {
		for _, tg := range c.w.ELB.TargetGroups {
			if slices.Contains(behind[*tg.Value.TargetGroupArn], *in.LoadBalancerArn) {
				groups = append(groups, tg)
			}
		}
	}
	page, next, err := elbPage(groups, in.PageSize, in.Marker, func(tg *elbTargetGroup) string { return *tg.Value.TargetGroupArn })
	if err != nil {
		return nil, err
	}
	out := &elbv2.DescribeTargetGroupsOutput{TargetGroups: make([]elbtypes.TargetGroup, 0, len(page)), NextMarker: next}
	for _, tg := range page {
		out.TargetGroups = append(out.TargetGroups, tg.view(behind[*tg.Value.TargetGroupArn]))
	}
	return out, nil
}

// modifyTargetGroup changes the health check, which is all that can change.
func modifyTargetGroup(c *call, in *elbv2.ModifyTargetGroupInput) (*elbv2.ModifyTargetGroupOutput, error) {
	tg, err := c.w.needTargetGroup(in.TargetGroupArn)
	if err != nil {
		return nil, err
	}
	want := shape.Clone(tg.Value)
	protocol := want.HealthCheckProtocol
	shape.Project(&want, in)
	if in.HealthCheckProtocol == "" {
		want.HealthCheckProtocol = protocol
	}
	if !isHTTP(want.HealthCheckProtocol) && want.TargetType != elbtypes.TargetTypeEnumLambda {
		want.Matcher, want.HealthCheckPath = in.Matcher, in.HealthCheckPath
	}
	if in.HealthCheckEnabled != nil && !*in.HealthCheckEnabled && want.TargetType != elbtypes.TargetTypeEnumLambda {
		return nil, refuse("InvalidConfigurationRequest", "Health check enabled must be true for target groups with target type '%s'", want.TargetType)
	}
	dropEmpty(&want)
	matcherDefaults(&want)
	if err := checkHealthCheck(&want); err != nil {
		return nil, err
	}
	tg.Value = want
	return &elbv2.ModifyTargetGroupOutput{TargetGroups: []elbtypes.TargetGroup{c.w.viewTargetGroup(tg)}}, nil
}

// deleteTargetGroup is idempotent: ResourceInUse is its one modelled error.
func deleteTargetGroup(c *call, in *elbv2.DeleteTargetGroupInput) (*elbv2.DeleteTargetGroupOutput, error) {
	tg, err := c.w.needTargetGroup(in.TargetGroupArn)
	if errorCode(err) == "TargetGroupNotFound" {
		return &elbv2.DeleteTargetGroupOutput{}, nil
	}
	if err != nil {
		return nil, err
	}
	if c.w.targetGroupAttached(*in.TargetGroupArn) {
		return nil, refuse("ResourceInUse", "Target group '%s' is currently in use by a listener or a rule", *in.TargetGroupArn)
	}
	c.w.ELB.TargetGroups = slices.DeleteFunc(c.w.ELB.TargetGroups, func(o *elbTargetGroup) bool { return o == tg })
	delete(c.w.ELB.Tags, *in.TargetGroupArn)
	return &elbv2.DeleteTargetGroupOutput{}, nil
}

func isIP(s string) bool {
	_, err := netip.ParseAddr(s)
	return err == nil
}
