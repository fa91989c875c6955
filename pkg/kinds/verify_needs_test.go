package kinds_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/ecs-operator/ecs-operator/pkg/kinds"
	"github.com/ecs-operator/ecs-operator/pkg/resource"
)

// full refers to one of everything that verify checks.
const full = `apiVersion: ecs-operator/v1
kind: Service
metadata: {name: full}
spec:
  cluster: default
  taskDefinition:
    cpu: "256"
    memory: "512"
    networkMode: awsvpc
    requiresCompatibilities: [FARGATE]
    executionRoleArn: arn:aws:iam::123456789012:role/exec
    taskRoleArn: arn:aws:iam::123456789012:role/both
    containerDefinitions:
      - name: app
        image: nexus.example.com/app:1
        repositoryCredentials: {credentialsParameter: "arn:aws:secretsmanager:us-east-1:123456789012:secret:nexus-a1b2c3"}
        portMappings: [{containerPort: 80}]
        secrets: {A: /shop/a, B: "arn:aws:secretsmanager:us-east-1:123456789012:secret:b-a1b2c3:k::", C: "arn:aws:ssm:us-east-1:123456789012:parameter/c"}
        logConfiguration: {logDriver: awslogs, options: {awslogs-group: /g, awslogs-region: eu-west-1, awslogs-stream-prefix: p, awslogs-create-group: "true"}}
      - name: side
        image: nexus.example.com/app:1
        essential: false
        logConfiguration: {logDriver: splunk, options: {splunk-url: "https://x"}, secretOptions: [{name: splunk-token, valueFrom: /splunk}]}
  service:
    desiredCount: 1
    launchType: FARGATE
    networkConfiguration: {awsvpcConfiguration: {subnets: [subnet-1, subnet-2], securityGroups: [sg-1]}}
    loadBalancers:
      - targetGroupArn: $(targetGroups.blue.arn)
        containerName: app
        containerPort: 80
        advancedConfiguration:
          alternateTargetGroupArn: arn:aws:elasticloadbalancing:us-east-1:123456789012:targetgroup/green/0123456789abcdef
          productionListenerRule: arn:aws:elasticloadbalancing:us-east-1:123456789012:listener-rule/app/main/1/2/3
          roleArn: arn:aws:iam::123456789012:role/both
    deploymentConfiguration:
      strategy: BLUE_GREEN
      bakeTimeInMinutes: 1
      lifecycleHooks:
        - {hookTargetArn: "arn:aws:lambda:us-east-1:123456789012:function:gate", roleArn: "arn:aws:iam::123456789012:role/hook", lifecycleStages: [POST_SCALE_UP]}
        - {targetType: PAUSE, lifecycleStages: [PRE_SCALE_UP]}
  targetGroups:
    blue: {protocol: HTTP, port: 80, vpcId: vpc-1, targetType: ip}
  hooks:
    preDeploy: {migrate: {overrides: {taskRoleArn: "arn:aws:iam::123456789012:role/migrate", containerOverrides: [{name: app, command: [x]}]}}}
`

// needsUnit reads a document with one service.
func needsUnit(t *testing.T, text string) *resource.Unit {
	t.Helper()
	u := unitOf(kinds.Sections(), text)
	if u == nil {
		t.Fatalf("the document is not valid:\n%s", text)
	}
	return u
}

// A document's needs, each once, with the place that it is written at.
func TestVerifyNeeds(t *testing.T) {
	var got []string
	for _, n := range kinds.Needs(needsUnit(t, full)) {
		s := fmt.Sprintf("%s %s at %s", n.What, n.Name, n.Path)
		for _, x := range []string{strings.Join(n.Principals, "+"), n.OS + n.Architecture, n.Credentials, n.Region, n.TargetType, n.Has, n.VPC} {
			if x != "" {
				s += " " + x
			}
		}
		if n.Creates {
			s += " creates"
		}
		got = append(got, s)
	}
	want := []string{
		"role arn:aws:iam::123456789012:role/exec at taskDefinition.executionRoleArn ecs-tasks.amazonaws.com",
		"role arn:aws:iam::123456789012:role/both at taskDefinition.taskRoleArn ecs-tasks.amazonaws.com+ecs.amazonaws.com",
		"secret arn:aws:secretsmanager:us-east-1:123456789012:secret:nexus-a1b2c3 at taskDefinition.containerDefinitions[app].repositoryCredentials.credentialsParameter",
		"image nexus.example.com/app:1 at taskDefinition.containerDefinitions[app].image linuxamd64 arn:aws:secretsmanager:us-east-1:123456789012:secret:nexus-a1b2c3",
		"parameter /shop/a at taskDefinition.containerDefinitions[app].secrets[A]",
		"secret arn:aws:secretsmanager:us-east-1:123456789012:secret:b-a1b2c3:k:: at taskDefinition.containerDefinitions[app].secrets[B]",
		"parameter arn:aws:ssm:us-east-1:123456789012:parameter/c at taskDefinition.containerDefinitions[app].secrets[C]",
		"log group /g at taskDefinition.containerDefinitions[app].logConfiguration.options.awslogs-group eu-west-1 creates",
		"image nexus.example.com/app:1 at taskDefinition.containerDefinitions[side].image linuxamd64",
		"parameter /splunk at taskDefinition.containerDefinitions[side].logConfiguration.secretOptions[splunk-token]",
		"subnet subnet-1 at service.networkConfiguration.awsvpcConfiguration.subnets[0]",
		"subnet subnet-2 at service.networkConfiguration.awsvpcConfiguration.subnets[1]",
		"security group sg-1 at service.networkConfiguration.awsvpcConfiguration.securityGroups[0]",
		"target group $(targetGroups.blue.arn) at service.loadBalancers[0].targetGroupArn ip ip vpc-1",
		"target group arn:aws:elasticloadbalancing:us-east-1:123456789012:targetgroup/green/0123456789abcdef at service.loadBalancers[0].advancedConfiguration.alternateTargetGroupArn ip",
		"function arn:aws:lambda:us-east-1:123456789012:function:gate at service.deploymentConfiguration.lifecycleHooks[0].hookTargetArn",
		"role arn:aws:iam::123456789012:role/hook at service.deploymentConfiguration.lifecycleHooks[0].roleArn ecs.amazonaws.com",
		"role arn:aws:iam::123456789012:role/migrate at hooks.preDeploy.migrate.overrides.taskRoleArn ecs-tasks.amazonaws.com",
	}
	if !slices.Equal(got, want) {
		t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

// What an image must be made for: what is written, else what Fargate takes, else
// nothing, since container instances may be any.
func TestVerifyNeedsPlatform(t *testing.T) {
	for name, tc := range map[string]struct{ task, service, want string }{
		"Fargate":              {"requiresCompatibilities: [FARGATE], cpu: \"256\", memory: \"512\", networkMode: awsvpc,", "launchType: FARGATE,", "linux/amd64"},
		"Fargate by strategy":  {"", "capacityProviderStrategy: [{capacityProvider: FARGATE_SPOT, weight: 1}],", "linux/amd64"},
		"written":              {"runtimePlatform: {cpuArchitecture: ARM64},", "launchType: FARGATE,", "linux/arm64"},
		"Windows":              {"runtimePlatform: {operatingSystemFamily: WINDOWS_SERVER_2022_CORE},", "launchType: FARGATE,", "windows/amd64"},
		"instances":            {"", "", "/"},
		"instances, written":   {"runtimePlatform: {cpuArchitecture: ARM64, operatingSystemFamily: LINUX},", "", "linux/arm64"},
		"a provider of ours":   {"requiresCompatibilities: [EC2],", "capacityProviderStrategy: [{capacityProvider: mine, weight: 1}],", "/"},
		"both compatibilities": {"requiresCompatibilities: [EC2, FARGATE],", "", "/"},
	} {
		u := needsUnit(t, `apiVersion: ecs-operator/v1
kind: Service
metadata: {name: p}
spec:
  cluster: default
  taskDefinition: {`+tc.task+` containerDefinitions: [{name: a, image: "x:1", memory: 64}]}
  service: {`+tc.service+` desiredCount: 1}
`)
		for _, n := range kinds.Needs(u) {
			if n.What == resource.NeedImage && n.OS+"/"+n.Architecture != tc.want {
				t.Errorf("%s: %s/%s, want %s", name, n.OS, n.Architecture, tc.want)
			}
		}
	}
}
