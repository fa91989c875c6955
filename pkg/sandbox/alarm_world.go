package sandbox

// alarmWorld is what CloudWatch remembers.
type alarmWorld struct{}

// alarmOperations are the operations of CloudWatch.
func alarmOperations() []operation { return nil }

// alarmTimers are what CloudWatch does by itself.
func alarmTimers() map[string]func(*World, string) { return nil }

// seedAlarms gives the documented world its alarms: none.
func (w *World) seedAlarms() {}
