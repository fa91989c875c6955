package reconcile

import (
	"encoding/json"
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/applicationautoscaling"
	aastypes "github.com/aws/aws-sdk-go-v2/service/applicationautoscaling/types"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	"github.com/aws/aws-sdk-go-v2/service/ecs"
	"github.com/aws/aws-sdk-go-v2/service/ecs/types"
	"github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2"
	"gopkg.in/yaml.v3"
	"pgregory.net/rapid"

	"github.com/ecs-operator/ecs-operator/pkg/plan"
	"github.com/ecs-operator/ecs-operator/pkg/resource"
)

// The properties of whole worlds: drawn documents, edits and deaths, carried out by
// the engine on the embedded AWS in virtual time. docs/properties.md lists them. A few
// cases of each run in go test; ECS_OPERATOR_DRAWS=500 draws so many.

// drawn holds a property to drawn cases: draw takes a case from r, and play carries it
// out in a fresh world and says what is wrong, "" for nothing.
func drawn[T any](t *testing.T, few int, draw func(r *rapid.T) T, play func(w *world, c T) string) {
	t.Helper()
	n := few
	if many, err := strconv.Atoi(os.Getenv("ECS_OPERATOR_DRAWS")); err == nil {
		n = many
	}
	cases, failed := 0, false
	one := func(r *rapid.T) {
		c := draw(r)
		if cases++; cases > n && !failed { // the draws beyond them cost nothing; a failure is made small with as many as it takes
			return
		}
		wrong := ""
		synctest.Test(t, func(t *testing.T) {
			w := &world{t: t, files: newMemory(), pace: 5 * time.Second}
			w.sandbox = w.aws(10)
			wrong = play(w, c)
			w.judged()
			failed = failed || t.Failed() || wrong != ""
			if t.Failed() && wrong == "" {
				wrong = "see above"
			}
		})
		if wrong != "" {
			r.Fatalf("%+v\n%s", c, wrong)
		}
	}
	for cases < n && !failed { // rapid draws a hundred at a time, unless -rapid.checks says otherwise
		rapid.Check(t, one)
	}
	t.Logf("%d cases", min(cases, n))
}

// form is a document of the service web over what people change most.
type form struct {
	Image, Env, Path         string
	Delay, Priority, Max     int
	Alarm, Scaling, Rule     bool
	Broken                   string // how the document is wrong, "" for not at all
	Memory, Threshold, Order int
}

// anyForm draws a document: of a broken one nothing may be done.
func anyForm(broken bool) *rapid.Generator[form] {
	return rapid.Custom(func(r *rapid.T) form {
		f := form{
			Image: rapid.SampledFrom([]string{"nginx:1.29", "nginx:1.30", "httpd:2"}).Draw(r, "image"), Env: rapid.SampledFrom([]string{"", "a", "b"}).Draw(r, "env"),
			Path: rapid.SampledFrom([]string{"/*", "/a/*", "/b"}).Draw(r, "path"), Delay: rapid.IntRange(29, 31).Draw(r, "delay"), Priority: rapid.IntRange(10, 12).Draw(r, "priority"),
			Max: rapid.IntRange(5, 6).Draw(r, "max"), Alarm: rapid.Bool().Draw(r, "alarm"), Scaling: rapid.Bool().Draw(r, "scaling"), Rule: true,
			Memory: rapid.SampledFrom([]int{512, 1024}).Draw(r, "memory"), Threshold: rapid.IntRange(4, 6).Draw(r, "threshold"),
		}
		if broken {
			f.Broken = rapid.SampledFrom([]string{"", "", "", "unknown field", "no YAML", "bad value", "twice", "gone"}).Draw(r, "broken")
		}
		return f
	})
}

// document renders a form.
func (f form) document() string {
	doc := strings.NewReplacer("nginx:1.29", f.Image, `"/*"`, strconv.Quote(f.Path), `timeout_seconds: "30"`, fmt.Sprintf("timeout_seconds: %q", strconv.Itoa(f.Delay)),
		"priority: 10", fmt.Sprintf("priority: %d", f.Priority), "maxCapacity: 6", fmt.Sprintf("maxCapacity: %d", f.Max), `memory: "512"`, fmt.Sprintf("memory: %q", strconv.Itoa(f.Memory)),
		"threshold: 5", fmt.Sprintf("threshold: %d", f.Threshold)).Replace(web)
	doc = strings.Replace(doc, "  cluster: default\n", "  cluster: default\n  policy: {prune: true}\n", 1)
	if f.Env != "" {
		doc = strings.Replace(doc, "{name: web, image:", "{name: web, environment: [{name: E, value: "+f.Env+"}], image:", 1)
	}
	if !f.Scaling {
		doc = without(doc, "  scaling:", "  alarms:")
	}
	if !f.Alarm {
		doc = without(doc, "  alarms:", "")
	}
	switch f.Broken {
	case "unknown field":
		doc = strings.Replace(doc, "    launchType: FARGATE\n", "    launchType: FARGATE\n    lunchType: FARGATE\n", 1)
	case "no YAML":
		doc += "  ]\n"
	case "bad value":
		doc = strings.Replace(doc, "launchType: FARGATE\n", "launchType: FARGOT\n", 1)
	}
	return doc
}

// put makes the documents those of a form; one that is broken hides the good ones.
func (w *world) form(f form) {
	w.files.put("again.yaml", "")
	w.files.put("web.yaml", f.document())
	switch f.Broken {
	case "twice":
		w.files.put("again.yaml", f.document())
	case "gone":
		w.files.put("web.yaml", "")
	}
}

// reach brings the world to where the documents want it, as the command does, and
// reports whether it got there.
func (w *world) reach() (string, bool) {
	e := w.scoped("a", true)
	l, err := e.Load(w.t.Context())
	if err != nil {
		return err.Error(), false
	}
	for range 3 {
		ready := true
		said := ""
		for _, o := range e.Apply(w.t.Context(), l.Units, ApplyOptions{Wait: true}) {
			if o.Exit() != 0 {
				ready, said = false, fmt.Sprintf("%s %s: %s; %s", o.Status.State, o.Status.Reason, o.Status.Why, steps(o))
			}
		}
		if w.sleep(minute); ready {
			return said, len(l.Units) > 0
		}
	}
	out := ""
	for _, o := range e.Apply(w.t.Context(), l.Units, ApplyOptions{Wait: true}) {
		out += fmt.Sprintf("%s %s: %s; %s", o.Status.State, o.Status.Reason, o.Status.Why, steps(o))
	}
	return out, false
}

// ids are what differs from one world to the next for the same content: revision
// numbers, random ids, and the mark of who wrote last.
var ids = regexp.MustCompile(`(:task-definition/[a-z-]+):\d+|(targetgroup/[^/"]+/|listener-rule/app/[^/"]+/[0-9a-f]+/[0-9a-f]+/|policyName/|TargetTracking-service/[^"]*-Alarm(?:High|Low)-|scalingPolicy:|ecs-svc/|service-deployment/[^/"]+/[^/"]+/|service-revision/[^/"]+/[^/"]+/|scalable-target/)[0-9A-Za-z-]+`)

// portrait is all that AWS has of the cluster default and around it, without what
// differs from one world to the next.
func (w *world) portrait() string {
	w.t.Helper()
	read := w.person().Read
	ctx := w.t.Context()
	var all []any
	s, err := read.ECS.DescribeServices(ctx, &ecs.DescribeServicesInput{Services: w.services(), Include: []types.ServiceField{types.ServiceFieldTags}})
	if len(w.services()) > 0 {
		w.ok(err)
		for i := range s.Services {
			v := &s.Services[i]
			v.Events, v.Deployments, v.CreatedAt, v.CurrentServiceDeployment, v.CurrentServiceRevisions, v.TaskSets = nil, nil, nil, nil, nil, nil
			v.Tags = tagsToCompare(v.Tags)
			td, err := read.ECS.DescribeTaskDefinition(ctx, &ecs.DescribeTaskDefinitionInput{TaskDefinition: v.TaskDefinition})
			w.ok(err)
			td.TaskDefinition.Revision, td.TaskDefinition.RegisteredAt, td.TaskDefinition.TaskDefinitionArn = 0, nil, nil
			all = append(all, *v, td.TaskDefinition)
		}
	}
	g, err := read.ELB.DescribeTargetGroups(ctx, &elasticloadbalancingv2.DescribeTargetGroupsInput{})
	w.ok(err)
	for _, x := range g.TargetGroups {
		a, err := read.ELB.DescribeTargetGroupAttributes(ctx, &elasticloadbalancingv2.DescribeTargetGroupAttributesInput{TargetGroupArn: x.TargetGroupArn})
		w.ok(err)
		all = append(all, x, a.Attributes)
	}
	r, err := read.ELB.DescribeRules(ctx, &elasticloadbalancingv2.DescribeRulesInput{ListenerArn: aws.String(mainListener)})
	w.ok(err)
	all = append(all, r.Rules)
	alarms, err := read.CloudWatch.DescribeAlarms(ctx, &cloudwatch.DescribeAlarmsInput{})
	w.ok(err)
	for _, x := range alarms.MetricAlarms {
		all = append(all, aws.ToString(x.AlarmName), x.Threshold, x.Dimensions, x.Statistic, x.Period)
	}
	t, err := read.AutoScaling.DescribeScalableTargets(ctx, &applicationautoscaling.DescribeScalableTargetsInput{ServiceNamespace: aastypes.ServiceNamespaceEcs})
	w.ok(err)
	for _, x := range t.ScalableTargets {
		all = append(all, aws.ToString(x.ResourceId), x.MinCapacity, x.MaxCapacity)
	}
	p, err := read.AutoScaling.DescribeScalingPolicies(ctx, &applicationautoscaling.DescribeScalingPoliciesInput{ServiceNamespace: aastypes.ServiceNamespaceEcs})
	w.ok(err)
	for _, x := range p.ScalingPolicies {
		all = append(all, aws.ToString(x.PolicyName), x.TargetTrackingScalingPolicyConfiguration)
	}
	b, err := json.MarshalIndent(all, "", " ")
	w.ok(err)
	return ids.ReplaceAllString(string(b), "$1$2*")
}

// tagsToCompare are a service's tags without the revision of the source.
func tagsToCompare(tags []types.Tag) []types.Tag {
	tags = slices.DeleteFunc(slices.Clone(tags), func(t types.Tag) bool { return aws.ToString(t.Key) == "ecs-operator:revision" })
	slices.SortFunc(tags, func(a, b types.Tag) int { return strings.Compare(*a.Key, *b.Key) })
	return tags
}

// unlike shows where two texts part, "" where they are one.
func unlike(what, want, got string) string {
	if want == got {
		return ""
	}
	a, b := strings.Split(want, "\n"), strings.Split(got, "\n")
	for i := range a {
		if i >= len(b) || a[i] != b[i] {
			from := max(0, i-12)
			return fmt.Sprintf("%s: line %d\n%s\n--- is\n%s", what, i, strings.Join(a[from:min(len(a), i+4)], "\n"), strings.Join(b[min(from, len(b)):min(len(b), i+4)], "\n"))
		}
	}
	return what + ": there is more: " + strings.Join(b[len(a):min(len(b), len(a)+8)], "\n")
}

// afresh is the portrait of a world that has seen one form only.
func (w *world) afresh(f form) (string, string) {
	other := &world{t: w.t, files: newMemory(), pace: w.pace}
	other.sandbox = other.aws(10)
	other.form(f)
	if said, ok := other.reach(); !ok {
		return "", "a fresh world does not get there: " + said
	}
	return other.portrait(), ""
}

// TestPathIndependence: after any sequence of edits, some of them broken, the world is
// the one that the last document makes out of nothing (Acto, SOSP'23); and a broken
// document writes nothing.
func TestPathIndependence(t *testing.T) {
	t.Parallel()
	drawn(t, 6, func(r *rapid.T) []form {
		return append(rapid.SliceOfN(anyForm(true), 1, 4).Draw(r, "edits"), anyForm(false).Draw(r, "last"))
	}, func(w *world, edits []form) string {
		for i, f := range edits {
			w.form(f)
			mark := w.mark()
			said, ok := w.reach()
			switch writes := w.writes(mark); {
			case f.Broken != "" && f.Broken != "gone" && len(writes) > 0:
				return fmt.Sprintf("edit %d, broken: %v", i, writes)
			case f.Broken == "" && !ok:
				return fmt.Sprintf("edit %d does not get there: %s", i, said)
			}
		}
		want, wrong := w.afresh(edits[len(edits)-1])
		if wrong != "" {
			return wrong
		}
		return unlike("the last of the edits, afresh", want, w.portrait())
	})
}

// TestUndo: a document, another one and the first again is the first one, but for the
// numbers of revisions.
func TestUndo(t *testing.T) {
	t.Parallel()
	drawn(t, 4, func(r *rapid.T) [2]form {
		return [2]form{anyForm(false).Draw(r, "a"), anyForm(false).Draw(r, "b")}
	}, func(w *world, c [2]form) string {
		w.form(c[0])
		if said, ok := w.reach(); !ok {
			return "a: " + said
		}
		before := w.portrait()
		for _, f := range []form{c[1], c[0]} {
			w.form(f)
			if said, ok := w.reach(); !ok {
				return said
			}
		}
		return unlike("undone", before, w.portrait())
	})
}

// dying is an edit during which the process dies at the k-th write of it.
type dying struct {
	From, To form
	K        int
	After    bool
}

// TestPrefixSafety: after any prefix of the writes of an edit, whatever the edit is,
// another process plans again and ends where an undisturbed one does.
func TestPrefixSafety(t *testing.T) {
	t.Parallel()
	drawn(t, 6, func(r *rapid.T) dying {
		return dying{anyForm(false).Draw(r, "from"), anyForm(false).Draw(r, "to"), rapid.IntRange(1, 9).Draw(r, "write"), rapid.Bool().Draw(r, "after its effect")}
	}, func(w *world, c dying) string {
		w.form(c.From)
		if said, ok := w.reach(); !ok {
			return said
		}
		w.form(c.To)
		w.death(c.K, c.After, writing, nil)
		w.apply(w.scoped("a", true), ApplyOptions{Timeout: minute})
		w.spoil(nil)
		if said, ok := w.reach(); !ok {
			return said
		}
		want, wrong := w.afresh(c.To)
		if wrong != "" {
			return wrong
		}
		if wrong = unlike("after the death, against afresh", want, w.portrait()); wrong != "" {
			return wrong
		}
		mark := w.mark()
		if said, ok := w.reach(); !ok || len(w.writes(mark)) > 0 {
			return fmt.Sprintf("a pass over an unchanged world: %v %s", w.writes(mark), said)
		}
		return ""
	})
}

// TestDiffIsHonest: diff makes no call that writes; apply writes to no kind of object
// that diff did not show; and where diff shows nothing, apply does nothing.
func TestDiffIsHonest(t *testing.T) {
	t.Parallel()
	drawn(t, 6, func(r *rapid.T) [2]form {
		return [2]form{anyForm(false).Draw(r, "from"), anyForm(false).Draw(r, "to")}
	}, func(w *world, c [2]form) string {
		w.form(c[0])
		if said, ok := w.reach(); !ok {
			return said
		}
		w.form(c[1])
		mark := w.mark()
		e := w.scoped("a", true)
		shown := map[string]bool{}
		l, err := e.Load(w.t.Context())
		w.ok(err)
		for _, p := range e.Plan(w.t.Context(), l.Units) {
			for _, s := range p.Steps {
				if s.Action != plan.ActionNone {
					shown[s.ID.Kind] = true
				}
			}
		}
		if writes := w.writes(mark); len(writes) > 0 {
			return fmt.Sprintf("diff wrote %v", writes)
		}
		for _, o := range e.Apply(w.t.Context(), l.Units, ApplyOptions{}) {
			if o.Err != nil {
				return o.Err.Error()
			}
		}
		for _, line := range w.writes(mark) {
			operation, _, _ := strings.Cut(line, " ")
			if kind := kindOf(operation); !shown[kind] && !(operation == "TagResource" && len(shown) > 0) {
				return fmt.Sprintf("apply did %s, and diff showed %v", line, slices.Sorted(maps.Keys(shown)))
			}
		}
		return ""
	})
}

// kindOf is the kind of object that an operation writes.
func kindOf(operation string) string {
	for part, kind := range map[string]string{"TaskDefinition": resource.KindTaskDefinition, "Service": resource.KindService, "TargetGroup": resource.KindTargetGroup, "Rule": resource.KindListenerRule,
		"Alarm": resource.KindAlarm, "ScalableTarget": resource.KindScalableTarget, "ScalingPolicy": resource.KindScalingPolicy} {
		if strings.Contains(operation, part) {
			return kind
		}
	}
	return operation
}

// TestRewrittenDocumentsWriteNothing (metamorphic): documents whose keys, order, files
// and comments change, and whose words do not, write nothing.
func TestRewrittenDocumentsWriteNothing(t *testing.T) {
	t.Parallel()
	type rewriting struct {
		Form                  form
		Seed                  int
		Comments, OneFile, As bool
		Name                  string
	}
	drawn(t, 6, func(r *rapid.T) rewriting {
		return rewriting{anyForm(false).Draw(r, "form"), rapid.IntRange(0, 1<<20).Draw(r, "order"), rapid.Bool().Draw(r, "comments"), rapid.Bool().Draw(r, "one file"),
			rapid.Bool().Draw(r, "as JSON"), rapid.SampledFrom([]string{"web.yaml", "sub/dir/x.yml", "é.yaml", "0.yaml"}).Draw(r, "name")}
	}, func(w *world, c rewriting) string {
		documents := []string{c.Form.document(), hello("one", "nginx:1.29"), hello("two", "nginx:1.30")}
		for i, d := range documents {
			w.files.put(fmt.Sprintf("%d.yaml", i), d)
		}
		if said, ok := w.reach(); !ok {
			return said
		}
		before := w.portrait()
		shuffle := rand.New(rand.NewPCG(1, uint64(c.Seed)))
		for i := range documents {
			w.files.put(fmt.Sprintf("%d.yaml", i), "")
			documents[i] = rewritten(w.t, documents[i], shuffle, c.Comments)
		}
		shuffle.Shuffle(len(documents), func(i, j int) { documents[i], documents[j] = documents[j], documents[i] })
		switch {
		case c.As:
			for i, d := range documents {
				var tree any
				w.ok(yaml.Unmarshal([]byte(d), &tree))
				b, err := json.Marshal(tree)
				w.ok(err)
				w.files.put(fmt.Sprintf("%s.%d.json", c.Name, i), string(b))
			}
		case c.OneFile:
			w.files.put(c.Name, strings.Join(documents, "---\n"))
		default:
			for i, d := range documents {
				w.files.put(fmt.Sprintf("%d/%s", i, c.Name), d)
			}
		}
		mark := w.mark()
		if said, ok := w.reach(); !ok || len(w.writes(mark)) > 0 {
			return fmt.Sprintf("writes %v %s\n%s", w.writes(mark), said, strings.Join(documents, "---\n"))
		}
		return unlike("rewritten", before, w.portrait())
	})
}

// rewritten is a document with the keys of every mapping in another order, and with
// comments.
func rewritten(t *testing.T, text string, shuffle *rand.Rand, comments bool) string {
	t.Helper()
	var n yaml.Node
	if err := yaml.Unmarshal([]byte(text), &n); err != nil {
		t.Fatal(err)
	}
	var walk func(n *yaml.Node)
	walk = func(n *yaml.Node) {
		n.Style &^= yaml.FlowStyle
		if comments && n.Kind == yaml.ScalarNode {
			n.LineComment = "# said again"
		}
		if n.Kind == yaml.MappingNode {
			shuffle.Shuffle(len(n.Content)/2, func(i, j int) {
				n.Content[2*i], n.Content[2*j] = n.Content[2*j], n.Content[2*i]
				n.Content[2*i+1], n.Content[2*j+1] = n.Content[2*j+1], n.Content[2*i+1]
			})
		}
		for i, m := range n.Content {
			if n.Kind != yaml.MappingNode || i%2 == 1 {
				walk(m)
			}
		}
	}
	walk(&n)
	b, err := yaml.Marshal(&n)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// TestTwinsStayAsTheyAre (ownership): whatever carries any part of our tags and not
// all of it stays as it is to the byte, through an edit and a deletion.
func TestTwinsStayAsTheyAre(t *testing.T) {
	t.Parallel()
	type twins struct {
		From, To form
		Tags     []map[string]string
	}
	tag := rapid.Custom(func(r *rapid.T) map[string]string {
		out := map[string]string{}
		for key, values := range map[string][]string{resource.TagOwner: {"", "somebody", "ecs-operator"}, resource.TagScope: {"", "b", "a"},
			resource.TagUnit: {"", "default/web-2", "default/web"}, resource.TagKey: {"", "KEY", "alarm/other"}, resource.TagSpecHash: {"", "1-0"}} {
			if v := rapid.SampledFrom(values).Draw(r, key); v != "" {
				out[key] = v
			}
		}
		return out
	}).Filter(func(tags map[string]string) bool { // what is ours by these is no twin
		ours, scope := tags[resource.TagOwner] == "ecs-operator", tags[resource.TagScope]
		return !ours || scope == "b" || scope == "" && tags[resource.TagUnit] != "default/web"
	})
	drawn(t, 5, func(r *rapid.T) twins {
		return twins{anyForm(false).Draw(r, "from"), anyForm(false).Draw(r, "to"), rapid.SliceOfN(tag, 1, 4).Draw(r, "twins")}
	}, func(w *world, c twins) string {
		w.files.put("other.yaml", hello("other", "nginx:1.29"))
		w.form(c.From)
		if said, ok := w.reach(); !ok {
			return said
		}
		sets := map[string]map[string]string{}
		for i, tags := range c.Tags {
			sets[fmt.Sprint(i)] = tags
		}
		picture := w.decoysOf(sets)
		before := picture()
		w.form(c.To)
		if said, ok := w.reach(); !ok {
			return said
		}
		if wrong := unlike("the twins after an edit", before, picture()); wrong != "" {
			return wrong
		}
		w.files.put("web.yaml", "")
		w.sync(w.scoped("a", true))
		w.sleep(minute)
		w.sync(w.scoped("a", true))
		if slices.Contains(w.services(), "web") {
			return "web was not deleted: the twins were not put to the test"
		}
		return unlike("the twins after a deletion", before, picture())
	})
}

// TestFewerDocumentsNeverDeleteMore (the guard is monotone): however few documents are
// seen, no revision deletes more than the cap allows, nor all.
func TestFewerDocumentsNeverDeleteMore(t *testing.T) {
	t.Parallel()
	type shrinking struct {
		N    int
		Gone [][]int
	}
	drawn(t, 3, func(r *rapid.T) shrinking {
		n := rapid.IntRange(1, 14).Draw(r, "services")
		return shrinking{n, rapid.SliceOfN(rapid.SliceOfN(rapid.IntRange(0, n-1), 0, n), 1, 3).Draw(r, "gone")}
	}, func(w *world, c shrinking) string {
		w.many("a", c.N)
		w.sync(w.scoped("a", false))
		for i, gone := range c.Gone {
			for _, g := range gone {
				w.drop("a", g, g+1)
			}
			before := len(w.services())
			for range 2 { // a second pass over the same revision is not another one
				w.sync(w.scoped("a", true))
				w.sleep(minute)
			}
			if deleted := before - len(w.services()); deleted > DefaultMaxDeletes.Of(before) || deleted > 0 && len(w.services()) == 0 {
				return fmt.Sprintf("revision %d: %d of %d deleted, and %d are allowed", i, deleted, before, DefaultMaxDeletes.Of(before))
			}
		}
		return ""
	})
}
