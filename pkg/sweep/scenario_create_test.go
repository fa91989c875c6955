package sweep

import (
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ecs"
	"github.com/aws/aws-sdk-go-v2/service/ecs/types"
	"github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2"
	elbtypes "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2/types"

	"github.com/ecs-operator/ecs-operator/pkg/resource"
	"github.com/ecs-operator/ecs-operator/pkg/status"
)

// stand is how one service stands at rest.
func stand(name string, r status.Reason) map[string]status.Reason {
	return map[string]status.Reason{name: r}
}

// createScenarios are services that are not there yet, or not ours yet.
func createScenarios() []*scenario {
	return []*scenario{
		{name: "create-alb", resync: 20 * time.Second, after: documents{"web.yaml": web}, rest: stand("web", status.Synced)},
		{name: "create-nlb", people: network, after: documents{"web.yaml": policy(behind("web", "protocol: TCP, port: 80", "listener: {loadBalancer: net, port: 80}, priority: default"), "adopt: true")},
			rest: stand("web", status.Synced)},
		{name: "create-plain", after: documents{"hello.yaml": hello("hello")}, rest: stand("hello", status.Synced)},
		{name: "create-connect", after: documents{"web.yaml": connected}, rest: stand("web", status.Synced)},
		// By the wall's clock their deployment ends before the program begins: whether changes
		// wait for it, or come all at once, is else up to the machine.
		{name: "adopt", wall: &wall{begin: func(h human) { h.deployed("hello") }}, people: theirs, after: documents{"hello.yaml": policy(hello("hello"), "adopt: true")}, rest: stand("hello", status.Synced)},
		{name: "not-ours", people: anothers, after: documents{"hello.yaml": hello("hello")}, rest: stand("hello", status.NotOurs)},
		{name: "name-draining", before: documents{"hello.yaml": hello("hello")}, people: func(h human) { h.delete("hello") }, rest: stand("hello", status.Synced)},
	}
}

// network is a Network Load Balancer with a listener that goes elsewhere so far.
func network(h human) {
	api := h.aws().Write.ELB
	lb, err := api.CreateLoadBalancer(h.ctx, &elasticloadbalancingv2.CreateLoadBalancerInput{Name: aws.String("net"), Type: elbtypes.LoadBalancerTypeEnumNetwork, Subnets: []string{"subnet-0sandboxa"}})
	must(err)
	group, err := api.CreateTargetGroup(h.ctx, &elasticloadbalancingv2.CreateTargetGroupInput{Name: aws.String("theirs"), Protocol: elbtypes.ProtocolEnumTcp, Port: aws.Int32(80), VpcId: aws.String("vpc-0sandbox"), TargetType: elbtypes.TargetTypeEnumIp})
	must(err)
	_, err = api.CreateListener(h.ctx, &elasticloadbalancingv2.CreateListenerInput{LoadBalancerArn: lb.LoadBalancers[0].LoadBalancerArn, Port: aws.Int32(80), Protocol: elbtypes.ProtocolEnumTcp,
		DefaultActions: []elbtypes.Action{{Type: elbtypes.ActionTypeEnumForward, TargetGroupArn: group.TargetGroups[0].TargetGroupArn}}})
	must(err)
}

// theirs is the service hello, as somebody made it who knows nothing of this operator.
func theirs(h human) { byHand(h, nil) }

// anothers is the service hello of another operator, which calls it as this one would.
func anothers(h human) {
	byHand(h, ecsTagList(map[string]string{resource.TagOwner: "somebody", resource.TagUnit: "default/hello"}))
}

// byHand makes the service hello with such tags.
func byHand(h human, tags []types.Tag) {
	api := h.aws().Write.ECS
	td, err := api.RegisterTaskDefinition(h.ctx, &ecs.RegisterTaskDefinitionInput{Family: aws.String("their-hello"), ContainerDefinitions: []types.ContainerDefinition{{
		Name: aws.String("web"), Image: aws.String("nginx:1.28"), Memory: aws.Int32(64), PortMappings: []types.PortMapping{{ContainerPort: aws.Int32(80)}}}}})
	must(err)
	_, err = api.CreateService(h.ctx, &ecs.CreateServiceInput{ServiceName: aws.String("hello"), TaskDefinition: td.TaskDefinition.TaskDefinitionArn, DesiredCount: aws.Int32(2), Tags: tags})
	must(err)
}

// deployed waits until the deployment of a service of the default cluster has ended.
func (h human) deployed(name string) {
	for {
		out, err := h.aws().Read.ECS.DescribeServices(h.ctx, &ecs.DescribeServicesInput{Services: []string{name}})
		must(err)
		if s := out.Services[0]; len(s.Deployments) == 1 && s.Deployments[0].RolloutState == types.DeploymentRolloutStateCompleted {
			return
		}
		<-time.After(5 * time.Millisecond)
	}
}

// delete deletes a service of the default cluster with all its tasks.
func (h human) delete(name string) {
	_, err := h.aws().Write.ECS.DeleteService(h.ctx, &ecs.DeleteServiceInput{Service: &name, Force: aws.Bool(true)})
	must(err)
}

// must: what people do before the swept part succeeds.
func must(err error) {
	if err != nil {
		panic(err)
	}
}
