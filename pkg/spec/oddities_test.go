package spec

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// What people really write (corpus/README.md, "most instructive oddities") is
// taken as AWS would take it, or refused with the word that helps on.
func TestOddities(t *testing.T) {
	const image = "containerDefinitions: [{name: web, image: nginx}]"
	container := func(more string) string {
		return inHello("  taskDefinition: {containerDefinitions: [{name: web, image: nginx, " + more + "}]}\n" + goodService)
	}
	service := func(more string) string {
		return inHello(goodTask + "  service: {desiredCount: 1, deploymentConfiguration: {deploymentCircuitBreaker: {enable: true, rollback: true}}, " + more + "}\n")
	}
	for _, c := range []struct{ name, text, want string }{
		{"describe output", inHello("  taskDefinition: {taskDefinitionArn: a, revision: 3, compatibilities: [EC2], registeredBy: x, " + image + "}\n" + goodService),
			"a.yaml:5:20: warning: taskDefinition: only AWS writes these fields, they are left out: taskDefinitionArn, revision, compatibilities, registeredBy"},
		{"empty enums", inHello("  taskDefinition: {pidMode: \"\", ipcMode: '', " + image + "}\n" + goodService), ""},
		{"nulls everywhere", inHello("  taskDefinition: {proxyConfiguration: null, volumes: ~, placementConstraints: , " + image + "}\n" + goodService), ""},
		{"sizes as numbers", inHello("  taskDefinition: {cpu: 256, memory: 512, " + image + "}\n" + goodService), ""},
		{"numbers as text", container(`cpu: "10", memory: "128", portMappings: [{containerPort: "80", hostPort: "0"}]`), ""},
		{"protocol http", container("portMappings: [{containerPort: 80, protocol: http}]"),
			`a.yaml:5:114: taskDefinition.containerDefinitions[web].portMappings[80//http].protocol: "http" is not one of tcp, udp; did you mean "tcp"?; protocol is the transport, "tcp" or "udp"; what is spoken over it stands in appProtocol`},
		{"networkMode default", inHello("  taskDefinition: {networkMode: default, " + image + "}\n" + goodService),
			`a.yaml:5:33: taskDefinition.networkMode: "default" is not one of bridge, host, awsvpc, none; leave networkMode out for AWS' default, or write "awsvpc" as Fargate needs it`},
		{"launchType ECS", service("launchType: ECS"),
			`a.yaml:6:127: service.launchType: "ECS" is not one of EC2, FARGATE, EXTERNAL, MANAGED_INSTANCES; did you mean "EC2"?; ECS is the type of a deploymentController; the launch type says where tasks run, "FARGATE" or "EC2"`},
		{"wrong case", service("capacityproviderstrategy: [{CapacityProvider: a}]"),
			"a.yaml:6:115: warning: service: fields in another spelling than the spec's: capacityproviderstrategy (write capacityProviderStrategy), CapacityProvider (write capacityProvider)"},
		{"portMappings as an object", container("portMappings: {containerPort: 80}"),
			"a.yaml:5:83: taskDefinition.containerDefinitions[web].portMappings: expects a list, got a mapping: write it as a list"},
		{"secretOptions as an object", container("logConfiguration: {logDriver: awslogs, secretOptions: {name: a, valueFrom: b}}"),
			"a.yaml:5:123: taskDefinition.containerDefinitions[web].logConfiguration.secretOptions: expects a list, got a mapping: write it as a list"},
		{"command as one text", container("command: ./run it"),
			`a.yaml:5:78: taskDefinition.containerDefinitions[web].command: expects a list, got text: write it as a list, each word an element, or ["sh", "-c", "…"] for a shell`},
		{"secret among the environment", container("environment: [{name: A, valueFrom: arn}]"),
			`a.yaml:5:93: taskDefinition.containerDefinitions[web].environment[A]: unknown field "valueFrom": a secret stands under secrets, with the same name and valueFrom`},
		{"envelope", inHello("  taskDefinition: {taskDefinition: {" + image + "}}\n" + goodService),
			"a.yaml:5:3: taskDefinition: containerDefinitions is required\n" +
				`a.yaml:5:20: taskDefinition: unknown field "taskDefinition"; write what stands under it one level higher`},
		{"containerOverrides", inHello("  taskDefinition: {containerOverrides: [], " + image + "}\n" + goodService),
			`a.yaml:5:20: taskDefinition: unknown field "containerOverrides": overrides belong to one run of a task (RunTask): write the values into containerDefinitions`},
		{"forceNewDeployment", service("forceNewDeployment: true"),
			`a.yaml:6:115: service: unknown field "forceNewDeployment": it asks for an act and is no state: leave it out, a changed document is deployed by itself`},
		{"CodePipeline's placeholder", inHello("  taskDefinition: {containerDefinitions: [{name: web, image: <IMAGE1_NAME>}]}\n" + goodService),
			`a.yaml:5:62: taskDefinition.containerDefinitions[web].image: "<IMAGE1_NAME>": a placeholder that a pipeline replaces is not filled in here: write the value, or a parameter of a TaskTemplate, $(params.NAME)`},
		{"ecspresso's template", inHello("  taskDefinition: {executionRoleArn: \"arn:{{ must_env `ROLE` }}\", " + image + "}\n" + goodService),
			"a.yaml:5:38: taskDefinition.executionRoleArn: \"{{ must_env `ROLE` }}\": a template of another tool is not filled in here: write the value, or a variable of the Environment, $(env.NAME)"},
		{"ecspresso's template among the environment", container("environment: {A: '{{ must_env `A` }}', B: '{{ .Names }}'}"),
			"a.yaml:5:86: taskDefinition.containerDefinitions[web].environment[A].value: \"{{ must_env `A` }}\": a template of another tool is not filled in here: write the value, or a variable of the Environment, $(env.NAME)"},
		{"a shell's variable", inHello("  taskDefinition: {taskRoleArn: 'arn:aws:iam::${ACCOUNT}:role/x', family: $NAME, " + image + "}\n" + goodService),
			`a.yaml:5:33: taskDefinition.taskRoleArn: "${ACCOUNT}": a variable of a shell is not filled in here: write the value, or a variable of the Environment, $(env.NAME)` + "\n" +
				`a.yaml:5:75: taskDefinition.family: "$NAME": a variable of a shell is not filled in here: write the value, or a variable of the Environment, $(env.NAME)`},
		{"text that only looks like a placeholder", container(`command: [sh, -c, "echo ${HOME} <A> {{.B}}"], dockerLabels: {rule: "{{host}}"}, logConfiguration: {logDriver: splunk, options: {tag: "{{.Name}}"}}`), ""},
		{"unquoted template", service("platformVersion: {{ VERSION }}"),
			"a.yaml:6:133: a key must be plain text, not a mapping; a {{ template }} of another tool is not filled in here: write the value, or a variable of the Environment, $(env.NAME)"},
		{"placeholder for a number", service("healthCheckGracePeriodSeconds: <SECONDS>"),
			`a.yaml:6:146: service.healthCheckGracePeriodSeconds: "<SECONDS>": a placeholder that a pipeline replaces is not filled in here: write the value, or a parameter of a TaskTemplate, $(params.NAME)`},
		{"a mark and carriage returns", "\uFEFF" + strings.ReplaceAll(goodHello(), "\n", "\r\n"), ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			want := c.want
			if want != "" {
				want += "\n"
			}
			if diff := cmp.Diff(want, said(parseOne(t, c.text).Problems)); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// The same of whole files, which are no YAML or no JSON because of it.
func TestOddFiles(t *testing.T) {
	s := sectionNamed(t, "service")
	for _, c := range []struct{ name, file, text, want string }{
		{"here-document", "a.json", "{\"desiredCount\": 1}\nEOF < /dev/null\n",
			"a.json:2:1: not valid JSON: unexpected 'E' after the end of the JSON value: the end of a shell's here-document got into the file, remove it"},
		{"here-document in a .yaml", "a.yaml", "{\"desiredCount\": 1}\nEOF\n",
			"a.yaml:2:1: not valid JSON: unexpected 'E' after the end of the JSON value: the end of a shell's here-document got into the file, remove it"},
		{"comment", "a.json", "# aws ecs create-service\n{}",
			"a.json:1:1: not valid JSON: expected a JSON value, found '#': JSON has no comments, remove it or name the file .yaml"},
		{"template", "a.json", `{"desiredCount": {{COUNT}}}`,
			`a.json:1:19: not valid JSON: expected a key in double quotes, found '{': a {{ template }} of another tool is not filled in here, write the value or a quoted variable of the Environment, "$(env.NAME)"`},
		{"shell", "a.json", `{"serviceName": $NAME}`,
			`a.json:1:17: not valid JSON: expected a JSON value, found '$': what another tool would put in is not filled in here, write the value or a quoted variable of the Environment, "$(env.NAME)"`},
		{"UTF-16", "a.json", string(utf16Bytes(`{"desiredCount": 1}`, true)), "a.json:1:1: the file is UTF-16: save it as UTF-8"},
		{"key twice", "a.json", `{"desiredCount": 1, "desiredCount": 2}`, `a.json:1:21: duplicate key "desiredCount": it stands on line 1 already`},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, problems := DecodeBody(c.file, []byte(c.text), s)
			if diff := cmp.Diff(c.want+"\n", said(problems)); diff != "" {
				t.Error(diff)
			}
		})
	}
}
