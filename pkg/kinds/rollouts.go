package kinds

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ecs"
	"github.com/aws/aws-sdk-go-v2/service/ecs/types"

	"github.com/ecs-operator/ecs-operator/pkg/awsclient"
	"github.com/ecs-operator/ecs-operator/pkg/resource"
	"github.com/ecs-operator/ecs-operator/pkg/shape"
)

// rollouts are the deployments of ECS services (resource.Rollouts).
type rollouts struct {
	base
	deployments *lanes[types.ServiceDeployment]
	revisions   *lanes[types.ServiceRevision]
	ended       awsclient.Forever[string, types.ServiceDeployment] // deployments that are over
	snapshots   awsclient.Forever[string, types.ServiceRevision]   // revisions never change
	tasks       awsclient.Forever[string, revision]                // nor do task definitions

	lost resource.Lost // deployments that were listed and not found
}

// NewRollouts gives the seam to ECS' deployments.
func NewRollouts(p awsclient.Provider) resource.Rollouts {
	r := &rollouts{base: base{provider: p}}
	r.ended.Fades, r.snapshots.Fades, r.tasks.Fades = true, true, true // a service that is deployed, and no other
	// DescribeServiceDeployments takes 20 ARNs (SDK).
	r.deployments = newLanes(func(at lane) *awsclient.Batch[string, types.ServiceDeployment] {
		return &awsclient.Batch[string, types.ServiceDeployment]{Size: 20, Parallel: 2,
			Call: func(ctx context.Context, arns []string) (map[string]types.ServiceDeployment, error) {
				return r.describe(ctx, at.target, arns)
			}}
	})
	r.revisions = revisionLanes(r.base)
	return r
}

func (r *rollouts) describe(ctx context.Context, target string, arns []string) (map[string]types.ServiceDeployment, error) {
	c, err := r.clients(ctx, target)
	if err != nil {
		return nil, err
	}
	out, err := c.Read.ECS.DescribeServiceDeployments(ctx, &ecs.DescribeServiceDeploymentsInput{ServiceDeploymentArns: arns})
	if err != nil {
		return nil, err
	}
	all := make(map[string]types.ServiceDeployment, len(arns))
	for _, d := range out.ServiceDeployments {
		all[aws.ToString(d.ServiceDeploymentArn)] = d
	}
	var odd error
	for _, f := range out.Failures {
		odd = resource.Errorf(resource.ClassNotFound, "ecs:DescribeServiceDeployments", "%s: %s", aws.ToString(f.Arn), aws.ToString(f.Reason))
	}
	return all, odd
}

// Current follows the service's own pointer, and lists only where ECS gives
// none. A pointer to nothing is no deployment.
func (r *rollouts) Current(ctx context.Context, service resource.Live) (*resource.Deployment, error) {
	if service.Service == nil {
		return nil, nil
	}
	arn := service.Service.CurrentDeployment
	if arn == "" {
		briefs, err := r.list(ctx, service, 1)
		if err != nil || len(briefs) == 0 {
			return nil, err
		}
		arn = aws.ToString(briefs[0].ServiceDeploymentArn)
	}
	found := r.deployments.do(ctx, lane{target: service.ID.Target}, []string{arn})[arn]
	if resource.ClassOf(found.Err) == resource.ClassNotFound {
		return nil, nil
	}
	if found.Err != nil {
		return nil, found.Err
	}
	d := deploymentOf(&found.Value)
	d.Superseded = service.Service.CurrentDeployment != arn && service.Service.CurrentDeployment != ""
	if err := r.carry(ctx, service, &d); err != nil {
		return nil, err
	}
	if err := r.settleNewest(ctx, service, &d, &found.Value); err != nil {
		return nil, err
	}
	return &d, nil
}

// carry fills in the task definition that the deployment's target revision has.
func (r *rollouts) carry(ctx context.Context, service resource.Live, d *resource.Deployment) error {
	if d.TargetRevision == "" {
		return nil
	}
	revs, err := r.snapshot(ctx, service.ID.Target, []string{d.TargetRevision})
	if err != nil {
		return err
	}
	if rev, ok := revs[d.TargetRevision]; ok {
		d.TaskDefinition = aws.ToString(rev.TaskDefinition)
	}
	return nil
}

// snapshot reads service revisions, each once.
func (r *rollouts) snapshot(ctx context.Context, target string, arns []string) (map[string]types.ServiceRevision, error) {
	missing, have := r.snapshots.Missing(arns)
	for arn, res := range r.revisions.do(ctx, lane{target: target}, missing) {
		if res.Err != nil {
			return nil, res.Err
		}
		r.snapshots.Put(arn, res.Value)
		have[arn] = res.Value
	}
	return have, nil
}

// list gives the newest n deployments of a service, newest first. The SDK has
// no paginator for it.
func (r *rollouts) list(ctx context.Context, service resource.Live, n int) ([]types.ServiceDeploymentBrief, error) {
	c, err := r.clients(ctx, service.ID.Target)
	if err != nil {
		return nil, err
	}
	in := &ecs.ListServiceDeploymentsInput{Service: aws.String(service.ARN), Cluster: aws.String(service.ID.Cluster),
		MaxResults: aws.Int32(int32(min(max(n, 1), 100)))}
	var all []types.ServiceDeploymentBrief
	for {
		out, err := c.Read.ECS.ListServiceDeployments(ctx, in)
		if err != nil {
			return nil, err
		}
		all = append(all, out.ServiceDeployments...)
		if aws.ToString(out.NextToken) == "" || len(all) >= n {
			break
		}
		in.NextToken = out.NextToken
	}
	slices.SortStableFunc(all, func(a, b types.ServiceDeploymentBrief) int {
		return aws.ToTime(b.CreatedAt).Compare(aws.ToTime(a.CreatedAt))
	})
	return all[:min(len(all), n)], nil
}

// History lists the newest deployments, and for those that failed what they
// carried, so that it can be recognised.
func (r *rollouts) History(ctx context.Context, service resource.Live, n int) ([]resource.Deployment, error) {
	briefs, err := r.list(ctx, service, n)
	if err != nil || len(briefs) == 0 {
		return nil, err
	}
	full, err := r.details(ctx, service, briefs)
	if err != nil {
		return nil, err
	}
	out := make([]resource.Deployment, 0, len(full))
	var revisions []string
	for i := range full {
		d := deploymentOf(&full[i])
		if i > 0 { // list order is newest first: a later one exists
			settle(&d, &full[i], true)
		} else if err := r.settleNewest(ctx, service, &d, &full[i]); err != nil {
			return nil, err
		}
		out = append(out, d)
		if d.TargetRevision != "" {
			revisions = append(revisions, d.TargetRevision)
		}
	}
	revs, err := r.snapshot(ctx, service.ID.Target, revisions)
	if err != nil {
		return nil, err
	}
	for i := range out {
		rev, ok := revs[out[i].TargetRevision]
		if !ok {
			continue
		}
		out[i].TaskDefinition = aws.ToString(rev.TaskDefinition)
		if out[i].Status.Bad() {
			if out[i].Content, err = r.content(ctx, service, &rev); err != nil {
				return nil, err
			}
		}
	}
	return out, nil
}

// kept is for how long a deployment surely stays in the history: ECS keeps 90 days of it
// (Amazon ECS developer guide, service deployments).
const kept = 80 * 24 * time.Hour

// details describes deployments; those that are over only once.
func (r *rollouts) details(ctx context.Context, service resource.Live, briefs []types.ServiceDeploymentBrief) ([]types.ServiceDeployment, error) {
	arns := make([]string, len(briefs))
	old := map[string]bool{}
	for i, b := range briefs {
		arns[i] = aws.ToString(b.ServiceDeploymentArn)
		old[arns[i]] = time.Since(aws.ToTime(b.CreatedAt)) > kept
	}
	missing, have := r.ended.Missing(arns)
	for arn, res := range r.deployments.do(ctx, lane{target: service.ID.Target}, missing) {
		if resource.ClassOf(res.Err) == resource.ClassNotFound && old[arn] {
			continue // it left the history between the two calls
		}
		if resource.ClassOf(res.Err) == resource.ClassNotFound { // it was listed a moment ago: content that failed would be tried anew
			if r.lost.For(arn) > unseen {
				continue // reads lag for minutes at most: ECS has lost it
			}
			return nil, resource.Errorf(resource.ClassTransient, "ecs:DescribeServiceDeployments", "ECS lists %s and does not find it", arn)
		}
		if res.Err != nil {
			return nil, res.Err
		}
		r.lost.Found(arn)
		have[arn] = res.Value
		if isTerminal(res.Value.Status) {
			r.ended.Put(arn, res.Value)
		}
	}
	var out []types.ServiceDeployment
	for _, arn := range arns {
		if d, ok := have[arn]; ok {
			out = append(out, d)
		}
	}
	return out, nil
}

// isTerminal: aws-facts 1.4. ECS may learn new states; those are not over.
func isTerminal(s types.ServiceDeploymentStatus) bool {
	switch s {
	case types.ServiceDeploymentStatusSuccessful, types.ServiceDeploymentStatusStopped,
		types.ServiceDeploymentStatusRollbackSuccessful, types.ServiceDeploymentStatusRollbackFailed:
		return true
	}
	return false
}

func deploymentOf(d *types.ServiceDeployment) resource.Deployment {
	out := resource.Deployment{
		ARN: aws.ToString(d.ServiceDeploymentArn), Reason: aws.ToString(d.StatusReason),
		CreatedAt: rfc3339(d.CreatedAt), FinishedAt: rfc3339(d.FinishedAt), LifecycleStage: string(d.LifecycleStage),
		First: len(d.SourceServiceRevisions) == 0,
	}
	if out.FinishedAt == "" {
		out.FinishedAt = rfc3339(d.StoppedAt)
	}
	if t := d.TargetServiceRevision; t != nil {
		out.TargetRevision = aws.ToString(t.Arn)
		out.Requested, out.Running, out.Pending = t.RequestedTaskCount, t.RunningTaskCount, t.PendingTaskCount
	}
	if b := d.DeploymentCircuitBreaker; b != nil {
		out.Failed, out.Threshold = b.FailureCount, b.Threshold
	}
	if d.Rollback != nil && out.Reason == "" {
		out.Reason = aws.ToString(d.Rollback.Reason)
	}
	if c := d.DeploymentConfiguration; c != nil {
		out.Strategy = string(c.Strategy)
	}
	if t := d.TargetServiceRevision; t != nil && out.Shifts() {
		out.Traffic = aws.ToFloat64(t.RequestedProductionTrafficWeight)
	}
	if d.Status == types.ServiceDeploymentStatusInProgress { // on the way back nothing is waited for
		out.Hooks = waiting(d.LifecycleHookDetails)
	}
	out.FailedHooks = failedHooks(d.LifecycleHookDetails)
	describeProgress(&out, d)
	return out
}

// waiting are the hooks that have no outcome yet.
func waiting(details []types.DeploymentLifecycleHookDetail) []resource.DeploymentHook {
	var out []resource.DeploymentHook
	for _, h := range details {
		switch h.Status {
		case types.DeploymentLifecycleHookStatusAwaitingAction, types.DeploymentLifecycleHookStatusInProgress:
			out = append(out, resource.DeploymentHook{ID: aws.ToString(h.HookId), Function: aws.ToString(h.TargetArn),
				Until: rfc3339(h.ExpiresAt), Then: string(h.TimeoutAction)})
		}
	}
	return out
}

// failedHooks are those that had the deployment rolled back.
func failedHooks(details []types.DeploymentLifecycleHookDetail) []resource.DeploymentHook {
	var out []resource.DeploymentHook
	for _, h := range details {
		late := h.Status == types.DeploymentLifecycleHookStatusTimedOut
		if h.Status == types.DeploymentLifecycleHookStatusFailed || late && h.TimeoutAction == types.DeploymentLifecycleHookActionRollback {
			out = append(out, resource.DeploymentHook{ID: aws.ToString(h.HookId), Function: aws.ToString(h.TargetArn), Late: late, Then: string(h.TimeoutAction)})
		}
	}
	return out
}

// Continue presses the button of a pause hook.
func (r *rollouts) Continue(ctx context.Context, target, deployment, pause string, back bool) error {
	c, err := r.clients(ctx, target)
	if err != nil {
		return err
	}
	in := &ecs.ContinueServiceDeploymentInput{ServiceDeploymentArn: &deployment, HookId: &pause, Action: types.DeploymentLifecycleHookActionContinue}
	if back {
		in.Action = types.DeploymentLifecycleHookActionRollback
	}
	_, err = c.Write.ECS.ContinueServiceDeployment(about(ctx, deployment), in)
	return err
}

// Stop rolls a deployment back. The enum knows ABORT as well; the operation's
// documentation accepts ROLLBACK only.
func (r *rollouts) Stop(ctx context.Context, target, deployment string) error {
	c, err := r.clients(ctx, target)
	if err != nil {
		return err
	}
	_, err = c.Write.ECS.StopServiceDeployment(about(ctx, deployment), &ecs.StopServiceDeploymentInput{
		ServiceDeploymentArn: &deployment, StopType: types.StopServiceDeploymentStopTypeRollback})
	return err
}

// settle reads ECS' status. STOP_REQUESTED and STOPPED have two causes: a newer
// deployment took over, or it failed with rollback off. A newer deployment, or
// the absence of any monitor that tripped, tells them apart (aws-facts 1.4).
func settle(d *resource.Deployment, full *types.ServiceDeployment, newerExists bool) {
	switch full.Status {
	case types.ServiceDeploymentStatusSuccessful:
		d.Status = resource.DeploymentSucceeded
	case types.ServiceDeploymentStatusRollbackSuccessful:
		d.Status = resource.DeploymentRolledBack
	case types.ServiceDeploymentStatusRollbackFailed:
		d.Status = resource.DeploymentFailed
	case types.ServiceDeploymentStatusRollbackRequested, types.ServiceDeploymentStatusRollbackInProgress:
		d.Status = resource.DeploymentRollingBack
	case types.ServiceDeploymentStatusStopped, types.ServiceDeploymentStatusStopRequested:
		d.Superseded = (newerExists || d.Superseded) && !tripped(full)
		switch {
		case d.Superseded:
			d.Status = resource.DeploymentSuperseded
		case full.Status == types.ServiceDeploymentStatusStopped || tripped(full):
			d.Status = resource.DeploymentFailed
		default:
			d.Status = resource.DeploymentRunning // being stopped: what for shows when it has stopped
		}
	default:
		d.Status = resource.DeploymentRunning
	}
	if d.Status != resource.DeploymentSuperseded {
		d.Superseded = false
	}
}

// tripped reports whether the circuit breaker or an alarm ended the deployment.
func tripped(d *types.ServiceDeployment) bool {
	if b := d.DeploymentCircuitBreaker; b != nil && b.Status == types.ServiceDeploymentRollbackMonitorsStatusTriggered {
		return true
	}
	return d.Alarms != nil && (d.Alarms.Status == types.ServiceDeploymentRollbackMonitorsStatusTriggered || len(d.Alarms.TriggeredAlarmNames) > 0)
}

// content is what a revision carried, in the form of the create inputs.
func (r *rollouts) content(ctx context.Context, service resource.Live, rev *types.ServiceRevision) (map[string]resource.Live, error) {
	in := &ecs.CreateServiceInput{}
	shape.Project(in, rev)
	in.Cluster = aws.String(lastSegment(aws.ToString(rev.ClusterArn)))
	in.ServiceName = aws.String(service.Name)
	if now, ok := service.Value.(*ecs.CreateServiceInput); ok && (now.PlatformVersion == nil || *now.PlatformVersion == "LATEST") {
		in.PlatformVersion = nil // deployments and revisions name the version that LATEST was
	}
	id := service.ID
	out := map[string]resource.Live{resource.KindService: {
		ID: id, Presence: resource.Present, ARN: service.ARN, Name: service.Name, Value: in}}
	arn := aws.ToString(rev.TaskDefinition)
	if arn == "" {
		return out, nil
	}
	td, ok := r.tasks.Get(arn)
	if !ok {
		c, err := r.clients(ctx, id.Target)
		if err != nil {
			return nil, err
		}
		read, err := describeTask(ctx, c, arn)
		if resource.ClassOf(err) == resource.ClassNotFound {
			return out, nil // deregistered and no longer referenced: nothing left to compare with
		}
		if err != nil {
			return nil, err
		}
		td = *read
		r.tasks.Put(arn, td)
	}
	l := td.live()
	l.ID, l.Health = id.Of(resource.KindTaskDefinition, ""), resource.Health{}
	out[resource.KindTaskDefinition] = l
	return out, nil
}

// Tag sets and removes tags of a service or a task definition revision.
func (r *rollouts) Tag(ctx context.Context, target, arn string, set map[string]string, remove []string) error {
	c, err := r.clients(ctx, target)
	if err != nil {
		return err
	}
	if !strings.HasPrefix(arn, "arn:") {
		return fmt.Errorf("tag: %q is no ARN", arn)
	}
	ctx = about(ctx, arn)
	if len(set) > 0 {
		if err := (ecsTags{}).set(ctx, c.Write, arn, maps.Clone(set)); err != nil {
			return err
		}
	}
	if len(remove) > 0 {
		return (ecsTags{}).remove(ctx, c.Write, arn, slices.Clone(remove))
	}
	return nil
}
