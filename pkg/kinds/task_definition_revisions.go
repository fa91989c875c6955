package kinds

import (
	"context"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ecs"
	"github.com/aws/aws-sdk-go-v2/service/ecs/types"

	"github.com/ecs-operator/ecs-operator/pkg/awsclient"
	"github.com/ecs-operator/ecs-operator/pkg/resource"
	"github.com/ecs-operator/ecs-operator/pkg/shape"
	"github.com/ecs-operator/ecs-operator/pkg/spec"
)

const (
	// fewRevisions is up to how many task definitions a sweep reads each time;
	// of more it takes status and tags from the last reading, for revisionAge at
	// least and until it is their turn. Their content never changes.
	fewRevisions = 20
	revisionAge  = 10 * time.Minute
)

// revision is one task definition revision. The content holds for ever, the
// rest as of the time of reading. There is one for each service at all times, so that
// what is large of it is packed.
type revision struct {
	arn    string
	body   *shape.Packed[revisionBody]
	status types.TaskDefinitionStatus
	read   time.Time

	registered string // RFC 3339
	image      string // of its main container
}

type revisionBody struct {
	Content *ecs.RegisterTaskDefinitionInput
	Tags    map[string]string
}

// sealedRevision is the body of a revision in an answer: it is told by what is written down.
type sealedRevision struct{ body *shape.Packed[revisionBody] }

// Open is resource.Sealed.
func (r sealedRevision) Open() (any, map[string]string) {
	body := r.body.Unpack()
	return body.Content, body.Tags
}

func (r *revision) content() *ecs.RegisterTaskDefinitionInput { return r.body.Unpack().Content }
func (r *revision) tags() map[string]string                   { return r.body.Unpack().Tags }

// Observe answers with the revision that the service runs. When that is not
// what is wanted, an ACTIVE revision that is, is taken instead: the newest, or
// one that carries the wanted content's hash. So a registration that a crash
// cut off from its service, and a revert, register nothing.
func (k *taskDefinition) Observe(ctx context.Context, q resource.Query) map[resource.ID]resource.Live {
	if strays(q) {
		return k.strays(ctx, q)
	}
	a := ask(q)
	few := q.Direct || q.Whole() <= fewRevisions
	c, err := k.clients(ctx, q.Target)
	if err != nil {
		return a.fail(q, err)
	}
	k.expire()
	due := map[string]bool{}
	if !few {
		due = k.rotation.due(q.Target, useRevisions, revisionAge, q.Whole(), k.readAt(q))
	}
	for i := range q.Objects {
		o := q.Objects[i]
		l, err := k.find(ctx, c, q, o, few || due[runningARN(q, o)])
		if err != nil {
			a.unknown(o.ID, err)
			continue
		}
		l.ID = o.ID
		a.set(l)
	}
	return a.by
}

func (k *taskDefinition) find(ctx context.Context, c *awsclient.Clients, q resource.Query, o *resource.Object, fresh bool) (resource.Live, error) {
	want, _ := o.Want.(*ecs.RegisterTaskDefinitionInput)
	if want == nil {
		return resource.Live{}, resource.Errorf(resource.ClassOther, "task definition", "a question without a body")
	}
	var running *revision
	if arn := runningARN(q, o); arn != "" {
		if familyOfARN(arn) == aws.ToString(want.Family) {
			r, err := k.readLately(ctx, c, o, arn, fresh)
			if err != nil {
				return resource.Live{}, err
			}
			if k.fits(o, r) {
				l := r.sealed()
				l.Image = r.image
				if !q.Lean {
					l = l.Open()
				}
				return l, nil
			}
			running = r
		}
	}
	o = o.Whole()
	l, err := k.match(ctx, c, o, running)
	if running != nil {
		l.Image = running.image
	}
	return l, err
}

// runningARN is the revision that the object's service runs, "" for none.
func runningARN(q resource.Query, o *resource.Object) string {
	if s := q.Live[o.ID.Of(resource.KindService, "")]; s.Presence == resource.Present && s.Service != nil {
		return s.Service.TaskDefinition
	}
	return ""
}

// readAt is when the running revisions were read.
func (k *taskDefinition) readAt(q resource.Query) map[string]time.Time {
	out := map[string]time.Time{}
	for i := range q.Objects {
		arn := runningARN(q, q.Objects[i])
		if have, ok := k.cache.Get(arn); ok {
			out[arn] = have.read
		}
	}
	return out
}

// match finds what is nearest to the wanted revision when the running one is not it.
func (k *taskDefinition) match(ctx context.Context, c *awsclient.Clients, o *resource.Object, running *revision) (resource.Live, error) {
	newest, err := k.read(ctx, c, aws.ToString(o.Want.(*ecs.RegisterTaskDefinitionInput).Family), true)
	if err == nil && k.fits(o, newest) {
		r, err := k.begun(ctx, c, o, newest)
		if err != nil {
			return resource.Live{}, err
		}
		return r.live(), nil
	}
	for _, own := range k.lately(o) { // it was registered, whatever is to be seen of it
		if !k.fits(o, &own) {
			continue
		}
		own, err := k.readLately(ctx, c, o, own.arn, true)
		if err != nil {
			return resource.Live{}, err
		}
		if k.fits(o, own) {
			return own.live(), nil
		}
	}
	switch {
	case resource.ClassOf(err) == resource.ClassNotFound && running == nil:
		return resource.Live{Presence: resource.Absent}, nil
	case resource.ClassOf(err) == resource.ClassNotFound:
		return running.live(), nil
	case err != nil:
		return resource.Live{}, err
	}
	switch r, err := k.older(ctx, c, o, newest); {
	case err != nil:
		return resource.Live{}, err
	case r != nil:
		return r.live(), nil
	}
	if running != nil {
		return running.live(), nil
	}
	return newest.live(), nil
}

// fits reports whether a revision is ACTIVE and what is wanted. References that
// are still open compare as different, which is right: they may lead elsewhere.
//
// As long as an object wants the same, and a revision is kept as it was read, the answer is
// the same, too.
func (k *taskDefinition) fits(o *resource.Object, r *revision) bool {
	if r.status != types.TaskDefinitionStatusActive {
		return false
	}
	want, whole := o.Sum()
	last, ok := k.fitted.Get(o.ID)
	if whole && ok && last.want == want && last.body == r.body {
		return last.fits
	}
	last = fitted{want, r.body, sameContent(o.Whole(), r)}
	if whole {
		k.fitted.Put(o.ID, last)
	}
	return last.fits
}

// fitted is the last comparison of a wanted content, by its digest, with a live one, by
// its address.
type fitted struct {
	want shape.Sum
	body *shape.Packed[revisionBody]
	fits bool
}

func sameContent(o *resource.Object, r *revision) bool {
	l := r.live()
	for _, ch := range compareTask(o, &l, resource.Compare{InputChanged: true, Policy: spec.Policy{Ignore: o.Ignore}}) {
		if !ch.Informational {
			return false
		}
	}
	return true
}

// unseen is for how long a revision that was registered may be missing from what is
// read: AWS' reads lag, "up to about five minutes" (ECS, RunTask, on eventual consistency).
const unseen = 5 * time.Minute

// familyKey names the family of an object in its target.
func familyKey(o *resource.Object) string {
	return o.ID.Target + "/" + aws.ToString(o.Want.(*ecs.RegisterTaskDefinitionInput).Family)
}

// lately are the revisions of an object's family that this process has registered, the
// newest first, as long as reads may not have them yet. They may be of several documents,
// which share the family.
func (k *taskDefinition) lately(o *resource.Object) []revision {
	k.ownMu.Lock()
	defer k.ownMu.Unlock()
	return lately(k.own[familyKey(o)])
}

func lately(own []revision) []revision {
	return slices.DeleteFunc(slices.Clone(own), func(r revision) bool { return time.Since(r.read) > unseen })
}

// expire drops what reads have by now, of all families: most are never asked for again.
func (k *taskDefinition) expire() {
	k.ownMu.Lock()
	defer k.ownMu.Unlock()
	for key, own := range k.own {
		switch left := lately(own); len(left) {
		case len(own):
		case 0:
			delete(k.own, key)
		default:
			k.own[key] = left
		}
	}
	if len(k.own) == 0 {
		k.own = nil // a map never gives its room back
	}
}

// registered notes a revision that this process has made.
func (k *taskDefinition) registered(o *resource.Object, r revision) {
	own := k.lately(o)
	k.ownMu.Lock()
	defer k.ownMu.Unlock()
	if k.own == nil {
		k.own = map[string][]revision{}
	}
	k.own[familyKey(o)] = append([]revision{r}, own...)
}

// readLately reads a revision by its ARN. One that this process has registered a moment
// ago is there although it is not to be seen; unless hooks are noted on it, for how they
// stand by now is in its tags alone.
func (k *taskDefinition) readLately(ctx context.Context, c *awsclient.Clients, o *resource.Object, arn string, fresh bool) (*revision, error) {
	r, err := k.read(ctx, c, arn, fresh)
	if resource.ClassOf(err) != resource.ClassNotFound {
		return r, err
	}
	own := k.lately(o)
	i := slices.IndexFunc(own, func(r revision) bool { return r.arn == arn })
	switch {
	case i < 0:
		return r, err
	case hooked(own[i].tags()):
		return nil, resource.Errorf(resource.ClassTransient, "ecs:DescribeTaskDefinition",
			"%s was registered a moment ago and is not to be seen yet: how its hooks stand is looked at when it is", lastSegment(arn))
	}
	return &own[i], nil
}

// hooked reports whether tags say how hooks stand.
func hooked(tags map[string]string) bool {
	for key := range tags {
		if strings.HasPrefix(key, resource.TagHook) {
			return true
		}
	}
	return false
}

// begun is the revision of the wanted content on which a hook has begun, where the newest
// one only says which are to come. There are two of one content when a registration whose
// answer was lost lands after it was made again: a hook runs once for a content.
func (k *taskDefinition) begun(ctx context.Context, c *awsclient.Clients, o *resource.Object, newest *revision) (*revision, error) {
	if tags := newest.tags(); !hooked(tags) || anyBegun(tags) {
		return newest, nil
	}
	arns, err := k.hashed(ctx, c, o)
	if err != nil {
		if arns, err = k.newestOf(ctx, c, o, newest); err != nil {
			return nil, err
		}
	}
	for _, arn := range arns {
		if have, ok := k.cache.Get(arn); arn == newest.arn || ok && !k.sameContent(o, &have) {
			continue
		}
		switch r, err := k.read(ctx, c, arn, true); {
		case resource.ClassOf(err) == resource.ClassNotFound:
		case err != nil:
			return nil, err
		case k.fits(o, r) && anyBegun(r.tags()):
			return r, nil
		}
	}
	return newest, nil
}

// anyBegun reports whether tags say that a hook has begun, or has ended.
func anyBegun(tags map[string]string) bool {
	for key, value := range tags {
		if words := strings.Fields(value); strings.HasPrefix(key, resource.TagHook) && len(words) > 1 && words[1] != "pending" {
			return true
		}
	}
	return false
}

// read describes a revision, or the newest ACTIVE one of a family.
func (k *taskDefinition) read(ctx context.Context, c *awsclient.Clients, name string, fresh bool) (*revision, error) {
	isARN := strings.HasPrefix(name, "arn:")
	if have, ok := k.cache.Get(name); ok && isARN && !fresh {
		return &have, nil
	}
	r, err := describeTask(ctx, c, name)
	if err != nil {
		return nil, err
	}
	k.cache.Put(r.arn, *r)
	return r, nil
}

func describeTask(ctx context.Context, c *awsclient.Clients, name string) (*revision, error) {
	out, err := c.Read.ECS.DescribeTaskDefinition(ctx, &ecs.DescribeTaskDefinitionInput{
		TaskDefinition: &name, Include: []types.TaskDefinitionField{types.TaskDefinitionFieldTags}})
	if err != nil {
		return nil, err
	}
	if out.TaskDefinition == nil {
		return nil, resource.Errorf(resource.ClassTransient, "ecs:DescribeTaskDefinition", "AWS answered without a task definition")
	}
	return revisionOf(out.TaskDefinition, fromPairs(out.Tags, ecsPair)), nil
}

func revisionOf(td *types.TaskDefinition, tags map[string]string) *revision {
	in := &ecs.RegisterTaskDefinitionInput{}
	shape.Project(in, td)
	body := shape.Pack(revisionBody{in, tags})
	r := &revision{arn: aws.ToString(td.TaskDefinitionArn), body: &body, status: td.Status, read: time.Now(),
		registered: rfc3339(td.RegisteredAt), image: mainImage(in)}
	status := string(td.Status)
	shape.Gather(&r.arn, &status, &r.registered, &r.image)
	r.status = types.TaskDefinitionStatus(status)
	return r
}

func (r *revision) live() resource.Live { return r.sealed().Open() }

func (r *revision) sealed() resource.Live {
	l := resource.Live{
		Presence: resource.Present, ARN: r.arn, Name: lastSegment(r.arn), Sealed: sealedRevision{r.body}, Registered: r.registered,
		Attrs: map[string]string{"family": familyOfARN(r.arn)},
	}
	if r.status != types.TaskDefinitionStatusActive {
		// Tasks go on with it, but it is no basis for another deployment.
		l.Health = resource.Health{State: resource.Gone, Reason: "the revision is " + string(r.status)}
	}
	return l
}

// familyOfARN is the family of a revision ARN or of "family:revision".
func familyOfARN(arn string) string {
	fam, _, _ := strings.Cut(lastSegment(arn), ":")
	return fam
}

// revisionNumber is the number behind the colon; 0 without one.
func revisionNumber(arn string) int {
	_, rev, _ := strings.Cut(lastSegment(arn), ":")
	n, err := strconv.Atoi(rev)
	if err != nil {
		return 0
	}
	return n
}
