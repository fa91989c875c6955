package kinds

import (
	"fmt"
	"regexp"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ecs/types"
)

// groupARN is a target group in AWS' sentences: its name says enough.
var groupARN = regexp.MustCompile(`arn:[^ ()]*:targetgroup/([^/ ()]+)/[0-9a-f]+`)

// stoppedWords says in one sentence why a task stopped: AWS' own words where it
// has any, and the exit code of the container that is to blame.
func stoppedWords(t *types.Task) string {
	reason := strings.TrimSuffix(aws.ToString(t.StoppedReason), ".")
	reason = groupARN.ReplaceAllString(reason, "${1}")
	for _, c := range t.Containers { // a container's reason says more than its task's
		name, why := aws.ToString(c.Name), strings.TrimSuffix(aws.ToString(c.Reason), ".")
		switch {
		case c.ExitCode != nil && *c.ExitCode != 0 && (*c.ExitCode != 143 || len(t.Containers) == 1) && t.StopCode == types.TaskStopCodeEssentialContainerExited:
			if blamed(t) != name {
				continue
			}
			return fmt.Sprintf("task stopped: exit %d%s (container %s)", *c.ExitCode, exitWords(*c.ExitCode, why), name)
		case c.ExitCode == nil && why != "":
			return fmt.Sprintf("%s (container %s)", why, name)
		}
	}
	switch {
	case reason != "" && t.StopCode == types.TaskStopCodeEssentialContainerExited && strings.HasPrefix(reason, "Essential container"):
		return "task stopped: an essential container exited"
	case reason != "":
		return "task stopped: " + reason
	case t.StopCode != "":
		return "task stopped: " + string(t.StopCode)
	}
	return "task stopped, and ECS does not say why"
}

// blamed is the container whose exit ended the task: the first with a code that
// is not that of a container which was killed because another had exited.
func blamed(t *types.Task) string {
	killed := ""
	for _, c := range t.Containers {
		if c.ExitCode == nil || *c.ExitCode == 0 {
			continue
		}
		out := strings.HasPrefix(aws.ToString(c.Reason), "OutOfMemory")
		if out || *c.ExitCode != 137 && *c.ExitCode != 143 {
			return aws.ToString(c.Name)
		}
		if killed == "" {
			killed = aws.ToString(c.Name)
		}
	}
	return killed
}

// exitWords adds what is known of an exit code. ECS gives "OutOfMemoryError:
// Container killed due to memory usage" as the container's reason with 137
// ("Amazon ECS stopped tasks error messages", Developer Guide).
func exitWords(code int32, reason string) string {
	word, _, _ := strings.Cut(reason, ":")
	switch {
	case strings.HasPrefix(word, "OutOfMemory"):
		return " OutOfMemory"
	case reason != "":
		return " " + reason
	case code == 137:
		return " (killed)"
	case code == 139:
		return " (segmentation fault)"
	case code == 143:
		return " (terminated)"
	}
	return ""
}

// placementWords says why a task found no place: the failures of RunTask
// ("API failure reasons", Developer Guide).
func placementWords(f types.Failure) string {
	reason, detail := aws.ToString(f.Reason), strings.TrimSuffix(aws.ToString(f.Detail), ".")
	lack := map[string]string{
		"RESOURCE:MEMORY":                 "no container instance has enough memory free",
		"RESOURCE:CPU":                    "no container instance has enough CPU free",
		"RESOURCE:PORTS":                  "the host port is taken on every container instance",
		"RESOURCE:ENI":                    "no container instance has a network interface free",
		"RESOURCE:GPU":                    "no container instance has enough GPUs free",
		"AGENT":                           "the agent of the container instance is not connected",
		"LOCATION":                        "no container instance is in the right availability zone",
		"ATTRIBUTE":                       "no container instance has the attributes that the task definition needs",
		"MemberOf constraint unsatisfied": "no container instance satisfies the placement constraints",
		"RESOURCE:FARGATE":                "Fargate has no capacity for it now",
	}[reason]
	if lack == "" {
		lack = strings.TrimSpace(reason + " " + detail)
		return "cannot place a task: " + lack
	}
	return "cannot place a task: " + lack + " (" + reason + ")"
}
