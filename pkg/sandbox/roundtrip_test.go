package sandbox

import (
	"encoding/json"
	"io"
	"net/http"
	"net/url"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/applicationautoscaling"
	aastypes "github.com/aws/aws-sdk-go-v2/service/applicationautoscaling/types"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	cwtypes "github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"
	"github.com/aws/aws-sdk-go-v2/service/ecs"
	ecstypes "github.com/aws/aws-sdk-go-v2/service/ecs/types"
	elbv2 "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2"
	elbtypes "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2/types"
)

// busy does a bit of everything: all services, a union, a rollout
// under way, an alarm with data, a scaled service.
func busy(t *testing.T, cfg aws.Config) {
	t.Helper()
	e, c, a, b := ecs.NewFromConfig(cfg), cloudwatch.NewFromConfig(cfg), applicationautoscaling.NewFromConfig(cfg), elbv2.NewFromConfig(cfg)
	ctx := t.Context()
	must := func(_ any, err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	tg := elbGroup(t, b, "busy")
	if _, err := elbForward(t, b, 3, tg); err != nil {
		t.Fatal(err)
	}
	register := func(image string) string {
		out, err := e.RegisterTaskDefinition(ctx, &ecs.RegisterTaskDefinitionInput{
			Family: aws.String("busy"), NetworkMode: ecstypes.NetworkModeAwsvpc, Tags: []ecstypes.Tag{{Key: aws.String("a"), Value: aws.String("")}},
			ContainerDefinitions: []ecstypes.ContainerDefinition{{Name: aws.String("app"), Image: aws.String(image), Memory: aws.Int32(64), Command: []string{},
				PortMappings: []ecstypes.PortMapping{{ContainerPort: aws.Int32(8080), Name: aws.String("http")}}}},
		})
		must(nil, err)
		return *out.TaskDefinition.TaskDefinitionArn
	}
	must(e.CreateService(ctx, &ecs.CreateServiceInput{
		ServiceName: aws.String("busy"), TaskDefinition: aws.String(register("nginx:1")), DesiredCount: aws.Int32(2),
		NetworkConfiguration: &ecstypes.NetworkConfiguration{AwsvpcConfiguration: &ecstypes.AwsVpcConfiguration{Subnets: []string{sandboxSubnetA}}},
		LoadBalancers:        []ecstypes.LoadBalancer{{TargetGroupArn: &tg, ContainerName: aws.String("app"), ContainerPort: aws.Int32(8080)}},
		DeploymentConfiguration: &ecstypes.DeploymentConfiguration{
			DeploymentCircuitBreaker: &ecstypes.DeploymentCircuitBreaker{Enable: true, Rollback: true},
		},
		ClientToken: aws.String("busy-1"),
	}))
	must(a.RegisterScalableTarget(ctx, &applicationautoscaling.RegisterScalableTargetInput{ServiceNamespace: aastypes.ServiceNamespaceEcs, ResourceId: aws.String("service/default/busy"),
		ScalableDimension: aastypes.ScalableDimensionECSServiceDesiredCount, MinCapacity: aws.Int32(1), MaxCapacity: aws.Int32(4)}))
	must(a.PutScalingPolicy(ctx, &applicationautoscaling.PutScalingPolicyInput{ServiceNamespace: aastypes.ServiceNamespaceEcs, ResourceId: aws.String("service/default/busy"),
		ScalableDimension: aastypes.ScalableDimensionECSServiceDesiredCount, PolicyName: aws.String("cpu"), PolicyType: aastypes.PolicyTypeTargetTrackingScaling,
		TargetTrackingScalingPolicyConfiguration: &aastypes.TargetTrackingScalingPolicyConfiguration{TargetValue: aws.Float64(50),
			PredefinedMetricSpecification: &aastypes.PredefinedMetricSpecification{PredefinedMetricType: aastypes.MetricTypeECSServiceAverageCPUUtilization}}}))
	must(c.PutMetricAlarm(ctx, &cloudwatch.PutMetricAlarmInput{AlarmName: aws.String("prom"), EvaluationInterval: aws.Int32(60),
		EvaluationCriteria: &cwtypes.EvaluationCriteriaMemberPromQLCriteria{Value: cwtypes.AlarmPromQLCriteria{Query: aws.String("up == 0")}}}))
	must(c.PutMetricAlarm(ctx, plainAlarm("errors")))
	must(c.PutMetricData(ctx, &cloudwatch.PutMetricDataInput{Namespace: aws.String("app"), MetricData: []cwtypes.MetricDatum{{MetricName: aws.String("Errors"), Value: aws.Float64(7)}}}))
	must(e.UpdateService(ctx, &ecs.UpdateServiceInput{Service: aws.String("busy"), TaskDefinition: aws.String(register("nginx:2"))}))
	must(b.AddTags(ctx, &elbv2.AddTagsInput{ResourceArns: []string{tg}, Tags: []elbtypes.Tag{{Key: aws.String("k"), Value: aws.String("v")}}}))
}

func plainAlarm(name string) *cloudwatch.PutMetricAlarmInput {
	return &cloudwatch.PutMetricAlarmInput{AlarmName: aws.String(name), Namespace: aws.String("app"), MetricName: aws.String("Errors"), Statistic: cwtypes.StatisticSum,
		Period: aws.Int32(60), EvaluationPeriods: aws.Int32(1), Threshold: aws.Float64(5), ComparisonOperator: cwtypes.ComparisonOperatorGreaterThanThreshold}
}

// TestRoundTripBusy writes the whole world at many moments of a busy life and
// reads it back.
func TestRoundTripBusy(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := New(Options{})
		busy(t, awsConfig("http://sandbox.invalid", s.Transport()))
		for range 20 {
			assertRoundTrip(t, s)
			if t.Failed() {
				return
			}
			s.Advance(37 * time.Second)
		}
	})
}

// TestSleepingWorldIsTheSame: a world that sleeps in a file between calls must
// end where one ends that was awake all the time.
func TestSleepingWorldIsTheSame(t *testing.T) {
	describe := func(t *testing.T, s *Sandbox) string {
		e := ecs.NewFromConfig(awsConfig("http://sandbox.invalid", s.Transport()))
		out, err := e.DescribeServices(t.Context(), &ecs.DescribeServicesInput{Services: []string{"busy"}})
		if err != nil || len(out.Services) != 1 {
			t.Fatalf("%+v, %v", out, err)
		}
		raw, err := json.Marshal(out.Services[0])
		if err != nil {
			t.Fatal(err)
		}
		return string(raw)
	}
	var awake, asleep string
	synctest.Test(t, func(t *testing.T) {
		s := New(Options{})
		busy(t, awsConfig("http://sandbox.invalid", s.Transport()))
		for range 10 {
			time.Sleep(time.Minute)
		}
		awake = describe(t, s)
	})
	synctest.Test(t, func(t *testing.T) {
		path := filepath.Join(t.TempDir(), "world.json")
		s, err := Open(path, Options{})
		if err != nil {
			t.Fatal(err)
		}
		busy(t, awsConfig("http://sandbox.invalid", s.Transport()))
		for range 10 {
			if err := s.Close(); err != nil {
				t.Fatal(err)
			}
			time.Sleep(time.Minute)
			if s, err = Open(path, Options{}); err != nil {
				t.Fatal(err)
			}
		}
		asleep = describe(t, s)
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
	})
	if awake != asleep {
		t.Errorf("awake:  %s\nasleep: %s", awake, asleep)
	}
}

// TestCloudWatchProtocols puts, reads and deletes an alarm in each protocol
// that clients of CloudWatch speak; the Go SDK's is CBOR.
func TestCloudWatchProtocols(t *testing.T) {
	t.Run("cbor", func(t *testing.T) {
		bothFronts(t, Options{}, func(t *testing.T, _ *Sandbox, cfg aws.Config) {
			c := cloudwatch.NewFromConfig(cfg)
			if _, err := c.PutMetricAlarm(t.Context(), plainAlarm("a")); err != nil {
				t.Fatal(err)
			}
			out, err := c.DescribeAlarms(t.Context(), &cloudwatch.DescribeAlarmsInput{AlarmNames: []string{"a"}})
			if err != nil || len(out.MetricAlarms) != 1 || *out.MetricAlarms[0].Threshold != 5 || out.MetricAlarms[0].StateUpdatedTimestamp.IsZero() {
				t.Fatalf("%+v, %v", out, err)
			}
			if _, err := c.DeleteAlarms(t.Context(), &cloudwatch.DeleteAlarmsInput{AlarmNames: []string{"a"}}); err != nil {
				t.Fatal(err)
			}
			_, err = c.SetAlarmState(t.Context(), &cloudwatch.SetAlarmStateInput{AlarmName: aws.String("a"), StateValue: cwtypes.StateValueOk, StateReason: aws.String("x")})
			wantCode(t, err, "ResourceNotFound")
		})
	})
	t.Run("large, gzipped", func(t *testing.T) {
		s := New(Options{})
		c := cloudwatch.NewFromConfig(awsConfig("http://sandbox.invalid", s.Transport()))
		data := make([]cwtypes.MetricDatum, 500)
		for i := range data {
			data[i] = cwtypes.MetricDatum{MetricName: aws.String("Errors"), Value: aws.Float64(float64(i))}
		}
		if _, err := c.PutMetricData(t.Context(), &cloudwatch.PutMetricDataInput{Namespace: aws.String("app"), MetricData: data}); err != nil {
			t.Error(err)
		}
	})
	for _, contentType := range []string{"application/x-amz-json-1.0", "application/x-amz-json-1.1"} {
		t.Run(contentType, func(t *testing.T) {
			s := New(Options{})
			call := func(op, body string) string {
				status, header, answer := post(t, s, "/", map[string]string{"Content-Type": contentType, "X-Amz-Target": "GraniteServiceVersion20100801." + op, "Authorization": signed}, body)
				if status != http.StatusOK || header.Get("Content-Type") != contentType {
					t.Fatalf("%s: %d %s %s", op, status, header.Get("Content-Type"), answer)
				}
				return answer
			}
			call("PutMetricAlarm", `{"AlarmName":"a","Namespace":"app","MetricName":"Errors","Statistic":"Sum","Period":60,"EvaluationPeriods":1,"Threshold":5,"ComparisonOperator":"GreaterThanThreshold"}`)
			if answer := call("DescribeAlarms", `{"AlarmNames":["a"]}`); !strings.Contains(answer, `"Threshold":5.0`) {
				t.Error(answer)
			}
		})
	}
	t.Run("query", func(t *testing.T) {
		s := New(Options{})
		call := func(op string, values url.Values) string {
			values.Set("Action", op)
			values.Set("Version", "2010-08-01")
			status, header, answer := post(t, s, "/", map[string]string{"Content-Type": "application/x-www-form-urlencoded; charset=utf-8", "Authorization": signed}, values.Encode())
			if status != http.StatusOK || header.Get("Content-Type") != "text/xml" {
				t.Fatalf("%s: %d %s", op, status, answer)
			}
			return answer
		}
		call("PutMetricAlarm", url.Values{"AlarmName": {"a"}, "Namespace": {"app"}, "MetricName": {"Errors"}, "Statistic": {"Sum"}, "Period": {"60"}, "EvaluationPeriods": {"1"},
			"Threshold": {"5"}, "ComparisonOperator": {"GreaterThanThreshold"}, "Dimensions.member.1.Name": {"x"}, "Dimensions.member.1.Value": {"<&>"}})
		answer := call("DescribeAlarms", url.Values{"AlarmNames.member.1": {"a"}})
		for _, want := range []string{"<DescribeAlarmsResult>", "<MetricAlarms><member>", "<Threshold>5.0</Threshold>", "<Value>&lt;&amp;&gt;</Value>", "<RequestId>"} {
			if !strings.Contains(answer, want) {
				t.Errorf("no %s in %s", want, answer)
			}
		}
	})
}

// TestOwnPages reads the pages that are not AWS'.
func TestOwnPages(t *testing.T) {
	s := New(Options{})
	l, err := s.Listen("localhost:0")
	if err != nil {
		t.Fatal(err)
	}
	rt := &http.Transport{}
	defer func() {
		rt.CloseIdleConnections()
		if err := l.Close(); err != nil {
			t.Error(err)
		}
	}()
	get := func(path string) string {
		resp, err := (&http.Client{Transport: rt}).Get(l.URL + path)
		if err != nil {
			t.Fatal(err)
		}
		defer resp.Body.Close()
		raw, err := io.ReadAll(resp.Body)
		if err != nil {
			t.Fatal(err)
		}
		return strings.TrimSpace(string(raw))
	}
	if got := get("/_sandbox/journal"); got != "[]" {
		t.Errorf("journal of a fresh sandbox: %s", got)
	}
	elbGroup(t, elbv2.NewFromConfig(awsConfig(l.URL, rt)), "web")
	var entries []Entry
	if err := json.Unmarshal([]byte(get("/_sandbox/journal")), &entries); err != nil || len(entries) != 1 || entries[0].Operation != "CreateTargetGroup" || !entries[0].Write || entries[0].Subject != "web" {
		t.Errorf("%+v, %v", entries, err)
	}
	if got := get("/_sandbox/health"); !strings.Contains(got, Account) {
		t.Errorf("health: %s", got)
	}
}
