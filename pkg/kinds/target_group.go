package kinds

import (
	"context"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2"
	"github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2/types"

	"github.com/ecs-operator/ecs-operator/pkg/awsclient"
	"github.com/ecs-operator/ecs-operator/pkg/diff"
	"github.com/ecs-operator/ecs-operator/pkg/resource"
	"github.com/ecs-operator/ecs-operator/pkg/spec"
)

// attributes is the section's key beside CreateTargetGroup's input, and of
// Live.Extra.
const attributes = "attributes"

// targetGroup is an ELBv2 target group with its attributes.
type targetGroup struct {
	base
	mu    sync.Mutex
	attrs map[string]readAttributes    // by ARN: one call each is the dearest read
	same  map[string]map[string]string // values as they were read, by what they say: most groups have the same
}

type readAttributes struct {
	values map[string]string
	read   time.Time
}

func newTargetGroup(b base) *targetGroup {
	return &targetGroup{base: b, attrs: map[string]readAttributes{}, same: map[string]map[string]string{}}
}

func (*targetGroup) Name() string   { return resource.KindTargetGroup }
func (*targetGroup) Taggable() bool { return true }

func (*targetGroup) Section() spec.Section {
	return spec.Section{
		Path: "targetGroups", Kind: resource.KindTargetGroup, Many: true,
		New:        func() any { return &elasticloadbalancingv2.CreateTargetGroupInput{} },
		Extra:      map[string]any{attributes: map[string]string{}},
		ReadOnly:   types.TargetGroup{},
		Frame:      []string{"name"},
		Attributes: []string{"arn", "name", "fullName"},
		Sugar:      map[string]spec.Sugar{"tags": {Key: "key", Value: "value"}},
	}
}

func (k *targetGroup) Complete(f resource.Frame, u *resource.Unit, o *resource.Object) []spec.Problem {
	in := o.Want.(*elasticloadbalancingv2.CreateTargetGroupInput)
	problems := takeTags(u, o, &in.Tags, elbPair)
	if aws.ToString(in.Name) == "" {
		in.Name = aws.String(hashedName(serviceName(u)+"-"+o.ID.Name, immutableHash(in, f.Owner, u.Key.Cluster, u.Key.Name, o.ID.Name)))
	}
	return append(problems, nameProblems(u, o, "name", "the target group name", *in.Name, maxTargetGroupName, targetGroupName)...)
}

// immutableHash covers what a target group cannot change, in its effective
// form, and whose it is. It is part of AWS names: it must never change its mind.
func immutableHash(in *elasticloadbalancingv2.CreateTargetGroupInput, owner ...string) string {
	num := func(p *int32) string { return strconv.Itoa(int(aws.ToInt32(p))) }
	or := func(s, otherwise string) string {
		if s == "" {
			return otherwise
		}
		return s
	}
	return shortHash(append([]string{
		string(in.Protocol), or(aws.ToString(in.ProtocolVersion), "HTTP1"), num(in.Port), aws.ToString(in.VpcId),
		or(string(in.TargetType), "instance"), or(string(in.IpAddressType), "ipv4"), num(in.TargetControlPort),
	}, owner...)...)
}

func (*targetGroup) Content(*resource.Object) []byte { return nil }

func (*targetGroup) Attributes(o *resource.Object) map[string]string {
	return map[string]string{} // the name may turn out to be another one: it is known when it exists
}

// Observe finds target groups by where they were last met, by name, and, when
// neither is there, by their tags.
func (k *targetGroup) Observe(ctx context.Context, q resource.Query) map[resource.ID]resource.Live {
	if strays(q) {
		return k.strays(ctx, q)
	}
	a := ask(q)
	s := &groupSearch{k: k, q: q, a: a, found: map[resource.ID]*types.TargetGroup{}}
	var err error
	if s.c, err = k.clients(ctx, q.Target); err != nil {
		return a.fail(q, err)
	}
	s.find(ctx)
	s.tag(ctx)
	s.attributes(ctx)
	s.answer()
	return a.by
}

func (k *targetGroup) Diff(o *resource.Object, l *resource.Live, c resource.Compare) []diff.Change {
	want, ok := o.Want.(*elasticloadbalancingv2.CreateTargetGroupInput)
	live, isLive := l.Value.(*elasticloadbalancingv2.CreateTargetGroupInput)
	if !ok || !isLive {
		return nil
	}
	r := targetGroupRules(want)
	if !o.Written.Has("name") || sameGroupName(aws.ToString(want.Name), aws.ToString(live.Name)) {
		r.Ignored = with(r.Ignored, "name", "the name is chosen when the target group is made; later its tags are its identity")
	}
	with, bare := *o, *l
	with.Extra = map[string]any{attributes: map[string]string{}}
	if own, ok := o.Extra[attributes].(map[string]string); ok {
		with.Extra[attributes] = own
	}
	bare.Extra = map[string]any{attributes: governedAttributes(with.Extra[attributes].(map[string]string), l, r)}
	return compare(r, &with, &bare, c)
}

// governedAttributes are the live attributes that the spec or the table of
// defaults speaks of: AWS gives back every key that applies, and new ones come.
func governedAttributes(want map[string]string, l *resource.Live, r *diff.Rules) map[string]string {
	live, _ := l.Extra[attributes].(map[string]string)
	out := map[string]string{}
	for key, v := range live {
		at := attributes + "[" + key + "]"
		_, own := want[key]
		_, known := r.Defaults[at]
		_, left := r.Inherits[at]
		if own || known || left {
			out[key] = v
		}
	}
	return out
}

// sameGroupName reports whether live is the written name or a replacement of it:
// "<name>-<8 hex digits>".
func sameGroupName(want, live string) bool {
	if want == live {
		return true
	}
	at := strings.LastIndexByte(live, '-')
	if at < 0 || len(live)-at-1 != 8 || hashedName(want, live[at+1:]) != live {
		return false
	}
	_, err := strconv.ParseUint(live[at+1:], 16, 32)
	return err == nil
}

// Create makes the target group. As a replacement it may not have the name of
// the one that it replaces.
func (k *targetGroup) Create(ctx context.Context, w resource.Write) (resource.Live, error) {
	c, err := k.clients(ctx, w.Object.ID.Target)
	if err != nil {
		return resource.Live{}, err
	}
	in := *w.Object.Want.(*elasticloadbalancingv2.CreateTargetGroupInput)
	if w.Live.Presence == resource.Present && w.Live.Name == aws.ToString(in.Name) {
		in.Name = aws.String(replacementName(&w.Object))
	}
	in.Tags = pairs(w.Object.Tags, elbTag)
	out, err := c.Write.ELB.CreateTargetGroup(ctx, &in)
	if err != nil {
		return resource.Live{}, err
	}
	if len(out.TargetGroups) != 1 {
		return resource.Live{}, resource.Errorf(resource.ClassUnknownOutcome, "elasticloadbalancing:CreateTargetGroup", "AWS answered with %d target groups", len(out.TargetGroups))
	}
	tg := &out.TargetGroups[0]
	k.seen.met(w.Object.ID, aws.ToString(tg.TargetGroupArn))
	want, _ := w.Object.Extra[attributes].(map[string]string)
	l := groupLive(w.Object.ID, tg, w.Object.Tags, want)
	if len(want) > 0 {
		if err := k.modifyAttributes(ctx, c, l.ARN, want); err != nil {
			return l, err
		}
	}
	return l, nil
}

// Update changes the health check, the attributes and the tags: nothing else
// of a target group can be changed.
func (k *targetGroup) Update(ctx context.Context, w resource.Write) (resource.Live, error) {
	c, err := k.clients(ctx, w.Object.ID.Target)
	if err != nil {
		return resource.Live{}, err
	}
	full, err := settledGroup(w)
	if err != nil {
		return resource.Live{}, err
	}
	in := &elasticloadbalancingv2.ModifyTargetGroupInput{TargetGroupArn: &w.Live.ARN}
	modify := false
	for field := range changedFields(w.Changes) {
		if field == attributes {
			continue
		}
		if !carry(in, full, field) {
			return resource.Live{}, resource.Errorf(resource.ClassInvalid, "elasticloadbalancing:ModifyTargetGroup",
				"%s cannot be changed on an existing target group", field)
		}
		modify = true
	}
	if modify {
		if _, err := c.Write.ELB.ModifyTargetGroup(ctx, in); err != nil {
			return resource.Live{}, err
		}
	}
	if set := attributeChanges(w); len(set) > 0 {
		if err := k.modifyAttributes(ctx, c, w.Live.ARN, set); err != nil {
			return resource.Live{}, err
		}
	}
	return retag(ctx, elbTags{}, c.Write, w)
}

// Delete removes the target group. While a rule leads to it AWS refuses with
// ResourceInUse, which passes.
func (k *targetGroup) Delete(ctx context.Context, w resource.Write) error {
	if w.Live.ARN == "" {
		return nil
	}
	return k.remove(ctx, w, func(api awsclient.API) error {
		_, err := api.ELB.DeleteTargetGroup(ctx, &elasticloadbalancingv2.DeleteTargetGroupInput{TargetGroupArn: &w.Live.ARN})
		if gone(err) == nil {
			k.forget(w.Live.ARN)
		}
		return err
	})
}
