package resource

import "context"

// Road is the part of a Kind whose objects lead to target groups: a service
// registers its tasks in them, a rule sends them requests. What a replacement of
// a target group needs to know of them is here, so that the plan can stay pure.
type Road interface {
	// Leads lists the target groups that an input of the kind leads to, by ARN
	// (or by the text of a reference, as it stands in the input), each with its
	// weight; 1 where the kind knows no weights.
	Leads(input any) map[string]int32
	// Beside gives the wanted object while one target group takes over from
	// others, which stand beside it. A sentence says why that cannot be; the
	// object is then of no use.
	Beside(o Object, t Turn) (Object, string)
}

// Turn is how far a target group has come in taking over from others.
type Turn struct {
	// To is the text of the reference to the one that takes over.
	To string
	// From are the ARNs of those that it takes over from, the one that serves first.
	From []string
	// Done: requests go to the new one. Before, they go where they go now.
	Done bool
	// Live is the input of the live object, nil when there is none.
	Live any
}

// Succession is the part of the target groups' Kind that speaks of one taking
// over from another.
type Succession interface {
	// Standing reads target groups directly, by ARN, each with its tags and with
	// Live.Group whole. One that was not learned is Unknown with the error.
	Standing(ctx context.Context, target string, arns []string) map[string]Live
	// Apart says in a sentence why a live target group and the wanted one cannot
	// serve side by side, "" when they can.
	Apart(want, live any) string
}

// GroupState is what a target group's create input has no place for.
type GroupState struct {
	// LoadBalancers are the ARNs of those whose listeners lead to it.
	LoadBalancers []string
	// The counts of targets and who leads here are read by Standing only.
	Targets int32 // registered or draining
	Healthy int32
	LedBy   []Lead
}

// Lead is one rule that leads to a target group.
type Lead struct {
	ARN   string // the rule's; for a default action the listener's
	Where string // how people find it: "main:80 priority 10", "main:80 default action"
	// Weight is 0 where no request comes through it.
	Weight int32
}
