package reconcile

import (
	"fmt"
	"strings"
	"testing"

	"github.com/ecs-operator/ecs-operator/pkg/status"
)

// renamed gives the target group of the document another key.
func renamed(doc string) string {
	return strings.ReplaceAll(strings.Replace(doc, "    web: {protocol", "    app: {protocol", 1), "targetGroups.web.", "targetGroups.app.")
}

// A target group under another key is another one to AWS, and takes over as a
// replacement does, at whatever point of another takeover it is renamed. What it
// leaves behind is deleted where policy.prune says so, else told.
func TestARenamedGroupTakesOver(t *testing.T) {
	pruned := strings.Replace(web, "spec:\n", "spec:\n  policy: {prune: true}\n", 1)
	for name, c := range map[string]struct {
		before, then, after string
		groups              int
	}{
		"kept":               {web, "", renamed(web), 2},
		"pruned":             {pruned, "", renamed(pruned), 1},
		"with another port":  {pruned, "", port(renamed(pruned), 81), 1},
		"during a takeover":  {pruned, port(pruned, 81), port(renamed(pruned), 81), 1},
		"and named back":     {pruned, renamed(pruned), pruned, 1},
		"with a bad release": {pruned, strings.Replace(renamed(pruned), "nginx:1.29", "nginx:unhealthy", 1), renamed(pruned), 1},
		"and then a port":    {pruned, renamed(pruned), port(renamed(pruned), 81), 1},
	} {
		passes := []int{1, 4, 9, 14}
		if c.then == "" {
			passes = passes[:1]
		}
		for _, n := range passes {
			t.Run(fmt.Sprintf("%s/%d", name, n), func(t *testing.T) {
				inWorld(t, func(t *testing.T, w *world) {
					w.underLoad(c.before, func() {
						if c.then != "" {
							w.files.put("web.yaml", c.then)
							for range n {
								w.apply(w.engine(), ApplyOptions{})
								w.sleep(minute / 20)
							}
						}
						w.end(c.after, c.groups)
					})
				})
			})
		}
	}
}

// Service and rules move from one target group of the document to others: the
// requests follow when the targets are there.
func TestAServiceMovesToOtherGroups(t *testing.T) {
	more := strings.Replace(web, "  listenerRules:\n", `    other: {protocol: HTTP, port: 80, targetType: ip, vpcId: vpc-0sandbox, attributes: {deregistration_delay.timeout_seconds: "30"}}
    third: {protocol: HTTP, port: 80, targetType: ip, vpcId: vpc-0sandbox, attributes: {deregistration_delay.timeout_seconds: "30"}}
  listenerRules:
    api:
      listenerArn: `+listener+`
      priority: 8
      conditions: [{field: path-pattern, pathPatternConfig: {values: ["/api/*"]}}]
      actions: [{type: forward, targetGroupArn: "$(targetGroups.web.arn)"}]
`, 1)
	one := strings.ReplaceAll(more, "targetGroups.web.", "targetGroups.other.")
	two := strings.Replace(one, "targetGroups.other.", "targetGroups.third.", 1)
	two = strings.Replace(two, "loadBalancers: [", `loadBalancers: [{targetGroupArn: "$(targetGroups.third.arn)", containerName: web, containerPort: 80}, `, 1)
	for name, after := range map[string]string{"one": one, "two": two} {
		t.Run(name, func(t *testing.T) {
			inWorld(t, func(t *testing.T, w *world) { w.underLoad(more, func() { w.end(after, 3) }) })
		})
	}
}

// What cannot take over does not get the requests unasked.
func TestARenamedGroupThatCannotTakeOver(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world) {
		w.underLoad(web, func() {
			w.files.put("web.yaml", strings.Replace(renamed(web), "spec:\n", "spec:\n  policy: {ignore: [\"listenerRules.web.actions\"]}\n", 1))
			o := w.wait(w.engine())["web"]
			w.want(o, status.StateStalled, status.NeedsRecreate, 3)
			if !strings.Contains(o.Status.Why, "policy.ignore keeps rule/web from being moved") {
				t.Errorf("it says %q", o.Status.Why)
			}
		})
	})
}
