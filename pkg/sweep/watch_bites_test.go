package sweep

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	aas "github.com/aws/aws-sdk-go-v2/service/applicationautoscaling"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	"github.com/aws/aws-sdk-go-v2/service/ecs"
	ecstypes "github.com/aws/aws-sdk-go-v2/service/ecs/types"
	elb "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2"
	elbtypes "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2/types"

	"github.com/ecs-operator/ecs-operator/pkg/awsclient"
	"github.com/ecs-operator/ecs-operator/pkg/resource"
	"github.com/ecs-operator/ecs-operator/pkg/sandbox"
	"github.com/ecs-operator/ecs-operator/pkg/status"
)

// misdeed is what an operator must not do, and the invariant that must say so.
type misdeed struct {
	name string
	want string // how the complaint begins
	do   func(m *rogue)
}

// rogue is an operator that does what it is told, in the world of two settled services.
type rogue struct {
	w    *world
	ctx  context.Context
	api  awsclient.API // signed and named as an operator's
	hand awsclient.API // a person's
	web  things
}

// things are what belongs to web.
type things struct{ group, rule, alarm, revision, listener string }

// ourTags are those of a thing of web.
func ourTags(key string) map[string]string {
	return map[string]string{resource.TagOwner: resource.DefaultOwner, resource.TagScope: scope, resource.TagUnit: "default/web", resource.TagKey: key}
}

func inELB(t map[string]string) []elbtypes.Tag {
	var out []elbtypes.Tag
	for k, v := range t {
		out = append(out, elbtypes.Tag{Key: aws.String(k), Value: aws.String(v)})
	}
	return out
}

// emptyGroup is a target group in which nobody is.
func (m *rogue) emptyGroup(name string) string {
	out, err := m.hand.ELB.CreateTargetGroup(m.ctx, &elb.CreateTargetGroupInput{Name: aws.String(name), Protocol: elbtypes.ProtocolEnumHttp, Port: aws.Int32(80),
		VpcId: aws.String("vpc-0sandbox"), TargetType: elbtypes.TargetTypeEnumIp, Tags: inELB(map[string]string{resource.TagOwner: "somebody"})})
	if err != nil {
		panic(err)
	}
	return aws.ToString(out.TargetGroups[0].TargetGroupArn)
}

func (m *rogue) register(family string) {
	_, _ = m.api.ECS.RegisterTaskDefinition(m.ctx, &ecs.RegisterTaskDefinitionInput{Family: &family,
		ContainerDefinitions: []ecstypes.ContainerDefinition{{Name: aws.String("a"), Image: aws.String("nginx"), Memory: aws.Int32(64)}},
		Tags:                 []ecstypes.Tag{{Key: aws.String(resource.TagOwner), Value: aws.String(resource.DefaultOwner)}}})
}

func (m *rogue) prune(docs documents) {
	m.w.scenario.prune = true
	m.w.files.commit(docs, nil)
	time.Sleep(lately + time.Second)
}

var misdeeds = []misdeed{
	{"a target group of somebody else is changed", "I1", func(m *rogue) {
		_, _ = m.api.ELB.ModifyTargetGroup(m.ctx, &elb.ModifyTargetGroupInput{TargetGroupArn: aws.String(m.emptyGroup("theirs")), HealthCheckPath: aws.String("/x")})
	}},
	{"a service of another scope is changed", "I1", func(m *rogue) {
		_, _ = m.hand.ECS.TagResource(m.ctx, &ecs.TagResourceInput{ResourceArn: aws.String("arn:aws:ecs:us-east-1:123456789012:service/default/hello"),
			Tags: []ecstypes.Tag{{Key: aws.String(resource.TagScope), Value: aws.String("another")}}})
		_, _ = m.api.ECS.UpdateService(m.ctx, &ecs.UpdateServiceInput{Service: aws.String("hello"), EnableExecuteCommand: aws.Bool(true)})
	}},
	{"a target group is made without tags", "I1", func(m *rogue) {
		_, _ = m.api.ELB.CreateTargetGroup(m.ctx, &elb.CreateTargetGroupInput{Name: aws.String("bare"), Protocol: elbtypes.ProtocolEnumHttp, Port: aws.Int32(80), VpcId: aws.String("vpc-0sandbox")})
	}},
	{"an operation that nobody knows is called", "I1", func(m *rogue) {
		_, _ = m.api.ECS.DeleteCluster(m.ctx, &ecs.DeleteClusterInput{Cluster: aws.String("default")})
	}},
	{"what was not ours is gone", "I1", func(m *rogue) { m.w.watchers[""].start["alarm/theirs"] = "an alarm" }},
	{"a revision is registered twice", "I2", func(m *rogue) {
		for range 2 {
			m.register("twice")
		}
	}},
	{"a rule is made twice", "I2", func(m *rogue) {
		_, _ = m.api.ELB.CreateRule(m.ctx, &elb.CreateRuleInput{ListenerArn: &m.web.listener, Priority: aws.Int32(77), Tags: inELB(ourTags("rule/web")),
			Conditions: []elbtypes.RuleCondition{{Field: aws.String("path-pattern"), Values: []string{"/b"}}},
			Actions:    []elbtypes.Action{{Type: elbtypes.ActionTypeEnumForward, TargetGroupArn: &m.web.group}}})
	}},
	{"a policy is put twice", "I2", func(m *rogue) {
		_, _ = m.api.AutoScaling.PutScalingPolicy(m.ctx, &aas.PutScalingPolicyInput{PolicyName: aws.String("ecs-operator/default/web/cpu"),
			ResourceId: aws.String("service/default/web"), ScalableDimension: "ecs:service:DesiredCount", ServiceNamespace: "ecs"})
		m.w.watchers[""].peaks["policy service/default/web ecs-operator/default/web/cpu"]++ // AWS has one of a name only
	}},
	{"a count is sent that is the autoscaler's", "I3", func(m *rogue) {
		_, _ = m.api.ECS.UpdateService(m.ctx, &ecs.UpdateServiceInput{Service: aws.String("web"), DesiredCount: aws.Int32(2)})
	}},
	{"a count is sent that no document wants", "I3", func(m *rogue) {
		_, _ = m.api.ECS.UpdateService(m.ctx, &ecs.UpdateServiceInput{Service: aws.String("hello"), DesiredCount: aws.Int32(0)})
	}},
	{"a rule leads to nobody", "I3", func(m *rogue) {
		_, _ = m.api.ELB.ModifyRule(m.ctx, &elb.ModifyRuleInput{RuleArn: &m.web.rule, Actions: []elbtypes.Action{{Type: elbtypes.ActionTypeEnumForward, TargetGroupArn: aws.String(m.emptyGroup("nobody"))}}})
	}},
	{"a service is deleted and made again", "I3", func(m *rogue) {
		_, _ = m.api.ECS.DeleteService(m.ctx, &ecs.DeleteServiceInput{Service: aws.String("hello"), Force: aws.Bool(true)})
		time.Sleep(10 * time.Minute)
		_, _ = m.api.ECS.CreateService(m.ctx, &ecs.CreateServiceInput{ServiceName: aws.String("hello"), TaskDefinition: aws.String("default-hello"), DesiredCount: aws.Int32(2)})
	}},
	{"a service goes before the one that takes its place is up", "I3", func(m *rogue) {
		m.prune(documents{"hello.yaml": edit(hello("hello"), "cluster: default", "cluster: elsewhere"), "web.yaml": m.w.files.all["web.yaml"]})
		_, _ = m.api.ECS.DeleteService(m.ctx, &ecs.DeleteServiceInput{Service: aws.String("hello"), Force: aws.Bool(true)})
	}},
	{"tasks are stopped", "I3", func(m *rogue) {
		out, err := m.api.ECS.ListTasks(m.ctx, &ecs.ListTasksInput{ServiceName: aws.String("hello")})
		if err != nil {
			panic(err)
		}
		for _, arn := range out.TaskArns {
			_, _ = m.api.ECS.StopTask(m.ctx, &ecs.StopTaskInput{Task: &arn})
		}
	}},
	{"a service is deployed once more", "I4", func(m *rogue) {
		_, _ = m.api.ECS.UpdateService(m.ctx, &ecs.UpdateServiceInput{Service: aws.String("hello"), ForceNewDeployment: true})
	}},
	{"a deployment begins while as many run as may", "I4: a deployment of hello begins while 1", func(m *rogue) {
		m.w.scenario.rollouts = 1
		_, _ = m.hand.ECS.UpdateService(m.ctx, &ecs.UpdateServiceInput{Service: aws.String("web"), ForceNewDeployment: true})
		_, _ = m.api.ECS.UpdateService(m.ctx, &ecs.UpdateServiceInput{Service: aws.String("hello"), ForceNewDeployment: true})
	}},
	{"a deployment begins in a rollback", "I4: a deployment of hello begins while ECS", func(m *rogue) {
		_, _ = m.hand.ECS.UpdateService(m.ctx, &ecs.UpdateServiceInput{Service: aws.String("hello"), ForceNewDeployment: true})
		var running *string
		m.w.aws.View(func(v *sandbox.World) {
			all := v.ECS.Clusters["default"].Services["hello"].Deployments
			running = all[len(all)-1].Deployment.ServiceDeploymentArn
		})
		_, _ = m.hand.ECS.StopServiceDeployment(m.ctx, &ecs.StopServiceDeploymentInput{ServiceDeploymentArn: running, StopType: ecstypes.StopServiceDeploymentStopTypeRollback})
		_, _ = m.api.ECS.UpdateService(m.ctx, &ecs.UpdateServiceInput{Service: aws.String("hello"), ForceNewDeployment: true})
	}},
	{"a service is made without a token", "I2: CreateService", func(m *rogue) {
		_, _ = m.api.ECS.CreateService(m.ctx, &ecs.CreateServiceInput{ServiceName: aws.String("new"), TaskDefinition: aws.String("default-hello"), DesiredCount: aws.Int32(1)})
	}},
	{"services go that were approved in another edition", "I12: 2 of 2 services", func(m *rogue) {
		for _, name := range []string{"hello", "web"} {
			_, _ = m.hand.ECS.TagResource(m.ctx, &ecs.TagResourceInput{ResourceArn: aws.String("arn:aws:ecs:us-east-1:123456789012:service/default/" + name),
				Tags: []ecstypes.Tag{{Key: aws.String(resource.TagApproved), Value: aws.String("x")}}})
		}
		m.prune(documents{"other.yaml": hello("other")})
		for _, name := range []string{"hello", "web"} {
			_, _ = m.api.ECS.DeleteService(m.ctx, &ecs.DeleteServiceInput{Service: &name, Force: aws.Bool(true)})
		}
	}},
	{"a hook's task is run once more", "I2: 1 tasks", func(m *rogue) {
		_, _ = m.api.ECS.RunTask(m.ctx, &ecs.RunTaskInput{TaskDefinition: aws.String("default-hello")})
	}},
	{"what could not be read is made", "I1: PutMetricAlarm of unread", func(m *rogue) {
		c := sandbox.Call{Service: "monitoring", Operation: "DescribeAlarms", UserAgent: "ecs-operator/1.2.3", Input: &cloudwatch.DescribeAlarmsInput{AlarmNames: []string{"unread"}}}
		m.w.watchers[""].read(c, denied.in(c))
		_, _ = m.api.CloudWatch.PutMetricAlarm(m.ctx, &cloudwatch.PutMetricAlarmInput{AlarmName: aws.String("unread")})
	}},
	{"what waits for a person is written", "I12: ecs.UpdateService on service/default/hello", func(m *rogue) {
		m.prune(documents{"web.yaml": web + scaling + alarm, "hello.yaml": policy(hello("hello"), "mode: manual")})
		_, _ = m.api.ECS.UpdateService(m.ctx, &ecs.UpdateServiceInput{Service: aws.String("hello"), EnableExecuteCommand: aws.Bool(true)})
	}},
	{"a hundred reads at once", "I8", func(m *rogue) {
		for range 100 {
			m.w.watchers[""].call(sandbox.Call{Service: "ecs", Operation: "DescribeServices", UserAgent: "ecs-operator/1"})
		}
	}},
	{"a secret in the log", "I9", func(m *rogue) { fmt.Fprintln(lines{m.w}, "API_TOKEN="+canary) }},
	{"a secret in the audit", "I9", func(m *rogue) { fmt.Fprintf(&m.w.audit, `{"error":"%s"}`+"\n", canary) }},
	{"a write without a record", "I10", func(m *rogue) {
		m.register("unrecorded")
		m.w.audit.Reset()
	}},
	{"a record without a write", "I10", func(m *rogue) { fmt.Fprintln(&m.w.audit, `{"operation":"ecs:UpdateService","outcome":"unknown"}`) }},
	{"a record that says it went well", "I10", func(m *rogue) {
		_, _ = m.api.ECS.UpdateService(m.ctx, &ecs.UpdateServiceInput{Service: aws.String("no-such-service")})
		was := m.w.audit.String()
		m.w.audit.Reset()
		m.w.audit.WriteString(strings.ReplaceAll(was, `"outcome":"not-found"`, `"outcome":"ok"`))
	}},
	{"a target group goes before its rule", "I11", func(m *rogue) {
		_, _ = m.api.ELB.DeleteTargetGroup(m.ctx, &elb.DeleteTargetGroupInput{TargetGroupArn: &m.web.group})
	}},
	{"a rule goes that serves", "I11", func(m *rogue) {
		_, _ = m.api.ELB.DeleteRule(m.ctx, &elb.DeleteRuleInput{RuleArn: &m.web.rule})
	}},
	{"a revision that runs is deregistered", "I11", func(m *rogue) {
		_, _ = m.api.ECS.DeregisterTaskDefinition(m.ctx, &ecs.DeregisterTaskDefinitionInput{TaskDefinition: &m.web.revision})
	}},
	{"an alarm goes that deployments watch", "I11", func(m *rogue) {
		if _, err := m.hand.ECS.UpdateService(m.ctx, &ecs.UpdateServiceInput{Service: aws.String("hello"), DeploymentConfiguration: &ecstypes.DeploymentConfiguration{
			Alarms: &ecstypes.DeploymentAlarms{AlarmNames: []string{m.web.alarm}, Enable: true}}}); err != nil {
			panic(err)
		}
		_, _ = m.api.CloudWatch.DeleteAlarms(m.ctx, &cloudwatch.DeleteAlarmsInput{AlarmNames: []string{m.web.alarm}})
	}},
	{"an alarm goes that its document has", "I12", func(m *rogue) {
		_, _ = m.api.CloudWatch.DeleteAlarms(m.ctx, &cloudwatch.DeleteAlarmsInput{AlarmNames: []string{m.web.alarm}})
	}},
	{"an alarm goes that its document has no more, without policy.prune", "I12", func(m *rogue) {
		m.prune(documents{"web.yaml": web + scaling, "hello.yaml": hello("hello")})
		_, _ = m.api.CloudWatch.DeleteAlarms(m.ctx, &cloudwatch.DeleteAlarmsInput{AlarmNames: []string{m.web.alarm}})
	}},
	{"a policy goes that its document has", "I12", func(m *rogue) {
		_, _ = m.api.AutoScaling.DeleteScalingPolicy(m.ctx, &aas.DeleteScalingPolicyInput{PolicyName: aws.String("ecs-operator/default/web/cpu"),
			ResourceId: aws.String("service/default/web"), ScalableDimension: "ecs:service:DesiredCount", ServiceNamespace: "ecs"})
	}},
	{"a service goes, and nobody said prune", "I12", func(m *rogue) {
		m.prune(documents{"web.yaml": web + scaling + alarm})
		m.w.scenario.prune = false
		_, _ = m.api.ECS.DeleteService(m.ctx, &ecs.DeleteServiceInput{Service: aws.String("hello"), Force: aws.Bool(true)})
	}},
	{"a service goes while the source is empty", "I12", func(m *rogue) {
		m.prune(documents{})
		_, _ = m.api.ECS.DeleteService(m.ctx, &ecs.DeleteServiceInput{Service: aws.String("hello"), Force: aws.Bool(true)})
	}},
	{"both services go", "I12: 2 of 2 services", func(m *rogue) {
		m.prune(documents{"other.yaml": hello("other")})
		for _, name := range []string{"hello", "web"} {
			_, _ = m.api.ECS.DeleteService(m.ctx, &ecs.DeleteServiceInput{Service: &name, Force: aws.Bool(true)})
		}
	}},
}

// TestTheWatcherBites: each misdeed is told by the invariant that forbids it, and a
// world in which nothing is done is told nothing of.
func TestTheWatcherBites(t *testing.T) {
	s := &scenario{name: "two settled services", before: documents{"web.yaml": web + scaling + alarm, "hello.yaml": hello("hello")}}
	g := s.prepare(t)
	g.policy = []byte(`{"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}`)
	calm := misdeed{"nothing is done", "", func(*rogue) {}}
	for _, d := range append(misdeeds, calm) {
		t.Run(d.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				copied := *s
				w := newWorld(t.Context(), &copied, g, nil)
				w.watchers.begin()
				m := w.rogue()
				before := w.watchers.tally()
				d.do(m)
				w.watchers.end()
				said := append(w.problems, w.watchers.tally().compare(before, &fault{})...)
				bites := slices.ContainsFunc(said, func(p string) bool { return strings.HasPrefix(p, d.want) })
				if d.want == "" && len(said) > 0 || d.want != "" && !bites {
					t.Errorf("wanted %q, was told %q", d.want, said)
				}
			})
		})
	}
}

// rogueAPI are clients that AWS and the watcher take for an operator's.
func (w *world) rogueAPI() awsclient.API {
	c, err := w.clients(operatorKey, &process{agent: "ecs-operator/1.2.3"}).For(w.ctx, resource.DefaultTarget)
	if err != nil {
		panic(err)
	}
	return c.Write
}

// rogue is an operator in a world with web in it.
func (w *world) rogue() *rogue {
	m := &rogue{w: w, ctx: w.ctx, api: w.rogueAPI(), hand: w.human().aws().Write}
	w.aws.View(func(v *sandbox.World) {
		for _, g := range v.ELB.TargetGroups {
			if !elbThing(v, aws.ToString(g.Value.TargetGroupArn)).tags.ours() {
				continue // a decoy
			}
			m.web.group = aws.ToString(g.Value.TargetGroupArn)
		}
		for _, r := range v.ELB.Rules {
			if elbThing(v, aws.ToString(r.Value.RuleArn)).tags[resource.TagUnit] == "default/web" {
				m.web.rule, m.web.listener = aws.ToString(r.Value.RuleArn), r.Listener
			}
		}
		for name, a := range v.Alarms.Metric {
			if alarmAt(v, name).tags.ours() && a.Owner == "" && !strings.Contains(name, "decoy") {
				m.web.alarm = name
			}
		}
		m.web.revision = aws.ToString(v.ECS.Clusters["default"].Services["web"].Service.TaskDefinition)
	})
	return m
}

// TestTheJudgeBites: what is compared when a case is over.
func TestTheJudgeBites(t *testing.T) {
	calls := make([]made, 10)
	ref := outcome{settled: true, picture: picture{"a": "1"}, calls: calls, rested: 8, counts: map[string]int{"ecs.UpdateService": 1}}
	for want, change := range map[string]func(o *outcome){
		"":               func(*outcome) {},
		"I4: 2 ecs.U":    func(o *outcome) { o.counts = map[string]int{"ecs.UpdateService": 2} },
		"I4: 1 monitor":  func(o *outcome) { o.counts = map[string]int{"monitoring.DeleteAlarms": 1} },
		"I5: AWS":        func(o *outcome) { o.picture = picture{"a": "2"} },
		"I5: AWS looks":  func(o *outcome) { o.picture = picture{} },
		"I5: the servic": func(o *outcome) { o.stands = map[string]status.Reason{"web": status.RolledBack} },
		"I7":             func(o *outcome) { o.settled = false },
		"I8":             func(o *outcome) { o.calls = make([]made, 51) },
	} {
		o := ref
		change(&o)
		said := o.judge(ref, &fault{})
		if len(said) == 0 != (want == "") || len(said) > 0 && !strings.HasPrefix(said[0], want) {
			t.Errorf("wanted %q, was told %q", want, said)
		}
	}
}

// TestTheRestless: a world in which somebody writes every half minute does not come to
// rest (I6).
func TestTheRestless(t *testing.T) {
	s := &scenario{name: "restless", before: documents{"hello.yaml": hello("hello")}}
	g := s.prepare(t)
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t.Context(), s, g, nil)
		w.start()
		m := w.rogueAPI()
		ctx, cancel := context.WithCancel(t.Context())
		go func() {
			for ctx.Err() == nil {
				_, _ = m.ECS.TagResource(ctx, &ecs.TagResourceInput{ResourceArn: aws.String("arn:aws:ecs:us-east-1:123456789012:service/default/hello"),
					Tags: []ecstypes.Tag{{Key: aws.String("x"), Value: aws.String("y")}}})
				select {
				case <-ctx.Done():
				case <-time.After(30 * time.Second):
				}
			}
		}()
		if w.settle(20 * time.Minute) {
			t.Error("it is called at rest while an operator writes")
		}
		cancel()
		w.end()
	})
}
