package sandbox

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	elbv2 "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2"
	elbtypes "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2/types"
)

// registerTarget adds a target, as ECS does for its tasks. healthy says what
// its health checks will find. Port 0 is the target group's own. A target that
// is draining comes back.
func (w *World) registerTarget(tgARN, id string, port int32, healthy bool) {
	tg := w.targetGroup(tgARN)
	if tg == nil {
		return
	}
	port = tg.port(port)
	t := tg.target(id, port)
	if t == nil {
		t = &elbTarget{ID: id, Port: port}
		tg.Targets = append(tg.Targets, t)
	} else if t.Healthy == healthy && t.State != elbtypes.TargetHealthStateEnumDraining {
		return
	}
	t.Healthy, t.Answers = healthy, true
	w.startChecks(tg, t)
}

// deregisterTarget takes a target out: it drains for the group's delay, or goes
// at once where no traffic reached it.
func (w *World) deregisterTarget(tgARN, id string, port int32) {
	tg := w.targetGroup(tgARN)
	if tg == nil {
		return
	}
	t := tg.target(id, tg.port(port))
	if t == nil || t.State == elbtypes.TargetHealthStateEnumDraining {
		return
	}
	delay, _ := strconv.Atoi(tg.Attributes["deregistration_delay.timeout_seconds"]) // checked when it was set
	if t.State == elbtypes.TargetHealthStateEnumUnused || delay == 0 {
		tg.remove(t)
		return
	}
	w.turn(t, elbtypes.TargetHealthStateEnumDraining)
	w.after(time.Duration(delay)*time.Second, "elb-target-drained", targetKey(tgARN, t))
}

// targetState is a target's state: initial, healthy, unhealthy, draining, or
// unused for what is not registered or gets no traffic.
func (w *World) targetState(tgARN, id string, port int32) string {
	tg := w.targetGroup(tgARN)
	if tg == nil {
		return string(elbtypes.TargetHealthStateEnumUnused)
	}
	t := tg.target(id, tg.port(port))
	if t == nil {
		return string(elbtypes.TargetHealthStateEnumUnused)
	}
	return string(t.State)
}

// targetReason is why a target of a task is unhealthy, in ELB's words.
func (w *World) targetReason(target ecsTarget) string {
	if tg := w.targetGroup(target.Group); tg != nil {
		if t := tg.target(target.ID, tg.port(target.Port)); t != nil {
			_, why := t.unhealthyReason(tg)
			return *why
		}
	}
	return "Health checks failed"
}

func (tg *elbTargetGroup) port(p int32) int32 {
	if p != 0 {
		return p
	}
	return aws.ToInt32(tg.Value.Port)
}

func (tg *elbTargetGroup) target(id string, port int32) *elbTarget {
	for _, t := range tg.Targets {
		if t.ID == id && t.Port == port {
			return t
		}
	}
	return nil
}

func (tg *elbTargetGroup) remove(t *elbTarget) {
	tg.Targets = slices.DeleteFunc(tg.Targets, func(o *elbTarget) bool { return o == t })
}

func (w *World) turn(t *elbTarget, state elbtypes.TargetHealthStateEnum) {
	w.Serial++
	t.State, t.Since, t.Turn = state, w.Clock, w.Serial
}

// startChecks begins a target's life behind a load balancer. A new target needs
// one passed check to be healthy: HealthyThresholdCount is for those that come
// back (ELB user guide, "Health checks for your target groups": "After your
// target is registered, it must pass one health check to be considered
// healthy"). It is unhealthy after UnhealthyThresholdCount failed ones.
func (w *World) startChecks(tg *elbTargetGroup, t *elbTarget) {
	if !w.targetGroupAttached(*tg.Value.TargetGroupArn) {
		w.turn(t, elbtypes.TargetHealthStateEnumUnused)
		return
	}
	w.turn(t, elbtypes.TargetHealthStateEnumInitial)
	needed := int32(1)
	if !t.Healthy {
		needed = aws.ToInt32(tg.Value.UnhealthyThresholdCount)
	}
	checks := time.Duration(needed) * time.Duration(aws.ToInt32(tg.Value.HealthCheckIntervalSeconds)) * time.Second
	w.after(checks, "elb-target-checked", targetKey(*tg.Value.TargetGroupArn, t))
}

func targetKey(tgARN string, t *elbTarget) string {
	return fmt.Sprintf("%s|%s|%d|%d", tgARN, t.ID, t.Port, t.Turn)
}

// timed finds the target that a timer is about, nil when it moved on since.
func (w *World) timed(key string) (*elbTargetGroup, *elbTarget) {
	parts := strings.Split(key, "|")
	if len(parts) != 4 {
		return nil, nil
	}
	tg := w.targetGroup(parts[0])
	if tg == nil {
		return nil, nil
	}
	port, _ := strconv.ParseInt(parts[2], 10, 32)
	t := tg.target(parts[1], int32(port))
	if t == nil || strconv.FormatInt(t.Turn, 10) != parts[3] {
		return nil, nil
	}
	return tg, t
}

func (w *World) targetChecked(key string) {
	_, t := w.timed(key)
	if t == nil {
		return
	}
	if t.Healthy {
		w.turn(t, elbtypes.TargetHealthStateEnumHealthy)
	} else {
		w.turn(t, elbtypes.TargetHealthStateEnumUnhealthy)
	}
}

func (w *World) targetDrained(key string) {
	if tg, t := w.timed(key); t != nil {
		tg.remove(t)
	}
}

// routesChanged is called after every change of listeners and rules: groups
// that now hang on one begin their checks, groups that no longer do go unused.
func (w *World) routesChanged() {
	w.derived.behind = nil
	forwarders := w.forwarders()
	for _, tg := range w.ELB.TargetGroups {
		attached := len(forwarders[*tg.Value.TargetGroupArn]) > 0
		for _, t := range tg.Targets {
			switch unused := t.State == elbtypes.TargetHealthStateEnumUnused; {
			case attached && unused:
				w.startChecks(tg, t)
			case !attached && !unused && t.State != elbtypes.TargetHealthStateEnumDraining:
				w.turn(t, elbtypes.TargetHealthStateEnumUnused)
			}
		}
	}
}

// ruleAdded is routesChanged for a new rule alone.
func (w *World) ruleAdded(r *elbRule) {
	l := w.listener(r.Listener)
	if l == nil {
		return
	}
	behind := w.forwarders() // of before, unless nobody had asked
	for _, arn := range forwardsTo(r.Value.Actions) {
		if !slices.Contains(behind[arn], *l.Value.LoadBalancerArn) {
			behind[arn] = append(behind[arn], *l.Value.LoadBalancerArn)
		}
		if tg := w.targetGroup(arn); tg != nil {
			for _, t := range tg.Targets {
				if t.State == elbtypes.TargetHealthStateEnumUnused {
					w.startChecks(tg, t)
				}
			}
		}
	}
}

func registerTargets(c *call, in *elbv2.RegisterTargetsInput) (*elbv2.RegisterTargetsOutput, error) {
	tg, err := c.w.needTargetGroup(in.TargetGroupArn)
	if err != nil {
		return nil, err
	}
	if len(in.Targets) == 0 {
		return nil, refuse("ValidationError", "At least one target must be specified")
	}
	for _, t := range in.Targets {
		if err := checkTarget(tg, t); err != nil {
			return nil, err
		}
	}
	for _, t := range in.Targets {
		if tg.target(aws.ToString(t.Id), tg.port(aws.ToInt32(t.Port))) != nil && c.w.targetState(*tg.Value.TargetGroupArn, *t.Id, aws.ToInt32(t.Port)) != "draining" {
			continue // already there, by ECS or an earlier call
		}
		// Nothing listens behind a target that a person made up.
		c.w.registerTarget(*tg.Value.TargetGroupArn, aws.ToString(t.Id), aws.ToInt32(t.Port), false)
		tg.target(aws.ToString(t.Id), tg.port(aws.ToInt32(t.Port))).Answers = false
	}
	return &elbv2.RegisterTargetsOutput{}, nil
}

func checkTarget(tg *elbTargetGroup, t elbtypes.TargetDescription) error {
	id := aws.ToString(t.Id)
	switch {
	case id == "":
		return refuse("ValidationError", "A target ID must be specified")
	case tg.Value.TargetType == elbtypes.TargetTypeEnumIp && !isIP(id):
		return refuse("ValidationError", "The IP address '%s' is not a valid IPv4 address", id)
	case tg.Value.TargetType == elbtypes.TargetTypeEnumInstance && !strings.HasPrefix(id, "i-"):
		return refuse("ValidationError", "Instance ID '%s' is not valid", id)
	case tg.Value.TargetType == elbtypes.TargetTypeEnumLambda && t.Port != nil:
		return refuse("ValidationError", "You cannot specify a port for target group '%s' because its target type is lambda", *tg.Value.TargetGroupArn)
	case t.Port != nil && (*t.Port < 1 || *t.Port > 65535):
		return refuse("ValidationError", "Port '%d' is not valid; it must be between 1 and 65535", *t.Port)
	}
	return nil
}

func deregisterTargets(c *call, in *elbv2.DeregisterTargetsInput) (*elbv2.DeregisterTargetsOutput, error) {
	tg, err := c.w.needTargetGroup(in.TargetGroupArn)
	if err != nil {
		return nil, err
	}
	var going []*elbTarget
	for _, want := range in.Targets {
		found := false
		for _, t := range tg.Targets { // without a port: every registration of the id
			if t.ID == aws.ToString(want.Id) && (want.Port == nil || t.Port == *want.Port) {
				going = append(going, t)
				found = true
			}
		}
		if !found {
			return nil, refuse("InvalidTarget", "The following targets are not registered in the target group: '%s'", aws.ToString(want.Id))
		}
	}
	for _, t := range going {
		c.w.deregisterTarget(*tg.Value.TargetGroupArn, t.ID, t.Port)
	}
	return &elbv2.DeregisterTargetsOutput{}, nil
}

func describeTargetHealth(c *call, in *elbv2.DescribeTargetHealthInput) (*elbv2.DescribeTargetHealthOutput, error) {
	tg, err := c.w.needTargetGroup(in.TargetGroupArn)
	if err != nil {
		return nil, err
	}
	out := &elbv2.DescribeTargetHealthOutput{TargetHealthDescriptions: []elbtypes.TargetHealthDescription{}}
	if len(in.Targets) == 0 {
		for _, t := range tg.Targets {
			out.TargetHealthDescriptions = append(out.TargetHealthDescriptions, describeTarget(tg, t))
		}
		return out, nil
	}
	for _, want := range in.Targets {
		port := tg.port(aws.ToInt32(want.Port))
		t := tg.target(aws.ToString(want.Id), port)
		if t != nil {
			out.TargetHealthDescriptions = append(out.TargetHealthDescriptions, describeTarget(tg, t))
			continue
		}
		out.TargetHealthDescriptions = append(out.TargetHealthDescriptions, elbtypes.TargetHealthDescription{
			Target: &elbtypes.TargetDescription{Id: want.Id, Port: aws.Int32(port)},
			TargetHealth: &elbtypes.TargetHealth{State: elbtypes.TargetHealthStateEnumUnused, Reason: elbtypes.TargetHealthReasonEnumNotRegistered,
				Description: aws.String("Target is not registered to the target group")},
		})
	}
	return out, nil
}

// unhealthyReason is why a target is unhealthy. The container of a task answers
// an HTTP check, with 503; at a target that a person made up nothing listens.
func (t *elbTarget) unhealthyReason(tg *elbTargetGroup) (elbtypes.TargetHealthReasonEnum, *string) {
	if t.Answers && isHTTP(tg.Value.HealthCheckProtocol) {
		return elbtypes.TargetHealthReasonEnumResponseCodeMismatch, aws.String("Health checks failed with these codes: [503]")
	}
	return elbtypes.TargetHealthReasonEnumFailedHealthChecks, aws.String("Health checks failed")
}

// describeTarget words a target's state.
// Source: SDK doc comment of types.TargetHealth.Reason; the descriptions are
// those of the ELB user guide, "Target health reason codes".
func describeTarget(tg *elbTargetGroup, t *elbTarget) elbtypes.TargetHealthDescription {
	h := &elbtypes.TargetHealth{State: t.State}
	switch t.State {
	case elbtypes.TargetHealthStateEnumInitial:
		h.Reason, h.Description = elbtypes.TargetHealthReasonEnumInitialHealthChecking, aws.String("Initial health checks in progress")
	case elbtypes.TargetHealthStateEnumUnhealthy:
		h.Reason, h.Description = t.unhealthyReason(tg)
	case elbtypes.TargetHealthStateEnumDraining:
		h.Reason, h.Description = elbtypes.TargetHealthReasonEnumDeregistrationInProgress, aws.String("Target deregistration is in progress")
	case elbtypes.TargetHealthStateEnumUnused:
		h.Reason, h.Description = elbtypes.TargetHealthReasonEnumNotInUse, aws.String("Target group is not configured to receive traffic from the load balancer")
	}
	d := elbtypes.TargetHealthDescription{TargetHealth: h, Target: &elbtypes.TargetDescription{Id: aws.String(t.ID), Port: aws.Int32(t.Port)}}
	d.HealthCheckPort = tg.Value.HealthCheckPort
	if aws.ToString(d.HealthCheckPort) == "traffic-port" {
		d.HealthCheckPort = aws.String(strconv.Itoa(int(t.Port)))
	}
	return d
}
