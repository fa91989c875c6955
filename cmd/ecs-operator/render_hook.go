package main

import (
	"strings"

	"github.com/ecs-operator/ecs-operator/pkg/plan"
	"github.com/ecs-operator/ecs-operator/pkg/spec"
)

// hookTurn says when a hook's task has its turn.
func hookTurn(s plan.Step) string {
	if strings.HasPrefix(s.Section, "hooks."+spec.PostDeploy+".") {
		return "after the deployment"
	}
	return "before the deployment"
}
