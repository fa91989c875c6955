package awsclient

import (
	"context"
	"net/http"
	"time"

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

	"github.com/ecs-operator/ecs-operator/pkg/resource"
)

// Target is where and as whom calls are made.
type Target struct {
	Name       string
	Account    string // a check, not a setting: refused when the caller is elsewhere
	Region     string
	Profile    string
	RoleARN    string // role to assume, "" for none
	ExternalID string
}

// Options of a Pool. The zero value is the SDK's default chain and region.
type Options struct {
	// Targets by name; "default" must be there.
	Targets map[string]Target
	// AnyTarget lets every other name mean what "default" means: the embedded
	// AWS is one account, whatever documents call it.
	AnyTarget bool
	// DefaultRegion is where a target is that names no region, when neither the
	// environment nor the profile does.
	DefaultRegion string
	// HTTPClient replaces the transport (the sandbox's RoundTripper, in a test
	// or under --sandbox); Endpoint the base endpoint of every service. With
	// Static credentials no AWS variable, profile or file is read at all; AccessKey
	// is their key id, "sandbox" when empty.
	HTTPClient *http.Client
	Endpoint   string
	Static     bool
	AccessKey  string
	// CloudWatchProtocol is "cbor" (default), "json" or "query".
	CloudWatchProtocol string
	// ReadBudget and WriteBudget are shares of the published quotas, 0 means
	// the defaults 0.25 and 0.5; Unlimited turns the buckets off (tests).
	ReadBudget, WriteBudget float64
	Unlimited               bool
	// QuotaFactor is how many times the published quotas are the account's, 0 for 1.
	QuotaFactor float64
	// UserAgent is added to every call; writes say the source revision too.
	UserAgent string
	// BeforeWrite may refuse a write before anything is sent; nil for never.
	BeforeWrite func() error
	// OnCall is told of every attempt; nil for none.
	OnCall func(Call)
}

// Call is one attempt of one operation, for metrics, logs and the audit.
type Call struct {
	Target    string
	Service   string // "ecs"
	Operation string // "DescribeServices"
	Write     bool
	Sent      bool // not, where there were no credentials to sign it with
	Duration  time.Duration
	Waited    time.Duration // for the budget
	Err       error         // classified
	Throttled bool
	RequestID string
	Origin    resource.Origin // what a write comes from
}

// API is one set of service clients.
type API struct {
	ECS         *ecs.Client
	ELB         *elasticloadbalancingv2.Client
	CloudWatch  *cloudwatch.Client
	AutoScaling *applicationautoscaling.Client
	Tagging     *resourcegroupstaggingapi.Client

	// What rollouts are verified with: these are only read.
	EC2     *EC2
	ECR     *ecr.Client
	IAM     *iam.Client
	Lambda  *lambda.Client
	Logs    *cloudwatchlogs.Client
	Secrets *secretsmanager.Client
	SSM     *ssm.Client

	// Where documents and news of them come from (pkg/bucket, pkg/events).
	S3  *s3.Client
	SQS *sqs.Client
}

// Clients are the clients of one target. Read refuses, before anything is
// sent, every operation that is not Describe, List or Get; Write retries nothing.
type Clients struct {
	Read, Write API
	Target      Target
	Region      string
	// Account and Caller come from GetCallerIdentity, asked once.
	Account, Caller string
}

// Provider gives the clients of a target; *Pool is the one implementation,
// and tests hand in the same Pool over the sandbox.
type Provider interface {
	For(ctx context.Context, target string) (*Clients, error)
}
