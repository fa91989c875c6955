package sandbox

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ecs"
	"github.com/aws/aws-sdk-go-v2/service/ecs/types"

	"github.com/ecs-operator/ecs-operator/pkg/sandbox/wire"
)

// TestManyServices rolls a fleet out and counts what the world did for it: the
// work of a service does not grow with the number of the others.
func TestManyServices(t *testing.T) {
	const fleet = 1000
	b := newECSBench(t)
	b.register("app", "app:1", onFargateWithPort)
	for i := range fleet {
		b.create(fmt.Sprintf("s%04d", i), "app", count(1), func(in *ecs.CreateServiceInput) {
			in.LaunchType, in.NetworkConfiguration = types.LaunchTypeFargate, vpcOf("subnet-0sandboxa")
		})
	}
	w := b.s.world
	before := w.Serial
	b.s.Advance(5 * time.Minute)
	if perService := (w.Serial - before) / fleet; perService > 50 {
		t.Errorf("a rollout of one service took %d events and ids", perService)
	}
	for _, name := range []string{"s0000", "s0999"} {
		if s := b.service(name); s.RunningCount != 1 || s.Deployments[0].RolloutState != types.DeploymentRolloutStateCompleted {
			t.Errorf("%s: %d running, %s", name, s.RunningCount, s.Deployments[0].RolloutState)
		}
	}
	before = w.Serial
	b.s.Advance(30 * time.Minute)
	if w.Serial != before {
		t.Errorf("a settled fleet made %d events", w.Serial-before)
	}
}

// TestRolloutSurvivesTheStateFile sends the world through its file in the
// middle of a rollout that is about to fail.
func TestRolloutSurvivesTheStateFile(t *testing.T) {
	b := newECSBench(t)
	b.register("app", "app:1")
	b.register("app", "app:crash")
	before := b.settled("app", "app:1", breaker(true))
	b.deploy("app", "app:2")
	for range 30 {
		raw, err := wire.EncodeState(b.s.world, registry())
		b.must(err)
		again := &World{handlers: b.s.world.handlers}
		b.must(wire.DecodeState(raw, again, registry()))
		b.s.world = again
		b.pass(2)
	}
	b.ends("app", types.ServiceDeploymentStatusRollbackSuccessful)
	if s := b.service("app"); digitsOf(s) != digitsOf(before) || s.RunningCount != 2 {
		t.Errorf("after: %+v", s.Deployments)
	}
	unchanged := b.update("app", func(in *ecs.UpdateServiceInput) { in.TaskDefinition = aws.String("app:1") })
	if len(unchanged.Deployments) != 1 {
		t.Error("the same definition started a deployment after the world came back")
	}
}

func TestEventsAreBounded(t *testing.T) {
	b := newECSBench(t)
	b.register("app", "app:1")
	b.settled("app", "app", count(1))
	for i := range 30 {
		b.update("app", func(in *ecs.UpdateServiceInput) { in.DesiredCount = aws.Int32(int32(i % 3)) })
		b.pass(60)
	}
	for range 20 {
		b.update("app", func(in *ecs.UpdateServiceInput) { in.ForceNewDeployment = true })
		b.ends("app", types.ServiceDeploymentStatusSuccessful)
	}
	events := b.service("app").Events
	if len(events) != 100 {
		t.Errorf("%d events, want the 100 newest", len(events))
	}
	for i := 1; i < len(events); i++ {
		if events[i].CreatedAt.After(*events[i-1].CreatedAt) {
			t.Fatal("events are not newest first")
		}
	}
	first, err := b.ecs.ListServiceDeployments(t.Context(), &ecs.ListServiceDeploymentsInput{Service: aws.String("app")})
	b.must(err)
	second, err := b.ecs.ListServiceDeployments(t.Context(), &ecs.ListServiceDeploymentsInput{Service: aws.String("app"), NextToken: first.NextToken})
	b.must(err)
	if len(first.ServiceDeployments) != 20 || len(second.ServiceDeployments) != 1 || second.NextToken != nil {
		t.Errorf("21 deployments on pages of %d and %d", len(first.ServiceDeployments), len(second.ServiceDeployments))
	}
	if !strings.Contains(aws.ToString(events[0].Message), "(service app)") {
		t.Errorf("event %q", *events[0].Message)
	}
}
