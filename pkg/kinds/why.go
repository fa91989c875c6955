package kinds

import (
	"context"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ecs"
	"github.com/aws/aws-sdk-go-v2/service/ecs/types"
	"github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2"
	elbtypes "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2/types"

	"github.com/ecs-operator/ecs-operator/pkg/awsclient"
	"github.com/ecs-operator/ecs-operator/pkg/resource"
)

// Why says in one sentence what keeps a service from running as it is wanted, ""
// where nothing tells: tasks that stopped, tasks that find no place, targets that
// are not healthy. Four calls at most.
func (r *rollouts) Why(ctx context.Context, service resource.Live, d *resource.Deployment) (string, error) {
	c, err := r.clients(ctx, service.ID.Target)
	if err != nil || service.Service == nil {
		return "", err
	}
	revision := service.Service.TaskDefinition
	if d != nil && d.TaskDefinition != "" {
		revision = d.TaskDefinition
	}
	tasks, err := stoppedTasks(ctx, c, service)
	if err != nil {
		return "", err
	}
	if words := deathWords(tasks, revision); words != "" {
		return words, nil
	}
	if words := placeWords(service.Service.LastEvents); words != "" {
		return words, nil
	}
	return targetWords(ctx, c, service, d)
}

// stoppedTasks are the service's tasks that ECS has not forgotten yet: at most ten.
func stoppedTasks(ctx context.Context, c *awsclient.Clients, service resource.Live) ([]types.Task, error) {
	list, err := c.Read.ECS.ListTasks(ctx, &ecs.ListTasksInput{Cluster: aws.String(service.ID.Cluster), ServiceName: aws.String(service.Name),
		DesiredStatus: types.DesiredStatusStopped, MaxResults: aws.Int32(10)})
	if err != nil || len(list.TaskArns) == 0 {
		return nil, err
	}
	out, err := c.Read.ECS.DescribeTasks(ctx, &ecs.DescribeTasksInput{Cluster: aws.String(service.ID.Cluster), Tasks: list.TaskArns})
	if err != nil {
		return nil, err
	}
	return out.Tasks, nil
}

// deathWords tells of the newest task of a revision that stopped although it was wanted.
func deathWords(tasks []types.Task, revision string) string {
	tasks = slices.DeleteFunc(slices.Clone(tasks), func(t types.Task) bool {
		return aws.ToString(t.TaskDefinitionArn) != revision || planned(&t)
	})
	if len(tasks) == 0 {
		return ""
	}
	newest := slices.MaxFunc(tasks, func(a, b types.Task) int {
		return aws.ToTime(a.CreatedAt).Compare(aws.ToTime(b.CreatedAt))
	})
	return stoppedWords(&newest)
}

// planned: ECS or a person stopped the task because it was no longer wanted.
func planned(t *types.Task) bool {
	switch t.StopCode {
	case types.TaskStopCodeUserInitiated, types.TaskStopCodeSpotInterruption, types.TaskStopCodeTerminationNotice:
		return true
	case types.TaskStopCodeServiceSchedulerInitiated: // "Scaling activity initiated by (deployment …)"
		return !strings.Contains(aws.ToString(t.StoppedReason), "failed")
	}
	return t.StopCode == ""
}

// lacking is what ECS' event says of the closest container instance.
var lacking = regexp.MustCompile(`has insufficient (memory|CPU units|GPU resource)`)

// placeWords tells of tasks that find no place, from the newest events of the
// service ("Service event messages", Developer Guide).
func placeWords(events []string) string {
	for _, e := range events {
		if strings.HasSuffix(e, "has reached a steady state.") || strings.Contains(e, " has started ") {
			return ""
		}
		if !strings.Contains(e, "unable to place a task") {
			continue
		}
		why := "no container instance met all of its requirements"
		switch m := lacking.FindStringSubmatch(e); {
		case m != nil:
			why = map[string]string{"memory": "no container instance has enough memory free", "CPU units": "no container instance has enough CPU free",
				"GPU resource": "no container instance has enough GPUs free"}[m[1]]
		case strings.Contains(e, "already using a port"):
			why = "the host port is taken on every container instance"
		case strings.Contains(e, "Reason: "):
			_, why, _ = strings.Cut(e, "Reason: ")
			why = strings.ToLower(why[:1]) + why[1:]
			why, _, _ = strings.Cut(why, ". ")
		}
		return "cannot place a task: " + strings.TrimSuffix(why, ".")
	}
	return ""
}

// targetWords tells of the first target group of the service with targets that are
// not healthy.
func targetWords(ctx context.Context, c *awsclient.Clients, service resource.Live, d *resource.Deployment) (string, error) {
	in, _ := service.Value.(*ecs.CreateServiceInput)
	if in == nil || len(in.LoadBalancers) == 0 || aws.ToString(in.LoadBalancers[0].TargetGroupArn) == "" {
		return "", nil
	}
	arn := *in.LoadBalancers[0].TargetGroupArn
	health, err := c.Read.ELB.DescribeTargetHealth(ctx, &elasticloadbalancingv2.DescribeTargetHealthInput{TargetGroupArn: &arn})
	if err != nil {
		return "", err
	}
	since := time.Duration(0)
	if d != nil && d.Status == resource.DeploymentRunning {
		began, err := time.Parse(time.RFC3339, d.CreatedAt)
		if step, err := time.Parse(time.RFC3339, d.UpdatedAt); err == nil && step.After(began) {
			began = step // before that it waited for something else, say a hook
		}
		if err == nil {
			since = time.Since(began)
		}
	}
	path := ""
	if slices.ContainsFunc(health.TargetHealthDescriptions, func(t elbtypes.TargetHealthDescription) bool {
		return t.TargetHealth != nil && t.TargetHealth.State == elbtypes.TargetHealthStateEnumUnhealthy
	}) {
		if groups, err := c.Read.ELB.DescribeTargetGroups(ctx, &elasticloadbalancingv2.DescribeTargetGroupsInput{TargetGroupArns: []string{arn}}); err == nil && len(groups.TargetGroups) == 1 {
			path = aws.ToString(groups.TargetGroups[0].HealthCheckPath)
		}
	}
	return healthWords(health.TargetHealthDescriptions, path, since), nil
}

// codes are the response codes in ELB's description of a failed health check.
var codes = regexp.MustCompile(`with these codes: \[(\d+)\]`)

// healthWords says how many targets are healthy, and what is wrong with the others.
func healthWords(targets []elbtypes.TargetHealthDescription, path string, since time.Duration) string {
	healthy, all, why := 0, 0, ""
	for _, t := range targets {
		h := t.TargetHealth
		if h == nil || h.State == elbtypes.TargetHealthStateEnumDraining {
			continue
		}
		all++
		switch h.State {
		case elbtypes.TargetHealthStateEnumHealthy:
			healthy++
		case elbtypes.TargetHealthStateEnumUnhealthy:
			check := strings.TrimSpace("health check " + path)
			why = strings.TrimSpace(check + ": " + aws.ToString(h.Description))
			switch m := codes.FindStringSubmatch(aws.ToString(h.Description)); {
			case m != nil:
				why = check + " answers " + m[1]
			case h.Reason == elbtypes.TargetHealthReasonEnumTimeout:
				why = check + " does not answer in time"
			}
		case elbtypes.TargetHealthStateEnumUnused:
			if why == "" {
				why = "the target group gets no requests: no listener rule leads to it"
			}
		default:
			if why == "" {
				why = strings.ToLower(aws.ToString(h.Description))
			}
		}
	}
	if healthy == all {
		return ""
	}
	text := fmt.Sprintf("waiting: %d of %d targets healthy", healthy, all)
	if since >= time.Second {
		text += " for " + since.Round(time.Second).String()
	}
	if why != "" {
		text += " (" + why + ")"
	}
	return text
}
