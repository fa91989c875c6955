package importer

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"

	"github.com/ecs-operator/ecs-operator/pkg/diff"
	"github.com/ecs-operator/ecs-operator/pkg/kinds"
	"github.com/ecs-operator/ecs-operator/pkg/resource"
	"github.com/ecs-operator/ecs-operator/pkg/shape"
	"github.com/ecs-operator/ecs-operator/pkg/spec"
)

// Live makes documents of what AWS has.
type Live struct {
	Frame resource.Frame
	Kinds []resource.Kind
	// taken are objects that stand in a document already, by ARN, with its
	// service: several services may share a target group, a rule or an alarm.
	taken map[string]string
}

// nameMember is the member of a kind's input that holds its AWS name.
var nameMember = map[string]string{
	resource.KindService: "serviceName", resource.KindTaskDefinition: "family", resource.KindTargetGroup: "name",
	resource.KindAlarm: "alarmName", resource.KindScalingPolicy: "policyName", resource.KindScheduledAction: "scheduledActionName",
}

// liveService is one service on its way into a document.
type liveService struct {
	l       *Live
	found   kinds.Discovery
	cluster string
	name    string // metadata.name
	objects []liveObject
	known   map[string]string // ARN and the like → reference
	problem []spec.Problem
	// adopt: something does not carry our tags yet. Others own it, so that
	// nobody should adopt it without looking: theirs says who.
	adopt  bool
	theirs bool
}

// liveObject is one object with its place in the document.
type liveObject struct {
	resource.Live
	key     string
	section spec.Section
	named   bool // its AWS name must be written
}

func (o liveObject) path() string {
	if o.key == "" {
		return o.section.Path
	}
	return o.section.Path + "." + o.key
}

// Service makes the document of one service. The document says adopt wherever
// something does not carry our tags yet; Theirs tells when it should not stay.
func (l *Live) Service(cluster string, found kinds.Discovery) (r Result, theirs bool) {
	s := &liveService{l: l, cluster: cluster, name: found.Service.Name, known: map[string]string{}}
	s.found.Service.Name = found.Service.Name // for the place of a problem
	switch foreign := found.Service.Service.ForeignController; foreign {
	case "":
	case resource.ControllerCodeDeploy, resource.ControllerExternal:
		s.warnf("service.deploymentController.type: the service is deployed under %s: with policy.adopt it is moved to the ECS controller as a step of its own, which diff shows", foreign)
		found.Service.Value = kinds.UnderECS(found.Service.Value)
	default:
		s.errorf("service: it belongs to %s, and only what ECS deploys as a service of the customer's can be managed", foreign)
		return Result{Problems: s.problem}, false
	}
	if resource.Untaggable(found.Service.ARN) {
		s.errorf("service: its ARN is of the short form without the cluster, on which AWS takes no tags: it must be created anew under the account setting serviceLongArnFormat before anything can own it")
		return Result{Problems: s.problem}, false
	}
	if found.TaskDefinition.Presence != resource.Present {
		s.errorf("service.taskDefinition: the service has no task definition of its own")
		return Result{Problems: s.problem}, false
	}
	if found.Service.Health.State == resource.Gone {
		s.errorf("service: it is being deleted")
		return Result{Problems: s.problem}, false
	}
	s.found = found
	if o := found.Service.Owner(); o.Operator == l.Frame.Owner {
		if in, name, ok := strings.Cut(o.Unit, "/"); ok && in == cluster {
			s.name = name
		}
	}
	for _, n := range found.Notes {
		s.warnf("%s", n)
	}
	if l.taken == nil {
		l.taken = map[string]string{}
	}
	s.collect()
	s.owners()
	s.secrets()
	s.chooseNames()
	d := s.draft()
	return Result{Drafts: []spec.Draft{d}, Problems: s.problem}, s.theirs
}

func (s *liveService) at(severity spec.Severity, format string, args ...any) {
	s.problem = append(s.problem, spec.Problem{File: s.cluster + "/" + s.found.Service.Name, Severity: severity, Message: fmt.Sprintf(format, args...)})
}

func (s *liveService) errorf(format string, args ...any) { s.at(spec.Error, format, args...) }
func (s *liveService) warnf(format string, args ...any)  { s.at(spec.Warning, format, args...) }

// collect gives every object its place and its key.
func (s *liveService) collect() {
	sections := map[string]spec.Section{}
	for _, k := range s.l.Kinds {
		sections[k.Name()] = k.Section()
	}
	used := map[string]bool{}
	for _, live := range append([]resource.Live{s.found.TaskDefinition, s.found.Service}, s.found.Around...) {
		o := liveObject{Live: live, section: sections[live.ID.Kind].FormOf(live.Value), named: true}
		if by := s.l.taken[live.ARN]; by != "" && live.ID.Kind != resource.KindTaskDefinition {
			s.warnf("%s %s stands in the document of %s already, and is only named here", live.ID.Kind, live.Name, by)
			continue
		}
		if live.ID.Kind != resource.KindTaskDefinition {
			s.l.taken[live.ARN] = s.name
		}
		if o.section.Many {
			o.key = s.key(live)
			for n := 2; used[o.path()]; n++ {
				o.key = fmt.Sprintf("%s-%d", s.key(live), n)
			}
			used[o.path()] = true
		}
		s.objects = append(s.objects, o)
		s.reference(o)
	}
}

var noKey = regexp.MustCompile(`[^A-Za-z0-9_-]+`)

// key is the unit-local name: our own tag's, else what is left of the AWS name
// without the service's.
func (s *liveService) key(live resource.Live) string {
	if o := live.Owner(); o.Operator == s.l.Frame.Owner {
		if kind, key, ok := strings.Cut(o.Key, "/"); ok && kind == live.ID.Kind {
			return key
		}
	}
	name := live.ID.Name
	if live.ID.Kind == resource.KindListenerRule {
		name = "rule-" + name
	}
	for _, prefix := range []string{s.l.Frame.Owner + "/" + s.cluster + "/" + s.name + "/", s.l.Frame.Owner + "-" + s.cluster + "-" + s.name + "-",
		s.cluster + "-" + s.name + "-", s.name + "-", s.name + "/"} {
		if rest, ok := strings.CutPrefix(name, prefix); ok && rest != "" {
			name = rest
			break
		}
	}
	name = strings.Trim(noKey.ReplaceAllString(name, "-"), "-")
	if len(name) > 56 { // leaves room for a number
		name = name[:56]
	}
	if name == "" {
		return "main"
	}
	return name
}

// reference records by what the other bodies may call the object.
func (s *liveService) reference(o liveObject) {
	switch o.ID.Kind {
	case resource.KindTargetGroup, resource.KindListenerRule, resource.KindScalingPolicy:
		if o.ARN != "" {
			s.known[o.ARN] = "$(" + o.path() + ".arn)"
		}
		if full := o.Attrs["fullName"]; full != "" {
			s.known[full] = "$(" + o.path() + ".fullName)"
		}
	case resource.KindAlarm:
		s.known["alarm "+o.Name] = "$(" + o.path() + ".name)"
	}
}

// owners names who else has a hand in this.
func (s *liveService) owners() {
	for _, o := range s.objects {
		if o.ID.Kind == resource.KindTaskDefinition || o.Tags == nil {
			continue
		}
		by := o.Owner()
		tagged := o.Live
		tagged.Service = nil // the controller is told apart
		for _, by := range resource.Under(tagged) {
			s.theirs = true
			s.warnf("%s: %s belongs to %s: let that go of it (ecs-operator handover says how) before policy.adopt is written", o.path(), o.Name, by.Words)
		}
		switch unit := s.cluster + "/" + s.name; {
		case by.Operator == "":
			s.adopt = true
		case by.Operator != s.l.Frame.Owner || by.Scope != "" && by.Scope != s.l.Frame.Scope:
			s.adopt, s.theirs = true, true
			s.warnf("%s: %s carries the owner tag of %q, scope %q: see that nobody else manages it before policy.adopt is written", o.path(), o.Name, by.Operator, by.Scope)
		case by.Unit != unit:
			s.adopt, s.theirs = true, true
			s.warnf("%s: %s belongs to the unit %q: leave it out here, or move it with policy.adopt", o.path(), o.Name, by.Unit)
		}
	}
}

// chooseNames drops the AWS names that we would derive ourselves: a draft
// without any is read as a document, and tells what they would be.
func (s *liveService) chooseNames() {
	for i := range s.objects {
		s.objects[i].named = false
	}
	derived := map[string]string{}
	if text, err := s.draft().YAML(); err == nil {
		var sections []spec.Section
		for _, k := range s.l.Kinds {
			sections = append(sections, k.Section())
		}
		res := spec.Parse([]spec.File{{Path: "draft.yaml", Data: text}}, sections, spec.Options{})
		for _, doc := range res.Documents {
			u, _ := resource.Desire(s.l.Frame, resource.DefaultTarget, doc, s.l.Kinds)
			for _, o := range u.Objects() {
				m, _ := shape.Plain(o.Want, nil).(map[string]any)
				derived[o.Section], _ = m[nameMember[o.ID.Kind]].(string)
			}
		}
	}
	for i := range s.objects {
		o := &s.objects[i]
		name := o.Name
		if o.ID.Kind == resource.KindTaskDefinition {
			name = o.Attrs["family"]
		}
		if nameMember[o.ID.Kind] != "" && derived[o.path()] != name {
			o.named = true
		}
	}
}

// draft writes the document.
func (s *liveService) draft() spec.Draft {
	body := spec.Map{{Key: "cluster", Value: s.cluster}}
	if s.adopt {
		body = append(body, spec.Entry{Key: "policy", Value: spec.Map{{Key: "adopt", Value: true}},
			Comment: "the first apply writes our tags and nothing else; after it the line may go"})
	}
	places := map[string]spec.Map{}
	for _, o := range s.objects {
		m := s.body(o)
		if !o.section.Many {
			places[o.section.Path] = append(m, places[o.section.Path]...)
			continue
		}
		places[o.section.Path] = places[o.section.Path].With(o.key, m)
	}
	for _, k := range []string{"taskDefinition", "service", "targetGroups", "listenerRules", "scaling", "alarms"} {
		m := places[k]
		for _, inner := range []string{"policies", "scheduledActions"} {
			if x := places[k+"."+inner]; len(x) > 0 {
				m = m.With(inner, x)
			}
		}
		if len(m) > 0 {
			body = body.With(k, m)
		}
	}
	return spec.Draft{Kind: "Service", Name: s.name, Spec: body}
}

// body writes one object: what AWS would not fill in by itself.
func (s *liveService) body(o liveObject) spec.Map {
	// Made anew without a launch type, the cluster's default strategy would decide.
	required := func(path string) bool { return path == "launchType" || slices.Contains(o.section.Required, path) }
	plain := kinds.RulesFor(o.ID.Kind, o.Value).Minimal(o.Value, o.Extra, required)
	if plain == nil {
		plain = map[string]any{}
	}
	for _, frame := range o.section.Frame {
		delete(plain, frame)
	}
	switch o.ID.Kind {
	case resource.KindService:
		s.count(plain)
	case resource.KindTargetGroup:
		delete(plain, "name")
	}
	if member := nameMember[o.ID.Kind]; o.named && member != "" {
		plain[member] = o.Name
		if o.ID.Kind == resource.KindTaskDefinition {
			plain[member] = o.Attrs["family"]
		}
	}
	m := newScribe(o.section, s.rewriter(o)).body(plain)
	if tags := ownTags(o.Tags); len(tags) > 0 {
		m = m.With("tags", tags)
	}
	return m
}

// count: under an autoscaler the count is nobody's to write.
func (s *liveService) count(plain map[string]any) {
	scaled := slices.ContainsFunc(s.objects, func(o liveObject) bool { return o.ID.Kind == resource.KindScalableTarget })
	delete(plain, "desiredCount")
	if daemon := plain["schedulingStrategy"] == "DAEMON"; !scaled && !daemon {
		plain["desiredCount"] = int64(s.found.Service.Service.Desired)
	}
}

// secrets warns of what should not stand in a file.
func (s *liveService) secrets() {
	for _, path := range diff.Secrets(shape.Plain(s.found.TaskDefinition.Value, nil)) {
		s.warnf("taskDefinition.%s looks like a secret in plain text: move it to Secrets Manager or Parameter Store, and name it under secrets", path)
	}
}

// rewriter puts references in the place of ARNs and names.
func (s *liveService) rewriter(o liveObject) func(path, text string) string {
	return func(path, text string) string {
		switch {
		case o.ID.Kind == resource.KindTaskDefinition:
			return text
		case o.ID.Kind == resource.KindService && strings.HasPrefix(path, "deploymentConfiguration.alarms.alarmNames"):
			if ref := s.known["alarm "+text]; ref != "" {
				return ref
			}
			return text
		case o.section.Form != "" && path == "alarmRule":
			return s.alarmRule(text)
		case o.section.Form != "" && path == "actionsSuppressor":
			text = "alarm " + text
			if s.known[text] == "" {
				return strings.TrimPrefix(text, "alarm ")
			}
		}
		if ref := s.known[text]; ref != "" {
			return ref
		}
		for _, known := range slices.Sorted(maps.Keys(s.known)) { // app/lb/50dc/targetgroup/web/0467
			if strings.HasPrefix(known, "targetgroup/") && strings.HasSuffix(text, "/"+known) && !strings.HasPrefix(text, "arn:") {
				return strings.TrimSuffix(text, known) + s.known[known]
			}
		}
		return text
	}
}

// alarmRule names the document's own metric alarms by reference, so that they are
// made first. Composite ones keep their names: rules may lead in a circle.
func (s *liveService) alarmRule(rule string) string {
	for _, o := range s.objects {
		if o.ID.Kind == resource.KindAlarm && o.section.Form == "" {
			ref := s.known["alarm "+o.Name]
			rule = strings.ReplaceAll(rule, `"`+o.Name+`"`, `"`+ref+`"`)
			rule = strings.ReplaceAll(rule, "("+o.Name+")", "("+ref+")")
		}
	}
	return rule
}

// ownTags are the tags that people wrote.
func ownTags(tags map[string]string) spec.Map {
	var out spec.Map
	for _, k := range slices.Sorted(maps.Keys(tags)) {
		if !strings.HasPrefix(k, resource.TagPrefix) && !strings.HasPrefix(strings.ToLower(k), "aws:") {
			out = out.With(k, strings.ReplaceAll(tags[k], "$(", "$$("))
		}
	}
	return out
}
