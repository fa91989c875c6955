package sweep

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/applicationautoscaling"
	scalingtypes "github.com/aws/aws-sdk-go-v2/service/applicationautoscaling/types"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	"github.com/aws/aws-sdk-go-v2/service/ecs"

	"github.com/ecs-operator/ecs-operator/pkg/resource"
)

// soaked is what a document says.
type soaked struct{ number, image, count, threshold int }

func (s *soak) add() {
	s.fleet[fmt.Sprintf("s%04d", s.next)] = &soaked{number: s.next, image: 1, count: 1 + s.next%2, threshold: 50}
	s.next++
}

// Every so manyth service is scaled by an autoscaler, or stands behind a load balancer,
// of which a listener has at most 100 rules.
const soakScaled, soakBehind = 4, 25

func (d *soaked) scaled() bool { return d.number%soakScaled == 1 }

// behind: those of the beginning only, and they stay.
func (d *soaked) behind() bool { return d.number%soakBehind == 0 && d.number < *soakServices }

// document is a service with an alarm; some have more.
func (d *soaked) document(name string) string {
	var more strings.Builder
	if d.scaled() {
		more.WriteString(edit(scaling, "minCapacity: 2", "minCapacity: 1"))
	}
	more.WriteString(edit(alarm, "threshold: 90", fmt.Sprintf("threshold: %d", d.threshold), "ServiceName: hello", "ServiceName: "+name))
	on := ""
	if d.behind() {
		fmt.Fprintf(&more, `  targetGroups:
    web: {protocol: HTTP, port: 80, targetType: ip, vpcId: vpc-0sandbox}
  listenerRules:
    web: {listener: {loadBalancer: main, port: 80}, priority: %d, conditions: [{field: path-pattern, values: ["/%s/*"]}], actions: [{type: forward, targetGroupArn: "$(targetGroups.web.arn)"}]}
`, 100+d.number/soakBehind, name)
		on = `, loadBalancers: [{targetGroupArn: "$(targetGroups.web.arn)", containerName: web, containerPort: 80}]`
	}
	return fmt.Sprintf(`apiVersion: ecs-operator/v1
kind: Service
metadata: {name: %s}
spec:
  cluster: default
  taskDefinition: {networkMode: awsvpc, requiresCompatibilities: [FARGATE], cpu: "256", memory: "512", executionRoleArn: arn:aws:iam::123456789012:role/ecsTaskExecutionRole,
    containerDefinitions: [{name: web, image: "nginx:1.%d", portMappings: [{containerPort: 80}]}]}
  service: {launchType: FARGATE, desiredCount: %d, networkConfiguration: {awsvpcConfiguration: {subnets: [subnet-0sandboxa]}}%s}
%s`, name, d.image, d.count, on, more.String())
}

func (s *soak) documents() documents {
	out := documents{}
	for name, d := range s.fleet {
		out[name+".yaml"] = d.document(name)
	}
	return out
}

// commit changes some documents; some services go, and others come.
func (s *soak) commit() {
	for range max(1, len(s.fleet)/200) {
		d := s.fleet[s.any()]
		switch s.rnd.IntN(4) {
		case 0:
			d.threshold = 50 + s.rnd.IntN(40)
		case 1:
			d.count = 3 - d.count
		default:
			d.image++
		}
	}
	for range max(1, len(s.fleet)/100) {
		if name := s.any(); !s.fleet[name].behind() { // whose rule's number is its own for good
			delete(s.fleet, name)
			s.add()
		}
	}
	s.count.Commits++
	s.source.put(s.documents())
}

// any is one of the services.
func (s *soak) any() string {
	names := slices.Sorted(maps.Keys(s.fleet))
	return names[s.rnd.IntN(len(names))]
}

// meddle is what people do behind the operator's back; what is not there is left alone.
func (s *soak) meddle() {
	p, err := s.people.For(s.ctx, resource.DefaultTarget)
	if err != nil {
		panic(err)
	}
	for range max(1, len(s.fleet)/300) {
		name := s.any()
		busy := "ecs-operator/default/" + name + "/busy"
		switch kind := s.rnd.IntN(4); {
		case kind == 0:
			_, err = p.Write.CloudWatch.DeleteAlarms(s.ctx, &cloudwatch.DeleteAlarmsInput{AlarmNames: []string{busy}})
		case kind == 1:
			_, err = p.Write.CloudWatch.DisableAlarmActions(s.ctx, &cloudwatch.DisableAlarmActionsInput{AlarmNames: []string{busy}})
		case s.fleet[name].scaled():
			_, err = p.Write.AutoScaling.DeleteScalingPolicy(s.ctx, &applicationautoscaling.DeleteScalingPolicyInput{PolicyName: aws.String("ecs-operator/default/" + name + "/cpu"),
				ServiceNamespace: scalingtypes.ServiceNamespaceEcs, ResourceId: aws.String("service/default/" + name), ScalableDimension: scalingtypes.ScalableDimensionECSServiceDesiredCount})
		default:
			_, err = p.Write.ECS.UpdateService(s.ctx, &ecs.UpdateServiceInput{Cluster: aws.String("default"), Service: &name, DesiredCount: aws.Int32(4)})
		}
		if err == nil {
			s.count.Edits++
		}
	}
}
