package sandbox

import (
	"errors"
	"net/http"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	"github.com/aws/aws-sdk-go-v2/service/ecs"
	elb "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2"
	"github.com/aws/smithy-go"
)

// TestQuotas: what goes beyond a bucket is refused as the SDK knows it for a
// throttle, and time gives it back.
func TestQuotas(t *testing.T) {
	now := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	clock := func() time.Time { return now }
	s := New(Options{Now: clock, Fault: Quotas(clock)})
	cfg := aws.Config{Region: Region, HTTPClient: &http.Client{Transport: s.Transport()}, BaseEndpoint: aws.String("http://sandbox.invalid"),
		Retryer: func() aws.Retryer { return aws.NopRetryer{} }, Credentials: credentials.NewStaticCredentialsProvider("sandbox", "sandbox", "")}
	services, alarms, groups := ecs.NewFromConfig(cfg), cloudwatch.NewFromConfig(cfg), elb.NewFromConfig(cfg)
	for _, c := range []struct {
		name        string
		burst, rate int
		call        func() error
	}{
		{"ecs", 100, 20, func() error { _, err := services.ListServices(t.Context(), nil); return err }},
		{"cloudwatch", 9, 9, func() error { _, err := alarms.DescribeAlarms(t.Context(), nil); return err }},
		{"elb", 40, 10, func() error { _, err := groups.DescribeTargetGroups(t.Context(), nil); return err }},
	} {
		let := func() (n int) {
			for ; n < 1000; n++ {
				err := c.call()
				if err == nil {
					continue
				}
				var api smithy.APIError
				if !errors.As(err, &api) || retry.IsErrorThrottles(retry.DefaultThrottles).IsErrorThrottle(err) != aws.TrueTernary {
					t.Fatalf("%s: %v is no throttle to the SDK", c.name, err)
				}
				return n
			}
			return n
		}
		if n := let(); n != c.burst {
			t.Errorf("%s: %d calls at once, want %d", c.name, n, c.burst)
		}
		now = now.Add(time.Second)
		if n := let(); n != c.rate {
			t.Errorf("%s: %d calls after a second, want %d", c.name, n, c.rate)
		}
	}
}

// TestQuotasNameOperations: a misspelt operation would never be held back.
func TestQuotasNameOperations(t *testing.T) {
	known := allOperations()
	for _, q := range quotas {
		for _, op := range q.operations {
			if _, ok := known[op]; !ok {
				t.Errorf("%s: no such operation", op)
			}
		}
	}
}
