package main

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/ecs-operator/ecs-operator/pkg/diff"
	"github.com/ecs-operator/ecs-operator/pkg/plan"
)

// owners lists every field of a service's objects with who governs it, for diff -v.
func (d diffText) owners(p plan.Plan) {
	if !d.fields {
		return
	}
	for _, s := range p.Steps {
		if len(s.Fields) == 0 {
			continue
		}
		d.printf("  %s\n", d.p.dim(strings.TrimSpace(kindNoun(s.ID.Kind)+" "+s.ID.Name)+": "+ownerCounts(s.Fields)))
		for _, f := range s.Fields {
			line := fmt.Sprintf("    %-25s %s", f.Owner, specPath(s.Section, f.Path))
			if f.Why != "" {
				line += d.p.dim("   " + f.Why)
			}
			d.printf("%s\n", line)
		}
	}
}

// ownerCounts says how many fields each owner has, the largest share first.
func ownerCounts(fields []diff.Field) string {
	n := map[diff.Owner]int{}
	var owners []diff.Owner
	for _, f := range fields {
		if n[f.Owner] == 0 {
			owners = append(owners, f.Owner)
		}
		n[f.Owner]++
	}
	slices.SortStableFunc(owners, func(a, b diff.Owner) int { return cmp.Or(n[b]-n[a], strings.Compare(string(a), string(b))) })
	var parts []string
	for _, o := range owners {
		parts = append(parts, fmt.Sprintf("%d %s", n[o], o))
	}
	return strings.Join(parts, ", ")
}
