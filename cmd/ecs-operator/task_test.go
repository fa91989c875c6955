package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ecs"
)

// Answers of /task in the documented form: on Fargate, where no service is named and
// the cluster is an ARN, and on an instance.
const (
	fargateTask = `{
  "Cluster": "arn:aws:ecs:us-east-1:123456789012:cluster/default",
  "TaskARN": "arn:aws:ecs:us-east-1:123456789012:task/default/e9028f8d5d8e4f258373e7b93ce9a3c3",
  "Family": "ecs-operator", "Revision": "3", "DesiredStatus": "RUNNING", "KnownStatus": "RUNNING",
  "Limits": {"CPU": 0.25, "Memory": 512},
  "PullStartedAt": "2026-10-08T20:47:16.053330955Z", "PullStoppedAt": "2026-10-08T20:47:19.592684631Z",
  "AvailabilityZone": "us-east-1a", "LaunchType": "FARGATE",
  "Containers": [{"DockerId": "e9028f8d5d8e4f258373e7b93ce9a3c3-2495160603", "Name": "ecs-operator", "Type": "NORMAL",
    "Labels": {"com.amazonaws.ecs.cluster": "arn:aws:ecs:us-east-1:123456789012:cluster/default"},
    "Networks": [{"NetworkMode": "awsvpc", "IPv4Addresses": ["10.0.0.108"]}]}],
  "ClockDrift": {"ClockErrorBound": 0.59, "ReferenceTimestamp": "2026-10-08T20:47:00Z", "ClockSynchronizationStatus": "SYNCHRONIZED"},
  "EphemeralStorageMetrics": {"Utilized": 261, "Reserved": 20496}
}`
	instanceTask = `{"Cluster": "main", "TaskARN": "arn:aws-cn:ecs:cn-north-1:123456789012:task/main/158d1c8083dd49d6b527399fd6414f5c",
  "Family": "operator", "ServiceName": "gitops", "Revision": "26", "AvailabilityZone": "cn-north-1b", "LaunchType": "EC2", "VPCID": "vpc-1234567890abcdef0"}`
)

func metadataServer(t *testing.T, answer http.HandlerFunc) (getenv func(string) string, url string) {
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/v4/0a1b/task" || r.Method != http.MethodGet {
			http.NotFound(w, r)
			return
		}
		answer(w, r)
	}))
	t.Cleanup(s.Close)
	url = s.URL + "/v4/0a1b"
	return func(name string) string { return map[string]string{taskMetadataEnv: url}[name] }, url
}

func says(body string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte(body)) }
}

func TestReadTask(t *testing.T) {
	for body, want := range map[string]string{
		fargateTask:  "{aws us-east-1 123456789012 default  arn:aws:ecs:us-east-1:123456789012:task/default/e9028f8d5d8e4f258373e7b93ce9a3c3 ecs-operator 3 us-east-1a FARGATE} ",
		instanceTask: "{aws-cn cn-north-1 123456789012 main gitops arn:aws-cn:ecs:cn-north-1:123456789012:task/main/158d1c8083dd49d6b527399fd6414f5c operator 26 cn-north-1b EC2} arn:aws-cn:ecs:cn-north-1:123456789012:service/main/gitops",
	} {
		getenv, _ := metadataServer(t, says(body))
		got, err := readTask(t.Context(), getenv)
		if err != nil {
			t.Fatal(err)
		}
		if s := fmt.Sprint(*got, " ", got.serviceARN()); s != want {
			t.Errorf("%s\nwant %s", s, want)
		}
	}
	if got, err := readTask(t.Context(), func(string) string { return "" }); got != nil || err != nil {
		t.Errorf("outside of ECS: %v, %v", got, err)
	}
	if (*task)(nil).serviceARN() != "" {
		t.Error("no task has no service")
	}
}

func TestTaskMetadataThatCannotBeHad(t *testing.T) {
	elsewhere := httptest.NewServer(says(fargateTask))
	defer elsewhere.Close()
	tries := 0
	for what, answer := range map[string]http.HandlerFunc{
		"no JSON":   says("<html>"),
		"no task":   says("{}"),
		"not found": http.NotFound,
		"a redirect": func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, elsewhere.URL, http.StatusFound)
		},
		"too much": says(`{"Containers": "` + strings.Repeat("x", taskBytes) + `"}`),
		"a failure": func(w http.ResponseWriter, _ *http.Request) {
			tries++
			http.Error(w, "no", http.StatusInternalServerError)
		},
	} {
		getenv, _ := metadataServer(t, answer)
		if got, err := readTask(t.Context(), getenv); got != nil || err == nil {
			t.Errorf("%s: %v, %v", what, got, err)
		}
	}
	if tries != taskTries {
		t.Errorf("asked %d times", tries)
	}
	getenv, _ := metadataServer(t, func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() })
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	if _, err := readTask(ctx, getenv); err == nil {
		t.Error("nobody answers, and no error")
	}
}

// Only the agent of this machine is asked: whoever can set the variable must not
// choose whom the operator talks to.
func TestTaskMetadataPlace(t *testing.T) {
	for place, good := range map[string]bool{
		"http://169.254.170.2/v4/0a1b-123":          true,
		"http://127.0.0.1:8080/v4/0a1b":             true,
		"http://[::1]:8080/v4/0a1b":                 true,
		"https://169.254.170.2/v4/0a1b":             false,
		"http://169.254.170.2:81/v4/0a1b":           false,
		"http://169.254.169.254/latest/meta-data":   false,
		"http://metadata.example.com/v4":            false,
		"http://localhost/v4":                       false, // a name, which somebody resolves
		"http://user@169.254.170.2/v4":              false,
		"http://169.254.170.2/v4?x=1":               false,
		"file:///etc/passwd":                        false,
		"http://10.0.0.1/v4":                        false,
		"http://2852039170/v4":                      false, // 169.254.170.2 in decimal
		"http://[::ffff:169.254.169.254]/v4/0a1b":   false,
		"http://169.254.170.2.example.com/v4/0a1b":  false,
		"http://169.254.170.2\r\nHost: example.com": false,
	} {
		if err := metadataPlace(place); (err == nil) != good {
			t.Errorf("%s: %v", place, err)
		}
	}
}

// TestRunInATask: the operator finds out where it runs, takes its region from there,
// labels what it says, and holds its own update back.
func TestRunInATask(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	_, url, env := serveSandbox(t, dir)
	path := filepath.Join(dir, "docs", "services.yaml") // both in one file: both change at once
	var docs strings.Builder
	for _, name := range []string{"ecs-operator", "web"} {
		fmt.Fprintf(&docs, `apiVersion: ecs-operator/v1
kind: Service
metadata: {name: %s}
spec:
  taskDefinition: {containerDefinitions: [{name: app, image: "nginx:1.29", memory: 64}]}
  service: {desiredCount: 1, deploymentConfiguration: {maximumPercent: 100, minimumHealthyPercent: 0, deploymentCircuitBreaker: {enable: true, rollback: true}}}
---
`, name)
	}
	if err := errors.Join(os.Mkdir(filepath.Dir(path), 0o700), os.WriteFile(path, []byte(docs.String()), 0o600)); err != nil {
		t.Fatal(err)
	}
	must(t, dir, env, 0, "apply", "--wait", "docs")
	cloud := ecs.NewFromConfig(sdkConfig(url))
	tasks, err := cloud.ListTasks(t.Context(), &ecs.ListTasksInput{Cluster: aws.String("default"), ServiceName: aws.String("ecs-operator")})
	if err != nil || len(tasks.TaskArns) != 1 {
		t.Fatal(tasks, err)
	}
	arn := tasks.TaskArns[0]
	id := arn[strings.LastIndexByte(arn, '/')+1:]
	_, metadata := metadataServer(t, says(strings.ReplaceAll(fargateTask, "e9028f8d5d8e4f258373e7b93ce9a3c3", id)))

	env = append(cleanEnv(dir), "AWS_ENDPOINT_URL="+url, "AWS_ACCESS_KEY_ID=sandbox", "AWS_SECRET_ACCESS_KEY=sandbox",
		taskMetadataEnv+"="+metadata, "ECS_OPERATOR_LISTEN=127.0.0.1:0", "ECS_OPERATOR_PATH=docs")
	p := start(t, dir, env, "run")
	_, end := p.await(0, `"msg":"this operator is the service arn:aws:ecs:us-east-1:123456789012:service/default/ecs-operator"`)
	groups, _ := p.await(0, `"listen":"(http://[^"]+)"`)
	p.await(0, `"task":\{"cluster":"default","id":"`+id+`","family":"ecs-operator","revision":"3","zone":"us-east-1a","region":"us-east-1"\}`)
	p.await(end, `2 services ready`)
	if _, text := get(t, groups[1]+"/metrics"); !strings.Contains(text, `ecs_operator_task_info{cluster="default",family="ecs-operator",region="us-east-1",revision="3",service="ecs-operator",task="`+id+`",zone="us-east-1a"} 1`) {
		t.Errorf("no task in the metrics:\n%s", text)
	}
	before := len(servedWrites(t, url))
	edit(t, path, "nginx:1.29", "nginx:1.30")
	p.await(0, `"msg":"Ready  1/1 running  nginx:1.30".*"service":"ecs-operator"`)
	var updated []string
	for _, w := range servedWrites(t, url)[before:] {
		if strings.HasPrefix(w, "UpdateService") {
			updated = append(updated, w)
		}
	}
	if len(updated) != 2 || !strings.Contains(updated[0], "web") || !strings.Contains(updated[1], "ecs-operator") {
		t.Errorf("updated: %q", updated)
	}
	p.signal(os.Interrupt)
	if code := p.exit(); code != 0 {
		t.Errorf("exit code %d", code)
	}
}
