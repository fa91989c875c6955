package kinds_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"

	"pgregory.net/rapid"

	"github.com/ecs-operator/ecs-operator/pkg/resource"
)

// tree reads a literal.
func tree(text string) any {
	var out any
	if err := json.Unmarshal([]byte(text), &out); err != nil {
		panic(text + ": " + err.Error())
	}
	return out
}

// oneOf draws one of several literals.
func (p *parts) oneOf(label string, texts ...string) any {
	return tree(rapid.SampledFrom(texts).Draw(p.t, label))
}

// someOf draws some of several literals, in any order.
func (p *parts) someOf(label string, most int, texts ...string) []any {
	out := []any{}
	for _, text := range rapid.Permutation(texts).Draw(p.t, label)[:rapid.IntRange(1, most).Draw(p.t, label+" length")] {
		out = append(out, tree(text))
	}
	return out
}

func (p *parts) surroundings() {
	p.groups, p.rules, p.alarms = map[string]any{}, map[string]any{}, map[string]any{}
	if len(p.ports) > 0 && p.mode != "host" && p.coin("load balancer") {
		p.groups["main"], p.groups["other"] = p.group(), p.group()
		p.rules["main"] = p.rule()
	}
	if p.coin("a rule aside") {
		p.rules["aside"] = p.aside()
	}
	for _, name := range []string{"one", "two"} {
		if p.coin("alarm " + name) {
			p.alarms[name] = p.alarm(name)
		}
	}
	if len(p.alarms) > 0 && p.coin("composite alarm") {
		p.alarms["both"] = p.composite()
	}
	if p.coin("scaling") {
		p.scale()
	}
}

func (p *parts) group() map[string]any {
	g := p.body(resource.KindTargetGroup)
	g["targetType"] = "instance"
	if p.coin("target control") {
		g["targetControlPort"] = 3000
	}
	if p.mode == "awsvpc" {
		g["targetType"] = "ip"
	}
	switch version, _ := g["protocolVersion"].(string); version {
	case "GRPC":
		if p.coin("matcher") {
			g["matcher"] = map[string]any{"grpcCode": "0-5"}
		}
	default:
		if p.coin("matcher") {
			g["matcher"] = map[string]any{"httpCode": "200,204"}
		}
	}
	if p.coin("attributes") {
		g["attributes"] = map[string]any{"deregistration_delay.timeout_seconds": "30", "stickiness.enabled": "true", "stickiness.type": "lb_cookie", "load_balancing.algorithm.type": "least_outstanding_requests"}
	}
	return g
}

func (p *parts) rule() map[string]any {
	r := p.body(resource.KindListenerRule)
	one := func(label string, texts ...string) string { return rapid.SampledFrom(texts).Draw(p.t, label) }
	r["conditions"] = p.someOf("conditions", 2, // of host-header, path-pattern, method and source-ip one each
		one("host", `{"field": "host-header", "hostHeaderConfig": {"values": ["B.example.com", "a.example.com"]}}`,
			`{"field": "host-header", "values": ["b.example.com"]}`,
			`{"field": "host-header", "hostHeaderConfig": {"regexValues": ["^b", "^a"]}}`),
		one("path", `{"field": "path-pattern", "values": ["/b/*", "/A/*"]}`,
			`{"field": "path-pattern", "regexValues": ["^/b", "^/a"]}`,
			`{"field": "path-pattern", "pathPatternConfig": {"values": ["/b/*", "/A/*"]}}`,
			`{"field": "path-pattern", "pathPatternConfig": {"regexValues": ["^/b", "^/a"]}}`),
		`{"field": "http-header", "httpHeaderConfig": {"httpHeaderName": "X-Any", "values": ["b", "a"]}}`,
		`{"field": "http-header", "httpHeaderConfig": {"httpHeaderName": "X-Any", "regexValues": ["^b", "^a"]}}`,
		`{"field": "http-request-method", "httpRequestMethodConfig": {"values": ["POST", "GET"]}}`,
		`{"field": "query-string", "queryStringConfig": {"values": [{"key": "v", "value": "1"}, {"value": "x"}]}}`,
		one("source", `{"field": "source-ip", "sourceIpConfig": {"values": ["10.0.0.0/8", "192.168.0.0/16"]}}`,
			`{"field": "source-ip", "sourceIpConfig": {"values": ["10.0.0.0/8"], "ipAddressType": "ipv4"}}`),
	)
	last := p.oneOf("last action",
		`{"type": "forward", "targetGroupArn": "$(targetGroups.main.arn)"}`,
		`{"type": "forward", "forwardConfig": {"targetGroups": [{"targetGroupArn": "$(targetGroups.main.arn)"}]}}`,
		`{"type": "forward", "forwardConfig": {"targetGroups": [{"targetGroupArn": "$(targetGroups.main.arn)", "weight": 7}, {"targetGroupArn": "$(targetGroups.other.arn)", "weight": 3}],
			"targetGroupStickinessConfig": {"enabled": true, "durationSeconds": 60}}}`)
	return p.act(r, last.(map[string]any))
}

// aside is a rule that leads the service no traffic.
func (p *parts) aside() map[string]any {
	r := p.body(resource.KindListenerRule)
	r["conditions"] = []any{tree(`{"field": "path-pattern", "values": ["/aside"]}`)}
	last := p.oneOf("aside", `{"type": "redirect", "redirectConfig": {"statusCode": "HTTP_301"}}`,
		`{"type": "redirect", "redirectConfig": {"statusCode": "HTTP_302", "host": "b.example.com", "path": "/new", "port": "443", "protocol": "HTTPS", "query": "a=b"}}`,
		`{"type": "fixed-response", "fixedResponseConfig": {"statusCode": "404"}}`,
		`{"type": "fixed-response", "fixedResponseConfig": {"statusCode": "200", "contentType": "application/json", "messageBody": "{}"}}`)
	return p.act(r, last.(map[string]any))
}

// act puts what authenticates before the action that answers, and transforms beside.
func (p *parts) act(r, last map[string]any) map[string]any {
	r["actions"] = []any{last}
	if p.coin("authenticate") {
		first := p.oneOf("authentication",
			`{"type": "authenticate-oidc", "order": 1, "authenticateOidcConfig": {"issuer": "https://example.com", "authorizationEndpoint": "https://example.com/a", "tokenEndpoint": "https://example.com/t",
				"userInfoEndpoint": "https://example.com/u", "clientId": "any", "clientSecret": "hush"}}`,
			`{"type": "authenticate-oidc", "order": 1, "authenticateOidcConfig": {"issuer": "https://example.com", "authorizationEndpoint": "https://example.com/a", "tokenEndpoint": "https://example.com/t",
				"userInfoEndpoint": "https://example.com/u", "clientId": "any", "clientSecret": "hush", "useExistingClientSecret": false, "onUnauthenticatedRequest": "deny", "scope": "openid email",
				"sessionCookieName": "any", "sessionTimeout": 60, "authenticationRequestExtraParams": {"prompt": "login"}}}`,
			`{"type": "authenticate-cognito", "order": 1, "authenticateCognitoConfig": {"userPoolArn": "arn:aws:cognito-idp:us-east-1:123456789012:userpool/x", "userPoolClientId": "any", "userPoolDomain": "any",
				"onUnauthenticatedRequest": "allow", "scope": "openid email", "sessionCookieName": "any", "sessionTimeout": 60, "authenticationRequestExtraParams": {"prompt": "login"}}}`,
			`{"type": "jwt-validation", "order": 1, "jwtValidationConfig": {"issuer": "https://example.com", "jwksEndpoint": "https://example.com/k",
				"additionalClaims": [{"format": "single-string", "name": "b", "values": ["x"]}, {"format": "string-array", "name": "a", "values": ["y", "x"]}]}}`)
		last["order"] = 2
		r["actions"] = []any{first, last}
	} else if p.coin("order") {
		last["order"] = 1
	}
	if p.coin("transform") {
		r["transforms"] = []any{p.oneOf("transforms",
			`{"type": "url-rewrite", "urlRewriteConfig": {"rewrites": [{"regex": "^/a", "replace": "/b"}]}}`,
			`{"type": "host-header-rewrite", "hostHeaderRewriteConfig": {"rewrites": [{"regex": "^a", "replace": "b"}]}}`)}
	}
	return r
}

func (p *parts) alarm(name string) map[string]any {
	a := p.body(resource.KindAlarm)
	metric := tree(`{"namespace": "AWS/ECS", "metricName": "CPUUtilization", "dimensions": [{"name": "ServiceName", "value": "any"}, {"name": "ClusterName", "value": "default"}]}`).(map[string]any)
	switch rapid.IntRange(0, 3).Draw(p.t, name+" sort") {
	case 0:
		maps.Copy(a, metric)
		a["period"] = rapid.SampledFrom([]int{10, 60, 300}).Draw(p.t, "period")
		if p.coin(name + " percentile") {
			a["extendedStatistic"] = "p99"
			if p.coin(name + " low samples") {
				a["evaluateLowSampleCountPercentile"] = rapid.SampledFrom([]any{"ignore", "evaluate"}).Draw(p.t, "low samples")
			}
		} else {
			a["statistic"] = "Average"
		}
		if p.coin(name + " unit") {
			a["unit"] = "Percent"
		}
	case 1:
		a["metrics"] = []any{
			map[string]any{"id": "a", "returnData": false, "metricStat": map[string]any{"stat": "Sum", "period": 60, "metric": metric}},
			map[string]any{"id": "b", "returnData": false, "label": "b", "accountId": "123456789012", "metricStat": map[string]any{"stat": "Sum", "period": 60, "unit": "Percent", "metric": metric}},
			map[string]any{"id": "c", "expression": "a+b", "label": "both", "period": 60},
		}
		a["metrics"] = rapid.Permutation(a["metrics"].([]any)).Draw(p.t, "queries")
	case 2:
		a["metrics"] = []any{
			map[string]any{"id": "band", "expression": "ANOMALY_DETECTION_BAND(a, 2)"}, map[string]any{"id": "a", "returnData": true, "metricStat": map[string]any{"stat": "Sum", "period": 60, "metric": metric}}}
		a["thresholdMetricId"], a["comparisonOperator"] = "band", "GreaterThanUpperThreshold"
		drop(a, "threshold")
	default:
		drop(a, "threshold", "comparisonOperator", "evaluationPeriods", "datapointsToAlarm")
		a["evaluationCriteria"] = p.oneOf(name+" query", `{"promQLCriteria": {"query": "up == 0"}}`, `{"promQLCriteria": {"query": "up == 0", "pendingPeriod": 60, "recoveryPeriod": 120}}`)
		a["evaluationInterval"] = 60
		drop(a, "treatMissingData", "warmUpConfiguration")
	}
	if a["evaluationCriteria"] == nil && p.coin(name+" window") {
		a["evaluationWindow"] = p.oneOf("window", `{"slidingWindow": {}}`, `{"wallClockWindow": {}}`, `{"wallClockWindow": {"timezone": "+02:00"}}`)
	}
	for _, list := range []string{"alarmActions", "okActions", "insufficientDataActions"} {
		if p.coin(name + list) {
			a[list] = rapid.Permutation([]any{fmt.Sprintf(anyTopic, 1), fmt.Sprintf(anyTopic, 2)}).Draw(p.t, list)
		}
	}
	if tags := dig(a, "actionConfiguration.alarmTagsPropagation"); tags != nil && p.coin(name+" keys") {
		tags[rapid.SampledFrom([]string{"includedTagKeys", "excludedTagKeys"}).Draw(p.t, "which keys")] = []any{"b", "a"}
	}
	return a
}

// composite watches the alarms that are there.
func (p *parts) composite() map[string]any {
	a := p.body("composite-alarm")
	var rule []string
	for _, name := range slices.Sorted(maps.Keys(p.alarms)) {
		rule = append(rule, fmt.Sprintf(`%s("$(alarms.%s.name)")`, rapid.SampledFrom([]string{"ALARM", "NOT OK", "INSUFFICIENT_DATA"}).Draw(p.t, "function of "+name), name))
		a["actionsSuppressor"] = "$(alarms." + name + ".name)"
	}
	a["alarmRule"] = strings.Join(rule, " OR ")
	if p.coin("suppressor") {
		a["actionsSuppressorWaitPeriod"], a["actionsSuppressorExtensionPeriod"] = 60, 120
	} else {
		drop(a, "actionsSuppressor")
	}
	for _, list := range []string{"alarmActions", "okActions", "insufficientDataActions"} {
		if p.coin("composite " + list) {
			a[list] = rapid.Permutation([]any{fmt.Sprintf(anyTopic, 1), fmt.Sprintf(anyTopic, 2)}).Draw(p.t, list)
		}
	}
	if tags := dig(a, "actionConfiguration.alarmTagsPropagation"); tags != nil && p.coin("composite keys") {
		tags[rapid.SampledFrom([]string{"includedTagKeys", "excludedTagKeys"}).Draw(p.t, "which keys")] = []any{"b", "a"}
	}
	return a
}

func (p *parts) scale() {
	p.scaling = p.body(resource.KindScalableTarget)
	p.policies, p.actions = map[string]any{}, map[string]any{}
	policy := func(name, sort, field string, configs ...string) {
		if p.coin(name) {
			s := p.body(resource.KindScalingPolicy)
			s["policyType"], s[field] = sort, p.oneOf(name+" configuration", configs...)
			p.policies[name] = s
		}
	}
	policy("tracking", "TargetTrackingScaling", "targetTrackingScalingPolicyConfiguration",
		`{"targetValue": 60.5, "predefinedMetricSpecification": {"predefinedMetricType": "ECSServiceAverageCPUUtilization"}}`,
		`{"targetValue": 60.5, "scaleInCooldown": 60, "scaleOutCooldown": 30, "disableScaleIn": true, "predefinedMetricSpecification": {"predefinedMetricType": "ECSServiceAverageMemoryUtilization"}}`,
		`{"targetValue": 100, "predefinedMetricSpecification": {"predefinedMetricType": "ALBRequestCountPerTarget", "resourceLabel": "app/main/0123456789abcdef/targetgroup/any/0123456789abcdef"}}`,
		`{"targetValue": 1, "customizedMetricSpecification": {"namespace": "Any", "metricName": "Depth", "statistic": "Average", "unit": "Count",
			"dimensions": [{"name": "Queue", "value": "b"}, {"name": "Account", "value": "a"}]}}`,
		`{"targetValue": 1, "customizedMetricSpecification": {"metrics": `+queries+`}}`)
	policy("step", "StepScaling", "stepScalingPolicyConfiguration",
		`{"adjustmentType": "ChangeInCapacity", "stepAdjustments": [{"metricIntervalLowerBound": 10, "scalingAdjustment": 2}, {"metricIntervalLowerBound": 0, "metricIntervalUpperBound": 10, "scalingAdjustment": 1}]}`,
		`{"adjustmentType": "PercentChangeInCapacity", "minAdjustmentMagnitude": 2, "cooldown": 120, "metricAggregationType": "Maximum", "stepAdjustments": [{"metricIntervalUpperBound": 0, "scalingAdjustment": -10}]}`)
	predict := func(of string) string { return `{"metricSpecifications": [{"targetValue": 50, ` + of + `}]}` }
	label := `, "resourceLabel": "app/main/0123456789abcdef/targetgroup/any/0123456789abcdef"}`
	policy("predictive", "PredictiveScaling", "predictiveScalingPolicyConfiguration",
		predict(`"predefinedMetricPairSpecification": {"predefinedMetricType": "ECSServiceCPUUtilization"}`),
		predict(`"predefinedMetricPairSpecification": {"predefinedMetricType": "ALBRequestCount"`+label),
		predict(`"predefinedLoadMetricSpecification": {"predefinedMetricType": "ALBTargetGroupRequestCount"`+label+
			`, "predefinedScalingMetricSpecification": {"predefinedMetricType": "ALBRequestCountPerTarget"`+label),
		predict(`"customizedLoadMetricSpecification": {"metricDataQueries": `+queries+`}, "customizedScalingMetricSpecification": {"metricDataQueries": `+queries+
			`}, "customizedCapacityMetricSpecification": {"metricDataQueries": `+queries+`}`),
		`{"mode": "ForecastAndScale", "maxCapacityBreachBehavior": "IncreaseMaxCapacity", "maxCapacityBuffer": 10, "schedulingBufferTime": 600,
			"metricSpecifications": [{"targetValue": 50, "predefinedMetricPairSpecification": {"predefinedMetricType": "ECSServiceMemoryUtilization"}}]}`)
	for _, name := range []string{"morning", "evening"} {
		if p.coin(name) {
			p.actions[name] = p.body(resource.KindScheduledAction)
		}
	}
}

// queries are metric math as scaling policies have it.
const queries = `[{"id": "b", "returnData": false, "label": "b", "metricStat": {"stat": "Sum", "unit": "Count", "metric": {"namespace": "Any", "metricName": "Depth",
	"dimensions": [{"name": "Queue", "value": "b"}, {"name": "Account", "value": "a"}]}}}, {"id": "a", "expression": "b * 2", "label": "twice", "returnData": true}]`
