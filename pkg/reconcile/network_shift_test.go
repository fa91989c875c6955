package reconcile

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2"
	elbtypes "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2/types"

	"github.com/ecs-operator/ecs-operator/pkg/sandbox"
	"github.com/ecs-operator/ecs-operator/pkg/status"
)

// desert notes every moment at which requests go to a target group of the document
// in which nobody is healthy.
type desert struct{ load }

func (d *desert) see(v *sandbox.World, event string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.moments++
	for at, n := range behind(v) {
		if n == 0 && !strings.Contains(at, "/theirs/") && !strings.Contains(at, "/legacy/") && len(d.broken) < 10 {
			d.broken = append(d.broken, fmt.Sprintf("%s after %s: nobody is healthy behind %s", v.Clock.Format("15:04:05"), event, at))
		}
	}
}

// ECS moves the weights of a default action that it was given as the production
// rule; the operator takes the listener over, leaves the requests with whom they were
// until a deployment has led them to healthy tasks, follows each deployment to its
// end, and never moves the traffic back. A bad release is undone and stays undone.
func TestShiftOnNetwork(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world) {
		w.engine()
		listener, _ := w.network()
		d := &desert{}
		w.watchBy(d.see)
		shifted := onNet(coloured)
		w.files.put("a.yaml", shifted)
		w.apply(w.engine(), ApplyOptions{})
		w.apply(w.engine(), ApplyOptions{})
		if got := w.weights(listener); !slices.Equal(got, []string{"blue=0", "theirs=1"}) {
			t.Errorf("before anybody runs: %v", got)
		}
		w.allReady(w.wait(w.engine()))
		first := w.weights(listener)
		since := w.mark()
		w.allReady(w.wait(w.engine()))
		w.quiet(since, "after the first deployment")

		w.files.put("a.yaml", strings.Replace(shifted, "nginx:1.29", "nginx:1.30", 1))
		w.allReady(w.wait(w.engine()))
		second := w.weights(listener)
		if slices.Equal(first, second) || len(first) != 2 || len(second) != 2 {
			t.Errorf("the weights went from %v to %v", first, second)
		}

		w.files.put("a.yaml", strings.Replace(shifted, "nginx:1.29", "nginx:crash", 1))
		out := w.wait(w.engine())["a"]
		if out.Status.Reason != status.RolledBack || !slices.Equal(w.weights(listener), second) {
			t.Errorf("a bad release: %s %s, %v", out.Status.Reason, out.Status.Why, w.weights(listener))
		}
		since = w.mark()
		w.apply(w.engine(), ApplyOptions{})
		w.quiet(since, "after it was rolled back")
		d.check(t)
	})
}

// The daemon does the same behind an Application Load Balancer, and fights with nobody
// about the weights.
func TestTheDaemonShifts(t *testing.T) {
	t.Parallel()
	inWorld(t, func(t *testing.T, w *world) {
		rule, _ := w.legacy()
		e := w.engine()
		d := &desert{}
		w.watchBy(d.see)
		doc := strings.Replace(coloured, "spec:\n", "spec:\n  policy: {adopt: true}\n", 1)
		w.files.put("a.yaml", doc)
		stop := w.run(e)
		for i, image := range []string{"nginx:1.29", "nginx:1.30", "nginx:1.31", "nginx:1.32"} {
			w.files.put("a.yaml", strings.Replace(doc, "nginx:1.29", image, 1))
			w.until(image, func() bool {
				return w.done("RegisterTaskDefinition") == i+1 && stands(e, "a", status.Synced)()
			})
		}
		stop()
		if got := w.shares(rule); len(got) != 2 {
			t.Errorf("the rule has %v", got)
		}
		if n := w.told(EventDrift, ""); n > 0 {
			t.Errorf("%d events of drift:\n%s", n, w.story())
		}
		d.check(t)
	})
}

// A rule that leads to somebody else's tasks and becomes the production rule of a
// blue/green service, or of one that is only told so and replaces its tasks in place.
func TestAdoptedProductionRule(t *testing.T) {
	for name, doc := range map[string]string{
		"blue/green": coloured,
		"rolling":    strings.Replace(coloured, "strategy: BLUE_GREEN, bakeTimeInMinutes: 1", "strategy: ROLLING", 1),
	} {
		t.Run(name, func(t *testing.T) {
			inWorld(t, func(t *testing.T, w *world) {
				rule, _ := w.legacy()
				d := &desert{}
				w.watchBy(d.see)
				doc = strings.Replace(doc, "spec:\n", "spec:\n  policy: {adopt: true}\n", 1)
				w.files.put("a.yaml", strings.Replace(doc, "nginx:1.29", "nginx:unhealthy", 1))
				w.wait(w.engine())
				if got := w.shares(rule); !slices.Contains(got, "legacy=1") {
					t.Errorf("while nobody runs: %v", got)
				}
				w.files.put("a.yaml", doc)
				w.allReady(w.wait(w.engine()))
				if got := w.shares(rule); slices.Contains(got, "legacy=1") {
					t.Errorf("in the end: %v", got)
				}
				since := w.mark()
				w.allReady(w.wait(w.engine()))
				w.quiet(since, "afterwards")
				d.check(t)
			})
		})
	}
}

// A service may name its production rule by a literal ARN: of a rule that its document
// has, of the default rule of a listener that it has, and beside another rule, whose
// weights are then the document's.
func TestProductionRuleByARN(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world) {
		w.engine()
		rule := w.pairedRule()
		doc := strings.Replace(coloured, "$(listenerRules.web.arn)", rule, 1) + `    extra:
      listener: {loadBalancer: main, port: 80}
      priority: 20
      conditions: [{field: path-pattern, values: ["/extra/*"]}]
      actions: [{type: fixed-response, fixedResponseConfig: {statusCode: "404"}}]
`
		doc = strings.Replace(doc, "spec:\n", "spec:\n  policy: {adopt: true}\n", 1)
		doc = strings.ReplaceAll(strings.ReplaceAll(doc, "blue-web", "blue"), "green-web", "green")
		w.files.put("a.yaml", doc)
		w.allReady(w.wait(w.engine()))
		for _, image := range []string{"nginx:1.30", "nginx:1.31"} {
			before := w.shares(rule)
			w.files.put("a.yaml", strings.Replace(doc, "nginx:1.29", image, 1))
			w.allReady(w.wait(w.engine()))
			if after := w.shares(rule); slices.Equal(before, after) || len(after) != 2 {
				t.Errorf("%s: the weights went from %v to %v", image, before, after)
			}
			since := w.mark()
			w.allReady(w.wait(w.engine()))
			w.quiet(since, "after "+image)
		}

		// What of the rule is the document's is healed with the live weights.
		before := w.shares(rule)
		_, err := w.raw().Write.ELB.ModifyRule(t.Context(), &elasticloadbalancingv2.ModifyRuleInput{RuleArn: &rule,
			Conditions: []elbtypes.RuleCondition{{Field: aws.String("path-pattern"), Values: []string{"/by-hand"}}}})
		w.ok(err)
		w.allReady(w.wait(w.engine()))
		if after := w.shares(rule); !slices.Equal(before, after) {
			t.Errorf("a heal moved the traffic from %v to %v", before, after)
		}
	})
}
