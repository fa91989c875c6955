package reconcile

import (
	"context"
	"regexp"
	"slices"

	"go.uber.org/zap"

	"github.com/ecs-operator/ecs-operator/pkg/source"
	"github.com/ecs-operator/ecs-operator/pkg/spec"
)

// outage is why the source gives no documents, as it was told; the zero value is
// none.
type outage struct {
	gist string
	told spec.Problem
}

// numbers are what one and the same failure says anew each time: ports, requests,
// milliseconds.
var numbers = regexp.MustCompile(`[0-9A-Fa-f-]*[0-9][0-9A-Fa-f-]*`)

// tellSource tells why the source gives no documents, and what that means: once,
// and again when the reason is another. What was told of the documents in force holds
// meanwhile.
func (d *daemon) tellSource(ctx context.Context, err error) {
	if ctx.Err() != nil {
		return
	}
	gist := err.Error()
	if !source.Refused(err) { // each refused commit is told
		gist = numbers.ReplaceAllString(gist, "#")
	}
	d.mu.Lock()
	if d.outage.gist != gist {
		so := "the last documents stay in force"
		if !d.took {
			so = "nothing is in force yet"
		}
		d.outage = outage{gist, spec.Problem{File: source.Whole, Message: "cannot be read, " + so + ": " + err.Error()}}
	}
	problems := append(slices.Clone(d.loaded.Problems), d.outage.told)
	d.mu.Unlock()
	d.tellProblems(problems)
	d.e.log.Debug("the source cannot be read", zap.Error(err))
}

// inForce: there are documents.
func (d *daemon) inForce() bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.took
}
