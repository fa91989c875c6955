package sandbox

import (
	"fmt"
	"math"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ecs"
	"github.com/aws/aws-sdk-go-v2/service/ecs/types"
)

// filledDefinition is what AWS makes of a registration: defaults filled in,
// sizes normalised, lists in its own order (aws-facts 2.1).
func filledDefinition(in *ecs.RegisterTaskDefinitionInput) types.TaskDefinition {
	cpu, _ := taskCPU(in.Cpu)
	memory, _ := taskMemory(in.Memory)
	d := types.TaskDefinition{
		Family: in.Family, Cpu: sizeText(cpu), Memory: sizeText(memory),
		NetworkMode: in.NetworkMode, IpcMode: in.IpcMode, PidMode: in.PidMode,
		ExecutionRoleArn: in.ExecutionRoleArn, TaskRoleArn: in.TaskRoleArn,
		EnableFaultInjection: in.EnableFaultInjection, EphemeralStorage: in.EphemeralStorage,
		ProxyConfiguration:      filledProxy(in.ProxyConfiguration), // inferenceAccelerators are gone from AWS: dropped
		PlacementConstraints:    shuffled(in.PlacementConstraints, func(c types.TaskDefinitionPlacementConstraint) string { return aws.ToString(c.Expression) }),
		RequiresCompatibilities: reordered(in.RequiresCompatibilities, func(c types.Compatibility) string { return string(c) }),
		RuntimePlatform:         in.RuntimePlatform, Volumes: filledVolumes(in.Volumes),
	}
	for _, c := range in.ContainerDefinitions {
		d.ContainerDefinitions = append(d.ContainerDefinitions, filledContainer(c, d.NetworkMode))
	}
	d.ContainerDefinitions = shuffled(d.ContainerDefinitions, func(c types.ContainerDefinition) string { return aws.ToString(c.Name) })
	d.Compatibilities = compatibilities(in, d)
	d.RequiresAttributes = requiredAttributes(d)
	return d
}

// networkMode is the mode that a definition's tasks run in. One that was not
// given is bridge on Linux, and is not read back: clients find null there
// (aws/amazon-cloudwatch-agent#385).
func networkMode(d types.TaskDefinition) types.NetworkMode {
	if d.NetworkMode != "" {
		return d.NetworkMode
	}
	return types.NetworkModeBridge
}

func sizeText(n int32) *string {
	if n == 0 {
		return nil
	}
	return aws.String(strconv.Itoa(int(n)))
}

func filledContainer(c types.ContainerDefinition, mode types.NetworkMode) types.ContainerDefinition {
	if c.Essential == nil {
		c.Essential = aws.Bool(true)
	}
	c.Environment = shuffled(c.Environment, func(p types.KeyValuePair) string { return aws.ToString(p.Name) })
	// Of the lists that were not sent, recorded answers show these four as empty
	// and the others (secrets, secretOptions, ulimits …) not at all.
	c.Secrets = reordered(c.Secrets, func(s types.Secret) string { return aws.ToString(s.Name) })
	c.MountPoints = shuffled(c.MountPoints, func(m types.MountPoint) string { return aws.ToString(m.ContainerPath) })
	c.VolumesFrom = shuffled(c.VolumesFrom, func(v types.VolumeFrom) string { return aws.ToString(v.SourceContainer) })
	c.SystemControls = shuffled(c.SystemControls, func(s types.SystemControl) string { return aws.ToString(s.Namespace) })
	c.Links = reordered(c.Links, itself)
	c.ResourceRequirements = reordered(c.ResourceRequirements, func(r types.ResourceRequirement) string { return string(r.Type) + aws.ToString(r.Value) })
	c.Ulimits = reordered(c.Ulimits, func(u types.Ulimit) string { return string(u.Name) })
	c.DependsOn = reordered(c.DependsOn, func(d types.ContainerDependency) string { return aws.ToString(d.ContainerName) })
	c.PortMappings = slices.Clone(orEmpty(c.PortMappings))
	for i := range c.PortMappings {
		p := &c.PortMappings[i]
		if p.Protocol == "" {
			p.Protocol = types.TransportProtocolTcp
		}
		switch {
		case p.ContainerPort == nil: // a range has no host port of its own
		case mode == types.NetworkModeAwsvpc || mode == types.NetworkModeHost:
			p.HostPort = p.ContainerPort
		case p.HostPort == nil:
			p.HostPort = aws.Int32(0)
		}
	}
	c.PortMappings = shuffled(c.PortMappings, func(p types.PortMapping) string {
		return fmt.Sprint(aws.ToInt32(p.ContainerPort), aws.ToString(p.ContainerPortRange), p.Protocol, aws.ToInt32(p.HostPort))
	})
	if h := c.HealthCheck; h != nil {
		c.HealthCheck = &types.HealthCheck{Command: h.Command, StartPeriod: h.StartPeriod,
			Interval: or32(h.Interval, 30), Timeout: or32(h.Timeout, 5), Retries: or32(h.Retries, 3)}
	}
	if r := c.RestartPolicy; r != nil && aws.ToBool(r.Enabled) {
		filled := *r
		filled.RestartAttemptPeriod = or32(r.RestartAttemptPeriod, 300)
		c.RestartPolicy = &filled
	}
	if l := c.LogConfiguration; l != nil {
		filled := *l
		filled.SecretOptions = reordered(l.SecretOptions, func(s types.Secret) string { return aws.ToString(s.Name) })
		c.LogConfiguration = &filled
	}
	return c
}

func or32(p *int32, fallback int32) *int32 {
	if p != nil {
		return p
	}
	return &fallback
}

func filledVolumes(in []types.Volume) []types.Volume {
	out := []types.Volume{}
	for _, v := range in {
		if e := v.EfsVolumeConfiguration; e != nil {
			filled := *e
			if filled.RootDirectory == nil {
				filled.RootDirectory = aws.String("/")
			}
			v.EfsVolumeConfiguration = &filled
		}
		if v.Host == nil && v.EfsVolumeConfiguration == nil && v.DockerVolumeConfiguration == nil &&
			v.FsxWindowsFileServerVolumeConfiguration == nil && !aws.ToBool(v.ConfiguredAtLaunch) {
			v.Host = &types.HostVolumeProperties{} // a bare name is a host volume
		}
		out = append(out, v)
	}
	return shuffled(out, func(v types.Volume) string { return aws.ToString(v.Name) })
}

func filledProxy(p *types.ProxyConfiguration) *types.ProxyConfiguration {
	if p == nil {
		return nil
	}
	filled := *p
	filled.Properties = reordered(p.Properties, func(p types.KeyValuePair) string { return aws.ToString(p.Name) })
	return &filled
}

var (
	vcpuText = regexp.MustCompile(`(?i)^([0-9]*\.?[0-9]+)\s*vcpu$`)
	gbText   = regexp.MustCompile(`(?i)^([0-9]*\.?[0-9]+)\s*gb$`)
)

// taskCPU reads the task's cpu in units; "1 vCPU" is 1024.
func taskCPU(s *string) (int32, bool) { return taskSize(s, vcpuText) }

// taskMemory reads the task's memory in MiB; "1 GB" is 1024.
func taskMemory(s *string) (int32, bool) { return taskSize(s, gbText) }

func taskSize(s *string, unit *regexp.Regexp) (int32, bool) {
	text := strings.TrimSpace(aws.ToString(s))
	if text == "" {
		return 0, true
	}
	if m := unit.FindStringSubmatch(text); m != nil {
		f, err := strconv.ParseFloat(m[1], 64)
		n := math.Round(f * 1024)
		return int32(n), err == nil && n > 0 && n < math.MaxInt32
	}
	n, err := strconv.ParseInt(text, 10, 32)
	return int32(n), err == nil && n > 0
}

// compatibilities are the launch types that a definition fits.
func compatibilities(in *ecs.RegisterTaskDefinitionInput, d types.TaskDefinition) []types.Compatibility {
	out := []types.Compatibility{types.CompatibilityEc2}
	if d.NetworkMode != types.NetworkModeAwsvpc {
		out = append([]types.Compatibility{types.CompatibilityExternal}, out...)
	}
	fitsFargate := checkFargate(in) == nil
	if fitsFargate || slices.Contains(in.RequiresCompatibilities, types.CompatibilityManagedInstances) {
		out = append(out, types.CompatibilityManagedInstances)
	}
	if fitsFargate {
		out = append(out, types.CompatibilityFargate)
	}
	return out
}

// requiredAttributes are what a container instance must have, as far as recorded
// answers show them. AWS adds versions of the Docker API that come and go.
func requiredAttributes(d types.TaskDefinition) []types.Attribute {
	names := map[string]bool{}
	if d.NetworkMode == types.NetworkModeAwsvpc {
		names["ecs.capability.task-eni"] = true
		names["com.amazonaws.ecs.capability.docker-remote-api.1.18"] = true
	}
	if d.TaskRoleArn != nil {
		names["com.amazonaws.ecs.capability.task-iam-role"] = true
	}
	for _, c := range d.ContainerDefinitions {
		for _, n := range containerAttributes(c, d.ExecutionRoleArn != nil) {
			names[n] = true
		}
	}
	out := []types.Attribute{}
	for _, n := range sorted(names) {
		out = append(out, types.Attribute{Name: aws.String(n)})
	}
	return out
}

// containerAttributes are what one container asks of an instance.
func containerAttributes(c types.ContainerDefinition, executionRole bool) []string {
	var out []string
	if l := c.LogConfiguration; l != nil && l.LogDriver == types.LogDriverAwslogs {
		out = append(out, "com.amazonaws.ecs.capability.logging-driver.awslogs", "com.amazonaws.ecs.capability.docker-remote-api.1.19")
		if executionRole {
			out = append(out, "ecs.capability.execution-role-awslogs")
		}
	}
	if strings.Contains(aws.ToString(c.Image), ".dkr.ecr.") {
		out = append(out, "com.amazonaws.ecs.capability.ecr-auth")
		if executionRole {
			out = append(out, "ecs.capability.execution-role-ecr-pull")
		}
	}
	for _, s := range c.Secrets {
		if strings.Contains(aws.ToString(s.ValueFrom), ":secretsmanager:") {
			out = append(out, "ecs.capability.secrets.asm.environment-variables")
		} else {
			out = append(out, "ecs.capability.secrets.ssm.environment-variables")
		}
	}
	if c.HealthCheck != nil {
		out = append(out, "ecs.capability.container-health-check")
	}
	if len(c.DependsOn) > 0 {
		out = append(out, "ecs.capability.container-ordering")
	}
	return out
}
