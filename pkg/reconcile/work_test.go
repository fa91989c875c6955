package reconcile

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	elb "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2"

	"github.com/ecs-operator/ecs-operator/pkg/resource"
	"github.com/ecs-operator/ecs-operator/pkg/sandbox"
	"github.com/ecs-operator/ecs-operator/pkg/status"
)

// calls counts the calls of an operation since a mark, and what they were about.
func calls(entries []sandbox.Entry, operation string) (n int, subjects string) {
	var about []string
	for _, e := range entries {
		if e.Operation == operation {
			n++
			about = append(about, e.Subject)
		}
	}
	return n, strings.Join(about, " ")
}

// A full pass reads in full batches; an edit reads its own unit and no other.
func TestConstantWork(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world) {
		const many = 12
		for i := range many {
			w.files.put(fmt.Sprintf("%02d.yaml", i), strings.Replace(hello(fmt.Sprintf("s%02d", i), "nginx:1.29"), "desiredCount: 2", "desiredCount: 1", 1))
		}
		e := w.engine()
		defer w.run(e)()
		w.until("all ready", func() bool { return w.told(EventPass, "12 services ready") > 0 })
		passes := w.told(EventPass, "")
		mark := len(w.sandbox.Journal())
		w.until("another pass", func() bool { return w.told(EventPass, "") > passes })
		entries := w.sandbox.Journal()[mark:]
		if n, about := calls(entries, "DescribeServices"); n != 2 { // ten services a call
			t.Errorf("%d DescribeServices in one pass over %d services: %s", n, many, about)
		}
		if n, _ := calls(entries, "DescribeScalableTargets"); n > 1 {
			t.Errorf("%d DescribeScalableTargets", n)
		}
		if n, _ := calls(entries, "DescribeServiceDeployments"); n > 0 {
			t.Errorf("%d DescribeServiceDeployments of idle services", n)
		}
		mark = len(w.sandbox.Journal())
		w.files.put("07.yaml", strings.Replace(hello("s07", "nginx:1.30"), "desiredCount: 2", "desiredCount: 1", 1))
		w.until("the edit", func() bool { return w.done("UpdateService") == 1 })
		if _, about := calls(w.sandbox.Journal()[mark:], "DescribeServices"); strings.Trim(strings.ReplaceAll(about, "s07", ""), " ") != "" {
			t.Errorf("an edit of s07 read %s", about)
		}
	})
}

// The source revision is written where tags are written anyway, and never alone.
func TestRevisionTag(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world) {
		revision := func() string {
			for _, tag := range w.service("web").Tags {
				if aws.ToString(tag.Key) == resource.TagRevision {
					return aws.ToString(tag.Value)
				}
			}
			return ""
		}
		w.files.put("web.yaml", web)
		e := w.engine()
		w.wait(e)
		first := w.load(e).Revision
		if revision() != first {
			t.Errorf("revision %q, want %q", revision(), first)
		}
		w.files.put("web.yaml", web+"# a comment\n")
		mark := w.mark()
		w.wait(e)
		w.quiet(mark, "a comment")
		w.files.put("web.yaml", strings.Replace(web, "nginx:1.29", "nginx:1.30", 1))
		w.wait(e)
		if second := w.load(e).Revision; revision() != second || second == first {
			t.Errorf("revision %q, want %q", revision(), second)
		}
	})
}

// A rule's create is not idempotent, so a fresh process waits before it makes
// one beside a target group that is there; a one-shot command waits it out.
func TestOneShotWaitsOutTheGrace(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world) {
		w.files.put("web.yaml", web)
		w.wait(w.engine())
		c := w.person()
		rules, err := c.Read.ELB.DescribeRules(t.Context(), &elb.DescribeRulesInput{ListenerArn: aws.String(
			"arn:aws:elasticloadbalancing:us-east-1:123456789012:listener/app/main/0123456789abcdef/fedcba9876543210")})
		w.ok(err)
		for _, r := range rules.Rules {
			if !aws.ToBool(r.IsDefault) {
				_, err := c.Write.ELB.DeleteRule(t.Context(), &elb.DeleteRuleInput{RuleArn: r.RuleArn})
				w.ok(err)
			}
		}
		e := w.engine()
		for _, s := range e.Plan(t.Context(), w.load(e).Units)[0].Steps {
			if s.ID.Kind == resource.KindListenerRule && (s.Action != "create" || s.Blocked != "") {
				t.Errorf("diff says %s %s", s.Action, s.Blocked)
			}
		}
		o := w.apply(w.engine(), ApplyOptions{})["web"]
		w.want(o, status.StateReady, status.Synced, 0)
		if n := w.told(EventState, "rule/web is not there; it is created when it stays away for 2s, since another run may just have made it"); n != 1 {
			t.Errorf("the wait was told %d times\n%s", n, w.story())
		}
		if n := w.done("CreateRule"); n != 2 {
			t.Errorf("%d CreateRule", n)
		}
	})
}

// Who stops waiting stops nothing else.
func TestCancelledWaitLeavesTheDeploymentAlone(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world) {
		w.files.put("hello.yaml", hello("hello", "nginx:1.29"))
		e := w.engine()
		units := w.load(e).Units
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan []Outcome, 1)
		go func() { done <- e.Apply(ctx, units, ApplyOptions{Wait: true}) }()
		w.until("the rollout", func() bool { return w.told(EventState, "rollout in progress") > 0 })
		cancel()
		out := <-done
		if out[0].Err != context.Canceled || out[0].Status.Reason != status.RolloutInProgress {
			t.Errorf("%v, %s", out[0].Err, out[0].Status.Reason)
		}
		if n := w.done("StopServiceDeployment"); n != 0 {
			t.Error("the deployment was stopped")
		}
		w.sandbox.Advance(hour)
		w.want(w.apply(w.engine(), ApplyOptions{})["hello"], status.StateReady, status.Synced, 0)
	})
}
