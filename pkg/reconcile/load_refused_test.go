package reconcile

import (
	"strings"
	"testing"
)

// A document that is refused is refused for the same reasons, at the same places, in
// every load.
func TestARefusedDocumentSaysTheSame(t *testing.T) {
	engine := loads(t)
	for name, edit := range map[string][]string{
		"a tag and a count": {"  service:\n", "  scaling: {minCapacity: 1, maxCapacity: 3}\n  service:\n    tags: {\"aws:x\": y}\n    desiredCount: 9\n"},
	} {
		text := strings.Replace(strings.Replace(hello("web", "nginx:1.29"), edit[0], edit[1], 1), "    desiredCount: 2\n", "", 1)
		e := engine()
		snap := snapshotOf("r1", map[string]string{"web.yaml": text})
		first, second := e.digest(snap), e.digest(snap)
		if len(first.Problems) == 0 {
			t.Fatalf("%s: %s", name, text)
		}
		for i := range first.Problems {
			if i >= len(second.Problems) || first.Problems[i].String() != second.Problems[i].String() {
				t.Errorf("%s: first %v\nthen %v", name, first.Problems, second.Problems)
				break
			}
		}
		if len(second.Units) > 0 {
			t.Errorf("%s: it is in force now", name)
		}
	}
}
