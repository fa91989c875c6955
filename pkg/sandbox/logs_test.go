package sandbox

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	logstypes "github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs/types"
)

// The SDK reads streams as CloudWatch Logs gives them: the newest lines without a
// token, on and back with one, the token of the end answered with itself.
func TestLogEvents(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := New(Options{})
		c := cloudwatchlogs.NewFromConfig(scalingConfig(s))
		say := func(stream string, from, to int) {
			s.mu.Lock()
			defer s.mu.Unlock()
			s.world.Clock = s.now()
			for i := from; i < to; i++ {
				s.world.say("/ecs/web", stream, fmt.Sprintf("line %d of %s", i, stream))
			}
		}
		say("a", 0, 5)
		time.Sleep(time.Minute)
		say("b", 0, 2)
		say("a", 5, 8)
		get := func(in cloudwatchlogs.GetLogEventsInput) (string, *cloudwatchlogs.GetLogEventsOutput) {
			t.Helper()
			in.LogGroupName, in.LogStreamName = aws.String("/ecs/web"), aws.String("a")
			out, err := c.GetLogEvents(t.Context(), &in)
			if err != nil {
				t.Fatal(err)
			}
			var lines []string
			for _, e := range out.Events {
				lines = append(lines, strings.Fields(*e.Message)[1])
			}
			return strings.Join(lines, ""), out
		}
		expect := func(what, got, want string) {
			t.Helper()
			if got != want {
				t.Errorf("%s: lines %q, want %q", what, got, want)
			}
		}
		lines, all := get(cloudwatchlogs.GetLogEventsInput{})
		expect("all", lines, "01234567")
		lines, newest := get(cloudwatchlogs.GetLogEventsInput{Limit: aws.Int32(3)})
		expect("the newest", lines, "567")
		lines, _ = get(cloudwatchlogs.GetLogEventsInput{Limit: aws.Int32(3), NextToken: newest.NextBackwardToken})
		expect("before them", lines, "234")
		lines, end := get(cloudwatchlogs.GetLogEventsInput{NextToken: newest.NextForwardToken, StartFromHead: aws.Bool(true)})
		expect("after them", lines, "")
		if *end.NextForwardToken != *newest.NextForwardToken || *all.NextForwardToken != *end.NextForwardToken {
			t.Error("the end is not answered with its own token")
		}
		lines, head := get(cloudwatchlogs.GetLogEventsInput{Limit: aws.Int32(3), StartFromHead: aws.Bool(true)})
		expect("the oldest", lines, "012")
		lines, _ = get(cloudwatchlogs.GetLogEventsInput{NextToken: head.NextForwardToken, StartFromHead: aws.Bool(true)})
		expect("on from them", lines, "34567")
		lines, _ = get(cloudwatchlogs.GetLogEventsInput{StartTime: aws.Int64(time.Now().UnixMilli())})
		expect("of the last minute", lines, "567")
		say("a", 8, 9)
		lines, _ = get(cloudwatchlogs.GetLogEventsInput{NextToken: end.NextForwardToken, StartFromHead: aws.Bool(true)})
		expect("what came since", lines, "8")

		found, err := c.FilterLogEvents(t.Context(), &cloudwatchlogs.FilterLogEventsInput{LogGroupName: aws.String("/ecs/web"), FilterPattern: aws.String("line b"), Limit: aws.Int32(1)})
		if err != nil || len(found.Events) != 1 || *found.Events[0].Message != "line 0 of b" || found.NextToken == nil {
			t.Errorf("%+v %v", found, err)
		}
		streams, err := c.DescribeLogStreams(t.Context(), &cloudwatchlogs.DescribeLogStreamsInput{LogGroupName: aws.String("/ecs/web")})
		if err != nil || !slices.EqualFunc(streams.LogStreams, []string{"a", "b"}, func(s logstypes.LogStream, name string) bool { return *s.LogStreamName == name }) || streams.NextToken != nil {
			t.Errorf("%+v %v", streams, err)
		}
		for stream, words := range map[string]string{"/ecs/web none": "log stream does not exist", "/ecs/missing a": "log group does not exist"} {
			group, name, _ := strings.Cut(stream, " ")
			_, err := c.GetLogEvents(t.Context(), &cloudwatchlogs.GetLogEventsInput{LogGroupName: &group, LogStreamName: &name})
			if err == nil || !strings.Contains(err.Error(), "ResourceNotFoundException") || !strings.Contains(err.Error(), words) {
				t.Errorf("%s: %v", stream, err)
			}
		}
		say("a", 0, 3*logLinesKept)
		_, out := get(cloudwatchlogs.GetLogEventsInput{NextToken: end.NextForwardToken, StartFromHead: aws.Bool(true)})
		if len(out.Events) != logLinesKept {
			t.Errorf("%d lines are kept", len(out.Events))
		}
		for n := range 2 * logStreamsKept {
			say(fmt.Sprint("many/", n), 0, 1)
		}
		if n := len(s.world.Logs.Streams); n > logStreamsKept {
			t.Errorf("%d streams are kept", n)
		}
	})
}
