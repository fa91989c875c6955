package diff

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

// Every place has one owner, and what is ignored is told and not left out.
func TestCoverage(t *testing.T) {
	r := &Rules{
		Keys: map[string]string{"containers": "name"}, Defaults: map[string]any{"strategy": "ROLLING"},
		Inherits: map[string]string{"zone": "AWS chooses"}, Ignored: map[string]string{"count": "a scaler owns it", "token": "belongs to the call"},
		Governors: map[string]Owner{"count": OwnerAutoscaler},
	}
	got := r.Coverage(Args{
		Want:   map[string]any{"containers": []any{map[string]any{"name": "b", "image": "x"}}, "count": 2},
		Live:   map[string]any{"containers": []any{map[string]any{"name": "b", "image": "x", "env": "e"}}, "strategy": "CANARY", "zone": "a", "count": 3, "token": "t", "later": 1},
		Ignore: []string{"service.containers[b].env"}, Section: "service",
	})
	want := []Field{
		{"containers[b].env", OwnerIgnored, ""}, {"containers[b].image", OwnerSpec, ""}, {"containers[b].name", OwnerSpec, ""},
		{"count", OwnerAutoscaler, "a scaler owns it"}, {"later", OwnerNobody, "not in the spec, and its default is not known"},
		{"strategy", OwnerDefault, ""}, {"token", OwnerElsewhere, "belongs to the call"}, {"zone", OwnerNobody, "AWS chooses"},
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
}
