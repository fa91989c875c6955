package sandbox

import (
	"context"
	"errors"
	"io"
	"maps"
	"net/http"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	"github.com/aws/aws-sdk-go-v2/service/ecs"
	elbv2 "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2"
	elbtypes "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2/types"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	"github.com/aws/smithy-go"
)

// awsConfig is the configuration of the unmodified SDK against a sandbox.
func awsConfig(url string, rt http.RoundTripper) aws.Config {
	return aws.Config{
		Region: Region, BaseEndpoint: aws.String(url), HTTPClient: &http.Client{Transport: rt},
		Credentials: aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) {
			return aws.Credentials{AccessKeyID: "AKIASANDBOX", SecretAccessKey: "secret"}, nil
		}),
		Retryer: func() aws.Retryer { return aws.NopRetryer{} },
	}
}

// bothFronts runs a test against the in-process transport and a listener.
func bothFronts(t *testing.T, opts Options, test func(t *testing.T, s *Sandbox, cfg aws.Config)) {
	t.Run("transport", func(t *testing.T) {
		s := New(opts)
		test(t, s, awsConfig("http://sandbox.invalid", s.Transport()))
	})
	t.Run("listener", func(t *testing.T) {
		s := New(opts)
		l, err := s.Listen("127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		rt := &http.Transport{}
		t.Cleanup(func() {
			rt.CloseIdleConnections()
			if err := l.Close(); err != nil {
				t.Errorf("close: %v", err)
			}
		})
		test(t, s, awsConfig(l.URL, rt))
	})
}

// wantCode fails unless err is an AWS error of this code.
func wantCode(t *testing.T, err error, code string) {
	t.Helper()
	var e smithy.APIError
	if !errors.As(err, &e) || e.ErrorCode() != code {
		t.Errorf("got %v, want code %s", err, code)
	}
}

// post sends raw bytes as an unsigned or signed client would.
func post(t *testing.T, s *Sandbox, path string, header map[string]string, body string) (int, http.Header, string) {
	t.Helper()
	r, err := http.NewRequest(http.MethodPost, "http://sandbox.invalid"+path, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	for k, v := range header {
		r.Header.Set(k, v)
	}
	resp, err := s.Transport().RoundTrip(r)
	if err != nil {
		t.Fatal(err)
	}
	raw, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return resp.StatusCode, resp.Header, string(raw)
}

const signed = "AWS4-HMAC-SHA256 Credential=AKIASANDBOX/20260101/us-east-1/x/aws4_request, SignedHeaders=host, Signature=00"

func TestWireErrors(t *testing.T) {
	form := map[string]string{"Content-Type": "application/x-www-form-urlencoded"}
	with := func(m map[string]string, kv ...string) map[string]string {
		out := map[string]string{}
		for k, v := range m {
			out[k] = v
		}
		for i := 0; i < len(kv); i += 2 {
			out[kv[i]] = kv[i+1]
		}
		return out
	}
	for _, tc := range []struct {
		name, path string
		header     map[string]string
		body       string
		status     int
		want       string
	}{
		{"unsigned json", "/", map[string]string{"X-Amz-Target": "ResourceGroupsTaggingAPI_20170126.GetResources"}, "{}", 400, `"__type":"MissingAuthenticationTokenException"`},
		{"unsigned query", "/", form, "Action=GetCallerIdentity&Version=2011-06-15", 403, "<Code>MissingAuthenticationToken</Code>"},
		{"bad signature", "/", with(form, "Authorization", "Basic abc"), "Action=GetCallerIdentity&Version=2011-06-15", 403, "<Code>IncompleteSignature</Code>"},
		{"unknown json", "/", map[string]string{"X-Amz-Target": "AmazonEC2ContainerServiceV20141113.FlyToTheMoon", "Authorization": signed}, "{}", 400, "FlyToTheMoon"},
		{"unknown target", "/", map[string]string{"X-Amz-Target": "DynamoDB_20120810.ListTables", "Authorization": signed}, "{}", 400, `"__type":"UnknownOperationException"`},
		{"unknown query", "/", with(form, "Authorization", signed), "Action=DescribeVpcs&Version=2016-11-15", 400, "Could not find operation DescribeVpcs for version 2016-11-15"},
		{"no action", "/", with(form, "Authorization", signed), "", 400, "<Code>MissingAction</Code>"},
		{"unknown cbor", "/service/GraniteServiceVersion20100801/operation/FlyToTheMoon", map[string]string{"Authorization": signed, "Smithy-Protocol": "rpc-v2-cbor"}, "", 404, "FlyToTheMoon"},
		{"bad path", "/service/x", map[string]string{"Authorization": signed}, "", 404, "UnknownOperationException"},
		{"not json", "/", map[string]string{"X-Amz-Target": "ResourceGroupsTaggingAPI_20170126.GetResources", "Authorization": signed}, "{", 400, `"__type":"SerializationException"`},
		{"wrong type", "/", map[string]string{"X-Amz-Target": "ResourceGroupsTaggingAPI_20170126.GetResources", "Authorization": signed}, `{"ResourcesPerPage":"many"}`, 400, "SerializationException"},
		{"number for a string", "/", map[string]string{"X-Amz-Target": "ResourceGroupsTaggingAPI_20170126.GetResources", "Authorization": signed}, `{"PaginationToken":1}`, 400, "NUMBER_VALUE can not be converted to String"},
		{"wrong form type", "/", with(form, "Authorization", signed), "Action=DescribeTargetGroups&Version=2015-12-01&PageSize=many", 400, "<Code>MalformedInput</Code>"},
		{"enum", "/", with(form, "Authorization", signed), "Action=CreateRule&Version=2015-12-01&ListenerArn=x&Actions.member.1.Type=fly", 400, "actions.1.member.type&#39; failed to satisfy constraint: Member must satisfy enum value set: [forward, "},
		{"too large", "/", map[string]string{"X-Amz-Target": "ResourceGroupsTaggingAPI_20170126.GetResources", "Authorization": signed}, strings.Repeat(" ", maxBody+1), 413, "RequestEntityTooLarge"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			status, header, body := post(t, New(Options{}), tc.path, tc.header, tc.body)
			if status != tc.status || !strings.Contains(body, tc.want) {
				t.Errorf("got %d %q, want %d and %q in it", status, body, tc.status, tc.want)
			}
			if header.Get("X-Amzn-Requestid") == "" {
				t.Error("no request id")
			}
		})
	}
}

// TestPanicOnTheWire plants an operation that panics: the caller gets a 500 and
// the sandbox goes on.
func TestPanicOnTheWire(t *testing.T) {
	var logged []string
	opts := Options{Logf: func(f string, _ ...any) { logged = append(logged, f) }}
	s := New(opts)
	s.ops = maps.Clone(s.ops)
	s.ops["sts.GetCallerIdentity"] = op("sts", "GetCallerIdentity", false, func(*call, *sts.GetCallerIdentityInput) (*sts.GetCallerIdentityOutput, error) {
		panic("planted")
	})
	cfg := awsConfig("http://sandbox.invalid", s.Transport())
	_, err := sts.NewFromConfig(cfg).GetCallerIdentity(t.Context(), nil)
	wantCode(t, err, "InternalFailure")
	if _, err := elbv2.NewFromConfig(cfg).DescribeLoadBalancers(t.Context(), nil); err != nil {
		t.Errorf("after the panic: %v", err)
	}
	if j := s.Journal(); len(j) != 2 || j[0].Error != "InternalFailure" {
		t.Errorf("journal: %+v", j)
	}
	if len(logged) != 1 {
		t.Errorf("logged %q", logged)
	}
}

// TestPanicOfATimer plants a timer that panics: time goes on, and the other
// timers with it.
func TestPanicOfATimer(t *testing.T) {
	lived := 0
	s := New(Options{})
	s.world.handlers = maps.Clone(s.world.handlers)
	s.world.handlers["planted-panic"] = func(*World, string) { panic("planted") }
	s.world.handlers["planted"] = func(*World, string) { lived++ }
	s.world.after(time.Second, "planted-panic", "")
	s.world.after(2*time.Second, "planted", "")
	s.Advance(3 * time.Second)
	if lived != 1 {
		t.Errorf("the timer behind the panic ran %d times", lived)
	}
}

// TestTagsAfterTime: what a timer changes shows in the next listing, also when time passed
// outside of a call.
func TestTagsAfterTime(t *testing.T) {
	s := New(Options{})
	s.world.handlers = maps.Clone(s.world.handlers)
	s.world.handlers["planted"] = func(w *World, _ string) { w.ELB.Tags[sandboxALB] = map[string]string{"planted": "yes"} }
	before := len(slices.Collect(s.world.tagged()))
	s.world.after(time.Second, "planted", "")
	s.Advance(2 * time.Second)
	if after := len(slices.Collect(s.world.tagged())); after != before+1 {
		t.Errorf("%d resources are tagged, %d were before one more was", after, before)
	}
}

func TestSTS(t *testing.T) {
	bothFronts(t, Options{}, func(t *testing.T, s *Sandbox, cfg aws.Config) {
		c := sts.NewFromConfig(cfg)
		me, err := c.GetCallerIdentity(t.Context(), nil)
		if err != nil || aws.ToString(me.Account) != Account || aws.ToString(me.Arn) != "arn:aws:iam::123456789012:user/sandbox" {
			t.Fatalf("%+v, %v", me, err)
		}
		out, err := c.AssumeRole(t.Context(), &sts.AssumeRoleInput{RoleArn: aws.String("arn:aws:iam::210987654321:role/ci/deployer"), RoleSessionName: aws.String("s1"), DurationSeconds: aws.Int32(900)})
		if err != nil {
			t.Fatal(err)
		}
		if life := out.Credentials.Expiration.Sub(s.Clock()); life < 14*time.Minute || life > 15*time.Minute {
			t.Errorf("expires in %v", life)
		}
		assumed := cfg.Copy()
		assumed.Credentials = aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) {
			return aws.Credentials{AccessKeyID: *out.Credentials.AccessKeyId, SecretAccessKey: *out.Credentials.SecretAccessKey, SessionToken: *out.Credentials.SessionToken}, nil
		})
		c = sts.NewFromConfig(assumed)
		me, err = c.GetCallerIdentity(t.Context(), nil)
		if err != nil || aws.ToString(me.Arn) != "arn:aws:sts::210987654321:assumed-role/deployer/s1" || aws.ToString(me.Account) != "210987654321" {
			t.Errorf("%+v, %v", me, err)
		}
		s.Advance(16 * time.Minute)
		_, err = c.GetCallerIdentity(t.Context(), nil)
		wantCode(t, err, "ExpiredToken")
		_, err = c.AssumeRole(t.Context(), &sts.AssumeRoleInput{RoleArn: aws.String("not an arn at all.."), RoleSessionName: aws.String("s1")})
		wantCode(t, err, "ValidationError")
	})
}

// TestTypedErrors reads errors of every protocol as the SDK's own types.
func TestTypedErrors(t *testing.T) {
	bothFronts(t, Options{}, func(t *testing.T, s *Sandbox, cfg aws.Config) {
		_, err := elbv2.NewFromConfig(cfg).DescribeTargetGroups(t.Context(), &elbv2.DescribeTargetGroupsInput{Names: []string{"nobody"}})
		var missing *elbtypes.TargetGroupNotFoundException
		if !errors.As(err, &missing) || missing.ErrorMessage() != "One or more target groups not found" {
			t.Errorf("query: %v", err)
		}
	})
}

// TestCloudWatchErrorNames checks the old and the new name of an error in every
// protocol that CloudWatch speaks.
func TestCloudWatchErrorNames(t *testing.T) {
	planted := op("monitoring", "DescribeAlarms", false, func(*call, *cloudwatch.DescribeAlarmsInput) (*cloudwatch.DescribeAlarmsOutput, error) {
		return nil, refuse("InvalidParameterValue", "planted")
	})
	for _, tc := range []struct {
		name, path string
		header     map[string]string
		body       string
		want       string
	}{
		{"cbor", "/service/GraniteServiceVersion20100801/operation/DescribeAlarms", map[string]string{"Smithy-Protocol": "rpc-v2-cbor", "Content-Type": "application/cbor"}, "", "InvalidParameterValueException"},
		{"json 1.0", "/", map[string]string{"X-Amz-Target": "GraniteServiceVersion20100801.DescribeAlarms", "Content-Type": "application/x-amz-json-1.0"}, "{}", `"__type":"InvalidParameterValueException"`},
		{"json 1.1", "/", map[string]string{"X-Amz-Target": "GraniteServiceVersion20100801.DescribeAlarms", "Content-Type": "application/x-amz-json-1.1"}, "{}", `"__type":"InvalidParameterValueException"`},
		{"query", "/", map[string]string{"Content-Type": "application/x-www-form-urlencoded"}, "Action=DescribeAlarms&Version=2010-08-01", "<Code>InvalidParameterValue</Code>"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			s := New(Options{})
			s.ops = maps.Clone(s.ops)
			s.ops["monitoring.DescribeAlarms"] = planted
			tc.header["Authorization"] = signed
			status, header, body := post(t, s, tc.path, tc.header, tc.body)
			if status != 400 || !strings.Contains(body, tc.want) {
				t.Errorf("got %d %q", status, body)
			}
			if tc.name != "query" && header.Get("X-Amzn-Query-Error") != "InvalidParameterValue;Sender" {
				t.Errorf("X-Amzn-Query-Error: %q", header.Get("X-Amzn-Query-Error"))
			}
			if tc.name == "json 1.0" && header.Get("Content-Type") != "application/x-amz-json-1.0" {
				t.Errorf("answered %s", header.Get("Content-Type"))
			}
		})
	}
}

// TestFaults spoils calls before and after their effect, and by cutting the
// connection.
func TestFaults(t *testing.T) {
	plan := map[int]*Fault{
		1: {Code: "Throttling", Message: "Rate exceeded"},
		2: {Code: "ServiceUnavailable", Status: 503, AfterEffect: true},
		3: {Drop: true, AfterEffect: true},
		4: {Drop: true},
	}
	opts := Options{Fault: func(_ context.Context, c Call) *Fault {
		if c.Operation != "CreateTargetGroup" || !c.Write {
			return nil
		}
		return plan[c.Nth]
	}}
	bothFronts(t, opts, func(t *testing.T, s *Sandbox, cfg aws.Config) {
		c := elbv2.NewFromConfig(cfg)
		create := func(name string) error {
			_, err := c.CreateTargetGroup(t.Context(), &elbv2.CreateTargetGroupInput{
				Name: aws.String(name), Protocol: elbtypes.ProtocolEnumHttp, Port: aws.Int32(80), VpcId: aws.String(sandboxVPC)})
			return err
		}
		exists := func(name string) bool {
			_, err := c.DescribeTargetGroups(t.Context(), &elbv2.DescribeTargetGroupsInput{Names: []string{name}})
			return err == nil
		}
		wantCode(t, create("throttled"), "Throttling")
		wantCode(t, create("lost-answer"), "ServiceUnavailable")
		var e smithy.APIError
		for _, name := range []string{"cut-after", "cut-before"} {
			if err := create(name); err == nil || errors.As(err, &e) {
				t.Errorf("%s: got %v, want a broken connection", name, err)
			}
		}
		if err := create("fine"); err != nil {
			t.Errorf("fifth call: %v", err)
		}
		for name, want := range map[string]bool{"throttled": false, "lost-answer": true, "cut-after": true, "cut-before": false, "fine": true} {
			if exists(name) != want {
				t.Errorf("%s exists: %v, want %v", name, !want, want)
			}
		}
		var codes []string
		for _, e := range s.Writes() {
			codes = append(codes, e.Subject+":"+e.Error)
		}
		if got := strings.Join(codes, " "); got != "throttled:Throttling lost-answer: cut-after: cut-before:ConnectionDropped fine:" {
			t.Errorf("journal: %s", got)
		}
	})
}

// TestSpeedAndTime watches the world's clock under virtual time.
func TestSpeedAndTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := New(Options{Speed: 60})
		begin := s.Clock()
		time.Sleep(time.Minute)
		if lived := s.Clock().Sub(begin); lived != time.Hour {
			t.Errorf("the world lived %v in a minute at speed 60", lived)
		}
	})
}

// TestUnknownOperationBySDK asks for an operation of a known service that the
// sandbox does not have.
func TestUnknownOperationBySDK(t *testing.T) {
	s := New(Options{})
	cfg := awsConfig("http://sandbox.invalid", s.Transport())
	_, err := ecs.NewFromConfig(cfg).ListGateways(t.Context(), nil)
	wantCode(t, err, "UnknownOperationException")
	_, err = elbv2.NewFromConfig(cfg).DescribeTrustStores(t.Context(), nil)
	wantCode(t, err, "InvalidAction")
	_, err = cloudwatch.NewFromConfig(cfg).ListDashboards(t.Context(), nil)
	wantCode(t, err, "UnknownOperationException")
}
