package resource

import "time"

// Rotating is a Kind that answers for what a sweep does not read whole, because
// that takes more calls than a sweep may spend beside its own.
type Rotating interface {
	// Rotations tells, after a sweep of a target, what takes turns there and how
	// long a round is, at the rate of the sweeps since the last question.
	Rotations(target string) []Rotation
}

// Rotation is one sort of reading that takes turns.
type Rotation struct {
	What    string        // what is read
	Sweeps  float64       // how many sweeps a whole round takes
	AtLeast time.Duration // nothing is read again before
}

// Period is how long a round takes when a sweep is made that often.
func (r Rotation) Period(every time.Duration) time.Duration {
	return max(r.AtLeast, time.Duration(r.Sweeps*float64(every)))
}
