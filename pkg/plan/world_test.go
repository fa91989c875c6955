package plan_test

import (
	"context"
	"errors"
	"fmt"
	"hash/fnv"

	"github.com/ecs-operator/ecs-operator/pkg/diff"
	"github.com/ecs-operator/ecs-operator/pkg/plan"
	"github.com/ecs-operator/ecs-operator/pkg/resource"
	"github.com/ecs-operator/ecs-operator/pkg/shape"
	"github.com/ecs-operator/ecs-operator/pkg/spec"
)

// The inputs of four small kinds, shaped like the SDK's: plan may not know the
// real ones, and needs of them only what resource.Kind says.
type (
	taskDefinition struct {
		Family     *string
		Cpu        *string
		Containers []container
	}
	container struct {
		Name, Image *string
		Environment []pair
	}
	pair    struct{ Name, Value *string }
	service struct {
		ServiceName    *string
		Cluster        *string
		LaunchType     *string
		TaskDefinition *string
		DesiredCount   *int32
		GracePeriod    *int32
		AlarmName      *string
		LoadBalancers  []loadBalancer
	}
	loadBalancer struct{ TargetGroupArn *string }
	targetGroup  struct {
		Name *string
		Port *int32
		Path *string
	}
	scalableTarget struct {
		ResourceId *string
		Min, Max   *int32
	}
	alarm struct {
		Name      *string
		Threshold *float64
		Dimension *string
	}
)

// kind is a resource.Kind that is rules and nothing else; what calls AWS is
// never reached by a plan.
type kind struct {
	name     string
	path     string
	many     bool
	untagged bool
	rules    *diff.Rules
	complete func(f resource.Frame, u *resource.Unit, o *resource.Object)
	content  func(r *diff.Rules, o *resource.Object) []byte
	attrs    func(o *resource.Object) map[string]string
}

func (k kind) Name() string          { return k.name }
func (k kind) Section() spec.Section { return spec.Section{Path: k.path, Kind: k.name, Many: k.many} }
func (k kind) Taggable() bool        { return !k.untagged }

func (k kind) Complete(f resource.Frame, u *resource.Unit, o *resource.Object) []spec.Problem {
	if k.complete != nil {
		k.complete(f, u, o)
	}
	return nil
}

func (k kind) Content(o *resource.Object) []byte {
	if k.content == nil {
		return nil
	}
	return k.content(k.rules, o)
}

func (k kind) Attributes(o *resource.Object) map[string]string {
	if k.attrs == nil {
		return nil
	}
	return k.attrs(o)
}

func (k kind) Diff(o *resource.Object, l *resource.Live, c resource.Compare) []diff.Change {
	open := map[string]bool{}
	for _, r := range o.Refs {
		open[r.Path] = true
	}
	return k.rules.Compare(diff.Args{Want: o.Want, Live: l.Value, Written: o.Written, Open: open,
		Section: o.Section, Ignore: c.Policy.Ignore, InputChanged: c.InputChanged})
}

var errPure = errors.New("a plan called AWS")

func (k kind) Observe(context.Context, resource.Query) map[resource.ID]resource.Live { panic(errPure) }
func (k kind) Create(context.Context, resource.Write) (resource.Live, error)         { panic(errPure) }
func (k kind) Update(context.Context, resource.Write) (resource.Live, error)         { panic(errPure) }
func (k kind) Delete(context.Context, resource.Write) error                          { panic(errPure) }

var _ resource.Kind = kind{}

func p[T any](v T) *T { return &v }

func hash(v any) string {
	h := fnv.New32a()
	fmt.Fprint(h, v)
	return fmt.Sprintf("%08x", h.Sum32())
}

func kinds() []resource.Kind {
	return []resource.Kind{
		kind{
			name: resource.KindService, path: "service",
			rules: &diff.Rules{
				Keys:     map[string]string{"loadBalancers": "targetGroupArn"},
				Ignored:  map[string]string{"serviceName": "key", "cluster": "key"},
				Inherits: map[string]string{"desiredCount": "left to whoever set it"},
				Defaults: map[string]any{"gracePeriod": 0, "launchType": "EC2", "loadBalancers": []any{}, "alarmName": nil},
				Effects: map[string]diff.Effect{"": diff.InPlace, "taskDefinition": diff.NewDeployment,
					"loadBalancers": diff.NewDeployment, "launchType": diff.Recreation},
			},
			complete: func(f resource.Frame, u *resource.Unit, o *resource.Object) {
				w := o.Want.(*service)
				w.ServiceName, w.Cluster = p(o.ID.Unit), p(o.ID.Cluster)
				if td := o.ID.Of(resource.KindTaskDefinition, ""); w.TaskDefinition == nil && u.Object(td) != nil {
					w.TaskDefinition = p("$(taskDefinition.arn)")
					o.Refs = append(o.Refs, resource.Ref{Path: "taskDefinition", Text: "$(taskDefinition.arn)", To: td, Attr: "arn"})
					o.Need(td)
				}
			},
			content: func(r *diff.Rules, o *resource.Object) []byte {
				return r.CanonicalFields(o.Want, "loadBalancers", "launchType")
			},
		},
		kind{
			name: resource.KindTaskDefinition, path: "taskDefinition",
			rules: &diff.Rules{
				Keys:     map[string]string{"containers": "name", "containers[].environment": "name"},
				Defaults: map[string]any{"cpu": nil, "containers": nil, "containers[].image": nil, "containers[].environment": nil, "containers[].environment[].value": nil},
				Effects:  map[string]diff.Effect{"": diff.NewDeployment},
			},
			complete: func(f resource.Frame, u *resource.Unit, o *resource.Object) {
				o.Want.(*taskDefinition).Family = p(o.ID.Cluster + "-" + o.ID.Unit)
			},
			content: func(r *diff.Rules, o *resource.Object) []byte { return r.Canonical(o.Want) },
			attrs: func(o *resource.Object) map[string]string {
				return map[string]string{"family": *o.Want.(*taskDefinition).Family, "name": *o.Want.(*taskDefinition).Family}
			},
		},
		kind{
			name: resource.KindTargetGroup, path: "targetGroups", many: true,
			rules: &diff.Rules{Effects: map[string]diff.Effect{"port": diff.Replacement}, Ignored: map[string]string{"name": "derived"},
				Defaults: map[string]any{"path": "/"}},
			complete: func(f resource.Frame, u *resource.Unit, o *resource.Object) {
				w := o.Want.(*targetGroup)
				w.Name = p(o.ID.Name + "-" + hash(*w.Port))
			},
			attrs: func(o *resource.Object) map[string]string {
				return map[string]string{"name": *o.Want.(*targetGroup).Name}
			},
		},
		kind{
			name: resource.KindScalableTarget, path: "scaling", untagged: true,
			rules: &diff.Rules{},
			complete: func(f resource.Frame, u *resource.Unit, o *resource.Object) {
				o.Want.(*scalableTarget).ResourceId = p("service/" + o.ID.Cluster + "/" + o.ID.Unit)
				o.Need(o.ID.Of(resource.KindService, ""))
			},
		},
		kind{
			name: resource.KindAlarm, path: "alarms", many: true,
			rules: &diff.Rules{Defaults: map[string]any{"dimension": nil}},
			complete: func(f resource.Frame, u *resource.Unit, o *resource.Object) {
				o.Want.(*alarm).Name = p(f.Owner + "/" + o.ID.Cluster + "/" + o.ID.Unit + "/" + o.ID.Name)
			},
			attrs: func(o *resource.Object) map[string]string {
				return map[string]string{"name": *o.Want.(*alarm).Name}
			},
		},
	}
}

var frame = resource.Frame{Owner: "ecs-operator", Source: "rev1"}

const now = "2026-11-23T12:00:00Z"

func body(section, kindName, name string, value any, refs ...spec.Ref) spec.Body {
	written := map[string]string{}
	prefix := section + "." + name
	shape.MapStrings(shape.Clone(value), func(path, s string) string {
		written[path] = "spec.yaml:" + prefix
		return s
	})
	return spec.Body{Section: section, Kind: kindName, Name: name, Value: value, Written: shape.PlacesOf(written), Refs: refs, Pos: "spec.yaml:1:1"}
}

// helloDoc is the smallest spec: a task definition and a service.
func helloDoc(image string) spec.Document {
	return spec.Document{Name: "hello", Cluster: "default", Pos: "spec.yaml:1:1", Bodies: []spec.Body{
		body("taskDefinition", resource.KindTaskDefinition, "", &taskDefinition{Containers: []container{
			{Name: p("web"), Image: p(image), Environment: []pair{{p("LEVEL"), p("info")}}}}}),
		body("service", resource.KindService, "", &service{DesiredCount: p(int32(2)), GracePeriod: p(int32(30))}),
	}}
}

// webDoc adds surroundings: a target group that the service refers to, an
// alarm that the service and a scalable target.
func webDoc(image string, port int32) spec.Document {
	d := helloDoc(image)
	d.Name = "web"
	d.Bodies[1] = body("service", resource.KindService, "",
		&service{GracePeriod: p(int32(30)), AlarmName: p("$(alarms.errors.name)"), LoadBalancers: []loadBalancer{{p("$(targetGroups.web.arn)")}}},
		spec.Ref{Path: "loadBalancers[0].targetGroupArn", Text: "$(targetGroups.web.arn)", Section: "targetGroups", Name: "web", Attr: "arn"},
		spec.Ref{Path: "alarmName", Text: "$(alarms.errors.name)", Section: "alarms", Name: "errors", Attr: "name"})
	d.Bodies = append(d.Bodies,
		body("targetGroups", resource.KindTargetGroup, "web", &targetGroup{Port: p(port)}),
		body("scaling", resource.KindScalableTarget, "", &scalableTarget{Min: p(int32(1)), Max: p(int32(4))}),
		body("alarms", resource.KindAlarm, "errors", &alarm{Threshold: p(5.0), Dimension: p("x/$(targetGroups.web.fullName)")},
			spec.Ref{Path: "dimension", Text: "$(targetGroups.web.fullName)", Section: "targetGroups", Name: "web", Attr: "fullName"}))
	return d
}

func desire(d spec.Document) *resource.Unit {
	u, problems := resource.Desire(frame, resource.DefaultTarget, d, kinds())
	if len(problems) > 0 {
		panic(fmt.Sprint(problems))
	}
	return u
}

// world is what AWS has; it does what kinds and ECS would do with a plan's
// unblocked steps, so that tests can plan again afterwards.
type world struct {
	live     map[resource.ID]resource.Live
	revision int
	writes   []string
}

func newWorld() *world { return &world{live: map[resource.ID]resource.Live{}} }

func (w *world) input(u *resource.Unit) plan.Input {
	in := plan.Input{Frame: frame, Unit: u, Kinds: kinds(), Live: map[resource.ID]resource.Live{}, Now: now}
	for _, o := range u.Objects() {
		l, ok := w.live[o.ID]
		if !ok {
			l = resource.Live{Presence: resource.Absent}
		}
		l.ID = o.ID
		in.Live[o.ID] = l
	}
	return in
}

// apply executes what is not blocked, resolving references as it goes.
func (w *world) apply(u *resource.Unit, pl plan.Plan) {
	attrs := func(id resource.ID) map[string]string { return w.live[id].Attributes() }
	for _, s := range pl.Steps {
		if !s.Writes() {
			continue
		}
		w.writes = append(w.writes, string(s.Action)+" "+s.ID.Local())
		o, open := resource.Resolve(*u.Object(s.ID), attrs)
		l := w.live[s.ID]
		if s.Action == plan.ActionAdopt {
			l.Tags = merge(l.Tags, o.Tags)
			w.live[s.ID] = l
			continue
		}
		if len(open) > 0 {
			panic(fmt.Sprintf("step %s %s has open references %v", s.Action, s.ID, open))
		}
		w.put(o)
	}
}

func (w *world) put(o resource.Object) {
	l := w.live[o.ID]
	was := l.Service
	l.ID, l.Presence, l.Value = o.ID, resource.Present, shape.Clone(o.Want)
	if o.Tags != nil {
		l.Tags = merge(l.Tags, o.Tags)
	}
	arn := "arn:" + o.ID.Local()
	switch v := o.Want.(type) {
	case *taskDefinition:
		w.revision++
		arn = fmt.Sprintf("arn:task-definition/%s:%d", *v.Family, w.revision)
		l.Attrs = map[string]string{"family": *v.Family}
	case *targetGroup:
		arn = "arn:targetgroup/" + *v.Name
		l.Name = *v.Name
		l.Attrs = map[string]string{"fullName": "targetgroup/" + *v.Name}
	case *alarm:
		l.Name = *v.Name
	case *service:
		l.Service = &resource.ServiceState{Status: "ACTIVE", TaskDefinition: *v.TaskDefinition, PrimaryState: "COMPLETED", PrimaryID: "ecs-svc/1"}
		if was != nil {
			l.Service.CurrentDeployment = was.CurrentDeployment
		}
	}
	l.ARN = arn
	l.Attrs = merge(l.Attrs, map[string]string{"arn": arn, "name": l.Name})
	w.live[o.ID] = l
}

func merge(a, b map[string]string) map[string]string {
	out := map[string]string{}
	for k, v := range a {
		out[k] = v
	}
	for k, v := range b {
		out[k] = v
	}
	return out
}

// edit changes a live object behind the operator's back.
func (w *world) edit(id resource.ID, f func(*resource.Live)) {
	l := w.live[id]
	l.Value = shape.Clone(l.Value)
	l.Tags = merge(l.Tags, nil)
	if l.Service != nil {
		s := *l.Service
		l.Service = &s
	}
	f(&l)
	w.live[id] = l
}

// settled is a world in which the unit has been applied.
func settled(u *resource.Unit) *world {
	w := newWorld()
	w.apply(u, plan.Make(w.input(u)))
	w.writes = nil
	return w
}
