package kinds_test

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2"
	elbtypes "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2/types"
	"github.com/google/go-cmp/cmp"

	"github.com/ecs-operator/ecs-operator/pkg/diff"
	"github.com/ecs-operator/ecs-operator/pkg/resource"
)

// groupForm is one form of a target group, with another value for each field that
// can be set on it.
type groupForm struct {
	body string
	set  map[string]string // field → YAML
	// another is another value for each attribute that AWS gives it.
	another map[string]string
	// fixed are the fields that AWS does not change, with another value.
	fixed map[string]string
}

var (
	httpCheck = map[string]string{
		"healthCheckPath": "/ready", "healthCheckPort": `"8080"`, "healthCheckIntervalSeconds": "20", "healthCheckTimeoutSeconds": "4",
		"healthyThresholdCount": "3", "unhealthyThresholdCount": "4", "matcher": `{httpCode: "200-299"}`,
	}
	tcpCheck = map[string]string{
		"healthCheckPort": `"8080"`, "healthCheckIntervalSeconds": "20", "healthCheckTimeoutSeconds": "4",
		"healthyThresholdCount": "3", "unhealthyThresholdCount": "4",
	}
	commonAttributes = map[string]string{
		"deregistration_delay.timeout_seconds": "17", "stickiness.enabled": "true", "load_balancing.cross_zone.enabled": "true",
		"target_group_health.dns_failover.minimum_healthy_targets.count": "2", "target_group_health.dns_failover.minimum_healthy_targets.percentage": "50",
		"target_group_health.unhealthy_state_routing.minimum_healthy_targets.count": "2", "target_group_health.unhealthy_state_routing.minimum_healthy_targets.percentage": "50",
	}
	httpAttributes = with(commonAttributes, map[string]string{
		"stickiness.type": "app_cookie", "stickiness.lb_cookie.duration_seconds": "60", "stickiness.app_cookie.cookie_name": "SESSION",
		"stickiness.app_cookie.duration_seconds": "60", "load_balancing.algorithm.type": "weighted_random",
		"load_balancing.algorithm.anomaly_mitigation": "on", "slow_start.duration_seconds": "30",
	})
	tcpAttributes = with(commonAttributes, map[string]string{
		"deregistration_delay.connection_termination.enabled": "true", "preserve_client_ip.enabled": "true", "proxy_protocol_v2.enabled": "true",
		"target_health_state.unhealthy.connection_termination.enabled": "false", "target_health_state.unhealthy.draining_interval_seconds": "30",
	})
	udpAttributes = with(commonAttributes, map[string]string{
		"deregistration_delay.connection_termination.enabled": "false", "proxy_protocol_v2.enabled": "true",
		"target_health_state.unhealthy.connection_termination.enabled": "false", "target_health_state.unhealthy.draining_interval_seconds": "30",
	})
)

func with(a, b map[string]string) map[string]string {
	out := maps.Clone(a)
	maps.Copy(out, b)
	return out
}

// groupForms are all protocols and target types that AWS has.
func groupForms() map[string]groupForm {
	port := map[string]string{"port": "81"}
	out := map[string]groupForm{
		"GRPC": {"protocol: HTTP, protocolVersion: GRPC, port: 80, targetType: ip, vpcId: vpc-0sandbox",
			with(httpCheck, map[string]string{"healthCheckPath": "/grpc.health.v1.Health/Check", "matcher": `{grpcCode: "0-5"}`}), httpAttributes, with(port, map[string]string{"protocolVersion": "HTTP2"})},
		"HTTP instance": {"protocol: HTTP, port: 80, vpcId: vpc-0sandbox", httpCheck, httpAttributes, with(port, map[string]string{"targetType": "ip", "targetControlPort": "3000"})},
		"HTTPS":         {"protocol: HTTPS, port: 443, targetType: ip, vpcId: vpc-0sandbox", with(httpCheck, map[string]string{"healthCheckProtocol": "HTTP"}), httpAttributes, with(port, map[string]string{"protocol": "HTTP"})},
		"HTTP ipv6":     {"protocol: HTTP, port: 80, targetType: ip, ipAddressType: ipv6, vpcId: vpc-0sandbox", httpCheck, httpAttributes, map[string]string{"ipAddressType": "ipv4"}},
		"TCP alb":       {"protocol: TCP, port: 80, targetType: alb, vpcId: vpc-0sandbox", httpCheck, nil, port},
		"TCP by HTTP":   {"protocol: TCP, port: 80, targetType: ip, vpcId: vpc-0sandbox, healthCheckProtocol: HTTP", httpCheck, tcpAttributes, port},
		"GENEVE":        {"protocol: GENEVE, port: 6081, targetType: ip, vpcId: vpc-0sandbox", tcpCheck, map[string]string{"deregistration_delay.timeout_seconds": "17", "stickiness.enabled": "true"}, map[string]string{"targetType": "instance"}},
		"lambda":        {"targetType: lambda", map[string]string{"healthCheckEnabled": "true", "healthCheckPath": "/ready", "healthCheckIntervalSeconds": "60", "healthCheckTimeoutSeconds": "20", "healthyThresholdCount": "3", "unhealthyThresholdCount": "4", "matcher": `{httpCode: "200-299"}`}, map[string]string{"lambda.multi_value_headers.enabled": "true"}, nil},
	}
	for _, p := range elbtypes.ProtocolEnum("").Values() {
		switch p {
		case elbtypes.ProtocolEnumHttp, elbtypes.ProtocolEnumHttps, elbtypes.ProtocolEnumGeneve:
		default:
			attributes := tcpAttributes
			if p == elbtypes.ProtocolEnumUdp || p == elbtypes.ProtocolEnumTcpUdp {
				attributes = udpAttributes
			}
			if p == elbtypes.ProtocolEnumQuic || p == elbtypes.ProtocolEnumTcpQuic {
				attributes = commonAttributes
			}
			out[string(p)] = groupForm{fmt.Sprintf("protocol: %s, port: 80, targetType: ip, vpcId: vpc-0sandbox", p), tcpCheck, attributes, port}
		}
	}
	return out
}

func groupDoc(body string) string {
	return hello + "  targetGroups:\n    any: {" + body + "}\n"
}

// Every form of a target group is made and does not differ; each field and
// attribute that can be set shows as exactly that, is written, and is kept; what
// AWS does not change is a replacement; and it is deleted.
func TestTargetGroupForms(t *testing.T) {
	for name, f := range groupForms() {
		t.Run(name, func(t *testing.T) {
			for _, field := range slices.Sorted(maps.Keys(f.set)) {
				w := newWorld(t)
				u := w.load(groupDoc(f.body))
				w.apply(u)
				edited := w.load(groupDoc(f.body + ", " + field + ": " + f.set[field]))
				fields := map[string]bool{}
				for _, c := range writable(w.changes(edited, serviceOf(u).Of(resource.KindTargetGroup, "any"), w.observe(edited, true))) {
					if !strings.HasPrefix(c.Path, "tags.") {
						fields[c.Field()] = true
					}
				}
				if !fields[field] || len(fields) != 1 {
					t.Errorf("an edit of %s shows %v", field, slices.Sorted(maps.Keys(fields)))
				}
				w.apply(edited)
				w.clean(edited)
			}
			w := newWorld(t)
			u := w.load(groupDoc(f.body))
			w.apply(u)
			w.clean(u)
			id := serviceOf(u).Of(resource.KindTargetGroup, "any")
			for field, value := range f.fixed {
				body := f.body
				parts := strings.Split(body, ", ")
				for i, p := range parts {
					if strings.HasPrefix(p, field+":") {
						parts = slices.Delete(parts, i, i+1)
						break
					}
				}
				edited := w.load(groupDoc(strings.Join(append(parts, field+": "+value), ", ")))
				worst := diff.None
				for _, c := range w.changes(edited, id, w.observe(edited, true)) {
					if !c.Informational {
						worst = diff.Worst(worst, c.Effect)
					}
				}
				if worst != diff.Replacement {
					t.Errorf("%s: %s is %s, want a replacement", field, value, worst)
				}
			}
			live := w.observe(u, true)[id]
			k := w.kind(resource.KindTargetGroup)
			for range 2 {
				if err := k.Delete(t.Context(), resource.Write{Object: *u.Object(id), Live: live}); err != nil {
					t.Fatal(err)
				}
			}
			if l := w.observe(u, true)[id]; l.Presence != resource.Absent {
				t.Errorf("after its deletion it is %s", l.Presence)
			}
		})
	}
}

// Each attribute that a form has shows when somebody changes it, and is written as
// the document says.
func TestTargetGroupAttributes(t *testing.T) {
	for name, f := range groupForms() {
		t.Run(name, func(t *testing.T) {
			for _, key := range slices.Sorted(maps.Keys(f.another)) {
				w := newWorld(t)
				first := f.body
				switch key { // what it needs beside it
				case "load_balancing.algorithm.anomaly_mitigation":
					first += ", attributes: {load_balancing.algorithm.type: weighted_random}"
				case "target_health_state.unhealthy.draining_interval_seconds":
					first += `, attributes: {target_health_state.unhealthy.connection_termination.enabled: "false"}`
				}
				u := w.load(groupDoc(first))
				w.apply(u)
				id := serviceOf(u).Of(resource.KindTargetGroup, "any")
				live := w.observe(u, true)[id]
				was, ok := live.Extra["attributes"].(map[string]string)[key]
				if !ok || was == f.another[key] {
					t.Errorf("%s is %q (%v) from the beginning", key, was, ok)
					continue
				}
				all := map[string]string{key: f.another[key]}
				if at := strings.Index(first, "attributes: {"); at >= 0 {
					first = first[:at-2]
					k, v, _ := strings.Cut(strings.TrimSuffix(strings.TrimPrefix(f.bodyAttributes(key), "{"), "}"), ": ")
					all[k] = strings.Trim(v, `"`)
				}
				var pairs []string
				for _, k := range slices.Sorted(maps.Keys(all)) {
					pairs = append(pairs, fmt.Sprintf("%s: %q", k, all[k]))
				}
				edited := w.load(groupDoc(first + ", attributes: {" + strings.Join(pairs, ", ") + "}"))
				got := paths(writable(w.changes(edited, id, w.observe(edited, true))))
				got = slices.DeleteFunc(got, func(p string) bool { return strings.HasPrefix(p, "tags.") })
				if d := cmp.Diff([]string{"attributes[" + key + "]"}, got); d != "" {
					t.Errorf("%s (-want +got):\n%s", key, d)
				}
				w.apply(edited)
				w.clean(edited)
				_, err := w.raw.Write.ELB.ModifyTargetGroupAttributes(t.Context(), &elasticloadbalancingv2.ModifyTargetGroupAttributesInput{
					TargetGroupArn: &live.ARN, Attributes: []elbtypes.TargetGroupAttribute{{Key: aws.String(key), Value: aws.String(was)}}})
				if err != nil {
					t.Fatal(err)
				}
				got = paths(writable(w.changes(edited, id, w.observe(edited, true))))
				if d := cmp.Diff([]string{"attributes[" + key + "]"}, got); d != "" {
					t.Errorf("%s behind our back (-want +got):\n%s", key, d)
				}
			}
		})
	}
}

// bodyAttributes is what an attribute needs beside it.
func (groupForm) bodyAttributes(key string) string {
	if key == "load_balancing.algorithm.anomaly_mitigation" {
		return "{load_balancing.algorithm.type: weighted_random}"
	}
	return `{target_health_state.unhealthy.connection_termination.enabled: "false"}`
}
