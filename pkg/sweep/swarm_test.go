package sweep

import (
	"context"
	"flag"
	"fmt"
	"maps"
	"math/rand/v2"
	"regexp"
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
	"github.com/aws/aws-sdk-go-v2/service/ecs/types"
	"github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2"
	elbtypes "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2/types"
	"github.com/google/go-cmp/cmp"

	"github.com/ecs-operator/ecs-operator/pkg/plan"
	"github.com/ecs-operator/ecs-operator/pkg/resource"
	"github.com/ecs-operator/ecs-operator/pkg/sandbox"
	"github.com/ecs-operator/ecs-operator/pkg/status"
)

var (
	swarmHours = flag.Int("swarm-hours", 48, "how many virtual hours the swarm lives, over all seeds")
	swarmSeed  = flag.Uint64("swarm-seed", 0, "the first seed of the swarm")
)

// TestSwarm is suite D: two operators of one scope, an autoscaler, a person and somebody
// who commits live through days of virtual time, while the calls of both operators meet
// the faults that the seed has chosen. Every evening the faults and the people stop, and
// AWS must come to look as the documents say, as if they had just been applied to an
// empty account.
func TestSwarm(t *testing.T) {
	hours, first := *swarmHours, *swarmSeed
	if testing.Short() {
		hours = min(hours, 24)
	}
	days := min(hours/24, swarmDays)
	var mu sync.Mutex
	total := swarmCount{Faults: map[string]int{}, People: map[string]int{}}
	t.Run("seeds", func(t *testing.T) {
		for seed := range uint64(max(1, hours/24/days)) {
			seed += first
			t.Run(fmt.Sprint(seed), func(t *testing.T) {
				t.Parallel()
				synctest.Test(t, func(t *testing.T) {
					s := newSwarm(t, seed)
					s.live(days)
					mu.Lock()
					defer mu.Unlock()
					total.add(s.count)
				})
			})
		}
	})
	t.Logf("%+v", total)
	if total.Writes < total.ServiceDays {
		t.Errorf("%d writes in %d days of a service: too quiet to show anything", total.Writes, total.ServiceDays)
	}
	write(t, total)
}

// swarmDays is how long one seed lives.
const swarmDays = 10

// swarmCount is what a run of the swarm amounts to.
type swarmCount struct {
	Seeds       int            `json:"seeds"`
	Hours       float64        `json:"hours"`       // virtual
	ServiceDays int            `json:"serviceDays"` // virtual days × services
	Calls       int            `json:"calls"`       // of the operators
	Writes      int            `json:"writes"`      // of the operators, with an effect
	Commits     int            `json:"commits"`
	Kills       int            `json:"kills"`
	Faults      map[string]int `json:"faults"`  // by kind, and how many
	People      map[string]int `json:"people"`  // what people and programs did
	Settled     int            `json:"settled"` // evenings at which AWS looked as the documents say
	Slowest     float64        `json:"slowest"` // of them, in virtual seconds
}

func (c *swarmCount) add(o swarmCount) {
	c.Seeds += o.Seeds
	c.Hours += o.Hours
	c.ServiceDays += o.ServiceDays
	c.Calls += o.Calls
	c.Writes += o.Writes
	c.Commits += o.Commits
	c.Kills += o.Kills
	c.Settled += o.Settled
	c.Slowest = max(c.Slowest, o.Slowest)
	for k, n := range o.Faults {
		c.Faults[k] += n
	}
	for k, n := range o.People {
		c.People[k] += n
	}
}

// swarm is one seed.
type swarm struct {
	t     *testing.T
	w     *world
	seed  uint64
	rnd   *rand.Rand // of the main goroutine
	state map[string]*declared
	procs [2]*process
	lives int     // of both operators
	looks picture // of the documents of this evening on an empty account

	mu      sync.Mutex
	chance  *rand.Rand // of the calls
	kinds   []string   // the faults of this seed
	rate    float64    // how often they strike
	active  bool       // they strike
	replica *sandbox.Sandbox
	killed  [2]bool
	count   swarmCount
}

// declared is what the documents say of a service.
type declared struct {
	image     int
	bad       bool
	count     int
	threshold int
	path      string
}

// The faults that a seed chooses from.
var swarmFaults = []string{"throttled", "internal", "lost call", "lost answer", "denied", "garbled", "late", "killed before", "killed after", "stale"}

func newSwarm(t *testing.T, seed uint64) *swarm {
	s := &swarm{t: t, seed: seed, rnd: rand.New(rand.NewPCG(seed, 1)), chance: rand.New(rand.NewPCG(seed, 2)),
		count: swarmCount{Seeds: 1, Faults: map[string]int{}, People: map[string]int{}},
		state: map[string]*declared{
			"web": {image: 1, count: 2, threshold: 5, path: "/web/"}, "api": {image: 1, count: 2, threshold: 5}, "job": {image: 1, count: 2, threshold: 5}}}
	for _, kind := range swarmFaults {
		if s.rnd.IntN(2) == 0 {
			s.kinds = append(s.kinds, kind)
		}
	}
	s.rate = []float64{0.003, 0.01, 0.03}[s.rnd.IntN(3)]
	sc := &scenario{name: "swarm", after: s.documents()}
	s.w = newWorld(t.Context(), sc, ground{policy: sc.policy()}, nil)
	s.w.resync, s.w.operators = 30*time.Minute, len(s.procs)
	s.w.tap.also = s.see
	return s
}

// documents are the files that the state makes.
func (s *swarm) documents() documents {
	out := documents{}
	for name, d := range s.state {
		image := fmt.Sprintf("nginx:1.%d", d.image)
		if d.bad {
			image = fmt.Sprintf("nginx:1.%d-crash", d.image)
		}
		watched := edit(alarm, "threshold: 90", fmt.Sprintf("threshold: %d", d.threshold), "ServiceName: hello", "ServiceName: "+name)
		text := edit(hello(name, watched), "desiredCount: 2", fmt.Sprintf("desiredCount: %d", d.count))
		if name == "web" {
			text = edit(web, "/a/", d.path) + edit(scaling, "maxCapacity: 6", fmt.Sprintf("maxCapacity: %d", 4+d.count)) + watched
		}
		out[name+".yaml"] = edit(text, "nginx:1.29", image)
	}
	return out
}

// see decides on a call of an operator.
func (s *swarm) see(c sandbox.Call) *sandbox.Fault {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.count.Calls++
	if !s.active || s.chance.Float64() > s.rate || len(s.kinds) == 0 {
		return nil
	}
	kind := s.kinds[s.chance.IntN(len(s.kinds))]
	if kind == "stale" && (c.Write || s.replica == nil) {
		return nil
	}
	s.count.Faults[kind]++
	who := 0
	if strings.Contains(c.UserAgent, "ecs-operator/1.") {
		who = 1
	}
	switch kind {
	case "throttled":
		return &sandbox.Fault{Code: "ThrottlingException", Message: "Rate exceeded"}
	case "internal":
		return &sandbox.Fault{Code: "ServerException", Message: "Service Unavailable. Please try again later.", Status: 500}
	case "lost call":
		return &sandbox.Fault{Drop: true}
	case "lost answer":
		return &sandbox.Fault{Drop: true, AfterEffect: true}
	case "denied":
		return &sandbox.Fault{Code: "AccessDeniedException", Message: "not authorized"}
	case "garbled":
		return &sandbox.Fault{Garble: true}
	case "late":
		done := make(chan struct{})
		time.AfterFunc(time.Duration(1+s.chance.IntN(90))*time.Second, func() { close(done) })
		return &sandbox.Fault{Late: done}
	case "stale":
		return &sandbox.Fault{From: s.replica}
	}
	s.killed[who] = true
	s.w.mu.Lock()
	s.procs[who].dead = true
	s.w.kills++
	s.w.mu.Unlock()
	s.count.Kills++
	return &sandbox.Fault{Drop: true, AfterEffect: kind == "killed after"}
}

// live goes through the days.
func (s *swarm) live(days int) {
	began := time.Now()
	s.w.watchers.begin()
	for i := range s.procs {
		s.launch(i)
	}
	for day := range days {
		s.day(day)
		if s.t.Failed() {
			break
		}
	}
	for _, p := range s.procs {
		p.stop()
	}
	s.w.calls.Wait()
	s.w.watchers.end()
	s.count.Hours = time.Since(began).Hours()
	s.count.ServiceDays = days * len(s.state)
	for _, wrong := range s.w.problems {
		s.t.Errorf("seed %d: %s", s.seed, wrong)
	}
	for _, r := range s.w.aws.Refusals() {
		s.t.Errorf("seed %d: the generated policy lacks what the operator calls: %s", s.seed, r)
	}
}

func (s *swarm) launch(i int) {
	s.lives++
	p := s.w.process(fmt.Sprintf("ecs-operator/%d.%d", i, s.lives))
	s.mu.Lock()
	s.procs[i] = p
	s.mu.Unlock()
	p.begin()
}

// day is trouble from morning to evening, and then peace.
func (s *swarm) day(n int) {
	s.trouble(true)
	morning := time.Now()
	for time.Since(morning) < 16*time.Hour {
		switch s.rnd.IntN(6) {
		case 0, 1, 2:
			s.commit(false)
		default:
			s.meddle()
		}
		s.pass(time.Duration(1+s.rnd.IntN(120)) * time.Minute)
	}
	s.trouble(false)
	s.commit(true)
	s.heal()
	s.looks = nil
	evening := time.Now()
	if !s.settles(4 * time.Hour) {
		s.t.Errorf("seed %d, evening %d: not settled after four hours: %v\n%s\n  again: go test ./pkg/sweep -run TestSwarm -swarm-seed %d -swarm-hours 240", s.seed, n, s.stands(), s.wrong(), s.seed)
	}
	s.count.Settled++
	s.count.Slowest = max(s.count.Slowest, time.Since(evening).Seconds())
	for _, e := range s.w.aws.Writes() {
		if e.AccessKey == operatorKey && e.Error == "" && e.Time.After(morning) {
			s.count.Writes++
		}
	}
	s.pass(24*time.Hour - time.Since(morning))
}

// trouble begins or ends.
func (s *swarm) trouble(begins bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.active = begins
}

// pass lets so much time pass; who was killed comes back after a minute.
func (s *swarm) pass(d time.Duration) {
	for end := time.Now().Add(d); time.Now().Before(end); {
		time.Sleep(min(time.Minute, time.Until(end)))
		synctest.Wait()
		s.w.aws.Advance(0)
		s.mu.Lock()
		dead := s.killed
		s.killed = [2]bool{}
		s.mu.Unlock()
		for i := range dead {
			if dead[i] {
				s.procs[i].stop()
				s.launch(i)
			}
		}
		if s.rnd.IntN(30) == 0 && slices.Contains(s.kinds, "stale") {
			r, err := s.w.aws.Replica()
			if err != nil {
				s.t.Fatal(err)
			}
			s.mu.Lock()
			s.replica = r
			s.mu.Unlock()
			time.AfterFunc(30*time.Second, func() { s.mu.Lock(); s.replica = nil; s.mu.Unlock() })
		}
	}
}

// commit changes a document, or in the evening all of them to something good.
func (s *swarm) commit(evening bool) {
	names := []string{"web", "api", "job"}
	if !evening {
		names = names[s.rnd.IntN(3):][:1]
	}
	for _, name := range names {
		d := s.state[name]
		switch what := s.rnd.IntN(6); {
		case evening || what < 2:
			d.image++
			d.bad = !evening && s.rnd.IntN(4) == 0
		case what == 2:
			d.count = 2 + s.rnd.IntN(3)
		case what == 3:
			d.path = fmt.Sprintf("/web%d/", s.rnd.IntN(9))
			d.threshold = 5 + s.rnd.IntN(9)
		default:
			d.threshold = 5 + s.rnd.IntN(9)
		}
	}
	s.count.Commits++
	s.w.files.commit(s.documents(), nil)
}

// meddle is something that a person or a program does behind the operators' back. What
// is not there to be changed is left alone.
func (s *swarm) meddle() {
	p, ctx := s.w.human().aws(), s.w.ctx
	name := []string{"web", "api", "job"}[s.rnd.IntN(3)]
	arn := "arn:aws:ecs:us-east-1:123456789012:service/default/" + name
	update := func(in ecs.UpdateServiceInput) error {
		in.Cluster, in.Service = aws.String("default"), aws.String(name)
		_, err := p.Write.ECS.UpdateService(ctx, &in)
		return err
	}
	var err error
	what := []string{"raises the count", "lowers the count", "an old revision", "deletes an alarm", "changes an alarm", "changes a rule",
		"deletes the scaling policy", "suspends", "an autoscaler scales"}[s.rnd.IntN(9)]
	switch what {
	case "raises the count":
		err = update(ecs.UpdateServiceInput{DesiredCount: aws.Int32(5)})
	case "lowers the count":
		err = update(ecs.UpdateServiceInput{DesiredCount: aws.Int32(1)})
	case "an old revision":
		err = update(ecs.UpdateServiceInput{TaskDefinition: aws.String("default-" + name + ":1")})
	case "deletes an alarm":
		_, err = p.Write.CloudWatch.DeleteAlarms(ctx, &cloudwatch.DeleteAlarmsInput{AlarmNames: []string{"ecs-operator/default/" + name + "/busy"}})
	case "changes an alarm":
		_, err = p.Write.CloudWatch.DisableAlarmActions(ctx, &cloudwatch.DisableAlarmActionsInput{AlarmNames: []string{"ecs-operator/default/" + name + "/busy"}})
	case "changes a rule":
		err = s.changeRule(p.Write.ELB)
	case "deletes the scaling policy":
		_, err = p.Write.AutoScaling.DeleteScalingPolicy(ctx, &applicationautoscaling.DeleteScalingPolicyInput{PolicyName: aws.String("ecs-operator/default/web/cpu"),
			ServiceNamespace: scalingtypes.ServiceNamespaceEcs, ResourceId: aws.String("service/default/web"), ScalableDimension: scalingtypes.ScalableDimensionECSServiceDesiredCount})
	case "suspends":
		_, err = p.Write.ECS.TagResource(ctx, &ecs.TagResourceInput{ResourceArn: aws.String(arn), Tags: []types.Tag{
			{Key: aws.String(resource.TagSuspend), Value: aws.String(plan.Suspension{Until: time.Now().Add(90 * time.Minute)}.Tag())}}})
	case "an autoscaler scales":
		name = "web"
		err = update(ecs.UpdateServiceInput{DesiredCount: aws.Int32(int32(2 + s.rnd.IntN(3)))})
	}
	if err == nil {
		s.count.People[what]++
	}
}

// changeRule gives the rule of web another path.
func (s *swarm) changeRule(c *elasticloadbalancingv2.Client) error {
	all, err := c.DescribeRules(s.w.ctx, &elasticloadbalancingv2.DescribeRulesInput{ListenerArn: aws.String(listener)})
	if err != nil {
		return err
	}
	for _, r := range all.Rules {
		if aws.ToString(r.Priority) == "10" {
			_, err = c.ModifyRule(s.w.ctx, &elasticloadbalancingv2.ModifyRuleInput{RuleArn: r.RuleArn,
				Conditions: []elbtypes.RuleCondition{{Field: aws.String("path-pattern"), Values: []string{"/elsewhere"}}}})
		}
	}
	return err
}

const listener = "arn:aws:elasticloadbalancing:us-east-1:123456789012:listener/app/main/0123456789abcdef/fedcba9876543210"

// heal ends what a person has begun and must end: a suspension.
func (s *swarm) heal() {
	for name := range s.state {
		_, _ = s.w.human().aws().Write.ECS.UntagResource(s.w.ctx, &ecs.UntagResourceInput{TagKeys: []string{resource.TagSuspend},
			ResourceArn: aws.String("arn:aws:ecs:us-east-1:123456789012:service/default/" + name)}) // it may be gone
	}
}

// settles waits for both operators to say that all is well, and for AWS to look so.
func (s *swarm) settles(most time.Duration) bool {
	for began := time.Now(); time.Since(began) < most; {
		s.pass(10 * time.Minute)
		if s.isWell() && s.wrong() == "" {
			return true
		}
	}
	return false
}

func (s *swarm) isWell() bool {
	for _, p := range s.procs {
		for _, x := range p.engine.Status() {
			if x.Reason != status.Synced {
				return false
			}
		}
	}
	return true
}

func (s *swarm) stands() (out []string) {
	for i, p := range s.procs {
		for _, x := range p.engine.Status() {
			out = append(out, fmt.Sprintf("%d %s %s: %s", i, x.Name, x.Reason, x.Why))
		}
	}
	return out
}

// wrong is how AWS differs from an account to which the documents were just applied, but
// for the history of task definitions and for counts that an autoscaler owns.
func (s *swarm) wrong() string {
	var got, want picture
	s.w.aws.View(func(v *sandbox.World) { got = pictureOf(v) })
	if s.looks == nil {
		s.looks = s.fresh()
	}
	want = maps.Clone(s.looks)
	for _, p := range []picture{got, want} {
		for key := range p {
			if strings.HasPrefix(key, "revisions/") || strings.HasPrefix(key, "td/") || strings.HasPrefix(key, "tasks/default/web") {
				delete(p, key)
				continue
			}
			p[key] = sourceRevision.ReplaceAllString(p[key], "mem-")
			if key == "service/default/web" {
				p[key] = scaled.ReplaceAllString(p[key], "")
			}
		}
	}
	return cmp.Diff(want, got)
}

var (
	// sourceRevision is in tags: which commit a thing was last written for.
	sourceRevision = regexp.MustCompile(`(mem|dir)-[0-9a-f]+`)
	scaled         = regexp.MustCompile(`"DesiredCount":[0-9]+`)
)

// fresh is how an empty account looks to which the documents of now were applied.
func (s *swarm) fresh() picture {
	sc := &scenario{name: "fresh", after: s.documents()}
	w := newWorld(context.WithoutCancel(s.t.Context()), sc, ground{policy: sc.policy()}, nil)
	w.ctx = s.t.Context()
	w.start()
	if !w.settle(longest) {
		s.t.Fatalf("seed %d: the documents do not settle on an empty account: %v", s.seed, w.stands())
	}
	w.end()
	var out picture
	w.aws.View(func(v *sandbox.World) { out = pictureOf(v) })
	return out
}
