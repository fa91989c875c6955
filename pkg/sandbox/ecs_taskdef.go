package sandbox

import (
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ecs"
	"github.com/aws/aws-sdk-go-v2/service/ecs/types"
)

func (d *ecsTaskDef) arn() string { return aws.ToString(d.Definition.TaskDefinitionArn) }

// taskDefinition finds a revision by family (the latest ACTIVE one),
// family:revision or ARN; nil when there is none.
func (w *World) taskDefinition(ref string) *ecsTaskDef {
	family, number, has := strings.Cut(lastSegment(ref), ":")
	f, ok := w.ECS.Families[family]
	if !ok {
		return nil
	}
	if has {
		n, err := strconv.ParseInt(number, 10, 32)
		if err != nil {
			return nil
		}
		return f.revision(int32(n))
	}
	for _, d := range slices.Backward(f.Revisions) {
		if d.Definition.Status == types.TaskDefinitionStatusActive {
			return d
		}
	}
	return nil
}

func (f *ecsFamily) revision(n int32) *ecsTaskDef {
	i, ok := slices.BinarySearchFunc(f.Revisions, n, func(d *ecsTaskDef, n int32) int { return int(d.Definition.Revision - n) })
	if !ok {
		return nil
	}
	return f.Revisions[i]
}

// usableTaskDefinition is taskDefinition for those who want to run it.
func (w *World) usableTaskDefinition(ref *string) (*ecsTaskDef, error) {
	d := w.taskDefinition(aws.ToString(ref))
	switch {
	case d == nil:
		return nil, refuse("ClientException", "TaskDefinition not found.")
	case d.Definition.Status != types.TaskDefinitionStatusActive:
		return nil, refuse("ClientException", "TaskDefinition is inactive")
	}
	return d, nil
}

func registerTaskDefinition(c *call, in *ecs.RegisterTaskDefinitionInput) (*ecs.RegisterTaskDefinitionOutput, error) {
	if err := checkTaskDefinition(in); err != nil {
		return nil, err
	}
	if err := checkTags(in.Tags, nil); err != nil {
		return nil, err
	}
	d := filledDefinition(in)
	name := aws.ToString(in.Family)
	f, ok := c.w.ECS.Families[name]
	if !ok {
		f = &ecsFamily{Name: name}
		c.w.ECS.Families[name] = f
	}
	f.Last++
	d.Revision = f.Last
	d.TaskDefinitionArn = aws.String(taskDefARN(name, f.Last))
	d.Status = types.TaskDefinitionStatusActive
	d.RegisteredAt = aws.Time(c.Now)
	d.RegisteredBy = aws.String(callerARN)
	f.Revisions = append(f.Revisions, &ecsTaskDef{Definition: d, Tags: orEmpty(in.Tags)})
	return &ecs.RegisterTaskDefinitionOutput{TaskDefinition: &d, Tags: orEmpty(in.Tags)}, nil
}

// callerARN is who every caller is, as GetCallerIdentity says.
const callerARN = "arn:aws:iam::" + Account + ":user/sandbox"

func describeTaskDefinition(c *call, in *ecs.DescribeTaskDefinitionInput) (*ecs.DescribeTaskDefinitionOutput, error) {
	d := c.w.taskDefinition(aws.ToString(in.TaskDefinition))
	if d == nil {
		return nil, refuse("ClientException", "Unable to describe task definition.")
	}
	out := &ecs.DescribeTaskDefinitionOutput{TaskDefinition: new(d.Definition)}
	if slices.Contains(in.Include, types.TaskDefinitionFieldTags) {
		out.Tags = shuffled(d.Tags, ecsTagKey)
	}
	return out, nil
}

func listTaskDefinitions(c *call, in *ecs.ListTaskDefinitionsInput) (*ecs.ListTaskDefinitionsOutput, error) {
	status := in.Status
	if status == "" {
		status = types.TaskDefinitionStatusActive
	}
	families := sorted(c.w.ECS.Families)
	if in.FamilyPrefix != nil { // the parameter's name lies: it is the full family name
		families = []string{*in.FamilyPrefix}
	}
	var arns []string
	for _, name := range families {
		f, ok := c.w.ECS.Families[name]
		if !ok {
			continue
		}
		for _, d := range f.Revisions {
			if d.Definition.Status == status {
				arns = append(arns, d.arn())
			}
		}
	}
	if in.Sort == types.SortOrderDesc {
		slices.Reverse(arns)
	}
	arns, next, err := page(arns, in.NextToken, in.MaxResults, 100, 100)
	if err != nil {
		return nil, err
	}
	return &ecs.ListTaskDefinitionsOutput{TaskDefinitionArns: orEmpty(arns), NextToken: next}, nil
}

func listTaskDefinitionFamilies(c *call, in *ecs.ListTaskDefinitionFamiliesInput) (*ecs.ListTaskDefinitionFamiliesOutput, error) {
	var names []string
	for _, name := range sorted(c.w.ECS.Families) {
		active := slices.ContainsFunc(c.w.ECS.Families[name].Revisions, func(d *ecsTaskDef) bool {
			return d.Definition.Status == types.TaskDefinitionStatusActive
		})
		switch {
		case !strings.HasPrefix(name, aws.ToString(in.FamilyPrefix)),
			in.Status == types.TaskDefinitionFamilyStatusActive && !active,
			in.Status == types.TaskDefinitionFamilyStatusInactive && active:
			continue
		}
		names = append(names, name)
	}
	names, next, err := page(names, in.NextToken, in.MaxResults, 100, 100)
	if err != nil {
		return nil, err
	}
	return &ecs.ListTaskDefinitionFamiliesOutput{Families: orEmpty(names), NextToken: next}, nil
}

func deregisterTaskDefinition(c *call, in *ecs.DeregisterTaskDefinitionInput) (*ecs.DeregisterTaskDefinitionOutput, error) {
	ref := aws.ToString(in.TaskDefinition)
	if !strings.Contains(lastSegment(ref), ":") {
		return nil, refuse("InvalidParameterException", "Invalid revision number. Number: %s", lastSegment(ref))
	}
	d := c.w.taskDefinition(ref)
	if d == nil {
		return nil, refuse("ClientException", "The specified task definition does not exist. Specify a valid account, family, revision and try again.")
	}
	if d.Definition.Status == types.TaskDefinitionStatusActive {
		d.Definition.Status = types.TaskDefinitionStatusInactive
		d.Definition.DeregisteredAt = aws.Time(c.Now)
	}
	return &ecs.DeregisterTaskDefinitionOutput{TaskDefinition: new(d.Definition)}, nil
}

func deleteTaskDefinitions(c *call, in *ecs.DeleteTaskDefinitionsInput) (*ecs.DeleteTaskDefinitionsOutput, error) {
	if len(in.TaskDefinitions) == 0 || len(in.TaskDefinitions) > 10 {
		return nil, refuse("InvalidParameterException", "The number of task definitions must be between 1 and 10.")
	}
	out := &ecs.DeleteTaskDefinitionsOutput{TaskDefinitions: []types.TaskDefinition{}, Failures: []types.Failure{}}
	for _, ref := range in.TaskDefinitions {
		fail := func(reason string) {
			out.Failures = append(out.Failures, types.Failure{Arn: aws.String(ref), Reason: aws.String(reason)})
		}
		if !strings.Contains(lastSegment(ref), ":") {
			fail("The specified task definition identifier is invalid. Specify a valid name or ARN and try again.")
			continue
		}
		d := c.w.taskDefinition(ref)
		switch {
		case d == nil:
			fail("The specified task definition does not exist. Specify a valid account, family, revision and try again.")
			continue
		case d.Definition.Status == types.TaskDefinitionStatusActive:
			fail("The specified task definition is still in ACTIVE status. Please deregister the target and try again.")
			continue
		case d.Definition.Status == types.TaskDefinitionStatusInactive:
			d.Definition.Status = types.TaskDefinitionStatusDeleteInProgress
			d.Definition.DeleteRequestedAt = aws.Time(c.Now)
			c.w.after(time.Minute, "ecs.purge", d.arn())
		}
		out.TaskDefinitions = append(out.TaskDefinitions, d.Definition)
	}
	return out, nil
}

// taskDefinitionPurgeTimer forgets a deleted revision once nothing uses it.
func taskDefinitionPurgeTimer(w *World, arn string) {
	d := w.taskDefinition(arn)
	if d == nil {
		return
	}
	if w.taskDefinitionUsed(arn) {
		w.after(time.Minute, "ecs.purge", arn)
		return
	}
	f := w.ECS.Families[aws.ToString(d.Definition.Family)]
	f.Revisions = slices.DeleteFunc(f.Revisions, func(o *ecsTaskDef) bool { return o == d })
}

func (w *World) taskDefinitionUsed(arn string) bool {
	for _, cl := range w.ECS.Clusters {
		for _, t := range cl.Tasks {
			if !t.stopped() && aws.ToString(t.Task.TaskDefinitionArn) == arn {
				return true
			}
		}
		for _, s := range cl.Services {
			if aws.ToString(s.Service.Status) == statusInactive {
				continue
			}
			for _, r := range s.Rollouts {
				if aws.ToString(r.Deployment.TaskDefinition) == arn {
					return true
				}
			}
		}
	}
	return false
}
