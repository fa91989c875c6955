package reconcile

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2"
	elbtypes "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2/types"

	"github.com/ecs-operator/ecs-operator/pkg/awsclient"
	"github.com/ecs-operator/ecs-operator/pkg/resource"
	"github.com/ecs-operator/ecs-operator/pkg/status"
)

// The listener of the documented world.
const mainListener = "arn:aws:elasticloadbalancing:us-east-1:123456789012:listener/app/main/0123456789abcdef/fedcba9876543210"

// ruled is a service behind the load balancer with the given rules, each
// "NAME PRIORITY CONDITIONS".
func ruled(name string, rules ...string) string {
	var b strings.Builder
	fmt.Fprintf(&b, `apiVersion: ecs-operator/v1
kind: Service
metadata: {name: %s}
spec:
  cluster: default
  taskDefinition:
    networkMode: awsvpc
    requiresCompatibilities: [FARGATE]
    cpu: "256"
    memory: "512"
    executionRoleArn: arn:aws:iam::123456789012:role/ecsTaskExecutionRole
    containerDefinitions:
      - {name: web, image: "nginx:1.29", portMappings: [{containerPort: 80}]}
  targetGroups:
    web: {protocol: HTTP, port: 80, targetType: ip, vpcId: vpc-0sandbox}
  service:
    launchType: FARGATE
    desiredCount: 1
    networkConfiguration:
      awsvpcConfiguration: {subnets: [subnet-0sandboxa], securityGroups: [sg-0sandbox]}
    loadBalancers: [{targetGroupArn: "$(targetGroups.web.arn)", containerName: web, containerPort: 80}]
    deploymentConfiguration:
      deploymentCircuitBreaker: {enable: true, rollback: true}
  listenerRules:
`, name)
	for _, r := range rules {
		part := strings.SplitN(r, " ", 3)
		fmt.Fprintf(&b, `    %s:
      listener: {loadBalancer: main, port: 80}
      priority: %s
      conditions: [%s]
      actions: [{type: forward, targetGroupArn: "$(targetGroups.web.arn)"}]
`, part[0], part[1], part[2])
	}
	return b.String()
}

func onPath(values ...string) string {
	return fmt.Sprintf("{field: path-pattern, values: [%s]}", strings.Join(values, ", "))
}

func (w *world) raw() *awsclient.Clients {
	w.t.Helper()
	return w.person()
}

// rules are the rules of a listener: "unit/key" or the path of one that nobody
// tagged, with its priority, in the listener's order; "?" marks a hidden one.
func (w *world) rules(listener string) []string {
	w.t.Helper()
	c := w.raw()
	out, err := c.Read.ELB.DescribeRules(w.t.Context(), &elasticloadbalancingv2.DescribeRulesInput{ListenerArn: &listener})
	if err != nil {
		w.t.Fatal(err)
	}
	var lines []string
	for _, r := range out.Rules {
		if aws.ToBool(r.IsDefault) {
			continue
		}
		tags, err := c.Read.ELB.DescribeTags(w.t.Context(), &elasticloadbalancingv2.DescribeTagsInput{ResourceArns: []string{*r.RuleArn}})
		if err != nil {
			w.t.Fatal(err)
		}
		have := map[string]string{}
		for _, t := range tags.TagDescriptions[0].Tags {
			have[*t.Key] = *t.Value
		}
		name := "somebody's"
		if unit := have[resource.TagUnit]; unit != "" {
			name = strings.TrimPrefix(unit, "default/") + strings.TrimPrefix(have[resource.TagKey], "rule")
		}
		for _, c := range r.Conditions {
			if c.HttpHeaderConfig != nil && *c.HttpHeaderConfig.HttpHeaderName == "x-ecs-operator-not-yet" {
				name += "?"
			}
		}
		lines = append(lines, name+" "+*r.Priority)
	}
	return lines
}

func (w *world) wantRules(when string, want ...string) {
	w.t.Helper()
	if have := w.rules(mainListener); !slices.Equal(have, want) {
		w.t.Errorf("%s: the listener has %q, want %q", when, have, want)
	}
}

// somebody makes a rule that is not ours.
func (w *world) somebody(priority int32, path string) string {
	w.t.Helper()
	out, err := w.raw().Write.ELB.CreateRule(w.t.Context(), &elasticloadbalancingv2.CreateRuleInput{ListenerArn: aws.String(mainListener), Priority: &priority,
		Conditions: []elbtypes.RuleCondition{{Field: aws.String("path-pattern"), Values: []string{path}}},
		Actions:    []elbtypes.Action{{Type: elbtypes.ActionTypeEnumFixedResponse, FixedResponseConfig: &elbtypes.FixedResponseActionConfig{StatusCode: aws.String("200")}}}})
	if err != nil {
		w.t.Fatal(err)
	}
	return *out.Rules[0].RuleArn
}

func (w *world) allReady(out map[string]Outcome) {
	w.t.Helper()
	for _, o := range out {
		w.want(o, status.StateReady, status.Synced, 0)
	}
}

// priority: auto gives a rule a place before the rules that would shadow it, with
// room around it; a rule keeps its place for life, and a second apply, another
// process too, writes nothing.
func TestAutoPriorities(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world) {
		w.files.put("all.yaml", ruled("all", "every auto "+onPath("/*")))
		w.files.put("api.yaml", ruled("api", "api auto "+onPath("/api/*")))
		w.allReady(w.wait(w.engine()))
		w.wantRules("both new", "api/api 1000", "all/every 1010")

		w.files.put("v2.yaml", ruled("v2", "v2 auto "+onPath("/api/v2/*"), "written 5 "+onPath("/written")))
		w.allReady(w.wait(w.engine()))
		w.wantRules("a narrower one", "v2/written 5", "v2/v2 500", "api/api 1000", "all/every 1010")

		since := w.mark()
		w.allReady(w.wait(w.engine()))
		w.quiet(since, "second apply")

		w.files.put("api.yaml", ruled("api", "api auto "+onPath("/api/*", "/rest/*")))
		w.allReady(w.wait(w.engine()))
		w.wantRules("an edited one stays", "v2/written 5", "v2/v2 500", "api/api 1000", "all/every 1010")
	})
}

// The number is the same whoever asks for it, whatever else is new: also when
// each document is applied by a process of its own, at once.
func TestAutoPrioritiesOfManyProcesses(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world) {
		const n = 6
		var wg sync.WaitGroup
		for i := range n {
			files := newMemory()
			name := fmt.Sprintf("s%d", i)
			files.put("a.yaml", ruled(name, "web auto "+onPath("/"+name+"/*")))
			e := w.engine()
			e.o.Source = files
			wg.Go(func() {
				l, err := e.Load(t.Context())
				if err != nil {
					t.Error(err)
					return
				}
				for _, o := range e.Apply(t.Context(), l.Units, ApplyOptions{Wait: true}) {
					w.want(o, status.StateReady, status.Synced, 0)
				}
			})
		}
		wg.Wait()
		var numbers []string
		for _, r := range w.rules(mainListener) {
			_, number, _ := strings.Cut(r, " ")
			numbers = append(numbers, number)
		}
		if want := []string{"1000", "1010", "1020", "1030", "1040", "1050"}; !slices.Equal(numbers, want) {
			t.Errorf("priorities %v, want %v", numbers, want)
		}
		if n := w.done("DeleteRule"); n != 0 {
			t.Errorf("%d rules were deleted", n)
		}
	})
}

// An allocated priority leaves alone what is written in any document, and what
// anybody else has.
func TestAutoAvoidsOthers(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world) {
		e := w.engine()
		w.somebody(1000, "/theirs")
		w.somebody(2000, "/*")
		w.files.put("a.yaml", ruled("a", "web auto "+onPath("/a")))
		w.files.put("b.yaml", ruled("b", "web 1010 "+onPath("/b")))
		w.allReady(w.wait(e))
		w.wantRules("theirs, written, allocated", "somebody's 1000", "b/web 1010", "a/web 1020", "somebody's 2000")
	})
}

// Rules change places in one call, and never by being made anew: two of one
// document, and two of two documents.
func TestRulesChangePlaces(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world) {
		w.files.put("a.yaml", ruled("a", "one 10 "+onPath("/one"), "two 20 "+onPath("/two"), "three 30 "+onPath("/three")))
		w.files.put("b.yaml", ruled("b", "web 40 "+onPath("/b")))
		w.allReady(w.wait(w.engine()))
		made := w.done("CreateRule")

		w.files.put("a.yaml", ruled("a", "one 20 "+onPath("/one"), "two 10 "+onPath("/two"), "three 300 "+onPath("/three")))
		w.allReady(w.wait(w.engine()))
		w.wantRules("of one document", "a/two 10", "a/one 20", "b/web 40", "a/three 300")
		if n := w.done("SetRulePriorities"); n != 1 {
			t.Errorf("%d calls moved three rules, want 1", n)
		}

		w.files.put("a.yaml", ruled("a", "one 20 "+onPath("/one"), "two 40 "+onPath("/two"), "three 300 "+onPath("/three")))
		w.files.put("b.yaml", ruled("b", "web 10 "+onPath("/b")))
		w.allReady(w.wait(w.engine()))
		w.wantRules("of two documents", "b/web 10", "a/one 20", "a/two 40", "a/three 300")
		if n := w.done("SetRulePriorities"); n != 2 {
			t.Errorf("%d calls in all, want 2", n)
		}
		if w.done("DeleteRule") != 0 || w.done("CreateRule") != made {
			t.Error("a rule was made anew to be moved")
		}
		since := w.mark()
		w.allReady(w.wait(w.engine()))
		w.quiet(since, "after the moves")
	})
}

// The rule of a suspended service is not moved out of anybody's way, nor is one
// whose document lets nothing be written.
func TestNobodyMovesWhatIsHeld(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world) {
		w.files.put("a.yaml", ruled("a", "web 10 "+onPath("/a")))
		w.files.put("b.yaml", ruled("b", "web 20 "+onPath("/b")))
		w.allReady(w.wait(w.engine()))
		w.files.put("a.yaml", ruled("a", "web 20 "+onPath("/a")))
		w.files.put("b.yaml", strings.Replace(ruled("b", "web 10 "+onPath("/b")), "spec:\n", "spec:\n  policy: {mode: observe}\n", 1))
		out := w.apply(w.engine(), ApplyOptions{})
		if out["a"].Status.State == status.StateReady || out["a"].Writes != 0 {
			t.Errorf("a: %s, %d writes", out["a"].Status.Reason, out["a"].Writes)
		}
		w.wantRules("held", "a/web 10", "b/web 20")
	})
}

// Somebody else's priority is never taken: the move is blocked, and says whose it is.
func TestSomebodysPriority(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world) {
		e := w.engine()
		w.somebody(20, "/theirs")
		w.files.put("a.yaml", ruled("a", "web 10 "+onPath("/a")))
		w.allReady(w.wait(e))
		w.files.put("a.yaml", ruled("a", "web 20 "+onPath("/a")))
		out := w.apply(w.engine(), ApplyOptions{})["a"]
		if out.Writes != 0 || out.Status.Reason != status.NotOurs || !strings.Contains(out.Status.Why, "priority 20 is that of the rule") {
			t.Errorf("%d writes, %s %s", out.Writes, out.Status.Reason, out.Status.Why)
		}
		w.wantRules("theirs stays", "a/web 10", "somebody's 20")
	})
}

// A number that was allocated to the rule of one document is not taken by another
// that writes it, not even with policy.adopt: the step says whose it is.
func TestAllocatedPriorityIsWrittenElsewhere(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world) {
		w.files.put("a.yaml", ruled("a", "web auto "+onPath("/a")))
		w.allReady(w.wait(w.engine()))
		w.files.put("b.yaml", strings.Replace(ruled("b", "web 1000 "+onPath("/b")), "spec:\n", "spec:\n  policy: {adopt: true}\n", 1))
		out := w.apply(w.engine(), ApplyOptions{})["b"]
		if out.Status.Reason != status.NotOurs || !strings.Contains(out.Status.Why, "priority 1000 is that of rule/web of default/a, which is not ours to move: choose another") {
			t.Errorf("%s %s", out.Status.Reason, out.Status.Why)
		}
		w.wantRules("it stays", "a/web 1000")
	})
}

// Two documents with one priority are both frozen; a rule that can never match and
// rules between which only order decides are warned of, with both places.
func TestRulesOfManyDocuments(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world) {
		e := w.engine()
		w.files.put("a.yaml", ruled("a", "web 10 "+onPath("/a/*")))
		w.files.put("b.yaml", ruled("b", "web 10 "+onPath("/b/*")))
		w.files.put("c.yaml", ruled("c", "late 30 "+onPath("/c/x"), "early 20 "+onPath("/c/*")))
		w.files.put("d.yaml", ruled("d", "web 40 {field: host-header, values: [d.example.com]}"))
		l := w.load(e)
		if len(l.Frozen) != 2 || l.reasons["default/a"] != status.NameConflict || l.reasons["default/b"] != status.NameConflict {
			t.Errorf("frozen: %v %v", l.Frozen, l.reasons)
		}
		var told []string
		for _, p := range l.Problems {
			told = append(told, p.String())
		}
		for _, want := range []string{
			"a.yaml:27:17: listenerRules.web: has priority 10 on its listener, as listenerRules.web of default/b (b.yaml:27:17) has",
			"c.yaml:27:17: warning: listenerRules.late: can never match: listenerRules.early of default/c (c.yaml:32:17) comes first and takes every request (path /c/*)",
			"d.yaml:27:17: warning: listenerRules.web: shares requests with listenerRules.early of default/c",
		} {
			if !slices.ContainsFunc(told, func(s string) bool { return strings.HasPrefix(s, want) }) {
				t.Errorf("nobody says %q:\n%s", want, strings.Join(told, "\n"))
			}
		}
	})
}

// What stands on the listener and in no document is found by the diff.
func TestShadowedByALiveRule(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world) {
		e := w.engine()
		w.somebody(5, "/a/*")
		w.files.put("a.yaml", ruled("a", "web 10 "+onPath("/a/b")))
		out := e.Inspect(t.Context(), w.load(e).Units)[0]
		found := false
		for _, s := range out.Plan.Steps {
			for _, n := range s.Notes {
				found = found || strings.Contains(n, "it can never match at priority 10: the rule") && strings.Contains(n, "of somebody else, which has priority 5 (path /a/*)")
			}
		}
		if !found {
			t.Errorf("not told: %+v", out.Plan.Steps)
		}
	})
}

// A listener is found by name and port or by tags; one that is missing, or more
// than one, is said to be so, and nothing is written.
func TestListenersByName(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world) {
		e := w.engine()
		c := w.raw()
		if _, err := c.Write.ELB.AddTags(t.Context(), &elasticloadbalancingv2.AddTagsInput{ResourceArns: []string{strings.Replace(mainListener[:strings.LastIndexByte(mainListener, '/')], ":listener/", ":loadbalancer/", 1)},
			Tags: []elbtypes.Tag{{Key: aws.String("team"), Value: aws.String("web")}}}); err != nil {
			t.Fatal(err)
		}
		doc := ruled("a", "web 10 "+onPath("/a"))
		with := func(ref string) string {
			return strings.Replace(doc, "listener: {loadBalancer: main, port: 80}", ref, 1)
		}
		for ref, want := range map[string]string{
			"listener: {loadBalancer: other, port: 80}": "{loadBalancer: other, port: 80} is not to be found: there is no load balancer of that name",
			"listener: {loadBalancer: main, port: 81}":  "no listener there has port 81",
			"listener: {tags: {team: nobody}}":          "no listener is known by that",
			"listener: {tags: {team: web}, port: 81}":   "no listener there has port 81",
		} {
			w.files.put("a.yaml", with(ref))
			out := e.Inspect(t.Context(), w.load(e).Units)[0]
			if out.Status.Reason != status.Unobserved || !strings.Contains(out.Status.Why, want) {
				t.Errorf("%s: %s %s", ref, out.Status.Reason, out.Status.Why)
			}
		}
		w.files.put("a.yaml", with("listener: {tags: {team: web}}"))
		w.allReady(w.wait(w.engine()))
		w.wantRules("by tags", "a/web 10")

		// A second listener of the same load balancer makes the tags mean two.
		if _, err := c.Write.ELB.CreateListener(t.Context(), &elasticloadbalancingv2.CreateListenerInput{LoadBalancerArn: aws.String(strings.Replace(mainListener[:strings.LastIndexByte(mainListener, '/')], ":listener/", ":loadbalancer/", 1)),
			Port: aws.Int32(8080), Protocol: elbtypes.ProtocolEnumHttp, DefaultActions: []elbtypes.Action{{Type: elbtypes.ActionTypeEnumFixedResponse, FixedResponseConfig: &elbtypes.FixedResponseActionConfig{StatusCode: aws.String("404")}}}}); err != nil {
			t.Fatal(err)
		}
		e = w.engine()
		out := e.Inspect(t.Context(), w.load(e).Units)[0]
		if !strings.Contains(out.Status.Why, "{tags: {team: web}} means 2 listeners") {
			t.Errorf("%s %s", out.Status.Reason, out.Status.Why)
		}
		w.files.put("a.yaml", with("listener: {tags: {team: web}, port: 80}"))
		since := w.mark()
		w.allReady(w.wait(w.engine()))
		w.quiet(since, "by tags and port")
	})
}

// A hundred rules of fifty documents stand on one listener: a second apply writes
// nothing, and a pass reads the listener in calls that do not grow with documents.
func TestHundredRules(t *testing.T) {
	t.Parallel()
	documents := 50
	if testing.Short() {
		documents = 12
	}
	inWorld(t, func(t *testing.T, w *world) {
		for i := range documents {
			name := fmt.Sprintf("s%02d", i)
			second := strconv.Itoa(100 + i)
			if i%2 == 1 {
				second = "auto"
			}
			w.files.put(name+".yaml", ruled(name, "web auto "+onPath("/"+name+"/*"), "other "+second+" "+onPath("/"+name+"/deep/*")))
		}
		out := w.wait(w.engine())
		if len(out) != documents {
			t.Fatalf("%d services", len(out))
		}
		w.allReady(out)
		if n := len(w.rules(mainListener)); n != 2*documents {
			t.Fatalf("%d rules", n)
		}
		since, calls := w.mark(), len(w.sandbox.Journal())
		w.allReady(w.wait(w.engine()))
		w.quiet(since, "second apply")
		counted := map[string]int{}
		for _, c := range w.sandbox.Journal()[calls:] {
			if c.Service == "elasticloadbalancing" {
				counted[c.Operation]++
			}
		}
		t.Logf("one pass over %d rules of %d documents: %v", 2*documents, documents, counted)
		for op, most := range map[string]int{"DescribeRules": 1, "DescribeLoadBalancers": 1, "DescribeListeners": 1, "DescribeTags": 10} {
			if counted[op] > most {
				t.Errorf("%d calls of %s, want %d at most", counted[op], op, most)
			}
		}
	})
}

// A rule under another key, with the number that the old one has, is the old one: it
// is marked anew and goes on, with policy.prune too, and never is there none.
func TestARenamedRuleGoesOn(t *testing.T) {
	for _, words := range []string{"prune: false", "prune: true"} {
		inWorld(t, func(t *testing.T, w *world) {
			w.files.put("a.yaml", policy(ruled("a", "web 10 "+onPath("/a/*"), "more 20 "+onPath("/more")), words))
			w.allReady(w.wait(w.engine()))
			since := w.mark()
			w.files.put("a.yaml", policy(ruled("a", "new 10 "+onPath("/b/*"), "more 20 "+onPath("/more")), words))
			w.allReady(w.wait(w.engine()))
			w.wantRules(words, "a/new 10", "a/more 20")
			for _, line := range w.writes(since) {
				if strings.HasPrefix(line, "CreateRule") || strings.HasPrefix(line, "DeleteRule") {
					t.Errorf("%s: %s", words, line)
				}
			}
			since = w.mark()
			w.allReady(w.wait(w.engine()))
			w.quiet(since, words+": afterwards")

			// Two that exchange their keys are two that exchange their contents.
			w.files.put("a.yaml", policy(ruled("a", "new 20 "+onPath("/more"), "more 10 "+onPath("/b/*")), words))
			w.allReady(w.wait(w.engine()))
			w.wantRules(words, "a/more 10", "a/new 20")
		})
	}
}

// The daemon does it while it runs, and what somebody else has marked stays his.
func TestARenamedRuleInTheDaemon(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world) {
		e := w.engine()
		w.files.put("a.yaml", policy(ruled("a", "web 10 "+onPath("/a/*")), "prune: true"))
		stop := w.run(e)
		w.until("ready", stands(e, "a", status.Synced))
		w.files.put("a.yaml", policy(ruled("a", "new 10 "+onPath("/a/*")), "prune: true"))
		w.until("renamed", func() bool { return slices.Equal(w.rules(mainListener), []string{"a/new 10"}) })
		w.until("ready again", stands(e, "a", status.Synced))
		since := w.mark()
		w.sleep(minute)
		w.quiet(since, "afterwards")
		stop()
		if w.done("DeleteRule") != 0 || w.done("CreateRule") != 1 {
			t.Errorf("it was made anew: %v", w.writes(0))
		}
	})
}

// A rule that moves to another listener is made anew there when a person allows it,
// and the one that it leaves behind goes without policy.prune.
func TestARuleMovesToAnotherListener(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world) {
		_, listener := w.legacy()
		doc := ruled("a", "web 30 "+onPath("/moved/*"))
		w.files.put("a.yaml", doc)
		w.allReady(w.wait(w.engine()))
		moved := strings.Replace(doc, "{loadBalancer: main, port: 80}", "{loadBalancer: main, port: 8080}", 1)
		w.files.put("a.yaml", moved)
		o := w.wait(w.engine())["a"]
		w.want(o, status.StateStalled, status.NeedsRecreate, 3)
		if !strings.Contains(o.Status.Why, "listenerArn cannot be changed in place; policy.recreate: true allows making the rule anew there, and deleting this one afterwards") {
			t.Errorf("it says %q", o.Status.Why)
		}
		w.files.put("a.yaml", policy(moved, "recreate: true"))
		w.allReady(w.wait(w.engine()))
		w.wantRules("the old listener", "somebody's 10")
		if got := w.rules(listener); !slices.Equal(got, []string{"a/web 30"}) {
			t.Errorf("the new listener has %q", got)
		}
		since := w.mark()
		w.allReady(w.wait(w.engine()))
		w.quiet(since, "afterwards")
	})
}
