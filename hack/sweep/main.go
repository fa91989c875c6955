package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"regexp"
	"strings"
	"time"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx); err != nil {
		fmt.Fprintln(os.Stderr, "sweep:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context) error {
	letters := flag.String("suites", "a", "the suites to run, by their letters")
	budget := flag.Duration("budget", 30*time.Minute, "how long suite B, and suite C, may take")
	plant := flag.Bool("planted", true, "run the planted bugs after suite A")
	bugs := flag.String("bugs", "", "run the planted bugs whose names match this expression only")
	bugBudget := flag.Duration("bug-budget", 3*time.Minute, "how long a planted bug is looked for")
	every := flag.Int("every", 1, "of suite A run one case of so many, evenly spread; what is written down says so")
	pages := flag.Bool("pages", false, "run nothing: write the pages of the last run anew")
	flag.Parse()
	if _, err := os.Stat("hack/sweep"); err != nil {
		return errors.New("run it in the top directory")
	}
	last, err := load(resultsFile)
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		return err
	}
	if *pages {
		return write(last)
	}
	dir, err := os.MkdirTemp("", "sweep")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	root, err := os.Getwd()
	if err != nil {
		return err
	}
	r := runner{root: root, dir: dir, bugBudget: *bugBudget, every: *every}
	now, failed := last, []error{}
	for letter := range strings.SplitSeq(*letters, ",") {
		if letter == "" {
			continue
		}
		failed = append(failed, r.one(ctx, &now, letter, *budget))
	}
	if *plant {
		match, err := regexp.Compile(*bugs)
		if err != nil {
			return err
		}
		failed = append(failed, r.bugs(ctx, &now, match))
	}
	if err := errors.Join(failed...); ctx.Err() != nil {
		return err
	}
	fmt.Print("\n", summary(now))
	if *bugs != "" {
		return errors.Join(failed...) // of some bugs nothing is quoted
	}
	return errors.Join(append(failed, now.save(resultsFile), write(now))...)
}

// one runs a suite and keeps what it tells.
func (r runner) one(ctx context.Context, now *results, letter string, budget time.Duration) error {
	if letter == "a" {
		fmt.Println("suite A: single faults")
		s, err := r.single(ctx)
		if err != nil {
			return err
		}
		now.Single, now.When = s, time.Now().UTC().Truncate(time.Second)
		for _, f := range s.Failures {
			fmt.Printf("  FAILED %s\n    %s\n    again: %s\n", f.Case, strings.Join(f.Wrong, "\n    "), f.Again)
		}
		if len(s.Failures) > 0 {
			return fmt.Errorf("suite A: %d cases failed", len(s.Failures))
		}
		return nil
	}
	s, ok := suites[letter]
	if !ok {
		return fmt.Errorf("there is no suite %q: the suites are a, b, c, d and e", letter)
	}
	fmt.Printf("suite %s: %s\n", strings.ToUpper(letter), s.says)
	raw, err := r.suite(ctx, letter, budget)
	if raw != nil {
		if now.Suites == nil {
			now.Suites = map[string]json.RawMessage{}
		}
		now.Suites[letter] = raw
		fmt.Printf("%s\n", raw)
	}
	return err
}

// bugs runs the planted bugs.
func (r runner) bugs(ctx context.Context, now *results, match *regexp.Regexp) error {
	found, err := r.hunt(ctx, match)
	now.Planted = found
	if err != nil {
		return err
	}
	if n, survivors := now.caught(); len(survivors) > 0 {
		return fmt.Errorf("%d of %d planted bugs survive: %s", len(survivors), n+len(survivors), strings.Join(survivors, ", "))
	}
	return nil
}
