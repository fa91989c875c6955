package main

import (
	"testing"

	"github.com/ecs-operator/ecs-operator/pkg/resource"
	"github.com/ecs-operator/ecs-operator/pkg/status"
)

// TestWayBackEnd: only a way back that arrived is told as one.
func TestWayBackEnd(t *testing.T) {
	for _, c := range []struct {
		d     *resource.Deployment
		ended bool
		exit  int
	}{
		{nil, true, status.ExitOK},
		{&resource.Deployment{Status: resource.DeploymentSucceeded}, true, status.ExitOK},
		{&resource.Deployment{Status: resource.DeploymentFailed}, true, status.ExitRolloutFailed},
		{&resource.Deployment{Status: resource.DeploymentSuperseded}, true, status.ExitRolloutFailed},
		{&resource.Deployment{Status: resource.DeploymentRunning}, false, status.ExitTimeout},
	} {
		if said, exit := wayBackEnd(c.d, c.ended); exit != c.exit {
			t.Errorf("%+v, ended %v: exit %d (%s), want %d", c.d, c.ended, exit, said, c.exit)
		}
	}
}
