package sandbox

import (
	"slices"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ecs"
	"github.com/aws/aws-sdk-go-v2/service/ecs/types"
)

// Services under another deployment controller than ECS run in task sets and
// have no deployments (a recorded answer of DescribeServices for CODE_DEPLOY;
// copilot-cli#1061). The sandbox has no CodeDeploy: a CODE_DEPLOY service keeps
// the task set that CreateService made, and an EXTERNAL one may have one.

// inTaskSets is whether another controller than ECS deploys the service.
func (s *ecsService) inTaskSets() bool {
	c := s.Service.DeploymentController
	return c != nil && c.Type != types.DeploymentControllerTypeEcs
}

// external is whether people make the task sets by API.
func (s *ecsService) external() bool {
	return s.inTaskSets() && s.Service.DeploymentController.Type == types.DeploymentControllerTypeExternal
}

// primarySet is whether the newest task set serves the traffic: of an EXTERNAL
// service only after UpdateServicePrimaryTaskSet.
func (s *ecsService) primarySet() bool {
	return len(s.Rollouts) > 0 && (!s.external() || s.TaskSetPrimary)
}

// showTaskSets puts into a described service what it has instead of deployments.
func (s *ecsService) showTaskSets(v *types.Service, counts map[string]tally) {
	v.Deployments, v.CurrentServiceRevisions, v.CurrentServiceDeployment = []types.Deployment{}, nil, nil
	v.TaskSets = []types.TaskSet{}
	for i, r := range s.Rollouts {
		n, d := counts[r.Digits], &r.Deployment
		set := types.TaskSet{
			Id: d.Id, TaskSetArn: aws.String(ecsPrefix + "task-set/" + s.key() + "/" + r.id()), ServiceArn: v.ServiceArn, ClusterArn: v.ClusterArn,
			Status: aws.String(rolloutActive), TaskDefinition: d.TaskDefinition, ComputedDesiredCount: n.kept, RunningCount: n.running, PendingCount: n.pending,
			CreatedAt: d.CreatedAt, UpdatedAt: d.UpdatedAt, LaunchType: d.LaunchType, CapacityProviderStrategy: d.CapacityProviderStrategy,
			PlatformVersion: d.PlatformVersion, PlatformFamily: d.PlatformFamily, NetworkConfiguration: d.NetworkConfiguration,
			LoadBalancers: orEmpty(s.Service.LoadBalancers), ServiceRegistries: orEmpty(s.Service.ServiceRegistries),
			Scale: &types.Scale{Unit: types.ScaleUnitPercent, Value: 100}, StabilityStatus: types.StabilityStatusStabilizing, StabilityStatusAt: d.UpdatedAt,
			ExternalId: s.TaskSetExternalID, Tags: []types.Tag{},
		}
		if i == 0 {
			set.ComputedDesiredCount = v.DesiredCount
			if s.primarySet() {
				set.Status = aws.String(rolloutPrimary)
			}
		}
		if set.RunningCount == set.ComputedDesiredCount && set.PendingCount == 0 {
			set.StabilityStatus = types.StabilityStatusSteadyState
		}
		v.TaskSets = append(v.TaskSets, set)
	}
	if !s.primarySet() { // "when describing the service, the task set fields are null"
		v.TaskDefinition, v.NetworkConfiguration, v.PlatformVersion, v.PlatformFamily = nil, nil, nil, nil
		v.LoadBalancers, v.ServiceRegistries = []types.LoadBalancer{}, []types.ServiceRegistry{}
	}
}

// checkController refuses changes of the deployment controller that AWS does not
// make, and changes that another controller than ECS has to make.
func checkController(s *ecsService, in *ecs.UpdateServiceInput) error {
	have := s.Service.DeploymentController.Type
	if in.DeploymentController != nil && in.DeploymentController.Type != have {
		return checkMove(s, in.DeploymentController.Type)
	}
	if have == types.DeploymentControllerTypeEcs {
		return nil
	}
	for _, part := range []struct {
		what    string
		changed bool
	}{
		{"task definition", in.TaskDefinition != nil}, {"load balancers", in.LoadBalancers != nil},
		{"network parameters", in.NetworkConfiguration != nil}, // terraform-provider-aws#13473
		{"platform version", in.PlatformVersion != nil},
	} {
		if part.changed {
			return invalid("Unable to update %s on services with a %s deployment controller. %s", part.what, have, elsewhere[have])
		}
	}
	if in.ForceNewDeployment {
		return invalid("Cannot force a new deployment on services with a %s deployment controller. %s", have, elsewhere[have])
	}
	return nil
}

// elsewhere is where a deployment is made then. That of EXTERNAL is our wording.
var elsewhere = map[types.DeploymentControllerType]string{
	types.DeploymentControllerTypeCodeDeploy: "Use AWS CodeDeploy to trigger a new deployment.",
	types.DeploymentControllerTypeExternal:   "Use task sets to make a new deployment.",
}

// checkMove knows the moves that UpdateService makes (Developer Guide, "Updating
// Amazon ECS service parameters") and what stands in their way ("Troubleshooting
// Amazon ECS deployment strategy updates": the texts are AWS').
func checkMove(s *ecsService, to types.DeploymentControllerType) error {
	from := s.Service.DeploymentController.Type
	switch {
	case to != types.DeploymentControllerTypeEcs:
		return refuse("InvalidParameterException", "The sandbox does not move services from the deployment controller %s to %s yet.", from, to)
	case len(s.Rollouts) > 1:
		return invalid("Updating the deployment controller is not supported when there are multiple tasksets in the service. Please ensure your service has only one taskset and try again.")
	case !s.primarySet():
		return invalid("Updating the deployment controller requires a primary taskset in the service. Please ensure your service has a primary taskset and try again.")
	}
	return nil
}

// moved makes the task set of a service that has come to ECS its deployment. No
// page says what becomes of the tasks: they stay here, and no service deployment
// is listed for what was never one (unverified).
func (s *ecsService) moved() {
	s.Deployments, s.Service.CurrentServiceDeployment = nil, nil
	s.TaskSetPrimary, s.TaskSetExternalID = false, nil
}

// newExternal is an EXTERNAL service: of everything but its name only what is
// common to all its task sets is taken, and it runs nothing ("the only required
// parameter is the service name").
func newExternal(c *call, cl *ecsCluster, in *ecs.CreateServiceInput) (*ecsService, error) {
	for _, part := range []struct {
		what  string
		given bool
	}{
		{"task definition", in.TaskDefinition != nil}, {"launch type", in.LaunchType != ""}, {"network configuration", in.NetworkConfiguration != nil},
		{"load balancer", len(in.LoadBalancers) > 0}, {"platform version", in.PlatformVersion != nil},
	} {
		if part.given { // the wording is ours
			return nil, invalid("A %s cannot be specified when the service uses the EXTERNAL deployment controller: it belongs to a task set.", part.what)
		}
	}
	switch {
	case aws.ToString(in.ServiceName) == "" || !isECSName(*in.ServiceName):
		return nil, invalid("Invalid service name: %s", aws.ToString(in.ServiceName))
	case in.SchedulingStrategy == types.SchedulingStrategyDaemon:
		return nil, invalid("The daemon scheduling strategy is not supported with the EXTERNAL deployment controller.")
	}
	if err := checkTags(in.Tags, nil); err != nil {
		return nil, err
	}
	s := newService(c, cl, in, &ecsTaskDef{})
	s.Service.LaunchType, s.Service.CapacityProviderStrategy = "", nil
	if err := checkPlacement(s); err != nil {
		return nil, err
	}
	return s, c.w.checkDeployment(s)
}

func (c *call) taskSetService(cluster, service *string) (*ecsCluster, *ecsService, error) {
	cl, err := c.w.cluster(cluster)
	if err != nil {
		return nil, nil, err
	}
	s := cl.service(service)
	switch {
	case s == nil:
		return nil, nil, refuse("ServiceNotFoundException", "Service not found.")
	case s.status() != statusActive:
		return nil, nil, refuse("ServiceNotActiveException", "Service was not ACTIVE.")
	}
	return cl, s, nil
}

func createTaskSet(c *call, in *ecs.CreateTaskSetInput) (*ecs.CreateTaskSetOutput, error) {
	cl, s, err := c.taskSetService(in.Cluster, in.Service)
	if err != nil {
		return nil, err
	}
	switch {
	case !s.external():
		return nil, invalid("CreateTaskSet is only supported for services with an EXTERNAL deployment controller.") // our wording
	case len(s.Rollouts) > 0:
		return nil, refuse("InvalidParameterException", "The sandbox runs one task set of a service: %s has one.", s.name())
	case in.Scale != nil && in.Scale.Value != 100:
		return nil, refuse("InvalidParameterException", "The sandbox runs task sets at a scale of 100 percent alone.")
	}
	probe := &ecs.CreateServiceInput{ServiceName: s.Service.ServiceName, TaskDefinition: in.TaskDefinition, DesiredCount: &s.Service.DesiredCount,
		LaunchType: in.LaunchType, CapacityProviderStrategy: in.CapacityProviderStrategy, PlatformVersion: in.PlatformVersion,
		NetworkConfiguration: in.NetworkConfiguration, LoadBalancers: in.LoadBalancers, ServiceRegistries: in.ServiceRegistries,
		HealthCheckGracePeriodSeconds: s.Service.HealthCheckGracePeriodSeconds, DeploymentConfiguration: s.Service.DeploymentConfiguration}
	def, err := c.w.checkCreateService(cl, probe)
	if err != nil {
		return nil, err
	}
	made := newService(c, cl, probe, def)
	v, w := &s.Service, &made.Service
	v.TaskDefinition, v.LaunchType, v.CapacityProviderStrategy = w.TaskDefinition, w.LaunchType, w.CapacityProviderStrategy
	v.PlatformVersion, v.PlatformFamily, v.NetworkConfiguration = w.PlatformVersion, w.PlatformFamily, w.NetworkConfiguration
	v.LoadBalancers, v.ServiceRegistries, v.RoleArn, s.Launch = w.LoadBalancers, w.ServiceRegistries, w.RoleArn, made.Launch
	s.TaskSetExternalID, s.TaskSetPrimary = in.ExternalId, false
	c.w.startRollout(cl, s)
	set := s.view(cl, false).TaskSets[0]
	return &ecs.CreateTaskSetOutput{TaskSet: &set}, nil
}

func describeTaskSets(c *call, in *ecs.DescribeTaskSetsInput) (*ecs.DescribeTaskSetsOutput, error) {
	cl, s, err := c.taskSetService(in.Cluster, in.Service)
	if err != nil {
		return nil, err
	}
	out := &ecs.DescribeTaskSetsOutput{TaskSets: []types.TaskSet{}, Failures: []types.Failure{}}
	all := s.view(cl, false).TaskSets
	if len(in.TaskSets) == 0 {
		out.TaskSets = append(out.TaskSets, all...)
	}
	for _, ref := range in.TaskSets {
		i := slices.IndexFunc(all, func(t types.TaskSet) bool { return isTaskSet(t, ref) })
		if i < 0 {
			out.Failures = append(out.Failures, missing(ref))
			continue
		}
		out.TaskSets = append(out.TaskSets, all[i])
	}
	return out, nil
}

func isTaskSet(t types.TaskSet, ref string) bool {
	return ref == aws.ToString(t.Id) || ref == aws.ToString(t.TaskSetArn)
}

func updateServicePrimaryTaskSet(c *call, in *ecs.UpdateServicePrimaryTaskSetInput) (*ecs.UpdateServicePrimaryTaskSetOutput, error) {
	cl, s, err := c.taskSetService(in.Cluster, in.Service)
	if err != nil {
		return nil, err
	}
	for _, t := range s.view(cl, false).TaskSets {
		if s.external() && isTaskSet(t, aws.ToString(in.PrimaryTaskSet)) {
			s.TaskSetPrimary = true
			set := s.view(cl, false).TaskSets[0]
			return &ecs.UpdateServicePrimaryTaskSetOutput{TaskSet: &set}, nil
		}
	}
	return nil, refuse("TaskSetNotFoundException", "The specified task set wasn't found.")
}

// newServiceARN is the ARN that a new service gets: without the cluster where the
// account has not opted in to the long form (PutAccountSetting,
// serviceLongArnFormat: "the opt-in status of the user or role that created the
// resource").
func (w *World) newServiceARN(cluster, name string) string {
	if w.ECS.Settings[string(types.SettingNameServiceLongArnFormat)] == "disabled" {
		return ecsPrefix + "service/" + name
	}
	return serviceARN(cluster, name)
}
