package plan

import (
	"encoding/json"

	"github.com/ecs-operator/ecs-operator/pkg/diff"
	"github.com/ecs-operator/ecs-operator/pkg/shape"
)

// MarshalJSON writes Want as people would write it, with secrets hashed.
func (s Step) MarshalJSON() ([]byte, error) {
	type step Step // without this method
	out := step(s)
	out.Want = diff.Redact(shape.Plain(s.Want, nil))
	return json.Marshal(out)
}
