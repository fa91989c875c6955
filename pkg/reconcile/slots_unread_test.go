package reconcile

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ecs"

	"github.com/ecs-operator/ecs-operator/pkg/sandbox"
	"github.com/ecs-operator/ecs-operator/pkg/status"
)

// A service that waits for a slot while others have not been read yet is looked at
// again when one of these was, and not over and over until then.
func TestWaitingForWhatIsUnreadIsQuiet(t *testing.T) {
	t.Parallel()
	inWorld(t, func(t *testing.T, w *world) {
		w.resync = 10 * minute
		for i := range 6 {
			w.files.put(fmt.Sprintf("s%d.yaml", i), hello(fmt.Sprintf("s%d", i), "nginx:1.29"))
		}
		e := w.engine()
		stop := w.run(e)
		for i := range 6 {
			w.until("Ready", stands(e, fmt.Sprintf("s%d", i), status.Synced))
		}
		stop()
		w.files.put("s0.yaml", hello("s0", "nginx:1.30"))
		late := time.Now().Add(minute)
		w.spoil(func(_ context.Context, c sandbox.Call) *sandbox.Fault {
			if in, ok := c.Input.(*ecs.DescribeTaskDefinitionInput); ok && strings.Contains(aws.ToString(in.TaskDefinition), "default-s5") { // of the sweep, after the services
				w.sleep(time.Until(late))
			}
			return nil
		})
		w.slots = 1
		e = w.engine()
		before := len(w.sandbox.Journal())
		defer w.run(e)()
		w.sleep(minute / 2)
		if !stands(e, "s0", status.ConcurrencyLimit)() {
			t.Errorf("%v", e.Status())
		}
		w.sleep(minute / 2)
		if n := len(w.sandbox.Journal()) - before; n > 100 {
			t.Errorf("%d calls in a minute in which nothing is learned", n)
		}
		w.spoil(nil)
		w.until("deployed", func() bool { return w.image("s0") == "nginx:1.30" })
	})
}
