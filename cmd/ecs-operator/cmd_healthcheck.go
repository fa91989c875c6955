package main

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

type healthcheckOptions struct {
	listen  string
	timeout time.Duration
}

// AddFlags declares the flags of healthcheck.
func (o *healthcheckOptions) AddFlags(f *pflag.FlagSet) {
	f.StringVar(&o.listen, "listen", defaultStatusListen, "the address that the daemon listens on")
	f.DurationVar(&o.timeout, "timeout", 3*time.Second, "how long the daemon may take to answer")
}

func newHealthcheckCommand(c *console, _ *globalOptions) *cobra.Command {
	o := &healthcheckOptions{}
	cmd := &cobra.Command{
		Use:   "healthcheck",
		Short: "Ask a running daemon whether it is alive",
		Long: `healthcheck asks /healthz of the daemon on this machine. It is what a container's
health check runs, where there is no shell and no curl.

Exit codes: 0 alive, 2 not.`,
		Example: `  ecs-operator healthcheck

  # A daemon on another port
  ecs-operator healthcheck --listen 127.0.0.1:9090`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return runHealthcheck(cmd.Context(), c, o) },
	}
	o.AddFlags(cmd.Flags())
	return cmd
}

func runHealthcheck(ctx context.Context, c *console, o *healthcheckOptions) error {
	host, port, err := net.SplitHostPort(o.listen)
	if err != nil {
		return fmt.Errorf("--listen %q: want host:port", o.listen)
	}
	if ip := net.ParseIP(host); host == "" || (ip != nil && ip.IsUnspecified()) {
		host = "127.0.0.1"
	}
	ctx, cancel := context.WithTimeout(ctx, o.timeout)
	defer cancel()
	url := "http://" + net.JoinHostPort(host, port) + "/healthz"
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return err
	}
	// No proxy: it is this machine that is asked.
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	resp, err := client.Do(req)
	if err != nil {
		return fmt.Errorf("no daemon answers at %s: %w", url, err)
	}
	defer func() { _ = resp.Body.Close() }()
	body, _ := io.ReadAll(io.LimitReader(resp.Body, 512))
	if resp.StatusCode != http.StatusOK {
		return fmt.Errorf("%s: %s: %s", url, resp.Status, oneLine(string(body)))
	}
	_, _ = fmt.Fprintln(c.out, oneLine(string(body)))
	return nil
}
