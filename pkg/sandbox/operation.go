package sandbox

import (
	"fmt"
	"time"
)

// call is what an operation sees beside its input. The world is locked and
// advanced to Now while it runs.
type call struct {
	w         *World
	Now       time.Time
	AccessKey string // the key id that signed the call
	// wait is set by an operation that would wait for something so long, in the
	// world's time: it is run again then, or when something was written.
	wait time.Duration
}

// operation is one AWS operation as one function in a table.
type operation struct {
	service string // "ecs", "elasticloadbalancing", "monitoring", "application-autoscaling", "sts", "tagging", "logs"
	name    string // "CreateService"
	writes  bool
	in      func() any // a fresh SDK input
	out     any        // a nil pointer of the SDK's output type
	run     func(c *call, in any) (any, error)
}

// op wraps a typed function into a table entry.
func op[I, O any](service, name string, writes bool, fn func(c *call, in *I) (*O, error)) operation {
	return operation{service: service, name: name, writes: writes,
		in:  func() any { return new(I) },
		out: (*O)(nil),
		run: func(c *call, in any) (any, error) {
			out, err := fn(c, in.(*I))
			if err != nil {
				return nil, err
			}
			return out, nil
		}}
}

// apiError is an error as AWS answers it.
type apiError struct {
	Code    string
	Message string
	Status  int // HTTP status, 400 unless said otherwise
}

func (e *apiError) Error() string { return e.Code + ": " + e.Message }

// refuse makes a client error with AWS' code and text.
func refuse(code, format string, args ...any) error {
	return &apiError{Code: code, Message: fmt.Sprintf(format, args...), Status: 400}
}

// token is a remembered client token: what was asked, and what was answered.
type token struct {
	At      time.Time
	Request string // hash of the request
	Answer  string // id of what it made
}
