package reconcile

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/ecs-operator/ecs-operator/pkg/resource"
)

// rotations tells the log and the metrics how often what takes turns is read, when
// that is new or has moved by a quarter. A fleet that is read whole has none.
func (e *Engine) rotations(targets []string) {
	for _, target := range targets {
		var words []string
		news := false
		for _, k := range e.o.Kinds {
			r, ok := k.(resource.Rotating)
			if !ok {
				continue
			}
			for _, one := range r.Rotations(target) {
				period := one.Period(e.o.Resync).Round(time.Second)
				words = append(words, fmt.Sprintf("%s every %s", one.What, period))
				news = e.rotates(target+" "+one.What, period) || news
				e.m.Rotation(target, one.What, period)
			}
		}
		if news {
			slices.Sort(words)
			e.log.Sugar().Infow("read in turns, beside what every sweep reads: "+strings.Join(words, ", "), "target", target)
		}
	}
}

// rotates remembers a period as told, and reports whether it is worth telling.
func (e *Engine) rotates(what string, period time.Duration) bool {
	e.mu.Lock()
	defer e.mu.Unlock()
	before := e.turns[what]
	if before != 0 && (period-before).Abs()*4 <= before {
		return false
	}
	e.turns[what] = period
	return true
}
