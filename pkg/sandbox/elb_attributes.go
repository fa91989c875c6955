package sandbox

import (
	"maps"
	"slices"
	"sort"
	"strconv"

	"github.com/aws/aws-sdk-go-v2/aws"
	elbv2 "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2"
	elbtypes "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2/types"
)

// The tables of attributes and defaults follow the SDK's doc comments of
// types.TargetGroupAttribute, LoadBalancerAttribute and ListenerAttribute.
// Describe returns every applicable key, set or not.

func targetGroupAttributeDefaults(tg *elbtypes.TargetGroup) map[string]string {
	if tg.TargetType == elbtypes.TargetTypeEnumLambda {
		return map[string]string{"lambda.multi_value_headers.enabled": "false"}
	}
	if tg.Protocol == elbtypes.ProtocolEnumGeneve {
		return map[string]string{
			"deregistration_delay.timeout_seconds": "300", "stickiness.enabled": "false", "stickiness.type": "source_ip_dest_ip_proto",
			"target_failover.on_deregistration": "no_rebalance", "target_failover.on_unhealthy": "no_rebalance",
			"send_tcp_reset.on_unhealthy.enabled": "false", "send_tcp_reset.on_deregistration.enabled": "false",
		}
	}
	a := map[string]string{
		"deregistration_delay.timeout_seconds":                                           "300",
		"stickiness.enabled":                                                             "false",
		"load_balancing.cross_zone.enabled":                                              "use_load_balancer_configuration",
		"target_group_health.dns_failover.minimum_healthy_targets.count":                 "1",
		"target_group_health.dns_failover.minimum_healthy_targets.percentage":            "off",
		"target_group_health.unhealthy_state_routing.minimum_healthy_targets.count":      "1",
		"target_group_health.unhealthy_state_routing.minimum_healthy_targets.percentage": "off",
	}
	if isHTTP(tg.Protocol) {
		a["stickiness.type"] = "lb_cookie"
		a["stickiness.lb_cookie.duration_seconds"] = "86400"
		a["stickiness.app_cookie.cookie_name"] = ""
		a["stickiness.app_cookie.duration_seconds"] = "86400"
		a["load_balancing.algorithm.type"] = "round_robin"
		a["load_balancing.algorithm.anomaly_mitigation"] = "off"
		a["slow_start.duration_seconds"] = "0"
		return a
	}
	datagram := tg.Protocol == elbtypes.ProtocolEnumUdp || tg.Protocol == elbtypes.ProtocolEnumTcpUdp
	byAddress := tg.TargetType == elbtypes.TargetTypeEnumIp && (tg.Protocol == elbtypes.ProtocolEnumTcp || tg.Protocol == elbtypes.ProtocolEnumTls)
	a["stickiness.type"] = "source_ip"
	a["deregistration_delay.connection_termination.enabled"] = strconv.FormatBool(datagram)
	a["preserve_client_ip.enabled"] = strconv.FormatBool(!byAddress)
	a["proxy_protocol_v2.enabled"] = "false"
	a["target_health_state.unhealthy.connection_termination.enabled"] = "true" // UDP and TCP_UDP too: recorded answers of AWS
	a["target_health_state.unhealthy.draining_interval_seconds"] = "0"
	return a
}

func loadBalancerDefaults(kind elbtypes.LoadBalancerTypeEnum) map[string]string {
	a := map[string]string{"deletion_protection.enabled": "false", "load_balancing.cross_zone.enabled": "false"}
	if kind == elbtypes.LoadBalancerTypeEnumGateway {
		return a
	}
	a["access_logs.s3.enabled"], a["access_logs.s3.bucket"], a["access_logs.s3.prefix"] = "false", "", ""
	a["ipv6.deny_all_igw_traffic"], a["zonal_shift.config.enabled"] = "false", "false"
	if kind == elbtypes.LoadBalancerTypeEnumNetwork {
		a["dns_record.client_routing_policy"], a["secondary_ips.auto_assigned.per_subnet"] = "any_availability_zone", "0"
		return a
	}
	for k, v := range map[string]string{
		"load_balancing.cross_zone.enabled": "true", "idle_timeout.timeout_seconds": "60", "client_keep_alive.seconds": "3600",
		"connection_logs.s3.enabled": "false", "connection_logs.s3.bucket": "", "connection_logs.s3.prefix": "",
		"health_check_logs.s3.enabled": "false", "health_check_logs.s3.bucket": "", "health_check_logs.s3.prefix": "",
		"routing.http.desync_mitigation_mode": "defensive", "routing.http.drop_invalid_header_fields.enabled": "false",
		"routing.http.preserve_host_header.enabled": "false", "routing.http.x_amzn_tls_version_and_cipher_suite.enabled": "false",
		"routing.http.xff_client_port.enabled": "false", "routing.http.xff_header_processing.mode": "append",
		"routing.http2.enabled": "true", "waf.fail_open.enabled": "false",
	} {
		a[k] = v
	}
	return a
}

func listenerDefaults(protocol elbtypes.ProtocolEnum) map[string]string {
	if !isHTTP(protocol) {
		return map[string]string{"tcp.idle_timeout.seconds": "350"}
	}
	a := map[string]string{"routing.http.response.server.enabled": "true"}
	for _, h := range []string{
		"strict_transport_security", "access_control_allow_origin", "access_control_allow_methods", "access_control_allow_headers",
		"access_control_allow_credentials", "access_control_expose_headers", "access_control_max_age", "content_security_policy",
		"x_content_type_options", "x_frame_options",
	} {
		a["routing.http.response."+h+".header_value"] = ""
	}
	if protocol == elbtypes.ProtocolEnumHttps {
		for _, h := range []string{
			"x_amzn_mtls_clientcert_serial_number", "x_amzn_mtls_clientcert_issuer", "x_amzn_mtls_clientcert_subject", "x_amzn_mtls_clientcert_validity",
			"x_amzn_mtls_clientcert_leaf", "x_amzn_mtls_clientcert", "x_amzn_tls_version", "x_amzn_tls_cipher_suite",
		} {
			a["routing.http.request."+h+".header_name"] = ""
		}
	}
	return a
}

// attributeRanges are the numeric attributes and what they may be.
var attributeRanges = map[string][2]int{
	"deregistration_delay.timeout_seconds": {0, 3600}, "stickiness.lb_cookie.duration_seconds": {1, 604800},
	"stickiness.app_cookie.duration_seconds": {1, 604800}, "slow_start.duration_seconds": {0, 900},
	"target_health_state.unhealthy.draining_interval_seconds": {0, 360000}, "idle_timeout.timeout_seconds": {1, 4000},
	"client_keep_alive.seconds": {60, 604800}, "tcp.idle_timeout.seconds": {60, 6000}, "secondary_ips.auto_assigned.per_subnet": {0, 7},
}

// attributeValues are the attributes with a closed set of values.
var attributeValues = map[string][]string{
	"stickiness.type":                             {"lb_cookie", "app_cookie", "source_ip", "source_ip_dest_ip", "source_ip_dest_ip_proto"},
	"load_balancing.algorithm.type":               {"round_robin", "least_outstanding_requests", "weighted_random"},
	"load_balancing.algorithm.anomaly_mitigation": {"on", "off"},
	"routing.http.desync_mitigation_mode":         {"monitor", "defensive", "strictest"},
	"routing.http.xff_header_processing.mode":     {"append", "preserve", "remove"},
}

// attribute is one key and value, whatever its SDK type is called.
type attribute struct{ key, value string }

// setAttributes checks all before it changes one.
func setAttributes(have map[string]string, changes []attribute, what string) error {
	seen := map[string]bool{}
	for _, c := range changes {
		if err := checkAttribute(have, c, what); err != nil {
			return err
		}
		if seen[c.key] {
			return refuse("ValidationError", "Attribute key '%s' was specified more than once", c.key)
		}
		seen[c.key] = true
	}
	for _, c := range changes {
		have[c.key] = c.value
	}
	return nil
}

func checkAttribute(have map[string]string, c attribute, what string) error {
	old, known := have[c.key]
	if !known {
		return refuse("ValidationError", "%s attribute key '%s' is not recognized", what, c.key)
	}
	if r, numeric := attributeRanges[c.key]; numeric {
		n, err := strconv.Atoi(c.value)
		if err != nil || n < r[0] || n > r[1] || (c.key == "slow_start.duration_seconds" && n > 0 && n < 30) {
			return refuse("ValidationError", "%s attribute value '%s' for key '%s' must be between '%d' and '%d' inclusive", what, c.value, c.key, r[0], r[1])
		}
		return nil
	}
	values := attributeValues[c.key]
	if what == "Target group" && c.key == "load_balancing.cross_zone.enabled" { // a load balancer's own is on or off
		values = []string{"true", "false", "use_load_balancer_configuration"}
	}
	if values == nil && (old == "true" || old == "false") {
		values = []string{"true", "false"}
	}
	if values != nil && !slices.Contains(values, c.value) {
		return refuse("ValidationError", "%s attribute value '%s' for key '%s' must be one of %v", what, c.value, c.key, values)
	}
	return nil
}

func sortedAttributes[T any](have map[string]string, build func(k, v *string) T) []T {
	keys := make([]string, 0, len(have))
	for k := range have {
		keys = append(keys, k)
	}
	sort.Strings(keys)
	out := make([]T, 0, len(keys))
	for _, k := range keys {
		out = append(out, build(aws.String(k), aws.String(have[k])))
	}
	return out
}

func targetGroupAttribute(k, v *string) elbtypes.TargetGroupAttribute {
	return elbtypes.TargetGroupAttribute{Key: k, Value: v}
}

func loadBalancerAttribute(k, v *string) elbtypes.LoadBalancerAttribute {
	return elbtypes.LoadBalancerAttribute{Key: k, Value: v}
}

func listenerAttribute(k, v *string) elbtypes.ListenerAttribute {
	return elbtypes.ListenerAttribute{Key: k, Value: v}
}

func describeTargetGroupAttributes(c *call, in *elbv2.DescribeTargetGroupAttributesInput) (*elbv2.DescribeTargetGroupAttributesOutput, error) {
	tg, err := c.w.needTargetGroup(in.TargetGroupArn)
	if err != nil {
		return nil, err
	}
	return &elbv2.DescribeTargetGroupAttributesOutput{Attributes: sortedAttributes(tg.Attributes, targetGroupAttribute)}, nil
}

func modifyTargetGroupAttributes(c *call, in *elbv2.ModifyTargetGroupAttributesInput) (*elbv2.ModifyTargetGroupAttributesOutput, error) {
	tg, err := c.w.needTargetGroup(in.TargetGroupArn)
	if err != nil {
		return nil, err
	}
	var changes []attribute
	for _, a := range in.Attributes {
		changes = append(changes, attribute{aws.ToString(a.Key), aws.ToString(a.Value)})
	}
	next := maps.Clone(tg.Attributes)
	if err := setAttributes(next, changes, "Target group"); err != nil {
		return nil, err
	}
	if err := checkTogether(&tg.Value, next); err != nil {
		return nil, err
	}
	tg.Attributes = next
	return &elbv2.ModifyTargetGroupAttributesOutput{Attributes: sortedAttributes(tg.Attributes, targetGroupAttribute)}, nil
}

func describeLoadBalancerAttributes(c *call, in *elbv2.DescribeLoadBalancerAttributesInput) (*elbv2.DescribeLoadBalancerAttributesOutput, error) {
	lb, err := c.w.needLoadBalancer(in.LoadBalancerArn)
	if err != nil {
		return nil, err
	}
	return &elbv2.DescribeLoadBalancerAttributesOutput{Attributes: sortedAttributes(lb.Attributes, loadBalancerAttribute)}, nil
}

func modifyLoadBalancerAttributes(c *call, in *elbv2.ModifyLoadBalancerAttributesInput) (*elbv2.ModifyLoadBalancerAttributesOutput, error) {
	lb, err := c.w.needLoadBalancer(in.LoadBalancerArn)
	if err != nil {
		return nil, err
	}
	var changes []attribute
	for _, a := range in.Attributes {
		changes = append(changes, attribute{aws.ToString(a.Key), aws.ToString(a.Value)})
	}
	if err := setAttributes(lb.Attributes, changes, "Load balancer"); err != nil {
		return nil, err
	}
	return &elbv2.ModifyLoadBalancerAttributesOutput{Attributes: sortedAttributes(lb.Attributes, loadBalancerAttribute)}, nil
}

func describeListenerAttributes(c *call, in *elbv2.DescribeListenerAttributesInput) (*elbv2.DescribeListenerAttributesOutput, error) {
	l, err := c.w.needListener(in.ListenerArn)
	if err != nil {
		return nil, err
	}
	return &elbv2.DescribeListenerAttributesOutput{Attributes: sortedAttributes(l.Attributes, listenerAttribute)}, nil
}

func modifyListenerAttributes(c *call, in *elbv2.ModifyListenerAttributesInput) (*elbv2.ModifyListenerAttributesOutput, error) {
	l, err := c.w.needListener(in.ListenerArn)
	if err != nil {
		return nil, err
	}
	var changes []attribute
	for _, a := range in.Attributes {
		changes = append(changes, attribute{aws.ToString(a.Key), aws.ToString(a.Value)})
	}
	if err := setAttributes(l.Attributes, changes, "Listener"); err != nil {
		return nil, err
	}
	return &elbv2.ModifyListenerAttributesOutput{Attributes: sortedAttributes(l.Attributes, listenerAttribute)}, nil
}
