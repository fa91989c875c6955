package kinds

import (
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/applicationautoscaling/types"

	"github.com/ecs-operator/ecs-operator/pkg/resource"
	"github.com/ecs-operator/ecs-operator/pkg/spec"
)

// fewScaled is up to how many services a sweep asks about one by one; beyond,
// it pages through everything of the namespace.
const fewScaled = 20

// scaled is what Application Auto Scaling calls the service's count. It stands
// in all three inputs under the same names.
type scaled struct {
	resourceID *string
	dimension  types.ScalableDimension
	namespace  types.ServiceNamespace
}

// completeScaled fills the frame of the three scaling inputs, and refuses a
// written one that means something else.
func completeScaled(u *resource.Unit, o *resource.Object, have scaled) (scaled, []spec.Problem) {
	want := scaled{aws.String(resourceID(u.Key.Cluster, serviceName(u))), types.ScalableDimensionECSServiceDesiredCount, types.ServiceNamespaceEcs}
	var problems []spec.Problem
	differs := func(path, written, is string) {
		if written != "" && written != is {
			problems = append(problems, problem(u, o, path, "%s.%s is %q, but it scales this document's service: leave it out, or write %q", o.Section, path, written, is))
		}
	}
	differs("resourceId", aws.ToString(have.resourceID), *want.resourceID)
	differs("scalableDimension", string(have.dimension), string(want.dimension))
	differs("serviceNamespace", string(have.namespace), string(want.namespace))
	return want, problems
}

// scaledService is the resource id of an object's service; also for a question
// without a body, as for a scalable target that no document declares.
func scaledService(o *resource.Object, written *string) string {
	if s := aws.ToString(written); s != "" && !strings.Contains(s, "$(") {
		return s
	}
	return resourceID(o.ID.Cluster, o.ID.Unit)
}

// scaledIgnored: the frame's members are how the object is looked up.
var scaledIgnored = map[string]string{
	"resourceId":        "how the object is looked up",
	"scalableDimension": "how the object is looked up",
	"serviceNamespace":  "how the object is looked up",
}

// lagging says of a write whose scalable target AWS does not see yet that it
// may pass: registering one takes a moment to be known everywhere.
func lagging(err error) error {
	if resource.ClassOf(err) == resource.ClassNotFound {
		return resource.Errorf(resource.ClassTransient, "application-autoscaling", "the scalable target is not known to AWS yet: %v", err)
	}
	return err
}
