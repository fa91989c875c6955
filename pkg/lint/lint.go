package lint

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/aws/aws-sdk-go-v2/service/applicationautoscaling"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	"github.com/aws/aws-sdk-go-v2/service/ecs"
	"github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2"

	"github.com/ecs-operator/ecs-operator/pkg/resource"
	"github.com/ecs-operator/ecs-operator/pkg/spec"
)

// Rule is one thing that is looked for.
type Rule struct {
	Code     string
	Severity spec.Severity
	What     string // the rule, as a sentence about what must be so
	Remedy   string // what to do, as it ends every message

	check func(*unit, found)
}

// found reports a finding at a path of an object.
type found func(o *resource.Object, path, format string, args ...any)

// Rules lists all rules in the order of the page that documents them.
func Rules() []Rule {
	var all []Rule
	for _, group := range [][]Rule{taskRules, containerRules, fargateRules, serviceRules, deploymentRules, scalingRules, scalingFormRules, targetGroupRules, groupFormRules, listenerRules, actionRules, alarmRules, alarmFormRules, circleRules} {
		all = append(all, group...)
	}
	return all
}

// Find returns the rule of a code.
func Find(code string) (Rule, bool) {
	for _, r := range Rules() {
		if r.Code == code {
			return r, true
		}
	}
	return Rule{}, false
}

// Check runs every rule over a unit. It asks nobody and changes nothing.
func Check(u *resource.Unit) []spec.Problem {
	v := newUnit(u)
	var out []spec.Problem
	for _, r := range Rules() {
		r.check(v, func(o *resource.Object, path, format string, args ...any) {
			shown := o.Section
			if path != "" {
				shown += "." + path
			}
			p := spec.Problem{Severity: r.Severity, Code: r.Code, Document: u.Key.TagValue(), Path: shown,
				Message: shown + ": " + fmt.Sprintf(format, args...) + "; " + r.Remedy}
			p.File, p.Line, p.Column = position(o, path)
			out = append(out, p)
		})
	}
	slices.SortStableFunc(out, func(a, b spec.Problem) int {
		return cmp.Or(strings.Compare(a.File, b.File), cmp.Compare(a.Line, b.Line), cmp.Compare(a.Column, b.Column))
	})
	return out
}

// position is where a path is written, else what is written around it.
func position(o *resource.Object, path string) (file string, line, column int) {
	pos := o.Pos
	for at := path; at != ""; at = at[:max(0, strings.LastIndexAny(at, ".["))] {
		if p := o.Written.At(at); p != "" {
			pos = p
			break
		}
	}
	parts := strings.Split(pos, ":")
	if n := len(parts); n >= 3 {
		l, errLine := strconv.Atoi(parts[n-2])
		c, errColumn := strconv.Atoi(parts[n-1])
		if errLine == nil && errColumn == nil {
			return strings.Join(parts[:n-2], ":"), l, c
		}
	}
	return pos, 0, 0
}

// body is one object with its input.
type body[T any] struct {
	*resource.Object
	in *T
}

// unit is what the rules look at. What the document does not have is nil.
type unit struct {
	unit *resource.Unit

	task    *body[ecs.RegisterTaskDefinitionInput]
	service *body[ecs.CreateServiceInput]
	target  *body[applicationautoscaling.RegisterScalableTargetInput]

	groups   []body[elasticloadbalancingv2.CreateTargetGroupInput]
	rules    []body[elasticloadbalancingv2.CreateRuleInput]
	policies []body[applicationautoscaling.PutScalingPolicyInput]
	actions  []body[applicationautoscaling.PutScheduledActionInput]
	alarms   []body[cloudwatch.PutMetricAlarmInput]
	pages    []body[cloudwatch.PutCompositeAlarmInput]
}

func newUnit(u *resource.Unit) *unit {
	v := &unit{unit: u}
	for _, o := range u.Objects() {
		switch in := o.Want.(type) {
		case *ecs.RegisterTaskDefinitionInput:
			v.task = &body[ecs.RegisterTaskDefinitionInput]{o, in}
		case *ecs.CreateServiceInput:
			v.service = &body[ecs.CreateServiceInput]{o, in}
		case *applicationautoscaling.RegisterScalableTargetInput:
			v.target = &body[applicationautoscaling.RegisterScalableTargetInput]{o, in}
		case *elasticloadbalancingv2.CreateTargetGroupInput:
			v.groups = append(v.groups, body[elasticloadbalancingv2.CreateTargetGroupInput]{o, in})
		case *elasticloadbalancingv2.CreateRuleInput:
			v.rules = append(v.rules, body[elasticloadbalancingv2.CreateRuleInput]{o, in})
		case *applicationautoscaling.PutScalingPolicyInput:
			v.policies = append(v.policies, body[applicationautoscaling.PutScalingPolicyInput]{o, in})
		case *applicationautoscaling.PutScheduledActionInput:
			v.actions = append(v.actions, body[applicationautoscaling.PutScheduledActionInput]{o, in})
		case *cloudwatch.PutMetricAlarmInput:
			v.alarms = append(v.alarms, body[cloudwatch.PutMetricAlarmInput]{o, in})
		case *cloudwatch.PutCompositeAlarmInput:
			v.pages = append(v.pages, body[cloudwatch.PutCompositeAlarmInput]{o, in})
		}
	}
	return v
}

// group finds the document's own target group that a text refers to.
func (v *unit) group(o *resource.Object, path string) *body[elasticloadbalancingv2.CreateTargetGroupInput] {
	for _, ref := range o.Refs {
		if ref.Path != path {
			continue
		}
		for i := range v.groups {
			if v.groups[i].ID == ref.To {
				return &v.groups[i]
			}
		}
	}
	return nil
}

// open reports whether a text is known only later: it holds a reference, or a
// placeholder of another tool's templates. Nothing can be said of it here.
func open(s string) bool {
	return strings.Contains(s, "$(") || strings.Contains(s, "${") || strings.ContainsAny(s, "{}<>")
}

// onTask makes a check of what looks at the task definition only.
func onTask(check func(*body[ecs.RegisterTaskDefinitionInput], found)) func(*unit, found) {
	return func(v *unit, f found) {
		if v.task != nil {
			check(v.task, f)
		}
	}
}

// onService makes one of what looks at the service only.
func onService(check func(*body[ecs.CreateServiceInput], found)) func(*unit, found) {
	return func(v *unit, f found) {
		if v.service != nil {
			check(v.service, f)
		}
	}
}

// at is a path of an element of a list.
func at(list string, i int) string { return fmt.Sprintf("%s[%d]", list, i) }

// outside reports whether a written number is out of its range.
func outside(p *int32, low, high int32) bool { return p != nil && (*p < low || *p > high) }
