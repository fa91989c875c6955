package kinds

import (
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ecs/types"
	elbtypes "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2/types"
)

func exited(name string, code int32, reason string) types.Container {
	c := types.Container{Name: aws.String(name), ExitCode: aws.Int32(code)}
	if reason != "" {
		c.Reason = aws.String(reason)
	}
	return c
}

// States of tasks, in the words of AWS, and the sentence for each.
func TestStoppedWords(t *testing.T) {
	const ended = "Essential container in task exited"
	for _, c := range []struct {
		code   types.TaskStopCode
		reason string
		all    []types.Container
		want   string
	}{
		{types.TaskStopCodeEssentialContainerExited, ended, []types.Container{exited("app", 1, "")}, "task stopped: exit 1 (container app)"},
		{types.TaskStopCodeEssentialContainerExited, ended, []types.Container{exited("app", 137, "OutOfMemoryError: Container killed due to memory usage")},
			"task stopped: exit 137 OutOfMemory (container app)"},
		{types.TaskStopCodeEssentialContainerExited, ended, []types.Container{exited("proxy", 137, ""), exited("app", 3, "")}, "task stopped: exit 3 (container app)"},
		{types.TaskStopCodeEssentialContainerExited, ended, []types.Container{exited("app", 139, "")}, "task stopped: exit 139 (segmentation fault) (container app)"},
		{types.TaskStopCodeEssentialContainerExited, ended, []types.Container{exited("app", 0, "")}, "task stopped: an essential container exited"},
		{types.TaskStopCodeTaskFailedToStart, "CannotPullContainerError: x: not found", []types.Container{{Name: aws.String("app"), Reason: aws.String("CannotPullContainerError: x: not found")}},
			"CannotPullContainerError: x: not found (container app)"},
		{types.TaskStopCodeTaskFailedToStart, "ResourceInitializationError: unable to pull secrets", []types.Container{{Name: aws.String("app")}},
			"task stopped: ResourceInitializationError: unable to pull secrets"},
		{types.TaskStopCodeServiceSchedulerInitiated, "Task failed ELB health checks in (target-group arn)", []types.Container{exited("app", 0, "")},
			"task stopped: Task failed ELB health checks in (target-group arn)"},
		{"", "", nil, "task stopped, and ECS does not say why"},
	} {
		got := stoppedWords(&types.Task{StopCode: c.code, StoppedReason: aws.String(c.reason), Containers: c.all})
		if got != c.want {
			t.Errorf("%s %q: %q, want %q", c.code, c.reason, got, c.want)
		}
	}
}

// A hook has succeeded when the containers that count exit with 0.
func TestHookResult(t *testing.T) {
	named := &types.TaskOverride{ContainerOverrides: []types.ContainerOverride{{Name: aws.String("app")}}}
	essential := map[string]bool{"app": true, "proxy": true}
	for _, c := range []struct {
		name      string
		overrides any
		code      types.TaskStopCode
		all       []types.Container
		good      bool
	}{
		{"zero", named, types.TaskStopCodeEssentialContainerExited, []types.Container{exited("app", 0, "")}, true},
		{"the sidecar was killed with it", named, types.TaskStopCodeEssentialContainerExited, []types.Container{exited("app", 0, ""), exited("proxy", 143, "")}, true},
		{"the sidecar ended first", named, types.TaskStopCodeEssentialContainerExited, []types.Container{exited("app", 143, ""), exited("proxy", 0, "")}, false},
		{"another code", named, types.TaskStopCodeEssentialContainerExited, []types.Container{exited("app", 2, "")}, false},
		{"no code", named, types.TaskStopCodeEssentialContainerExited, []types.Container{{Name: aws.String("app")}}, false},
		{"never started", named, types.TaskStopCodeTaskFailedToStart, []types.Container{{Name: aws.String("app")}}, false},
		{"stopped by a person", named, types.TaskStopCodeUserInitiated, []types.Container{exited("app", 0, "")}, false},
		{"no override, one ends, one is killed", nil, types.TaskStopCodeEssentialContainerExited, []types.Container{exited("app", 0, ""), exited("proxy", 137, "")}, true},
		{"no override, killed", nil, types.TaskStopCodeEssentialContainerExited, []types.Container{exited("app", 137, "")}, false},
		{"no override, one fails", nil, types.TaskStopCodeEssentialContainerExited, []types.Container{exited("app", 1, ""), exited("proxy", 0, "")}, false},
	} {
		failure, exit := hookResult(&types.Task{StopCode: c.code, Containers: c.all}, c.overrides, essential)
		if (failure == "") != c.good || c.good && (exit == nil || *exit != 0) {
			t.Errorf("%s: %q", c.name, failure)
		}
	}
}

// Events of a service that finds no place for its tasks, as ECS words them.
func TestPlaceWords(t *testing.T) {
	const unable = "(service web) was unable to place a task because no container instance met all of its requirements. "
	for _, c := range []struct {
		events []string
		want   string
	}{
		{[]string{unable + "The closest matching (container-instance 1) has insufficient memory available."}, "cannot place a task: no container instance has enough memory free"},
		{[]string{unable + "The closest matching (container-instance 1) has insufficient CPU units available."}, "cannot place a task: no container instance has enough CPU free"},
		{[]string{unable + "The closest matching (container-instance 1) is already using a port required by your task."}, "cannot place a task: the host port is taken on every container instance"},
		{[]string{"(service web) was unable to place a task. Reason: Capacity is unavailable at this time. Please try again later."}, "cannot place a task: capacity is unavailable at this time"},
		{[]string{unable + "Reason: No Container Instances were found in your cluster."}, "cannot place a task: no Container Instances were found in your cluster"},
		{[]string{"(service web) has reached a steady state.", unable}, ""},
		{[]string{"(service web) has started 2 tasks: (task 1) (task 2).", unable}, ""},
		{nil, ""},
	} {
		if got := placeWords(c.events); got != c.want {
			t.Errorf("%q, want %q", got, c.want)
		}
	}
	if got := placementWords(types.Failure{Reason: aws.String("RESOURCE:MEMORY")}); got != "cannot place a task: no container instance has enough memory free (RESOURCE:MEMORY)" {
		t.Error(got)
	}
}

// Targets that are not healthy, and why.
func TestHealthWords(t *testing.T) {
	target := func(state elbtypes.TargetHealthStateEnum, reason elbtypes.TargetHealthReasonEnum, words string) elbtypes.TargetHealthDescription {
		return elbtypes.TargetHealthDescription{TargetHealth: &elbtypes.TargetHealth{State: state, Reason: reason, Description: aws.String(words)}}
	}
	good := target(elbtypes.TargetHealthStateEnumHealthy, "", "")
	bad := target(elbtypes.TargetHealthStateEnumUnhealthy, elbtypes.TargetHealthReasonEnumResponseCodeMismatch, "Health checks failed with these codes: [503]")
	slow := target(elbtypes.TargetHealthStateEnumUnhealthy, elbtypes.TargetHealthReasonEnumTimeout, "Request timed out")
	fresh := target(elbtypes.TargetHealthStateEnumInitial, elbtypes.TargetHealthReasonEnumInitialHealthChecking, "Initial health checks in progress")
	idle := target(elbtypes.TargetHealthStateEnumUnused, elbtypes.TargetHealthReasonEnumNotInUse, "Target group is not configured to receive traffic from the load balancer")
	gone := target(elbtypes.TargetHealthStateEnumDraining, "", "")
	for _, c := range []struct {
		all   []elbtypes.TargetHealthDescription
		path  string
		since time.Duration
		want  string
	}{
		{[]elbtypes.TargetHealthDescription{good, good, bad, bad}, "/healthz", 100 * time.Second, "waiting: 2 of 4 targets healthy for 1m40s (health check /healthz answers 503)"},
		{[]elbtypes.TargetHealthDescription{good, slow}, "/", 0, "waiting: 1 of 2 targets healthy (health check / does not answer in time)"},
		{[]elbtypes.TargetHealthDescription{fresh, gone}, "", 5 * time.Second, "waiting: 0 of 1 targets healthy for 5s (initial health checks in progress)"},
		{[]elbtypes.TargetHealthDescription{idle}, "", 0, "waiting: 0 of 1 targets healthy (the target group gets no requests: no listener rule leads to it)"},
		{[]elbtypes.TargetHealthDescription{good, gone}, "/", 0, ""},
		{nil, "/", 0, ""},
	} {
		if got := healthWords(c.all, c.path, c.since); got != c.want {
			t.Errorf("%q, want %q", got, c.want)
		}
	}
}
