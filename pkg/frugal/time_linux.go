package frugal

import (
	"syscall"
	"time"
)

// threadTime is the CPU time of this thread.
func threadTime() time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_THREAD, &u); err != nil {
		panic("frugal: getrusage: " + err.Error()) // it has no other error than a bad argument
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
