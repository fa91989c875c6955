package reconcile

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	cwtypes "github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"
	"github.com/aws/aws-sdk-go-v2/service/ecs"
	ecstypes "github.com/aws/aws-sdk-go-v2/service/ecs/types"
	elb "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2"
	"github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2/types"
)

// The four ways in which the operator may be there while a case of a script runs.
// Deployments, traffic and what serves at the end are the same in all of them.
var ways = []string{
	"the operator is there",
	"the operator is killed at each stage",      // and another one on an empty disk goes on
	"the operator is stopped after its write",   // ECS goes on alone; another one comes when all is over
	"the operator comes back in a hundred days", // when ECS has forgotten the deployments
}

// TestRollouts plays the scripts in testdata/rollouts.
func TestRollouts(t *testing.T) {
	t.Parallel()
	all, n := scripts(t), 0
	for _, strategy := range []string{"rolling", "blue-green", "linear", "canary"} {
		for _, c := range all[strategy].cases {
			for i, way := range ways {
				if c.behind != "alb" && i%2 == 1 {
					continue // what the balancer adds shows in the other two
				}
				if n++; testing.Short() && n%13 != 1 {
					continue
				}
				t.Run(strings.Join([]string{strategy, c.behind, c.name, way}, "/"), func(t *testing.T) {
					inWorldAt(t, 1, func(t *testing.T, w *world) {
						(&play{world: w, script: all[strategy], scriptCase: c, way: way}).run()
					})
				})
			}
		}
	}
}

// play is one case in one way.
type play struct {
	*world
	script
	scriptCase
	way  string
	book *book

	done    bool // the deed in the middle
	network string
}

func (p *play) put(image string, hooks []string) {
	p.files.put("web.yaml", strings.Replace(p.document(p.scriptCase, image, hooks), "NETWORK", p.network, 1))
}

func (p *play) run() {
	p.t.Helper()
	p.pace = minute
	if p.behind == "nlb" {
		p.network = p.networkListener()
	}
	p.put("nginx:1.29", nil)
	p.ready(p.apply(p.engine(), ApplyOptions{Wait: true, Timeout: 3 * hour}), "web")
	p.open()
	p.sleep(time.Second)
	p.mu.Lock()
	p.events = nil
	p.mu.Unlock()
	p.put(p.commit, p.hooks)
	end := p.outcome
	tick := 2 * time.Second // of the world
	if p.long {
		p.pace, tick = hour, minute
	}
	switch p.way {
	case ways[0]:
		stop := p.operate()
		p.live(tick, nil)
		p.sleep(max(5*minute, 3*p.pace))
		stop()
		p.sentences()
	case ways[1]:
		stop := p.operate()
		p.live(tick, func() {
			stop()
			stop = p.operate()
		})
		p.sleep(max(5*minute, 3*p.pace))
		stop()
	default:
		p.apply(p.engine(), ApplyOptions{})
		p.live(tick, nil)
		p.pace = minute
		if p.way == ways[3] {
			p.watchBy(nil) // nothing is to be seen for so long
			p.sleep(100 * day)
			p.sandbox.Advance(time.Second) // it catches up
			p.forgotten()
			p.watchBy(p.book.see)
			if p.later != "" {
				end = p.later
			}
		}
	}
	p.check(end)
}

// open begins a book with what was deployed until now.
func (p *play) open() {
	p.t.Helper()
	list, err := p.person().Read.ECS.ListServiceDeployments(p.t.Context(), &ecs.ListServiceDeploymentsInput{Cluster: aws.String("default"), Service: aws.String("web")})
	p.ok(err)
	p.book = &book{least: 4, old: map[string]bool{}, image: map[string]string{}, ends: map[string]ecstypes.ServiceDeploymentStatus{}}
	for _, d := range list.ServiceDeployments {
		p.book.old[aws.ToString(d.ServiceDeploymentArn)] = true
	}
	p.watchBy(p.book.see)
}

// operate starts an operator that knows nothing.
func (p *play) operate() func() {
	return p.world.run(p.engine())
}

// live lets time pass until everything is over and the deed is done. stage is
// called whenever the deployment is somewhere else.
func (p *play) live(tick time.Duration, stage func()) {
	p.t.Helper()
	began, was := p.sandbox.Clock(), ""
	for {
		synctest.Wait()
		at, _, over := p.book.at()
		if at != was && stage != nil && was != "" {
			stage()
		}
		was = at
		if !p.done && p.deed != "" && p.now(at, began) {
			p.done = true
			p.do()
			continue
		}
		if over && (p.done || p.deed == "") {
			return
		}
		if p.sandbox.Clock().Sub(began) > 30*hour {
			p.t.Fatalf("it does not end: %s\n%s", at, p.story())
		}
		if p.away() { // nobody asks AWS anything, and it goes on
			p.sandbox.Advance(tick)
			continue
		}
		time.Sleep(tick)
		p.sandbox.Advance(0) // it lives by itself, whether somebody asks or not
	}
}

// now is whether it is time for the deed: at a stage, or so long after the commit.
func (p *play) now(stage string, began time.Time) bool {
	if d, err := time.ParseDuration(p.at); err == nil {
		return p.sandbox.Clock().Sub(began) >= d
	}
	return slices.Contains(strings.Fields(stage), p.at)
}

// away is whether the operator has stopped right after its write.
func (p *play) away() bool { return p.way == ways[2] || p.way == ways[3] }

// do is what happens in the middle, by a person or a program of its own.
func (p *play) do() {
	p.t.Helper()
	deed, what, _ := strings.Cut(p.deed, " ")
	switch deed {
	case "abort":
		e := p.engine()
		_, stopped, err := e.Abort(p.t.Context(), p.load(e).Units[0])
		p.ok(err)
		if !stopped {
			p.t.Error("nothing to abort")
		}
	case "approve":
		e := p.engine()
		_, err := e.ApproveStage(p.t.Context(), p.load(e).Units[0], p.at)
		p.ok(err)
	case "alarm":
		_, err := p.person().Write.CloudWatch.SetAlarmState(p.t.Context(), &cloudwatch.SetAlarmStateInput{
			AlarmName: aws.String("ecs-operator/default/web/errors"), StateValue: cwtypes.StateValueAlarm, StateReason: aws.String("7 errors in a minute")})
		p.ok(err)
	case "commit":
		p.put(what, nil)
		if p.away() {
			p.apply(p.engine(), ApplyOptions{})
		}
	}
}

// check compares what happened with the script, has another operator on an empty
// disk look twice, and wants nothing deployed by it.
func (p *play) check(end string) {
	p.t.Helper()
	var ends []string
	for range 2 {
		o := p.wait(p.engine())["web"]
		ends = append(ends, fmt.Sprintf("%s (exit %d)", o.Status.Reason, o.Exit()))
		if pattern := p.says[len(p.says)-1]; p.way != ways[3] && !matches(pattern, sentence(o.Status)) {
			p.t.Errorf("at the end it says\n  %s\nwant\n  %s", sentence(o.Status), pattern)
		}
	}
	mark := p.mark()
	stop := p.operate()
	p.sleep(10 * minute)
	stop()
	p.quiet(mark, "afterwards")
	if ends[0] != end || ends[1] != end {
		p.t.Errorf("outcome %q, want %s", ends, end)
	}
	deployed, traffic, serves, broken := p.book.pages()
	if !slices.Equal(deployed, p.deployed) {
		p.t.Errorf("deployed %q, want %q\n%s", deployed, p.deployed, p.story())
	}
	if traffic != p.traffic {
		p.t.Errorf("traffic went\n  %s\nwant\n  %s", traffic, p.traffic)
	}
	if serves != p.serves {
		p.t.Errorf("%q serves, want %s", serves, p.serves)
	}
	for _, b := range broken {
		p.t.Error(b)
	}
}

// forgotten wants ECS to know of no deployment any more.
func (p *play) forgotten() {
	p.t.Helper()
	list, err := p.person().Read.ECS.ListServiceDeployments(p.t.Context(), &ecs.ListServiceDeploymentsInput{Cluster: aws.String("default"), Service: aws.String("web")})
	p.ok(err)
	gone, err := p.person().Read.ECS.DescribeServiceDeployments(p.t.Context(), &ecs.DescribeServiceDeploymentsInput{
		ServiceDeploymentArns: []string{aws.ToString(p.service("web").CurrentServiceDeployment)}})
	p.ok(err)
	if len(list.ServiceDeployments)+len(gone.ServiceDeployments) > 0 {
		p.t.Errorf("ECS still knows %+v %+v", list.ServiceDeployments, gone.ServiceDeployments)
	}
}

// A minimum of half the tasks is too few for the book: what the scripts want of
// every moment can be missed.
func TestTheBookSeesTooFewTasks(t *testing.T) {
	inWorldAt(t, 1, func(t *testing.T, w *world) {
		s := scripts(t)["rolling"]
		s.configuration = append(s.configuration, "minimumHealthyPercent: 50", "maximumPercent: 100")
		p := &play{world: w, script: s, scriptCase: scriptCase{behind: "alb"}, way: ways[2]}
		p.put("nginx:1.29", nil)
		p.ready(p.wait(p.engine()), "web")
		p.open()
		p.put("nginx:1.30", nil)
		p.apply(p.engine(), ApplyOptions{})
		p.live(2*time.Second, nil)
		if _, _, _, broken := p.book.pages(); len(broken) == 0 || !strings.Contains(broken[0], "of the traffic on 2 healthy tasks, want 4") {
			t.Errorf("it saw %q", broken)
		}
	})
}

// sentences wants what the script says that the operator says, in that order.
func (p *play) sentences() {
	p.t.Helper()
	var said []string
	p.mu.Lock()
	for _, e := range p.events {
		if e.Kind == EventState {
			said = append(said, e.Message)
		}
	}
	p.mu.Unlock()
	i := 0
	for _, s := range said {
		if i < len(p.says) && matches(p.says[i], s) {
			i++
		}
	}
	if i < len(p.says) {
		p.t.Errorf("nobody says, after what stands before it,\n  %s\nbut\n  %s", p.says[i], strings.Join(said, "\n  "))
	}
}

// networkListener is a listener of a Network Load Balancer that somebody made.
func (p *play) networkListener() string {
	p.t.Helper()
	api := p.person().Write.ELB
	lb, err := api.CreateLoadBalancer(p.t.Context(), &elb.CreateLoadBalancerInput{Name: aws.String("net"), Type: types.LoadBalancerTypeEnumNetwork, Subnets: []string{"subnet-0sandboxa", "subnet-0sandboxb"}})
	p.ok(err)
	tg, err := api.CreateTargetGroup(p.t.Context(), &elb.CreateTargetGroupInput{Name: aws.String("nobody"), Protocol: types.ProtocolEnumTcp, Port: aws.Int32(80), VpcId: aws.String("vpc-0sandbox"), TargetType: types.TargetTypeEnumIp})
	p.ok(err)
	l, err := api.CreateListener(p.t.Context(), &elb.CreateListenerInput{LoadBalancerArn: lb.LoadBalancers[0].LoadBalancerArn, Port: aws.Int32(80), Protocol: types.ProtocolEnumTcp,
		DefaultActions: []types.Action{{Type: types.ActionTypeEnumForward, TargetGroupArn: tg.TargetGroups[0].TargetGroupArn}}})
	p.ok(err)
	return aws.ToString(l.Listeners[0].ListenerArn)
}
