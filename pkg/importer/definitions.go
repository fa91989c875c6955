package importer

import (
	"strings"

	"github.com/ecs-operator/ecs-operator/pkg/spec"
)

// taskDefinition fits a file that holds a task definition, bare or as AWS
// answers with it.
func (p *project) taskDefinition(t spec.Tree) spec.Map {
	if inner := t.Get("taskDefinition"); inner.Sort == spec.Mapping && t.Get("containerDefinitions").Sort == spec.Null {
		t = inner
	}
	p.making = nil
	m := p.body("taskDefinition", t)
	if at(m, "containerDefinitions") == nil {
		p.errorf(t, "this is no task definition: it has no containerDefinitions")
		return nil
	}
	return p.lean("taskDefinition", m)
}

// serviceDefinition fits a file that holds a service's definition. cluster and
// name are what the tool's own configuration says of it.
func (p *project) serviceDefinition(t spec.Tree, cluster, name string) spec.Map {
	for _, own := range []struct{ key, want string }{{"serviceName", name}, {"cluster", cluster}} {
		if v := t.Get(own.key); v.Sort == spec.Scalar && own.want != "" && lastSegment(v.Text()) != own.want {
			p.warnf(v, "service.%s: %s is left out: the configuration says %q", own.key, v, own.want)
		}
	}
	m := p.body("service", t, "serviceName", "cluster", "taskDefinition", "deploymentController", "clientToken", "service", "services")
	p.controller(t.Get("deploymentController").Get("type"))
	if enabled := at(m, "deploymentConfiguration", "alarms", "enable"); enabled == false {
		m = p.withoutAlarms(m)
	}
	if at(m, "desiredCount") == nil && at(m, "schedulingStrategy") != "DAEMON" {
		p.warnf(t, "desiredCount is not written: 1 stands in the document; write the number of tasks")
		m = set(m, "desiredCount", 1, "")
	}
	return p.lean("service", m)
}

// withoutAlarms takes out rollback alarms that are switched off.
func (p *project) withoutAlarms(m spec.Map) spec.Map {
	d, _ := at(m, "deploymentConfiguration").(spec.Map)
	if d = without(d, "alarms"); len(d) == 0 {
		return without(m, "deploymentConfiguration")
	}
	return set(m, "deploymentConfiguration", d, "")
}

// controller says what becomes of a service that another controller deploys.
func (p *project) controller(t spec.Tree) {
	switch strings.ToUpper(t.Text()) {
	case "", "ECS":
	case "CODE_DEPLOY":
		p.warnf(t, "the service is deployed by CodeDeploy: with policy.adopt it is moved to the ECS controller as a step of its own, which diff shows; a blue/green strategy then stands in service.deploymentConfiguration")
	case "EXTERNAL":
		by := "another program"
		if p.tool == "pipecd" {
			by = "PipeCD"
		}
		p.warnf(t, "the service is deployed by %s in task sets (EXTERNAL): with policy.adopt it is moved to the ECS controller as a step of its own, which diff shows", by)
	default:
		p.errorf(t, "the deployment controller %s is unknown: it is left out", t)
	}
}

// lastSegment is what an ARN names; anything else is a name already.
func lastSegment(s string) string {
	if strings.HasPrefix(s, "arn:") {
		return s[strings.LastIndexByte(s, '/')+1:]
	}
	return s
}
