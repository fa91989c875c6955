package sandbox

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ecs"
	"github.com/aws/aws-sdk-go-v2/service/ecs/types"
	elbv2 "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2"
)

// ecsBench is a sandbox whose clock stands still unless the test moves it, and
// the unmodified SDK's clients on it.
type ecsBench struct {
	*testing.T
	s       *Sandbox
	ecs     *ecs.Client
	elb     *elbv2.Client
	watches []func() // looked at after every second
}

func newECSBench(t *testing.T) *ecsBench {
	t.Helper()
	start := time.Date(2026, 11, 23, 9, 0, 0, 0, time.UTC)
	s := New(Options{Now: func() time.Time { return start }})
	cfg := awsConfig("http://sandbox.invalid", s.Transport())
	return &ecsBench{T: t, s: s, ecs: ecs.NewFromConfig(cfg), elb: elbv2.NewFromConfig(cfg)}
}

func (b *ecsBench) must(err error) {
	b.Helper()
	if err != nil {
		b.Fatal(err)
	}
}

// refused fails unless err is AWS' refusal with this code and this text in it.
func (b *ecsBench) refused(err error, code, text string) {
	b.Helper()
	wantCode(b.T, err, code)
	if err != nil && !strings.Contains(err.Error(), text) {
		b.Errorf("got %v, want text %q", err, text)
	}
}

// pass lets seconds pass, one by one.
func (b *ecsBench) pass(seconds int) {
	b.Helper()
	for range seconds {
		b.s.Advance(time.Second)
		for _, w := range b.watches {
			w()
		}
	}
}

// until lets time pass until something holds, and fails after an hour.
func (b *ecsBench) until(what string, holds func() bool) {
	b.Helper()
	for range 3600 {
		if holds() {
			return
		}
		b.pass(1)
	}
	b.Fatalf("never happened: %s", what)
}

// register registers a revision of a one-container task definition for EC2.
func (b *ecsBench) register(family, image string, change ...func(*ecs.RegisterTaskDefinitionInput)) *types.TaskDefinition {
	b.Helper()
	in := &ecs.RegisterTaskDefinitionInput{Family: aws.String(family), ContainerDefinitions: []types.ContainerDefinition{
		{Name: aws.String("app"), Image: aws.String(image), Memory: aws.Int32(64), Cpu: 16}}}
	for _, c := range change {
		c(in)
	}
	out, err := b.ecs.RegisterTaskDefinition(b.Context(), in)
	b.must(err)
	return out.TaskDefinition
}

// onFargateWithPort makes a definition that runs on Fargate behind port 80.
func onFargateWithPort(in *ecs.RegisterTaskDefinitionInput) {
	in.NetworkMode, in.RequiresCompatibilities = types.NetworkModeAwsvpc, []types.Compatibility{types.CompatibilityFargate}
	in.Cpu, in.Memory = aws.String("256"), aws.String("512")
	in.ContainerDefinitions[0].PortMappings = []types.PortMapping{{ContainerPort: aws.Int32(80)}}
}

func vpcOf(subnets ...string) *types.NetworkConfiguration {
	return &types.NetworkConfiguration{AwsvpcConfiguration: &types.AwsVpcConfiguration{Subnets: subnets, SecurityGroups: []string{"sg-0sandbox"}}}
}

// create creates a service of two tasks.
func (b *ecsBench) create(name, definition string, change ...func(*ecs.CreateServiceInput)) types.Service {
	b.Helper()
	in := &ecs.CreateServiceInput{ServiceName: aws.String(name), TaskDefinition: aws.String(definition), DesiredCount: aws.Int32(2)}
	for _, c := range change {
		c(in)
	}
	out, err := b.ecs.CreateService(b.Context(), in)
	b.must(err)
	return *out.Service
}

// settled creates a service and waits for its steady state.
func (b *ecsBench) settled(name, definition string, change ...func(*ecs.CreateServiceInput)) types.Service {
	b.Helper()
	b.create(name, definition, change...)
	b.until(name+" is steady", func() bool { return b.has(name, "has reached a steady state.") })
	return b.service(name)
}

func (b *ecsBench) update(name string, change func(*ecs.UpdateServiceInput)) types.Service {
	b.Helper()
	in := &ecs.UpdateServiceInput{Service: aws.String(name)}
	change(in)
	out, err := b.ecs.UpdateService(b.Context(), in)
	b.must(err)
	return *out.Service
}

// deploy rolls another task definition out.
func (b *ecsBench) deploy(name, definition string) types.Service {
	b.Helper()
	return b.update(name, func(in *ecs.UpdateServiceInput) { in.TaskDefinition = aws.String(definition) })
}

func (b *ecsBench) service(name string) types.Service {
	b.Helper()
	out, err := b.ecs.DescribeServices(b.Context(), &ecs.DescribeServicesInput{Services: []string{name}})
	b.must(err)
	if len(out.Services) != 1 {
		b.Fatalf("%s: %d services, failures %v", name, len(out.Services), out.Failures)
	}
	return out.Services[0]
}

// deployment is the service's current service deployment.
func (b *ecsBench) deployment(arn string) types.ServiceDeployment {
	b.Helper()
	out, err := b.ecs.DescribeServiceDeployments(b.Context(), &ecs.DescribeServiceDeploymentsInput{ServiceDeploymentArns: []string{arn}})
	b.must(err)
	if len(out.ServiceDeployments) != 1 {
		b.Fatalf("%s: %v", arn, out.Failures)
	}
	return out.ServiceDeployments[0]
}

// ends waits for the end of the service's current deployment.
func (b *ecsBench) ends(name string, status types.ServiceDeploymentStatus) types.ServiceDeployment {
	b.Helper()
	arn := aws.ToString(b.service(name).CurrentServiceDeployment)
	b.until(fmt.Sprintf("%s: the deployment ends", name), func() bool { return ended(b.deployment(arn).Status) })
	d := b.deployment(arn)
	if d.Status != status {
		b.Fatalf("%s: deployment ended %s (%s), want %s\n%s", name, d.Status, aws.ToString(d.StatusReason), status, strings.Join(b.events(name), "\n"))
	}
	return d
}

// events are the service's messages, newest first, without their front.
func (b *ecsBench) events(name string) (out []string) {
	b.Helper()
	for _, e := range b.service(name).Events {
		out = append(out, strings.TrimPrefix(aws.ToString(e.Message), "(service "+name+") "))
	}
	return out
}

func (b *ecsBench) has(name, message string) bool {
	b.Helper()
	return slices.ContainsFunc(b.events(name), func(m string) bool { return strings.Contains(m, message) })
}

func (b *ecsBench) wantEvent(name, message string) {
	b.Helper()
	if !b.has(name, message) {
		b.Errorf("no event %q among\n%s", message, strings.Join(b.events(name), "\n"))
	}
}

// tasks are the service's tasks of a desired status.
func (b *ecsBench) tasks(name string, status types.DesiredStatus) []types.Task {
	b.Helper()
	list, err := b.ecs.ListTasks(b.Context(), &ecs.ListTasksInput{ServiceName: aws.String(name), DesiredStatus: status})
	b.must(err)
	if len(list.TaskArns) == 0 {
		return nil
	}
	out, err := b.ecs.DescribeTasks(b.Context(), &ecs.DescribeTasksInput{Tasks: list.TaskArns})
	b.must(err)
	return out.Tasks
}

// within watches, second by second, that a service's healthy tasks never fall
// below least and that it never wants more than most.
func (b *ecsBench) within(name string, least, most int) {
	b.watches = append(b.watches, func() {
		b.s.mu.Lock()
		defer b.s.mu.Unlock()
		cl := b.s.world.ECS.Clusters["default"]
		healthy, wanted := 0, 0
		for id := range cl.Services[name].Tasks {
			t := cl.Tasks[id]
			if t.wanted() {
				wanted++
				if t.running() && t.Proven {
					healthy++
				}
			}
		}
		if healthy < least || wanted > most {
			b.Errorf("%s: %d healthy and %d wanted tasks, want at least %d and at most %d", b.s.world.Clock.Format(time.TimeOnly), healthy, wanted, least, most)
		}
	})
}

func breaker(rollback bool) func(*ecs.CreateServiceInput) {
	return func(in *ecs.CreateServiceInput) {
		in.DeploymentConfiguration = &types.DeploymentConfiguration{DeploymentCircuitBreaker: &types.DeploymentCircuitBreaker{Enable: true, Rollback: rollback}}
	}
}

func count(n int32) func(*ecs.CreateServiceInput) {
	return func(in *ecs.CreateServiceInput) { in.DesiredCount = &n }
}
