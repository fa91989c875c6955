package kinds_test

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"testing"
	"testing/synctest"

	"github.com/ecs-operator/ecs-operator/pkg/awsclient"
	"github.com/ecs-operator/ecs-operator/pkg/frugal"
	"github.com/ecs-operator/ecs-operator/pkg/kinds"
	"github.com/ecs-operator/ecs-operator/pkg/plan"
	"github.com/ecs-operator/ecs-operator/pkg/resource"
	"github.com/ecs-operator/ecs-operator/pkg/spec"
)

// unitOfBytes is what two documents of one service desire, or nothing.
func unitOfBytes(data []byte) *resource.Unit {
	r := spec.Parse([]spec.File{{Path: "spec.yaml", Data: data}}, kinds.Sections(), spec.Options{})
	if len(r.Documents) == 0 {
		return nil
	}
	u, _ := resource.Desire(frame, resource.DefaultTarget, r.Documents[0], kinds.All(nil))
	return u
}

// FuzzPlan (F-plan): a plan of any document against a world that holds anything of the
// same types, ours or not, known or not, does not panic, is the same twice, comes back
// from JSON, and leaves both as they were.
func FuzzPlan(f *testing.F) {
	for _, text := range []string{hello, worker, web} {
		f.Add([]byte(text), []byte(text), uint16(0))
		f.Add([]byte(text), []byte(bytes.ReplaceAll([]byte(text), []byte("80"), []byte("81"))), uint16(0x1111))
		f.Add([]byte(text), []byte(hello), uint16(0x0200))
	}
	f.Fuzz(func(t *testing.T, want, have []byte, states uint16) {
		u, live := unitOfBytes(want), unitOfBytes(have)
		if u == nil || live == nil {
			return
		}
		frugal.Input(t, func() {
			in := plan.Input{Frame: frame, Unit: u, Kinds: kinds.All(nil), Live: map[resource.ID]resource.Live{}, Now: "2030-01-01T00:00:00Z"}
			for i, o := range live.Objects() {
				id := o.ID
				id.Cluster, id.Unit = u.Key.Cluster, u.Key.Name
				l := resource.Live{ID: id, Presence: resource.Present, ARN: "arn:aws:x:::" + id.Local(), Name: id.Name, Value: o.Want, Extra: o.Extra, Tags: o.Tags}
				switch states >> (i % 8 * 2) & 3 {
				case 1:
					l.Tags = map[string]string{}
				case 2:
					l = resource.Live{ID: id, Err: io.ErrUnexpectedEOF}
				case 3:
					l = resource.Live{ID: id, Presence: resource.Absent}
				}
				if id.Kind == resource.KindService && l.Presence == resource.Present {
					l.Service = &resource.ServiceState{}
				}
				in.Live[id] = l
			}
			first, err := json.Marshal(plan.Make(in))
			if err != nil {
				t.Fatal(err)
			}
			if again, _ := json.Marshal(plan.Make(in)); !bytes.Equal(first, again) {
				t.Fatalf("two plans of one world:\n%s\n%s", first, again)
			}
			var back plan.Plan
			if err := json.Unmarshal(first, &back); err != nil {
				t.Fatalf("a plan that cannot be read: %v\n%s", err, first)
			}
		})
	})
}

// hostile answers every call with the same bytes.
type hostile struct {
	status int
	header http.Header
	body   []byte
}

func (h hostile) RoundTrip(r *http.Request) (*http.Response, error) {
	if r.Body != nil {
		defer func() { _ = r.Body.Close() }()
	}
	return &http.Response{StatusCode: h.status, Status: http.StatusText(h.status), Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
		Request: r, Header: h.header.Clone(), Body: io.NopCloser(bytes.NewReader(h.body)), ContentLength: int64(len(h.body))}, nil
}

// FuzzAnswers (F-awsresponse): whatever an endpoint answers, in whatever protocol, the
// SDK and what reads its answers do not panic, and every object that was asked for is
// present, absent or unknown; nothing is absent that no whole answer says so of.
func FuzzAnswers(f *testing.F) {
	for _, body := range []string{
		"", "{}", "null", "[]", "{\"services\": [null]}", "{\"services\": [{\"serviceArn\": 1}]}", "{\"failures\": [{\"arn\": \"x\", \"reason\": \"MISSING\"}]}",
		"{\"services\": [{\"serviceName\": \"web\", \"status\": \"ACTIVE\", \"deployments\": [{}], \"tags\": [{}], \"loadBalancers\": [{}]}], \"failures\": []}",
		"{\"taskDefinition\": {\"containerDefinitions\": [{}], \"revision\": -1}}", "{\"ScalableTargets\": [{}], \"NextToken\": \"\"}",
		"<x/>", "<DescribeTargetGroupsResponse><DescribeTargetGroupsResult><TargetGroups><member><Port>99999999999</Port></member></TargetGroups></DescribeTargetGroupsResult></DescribeTargetGroupsResponse>",
		"<DescribeRulesResponse><DescribeRulesResult><Rules><member><Priority>default</Priority><Actions><member/></Actions></member></Rules></DescribeRulesResult></DescribeRulesResponse>",
		"{\"__type\": \"ServiceNotFoundException\"}", "<ErrorResponse><Error><Code>TargetGroupNotFound</Code></Error></ErrorResponse>", "\xbf\xff", "\xa1\x6cMetricAlarms\x81\xa0",
	} {
		f.Add([]byte(body), uint16(200), false)
		f.Add([]byte(body), uint16(400), true)
	}
	units := []*resource.Unit{unitOfBytes([]byte(hello)), unitOfBytes([]byte(web))}
	f.Fuzz(func(t *testing.T, body []byte, status uint16, cbor bool) {
		if status < 200 || status > 599 || status == 204 || status == 304 {
			return
		}
		h := hostile{status: int(status), body: body, header: http.Header{"Content-Type": {"application/x-amz-json-1.1"}}}
		if cbor {
			h.header = http.Header{"Content-Type": {"application/cbor"}, "Smithy-Protocol": {"rpc-v2-cbor"}}
		}
		synctest.Test(t, func(t *testing.T) { // the SDK waits before it asks again
			frugal.Input(t, func() { answered(t, hostilePool(t, h), units, status) })
		})
	})
}

// answered observes units and holds the answers to what each must be.
func answered(t *testing.T, pool *awsclient.Pool, units []*resource.Unit, status uint16) {
	t.Helper()
	for _, u := range units {
		live := map[resource.ID]resource.Live{}
		for _, k := range kinds.All(pool) {
			var asked []*resource.Object
			for _, o := range u.Objects() {
				if o.ID.Kind == k.Name() {
					asked = append(asked, o)
				}
			}
			if len(asked) == 0 {
				continue
			}
			got := k.Observe(t.Context(), resource.Query{Target: resource.DefaultTarget, Objects: asked, Live: live})
			for _, o := range asked {
				l, ok := got[o.ID]
				switch {
				case !ok:
					t.Errorf("%s was asked for and not answered", o.ID)
				case l.Presence == resource.Unknown && l.Err == nil:
					t.Errorf("%s is unknown and nothing says why", o.ID)
				case status >= 500 && l.Presence == resource.Absent && l.Err == nil:
					t.Errorf("%s is absent by an answer of %d", o.ID, status)
				}
				live[o.ID] = l
			}
		}
		if _, err := json.Marshal(plan.Make(plan.Input{Frame: frame, Unit: u, Kinds: kinds.All(nil), Live: live, Now: "2030-01-01T00:00:00Z"})); err != nil {
			t.Error(err)
		}
	}
}

// hostilePool are clients whose every call but that for their own identity ends at h.
func hostilePool(t testing.TB, h hostile) *awsclient.Pool {
	t.Helper()
	pool, err := awsclient.New(context.Background(), awsclient.Options{
		Targets: map[string]awsclient.Target{resource.DefaultTarget: {Region: "us-east-1"}},
		Static:  true, Endpoint: "http://aws.invalid", Unlimited: true, HTTPClient: &http.Client{Transport: whoami{h}},
	})
	if err != nil {
		t.Fatal(err)
	}
	return pool
}

// whoami answers GetCallerIdentity, and leaves the rest to another.
type whoami struct{ rest http.RoundTripper }

func (w whoami) RoundTrip(r *http.Request) (*http.Response, error) {
	if r.Body == nil {
		return w.rest.RoundTrip(r)
	}
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return nil, err
	}
	if !bytes.Contains(body, []byte("Action=GetCallerIdentity")) {
		r.Body = io.NopCloser(bytes.NewReader(body))
		return w.rest.RoundTrip(r)
	}
	const me = "<GetCallerIdentityResponse><GetCallerIdentityResult><Arn>arn:aws:iam::123456789012:user/x</Arn><Account>123456789012</Account></GetCallerIdentityResult></GetCallerIdentityResponse>"
	return hostile{status: 200, header: http.Header{"Content-Type": {"text/xml"}}, body: []byte(me)}.RoundTrip(r)
}
