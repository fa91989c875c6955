package kinds

import (
	"context"
	"iter"
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/resourcegroupstaggingapi"
	tagtypes "github.com/aws/aws-sdk-go-v2/service/resourcegroupstaggingapi/types"

	"github.com/ecs-operator/ecs-operator/pkg/awsclient"
	"github.com/ecs-operator/ecs-operator/pkg/resource"
)

const (
	// hintAge is how old the inventory may get: less than a resync, so that
	// every sweep has one of its own and the kinds of one sweep share it.
	hintAge = 30 * time.Second
	// deniedAge is how long a refusal is remembered.
	deniedAge = 10 * time.Minute
	// fewTags is how many tag calls a sweep makes without asking for a hint, and
	// fewTagged of how many objects.
	fewTags   = 2
	fewTagged = 20
	// fewPages is up to how many pages the inventory is read as soon as it is old,
	// and does not take turns: the fleet is small enough to be read whole each time.
	fewPages = 1
)

// hinted are the service names of the tagging API whose resources it is asked
// for. Whole services and no resource types: the types' spelling differs from
// that of the ARNs in undocumented ways.
var hinted = []string{"elasticloadbalancing", "cloudwatch", "application-autoscaling", "ecs:service"}

// revisionsOnly asks for task definition revisions, of which there are many
// times more: only the census of that kind asks for them. Of ECS whole types are
// asked for, since running tasks may carry their service's tags. These two are
// spelt as in the ARN (Tagging API reference, supported resource types).
var revisionsOnly = []string{"ecs:task-definition"}

// inventory is what the tagging API says about everything of one owner: where
// things are that have another name than the derived one, and their tags. It is
// eventually consistent, hence a hint: a hint that agrees with what is wanted is
// taken, everything else is read directly.
type inventory struct {
	provider awsclient.Provider
	rotation *rotation

	mu sync.Mutex
	by map[owned]*listing
	// listed are the censuses that were made without the tagging API.
	listed map[owned]*listing
	// counts are the censuses that were made of the tags, by kind.
	counts map[owned]counted
}

// owned is one owner in one target, of everything hinted ("") or of one kind.
type owned struct{ target, owner, what string }

type listing struct {
	turn    chan struct{} // one refresh at a time; waiters obey their context
	read    time.Time
	denied  time.Time
	refusal error
	pages   int                // how many calls the last refresh took
	tags    map[string]*tagSet // by ARN, of a census by listing; never written to
	book    *book              // of what the tagging API has told
	version int                // of the book
}

// counted is a census of one kind, and the version of the tags that it was made of.
type counted struct {
	version int
	all     []resource.Found
}

func newInventory(p awsclient.Provider) *inventory {
	return &inventory{provider: p, by: map[owned]*listing{}, listed: map[owned]*listing{}, counts: map[owned]counted{}}
}

// book are tags by ARN, as the last refresh told them and as what was read directly since
// says.
type book struct {
	mu   sync.RWMutex
	tags map[string]*tagSet
	// byKey is unit, key → ARN, "" for several. It is made when somebody asks by key, which
	// is seldom, and goes with the next refresh, or when nobody has asked for a while.
	byKey map[[2]string]string
	asked time.Time
}

func (b *book) of(arn string) (*tagSet, bool) {
	b.mu.RLock()
	defer b.mu.RUnlock()
	t, ok := b.tags[arn]
	return t, ok
}

func (b *book) all() iter.Seq2[string, *tagSet] {
	return func(yield func(string, *tagSet) bool) {
		b.mu.RLock()
		defer b.mu.RUnlock()
		maps.All(b.tags)(yield)
	}
}

// set takes in the tags of an ARN, nil for one that is not ours, and reports whether
// that is news.
func (b *book) set(arn string, tags map[string]string) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	have, known := b.tags[arn]
	switch {
	case tags == nil:
		delete(b.tags, arn)
		return known
	case known && len(have.keys) == len(tags) && have.carries(tags):
		return false
	}
	t := new(tagSets).of(arn, maps.All(tags))
	b.tags[t.arn] = t
	return true
}

// at is where the object of a unit and key was seen, "" for nowhere or several places.
func (b *book) at(unit, key string) string {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.asked = time.Now()
	if b.byKey == nil {
		b.byKey = make(map[[2]string]string, len(b.tags))
		for arn, t := range b.tags {
			unit, _ := t.get(resource.TagUnit)
			key, _ := t.get(resource.TagKey)
			at := [2]string{unit, key}
			if _, twice := b.byKey[at]; twice {
				arn = ""
			}
			b.byKey[at] = arn
		}
	}
	return b.byKey[[2]string{unit, key}]
}

// rest drops the index that nobody has asked for in a while.
func (b *book) rest() {
	b.mu.Lock()
	defer b.mu.Unlock()
	if time.Since(b.asked) > hintAge {
		b.byKey = nil
	}
}

// hint is a view of one refresh; nil where the API is denied or failed.
type hint struct {
	book    *book
	version int
}

// arn is where the object was last seen by its identity: unit and key.
func (h *hint) arn(o *resource.Object) string {
	if h == nil {
		return ""
	}
	return h.book.at(o.Tags[resource.TagUnit], o.Tags[resource.TagKey])
}

// agrees reports whether the hint knows an ARN with all the wanted tags. Its tags are
// shared with everybody: whoever changes some takes a copy.
func (h *hint) agrees(arn string, want map[string]string) (map[string]string, bool) {
	if h == nil {
		return nil, false
	}
	have, ok := h.book.of(arn)
	switch {
	case !ok || !have.carries(want):
		return nil, false
	case len(have.keys) == len(want) && want != nil:
		return want, true // nearly always: no map is made for it
	}
	return have.whole(), true
}

// get gives the hint of an owner, refreshed when it is old. It never fails: no
// hint only means more calls.
func (i *inventory) get(ctx context.Context, target, owner string) *hint {
	h, err := i.look(ctx, owned{target, owner, ""}, hinted)
	if err != nil {
		return nil
	}
	return h
}

// look is get for who must know why there is none.
func (i *inventory) look(ctx context.Context, of owned, types []string) (*hint, error) {
	if of.owner == "" || i.provider == nil {
		return nil, resource.Errorf(resource.ClassOther, "tagging:GetResources", "nobody to ask, or no owner to ask for")
	}
	if of.what == "" {
		i.letGo(of.target, of.owner)
	}
	l, release, err := i.turn(ctx, i.by, of)
	if err != nil {
		return nil, err
	}
	defer release()
	now := time.Now()
	if now.Sub(l.denied) < deniedAge {
		return nil, l.refusal
	}
	if i.due(l, of) {
		if err := i.refresh(ctx, l, of, types); err != nil {
			if resource.ClassOf(err) == resource.ClassDenied {
				l.denied, l.refusal = now, err
			}
			return nil, err
		}
	}
	l.book.rest()
	return &hint{l.book, l.version}, nil
}

// due: it is old enough to be read again, and has the turn. What the census of
// revisions asks for is asked rarely.
func (i *inventory) due(l *listing, of owned) bool {
	if of.what == "" {
		calls := 0 // of what does not take turns
		if l.pages > fewPages {
			calls = l.pages
		}
		i.rotation.round(of.target, useTags, calls)
	}
	if time.Since(l.read) < hintAge {
		return false
	}
	return l.read.IsZero() || of.what != "" || l.pages <= fewPages || i.rotation.spend(of.target, useTags, l.pages)
}

// letGo drops what whoever asks for it next reads anew: the listing of all revisions, which
// are many and are asked for after a rollout, and when a document has gone; and what was
// listed while the tagging API was denied.
func (i *inventory) letGo(target, owner string) {
	i.mu.Lock()
	defer i.mu.Unlock()
	revisions := owned{target, owner, resource.KindTaskDefinition}
	i.by[revisions].idle(hintAge, func(l *listing) {
		l.book = nil
		delete(i.counts, revisions)
	})
	for of, l := range i.listed {
		if of.target == target && of.owner == owner {
			l.idle(listedAge, func(*listing) { delete(i.listed, of) })
		}
	}
}

// idle calls f with a listing that is so old, unless somebody has it in hand.
func (l *listing) idle(age time.Duration, f func(*listing)) {
	if l == nil {
		return
	}
	select {
	case l.turn <- struct{}{}:
		defer func() { <-l.turn }()
	default:
		return
	}
	if time.Since(l.read) >= age {
		f(l)
	}
}

// again is the hint after it was read anew out of its turn, because so much
// disagreed with it; nil where it is too young for that.
func (i *inventory) again(ctx context.Context, target, owner string) *hint {
	of := owned{target, owner, ""}
	l, release, err := i.turn(ctx, i.by, of)
	if err != nil {
		return nil
	}
	defer release()
	if time.Since(l.read) < hintAge || time.Since(l.denied) < deniedAge || i.refresh(ctx, l, of, hinted) != nil {
		return nil
	}
	i.rotation.owe(target, useTags, l.pages)
	return &hint{l.book, l.version}
}

// tell takes in what was read directly: the truth of now.
func (i *inventory) tell(ctx context.Context, target, owner string, read map[string]map[string]string) {
	l, release, err := i.turn(ctx, i.by, owned{target, owner, ""})
	if err != nil {
		return
	}
	defer release()
	if l.read.IsZero() || len(read) == 0 {
		return
	}
	for arn, t := range read {
		if t[resource.TagOwner] != owner {
			t = nil
		}
		if l.book.set(arn, t) {
			l.version++
		}
	}
}

// count makes a census of a kind, unless the tags are those of the last one. Its
// members are shared.
func (i *inventory) count(of owned, version int, census func() []resource.Found) []resource.Found {
	i.mu.Lock()
	last, ok := i.counts[of]
	i.mu.Unlock()
	if ok && last.version == version {
		return last.all
	}
	all := census()
	if resource.Same(all, last.all) {
		all = last.all // whoever has kept that holds no second one
	}
	i.mu.Lock()
	defer i.mu.Unlock()
	i.counts[of] = counted{version, all}
	return all
}

// turn waits for a listing: one refresh at a time, and waiters obey their context.
func (i *inventory) turn(ctx context.Context, among map[owned]*listing, of owned) (*listing, func(), error) {
	i.mu.Lock()
	l := among[of]
	if l == nil {
		l = &listing{turn: make(chan struct{}, 1)}
		among[of] = l
	}
	i.mu.Unlock()
	select {
	case l.turn <- struct{}{}:
		return l, func() { <-l.turn }, nil
	case <-ctx.Done():
		return nil, nil, ctx.Err()
	}
}

func (i *inventory) refresh(ctx context.Context, l *listing, of owned, types []string) error {
	c, err := i.provider.For(ctx, of.target)
	if err != nil {
		return err
	}
	if l.book == nil {
		l.book = &book{tags: map[string]*tagSet{}}
	}
	told := l.book.reading()
	in := &resourcegroupstaggingapi.GetResourcesInput{
		ResourceTypeFilters: types, ResourcesPerPage: aws.Int32(100),
		TagFilters: []tagtypes.TagFilter{{Key: aws.String(resource.TagOwner), Values: []string{of.owner}}},
	}
	pages := resourcegroupstaggingapi.NewGetResourcesPaginator(c.Read.Tagging, in)
	calls := 0
	err = eachPage(ctx, pages, func(page *resourcegroupstaggingapi.GetResourcesOutput) {
		calls++
		for _, r := range page.ResourceTagMappingList {
			told.take(aws.ToString(r.ResourceARN), r.Tags)
		}
	})
	if err != nil {
		return err
	}
	l.read, l.pages = time.Now(), calls
	if told.end() {
		l.version++
	}
	return nil
}

// tagsOf finds the tags of live objects by ARN: by hint where it agrees, else
// directly. objects maps the ARN to what is wanted there.
func (b base) tagsOf(ctx context.Context, c *awsclient.Clients, t tagAPI, q resource.Query, objects map[string]*resource.Object) (map[string]map[string]string, error) {
	out := make(map[string]map[string]string, len(objects))
	var h *hint
	n := len(objects)
	if n > 0 && q.Round != nil {
		n = q.Whole()
	}
	if calls := (n + t.batch() - 1) / t.batch(); !q.Direct && (calls > fewTags || n > fewTagged) {
		h = b.inventory.get(ctx, q.Target, anyOwner(q))
	}
	direct := h.disagreeing(objects, out)
	if h != nil && (len(direct)+t.batch()-1)/t.batch() > fewTags {
		if newer := b.inventory.again(ctx, q.Target, anyOwner(q)); newer != nil {
			h = newer
			direct = h.disagreeing(objects, out)
		}
	}
	for _, chunk := range chunks(direct, t.batch()) {
		tags, err := t.read(ctx, c.Read, chunk)
		maps.Copy(out, tags)
		if h != nil {
			b.inventory.tell(ctx, q.Target, anyOwner(q), tags)
		}
		if err != nil {
			return out, err
		}
	}
	return out, nil
}

// disagreeing are the ARNs that must be read directly; the tags of the others are
// put into out.
func (h *hint) disagreeing(objects map[string]*resource.Object, out map[string]map[string]string) []string {
	var direct []string
	for arn, o := range objects {
		if tags, ok := h.agrees(arn, o.Tags); ok {
			out[arn] = tags
		} else {
			direct = append(direct, arn)
		}
	}
	slices.Sort(direct)
	return direct
}

// anyOwner is the owner of the query's objects: one for a whole run.
func anyOwner(q resource.Query) string {
	for i := range q.Objects {
		if owner := q.Objects[i].Tags[resource.TagOwner]; owner != "" {
			return owner
		}
	}
	return ""
}
