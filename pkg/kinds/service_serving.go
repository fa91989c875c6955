package kinds

import (
	"slices"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ecs"
	"github.com/aws/aws-sdk-go-v2/service/ecs/types"
)

// shifts reports whether deployments of this configuration start a second set of
// tasks and shift the traffic to it.
func shifts(d *types.DeploymentConfiguration) bool {
	return d != nil && d.Strategy != "" && d.Strategy != types.DeploymentStrategyRolling
}

// resolvedGroups are the target groups that a revision uses ("the actual resources
// your service revision uses, such as which target groups serve traffic": SDK,
// ServiceRevision.ResolvedConfiguration).
func resolvedGroups(r *types.ResolvedConfiguration) []string {
	if r == nil {
		return nil
	}
	var out []string
	for _, lb := range r.LoadBalancers {
		if arn := aws.ToString(lb.TargetGroupArn); arn != "" && !slices.Contains(out, arn) {
			out = append(out, arn)
		}
	}
	return out
}

// serving says in which target groups the tasks of a service stand that has pairs of
// them: the input of such a service does not say which of two. Of each pair one must
// be among those of the revision, else nobody knows: nil.
func serving(in *ecs.CreateServiceInput, resolved []string) []string {
	var out []string
	paired := false
	for _, lb := range in.LoadBalancers {
		arn := aws.ToString(lb.TargetGroupArn)
		if a := lb.AdvancedConfiguration; a != nil && aws.ToString(a.AlternateTargetGroupArn) != "" {
			paired = true
			alternate := *a.AlternateTargetGroupArn
			switch own, other := slices.Contains(resolved, arn), slices.Contains(resolved, alternate); {
			case own == other:
				return nil
			case other:
				arn = alternate
			}
		}
		if arn != "" {
			out = append(out, arn)
		}
	}
	if !paired {
		return nil
	}
	return out
}
