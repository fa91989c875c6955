package sandbox

import (
	"encoding/json"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ecs"
	"github.com/aws/aws-sdk-go-v2/service/ecs/types"

	"github.com/ecs-operator/ecs-operator/pkg/sandbox/wire"
)

func TestTaskDefinitionDefaults(t *testing.T) {
	b := newECSBench(t)
	d := b.register("web", "web:1", onFargateWithPort, func(in *ecs.RegisterTaskDefinitionInput) {
		in.Cpu, in.Memory = aws.String("0.5 vCPU"), aws.String("1GB")
		in.Volumes = []types.Volume{{Name: aws.String("tmp")}, {Name: aws.String("efs"), EfsVolumeConfiguration: &types.EFSVolumeConfiguration{FileSystemId: aws.String("fs-1")}}}
		c := &in.ContainerDefinitions[0]
		c.HealthCheck = &types.HealthCheck{Command: []string{"CMD", "b", "a"}}
		c.Command = []string{"z", "y", "x"}
		for i := range 12 {
			c.Environment = append(c.Environment, types.KeyValuePair{Name: aws.String(fmt.Sprintf("K%02d", i)), Value: aws.String("v")})
		}
	})
	if *d.Cpu != "512" || *d.Memory != "1024" || d.Revision != 1 || d.Status != "ACTIVE" || !slices.Equal(d.Compatibilities, []types.Compatibility{"EC2", "MANAGED_INSTANCES", "FARGATE"}) {
		t.Errorf("sizes and status: %s %s %d %s %v", *d.Cpu, *d.Memory, d.Revision, d.Status, d.Compatibilities)
	}
	c := d.ContainerDefinitions[0]
	if !*c.Essential || c.MountPoints == nil || c.VolumesFrom == nil || *c.PortMappings[0].HostPort != 80 || c.PortMappings[0].Protocol != "tcp" {
		t.Errorf("container: %+v", c)
	}
	if h := c.HealthCheck; *h.Interval != 30 || *h.Timeout != 5 || *h.Retries != 3 || h.StartPeriod != nil {
		t.Errorf("health check: %+v", h)
	}
	volumes := map[string]types.Volume{} // they may come in any order
	for _, v := range d.Volumes {
		volumes[*v.Name] = v
	}
	if *volumes["efs"].EfsVolumeConfiguration.RootDirectory != "/" || volumes["tmp"].Host == nil {
		t.Errorf("volumes: %+v", d.Volumes)
	}
	names := []string{}
	for _, e := range c.Environment {
		names = append(names, *e.Name)
	}
	if len(names) != 12 || slices.IsSorted(names) {
		t.Errorf("environment must come back in another order, to catch differs that rely on it: %v", names)
	}
	if !slices.Equal(c.Command, []string{"z", "y", "x"}) || !slices.Equal(c.HealthCheck.Command, []string{"CMD", "b", "a"}) {
		t.Error("commands must keep their order")
	}
	e := b.register("ec2", "app:1", func(in *ecs.RegisterTaskDefinitionInput) {
		in.ContainerDefinitions[0].PortMappings = []types.PortMapping{{ContainerPort: aws.Int32(80)}}
	})
	if e.NetworkMode != "" || *e.ContainerDefinitions[0].PortMappings[0].HostPort != 0 || e.Cpu != nil {
		t.Errorf("no network mode, which means bridge: %+v", e)
	}
}

func TestTaskDefinitionRefusals(t *testing.T) {
	b := newECSBench(t)
	for _, c := range []struct {
		text   string
		change func(*ecs.RegisterTaskDefinitionInput)
	}{
		{"Container list cannot be empty.", func(in *ecs.RegisterTaskDefinitionInput) { in.ContainerDefinitions = []types.ContainerDefinition{} }},
		{"Family contains invalid characters.", func(in *ecs.RegisterTaskDefinitionInput) { in.Family = aws.String("a b") }},
		{"Container.image should not be null or empty.", func(in *ecs.RegisterTaskDefinitionInput) { in.ContainerDefinitions[0].Image = nil }},
		{"At least one of 'memory' or 'memoryReservation' must be specified.", func(in *ecs.RegisterTaskDefinitionInput) { in.ContainerDefinitions[0].Memory = nil }},
		{"Fargate requires that 'cpu' be defined at the task level.", func(in *ecs.RegisterTaskDefinitionInput) { onFargateWithPort(in); in.Cpu = nil }},
		{"Fargate requires that 'memory' be defined at the task level.", func(in *ecs.RegisterTaskDefinitionInput) { onFargateWithPort(in); in.Memory = nil }},
		{"Fargate only supports network mode ‘awsvpc’.", func(in *ecs.RegisterTaskDefinitionInput) { onFargateWithPort(in); in.NetworkMode = "" }},
		{"No Fargate configuration exists for given values: 256 CPU, 4096 memory.", func(in *ecs.RegisterTaskDefinitionInput) {
			onFargateWithPort(in)
			in.Memory = aws.String("4 GB")
		}},
		{"Unknown volume 'data'.", func(in *ecs.RegisterTaskDefinitionInput) {
			in.ContainerDefinitions[0].MountPoints = []types.MountPoint{{SourceVolume: aws.String("data")}}
		}},
		{"the host ports and container ports in port mappings must match", func(in *ecs.RegisterTaskDefinitionInput) {
			onFargateWithPort(in)
			in.ContainerDefinitions[0].PortMappings[0].HostPort = aws.Int32(81)
		}},
		{"Role is not valid", func(in *ecs.RegisterTaskDefinitionInput) {
			in.TaskRoleArn = aws.String("arn:aws:iam::123456789012:user/x")
		}},
		{"you must also specify a value for 'executionRoleArn'", func(in *ecs.RegisterTaskDefinitionInput) {
			in.ContainerDefinitions[0].Secrets = []types.Secret{{Name: aws.String("A"), ValueFrom: aws.String("b")}}
		}},
		{"execution role ARN to support log driver awslogs", func(in *ecs.RegisterTaskDefinitionInput) {
			onFargateWithPort(in)
			in.ContainerDefinitions[0].LogConfiguration = &types.LogConfiguration{LogDriver: types.LogDriverAwslogs}
		}},
		{"Invalid 'cpu' setting for task.", func(in *ecs.RegisterTaskDefinitionInput) { in.Cpu = aws.String("lots") }},
		{"is greater than for the task", func(in *ecs.RegisterTaskDefinitionInput) { in.Memory = aws.String("32") }},
		{"at least one essential container", func(in *ecs.RegisterTaskDefinitionInput) { in.ContainerDefinitions[0].Essential = aws.Bool(false) }},
	} {
		t.Run(c.text, func(t *testing.T) {
			in := &ecs.RegisterTaskDefinitionInput{Family: aws.String("app"), ContainerDefinitions: []types.ContainerDefinition{
				{Name: aws.String("app"), Image: aws.String("app:1"), Memory: aws.Int32(64)}}}
			c.change(in)
			_, err := b.ecs.RegisterTaskDefinition(t.Context(), in)
			b.T = t
			b.refused(err, "ClientException", c.text)
		})
	}
	list, err := b.ecs.ListTaskDefinitionFamilies(t.Context(), &ecs.ListTaskDefinitionFamiliesInput{})
	if err != nil || len(list.Families) != 0 {
		t.Errorf("refused registrations left %v, %v", list, err)
	}
}

func TestTaskDefinitionLife(t *testing.T) {
	b := newECSBench(t)
	ctx := t.Context()
	for range 3 {
		b.register("app", "app:1")
	}
	b.register("other", "app:1")
	latest := func() int32 {
		out, err := b.ecs.DescribeTaskDefinition(ctx, &ecs.DescribeTaskDefinitionInput{TaskDefinition: aws.String("app")})
		b.must(err)
		return out.TaskDefinition.Revision
	}
	arns := func(status types.TaskDefinitionStatus, sort types.SortOrder) (out []string) {
		list, err := b.ecs.ListTaskDefinitions(ctx, &ecs.ListTaskDefinitionsInput{FamilyPrefix: aws.String("app"), Status: status, Sort: sort})
		b.must(err)
		for _, a := range list.TaskDefinitionArns {
			out = append(out, lastSegment(a))
		}
		return out
	}
	if got := arns("", types.SortOrderDesc); !slices.Equal(got, []string{"app:3", "app:2", "app:1"}) {
		t.Errorf("listed %v", got)
	}
	b.settled("app", "app:3")
	_, err := b.ecs.DeregisterTaskDefinition(ctx, &ecs.DeregisterTaskDefinitionInput{TaskDefinition: aws.String("app:3")})
	b.must(err)
	if latest() != 2 || !slices.Equal(arns("", ""), []string{"app:1", "app:2"}) || !slices.Equal(arns(types.TaskDefinitionStatusInactive, ""), []string{"app:3"}) {
		t.Errorf("after deregistering: latest %d, %v", latest(), arns("", ""))
	}
	b.update("app", func(in *ecs.UpdateServiceInput) { in.DesiredCount = aws.Int32(3) })
	b.until("a service goes on with an INACTIVE definition", func() bool { return b.service("app").RunningCount == 3 })
	_, err = b.ecs.UpdateService(ctx, &ecs.UpdateServiceInput{Service: aws.String("app"), TaskDefinition: aws.String("app:3")})
	b.refused(err, "ClientException", "TaskDefinition is inactive")
	_, err = b.ecs.DeregisterTaskDefinition(ctx, &ecs.DeregisterTaskDefinitionInput{TaskDefinition: aws.String("app")})
	b.refused(err, "InvalidParameterException", "revision")
	_, err = b.ecs.DescribeTaskDefinition(ctx, &ecs.DescribeTaskDefinitionInput{TaskDefinition: aws.String("nothing:1")})
	b.refused(err, "ClientException", "Unable to describe task definition.")
	out, err := b.ecs.DeleteTaskDefinitions(ctx, &ecs.DeleteTaskDefinitionsInput{TaskDefinitions: []string{"app:1", "app:3"}})
	b.must(err)
	if len(out.Failures) != 1 || len(out.TaskDefinitions) != 1 || out.TaskDefinitions[0].Status != "DELETE_IN_PROGRESS" {
		t.Errorf("deleted: %+v", out)
	}
	b.pass(300)
	if !slices.Equal(arns(types.TaskDefinitionStatusDeleteInProgress, ""), []string{"app:3"}) {
		t.Error("a definition in use was purged")
	}
	b.deploy("app", "app:2")
	b.ends("app", types.ServiceDeploymentStatusSuccessful)
	b.s.Advance(2 * time.Hour)
	if got := arns(types.TaskDefinitionStatusDeleteInProgress, ""); len(got) != 0 {
		t.Errorf("not purged: %v", got)
	}
	if d := b.register("app", "app:1"); d.Revision != 4 {
		t.Errorf("revision numbers restart: %d", d.Revision)
	}
}

func TestECSTags(t *testing.T) {
	b := newECSBench(t)
	ctx := t.Context()
	tag := func(k, v string) types.Tag { return types.Tag{Key: aws.String(k), Value: aws.String(v)} }
	def := b.register("app", "app:1", func(in *ecs.RegisterTaskDefinitionInput) { in.Tags = []types.Tag{tag("a", "1")} })
	s := b.settled("app", "app", func(in *ecs.CreateServiceInput) {
		in.Tags, in.PropagateTags = []types.Tag{tag("s", "1")}, types.PropagateTagsService
		in.EnableECSManagedTags = true
	})
	task := b.tasks("app", types.DesiredStatusRunning)[0]
	for _, arn := range []string{*def.TaskDefinitionArn, *s.ServiceArn, *task.TaskArn, clusterARN("default"), providerARN("ec2")} {
		_, err := b.ecs.TagResource(ctx, &ecs.TagResourceInput{ResourceArn: &arn, Tags: []types.Tag{tag("x", "1"), tag("y", "1")}})
		b.must(err)
		_, err = b.ecs.TagResource(ctx, &ecs.TagResourceInput{ResourceArn: &arn, Tags: []types.Tag{tag("x", "2")}})
		b.must(err)
		_, err = b.ecs.UntagResource(ctx, &ecs.UntagResourceInput{ResourceArn: &arn, TagKeys: []string{"y", "z"}})
		b.must(err)
		out, err := b.ecs.ListTagsForResource(ctx, &ecs.ListTagsForResourceInput{ResourceArn: &arn})
		b.must(err)
		got := map[string]string{}
		for _, t := range out.Tags {
			got[*t.Key] = *t.Value
		}
		if got["x"] != "2" || got["y"] != "" {
			t.Errorf("%s: %v", arn, got)
		}
		if arn == *task.TaskArn && (got["s"] != "1" || got["aws:ecs:serviceName"] != "app") {
			t.Errorf("propagated: %v", got)
		}
	}
	many := []types.Tag{}
	for i := range 50 {
		many = append(many, tag(fmt.Sprint("k", i), ""))
	}
	_, err := b.ecs.TagResource(ctx, &ecs.TagResourceInput{ResourceArn: s.ServiceArn, Tags: many})
	b.refused(err, "InvalidParameterException", "50")
	_, err = b.ecs.TagResource(ctx, &ecs.TagResourceInput{ResourceArn: aws.String(ecsPrefix + "service/app"), Tags: many[:1]})
	b.refused(err, "InvalidParameterException", "Long arn format")
	_, err = b.ecs.ListTagsForResource(ctx, &ecs.ListTagsForResourceInput{ResourceArn: aws.String(serviceARN("default", "none"))})
	b.refused(err, "ServiceNotFoundException", "")
}

func TestClusters(t *testing.T) {
	b := newECSBench(t)
	ctx := t.Context()
	made, err := b.ecs.CreateCluster(ctx, &ecs.CreateClusterInput{ClusterName: aws.String("blue"), Tags: []types.Tag{{Key: aws.String("a"), Value: aws.String("b")}},
		CapacityProviders: []string{"FARGATE"}, DefaultCapacityProviderStrategy: []types.CapacityProviderStrategyItem{{CapacityProvider: aws.String("FARGATE"), Weight: 1}}})
	b.must(err)
	if *made.Cluster.Status != "ACTIVE" || *made.Cluster.ClusterArn != clusterARN("blue") {
		t.Errorf("made %+v", made.Cluster)
	}
	_, err = b.ecs.UpdateClusterSettings(ctx, &ecs.UpdateClusterSettingsInput{Cluster: aws.String("blue"), Settings: []types.ClusterSetting{{Name: types.ClusterSettingNameContainerInsights, Value: aws.String("enabled")}}})
	b.must(err)
	b.register("app", "app:1")
	b.settled("app", "app")
	out, err := b.ecs.DescribeClusters(ctx, &ecs.DescribeClustersInput{Clusters: []string{"default", clusterARN("blue"), "red"}, Include: []types.ClusterField{types.ClusterFieldTags, types.ClusterFieldSettings, types.ClusterFieldStatistics}})
	b.must(err)
	if len(out.Clusters) != 2 || len(out.Failures) != 1 || *out.Failures[0].Reason != "MISSING" {
		t.Fatalf("described %+v", out)
	}
	if d := out.Clusters[0]; d.ActiveServicesCount != 1 || d.RunningTasksCount != 2 || d.RegisteredContainerInstancesCount != 3 || len(d.DefaultCapacityProviderStrategy) != 0 || len(d.Statistics) != 8 {
		t.Errorf("default: %+v", d)
	}
	if c := out.Clusters[1]; *c.Settings[0].Value != "enabled" || len(c.Tags) != 1 {
		t.Errorf("blue: %+v", c)
	}
	_, err = b.ecs.DeleteCluster(ctx, &ecs.DeleteClusterInput{Cluster: aws.String("default")})
	b.refused(err, "ClusterContainsServicesException", "The Cluster cannot be deleted while Services are active.")
	_, err = b.ecs.DeleteCluster(ctx, &ecs.DeleteClusterInput{Cluster: aws.String("blue")})
	b.must(err)
	_, err = b.ecs.ListServices(ctx, &ecs.ListServicesInput{Cluster: aws.String("blue")})
	b.refused(err, "ClusterNotFoundException", "The referenced cluster was inactive.")
	list, err := b.ecs.ListClusters(ctx, &ecs.ListClustersInput{})
	b.must(err)
	if !slices.Equal(list.ClusterArns, []string{clusterARN("default")}) {
		t.Errorf("listed %v", list.ClusterArns)
	}
}

func TestRunTask(t *testing.T) {
	b := newECSBench(t)
	ctx := t.Context()
	b.register("job", "job:crash")
	b.register("server", "server:1")
	in := &ecs.RunTaskInput{TaskDefinition: aws.String("job"), StartedBy: aws.String("me"), ClientToken: aws.String("once"), Count: aws.Int32(2)}
	one, err := b.ecs.RunTask(ctx, in)
	b.must(err)
	two, err := b.ecs.RunTask(ctx, in)
	b.must(err)
	if len(one.Tasks) != 2 || *one.Tasks[0].TaskArn != *two.Tasks[0].TaskArn || *one.Tasks[0].Group != "family:job" {
		t.Errorf("ran %+v, then %+v", one.Tasks, two.Tasks)
	}
	state := func(arn *string) types.Task {
		out, err := b.ecs.DescribeTasks(ctx, &ecs.DescribeTasksInput{Tasks: []string{*arn}})
		b.must(err)
		return out.Tasks[0]
	}
	b.until("the job ends", func() bool { return *state(one.Tasks[0].TaskArn).LastStatus == "STOPPED" })
	if got := state(one.Tasks[0].TaskArn); *got.Containers[0].ExitCode != 1 || got.StopCode != types.TaskStopCodeEssentialContainerExited || *got.StoppedReason != "Essential container in task exited" {
		t.Errorf("the job ended %+v", got)
	}
	_, err = b.ecs.RunTask(ctx, &ecs.RunTaskInput{TaskDefinition: aws.String("job"), Overrides: &types.TaskOverride{ContainerOverrides: []types.ContainerOverride{{Name: aws.String("nobody")}}}})
	b.refused(err, "InvalidParameterException", "Override for container named nobody is not a container in the TaskDefinition.")
	server, err := b.ecs.RunTask(ctx, &ecs.RunTaskInput{TaskDefinition: aws.String("server")})
	b.must(err)
	b.until("the server runs", func() bool { return *state(server.Tasks[0].TaskArn).LastStatus == "RUNNING" })
	list, err := b.ecs.ListTasks(ctx, &ecs.ListTasksInput{Family: aws.String("server")})
	b.must(err)
	if len(list.TaskArns) != 1 {
		t.Errorf("listed %v", list.TaskArns)
	}
	_, err = b.ecs.StopTask(ctx, &ecs.StopTaskInput{Task: server.Tasks[0].TaskArn})
	b.must(err)
	b.until("it is stopped", func() bool { return *state(server.Tasks[0].TaskArn).LastStatus == "STOPPED" })
	_, err = b.ecs.StopTask(ctx, &ecs.StopTaskInput{Task: aws.String("nothing")})
	b.refused(err, "InvalidParameterException", "The referenced task was not found.")
}

func TestAccountSettings(t *testing.T) {
	b := newECSBench(t)
	ctx := t.Context()
	read := func(effective bool) string {
		out, err := b.ecs.ListAccountSettings(ctx, &ecs.ListAccountSettingsInput{Name: types.SettingNameContainerInsights, EffectiveSettings: effective})
		b.must(err)
		if len(out.Settings) == 0 {
			return ""
		}
		return *out.Settings[0].Value
	}
	if read(false) != "" || read(true) != "disabled" {
		t.Errorf("before: %q, effective %q", read(false), read(true))
	}
	_, err := b.ecs.PutAccountSettingDefault(ctx, &ecs.PutAccountSettingDefaultInput{Name: types.SettingNameContainerInsights, Value: aws.String("enabled")})
	b.must(err)
	if read(false) != "enabled" || read(true) != "enabled" {
		t.Errorf("after: %q", read(true))
	}
}

// TestCorpusRegisters gives the task definitions of real repositories to the
// sandbox: 95 % of those in strict JSON must register. Fragments of
// documentation are not among them; a family that is missing or still a
// template gets a name, as the operator's own derivation would give it one.
func TestCorpusRegisters(t *testing.T) {
	root := os.Getenv("ECS_OPERATOR_CORPUS")
	if root == "" {
		t.Skip("set ECS_OPERATOR_CORPUS to the directory of the corpus")
	}
	c := &call{w: New(Options{}).world}
	total, taken := 0, 0
	err := filepath.WalkDir(filepath.Join(root, "taskdefs"), func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || !strings.HasSuffix(path, ".json") || filepath.Base(filepath.Dir(path)) != "taskdefs" {
			return err
		}
		raw, err := os.ReadFile(path)
		if err != nil || !json.Valid(raw) {
			return err
		}
		var wrapped struct{ TaskDefinition json.RawMessage } // an answer of describe
		if json.Unmarshal(raw, &wrapped) == nil && len(wrapped.TaskDefinition) > 0 {
			raw = wrapped.TaskDefinition
		}
		total++
		in := &ecs.RegisterTaskDefinitionInput{}
		if err = (wire.Codec{Registry: registry()}).DecodeJSON(raw, in); err == nil {
			if !isECSName(aws.ToString(in.Family)) {
				in.Family = aws.String("corpus")
			}
			_, err = registerTaskDefinition(c, in)
		}
		if err != nil {
			t.Logf("%s: %v", filepath.Base(path), err)
			return nil
		}
		taken++
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("%d of %d registered", taken, total)
	if total == 0 || taken*100 < total*95 {
		t.Errorf("%d of %d registered, want 95 %%", taken, total)
	}
}
