package reconcile

import (
	"time"

	"github.com/ecs-operator/ecs-operator/pkg/resource"
	"github.com/ecs-operator/ecs-operator/pkg/status"
)

// NoMetrics ignores everything it is told.
type NoMetrics struct{}

// The methods of Metrics.
func (NoMetrics) Reconciled(resource.UnitKey, status.Reason, time.Duration) {}
func (NoMetrics) Drift(resource.UnitKey, string)                            {}
func (NoMetrics) Blocked(map[status.Reason]int)                             {}
func (NoMetrics) Rollout(resource.DeploymentStatus)                         {}
func (NoMetrics) IdleWrites(int)                                            {}
func (NoMetrics) Services(map[status.State]int)                             {}
func (NoMetrics) Passed(time.Duration)                                      {}
func (NoMetrics) QueueDepth(int)                                            {}
func (NoMetrics) SourceLoaded(string, int, int)                             {}
func (NoMetrics) SourceUnread()                                             {}
func (NoMetrics) Panic()                                                    {}
func (NoMetrics) Rotation(string, string, time.Duration)                    {}
