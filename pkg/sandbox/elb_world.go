package sandbox

// elbWorld is what Elastic Load Balancing remembers.
type elbWorld struct{}
