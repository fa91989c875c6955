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

	"github.com/ecs-operator/ecs-operator/pkg/resource"
	"github.com/ecs-operator/ecs-operator/pkg/spec"
)

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
