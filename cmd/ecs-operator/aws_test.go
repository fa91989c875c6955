package main

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/ecs-operator/ecs-operator/pkg/sandbox"
)

// scriptAWS serves an embedded AWS from the test process, so that it can
// misbehave, and points the script's variables at it. Faults:
//
//	denies OPERATION [SUBJECT]     AccessDenied, always
//	throttles OPERATION TIMES      ThrottlingException the first TIMES times
func scriptAWS(ts *testscript.TestScript, neg bool, args []string) {
	if neg {
		ts.Fatalf("aws-that cannot be negated")
	}
	opts := sandbox.Options{Speed: 1000}
	if len(args) > 0 {
		fault, err := parseFault(args)
		ts.Check(err)
		opts.Fault = fault
	}
	l, err := sandbox.New(opts).Listen("127.0.0.1:0")
	ts.Check(err)
	ts.Defer(func() { _ = l.Close() })
	ts.Setenv("AWS_ENDPOINT_URL", l.URL)
	ts.Setenv("AWS_REGION", sandbox.Region)
	ts.Setenv("AWS_ACCESS_KEY_ID", "sandbox")
	ts.Setenv("AWS_SECRET_ACCESS_KEY", "sandbox")
}

func parseFault(args []string) (sandbox.FaultFunc, error) {
	if len(args) < 2 {
		return nil, fmt.Errorf("want: FAULT OPERATION [ARGUMENT]")
	}
	operation, argument := args[1], strings.Join(args[2:], "")
	switch args[0] {
	case "denies":
		return func(_ context.Context, c sandbox.Call) *sandbox.Fault {
			if c.Operation != operation || !strings.Contains(asText(c.Input), argument) {
				return nil
			}
			return &sandbox.Fault{Code: "AccessDeniedException", Status: http.StatusBadRequest,
				Message: "User: arn:aws:iam::123456789012:user/sandbox is not authorized to perform: " + operation}
		}, nil
	case "throttles":
		times := 0
		if _, err := fmt.Sscan(argument, &times); err != nil {
			return nil, fmt.Errorf("throttles %s: how often? %w", operation, err)
		}
		return func(_ context.Context, c sandbox.Call) *sandbox.Fault {
			if c.Operation != operation || c.Nth > times {
				return nil
			}
			return &sandbox.Fault{Code: "ThrottlingException", Message: "Rate exceeded"}
		}, nil
	}
	return nil, fmt.Errorf("no fault %q, there are denies and throttles", args[0])
}

// asText shows an input with its pointers followed.
func asText(in any) string {
	b, err := json.Marshal(in)
	if err != nil {
		return err.Error()
	}
	return string(b)
}
