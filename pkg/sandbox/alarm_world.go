package sandbox

// alarmWorld is what CloudWatch remembers.
type alarmWorld struct{}
