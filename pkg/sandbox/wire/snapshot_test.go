package wire_test

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"strconv"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	cwtypes "github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"
	"github.com/aws/aws-sdk-go-v2/service/ecs"
	ecsdocument "github.com/aws/aws-sdk-go-v2/service/ecs/document"
	ecstypes "github.com/aws/aws-sdk-go-v2/service/ecs/types"
	elbv2 "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2"
	tagging "github.com/aws/aws-sdk-go-v2/service/resourcegroupstaggingapi"
	"github.com/aws/smithy-go/encoding/cbor"
	"github.com/google/go-cmp/cmp"

	"github.com/ecs-operator/ecs-operator/pkg/sandbox/wire"
	"github.com/ecs-operator/ecs-operator/pkg/shape"
)

// service is an SDK client whose own wire fixtures are the goldens.
type service struct {
	module string
	client func(http.RoundTripper) any
	codec  wire.Codec
}

func config(rt http.RoundTripper) aws.Config {
	return aws.Config{
		Region: "us-east-1", BaseEndpoint: aws.String("http://sandbox.invalid"),
		Credentials: aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) {
			return aws.Credentials{AccessKeyID: "AKIATEST", SecretAccessKey: "secret"}, nil
		}),
		HTTPClient:                &http.Client{Transport: rt},
		DisableRequestCompression: true,

		Retryer: func() aws.Retryer { return aws.NopRetryer{} },
	}
}

var registry = shape.NewRegistry([]shape.Union{
	shape.UnionOf[ecstypes.ServiceConnectContainerConfiguration](&ecstypes.ServiceConnectContainerConfigurationMemberLogLevel{}),
	shape.UnionOf[cwtypes.EvaluationCriteria](&cwtypes.EvaluationCriteriaMemberPromQLCriteria{}),
	shape.UnionOf[cwtypes.EvaluationWindow](&cwtypes.EvaluationWindowMemberSlidingWindow{}, &cwtypes.EvaluationWindowMemberWallClockWindow{}),
}, []shape.Document{{
	Interface: reflect.TypeFor[ecsdocument.Interface](),
	New:       func(plain any) any { return ecsdocument.NewLazyDocument(plain) },
	Plain: func(doc any) (any, error) {
		raw, err := doc.(ecsdocument.Interface).MarshalSmithyDocument()
		if err != nil {
			return nil, err
		}
		var plain any
		err = json.Unmarshal(raw, &plain)
		return plain, err
	},
}})

func services() []service {
	lower := wire.Codec{Names: wire.LowerCamel, Registry: registry}
	upper := wire.Codec{Names: wire.GoNames, Registry: registry}
	return []service{
		{"ecs", func(rt http.RoundTripper) any { return ecs.NewFromConfig(config(rt)) }, lower},
		{"cloudwatch", func(rt http.RoundTripper) any { return cloudwatch.NewFromConfig(config(rt)) }, upper},
		{"elasticloadbalancingv2", func(rt http.RoundTripper) any { return elbv2.NewFromConfig(config(rt)) }, upper},
		{"resourcegroupstaggingapi", func(rt http.RoundTripper) any { return tagging.NewFromConfig(config(rt)) }, upper},
	}
}

// moduleDir finds the sources of an SDK module, where its fixtures are.
func moduleDir(t *testing.T, module string) string {
	t.Helper()
	out, err := exec.Command("go", "list", "-m", "-f", "{{.Dir}}", "github.com/aws/aws-sdk-go-v2/service/"+module).Output()
	if err != nil || len(bytes.TrimSpace(out)) == 0 {
		t.Skipf("the sources of %s are not here: %v", module, err)
	}
	return strings.TrimSpace(string(out))
}

// method finds an operation of a client by name.
func method(client any, name string) (fn reflect.Value, in, out reflect.Type, ok bool) {
	fn = reflect.ValueOf(client).MethodByName(name)
	if !fn.IsValid() || fn.Type().NumIn() != 3 || fn.Type().NumOut() != 2 {
		return fn, nil, nil, false
	}
	return fn, fn.Type().In(1).Elem(), fn.Type().Out(0).Elem(), true
}

// closed reports whether a type holds an interface that is not registered:
// such operations (ECS gateways) the sandbox does not have.
func closed(t reflect.Type) bool {
	open := false
	wire.Walk(t, registry, func(_ string, t reflect.Type) {
		if t.Kind() != reflect.Interface {
			return
		}
		_, u := registry.Union(t)
		_, d := registry.Document(t)
		open = open || (!u && !d)
	})
	return open
}

type capture struct {
	request []byte
	answer  *http.Response
}

func (c *capture) RoundTrip(r *http.Request) (*http.Response, error) {
	if r.Body != nil {
		var err error
		if c.request, err = io.ReadAll(r.Body); err != nil {
			return nil, err
		}
	}
	if c.answer == nil {
		return nil, io.ErrUnexpectedEOF
	}
	return c.answer, nil
}

func invoke(fn reflect.Value, in any) (any, error) {
	got := fn.Call([]reflect.Value{reflect.ValueOf(context.Background()), reflect.ValueOf(in)})
	err, _ := got[1].Interface().(error)
	return got[0].Interface(), err
}

// split takes a fixture into its first line, headers and body.
func split(t *testing.T, path string) (first string, header http.Header, body []byte) {
	t.Helper()
	raw, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	head, body, _ := bytes.Cut(raw, []byte("\n\n"))
	lines := strings.Split(string(head), "\n")
	if len(lines) == 1 { // a request: first line, empty line, headers
		head, body, _ = bytes.Cut(body, []byte("\n\n"))
		lines = append(lines, strings.Split(string(head), "\n")...)
	}
	header = http.Header{}
	for _, l := range lines[1:] {
		k, v, _ := strings.Cut(l, ": ")
		header.Set(k, v)
	}
	return lines[0], header, body
}

// TestRequestSnapshots decodes each request that the SDK's authors froze and
// has the SDK's own serialiser write what was understood: the same request must
// come out.
func TestRequestSnapshots(t *testing.T) {
	for _, s := range services() {
		t.Run(s.module, func(t *testing.T) {
			files, _ := filepath.Glob(filepath.Join(moduleDir(t, s.module), "request_snapshot", "*.request.snap"))
			if len(files) == 0 {
				t.Skip("this module ships no request snapshots")
			}
			checked := 0
			for _, file := range files {
				name := strings.TrimSuffix(filepath.Base(file), ".request.snap")
				rt := &capture{}
				fn, inType, _, ok := method(s.client(rt), name)
				if !ok || closed(inType) {
					continue
				}
				_, header, body := split(t, file)
				in := reflect.New(inType).Interface()
				if err := decode(s.codec, header, body, in); err != nil {
					t.Errorf("%s: %v", name, err)
					continue
				}
				_, _ = invoke(fn, in) // the transport answers nothing
				if d := cmp.Diff(neutral(t, header, body), neutral(t, header, rt.request)); d != "" {
					t.Errorf("%s (-snapshot +what we understood):\n%s", name, d)
				}
				checked++
			}
			if checked < len(files)*2/3 {
				t.Errorf("only %d of %d snapshots checked", checked, len(files))
			}
		})
	}
}

func decode(c wire.Codec, header http.Header, body []byte, in any) error {
	switch header.Get("Content-Type") {
	case "application/cbor":
		return c.DecodeCBOR(body, in)
	case "application/x-www-form-urlencoded":
		values, err := url.ParseQuery(string(body))
		if err != nil {
			return err
		}
		return c.DecodeQuery(values, in)
	}
	return c.DecodeJSON(body, in)
}

// neutral is a body without what does not matter: order and number formats.
func neutral(t *testing.T, header http.Header, body []byte) any {
	t.Helper()
	var err error
	switch header.Get("Content-Type") {
	case "application/cbor":
		if len(body) == 0 {
			return cbor.Map{}
		}
		v, err := cbor.Decode(body)
		if err != nil {
			t.Fatalf("%v in %x", err, body)
		}
		return v
	case "application/x-www-form-urlencoded":
		v, err := url.ParseQuery(string(body))
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
	var v any
	if len(body) > 0 {
		err = json.Unmarshal(body, &v)
	}
	if err != nil {
		t.Fatalf("%v in %s", err, body)
	}
	return v
}

// TestResponseSnapshots lets the SDK read each answer that its authors froze,
// writes the result with our codec, and lets the SDK read that: it must
// understand the same.
func TestResponseSnapshots(t *testing.T) {
	for _, s := range services() {
		t.Run(s.module, func(t *testing.T) {
			files, _ := filepath.Glob(filepath.Join(moduleDir(t, s.module), "response_snapshot", "*.response.snap"))
			if len(files) == 0 {
				t.Skip("this module ships no response snapshots")
			}
			checked := 0
			for _, file := range files {
				name := strings.TrimSuffix(filepath.Base(file), ".response.snap")
				first, header, body := split(t, file)
				status, _ := strconv.Atoi(first)
				rt := &capture{}
				fn, inType, outType, ok := method(s.client(rt), name)
				if !ok || closed(inType) || closed(outType) {
					continue
				}
				in := filled(t, s, name, inType)
				if in == nil {
					continue
				}
				read := func(body []byte) any {
					rt.answer = &http.Response{StatusCode: status, Header: header, Body: io.NopCloser(bytes.NewReader(body))}
					out, err := invoke(fn, in)
					if err != nil {
						t.Fatalf("%s: %v of %q", name, err, body)
					}
					return shape.Plain(out, registry)
				}
				rt.answer = &http.Response{StatusCode: status, Header: header, Body: io.NopCloser(bytes.NewReader(body))}
				out, err := invoke(fn, in)
				if err != nil {
					t.Errorf("%s: %v", name, err)
					continue
				}
				var ours []byte
				if header.Get("Smithy-Protocol") == "rpc-v2-cbor" {
					ours, err = s.codec.EncodeCBOR(out)
				} else {
					ours, err = s.codec.EncodeJSON(out)
				}
				if err != nil {
					t.Errorf("%s: %v", name, err)
					continue
				}
				if d := cmp.Diff(shape.Plain(out, registry), read(ours)); d != "" {
					t.Errorf("%s (-snapshot +our answer):\n%s", name, d)
				}
				if len(body) > 2 {
					checked++
				}
			}
			if checked < len(files)/2 {
				t.Errorf("only %d of %d snapshots checked", checked, len(files))
			}
		})
	}
}

// filled makes an input that passes the SDK's validation: the one of the
// request snapshot.
func filled(t *testing.T, s service, name string, inType reflect.Type) any {
	t.Helper()
	file := filepath.Join(moduleDir(t, s.module), "request_snapshot", name+".request.snap")
	if _, err := os.Stat(file); err != nil {
		return nil
	}
	_, header, body := split(t, file)
	in := reflect.New(inType).Interface()
	if err := decode(s.codec, header, body, in); err != nil {
		return nil
	}
	return in
}
