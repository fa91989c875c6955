package sandbox

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"reflect"
	"runtime/debug"
	"sync"
	"sync/atomic"
	"time"

	cwtypes "github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"
	ecsdocument "github.com/aws/aws-sdk-go-v2/service/ecs/document"
	ecstypes "github.com/aws/aws-sdk-go-v2/service/ecs/types"

	"github.com/ecs-operator/ecs-operator/pkg/sandbox/iam"
	"github.com/ecs-operator/ecs-operator/pkg/shape"
)

// Options of a Sandbox. The zero value is a fresh world on the wall clock.
type Options struct {
	// Now is the wall clock, time.Now when nil: inside testing/synctest that is
	// virtual already.
	Now func() time.Time
	// Door is the clock that signatures are held against, time.Now when nil: callers sign
	// with the wall's time, however fast or far away the world lives.
	Door func() time.Time
	// Speed is how many seconds of the world pass in one second of the clock; 0 means 1.
	Speed float64
	// Seed makes ids and failures repeatable. The documented world does not depend on it.
	Seed int64
	// TargetGroups is the quota of target groups in the region, AWS' default of 3,000 when
	// it is 0: whoever has more services than that has had it raised.
	TargetGroups int
	// Fault is asked before every call and may spoil it.
	Fault FaultFunc
	// Watch is shown the world after everything that happens in it, by itself or
	// by a call, and what that was. It must neither change the world nor keep it.
	Watch func(w *World, event string)
	// Logf hears of defects of the sandbox itself; nil drops them.
	Logf func(format string, args ...any)
}

func (o Options) logf(format string, args ...any) {
	if o.Logf != nil {
		o.Logf(format, args...)
	}
}

// Sandbox is one embedded AWS: one account in one region.
type Sandbox struct {
	mu       sync.Mutex
	opts     Options
	world    *World
	journal  journal
	ops      map[string]operation // "ecs.CreateService"
	store    *store               // the state file, nil without one
	dirty    bool                 // the world differs from the state file
	calls    map[string]int       // calls by operation, for fault hooks
	requests atomic.Int64
	born     time.Time     // wall clock at which the world was at bornAt
	bornAt   time.Time     // see born
	skipped  time.Duration // what Advance added
	news     chan struct{} // closed when something was written, for calls that wait

	policies map[string]*iam.Policy // by access key id or role ARN
	refusals []string               // by policies, in IAM's words
}

// World is everything that the embedded AWS remembers; it is what the state
// file holds, so every field of it and below is exported and survives JSON.
type World struct {
	Clock  time.Time        // the world's own time, as far as it was simulated
	Timers timers           // what will happen by itself
	Serial int64            // source of ids
	Seed   int64            // makes ids differ between worlds
	Tokens map[string]token // client tokens, replayed for 24 h

	ECS     ecsWorld
	ELB     elbWorld
	Alarms  alarmWorld
	Scaling scalingWorld
	STS     stsWorld
	Logs    logsWorld
	S3      s3World
	SQS     sqsWorld

	handlers map[string]func(w *World, key string) // by timer kind; code, not memory
	watch    func(w *World, event string)          // Options.Watch
	derived  derived
}

// Constants of the documented world. The README lists them.
const (
	Account = "123456789012"
	Region  = "us-east-1"
)

// New makes a sandbox with the documented world in it.
func New(opts Options) *Sandbox {
	s := build(opts)
	w := newWorld(opts.Seed, s.born)
	w.seedECS()
	w.seedELB()
	w.seedAlarms()
	w.seedScaling()
	s.world = w
	w.ELB.Quota = opts.TargetGroups
	w.watch = opts.Watch
	s.bornAt = w.Clock
	return s
}

// build makes a sandbox without a world.
func build(opts Options) *Sandbox {
	if opts.Now == nil {
		opts.Now = time.Now
	}
	if opts.Door == nil {
		opts.Door = time.Now
	}
	if opts.Speed <= 0 {
		opts.Speed = 1
	}
	return &Sandbox{opts: opts, ops: operationTable(), calls: map[string]int{}, born: opts.Now(), news: make(chan struct{})}
}

func newWorld(seed int64, now time.Time) *World {
	return &World{Clock: now.UTC().Round(0), Seed: seed, Tokens: map[string]token{}, handlers: timerTable()}
}

// The tables are code: all sandboxes share them, and nothing changes them.
var (
	operationTable = sync.OnceValue(allOperations)
	timerTable     = sync.OnceValue(allTimers)
)

func allOperations() map[string]operation {
	ops := map[string]operation{}
	for _, list := range [][]operation{ecsOperations(), elbOperations(), alarmOperations(), scalingOperations(), stsOperations(), taggingOperations(), aroundOperations(), logsReadOperations(), logsGroupOperations(), s3Operations(), sqsOperations()} {
		for _, o := range list {
			ops[o.service+"."+o.name] = o
		}
	}
	return ops
}

func allTimers() map[string]func(*World, string) {
	all := map[string]func(*World, string){}
	for _, m := range []map[string]func(*World, string){ecsTimers(), elbTimers(), alarmTimers(), scalingTimers()} {
		for kind, h := range m {
			all[kind] = h
		}
	}
	return all
}

// now is the world's time: wall time × speed since the world was born or
// opened.
func (s *Sandbox) now() time.Time {
	wall := s.opts.Now().Sub(s.born)
	return s.bornAt.Add(time.Duration(float64(wall) * s.opts.Speed)).Add(s.skipped)
}

// Clock is the world's time.
func (s *Sandbox) Clock() time.Time {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.now()
}

// Advance lets d of world time pass at once, with all that happens in it.
func (s *Sandbox) Advance(d time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.skipped += d
	s.live()
	s.tellNews()
	if err := s.persist(); err != nil {
		s.opts.logf("sandbox: %v", err)
	}
}

// live advances the world outside of a call. A timer that panics is lost, and
// only it.
func (s *Sandbox) live() {
	for {
		if s.liveOnce() {
			return
		}
	}
}

func (s *Sandbox) liveOnce() (done bool) {
	defer func() {
		if p := recover(); p != nil {
			s.opts.logf("sandbox: a timer panicked: %v\n%s", p, debug.Stack())
			s.dirty = true
		}
	}()
	if s.world.advance(s.now()) {
		s.dirty = true
	}
	return true
}

// hexID makes a new id of n hexadecimal digits (at most 64), the same for the
// same seed and history.
func (w *World) hexID(n int) string {
	w.Serial++
	return digest(fmt.Sprint("id", w.Seed, w.Serial))[:n]
}

func digest(s string) string {
	sum := sha256.Sum256([]byte(s))
	return hex.EncodeToString(sum[:])
}

// registry lists the unions and documents in the types that the sandbox speaks;
// a test walks them and fails when an SDK bump brings another.
var registry = sync.OnceValue(func() *shape.Registry {
	return shape.NewRegistry([]shape.Union{
		shape.UnionOf[ecstypes.ServiceConnectContainerConfiguration](&ecstypes.ServiceConnectContainerConfigurationMemberLogLevel{}),
		shape.UnionOf[ecstypes.SharingStrategy](&ecstypes.SharingStrategyMemberNvidiaMps{}),
		shape.UnionOf[ecstypes.GatewayConnectionResources](&ecstypes.GatewayConnectionResourcesMemberHostSharedAlb{}),
		shape.UnionOf[cwtypes.EvaluationCriteria](&cwtypes.EvaluationCriteriaMemberPromQLCriteria{}),
		shape.UnionOf[cwtypes.EvaluationWindow](&cwtypes.EvaluationWindowMemberSlidingWindow{}, &cwtypes.EvaluationWindowMemberWallClockWindow{}),
	}, []shape.Document{{
		Interface: reflect.TypeFor[ecsdocument.Interface](),
		New:       func(plain any) any { return ecsdocument.NewLazyDocument(plain) },
		Plain:     plainDocument,
	}})
})

func plainDocument(doc any) (any, error) {
	raw, err := doc.(ecsdocument.Interface).MarshalSmithyDocument()
	if err != nil {
		return nil, err
	}
	var plain any
	err = json.Unmarshal(raw, &plain)
	return plain, err
}
