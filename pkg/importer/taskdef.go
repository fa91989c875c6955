package importer

import (
	"fmt"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strings"

	"github.com/ecs-operator/ecs-operator/pkg/shape"
	"github.com/ecs-operator/ecs-operator/pkg/spec"
)

// TaskDefinitionOptions say what becomes of a task definition.
type TaskDefinitionOptions struct {
	// Service is the name of the service whose own it becomes; "" for a
	// TaskTemplate and a service that uses it.
	Service string
	Cluster string
	Env     string // name of the Environment that holds variables
}

// TaskDefinition reads a file that holds a task definition, bare or as AWS
// answers with it. Placeholders become parameters of a TaskTemplate, or with a
// service's name variables of an Environment.
func TaskDefinition(path string, o TaskDefinitionOptions) (Result, error) {
	p := newProject("taskdef", o.Env)
	t, ok := p.template(path, spec.Tree{File: path, Line: 1, Column: 1}, p.ecspressoCall)
	if !ok {
		return Result{Problems: p.problems}, nil
	}
	p.placeholders(&t, "", "")
	task := p.taskDefinition(t)
	if task == nil {
		return p.result(), nil
	}
	name := o.Service
	if name == "" {
		name = taskName(task, path)
	}
	body := spec.Map{{Key: "cluster", Value: o.Cluster}}
	if o.Service != "" {
		body = body.With(pathTask, task)
		p.serviceOf(name, body, task, t)
		return p.result(), nil
	}
	own := spec.Map{}
	if family := text(at(task, "family")); family != "" && !strings.Contains(family, "$(") {
		own = own.With("family", family) // a family belongs to one service, a template to many
		task = without(task, "family")
	}
	values, declared := p.parameters()
	template := spec.Map{}
	if len(declared) > 0 {
		template = template.With("params", declared)
	}
	template = template.With(pathTask, parametrised(task))
	use := spec.Map{{Key: "name", Value: name}}
	if len(values) > 0 {
		use = use.With("params", values)
	}
	body = body.With("template", use)
	if len(own) > 0 {
		body = body.With(pathTask, own)
	}
	open := p.vars.open()
	for i := range open {
		open[i].Message = strings.ReplaceAll(strings.ReplaceAll(open[i].Message, "$(env.", "$(params."), "write it in the Environment", "write it under template.params of the Service")
	}
	p.problems = append(p.problems, open...)
	p.vars = variables{}
	p.templates = append(p.templates, spec.Draft{Kind: "TaskTemplate", Name: name, Spec: template})
	p.serviceOf(name, body, task, t)
	return p.result(), nil
}

const pathTask = "taskDefinition"

var noName64 = regexp.MustCompile(`[^A-Za-z0-9_-]+`)

// taskName is what the documents are called: the family, else the file.
func taskName(task spec.Map, path string) string {
	name := text(at(task, "family"))
	if name == "" || strings.Contains(name, "$(") {
		base := filepath.Base(path)
		name = strings.TrimSuffix(base, filepath.Ext(base))
	}
	name = strings.Trim(noName64.ReplaceAllString(name, "-"), "-")
	if len(name) > 64 {
		name = name[:64]
	}
	if name == "" {
		return "task"
	}
	return name
}

// serviceOf drafts the service around a task definition, as far as that says
// what it needs. The rest are variables to be filled in.
func (p *project) serviceOf(name string, body, task spec.Map, from spec.Tree) {
	s := spec.Map{{Key: "desiredCount", Value: 1}}
	if launch, ok := at(task, "requiresCompatibilities").([]any); ok && len(launch) == 1 {
		s = append(spec.Map{{Key: "launchType", Value: launch[0]}}, s...)
	}
	s = s.With("deploymentConfiguration", spec.Map{{Key: "deploymentCircuitBreaker", Value: spec.Map{{Key: "enable", Value: true}, {Key: "rollback", Value: true}}}})
	if at(task, "networkMode") == "awsvpc" {
		var vpc spec.Map
		for _, list := range []string{"subnets", "securityGroups"} {
			x := p.vars.add("the service's "+list, list, nil, "where its tasks run; a task definition does not say", from)
			x.as = reflect.TypeFor[[]string]()
			vpc = vpc.With(list, x.String())
		}
		s = s.With("networkConfiguration", spec.Map{{Key: "awsvpcConfiguration", Value: vpc}})
	}
	p.service(spec.Draft{Kind: "Service", Name: name, Spec: body.With("service", s)}, from)
}

var (
	// codePipeline is what CodePipeline fills in, and what people write like it.
	codePipeline = regexp.MustCompile(`<([A-Z][A-Z0-9_]*)>`)
	// shellVariable is what envsubst and scripts fill in.
	shellVariable = regexp.MustCompile(`\$\{([A-Za-z_][A-Za-z0-9_]*)\}|\$([A-Z][A-Z0-9_]*)`)
)

// verbatim are members in which "${X}" is the shell's of the container.
var shellMembers = []string{"command", "entryPoint", "environment"}

// placeholders makes variables of what other tools would have filled in.
func (p *project) placeholders(t *spec.Tree, key, inside string) {
	switch t.Sort {
	case spec.Mapping:
		for i := range t.Map {
			k := t.Map[i].Key
			below := inside
			if slices.Contains(shellMembers, k) {
				below = k
			}
			p.placeholders(&t.Map[i].Value, k, below)
		}
	case spec.List:
		for i := range t.List {
			p.placeholders(&t.List[i], key, inside)
		}
	case spec.Scalar:
		s, isText := t.Scalar.(string)
		if isText && key == "image" && s == "" { // which deploy actions fill in
			t.Scalar = p.vars.add(fmt.Sprintf("the empty image of line %d", t.Line), "image", nil, "was empty", *t).String()
			return
		}
		if !isText || key == "name" && inside == "environment" {
			return
		}
		variable := func(m, name string) string {
			return p.vars.add("the placeholder "+m, name, nil, "was "+m, *t).String()
		}
		s = codePipeline.ReplaceAllStringFunc(s, func(m string) string { return variable(m, strings.Trim(m, "<>")) })
		if inside == "" {
			s = shellVariable.ReplaceAllStringFunc(s, func(m string) string { return variable(m, strings.Trim(m, "${}")) })
		}
		t.Scalar = s
	}
}

// parameters declares the variables that were met as those of a template, and
// says what stands for each in the service that uses it.
func (p *project) parameters() (values, declared spec.Map) {
	for _, x := range p.vars.list {
		kind := "string"
		if x.as != nil && !x.overlap {
			switch shape.Deref(x.as).Kind() {
			case reflect.Bool:
				kind = "boolean"
			case reflect.Int, reflect.Int32, reflect.Int64:
				kind = "integer"
			case reflect.Float32, reflect.Float64:
				kind = "number"
			case reflect.Slice:
				kind = "list"
			}
		}
		values = append(values, spec.Entry{Key: x.name, Value: x.stands(), Comment: x.comment})
		declared = declared.With(x.name, spec.Map{{Key: "type", Value: kind}, {Key: "required", Value: true}})
	}
	return values, declared
}

// parametrised is a body whose variables are parameters.
func parametrised(v any) any {
	switch v := v.(type) {
	case spec.Map:
		out := make(spec.Map, len(v))
		for i, e := range v {
			out[i] = spec.Entry{Key: e.Key, Value: parametrised(e.Value), Comment: e.Comment}
		}
		return out
	case []any:
		out := make([]any, len(v))
		for i := range v {
			out[i] = parametrised(v[i])
		}
		return out
	case string:
		return variableText.ReplaceAllString(v, "$$(params.$1)")
	}
	return v
}
