package reconcile

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ecs"
	"github.com/aws/aws-sdk-go-v2/service/ecs/types"

	"github.com/ecs-operator/ecs-operator/pkg/awsclient"
	"github.com/ecs-operator/ecs-operator/pkg/diff"
	"github.com/ecs-operator/ecs-operator/pkg/resource"
	"github.com/ecs-operator/ecs-operator/pkg/sandbox"
	"github.com/ecs-operator/ecs-operator/pkg/status"
)

// person is somebody else with the AWS CLI.
func (w *world) person() *awsclient.Clients {
	w.t.Helper()
	w.mu.Lock()
	p := w.people
	w.mu.Unlock()
	if p.c != nil && p.of == w.sandbox {
		return p.c
	}
	c, err := w.clients("").For(w.t.Context(), resource.DefaultTarget)
	if err != nil {
		w.t.Fatal(err)
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.people = people{c, w.sandbox}
	return c
}

// people are the clients of those who are no operator, of one AWS.
type people struct {
	c  *awsclient.Clients
	of *sandbox.Sandbox
}

func (w *world) ok(err error) {
	w.t.Helper()
	if err != nil {
		w.t.Fatal(err)
	}
}

// tag sets a tag of an ECS service.
func (w *world) tag(service, key, value string) {
	w.t.Helper()
	_, err := w.person().Write.ECS.TagResource(w.t.Context(), &ecs.TagResourceInput{
		ResourceArn: aws.String("arn:aws:ecs:us-east-1:123456789012:service/default/" + service),
		Tags:        []types.Tag{{Key: aws.String(key), Value: aws.String(value)}}})
	w.ok(err)
}

func (w *world) untag(service, key string) {
	w.t.Helper()
	_, err := w.person().Write.ECS.UntagResource(w.t.Context(), &ecs.UntagResourceInput{
		ResourceArn: aws.String("arn:aws:ecs:us-east-1:123456789012:service/default/" + service), TagKeys: []string{key}})
	w.ok(err)
}

// stopOneTask stops a task of each of these services, as a person does.
func (w *world) stopOneTask(services ...string) {
	w.t.Helper()
	api := w.person()
	for _, name := range services {
		tasks, err := api.Read.ECS.ListTasks(w.t.Context(), &ecs.ListTasksInput{ServiceName: &name})
		w.ok(err)
		_, err = api.Write.ECS.StopTask(w.t.Context(), &ecs.StopTaskInput{Task: &tasks.TaskArns[0]})
		w.ok(err)
	}
}

func (w *world) service(name string) types.Service {
	w.t.Helper()
	out, err := w.person().Read.ECS.DescribeServices(w.t.Context(), &ecs.DescribeServicesInput{
		Cluster: aws.String("default"), Services: []string{name}, Include: []types.ServiceField{types.ServiceFieldTags}})
	w.ok(err)
	if len(out.Services) != 1 {
		w.t.Fatalf("%d services called %s", len(out.Services), name)
	}
	return out.Services[0]
}

func TestSuspended(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world) {
		w.files.put("hello.yaml", hello("hello", "nginx:1.29"))
		e := w.engine()
		w.wait(e)
		w.tag("hello", resource.TagSuspend, "by=anna reason=incident")
		w.files.put("hello.yaml", hello("hello", "nginx:1.30"))
		mark := w.mark()
		for _, e := range []*Engine{e, w.engine()} {
			w.want(w.wait(e)["hello"], status.StateSuspended, status.Suspended, 3)
		}
		w.quiet(mark, "while suspended")
		w.untag("hello", resource.TagSuspend)
		w.want(w.wait(e)["hello"], status.StateReady, status.Synced, 0)
	})
}

// The break-glass is seen by the read right before each write.
func TestSuspendedBetweenPlanAndWrite(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world) {
		w.files.put("hello.yaml", hello("hello", "nginx:1.29"))
		e := w.engine()
		w.wait(e)
		w.files.put("hello.yaml", hello("hello", "nginx:1.30"))
		w.person()
		mark := w.mark()
		done := false
		w.spoil(func(_ context.Context, c sandbox.Call) *sandbox.Fault {
			if c.Operation == "ListServiceDeployments" && !done { // the plan is being made
				done = true
				w.spoil(nil)
				w.tag("hello", resource.TagSuspend, "by=anna")
			}
			return nil
		})
		o := w.apply(e, ApplyOptions{})["hello"]
		if !done {
			t.Fatal("the moment never came")
		}
		w.want(o, status.StateSuspended, status.Suspended, 3)
		if writes := w.writes(mark); len(writes) != 1 {
			t.Errorf("writes %v, want the tag of the suspension alone", writes)
		}
	})
}

func TestNotOursAndAdopt(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world) {
		ctx := t.Context()
		c := w.person()
		_, err := c.Write.ECS.RegisterTaskDefinition(ctx, &ecs.RegisterTaskDefinitionInput{Family: aws.String("theirs"),
			ContainerDefinitions: []types.ContainerDefinition{{Name: aws.String("web"), Image: aws.String("nginx:1.0"), Memory: aws.Int32(64)}}})
		w.ok(err)
		_, err = c.Write.ECS.CreateService(ctx, &ecs.CreateServiceInput{Cluster: aws.String("default"), ServiceName: aws.String("hello"),
			TaskDefinition: aws.String("theirs"), DesiredCount: aws.Int32(1)})
		w.ok(err)
		w.sandbox.Advance(hour)
		w.files.put("hello.yaml", hello("hello", "nginx:1.29"))
		mark := w.mark()
		o := w.wait(w.engine())["hello"]
		w.want(o, status.StateStalled, status.NotOurs, 3)
		if !strings.Contains(o.Status.Why, "exists and is not ours; set policy.adopt") {
			t.Errorf("why: %s", o.Status.Why)
		}
		w.quiet(mark, "not ours")
		w.files.put("hello.yaml", hello("hello", "nginx:1.29", "  policy: {adopt: true}"))
		w.want(w.wait(w.engine())["hello"], status.StateReady, status.Synced, 0)
		if writes := w.writes(mark); len(writes) == 0 || !strings.HasPrefix(writes[0], "TagResource ") {
			t.Errorf("writes %v, want the tags first", writes)
		}
		if n := w.done("CreateService"); n != 1 {
			t.Errorf("%d CreateService", n)
		}
		mark = w.mark()
		w.want(w.apply(w.engine(), ApplyOptions{})["hello"], status.StateReady, status.Synced, 0)
		w.quiet(mark, "adopted and in sync")
	})
}

func TestDependsOn(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world) {
		w.files.put("a.yaml", hello("app", "nginx:1.29", "  dependsOn: [ledger]"))
		o := w.wait(w.engine())["app"]
		w.want(o, status.StateProgressing, status.DependencyMissing, 1)
		w.quiet(0, "without what it depends on")
		w.files.put("b.yaml", hello("ledger", "nginx:1.29"))
		out := w.wait(w.engine())
		w.want(out["ledger"], status.StateReady, status.Synced, 0)
		w.want(out["app"], status.StateReady, status.Synced, 0)
		order := strings.Join(w.writes(0), " ")
		if strings.Index(order, "CreateService app") < strings.Index(order, "CreateService ledger") {
			t.Errorf("order of writes: %s", order)
		}
		w.files.put("b.yaml", strings.Replace(hello("ledger", "nginx:crash"), "ledger", "ledger", 1))
		w.files.put("a.yaml", hello("app", "nginx:1.30", "  dependsOn: [ledger]"))
		out = w.wait(w.engine())
		w.want(out["ledger"], status.StateStalled, status.RolledBack, 5)
		w.want(out["app"], status.StateProgressing, status.DependencyMissing, 1)
	})
}

// Whatever changes between the plan and the write, the plan is made again.
func TestChangedSincePlanned(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world) {
		w.files.put("hello.yaml", hello("hello", "nginx:1.29"))
		e := w.engine()
		w.wait(e)
		w.files.put("hello.yaml", strings.Replace(hello("hello", "nginx:1.29"), "desiredCount: 2", "desiredCount: 2\n    enableECSManagedTags: true", 1))
		u := w.load(e).Units[0]
		live := only(u, e.observe(t.Context(), w.load(e).Units))
		w.tag("hello", "somebody", "was here")
		mark := w.mark()
		o := e.pass(t.Context(), u, live, true)
		w.want(o, status.StateProgressing, status.ChangedSincePlanned, 1)
		w.quiet(mark, "on a plan that is out of date")
		w.want(w.wait(e)["hello"], status.StateReady, status.Synced, 0)
	})
}

func TestPanicIsOneUnits(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world) {
		w.kinds = func(all []resource.Kind) []resource.Kind { return explosive(all, "poison") }
		w.files.put("a.yaml", hello("good", "nginx:1.29"))
		w.files.put("b.yaml", hello("poison", "nginx:1.29"))
		out := w.wait(w.engine())
		w.want(out["good"], status.StateReady, status.Synced, 0)
		w.want(out["poison"], status.StateStalled, status.InternalError, 2)
		if _, panics, _, _ := w.counts.seen(); panics == 0 {
			t.Error("the panic was not counted")
		}
		if text := fmt.Sprintf("%+v %s", out, w.story()); strings.Contains(text, "poison in") {
			t.Errorf("what was panicked with is told, and may hold a secret: %s", text)
		}
	})
}

// explosive kinds panic when they compare the named unit's task definition.
func explosive(all []resource.Kind, unit string) []resource.Kind {
	out := make([]resource.Kind, len(all))
	for i, k := range all {
		out[i] = explosiveDiff{k, unit}
	}
	return out
}

type explosiveDiff struct {
	resource.Kind
	unit string
}

func (k explosiveDiff) Diff(o *resource.Object, l *resource.Live, c resource.Compare) []diff.Change {
	if o.ID.Unit == k.unit {
		panic("poison in Diff")
	}
	return k.Kind.Diff(o, l, c)
}

func (k explosiveDiff) Create(ctx context.Context, w resource.Write) (resource.Live, error) {
	if w.Object.ID.Unit == k.unit {
		panic("poison in Create")
	}
	return k.Kind.Create(ctx, w)
}

func (k explosiveDiff) Observe(ctx context.Context, q resource.Query) map[resource.ID]resource.Live {
	for _, o := range q.Objects {
		if o.ID.Unit == k.unit && k.Name() == resource.KindTaskDefinition {
			panic("poison in Observe")
		}
	}
	return k.Kind.Observe(ctx, q)
}
