package kinds_test

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ecs"

	"github.com/ecs-operator/ecs-operator/pkg/diff"
	"github.com/ecs-operator/ecs-operator/pkg/resource"
	"github.com/ecs-operator/ecs-operator/pkg/spec"
)

// recorded lists where AWS' recorded answers of each kind lie, and under which
// member of the answer.
var recorded = []struct{ kind, folder, member string }{
	{resource.KindTaskDefinition, "describe-task-definition", "taskDefinition"},
	{resource.KindService, "describe-services", "services"},
	{resource.KindTargetGroup, "describe-target-groups", "TargetGroups"},
	{resource.KindListenerRule, "describe-rules", "Rules"},
	{resource.KindAlarm, "describe-alarms", "MetricAlarms"},
	{resource.KindScalableTarget, "describe-scalable-targets", "ScalableTargets"},
}

// TestRecordedAnswers: what AWS gave back, wanted as it stands, differs from
// itself in nothing; and of what is left out of it nothing changes by itself
// unless the rules name a default that AWS did not have there.
func TestRecordedAnswers(t *testing.T) {
	root := os.Getenv("ECS_OPERATOR_CORPUS")
	if root == "" {
		t.Skip("ECS_OPERATOR_CORPUS is not set: no recorded answers of AWS to compare")
	}
	for _, r := range recorded {
		t.Run(r.kind, func(t *testing.T) {
			files, err := filepath.Glob(filepath.Join(root, "outputs", r.folder, "*.json"))
			if err != nil || len(files) == 0 {
				t.Fatalf("no files: %v", err)
			}
			bodies := 0
			for _, f := range files {
				for _, item := range members(t, f, r.member) {
					bodies++
					compareWithItself(t, filepath.Base(f), kindNamed(t, r.kind), item)
				}
			}
			if bodies == 0 {
				t.Fatalf("no %s in %d files", r.member, len(files))
			}
			t.Logf("%d bodies in %d files", bodies, len(files))
		})
	}
}

// members finds the bodies in one file: an answer, a recording around one, or
// a bare body.
func members(t *testing.T, file, member string) [][]byte {
	t.Helper()
	data, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	var doc any
	if err := json.Unmarshal(data, &doc); err != nil {
		t.Logf("%s: not JSON: %v", filepath.Base(file), err)
		return nil
	}
	var out [][]byte
	var walk func(v any)
	walk = func(v any) {
		m, ok := v.(map[string]any)
		if !ok {
			return
		}
		if data, ok := m["data"]; ok {
			walk(data)
			return
		}
		switch x := m[member].(type) {
		case []any:
			for _, item := range x {
				b, _ := json.Marshal(item)
				out = append(out, b)
			}
		case map[string]any:
			b, _ := json.Marshal(x)
			out = append(out, b)
		}
	}
	walk(doc)
	return out
}

func compareWithItself(t *testing.T, file string, k resource.Kind, item []byte) {
	t.Helper()
	s := k.Section()
	s.Required = nil
	body, problems := spec.DecodeBody(file, item, s)
	for _, p := range problems {
		if p.Severity == spec.Error {
			t.Logf("skipped: %s", p)
			return
		}
	}
	o := &resource.Object{ID: resource.ID{Kind: k.Name()}, Want: body.Value, Extra: body.Extra, Written: body.Written, Section: s.Path}
	l := &resource.Live{Presence: resource.Present, Value: body.Value, Extra: body.Extra}
	for _, changed := range []bool{false, true} {
		for _, c := range k.Diff(o, l, resource.Compare{InputChanged: changed}) {
			t.Errorf("%s: differs from itself: %+v", file, c)
		}
	}
	// Nothing wanted: whatever would be written must say that it is a default.
	empty := &resource.Object{ID: o.ID, Want: s.New(), Section: s.Path}
	for _, c := range k.Diff(empty, l, resource.Compare{}) {
		if c.Reason == diff.FromSpec {
			t.Errorf("%s: nobody wrote it: %+v", file, c)
		}
		if c.Effect.Rank() > diff.TasksLater.Rank() && !c.Informational {
			t.Errorf("%s: drift alone would have a heavy effect: %+v", file, c)
		}
	}
}

// TestRealTaskDefinitionsAreClean: what people registered elsewhere is decoded,
// registered in the sandbox and read back, and then nothing differs.
func TestRealTaskDefinitionsAreClean(t *testing.T) {
	root := os.Getenv("ECS_OPERATOR_CORPUS")
	if root == "" {
		t.Skip("ECS_OPERATOR_CORPUS is not set: no task definitions of other people to register")
	}
	files, err := filepath.Glob(filepath.Join(root, "taskdefs", "*.json"))
	if err != nil || len(files) == 0 {
		t.Fatalf("no files: %v", err)
	}
	w := newWorld(t)
	k := w.kind(resource.KindTaskDefinition)
	good, all := 0, 0
	for i, f := range files {
		data, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		if !json.Valid(data) {
			continue
		}
		all++
		name := filepath.Base(f)
		body, problems := spec.DecodeBody(name, data, k.Section())
		refused := false
		for _, p := range problems {
			if p.Severity == spec.Error {
				t.Logf("not decoded: %s", p)
				refused = true
			}
		}
		if refused {
			continue
		}
		in := body.Value.(*ecs.RegisterTaskDefinitionInput)
		in.Family, in.Tags = aws.String(fmt.Sprintf("corpus-%d", i)), nil
		id := resource.ID{Target: resource.DefaultTarget, Cluster: "default", Unit: name, Kind: resource.KindTaskDefinition}
		o := resource.Object{ID: id, Want: in, Written: body.Written, Section: "taskDefinition", Tags: map[string]string{resource.TagOwner: "ecs-operator"}}
		if _, err := k.Create(t.Context(), resource.Write{Object: o}); err != nil {
			t.Logf("not registered: %s: %v", name, err)
			continue
		}
		good++
		l := k.Observe(t.Context(), resource.Query{Target: resource.DefaultTarget, Objects: []resource.Object{o}, Direct: true})[id]
		for _, changed := range []bool{false, true} {
			for _, c := range k.Diff(&o, &l, resource.Compare{InputChanged: changed}) {
				t.Errorf("%s: differs after its registration: %+v", name, c)
			}
		}
	}
	t.Logf("%d of %d registered", good, all)
	if good*100 < all*95 {
		t.Errorf("only %d of %d were decoded and registered", good, all)
	}
}

// TestRealServicesAreClean does the same with service definitions, without what
// they point at and the sandbox does not have.
func TestRealServicesAreClean(t *testing.T) {
	root := os.Getenv("ECS_OPERATOR_CORPUS")
	if root == "" {
		t.Skip("ECS_OPERATOR_CORPUS is not set: no service definitions of other people to create")
	}
	files, err := filepath.Glob(filepath.Join(root, "servicedefs", "*.json"))
	if err != nil || len(files) == 0 {
		t.Fatalf("no files: %v", err)
	}
	w := newWorld(t)
	w.apply(w.load(hello)) // default-hello:1 for services of tasks in bridge mode
	w.apply(w.load(web))   // default-web:1 for those with a network of their own
	k := w.kind(resource.KindService)
	good, all := 0, 0
	for i, f := range files {
		data, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		s := k.Section()
		s.Required = nil
		name := filepath.Base(f)
		body, problems := spec.DecodeBody(name, data, s)
		if slices.ContainsFunc(problems, func(p spec.Problem) bool { return p.Severity == spec.Error }) {
			continue
		}
		all++
		in := body.Value.(*ecs.CreateServiceInput)
		in.ServiceName, in.Cluster, in.Tags, in.ClientToken = aws.String(fmt.Sprintf("corpus-%d", i)), aws.String("default"), nil, nil
		in.TaskDefinition = aws.String("default-hello:1")
		if n := in.NetworkConfiguration; n != nil && n.AwsvpcConfiguration != nil {
			in.TaskDefinition = aws.String("default-web:1")
			n.AwsvpcConfiguration.Subnets, n.AwsvpcConfiguration.SecurityGroups = []string{"subnet-0sandboxa"}, nil
		}
		in.LoadBalancers, in.ServiceRegistries, in.VolumeConfigurations, in.VpcLatticeConfigurations, in.Role = nil, nil, nil, nil, nil
		in.HealthCheckGracePeriodSeconds = nil
		for path := range body.Written {
			for _, gone := range []string{"loadBalancers", "serviceRegistries", "volumeConfigurations", "vpcLatticeConfigurations", "role", "tags", "healthCheckGracePeriodSeconds", "networkConfiguration.awsvpcConfiguration.securityGroups"} {
				if strings.HasPrefix(path, gone) {
					delete(body.Written, path)
				}
			}
		}
		if in.DesiredCount == nil {
			in.DesiredCount = aws.Int32(0)
		}
		if d := in.DeploymentConfiguration; d != nil && d.Alarms != nil && d.Alarms.AlarmNames == nil {
			d.Alarms.AlarmNames = []string{} // as Complete does
		}
		id := resource.ID{Target: resource.DefaultTarget, Cluster: "default", Unit: *in.ServiceName, Kind: resource.KindService}
		o := resource.Object{ID: id, Want: in, Written: body.Written, Section: "service", Tags: map[string]string{resource.TagOwner: "ecs-operator"}}
		if _, err := k.Create(t.Context(), resource.Write{Object: o}); err != nil {
			t.Logf("not created: %s: %v", name, err)
			continue
		}
		good++
		l := k.Observe(t.Context(), resource.Query{Target: resource.DefaultTarget, Objects: []resource.Object{o}, Direct: true})[id]
		for _, changed := range []bool{false, true} {
			for _, c := range k.Diff(&o, &l, resource.Compare{InputChanged: changed}) {
				if !c.Informational {
					t.Errorf("%s: differs after its creation: %+v", name, c)
				}
			}
		}
	}
	t.Logf("%d of %d created", good, all)
	if good*2 < all {
		t.Errorf("only %d of %d could be created: the test compares too little", good, all)
	}
}
