package iampolicy

import (
	"fmt"
	"slices"
	"strings"

	"github.com/ecs-operator/ecs-operator/pkg/kinds"
)

// everything is the resource of actions that have no resource types, and of reads:
// the operator looks for what it left behind in every cluster of a target.
var everything = []string{"*"}

// read is what diff calls. Source: the Describe and List actions of ELB and
// Application Auto Scaling and ecs:DescribeTaskDefinition take no resource type
// (Service Authorization Reference); DescribeAlarms must be on "*" to tell of
// composite alarms (DescribeAlarms, API reference).
func (b *builder) read() {
	b.add("Read", b.byVerb(kinds.Actions(kinds.UseObserve, "")), everything, nil)
	// GetLogEvents: log-stream* (list_amazoncloudwatchlogs.html).
	b.add("ReadLogs", kinds.Actions(kinds.UseLogs, ""), b.named("log groups", b.logGroups), nil)
}

// byVerb allows reads by their verb where the document must be short: no List or
// Describe of these services tells of a secret.
func (b *builder) byVerb(actions []string) []string {
	if !b.short {
		return actions
	}
	var out []string
	for _, a := range actions {
		service, name, _ := strings.Cut(a, ":")
		for _, verb := range []string{"Describe", "List"} {
			if strings.HasPrefix(name, verb) {
				a = service + ":" + verb + "*"
			}
		}
		out = append(out, a)
	}
	return out
}

// verify is what is asked before a rollout, of the very things that are named.
// Source: iam:GetRole role*, secretsmanager secret*, ssm parameter*, lambda
// function*, ecr:BatchGetImage repository* (their pages of the Service
// Authorization Reference); the others take no resource type.
func (b *builder) verify() {
	of := func(service string, operations ...string) []string {
		return slices.DeleteFunc(kinds.Actions(kinds.UseVerify, ""), func(a string) bool {
			prefix, name, _ := strings.Cut(a, ":")
			return prefix != service || len(operations) > 0 && !slices.Contains(operations, name)
		})
	}
	b.add("VerifyNetworksAndLogs", slices.Concat(of("ec2"), of("logs"), of("ecr", "GetAuthorizationToken", "DescribePullThroughCacheRules")), everything, nil)
	// GetDownloadUrlForLayer: the registry asks for it where an image is in no index,
	// and its configuration alone tells the CPU.
	b.add("VerifyImages", append(of("ecr", "BatchGetImage"), "ecr:GetDownloadUrlForLayer"), b.named("repositories", b.images), nil)
	var roles []string
	for _, arns := range b.roles {
		roles = append(roles, arns...)
	}
	b.add("VerifyRoles", of("iam"), b.named("roles", roles), nil)
	b.add("VerifySecrets", of("secretsmanager", "DescribeSecret"), b.named("secrets", b.secrets), nil)
	b.add("ReadRegistryCredentials", of("secretsmanager", "GetSecretValue"), b.named("secrets", b.credentials), nil)
	b.add("VerifyParameters", of("ssm"), b.named("parameters", b.parameters), nil)
	b.add("VerifyFunctions", of("lambda"), b.named("functions", b.functions), nil)
}

func actionsIf(holds bool, actions ...string) []string {
	if !holds {
		return nil
	}
	return actions
}

// operator is what its own identity needs: the sources, and the roles of the
// targets.
func (b *builder) operator() {
	if repository := codeCommit(b.o, b.o.Sources.Git); repository != "" {
		b.add("GitSource", []string{"codecommit:GitPull"}, []string{repository}, nil) // GitPull: repository*
	}
	if bucket, prefix, ok := strings.Cut(strings.TrimPrefix(b.o.Sources.S3, "s3://"), "/"); b.o.Sources.S3 != "" {
		arn := "arn:" + b.o.Partition + ":s3:::" + bucket
		// GetObject and GetObjectVersion: object*; ListBucket: bucket* with s3:prefix
		// (list_amazons3.html). Without ListBucket what is missing looks denied.
		objects := arn + "/" + prefix
		if prefix == "" || strings.HasSuffix(prefix, "/") { // else it is an archive
			objects += "*"
		}
		b.add("S3Objects", []string{"s3:GetObject", "s3:GetObjectVersion"}, []string{objects}, nil)
		var within Conditions
		if ok && prefix != "" {
			within = Conditions{"StringLike": {"s3:prefix": {prefix + "*"}}}
		}
		b.add("S3List", []string{"s3:ListBucket", "s3:ListBucketVersions"}, []string{arn}, within)
	}
	if queue := queueARN(b.o.Partition, b.o.Sources.Queue); queue != "" {
		b.add("Events", []string{"sqs:ReceiveMessage", "sqs:DeleteMessage"}, []string{queue}, nil) // queue*
	}
	for i, role := range b.o.Assume {
		var c Conditions
		if role.ExternalID != "" {
			c = Conditions{"StringEquals": {"sts:ExternalId": {role.ExternalID}}}
		}
		b.add(fmt.Sprint("Assume", i+1), []string{"sts:AssumeRole"}, []string{role.ARN}, c) // role* with sts:ExternalId
	}
}

// codeCommit is the ARN of a repository by its ARN or its URL,
// https://git-codecommit.REGION.amazonaws.com/v1/repos/NAME or codecommit::REGION://NAME;
// "" for another git.
func codeCommit(o Options, git string) string {
	if strings.HasPrefix(git, "arn:") {
		return git
	}
	_, rest, _ := strings.Cut(git, "://git-codecommit.")
	region, after, _ := strings.Cut(rest, ".")
	_, name, ok := strings.Cut(after, "/v1/repos/")
	if short, is := strings.CutPrefix(git, "codecommit::"); is {
		region, name, ok = strings.Cut(short, "://")
	}
	if !ok {
		return ""
	}
	account := o.Account
	if account == "" {
		account = "*"
	}
	return "arn:" + o.Partition + ":codecommit:" + region + ":" + account + ":" + strings.Trim(name, "/")
}

// queueARN is the ARN of a queue by its ARN or its URL,
// https://sqs.REGION.amazonaws.com/ACCOUNT/NAME.
func queueARN(partition, queue string) string {
	if strings.HasPrefix(queue, "arn:") || queue == "" {
		return queue
	}
	_, rest, _ := strings.Cut(queue, "://")
	parts := strings.Split(rest, "/")
	host := strings.Split(parts[0], ".")
	if len(parts) != 3 {
		return ""
	}
	region := "*"
	if len(host) > 2 && host[0] == "sqs" {
		region = host[1]
	}
	return "arn:" + partition + ":sqs:" + region + ":" + parts[1] + ":" + parts[2]
}
