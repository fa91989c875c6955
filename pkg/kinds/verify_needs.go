package kinds

import (
	"fmt"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ecs"
	"github.com/aws/aws-sdk-go-v2/service/ecs/types"
	elbv2 "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2"

	"github.com/ecs-operator/ecs-operator/pkg/resource"
)

// Who must be able to assume the roles that a document names: the tasks for theirs
// ("Amazon ECS task IAM role", "task execution IAM role"), and ECS itself for what it
// does to load balancers, volumes, certificates and hooks ("Amazon ECS infrastructure
// IAM role", "Permissions required for Lambda functions in blue/green deployments").
const (
	tasksPrincipal = "ecs-tasks.amazonaws.com"
	ecsPrincipal   = "ecs.amazonaws.com"
)

// Needs lists what a rollout of a unit takes for granted (resource.Need), each once.
// It asks nobody.
func Needs(u *resource.Unit) []resource.Need {
	n := &needs{unit: u}
	for _, o := range u.Objects() {
		switch in := o.Want.(type) {
		case *ecs.RegisterTaskDefinitionInput:
			n.task = in
			n.section = o.Section
		case *ecs.CreateServiceInput:
			n.service = in
			n.around = o.Section
		}
	}
	if n.task != nil {
		n.taskDefinition()
	}
	if n.service != nil {
		n.serviceNeeds()
	}
	n.hooks()
	return n.all
}

// needs collects them.
type needs struct {
	unit            *resource.Unit
	task            *ecs.RegisterTaskDefinitionInput
	service         *ecs.CreateServiceInput
	section, around string // where the two stand in the document
	all             []resource.Need
}

// add takes a need in, but for an empty one, one that is there already, and a
// reference to another object of the document.
func (n *needs) add(need resource.Need) {
	if need.Name == "" || strings.Contains(need.Name, "$(") && !need.Own {
		return
	}
	for i := range n.all {
		have := &n.all[i]
		if have.What != need.What || have.Name != need.Name || have.Region != need.Region || have.Credentials != need.Credentials || have.Creates != need.Creates {
			continue
		}
		for _, p := range need.Principals {
			if !slices.Contains(have.Principals, p) {
				have.Principals = append(have.Principals, p)
			}
		}
		return
	}
	n.all = append(n.all, need)
}

func (n *needs) role(path string, arn *string, principal string) {
	n.add(resource.Need{What: resource.NeedRole, Path: path, Name: aws.ToString(arn), Principals: []string{principal}})
}

// secret is a secret or a parameter, whichever its form says: a name alone is a
// parameter of the same region (Secret.ValueFrom, SDK).
func (n *needs) secret(path, from string) {
	what := resource.NeedParameter
	if parts := strings.SplitN(from, ":", 4); len(parts) == 4 && parts[2] == "secretsmanager" {
		what = resource.NeedSecret
	}
	n.add(resource.Need{What: what, Path: path, Name: from})
}

func (n *needs) taskDefinition() {
	at := n.section + "."
	n.role(at+"executionRoleArn", n.task.ExecutionRoleArn, tasksPrincipal)
	n.role(at+"taskRoleArn", n.task.TaskRoleArn, tasksPrincipal)
	os, architecture := n.platform()
	for i, c := range n.task.ContainerDefinitions {
		in := fmt.Sprintf("%scontainerDefinitions[%s].", at, orIndex(aws.ToString(c.Name), i))
		image := resource.Need{What: resource.NeedImage, Path: in + "image", Name: aws.ToString(c.Image), OS: os, Architecture: architecture}
		if c.RepositoryCredentials != nil {
			image.Credentials = aws.ToString(c.RepositoryCredentials.CredentialsParameter)
			n.secret(in+"repositoryCredentials.credentialsParameter", image.Credentials)
		}
		n.add(image)
		for _, s := range c.Secrets {
			n.secret(in+"secrets["+aws.ToString(s.Name)+"]", aws.ToString(s.ValueFrom))
		}
		n.log(in+"logConfiguration", c.LogConfiguration)
	}
	for i, v := range n.task.Volumes {
		if fsx := v.FsxWindowsFileServerVolumeConfiguration; fsx != nil && fsx.AuthorizationConfig != nil {
			n.secret(fmt.Sprintf("%svolumes[%s].fsxWindowsFileServerVolumeConfiguration.authorizationConfig.credentialsParameter", at, orIndex(aws.ToString(v.Name), i)),
				aws.ToString(fsx.AuthorizationConfig.CredentialsParameter))
		}
	}
}

func orIndex(name string, i int) string {
	if name == "" {
		return fmt.Sprint(i)
	}
	return name
}

// log is what the awslogs driver writes to, and the secrets of any driver.
func (n *needs) log(path string, l *types.LogConfiguration) {
	if l == nil {
		return
	}
	for _, s := range l.SecretOptions {
		n.secret(path+".secretOptions["+aws.ToString(s.Name)+"]", aws.ToString(s.ValueFrom))
	}
	if l.LogDriver == types.LogDriverAwslogs {
		n.add(resource.Need{What: resource.NeedLogGroup, Path: path + ".options.awslogs-group", Name: l.Options["awslogs-group"],
			Region: l.Options["awslogs-region"], Creates: strings.EqualFold(l.Options["awslogs-create-group"], "true")})
	}
}

// fargate reports whether the tasks run on Fargate, where their platform does not
// depend on container instances.
func (n *needs) fargate() bool {
	if n.service != nil {
		if len(n.service.CapacityProviderStrategy) > 0 {
			return !slices.ContainsFunc(n.service.CapacityProviderStrategy, func(s types.CapacityProviderStrategyItem) bool {
				return !strings.HasPrefix(aws.ToString(s.CapacityProvider), "FARGATE")
			})
		}
		if n.service.LaunchType != "" {
			return n.service.LaunchType == types.LaunchTypeFargate
		}
	}
	return len(n.task.RequiresCompatibilities) == 1 && n.task.RequiresCompatibilities[0] == types.CompatibilityFargate
}

// platform is what images must be made for, in Docker's words. Without a written one
// Fargate takes X86_64 and LINUX (RuntimePlatform, SDK), and on container instances
// each takes what it is.
func (n *needs) platform() (os, architecture string) {
	p := n.task.RuntimePlatform
	if p == nil {
		p = &types.RuntimePlatform{}
	}
	switch {
	case p.CpuArchitecture == types.CPUArchitectureArm64:
		architecture = "arm64"
	case p.CpuArchitecture == types.CPUArchitectureX8664, p.CpuArchitecture == "" && n.fargate():
		architecture = "amd64"
	}
	switch {
	case strings.HasPrefix(string(p.OperatingSystemFamily), "WINDOWS"):
		os = "windows"
	case p.OperatingSystemFamily != "" || n.fargate():
		os = "linux"
	}
	return os, architecture
}

func (n *needs) serviceNeeds() {
	at := n.around + "."
	s := n.service
	if s.NetworkConfiguration != nil && s.NetworkConfiguration.AwsvpcConfiguration != nil {
		vpc := s.NetworkConfiguration.AwsvpcConfiguration
		for i, id := range vpc.Subnets {
			n.add(resource.Need{What: resource.NeedSubnet, Path: fmt.Sprintf("%snetworkConfiguration.awsvpcConfiguration.subnets[%d]", at, i), Name: id})
		}
		for i, id := range vpc.SecurityGroups {
			n.add(resource.Need{What: resource.NeedSecurityGroup, Path: fmt.Sprintf("%snetworkConfiguration.awsvpcConfiguration.securityGroups[%d]", at, i), Name: id})
		}
	}
	for i, b := range s.LoadBalancers {
		in := fmt.Sprintf("%sloadBalancers[%d].", at, i)
		n.targetGroup(in+"targetGroupArn", aws.ToString(b.TargetGroupArn))
		if a := b.AdvancedConfiguration; a != nil {
			n.targetGroup(in+"advancedConfiguration.alternateTargetGroupArn", aws.ToString(a.AlternateTargetGroupArn))
			n.role(in+"advancedConfiguration.roleArn", a.RoleArn, ecsPrincipal)
		}
	}
	for i, v := range s.VolumeConfigurations {
		if ebs := v.ManagedEBSVolume; ebs != nil {
			n.role(fmt.Sprintf("%svolumeConfigurations[%s].managedEBSVolume.roleArn", at, orIndex(aws.ToString(v.Name), i)), ebs.RoleArn, ecsPrincipal)
		}
	}
	if c := s.ServiceConnectConfiguration; c != nil {
		n.log(at+"serviceConnectConfiguration.logConfiguration", c.LogConfiguration)
		for i, x := range c.Services {
			if x.Tls != nil {
				n.role(fmt.Sprintf("%sserviceConnectConfiguration.services[%s].tls.roleArn", at, orIndex(aws.ToString(x.PortName), i)), x.Tls.RoleArn, ecsPrincipal)
			}
		}
	}
	for i, l := range s.VpcLatticeConfigurations {
		n.role(fmt.Sprintf("%svpcLatticeConfigurations[%s].roleArn", at, orIndex(aws.ToString(l.PortName), i)), l.RoleArn, ecsPrincipal)
	}
	if d := s.DeploymentConfiguration; d != nil {
		for i, h := range d.LifecycleHooks {
			if h.TargetType == types.DeploymentLifecycleHookTargetTypePause {
				continue
			}
			in := fmt.Sprintf("%sdeploymentConfiguration.lifecycleHooks[%d].", at, i)
			n.add(resource.Need{What: resource.NeedFunction, Path: in + "hookTargetArn", Name: aws.ToString(h.HookTargetArn)})
			n.role(in+"roleArn", h.RoleArn, ecsPrincipal)
		}
	}
}

// targetGroup is one that the service registers its tasks in: the document's own,
// whose type stands there, or another.
func (n *needs) targetGroup(path, arn string) {
	need := resource.Need{What: resource.NeedTargetGroup, Path: path, Name: arn}
	if n.task != nil {
		need.TargetType = "instance" // bridge and host, and the default of EC2 tasks, which is bridge
		if n.task.NetworkMode == types.NetworkModeAwsvpc {
			need.TargetType = "ip"
		}
	}
	for _, o := range n.unit.Objects() {
		if in, ok := o.Want.(*elbv2.CreateTargetGroupInput); ok && arn == "$("+o.Section+".arn)" {
			need.Own, need.Has, need.VPC = true, string(in.TargetType), aws.ToString(in.VpcId)
			if need.Has == "" {
				need.Has = "instance" // CreateTargetGroup's default
			}
		}
	}
	n.add(need)
}

// hooks are the tasks around a deployment: their overrides may name other roles.
func (n *needs) hooks() {
	for _, h := range n.unit.Hooks {
		if o, ok := h.Overrides.(*types.TaskOverride); ok && o != nil {
			n.role(h.Section()+".overrides.executionRoleArn", o.ExecutionRoleArn, tasksPrincipal)
			n.role(h.Section()+".overrides.taskRoleArn", o.TaskRoleArn, tasksPrincipal)
		}
	}
}
