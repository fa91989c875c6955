package sandbox

// scalingWorld is what Application Auto Scaling remembers.
type scalingWorld struct{}

// scalingOperations are the operations of Application Auto Scaling.
func scalingOperations() []operation { return nil }

// scalingTimers are what Application Auto Scaling does by itself.
func scalingTimers() map[string]func(*World, string) { return nil }

// seedScaling gives the documented world its scalable targets: none.
func (w *World) seedScaling() {}
