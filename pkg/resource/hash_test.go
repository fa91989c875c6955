package resource_test

import (
	"testing"

	"github.com/ecs-operator/ecs-operator/pkg/resource"
)

// A tag's hash is judged under the version that wrote it.
func TestCarries(t *testing.T) {
	u := &resource.Unit{ContentHash: "3-c", Former: []string{"2-b", "1-a"}}
	for hash, want := range map[string]bool{
		"3-c": true, "2-b": true, "1-a": true,
		"3-x": false, "2-a": false, "1-b": false, "4-c": false, "": false, "a": false, "-": false,
	} {
		if got := u.Carries(hash); got != want {
			t.Errorf("Carries(%q) = %v", hash, got)
		}
	}
	if (&resource.Unit{}).Carries("") {
		t.Error("no hash is nobody's")
	}
}
