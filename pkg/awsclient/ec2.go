package awsclient

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/xml"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awsmiddleware "github.com/aws/aws-sdk-go-v2/aws/middleware"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/smithy-go"
	"github.com/aws/smithy-go/middleware"
	smithyhttp "github.com/aws/smithy-go/transport/http"
)

// EC2 asks EC2 in its Query protocol. The SDK's module for EC2 has 700 operations,
// of which two are needed here: it adds half a megabyte to the program and 110 CPU
// seconds to every build that starts cold, as many again under the race detector
// (measured with v1.344.3), hence this file instead. The middlewares are those of all
// other clients: guard, budget, retries, classes of errors.
type EC2 struct{ cfg aws.Config }

// ec2Version is of the API (service model of EC2).
const ec2Version = "2016-11-15"

// maxEC2Answer is far more than the few objects of one service fill.
const maxEC2Answer = 4 << 20

// Query makes one call and unmarshals the XML of its answer.
func (e *EC2) Query(ctx context.Context, operation string, values url.Values, out any) error {
	endpoint, err := e.endpoint()
	if err != nil {
		return err
	}
	form := url.Values{"Action": {operation}, "Version": {ec2Version}}
	for k, v := range values {
		form[k] = v
	}
	stack := middleware.NewStack(operation, smithyhttp.NewStackRequest)
	retries := retry.NewAttemptMiddleware(e.cfg.Retryer(), smithyhttp.RequestCloner)
	steps := []error{
		stack.Serialize.Add(middleware.SerializeMiddlewareFunc("ecs-operator.Form", formed(endpoint, form.Encode())), middleware.After),
		stack.Finalize.Add(retries, middleware.After),
		stack.Finalize.Add(middleware.FinalizeMiddlewareFunc("ecs-operator.Sign", e.sign), middleware.After),
		stack.Deserialize.Add(middleware.DeserializeMiddlewareFunc("ecs-operator.Answer", ec2Answer), middleware.After),
		awsmiddleware.AddRequestUserAgentMiddleware(stack),
	}
	for _, add := range e.cfg.APIOptions {
		steps = append(steps, add(stack))
	}
	for _, err := range steps {
		if err != nil {
			return err
		}
	}
	ctx = middleware.WithServiceID(middleware.WithOperationName(ctx, operation), "EC2")
	body, _, err := middleware.DecorateHandler(smithyhttp.NewClientHandlerWithOptions(e.client()), stack).Handle(ctx, nil)
	if err != nil {
		return &smithy.OperationError{ServiceID: "EC2", OperationName: operation, Err: err}
	}
	return xml.Unmarshal(body.([]byte), out)
}

func (e *EC2) client() aws.HTTPClient {
	if e.cfg.HTTPClient != nil {
		return e.cfg.HTTPClient
	}
	return http.DefaultClient
}

// endpoint is where EC2 answers: an override as the SDK reads it, else the region's
// own name in its partition ("Amazon EC2 endpoints"; the SDK's partition metadata).
func (e *EC2) endpoint() (string, error) {
	if e.cfg.BaseEndpoint != nil {
		own, shared := os.Getenv("AWS_ENDPOINT_URL_EC2"), os.Getenv("AWS_ENDPOINT_URL")
		if own != "" && *e.cfg.BaseEndpoint == shared {
			return own, nil
		}
		return *e.cfg.BaseEndpoint, nil
	}
	if own := os.Getenv("AWS_ENDPOINT_URL_EC2"); own != "" && !strings.EqualFold(os.Getenv("AWS_IGNORE_CONFIGURED_ENDPOINT_URLS"), "true") {
		return own, nil
	}
	region := e.cfg.Region
	if strings.ContainsAny(region, "/@:?#.") || region == "" {
		return "", fmt.Errorf("%q is no region", region)
	}
	suffix := "amazonaws.com"
	for prefix, other := range map[string]string{"cn-": "amazonaws.com.cn", "us-iso-": "c2s.ic.gov", "us-isob-": "sc2s.sgov.gov",
		"eu-isoe-": "cloud.adc-e.uk", "us-isof-": "csp.hci.ic.gov", "eusc-": "amazonaws.eu"} {
		if strings.HasPrefix(region, prefix) {
			suffix = other
		}
	}
	return "https://ec2." + region + "." + suffix, nil
}

// formed writes the request.
func formed(endpoint, form string) func(context.Context, middleware.SerializeInput, middleware.SerializeHandler) (middleware.SerializeOutput, middleware.Metadata, error) {
	return func(ctx context.Context, in middleware.SerializeInput, next middleware.SerializeHandler) (
		out middleware.SerializeOutput, md middleware.Metadata, err error) {
		r := in.Request.(*smithyhttp.Request)
		if r.URL, err = url.Parse(endpoint); err != nil {
			return out, md, fmt.Errorf("the endpoint of EC2: %w", err)
		}
		if r.URL.Path == "" {
			r.URL.Path = "/"
		}
		r.Method, r.Host = http.MethodPost, r.URL.Host
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded; charset=utf-8")
		if in.Request, err = r.SetStream(strings.NewReader(form)); err != nil {
			return out, md, err
		}
		return next.HandleSerialize(ctx, in)
	}
}

// sign signs each attempt.
func (e *EC2) sign(ctx context.Context, in middleware.FinalizeInput, next middleware.FinalizeHandler) (
	out middleware.FinalizeOutput, md middleware.Metadata, err error) {
	r := in.Request.(*smithyhttp.Request)
	form, err := io.ReadAll(r.GetStream())
	if err != nil {
		return out, md, err
	}
	if err := r.RewindStream(); err != nil {
		return out, md, err
	}
	if e.cfg.Credentials == nil {
		return out, md, fmt.Errorf("get identity: %s", noCreds)
	}
	credentials, err := e.cfg.Credentials.Retrieve(ctx)
	if err != nil {
		return out, md, fmt.Errorf("get identity: %w", err)
	}
	sum := sha256.Sum256(form)
	if err := v4.NewSigner().SignHTTP(ctx, credentials, r.Request, hex.EncodeToString(sum[:]), "ec2", e.cfg.Region, time.Now()); err != nil {
		return out, md, err
	}
	return next.HandleFinalize(ctx, in)
}

// ec2Answer reads the answer: bytes, or an error as EC2 writes them.
func ec2Answer(ctx context.Context, in middleware.DeserializeInput, next middleware.DeserializeHandler) (
	out middleware.DeserializeOutput, md middleware.Metadata, err error) {
	out, md, err = next.HandleDeserialize(ctx, in)
	if err != nil {
		return out, md, err
	}
	res := out.RawResponse.(*smithyhttp.Response)
	body, err := io.ReadAll(io.LimitReader(res.Body, maxEC2Answer+1))
	_ = res.Body.Close() // everything was read
	switch {
	case err != nil:
		return out, md, err
	case len(body) > maxEC2Answer:
		return out, md, fmt.Errorf("the answer is larger than %d bytes", maxEC2Answer)
	case res.StatusCode == http.StatusOK:
		out.Result = body
		return out, md, nil
	}
	var failed struct {
		Errors struct {
			Error struct{ Code, Message string }
		}
		RequestID string
	}
	_ = xml.NewDecoder(bytes.NewReader(body)).Decode(&failed) // an answer of another form has a status
	return out, md, &awshttp.ResponseError{RequestID: failed.RequestID, ResponseError: &smithyhttp.ResponseError{Response: res,
		Err: &smithy.GenericAPIError{Code: failed.Errors.Error.Code, Message: failed.Errors.Error.Message}}}
}
