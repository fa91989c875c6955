package sandbox

import (
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ecs"
	"github.com/aws/aws-sdk-go-v2/service/ecs/types"
)

func (t *ecsTask) view(tags bool) types.Task {
	v := t.Task
	v.Containers = slices.Clone(t.Task.Containers)
	v.Tags = []types.Tag{}
	if tags {
		v.Tags = slices.Clone(orEmpty(t.Kept))
	}
	return v
}

func runTask(c *call, in *ecs.RunTaskInput) (*ecs.RunTaskOutput, error) {
	cl, err := c.w.cluster(in.Cluster)
	if err != nil {
		return nil, err
	}
	if out, err := c.replayedRun(cl, in); out != nil || err != nil {
		return out, err
	}
	def, err := c.checkRun(cl, in)
	if err != nil {
		return nil, err
	}
	kind, strategy := placementOf(cl, in.LaunchType, in.CapacityProviderStrategy)
	l := launch{def: def, group: aws.ToString(in.Group), startedBy: aws.ToString(in.StartedBy), fargate: runsOnFargate(kind, strategy),
		network: filledNetwork(in.NetworkConfiguration), platform: in.PlatformVersion, overrides: in.Overrides, exec: in.EnableExecuteCommand,
		tags: append(slices.Clone(in.Tags), propagated(in.PropagateTags, nil, def.Tags)...)}
	if l.group == "" {
		l.group = "family:" + aws.ToString(def.Definition.Family)
	}
	out := &ecs.RunTaskOutput{Tasks: []types.Task{}, Failures: []types.Failure{}}
	held, made := map[string]int32{}, []string{}
	for range max(1, aws.ToInt32(in.Count)) {
		l.provider = providerFor(strategy, held)
		if !l.fargate {
			id, failure, _ := cl.place(c.w, placing{demand: demandOf(def.Definition, in.Overrides), group: l.group, provider: l.provider,
				constraints: allConstraints(in.PlacementConstraints, def.Definition), strategy: in.PlacementStrategy})
			if failure != nil {
				out.Failures = append(out.Failures, *failure)
				continue
			}
			l.instance = id
		}
		held[l.provider]++
		t := c.w.startTask(cl, l)
		made = append(made, t.id())
		out.Tasks = append(out.Tasks, t.view(true))
	}
	if token := aws.ToString(in.ClientToken); token != "" && len(made) > 0 {
		c.remember("ecs.RunTask/"+token, requestDigest(in), strings.Join(made, ","))
	}
	return out, nil
}

// remember keeps a client token for 24 h.
func (c *call) remember(key, request, answer string) {
	c.w.Tokens[key] = token{At: c.Now, Request: request, Answer: answer}
	c.w.after(tokenLife, "ecs.token", key)
}

// replayedRun answers a client token of RunTask with the tasks it started.
func (c *call) replayedRun(cl *ecsCluster, in *ecs.RunTaskInput) (*ecs.RunTaskOutput, error) {
	seen, ok := c.w.Tokens["ecs.RunTask/"+aws.ToString(in.ClientToken)]
	if !ok || aws.ToString(in.ClientToken) == "" {
		return nil, nil
	}
	if seen.Request != requestDigest(in) {
		return nil, refuse("ConflictException", "The clientToken was used with different parameters.")
	}
	out := &ecs.RunTaskOutput{Tasks: []types.Task{}, Failures: []types.Failure{}}
	for _, id := range strings.Split(seen.Answer, ",") {
		if t, ok := cl.Tasks[id]; ok {
			out.Tasks = append(out.Tasks, t.view(true))
		}
	}
	return out, nil
}

func (c *call) checkRun(cl *ecsCluster, in *ecs.RunTaskInput) (*ecsTaskDef, error) {
	switch {
	case aws.ToString(in.TaskDefinition) == "":
		return nil, invalid("TaskDefinition can not be blank.")
	case in.Count != nil && (*in.Count < 1 || *in.Count > 10):
		return nil, invalid("Count must be between 1 and 10.")
	case in.LaunchType != "" && len(in.CapacityProviderStrategy) > 0:
		return nil, invalid("Specifying both a launch type and capacity provider strategy is not supported. Remove one and try again.")
	case strings.HasPrefix(aws.ToString(in.Group), "service:"):
		return nil, invalid("Invalid namespace for group.")
	}
	if err := checkTags(in.Tags, nil); err != nil {
		return nil, err
	}
	def, err := c.w.usableTaskDefinition(in.TaskDefinition)
	if err != nil {
		return nil, err
	}
	kind, strategy := placementOf(cl, in.LaunchType, in.CapacityProviderStrategy)
	onFargate := runsOnFargate(kind, strategy)
	if err := checkStrategy(cl.Cluster.CapacityProviders, strategy); err != nil {
		return nil, err
	}
	if err := checkLaunch(kind, onFargate, def); err != nil {
		return nil, err
	}
	if err := checkNetwork(filledNetwork(in.NetworkConfiguration), def.Definition, onFargate); err != nil {
		return nil, err
	}
	for _, p := range in.PlacementConstraints {
		if err := checkConstraint(string(p.Type), aws.ToString(p.Expression)); err != nil {
			return nil, err
		}
	}
	if in.Overrides != nil {
		for _, o := range in.Overrides.ContainerOverrides {
			if !slices.ContainsFunc(def.Definition.ContainerDefinitions, func(d types.ContainerDefinition) bool { return aws.ToString(d.Name) == aws.ToString(o.Name) }) {
				return nil, invalid("Override for container named %s is not a container in the TaskDefinition.", aws.ToString(o.Name))
			}
		}
	}
	return def, checkPlacementStrategy(in.PlacementStrategy)
}

func stopTask(c *call, in *ecs.StopTaskInput) (*ecs.StopTaskOutput, error) {
	cl, err := c.w.cluster(in.Cluster)
	if err != nil {
		return nil, err
	}
	t, ok := cl.Tasks[lastSegment(aws.ToString(in.Task))]
	if !ok {
		return nil, invalid("The referenced task was not found.")
	}
	reason := aws.ToString(in.Reason)
	if reason == "" {
		reason = "Task stopped by user"
	}
	c.w.endTask(cl, t, types.TaskStopCodeUserInitiated, reason)
	if s := cl.Services[t.Service]; s != nil {
		s.Steady = false
		c.w.wake(s, 0)
	}
	return &ecs.StopTaskOutput{Task: new(t.view(false))}, nil
}

func listTasks(c *call, in *ecs.ListTasksInput) (*ecs.ListTasksOutput, error) {
	cl, err := c.w.cluster(in.Cluster)
	if err != nil {
		return nil, err
	}
	desired := in.DesiredStatus
	if desired == "" {
		desired = types.DesiredStatusRunning
	}
	if in.ServiceName != nil && cl.service(in.ServiceName) == nil {
		return nil, refuse("ServiceNotFoundException", "Service not found.")
	}
	if in.ContainerInstance != nil && cl.Instances[lastSegment(*in.ContainerInstance)] == nil {
		return nil, invalid("The specified container instance was not found.")
	}
	var arns []string
	for _, id := range cl.taskIDs(in.ServiceName) {
		t := cl.Tasks[id]
		family, _, _ := strings.Cut(lastSegment(aws.ToString(t.Task.TaskDefinitionArn)), ":")
		switch {
		case aws.ToString(t.Task.DesiredStatus) != string(desired),
			in.Family != nil && family != *in.Family,
			in.LaunchType != "" && t.Task.LaunchType != in.LaunchType,
			in.StartedBy != nil && aws.ToString(t.Task.StartedBy) != *in.StartedBy,
			in.ContainerInstance != nil && lastSegment(aws.ToString(t.Task.ContainerInstanceArn)) != lastSegment(*in.ContainerInstance):
			continue
		}
		arns = append(arns, aws.ToString(t.Task.TaskArn))
	}
	arns, next, err := page(arns, in.NextToken, in.MaxResults, 100, 100)
	if err != nil {
		return nil, err
	}
	return &ecs.ListTasksOutput{TaskArns: orEmpty(arns), NextToken: next}, nil
}

// taskIDs are the tasks of a service, or all.
func (cl *ecsCluster) taskIDs(service *string) []string {
	if service == nil {
		return sorted(cl.Tasks)
	}
	s := cl.service(service)
	ids := append(sorted(s.Tasks), sorted(s.Stopped)...)
	slices.Sort(ids)
	return ids
}

func describeTasks(c *call, in *ecs.DescribeTasksInput) (*ecs.DescribeTasksOutput, error) {
	cl, err := c.w.cluster(in.Cluster)
	if err != nil {
		return nil, err
	}
	switch {
	case len(in.Tasks) == 0:
		return nil, invalid("Tasks cannot be empty.")
	case len(in.Tasks) > 100:
		return nil, invalid("taskIds can have at most 100 items.") // gchq/sleeper#555
	}
	out := &ecs.DescribeTasksOutput{Tasks: []types.Task{}, Failures: []types.Failure{}}
	for _, ref := range in.Tasks {
		t, ok := cl.Tasks[lastSegment(ref)]
		if !ok {
			out.Failures = append(out.Failures, missing(taskARN(cl.name(), lastSegment(ref))))
			continue
		}
		out.Tasks = append(out.Tasks, t.view(slices.Contains(in.Include, types.TaskFieldTags)))
	}
	return out, nil
}
