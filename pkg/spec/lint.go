package spec

import (
	"reflect"
	"strconv"
	"strings"

	"github.com/ecs-operator/ecs-operator/pkg/shape"
)

// Sections that the checks of a whole document speak of.
const (
	pathTaskDefinition = "taskDefinition"
	pathService        = "service"
	pathScaling        = "scaling"
)

// crossChecks looks at what only the document as a whole can tell.
func (f *frame) crossChecks() {
	bodies := map[string]*Body{}
	for i := range f.doc.Bodies {
		bodies[f.doc.Bodies[i].Path()] = &f.doc.Bodies[i]
	}
	for _, path := range []string{pathTaskDefinition, pathService} {
		if f.sectionOf(path).New != nil && f.keys[path] == nil {
			f.r.missing(f.specNode, path, f.specNode, "spec.%s is required", path)
		}
	}
	if service := bodies[pathService]; service != nil {
		f.counts(service, bodies[pathScaling])
		f.safetyNet(service)
	}
}

// counts checks who says how many tasks run.
func (f *frame) counts(service, scaling *Body) {
	policy := f.doc.Policy.DesiredCount
	key := f.keys[pathService]
	if policy == "fixed" && scaling != nil {
		f.r.errorf(key, "policy.desiredCount is fixed and spec.scaling moves it: drop one of the two")
	}
	if policy == "band" && scaling == nil {
		f.r.errorf(key, "policy.desiredCount is band, which needs spec.scaling")
	}
	if text(service.Value, "schedulingStrategy") == "DAEMON" {
		return
	}
	counted := service.Written.Has("desiredCount")
	floor := false
	if scaling != nil {
		floor = scaling.Written.Has("minCapacity")
	}
	if !counted && !floor {
		_, n := lookup(f.specNode, pathService)
		if n == nil {
			n = key
		}
		f.r.missing(n, "desiredCount", key, "service.desiredCount is required: write it, or scaling.minCapacity")
	}
}

// safetyNet warns where a bad release would never be noticed by ECS. Only the
// ECS deployment controller has a breaker.
func (f *frame) safetyNet(service *Body) {
	if c := text(service.Value, "deploymentController.type"); c != "" && c != "ECS" {
		return
	}
	if text(service.Value, "deploymentConfiguration.deploymentCircuitBreaker.enable") == "true" ||
		text(service.Value, "deploymentConfiguration.alarms.enable") == "true" {
		return
	}
	pos := service.Pos
	if service.Written.Has("deploymentConfiguration") {
		pos = service.Written.At("deploymentConfiguration")
	}
	p := Problem{Severity: Warning, Message: "service.deploymentConfiguration: neither deploymentCircuitBreaker nor alarms is enabled (AWS' default is off): " +
		"a bad release keeps being tried and is not rolled back; write deploymentCircuitBreaker: {enable: true, rollback: true}"}
	if s := text(service.Value, "deploymentConfiguration.strategy"); s != "" && s != "ROLLING" { // a breaker does nothing there
		p.Message = "service.deploymentConfiguration: alarms are not enabled (AWS' default is off): a bad release under " + s +
			" is not rolled back; write alarms: {enable: true, rollback: true, alarmNames: [...]}"
	}
	p.File, p.Line, p.Column = placed(pos)
	f.r.add(p)
}

// text reads a scalar member of an SDK value by its dotted path, "" when any
// part of it is not set.
func text(value any, path string) string {
	v := reflect.ValueOf(value)
	for _, name := range strings.Split(path, ".") {
		for v.Kind() == reflect.Pointer {
			if v.IsNil() {
				return ""
			}
			v = v.Elem()
		}
		if v.Kind() != reflect.Struct {
			return ""
		}
		f, _, ok := shape.Find(v.Type(), name)
		if !ok {
			return ""
		}
		v = v.Field(f.Index)
	}
	for v.Kind() == reflect.Pointer && !v.IsNil() {
		v = v.Elem()
	}
	switch v.Kind() {
	case reflect.String:
		return v.String()
	case reflect.Bool:
		return strconv.FormatBool(v.Bool())
	}
	return ""
}
