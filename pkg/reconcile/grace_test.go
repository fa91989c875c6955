package reconcile

import (
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/ecs-operator/ecs-operator/pkg/resource"
)

var (
	testKey  = resource.UnitKey{Target: "default", Cluster: "main", Name: "web"}
	svcID    = resource.ID{Target: "default", Cluster: "main", Unit: "web", Kind: resource.KindService}
	groupID  = svcID.Of(resource.KindTargetGroup, "web")
	ruleID   = svcID.Of(resource.KindListenerRule, "web")
	testUnit = (&resource.Unit{Key: testKey, ContentHash: "1-aa", Image: "web:1"}).With(
		&resource.Object{ID: groupID}, &resource.Object{ID: ruleID, Needs: []resource.ID{groupID}}, &resource.Object{ID: svcID, Needs: []resource.ID{ruleID}})
)

func lives(p resource.Presence, ids ...resource.ID) map[resource.ID]resource.Live {
	out := map[resource.ID]resource.Live{}
	for _, id := range ids {
		out[id] = resource.Live{ID: id, Presence: p}
	}
	return out
}

func TestGrace(t *testing.T) {
	const grace = time.Minute
	// observe makes one observation and says whether the object is in grace.
	observe := func(g *graceKeeper, p resource.Presence, id resource.ID) bool {
		l := lives(p, id)
		if id == ruleID { // what it forwards to is there
			l[groupID] = resource.Live{ID: groupID, Presence: resource.Present}
		}
		g.observed(l, time.Now())
		return g.within(testUnit, l, true)[id]
	}
	for _, tc := range []struct {
		name string
		run  func(t *testing.T, g *graceKeeper)
	}{
		{"never seen: missing at once", func(t *testing.T, g *graceKeeper) {
			if observe(g, resource.Absent, svcID) {
				t.Error("waits")
			}
		}},
		{"seen: missing after two observations and the grace", func(t *testing.T, g *graceKeeper) {
			observe(g, resource.Present, svcID)
			if !observe(g, resource.Absent, svcID) {
				t.Error("the first absence counts")
			}
			time.Sleep(grace / 2)
			if !observe(g, resource.Absent, svcID) {
				t.Error("counts before the grace has passed")
			}
			time.Sleep(grace / 2)
			if observe(g, resource.Absent, svcID) {
				t.Error("does not count after the grace")
			}
		}},
		{"one late observation is not two", func(t *testing.T, g *graceKeeper) {
			g.wrote(svcID)
			time.Sleep(10 * grace)
			if !observe(g, resource.Absent, svcID) {
				t.Error("one observation is enough")
			}
		}},
		{"exists is believed at once, and starts afresh", func(t *testing.T, g *graceKeeper) {
			observe(g, resource.Present, svcID)
			observe(g, resource.Absent, svcID)
			time.Sleep(2 * grace)
			observe(g, resource.Present, svcID)
			if !observe(g, resource.Absent, svcID) {
				t.Error("the old absence still counts")
			}
		}},
		{"unknown says nothing", func(t *testing.T, g *graceKeeper) {
			observe(g, resource.Present, svcID)
			observe(g, resource.Absent, svcID)
			time.Sleep(2 * grace)
			if observe(g, resource.Unknown, svcID) {
				t.Error("an unknown object is in grace")
			}
			if observe(g, resource.Absent, svcID) {
				t.Error("the second absence does not count")
			}
		}},
		{"written, then lagging reads", func(t *testing.T, g *graceKeeper) {
			observe(g, resource.Absent, svcID)
			g.wrote(svcID)
			if !observe(g, resource.Absent, svcID) {
				t.Error("created again while reads lag")
			}
		}},
		{"seen since the absence was read", func(t *testing.T, g *graceKeeper) {
			observe(g, resource.Present, svcID)
			swept := lives(resource.Absent, svcID) // and handed over to be planned from
			g.observed(swept, time.Now())
			time.Sleep(2 * grace)
			observe(g, resource.Present, svcID)
			if !g.within(testUnit, swept, true)[svcID] {
				t.Error("an absence that is older than the last sight counts as missing")
			}
		}},
		{"written since the list was read", func(t *testing.T, g *graceKeeper) {
			began := time.Now()
			time.Sleep(grace / 2)
			g.wrote(svcID)
			g.observed(lives(resource.Absent, svcID), began)
			time.Sleep(grace)
			if !observe(g, resource.Absent, svcID) {
				t.Error("one absence since it was made is enough")
			}
		}},
		{"a rule never seen waits too", func(t *testing.T, g *graceKeeper) {
			l := lives(resource.Absent, ruleID)
			if g.observed(l, time.Now()); g.within(testUnit, l, false)[ruleID] {
				t.Error("a plan that is only shown waits")
			}
			if !observe(g, resource.Absent, ruleID) {
				t.Error("missing at once, although its create is not idempotent")
			}
			time.Sleep(grace)
			if observe(g, resource.Absent, ruleID) {
				t.Error("waits for ever")
			}
		}},
		{"deleted by us: no surprise", func(t *testing.T, g *graceKeeper) {
			observe(g, resource.Present, svcID)
			g.gone(svcID)
			if observe(g, resource.Absent, svcID) {
				t.Error("waits")
			}
		}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) { tc.run(t, newGraceKeeper(grace)) })
		})
	}
}

func TestGraceOfARuleWithoutItsTargetGroup(t *testing.T) {
	g := newGraceKeeper(time.Minute)
	l := lives(resource.Absent, groupID, ruleID, svcID)
	g.observed(l, time.Now())
	if in := g.within(testUnit, l, true); len(in) != 0 {
		t.Errorf("a fresh unit waits for %v: a rule cannot exist before its target group", in)
	}
	g.wrote(groupID)
	g.observed(l, time.Now())
	if !g.within(testUnit, l, true)[ruleID] {
		t.Error("the target group was written and is not seen yet: the rule may exist")
	}
}

// What was away while a fleet was made leaves no room behind, and what is away still is.
func TestGraceMakesRoom(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := newGraceKeeper(time.Minute)
		var ids []resource.ID
		for i := range 1000 {
			ids = append(ids, resource.ID{Target: "default", Cluster: "main", Unit: fmt.Sprint(i), Kind: resource.KindService})
		}
		g.observed(lives(resource.Absent, ids...), time.Now())
		g.observed(lives(resource.Present, ids[10:]...), time.Now())
		if len(g.away) != 10 || g.away[ids[9]] == nil || g.most > 250 {
			t.Errorf("%d are away, in the room of %d", len(g.away), g.most)
		}
	})
}
