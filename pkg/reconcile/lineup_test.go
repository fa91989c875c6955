package reconcile

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ecs"

	"github.com/ecs-operator/ecs-operator/pkg/awsclient"
	"github.com/ecs-operator/ecs-operator/pkg/kinds"
	"github.com/ecs-operator/ecs-operator/pkg/resource"
	"github.com/ecs-operator/ecs-operator/pkg/sandbox"
	"github.com/ecs-operator/ecs-operator/pkg/status"
)

// slowAWS lets every call take 50 ms, and notes when an image was first registered.
type slowAWS struct {
	NoMetrics
	mu         sync.Mutex
	registered map[string]time.Time
	looked     map[string]bool // services that an operator was through with
}

func (s *slowAWS) call(ctx context.Context, c sandbox.Call) *sandbox.Fault {
	rest(ctx, 50*time.Millisecond)
	s.mu.Lock()
	defer s.mu.Unlock()
	if in, ok := c.Input.(*ecs.RegisterTaskDefinitionInput); ok {
		image := aws.ToString(in.ContainerDefinitions[0].Image)
		if _, known := s.registered[image]; !known {
			s.registered[image] = time.Now()
		}
	}
	return nil
}

func (s *slowAWS) at(image string) time.Time {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.registered[image]
}

// Reconciled notes that a pass has ended.
func (s *slowAWS) Reconciled(key resource.UnitKey, _ status.Reason, _ time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.looked[key.Name] = true
}

func (s *slowAWS) forget() {
	s.mu.Lock()
	defer s.mu.Unlock()
	clear(s.looked)
}

func (s *slowAWS) looks() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.looked)
}

// TestAnEditGoesFirst: after a restart, while many services are looked at for the
// first time, within the quotas of an AWS that takes its time, what is edited is
// written before the others have had their turn; so is what was edited while no
// operator ran.
func TestAnEditGoesFirst(t *testing.T) {
	const services = 40
	inWorld(t, func(t *testing.T, w *world) {
		for n := range services {
			w.files.put(fmt.Sprintf("s%d.yaml", n), hello(fmt.Sprintf("s%d", n), "nginx:1.29"))
		}
		before := w.engine()
		stop := w.run(before)
		w.until("all are deployed", func() bool { return before.summary() == fmt.Sprintf("%d services ready", services) })
		stop()

		slow := &slowAWS{registered: map[string]time.Time{}, looked: map[string]bool{}}
		w.spoil(slow.call)
		pool, err := awsclient.New(t.Context(), awsclient.Options{ // with the budgets that everybody has
			Targets:    map[string]awsclient.Target{resource.DefaultTarget: {Region: sandbox.Region}},
			HTTPClient: &http.Client{Transport: w.sandbox.Transport()}, Endpoint: "http://sandbox.invalid", Static: true, AccessKey: operatorKey,
		})
		w.ok(err)
		e := New(Options{Kinds: kinds.All(pool), Rollouts: kinds.NewRollouts(pool), Sections: kinds.Sections(), Source: w.files, AbsenceGrace: 2 * time.Second,
			Metrics: slow})
		w.files.put("s31.yaml", hello("s31", "nginx:2.0"))
		written := func(image, when string) {
			t.Helper()
			began := time.Now()
			w.until(image, func() bool { return !slow.at(image).IsZero() })
			d := slow.at(image).Sub(began)
			t.Logf("%s: written after %s, %d of %d others were looked at", when, d, slow.looks(), services)
			if d > 3*time.Second {
				t.Errorf("%s: an edit is written after %s", when, d)
			}
			if n := slow.looks(); n > services/2 {
				t.Errorf("%s: %d of %d services were looked at before: this shows nothing", when, n, services)
			}
		}
		stop = w.run(e)
		defer func() { stop(); w.sleep(time.Second) }() // calls that nobody waits for any more
		written("nginx:2.0", "edited while no operator ran")
		w.files.put("s17.yaml", hello("s17", "nginx:3.0"))
		written("nginx:3.0", "edited during the first sweep")
		w.until("all were looked at", func() bool { return slow.looks() == services })
		w.sleep(10 * time.Second)
		slow.forget()
		for n := range services { // the world is noisy
			e.Requeue("default", fmt.Sprintf("s%d", n))
		}
		w.sleep(300 * time.Millisecond)
		w.files.put("s7.yaml", hello("s7", "nginx:4.0"))
		written("nginx:4.0", "edited while all are looked at again")
		w.until("calm", func() bool { return e.summary() == fmt.Sprintf("%d services ready", services) })
	})
}

// TestLineup: a unit is in the queue once and with one worker at a time, edits go
// first, the newest before older ones.
func TestLineup(t *testing.T) {
	key := func(name string) resource.UnitKey { return resource.UnitKey{Name: name} }
	q := newLineup(&yield{})
	take := func(onlyEdited bool, want string, edited bool) {
		t.Helper()
		k, ed, shut := q.Next(onlyEdited)
		if k.Name != want || ed != edited || shut {
			t.Errorf("got %s, edited %t, shut %t; want %s, %t", k.Name, ed, shut, want, edited)
		}
	}
	for _, name := range []string{"a", "b", "c", "d", "e", "b"} {
		q.Add(key(name))
	}
	q.Hurry(key("d"), key("c")) // stand in the queue already
	q.Hurry(key("f"))           // does not yet
	q.Add(key("f"))
	q.Hurry()
	if q.Len() != 6 {
		t.Errorf("%d units", q.Len())
	}
	take(true, "f", true)
	take(false, "d", true)
	q.Add(key("d")) // again, while it is worked on
	q.Hurry(key("d"))
	take(false, "c", true)
	take(false, "a", false)
	q.Done(key("d"))
	take(false, "d", true)
	q.Add(key("a"))
	take(false, "b", false)
	q.Done(key("a"))
	take(false, "e", false)
	take(false, "a", false)
	q.Add(key("z"))
	q.ShutDown()
	q.Add(key("y"))
	take(false, "z", false)
	if _, _, shut := q.Next(false); !shut {
		t.Error("is not shut")
	}
	if _, _, shut := q.Next(true); !shut {
		t.Error("is not shut for the worker of edits")
	}
	go func() {
		for _, name := range []string{"a", "b", "c", "d", "e", "f", "z"} {
			q.Done(key(name))
		}
	}()
	q.ShutDownWithDrain()
	if !q.ShuttingDown() || q.Len() != 0 {
		t.Error("is not drained")
	}
}

// TestAHintIsNotLostToAFault: a source that cannot be read when it hints is read again
// soon, and not only at the next resync.
func TestAHintIsNotLostToAFault(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world) {
		w.resync = hour
		w.files.put("a.yaml", hello("a", "nginx:1.29"))
		e := w.engine()
		stop := w.run(e)
		defer func() { stop(); w.sleep(time.Second) }() // calls that nobody waits for any more
		w.until("it is deployed", func() bool { return e.summary() == "1 service ready" })
		slow := &slowAWS{registered: map[string]time.Time{}, looked: map[string]bool{}}
		w.spoil(slow.call)
		w.files.mu.Lock()
		w.files.err = errors.New("connection reset")
		w.files.mu.Unlock()
		w.files.put("a.yaml", hello("a", "nginx:1.30")) // hints
		w.sleep(time.Second)
		w.files.mu.Lock()
		w.files.err = nil
		w.files.mu.Unlock()
		if d := w.until("it is written", func() bool { return !slow.at("nginx:1.30").IsZero() }); d > 3*time.Second {
			t.Errorf("written %s after the fault has ended", d)
		}
		w.until("it is deployed", func() bool { return e.summary() == "1 service ready" })
	})
}
