package shape

import (
	"encoding/json"
	"fmt"
	"reflect"
	"slices"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	cwtypes "github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"
	"github.com/aws/aws-sdk-go-v2/service/ecs"
	"github.com/aws/aws-sdk-go-v2/service/ecs/document"
	"github.com/aws/aws-sdk-go-v2/service/ecs/types"
	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

// arbitrary draws a value of any SDK type: nil, empty and filled at every place.
func arbitrary(t *rapid.T, typ reflect.Type, depth int) reflect.Value {
	v := reflect.New(typ).Elem()
	if IsTime(typ) && typ.Kind() == reflect.Struct {
		v.Set(reflect.ValueOf(time.Unix(rapid.Int64Range(0, 4e9).Draw(t, "time"), 0).UTC()))
		return v
	}
	switch typ.Kind() {
	case reflect.Pointer:
		if depth < 6 && rapid.Bool().Draw(t, "set") {
			v.Set(reflect.New(typ.Elem()))
			v.Elem().Set(arbitrary(t, typ.Elem(), depth+1))
		}
	case reflect.Struct:
		for _, f := range Fields(typ) {
			v.Field(f.Index).Set(arbitrary(t, f.Type, depth+1))
		}
	case reflect.Slice:
		if n := rapid.IntRange(-1, 2).Draw(t, "length"); n >= 0 && depth < 6 {
			v.Set(reflect.MakeSlice(typ, n, n))
			for i := range n {
				v.Index(i).Set(arbitrary(t, typ.Elem(), depth+1))
			}
		}
	case reflect.Map:
		if n := rapid.IntRange(-1, 2).Draw(t, "length"); n >= 0 {
			v.Set(reflect.MakeMap(typ))
			for range n {
				v.SetMapIndex(reflect.ValueOf(rapid.StringN(0, 3, -1).Draw(t, "key")), arbitrary(t, typ.Elem(), depth+1))
			}
		}
	case reflect.Interface:
		switch typ {
		case reflect.TypeFor[document.Interface]():
			v.Set(reflect.ValueOf(document.NewLazyDocument(map[string]any{"a": 1})))
		case reflect.TypeFor[types.SharingStrategy]():
			v.Set(reflect.ValueOf(&types.SharingStrategyMemberNvidiaMps{Value: arbitrary(t, reflect.TypeFor[types.NvidiaMpsAllocation](), depth+1).Interface().(types.NvidiaMpsAllocation)}))
		}
	case reflect.String:
		v.SetString(rapid.StringN(0, 4, -1).Draw(t, "text"))
	case reflect.Bool:
		v.SetBool(rapid.Bool().Draw(t, "bool"))
	case reflect.Int32, reflect.Int64:
		v.SetInt(int64(rapid.Int16().Draw(t, "int")))
	case reflect.Float64:
		v.SetFloat(float64(rapid.Int16().Draw(t, "float")) / 4)
	}
	return v
}

func text(v any) string {
	b, err := json.Marshal(Plain(v, nil))
	if err != nil {
		return err.Error()
	}
	return string(b)
}

// A clone is equal and shares nothing: changing every string of it leaves the
// original as it was.
func TestClone(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		in := arbitrary(t, reflect.TypeFor[ecs.RegisterTaskDefinitionInput](), 0).Interface().(ecs.RegisterTaskDefinitionInput)
		before := text(in)
		out := Clone(&in)
		if !reflect.DeepEqual(&in, out) {
			t.Fatalf("the clone differs:\n%s\n%s", before, text(out))
		}
		MapStrings(out, func(_, s string) string { return s + "!" })
		for i := range out.Volumes {
			out.Volumes[i] = types.Volume{}
		}
		if after := text(in); after != before {
			t.Fatalf("the original changed:\n%s\n%s", before, after)
		}
	})
}

func TestCloneOfAny(t *testing.T) {
	in := map[string]any{"attributes": map[string]string{"a": "b"}, "nil": nil}
	out := Clone(in)
	MapStrings(out["attributes"], func(_, s string) string { return s + "!" })
	if diff := cmp.Diff(map[string]any{"attributes": map[string]string{"a": "b"}, "nil": nil}, in); diff != "" {
		t.Error(diff)
	}
	if got := Clone[map[string]any](nil); got != nil {
		t.Errorf("nil became %v", got)
	}
	if got := Clone[any](nil); got != nil {
		t.Errorf("nil became %v", got)
	}
}

// Plain says the same of equal values, and tells values apart that the SDK
// would send differently.
func TestPlain(t *testing.T) {
	for name, c := range map[string]struct {
		value any
		want  string
	}{
		"zero pointers are written": {&ecs.CreateServiceInput{DesiredCount: aws.Int32(0), Cluster: aws.String("")}, `{"cluster":"","desiredCount":0}`},
		"plain zeros are not":       {&ecs.CreateServiceInput{EnableExecuteCommand: false, LaunchType: ""}, `{}`},
		"empty lists are written":   {&ecs.CreateServiceInput{LoadBalancers: []types.LoadBalancer{}, ServiceRegistries: nil}, `{"loadBalancers":[]}`},
		"maps":                      {map[string]string{"b": "2", "a": "1"}, `{"a":"1","b":"2"}`},
		"nothing":                   {nil, `null`},
		"nil pointer":               {(*ecs.CreateServiceInput)(nil), `null`},
		"documents": {types.DeploymentLifecycleHook{HookDetails: document.NewLazyDocument(map[string]any{"a": []any{1, nil}})},
			`{"hookDetails":{"a":[1,null]}}`},
		"unions": {cloudwatch.PutMetricAlarmInput{EvaluationWindow: &cwtypes.EvaluationWindowMemberWallClockWindow{}},
			`{"evaluationWindow":{"wallClockWindow":{}}}`},
		"unions of an enum": {types.ServiceConnectConfiguration{ContainerConfigurations: []types.ServiceConnectContainerConfiguration{
			&types.ServiceConnectContainerConfigurationMemberLogLevel{Value: "debug"}}}, `{"containerConfigurations":[{"logLevel":"debug"}]}`},
		"times": {struct{ At time.Time }{time.Date(2026, 1, 2, 3, 4, 5, 6e6, time.FixedZone("", 3600))}, `{"at":"2026-01-02T02:04:05.006Z"}`},
	} {
		if got := text(c.value); got != c.want {
			t.Errorf("%s: got %s, want %s", name, got, c.want)
		}
	}
	rapid.Check(t, func(t *rapid.T) {
		in := arbitrary(t, reflect.TypeFor[ecs.CreateServiceInput](), 0).Interface().(ecs.CreateServiceInput)
		if a, b := text(in), text(Clone(&in)); a != b {
			t.Fatalf("%s\n%s", a, b)
		}
	})
}

// MapStrings sees every string once, by the path that leads to it in Plain.
func TestMapStrings(t *testing.T) {
	in := &cloudwatch.PutMetricAlarmInput{
		AlarmName: aws.String("n"), AlarmActions: []string{"x", "y"}, ComparisonOperator: "GreaterThanThreshold",
		Dimensions:         []cwtypes.Dimension{{Name: aws.String("d"), Value: aws.String("$(ref)")}},
		EvaluationCriteria: &cwtypes.EvaluationCriteriaMemberPromQLCriteria{Value: cwtypes.AlarmPromQLCriteria{Query: aws.String("up")}},
		Unit:               "", Threshold: aws.Float64(1),
	}
	var paths []string
	MapStrings(in, func(path, s string) string {
		paths = append(paths, path+"="+s)
		return s + "'"
	})
	want := []string{"alarmActions[0]=x", "alarmActions[1]=y", "alarmName=n", "comparisonOperator=GreaterThanThreshold", "dimensions[0].name=d",
		"dimensions[0].value=$(ref)", "evaluationCriteria.promQLCriteria.query=up"}
	paths = slices.DeleteFunc(paths, func(p string) bool { return p[len(p)-1] == '=' }) // enums that are not set
	slices.Sort(paths)
	if diff := cmp.Diff(want, paths); diff != "" {
		t.Error(diff)
	}
	wantText := `{"alarmActions":["x'","y'"],"alarmName":"n'","comparisonOperator":"GreaterThanThreshold'","dimensions":[{"name":"d'","value":"$(ref)'"}],"evaluationCriteria":{"promQLCriteria":{"query":"up'"}},"threshold":1}`
	MapStrings(in, func(path, s string) string {
		if s == "'" {
			return ""
		}
		return s
	})
	if got := text(in); got != wantText {
		t.Errorf("got  %s\nwant %s", got, wantText)
	}
	mixed := map[string]any{"attributes": map[string]string{"k.x": "v"}, "list": []any{"a", 1}, "word": "w"}
	MapStrings(mixed, func(path, s string) string { return path })
	if diff := cmp.Diff(map[string]any{"attributes": map[string]string{"k.x": "[attributes][k.x]"}, "list": []any{"[list][0]", 1}, "word": "[word]"}, mixed); diff != "" {
		t.Error(diff)
	}
}

// Project turns what Describe returns into the form of the create input.
func TestProject(t *testing.T) {
	live := types.Service{
		ServiceName: aws.String("web"), DesiredCount: 3, EnableExecuteCommand: true, LaunchType: types.LaunchTypeFargate,
		LoadBalancers: []types.LoadBalancer{{ContainerPort: aws.Int32(80)}}, RunningCount: 2,
		CreatedAt: aws.Time(time.Unix(1, 0)), HealthCheckGracePeriodSeconds: nil,
	}
	in := &ecs.CreateServiceInput{Cluster: aws.String("kept"), ServiceName: aws.String("overwritten")}
	Project(in, live)
	if got, want := text(in), `{"cluster":"kept","desiredCount":3,"enableExecuteCommand":true,"launchType":"FARGATE","loadBalancers":[{"containerPort":80}],"serviceName":"web"}`; got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
	*live.LoadBalancers[0].ContainerPort = 81
	if *in.LoadBalancers[0].ContainerPort != 80 {
		t.Error("the projection shares memory with its source")
	}
	empty := &ecs.CreateServiceInput{Cluster: aws.String("kept")}
	Project(empty, (*types.Service)(nil))
	Project(empty, nil)
	if got := text(empty); got != `{"cluster":"kept"}` {
		t.Errorf("a projection of nothing wrote %s", got)
	}
}

// Share says what Project says, without copying it.
func TestShare(t *testing.T) {
	live := types.Service{ServiceName: aws.String("web"), DesiredCount: 3, LoadBalancers: []types.LoadBalancer{{ContainerPort: aws.Int32(80)}}}
	in, copied := &ecs.CreateServiceInput{Cluster: aws.String("kept")}, &ecs.CreateServiceInput{Cluster: aws.String("kept")}
	Share(in, live)
	Project(copied, live)
	if !reflect.DeepEqual(in, copied) {
		t.Errorf("got  %s\nwant %s", text(in), text(copied))
	}
	if in.ServiceName != live.ServiceName || &in.LoadBalancers[0] != &live.LoadBalancers[0] {
		t.Error("it was copied")
	}
}

// An input projected onto its own type is a clone.
func TestProjectOntoItself(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		in := arbitrary(t, reflect.TypeFor[ecs.CreateServiceInput](), 0).Interface().(ecs.CreateServiceInput)
		var out ecs.CreateServiceInput
		Project(&out, in)
		if !reflect.DeepEqual(in, out) {
			t.Fatalf("%s\n%s", text(in), text(out))
		}
	})
}

func TestRegistry(t *testing.T) {
	var none *Registry
	if _, ok := none.Union(reflect.TypeFor[types.SharingStrategy]()); ok {
		t.Error("no registry knows a union")
	}
	u := UnionOf[types.SharingStrategy](&types.SharingStrategyMemberNvidiaMps{})
	r := NewRegistry([]Union{u}, []Document{DocumentOf(document.NewLazyDocument)})
	got, ok := r.Union(reflect.TypeFor[types.SharingStrategy]())
	if !ok || got.MemberName(got.Members[0]) != "NvidiaMps" {
		t.Errorf("%v %t", got, ok)
	}
	if m, ok := got.Member("nvidiamps"); !ok || m != reflect.TypeFor[types.SharingStrategyMemberNvidiaMps]() {
		t.Errorf("%v %t", m, ok)
	}
	if _, ok := got.Member("other"); ok {
		t.Error("an unknown member was found")
	}
	d, ok := r.Document(reflect.TypeFor[document.Interface]())
	if !ok {
		t.Fatal("the document is not known")
	}
	back, err := d.Plain(d.New(map[string]any{"a": 1.5, "b": []any{true, "x"}}))
	if diff := cmp.Diff(any(map[string]any{"a": 1.5, "b": []any{true, "x"}}), back); diff != "" || err != nil {
		t.Error(diff, err)
	}
	if _, err := d.Plain("text"); err == nil {
		t.Error("text is no document")
	}
}

func TestEnum(t *testing.T) {
	if got := Enum(reflect.TypeFor[types.PropagateTags]()); !slices.Contains(got, "TASK_DEFINITION") {
		t.Errorf("%v", got)
	}
	for _, typ := range []reflect.Type{reflect.TypeFor[string](), reflect.TypeFor[*string](), reflect.TypeFor[int32]()} {
		if got := Enum(typ); got != nil {
			t.Errorf("%s has values %v", typ, got)
		}
	}
}

func ExamplePlain() {
	in := &ecs.CreateServiceInput{DesiredCount: aws.Int32(2), LaunchType: types.LaunchTypeFargate}
	fmt.Println(Plain(in, nil))
	// Output: map[desiredCount:2 launchType:FARGATE]
}
