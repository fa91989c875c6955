package sandbox

import (
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/applicationautoscaling"
	aastypes "github.com/aws/aws-sdk-go-v2/service/applicationautoscaling/types"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	"github.com/aws/aws-sdk-go-v2/service/ecs"
	ecstypes "github.com/aws/aws-sdk-go-v2/service/ecs/types"
	elb "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2"
	"github.com/aws/aws-sdk-go-v2/service/sts"
)

func allow(t *testing.T, s *Sandbox, statements string) {
	t.Helper()
	if err := s.Authorise(testKey, []byte(`{"Version":"2012-10-17","Statement":[`+statements+`]}`)); err != nil {
		t.Fatal(err)
	}
}

// testKey signs what the clients of these tests call.
const testKey = "AKIASANDBOX"

// TestRefusalsOnTheWire: a refusal has the code, and the words, of each protocol.
func TestRefusalsOnTheWire(t *testing.T) {
	bothFronts(t, Options{}, func(t *testing.T, s *Sandbox, cfg aws.Config) {
		allow(t, s, `{"Effect":"Allow","Action":"ecs:ListClusters","Resource":"*"},{"Effect":"Deny","Action":"ecs:DeleteCluster","Resource":"*"}`)
		words := func(err error, code, part string) {
			t.Helper()
			wantCode(t, err, code)
			if err == nil || !strings.Contains(err.Error(), part) {
				t.Errorf("%v, want %q in it", err, part)
			}
		}
		e := ecs.NewFromConfig(cfg)
		if _, err := e.ListClusters(t.Context(), nil); err != nil {
			t.Error(err)
		}
		if _, err := sts.NewFromConfig(cfg).GetCallerIdentity(t.Context(), nil); err != nil {
			t.Errorf("GetCallerIdentity needs no permission: %v", err)
		}
		_, err := e.UpdateService(t.Context(), &ecs.UpdateServiceInput{Service: aws.String("web")})
		words(err, "AccessDeniedException", "User: arn:aws:iam::123456789012:user/sandbox is not authorized to perform: ecs:UpdateService on resource: "+
			"arn:aws:ecs:us-east-1:123456789012:service/default/web because no identity-based policy allows the ecs:UpdateService action")
		_, err = e.DeleteCluster(t.Context(), &ecs.DeleteClusterInput{Cluster: aws.String("default")})
		words(err, "AccessDeniedException", "with an explicit deny in an identity-based policy")
		_, err = elb.NewFromConfig(cfg).DescribeTargetGroups(t.Context(), nil)
		words(err, "AccessDenied", "elasticloadbalancing:DescribeTargetGroups on resource: *")
		_, err = cloudwatch.NewFromConfig(cfg).DeleteAlarms(t.Context(), &cloudwatch.DeleteAlarmsInput{AlarmNames: []string{"a"}})
		words(err, "AccessDeniedException", "cloudwatch:DeleteAlarms on resource: arn:aws:cloudwatch:us-east-1:123456789012:alarm:a")
		_, err = applicationautoscaling.NewFromConfig(cfg).DescribeScalableTargets(t.Context(), &applicationautoscaling.DescribeScalableTargetsInput{ServiceNamespace: aastypes.ServiceNamespaceEcs})
		words(err, "AccessDeniedException", "application-autoscaling:DescribeScalableTargets")
		_, err = cloudwatch.NewFromConfig(cfg).DeleteAlarms(t.Context(), &cloudwatch.DeleteAlarmsInput{AlarmNames: []string{}})
		words(err, "AccessDeniedException", "cloudwatch:DeleteAlarms on resource: *") // who names nothing has no permission either
		if n := len(s.Refusals()); n != 6 {
			t.Errorf("%d refusals are remembered: %q", n, s.Refusals())
		}
		if i := slices.IndexFunc(s.Journal(), func(e Entry) bool { return e.Operation == "UpdateService" && e.Error == "AccessDeniedException" }); i < 0 {
			t.Error("the journal does not have the refusal")
		}
		if err := s.Authorise(testKey, nil); err != nil {
			t.Fatal(err)
		}
		_, err = e.UpdateService(t.Context(), &ecs.UpdateServiceInput{Service: aws.String("web")})
		wantCode(t, err, "ServiceNotFoundException")
	})
}

// TestConditionsOnTheWire: tags, clusters and passed roles are compared.
func TestConditionsOnTheWire(t *testing.T) {
	bothFronts(t, Options{}, func(t *testing.T, s *Sandbox, cfg aws.Config) {
		e := ecs.NewFromConfig(cfg)
		register := func(family, role string, tags ...ecstypes.Tag) error {
			_, err := e.RegisterTaskDefinition(t.Context(), &ecs.RegisterTaskDefinitionInput{Family: &family, TaskRoleArn: &role, Tags: tags,
				ContainerDefinitions: []ecstypes.ContainerDefinition{{Name: aws.String("a"), Image: aws.String("nginx:1"), Memory: aws.Int32(64)}}})
			return err
		}
		create := func(name string, tags ...ecstypes.Tag) error {
			_, err := e.CreateService(t.Context(), &ecs.CreateServiceInput{ServiceName: &name, TaskDefinition: aws.String("mine"), DesiredCount: aws.Int32(1), Tags: tags})
			return err
		}
		tag := func(v string) ecstypes.Tag { return ecstypes.Tag{Key: aws.String("owner"), Value: &v} }
		const role = "arn:aws:iam::123456789012:role/task"
		allow(t, s, `{"Effect":"Allow","Action":["ecs:RegisterTaskDefinition","ecs:CreateService"],"Resource":"*","Condition":{"StringEquals":{"aws:RequestTag/owner":"me"}}},
			{"Effect":"Allow","Action":"ecs:TagResource","Resource":"*","Condition":{"StringEquals":{"ecs:CreateAction":["RegisterTaskDefinition","CreateService"]}}},
			{"Effect":"Allow","Action":["ecs:UpdateService"],"Resource":"*","Condition":{"StringEquals":{"aws:ResourceTag/owner":"me"},"ArnEquals":{"ecs:cluster":"arn:aws:ecs:*:*:cluster/default"}}},
			{"Effect":"Allow","Action":"iam:PassRole","Resource":"`+role+`","Condition":{"StringEquals":{"iam:PassedToService":"ecs-tasks.amazonaws.com"}}}`)
		wantCode(t, register("mine", role), "AccessDeniedException")                // no tag
		wantCode(t, register("mine", role+"2", tag("me")), "AccessDeniedException") // another role
		if err := register("mine", role, tag("me")); err != nil {
			t.Error(err)
		}
		wantCode(t, create("a"), "AccessDeniedException")
		wantCode(t, create("a", tag("you")), "AccessDeniedException")
		if err := create("a", tag("me")); err != nil {
			t.Error(err)
		}
		update := func(name string) error {
			_, err := e.UpdateService(t.Context(), &ecs.UpdateServiceInput{Service: &name, DesiredCount: aws.Int32(2)})
			return err
		}
		if err := update("a"); err != nil {
			t.Error(err)
		}
		wantCode(t, update("b"), "AccessDeniedException") // AWS says no before it says that there is none
		_, err := e.TagResource(t.Context(), &ecs.TagResourceInput{ResourceArn: aws.String(serviceARN("default", "a")), Tags: []ecstypes.Tag{tag("you")}})
		wantCode(t, err, "AccessDeniedException") // it is no creation
	})
}

// TestTrust: a role is not assumed without its external id, nor with another.
func TestTrust(t *testing.T) {
	bothFronts(t, Options{}, func(t *testing.T, s *Sandbox, cfg aws.Config) {
		c := sts.NewFromConfig(cfg)
		assume := func(role string, id *string) error {
			_, err := c.AssumeRole(t.Context(), &sts.AssumeRoleInput{RoleArn: aws.String("arn:aws:iam::210987654321:role/" + role), RoleSessionName: aws.String("ops"), ExternalId: id})
			return err
		}
		if err := assume("ops-external", aws.String(ExternalID)); err != nil {
			t.Error(err)
		}
		for _, err := range []error{assume("ops-external", nil), assume("ops-external", aws.String("guessed")), assume("untrusted", aws.String(ExternalID))} {
			wantCode(t, err, "AccessDenied")
		}
	})
}
