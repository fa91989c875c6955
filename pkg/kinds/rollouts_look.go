package kinds

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ecs"
	"github.com/aws/aws-sdk-go-v2/service/ecs/types"
	"github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2"
	elbtypes "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2/types"

	"github.com/ecs-operator/ecs-operator/pkg/awsclient"
	"github.com/ecs-operator/ecs-operator/pkg/resource"
)

// describeProgress takes over what people want to know of a deployment under way.
func describeProgress(out *resource.Deployment, d *types.ServiceDeployment) {
	out.UpdatedAt = rfc3339(d.UpdatedAt)
	if c := d.DeploymentConfiguration; c != nil {
		out.BakeMinutes = aws.ToInt32(c.BakeTimeInMinutes)
	}
	if t := d.TargetServiceRevision; t != nil {
		out.Target = shareOf(*t)
	}
	for _, s := range d.SourceServiceRevisions {
		out.Sources = append(out.Sources, shareOf(s))
	}
	if a := d.Alarms; a != nil {
		out.Alarms, out.Alarming = a.AlarmNames, a.TriggeredAlarmNames
	}
}

func shareOf(s types.ServiceRevisionSummary) resource.Share {
	return resource.Share{Revision: aws.ToString(s.Arn), Requested: s.RequestedTaskCount, Running: s.RunningTaskCount,
		Pending: s.PendingTaskCount, Production: s.RequestedProductionTrafficWeight, Test: s.RequestedTestTrafficWeight}
}

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

// Tasks lists running and stopped tasks.
func (r *rollouts) Tasks(ctx context.Context, service resource.Live) ([]resource.ServiceTask, error) {
	c, err := r.clients(ctx, service.ID.Target)
	if err != nil {
		return nil, err
	}
	found, err := r.described(ctx, c, service)
	if err != nil {
		return nil, err
	}
	out := []resource.ServiceTask{}
	for i := range found {
		out = append(out, taskOf(&found[i]))
	}
	slices.SortStableFunc(out, func(a, b resource.ServiceTask) int {
		return cmp.Or(cmp.Compare(stopped(a), stopped(b)), strings.Compare(b.CreatedAt, a.CreatedAt), strings.Compare(a.ID, b.ID))
	})
	return out, nil
}

// described are a service's tasks, running and stopped. DescribeTasks takes 100 (SDK).
func (r *rollouts) described(ctx context.Context, c *awsclient.Clients, service resource.Live) ([]types.Task, error) {
	var arns []string
	for _, status := range []types.DesiredStatus{types.DesiredStatusRunning, types.DesiredStatusStopped} {
		pages := ecs.NewListTasksPaginator(c.Read.ECS, &ecs.ListTasksInput{
			Cluster: aws.String(service.ID.Cluster), ServiceName: aws.String(service.Name), DesiredStatus: status})
		if err := eachPage(ctx, pages, func(page *ecs.ListTasksOutput) { arns = append(arns, page.TaskArns...) }); err != nil {
			return nil, err
		}
	}
	var out []types.Task
	for chunk := range slices.Chunk(arns, 100) {
		found, err := c.Read.ECS.DescribeTasks(ctx, &ecs.DescribeTasksInput{Cluster: aws.String(service.ID.Cluster), Tasks: chunk})
		if err != nil {
			return nil, err
		}
		out = append(out, found.Tasks...)
	}
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

// Targets asks for the health of every target group in which the service
// registers its tasks, the alternates of blue/green with them.
func (r *rollouts) Targets(ctx context.Context, service resource.Live) ([]resource.GroupHealth, error) {
	in, _ := service.Value.(*ecs.CreateServiceInput)
	if in == nil {
		return nil, nil
	}
	var arns []string
	for _, lb := range in.LoadBalancers {
		of := []string{aws.ToString(lb.TargetGroupArn)}
		if a := lb.AdvancedConfiguration; a != nil {
			of = append(of, aws.ToString(a.AlternateTargetGroupArn))
		}
		for _, arn := range of {
			if arn != "" && !slices.Contains(arns, arn) {
				arns = append(arns, arn)
			}
		}
	}
	if len(arns) == 0 {
		return nil, nil
	}
	c, err := r.clients(ctx, service.ID.Target)
	if err != nil {
		return nil, err
	}
	var out []resource.GroupHealth
	for _, arn := range arns {
		found, err := c.Read.ELB.DescribeTargetHealth(ctx, &elasticloadbalancingv2.DescribeTargetHealthInput{TargetGroupArn: &arn})
		if err != nil {
			return nil, fmt.Errorf("%s: %w", groupNameOf(arn), err)
		}
		out = append(out, groupHealth(arn, found.TargetHealthDescriptions))
	}
	return out, nil
}

func groupHealth(arn string, targets []elbtypes.TargetHealthDescription) resource.GroupHealth {
	g := resource.GroupHealth{ARN: arn, Name: groupNameOf(arn), States: map[string]int{}}
	for _, t := range targets {
		if t.TargetHealth == nil {
			continue
		}
		state := t.TargetHealth.State
		g.States[string(state)]++
		switch state {
		case elbtypes.TargetHealthStateEnumHealthy:
			g.Healthy++
			g.Total++
		case elbtypes.TargetHealthStateEnumDraining:
		default:
			g.Total++
			why := strings.TrimSpace(string(t.TargetHealth.Reason) + " " + aws.ToString(t.TargetHealth.Description))
			if why != "" && !slices.Contains(g.Reasons, why) {
				g.Reasons = append(g.Reasons, why)
			}
		}
	}
	return g
}

// groupNameOf is the name in a target group's ARN: …:targetgroup/NAME/ID.
func groupNameOf(arn string) string {
	parts := strings.Split(arn, "/")
	return parts[max(len(parts)-2, 0)]
}
