package kinds

import (
	"cmp"
	"context"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ecs"
	"github.com/aws/aws-sdk-go-v2/service/ecs/types"

	"github.com/ecs-operator/ecs-operator/pkg/resource"
)

// ActiveRevisions lists a family's ACTIVE revisions, newest first. FamilyPrefix is a
// whole family's name ("the full family name … not a prefix": ListTaskDefinitions).
func (r *rollouts) ActiveRevisions(ctx context.Context, target, family string, n int) ([]string, error) {
	c, err := r.clients(ctx, target)
	if err != nil {
		return nil, err
	}
	in := &ecs.ListTaskDefinitionsInput{FamilyPrefix: &family, Status: types.TaskDefinitionStatusActive,
		Sort: types.SortOrderDesc, MaxResults: aws.Int32(int32(min(max(n, 1), 100)))}
	out, err := c.Read.ECS.ListTaskDefinitions(ctx, in)
	if err != nil {
		return nil, err
	}
	var names []string
	for _, arn := range out.TaskDefinitionArns {
		if familyOfARN(arn) == family {
			names = append(names, lastSegment(arn))
		}
	}
	return names[:min(len(names), n)], nil
}

// Revision reads a task definition revision.
func (r *rollouts) Revision(ctx context.Context, target, name string) (resource.Live, error) {
	c, err := r.clients(ctx, target)
	if err != nil {
		return resource.Live{}, err
	}
	td, err := describeTask(ctx, c, name)
	if err != nil {
		return resource.Live{}, err
	}
	return td.live(), nil
}

// Tasks lists running and stopped tasks. DescribeTasks takes 100 (SDK).
func (r *rollouts) Tasks(ctx context.Context, service resource.Live) ([]resource.ServiceTask, error) {
	c, err := r.clients(ctx, service.ID.Target)
	if err != nil {
		return nil, err
	}
	var arns []string
	for _, status := range []types.DesiredStatus{types.DesiredStatusRunning, types.DesiredStatusStopped} {
		pages := ecs.NewListTasksPaginator(c.Read.ECS, &ecs.ListTasksInput{
			Cluster: aws.String(service.ID.Cluster), ServiceName: aws.String(service.Name), DesiredStatus: status})
		if err := eachPage(ctx, pages, func(page *ecs.ListTasksOutput) { arns = append(arns, page.TaskArns...) }); err != nil {
			return nil, err
		}
	}
	out := []resource.ServiceTask{}
	for chunk := range slices.Chunk(arns, 100) {
		found, err := c.Read.ECS.DescribeTasks(ctx, &ecs.DescribeTasksInput{Cluster: aws.String(service.ID.Cluster), Tasks: chunk})
		if err != nil {
			return nil, err
		}
		for i := range found.Tasks {
			out = append(out, taskOf(&found.Tasks[i]))
		}
	}
	slices.SortStableFunc(out, func(a, b resource.ServiceTask) int {
		return cmp.Or(cmp.Compare(stopped(a), stopped(b)), strings.Compare(b.CreatedAt, a.CreatedAt), strings.Compare(a.ID, b.ID))
	})
	return out, nil
}

func stopped(t resource.ServiceTask) int {
	if t.Status == "STOPPED" {
		return 1
	}
	return 0
}

func taskOf(t *types.Task) resource.ServiceTask {
	out := resource.ServiceTask{
		ID: lastSegment(aws.ToString(t.TaskArn)), ARN: aws.ToString(t.TaskArn), TaskDefinition: lastSegment(aws.ToString(t.TaskDefinitionArn)),
		Status: aws.ToString(t.LastStatus), Wanted: aws.ToString(t.DesiredStatus), Health: string(t.HealthStatus),
		Zone: aws.ToString(t.AvailabilityZone), CreatedAt: rfc3339(t.CreatedAt), StoppedAt: rfc3339(t.StoppedAt),
		StopCode: string(t.StopCode), StoppedReason: aws.ToString(t.StoppedReason),
	}
	for _, a := range t.Attachments {
		for _, d := range a.Details {
			if aws.ToString(d.Name) == "privateIPv4Address" {
				out.Address = aws.ToString(d.Value)
			}
		}
	}
	for _, c := range t.Containers {
		out.Containers = append(out.Containers, resource.TaskContainer{Name: aws.ToString(c.Name), Status: aws.ToString(c.LastStatus),
			Exit: c.ExitCode, Reason: aws.ToString(c.Reason)})
	}
	return out
}

// Events reads the service's events, of which ECS keeps the newest 100.
func (r *rollouts) Events(ctx context.Context, service resource.Live) ([]resource.ServiceEvent, error) {
	c, err := r.clients(ctx, service.ID.Target)
	if err != nil {
		return nil, err
	}
	out, err := c.Read.ECS.DescribeServices(ctx, &ecs.DescribeServicesInput{Cluster: aws.String(service.ID.Cluster), Services: []string{service.Name}})
	if err != nil {
		return nil, err
	}
	if len(out.Services) != 1 {
		return nil, resource.Errorf(resource.ClassNotFound, "ecs:DescribeServices", "%s was not described", service.Name)
	}
	events := []resource.ServiceEvent{}
	for _, e := range out.Services[0].Events {
		events = append(events, resource.ServiceEvent{ID: aws.ToString(e.Id), At: rfc3339(e.CreatedAt), Message: aws.ToString(e.Message)})
	}
	return events, nil
}
