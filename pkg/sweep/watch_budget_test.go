package sweep

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/ecs-operator/ecs-operator/pkg/sandbox"
)

// rate is a throttle bucket as AWS publishes it, and the share of it that an operator
// may have: 25 % of those for reads, 50 % of those for writes.
type rate struct {
	name          string
	second, burst float64
	share         float64
	operations    []string // with services as the sandbox calls them; "*" for all
}

// rates are those of the promises (1.4: "Request throttling for the Amazon ECS API")
// and of aws-facts 4.2, written down apart from the operator's own table.
var rates = []rate{
	{"ecs service read", 20, 100, 0.25, []string{"ecs.DescribeServices", "ecs.ListServices"}},
	{"ecs service modify", 5, 50, 0.5, []string{"ecs.CreateService", "ecs.UpdateService", "ecs.DeleteService"}},
	{"ecs task definition read", 20, 50, 0.25, []string{"ecs.DescribeTaskDefinition", "ecs.ListTaskDefinitions"}},
	{"ecs task definition modify", 1, 20, 0.5, []string{"ecs.RegisterTaskDefinition", "ecs.DeregisterTaskDefinition"}},
	{"ecs tag modify", 10, 20, 0.5, []string{"ecs.TagResource", "ecs.UntagResource"}},
	{"ecs tag read", 20, 50, 0.25, []string{"ecs.ListTagsForResource"}},
	{"ecs cluster resource read", 20, 100, 0.25, []string{"ecs.DescribeTasks", "ecs.ListTasks"}},
	{"ecs service deployments", 20, 50, 0.25, []string{"ecs.ListServiceDeployments", "ecs.DescribeServiceDeployments"}},
	{"ecs service revisions", 20, 50, 0.25, []string{"ecs.DescribeServiceRevisions"}},
	{"elb account", 10, 40, 0.5, []string{"elasticloadbalancing.*"}},
	{"cloudwatch DescribeAlarms", 9, 9, 0.25, []string{"monitoring.DescribeAlarms"}},
	{"cloudwatch PutMetricAlarm", 3, 4, 0.5, []string{"monitoring.PutMetricAlarm"}},
}

// rateOf finds the buckets that an operation draws from.
var rateOf = func() map[string][]*rate {
	out := map[string][]*rate{}
	for i := range rates {
		for _, o := range rates[i].operations {
			out[o] = append(out[o], &rates[i])
		}
	}
	return out
}()

// bucket is what is left of a share.
type bucket struct {
	left float64
	at   time.Time
	told bool
}

// refill: another process begins, with buckets of its own. It cannot know what the one
// before it spent.
func (all watchers) refill() {
	for _, x := range all {
		x.mu.Lock()
		clear(x.budget)
		x.mu.Unlock()
	}
}

// refused: AWS throttles, and what an operator had saved up in these buckets is no more its
// to spend (P16: the rate falls, it does not go on as before). What is less than a call
// stays, and the answer takes its time: one more may be on its way by then.
func (x *watcher) refused(c sandbox.Call) {
	x.mu.Lock()
	defer x.mu.Unlock()
	for _, r := range slices.Concat(rateOf[c.Service+"."+c.Operation], rateOf[c.Service+".*"]) {
		if b := x.budget[r.name+" of "+c.UserAgent]; b != nil {
			b.left = min(b.left, 2)
		}
	}
}

// spent is I8 at a call: the operator's share of each bucket suffices. Operators that call
// themselves otherwise have a share each.
func (x *watcher) spent(c sandbox.Call, now time.Time) {
	if x.w.apart {
		return // a pass a second, and all of the quota: the case is short for it
	}
	x.mu.Lock()
	defer x.mu.Unlock()
	for _, r := range slices.Concat(rateOf[c.Service+"."+c.Operation], rateOf[c.Service+".*"]) {
		key := r.name + " of " + c.UserAgent
		b := x.budget[key]
		full := max(1, r.burst*r.share) + 1 // a bucket holds whole calls
		if b == nil {
			b = &bucket{left: full, at: now}
			x.budget[key] = b
		}
		b.left = min(full, b.left+now.Sub(b.at).Seconds()*r.second*r.share)
		b.at = now
		if b.left--; b.left < -0.001 && !b.told {
			b.told = true
			x.broken("I8", "more calls than the share of %s allows, at %s.%s", r.name, c.Service, c.Operation)
		}
	}
}

// most is how many calls a case may make: three times those of the reference and 20,
// and those that an operator makes in each minute that the fault goes on.
func (ref outcome) most(f *fault) int {
	pace := cmp.Or(ref.resync, resync)
	minutes := int((f.lasts + pace - 1) / pace)
	return 3*len(ref.calls) + 20 + minutes*ref.inAMinute()
}

// inAMinute is what a pass over a world at rest costs.
func (ref outcome) inAMinute() int { return (len(ref.calls)-ref.rested)/3 + 1 }

// changed is whether a case's calls are others than the reference's, or had other
// answers: then its fault was felt.
func (o outcome) changed(ref outcome) bool { return !slices.Equal(o.sequence, ref.sequence) }

// heardAs is a call with its answer, as changed compares it.
func heardAs(e sandbox.Entry) string {
	return strings.TrimSuffix(fmt.Sprintf("%s.%s %s", e.Service, e.Operation, e.Error), " ")
}
