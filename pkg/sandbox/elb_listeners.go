package sandbox

import (
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	elbv2 "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2"
	elbtypes "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2/types"

	"github.com/ecs-operator/ecs-operator/pkg/shape"
)

// addListener puts a listener and its default rule into the world.
func (w *World) addListener(v elbtypes.Listener) *elbListener {
	l := &elbListener{Value: v, Attributes: listenerDefaults(v.Protocol)}
	w.ELB.Listeners = append(w.ELB.Listeners, l)
	w.addRule(&elbRule{Listener: *v.ListenerArn, Value: elbtypes.Rule{
		RuleArn: elbARN("listener-rule", arnPath(*v.ListenerArn)+"/"+digest("default rule of " + *v.ListenerArn)[:16]), IsDefault: aws.Bool(true), Priority: aws.String("default"),
		Actions: shape.Clone(v.DefaultActions), Conditions: []elbtypes.RuleCondition{}, Transforms: []elbtypes.RuleTransform{},
	}})
	return l
}

func createListener(c *call, in *elbv2.CreateListenerInput) (*elbv2.CreateListenerOutput, error) {
	lb, err := c.w.needLoadBalancer(in.LoadBalancerArn)
	if err != nil {
		return nil, err
	}
	v := elbtypes.Listener{}
	shape.Project(&v, in)
	if err := c.w.checkListener(lb, &v, ""); err != nil {
		return nil, err
	}
	actions, err := c.w.readActions(in.DefaultActions, nil, lb, v.Protocol)
	if err != nil {
		return nil, err
	}
	if err := c.w.checkELBTags("", in.Tags); err != nil {
		return nil, err
	}
	v.DefaultActions = actions
	fillMutual(&v)
	v.ListenerArn = elbARN("listener", arnPath(*lb.Value.LoadBalancerArn)+"/"+c.w.hexID(16))
	l := c.w.addListener(v)
	c.w.setELBTags(*v.ListenerArn, in.Tags)
	c.w.routesChanged()
	return &elbv2.CreateListenerOutput{Listeners: []elbtypes.Listener{shape.Clone(l.Value)}}, nil
}

// fillMutual gives an HTTPS listener the mutual authentication that recorded
// answers show: off where none was asked for, else with its two switches.
func fillMutual(v *elbtypes.Listener) {
	if v.Protocol != elbtypes.ProtocolEnumHttps {
		return
	}
	m := v.MutualAuthentication
	if m == nil {
		m = &elbtypes.MutualAuthenticationAttributes{}
		v.MutualAuthentication = m
	}
	setDefault(&m.Mode, "off")
	if *m.Mode == "verify" {
		setDefault(&m.IgnoreClientCertificateExpiry, false)
		if m.AdvertiseTrustStoreCaNames == "" {
			m.AdvertiseTrustStoreCaNames = elbtypes.AdvertiseTrustStoreCaNamesEnumOff
		}
	}
}

// checkListener refuses what AWS refuses and fills the SSL policy. self is the
// listener's own ARN when it is modified.
func (w *World) checkListener(lb *elbLoadBalancer, v *elbtypes.Listener, self string) error {
	application := lb.Value.Type == elbtypes.LoadBalancerTypeEnumApplication
	gateway := lb.Value.Type == elbtypes.LoadBalancerTypeEnumGateway
	switch {
	case gateway:
	case v.Port == nil || *v.Port < 1 || *v.Port > 65535:
		return refuse("ValidationError", "Port '%d' is not valid; a port from 1 to 65535 must be specified", aws.ToInt32(v.Port))
	case v.Protocol == "":
		return refuse("ValidationError", "A protocol must be specified")
	case isHTTP(v.Protocol) != application:
		return refuse("ValidationError", "Listener protocol '%s' is not supported with a load balancer of type '%s'", v.Protocol, lb.Value.Type)
	}
	for _, o := range w.ELB.Listeners {
		if *o.Value.LoadBalancerArn == *lb.Value.LoadBalancerArn && aws.ToInt32(o.Value.Port) == aws.ToInt32(v.Port) && *o.Value.ListenerArn != self {
			return refuse("DuplicateListener", "A listener already exists on this port for this load balancer '%s'", *lb.Value.LoadBalancerArn)
		}
	}
	secure := v.Protocol == elbtypes.ProtocolEnumHttps || v.Protocol == elbtypes.ProtocolEnumTls
	switch {
	case secure && len(v.Certificates) == 0:
		return refuse("ValidationError", "A certificate must be specified for %s listeners", v.Protocol)
	case secure:
		setDefault(&v.SslPolicy, "ELBSecurityPolicy-2016-08")
	case len(v.Certificates) > 0 || v.SslPolicy != nil:
		return refuse("InvalidConfigurationRequest", "Certificates and security policies are not supported for %s listeners", v.Protocol)
	}
	return nil
}

func (w *World) needListener(arn *string) (*elbListener, error) {
	if !strings.Contains(aws.ToString(arn), ":listener/") {
		return nil, refuse("ValidationError", "'%s' is not a valid listener ARN", aws.ToString(arn))
	}
	l := w.listener(*arn)
	if l == nil {
		return nil, refuse("ListenerNotFound", "One or more listeners not found")
	}
	return l, nil
}

func describeListeners(c *call, in *elbv2.DescribeListenersInput) (*elbv2.DescribeListenersOutput, error) {
	if (len(in.ListenerArns) == 0) == (in.LoadBalancerArn == nil) {
		return nil, refuse("ValidationError", "You must specify either listener ARNs or a load balancer ARN")
	}
	if in.LoadBalancerArn != nil {
		if _, err := c.w.needLoadBalancer(in.LoadBalancerArn); err != nil {
			return nil, err
		}
	}
	for _, arn := range in.ListenerArns {
		if _, err := c.w.needListener(&arn); err != nil {
			return nil, err
		}
	}
	var all []elbtypes.Listener
	for _, l := range c.w.ELB.Listeners {
		if slices.Contains(in.ListenerArns, *l.Value.ListenerArn) || aws.ToString(in.LoadBalancerArn) == *l.Value.LoadBalancerArn {
			all = append(all, shape.Clone(l.Value))
		}
	}
	items, next, err := elbPage(all, in.PageSize, in.Marker, func(l elbtypes.Listener) string { return *l.ListenerArn })
	if err != nil {
		return nil, err
	}
	return &elbv2.DescribeListenersOutput{Listeners: append([]elbtypes.Listener{}, items...), NextMarker: next}, nil
}

// modifyListener changes what is given and leaves the rest.
func modifyListener(c *call, in *elbv2.ModifyListenerInput) (*elbv2.ModifyListenerOutput, error) {
	l, err := c.w.needListener(in.ListenerArn)
	if err != nil {
		return nil, err
	}
	lb := c.w.loadBalancer(*l.Value.LoadBalancerArn)
	want := shape.Clone(l.Value)
	shape.Project(&want, in)
	if in.Protocol == "" {
		want.Protocol = l.Value.Protocol
	}
	if want.Protocol != l.Value.Protocol && want.Protocol == elbtypes.ProtocolEnumHttp {
		want.Certificates, want.SslPolicy, want.MutualAuthentication = in.Certificates, in.SslPolicy, in.MutualAuthentication // an HTTP listener has none
	}
	fillMutual(&want)
	if err := c.w.checkListener(lb, &want, *l.Value.ListenerArn); err != nil {
		return nil, err
	}
	if len(in.DefaultActions) > 0 {
		if want.DefaultActions, err = c.w.readActions(in.DefaultActions, l.Value.DefaultActions, lb, want.Protocol); err != nil {
			return nil, err
		}
	}
	l.Value = want
	for _, r := range c.w.listenerRules(*l.Value.ListenerArn) {
		if r.Priority == 0 {
			r.Value.Actions = shape.Clone(want.DefaultActions)
		}
	}
	c.w.routesChanged()
	return &elbv2.ModifyListenerOutput{Listeners: []elbtypes.Listener{shape.Clone(l.Value)}}, nil
}

func deleteListener(c *call, in *elbv2.DeleteListenerInput) (*elbv2.DeleteListenerOutput, error) {
	l, err := c.w.needListener(in.ListenerArn)
	if err != nil {
		return nil, err
	}
	c.w.dropListener(l)
	c.w.routesChanged()
	return &elbv2.DeleteListenerOutput{}, nil
}

func (w *World) dropListener(l *elbListener) {
	for _, r := range w.listenerRules(*l.Value.ListenerArn) {
		delete(w.ELB.Tags, *r.Value.RuleArn)
	}
	w.dropRules(func(r *elbRule) bool { return r.Listener == *l.Value.ListenerArn })
	w.ELB.Listeners = slices.DeleteFunc(w.ELB.Listeners, func(o *elbListener) bool { return o == l })
	delete(w.ELB.Tags, *l.Value.ListenerArn)
}
