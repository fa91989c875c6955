package sandbox

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ecs/types"
)

// demand is what a task asks of a container instance.
type demand struct {
	cpu, memory int32
	gpus        bool
	ports       []string          // static host ports, "80/tcp"
	attributes  map[string]string // required attributes; an empty value means present
}

func demandOf(def types.TaskDefinition, over *types.TaskOverride) demand {
	d := demand{attributes: map[string]string{}}
	for _, a := range def.RequiresAttributes {
		d.attributes[aws.ToString(a.Name)] = aws.ToString(a.Value)
	}
	if p := def.RuntimePlatform; p != nil {
		switch p.CpuArchitecture {
		case types.CPUArchitectureArm64:
			d.attributes["ecs.cpu-architecture"] = "arm64"
		case types.CPUArchitectureX8664:
			d.attributes["ecs.cpu-architecture"] = "x86_64"
		}
		if strings.HasPrefix(string(p.OperatingSystemFamily), "WINDOWS") {
			d.attributes["ecs.os-type"] = "windows"
		}
	}
	for _, c := range def.ContainerDefinitions {
		d.cpu += c.Cpu
		if c.MemoryReservation != nil {
			d.memory += *c.MemoryReservation
		} else {
			d.memory += aws.ToInt32(c.Memory)
		}
		for _, r := range c.ResourceRequirements {
			d.gpus = d.gpus || r.Type == types.ResourceTypeGpu
		}
		for _, p := range c.PortMappings {
			if def.NetworkMode != types.NetworkModeAwsvpc && aws.ToInt32(p.HostPort) > 0 {
				d.ports = append(d.ports, fmt.Sprintf("%d/%s", *p.HostPort, p.Protocol))
			}
		}
	}
	setSize := func(to *int32, task, override *string, read func(*string) (int32, bool)) {
		for _, s := range []*string{task, override} {
			if n, ok := read(s); ok && n > 0 {
				*to = n
			}
		}
	}
	if over == nil {
		over = &types.TaskOverride{}
	}
	setSize(&d.cpu, def.Cpu, over.Cpu, taskCPU)
	setSize(&d.memory, def.Memory, over.Memory, taskMemory)
	return d
}

// placing is one wish to place a task on a container instance.
type placing struct {
	demand      demand
	group       string // of tasks that spread and distinctInstance look at
	provider    string // capacity provider to stay in, "" for any
	constraints []types.PlacementConstraint
	strategy    []types.PlacementStrategy
	avoid       func(instance string) bool // instances that a DAEMON service has a task on
}

// refusal is why an instance does not take a task: the code of RunTask's
// failures and the words of service events. Later checks rank higher: the
// closest instance is the one that fails last.
type refusal struct {
	code, words string
	rank        int
}

// held are the resources that tasks hold on an instance.
func (cl *ecsCluster) held(i *ecsInstance) (cpu, memory int32, ports map[string]bool) {
	ports = map[string]bool{}
	for id := range i.Tasks {
		t := cl.Tasks[id]
		cpu += t.CPU
		memory += t.Memory
		for _, p := range t.Ports {
			ports[p] = true
		}
	}
	return cpu, memory, ports
}

func (i *ecsInstance) registered(name string) int32 {
	for _, r := range i.Instance.RegisteredResources {
		if aws.ToString(r.Name) == name {
			return r.IntegerValue
		}
	}
	return 0
}

func (i *ecsInstance) attribute(name string) (string, bool) {
	for _, a := range i.Instance.Attributes {
		if aws.ToString(a.Name) == name {
			return aws.ToString(a.Value), true
		}
	}
	return "", false
}

// refuses says why the instance does not take the task; nil when it does.
func (cl *ecsCluster) refuses(id string, i *ecsInstance, p placing) *refusal {
	switch {
	case aws.ToString(i.Instance.Status) != statusActive || !i.Instance.AgentConnected:
		return &refusal{"AGENT", "encountered error \"AGENT\"", 0}
	case p.avoid != nil && p.avoid(id):
		return &refusal{"CONSTRAINT", "already runs a task of this service", 0}
	}
	for _, name := range sorted(p.demand.attributes) {
		if have, ok := i.attribute(name); !ok || p.demand.attributes[name] != "" && have != p.demand.attributes[name] {
			return &refusal{"ATTRIBUTE", "is missing an attribute required by your task", 1}
		}
	}
	for _, c := range p.constraints {
		if c.Type == types.PlacementConstraintTypeDistinctInstance {
			for task := range i.Tasks {
				if t := cl.Tasks[task]; aws.ToString(t.Task.Group) == p.group && t.wanted() {
					return &refusal{"DISTINCTINSTANCE", "encountered error \"DistinctInstance placement constraint unsatisfied.\"", 2}
				}
			}
			continue
		}
		if ok, err := cl.matches(aws.ToString(c.Expression), id, i); err != nil || !ok {
			return &refusal{"MEMBEROF", "encountered error \"MemberOf placement constraint unsatisfied.\"", 2}
		}
	}
	cpu, memory, ports := cl.held(i)
	for _, port := range p.demand.ports {
		number, proto, _ := strings.Cut(port, "/")
		if ports[port] || proto == "tcp" && slices.Contains(agentPorts, number) {
			return &refusal{"RESOURCE:PORTS", "is already using a port required by your task", 3}
		}
	}
	switch {
	case p.demand.gpus:
		return &refusal{"RESOURCE:GPU", "has insufficient GPU resource available", 4}
	case cpu+p.demand.cpu > i.registered("CPU"):
		return &refusal{"RESOURCE:CPU", "has insufficient CPU units available", 4}
	case memory+p.demand.memory > i.registered("MEMORY"):
		return &refusal{"RESOURCE:MEMORY", "has insufficient memory available", 5}
	}
	return nil
}

// place finds the container instance for a task. Without one it says why: in
// the code of a RunTask failure and in the words of a service event.
func (cl *ecsCluster) place(w *World, p placing) (id string, failure *types.Failure, words string) {
	var fits []string
	var closest string
	var best *refusal
	for _, candidate := range sorted(cl.Instances) {
		i := cl.Instances[candidate]
		if p.provider != "" && aws.ToString(i.Instance.CapacityProviderName) != p.provider {
			continue
		}
		r := cl.refuses(candidate, i, p)
		if r == nil {
			fits = append(fits, candidate)
		} else if best == nil || r.rank > best.rank {
			best, closest = r, candidate
		}
	}
	switch {
	case len(fits) > 0:
		return cl.preferred(w, fits, p), nil, ""
	case best == nil && p.provider != "":
		return "", &types.Failure{Reason: aws.String("No Container Instances were found in your capacity provider.")}, "Reason: No Container Instances were found in your capacity provider."
	case best == nil:
		return "", &types.Failure{Reason: aws.String("No Container Instances were found in your cluster.")}, "Reason: No Container Instances were found in your cluster."
	}
	return "", &types.Failure{Arn: aws.String(instanceARN(cl.name(), closest)), Reason: aws.String(best.code)},
		fmt.Sprintf("The closest matching (container-instance %s) %s.", closest, best.words)
}

// preferred narrows the fitting instances by each placement strategy in turn.
// Without one a service spreads over availability zones, then over instances.
func (cl *ecsCluster) preferred(w *World, fits []string, p placing) string {
	strategy := p.strategy
	if len(strategy) == 0 {
		strategy = []types.PlacementStrategy{
			{Type: types.PlacementStrategyTypeSpread, Field: aws.String("attribute:ecs.availability-zone")},
			{Type: types.PlacementStrategyTypeSpread, Field: aws.String("instanceId")},
		}
	}
	for _, s := range strategy {
		if len(fits) == 1 {
			break
		}
		if s.Type == types.PlacementStrategyTypeRandom {
			n, _ := strconv.ParseUint(w.hexID(8), 16, 64)
			return fits[n%uint64(len(fits))]
		}
		least, kept := int32(0), []string(nil)
		for _, id := range fits {
			score := cl.score(id, s, p.group)
			if kept == nil || score < least {
				least, kept = score, nil
			}
			if score == least {
				kept = append(kept, id)
			}
		}
		fits = kept
	}
	return fits[0]
}

// score is lower for a better instance.
func (cl *ecsCluster) score(id string, s types.PlacementStrategy, group string) int32 {
	i := cl.Instances[id]
	field := aws.ToString(s.Field)
	if s.Type == types.PlacementStrategyTypeBinpack {
		cpu, memory, _ := cl.held(i)
		if strings.EqualFold(field, "cpu") {
			return i.registered("CPU") - cpu
		}
		return i.registered("MEMORY") - memory
	}
	same := func(o string) bool { return o == id }
	if name, ok := strings.CutPrefix(field, "attribute:"); ok {
		value, _ := i.attribute(name)
		same = func(o string) bool { v, _ := cl.Instances[o].attribute(name); return v == value }
	}
	n := int32(0)
	for o, other := range cl.Instances {
		if !same(o) {
			continue
		}
		for task := range other.Tasks {
			if t := cl.Tasks[task]; t.wanted() && aws.ToString(t.Task.Group) == group {
				n++
			}
		}
	}
	return n
}

func checkPlacementStrategy(strategy []types.PlacementStrategy) error {
	for _, s := range strategy {
		field := strings.ToLower(aws.ToString(s.Field))
		switch s.Type {
		case types.PlacementStrategyTypeRandom:
		case types.PlacementStrategyTypeBinpack:
			if field != "cpu" && field != "memory" {
				return invalid("Invalid placement strategy: binpack must be on cpu or memory.")
			}
		case types.PlacementStrategyTypeSpread:
			if field != "instanceid" && field != "host" && !strings.HasPrefix(field, "attribute:") {
				return invalid("Invalid placement strategy: spread must be on instanceId or an attribute.")
			}
		default:
			return invalid("Invalid placement strategy type: %s", s.Type)
		}
	}
	return nil
}

func checkConstraint(kind, expression string) error {
	switch types.PlacementConstraintType(kind) {
	case types.PlacementConstraintTypeDistinctInstance:
		if expression != "" {
			return invalid("Placement constraint of type distinctInstance cannot have an expression.")
		}
		return nil
	case types.PlacementConstraintTypeMemberOf:
		if _, err := parseExpression(expression); err != nil {
			return invalid("Invalid expression: %s: %v", expression, err)
		}
		return nil
	}
	return invalid("Invalid placement constraint type: %s", kind)
}
