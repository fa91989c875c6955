package events

import (
	"context"
	"encoding/json"
	"net/http"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	sqstypes "github.com/aws/aws-sdk-go-v2/service/sqs/types"
	"go.uber.org/zap"
	"go.uber.org/zap/zaptest/observer"

	"github.com/ecs-operator/ecs-operator/pkg/awsclient"
	"github.com/ecs-operator/ecs-operator/pkg/frugal"
	"github.com/ecs-operator/ecs-operator/pkg/resource"
	"github.com/ecs-operator/ecs-operator/pkg/sandbox"
)

// Events as AWS' guides show them ("Amazon ECS deployment state change events",
// "service action events", "task state change events", CodeCommit's and S3's).
const (
	deployment = `{"version":"0","id":"ddca6449-b258-46c0-8653-e0e3aEXAMPLE","detail-type":"ECS Deployment State Change","source":"aws.ecs","account":"111122223333","time":"2020-05-23T12:31:14Z","region":"us-west-2","resources":["arn:aws:ecs:us-west-2:111122223333:service/default/servicetest"],"detail":{"eventType":"ERROR","eventName":"SERVICE_DEPLOYMENT_FAILED","deploymentId":"ecs-svc/123","updatedAt":"2020-05-23T11:11:11Z","reason":"ECS deployment circuit breaker: task failed to start."}}`
	action     = `{"version":"0","detail-type":"ECS Service Action","source":"aws.ecs","resources":["arn:aws:ecs:us-west-2:111122223333:service/default/servicetest"],"detail":{"eventType":"INFO","eventName":"SERVICE_STEADY_STATE","clusterArn":"arn:aws:ecs:us-west-2:111122223333:cluster/default","createdAt":"2019-11-19T19:27:22.695Z"}}`
	task       = `{"version":"0","detail-type":"ECS Task State Change","source":"aws.ecs","resources":["arn:aws:ecs:us-west-2:111122223333:task/default/2b88376d"],"detail":{"clusterArn":"arn:aws:ecs:us-west-2:111122223333:cluster/default","group":"service:servicetest","lastStatus":"STOPPED","version":5}}`
	alone      = `{"version":"0","detail-type":"ECS Task State Change","source":"aws.ecs","detail":{"clusterArn":"arn:aws:ecs:us-west-2:111122223333:cluster/default","group":"family:job","lastStatus":"STOPPED"}}`
	push       = `{"version":"0","detail-type":"CodeCommit Repository State Change","source":"aws.codecommit","resources":["arn:aws:codecommit:us-east-1:111122223333:specs"],"detail":{"event":"referenceUpdated","referenceName":"main","commitId":"a"}}`
	object     = `{"version":"0","detail-type":"Object Created","source":"aws.s3","resources":["arn:aws:s3:::specs"],"detail":{"bucket":{"name":"specs"},"object":{"key":"services/a.yaml","size":5}}}`
	rule       = `{"version":"0","detail-type":"CloudWatch Alarm State Change","source":"aws.cloudwatch","resources":["arn:aws:cloudwatch:us-east-1:123456789012:alarm:x"],"detail":{}}`
)

func wrapped(message string) string {
	raw, err := json.Marshal(map[string]string{"Type": "Notification", "MessageId": "1", "Message": message})
	if err != nil {
		panic(err)
	}
	return string(raw)
}

func TestParse(t *testing.T) {
	one := hint{cluster: "default", service: "servicetest"}
	for body, want := range map[string]hint{
		deployment: one, action: one, task: one, alone: {}, push: {source: true}, object: {source: true}, rule: {},
		wrapped(deployment): one, wrapped(push): {source: true},
		`{"detail-type":"ECS Service Action","resources":["arn:aws:ecs:a:b:service/old-form","x","arn:aws:rds:a:b:service/a/b"]}`: {},
		`{"detail-type":"ECS Service Action","resources":null,"detail":null}`:                                                     {},
	} {
		if got, err := parse(body); err != nil || got != want {
			t.Errorf("%.80s: %+v, %v, want %+v", body, got, err, want)
		}
	}
	for _, body := range []string{"", "x", "null", "[]", `"text"`, "{}", "{", `{"detail-type": 5}`, `{"detail-type":"x"} {}`, wrapped("x"), wrapped("{}"), wrapped(wrapped(push)),
		`{"detail-type":"ECS Task State Change","detail":{"group":7}}`, strings.Repeat("[", 100_000)} {
		if got, err := parse(body); err == nil {
			t.Errorf("%.80s: %+v", body, got)
		}
	}
}

// FuzzParse: no panic, and a service only with both of its names.
func FuzzParse(f *testing.F) {
	for _, body := range []string{deployment, action, task, alone, push, object, rule, wrapped(task), "{}", `{"detail-type":"ECS Service Action","resources":["arn:aws:ecs:::service//"]}`} {
		f.Add(body)
	}
	f.Fuzz(func(t *testing.T, body string) {
		frugal.Input(t, func() {
			h, err := parse(body)
			if err != nil && h != (hint{}) || h.source && h.service != "" {
				t.Fatalf("%+v, %v", h, err)
			}
		})
	})
}

// world is a sandbox with a listener before it.
type world struct {
	mu     sync.Mutex
	asked  []string
	pokes  int
	counts map[string]int
	logs   *observer.ObservedLogs
	queue  *sqs.Client
	fault  *sandbox.Fault
	box    *sandbox.Sandbox
	stop   func()
}

func listening(t *testing.T, url string) *world {
	t.Helper()
	w := &world{counts: map[string]int{}}
	w.box = sandbox.New(sandbox.Options{Fault: func(_ context.Context, c sandbox.Call) *sandbox.Fault {
		w.mu.Lock()
		defer w.mu.Unlock()
		if c.Operation == "ReceiveMessage" {
			return w.fault
		}
		return nil
	}})
	pool, err := awsclient.New(t.Context(), awsclient.Options{
		Targets:    map[string]awsclient.Target{resource.DefaultTarget: {Region: sandbox.Region}},
		HTTPClient: &http.Client{Transport: w.box.Transport()}, Endpoint: "http://sandbox.invalid", Static: true, Unlimited: true,
	})
	if err != nil {
		t.Fatal(err)
	}
	core, logs := observer.New(zap.InfoLevel)
	w.logs = logs
	l, err := New(Options{Provider: pool, Target: resource.DefaultTarget, Queue: url, Log: zap.New(core),
		Requeue: func(cluster, service string) int {
			w.mu.Lock()
			defer w.mu.Unlock()
			w.asked = append(w.asked, cluster+"/"+service)
			return 1
		},
		Poke:  func() { w.mu.Lock(); defer w.mu.Unlock(); w.pokes++ },
		Count: func(outcome string) { w.mu.Lock(); defer w.mu.Unlock(); w.counts[outcome]++ },
	})
	if err != nil {
		t.Fatal(err)
	}
	clients, err := pool.For(t.Context(), resource.DefaultTarget)
	if err != nil {
		t.Fatal(err)
	}
	w.queue = clients.Write.SQS
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan struct{})
	w.stop = func() { cancel(); <-done }
	go func() { defer close(done); l.Run(ctx) }()
	return w
}

func (w *world) create(t *testing.T) {
	t.Helper()
	if _, err := w.queue.CreateQueue(t.Context(), &sqs.CreateQueueInput{QueueName: aws.String("events")}); err != nil {
		t.Fatal(err)
	}
}

func (w *world) send(t *testing.T, bodies ...string) {
	t.Helper()
	for _, body := range bodies {
		if _, err := w.queue.SendMessage(t.Context(), &sqs.SendMessageInput{QueueUrl: aws.String("https://sqs.us-east-1.amazonaws.com/123456789012/events"), MessageBody: &body}); err != nil {
			t.Fatal(err)
		}
	}
}

func (w *world) calls(operation string) (n int) {
	for _, e := range w.box.Journal() {
		if e.Operation == operation {
			n++
		}
	}
	return n
}

const events = "https://sqs.us-east-1.amazonaws.com/123456789012/events"

func TestEventsAreHints(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := listening(t, events)
		defer w.stop()
		w.create(t)
		time.Sleep(time.Minute) // a long poll is under way
		start := time.Now()
		w.send(t, deployment, "no event", task, alone, push, object, `{"a": "another one that is none"}`)
		synctest.Wait()
		if took := time.Since(start); took > time.Second {
			t.Errorf("handled after %s", took)
		}
		w.mu.Lock()
		if strings.Join(w.asked, " ") != "default/servicetest default/servicetest" || w.pokes != 2 || w.counts[Accepted] != 4 || w.counts[Ignored] != 1 || w.counts[Refused] != 2 {
			t.Errorf("asked %v, pokes %d, counts %v", w.asked, w.pokes, w.counts)
		}
		w.mu.Unlock()
		if n := w.logs.FilterMessageSnippet("is none").Len(); n != 1 {
			t.Errorf("told %d times of messages that are none", n)
		}
		for _, e := range w.logs.All() {
			for _, f := range e.Context {
				if strings.Contains(f.String, "another one") {
					t.Errorf("a log quotes a message: %v", e)
				}
			}
		}
		out, err := w.queue.GetQueueAttributes(t.Context(), &sqs.GetQueueAttributesInput{QueueUrl: aws.String(events), AttributeNames: []sqstypes.QueueAttributeName{"All"}})
		if err != nil || out.Attributes["ApproximateNumberOfMessages"] != "0" || out.Attributes["ApproximateNumberOfMessagesNotVisible"] != "0" {
			t.Errorf("left in the queue: %v, %v", out, err)
		}
		before := w.calls("ReceiveMessage")
		time.Sleep(10 * time.Minute)
		if n := w.calls("ReceiveMessage") - before; n < 29 || n > 31 { // every 20 s
			t.Errorf("%d calls in ten quiet minutes", n)
		}
	})
}

func TestALostQueueIsToldOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := listening(t, events)
		defer w.stop()
		time.Sleep(30 * time.Minute) // there is no queue
		if n := w.calls("ReceiveMessage"); n > 30 {
			t.Errorf("%d calls in half an hour for a queue that is not there", n)
		}
		if n := w.logs.FilterMessageSnippet("cannot be read").Len(); n != 1 {
			t.Errorf("told %d times", n)
		}
		w.create(t)
		w.send(t, action)
		time.Sleep(6 * time.Minute)
		w.mu.Lock()
		if len(w.asked) != 1 {
			t.Errorf("asked %v", w.asked)
		}
		w.fault = &sandbox.Fault{Code: "AccessDenied", Message: "no", Status: 403}
		w.mu.Unlock()
		time.Sleep(time.Minute)
		told := w.logs.FilterMessageSnippet("cannot be read").All()
		if len(told) != 2 || w.logs.FilterMessageSnippet("is read again").Len() != 1 {
			t.Fatalf("told %v", w.logs.All())
		}
		if text := told[1].ContextMap()["error"]; !strings.Contains(text.(string), "sqs:ReceiveMessage") {
			t.Errorf("no way out in %q", text)
		}
	})
}

func TestQueueURL(t *testing.T) {
	for url, region := range map[string]string{
		events: "us-east-1",
		"https://sqs.cn-north-1.amazonaws.com.cn/1/x":                        "cn-north-1",
		"https://sqs-fips.us-gov-west-1.amazonaws.com/1/x":                   "us-gov-west-1",
		"https://vpce-0a-1b.sqs.eu-west-1.vpce.amazonaws.com/123456789012/x": "eu-west-1",
		"http://localhost:4566/000000000000/x":                               "",
	} {
		l, err := New(Options{Queue: url})
		if err != nil || l.region != region {
			t.Errorf("%s: %+v, %v", url, l, err)
		}
	}
	for _, url := range []string{"", "events", "arn:aws:sqs:us-east-1:1:events", "https://", "https://user:secret@sqs.us-east-1.amazonaws.com/1/x"} {
		if _, err := New(Options{Queue: url}); err == nil || strings.Contains(err.Error(), "user:secret") {
			t.Errorf("%q: %v", url, err)
		}
	}
}
