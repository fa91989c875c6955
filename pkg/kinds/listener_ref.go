package kinds

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2"
	"github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2/types"
	"github.com/aws/aws-sdk-go-v2/service/resourcegroupstaggingapi"
	tagtypes "github.com/aws/aws-sdk-go-v2/service/resourcegroupstaggingapi/types"

	"github.com/ecs-operator/ecs-operator/pkg/awsclient"
	"github.com/ecs-operator/ecs-operator/pkg/resource"
)

// listenerKey is the key of a rule's body that names its listener otherwise than
// by ARN.
const listenerKey = "listener"

// ListenerRef names a listener: by its load balancer and port, or by tags that it
// or its load balancer carries.
type ListenerRef struct {
	LoadBalancer string
	Port         int32
	Tags         map[string]string
}

// String is the reference as people write it; equal references print alike.
func (r *ListenerRef) String() string {
	var parts []string
	if r.LoadBalancer != "" {
		parts = append(parts, "loadBalancer: "+r.LoadBalancer)
	}
	if len(r.Tags) > 0 {
		var tags []string
		for _, k := range slices.Sorted(maps.Keys(r.Tags)) {
			tags = append(tags, k+": "+r.Tags[k])
		}
		parts = append(parts, "tags: {"+strings.Join(tags, ", ")+"}")
	}
	if r.Port != 0 {
		parts = append(parts, "port: "+strconv.Itoa(int(r.Port)))
	}
	return "{" + strings.Join(parts, ", ") + "}"
}

// listenerRefOf is how an object names its listener, nil where it has the ARN.
func listenerRefOf(o *resource.Object) *ListenerRef {
	r, _ := o.Extra[listenerKey].(*ListenerRef)
	return r
}

// refAge is how long a listener that was found is believed to be the one: its
// ARN changes only when somebody makes it anew.
const refAge = 10 * time.Minute

// listenerFinder finds listeners by what people call them. What was found is
// remembered; a failure and "there is none" never are.
type listenerFinder struct {
	mu    sync.Mutex
	found map[string]foundListener // by target and reference
}

type foundListener struct {
	arn string
	at  time.Time
}

func newListenerFinder() *listenerFinder { return &listenerFinder{found: map[string]foundListener{}} }

// known is what is remembered of a reference.
func (f *listenerFinder) known(target string, r *ListenerRef) string {
	f.mu.Lock()
	defer f.mu.Unlock()
	if have := f.found[target+"\x00"+r.String()]; time.Since(have.at) < refAge {
		return have.arn
	}
	return ""
}

// forget drops a listener that turned out to be gone.
func (f *listenerFinder) forget(arn string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	maps.DeleteFunc(f.found, func(_ string, l foundListener) bool { return l.arn == arn })
}

// find resolves references, each once: load balancers by name in one call, the
// listeners of each load balancer in one more. Each gets an ARN or an error.
func (f *listenerFinder) find(ctx context.Context, c *awsclient.Clients, target string, refs []*ListenerRef) (map[string]string, map[string]error) {
	arns, errs := map[string]string{}, map[string]error{}
	s := &listenerSearch{ctx: ctx, c: c, byBalancer: map[string][]types.Listener{}}
	var names []string
	var open []*ListenerRef
	for _, r := range refs {
		key := r.String()
		if arns[key] != "" {
			continue
		}
		if arns[key] = f.known(target, r); arns[key] != "" {
			continue
		}
		open = append(open, r)
		if r.LoadBalancer != "" && !slices.Contains(names, r.LoadBalancer) {
			names = append(names, r.LoadBalancer)
		}
	}
	balancers, err := s.named(names)
	for _, r := range open {
		key := r.String()
		if arns[key] != "" || errs[key] != nil {
			continue
		}
		if err != nil && r.LoadBalancer != "" {
			errs[key] = err
			continue
		}
		arn, err := s.one(r, balancers)
		if err != nil {
			errs[key] = err
			continue
		}
		arns[key] = arn
		f.mu.Lock()
		f.found[target+"\x00"+key] = foundListener{arn: arn, at: time.Now()}
		f.mu.Unlock()
	}
	return arns, errs
}

type listenerSearch struct {
	ctx        context.Context
	c          *awsclient.Clients
	byBalancer map[string][]types.Listener
}

// named finds load balancers. One that is missing makes the call fail for all
// (LoadBalancerNotFound), so they are then asked for one by one.
func (s *listenerSearch) named(names []string) (map[string]string, error) {
	out := map[string]string{}
	for _, chunk := range chunks(names, 20) {
		found, err := s.describe(chunk)
		if resource.ClassOf(err) == resource.ClassNotFound && len(chunk) > 1 {
			found, err = nil, nil
			for _, name := range chunk {
				one, oneErr := s.describe([]string{name})
				if oneErr != nil && resource.ClassOf(oneErr) != resource.ClassNotFound {
					return nil, oneErr
				}
				found = append(found, one...)
			}
		}
		if err != nil && resource.ClassOf(err) != resource.ClassNotFound {
			return nil, err
		}
		for _, lb := range found {
			out[aws.ToString(lb.LoadBalancerName)] = aws.ToString(lb.LoadBalancerArn)
		}
	}
	return out, nil
}

func (s *listenerSearch) describe(names []string) ([]types.LoadBalancer, error) {
	var out []types.LoadBalancer
	pages := elasticloadbalancingv2.NewDescribeLoadBalancersPaginator(s.c.Read.ELB, &elasticloadbalancingv2.DescribeLoadBalancersInput{Names: names})
	err := eachPage(s.ctx, pages, func(p *elasticloadbalancingv2.DescribeLoadBalancersOutput) { out = append(out, p.LoadBalancers...) })
	return out, err
}

func (s *listenerSearch) listeners(balancer string) ([]types.Listener, error) {
	if have, ok := s.byBalancer[balancer]; ok {
		return have, nil
	}
	out := []types.Listener{}
	pages := elasticloadbalancingv2.NewDescribeListenersPaginator(s.c.Read.ELB, &elasticloadbalancingv2.DescribeListenersInput{LoadBalancerArn: &balancer})
	if err := eachPage(s.ctx, pages, func(p *elasticloadbalancingv2.DescribeListenersOutput) { out = append(out, p.Listeners...) }); err != nil {
		return nil, err
	}
	s.byBalancer[balancer] = out
	return out, nil
}

// one finds the only listener that a reference means.
func (s *listenerSearch) one(r *ListenerRef, balancers map[string]string) (string, error) {
	var candidates []string // load balancers, of which every listener counts
	var listeners []string
	if r.LoadBalancer != "" {
		arn := balancers[r.LoadBalancer]
		if arn == "" {
			return "", missingListener(r, "there is no load balancer of that name")
		}
		candidates = []string{arn}
	}
	if len(r.Tags) > 0 {
		tagged, err := s.tagged(r.Tags)
		if err != nil {
			return "", err
		}
		var of []string
		for _, arn := range tagged {
			switch {
			case strings.Contains(arn, ":loadbalancer/"):
				of = append(of, arn)
			case strings.Contains(arn, ":listener/"):
				listeners = append(listeners, arn)
			}
		}
		if r.LoadBalancer != "" { // both must hold
			name := loadBalancerOf(candidates[0])
			listeners = slices.DeleteFunc(listeners, func(l string) bool { return loadBalancerOf(l) != name })
			of = slices.DeleteFunc(of, func(lb string) bool { return lb != candidates[0] })
		}
		candidates = of
		for _, l := range listeners { // those whose own tags say it: their port is read too
			arn := balancerARN(l)
			if !slices.Contains(candidates, arn) {
				candidates = append(candidates, arn)
			}
		}
		return s.pick(r, candidates, func(lb, l string) bool { return slices.Contains(of, lb) || slices.Contains(listeners, l) })
	}
	return s.pick(r, candidates, func(string, string) bool { return true })
}

func (s *listenerSearch) pick(r *ListenerRef, balancers []string, counts func(balancer, listener string) bool) (string, error) {
	var found []string
	for _, lb := range balancers {
		listeners, err := s.listeners(lb)
		if err != nil {
			return "", err
		}
		for _, l := range listeners {
			arn := aws.ToString(l.ListenerArn)
			if (r.Port == 0 || aws.ToInt32(l.Port) == r.Port) && counts(lb, arn) {
				found = append(found, arn)
			}
		}
	}
	slices.Sort(found)
	switch found = slices.Compact(found); {
	case len(found) == 1:
		return found[0], nil
	case len(found) == 0 && r.Port != 0 && len(balancers) > 0:
		return "", missingListener(r, fmt.Sprintf("no listener there has port %d", r.Port))
	case len(found) == 0:
		return "", missingListener(r, "no listener is known by that")
	}
	return "", resource.Errorf(resource.ClassInvalid, "listener", "%s means %d listeners (%s): say more of it, or write listenerArn", r, len(found), strings.Join(found[:2], ", "))
}

func missingListener(r *ListenerRef, why string) error {
	return resource.Errorf(resource.ClassInvalid, "listener", "%s is not to be found: %s", r, why)
}

// tagged asks the tagging API what carries all the tags. It is eventually
// consistent, so that what it names is asked itself.
func (s *listenerSearch) tagged(tags map[string]string) ([]string, error) {
	in := &resourcegroupstaggingapi.GetResourcesInput{ResourceTypeFilters: []string{"elasticloadbalancing"}, ResourcesPerPage: aws.Int32(100)}
	for _, k := range slices.Sorted(maps.Keys(tags)) {
		in.TagFilters = append(in.TagFilters, tagtypes.TagFilter{Key: aws.String(k), Values: []string{tags[k]}})
	}
	var arns []string
	pages := resourcegroupstaggingapi.NewGetResourcesPaginator(s.c.Read.Tagging, in)
	err := eachPage(s.ctx, pages, func(p *resourcegroupstaggingapi.GetResourcesOutput) {
		for _, r := range p.ResourceTagMappingList {
			if arn := aws.ToString(r.ResourceARN); strings.Contains(arn, ":loadbalancer/") || strings.Contains(arn, ":listener/") {
				arns = append(arns, arn)
			}
		}
	})
	if err != nil {
		return nil, err
	}
	var sure []string
	for _, chunk := range chunks(arns, (elbTags{}).batch()) {
		have, err := elbTags{}.read(s.ctx, s.c.Read, chunk)
		if err != nil && resource.ClassOf(err) != resource.ClassNotFound {
			return nil, err
		}
		for _, arn := range chunk {
			all := have[arn] != nil
			for k, v := range tags {
				all = all && have[arn][k] == v
			}
			if all {
				sure = append(sure, arn)
			}
		}
	}
	return sure, nil
}

// loadBalancerOf is the full name of the load balancer in an ARN of it, of a
// listener or of a rule: "app/main/50dc6c495c0c9188", the CloudWatch dimension.
func loadBalancerOf(arn string) string {
	_, path, ok := strings.Cut(arn, "/")
	parts := strings.Split(path, "/")
	if !ok || len(parts) < 3 {
		return ""
	}
	return strings.Join(parts[:3], "/")
}

// balancerARN is the ARN of the load balancer that a listener belongs to.
func balancerARN(listener string) string {
	head, _, _ := strings.Cut(listener, ":listener/")
	return head + ":loadbalancer/" + loadBalancerOf(listener)
}
