package sandbox

import (
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ecs"
	"github.com/aws/aws-sdk-go-v2/service/ecs/types"
)

// A service under CODE_DEPLOY shows a task set and no deployments, takes of
// UpdateService what AWS lets it take, and moves to ECS with its tasks.
func TestCodeDeployService(t *testing.T) {
	b := newECSBench(t)
	b.register("app", "web:1")
	b.register("app", "web:2")
	b.create("app", "app:1", func(in *ecs.CreateServiceInput) {
		in.DeploymentController = &types.DeploymentController{Type: types.DeploymentControllerTypeCodeDeploy}
	})
	b.pass(600)
	s := b.service("app")
	if len(s.Deployments) != 0 || s.CurrentServiceDeployment != nil || len(s.TaskSets) != 1 {
		t.Fatalf("%d deployments, %d task sets", len(s.Deployments), len(s.TaskSets))
	}
	set := s.TaskSets[0]
	if *set.Status != "PRIMARY" || set.StabilityStatus != types.StabilityStatusSteadyState || !strings.HasSuffix(*set.TaskDefinition, "app:1") || set.RunningCount != s.DesiredCount {
		t.Errorf("the task set: %+v", set)
	}
	refused := func(in *ecs.UpdateServiceInput, words string) {
		t.Helper()
		in.Service = aws.String("app")
		if _, err := b.ecs.UpdateService(t.Context(), in); err == nil || !strings.Contains(err.Error(), words) {
			t.Errorf("UpdateService: %v, want %q", err, words)
		}
	}
	refused(&ecs.UpdateServiceInput{TaskDefinition: aws.String("app:2")},
		"Unable to update task definition on services with a CODE_DEPLOY deployment controller. Use AWS CodeDeploy to trigger a new deployment.")
	refused(&ecs.UpdateServiceInput{ForceNewDeployment: true}, "Use AWS CodeDeploy to trigger a new deployment.")
	if out, err := b.ecs.ListServiceDeployments(t.Context(), &ecs.ListServiceDeploymentsInput{Service: aws.String("app")}); err != nil || len(out.ServiceDeployments) != 0 {
		t.Errorf("its deployments: %v, %v", out, err)
	}
	if _, err := b.ecs.UpdateService(t.Context(), &ecs.UpdateServiceInput{Service: aws.String("app"), DesiredCount: aws.Int32(3)}); err != nil {
		t.Fatal(err)
	}
	b.pass(600)
	if s = b.service("app"); s.RunningCount != 3 || s.TaskSets[0].ComputedDesiredCount != 3 {
		t.Errorf("%d tasks of %d", s.RunningCount, s.TaskSets[0].ComputedDesiredCount)
	}
	if _, err := b.ecs.UpdateService(t.Context(), &ecs.UpdateServiceInput{Service: aws.String("app"), DeploymentController: &types.DeploymentController{Type: types.DeploymentControllerTypeEcs}}); err != nil {
		t.Fatal(err)
	}
	if s = b.service("app"); len(s.TaskSets) != 0 || len(s.Deployments) != 1 || s.RunningCount != 3 || s.DeploymentController.Type != types.DeploymentControllerTypeEcs {
		t.Errorf("moved: %d task sets, %d deployments, %d tasks", len(s.TaskSets), len(s.Deployments), s.RunningCount)
	}
	refused(&ecs.UpdateServiceInput{DeploymentController: &types.DeploymentController{Type: types.DeploymentControllerTypeExternal}}, "The sandbox does not move services")
}

// An EXTERNAL service without a primary task set does not move.
func TestExternalService(t *testing.T) {
	b := newECSBench(t)
	b.register("app", "web:1")
	external := &types.DeploymentController{Type: types.DeploymentControllerTypeExternal}
	if _, err := b.ecs.CreateService(t.Context(), &ecs.CreateServiceInput{ServiceName: aws.String("app"), DeploymentController: external, DesiredCount: aws.Int32(1)}); err != nil {
		t.Fatal(err)
	}
	move := func() error {
		_, err := b.ecs.UpdateService(t.Context(), &ecs.UpdateServiceInput{Service: aws.String("app"), DeploymentController: &types.DeploymentController{Type: types.DeploymentControllerTypeEcs}})
		return err
	}
	if err := move(); err == nil || !strings.Contains(err.Error(), "requires a primary taskset") {
		t.Errorf("without a task set: %v", err)
	}
	made, err := b.ecs.CreateTaskSet(t.Context(), &ecs.CreateTaskSetInput{Cluster: aws.String("default"), Service: aws.String("app"), TaskDefinition: aws.String("app:1")})
	if err != nil {
		t.Fatal(err)
	}
	if err := move(); err == nil || !strings.Contains(err.Error(), "requires a primary taskset") {
		t.Errorf("without a primary one: %v", err)
	}
	if s := b.service("app"); s.TaskDefinition != nil || len(s.TaskSets) != 1 || *s.TaskSets[0].Status != "ACTIVE" {
		t.Errorf("before it has a primary one: %+v", s.TaskSets)
	}
	if _, err := b.ecs.UpdateServicePrimaryTaskSet(t.Context(), &ecs.UpdateServicePrimaryTaskSetInput{Cluster: aws.String("default"), Service: aws.String("app"), PrimaryTaskSet: made.TaskSet.TaskSetArn}); err != nil {
		t.Fatal(err)
	}
	if err := move(); err != nil {
		t.Error(err)
	}
}

// A service that was made before the account took long ARNs has a short one, and no tags.
func TestShortServiceARN(t *testing.T) {
	b := newECSBench(t)
	b.register("app", "web:1")
	if _, err := b.ecs.PutAccountSetting(t.Context(), &ecs.PutAccountSettingInput{Name: types.SettingNameServiceLongArnFormat, Value: aws.String("disabled")}); err != nil {
		t.Fatal(err)
	}
	s := b.create("app", "app:1")
	for arn, words := range map[string]string{
		*s.ServiceArn:                "Long arn format must be used for tagging operations",
		serviceARN("default", "app"): "The specified service does not have the longArn format.",
	} {
		_, err := b.ecs.TagResource(t.Context(), &ecs.TagResourceInput{ResourceArn: &arn, Tags: []types.Tag{{Key: aws.String("a"), Value: aws.String("b")}}})
		if err == nil || !strings.Contains(err.Error(), words) {
			t.Errorf("TagResource %s: %v, want %q", arn, err, words)
		}
	}
}
