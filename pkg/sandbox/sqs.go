package sandbox

import (
	"crypto/md5"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	sqstypes "github.com/aws/aws-sdk-go-v2/service/sqs/types"

	"github.com/ecs-operator/ecs-operator/pkg/shape"
)

// sqsWorld is what SQS remembers: standard queues.
type sqsWorld struct {
	Queues map[string]*sqsQueue // by name
}

type sqsQueue struct {
	Created    time.Time
	Attributes map[string]string
	Messages   []sqsMessage // oldest first
}

type sqsMessage struct {
	ID       string
	Body     string
	Sent     time.Time
	Visible  time.Time // from when on it may be received
	First    time.Time // when it was received first
	Receives int
	Receipt  string // the handle of the last receipt
}

// Defaults and limits of the SQS developer guide ("Amazon SQS quotas", CreateQueue).
const (
	sqsRetention  = 4 * 24 * time.Hour
	sqsVisibility = 30 * time.Second
	sqsMostBytes  = 1 << 20 // 1 MiB since 2025-08
)

func sqsOperations() []operation {
	return []operation{
		op("sqs", "CreateQueue", true, sqsCreateQueue),
		op("sqs", "DeleteQueue", true, sqsDeleteQueue),
		op("sqs", "GetQueueUrl", false, sqsGetQueueURL),
		op("sqs", "GetQueueAttributes", false, sqsGetQueueAttributes),
		op("sqs", "SendMessage", true, sqsSendMessage),
		op("sqs", "ReceiveMessage", true, sqsReceiveMessage),
		op("sqs", "DeleteMessage", true, sqsDeleteMessage),
		op("sqs", "DeleteMessageBatch", true, sqsDeleteMessageBatch),
	}
}

// sqsURL is a queue's address; the name of the account's owner stands in it.
func sqsURL(name string) string {
	return "https://sqs." + Region + ".amazonaws.com/" + Account + "/" + name
}

// sqsQueueOf finds a queue by its URL, of whatever host: clients that were led to
// the sandbox write its own.
func sqsQueueOf(c *call, url *string) (*sqsQueue, string, error) {
	name := aws.ToString(url)
	name = name[strings.LastIndex(name, "/")+1:]
	if q := c.w.SQS.Queues[name]; q != nil {
		q.expire(c.Now)
		return q, name, nil
	}
	return nil, name, refuse("QueueDoesNotExist", "The specified queue does not exist.")
}

// expire drops what is older than the retention.
func (q *sqsQueue) expire(now time.Time) {
	keep := q.seconds("MessageRetentionPeriod", sqsRetention)
	q.Messages = slices.DeleteFunc(q.Messages, func(m sqsMessage) bool { return now.Sub(m.Sent) > keep })
}

func (q *sqsQueue) seconds(name string, usual time.Duration) time.Duration {
	n, err := strconv.Atoi(q.Attributes[name])
	if err != nil {
		return usual
	}
	return time.Duration(n) * time.Second
}

// sqsCreateQueue: one that exists with the same attributes is answered, one with
// others refused.
func sqsCreateQueue(c *call, in *sqs.CreateQueueInput) (*sqs.CreateQueueOutput, error) {
	name := aws.ToString(in.QueueName)
	if strings.HasSuffix(name, ".fifo") {
		return nil, refuse("UnsupportedOperation", "the sandbox has standard queues only")
	}
	if !shape.IsName(name, 80, "_-") {
		return nil, refuse("InvalidParameterValue", "Can only include alphanumeric characters, hyphens, or underscores. 1 to 80 in length")
	}
	if have := c.w.SQS.Queues[name]; have != nil {
		for k, v := range in.Attributes {
			if have.Attributes[k] != v {
				return nil, refuse("QueueNameExists", "A queue already exists with the same name and a different value for attribute %s", k)
			}
		}
		return &sqs.CreateQueueOutput{QueueUrl: aws.String(sqsURL(name))}, nil
	}
	if c.w.SQS.Queues == nil {
		c.w.SQS.Queues = map[string]*sqsQueue{}
	}
	q := &sqsQueue{Created: c.Now, Attributes: map[string]string{}}
	for k, v := range in.Attributes {
		q.Attributes[k] = v
	}
	c.w.SQS.Queues[name] = q
	return &sqs.CreateQueueOutput{QueueUrl: aws.String(sqsURL(name))}, nil
}

func sqsDeleteQueue(c *call, in *sqs.DeleteQueueInput) (*sqs.DeleteQueueOutput, error) {
	_, name, err := sqsQueueOf(c, in.QueueUrl)
	if err != nil {
		return nil, err
	}
	delete(c.w.SQS.Queues, name)
	return &sqs.DeleteQueueOutput{}, nil
}

func sqsGetQueueURL(c *call, in *sqs.GetQueueUrlInput) (*sqs.GetQueueUrlOutput, error) {
	_, name, err := sqsQueueOf(c, in.QueueName)
	if err != nil {
		return nil, err
	}
	return &sqs.GetQueueUrlOutput{QueueUrl: aws.String(sqsURL(name))}, nil
}

func sqsGetQueueAttributes(c *call, in *sqs.GetQueueAttributesInput) (*sqs.GetQueueAttributesOutput, error) {
	q, name, err := sqsQueueOf(c, in.QueueUrl)
	if err != nil {
		return nil, err
	}
	visible, delayed, hidden := 0, 0, 0
	for _, m := range q.Messages {
		switch {
		case !m.Visible.After(c.Now):
			visible++
		case m.Receives == 0:
			delayed++
		default:
			hidden++
		}
	}
	all := map[string]string{
		"QueueArn":                              "arn:aws:sqs:" + Region + ":" + Account + ":" + name,
		"ApproximateNumberOfMessages":           strconv.Itoa(visible),
		"ApproximateNumberOfMessagesNotVisible": strconv.Itoa(hidden),
		"ApproximateNumberOfMessagesDelayed":    strconv.Itoa(delayed),
		"CreatedTimestamp":                      strconv.FormatInt(q.Created.Unix(), 10),
		"VisibilityTimeout":                     strconv.Itoa(int(sqsVisibility / time.Second)),
		"MessageRetentionPeriod":                strconv.Itoa(int(sqsRetention / time.Second)),
		"DelaySeconds":                          "0",
		"ReceiveMessageWaitTimeSeconds":         "0",
		"MaximumMessageSize":                    strconv.Itoa(sqsMostBytes),
	}
	for k, v := range q.Attributes {
		all[k] = v
	}
	out := &sqs.GetQueueAttributesOutput{Attributes: map[string]string{}}
	for _, want := range in.AttributeNames {
		for k, v := range all {
			if want == sqstypes.QueueAttributeNameAll || string(want) == k {
				out.Attributes[k] = v
			}
		}
	}
	return out, nil
}

func md5Hex(s string) *string {
	sum := md5.Sum([]byte(s))
	return aws.String(hex.EncodeToString(sum[:]))
}

func sqsSendMessage(c *call, in *sqs.SendMessageInput) (*sqs.SendMessageOutput, error) {
	q, _, err := sqsQueueOf(c, in.QueueUrl)
	if err != nil {
		return nil, err
	}
	body := aws.ToString(in.MessageBody)
	switch {
	case body == "":
		return nil, refuse("MissingParameter", "The request must contain the parameter MessageBody.")
	case len(body) > sqsMostBytes:
		return nil, refuse("InvalidParameterValue", "One or more parameters are invalid. Reason: Message must be shorter than %d bytes.", sqsMostBytes)
	case !utf8.ValidString(body):
		return nil, refuse("InvalidMessageContents", "The message contains characters outside the allowed set.")
	case len(in.MessageAttributes) > 0:
		return nil, refuse("UnsupportedOperation", "the sandbox keeps no message attributes")
	}
	id := c.w.hexID(32)
	m := sqsMessage{ID: fmt.Sprintf("%s-%s-%s-%s-%s", id[:8], id[8:12], id[12:16], id[16:20], id[20:]), Body: body, Sent: c.Now,
		Visible: c.Now.Add(max(time.Duration(in.DelaySeconds)*time.Second, q.seconds("DelaySeconds", 0)))}
	q.Messages = append(q.Messages, m)
	return &sqs.SendMessageOutput{MessageId: aws.String(m.ID), MD5OfMessageBody: md5Hex(body)}, nil
}

// sqsReceiveMessage gives up to ten messages that are visible and hides them for a
// while. Without one it waits for the first, as long as it was asked to ("long
// polling"): then the call is made again.
func sqsReceiveMessage(c *call, in *sqs.ReceiveMessageInput) (*sqs.ReceiveMessageOutput, error) {
	q, _, err := sqsQueueOf(c, in.QueueUrl)
	if err != nil {
		return nil, err
	}
	most := int(in.MaxNumberOfMessages)
	if most == 0 {
		most = 1
	}
	wait := q.seconds("ReceiveMessageWaitTimeSeconds", 0)
	if in.WaitTimeSeconds > 0 {
		wait = time.Duration(in.WaitTimeSeconds) * time.Second
	}
	hide := q.seconds("VisibilityTimeout", sqsVisibility)
	if in.VisibilityTimeout > 0 {
		hide = time.Duration(in.VisibilityTimeout) * time.Second
	}
	if most < 1 || most > 10 || wait > 20*time.Second || wait < 0 {
		return nil, refuse("InvalidParameterValue", "Value for parameter MaxNumberOfMessages or WaitTimeSeconds is invalid. Reason: Must be between 1 and 10, and between 0 and 20, if provided.")
	}
	out := &sqs.ReceiveMessageOutput{}
	var next time.Time // when the first of those that are hidden comes back
	for i := range q.Messages {
		m := &q.Messages[i]
		if m.Visible.After(c.Now) {
			if next.IsZero() || m.Visible.Before(next) {
				next = m.Visible
			}
			continue
		}
		if len(out.Messages) == most {
			break
		}
		if m.Receives++; m.First.IsZero() {
			m.First = c.Now
		}
		m.Visible = c.Now.Add(hide)
		m.Receipt = base64.StdEncoding.EncodeToString([]byte(c.w.hexID(64)))
		out.Messages = append(out.Messages, sqsReceived(*m, in))
	}
	if len(out.Messages) == 0 {
		if c.wait = wait; !next.IsZero() {
			c.wait = min(wait, next.Sub(c.Now))
		}
	}
	return out, nil
}

// sqsReceived is a message as it is given out.
func sqsReceived(m sqsMessage, in *sqs.ReceiveMessageInput) sqstypes.Message {
	out := sqstypes.Message{MessageId: aws.String(m.ID), Body: aws.String(m.Body), MD5OfBody: md5Hex(m.Body), ReceiptHandle: aws.String(m.Receipt)}
	all := map[string]string{
		"SentTimestamp":                    strconv.FormatInt(m.Sent.UnixMilli(), 10),
		"ApproximateReceiveCount":          strconv.Itoa(m.Receives),
		"ApproximateFirstReceiveTimestamp": strconv.FormatInt(m.First.UnixMilli(), 10),
	}
	for _, want := range in.MessageSystemAttributeNames {
		for k, v := range all {
			if want == sqstypes.MessageSystemAttributeNameAll || string(want) == k {
				if out.Attributes == nil {
					out.Attributes = map[string]string{}
				}
				out.Attributes[k] = v
			}
		}
	}
	return out
}

// drop deletes by receipt; one of an earlier receipt is taken and changes nothing.
func (q *sqsQueue) drop(receipt string) error {
	if raw, err := base64.StdEncoding.DecodeString(receipt); err != nil || len(raw) != 64 {
		return &apiError{Code: "ReceiptHandleIsInvalid", Status: http.StatusBadRequest, Message: "The input receipt handle is invalid."}
	}
	q.Messages = slices.DeleteFunc(q.Messages, func(m sqsMessage) bool { return m.Receipt == receipt })
	return nil
}

func sqsDeleteMessage(c *call, in *sqs.DeleteMessageInput) (*sqs.DeleteMessageOutput, error) {
	q, _, err := sqsQueueOf(c, in.QueueUrl)
	if err == nil {
		err = q.drop(aws.ToString(in.ReceiptHandle))
	}
	return &sqs.DeleteMessageOutput{}, err
}

func sqsDeleteMessageBatch(c *call, in *sqs.DeleteMessageBatchInput) (*sqs.DeleteMessageBatchOutput, error) {
	q, _, err := sqsQueueOf(c, in.QueueUrl)
	if err != nil {
		return nil, err
	}
	if len(in.Entries) == 0 {
		return nil, refuse("EmptyBatchRequest", "There should be at least one DeleteMessageBatchRequestEntry in the request.")
	}
	if len(in.Entries) > 10 {
		return nil, refuse("TooManyEntriesInBatchRequest", "Maximum number of entries per request are 10. You have sent %d.", len(in.Entries))
	}
	out := &sqs.DeleteMessageBatchOutput{Successful: []sqstypes.DeleteMessageBatchResultEntry{}, Failed: []sqstypes.BatchResultErrorEntry{}}
	for _, e := range in.Entries {
		if err := q.drop(aws.ToString(e.ReceiptHandle)); err != nil {
			out.Failed = append(out.Failed, sqstypes.BatchResultErrorEntry{Id: e.Id, Code: aws.String(errorCode(err)), SenderFault: true, Message: aws.String("The input receipt handle is invalid.")})
			continue
		}
		out.Successful = append(out.Successful, sqstypes.DeleteMessageBatchResultEntry{Id: e.Id})
	}
	return out, nil
}
