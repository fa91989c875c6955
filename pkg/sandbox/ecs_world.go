package sandbox

// ecsWorld is what ECS remembers.
type ecsWorld struct{}
