package spec

import (
	"fmt"
	"reflect"
	"strings"
	"testing"
)

// Files whose trees are too many to be held are read a second time, and say the same.
func TestTreesThatAreNotHeld(t *testing.T) {
	var files []File
	for i := range 40 {
		text := fmt.Sprintf("apiVersion: ecs-operator/v1\nkind: Service\nmetadata: {name: s%02d}\nspec:\n  cluster: main\n  taskDefinition:\n    memory: \"512\"\n    containerDefinitions: [{name: web, image: nginx}]\n  service: {desiredCount: %d}\n", i, i+1)
		files = append(files, File{Path: fmt.Sprintf("%02d.yaml", i), Data: []byte(text + "# " + strings.Repeat("x", mostHeld/20) + "\n")})
	}
	memory := Memory{}
	want, got := Parse(files, testSections(), Options{}), Parse(files, testSections(), Options{Memory: &memory})
	if len(want.Documents) != len(files) || len(got.Documents) != len(files) {
		t.Fatalf("%d documents, with a memory %d, of %d files: %v", len(want.Documents), len(got.Documents), len(files), want.Problems)
	}
	if !reflect.DeepEqual(forgetful(want), forgetful(got)) {
		t.Error("what was read twice says something else")
	}
}
