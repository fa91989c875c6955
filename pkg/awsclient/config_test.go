package awsclient

import (
	"errors"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"

	"github.com/ecs-operator/ecs-operator/pkg/resource"
)

// bareEnvironment is a machine that nobody has set up for AWS.
func bareEnvironment(t *testing.T) {
	t.Helper()
	for _, e := range os.Environ() {
		if name, _, _ := strings.Cut(e, "="); strings.HasPrefix(name, "AWS_") {
			t.Setenv(name, "")
			os.Unsetenv(name)
		}
	}
	t.Setenv("AWS_EC2_METADATA_DISABLED", "true")
	t.Setenv("AWS_CONFIG_FILE", filepath.Join(t.TempDir(), "config"))
	t.Setenv("AWS_SHARED_CREDENTIALS_FILE", filepath.Join(t.TempDir(), "credentials"))
}

func failure(t *testing.T, o Options, name string) string {
	t.Helper()
	p, err := New(t.Context(), o)
	if err == nil {
		_, err = p.For(t.Context(), name)
	}
	if err == nil {
		t.Fatal("no error")
	}
	return err.Error()
}

func TestWhyATargetCannotBeUsed(t *testing.T) {
	bareEnvironment(t)
	keys := func(t *testing.T) {
		t.Setenv("AWS_ACCESS_KEY_ID", "AKIATEST")
		t.Setenv("AWS_SECRET_ACCESS_KEY", "test")
	}
	sts := &http.Client{Transport: &wire{answer: ok}}
	for _, tc := range []struct {
		name   string
		set    func(*testing.T)
		target Target
		want   string
	}{
		{"no region", nil, Target{}, `target "default": no AWS region: pass --region, set AWS_REGION, or set region in the AWS profile`},
		{"no credentials", nil, Target{Region: "us-east-1"}, `target "default": no AWS credentials: set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, ` +
			"or choose a profile with AWS_PROFILE (after `aws configure` or `aws sso login`), or run with a role (ECS task role, EC2 instance profile, web identity): the SDK says: "},
		{"another account", keys, Target{Region: "us-east-1", Account: "210987654321"},
			`target "default": the credentials belong to account 123456789012 (arn:aws:iam::123456789012:user/u), but the target says account 210987654321`},
		{"no such profile", nil, Target{Profile: "nobody"}, `target "default": there is no AWS profile "nobody" in `},
	} {
		t.Run(tc.name, func(t *testing.T) {
			if tc.set != nil {
				tc.set(t)
			}
			got := failure(t, Options{Targets: map[string]Target{"default": tc.target}, HTTPClient: sts}, "default")
			if exact := !strings.HasSuffix(tc.want, " "); exact && got != tc.want || !strings.HasPrefix(got, tc.want) {
				t.Errorf("got  %s\nwant %s", got, tc.want)
			}
		})
	}
	got := failure(t, Options{Targets: map[string]Target{"prod": {}, "dev": {}}}, "default")
	if got != `target "default" is not configured (there is: dev, prod)` {
		t.Error(got)
	}
	for _, o := range []Options{{Static: true}, {CloudWatchProtocol: "xml"}, {ReadBudget: 1.5}, {WriteBudget: -1}, {QuotaFactor: 0.5}} {
		if _, err := New(t.Context(), o); err == nil {
			t.Errorf("%+v is accepted", o)
		}
	}
}

func TestNoCredentialsIsDenied(t *testing.T) {
	bareEnvironment(t)
	synctest.Test(t, noCredentialsIsDenied)
}

func noCredentialsIsDenied(t *testing.T) {
	p, err := New(t.Context(), Options{Targets: map[string]Target{"default": {Region: "us-east-1"}}})
	if err != nil {
		t.Fatal(err)
	}
	if _, err = p.For(t.Context(), "default"); resource.ClassOf(err) != resource.ClassDenied {
		t.Errorf("%v: %v", resource.ClassOf(err), err)
	}
	time.Sleep(failureAge)
	t.Setenv("AWS_ACCESS_KEY_ID", "AKIATEST") // a failure is not remembered for long
	t.Setenv("AWS_SECRET_ACCESS_KEY", "test")
	p.core.opts.HTTPClient = &http.Client{Transport: &wire{answer: ok}}
	if _, err = p.For(t.Context(), "default"); err != nil {
		t.Error(err)
	}
}

func TestAssumedRole(t *testing.T) {
	bareEnvironment(t)
	t.Setenv("AWS_ACCESS_KEY_ID", "AKIATEST")
	t.Setenv("AWS_SECRET_ACCESS_KEY", "test")
	allowed := true
	w := &wire{answer: func(_ int, r *http.Request, body string) (*http.Response, error) {
		if !strings.Contains(body, "AssumeRole") {
			return reply(200, "application/x-amz-json-1.1", `{}`), nil
		}
		for _, part := range []string{"RoleArn=arn%3Aaws%3Aiam%3A%3A210987654321%3Arole%2Fdeploy", "ExternalId=ours", "RoleSessionName=ecs-operator"} {
			if !strings.Contains(body, part) {
				t.Errorf("no %s in %s", part, body)
			}
		}
		if !allowed {
			return reply(403, "text/xml", `<ErrorResponse><Error><Type>Sender</Type><Code>AccessDenied</Code><Message>not you</Message></Error></ErrorResponse>`), nil
		}
		return reply(200, "text/xml", `<AssumeRoleResponse><AssumeRoleResult><Credentials><AccessKeyId>ASIAROLE</AccessKeyId><SecretAccessKey>s</SecretAccessKey>`+
			`<SessionToken>t</SessionToken><Expiration>2999-01-01T00:00:00Z</Expiration></Credentials></AssumeRoleResult></AssumeRoleResponse>`), nil
	}}
	o := Options{Targets: map[string]Target{"default": {Region: "eu-west-1", RoleARN: "arn:aws:iam::210987654321:role/deploy", ExternalID: "ours"}},
		HTTPClient: &http.Client{Transport: w}}
	p, err := New(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	c := clients(t, p)
	if _, err := c.Read.ECS.ListClusters(t.Context(), nil); err != nil {
		t.Fatal(err)
	}
	if a := w.seen[len(w.seen)-1].Header.Get("Authorization"); !strings.Contains(a, "Credential=ASIAROLE/") || !strings.Contains(a, "/eu-west-1/ecs/") {
		t.Errorf("signed with %s", a)
	}
	allowed = false
	const want = `target "default": cannot assume arn:aws:iam::210987654321:role/deploy: sts:AssumeRole: AccessDenied: not you`
	if got := failure(t, o, "default"); got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}

func TestEndpointOverridesAreNamed(t *testing.T) {
	bareEnvironment(t)
	t.Setenv("AWS_ENDPOINT_URL", "http://me:secret@localhost:4566")
	t.Setenv("AWS_ENDPOINT_URL_ECS", "http://localhost:1")
	p, err := New(t.Context(), Options{})
	if err != nil {
		t.Fatal(err)
	}
	if got, want := p.Override(), "AWS_ENDPOINT_URL=http://***@localhost:4566 AWS_ENDPOINT_URL_ECS=http://localhost:1"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	t.Setenv("AWS_IGNORE_CONFIGURED_ENDPOINT_URLS", "true")
	if got := p.Override(); got != "" {
		t.Errorf("ignored, and still: %q", got)
	}
}

func TestEndpointOverridesAreUsed(t *testing.T) {
	bareEnvironment(t)
	t.Setenv("AWS_ACCESS_KEY_ID", "AKIATEST")
	t.Setenv("AWS_SECRET_ACCESS_KEY", "test")
	t.Setenv("AWS_REGION", "us-east-1")
	t.Setenv("AWS_ENDPOINT_URL", "http://everything.invalid")
	t.Setenv("AWS_ENDPOINT_URL_ECS", "http://ecs-only.invalid")
	w := &wire{answer: ok}
	p, err := New(t.Context(), Options{HTTPClient: &http.Client{Transport: w}, CloudWatchProtocol: "json", UserAgent: "ecs-operator/1.2.3"})
	if err != nil {
		t.Fatal(err)
	}
	c := clients(t, p)
	if _, err := c.Read.ECS.ListClusters(t.Context(), nil); err != nil {
		t.Fatal(err)
	}
	if _, err := c.Read.CloudWatch.DescribeAlarms(t.Context(), &cloudwatch.DescribeAlarmsInput{MaxRecords: aws.Int32(1)}); err != nil {
		t.Fatal(err)
	}
	if got := w.seen[0].URL.Host; got != "ecs-only.invalid" {
		t.Errorf("ecs went to %s", got)
	}
	if got := w.seen[1].URL.Host; got != "everything.invalid" {
		t.Errorf("cloudwatch went to %s", got)
	}
	if got := w.seen[1].Header.Get("X-Amz-Target"); got != "GraniteServiceVersion20100801.DescribeAlarms" {
		t.Errorf("target %q", got)
	}
	if got := w.seen[0].Header.Get("User-Agent"); !strings.Contains(got, "ecs-operator/1.2.3") {
		t.Errorf("user agent %q", got)
	}
}

func TestWireProtocols(t *testing.T) {
	for protocol, want := range map[string]string{"": "application/cbor", "cbor": "application/cbor", "json": "application/x-amz-json-1.0", "query": "application/x-www-form-urlencoded"} {
		w := &wire{answer: func(int, *http.Request, string) (*http.Response, error) { return nil, errors.New("far enough") }}
		c := clients(t, newPool(t, w, func(o *Options) { o.CloudWatchProtocol = protocol }))
		_, _ = c.Write.CloudWatch.DeleteAlarms(t.Context(), &cloudwatch.DeleteAlarmsInput{AlarmNames: []string{"a"}})
		if got := w.seen[0].Header.Get("Content-Type"); got != want {
			t.Errorf("%q: %s, want %s", protocol, got, want)
		}
	}
}
