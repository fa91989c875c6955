package spec

import (
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ecs"
	"github.com/aws/aws-sdk-go-v2/service/ecs/types"
	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/ecs-operator/ecs-operator/pkg/shape"
)

const hello = `apiVersion: ecs-operator/v1
kind: Service
metadata: {name: hello}
spec:
  cluster: default
  taskDefinition:
    containerDefinitions: [{name: web, image: "nginx:1.29", memory: 256, portMappings: [{containerPort: 80}]}]
  service: {desiredCount: 2, deploymentConfiguration: {deploymentCircuitBreaker: {enable: true, rollback: true}}}   # AWS' default is off
`

// sdk compares SDK values, which carry unexported markers.
var sdk = cmpopts.IgnoreUnexported(ecs.RegisterTaskDefinitionInput{}, ecs.CreateServiceInput{}, types.ContainerDefinition{},
	types.PortMapping{}, types.DeploymentConfiguration{}, types.DeploymentCircuitBreaker{}, types.KeyValuePair{}, types.Secret{})

func parseOne(t *testing.T, text string) Result {
	t.Helper()
	return Parse([]File{{Path: "a.yaml", Data: []byte(text)}}, testSections(), Options{})
}

func TestParseHello(t *testing.T) {
	got := parseOne(t, hello)
	want := Result{Documents: []Document{{
		Name: "hello", Cluster: "default", File: "a.yaml", Pos: "a.yaml:1:1", NamePos: "a.yaml:3:18", Target: DefaultTarget,
		Bodies: []Body{
			{
				Section: "taskDefinition", Kind: "task-definition", Pos: "a.yaml:6:3",
				Value: &ecs.RegisterTaskDefinitionInput{ContainerDefinitions: []types.ContainerDefinition{{
					Name: aws.String("web"), Image: aws.String("nginx:1.29"), Memory: aws.Int32(256),
					PortMappings: []types.PortMapping{{ContainerPort: aws.Int32(80)}},
				}}},
				Written: shape.PlacesOf(map[string]string{
					"containerDefinitions":                                  "a.yaml:7:27",
					"containerDefinitions[0]":                               "a.yaml:7:28",
					"containerDefinitions[0].name":                          "a.yaml:7:35",
					"containerDefinitions[0].image":                         "a.yaml:7:47",
					"containerDefinitions[0].memory":                        "a.yaml:7:69",
					"containerDefinitions[0].portMappings":                  "a.yaml:7:88",
					"containerDefinitions[0].portMappings[0]":               "a.yaml:7:89",
					"containerDefinitions[0].portMappings[0].containerPort": "a.yaml:7:105",
				}),
			},
			{
				Section: "service", Kind: "service", Pos: "a.yaml:8:3",
				Value: &ecs.CreateServiceInput{DesiredCount: aws.Int32(2), DeploymentConfiguration: &types.DeploymentConfiguration{
					DeploymentCircuitBreaker: &types.DeploymentCircuitBreaker{Enable: true, Rollback: true}}},
				Written: shape.PlacesOf(map[string]string{
					"desiredCount":            "a.yaml:8:27",
					"deploymentConfiguration": "a.yaml:8:55",
					"deploymentConfiguration.deploymentCircuitBreaker":          "a.yaml:8:82",
					"deploymentConfiguration.deploymentCircuitBreaker.enable":   "a.yaml:8:91",
					"deploymentConfiguration.deploymentCircuitBreaker.rollback": "a.yaml:8:107",
				}),
			},
		},
	}}}
	if diff := cmp.Diff(want, got, sdk); diff != "" {
		t.Error(diff)
	}
}
