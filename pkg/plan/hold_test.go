package plan_test

import (
	"reflect"
	"strings"
	"testing"

	"github.com/ecs-operator/ecs-operator/pkg/plan"
	"github.com/ecs-operator/ecs-operator/pkg/resource"
)

// The hold tag reads as it was written, keeps to AWS' alphabet and length, and
// loses who asked and the oldest contents before it loses the way back.
func TestHoldTag(t *testing.T) {
	item := func(n string) plan.HeldContent {
		return plan.HeldContent{Hash: "1-0123456789abcdef0123" + n, Revision: "49803064663735" + n}
	}
	whole := plan.Hold{Items: []plan.HeldContent{item("0001"), {Hash: item("0002").Hash}}, To: "web:41", Revision: "7777", By: "role/ops anna"}
	tag, err := whole.Tag()
	if err != nil {
		t.Fatal(err)
	}
	if want := "1-0123456789abcdef01230001@498030646637350001 1-0123456789abcdef01230002 to=web:41 rev=7777 by=role/ops_anna"; tag != want {
		t.Errorf("%s, want %s", tag, want)
	}
	whole.By = "role/ops_anna"
	if back, ok := plan.ParseHold(tag); !ok || !reflect.DeepEqual(back, whole) {
		t.Errorf("read as %+v", back)
	}
	for _, c := range []struct {
		family, revision string
		items, kept      int
		by               bool
	}{{"web", "1", 4, 4, true}, {"web", "1", 9, 5, true}, {strings.Repeat("f", 180), "1", 2, 1, true}, {strings.Repeat("f", 193), "1", 2, 1, false}, {strings.Repeat("f", 255), "1", 3, 3, true}} {
		h := plan.Hold{To: c.family + ":1", Revision: c.revision, By: "anna"}
		for n := range c.items {
			h.Items = append(h.Items, item("000"+string(rune('0'+n))))
		}
		tag, err := h.Tag()
		got, _ := plan.ParseHold(tag)
		if err != nil || len(tag) > resource.MaxTagValue || tag != resource.TagText(tag) || len(got.Items) != c.kept || got.Items[0] != h.Items[0] ||
			got.Revision != "1" || (got.By != "") != c.by {
			t.Errorf("%d items, a family of %d letters: %d kept, %q %v", c.items, len(c.family), len(got.Items), tag, err)
		}
	}
	if _, err := (plan.Hold{Items: whole.Items, To: strings.Repeat("f", 255) + ":1"}).Tag(); err == nil {
		t.Error("a way back that finds no room is no error")
	}
	if _, ok := plan.ParseHold("by=anna"); ok {
		t.Error("a tag without a content holds something")
	}
}
