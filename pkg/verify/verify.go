package verify

import (
	"cmp"
	"context"
	"fmt"
	"strings"
	"sync"
	"time"

	"github.com/ecs-operator/ecs-operator/pkg/resource"
	"github.com/ecs-operator/ecs-operator/pkg/shape"
)

// Options of a Verifier.
type Options struct {
	AWS resource.Inspector
	// Registry asks the registries that are not ECR; nil where none can be reached.
	Registry *Registry
	// ReadSecrets lets a check read secrets for the names of their JSON keys.
	ReadSecrets bool
	// Timeout bounds the checks of one service, 30 s without it.
	Timeout time.Duration
}

// Verifier makes the checks, and remembers their answers for a while. It is safe
// for concurrent use.
type Verifier struct {
	o    Options
	memo memo
}

// New makes a verifier.
func New(o Options) *Verifier {
	o.Timeout = cmp.Or(o.Timeout, 30*time.Second)
	return &Verifier{o: o}
}

// atOnce is how many checks of one service are made at once.
const atOnce = 8

// answer is the end of one check.
type answer struct {
	verdict resource.Verdict
	why     string
}

func missing(format string, args ...any) answer {
	return answer{resource.NotThere, fmt.Sprintf(format, args...)}
}

func unchecked(format string, args ...any) answer {
	return answer{resource.NotChecked, fmt.Sprintf(format, args...)}
}

func ok(note string) answer { return answer{resource.Verified, note} }

// failed is the answer to a call that did not tell.
func failed(err error) answer {
	if resource.ClassOf(err) == resource.ClassDenied {
		return unchecked("it may not be looked at: %v", err)
	}
	return unchecked("%v", err)
}

// Verify checks everything that a service of a target needs, in the order of the
// needs. Each need has a finding, whatever happens.
func (v *Verifier) Verify(ctx context.Context, target string, needs []resource.Need) []resource.Finding {
	ctx, cancel := context.WithTimeout(ctx, v.o.Timeout)
	defer cancel()
	out := make([]resource.Finding, len(needs))
	for i, n := range needs {
		out[i] = resource.Finding{Check: n.What, Path: n.Path, Name: n.Name, Verdict: resource.NotChecked, Why: "nothing checks this"}
	}
	c := &checking{v: v, target: target, needs: needs, out: out}
	var wg sync.WaitGroup
	slots := make(chan struct{}, atOnce)
	for _, work := range c.works() {
		slots <- struct{}{}
		wg.Go(func() {
			defer func() { <-slots }()
			defer func() {
				if p := recover(); p != nil {
					for _, i := range work.of {
						c.set(i, unchecked("a fault in ecs-operator itself: %s", shape.Fault(p)))
					}
				}
			}()
			work.do(ctx)
		})
	}
	wg.Wait()
	c.oneVPC()
	return out
}

// checking is one Verify under way.
type checking struct {
	v      *Verifier
	target string
	needs  []resource.Need

	mu   sync.Mutex
	out  []resource.Finding
	vpcs []vpcOf
}

// vpcOf is where something of the network is.
type vpcOf struct {
	need int
	vpc  string
}

func (c *checking) set(i int, a answer) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.out[i].Verdict, c.out[i].Why = a.verdict, a.why
}

func (c *checking) located(i int, vpc string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if vpc != "" {
		c.vpcs = append(c.vpcs, vpcOf{i, vpc})
	}
}

// work is one call or row of calls, and the needs that it answers.
type work struct {
	of []int
	do func(ctx context.Context)
}

// works lists what is to be asked: many names in one call where AWS takes many.
func (c *checking) works() []work {
	var out []work
	groups := map[string][]int{}
	var order []string
	for i, n := range c.needs {
		switch n.What {
		case resource.NeedSubnet, resource.NeedSecurityGroup:
			key := string(n.What)
			if groups[key] == nil {
				order = append(order, key)
			}
			groups[key] = append(groups[key], i)
		case resource.NeedParameter:
			region, _ := regionOf(n.Name)
			key := string(n.What) + region
			if len(groups[key]) >= 10 { // GetParameters takes ten names (SDK)
				key += fmt.Sprint(i / 10)
			}
			if groups[key] == nil {
				order = append(order, key)
			}
			groups[key] = append(groups[key], i)
		default:
			out = append(out, work{of: []int{i}, do: func(ctx context.Context) { c.set(i, c.single(ctx, i)) }})
		}
	}
	for _, key := range order {
		of := groups[key]
		do := c.parameters
		if what := c.needs[of[0]].What; what != resource.NeedParameter {
			do = c.network
		}
		out = append(out, work{of: of, do: func(ctx context.Context) { do(ctx, of) }})
	}
	return out
}

// single makes a check that is about one need alone.
func (c *checking) single(ctx context.Context, i int) answer {
	n := c.needs[i]
	key := strings.Join([]string{c.target, string(n.What), n.Name, n.Architecture, n.OS, n.Credentials, n.Region,
		strings.Join(n.Principals, ","), fmt.Sprint(n.Creates, n.TargetType, n.Own, n.Has)}, "\x00")
	got := c.v.memo.get(key, func() kept {
		switch n.What {
		case resource.NeedImage:
			return kept{answer: c.image(ctx, n)}
		case resource.NeedRole:
			return kept{answer: c.role(ctx, n)}
		case resource.NeedSecret:
			return kept{answer: c.secret(ctx, n)}
		case resource.NeedLogGroup:
			return kept{answer: c.logGroup(ctx, n)}
		case resource.NeedTargetGroup:
			a, vpc := c.targetGroup(ctx, n)
			return kept{answer: a, vpc: vpc}
		case resource.NeedFunction:
			return kept{answer: c.function(ctx, n)}
		}
		return kept{answer: unchecked("nothing checks a %s", n.What)}
	})
	c.located(i, got.vpc)
	return got.answer
}
