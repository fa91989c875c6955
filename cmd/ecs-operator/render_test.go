package main

import (
	"cmp"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ecs"
	ecstypes "github.com/aws/aws-sdk-go-v2/service/ecs/types"
	gocmp "github.com/google/go-cmp/cmp"

	"github.com/ecs-operator/ecs-operator/pkg/diff"
	"github.com/ecs-operator/ecs-operator/pkg/plan"
	"github.com/ecs-operator/ecs-operator/pkg/reconcile"
	"github.com/ecs-operator/ecs-operator/pkg/resource"
	"github.com/ecs-operator/ecs-operator/pkg/status"
)

// golden compares with testdata/golden/NAME; -update writes it.
func golden(t *testing.T, name, got string) {
	t.Helper()
	path := filepath.Join("testdata", "golden", name)
	if *update {
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if d := gocmp.Diff(string(want), got); d != "" {
		t.Errorf("%s (-want +got):\n%s", path, d)
	}
}

func key(name string) resource.UnitKey {
	return resource.UnitKey{Target: resource.DefaultTarget, Cluster: "prod", Name: name}
}

func stepOf(k resource.UnitKey, kind, name, section string, s plan.Step) plan.Step {
	s.ID = resource.ID{Target: k.Target, Cluster: k.Cluster, Unit: k.Name, Kind: kind, Name: name}
	s.Section = section
	return s
}

// sampleOutcomes are one of everything that a diff can show.
func sampleOutcomes() []reconcile.Outcome {
	out := sampleSteps()
	for i := range out {
		p := &out[i].Plan
		for j := range p.Steps {
			step := &p.Steps[j]
			step.Effect = cmp.Or(step.Effect, diff.None)
			for k := range step.Changes {
				step.Changes[k].Effect = cmp.Or(step.Changes[k].Effect, diff.InPlace)
			}
		}
		live := resource.Live{Presence: resource.Present, Service: &resource.ServiceState{Running: 3, Desired: 3}}
		p.Consequence = plan.Consequences(*p, live)
	}
	return out
}

func sampleSteps() []reconcile.Outcome {
	checkout, pricing, fresh, lost, calm := key("checkout"), key("pricing"), key("fresh"), key("lost"), key("calm")
	return []reconcile.Outcome{
		{Plan: plan.Plan{Unit: checkout, Steps: []plan.Step{
			stepOf(checkout, resource.KindTaskDefinition, "", "taskDefinition", plan.Step{Action: plan.ActionUpdate, Effect: diff.NewDeployment, Changes: []diff.Change{
				{Path: "containerDefinitions[api].image", Op: diff.Replace, Old: "repo/checkout:1.41.3", New: "repo/checkout:1.42.0", Effect: diff.NewDeployment, Reason: diff.FromSpec, Pos: "services/checkout.yaml:27:16"},
				{Path: "containerDefinitions[api].environment[TOKEN].value", Op: diff.Replace, Old: "sha256:1111aaaa", New: "sha256:2222bbbb", Sensitive: true, Reason: diff.FromSpec, Pos: "services/checkout.yaml:30:20"},
				{Path: "containerDefinitions[api].environment[CONFIG].value", Op: diff.Replace, Old: "a: 1\nb: 2\n", New: "a: 1\nb: 3\n", Reason: diff.FromSpec},
				{Path: "containerDefinitions[api].secrets[KEY].valueFrom", Op: diff.Add, New: "arn:aws:ssm:us-east-1:123456789012:parameter/key", Reason: diff.FromSpec},
				{Path: "containerDefinitions[api].readonlyRootFilesystem", Op: diff.Remove, Old: true, Reason: diff.FromDefault},
			}}),
			stepOf(checkout, resource.KindTargetGroup, "web", "targetGroups.web", plan.Step{Action: plan.ActionUpdate, Effect: diff.InPlace, Changes: []diff.Change{
				{Path: "healthCheckIntervalSeconds", Op: diff.Replace, Old: 30, New: 10, Reason: diff.FromDrift},
			}}),
			stepOf(checkout, resource.KindAlarm, "old", "alarms.old", plan.Step{Action: plan.ActionDelete, Effect: diff.InPlace}),
			stepOf(checkout, resource.KindService, "", "service", plan.Step{Action: plan.ActionUpdate, Effect: diff.NewDeployment, Changes: []diff.Change{
				{Path: "desiredCount", Op: diff.Replace, Old: 14, New: 4, Informational: true, Reason: diff.FromSpec, Note: "owned by autoscaling"},
				{Path: "taskDefinition", Op: diff.Replace, Old: "prod-checkout:57", New: "$(taskDefinition.arn)", Effect: diff.NewDeployment, Reason: diff.FromSpec, Note: "known after apply"},
			}}),
		}}},
		{Plan: plan.Plan{Unit: pricing, Steps: []plan.Step{
			stepOf(pricing, resource.KindService, "", "service", plan.Step{Action: plan.ActionReplace, Effect: diff.Recreation, Blocked: status.NeedsRecreate,
				Why: "the service must be deleted and created; set policy.recreate", Changes: []diff.Change{
					{Path: "schedulingStrategy", Op: diff.Replace, Old: "REPLICA", New: "DAEMON", Reason: diff.FromSpec}}}),
		}}},
		{Plan: plan.Plan{Unit: fresh, Steps: []plan.Step{
			stepOf(fresh, resource.KindTaskDefinition, "", "taskDefinition", plan.Step{Action: plan.ActionCreate, Effect: diff.None, Want: &ecs.RegisterTaskDefinitionInput{
				Family: aws.String("prod-fresh"), ContainerDefinitions: []ecstypes.ContainerDefinition{{Name: aws.String("web"), Image: aws.String("nginx:1.29"),
					Environment: []ecstypes.KeyValuePair{{Name: aws.String("DB_PASSWORD"), Value: aws.String("hunter2")}}}}}}),
			stepOf(fresh, resource.KindService, "", "service", plan.Step{Action: plan.ActionCreate, Effect: diff.NewDeployment, Want: &ecs.CreateServiceInput{
				ServiceName: aws.String("fresh"), DesiredCount: aws.Int32(2), TaskDefinition: aws.String("$(taskDefinition.arn)")}}),
		}}},
		{Plan: plan.Plan{Unit: lost, Steps: []plan.Step{
			stepOf(lost, resource.KindService, "", "service", plan.Step{Action: plan.ActionNone, Blocked: status.Unobserved, Why: "DescribeServices: no answer"}),
		}}},
		{Plan: plan.Plan{Unit: calm, Steps: []plan.Step{stepOf(calm, resource.KindService, "", "service", plan.Step{Action: plan.ActionNone})}}},
	}
}

func TestDiffText(t *testing.T) {
	var out strings.Builder
	outcomes := sampleOutcomes()
	diffText{w: &out, p: newPalette(false)}.write(outcomes)
	totals := totalDiff(outcomes)
	out.WriteString(totals.summary(false) + "\n")
	golden(t, "diff.txt", out.String())
	if strings.Contains(out.String(), "hunter2") {
		t.Error("a password is shown")
	}
	if got := diffExit(reconcile.Loaded{}, totals); got != status.ExitError {
		t.Errorf("exit %d although a service could not be read", got)
	}
}

func TestDiffJSON(t *testing.T) {
	var out strings.Builder
	outcomes := sampleOutcomes()
	report := diffReport{frame: frame{APIVersion: "ecs-operator/diff/v1", Source: &sourceRef{Revision: "abc"}},
		GeneratedAt: time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC), Summary: totalDiff(outcomes), Services: diffJSON(outcomes, false), Problems: problemsJSON(nil), Exit: 2}
	if err := writeJSON(&out, report); err != nil {
		t.Fatal(err)
	}
	golden(t, "diff.json", out.String())
	if strings.Contains(out.String(), "hunter2") {
		t.Error("a password is shown")
	}
}

// TestColours: colour is the only thing that it adds.
func TestColours(t *testing.T) {
	render := func(colour bool) string {
		var out strings.Builder
		diffText{w: &out, p: newPalette(colour)}.write(sampleOutcomes())
		return out.String()
	}
	plain, painted := render(false), render(true)
	if plain == painted {
		t.Fatal("nothing is painted")
	}
	var stripped strings.Builder
	for rest := painted; rest != ""; {
		text, after, found := strings.Cut(rest, "\x1b[")
		stripped.WriteString(text)
		if !found {
			break
		}
		_, rest, _ = strings.Cut(after, "m")
	}
	if d := gocmp.Diff(plain, stripped.String()); d != "" {
		t.Errorf("colours change the text:\n%s", d)
	}
}

func TestSharedPaths(t *testing.T) {
	got := sharedPaths([]string{
		"taskDefinition.containerDefinitions[a.b].cpu",
		"taskDefinition.containerDefinitions[a.b].image",
		"taskDefinition.containerDefinitions[a.b]",
		"taskDefinition.containerDefinitions[a.c].image",
		"taskDefinition.containerDefinitions[a.c].environment[X].value",
		"taskDefinition.family",
		"service.x", "service.y",
	})
	want := []string{
		"taskDefinition.containerDefinitions[a.b].cpu",
		"….image",
		"taskDefinition.containerDefinitions[a.b]",
		"taskDefinition.containerDefinitions[a.c].image",
		"….environment[X].value",
		"taskDefinition.family",
		"service.x", "service.y",
	}
	if d := gocmp.Diff(want, got); d != "" {
		t.Errorf("(-want +got):\n%s", d)
	}
}

func TestWordDiff(t *testing.T) {
	p := newPalette(false)
	before := "node --max-old-space-size=512 server.js --port 8080 --log-level info --trace"
	after := "node --max-old-space-size=1024 server.js --port 8080 --log-level debug --trace"
	const want = "node --max-old-space-size=[-512-]{+1024+} server.js --port 8080 --log-level [-info-]{+debug+} --trace"
	if got := wordDiff(before, after, p.bad, p.good); got != want {
		t.Errorf("got %s\nwant %s", got, want)
	}
	for _, pair := range [][2]string{{"short", "also short"}, {strings.Repeat("a b ", 30), strings.Repeat("x y ", 30)}, {before + "\n", after}} {
		if got := wordDiff(pair[0], pair[1], p.bad, p.good); got != "" {
			t.Errorf("%q: %s", pair, got)
		}
	}
}

// TestDiffWidth: on a terminal no line is wider than it, and nothing is cut elsewhere.
func TestDiffWidth(t *testing.T) {
	long := sampleOutcomes()
	image := strings.Repeat("registry.example.com/team/", 4) + "checkout:"
	long[0].Plan.Steps[0].Changes[0].Old, long[0].Plan.Steps[0].Changes[0].New = image+"1.41.3", image+"1.42.0"
	long[1].Plan.Steps[0].Why = strings.Repeat("a long reason ", 30)
	render := func(width int) string {
		var out strings.Builder
		diffText{w: &out, p: newPalette(true), width: width}.write(long)
		return out.String()
	}
	for _, width := range []int{72, 100, 160} {
		text := render(width)
		for line := range strings.Lines(text) {
			if n := seen(strings.TrimRight(line, "\n")); n > width {
				t.Errorf("%d columns on a terminal of %d: %s", n, width, line)
			}
		}
		if !strings.Contains(text, "1.42.0") {
			t.Errorf("width %d: what changed of the image is cut:\n%s", width, text)
		}
	}
	var plain strings.Builder
	diffText{w: &plain, p: newPalette(false)}.write(long)
	if text := plain.String(); !strings.Contains(text, image+"1.41.3 → "+image+"1.42.0") || !strings.Contains(text, strings.TrimSpace(strings.Repeat("a long reason ", 30))) {
		t.Errorf("something is cut although there is no terminal:\n%s", text)
	}
}

func TestWantsColor(t *testing.T) {
	for _, c := range []struct {
		name string
		tty  bool
		env  map[string]string
		want bool
	}{
		{"terminal", true, nil, true},
		{"pipe", false, nil, false},
		{"NO_COLOR", true, map[string]string{"NO_COLOR": "1"}, false},
		{"forced into a pipe", false, map[string]string{"CLICOLOR_FORCE": "1"}, true},
		{"CLICOLOR_FORCE=0", false, map[string]string{"CLICOLOR_FORCE": "0"}, false},
		{"NO_COLOR beats force", true, map[string]string{"NO_COLOR": "1", "CLICOLOR_FORCE": "1"}, false},
		{"dumb", true, map[string]string{"TERM": "dumb"}, false},
	} {
		if got := wantsColor(c.tty, func(k string) string { return c.env[k] }); got != c.want {
			t.Errorf("%s: %v, want %v", c.name, got, c.want)
		}
	}
}

func TestTable(t *testing.T) {
	var out strings.Builder
	services := []status.Service{
		{Name: "hello", Cluster: "default", Image: "nginx:1.29", Running: 2, Desired: 2, State: status.StateReady, Reason: status.Synced},
		{Name: "a-longer-name", Cluster: "prod", State: status.StateStalled, Reason: status.AccessDenied, Why: "ecs:CreateService:\nno"},
	}
	writeServices(&out, newPalette(false), services, 0)
	golden(t, "table.txt", out.String())
	out.Reset()
	writeServices(&out, newPalette(false), services, 80)
	for line := range strings.Lines(out.String()) {
		if n := len([]rune(strings.TrimRight(line, "\n"))); n > 80 {
			t.Errorf("%d columns on a terminal of 80: %s", n, line)
		}
	}
}

// standing is how services stand, by name.
type standing map[string]status.Service

func (s standing) Status() []status.Service { return slices.Collect(maps.Values(s)) }

func (s standing) AllReady() (int, bool) {
	for _, one := range s {
		if one.State != status.StateReady {
			return len(s), false
		}
	}
	return len(s), true
}

// TestStory: a line a change, "ready" once, and again after it was not.
func TestStory(t *testing.T) {
	var out strings.Builder
	at := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	s := newStory(&out, newPalette(false), func() time.Time { return at })
	state := standing{}
	s.follow(state, []*resource.Unit{{Key: key("a")}, {Key: key("bee")}})
	tell := func(name string, st status.State, running int32, why string) {
		svc := status.Service{Name: name, State: st, Reason: map[bool]status.Reason{true: status.Synced, false: status.RolloutInProgress}[st == status.StateReady], Running: running, Desired: 2, Why: why}
		state[name] = svc
		s.event(reconcile.Event{Kind: reconcile.EventState, Unit: key(name), Status: &svc})
	}
	step := stepOf(key("a"), resource.KindService, "", "service", plan.Step{Action: plan.ActionCreate})
	s.event(reconcile.Event{Kind: reconcile.EventStep, Unit: key("a"), Step: &step, Message: "created service"})
	tell("a", status.StateProgressing, 0, "0 of 2 tasks running")
	tell("a", status.StateProgressing, 0, "0 of 2 tasks running")
	tell("a", status.StateReady, 2, "")
	tell("bee", status.StateProgressing, 1, "1 of 2 tasks running")
	at = at.Add(90 * time.Second)
	if got, want := s.waiting(), "bee Progressing  1 of 2 tasks running (1m30s)"; got != want {
		t.Errorf("waiting: %q, want %q", got, want)
	}
	tell("bee", status.StateReady, 2, "")
	tell("bee", status.StateReady, 2, "")
	tell("a", status.StateProgressing, 1, "1 of 2 tasks running")
	tell("a", status.StateReady, 2, "")
	golden(t, "story.txt", out.String())
}

func TestPick(t *testing.T) {
	unit := func(cluster, name string) *resource.Unit {
		return &resource.Unit{Key: resource.UnitKey{Target: resource.DefaultTarget, Cluster: cluster, Name: name}}
	}
	loaded := reconcile.Loaded{Units: []*resource.Unit{unit("a", "web"), unit("b", "web"), unit("b", "worker")}}
	for name, want := range map[string]string{"worker": "b/worker", "a/web": "a/web", "b/web": "b/web"} {
		got, err := pick(loaded, []string{name})
		if err != nil || len(got) != 1 || got[0].Key.String() != want {
			t.Errorf("%s: %v, %v", name, got, err)
		}
	}
	if got, err := pick(loaded, []string{"worker", "b/worker"}); err != nil || len(got) != 1 {
		t.Errorf("the same service twice: %v, %v", got, err)
	}
	if got, err := pick(loaded, nil); err != nil || len(got) != 3 {
		t.Errorf("none means all: %v, %v", got, err)
	}
	if _, err := pick(loaded, []string{"web"}); err == nil || !strings.Contains(err.Error(), "a/web or b/web") {
		t.Errorf("ambiguous: %v", err)
	}
}

func TestReportPanic(t *testing.T) {
	var out strings.Builder
	t.Setenv("TMPDIR", t.TempDir())
	c := &console{out: &out, err: &out, outStyle: newPalette(false), errStyle: newPalette(false)}
	reportPanic(c.err, "boom", []byte("goroutine 1"))
	if text := out.String(); !strings.Contains(text, "boom") || !strings.Contains(text, issuesURL) || strings.Contains(text, "goroutine") {
		t.Errorf("a user reads:\n%s", text)
	}
}

// The operator's own notes are left out beside other changes, and told where they
// are the only ones.
func TestForPeople(t *testing.T) {
	hash, revision := diff.Change{Path: "tags.ecs-operator:spec-hash"}, diff.Change{Path: "tags.ecs-operator:revision"}
	count, owner := diff.Change{Path: "desiredCount"}, diff.Change{Path: "tags.ecs-operator:owner"}
	for _, c := range []struct{ given, want []diff.Change }{
		{[]diff.Change{hash, count, revision}, []diff.Change{count}},
		{[]diff.Change{owner, hash}, []diff.Change{owner}},
		{[]diff.Change{hash, revision}, []diff.Change{hash, revision}},
		{nil, nil},
	} {
		if got := forPeople(c.given); !gocmp.Equal(got, c.want) {
			t.Errorf("of %v: %v, want %v", c.given, got, c.want)
		}
	}
}
