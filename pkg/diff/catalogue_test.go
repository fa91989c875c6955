package diff_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/ecs-operator/ecs-operator/pkg/diff"
)

const small = `
# a comment
image       arn       absent            new deployment   Input.Image
cpu         caseless  default "256"     -                Input.Cpu
count       -         inherits [1, 2]   -                nobody's
family      -         ignored           -                how it is looked up
containers  by name   absent            -                Input.Containers
containers[].essential  -  default true later  -  learnt last

[when big]
cpu         -         default "4096"    -                Input.Cpu: big
count       -         default 3         -                Input.Count: big
`

func catalogue(t *testing.T, text string) *diff.Catalogue {
	t.Helper()
	c, err := diff.ParseCatalogue("x.rules", text)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func TestCatalogue(t *testing.T) {
	c := catalogue(t, small)
	r, big := c.Rules(), c.Rules("big")
	live := &input{Image: p("x"), Cpu: p("512"), Count: p(int32(7)), Family: p("f"), Exec: true}
	for name, tc := range map[string]struct {
		r    diff.Rules
		a    diff.Args
		want []string
	}{
		"unwritten": {r, diff.Args{Want: &input{}, Live: live, InputChanged: true}, []string{
			`remove count 7 → null (none, drift) only shown`,
			`replace cpu "512" → "256" (in place, default)`,
			`remove exec true → null (none, drift) only shown`, // has no line
			`remove image "x" → null (new deployment, default)`}},
		"a variant": {big, diff.Args{Want: &input{}, Live: &input{Cpu: p("512"), Count: p(int32(7))}, InputChanged: true}, []string{
			`replace count 7 → 3 (in place, default)`, `replace cpu "512" → "4096" (in place, default)`}},
		"usual":         {r, diff.Args{Want: &input{}, Live: &input{Count: p(int32(2))}, InputChanged: true}, nil},
		"a name":        {r, diff.Args{Want: &input{Image: p("r")}, Live: &input{Image: p("arn:aws:iam::1:role/a/r")}}, nil},
		"an ARN":        {r, diff.Args{Want: &input{Image: p("arn:aws:iam::1:role/r")}, Live: &input{Image: p("r")}}, nil},
		"another name":  {r, diff.Args{Want: &input{Image: p("q")}, Live: &input{Image: p("arn:aws:iam::1:role/r")}}, []string{`replace image "arn:aws:iam::1:role/r" → "q" (new deployment, spec)`}},
		"other account": {r, diff.Args{Want: &input{Image: p("arn:aws:iam::2:role/r")}, Live: &input{Image: p("arn:aws:iam::1:role/r")}}, []string{`replace image "arn:aws:iam::1:role/r" → "arn:aws:iam::2:role/r" (new deployment, spec)`}},
		"no case":       {r, diff.Args{Want: &input{Cpu: p("A")}, Live: &input{Cpu: p("a")}}, nil},
		"case":          {r, diff.Args{Want: &input{Image: p("A")}, Live: &input{Image: p("a")}}, []string{`replace image "a" → "A" (new deployment, spec)`}},
	} {
		got := lines(tc.r.Compare(tc.a))
		if d := cmp.Diff(sorted(tc.want), sorted(got)); d != "" {
			t.Errorf("%s (-want +got):\n%s", name, d)
		}
	}
}

// TestLaterDefaultsAreNotHashed: what was written before a default was known has
// the hash that it had.
func TestLaterDefaultsAreNotHashed(t *testing.T) {
	c := catalogue(t, small)
	r := c.Rules()
	in := &input{Containers: []container{{Name: p("a"), Essential: p(true)}}, Cpu: p("256")}
	if got := string(r.Canonical(in)); got != `{"containers":[{"essential":true,"name":"a"}]}` {
		t.Error(got)
	}
	live := &input{Containers: []container{{Name: p("a")}}, Cpu: p("256")}
	if got := r.Compare(diff.Args{Want: in, Live: live}); len(got) != 0 {
		t.Errorf("%v", got)
	}
}

// TestCatalogueErrors: every wrong line is told, with its number.
func TestCatalogueErrors(t *testing.T) {
	_, err := diff.ParseCatalogue("x.rules", strings.Join([]string{
		"a  -  absent  in place",
		"b  list  absent  in place  source",
		"c  -  absent  sometimes  source",
		"d  -  default  in place  source",
		"e  -  default nope  in place  source",
		"f  -  inherits 3  in place  source",
		"g  -  absent 3  in place  source",
		"h  -  optional  in place  source",
		"i  -  absent  in place  source",
		"i  -  absent  in place  source",
	}, "\n"))
	if err == nil {
		t.Fatal("no error")
	}
	want := []string{
		"x.rules:1: 4 columns, want five, two or more spaces apart: path, compared, not written, a change is, source",
		`x.rules:2: "list" is no way to compare: set, sequence, by MEMBER, arn, caseless or -`,
		`x.rules:3: "sometimes" is no effect`,
		`x.rules:4: "" is no JSON value`,
		`x.rules:5: "nope" is no JSON value`,
		`x.rules:6: "3" is no list of usual values`,
		"x.rules:7: absent takes no value",
		`x.rules:8: "optional" is no class: default VALUE, absent, members, inherits, ignored, needed, identity or frame`,
		"x.rules:10: i stands in line 9 already",
	}
	if d := cmp.Diff(want, strings.Split(err.Error(), "\n")); d != "" {
		t.Errorf("(-want +got):\n%s", d)
	}
}

func sorted(s []string) []string {
	out := append([]string{}, s...)
	slices.Sort(out)
	return out
}
