package spec

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// inHello puts text into the smallest spec: at column 3 of line 6 and below.
func inHello(spec string) string {
	return "apiVersion: ecs-operator/v1\nkind: Service\nmetadata: {name: hello}\nspec:\n" + spec
}

// Bodies for cases that are about something else.
const (
	goodTask    = "  taskDefinition: {containerDefinitions: [{name: web, image: nginx, memory: 64}]}\n"
	goodService = "  service: {desiredCount: 1, deploymentConfiguration: {deploymentCircuitBreaker: {enable: true, rollback: true}}}\n"
)

func said(ps []Problem) string {
	var b strings.Builder
	for _, p := range ps {
		fmt.Fprintln(&b, p)
	}
	return b.String()
}

// Every error and warning of a document, word for word.
func TestMessages(t *testing.T) {
	for _, c := range []struct{ name, text, want string }{
		{"unknown kind", "apiVersion: ecs-operator/v1\nkind: Servcie\n",
			`a.yaml:2:7: unknown kind "Servcie"; this version knows Service, ServicePatch, Environment, TaskTemplate; did you mean "Service"?`},
		{"no kind", "apiVersion: ecs-operator/v1\nmetadata: {name: x}\n",
			`a.yaml:1:1: kind is missing; this version knows Service, ServicePatch, Environment, TaskTemplate`},
		{"kind is a list", "apiVersion: ecs-operator/v1\nkind: [Service]\n",
			`a.yaml:2:7: kind: expects text, got a list`},
		{"no apiVersion", "kind: Service\n",
			`a.yaml:1:1: a document of kind Service without apiVersion: write apiVersion: ecs-operator/v1`},
		{"misspelt apiVersion", "apiVersion: ecs-opertor/v1\nkind: Service\n",
			`a.yaml:1:13: unknown apiVersion "ecs-opertor/v1"; this version knows ecs-operator/v1`},
		{"other version", "apiVersion: ecs-operator/v2\nkind: Service\n",
			`a.yaml:1:13: unknown apiVersion "ecs-operator/v2"; this version knows ecs-operator/v1`},

		{"nothing in it", "apiVersion: ecs-operator/v1\nkind: Service\n",
			"a.yaml:1:1: metadata.name is required: it is the ECS service's name\n" +
				"a.yaml:1:1: spec is required"},
		{"bad name", "apiVersion: ecs-operator/v1\nkind: Service\nmetadata: {name: a b}\nspec:\n" + goodTask + goodService,
			`a.yaml:3:18: metadata.name: "a b" is no ECS name: up to 255 letters, digits, hyphens and underscores`},
		{"no bodies", inHello("  cluster: main\n"),
			"a.yaml:5:3: spec.service is required\n" +
				"a.yaml:5:3: spec.taskDefinition is required"},
		{"body null", inHello("  taskDefinition:\n" + goodService),
			"a.yaml:5:3: spec.taskDefinition is required"},
		{"body is text", inHello("  taskDefinition: web\n" + goodService),
			`a.yaml:5:19: taskDefinition: expects a mapping, got text`},
		{"no such environment", inHello("  environment: prod\n" + goodTask + goodService),
			`a.yaml:5:16: there is no Environment "prod" in these documents; there is no Environment at all`},
		{"unknown frame field", inHello("  taskDefinitions: {}\n" + goodTask + goodService),
			`a.yaml:5:3: spec: unknown field "taskDefinitions"; did you mean "taskDefinition"?; known here: cluster, policy, dependsOn, environment, template, hooks, taskDefinition, service, targetGroups, listenerRules, scaling, alarms`},
		{"frame field in another case", inHello("  TaskDefinition: {containerDefinitions: [{name: web, image: nginx}]}\n" + goodService),
			"a.yaml:5:3: spec.taskDefinition is required\n" +
				"a.yaml:5:3: spec: unknown field \"TaskDefinition\"; did you mean \"taskDefinition\"?; known here: cluster, policy, dependsOn, environment, template, hooks, taskDefinition, service, targetGroups, listenerRules, scaling, alarms"},
		{"metadata in another case", strings.Replace(goodHello(), "metadata", "Metadata", 1),
			"a.yaml:1:1: metadata.name is required: it is the ECS service's name\n" +
				"a.yaml:3:1: document: unknown field \"Metadata\"; did you mean \"metadata\"?; known here: apiVersion, kind, metadata, spec"},
		{"cluster variable", inHello("  cluster: $(env.cluster)\n" + goodTask + goodService),
			`a.yaml:5:12: $(env.cluster): this service has no environment: write spec.environment, or the value`},
		{"cluster ARN", inHello("  cluster: arn:aws:ecs:us-east-1:123456789012:cluster/main\n" + goodTask + goodService),
			`a.yaml:5:12: spec.cluster: write the cluster's name, "main", not its ARN`},
		{"labels and dependsOn", "apiVersion: ecs-operator/v1\nkind: Service\nmetadata: {name: x, labels: [a], label: b}\nspec:\n  dependsOn: other\n" + goodTask + goodService,
			"a.yaml:3:29: metadata.labels: expects a mapping, got a list\n" +
				`a.yaml:3:34: metadata: unknown field "label"; did you mean "labels"?; known here: name, labels` + "\n" +
				`a.yaml:5:14: spec.dependsOn: expects a list, got text: write it as a list`},
		{"policy", inHello("  policy: {mode: automatic, adopt: maybe, onDelete: Keep, driftGrace: 1d, keepRevisions: 0, wave: x, ignore: [servise.desiredCount], freeze: 1}\n" + goodTask + goodService),
			`a.yaml:5:18: policy.mode: "automatic" is not one of auto, manual, observe
a.yaml:5:36: policy.adopt: expects true or false, got "maybe"
a.yaml:5:53: policy.onDelete: "Keep" is not one of keep, prune, orphan; did you mean "keep"?
a.yaml:5:71: policy.driftGrace: expects a duration like 30m or 1h, got "1d"
a.yaml:5:90: policy.keepRevisions: expects at least 1, got "0"
a.yaml:5:99: policy.wave: expects a whole number, got "x"
a.yaml:5:111: policy.ignore: "servise.desiredCount": a path begins with a section of the spec; did you mean "service"?; these are taskDefinition, service, targetGroups, listenerRules, scaling, alarms
a.yaml:5:134: policy: unknown field "freeze"; known here: mode, adopt, prune, onDelete, recreate, desiredCount, driftGrace, keepRevisions, wave, ignore`},

		{"ignored paths", inHello("  policy: {ignore: [service.desiredCnt, 'taskDefinition.containerDefinitions.image', 'taskDefinition.containerDefinitions[web].image.x', scaling.policies.cpu.policyTyp]}\n" + goodTask + goodService),
			`a.yaml:5:21: policy.ignore: "service.desiredCnt": there is no field "desiredCnt"; did you mean "desiredCount"?
a.yaml:5:41: policy.ignore: "taskDefinition.containerDefinitions.image": expects an element in brackets before ".image"
a.yaml:5:86: policy.ignore: "taskDefinition.containerDefinitions[web].image.x": nothing lies below a single value: ".x"
a.yaml:5:138: policy.ignore: "scaling.policies.cpu.policyTyp": there is no field "policyTyp"; did you mean "policyType"?`},
		{"ignored paths that lead somewhere", inHello("  policy: {ignore: [service, service.tags.team, 'taskDefinition.containerDefinitions[web].environment', 'taskDefinition.containerDefinitions[].dockerLabels[a]', targetGroups.web.attributes, targetGroups.web.port, scaling.maxCapacity, scaling.policies.cpu, alarms.a.evaluationWindow.x.y]}\n" + goodTask + goodService), ""},

		{"unknown fields", inHello("  taskDefinition: {containerDefinitions: [{name: web, imag: nginx}], nonsense: 1}\n" + goodService),
			`a.yaml:5:43: taskDefinition.containerDefinitions[web]: image is required
a.yaml:5:55: taskDefinition.containerDefinitions[web]: unknown field "imag"; did you mean "image"?
a.yaml:5:70: taskDefinition: unknown field "nonsense"`},
		{"no containers", inHello("  taskDefinition: {cpu: 256, containerDefinitions: []}\n" + goodService),
			"a.yaml:5:52: taskDefinition.containerDefinitions: at least one is required"},
		{"no containers at all", inHello("  taskDefinition: {cpu: 256}\n" + goodService),
			"a.yaml:5:3: taskDefinition: containerDefinitions is required"},
		{"container without a name", inHello("  taskDefinition:\n    containerDefinitions:\n      - image: nginx\n" + goodService),
			"a.yaml:7:9: taskDefinition.containerDefinitions[0]: name is required"},
		{"wrong types", inHello("  taskDefinition:\n    cpu: [256]\n    containerDefinitions:\n      - name: web\n        image: {a: b}\n        memory: abc\n        cpu: 1.5\n        stopTimeout: 3000000000\n        essential: perhaps\n        command: run\n        portMappings: {containerPort: 80}\n        logConfiguration: awslogs\n        links: [a, ~]\n" + goodService),
			`a.yaml:6:10: taskDefinition.cpu: expects text, got a list; write it without the list around it
a.yaml:9:16: taskDefinition.containerDefinitions[web].image: expects text, got a mapping
a.yaml:10:17: taskDefinition.containerDefinitions[web].memory: expects a whole number, got "abc"
a.yaml:11:14: taskDefinition.containerDefinitions[web].cpu: expects a whole number, got "1.5"
a.yaml:12:22: taskDefinition.containerDefinitions[web].stopTimeout: expects a whole number from -2147483648 to 2147483647, got "3000000000"
a.yaml:13:20: taskDefinition.containerDefinitions[web].essential: expects true or false, got "perhaps"
a.yaml:14:18: taskDefinition.containerDefinitions[web].command: expects a list, got text: write it as a list, each word an element, or ["sh", "-c", "…"] for a shell
a.yaml:15:23: taskDefinition.containerDefinitions[web].portMappings: expects a list, got a mapping: write it as a list
a.yaml:16:27: taskDefinition.containerDefinitions[web].logConfiguration: expects a mapping, got text
a.yaml:17:20: taskDefinition.containerDefinitions[web].links[1]: an element of a list must not be empty`},
		{"leading zero", inHello("  taskDefinition: {containerDefinitions: [{name: web, image: nginx, memory: 010}]}\n" + goodService),
			`a.yaml:5:77: taskDefinition.containerDefinitions[web].memory: expects a whole number, got "010": write it without the leading zero`},
		{"enums", inHello(goodTask + "  service: {desiredCount: 1, launchType: fargate, schedulingStrategy: '', propagateTags: TASKDEFINITION}\n"),
			`a.yaml:6:3: warning: service.deploymentConfiguration: neither deploymentCircuitBreaker nor alarms is enabled (AWS' default is off): a bad release keeps being tried and is not rolled back; write deploymentCircuitBreaker: {enable: true, rollback: true}
a.yaml:6:42: service.launchType: "fargate" is not one of EC2, FARGATE, EXTERNAL, MANAGED_INSTANCES; did you mean "FARGATE"?
a.yaml:6:90: service.propagateTags: "TASKDEFINITION" is not one of TASK_DEFINITION, SERVICE, NONE; did you mean "TASK_DEFINITION"?`},
		{"written twice in two spellings", inHello("  taskDefinition: {cpu: 1, Cpu: 2, containerDefinitions: [{name: web, image: nginx}]}\n" + goodService),
			`a.yaml:5:28: taskDefinition.cpu: written twice, as "Cpu" too`},
		{"other spelling", inHello("  taskDefinition: {ContainerDefinitions: [{Name: web, image: nginx}]}\n" + goodService),
			"a.yaml:5:20: warning: taskDefinition: fields in another spelling than the spec's: ContainerDefinitions (write containerDefinitions), Name (write name)"},
		{"read-only", inHello("  taskDefinition: {status: ACTIVE, revision: 7, containerDefinitions: [{name: web, image: nginx}], requiresAttributes: [{name: x}]}\n" + goodService),
			"a.yaml:5:20: warning: taskDefinition: only AWS writes these fields, they are left out: status, revision, requiresAttributes"},
		{"envelope", inHello("  taskDefinition: {taskDefinition: {cpu: 1}}\n" + goodService),
			`a.yaml:5:3: taskDefinition: containerDefinitions is required
a.yaml:5:20: taskDefinition: unknown field "taskDefinition"; write what stands under it one level higher`},
		{"variable in a number", inHello("  taskDefinition: {containerDefinitions: [{name: web, image: \"$(env.registry)/x\", memory: $(params.memory)}]}\n" + goodService),
			`a.yaml:5:62: $(env.registry): this service has no environment: write spec.environment, or the value
a.yaml:5:91: $(params.memory): parameters stand in a TaskTemplate only; here write the value`},
		{"sugar", inHello("  taskDefinition: {containerDefinitions: [{name: web, image: nginx, environment: {A: , B: [1]}, secrets: {name: DB, valueFrom: x}}]}\n" + goodService),
			`a.yaml:5:83: warning: taskDefinition.containerDefinitions[web].environment[A]: is empty and therefore not set; write "" for an empty value
a.yaml:5:91: taskDefinition.containerDefinitions[web].environment[B].value: expects text, got a list; write it without the list around it
a.yaml:5:106: warning: taskDefinition.containerDefinitions[web].secrets: this sets two entries, "name" and "valueFrom"; write a list if one was meant`},
		{"unquoted ARN in a list", inHello("  taskDefinition: {containerDefinitions: [{name: web, image: nginx}]}\n" + goodService + "  alarms:\n    a:\n      alarmActions:\n        - arn:aws:sns:x::\n"),
			`a.yaml:10:11: alarms.a.alarmActions[0]: expects text, got a mapping; a value that ends with a colon must be quoted: quote it, "arn:aws:sns:x::"`},
		{"names of bodies", inHello(goodTask + goodService + "  targetGroups:\n    a.b: {port: 80}\n  listenerRules: [{priority: 1}]\n"),
			`a.yaml:8:5: targetGroups: "a.b" is no name for this document: up to 64 letters, digits, hyphens and underscores
a.yaml:9:18: listenerRules: expects a mapping from names to bodies, got a list`},
		{"unions", inHello(goodTask + goodService + "  alarms:\n    a: {evaluationWindow: {sliding: {}}}\n    b: {evaluationWindow: {slidingWindow: {}, wallClockWindow: {}}}\n    c: {evaluationWindow: daily}\n"),
			`a.yaml:8:28: alarms.a.evaluationWindow: "sliding" is not one of slidingWindow, wallClockWindow
a.yaml:9:27: alarms.b.evaluationWindow: expects a mapping with one key of slidingWindow, wallClockWindow, got 2
a.yaml:10:27: alarms.c.evaluationWindow: expects a mapping with one key of slidingWindow, wallClockWindow, got text`},
		{"times", inHello(goodTask + goodService + "  scaling:\n    minCapacity: 1\n    scheduledActions:\n      a: {startTime: tomorrow}\n"),
			`a.yaml:10:22: scaling.scheduledActions.a.startTime: expects a time like 2026-01-31T06:00:00Z, or seconds since 1970, got "tomorrow"`},
		{"nested sections are not fields of the parent", inHello(goodTask + goodService + "  scaling: {minCapacity: 1, policy: {}}\n"),
			`a.yaml:7:29: scaling: unknown field "policy"; did you mean "policies"?`},

		{"frame of the wrong kind", "apiVersion: ecs-operator/v1\nkind: Service\nmetadata: {name: [x], labels: {a: [1], b: ~}}\nspec:\n  policy: []\n  dependsOn: [~, {a: b}]\n  cluster: 'a b'\n" + goodTask + goodService,
			`a.yaml:3:18: metadata.name: expects text, got a list
a.yaml:3:35: metadata.labels.a: expects text, got a list
a.yaml:5:11: policy: expects a mapping, got a list
a.yaml:6:15: spec.dependsOn[0]: an element of a list must not be empty
a.yaml:6:18: spec.dependsOn[1]: expects text, got a mapping
a.yaml:7:12: spec.cluster: "a b" is no ECS name: up to 255 letters, digits, hyphens and underscores`},
		{"durations and switches", inHello("  policy: {driftGrace: -1h, prune: [true], wave: [1], mode: [auto]}\n" + goodTask + goodService),
			`a.yaml:5:24: policy.driftGrace: expects a duration like 30m or 1h, got "-1h"
a.yaml:5:36: policy.prune: expects true or false, got a list
a.yaml:5:50: policy.wave: expects a whole number, got a list
a.yaml:5:61: policy.mode: expects text, got a list`},
		{"maps, long enums and long values", inHello("  taskDefinition:\n    requiresCompatibilities: ['']\n    containerDefinitions:\n      - {name: web, image: nginx, dockerLabels: [a], cpu: " + strings.Repeat("x", 70) + "}\n" + goodService +
			"  alarms: {a: {unit: Kilobyte, threshold: high, evaluationPeriods: 99999999999999999999, period: 1e30}}\n  targetGroups: {a: {Attributes: {b: [c]}, AttributeS: {}, port: 80}}\n"),
			`a.yaml:6:31: taskDefinition.requiresCompatibilities[0]: expects one of EC2, FARGATE, EXTERNAL, MANAGED_INSTANCES, got ""
a.yaml:8:49: taskDefinition.containerDefinitions[web].dockerLabels: expects a mapping, got a list; write it without the list around it
a.yaml:8:59: taskDefinition.containerDefinitions[web].cpu: expects a whole number, got text
a.yaml:10:22: alarms.a.unit: "Kilobyte" is not one of the 27 values that are known; did you mean "Kilobytes"?
a.yaml:10:43: alarms.a.threshold: expects a number, got "high"
a.yaml:10:68: alarms.a.evaluationPeriods: expects a whole number from -2147483648 to 2147483647, got "99999999999999999999"
a.yaml:10:98: alarms.a.period: expects a whole number from -2147483648 to 2147483647, got "1e30"
a.yaml:11:22: warning: targetGroups.a: fields in another spelling than the spec's: Attributes (write attributes), AttributeS (write attributes)
a.yaml:11:38: targetGroups.a.attributes[b]: expects text, got a list; write it without the list around it
a.yaml:11:44: targetGroups.a.attributes: written twice, as "AttributeS" too`},

		{"no count", inHello(goodTask + "  service: {deploymentConfiguration: {alarms: {enable: true, rollback: true, alarmNames: [x]}}}\n"),
			"a.yaml:6:3: service.desiredCount is required: write it, or scaling.minCapacity"},
		{"fixed beside scaling", inHello("  policy: {desiredCount: fixed}\n" + goodTask + goodService + "  scaling: {minCapacity: 1, maxCapacity: 2}\n"),
			"a.yaml:7:3: policy.desiredCount is fixed and spec.scaling moves it: drop one of the two"},
		{"band without scaling", inHello("  policy: {desiredCount: band}\n" + goodTask + goodService),
			"a.yaml:7:3: policy.desiredCount is band, which needs spec.scaling"},
		{"policy that asks for nothing new", inHello("  policy: {prune: false, onDelete: keep, desiredCount: fixed}\n" + goodTask + goodService), ""},
		{"breaker written off", inHello(goodTask + "  service:\n    desiredCount: 1\n    deploymentConfiguration: {deploymentCircuitBreaker: {enable: false, rollback: false}}\n"),
			`a.yaml:8:30: warning: service.deploymentConfiguration: neither deploymentCircuitBreaker nor alarms is enabled (AWS' default is off): a bad release keeps being tried and is not rolled back; write deploymentCircuitBreaker: {enable: true, rollback: true}`},
		{"no alarms where a breaker does nothing", inHello(goodTask + "  service: {desiredCount: 1, deploymentConfiguration: {strategy: BLUE_GREEN}}\n"),
			`a.yaml:6:55: warning: service.deploymentConfiguration: alarms are not enabled (AWS' default is off): a bad release under BLUE_GREEN is not rolled back; write alarms: {enable: true, rollback: true, alarmNames: [...]}`},
		{"alarms where a breaker does nothing", inHello(goodTask + "  service: {desiredCount: 1, deploymentConfiguration: {strategy: CANARY, alarms: {enable: true, rollback: true, alarmNames: [a]}}}\n"), ""},
		{"no breaker under another controller", inHello(goodTask + "  service: {desiredCount: 1, deploymentController: {type: EXTERNAL}}\n"), ""},
		{"daemons have no count", inHello(goodTask + "  service: {schedulingStrategy: DAEMON, deploymentConfiguration: {deploymentCircuitBreaker: {enable: true, rollback: true}}}\n"), ""},
		{"count from scaling", inHello(goodTask + "  service: {deploymentConfiguration: {deploymentCircuitBreaker: {enable: true, rollback: true}}}\n  scaling: {minCapacity: 1, maxCapacity: 2}\n"), ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			got := parseOne(t, c.text)
			want := c.want
			if want != "" {
				want += "\n"
			}
			if diff := cmp.Diff(want, said(got.Problems)); diff != "" {
				t.Error(diff)
			}
			if broken := got.Errors() > 0; broken == (len(got.Documents) == 1) {
				t.Errorf("%d errors and %d documents", got.Errors(), len(got.Documents))
			}
		})
	}
}

// Problems of a document name the service that they freeze.
func TestProblemsNameTheService(t *testing.T) {
	got := parseOne(t, inHello("  cluster: main\n  taskDefinition: {cpu: &a 1}\n"+goodService))
	if len(got.Problems) != 1 || got.Problems[0].Document != "main/hello" {
		t.Errorf("%+v", got.Problems)
	}
}
