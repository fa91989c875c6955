package sandbox

// scalingWorld is what Application Auto Scaling remembers.
type scalingWorld struct{}
