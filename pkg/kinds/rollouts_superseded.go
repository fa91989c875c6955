package kinds

import (
	"context"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ecs/types"

	"github.com/ecs-operator/ecs-operator/pkg/resource"
)

// settleNewest is settle for the deployment that was the newest one when the service,
// or the list, was read. Stopped with nothing that tripped it has failed, or somebody
// has begun another one since: only ECS can tell, and it is asked once more.
func (r *rollouts) settleNewest(ctx context.Context, service resource.Live, d *resource.Deployment, full *types.ServiceDeployment) error {
	settle(d, full, false)
	if d.Status != resource.DeploymentFailed || full.Status != types.ServiceDeploymentStatusStopped || tripped(full) {
		return nil
	}
	newest, err := r.list(ctx, service, 1)
	if err != nil {
		return err
	}
	settle(d, full, len(newest) > 0 && aws.ToString(newest[0].ServiceDeploymentArn) != d.ARN && !aws.ToTime(newest[0].CreatedAt).Before(aws.ToTime(full.CreatedAt)))
	return nil
}
