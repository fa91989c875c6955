package kinds

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2"
	"github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2/types"

	"github.com/ecs-operator/ecs-operator/pkg/awsclient"
	"github.com/ecs-operator/ecs-operator/pkg/diff"
	"github.com/ecs-operator/ecs-operator/pkg/resource"
	"github.com/ecs-operator/ecs-operator/pkg/shape"
)

const (
	// fewGroups is up to how many target groups a sweep asks for by name, and
	// whose attributes it reads each time.
	fewGroups = 20
	// attributesAge is after how long the attributes of many are read again at the
	// earliest, when it is their turn.
	attributesAge = 15 * time.Minute
	// groupPage is ELB's largest page (API reference of DescribeTargetGroups).
	groupPage = 400
)

// groupSearch is one Observe of target groups.
type groupSearch struct {
	k     *targetGroup
	c     *awsclient.Clients
	q     resource.Query
	a     *answers
	found map[resource.ID]*types.TargetGroup
	attrs map[string]map[string]string
	tags  map[string]map[string]string
	// failed are objects that are answered already, as unknown or absent.
	failed map[resource.ID]bool
}

func (s *groupSearch) few() bool { return s.q.Direct || s.q.Whole() <= fewGroups }

func (s *groupSearch) fail(id resource.ID, err error) {
	if s.failed == nil {
		s.failed = map[resource.ID]bool{}
	}
	s.failed[id] = true
	s.a.unknown(id, err)
}

// find fills found. An object that is not in it and has not failed is absent.
func (s *groupSearch) find(ctx context.Context) {
	defer s.replaced(ctx)
	if !s.few() {
		all, err := resource.Once(ctx, s.q.Round, everyGroup{s.q.Target}, func() (*groupIndex, error) {
			x := newGroupIndex(s.q.Whole())
			err := s.eachPage(ctx, &elasticloadbalancingv2.DescribeTargetGroupsInput{PageSize: aws.Int32(groupPage)}, x.add)
			s.k.rotation.earn(s.q, s.q.Whole(), groupPage)
			return x, err
		})
		if err != nil {
			for i := range s.q.Objects {
				s.fail(s.q.Objects[i].ID, err)
			}
			return
		}
		s.match(ctx, all)
		return
	}
	s.k.rotation.earn(s.q, len(s.q.Objects), groupPage)
	var names []string
	for i := range s.q.Objects {
		names = append(names, groupName(s.q.Objects[i]))
	}
	slices.Sort(names)
	all, err := s.named(ctx, slices.Compact(names))
	switch {
	case err == nil:
		x := newGroupIndex(len(all))
		x.add(all)
		s.match(ctx, x)
	case resource.ClassOf(err) == resource.ClassNotFound: // one missing name fails the whole call
		for i := range s.q.Objects {
			s.findOne(ctx, s.q.Objects[i])
		}
	default:
		for i := range s.q.Objects {
			s.fail(s.q.Objects[i].ID, err)
		}
	}
}

// replaced looks behind a written name: when what carries it cannot become what
// is wanted, a replacement may stand beside it already.
func (s *groupSearch) replaced(ctx context.Context) {
	for i := range s.q.Objects {
		o := s.q.Objects[i]
		tg := s.found[o.ID]
		if !o.Written.Has("name") || tg == nil || aws.ToString(tg.TargetGroupName) != groupName(o) {
			continue
		}
		l := groupLive(o.ID, tg, nil, nil)
		replace := false
		for _, c := range s.k.Diff(o, &l, resource.Compare{}) {
			replace = replace || c.Effect == diff.Replacement && !c.Informational
		}
		if !replace {
			continue
		}
		all, err := s.named(ctx, []string{replacementName(o)})
		switch {
		case err == nil && len(all) == 1:
			s.found[o.ID] = &all[0]
		case err != nil && resource.ClassOf(err) != resource.ClassNotFound:
			s.fail(o.ID, err)
		}
	}
}

// replacementName is the name of a target group that takes the place of one
// that has the wanted name.
func replacementName(o *resource.Object) string {
	in := o.Want.(*elasticloadbalancingv2.CreateTargetGroupInput)
	return hashedName(aws.ToString(in.Name), immutableHash(in, o.Tags[resource.TagOwner], o.ID.Cluster, o.ID.Unit, o.ID.Name))
}

// findOne looks for one object: by name, then where it was met before, then by
// its tags.
func (s *groupSearch) findOne(ctx context.Context, o *resource.Object) {
	ask := []*elasticloadbalancingv2.DescribeTargetGroupsInput{{Names: []string{groupName(o)}}}
	if o.Written.Has("name") { // a replacement cannot have had it
		ask = append(ask, &elasticloadbalancingv2.DescribeTargetGroupsInput{Names: []string{replacementName(o)}})
	}
	arns := []string{s.k.seen.where(o.ID)}
	if l := s.q.Live[o.ID]; l.Presence == resource.Present {
		arns = append(arns, l.ARN)
	}
	arns = append(arns, s.k.inventory.get(ctx, s.q.Target, o.Tags[resource.TagOwner]).arn(o))
	slices.Sort(arns)
	for _, arn := range slices.Compact(arns) {
		if strings.Contains(arn, ":targetgroup/") {
			ask = append(ask, &elasticloadbalancingv2.DescribeTargetGroupsInput{TargetGroupArns: []string{arn}})
		}
	}
	for _, in := range ask {
		all, err := s.pages(ctx, in)
		if err == nil && len(all) == 1 {
			s.found[o.ID] = &all[0]
			return
		}
		if err != nil && resource.ClassOf(err) != resource.ClassNotFound {
			s.fail(o.ID, err)
			return
		}
	}
}

func groupName(o *resource.Object) string {
	in, _ := o.Want.(*elasticloadbalancingv2.CreateTargetGroupInput)
	if in == nil {
		return ""
	}
	return aws.ToString(in.Name)
}

func (s *groupSearch) named(ctx context.Context, names []string) ([]types.TargetGroup, error) {
	return s.pages(ctx, &elasticloadbalancingv2.DescribeTargetGroupsInput{Names: names})
}

func (s *groupSearch) pages(ctx context.Context, in *elasticloadbalancingv2.DescribeTargetGroupsInput) ([]types.TargetGroup, error) {
	var all []types.TargetGroup
	err := s.eachPage(ctx, in, func(page []types.TargetGroup) { all = append(all, page...) })
	return all, err
}

func (s *groupSearch) eachPage(ctx context.Context, in *elasticloadbalancingv2.DescribeTargetGroupsInput, take func([]types.TargetGroup)) error {
	pages := elasticloadbalancingv2.NewDescribeTargetGroupsPaginator(s.c.Read.ELB, in)
	return eachPage(ctx, pages, func(page *elasticloadbalancingv2.DescribeTargetGroupsOutput) { take(page.TargetGroups) })
}

// everyGroup is the key of all target groups of a target in a round.
type everyGroup struct{ target string }

// groupIndex is a list of target groups, by name and by ARN. They are written down: a fleet
// has thousands, and the list is held for as long as a sweep takes.
type groupIndex struct {
	byName, byARN map[string]int
	all           []shape.Packed[types.TargetGroup]
}

func newGroupIndex(n int) *groupIndex {
	return &groupIndex{byName: make(map[string]int, n), byARN: make(map[string]int, n)}
}

func (x *groupIndex) add(page []types.TargetGroup) {
	for i := range page {
		tg := &page[i]
		arn, name := aws.ToString(tg.TargetGroupArn), aws.ToString(tg.TargetGroupName)
		both := arn + name // not cut from the answer
		x.byARN[both[:len(arn)]], x.byName[both[len(arn):]] = len(x.all), len(x.all)
		x.all = append(x.all, shape.Pack(*tg))
	}
}

// named and at are nil where there is none.
func (x *groupIndex) named(name string) *types.TargetGroup { return x.of(x.byName, name) }

func (x *groupIndex) at(arn string) *types.TargetGroup { return x.of(x.byARN, arn) }

func (x *groupIndex) of(where map[string]int, key string) *types.TargetGroup {
	i, ok := where[key]
	if !ok {
		return nil
	}
	tg := x.all[i].Unpack()
	return &tg
}

// match finds the objects among target groups by name, then by identity.
func (s *groupSearch) match(ctx context.Context, all *groupIndex) {
	var h *hint
	asked := false
	for i := range s.q.Objects {
		o := s.q.Objects[i]
		if tg := all.named(groupName(o)); tg != nil {
			s.found[o.ID] = tg
			continue
		}
		if o.Written.Has("name") {
			if tg := all.named(replacementName(o)); tg != nil {
				s.found[o.ID] = tg
				continue
			}
		}
		if tg := all.at(s.k.seen.where(o.ID)); tg != nil {
			s.found[o.ID] = tg
			continue
		}
		if !asked && !s.few() {
			h, asked = s.k.inventory.get(ctx, s.q.Target, anyOwner(s.q)), true
		}
		if tg := all.at(h.arn(o)); tg != nil {
			s.found[o.ID] = tg
		}
	}
}

// tag reads the tags of what was found.
func (s *groupSearch) tag(ctx context.Context) {
	at := make(map[string]*resource.Object, len(s.found))
	for i := range s.q.Objects {
		o := s.q.Objects[i]
		if tg := s.found[o.ID]; tg != nil {
			at[aws.ToString(tg.TargetGroupArn)] = o
		}
	}
	var err error
	s.tags, err = s.k.tagsOf(ctx, s.c, elbTags{}, s.q, at)
	for arn, o := range at {
		if _, ok := s.tags[arn]; !ok {
			s.fail(o.ID, untold(elbTags{}, err))
		}
	}
}

// attributes reads the attributes of what was found: each time for few, in
// rotation for many, and always where they might have changed.
func (s *groupSearch) attributes(ctx context.Context) {
	s.attrs = make(map[string]map[string]string, len(s.found))
	due := map[string]bool{}
	if !s.few() {
		due = s.k.rotation.due(s.q.Target, useAttributes, attributesAge, s.q.Whole(), s.attributesRead())
	}
	for i := range s.q.Objects {
		o := s.q.Objects[i]
		tg := s.found[o.ID]
		if tg == nil || s.failed[o.ID] {
			continue
		}
		arn := aws.ToString(tg.TargetGroupArn)
		if !s.few() {
			if have, ok := s.k.cached(arn); ok && !due[arn] {
				s.attrs[arn] = have
				continue
			}
		}
		out, err := s.c.Read.ELB.DescribeTargetGroupAttributes(ctx, &elasticloadbalancingv2.DescribeTargetGroupAttributesInput{TargetGroupArn: &arn})
		if resource.ClassOf(err) == resource.ClassNotFound {
			delete(s.found, o.ID) // it went meanwhile
			continue
		}
		if err != nil {
			s.fail(o.ID, err)
			continue
		}
		values := map[string]string{}
		for _, a := range out.Attributes {
			values[aws.ToString(a.Key)] = aws.ToString(a.Value)
		}
		s.k.remember(arn, values)
		s.attrs[arn] = values
	}
}

func (s *groupSearch) answer() {
	for i := range s.q.Objects {
		id := s.q.Objects[i].ID
		tg := s.found[id]
		switch {
		case s.failed[id]:
		case tg == nil:
			s.a.absent(id)
		default:
			arn := aws.ToString(tg.TargetGroupArn)
			if s.tags[arn][resource.TagScope] == s.q.Objects[i].Tags[resource.TagScope] { // else it may only have looked like ours while ours was not to be seen
				s.k.seen.met(id, arn)
			}
			s.a.set(groupLive(id, tg, s.tags[arn], s.attrs[arn]))
		}
	}
}

func groupLive(id resource.ID, tg *types.TargetGroup, tags, attrs map[string]string) resource.Live {
	in := &elasticloadbalancingv2.CreateTargetGroupInput{}
	shape.Share(in, tg)
	in.Name = tg.TargetGroupName
	arn, name := aws.ToString(tg.TargetGroupArn), aws.ToString(tg.TargetGroupName)
	full := ""
	if at := strings.Index(arn, ":targetgroup/"); at >= 0 {
		full = arn[at+1:] // how CloudWatch's TargetGroup dimension spells it
	}
	l := present(id, arn, name, in)
	l.Tags, l.Attrs = tags, map[string]string{"fullName": full}
	l.Group = &resource.GroupState{LoadBalancers: slices.Clone(tg.LoadBalancerArns)}
	if attrs != nil {
		l.Extra = map[string]any{attributes: attrs} // shared by all that have the same
	}
	return l
}

// cached are attributes as they were read last.
func (k *targetGroup) cached(arn string) (map[string]string, bool) {
	k.mu.Lock()
	defer k.mu.Unlock()
	have, ok := k.attrs[arn]
	return have.values, ok
}

// attributesRead is when the attributes of each that was found were read.
func (s *groupSearch) attributesRead() map[string]time.Time {
	s.k.mu.Lock()
	defer s.k.mu.Unlock()
	out := make(map[string]time.Time, len(s.found))
	for _, tg := range s.found {
		if have, ok := s.k.attrs[aws.ToString(tg.TargetGroupArn)]; ok {
			out[aws.ToString(tg.TargetGroupArn)] = have.read
		}
	}
	return out
}

func (k *targetGroup) remember(arn string, values map[string]string) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.attrs[arn] = readAttributes{k.shared(values), time.Now()}
}

// mostSame bounds how many sets of attributes are shared.
const mostSame = 1000

// shared is an equal set of attributes that is kept already. The lock is held.
func (k *targetGroup) shared(values map[string]string) map[string]string {
	said := fmt.Sprint(values) // a map prints in the order of its keys
	if have, ok := k.same[said]; ok && maps.Equal(have, values) {
		return have
	}
	if len(k.same) < mostSame {
		k.same[said] = values
	}
	return values
}

func (k *targetGroup) forget(arn string) {
	k.mu.Lock()
	defer k.mu.Unlock()
	delete(k.attrs, arn)
}

func (k *targetGroup) modifyAttributes(ctx context.Context, c *awsclient.Clients, arn string, set map[string]string) error {
	k.forget(arn)
	in := &elasticloadbalancingv2.ModifyTargetGroupAttributesInput{TargetGroupArn: &arn}
	for _, key := range slices.Sorted(maps.Keys(set)) {
		in.Attributes = append(in.Attributes, types.TargetGroupAttribute{Key: aws.String(key), Value: aws.String(set[key])})
	}
	_, err := c.Write.ELB.ModifyTargetGroupAttributes(ctx, in)
	return err
}

// attributeChanges are the attributes that a write names, with what they shall be.
func attributeChanges(w resource.Write) map[string]string {
	want, _ := w.Object.Extra[attributes].(map[string]string)
	set := map[string]string{}
	for _, c := range w.Changes {
		if c.Informational || c.Field() != attributes {
			continue
		}
		key := strings.TrimSuffix(strings.TrimPrefix(c.Path, attributes+"["), "]")
		if v, ok := want[key]; ok {
			set[key] = v
		} else if v, ok := c.New.(string); ok && c.Unwritten {
			set[key] = v
		}
	}
	return set
}

// settledGroup is the wanted target group with returned defaults written out.
func settledGroup(w resource.Write) (*elasticloadbalancingv2.CreateTargetGroupInput, error) {
	return settled(w, shape.Clone(w.Object.Want.(*elasticloadbalancingv2.CreateTargetGroupInput)))
}
