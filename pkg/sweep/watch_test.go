package sweep

import (
	"github.com/ecs-operator/ecs-operator/pkg/sandbox"
)

// watcher holds the invariants after everything that happens in AWS, and before every
// call of an operator.
type watcher struct{ w *world }

// see looks at the world after something happened in it. It runs on the sandbox's
// goroutines, with the world locked.
func (x *watcher) see(v *sandbox.World, event string) {}

// call looks at a call of an operator before it is answered.
func (x *watcher) call(c sandbox.Call) {}

// end looks at the whole case when it is at rest.
func (x *watcher) end() {}
