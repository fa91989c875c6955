package sweep

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"maps"
	"math/rand/v2"
	"net/http"
	"path"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/applicationautoscaling"
	scalingtypes "github.com/aws/aws-sdk-go-v2/service/applicationautoscaling/types"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	"github.com/aws/aws-sdk-go-v2/service/ecs"
	"github.com/google/go-cmp/cmp"
	"go.uber.org/goleak"
	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"

	"github.com/ecs-operator/ecs-operator/pkg/audit"
	"github.com/ecs-operator/ecs-operator/pkg/awsclient"
	"github.com/ecs-operator/ecs-operator/pkg/kinds"
	"github.com/ecs-operator/ecs-operator/pkg/reconcile"
	"github.com/ecs-operator/ecs-operator/pkg/resource"
	"github.com/ecs-operator/ecs-operator/pkg/sandbox"
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

// soak is a fleet with its AWS and its operator. It keeps nothing of what is said and
// done, as the world of a case does: its own memory must not grow.
type soak struct {
	ctx    context.Context
	rnd    *rand.Rand // of the main goroutine
	fleet  map[string]*soaked
	next   int // number of the next service
	source *shelf
	aws    *sandbox.Sandbox
	people *awsclient.Pool
	engine *reconcile.Engine
	stop   func()

	mu     sync.Mutex
	chance *rand.Rand // of the calls
	rate   float64    // how often a call meets a fault
	count  *soakCount
	others float64 // MB that were there before
}

// soaked is what a document says.
type soaked struct{ number, image, count, threshold int }

func newSoak(ctx context.Context, services int, seed uint64) *soak {
	s := &soak{ctx: ctx, rnd: rand.New(rand.NewPCG(seed, 1)), chance: rand.New(rand.NewPCG(seed, 2)), fleet: map[string]*soaked{}, source: &shelf{},
		count: &soakCount{Faults: map[string]int{}}}
	for range services {
		s.add()
	}
	s.source.put(s.documents())
	s.aws = sandbox.New(s.options())
	s.people = s.clients("person/1")
	return s
}

// options are those of its AWS.
func (s *soak) options() sandbox.Options { return sandbox.Options{Fault: s.see} }

func (s *soak) add() {
	s.fleet[fmt.Sprintf("s%04d", s.next)] = &soaked{number: s.next, image: 1, count: 1 + s.next%2, threshold: 50}
	s.next++
}

// Every so manyth service is scaled by an autoscaler, or stands behind a load balancer,
// of which a listener has at most 100 rules.
const soakScaled, soakBehind = 4, 25

func (d *soaked) scaled() bool { return d.number%soakScaled == 1 }

// behind: those of the beginning only, and they stay.
func (d *soaked) behind() bool { return d.number%soakBehind == 0 && d.number < *soakServices }

// document is a service with an alarm; some have more.
func (d *soaked) document(name string) string {
	var more strings.Builder
	if d.scaled() {
		more.WriteString(edit(scaling, "minCapacity: 2", "minCapacity: 1"))
	}
	more.WriteString(edit(alarm, "threshold: 90", fmt.Sprintf("threshold: %d", d.threshold), "ServiceName: hello", "ServiceName: "+name))
	on := ""
	if d.behind() {
		fmt.Fprintf(&more, `  targetGroups:
    web: {protocol: HTTP, port: 80, targetType: ip, vpcId: vpc-0sandbox}
  listenerRules:
    web: {listener: {loadBalancer: main, port: 80}, priority: %d, conditions: [{field: path-pattern, values: ["/%s/*"]}], actions: [{type: forward, targetGroupArn: "$(targetGroups.web.arn)"}]}
`, 100+d.number/soakBehind, name)
		on = `, loadBalancers: [{targetGroupArn: "$(targetGroups.web.arn)", containerName: web, containerPort: 80}]`
	}
	return fmt.Sprintf(`apiVersion: ecs-operator/v1
kind: Service
metadata: {name: %s}
spec:
  cluster: default
  taskDefinition: {networkMode: awsvpc, requiresCompatibilities: [FARGATE], cpu: "256", memory: "512", executionRoleArn: arn:aws:iam::123456789012:role/ecsTaskExecutionRole,
    containerDefinitions: [{name: web, image: "nginx:1.%d", portMappings: [{containerPort: 80}]}]}
  service: {launchType: FARGATE, desiredCount: %d, networkConfiguration: {awsvpcConfiguration: {subnets: [subnet-0sandboxa]}}%s}
%s`, name, d.image, d.count, on, more.String())
}

func (s *soak) documents() documents {
	out := documents{}
	for name, d := range s.fleet {
		out[name+".yaml"] = d.document(name)
	}
	return out
}

// see counts the operator's calls and lets some of them fail.
func (s *soak) see(_ context.Context, c sandbox.Call) *sandbox.Fault {
	if !strings.Contains(c.UserAgent, "ecs-operator/") {
		return nil
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.count.Calls++
	if c.Write {
		s.count.Writes++
	}
	if s.rate == 0 || s.chance.Float64() >= s.rate {
		return nil
	}
	kind := soakFaultKinds[s.chance.IntN(len(soakFaultKinds))]
	s.count.Faults[kind.name]++
	return kind.does(c)
}

// soakFaultKinds are faults of a single call; that of a denial holds a service up for
// minutes, and only a third of those of AWS are such.
var soakFaultKinds = []struct {
	name string
	does func(c sandbox.Call) *sandbox.Fault
}{
	{"throttled", throttled.in},
	{"internal", broken.in},
	{"denied", denied.in},
	{"lost call", func(sandbox.Call) *sandbox.Fault { return &sandbox.Fault{Drop: true} }},
	{"lost answer", func(sandbox.Call) *sandbox.Fault { return &sandbox.Fault{Drop: true, AfterEffect: true} }},
	{"garbled", func(sandbox.Call) *sandbox.Fault { return &sandbox.Fault{Garble: true} }},
	{"late", func(sandbox.Call) *sandbox.Fault {
		done := make(chan struct{})
		time.AfterFunc(20*time.Second, func() { close(done) })
		return &sandbox.Fault{Late: done}
	}},
}

// clients are those of the operator, or of people.
func (s *soak) clients(agent string) *awsclient.Pool {
	o := awsclient.Options{HTTPClient: &http.Client{Transport: patient{s}}, Endpoint: "http://sandbox.invalid",
		Targets: (&scenario{}).targets(), Static: true, AccessKey: operatorKey, UserAgent: agent, Unlimited: agent == "person/1"}
	trail := audit.To(io.Discard)
	o.OnCall = func(c awsclient.Call) {
		if r, ok := audit.Of(c); ok {
			_ = trail.Add(r) // into nothing
		}
	}
	pool, err := awsclient.New(s.ctx, o)
	if err != nil {
		panic(err)
	}
	return pool
}

// patient gives a call up when it has lasted too long, as the real client does.
type patient struct{ s *soak }

func (p patient) RoundTrip(r *http.Request) (*http.Response, error) {
	ctx, cancel := context.WithTimeout(r.Context(), callTimeout)
	defer cancel()
	return p.s.aws.Transport().RoundTrip(r.WithContext(ctx))
}

// start begins an operator.
func (s *soak) start() {
	pool := s.clients("ecs-operator/1.2.3")
	s.engine = reconcile.New(reconcile.Options{
		Kinds: kinds.All(pool), Rollouts: kinds.NewRollouts(pool), Sections: kinds.Sections(), Source: s.source, Resync: *soakResync, Prune: true,
		Frame: resource.Frame{Scope: scope},
		OnEvent: func(e reconcile.Event) {
			if e.Kind == reconcile.EventPass {
				s.mu.Lock()
				defer s.mu.Unlock()
				s.count.Passes++
			}
		},
		Log: zap.New(zapcore.NewCore(zapcore.NewJSONEncoder(zap.NewProductionEncoderConfig()), zapcore.AddSync(io.Discard), zap.DebugLevel)),
	})
	ctx, cancel := context.WithCancel(s.ctx)
	done := make(chan error, 1)
	run := s.engine.Run
	go func() { done <- run(ctx) }()
	s.stop = func() {
		cancel()
		if err := <-done; err != nil {
			s.count.wrong("Run returned %v", err)
		}
		s.engine, s.stop = nil, nil
	}
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

// commit changes some documents; some services go, and others come.
func (s *soak) commit() {
	for range max(1, len(s.fleet)/200) {
		d := s.fleet[s.any()]
		switch s.rnd.IntN(4) {
		case 0:
			d.threshold = 50 + s.rnd.IntN(40)
		case 1:
			d.count = 3 - d.count
		default:
			d.image++
		}
	}
	for range max(1, len(s.fleet)/100) {
		if name := s.any(); !s.fleet[name].behind() { // whose rule's number is its own for good
			delete(s.fleet, name)
			s.add()
		}
	}
	s.count.Commits++
	s.source.put(s.documents())
}

// any is one of the services.
func (s *soak) any() string {
	names := slices.Sorted(maps.Keys(s.fleet))
	return names[s.rnd.IntN(len(names))]
}

// meddle is what people do behind the operator's back; what is not there is left alone.
func (s *soak) meddle() {
	p, err := s.people.For(s.ctx, resource.DefaultTarget)
	if err != nil {
		panic(err)
	}
	for range max(1, len(s.fleet)/300) {
		name := s.any()
		busy := "ecs-operator/default/" + name + "/busy"
		switch kind := s.rnd.IntN(4); {
		case kind == 0:
			_, err = p.Write.CloudWatch.DeleteAlarms(s.ctx, &cloudwatch.DeleteAlarmsInput{AlarmNames: []string{busy}})
		case kind == 1:
			_, err = p.Write.CloudWatch.DisableAlarmActions(s.ctx, &cloudwatch.DisableAlarmActionsInput{AlarmNames: []string{busy}})
		case s.fleet[name].scaled():
			_, err = p.Write.AutoScaling.DeleteScalingPolicy(s.ctx, &applicationautoscaling.DeleteScalingPolicyInput{PolicyName: aws.String("ecs-operator/default/" + name + "/cpu"),
				ServiceNamespace: scalingtypes.ServiceNamespaceEcs, ResourceId: aws.String("service/default/" + name), ScalableDimension: scalingtypes.ScalableDimensionECSServiceDesiredCount})
		default:
			_, err = p.Write.ECS.UpdateService(s.ctx, &ecs.UpdateServiceInput{Cluster: aws.String("default"), Service: &name, DesiredCount: aws.Int32(4)})
		}
		if err == nil {
			s.count.Edits++
		}
	}
}

// heap is what is reachable, in MB. Two collections: what has a finalizer goes with the
// second.
func heap() float64 {
	runtime.GC()
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return float64(m.HeapAlloc) / (1 << 20)
}

// renewAWS puts an AWS in the place of the one that there is which was made of its state.
// They are the same but for what they weigh: one that has lived shares text between its
// things, so that no other one tells how large it is. Nobody calls meanwhile: all is settled.
func (s *soak) renewAWS() {
	raw, err := s.aws.Export()
	if err == nil {
		s.aws, err = sandbox.Import(raw, s.options())
	}
	if err != nil {
		panic(err)
	}
}

// weighAWS is how large a renewed AWS is in memory: one more is made.
func (s *soak) weighAWS() float64 {
	without := heap()
	r, err := s.aws.Replica()
	if err != nil {
		panic(err)
	}
	with := heap()
	runtime.KeepAlive(r)
	return with - without
}

// Bounds of what may grow. A line through the evenings must rise by less than one
// percent a day: of what is kept of a fleet of a thousand that is a byte or two of each call,
// less than any object that a call could leave behind, and more than the garbage
// collector's own accounts move. Of a small fleet one percent is nothing, and what the weight
// of the AWS is off by is more. The aged operator may be larger than a new one by what
// it has met: the departed of the last hours, and room in its maps.
const (
	soakSlope = 0.01
	soakNoise = 0.2 // MB a day
	soakAged  = 1.25
	soakSlack = 2.0 // MB
	// soakMany is the fleet from which memory tells something: that of a few services
	// is less than what the runtime and the test have for themselves.
	soakMany = 100
)

// weighOperator is how much goes with the operator when it stops.
func (s *soak) weighOperator() float64 {
	with := heap()
	s.stop()
	return with - heap()
}

// ages says whether the operator has grown. It is stopped then.
func (s *soak) ages() {
	c := s.count
	for n, day := range c.Days {
		if most := c.Days[0].Goroutines + 4; day.Goroutines > most { // a call or a timer may be on its way
			c.wrong("day %d: %d goroutines, after the first day there were %d", n, day.Goroutines, c.Days[0].Goroutines)
		}
	}
	c.Slope = slope(c.Days)
	c.AgedMB = s.weighOperator()
	s.start()
	if s.settles(2*time.Hour) < 0 {
		c.wrong("an operator that begins on what is at rest does not settle: %.2000v", s.unwell())
	}
	c.NewMB = s.weighOperator()
	if len(s.fleet) < soakMany {
		return
	}
	if rise := c.Slope * c.Days[len(c.Days)-1].HeapMB; c.Slope > soakSlope && rise > soakNoise {
		c.wrong("the heap grows by %.1f %% or %.2f MB a day", 100*c.Slope, rise)
	}
	if most := c.NewMB*soakAged + soakSlack; c.AgedMB > most {
		c.wrong("the operator holds %.1f MB after %.0f hours, a new one %.1f MB", c.AgedMB, c.Hours, c.NewMB)
	}
}

// slope is that of the line through the evenings after the first, by least squares, as
// a share of their mean.
func slope(days []soakDay) float64 {
	if len(days) < 4 {
		return 0
	}
	days = days[1:]
	n, x, y, xx, xy := float64(len(days)), 0.0, 0.0, 0.0, 0.0
	for i, d := range days {
		x, y, xx, xy = x+float64(i), y+d.HeapMB, xx+float64(i*i), xy+float64(i)*d.HeapMB
	}
	return (n*xy - x*y) / (n*xx - x*x) / (y / n)
}

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

// MarshalJSON rounds what is measured.
func (d soakDay) MarshalJSON() ([]byte, error) {
	type plain soakDay
	d.HeapMB, d.AWSMB = float64(int(d.HeapMB*100))/100, float64(int(d.AWSMB*100))/100
	return json.Marshal(plain(d))
}
