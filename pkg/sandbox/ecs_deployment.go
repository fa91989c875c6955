package sandbox

import (
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ecs"
	"github.com/aws/aws-sdk-go-v2/service/ecs/types"
)

// view is the service deployment as it is described, with the counts of now.
func (d *ecsDeployment) view(cl *ecsCluster, s *ecsService) types.ServiceDeployment {
	v := d.Deployment
	counts := s.tallies(cl)
	target := *v.TargetServiceRevision
	n := counts[d.Digits]
	target.RunningTaskCount, target.PendingTaskCount, target.RequestedTaskCount = n.running, n.pending, n.kept
	if len(s.Rollouts) > 0 && s.Rollouts[0].Digits == d.Digits {
		target.RequestedTaskCount = s.Service.DesiredCount
	}
	v.TargetServiceRevision = &target
	v.SourceServiceRevisions = slices.Clone(v.SourceServiceRevisions)
	for i := range v.SourceServiceRevisions {
		source := &v.SourceServiceRevisions[i]
		n := counts[lastSegment(aws.ToString(source.Arn))]
		source.RunningTaskCount, source.PendingTaskCount, source.RequestedTaskCount = n.running, n.pending, n.kept
	}
	d.showShift(&v)
	v.LifecycleHookDetails = d.hookDetails()
	return v
}

func listServiceDeployments(c *call, in *ecs.ListServiceDeploymentsInput) (*ecs.ListServiceDeploymentsOutput, error) {
	cl, err := c.w.cluster(in.Cluster)
	if err != nil {
		return nil, err
	}
	s := cl.service(in.Service)
	if s == nil {
		return nil, refuse("ServiceNotFoundException", "Service not found.")
	}
	var briefs []types.ServiceDeploymentBrief
	history := s.Deployments
	if s.inTaskSets() || s.status() == statusInactive { // deleted with the service (aws-facts 1.4); that this is no error is unverified
		history = nil
	}
	for _, d := range slices.Backward(history) { // newest first
		v := d.Deployment
		created := aws.ToTime(v.CreatedAt)
		switch {
		case len(in.Status) > 0 && !slices.Contains(in.Status, v.Status),
			in.CreatedAt != nil && in.CreatedAt.After != nil && !created.After(*in.CreatedAt.After),
			in.CreatedAt != nil && in.CreatedAt.Before != nil && !created.Before(*in.CreatedAt.Before),
			c.Now.Sub(created) > historyKept:
			continue
		}
		briefs = append(briefs, types.ServiceDeploymentBrief{
			ServiceDeploymentArn: v.ServiceDeploymentArn, ServiceArn: v.ServiceArn, ClusterArn: v.ClusterArn, Status: v.Status, StatusReason: v.StatusReason,
			CreatedAt: v.CreatedAt, StartedAt: v.StartedAt, FinishedAt: v.FinishedAt, TargetServiceRevisionArn: v.TargetServiceRevision.Arn,
		})
	}
	briefs, next, err := page(briefs, in.NextToken, in.MaxResults, 20, 100)
	if err != nil {
		return nil, err
	}
	return &ecs.ListServiceDeploymentsOutput{ServiceDeployments: orEmpty(briefs), NextToken: next}, nil
}

func describeServiceDeployments(c *call, in *ecs.DescribeServiceDeploymentsInput) (*ecs.DescribeServiceDeploymentsOutput, error) {
	if n := len(in.ServiceDeploymentArns); n == 0 || n > 20 {
		return nil, invalid("The number of service deployments must be between 1 and 20.")
	}
	out := &ecs.DescribeServiceDeploymentsOutput{ServiceDeployments: []types.ServiceDeployment{}, Failures: []types.Failure{}}
	for _, arn := range in.ServiceDeploymentArns {
		cl, s, d, err := c.w.serviceDeployment(arn)
		switch {
		case err != nil:
			return nil, err
		case d == nil:
			out.Failures = append(out.Failures, missing(arn))
			continue
		}
		out.ServiceDeployments = append(out.ServiceDeployments, d.view(cl, s))
	}
	return out, nil
}

// serviceDeployment finds a service deployment by ARN; nil when there is none.
func (w *World) serviceDeployment(arn string) (*ecsCluster, *ecsService, *ecsDeployment, error) {
	key, _, ok := serviceKeyOf(arn, "service-deployment")
	if !ok {
		return nil, nil, nil, invalid("Invalid service deployment ARN: %s", arn)
	}
	cl, s := w.serviceByKey(key)
	if s == nil || s.status() == statusInactive { // deleted with the service (aws-facts 1.4)
		return nil, nil, nil, nil
	}
	d := s.deployment(arn)
	if d != nil && ended(d.Deployment.Status) && w.Clock.Sub(aws.ToTime(d.Deployment.CreatedAt)) > historyKept {
		return nil, nil, nil, nil // the service's own pointer to it stays; that it leads nowhere then is unverified
	}
	return cl, s, d, nil
}

func stopServiceDeployment(c *call, in *ecs.StopServiceDeploymentInput) (*ecs.StopServiceDeploymentOutput, error) {
	if in.StopType != "" && in.StopType != types.StopServiceDeploymentStopTypeRollback {
		return nil, invalid("The stop type %s is not supported. Use ROLLBACK.", in.StopType)
	}
	_, s, d, err := c.w.serviceDeployment(aws.ToString(in.ServiceDeploymentArn))
	switch {
	case err != nil:
		return nil, err
	case d == nil:
		return nil, refuse("ServiceDeploymentNotFoundException", "Service deployment not found.")
	case ended(d.Deployment.Status):
		return nil, refuse("ConflictException", "The service deployment cannot be stopped because it is in the %s state.", d.Deployment.Status)
	}
	switch d.Deployment.Status { // the other states continue what they are at
	case types.ServiceDeploymentStatusPending, types.ServiceDeploymentStatusInProgress:
		d.turn(c.w, types.ServiceDeploymentStatusRollbackRequested, "Service deployment rollback was requested by a user.")
		c.w.wake(s, time.Second)
	}
	return &ecs.StopServiceDeploymentOutput{ServiceDeploymentArn: in.ServiceDeploymentArn}, nil
}

func describeServiceRevisions(c *call, in *ecs.DescribeServiceRevisionsInput) (*ecs.DescribeServiceRevisionsOutput, error) {
	if n := len(in.ServiceRevisionArns); n == 0 || n > 20 {
		return nil, invalid("The number of service revisions must be between 1 and 20.")
	}
	out := &ecs.DescribeServiceRevisionsOutput{ServiceRevisions: []types.ServiceRevision{}, Failures: []types.Failure{}}
	for _, arn := range in.ServiceRevisionArns {
		key, digits, ok := serviceKeyOf(arn, "service-revision")
		if !ok || strings.Trim(digits, "0123456789") != "" {
			return nil, invalid("Invalid service revision ARN: %s", arn)
		}
		if _, s := c.w.serviceByKey(key); s != nil && s.status() != statusInactive && s.Revisions[digits] != nil {
			out.ServiceRevisions = append(out.ServiceRevisions, *s.Revisions[digits])
			continue
		}
		out.Failures = append(out.Failures, missing(arn))
	}
	return out, nil
}
