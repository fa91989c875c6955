package wire_test

import (
	"math"
	"net/url"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	cwtypes "github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"
	"github.com/aws/aws-sdk-go-v2/service/ecs"
	ecsdocument "github.com/aws/aws-sdk-go-v2/service/ecs/document"
	ecstypes "github.com/aws/aws-sdk-go-v2/service/ecs/types"
	elbv2 "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2"
	"github.com/google/go-cmp/cmp"

	"github.com/ecs-operator/ecs-operator/pkg/sandbox/wire"
)

// memory has one of everything that a world may hold.
type memory struct {
	Hook     ecstypes.DeploymentLifecycleHook // with a document
	Alarm    cwtypes.MetricAlarm              // with unions
	Nil      []string
	Empty    []string
	Zero     *int32
	False    *bool
	Blank    *string
	None     *int32
	At       time.Time
	Never    time.Time
	Maybe    *time.Time
	Big      int64
	Tiny     float64
	Texts    map[string]string
	Hollow   map[string]string
	NoMap    map[string]string
	Numbers  map[int32]string
	Pointers map[string]*inner
	Values   []inner
	Zeros    []int32
	Flags    []bool
	Wait     time.Duration
	Blob     []byte
}

type inner struct {
	Name string
	List [][]string
}

func TestStateKeepsEverything(t *testing.T) {
	at := time.Date(2026, 11, 23, 1, 2, 3, 456789012, time.UTC)
	want := memory{
		Hook: ecstypes.DeploymentLifecycleHook{RoleArn: aws.String("r"), HookDetails: ecsdocument.NewLazyDocument(map[string]any{"n": 1.5, "list": []any{"x", true, nil}})},
		Alarm: cwtypes.MetricAlarm{ActionsEnabled: aws.Bool(false), Threshold: aws.Float64(0),
			EvaluationCriteria: &cwtypes.EvaluationCriteriaMemberPromQLCriteria{Value: cwtypes.AlarmPromQLCriteria{Query: aws.String("up")}},
			EvaluationWindow:   &cwtypes.EvaluationWindowMemberSlidingWindow{}},
		Empty: []string{}, Zero: aws.Int32(0), False: aws.Bool(false), Blank: aws.String(""), At: at, Maybe: &at,
		Big: math.MaxInt64, Tiny: math.SmallestNonzeroFloat64, Texts: map[string]string{"a": "", "<&>": "ü\u2028\x01"}, Hollow: map[string]string{},
		Numbers: map[int32]string{-1: "x"}, Pointers: map[string]*inner{"p": {Name: "n", List: [][]string{{}, {"a"}}}}, Values: []inner{{}, {Name: "v"}},
		Zeros: []int32{0, 1, 0}, Flags: []bool{false, true}, Wait: time.Minute, Blob: []byte{0, 255},
	}
	raw, err := wire.EncodeState(want, registry)
	if err != nil {
		t.Fatal(err)
	}
	var got memory
	if err := wire.DecodeState(raw, &got, registry); err != nil {
		t.Fatal(err)
	}
	if !reflect.DeepEqual(want, got) {
		t.Errorf("(-want +got):\n%s\n%s", cmp.Diff(want, got, cmp.Exporter(func(reflect.Type) bool { return true })), raw)
	}
	again, err := wire.EncodeState(got, registry)
	if err != nil || string(again) != string(raw) {
		t.Errorf("the second writing differs: %v\n%s", err, again)
	}
}

func TestStateRefusesWhatItCannotHold(t *testing.T) {
	for name, v := range map[string]any{
		"interface": struct{ X any }{1}, "channel": struct{ X chan int }{make(chan int)}, "unsigned": struct{ X uint }{1},
	} {
		if raw, err := wire.EncodeState(v, registry); err == nil {
			t.Errorf("%s was written as %s", name, raw)
		}
	}
}

// TestAbsentAndEmpty: what is not on the wire stays nil, [] stays [], null and
// unknown members are nothing (aws-facts 1.1).
func TestAbsentAndEmpty(t *testing.T) {
	lower := wire.Codec{Names: wire.LowerCamel, Registry: registry}
	var in ecs.UpdateServiceInput
	body := `{"service":"s","loadBalancers":[],"capacityProviderStrategy":null,"desiredCount":0,"fromTheFuture":{"x":[1]},"placementStrategy":[null]}`
	if err := lower.DecodeJSON([]byte(body), &in); err != nil {
		t.Fatal(err)
	}
	if in.LoadBalancers == nil || len(in.LoadBalancers) != 0 || in.CapacityProviderStrategy != nil || in.ServiceRegistries != nil || in.DesiredCount == nil || len(in.PlacementStrategy) != 0 {
		t.Errorf("%+v", in)
	}
	upper := wire.Codec{Names: wire.GoNames, Registry: registry}
	var rule elbv2.ModifyRuleInput
	form := url.Values{"RuleArn": {"r"}, "Conditions": {""}, "Actions.member.10.Type": {"b"}, "Actions.member.9.Type": {"a"}, "Nobody.member.1": {"x"}}
	if err := upper.DecodeQuery(form, &rule); err != nil {
		t.Fatal(err)
	}
	if rule.Conditions == nil || len(rule.Actions) != 2 || rule.Actions[0].Type != "a" || rule.Transforms != nil {
		t.Errorf("%+v", rule)
	}
}

func TestWrongTypes(t *testing.T) {
	upper := wire.Codec{Names: wire.GoNames, Registry: registry}
	lower := wire.Codec{Names: wire.LowerCamel, Registry: registry}
	for _, tc := range []struct {
		name, want string
		err        error
	}{
		{"list", "loadBalancers: expected a list", lower.DecodeJSON([]byte(`{"loadBalancers":{}}`), &ecs.CreateServiceInput{})},
		{"structure", "deploymentConfiguration: expected a structure", lower.DecodeJSON([]byte(`{"deploymentConfiguration":[]}`), &ecs.CreateServiceInput{})},
		{"nested", "loadBalancers.1.containerPort:", lower.DecodeJSON([]byte(`{"loadBalancers":[{},{"containerPort":"80"}]}`), &ecs.CreateServiceInput{})},
		{"fraction", "desiredCount: 1.5", lower.DecodeJSON([]byte(`{"desiredCount":1.5}`), &ecs.CreateServiceInput{})},
		{"overflow", "desiredCount: 4294967296", lower.DecodeJSON([]byte(`{"desiredCount":4294967296}`), &ecs.CreateServiceInput{})},
		{"two members", "exactly one member", upper.DecodeJSON([]byte(`{"EvaluationWindow":{"SlidingWindow":{},"WallClockWindow":{}}}`), &cloudwatch.PutMetricAlarmInput{})},
		{"boolean", "HealthCheckEnabled:", upper.DecodeQuery(url.Values{"HealthCheckEnabled": {"maybe"}}, &elbv2.CreateTargetGroupInput{})},
		{"trailing", "after the top-level value", lower.DecodeJSON([]byte(`{} {}`), &ecs.CreateServiceInput{})},
		{"not a map", "expected a map", upper.DecodeCBOR([]byte{0x01}, &cloudwatch.PutMetricAlarmInput{})},
		{"cut cbor", "", upper.DecodeCBOR([]byte{0xa1, 0x61}, &cloudwatch.PutMetricAlarmInput{})},
	} {
		if tc.err == nil || !strings.Contains(tc.err.Error(), tc.want) {
			t.Errorf("%s: %v, want %q in it", tc.name, tc.err, tc.want)
		}
	}
	if err := lower.DecodeJSON([]byte(`{"desiredCount":2.0}`), &ecs.CreateServiceInput{}); err != nil {
		t.Errorf("2.0 is an integer: %v", err)
	}
}

// FuzzDecode throws bytes at every decoder: errors are fine, panics are not.
func FuzzDecode(f *testing.F) {
	f.Add([]byte(`{"serviceName":"x","loadBalancers":[{}]}`))
	f.Add([]byte("Actions.member.1.Type=forward&Tags.member.1.Key=a"))
	f.Add([]byte{0xbf, 0x61, 'x', 0x9f, 0xff, 0xff})
	f.Add([]byte{0xa1, 0x64, 'N', 'a', 'm', 'e', 0xc1, 0xf9, 0x7e, 0x00})
	lower, upper := wire.Codec{Names: wire.LowerCamel, Registry: registry}, wire.Codec{Names: wire.GoNames, Registry: registry}
	f.Fuzz(func(_ *testing.T, data []byte) {
		_ = lower.DecodeJSON(data, &ecs.CreateServiceInput{})
		_ = upper.DecodeCBOR(data, &cloudwatch.PutMetricDataInput{})
		if form, err := url.ParseQuery(string(data)); err == nil {
			_ = upper.DecodeQuery(form, &elbv2.CreateRuleInput{})
		}
	})
}
