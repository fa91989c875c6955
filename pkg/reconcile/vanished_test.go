package reconcile

import (
	"context"
	"strings"
	"sync"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2"

	"github.com/ecs-operator/ecs-operator/pkg/sandbox"
	"github.com/ecs-operator/ecs-operator/pkg/status"
)

// A rule that a person deletes right before the update that names it: AWS refuses the
// update, which is then planned anew, and waits for no timer.
func TestRefusedForWhatVanished(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world) {
		w.files.put("a.yaml", coloured)
		w.wait(w.engine())
		w.files.put("a.yaml", strings.Replace(coloured, "nginx:1.29", "nginx:1.30", 1))
		var once sync.Once
		w.spoil(func(_ context.Context, c sandbox.Call) *sandbox.Fault {
			if c.Operation == "UpdateService" {
				once.Do(func() {
					for _, arn := range w.owned("default/a") {
						if strings.Contains(arn, ":listener-rule/") {
							_, err := w.person().Write.ELB.DeleteRule(w.t.Context(), &elasticloadbalancingv2.DeleteRuleInput{RuleArn: aws.String(arn)})
							w.ok(err)
						}
					}
				})
			}
			return nil
		})
		e := w.engine()
		defer w.run(e)()
		w.until("it is told", func() bool {
			return w.told(EventState, "rule/web, which it refers to, is gone since it was planned on") > 0
		})
		w.until("it is mended", func() bool {
			return stands(e, "a", status.Synced)() && w.service("a").DesiredCount == 2 && w.done("CreateRule") > 1
		})
		if n := w.told(EventState, "RefusedByAWS"); n > 0 {
			t.Errorf("it was told %d times that AWS refuses it", n)
		}
	})
}
