package lint

import (
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ecs"
	"github.com/aws/aws-sdk-go-v2/service/ecs/types"

	"github.com/ecs-operator/ecs-operator/pkg/shape"
	"github.com/ecs-operator/ecs-operator/pkg/spec"
)

type task = body[ecs.RegisterTaskDefinitionInput]

// eachContainer calls fn for each container with its path.
func eachContainer(t *task, fn func(path string, c *types.ContainerDefinition)) {
	for i := range t.in.ContainerDefinitions {
		fn(at("containerDefinitions", i), &t.in.ContainerDefinitions[i])
	}
}

// isECSName is the alphabet of families, services and containers
// (ContainerDefinition.Name: up to 255 letters, numbers, underscores and hyphens).
func isECSName(s string) bool { return shape.IsName(s, 255, "_-") }

// isPortName is PortMapping.Name's comment.
func isPortName(s string) bool {
	return shape.IsName(s, 64, "_-") && s[0] != '-' && strings.ToLower(s) == s
}

var taskRules = []Rule{
	{"essential-container", spec.Error, "A task has at least one essential container.", "leave out `essential: false` on the container that the task is about",
		onTask(essentialContainer)},
	{"container-name", spec.Error, "A container's name has up to 255 letters, digits, hyphens and underscores.", "choose another name",
		onTask(func(t *task, f found) {
			eachContainer(t, func(path string, c *types.ContainerDefinition) {
				if name := aws.ToString(c.Name); name != "" && !open(name) && !isECSName(name) {
					f(t.Object, path+".name", "%q is no name of a container", name)
				}
			})
		})},
	{"container-twice", spec.Error, "Containers of a task have different names.", "rename one of them",
		onTask(func(t *task, f found) {
			seen := map[string]bool{}
			eachContainer(t, func(path string, c *types.ContainerDefinition) {
				name := aws.ToString(c.Name)
				if seen[name] {
					f(t.Object, path+".name", "a container %q stands above already", name)
				}
				seen[name] = true
			})
		})},
	{"volume-unknown", spec.Error, "What a container mounts is declared: `mountPoints` name volumes of the task, `volumesFrom` names its containers.",
		"declare it, or correct the name", onTask(unknownVolumes)},
	{"volume-twice", spec.Error, "Volumes of a task have different names.", "rename one of them",
		onTask(func(t *task, f found) {
			seen := map[string]bool{}
			for i, v := range t.in.Volumes {
				if name := aws.ToString(v.Name); seen[name] {
					f(t.Object, at("volumes", i)+".name", "a volume %q stands above already", name)
				} else {
					seen[name] = true
				}
			}
		})},
	{"volume-unused", spec.Warning, "A declared volume is mounted by some container.", "mount it, or remove it", onTask(unusedVolumes)},
	{"depends-on", spec.Error, "`dependsOn` names other containers of the task, in no circle; HEALTHY needs a health check there, COMPLETE and SUCCESS a container that is not essential.",
		"correct the dependency", onTask(dependsOn)},
	{"task-sum", spec.Error, "The containers' cpu, and the memory reserved for them, fit into the task's.", "raise the task's value or lower the containers'",
		onTask(sums)},
	{"execution-role", spec.Error, "Secrets are read with the task definition's executionRoleArn.", "write taskDefinition.executionRoleArn",
		onTask(func(t *task, f found) {
			if aws.ToString(t.in.ExecutionRoleArn) != "" {
				return
			}
			eachContainer(t, func(path string, c *types.ContainerDefinition) {
				if len(c.Secrets) > 0 {
					f(t.Object, path+".secrets", "there is no role to read them with")
				}
			})
		})},
	{"ephemeral-storage", spec.Error, "Ephemeral storage is 21 to 200 GiB.", "choose a size in that range, or leave it out for 20 GiB",
		onTask(func(t *task, f found) {
			if e := t.in.EphemeralStorage; e != nil && (e.SizeInGiB < 21 || e.SizeInGiB > 200) {
				f(t.Object, "ephemeralStorage.sizeInGiB", "%d GiB is out of range", e.SizeInGiB)
			}
		})},
	{"proxy-container", spec.Error, "`proxyConfiguration.containerName` is a container of the task.", "correct the name",
		onTask(func(t *task, f found) {
			if p := t.in.ProxyConfiguration; p != nil && !open(aws.ToString(p.ContainerName)) && container(t, aws.ToString(p.ContainerName)) == nil {
				f(t.Object, "proxyConfiguration.containerName", "the task has no container %q", aws.ToString(p.ContainerName))
			}
		})},
}

// essential is what a container is unless it says otherwise.
func essential(c *types.ContainerDefinition) bool { return c.Essential == nil || *c.Essential }

func essentialContainer(t *task, f found) {
	for i := range t.in.ContainerDefinitions {
		if essential(&t.in.ContainerDefinitions[i]) {
			return
		}
	}
	if len(t.in.ContainerDefinitions) > 0 {
		f(t.Object, "containerDefinitions", "no container is essential, so nothing would keep the task running")
	}
}

// container finds a container by its name.
func container(t *task, name string) *types.ContainerDefinition {
	for i := range t.in.ContainerDefinitions {
		if c := &t.in.ContainerDefinitions[i]; aws.ToString(c.Name) == name {
			return c
		}
	}
	return nil
}

func containerNames(t *task) string {
	var names []string
	for _, c := range t.in.ContainerDefinitions {
		names = append(names, aws.ToString(c.Name))
	}
	return strings.Join(names, ", ")
}

func unknownVolumes(t *task, f found) {
	declared := map[string]bool{}
	for _, v := range t.in.Volumes {
		declared[aws.ToString(v.Name)] = true
	}
	eachContainer(t, func(path string, c *types.ContainerDefinition) {
		for i, m := range c.MountPoints {
			if name := aws.ToString(m.SourceVolume); name != "" && !open(name) && !declared[name] {
				f(t.Object, at(path+".mountPoints", i)+".sourceVolume", "taskDefinition.volumes has no %q", name)
			}
		}
		for i, from := range c.VolumesFrom {
			if name := aws.ToString(from.SourceContainer); name != "" && !open(name) && container(t, name) == nil {
				f(t.Object, at(path+".volumesFrom", i)+".sourceContainer", "the task has no container %q (it has %s)", name, containerNames(t))
			}
		}
	})
}

func unusedVolumes(t *task, f found) {
	used := map[string]bool{}
	eachContainer(t, func(_ string, c *types.ContainerDefinition) {
		for _, m := range c.MountPoints {
			used[aws.ToString(m.SourceVolume)] = true
		}
	})
	for i, v := range t.in.Volumes {
		if name := aws.ToString(v.Name); !used[name] && !open(name) && !aws.ToBool(v.ConfiguredAtLaunch) {
			f(t.Object, at("volumes", i), "no container mounts %q", name)
		}
	}
}

func dependsOn(t *task, f found) {
	needs := map[string][]string{}
	eachContainer(t, func(path string, c *types.ContainerDefinition) {
		self := aws.ToString(c.Name)
		for i, d := range c.DependsOn {
			name, here := aws.ToString(d.ContainerName), at(path+".dependsOn", i)
			other := container(t, name)
			switch {
			case open(name):
			case other == nil:
				f(t.Object, here+".containerName", "the task has no container %q (it has %s)", name, containerNames(t))
			case name == self:
				f(t.Object, here+".containerName", "a container cannot wait for itself")
			case d.Condition == types.ContainerConditionHealthy && other.HealthCheck == nil:
				f(t.Object, here+".condition", "%q has no healthCheck, so it is never HEALTHY", name)
			case (d.Condition == types.ContainerConditionComplete || d.Condition == types.ContainerConditionSuccess) && essential(other):
				f(t.Object, here+".condition", "%s waits for %q to end, which is essential: the task would end with it", d.Condition, name)
			default:
				needs[self] = append(needs[self], name)
			}
		}
	})
	eachContainer(t, func(path string, c *types.ContainerDefinition) {
		if reaches(needs, aws.ToString(c.Name)) {
			f(t.Object, path+".dependsOn", "container %q waits for itself in a circle", aws.ToString(c.Name))
		}
	})
}

// reaches reports whether a way leads from a name back to it.
func reaches(needs map[string][]string, from string) bool {
	seen, todo := map[string]bool{}, needs[from]
	for len(todo) > 0 {
		name := todo[0]
		todo = todo[1:]
		if name == from {
			return true
		}
		if !seen[name] {
			seen[name] = true
			todo = append(todo, needs[name]...)
		}
	}
	return false
}

func sums(t *task, f found) {
	cpu, cpuOK := size(aws.ToString(t.in.Cpu), vcpu)
	memory, memoryOK := size(aws.ToString(t.in.Memory), gigabytes)
	var cpus, reserved int
	for _, c := range t.in.ContainerDefinitions {
		cpus += int(c.Cpu)
		switch {
		case c.MemoryReservation != nil:
			reserved += int(*c.MemoryReservation)
		case c.Memory != nil:
			reserved += int(*c.Memory)
		}
	}
	if cpuOK && cpus > cpu {
		f(t.Object, "cpu", "the containers ask for %d units in sum, the task has %d", cpus, cpu)
	}
	if memoryOK && reserved > memory {
		f(t.Object, "memory", "the containers reserve %d MiB in sum, the task has %d", reserved, memory)
	}
}
