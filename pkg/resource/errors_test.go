package resource_test

import (
	"context"
	"errors"
	"fmt"
	"testing"

	"github.com/ecs-operator/ecs-operator/pkg/resource"
)

func TestClassOf(t *testing.T) {
	throttled := &resource.Error{Class: resource.ClassThrottled, Operation: "ecs:CreateService", Code: "ThrottlingException", Message: "Rate exceeded"}
	for name, tc := range map[string]struct {
		err  error
		want resource.Class
	}{
		"none":              {nil, resource.ClassOther},
		"somebody's":        {errors.New("x"), resource.ClassOther},
		"a cancelled wait":  {context.Canceled, resource.ClassOther},
		"plain":             {throttled, resource.ClassThrottled},
		"wrapped":           {fmt.Errorf("create: %w", throttled), resource.ClassThrottled},
		"joined":            {errors.Join(errors.New("x"), throttled), resource.ClassThrottled},
		"the outer decides": {&resource.Error{Class: resource.ClassUnknownOutcome, Err: throttled}, resource.ClassUnknownOutcome},
		"made by a kind":    {resource.Errorf(resource.ClassNotFound, "ecs:DescribeServices", "no %s", "x"), resource.ClassNotFound},
	} {
		if got := resource.ClassOf(tc.err); got != tc.want {
			t.Errorf("%s: class %s, want %s", name, got, tc.want)
		}
	}
	if !errors.Is(&resource.Error{Err: context.DeadlineExceeded}, context.DeadlineExceeded) {
		t.Error("the cause is lost")
	}
}

func TestErrorSpeaksAWSWords(t *testing.T) {
	for want, err := range map[string]error{
		"ecs:CreateService: ThrottlingException: Rate exceeded": &resource.Error{Operation: "ecs:CreateService", Code: "ThrottlingException", Message: "Rate exceeded"},
		"ecs:CreateService: EOF":                                &resource.Error{Operation: "ecs:CreateService", Err: errors.New("EOF")},
		"ecs:CreateService: AccessDenied":                       &resource.Error{Operation: "ecs:CreateService", Code: "AccessDenied"},
		"ecs:X: not-found: no y":                                resource.Errorf(resource.ClassNotFound, "ecs:X", "no %s", "y"),
	} {
		if err.Error() != want {
			t.Errorf("reads %q, want %q", err, want)
		}
	}
}

func TestNames(t *testing.T) {
	for c := resource.ClassOther; c <= resource.ClassUnknownOutcome; c++ {
		if c.String() == "" {
			t.Errorf("class %d has no name", c)
		}
	}
	for p, want := range map[resource.Presence]string{resource.Unknown: "unknown", resource.Absent: "absent", resource.Present: "present"} {
		if p.String() != want {
			t.Errorf("presence %d reads %s", p, p)
		}
	}
	for s, bad := range map[resource.DeploymentStatus]bool{
		resource.DeploymentRunning: false, resource.DeploymentRollingBack: true, resource.DeploymentSucceeded: false,
		resource.DeploymentRolledBack: true, resource.DeploymentFailed: true, resource.DeploymentSuperseded: false,
	} {
		ended := s != resource.DeploymentRunning && s != resource.DeploymentRollingBack
		if s.Bad() != bad || s.Ended() != ended {
			t.Errorf("%s: bad %v, ended %v", s, s.Bad(), s.Ended())
		}
	}
}
