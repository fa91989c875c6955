package reconcile

import (
	"bufio"
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// script is one file of testdata/rollouts: what a strategy does, case by case.
// testdata/rollouts/README.md says how it is read.
type script struct {
	configuration []string // lines of deploymentConfiguration
	cases         []scriptCase
}

type scriptCase struct {
	name, behind string
	commit       string   // the image that is released over nginx:1.29
	with         []string // lines of deploymentConfiguration that the case has instead
	hooks        []string // lines of lifecycleHooks
	at, deed     string   // what happens in the middle, and when
	deployed     []string // "image STATUS", each deployment once
	traffic      string   // the share of each content, in the order in which it moved; "" with no words about it
	serves       string
	outcome      string // "Reason (exit N)"
	later        string // the same, of an operator that comes when ECS has forgotten
	says         []string
	long         bool // it takes a day: who watches looks less often
}

// readScript reads a file; what it does not know is an error, so that a line
// that checks nothing cannot stand there.
func readScript(t *testing.T, path string) script {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	var s script
	lines := bufio.NewScanner(bytes.NewReader(data))
	for n := 1; lines.Scan(); n++ {
		line := strings.TrimRight(lines.Text(), " ")
		switch {
		case line == "" || strings.HasPrefix(line, "#"):
			continue
		case line == "deploymentConfiguration:":
			continue
		case strings.HasPrefix(line, "case "):
			name, behind, ok := strings.Cut(line[len("case "):], ", behind ")
			if !ok {
				t.Fatalf("%s:%d: a case needs \", behind alb, nlb or connect\"", path, n)
			}
			s.cases = append(s.cases, scriptCase{name: name, behind: behind})
			continue
		case !strings.HasPrefix(line, "  "):
			t.Fatalf("%s:%d: %q", path, n, line)
		case len(s.cases) == 0:
			s.configuration = append(s.configuration, strings.TrimSpace(line))
			continue
		}
		if err := s.cases[len(s.cases)-1].line(strings.TrimSpace(line)); err != nil {
			t.Fatalf("%s:%d: %v", path, n, err)
		}
	}
	for _, c := range s.cases {
		if c.commit == "" || len(c.deployed) == 0 || c.serves == "" || c.outcome == "" || len(c.says) == 0 {
			t.Errorf("%s: case %s, behind %s: a case says commit, deployed, serves, outcome and says", path, c.name, c.behind)
		}
	}
	return s
}

func (c *scriptCase) line(line string) error {
	key, value, _ := strings.Cut(line, " ")
	value = strings.TrimSpace(value)
	switch key {
	case "commit":
		c.commit = value
	case "with":
		c.with = append(c.with, value)
	case "hook": // STAGE function NAME
		f := strings.Fields(value)
		if len(f) != 3 || f[1] != "function" {
			return fmt.Errorf("hook STAGE function NAME, not %q", value)
		}
		c.hooks = append(c.hooks, fmt.Sprintf("{lifecycleStages: [%s], hookTargetArn: \"arn:aws:lambda:us-east-1:123456789012:function:%s\", roleArn: \"%s\", timeoutConfiguration: {timeoutInMinutes: 10}}", f[0], f[2], infrastructureRole))
	case "pause": // STAGE MINUTES then ACTION
		f := strings.Fields(value)
		if len(f) != 4 || f[2] != "then" {
			return fmt.Errorf("pause STAGE MINUTES then ACTION, not %q", value)
		}
		c.hooks = append(c.hooks, fmt.Sprintf("{targetType: PAUSE, lifecycleStages: [%s], timeoutConfiguration: {action: %s, timeoutInMinutes: %s}}", f[0], f[3], f[1]))
	case "at", "after": // STAGE or TIME, DEED
		c.at, c.deed, _ = strings.Cut(value, " ")
		c.deed = strings.TrimSpace(c.deed)
		if deed, _, _ := strings.Cut(c.deed, " "); !slices.Contains([]string{"abort", "alarm", "approve", "commit"}, deed) {
			return fmt.Errorf("nobody can %q", c.deed)
		}
	case "deployed":
		c.deployed = append(c.deployed, strings.Join(strings.Fields(value), " "))
	case "traffic":
		c.traffic = value
	case "serves":
		c.serves = value
	case "outcome":
		c.outcome = value
	case "later":
		c.later = value
	case "takes":
		if c.long = value == "a day"; !c.long {
			return fmt.Errorf("takes a day, or does not say")
		}
	case "says":
		c.says = append(c.says, value)
	default:
		return fmt.Errorf("what is %q?", key)
	}
	return nil
}

const infrastructureRole = "arn:aws:iam::123456789012:role/ecsInfrastructureRole"

// document is the service as the case releases it: image, and hooks where the
// release brings them.
func (s script) document(c scriptCase, image string, hooks []string) string {
	behind := c.behind
	var b strings.Builder
	health, policy := "", ""
	switch behind {
	case "connect": // nothing else would notice a task that does not work
		health = `, healthCheck: {command: [CMD-SHELL, "curl -f localhost"], interval: 10}`
	case "nlb":
		policy = "  policy: {adopt: true}\n" // of the listener
	}
	fmt.Fprintf(&b, `apiVersion: ecs-operator/v1
kind: Service
metadata: {name: web}
spec:
  cluster: default
%s  taskDefinition:
    networkMode: awsvpc
    requiresCompatibilities: [FARGATE]
    cpu: "256"
    memory: "512"
    executionRoleArn: arn:aws:iam::123456789012:role/ecsTaskExecutionRole
    containerDefinitions:
      - {name: web, image: "%s", portMappings: [{name: http, containerPort: 80}]%s}
`, policy, image, health)
	protocol := map[string]string{"alb": "HTTP", "nlb": "TCP"}[behind]
	if protocol != "" {
		fmt.Fprintf(&b, `  targetGroups:
    blue: {protocol: %[1]s, port: 80, vpcId: vpc-0sandbox, targetType: ip, healthCheckIntervalSeconds: 10, attributes: {deregistration_delay.timeout_seconds: "10"}}
    green: {protocol: %[1]s, port: 80, vpcId: vpc-0sandbox, targetType: ip, healthCheckIntervalSeconds: 10, attributes: {deregistration_delay.timeout_seconds: "10"}}
`, protocol)
	}
	const forward = "actions: [{type: forward, forwardConfig: {targetGroups: [{targetGroupArn: $(targetGroups.blue.arn), weight: 1}, {targetGroupArn: $(targetGroups.green.arn), weight: 0}]}}]"
	switch behind {
	case "alb":
		fmt.Fprintf(&b, "  listenerRules:\n    web: {listenerArn: \"%s\", priority: 10, conditions: [{field: path-pattern, values: [\"/*\"]}], %s}\n", listener, forward)
	case "nlb":
		fmt.Fprintf(&b, "  listenerRules:\n    web: {listenerArn: \"NETWORK\", priority: default, %s}\n", forward)
	}
	b.WriteString(`  service:
    launchType: FARGATE
    desiredCount: 4
    networkConfiguration: {awsvpcConfiguration: {subnets: [subnet-0sandboxa, subnet-0sandboxb], securityGroups: [sg-0sandbox]}}
`)
	if protocol != "" {
		fmt.Fprintf(&b, "    loadBalancers: [{targetGroupArn: $(targetGroups.blue.arn), containerName: web, containerPort: 80, advancedConfiguration: {alternateTargetGroupArn: $(targetGroups.green.arn), productionListenerRule: $(listenerRules.web.arn), roleArn: \"%s\"}}]\n", infrastructureRole)
	} else {
		b.WriteString("    serviceConnectConfiguration: {enabled: true, namespace: shop, services: [{portName: http, clientAliases: [{port: 80, dnsName: web, testTrafficRules: {header: {name: x-test, value: {exact: \"1\"}}}}]}]}\n")
	}
	b.WriteString("    deploymentConfiguration:\n")
	if c.deed == "alarm" {
		b.WriteString("      alarms: {enable: true, rollback: true, alarmNames: [$(alarms.errors.name)]}\n")
	}
	for _, line := range append(slices.Clone(c.with), s.configuration...) {
		key, _, _ := strings.Cut(line, ":")
		if slices.ContainsFunc(c.with, func(w string) bool { return w != line && strings.HasPrefix(w, key+":") }) {
			continue
		}
		fmt.Fprintf(&b, "      %s\n", line)
	}
	if len(hooks) > 0 {
		fmt.Fprintf(&b, "      lifecycleHooks: [%s]\n", strings.Join(hooks, ", "))
	}
	if c.deed == "alarm" {
		b.WriteString("  alarms:\n    errors: {metricName: errors, namespace: shop, statistic: Sum, period: 60, evaluationPeriods: 1, threshold: 5, comparisonOperator: GreaterThanThreshold}\n")
	}
	return b.String()
}

// matches is whether a sentence is as the script has it; … stands for anything.
func matches(pattern, text string) bool {
	parts := strings.Split(pattern, "…")
	for i := range parts {
		parts[i] = regexp.QuoteMeta(parts[i])
	}
	return regexp.MustCompile(`^` + strings.Join(parts, `.*`) + `$`).MatchString(text)
}

// scripts are all files, by strategy.
func scripts(t *testing.T) map[string]script {
	t.Helper()
	files, err := filepath.Glob(filepath.Join("testdata", "rollouts", "*.txt"))
	if err != nil || len(files) != 4 {
		t.Fatalf("scripts: %v, %v", files, err)
	}
	out := map[string]script{}
	for _, f := range files {
		out[strings.TrimSuffix(filepath.Base(f), ".txt")] = readScript(t, f)
	}
	return out
}
