package plan_test

import (
	"os/exec"
	"strings"
	"testing"
)

// The import closure of plan names no AWS package, no clock of its own and
// nothing that could reach a network: it is how "diff writes nothing" holds by
// construction.
func TestPure(t *testing.T) {
	out, err := exec.Command("go", "list", "-deps", ".").CombinedOutput()
	if err != nil {
		t.Fatalf("go list: %v\n%s", err, out)
	}
	deps := strings.Fields(string(out))
	if len(deps) < 10 {
		t.Fatalf("go list named only %d packages", len(deps))
	}
	for _, dep := range deps {
		if strings.Contains(dep, "aws/") || strings.Contains(dep, "smithy") || dep == "net" || dep == "net/http" {
			t.Errorf("plan depends on %s", dep)
		}
	}
}
