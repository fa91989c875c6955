package main

import (
	"context"
	"fmt"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	"github.com/aws/aws-sdk-go-v2/service/ecs"
	"github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2"

	"github.com/ecs-operator/ecs-operator/pkg/sandbox"
)

// sdkConfig points the plain SDK at an embedded AWS.
func sdkConfig(url string) aws.Config {
	return aws.Config{Region: sandbox.Region, BaseEndpoint: aws.String(url),
		Credentials: credentials.NewStaticCredentialsProvider("sandbox", "sandbox", "")}
}

// census counts what an account holds, as the plain SDK sees it.
func census(t *testing.T, url string) map[string]int {
	t.Helper()
	ctx, cfg := context.Background(), sdkConfig(url)
	check := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	n := map[string]int{}
	services, err := ecs.NewFromConfig(cfg).ListServices(ctx, &ecs.ListServicesInput{Cluster: aws.String("default")})
	check(err)
	n["services"] = len(services.ServiceArns)
	revisions, err := ecs.NewFromConfig(cfg).ListTaskDefinitions(ctx, &ecs.ListTaskDefinitionsInput{})
	check(err)
	n["revisions"] = len(revisions.TaskDefinitionArns)
	elb := elasticloadbalancingv2.NewFromConfig(cfg)
	groups, err := elb.DescribeTargetGroups(ctx, &elasticloadbalancingv2.DescribeTargetGroupsInput{})
	check(err)
	n["target groups"] = len(groups.TargetGroups)
	rules, err := elb.DescribeRules(ctx, &elasticloadbalancingv2.DescribeRulesInput{ListenerArn: aws.String(quickstartListener)})
	check(err)
	n["rules"] = len(rules.Rules) - 1 // the listener's default
	alarms, err := cloudwatch.NewFromConfig(cfg).DescribeAlarms(ctx, &cloudwatch.DescribeAlarmsInput{AlarmNamePrefix: aws.String("ecs-operator/")})
	check(err)
	n["alarms"] = len(alarms.MetricAlarms)
	return n
}

const quickstartListener = "arn:aws:elasticloadbalancing:us-east-1:123456789012:listener/app/main/0123456789abcdef/fedcba9876543210"

// quickstartCensus is the quickstart, each thing once.
var quickstartCensus = map[string]int{"services": 3, "revisions": 3, "target groups": 1, "rules": 1, "alarms": 2}

func wantCensus(t *testing.T, url string) {
	t.Helper()
	got := census(t, url)
	for what, want := range quickstartCensus {
		if got[what] != want {
			t.Errorf("%d %s, want %d", got[what], what, want)
		}
	}
}

// TestKillInFirstApply kills the operator with -9 in the middle of its first
// apply, its AWS being a process of its own, and starts it again.
func TestKillInFirstApply(t *testing.T) {
	t.Parallel()
	for _, after := range []int{1, 4, 8} {
		t.Run(fmt.Sprintf("after %d writes", after), func(t *testing.T) {
			dir := workDir(t)
			_, url, env := serveUnderPolicy(t, dir)
			victim := start(t, dir, env, "apply", "--wait", "quickstart")
			for len(servedWrites(t, url)) < after {
				select {
				case <-victim.gone:
					text, _ := victim.output()
					t.Fatalf("ended before %d writes:\n%s", after, text)
				default:
				}
			}
			victim.kill()
			text := must(t, dir, env, 0, "apply", "--wait", "quickstart")
			if !strings.Contains(text, "3 services: 3 ready") {
				t.Errorf("not ready:\n%s", text)
			}
			wantCensus(t, url)
			before := servedWrites(t, url)
			must(t, dir, env, 0, "apply", "--wait", "quickstart")
			if now := servedWrites(t, url); len(now) != len(before) {
				t.Errorf("written once more:\n%s", strings.Join(now[len(before):], "\n"))
			}
			must(t, dir, env, 0, "diff", "quickstart")
		})
	}
}

// TestKillWithStateFile does the same where the embedded AWS dies with the
// operator, and lives on in its file.
func TestKillWithStateFile(t *testing.T) {
	t.Parallel()
	for _, after := range []int{2, 6} {
		t.Run(fmt.Sprintf("after %d writes", after), func(t *testing.T) {
			dir := workDir(t)
			env := cleanEnv(dir)
			state := filepath.Join(dir, "world.json")
			args := []string{"apply", "--wait", "--sandbox-state", state, "--sandbox-speed", fastWorld, "quickstart"}
			victim := start(t, dir, env, args...)
			for {
				if entries, err := journalOf(state); err == nil && len(writesIn(entries)) >= after {
					break
				}
				select {
				case <-victim.gone:
					text, _ := victim.output()
					t.Fatalf("ended before %d writes:\n%s", after, text)
				default:
				}
			}
			victim.kill()
			must(t, dir, env, 0, args...)
			_, url, _ := serveSandbox(t, dir, "--sandbox-state", state)
			wantCensus(t, url)
		})
	}
}

// killer kills the operator when its nth write arrives at AWS, once it is armed: so
// that the write is lost, or only its answer.
type killer struct {
	n      int
	lost   bool
	armed  atomic.Bool
	victim chan *proc
	once   sync.Once
	seen   atomic.Int64
}

func (k *killer) fault(_ context.Context, c sandbox.Call) *sandbox.Fault {
	if !c.Write || !k.armed.Load() || k.seen.Add(1) < int64(k.n) {
		return nil
	}
	var fault *sandbox.Fault
	k.once.Do(func() {
		(<-k.victim).kill()
		if k.lost {
			fault = &sandbox.Fault{Drop: true}
		}
	})
	return fault
}

// run starts the operator, which is killed.
func (k *killer) run(t *testing.T, dir string, env []string, args ...string) {
	t.Helper()
	p := start(t, dir, env, args...)
	k.victim <- p
	<-p.gone
	if p.cmd.ProcessState.Exited() {
		text, _ := p.output()
		t.Fatalf("ended before write %d:\n%s", k.n, text)
	}
}
