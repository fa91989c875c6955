package reconcile

import (
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/ecs-operator/ecs-operator/pkg/plan"
	"github.com/ecs-operator/ecs-operator/pkg/resource"
)

// TestTheOnlyTags is the table of the only memory: which tag stands on what, and
// since when. A tag of ours that stands anywhere else fails.
func TestTheOnlyTags(t *testing.T) {
	const own, surrounding = "owner unit revision", "owner unit revision key"
	table := func(more ...string) map[string]string {
		out := map[string]string{resource.KindService: own + " spec-hash", resource.KindTaskDefinition: own + " spec-hash",
			// of these it says which weighty fields were written
			resource.KindTargetGroup: surrounding + " spec-hash", resource.KindListenerRule: surrounding + " spec-hash",
			resource.KindScalableTarget: surrounding, resource.KindAlarm: surrounding}
		for i := 0; i < len(more); i += 2 {
			for kind := range out {
				if more[i] == "all" || more[i] == kind {
					out[kind] += " " + more[i+1]
				}
			}
		}
		return out
	}
	inWorld(t, func(t *testing.T, w *world) {
		check := func(when string, want map[string]string) {
			t.Helper()
			e := w.engine()
			u := w.load(e).Units[0]
			for id, l := range e.observe(t.Context(), []*resource.Unit{u}) {
				var have []string
				for _, key := range slices.Sorted(maps.Keys(l.Tags)) {
					if name, ours := strings.CutPrefix(key, resource.TagPrefix); ours {
						have = append(have, name)
					}
				}
				wanted := strings.Fields(want[id.Kind])
				slices.Sort(wanted)
				if !slices.Equal(have, wanted) {
					t.Errorf("%s: %s carries %v, want %v", when, id.Local(), have, wanted)
				}
				if key := l.Tags[resource.TagKey]; key != "" && key != id.Local() {
					t.Errorf("%s: the key of %s is %q", when, id.Local(), key)
				}
				if unit := l.Tags[resource.TagUnit]; unit != "" && unit != "default/web" {
					t.Errorf("%s: the unit of %s is %q", when, id.Local(), unit)
				}
			}
		}
		scoped := func() *Engine {
			e := w.engine()
			e.frame.Scope, e.o.Frame.Scope = "team-a", "team-a"
			return e
		}
		w.files.put("web.yaml", web)
		w.wait(w.engine())
		check("created", table())
		w.wait(scoped())
		// A revision of a task definition keeps the tags that it was registered with.
		want := table("all", "scope")
		want[resource.KindTaskDefinition] = own + " spec-hash"
		check("the first run with a scope", want)
		w.files.put("web.yaml", policy(web, "onDelete: keep"))
		w.wait(scoped())
		want[resource.KindService] += " on-delete"
		check("onDelete written", want)
		w.lease("web", hour)
		want[resource.KindService] += " suspend"
		check("suspended", want)
		e := w.engine()
		_, err := e.Resume(t.Context(), w.load(e).Units[0])
		w.ok(err)
		w.files.put("web.yaml", strings.Replace(web, "nginx:1.29", "nginx:crash", 1)) // and onDelete is gone again
		w.wait(scoped())
		want[resource.KindService] = strings.ReplaceAll(want[resource.KindService], " on-delete suspend", " quarantine")
		want[resource.KindTaskDefinition] += " scope" // another revision, with the tags of its time
		check("rolled back, the line of onDelete deleted", want)
		if q, ok := plan.ParseQuarantine(w.serviceTag("web", resource.TagQuarantine)); !ok || q.Hash == "" || q.TaskDefinition == "" || q.Deployment == "" || q.Cause == "" {
			t.Errorf("the quarantine says %+v", q)
		}
	})
}

func (w *world) serviceTag(service, key string) string {
	w.t.Helper()
	for _, tag := range w.service(service).Tags {
		if *tag.Key == key {
			return *tag.Value
		}
	}
	return ""
}

// Every value of ours keeps to AWS' tag alphabet and length, whatever people write.
func TestTagAlphabet(t *testing.T) {
	for _, s := range []plan.Suspension{
		{By: "assumed-role/ops/anna,b@example.com", Reason: "it's \"broken\" & (maybe) 100% – see #42;\nask <anna>"},
		{By: strings.Repeat("x", 200), Reason: strings.Repeat("ünïcode ", 100)},
		{},
	} {
		tag := s.Tag()
		if tag != resource.TagText(tag) || len([]rune(tag)) > resource.MaxTagValue || tag == "" {
			t.Errorf("%q does not fit", tag)
		}
		if back, ok := plan.ParseSuspension(tag, now()); !ok || strings.Contains(back.By, " ") {
			t.Errorf("%q reads as %+v, %v", tag, back, ok)
		}
	}
}
