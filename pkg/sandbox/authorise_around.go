package sandbox

import (
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	"github.com/aws/aws-sdk-go-v2/service/ecr"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
	"github.com/aws/aws-sdk-go-v2/service/ssm"
	"github.com/aws/aws-sdk-go-v2/service/sts"
)

// aroundAsks: what stands around ECS, each by the resource type of its page.
// ec2:Describe*, ecr:GetAuthorizationToken and tag:GetResources take none.
func aroundAsks() map[string]asker {
	secret := func(action string, id *string) []ask {
		name := aws.ToString(id)
		if !strings.HasPrefix(name, "arn:") {
			name = "secret:" + name + "-sandbx" // an ARN ends with six characters of Secrets Manager's own
		}
		return []ask{{"secretsmanager:" + action, arnOf("secretsmanager", name), nil}}
	}
	group := func(name, id *string) string {
		g, err := logGroup(name, id)
		if err != nil {
			g = aws.ToString(name) + aws.ToString(id)
		}
		return arnOf("logs", "log-group:"+g)
	}
	return map[string]asker{
		"iam.GetRole": asks(func(_ *call, in *iam.GetRoleInput) []ask {
			return []ask{{"iam:GetRole", "arn:aws:iam::" + Account + ":role/" + aws.ToString(in.RoleName), nil}}
		}),
		"secretsmanager.DescribeSecret": asks(func(_ *call, in *secretsmanager.DescribeSecretInput) []ask {
			return secret("DescribeSecret", in.SecretId)
		}),
		"secretsmanager.GetSecretValue": asks(func(_ *call, in *secretsmanager.GetSecretValueInput) []ask {
			return secret("GetSecretValue", in.SecretId)
		}),
		"ssm.GetParameters": asks(func(_ *call, in *ssm.GetParametersInput) []ask {
			var out []ask
			for _, name := range in.Names {
				out = append(out, ask{"ssm:GetParameters", arnOf("ssm", "parameter/"+strings.TrimPrefix(name, "/")), nil})
			}
			return out
		}),
		"ecr.BatchGetImage": asks(func(_ *call, in *ecr.BatchGetImageInput) []ask {
			arn := "arn:aws:ecr:" + Region + ":" + Account + ":repository/" + aws.ToString(in.RepositoryName)
			if in.RegistryId != nil {
				arn = strings.Replace(arn, Account, *in.RegistryId, 1)
			}
			return []ask{{"ecr:BatchGetImage", arn, nil}}
		}),
		"lambda.GetFunctionConfiguration": asks(func(_ *call, in *lambda.GetFunctionConfigurationInput) []ask {
			return []ask{{"lambda:GetFunctionConfiguration", arnOf("lambda", "function:"+strings.TrimPrefix(aws.ToString(in.FunctionName), "function:")), nil}}
		}),
		"logs.GetLogEvents": asks(func(_ *call, in *cloudwatchlogs.GetLogEventsInput) []ask {
			return []ask{{"logs:GetLogEvents", group(in.LogGroupName, in.LogGroupIdentifier) + ":log-stream:" + aws.ToString(in.LogStreamName), nil}}
		}),
		// DescribeLogGroups: log-group*; the call names a prefix, and AWS authorises the account's groups.
		"logs.DescribeLogGroups": asks(func(*call, *cloudwatchlogs.DescribeLogGroupsInput) []ask {
			return []ask{{"logs:DescribeLogGroups", arnOf("logs", "log-group::log-stream:"), nil}}
		}),
		"sts.AssumeRole": asks(func(_ *call, in *sts.AssumeRoleInput) []ask {
			return []ask{{"sts:AssumeRole", aws.ToString(in.RoleArn), facts{}.filled("sts:ExternalId", aws.ToString(in.ExternalId)).filled("sts:RoleSessionName", aws.ToString(in.RoleSessionName))}}
		}),
	}
}
