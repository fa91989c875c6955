package sandbox

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ecr"
	ecrtypes "github.com/aws/aws-sdk-go-v2/service/ecr/types"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	iamtypes "github.com/aws/aws-sdk-go-v2/service/iam/types"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	lambdatypes "github.com/aws/aws-sdk-go-v2/service/lambda/types"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
	"github.com/aws/aws-sdk-go-v2/service/ssm"
	ssmtypes "github.com/aws/aws-sdk-go-v2/service/ssm/types"
)

// What documents refer to around ECS is in the account: roles, secrets, parameters,
// repositories, functions, networks are there under whatever name they are asked for.
// The name's end says what is wrong with one, as image tags do for tasks:
//
//	missing     it does not exist
//	denied      who asks may not see it
//
// and for single services what their functions below say.
func isMissing(name string) bool { return strings.HasSuffix(name, "missing") }
func isDenied(name string) bool  { return strings.HasSuffix(name, "denied") }

func aroundOperations() []operation {
	return []operation{
		op("iam", "GetRole", false, getRole),
		op("secretsmanager", "DescribeSecret", false, describeSecret),
		op("secretsmanager", "GetSecretValue", false, getSecretValue),
		op("ssm", "GetParameters", false, getParameters),
		op("ecr", "BatchGetImage", false, batchGetImage),
		op("ecr", "DescribePullThroughCacheRules", false, describePullThroughCacheRules),
		op("ecr", "GetAuthorizationToken", false, getAuthorizationToken),
		op("lambda", "GetFunctionConfiguration", false, getFunctionConfiguration),
		op("ec2", "DescribeSubnets", false, describeSubnets),
		op("ec2", "DescribeSecurityGroups", false, describeSecurityGroups),
	}
}

// notAuthorized is IAM's refusal in the words and codes of each protocol: 403 and
// AccessDenied in Query, 400 and AccessDeniedException in awsJson, 403 and that in
// rest-json.
func notAuthorized(code string, status int, action, resource string) error {
	return &apiError{Code: code, Status: status, Message: fmt.Sprintf("User: %s is not authorized to perform: %s on resource: %s because no identity-based policy allows the %s action", callerARN, action, resource, action)}
}

// getRole: a role trusts the tasks and ECS, one whose name ends with "untrusted" EC2
// alone. The policy is URL-encoded (Role.AssumeRolePolicyDocument, SDK).
func getRole(c *call, in *iam.GetRoleInput) (*iam.GetRoleOutput, error) {
	name := aws.ToString(in.RoleName)
	arn := "arn:aws:iam::" + Account + ":role/" + name
	switch {
	case isDenied(name):
		return nil, notAuthorized("AccessDenied", http.StatusForbidden, "iam:GetRole", "role "+name)
	case isMissing(name):
		return nil, &apiError{Code: "NoSuchEntity", Status: http.StatusNotFound, Message: "The role with name " + name + " cannot be found."}
	}
	trusts := `["ecs-tasks.amazonaws.com","ecs.amazonaws.com"]`
	if strings.HasSuffix(name, "untrusted") {
		trusts = `"ec2.amazonaws.com"`
	}
	policy := `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":` + trusts + `},"Action":"sts:AssumeRole"}]}`
	return &iam.GetRoleOutput{Role: &iamtypes.Role{
		RoleName: aws.String(name), Arn: aws.String(arn), Path: aws.String("/"), RoleId: aws.String("AROA" + strings.ToUpper(digest(arn)[:17])),
		CreateDate: aws.Time(c.w.Clock.Add(-24 * time.Hour)), AssumeRolePolicyDocument: aws.String(url.QueryEscape(policy)), MaxSessionDuration: aws.Int32(3600),
	}}, nil
}

// secretName is a secret's name by its name or ARN, with the six random characters
// that AWS hangs on in ARNs or without them.
func secretName(id string) string {
	name := id
	if parts := strings.SplitN(id, ":", 7); len(parts) == 7 {
		name = parts[6]
	}
	if n := len(name); n > 7 && name[n-7] == '-' {
		name = name[:n-7]
	}
	return name
}

func secretState(action, id string) (name string, err error) {
	for _, name = range []string{id, secretName(id)} {
		switch {
		case isDenied(name):
			return "", notAuthorized("AccessDeniedException", http.StatusBadRequest, "secretsmanager:"+action, id)
		case isMissing(name):
			return "", refuse("ResourceNotFoundException", "Secrets Manager can't find the specified secret.")
		}
	}
	return name, nil
}

// describeSecret: "deleted" at the end of the name is one that is scheduled for
// deletion, "empty" one that has no version yet.
func describeSecret(c *call, in *secretsmanager.DescribeSecretInput) (*secretsmanager.DescribeSecretOutput, error) {
	id := aws.ToString(in.SecretId)
	name, err := secretState("DescribeSecret", id)
	if err != nil {
		return nil, err
	}
	out := &secretsmanager.DescribeSecretOutput{
		ARN: aws.String(id), Name: aws.String(name),
		VersionIdsToStages: map[string][]string{"a1b2c3d4-5678-90ab-cdef-000000000001": {"AWSCURRENT"}, "a1b2c3d4-5678-90ab-cdef-000000000000": {"AWSPREVIOUS"}},
	}
	switch {
	case strings.HasSuffix(name, "deleted"):
		out.DeletedDate = aws.Time(c.w.Clock.Add(-time.Hour))
	case strings.HasSuffix(name, "empty"):
		out.VersionIdsToStages = nil
	}
	return out, nil
}

// getSecretValue: every secret is a login.
func getSecretValue(_ *call, in *secretsmanager.GetSecretValueInput) (*secretsmanager.GetSecretValueOutput, error) {
	id := aws.ToString(in.SecretId)
	name, err := secretState("GetSecretValue", id)
	if err != nil {
		return nil, err
	}
	return &secretsmanager.GetSecretValueOutput{
		ARN: aws.String(id), Name: aws.String(name), VersionId: aws.String("a1b2c3d4-5678-90ab-cdef-000000000001"), VersionStages: []string{"AWSCURRENT"},
		SecretString: aws.String(`{"username":"sandbox","password":"sandbox"}`),
	}, nil
}

// getParameters: what does not exist is listed as invalid; one name that may not be
// seen denies all of the call.
func getParameters(_ *call, in *ssm.GetParametersInput) (*ssm.GetParametersOutput, error) {
	if len(in.Names) == 0 || len(in.Names) > 10 {
		return nil, refuse("ValidationException", "1 validation error detected: Value at 'names' failed to satisfy constraint: Member must have length less than or equal to 10")
	}
	out := &ssm.GetParametersOutput{Parameters: []ssmtypes.Parameter{}, InvalidParameters: []string{}}
	for _, name := range in.Names {
		switch {
		case isDenied(name):
			return nil, notAuthorized("AccessDeniedException", http.StatusBadRequest, "ssm:GetParameters", name)
		case isMissing(name):
			out.InvalidParameters = append(out.InvalidParameters, name)
			continue
		}
		arn, short := name, name
		if _, path, ok := strings.Cut(name, ":parameter/"); ok {
			short = path
			if strings.Contains(path, "/") {
				short = "/" + path // a name with levels begins with a slash, which its ARN has once
			}
		} else {
			arn = "arn:aws:ssm:" + Region + ":" + Account + ":parameter/" + strings.TrimPrefix(name, "/")
		}
		out.Parameters = append(out.Parameters, ssmtypes.Parameter{
			Name: aws.String(short), ARN: aws.String(arn), Type: ssmtypes.ParameterTypeSecureString, Value: aws.String("c2FuZGJveA=="), Version: 1,
		})
	}
	return out, nil
}

// batchGetImage: every repository has every tag, for amd64 and arm64; a tag that ends
// with one of these two is for that CPU alone, one that ends with "single" a manifest
// without an index.
func batchGetImage(_ *call, in *ecr.BatchGetImageInput) (*ecr.BatchGetImageOutput, error) {
	repository, registry := aws.ToString(in.RepositoryName), aws.ToString(in.RegistryId)
	if registry == "" {
		registry = Account
	}
	switch {
	case isDenied(repository):
		return nil, notAuthorized("AccessDeniedException", http.StatusBadRequest, "ecr:BatchGetImage", "arn:aws:ecr:"+Region+":"+registry+":repository/"+repository)
	case isMissing(repository):
		return nil, refuse("RepositoryNotFoundException", "The repository with name '%s' does not exist in the registry with id '%s'", repository, registry)
	}
	out := &ecr.BatchGetImageOutput{Images: []ecrtypes.Image{}, Failures: []ecrtypes.ImageFailure{}}
	for _, id := range in.ImageIds {
		tag := aws.ToString(id.ImageTag)
		if tag == "missing" { // as the tasks have it
			out.Failures = append(out.Failures, ecrtypes.ImageFailure{ImageId: &id, FailureCode: ecrtypes.ImageFailureCodeImageNotFound, FailureReason: aws.String("Requested image not found")})
			continue
		}
		media, manifest := imageManifest(tag)
		out.Images = append(out.Images, ecrtypes.Image{
			RegistryId: aws.String(registry), RepositoryName: aws.String(repository), ImageManifest: aws.String(manifest), ImageManifestMediaType: aws.String(media),
			ImageId: &ecrtypes.ImageIdentifier{ImageTag: id.ImageTag, ImageDigest: aws.String("sha256:" + digest(manifest))},
		})
	}
	return out, nil
}

func imageManifest(tag string) (media, manifest string) {
	descriptor := func(media, of string) map[string]any {
		return map[string]any{"mediaType": media, "digest": "sha256:" + digest(of), "size": 1024}
	}
	const one, index = "application/vnd.oci.image.manifest.v1+json", "application/vnd.oci.image.index.v1+json"
	body := map[string]any{"schemaVersion": 2}
	if media = index; strings.HasSuffix(tag, "single") {
		media = one
		body["config"], body["layers"] = descriptor("application/vnd.oci.image.config.v1+json", "config"+tag), []any{}
	} else {
		var all []any
		for _, architecture := range []string{"amd64", "arm64"} {
			if other := map[string]string{"amd64": "arm64", "arm64": "amd64"}[architecture]; strings.HasSuffix(tag, other) {
				continue
			}
			d := descriptor(one, architecture+tag)
			d["platform"] = map[string]any{"architecture": architecture, "os": "linux"}
			all = append(all, d)
		}
		body["manifests"] = all
	}
	body["mediaType"] = media
	raw, err := json.Marshal(body)
	if err != nil {
		panic(err) // strings and numbers
	}
	return media, string(raw)
}

// describePullThroughCacheRules: there is one, for Docker Hub.
func describePullThroughCacheRules(c *call, _ *ecr.DescribePullThroughCacheRulesInput) (*ecr.DescribePullThroughCacheRulesOutput, error) {
	return &ecr.DescribePullThroughCacheRulesOutput{PullThroughCacheRules: []ecrtypes.PullThroughCacheRule{{
		EcrRepositoryPrefix: aws.String("docker-hub"), RegistryId: aws.String(Account), UpstreamRegistryUrl: aws.String("registry-1.docker.io"),
		UpstreamRegistry: ecrtypes.UpstreamRegistryDockerHub, CreatedAt: aws.Time(c.w.Clock.Add(-24 * time.Hour)),
	}}}, nil
}

// getAuthorizationToken: no registry of the sandbox can be pulled from; the token has
// the form that AWS' have, and twelve hours.
func getAuthorizationToken(c *call, _ *ecr.GetAuthorizationTokenInput) (*ecr.GetAuthorizationTokenOutput, error) {
	return &ecr.GetAuthorizationTokenOutput{AuthorizationData: []ecrtypes.AuthorizationData{{
		AuthorizationToken: aws.String(base64.StdEncoding.EncodeToString([]byte("AWS:sandbox"))), ExpiresAt: aws.Time(c.Now.Add(12 * time.Hour)),
		ProxyEndpoint: aws.String("https://" + Account + ".dkr.ecr." + Region + ".amazonaws.com"),
	}}}, nil
}

// getFunctionConfiguration: "broken" at the end of a name is one that failed to be made.
func getFunctionConfiguration(_ *call, in *lambda.GetFunctionConfigurationInput) (*lambda.GetFunctionConfigurationOutput, error) {
	arn := aws.ToString(in.FunctionName)
	_, name, isARN := strings.Cut(arn, ":function:")
	if !isARN {
		name, arn = arn, "arn:aws:lambda:"+Region+":"+Account+":function:"+arn
	}
	name, _, _ = strings.Cut(name, ":")
	switch {
	case isDenied(name):
		return nil, notAuthorized("AccessDeniedException", http.StatusForbidden, "lambda:GetFunctionConfiguration", arn)
	case isMissing(name):
		return nil, &apiError{Code: "ResourceNotFoundException", Status: http.StatusNotFound, Message: "Function not found: " + arn}
	}
	out := &lambda.GetFunctionConfigurationOutput{FunctionArn: aws.String(arn), FunctionName: aws.String(name), State: lambdatypes.StateActive, LastUpdateStatus: lambdatypes.LastUpdateStatusSuccessful}
	if strings.HasSuffix(name, "broken") {
		out.State, out.StateReason, out.StateReasonCode = lambdatypes.StateFailed, aws.String("The image of the function could not be found"), lambdatypes.StateReasonCodeInvalidImage
	}
	return out, nil
}
