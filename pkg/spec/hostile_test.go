package spec

import (
	"fmt"
	"strings"
	"testing"
)

// TestAliasBombsNeedTheirGuard: 1 KiB that unfolds to a billion is refused at its
// first anchor. Without that guard a walk of what the aliases mean is ended by the
// limit of nodes only, at a document's worth of work for each; without that, too,
// by nothing. (pkg/source has the repositories with such files.)
func TestAliasBombsNeedTheirGuard(t *testing.T) {
	laughs := "apiVersion: ecs-operator/v1\nkind: Service\na0: &a0 [x,x,x,x,x,x,x,x,x]\n"
	for i := 1; i < 9; i++ {
		laughs += fmt.Sprintf("a%d: &a%d [%s]\n", i, i, strings.TrimSuffix(strings.Repeat(fmt.Sprintf("*a%d,", i-1), 9), ","))
	}
	loop := "apiVersion: ecs-operator/v1\nkind: Service\na: &a [*a]\n"
	merge := "apiVersion: ecs-operator/v1\nkind: Service\nm0: &m0 {k: v}\n"
	for i := 1; i < 20; i++ {
		merge += fmt.Sprintf("m%d: &m%d {<<: [*m%d, *m%d]}\n", i, i, i-1, i-1)
	}
	for name, c := range map[string]struct{ text, with, without string }{
		"a billion laughs":    {laughs, "anchors are not supported", "the document has more than 20000 nodes"},
		"an anchor in itself": {loop, "anchors are not supported", "nested more than 64 deep"},
		"merge keys":          {merge, "merge keys (<<) are not supported", "the document has more than 20000 nodes"},
	} {
		t.Run(name, func(t *testing.T) {
			lax := DefaultLimits
			lax.aliases = true
			for limits, want := range map[Limits]string{DefaultLimits: c.with, lax: c.without} {
				var said []string
				for _, p := range Parse([]File{{Path: "a.yaml", Data: []byte(c.text)}}, nil, Options{Limits: limits}).Problems {
					said = append(said, p.Message)
				}
				all := strings.Join(said, "\n")
				if !strings.Contains(all, want) || limits.aliases && strings.Contains(all, "not supported") {
					t.Errorf("aliases %v: want %s, got %.300s", limits.aliases, want, all)
				}
			}
		})
	}
}
