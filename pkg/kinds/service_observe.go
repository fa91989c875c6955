package kinds

import (
	"context"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ecs"
	"github.com/aws/aws-sdk-go-v2/service/ecs/types"

	"github.com/ecs-operator/ecs-operator/pkg/awsclient"
	"github.com/ecs-operator/ecs-operator/pkg/resource"
	"github.com/ecs-operator/ecs-operator/pkg/shape"
)

// found is what DescribeServices says about one name: nil for MISSING.
type found struct {
	service *types.Service
	started string // resource.ServiceState.StartedTasks, from all of its events
}

// keptEvents is how many of the up to 100 events of an answer are kept.
const keptEvents = 5

// revisionParts are the members of a service that only its revision shows.
type revisionParts struct {
	monitoring *types.MonitoringConfiguration
	gateways   []types.GatewayConnector
	groups     []string // that its tasks are registered in
}

// revisionCache keeps them by revision ARN: revisions never change.
type revisionCache = awsclient.Forever[string, revisionParts]

// revisionLanes batch DescribeServiceRevisions, which takes 20 ARNs (SDK).
func revisionLanes(b base) *lanes[types.ServiceRevision] {
	return newLanes(func(at lane) *awsclient.Batch[string, types.ServiceRevision] {
		return &awsclient.Batch[string, types.ServiceRevision]{Size: 20, Parallel: 2,
			Call: func(ctx context.Context, arns []string) (map[string]types.ServiceRevision, error) {
				c, err := b.clients(ctx, at.target)
				if err != nil {
					return nil, err
				}
				out, err := c.Read.ECS.DescribeServiceRevisions(ctx, &ecs.DescribeServiceRevisionsInput{ServiceRevisionArns: arns})
				if err != nil {
					return nil, err
				}
				all := make(map[string]types.ServiceRevision, len(out.ServiceRevisions))
				for _, r := range out.ServiceRevisions {
					all[aws.ToString(r.ServiceRevisionArn)] = r
				}
				return all, nil
			}}
	})
}

// describeServices is one call for at most ten names of one cluster. A name in
// failures with MISSING is an answer; another failure is silence.
func (k *service) describeServices(ctx context.Context, at lane, names []string) (map[string]found, error) {
	c, err := k.clients(ctx, at.target)
	if err != nil {
		return nil, err
	}
	out, err := c.Read.ECS.DescribeServices(ctx, &ecs.DescribeServicesInput{
		Cluster: &at.cluster, Services: names, Include: []types.ServiceField{types.ServiceFieldTags}})
	if err != nil {
		return nil, err
	}
	all := make(map[string]found, len(names))
	for i := range out.Services {
		s := &out.Services[i]
		started := startedTasks(s.Events)
		s.Events = lastEvents(s.Events)
		all[aws.ToString(s.ServiceName)] = found{s, started}
	}
	var odd error
	for _, f := range out.Failures {
		if aws.ToString(f.Reason) == "MISSING" {
			all[lastSegment(aws.ToString(f.Arn))] = found{}
			continue
		}
		odd = resource.Errorf(resource.ClassTransient, "ecs:DescribeServices", "%s: %s %s",
			aws.ToString(f.Arn), aws.ToString(f.Reason), aws.ToString(f.Detail))
	}
	return all, odd
}

func (k *service) Observe(ctx context.Context, q resource.Query) map[resource.ID]resource.Live {
	a := ask(q)
	byLane := map[lane][]*resource.Object{}
	for i := range q.Objects {
		o := q.Objects[i]
		at := lane{q.Target, o.ID.Cluster}
		byLane[at] = append(byLane[at], o)
	}
	for at, objects := range byLane {
		names := make([]string, 0, len(objects))
		for _, o := range objects {
			names = append(names, k.awsName(o))
		}
		k.rotation.earn(q, len(names), 10) // DescribeServices: 10 names
		results := k.describe.do(ctx, at, names)
		for _, o := range objects {
			switch r := results[k.awsName(o)]; {
			case r.Err != nil:
				a.unknown(o.ID, r.Err)
			case r.Value.service == nil:
				a.absent(o.ID)
			default:
				l := k.live(o.ID, r.Value.service)
				l.Service.StartedTasks = r.Value.started
				a.set(l)
			}
		}
	}
	k.addRevisions(ctx, q, a)
	return a.by
}

// Frame is the name, by which a service is found.
func (*service) Frame(want any) (frame any, summed bool) {
	in, ok := want.(*ecs.CreateServiceInput)
	if !ok {
		return want, false
	}
	return &ecs.CreateServiceInput{ServiceName: in.ServiceName}, false
}

// awsName is the service's name on AWS, also for a question without a body.
func (*service) awsName(o *resource.Object) string {
	if in, ok := o.Want.(*ecs.CreateServiceInput); ok && aws.ToString(in.ServiceName) != "" {
		return *in.ServiceName
	}
	return o.ID.Unit
}

// live turns DescribeServices' form into the create input's.
func (k *service) live(id resource.ID, s *types.Service) resource.Live {
	state := serviceState(s)
	if state.Status == "INACTIVE" {
		// Gone, but its creation time keeps the next client token apart from the last.
		return resource.Live{ID: id, Presence: resource.Absent, Service: state}
	}
	in := &ecs.CreateServiceInput{}
	shape.Share(in, s)
	in.Tags = nil
	in.Cluster = aws.String(lastSegment(aws.ToString(s.ClusterArn)))
	if role := aws.ToString(s.RoleArn); role != "" && !strings.Contains(role, "AWSServiceRoleForECS") {
		in.Role = s.RoleArn
	}
	if d := primary(s); d != nil {
		// Absent from types.Service itself (aws-facts 1.4).
		in.ServiceConnectConfiguration = d.ServiceConnectConfiguration
		in.VolumeConfigurations = d.VolumeConfigurations
		in.VpcLatticeConfigurations = d.VpcLatticeConfigurations
	}
	l := present(id, aws.ToString(s.ServiceArn), aws.ToString(s.ServiceName), in)
	l.Tags, l.Service, l.Health = fromPairs(s.Tags, ecsPair), state, serviceHealth(s, state)
	return l
}

func primary(s *types.Service) *types.Deployment {
	for i := range s.Deployments {
		if aws.ToString(s.Deployments[i].Status) == "PRIMARY" {
			return &s.Deployments[i]
		}
	}
	return nil
}

func serviceState(s *types.Service) *resource.ServiceState {
	state := &resource.ServiceState{
		ARN: aws.ToString(s.ServiceArn), Status: aws.ToString(s.Status), CreatedAt: rfc3339(s.CreatedAt),
		Desired: s.DesiredCount, Running: s.RunningCount, Pending: s.PendingCount,
		TaskDefinition: aws.ToString(s.TaskDefinition), CurrentDeployment: aws.ToString(s.CurrentServiceDeployment),
		Revision: currentRevision(s), Deployments: len(s.Deployments), Shifts: shifts(s.DeploymentConfiguration),
	}
	if d := primary(s); d != nil {
		state.PrimaryID = aws.ToString(d.Id)
		state.PrimaryState = string(d.RolloutState)
		state.PrimaryReason = aws.ToString(d.RolloutStateReason)
	}
	for i := range s.Deployments {
		state.Completed = state.Completed || s.Deployments[i].RolloutState == types.DeploymentRolloutStateCompleted
	}
	for _, e := range lastEvents(s.Events) {
		state.LastEvents = append(state.LastEvents, aws.ToString(e.Message))
	}
	if c := s.DeploymentController; c != nil && c.Type != types.DeploymentControllerTypeEcs {
		state.ForeignController = string(c.Type)
		for _, set := range s.TaskSets {
			state.TaskSets++
			state.PrimaryTaskSet = state.PrimaryTaskSet || aws.ToString(set.Status) == "PRIMARY"
		}
	}
	if s.ResourceManagementType == types.ResourceManagementTypeEcs {
		state.ForeignController = resource.ControllerExpress
	}
	return state
}

// lastEvents are the newest events, each with a message of its own. ECS says again every six
// hours that a service has reached a steady state: that is no news, and nothing has moved.
func lastEvents(events []types.ServiceEvent) (out []types.ServiceEvent) {
	for _, e := range events {
		switch n := len(out); {
		case n == keptEvents:
			return out
		case n == 0 || aws.ToString(out[n-1].Message) != aws.ToString(e.Message):
			out = append(out, e)
		}
	}
	return out
}

// startedTasks is the time of the newest event that tells of tasks started; where
// none of the up to 100 events does, all starts were before the oldest.
func startedTasks(events []types.ServiceEvent) string {
	for _, e := range events {
		if strings.Contains(aws.ToString(e.Message), " has started ") {
			return rfc3339(e.CreatedAt)
		}
	}
	if len(events) == 0 {
		return ""
	}
	return rfc3339(events[len(events)-1].CreatedAt)
}

// UnderECS is a live service as it is wanted when it has come to the ECS
// deployment controller: without the one that it is under. Anything else stays.
func UnderECS(value any) any {
	in, ok := value.(*ecs.CreateServiceInput)
	if !ok {
		return value
	}
	out := shape.Clone(in)
	out.DeploymentController = nil
	return out
}

func serviceHealth(s *types.Service, state *resource.ServiceState) resource.Health {
	switch {
	case state.Status == "DRAINING":
		return resource.Health{State: resource.Gone, Reason: "the service is being deleted and still drains its tasks"}
	case state.PrimaryState == string(types.DeploymentRolloutStateFailed):
		return resource.Health{State: resource.Degraded, Reason: state.PrimaryReason}
	case state.PrimaryState == string(types.DeploymentRolloutStateInProgress):
		return resource.Health{State: resource.Progressing, Reason: state.PrimaryReason}
	case s.RunningCount < s.DesiredCount:
		return resource.Health{State: resource.Progressing, Reason: "fewer tasks run than are desired"}
	}
	return resource.Health{}
}

// addRevisions completes live services with what only their revision shows. A
// revision that cannot be read leaves the service unknown: half a service would
// look as if the other half had been taken away.
func (k *service) addRevisions(ctx context.Context, q resource.Query, a *answers) {
	at := map[resource.ID]string{}
	var arns []string
	for id, l := range a.by {
		if l.Presence != resource.Present || l.Service == nil || l.Service.Revision == "" {
			continue
		}
		at[id] = l.Service.Revision
		arns = append(arns, l.Service.Revision)
	}
	missing, parts := k.known.Missing(arns)
	failed := map[string]error{}
	for arn, r := range k.revisions.do(ctx, lane{target: q.Target}, missing) {
		if r.Err != nil {
			failed[arn] = r.Err
			continue
		}
		p := revisionParts{shape.Detach(r.Value.Monitoring), shape.Detach(r.Value.GatewayConnectors), shape.Detach(resolvedGroups(r.Value.ResolvedConfiguration))}
		k.known.Put(arn, p)
		parts[arn] = p
	}
	for id, arn := range at {
		if err := failed[arn]; err != nil {
			a.unknown(id, err)
			continue
		}
		l := a.by[id]
		in := l.Value.(*ecs.CreateServiceInput)
		in.Monitoring = shape.Clone(parts[arn].monitoring)
		in.GatewayConnectors = shape.Clone(parts[arn].gateways)
		l.Service.Serving = serving(in, parts[arn].groups)
		a.set(l)
	}
}

// currentRevision is the revision that the PRIMARY deployment carries: the one
// whose ARN ends with the digits of its id (terraform joins them so). One entry
// needs no joining.
func currentRevision(s *types.Service) string {
	if len(s.CurrentServiceRevisions) == 1 {
		return aws.ToString(s.CurrentServiceRevisions[0].Arn)
	}
	d := primary(s)
	if d == nil {
		return ""
	}
	digits := lastSegment(aws.ToString(d.Id))
	for _, r := range s.CurrentServiceRevisions {
		if lastSegment(aws.ToString(r.Arn)) == digits {
			return aws.ToString(r.Arn)
		}
	}
	return ""
}
