package awsclient

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"

	"github.com/ecs-operator/ecs-operator/pkg/resource"
)

// EC2's own dialect: how it is asked, and what its errors mean.
func TestEC2(t *testing.T) {
	var got []string
	answer, status := "", http.StatusOK
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if err := r.ParseForm(); err != nil {
			t.Error(err)
		}
		if !strings.Contains(r.URL.Path, "sts") && r.Form.Get("Action") != "GetCallerIdentity" {
			got = append(got, r.Form.Get("Action")+" "+r.Form.Get("Version")+" "+r.Form.Get("Filter.1.Name"))
			if !strings.Contains(r.Header.Get("Authorization"), "/us-east-1/ec2/aws4_request") {
				t.Errorf("signed for %q", r.Header.Get("Authorization"))
			}
			w.WriteHeader(status)
			_, _ = w.Write([]byte(answer))
			return
		}
		_, _ = w.Write([]byte(`<GetCallerIdentityResponse><GetCallerIdentityResult><Account>1</Account><Arn>a</Arn></GetCallerIdentityResult></GetCallerIdentityResponse>`))
	}))
	defer s.Close()
	var calls []Call
	p, err := New(t.Context(), Options{Targets: map[string]Target{"default": {Region: "us-east-1"}}, Static: true, Endpoint: s.URL, HTTPClient: s.Client(), Unlimited: true,
		OnCall: func(c Call) { calls = append(calls, c) }})
	if err != nil {
		t.Fatal(err)
	}
	c, err := p.For(t.Context(), "default")
	if err != nil {
		t.Fatal(err)
	}
	var out struct {
		IDs []string `xml:"subnetSet>item>subnetId"`
	}
	ask := func(operation string) error {
		out.IDs, got, calls = nil, nil, nil
		return c.Read.EC2.Query(t.Context(), operation, map[string][]string{"Filter.1.Name": {"subnet-id"}}, &out)
	}

	answer = `<DescribeSubnetsResponse><requestId>r</requestId><subnetSet><item><subnetId>a</subnetId></item><item><subnetId>b</subnetId></item></subnetSet></DescribeSubnetsResponse>`
	if err := ask("DescribeSubnets"); err != nil || strings.Join(out.IDs, " ") != "a b" || strings.Join(got, ",") != "DescribeSubnets 2016-11-15 subnet-id" {
		t.Errorf("%v, %v, asked %q", err, out.IDs, got)
	}
	if len(calls) != 1 || calls[0].Service != "ec2" || calls[0].Operation != "DescribeSubnets" || calls[0].Write {
		t.Errorf("told of %+v", calls)
	}
	for _, tc := range []struct {
		status int
		answer string
		code   string
		class  resource.Class
		tries  int
	}{
		{403, `<Response><Errors><Error><Code>UnauthorizedOperation</Code><Message>no</Message></Error></Errors><RequestID>r-1</RequestID></Response>`, "UnauthorizedOperation", resource.ClassDenied, 1},
		{400, `<Response><Errors><Error><Code>InvalidParameterValue</Code><Message>no</Message></Error></Errors><RequestID>r-1</RequestID></Response>`, "InvalidParameterValue", resource.ClassInvalid, 1},
		{503, `<Response><Errors><Error><Code>RequestLimitExceeded</Code><Message>slow</Message></Error></Errors><RequestID>r-1</RequestID></Response>`, "RequestLimitExceeded", resource.ClassThrottled, 2},
		{500, `<html>`, "", resource.ClassTransient, 2},
	} {
		answer, status = tc.answer, tc.status
		err := ask("DescribeSubnets")
		var e *resource.Error
		if !errors.As(err, &e) || e.Class != tc.class || e.Code != tc.code || e.Operation != "ec2:DescribeSubnets" || len(got) != tc.tries {
			t.Errorf("%d: %v (%+v), %d tries, want %s %v, %d", tc.status, err, e, len(got), tc.code, tc.class, tc.tries)
		}
	}
	if err := ask("RunInstances"); !errors.Is(err, ErrGuarded) || len(got) > 0 {
		t.Errorf("a write went out: %v, %q", err, got)
	}
}

func TestEC2Endpoint(t *testing.T) {
	for region, want := range map[string]string{
		"eu-west-1": "https://ec2.eu-west-1.amazonaws.com", "cn-north-1": "https://ec2.cn-north-1.amazonaws.com.cn",
		"us-gov-west-1": "https://ec2.us-gov-west-1.amazonaws.com", "us-iso-east-1": "https://ec2.us-iso-east-1.c2s.ic.gov",
		"us-isob-east-1": "https://ec2.us-isob-east-1.sc2s.sgov.gov", "evil.example.com/": "", "": "",
	} {
		got, err := (&EC2{cfg: aws.Config{Region: region}}).endpoint()
		if got != want || (err != nil) != (want == "") {
			t.Errorf("%q: %q, %v; want %q", region, got, err, want)
		}
	}
	t.Setenv("AWS_ENDPOINT_URL", "http://all")
	t.Setenv("AWS_ENDPOINT_URL_EC2", "http://ec2")
	if got, _ := (&EC2{cfg: aws.Config{Region: "eu-west-1", BaseEndpoint: aws.String("http://all")}}).endpoint(); got != "http://ec2" {
		t.Errorf("the variable of the service comes first: %q", got)
	}
}
