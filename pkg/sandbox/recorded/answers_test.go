package recorded_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"
	"unicode/utf16"

	"github.com/ecs-operator/ecs-operator/pkg/sandbox/recorded"
)

func inUTF16(s string) []byte {
	out := []byte{0xff, 0xfe}
	for _, u := range utf16.Encode([]rune(s)) {
		out = append(out, byte(u), byte(u>>8))
	}
	return out
}

// TestForms reads one answer in every form that answers are kept in.
func TestForms(t *testing.T) {
	const group = `{"TargetGroups":[{"TargetGroupName":"web","Port":80}]}`
	files := fstest.MapFS{
		"d/a-plain.json":    {Data: []byte(group)},
		"d/b-placebo.json":  {Data: []byte(`{"status_code":200,"data":{"TargetGroups":[{"TargetGroupName":"web","Port":80,"At":{"__class__":"datetime","year":2020}}]}}`)},
		"d/c-utf16.json":    {Data: inUTF16(group)},
		"d/d-mark.json":     {Data: []byte("\xef\xbb\xbf" + group)},
		"d/e-comment.json":  {Data: []byte("# aws elbv2 describe-target-groups\n# again\n" + group)},
		"d/f-snapshot.json": {Data: []byte(`{"t":{"recorded-content":{"describe":` + strings.Replace(group, "web", "<web:1>", 1) + `}}}`)},
		"d/g-model.json":    {Data: []byte(`{"resource":{"resourceType":"AWS::ElasticLoadBalancingV2::TargetGroup","declared":{"Port":80}},"liveRaw":{"Name":"web","Port":80}}`)},
		"d/h-broken.json":   {Data: []byte(`{"TargetGroups":[`)},
		"d/i-other.json":    {Data: []byte(`{"Clusters":[]}`)},
	}
	answers, unread, err := recorded.Read(files, "d")
	if err != nil {
		t.Fatal(err)
	}
	if len(answers) != 7 || len(unread) != 2 || unread[0].File != "d/h-broken.json" || unread[1].File != "d/i-other.json" {
		t.Fatalf("%v, %v", answers, unread)
	}
	for _, a := range answers {
		g, err := recorded.Decode[struct {
			TargetGroupName string
			Port            int
		}](a)
		if err != nil || g.Port != 80 || !strings.HasPrefix(g.TargetGroupName, "web") {
			t.Errorf("%s: %+v, %v", a, g, err)
		}
	}
}

// reports collects what a table has to say.
type reports struct {
	testing.TB
	errors []string
}

func (r *reports) Helper()                        {}
func (r *reports) Failed() bool                   { return len(r.errors) > 0 }
func (r *reports) Logf(string, ...any)            {}
func (r *reports) Errorf(format string, _ ...any) { r.errors = append(r.errors, format) }

// TestPageIsHeld: a page may say less than there is, and not more.
func TestPageIsHeld(t *testing.T) {
	page := filepath.Join(t.TempDir(), "page.md")
	if err := os.WriteFile(page, []byte("before\n<!-- x -->\n<!-- /x -->\nafter\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	table := func(files, good int) recorded.Table {
		return recorded.Table{Name: "x", Columns: []string{"kind", "files", "good"}, Rows: []recorded.Row{{Name: "a", Figures: []int{files, good}}}}
	}
	table(10, 7).Check(t, page, true)
	if data, err := os.ReadFile(page); err != nil || !strings.Contains(string(data), "| a | 10 | 7 |\n<!-- /x -->\nafter") {
		t.Fatalf("%s, %v", data, err)
	}
	for name, c := range map[string]struct {
		files, good, errors int
	}{"as said": {10, 7, 0}, "better": {10, 8, 0}, "worse": {10, 6, 1}, "other files": {9, 1, 0}} {
		r := &reports{TB: t}
		table(c.files, c.good).Check(r, page, false)
		if len(r.errors) != c.errors {
			t.Errorf("%s: %q", name, r.errors)
		}
	}
}
