package kinds

import (
	"context"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ecs"

	"github.com/ecs-operator/ecs-operator/pkg/awsclient"
	"github.com/ecs-operator/ecs-operator/pkg/resource"
)

// ServiceOfTask names the service that started a task, "" for a task of none: its
// group is "service:NAME" then ("Task" in the API reference of ECS).
func ServiceOfTask(ctx context.Context, c *awsclient.Clients, cluster, task string) (string, error) {
	out, err := c.Read.ECS.DescribeTasks(ctx, &ecs.DescribeTasksInput{Cluster: aws.String(cluster), Tasks: []string{task}})
	if err != nil {
		return "", err
	}
	if len(out.Tasks) != 1 {
		return "", resource.Errorf(resource.ClassTransient, "ecs:DescribeTasks", "ECS does not know the task %s yet", task)
	}
	name, _ := strings.CutPrefix(aws.ToString(out.Tasks[0].Group), "service:")
	if name == aws.ToString(out.Tasks[0].Group) {
		return "", nil
	}
	return name, nil
}
