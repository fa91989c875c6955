package lint

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ecs/types"

	"github.com/ecs-operator/ecs-operator/pkg/resource"
	"github.com/ecs-operator/ecs-operator/pkg/spec"
)

// onFargate reports whether the unit's tasks run on Fargate, or are registered
// for it, and says by which line.
func (v *unit) onFargate() bool {
	if v.task != nil && slices.Contains(v.task.in.RequiresCompatibilities, types.CompatibilityFargate) {
		return true
	}
	return v.launchedOnFargate()
}

// launchedOnFargate reports whether the service says so.
func (v *unit) launchedOnFargate() bool {
	if v.service == nil {
		return false
	}
	if v.service.in.LaunchType == types.LaunchTypeFargate {
		return true
	}
	for _, p := range v.service.in.CapacityProviderStrategy {
		if strings.HasPrefix(aws.ToString(p.CapacityProvider), "FARGATE") {
			return true
		}
	}
	return false
}

// forFargate makes a check of one for task definitions that must run on Fargate.
func forFargate(check func(*task, found)) func(*unit, found) {
	return func(v *unit, f found) {
		if v.task != nil && v.onFargate() {
			check(v.task, f)
		}
	}
}

var fargateRules = []Rule{
	{"fargate-size", spec.Error, "Fargate has certain pairs of cpu and memory; Windows needs 1 vCPU at least and 4 at most.", "choose one of the pairs", forFargate(fargateSize)},
	{"fargate-network", spec.Error, "Fargate has networkMode awsvpc only.", "write taskDefinition.networkMode: awsvpc",
		forFargate(func(t *task, f found) {
			if t.in.NetworkMode != types.NetworkModeAwsvpc {
				f(t.Object, "networkMode", "is %s", mode(t))
			}
		})},
	{"fargate-unsupported", spec.Error, "What belongs to an instance of one's own does not exist on Fargate.", "remove it, or run the service on EC2", forFargate(fargateUnsupported)},
	{"fargate-execution-role", spec.Error, "On Fargate the awslogs driver and images of ECR need the task definition's executionRoleArn.", "write taskDefinition.executionRoleArn",
		forFargate(fargateRole)},
	{"fargate-stop-timeout", spec.Error, "On Fargate stopTimeout is 2 to 120 seconds.", "choose a value in that range",
		forFargate(func(t *task, f found) {
			eachContainer(t, func(path string, c *types.ContainerDefinition) {
				if outside(c.StopTimeout, 2, 120) {
					f(t.Object, path+".stopTimeout", "%d is out of range", *c.StopTimeout)
				}
			})
		})},
}

// fargateMemory are the sizes of the Developer Guide and of
// RegisterTaskDefinitionInput.Memory's comment: cpu → least, most and step of MiB.
var fargateMemory = map[int][3]int{
	256: {512, 2048, 512}, 512: {1024, 4096, 1024}, 1024: {2048, 8192, 1024}, 2048: {4096, 16384, 1024},
	4096: {8192, 30720, 1024}, 8192: {16384, 61440, 4096}, 16384: {32768, 122880, 8192},
}

func fargateSize(t *task, f found) {
	cpu, cpuOK := size(aws.ToString(t.in.Cpu), vcpu)
	memory, memoryOK := size(aws.ToString(t.in.Memory), gigabytes)
	for _, m := range []struct{ name, text string }{{"cpu", aws.ToString(t.in.Cpu)}, {"memory", aws.ToString(t.in.Memory)}} {
		if m.text == "" {
			f(t.Object, "", "%s is missing, which Fargate needs for the whole task", m.name)
		}
	}
	if !cpuOK || !memoryOK {
		return // a variable, or not a size: told by who decodes it
	}
	sizes, known := fargateMemory[cpu]
	windows := t.in.RuntimePlatform != nil && strings.HasPrefix(string(t.in.RuntimePlatform.OperatingSystemFamily), "WINDOWS")
	switch {
	case !known:
		f(t.Object, "cpu", "Fargate has no %d units; it has 256, 512, 1024, 2048, 4096, 8192 and 16384", cpu)
	case windows && (cpu < 1024 || cpu > 4096):
		f(t.Object, "cpu", "Fargate has no Windows tasks of %d units; it has 1024, 2048 and 4096", cpu)
	case memory < sizes[0] || memory > sizes[1] || memory%sizes[2] != 0 || cpu == 256 && memory == 1536:
		steps := fmt.Sprintf("%d to %d MiB in steps of %d", sizes[0], sizes[1], sizes[2])
		if cpu == 256 {
			steps = "512, 1024 or 2048 MiB"
		}
		f(t.Object, "memory", "%d MiB does not go with cpu %d, which goes with %s", memory, cpu, steps)
	}
}

// mode is the network mode as people know it.
func mode(t *task) string {
	if t.in.NetworkMode == "" {
		return "not written, which means bridge"
	}
	return string(t.in.NetworkMode)
}

func fargateUnsupported(t *task, f found) {
	no := func(is bool, path string) {
		if is {
			f(t.Object, path, "Fargate does not support it")
		}
	}
	no(len(t.in.PlacementConstraints) > 0, "placementConstraints")
	no(t.in.IpcMode == types.IpcModeHost, "ipcMode")
	no(t.in.PidMode == types.PidModeHost, "pidMode")
	for i, v := range t.in.Volumes {
		no(v.DockerVolumeConfiguration != nil, at("volumes", i)+".dockerVolumeConfiguration")
		no(v.Host != nil && aws.ToString(v.Host.SourcePath) != "", at("volumes", i)+".host.sourcePath")
	}
	eachContainer(t, func(path string, c *types.ContainerDefinition) {
		no(aws.ToBool(c.Privileged), path+".privileged")
		no(aws.ToBool(c.DisableNetworking), path+".disableNetworking")
		if l := c.LinuxParameters; l != nil {
			no(len(l.Devices) > 0, path+".linuxParameters.devices")
			no(l.SharedMemorySize != nil, path+".linuxParameters.sharedMemorySize")
			no(l.MaxSwap != nil, path+".linuxParameters.maxSwap")
			no(l.Swappiness != nil, path+".linuxParameters.swappiness")
			if k := l.Capabilities; k != nil {
				for i, name := range k.Add {
					no(name != "SYS_PTRACE" && !open(name), at(path+".linuxParameters.capabilities.add", i))
				}
			}
		}
		for i, r := range c.ResourceRequirements {
			no(r.Type == types.ResourceTypeGpu, at(path+".resourceRequirements", i))
		}
	})
}

func fargateRole(t *task, f found) {
	if aws.ToString(t.in.ExecutionRoleArn) != "" {
		return
	}
	eachContainer(t, func(path string, c *types.ContainerDefinition) {
		switch image := aws.ToString(c.Image); {
		case c.LogConfiguration != nil && c.LogConfiguration.LogDriver == types.LogDriverAwslogs:
			f(t.Object, path+".logConfiguration.logDriver", "awslogs has no role to write with")
		case strings.Contains(image, ".dkr.ecr.") && strings.Contains(image, ".amazonaws.com"):
			f(t.Object, path+".image", "there is no role to pull %q with", image)
		}
	})
}

// logOptions is the check of log-options, which knows where the tasks run.
func logOptions(v *unit, f found) {
	if v.task == nil {
		return
	}
	check := func(o *resource.Object, path string, l *types.LogConfiguration) {
		if l == nil || l.LogDriver != types.LogDriverAwslogs {
			return
		}
		needed := []string{"awslogs-group", "awslogs-region"}
		if v.onFargate() {
			needed = append(needed, "awslogs-stream-prefix")
		}
		for _, option := range needed {
			if l.Options[option] == "" && !slices.ContainsFunc(l.SecretOptions, func(s types.Secret) bool { return aws.ToString(s.Name) == option }) {
				f(o, path+".options", "%s is missing", option)
			}
		}
	}
	eachContainer(v.task, func(path string, c *types.ContainerDefinition) {
		check(v.task.Object, path+".logConfiguration", c.LogConfiguration)
	})
}

// Units in which a task's size may be written (RegisterTaskDefinitionInput.Cpu and Memory).
const (
	vcpu      = "vcpu"
	gigabytes = "gb"
)

// size reads a task's cpu or memory as AWS does: a number of units or MiB, or
// "1 vCPU" and "2GB". Not ok is what is not written, a variable, or no size.
func size(text, unit string) (n int, ok bool) {
	s := strings.ToLower(strings.TrimSpace(text))
	if number, found := strings.CutSuffix(s, unit); found {
		x, err := strconv.ParseFloat(strings.TrimSpace(number), 64)
		if err != nil || math.IsNaN(x) || x < 0 || x > 1e6 {
			return 0, false
		}
		return int(math.Round(x * 1024)), true
	}
	n, err := strconv.Atoi(s)
	return n, err == nil
}
