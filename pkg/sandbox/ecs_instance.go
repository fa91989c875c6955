package sandbox

import (
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ecs"
	"github.com/aws/aws-sdk-go-v2/service/ecs/types"
)

// view is the container instance as it is described, with what is left on it.
func (i *ecsInstance) view(cl *ecsCluster, tags bool) types.ContainerInstance {
	v := i.Instance
	cpu, memory, ports := cl.held(i)
	v.RemainingResources = slices.Clone(v.RegisteredResources)
	for at := range v.RemainingResources {
		r := &v.RemainingResources[at]
		switch aws.ToString(r.Name) {
		case "CPU":
			r.IntegerValue -= cpu
		case "MEMORY":
			r.IntegerValue -= memory
		case "PORTS", "PORTS_UDP": // AWS lists the ports that are taken
			r.StringSetValue = slices.Clone(r.StringSetValue)
			for _, p := range sorted(ports) {
				if number, udp := strings.CutSuffix(p, "/udp"); udp == (*r.Name == "PORTS_UDP") {
					r.StringSetValue = append(r.StringSetValue, strings.TrimSuffix(number, "/tcp"))
				}
			}
		}
	}
	v.RunningTasksCount, v.PendingTasksCount = 0, 0
	for id := range i.Tasks {
		switch t := cl.Tasks[id]; {
		case t.running():
			v.RunningTasksCount++
		case t.pending():
			v.PendingTasksCount++
		}
	}
	if !tags {
		v.Tags = nil
	}
	return v
}

func listContainerInstances(c *call, in *ecs.ListContainerInstancesInput) (*ecs.ListContainerInstancesOutput, error) {
	cl, err := c.w.cluster(in.Cluster)
	if err != nil {
		return nil, err
	}
	var arns []string
	for _, id := range sorted(cl.Instances) {
		i := cl.Instances[id]
		if in.Status != "" && aws.ToString(i.Instance.Status) != string(in.Status) {
			continue
		}
		if f := aws.ToString(in.Filter); f != "" {
			ok, err := cl.matches(f, id, i)
			if err != nil {
				return nil, invalid("Invalid filter: %s: %v", f, err)
			}
			if !ok {
				continue
			}
		}
		arns = append(arns, aws.ToString(i.Instance.ContainerInstanceArn))
	}
	arns, next, err := page(arns, in.NextToken, in.MaxResults, 100, 100)
	if err != nil {
		return nil, err
	}
	return &ecs.ListContainerInstancesOutput{ContainerInstanceArns: orEmpty(arns), NextToken: next}, nil
}

func describeContainerInstances(c *call, in *ecs.DescribeContainerInstancesInput) (*ecs.DescribeContainerInstancesOutput, error) {
	cl, err := c.w.cluster(in.Cluster)
	if err != nil {
		return nil, err
	}
	switch n := len(in.ContainerInstances); {
	case n == 0:
		return nil, invalid("Container instances cannot be empty.")
	case n > 100:
		return nil, invalid("instanceIds can have at most 100 items.") // traefik#3625
	}
	out := &ecs.DescribeContainerInstancesOutput{ContainerInstances: []types.ContainerInstance{}, Failures: []types.Failure{}}
	for _, ref := range in.ContainerInstances {
		i, ok := cl.Instances[lastSegment(ref)]
		if !ok {
			out.Failures = append(out.Failures, missing(instanceARN(cl.name(), lastSegment(ref))))
			continue
		}
		out.ContainerInstances = append(out.ContainerInstances, i.view(cl, slices.Contains(in.Include, types.ContainerInstanceFieldTags)))
	}
	return out, nil
}

func updateContainerInstancesState(c *call, in *ecs.UpdateContainerInstancesStateInput) (*ecs.UpdateContainerInstancesStateOutput, error) {
	cl, err := c.w.cluster(in.Cluster)
	if err != nil {
		return nil, err
	}
	if in.Status != types.ContainerInstanceStatusActive && in.Status != types.ContainerInstanceStatusDraining {
		return nil, invalid("Container instances can only be updated to the ACTIVE or DRAINING state.")
	}
	if n := len(in.ContainerInstances); n == 0 || n > 10 {
		return nil, invalid("Container instances must have between 1 and 10 elements.")
	}
	out := &ecs.UpdateContainerInstancesStateOutput{ContainerInstances: []types.ContainerInstance{}, Failures: []types.Failure{}}
	for _, ref := range in.ContainerInstances {
		i, ok := cl.Instances[lastSegment(ref)]
		if !ok {
			out.Failures = append(out.Failures, missing(instanceARN(cl.name(), lastSegment(ref))))
			continue
		}
		i.Instance.Status = aws.String(string(in.Status))
		i.Instance.Version++
		out.ContainerInstances = append(out.ContainerInstances, i.view(cl, false))
	}
	for _, s := range cl.Services { // whoever has tasks there moves them; daemons count anew
		if s.status() == statusActive && !s.onFargate() {
			c.w.wake(s, time.Second)
		}
	}
	return out, nil
}
