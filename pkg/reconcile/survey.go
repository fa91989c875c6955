package reconcile

import (
	"github.com/ecs-operator/ecs-operator/pkg/resource"
	"github.com/ecs-operator/ecs-operator/pkg/spec"
	"github.com/ecs-operator/ecs-operator/pkg/status"
)

// survey shows all units to the kinds whose objects have to do with each other
// across units. What cannot be had together freezes both.
func (l *loading) survey() {
	var units []*resource.Unit
	for _, key := range l.keys() {
		units = append(units, l.byKey[key])
	}
	for _, k := range l.e.o.Kinds {
		s, ok := k.(resource.Surveyor)
		if !ok {
			continue
		}
		for _, c := range s.Survey(units) {
			if c.Fatal {
				l.bad(c.Unit, c.Pos, "%s", c.Message)
				l.out.reasons[c.Unit.String()] = status.NameConflict
				delete(l.byKey, c.Unit)
				continue
			}
			p := at(c.Pos, "%s", c.Message)
			p.Severity, p.Document = spec.Warning, c.Unit.String()
			l.out.Problems = append(l.out.Problems, p)
		}
	}
}
