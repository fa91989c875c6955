package reconcile

import (
	"fmt"
	"net/http"
	"reflect"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/ecs-operator/ecs-operator/pkg/awsclient"
	"github.com/ecs-operator/ecs-operator/pkg/kinds"
	"github.com/ecs-operator/ecs-operator/pkg/lint"
	"github.com/ecs-operator/ecs-operator/pkg/resource"
	"github.com/ecs-operator/ecs-operator/pkg/sandbox"
	"github.com/ecs-operator/ecs-operator/pkg/source"
)

// loads make an engine that only reads documents.
func loads(t testing.TB) func() *Engine {
	pool, err := awsclient.New(t.Context(), awsclient.Options{
		Targets:    map[string]awsclient.Target{resource.DefaultTarget: {Region: sandbox.Region}},
		HTTPClient: http.DefaultClient, Endpoint: "http://sandbox.invalid", Static: true, Unlimited: true,
	})
	if err != nil {
		t.Fatal(err)
	}
	return func() *Engine {
		return New(Options{Kinds: kinds.All(pool), Sections: kinds.Sections(), Lint: lint.Check})
	}
}

// snapshotOf is a snapshot of files, empty ones left out.
func snapshotOf(revision string, files map[string]string) source.Snapshot {
	s := source.Snapshot{Revision: revision, Complete: true}
	for _, name := range sorted(files) {
		if files[name] != "" {
			s.Files = append(s.Files, source.NewFile(name, []byte(files[name])))
		}
	}
	return s
}

// forms are what may become of each file: edits of the service itself, of what other
// documents put into it, mistakes, and names that others have.
func forms(t *rapid.T, n int) string {
	const arn = "arn:aws:elasticloadbalancing:us-east-1:123456789012:listener/app/lb0/0123456789abcdef/0123456789abcdef"
	text := fleetMember(n, []string{arn})
	switch rapid.IntRange(0, 12).Draw(t, "form") {
	case 0:
		return ""
	case 1:
		return "not: ours\n"
	case 2:
		return strings.Replace(text, "nginx:1.29", fmt.Sprintf("nginx:2.%d", rapid.IntRange(0, 9).Draw(t, "tag")), 1)
	case 3:
		return strings.Replace(text, "launchType", "launchTyp", 1)
	case 4:
		return strings.Replace(text, fmt.Sprintf("name: s%d}", n), "name: s0}", 1)
	case 5: // the AWS name of another
		return strings.Replace(text, "  service:\n", "  service:\n    serviceName: s1\n", 1)
	case 6: // its rule's priority
		return strings.Replace(text, "priority: ", "priority: 1 # ", 1)
	case 7:
		return strings.Replace(text, "spec:\n", "spec:\n  environment: prod\n", 1)
	case 8:
		return strings.Replace(text, "spec:\n", fmt.Sprintf("spec:\n  dependsOn: [s%d]\n", rapid.IntRange(0, 3).Draw(t, "needs")), 1)
	case 9:
		return "# moved down\n\n" + text
	case 10:
		return strings.Replace(text, "cpu: \"256\"", "cpu: \"257\"", 1) // not what Fargate has
	case 11:
		return text + "---\n" + strings.ReplaceAll(fleetMember(n+10, []string{arn}), "launchType: FARGATE", "launchType: EC2")
	}
	return text
}

// surroundingForms are an Environment and a patch.
func surroundingForms(t *rapid.T) (string, string) {
	env := rapid.SampledFrom([]string{"",
		"apiVersion: ecs-operator/v1\nkind: Environment\nmetadata: {name: prod}\nspec:\n  defaults: {cluster: main}\n",
		"apiVersion: ecs-operator/v1\nkind: Environment\nmetadata: {name: prod}\nspec:\n  defaults: {cluster: main, service: {propagateTags: SERVICE}}\n",
		"apiVersion: ecs-operator/v1\nkind: Environment\nmetadata: {name: prod}\nspec: {nothing: 1}\n",
	}).Draw(t, "environment")
	patch := rapid.SampledFrom([]string{"", "",
		"apiVersion: ecs-operator/v1\nkind: ServicePatch\nmetadata: {name: p}\nspec:\n  service: s2\n  environment: prod\n  patch: {service: {healthCheckGracePeriodSeconds: 9}}\n",
		"apiVersion: ecs-operator/v1\nkind: ServicePatch\nmetadata: {name: p}\nspec:\n  service: nobody\n  environment: prod\n  patch: {}\n",
	}).Draw(t, "patch")
	return env, patch
}

// TestALoadAfterEditsIsAFullLoad: whatever is edited in which order, an engine that
// remembers gives units, problems with their positions and everything else as one
// that reads all of it for the first time.
func TestALoadAfterEditsIsAFullLoad(t *testing.T) {
	engine := loads(t)
	again, all := 0, 0
	rapid.Check(t, func(t *rapid.T) {
		files := map[string]string{}
		for n := range 4 {
			files[fmt.Sprintf("s%d.yaml", n)] = forms(t, n)
		}
		remembers := engine()
		kept := map[*resource.Unit]bool{}
		for step := range rapid.IntRange(2, 6).Draw(t, "edits") {
			if rapid.IntRange(0, 3).Draw(t, "what") == 0 {
				files["a-env.yaml"], files["z-patch.yaml"] = surroundingForms(t)
			} else {
				n := rapid.IntRange(0, 3).Draw(t, "file")
				files[fmt.Sprintf("s%d.yaml", n)] = forms(t, n)
			}
			snap := snapshotOf(fmt.Sprintf("r%d", step), files)
			got, want := remembers.digest(snap), engine().digest(snap)
			for _, u := range got.Units {
				if all++; kept[u] {
					again++
				}
				kept[u] = true
			}
			if got, want = unpacked(got), unpacked(want); !reflect.DeepEqual(got, want) {
				for i := range max(len(got.Units), len(want.Units)) {
					if i >= len(got.Units) || i >= len(want.Units) || !reflect.DeepEqual(got.Units[i], want.Units[i]) {
						t.Logf("unit %d differs", i)
					}
				}
				if !slices.Equal(got.Problems, want.Problems) {
					t.Logf("problems %v\nwant %v", got.Problems, want.Problems)
				}
				t.Fatalf("step %d: remembered %+v\nread anew %+v", step, got, want)
			}
		}
	})
	if again*10 < all*2 {
		t.Errorf("%d of %d units came from memory: this shows nothing", again, all)
	}
}

// unpacked is a load whose units are not packed: which of them was looked into makes no
// difference.
func unpacked(l Loaded) Loaded {
	l.Units = slices.Clone(l.Units)
	for i, u := range l.Units {
		l.Units[i] = u.With(u.Objects()...)
	}
	return l
}

// BenchmarkLoadAfterAnEdit is what one edit of a thousand documents costs until the
// units are there, the source's part left out.
func BenchmarkLoadAfterAnEdit(b *testing.B) {
	e := loads(b)()
	files := map[string]string{}
	const arn = "arn:aws:elasticloadbalancing:us-east-1:123456789012:listener/app/lb%d/0123456789abcdef/0123456789abcdef"
	var arns []string
	for n := range 10 {
		arns = append(arns, fmt.Sprintf(arn, n))
	}
	for n := range 1000 {
		files[fmt.Sprintf("s%d.yaml", n)] = fleetMember(n, arns)
	}
	d := newDaemon(e)
	defer d.queue.ShutDown()
	d.take(e.digest(snapshotOf("r", files)), false)
	n := 0
	b.ReportAllocs()
	for b.Loop() {
		n++
		name := fmt.Sprintf("s%d.yaml", n%1000)
		files[name] = strings.Replace(fleetMember(n%1000, arns), "nginx:1.29", fmt.Sprintf("nginx:2.%d", n), 1)
		d.take(e.digest(snapshotOf(fmt.Sprint(n), files)), false)
	}
}
