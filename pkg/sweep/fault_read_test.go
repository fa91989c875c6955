package sweep

import (
	"reflect"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	aas "github.com/aws/aws-sdk-go-v2/service/applicationautoscaling"
	"github.com/aws/aws-sdk-go-v2/service/ecs"
	ecstypes "github.com/aws/aws-sdk-go-v2/service/ecs/types"
	"github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2"

	"github.com/ecs-operator/ecs-operator/pkg/sandbox"
)

// lag lets later reads of the same service be answered as before this write, where old
// says so of the n-th of them. The tagging API, which lags behind all services, goes with
// it. No answer is older than the absence grace: what lags for longer is not promised
// to be told from what is gone (P4), and no quiet minute holds ten calls.
func lag(w *world, s *strike, c sandbox.Call, old func(n int64) bool) {
	before, err := s.aws.Replica()
	if err != nil {
		w.broken("%v", err)
		return
	}
	var n atomic.Int64
	until := time.Now().Add(absenceGrace)
	w.tap.then(func(later sandbox.Call) *sandbox.Fault {
		if later.Write || later.Service != c.Service && later.Service != "tagging" || !old(n.Add(1)) || !time.Now().Before(until) {
			return nil
		}
		return &sandbox.Fault{From: before}
	})
}

// sentAgain: what looks unchanged is changed once more (P4: a changed object is healed in
// the next pass). That starts no deployment: those are counted by themselves.
var sentAgain = map[string]int{"ecs.UpdateService": 1}

// sentForAMinute: so it is in every pass of the minute in which nothing is to be seen.
// None of them starts a deployment: those are held to the reference apart (I4).
var sentForAMinute = map[string]int{"ecs.UpdateService": 8}

// staleFaults let reads lag behind a write.
func staleFaults() []*fault {
	var all []*fault
	for _, n := range []int64{1, 3, 10} {
		all = append(all, &fault{name: "R1-" + string(rune('0'+n%10)), says: "reads lag behind", applies: writes, repeats: true, more: sentAgain,
			strike: func(w *world, s *strike, c sandbox.Call) *sandbox.Fault {
				lag(w, s, c, func(i int64) bool { return i <= n })
				return nil
			}})
	}
	all[2].name = "R1-10"
	return append(all,
		&fault{name: "R2", says: "not to be seen for 60 s after it was made", applies: creates, repeats: true, more: sentForAMinute, lasts: 2 * time.Minute,
			strike: func(w *world, s *strike, c sandbox.Call) *sandbox.Fault {
				until := time.Now().Add(absenceGrace)
				w.tap.hold(func() bool { return time.Now().After(until) })
				lag(w, s, c, func(int64) bool { return true })
				return nil
			}},
		&fault{name: "R3", says: "reads come in turn from a replica that has heard of it and one that has not", applies: writes, repeats: true, more: sentAgain,
			strike: func(w *world, s *strike, c sandbox.Call) *sandbox.Fault {
				lag(w, s, c, func(i int64) bool { return i <= 10 && i%2 == 0 })
				return nil
			}})
}

// list is the longest list of an answer, which is what was asked for.
func list(out any) reflect.Value {
	v := reflect.Indirect(reflect.ValueOf(out))
	var longest reflect.Value
	if v.Kind() != reflect.Struct {
		return longest
	}
	for i := range v.NumField() {
		f := v.Field(i)
		if f.Kind() == reflect.Slice && f.CanSet() && v.Type().Field(i).Name != "Failures" && (!longest.IsValid() || f.Len() > longest.Len()) {
			longest = f
		}
	}
	return longest
}

// items is how many there are in it.
func items(out any) int {
	if l := list(out); l.IsValid() {
		return l.Len()
	}
	return 0
}

// field is a member of an input or an output, by the names that services have for it.
func field(in any, names ...string) reflect.Value {
	v := reflect.Indirect(reflect.ValueOf(in))
	if v.Kind() == reflect.Struct {
		for _, name := range names {
			if f := v.FieldByName(name); f.IsValid() {
				return f
			}
		}
	}
	return reflect.Value{}
}

// paged is whether what an input asks for comes in pages.
func paged(in any) bool {
	if arns := field(in, "ResourceARNList"); arns.IsValid() && arns.Len() > 0 {
		return false
	}
	return field(in, "MaxResults", "PageSize", "MaxRecords", "ResourcesPerPage").IsValid()
}

// goesOn is whether an input asks for a page after the first.
func goesOn(in any) bool {
	f := field(in, "NextToken", "Marker", "PaginationToken")
	if !f.IsValid() {
		return false
	}
	token, _ := f.Interface().(*string)
	return aws.ToString(token) != ""
}

// missing leaves an item out of an answer. Of the listeners of a load balancer and the
// rules of a listener, which are asked for as a whole, none is: such a list is not a batch
// that is silent about something, it would be a wrong one, and nobody could tell. What
// lags behind is R1 to R3.
func missing(_ *world, s *strike, c sandbox.Call) *sandbox.Fault {
	switch in := c.Input.(type) {
	case *aas.DescribeScalableTargetsInput: // silence is how it says that there is none: what others made may be met for the first time
		theirs := map[string]bool{}
		s.aws.View(func(v *sandbox.World) {
			for id, t := range v.Scaling.Targets {
				theirs[id] = !tags(t.Tags).ours()
			}
		})
		return &sandbox.Fault{Rewrite: func(out any) {
			if o, ok := out.(*aas.DescribeScalableTargetsOutput); ok && len(o.ScalableTargets) > 0 && !theirs[aws.ToString(o.ScalableTargets[len(o.ScalableTargets)-1].ResourceId)] {
				dropLast(out)
			}
		}}
	case *elasticloadbalancingv2.DescribeListenersInput:
		if in.LoadBalancerArn != nil {
			return nil
		}
	case *elasticloadbalancingv2.DescribeRulesInput:
		if in.ListenerArn != nil {
			return nil
		}
	}
	return &sandbox.Fault{Rewrite: dropLast}
}

// dropLast drops the last item of an answer.
func dropLast(out any) {
	if l := list(out); l.IsValid() && l.Len() > 0 {
		l.Set(l.Slice3(0, l.Len()-1, l.Len()-1))
	}
}

// asFailure says of the last item of a batch that it is missing, as ECS does.
func asFailure(out any) {
	fail := func(arn *string) []ecstypes.Failure {
		return []ecstypes.Failure{{Arn: arn, Reason: aws.String("MISSING")}}
	}
	switch out := out.(type) {
	case *ecs.DescribeServicesOutput:
		if n := len(out.Services); n > 0 {
			out.Failures = append(slices.Clone(out.Failures), fail(out.Services[n-1].ServiceArn)...)
		}
	case *ecs.DescribeTasksOutput:
		if n := len(out.Tasks); n > 0 {
			out.Failures = append(slices.Clone(out.Failures), fail(out.Tasks[n-1].TaskArn)...)
		}
	case *ecs.DescribeServiceDeploymentsOutput:
		if n := len(out.ServiceDeployments); n > 0 {
			out.Failures = append(slices.Clone(out.Failures), fail(out.ServiceDeployments[n-1].ServiceDeploymentArn)...)
		}
	case *ecs.DescribeServiceRevisionsOutput:
		if n := len(out.ServiceRevisions); n > 0 {
			out.Failures = append(slices.Clone(out.Failures), fail(out.ServiceRevisions[n-1].ServiceRevisionArn)...)
		}
	}
	dropLast(out)
}

// pages answers a list one item a page, and lets spoil have a say about the second.
func pages(spoil func(later sandbox.Call, first func() reflect.Value) *sandbox.Fault) func(*world, *strike, sandbox.Call) *sandbox.Fault {
	return func(w *world, _ *strike, c sandbox.Call) *sandbox.Fault {
		var seen atomic.Pointer[reflect.Value]
		var met atomic.Int64
		w.tap.then(func(later sandbox.Call) *sandbox.Fault {
			if later.Service != c.Service || later.Operation != c.Operation || !goesOn(later.Input) {
				return nil
			}
			first := seen.Load()
			if first == nil {
				return nil
			}
			// Reads are tried twice: what befalls the second page befalls both attempts.
			if met.Add(1) <= 2 && spoil != nil {
				if f := spoil(later, func() reflect.Value { return *first }); f != nil {
					return f
				}
			}
			return &sandbox.Fault{PageSize: 1}
		})
		return &sandbox.Fault{PageSize: 1, Rewrite: func(out any) {
			if l := list(out); l.IsValid() {
				seen.Store(&l)
			}
		}}
	}
}

// firstAgain puts the first page before the second.
func firstAgain(_ sandbox.Call, first func() reflect.Value) *sandbox.Fault {
	return &sandbox.Fault{PageSize: 1, Rewrite: func(out any) {
		if l := list(out); l.IsValid() && l.Type() == first().Type() {
			both := reflect.MakeSlice(l.Type(), 0, l.Len()+1)
			l.Set(reflect.AppendSlice(reflect.AppendSlice(both, first()), l))
		}
	}}
}

// badToken is what the services say of a token that they do not know any more.
func badToken(later sandbox.Call, _ func() reflect.Value) *sandbox.Fault {
	f := &sandbox.Fault{Code: "InvalidParameterException", Message: "Invalid token", Status: 400}
	switch later.Service {
	case "elasticloadbalancing":
		f.Code, f.Message = "ValidationError", "Invalid marker"
	case "monitoring":
		f.Code, f.Message = "InvalidNextToken", "Invalid next token"
	case "application-autoscaling":
		f.Code, f.Message = "InvalidNextTokenException", "Invalid next token"
	case "tagging":
		f.Code, f.Message = "PaginationTokenExpiredException", "The pagination token has expired or is not valid"
	}
	return f
}

// batchFaults spoil answers with lists.
func batchFaults() []*fault {
	some := func(m made) bool { return !m.Write && m.Items > 0 }
	many := func(m made) bool { return !m.Write && m.Paged && m.Items > 1 }
	rewrite := func(f func(out any)) func(*world, *strike, sandbox.Call) *sandbox.Fault {
		return func(*world, *strike, sandbox.Call) *sandbox.Fault { return &sandbox.Fault{Rewrite: f} }
	}
	return []*fault{
		// A service that is said to be missing, and has gone before, is asked for with the
		// token of that one: ECS answers with what is no more, and it is asked for once
		// again, with another token. That nothing is made twice is held by the deployments.
		{name: "B1", says: "an item of a batch is said to be missing", more: map[string]int{"ecs.CreateService": 1}, strike: rewrite(asFailure), applies: func(m made) bool {
			return some(m) && slices.Contains([]string{"DescribeServices", "DescribeTasks", "DescribeServiceDeployments", "DescribeServiceRevisions"}, m.Operation[strings.LastIndexByte(m.Operation, '.')+1:])
		}},
		{name: "B2", says: "an item is silently missing", strike: missing, applies: some},
		{name: "B2-3", says: "an item is silently missing three times", applies: func(m made) bool { return some(m) && firstLook(m) }, strike: func(w *world, s *strike, c sandbox.Call) *sandbox.Fault {
			var met atomic.Int64
			w.tap.then(func(later sandbox.Call) *sandbox.Fault {
				if later.Service == c.Service && later.Operation == c.Operation && met.Add(1) < 3 {
					return missing(w, s, later)
				}
				return nil
			})
			return missing(w, s, c)
		}},
		{name: "B3", says: "an error on page 2", strike: pages(func(later sandbox.Call, _ func() reflect.Value) *sandbox.Fault { return broken.in(later) }), applies: many},
		{name: "Q1", says: "one item a page", strike: pages(nil), applies: many},
		{name: "Q2", says: "an item comes again on page 2", strike: pages(firstAgain), applies: many},
		{name: "Q2-token", says: "the token of page 2 is stale", strike: pages(badToken), applies: many},
	}
}
