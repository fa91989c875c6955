package main

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ecs"
	ecstypes "github.com/aws/aws-sdk-go-v2/service/ecs/types"
	"github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2"
	elbtypes "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2/types"
)

// TestTwoDaemons: two operators over one directory make everything once, roll an edit
// out at most once each, and neither writes when all is as it shall be. What both may
// do is register an edit and start its deployment within the same milliseconds:
// RegisterTaskDefinition knows no token and UpdateService no precondition, and two
// operators do not know of each other (docs/promises.md).
func TestTwoDaemons(t *testing.T) {
	t.Parallel()
	dir := workDir(t)
	_, url, env := serveUnderPolicy(t, dir)
	run := []string{"run", "--log-format", "console", "--listen", "127.0.0.1:0", "--resync", "1s", "quickstart"}
	one, two := start(t, dir, env, run...), start(t, dir, env, run...)
	_, end := one.await(0, `3 services ready`)
	_, end2 := two.await(0, `3 services ready`)
	have := census(t, url)
	for what, want := range quickstartCensus {
		if n := have[what]; n != want && (what != "revisions" || n < want || n > 2*want) {
			t.Errorf("%d %s, want %d", n, what, want)
		}
	}

	edit(t, filepath.Join(dir, "quickstart", "hello.yaml"), "nginx:1.29", "nginx:1.28")
	one.await(end, `hello .*Ready .*nginx:1\.28`)
	two.await(end2, `hello .*Ready .*nginx:1\.28`)
	revisions, deployments := 0, 0
	for _, w := range servedWrites(t, url) {
		if w == "RegisterTaskDefinition default-hello" {
			revisions++
		}
		if w == "UpdateService hello" {
			deployments++
		}
	}
	out, err := ecs.NewFromConfig(sdkConfig(url)).ListServiceDeployments(context.Background(), &ecs.ListServiceDeploymentsInput{Cluster: aws.String("default"), Service: aws.String("hello")})
	if err != nil {
		t.Fatal(err)
	}
	if n := len(out.ServiceDeployments); n > 3 || deployments > 2 {
		t.Errorf("%d deployments of two contents (%d revisions registered, %d updates)", n, revisions, deployments)
	}
	before := servedWrites(t, url)
	third := start(t, dir, env, run...) // whoever comes finds it done
	third.await(0, `3 services ready`)
	if now := servedWrites(t, url); len(now) != len(before) {
		t.Errorf("written although all is as it shall be:\n%s", strings.Join(now[len(before):], "\n"))
	}
	for _, p := range []*proc{one, two, third} {
		p.signal(os.Interrupt)
		if code := p.exit(); code != 0 {
			t.Errorf("exit code %d", code)
		}
	}
}

// TestDeletedByHand: a service that somebody deletes is made again, once, with what
// stands around it left as it is.
func TestDeletedByHand(t *testing.T) {
	t.Parallel()
	dir := workDir(t)
	_, url, env := serveUnderPolicy(t, dir)
	must(t, dir, env, 0, "apply", "--wait", "quickstart")
	p := start(t, dir, env, "run", "--log-format", "console", "--listen", "127.0.0.1:0", "--resync", "1s", "quickstart")
	_, end := p.await(0, `3 services ready`)
	client := ecs.NewFromConfig(sdkConfig(url))
	if _, err := client.DeleteService(context.Background(), &ecs.DeleteServiceInput{Cluster: aws.String("default"), Service: aws.String("web"), Force: aws.Bool(true)}); err != nil {
		t.Fatal(err)
	}
	before := len(servedWrites(t, url))
	_, end = p.await(end, `web .*\+ created service`)
	p.await(end, `web .*Ready`)
	made := 0
	for _, w := range servedWrites(t, url)[before:] {
		if strings.HasPrefix(w, "CreateService ") {
			made++
		}
		if strings.HasPrefix(w, "CreateTargetGroup") || strings.HasPrefix(w, "CreateRule") || strings.HasPrefix(w, "Delete") {
			t.Errorf("beside the service: %s", w)
		}
	}
	if made != 1 {
		t.Errorf("made %d times", made)
	}
	wantCensus(t, url)
}

// TestTagsEditedByHand: a tag of the document's is put back; one that somebody added
// stays; whose owner tag was taken off is nobody's, is not written, and is said so.
func TestTagsEditedByHand(t *testing.T) {
	t.Parallel()
	dir := workDir(t)
	_, url, env := serveUnderPolicy(t, dir)
	must(t, dir, env, 0, "apply", "--wait", "quickstart")
	ctx, cfg := context.Background(), sdkConfig(url)
	check := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	services := ecs.NewFromConfig(cfg)
	const arn = "arn:aws:ecs:us-east-1:123456789012:service/default/web"
	_, err := services.TagResource(ctx, &ecs.TagResourceInput{ResourceArn: aws.String(arn), Tags: []ecstypes.Tag{
		{Key: aws.String("theirs"), Value: aws.String("stays")}, {Key: aws.String("ecs-operator:spec-hash"), Value: aws.String("1-0000")}}})
	check(err)
	must(t, dir, env, 0, "apply", "--wait", "quickstart")
	tags, err := services.ListTagsForResource(ctx, &ecs.ListTagsForResourceInput{ResourceArn: aws.String(arn)})
	check(err)
	have := map[string]string{}
	for _, tag := range tags.Tags {
		have[*tag.Key] = *tag.Value
	}
	if have["theirs"] != "stays" || have["ecs-operator:spec-hash"] == "1-0000" || have["ecs-operator:owner"] != "ecs-operator" {
		t.Errorf("the service's tags are %v", have)
	}

	elb := elasticloadbalancingv2.NewFromConfig(cfg)
	groups, err := elb.DescribeTargetGroups(ctx, nil)
	check(err)
	group := groups.TargetGroups[0].TargetGroupArn
	_, err = elb.RemoveTags(ctx, &elasticloadbalancingv2.RemoveTagsInput{ResourceArns: []string{*group}, TagKeys: []string{"ecs-operator:owner"}})
	check(err)
	before := servedWrites(t, url)
	text := must(t, dir, env, 3, "apply", "quickstart")
	if !strings.Contains(text, "exists and is not ours; set policy.adopt to take it over") {
		t.Errorf("it says:\n%s", text)
	}
	if now := servedWrites(t, url); len(now) != len(before) {
		t.Errorf("written:\n%s", strings.Join(now[len(before):], "\n"))
	}
	_, err = elb.AddTags(ctx, &elasticloadbalancingv2.AddTagsInput{ResourceArns: []string{*group}, Tags: []elbtypes.Tag{{Key: aws.String("ecs-operator:owner"), Value: aws.String("ecs-operator")}}})
	check(err)
	must(t, dir, env, 0, "apply", "--wait", "quickstart")
	wantCensus(t, url)
}
