package sandbox

import (
	"context"
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
	"github.com/aws/aws-sdk-go-v2/service/ecs"
	elbv2 "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2"
)

// AWS refuses what was signed more than 5 minutes from its own time and says what
// time it has: the unmodified SDK learns from that, and its next attempt is right.
func TestSignatureOfAnotherTime(t *testing.T) {
	for _, off := range []time.Duration{-24 * time.Hour, -6 * time.Minute, 6 * time.Minute, 24 * time.Hour} {
		t.Run(off.String(), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := New(Options{Door: func() time.Time { return time.Now().Add(off) }})
				cfg := awsConfig("http://sandbox.invalid", s.Transport())
				_, err := ecs.NewFromConfig(cfg).ListClusters(t.Context(), &ecs.ListClustersInput{})
				wantCode(t, err, "InvalidSignatureException")
				_, err = elbv2.NewFromConfig(cfg).DescribeTargetGroups(t.Context(), &elbv2.DescribeTargetGroupsInput{})
				wantCode(t, err, "SignatureDoesNotMatch")

				cfg.Retryer = func() aws.Retryer { return retry.NewStandard() }
				if _, err = ecs.NewFromConfig(cfg).ListClusters(t.Context(), &ecs.ListClustersInput{}); err != nil {
					t.Errorf("the SDK does not learn AWS' time: %v", err)
				}
			})
		})
	}
	bothFronts(t, Options{}, func(t *testing.T, s *Sandbox, cfg aws.Config) {
		cfg.HTTPClient = &http.Client{Transport: dateless{cfg.HTTPClient.(*http.Client).Transport, t}}
		if _, err := ecs.NewFromConfig(cfg).ListClusters(t.Context(), &ecs.ListClustersInput{}); err != nil {
			t.Errorf("in time: %v", err)
		}
	})
}

// dateless fails a test whose answers do not say what time it is.
type dateless struct {
	next http.RoundTripper
	t    *testing.T
}

func (d dateless) RoundTrip(r *http.Request) (*http.Response, error) {
	resp, err := d.next.RoundTrip(r)
	if err == nil && resp.Header.Get("Date") == "" {
		d.t.Error("an answer without a date")
	}
	return resp, err
}

// A page may be smaller than was asked for.
func TestSmallPages(t *testing.T) {
	s := New(Options{Fault: func(_ context.Context, c Call) *Fault { return &Fault{PageSize: 1} }})
	client := ecs.NewFromConfig(awsConfig("http://sandbox.invalid", s.Transport()))
	if _, err := client.CreateCluster(t.Context(), &ecs.CreateClusterInput{ClusterName: aws.String("other")}); err != nil {
		t.Fatal(err)
	}
	n := 0
	for p := ecs.NewListClustersPaginator(client, &ecs.ListClustersInput{}); p.HasMorePages(); n++ {
		out, err := p.NextPage(t.Context())
		if err != nil || len(out.ClusterArns) != 1 {
			t.Fatalf("%v, %v", out, err)
		}
	}
	if n < 2 {
		t.Errorf("%d pages", n)
	}
}
