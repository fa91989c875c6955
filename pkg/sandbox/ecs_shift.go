package sandbox

import (
	"fmt"
	"math"
	"slices"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ecs/types"
)

// ecsShift is how far a service deployment has come that starts a second set of
// tasks and shifts the traffic to it: blue/green, linear or canary.
type ecsShift struct {
	Stage      types.ServiceDeploymentLifecycleStage
	Since      time.Time // when the stage began
	Done       bool      // what the stage does was done; it may still wait
	Until      time.Time // it waits until then at least
	Steps      []float64 // the target's share of the production traffic, step by step; the last is 100
	Step       int       // of Steps: the one that comes next, or is being made
	Source     string    // digits of the revision that had the traffic, "" for a first deployment
	Production float64   // the target's share of the production traffic now
	Test       float64   // and of the test traffic
	Back       bool      // it is being rolled back
}

// The stages of such a deployment in order (Developer Guide, "Amazon ECS
// blue/green service deployments workflow"). The SDK's enum lacks
// PRE_PRODUCTION_TRAFFIC_SHIFT, which its doc comments list.
const (
	stageReconcile      = types.ServiceDeploymentLifecycleStageReconcileService
	stagePreScaleUp     = types.ServiceDeploymentLifecycleStagePreScaleUp
	stageScaleUp        = types.ServiceDeploymentLifecycleStageScaleUp
	stagePostScaleUp    = types.ServiceDeploymentLifecycleStagePostScaleUp
	stageTest           = types.ServiceDeploymentLifecycleStageTestTrafficShift
	stagePostTest       = types.ServiceDeploymentLifecycleStagePostTestTrafficShift
	stagePreProduction  = types.ServiceDeploymentLifecycleStage("PRE_PRODUCTION_TRAFFIC_SHIFT")
	stageProduction     = types.ServiceDeploymentLifecycleStageProductionTrafficShift
	stagePostProduction = types.ServiceDeploymentLifecycleStagePostProductionTrafficShift
	stageBake           = types.ServiceDeploymentLifecycleStageBakeTime
	stageCleanUp        = types.ServiceDeploymentLifecycleStageCleanUp
)

var shiftStages = []types.ServiceDeploymentLifecycleStage{
	stageReconcile, stagePreScaleUp, stageScaleUp, stagePostScaleUp, stageTest, stagePostTest,
	stagePreProduction, stageProduction, stagePostProduction, stageBake, stageCleanUp,
}

const (
	// stagePause is how long a stage takes that has nothing to wait for: near to
	// what one sees, and long enough to be seen by who polls.
	stagePause = 5 * time.Second
	// stageLimit: a stage that is not through by then fails the deployment
	// (Developer Guide: "each lifecycle stage can last up to 24 hours").
	stageLimit = 24 * time.Hour
	// networkDelay is what ECS adds to the traffic shifts of a Network Load Balancer
	// (Developer Guide, "Network Load Balancer resources for Amazon ECS blue/green,
	// linear and canary deployments").
	networkDelay = 10 * time.Minute
)

// shifts is whether deployments of this configuration start a second set of tasks.
func shifts(c *types.DeploymentConfiguration) bool {
	return c != nil && c.Strategy != "" && c.Strategy != types.DeploymentStrategyRolling
}

// newShift plans the traffic of a deployment of s; nil for a rolling one.
func newShift(s *ecsService, at time.Time) *ecsShift {
	c := s.Service.DeploymentConfiguration
	if !shifts(c) {
		return nil
	}
	sh := &ecsShift{Stage: stagePreScaleUp, Since: at, Steps: shiftSteps(c), Source: s.trafficSource()}
	if len(s.Rollouts) > 1 { // "only happens when you start a new service deployment with more than 1 service revision in an ACTIVE state"
		sh.Stage = stageReconcile
	}
	return sh
}

// trafficSource is the revision that has, or is to get back, the traffic when a new
// deployment begins; "" when none ever had it.
func (s *ecsService) trafficSource() string {
	if i := slices.IndexFunc(s.Rollouts, (*ecsRollout).completed); i >= 0 {
		return s.Rollouts[i].Digits
	}
	d := s.current()
	switch { // the one before was a rollback cut short, or the first of the service
	case d == nil || len(s.Rollouts) == 0:
		return ""
	case d.Shift == nil && d.Digits != s.Rollouts[0].Digits:
		return s.Rollouts[0].Digits
	case d.Shift == nil:
		return ""
	case d.Shift.Production > 0 && !d.Shift.Back:
		return d.Digits
	}
	return d.Shift.Source
}

// shiftSteps are the shares of the production traffic that the new revision gets
// one after the other.
func shiftSteps(c *types.DeploymentConfiguration) []float64 {
	switch c.Strategy {
	case types.DeploymentStrategyCanary:
		if p := aws.ToFloat64(c.CanaryConfiguration.CanaryPercent); p < 100 {
			return []float64{p, 100}
		}
	case types.DeploymentStrategyLinear:
		var steps []float64
		each := aws.ToFloat64(c.LinearConfiguration.StepPercent)
		for n := 1; ; n++ {
			p := math.Round(float64(n)*each*10) / 10
			if p >= 100 {
				return append(steps, 100)
			}
			steps = append(steps, p)
		}
	}
	return []float64{100}
}

// stepBake is how long each share but the last is kept.
func stepBake(c *types.DeploymentConfiguration) time.Duration {
	switch c.Strategy {
	case types.DeploymentStrategyCanary:
		return time.Duration(aws.ToInt32(c.CanaryConfiguration.CanaryBakeTimeInMinutes)) * time.Minute
	case types.DeploymentStrategyLinear:
		return time.Duration(aws.ToInt32(c.LinearConfiguration.StepBakeTimeInMinutes)) * time.Minute
	}
	return 0
}

// shifting is the service deployment that shifts the service's traffic, running or
// stalled; nil when tasks are replaced in place or all is through.
func (s *ecsService) shifting() *ecsDeployment {
	d := s.current()
	if d == nil || d.Shift == nil || len(s.Rollouts) == 0 || s.Rollouts[0].completed() {
		return nil
	}
	return d
}

// scheduleShift takes a deployment that shifts traffic one stage further.
func (w *World) scheduleShift(cl *ecsCluster, s *ecsService, d *ecsDeployment) {
	r, sh := s.Rollouts[0], d.Shift
	for _, other := range slices.Clone(s.Rollouts[1:]) { // the revision that has traffic keeps its tasks until the end
		if other.Digits == sh.Source && sh.Stage != stageCleanUp && !sh.Back {
			w.keepAt(cl, s, other, s.Service.DesiredCount)
		}
	}
	switch {
	case ended(d.Deployment.Status) || r.failed(): // it stopped half-way: what serves goes on serving
		return
	case sh.Back:
		w.shiftBack(cl, s, d)
		return
	case d.Deployment.Status == types.ServiceDeploymentStatusPending:
		return
	}
	if sh.reached(stageScaleUp) {
		w.keepAt(cl, s, r, s.Service.DesiredCount)
	}
	if !sh.Done {
		if !w.doStage(s, d) {
			return
		}
		sh.Done = true
	}
	if !w.stageThrough(cl, s, d) {
		w.limitStage(s, d)
		return
	}
	w.nextStage(s, d)
}

func (sh *ecsShift) reached(stage types.ServiceDeploymentLifecycleStage) bool {
	return slices.Index(shiftStages, sh.Stage) >= slices.Index(shiftStages, stage)
}

// doStage does what the stage is there for, once. False: the deployment failed.
func (w *World) doStage(s *ecsService, d *ecsDeployment) bool {
	sh := d.Shift
	d.Deployment.LifecycleStage = sh.Stage
	d.Deployment.UpdatedAt = aws.Time(w.Clock)
	sh.Since, sh.Until = w.Clock, w.Clock.Add(stagePause)
	c := d.Deployment.DeploymentConfiguration
	var err error
	switch sh.Stage {
	case stageReconcile:
		err = w.trafficTo(s, sh.Source, false, 100)
	case stageScaleUp:
		err = w.attach(s, d.Digits)
	case stageTest:
		err = w.trafficTo(s, d.Digits, true, 100)
		sh.Test, sh.Until = 100, sh.Until.Add(w.networkDelay(s, d.Digits))
	case stageProduction:
		share := sh.Steps[sh.Step]
		err = w.trafficTo(s, d.Digits, false, share)
		sh.Production, sh.Until = share, sh.Until.Add(w.networkDelay(s, d.Digits))
		if sh.Step < len(sh.Steps)-1 { // "not applied after reaching 100 percent traffic"
			sh.Until = sh.Until.Add(stepBake(c))
		}
	case stageBake:
		sh.Until = w.Clock.Add(time.Duration(aws.ToInt32(c.BakeTimeInMinutes)) * time.Minute)
	}
	if err != nil {
		w.event(s, fmt.Sprintf("(deployment %s) %s.", s.Rollouts[0].id(), err))
		w.rollBack(s, d, "Service deployment rolled back because traffic could not be shifted: "+err.Error()+".") // our words
		return false
	}
	return true
}

// stageThrough is whether the next stage may begin.
func (w *World) stageThrough(cl *ecsCluster, s *ecsService, d *ecsDeployment) bool {
	sh, want := d.Shift, s.Service.DesiredCount
	if w.Clock.Before(sh.Until) {
		w.wake(s, sh.Until.Sub(w.Clock))
		return false
	}
	switch sh.Stage {
	case stageReconcile:
		if w.clear(cl, s, d.Digits, sh.Source) > 0 {
			return false // the last task that ends wakes the service
		}
	case stageScaleUp:
		if healthy, kept := cl.strength(s, d.Digits); healthy < want || kept != want {
			return false // a task that becomes healthy wakes it
		}
	case stageCleanUp:
		return w.clear(cl, s, d.Digits) == 0
	}
	return w.hooksPassed(s, d, sh.Stage, sh.Step)
}

// nextStage moves on; linear and canary deployments make the two stages of the
// production traffic once for every step.
func (w *World) nextStage(s *ecsService, d *ecsDeployment) {
	sh := d.Shift
	switch {
	case sh.Stage == stageCleanUp:
		w.finish(s, s.Rollouts[0])
		return
	case sh.Stage == stageProduction && sh.Step < len(sh.Steps)-1:
		sh.Step++
		sh.Stage = stagePreProduction
	default:
		sh.Stage = shiftStages[slices.Index(shiftStages, sh.Stage)+1]
	}
	sh.Done = false
	w.wake(s, time.Second)
}

// limitStage fails a deployment whose stage takes longer than a day. Pause hooks
// have a limit of their own.
func (w *World) limitStage(s *ecsService, d *ecsDeployment) {
	sh := d.Shift
	end := sh.Since.Add(stageLimit)
	switch {
	case sh.Stage != stageScaleUp:
	case !w.Clock.Before(end):
		w.rollBack(s, d, fmt.Sprintf("Service deployment rolled back because the lifecycle stage %s timed out.", sh.Stage)) // our words
	default:
		w.wake(s, end.Sub(w.Clock))
	}
}

// turnBack begins the way back: no hook of the deployment is waited for any more.
func (sh *ecsShift) turnBack(w *World) {
	sh.Back, sh.Done, sh.Since = true, false, w.Clock
	sh.Stage = stageCleanUp
	if sh.Production > 0 || sh.Test > 0 {
		sh.Stage = stageProduction
	}
}

// shiftBack gives the traffic back to the revision that had it, all at once,
// then stops the tasks of the new one. Whether AWS runs hooks on the way back it
// does not say; here it runs none (unverified).
func (w *World) shiftBack(cl *ecsCluster, s *ecsService, d *ecsDeployment) {
	sh, back := d.Shift, s.Rollouts[0]
	w.keepAt(cl, s, back, s.Service.DesiredCount)
	if !sh.Done {
		sh.Done, sh.Until = true, w.Clock.Add(stagePause)
		d.Deployment.LifecycleStage, d.Deployment.UpdatedAt = sh.Stage, aws.Time(w.Clock)
		if sh.Stage == stageProduction {
			sh.Until = sh.Until.Add(w.networkDelay(s, back.Digits))
			for _, test := range []bool{false, true} {
				if err := w.trafficTo(s, back.Digits, test, 100); err != nil {
					w.event(s, fmt.Sprintf("(deployment %s) %s.", back.id(), err))
				}
			}
			sh.Production, sh.Test = 0, 0
		}
	}
	if w.Clock.Before(sh.Until) {
		w.wake(s, sh.Until.Sub(w.Clock))
		return
	}
	if sh.Stage == stageProduction {
		sh.Stage, sh.Done = stageCleanUp, false
		w.wake(s, time.Second)
		return
	}
	healthy, kept := cl.strength(s, back.Digits)
	if w.clear(cl, s, back.Digits) == 0 && healthy >= s.Service.DesiredCount && kept == s.Service.DesiredCount {
		w.finish(s, back)
		w.wake(s, time.Second)
	}
}
