package diff_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/ecs-operator/ecs-operator/pkg/diff"
	"github.com/ecs-operator/ecs-operator/pkg/shape"
)

// input looks like an SDK input: pointers, plain zeros, lists, maps, nesting.
type input struct {
	Family     *string
	Cpu        *string
	Image      *string
	Count      *int32
	Weight     int32
	Exec       bool
	Mode       mode
	Containers []container
	Subnets    []string
	Groups     []group
	Steps      []step
	Options    map[string]string
	Deployment *deployment
	Zones      *string
}

type mode string

type container struct {
	Name        *string
	Image       *string
	Essential   *bool
	Cpu         int32
	Command     []string
	Environment []pair
	Ports       []port
	Options     map[string]string
	Health      *health
}

type pair struct{ Name, Value *string }

type port struct {
	ContainerPort *int32
	Protocol      mode
	HostPort      *int32
}

type health struct {
	Command  []string
	Interval *int32
}

type group struct {
	Arn    *string
	Weight *int32
}

type step struct{ Type, Target *string }

type deployment struct {
	MaximumPercent *int32
	Breaker        *breaker
}

type breaker struct {
	Enable, Rollback bool
	Reset            *bool
}

func rules() *diff.Rules {
	return &diff.Rules{
		Keys: map[string]string{
			"containers": "name", "containers[].environment": "name", "containers[].ports": "containerPort+protocol",
		},
		Sets: map[string]bool{"subnets": true, "groups": true},
		Defaults: map[string]any{
			"containers[].essential":        true,
			"containers[].ports[].protocol": "tcp",
			"containers[].health.interval":  30,
			"containers[].command":          nil,
			"deployment":                    map[string]any{"maximumPercent": 200, "breaker": map[string]any{"enable": false, "rollback": false}},
			"deployment.breaker.reset":      true,
			"mode":                          "REPLICA",
			"exec":                          false,
			"options[level]":                "info",
			"cpu":                           nil,
		},
		Inherits: map[string]string{"zones": "AWS keeps what it has"},
		Ignored:  map[string]string{"family": "the key of the call"},
		Effects: map[string]diff.Effect{
			"": diff.InPlace, "containers": diff.NewDeployment, "mode": diff.Recreation,
			"deployment": diff.None, "exec": diff.TasksLater, "cpu": diff.NewDeployment,
		},
	}
}

func p[T any](v T) *T { return &v }

func pairs(kv ...string) []pair {
	var out []pair
	for i := 0; i < len(kv); i += 2 {
		out = append(out, pair{p(kv[i]), p(kv[i+1])})
	}
	return out
}

// lines renders changes the way that the tables below write them.
func lines(cs []diff.Change) []string {
	out := []string{}
	for _, c := range cs {
		old, _ := json.Marshal(c.Old)
		new_, _ := json.Marshal(c.New)
		s := strings.Join([]string{string(c.Op), c.Path, string(old), "→", string(new_), "(" + string(c.Effect) + ", " + string(c.Reason) + ")"}, " ")
		if c.Informational {
			s += " only shown"
		}
		if c.Note == "known after apply" {
			s += " later"
		}
		out = append(out, s)
	}
	return out
}

func TestCompare(t *testing.T) {
	web := func(edit func(*container)) *input {
		c := container{Name: p("web"), Image: p("nginx:1"), Environment: pairs("A", "1", "B", "2")}
		if edit != nil {
			edit(&c)
		}
		return &input{Containers: []container{c}}
	}
	for name, tc := range map[string]struct {
		want, live any
		args       diff.Args
		out        []string
	}{
		"equal":        {want: web(nil), live: web(nil)},
		"nil is empty": {want: &input{}, live: &input{Subnets: []string{}, Options: map[string]string{}, Deployment: &deployment{}}},
		"live has defaults": {want: web(func(c *container) { c.Ports = []port{{ContainerPort: p(int32(80))}} }),
			live: web(func(c *container) {
				c.Essential = p(true)
				c.Ports = []port{{ContainerPort: p(int32(80)), Protocol: "tcp"}}
			})},
		"written default, live silent": {want: web(func(c *container) { c.Essential = p(true); c.Health = &health{Interval: p(int32(30))} }), live: web(nil)},
		"written zero, live silent":    {want: web(func(c *container) { c.Cpu = 0 }), live: web(nil), args: diff.Args{Written: shape.PlacesOf(map[string]string{"containers[0].cpu": "f:1:1"})}},
		"written plain false against true": {want: &input{}, live: &input{Exec: true},
			args: diff.Args{Written: shape.PlacesOf(map[string]string{"exec": "f.yaml:3:5"})},
			out:  []string{"replace exec true → false (tasks started later, spec)"}},
		"empty string, live silent":     {want: &input{Options: map[string]string{"level": ""}}, live: &input{}},
		"empty string, live at default": {want: &input{Options: map[string]string{"level": ""}}, live: &input{Options: map[string]string{"level": "info"}}},
		"empty string, live elsewhere": {want: &input{Options: map[string]string{"level": ""}}, live: &input{Options: map[string]string{"level": "debug"}},
			out: []string{`replace options[level] "debug" → "" (in place, spec)`}},
		"leaf": {want: web(nil), live: web(func(c *container) { c.Environment = pairs("B", "2", "A", "0") }),
			out: []string{`replace containers[web].environment[A].value "0" → "1" (new deployment, spec)`}},
		"element added and removed": {want: web(nil), live: web(func(c *container) { c.Environment = pairs("A", "1", "C", "3") }),
			out: []string{
				`add containers[web].environment[B].value null → "2" (new deployment, spec)`,
				`remove containers[web].environment[C].value "3" → null (new deployment, spec)`}},
		"container removed": {want: web(nil), live: &input{Containers: []container{
			{Name: p("web"), Image: p("nginx:1"), Environment: pairs("A", "1", "B", "2")}, {Name: p("old"), Image: p("x"), Cpu: 3}}},
			out: []string{`remove containers[old] {"cpu":3,"image":"x","name":"old"} → null (new deployment, spec)`}},
		"port told apart by protocol": {
			want: web(func(c *container) { c.Ports = []port{{ContainerPort: p(int32(53)), Protocol: "udp"}} }),
			live: web(func(c *container) { c.Ports = []port{{ContainerPort: p(int32(53)), Protocol: "tcp"}} }),
			out: []string{
				`remove containers[web].ports[53/tcp] {"containerPort":53,"protocol":"tcp"} → null (new deployment, spec)`,
				`add containers[web].ports[53/udp] null → {"containerPort":53,"protocol":"udp"} (new deployment, spec)`}},
		"set in another order": {want: &input{Subnets: []string{"a", "b"}, Groups: []group{{Arn: p("x")}, {Arn: p("y")}}},
			live: &input{Subnets: []string{"b", "a"}, Groups: []group{{Arn: p("y")}, {Arn: p("x")}}}},
		"set differs": {want: &input{Subnets: []string{"a", "b"}}, live: &input{Subnets: []string{"b", "c"}},
			out: []string{`replace subnets ["b","c"] → ["a","b"] (in place, spec)`}},
		"a set counts its elements": {want: &input{Subnets: []string{"a", "a"}}, live: &input{Subnets: []string{"a", "b"}},
			out: []string{`replace subnets ["a","b"] → ["a","a"] (in place, spec)`}},
		"order of a command is meaning": {want: web(func(c *container) { c.Command = []string{"a", "b"} }), live: web(func(c *container) { c.Command = []string{"b", "a"} }),
			out: []string{`replace containers[web].command ["b","a"] → ["a","b"] (new deployment, spec)`}},
		"sequence of objects": {want: &input{Steps: []step{{Type: p("a")}, {Type: p("b")}}}, live: &input{Steps: []step{{Type: p("a"), Target: p("t")}}},
			out: []string{
				`remove steps[0].target "t" → null (none, drift) only shown`,
				`add steps[1].type null → "b" (in place, spec)`}},
		"written empty list": {want: &input{Subnets: []string{}}, live: &input{Subnets: []string{"a"}},
			out: []string{`remove subnets ["a"] → [] (in place, spec)`}},
		"entry of a written map": {want: &input{Options: map[string]string{"a": "1"}}, live: &input{Options: map[string]string{"a": "2", "b": "3", "level": "info"}},
			out: []string{
				`replace options[a] "2" → "1" (in place, spec)`,
				`remove options[b] "3" → null (in place, spec)`}},
		"entry with a default": {want: &input{Options: map[string]string{"a": "1"}}, live: &input{Options: map[string]string{"a": "1", "level": "debug"}},
			out: []string{`replace options[level] "debug" → "info" (in place, drift)`}},
		"default, input unchanged, harmless": {want: &input{}, live: &input{Deployment: &deployment{MaximumPercent: p(int32(150))}, Exec: true},
			out: []string{
				`replace deployment.maximumPercent 150 → 200 (none, drift)`,
				`replace exec true → false (tasks started later, drift)`}},
		"default, input unchanged, deploys": {want: &input{}, live: &input{Cpu: p("256")},
			out: []string{`remove cpu "256" → null (new deployment, drift) only shown`}},
		"default, input changed, deploys": {want: &input{}, live: &input{Cpu: p("256")}, args: diff.Args{InputChanged: true},
			out: []string{`remove cpu "256" → null (new deployment, default)`}},
		"default of a nested member": {want: &input{Deployment: &deployment{Breaker: &breaker{Enable: true}}},
			live: &input{Deployment: &deployment{MaximumPercent: p(int32(200)), Breaker: &breaker{Enable: true, Rollback: true, Reset: p(true)}}},
			out:  []string{`replace deployment.breaker.rollback true → false (none, drift)`}},
		"no known default": {want: &input{}, live: &input{Image: p("x"), Count: p(int32(0))},
			out: []string{`remove image "x" → null (none, drift) only shown`}},
		"inherited":               {want: &input{}, live: &input{Zones: p("ENABLED")}},
		"inherited, was governed": {want: &input{}, live: &input{Zones: p("ENABLED")}, args: diff.Args{InputChanged: true}, out: []string{`remove zones "ENABLED" → null (none, drift) only shown`}},
		"inherited but written":   {want: &input{Zones: p("DISABLED")}, live: &input{Zones: p("ENABLED")}, out: []string{`replace zones "ENABLED" → "DISABLED" (in place, spec)`}},
		"ignored":                 {want: &input{Family: p("a")}, live: &input{Family: p("b")}},
		"ignored by policy": {want: web(nil), live: web(func(c *container) { c.Image = p("other"); c.Environment = nil }),
			args: diff.Args{Section: "taskDefinition", Ignore: []string{"taskDefinition.containers[web].image", "containers[].environment"}}},
		"ignored by policy, another section": {want: web(nil), live: web(func(c *container) { c.Image = p("other") }),
			args: diff.Args{Section: "taskDefinition", Ignore: []string{"service.containers[web].image"}},
			out:  []string{`replace containers[web].image "other" → "nginx:1" (new deployment, spec)`}},
		"open reference": {want: &input{Image: p("$(x.arn)")}, live: &input{Image: p("$(x.arn)")}, args: diff.Args{Open: map[string]bool{"image": true}},
			out: []string{`replace image "$(x.arn)" → "$(x.arn)" (in place, spec) later`}},
		"open reference in a set": {want: &input{Groups: []group{{Arn: p("$(x.arn)")}}}, live: &input{Groups: []group{{Arn: p("arn:x")}}}, args: diff.Args{Open: map[string]bool{"groups[0].arn": true}},
			out: []string{`replace groups [{"arn":"arn:x"}] → [{"arn":"$(x.arn)"}] (in place, spec) later`}},
		"secret": {want: web(func(c *container) { c.Environment = pairs("DB_PASSWORD", "hunter2") }), live: web(func(c *container) { c.Environment = pairs("DB_PASSWORD", "hunter1") }),
			out: []string{`replace containers[web].environment[DB_PASSWORD].value "` + diff.Masked("hunter1") + `" → "` + diff.Masked("hunter2") + `" (new deployment, spec)`}},
		"plain trees": {want: map[string]any{"count": 2}, live: map[string]any{"count": 2.0}},
		"another type of value": {want: map[string]any{"a": map[string]any{"b": 1}}, live: map[string]any{"a": "x"},
			out: []string{`replace a "x" → {"b":1} (in place, spec)`}},
	} {
		t.Run(name, func(t *testing.T) {
			tc.args.Want, tc.args.Live = tc.want, tc.live
			if tc.out == nil {
				tc.out = []string{}
			}
			if d := cmp.Diff(tc.out, lines(rules().Compare(tc.args))); d != "" {
				t.Errorf("changes (-want +got):\n%s", d)
			}
		})
	}
}
