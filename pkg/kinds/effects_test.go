package kinds

import (
	"go/ast"
	"go/parser"
	"go/token"
	"maps"
	"os/exec"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/ecs"
	"github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2"

	"github.com/ecs-operator/ecs-operator/pkg/diff"
	"github.com/ecs-operator/ecs-operator/pkg/resource"
	"github.com/ecs-operator/ecs-operator/pkg/shape"
)

// effects are what a change of each top-level member does, kind by kind.
var effects = map[string]map[diff.Effect]string{
	resource.KindService: {
		diff.NewDeployment: "taskDefinition loadBalancers networkConfiguration platformVersion serviceConnectConfiguration serviceRegistries volumeConfigurations vpcLatticeConfigurations monitoring gatewayConnectors",
		diff.Forced:        "capacityProviderStrategy",
		diff.TasksLater:    "enableECSManagedTags enableExecuteCommand propagateTags placementConstraints placementStrategy",
		diff.InPlace:       "availabilityZoneRebalancing deploymentConfiguration deploymentController desiredCount healthCheckGracePeriodSeconds clientToken tags",
		diff.Recreation:    "serviceName cluster launchType schedulingStrategy role",
	},
	resource.KindTaskDefinition: {diff.NewDeployment: "*"}, // each is a new revision
	resource.KindTargetGroup: {
		diff.Replacement: "name protocol protocolVersion port vpcId targetType ipAddressType targetControlPort",
		diff.InPlace:     "*",
	},
	resource.KindListenerRule:    {diff.Replacement: "listenerArn", diff.InPlace: "*"},
	resource.KindScalableTarget:  {diff.InPlace: "*"},
	resource.KindScalingPolicy:   {diff.Replacement: "policyName", diff.InPlace: "*"},
	resource.KindScheduledAction: {diff.Replacement: "scheduledActionName", diff.InPlace: "*"},
	resource.KindAlarm:           {diff.InPlace: "*"}, // put as a whole
	formComposite:                {diff.InPlace: "*"},
}

// TestEffects: the effect of every top-level member of every kind.
func TestEffects(t *testing.T) {
	for _, s := range allForms() {
		want := map[string]diff.Effect{}
		rest := diff.Effect("")
		for e, names := range effects[s.Sort()] {
			for _, n := range strings.Fields(names) {
				if want[n] = e; n == "*" {
					rest = e
				}
			}
		}
		delete(want, "*")
		r := Rules(s.Sort())
		for _, f := range shape.Fields(shape.Deref(reflect.TypeOf(s.New()))) {
			e, ok := want[f.Name]
			if !ok {
				e = rest
			}
			if got := r.Explain(f.Name).Effect; got != e {
				t.Errorf("%s: a change of %s is %q, want %q", s.Sort(), f.Name, got, e)
			}
			delete(want, f.Name)
		}
		for name := range want {
			t.Errorf("%s has no %s", s.Sort(), name)
		}
	}
	if e := Rules(resource.KindListenerRule).Explain("actions[].forwardConfig.targetGroups").Effect; e != diff.TrafficShift {
		t.Errorf("another target group in a rule is %q", e)
	}
}

// TestWhatCannotBeUpdated: what the create input has and the update input lacks
// needs another object; what the update has does not.
func TestWhatCannotBeUpdated(t *testing.T) {
	for _, c := range []struct {
		kind           string
		create, update any
		effect         diff.Effect
		// otherwise says how a member that the update lacks is changed.
		otherwise map[string]string
		// named only says which object is updated, or is refused in an update.
		named []string
	}{
		{resource.KindService, ecs.CreateServiceInput{}, ecs.UpdateServiceInput{}, diff.Recreation,
			map[string]string{"tags": "TagResource", "clientToken": "belongs to the call"}, []string{"cluster"}},
		{resource.KindTargetGroup, elasticloadbalancingv2.CreateTargetGroupInput{}, elasticloadbalancingv2.ModifyTargetGroupInput{}, diff.Replacement,
			map[string]string{"tags": "AddTags"}, nil},
		{resource.KindListenerRule, elasticloadbalancingv2.CreateRuleInput{}, elasticloadbalancingv2.ModifyRuleInput{}, diff.Replacement,
			map[string]string{"tags": "AddTags", "priority": "SetRulePriorities"}, nil},
	} {
		update := map[string]bool{}
		for _, f := range shape.Fields(reflect.TypeOf(c.update)) {
			update[f.Name] = true
		}
		for _, f := range shape.Fields(reflect.TypeOf(c.create)) {
			fixed := (!update[f.Name] || slices.Contains(c.named, f.Name)) && c.otherwise[f.Name] == ""
			if got := Rules(c.kind).Explain(f.Name).Effect; fixed != (got == c.effect) {
				t.Errorf("%s: a change of %s is %q; the update input has it: %v", c.kind, f.Name, got, update[f.Name])
			}
		}
	}
}

// TestEffectsInAWSWords: what the SDK's comments on UpdateServiceInput say of
// deployments is what the table says.
func TestEffectsInAWSWords(t *testing.T) {
	r := Rules(resource.KindService)
	told := 0
	comments := memberComments(t, reflect.TypeOf(ecs.UpdateServiceInput{}))
	for _, name := range slices.Sorted(maps.Keys(comments)) {
		f, _, ok := shape.Find(reflect.TypeOf(ecs.CreateServiceInput{}), shape.SpecName(name))
		if !ok {
			continue // of the call, as forceNewDeployment
		}
		e := r.Explain(f.Name).Effect
		not := strings.Contains(comments[name], "doesn't trigger a new service deployment")
		does := !not && strings.Contains(comments[name], "triggers a new service deployment")
		switch {
		case does && e != diff.NewDeployment:
			t.Errorf("%s is %q, and AWS says that it triggers a deployment", f.Name, e)
		case not && e == diff.NewDeployment:
			t.Errorf("%s is %q, and AWS says that it does not trigger a deployment", f.Name, e)
		case not && f.Name == "capacityProviderStrategy" && e != diff.Forced:
			t.Errorf("%s is %q: without the force nothing would move", f.Name, e)
		}
		if does || not {
			told++
		}
	}
	if told < 14 {
		t.Errorf("AWS' words were found for %d members only: they are put otherwise now", told)
	}
}

// memberComments reads the comments on a type's members from the SDK's source.
func memberComments(t *testing.T, typ reflect.Type) map[string]string {
	t.Helper()
	dir, err := exec.Command("go", "list", "-f", "{{.Dir}}", typ.PkgPath()).Output()
	if err != nil {
		t.Fatalf("the SDK's source: %v", err)
	}
	files, err := filepath.Glob(filepath.Join(strings.TrimSpace(string(dir)), "api_op_"+strings.TrimSuffix(typ.Name(), "Input")+".go"))
	if err != nil || len(files) != 1 {
		t.Fatalf("the source of %s: %v, %v", typ, files, err)
	}
	file, err := parser.ParseFile(token.NewFileSet(), files[0], nil, parser.ParseComments)
	if err != nil {
		t.Fatal(err)
	}
	out := map[string]string{}
	ast.Inspect(file, func(n ast.Node) bool {
		spec, ok := n.(*ast.TypeSpec)
		if !ok {
			return true
		}
		if s, ok := spec.Type.(*ast.StructType); ok && spec.Name.Name == typ.Name() {
			for _, f := range s.Fields.List {
				for _, name := range f.Names {
					out[name.Name] = strings.Join(strings.Fields(f.Doc.Text()), " ")
				}
			}
		}
		return false
	})
	return out
}
