package sweep

import (
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ecs"
	ecstypes "github.com/aws/aws-sdk-go-v2/service/ecs/types"

	"github.com/ecs-operator/ecs-operator/pkg/sandbox"
)

// starts looks at what is to be begun. A service is made with the token by which AWS makes
// it once, however often it is asked (I2; the SDK puts one of its own into RunTask); no deployment begins while ECS rolls
// its service back, and none while as many run as may (I4).
func (x *watcher) starts(v *sandbox.World, c sandbox.Call) {
	switch in := c.Input.(type) {
	case *ecs.CreateServiceInput:
		if aws.ToString(in.ClientToken) == "" {
			x.broken("I2", "CreateService of %s without a client token", aws.ToString(in.ServiceName))
		}
	case *ecs.UpdateServiceInput:
		cluster, name := last(aws.ToString(in.Cluster)), last(aws.ToString(in.Service))
		if cluster == "" {
			cluster = "default"
		}
		running, states := 0, underWay(v)
		state := states[cluster+"/"+name]
		s := activeServices(v)[cluster+"/"+name]
		if s == nil || !in.ForceNewDeployment && (in.TaskDefinition == nil || last(*in.TaskDefinition) == last(aws.ToString(s.TaskDefinition))) {
			return
		}
		for _, unit := range ownServices(v) {
			if states[unit] != "" && unit != cluster+"/"+name {
				running++
			}
		}
		if most := x.w.scenario.rollouts; most > 0 && running >= most && state == "" { // else it had its place already

			x.broken("I4", "a deployment of %s begins while %d others run, and %d may", name, running, most)
		}
		if state == ecstypes.ServiceDeploymentStatusRollbackInProgress || state == ecstypes.ServiceDeploymentStatusRollbackRequested {
			x.broken("I4", "a deployment of %s begins while ECS rolls the former one back", name)
		}
	}
}

// underWay are the states of the newest deployments that have not ended, by cluster/name.
func underWay(v *sandbox.World) map[string]ecstypes.ServiceDeploymentStatus {
	out := map[string]ecstypes.ServiceDeploymentStatus{}
	for cluster, c := range v.ECS.Clusters {
		for name, s := range c.Services {
			if n := len(s.Deployments); n > 0 {
				switch state := s.Deployments[n-1].Deployment.Status; state {
				case ecstypes.ServiceDeploymentStatusSuccessful, ecstypes.ServiceDeploymentStatusStopped, ecstypes.ServiceDeploymentStatusRollbackSuccessful, ecstypes.ServiceDeploymentStatusRollbackFailed:
				default:
					out[cluster+"/"+name] = state
				}
			}
		}
	}
	return out
}
