package sandbox

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ecs/types"
)

// logsWorld is what CloudWatch Logs remembers: the streams of containers with the
// awslogs driver, by "group\x00stream". Containers of the sandbox run no program;
// they say a few lines about their life.
type logsWorld struct {
	Streams map[string]*logStream
}

// logStream is one stream. Its oldest lines are dropped, which AWS would not do.
type logStream struct {
	Group, Name string
	Created     int64 // ms
	Dropped     int
	Events      []logEvent
}

type logEvent struct {
	At      int64 // ms
	Message string
}

// What is kept: enough to read, whatever is tried.
const (
	logLinesKept   = 200
	logStreamsKept = 500
)

func logKey(group, stream string) string { return group + "\x00" + stream }

// sayAll lets the containers of a task that a filter picks say something.
func (w *World) sayAll(t *ecsTask, text func(c types.Container) string) {
	var def *ecsTaskDef
	for _, c := range t.Task.Containers {
		line := text(c)
		if line == "" {
			continue
		}
		if def == nil {
			if def = w.taskDefinition(aws.ToString(t.Task.TaskDefinitionArn)); def == nil {
				return
			}
		}
		i := slices.IndexFunc(def.Definition.ContainerDefinitions, func(d types.ContainerDefinition) bool { return aws.ToString(d.Name) == aws.ToString(c.Name) })
		if i < 0 {
			continue
		}
		if group, stream := logPlace(def.Definition.ContainerDefinitions[i].LogConfiguration, c, t.id()); group != "" && !strings.HasSuffix(group, "missing") {
			w.say(group, stream, line)
		}
	}
}

// logPlace is where a container writes: prefix/container/task, and without a prefix
// a stream of the container's id ("awslogs-stream-prefix", Developer Guide).
func logPlace(l *types.LogConfiguration, c types.Container, task string) (group, stream string) {
	if l == nil || l.LogDriver != types.LogDriverAwslogs || l.Options["awslogs-group"] == "" {
		return "", ""
	}
	if prefix := l.Options["awslogs-stream-prefix"]; prefix != "" {
		return l.Options["awslogs-group"], prefix + "/" + aws.ToString(c.Name) + "/" + task
	}
	return l.Options["awslogs-group"], aws.ToString(c.RuntimeId)
}

func (w *World) say(group, stream, text string) {
	if w.Logs.Streams == nil {
		w.Logs.Streams = map[string]*logStream{}
	}
	key, now := logKey(group, stream), w.Clock.UnixMilli()
	s := w.Logs.Streams[key]
	if s == nil {
		w.forgetStreams()
		s = &logStream{Group: group, Name: stream, Created: now}
		w.Logs.Streams[key] = s
	}
	for line := range strings.SplitSeq(text, "\n") {
		s.Events = append(s.Events, logEvent{At: now, Message: line})
	}
	if over := len(s.Events) - logLinesKept; over > 0 {
		s.Events, s.Dropped = slices.Clone(s.Events[over:]), s.Dropped+over
	}
}

// forgetStreams makes room: a fifth of the streams goes, the oldest.
func (w *World) forgetStreams() {
	if len(w.Logs.Streams) < logStreamsKept {
		return
	}
	keys := slices.Sorted(maps.Keys(w.Logs.Streams))
	slices.SortStableFunc(keys, func(a, b string) int { return cmp.Compare(w.Logs.Streams[a].Created, w.Logs.Streams[b].Created) })
	for _, key := range keys[:logStreamsKept/5] {
		delete(w.Logs.Streams, key)
	}
}

// sayStart is what containers say when they have started.
func (w *World) sayStart(t *ecsTask) {
	w.sayAll(t, func(c types.Container) string {
		if t.Job != nil && aws.ToString(c.Name) == t.Job.Container {
			return fmt.Sprintf("%s: running the command of the task", aws.ToString(c.Image))
		}
		lines := fmt.Sprintf("%s: starting", aws.ToString(c.Image))
		if imageFate(aws.ToString(c.Image)) == "" {
			lines += "\nready"
		}
		return lines
	})
}

// sayEnd is what containers say that stop by themselves, before they do.
func (w *World) sayEnd(t *ecsTask) {
	w.sayAll(t, func(c types.Container) string {
		switch fate := imageFate(aws.ToString(c.Image)); {
		case t.Job != nil && aws.ToString(c.Name) == t.Job.Container:
			return fmt.Sprintf("exiting with %d", t.Job.Exit)
		case fate == fateCrash:
			return "fatal: cannot go on: exiting with 1"
		}
		return ""
	})
}

// sayStop is what running containers say that are told to stop.
func (w *World) sayStop(t *ecsTask) {
	w.sayAll(t, func(c types.Container) string {
		if aws.ToString(c.LastStatus) != taskRunning {
			return ""
		}
		return "SIGTERM: shutting down"
	})
}
