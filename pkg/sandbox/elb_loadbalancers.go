package sandbox

import (
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	elbv2 "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2"
	elbtypes "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2/types"

	"github.com/ecs-operator/ecs-operator/pkg/shape"
)

// provisioning is how long a load balancer takes to become active.
const provisioning = time.Minute

func createLoadBalancer(c *call, in *elbv2.CreateLoadBalancerInput) (*elbv2.CreateLoadBalancerOutput, error) {
	if err := checkELBName("Load balancer", aws.ToString(in.Name)); err != nil {
		return nil, err
	}
	want, err := newLoadBalancer(in)
	if err != nil {
		return nil, err
	}
	if err := c.w.checkELBTags("", in.Tags); err != nil {
		return nil, err
	}
	for _, lb := range c.w.ELB.LoadBalancers {
		if *lb.Value.LoadBalancerName != *in.Name {
			continue
		}
		if lb.Value.Type != want.Type || lb.Value.Scheme != want.Scheme || !slices.Equal(subnetsOf(lb.Value), subnetsOf(want)) {
			return nil, refuse("DuplicateLoadBalancerName", "A load balancer with the same name '%s' exists, but with different settings", *in.Name)
		}
		return &elbv2.CreateLoadBalancerOutput{LoadBalancers: []elbtypes.LoadBalancer{shape.Clone(lb.Value)}}, nil
	}
	short := map[elbtypes.LoadBalancerTypeEnum]string{
		elbtypes.LoadBalancerTypeEnumApplication: "app", elbtypes.LoadBalancerTypeEnumNetwork: "net", elbtypes.LoadBalancerTypeEnumGateway: "gwy",
	}[want.Type]
	want.LoadBalancerArn = elbARN("loadbalancer", short+"/"+*in.Name+"/"+c.w.hexID(16))
	prefix := ""
	if want.Scheme == elbtypes.LoadBalancerSchemeEnumInternal {
		prefix = "internal-"
	}
	want.DNSName = aws.String(prefix + *in.Name + "-" + c.w.hexID(10) + "." + Region + ".elb.amazonaws.com")
	want.CreatedTime = aws.Time(c.Now)
	want.State = &elbtypes.LoadBalancerState{Code: elbtypes.LoadBalancerStateEnumProvisioning}
	lb := &elbLoadBalancer{Value: want, Attributes: loadBalancerDefaults(want.Type)}
	c.w.ELB.LoadBalancers = append(c.w.ELB.LoadBalancers, lb)
	c.w.setELBTags(*want.LoadBalancerArn, in.Tags)
	c.w.after(provisioning, "elb-load-balancer-active", *want.LoadBalancerArn)
	return &elbv2.CreateLoadBalancerOutput{LoadBalancers: []elbtypes.LoadBalancer{shape.Clone(want)}}, nil
}

func newLoadBalancer(in *elbv2.CreateLoadBalancerInput) (elbtypes.LoadBalancer, error) {
	lb := elbtypes.LoadBalancer{
		LoadBalancerName: in.Name, Type: in.Type, Scheme: in.Scheme, IpAddressType: in.IpAddressType, VpcId: aws.String(sandboxVPC),
		CanonicalHostedZoneId: aws.String("Z35SXDOTRQ7X7K"), // us-east-1 ALB, General Reference "ELB endpoints"
	}
	if lb.Type == "" {
		lb.Type = elbtypes.LoadBalancerTypeEnumApplication
	}
	if lb.Type == elbtypes.LoadBalancerTypeEnumNetwork {
		lb.CanonicalHostedZoneId = aws.String("Z26RNL4JYFTOTI")
	}
	if lb.Scheme == "" {
		lb.Scheme = elbtypes.LoadBalancerSchemeEnumInternetFacing
	}
	if lb.IpAddressType == "" {
		lb.IpAddressType = elbtypes.IpAddressTypeIpv4
	}
	subnets := slices.Clone(in.Subnets)
	for _, m := range in.SubnetMappings {
		subnets = append(subnets, aws.ToString(m.SubnetId))
	}
	for _, s := range subnets {
		if sandboxSubnets[s] == "" {
			return lb, refuse("InvalidSubnet", "The subnet ID '%s' is not valid", s)
		}
	}
	slices.Sort(subnets)
	if subnets = slices.Compact(subnets); len(subnets) == 0 {
		return lb, refuse("ValidationError", "At least one subnet must be specified")
	}
	if lb.Type == elbtypes.LoadBalancerTypeEnumApplication && len(subnets) < 2 {
		return lb, refuse("ValidationError", "At least two subnets in two different Availability Zones must be specified")
	}
	for _, g := range in.SecurityGroups {
		if g != sandboxSecurityGroup {
			return lb, refuse("InvalidSecurityGroup", "The security group '%s' is not valid", g)
		}
	}
	lb.AvailabilityZones = zonesOf(subnets)
	lb.SecurityGroups = slices.Clone(in.SecurityGroups)
	if lb.Type == elbtypes.LoadBalancerTypeEnumApplication && len(lb.SecurityGroups) == 0 {
		lb.SecurityGroups = []string{sandboxSecurityGroup} // the VPC's default group
	}
	return lb, nil
}

func subnetsOf(lb elbtypes.LoadBalancer) []string {
	var out []string
	for _, z := range lb.AvailabilityZones {
		out = append(out, aws.ToString(z.SubnetId))
	}
	return out
}

func (w *World) loadBalancerActive(arn string) {
	if lb := w.loadBalancer(arn); lb != nil {
		lb.Value.State = &elbtypes.LoadBalancerState{Code: elbtypes.LoadBalancerStateEnumActive}
	}
}

func (w *World) needLoadBalancer(arn *string) (*elbLoadBalancer, error) {
	if !strings.Contains(aws.ToString(arn), ":loadbalancer/") {
		return nil, refuse("ValidationError", "'%s' is not a valid load balancer ARN", aws.ToString(arn))
	}
	lb := w.loadBalancer(*arn)
	if lb == nil {
		return nil, refuse("LoadBalancerNotFound", "Load balancer '%s' not found", *arn)
	}
	return lb, nil
}

func describeLoadBalancers(c *call, in *elbv2.DescribeLoadBalancersInput) (*elbv2.DescribeLoadBalancersOutput, error) {
	if len(in.Names) > 0 && len(in.LoadBalancerArns) > 0 {
		return nil, refuse("ValidationError", "Load balancer names and load balancer ARNs cannot be specified at the same time")
	}
	for _, arn := range in.LoadBalancerArns {
		if c.w.loadBalancer(arn) == nil {
			return nil, refuse("LoadBalancerNotFound", "One or more load balancers not found")
		}
	}
	for _, name := range in.Names {
		if !slices.ContainsFunc(c.w.ELB.LoadBalancers, func(lb *elbLoadBalancer) bool { return *lb.Value.LoadBalancerName == name }) {
			return nil, refuse("LoadBalancerNotFound", "Load balancers '[%s]' not found", name)
		}
	}
	var all []elbtypes.LoadBalancer
	for _, lb := range c.w.ELB.LoadBalancers {
		if (len(in.Names) == 0 || slices.Contains(in.Names, *lb.Value.LoadBalancerName)) &&
			(len(in.LoadBalancerArns) == 0 || slices.Contains(in.LoadBalancerArns, *lb.Value.LoadBalancerArn)) {
			all = append(all, shape.Clone(lb.Value))
		}
	}
	items, next, err := elbPage(all, in.PageSize, in.Marker, func(lb elbtypes.LoadBalancer) string { return *lb.LoadBalancerArn })
	if err != nil {
		return nil, err
	}
	return &elbv2.DescribeLoadBalancersOutput{LoadBalancers: append([]elbtypes.LoadBalancer{}, items...), NextMarker: next}, nil
}

// deleteLoadBalancer takes listeners and rules with it, and is idempotent (API
// reference: "If the load balancer does not exist or has already been deleted,
// the call succeeds").
func deleteLoadBalancer(c *call, in *elbv2.DeleteLoadBalancerInput) (*elbv2.DeleteLoadBalancerOutput, error) {
	lb, err := c.w.needLoadBalancer(in.LoadBalancerArn)
	if errorCode(err) == "LoadBalancerNotFound" {
		return &elbv2.DeleteLoadBalancerOutput{}, nil
	}
	if err != nil {
		return nil, err
	}
	if lb.Attributes["deletion_protection.enabled"] == "true" {
		return nil, refuse("OperationNotPermitted", "Load balancer '%s' cannot be deleted because deletion protection is enabled", *in.LoadBalancerArn)
	}
	for _, l := range slices.Clone(c.w.ELB.Listeners) {
		if *l.Value.LoadBalancerArn == *in.LoadBalancerArn {
			c.w.dropListener(l)
		}
	}
	c.w.ELB.LoadBalancers = slices.DeleteFunc(c.w.ELB.LoadBalancers, func(o *elbLoadBalancer) bool { return o == lb })
	delete(c.w.ELB.Tags, *in.LoadBalancerArn)
	c.w.routesChanged()
	return &elbv2.DeleteLoadBalancerOutput{}, nil
}

// describeCapacityReservation is what Terraform asks of every load balancer;
// nobody can reserve capacity here.
func describeCapacityReservation(c *call, in *elbv2.DescribeCapacityReservationInput) (*elbv2.DescribeCapacityReservationOutput, error) {
	if _, err := c.w.needLoadBalancer(in.LoadBalancerArn); err != nil {
		return nil, err
	}
	return &elbv2.DescribeCapacityReservationOutput{CapacityReservationState: []elbtypes.ZonalCapacityReservationState{}}, nil
}
