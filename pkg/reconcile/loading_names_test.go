package reconcile

import (
	"slices"
	"strings"
	"testing"
)

// Names that are written down are read back in their order, the empty and the long too.
func TestNamesAreWrittenDown(t *testing.T) {
	want := []awsName{{}, {"alarm:", "web"}, {"", strings.Repeat("x", 300)}, {"a\x00b", ""}, {"é", "\xff"}}
	var text []byte
	for _, n := range want {
		text = n.append(text)
	}
	var got []awsName
	for rest := awsNames(text); rest != ""; {
		var n awsName
		n, rest = rest.next()
		got = append(got, n)
	}
	if !slices.Equal(got, want) {
		t.Errorf("%q became %q", want, got)
	}
}
