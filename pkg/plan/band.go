package plan

import (
	"fmt"

	"github.com/ecs-operator/ecs-operator/pkg/diff"
	"github.com/ecs-operator/ecs-operator/pkg/resource"
	"github.com/ecs-operator/ecs-operator/pkg/shape"
)

// band is policy.desiredCount: band: between minimum and maximum the count is
// the autoscaler's, outside it is drift. What heals it is registering the
// scalable target once more, which pulls the count in at once; UpdateService
// never carries a count that an autoscaler owns.
func (m *maker) band(d *draft) []diff.Change {
	if m.in.Unit.Policy.DesiredCount != "band" || d.ID.Kind != resource.KindScalableTarget || m.service == nil {
		return nil
	}
	live := m.service.live
	if live.Presence != resource.Present || live.Service == nil {
		return nil
	}
	body, _ := shape.Plain(d.Want, nil).(map[string]any)
	count := int64(live.Service.Desired)
	for _, bound := range []struct {
		path, side string
		outside    func(n int64) bool
	}{
		{"minCapacity", "below", func(n int64) bool { return count < n }},
		{"maxCapacity", "above", func(n int64) bool { return count > n }},
	} {
		n, ok := integer(body[bound.path])
		if !ok || !bound.outside(n) {
			continue
		}
		return []diff.Change{{Path: bound.path, Op: diff.Replace, Old: n, New: n, Effect: diff.InPlace, Reason: diff.FromDrift,
			Pos:  d.object.Written.At(bound.path),
			Note: fmt.Sprintf("the service's count %d is %s it: registering the bounds again pulls it in", count, bound.side)}}
	}
	return nil
}

// integer reads a plain number of any width.
func integer(v any) (int64, bool) {
	switch n := v.(type) {
	case int32:
		return int64(n), true
	case int64:
		return n, true
	case int:
		return int64(n), true
	}
	return 0, false
}
