package sandbox

import (
	"reflect"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ecs"
	"github.com/aws/aws-sdk-go-v2/service/ecs/types"
)

// Who roles are passed to: tasks get theirs, ECS itself those with which it works
// on load balancers, volumes and hooks (PassRole of "API operations" on ECS' page:
// ecs-tasks.amazonaws.com and ecs.amazonaws.com).
const (
	toTasks = "ecs-tasks.amazonaws.com"
	toECS   = "ecs.amazonaws.com"
)

// ecsAsks: CreateService, UpdateService, DeleteService and DescribeServices take
// the type service with ecs:cluster and aws:ResourceTag; DeregisterTaskDefinition,
// DescribeTaskDefinition and the lists of them take none.
func ecsAsks() map[string]asker {
	return map[string]asker{
		"ecs.CreateService": asks(askCreateService),
		"ecs.UpdateService": asks(askUpdateService),
		"ecs.DeleteService": asks(func(c *call, in *ecs.DeleteServiceInput) []ask {
			return c.onService("DeleteService", in.Cluster, in.Service)
		}),
		"ecs.ListServices": asks(func(_ *call, in *ecs.ListServicesInput) []ask {
			return []ask{{"ecs:ListServices", "*", inCluster(in.Cluster)}}
		}),
		"ecs.DescribeServices": asks(func(c *call, in *ecs.DescribeServicesInput) []ask {
			var out []ask
			for _, s := range in.Services {
				out = append(out, c.onService("DescribeServices", in.Cluster, &s)...)
			}
			return out
		}),
		"ecs.ListServiceDeployments": asks(func(c *call, in *ecs.ListServiceDeploymentsInput) []ask {
			return c.onService("ListServiceDeployments", in.Cluster, in.Service)
		}),
		"ecs.DescribeServiceDeployments": asks(func(c *call, in *ecs.DescribeServiceDeploymentsInput) []ask {
			return c.onParts("DescribeServiceDeployments", in.ServiceDeploymentArns...)
		}),
		"ecs.DescribeServiceRevisions": asks(func(c *call, in *ecs.DescribeServiceRevisionsInput) []ask {
			return c.onParts("DescribeServiceRevisions", in.ServiceRevisionArns...)
		}),
		"ecs.StopServiceDeployment": asks(func(c *call, in *ecs.StopServiceDeploymentInput) []ask {
			return c.onParts("StopServiceDeployment", aws.ToString(in.ServiceDeploymentArn))
		}),
		"ecs.ContinueServiceDeployment": asks(func(c *call, in *ecs.ContinueServiceDeploymentInput) []ask {
			return c.onParts("ContinueServiceDeployment", aws.ToString(in.ServiceDeploymentArn))
		}),
		"ecs.RegisterTaskDefinition": asks(askRegisterTaskDefinition),
		"ecs.RunTask":                asks(askRunTask),
		"ecs.StopTask": asks(func(c *call, in *ecs.StopTaskInput) []ask {
			return []ask{c.onTask("StopTask", in.Cluster, aws.ToString(in.Task))}
		}),
		"ecs.DescribeTasks": asks(func(c *call, in *ecs.DescribeTasksInput) []ask {
			var out []ask
			for _, t := range in.Tasks {
				out = append(out, c.onTask("DescribeTasks", in.Cluster, t))
			}
			return out
		}),
		// ListTasks: container-instance and ecs:cluster.
		"ecs.ListTasks": asks(func(_ *call, in *ecs.ListTasksInput) []ask {
			return []ask{{"ecs:ListTasks", ecsPrefix + "container-instance/" + clusterName(in.Cluster) + "/*", inCluster(in.Cluster)}}
		}),
		"ecs.TagResource": asks(func(c *call, in *ecs.TagResourceInput) []ask {
			return []ask{c.onECS("TagResource", aws.ToString(in.ResourceArn)).bringing(ecsTagMap(in.Tags))}
		}),
		"ecs.UntagResource": asks(func(c *call, in *ecs.UntagResourceInput) []ask {
			a := c.onECS("UntagResource", aws.ToString(in.ResourceArn))
			a.facts = a.facts.set("aws:TagKeys", in.TagKeys...)
			return []ask{a}
		}),
		"ecs.ListTagsForResource": asks(func(c *call, in *ecs.ListTagsForResourceInput) []ask {
			return []ask{c.onECS("ListTagsForResource", aws.ToString(in.ResourceArn))}
		}),
	}
}

func ecsTagMap(tags []types.Tag) map[string]string {
	return tagMap(tags, func(t types.Tag) (k, v *string) { return t.Key, t.Value })
}

func (a ask) bringing(tags map[string]string) ask {
	a.facts = a.facts.brings(tags)
	return a
}

func clusterName(ref *string) string {
	if aws.ToString(ref) == "" {
		return "default"
	}
	return lastSegment(*ref)
}

func inCluster(ref *string) facts {
	return facts{}.set("ecs:cluster", clusterARN(clusterName(ref)))
}

// onECS is an action on an ARN, with the tags that it carries.
func (c *call) onECS(action, arn string) ask {
	f := facts{}
	if tags, err := c.w.tagsOf(arn); err == nil {
		f = f.on("ecs", ecsTagMap(*tags))
	}
	return ask{"ecs:" + action, arn, f}
}

// onService is an action on a service.
func (c *call) onService(action string, cluster, service *string) []ask {
	a := c.onECS(action, serviceARN(clusterName(cluster), lastSegment(aws.ToString(service))))
	a.facts = a.facts.set("ecs:cluster", clusterARN(clusterName(cluster)))
	return []ask{a}
}

// onParts is an action on service deployments or revisions: the pages list their
// service as a required resource beside them. Nothing says which tags a deployment
// has: here it has none.
func (c *call) onParts(action string, arns ...string) []ask {
	var out []ask
	for _, arn := range arns {
		parts := strings.Split(arn, "/")
		if len(parts) < 4 {
			out = append(out, ask{"ecs:" + action, arn, nil})
			continue
		}
		out = append(out, c.onService(action, &parts[1], &parts[2])...)
		out = append(out, ask{"ecs:" + action, arn, inCluster(&parts[1]).set("ecs:service", serviceARN(parts[1], parts[2]))})
	}
	return out
}

func (c *call) onTask(action string, cluster *string, task string) ask {
	a := c.onECS(action, taskARN(clusterName(cluster), lastSegment(task)))
	a.facts = a.facts.set("ecs:cluster", clusterARN(clusterName(cluster)))
	return a
}

// ecsRoles lists the values of every field RoleArn of an input, and the old Role.
func ecsRoles(in any) []string {
	var out []string
	var walk func(v reflect.Value)
	walk = func(v reflect.Value) {
		switch v.Kind() {
		case reflect.Pointer, reflect.Interface:
			if !v.IsNil() {
				walk(v.Elem())
			}
		case reflect.Slice:
			for i := range v.Len() {
				walk(v.Index(i))
			}
		case reflect.Struct:
			for i := range v.NumField() {
				f := v.Type().Field(i)
				if !f.IsExported() {
					continue
				}
				if s, ok := v.Field(i).Interface().(*string); ok && (f.Name == "RoleArn" || f.Name == "Role") {
					out = append(out, aws.ToString(s))
				} else if f.Type.PkgPath() != "time" {
					walk(v.Field(i))
				}
			}
		}
	}
	walk(reflect.ValueOf(in))
	return out
}

// taskRoles are the roles of a task definition.
func (c *call) taskRoles(ref *string) []string {
	if d := c.w.taskDefinition(aws.ToString(ref)); d != nil {
		return []string{aws.ToString(d.Definition.TaskRoleArn), aws.ToString(d.Definition.ExecutionRoleArn)}
	}
	return nil
}

// resolved is the ARN that a task definition is authorised by: since 2024-03-21 a
// family alone is resolved before (ECS' page on its condition keys).
func (c *call) resolved(ref *string) string {
	if d := c.w.taskDefinition(aws.ToString(ref)); d != nil {
		return d.arn()
	}
	return ecsPrefix + "task-definition/" + lastSegment(aws.ToString(ref))
}

// tagsOnCreate: who creates with tags needs ecs:TagResource too, with
// ecs:CreateAction ("Grant permission to tag resources on creation", ECS).
func tagsOnCreate(action, arn string, tags map[string]string) []ask {
	if len(tags) == 0 {
		return nil
	}
	return []ask{{"ecs:TagResource", arn, facts{}.brings(tags).set("ecs:CreateAction", action)}}
}

func askCreateService(c *call, in *ecs.CreateServiceInput) []ask {
	tags := ecsTagMap(in.Tags)
	arn := serviceARN(clusterName(in.Cluster), aws.ToString(in.ServiceName))
	f := inCluster(in.Cluster).brings(tags)
	if in.TaskDefinition != nil {
		f = f.set("ecs:task-definition", c.resolved(in.TaskDefinition))
	}
	f = f.filled("ecs:propagate-tags", string(in.PropagateTags)).set("ecs:enable-execute-command", boolWord(in.EnableExecuteCommand))
	out := append([]ask{{"ecs:CreateService", arn, f}}, tagsOnCreate("CreateService", arn, tags)...)
	out = append(out, passes(toTasks, c.taskRoles(in.TaskDefinition)...)...)
	return append(out, passes(toECS, ecsRoles(in)...)...)
}

func boolWord(b bool) string {
	if b {
		return "true"
	}
	return "false"
}

func askUpdateService(c *call, in *ecs.UpdateServiceInput) []ask {
	out := c.onService("UpdateService", in.Cluster, in.Service)
	if in.TaskDefinition != nil {
		out[0].facts = out[0].facts.set("ecs:task-definition", c.resolved(in.TaskDefinition))
		out = append(out, passes(toTasks, c.taskRoles(in.TaskDefinition)...)...)
	}
	return append(out, passes(toECS, ecsRoles(in)...)...)
}

func askRegisterTaskDefinition(_ *call, in *ecs.RegisterTaskDefinitionInput) []ask {
	tags := ecsTagMap(in.Tags)
	arn := ecsPrefix + "task-definition/" + aws.ToString(in.Family) + ":*"
	f := facts{}.brings(tags).filled("ecs:task-cpu", aws.ToString(in.Cpu)).filled("ecs:task-memory", aws.ToString(in.Memory))
	privileged := slices.ContainsFunc(in.ContainerDefinitions, func(d types.ContainerDefinition) bool { return aws.ToBool(d.Privileged) })
	out := append([]ask{{"ecs:RegisterTaskDefinition", arn, f.set("ecs:privileged", boolWord(privileged))}}, tagsOnCreate("RegisterTaskDefinition", arn, tags)...)
	return append(out, passes(toTasks, aws.ToString(in.TaskRoleArn), aws.ToString(in.ExecutionRoleArn))...)
}

// askRunTask: the type is task-definition, and a role of the overrides is passed too.
func askRunTask(c *call, in *ecs.RunTaskInput) []ask {
	tags := ecsTagMap(in.Tags)
	a := c.onECS("RunTask", c.resolved(in.TaskDefinition)).bringing(tags)
	a.facts = a.facts.set("ecs:cluster", clusterARN(clusterName(in.Cluster))).set("ecs:enable-execute-command", boolWord(in.EnableExecuteCommand))
	out := append([]ask{a}, tagsOnCreate("RunTask", taskARN(clusterName(in.Cluster), "*"), tags)...)
	roles := c.taskRoles(in.TaskDefinition)
	if o := in.Overrides; o != nil {
		roles = append(roles, aws.ToString(o.TaskRoleArn), aws.ToString(o.ExecutionRoleArn))
	}
	out = append(out, passes(toTasks, roles...)...)
	return append(out, passes(toECS, ecsRoles(in.VolumeConfigurations)...)...)
}
