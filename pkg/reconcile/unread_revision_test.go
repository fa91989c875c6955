package reconcile

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"github.com/ecs-operator/ecs-operator/pkg/sandbox"
	"github.com/ecs-operator/ecs-operator/pkg/status"
)

// While ECS does not say what the service's revision is, nobody is told to allow what
// costs requests: it is not known whether it would.
func TestUnreadRevisionAsksForNoLeave(t *testing.T) {
	for name, docs := range map[string][2]string{
		"another port":      {web, strings.Replace(web, "protocol: HTTP, port: 80, targetType", "protocol: HTTP, port: 81, targetType", 1)},
		"leaves blue/green": {coloured, unpaired(coloured)},
	} {
		for _, begins := range []int{0, 2} { // writes before it
			t.Run(fmt.Sprint(name, " after ", begins, " writes"), func(t *testing.T) {
				inWorld(t, func(t *testing.T, w *world) {
					w.files.put("a.yaml", docs[0])
					w.wait(w.engine())
					w.files.put("a.yaml", docs[1])
					throttled := always(sandbox.Fault{Code: "ThrottlingException", Message: "Rate exceeded", Status: 400}, "DescribeServiceRevisions")
					mark := w.mark()
					w.spoil(func(ctx context.Context, c sandbox.Call) *sandbox.Fault {
						if !c.Write && len(w.writes(mark)) < begins {
							return nil
						}
						return throttled(ctx, c)
					})
					e := w.engine()
					stop := w.run(e)
					w.sleep(3 * minute)
					stop()
					for _, ev := range w.events {
						if ev.Reason == status.NeedsRecreate {
							t.Errorf("it is told: %s", ev.Message)
						}
					}
				})
			})
		}
	}
}
