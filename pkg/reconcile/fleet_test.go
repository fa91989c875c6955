package reconcile

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ecs"
	"github.com/aws/aws-sdk-go-v2/service/ecs/types"

	"github.com/ecs-operator/ecs-operator/pkg/resource"
	"github.com/ecs-operator/ecs-operator/pkg/sandbox"
	"github.com/ecs-operator/ecs-operator/pkg/status"
)

// harbour watches which deployments start in the world, and how many run at once.
// The sandbox calls it on its own goroutines: what it has seen is read by methods.
type harbour struct {
	waves map[string]int // of services; a start needs all of lower waves succeeded

	mu     sync.Mutex
	idle   map[string]bool // services that have nothing to do
	known  map[string]bool
	begun  []string // services, in the order of their deployments
	peak   int
	broken []string
	back   bool // a deployment is being rolled back
}

// harbour begins to watch; what has ended already is no start.
func (w *world) harbour(waves map[string]int) *harbour {
	h := &harbour{waves: waves}
	w.watchBy(h.see)
	return h
}

func (h *harbour) see(v *sandbox.World, _ string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	first := h.known == nil
	if first {
		h.known = map[string]bool{}
	}
	running := 0
	h.back = false
	services := v.ECS.Clusters["default"].Services
	for _, name := range slices.Sorted(maps.Keys(services)) {
		for i, d := range services[name].Deployments {
			arn, last := aws.ToString(d.Deployment.ServiceDeploymentArn), i == len(services[name].Deployments)-1
			if last && !over(d.Deployment.Status) {
				running++
			}
			h.back = h.back || d.Deployment.Status == types.ServiceDeploymentStatusRollbackInProgress
			if h.known[arn] {
				continue
			}
			h.known[arn] = true
			if first && over(d.Deployment.Status) {
				continue
			}
			h.begun = append(h.begun, name)
			for other, wave := range h.waves {
				of := services[other].Deployments
				if wave < h.waves[name] && (!slices.Contains(h.begun, other) && !h.idle[other] || of[len(of)-1].Deployment.Status != types.ServiceDeploymentStatusSuccessful) {
					h.broken = append(h.broken, fmt.Sprintf("%s of wave %d started before %s of wave %d was there", name, h.waves[name], other, wave))
				}
			}
		}
	}
	h.peak = max(h.peak, running)
}

func over(s types.ServiceDeploymentStatus) bool {
	switch s {
	case types.ServiceDeploymentStatusSuccessful, types.ServiceDeploymentStatusStopped,
		types.ServiceDeploymentStatusRollbackSuccessful, types.ServiceDeploymentStatusRollbackFailed:
		return true
	}
	return false
}

// starts are the services of the deployments that started, in their order.
func (h *harbour) starts() []string {
	h.mu.Lock()
	defer h.mu.Unlock()
	return slices.Clone(h.begun)
}

// most is how many deployments ran at once.
func (h *harbour) most() int {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.peak
}

// rollingBack reports whether a deployment is being rolled back now.
func (h *harbour) rollingBack() bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.back
}

// without says which services have nothing to do.
func (h *harbour) without(idle ...string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.idle = map[string]bool{}
	for _, name := range idle {
		h.idle[name] = true
	}
}

// count of starts by service.
func (h *harbour) of(name string) int {
	n := 0
	for _, s := range h.starts() {
		if s == name {
			n++
		}
	}
	return n
}

func (h *harbour) check(t *testing.T) {
	t.Helper()
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, b := range h.broken {
		t.Error(b)
	}
}

func (w *world) ready(o map[string]Outcome, names ...string) {
	w.t.Helper()
	for _, name := range names {
		w.want(o[name], status.StateReady, status.Synced, 0)
	}
}

// why is what the daemon says of a service.
func why(e *Engine, name string) string {
	for _, s := range e.Status() {
		if s.Name == name {
			return string(s.Reason) + ": " + s.Why
		}
	}
	return ""
}

func inWave(n int) string { return fmt.Sprintf("  policy: {wave: %d}", n) }

// The services of a wave come after all of the waves below, however they are
// reconciled; one that has nothing to do keeps nobody waiting.
func TestWaves(t *testing.T) {
	waves := map[string]int{"canary": -1, "web": 0, "api": 0, "batch": 5}
	all := []string{"canary", "web", "api", "batch"}
	inWorld(t, func(t *testing.T, w *world) {
		put := func(image string) {
			for name, wave := range waves {
				w.files.put(name+".yaml", hello(name, image, inWave(wave)))
			}
		}
		put("nginx:1.29")
		h := w.harbour(nil) // the services are made one by one: nothing stands to be asked
		e := w.engine()
		o := w.apply(e, ApplyOptions{})
		w.want(o["canary"], status.StateProgressing, status.RolloutInProgress, 0)
		w.want(o["batch"], status.StateProgressing, status.WaveWaiting, 1)
		if got, want := o["web"].Status.Why, "waits for wave -1: canary (RolloutInProgress)"; got != want {
			t.Errorf("web: %q, want %q", got, want)
		}
		if n := w.done("CreateService"); n != 1 {
			t.Errorf("%d services were made, want the canary alone", n)
		}
		w.ready(w.wait(e), all...)
		if got := strings.Join(h.starts(), " "); got != "canary api web batch" && got != "canary web api batch" {
			t.Errorf("deployments: %s", got)
		}

		h = w.harbour(waves)
		put("nginx:1.30")
		w.ready(w.wait(w.engine()), all...)
		h.check(t)
		if len(h.starts()) != len(all) {
			t.Errorf("deployments: %v", h.starts())
		}

		d := w.engine()
		defer w.run(d)()
		w.until("everything is seen", func() bool { return w.told(EventPass, "4 services ready") > 0 })
		h = w.harbour(waves)
		put("nginx:1.31")
		for _, name := range all {
			w.until(name, func() bool { return h.of(name) == 1 })
		}
		w.until("ready", func() bool { return stands(d, "batch", status.Synced)() && stands(d, "web", status.Synced)() })
		h.check(t)
		if len(h.starts()) != len(all) {
			t.Errorf("deployments: %v", h.starts())
		}

		h.without("canary", "web", "api")
		w.files.put("batch.yaml", hello("batch", "nginx:1.32", inWave(5)))
		if took := w.until("the last wave alone", func() bool { return h.of("batch") == 2 }); took > time.Second {
			t.Errorf("it started after %s, though nothing was to be done before", took)
		}
	})
}

// A wave that fails stops the rest, and says where; what costs no deployment is
// healed in the others meanwhile. A revert sets everything right.
func TestAFailingWaveStopsTheRest(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world) {
		waves := map[string]int{"canary": 0, "web": 1, "batch": 2}
		put := func(image string) {
			for name, wave := range waves {
				w.files.put(name+".yaml", hello(name, image, inWave(wave)))
			}
		}
		put("nginx:1.29")
		w.wait(w.engine())
		h := w.harbour(waves)
		put("nginx:crash")
		for range 2 { // a second process finds the same
			o := w.wait(w.engine())
			w.want(o["canary"], status.StateStalled, status.RolledBack, 5)
			w.want(o["web"], status.StateStalled, status.WaveFailed, 1)
			w.want(o["batch"], status.StateStalled, status.WaveFailed, 1)
			if got := o["batch"].Status.Why; got != "wave 0 stands still at canary (RolledBack): nothing of a later wave is deployed before that is mended" {
				t.Errorf("batch: %s", got)
			}
		}
		_, err := w.person().Write.ECS.UpdateService(t.Context(), &ecs.UpdateServiceInput{
			Cluster: aws.String("default"), Service: aws.String("web"), DesiredCount: aws.Int32(1)})
		w.ok(err)
		w.want(w.wait(w.engine())["web"], status.StateStalled, status.WaveFailed, 1)
		if n := w.service("web").DesiredCount; n != 2 {
			t.Errorf("the count of web is %d: its drift was not healed", n)
		}
		if h.of("web") != 0 || h.of("batch") != 0 {
			t.Errorf("deployments: %v", h.starts())
		}

		put("nginx:1.29")
		w.ready(w.wait(w.engine()), "canary", "web", "batch")
		if len(h.starts()) != 1 {
			t.Errorf("deployments: %v, want the bad one alone: the revert finds what runs", h.starts())
		}
		put("nginx:1.30")
		w.ready(w.wait(w.engine()), "canary", "web", "batch")
	})
}

// A bad base image in a fleet of 200 touches one wave.
func TestFleetWithABadBaseImage(t *testing.T) {
	t.Parallel()
	n := 200
	if testing.Short() {
		n = 24
	}
	inWorld(t, func(t *testing.T, w *world) {
		w.slots = 10
		waves := map[string]int{}
		put := func(image string) {
			for i := range n {
				name, wave := fmt.Sprintf("s%03d", i), 0
				switch {
				case i >= n/4:
					wave = 2
				case i >= n/20:
					wave = 1
				}
				waves[name] = wave
				w.files.mu.Lock()
				w.files.files[name+".yaml"] = strings.Replace(hello(name, image, inWave(wave)), "desiredCount: 2", "desiredCount: 1", 1)
				w.files.mu.Unlock()
			}
			w.files.put("note.txt", image)
		}
		put("nginx:1.29")
		for name, o := range w.apply(w.engine(), ApplyOptions{Wait: true, Timeout: 24 * time.Hour}) {
			if o.Status.Reason != status.Synced {
				t.Fatalf("%s is %s: %s", name, o.Status.Reason, o.Status.Why)
			}
		}
		h := w.harbour(waves)
		put("nginx:crash")
		e := w.engine()
		stop := w.run(e)
		w.sleep(hour / 2)
		stop()
		e = w.engine() // and after a restart
		defer w.run(e)()
		w.sleep(hour / 2)
		touched := map[string]int{}
		for _, name := range h.starts() {
			touched[name]++
			if waves[name] != 0 {
				t.Errorf("%s of wave %d was touched", name, waves[name])
			}
		}
		for name, times := range touched {
			if times != 1 {
				t.Errorf("%s was deployed %d times", name, times)
			}
		}
		if len(touched) != n/20 {
			t.Errorf("%d services were touched, want the %d of the first wave", len(touched), n/20)
		}
		if !strings.HasPrefix(why(e, fmt.Sprintf("s%03d", n-1)), "WaveFailed: wave 0 stands still at s000") {
			t.Errorf("the last says: %s", why(e, fmt.Sprintf("s%03d", n-1)))
		}
		if h.most() > w.slots {
			t.Errorf("%d deployments at once", h.most())
		}
	})
}

// No more deployments run at once than may, whoever started them and whoever
// watches them; who asked first goes first, and all get their turn.
func TestMaxConcurrentRollouts(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world) {
		w.slots = 3
		var names []string
		put := func(image string) {
			names = nil
			for i := range 10 {
				names = append(names, fmt.Sprintf("s%d", i))
				w.files.put(names[i]+".yaml", hello(names[i], image))
			}
		}
		put("nginx:1.29")
		h := w.harbour(nil)
		o := w.apply(w.engine(), ApplyOptions{})
		busy := 0
		for _, out := range o {
			if out.Status.Reason == status.ConcurrencyLimit {
				busy++
				w.want(out, status.StateProgressing, status.ConcurrencyLimit, 1)
			}
		}
		if busy != 7 {
			t.Errorf("%d services wait, want 7", busy)
		}
		w.ready(w.wait(w.engine()), names...) // another process counts those of the first
		if h.most() != 3 || len(h.starts()) != 10 {
			t.Errorf("%d deployments at once, %d in all: %v", h.most(), len(h.starts()), h.starts())
		}

		h = w.harbour(nil)
		e := w.engine()
		stop := w.run(e)
		w.until("everything is seen", func() bool { return w.told(EventPass, "10 services ready") > 0 })
		put("nginx:1.30")
		w.until("some run", func() bool { return len(h.starts()) >= 3 })
		if got := why(e, "s9"); len(h.starts()) == 3 && !strings.HasPrefix(got, "ConcurrencyLimit: 3 of at most 3 rollouts run (") {
			t.Errorf("s9 says: %s", got)
		}
		stop()
		e = w.engine()
		defer w.run(e)()
		w.until("all are deployed", func() bool { return len(h.starts()) == 10 })
		for _, name := range names {
			w.until(name, stands(e, name, status.Synced))
			if n := h.of(name); n != 1 {
				t.Errorf("%d deployments of %s", n, name)
			}
		}
		if h.most() > 3 {
			t.Errorf("%d deployments at once", h.most())
		}
	})
}

// The queue is fair: who waits is not overtaken by who asks later.
func TestSlotsAreGivenInOrder(t *testing.T) {
	f := newFleet(1)
	var units []*resource.Unit
	for _, name := range []string{"a", "b", "c", "d"} {
		units = append(units, &resource.Unit{Key: resource.UnitKey{Target: "default", Cluster: "default", Name: name}})
	}
	f.enrol(units)
	if r, why := f.turn(units[0], resource.Live{Presence: resource.Present}); r != status.ConcurrencyLimit || !strings.Contains(why, "4 services have not been read yet") {
		t.Errorf("before anything was read: %s %s", r, why)
	}
	for _, u := range units {
		f.berths[u.Key].read = true
	}
	turn := func(i int) bool { r, _ := f.turn(units[i], resource.Live{Presence: resource.Present}); return r == "" }
	if !turn(0) || turn(2) || turn(1) || turn(3) {
		t.Fatal("one slot, and not one deployment")
	}
	f.berths[units[0].Key].running = false
	if turn(1) || turn(3) || !turn(2) {
		t.Error("c asked first, and it was not its turn")
	}
	if !turn(2) {
		t.Error("what runs may be replaced by its newest content")
	}
	f.enrol(units[:2]) // c and d are gone
	if turn(0) || !turn(1) {
		t.Error("b is next when c is gone")
	}
}

// A service that depends on another comes after that one's newest content, also
// when both change at once.
func TestDependsOnTheNewestContent(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world) {
		put := func(image string) {
			w.files.put("app.yaml", hello("app", image, "  dependsOn: [ledger]"))
			w.files.put("ledger.yaml", hello("ledger", image))
		}
		put("nginx:1.29")
		w.wait(w.engine())
		e := w.engine()
		defer w.run(e)()
		w.until("everything is seen", func() bool { return w.told(EventPass, "2 services ready") > 0 })
		for _, image := range []string{"nginx:1.30", "nginx:1.31", "nginx:1.32"} {
			h := w.harbour(map[string]int{"ledger": 0, "app": 1})
			w.files.mu.Lock() // one commit
			w.files.files["app.yaml"] = hello("app", image, "  dependsOn: [ledger]")
			w.files.mu.Unlock()
			w.files.put("ledger.yaml", hello("ledger", image))
			w.until("both", func() bool { return h.of("app") == 1 && h.of("ledger") == 1 })
			w.until("ready", stands(e, "app", status.Synced))
			h.check(t)
		}
	})
}

func TestDependsOnALaterWave(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world) {
		w.files.put("app.yaml", hello("app", "nginx:1.29", "  dependsOn: [ledger]"))
		w.files.put("ledger.yaml", hello("ledger", "nginx:1.29", inWave(1)))
		l := w.load(w.engine())
		if got := l.Frozen["default/app"].Message; !strings.Contains(got, "dependsOn ledger, which is of wave 1 and waits for wave 0 of this one") || len(l.Units) != 1 {
			t.Errorf("%d units; app: %q", len(l.Units), got)
		}
	})
}

// When an account becomes known, a service of it waits until the others were looked at
// again: a deployment of theirs may run. One that still cannot be read holds up nobody.
func TestSlotAfterNothingCouldBeRead(t *testing.T) {
	f := newFleet(1)
	var units []*resource.Unit
	for _, name := range []string{"a", "b"} {
		units = append(units, &resource.Unit{Key: resource.UnitKey{Target: "default", Cluster: "default", Name: name}})
	}
	f.enrol(units)
	there, unread := resource.Live{Presence: resource.Present}, resource.Live{}
	for _, u := range units {
		f.berths[u.Key].read = true
		f.looked(f.berths[u.Key], unread)
	}
	if r, why := f.turn(units[0], there); r != status.ConcurrencyLimit || !strings.Contains(why, "1 services have not been read yet") {
		t.Errorf("while b was not looked at again: %q %s", r, why)
	}
	f.looked(f.berths[units[1].Key], unread)
	if r, why := f.turn(units[0], there); r != "" {
		t.Errorf("b cannot be read, and holds a up: %s %s", r, why)
	}
}
