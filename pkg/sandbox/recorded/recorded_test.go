package recorded_test

import (
	"errors"
	"flag"
	"fmt"
	"os"
	"reflect"
	"regexp"
	"slices"
	"sort"
	"strings"
	"testing"

	"github.com/ecs-operator/ecs-operator/pkg/sandbox/recorded"
	"github.com/ecs-operator/ecs-operator/pkg/shape"
)

// difference is one path at which the sandbox's answer is not the recording.
type difference struct{ path, recorded, sandbox string }

func (d difference) String() string {
	return fmt.Sprintf("%s: AWS %s, sandbox %s", d.path, d.recorded, d.sandbox)
}

// result counts what became of the recordings of one kind.
type result struct{ recorded, fed, wrong, equal int }

var update = flag.Bool("update", false, "write the figures in docs/corpus.md anew")

// add feeds one recording and counts it.
func (n *result) add(t *testing.T, f *feeder, a recorded.Answer, used map[*exception]int) {
	n.recorded++
	b, err := f.feed(a)
	if errors.Is(err, errForeign) {
		return
	}
	if err != nil {
		if e := refusal(a.Kind, err.Error()); e != nil {
			used[e]++
			return
		}
		t.Errorf("%s %s: not fed: %v", a.Kind, a, err)
		return
	}
	n.fed++
	differences := compare(a, b)
	wrong := false
	for _, d := range differences {
		if e := excepted(a, d); e != nil {
			used[e]++
			continue
		}
		wrong = true
		t.Errorf("%s %s: %s", a.Kind, a, d)
	}
	if wrong {
		n.wrong++
	}
	if len(differences) == 0 {
		n.equal++
	}
}

// TestTheSandboxAnswersAsAWS feeds what is writable of every recorded answer to
// the sandbox, and compares what the sandbox then describes with the recording.
// Where the recording says what was asked for, that is fed as well: then every
// default is the sandbox's own.
func TestTheSandboxAnswersAsAWS(t *testing.T) {
	root := os.Getenv("ECS_OPERATOR_CORPUS")
	if root == "" {
		t.Skip("ECS_OPERATOR_CORPUS is not set: no recorded answers of AWS to compare")
	}
	answers, unread, err := recorded.Read(os.DirFS(root), recorded.Folders...)
	if err != nil {
		t.Fatal(err)
	}
	for _, u := range unread {
		t.Logf("not read: %s: %s", u.File, u.Why)
	}
	counts := map[string]*result{}
	used := map[*exception]int{}
	if len(answers) == 0 {
		t.Fatal("no recorded answers: the test looks in the wrong place")
	}
	for _, a := range answers {
		for _, declared := range []bool{false, true} {
			if declared && a.Declared == nil {
				continue
			}
			name := a.Kind
			if declared {
				name += ", declared"
			}
			if counts[name] == nil {
				counts[name] = &result{}
			}
			f := newFeeder(t)
			f.declared = declared
			counts[name].add(t, f, a, used)
		}
	}
	for i := range exceptions {
		if e := &exceptions[i]; used[e] == 0 {
			t.Errorf("the exception %s %s matches nothing: strike it", e.kind, e.path)
		}
	}
	page := recorded.Table{Name: "sandbox", Columns: []string{"kind", "recorded", "fed", "equal but for excepted fields", "equal in every field"}}
	for _, kind := range sortedKeys(counts) {
		n := counts[kind]
		page.Rows = append(page.Rows, recorded.Row{Name: kind, Figures: []int{n.recorded, n.fed, n.fed - n.wrong, n.equal}})
	}
	page.Check(t, "../../../docs/corpus.md", *update)
}

func sortedKeys[V any](m map[string]V) []string {
	var out []string
	for k := range m {
		out = append(out, k)
	}
	sort.Strings(out)
	return out
}

// compare flattens both sides and lists the paths that differ, without identity
// and time.
func compare(a recorded.Answer, b both) []difference {
	pad := a.Form == recorded.CloudControl
	want, have := flat(b.recorded, pad), flat(b.answered, pad)
	if r := missing(a, b.recorded); len(r) > 0 {
		for _, p := range r {
			want[p] = "a member that the SDK does not know"
		}
	}
	paths := map[string]bool{}
	for p := range want {
		paths[p] = true
	}
	for p := range have {
		paths[p] = true
	}
	var out []difference
	for _, p := range sortedKeys(paths) {
		w, inWant := want[p]
		h, inHave := have[p]
		if inWant && inHave && w == h || identity(a.Kind, p) {
			continue
		}
		if !inWant {
			w = "nothing"
		}
		if !inHave {
			h = "nothing"
		}
		out = append(out, difference{p, w, h})
	}
	return out
}

// flat is a value as paths of leaves: lists by what names their elements, an
// empty list as a leaf of its own unless it is padding.
func flat(v any, dropEmpty bool) map[string]string {
	out := map[string]string{}
	var walk func(path string, v any)
	walk = func(path string, v any) {
		switch v := v.(type) {
		case map[string]any:
			if len(v) == 0 && !dropEmpty && path != "" {
				out[path] = "{}"
			}
			for k, x := range v {
				walk(shape.Join(path, k), x)
			}
		case []any:
			if len(v) == 0 && !dropEmpty {
				out[path] = "[]"
			}
			for i, x := range v {
				walk(path+"["+elementKey(path, x, i)+"]", x)
			}
		case nil:
		default:
			out[path] = fmt.Sprint(v)
		}
	}
	walk("", shape.Plain(v, nil))
	return out
}

// ordered are lists whose order is meaning: their elements are named by place.
var ordered = regexp.MustCompile(`(^|\.)(command|entryPoint|dnsServers|dnsSearchDomains|placementStrategy|stepAdjustments|actions|defaultActions)$`)

// elementKey names an element of a list by what AWS keeps it by, so that another
// order is no difference.
func elementKey(path string, x any, i int) string {
	if ordered.MatchString(path) {
		return fmt.Sprint(i)
	}
	m, ok := x.(map[string]any)
	if !ok {
		return fmt.Sprint(x)
	}
	for _, k := range []string{"name", "key", "id", "targetGroupArn", "capacityProvider", "containerPort", "sourceVolume", "sourceContainer", "field", "containerName", "expression", "status"} {
		if v, ok := m[k]; ok {
			return fmt.Sprint(v)
		}
	}
	return fmt.Sprint(i)
}

// missing lists members of a recording that the SDK's type has no place for and
// that are not empty.
func missing(a recorded.Answer, rec any) []string {
	if a.Form == recorded.CloudControl {
		return nil // another model: its members are not the API's
	}
	var out []string
	for k, v := range a.Body {
		if _, _, ok := shape.Find(reflect.TypeOf(rec), k); !ok && !empty(v) {
			out = append(out, k)
		}
	}
	slices.Sort(out)
	return out
}

func empty(v any) bool {
	switch v := v.(type) {
	case nil:
		return true
	case string:
		return v == ""
	case []any:
		return len(v) == 0
	case map[string]any:
		return len(v) == 0
	}
	return false
}

// excepted finds the exception for a difference.
func excepted(a recorded.Answer, d difference) *exception {
	for i := range exceptions {
		if e := &exceptions[i]; e.kind == a.Kind && e.refused == "" && (e.form == "" || e.form == a.Form) && glob(e.path, d.path) && (!e.keptOut || keptOut(a, e.path)) &&
			(e.recorded == "" || e.recorded == d.recorded) && (e.sandbox == "" || e.sandbox == d.sandbox) {
			return e
		}
	}
	return nil
}

// keptOut reports whether a recording lacks a member altogether.
func keptOut(a recorded.Answer, path string) bool {
	name, _, _ := strings.Cut(strings.TrimSuffix(path, "[]"), "[")
	for k := range a.Body {
		if strings.EqualFold(k, name) {
			return false
		}
	}
	return true
}

// refusal finds the exception for a recording that AWS would refuse today, too.
func refusal(kind, message string) *exception {
	for i := range exceptions {
		if e := &exceptions[i]; e.kind == kind && e.refused != "" && strings.Contains(message, e.refused) {
			return e
		}
	}
	return nil
}

// glob matches a path against a pattern in which [] stands for any element.
func glob(pattern, path string) bool {
	return pattern == path || pattern == element.ReplaceAllString(path, "[]")
}

var element = regexp.MustCompile(`\[[^\]]*\]`)

// identity is what names a resource or tells when it was made, or counts what
// runs: it cannot be the same in two worlds.
func identity(kind, path string) bool {
	return slices.ContainsFunc(identities[kind], func(p string) bool {
		path := element.ReplaceAllString(path, "[]")
		return path == p || strings.HasPrefix(path, p+".") || strings.HasPrefix(path, p+"[")
	})
}
