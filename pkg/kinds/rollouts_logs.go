package kinds

import (
	"context"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	"github.com/aws/aws-sdk-go-v2/service/ecs/types"

	"github.com/ecs-operator/ecs-operator/pkg/awsclient"
	"github.com/ecs-operator/ecs-operator/pkg/resource"
)

// LogStreams finds each container's stream by the task definition that its task runs.
func (r *rollouts) LogStreams(ctx context.Context, service resource.Live) ([]resource.LogStream, error) {
	c, err := r.clients(ctx, service.ID.Target)
	if err != nil {
		return nil, err
	}
	tasks, err := r.described(ctx, c, service)
	if err != nil {
		return nil, err
	}
	var out []resource.LogStream
	for i := range tasks {
		t := &tasks[i]
		td, err := r.revisionOf(ctx, c, aws.ToString(t.TaskDefinitionArn))
		if resource.ClassOf(err) == resource.ClassNotFound {
			continue // deleted: nothing says where it wrote
		}
		if err != nil {
			return nil, err
		}
		for _, d := range td.content().ContainerDefinitions {
			out = append(out, streamOf(t, d))
		}
	}
	return out, nil
}

// streamOf is where a container of a task writes: prefix/container/task, and on an
// instance without a prefix a stream of the container's id ("awslogs-stream-prefix",
// Developer Guide).
func streamOf(t *types.Task, d types.ContainerDefinition) resource.LogStream {
	s := resource.LogStream{Task: lastSegment(aws.ToString(t.TaskArn)), TaskDefinition: lastSegment(aws.ToString(t.TaskDefinitionArn)),
		Container: aws.ToString(d.Name), Stopped: aws.ToString(t.LastStatus) == "STOPPED"}
	l := d.LogConfiguration
	if l == nil {
		return s
	}
	s.Driver = string(l.LogDriver)
	if l.LogDriver != types.LogDriverAwslogs {
		return s
	}
	s.Group, s.Region = l.Options["awslogs-group"], l.Options["awslogs-region"]
	if prefix := l.Options["awslogs-stream-prefix"]; prefix != "" {
		s.Stream = prefix + "/" + s.Container + "/" + s.Task
		return s
	}
	if i := slices.IndexFunc(t.Containers, func(c types.Container) bool { return aws.ToString(c.Name) == s.Container }); i >= 0 {
		s.Stream = aws.ToString(t.Containers[i].RuntimeId)
	}
	return s
}

// revisionOf reads a task definition revision, whose content never changes, once.
func (r *rollouts) revisionOf(ctx context.Context, c *awsclient.Clients, arn string) (revision, error) {
	if td, ok := r.tasks.Get(arn); ok {
		return td, nil
	}
	td, err := describeTask(ctx, c, arn)
	if err != nil {
		return revision{}, err
	}
	r.tasks.Put(arn, *td)
	return *td, nil
}

// mostAtOnce is the most that GetLogEvents answers with (API reference).
const mostAtOnce = 10000

// ReadLog reads one page of a stream. AWS answers the end with the token that it was
// asked with.
func (r *rollouts) ReadLog(ctx context.Context, target string, s resource.LogStream, from resource.LogCursor, since int64, n int) ([]resource.LogLine, resource.LogCursor, error) {
	c, err := r.clients(ctx, target)
	if err != nil {
		return nil, from, err
	}
	in := &cloudwatchlogs.GetLogEventsInput{LogGroupName: &s.Group, LogStreamName: &s.Stream, StartFromHead: aws.Bool(true)}
	if since > 0 {
		in.StartTime = aws.Int64(since)
	}
	switch {
	case from != "":
		in.NextToken = aws.String(string(from))
	case n > 0:
		in.StartFromHead, in.Limit = aws.Bool(false), aws.Int32(int32(min(n, mostAtOnce)))
	}
	out, err := c.Read.Logs.GetLogEvents(ctx, in, func(o *cloudwatchlogs.Options) {
		if s.Region != "" {
			o.Region = s.Region // the driver writes where its options say
		}
	})
	if resource.ClassOf(err) == resource.ClassNotFound && strings.Contains(err.Error(), "log stream") {
		return nil, from, nil // the container has not said anything yet
	}
	if err != nil {
		return nil, from, err
	}
	lines := make([]resource.LogLine, 0, len(out.Events))
	for _, e := range out.Events {
		lines = append(lines, resource.LogLine{At: aws.ToInt64(e.Timestamp), Task: s.Task, Container: s.Container, Message: aws.ToString(e.Message)})
	}
	return lines, resource.LogCursor(aws.ToString(out.NextForwardToken)), nil
}
