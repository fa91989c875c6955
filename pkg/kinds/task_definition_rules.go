package kinds

import (
	"regexp"
	"strconv"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ecs"
	"github.com/aws/aws-sdk-go-v2/service/ecs/types"

	"github.com/ecs-operator/ecs-operator/pkg/resource"
)

// taskRules are how a task definition is compared.
var taskRules = tableRules(resource.KindTaskDefinition, normaliseTask)

// normaliseTask brings units and ports to the form that AWS gives back.
func normaliseTask(v any) any {
	in, ok := v.(*ecs.RegisterTaskDefinitionInput)
	if !ok {
		return v
	}
	in.Cpu = units(in.Cpu, cpuUnits)
	in.Memory = units(in.Memory, memoryUnits)
	// awsvpc and host: the host port is the container port, as the SDK has it at
	// PortMapping.HostPort. bridge: 0 means one of ECS' choice, like none.
	fixed := in.NetworkMode == types.NetworkModeAwsvpc || in.NetworkMode == types.NetworkModeHost
	for i := range in.ContainerDefinitions {
		for j := range in.ContainerDefinitions[i].PortMappings {
			p := &in.ContainerDefinitions[i].PortMappings[j]
			switch {
			case fixed && p.ContainerPort != nil && aws.ToInt32(p.HostPort) == *p.ContainerPort:
				p.HostPort = nil
			case aws.ToInt32(p.HostPort) == 0:
				p.HostPort = nil
			}
		}
	}
	return in
}

// What may be written for the task's size: RegisterTaskDefinitionInput.Cpu and
// Memory ("1 vCPU", ".5 GB" and the like come back as units and MiB).
var (
	sized       = regexp.MustCompile(`^([0-9]*\.?[0-9]+)\s*([a-z]*)$`)
	cpuUnits    = map[string]float64{"": 1, "vcpu": 1024}
	memoryUnits = map[string]float64{"": 1, "gb": 1024, "mb": 1}
)

func units(s *string, factors map[string]float64) *string {
	m := sized.FindStringSubmatch(strings.ToLower(strings.TrimSpace(aws.ToString(s))))
	if m == nil {
		return s
	}
	factor, ok := factors[m[2]]
	n, err := strconv.ParseFloat(m[1], 64)
	if !ok || err != nil || n*factor != float64(int64(n*factor)) {
		return s
	}
	return aws.String(strconv.FormatInt(int64(n*factor), 10))
}
