package sandbox

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	logstypes "github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs/types"
)

// logsReadOperations are what reads the lines of containers.
func logsReadOperations() []operation {
	return []operation{
		op("logs", "GetLogEvents", false, getLogEvents),
		op("logs", "FilterLogEvents", false, filterLogEvents),
		op("logs", "DescribeLogStreams", false, describeLogStreams),
	}
}

// mostLogEvents is the limit, and what is answered without one (GetLogEvents and
// FilterLogEvents: 10,000).
const mostLogEvents = 10000

// logGroup is the group that a call names, by name or by identifier.
func logGroup(name, identifier *string) (string, error) {
	id := aws.ToString(identifier)
	if _, after, ok := strings.Cut(id, ":log-group:"); ok {
		id = strings.TrimSuffix(after, ":*")
	}
	switch group := aws.ToString(name); {
	case group != "" && id != "":
		return "", refuse("InvalidParameterException", "LogGroup name and LogGroup identifier are mutually exclusive parameters.")
	case group == "" && id == "":
		return "", refuse("InvalidParameterException", "Either LogGroup name or LogGroup identifier must be specified.")
	case strings.HasSuffix(group+id, "missing"):
		return "", refuse("ResourceNotFoundException", "The specified log group does not exist.")
	default:
		return group + id, nil
	}
}

func checkLogLimit(limit *int32, most int32) (int, error) {
	if limit == nil {
		return int(most), nil
	}
	if *limit < 1 || *limit > most {
		return 0, refuse("InvalidParameterException", "1 validation error detected: Value '%d' at 'limit' failed to satisfy constraint: Member must have value between 1 and %d", *limit, most)
	}
	return int(*limit), nil
}

// getLogEvents reads one stream: its newest lines, or with startFromHead the oldest.
// The forward token of the end is answered with itself ("If you have reached the end
// of the stream, it returns the same token you passed in", API reference).
func getLogEvents(c *call, in *cloudwatchlogs.GetLogEventsInput) (*cloudwatchlogs.GetLogEventsOutput, error) {
	group, err := logGroup(in.LogGroupName, in.LogGroupIdentifier)
	if err != nil {
		return nil, err
	}
	limit, err := checkLogLimit(in.Limit, mostLogEvents)
	if err != nil {
		return nil, err
	}
	s := c.w.Logs.Streams[logKey(group, aws.ToString(in.LogStreamName))]
	if s == nil {
		return nil, refuse("ResourceNotFoundException", "The specified log stream does not exist.")
	}
	from, to := s.between(in.StartTime, in.EndTime)
	switch token := aws.ToString(in.NextToken); {
	case token == "" && aws.ToBool(in.StartFromHead):
		to = min(to, from+limit)
	case token == "":
		from = max(from, to-limit)
	default:
		forward, at, err := logToken(token)
		if err != nil {
			return nil, err
		}
		at -= s.Dropped
		if forward {
			from = max(from, min(at, len(s.Events)))
			to = min(max(to, from), from+limit)
		} else {
			to = min(to, max(at, 0))
			from = min(max(from, to-limit), to)
		}
	}
	out := &cloudwatchlogs.GetLogEventsOutput{Events: []logstypes.OutputLogEvent{},
		NextForwardToken:  aws.String(fmt.Sprintf("f/%056d/s", s.Dropped+to)),
		NextBackwardToken: aws.String(fmt.Sprintf("b/%056d/s", s.Dropped+from))}
	for _, e := range s.Events[from:max(from, to)] {
		out.Events = append(out.Events, logstypes.OutputLogEvent{Timestamp: aws.Int64(e.At), IngestionTime: aws.Int64(e.At), Message: aws.String(e.Message)})
	}
	return out, nil
}

// between are the bounds of the events of a time: the start is inclusive, the end not.
func (s *logStream) between(start, end *int64) (from, to int) {
	from, to = 0, len(s.Events)
	for start != nil && from < to && s.Events[from].At < *start {
		from++
	}
	for end != nil && to > from && s.Events[to-1].At >= *end {
		to--
	}
	return from, to
}

func logToken(token string) (forward bool, at int, err error) {
	words := strings.Split(token, "/")
	if len(words) == 3 && (words[0] == "f" || words[0] == "b") {
		if at, err = strconv.Atoi(words[1]); err == nil {
			return words[0] == "f", at, nil
		}
	}
	return false, 0, refuse("InvalidParameterException", "The specified nextToken is invalid.")
}

// filterLogEvents reads many streams at once, by time. Of filter patterns it knows
// plain terms, all of which a line must have.
func filterLogEvents(c *call, in *cloudwatchlogs.FilterLogEventsInput) (*cloudwatchlogs.FilterLogEventsOutput, error) {
	group, err := logGroup(in.LogGroupName, in.LogGroupIdentifier)
	if err != nil {
		return nil, err
	}
	limit, err := checkLogLimit(in.Limit, mostLogEvents)
	pattern := aws.ToString(in.FilterPattern)
	switch {
	case err != nil:
		return nil, err
	case len(in.LogStreamNames) > 100:
		return nil, refuse("InvalidParameterException", "1 validation error detected: Value at 'logStreamNames' failed to satisfy constraint: Member must have length less than or equal to 100")
	case len(in.LogStreamNames) > 0 && in.LogStreamNamePrefix != nil:
		return nil, refuse("InvalidParameterException", "LogStreamNamePrefix and LogStreamNames are mutually exclusive.")
	case strings.ContainsAny(pattern, `{}[]?"%`) || strings.Contains(" "+pattern, " -"):
		return nil, refuse("InvalidParameterException", "The embedded AWS knows filter patterns of plain terms only.")
	}
	var hits []logstypes.FilteredLogEvent
	for _, key := range slices.Sorted(maps.Keys(c.w.Logs.Streams)) {
		s := c.w.Logs.Streams[key]
		if s.Group != group || len(in.LogStreamNames) > 0 && !slices.Contains(in.LogStreamNames, s.Name) || !strings.HasPrefix(s.Name, aws.ToString(in.LogStreamNamePrefix)) {
			continue
		}
		from, to := s.between(in.StartTime, in.EndTime)
		for i := from; i < to; i++ {
			e := s.Events[i]
			if !slices.ContainsFunc(strings.Fields(pattern), func(term string) bool { return !strings.Contains(e.Message, term) }) {
				hits = append(hits, logstypes.FilteredLogEvent{EventId: aws.String(digest(fmt.Sprint(key, "\x00", s.Dropped+i))), LogStreamName: aws.String(s.Name),
					Timestamp: aws.Int64(e.At), IngestionTime: aws.Int64(e.At), Message: aws.String(e.Message)})
			}
		}
	}
	slices.SortStableFunc(hits, func(a, b logstypes.FilteredLogEvent) int { return cmp.Compare(*a.Timestamp, *b.Timestamp) })
	at := 0
	if token := aws.ToString(in.NextToken); token != "" {
		if at, err = strconv.Atoi(token); err != nil || at < 0 || at > len(hits) {
			return nil, refuse("InvalidParameterException", "The specified nextToken is invalid.")
		}
	}
	out := &cloudwatchlogs.FilterLogEventsOutput{Events: []logstypes.FilteredLogEvent{}, SearchedLogStreams: []logstypes.SearchedLogStream{}}
	end := min(at+limit, len(hits))
	out.Events = append(out.Events, hits[at:end]...)
	if end < len(hits) {
		out.NextToken = aws.String(strconv.Itoa(end))
	}
	return out, nil
}

func describeLogStreams(c *call, in *cloudwatchlogs.DescribeLogStreamsInput) (*cloudwatchlogs.DescribeLogStreamsOutput, error) {
	group, err := logGroup(in.LogGroupName, in.LogGroupIdentifier)
	if err != nil {
		return nil, err
	}
	limit, err := checkLogLimit(in.Limit, 50)
	if err != nil {
		return nil, err
	}
	var hits []logstypes.LogStream
	for _, key := range slices.Sorted(maps.Keys(c.w.Logs.Streams)) {
		s := c.w.Logs.Streams[key]
		if s.Group != group || !strings.HasPrefix(s.Name, aws.ToString(in.LogStreamNamePrefix)) {
			continue
		}
		v := logstypes.LogStream{LogStreamName: aws.String(s.Name), CreationTime: aws.Int64(s.Created),
			Arn: aws.String("arn:aws:logs:" + Region + ":" + Account + ":log-group:" + group + ":log-stream:" + s.Name)}
		if n := len(s.Events); n > 0 {
			v.FirstEventTimestamp, v.LastEventTimestamp, v.LastIngestionTime = aws.Int64(s.Events[0].At), aws.Int64(s.Events[n-1].At), aws.Int64(s.Events[n-1].At)
		}
		hits = append(hits, v)
	}
	if in.OrderBy == logstypes.OrderByLastEventTime {
		slices.SortStableFunc(hits, func(a, b logstypes.LogStream) int {
			return cmp.Compare(aws.ToInt64(a.LastEventTimestamp), aws.ToInt64(b.LastEventTimestamp))
		})
	}
	if aws.ToBool(in.Descending) {
		slices.Reverse(hits)
	}
	hits, next, err := tokenPage(hits, limit, in.NextToken, func(s logstypes.LogStream) string { return *s.LogStreamName })
	if err != nil {
		return nil, err
	}
	if aws.ToString(next) == "" {
		next = nil
	}
	return &cloudwatchlogs.DescribeLogStreamsOutput{LogStreams: append([]logstypes.LogStream{}, hits...), NextToken: next}, nil
}
