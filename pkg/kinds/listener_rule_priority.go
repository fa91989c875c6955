package kinds

import (
	"fmt"

	"github.com/ecs-operator/ecs-operator/pkg/resource"
	"github.com/ecs-operator/ecs-operator/pkg/route"
)

// priorityStep is the gap between priorities that are allocated, so that a rule
// can be put between two by hand.
const priorityStep = 10

// highestPriority is AWS' (CreateRuleInput.Priority: 1-50000).
const highestPriority = 50000

// placed is a rule that has its place on a listener: a live one, or one whose
// document writes the number.
type placed struct {
	priority int32
	routes   route.Rule
}

// allocate gives every auto rule that is not live its priority. The same rules in
// the same world get the same numbers, whoever asks and for which of them: all
// that wait for one are counted, each at its turn. A live rule keeps what it has.
//
// A rule comes before those that would shadow it, and after all others that want
// one of its requests, with gaps (see free); if need be before rules that share
// requests with it. The second answer says why a rule found no place.
func allocate(auto []*claim, taken []placed) (map[resource.ID]int32, map[resource.ID]string) {
	at, failed := map[resource.ID]int32{}, map[resource.ID]string{}
	used := map[int32]bool{}
	for _, p := range taken {
		used[p.priority] = true
	}
	for _, c := range auto {
		low, behind, high := int32(0), int32(0), int32(highestPriority+1)
		for _, p := range taken {
			if route.Covers(p.routes, c.routes) && !route.Covers(c.routes, p.routes) {
				high = min(high, p.priority) // behind it no request would be left
			}
		}
		for _, p := range taken {
			if p.priority >= high || route.Disjoint(p.routes, c.routes) {
				continue
			}
			behind = max(behind, p.priority)
			if route.Covers(c.routes, p.routes) {
				low = max(low, p.priority) // before it no request would be left to it
			}
		}
		n := free(used, behind, high)
		if n == 0 {
			n = free(used, low, high)
		}
		if n == 0 {
			failed[c.id] = fmt.Sprintf("there is no free priority between %d and %d of its listener, where it would neither shadow a rule nor be shadowed: move one of the two, or write a priority", low, high)
			continue
		}
		at[c.id], used[n] = n, true
		taken = append(taken, placed{n, c.routes})
	}
	return at, failed
}

// firstPriority is where allocation begins, so that there is room before it for
// rules that turn out to be narrower, and for what is written by hand.
const firstPriority = 1000

// free is a number between two that nobody has: the next one behind that is
// divisible by ten, from a thousand on; where there is none, the nearest to the
// middle, so that there is room on both sides.
func free(used map[int32]bool, low, high int32) int32 {
	for n := max(firstPriority, low/priorityStep*priorityStep+priorityStep); n < high; n += priorityStep {
		if !used[n] {
			return n
		}
	}
	middle := (low + high) / 2
	for _, round := range []int32{priorityStep, 1} {
		for away := int32(0); away <= high-low; away++ {
			for _, n := range []int32{middle - away, middle + away} {
				if n > low && n < high && n%round == 0 && !used[n] {
					return n
				}
			}
		}
	}
	return 0
}
