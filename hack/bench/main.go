package main

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"time"
)

const (
	resultsFile = "hack/bench/results.json"
	page        = "docs/benchmarks.md"
)

// options are what is measured.
type options struct {
	sizes     []int
	resync    time.Duration
	passes    int
	edits     int
	scenarios []string
	binary    string
	logs      string
}

func (o *options) with(scenario string) bool { return slices.Contains(o.scenarios, scenario) }

func main() {
	var err error
	switch args := os.Args[1:]; {
	case len(args) == 1 && args[0] == "world":
		err = serveWorld()
	case len(args) == 4 && args[0] == "bare":
		times, every := 0, time.Duration(0)
		if times, err = strconv.Atoi(args[2]); err == nil {
			if every, err = time.ParseDuration(args[3]); err == nil {
				err = runBare(args[1], times, every)
			}
		}
	default:
		err = run(args)
	}
	if err != nil {
		fmt.Fprintf(os.Stderr, "bench: %v\n", err)
		os.Exit(1)
	}
}

func run(args []string) error {
	f := flag.NewFlagSet("bench", flag.ContinueOnError)
	sizes := f.String("services", "100,1000", "sizes of the fleet")
	scenarios := f.String("scenarios", "latency,quotas", "beside the free one: latency, quotas")
	o := &options{}
	f.DurationVar(&o.resync, "resync", 20*time.Second, "from one pass to the next")
	f.IntVar(&o.passes, "passes", 5, "steady passes to measure")
	f.IntVar(&o.edits, "edits", 200, "edits to time")
	f.StringVar(&o.binary, "operator", "", "the operator's binary (default: built from this tree)")
	f.StringVar(&o.logs, "logs", "", "keep the operator's logs in this directory")
	only := f.Bool("page", false, "measure nothing, write the page")
	dry := f.Bool("n", false, "write neither results nor page")
	if err := f.Parse(args); err != nil {
		return err
	}
	all, err := readResults(resultsFile)
	if err != nil {
		return fmt.Errorf("run it in the top directory: %w", err)
	}
	if *only {
		return os.WriteFile(page, []byte(render(all)), 0o644)
	}
	o.scenarios = strings.Split(*scenarios, ",")
	for _, s := range strings.Split(*sizes, ",") {
		n, err := strconv.Atoi(s)
		if err != nil || n < 1 {
			return fmt.Errorf("-services %s: want numbers like 100,1000", *sizes)
		}
		o.sizes = append(o.sizes, n)
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if o.binary == "" {
		dir, err := os.MkdirTemp("", "ecs-operator-bench-")
		if err != nil {
			return err
		}
		defer os.RemoveAll(dir)
		o.binary = filepath.Join(dir, "ecs-operator")
		build := exec.Command("go", "build", "-trimpath", "-o", o.binary, "./cmd/ecs-operator")
		build.Stderr = os.Stderr
		if err := build.Run(); err != nil {
			return err
		}
	}
	for _, n := range o.sizes {
		_, err := measure(ctx, o, n, func(r result) error {
			if *dry {
				return nil
			}
			all = join(all, r)
			return writeResults(all)
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// readResults are the committed figures, smallest fleet first.
func readResults(path string) (all []result, err error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	err = json.Unmarshal(text, &all)
	return all, err
}

// join puts a result in the place of the one of its size.
func join(all []result, r result) []result {
	all = slices.DeleteFunc(all, func(old result) bool { return old.Services == r.Services })
	all = append(all, r)
	slices.SortFunc(all, func(a, b result) int { return a.Services - b.Services })
	return all
}

func writeResults(all []result) error {
	text, err := json.MarshalIndent(all, "", " ")
	if err != nil {
		return err
	}
	if err := os.WriteFile(resultsFile, append(text, '\n'), 0o644); err != nil {
		return err
	}
	return os.WriteFile(page, []byte(render(all)), 0o644)
}

// machine says what it was measured on.
func machine() string {
	cpu := runtime.GOARCH
	if text, err := os.ReadFile("/proc/cpuinfo"); err == nil {
		if _, rest, ok := strings.Cut(string(text), "model name\t: "); ok {
			cpu, _, _ = strings.Cut(rest, "\n")
		}
	}
	return fmt.Sprintf("%d × %s, %s", runtime.NumCPU(), cpu, runtime.Version())
}

// load is how busy the machine is with everything: 1, 5 and 15 minutes.
func load() string {
	text, err := os.ReadFile("/proc/loadavg")
	if err != nil {
		return "unknown"
	}
	return strings.Join(strings.Fields(string(text))[:3], " ")
}
