package sweep

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	aas "github.com/aws/aws-sdk-go-v2/service/applicationautoscaling"
	aastypes "github.com/aws/aws-sdk-go-v2/service/applicationautoscaling/types"
	"github.com/aws/aws-sdk-go-v2/service/ecs"
	ecstypes "github.com/aws/aws-sdk-go-v2/service/ecs/types"

	"github.com/ecs-operator/ecs-operator/pkg/kinds"
	"github.com/ecs-operator/ecs-operator/pkg/reconcile"
	"github.com/ecs-operator/ecs-operator/pkg/resource"
	"github.com/ecs-operator/ecs-operator/pkg/status"
)

// wordScenarios are about what needs a person's word, about documents that nobody can go
// by, and about who else has a say in what there is.
func wordScenarios() []*scenario {
	manual := func(threshold string) documents {
		return documents{"hello.yaml": policy(hello("hello", edit(alarm, "threshold: 90", "threshold: "+threshold)), "mode: manual")}
	}
	more := edit(fleet(1)["s0.yaml"], "desiredCount: 1", "desiredCount: 2")
	plain, scaled := hello("hello"), hello("hello", scaling)
	astray := fleet(4)
	delete(astray, "s0.yaml")
	astray["zero.yaml"] = "# It stood elsewhere.\n" + fleet(1)["s0.yaml"]
	astray["s1-again.yaml"] = edit(astray["s1.yaml"], "nginx:1.29", "nginx:1.30")
	astray["s2.yaml"] = edit(astray["s2.yaml"], "desiredCount: 1", "desiredCount: 2, desiredCuont: 2")
	astray["s3.yaml"] = edit(astray["s3.yaml"], "desiredCount: 1", "desiredCount: 2")
	return []*scenario{
		{name: "scaled-by-others", timed: true, before: documents{"hello.yaml": scaled, "other.yaml": hello("other")}, people: busy, rollouts: 1,
			after: documents{"hello.yaml": edit(scaled, "nginx:1.29", "nginx:1.30", "maxCapacity: 6", "maxCapacity: 3"), "other.yaml": hello("other")},
			rest:  map[string]status.Reason{"hello": status.NeedsApproval, "other": status.Synced}},
		// By the wall the word may be obeyed before the program has seen that there is
		// something else.
		{name: "approve", wall: &wall{slack: map[string]int{"monitoring.PutMetricAlarm": 1}}, timed: true, before: documents{"hello.yaml": hello("hello", alarm)}, after: manual("80"), acts: []act{
			{after: 10 * time.Second, do: func(h human) error { // and at once there is something else
				if err := h.approve(manual("80"), "hello"); err != nil {
					return err
				}
				h.commit(manual("70"))
				return nil
			}},
			{after: 75 * time.Second, do: func(h human) error { return h.insist(manual("70"), "hello") }},
		}, slack: map[string]int{"ecs.UntagResource": 4, "ecs.TagResource": 1}, rest: stand("hello", status.Synced)},
		{name: "approve-deletes", timed: true, before: fleet(3), prune: true, after: only2(""), acts: []act{
			{after: 10 * time.Second, do: func(h human) error {
				if err := h.approveDeletes(only2("")); err != nil {
					return err
				}
				h.commit(only2("# again\n"))
				return nil
			}},
			{after: 340 * time.Second, do: func(h human) error { return h.approveAgain(only2("# again\n"), "s0", "s1") }},
		}, rest: stand("s2", status.Synced)},
		{name: "last-one", timed: true, before: documents{"hello.yaml": plain}, prune: true, after: documents{"other.yaml": policy(hello("other"), "mode: observe")}, rest: map[string]status.Reason{"hello": status.NeedsApproval, "other": status.ObserveMode}},
		{name: "documents-astray", before: fleet(4), prune: true, after: astray,
			rest: map[string]status.Reason{"s0": status.Synced, "s1": status.DuplicateIdentity, "s3": status.Synced}},
		// A document that is moved is away for a moment, and then half written: at the
		// program's pace for 1.5 s, and until 5.5 s.
		{name: "file-away", wall: &wall{speed: 20, grace: 3 * time.Second}, timed: true, resync: 20 * time.Second, before: fleet(2), prune: true, after: fleet(1), acts: []act{
			{after: 30 * time.Second, do: func(h human) error {
				h.commit(documents{"s0.yaml": more, "s1.yaml": "apiVersion: ecs-operator/v1\nkind: [Serv"})
				return nil
			}},
			{after: 110 * time.Second, do: func(h human) error { h.commit(documents{"s0.yaml": more, "s1.yaml": fleet(2)["s1.yaml"]}); return nil }},
		}, rest: fleetStand(2)},
		// What AWS refused is tried again when its document is another, and what was suspended
		// for a while when that is over: both at once.
		{name: "not-yet", wall: &wall{speed: 10, begin: func(h human) { must(h.suspend("other", 5*time.Second)) }}, timed: true, before: documents{"hello.yaml": plain, "other.yaml": hello("other")},
			people: func(h human) { must(h.suspend("other", 90*time.Second)) },
			after:  documents{"hello.yaml": hello("hello", edit(alarm, "period: 60", "period: 7")), "other.yaml": edit(hello("other"), "desiredCount: 2", "desiredCount: 3")},
			acts: []act{{after: 30 * time.Second, do: func(h human) error {
				h.commit(documents{"hello.yaml": hello("hello", alarm), "other.yaml": edit(hello("other"), "desiredCount: 2", "desiredCount: 3")})
				return nil
			}}}, within: 4 * time.Minute, rest: map[string]status.Reason{"hello": status.Synced, "other": status.Synced}},
	}
}

// only2 is a fleet of three of which two are gone.
func only2(words string) documents {
	all := fleet(3)
	return documents{"s2.yaml": words + all["s2.yaml"]}
}

// busy is a day on which more tasks are needed: one service was scaled by its autoscaler,
// and for the other somebody has made a scalable target; of that one a deployment runs.
func busy(h human) {
	c := h.aws().Write
	_, err := c.AutoScaling.RegisterScalableTarget(h.ctx, &aas.RegisterScalableTargetInput{ResourceId: aws.String("service/default/other"),
		ScalableDimension: aastypes.ScalableDimensionECSServiceDesiredCount, ServiceNamespace: aastypes.ServiceNamespaceEcs, MinCapacity: aws.Int32(2), MaxCapacity: aws.Int32(6)})
	must(err)
	for _, name := range []string{"hello", "other"} {
		_, err = c.ECS.UpdateService(h.ctx, &ecs.UpdateServiceInput{Service: &name, DesiredCount: aws.Int32(4)})
		must(err)
	}
	<-time.After(2 * time.Minute)
	h.force("other")
}

// with is the engine of a command that is given documents. No deletion goes unasked for it:
// an operator counts what it has deleted already, of which a command knows nothing.
func (h human) with(d documents, prune bool) *reconcile.Engine {
	return reconcile.New(reconcile.Options{
		Kinds: kinds.All(h.pool), Rollouts: kinds.NewRollouts(h.pool), Sections: kinds.Sections(), Source: h.source(d),
		Frame: resource.Frame{Scope: scope}, Prune: prune, MaxDeletes: reconcile.MaxDeletes{Count: -1},
	})
}

// approve gives the word that a service's plan waits for.
func (h human) approve(d documents, name string) error {
	e := h.with(d, false)
	l, err := e.Load(h.ctx)
	if err != nil {
		return err
	}
	for _, u := range l.Units {
		if u.Key.Name == name {
			w, err := e.WaitsFor(h.ctx, u)
			if err != nil || w.Plan == "" {
				return fmt.Errorf("%s waits for nothing: %w", name, err)
			}
			return e.ApprovePlan(h.ctx, u, w.Plan)
		}
	}
	return errors.New("there is no " + name)
}

// insist gives it again and again, until all is done: what cannot be carried out when its
// turn comes needs another word (pkg/reconcile, approve.go).
func (h human) insist(d documents, name string) error {
	if h.now().Unix()%20 != 0 {
		return errors.New("people do not look every second")
	}
	e := h.with(d, false)
	l, err := e.Load(h.ctx)
	if err != nil {
		return err
	}
	if o := e.Inspect(h.ctx, l.Units)[0]; o.Err == nil && o.Plan.Empty() { // the last word may have come too late
		_, err := h.aws().Write.ECS.UntagResource(h.ctx, &ecs.UntagResourceInput{TagKeys: []string{resource.TagApproved},
			ResourceArn: aws.String("arn:aws:ecs:us-east-1:123456789012:service/default/" + name)})
		return err
	}
	return errors.Join(errors.New("it is not done yet"), h.approve(d, name))
}

var approvesDeletes = regexp.MustCompile(`approve --deletes (\S+)`)

// approveAgain gives the word for deletions once more. A process may have obeyed the last
// one before it saw that there was something else: then the services are gone.
func (h human) approveAgain(d documents, names ...string) error {
	if h.apart {
		out, err := h.aws().Read.ECS.DescribeServices(h.ctx, &ecs.DescribeServicesInput{Services: names})
		if err != nil {
			return err
		}
		if !slices.ContainsFunc(out.Services, func(s ecstypes.Service) bool { return aws.ToString(s.Status) != "INACTIVE" }) {
			return nil
		}
	}
	return h.approveDeletes(d)
}

// approveDeletes gives the word for the deletions that diff shows.
func (h human) approveDeletes(d documents) error {
	e := h.with(d, true)
	l, err := e.Load(h.ctx)
	if err != nil {
		return err
	}
	for _, o := range e.Inspect(h.ctx, e.Departed(h.ctx, l, false)) {
		for _, s := range o.Plan.Steps {
			if m := approvesDeletes.FindStringSubmatch(s.Why); m != nil {
				_, err := e.ApproveDeletes(h.ctx, l, m[1])
				return err
			}
		}
	}
	return errors.New("nothing waits for an approval")
}
