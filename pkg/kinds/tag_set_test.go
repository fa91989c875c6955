package kinds

import (
	"maps"
	"testing"

	"pgregory.net/rapid"

	"github.com/ecs-operator/ecs-operator/pkg/resource"
)

// Whatever the tags are: what is kept says the same as their map, before and after others.
func TestTagSet(t *testing.T) {
	text := rapid.OneOf(rapid.SampledFrom([]string{"", "a", "b", "owner"}), rapid.StringN(0, 300, -1))
	rapid.Check(t, func(t *rapid.T) {
		var sets tagSets
		all := rapid.SliceOfN(rapid.MapOf(text, text), 1, 9).Draw(t, "tags")
		var kept []*tagSet
		arns := rapid.SliceOfN(text, len(all), len(all)).Draw(t, "arns")
		for i, tags := range all {
			kept = append(kept, sets.of(arns[i], maps.All(tags)))
		}
		for i, tags := range all {
			if kept[i].arn != arns[i] {
				t.Fatalf("the ARN %q became %q", arns[i], kept[i].arn)
			}
			if have := kept[i].whole(); !maps.Equal(have, tags) {
				t.Fatalf("%q became %q", tags, have)
			}
			for k, v := range tags {
				if have, ok := kept[i].get(k); !ok || have != v {
					t.Fatalf("%q is %q, %v", k, have, ok)
				}
			}
			for _, other := range all {
				within := true
				for k, v := range other {
					have, ok := tags[k]
					within = within && ok && have == v
				}
				if kept[i].carries(other) != within {
					t.Fatalf("that %q carries %q is not %v", tags, other, within)
				}
			}
		}
	})
}

// One key with a zero in it, which JSON can say and AWS does not, is not taken for two.
func TestTagSetOfAnyKeys(t *testing.T) {
	var sets tagSets
	sets.of("arn", maps.All(map[string]string{"a": "1", "b": "2"}))
	tags := map[string]string{"a\x00b": "3"}
	if have := sets.of("arn", maps.All(tags)).whole(); !maps.Equal(have, tags) {
		t.Errorf("%q became %q", tags, have)
	}
}

// Tags that changed nothing of a census leave the list as it was: whoever has kept that
// holds no second one beside it.
func TestACountThatSaysTheSameIsTheSame(t *testing.T) {
	i, sets := newInventory(nil), &tagSets{}
	set := sets.of("arn", maps.All(map[string]string{resource.TagUnit: "default/web"}))
	list := func(s *tagSet) func() []resource.Found {
		return func() []resource.Found {
			return []resource.Found{{ARN: s.arn, Tags: map[string]string{resource.TagOwner: "op"}, Value: s}}
		}
	}
	first := i.count(owned{}, 1, list(set))
	if again := i.count(owned{}, 2, list(set)); &again[0] != &first[0] {
		t.Error("there is a second list of the same")
	}
	other := sets.of("arn", maps.All(map[string]string{resource.TagUnit: "default/other"}))
	if again := i.count(owned{}, 3, list(other)); again[0].Value != any(other) {
		t.Error("other tags are not told")
	}
}
