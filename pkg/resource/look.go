package resource

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
