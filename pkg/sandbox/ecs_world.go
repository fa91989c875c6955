package sandbox

import (
	"sort"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/ecs/types"
)

// ecsWorld is what ECS remembers. Everything is found by map: no event and no
// call about one service walks over the others.
type ecsWorld struct {
	Clusters  map[string]*ecsCluster // by name
	Families  map[string]*ecsFamily  // task definitions by family
	Providers map[string]*types.CapacityProvider
	Settings  map[string]string // account settings that were put
}

// ecsCluster is a cluster with all that lives in it.
type ecsCluster struct {
	Cluster   types.Cluster // counts are filled in when it is described
	Services  map[string]*ecsService
	Instances map[string]*ecsInstance
	Tasks     map[string]*ecsTask
}

// ecsInstance is a container instance.
type ecsInstance struct {
	Instance types.ContainerInstance // RemainingResources are computed
	Tasks    map[string]bool         // ids of the tasks that hold resources here
}

// ecsFamily is a task definition family. Revision numbers never restart.
type ecsFamily struct {
	Name      string
	Last      int32
	Revisions []*ecsTaskDef // ascending, without the deleted
}

// ecsTaskDef is one revision of a family.
type ecsTaskDef struct {
	Definition types.TaskDefinition
	Tags       []types.Tag
}

// ecsService is a service: its configuration as DescribeServices shows it and
// what the scheduler knows about it.
type ecsService struct {
	Cluster string
	Service types.Service // without deployments and counts, which are computed

	// What DescribeServices does not show on the service itself
	// (aws-facts 1.4): it is on deployments and revisions.
	ServiceConnect    *types.ServiceConnectConfiguration
	Volumes           []types.ServiceVolumeConfiguration
	Lattice           []types.VpcLatticeConfiguration
	Monitoring        *types.MonitoringConfiguration
	GatewayConnectors []types.GatewayConnector

	TaskSetPrimary    bool    // of an EXTERNAL service: its task set is the primary one
	TaskSetExternalID *string // of it

	Rollouts    []*ecsRollout    // PRIMARY first, then the ACTIVE ones, newest first
	Deployments []*ecsDeployment // history, oldest first
	Revisions   map[string]*types.ServiceRevision
	Tasks       map[string]bool  // tasks that are not STOPPED
	Stopped     map[string]bool  // tasks that are STOPPED and still remembered
	WakeAt      time.Time        // when the scheduler looks at it next; zero: nothing planned
	Launch      types.LaunchType // what an empty capacity provider strategy goes back to
	Gone        time.Time        // when it became INACTIVE
	Steady      bool             // a steady state was announced for the present state
	SteadyAt    time.Time        // when it was announced last
	Troubled    time.Time        // when a placement failure was last announced
}

// ecsRollout is one entry of Service.deployments: one revision that has, or is
// to have, tasks.
type ecsRollout struct {
	Deployment types.Deployment // counts are computed
	Digits     string           // of ecs-svc/<digits> and service-revision/…/<digits>
	Current    string           // ARN of the service deployment that rolls it out, or did last
	Failures   int32            // failed tasks in a row
	NotBefore  time.Time        // the restart throttle
	Impaired   bool             // the throttle was announced
	Unplaced   bool             // the last placement failed
	BakeUntil  time.Time        // deployment alarms are watched until then
}

// ecsDeployment is a service deployment: the history entry of one rollout.
type ecsDeployment struct {
	Deployment types.ServiceDeployment // the target's counts are computed while it runs
	Digits     string                  // of the target revision
	Shift      *ecsShift               // of its traffic; nil when tasks are replaced in place
	Hooks      []*ecsHook              // the lifecycle hooks that it ran
}

// ecsTask is a task and what will become of it.
type ecsTask struct {
	Task    types.Task
	Cluster string
	Service string // name, empty for a standalone task
	Rollout string // digits of the rollout that started it
	Network string // network mode
	CPU     int32  // what it holds on its container instance
	Memory  int32
	Ports   []string // "80/tcp"
	Fate    string   // what its images' tags say: "", crash, oom, unhealthy, missing
	Job     *ecsJob  `json:",omitempty"` // it runs to an end of its own
	Step    int64    // the only live timer is the one that carries this number
	Proven  bool     // runs and has passed all its health checks
	Targets []ecsTarget
	Stops   time.Duration // how long its containers take to stop
	Kept    []types.Tag   // tags, shown with include=TAGS
}

// ecsTarget is a registration of a task in a target group.
type ecsTarget struct {
	Group string
	ID    string
	Port  int32
}

// ecsTimers are what ECS does by itself.
func ecsTimers() map[string]func(*World, string) {
	return map[string]func(*World, string){
		"ecs.schedule": scheduleTimer,
		"ecs.task":     taskTimer,
		"ecs.forget":   forgetTaskTimer,
		"ecs.begin":    deploymentBeginTimer,
		"ecs.stopped":  deploymentStoppedTimer,
		"ecs.inactive": serviceInactiveTimer,
		"ecs.purge":    taskDefinitionPurgeTimer,
		"ecs.provider": providerDeletedTimer,
		"ecs.token":    func(w *World, key string) { delete(w.Tokens, key) },
	}
}

// ecsOperations are the operations of ECS.
func ecsOperations() []operation {
	return []operation{
		op("ecs", "CreateCluster", true, createCluster),
		op("ecs", "DescribeClusters", false, describeClusters),
		op("ecs", "ListClusters", false, listClusters),
		op("ecs", "DeleteCluster", true, deleteCluster),
		op("ecs", "UpdateCluster", true, updateCluster),
		op("ecs", "UpdateClusterSettings", true, updateClusterSettings),
		op("ecs", "PutClusterCapacityProviders", true, putClusterCapacityProviders),

		op("ecs", "CreateCapacityProvider", true, createCapacityProvider),
		op("ecs", "DescribeCapacityProviders", false, describeCapacityProviders),
		op("ecs", "UpdateCapacityProvider", true, updateCapacityProvider),
		op("ecs", "DeleteCapacityProvider", true, deleteCapacityProvider),

		op("ecs", "RegisterTaskDefinition", true, registerTaskDefinition),
		op("ecs", "DescribeTaskDefinition", false, describeTaskDefinition),
		op("ecs", "ListTaskDefinitions", false, listTaskDefinitions),
		op("ecs", "ListTaskDefinitionFamilies", false, listTaskDefinitionFamilies),
		op("ecs", "DeregisterTaskDefinition", true, deregisterTaskDefinition),
		op("ecs", "DeleteTaskDefinitions", true, deleteTaskDefinitions),

		op("ecs", "CreateService", true, createService),
		op("ecs", "UpdateService", true, updateService),
		op("ecs", "DeleteService", true, deleteService),
		op("ecs", "DescribeServices", false, describeServices),
		op("ecs", "ListServices", false, listServices),

		op("ecs", "ListServiceDeployments", false, listServiceDeployments),
		op("ecs", "DescribeServiceDeployments", false, describeServiceDeployments),
		op("ecs", "StopServiceDeployment", true, stopServiceDeployment),
		op("ecs", "ContinueServiceDeployment", true, continueServiceDeployment),
		op("ecs", "DescribeServiceRevisions", false, describeServiceRevisions),

		op("ecs", "CreateTaskSet", true, createTaskSet),
		op("ecs", "DescribeTaskSets", false, describeTaskSets),
		op("ecs", "UpdateServicePrimaryTaskSet", true, updateServicePrimaryTaskSet),

		op("ecs", "RunTask", true, runTask),
		op("ecs", "StopTask", true, stopTask),
		op("ecs", "ListTasks", false, listTasks),
		op("ecs", "DescribeTasks", false, describeTasks),

		op("ecs", "ListContainerInstances", false, listContainerInstances),
		op("ecs", "DescribeContainerInstances", false, describeContainerInstances),
		op("ecs", "UpdateContainerInstancesState", true, updateContainerInstancesState),

		op("ecs", "TagResource", true, tagResource),
		op("ecs", "UntagResource", true, untagResource),
		op("ecs", "ListTagsForResource", false, listTagsForResource),

		op("ecs", "ListAccountSettings", false, listAccountSettings),
		op("ecs", "PutAccountSetting", true, putAccountSetting),
		op("ecs", "PutAccountSettingDefault", true, putAccountSettingDefault),
	}
}

// sorted are the keys of a map in order.
func sorted[V any](m map[string]V) []string {
	keys := make([]string, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	sort.Strings(keys)
	return keys
}
