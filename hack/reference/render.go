package main

import (
	"fmt"
	"path"
	"reflect"
	"slices"
	"strings"

	"github.com/ecs-operator/ecs-operator/pkg/diff"
	"github.com/ecs-operator/ecs-operator/pkg/kinds"
	"github.com/ecs-operator/ecs-operator/pkg/resource"
	"github.com/ecs-operator/ecs-operator/pkg/schema"
	"github.com/ecs-operator/ecs-operator/pkg/shape"
	"github.com/ecs-operator/ecs-operator/pkg/spec"
)

// effects are what the last column of a table may say.
var effects = []struct {
	effect diff.Effect
	means  string
}{
	{diff.InPlace, "AWS changes the object, and no running task feels it."},
	{diff.TasksLater, "Tasks that are started from then on have it; running ones stay as they are."},
	{diff.NewDeployment, "ECS rolls the service: new tasks take the place of the old ones. All such changes of one document are one deployment."},
	{diff.Forced, "The same, asked for by `forceNewDeployment`, because AWS would leave the tasks where they are."},
	{diff.TrafficShift, "The load balancer sends requests elsewhere from that moment."},
	{diff.Replacement, "AWS cannot change it: a new object is made beside the old one, and what refers to it moves over. A target group takes over from the old one without losing a request; where that cannot be, `policy.recreate` must allow it."},
	{diff.Recreation, "AWS cannot change it: the service is deleted and created. Blocked until `policy.recreate` allows it."},
}

// sectionNotes say what no table can.
var sectionNotes = map[string]string{
	"taskDefinition": "Needed. Every change registers a new revision of the family `<cluster>-<service>`, unless the body writes a `family`.",
	"service": "Needed, and with it `desiredCount`, unless `scaling.minCapacity` says how many tasks there are to begin with, or the service is a DAEMON, " +
		"of which `maximumPercent` is 100 and `minimumHealthyPercent` is 0 where they are not written. Without `taskDefinition` it runs the document's own. " +
		"A service with the `CODE_DEPLOY` deployment controller belongs to another tool and is refused.",
	"targetGroups": "By a name of your own. The defaults below are those of a target group that speaks HTTP; other protocols have their own, and they are known too. " +
		"Without a `name` the target group gets one made of its document and of what it cannot change.",
	"listenerRules":            "By a name of your own. The listener must exist.",
	"scaling":                  "The service's count as Application Auto Scaling sees it. Inside it stand `policies` and `scheduledActions`, which have sections of their own below.",
	"scaling.policies":         "By a name of your own, inside `scaling`. AWS gives them no tags: they belong to their scalable target.",
	"scaling.scheduledActions": "By a name of your own, inside `scaling`. AWS gives them no tags: they belong to their scalable target.",
	"alarms":                   "By a name of your own.",
}

// guides are the API references, by the SDK's package.
var guides = map[string]string{
	"ecs":                    "https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_",
	"elasticloadbalancingv2": "https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_",
	"applicationautoscaling": "https://docs.aws.amazon.com/autoscaling/application/APIReference/API_",
	"cloudwatch":             "https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_",
}

// sections are in the order in which a document is read, children behind
// their parent.
func sections() []spec.Section {
	order := []string{
		resource.KindTaskDefinition, resource.KindService, resource.KindTargetGroup, resource.KindListenerRule,
		resource.KindScalableTarget, resource.KindScalingPolicy, resource.KindScheduledAction, resource.KindAlarm,
	}
	var out, rest []spec.Section
	byKind := map[string]spec.Section{}
	for _, s := range kinds.Sections() {
		byKind[s.Kind] = s
	}
	for _, kind := range order {
		if s, ok := byKind[kind]; ok {
			out = append(out, s)
			delete(byKind, kind)
		}
	}
	for _, s := range kinds.Sections() { // a kind of tomorrow
		if _, left := byKind[s.Kind]; left {
			rest = append(rest, s)
		}
	}
	return append(out, rest...)
}

const opening = `# Reference of the spec

Every field of a document. This page is written by ` + "`go run ./hack/reference`" + ` from the types that documents are
decoded into and the rules by which they are compared; a test fails when it is stale. What a field means in
AWS stands in AWS' own reference, which each section links. [spec.md](spec.md) says how documents are read.

`

const columns = `## How to read the tables

- **needed**: *yes* is an error when it is missing (of an object only where the object is written); *filled in*
  is known from the document's own name and cluster, and need not be written.
- **when not written**: AWS' default, to which the field goes back when its line is deleted. An empty cell
  means that nothing is set. *stays as it is* means that AWS has no constant default, so what is there is kept.
- **a change is**:

`

func render() string {
	var b strings.Builder
	b.WriteString(opening)
	b.WriteString(columns)
	for _, e := range effects {
		fmt.Fprintf(&b, "  - *%s*. %s\n", e.effect, e.means)
	}
	b.WriteString("\n## The frame\n\n")
	for _, at := range []string{"", "metadata", "spec", "policy", "template"} {
		frameTable(&b, at)
	}
	for _, kind := range []string{"Environment", "ServicePatch", "TaskTemplate"} {
		fmt.Fprintf(&b, "## Kind `%s`\n\n%s See [environments.md](environments.md).\n\n", kind, field(kind).Doc)
		frameTable(&b, kind+".spec")
	}
	for _, at := range []string{"Environment.freeze", "TaskTemplate.params"} {
		frameTable(&b, at)
	}
	references(&b)
	for _, s := range sections() {
		renderSection(&b, s)
	}
	return strings.TrimRight(b.String(), "\n") + "\n"
}

// field is a place of the frame, which pkg/schema has the table of.
func field(path string) *schema.Field {
	if path == "" {
		return schema.Service()
	}
	f, _, _ := schema.Find(path)
	return f
}

func frameTable(b *strings.Builder, at string) {
	if at != "" {
		fmt.Fprintf(b, "### `%s`\n\n", field(at).Path)
	}
	b.WriteString("| field | type | needed | when not written | meaning |\n|---|---|---|---|---|\n")
	for _, f := range field(at).Members() {
		needed, unwritten, meaning := "", f.Unwritten, f.Doc
		if f.Required {
			needed = "yes"
		}
		if f.Form != schema.List && f.Form != schema.Map && unwritten != "" && unwritten != "none" && !strings.Contains(unwritten, " ") {
			unwritten = "`" + unwritten + "`"
		}
		if at == "spec" && slices.ContainsFunc(sections(), func(s spec.Section) bool { return s.Path == f.Name }) {
			unwritten, meaning = "", "See ["+f.Name+"](#"+strings.ToLower(f.Name)+")."
		} else if f.Path == "taskDefinition" {
			meaning = "As in a `Service`; what is required may be missing here. " + "See [taskDefinition](#taskdefinition)."
		}
		fmt.Fprintf(b, "| `%s` | %s | %s | %s | %s |\n", f.Name, strings.ReplaceAll(f.Type(), "|", "\\|"), needed, unwritten, meaning)
	}
	b.WriteString("\n")
}

func references(b *strings.Builder) {
	b.WriteString("## References\n\n`$(PLACE.attribute)` in a string stands for what AWS says of another part of the same document.\n\n" +
		"| place | attributes |\n|---|---|\n")
	for _, s := range sections() {
		place := s.Path
		if s.Many {
			place += ".NAME"
		}
		fmt.Fprintf(b, "| `%s` | `%s` |\n", place, strings.Join(s.Attributes, "`, `"))
	}
	b.WriteString("\n")
}

func renderSection(b *strings.Builder, s spec.Section) {
	fmt.Fprintf(b, "## %s\n\n", s.Path)
	if note := sectionNotes[s.Path]; note != "" {
		b.WriteString(note + "\n\n")
	}
	renderForm(b, s)
	for _, other := range s.Others {
		fmt.Fprintf(b, "### %s with `%s`\n\n", s.Path, other.When)
		renderForm(b, other)
	}
}

func renderForm(b *strings.Builder, s spec.Section) {
	t := shape.Deref(reflect.TypeOf(s.New()))
	operation := strings.TrimSuffix(t.Name(), "Input")
	if guide := guides[path.Base(t.PkgPath())]; guide != "" {
		fmt.Fprintf(b, "AWS' reference: [%s](%s%s.html)\n\n", operation, guide, operation)
	}
	for _, t := range tablesOf(s) {
		renderTable(b, t)
	}
}

func renderTable(b *strings.Builder, t *table) {
	if t.paths[0] != "" {
		fmt.Fprintf(b, "### `%s`\n\n", t.paths[0])
	}
	if len(t.paths) > 1 {
		fmt.Fprintf(b, "The same in `%s`.\n\n", strings.Join(t.paths[1:], "`, `"))
	}
	b.WriteString("| field | type | needed | when not written | a change is |\n|---|---|---|---|---|\n")
	for _, r := range t.rows {
		fmt.Fprintf(b, "| `%s` | %s | %s | %s | %s |\n", r.name, r.what, r.needed, r.unwritten, r.change)
	}
	b.WriteString("\n")
}
