package awsclient

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/credentials/stscreds"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	"github.com/aws/smithy-go/logging"

	"github.com/ecs-operator/ecs-operator/pkg/resource"
)

// attemptTimeout bounds one attempt, body included. The SDK has no limit of its
// own for a server that accepts and then says nothing; ten services with a
// hundred events each are megabytes, hence not less.
const attemptTimeout = 60 * time.Second

// sessionName is how the operator's assumed-role sessions show in CloudTrail.
const sessionName = "ecs-operator"

// sessionLife is an hour, which every role allows and chained roles are held to
// (AssumeRole, DurationSeconds); the SDK's own default are 15 minutes.
const sessionLife = time.Hour

// session is the name with the operator's version, so that CloudTrail tells it of
// every call: ecs-operator-1.2.0. A session name takes letters, digits and =,.@-_
// (AssumeRole, RoleSessionName).
func (c *core) session() string {
	_, version, _ := strings.Cut(c.opts.UserAgent, "/")
	if version = strings.ReplaceAll(agentWord(version), "~", "-"); version == "" {
		return sessionName
	}
	return sessionName + "-" + version
}

// Why a target cannot be used; the texts name the ways out.
const (
	noRegion = "no AWS region: pass --region, set AWS_REGION, or set region in the AWS profile"
	noCreds  = "no AWS credentials: set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, " +
		"or choose a profile with AWS_PROFILE (after `aws configure` or `aws sso login`), " +
		"or run with a role (ECS task role, EC2 instance profile, web identity)"
)

// config makes the SDK's configuration of a target.
func (c *core) config(ctx context.Context, t Target) (aws.Config, error) {
	if c.opts.Static {
		return c.staticConfig(t)
	}
	options := []func(*config.LoadOptions) error{}
	if t.Region != "" {
		options = append(options, config.WithRegion(t.Region))
	}
	if c.opts.DefaultRegion != "" {
		options = append(options, config.WithDefaultRegion(c.opts.DefaultRegion))
	}
	if t.Profile != "" {
		options = append(options, config.WithSharedConfigProfile(t.Profile))
	}
	if c.opts.HTTPClient != nil {
		options = append(options, config.WithHTTPClient(c.opts.HTTPClient))
	} else {
		options = append(options, config.WithHTTPClient(awshttp.NewBuildableClient().WithTimeout(attemptTimeout)))
	}
	if c.opts.Endpoint != "" {
		options = append(options, config.WithBaseEndpoint(c.opts.Endpoint))
	}
	options = append(options, config.WithLogger(logging.Nop{})) // what it warns of comes as an error, or is of no use to a user
	cfg, err := config.LoadDefaultConfig(ctx, options...)
	if missing := (config.SharedConfigProfileNotExistError{}); errors.As(err, &missing) {
		return cfg, fmt.Errorf("target %q: there is no AWS profile %q in %s",
			t.Name, missing.Profile, strings.Join(missing.Filename, ", "))
	}
	if err != nil {
		return cfg, fmt.Errorf("target %q: AWS configuration: %s", t.Name, redact(err.Error()))
	}
	if cfg.Region == "" {
		return cfg, fmt.Errorf("target %q: %s", t.Name, noRegion)
	}
	cfg.HTTPClient = bodies{cfg.HTTPClient} // now that the SDK has given it AWS_CA_BUNDLE
	if t.RoleARN != "" {
		cfg.Credentials = c.assumed(cfg, t)
	}
	return cfg, nil
}

// staticConfig reads nothing of the environment: no variable, profile or file.
func (c *core) staticConfig(t Target) (aws.Config, error) {
	if t.Region == "" {
		return aws.Config{}, fmt.Errorf("target %q: %s", t.Name, noRegion)
	}
	return aws.Config{
		Region:       t.Region,
		Credentials:  credentials.NewStaticCredentialsProvider(cmp.Or(c.opts.AccessKey, "sandbox"), "sandbox", ""),
		HTTPClient:   bodies{c.opts.HTTPClient},
		BaseEndpoint: aws.String(c.opts.Endpoint),
		Logger:       logging.Nop{},
	}, nil
}

// assumed gives the credentials of the target's role, on top of the caller's.
func (c *core) assumed(cfg aws.Config, t Target) aws.CredentialsProvider {
	source := sts.NewFromConfig(cfg, func(o *sts.Options) {
		o.Retryer = readRetryer()
		o.APIOptions = append(o.APIOptions, c.observe(t, nil)...)
	})
	return aws.NewCredentialsCache(stscreds.NewAssumeRoleProvider(source, t.RoleARN,
		func(o *stscreds.AssumeRoleOptions) {
			o.RoleSessionName = c.session()
			o.Duration = sessionLife
			if t.ExternalID != "" {
				o.ExternalID = aws.String(t.ExternalID)
			}
		}))
}

// caller proves the credentials and asks once who they are.
func (c *core) caller(ctx context.Context, t *target, cfg aws.Config) (account, arn string, err error) {
	if cfg.Credentials == nil {
		return "", "", fmt.Errorf("target %q: %s", t.Name, noCreds)
	}
	if _, err := cfg.Credentials.Retrieve(ctx); err != nil {
		return "", "", c.credentialsError(ctx, t.Target, err)
	}
	client := sts.NewFromConfig(cfg, func(o *sts.Options) {
		o.Retryer = readRetryer()
		o.APIOptions = append(o.APIOptions, c.observe(t.Target, nil)...)
	})
	who, err := client.GetCallerIdentity(ctx, &sts.GetCallerIdentityInput{})
	if err != nil {
		if ctx.Err() != nil {
			return "", "", ctx.Err()
		}
		return "", "", fmt.Errorf("target %q: who are we: %w", t.Name, plain(err))
	}
	account, arn = aws.ToString(who.Account), aws.ToString(who.Arn)
	if t.Account != "" && t.Account != account {
		return "", "", resource.Elsewheref("target %q: the credentials belong to account %s (%s), but the target says account %s",
			t.Name, account, arn, t.Account)
	}
	return account, arn, nil
}

// credentialsError says why there are no credentials, and how to get some.
func (c *core) credentialsError(ctx context.Context, t Target, err error) error {
	if ctx.Err() != nil {
		return ctx.Err()
	}
	var e *resource.Error
	if errors.As(err, &e) && t.RoleARN != "" {
		return fmt.Errorf("target %q: cannot assume %s: %w", t.Name, t.RoleARN, e)
	}
	return &resource.Error{Class: resource.ClassDenied, Operation: fmt.Sprintf("target %q", t.Name), Code: noCreds,
		Message: "the SDK says: " + redact(err.Error()), Err: err}
}

// plain drops the SDK's outer frame, which repeats the operation.
func plain(err error) error {
	var e *resource.Error
	if errors.As(err, &e) {
		return e
	}
	return err
}

// overrides are the variables that lead calls away from AWS.
var overrides = []string{
	"AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_ECS", "AWS_ENDPOINT_URL_CLOUDWATCH",
	"AWS_ENDPOINT_URL_ELASTIC_LOAD_BALANCING_V2", "AWS_ENDPOINT_URL_APPLICATION_AUTO_SCALING",
	"AWS_ENDPOINT_URL_RESOURCE_GROUPS_TAGGING_API", "AWS_ENDPOINT_URL_STS",
	"AWS_ENDPOINT_URL_EC2", "AWS_ENDPOINT_URL_ECR", "AWS_ENDPOINT_URL_IAM", "AWS_ENDPOINT_URL_LAMBDA",
	"AWS_ENDPOINT_URL_CLOUDWATCH_LOGS", "AWS_ENDPOINT_URL_SECRETS_MANAGER", "AWS_ENDPOINT_URL_SSM",
	"AWS_ENDPOINT_URL_S3", "AWS_ENDPOINT_URL_SQS",
}

// overridden reports whether one of these variables leads calls away from AWS.
func overridden(names ...string) bool {
	if strings.EqualFold(os.Getenv("AWS_IGNORE_CONFIGURED_ENDPOINT_URLS"), "true") {
		return false
	}
	return slices.ContainsFunc(names, func(name string) bool { return os.Getenv(name) != "" })
}

// Override names the endpoint overrides of the environment that are in effect,
// for the header of every output; "" when calls go to AWS (or to the sandbox,
// which says so itself).
func (p *Pool) Override() string {
	if p.core.opts.Static || strings.EqualFold(os.Getenv("AWS_IGNORE_CONFIGURED_ENDPOINT_URLS"), "true") {
		return ""
	}
	var set []string
	for _, name := range overrides {
		if v := os.Getenv(name); v != "" {
			set = append(set, name+"="+redact(v))
		}
	}
	return strings.Join(set, " ")
}
