package kinds

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"maps"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ecs"
	"github.com/aws/aws-sdk-go-v2/service/ecs/types"

	"github.com/ecs-operator/ecs-operator/pkg/awsclient"
	"github.com/ecs-operator/ecs-operator/pkg/diff"
	"github.com/ecs-operator/ecs-operator/pkg/resource"
	"github.com/ecs-operator/ecs-operator/pkg/shape"
)

// Create makes the service. ECS replays a client token's answer for a day: when
// that is a service deleted meanwhile, a salted token makes the new one.
func (k *service) Create(ctx context.Context, w resource.Write) (resource.Live, error) {
	c, err := k.clients(ctx, w.Object.ID.Target)
	if err != nil {
		return resource.Live{}, err
	}
	in := *w.Object.Want.(*ecs.CreateServiceInput)
	in.Tags = pairs(w.Object.Tags, ecsTag)
	token := w.Token
	for salted := false; ; salted = true {
		if token != "" {
			in.ClientToken = aws.String(clientToken(token))
		}
		out, err := c.Write.ECS.CreateService(ctx, &in)
		if err != nil {
			return resource.Live{}, err
		}
		if out.Service == nil {
			return resource.Live{}, resource.Errorf(resource.ClassUnknownOutcome, "ecs:CreateService", "AWS answered without a service")
		}
		if aws.ToString(out.Service.Status) == "INACTIVE" && token != "" && !salted {
			token += "/again"
			continue
		}
		l := k.live(w.Object.ID, out.Service)
		if l.Presence == resource.Present && len(l.Tags) == 0 {
			l.Tags = maps.Clone(w.Object.Tags)
		}
		return l, nil
	}
}

// clientToken fits any token into the 36 ASCII characters that AWS takes.
func clientToken(s string) string {
	if len(s) <= 36 {
		printable := true
		for _, r := range s {
			printable = printable && r >= 33 && r <= 126
		}
		if printable {
			return s
		}
	}
	sum := sha256.Sum256([]byte(s))
	return hex.EncodeToString(sum[:16])
}

// Update sends the changed members and nothing else. The tags come last: the
// content hash among them says that the update was done.
func (k *service) Update(ctx context.Context, w resource.Write) (resource.Live, error) {
	c, err := k.clients(ctx, w.Object.ID.Target)
	if err != nil {
		return resource.Live{}, err
	}
	l := w.Live
	in, needed, err := serviceUpdate(w)
	if err != nil {
		return resource.Live{}, err
	}
	if needed {
		out, err := c.Write.ECS.UpdateService(ctx, in)
		if err != nil {
			return resource.Live{}, err
		}
		if out.Service != nil {
			tags := l.Tags
			l = k.live(w.Object.ID, out.Service)
			l.Tags = tags
		}
	}
	if err := writeTags(ctx, ecsTags{}, c.Write, w.Live.ARN, w); err != nil {
		return l, err
	}
	l.Tags = tagged(w)
	return l, nil
}

// serviceUpdate builds the UpdateService call of a write; needed is false when
// only tags changed.
func serviceUpdate(w resource.Write) (in *ecs.UpdateServiceInput, needed bool, err error) {
	want, live := w.Object.Want.(*ecs.CreateServiceInput), w.Live.Value.(*ecs.CreateServiceInput)
	adj := adjusted(&w.Object, want, live).Want.(*ecs.CreateServiceInput)
	full, err := settled(w, shape.Clone(adj))
	if err != nil {
		return nil, false, err
	}
	in = &ecs.UpdateServiceInput{Service: aws.String(w.Live.Name), Cluster: aws.String(w.Object.ID.Cluster)}
	if w.Live.Name == "" {
		in.Service = full.ServiceName
	}
	for field := range changedFields(w.Changes) {
		if !carry(in, full, field) {
			return nil, false, resource.Errorf(resource.ClassInvalid, "ecs:UpdateService",
				"%s cannot be changed on an existing service", field)
		}
		needed = true
	}
	for _, c := range w.Changes {
		if !c.Informational && c.Effect == diff.Forced {
			in.ForceNewDeployment = true
		}
	}
	restoreServiceDefaults(in, w.Changes)
	return in, needed, nil
}

// restoreServiceDefaults spells out what "not wanted any more" means for members
// that AWS leaves unchanged when they are absent.
func restoreServiceDefaults(in *ecs.UpdateServiceInput, changes []diff.Change) {
	if changed(changes, "serviceConnectConfiguration") && in.ServiceConnectConfiguration == nil {
		in.ServiceConnectConfiguration = &types.ServiceConnectConfiguration{Enabled: false}
	}
	if changed(changes, "deploymentController") && in.DeploymentController == nil {
		in.DeploymentController = &types.DeploymentController{Type: types.DeploymentControllerTypeEcs}
	}
	if changed(changes, "platformVersion") && aws.ToString(in.PlatformVersion) == "" {
		in.PlatformVersion = aws.String("LATEST")
	}
	if changed(changes, "propagateTags") && in.PropagateTags == "" {
		in.PropagateTags = types.PropagateTagsNone
	}
	if changed(changes, "healthCheckGracePeriodSeconds") && in.HealthCheckGracePeriodSeconds == nil {
		in.HealthCheckGracePeriodSeconds = aws.Int32(0)
	}
	if changed(changes, "monitoring") && in.Monitoring == nil {
		in.Monitoring = &types.MonitoringConfiguration{MetricConfigurations: []types.MetricConfiguration{}}
	}
	if d := in.DeploymentConfiguration; d != nil {
		if changed(changes, "deploymentConfiguration.deploymentCircuitBreaker") && d.DeploymentCircuitBreaker == nil {
			d.DeploymentCircuitBreaker = &types.DeploymentCircuitBreaker{} // terraform removes a breaker so
		}
		if changed(changes, "deploymentConfiguration.alarms") && d.Alarms == nil {
			d.Alarms = &types.DeploymentAlarms{AlarmNames: []string{}}
		}
		if changed(changes, "deploymentConfiguration.lifecycleHooks") && d.LifecycleHooks == nil {
			d.LifecycleHooks = []types.DeploymentLifecycleHook{}
		}
		restoreShares(d, changes)
	}
}

// restoreShares writes what is not wanted any more of the steps of a strategy that
// shifts traffic by parts, as AWS documents their defaults (LinearConfiguration,
// CanaryConfiguration): the steps before stay otherwise. Another strategy drops them
// by itself.
func restoreShares(d *types.DeploymentConfiguration, changes []diff.Change) {
	if d.Strategy == types.DeploymentStrategyLinear && changed(changes, "deploymentConfiguration.linearConfiguration") {
		l := cmp.Or(d.LinearConfiguration, &types.LinearConfiguration{})
		l.StepPercent = cmp.Or(l.StepPercent, aws.Float64(10))
		l.StepBakeTimeInMinutes = cmp.Or(l.StepBakeTimeInMinutes, aws.Int32(6))
		d.LinearConfiguration = l
	}
	if d.Strategy == types.DeploymentStrategyCanary && changed(changes, "deploymentConfiguration.canaryConfiguration") {
		c := cmp.Or(d.CanaryConfiguration, &types.CanaryConfiguration{})
		c.CanaryPercent = cmp.Or(c.CanaryPercent, aws.Float64(5))
		c.CanaryBakeTimeInMinutes = cmp.Or(c.CanaryBakeTimeInMinutes, aws.Int32(10))
		d.CanaryConfiguration = c
	}
}

// Delete removes the service with its tasks: force spares the scaling to zero.
func (k *service) Delete(ctx context.Context, w resource.Write) error {
	name := cmp.Or(w.Live.Name, k.awsName(&w.Object))
	return k.remove(ctx, w, func(api awsclient.API) error {
		_, err := api.ECS.DeleteService(ctx, &ecs.DeleteServiceInput{
			Cluster: aws.String(w.Object.ID.Cluster), Service: aws.String(name), Force: aws.Bool(true)})
		return err
	})
}
