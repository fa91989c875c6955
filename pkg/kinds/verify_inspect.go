package kinds

import (
	"context"
	"encoding/base64"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	"github.com/aws/aws-sdk-go-v2/service/ecr"
	ecrtypes "github.com/aws/aws-sdk-go-v2/service/ecr/types"
	"github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	lambdatypes "github.com/aws/aws-sdk-go-v2/service/lambda/types"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
	"github.com/aws/aws-sdk-go-v2/service/ssm"

	"github.com/ecs-operator/ecs-operator/pkg/awsclient"
	"github.com/ecs-operator/ecs-operator/pkg/resource"
)

// inspector makes the reads with which rollouts are verified (resource.Inspector).
type inspector struct{ base }

// NewInspector gives the reads of verify.
func NewInspector(p awsclient.Provider) resource.Inspector { return &inspector{base{provider: p}} }

// Where tells the account and region of a target.
func (i *inspector) Where(ctx context.Context, target string) (account, region string, err error) {
	c, err := i.clients(ctx, target)
	if err != nil {
		return "", "", err
	}
	return c.Account, c.Region, nil
}

// RoleTrust reads a role's trust policy, which IAM gives URL-encoded (GetRole).
func (i *inspector) RoleTrust(ctx context.Context, target, name string) (string, error) {
	c, err := i.clients(ctx, target)
	if err != nil {
		return "", err
	}
	out, err := c.Read.IAM.GetRole(ctx, &iam.GetRoleInput{RoleName: aws.String(name)})
	if err != nil {
		return "", err
	}
	if out.Role == nil {
		return "", resource.Errorf(resource.ClassTransient, "iam:GetRole", "the answer has no role")
	}
	return url.PathUnescape(aws.ToString(out.Role.AssumeRolePolicyDocument))
}

// Secret describes a secret.
func (i *inspector) Secret(ctx context.Context, target, region, id string) (resource.Secret, error) {
	c, err := i.clients(ctx, target)
	if err != nil {
		return resource.Secret{}, err
	}
	out, err := c.Read.Secrets.DescribeSecret(ctx, &secretsmanager.DescribeSecretInput{SecretId: aws.String(id)}, func(o *secretsmanager.Options) {
		o.Region = orRegion(region, o.Region)
	})
	if err != nil {
		return resource.Secret{}, err
	}
	var s resource.Secret
	if out.DeletedDate != nil {
		s.Deleted = out.DeletedDate.UTC().Format(time.RFC3339)
	}
	for id, stages := range out.VersionIdsToStages {
		s.IDs = append(s.IDs, id)
		s.Stages = append(s.Stages, stages...)
	}
	slices.Sort(s.IDs)
	slices.Sort(s.Stages)
	return s, nil
}

// SecretValue reads a secret that is text.
func (i *inspector) SecretValue(ctx context.Context, target, region, id string) (string, error) {
	c, err := i.clients(ctx, target)
	if err != nil {
		return "", err
	}
	out, err := c.Read.Secrets.GetSecretValue(ctx, &secretsmanager.GetSecretValueInput{SecretId: aws.String(id)}, func(o *secretsmanager.Options) {
		o.Region = orRegion(region, o.Region)
	})
	if err != nil {
		return "", err
	}
	return aws.ToString(out.SecretString), nil
}

// Parameters asks for up to ten parameters, without decrypting any.
func (i *inspector) Parameters(ctx context.Context, target, region string, names []string) (map[string]bool, error) {
	c, err := i.clients(ctx, target)
	if err != nil {
		return nil, err
	}
	out, err := c.Read.SSM.GetParameters(ctx, &ssm.GetParametersInput{Names: names, WithDecryption: aws.Bool(false)}, func(o *ssm.Options) {
		o.Region = orRegion(region, o.Region)
	})
	if err != nil {
		return nil, err
	}
	there := map[string]bool{}
	for _, name := range out.InvalidParameters {
		there[name] = false
	}
	for _, p := range out.Parameters {
		for _, name := range names { // asked for by name or by ARN, with a selector or without
			whole, arn := aws.ToString(p.Name)+aws.ToString(p.Selector), aws.ToString(p.ARN)+aws.ToString(p.Selector)
			if name == whole || name == arn {
				there[name] = true
			}
		}
	}
	return there, nil
}

// LogGroup looks for a log group: names are listed in order, so that the one that is
// asked for stands first among those that begin with it (DescribeLogGroups).
func (i *inspector) LogGroup(ctx context.Context, target, region, name string) (bool, error) {
	c, err := i.clients(ctx, target)
	if err != nil {
		return false, err
	}
	out, err := c.Read.Logs.DescribeLogGroups(ctx, &cloudwatchlogs.DescribeLogGroupsInput{LogGroupNamePrefix: aws.String(name)}, func(o *cloudwatchlogs.Options) {
		o.Region = orRegion(region, o.Region)
	})
	if err != nil {
		return false, err
	}
	for _, g := range out.LogGroups {
		if aws.ToString(g.LogGroupName) == name {
			return true, nil
		}
	}
	return false, nil
}

// Subnets gives the VPC of each subnet that exists, those that another account
// shares among them.
func (i *inspector) Subnets(ctx context.Context, target string, ids []string) (map[string]string, error) {
	var out struct {
		Items []struct {
			ID  string `xml:"subnetId"`
			VPC string `xml:"vpcId"`
		} `xml:"subnetSet>item"`
	}
	if err := i.ec2(ctx, target, "DescribeSubnets", "subnet-id", ids, &out); err != nil {
		return nil, err
	}
	vpcs := map[string]string{}
	for _, x := range out.Items {
		vpcs[x.ID] = x.VPC
	}
	return vpcs, nil
}

// SecurityGroups gives the VPC of each security group that exists.
func (i *inspector) SecurityGroups(ctx context.Context, target string, ids []string) (map[string]string, error) {
	var out struct {
		Items []struct {
			ID  string `xml:"groupId"`
			VPC string `xml:"vpcId"`
		} `xml:"securityGroupInfo>item"`
	}
	if err := i.ec2(ctx, target, "DescribeSecurityGroups", "group-id", ids, &out); err != nil {
		return nil, err
	}
	vpcs := map[string]string{}
	for _, x := range out.Items {
		vpcs[x.ID] = x.VPC
	}
	return vpcs, nil
}

// ec2 asks by a filter and not by id: of ids that do not exist AWS names one and
// tells nothing of the others.
func (i *inspector) ec2(ctx context.Context, target, operation, filter string, ids []string, out any) error {
	c, err := i.clients(ctx, target)
	if err != nil {
		return err
	}
	values := url.Values{"Filter.1.Name": {filter}}
	for n, id := range ids {
		values.Set(fmt.Sprintf("Filter.1.Value.%d", n+1), id)
	}
	return c.Read.EC2.Query(ctx, operation, values, out)
}

// TargetGroup gives a target group's target type and VPC.
func (i *inspector) TargetGroup(ctx context.Context, target, arn string) (targetType, vpc string, err error) {
	c, err := i.clients(ctx, target)
	if err != nil {
		return "", "", err
	}
	out, err := c.Read.ELB.DescribeTargetGroups(ctx, &elasticloadbalancingv2.DescribeTargetGroupsInput{TargetGroupArns: []string{arn}})
	if err != nil {
		return "", "", err
	}
	if len(out.TargetGroups) > 0 {
		g := out.TargetGroups[0]
		return string(g.TargetType), aws.ToString(g.VpcId), nil
	}
	return "", "", resource.Errorf(resource.ClassNotFound, "elasticloadbalancing:DescribeTargetGroups", "%s is not among what AWS answers", arn)
}

// Function asks for a function's configuration, which says whether it can be invoked
// ("Lambda function states", Developer Guide: Failed cannot, Inactive wakes up).
func (i *inspector) Function(ctx context.Context, target, arn string) (trouble string, err error) {
	c, err := i.clients(ctx, target)
	if err != nil {
		return "", err
	}
	out, err := c.Read.Lambda.GetFunctionConfiguration(ctx, &lambda.GetFunctionConfigurationInput{FunctionName: aws.String(arn)})
	if err != nil {
		return "", err
	}
	if out.State == lambdatypes.StateFailed {
		return fmt.Sprintf("its state is %s: %s", out.State, aws.ToString(out.StateReason)), nil
	}
	return "", nil
}

// manifests are the media types that ECR may answer with; without them it gives
// Docker's single manifest only (BatchGetImage).
var manifests = []string{
	"application/vnd.oci.image.index.v1+json", "application/vnd.docker.distribution.manifest.list.v2+json",
	"application/vnd.oci.image.manifest.v1+json", "application/vnd.docker.distribution.manifest.v2+json",
}

// Manifest reads an image's manifest; ECR answers for images in other regions and,
// where their policies allow it, in other accounts.
func (i *inspector) Manifest(ctx context.Context, target string, image resource.ECRImage) (resource.Manifest, error) {
	c, err := i.clients(ctx, target)
	if err != nil {
		return resource.Manifest{}, err
	}
	in := &ecr.BatchGetImageInput{
		RegistryId: aws.String(image.Account), RepositoryName: aws.String(image.Repository),
		ImageIds: imageIDs(image), AcceptedMediaTypes: manifests,
	}
	out, err := c.Read.ECR.BatchGetImage(ctx, in, ecrRegion(image.Region))
	if err != nil {
		return resource.Manifest{}, err
	}
	if len(out.Images) > 0 {
		m := out.Images[0]
		return resource.Manifest{MediaType: aws.ToString(m.ImageManifestMediaType), Body: aws.ToString(m.ImageManifest)}, nil
	}
	if len(out.Failures) > 0 {
		f, class := out.Failures[0], resource.ClassOther
		if f.FailureCode == ecrtypes.ImageFailureCodeImageNotFound {
			class = resource.ClassNotFound
		}
		return resource.Manifest{}, resource.Errorf(class, "ecr:BatchGetImage", "%s: %s", f.FailureCode, aws.ToString(f.FailureReason))
	}
	return resource.Manifest{}, resource.Errorf(resource.ClassTransient, "ecr:BatchGetImage", "the answer has neither an image nor a failure")
}

// PullThrough looks for a rule whose prefix the repository has; ROOT is every one's
// ("Creating a pull through cache rule", ECR user guide).
func (i *inspector) PullThrough(ctx context.Context, target string, image resource.ECRImage) (bool, error) {
	c, err := i.clients(ctx, target)
	if err != nil {
		return false, err
	}
	pages := ecr.NewDescribePullThroughCacheRulesPaginator(c.Read.ECR, &ecr.DescribePullThroughCacheRulesInput{RegistryId: aws.String(image.Account)})
	for pages.HasMorePages() {
		out, err := pages.NextPage(ctx, ecrRegion(image.Region))
		if err != nil {
			return false, err
		}
		for _, r := range out.PullThroughCacheRules {
			prefix := aws.ToString(r.EcrRepositoryPrefix)
			if prefix == "ROOT" || strings.HasPrefix(image.Repository, strings.TrimSuffix(prefix, "/")+"/") {
				return true, nil
			}
		}
	}
	return false, nil
}

// RegistryLogin gets a token for the registry, which is "AWS:password" in base64
// (GetAuthorizationToken).
func (i *inspector) RegistryLogin(ctx context.Context, target, region string) (user, password string, err error) {
	c, err := i.clients(ctx, target)
	if err != nil {
		return "", "", err
	}
	out, err := c.Read.ECR.GetAuthorizationToken(ctx, &ecr.GetAuthorizationTokenInput{}, ecrRegion(region))
	if err != nil {
		return "", "", err
	}
	for _, d := range out.AuthorizationData {
		raw, err := base64.StdEncoding.DecodeString(aws.ToString(d.AuthorizationToken))
		if user, password, ok := strings.Cut(string(raw), ":"); err == nil && ok {
			return user, password, nil
		}
	}
	return "", "", resource.Errorf(resource.ClassTransient, "ecr:GetAuthorizationToken", "the answer has no token of a known form")
}

func ecrRegion(region string) func(*ecr.Options) {
	return func(o *ecr.Options) { o.Region = orRegion(region, o.Region) }
}

func orRegion(region, usual string) string {
	if region == "" {
		return usual
	}
	return region
}

func imageIDs(image resource.ECRImage) []ecrtypes.ImageIdentifier {
	id := ecrtypes.ImageIdentifier{}
	if image.Tag != "" {
		id.ImageTag = aws.String(image.Tag)
	}
	if image.Digest != "" {
		id.ImageDigest = aws.String(image.Digest)
	}
	return []ecrtypes.ImageIdentifier{id}
}
