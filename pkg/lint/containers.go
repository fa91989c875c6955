package lint

import (
	"fmt"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ecs/types"

	"github.com/ecs-operator/ecs-operator/pkg/spec"
)

// onContainers makes a check of one that looks at each container alone.
func onContainers(check func(t *task, path string, c *types.ContainerDefinition, f found)) func(*unit, found) {
	return onTask(func(t *task, f found) {
		eachContainer(t, func(path string, c *types.ContainerDefinition) { check(t, path, c, f) })
	})
}

var containerRules = []Rule{
	{"container-memory", spec.Error, "A container has memory: of its own (at least 6 MiB, no less than its reservation, no more than the task's), or the task's.",
		"write memory or memoryReservation that fits", onContainers(containerMemory)},
	{"container-health-check", spec.Error, "A container's healthCheck has interval 5-300, timeout 2-60, retries 1-10, startPeriod 0-300.", "choose a value in that range",
		onContainers(containerHealth)},
	{"health-check-command", spec.Warning, "A healthCheck command begins with CMD, CMD-SHELL or NONE.", "write it as [CMD-SHELL, \"…\"]",
		onContainers(func(t *task, path string, c *types.ContainerDefinition, f found) {
			if c.HealthCheck == nil || len(c.HealthCheck.Command) == 0 {
				return
			}
			if first := c.HealthCheck.Command[0]; first != "CMD" && first != "CMD-SHELL" && first != "NONE" && !open(first) {
				f(t.Object, path+".healthCheck.command", "begins with %q, which Docker does not know", first)
			}
		})},
	{"image-tag", spec.Warning, "An image names one version.", "write a tag that never moves, or a digest", onContainers(imageTag)},
	{"environment-twice", spec.Warning, "An environment name is set once.", "remove one of them", onContainers(environmentTwice)},
	{"secret-twice", spec.Error, "A secret's name is set once, and by no environment entry.", "rename or remove one of them", onContainers(secretTwice)},
	{"port-range", spec.Error, "Ports are 1 to 65535; a hostPort may be 0.", "choose a port in that range",
		onContainers(func(t *task, path string, c *types.ContainerDefinition, f found) {
			for i, p := range c.PortMappings {
				if outside(p.ContainerPort, 1, 65535) {
					f(t.Object, at(path+".portMappings", i)+".containerPort", "%d is no port", *p.ContainerPort)
				}
				if outside(p.HostPort, 0, 65535) {
					f(t.Object, at(path+".portMappings", i)+".hostPort", "%d is no port", *p.HostPort)
				}
			}
		})},
	{"port-name", spec.Error, "A port mapping's name has up to 64 lower-case letters, digits, hyphens and underscores, and starts with no hyphen.", "choose another name",
		onContainers(func(t *task, path string, c *types.ContainerDefinition, f found) {
			for i, p := range c.PortMappings {
				if name := aws.ToString(p.Name); name != "" && !open(name) && !isPortName(name) {
					f(t.Object, at(path+".portMappings", i)+".name", "%q is no name of a port", name)
				}
			}
		})},
	{"port-name-twice", spec.Error, "Port mappings of a task have different names.", "rename one of them",
		onTask(func(t *task, f found) {
			seen := map[string]bool{}
			eachContainer(t, func(path string, c *types.ContainerDefinition) {
				for i, p := range c.PortMappings {
					name := aws.ToString(p.Name)
					if name != "" && seen[name] {
						f(t.Object, at(path+".portMappings", i)+".name", "a port %q stands above already", name)
					}
					seen[name] = true
				}
			})
		})},
	{"port-twice", spec.Warning, "A port is mapped once: under awsvpc and host all containers of a task share them.", "remove one of them, or let a container listen elsewhere",
		onTask(portTwice)},
	{"host-port", spec.Error, "Under awsvpc and host a hostPort is its containerPort.", "leave hostPort out",
		onContainers(func(t *task, path string, c *types.ContainerDefinition, f found) {
			if t.in.NetworkMode != types.NetworkModeAwsvpc && t.in.NetworkMode != types.NetworkModeHost {
				return
			}
			for i, p := range c.PortMappings {
				if host := aws.ToInt32(p.HostPort); host != 0 && p.ContainerPort != nil && host != *p.ContainerPort {
					f(t.Object, at(path+".portMappings", i)+".hostPort", "%d is not the containerPort %d, as networkMode %s needs it", host, *p.ContainerPort, t.in.NetworkMode)
				}
			}
		})},
	{"links", spec.Error, "`links` need networkMode bridge.", "remove them: under awsvpc containers reach each other on localhost",
		onContainers(func(t *task, path string, c *types.ContainerDefinition, f found) {
			if len(c.Links) > 0 && t.in.NetworkMode != "" && t.in.NetworkMode != types.NetworkModeBridge {
				f(t.Object, path+".links", "networkMode is %s", t.in.NetworkMode)
			}
		})},
	{"log-options", spec.Error, "The awslogs driver needs awslogs-group and awslogs-region; on Fargate awslogs-stream-prefix, too.", "write the option", logOptions},
	{"log-router", spec.Warning, "A container that logs through awsfirelens has a container with firelensConfiguration beside it.", "add the log router",
		onContainers(func(t *task, path string, c *types.ContainerDefinition, f found) {
			if c.LogConfiguration == nil || c.LogConfiguration.LogDriver != types.LogDriverAwsfirelens {
				return
			}
			for _, other := range t.in.ContainerDefinitions {
				if other.FirelensConfiguration != nil {
					return
				}
			}
			f(t.Object, path+".logConfiguration.logDriver", "no container of the task has a firelensConfiguration")
		})},
	{"ulimit", spec.Error, "A ulimit's softLimit is at most its hardLimit.", "lower the one or raise the other",
		onContainers(func(t *task, path string, c *types.ContainerDefinition, f found) {
			for i, u := range c.Ulimits {
				if u.HardLimit >= 0 && u.SoftLimit > u.HardLimit {
					f(t.Object, at(path+".ulimits", i), "softLimit %d is over hardLimit %d", u.SoftLimit, u.HardLimit)
				}
			}
		})},
	{"restart-period", spec.Error, "restartAttemptPeriod is 60 to 1800 seconds.", "choose a value in that range",
		onContainers(func(t *task, path string, c *types.ContainerDefinition, f found) {
			if r := c.RestartPolicy; r != nil && outside(r.RestartAttemptPeriod, 60, 1800) {
				f(t.Object, path+".restartPolicy.restartAttemptPeriod", "%d is out of range", *r.RestartAttemptPeriod)
			}
		})},
}

func containerMemory(t *task, path string, c *types.ContainerDefinition, f found) {
	memory, sized := size(aws.ToString(t.in.Memory), gigabytes)
	switch {
	case aws.ToString(t.in.Memory) == "" && c.Memory == nil && c.MemoryReservation == nil:
		f(t.Object, path, "has no memory, and the task has none")
	case c.Memory != nil && *c.Memory < 6:
		f(t.Object, path+".memory", "%d MiB is less than 6", *c.Memory)
	case c.Memory != nil && c.MemoryReservation != nil && *c.MemoryReservation > *c.Memory:
		f(t.Object, path+".memoryReservation", "%d MiB is more than memory, %d", *c.MemoryReservation, *c.Memory)
	case sized && int(aws.ToInt32(c.Memory)) > memory:
		f(t.Object, path+".memory", "%d MiB is more than the task has, %d", *c.Memory, memory)
	}
}

func containerHealth(t *task, path string, c *types.ContainerDefinition, f found) {
	h := c.HealthCheck
	if h == nil {
		return
	}
	for _, b := range []struct {
		name      string
		value     *int32
		low, high int32
	}{{"interval", h.Interval, 5, 300}, {"timeout", h.Timeout, 2, 60}, {"retries", h.Retries, 1, 10}, {"startPeriod", h.StartPeriod, 0, 300}} {
		if outside(b.value, b.low, b.high) {
			f(t.Object, path+".healthCheck."+b.name, "%d is not in %d-%d", *b.value, b.low, b.high)
		}
	}
}

// imageTag looks at images that are spelled out; a placeholder of another tool's
// pipeline says nothing about what it will be.
func imageTag(t *task, path string, c *types.ContainerDefinition, f found) {
	image := aws.ToString(c.Image)
	if image == "" || strings.ContainsAny(image, "$<>{}@%") {
		return
	}
	_, tag, tagged := strings.Cut(image[strings.LastIndexByte(image, '/')+1:], ":")
	switch {
	case !tagged:
		f(t.Object, path+".image", "%q has no tag: every task start may bring another version, and no rollback brings the old one back", image)
	case tag == "latest":
		f(t.Object, path+".image", "%q moves: every task start may bring another version, and no rollback brings the old one back", image)
	}
}

func environmentTwice(t *task, path string, c *types.ContainerDefinition, f found) {
	seen := map[string]bool{}
	for i, e := range c.Environment {
		name := aws.ToString(e.Name)
		if seen[name] {
			f(t.Object, at(path+".environment", i), "%s is set above already", name)
		}
		seen[name] = true
	}
}

func secretTwice(t *task, path string, c *types.ContainerDefinition, f found) {
	seen := map[string]string{}
	for _, e := range c.Environment {
		seen[aws.ToString(e.Name)] = "environment"
	}
	for i, s := range c.Secrets {
		name := aws.ToString(s.Name)
		if where := seen[name]; where != "" {
			f(t.Object, at(path+".secrets", i), "%s stands in %s already", name, where)
		}
		seen[name] = "secrets"
	}
}

func portTwice(t *task, f found) {
	shared := t.in.NetworkMode == types.NetworkModeAwsvpc || t.in.NetworkMode == types.NetworkModeHost
	seen := map[string]bool{}
	eachContainer(t, func(path string, c *types.ContainerDefinition) {
		for i, p := range c.PortMappings {
			protocol := p.Protocol
			if protocol == "" {
				protocol = types.TransportProtocolTcp
			}
			number, member := aws.ToInt32(p.HostPort), ".hostPort"
			if shared {
				number, member = aws.ToInt32(p.ContainerPort), ".containerPort"
			}
			key := fmt.Sprint(number, protocol)
			if number != 0 && seen[key] {
				f(t.Object, at(path+".portMappings", i)+member, "%d/%s is mapped above already", number, protocol)
			}
			seen[key] = true
		}
	})
}
