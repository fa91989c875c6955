package awsclient

import (
	"context"
	"errors"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awsmiddleware "github.com/aws/aws-sdk-go-v2/aws/middleware"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
	"github.com/aws/aws-sdk-go-v2/service/applicationautoscaling"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	"github.com/aws/aws-sdk-go-v2/service/ecr"
	"github.com/aws/aws-sdk-go-v2/service/ecs"
	"github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/resourcegroupstaggingapi"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/ssm"
	"github.com/aws/smithy-go/middleware"
	smithyhttp "github.com/aws/smithy-go/transport/http"

	"github.com/ecs-operator/ecs-operator/pkg/resource"
)

// ErrGuarded is behind the refusal of a write by a client that may only read.
var ErrGuarded = errors.New("refused before sending: only Describe, List and Get are allowed here")

// clientSort is which of the two sets of clients is made.
type clientSort int

const (
	guardedReads clientSort = iota
	writes
)

// stackOption is how middlewares are handed to the SDK.
type stackOption = func(*middleware.Stack) error

// api makes one set of clients.
func (c *core) api(t *target, cfg aws.Config, sort clientSort) API {
	options := c.observe(t.Target, t.budgets)
	retryer := aws.Retryer(aws.NopRetryer{})
	if sort == guardedReads {
		options = append(options, guard)
		retryer = readRetryer()
	}
	// Checked in New.
	protocol, _ := cloudWatchProtocol(c.opts.CloudWatchProtocol)
	cfg.APIOptions = append(cfg.APIOptions[:len(cfg.APIOptions):len(cfg.APIOptions)], options...)
	cfg.Retryer = func() aws.Retryer { return retryer }
	return API{
		ECS: ecs.NewFromConfig(cfg),
		ELB: elasticloadbalancingv2.NewFromConfig(cfg),
		CloudWatch: cloudwatch.NewFromConfig(cfg, func(o *cloudwatch.Options) {
			o.Protocol = protocol
		}),
		AutoScaling: applicationautoscaling.NewFromConfig(cfg),
		Tagging:     resourcegroupstaggingapi.NewFromConfig(cfg),

		EC2:     &EC2{cfg: cfg},
		ECR:     ecr.NewFromConfig(cfg),
		IAM:     iam.NewFromConfig(cfg),
		Lambda:  lambda.NewFromConfig(cfg),
		Logs:    cloudwatchlogs.NewFromConfig(cfg),
		Secrets: secretsmanager.NewFromConfig(cfg),
		SSM:     ssm.NewFromConfig(cfg),

		S3: s3.NewFromConfig(cfg, func(o *s3.Options) {
			o.UsePathStyle = c.opts.Endpoint != "" || overridden("AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_S3") // such hosts have no names for buckets
			// S3's own answers may have no checksum; its bodies are compared with what was listed.
			o.DisableLogOutputChecksumValidationSkipped = true
		}),
		SQS: sqs.NewFromConfig(cfg),
	}
}

// readRetryer is the SDK's standard retryer with two attempts and without its
// quota of retries: the budgets slow down all callers of a category, where the
// quota would fail some (karpenter-provider-aws#7961). Application Auto
// Scaling's LimitExceededException is a full quota of resources and not, as the
// SDK has it, a throttle.
func readRetryer() aws.Retryer {
	return retry.NewStandard(func(o *retry.StandardOptions) {
		o.MaxAttempts = 2
		o.RateLimiter = noRetryQuota{}
		o.Retryables = append([]retry.IsErrorRetryable{retry.IsErrorRetryableFunc(func(err error) aws.Ternary {
			if code(err) == "LimitExceededException" {
				return aws.FalseTernary
			}
			return aws.UnknownTernary
		})}, o.Retryables...)
	})
}

type noRetryQuota struct{}

func (noRetryQuota) GetToken(context.Context, uint) (func() error, error) {
	return func() error { return nil }, nil
}
func (noRetryQuota) AddTokens(uint) error { return nil }

// observe are the middlewares of every client: the outermost classifies what
// comes back, one around each attempt waits for the budget and tells OnCall,
// the innermost knows whether anything was sent at all. b is nil for sts.
func (c *core) observe(t Target, b *budgets) []stackOption {
	options := []stackOption{
		func(s *middleware.Stack) error {
			return s.Initialize.Add(middleware.InitializeMiddlewareFunc("ecs-operator.Classify", classifyCall), middleware.Before)
		},
		func(s *middleware.Stack) error {
			m := middleware.FinalizeMiddlewareFunc("ecs-operator.Attempt", c.attempt(t, b))
			return s.Finalize.Insert(m, "Retry", middleware.After)
		},
		func(s *middleware.Stack) error {
			return s.Deserialize.Add(middleware.DeserializeMiddlewareFunc("ecs-operator.Sent", markSent), middleware.After)
		},
	}
	if ua := c.opts.UserAgent; ua != "" {
		name, version, _ := strings.Cut(ua, "/")
		options = append(options, awsmiddleware.AddUserAgentKeyValue(name, version), func(s *middleware.Stack) error {
			return s.Build.Add(middleware.BuildMiddlewareFunc("ecs-operator.Revision", sayRevision), middleware.After)
		})
	}
	return options
}

// guard refuses, before anything is sent, whatever is not a read.
func guard(s *middleware.Stack) error {
	return s.Initialize.Add(middleware.InitializeMiddlewareFunc("ecs-operator.Guard",
		func(ctx context.Context, in middleware.InitializeInput, next middleware.InitializeHandler) (
			out middleware.InitializeOutput, md middleware.Metadata, err error) {
			if isWrite(middleware.GetOperationName(ctx)) {
				return out, md, framed{&resource.Error{Class: resource.ClassOther, Operation: operationOf(ctx), Err: ErrGuarded}}
			}
			return next.HandleInitialize(ctx, in)
		}), middleware.Before)
}

// isWrite: AWS' reads that matter here are Describe, List and Get, many at once
// too (ECR's BatchGetImage), and S3's Head; whatever is none of them counts as a write.
func isWrite(operation string) bool {
	for _, verb := range []string{"Describe", "List", "Get", "BatchGet", "Head"} {
		if strings.HasPrefix(operation, verb) {
			return false
		}
	}
	return true
}

// changes reports whether a call is to change what documents are about: to assume a
// role, or to take a message from a queue, changes nothing of it.
func changes(ctx context.Context) bool {
	service := serviceOf(ctx)
	return isWrite(middleware.GetOperationName(ctx)) && service != "sts" && service != "sqs"
}

// servicePrefix spells the SDK's service ids as IAM actions do.
var servicePrefix = map[string]string{
	ecs.ServiceID:                      "ecs",
	elasticloadbalancingv2.ServiceID:   "elasticloadbalancing",
	cloudwatch.ServiceID:               "cloudwatch",
	applicationautoscaling.ServiceID:   "application-autoscaling",
	resourcegroupstaggingapi.ServiceID: "tag",
	secretsmanager.ServiceID:           "secretsmanager",
	cloudwatchlogs.ServiceID:           "logs",
	s3.ServiceID:                       "s3",
	sqs.ServiceID:                      "sqs",
	"STS":                              "sts",
}

// serviceOf is the service of a call as IAM spells it.
func serviceOf(ctx context.Context) string {
	id := middleware.GetServiceID(ctx)
	if p, ok := servicePrefix[id]; ok {
		return p
	}
	return strings.ToLower(strings.ReplaceAll(id, " ", "-"))
}

// operationOf is the call as IAM spells its action: "ecs:CreateService".
func operationOf(ctx context.Context) string {
	return serviceOf(ctx) + ":" + middleware.GetOperationName(ctx)
}

// sayRevision ends the user agent of a write with the source revision that it
// comes from, as CloudTrail keeps it: "… ecs-operator/1.2.0 rev/4f6a91c02b7d".
func sayRevision(ctx context.Context, in middleware.BuildInput, next middleware.BuildHandler) (middleware.BuildOutput, middleware.Metadata, error) {
	if rev := agentWord(resource.OriginOf(ctx).Revision); rev != "" && isWrite(middleware.GetOperationName(ctx)) {
		if r, ok := in.Request.(*smithyhttp.Request); ok {
			r.Header.Set("User-Agent", r.Header.Get("User-Agent")+" rev/"+rev)
		}
	}
	return next.HandleBuild(ctx, in)
}

// agentWord is a revision as a token of a user agent (RFC 9110, 5.6.2), and no
// longer than people write a commit.
func agentWord(revision string) string {
	word := strings.Map(func(r rune) rune {
		if r < 0x80 && (r >= '0' && r <= '9' || r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || strings.ContainsRune("-._~", r)) {
			return r
		}
		return '-'
	}, revision)
	return word[:min(len(word), 12)]
}

// sentKey holds a *sent on a call's context.
type sentKey struct{}

// sent is how far the newest attempt of a call got.
type sent struct{ out bool }

// classifyCall wraps the error of a whole call.
func classifyCall(ctx context.Context, in middleware.InitializeInput, next middleware.InitializeHandler) (
	middleware.InitializeOutput, middleware.Metadata, error) {
	state := &sent{}
	ctx = middleware.WithStackValue(ctx, sentKey{}, state)
	deepen(0)
	out, md, err := next.HandleInitialize(ctx, in)
	if err != nil {
		err = classify(ctx, err, state.out)
	}
	return out, md, err
}

// deepen grows the goroutine's stack to 64 KiB in one step: the SDK's dozens of nested
// middlewares, and an AWS in the same process behind them, need more than half of it.
// Many calls have a goroutine of their own, whose stack would double again and again on
// the way down, each time with more frames to be copied: measured, a sixth of all that a
// call costs. The frame is what grows it: nothing is ever in it, so that it is not
// cleared either.
//
//go:noinline
func deepen(i int) byte {
	if i == 0 {
		return 0
	}
	var room [46 << 10]byte
	room[i] = 1
	return room[len(room)-1-i]
}

// markSent notes that the transport was given the request.
func markSent(ctx context.Context, in middleware.DeserializeInput, next middleware.DeserializeHandler) (
	middleware.DeserializeOutput, middleware.Metadata, error) {
	if state, ok := middleware.GetStackValue(ctx, sentKey{}).(*sent); ok {
		state.out = true
	}
	return next.HandleDeserialize(ctx, in)
}

// attempt surrounds each attempt: budget before, report and rate cut after.
func (c *core) attempt(t Target, b *budgets) func(context.Context, middleware.FinalizeInput, middleware.FinalizeHandler) (
	middleware.FinalizeOutput, middleware.Metadata, error) {
	return func(ctx context.Context, in middleware.FinalizeInput, next middleware.FinalizeHandler) (
		out middleware.FinalizeOutput, md middleware.Metadata, err error) {
		operation := operationOf(ctx)
		var waited time.Duration
		if way := resource.Way(ctx); way != nil && !isWrite(middleware.GetOperationName(ctx)) {
			way(ctx)
		}
		if b != nil {
			if waited, err = b.wait(ctx, operation); err != nil {
				return out, md, err
			}
		}
		if c.opts.BeforeWrite != nil && changes(ctx) {
			if err = c.opts.BeforeWrite(); err != nil {
				return out, md, &resource.Error{Class: resource.ClassOther, Operation: operation, Err: err}
			}
		}
		state, _ := middleware.GetStackValue(ctx, sentKey{}).(*sent)
		start := time.Now()
		out, md, err = next.HandleFinalize(ctx, in)
		took := time.Since(start)

		var told error
		if err != nil {
			told = plain(classify(ctx, err, state != nil && state.out))
		}
		throttled := resource.ClassOf(told) == resource.ClassThrottled
		if throttled && b != nil {
			b.throttled(operation)
		}
		if c.opts.OnCall != nil {
			name := middleware.GetOperationName(ctx)
			c.opts.OnCall(Call{Target: t.Name, Service: serviceOf(ctx), Operation: name, Write: changes(ctx), Sent: state != nil && state.out,
				Duration: took, Waited: waited, Err: told, Throttled: throttled, RequestID: requestID(md, err), Origin: resource.OriginOf(ctx)})
		}
		return out, md, err
	}
}

// requestID finds AWS' id of an attempt, in the answer or in the error.
func requestID(md middleware.Metadata, err error) string {
	if id, ok := awsmiddleware.GetRequestIDMetadata(md); ok {
		return id
	}
	var with interface{ ServiceRequestID() string }
	if errors.As(err, &with) {
		return with.ServiceRequestID()
	}
	return ""
}

// status is the HTTP status behind an error, 0 when there was no answer.
func status(err error) int {
	var r *smithyhttp.ResponseError
	if errors.As(err, &r) && r.Response != nil && r.Response.Response != nil {
		return r.HTTPStatusCode()
	}
	return 0
}
