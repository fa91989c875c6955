package kinds

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ecs"
	"github.com/aws/aws-sdk-go-v2/service/ecs/types"

	"github.com/ecs-operator/ecs-operator/pkg/awsclient"
	"github.com/ecs-operator/ecs-operator/pkg/resource"
	"github.com/ecs-operator/ecs-operator/pkg/shape"
	"github.com/ecs-operator/ecs-operator/pkg/spec"
)

// hookOverride is how the overrides of a hook are written: AWS' TaskOverride.
func hookOverride() *spec.Override {
	return &spec.Override{
		New:      func() any { return &types.TaskOverride{} },
		Sugar:    map[string]spec.Sugar{"containerOverrides[].environment": {Key: "name", Value: "value"}},
		Verbatim: []string{"containerOverrides[].command", "containerOverrides[].environment[].value"},
		Required: []string{"containerOverrides[].name"},
	}
}

// Run starts a hook's task where the service runs its own: same network, same
// capacity. RunTask's clientToken is remembered for a day (RunTaskInput.ClientToken,
// "Ensuring idempotency" of the Developer Guide).
func (r *rollouts) Run(ctx context.Context, run resource.Run) (resource.Task, error) {
	c, err := r.clients(ctx, run.Unit.Target)
	if err != nil {
		return resource.Task{}, err
	}
	out, err := c.Write.ECS.RunTask(ctx, runInput(run))
	var refused *resource.Error
	switch {
	case errors.As(err, &refused) && refused.Code == "ConflictException":
		return resource.Task{}, fmt.Errorf("%w: it was started with other overrides or another network (%w)", resource.ErrTaskSpent, err)
	case err != nil:
		return resource.Task{}, err
	case len(out.Tasks) > 0:
		return r.taskOf(ctx, c, run, &out.Tasks[0]), nil
	case len(out.Failures) > 0:
		return resource.Task{}, &resource.Error{Class: resource.ClassTransient, Operation: "ecs:RunTask", Err: errors.New(placementWords(out.Failures[0]))}
	}
	return resource.Task{}, resource.ErrTaskSpent
}

func runInput(run resource.Run) *ecs.RunTaskInput {
	in := &ecs.RunTaskInput{
		Cluster: aws.String(run.Unit.Cluster), TaskDefinition: aws.String(run.TaskDefinition),
		ClientToken: aws.String(clientToken(run.Token)), Count: aws.Int32(1),
		StartedBy: aws.String(startedBy(run.Name)),
	}
	if o, ok := run.Overrides.(*types.TaskOverride); ok {
		in.Overrides = o
	}
	if s, ok := run.Service.(*ecs.CreateServiceInput); ok {
		in.LaunchType, in.CapacityProviderStrategy = s.LaunchType, s.CapacityProviderStrategy
		in.NetworkConfiguration, in.PlatformVersion = s.NetworkConfiguration, s.PlatformVersion
		in.PlacementConstraints = withoutDistinct(s.PlacementConstraints)
		for i := range s.VolumeConfigurations {
			v := types.TaskVolumeConfiguration{}
			shape.Project(&v, &s.VolumeConfigurations[i])
			in.VolumeConfigurations = append(in.VolumeConfigurations, v)
		}
	}
	return in
}

// withoutDistinct: that tasks of one group stand apart means nothing for a single one.
func withoutDistinct(all []types.PlacementConstraint) []types.PlacementConstraint {
	return slices.DeleteFunc(slices.Clone(all), func(p types.PlacementConstraint) bool {
		return p.Type == types.PlacementConstraintTypeDistinctInstance
	})
}

// startedBy takes letters, digits, hyphens, slashes and underscores, up to 128
// (RunTaskInput.StartedBy).
func startedBy(hook string) string { return "ecs-operator/hook/" + hook }

// Task describes a hook's task. ECS forgets it within an hour of its end.
func (r *rollouts) Task(ctx context.Context, run resource.Run, arn string) (*resource.Task, error) {
	c, err := r.clients(ctx, run.Unit.Target)
	if err != nil {
		return nil, err
	}
	out, err := c.Read.ECS.DescribeTasks(ctx, &ecs.DescribeTasksInput{Cluster: aws.String(run.Unit.Cluster), Tasks: []string{arn}})
	if err != nil {
		return nil, err
	}
	if len(out.Tasks) == 0 {
		for _, f := range out.Failures {
			if aws.ToString(f.Reason) != "MISSING" {
				return nil, resource.Errorf(resource.ClassTransient, "ecs:DescribeTasks", "%s: %s %s", aws.ToString(f.Arn), aws.ToString(f.Reason), aws.ToString(f.Detail))
			}
		}
		return nil, nil
	}
	t := r.taskOf(ctx, c, run, &out.Tasks[0])
	return &t, nil
}

// StopTask asks for the end of a hook's task.
func (r *rollouts) StopTask(ctx context.Context, run resource.Run, arn, reason string) error {
	c, err := r.clients(ctx, run.Unit.Target)
	if err != nil {
		return err
	}
	_, err = c.Write.ECS.StopTask(about(ctx, arn), &ecs.StopTaskInput{Cluster: aws.String(run.Unit.Cluster), Task: aws.String(arn), Reason: aws.String(reason)})
	if err != nil && strings.Contains(err.Error(), "task was not found") {
		return nil
	}
	return err
}

func (r *rollouts) taskOf(ctx context.Context, c *awsclient.Clients, run resource.Run, t *types.Task) resource.Task {
	out := resource.Task{ARN: aws.ToString(t.TaskArn), Status: aws.ToString(t.LastStatus)}
	out.Stopped = out.Status == "STOPPED"
	if !out.Stopped {
		return out
	}
	essential := map[string]bool{}
	if td := r.revisionContent(ctx, c, aws.ToString(t.TaskDefinitionArn)); td != nil {
		for _, d := range td.ContainerDefinitions {
			essential[aws.ToString(d.Name)] = d.Essential == nil || *d.Essential
		}
	}
	out.Failure, out.Exit = hookResult(t, run.Overrides, essential)
	return out
}

// revisionContent reads a revision once; nil where it cannot be read.
func (r *rollouts) revisionContent(ctx context.Context, c *awsclient.Clients, arn string) *ecs.RegisterTaskDefinitionInput {
	if td, ok := r.tasks.Get(arn); ok {
		return td.content()
	}
	td, err := describeTask(ctx, c, arn)
	if err != nil {
		return nil
	}
	r.tasks.Put(arn, *td)
	return td.content()
}

// hookResult judges a stopped task: it was a success when the containers that
// count have exited with 0. Those are the ones that the overrides name; without
// any, the essential one that exited by itself (with its end ECS kills the
// others, so that their codes say nothing).
func hookResult(t *types.Task, overrides any, essential map[string]bool) (failure string, exit *int32) {
	if t.StopCode != types.TaskStopCodeEssentialContainerExited {
		return stoppedWords(t), nil
	}
	count := overridden(overrides)
	var judged []types.Container
	for _, c := range t.Containers {
		if count[aws.ToString(c.Name)] || len(count) == 0 && (len(essential) == 0 || essential[aws.ToString(c.Name)]) {
			judged = append(judged, c)
		}
	}
	good := 0
	for _, c := range judged {
		switch {
		case c.ExitCode != nil && *c.ExitCode == 0:
			good++
		case exit == nil && c.ExitCode != nil && (len(count) > 0 || *c.ExitCode != 137 && *c.ExitCode != 143):
			exit = c.ExitCode
		}
	}
	switch {
	case len(judged) > 0 && (good == len(judged) || len(count) == 0 && good > 0 && exit == nil):
		zero := int32(0)
		return "", &zero
	case exit == nil && len(judged) > 0:
		exit = judged[0].ExitCode
	}
	return stoppedWords(t), exit
}

// overridden are the containers that overrides name.
func overridden(overrides any) map[string]bool {
	out := map[string]bool{}
	if o, ok := overrides.(*types.TaskOverride); ok && o != nil {
		for _, c := range o.ContainerOverrides {
			out[aws.ToString(c.Name)] = true
		}
	}
	return out
}

// Logs says where a task writes its log, for drivers that tell.
func (*taskDefinition) Logs(l *resource.Live, overrides any, task string) string {
	in, _ := l.Value.(*ecs.RegisterTaskDefinitionInput)
	if in == nil {
		return ""
	}
	count := overridden(overrides)
	var out []string
	for _, c := range in.ContainerDefinitions {
		name := aws.ToString(c.Name)
		if len(count) > 0 && !count[name] || c.LogConfiguration == nil {
			continue
		}
		if c.LogConfiguration.LogDriver != types.LogDriverAwslogs {
			out = append(out, fmt.Sprintf("%s by %s", name, c.LogConfiguration.LogDriver))
			continue
		}
		// prefix/container/task: "awslogs-stream-prefix" in the Developer Guide.
		o := c.LogConfiguration.Options
		where := "log group " + o["awslogs-group"]
		if prefix := o["awslogs-stream-prefix"]; prefix != "" {
			where += ", stream " + prefix + "/" + name + "/" + task
		}
		out = append(out, where)
	}
	return strings.Join(out, "; ")
}

// Fill completes deployments with what they carried.
func (r *rollouts) Fill(ctx context.Context, service resource.Live, deployments []resource.Deployment) error {
	var arns []string
	for _, d := range deployments {
		if d.TargetRevision != "" {
			arns = append(arns, d.TargetRevision)
		}
	}
	revs, err := r.snapshot(ctx, service.ID.Target, arns)
	if err != nil {
		return err
	}
	for i := range deployments {
		d := &deployments[i]
		if rev, ok := revs[d.TargetRevision]; ok && d.Content == nil {
			if d.Content, err = r.content(ctx, service, &rev); err != nil {
				return err
			}
		}
	}
	return nil
}

// about says for the audit what a call is made on: of a unit, its task definition
// revisions are told from its service by the ARN.
func about(ctx context.Context, arn string) context.Context {
	return resource.WithOrigin(ctx, func(o *resource.Origin) {
		if o.ARN = arn; strings.Contains(arn, ":task-definition/") {
			o.ID = o.ID.Of(resource.KindTaskDefinition, "")
		}
	})
}
