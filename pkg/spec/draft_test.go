package spec_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	"gopkg.in/yaml.v3"

	"github.com/ecs-operator/ecs-operator/pkg/spec"
)

// What is written is read back as the same values, whatever the text looks like.
func TestDraftReadsBack(t *testing.T) {
	texts := []any{"yes", "no", "1.10", "0123", "1e3", "", " x ", "a: b", "# no comment", "arn:aws:x:y:::", "null", "~", "two\nlines\n", "$(env.x)", "'", "é", "-", "[x]", "2026-01-01", "0x1f", "*a", "&b", "!c", "%d", "@e", "`f`"}
	list := append([]any{}, texts...)
	d := spec.Draft{Kind: "Service", Name: "web", Labels: map[string]string{"b": "2", "a": "on"}, Head: []string{"made by a test"},
		Spec: spec.Map{
			{Key: "zulu", Value: list}, {Key: "count", Value: 3, Comment: "three"}, {Key: "share", Value: 0.25}, {Key: "on", Value: true},
			{Key: "gone", Value: nil}, {Key: "empty", Value: []any{}}, {Key: "deep", Value: spec.Map{{Key: "b", Value: []any{spec.Map{{Key: "x", Value: "y"}}}}}},
		}}
	out, err := d.YAML()
	if err != nil {
		t.Fatal(err)
	}
	var got map[string]any
	if err := yaml.Unmarshal(out, &got); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	want := map[string]any{"apiVersion": spec.APIVersion, "kind": "Service",
		"metadata": map[string]any{"name": "web", "labels": map[string]any{"a": "on", "b": "2"}},
		"spec": map[string]any{"zulu": texts, "count": 3, "share": 0.25, "on": true, "empty": []any{},
			"deep": map[string]any{"b": []any{map[string]any{"x": "y"}}}}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got)\n%s\n%s", diff, out)
	}
}

func TestDraftRefusesWhatItCannotWrite(t *testing.T) {
	if out, err := (spec.Draft{Spec: spec.Map{{Key: "x", Value: struct{}{}}}}).YAML(); err == nil {
		t.Errorf("wrote %s", out)
	}
}
