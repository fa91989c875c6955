package sandbox

import (
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
)

// sourceAsks: where documents and events come from. list_amazons3.html: actions are
// named by what they allow, not by the operation, and s3:prefix is a key of
// ListBucket; list_amazonsqs.html: all but ListQueues take the queue, and a batch is
// allowed by the action of one.
func sourceAsks() map[string]asker {
	out := map[string]asker{}
	bucket := func(operation, action string) {
		out["s3."+operation] = asks(func(_ *call, in *s3In) []ask {
			a := ask{action: "s3:" + action, resource: "arn:aws:s3:::" + in.Bucket}
			if operation == "ListObjectsV2" {
				a.facts = a.facts.set("s3:prefix", in.param("prefix"))
			}
			return []ask{a}
		})
	}
	for operation, action := range map[string]string{
		"CreateBucket": "CreateBucket", "DeleteBucket": "DeleteBucket", "HeadBucket": "ListBucket", "ListObjectsV2": "ListBucket",
		"GetBucketLocation": "GetBucketLocation", "GetBucketVersioning": "GetBucketVersioning", "PutBucketVersioning": "PutBucketVersioning",
	} {
		bucket(operation, action)
	}
	out["s3.ListBuckets"] = asks(func(*call, *s3In) []ask { return []ask{{action: "s3:ListAllMyBuckets", resource: "*"}} })
	for operation, action := range map[string]string{"PutObject": "PutObject", "GetObject": "GetObject", "HeadObject": "GetObject", "DeleteObject": "DeleteObject"} {
		out["s3."+operation] = asks(func(_ *call, in *s3In) []ask {
			a := ask{action: "s3:" + action, resource: "arn:aws:s3:::" + in.Bucket + "/" + in.Key}
			if in.param("versionId") != "" && operation != "PutObject" {
				a.action += "Version"
			}
			return []ask{a}
		})
	}
	queue := func(action, url string) []ask {
		return []ask{{action: "sqs:" + action, resource: arnOf("sqs", url[strings.LastIndex(url, "/")+1:])}}
	}
	out["sqs.CreateQueue"] = asks(func(_ *call, in *sqs.CreateQueueInput) []ask { return queue("CreateQueue", aws.ToString(in.QueueName)) })
	out["sqs.GetQueueUrl"] = asks(func(_ *call, in *sqs.GetQueueUrlInput) []ask { return queue("GetQueueUrl", aws.ToString(in.QueueName)) })
	out["sqs.DeleteQueue"] = asks(func(_ *call, in *sqs.DeleteQueueInput) []ask { return queue("DeleteQueue", aws.ToString(in.QueueUrl)) })
	out["sqs.GetQueueAttributes"] = asks(func(_ *call, in *sqs.GetQueueAttributesInput) []ask {
		return queue("GetQueueAttributes", aws.ToString(in.QueueUrl))
	})
	out["sqs.SendMessage"] = asks(func(_ *call, in *sqs.SendMessageInput) []ask { return queue("SendMessage", aws.ToString(in.QueueUrl)) })
	out["sqs.ReceiveMessage"] = asks(func(_ *call, in *sqs.ReceiveMessageInput) []ask {
		return queue("ReceiveMessage", aws.ToString(in.QueueUrl))
	})
	out["sqs.DeleteMessage"] = asks(func(_ *call, in *sqs.DeleteMessageInput) []ask {
		return queue("DeleteMessage", aws.ToString(in.QueueUrl))
	})
	out["sqs.DeleteMessageBatch"] = asks(func(_ *call, in *sqs.DeleteMessageBatchInput) []ask {
		return queue("DeleteMessage", aws.ToString(in.QueueUrl))
	})
	return out
}
