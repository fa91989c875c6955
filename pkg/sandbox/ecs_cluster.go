package sandbox

import (
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ecs"
	"github.com/aws/aws-sdk-go-v2/service/ecs/types"

	"github.com/ecs-operator/ecs-operator/pkg/shape"
)

const (
	statusActive   = "ACTIVE"
	statusDraining = "DRAINING"
	statusInactive = "INACTIVE"
)

// missing is a failure as the Describe operations report it.
func missing(arn string) types.Failure {
	return types.Failure{Arn: aws.String(arn), Reason: aws.String("MISSING")}
}

// isECSName is what clusters, services and families may be called.
func isECSName(s string) bool { return shape.IsName(s, 255, "_-") }

// cluster finds a usable cluster by name or ARN; none is "default".
func (w *World) cluster(ref *string) (*ecsCluster, error) {
	name := "default"
	if aws.ToString(ref) != "" {
		name = lastSegment(*ref)
	}
	cl, ok := w.ECS.Clusters[name]
	if !ok {
		return nil, refuse("ClusterNotFoundException", "Cluster not found.")
	}
	if aws.ToString(cl.Cluster.Status) == statusInactive {
		return nil, refuse("ClusterNotFoundException", "The referenced cluster was inactive.")
	}
	return cl, nil
}

func (cl *ecsCluster) name() string { return aws.ToString(cl.Cluster.ClusterName) }

// view is the cluster as it is described.
func (cl *ecsCluster) view(tags, settings, configuration bool) types.Cluster {
	v := cl.Cluster
	v.ActiveServicesCount, v.RunningTasksCount, v.PendingTasksCount = 0, 0, 0
	for _, s := range cl.Services {
		if aws.ToString(s.Service.Status) == statusActive {
			v.ActiveServicesCount++
		}
	}
	for _, t := range cl.Tasks {
		switch {
		case t.running():
			v.RunningTasksCount++
		case t.pending():
			v.PendingTasksCount++
		}
	}
	v.RegisteredContainerInstancesCount = int32(len(cl.Instances))
	if !tags {
		v.Tags = nil
	}
	if !settings {
		v.Settings = nil
	}
	if !configuration {
		v.Configuration = nil
	}
	return v
}

func createCluster(c *call, in *ecs.CreateClusterInput) (*ecs.CreateClusterOutput, error) {
	name := aws.ToString(in.ClusterName)
	if name == "" {
		name = "default"
	}
	if !isECSName(name) {
		return nil, refuse("InvalidParameterException", "Invalid cluster name: %s", name)
	}
	if cl, ok := c.w.ECS.Clusters[name]; ok && aws.ToString(cl.Cluster.Status) == statusActive {
		return &ecs.CreateClusterOutput{Cluster: new(cl.view(true, true, true))}, nil // AWS answers with the one that is there
	}
	if err := checkTags(in.Tags, nil); err != nil {
		return nil, err
	}
	if err := c.w.checkProviders(in.CapacityProviders, in.DefaultCapacityProviderStrategy); err != nil {
		return nil, err
	}
	cl := &ecsCluster{
		Cluster: types.Cluster{
			ClusterName: aws.String(name), ClusterArn: aws.String(clusterARN(name)), Status: aws.String(statusActive),
			CapacityProviders:               orEmpty(in.CapacityProviders),
			DefaultCapacityProviderStrategy: orEmpty(in.DefaultCapacityProviderStrategy),
			Configuration:                   in.Configuration,
			Settings:                        clusterSettings(nil, in.Settings),
			Statistics:                      []types.KeyValuePair{},
			Tags:                            orEmpty(in.Tags),
		},
		Services: map[string]*ecsService{}, Instances: map[string]*ecsInstance{}, Tasks: map[string]*ecsTask{},
	}
	cl.connectDefaults(in.ServiceConnectDefaults)
	c.w.ECS.Clusters[name] = cl
	return &ecs.CreateClusterOutput{Cluster: new(cl.view(true, true, true))}, nil
}

func (cl *ecsCluster) connectDefaults(d *types.ClusterServiceConnectDefaultsRequest) {
	if d == nil {
		return
	}
	cl.Cluster.ServiceConnectDefaults = nil
	if ns := aws.ToString(d.Namespace); ns != "" { // "" removes the default
		cl.Cluster.ServiceConnectDefaults = &types.ClusterServiceConnectDefaults{Namespace: d.Namespace}
	}
}

// clusterSettings lays new settings over the old; containerInsights is always there.
func clusterSettings(old, changed []types.ClusterSetting) []types.ClusterSetting {
	values := map[types.ClusterSettingName]*string{types.ClusterSettingNameContainerInsights: aws.String("disabled")}
	order := []types.ClusterSettingName{types.ClusterSettingNameContainerInsights}
	for _, s := range append(append([]types.ClusterSetting{}, old...), changed...) {
		if _, ok := values[s.Name]; !ok {
			order = append(order, s.Name)
		}
		values[s.Name] = s.Value
	}
	out := make([]types.ClusterSetting, 0, len(order))
	for _, n := range order {
		out = append(out, types.ClusterSetting{Name: n, Value: values[n]})
	}
	return out
}

func describeClusters(c *call, in *ecs.DescribeClustersInput) (*ecs.DescribeClustersOutput, error) {
	refs := in.Clusters
	if len(refs) == 0 {
		refs = []string{"default"}
	}
	if len(refs) > 100 {
		return nil, refuse("InvalidParameterException", "Clusters can not have more than 100 elements.")
	}
	include := map[types.ClusterField]bool{}
	for _, f := range in.Include {
		include[f] = true
	}
	out := &ecs.DescribeClustersOutput{Clusters: []types.Cluster{}, Failures: []types.Failure{}}
	for _, ref := range refs {
		cl, ok := c.w.ECS.Clusters[lastSegment(ref)]
		if !ok {
			out.Failures = append(out.Failures, missing(clusterARN(lastSegment(ref))))
			continue
		}
		v := cl.view(include[types.ClusterFieldTags], include[types.ClusterFieldSettings], include[types.ClusterFieldConfigurations])
		if include[types.ClusterFieldStatistics] {
			v.Statistics = cl.statistics(v)
		}
		out.Clusters = append(out.Clusters, v)
	}
	return out, nil
}

func listClusters(c *call, in *ecs.ListClustersInput) (*ecs.ListClustersOutput, error) {
	var arns []string
	for _, name := range sorted(c.w.ECS.Clusters) {
		if aws.ToString(c.w.ECS.Clusters[name].Cluster.Status) != statusInactive {
			arns = append(arns, clusterARN(name))
		}
	}
	arns, next, err := page(arns, in.NextToken, in.MaxResults, 100, 100)
	if err != nil {
		return nil, err
	}
	return &ecs.ListClustersOutput{ClusterArns: orEmpty(arns), NextToken: next}, nil
}

func deleteCluster(c *call, in *ecs.DeleteClusterInput) (*ecs.DeleteClusterOutput, error) {
	cl, err := c.w.cluster(in.Cluster)
	if err != nil {
		return nil, err
	}
	for _, s := range cl.Services {
		if aws.ToString(s.Service.Status) != statusInactive {
			return nil, refuse("ClusterContainsServicesException", "The Cluster cannot be deleted while Services are active.")
		}
	}
	if len(cl.Instances) > 0 {
		return nil, refuse("ClusterContainsContainerInstancesException", "The Cluster cannot be deleted while Container Instances are active or draining.")
	}
	for _, t := range cl.Tasks {
		if !t.stopped() {
			return nil, refuse("ClusterContainsTasksException", "The Cluster cannot be deleted while Tasks are active.")
		}
	}
	cl.Cluster.Status = aws.String(statusInactive)
	return &ecs.DeleteClusterOutput{Cluster: new(cl.view(true, true, true))}, nil
}

func updateCluster(c *call, in *ecs.UpdateClusterInput) (*ecs.UpdateClusterOutput, error) {
	cl, err := c.w.cluster(in.Cluster)
	if err != nil {
		return nil, err
	}
	if in.Configuration != nil {
		cl.Cluster.Configuration = in.Configuration
	}
	cl.Cluster.Settings = clusterSettings(cl.Cluster.Settings, in.Settings)
	cl.connectDefaults(in.ServiceConnectDefaults)
	return &ecs.UpdateClusterOutput{Cluster: new(cl.view(true, true, true))}, nil
}

func updateClusterSettings(c *call, in *ecs.UpdateClusterSettingsInput) (*ecs.UpdateClusterSettingsOutput, error) {
	cl, err := c.w.cluster(in.Cluster)
	if err != nil {
		return nil, err
	}
	if len(in.Settings) == 0 {
		return nil, refuse("InvalidParameterException", "Settings cannot be empty.")
	}
	cl.Cluster.Settings = clusterSettings(cl.Cluster.Settings, in.Settings)
	return &ecs.UpdateClusterSettingsOutput{Cluster: new(cl.view(true, true, true))}, nil
}

// orEmpty is a list that is there even when empty: AWS answers [] for most.
func orEmpty[T any](list []T) []T {
	if list == nil {
		return []T{}
	}
	return list
}
