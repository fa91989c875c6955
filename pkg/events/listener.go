package events

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/url"
	"regexp"
	"strconv"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	sqstypes "github.com/aws/aws-sdk-go-v2/service/sqs/types"
	"go.uber.org/zap"

	"github.com/ecs-operator/ecs-operator/pkg/awsclient"
	"github.com/ecs-operator/ecs-operator/pkg/resource"
)

// Rhythms of a listener.
const (
	longPoll     = 20 // seconds: the most that SQS waits
	firstBackoff = time.Second
	longBackoff  = 5 * time.Minute
)

// Outcomes of a message, as they are counted.
const (
	Accepted = "accepted"
	Ignored  = "ignored" // an event that is nothing to us
	Refused  = "refused" // no event at all
)

// Options of a Listener.
type Options struct {
	Provider awsclient.Provider
	Target   string
	// Queue is the URL of the queue.
	Queue string
	// Requeue looks at a service now; it answers how many it means.
	Requeue func(cluster, service string) int
	// Poke looks at the source now; nil where no event tells of it.
	Poke func()
	// Count is told of every message.
	Count func(outcome string)
	Log   *zap.Logger
}

// Listener hears the events of one queue.
type Listener struct {
	o      Options
	region string
	told   bool // of a message that is not understood
}

// queueURL: https://sqs.REGION.amazonaws.com/ACCOUNT/NAME, also in the forms of
// other partitions and of VPC endpoints (vpce-….sqs.REGION.vpce.amazonaws.com).
var queueURL = regexp.MustCompile(`(?:^|\.)sqs(?:-fips)?\.([a-z]{2}(?:-[a-z]+)+-[0-9]{1,2})\.[a-z0-9.]+$`)

// New checks the options. It makes no call.
func New(o Options) (*Listener, error) {
	u, err := url.Parse(o.Queue)
	if err != nil || u.Host == "" || u.Scheme != "https" && u.Scheme != "http" || u.User != nil { // not quoted: it may hold a password
		return nil, errors.New("that is no URL of a queue: want https://sqs.REGION.amazonaws.com/ACCOUNT/NAME")
	}
	l := &Listener{o: o}
	if m := queueURL.FindStringSubmatch(u.Hostname()); m != nil {
		l.region = m[1]
	}
	return l, nil
}

// Run listens until ctx ends.
func (l *Listener) Run(ctx context.Context) {
	failed := 0
	for ctx.Err() == nil {
		err := l.once(ctx)
		switch {
		case ctx.Err() != nil:
			return
		case err != nil:
			if failed++; failed == 1 {
				l.o.Log.Warn("the queue of events cannot be read: what happens is seen at the next poll or resync until it can", zap.String("queue", l.o.Queue), zap.Error(err))
			}
			pause := min(firstBackoff<<min(failed-1, 10), longBackoff)
			rest(ctx, pause/2+rand.N(pause/2+1))
		case failed > 0:
			failed = 0
			l.o.Log.Info("the queue of events is read again", zap.String("queue", l.o.Queue))
		}
	}
}

func rest(ctx context.Context, d time.Duration) {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
	case <-t.C:
	}
}

// once receives what there is, handles it and deletes it.
func (l *Listener) once(ctx context.Context) error {
	clients, err := l.o.Provider.For(ctx, l.o.Target)
	if err != nil {
		return err
	}
	client := clients.Write.SQS // a receipt changes what others may receive
	in := func(o *sqs.Options) {
		if l.region != "" {
			o.Region = l.region
		}
	}
	got, err := client.ReceiveMessage(ctx, &sqs.ReceiveMessageInput{QueueUrl: &l.o.Queue, MaxNumberOfMessages: 10, WaitTimeSeconds: longPoll}, in)
	if err != nil {
		return plain(err)
	}
	if len(got.Messages) == 0 {
		return nil
	}
	var done []sqstypes.DeleteMessageBatchRequestEntry
	for i, m := range got.Messages {
		l.handle(aws.ToString(m.Body))
		done = append(done, sqstypes.DeleteMessageBatchRequestEntry{Id: aws.String(strconv.Itoa(i)), ReceiptHandle: m.ReceiptHandle})
	}
	out, err := client.DeleteMessageBatch(ctx, &sqs.DeleteMessageBatchInput{QueueUrl: &l.o.Queue, Entries: done}, in)
	if err != nil {
		return plain(err)
	}
	if len(out.Failed) > 0 {
		return fmt.Errorf("%d messages could not be deleted: %s", len(out.Failed), aws.ToString(out.Failed[0].Code))
	}
	return nil
}

// handle takes one message. Whatever it says, it is handled.
func (l *Listener) handle(body string) {
	h, err := parse(body)
	switch {
	case err != nil:
		l.o.Count(Refused)
		if !l.told {
			l.told = true
			l.o.Log.Warn("a message in the queue of events is none: it is deleted, and others like it are only counted", zap.String("queue", l.o.Queue))
		}
	case h.source && l.o.Poke != nil:
		l.o.Poke()
		l.o.Count(Accepted)
	case h.service != "" && l.o.Requeue(h.cluster, h.service) > 0:
		l.o.Count(Accepted)
	default:
		l.o.Count(Ignored)
	}
}

// plain takes the SDK's frames off an error.
func plain(err error) error {
	var e *resource.Error
	if !errors.As(err, &e) {
		return err
	}
	if e.Class == resource.ClassDenied {
		return fmt.Errorf("the caller may not: %w; allow it sqs:ReceiveMessage and sqs:DeleteMessage on the queue", e)
	}
	return e
}
