package kinds

import (
	"maps"

	"github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2"
	"github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2/types"

	"github.com/ecs-operator/ecs-operator/pkg/diff"
)

// targetGroupRules are how a target group is compared: the defaults depend on
// the protocol and the target type (comments on CreateTargetGroupInput).
func targetGroupRules(want *elasticloadbalancingv2.CreateTargetGroupInput) *diff.Rules {
	r := &diff.Rules{
		Defaults: maps.Clone(groupDefaults),
		Inherits: maps.Clone(groupInherits),
		Ignored:  map[string]string{"tags": "compared as tags"},
		Effects: map[string]diff.Effect{
			"": diff.InPlace,
			// what ModifyTargetGroupInput lacks
			"name": diff.Replacement, "protocol": diff.Replacement, "protocolVersion": diff.Replacement,
			"port": diff.Replacement, "vpcId": diff.Replacement, "targetType": diff.Replacement,
			"ipAddressType": diff.Replacement, "targetControlPort": diff.Replacement,
		},
		Absent: map[string]bool{"": true, attributes: false, "matcher": false},
	}
	d := r.Defaults
	switch {
	case want.TargetType == types.TargetTypeEnumLambda:
		d["healthCheckEnabled"] = false
		d["healthCheckIntervalSeconds"], d["healthCheckTimeoutSeconds"] = 35, 30
		// The SDK says 5, recorded answers say 2.
		delete(d, "unhealthyThresholdCount")
		r.Inherits["unhealthyThresholdCount"] = "AWS' own word on the default differs from what it does"
		d["healthCheckPath"], d["matcher.httpCode"] = "/", "200"
	case want.Protocol == types.ProtocolEnumHttp || want.Protocol == types.ProtocolEnumHttps:
		if d["healthCheckProtocol"] = "HTTP"; want.Protocol == types.ProtocolEnumHttps {
			// The SDK says HTTP, recorded answers say HTTPS.
			delete(d, "healthCheckProtocol")
			r.Inherits["healthCheckProtocol"] = "AWS' own word on the default differs from what it does"
		}
		d["protocolVersion"] = "HTTP1"
		d["healthCheckPath"], d["matcher.httpCode"] = "/", "200"
		if want.ProtocolVersion != nil && *want.ProtocolVersion == "GRPC" {
			d["healthCheckPath"], d["matcher.grpcCode"] = "/AWS.ALB/healthcheck", "12"
			delete(d, "matcher.httpCode")
		}
		// The SDK says 6 for HTTP and 10 for HTTPS, recorded answers say 5 for both.
		r.Inherits["healthCheckTimeoutSeconds"] = "AWS' own word on the default differs from what it does"
	case want.Protocol == types.ProtocolEnumGeneve:
		d["healthCheckPort"], d["healthCheckIntervalSeconds"], d["healthCheckTimeoutSeconds"] = "80", 10, 5
		d["healthCheckProtocol"] = "TCP"
	default:
		d["healthCheckProtocol"] = "TCP"
		if want.HealthCheckProtocol == "" || want.HealthCheckProtocol == types.ProtocolEnumTcp {
			d["healthCheckTimeoutSeconds"] = 10
		} else { // HTTP checks of a network load balancer
			r.Inherits["healthCheckTimeoutSeconds"] = "it depends on the health check's protocol"
			r.Inherits["matcher"] = "200-399 for network load balancers"
			d["healthCheckPath"] = "/"
		}
	}
	return r
}

// groupDefaults hold for every protocol unless overridden above. Attributes:
// recorded answers (cdk-real-drift noise.ts) and the table in the ELB guides.
var groupDefaults = map[string]any{
	"healthCheckEnabled":         true,
	"healthCheckIntervalSeconds": 30,
	"healthCheckPort":            "traffic-port",
	"healthyThresholdCount":      5,
	"unhealthyThresholdCount":    2,
	"ipAddressType":              "ipv4",
	"targetType":                 "instance",

	"attributes[deregistration_delay.timeout_seconds]":                                           "300",
	"attributes[stickiness.enabled]":                                                             "false",
	"attributes[stickiness.lb_cookie.duration_seconds]":                                          "86400",
	"attributes[stickiness.app_cookie.duration_seconds]":                                         "86400",
	"attributes[load_balancing.algorithm.type]":                                                  "round_robin",
	"attributes[load_balancing.algorithm.anomaly_mitigation]":                                    "off",
	"attributes[load_balancing.cross_zone.enabled]":                                              "use_load_balancer_configuration",
	"attributes[slow_start.duration_seconds]":                                                    "0",
	"attributes[target_group_health.dns_failover.minimum_healthy_targets.count]":                 "1",
	"attributes[target_group_health.dns_failover.minimum_healthy_targets.percentage]":            "off",
	"attributes[target_group_health.unhealthy_state_routing.minimum_healthy_targets.count]":      "1",
	"attributes[target_group_health.unhealthy_state_routing.minimum_healthy_targets.percentage]": "off",
	"attributes[proxy_protocol_v2.enabled]":                                                      "false",
}

// groupUsual is what AWS chooses for inherited paths.
var groupUsual = map[string][]any{
	"healthCheckTimeoutSeconds":                     {5, 6, 10},
	"healthCheckProtocol":                           {"HTTP", "HTTPS"},
	"unhealthyThresholdCount":                       {2, 5},
	"matcher":                                       {map[string]any{"httpCode": "200-399"}},
	"attributes[stickiness.type]":                   {"lb_cookie", "source_ip", "source_ip_dest_ip_proto"},
	"attributes[stickiness.app_cookie.cookie_name]": {""},
	"attributes[preserve_client_ip.enabled]":        {"true", "false"},
	"attributes[deregistration_delay.connection_termination.enabled]":          {"true", "false"},
	"attributes[target_health_state.unhealthy.connection_termination.enabled]": {"true", "false"},
	"attributes[target_health_state.unhealthy.draining_interval_seconds]":      {"0"},
	"attributes[lambda.multi_value_headers.enabled]":                           {"false"},
}

var groupInherits = map[string]string{
	"vpcId": "it cannot be left out",
	// depend on protocol and target type
	"attributes[stickiness.type]":                                              "it depends on the load balancer's type",
	"attributes[stickiness.app_cookie.cookie_name]":                            "empty without application stickiness",
	"attributes[preserve_client_ip.enabled]":                                   "it depends on protocol and target type",
	"attributes[deregistration_delay.connection_termination.enabled]":          "it depends on the protocol",
	"attributes[target_health_state.unhealthy.connection_termination.enabled]": "it depends on the protocol",
	"attributes[target_health_state.unhealthy.draining_interval_seconds]":      "it depends on the protocol",
	"attributes[lambda.multi_value_headers.enabled]":                           "Lambda targets only",
}
