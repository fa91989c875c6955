package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"sync"

	"github.com/spf13/pflag"
	"go.uber.org/zap"

	"github.com/ecs-operator/ecs-operator/pkg/events"
	"github.com/ecs-operator/ecs-operator/pkg/resource"
	"github.com/ecs-operator/ecs-operator/pkg/webhook"
)

// hintOptions are the ways by which others may tell a daemon that there is
// something new. Without any of them it polls.
type hintOptions struct {
	secretFile string
	hookListen string
	queue      string
}

// defaultHookListen is where webhooks are taken once there is a secret.
const defaultHookListen = "127.0.0.1:8081"

// hookSecretEnv may hold the secret itself: ECS gives secrets of its own to a
// container as variables. There is no flag for it, because every list of
// processes shows flags.
const hookSecretEnv = "ECS_OPERATOR_WEBHOOK_SECRET"

// AddFlags declares the flags of webhooks and events.
func (o *hintOptions) AddFlags(f *pflag.FlagSet) {
	f.StringVar(&o.secretFile, "webhook-secret-file", "", "`FILE` with the secret of webhooks, one a line, read at each call (else: the variable "+hookSecretEnv+"); without one no webhook is taken")
	f.StringVar(&o.hookListen, "webhook-listen", "", "address of /hook/github, gitlab, bitbucket and generic (default "+defaultHookListen+" once there is a secret)")
	f.StringVar(&o.queue, "events-queue", "", "`URL` of an SQS queue with events of ECS, CodeCommit and S3 from EventBridge: what they tell of is looked at at once")
}

// secrets gives the secrets of webhooks; nil for none.
func (o *hintOptions) secrets(c *console, log *zap.Logger) (func() [][]byte, error) {
	if o.secretFile == "" {
		text := c.getenv(hookSecretEnv)
		if text == "" {
			if o.hookListen != "" {
				return nil, fmt.Errorf("--webhook-listen needs a secret: name a file with --webhook-secret-file, or set %s", hookSecretEnv)
			}
			return nil, nil
		}
		fixed, err := webhook.ParseSecrets(text)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", hookSecretEnv, err)
		}
		return func() [][]byte { return fixed }, nil
	}
	last, err := readSecrets(o.secretFile)
	if err != nil {
		return nil, err
	}
	var mu sync.Mutex
	told := false
	return func() [][]byte {
		now, err := readSecrets(o.secretFile)
		mu.Lock()
		defer mu.Unlock()
		if err == nil {
			last, told = now, false
		} else if !told {
			told = true
			log.Warn("the secret of webhooks cannot be read: the last one stays valid", zap.Error(err))
		}
		return last
	}, nil
}

func readSecrets(file string) ([][]byte, error) {
	data, err := os.ReadFile(file)
	if err != nil {
		return nil, fmt.Errorf("--webhook-secret-file %s cannot be read: %w", file, errors.Unwrap(err))
	}
	secrets, err := webhook.ParseSecrets(string(data))
	if err != nil {
		return nil, fmt.Errorf("--webhook-secret-file %s: %w", file, err)
	}
	return secrets, nil
}

// hints are the listeners of a daemon.
type hints struct {
	URL      string // of webhooks, "" for none
	server   *statusServer
	listener *events.Listener
}

// listenForHints opens what the flags ask for. It listens from now on; what it
// hears before the daemon runs is kept.
func (m *machine) listenForHints(c *console, g *globalOptions, o *hintOptions) (*hints, error) {
	h := &hints{}
	secrets, err := o.secrets(c, m.log)
	if err != nil {
		return nil, err
	}
	if o.queue != "" {
		caller := newCallerAWS(g)
		caller.attach(m.options)
		if h.listener, err = events.New(events.Options{
			Provider: caller, Target: resource.DefaultTarget, Queue: o.queue, Log: m.log,
			Requeue: m.Requeue, Poke: m.poked.Poke,
			Count: func(outcome string) { m.metrics.Hint("queue", outcome) },
		}); err != nil {
			return nil, fmt.Errorf("--events-queue: %w", err)
		}
	}
	if secrets == nil {
		return h, nil
	}
	addr := o.hookListen
	if addr == "" {
		addr = defaultHookListen
	}
	ln, err := listenAt("--webhook-listen", addr, defaultHookListen, g.sandboxed())
	if err != nil {
		return nil, err
	}
	h.server = serveOn(ln, webhook.New(webhook.Options{Secrets: secrets, Poke: m.poked.Poke, Count: m.metrics.Hint}))
	h.URL = h.server.URL
	return h, nil
}

// greet says where hints are taken.
func (h *hints) greet(c *console, g *globalOptions, log *zap.Logger) {
	switch {
	case h.URL == "":
	case g.console(c):
		_, _ = fmt.Fprintf(c.out, "%s\n", c.outStyle.dim("webhooks: "+h.URL+"/hook/github (also gitlab, bitbucket, generic)"))
	default:
		log.Info("webhooks are taken", zap.String("listen", h.URL))
	}
}

// run listens to the queue until ctx ends.
func (h *hints) run(ctx context.Context) {
	if h.listener != nil {
		h.listener.Run(ctx)
	}
}

func (h *hints) close() {
	if h.server != nil {
		h.server.close()
	}
}
