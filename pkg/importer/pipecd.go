package importer

import (
	"fmt"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/ecs-operator/ecs-operator/pkg/spec"
)

// PipeCD imports the ECS applications of PipeCD at a path: a configuration
// file, or a directory with such files. env names the Environment that holds
// their variables.
func PipeCD(path, env string) (Result, error) {
	found, files, err := projects(path, pipecdKind, ".yml", ".yaml")
	if err != nil {
		return Result{}, err
	}
	if len(found) == 0 {
		return Result{}, fmt.Errorf("%s holds no ECS application of PipeCD: a file app.pipecd.yaml with kind: ECSApp", path)
	}
	p := newProject("pipecd", env)
	for _, f := range found {
		p.pipecd(f)
	}
	p.unused(files)
	return p.result(), nil
}

var pipecdKind = regexp.MustCompile(`(?m)^kind:\s*["']?ECSApp\b`)

// pipecd imports one application.
func (p *project) pipecd(file string) {
	app, ok := p.template(file, spec.Tree{File: file, Line: 1, Column: 1}, p.pipecdCall)
	if !ok {
		return
	}
	if kind := app.Get("kind"); kind.Text() != "ECSApp" {
		p.errorf(kind, "kind is %s: only an ECSApp is a service of ECS", kind)
		return
	}
	body := app.Get("spec")
	input := body.Get("input")
	p.pipecdSpec(body)
	td, ok := p.pipecdFile(input.Get("taskDefinitionFile"), file, "taskdef.json")
	if !ok {
		return
	}
	if input.Get("serviceDefinitionFile").Text() == "" {
		p.errorf(input, "this is a standalone task, no service: serviceDefinitionFile is not written, and a task alone is no document")
		return
	}
	sd, ok := p.pipecdFile(input.Get("serviceDefinitionFile"), file, "")
	if !ok {
		return
	}
	nameAt := sd.Get("serviceName")
	if nameAt.Text() == "" {
		nameAt = body.Get("name")
	}
	cluster := p.known(lastSegment(sd.Get("cluster").Text()))
	if cluster == "" {
		cluster = p.known(lastSegment(input.Get("clusterArn").Text()))
	}
	task, service := p.taskDefinition(td), p.serviceDefinition(sd, cluster, p.known(nameAt.Text()))
	if task == nil || service == nil {
		return
	}
	service = p.pipecdInput(input, service)
	service = p.strategy(body.Get("pipeline").Get("stages"), input.Get("targetGroups").Get("canary"), service)
	draft := spec.Draft{Kind: "Service", Name: p.serviceName(nameAt, file), Labels: labels(body.Get("labels"))}
	if cluster != "" {
		draft.Spec = draft.Spec.With("cluster", cluster)
	}
	draft.Spec = draft.Spec.With("taskDefinition", task).With("service", service)
	p.service(draft, app)
}

// pipecdFile reads a definition that the application names.
func (p *project) pipecdFile(name spec.Tree, app, otherwise string) (spec.Tree, bool) {
	file := name.Text()
	if file == "" {
		file = otherwise
	}
	if variableText.MatchString(file) {
		p.errorf(name, "the file's name is only known when it is rendered: write it out")
		return spec.Tree{}, false
	}
	return p.template(filepath.Join(filepath.Dir(app), filepath.FromSlash(file)), name, p.pipecdCall)
}

// labels are those of an application, where they are text.
func labels(t spec.Tree) map[string]string {
	out := map[string]string{}
	for _, e := range t.Map {
		if e.Value.Sort == spec.Scalar {
			out[e.Key] = e.Value.Text()
		}
	}
	return out
}

// pipecdSpec says what becomes of the rest of the application's configuration.
func (p *project) pipecdSpec(body spec.Tree) {
	for _, e := range body.Map {
		switch e.Key {
		case "name", "labels", "input", "pipeline":
		case "description":
			p.warnf(e.At, "description is left out: write it as a comment")
		case "encryption":
			p.errorf(e.At, "encryption: secrets encrypted in git cannot be expressed: keep the value in SSM or Secrets Manager and name it under secrets; what used it became a variable")
		case "attachment":
			p.errorf(e.At, "attachment: a file put into a definition cannot be expressed: what used it became a variable, whose value is to be written")
		case "trigger", "eventWatcher", "timeout", "notification", "postSync", "variantLabel", "planner":
			p.errorf(e.At, "%s is PipeCD's own and is not converted%s", e.Key, pipecdInstead[e.Key])
		default:
			p.errorf(e.At, "%s is not converted", e.Key)
		}
	}
}

// pipecdInstead says what does the same here.
var pipecdInstead = map[string]string{
	"eventWatcher": ": let the build write the new image into the document",
	"timeout":      ": it is a flag, ecs-operator apply --wait --timeout",
}

// pipecdInput puts what the application says beside the definitions into the service.
func (p *project) pipecdInput(input spec.Tree, service spec.Map) spec.Map {
	for _, e := range input.Map {
		switch e.Key {
		case "serviceDefinitionFile", "taskDefinitionFile", "clusterArn":
		case "targetGroups":
			service = p.pipecdTargetGroups(e.Value, service)
		case "launchType":
			if at(service, "launchType") == nil && at(service, "capacityProviderStrategy") == nil {
				service = append(service, p.body("service", one(e))...)
			}
		case "awsvpcConfiguration":
			if at(service, "networkConfiguration") == nil {
				network := spec.Pair{Key: "networkConfiguration", At: e.At, Value: one(e)}
				service = append(service, p.body("service", one(network))...)
			}
		case "accessType":
			if e.Value.Text() == "SERVICE_DISCOVERY" && at(service, "serviceRegistries") == nil {
				p.errorf(e.Value, "accessType is SERVICE_DISCOVERY, and the service definition names no serviceRegistries")
			}
		case "runStandaloneTask":
		case "autoRollback":
			if at(service, "deploymentConfiguration", "deploymentCircuitBreaker") == nil && e.Value.Text() == "true" {
				d, _ := at(service, "deploymentConfiguration").(spec.Map)
				d = append(slices.Clone(d), spec.Entry{Key: "deploymentCircuitBreaker", Comment: "PipeCD's autoRollback",
					Value: spec.Map{{Key: "enable", Value: true}, {Key: "rollback", Value: true}}})
				service = set(service, "deploymentConfiguration", d, "")
			}
		default:
			p.errorf(e.At, "input.%s is not converted", e.Key)
		}
	}
	return service
}

// one is a mapping of one key.
func one(e spec.Pair) spec.Tree {
	return spec.Tree{Sort: spec.Mapping, Map: []spec.Pair{e}, File: e.At.File, Line: e.At.Line, Column: e.At.Column}
}

// pipecdTargetGroups makes load balancers of the primary target group.
func (p *project) pipecdTargetGroups(groups spec.Tree, service spec.Map) spec.Map {
	for _, e := range groups.Map {
		switch {
		case e.Key == "primary" && at(service, "loadBalancers") == nil:
			list := spec.Tree{Sort: spec.List, List: []spec.Tree{e.Value}, File: e.At.File, Line: e.At.Line, Column: e.At.Column}
			service = append(service, p.body("service", one(spec.Pair{Key: "loadBalancers", At: e.At, Value: list}))...)
		case e.Key == "primary":
			p.errorf(e.At, "targetGroups.primary is not converted: the service definition names load balancers of its own")
		case e.Key == "canary": // see strategy
		default:
			p.errorf(e.At, "targetGroups.%s is not converted", e.Key)
		}
	}
	return service
}

// strategy maps the stages of a pipeline to a strategy of ECS where that is
// plain, and names what must be decided.
func (p *project) strategy(stages, canary spec.Tree, service spec.Map) spec.Map {
	if len(stages.List) == 0 {
		if canary.Sort == spec.Mapping {
			p.warnf(canary, "targetGroups.canary is left out: without a pipeline nothing uses it")
		}
		return service
	}
	var names []string
	for _, s := range stages.List {
		name := s.Get("name").Text()
		names = append(names, name)
		switch name {
		case "WAIT_APPROVAL":
			p.errorf(s, "the stage WAIT_APPROVAL is not converted: policy.mode manual asks before anything is written; a pause within a deployment is a lifecycle hook (targetType PAUSE)")
		case "WAIT", "ECS_SYNC", "ECS_CANARY_ROLLOUT", "ECS_PRIMARY_ROLLOUT", "ECS_CANARY_CLEAN", "ECS_TRAFFIC_ROUTING", "ROLLBACK":
		case "ANALYSIS":
			p.errorf(s, "the stage ANALYSIS is not converted: alarms in service.deploymentConfiguration.alarms roll a deployment back")
		default:
			p.errorf(s, "the stage %s is not converted", name)
		}
	}
	switch {
	case slices.Contains(names, "ECS_TRAFFIC_ROUTING"):
		return p.shifting(stages, canary, service)
	case slices.Contains(names, "ECS_CANARY_ROLLOUT"):
		// without a traffic split the canary only runs beside the others: a rolling
		// deployment does that by itself, one batch after the other
		for _, s := range stages.List {
			switch s.Get("name").Text() {
			case "ECS_CANARY_ROLLOUT":
				p.errorf(s, "the canary takes traffic by service discovery, without a split that ECS knows: the document deploys rolling; decide on deploymentConfiguration and alarms")
			case "WAIT":
				p.errorf(s, "the stage WAIT is not converted: a rolling deployment waits for health checks, and bakes while its alarms watch (bakeTimeInMinutes)")
			}
		}
	case slices.Contains(names, "WAIT"):
		p.errorf(stages, "the stage WAIT is not converted")
	}
	return service
}

// shifting maps stages that route traffic: one step to everything is blue/green,
// one share before it a canary, several are linear.
func (p *project) shifting(stages, canary spec.Tree, service spec.Map) spec.Map {
	var shares []int
	wait, at0 := spec.Tree{}, stages
	for _, s := range stages.List {
		switch s.Get("name").Text() {
		case "ECS_TRAFFIC_ROUTING":
			with := s.Get("with")
			share, ok := percent(with.Get("canary"))
			if primary, is := percent(with.Get("primary")); !ok && is {
				share, ok = 100-primary, true
			}
			if !ok {
				p.errorf(s, "ECS_TRAFFIC_ROUTING says no share that can be read")
				return service
			}
			if len(shares) == 0 {
				at0 = s
			}
			shares = append(shares, share)
		case "WAIT":
			if wait.Line == 0 {
				wait = s.Get("with").Get("duration")
			}
		}
	}
	for len(shares) > 0 && shares[len(shares)-1] == 0 {
		shares = shares[:len(shares)-1] // back to the primary, which is the new version by then
	}
	d, _ := at(service, "deploymentConfiguration").(spec.Map)
	d = slices.Clone(d)
	minutes := p.minutes(wait)
	switch {
	case len(shares) == 0:
		p.errorf(at0, "the stages route no traffic to the canary: the document deploys rolling")
		return service
	case len(shares) == 1 && shares[0] == 100:
		d = append(spec.Map{{Key: "strategy", Value: "BLUE_GREEN", Comment: "of PipeCD's stages: all traffic at once"}}, d...)
		if minutes > 0 {
			d = d.With("bakeTimeInMinutes", minutes)
		}
	case len(shares) == 1 || len(shares) == 2 && shares[1] == 100:
		c := spec.Map{{Key: "canaryPercent", Value: shares[0]}}
		if minutes > 0 {
			c = c.With("canaryBakeTimeInMinutes", minutes)
		}
		d = append(spec.Map{{Key: "strategy", Value: "CANARY", Comment: fmt.Sprintf("of PipeCD's stages: %d %% first", shares[0])}}, d...)
		d = d.With("canaryConfiguration", c)
	default:
		p.errorf(at0, "the traffic moves in %d steps (%s %%): decide between strategy CANARY and LINEAR in service.deploymentConfiguration; the document deploys rolling", len(shares), join(shares))
		return service
	}
	return p.twoGroups(at0, canary, set(service, "deploymentConfiguration", d, ""))
}

// twoGroups gives the first load balancer what ECS needs to shift traffic, and
// PipeCD did itself.
func (p *project) twoGroups(why, canary spec.Tree, service spec.Map) spec.Map {
	balancers, _ := at(service, "loadBalancers").([]any)
	if len(balancers) == 0 {
		p.errorf(why, "traffic is shifted, but there is no load balancer: write loadBalancers with a target group for each colour")
		return service
	}
	first, _ := balancers[0].(spec.Map)
	if at(first, "advancedConfiguration") != nil {
		return service
	}
	other := canary.Get("targetGroupArn").Text()
	if other == "" {
		other = p.vars.add("the second target group", "alternateTargetGroup", nil, "ARN of the second target group", why).String()
	}
	rule := p.vars.add("the listener rule whose traffic is shifted", "productionListenerRule", nil, "ARN of the rule that leads to both target groups", why)
	role := p.vars.add("the role with which ECS changes listener rules", "infrastructureRole", nil, "ARN, with AmazonECSInfrastructureRolePolicyForLoadBalancers", why)
	first = slices.Clone(first).With("advancedConfiguration", spec.Map{
		{Key: "alternateTargetGroupArn", Value: other},
		{Key: "productionListenerRule", Value: rule.String()},
		{Key: "roleArn", Value: role.String()},
	})
	balancers = slices.Clone(balancers)
	balancers[0] = first
	return set(service, "loadBalancers", balancers, "")
}

// percent reads a share.
func percent(t spec.Tree) (int, bool) {
	n, err := strconv.Atoi(strings.TrimSuffix(t.Text(), "%"))
	return n, err == nil && n >= 0 && n <= 100
}

// minutes reads a duration, rounded up.
func (p *project) minutes(t spec.Tree) int {
	if t.Sort != spec.Scalar {
		return 0
	}
	d, err := time.ParseDuration(t.Text())
	if err != nil || d < 0 {
		p.errorf(t, "%s is no duration: it is left out", t)
		return 0
	}
	return int((d + time.Minute - 1) / time.Minute)
}

// pipecdCall makes a variable of an encrypted secret or an attached file.
func (p *project) pipecdCall(at spec.Tree, c call) string {
	parts := strings.Split(c.name, ".")
	if len(parts) == 3 && parts[0] == "" {
		switch parts[1] {
		case "encryptedSecrets":
			return p.vars.add("the encrypted secret "+parts[2], parts[2], nil, "an encrypted secret of PipeCD: better a secret of SSM or Secrets Manager", at).String()
		case "attachment":
			return p.vars.add("the attached file "+parts[2], "attachment_"+parts[2], nil, "the text of an attached file", at).String()
		}
	}
	p.errorf(at, "%s is no template call that is known here: it became a variable", c.text)
	return p.vars.add(c.text, c.text, nil, "", at).String()
}

func join(shares []int) string {
	out := make([]string, len(shares))
	for i, s := range shares {
		out[i] = fmt.Sprint(s)
	}
	return strings.Join(out, ", ")
}
