package kinds_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"slices"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/applicationautoscaling"
	aastypes "github.com/aws/aws-sdk-go-v2/service/applicationautoscaling/types"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	cwtypes "github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"
	"github.com/aws/aws-sdk-go-v2/service/ecs"
	ecstypes "github.com/aws/aws-sdk-go-v2/service/ecs/types"
	elbv2 "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2"
	elbtypes "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2/types"

	"github.com/ecs-operator/ecs-operator/pkg/diff"
	"github.com/ecs-operator/ecs-operator/pkg/kinds"
	"github.com/ecs-operator/ecs-operator/pkg/resource"
	"github.com/ecs-operator/ecs-operator/pkg/sandbox/recorded"
	"github.com/ecs-operator/ecs-operator/pkg/shape"
	"github.com/ecs-operator/ecs-operator/pkg/spec"
)

// kindOf are the kinds by what recordings call them. Listeners and composite
// alarms belong to no unit.
var kindOf = map[string]string{
	"task-definition": resource.KindTaskDefinition, "service": resource.KindService, "target-group": resource.KindTargetGroup,
	"rule": resource.KindListenerRule, "alarm": resource.KindAlarm, "scalable-target": resource.KindScalableTarget, "scaling-policy": resource.KindScalingPolicy,
}

// TestRecordedAnswers takes everything that was recorded on AWS as live state:
// wanted as it stands, it differs from itself in nothing; of what a spec leaves
// out nothing heavy happens by itself; and where the recording says what was
// asked for, that differs in nothing from what AWS made of it.
func TestRecordedAnswers(t *testing.T) {
	root := os.Getenv("ECS_OPERATOR_CORPUS")
	if root == "" {
		t.Skip("ECS_OPERATOR_CORPUS is not set: no recorded answers of AWS to compare")
	}
	answers, _, err := recorded.Read(os.DirFS(root), recorded.Folders...)
	if err != nil || len(answers) == 0 {
		t.Fatalf("%d answers: %v", len(answers), err)
	}
	counts := map[string]int{}
	for _, a := range answers {
		name, ours := kindOf[a.Kind]
		if !ours {
			continue
		}
		k := kindNamed(t, name)
		l, err := liveAnswer(a, name)
		if err != nil {
			t.Errorf("%s: %v", a, err)
			continue
		}
		counts[name]++
		same := written(t, a, k, shape.Plain(l.Value, nil), l.Extra)
		if same == nil {
			continue
		}
		for _, changed := range []bool{false, true} {
			for _, c := range k.Diff(same, &l, resource.Compare{InputChanged: changed}) {
				t.Errorf("%s: differs from itself: %+v", a, c)
			}
		}
		nobodyWroteIt(t, a, k, &l)
		if a.Declared != nil {
			counts[name+", declared"]++
			declaredIsLive(t, a, k, &l)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(counts)) {
		t.Logf("%s: %d", name, counts[name])
	}
}

// liveAnswer reads a recording as Observe would.
func liveAnswer(a recorded.Answer, name string) (resource.Live, error) {
	id := resource.ID{Target: resource.DefaultTarget, Cluster: "default", Unit: "recorded", Kind: name}
	answer, err := answerOf(a, recorded.Answer{Kind: a.Kind, Body: a.Body})
	if err != nil {
		return resource.Live{}, err
	}
	if s, ok := answer.(*ecstypes.Service); ok {
		s.Status = aws.String("ACTIVE") // one that is gone has nothing to compare
	}
	attributes, err := groupAttributes(a.Body)
	if err != nil {
		return resource.Live{}, err
	}
	return kinds.LiveOf(id, answer, attributes), nil
}

func answerOf(a, body recorded.Answer) (any, error) {
	switch a.Kind {
	case "task-definition":
		return recorded.Decode[ecstypes.TaskDefinition](body)
	case "service":
		return recorded.Decode[ecstypes.Service](body)
	case "target-group":
		return recorded.Decode[elbtypes.TargetGroup](body)
	case "rule":
		return recorded.Decode[elbtypes.Rule](body)
	case "alarm":
		return recorded.Decode[cwtypes.MetricAlarm](body)
	case "scalable-target":
		return recorded.Decode[aastypes.ScalableTarget](body)
	case "scaling-policy":
		return recorded.Decode[aastypes.ScalingPolicy](body)
	}
	return nil, fmt.Errorf("no type for a %s", a.Kind)
}

// groupAttributes are the attributes that Cloud Control shows with a target group.
func groupAttributes(body map[string]any) (map[string]string, error) {
	list, ok := body["TargetGroupAttributes"]
	if !ok {
		return nil, nil
	}
	in, err := recorded.Decode[elbv2.ModifyTargetGroupAttributesInput](recorded.Answer{Body: map[string]any{"Attributes": list}})
	if err != nil {
		return nil, err
	}
	out := map[string]string{}
	for _, a := range in.Attributes {
		out[aws.ToString(a.Key)] = aws.ToString(a.Value)
	}
	return out, nil
}

// written is an object as if its value stood in a document; nil, with an error,
// when no document can say it.
func written(t *testing.T, a recorded.Answer, k resource.Kind, plain any, extra map[string]any) *resource.Object {
	t.Helper()
	s := k.Section()
	s.Required = nil
	m := maps.Clone(plain.(map[string]any))
	delete(m, "tags") // not Diff's
	for name, v := range extra {
		m[name] = v
	}
	raw, err := json.Marshal(m)
	if err != nil {
		t.Fatal(err)
	}
	body, problems := spec.DecodeBody(a.String(), raw, s)
	for _, p := range problems {
		if p.Severity == spec.Error {
			t.Errorf("%s: no document can say it: %s", a, p)
			return nil
		}
	}
	return &resource.Object{ID: resource.ID{Kind: k.Name()}, Want: body.Value, Extra: body.Extra, Written: body.Written, Section: s.Path}
}

// nobodyWroteIt compares with a document that says nothing: whatever would be
// written must say that it is a default, and drift alone must do nothing heavy.
func nobodyWroteIt(t *testing.T, a recorded.Answer, k resource.Kind, l *resource.Live) {
	t.Helper()
	s := k.Section()
	empty := &resource.Object{ID: resource.ID{Kind: k.Name()}, Want: s.New(), Section: s.Path}
	for _, c := range k.Diff(empty, l, resource.Compare{}) {
		if c.Reason == diff.FromSpec {
			t.Errorf("%s: nobody wrote it: %+v", a, c)
		}
		if c.Effect.Rank() > diff.TasksLater.Rank() && !c.Informational {
			t.Errorf("%s: drift alone would have a heavy effect: %+v", a, c)
		}
	}
}

// declaredIsLive compares what was asked for with what AWS made of it.
func declaredIsLive(t *testing.T, a recorded.Answer, k resource.Kind, l *resource.Live) {
	t.Helper()
	want, err := wantOf(a)
	if err != nil {
		t.Errorf("%s: %v", a, err)
		return
	}
	attributes, err := groupAttributes(a.Declared)
	if err != nil {
		t.Errorf("%s: %v", a, err)
		return
	}
	named(want, l.Value)
	var extra map[string]any
	if attributes != nil {
		extra = map[string]any{"attributes": attributes}
	}
	o := written(t, a, k, shape.Plain(want, nil), extra)
	if o == nil {
		return
	}
	for _, changed := range []bool{false, true} {
		for _, c := range k.Diff(o, l, resource.Compare{InputChanged: changed}) {
			if !c.Informational {
				t.Errorf("%s: what was asked for differs from what AWS made of it: %+v", a, c)
			}
		}
	}
}

func wantOf(a recorded.Answer) (any, error) {
	switch a.Kind {
	case "task-definition":
		return recorded.DecodeDeclared[ecs.RegisterTaskDefinitionInput](a)
	case "service":
		return recorded.DecodeDeclared[ecs.CreateServiceInput](a)
	case "target-group":
		return recorded.DecodeDeclared[elbv2.CreateTargetGroupInput](a)
	case "rule":
		found, err := recorded.DecodeDeclared[elbtypes.Rule](a)
		want := &elbv2.CreateRuleInput{}
		if err == nil {
			shape.Project(want, found)
		}
		return want, err
	case "alarm":
		return recorded.DecodeDeclared[cloudwatch.PutMetricAlarmInput](a)
	case "scalable-target":
		return recorded.DecodeDeclared[applicationautoscaling.RegisterScalableTargetInput](a)
	case "scaling-policy":
		return recorded.DecodeDeclared[applicationautoscaling.PutScalingPolicyInput](a)
	}
	return nil, fmt.Errorf("no input for a %s", a.Kind)
}

// named gives what was asked for the names that CloudFormation made up for it.
func named(want, live any) {
	switch w := want.(type) {
	case *ecs.RegisterTaskDefinitionInput:
		w.Family = live.(*ecs.RegisterTaskDefinitionInput).Family
	case *ecs.CreateServiceInput:
		l := live.(*ecs.CreateServiceInput)
		w.ServiceName, w.Cluster = l.ServiceName, l.Cluster
	case *elbv2.CreateTargetGroupInput:
		w.Name = live.(*elbv2.CreateTargetGroupInput).Name
	case *cloudwatch.PutMetricAlarmInput:
		w.AlarmName = live.(*cloudwatch.PutMetricAlarmInput).AlarmName
	case *elbv2.CreateRuleInput:
		l := live.(*elbv2.CreateRuleInput)
		w.Priority, w.ListenerArn = l.Priority, l.ListenerArn
	}
}
