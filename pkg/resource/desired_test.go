package resource_test

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/ecs-operator/ecs-operator/pkg/diff"
	"github.com/ecs-operator/ecs-operator/pkg/resource"
	"github.com/ecs-operator/ecs-operator/pkg/shape"
	"github.com/ecs-operator/ecs-operator/pkg/spec"
)

type body struct {
	Name    *string
	Image   *string
	Targets []target
	Options map[string]string
	Count   int32
}

type target struct{ Arn *string }

// kind is what Desire needs of a resource.Kind; it never reaches AWS.
type kind struct {
	name, path string
	taggable   bool
	complete   func(u *resource.Unit, o *resource.Object) []spec.Problem
	content    bool
}

func (k kind) Name() string          { return k.name }
func (k kind) Section() spec.Section { return spec.Section{Path: k.path, Kind: k.name} }
func (k kind) Taggable() bool        { return k.taggable }

func (k kind) Complete(_ resource.Frame, u *resource.Unit, o *resource.Object) []spec.Problem {
	if k.complete == nil {
		return nil
	}
	return k.complete(u, o)
}

func (k kind) Content(o *resource.Object) []byte {
	if !k.content {
		return nil
	}
	return (&diff.Rules{}).Canonical(o.Want)
}

func (k kind) Attributes(*resource.Object) map[string]string { return nil }
func (k kind) Diff(*resource.Object, *resource.Live, resource.Compare) []diff.Change {
	return nil
}
func (k kind) Observe(context.Context, resource.Query) map[resource.ID]resource.Live { return nil }
func (k kind) Create(context.Context, resource.Write) (resource.Live, error) {
	return resource.Live{}, nil
}
func (k kind) Update(context.Context, resource.Write) (resource.Live, error) {
	return resource.Live{}, nil
}
func (k kind) Delete(context.Context, resource.Write) error { return nil }

var _ resource.Kind = kind{}

func p[T any](v T) *T { return &v }

func kinds() []resource.Kind {
	return []resource.Kind{
		kind{name: resource.KindService, path: "service", taggable: true, content: true,
			complete: func(u *resource.Unit, o *resource.Object) []spec.Problem {
				o.Want.(*body).Name = p(u.Key.Name)
				o.Need(o.ID.Of(resource.KindTaskDefinition, ""))
				o.Need(o.ID.Of(resource.KindTaskDefinition, ""))
				o.Need(o.ID)
				return nil
			}},
		kind{name: resource.KindTaskDefinition, path: "taskDefinition", taggable: true, content: true,
			complete: func(u *resource.Unit, o *resource.Object) []spec.Problem {
				u.Image = *o.Want.(*body).Image
				o.Tags["team"] = "payments"
				return nil
			}},
		kind{name: resource.KindTargetGroup, path: "targetGroups", taggable: true},
		kind{name: resource.KindScalingPolicy, path: "scaling.policies",
			complete: func(_ *resource.Unit, o *resource.Object) []spec.Problem {
				return []spec.Problem{{File: "f.yaml", Line: 3, Message: "no such policy"}}
			}},
	}
}

func document() spec.Document {
	return spec.Document{Name: "checkout", Cluster: "main", Pos: "f.yaml:1:1", Labels: map[string]string{"a": "b"},
		Policy: spec.Policy{OnDelete: "keep"},
		Bodies: []spec.Body{
			{Section: "taskDefinition", Kind: resource.KindTaskDefinition, Value: &body{Image: p("nginx:1")}, Written: shape.PlacesOf(map[string]string{"image": "f.yaml:2:1"})},
			{Section: "service", Kind: resource.KindService, Value: &body{Targets: []target{{p("$(targetGroups.web.arn)")}}},
				Refs: []spec.Ref{{Path: "targets[0].arn", Text: "$(targetGroups.web.arn)", Section: "targetGroups", Name: "web", Attr: "arn"}}},
			{Section: "targetGroups", Name: "web", Kind: resource.KindTargetGroup, Value: &body{}},
		}}
}

func TestDesire(t *testing.T) {
	frame := resource.Frame{Owner: "op", Scope: "team-a"}
	u, problems := resource.Desire(frame, "prod", document(), kinds())
	if len(problems) > 0 {
		t.Fatal(problems)
	}
	if u.Key != (resource.UnitKey{Target: "prod", Cluster: "main", Name: "checkout"}) || u.Key.String() != "prod/main/checkout" || u.Key.TagValue() != "main/checkout" {
		t.Errorf("key %+v", u.Key)
	}
	if u.Image != "nginx:1" || u.Labels["a"] != "b" || u.Pos != "f.yaml:1:1" || !strings.HasPrefix(u.ContentHash, "1-") {
		t.Errorf("unit %+v", u)
	}
	ours := map[string]string{resource.TagOwner: "op", resource.TagUnit: "main/checkout", resource.TagScope: "team-a"}
	with := func(kv ...string) map[string]string {
		out := map[string]string{}
		for k, v := range ours {
			out[k] = v
		}
		for i := 0; i < len(kv); i += 2 {
			out[kv[i]] = kv[i+1]
		}
		return out
	}
	got := map[string]map[string]string{}
	var order []string
	for _, o := range u.Objects() {
		got[o.ID.Local()] = o.Tags
		order = append(order, o.ID.String())
	}
	if d := cmp.Diff(map[string]map[string]string{
		"service":          with(resource.TagSpecHash, u.ContentHash, resource.TagOnDelete, "keep"),
		"task-definition":  with(resource.TagSpecHash, u.ContentHash, "team", "payments"),
		"target-group/web": with(resource.TagKey, "target-group/web"),
	}, got); d != "" {
		t.Errorf("tags (-want +got):\n%s", d)
	}
	if d := cmp.Diff([]string{"prod/main/checkout/service", "prod/main/checkout/target-group/web", "prod/main/checkout/task-definition"}, order); d != "" {
		t.Errorf("order (-want +got):\n%s", d)
	}
	svc := u.Object(resource.ID{Target: "prod", Cluster: "main", Unit: "checkout", Kind: resource.KindService})
	td, tg := svc.ID.Of(resource.KindTaskDefinition, ""), svc.ID.Of(resource.KindTargetGroup, "web")
	if d := cmp.Diff([]resource.ID{tg, td}, svc.Needs); d != "" {
		t.Errorf("needs (-want +got):\n%s", d)
	}
	if d := cmp.Diff([]resource.Ref{{Path: "targets[0].arn", Text: "$(targetGroups.web.arn)", To: tg, Attr: "arn"}}, svc.Refs); d != "" {
		t.Errorf("refs (-want +got):\n%s", d)
	}
	if svc.Section != "service" || u.Object(tg).Section != "targetGroups.web" || u.Object(td.Of("alarm", "x")) != nil {
		t.Error("sections or lookup are wrong")
	}
}

// The hash covers the rollout content and nothing else.
func TestContentHash(t *testing.T) {
	hash := func(f resource.Frame, edit func(*spec.Document)) string {
		d := document()
		edit(&d)
		u, _ := resource.Desire(f, "prod", d, kinds())
		return u.ContentHash
	}
	base := hash(resource.Frame{Owner: "op"}, func(*spec.Document) {})
	for name, tc := range map[string]struct {
		frame resource.Frame
		edit  func(*spec.Document)
		same  bool
	}{
		"again":                   {resource.Frame{Owner: "op"}, func(*spec.Document) {}, true},
		"another owner and scope": {resource.Frame{Owner: "x", Scope: "y", Source: "z"}, func(*spec.Document) {}, true},
		"policy":                  {resource.Frame{Owner: "op"}, func(d *spec.Document) { d.Policy = spec.Policy{Adopt: true} }, true},
		"surroundings":            {resource.Frame{Owner: "op"}, func(d *spec.Document) { d.Bodies[2].Value.(*body).Count = 9 }, true},
		"the order of bodies":     {resource.Frame{Owner: "op"}, func(d *spec.Document) { d.Bodies[0], d.Bodies[1] = d.Bodies[1], d.Bodies[0] }, true},
		"the image":               {resource.Frame{Owner: "op"}, func(d *spec.Document) { d.Bodies[0].Value.(*body).Image = p("nginx:2") }, false},
		"the service":             {resource.Frame{Owner: "op"}, func(d *spec.Document) { d.Bodies[1].Value.(*body).Count = 2 }, false},
	} {
		if got := hash(tc.frame, tc.edit); (got == base) != tc.same {
			t.Errorf("%s: hash %s, before %s", name, got, base)
		}
	}
}

func TestDesireReportsProblems(t *testing.T) {
	d := document()
	d.Bodies = append(d.Bodies, spec.Body{Section: "scaling.policies", Name: "cpu", Kind: resource.KindScalingPolicy, Value: &body{}})
	u, problems := resource.Desire(resource.Frame{Owner: "op"}, "", d, kinds())
	if len(problems) != 1 || problems[0].String() != "f.yaml:3: no such policy" && !strings.HasPrefix(problems[0].String(), "f.yaml:3:") {
		t.Errorf("problems %v", problems)
	}
	if u.Key.String() != "main/checkout" {
		t.Errorf("the default target is not spelled: %s", u.Key)
	}
	for _, o := range u.Objects() {
		if o.ID.Kind == resource.KindScalingPolicy && len(o.Tags) > 0 {
			t.Errorf("an untaggable object has tags: %v", o.Tags)
		}
	}
}

func TestResolve(t *testing.T) {
	tg := resource.ID{Target: "t", Cluster: "c", Unit: "u", Kind: resource.KindTargetGroup, Name: "web"}
	o := resource.Object{
		ID: tg.Of(resource.KindAlarm, "x"),
		Want: &body{Image: p("x/$(targetGroups.web.fullName)/$(targetGroups.web.arn)"), Targets: []target{{p("$(targetGroups.web.arn)")}},
			Options: map[string]string{"$(k)": "$(targetGroups.web.name)", "verbatim": "$(targetGroups.web.arn)"}},
		Extra: map[string]any{"attributes": map[string]string{"a": "$(targetGroups.web.arn)"}},
		Refs: []resource.Ref{
			{Path: "image", Text: "$(targetGroups.web.fullName)", To: tg, Attr: "fullName"},
			{Path: "image", Text: "$(targetGroups.web.arn)", To: tg, Attr: "arn"},
			{Path: "targets[0].arn", Text: "$(targetGroups.web.arn)", To: tg, Attr: "arn"},
			{Path: "options[$(k)]", Text: "$(targetGroups.web.name)", To: tg, Attr: "name"},
			{Path: "attributes[a]", Text: "$(targetGroups.web.arn)", To: tg, Attr: "arn"},
		},
	}
	known := map[string]string{"arn": "arn:tg", "name": "web-1"}
	got, open := resource.Resolve(o, func(id resource.ID) map[string]string {
		if id != tg {
			t.Errorf("asked for %s", id)
		}
		return known
	})
	want := &body{Image: p("x/$(targetGroups.web.fullName)/arn:tg"), Targets: []target{{p("arn:tg")}},
		// The last is text that happens to look so: nobody named it as a reference.
		Options: map[string]string{"$(k)": "web-1", "verbatim": "$(targetGroups.web.arn)"}}
	if d := cmp.Diff(want, got.Want); d != "" {
		t.Errorf("want (-want +got):\n%s", d)
	}
	if d := cmp.Diff(map[string]any{"attributes": map[string]string{"a": "arn:tg"}}, got.Extra); d != "" {
		t.Errorf("extra (-want +got):\n%s", d)
	}
	if d := cmp.Diff(o.Refs[:1], open); d != "" || len(got.Refs) != 1 {
		t.Errorf("open (-want +got):\n%s", d)
	}
	if *o.Want.(*body).Targets[0].Arn != "$(targetGroups.web.arn)" || o.Extra["attributes"].(map[string]string)["a"] != "$(targetGroups.web.arn)" || len(o.Refs) != 5 {
		t.Error("Resolve changed what it was given")
	}
}

// Equal bytes, equal state; counters and health are none of it.
func TestFingerprint(t *testing.T) {
	l := func() resource.Live {
		return resource.Live{Presence: resource.Present, ARN: "arn:x", Tags: map[string]string{"a": "1", "b": "2"},
			Value: &body{Image: p("i"), Options: map[string]string{"x": "1", "y": "2"}}, Extra: map[string]any{"attributes": map[string]string{"k": "v"}}}
	}
	base := l().Fingerprint()
	if base == "" || base != l().Fingerprint() {
		t.Fatalf("fingerprint %q", base)
	}
	for name, tc := range map[string]struct {
		edit func(*resource.Live)
		same bool
	}{
		"health":       {func(l *resource.Live) { l.Health = resource.Health{State: resource.Degraded} }, true},
		"counters":     {func(l *resource.Live) { l.Service = &resource.ServiceState{Running: 3} }, true},
		"a tag":        {func(l *resource.Live) { l.Tags["a"] = "9" }, false},
		"a value":      {func(l *resource.Live) { l.Value.(*body).Image = p("j") }, false},
		"a map":        {func(l *resource.Live) { l.Value.(*body).Options["x"] = "9" }, false},
		"an attribute": {func(l *resource.Live) { l.Extra["attributes"].(map[string]string)["k"] = "w" }, false},
		"the ARN":      {func(l *resource.Live) { l.ARN = "arn:y" }, false},
	} {
		x := l()
		tc.edit(&x)
		if got := x.Fingerprint(); (got == base) != tc.same {
			t.Errorf("%s: fingerprint %s, before %s", name, got, base)
		}
	}
	for _, presence := range []resource.Presence{resource.Absent, resource.Unknown} {
		x := l()
		x.Presence = presence
		if x.Fingerprint() != "" {
			t.Errorf("%s has a fingerprint", presence)
		}
	}
}

func TestOwner(t *testing.T) {
	l := resource.Live{Tags: map[string]string{resource.TagOwner: "o", resource.TagScope: "s", resource.TagUnit: "u", resource.TagKey: "k", "owner": "x"}}
	if got := l.Owner(); got != (resource.Owner{Operator: "o", Scope: "s", Unit: "u", Key: "k"}) {
		t.Errorf("owner %+v", got)
	}
	if got := (resource.Live{}).Owner(); got != (resource.Owner{}) {
		t.Errorf("owner of nothing: %+v", got)
	}
}

func TestID(t *testing.T) {
	id := resource.ID{Target: "prod", Cluster: "main", Unit: "checkout", Kind: "alarm", Name: "errors"}
	if fmt.Sprint(id) != "prod/main/checkout/alarm/errors" || id.Local() != "alarm/errors" || id.Of("service", "").Local() != "service" {
		t.Errorf("%s, %s", id, id.Local())
	}
	if id.Key() != (resource.UnitKey{Target: "prod", Cluster: "main", Name: "checkout"}) || !id.Less(id.Of("service", "")) || id.Less(id) {
		t.Error("key or order are wrong")
	}
}
