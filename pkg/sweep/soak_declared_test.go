package sweep

import (
	"path"
	"strings"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/ecs-operator/ecs-operator/pkg/kinds"
	"github.com/ecs-operator/ecs-operator/pkg/reconcile"
	"github.com/ecs-operator/ecs-operator/pkg/resource"
	"github.com/ecs-operator/ecs-operator/pkg/sandbox"
)

// declared says whether AWS looks like an empty account to which the documents of the
// end were applied, but for the history of task definitions.
func (s *soak) declared() {
	writes := s.count.Writes
	e := reconcile.New(reconcile.Options{Kinds: kinds.All(s.clients("ecs-operator/diff")), Rollouts: kinds.NewRollouts(s.clients("ecs-operator/diff")), Sections: kinds.Sections(),
		Source: s.source, Frame: resource.Frame{Scope: scope}})
	l, err := e.Load(s.ctx)
	if err != nil {
		s.count.wrong("the documents: %v", err)
		return
	}
	for _, o := range e.Inspect(s.ctx, append(l.Units, e.Departed(s.ctx, l, true)...)) {
		if o.Left > 0 || o.Err != nil {
			s.count.wrong("at the end %s differs: %d steps, %v", o.Status.Name, o.Left, o.Err)
		}
	}
	if s.count.Writes != writes {
		s.count.wrong("a look at the end wrote")
	}
	fresh := &soak{ctx: s.ctx, fleet: s.fleet, source: s.source, count: &soakCount{Faults: map[string]int{}}}
	fresh.aws = sandbox.New(sandbox.Options{Fault: fresh.see})
	fresh.start()
	defer func() { fresh.stop() }()
	if fresh.settles(12*time.Hour) < 0 {
		s.count.wrong("the documents do not settle on an empty account: %.2000v", fresh.unwell())
		return
	}
	if d := cmp.Diff(fresh.looks(), s.looks()); d != "" {
		s.count.wrong("AWS looks otherwise than an account to which the documents were just applied (-fresh +soaked):\n%.4000s", d)
	}
}

// looks is the picture of AWS without what tells how it came to be.
func (s *soak) looks() picture {
	var p picture
	s.aws.View(func(v *sandbox.World) { p = pictureOf(v) })
	for key, text := range p {
		d := s.fleet[path.Base(key)]
		tasks, service := strings.HasPrefix(key, "tasks/"), strings.HasPrefix(key, "service/")
		if strings.HasPrefix(key, "revisions/") || strings.HasPrefix(key, "td/") || (tasks || service) && d == nil || tasks && d.scaled() {
			delete(p, key) // what was, and how many there are where an autoscaler says so
			continue
		}
		p[key] = sourceRevision.ReplaceAllString(text, "mem-any")
		if service && d.scaled() {
			p[key] = scaled.ReplaceAllString(p[key], "")
		}
	}
	return p
}
