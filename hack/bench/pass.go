package main

import (
	"context"
	"time"
)

// passed counts the passes that an operator has finished, and how long they took in all.
func passed(m map[string]float64) (n int, seconds float64) {
	return int(m["ecs_operator_pass_duration_seconds_count"]), m["ecs_operator_pass_duration_seconds_sum"]
}

// pass waits for the end of n more passes: the world counts their calls, so that
// nobody needs to ask the operator meanwhile.
func (b *bench) pass(ctx context.Context, n int) error {
	want := n * steadyFloor(b.fleet.services)["DescribeServices"]
	for {
		t, err := b.world.ask(ctx, "GET", "/bench/look")
		if err != nil {
			return err
		}
		if t.Calls["DescribeServices"] >= want && time.Since(t.Last) > b.rest() {
			return nil
		}
		if err := pause(ctx, 200*time.Millisecond); err != nil {
			return err
		}
	}
}

// told waits for the end of n more passes by the operator's word: where its budgets spread
// the calls, some of what is read in turns comes between the passes, too.
func (b *bench) told(ctx context.Context, op *operator, n int) error {
	want := 0
	for {
		m, err := op.metrics()
		if err != nil {
			return err
		}
		done, _ := passed(m)
		if want == 0 {
			want = done + n
		}
		if done >= want {
			return nil
		}
		if err := pause(ctx, max(2*time.Second, perService(b.fleet.services, 2*time.Millisecond))); err != nil { // each asking costs it something
			return err
		}
	}
}

// rest is how long after its last call a pass has ended for certain.
func (b *bench) rest() time.Duration {
	return 2*time.Second + time.Duration(b.fleet.services)*time.Millisecond/2
}
