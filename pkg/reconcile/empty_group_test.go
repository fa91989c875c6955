package reconcile

import (
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2"
	elbtypes "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2/types"

	"github.com/ecs-operator/ecs-operator/pkg/plan"
	"github.com/ecs-operator/ecs-operator/pkg/resource"
	"github.com/ecs-operator/ecs-operator/pkg/sandbox"
	"github.com/ecs-operator/ecs-operator/pkg/status"
)

// only is a desert of one rule.
func (d *desert) only(at string) func(*sandbox.World, string) {
	return func(v *sandbox.World, event string) {
		var one desert
		one.see(v, event)
		d.mu.Lock()
		defer d.mu.Unlock()
		d.moments++
		for _, b := range one.broken {
			if strings.Contains(b, at) && len(d.broken) < 10 {
				d.broken = append(d.broken, b)
			}
		}
	}
}

// A service that is deployed with no tasks at all has not opened its rule: the
// deployment succeeds, the rule stays hidden, and all is as it shall be. When the count
// is raised, by the document or by anybody, the rule waits for a healthy task.
func TestNoTasksNoRequests(t *testing.T) {
	for name, raise := range map[string]func(w *world, doc string) string{
		"by the document": func(_ *world, doc string) string {
			return strings.Replace(doc, "desiredCount: 0", "desiredCount: 1", 1)
		},
		"by hand": func(w *world, doc string) string {
			w.scale("a", 1)
			return strings.Replace(doc, "spec:\n", "spec:\n  policy: {desiredCount: initial}\n", 1)
		},
	} {
		t.Run(name, func(t *testing.T) {
			inWorld(t, func(t *testing.T, w *world) {
				w.engine()
				w.somebody(900, "/*")
				d := &desert{}
				w.watchBy(d.see)
				doc := strings.Replace(ruled("a", "web 10 "+onPath("/a/*")), "desiredCount: 1", "desiredCount: 0", 1)
				w.files.put("a.yaml", doc)
				w.allReady(w.wait(w.engine()))
				w.wantRules("with no tasks", "a/web? 10", "somebody's 900")
				since := w.mark()
				out := w.apply(w.engine(), ApplyOptions{})
				w.allReady(out)
				w.quiet(since, "with no tasks")
				if !slices.ContainsFunc(out["a"].Plan.Steps, func(s plan.Step) bool {
					return s.ID.Kind == resource.KindListenerRule && strings.Contains(s.Why, "when the service has tasks")
				}) {
					t.Errorf("nobody says it: %s", steps(out["a"]))
				}

				w.files.put("a.yaml", raise(w, doc))
				for range 40 {
					w.apply(w.engine(), ApplyOptions{})
					w.sleep(minute / 20)
				}
				w.allReady(w.wait(w.engine()))
				w.wantRules("with a task", "a/web 10", "somebody's 900")
				d.check(t)
			})
		})
	}
}

// A rule, or a default action, that answers by itself is turned to a forward when
// somebody is healthy there. Where nothing else leads to the target group, ECS would
// refuse the service: the plan says what to do.
func TestAnswersAreTurnedWhenSomebodyIsThere(t *testing.T) {
	answers := map[string]string{
		"fixed-response": `{type: fixed-response, fixedResponseConfig: {statusCode: "503", contentType: text/plain, messageBody: soon}}`,
		"redirect":       `{type: redirect, redirectConfig: {protocol: HTTPS, port: "443", statusCode: HTTP_302}}`,
	}
	const forward = `{type: forward, targetGroupArn: "$(targetGroups.web.arn)"}`
	for name, answer := range answers {
		t.Run(name, func(t *testing.T) {
			inWorld(t, func(t *testing.T, w *world) {
				w.engine()
				d := &desert{}
				w.watchBy(d.only("priority 10 "))
				doc := ruled("a", "web 10 "+onPath("/a/*"), "probe 20 "+onPath("/probe"))
				before := strings.Replace(doc, forward, answer, 1)
				before = lineOut(before, "    loadBalancers:")
				w.files.put("a.yaml", before)
				w.allReady(w.wait(w.engine()))

				alone := without(doc, "    probe:", "")
				w.files.put("a.yaml", alone)
				w.apply(w.engine(), ApplyOptions{})
				w.files.put("a.yaml", doc)
				first := w.apply(w.engine(), ApplyOptions{})["a"]
				if !slices.ContainsFunc(first.Plan.Steps, func(s plan.Step) bool {
					return s.ID.Name == "web" && s.Blocked == status.Waiting && strings.Contains(s.Changes[0].Note, "until then the rule answers as it does now")
				}) {
					t.Errorf("the second step is not shown: %s", steps(first))
				}
				w.allReady(w.wait(w.engine()))
				if got := w.action("10"); got != elbtypes.ActionTypeEnumForward {
					t.Errorf("in the end the rule does %s", got)
				}
				since := w.mark()
				w.allReady(w.wait(w.engine()))
				w.quiet(since, "afterwards")
				d.check(t)
			})
		})
	}
	t.Run("alone", func(t *testing.T) {
		inWorld(t, func(t *testing.T, w *world) {
			w.engine()
			w.somebody(10, "/a/*")
			doc := strings.Replace(ruled("a", "web 10 "+onPath("/a/*")), "spec:\n", "spec:\n  policy: {adopt: true}\n", 1)
			w.files.put("a.yaml", doc)
			w.apply(w.engine(), ApplyOptions{})
			w.apply(w.engine(), ApplyOptions{})
			out := w.apply(w.engine(), ApplyOptions{})["a"]
			if out.Status.Reason != status.NeedsRecreate || !strings.Contains(out.Status.Why, "rule/web answers by itself until somebody is healthy there; let another one lead to it too, or policy.recreate: true turns it at once") {
				t.Errorf("%s %s", out.Status.Reason, out.Status.Why)
			}
			if got := w.action("10"); got != elbtypes.ActionTypeEnumFixedResponse {
				t.Errorf("the rule does %s", got)
			}
			w.files.put("a.yaml", strings.Replace(doc, "adopt: true", "adopt: true, recreate: true", 1))
			w.allReady(w.wait(w.engine()))
		})
	})
}

// action is what the rule of a priority does.
func (w *world) action(priority string) elbtypes.ActionTypeEnum {
	w.t.Helper()
	out, err := w.raw().Read.ELB.DescribeRules(w.t.Context(), &elasticloadbalancingv2.DescribeRulesInput{ListenerArn: aws.String(mainListener)})
	w.ok(err)
	for _, r := range out.Rules {
		if aws.ToString(r.Priority) == priority {
			return r.Actions[0].Type
		}
	}
	return ""
}
