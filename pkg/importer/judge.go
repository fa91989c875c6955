package importer

import (
	"fmt"

	"github.com/ecs-operator/ecs-operator/pkg/plan"
	"github.com/ecs-operator/ecs-operator/pkg/resource"
)

// Judge lists what the plan of an imported document would do beside writing
// tags and, where another controller deploys the service, moving it: what the document does not express, each with its field. An import that
// it finds nothing in is whole.
func Judge(p plan.Plan) []string {
	var out []string
	for _, s := range p.Steps {
		told := false
		for _, c := range s.Changes {
			if c.Field() == "tags" {
				continue
			}
			if c.Field() == "deploymentController" && s.After != "" {
				told = true // the adoption moves it to ECS: said when it was read
				continue
			}
			told = true
			where := s.Section + "." + c.Path
			if c.Note != "" {
				where += " (" + c.Note + ")"
			}
			out = append(out, fmt.Sprintf("%s: AWS has %v, and the document comes to %v", where, shown(c.Old), shown(c.New)))
		}
		switch {
		case told:
		case s.Action == plan.ActionNone && s.Blocked == "", s.Action == plan.ActionAdopt && s.Blocked == "":
		case s.Action == plan.ActionUpdate && s.Blocked == "" && s.ID.Kind != resource.KindTaskDefinition: // tags
		case s.Blocked != "":
			out = append(out, fmt.Sprintf("%s: %s: %s", s.Section, s.Blocked, s.Why))
		default:
			out = append(out, fmt.Sprintf("%s: it would be done: %s", s.Section, s.Action))
		}
	}
	return out
}

func shown(v any) any {
	if v == nil {
		return "nothing"
	}
	return v
}
