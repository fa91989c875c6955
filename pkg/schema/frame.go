package schema

import "github.com/ecs-operator/ecs-operator/pkg/spec"

// The fields of ours, outside AWS' bodies. A test holds them to what the decoder
// knows.

func frameDocument() *Field {
	return object("", "", "One service with everything that must move together.",
		required(choice("apiVersion", "Documents of another one are somebody else's, and skipped.", "", spec.APIVersion)),
		required(choice("kind", "The kind of the document.", "", "Service")),
		required(object("metadata", "", "What the document is called.",
			required(leaf("metadata.name", Text, "The ECS service's name: up to 255 letters, digits, hyphens and underscores.", "")),
			&Field{Path: "metadata.labels", Name: "labels", Form: Map, Doc: "For people and their tools: nothing in AWS.", Unwritten: "none", Elem: &Field{Path: "metadata.labels[]", Form: Text}},
		)),
		required(object("spec", "spec", "What the service is made of.",
			leaf("cluster", Text, "The ECS cluster's short name. The cluster must exist.", "default"),
			policy(),
			leaf("environment", Text, "The environment that this document is for, by its name.", "none"),
			object("template", "", "The TaskTemplate that the task definition is made from.",
				leaf("template.name", Text, "The template's name.", ""),
				&Field{Path: "template.params", Name: "params", Form: Map, Doc: "Values of its parameters.", Elem: &Field{Path: "template.params[]", Form: Any}},
			),
			object("hooks", "", "Tasks to run around a deployment. Kept for a later version: none is run yet.", stage("preDeploy"), stage("postDeploy")),
			texts("dependsOn", "Services of the same documents (name or cluster/name) that must be Ready first."),
		)),
	)
}

func policy() *Field {
	return object("policy", "", "How the operator treats the service.",
		choice("policy.mode", "manual and observe show what differs and write nothing.", "auto", "auto", "manual", "observe"),
		leaf("policy.adopt", Boolean, "Take over what exists without our tag.", "false"),
		leaf("policy.prune", Boolean, "Delete what the document no longer has.", "false"),
		choice("policy.onDelete", "What becomes of the service when its document is deleted.", "keep", "keep", "prune", "orphan"),
		leaf("policy.recreate", Boolean, "Allow changes for which the service must be deleted and created, or another object be replaced.", "false"),
		choice("policy.desiredCount", "Who decides the number of tasks: the document (fixed), the autoscaler after the creation (initial), or the autoscaler within scaling's range (band).",
			"fixed; with scaling initial", "initial", "band", "fixed"),
		leaf("policy.driftGrace", Text, "How long a count that somebody changed by hand is left alone: a duration like 30m.", "none"),
		leaf("policy.keepRevisions", Integer, "How many revisions of the task definition stay registered.", "10"),
		leaf("policy.wave", Integer, "The order among services.", "0"),
		texts("policy.ignore", "Paths of the spec that are neither shown nor written, as service.desiredCount."),
	)
}

func stage(name string) *Field {
	path := "hooks." + name
	return &Field{Path: path, Name: name, Form: Map, Doc: "By names of your own.", Elem: object(path+"[]", "", "",
		leaf(path+"[].overrides", Any, "Overrides of the task, as RunTask has them.", ""), leaf(path+"[].timeout", Text, "A duration like 10m.", ""))}
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

// object makes an object of the frame; shown is its path where that is not its name.
func object(path, shown, doc string, fields ...*Field) *Field {
	f := leaf(path, Object, doc, "")
	if shown != "" {
		f.Path = shown
	}
	f.Fields = fields
	return f
}

func required(f *Field) *Field {
	f.Required = true
	return f
}
