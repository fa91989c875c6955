package reconcile

import (
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"time"

	"go.uber.org/zap"

	"github.com/ecs-operator/ecs-operator/pkg/keyed"
	"github.com/ecs-operator/ecs-operator/pkg/resource"
	"github.com/ecs-operator/ecs-operator/pkg/spec"
	"github.com/ecs-operator/ecs-operator/pkg/status"
)

// Defaults of Options.
const (
	DefaultWorkers      = 4
	DefaultResync       = 60 * time.Second
	DefaultAbsenceGrace = 60 * time.Second
	DefaultPoll         = 5 * time.Second
	DefaultWaitTimeout  = 30 * time.Minute
)

// Engine reconciles units. Its methods may be called from several goroutines,
// but a one-shot command (Plan, Inspect, Apply) and Run do not go together.
//
//	Load     what the source says, as units
//	Plan     what would be done, nothing written
//	Inspect  Plan, and the status that goes with it
//	Apply    one reconcile of everything
//	Run      the daemon
//	Retry    lifts a quarantine
//	Status   what the last passes found
type Engine struct {
	o      Options
	whys   *explanations
	byKind map[string]resource.Kind
	log    *zap.Logger
	m      Metrics

	grace    *graceKeeper
	ended    *endedDeployments
	families keyed.Locks // one registration at a time per family
	fights   *fightGuard
	fleet    *fleet
	raises   raiseKeeper
	partSize int                    // of a full pass
	own      atomic.Pointer[string] // ARN of the service that runs this process, once known

	loading sync.Mutex // guards memory
	memory  spec.Memory

	eventMu sync.Mutex // events are told in order, one at a time

	mu       sync.Mutex // guards what follows; never held over a call
	frame    resource.Frame
	status   map[resource.UnitKey]status.Service
	states   headcount[status.State]
	loops    redeployGuard
	synced   map[resource.UnitKey]string         // digest of the document that a unit was last in sync with
	tags     map[resource.ID]string              // quarantines of services that were deleted to be made anew
	loaded   map[resource.UnitKey]*resource.Unit // by the last Load
	names    map[*resource.Unit]awsNames         // of the objects of each of these
	source   sourceState
	censuses map[string]*census // by target, the latest
	judged   *judged            // of the last Load; the lock loading guards it
	// departing is what holds for the units without a document, as last derived.
	departing map[resource.UnitKey]departing
	deletions deletions
	retiring  map[resource.UnitKey]bool   // units that a rollout was seen of
	words     map[resource.UnitKey]word   // what a person has said of units without a document
	unchecked map[resource.UnitKey]string // what was last told of what could not be checked
	stood     map[resource.UnitKey]stood  // how documented services were last seen
	turns     map[string]time.Duration    // what is read in turns, and how often, as last told
	beat      time.Time                   // when the daemon's loop last turned, zero before Run
	ready     bool                        // the daemon's first full pass has ended
	daemon    *daemon                     // nil before Run, and without one
}

// New makes an engine. Kinds are observed in the order given.
func New(o Options) *Engine {
	if o.Workers <= 0 {
		o.Workers = DefaultWorkers
	}
	if o.Resync <= 0 {
		o.Resync = DefaultResync
	}
	if o.AbsenceGrace <= 0 {
		o.AbsenceGrace = DefaultAbsenceGrace
	}
	if o.Poll <= 0 {
		o.Poll = DefaultPoll
	}
	if o.MaxDeletes == (MaxDeletes{}) {
		o.MaxDeletes = DefaultMaxDeletes
	}
	if o.Random == nil {
		o.Random = rand.N[time.Duration]
	}
	if o.Log == nil {
		o.Log = zap.NewNop()
	}
	if o.Metrics == nil {
		o.Metrics = NoMetrics{}
	}
	if o.Frame.Owner == "" {
		o.Frame.Owner = resource.DefaultOwner
	}
	e := &Engine{
		o: o, log: o.Log, m: o.Metrics, frame: o.Frame,
		byKind:   make(map[string]resource.Kind, len(o.Kinds)),
		grace:    newGraceKeeper(o.AbsenceGrace),
		ended:    newEndedDeployments(),
		whys:     newExplanations(),
		fights:   newFightGuard(o.AbsenceGrace),
		fleet:    newFleet(o.MaxRollouts),
		partSize: partSize,
		status:   map[resource.UnitKey]status.Service{},
		tags:     map[resource.ID]string{},
		synced:   map[resource.UnitKey]string{},
		censuses: map[string]*census{},
		turns:    map[string]time.Duration{},
		retiring: map[resource.UnitKey]bool{}, words: map[resource.UnitKey]word{},
		stood: map[resource.UnitKey]stood{},

		unchecked: map[resource.UnitKey]string{},
	}
	for _, k := range o.Kinds {
		e.byKind[k.Name()] = k
	}
	return e
}
