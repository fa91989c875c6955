package resource

import (
	"errors"
	"fmt"
)

// ErrElsewhere is behind every refusal to work in another account or region than
// the one that was named.
var ErrElsewhere = errors.New("the caller is somewhere else")

// Elsewheref makes an error that is ErrElsewhere.
func Elsewheref(format string, args ...any) error { return elsewhere(fmt.Sprintf(format, args...)) }

type elsewhere string

func (e elsewhere) Error() string        { return string(e) }
func (e elsewhere) Is(target error) bool { return target == ErrElsewhere }

// Class says what an AWS error means for the one who asked.
type Class int

// Classes of errors, and what follows from each.
const (
	ClassOther          Class = iota // not an AWS error: a bug or the caller's own
	ClassNotFound                    // the object is not there
	ClassConflict                    // somebody else changed it: plan again at once
	ClassThrottled                   // slow down; the budget has already been cut
	ClassDenied                      // credentials: the unit stalls
	ClassInvalid                     // AWS refuses the input: the unit stalls
	ClassTransient                   // try again later
	ClassUnknownOutcome              // the write may or may not have happened: observe
)

// String names the class for logs and metrics.
func (c Class) String() string {
	return [...]string{"other", "not-found", "conflict", "throttled", "denied", "invalid", "transient", "unknown-outcome"}[c]
}

// Error is an AWS error with what it means.
type Error struct {
	Class     Class
	Operation string // "ecs:CreateService"
	Code      string // AWS' code, "" when there was no answer
	Message   string // AWS' text, secrets already out
	RequestID string
	Err       error
}

// Error prints operation, code and AWS' own words.
func (e *Error) Error() string {
	switch {
	case e.Code != "" && e.Message != "":
		return fmt.Sprintf("%s: %s: %s", e.Operation, e.Code, e.Message)
	case e.Err != nil:
		return fmt.Sprintf("%s: %v", e.Operation, e.Err)
	}
	return fmt.Sprintf("%s: %s%s", e.Operation, e.Code, e.Message)
}

// Unwrap returns the SDK's error.
func (e *Error) Unwrap() error { return e.Err }

// ClassOf finds the class of an error, through any wrapping.
func ClassOf(err error) Class {
	var e *Error
	if errors.As(err, &e) {
		return e.Class
	}
	return ClassOther
}

// Errorf makes an error of a class, for kinds that find one without a call.
func Errorf(c Class, operation, format string, args ...any) error {
	return &Error{Class: c, Operation: operation, Message: fmt.Sprintf(format, args...), Code: c.String()}
}
