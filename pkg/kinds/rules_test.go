package kinds_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/ecs-operator/ecs-operator/pkg/diff"
	"github.com/ecs-operator/ecs-operator/pkg/kinds"
	"github.com/ecs-operator/ecs-operator/pkg/resource"
	"github.com/ecs-operator/ecs-operator/pkg/spec"
)

// row is one comparison: two bodies as people write them, and what differs.
type row struct {
	name       string
	kind       string
	want, live string // YAML bodies
	compare    resource.Compare
	changes    []string // "path: old → new (effect, reason)"
}

const changedInput = true

// TestRules says for each kind what compares equal, what differs, and what a
// difference would do.
func TestRules(t *testing.T) {
	rows := []row{
		{name: "size in other units", kind: resource.KindTaskDefinition,
			want: `{cpu: .25 vCPU, memory: "0.5 GB"}`, live: `{cpu: "256", memory: "512"}`},
		{name: "size", kind: resource.KindTaskDefinition,
			want: `{cpu: 1 vcpu, memory: 2GB}`, live: `{cpu: "512", memory: "2048"}`,
			changes: []string{`cpu: "512" → "1024" (new deployment, spec)`}},
		{name: "echoed defaults of a container", kind: resource.KindTaskDefinition,
			want: `{containerDefinitions: [{name: a, image: x, portMappings: [{containerPort: 80}], healthCheck: {command: [CMD, x]}}]}`,
			live: `{networkMode: bridge, placementConstraints: [], volumes: [], requiresCompatibilities: [],
				containerDefinitions: [{name: a, image: x, cpu: 0, essential: true, environment: [], mountPoints: [], volumesFrom: [], systemControls: [],
				portMappings: [{containerPort: 80, hostPort: 0, protocol: tcp}], healthCheck: {command: [CMD, x], interval: 30, timeout: 5, retries: 3}}]}`},
		{name: "host port of awsvpc", kind: resource.KindTaskDefinition,
			want: `{networkMode: awsvpc, containerDefinitions: [{name: a, image: x, portMappings: [{containerPort: 80}]}]}`,
			live: `{networkMode: awsvpc, containerDefinitions: [{name: a, image: x, portMappings: [{containerPort: 80, hostPort: 80, protocol: tcp}]}]}`},
		{name: "host port of bridge", kind: resource.KindTaskDefinition,
			want:    `{containerDefinitions: [{name: a, image: x, portMappings: [{containerPort: 80}]}]}`,
			live:    `{containerDefinitions: [{name: a, image: x, portMappings: [{containerPort: 80, hostPort: 80}]}]}`,
			compare: resource.Compare{InputChanged: changedInput},
			changes: []string{`containerDefinitions[a].portMappings[80//tcp].hostPort: 80 → null (new deployment, default)`}},
		{name: "orders that mean nothing", kind: resource.KindTaskDefinition,
			want: `{requiresCompatibilities: [EC2, FARGATE], containerDefinitions: [{name: a, image: x, environment: {A: "1", B: "2"}, links: [c, d]}, {name: b, image: y}]}`,
			live: `{requiresCompatibilities: [FARGATE, EC2], containerDefinitions: [{name: b, image: y}, {name: a, image: x, environment: [{name: B, value: "2"}, {name: A, value: "1"}], links: [d, c]}]}`},
		{name: "orders that mean something", kind: resource.KindTaskDefinition,
			want:    `{containerDefinitions: [{name: a, image: x, command: [a, b]}]}`,
			live:    `{containerDefinitions: [{name: a, image: x, command: [b, a]}]}`,
			changes: []string{`containerDefinitions[a].command: ["b","a"] → ["a","b"] (new deployment, spec)`}},
		{name: "role by its short name", kind: resource.KindTaskDefinition,
			want: `{taskRoleArn: app}`, live: `{taskRoleArn: "arn:aws:iam::123456789012:role/path/app"}`},
		{name: "another role", kind: resource.KindTaskDefinition,
			want: `{taskRoleArn: app}`, live: `{taskRoleArn: "arn:aws:iam::123456789012:role/other"}`,
			changes: []string{`taskRoleArn: "arn:aws:iam::123456789012:role/other" → "app" (new deployment, spec)`}},
		{name: "a container too many", kind: resource.KindTaskDefinition,
			want: `{containerDefinitions: [{name: a, image: x}]}`, live: `{containerDefinitions: [{name: a, image: x}, {name: b, image: y, cpu: 7}]}`,
			changes: []string{`containerDefinitions[b]: {"cpu":7,"image":"y","name":"b"} → null (new deployment, spec)`}},

		{name: "echoed defaults of a service", kind: resource.KindService,
			want: `{desiredCount: 2}`,
			live: `{desiredCount: 2, schedulingStrategy: REPLICA, launchType: EC2, deploymentController: {type: ECS}, propagateTags: NONE, enableExecuteCommand: false,
				availabilityZoneRebalancing: ENABLED, healthCheckGracePeriodSeconds: 0, loadBalancers: [], placementStrategy: [],
				deploymentConfiguration: {strategy: ROLLING, maximumPercent: 200, minimumHealthyPercent: 100, bakeTimeInMinutes: 0, alarms: {alarmNames: [], enable: false, rollback: false},
				deploymentCircuitBreaker: {enable: false, rollback: false, resetOnHealthyTask: true, thresholdConfiguration: {type: BOUNDED_PERCENT, value: 50}}}}`},
		{name: "an echoed breaker", kind: resource.KindService,
			want: `{deploymentConfiguration: {deploymentCircuitBreaker: {enable: true, rollback: true}}}`,
			live: `{deploymentConfiguration: {maximumPercent: 200, deploymentCircuitBreaker: {enable: true, rollback: true, resetOnHealthyTask: true, thresholdConfiguration: {type: BOUNDED_PERCENT, value: 50}}}}`},
		{name: "a breaker that nobody declared", kind: resource.KindService,
			want: `{}`, live: `{deploymentConfiguration: {deploymentCircuitBreaker: {enable: true, rollback: true}}}`,
			changes: []string{
				`deploymentConfiguration.deploymentCircuitBreaker.enable: true → false (in place, drift)`,
				`deploymentConfiguration.deploymentCircuitBreaker.rollback: true → false (in place, drift)`}},
		{name: "a hook's free form", kind: resource.KindService,
			want: `{deploymentConfiguration: {lifecycleHooks: [{hookTargetArn: h, hookDetails: {a: [1, two], b: {c: true}}}]}}`,
			live: `{deploymentConfiguration: {lifecycleHooks: [{hookTargetArn: h, hookDetails: {a: [1, two], b: {c: false}}}]}}`,
			changes: []string{`deploymentConfiguration.lifecycleHooks: [{"hookDetails":{"a":[1,"two"],"b":{"c":false}},"hookTargetArn":"h"}]` +
				` → [{"hookDetails":{"a":[1,"two"],"b":{"c":true}},"hookTargetArn":"h"}] (in place, spec)`}},
		{name: "the same free form", kind: resource.KindService,
			want: `{deploymentConfiguration: {lifecycleHooks: [{hookTargetArn: h, hookDetails: {a: [1, two], b: {c: true}}}]}}`,
			live: `{deploymentConfiguration: {lifecycleHooks: [{hookTargetArn: h, hookDetails: {b: {c: true}, a: [1, two]}}]}}`},
		{name: "defaults of a DAEMON", kind: resource.KindService,
			want: `{schedulingStrategy: DAEMON}`,
			live: `{schedulingStrategy: DAEMON, desiredCount: 3, deploymentConfiguration: {maximumPercent: 100, minimumHealthyPercent: 0}}`},
		{name: "Fargate's platform", kind: resource.KindService,
			want: `{launchType: FARGATE}`, live: `{launchType: FARGATE, platformVersion: LATEST}`},
		{name: "what needs a new service", kind: resource.KindService,
			want: `{launchType: FARGATE, schedulingStrategy: REPLICA, role: mine}`, live: `{launchType: EC2, schedulingStrategy: DAEMON, role: yours}`,
			changes: []string{
				`launchType: "EC2" → "FARGATE" (recreation with downtime, spec)`,
				`role: "yours" → "mine" (recreation with downtime, spec)`,
				`schedulingStrategy: "DAEMON" → "REPLICA" (recreation with downtime, spec)`}},
		{name: "capacity providers", kind: resource.KindService,
			want:    `{capacityProviderStrategy: [{capacityProvider: FARGATE_SPOT, weight: 3}, {capacityProvider: FARGATE, weight: 1, base: 1}]}`,
			live:    `{capacityProviderStrategy: [{capacityProvider: FARGATE, weight: 1, base: 0}, {capacityProvider: FARGATE_SPOT, weight: 3}]}`,
			changes: []string{`capacityProviderStrategy[FARGATE].base: null → 1 (forced deployment, spec)`}},
		{name: "back from capacity providers", kind: resource.KindService,
			want: `{launchType: FARGATE}`, live: `{capacityProviderStrategy: [{capacityProvider: FARGATE, weight: 1}]}`,
			changes: []string{`capacityProviderStrategy: [{"capacityProvider":"FARGATE","weight":1}] → [] (forced deployment, spec)`}},
		{name: "placement strategy", kind: resource.KindService,
			want:    `{placementStrategy: [{type: spread, field: host}, {type: binpack, field: MEMORY}]}`,
			live:    `{placementStrategy: [{type: spread, field: instanceId}, {type: binpack, field: memory}]}`,
			changes: nil},
		{name: "placement strategy is ordered", kind: resource.KindService,
			want: `{placementStrategy: [{type: spread, field: host}, {type: random}]}`, live: `{placementStrategy: [{type: random}, {type: spread, field: instanceId}]}`,
			changes: []string{
				`placementStrategy[0].field: null → "instanceid" (tasks started later, spec)`,
				`placementStrategy[0].type: "random" → "spread" (tasks started later, spec)`,
				`placementStrategy[1].field: "instanceid" → null (tasks started later, drift)`,
				`placementStrategy[1].type: "spread" → "random" (tasks started later, spec)`}},
		{name: "sets of the network", kind: resource.KindService,
			want: `{networkConfiguration: {awsvpcConfiguration: {subnets: [a, b]}}}`,
			live: `{networkConfiguration: {awsvpcConfiguration: {subnets: [b, a], securityGroups: [sg-default], assignPublicIp: DISABLED}}}`},
		{name: "a platform version that nobody declared", kind: resource.KindService,
			want: `{}`, live: `{platformVersion: 1.3.0}`,
			changes: []string{`platformVersion: "1.3.0" → "LATEST" (new deployment, drift) shown`}},
		{name: "a platform version that is declared no more", kind: resource.KindService,
			want: `{}`, live: `{platformVersion: 1.3.0}`, compare: resource.Compare{InputChanged: changedInput},
			changes: []string{`platformVersion: "1.3.0" → "LATEST" (new deployment, default)`}},
		{name: "service connect that is declared no more", kind: resource.KindService,
			want: `{}`, live: `{serviceConnectConfiguration: {enabled: true, namespace: ns}}`, compare: resource.Compare{InputChanged: changedInput},
			changes: []string{`serviceConnectConfiguration: {"enabled":true,"namespace":"ns"} → null (new deployment, default)`}},
		{name: "rebalancing that somebody switched off", kind: resource.KindService,
			want:    `{placementStrategy: [{type: spread, field: "attribute:ecs.availability-zone"}], deploymentConfiguration: {maximumPercent: 150}}`,
			live:    `{availabilityZoneRebalancing: DISABLED, placementStrategy: [{type: spread, field: "attribute:ecs.availability-zone"}], deploymentConfiguration: {maximumPercent: 150}}`,
			changes: []string{`availabilityZoneRebalancing: "DISABLED" → null (none, drift) shown`}},
		{name: "what AWS chose at creation", kind: resource.KindService,
			want: `{}`, live: `{availabilityZoneRebalancing: ENABLED, launchType: EC2}`, compare: resource.Compare{InputChanged: changedInput}},
		{name: "rebalancing that AWS switched off for a placement", kind: resource.KindService,
			want: `{placementStrategy: [{type: spread, field: instanceId}]}`,
			live: `{availabilityZoneRebalancing: DISABLED, placementStrategy: [{type: spread, field: instanceId}]}`},
		{name: "and for a placement constraint", kind: resource.KindService,
			want: `{placementConstraints: [{type: memberOf, expression: "attribute:ecs.availability-zone == us-east-1a"}]}`,
			live: `{availabilityZoneRebalancing: DISABLED, placementConstraints: [{type: memberOf, expression: "attribute:ecs.availability-zone == us-east-1a"}]}`},
		{name: "and for a narrow deployment", kind: resource.KindService,
			want: `{deploymentConfiguration: {maximumPercent: 100}}`, compare: resource.Compare{InputChanged: changedInput},
			live: `{availabilityZoneRebalancing: DISABLED, deploymentConfiguration: {maximumPercent: 100}}`},
		{name: "and for a DAEMON", kind: resource.KindService,
			want: `{schedulingStrategy: DAEMON}`, live: `{availabilityZoneRebalancing: DISABLED, schedulingStrategy: DAEMON}`},
		{name: "a written rebalancing is the spec's", kind: resource.KindService,
			want: `{availabilityZoneRebalancing: DISABLED}`, live: `{availabilityZoneRebalancing: ENABLED}`,
			changes: []string{`availabilityZoneRebalancing: "ENABLED" → "DISABLED" (in place, spec)`}},
		{name: "a count of one's own", kind: resource.KindService,
			want: `{desiredCount: 2}`, live: `{desiredCount: 5}`, changes: []string{`desiredCount: 5 → 2 (in place, spec)`}},
		// The plan shows it and never sends it (plan.TestCountIsTheAutoscalers).
		{name: "a written count under somebody's autoscaling", kind: resource.KindService,
			want: `{desiredCount: 2}`, live: `{desiredCount: 5}`, compare: resource.Compare{HasScalableTarget: true},
			changes: []string{`desiredCount: 5 → 2 (in place, spec)`}},
		{name: "a count for the beginning", kind: resource.KindService,
			want: `{desiredCount: 2}`, live: `{desiredCount: 5}`, compare: resource.Compare{Policy: spec.Policy{DesiredCount: "initial"}}},
		{name: "the newest of a family", kind: resource.KindService,
			want: `{taskDefinition: web}`, live: `{taskDefinition: "arn:aws:ecs:us-east-1:123456789012:task-definition/web:7"}`},
		{name: "a revision by its short name", kind: resource.KindService,
			want: `{taskDefinition: "web:6"}`, live: `{taskDefinition: "arn:aws:ecs:us-east-1:123456789012:task-definition/web:7"}`,
			changes: []string{`taskDefinition: "web:7" → "web:6" (new deployment, spec)`}},
		{name: "an ignored path", kind: resource.KindService,
			want: `{healthCheckGracePeriodSeconds: 5}`, live: `{healthCheckGracePeriodSeconds: 50}`,
			compare: resource.Compare{Policy: spec.Policy{Ignore: []string{"service.healthCheckGracePeriodSeconds"}}}},

		{name: "echoed defaults of a target group", kind: resource.KindTargetGroup,
			want: `{protocol: HTTP, port: 80, vpcId: v}`,
			live: `{protocol: HTTP, port: 80, vpcId: v, protocolVersion: HTTP1, targetType: instance, ipAddressType: ipv4, healthCheckEnabled: true, healthCheckPath: /, healthCheckPort: traffic-port,
				healthCheckProtocol: HTTP, healthCheckIntervalSeconds: 30, healthCheckTimeoutSeconds: 5, healthyThresholdCount: 5, unhealthyThresholdCount: 2, matcher: {httpCode: "200"},
				attributes: {stickiness.enabled: "false", deregistration_delay.timeout_seconds: "300", stickiness.type: lb_cookie, tomorrow.key: "7"}}`},
		{name: "what AWS chose for a target group", kind: resource.KindTargetGroup,
			want: `{protocol: HTTP, port: 80, vpcId: v}`, compare: resource.Compare{InputChanged: changedInput},
			live: `{protocol: HTTP, port: 80, vpcId: v, healthCheckTimeoutSeconds: 5, attributes: {stickiness.type: lb_cookie, stickiness.app_cookie.cookie_name: "", stickiness.enabled: "false"}}`},
		{name: "what needs another target group", kind: resource.KindTargetGroup,
			want: `{protocol: HTTP, port: 80, vpcId: v, targetType: ip}`, live: `{protocol: HTTP, port: 8080, vpcId: v, targetType: instance, protocolVersion: HTTP1}`,
			changes: []string{
				`port: 8080 → 80 (replacement, spec)`,
				`targetType: "instance" → "ip" (replacement, spec)`}},
		{name: "a health check that nobody declared", kind: resource.KindTargetGroup,
			want: `{protocol: HTTP, port: 80, vpcId: v}`, live: `{protocol: HTTP, port: 80, vpcId: v, healthCheckPath: /up, matcher: {httpCode: "200-299"}, attributes: {slow_start.duration_seconds: "40"}}`,
			changes: []string{
				`attributes[slow_start.duration_seconds]: "40" → "0" (in place, drift)`,
				`healthCheckPath: "/up" → "/" (in place, drift)`,
				`matcher.httpCode: "200-299" → "200" (in place, drift)`}},
		{name: "a replacement of a written name", kind: resource.KindTargetGroup,
			want: `{name: mine, protocol: HTTP, port: 80, vpcId: v}`, live: `{name: mine-0123abcd, protocol: HTTP, port: 80, vpcId: v}`},
		{name: "another written name", kind: resource.KindTargetGroup,
			want: `{name: mine, protocol: HTTP, port: 80, vpcId: v}`, live: `{name: yours, protocol: HTTP, port: 80, vpcId: v}`,
			changes: []string{`name: "yours" → "mine" (replacement, spec)`}},

		{name: "ELB says everything twice", kind: resource.KindListenerRule,
			want: `{priority: 1, conditions: [{field: host-header, values: [A.example.com]}, {field: path-pattern, pathPatternConfig: {values: [/b, /a]}}], actions: [{type: forward, targetGroupArn: tg}]}`,
			live: `{priority: 1, conditions: [{field: path-pattern, values: [/a, /b], pathPatternConfig: {values: [/a, /b]}}, {field: host-header, values: [a.example.com], hostHeaderConfig: {values: [a.example.com]}}],
				actions: [{type: forward, order: 1, targetGroupArn: tg, forwardConfig: {targetGroups: [{targetGroupArn: tg, weight: 1}], targetGroupStickinessConfig: {enabled: false}}}]}`},
		{name: "weights", kind: resource.KindListenerRule,
			want:    `{priority: 1, conditions: [{field: host-header, values: [a]}], actions: [{type: forward, forwardConfig: {targetGroups: [{targetGroupArn: a, weight: 1}, {targetGroupArn: b, weight: 0}]}}]}`,
			live:    `{priority: 1, conditions: [{field: host-header, values: [a]}], actions: [{type: forward, forwardConfig: {targetGroups: [{targetGroupArn: a, weight: 0}, {targetGroupArn: b, weight: 1}], targetGroupStickinessConfig: {enabled: false}}}]}`,
			changes: []string{`actions[0].forwardConfig.targetGroups: [{"targetGroupArn":"a","weight":0},{"targetGroupArn":"b","weight":1}] → [{"targetGroupArn":"a","weight":1},{"targetGroupArn":"b","weight":0}] (traffic shift, spec)`}},
		{name: "a redirect's echo", kind: resource.KindListenerRule,
			want: `{priority: 1, conditions: [{field: path-pattern, values: [/]}], actions: [{type: redirect, redirectConfig: {statusCode: HTTP_301, protocol: HTTPS, port: "443"}}]}`,
			live: `{priority: 1, conditions: [{field: path-pattern, values: [/]}], actions: [{type: redirect, order: 1, redirectConfig: {statusCode: HTTP_301, protocol: HTTPS, port: "443", host: "#{host}", path: "/#{path}", query: "#{query}"}}]}`},

		{name: "nothing is suspended", kind: resource.KindScalableTarget,
			want: `{minCapacity: 1, maxCapacity: 2}`,
			live: `{minCapacity: 1, maxCapacity: 2, roleARN: "arn:aws:iam::123456789012:role/aws-service-role/x", suspendedState: {dynamicScalingInSuspended: true, dynamicScalingOutSuspended: false, scheduledScalingSuspended: false}}`},
		{name: "cooldowns", kind: resource.KindScalingPolicy,
			want: `{policyType: TargetTrackingScaling, targetTrackingScalingPolicyConfiguration: {targetValue: 50}}`,
			live: `{policyType: TargetTrackingScaling, targetTrackingScalingPolicyConfiguration: {targetValue: 50.0, scaleInCooldown: 300, scaleOutCooldown: 300, disableScaleIn: false}}`},
		{name: "a time", kind: resource.KindScheduledAction,
			want: `{schedule: "rate(1 day)", startTime: "2026-01-02T03:04:05+01:00"}`, live: `{schedule: "rate(1 day)", timezone: UTC, startTime: "2026-01-02T02:04:05.000Z"}`},
		{name: "echoed defaults of an alarm", kind: resource.KindAlarm,
			want: `{metricName: m, namespace: n, evaluationPeriods: 3, dimensions: {B: b, A: a}, alarmActions: [x, y]}`,
			live: `{metricName: m, namespace: n, evaluationPeriods: 3, datapointsToAlarm: 3, actionsEnabled: true, treatMissingData: missing, okActions: [], insufficientDataActions: [], alarmActions: [y, x],
				dimensions: [{name: A, value: a}, {name: B, value: b}], evaluationWindow: {slidingWindow: {}}}`},
		{name: "metric math", kind: resource.KindAlarm,
			want:    `{evaluationPeriods: 1, metrics: [{id: e, expression: m*2}, {id: m, returnData: false, metricStat: {stat: Sum, period: 60, metric: {metricName: x}}}]}`,
			live:    `{evaluationPeriods: 1, metrics: [{id: m, returnData: false, metricStat: {stat: Sum, period: 300, metric: {metricName: x, dimensions: []}}}, {id: e, expression: m*2, returnData: true}]}`,
			changes: []string{`metrics[m].metricStat.period: 300 → 60 (in place, spec)`}},
	}
	for _, r := range rows {
		t.Run(r.kind+"/"+r.name, func(t *testing.T) {
			if d := cmp.Diff(r.changes, render(r.diff(t)), cmp.Transformer("nil", func(s []string) []string { return append([]string{}, s...) })); d != "" {
				t.Errorf("(-want +got):\n%s", d)
			}
		})
	}
}

func (r row) diff(t *testing.T) []diff.Change {
	t.Helper()
	k := kindNamed(t, r.kind)
	want, live := decode(t, k, r.want), decode(t, k, r.live)
	o := &resource.Object{ID: resource.ID{Kind: r.kind}, Want: want.Value, Extra: want.Extra, Written: want.Written, Section: k.Section().Path}
	l := &resource.Live{Presence: resource.Present, Value: live.Value, Extra: live.Extra}
	return k.Diff(o, l, r.compare)
}

func kindNamed(t *testing.T, name string) resource.Kind {
	t.Helper()
	for _, k := range kinds.All(nil) {
		if k.Name() == name {
			return k
		}
	}
	t.Fatalf("no kind %s", name)
	return nil
}

// decode reads a body without asking for what AWS requires.
func decode(t *testing.T, k resource.Kind, yaml string) spec.Body {
	t.Helper()
	s := k.Section()
	s.Required = nil
	b, problems := spec.DecodeBody("body.yaml", []byte(yaml), s)
	for _, p := range problems {
		if p.Severity == spec.Error {
			t.Fatalf("%s\n%s", p, yaml)
		}
	}
	return b
}

func render(changes []diff.Change) []string {
	var out []string
	for _, c := range changes {
		s := fmt.Sprintf("%s: %s → %s (%s, %s)", c.Path, plain(c.Old), plain(c.New), c.Effect, c.Reason)
		if c.Informational {
			s += " shown"
		}
		out = append(out, s)
	}
	return out
}

func plain(v any) string {
	b := new(strings.Builder)
	enc := jsonEncoder(b)
	if err := enc.Encode(v); err != nil {
		return err.Error()
	}
	return strings.TrimSpace(b.String())
}
