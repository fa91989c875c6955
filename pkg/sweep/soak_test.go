package sweep

import (
	"encoding/json"
	"flag"
	"fmt"
	"runtime"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/goleak"

	"github.com/ecs-operator/ecs-operator/pkg/status"
)

// Of suite E; -results is as for suite A.
var (
	soakServices = flag.Int("soak-services", 6, "suite E: how many services there are")
	soakDays     = flag.Int("soak-days", 2, "suite E: how many virtual days they live; the second of three is quiet")
	soakResync   = flag.Duration("soak-resync", time.Hour, "suite E: how often everything is compared; what the program does every minute costs hours of a processor in a week")
	soakFaults   = flag.Float64("soak-faults", 0.01, "suite E: the share of calls that meet a fault")
	soakSeed     = flag.Uint64("soak-seed", 1, "suite E: what happens")
)

// soakCount is what suite E tells.
type soakCount struct {
	Suite    string         `json:"suite"`
	Commit   string         `json:"commit"`
	Services int            `json:"services"`
	Resync   string         `json:"resync"`
	Seed     uint64         `json:"seed"`
	Hours    float64        `json:"hours"` // virtual
	Passes   int            `json:"passes"`
	Calls    int            `json:"calls"`  // of the operator
	Writes   int            `json:"writes"` // of those
	Faults   map[string]int `json:"faults"` // by kind, and how many
	Commits  int            `json:"commits"`
	Edits    int            `json:"edits"` // by people, behind the operator's back
	Days     []soakDay      `json:"days"`
	// Slope is how much the operator's heap grows in a day, as a share of it: a line
	// through all evenings after the first. Aged and New are the operator at the end, and
	// one that was just started in the same AWS.
	Slope      float64  `json:"slope"`
	AgedMB     float64  `json:"agedMB"`
	NewMB      float64  `json:"newMB"`
	Failures   []string `json:"failures"`
	Seconds    float64  `json:"seconds"` // of the clock
	CPUSeconds float64  `json:"cpuSeconds"`
	CPUs       int      `json:"cpus"`
}

// soakDay is one day of it.
type soakDay struct {
	Quiet      bool    `json:"quiet"` // nobody committed or edited anything; faults went on
	Writes     int     `json:"writes"`
	Calls      int     `json:"calls"`
	HeapMB     float64 `json:"heapMB"` // in the evening, without the AWS
	AWSMB      float64 `json:"awsMB"`  // what the AWS remembers: as large as one that is read from its state
	Goroutines int     `json:"goroutines"`
	Settled    float64 `json:"settled"` // virtual seconds from the last trouble until all was well
}

// TestSoak is suite E: a fleet for days. Calls meet faults, people and programs change
// things, commits come, services come and go; the second of
// three days nothing happens but faults, and nothing is written. The operator's memory and its goroutines do not grow.
func TestSoak(t *testing.T) {
	began := time.Now()
	sum := soakCount{Suite: "E", Commit: commit(), Services: *soakServices, Resync: soakResync.String(), Seed: *soakSeed,
		Faults: map[string]int{}, Failures: []string{}, CPUs: runtime.GOMAXPROCS(0)}
	running := goleak.IgnoreCurrent()
	synctest.Test(t, func(t *testing.T) {
		s := newSoak(t.Context(), *soakServices, *soakSeed)
		s.count = &sum
		s.live(t, *soakDays)
	})
	if err := goleak.Find(running); err != nil {
		sum.wrong("goroutines are left: %v", err)
	}
	sum.Seconds, sum.CPUSeconds = time.Since(began).Seconds(), cpu()
	for _, wrong := range sum.Failures {
		t.Error(wrong)
	}
	t.Logf("%d services, %.0f virtual hours, %d passes, %d calls, %d writes, %d commits, %d edits, faults %v; slope %.3f %% a day, %.1f MB aged, %.1f MB new; %.0f s, %.0f s of the CPU; days %+v",
		sum.Services, sum.Hours, sum.Passes, sum.Calls, sum.Writes, sum.Commits, sum.Edits, sum.Faults, 100*sum.Slope, sum.AgedMB, sum.NewMB, sum.Seconds, sum.CPUSeconds, sum.Days)
	write(t, sum)
}

func (c *soakCount) wrong(format string, args ...any) {
	c.Failures = append(c.Failures, fmt.Sprintf(format, args...))
}

// pass lets time pass.
func (s *soak) pass(d time.Duration) {
	for end := time.Now().Add(d); time.Now().Before(end); {
		time.Sleep(min(10*time.Minute, time.Until(end)))
		s.aws.Advance(0)
	}
	synctest.Wait()
}

// settles waits until all is well, and says how long that was; -1 for never.
func (s *soak) settles(most time.Duration) time.Duration {
	began := time.Now()
	for time.Since(began) < most {
		s.pass(5 * time.Minute)
		if len(s.unwell()) == 0 {
			return time.Since(began)
		}
	}
	return -1
}

// unwell are the services that do not stand as declared.
func (s *soak) unwell() []string {
	var out []string
	all := s.engine.Status()
	for _, x := range all {
		if x.Reason != status.Synced || s.fleet[x.Name] == nil {
			out = append(out, fmt.Sprintf("%s %s: %s", x.Name, x.Reason, x.Why))
		}
	}
	if len(out) == 0 && len(all) != len(s.fleet) {
		out = append(out, fmt.Sprintf("%d services, not %d", len(all), len(s.fleet)))
	}
	return out
}

// live goes through the days and looks at what is left.
func (s *soak) live(t *testing.T, days int) {
	began := time.Now()
	s.renewAWS()
	s.others = heap() - s.weighAWS()
	s.start()
	if s.settles(12*time.Hour) < 0 {
		s.count.wrong("the fleet does not settle at its beginning: %.2000v", s.unwell())
		days = 0
	}
	for n := range days {
		day := s.day(n%3 == 1)
		s.count.Days = append(s.count.Days, day)
		t.Logf("day %d: %+v", n, day)
		if day.Settled < 0 {
			s.count.wrong("day %d: not settled in the evening: %.2000v", n, s.unwell())
			break
		}
		if day.Quiet && day.Writes > 0 {
			s.count.wrong("day %d: nothing happened, and there were %d writes", n, day.Writes)
		}
	}
	s.count.Hours = time.Since(began).Hours()
	s.ages()
	s.declared()
}

// day is one day: trouble for sixteen hours, and an evening in which it settles.
func (s *soak) day(quiet bool) soakDay {
	morning, calls, writes := time.Now(), s.count.Calls, s.count.Writes
	s.trouble(*soakFaults)
	for time.Since(morning) < 16*time.Hour {
		if !quiet {
			s.commit()
			s.meddle()
		}
		s.pass(80 * time.Minute)
	}
	s.trouble(0)
	settled := s.settles(6 * time.Hour)
	s.pass(24*time.Hour - time.Since(morning))
	day := soakDay{Quiet: quiet, Settled: settled.Seconds(), Goroutines: runtime.NumGoroutine()}
	s.renewAWS()
	all := heap()
	day.AWSMB = s.weighAWS()
	day.HeapMB = all - day.AWSMB - s.others
	s.mu.Lock()
	defer s.mu.Unlock()
	day.Calls, day.Writes = s.count.Calls-calls, s.count.Writes-writes
	return day
}

func (s *soak) trouble(rate float64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.rate = rate
}

// MarshalJSON rounds what is measured.
func (d soakDay) MarshalJSON() ([]byte, error) {
	type plain soakDay
	d.HeapMB, d.AWSMB = float64(int(d.HeapMB*100))/100, float64(int(d.AWSMB*100))/100
	return json.Marshal(plain(d))
}
