package spec

import (
	"regexp"
	"slices"
	"strings"

	"gopkg.in/yaml.v3"
)

// What people really write, as the corpus of real files has it, and the words
// that help them on. Sections and paths are those of the spec.

// misplaced are fields that do not exist where they are looked for, by section
// and index-free path.
var misplaced = map[string]string{
	"taskDefinition containerDefinitions[].environment[].valueFrom": "a secret stands under secrets, with the same name and valueFrom",
	"taskDefinition containerOverrides":                             "overrides belong to one run of a task (RunTask): write the values into containerDefinitions",
	"service forceNewDeployment":                                    "it asks for an act and is no state: leave it out, a changed document is deployed by itself",
	"service enableLogging":                                         "ECS knows no such field: a container's logs are its logConfiguration",
}

// mistaken are values that look right and are not, in lower case.
var mistaken = map[string]map[string]string{
	"taskDefinition containerDefinitions[].portMappings[].protocol": {
		"http": appProtocol, "https": appProtocol, "http2": appProtocol, "grpc": appProtocol,
	},
	"taskDefinition networkMode": {"default": networkDefault, "<default>": networkDefault},
	"service launchType":         {"ecs": `ECS is the type of a deploymentController; the launch type says where tasks run, "FARGATE" or "EC2"`},
}

const (
	appProtocol    = `protocol is the transport, "tcp" or "udp"; what is spoken over it stands in appProtocol`
	networkDefault = `leave networkMode out for AWS' default, or write "awsvpc" as Fargate needs it`
)

// commands are lists that people write as one text.
var commands = []string{"containerDefinitions[].command", "containerDefinitions[].entryPoint", "containerDefinitions[].healthCheck.command"}

// elsewhereHint is the end of a message on a field that does not exist.
func (d *decoder) elsewhereHint(p place) string {
	if words := misplaced[d.section.Path+" "+p.free]; words != "" {
		return ": " + words
	}
	return ""
}

// mistakenHint is the end of a message on a value that is not one of an enum's.
func (d *decoder) mistakenHint(n *yaml.Node, p place) string {
	if words := mistaken[d.section.Path+" "+p.free][strings.ToLower(n.Value)]; words != "" {
		return "; " + words
	}
	if words := d.section.Words[p.free]; len(words) > 0 {
		return "; it may also be " + strings.Join(words, " or ") + didYouMean(n.Value, words)
	}
	return ""
}

// asList says how something becomes a list.
func (d *decoder) asList(n *yaml.Node, p place) string {
	if n.Kind == yaml.ScalarNode && slices.Contains(commands, p.free) {
		return `write it as a list, each word an element, or ["sh", "-c", "…"] for a shell`
	}
	return "write it as a list"
}

var (
	// foreign are templates whose names only other tools know.
	foreign  = regexp.MustCompile(`\{\{-?\s*(must_env|env|must_var|tfstate\w*|ssm|ssm_list|secretsmanager_arn|cfn_output|cfn_export|plan|resolve:)\b`)
	braces   = regexp.MustCompile(`\{\{.*?\}\}`)
	angular  = regexp.MustCompile(`<[A-Z][A-Z0-9_ -]*>`)
	dollar   = regexp.MustCompile(`\$\{[A-Za-z_][A-Za-z0-9_.:-]*\}`)
	dollared = regexp.MustCompile(`^\$[A-Z_][A-Z0-9_]*$`)
)

const (
	writeVariable  = "write the value, or a variable of the Environment, $(env.NAME)"
	writeParameter = "write the value, or a parameter of a TaskTemplate, $(params.NAME)"
)

// placeholder says what to do about text that another tool would fill in, "" for
// text that is none. verbatim texts are handed on as they are, to shells and
// programs that fill things in themselves.
func placeholder(text string, verbatim bool) (what, words string) {
	if m := foreign.FindString(text); m != "" {
		return braces.FindString(text), "a template of another tool is not filled in here: " + writeVariable
	}
	if verbatim {
		return "", ""
	}
	for _, c := range []struct {
		form  *regexp.Regexp
		words string
	}{
		{braces, "a template of another tool is not filled in here: " + writeVariable},
		{angular, "a placeholder that a pipeline replaces is not filled in here: " + writeParameter},
		{dollar, "a variable of a shell is not filled in here: " + writeVariable},
		{dollared, "a variable of a shell is not filled in here: " + writeVariable},
	} {
		if m := c.form.FindString(text); m != "" {
			if name, _, usual := strings.Cut(m, ":"); usual && c.form == dollar {
				m = name + ":…}" // what stands for it otherwise may be a secret
			}
			return m, c.words
		}
	}
	return "", ""
}

// free are places with a language of their own, in which such text may be meant:
// log drivers, labels for agents, and words for people.
var free = []string{"logConfiguration.options", "dockerLabels", "firelensConfiguration.options", "driverOpts", "pattern", "tags"}

// unfilled reports placeholders in a document. In a body that is a file of its
// own they stay: whoever reads one knows what to make of them.
func (d *decoder) unfilled(n *yaml.Node, p place) {
	if !d.r.variables || n.Kind != yaml.ScalarNode || !strings.ContainsAny(n.Value, "<{$") {
		return
	}
	verbatim := d.section.Path != pathTaskDefinition && d.section.Path != pathService ||
		slices.ContainsFunc(d.section.Verbatim, func(v string) bool { return strings.TrimSuffix(v, "[]") == strings.TrimSuffix(p.free, "[]") }) ||
		slices.ContainsFunc(free, func(f string) bool { return strings.Contains(strings.ToLower(p.free), strings.ToLower(f)) })
	if what, words := placeholder(n.Value, verbatim); what != "" {
		d.r.errorf(n, "%s: %s: %s", p.shown, quoted(what), words)
	}
}
