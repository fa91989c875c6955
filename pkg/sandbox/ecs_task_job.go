package sandbox

import (
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ecs/types"
)

// ecsJob is what a standalone task does whose command was overridden: it runs to
// its end, as `./migrate up` does. The sandbox starts no program; it takes the
// words of a shell at their word and of anything else that it succeeds.
type ecsJob struct {
	Container string
	Takes     time.Duration
	Exit      int32
}

const jobTakes = 5 * time.Second

var (
	jobExit  = regexp.MustCompile(`(?:^|[\s;&|])exit\s+(\d{1,3})\b`)
	jobSleep = regexp.MustCompile(`(?:^|[\s;&|])sleep\s+(\d{1,6})\b`)
	jobFalse = regexp.MustCompile(`(?:^|[\s;&|/])false$`)
)

// jobOf reads the overrides of a task; nil where none gives a command.
func jobOf(o *types.TaskOverride) *ecsJob {
	if o == nil {
		return nil
	}
	i := slices.IndexFunc(o.ContainerOverrides, func(c types.ContainerOverride) bool { return len(c.Command) > 0 })
	if i < 0 {
		return nil
	}
	words := strings.Join(o.ContainerOverrides[i].Command, " ")
	j := &ecsJob{Container: aws.ToString(o.ContainerOverrides[i].Name), Takes: jobTakes}
	if m := jobSleep.FindStringSubmatch(words); m != nil {
		n, _ := strconv.Atoi(m[1]) //nolint:errcheck // digits
		j.Takes = time.Duration(n) * time.Second
	}
	switch m := jobExit.FindStringSubmatch(words); {
	case m != nil:
		n, _ := strconv.Atoi(m[1]) //nolint:errcheck // digits
		j.Exit = int32(n & 255)    //nolint:gosec // a byte
	case jobFalse.MatchString(words):
		j.Exit = 1
	}
	return j
}

// jobDone is the end of a job: its container exits by itself, and ECS kills the
// others with it.
func (w *World) jobDone(cl *ecsCluster, t *ecsTask) {
	w.sayEnd(t)
	t.eachContainer(func(c *types.Container) {
		c.LastStatus = aws.String(taskStopped)
		c.ExitCode = aws.Int32(143) // SIGTERM after the essential one
		if aws.ToString(c.Name) == t.Job.Container {
			c.ExitCode = aws.Int32(t.Job.Exit)
		}
	})
	w.endTask(cl, t, types.TaskStopCodeEssentialContainerExited, "Essential container in task exited")
}
