package reconcile

import (
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/applicationautoscaling"
	astypes "github.com/aws/aws-sdk-go-v2/service/applicationautoscaling/types"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	"github.com/aws/aws-sdk-go-v2/service/ecs"
	ecstypes "github.com/aws/aws-sdk-go-v2/service/ecs/types"

	"github.com/ecs-operator/ecs-operator/pkg/status"
)

// An ignored path is neither shown nor written, also not by the calls that send
// whole objects because of something else: what somebody set there stays.
func TestIgnoredPathsAreKept(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world) {
		doc := strings.Replace(web, "  cluster: default\n", `  cluster: default
  policy:
    ignore:
      - alarms.errors.threshold
      - alarms.errors.okActions
      - scaling.policies.cpu.targetTrackingScalingPolicyConfiguration.targetValue
      - taskDefinition.containerDefinitions[web].image
      - taskDefinition.containerDefinitions[web].environment[THEIRS]
      - service.deploymentConfiguration.maximumPercent
`, 1)
		w.files.put("web.yaml", doc)
		w.wait(w.engine())
		p, ctx := w.person(), t.Context()
		must := func(err error) {
			t.Helper()
			if err != nil {
				t.Fatal(err)
			}
		}

		// Somebody changes all of it.
		alarms, err := p.Read.CloudWatch.DescribeAlarms(ctx, &cloudwatch.DescribeAlarmsInput{AlarmNames: []string{"ecs-operator/default/web/errors"}})
		must(err)
		a := alarms.MetricAlarms[0]
		_, err = p.Write.CloudWatch.PutMetricAlarm(ctx, &cloudwatch.PutMetricAlarmInput{AlarmName: a.AlarmName, MetricName: a.MetricName, Namespace: a.Namespace,
			Statistic: a.Statistic, Period: a.Period, EvaluationPeriods: a.EvaluationPeriods, ComparisonOperator: a.ComparisonOperator, Dimensions: a.Dimensions,
			Threshold: aws.Float64(99), OKActions: []string{"arn:aws:sns:us-east-1:123456789012:theirs"}})
		must(err)
		policies := func() astypes.ScalingPolicy {
			out, err := p.Read.AutoScaling.DescribeScalingPolicies(ctx, &applicationautoscaling.DescribeScalingPoliciesInput{ServiceNamespace: astypes.ServiceNamespaceEcs})
			must(err)
			return out.ScalingPolicies[0]
		}
		sp := policies()
		sp.TargetTrackingScalingPolicyConfiguration.TargetValue = aws.Float64(75)
		_, err = p.Write.AutoScaling.PutScalingPolicy(ctx, &applicationautoscaling.PutScalingPolicyInput{PolicyName: sp.PolicyName, ResourceId: sp.ResourceId,
			ScalableDimension: sp.ScalableDimension, ServiceNamespace: sp.ServiceNamespace, PolicyType: sp.PolicyType,
			TargetTrackingScalingPolicyConfiguration: sp.TargetTrackingScalingPolicyConfiguration})
		must(err)
		service := func() ecstypes.Service {
			out, err := p.Read.ECS.DescribeServices(ctx, &ecs.DescribeServicesInput{Services: []string{"web"}})
			must(err)
			return out.Services[0]
		}
		task := func() *ecstypes.TaskDefinition {
			out, err := p.Read.ECS.DescribeTaskDefinition(ctx, &ecs.DescribeTaskDefinitionInput{TaskDefinition: service().TaskDefinition})
			must(err)
			return out.TaskDefinition
		}
		td := task()
		td.ContainerDefinitions[0].Image = aws.String("nginx:theirs")
		td.ContainerDefinitions[0].Environment = []ecstypes.KeyValuePair{{Name: aws.String("THEIRS"), Value: aws.String("1")}}
		registered, err := p.Write.ECS.RegisterTaskDefinition(ctx, &ecs.RegisterTaskDefinitionInput{Family: td.Family, Cpu: td.Cpu, Memory: td.Memory, NetworkMode: td.NetworkMode,
			RequiresCompatibilities: td.RequiresCompatibilities, ExecutionRoleArn: td.ExecutionRoleArn, ContainerDefinitions: td.ContainerDefinitions})
		must(err)
		deployment := service().DeploymentConfiguration
		deployment.MaximumPercent = aws.Int32(150)
		_, err = p.Write.ECS.UpdateService(ctx, &ecs.UpdateServiceInput{Service: aws.String("web"), TaskDefinition: registered.TaskDefinition.TaskDefinitionArn, DeploymentConfiguration: deployment})
		must(err)
		w.sleep(10 * minute)

		before := w.mark()
		e := w.engine()
		for _, p := range e.Plan(ctx, w.load(e).Units) {
			for _, s := range p.Steps {
				for _, c := range s.Changes {
					t.Errorf("shown: %s.%s %v to %v", s.Section, c.Path, c.Old, c.New)
				}
			}
		}
		w.want(w.wait(w.engine())["web"], status.StateReady, status.Synced, 0)
		for _, write := range w.writes(before) {
			t.Errorf("only ignored paths differ, and %s was written", write)
		}

		// Beside each, the document changes something else.
		for _, edit := range [][2]string{
			{"evaluationPeriods: 1", "evaluationPeriods: 2"},
			{"targetValue: 60", "targetValue: 60\n          scaleInCooldown: 77"},
			{"memory: \"512\"", "memory: \"1024\""},
			{"deploymentCircuitBreaker: {enable: true, rollback: true}", "minimumHealthyPercent: 50\n      deploymentCircuitBreaker: {enable: true, rollback: true}"},
		} {
			if !strings.Contains(doc, edit[0]) {
				t.Fatalf("the document has no %s", edit[0])
			}
			doc = strings.Replace(doc, edit[0], edit[1], 1)
		}
		w.files.put("web.yaml", doc)
		w.want(w.wait(w.engine())["web"], status.StateReady, status.Synced, 0)
		before = w.mark()
		w.want(w.wait(w.engine())["web"], status.StateReady, status.Synced, 0)
		w.quiet(before, "after the edit was applied")

		alarms, err = p.Read.CloudWatch.DescribeAlarms(ctx, &cloudwatch.DescribeAlarmsInput{AlarmNames: []string{"ecs-operator/default/web/errors"}})
		must(err)
		if a := alarms.MetricAlarms[0]; *a.Threshold != 99 || len(a.OKActions) != 1 || *a.EvaluationPeriods != 2 {
			t.Errorf("the alarm: threshold %v, OK actions %v, %d periods; want theirs, theirs, ours", *a.Threshold, a.OKActions, *a.EvaluationPeriods)
		}
		if c := policies().TargetTrackingScalingPolicyConfiguration; *c.TargetValue != 75 || aws.ToInt32(c.ScaleInCooldown) != 77 {
			t.Errorf("the policy: target %v, cooldown %v; want theirs, ours", *c.TargetValue, aws.ToInt32(c.ScaleInCooldown))
		}
		if td := task(); *td.ContainerDefinitions[0].Image != "nginx:theirs" || len(td.ContainerDefinitions[0].Environment) != 1 || *td.Memory != "1024" {
			t.Errorf("the task definition: image %s, environment %d, memory %s; want theirs, theirs, ours", *td.ContainerDefinitions[0].Image,
				len(td.ContainerDefinitions[0].Environment), *td.Memory)
		}
		if d := service().DeploymentConfiguration; *d.MaximumPercent != 150 || *d.MinimumHealthyPercent != 50 {
			t.Errorf("the service: %d/%d percent; want theirs, ours", *d.MaximumPercent, *d.MinimumHealthyPercent)
		}
	})
}
