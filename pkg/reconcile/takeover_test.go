package reconcile

import (
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	elb "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2"
	"github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2/types"

	"github.com/google/go-cmp/cmp"

	"github.com/ecs-operator/ecs-operator/pkg/resource"
	"github.com/ecs-operator/ecs-operator/pkg/sandbox"
	"github.com/ecs-operator/ecs-operator/pkg/status"
)

// behind counts, for every rule that sends requests somewhere, the healthy targets
// in each target group that gets some of them.
func behind(v *sandbox.World) map[string]int {
	out := map[string]int{}
	for _, r := range v.ELB.Rules {
		if slices.ContainsFunc(r.Value.Conditions, func(c types.RuleCondition) bool {
			return c.HttpHeaderConfig != nil && aws.ToString(c.HttpHeaderConfig.HttpHeaderName) == "x-ecs-operator-not-yet"
		}) {
			continue // no request comes through it
		}
		for _, a := range r.Value.Actions {
			if a.ForwardConfig == nil {
				continue
			}
			for _, tuple := range a.ForwardConfig.TargetGroups {
				if aws.ToInt32(tuple.Weight) == 0 {
					continue
				}
				arn := aws.ToString(tuple.TargetGroupArn)
				key := fmt.Sprintf("priority %s → %s", aws.ToString(r.Value.Priority), arn[strings.LastIndex(arn, ":")+1:])
				out[key] += 0
				for _, tg := range v.ELB.TargetGroups {
					if aws.ToString(tg.Value.TargetGroupArn) != arn {
						continue
					}
					for _, target := range tg.Targets {
						if target.State == types.TargetHealthStateEnumHealthy {
							out[key]++
						}
					}
				}
			}
		}
	}
	return out
}

// load is what watches a takeover: at no moment are there fewer healthy targets
// behind a rule than wanted.
type load struct {
	want int

	mu      sync.Mutex
	moments int
	broken  []string
}

func (l *load) see(v *sandbox.World, event string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.moments++
	for at, n := range behind(v) {
		if n < l.want && len(l.broken) < 10 {
			l.broken = append(l.broken, fmt.Sprintf("%s after %s: %d healthy behind %s, want %d", v.Clock.Format("15:04:05"), event, n, at, l.want))
		}
	}
}

// seen is what was found, and at how many moments was looked.
func (l *load) seen() (broken []string, moments int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return slices.Clone(l.broken), l.moments
}

// check fails the test for each moment that had too few.
func (l *load) check(t *testing.T) {
	t.Helper()
	broken, _ := l.seen()
	for _, b := range broken {
		t.Error(b)
	}
}

// port gives the document's target group another port, which AWS changes on none.
func port(doc string, to int) string {
	return strings.Replace(doc, "protocol: HTTP, port: 80,", fmt.Sprintf("protocol: HTTP, port: %d,", to), 1)
}

// A target group whose port changes is replaced, and whatever happens in the
// world in between, no request finds fewer healthy targets than before.
func TestTargetGroupTakesOver(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world) {
		w.files.put("web.yaml", web)
		w.want(w.wait(w.engine())["web"], status.StateReady, status.Synced, 0)
		old := w.groups()
		l := &load{want: 2}
		w.watchBy(l.see)
		mark := w.mark()
		w.files.put("web.yaml", port(web, 81))
		w.want(w.wait(w.engine())["web"], status.StateReady, status.Synced, 0)
		var operations []string
		for _, line := range w.writes(mark) {
			operation, _, _ := strings.Cut(line, " ")
			operations = append(operations, operation)
		}
		if d := cmp.Diff([]string{
			"CreateTargetGroup", "ModifyTargetGroupAttributes", // it stands beside the old one,
			"ModifyRule",                      // behind the rule without requests,
			"UpdateService",                   // and the service registers its tasks in both;
			"ModifyRule",                      // the requests go to the new one,
			"PutMetricAlarm", "UpdateService", // the service leaves the old one,
			"ModifyRule",        // and so does the rule;
			"DeleteTargetGroup", // nobody uses it any more
		}, operations); d != "" {
			t.Errorf("the order (-want +got):\n%s", d)
		}
		l.check(t)
		if _, moments := l.seen(); moments < 50 {
			t.Errorf("only %d moments were looked at", moments)
		}
		now := w.groups()
		if len(old) != 1 || len(now) != 1 || old[0] == now[0] {
			t.Errorf("target groups %v became %v", old, now)
		}
		mark = w.mark()
		w.want(w.apply(w.engine(), ApplyOptions{})["web"], status.StateReady, status.Synced, 0)
		w.quiet(mark, "afterwards")
	})
}

// groups are the target groups that exist, by ARN.
func (w *world) groups() []string {
	w.t.Helper()
	out, err := w.person().Read.ELB.DescribeTargetGroups(w.t.Context(), nil)
	w.ok(err)
	var arns []string
	for _, tg := range out.TargetGroups {
		arns = append(arns, aws.ToString(tg.TargetGroupArn))
	}
	return arns
}

// What is watched for does happen when the order is wrong: the requests go to the
// new target group at once, as policy.recreate did it.
func TestAWrongOrderIsSeen(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world) {
		w.kinds = func(all []resource.Kind) []resource.Kind {
			for i, k := range all {
				if k.Name() == resource.KindTargetGroup {
					all[i] = rash{k}
				}
			}
			return all
		}
		w.files.put("web.yaml", web)
		w.wait(w.engine())
		l := &load{want: 2}
		w.watchBy(l.see)
		w.files.put("web.yaml", port(web, 81)+"  policy: {recreate: true}\n")
		w.wait(w.engine())
		if broken, _ := l.seen(); len(broken) == 0 {
			t.Error("nobody noticed")
		}
	})
}

// rash are target groups that cannot take over from one another.
type rash struct{ resource.Kind }

// A rule of somebody else that leads to the old target group keeps the service in
// it, and is named; when it has gone elsewhere the takeover goes on.
func TestAForeignRuleHoldsATakeover(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world) {
		w.files.put("web.yaml", web)
		w.wait(w.engine())
		old := w.groups()[0]
		api := w.person().Write.ELB
		made, err := api.CreateRule(t.Context(), &elb.CreateRuleInput{ListenerArn: aws.String(listener), Priority: aws.Int32(5),
			Conditions: []types.RuleCondition{{Field: aws.String("path-pattern"), Values: []string{"/theirs"}}},
			Actions:    []types.Action{{Type: types.ActionTypeEnumForward, TargetGroupArn: &old}}})
		w.ok(err)
		l := &load{want: 2}
		w.watchBy(l.see)
		w.files.put("web.yaml", port(web, 81))
		o := w.apply(w.engine(), ApplyOptions{Wait: true, Timeout: 10 * minute})["web"]
		w.want(o, status.StateStalled, status.NotOurs, 3)
		if !strings.Contains(o.Status.Why, "main:80 priority 5") {
			t.Errorf("it says %q", o.Status.Why)
		}
		for range 20 { // it stays so, and the deployment goes on
			w.sleep(minute)
			o = w.apply(w.engine(), ApplyOptions{})["web"]
		}
		w.want(o, status.StateStalled, status.NotOurs, 3)
		if n := len(w.service("web").LoadBalancers); n != 2 {
			t.Errorf("the service stands in %d target groups, want both", n)
		}
		_, err = api.DeleteRule(t.Context(), &elb.DeleteRuleInput{RuleArn: made.Rules[0].RuleArn})
		w.ok(err)
		w.want(w.wait(w.engine())["web"], status.StateReady, status.Synced, 0)
		l.check(t)
	})
}

const listener = "arn:aws:elasticloadbalancing:us-east-1:123456789012:listener/app/main/0123456789abcdef/fedcba9876543210"
