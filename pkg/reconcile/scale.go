package reconcile

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/ecs-operator/ecs-operator/pkg/diff"
	"github.com/ecs-operator/ecs-operator/pkg/plan"
	"github.com/ecs-operator/ecs-operator/pkg/resource"
	"github.com/ecs-operator/ecs-operator/pkg/shape"
)

// Scaled is what a change of the count by hand did.
type Scaled struct {
	From, To int32
	// Until is when the document's count holds again, RFC 3339, "" where it does not.
	Until string
	// Then says in a sentence what becomes of the count.
	Then string
}

// Scale changes the number of a service's tasks by hand. Who owns the count decides
// what is possible: under an autoscaler any number within its bounds, from where it
// goes on; where the document's number holds, only more tasks, for
// policy.driftGrace, since fewer would come back in the next pass. It is a plan of
// one step.
func (e *Engine) Scale(ctx context.Context, u *resource.Unit, n int32) (Scaled, error) {
	live, err := e.steerable(ctx, u)
	if err != nil {
		return Scaled{}, err
	}
	body, _ := shape.Plain(live.Value, nil).(map[string]any)
	if body["schedulingStrategy"] == "DAEMON" {
		return Scaled{}, fmt.Errorf("%s: it is a DAEMON service: ECS runs one task on each container instance", u.Key)
	}
	s := Scaled{From: live.Service.Desired, To: n}
	if s.Then, s.Until, err = e.mayScale(ctx, u, s); err != nil || s.From == s.To {
		return s, err
	}
	as := e.Bare(u.Key)
	o := as.Objects()[0]
	want := shape.Clone(live.Value)
	shape.Project(want, struct{ DesiredCount *int32 }{&n})
	o.Want, o.Tags = want, live.Tags
	v := byHand(u, as, live, plan.Step{
		ID: o.ID, Action: plan.ActionUpdate, ARN: live.ARN, Seen: live.Fingerprint(), Effect: diff.InPlace, Section: o.Section,
		Changes: []diff.Change{{Path: "desiredCount", Op: diff.Replace, Old: s.From, New: n, Effect: diff.InPlace, Reason: diff.FromSpec}},
	})
	x := e.execute(ctx, &v)
	if step := v.plan.Steps[0]; step.Blocked != "" {
		return s, fmt.Errorf("%s: not scaled: %s: %s", u.Key, step.Blocked, step.Why)
	}
	return s, x.err
}

// mayScale says what becomes of a count, and refuses one that would not last.
func (e *Engine) mayScale(ctx context.Context, u *resource.Unit, s Scaled) (then, until string, err error) {
	target := e.observe(ctx, []*resource.Unit{u})[scalableTargetID(u)]
	switch target.Presence {
	case resource.Unknown:
		return "", "", fmt.Errorf("%s: whether an autoscaler owns its count could not be read: %w", u.Key, target.Err)
	case resource.Present:
		body, _ := shape.Plain(target.Value, nil).(map[string]any)
		low, _ := plainCount(body["minCapacity"])
		high, _ := plainCount(body["maxCapacity"])
		if s.To < low || s.To > high {
			return "", "", fmt.Errorf("%s: an autoscaler owns the count, between %d and %d: change scaling.minCapacity and scaling.maxCapacity in the document", u.Key, low, high)
		}
		return fmt.Sprintf("an autoscaler owns the count, between %d and %d, and goes on from there", low, high), "", nil
	}
	switch written, fixed := documentCount(u); {
	case bare(u):
		return "a document that writes another count puts it back: fewer at once, more after its policy.driftGrace", "", nil
	case !fixed:
		return "the document leaves the count alone, and so it stays", "", nil
	case s.To == written:
		return "that is the document's count", "", nil
	case u.Policy.Mode == "manual":
		return fmt.Sprintf("the document's %d come back when somebody approves it (policy.mode: manual)", written), "", nil
	case s.To < written:
		return "", "", fmt.Errorf("%s: the document says %d, and fewer tasks are put back in the next pass: change service.desiredCount there", u.Key, written)
	default:
		grace := plan.DefaultDriftGrace
		if d, err := time.ParseDuration(u.Policy.DriftGrace); err == nil {
			grace = d
		}
		if grace <= 0 {
			return "", "", fmt.Errorf("%s: the document says %d, and more tasks are taken away in the next pass (policy.driftGrace: %s): change service.desiredCount there", u.Key, written, grace)
		}
		until = time.Now().Add(grace).UTC().Format(time.RFC3339)
		return fmt.Sprintf("kept until %s (policy.driftGrace %s), then the document's %d hold again; write the count there to keep it", until, grace, written), until, nil
	}
}

// documentCount is the count that a document holds its service to; false where it
// leaves the count to others.
func documentCount(u *resource.Unit) (int32, bool) {
	o := u.Object(serviceID(u))
	if o == nil || bare(u) || u.Policy.DesiredCount == "initial" || u.Policy.DesiredCount == "band" ||
		slices.Contains(u.Policy.Ignore, o.Section+".desiredCount") || slices.Contains(u.Policy.Ignore, "desiredCount") {
		return 0, false
	}
	body, _ := shape.Plain(o.Want, nil).(map[string]any)
	return plainCount(body["desiredCount"])
}

// plainCount reads a number of the plain tree.
func plainCount(v any) (int32, bool) {
	switch n := v.(type) {
	case int32:
		return n, true
	case int64:
		return int32(n), true //nolint:gosec // counts of tasks
	case int:
		return int32(n), true //nolint:gosec // counts of tasks
	}
	return 0, false
}
