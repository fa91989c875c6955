package sandbox

// elbWorld is what Elastic Load Balancing remembers.
type elbWorld struct{}

func elbOperations() []operation                                           { return nil }
func elbTimers() map[string]func(*World, string)                           { return nil }
func (w *World) seedELB()                                                  {}
func (w *World) elbTagged() []taggedResource                               { return nil }
func (w *World) targetGroupExists(arn string) bool                         { return false }
func (w *World) targetGroupAttached(arn string) bool                       { return false }
func (w *World) registerTarget(tgARN, id string, port int32, healthy bool) {}
func (w *World) deregisterTarget(tgARN, id string, port int32)             {}
func (w *World) targetState(tgARN, id string, port int32) string           { return "" }
