package importer

import (
	"fmt"
	"path"
	"path/filepath"
	"regexp"
	"strings"

	"github.com/ecs-operator/ecs-operator/pkg/spec"
)

// Ecspresso imports the ecspresso projects at a path: a configuration file, or
// a directory with such files. env names the Environment that holds their
// variables.
func Ecspresso(path, env string) (Result, error) {
	found, files, err := projects(path, ecspressoKeys, ".yml", ".yaml", ".json", ".jsonnet")
	if err != nil {
		return Result{}, err
	}
	if len(found) == 0 {
		return Result{}, fmt.Errorf("%s holds no ecspresso configuration: a YAML or JSON file with cluster and task_definition", path)
	}
	p := newProject("ecspresso", env)
	for _, f := range found {
		p.ecspresso(f)
	}
	p.unused(files)
	return p.result(), nil
}

var ecspressoKeys = regexp.MustCompile(`(?m)^[\s{,]*"?(?:task_definition|service_definition)"?\s*:`)

// ecspresso imports one configuration and the two files that it names.
func (p *project) ecspresso(file string) {
	start := spec.Tree{File: file, Line: 1, Column: 1}
	if hasExt(file, ".jsonnet") && !p.plainJSON(file, start) {
		return
	}
	config, ok := p.template(file, start, p.ecspressoCall)
	if !ok {
		return
	}
	if config.Sort != spec.Mapping {
		p.errorf(config, "expected ecspresso's configuration, a mapping; found %s", config)
		return
	}
	p.ecspressoConfig(config)
	name, cluster := config.Get("service"), p.known(lastSegment(config.Get("cluster").Text()))
	if name.Text() == "" || config.Get("service_definition").Text() == "" {
		p.errorf(config, "this is no service: the configuration names no service (ecspresso runs tasks of it), and a task alone is no document")
		return
	}
	td, ok := p.ecspressoFile(config.Get("task_definition"), "task_definition")
	sd, also := p.ecspressoFile(config.Get("service_definition"), "service_definition")
	if !ok || !also {
		return
	}
	task, service := p.taskDefinition(td), p.serviceDefinition(sd, cluster, p.known(name.Text()))
	if task == nil || service == nil {
		return
	}
	draft := spec.Draft{Kind: "Service", Name: p.serviceName(name, file)}
	if cluster != "" {
		draft.Spec = draft.Spec.With("cluster", cluster)
	}
	draft.Spec = draft.Spec.With("taskDefinition", task).With("service", service)
	config.Line, config.Column = start.Line, start.Column
	p.service(draft, config)
}

// ecspressoConfig says what becomes of the other keys of the configuration.
func (p *project) ecspressoConfig(config spec.Tree) {
	for _, e := range config.Map {
		switch e.Key {
		case "cluster", "service", "service_definition", "task_definition", "required_version":
		case "region":
			p.setRegion(e.Value)
		case "timeout":
			if e.Value.Sort != spec.Null {
				p.warnf(e.At, "timeout is a flag here: ecs-operator apply --wait --timeout %s", e.Value.Text())
			}
		case "plugins":
			for _, plugin := range e.Value.List {
				p.warnf(plugin, "the plugin %s is not asked: what it looked up became variables of the Environment", plugin.Get("name"))
			}
		case "codedeploy", "appspec":
			if e.Value.Sort != spec.Null {
				p.errorf(e.At, "%s: CodeDeploy's deployments cannot be expressed: a strategy in service.deploymentConfiguration takes their place once the service is moved to the ECS controller", e.Key)
			}
		default:
			p.errorf(e.At, "%s is not converted", e.Key)
		}
	}
}

// setRegion keeps the region for the Environment.
func (p *project) setRegion(t spec.Tree) {
	region := p.known(t.Text())
	switch {
	case region == "":
	case variableText.MatchString(region):
		p.warnf(t, "the region is a variable: write it as the Environment's region")
	case p.region.Text() == "":
		p.region = t
		p.region.Scalar = region
	case p.region.Text() != region:
		p.errorf(t, "the region %s differs from %s: import the two in two runs, each with its own --env", region, p.region.Text())
	}
}

// known puts in the variables whose value the project says itself.
func (p *project) known(text string) string {
	return variableText.ReplaceAllStringFunc(text, func(s string) string {
		x := p.vars.named(variableText.FindStringSubmatch(s)[1])
		if x != nil { // not one of ours: $(env.name)
			if v, ok := x.value.(string); ok && v != "" {
				return v
			}
		}
		return s
	})
}

var noServiceName = regexp.MustCompile(`[^A-Za-z0-9_-]+`)

// serviceName is a name that a document may have.
func (p *project) serviceName(t spec.Tree, file string) string {
	name := p.known(t.Text())
	plain := strings.Trim(noServiceName.ReplaceAllString(variableText.ReplaceAllString(name, "$1"), "-"), "-")
	if plain == "" {
		plain = strings.Trim(noServiceName.ReplaceAllString(filepath.Base(filepath.Dir(file)), "-"), "-")
	}
	if plain == "" {
		plain = "service"
	}
	if plain != name {
		p.errorf(t, "the service's name is only known when it is rendered, and a document needs it written: %q stands for it", plain)
	}
	return plain
}

// ecspressoFile reads a definition that the configuration names.
func (p *project) ecspressoFile(name spec.Tree, key string) (spec.Tree, bool) {
	if name.Text() == "" {
		p.errorf(name, "%s is missing", key)
		return spec.Tree{}, false
	}
	file := filepath.FromSlash(p.known(name.Text()))
	if variableText.MatchString(file) {
		p.errorf(name, "%s: the file's name is only known when it is rendered: write it out", key)
		return spec.Tree{}, false
	}
	if !filepath.IsAbs(file) {
		file = filepath.Join(filepath.Dir(name.File), file)
	}
	if hasExt(file, ".jsonnet", ".libsonnet") && !p.plainJSON(file, name) {
		return spec.Tree{}, false
	}
	return p.template(file, name, p.ecspressoCall)
}

// plainJSON reports whether a Jsonnet file is JSON as it stands, and names it
// when it is not.
func (p *project) plainJSON(file string, wanted spec.Tree) bool {
	data, ok := p.file(file, wanted)
	if !ok {
		return false
	}
	trial, problems := render(file, data, func(call) string { return "" })
	if len(problems) == 0 {
		_, problems = spec.ReadTree(file+".json", trial.text)
	}
	for _, x := range problems {
		if x.Severity == spec.Error {
			line, column := trial.origin(x.Line, x.Column)
			p.errorf(spec.Tree{File: file, Line: max(line, 1), Column: max(column, 1)}, "this is Jsonnet, a program: render it first (ecspresso render) and import what comes out")
			return false
		}
	}
	return true
}

// ecspressoCall makes a variable of a template function (ecspresso's README:
// Template syntax, plugins).
func (p *project) ecspressoCall(at spec.Tree, c call) string {
	source, comment := c.text, ""
	arg := func(i int) string {
		if i < len(c.args) {
			return c.args[i]
		}
		return ""
	}
	wish := strings.Join(c.args, "_")
	var value any
	switch {
	case len(c.args) == 0:
		wish = ""
	case c.name == "must_env":
		source = "the environment variable " + arg(0)
		wish = arg(0)
	case c.name == "env":
		source = "the environment variable " + arg(0)
		wish, value = arg(0), ""
		if len(c.args) > 1 {
			value = c.args[len(c.args)-1]
		}
	case strings.HasSuffix(c.name, "tfstate"):
		source = "terraform's " + arg(0)
		wish, comment = stateName(arg(0)), source
	case strings.HasSuffix(c.name, "tfstatef"):
		address := fmt.Sprintf(strings.ReplaceAll(arg(0), "%d", "%v"), anyOf(c.args[1:])...)
		source = "terraform's " + address
		wish, comment = stateName(address), source
	case strings.HasSuffix(c.name, "ssm"):
		source = "the SSM parameter " + arg(0)
		if index := arg(1); index != "" {
			source += ", part " + index
		}
		comment = source
	case c.name == "secretsmanager_arn":
		source = "the ARN of the secret " + arg(0)
		wish, comment = arg(0)+"_arn", source
	case strings.HasSuffix(c.name, "cfn_output"):
		source = "the output " + arg(1) + " of the stack " + arg(0)
		comment = source
	case strings.HasSuffix(c.name, "cfn_export"):
		source = "CloudFormation's export " + arg(0)
		comment = source
	default:
		wish = ""
	}
	if wish == "" {
		p.errorf(at, "%s is no function that is known here: it became a variable", c.text)
		source, wish = c.text, path.Base(strings.ReplaceAll(c.text, " ", "_"))
	}
	return p.vars.add(source, wish, value, comment, at).String()
}

// stateName makes a readable name of a terraform address.
func stateName(address string) string {
	address = strings.TrimPrefix(strings.TrimPrefix(address, "data."), "module.")
	return strings.ReplaceAll(address, "aws_", "")
}

func anyOf(s []string) []any {
	out := make([]any, len(s))
	for i := range s {
		out[i] = s[i]
	}
	return out
}
