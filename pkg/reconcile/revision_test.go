package reconcile

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ecs"

	"github.com/ecs-operator/ecs-operator/pkg/sandbox"
)

// Of many services a sweep reads the status of task definition revisions in turns.
// One that was deregistered meanwhile is noticed before the service is written.
func TestDeregisteredRevisionIsNoticedBeforeTheWrite(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world) {
		const services = 22 // more than a sweep reads the revisions of
		for n := range services {
			w.files.put(fmt.Sprintf("s%d.yaml", n), strings.Replace(hello(fmt.Sprintf("s%d", n), "nginx:1.29"), "desiredCount: 2", "desiredCount: 1", 1))
		}
		e := w.engine()
		w.wait(e)
		w.apply(e, ApplyOptions{})
		mark := len(w.sandbox.Journal())
		w.apply(e, ApplyOptions{})
		for _, c := range w.sandbox.Journal()[mark:] {
			if c.Operation == "DescribeTaskDefinition" {
				t.Fatal("the revisions are read in every pass: this test shows nothing")
			}
		}

		arn := w.service("s3").TaskDefinition
		_, err := w.person().Write.ECS.DeregisterTaskDefinition(t.Context(), &ecs.DeregisterTaskDefinitionInput{TaskDefinition: arn})
		w.ok(err)
		var mu sync.Mutex
		var sent []string
		w.spoil(func(_ context.Context, c sandbox.Call) *sandbox.Fault {
			if c.Operation == "UpdateService" {
				mu.Lock()
				defer mu.Unlock()
				sent = append(sent, aws.ToString(c.Input.(*ecs.UpdateServiceInput).TaskDefinition))
			}
			return nil
		})
		w.files.put("s3.yaml", strings.Replace(hello("s3", "nginx:1.29"), "    desiredCount: 2", "    desiredCount: 1\n    enableExecuteCommand: true", 1))
		w.wait(e)
		mu.Lock()
		defer mu.Unlock()
		for _, revision := range sent {
			if revision == "" || strings.HasSuffix(revision, "s3:1") {
				t.Errorf("the service was written with %q", revision)
			}
		}
		if now := w.service("s3").TaskDefinition; *now == *arn || len(sent) == 0 || !w.service("s3").EnableExecuteCommand {
			t.Errorf("it runs %s", *now)
		}
	})
}
