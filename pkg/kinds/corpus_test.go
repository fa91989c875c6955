package kinds_test

import (
	"cmp"
	"encoding/json"
	"flag"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/applicationautoscaling"
	aastypes "github.com/aws/aws-sdk-go-v2/service/applicationautoscaling/types"
	"github.com/aws/aws-sdk-go-v2/service/ecs"
	ecstypes "github.com/aws/aws-sdk-go-v2/service/ecs/types"

	"github.com/ecs-operator/ecs-operator/pkg/resource"
	"github.com/ecs-operator/ecs-operator/pkg/sandbox/recorded"
	"github.com/ecs-operator/ecs-operator/pkg/shape"
	"github.com/ecs-operator/ecs-operator/pkg/spec"
)

var update = flag.Bool("update", false, "write the figures in docs/corpus.md anew")

const corpusPage = "../../docs/corpus.md"

// inputs are the folders of the corpus with inputs of people, by what they hold,
// and how many of a hundred files must come through.
var inputs = []struct {
	name, kind, folder string
	exts               []string
	atLeast            int
}{
	{"task definitions, JSON", resource.KindTaskDefinition, "taskdefs", []string{".json"}, 95},
	{"task definitions, YAML", resource.KindTaskDefinition, "taskdefs", []string{".yaml", ".yml"}, 50},
	{"task definitions, UTF-16", resource.KindTaskDefinition, "taskdefs/utf-16", []string{""}, 0},
	{"task definitions, templates unrendered", resource.KindTaskDefinition, "taskdefs/templates", []string{""}, 0},
	{"task definitions, samples of AWS' guides", resource.KindTaskDefinition, "taskdefs/aws-docs", []string{".json"}, 70},
	{"services", resource.KindService, "servicedefs", []string{".json", ".yaml", ".yml"}, 80},
	{"services, not strictly JSON", resource.KindService, "servicedefs/not-strict-json", []string{""}, 0},
	{"services, templates unrendered", resource.KindService, "servicedefs/templates", []string{""}, 0},
	{"services, samples of AWS' guides", resource.KindService, "servicedefs/aws-docs", []string{".json"}, 0},
	{"scaling policies", resource.KindScalingPolicy, "scaling-inputs", []string{".json"}, 100},
}

// census counts what becomes of the files of one folder.
type census struct {
	files, decoded, made, clean int
	refused                     map[string]int // by reason
}

// TestCorpus decodes what people have, makes it in the sandbox, reads it back
// and compares: nothing may differ, and whatever is refused says why.
func TestCorpus(t *testing.T) {
	root := os.Getenv("ECS_OPERATOR_CORPUS")
	if root == "" {
		t.Skip("ECS_OPERATOR_CORPUS is not set: no inputs of other people to read")
	}
	page := recorded.Table{Name: "inputs", Columns: []string{"what", "files", "decode", "made in the sandbox", "`diff` is empty then"}}
	reasons := map[string]int{}
	for _, in := range inputs {
		c := &census{refused: reasons}
		t.Run(in.name, func(t *testing.T) {
			w := newWorld(t)
			w.prepare(in.kind)
			for i, file := range corpusFiles(t, filepath.Join(root, in.folder), in.exts) {
				if in.kind == resource.KindScalingPolicy { // of services of their own: two cannot track one metric
					w = newWorld(t)
					w.prepare(in.kind)
				}
				c.one(w, in.kind, file, i)
			}
			if c.clean*100 < c.files*in.atLeast {
				t.Errorf("only %d of %d come through", c.clean, c.files)
			}
		})
		page.Rows = append(page.Rows, recorded.Row{Name: in.name, Figures: []int{c.files, c.decoded, c.made, c.clean}})
	}
	page.Check(t, corpusPage, *update)
	refusals := recorded.Table{Name: "refused", Columns: []string{"reason", "times"}}
	for _, r := range slices.SortedFunc(maps.Keys(reasons), func(a, b string) int { return cmp.Or(cmp.Compare(reasons[b], reasons[a]), cmp.Compare(a, b)) }) {
		refusals.Rows = append(refusals.Rows, recorded.Row{Name: r, Figures: []int{reasons[r]}})
	}
	if *update {
		refusals.Check(t, corpusPage, true)
	}
}

func corpusFiles(t *testing.T, folder string, exts []string) []string {
	t.Helper()
	entries, err := os.ReadDir(folder)
	if err != nil {
		t.Skip(err) // a part of the corpus need not have every folder
	}
	var out []string
	for _, e := range entries {
		if !e.IsDir() && slices.ContainsFunc(exts, func(ext string) bool { return strings.HasSuffix(e.Name(), ext) }) {
			out = append(out, filepath.Join(folder, e.Name()))
		}
	}
	return out
}

// one takes one file through decoding, creation and comparison.
func (c *census) one(w *world, kind, file string, i int) {
	t := w.t
	c.files++
	data, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	k := w.kind(kind)
	s := k.Section()
	if kind != resource.KindTaskDefinition {
		s.Required = nil // names and the like stand in other files, or on the command line
	}
	if kind == resource.KindScalingPolicy {
		data = policyOf(data)
	}
	name := filepath.Base(file)
	body, problems := spec.DecodeBody(name, data, s)
	refused := map[string]bool{} // once for each file
	for _, p := range problems {
		if p.Severity == spec.Error {
			t.Logf("not decoded: %s", p)
			refused[reason(p.Message)] = true
		}
	}
	if len(refused) > 0 {
		for r := range refused {
			c.refused[r]++
		}
		return
	}
	c.decoded++
	o := w.object(kind, body, i)
	if _, err := k.Create(t.Context(), resource.Write{Object: o}); err != nil {
		t.Logf("not made: %s: %v", name, err)
		why := lastWords(err.Error())
		if strings.HasPrefix(why, "The sandbox") {
			c.refused[reason("not yet in the sandbox: "+why)]++ // AWS would take it
		} else {
			c.refused[reason("the sandbox refuses it as AWS does: "+why)]++
		}
		return
	}
	c.made++
	l := k.Observe(t.Context(), resource.Query{Target: resource.DefaultTarget, Objects: []*resource.Object{&o}, Direct: true})[o.ID]
	clean := true
	for _, changed := range []bool{false, true} {
		for _, d := range k.Diff(&o, &l, resource.Compare{InputChanged: changed}) {
			if !d.Informational || kind == resource.KindTaskDefinition {
				clean = false
				t.Errorf("%s: differs after it was made: %+v", name, d)
			}
		}
	}
	if clean {
		c.clean++
	}
}

var (
	placesIn = regexp.MustCompile(`^[\w.]*(?:\[[^\]]*\][\w.]*)*: `)
	quoted   = regexp.MustCompile(`"[^"]*"|'[^']*'`)
	numbers  = regexp.MustCompile(`\b[0-9]+\b`)
)

// reason is a message without what belongs to one file only.
func reason(message string) string {
	message, _, _ = strings.Cut(message, "\n")
	for cut := placesIn.FindString(message); cut != "" && strings.ContainsAny(cut, ".["); cut = placesIn.FindString(message) {
		message = message[len(cut):]
	}
	message = numbers.ReplaceAllString(quoted.ReplaceAllString(message, "…"), "N")
	return strings.ReplaceAll(message, "|", "/")
}

// lastWords are what AWS says in an error of the SDK.
func lastWords(err string) string {
	if i := strings.Index(err, "Exception: "); i >= 0 {
		return err[i+len("Exception: "):]
	}
	return err
}

// policyOf makes a policy of its configuration alone, as put-scaling-policy
// takes it from a file.
func policyOf(data []byte) []byte {
	var config map[string]json.RawMessage
	if json.Unmarshal(data, &config) != nil || config["TargetValue"] == nil {
		return data
	}
	return []byte(`{"policyType":"TargetTrackingScaling","targetTrackingScalingPolicyConfiguration":` + string(data) + `}`)
}

// prepare makes what objects of a kind stand on.
func (w *world) prepare(kind string) {
	switch kind {
	case resource.KindService:
		w.apply(w.load(hello)) // default-hello:1 for services of tasks in bridge mode
		w.apply(w.load(web))   // default-web:1 for those with a network of their own
	case resource.KindScalingPolicy:
		w.apply(w.load(strings.ReplaceAll(web, "predefinedMetricType: ECSServiceAverageCPUUtilization", "predefinedMetricType: ALBRequestCountPerTarget")))
	}
}

// object is a decoded body as an object of this world.
func (w *world) object(kind string, body spec.Body, i int) resource.Object {
	name := fmt.Sprintf("corpus-%d", i)
	o := resource.Object{ID: resource.ID{Target: resource.DefaultTarget, Cluster: "default", Unit: name, Kind: kind},
		Want: body.Value, Written: body.Written, Tags: map[string]string{resource.TagOwner: "ecs-operator"}}
	switch in := body.Value.(type) {
	case *ecs.RegisterTaskDefinitionInput:
		in.Family, in.Tags = &name, nil
		o.Section = "taskDefinition"
	case *ecs.CreateServiceInput:
		in.ServiceName, in.Cluster, in.Tags, in.ClientToken = &name, aws.String("default"), nil, nil
		alone(in, body.Written)
		o.Section = "service"
	case *applicationautoscaling.PutScalingPolicyInput:
		in.PolicyName = &name
		o.ID.Unit, o.ID.Name, o.Section = "web", name, "scaling.policies."+name
		in.ResourceId, in.ServiceNamespace, in.ScalableDimension = aws.String("service/default/web"), aastypes.ServiceNamespaceEcs, aastypes.ScalableDimensionECSServiceDesiredCount
	}
	return o
}

// alone takes from a service what it points at and the sandbox does not have.
func alone(in *ecs.CreateServiceInput, written *shape.Places) {
	in.TaskDefinition = aws.String("default-hello:1")
	if n := in.NetworkConfiguration; n != nil && n.AwsvpcConfiguration != nil {
		in.TaskDefinition = aws.String("default-web:1")
		n.AwsvpcConfiguration.Subnets, n.AwsvpcConfiguration.SecurityGroups = []string{"subnet-0sandboxa"}, nil
	}
	in.LoadBalancers, in.ServiceRegistries, in.VolumeConfigurations, in.VpcLatticeConfigurations, in.Role = nil, nil, nil, nil, nil
	in.HealthCheckGracePeriodSeconds = nil
	written.Delete(func(path string) bool {
		for _, gone := range []string{"loadBalancers", "serviceRegistries", "volumeConfigurations", "vpcLatticeConfigurations", "role", "tags", "healthCheckGracePeriodSeconds", "networkConfiguration.awsvpcConfiguration.securityGroups"} {
			if strings.HasPrefix(path, gone) {
				return true
			}
		}
		return false
	})
	if in.DesiredCount == nil && in.SchedulingStrategy != ecstypes.SchedulingStrategyDaemon {
		in.DesiredCount = aws.Int32(0)
	}
	if d := in.DeploymentConfiguration; d != nil {
		for i := range d.LifecycleHooks { // a function is named by another tool's template
			d.LifecycleHooks[i].HookTargetArn, d.LifecycleHooks[i].RoleArn = aws.String(fmt.Sprintf(anyFunction, i)), aws.String(anyRole)
		}
	}
	if d := in.DeploymentConfiguration; d != nil && d.Alarms != nil && d.Alarms.AlarmNames == nil {
		d.Alarms.AlarmNames = []string{} // as Complete does
	}
}
