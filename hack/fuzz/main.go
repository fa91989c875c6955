package main

import (
	"cmp"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"text/tabwriter"
	"time"
)

func main() {
	o := options{out: os.Stdout, err: os.Stderr}
	flag.DurationVar(&o.each, "time", time.Minute, "how long each target runs")
	flag.StringVar(&o.match, "run", "", "run only the targets whose package and name match this `expression`")
	flag.StringVar(&o.corpus, "corpus", "", "keep the inputs that were found to be of interest in this `directory`, for the next run")
	flag.BoolVar(&o.plain, "plain", false, "without the fuzzer's instrumentation: ready sooner, finds less")
	flag.BoolVar(&o.json, "json", false, "print JSON")
	flag.Parse()
	found, err := o.run()
	if err != nil {
		fmt.Fprintln(os.Stderr, "fuzz:", err)
	}
	if err != nil || found {
		os.Exit(1)
	}
}

type options struct {
	each          time.Duration
	match, corpus string
	plain, json   bool
	out, err      io.Writer
}

// result is what one target did.
type result struct {
	Package     string  `json:"package"`
	Target      string  `json:"target"`
	Executions  int     `json:"executions"`
	Seconds     float64 `json:"seconds"`
	Interesting int     `json:"interesting"` // inputs kept in the corpus
	Find        string  `json:"find,omitempty"`
}

// run runs the targets, prints what they did, and reports whether one found something.
func (o options) run() (found bool, err error) {
	match, err := regexp.Compile(o.match)
	if err != nil {
		return false, err
	}
	targets, err := Targets(".")
	if err != nil {
		return false, err
	}
	targets = slices.DeleteFunc(targets, func(t Target) bool { return !match.MatchString(t.Package + "." + t.Name) })
	if len(targets) == 0 {
		return false, errors.New("no target matches")
	}
	dir, err := os.MkdirTemp("", "fuzz")
	if err != nil {
		return false, err
	}
	defer func() { _ = os.RemoveAll(dir) }()
	if o.corpus == "" {
		o.corpus = filepath.Join(dir, "corpus")
	} else if o.corpus, err = filepath.Abs(o.corpus); err != nil {
		return false, err
	}
	var all []result
	for _, p := range slices.Compact(packages(targets)) {
		fuzzer := filepath.Join(dir, strings.ReplaceAll(p, "/", "-"))
		if err := o.build(p, fuzzer); err != nil {
			return found, err
		}
		for _, t := range targets {
			if t.Package != p {
				continue
			}
			r := o.fuzz(fuzzer, t)
			all, found = append(all, r), found || r.Find != ""
			fmt.Fprintf(o.err, "%s %s: %d executions\n", r.Package, r.Target, r.Executions)
		}
	}
	if o.json {
		e := json.NewEncoder(o.out)
		e.SetIndent("", "  ")
		return found, e.Encode(map[string]any{"apiVersion": "ecs-operator/v1", "kind": "FuzzReport", "instrumented": !o.plain, "targets": all})
	}
	return found, table(o.out, all)
}

func packages(targets []Target) []string {
	var out []string
	for _, t := range targets {
		out = append(out, t.Package)
	}
	return out
}

func (o options) build(pkg, to string) error {
	args := []string{"test", "-c", "-ldflags=-s -w", "-o", to}
	if !o.plain {
		args = append(args, "-fuzz=.")
	}
	c := exec.Command("go", append(args, "./"+pkg)...)
	if out, err := c.CombinedOutput(); err != nil {
		return fmt.Errorf("%s does not build: %w\n%s", pkg, err, out)
	}
	return nil
}

var (
	execs       = regexp.MustCompile(`execs: (\d+)`)
	interesting = regexp.MustCompile(`total: (\d+)\)`)
	failing     = regexp.MustCompile(`Failing input|panic|timed out|process hung or terminated`)
)

// fuzz runs one target. Go's fuzzer now and then calls the end of its time a
// failure: only a failing input is one.
func (o options) fuzz(fuzzer string, t Target) result {
	c := exec.Command(fuzzer, "-test.run=^$", "-test.fuzz=^"+t.Name+"$", "-test.fuzztime="+o.each.String(), "-test.fuzzcachedir="+filepath.Join(o.corpus, filepath.FromSlash(t.Package)))
	c.Dir = filepath.FromSlash(t.Package)
	began := time.Now()
	said, err := c.CombinedOutput()
	r := result{Package: t.Package, Target: t.Name, Executions: last(execs, said), Interesting: last(interesting, said), Seconds: time.Since(began).Round(100 * time.Millisecond).Seconds()}
	if err != nil && (failing.Match(said) || !strings.Contains(string(said), "context deadline exceeded")) {
		r.Find = strings.TrimSpace(string(said))
	}
	return r
}

func last(re *regexp.Regexp, said []byte) int {
	all := re.FindAllSubmatch(said, -1)
	if len(all) == 0 {
		return 0
	}
	n, _ := strconv.Atoi(string(all[len(all)-1][1])) // digits by the expression
	return n
}

func table(out io.Writer, all []result) error {
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	total, finds := 0, 0
	fmt.Fprintln(w, "PACKAGE\tTARGET\tEXECUTIONS\tSECONDS\tCORPUS\tFINDS")
	for _, r := range all {
		n := 0
		if r.Find != "" {
			n = 1
		}
		total, finds = total+r.Executions, finds+n
		fmt.Fprintf(w, "%s\t%s\t%d\t%.1f\t%d\t%d\n", r.Package, r.Target, r.Executions, r.Seconds, r.Interesting, n)
	}
	fmt.Fprintf(w, "%d targets\t\t%d\t\t\t%d\n", len(all), total, finds)
	if err := w.Flush(); err != nil {
		return err
	}
	for _, r := range all {
		if r.Find != "" {
			fmt.Fprintf(out, "\n== %s %s\n%s\n", r.Package, r.Target, r.Find)
		}
	}
	return nil
}

// Target is one fuzz target of the module.
type Target struct {
	Package string // its directory
	Name    string // FuzzParse
}

var declared = regexp.MustCompile(`(?m)^func (Fuzz\w+)\(`)

// Targets are the fuzz targets below a directory, by package and name.
func Targets(root string) ([]Target, error) {
	var out []Target
	err := filepath.WalkDir(root, func(p string, d os.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case d.IsDir() && p != root && (strings.HasPrefix(d.Name(), ".") || d.Name() == "testdata"):
			return filepath.SkipDir
		case !strings.HasSuffix(p, "_test.go"):
			return nil
		}
		text, err := os.ReadFile(p)
		if err != nil {
			return err
		}
		dir, err := filepath.Rel(root, filepath.Dir(p))
		for _, m := range declared.FindAllSubmatch(text, -1) {
			out = append(out, Target{filepath.ToSlash(dir), string(m[1])})
		}
		return err
	})
	slices.SortFunc(out, func(a, b Target) int {
		return cmp.Or(strings.Compare(a.Package, b.Package), strings.Compare(a.Name, b.Name))
	})
	return out, err
}
