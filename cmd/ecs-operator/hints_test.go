package main

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/ecs"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/sqs"

	"github.com/ecs-operator/ecs-operator/pkg/sandbox"
)

// A daemon over a bucket that polls nothing is told of an upload by a webhook, and
// of a change in AWS by its queue; the secret is nowhere in what it says.
func TestRunIsToldOfWhatIsNew(t *testing.T) {
	t.Parallel()
	world := sandbox.New(sandbox.Options{Speed: 300})
	l, err := world.Listen("127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	config := aws.Config{Region: sandbox.Region, BaseEndpoint: &l.URL, Credentials: credentials.NewStaticCredentialsProvider("sandbox", "sandbox", "")}
	objects := s3.NewFromConfig(config, func(o *s3.Options) { o.UsePathStyle = true })
	queue := sqs.NewFromConfig(config)
	ok := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	ctx := context.Background()
	_, err = objects.CreateBucket(ctx, &s3.CreateBucketInput{Bucket: aws.String("specs")})
	ok(err)
	text, err := os.ReadFile("../../examples/quickstart/hello.yaml")
	ok(err)
	upload := func(text string) {
		t.Helper()
		_, err := objects.PutObject(ctx, &s3.PutObjectInput{Bucket: aws.String("specs"), Key: aws.String("services/hello.yaml"), Body: strings.NewReader(text)})
		ok(err)
	}
	upload(string(text))
	made, err := queue.CreateQueue(ctx, &sqs.CreateQueueInput{QueueName: aws.String("events")})
	ok(err)

	dir := t.TempDir()
	const secret = "canary-0123456789abcdef0123456789"
	ok(os.WriteFile(filepath.Join(dir, "hook.secret"), []byte(secret+"\n"), 0o600))
	p := start(t, dir, cleanEnv(dir, "AWS_ENDPOINT_URL="+l.URL, "AWS_REGION="+sandbox.Region, "AWS_ACCESS_KEY_ID=sandbox", "AWS_SECRET_ACCESS_KEY=sandbox"),
		"run", "--s3", "s3://specs/services/", "--s3-poll", "1h", "--resync", "1h", "--verify=false", "--listen", "127.0.0.1:0", "--log-format", "json",
		"--webhook-secret-file", "hook.secret", "--webhook-listen", "127.0.0.1:0", "--events-queue", *made.QueueUrl)
	hook, at := p.await(0, `webhooks are taken","listen":"(http://[^"]+)"`)
	_, at = p.await(at, `1 service ready`)

	upload(strings.Replace(string(text), "nginx:1.29", "nginx:1.30", 1))
	body := `{"ref":"refs/heads/main"}`
	mac := hmac.New(sha256.New, []byte(secret))
	mac.Write([]byte(body))
	for signature, want := range map[string]int{"": http.StatusUnauthorized, "sha256=" + hex.EncodeToString(mac.Sum(nil)): http.StatusAccepted} {
		req, err := http.NewRequest(http.MethodPost, hook[1]+"/hook/github", strings.NewReader(body))
		ok(err)
		req.Header.Set("X-Hub-Signature-256", signature)
		resp, err := http.DefaultClient.Do(req)
		ok(err)
		_ = resp.Body.Close()
		if resp.StatusCode != want {
			t.Errorf("signature %q is answered with %d, want %d", signature, resp.StatusCode, want)
		}
	}
	_, at = p.await(at, `updated service: taskDefinition`)
	_, at = p.await(at, `Ready  \d/\d running  nginx:1.30`)

	_, err = ecs.NewFromConfig(config).UpdateService(ctx, &ecs.UpdateServiceInput{Cluster: aws.String("default"), Service: aws.String("hello"), DesiredCount: aws.Int32(0)})
	ok(err)
	_, err = queue.SendMessage(ctx, &sqs.SendMessageInput{QueueUrl: made.QueueUrl,
		MessageBody: aws.String(`{"detail-type":"ECS Service Action","source":"aws.ecs","resources":["arn:aws:ecs:us-east-1:123456789012:service/default/hello"],"detail":{}}`)})
	ok(err)
	p.await(at, `updated service: desiredCount`)
	if said, _ := p.output(); strings.Contains(said, "canary") {
		t.Errorf("the secret is in the output:\n%s", said)
	}
}
