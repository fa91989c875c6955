package sandbox

import "slices"

// Operations lists what the sandbox answers: the names of the operations by the
// service's name on the wire ("ecs", "elasticloadbalancing", "monitoring",
// "application-autoscaling", "sts", "tagging", "logs"), sorted. Its page is checked
// against it.
func Operations() map[string][]string {
	out := map[string][]string{}
	for _, o := range allOperations() {
		out[o.service] = append(out[o.service], o.name)
	}
	for _, names := range out {
		slices.Sort(names)
	}
	return out
}
