package resource

// Share is a service revision's part in a deployment. The weights are what ECS
// asked of the load balancer, nil where it tells none.
type Share struct {
	Revision       string   `json:"revision"`
	TaskDefinition string   `json:"taskDefinition,omitempty"` // family:revision
	Requested      int32    `json:"requested"`
	Running        int32    `json:"running"`
	Pending        int32    `json:"pending"`
	Production     *float64 `json:"productionTrafficPercent,omitempty"`
	Test           *float64 `json:"testTrafficPercent,omitempty"`
}

// GroupHealth is how the targets of one of a service's target groups stand.
type GroupHealth struct {
	ARN     string         `json:"arn"`
	Name    string         `json:"name"`
	Healthy int            `json:"healthy"`
	Total   int            `json:"total"` // without those that drain
	States  map[string]int `json:"states,omitempty"`
	Reasons []string       `json:"reasons,omitempty"` // AWS' words on those that are not healthy, each once
}

// ServiceEvent is one of the up to 100 events that ECS keeps of a service.
type ServiceEvent struct {
	ID      string `json:"id"`
	At      string `json:"at"` // RFC 3339
	Message string `json:"message"`
}

// ServiceTask is a task of a service. ECS forgets one that has stopped within the hour.
type ServiceTask struct {
	ID             string          `json:"id"`
	ARN            string          `json:"arn"`
	TaskDefinition string          `json:"taskDefinition"` // family:revision
	Status         string          `json:"status"`
	Wanted         string          `json:"wanted"`
	Health         string          `json:"health,omitempty"`
	Zone           string          `json:"zone,omitempty"`
	Address        string          `json:"address,omitempty"`
	CreatedAt      string          `json:"createdAt,omitempty"`
	StoppedAt      string          `json:"stoppedAt,omitempty"`
	StopCode       string          `json:"stopCode,omitempty"`
	StoppedReason  string          `json:"stoppedReason,omitempty"`
	Containers     []TaskContainer `json:"containers,omitempty"`
}

// TaskContainer is a container of a task.
type TaskContainer struct {
	Name   string `json:"name"`
	Status string `json:"status"`
	Exit   *int32 `json:"exitCode,omitempty"`
	Reason string `json:"reason,omitempty"`
}
