package kinds

import "github.com/ecs-operator/ecs-operator/pkg/resource"

// Rotations tells of all kinds of this one's All what takes turns: the purses are
// one, and the service is the kind that every fleet has.
func (k *service) Rotations(target string) []resource.Rotation { return k.rotation.report(target) }
