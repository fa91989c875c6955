package kinds

import (
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ecs"
	"github.com/aws/aws-sdk-go-v2/service/ecs/types"
	"github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2"
	elbtypes "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2/types"

	"github.com/ecs-operator/ecs-operator/pkg/diff"
	"github.com/ecs-operator/ecs-operator/pkg/resource"
	"github.com/ecs-operator/ecs-operator/pkg/shape"
	"github.com/ecs-operator/ecs-operator/pkg/spec"
)

// whole is an input of one kind in which every member has a value, and the value
// is no default; every list has one element. Of a union it has one member.
type whole struct {
	kind     resource.Kind
	section  spec.Section
	registry *shape.Registry
	defaults map[string]any
	usual    map[string][]any
	member   int // which member of each union
	n        int
	value    any
	extra    map[string]any
	written  map[string]string // every leaf
}

// step leads from a value into one of its places.
type step func(reflect.Value) reflect.Value

// leaf is one place that holds no other place.
type leaf struct {
	index, free string // "a[0].b" and "a[].b"
	steps       []step
	entry       string // of a free-form map: the key
}

func newWhole(k resource.Kind, s spec.Section, member int) *whole {
	w := &whole{kind: k, section: s, registry: shape.NewRegistry(s.Unions, s.Documents), member: member, defaults: Rules(s.Sort()).Defaults, usual: Rules(s.Sort()).Usual, value: s.New()}
	w.fill(reflect.ValueOf(w.value).Elem(), "")
	for name := range s.Extra {
		entries := map[string]string{}
		for _, l := range catalogue(k.Name()).Lines {
			if key, ok := strings.CutPrefix(l.Path, name+"["); ok {
				entries[strings.TrimSuffix(key, "]")] = w.word()
			}
		}
		w.extra = map[string]any{name: entries}
	}
	return w
}

func (w *whole) word() string {
	w.n++
	return fmt.Sprintf("w%d", w.n)
}

func (w *whole) fill(v reflect.Value, path string) {
	if u, ok := w.registry.Union(v.Type()); ok {
		m := u.Members[w.member%len(u.Members)]
		p := reflect.New(m)
		w.fill(p.Elem().Field(0), shape.Join(path, shape.SpecName(u.MemberName(m))))
		v.Set(p)
		return
	}
	if d, ok := w.registry.Document(v.Type()); ok {
		v.Set(reflect.ValueOf(d.New(map[string]any{"k": w.word()})))
		return
	}
	switch v.Kind() {
	case reflect.Pointer:
		v.Set(reflect.New(v.Type().Elem()))
		w.fill(v.Elem(), path)
	case reflect.Struct:
		if shape.IsTime(v.Type()) {
			w.n++
			v.Set(reflect.ValueOf(time.Date(2030, 1, 1, w.n%24, 0, 0, 0, time.UTC)))
			return
		}
		for _, f := range shape.Fields(v.Type()) {
			w.fill(v.Field(f.Index), shape.Join(path, f.Name))
		}
	case reflect.Slice:
		v.Set(reflect.MakeSlice(v.Type(), 1, 1))
		w.fill(v.Index(0), path+"[]")
	case reflect.Map:
		v.Set(reflect.MakeMap(v.Type()))
		e := reflect.New(v.Type().Elem()).Elem()
		w.fill(e, path+"[]")
		v.SetMapIndex(reflect.ValueOf(w.word()).Convert(v.Type().Key()), e)
	default:
		w.scalar(v, path)
	}
}

// scalar sets a value that is neither zero, if it can be otherwise, nor the default.
func (w *whole) scalar(v reflect.Value, path string) {
	switch v.Kind() {
	case reflect.String:
		v.SetString(w.word())
		for _, word := range shape.Enum(v.Type()) {
			if word != w.defaults[path] && !slices.Contains(w.usual[path], any(word)) {
				v.SetString(word)
				break
			}
		}
	case reflect.Bool:
		v.SetBool(w.defaults[path] != true)
	case reflect.Int32, reflect.Int64:
		w.n++
		v.SetInt(int64(1000 + 10*w.n))
	case reflect.Float64:
		w.n++
		v.SetFloat(1000.5 + float64(10*w.n))
	default:
		panic("the dual knows no " + v.Type().String() + " at " + path)
	}
}

// other changes a place to another value.
func other(v reflect.Value) {
	switch v.Kind() {
	case reflect.Pointer:
		other(v.Elem())
	case reflect.Struct: // time
		v.Set(reflect.ValueOf(v.Interface().(time.Time).Add(time.Hour)))
	case reflect.String:
		was := v.String()
		v.SetString(was + "-other")
		for _, word := range shape.Enum(v.Type()) {
			if word != was {
				v.SetString(word)
				break
			}
		}
	case reflect.Bool:
		v.SetBool(!v.Bool())
	case reflect.Int32, reflect.Int64:
		v.SetInt(v.Int() + 1)
	case reflect.Float64:
		v.SetFloat(v.Float() + 1)
	}
}

// leaves are all places of the input that hold a value of their own.
func (w *whole) leaves() []leaf {
	var out []leaf
	w.walk(reflect.ValueOf(w.value).Elem(), leaf{}, &out)
	for name, m := range w.extra {
		for _, key := range slices.Sorted(maps.Keys(m.(map[string]string))) {
			p := shape.At(name, key)
			out = append(out, leaf{index: p, free: p, entry: key})
		}
	}
	return out
}

func (l leaf) to(name string, s step) leaf {
	return leaf{index: shape.Join(l.index, name), free: shape.Join(l.free, name), steps: append(slices.Clone(l.steps), s)}
}

func (w *whole) walk(v reflect.Value, at leaf, out *[]leaf) {
	deref := func(v reflect.Value) reflect.Value {
		for v.Kind() == reflect.Pointer {
			v = v.Elem()
		}
		return v
	}
	v = deref(v)
	if !v.IsValid() {
		return // a tweak took it away
	}
	if u, ok := w.registry.Union(v.Type()); ok {
		if v.IsNil() {
			return
		}
		m := v.Elem().Elem()
		w.walk(m.Field(0), at.to(shape.SpecName(u.MemberName(m.Type())), func(v reflect.Value) reflect.Value { return deref(v).Elem().Elem().Field(0) }), out)
		return
	}
	_, document := w.registry.Document(v.Type())
	switch {
	case document:
		*out = append(*out, at)
	case v.Kind() == reflect.Struct && !shape.IsTime(v.Type()):
		for _, f := range shape.Fields(v.Type()) {
			w.walk(v.Field(f.Index), at.to(f.Name, func(v reflect.Value) reflect.Value { return deref(v).Field(f.Index) }), out)
		}
	case v.Kind() == reflect.Slice:
		for i := range v.Len() {
			next := leaf{index: shape.At(at.index, i), free: at.free + "[]",
				steps: append(slices.Clone(at.steps), func(v reflect.Value) reflect.Value { return deref(v).Index(i) })}
			w.walk(v.Index(i), next, out)
		}
	case v.Kind() == reflect.Map:
		for _, k := range v.MapKeys() {
			*out = append(*out, leaf{index: shape.At(at.index, k), free: at.free + "[]", steps: at.steps, entry: k.String()})
		}
	case v.Kind() == reflect.String && v.String() == "":
	default:
		*out = append(*out, at)
	}
}

// edited is a copy of the input, and of what stands beside it, in which the leaf
// has another value, or none.
func (w *whole) edited(l leaf, remove bool) (any, map[string]any) {
	value, extra := shape.Clone(w.value), map[string]any{}
	for name, m := range w.extra {
		extra[name] = maps.Clone(m.(map[string]string))
	}
	if len(l.steps) == 0 {
		name, _, _ := strings.Cut(l.index, "[")
		m := extra[name].(map[string]string)
		if m[l.entry] += "-other"; remove {
			delete(m, l.entry)
		}
		return value, extra
	}
	v := reflect.ValueOf(value).Elem()
	for _, s := range l.steps {
		v = s(v)
	}
	_, document := w.registry.Document(v.Type())
	switch {
	case l.entry != "":
		for v.Kind() == reflect.Pointer {
			v = v.Elem()
		}
		key := reflect.ValueOf(l.entry).Convert(v.Type().Key())
		e := reflect.New(v.Type().Elem()).Elem()
		e.Set(v.MapIndex(key))
		if other(e); remove {
			e = reflect.Value{}
		}
		v.SetMapIndex(key, e)
	case remove:
		v.SetZero()
	case document:
		d, _ := w.registry.Document(v.Type())
		v.Set(reflect.ValueOf(d.New(map[string]any{"k": "other"})))
	default:
		other(v)
	}
	return value, extra
}

// at is what the input has at a leaf.
func (w *whole) at(l leaf) any {
	if len(l.steps) == 0 || l.entry != "" {
		return nil
	}
	v := reflect.ValueOf(w.value).Elem()
	for _, s := range l.steps {
		v = s(v)
	}
	return shape.Plain(v.Interface(), w.registry)
}

// object is a document's object that writes everything but the leaf.
func (w *whole) object(value any, extra map[string]any, without string) *resource.Object {
	o := &resource.Object{ID: resource.ID{Cluster: "c", Unit: "u", Kind: w.kind.Name()}, Want: value, Extra: extra, Section: w.section.Path}
	if w.written == nil {
		w.written = map[string]string{}
		for _, l := range w.leaves() {
			w.written[l.index] = "spec.yaml:1:1"
		}
	}
	o.Written = shape.PlacesOf(w.written)
	o.Written.Delete(func(p string) bool { return p == without })
	return o
}

// rules are those that hold for this input.
func (w *whole) rules() *diff.Rules {
	switch in := w.value.(type) {
	case *ecs.CreateServiceInput:
		return serviceRules(in)
	case *elasticloadbalancingv2.CreateTargetGroupInput:
		return targetGroupRules(in)
	}
	return Rules(w.section.Sort())
}

// tweaks make of a whole input those that can be told apart: what excludes one
// another, and what is the same when it stands alone.
func tweaks(k string) []func(any) {
	switch k {
	case resource.KindService:
		return []func(any){
			func(v any) { v.(*ecs.CreateServiceInput).CapacityProviderStrategy = nil },
			func(v any) { v.(*ecs.CreateServiceInput).LaunchType = "" },
			func(v any) {
				in := v.(*ecs.CreateServiceInput)
				in.SchedulingStrategy, in.CapacityProviderStrategy = types.SchedulingStrategyReplica, nil
			},
		}
	case resource.KindTargetGroup:
		var out []func(any)
		for _, p := range []elbtypes.ProtocolEnum{"HTTP", "TCP", "GENEVE", "UDP"} {
			out = append(out, func(v any) { v.(*elasticloadbalancingv2.CreateTargetGroupInput).Protocol = p })
		}
		return append(out, func(v any) {
			in := v.(*elasticloadbalancingv2.CreateTargetGroupInput)
			in.Protocol, in.ProtocolVersion = "HTTP", aws.String("GRPC")
		}, func(v any) { v.(*elasticloadbalancingv2.CreateTargetGroupInput).TargetType = "lambda" }, func(v any) {
			in := v.(*elasticloadbalancingv2.CreateTargetGroupInput)
			in.Protocol, in.TargetType = "TCP", "alb"
		})
	case resource.KindListenerRule:
		return []func(any){
			func(v any) { // a single action, and a group by itself
				a := &v.(*elasticloadbalancingv2.CreateRuleInput).Actions[0]
				a.Type, a.ForwardConfig = elbtypes.ActionTypeEnumForward, nil
			},
			func(v any) {
				in := v.(*elasticloadbalancingv2.CreateRuleInput)
				in.Actions = append(in.Actions, shape.Clone(in.Actions[0]))
				g := &in.Actions[0].ForwardConfig.TargetGroups
				*g = append(*g, elbtypes.TargetGroupTuple{TargetGroupArn: aws.String("second"), Weight: aws.Int32(3)})
			},
		}
	}
	return []func(any){func(any) {}}
}

// elsewhere are places whose difference shows at another path, which means the
// same: AWS has two ways to say it.
var elsewhere = map[string]string{
	resource.KindListenerRule + " actions[].targetGroupArn": "actions[].forwardConfig",
}

// folded says of a place why this input does not show it, "" where it does.
func folded(w *whole, l leaf) string {
	if in, ok := w.value.(*elasticloadbalancingv2.CreateRuleInput); ok {
		alone := len(in.Actions) == 1
		switch {
		case l.free == "actions[].order" && alone:
			return "of a single action it says nothing"
		case l.free == "actions[].type" && alone:
			return "what is forwarded goes with the type"
		case l.free == "actions[].targetGroupArn" && !alone:
			return "the forward configuration stands beside it"
		case l.index == "actions[1].forwardConfig.targetGroups[0].weight":
			return "the only group gets everything"
		}
	}
	return ""
}

// shownAt is the path at which a difference of the leaf must show: the list
// around it, where the list has no identities.
func shownAt(r *diff.Rules, kind string, l leaf) (free string, below bool) {
	if at, ok := elsewhere[kind+" "+l.free]; ok {
		return at, true
	}
	for i := range len(l.free) {
		if !strings.HasPrefix(l.free[i:], "[]") {
			continue
		}
		list := l.free[:i]
		if r.Sets[list] {
			return list, false
		}
		if keys, ok := r.Keys[list]; ok && slices.Contains(strings.Split(keys, "+"), strings.TrimPrefix(l.free[i+2:], ".")) {
			return list, true // another key is another element
		}
		if i+2 == len(l.free) && !isMapEntry(l) {
			return list, false // texts in order
		}
	}
	return l.free, false
}

func isMapEntry(l leaf) bool { return l.entry != "" }

// freeOf drops keys and indices from an output path.
func freeOf(path string, attributes bool) string {
	if attributes {
		return path
	}
	var b strings.Builder
	depth := 0
	for _, c := range path {
		switch {
		case c == '[':
			if depth == 0 {
				b.WriteString("[]")
			}
			depth++
		case c == ']':
			depth--
		case depth == 0:
			b.WriteRune(c)
		}
	}
	return b.String()
}

// owner says who has a path when it is not the spec, "" for the spec.
func (w *whole) owner(r *diff.Rules, l leaf, written bool) string {
	for cut := len(l.free); cut > 0; cut = strings.LastIndexAny(l.free[:cut], ".[") {
		p := l.free[:cut]
		if why := r.Ignored[p]; why != "" {
			return why
		}
	}
	if l.free == "desiredCount" && w.kind.Name() == resource.KindService {
		o := w.object(w.value, nil, "")
		if !written {
			o = w.object(w.value, nil, l.index)
		}
		return countOwner(o, w.value.(*ecs.CreateServiceInput), resource.Compare{})
	}
	if written {
		return ""
	}
	if l.free == "name" && w.kind.Name() == resource.KindTargetGroup {
		return "the name is chosen when the target group is made; later its tags are its identity"
	}
	return r.Inherits[l.free]
}

// eachWhole runs over every input that the walk needs.
func eachWhole(f func(w *whole)) {
	for _, k := range All(nil) {
		for _, s := range k.Section().Forms() {
			for member := range 2 { // no union has more than two members
				for _, tweak := range tweaks(k.Name()) {
					w := newWhole(k, s, member)
					tweak(w.value)
					f(w)
				}
			}
		}
	}
}

// TestDual: whatever of a live object is changed behind the operator's back,
// diff shows exactly that, or the rules name its other owner. Both where the
// author wrote the path and where nobody did.
func TestDual(t *testing.T) {
	seen, owned := map[string]map[string]bool{}, map[string]string{}
	cases := 0
	eachWhole(func(w *whole) {
		kind, r := w.section.Sort(), w.rules()
		if seen[kind] == nil {
			seen[kind] = map[string]bool{}
		}
		for _, l := range w.leaves() {
			if folded(w, l) != "" {
				continue
			}
			seen[kind][l.free] = true
			at, below := shownAt(r, kind, l)
			// written
			live, extra := w.edited(l, false)
			got := w.kind.Diff(w.object(w.value, w.extra, ""), &resource.Live{Presence: resource.Present, Value: live, Extra: extra}, resource.Compare{})
			cases++
			if why := w.owner(r, l, true); why != "" {
				owned[kind+" "+l.free] = why
				if len(got) != 0 {
					t.Errorf("%s %s: shown, and yet %q: %+v", kind, l.index, why, got)
				}
			} else {
				exactly(t, kind+" "+l.index+" written", got, at, below, false)
			}
			// unwritten
			want, extra := w.edited(l, true)
			for _, changed := range []bool{false, true} {
				got := w.kind.Diff(w.object(want, extra, l.index), &resource.Live{Presence: resource.Present, Value: w.value, Extra: w.extra}, resource.Compare{InputChanged: changed})
				cases++
				w.unwritten(t, r, l, got, at, below, changed)
			}
		}
	})
	all, met := 0, 0
	for _, s := range allForms() {
		r := Rules(s.Sort())
		for p, typ := range inputPlaces(s, func(p string) bool { return r.Ignored[p] != "" }) {
			switch d := shape.Deref(typ); {
			case r.Ignored[p] != "": // named with its reason
				continue
			case d.Kind() == reflect.Slice && (shape.Deref(d.Elem()).Kind() != reflect.Struct && shape.Deref(d.Elem()).Kind() != reflect.Interface), d.Kind() == reflect.Map:
				p += "[]"
			case d.Kind() == reflect.Slice, d.Kind() == reflect.Struct && !shape.IsTime(d):
				continue // its members are walked
			case d.Kind() == reflect.Interface:
				if len(ecsDocuments()) == 0 || !strings.HasSuffix(p, "hookDetails") {
					continue
				}
			}
			if p == attributes+"[]" {
				p = attributes + "[stickiness.enabled]"
			}
			all++
			if seen[s.Sort()][p] {
				met++
			} else {
				t.Errorf("%s: %s was never changed", s.Sort(), p)
			}
		}
	}
	t.Logf("%d of %d writable paths (%.0f %%) in %d cases; other owners: %d", met, all, 100*float64(met)/float64(all), cases, len(owned))
	if met < 440 {
		t.Errorf("only %d paths: the walk has shrunk", met)
	}
}

// exactly: one change that would be written, at the path and nowhere else.
func exactly(t *testing.T, name string, got []diff.Change, at string, below, informational bool) {
	t.Helper()
	n := 0
	for _, c := range got {
		free := freeOf(c.Path, strings.HasPrefix(c.Path, attributes+"["))
		if fits := free == at || below && (strings.HasPrefix(free, at+"[") || strings.HasPrefix(free, at+".")); !fits || c.Informational != informational {
			t.Errorf("%s: %+v, expected at %s (informational: %v)", name, c, at, informational)
		}
		n++
	}
	if n == 0 || n > 1 && !below {
		t.Errorf("%s: %d changes, expected one at %s", name, n, at)
	}
}

// unwritten: the class of the path says what must be shown of it.
func (w *whole) unwritten(t *testing.T, r *diff.Rules, l leaf, got []diff.Change, at string, below, changed bool) {
	t.Helper()
	name := fmt.Sprintf("%s %s unwritten (input changed: %v)", w.kind.Name(), l.index, changed)
	inherits := r.Inherits[l.free]
	if d := r.Defaults[l.free]; d != nil && fmt.Sprint(d) == fmt.Sprint(w.at(l)) {
		if len(got) != 0 {
			t.Errorf("%s: shown, and yet it is the default: %+v", name, got)
		}
		return
	}
	switch why := w.owner(r, l, false); {
	case why != "" && why != inherits: // nobody asks the spec
		if len(got) != 0 {
			t.Errorf("%s: shown, and yet %q: %+v", name, why, got)
		}
	case why != "" && (!changed && len(r.Usual[l.free]) == 0 || slices.ContainsFunc(r.Usual[l.free], func(v any) bool { return fmt.Sprint(v) == fmt.Sprint(w.at(l)) })):
		if len(got) != 0 {
			t.Errorf("%s: shown, and yet %q: %+v", name, why, got)
		}
	case inherits != "":
		exactly(t, name, got, at, below, true)
		for _, c := range got {
			if !strings.Contains(c.Note, "no longer governed") {
				t.Errorf("%s: %q", name, c.Note)
			}
		}
	default:
		// The author's word on the list around it stands: a list is written whole.
		_, moved := elsewhere[w.section.Sort()+" "+l.free]
		whole := below && !moved || strings.HasSuffix(l.free, "[]") ||
			strings.HasSuffix(l.free, "containerConfigurations[].logLevel") // the only member of a union
		deploys := len(got) > 0 && got[0].Effect.Rank() > diff.TasksLater.Rank()
		exactly(t, name, got, at, below, deploys && !changed && !whole)
		if d, ok := r.Defaults[l.free]; ok && !whole && at == l.free && len(got) == 1 && fmt.Sprint(got[0].New) != fmt.Sprint(d) {
			t.Errorf("%s: goes to %v, the default is %v", name, got[0].New, d)
		}
	}
}
