package importer_test

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/ecs-operator/ecs-operator/pkg/importer"
	"github.com/ecs-operator/ecs-operator/pkg/spec"
)

// TestCorpusTaskDefinitions: every task definition of the corpus imports
// into documents that parse, as a template, and a part of them as a service's own; or it says where
// it is no task definition. What imports whole passes validate.
func TestCorpusTaskDefinitions(t *testing.T) {
	whole, partly, refused := 0, 0, 0
	for i, path := range slices.Concat(corpus(t, "taskdefs"), corpus(t, "taskdefs/aws-docs")) {
		if info, err := os.Stat(path); err != nil || info.IsDir() {
			continue
		}
		forms := []importer.TaskDefinitionOptions{{Cluster: "default", Env: "prod"}, {Service: "web", Cluster: "main", Env: "prod"}}
		if i%4 > 0 { // the second is the same but for the frame
			forms = forms[:1]
		}
		for _, o := range forms {
			r, err := importer.TaskDefinition(path, o)
			if err != nil {
				t.Errorf("%s: %v", filepath.Base(path), err)
				continue
			}
			for _, p := range r.Problems {
				if p.File == "" || p.Line < 1 {
					t.Errorf("a problem without its place: %+v", p)
				}
			}
			if len(r.Drafts) == 0 {
				if refused++; r.Errors() == 0 {
					t.Errorf("%s: neither a document nor a problem", filepath.Base(path))
				}
				continue
			}
			if r.Errors() > 0 {
				partly++
			} else {
				whole++
				if said := validated(t, r.Drafts); len(said) > 0 {
					t.Errorf("%s: imported whole, and validate refuses it: %v", filepath.Base(path), said)
				}
			}
			parsed, text := parse(t, r.Drafts)
			for _, p := range parsed.Problems {
				if p.Severity == spec.Error {
					t.Errorf("%s: %s", filepath.Base(path), p)
				}
			}
			if len(parsed.Documents) != 1 {
				t.Errorf("%s: %d documents\n%s", filepath.Base(path), len(parsed.Documents), text)
			}
		}
	}
	t.Logf("imports of task definitions: %d whole, %d with something named, %d refused", whole, partly, refused)
	if whole < 7*(partly+refused) || whole < 200 {
		t.Errorf("%d whole, %d partly, %d refused: hardly anything imports", whole, partly, refused)
	}
}

// TestTaskDefinition: placeholders become parameters, or variables.
func TestTaskDefinition(t *testing.T) {
	path := filepath.Join(t.TempDir(), "task.json")
	err := os.WriteFile(path, []byte(`{"taskDefinition": {"family": "shop", "revision": 7, "cpu": "256", "memory": "512", "executionRoleArn": "arn:aws:iam::111122223333:role/exec",
  "networkMode": "awsvpc", "requiresCompatibilities": ["FARGATE"],
  "containerDefinitions": [{"name": "api", "image": "<IMAGE1_NAME>", "essential": true,
    "portMappings": [{"containerPort": 80, "hostPort": 80, "protocol": "tcp"}],
    "command": ["sh", "-c", "echo ${HOME}"],
    "environment": [{"name": "STAGE", "value": "{{ must_env `+"`STAGE`"+` }}"}],
    "logConfiguration": {"logDriver": "awslogs", "options": {"awslogs-group": "/ecs/$GROUP", "awslogs-region": "eu-west-1", "awslogs-stream-prefix": "api"}}}]}}`), 0o600)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		o    importer.TaskDefinitionOptions
		kind []string
		want []string
		not  []string
	}{
		{importer.TaskDefinitionOptions{Cluster: "main", Env: "prod"}, []string{"Environment", "TaskTemplate", "Service"},
			[]string{"image: $(params.IMAGE1_NAME)", "STAGE: $(params.STAGE)", "/ecs/$(params.GROUP)", "echo ${HOME}", "family: shop", "required: true", "subnets: $(env.subnets)", "was <IMAGE1_NAME>"},
			[]string{"revision", "hostPort", "protocol", "essential"}},
		{importer.TaskDefinitionOptions{Service: "shop", Cluster: "main", Env: "prod"}, []string{"Environment", "Service"},
			[]string{"image: $(env.IMAGE1_NAME)", "STAGE: $(env.STAGE)", "/ecs/$(env.GROUP)", "cluster: main"}, []string{"params", "hostPort"}},
	} {
		r, err := importer.TaskDefinition(path, c.o)
		if err != nil || r.Errors() > 0 {
			t.Fatal(err, r.Problems)
		}
		var kinds []string
		for _, d := range r.Drafts {
			kinds = append(kinds, d.Kind)
		}
		parsed, text := parse(t, r.Drafts)
		if !slices.Equal(kinds, c.kind) || parsed.Errors() > 0 || len(parsed.Documents) != 1 {
			t.Errorf("kinds %v, problems %v\n%s", kinds, parsed.Problems, text)
		}
		for _, want := range c.want {
			if !strings.Contains(text, want) {
				t.Errorf("%q is missing\n%s", want, text)
			}
		}
		for _, not := range c.not {
			if strings.Contains(text, not) {
				t.Errorf("%q need not stand there\n%s", not, text)
			}
		}
		if told := fmt.Sprint(r.Problems); !strings.Contains(told, "revision") || !strings.Contains(told, "task.json:3:") {
			t.Errorf("problems: %s", told)
		}
	}
}
