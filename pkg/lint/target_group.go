package lint

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	elb "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2"
	"github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2/types"

	"github.com/ecs-operator/ecs-operator/pkg/spec"
)

// What these rules know of AWS stands in the SDK's comments on the members of
// CreateTargetGroupInput and on TargetGroupAttribute.Key, where nothing else is said.
var groupFormRules = []Rule{
	{"target-group-protocol", spec.Error, "A target group's fields fit its protocol and target type.", "correct one of the two", onGroups(groupForm)},
	{"target-group-health-protocol", spec.Error, "A target group's health is checked by HTTP, HTTPS or, except for groups with HTTP or HTTPS, TCP.", "correct healthCheckProtocol", onGroups(groupCheckProtocol)},
	{"target-group-matcher", spec.Error, "A target group's matcher has gRPC codes for GRPC, else HTTP codes.", "correct the matcher", onGroups(groupMatcher)},
	{"target-group-attribute", spec.Error, "A target group's attributes are those of its kind of load balancer, in AWS' ranges, and fit together.", "correct or remove it", onGroups(groupAttributes)},
	{"target-group-attribute-unknown", spec.Warning, "A target group's attributes are known.", "correct the key", onGroups(groupUnknownAttributes)},
}

// The sorts of target groups, by the load balancer that they are for.
const (
	forALB     = "application"
	forNLB     = "network"
	forGWLB    = "gateway"
	forLambda  = "lambda"
	anyBalance = ""
)

func sortOf(in *elb.CreateTargetGroupInput) string {
	switch {
	case in.TargetType == types.TargetTypeEnumLambda:
		return forLambda
	case in.Protocol == types.ProtocolEnumHttp || in.Protocol == types.ProtocolEnumHttps:
		return forALB
	case in.Protocol == types.ProtocolEnumGeneve:
		return forGWLB
	case in.Protocol != "":
		return forNLB
	}
	return anyBalance
}

func groupForm(g *body[elb.CreateTargetGroupInput], f found) {
	in, sort := g.in, sortOf(g.in)
	switch {
	case sort == forLambda:
		for _, m := range []struct {
			name    string
			written bool
		}{{"protocol", in.Protocol != ""}, {"port", in.Port != nil}, {"vpcId", in.VpcId != nil}, {"protocolVersion", in.ProtocolVersion != nil},
			{"healthCheckPort", in.HealthCheckPort != nil}, {"healthCheckProtocol", in.HealthCheckProtocol != ""}} {
			if m.written {
				f(g.Object, m.name, "a Lambda function has none")
			}
		}
	case in.ProtocolVersion != nil && sort != forALB && sort != anyBalance:
		f(g.Object, "protocolVersion", "only HTTP and HTTPS have versions, not %s", in.Protocol)
	case in.ProtocolVersion != nil && !slices.Contains([]string{"HTTP1", "HTTP2", "GRPC"}, *in.ProtocolVersion) && !open(*in.ProtocolVersion):
		f(g.Object, "protocolVersion", "%q is none of HTTP1, HTTP2 and GRPC", *in.ProtocolVersion)
	}
	switch {
	case sort == forGWLB && in.Port != nil && *in.Port != 6081:
		f(g.Object, "port", "GENEVE has port 6081")
	case in.TargetType == types.TargetTypeEnumAlb && in.Protocol != "" && in.Protocol != types.ProtocolEnumTcp:
		f(g.Object, "protocol", "a target group of Application Load Balancers has TCP, not %s", in.Protocol)
	case in.TargetControlPort != nil && sort != forALB && sort != anyBalance:
		f(g.Object, "targetControlPort", "only target groups of Application Load Balancers have one")
	}
	if in.HealthCheckEnabled != nil && !*in.HealthCheckEnabled && sort != forLambda {
		f(g.Object, "healthCheckEnabled", "health checks can be off for Lambda functions only")
	}
}

func groupCheckProtocol(g *body[elb.CreateTargetGroupInput], f found) {
	switch p := g.in.HealthCheckProtocol; p {
	case "", types.ProtocolEnumHttp, types.ProtocolEnumHttps:
	case types.ProtocolEnumTcp:
		if sortOf(g.in) == forALB {
			f(g.Object, "healthCheckProtocol", "TCP does not check target groups with %s", g.in.Protocol)
		}
	default:
		f(g.Object, "healthCheckProtocol", "%s is not for health checks", p)
	}
}

func groupMatcher(g *body[elb.CreateTargetGroupInput], f found) {
	m := g.in.Matcher
	if m == nil {
		return
	}
	grpc := aws.ToString(g.in.ProtocolVersion) == "GRPC"
	switch {
	case m.HttpCode != nil && m.GrpcCode != nil:
		f(g.Object, "matcher", "has both kinds of codes")
	case grpc && m.HttpCode != nil:
		f(g.Object, "matcher.httpCode", "GRPC has gRPC codes")
	case !grpc && m.GrpcCode != nil:
		f(g.Object, "matcher.grpcCode", "only GRPC has gRPC codes")
	}
	low, high := 200, 499 // Matcher.HttpCode, by load balancer
	switch sortOf(g.in) {
	case forNLB:
		high = 599
	case forGWLB:
		high = 399
	}
	codes, path := aws.ToString(m.HttpCode), "matcher.httpCode"
	if grpc {
		codes, path, low, high = aws.ToString(m.GrpcCode), "matcher.grpcCode", 0, 99
	}
	for _, code := range strings.FieldsFunc(codes, func(r rune) bool { return r == ',' || r == '-' || r == ' ' }) {
		if n, err := strconv.Atoi(code); !open(codes) && (err != nil || n < low || n > high) {
			f(g.Object, path, "%s is not in %d-%d", code, low, high)
		}
	}
}

// attributeOf says of an attribute for which sorts it is and what it takes.
type attributeOf struct {
	sorts     []string
	values    []string
	low, high int // of a number, where no value of the list fits
}

var (
	switchable = []string{"true", "false"}
	tasked     = []string{forALB, forNLB}
)

var groupAttributeTable = map[string]attributeOf{
	"deregistration_delay.timeout_seconds":                                           {[]string{forALB, forNLB, forGWLB}, nil, 0, 3600},
	"deregistration_delay.connection_termination.enabled":                            {[]string{forNLB}, switchable, 0, 0},
	"lambda.multi_value_headers.enabled":                                             {[]string{forLambda}, switchable, 0, 0},
	"load_balancing.algorithm.anomaly_mitigation":                                    {[]string{forALB}, []string{"on", "off"}, 0, 0},
	"load_balancing.algorithm.type":                                                  {[]string{forALB}, []string{"round_robin", "least_outstanding_requests", "weighted_random"}, 0, 0},
	"load_balancing.cross_zone.enabled":                                              {tasked, []string{"true", "false", "use_load_balancer_configuration"}, 0, 0},
	"preserve_client_ip.enabled":                                                     {[]string{forNLB}, switchable, 0, 0},
	"proxy_protocol_v2.enabled":                                                      {[]string{forNLB}, switchable, 0, 0},
	"send_tcp_reset.on_deregistration.enabled":                                       {[]string{forGWLB}, switchable, 0, 0},
	"send_tcp_reset.on_unhealthy.enabled":                                            {[]string{forGWLB}, switchable, 0, 0},
	"slow_start.duration_seconds":                                                    {[]string{forALB}, []string{"0"}, 30, 900},
	"stickiness.app_cookie.cookie_name":                                              {[]string{forALB}, nil, 0, -1},
	"stickiness.app_cookie.duration_seconds":                                         {[]string{forALB}, nil, 1, 604800},
	"stickiness.enabled":                                                             {nil, switchable, 0, 0},
	"stickiness.lb_cookie.duration_seconds":                                          {[]string{forALB}, nil, 1, 604800},
	"stickiness.type":                                                                {nil, nil, 0, -1},
	"target_failover.on_deregistration":                                              {[]string{forGWLB}, []string{"rebalance", "no_rebalance"}, 0, 0},
	"target_failover.on_unhealthy":                                                   {[]string{forGWLB}, []string{"rebalance", "no_rebalance"}, 0, 0},
	"target_group_health.dns_failover.minimum_healthy_targets.count":                 {tasked, []string{"off"}, 1, 1000},
	"target_group_health.dns_failover.minimum_healthy_targets.percentage":            {tasked, []string{"off"}, 1, 100},
	"target_group_health.unhealthy_state_routing.minimum_healthy_targets.count":      {tasked, nil, 1, 1000},
	"target_group_health.unhealthy_state_routing.minimum_healthy_targets.percentage": {tasked, []string{"off"}, 1, 100},
	"target_health_state.unhealthy.connection_termination.enabled":                   {[]string{forNLB}, switchable, 0, 0},
	"target_health_state.unhealthy.draining_interval_seconds":                        {[]string{forNLB}, nil, 0, 360000},
}

var stickinessTypes = map[string][]string{
	forALB: {"lb_cookie", "app_cookie"}, forNLB: {"source_ip"}, forGWLB: {"source_ip_dest_ip", "source_ip_dest_ip_proto"},
}

func attributesOf(g *body[elb.CreateTargetGroupInput]) map[string]string {
	have, _ := g.Extra["attributes"].(map[string]string)
	return have
}

func groupUnknownAttributes(g *body[elb.CreateTargetGroupInput], f found) {
	for _, key := range slices.Sorted(maps.Keys(attributesOf(g))) {
		if _, known := groupAttributeTable[key]; !known {
			f(g.Object, "attributes["+key+"]", "AWS has no such attribute that is known here")
		}
	}
}

func groupAttributes(g *body[elb.CreateTargetGroupInput], f found) {
	have, sort := attributesOf(g), sortOf(g.in)
	for _, key := range slices.Sorted(maps.Keys(have)) {
		a, value := groupAttributeTable[key], have[key]
		if open(value) {
			continue
		}
		if why := a.refuses(sort, value); why != "" {
			f(g.Object, "attributes["+key+"]", "%s", why)
		}
	}
	if types := stickinessTypes[sort]; types != nil {
		if kind, ok := have["stickiness.type"]; ok && !slices.Contains(types, kind) && !open(kind) {
			f(g.Object, "attributes[stickiness.type]", "%q is none of %s", kind, strings.Join(types, " and "))
		}
	}
	togetherAttributes(g, have, f)
}

func (a attributeOf) refuses(sort, value string) string {
	if a.sorts != nil && sort != anyBalance && !slices.Contains(a.sorts, sort) {
		return fmt.Sprintf("only target groups for %s have it", strings.Join(a.sorts, ", "))
	}
	if slices.Contains(a.values, value) || a.high < 0 {
		return ""
	}
	n, err := strconv.Atoi(value)
	switch {
	case a.high == 0 && len(a.values) > 0:
		return fmt.Sprintf("%q is none of %s", value, strings.Join(a.values, ", "))
	case a.high > 0 && (err != nil || n < a.low || n > a.high):
		return fmt.Sprintf("%q is not in %d-%d", value, a.low, a.high)
	}
	return ""
}

// togetherAttributes are those that forbid one another. That slow start takes
// round robin says the user guide, "Slow start mode".
func togetherAttributes(g *body[elb.CreateTargetGroupInput], have map[string]string, f found) {
	datagram := g.in.Protocol == types.ProtocolEnumUdp || g.in.Protocol == types.ProtocolEnumTcpUdp
	algorithm := have["load_balancing.algorithm.type"]
	at := func(key, format string, args ...any) { f(g.Object, "attributes["+key+"]", format, args...) }
	if have["load_balancing.algorithm.anomaly_mitigation"] == "on" && algorithm != "weighted_random" && !open(algorithm) {
		at("load_balancing.algorithm.anomaly_mitigation", "it needs load_balancing.algorithm.type weighted_random")
	}
	if s := have["slow_start.duration_seconds"]; s != "" && s != "0" && algorithm != "" && algorithm != "round_robin" && !open(s+algorithm) {
		at("slow_start.duration_seconds", "slow start needs load_balancing.algorithm.type round_robin")
	}
	if datagram && have["preserve_client_ip.enabled"] == "false" {
		at("preserve_client_ip.enabled", "it cannot be off with %s", g.in.Protocol)
	}
	if s := have["target_health_state.unhealthy.draining_interval_seconds"]; s != "" && s != "0" &&
		have["target_health_state.unhealthy.connection_termination.enabled"] != "false" {
		at("target_health_state.unhealthy.draining_interval_seconds", "it needs target_health_state.unhealthy.connection_termination.enabled: false")
	}
	const gone, ill = "target_failover.on_deregistration", "target_failover.on_unhealthy"
	if have[gone] != have[ill] && !open(have[gone]+have[ill]) {
		key := gone
		if have[key] == "" {
			key = ill
		}
		at(key, "%s and %s have one value", gone, ill)
	}
	if name := have["stickiness.app_cookie.cookie_name"]; strings.HasPrefix(name, "AWSALB") {
		at("stickiness.app_cookie.cookie_name", "names that begin with AWSALB are the load balancer's")
	}
}
