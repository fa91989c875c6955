package schema

import (
	"strings"
	"sync"

	"github.com/ecs-operator/ecs-operator/pkg/spec"
)

// The fields of ours, outside AWS' bodies: the one table of them, which docs/
// has too. Tests hold it to what the decoder knows.

// Kinds are the trees of all kinds of documents, Service first.
var Kinds = sync.OnceValue(func() []*Field {
	service := Service()
	return []*Field{service, environment(service), servicePatch(service), taskTemplate(service)}
})

// kindOf finds a kind by its exact name.
func kindOf(name string) *Field {
	for _, k := range Kinds() {
		if k.Name == name {
			return k
		}
	}
	return nil
}

// document makes the frame around what the spec of a kind holds.
func document(kind, doc, called string, body *Field) *Field {
	path := func(rest string) string {
		if kind == "Service" {
			return rest
		}
		return kind + "." + rest
	}
	root := object("", "Documents of kind `"+kind+"`: "+doc,
		required(choice(path("apiVersion"), "Documents of another one are somebody else's, and skipped.", "", spec.APIVersion)),
		required(choice(path("kind"), "The kind of the document.", "", kind)),
		required(object(path("metadata"), "What the document is called.",
			required(leaf(path("metadata.name"), Text, called, "")),
			&Field{Path: path("metadata.labels"), Name: "labels", Form: Map, Doc: "For people and their tools: nothing in AWS.", Unwritten: "none", Elem: &Field{Path: path("metadata.labels[]"), Form: Text}},
		)),
		required(body),
	)
	root.Name = kind
	body.Name, body.Path = "spec", path("spec")
	for _, f := range root.Fields {
		literal(f)
	}
	return root
}

// literal marks places at which no variable can stand; what a spec holds says so itself.
func literal(f *Field) {
	f.Literal = true
	if f.Name == "spec" {
		return
	}
	for _, m := range f.Fields {
		literal(m)
	}
}

func serviceFrame() *Field {
	environment := leaf("environment", Text, "The `Environment` in which the service runs.", "none")
	environment.Literal = true
	return document("Service", "one service with everything that must move together.",
		"The ECS service's name: up to 255 letters, digits, hyphens and underscores.",
		object("spec", "What the service is made of.",
			leaf("cluster", Text, "The ECS cluster's short name. The cluster must exist.", "default"),
			environment,
			optional(object("template", "`name` of a `TaskTemplate`, and its `params`; merged under `taskDefinition`.",
				required(leaf("template.name", Text, "The template's name.", "")),
				&Field{Path: "template.params", Name: "params", Form: Map, Doc: "Values of its parameters.", Elem: &Field{Path: "template.params[]", Form: Any}},
			)),
			policy(),
			texts("dependsOn", "Services of the same documents (`name` or `cluster/name`) that must be Ready first."),
			optional(object("hooks", "Tasks to run once for each content: `preDeploy` before the service is touched (a failure blocks the rollout), `postDeploy` after the deployment has succeeded (a failure takes the service back).", stage("preDeploy"), stage("postDeploy"))),
		))
}

func policy() *Field {
	return object("policy", "How the operator treats the service.",
		choice("policy.mode", "`manual` shows the plan and waits for `approve`; `observe` shows what differs and writes nothing.", "auto", "auto", "manual", "observe"),
		leaf("policy.adopt", Boolean, "Take over what exists without our tag.", "false"),
		leaf("policy.prune", Boolean, "Delete surroundings (rules, target groups, alarms, scaling) that the document does not name any more.", "false"),
		choice("policy.onDelete", "What becomes of the service in AWS when its document is gone, in a run with `--scope`: it is kept, deleted with its surroundings, or left to others without our tags. Unwritten, it is kept unless the run has `--prune`.", "kept, or with --prune deleted", "keep", "prune", "orphan"),
		leaf("policy.recreate", Boolean, "Allow changes for which the service must be deleted and created, or another object be replaced.", "false"),
		choice("policy.desiredCount", "Who decides the number of tasks: the document (`fixed`), or the autoscaler after the creation (`initial`). With `band` a count outside the scaling's minimum and maximum is drift, and pulled in.",
			"fixed; with scaling initial", "initial", "band", "fixed"),
		leaf("policy.driftGrace", Text, "How long a count that somebody raised outside of git is kept before the document holds again, like `30m`; `0s` for not at all. Only where the count is the document's (`desiredCount: fixed`).", "1h"),
		leaf("policy.keepRevisions", Integer, "How many of the newest task definition revisions stay; older ones that no deployment refers to are deregistered after a rollout that succeeded.", "10"),
		leaf("policy.wave", Integer, "Services of a higher wave start no deployment before all of the lower ones that had something to do are Ready.", "0"),
		texts("policy.ignore", "Paths of the spec that are neither shown nor written, as `service.desiredCount` or `alarms.errors.threshold`."),
	)
}

func stage(name string) *Field {
	path := "hooks." + name
	return &Field{Path: path, Name: name, Form: Map, Doc: "By names of your own.", Elem: object(path+"[]", "",
		leaf(path+"[].overrides", Any, "Overrides of the task, as RunTask has them.", ""), leaf(path+"[].timeout", Text, "How long the task may take: a duration like `10m`.", "30m"))}
}

func environment(service *Field) *Field {
	const at = "Environment."
	window := object(at+"freeze[]", "",
		required(leaf(at+"freeze[].cron", Text, "When it begins, in UTC: minute, hour, day of month, month, day of week.", "")),
		required(leaf(at+"freeze[].for", Text, "How long it lasts: a duration like `48h`.", "")),
		leaf(at+"freeze[].reason", Text, "For people.", "none"))
	body := object("", "What is so in this environment.",
		leaf(at+"target", Text, "A name of the operator's own targets file. What a run may do stands there, never in a document.", spec.DefaultTarget),
		leaf(at+"account", Text, "The 12 digits of the AWS account, in quotes. Who runs in another one is refused. Also `$(env.account)`.", "not checked"),
		leaf(at+"region", Text, "The AWS region. Who runs in another one is refused. Also `$(env.region)`.", "not checked"),
		&Field{Path: at + "vars", Name: "vars", Form: Map, Doc: "What `$(env.NAME)` stands for: single values, lists and objects.", Unwritten: "none", Elem: &Field{Path: at + "vars[]", Form: Any}},
		bodies(at+"defaults", "Merged under every service of the environment.", service),
		&Field{Path: at + "freeze", Name: "freeze", Form: List, Doc: "Times in which no deployment is started. Drift that costs no deployment is healed meanwhile.", Unwritten: "none", Elem: window},
	)
	for _, f := range body.Fields {
		if f.Name != "defaults" {
			literal(f)
		}
	}
	literal(window)
	return document("Environment", "where services run, and what is different there.", "What `spec.environment` calls it: up to 64 letters, digits, hyphens and underscores.", body)
}

func servicePatch(service *Field) *Field {
	const at = "ServicePatch."
	body := object("", "One service in one environment.",
		required(leaf(at+"service", Text, "`metadata.name` of a `Service`, or `cluster/name`.", "")),
		required(leaf(at+"environment", Text, "`metadata.name` of an `Environment`.", "")),
		bodies(at+"patch", "Laid over the service: objects merge, lists with a merge key by that key; `null` removes.", service))
	literal(body.Fields[0])
	literal(body.Fields[1])
	return document("ServicePatch", "what of a service is different in one environment.", "What the patch is called: up to 64 letters, digits, hyphens and underscores.", body)
}

func taskTemplate(service *Field) *Field {
	const at = "TaskTemplate."
	param := object(at+"params[]", "",
		choice(at+"params[].type", "What a value must be.", "string", "string", "integer", "number", "boolean", "list"),
		leaf(at+"params[].required", Boolean, "Who uses the template must give it.", "false"),
		leaf(at+"params[].default", Any, "The value where none is given.", "none"),
		&Field{Path: at + "params[].enum", Name: "enum", Form: List, Doc: "The values that it may have.", Unwritten: "any", Elem: &Field{Path: at + "params[].enum[]", Form: Text}},
		leaf(at+"params[].description", Text, "For people.", "none"))
	param.Partial = true // {} and null are a parameter of type string
	task := *service.member("spec").member("taskDefinition")
	task.Required, task.Partial = true, true
	params := &Field{Path: at + "params", Name: "params", Form: Map, Doc: "What `$(params.NAME)` stands for, by names of your own.", Unwritten: "none", Elem: param}
	literal(params)
	literal(param)
	return document("TaskTemplate", "a task definition with places to fill.", "What `spec.template.name` calls it: up to 64 letters, digits, hyphens and underscores.",
		object("", "The parameters, and the task definition that they stand in.", params, &task))
}

// bodies is a place that has the form of a Service's spec, where nothing is
// required, without what only the service itself can say.
func bodies(path, doc string, service *Field) *Field {
	f := optional(object(path, doc))
	f.Partial = true
	for _, m := range service.member("spec").Fields {
		if m.Name != "environment" {
			f.Fields = append(f.Fields, m)
		}
	}
	return f
}

func leaf(path string, form Form, doc, unwritten string) *Field {
	return &Field{Path: path, Name: lastName(path), Form: form, Doc: doc, Unwritten: unwritten}
}

func choice(path, doc, unwritten string, values ...string) *Field {
	f := leaf(path, Choice, doc, unwritten)
	f.Values = values
	return f
}

func texts(path, doc string) *Field {
	f := leaf(path, List, doc, "none")
	f.Elem = &Field{Path: path + "[]", Form: Text}
	return f
}

func object(path, doc string, fields ...*Field) *Field {
	f := leaf(path, Object, doc, "")
	f.Fields = fields
	return f
}

func required(f *Field) *Field {
	f.Required = true
	return f
}

// optional is an object that means something by standing there.
func optional(f *Field) *Field {
	f.Unwritten = "none"
	return f
}

func lastName(path string) string { return path[strings.LastIndexByte(path, '.')+1:] }
