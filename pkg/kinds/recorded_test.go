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
	counts := map[string][]int{} // by kind: how many, and how many are clean
	count := func(name string, problems []string) {
		if counts[name] == nil {
			counts[name] = []int{0, 0}
		}
		counts[name][0]++
		if len(problems) == 0 {
			counts[name][1]++
		}
		for _, p := range problems {
			t.Error(p)
		}
	}
	for _, a := range answers {
		name, ours := kindOf[a.Kind]
		if !ours {
			continue
		}
		k := kindNamed(t, name)
		l, err := liveAnswer(a, name)
		if err != nil {
			count(name, []string{fmt.Sprintf("%s: %v", a, err)})
			continue
		}
		count(name, append(sameIsLive(a, k, &l), nobodyWroteIt(a, k, &l)...))
		if a.Declared != nil {
			count(name+", declared", declaredIsLive(a, k, &l))
		}
	}
	page := recorded.Table{Name: "live", Columns: []string{"kind", "recorded", "no false difference"}}
	for _, name := range slices.Sorted(maps.Keys(counts)) {
		page.Rows = append(page.Rows, recorded.Row{Name: name, Figures: counts[name]})
	}
	page.Check(t, corpusPage, *update)
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

// written is an object as if its value stood in a document; an error when no
// document can say it.
func written(a recorded.Answer, k resource.Kind, plain any, extra map[string]any) (*resource.Object, error) {
	s := k.Section()
	s.Required = nil
	m := maps.Clone(plain.(map[string]any))
	delete(m, "tags") // not Diff's
	for name, v := range extra {
		m[name] = v
	}
	raw, err := json.Marshal(m)
	if err != nil {
		return nil, err
	}
	body, problems := spec.DecodeBody(a.String(), raw, s)
	for _, p := range problems {
		if p.Severity == spec.Error {
			return nil, fmt.Errorf("no document can say it: %s", p)
		}
	}
	return &resource.Object{ID: resource.ID{Kind: k.Name()}, Want: body.Value, Extra: body.Extra, Written: body.Written, Section: s.Path}, nil
}

// sameIsLive writes the live state as it stands and compares it with itself.
func sameIsLive(a recorded.Answer, k resource.Kind, l *resource.Live) (problems []string) {
	same, err := written(a, k, shape.Plain(l.Value, nil), l.Extra)
	if err != nil {
		return []string{fmt.Sprintf("%s: %v", a, err)}
	}
	for _, changed := range []bool{false, true} {
		for _, c := range k.Diff(same, l, resource.Compare{InputChanged: changed}) {
			problems = append(problems, fmt.Sprintf("%s: differs from itself: %+v", a, c))
		}
	}
	return problems
}

// nobodyWroteIt compares with a document that says nothing: whatever would be
// written must say that it is a default, and drift alone must do nothing heavy.
func nobodyWroteIt(a recorded.Answer, k resource.Kind, l *resource.Live) (problems []string) {
	s := k.Section()
	empty := &resource.Object{ID: resource.ID{Kind: k.Name()}, Want: s.New(), Section: s.Path}
	for _, c := range k.Diff(empty, l, resource.Compare{}) {
		if c.Reason == diff.FromSpec {
			problems = append(problems, fmt.Sprintf("%s: nobody wrote it: %+v", a, c))
		}
		if c.Effect.Rank() > diff.TasksLater.Rank() && !c.Informational {
			problems = append(problems, fmt.Sprintf("%s: drift alone would have a heavy effect: %+v", a, c))
		}
	}
	return problems
}

// declaredIsLive compares what was asked for with what AWS made of it.
func declaredIsLive(a recorded.Answer, k resource.Kind, l *resource.Live) (problems []string) {
	want, err := wantOf(a)
	if err != nil {
		return []string{fmt.Sprintf("%s: %v", a, err)}
	}
	attributes, err := groupAttributes(a.Declared)
	if err != nil {
		return []string{fmt.Sprintf("%s: %v", a, err)}
	}
	named(want, l.Value)
	var extra map[string]any
	if attributes != nil {
		extra = map[string]any{"attributes": attributes}
	}
	o, err := written(a, k, shape.Plain(want, nil), extra)
	if err != nil {
		return []string{fmt.Sprintf("%s: %v", a, err)}
	}
	for _, changed := range []bool{false, true} {
		for _, c := range k.Diff(o, l, resource.Compare{InputChanged: changed}) {
			if !c.Informational {
				problems = append(problems, fmt.Sprintf("%s: what was asked for differs from what AWS made of it: %+v", a, c))
			}
		}
	}
	return problems
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
