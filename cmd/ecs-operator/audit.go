package main

import (
	"cmp"
	"context"
	"fmt"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
	"go.uber.org/zap"

	"github.com/ecs-operator/ecs-operator/pkg/audit"
	"github.com/ecs-operator/ecs-operator/pkg/awsclient"
	"github.com/ecs-operator/ecs-operator/pkg/resource"
)

// auditOptions say where the audit goes.
type auditOptions struct {
	audit string
	usual bool // nothing was said, and the command is the daemon
}

// AddFlags declares --audit.
func (o *auditOptions) AddFlags(f *pflag.FlagSet) {
	f.StringVar(&o.audit, "audit", "", "append one JSON line for every attempt to change something in AWS to this `FILE`; '-' for stderr, 'off' for none (default: run whose log is JSON writes to stderr, everything else none)")
}

// began notes who gave which command, for the audit.
func (o *auditOptions) began(c *console, cmd *cobra.Command) {
	o.usual = cmd.Name() == "run" && o.audit == ""
	ctx := cmd.Context()
	if ctx == nil {
		ctx = context.Background()
	}
	cmd.SetContext(resource.WithOrigin(ctx, func(from *resource.Origin) {
		from.Command, from.Who = cmd.Name(), cmp.Or(c.getenv("USER"), c.getenv("LOGNAME"))
	}))
}

// open makes the audit; nil for none.
func (o *auditOptions) open(c *console, g *globalOptions) (*audit.Log, error) {
	switch {
	case o.audit == "-", o.usual && !g.console(c):
		return audit.To(c.err), nil
	case o.audit == "" || o.audit == "off":
		return nil, nil
	}
	l, err := audit.Open(o.audit)
	if err != nil {
		return nil, fmt.Errorf("--audit: %w", err)
	}
	return l, nil
}

// audited writes every attempt of a write down.
func (m *machine) audited(l *audit.Log, version string) func(awsclient.Call) {
	return func(call awsclient.Call) {
		r, written := audit.Of(call)
		if l == nil || !written {
			return
		}
		r.Operator, r.Sandbox = version, m.embedded != nil
		if clients, err := m.pool.For(context.Background(), call.Target); err == nil { // it is loaded: a client of it made the call
			r.Caller = clients.Caller
		}
		if err := l.Add(r); err != nil {
			m.log.Error("the audit cannot be written: nothing more is written to AWS until it can", zap.Error(err), zap.Any("record", r))
		}
	}
}
