package sandbox

import (
	"maps"
	"slices"
	"strings"

	scalingtypes "github.com/aws/aws-sdk-go-v2/service/applicationautoscaling/types"
)

// derived is what the world can count from what it remembers, so that a call costs what it
// answers and not what there is: the state file has none of it. Each is nil until somebody
// asks, and amended or forgotten where what it was counted from changes.
type derived struct {
	behind   map[string][]string             // load balancers by target group: forwarders
	calling  map[string][]scalingtypes.Alarm // by policy: callers
	places   map[string]int                  // where rules and target groups stand in their lists, by ARN: found
	rules    map[string][]*elbRule           // by listener: listenerRules
	targets  map[string]string               // resources of scalable targets, by ARN: taggedTarget
	policies *ordered                        // keys of scaling policies
	alarms   *ordered                        // names of metric alarms
}

// ordered are the keys of a map, in order; nil for not yet counted.
type ordered struct{ keys []string }

// orderOf counts the keys of a map unless that was done.
func orderOf[T any](o **ordered, m map[string]T) *ordered {
	if *o == nil {
		*o = &ordered{keys: slices.Sorted(maps.Keys(m))}
	}
	return *o
}

// add and drop keep pace with the map.
func (o *ordered) add(key string) {
	if o == nil {
		return
	}
	if i, there := slices.BinarySearch(o.keys, key); !there {
		o.keys = slices.Insert(o.keys, i, key)
	}
}

func (o *ordered) drop(key string) {
	if o == nil {
		return
	}
	if i, there := slices.BinarySearch(o.keys, key); there {
		o.keys = slices.Delete(o.keys, i, i+1)
	}
}

// from are the keys that begin so.
func (o *ordered) from(prefix string) []string {
	first, _ := slices.BinarySearch(o.keys, prefix)
	last := first
	for last < len(o.keys) && strings.HasPrefix(o.keys[last], prefix) {
		last++
	}
	return slices.Clone(o.keys[first:last])
}
