package sandbox

import (
	"regexp"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ecs"
	"github.com/aws/aws-sdk-go-v2/service/ecs/types"
)

// roleMarks may stand in the name of a role, and of a session with one.
const roleMarks = "_+=,.@-"

var (
	roleARN = regexp.MustCompile(`^arn:aws[\w-]*:iam::[0-9]{12}:role/[\w+=,.@/-]+$`)
)

// checkTaskDefinition refuses what RegisterTaskDefinition refuses. The texts
// are AWS' own where a public report quotes them.
func checkTaskDefinition(in *ecs.RegisterTaskDefinitionInput) error {
	client := func(format string, args ...any) error { return refuse("ClientException", format, args...) }
	cpu, cpuOK := taskCPU(in.Cpu)
	memory, memoryOK := taskMemory(in.Memory)
	switch {
	case aws.ToString(in.Family) == "":
		return client("Family should not be null or empty.")
	case !isECSName(*in.Family):
		return client("Family contains invalid characters.")
	case len(in.ContainerDefinitions) == 0:
		return client("Container list cannot be empty.")
	case !cpuOK:
		return client("Invalid 'cpu' setting for task. For more information, see the Troubleshooting section of the Amazon ECS Developer Guide.")
	case !memoryOK:
		return client("Invalid 'memory' setting for task.")
	}
	for _, role := range []*string{in.TaskRoleArn, in.ExecutionRoleArn} {
		// The sandbox has no IAM to look a role up in, and real files carry
		// placeholders for the account: only what is no role at all is refused.
		if r := aws.ToString(role); strings.HasPrefix(r, "arn:") && !strings.Contains(r, ":role/") {
			return client("Role is not valid")
		}
	}
	if err := checkContainers(in, cpu, memory); err != nil {
		return err
	}
	if slices.Contains(in.RequiresCompatibilities, types.CompatibilityFargate) {
		return checkFargate(in)
	}
	return nil
}

func checkContainers(in *ecs.RegisterTaskDefinitionInput, cpu, memory int32) error {
	client := func(format string, args ...any) error { return refuse("ClientException", format, args...) }
	volumes, names := map[string]bool{}, map[string]bool{}
	for _, v := range in.Volumes {
		volumes[aws.ToString(v.Name)] = true
	}
	essential, totalCPU := false, int32(0)
	for _, c := range in.ContainerDefinitions {
		name := aws.ToString(c.Name)
		switch {
		case name == "":
			return client("Container.name should not be null or empty.")
		case !isECSName(name):
			return client("Container.name contains invalid characters.")
		case names[name]:
			return client("Container.name must be unique in the task definition: %s", name)
		case aws.ToString(c.Image) == "":
			return client("Container.image should not be null or empty.")
		case memory == 0 && c.Memory == nil && c.MemoryReservation == nil:
			return client("Invalid setting for container '%s'. At least one of 'memory' or 'memoryReservation' must be specified.", name)
		case c.Memory != nil && *c.Memory < 6:
			return client("Invalid setting for container '%s'. 'memory' must be at least 6 MiB.", name)
		case c.Memory != nil && c.MemoryReservation != nil && *c.MemoryReservation > *c.Memory:
			return client("Invalid setting for container '%s'. 'memory' must be greater than or equal to 'memoryReservation'.", name)
		case memory > 0 && aws.ToInt32(c.Memory) > memory:
			return client("The 'memory' setting for container '%s' is greater than for the task.", name)
		case in.NetworkMode == types.NetworkModeAwsvpc && len(c.Links) > 0:
			return client("Links are not supported when networkMode=awsvpc.")
		case len(c.Secrets) > 0 && aws.ToString(in.ExecutionRoleArn) == "":
			return client("When you are specifying container secrets, you must also specify a value for 'executionRoleArn'.")
		}
		names[name] = true
		totalCPU += c.Cpu
		essential = essential || c.Essential == nil || *c.Essential
		if err := checkContainer(in, c, volumes); err != nil {
			return err
		}
	}
	switch {
	case !essential:
		return client("A task definition must have at least one essential container.")
	case cpu > 0 && totalCPU > cpu:
		return client("The total of the 'cpu' settings of the containers is greater than for the task.")
	}
	return checkDependencies(in, names)
}

// checkContainer looks at the lists of one container.
func checkContainer(in *ecs.RegisterTaskDefinitionInput, c types.ContainerDefinition, volumes map[string]bool) error {
	for _, m := range c.MountPoints {
		if v := aws.ToString(m.SourceVolume); v != "" && !volumes[v] {
			return refuse("ClientException", "Unknown volume '%s'.", v)
		}
	}
	for _, p := range c.PortMappings {
		if in.NetworkMode == types.NetworkModeAwsvpc && aws.ToInt32(p.HostPort) != 0 && aws.ToInt32(p.HostPort) != aws.ToInt32(p.ContainerPort) {
			return refuse("ClientException", "When networkMode=awsvpc, the host ports and container ports in port mappings must match.")
		}
		if p.ContainerPort != nil && (*p.ContainerPort < 1 || *p.ContainerPort > 65535) {
			return refuse("ClientException", "Invalid container port %d.", *p.ContainerPort)
		}
	}
	if h := c.HealthCheck; h != nil {
		bad := func(p *int32, low, high int32) bool { return p != nil && (*p < low || *p > high) }
		if len(h.Command) == 0 || bad(h.Interval, 5, 300) || bad(h.Timeout, 2, 60) || bad(h.Retries, 1, 10) || bad(h.StartPeriod, 0, 300) {
			return refuse("ClientException", "Invalid health check for container '%s'.", aws.ToString(c.Name))
		}
	}
	return nil
}

// checkDependencies refuses dependsOn and volumesFrom that lead nowhere.
func checkDependencies(in *ecs.RegisterTaskDefinitionInput, names map[string]bool) error {
	for _, c := range in.ContainerDefinitions {
		for _, d := range c.DependsOn {
			if !names[aws.ToString(d.ContainerName)] {
				return refuse("ClientException", "Unknown container '%s' in the dependencies of '%s'.", aws.ToString(d.ContainerName), aws.ToString(c.Name))
			}
		}
		for _, v := range c.VolumesFrom {
			if !names[aws.ToString(v.SourceContainer)] {
				return refuse("ClientException", "Unknown container '%s' in volumesFrom of '%s'.", aws.ToString(v.SourceContainer), aws.ToString(c.Name))
			}
		}
	}
	return nil
}

// fargateMemory are the sizes of the Developer Guide: cpu → least, most and
// step of memory in MiB.
var fargateMemory = map[int32][3]int32{
	256: {512, 2048, 512}, 512: {1024, 4096, 1024}, 1024: {2048, 8192, 1024}, 2048: {4096, 16384, 1024},
	4096: {8192, 30720, 1024}, 8192: {16384, 61440, 4096}, 16384: {32768, 122880, 8192},
}

// checkFargate refuses what does not run on Fargate.
func checkFargate(in *ecs.RegisterTaskDefinitionInput) error {
	client := func(format string, args ...any) error { return refuse("ClientException", format, args...) }
	cpu, _ := taskCPU(in.Cpu)
	memory, _ := taskMemory(in.Memory)
	sizes, known := fargateMemory[cpu]
	switch {
	case in.NetworkMode != types.NetworkModeAwsvpc:
		return client("Fargate only supports network mode ‘awsvpc’.")
	case cpu == 0:
		return client("Fargate requires that 'cpu' be defined at the task level.")
	case memory == 0:
		return client("Fargate requires that 'memory' be defined at the task level.")
	case !known || memory < sizes[0] || memory > sizes[1] || (memory%sizes[2] != 0 && !(cpu == 256 && memory == 512)) || (cpu == 256 && memory == 1536):
		return client("No Fargate configuration exists for given values: %d CPU, %d memory. See the Amazon ECS documentation for the valid values.", cpu, memory)
	}
	for _, c := range in.ContainerDefinitions {
		switch {
		case aws.ToBool(c.Privileged):
			return client("Fargate does not support privileged containers.")
		case aws.ToString(in.ExecutionRoleArn) != "":
		case c.LogConfiguration != nil && c.LogConfiguration.LogDriver == types.LogDriverAwslogs:
			return client("Fargate requires task definition to have execution role ARN to support log driver awslogs.")
		}
	}
	return nil
}
