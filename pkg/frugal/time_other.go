//go:build !linux

package frugal

import "time"

var born = time.Now()

// threadTime is the clock where the time of a thread cannot be asked for.
func threadTime() time.Duration { return time.Since(born) }
