package sandbox

import (
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	elbtypes "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2/types"
)

// checkForm refuses what a target group of its protocol and target type cannot
// have. Rules: SDK doc comments of CreateTargetGroupInput; the texts are ours
// (unverified) where nothing else is said.
func checkForm(tg *elbtypes.TargetGroup) error {
	switch {
	case tg.Protocol == elbtypes.ProtocolEnumGeneve && aws.ToInt32(tg.Port) != 6081:
		return refuse("ValidationError", "Port '%d' is not supported for protocol GENEVE; it must be 6081", aws.ToInt32(tg.Port))
	case tg.TargetControlPort != nil && !isHTTP(tg.Protocol):
		return refuse("ValidationError", "A target control port is not supported for target groups with protocol '%s'", tg.Protocol)
	case tg.HealthCheckEnabled != nil && !*tg.HealthCheckEnabled && tg.TargetType != elbtypes.TargetTypeEnumLambda:
		return refuse("ValidationError", "Health check enabled must be true for target groups with target type '%s'", tg.TargetType)
	}
	return nil
}

// checkHealthForm refuses protocols that check no health, and paths and codes
// that the protocol of the check does not know.
func checkHealthForm(tg *elbtypes.TargetGroup) error {
	grpc := aws.ToString(tg.ProtocolVersion) == "GRPC"
	if tg.TargetType == elbtypes.TargetTypeEnumLambda && tg.HealthCheckProtocol != "" {
		return refuse("ValidationError", "Health check protocol cannot be specified for target groups with target type 'lambda'")
	}
	switch p := tg.HealthCheckProtocol; {
	case p != "" && !isHTTP(p) && p != elbtypes.ProtocolEnumTcp:
		return refuse("InvalidConfigurationRequest", "Health check protocol '%s' is not supported", p)
	case p == elbtypes.ProtocolEnumTcp && tg.HealthCheckPath != nil:
		return refuse("InvalidConfigurationRequest", "Health check path is not supported for health checks with protocol TCP")
	case p == elbtypes.ProtocolEnumTcp && tg.Matcher != nil:
		return refuse("InvalidConfigurationRequest", "Custom health check matchers are not supported for health checks with protocol TCP")
	case tg.Matcher != nil && tg.Matcher.GrpcCode != nil && !grpc:
		return refuse("ValidationError", "gRPC codes are only supported for target groups with protocol version GRPC")
	case tg.Matcher != nil && tg.Matcher.HttpCode != nil && grpc:
		return refuse("ValidationError", "HTTP codes are not supported for target groups with protocol version GRPC")
	}
	return nil
}

// checkTogether refuses attributes that do not go together, as they would be
// after a change. Rules: SDK doc comment of TargetGroupAttribute.Key; that slow
// start takes round robin: ELB user guide, "Slow start mode".
func checkTogether(tg *elbtypes.TargetGroup, have map[string]string) error {
	datagram := tg.Protocol == elbtypes.ProtocolEnumUdp || tg.Protocol == elbtypes.ProtocolEnumTcpUdp
	no := func(key, why string) error {
		return refuse("InvalidConfigurationRequest", "Target group attribute '%s' cannot be '%s' %s", key, have[key], why)
	}
	const health, failover = "target_health_state.unhealthy.", "target_failover."
	switch {
	case have["load_balancing.algorithm.anomaly_mitigation"] == "on" && have["load_balancing.algorithm.type"] != "weighted_random":
		return no("load_balancing.algorithm.anomaly_mitigation", "without the algorithm weighted_random")
	case have["slow_start.duration_seconds"] != "" && have["slow_start.duration_seconds"] != "0" && have["load_balancing.algorithm.type"] != "round_robin":
		return no("slow_start.duration_seconds", "without the algorithm round_robin")
	case datagram && have["preserve_client_ip.enabled"] == "false":
		return no("preserve_client_ip.enabled", "with protocol "+string(tg.Protocol))
	case have[health+"draining_interval_seconds"] != "" && have[health+"draining_interval_seconds"] != "0" && have[health+"connection_termination.enabled"] == "true":
		return no(health+"draining_interval_seconds", "while connections to unhealthy targets are terminated")
	case have[failover+"on_deregistration"] != have[failover+"on_unhealthy"]:
		return no(failover+"on_deregistration", "unlike "+failover+"on_unhealthy")
	case strings.HasPrefix(have["stickiness.app_cookie.cookie_name"], "AWSALB"):
		return no("stickiness.app_cookie.cookie_name", "because the prefix is reserved")
	}
	if types := stickinessOf(tg); len(types) > 0 && !slices.Contains(types, have["stickiness.type"]) {
		return no("stickiness.type", "for target groups with protocol "+string(tg.Protocol))
	}
	return nil
}

// stickinessOf are the types of stickiness of the group's kind of load balancer.
func stickinessOf(tg *elbtypes.TargetGroup) []string {
	switch {
	case tg.TargetType == elbtypes.TargetTypeEnumLambda:
		return nil
	case isHTTP(tg.Protocol):
		return []string{"lb_cookie", "app_cookie"}
	case tg.Protocol == elbtypes.ProtocolEnumGeneve:
		return []string{"source_ip_dest_ip", "source_ip_dest_ip_proto"}
	}
	return []string{"source_ip"}
}
