package reconcile

import (
	"bytes"
	"fmt"
	"strings"
	"testing"

	"github.com/ecs-operator/ecs-operator/pkg/resource"
	"github.com/ecs-operator/ecs-operator/pkg/status"
)

// tomorrow is a kind of a later version of the operator: its content has another
// canonical form and is normalised otherwise, and of the form of version 1 only
// that is kept which the promise asks for.
type tomorrow struct{ resource.Kind }

func (tomorrow) Version() int { return 2 }

func (k tomorrow) Content(o *resource.Object) []byte {
	c := k.Kind.Content(o)
	if c == nil {
		return nil
	}
	return append([]byte("form 2: "), bytes.ToLower(c)...)
}

func (k tomorrow) ContentAs(_ int, o *resource.Object) []byte { return k.Kind.Content(o) }

// amnesiac is the same upgrade made wrong: the old form was thrown away.
type amnesiac struct{ tomorrow }

func (k amnesiac) ContentAs(_ int, o *resource.Object) []byte { return k.Content(o) }

func upgraded(wrap func(resource.Kind) resource.Kind) func([]resource.Kind) []resource.Kind {
	return func(all []resource.Kind) []resource.Kind {
		out := make([]resource.Kind, len(all))
		for i, k := range all {
			out[i] = wrap(k)
		}
		return out
	}
}

// TestUpgrade: with another version of the hash and of the normalisation, a pass
// over 100 live services writes nothing, and what was put aside stays aside. An
// upgrade that forgets the old form fails this test.
func TestUpgrade(t *testing.T) {
	services, bad := 100, 3
	if testing.Short() {
		services = 25
	}
	for name, c := range map[string]struct {
		wrap   func(resource.Kind) resource.Kind
		honest bool
	}{
		"with the old form beside the new": {func(k resource.Kind) resource.Kind { return tomorrow{k} }, true},
		"without the old form":             {func(k resource.Kind) resource.Kind { return amnesiac{tomorrow{k}} }, false},
	} {
		t.Run(name, func(t *testing.T) {
			inWorld(t, func(t *testing.T, w *world) {
				for i := range services {
					w.files.put(fmt.Sprintf("s%03d.yaml", i), hello(fmt.Sprintf("s%03d", i), "nginx:1"))
				}
				w.wait(w.engine())
				for i := range bad {
					w.files.put(fmt.Sprintf("s%03d.yaml", i), hello(fmt.Sprintf("s%03d", i), "nginx:crash"))
				}
				w.wait(w.engine())
				hashes := map[string]string{}
				for i := range services {
					name := fmt.Sprintf("s%03d", i)
					for _, tag := range w.service(name).Tags {
						if *tag.Key == resource.TagSpecHash {
							hashes[name] = *tag.Value
						}
						if *tag.Key == resource.TagQuarantine {
							hashes[name+" quarantine"] = strings.Fields(*tag.Value)[0]
						}
					}
				}
				if len(hashes) != services+bad {
					t.Fatalf("%d hashes in tags, want %d and %d quarantines", len(hashes), services, bad)
				}
				before := w.mark()
				w.kinds = upgraded(c.wrap)
				w.files.tell()
				out := w.wait(w.engine())
				writes := w.mark() - before
				aside := 0
				for i := range services {
					o := out[fmt.Sprintf("s%03d", i)]
					if !strings.HasPrefix(o.Status.ContentHash, "2-") {
						t.Fatalf("%s has the hash %s: nothing was upgraded", o.Status.Name, o.Status.ContentHash)
					}
					if i < bad && putAside(o) {
						aside++
					}
				}
				if c.honest && (writes != 0 || aside != bad) {
					t.Errorf("%d writes (%v), %d of %d services still quarantined", writes, w.writes(before), aside, bad)
				}
				if !c.honest && writes < services-bad {
					t.Errorf("%d writes: the test would not notice an upgrade that forgets", writes)
				}
			})
		})
	}
}

func putAside(o Outcome) bool {
	for _, s := range o.Plan.Steps {
		if s.Blocked == status.Quarantined {
			return true
		}
	}
	return false
}
