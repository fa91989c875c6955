package kinds

import (
	"cmp"
	"context"
	"regexp"
	"strings"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/applicationautoscaling/types"

	"github.com/ecs-operator/ecs-operator/pkg/awsclient"
	"github.com/ecs-operator/ecs-operator/pkg/diff"
	"github.com/ecs-operator/ecs-operator/pkg/resource"
	"github.com/ecs-operator/ecs-operator/pkg/shape"
	"github.com/ecs-operator/ecs-operator/pkg/spec"
)

// fewScaled is up to how many services a sweep asks about one by one; beyond,
// it pages through everything of the namespace.
const fewScaled = 20

// scaled is where an input says what Application Auto Scaling calls the
// service's count: under the same names in all three inputs.
type scaled struct {
	resourceID **string
	dimension  *types.ScalableDimension
	namespace  *types.ServiceNamespace
}

// completeScaled fills the frame of a scaling input, and refuses a written one
// that means something else.
func completeScaled(u *resource.Unit, o *resource.Object, in scaled) []spec.Problem {
	var problems []spec.Problem
	differs := func(path, written, is string) {
		if written != "" && written != is {
			problems = append(problems, problem(u, o, path, "%s.%s is %q, but it scales this document's service: leave it out, or write %q", o.Section, path, written, is))
		}
	}
	id := resourceID(u.Key.Cluster, serviceName(u))
	differs("resourceId", aws.ToString(*in.resourceID), id)
	differs("scalableDimension", string(*in.dimension), string(types.ScalableDimensionECSServiceDesiredCount))
	differs("serviceNamespace", string(*in.namespace), string(types.ServiceNamespaceEcs))
	*in.resourceID, *in.dimension, *in.namespace = &id, types.ScalableDimensionECSServiceDesiredCount, types.ServiceNamespaceEcs
	return problems
}

// scaledService is the resource id of an object's service; also for a question
// without a body, as for a scalable target that no document declares.
func scaledService(o *resource.Object, written *string) string {
	if s := aws.ToString(written); s != "" && !strings.Contains(s, "$(") {
		return s
	}
	return resourceID(o.ID.Cluster, o.ID.Unit)
}

// lagging says of a write whose scalable target AWS does not see yet that it
// may pass: registering one takes a moment to be known everywhere.
func lagging(err error) error {
	if resource.ClassOf(err) == resource.ClassNotFound {
		return resource.Errorf(resource.ClassTransient, "application-autoscaling", "the scalable target is not known to AWS yet: %v", err)
	}
	return err
}

// attached are the kinds that hang on the service's scalable target: scaling
// policies and scheduled actions. They carry no tags: a name says whose it is.
// Want is the input of the put, Found AWS' description.
type attached[Want, Found any] struct {
	base
	kind   string // its name
	naming attachedName
	page   int // objects a call
	rules  *diff.Rules
	// frame is where the input holds its name and what it scales.
	frame func(*Want) (name **string, of scaled)
	// key is how AWS found a description, arn its ARN.
	key func(*Found) (at attachedKey, arn string)
	// describe reads those of one service, or all of the namespace.
	describe func(ctx context.Context, api awsclient.API, resourceID *string, take func(*Found)) error
	// put writes the whole; the ARN is "" where AWS does not tell it.
	put    func(context.Context, awsclient.API, *Want) (arn string, err error)
	delete func(context.Context, awsclient.API, attachedKey) error
	// anew tells a change that a put may not make: what is there goes first. nil for none.
	anew func(live, want *Want) bool

	mu    sync.Mutex
	paged map[string]pagedScaled[Want] // by target: the last reading of a whole namespace
}

// pagedScaled is all that one target has, at a time: the sweep and the census of
// one round share it.
type pagedScaled[Want any] struct {
	read  time.Time
	all   []*sighted[Want] // nil when it is not held any more
	calls int              // that it took
	swept bool             // sweeps read it each time
}

// sighted is one of a whole list, written down: a fleet has thousands, and they are held
// for as long as a sweep takes.
type sighted[Want any] struct {
	at  attachedKey
	arn string
	in  shape.Packed[Want]
}

func (k *attached[Want, Found]) sight(one *Found) *sighted[Want] {
	in := new(Want)
	shape.Share(in, one)
	at, arn := k.key(one)
	shape.Gather(&at.resource, &at.name, &arn) // not cut from the answer
	return &sighted[Want]{at, arn, shape.Pack(*in)}
}

// censusAge is how old the last reading may be for the census. What no sweep asks
// for, since no document has any, takes turns.
func (k *attached[Want, Found]) censusAge(target string) time.Duration {
	k.mu.Lock()
	last := k.paged[target]
	k.mu.Unlock()
	if time.Since(last.read) < hintAge || last.read.IsZero() {
		return hintAge
	}
	k.rotation.round(target, useCensus, last.calls)
	if k.rotation.spend(target, useCensus, last.calls) {
		return hintAge
	}
	return time.Since(last.read) + time.Minute
}

// everything pages through the namespace, at most age ago.
func (k *attached[Want, Found]) everything(ctx context.Context, target string, age time.Duration) ([]*sighted[Want], error) {
	k.mu.Lock()
	last := k.paged[target]
	k.mu.Unlock()
	if last.all != nil && time.Since(last.read) < age {
		return last.all, nil
	}
	c, err := k.clients(ctx, target)
	if err != nil {
		return nil, err
	}
	all := []*sighted[Want]{}
	if err := k.describe(ctx, c.Read, nil, func(one *Found) { all = append(all, k.sight(one)) }); err != nil {
		return nil, err
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.paged == nil {
		k.paged = map[string]pagedScaled[Want]{}
	}
	k.paged[target] = pagedScaled[Want]{time.Now(), all, 1 + len(all)/k.page, age == 0}
	return all, nil
}

// letGo drops what the next sweep reads again anyway.
func (k *attached[Want, Found]) letGo(target string) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if last := k.paged[target]; last.swept {
		last.all = nil
		k.paged[target] = last
	}
}

// attachedName is how the kind's objects get their names.
type attachedName struct {
	member, what string // of the input, and in messages
	derive       func(f resource.Frame, u *resource.Unit, key string) string
	limit        int
	alphabet     *regexp.Regexp
}

// everyAttached is the key of all objects of a kind in a target, in a round.
type everyAttached struct{ target, kind string }

// attachedKey is how such an object is found: the service and the name.
type attachedKey struct{ resource, name string }

func (*attached[Want, Found]) Taggable() bool { return false }

func (k *attached[Want, Found]) Complete(f resource.Frame, u *resource.Unit, o *resource.Object) []spec.Problem {
	name, of := k.frame(o.Want.(*Want))
	if aws.ToString(*name) == "" {
		*name = aws.String(k.naming.derive(f, u, o.ID.Name))
	}
	problems := nameProblems(u, o, k.naming.member, k.naming.what, **name, k.naming.limit, k.naming.alphabet)
	problems = append(problems, completeScaled(u, o, of)...)
	problems = append(problems, completeLabels(u, o)...)
	o.Need(unitID(u, resource.KindScalableTarget, ""))
	return problems
}

// Frame is the name and what it scales, by which it is found.
func (k *attached[Want, Found]) Frame(want any) (frame any, summed bool) {
	in, ok := want.(*Want)
	if !ok {
		return want, false
	}
	out := new(Want)
	from, of := k.frame(in)
	name, at := k.frame(out)
	*name, *at.resourceID = *from, *of.resourceID
	return out, false
}

func (*attached[Want, Found]) Content(*resource.Object) []byte { return nil }

func (k *attached[Want, Found]) Attributes(o *resource.Object) map[string]string {
	name, _ := k.frame(o.Want.(*Want))
	return map[string]string{"name": aws.ToString(*name)}
}

func (k *attached[Want, Found]) Diff(o *resource.Object, l *resource.Live, c resource.Compare) []diff.Change {
	return compare(k.rules, o, l, c)
}

func (k *attached[Want, Found]) keyOf(o *resource.Object) attachedKey {
	in, _ := o.Want.(*Want)
	if in == nil {
		return attachedKey{scaledService(o, nil), ""}
	}
	name, of := k.frame(in)
	return attachedKey{scaledService(o, *of.resourceID), aws.ToString(*name)}
}

// Observe asks per service when the services are few, else it pages through
// the namespace.
func (k *attached[Want, Found]) Observe(ctx context.Context, q resource.Query) map[resource.ID]resource.Live {
	a := ask(q)
	c, err := k.clients(ctx, q.Target)
	if err != nil {
		return a.fail(q, err)
	}
	found := map[attachedKey]*sighted[Want]{}
	services := map[string]error{}
	for i := range q.Objects {
		services[k.keyOf(q.Objects[i]).resource] = nil
	}
	few := len(services) <= fewScaled
	if q.Round != nil {
		few = q.Whole() <= fewScaled
	}
	if q.Direct || few {
		for id := range services {
			services[id] = k.describe(ctx, c.Read, &id, func(one *Found) {
				s := k.sight(one)
				found[s.at] = s
			})
		}
	} else {
		var err error
		found, err = resource.Once(ctx, q.Round, everyAttached{q.Target, k.kind}, func() (map[attachedKey]*sighted[Want], error) {
			all, err := k.everything(ctx, q.Target, 0)
			k.rotation.earn(q, len(all), k.page)
			for _, one := range all {
				found[one.at] = one
			}
			return found, err
		})
		for id := range services {
			services[id] = err
		}
	}
	for i := range q.Objects {
		o := q.Objects[i]
		at := k.keyOf(o)
		switch one := found[at]; {
		case services[at.resource] != nil:
			a.unknown(o.ID, services[at.resource])
		case one == nil:
			a.absent(o.ID)
		default:
			a.set(k.live(o.ID, one))
		}
	}
	return a.by
}

func (k *attached[Want, Found]) live(id resource.ID, one *sighted[Want]) resource.Live {
	in := one.in.Unpack()
	return present(id, one.arn, one.at.name, &in)
}

// Create puts the object.
func (k *attached[Want, Found]) Create(ctx context.Context, w resource.Write) (resource.Live, error) {
	return k.Update(ctx, w)
}

// Update puts the whole object again, with the defaults that it returns to: of
// what it is not told, AWS keeps a policy's all, and an action's all but the
// times. Where the answer has no ARN, that is read.
func (k *attached[Want, Found]) Update(ctx context.Context, w resource.Write) (resource.Live, error) {
	c, err := k.clients(ctx, w.Object.ID.Target)
	if err != nil {
		return resource.Live{}, err
	}
	in, err := settled(w, shape.Clone(w.Object.Want.(*Want)))
	if err != nil {
		return resource.Live{}, err
	}
	at, known := k.keyOf(&w.Object), w.Live.ARN
	if live, ok := w.Live.Value.(*Want); ok && k.anew != nil && k.anew(live, in) {
		if err := gone(k.delete(ctx, c.Write, at)); err != nil {
			return resource.Live{}, err
		}
		known = ""
	}
	arn, err := k.put(ctx, c.Write, in)
	if err != nil {
		return resource.Live{}, lagging(err)
	}
	if arn = cmp.Or(arn, known); arn == "" {
		arn = k.readARN(ctx, c, at)
	}
	return present(w.Object.ID, arn, at.name, in), nil
}

// readARN is the ARN of what was written just now, at best: whatever the read
// says, it is written, and the next pass has its ARN.
func (k *attached[Want, Found]) readARN(ctx context.Context, c *awsclient.Clients, at attachedKey) string {
	found := ""
	err := k.describe(ctx, c.Read, &at.resource, func(one *Found) {
		if key, arn := k.key(one); key == at {
			found = arn
		}
	})
	if err != nil {
		return ""
	}
	return found
}

// Delete removes the object; with a policy AWS removes the alarms that it made for it.
func (k *attached[Want, Found]) Delete(ctx context.Context, w resource.Write) error {
	return k.remove(ctx, w, func(api awsclient.API) error { return k.delete(ctx, api, k.keyOf(&w.Object)) })
}
