package kinds_test

import (
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/applicationautoscaling"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	"github.com/aws/aws-sdk-go-v2/service/ecs"
	ecstypes "github.com/aws/aws-sdk-go-v2/service/ecs/types"
	"github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2"
	"pgregory.net/rapid"

	"github.com/ecs-operator/ecs-operator/pkg/importer"
	"github.com/ecs-operator/ecs-operator/pkg/kinds"
	"github.com/ecs-operator/ecs-operator/pkg/plan"
	"github.com/ecs-operator/ecs-operator/pkg/resource"
	"github.com/ecs-operator/ecs-operator/pkg/spec"
)

// Documents that the import's property draws (with -short).
const (
	importCases      = 300
	importCasesShort = 30
)

// TestAnyServiceImports: whatever was made over all fields of all kinds, once
// nothing says any more that it is ours, the import of it is a document that
// would write tags and nothing else; and with them, nothing at all.
func TestAnyServiceImports(t *testing.T) {
	n := importCases
	if testing.Short() {
		n = importCasesShort
	}
	checks(t, n)
	rapid.Check(t, func(r *rapid.T) {
		text := anyDocument(r)
		r.Log(text)
		w := newWorldFor(r).secure()
		u := w.load(text)
		w.apply(u)
		w.settle()
		w.disown(u)
		w.fresh()
		imported, _ := w.imports(u)
		r.Log(imported)
		again := w.load(imported)
		for _, fault := range importer.Judge(w.plan(again)) {
			r.Errorf("the document does not express: %s", fault)
		}
		if !again.Policy.Adopt {
			r.Error("nothing carries our tags, and the document does not say adopt")
		}
	})
}

// TestImportOfOurs: what is ours imports under the keys and the names that it
// has, and then nothing is left to do.
func TestImportOfOurs(t *testing.T) {
	for name, text := range map[string]string{"hello": hello, "worker": worker, "web": web} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			u := w.load(text)
			w.apply(u)
			w.settle()
			w.fresh()
			imported, problems := w.imports(u)
			again := w.load(imported)
			if p := w.plan(again); !p.Empty() {
				t.Errorf("left to do: %v\n%s", importer.Judge(p), imported)
			}
			var want, got []string
			for _, o := range u.Objects() {
				want = append(want, o.ID.Local())
			}
			for _, o := range again.Objects() {
				got = append(got, o.ID.Local())
			}
			if !slices.Equal(got, want) {
				t.Errorf("objects %v, want %v", got, want)
			}
			for _, derived := range []string{"adopt", "alarmName:", "policyName:", "scheduledActionName:", "family:", "serviceName:", "ecs-operator:"} {
				if strings.Contains(imported, derived) {
					t.Errorf("%s need not stand there\n%s", derived, imported)
				}
			}
			if len(problems) > 0 {
				t.Errorf("problems: %v", problems)
			}
		})
	}
}

// plan is what would be done to a unit.
func (w *world) plan(u *resource.Unit) plan.Plan {
	w.t.Helper()
	return plan.Make(plan.Input{Frame: frame, Unit: u, Kinds: kinds.All(nil), Live: w.observe(u, true), Now: "2030-01-01T00:00:00Z"})
}

// imports is the document of a unit's service as import writes it.
func (w *world) imports(u *resource.Unit) (text string, problems []spec.Problem) {
	w.t.Helper()
	name := u.Key.Name
	if in, ok := u.Object(serviceOf(u)).Want.(*ecs.CreateServiceInput); ok {
		name = aws.ToString(in.ServiceName)
	}
	found, err := kinds.NewDiscoverer(w.pool.ReadOnly()).Discover(w.t.Context(), resource.DefaultTarget, u.Key.Cluster, name)
	if err != nil {
		w.t.Fatal(err)
	}
	res, _ := (&importer.Live{Frame: frame, Kinds: kinds.All(nil)}).Service(u.Key.Cluster, found)
	if len(res.Drafts) != 1 || res.Errors() > 0 {
		w.t.Fatalf("%d documents, problems %v", len(res.Drafts), res.Problems)
	}
	out, err := res.YAML()
	if err != nil {
		w.t.Fatal(err)
	}
	return string(out), res.Problems
}

// disown takes our tags off everything.
func (w *world) disown(u *resource.Unit) {
	w.t.Helper()
	ctx, api := w.t.Context(), w.raw.Write
	for id, l := range w.observe(u, true) {
		keys := slices.DeleteFunc(slices.Sorted(maps.Keys(l.Tags)), func(k string) bool { return !strings.HasPrefix(k, resource.TagPrefix) })
		if len(keys) == 0 {
			continue
		}
		var err error
		switch id.Kind {
		case resource.KindService, resource.KindTaskDefinition:
			_, err = api.ECS.UntagResource(ctx, &ecs.UntagResourceInput{ResourceArn: &l.ARN, TagKeys: keys})
		case resource.KindTargetGroup, resource.KindListenerRule:
			_, err = api.ELB.RemoveTags(ctx, &elasticloadbalancingv2.RemoveTagsInput{ResourceArns: []string{l.ARN}, TagKeys: keys})
		case resource.KindAlarm:
			_, err = api.CloudWatch.UntagResource(ctx, &cloudwatch.UntagResourceInput{ResourceARN: &l.ARN, TagKeys: keys})
		default:
			_, err = api.AutoScaling.UntagResource(ctx, &applicationautoscaling.UntagResourceInput{ResourceARN: &l.ARN, TagKeys: keys})
		}
		if err != nil {
			w.t.Fatal(id.Local(), err)
		}
	}
}

// What no document can hold is refused with its field, and what others own is
// named.
func TestImportRefuses(t *testing.T) {
	for name, c := range map[string]struct{ controller, arn, want string }{
		"Express Mode": {resource.ControllerExpress, "", "service: it belongs to ECS Express Mode"},
		"short ARN":    {"", "arn:aws:ecs:us-east-1:123456789012:service/web", "service: its ARN is of the short form"},
	} {
		t.Run(name, func(t *testing.T) {
			l := &importer.Live{Frame: frame, Kinds: kinds.All(nil)}
			res, _ := l.Service("default", kinds.Discovery{Service: resource.Live{
				Presence: resource.Present, Name: "web", ARN: c.arn, Value: &ecs.CreateServiceInput{}, Service: &resource.ServiceState{ForeignController: c.controller}}})
			if len(res.Drafts) > 0 || res.Errors() != 1 || !strings.Contains(res.Problems[0].String(), c.want) {
				t.Errorf("%d documents, %v", len(res.Drafts), res.Problems)
			}
		})
	}
}

func TestImportNamesOwners(t *testing.T) {
	service := resource.Live{ID: resource.ID{Kind: resource.KindService}, Presence: resource.Present, ARN: "arn:s", Name: "web",
		Value: &ecs.CreateServiceInput{ServiceName: aws.String("web")}, Service: &resource.ServiceState{Desired: 1}}
	task := resource.Live{ID: resource.ID{Kind: resource.KindTaskDefinition}, Presence: resource.Present, Attrs: map[string]string{"family": "default-web"},
		Value: &ecs.RegisterTaskDefinitionInput{ContainerDefinitions: []ecstypes.ContainerDefinition{{Name: aws.String("app"), Image: aws.String("app:1"),
			Environment: []ecstypes.KeyValuePair{{Name: aws.String("DB_PASSWORD"), Value: aws.String("hunter2")}, {Name: aws.String("COLOUR"), Value: aws.String("$(date) is $$(x.y)")}}}}}}
	for name, c := range map[string]struct {
		tags   map[string]string
		want   string
		theirs bool
	}{
		"nobody":          {map[string]string{"team": "a"}, "", false},
		"a stack":         {map[string]string{"aws:cloudformation:stack-name": "shop"}, `belongs to the CloudFormation stack "shop"`, true},
		"another":         {map[string]string{resource.TagOwner: "else"}, `owner tag of "else"`, true},
		"another unit":    {map[string]string{resource.TagOwner: frame.Owner, resource.TagUnit: "other/web"}, `belongs to the unit "other/web"`, true},
		"under our scope": {map[string]string{resource.TagOwner: frame.Owner, resource.TagUnit: "default/web", resource.TagScope: "s"}, `scope "s"`, true},
	} {
		t.Run(name, func(t *testing.T) {
			service.Tags = c.tags
			res, theirs := (&importer.Live{Frame: frame, Kinds: kinds.All(nil)}).Service("default", kinds.Discovery{Service: service, TaskDefinition: task})
			var told []string
			for _, p := range res.Problems {
				told = append(told, p.String())
			}
			text := strings.Join(told, "\n")
			if theirs != c.theirs || !strings.Contains(text, c.want) || len(res.Drafts) != 1 {
				t.Errorf("theirs %t, problems %s", theirs, text)
			}
			if !strings.Contains(text, "DB_PASSWORD].value looks like a secret") || strings.Contains(text, "hunter2") || strings.Contains(text, "COLOUR") {
				t.Errorf("secrets: %s", text)
			}
			out, err := res.YAML()
			if err != nil {
				t.Fatal(err)
			}
			u, problems := desire(t, string(out))
			if len(problems) > 0 {
				t.Fatal(problems)
			}
			in := u.Object(serviceOf(u).Of(resource.KindTaskDefinition, "")).Want.(*ecs.RegisterTaskDefinitionInput)
			if got := aws.ToString(in.ContainerDefinitions[0].Environment[1].Value); got != "$(date) is $$(x.y)" {
				t.Errorf("the text became %q\n%s", got, out)
			}
		})
	}
}
