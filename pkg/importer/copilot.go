package importer

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/ecs-operator/ecs-operator/pkg/spec"
)

// Copilot imports the manifests of Copilot's services at a path: a manifest, or
// a directory with such files. Environments that a manifest names become
// Environments and patches; a manifest without any gets the environment env.
func Copilot(path, env string) (Result, error) {
	found, _, err := projects(path, copilotType, ".yml", ".yaml")
	if err != nil {
		return Result{}, err
	}
	if len(found) == 0 {
		return Result{}, fmt.Errorf("%s holds no manifest of Copilot: a YAML file with type: Load Balanced Web Service, Backend Service or Worker Service", path)
	}
	p := newProject("copilot", env)
	p.environments = map[string]bool{}
	for _, f := range found {
		p.copilot(f)
	}
	return p.result(), nil
}

var copilotType = regexp.MustCompile(`(?m)^type:\s*["']?(?:Load Balanced Web Service|Backend Service|Worker Service|Request-Driven Web Service|Scheduled Job|Static Site)`)

// notServices are the types that are no services of ECS.
var notServices = map[string]string{
	"Request-Driven Web Service": "it runs on App Runner, not on ECS",
	"Static Site":                "it is served by S3 and CloudFront, not by ECS",
	"Scheduled Job":              "a job on a schedule is no service: run its task by EventBridge Scheduler",
}

// copilot imports one manifest.
func (p *project) copilot(file string) {
	start := spec.Tree{File: file, Line: 1, Column: 1}
	data, ok := p.file(file, start)
	if !ok {
		return
	}
	docs, problems := spec.ReadTree(file, data)
	p.problems = append(p.problems, problems...)
	if slices.ContainsFunc(problems, func(x spec.Problem) bool { return x.Severity == spec.Error }) {
		return
	}
	if len(docs) != 1 || docs[0].Sort != spec.Mapping {
		p.errorf(start, "expected one manifest, a mapping")
		return
	}
	t := p.interpolated(docs[0])
	kind, name := t.Get("type"), t.Get("name")
	if why, no := notServices[kind.Text()]; no {
		p.errorf(kind, "type %s is not imported: %s", kind, why)
		return
	}
	if !slices.Contains([]string{"Load Balanced Web Service", "Backend Service", "Worker Service"}, kind.Text()) {
		p.errorf(kind, "type: expected a Load Balanced Web Service, Backend Service or Worker Service, found %s", kind)
		return
	}
	root := newManifest(t)
	for _, key := range []string{"name", "type", "environments"} {
		root.get(key)
	}
	overrides := root.Tree.Get("environments")
	base := t
	base.Map = dropped(t.Map, []string{"environments"})
	service := p.serviceName(name, file)
	c := &copilotService{project: p, name: service, kind: kind.Text()}
	body := c.convert(manifest{Tree: base, seen: root.seen, done: root.done})
	draft := spec.Draft{Kind: "Service", Name: service, Spec: body,
		Head: []string{"of Copilot's manifest " + file + "; what its CloudFormation stacks own stands in the Environment"}}
	if len(overrides.Map) == 0 {
		draft.Spec = append(spec.Map{{Key: "environment", Value: p.env}}, draft.Spec...)
		p.environments[p.env] = true
	}
	whole := t
	whole.Line, whole.Column = start.Line, start.Column
	p.service(draft, whole)
	for _, e := range overrides.Map {
		p.environments[e.Key] = true
		root.seen[placeOf(e.At)] = true
		over := manifest{Tree: laid(base, e.Value), seen: root.seen, done: root.done}
		c.env = e.Key
		patch := p.patch(body, c.convert(over), e.At)
		p.patches = append(p.patches, spec.Draft{Kind: "ServicePatch", Name: service + "-" + e.Key,
			Spec: spec.Map{{Key: "service", Value: service}, {Key: "environment", Value: e.Key}}.With("patch", filled(patch))})
	}
	root.unread(func(at spec.Tree, path string) { p.errorf(at, "%s is not converted", path) })
	p.warnf(start, "Copilot puts COPILOT_APPLICATION_NAME, COPILOT_ENVIRONMENT_NAME, COPILOT_SERVICE_NAME and the like into every container: write those that the program reads")
}

// copilotService converts one manifest, once for each environment.
type copilotService struct {
	*project
	name, kind, env string
	toldOnce        map[string]bool
}

// once reports an error for a place only the first time: every environment is
// converted anew.
func (c *copilotService) once(t spec.Tree, format string, args ...any) {
	c.tell(t.Problem(spec.Error, format, args...))
}

func (c *copilotService) tell(x spec.Problem) {
	if c.toldOnce == nil {
		c.toldOnce = map[string]bool{}
	}
	if !c.toldOnce[x.String()] {
		c.toldOnce[x.String()] = true
		c.problems = append(c.problems, x)
	}
}

// convert makes the spec of a Service.
func (c *copilotService) convert(m manifest) spec.Map {
	cluster := c.owned("cluster", "the cluster of the environment", m.Tree)
	task, extra := c.task(m)
	body := spec.Map{{Key: "cluster", Value: cluster}}
	service := c.service(m)
	groups, rules := spec.Map{}, spec.Map{}
	if c.kind != "Worker Service" {
		service = c.http(m.get("http"), m, service, &groups, &rules)
	}
	scaling := c.count(m.get("count"), &service, len(groups) > 0)
	alarms := c.alarms(m.get("deployment").get("rollback_alarms"), &service)
	for _, key := range []string{"publish", "subscribe"} {
		if t := m.all(key); t.written() {
			c.once(t.key, "%s is not converted: SNS topics and SQS queues belong to another tool; give the task their ARNs and URLs as environment, and its role the rights", key)
		}
	}
	if t := m.all("nlb"); t.Sort == spec.Mapping {
		c.once(t.key, "nlb is not converted: listeners of a network load balancer belong to another tool; name its target group under service.loadBalancers")
	}
	task = append(task, extra...)
	task = c.overrides(m.all("taskdef_overrides"), task)
	body = body.With("taskDefinition", c.project.lean("taskDefinition", task)).With("service", service)
	for _, s := range []struct {
		key string
		m   spec.Map
	}{{"targetGroups", groups}, {"listenerRules", rules}, {"scaling", scaling}, {"alarms", alarms}} {
		if len(s.m) > 0 {
			body = body.With(s.key, s.m)
		}
	}
	return body
}

// overrides applies taskdef_overrides whose paths are plain.
func (c *copilotService) overrides(m manifest, task spec.Map) spec.Map {
	for _, o := range m.items() {
		path, value := o.Tree.Get("path"), o.Tree.Get("value")
		steps := overrideSteps(path.Text())
		if len(steps) == 0 {
			c.once(path, "taskdef_overrides: the path %s is not converted", path)
			continue
		}
		fresh, ok := override(task, steps, plainValue(value))
		whole, isMap := fresh.(spec.Map)
		if !ok || !isMap {
			c.once(path, "taskdef_overrides: the path %s leads nowhere in the task definition", path)
			continue
		}
		task = whole
	}
	if !m.written() {
		return task
	}
	f := newFitter(c.sections["taskDefinition"], &c.vars)
	fitted := f.body(treeOf(task, m.Tree))
	for _, x := range f.problems {
		c.tell(x)
	}
	return fitted
}

var overrideStep = regexp.MustCompile(`^([A-Za-z]+)((?:\[(?:[0-9]+|-)\])*)$`)

// overrideSteps reads ContainerDefinitions[0].Ulimits[-].HardLimit.
func overrideSteps(path string) []string {
	var out []string
	for _, part := range strings.Split(path, ".") {
		m := overrideStep.FindStringSubmatch(part)
		if m == nil {
			return nil
		}
		out = append(out, strings.ToLower(m[1][:1])+m[1][1:])
		for _, i := range strings.Split(strings.Trim(m[2], "[]"), "][") {
			if i != "" {
				out = append(out, "["+i)
			}
		}
	}
	return out
}

// override writes one value at a path.
func override(v any, steps []string, value any) (any, bool) {
	if len(steps) == 0 {
		return value, true
	}
	step := steps[0]
	if index, isIndex := strings.CutPrefix(step, "["); isIndex {
		list, ok := v.([]any)
		if v != nil && !ok {
			return v, false
		}
		i := len(list)
		if index != "-" {
			if _, err := fmt.Sscan(index, &i); err != nil || i > len(list) {
				return v, false
			}
		}
		list = slices.Clone(list)
		if i == len(list) {
			list = append(list, nil)
		}
		fresh, ok := override(list[i], steps[1:], value)
		list[i] = fresh
		return list, ok
	}
	m, ok := v.(spec.Map)
	if v != nil && !ok {
		return v, false
	}
	fresh, ok := override(at(m, step), steps[1:], value)
	return set(slices.Clone(m), step, fresh, ""), ok
}

// treeOf is a draft's value as a tree at one place, to be fitted anew.
func treeOf(v any, where spec.Tree) spec.Tree {
	t := spec.Tree{File: where.File, Line: where.Line, Column: where.Column}
	switch v := v.(type) {
	case nil:
	case spec.Map:
		t.Sort = spec.Mapping
		for _, e := range v {
			t.Map = append(t.Map, spec.Pair{Key: e.Key, At: t, Value: treeOf(e.Value, where)})
		}
	case []any:
		t.Sort = spec.List
		for _, item := range v {
			t.List = append(t.List, treeOf(item, where))
		}
	default:
		t.Sort, t.Scalar = spec.Scalar, v
	}
	return t
}
