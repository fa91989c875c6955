package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/spf13/pflag"

	"github.com/ecs-operator/ecs-operator/pkg/awsclient"
	"github.com/ecs-operator/ecs-operator/pkg/bucket"
	"github.com/ecs-operator/ecs-operator/pkg/resource"
	"github.com/ecs-operator/ecs-operator/pkg/source"
)

// s3Options are the flags of a place in S3.
type s3Options struct {
	place string
	poll  time.Duration
}

// defaultS3Poll is slower than a resync is likely to be: it is a look, of one or a
// few calls.
const defaultS3Poll = 30 * time.Second

// AddFlags declares --s3 and what belongs to it.
func (o *s3Options) AddFlags(f *pflag.FlagSet) {
	f.StringVar(&o.place, "s3", "", "read the documents from S3: `s3://BUCKET/PREFIX/`, or an archive s3://BUCKET/NAME.tar.gz (.tgz, .tar, .zip)")
	f.DurationVar(&o.poll, "s3-poll", defaultS3Poll, "how often S3 is looked at for something new (±10 %)")
}

func (o *s3Options) finalize() error {
	if o.place == "" {
		return nil
	}
	if o.poll < time.Second {
		return fmt.Errorf("--s3-poll %s: want at least 1s", o.poll)
	}
	if _, err := source.ParsePlace(o.place); err != nil {
		return fmt.Errorf("--s3: %w", err)
	}
	return nil
}

func (o *s3Options) open(g *globalOptions, paths []string) (origin, error) {
	place, err := source.ParsePlace(o.place)
	if err != nil {
		return origin{}, fmt.Errorf("--s3: %w", err)
	}
	if len(paths) > 0 && !slices.Equal(paths, []string{"."}) {
		return origin{}, fmt.Errorf("--s3 and --path exclude one another: the prefix says what is read (%s%s/)", place, strings.Trim(paths[0], "/"))
	}
	caller := newCallerAWS(g)
	files := source.S3(place, bucket.New(caller, resource.DefaultTarget, place.Bucket))
	files.PollEvery = o.poll
	return origin{Source: files, url: place.String(), paths: []string{"."}, args: []string{"--s3", place.String()}, attach: caller.attach}, nil
}

// callerAWS are clients with the operator's own credentials (or the role of
// --assume-role), whatever targets there are: the place of documents and of
// events is the operator's. It is an awsclient.Provider of one target.
type callerAWS struct {
	mu      sync.Mutex
	options awsclient.Options
	sealed  bool // no real AWS may be reached
	pool    *awsclient.Pool
}

func newCallerAWS(g *globalOptions) *callerAWS {
	return &callerAWS{sealed: g.sandboxed(), options: awsclient.Options{Targets: callerTarget(g), UserAgent: "ecs-operator/" + buildVersion().Version}}
}

func callerTarget(g *globalOptions) map[string]awsclient.Target {
	return targetSet{sandbox: g.sandboxed()}.clients(g)
}

// attach makes the calls like all others of the program: to the embedded AWS if
// that is meant, and counted.
func (c *callerAWS) attach(like awsclient.Options) {
	c.mu.Lock()
	defer c.mu.Unlock()
	like.Targets = c.options.Targets
	c.options, c.sealed = like, false
}

// For gives the clients; nothing is loaded before the first call.
func (c *callerAWS) For(ctx context.Context, target string) (*awsclient.Clients, error) {
	c.mu.Lock()
	if c.sealed {
		c.mu.Unlock()
		return nil, errors.New("under --sandbox no real AWS is reached, and this command has no embedded one: leave out --sandbox")
	}
	if c.pool == nil {
		pool, err := awsclient.New(ctx, c.options)
		if err != nil {
			c.mu.Unlock()
			return nil, err
		}
		c.pool = pool
	}
	pool := c.pool
	c.mu.Unlock()
	return pool.For(ctx, target)
}
