package kinds

import (
	"context"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/applicationautoscaling"
	"github.com/aws/aws-sdk-go-v2/service/ecs"
	"github.com/aws/aws-sdk-go-v2/service/ecs/types"

	"github.com/ecs-operator/ecs-operator/pkg/awsclient"
	"github.com/ecs-operator/ecs-operator/pkg/diff"
	"github.com/ecs-operator/ecs-operator/pkg/resource"
	"github.com/ecs-operator/ecs-operator/pkg/spec"
)

// service is the ECS service itself.
type service struct {
	base
	describe  *lanes[found]
	revisions *lanes[types.ServiceRevision]
	known     *revisionCache
}

func newService(b base) *service {
	s := &service{base: b, known: &revisionCache{}}
	s.describe = newLanes(func(at lane) *awsclient.Batch[string, found] {
		return &awsclient.Batch[string, found]{Size: 10, Parallel: 2,
			Call: func(ctx context.Context, names []string) (map[string]found, error) {
				return s.describeServices(ctx, at, names)
			}}
	})
	s.revisions = revisionLanes(b)
	return s
}

func (*service) Name() string   { return resource.KindService }
func (*service) Taggable() bool { return true }

func (*service) Section() spec.Section {
	return spec.Section{
		Path: "service", Kind: resource.KindService,
		New:        func() any { return &ecs.CreateServiceInput{} },
		ReadOnly:   types.Service{},
		Frame:      []string{"serviceName", "cluster", "taskDefinition"},
		Attributes: []string{"arn", "name"},
		Sugar:      map[string]spec.Sugar{"tags": {Key: "key", Value: "value"}},
		Unions:     ecsUnions(),
		Required:   serviceRequired,
		Documents:  ecsDocuments(),
		Override:   hookOverride(),
	}
}

func (k *service) Complete(f resource.Frame, u *resource.Unit, o *resource.Object) []spec.Problem {
	in := o.Want.(*ecs.CreateServiceInput)
	problems := takeTags(u, o, &in.Tags, ecsPair)
	if aws.ToString(in.ServiceName) == "" {
		in.ServiceName = aws.String(u.Key.Name)
	}
	problems = append(problems, nameProblems(u, o, "serviceName", "the service name", *in.ServiceName, maxServiceName, ecsName)...)
	if written := lastSegment(aws.ToString(in.Cluster)); written != "" && written != u.Key.Cluster {
		problems = append(problems, problem(u, o, "cluster", "service.cluster says %q, but the document's cluster is %q: write it once, as spec.cluster", written, u.Key.Cluster))
	}
	in.Cluster = aws.String(u.Key.Cluster)
	if in.ClientToken != nil {
		problems = append(problems, problem(u, o, "clientToken", "service.clientToken is made by the operator: remove it"))
	}
	if c := in.DeploymentController; c != nil && c.Type != "" && c.Type != types.DeploymentControllerTypeEcs {
		problems = append(problems, problem(u, o, "deploymentController.type", "only services that ECS itself deploys are managed, and %s is another controller: leave it out; with policy.adopt a service that has it is moved to ECS, as a step of its own", c.Type))
	}
	if d := in.DeploymentConfiguration; d != nil && d.Alarms != nil && d.Alarms.AlarmNames == nil && !d.Alarms.Enable {
		d.Alarms.AlarmNames = []string{} // alarms that are off need no names, but the SDK insists on the list
	}
	needAlarms(f, u, o)
	problems = append(problems, k.completeTaskDefinition(u, o, in)...)
	problems = append(problems, k.completeDesiredCount(u, o, in)...)
	for _, other := range u.Objects() {
		switch other.ID.Kind {
		case resource.KindListenerRule:
			// "The target group … does not have an associated load balancer" until a rule leads to it.
			o.Need(other.ID)
		case resource.KindAlarm:
			if watches(in, alarmNameOf(f, u, other)) {
				o.Need(other.ID)
			}
		}
	}
	return problems
}

// watches reports whether a deployment alarm is named literally. References
// carry their own edge.
func watches(in *ecs.CreateServiceInput, alarm string) bool {
	if in.DeploymentConfiguration == nil || in.DeploymentConfiguration.Alarms == nil {
		return false
	}
	for _, name := range in.DeploymentConfiguration.Alarms.AlarmNames {
		if name == alarm {
			return true
		}
	}
	return false
}

// completeTaskDefinition leads the service to the document's task definition.
// A family name alone means "the newest of it": that is what the document
// registers, so it may stand.
func (*service) completeTaskDefinition(u *resource.Unit, o *resource.Object, in *ecs.CreateServiceInput) []spec.Problem {
	id := unitID(u, resource.KindTaskDefinition, "")
	td := u.Object(id)
	written := aws.ToString(in.TaskDefinition)
	switch {
	case td == nil && written == "":
		return []spec.Problem{problem(u, o, "taskDefinition", "the service has no task definition: write spec.taskDefinition, or name a registered one as service.taskDefinition")}
	case td == nil:
		return nil
	case strings.Contains(written, "$("):
		return nil
	case written == "" || written == familyOf(u, td):
		in.TaskDefinition = aws.String(needRef(o, "taskDefinition", "taskDefinition", "arn", id))
		return nil
	}
	return []spec.Problem{problem(u, o, "taskDefinition", "service.taskDefinition names %q while the document has a taskDefinition of its own: remove one of them", written)}
}

// completeDesiredCount finds the count of the creation (design: writes). Under
// an autoscaler the count is nobody's path: it is compared with nothing.
func (*service) completeDesiredCount(u *resource.Unit, o *resource.Object, in *ecs.CreateServiceInput) []spec.Problem {
	daemon := in.SchedulingStrategy == types.SchedulingStrategyDaemon
	scaling := u.Object(unitID(u, resource.KindScalableTarget, ""))
	written := o.Written.Has("desiredCount")
	switch {
	case daemon:
		return nil
	case scaling == nil && in.DesiredCount == nil:
		return []spec.Problem{problem(u, o, "desiredCount", "service.desiredCount is missing: AWS needs the number of tasks (or declare scaling.minCapacity)")}
	case scaling == nil:
		return nil
	case u.Policy.DesiredCount == "fixed":
		return []spec.Problem{problem(u, o, "desiredCount", "policy.desiredCount: fixed contradicts spec.scaling: the autoscaler owns the count")}
	}
	target, _ := scaling.Want.(*applicationautoscaling.RegisterScalableTargetInput)
	if target == nil || target.MinCapacity == nil {
		return nil // told by the scalable target
	}
	low := *target.MinCapacity
	high := max(low, aws.ToInt32(target.MaxCapacity))
	if !written {
		in.DesiredCount = aws.Int32(low)
		return nil
	}
	var problems []spec.Problem
	upsideDown := aws.ToInt32(target.MaxCapacity) < low // told by the scalable target
	if n := aws.ToInt32(in.DesiredCount); !upsideDown && (n < low || n > high) {
		// A lint by its nature, but nobody sees the written count after this.
		p := problem(u, o, "desiredCount", "service.desiredCount: %d is outside of scaling, %d to %d, and is brought into it; write a count within, or leave it out", n, low, high)
		p.Severity, p.Code = spec.Warning, "desired-count-range"
		problems = append(problems, p)
	}
	in.DesiredCount = aws.Int32(min(max(aws.ToInt32(in.DesiredCount), low), high))
	o.Written.Delete(func(p string) bool { return p == "desiredCount" })
	return problems
}

func (k *service) Content(o *resource.Object) []byte {
	in := o.Want.(*ecs.CreateServiceInput)
	r := serviceRules(in)
	var fields []string
	for _, f := range serviceContent {
		if f == "taskDefinition" {
			continue
		}
		if o.Written.Has(f) || writtenBelow(o, f) {
			fields = append(fields, f)
		}
	}
	return r.CanonicalFields(in, fields...)
}

// writtenBelow reports whether the author wrote anything inside a member.
func writtenBelow(o *resource.Object, name string) bool {
	for path := range o.Written.Paths() {
		if strings.HasPrefix(path, name+".") || strings.HasPrefix(path, name+"[") {
			return true
		}
	}
	return false
}

func (*service) Attributes(o *resource.Object) map[string]string {
	return map[string]string{"name": aws.ToString(o.Want.(*ecs.CreateServiceInput).ServiceName)}
}

func (k *service) Diff(o *resource.Object, l *resource.Live, c resource.Compare) []diff.Change {
	want, ok := o.Want.(*ecs.CreateServiceInput)
	live, _ := l.Value.(*ecs.CreateServiceInput)
	if !ok || live == nil {
		return nil
	}
	return compare(k.Rules(o, c), adjusted(o, want, live), l, c)
}

// countOwner says who owns desiredCount when it is not the spec. A scalable target
// that the document does not declare is the plan's affair: the difference is shown.
func countOwner(o *resource.Object, want *ecs.CreateServiceInput, c resource.Compare) string {
	written := o.Written.Has("desiredCount")
	switch {
	case want.SchedulingStrategy == types.SchedulingStrategyDaemon:
		return "ECS runs one task of a DAEMON service on each instance"
	case c.Policy.DesiredCount == "initial" || c.Policy.DesiredCount == "band":
		return "policy.desiredCount: sent at creation only"
	case !written:
		return "owned by the scaling of this document"
	}
	return ""
}

// adjusted is the object as it has to be compared with this live service: two
// spellings mean something only beside what is there.
func adjusted(o *resource.Object, want, live *ecs.CreateServiceInput) *resource.Object {
	in := *want
	// A family without a revision is the newest of it, whichever that was.
	if td := aws.ToString(in.TaskDefinition); td != "" && !strings.ContainsAny(td, ":$") {
		if fam, _, ok := strings.Cut(lastSegment(aws.ToString(live.TaskDefinition)), ":"); ok && fam == td {
			in.TaskDefinition = live.TaskDefinition
		}
	}
	// A service that was moved to capacity providers shows no launch type. The way
	// back is an empty strategy, not a new service (UpdateServiceInput.CapacityProviderStrategy).
	if in.LaunchType != "" && live.LaunchType == "" && len(live.CapacityProviderStrategy) > 0 && len(in.CapacityProviderStrategy) == 0 {
		in.LaunchType = ""
		in.CapacityProviderStrategy = []types.CapacityProviderStrategyItem{}
	}
	out := *o
	out.Want = &in
	return &out
}

func rfc3339(t *time.Time) string {
	if t == nil {
		return ""
	}
	return t.UTC().Format(time.RFC3339)
}
