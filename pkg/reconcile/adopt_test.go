package reconcile

import (
	"bytes"
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ecs"
	"github.com/aws/aws-sdk-go-v2/service/ecs/types"

	"github.com/ecs-operator/ecs-operator/pkg/resource"
	"github.com/ecs-operator/ecs-operator/pkg/status"
)

// theirs makes a service that another program deploys.
func (w *world) theirs(name string, controller types.DeploymentControllerType) {
	w.t.Helper()
	c := w.person().Write.ECS
	_, err := c.RegisterTaskDefinition(w.t.Context(), &ecs.RegisterTaskDefinitionInput{Family: aws.String("theirs"),
		ContainerDefinitions: []types.ContainerDefinition{{Name: aws.String("web"), Image: aws.String("nginx:1.0"), Memory: aws.Int32(64)}}})
	w.ok(err)
	in := &ecs.CreateServiceInput{Cluster: aws.String("default"), ServiceName: &name, DesiredCount: aws.Int32(2),
		DeploymentController: &types.DeploymentController{Type: controller}}
	if controller != types.DeploymentControllerTypeExternal {
		in.TaskDefinition = aws.String("theirs")
	}
	_, err = c.CreateService(w.t.Context(), in)
	w.ok(err)
	if controller == types.DeploymentControllerTypeExternal {
		set, err := c.CreateTaskSet(w.t.Context(), &ecs.CreateTaskSetInput{Cluster: aws.String("default"), Service: &name, TaskDefinition: aws.String("theirs")})
		w.ok(err)
		_, err = c.UpdateServicePrimaryTaskSet(w.t.Context(), &ecs.UpdateServicePrimaryTaskSetInput{Cluster: aws.String("default"), Service: &name, PrimaryTaskSet: set.TaskSet.Id})
		w.ok(err)
	}
	w.sandbox.Advance(hour)
}

// A service that CodeDeploy, or a program with task sets, deploys: refused and
// named; with policy.adopt first tagged, then moved to the ECS controller, then
// brought to what the document says, in this order and by nothing else.
func TestMovedFromAnotherController(t *testing.T) {
	for controller, words := range map[types.DeploymentControllerType]string{
		types.DeploymentControllerTypeCodeDeploy: "service exists and is not ours: it belongs to AWS CodeDeploy, which makes its deployments (deploymentController CODE_DEPLOY); set policy.adopt to take it over",
		types.DeploymentControllerTypeExternal:   "service exists and is not ours: it belongs to a program that makes its deployments in task sets (deploymentController EXTERNAL); set policy.adopt",
	} {
		t.Run(string(controller), func(t *testing.T) {
			inWorld(t, func(t *testing.T, w *world) {
				w.theirs("hello", controller)
				w.files.put("hello.yaml", hello("hello", "nginx:1.29"))
				mark := w.mark()
				o := w.wait(w.engine())["hello"]
				w.want(o, status.StateStalled, status.NotOurs, 3)
				if !strings.Contains(o.Status.Why, words) {
					t.Errorf("why: %s", o.Status.Why)
				}
				w.quiet(mark, "not ours")

				w.files.put("hello.yaml", policy(hello("hello", "nginx:1.29"), "adopt: true"))
				var shown []string
				for _, s := range w.engine().Plan(t.Context(), w.load(w.engine()).Units)[0].Steps {
					shown = append(shown, s.ID.Kind+" "+string(s.Action)+" "+string(s.Blocked)+" "+s.After)
				}
				if want := []string{"task-definition create Waiting the adoption", "service adopt  ",
					"service update Waiting the adoption", "service update Waiting the move to the ECS deployment controller"}; !slices.Equal(shown, want) {
					t.Errorf("the plan shows %q, want %q", shown, want)
				}
				w.want(w.wait(w.engine())["hello"], status.StateReady, status.Synced, 0)
				var did []string
				for _, entry := range w.writes(mark) {
					op, _, _ := strings.Cut(entry, " ")
					did = append(did, op)
				}
				if want := []string{"TagResource", "UpdateService", "RegisterTaskDefinition", "UpdateService"}; !slices.Equal(did, want) {
					t.Errorf("the writes were %v, want %v", did, want)
				}
				s := w.service("hello")
				if s.DeploymentController.Type != types.DeploymentControllerTypeEcs || len(s.TaskSets) > 0 || len(s.Deployments) != 1 {
					t.Errorf("afterwards: %s, %d task sets, %d deployments", s.DeploymentController.Type, len(s.TaskSets), len(s.Deployments))
				}
				w.files.put("hello.yaml", hello("hello", "nginx:1.29")) // the line may go
				mark = w.mark()
				w.want(w.wait(w.engine())["hello"], status.StateReady, status.Synced, 0)
				w.quiet(mark, "without the line")
			})
		})
	}
}

// A service that carries our tags but is under another controller still (the
// document lost its policy.adopt half way) is left alone, and says so.
func TestHalfMoved(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world) {
		w.theirs("hello", types.DeploymentControllerTypeCodeDeploy)
		w.tag("hello", resource.TagOwner, resource.DefaultOwner)
		w.tag("hello", resource.TagUnit, "default/hello")
		w.files.put("hello.yaml", hello("hello", "nginx:1.29"))
		mark := w.mark()
		o := w.wait(w.engine())["hello"]
		w.want(o, status.StateStalled, status.NotOurs, 3)
		if !strings.Contains(o.Status.Why, "it belongs to AWS CodeDeploy") || !strings.Contains(o.Status.Why, "set policy.adopt to move it to the ECS deployment controller") {
			t.Errorf("why: %s", o.Status.Why)
		}
		w.quiet(mark, "half moved")
	})
}

// A service with a short ARN cannot be tagged, so it cannot be ours: said with
// the way out, and nothing is tried, with policy.adopt neither.
func TestShortARN(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world) {
		_, err := w.person().Write.ECS.PutAccountSetting(t.Context(), &ecs.PutAccountSettingInput{Name: types.SettingNameServiceLongArnFormat, Value: aws.String("disabled")})
		w.ok(err)
		w.theirs("hello", types.DeploymentControllerTypeEcs)
		for _, text := range []string{hello("hello", "nginx:1.29"), policy(hello("hello", "nginx:1.29"), "adopt: true")} {
			w.files.put("hello.yaml", text)
			mark := w.mark()
			o := w.wait(w.engine())["hello"]
			w.want(o, status.StateStalled, status.NotOurs, 3)
			for _, words := range []string{"its ARN is of the short form", "service/hello", "on which AWS takes no tags", "serviceLongArnFormat", "create the service anew"} {
				if !strings.Contains(o.Status.Why, words) {
					t.Errorf("why says nothing of %q: %s", words, o.Status.Why)
				}
			}
			w.quiet(mark, "a short ARN")
		}
	})
}

// Two operators with different owner names live in one account: neither touches
// what is the other's, whatever their documents say, and whoever comes first.
func TestTwoOwners(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world) {
		ours, other := strings.ReplaceAll(web, "name: web}", "name: ours}"), strings.NewReplacer("name: web}", "name: theirs}", "priority: 10", "priority: 20").Replace(web)
		of := func(owner string) *Engine {
			e := w.engine()
			e.frame.Owner, e.o.Frame.Owner = owner, owner
			return e
		}
		w.files.put("a.yaml", other)
		w.want(w.wait(of("them"))["theirs"], status.StateReady, status.Synced, 0)
		before := w.stateOf("theirs")

		// Our own service beside it comes, is changed, and takes nothing of theirs along.
		w.files.put("a.yaml", ours)
		w.want(w.wait(of("us"))["ours"], status.StateReady, status.Synced, 0)
		w.files.put("a.yaml", strings.Replace(ours, "nginx:1.29", "nginx:1.30", 1))
		w.want(w.wait(of("us"))["ours"], status.StateReady, status.Synced, 0)
		// A document of ours that means their service is refused.
		w.files.put("a.yaml", strings.Replace(other, "nginx:1.29", "nginx:1.31", 1))
		mark := w.mark()
		stop := w.run(of("us"))
		w.sleep(hour)
		stop()
		o := w.apply(of("us"), ApplyOptions{})["theirs"]
		w.want(o, status.StateStalled, status.NotOurs, 3)
		if !strings.Contains(o.Status.Why, `it is owned by "them"`) {
			t.Errorf("why: %s", o.Status.Why)
		}
		w.quiet(mark, "their service in our document")
		if after := w.stateOf("theirs"); !bytes.Equal(before, after) {
			t.Errorf("theirs was\n%s\nand is\n%s", before, after)
		}
		// And theirs goes on with theirs.
		w.files.put("a.yaml", other)
		mark = w.mark()
		w.want(w.apply(of("them"), ApplyOptions{})["theirs"], status.StateReady, status.Synced, 0)
		w.quiet(mark, "they find theirs as it was")
	})
}

// stateOf is everything that AWS has of the unit, but for the clock's traces.
func (w *world) stateOf(name string) []byte {
	w.t.Helper()
	e := w.engine()
	var all []any
	for _, u := range w.load(e).Units {
		if u.Key.Name != name {
			continue
		}
		live := e.observe(w.t.Context(), []*resource.Unit{u})
		for _, o := range u.Objects() {
			l := live[o.ID]
			all = append(all, o.ID.Local(), l.ARN, l.Tags, l.Value, l.Extra)
		}
	}
	out, err := json.Marshal(all)
	w.ok(err)
	if len(all) == 0 {
		w.t.Fatalf("no unit %s", name)
	}
	return out
}
