package lint

import (
	"slices"
	"strings"

	"github.com/ecs-operator/ecs-operator/pkg/resource"
	"github.com/ecs-operator/ecs-operator/pkg/spec"
)

var circleRules = []Rule{
	{"reference-circle", spec.Error, "Nothing of a document waits for itself: an alarm that guards the service's deployments is made before the service, a scaling policy that an alarm calls after it.",
		"write two alarms, one for the deployments and one for the policy, or break the circle elsewhere", circles},
	{"label-one-colour", spec.Warning, "Under BLUE_GREEN, LINEAR and CANARY no scaling policy counts the requests of one target group: each deployment moves them to the other one.",
		"sum both groups' RequestCount in a customizedMetricSpecification with metrics", labelOneColour},
}

// circles tells one way round for each group of objects that wait for each other.
func circles(v *unit, f found) {
	told := map[resource.ID]bool{}
	for _, o := range v.unit.Objects() {
		way := wayBack(v.unit, o)
		if way == nil || told[o.ID] {
			continue
		}
		names := []string{}
		for _, id := range way {
			told[id] = true
			names = append(names, v.unit.Object(id).Section)
		}
		path := ""
		for _, ref := range o.Refs {
			if ref.To == way[1] {
				path = ref.Path
				break
			}
		}
		f(o, path, "waits for itself: %s", strings.Join(names, " → "))
	}
}

// wayBack is the shortest way from an object over what it needs back to it; nil
// for none.
func wayBack(u *resource.Unit, from *resource.Object) []resource.ID {
	came := map[resource.ID]resource.ID{}
	for queue := []resource.ID{from.ID}; len(queue) > 0; queue = queue[1:] {
		o := u.Object(queue[0])
		if o == nil {
			continue
		}
		for _, need := range o.Needs {
			if need == from.ID {
				way := []resource.ID{need}
				for at := o.ID; at != from.ID; at = came[at] {
					way = append(way, at)
				}
				way = append(way, from.ID)
				slices.Reverse(way)
				return way
			}
			if _, seen := came[need]; !seen {
				came[need] = o.ID
				queue = append(queue, need)
			}
		}
	}
	return nil
}

// labelOneColour looks at labels that the author wrote; one that is to be worked
// out for a service with two target groups is an error of its own.
func labelOneColour(v *unit, f found) {
	if v.service == nil || v.service.in.DeploymentConfiguration == nil || !shifts(v.service.in.DeploymentConfiguration) {
		return
	}
	two := false
	for _, lb := range v.service.in.LoadBalancers {
		two = two || lb.AdvancedConfiguration != nil
	}
	for _, p := range v.policies {
		var paths []string
		for path := range p.Written.Paths() {
			if two && strings.HasSuffix(path, ".resourceLabel") {
				paths = append(paths, path)
			}
		}
		slices.Sort(paths)
		for _, path := range paths {
			f(p.Object, path, "names one of the service's two target groups: it scales in when the other one has the requests")
		}
	}
}
