package importer

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/ecs-operator/ecs-operator/pkg/spec"
)

// http makes target groups and listener rules of http and its additional rules.
func (c *copilotService) http(m, root manifest, service spec.Map, groups, rules *spec.Map) spec.Map {
	if m.Text() == "false" || m.Sort == spec.Null && c.kind == "Backend Service" {
		return service
	}
	if m.Sort == spec.Null {
		c.once(root.Tree, "http is not written: the service gets no target group")
		return service
	}
	if alb := m.get("alb"); alb.written() {
		c.tell(alb.Tree.Problem(spec.Warning, "http.alb: write the ARN of that load balancer's listener into the Environment"))
	}
	var balancers []any
	grace := any(60) // Copilot's own
	for i, r := range append([]manifest{m}, m.get("additional_rules").items()...) {
		name := "web"
		if i > 0 {
			name = fmt.Sprintf("web%d", i+1)
		}
		container, port := c.target(r, root)
		group, own := c.targetGroup(r, port, root)
		*groups = groups.With(name, group)
		if i == 0 && own != nil {
			grace = own
		}
		rule := spec.Map{{Key: "listenerArn", Value: c.listener(r, root)},
			{Key: "priority", Value: c.priority(name, r, root)},
			{Key: "conditions", Value: c.conditions(r)},
			{Key: "actions", Value: []any{spec.Map{{Key: "type", Value: "forward"}, {Key: "targetGroupArn", Value: "$(targetGroups." + name + ".arn)"}}}}}
		*rules = rules.With(name, rule)
		balancers = append(balancers, spec.Map{{Key: "targetGroupArn", Value: "$(targetGroups." + name + ".arn)"},
			{Key: "containerName", Value: container}, {Key: "containerPort", Value: numberOr(port)}})
	}
	return slices.Clone(service).With("loadBalancers", balancers).With("healthCheckGracePeriodSeconds", grace)
}

// target is the container and the port that a rule leads to: Copilot finds the
// container by the port where only that is written.
func (c *copilotService) target(r, root manifest) (container, port string) {
	container = cmp.Or(r.get("target_container").Text(), r.get("targetContainer").Text())
	port = r.get("target_port").Text()
	sidecars := root.Tree.Get("sidecars")
	if container == "" && port != "" && !c.ownPort(root, port) {
		for _, s := range sidecars.Map {
			if p, _, _ := strings.Cut(s.Value.Get("port").Text(), "/"); p == port {
				container = s.Key
			}
		}
	}
	container = cmp.Or(container, c.name)
	if port == "" && container == c.name {
		port = root.Tree.Get("image").Get("port").Text()
	} else if port == "" {
		port, _, _ = strings.Cut(sidecars.Get(container).Get("port").Text(), "/")
	}
	if port == "" {
		c.once(r.Tree, "no port is written for the container %s: 80 stands in the document", container)
		port = "80"
	}
	return container, port
}

// targetGroup is one of Copilot's, and the grace period of its health check.
func (c *copilotService) targetGroup(r manifest, port string, root manifest) (out spec.Map, grace any) {
	protocol := "HTTP"
	if port == "443" { // Copilot speaks TLS to this port
		protocol = "HTTPS"
	}
	out = spec.Map{{Key: "protocol", Value: protocol}, {Key: "port", Value: numberOr(port)},
		{Key: "vpcId", Value: c.owned("vpc", "the VPC of the environment", root.Tree)}, {Key: "targetType", Value: "ip"}}
	grpc := false
	switch version := r.get("version"); strings.ToLower(version.Text()) {
	case "", "http1":
	case "http2":
		out = out.With("protocolVersion", "HTTP2")
	case "grpc":
		out, grpc = out.With("protocolVersion", "GRPC"), true
	default:
		c.once(version.Tree, "http.version: %s is not converted", version.Tree)
	}
	h := r.get("healthcheck")
	path := cmp.Or(h.Text(), h.get("path").Text())
	if path != "" {
		out = out.With("healthCheckPath", path)
	}
	if p := h.get("port"); p.Sort == spec.Scalar {
		out = out.With("healthCheckPort", p.Text())
		if p.Text() != "443" && protocol == "HTTPS" {
			out = out.With("healthCheckProtocol", "HTTP")
		} else if p.Text() == "443" {
			out = out.With("healthCheckProtocol", "HTTPS")
		}
	} else if protocol == "HTTPS" {
		out = out.With("healthCheckProtocol", "HTTPS")
	}
	if codes := h.get("success_codes"); codes.Sort == spec.Scalar {
		key := "httpCode"
		if grpc {
			key = "grpcCode"
		}
		out = out.With("matcher", spec.Map{{Key: key, Value: codes.Text()}})
	}
	for _, k := range []struct{ from, to string }{{"healthy_threshold", "healthyThresholdCount"}, {"unhealthy_threshold", "unhealthyThresholdCount"}} {
		if v := h.get(k.from); v.Sort == spec.Scalar {
			out = out.With(k.to, numberOr(v.Text()))
		}
	}
	for _, k := range []struct{ from, to string }{{"interval", "healthCheckIntervalSeconds"}, {"timeout", "healthCheckTimeoutSeconds"}} {
		if v := c.seconds(h.get(k.from)); v != nil {
			out = out.With(k.to, v)
		}
	}
	delay := c.seconds(r.get("deregistration_delay"))
	if delay == nil {
		delay = 60 // Copilot's own
	}
	attributes := spec.Map{{Key: "deregistration_delay.timeout_seconds", Value: fmt.Sprint(delay)}}
	if r.get("stickiness").Text() == "true" {
		attributes = attributes.With("stickiness.enabled", "true").With("stickiness.type", "lb_cookie")
	}
	return out.With("attributes", attributes), c.seconds(h.get("grace_period"))
}

// listener is that of the environment's load balancer: HTTPS where there is a name.
func (c *copilotService) listener(r, root manifest) string {
	internal := ""
	what := "the ARN of the load balancer's "
	if c.kind == "Backend Service" {
		internal, what = "internal", "the ARN of the internal load balancer's "
	}
	name, protocol := "httpListener", "HTTP listener"
	if r.Tree.Get("alias").Sort != spec.Null || root.Tree.Get("http").Get("alias").Sort != spec.Null {
		name, protocol = "httpsListener", "HTTPS listener"
	}
	if internal != "" {
		name = internal + strings.ToUpper(name[:1]) + name[1:]
	}
	return c.owned(name, what+protocol, root.Tree)
}

// priority is a variable: which are free is known to the listener only.
func (c *copilotService) priority(rule string, r, root manifest) string {
	what := "the priority of the rule " + rule + " of " + c.name + ", free on its listener"
	x := c.vars.add(what, strings.ReplaceAll(c.name, "-", "_")+"_"+rule+"_priority", nil, what, root.Tree)
	x.number = true
	return x.String()
}

func (c *copilotService) conditions(r manifest) []any {
	path := "/" + strings.Trim(r.get("path").Text(), "/")
	values := []any{path, path + "/*"}
	if path == "/" {
		values = []any{"/*"}
	}
	out := []any{spec.Map{{Key: "field", Value: "path-pattern"}, {Key: "pathPatternConfig", Value: spec.Map{{Key: "values", Value: values}}}}}
	var hosts []any
	alias := r.get("alias")
	for _, a := range alias.items() {
		if a.Sort == spec.Scalar {
			for _, host := range strings.Split(a.Text(), ",") {
				hosts = append(hosts, strings.TrimSpace(host))
			}
		} else if name := a.get("name"); name.Sort == spec.Scalar {
			hosts = append(hosts, name.Text())
			c.zone(a.get("hosted_zone"))
		}
	}
	if len(hosts) > 0 {
		out = append([]any{spec.Map{{Key: "field", Value: "host-header"}, {Key: "hostHeaderConfig", Value: spec.Map{{Key: "values", Value: hosts}}}}}, out...)
		c.tell(alias.Tree.Problem(spec.Warning, "%s: the DNS record and the certificate of the name are not part of a document: keep them when Copilot's stacks go", alias.path))
	}
	c.zone(r.get("hosted_zone"))
	if ips := r.get("allowed_source_ips"); ips.written() {
		out = append(out, spec.Map{{Key: "field", Value: "source-ip"}, {Key: "sourceIpConfig", Value: spec.Map{{Key: "values", Value: anyOf(ips.texts())}}}})
	}
	return out
}

func (c *copilotService) zone(m manifest) {
	if m.written() {
		c.once(m.key, "%s is not converted: DNS records belong to another tool", m.path)
	}
}
