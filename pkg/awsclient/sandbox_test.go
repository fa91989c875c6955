package awsclient_test

import (
	"errors"
	"fmt"
	"net/http"
	"testing"
	"testing/synctest"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/applicationautoscaling"
	aastypes "github.com/aws/aws-sdk-go-v2/service/applicationautoscaling/types"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	cwtypes "github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"
	"github.com/aws/aws-sdk-go-v2/service/ecs"
	"github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2"
	"github.com/aws/aws-sdk-go-v2/service/resourcegroupstaggingapi"

	"github.com/ecs-operator/ecs-operator/pkg/awsclient"
	"github.com/ecs-operator/ecs-operator/pkg/resource"
	"github.com/ecs-operator/ecs-operator/pkg/sandbox"
)

func over(t *testing.T, s *sandbox.Sandbox, protocol string) *awsclient.Pool {
	t.Helper()
	p, err := awsclient.New(t.Context(), awsclient.Options{
		Targets: map[string]awsclient.Target{"default": {Region: sandbox.Region, Account: sandbox.Account}},
		Static:  true, Endpoint: "http://sandbox.invalid", HTTPClient: &http.Client{Transport: s.Transport()},
		CloudWatchProtocol: protocol,
	})
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// Every service answers, CloudWatch in each of its three protocols, and errors
// come back with their class.
func TestOverTheSandbox(t *testing.T) {
	for _, protocol := range []string{"cbor", "json", "query"} {
		t.Run(protocol, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := sandbox.New(sandbox.Options{})
				c, err := over(t, s, protocol).For(t.Context(), "default")
				if err != nil {
					t.Fatal(err)
				}
				if c.Account != sandbox.Account || c.Caller == "" {
					t.Errorf("caller: %+v", c)
				}
				want := func(err error, operation, code string, class resource.Class) {
					t.Helper()
					var e *resource.Error
					if !errors.As(err, &e) || e.Operation != operation || e.Code != code || e.Class != class || e.RequestID == "" {
						t.Errorf("got %#v (%v), want %s %s %v", e, err, operation, code, class)
					}
				}
				_, err = c.Read.ECS.DescribeServices(t.Context(), &ecs.DescribeServicesInput{Cluster: aws.String("nowhere"), Services: []string{"x"}})
				want(err, "ecs:DescribeServices", "ClusterNotFoundException", resource.ClassNotFound)
				_, err = c.Read.ELB.DescribeTargetGroups(t.Context(), &elasticloadbalancingv2.DescribeTargetGroupsInput{Names: []string{"nobody"}})
				want(err, "elasticloadbalancing:DescribeTargetGroups", "TargetGroupNotFound", resource.ClassNotFound)
				_, err = c.Write.CloudWatch.SetAlarmState(t.Context(), &cloudwatch.SetAlarmStateInput{AlarmName: aws.String("nobody"),
					StateReason: aws.String("x"), StateValue: cwtypes.StateValueOk})
				want(err, "cloudwatch:SetAlarmState", "ResourceNotFound", resource.ClassNotFound)
				_, err = c.Write.AutoScaling.RegisterScalableTarget(t.Context(), &applicationautoscaling.RegisterScalableTargetInput{
					ServiceNamespace: aastypes.ServiceNamespaceEcs, ScalableDimension: aastypes.ScalableDimensionECSServiceDesiredCount,
					ResourceId: aws.String("service/default/nobody"), MinCapacity: aws.Int32(1), MaxCapacity: aws.Int32(1)})
				want(err, "application-autoscaling:RegisterScalableTarget", "ValidationException", resource.ClassTransient)
				_, err = c.Write.CloudWatch.PutMetricAlarm(t.Context(), &cloudwatch.PutMetricAlarmInput{AlarmName: aws.String("a"),
					Tags: []cwtypes.Tag{{Key: aws.String("k"), Value: aws.String("v")}}, MetricName: aws.String("M"), Namespace: aws.String("N"),
					Statistic: cwtypes.StatisticSum, Period: aws.Int32(60), EvaluationPeriods: aws.Int32(1), Threshold: aws.Float64(1),
					ComparisonOperator: cwtypes.ComparisonOperatorGreaterThanThreshold})
				if err != nil {
					t.Fatal(err)
				}
				found, err := c.Read.Tagging.GetResources(t.Context(), &resourcegroupstaggingapi.GetResourcesInput{})
				if err != nil || len(found.ResourceTagMappingList) == 0 {
					t.Errorf("tagged resources: %+v, %v", found, err)
				}
			})
		})
	}
}

// A planning pass cannot write, whatever it tries: the journal is the witness.
func TestReadOnlyLeavesNoTrace(t *testing.T) {
	s := sandbox.New(sandbox.Options{})
	c, err := over(t, s, "").ReadOnly().For(t.Context(), "default")
	if err != nil {
		t.Fatal(err)
	}
	for i, api := range []awsclient.API{c.Read, c.Write} {
		_, errs := api.ECS.CreateCluster(t.Context(), &ecs.CreateClusterInput{ClusterName: aws.String(fmt.Sprint("c", i))})
		_, errs2 := api.CloudWatch.DeleteAlarms(t.Context(), &cloudwatch.DeleteAlarmsInput{AlarmNames: []string{"a"}})
		if !errors.Is(errs, awsclient.ErrGuarded) || !errors.Is(errs2, awsclient.ErrGuarded) {
			t.Errorf("%v, %v", errs, errs2)
		}
		if _, err := api.ECS.ListClusters(t.Context(), nil); err != nil {
			t.Error(err)
		}
	}
	if w := s.Writes(); len(w) != 0 {
		t.Errorf("writes: %+v", w)
	}
}

// TestAssumedOnTheSandbox: a target's role is assumed with its external id for an
// hour, under a name that carries the version; with another id the target is refused.
func TestAssumedOnTheSandbox(t *testing.T) {
	t.Setenv("AWS_ACCESS_KEY_ID", "AKIATEST")
	t.Setenv("AWS_SECRET_ACCESS_KEY", "test")
	t.Setenv("AWS_CONFIG_FILE", "/dev/null")
	t.Setenv("AWS_CA_BUNDLE", "")
	t.Setenv("AWS_SHARED_CREDENTIALS_FILE", "/dev/null")
	s := sandbox.New(sandbox.Options{})
	const role = "arn:aws:iam::210987654321:role/ops-external"
	target := func(id string) awsclient.Target {
		return awsclient.Target{Region: sandbox.Region, Account: "210987654321", RoleARN: role, ExternalID: id}
	}
	pool, err := awsclient.New(t.Context(), awsclient.Options{
		Targets:  map[string]awsclient.Target{"default": {Region: sandbox.Region}, "prod": target(sandbox.ExternalID), "forgotten": target(""), "wrong": target("guess")},
		Endpoint: "http://sandbox.invalid", HTTPClient: &http.Client{Transport: s.Transport()}, UserAgent: "ecs-operator/1.2.3",
	})
	if err != nil {
		t.Fatal(err)
	}
	c, err := pool.For(t.Context(), "prod")
	if err != nil {
		t.Fatal(err)
	}
	if want := "arn:aws:sts::210987654321:assumed-role/ops-external/ecs-operator-1.2.3"; c.Caller != want {
		t.Errorf("the caller is %s, want %s", c.Caller, want)
	}
	for _, name := range []string{"forgotten", "wrong"} {
		_, err := pool.For(t.Context(), name)
		if want := `target "` + name + `": cannot assume ` + role + `: sts:AssumeRole: AccessDenied: User: arn:aws:iam::123456789012:user/sandbox is not authorized to perform: sts:AssumeRole on resource: ` + role; err == nil || err.Error() != want {
			t.Errorf("got  %v\nwant %s", err, want)
		}
	}
	// What the role may is its own policy's: here nothing.
	if err := s.Authorise(role, []byte(`{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"ecs:ListClusters","Resource":"*"}}`)); err != nil {
		t.Fatal(err)
	}
	if _, err := c.Read.ECS.ListClusters(t.Context(), nil); err != nil {
		t.Error(err)
	}
	if _, err := c.Read.ECS.ListServices(t.Context(), nil); resource.ClassOf(err) != resource.ClassDenied {
		t.Errorf("the role's policy does not hold: %v", err)
	}
	for _, e := range s.Journal() {
		if e.Operation == "AssumeRole" && e.Write {
			t.Error("assuming a role is no write")
		}
	}
}
