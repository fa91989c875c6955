package wire_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"reflect"
	"strconv"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	"github.com/aws/aws-sdk-go-v2/service/ecs"
	elbv2 "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2"
	"github.com/aws/aws-sdk-go-v2/service/resourcegroupstaggingapi"
	"github.com/aws/smithy-go"

	"github.com/ecs-operator/ecs-operator/pkg/sandbox/wire"
)

// TestErrorSnapshots has the SDK read our form of every error that its authors
// froze: it must become the SDK's own type for it.
func TestErrorSnapshots(t *testing.T) {
	for _, s := range []struct {
		module string
		encode func(wire.Error) []byte
		call   func(http.RoundTripper) error
	}{
		{"ecs", wire.Error.JSON, func(rt http.RoundTripper) error {
			_, err := ecs.NewFromConfig(config(rt)).ListClusters(context.Background(), nil)
			return err
		}},
		{"resourcegroupstaggingapi", wire.Error.JSON, func(rt http.RoundTripper) error {
			_, err := resourcegroupstaggingapi.NewFromConfig(config(rt)).GetResources(context.Background(), nil)
			return err
		}},
		{"cloudwatch", wire.Error.CBOR, func(rt http.RoundTripper) error {
			_, err := cloudwatch.NewFromConfig(config(rt)).DescribeAlarms(context.Background(), nil)
			return err
		}},
	} {
		t.Run(s.module, func(t *testing.T) {
			files, _ := filepath.Glob(filepath.Join(moduleDir(t, s.module), "response_snapshot", "*.error.snap"))
			if len(files) == 0 {
				t.Skip("this module ships no error snapshots")
			}
			for _, file := range files {
				name := strings.TrimSuffix(filepath.Base(file), ".error.snap")
				raw, err := os.ReadFile(file)
				if err != nil {
					t.Fatal(err)
				}
				first, _, _ := strings.Cut(string(raw), "\n")
				status, _ := strconv.Atoi(first)
				e := wire.Error{Type: name, Code: name, Message: "why & how", Status: status}
				header := http.Header{"Content-Type": {"application/x-amz-json-1.1"}, "X-Amzn-Errortype": {name}}
				if s.module == "cloudwatch" {
					header = http.Header{"Content-Type": {"application/cbor"}, "Smithy-Protocol": {"rpc-v2-cbor"}}
				}
				err = s.call(&capture{answer: &http.Response{StatusCode: status, Header: header, Body: io.NopCloser(bytes.NewReader(s.encode(e)))}})
				var api smithy.APIError
				if !errors.As(err, &api) || api.ErrorMessage() != e.Message {
					t.Errorf("%s: %v", name, err)
					continue
				}
				if typ := reflect.TypeOf(api).Elem().Name(); typ != name {
					t.Errorf("%s became a %s", name, typ)
				}
			}
		})
	}
}

// TestQueryError reads an XML error with markup in its message.
func TestQueryError(t *testing.T) {
	e := wire.Error{Type: "PriorityInUse", Code: "PriorityInUse", Message: "Priority '<1>' & co", Status: 400}
	body := e.XML("http://elasticloadbalancing.amazonaws.com/doc/2015-12-01/", "id-1")
	rt := &capture{answer: &http.Response{StatusCode: 400, Header: http.Header{"Content-Type": {"text/xml"}}, Body: io.NopCloser(bytes.NewReader(body))}}
	_, err := elbv2.NewFromConfig(config(rt)).DescribeLoadBalancers(context.Background(), nil)
	var api smithy.APIError
	if !errors.As(err, &api) || api.ErrorCode() != "PriorityInUse" || api.ErrorMessage() != e.Message {
		t.Errorf("%v", err)
	}
	if e.QueryHeader() != "PriorityInUse;Sender" || (wire.Error{Code: "X", Status: 500}).QueryHeader() != "X;Receiver" {
		t.Errorf("%s", e.QueryHeader())
	}
}
