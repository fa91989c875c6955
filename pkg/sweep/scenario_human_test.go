package sweep

import (
	"context"
	"fmt"
	"time"

	"github.com/ecs-operator/ecs-operator/pkg/awsclient"
	"github.com/ecs-operator/ecs-operator/pkg/kinds"
	"github.com/ecs-operator/ecs-operator/pkg/reconcile"
	"github.com/ecs-operator/ecs-operator/pkg/resource"
	"github.com/ecs-operator/ecs-operator/pkg/source"
)

// human is somebody who may do everything, beside the operators: with the console, with
// other tools, with the commands of this one. It holds clients and a way to commit, so
// that it acts on an AWS over TCP as well as on one in the process.
type human struct {
	ctx    context.Context
	pool   *awsclient.Pool
	commit func(documents)
	move   func() // the commit of G2, in process
	source func(documents) source.Source
	now    func() time.Time // as AWS has it
	apart  bool             // the operators are processes of their own
}

// aws are clients of the default target.
func (h human) aws() *awsclient.Clients { return h.at(resource.DefaultTarget) }

// at are clients of a target.
func (h human) at(target string) *awsclient.Clients {
	c, err := h.pool.For(h.ctx, target)
	if err != nil {
		panic(err)
	}
	return c
}

// command is the engine of a command that needs no documents, as suspend does not.
func (h human) command() *reconcile.Engine {
	return reconcile.New(reconcile.Options{
		Kinds: kinds.All(h.pool), Rollouts: kinds.NewRollouts(h.pool), Sections: kinds.Sections(), Source: none{},
		Frame: resource.Frame{Scope: scope},
	})
}

// none is a source for what needs no documents.
type none struct{}

func (none) Snapshot(context.Context) (source.Snapshot, error) {
	return source.Snapshot{}, fmt.Errorf("there are no documents here")
}

func (none) Watch(ctx context.Context, _ chan<- struct{}) error {
	<-ctx.Done()
	return nil
}

// human is a person of this world, whose clients learn what AWS' clock says as the
// operators' do.
func (w *world) human() human {
	w.person.Do(func() { w.personal = w.clients(personKey, nil) })
	h := human{ctx: w.ctx, pool: w.personal, commit: func(all documents) { w.files.commit(all, nil) }, move: w.files.move, now: time.Now, apart: w.apart,
		source: func(all documents) source.Source { return &files{all: all, dir: w.apart} }}
	if w.apart {
		h.now = w.aws.Clock
	}
	return h
}
