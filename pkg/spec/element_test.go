package spec

import (
	"slices"
	"strings"
	"testing"
)

// TestElementSpellings: --set and policy.ignore take an element as diff prints
// it, and every shorter spelling that means one element.
func TestElementSpellings(t *testing.T) {
	const ports = "taskDefinition.containerDefinitions[web].portMappings"
	text := func(ignore string) []File {
		return []File{{Path: "a.yaml", Data: []byte(`apiVersion: ecs-operator/v1
kind: Service
metadata: {name: web}
spec:
  policy: {ignore: ["` + ignore + `"]}
  taskDefinition:
    containerDefinitions:
      - {name: web, image: "web:1", portMappings: [{name: http, containerPort: 80}, {containerPort: 53, protocol: udp}, {containerPort: 53}]}
  service: {desiredCount: 1}
`)}}
	}
	for written, want := range map[string]string{
		"80": "80//tcp", "http": "80//tcp", "80/tcp": "80//tcp", "80//tcp": "80//tcp", "0": "80//tcp", "53/udp": "53//udp", "53//tcp": "53//tcp",
		"53": "[53] means several elements", "99": "",
	} {
		path := ports + "[" + written + "].hostPort"
		got := Parse(text(path), testSections(), Options{})
		switch {
		case strings.Contains(want, "means"):
			if got.Errors() != 1 || !strings.Contains(got.Problems[0].Message, want+": write [53//udp] or [53//tcp]") {
				t.Errorf("ignore %s: %v", path, got.Problems)
			}
		case want == "": // it may come back
			want = written
			fallthrough
		default:
			if len(got.Documents) != 1 || !slices.Equal(got.Documents[0].Policy.Ignore, []string{ports + "[" + want + "].hostPort"}) {
				t.Errorf("ignore %s: %v %v", path, got.Documents, got.Problems)
			}
		}
		set := Parse(text("service.tags"), testSections(), Options{Set: []string{path + "=8080"}})
		if refused := len(set.Documents) == 0; refused != (written == "53" || written == "99") {
			t.Errorf("--set %s: %v", path, set.Problems)
		}
	}
}
