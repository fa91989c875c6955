package reconcile

import (
	"context"
	"strings"
	"testing"

	"github.com/ecs-operator/ecs-operator/pkg/kinds"
	"github.com/ecs-operator/ecs-operator/pkg/resource"
	"github.com/ecs-operator/ecs-operator/pkg/source"
	"github.com/ecs-operator/ecs-operator/pkg/spec"
	"github.com/ecs-operator/ecs-operator/pkg/status"
)

// offline loads documents with kinds that can reach no AWS.
func offline(t *testing.T, files map[string]string) Loaded {
	t.Helper()
	m := newMemory()
	m.files = files
	l, err := New(Options{Kinds: kinds.All(nil), Sections: kinds.Sections(), Source: m}).Load(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	return l
}

func keys(l Loaded) string {
	var out []string
	for _, u := range l.Units {
		out = append(out, u.Key.TagValue())
	}
	return strings.Join(out, " ")
}

func TestLoad(t *testing.T) {
	good := hello("good", "nginx:1.29")
	alarm := func(name string) string {
		return hello(name, "nginx:1.29", "  alarms:", "    errors: {alarmName: shared, metricName: m, namespace: n, statistic: Sum, period: 60, evaluationPeriods: 1, threshold: 1, comparisonOperator: GreaterThanThreshold}")
	}
	for _, tc := range []struct {
		name     string
		files    map[string]string
		units    string
		frozen   map[string]status.Reason
		message  string
		complete bool
	}{
		{"nothing", nil, "", nil, "", true},
		{"two good ones", map[string]string{"b.yaml": hello("b", "nginx:1"), "a.yaml": hello("a", "nginx:1")}, "default/a default/b", nil, "", true},
		{"not YAML", map[string]string{"good.yaml": good, "bad.yaml": "ecs-operator/v1: [\n"}, "default/good", nil, "not valid YAML", false},
		{"a bad document beside a good one", map[string]string{"good.yaml": good, "bad.yaml": strings.Replace(hello("bad", "nginx"), "desiredCount", "desierdCount", 1)},
			"default/good", map[string]status.Reason{"default/bad": status.InvalidSpec}, "desiredCount", false},
		{"two documents, one identity", map[string]string{"good.yaml": good, "a.yaml": hello("twin", "nginx:1"), "b.yaml": hello("twin", "nginx:2")},
			"default/good", map[string]status.Reason{"default/twin": status.DuplicateIdentity}, "is declared at", false},
		{"two units, one AWS name", map[string]string{"good.yaml": good, "a.yaml": alarm("a"), "b.yaml": alarm("b")},
			"default/good", map[string]status.Reason{"default/a": status.NameConflict, "default/b": status.NameConflict}, "has the AWS name of alarms.errors of default/b", false},
		{"two instances, one AWS name", map[string]string{"a.yaml": alarm("a"),
			"e.yaml": "apiVersion: ecs-operator/v1\nkind: Environment\nmetadata: {name: one}\nspec: {}\n---\napiVersion: ecs-operator/v1\nkind: Environment\nmetadata: {name: two}\nspec: {}\n",
			"p.yaml": "apiVersion: ecs-operator/v1\nkind: ServicePatch\nmetadata: {name: p}\nspec: {service: a, environment: one, patch: {cluster: c1}}\n",
			"q.yaml": "apiVersion: ecs-operator/v1\nkind: ServicePatch\nmetadata: {name: q}\nspec: {service: a, environment: two, patch: {cluster: c2}}\n"},
			"", map[string]status.Reason{"c1/a": status.NameConflict, "c2/a": status.NameConflict}, "of c2/a (q.yaml:4:33)", false},
		{"a shared family", map[string]string{
			"a.yaml": strings.Replace(hello("a", "nginx:1"), "containerDefinitions:", "family: shared\n    containerDefinitions:", 1),
			"b.yaml": strings.Replace(hello("b", "nginx:2"), "containerDefinitions:", "family: shared\n    containerDefinitions:", 1)},
			"default/a default/b", nil, "", true},
		{"one name in two clusters", map[string]string{"a.yaml": hello("a", "nginx:1"), "b.yaml": strings.Replace(hello("a", "nginx:1"), "cluster: default", "cluster: other", 1)},
			"default/a other/a", nil, "", true},
		{"dependsOn in a circle", map[string]string{"good.yaml": good, "a.yaml": hello("a", "nginx:1", "  dependsOn: [b]"), "b.yaml": hello("b", "nginx:1", "  dependsOn: [default/a]"),
			"c.yaml": hello("c", "nginx:1", "  dependsOn: [a]")},
			"default/c default/good", map[string]status.Reason{"default/a": status.InvalidSpec, "default/b": status.InvalidSpec},
			"dependsOn goes round in a circle: a → b → a", false},
		{"somebody else's YAML", map[string]string{"good.yaml": good, "k8s.yaml": "apiVersion: apps/v1\nkind: Deployment\n"}, "default/good", nil, "", true},
	} {
		t.Run(tc.name, func(t *testing.T) {
			l := offline(t, tc.files)
			if got := keys(l); got != tc.units {
				t.Errorf("units %q, want %q; problems %v", got, tc.units, l.Problems)
			}
			if l.Complete != tc.complete {
				t.Errorf("complete %v, want %v; problems %v", l.Complete, tc.complete, l.Problems)
			}
			for identity, reason := range tc.frozen {
				if _, ok := l.Frozen[identity]; !ok || l.frozen(identity).reason != reason {
					t.Errorf("%s: frozen %v as %s, want %s", identity, ok, l.frozen(identity).reason, reason)
				}
			}
			if len(l.Frozen) != len(tc.frozen) {
				t.Errorf("frozen: %v, want %v", l.Frozen, tc.frozen)
			}
			if found := mention(l.Problems, tc.message); tc.message != "" && !found {
				t.Errorf("no problem says %q: %v", tc.message, l.Problems)
			}
			if tc.message == "" && len(l.Problems) > 0 {
				t.Errorf("problems: %v", l.Problems)
			}
		})
	}
}

func mention(problems []spec.Problem, text string) bool {
	for _, p := range problems {
		if strings.Contains(p.String(), text) && p.File != "" {
			return true
		}
	}
	return false
}

func TestDependenciesAreResolved(t *testing.T) {
	l := offline(t, map[string]string{"a.yaml": hello("a", "nginx:1", "  dependsOn: [ledger, other/ledger, ledger]")})
	if len(l.Units) != 1 {
		t.Fatal(l.Problems)
	}
	want := []resource.UnitKey{{Target: "default", Cluster: "default", Name: "ledger"}, {Target: "default", Cluster: "other", Name: "ledger"}}
	if got := l.Units[0].DependsOn; len(got) != 2 || got[0] != want[0] || got[1] != want[1] {
		t.Errorf("depends on %v, want %v", got, want)
	}
}

func TestUnreadFilesMakeAnIncompleteLoad(t *testing.T) {
	m := newMemory()
	m.files["a.yaml"] = hello("a", "nginx:1")
	m.bad = []source.Problem{{Path: "b.yaml", Message: "cannot be read: permission denied"}}
	e := New(Options{Kinds: kinds.All(nil), Sections: kinds.Sections(), Source: m})
	l, err := e.Load(context.Background())
	if err != nil || l.Complete || keys(l) != "default/a" || !mention(l.Problems, "b.yaml: cannot be read: permission denied") {
		t.Errorf("%+v, %v", l, err)
	}
	m.err = errDisk
	if _, err := e.Load(context.Background()); err != errDisk {
		t.Errorf("error %v", err)
	}
}

// A kind that panics over one document freezes that one.
func TestPanicInAKindIsOneDocuments(t *testing.T) {
	m := newMemory()
	m.files["good.yaml"], m.files["bad.yaml"] = hello("good", "nginx:1"), hello("poison", "nginx:1")
	var n counts
	e := New(Options{Kinds: poisoned(kinds.All(nil), "poison"), Sections: kinds.Sections(), Source: m, Metrics: &n})
	l, err := e.Load(context.Background())
	if err != nil || keys(l) != "default/good" || l.frozen("default/poison").reason != status.InternalError {
		t.Errorf("%+v, %v", l, err)
	}
	if _, panics, _, _ := n.seen(); panics != 1 {
		t.Errorf("%d panics counted", panics)
	}
}

// poisoned kinds panic while they complete the named unit.
func poisoned(all []resource.Kind, unit string) []resource.Kind {
	out := make([]resource.Kind, len(all))
	for i, k := range all {
		out[i] = poisonedComplete{k, unit}
	}
	return out
}

type poisonedComplete struct {
	resource.Kind
	unit string
}

func (k poisonedComplete) Complete(f resource.Frame, u *resource.Unit, o *resource.Object) []spec.Problem {
	if u.Key.Name == k.unit && k.Name() == resource.KindService {
		panic("poison")
	}
	return k.Kind.Complete(f, u, o)
}
