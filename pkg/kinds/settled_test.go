package kinds

import (
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ecs"
	"github.com/aws/aws-sdk-go-v2/service/ecs/types"

	"github.com/ecs-operator/ecs-operator/pkg/diff"
	"github.com/ecs-operator/ecs-operator/pkg/resource"
)

// A line deleted inside an element of a list is no default to be spelt out: the
// list goes out whole, and the element is in it without the line.
func TestDeletedInsideAnElement(t *testing.T) {
	want := &ecs.CreateServiceInput{GatewayConnectors: []types.GatewayConnector{{PortName: aws.String("web")}}}
	got, err := settled(resource.Write{Changes: []diff.Change{
		{Path: "gatewayConnectors[web].healthCheck", Op: diff.Remove, Reason: diff.FromDefault, Unwritten: true},
		{Path: "healthCheckGracePeriodSeconds", Op: diff.Replace, New: 0, Reason: diff.FromDrift, Unwritten: true},
	}}, want)
	if err != nil {
		t.Fatal(err)
	}
	if len(got.GatewayConnectors) != 1 || got.HealthCheckGracePeriodSeconds == nil {
		t.Errorf("%+v", got)
	}
}
