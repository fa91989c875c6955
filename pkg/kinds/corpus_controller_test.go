package kinds_test

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ecs"
	ecstypes "github.com/aws/aws-sdk-go-v2/service/ecs/types"

	"github.com/ecs-operator/ecs-operator/pkg/importer"
	"github.com/ecs-operator/ecs-operator/pkg/plan"
	"github.com/ecs-operator/ecs-operator/pkg/resource"
	"github.com/ecs-operator/ecs-operator/pkg/spec"
	"github.com/ecs-operator/ecs-operator/pkg/status"
)

// TestCorpusMoves: a quarter of the services that people have are deployed by
// CodeDeploy, some by other programs. The document imported from each plans the
// way to us: the adoption, which writes tags alone, then the move to the ECS
// controller as a step of its own, and nothing else before it.
func TestCorpusMoves(t *testing.T) {
	root := os.Getenv("ECS_OPERATOR_CORPUS")
	if root == "" {
		t.Skip("ECS_OPERATOR_CORPUS is not set: no inputs of other people to read")
	}
	moved := map[ecstypes.DeploymentControllerType]int{}
	w := newWorld(t)
	w.prepare(resource.KindService)
	files := corpusFiles(t, filepath.Join(root, "servicedefs"), []string{".json", ".yaml", ".yml"})
	files = append(files, corpusFiles(t, filepath.Join(root, "servicedefs", "aws-docs"), []string{".json"})...)
	for i, file := range files {
		in := w.controlled(file, 1000+i)
		if in == nil {
			continue
		}
		t.Run(filepath.Base(file), func(t *testing.T) { w.moves(t, in) })
		moved[in.DeploymentController.Type]++
	}
	t.Logf("moved: %v", moved)
	if moved[ecstypes.DeploymentControllerTypeCodeDeploy] < 20 {
		t.Errorf("only %v services of another controller were found", moved)
	}
}

// TestExternalMoves: the same for a service that a program deploys in task sets.
func TestExternalMoves(t *testing.T) {
	w := newWorld(t)
	w.prepare(resource.KindService)
	in := &ecs.CreateServiceInput{Cluster: aws.String("default"), ServiceName: aws.String("theirs"), TaskDefinition: aws.String("default-hello:1"), DesiredCount: aws.Int32(2),
		DeploymentController: &ecstypes.DeploymentController{Type: ecstypes.DeploymentControllerTypeExternal}}
	if err := w.externally(in); err != nil {
		t.Fatal(err)
	}
	w.settle()
	if n := len(w.tasksOf("theirs")); n != 2 {
		t.Fatalf("%d tasks", n)
	}
	w.moves(t, in)
}

// controlled makes the service of a file in the sandbox, if another controller
// than ECS deploys it; else nil.
func (w *world) controlled(file string, i int) *ecs.CreateServiceInput {
	w.t.Helper()
	data, err := os.ReadFile(file)
	if err != nil {
		w.t.Fatal(err)
	}
	s := w.kind(resource.KindService).Section()
	s.Required = nil
	body, problems := spec.DecodeBody(filepath.Base(file), data, s)
	in, ok := body.Value.(*ecs.CreateServiceInput)
	if !ok || in.DeploymentController == nil || in.DeploymentController.Type == ecstypes.DeploymentControllerTypeEcs ||
		slices.ContainsFunc(problems, func(p spec.Problem) bool { return p.Severity == spec.Error }) {
		return nil
	}
	w.object(resource.KindService, body, i)
	api := w.raw.Write.ECS
	create := func(in *ecs.CreateServiceInput) error {
		_, err := api.CreateService(w.t.Context(), in)
		return err
	}
	if in.DeploymentController.Type == ecstypes.DeploymentControllerTypeExternal {
		create = w.externally
	}
	if err := create(in); err != nil {
		w.t.Logf("%s is not made: %v", filepath.Base(file), err) // what AWS refuses nobody has
		return nil
	}
	w.settle()
	return in
}

// externally makes an EXTERNAL service as its tool does: the service, a task set,
// and that the primary one.
func (w *world) externally(in *ecs.CreateServiceInput) error {
	api := w.raw.Write.ECS
	set := &ecs.CreateTaskSetInput{Cluster: in.Cluster, Service: in.ServiceName, TaskDefinition: in.TaskDefinition, LaunchType: in.LaunchType,
		NetworkConfiguration: in.NetworkConfiguration, PlatformVersion: in.PlatformVersion}
	bare := *in
	bare.TaskDefinition, bare.LaunchType, bare.NetworkConfiguration, bare.PlatformVersion = nil, "", nil, nil
	bare.CapacityProviderStrategy = nil
	if _, err := api.CreateService(w.t.Context(), &bare); err != nil {
		return err
	}
	made, err := api.CreateTaskSet(w.t.Context(), set)
	if err != nil {
		return err
	}
	_, err = api.UpdateServicePrimaryTaskSet(w.t.Context(), &ecs.UpdateServicePrimaryTaskSetInput{Cluster: in.Cluster, Service: in.ServiceName, PrimaryTaskSet: made.TaskSet.Id})
	return err
}

// moves takes one service from its controller to ECS: what each pass plans, and
// that the tasks which run stay the same.
func (w *world) moves(t *testing.T, in *ecs.CreateServiceInput) {
	name, from := *in.ServiceName, string(in.DeploymentController.Type)
	tasks := w.tasksOf(name)
	named := &resource.Unit{Key: resource.UnitKey{Target: resource.DefaultTarget, Cluster: "default", Name: name}}
	named = named.With(&resource.Object{ID: serviceOf(named), Want: in})
	imported, problems := w.imports(named)
	if !slices.ContainsFunc(problems, func(p spec.Problem) bool { return strings.Contains(p.Message, "is deployed under "+from) }) {
		t.Errorf("the import says nothing of %s: %v", from, problems)
	}
	u := w.load(imported)
	if !u.Policy.Adopt || strings.Contains(imported, "deploymentController") {
		t.Fatalf("the document:\n%s", imported)
	}
	move := fmt.Sprintf("update [deploymentController.type] %s after the adoption", status.Waiting)
	if got := lines(w.plan(u)); !slices.Equal(got, []string{"adopt tags", move}) {
		t.Errorf("before the adoption: %q", got)
	}
	if faults := importer.Judge(w.plan(u)); len(faults) > 0 {
		t.Errorf("the import does not express: %v", faults)
	}
	writes := len(w.sandbox.Writes())
	w.carryOut(u, w.plan(u))
	if got := w.sandbox.Writes()[writes:]; len(got) != 1 || got[0].Operation != "TagResource" {
		t.Errorf("the adoption wrote %v", got)
	}
	if got := lines(w.plan(u)); !slices.Equal(got, []string{"update [deploymentController.type]"}) {
		t.Errorf("after the adoption: %q", got)
	}
	w.carryOut(u, w.plan(u))
	w.settle()
	if got := lines(w.plan(u)); len(got) > 0 {
		t.Errorf("after the move: %q", got)
	}
	if now := w.tasksOf(name); !slices.Equal(now, tasks) {
		t.Errorf("the tasks were %v and are %v", tasks, now)
	}
}

// lines are the steps of a plan that do or hold something.
func lines(p plan.Plan) []string {
	var out []string
	for _, s := range p.Steps {
		if s.Action == plan.ActionNone && s.Blocked == "" {
			continue
		}
		var fields []string
		for _, c := range s.Changes {
			if c.Field() != "tags" {
				fields = append(fields, c.Path)
			}
		}
		line := string(s.Action)
		if len(fields) > 0 {
			line += " " + fmt.Sprint(fields)
		} else {
			line += " tags"
		}
		if s.Blocked != "" {
			line += " " + string(s.Blocked)
		}
		if s.After != "" {
			line += " after " + s.After
		}
		out = append(out, line)
	}
	return out
}

// carryOut does the steps of a plan that are to be done.
func (w *world) carryOut(u *resource.Unit, p plan.Plan) {
	w.t.Helper()
	live := w.observe(u, true)
	for _, s := range p.Steps {
		if !s.Writes() {
			continue
		}
		o, _ := resource.Resolve(*u.Object(s.ID), attrsOf(live))
		if _, err := w.kind(s.ID.Kind).Update(w.t.Context(), resource.Write{Object: o, Live: live[s.ID], Changes: s.Changes, Unit: live[serviceOf(u)]}); err != nil {
			w.t.Fatalf("%s: %v", s.ID.Local(), err)
		}
	}
}

func (w *world) tasksOf(service string) []string {
	w.t.Helper()
	out, err := w.raw.Read.ECS.ListTasks(w.t.Context(), &ecs.ListTasksInput{Cluster: aws.String("default"), ServiceName: &service})
	if err != nil {
		w.t.Fatal(err)
	}
	slices.Sort(out.TaskArns)
	return out.TaskArns
}
