package kinds

import (
	"maps"
	"testing"

	"pgregory.net/rapid"
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
