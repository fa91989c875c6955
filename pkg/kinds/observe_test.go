package kinds_test

import (
	"context"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ecs"
	"github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2"
	elbtypes "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2/types"

	"github.com/ecs-operator/ecs-operator/pkg/diff"
	"github.com/ecs-operator/ecs-operator/pkg/resource"
	"github.com/ecs-operator/ecs-operator/pkg/sandbox"
	"github.com/ecs-operator/ecs-operator/pkg/shape"
)

// calls counts the calls by operation since mark entries of the journal.
func (w *world) calls(mark int) map[string]int {
	out := map[string]int{}
	for _, e := range w.sandbox.Journal()[mark:] {
		out[e.Operation]++
	}
	return out
}

func (w *world) mark() int { return len(w.sandbox.Journal()) }

func TestMissingClusterIsUnknown(t *testing.T) {
	w := newWorld(t)
	u := w.load(edit(t, hello, "cluster: default", "cluster: nowhere"))
	l := w.observe(u, false)[serviceOf(u)]
	if l.Presence != resource.Unknown || resource.ClassOf(l.Err) != resource.ClassNotFound || !strings.Contains(l.Err.Error(), "ClusterNotFoundException") {
		t.Errorf("%s, %v", l.Presence, l.Err)
	}
}

// A registration that a crash cut off from its service is found again, and so
// is what a revert goes back to.
func TestTaskDefinitionsAreReused(t *testing.T) {
	w := newWorld(t)
	first := w.load(hello)
	w.apply(first)
	w.settle()
	id := serviceOf(first).Of(resource.KindTaskDefinition, "")
	one := w.observe(first, false)[id].ARN

	second := w.load(edit(t, hello, "nginx:1.29", "nginx:1.30"))
	live := w.observe(second, false)
	if live[id].ARN != one {
		t.Fatalf("the live revision is %s, not %s", live[id].ARN, one)
	}
	made, err := w.kind(id.Kind).Update(t.Context(), resource.Write{Object: *second.Object(id), Live: live[id], Changes: w.changes(second, id, live)})
	if err != nil {
		t.Fatal(err)
	}
	w.fresh() // the crash
	if got := w.observe(second, false)[id].ARN; got != made.ARN {
		t.Fatalf("after a crash the live revision is %s, not the registered %s", got, made.ARN)
	}
	w.apply(second)
	w.settle()
	w.clean(second)
	third := w.load(edit(t, hello, "nginx:1.29", "nginx:1.31"))
	w.apply(third)
	w.settle()

	mark := w.mark()
	w.fresh()
	w.apply(first)
	w.settle()
	w.clean(first)
	if got := w.observe(first, false)[id].ARN; got != one {
		t.Errorf("the revert runs %s, not %s", got, one)
	}
	if n := w.calls(mark)["RegisterTaskDefinition"]; n != 0 {
		t.Errorf("the revert registered %d revisions", n)
	}
}

// A lean look at a packed unit leaves the revision sealed: it is told by it, and opens to
// what a full look gives. A document that wants something else is compared as a whole.
func TestLeanLook(t *testing.T) {
	w := newWorld(t)
	u := w.load(hello)
	w.apply(u)
	w.settle()
	byKind := map[string]resource.Kind{}
	for _, k := range w.kinds {
		byKind[k.Name()] = k
	}
	id := serviceOf(u).Of(resource.KindTaskDefinition, "")
	full := w.observe(u, false)
	look := func(u *resource.Unit) (l resource.Live, sum shape.Sum) {
		u.Pack(byKind)
		i := slices.IndexFunc(u.Frames(), func(o *resource.Object) bool { return o.ID == id })
		l = w.kind(id.Kind).Observe(t.Context(), resource.Query{Target: id.Target, Objects: []*resource.Object{u.Frames()[i]}, Live: full, Lean: true})[id]
		sum, ok := shape.Digest(l)
		if !ok {
			t.Error("it cannot be told")
		}
		return l, sum
	}
	sealed, sum := look(u)
	if sealed.Sealed == nil || sealed.Value != nil || sealed.Tags != nil || sealed.Image != "nginx:1.29" {
		t.Fatalf("it is open: %+v", sealed)
	}
	if !reflect.DeepEqual(sealed.Open(), full[id]) || sealed.Open().Sealed != nil {
		t.Errorf("it opens to %+v, not to %+v", sealed.Open(), full[id])
	}
	w.fresh()
	if _, again := look(w.load(hello)); again != sum {
		t.Error("a new process tells the same revision otherwise")
	}
	other, _ := look(w.load(edit(t, hello, "nginx:1.29", "nginx:1.30")))
	if other.ARN != full[id].ARN || other.Sealed != nil || other.Tags[resource.TagSpecHash] != u.ContentHash {
		t.Errorf("where another image is wanted it is %+v", other)
	}
	if err := w.rollouts.Tag(t.Context(), id.Target, full[id].ARN, map[string]string{"team": "shop"}, nil); err != nil {
		t.Fatal(err)
	}
	w.fresh()
	if tagged, moved := look(u); moved == sum || tagged.Open().Tags["team"] != "shop" {
		t.Errorf("with another tag it is %+v", tagged.Open())
	}
}

// A revision that was deregistered under the running service is no basis for
// the next deployment.
func TestInactiveRevision(t *testing.T) {
	w := newWorld(t)
	u := w.load(hello)
	w.apply(u)
	w.settle()
	id := serviceOf(u).Of(resource.KindTaskDefinition, "")
	arn := w.observe(u, false)[id].ARN
	if _, err := w.raw.Write.ECS.DeregisterTaskDefinition(t.Context(), &ecs.DeregisterTaskDefinitionInput{TaskDefinition: &arn}); err != nil {
		t.Fatal(err)
	}
	l := w.observe(u, true)[id]
	if l.Presence != resource.Present || l.ARN != arn || l.Health.State != resource.Gone {
		t.Errorf("%s %s, health %+v", l.Presence, l.ARN, l.Health)
	}
}

func TestDrainingAndInactiveService(t *testing.T) {
	w := newWorld(t)
	u := w.load(hello)
	w.apply(u)
	w.settle()
	id := serviceOf(u)
	live := w.observe(u, false)
	write := resource.Write{Object: *u.Object(id), Live: live[id]}
	if err := w.kind(id.Kind).Delete(t.Context(), write); err != nil {
		t.Fatal(err)
	}
	if l := w.observe(u, true)[id]; l.Presence != resource.Present || l.Health.State != resource.Gone {
		t.Fatalf("draining: %s, %+v", l.Presence, l.Health)
	}
	w.settle()
	gone := w.observe(u, true)[id]
	if gone.Presence != resource.Absent || gone.Service == nil || gone.Service.Status != "INACTIVE" || gone.Service.CreatedAt == "" {
		t.Fatalf("drained: %s, %+v", gone.Presence, gone.Service)
	}
	// The token of the first creation is replayed for a day, and its answer is gone.
	o, _ := resource.Resolve(*u.Object(id), attrsOf(live))
	made, err := w.kind(id.Kind).Create(t.Context(), resource.Write{Object: o, Live: gone, Token: "token-" + u.ContentHash})
	if err != nil {
		t.Fatal(err)
	}
	if made.Presence != resource.Present || made.Service.Status != "ACTIVE" {
		t.Errorf("created anew: %s, %+v", made.Presence, made.Service)
	}
	w.settle()
	w.clean(u)
}

func TestCreateServiceTwiceIsOne(t *testing.T) {
	w := newWorld(t)
	u := w.load(hello)
	w.apply(u)
	id := serviceOf(u)
	o, _ := resource.Resolve(*u.Object(id), attrsOf(w.observe(u, false)))
	again, err := w.kind(id.Kind).Create(t.Context(), resource.Write{Object: o, Token: "token-" + u.ContentHash})
	if err != nil || again.ARN != w.observe(u, false)[id].ARN {
		t.Errorf("%s, %v", again.ARN, err)
	}
}

// What is immutable makes another target group beside the first, whether the
// name was derived or written, and the next observation means that one.
func TestTargetGroupIsReplaced(t *testing.T) {
	for name, yaml := range map[string]string{
		"derived": web, "written": edit(t, web, "      protocol: HTTP\n", "      name: storefront\n      protocol: HTTP\n"),
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			u := w.load(yaml)
			w.apply(u)
			w.settle()
			id := serviceOf(u).Of(resource.KindTargetGroup, "web")
			old := w.observe(u, false)[id]
			next := w.load(edit(t, yaml, "port: 80\n      vpcId", "port: 8080\n      vpcId"))
			live := w.observe(next, false)
			if live[id].ARN != old.ARN {
				t.Fatalf("%s is observed, not the existing %s", live[id].ARN, old.ARN)
			}
			cs := writable(w.changes(next, id, live))
			if len(cs) != 1 || cs[0].Path != "port" || cs[0].Effect != diff.Replacement {
				t.Fatalf("changes %+v", cs)
			}
			made, err := w.kind(id.Kind).Create(t.Context(), resource.Write{Object: *next.Object(id), Live: live[id]})
			if err != nil {
				t.Fatal(err)
			}
			for range 2 {
				if got := w.observe(next, false)[id]; got.ARN != made.ARN || got.ARN == old.ARN {
					t.Fatalf("%s is observed, not the replacement %s", got.ARN, made.ARN)
				}
				w.fresh()
			}
			w.apply(next)
			w.settle()
			w.clean(next)
		})
	}
}

// A rule of somebody else at the wanted priority is there and not ours; one
// that carries our tags is found wherever it went.
func TestRuleIdentity(t *testing.T) {
	w := newWorld(t)
	foreign, err := w.raw.Write.ELB.CreateRule(t.Context(), &elasticloadbalancingv2.CreateRuleInput{
		ListenerArn: aws.String(listener), Priority: aws.Int32(10),
		Conditions: []elbtypes.RuleCondition{{Field: aws.String("path-pattern"), Values: []string{"/x"}}},
		Actions:    []elbtypes.Action{{Type: elbtypes.ActionTypeEnumFixedResponse, FixedResponseConfig: &elbtypes.FixedResponseActionConfig{StatusCode: aws.String("200")}}},
	})
	if err != nil {
		t.Fatal(err)
	}
	u := w.load(web)
	id := serviceOf(u).Of(resource.KindListenerRule, "web")
	l := w.observe(u, false)[id]
	if l.Presence != resource.Present || l.ARN != aws.ToString(foreign.Rules[0].RuleArn) || l.Owner().Operator != "" {
		t.Fatalf("%s %s %+v", l.Presence, l.ARN, l.Owner())
	}
	moved := w.load(edit(t, web, "priority: 10", "priority: 11"))
	w.apply(moved)
	w.fresh()
	l = w.observe(u, false)[id] // the document wants 10 again, which is taken
	if l.Presence != resource.Present || l.Owner().Key != "rule/web" {
		t.Errorf("%s %s %+v", l.Presence, l.ARN, l.Owner())
	}
	if got := paths(w.changes(u, id, w.observe(u, false))); !slices.Equal(got, []string{"priority"}) {
		t.Errorf("changes %v", got)
	}
}

const listener = "arn:aws:elasticloadbalancing:us-east-1:123456789012:listener/app/main/0123456789abcdef/fedcba9876543210"

// fleet is a service with a target group, a rule, two alarms and scaling.
func fleet(n int) string {
	s := strings.ReplaceAll(web, "name: web}", fmt.Sprintf("name: web%d}", n))
	s = strings.Replace(s, "priority: 10", fmt.Sprintf("priority: %d", 100+n), 1)
	return strings.Replace(s, "[Web.example.com]", fmt.Sprintf("[web%d.example.com]", n), 1)
}

// TestSweepIsBatched: many services cost few calls, and an idle sweep reads no
// immutable thing twice.
func TestSweepIsBatched(t *testing.T) {
	const services = 25
	w := newWorld(t)
	var units []*resource.Unit
	for i := range services {
		u := w.load(fleet(i))
		w.apply(u)
		units = append(units, u)
	}
	w.settle()
	w.fresh()
	all := &resource.Unit{Key: units[0].Key}
	for _, u := range units {
		all = all.With(append(all.Objects(), u.Objects()...)...)
	}
	w.observe(all, false) // the first one fills the caches
	mark := w.mark()
	live := w.observe(all, false)
	for _, u := range units {
		for _, o := range u.Objects() {
			if cs := w.changes(u, o.ID, live); len(cs) > 0 {
				t.Errorf("%s: %+v", o.ID, cs)
			}
		}
	}
	want := map[string]int{
		"DescribeServices":              3, // 25 by 10
		"DescribeTargetGroups":          1, // 25 by 400
		"DescribeTags":                  2, // target groups: 25 by 20; the rules' tags come from the hint
		"DescribeRules":                 1, // one listener
		"DescribeScalableTargets":       1, // 25 by 50
		"DescribeScalingPolicies":       5, // 50 by 10
		"DescribeScheduledActions":      1,
		"DescribeAlarms":                1, // 50 by 100
		"GetResources":                  0, // young enough
		"DescribeTaskDefinition":        0,
		"DescribeServiceRevisions":      0,
		"ListTagsForResource":           0,
		"DescribeTargetGroupAttributes": 0,
	}
	got := w.calls(mark)
	for op, n := range want {
		if op == "DescribeTags" {
			if got[op] > 4 {
				t.Errorf("%s: %d calls", op, got[op])
			}
			continue
		}
		if got[op] != n {
			t.Errorf("%s: %d calls, want %d", op, got[op], n)
		}
	}
	for op := range got {
		if _, ok := want[op]; !ok {
			t.Errorf("%d calls of %s", got[op], op)
		}
	}
}

// Where the tagging API is denied, tags are read directly.
func TestDeniedTaggingAPI(t *testing.T) {
	w := newWorld(t)
	var units []*resource.Unit
	for i := range 25 {
		u := w.load(fleet(i))
		w.apply(u)
		units = append(units, u)
	}
	w.fresh()
	deny(w, "GetResources")
	all := &resource.Unit{Key: units[0].Key}
	for _, u := range units {
		all = all.With(append(all.Objects(), u.Objects()...)...)
	}
	mark := w.mark()
	live := w.observe(all, false)
	for _, u := range units {
		for _, o := range u.Objects() {
			if cs := w.changes(u, o.ID, live); len(cs) > 0 {
				t.Errorf("%s: %+v", o.ID, cs)
			}
		}
	}
	if got := w.calls(mark); got["ListTagsForResource"] != 100 || got["GetResources"] != 1 {
		t.Errorf("%d ListTagsForResource, %d GetResources", got["ListTagsForResource"], got["GetResources"])
	}
}

// A stale hint is no answer: what it does not agree with is read directly.
func TestStaleHint(t *testing.T) {
	w := newWorld(t)
	var units []*resource.Unit
	for i := range 25 {
		u := w.load(fleet(i))
		w.apply(u)
		units = append(units, u)
	}
	all := &resource.Unit{Key: units[0].Key}
	for _, u := range units {
		all = all.With(append(all.Objects(), u.Objects()...)...)
	}
	w.observe(all, false)
	edited := w.load(strings.Replace(fleet(3), "evaluationPeriods: 5\n      threshold: 10\n      comparisonOperator: GreaterThanThreshold\n      treatMissingData: notBreaching\n      tags: {team: payments}",
		"evaluationPeriods: 5\n      threshold: 10\n      comparisonOperator: GreaterThanThreshold\n      treatMissingData: notBreaching\n      tags: {team: thieves}", 1))
	if n := w.apply(edited); n != 1 {
		t.Fatalf("%d writes", n)
	}

	for id := range all.IDs() {
		if id.Unit == "web3" {
			all = all.Put(edited.Object(id))
		}
	}
	live := w.observe(all, false)
	for _, o := range edited.Objects() {
		if cs := w.changes(edited, o.ID, live); len(cs) > 0 {
			t.Errorf("%s: %+v", o.ID.Local(), cs)
		}
	}
}

func deny(w *world, operation string) {
	f := sandbox.FaultFunc(func(_ context.Context, c sandbox.Call) *sandbox.Fault {
		if c.Operation == operation {
			return &sandbox.Fault{Code: "AccessDeniedException", Message: "User is not authorized to perform " + c.Operation}
		}
		return nil
	})
	w.fault.Store(&f)
}
