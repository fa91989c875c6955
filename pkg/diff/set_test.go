package diff_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/ecs-operator/ecs-operator/pkg/diff"
)

func TestSet(t *testing.T) {
	got := &input{Cpu: p("256"), Subnets: []string{"a"}, Options: map[string]string{"x": "1"}}
	for _, s := range []struct {
		path  string
		value any
	}{
		{"exec", true},
		{"count", 3},
		{"weight", int64(4)},
		{"mode", "REPLICA"},
		{"cpu", nil},
		{"subnets", nil},
		{"groups", []any{map[string]any{"arn": "g", "weight": 2.0}}},
		{"options[y]", "2"},
		{"options[x]", nil},
		{"deployment.maximumPercent", 200},
		{"deployment.breaker", map[string]any{"enable": true, "reset": false}},
	} {
		if err := diff.Set(got, s.path, s.value); err != nil {
			t.Errorf("%s: %v", s.path, err)
		}
	}
	want := &input{
		Exec: true, Count: p(int32(3)), Weight: 4, Mode: "REPLICA", Subnets: []string{}, Groups: []group{{p("g"), p(int32(2))}},
		Options: map[string]string{"y": "2"}, Deployment: &deployment{MaximumPercent: p(int32(200)), Breaker: &breaker{Enable: true, Reset: p(false)}},
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("input (-want +got):\n%s", d)
	}
}

func TestSetRefuses(t *testing.T) {
	for path, tc := range map[string]struct {
		dst   any
		value any
		says  string
	}{
		"nothing":             {&input{}, 1, "no member nothing"},
		"containers[0].image": {&input{}, "x", "leads through a list"},
		"count":               {&input{}, "three", "does not fit"},
		"weight":              {&input{}, 1 << 40, "does not fit"},
		"cpu.unit":            {&input{}, "x", "nothing called unit"},
		"exec":                {input{}, true, "want a pointer"},
		"":                    {&input{}, true, "empty path"},
		"deployment":          {&input{}, map[string]any{"percent": 1}, "no member percent"},
	} {
		if err := diff.Set(tc.dst, path, tc.value); err == nil || !strings.Contains(err.Error(), tc.says) {
			t.Errorf("Set(%q): %v, want …%s…", path, err, tc.says)
		}
	}
}

// A default that Compare names can be written by Set, and then nothing differs.
func TestDefaultsCanBeSet(t *testing.T) {
	live := &input{Exec: true, Mode: "DAEMON", Deployment: &deployment{MaximumPercent: p(int32(120)), Breaker: &breaker{Enable: true}}}
	changes := rules().Compare(diff.Args{Want: &input{}, Live: live, InputChanged: true})
	if len(changes) != 4 {
		t.Fatalf("%v", lines(changes))
	}
	for _, c := range changes {
		if c.Reason != diff.FromDefault {
			t.Errorf("%s: reason %s", c.Path, c.Reason)
		}
		if err := diff.Set(live, c.Path, c.New); err != nil {
			t.Errorf("%s: %v", c.Path, err)
		}
	}
	if left := rules().Compare(diff.Args{Want: &input{}, Live: live, InputChanged: true}); len(left) > 0 {
		t.Errorf("left: %v", lines(left))
	}
}
