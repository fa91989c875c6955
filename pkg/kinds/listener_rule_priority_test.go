package kinds

import (
	"fmt"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/ecs-operator/ecs-operator/pkg/resource"
	"github.com/ecs-operator/ecs-operator/pkg/route"
)

func autoClaim(unit string, paths ...string) *claim {
	return &claim{id: resource.ID{Target: "default", Cluster: "default", Unit: unit, Kind: resource.KindListenerRule, Name: "web"}, word: priorityAuto,
		listener: "arn:l", routes: pathRule(paths...)}
}

func pathRule(paths ...string) route.Rule {
	return route.Rule{Conditions: []route.Condition{{Field: route.Path, Values: paths}}}
}

// Where a rule finds its place among those that have one.
func TestAllocate(t *testing.T) {
	for _, c := range []struct {
		name  string
		taken []placed
		want  int32
	}{
		{"alone", nil, 1000},
		{"a number that somebody has", []placed{{1000, pathRule("/x")}}, 1010},
		{"before the one that would shadow it", []placed{{500, pathRule("/*")}}, 250},
		{"before it and behind the narrower one", []placed{{100, pathRule("/a/b")}, {200, pathRule("/*")}}, 150},
		{"behind those that share requests", []placed{{3000, pathRule("/*/b")}}, 3010},
		{"before those where there is no room", []placed{{49999, pathRule("/*/b")}, {50000, pathRule("/*")}}, 1000},
		{"in the last gap", []placed{{1, pathRule("/a/b")}, {3, pathRule("/*")}}, 2},
		{"nowhere", []placed{{1, pathRule("/a/b")}, {2, pathRule("/*")}}, 0},
		{"behind its twin", []placed{{7, pathRule("/a/*")}}, 1000},
	} {
		t.Run(c.name, func(t *testing.T) {
			me := autoClaim("me", "/a/*")
			at, failed := allocate([]*claim{me}, c.taken)
			if at[me.id] != c.want || (c.want == 0) != (failed[me.id] != "") {
				t.Errorf("got %d (%s), want %d", at[me.id], failed[me.id], c.want)
			}
		})
	}
}

// Whatever is drawn: no two rules share a number, a rule never stands behind one
// that takes all its requests while there is room, and the order in which the
// documents were read changes nothing.
func TestAllocateProperty(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var auto []*claim
		for i := range rapid.IntRange(1, 6).Draw(t, "rules") {
			auto = append(auto, autoClaim(fmt.Sprint("u", i), rapid.SliceOfN(rapid.StringMatching(`/[ab*]{1,3}`), 1, 2).Draw(t, "paths")...))
		}
		var taken []placed
		for _, n := range rapid.SliceOfNDistinct(rapid.Int32Range(1, 1100), 0, 4, rapid.ID).Draw(t, "live") {
			taken = append(taken, placed{n, pathRule(rapid.StringMatching(`/[ab*]{1,3}`).Draw(t, "path"))})
		}
		at, failed := allocate(specificFirst(auto), slices.Clone(taken))
		shuffled := slices.Clone(auto)
		slices.Reverse(shuffled)
		again, _ := allocate(specificFirst(shuffled), slices.Clone(taken))
		used := map[int32]bool{}
		for _, p := range taken {
			used[p.priority] = true
		}
		for _, c := range auto {
			n := at[c.id]
			if n != again[c.id] {
				t.Fatalf("%s has %d or %d, as the documents are read", c.id.Unit, n, again[c.id])
			}
			if failed[c.id] != "" {
				continue
			}
			if n < 1 || n > highestPriority || used[n] {
				t.Fatalf("%s has %d", c.id.Unit, n)
			}
			used[n] = true
			for _, p := range taken {
				if p.priority < n && route.Covers(p.routes, c.routes) && !route.Covers(c.routes, p.routes) {
					t.Fatalf("%s (%s) stands at %d behind %d (%s)", c.id.Unit, c.routes, n, p.priority, p.routes)
				}
			}
			for _, o := range auto {
				if at[o.id] != 0 && at[o.id] < n && route.Covers(o.routes, c.routes) && !route.Covers(c.routes, o.routes) {
					t.Fatalf("%s (%s) stands at %d behind %s (%s) at %d", c.id.Unit, c.routes, n, o.id.Unit, o.routes, at[o.id])
				}
			}
		}
	})
}
