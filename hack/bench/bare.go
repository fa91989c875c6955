package main

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"runtime"
	"sync"
	"syscall"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/applicationautoscaling"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	"github.com/aws/aws-sdk-go-v2/service/ecs"
	elb "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2"
	"github.com/aws/aws-sdk-go-v2/service/resourcegroupstaggingapi"

	"github.com/ecs-operator/ecs-operator/pkg/sandbox"
)

// bareParallel is how many calls the bare SDK makes at once: as many as the operator's pass
// makes at most (those of services; all others come one after the other).
const bareParallel = 2

// bareResult is what a pass cost without an operator.
type bareResult struct {
	CPU, Wall  float64 // seconds
	MB, Allocs float64
	Every      float64 // seconds from one pass to the next; 0 for one after the other
	AtOnce     int     // calls
}

// awsConfig is how anybody reaches the world.
func awsConfig(url string) aws.Config {
	return aws.Config{Region: sandbox.Region, BaseEndpoint: &url,
		Credentials: credentials.NewStaticCredentialsProvider("sandbox", "sandbox", "")}
}

// again decodes an input and makes its call.
func again[In, Out, Opt any](call func(context.Context, *In, ...Opt) (*Out, error)) func(context.Context, json.RawMessage) (func() error, error) {
	return func(ctx context.Context, raw json.RawMessage) (func() error, error) {
		in := new(In)
		if err := json.Unmarshal(raw, in); err != nil {
			return nil, err
		}
		return func() error { _, err := call(ctx, in); return err }, nil
	}
}

// bareCalls are the calls that a steady pass makes.
func bareCalls(cfg aws.Config) map[string]func(context.Context, json.RawMessage) (func() error, error) {
	services, balancers, alarms := ecs.NewFromConfig(cfg), elb.NewFromConfig(cfg), cloudwatch.NewFromConfig(cfg)
	scaling, tags := applicationautoscaling.NewFromConfig(cfg), resourcegroupstaggingapi.NewFromConfig(cfg)
	return map[string]func(context.Context, json.RawMessage) (func() error, error){
		"ecs.DescribeServices":                               again(services.DescribeServices),
		"ecs.DescribeTaskDefinition":                         again(services.DescribeTaskDefinition),
		"ecs.DescribeServiceRevisions":                       again(services.DescribeServiceRevisions),
		"ecs.DescribeServiceDeployments":                     again(services.DescribeServiceDeployments),
		"ecs.ListServices":                                   again(services.ListServices),
		"ecs.ListTagsForResource":                            again(services.ListTagsForResource),
		"elasticloadbalancing.DescribeTargetGroups":          again(balancers.DescribeTargetGroups),
		"elasticloadbalancing.DescribeTargetGroupAttributes": again(balancers.DescribeTargetGroupAttributes),
		"elasticloadbalancing.DescribeListeners":             again(balancers.DescribeListeners),
		"elasticloadbalancing.DescribeRules":                 again(balancers.DescribeRules),
		"elasticloadbalancing.DescribeTags":                  again(balancers.DescribeTags),
		"monitoring.DescribeAlarms":                          again(alarms.DescribeAlarms),
		"application-autoscaling.DescribeScalableTargets":    again(scaling.DescribeScalableTargets),
		"application-autoscaling.DescribeScalingPolicies":    again(scaling.DescribeScalingPolicies),
		"application-autoscaling.DescribeScheduledActions":   again(scaling.DescribeScheduledActions),
		"tagging.GetResources":                               again(tags.GetResources),
	}
}

// runBare is the process of the bare SDK: it reads the calls of so many passes, makes those
// of one every so often, and tells what one cost.
func runBare(url string, passes int, every time.Duration) error {
	var all []recorded
	if err := json.NewDecoder(os.Stdin).Decode(&all); err != nil {
		return err
	}
	known := bareCalls(awsConfig(url))
	var list []func() error
	for _, r := range all {
		make := known[r.Service+"."+r.Operation]
		if make == nil {
			return fmt.Errorf("a steady pass called %s.%s: give it a line in bareCalls", r.Service, r.Operation)
		}
		call, err := make(context.Background(), r.Input)
		if err != nil {
			return err
		}
		list = append(list, call)
	}
	if err := inParallel(list); err != nil { // connections are made, caches are warm
		return err
	}
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	cpu, wall := ownCPU(), time.Duration(0)
	for i := range passes {
		time.Sleep(every) // as the operator between its passes (doc.go)
		began := time.Now()
		if err := inParallel(list[i*len(list)/passes : (i+1)*len(list)/passes]); err != nil {
			return err
		}
		wall += time.Since(began)
	}
	n := float64(passes)
	out := bareResult{CPU: (ownCPU() - cpu) / n, Wall: wall.Seconds() / n, Every: every.Seconds(), AtOnce: bareParallel}
	runtime.ReadMemStats(&after)
	out.MB, out.Allocs = float64(after.TotalAlloc-before.TotalAlloc)/n/1e6, float64(after.Mallocs-before.Mallocs)/n
	return json.NewEncoder(os.Stdout).Encode(out)
}

func inParallel(list []func() error) error {
	var wg sync.WaitGroup
	errs := make(chan error, bareParallel)
	next := make(chan func() error)
	for range bareParallel {
		wg.Go(func() {
			var failed error
			for call := range next {
				if err := call(); err != nil {
					failed = err
				}
			}
			errs <- failed
		})
	}
	for _, call := range list {
		next <- call
	}
	close(next)
	wg.Wait()
	for range bareParallel {
		if err := <-errs; err != nil {
			return err
		}
	}
	return nil
}

// ownCPU is the time that this process has had of the processors.
func ownCPU() float64 {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		panic(err) // it cannot fail for oneself
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano()).Seconds()
}
