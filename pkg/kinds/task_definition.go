package kinds

import (
	"context"
	"strings"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ecs"
	"github.com/aws/aws-sdk-go-v2/service/ecs/types"

	"github.com/ecs-operator/ecs-operator/pkg/awsclient"
	"github.com/ecs-operator/ecs-operator/pkg/diff"
	"github.com/ecs-operator/ecs-operator/pkg/keyed"
	"github.com/ecs-operator/ecs-operator/pkg/resource"
	"github.com/ecs-operator/ecs-operator/pkg/spec"
)

// taskDefinition is the document's task definition: a family, of which the
// live object is one revision.
type taskDefinition struct {
	base
	cache    awsclient.Forever[string, revision]
	families keyed.Locks // one registration at a time per family

	ownMu sync.Mutex
	own   map[string][]revision // by family in its target: see lately
	// refused is since when older revisions of a content cannot be looked for: see older.
	refused map[string]time.Time

	fitted awsclient.Forever[resource.ID, fitted]
}

func newTaskDefinition(b base) *taskDefinition { return &taskDefinition{base: b} }

func (*taskDefinition) Name() string   { return resource.KindTaskDefinition }
func (*taskDefinition) Taggable() bool { return true }

func (*taskDefinition) Section() spec.Section {
	return spec.Section{
		Path: "taskDefinition", Kind: resource.KindTaskDefinition,
		New:        func() any { return &ecs.RegisterTaskDefinitionInput{} },
		ReadOnly:   types.TaskDefinition{},
		Frame:      []string{"family"},
		Attributes: []string{"arn", "name", "family"},
		Sugar: map[string]spec.Sugar{
			"containerDefinitions[].environment": {Key: "name", Value: "value"},
			"containerDefinitions[].secrets":     {Key: "name", Value: "valueFrom"},
			"tags":                               {Key: "key", Value: "value"},
		},
		Verbatim: []string{
			"containerDefinitions[].command", "containerDefinitions[].entryPoint",
			"containerDefinitions[].healthCheck.command", "containerDefinitions[].environment[].value",
		},
		Required: taskRequired,
		Unions:   ecsUnions(),
	}
}

func (*taskDefinition) Complete(f resource.Frame, u *resource.Unit, o *resource.Object) []spec.Problem {
	in := o.Want.(*ecs.RegisterTaskDefinitionInput)
	problems := takeTags(u, o, &in.Tags, ecsPair)
	problems = append(problems, sizeProblem(u, o, "cpu", in.Cpu, cpuUnits, `CPU units ("256") or vCPUs (".25 vCPU")`)...)
	problems = append(problems, sizeProblem(u, o, "memory", in.Memory, memoryUnits, `MiB ("512") or GB ("0.5 GB")`)...)
	in.Family = aws.String(familyOf(u, o))
	fillNames(u, o)
	problems = append(problems, nameProblems(u, o, "family", "the task definition family", *in.Family, maxFamily, ecsName)...)
	u.Image = mainImage(in)
	return problems
}

// sizeProblem refuses a task's size that AWS does not read.
func sizeProblem(u *resource.Unit, o *resource.Object, field string, s *string, factors map[string]float64, remedy string) []spec.Problem {
	if aws.ToString(s) == "" || strings.Contains(*s, "$(") {
		return nil
	}
	if whole := aws.ToString(units(s, factors)); whole != "" && strings.Trim(whole, "0123456789") == "" {
		return nil
	}
	return []spec.Problem{problem(u, o, field, "%s.%s: %q is no size: write %s", o.Section, field, *s, remedy)}
}

// familyOf is the family of a unit's task definition: written, else derived.
func familyOf(u *resource.Unit, o *resource.Object) string {
	if in, ok := o.Want.(*ecs.RegisterTaskDefinitionInput); ok && aws.ToString(in.Family) != "" {
		return *in.Family
	}
	return family(u)
}

// Frame is the family: as long as the running revision fits, nothing else is looked at.
func (*taskDefinition) Frame(want any) (frame any, summed bool) {
	in, ok := want.(*ecs.RegisterTaskDefinitionInput)
	if !ok {
		return want, true
	}
	return &ecs.RegisterTaskDefinitionInput{Family: in.Family}, true
}

// mainImage is the image of the first essential container.
func mainImage(in *ecs.RegisterTaskDefinitionInput) string {
	for _, c := range in.ContainerDefinitions {
		if c.Essential == nil || *c.Essential {
			return aws.ToString(c.Image)
		}
	}
	return ""
}

func (*taskDefinition) Content(o *resource.Object) []byte { return taskRules.Canonical(o.Want) }

func (*taskDefinition) Attributes(o *resource.Object) map[string]string {
	return map[string]string{"family": aws.ToString(o.Want.(*ecs.RegisterTaskDefinitionInput).Family)}
}

func (*taskDefinition) Diff(o *resource.Object, l *resource.Live, c resource.Compare) []diff.Change {
	return compareTask(o, l, c)
}

func compareTask(o *resource.Object, l *resource.Live, c resource.Compare) []diff.Change {
	live, ok := l.Value.(*ecs.RegisterTaskDefinitionInput)
	if !ok {
		return nil
	}
	in := *o.Want.(*ecs.RegisterTaskDefinitionInput)
	// A role may be written by its short name (RegisterTaskDefinitionInput.TaskRoleArn).
	in.TaskRoleArn = asLive(in.TaskRoleArn, live.TaskRoleArn)
	in.ExecutionRoleArn = asLive(in.ExecutionRoleArn, live.ExecutionRoleArn)
	with := *o
	with.Want = &in
	return compare(&taskRules, &with, l, c)
}

// asLive is the live ARN where a short name that was written means it.
func asLive(want, live *string) *string {
	w := aws.ToString(want)
	if w != "" && !strings.ContainsAny(w, ":$") && lastSegment(aws.ToString(live)) == lastSegment(w) {
		return live
	}
	return want
}

// Create registers the first revision.
func (k *taskDefinition) Create(ctx context.Context, w resource.Write) (resource.Live, error) {
	return k.register(ctx, w)
}

// Update registers a new revision, unless only tags changed.
func (k *taskDefinition) Update(ctx context.Context, w resource.Write) (resource.Live, error) {
	if len(changedFields(w.Changes)) > 0 {
		return k.register(ctx, w)
	}
	c, err := k.clients(ctx, w.Object.ID.Target)
	if err != nil {
		return resource.Live{}, err
	}
	return retag(ctx, ecsTags{}, c.Write, w)
}

// register makes a revision. Every call makes one, and concurrent ones in a
// family may fail: one at a time.
func (k *taskDefinition) register(ctx context.Context, w resource.Write) (resource.Live, error) {
	c, err := k.clients(ctx, w.Object.ID.Target)
	if err != nil {
		return resource.Live{}, err
	}
	in := *w.Object.Want.(*ecs.RegisterTaskDefinitionInput)
	in.Tags = pairs(w.Object.Tags, ecsTag)
	if len(in.Tags) == 0 {
		in.Tags = nil
	}
	unlock, err := k.families.Lock(ctx, familyKey(&w.Object))
	if err != nil {
		return resource.Live{}, err
	}
	defer unlock()
	out, err := c.Write.ECS.RegisterTaskDefinition(ctx, &in)
	if err != nil {
		return resource.Live{}, err
	}
	if out.TaskDefinition == nil {
		return resource.Live{}, resource.Errorf(resource.ClassUnknownOutcome, "ecs:RegisterTaskDefinition", "AWS answered without a task definition")
	}
	tags := fromPairs(out.Tags, ecsPair)
	if len(tags) == 0 {
		tags = fromPairs(in.Tags, ecsPair)
	}
	r := revisionOf(out.TaskDefinition, tags)
	k.cache.Put(r.arn, *r)
	k.registered(&w.Object, *r)
	l := r.live()
	l.ID = w.Object.ID
	return l, nil
}

// Delete deregisters the live revision. Older ACTIVE revisions of the family
// come to light one after the other, in later passes.
func (k *taskDefinition) Delete(ctx context.Context, w resource.Write) error {
	c, err := k.clients(ctx, w.Object.ID.Target)
	if err != nil {
		return err
	}
	if w.Live.ARN == "" {
		return nil
	}
	r, err := describeTask(ctx, c, w.Live.ARN)
	if resource.ClassOf(err) == resource.ClassNotFound {
		return nil
	}
	if err != nil {
		return err
	}
	if r.status != types.TaskDefinitionStatusActive {
		return nil
	}
	_, err = c.Write.ECS.DeregisterTaskDefinition(ctx, &ecs.DeregisterTaskDefinitionInput{TaskDefinition: &w.Live.ARN})
	return gone(err)
}
