package awsclient

import (
	"context"
	"errors"
	"math"
	"net/http"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ecs"

	"github.com/ecs-operator/ecs-operator/pkg/resource"
)

func limited(o Options) *budgets { return newBudgets(o) }

func waitN(t *testing.T, b *budgets, op string, n int) time.Duration {
	t.Helper()
	start := time.Now()
	for range n {
		if _, err := b.wait(t.Context(), op); err != nil {
			t.Fatal(err)
		}
	}
	return time.Since(start)
}

func TestBudgetIsAShareOfTheQuota(t *testing.T) {
	for _, tc := range []struct {
		name    string
		options Options
		op      string
		free    int           // calls that do not wait
		then    int           // further calls …
		take    time.Duration // … take this long
	}{
		{"a quarter for reads", Options{}, "ecs:DescribeServices", 25, 50, 10 * time.Second},
		{"a half for writes", Options{}, "ecs:RegisterTaskDefinition", 10, 10, 20 * time.Second},
		{"register and deregister share", Options{}, "ecs:DeregisterTaskDefinition", 10, 1, 2 * time.Second},
		{"a small fleet's alarms", Options{}, "cloudwatch:DescribeAlarms", 3, 9, 4 * time.Second},
		{"raised by AWS", Options{QuotaFactor: 4}, "ecs:DescribeServices", 100, 100, 5 * time.Second},
		{"all of it", Options{ReadBudget: 1, WriteBudget: 1}, "ecs:UpdateService", 50, 50, 10 * time.Second},
		{"mutating load balancer calls", Options{}, "elasticloadbalancing:CreateRule", 10, 3, 2 * time.Second},
		{"none", Options{Unlimited: true}, "ecs:RegisterTaskDefinition", 1000, 0, 0},
		{"not in the table", Options{}, "sts:GetCallerIdentity", 1000, 0, 0},
	} {
		synctest.Test(t, func(t *testing.T) {
			b := limited(tc.options)
			if d := waitN(t, b, tc.op, tc.free); d != 0 {
				t.Errorf("%s: the first %d calls took %v", tc.name, tc.free, d)
			}
			if d := waitN(t, b, tc.op, tc.then); (d - tc.take).Abs() > 10*time.Millisecond {
				t.Errorf("%s: %d further calls took %v, want %v", tc.name, tc.then, d, tc.take)
			}
		})
	}
}

func TestThrottleHalvesAndRecovers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const op = "ecs:DescribeServices"
		b := limited(Options{})
		rate := func() float64 {
			for _, s := range b.snapshot("default") {
				if s.Category == "ecs service read" {
					return math.Round(s.Rate*100) / 100
				}
			}
			return 0
		}
		for range 40 { // one burst of refusals is one message
			b.throttled(op)
		}
		if r := rate(); r != 2.5 {
			t.Errorf("after a throttle: %v calls a second, want 2.5", r)
		}
		if d := waitN(t, b, op, 1); d == 0 {
			t.Error("what was saved up is still spent after a throttle")
		}
		time.Sleep(2 * time.Second)
		b.throttled(op)
		if r := rate(); r > 1.6 || r < 1.4 {
			t.Errorf("after another: %v", r)
		}
		time.Sleep(4 * time.Second)
		if r := rate(); r < 2.2 || r > 2.8 {
			t.Errorf("four seconds later: %v", r)
		}
		time.Sleep(20 * time.Second)
		if r := rate(); r != 5 {
			t.Errorf("recovered to %v, want 5", r)
		}
		for range 100 {
			b.throttled(op)
			time.Sleep(cutEvery)
		}
		if r := rate(); r < 0.05 {
			t.Errorf("never to a standstill: %v", r)
		}
	})
}

func TestWaitersObeyTheirOwnContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := limited(Options{})
		const op = "ecs:RegisterTaskDefinition"
		waitN(t, b, op, 10)
		ctx, cancel := context.WithCancel(t.Context())
		var wg sync.WaitGroup
		for range 5 { // a queue of ten seconds, of which all leave at once
			wg.Go(func() {
				if _, err := b.wait(ctx, op); !errors.Is(err, context.Canceled) {
					t.Errorf("left with %v", err)
				}
			})
		}
		synctest.Wait()
		cancel()
		wg.Wait()
		if d := waitN(t, b, op, 1); d > 3*time.Second {
			t.Errorf("those who left still count: %v", d)
		}
	})
}

func TestThrottledCallsSlowTheirCategory(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := &wire{answer: func(n int, r *http.Request, body string) (*http.Response, error) {
			if n == 1 {
				return refusal(400, "ThrottlingException", "Rate exceeded")(n, r, body)
			}
			return ok(n, r, body)
		}}
		var told []Call
		p := newPool(t, w, func(o *Options) { o.OnCall = func(c Call) { told = append(told, c) } })
		c := clients(t, p)
		told = nil
		if _, err := c.Read.ECS.DescribeServices(t.Context(), &ecs.DescribeServicesInput{Services: []string{"a"}}); err != nil {
			t.Fatal(err)
		}
		if len(told) != 2 || !told[0].Throttled || told[1].Err != nil || told[1].RequestID != "req-1" {
			t.Errorf("told: %+v", told)
		}
		slow := map[string]bool{}
		for _, s := range p.Budgets() {
			if s.Rate < s.Full {
				slow[s.Category] = true
			}
		}
		if !slow["ecs service read"] || len(slow) != 1 {
			t.Errorf("slowed down: %v", slow)
		}
	})
}

func TestEveryQuotaIsMet(t *testing.T) {
	var elb, aas float64
	seen := map[string]int{}
	for _, q := range quotas {
		if q.rate <= 0 || q.burst < 1 || len(q.ops) == 0 {
			t.Errorf("%s: %+v", q.name, q)
		}
		for _, op := range q.ops {
			seen[op]++
			if write := isWrite(opName(op)); write && q.use == reading || !write && q.use == writing {
				t.Errorf("%s stands in %q, which is the other sort", op, q.name)
			}
		}
		share := map[usage]float64{reading: defaultReadShare, writing: defaultWriteShare}[q.use]
		switch q.name {
		case "elb read", "elb modify":
			elb += q.rate * share
		case "application-autoscaling read", "application-autoscaling modify":
			if at := q.burst * share; at > 3 {
				t.Errorf("%s: %v at once, of four or five that may be", q.name, at)
			}
			aas += q.rate * share
		}
	}
	if elb > 10*defaultWriteShare || aas > 5 {
		t.Errorf("load balancer calls %v a second, auto scaling calls %v: more than the account has to share", elb, aas)
	}
	for op, n := range seen {
		if n > 2 {
			t.Errorf("%s stands %d times", op, n)
		}
	}
}

func opName(op string) string {
	for i := range op {
		if op[i] == ':' {
			return op[i+1:]
		}
	}
	return op
}

func TestBudgetErrorIsTheCallersOwn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := &wire{answer: ok}
		c := clients(t, newPool(t, w, nil))
		in := &ecs.DeregisterTaskDefinitionInput{TaskDefinition: aws.String("f:1")}
		for range 10 {
			if _, err := c.Write.ECS.DeregisterTaskDefinition(t.Context(), in); err != nil {
				t.Fatal(err)
			}
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		_, err := c.Write.ECS.DeregisterTaskDefinition(ctx, in)
		if !errors.Is(err, context.DeadlineExceeded) || resource.ClassOf(err) != resource.ClassOther || w.calls() != 10 {
			t.Errorf("%v (%v), %d calls sent", err, resource.ClassOf(err), w.calls())
		}
	})
}
