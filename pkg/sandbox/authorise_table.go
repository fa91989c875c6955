package sandbox

import (
	"maps"
	"sync"
)

// authorisation is what each operation asks of IAM, by "ecs.CreateService": the
// actions, the resource types and the condition keys of the Service Authorization
// Reference, one page a service:
//
//	ecs                      list_amazonelasticcontainerservice.html
//	elasticloadbalancing     list_awselasticloadbalancingv2.html
//	cloudwatch               list_amazoncloudwatch.html
//	application-autoscaling  list_awsapplicationautoscaling.html
//	iam, lambda, logs, secretsmanager, ssm, ecr, sts, s3, sqs: their pages of the same book
//
// An operation that is not in it asks for its own action on "*": the pages list no
// resource type for it, or nobody has looked it up for the sandbox.
var authorisation = sync.OnceValue(func() map[string]asker {
	all := map[string]asker{}
	for _, m := range []map[string]asker{ecsAsks(), elbAsks(), alarmAsks(), scalingAsks(), aroundAsks(), sourceAsks()} {
		maps.Copy(all, m)
	}
	return all
})

// asks wraps a typed function into a table entry.
func asks[I any](fn func(c *call, in *I) []ask) asker {
	return func(c *call, in any) []ask { return fn(c, in.(*I)) }
}
