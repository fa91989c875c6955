package sandbox

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ecs/types"
)

// launch is all that is needed to start a task.
type launch struct {
	def       *ecsTaskDef
	group     string
	startedBy string
	service   *ecsService // nil for a standalone task
	rollout   string
	fargate   bool
	provider  string
	instance  string // container instance, when not on Fargate
	network   *types.NetworkConfiguration
	platform  *string
	overrides *types.TaskOverride
	exec      bool
	tags      []types.Tag
}

// startTask brings a task into the world.
func (w *World) startTask(cl *ecsCluster, l launch) *ecsTask {
	def := l.def.Definition
	id := w.hexID(32)
	need := demandOf(def, l.overrides)
	t := &ecsTask{
		Cluster: cl.name(), Rollout: l.rollout, Network: string(networkMode(def)), Fate: taskFate(def), Kept: orEmpty(l.tags), Stops: stopDuration(def),
		Task: types.Task{
			TaskArn: aws.String(taskARN(cl.name(), id)), ClusterArn: cl.Cluster.ClusterArn, TaskDefinitionArn: def.TaskDefinitionArn,
			CreatedAt: aws.Time(w.Clock), DesiredStatus: aws.String(taskRunning), Group: aws.String(l.group), HealthStatus: types.HealthStatusUnknown,
			LaunchType: types.LaunchTypeEc2, Version: 1, EnableExecuteCommand: l.exec,
			Cpu: aws.String(strconv.Itoa(int(need.cpu))), Memory: aws.String(strconv.Itoa(int(need.memory))),
			Attachments: []types.Attachment{}, Overrides: l.overrides, Attributes: []types.Attribute{},
			AvailabilityZone: aws.String(Region + "a"),
		},
	}
	if l.overrides == nil {
		t.Task.Overrides = &types.TaskOverride{ContainerOverrides: []types.ContainerOverride{}}
	}
	if l.service == nil {
		t.Job = jobOf(l.overrides)
	}
	if l.startedBy != "" {
		t.Task.StartedBy = aws.String(l.startedBy)
	}
	if l.provider != "" {
		t.Task.CapacityProviderName = aws.String(l.provider)
	}
	if l.service != nil {
		t.Service = l.service.name()
		l.service.Tasks[id] = true
	}
	if a := architecture(def); a != "" {
		t.Task.Attributes = append(t.Task.Attributes, types.Attribute{Name: aws.String("ecs.cpu-architecture"), Value: aws.String(a)})
	}
	cl.Tasks[id] = t
	w.settle(cl, t, l, need)
	t.Task.Containers = w.containers(t, def)
	w.setOff(t)
	return t
}

func architecture(def types.TaskDefinition) string {
	if def.RuntimePlatform == nil {
		return ""
	}
	return string(def.RuntimePlatform.CpuArchitecture)
}

// settle gives a task its place: on Fargate or on a container instance.
func (w *World) settle(cl *ecsCluster, t *ecsTask, l launch, need demand) {
	if l.fargate {
		t.Task.LaunchType, t.Task.PlatformFamily = types.LaunchTypeFargate, aws.String("Linux")
		t.Task.PlatformVersion = aws.String(resolvedPlatform(l.platform))
		t.Task.EphemeralStorage = &types.EphemeralStorage{SizeInGiB: 20}
	} else {
		i := cl.Instances[l.instance]
		t.Task.ContainerInstanceArn = i.Instance.ContainerInstanceArn
		if zone, ok := i.attribute("ecs.availability-zone"); ok {
			t.Task.AvailabilityZone = aws.String(zone)
		}
		i.Tasks[t.id()] = true
		t.CPU, t.Memory, t.Ports = need.cpu, need.memory, need.ports
	}
	if t.Network == string(types.NetworkModeAwsvpc) {
		subnet := knownSubnets[0]
		if l.network != nil && len(l.network.AwsvpcConfiguration.Subnets) > 0 {
			subnets := l.network.AwsvpcConfiguration.Subnets
			subnet = subnets[int(w.Serial)%len(subnets)]
		}
		if l.fargate && subnet == knownSubnets[1] {
			t.Task.AvailabilityZone = aws.String(Region + "b")
		}
		detail := func(name, value string) types.KeyValuePair {
			return types.KeyValuePair{Name: aws.String(name), Value: aws.String(value)}
		}
		t.Task.Attachments = []types.Attachment{{
			Id: aws.String(w.uuid()), Type: aws.String("ElasticNetworkInterface"), Status: aws.String("PRECREATED"),
			Details: []types.KeyValuePair{detail("subnetId", subnet), detail("networkInterfaceId", "eni-"+w.hexID(17)), detail("privateIPv4Address", w.privateIP())},
		}}
	}
}

func resolvedPlatform(version *string) string {
	if v := aws.ToString(version); v != "" && v != "LATEST" {
		return v
	}
	return "1.4.0" // what LATEST means on Linux
}

// setOff starts the task's life.
func (w *World) setOff(t *ecsTask) {
	t.Task.LastStatus = aws.String(taskProvisioning)
	switch {
	case t.onFargate():
		w.next(t, provisionFargate)
	case t.Network == string(types.NetworkModeAwsvpc):
		w.next(t, provisionInterface)
	default:
		w.pull(t)
	}
}

// containers are the containers of a new task.
func (w *World) containers(t *ecsTask, def types.TaskDefinition) []types.Container {
	out := []types.Container{}
	for _, c := range def.ContainerDefinitions {
		v := types.Container{
			ContainerArn: aws.String(ecsPrefix + "container/" + t.Cluster + "/" + t.id() + "/" + w.uuid()),
			TaskArn:      t.Task.TaskArn, Name: c.Name, Image: c.Image, LastStatus: aws.String(taskPending),
			ImageDigest:       aws.String(imageDigest(aws.ToString(c.Image))),
			RuntimeId:         aws.String(t.id() + "-" + strconv.Itoa(len(out))),
			NetworkInterfaces: []types.NetworkInterface{}, NetworkBindings: []types.NetworkBinding{},
			HealthStatus: types.HealthStatusUnknown, Cpu: aws.String(strconv.Itoa(int(c.Cpu))),
		}
		if c.Memory != nil {
			v.Memory = aws.String(strconv.Itoa(int(*c.Memory)))
		}
		if c.MemoryReservation != nil {
			v.MemoryReservation = aws.String(strconv.Itoa(int(*c.MemoryReservation)))
		}
		if len(t.Task.Attachments) > 0 {
			details := t.Task.Attachments[0].Details
			v.NetworkInterfaces = append(v.NetworkInterfaces, types.NetworkInterface{AttachmentId: t.Task.Attachments[0].Id, PrivateIpv4Address: details[len(details)-1].Value})
		} else {
			v.NetworkBindings = w.bindings(c)
		}
		out = append(out, v)
	}
	return out
}

// bindings are the host ports of a container outside awsvpc; 0 asks for one of
// the ephemeral range.
func (w *World) bindings(c types.ContainerDefinition) []types.NetworkBinding {
	out := []types.NetworkBinding{}
	for _, p := range c.PortMappings {
		if p.ContainerPort == nil {
			continue
		}
		host := aws.ToInt32(p.HostPort)
		if host == 0 {
			w.Serial++
			host = int32(32768 + w.Serial%28000)
		}
		out = append(out, types.NetworkBinding{BindIP: aws.String("0.0.0.0"), ContainerPort: p.ContainerPort, HostPort: aws.Int32(host), Protocol: p.Protocol})
	}
	return out
}

func imageDigest(image string) string {
	if _, pinned, ok := strings.Cut(image, "@"); ok {
		return pinned
	}
	return "sha256:" + digest(image)
}

// stopDuration is how long the containers take to stop: a moment, unless they
// must be gone sooner.
func stopDuration(def types.TaskDefinition) time.Duration {
	d := stopping
	for _, c := range def.ContainerDefinitions {
		if c.StopTimeout != nil {
			d = min(d, time.Duration(*c.StopTimeout)*time.Second)
		}
	}
	return d
}

// providerFor picks the capacity provider of a strategy for the next task:
// first the base, then by weight. held is how many tasks each has.
func providerFor(strategy []types.CapacityProviderStrategyItem, held map[string]int32) string {
	best, bestShare := "", 0.0
	for _, item := range strategy {
		name := aws.ToString(item.CapacityProvider)
		if held[name] < item.Base {
			return name
		}
		if item.Weight == 0 {
			continue
		}
		if share := float64(held[name]-item.Base) / float64(item.Weight); best == "" || share < bestShare {
			best, bestShare = name, share
		}
	}
	if best == "" && len(strategy) > 0 { // a lone provider of weight 0 takes nothing but its base: AWS places nothing
		return aws.ToString(strategy[0].CapacityProvider)
	}
	return best
}

// taskList names tasks as events do.
func taskList(ids []string) string {
	out := ""
	for _, id := range ids {
		out += fmt.Sprintf(" (task %s)", id)
	}
	return out
}
