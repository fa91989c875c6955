package reconcile

import (
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ecs"

	"github.com/ecs-operator/ecs-operator/pkg/status"
)

// A bubble's time begins at midnight of Saturday, 1 January 2000: the window
// begins an hour later.
const audit = `apiVersion: ecs-operator/v1
kind: Environment
metadata: {name: prod}
spec: {freeze: [{cron: "0 1 * * SAT", for: 4h, reason: audit}]}
`

const inProd = "  environment: prod"

// In a freeze no deployment is started, and diff says until when; a count that
// somebody changed is healed. The daemon goes on when the freeze ends.
func TestFreeze(t *testing.T) {
	t.Parallel()
	inWorld(t, func(t *testing.T, w *world) {
		w.files.put("prod.yaml", audit)
		w.files.put("hello.yaml", hello("hello", "nginx:1.29", inProd))
		w.want(w.wait(w.engine())["hello"], status.StateReady, status.Synced, 0)
		w.sleep(time.Until(time.Date(2000, 1, 1, 1, 30, 0, 0, time.UTC)))

		w.files.put("hello.yaml", hello("hello", "nginx:1.30", inProd))
		w.files.put("fresh.yaml", hello("fresh", "nginx:1.30", inProd))
		w.files.put("other.yaml", hello("other", "nginx:1.29")) // of no environment
		const until = "the environment prod is frozen until Sat 2000-01-01 05:00 UTC (audit): no deployment is started before"
		e := w.engine()
		mark := w.mark()
		for _, p := range e.Plan(t.Context(), w.load(e).Units) {
			frozen := false
			for _, s := range p.Steps {
				frozen = frozen || s.Blocked == status.FreezeWindow && s.Why == until
			}
			if frozen != (p.Unit.Name != "other") {
				t.Errorf("diff of %s: frozen is %t; %s", p.Unit.Name, frozen, steps(Outcome{Plan: p}))
			}
		}
		w.quiet(mark, "diff")
		o := w.wait(w.engine())
		w.want(o["hello"], status.StateDrifted, status.FreezeWindow, 3)
		w.want(o["fresh"], status.StateDrifted, status.FreezeWindow, 3)
		w.ready(o, "other")
		if o["hello"].Status.Why != until || o["hello"].Writes+o["fresh"].Writes > 0 {
			t.Errorf("%q, %d and %d writes", o["hello"].Status.Why, o["hello"].Writes, o["fresh"].Writes)
		}

		d := w.engine()
		defer w.run(d)()
		w.until("frozen", stands(d, "hello", status.FreezeWindow))
		_, err := w.person().Write.ECS.UpdateService(t.Context(), &ecs.UpdateServiceInput{
			Cluster: aws.String("default"), Service: aws.String("hello"), DesiredCount: aws.Int32(1)})
		w.ok(err)
		w.until("the count is healed", func() bool { return w.service("hello").DesiredCount == 2 })
		w.sleep(time.Until(time.Date(2000, 1, 1, 4, 59, 50, 0, time.UTC)))
		h := w.harbour(nil)
		w.until("the end of the freeze", func() bool { return h.of("hello") == 1 && h.of("fresh") == 1 })
		if late := time.Since(time.Date(2000, 1, 1, 5, 0, 0, 0, time.UTC)); late < 0 || late > 70*time.Second {
			t.Errorf("deployed %s after the end of the freeze", late)
		}
	})
}

// What moves requests from one set of targets to another waits for the end of the
// freeze too.
func TestFreezeHoldsTraffic(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world) {
		in := strings.Replace(web, "  cluster: default\n", "  cluster: default\n  environment: prod\n", 1)
		w.files.put("prod.yaml", audit)
		w.files.put("web.yaml", in)
		w.want(w.wait(w.engine())["web"], status.StateReady, status.Synced, 0)
		w.sleep(time.Until(time.Date(2000, 1, 1, 1, 30, 0, 0, time.UTC)))
		mark := w.mark()
		w.files.put("web.yaml", port(in, 81))
		w.want(w.wait(w.engine())["web"], status.StateDrifted, status.FreezeWindow, 3)
		w.quiet(mark, "in the freeze")
		w.sleep(4 * hour)
		w.want(w.wait(w.engine())["web"], status.StateReady, status.Synced, 0)
	})
}

// A plan that a person approved in a freeze is carried out when that ends: the
// approval is not used up before.
func TestApprovedInAFreeze(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world) {
		manual := "  policy: {mode: manual}"
		w.files.put("prod.yaml", audit)
		w.files.put("hello.yaml", hello("hello", "nginx:1.29", inProd))
		w.wait(w.engine())
		w.sleep(time.Until(time.Date(2000, 1, 1, 1, 30, 0, 0, time.UTC)))
		w.files.put("hello.yaml", hello("hello", "nginx:1.30", inProd, manual))
		e := w.engine()
		o := w.apply(e, ApplyOptions{})["hello"]
		w.want(o, status.StateDrifted, status.ManualMode, 3)
		hash := o.Plan.Seal.Hash
		if want := "policy.mode is manual: the plan waits for: ecs-operator approve hello --plan " + hash; o.Status.Why != want {
			t.Errorf("%q, want %q", o.Status.Why, want)
		}
		w.ok(e.ApprovePlan(t.Context(), w.load(e).Units[0], hash))
		mark := w.mark()
		for range 2 {
			o = w.apply(w.engine(), ApplyOptions{})["hello"]
			w.want(o, status.StateDrifted, status.FreezeWindow, 3)
			if !strings.HasPrefix(o.Status.Why, "the plan is approved; the environment prod is frozen until ") {
				t.Errorf("why: %s", o.Status.Why)
			}
		}
		w.quiet(mark, "in the freeze")
		w.sleep(4 * hour)
		w.want(w.wait(w.engine())["hello"], status.StateReady, status.Synced, 0)
		w.files.put("hello.yaml", hello("hello", "nginx:1.31", inProd, manual))
		w.want(w.wait(w.engine())["hello"], status.StateDrifted, status.ManualMode, 3)
	})
}
