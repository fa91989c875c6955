package importer_test

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/ecs-operator/ecs-operator/pkg/frugal"
	"github.com/ecs-operator/ecs-operator/pkg/importer"
	"github.com/ecs-operator/ecs-operator/pkg/spec"
)

// everything is a manifest with every mapping that Copilot knows and we convert.
const everything = `name: web
type: Load Balanced Web Service
image:
  location: web:1
  port: 8080
  healthcheck:
    command: curl localhost
    interval: 15s
  depends_on:
    helper: start
  labels:
    a.b: c
http:
  path: /shop
  healthcheck:
    path: /up
    grace_period: 30s
  additional_rules:
    - path: admin
      target_port: 8081
      healthcheck:
        path: /admin
cpu: 512
memory: 1024
platform: linux/arm64
count:
  range:
    min: 2
    max: 8
  cooldown:
    in: 30s
  cpu_percentage:
    value: 70
    cooldown:
      out: 90s
variables:
  LEVEL: info
  DB:
    from_cfn: db-name
secrets:
  KEY:
    secretsmanager: "shop/key:field::"
storage:
  ephemeral: 30
  volumes:
    data:
      path: /data
      efs:
        id: fs-1
        auth:
          iam: true
sidecars:
  helper:
    image: helper:1
    port: 9090/udp
    essential: false
    variables:
      A: b
    mount_points:
      - source_volume: data
        path: /d
network:
  connect:
    alias: shop
  vpc:
    placement: private
    security_groups:
      groups: [sg-1]
logging:
  destination:
    Name: cloudwatch
  variables:
    X: y
deployment:
  rolling: recreate
  rollback_alarms:
    cpu_utilization: 80
environments:
  prod:
    cpu: 1024
    memory: 2048
    http:
      alias: shop.example.com
`

func copilot(t *testing.T, text string) importer.Result {
	t.Helper()
	file := filepath.Join(t.TempDir(), "manifest.yml")
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	r, err := importer.Copilot(file, "prod")
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func TestCopilotConvertsWhole(t *testing.T) {
	r := copilot(t, everything)
	for _, p := range r.Problems {
		if p.Severity == spec.Error {
			t.Error(p)
		}
	}
	parsed, text := parse(t, r.Drafts)
	if parsed.Errors() > 0 || len(parsed.Documents) != 1 {
		t.Fatalf("%v\n%s", parsed.Problems, text)
	}
	for _, want := range []string{
		"cpuArchitecture: ARM64", `KEY: "$(env.shop_key_arn):field::"`, "DB: $(env.db_name)", "containerPort: 9090", "protocol: udp",
		"fileSystemId: fs-1", "iam: ENABLED", "sizeInGiB: 30", "minimumHealthyPercent: 0", "maximumPercent: 100", "scaleInCooldown: 30",
		"scaleOutCooldown: 90", "alarmNames: [$(alarms.cpu.name)]", "values: [/shop, /shop/*]", "dnsName: shop", "awsfirelens", "a.b: c",
		"subnets: $(env.privateSubnets)", "healthCheckGracePeriodSeconds: 30", "condition: START", "healthCheckPath: /admin",
	} {
		if !strings.Contains(text, want) {
			t.Errorf("no %q in\n%s", want, text)
		}
	}
}

// free are mappings whose keys people choose: there is nothing unknown in them.
var free = regexp.MustCompile(`^(labels|variables|secrets|depends_on|volumes|sidecars|destination|environments)$`)

// Every key that is not converted is named: an unknown one in any mapping.
func TestCopilotDropsNothingSilently(t *testing.T) {
	lines := strings.Split(everything, "\n")
	tried := 0
	for i, line := range lines {
		key := strings.TrimSuffix(strings.TrimSpace(line), ":")
		opens := strings.HasSuffix(line, ":")
		if !opens && i > 0 || free.MatchString(key) {
			continue
		}
		indent := len(line) - len(strings.TrimLeft(line, " ")) + 2
		if i == 0 {
			indent = 0
		} else if strings.HasPrefix(strings.TrimSpace(lines[i+1]), "- ") {
			continue // a list
		}
		tried++
		with := append(append(append([]string{}, lines[:i+1]...), strings.Repeat(" ", indent)+"zz_unknown: 1"), lines[i+1:]...)
		t.Run(fmt.Sprintf("%d %s", i+1, key), func(t *testing.T) {
			for _, p := range copilot(t, strings.Join(with, "\n")).Problems {
				if p.Severity == spec.Error && p.Line == i+2 && strings.Contains(p.Message, "not converted") {
					return
				}
			}
			t.Errorf("an unknown key under %q is dropped silently", line)
		})
	}
	if tried < 20 {
		t.Errorf("only %d mappings were tried", tried)
	}
}

// FuzzImports: whatever stands in the files, there is no panic, what is drafted
// parses, and every problem has its place.
func FuzzImports(f *testing.F) {
	f.Add(everything)
	f.Add("apiVersion: pipecd.dev/v1beta1\nkind: ECSApp\nspec:\n  input: {serviceDefinitionFile: m.yml, taskDefinitionFile: m.yml}\n")
	f.Add("\xff\xfea\x00")
	f.Add("cluster: c\nservice: s\nservice_definition: m.yml\ntask_definition: m.yml\ncontainerDefinitions: [{name: a, image: 'a:{{ must_env `X` }}', memory: 128}]\ndesiredCount: 1\n")
	f.Add("type: Backend Service\nname: {a: b}\nhttp: [1]\ncount: {range: [1]}\nsidecars: {x: {port: {a: b}}}\ntaskdef_overrides: [{path: 'A[-].B[9]', value: {x: [1]}}]\nenvironments: {e: {sidecars: [1]}}\n")
	f.Fuzz(func(t *testing.T, text string) {
		frugal.Input(t, func() {
			if len(text) > 4<<10 {
				return
			}
			file := filepath.Join(t.TempDir(), "m.yml")
			if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
				t.Fatal(err)
			}
			for _, read := range []func(string, string) (importer.Result, error){importer.Ecspresso, importer.PipeCD, importer.Copilot} {
				r, err := read(file, "prod")
				if err != nil {
					continue
				}
				for _, p := range r.Problems {
					if p.File == "" || p.Line < 1 {
						t.Errorf("%+v has no place", p)
					}
				}
				if parsed, text := parse(t, r.Drafts); parsed.Errors() > 0 {
					t.Errorf("%v\n%s", parsed.Problems, text)
				}
			}
		})
	})
}
