package reconcile

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ecs"
	"github.com/aws/aws-sdk-go-v2/service/ecs/types"
	"github.com/aws/aws-sdk-go-v2/service/resourcegroupstaggingapi"

	"github.com/ecs-operator/ecs-operator/pkg/resource"
	"github.com/ecs-operator/ecs-operator/pkg/sandbox"
	"github.com/ecs-operator/ecs-operator/pkg/source"
	"github.com/ecs-operator/ecs-operator/pkg/status"
)

// scoped is an engine of a scope, with --prune where that is asked.
func (w *world) scoped(scope string, prune bool) *Engine {
	e := w.engine()
	e.o.Frame.Scope, e.frame.Scope, e.o.Prune = scope, scope, prune
	return e
}

// sync is apply --wait of a scope: with what has no document any more.
func (w *world) sync(e *Engine) map[string]Outcome {
	w.t.Helper()
	return w.syncFor(w.t.Context(), e, 0)
}

func (w *world) syncFor(ctx context.Context, e *Engine, timeout time.Duration) map[string]Outcome {
	w.t.Helper()
	l, err := e.Load(ctx)
	w.ok(err)
	units := append(slices.Clone(l.Units), e.Departed(ctx, l, false)...)
	out := map[string]Outcome{}
	for _, x := range e.Apply(ctx, units, ApplyOptions{Wait: true, Timeout: timeout}) {
		out[x.Plan.Unit.Name] = x
	}
	return out
}

// owned is everything that carries our tags of one unit, by ARN.
func (w *world) owned(unit string) []string {
	w.t.Helper()
	out, err := w.person().Read.Tagging.GetResources(w.t.Context(), &resourcegroupstaggingapi.GetResourcesInput{ResourcesPerPage: aws.Int32(100)})
	w.ok(err)
	var arns []string
	for _, r := range out.ResourceTagMappingList {
		for _, t := range r.Tags {
			if aws.ToString(t.Key) == resource.TagUnit && aws.ToString(t.Value) == unit && !strings.Contains(aws.ToString(r.ResourceARN), ":task/") {
				arns = append(arns, aws.ToString(r.ResourceARN))
			}
		}
	}
	return arns
}

// A service whose document is gone goes with all its surroundings, in reverse
// order of need, where its tag or --prune says so.
func TestDocumentGone(t *testing.T) {
	for word, fate := range map[string]struct{ flag, goes bool }{
		"":      {true, true},
		"prune": {false, true},
		"keep":  {true, false},
	} {
		t.Run("onDelete="+word, func(t *testing.T) {
			inWorld(t, func(t *testing.T, w *world) {
				doc := web
				if word != "" {
					doc = strings.Replace(web, "  cluster: default\n", "  cluster: default\n  policy: {onDelete: "+word+"}\n", 1)
				}
				w.files.put("web.yaml", doc)
				w.files.put("other.yaml", hello("other", "nginx:1.29"))
				w.files.put("third.yaml", hello("third", "nginx:1.29"))
				w.sync(w.scoped("a", false))
				w.files.put("web.yaml", "")
				mark := w.mark()
				// In a run without a scope, of another scope or of another owner: nothing.
				for _, e := range []*Engine{w.engine(), w.scoped("b", true)} {
					e.o.Prune = true
					if gone := e.Departed(t.Context(), w.load(e), false); len(gone) > 0 {
						t.Errorf("scope %q would delete %v", e.frame.Scope, gone[0].Key)
					}
				}
				stranger := w.scoped("a", true)
				stranger.o.Frame.Owner, stranger.frame.Owner = "other", "other"
				if gone := stranger.Departed(t.Context(), w.load(stranger), false); len(gone) > 0 {
					t.Errorf("another owner would delete %v", gone[0].Key)
				}
				w.quiet(mark, "looking")
				if !fate.flag {
					w.sync(w.scoped("a", false))
				} else if w.sync(w.scoped("a", false)); len(w.writes(mark)) > 0 {
					t.Errorf("without --prune: %v", w.writes(mark))
				}
				out := w.sync(w.scoped("a", fate.flag))
				left := w.owned("default/web")
				if fate.goes != (len(left) == 0) {
					t.Fatalf("left: %v\n%s\n%s", left, w.story(), steps(out["web"]))
				}
				if !fate.goes {
					w.quiet(mark, "a service that is to be kept")
					return
				}
				var order []string
				for _, line := range w.writes(mark) {
					operation, _, _ := strings.Cut(line, " ")
					order = append(order, operation)
				}
				want := []string{"DeleteScalingPolicy", "DeregisterScalableTarget", "DeleteAlarms", "DeregisterTaskDefinition",
					"AddTags", "AddTags", "DeleteService", "DeleteRule", "DeleteTargetGroup"}
				if !slices.Equal(order, want) {
					t.Errorf("%v, want %v", order, want)
				}
				mark = w.mark()
				w.sync(w.scoped("a", true))
				w.quiet(mark, "afterwards")
				if n := len(w.owned("default/other")); n != 2 {
					t.Errorf("of other there are %d, want its service and revision", n)
				}
			})
		})
	}
}

// Scaling policies carry no tags, and a census that has only those does not know of what
// service they are when its document gave it a name: they are looked for, and go.
func TestNamedServiceGone(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world) {
		w.files.put("web.yaml", strings.Replace(web, "  service:\n", "  service:\n    serviceName: front\n", 1))
		w.files.put("other.yaml", hello("other", "nginx:1.29"))
		w.files.put("third.yaml", hello("third", "nginx:1.29"))
		w.sync(w.scoped("a", false))
		w.files.put("web.yaml", "")
		mark := w.mark()
		out := w.sync(w.scoped("a", true))
		if left := w.owned("default/web"); len(left) > 0 {
			t.Errorf("left: %v\n%s", left, steps(out["web"]))
		}
		if !slices.ContainsFunc(w.writes(mark), func(line string) bool { return strings.HasPrefix(line, "DeleteScalingPolicy ") }) {
			t.Errorf("its policy was not deleted: %v\n%s", w.writes(mark), steps(out["web"]))
		}
	})
}

// orphan takes our tags off, all of them and nothing else.
func TestOrphan(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world) {
		w.files.put("web.yaml", strings.Replace(web, "  cluster: default\n", "  cluster: default\n  policy: {onDelete: orphan}\n", 1))
		w.files.put("other.yaml", hello("other", "nginx:1.29"))
		w.sync(w.scoped("a", false))
		w.files.put("web.yaml", "")
		mark := w.mark()
		out := w.sync(w.scoped("a", true))
		if left := w.owned("default/web"); len(left) > 0 {
			t.Errorf("still tagged: %v; %s", left, steps(out["web"]))
		}
		for _, line := range w.writes(mark) {
			if !strings.HasPrefix(line, "UntagResource") && !strings.HasPrefix(line, "RemoveTags") {
				t.Errorf("a write: %s", line)
			}
		}
		if s := w.service("web"); aws.ToString(s.Status) != "ACTIVE" || s.RunningCount != 2 || len(s.Tags) > 0 {
			t.Errorf("the service is %s with %d tasks and the tags %v", aws.ToString(s.Status), s.RunningCount, s.Tags)
		}
		mark = w.mark()
		w.sync(w.scoped("a", true))
		w.quiet(mark, "afterwards")
	})
}

// Killed at any write of the deletion, before or after its effect: the next process goes
// on until nothing is left, even when it is not told to prune after the service is gone.
// What a death at a read leaves is what one at the write before it leaves; with every
// call, and over TCP, the sweep has it (pkg/sweep, the scenario delete).
func TestDeathWhileDeleting(t *testing.T) {
	t.Parallel()
	everyDeath(t, "write", 5, nil, (*world).dieDeleting)
}

func (w *world) dieDeleting(k int, after bool) bool {
	w.files.put("web.yaml", web)
	w.files.put("other.yaml", hello("other", "nginx:1.29"))
	w.sync(w.scoped("a", false))
	w.files.put("web.yaml", "")
	died := w.death(k, after, writing, nil)
	w.syncFor(w.t.Context(), w.scoped("a", true), minute)
	w.spoil(nil)
	w.engine() // a pool that has not died
	s, err := w.person().Read.ECS.DescribeServices(w.t.Context(), &ecs.DescribeServicesInput{Services: []string{"web"}})
	w.ok(err)
	alive := len(s.Services) > 0 && aws.ToString(s.Services[0].Status) == "ACTIVE"
	mark := w.mark()
	w.sync(w.scoped("a", alive))
	if left := w.owned("default/web"); len(left) > 0 {
		w.t.Errorf("left: %v\n%s", left, w.story())
	}
	for _, line := range w.writes(mark) {
		if strings.Contains(line, "other") {
			w.t.Errorf("the other service was written: %s", line)
		}
	}
	mark = w.mark()
	w.sync(w.scoped("a", true))
	w.quiet(mark, "afterwards")
	return died()
}

// many puts n services of a scope into the world, without a rollout each.
func (w *world) many(dir string, n int) {
	for i := range n {
		name := fmt.Sprintf("%s%02d", dir, i)
		w.files.put(dir+"/"+name+".yaml", strings.Replace(hello(name, "nginx:1.29"), "desiredCount: 2", "desiredCount: 0", 1))
	}
}

func (w *world) drop(dir string, from, to int) {
	for i := from; i < to; i++ {
		w.files.put(fmt.Sprintf("%s/%s%02d.yaml", dir, dir, i), "")
	}
}

func (w *world) services() []string {
	w.t.Helper()
	var names []string
	pages := ecs.NewListServicesPaginator(w.person().Read.ECS, &ecs.ListServicesInput{MaxResults: aws.Int32(100)})
	for pages.HasMorePages() {
		p, err := pages.NextPage(w.t.Context())
		w.ok(err)
		for _, arn := range p.ServiceArns {
			names = append(names, arn[strings.LastIndexByte(arn, '/')+1:])
		}
	}
	slices.Sort(names)
	return names
}

// One revision deletes a tenth of a scope's services and never all of them,
// unless a person has approved that very plan of that very revision.
func TestMaxDeletes(t *testing.T) {
	const n = 20
	for _, goes := range []int{0, 1, n / 10, n/10 + 1, n - 1, n} {
		t.Run(fmt.Sprint(goes), func(t *testing.T) {
			inWorld(t, func(t *testing.T, w *world) {
				w.many("a", n)
				w.sync(w.scoped("a", false))
				w.drop("a", 0, goes)
				if goes == n { // a source with a document, and none of those
					w.files.put("new.yaml", strings.Replace(hello("new", "nginx:1.29"), "desiredCount: 2", "desiredCount: 0", 1))
				}
				out := w.sync(w.scoped("a", true))
				left := slices.DeleteFunc(w.services(), func(s string) bool { return s == "new" })
				want := n - goes
				if goes > n/10 {
					want = n
				}
				if len(left) != want {
					t.Fatalf("%d services are left, want %d", len(left), want)
				}
				if goes <= n/10 {
					return
				}
				w.want(out["a00"], status.StateStalled, status.NeedsApproval, status.ExitHeld)
				_, hash, _ := strings.Cut(out["a00"].Status.Why, "approve --deletes ")
				e := w.scoped("a", true)
				if _, err := e.ApproveDeletes(t.Context(), w.load(e), "0123"); err == nil {
					t.Error("another hash was approved")
				}
				keys, err := e.ApproveDeletes(t.Context(), w.load(e), hash)
				if err != nil || len(keys) != goes {
					t.Fatalf("approved %d, %v", len(keys), err)
				}
				// The documents move on: what was approved was another revision.
				w.files.put("comment.yaml", "# nothing\n")
				w.sync(w.scoped("a", true))
				if got := len(slices.DeleteFunc(w.services(), func(s string) bool { return s == "new" })); got != n {
					t.Fatalf("a stale approval deleted %d services", n-got)
				}
				if _, err := e.ApproveDeletes(t.Context(), w.load(e), hash); err == nil {
					t.Error("the hash of another revision was approved")
				}
				w.files.put("comment.yaml", "")
				w.sync(w.scoped("a", true))
				if got := len(slices.DeleteFunc(w.services(), func(s string) bool { return s == "new" })); got != n-goes {
					t.Errorf("approved: %d services are left, want %d", got, n-goes)
				}
			})
		})
	}
}

func TestMaxDeletesCounts(t *testing.T) {
	for _, c := range []struct {
		m           MaxDeletes
		owned, want int
	}{
		{DefaultMaxDeletes, 0, 0}, {DefaultMaxDeletes, 1, 0}, {DefaultMaxDeletes, 2, 1}, {DefaultMaxDeletes, 19, 1}, {DefaultMaxDeletes, 20, 2},
		{DefaultMaxDeletes, 1000, 100}, {MaxDeletes{Count: 5}, 3, 2}, {MaxDeletes{Count: 5}, 100, 5}, {MaxDeletes{Percent: 100}, 10, 9},
	} {
		if got := c.m.Of(c.owned); got != c.want {
			t.Errorf("%+v of %d: %d, want %d", c.m, c.owned, got, c.want)
		}
	}
}

// A source that is empty, partial, unreadable or has a bad document deletes
// nothing, neither services nor surroundings.
func TestSourceFaultsDeleteNothing(t *testing.T) {
	faults := map[string]func(w *world){
		"empty":      func(w *world) { w.drop("a", 0, 12) },
		"partial":    func(w *world) { w.files.fail(nil, source.Problem{Path: "a/a00.yaml", Message: "permission denied"}) },
		"unreadable": func(w *world) { w.files.fail(errDisk) },
		"bad":        func(w *world) { w.files.put("a/a01.yaml", "apiVersion: ecs-operator/v1\nkind: Service\nspec: [") },
		"twice":      func(w *world) { w.files.put("again.yaml", hello("a01", "nginx:1.29")) },
		"no census": func(w *world) {
			w.spoil(always(sandbox.Fault{Code: "InternalServiceException", Message: "no", Status: 500}, "GetResources"))
		},
		"environment": func(w *world) {},
	}
	for name, fault := range faults {
		t.Run(name, func(t *testing.T) {
			inWorld(t, func(t *testing.T, w *world) {
				w.many("a", 12)
				w.sync(w.scoped("a", false))
				w.drop("a", 0, 1)
				fault(w)
				e := w.scoped("a", true)
				if name == "environment" {
					e.o.Parse.Environments = []string{"prod"}
				}
				mark := w.mark()
				l, err := e.Load(t.Context())
				if err != nil && !errors.Is(err, errDisk) {
					t.Fatal(err)
				}
				units := append(slices.Clone(l.Units), e.Departed(t.Context(), l, true)...)
				e.Apply(t.Context(), units, ApplyOptions{Timeout: minute})
				for _, line := range w.writes(mark) {
					if strings.HasPrefix(line, "Delete") || strings.HasPrefix(line, "Dereg") {
						t.Errorf("%s", line)
					}
				}
			})
		})
	}
}

// picture is all that AWS knows of some services and what surrounds them.
func (w *world) frozenPicture(units ...string) string {
	w.t.Helper()
	var out []string
	for _, unit := range units {
		out = append(out, w.owned(unit)...)
		s, err := w.person().Read.ECS.DescribeServices(w.t.Context(), &ecs.DescribeServicesInput{
			Services: []string{strings.TrimPrefix(unit, "default/")}, Include: []types.ServiceField{types.ServiceFieldTags}})
		w.ok(err)
		b, err := json.Marshal(s.Services)
		w.ok(err)
		out = append(out, string(b))
	}
	return strings.Join(out, "\n")
}

// Two directories with one owner: pruning one leaves the other as it is, and so
// does pruning from a directory that holds a part of one.
func TestTwoDirectories(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world) {
		w.many("a", 10)
		w.sync(w.scoped("a", false))
		w.drop("a", 0, 10)
		w.many("b", 10)
		w.sync(w.scoped("b", false))
		var others []string
		for i := range 10 {
			others = append(others, fmt.Sprintf("default/b%02d", i))
		}
		before := w.frozenPicture(others...)

		w.drop("b", 0, 10) // the first directory again, without one of its services
		w.many("a", 9)
		w.sync(w.scoped("a", true))
		if got := w.services(); len(got) != 19 {
			t.Errorf("%d services are left, want 19: %v", len(got), got)
		}
		if now := w.frozenPicture(others...); now != before {
			t.Errorf("the other directory's services changed:\n%s\n%s", before, now)
		}
		// A part of the second one, without a scope, under another name, and under its own.
		w.drop("a", 0, 9)
		w.many("b", 5)
		for _, scope := range []string{"", "b-part", "b"} {
			w.sync(w.scoped(scope, true))
			if now := w.frozenPicture(others[5:]...); !strings.Contains(before, now) {
				t.Errorf("pruning a part as %q changed the rest:\n%s", scope, now)
			}
		}
	})
}

// A renamed or moved file is the same document.
func TestMovedFile(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world) {
		w.many("a", 3)
		w.sync(w.scoped("a", true))
		text := w.files.files["a/a01.yaml"]
		w.files.put("a/a01.yaml", "")
		w.files.put("elsewhere/renamed.yaml", text)
		mark := w.mark()
		w.sync(w.scoped("a", true))
		w.quiet(mark, "a moved file")
	})
}

// The daemon deletes what has no document any more, too, and not before two looks.
func TestDaemonDeletes(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world) {
		w.many("a", 3)
		e := w.scoped("a", true)
		stop := w.run(e)
		w.until("all are there", func() bool { return stands(e, "a02", status.Synced)() && stands(e, "a00", status.Synced)() })
		w.files.put("a/a01.yaml", "")
		took := w.until("it is gone", func() bool { return len(w.services()) == 2 })
		if took < 2*time.Second {
			t.Errorf("it went after %s", took)
		}
		w.until("it is forgotten", func() bool { return len(e.Status()) == 2 && len(w.owned("default/a01")) == 0 })
		stop()
		if _, panics, _, _ := w.counts.seen(); panics > 0 {
			t.Errorf("%d panics", panics)
		}
	})
}
