package reconcile

import (
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	elb "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2"
	"github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2/types"

	"github.com/ecs-operator/ecs-operator/pkg/sandbox"
	"github.com/ecs-operator/ecs-operator/pkg/status"
)

// underLoad brings a document up, lets requests come, and changes it; what finds
// fewer healthy targets from then on fails the test.
func (w *world) underLoad(before string, then func()) {
	w.t.Helper()
	w.files.put("web.yaml", before)
	w.want(w.wait(w.engine())["web"], status.StateReady, status.Synced, 0)
	l := &load{want: 2}
	w.watchBy(l.see)
	then()
	w.watchBy(nil)
	l.check(w.t)
}

// end waits until the document as it is now stands alone.
func (w *world) end(doc string, groups int) {
	w.t.Helper()
	w.files.put("web.yaml", doc)
	w.want(w.wait(w.engine())["web"], status.StateReady, status.Synced, 0)
	if have := w.groups(); len(have) != groups {
		w.t.Errorf("target groups %v, want %d", have, groups)
	}
	mark := w.mark()
	w.want(w.apply(w.engine(), ApplyOptions{})["web"], status.StateReady, status.Synced, 0)
	w.quiet(mark, "afterwards")
}

// A release that fails in the middle of a takeover is taken back by ECS, and the
// requests never left the old target group.
func TestATakeoverWithABadRelease(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world) {
		w.underLoad(web, func() {
			w.files.put("web.yaml", strings.Replace(port(web, 81), "nginx:1.29", "nginx:unhealthy", 1))
			w.want(w.wait(w.engine())["web"], status.StateStalled, status.RolledBack, 5)
			mark := w.mark()
			w.apply(w.engine(), ApplyOptions{})
			w.quiet(mark, "while it is quarantined")
			w.end(strings.Replace(port(web, 81), "nginx:1.29", "nginx:1.30", 1), 1)
		})
	})
}

// The document may change its mind at any point of a takeover: back, or to a third.
func TestATakeoverIsTakenBack(t *testing.T) {
	t.Parallel()
	for _, to := range []int{80, 82} {
		step := 1
		if testing.Short() {
			step = 6
		}
		for passes := 0; passes < 24; passes += step {
			inWorld(t, func(t *testing.T, w *world) {
				w.underLoad(web, func() {
					w.files.put("web.yaml", port(web, 81))
					for range passes {
						w.apply(w.engine(), ApplyOptions{})
						w.sleep(minute / 20) // half a minute of the world
					}
					w.end(port(web, to), 1)
				})
			})
		}
	}
}

// A written name stays with the first; its successors are told by "-hash", within
// the 32 characters of AWS.
func TestNamesInATakeover(t *testing.T) {
	for _, name := range []string{"shop", "a-name-that-is-32-characters-long"[:32]} {
		inWorld(t, func(t *testing.T, w *world) {
			named := strings.Replace(web, "web: {protocol: HTTP,", "web: {name: "+name+", protocol: HTTP,", 1)
			called := func() string {
				arn := w.groups()[0]
				return strings.Split(arn[strings.Index(arn, ":targetgroup/"):], "/")[1]
			}
			w.underLoad(named, func() {
				if called() != name {
					t.Errorf("the first is %s", called())
				}
				w.end(port(named, 81), 1)
				next := called()
				if next == name || len(next) > 32 || !strings.HasPrefix(next, name[:min(len(name), 23)]) {
					t.Errorf("the second is %s", next)
				}
				w.end(port(named, 82), 1)
				if third := called(); third != name {
					t.Errorf("the third is %s, and the name is free", third)
				}
				w.end(named, 1)
				if back := called(); back == name || back == next {
					t.Errorf("the fourth is %s", back)
				}
			})
		})
	}
}

// Rules turn one by one, each with its own weights, and a rule that comes in the
// meantime leads to where the tasks are.
func TestATakeoverBehindSeveralRules(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world) {
		more := strings.Replace(web, "  service:\n", `    api:
      listenerArn: `+listener+`
      priority: 8
      conditions: [{field: path-pattern, pathPatternConfig: {values: ["/api/*"]}}]
      actions:
        - type: forward
          forwardConfig:
            targetGroups: [{targetGroupArn: "$(targetGroups.web.arn)", weight: 90}, {targetGroupArn: "$(targetGroups.other.arn)", weight: 10}]
            targetGroupStickinessConfig: {enabled: true, durationSeconds: 60}
  service:
`, 1)
		more = strings.Replace(more, "  listenerRules:\n", `    other: {protocol: HTTP, port: 80, targetType: ip, vpcId: vpc-0sandbox, attributes: {deregistration_delay.timeout_seconds: "30"}}
  listenerRules:
`, 1)
		more = strings.Replace(more, "loadBalancers: [", `loadBalancers: [{targetGroupArn: "$(targetGroups.other.arn)", containerName: web, containerPort: 80}, `, 1)
		w.underLoad(more, func() {
			third := strings.Replace(port(more, 81), "  service:\n", `    late:
      listenerArn: `+listener+`
      priority: 7
      conditions: [{field: path-pattern, pathPatternConfig: {values: ["/late/*"]}}]
      actions: [{type: forward, targetGroupArn: "$(targetGroups.web.arn)"}]
  service:
`, 1)
			w.end(third, 2)
		})
	})
}

// A rule that the document drops while a target group takes over leads to the old one:
// with policy.prune it goes when everything else has turned, without it a person is
// told whose it is, and what to do.
func TestARuleIsDroppedInATakeover(t *testing.T) {
	more := strings.Replace(web, "  service:\n", `    api:
      listenerArn: `+listener+`
      priority: 8
      conditions: [{field: path-pattern, pathPatternConfig: {values: ["/api/*"]}}]
      actions: [{type: forward, targetGroupArn: "$(targetGroups.web.arn)"}]
  service:
`, 1)
	for _, passes := range []int{0, 1, 6} {
		inWorld(t, func(t *testing.T, w *world) {
			w.underLoad(more, func() {
				w.files.put("web.yaml", port(more, 81))
				for range passes {
					w.apply(w.engine(), ApplyOptions{})
					w.sleep(minute / 20)
				}
				w.files.put("web.yaml", port(web, 81))
				o := w.apply(w.engine(), ApplyOptions{Wait: true, Timeout: 10 * minute})["web"]
				if passes == 6 { // the service has left: the rule is told, and what it leads to stays with it
					w.want(o, status.StateReady, status.Synced, 0)
				} else if w.want(o, status.StateStalled, status.NotOurs, 3); !strings.Contains(o.Status.Why, "rule/api (main:80 priority 8) leads to ") || !strings.Contains(o.Status.Why, "no document names it any more: policy.prune: true deletes it, or let the document name it again") {
					t.Errorf("after %d passes it says %q", passes, o.Status.Why)
				}
				w.end(policy(port(web, 81), "prune: true"), 1)
				w.wantRules("in the end", "web/web 10")
			})
		})
	}
}

// What cannot serve side by side is not replaced unasked, and nothing is written.
func TestNoTakeover(t *testing.T) {
	for name, c := range map[string]struct{ edit, says string }{
		"targetType": {"targetType: ip => targetType: instance", "targetType ip and instance cannot serve one service at a time"},
		"protocol":   {"protocol: HTTP, => protocol: TCP,", "no load balancer speaks both HTTP and TCP"},
		"ignored":    {"  service:\n => \n  policy: {ignore: [\"listenerRules.web.actions\"]}\n  service:\n", "policy.ignore keeps rule/web from being moved"},
	} {
		t.Run(name, func(t *testing.T) {
			inWorld(t, func(t *testing.T, w *world) {
				w.underLoad(web, func() {
					old, next, _ := strings.Cut(c.edit, " => ")
					edited := strings.Replace(web, old, next, 1)
					if name == "ignored" {
						edited = port(edited, 81)
					}
					w.files.put("web.yaml", edited)
					mark := w.mark()
					o := w.wait(w.engine())["web"]
					w.want(o, status.StateStalled, status.NeedsRecreate, 3)
					if !strings.Contains(o.Status.Why, c.says) {
						t.Errorf("it says %q, want %q", o.Status.Why, c.says)
					}
					w.quiet(mark, "without policy.recreate")
				})
			})
		})
	}
}

// Whoever leads to a target group: the service comes after that, and until then the
// plan says what is missing, instead of AWS.
func TestAServiceWaitsForWhoLeadsToItsGroup(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world) {
		a, b := strings.Index(web, "  listenerRules:"), strings.Index(web, "  service:\n")
		bare := web[:a] + web[b:]
		w.files.put("web.yaml", bare)
		o := w.apply(w.engine(), ApplyOptions{})["web"]
		w.want(o, status.StateProgressing, status.DependencyMissing, 1)
		if !strings.Contains(o.Status.Why, "no rule or listener leads to target-group/web yet") || w.done("CreateService") > 0 {
			t.Errorf("it says %q; writes %v", o.Status.Why, w.writes(0))
		}
		group := w.groups()[0]
		_, err := w.person().Write.ELB.ModifyListener(t.Context(), &elb.ModifyListenerInput{ListenerArn: aws.String(listener),
			DefaultActions: []types.Action{{Type: types.ActionTypeEnumForward, TargetGroupArn: &group}}})
		w.ok(err)
		w.want(w.wait(w.engine())["web"], status.StateReady, status.Synced, 0)

		// And such a group is not replaced: the listener is not the document's.
		w.files.put("web.yaml", port(bare, 81))
		mark := w.mark()
		o = w.wait(w.engine())["web"]
		w.want(o, status.StateStalled, status.NeedsRecreate, 3)
		if !strings.Contains(o.Status.Why, "main:80 default action leads to it and is not this document's") {
			t.Errorf("it says %q", o.Status.Why)
		}
		w.quiet(mark, "while somebody else's listener leads to it")
	})
}

// The daemon goes through a takeover by itself, and is idle afterwards.
func TestTheDaemonTakesOver(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world) {
		w.underLoad(web, func() {
			e := w.engine()
			stop := w.run(e)
			w.until("ready", stands(e, "web", status.Synced))
			w.files.put("web.yaml", port(web, 81))
			w.until("deleted", func() bool { return w.done("DeleteTargetGroup") == 1 })
			w.until("ready again", stands(e, "web", status.Synced))
			mark := w.mark()
			w.sleep(5 * minute)
			w.quiet(mark, "idle")
			stop()
		})
	})
}

// Who may not read the targets' health is told that, and no replacement is offered.
func TestATakeoverThatMayNotLook(t *testing.T) {
	for _, recreate := range []string{"", "\n  policy: {recreate: true}\n"} {
		inWorld(t, func(t *testing.T, w *world) {
			w.underLoad(web, func() {
				w.files.put("web.yaml", port(web, 81)+recreate)
				w.spoil(always(sandbox.Fault{Code: "AccessDenied", Message: "no", Status: 403}, "DescribeTargetHealth"))
				mark := w.mark()
				w.want(w.apply(w.engine(), ApplyOptions{})["web"], status.StateStalled, status.AccessDenied, 1)
				w.quiet(mark, "without DescribeTargetHealth")
			})
		})
	}
}

// A saved plan of a takeover is carried out to its end.
func TestASavedTakeover(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world) {
		w.underLoad(web, func() {
			w.files.put("web.yaml", port(web, 81))
			w.want(w.carryOut(w.save(), true)["web"], status.StateReady, status.Synced, 0)
			if n := len(w.groups()); n != 1 {
				t.Errorf("%d target groups are left", n)
			}
		})
	})
}

// One takeover after another is no fight over the rule's weights.
func TestTakeoversAreNoFight(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world) {
		w.underLoad(web, func() {
			e := w.engine()
			defer w.run(e)()
			for i := range 6 {
				w.files.put("web.yaml", port(web, 81+i%2))
				w.until("deleted", func() bool { return w.done("DeleteTargetGroup") == i+1 })
				w.until("ready", stands(e, "web", status.Synced))
			}
			if n := w.told(EventDrift, ""); n > 0 {
				t.Errorf("%d events of drift:\n%s", n, w.story())
			}
		})
	})
}

// What cannot be read is not moved: while nobody knows who serves, neither the
// service nor a rule is written.
func TestATakeoverInTheDark(t *testing.T) {
	for _, operation := range []string{"DescribeTargetHealth", "DescribeListeners"} {
		inWorld(t, func(t *testing.T, w *world) {
			w.underLoad(web, func() {
				w.files.put("web.yaml", port(web, 81))
				w.apply(w.engine(), ApplyOptions{})
				w.sleep(minute)
				w.spoil(always(sandbox503, operation))
				mark := w.mark()
				o := w.apply(w.engine(), ApplyOptions{})["web"]
				w.quiet(mark, "without "+operation)
				if o.Status.Reason == status.Synced {
					t.Errorf("without %s it is %s", operation, o.Status.Reason)
				}
				w.spoil(nil)
				w.end(port(web, 81), 1)
			})
		})
	}
}

var sandbox503 = sandbox.Fault{Code: "ServiceUnavailable", Message: "try later", Status: 503}
