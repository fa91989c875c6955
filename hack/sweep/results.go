package main

import (
	"encoding/json"
	"fmt"
	"os"
	"time"
)

// results are what hack/sweep/results.json has.
type results struct {
	When    time.Time                  `json:"when"`
	Single  single                     `json:"single"`
	Planted []bug                      `json:"planted"`
	Suites  map[string]json.RawMessage `json:"suites,omitempty"` // B to E, in their own words
}

// single is what suite A tells (pkg/sweep, report_test.go).
type single struct {
	Commit    string   `json:"commit"`
	Scenarios []row    `json:"scenarios"`
	Faults    []row    `json:"faults"`
	All       int      `json:"all"`
	Cases     int      `json:"cases"`
	Fired     int      `json:"fired"`
	Changed   int      `json:"changed"`
	Mask      []string `json:"mask"`
	Failures  []struct {
		Case  string   `json:"case"`
		Again string   `json:"again"`
		Wrong []string `json:"wrong"`
	} `json:"failures"`
	Worst struct {
		Case    string  `json:"case"`
		Seconds float64 `json:"seconds"`
	} `json:"worst"`
	Extra struct {
		Median int    `json:"p50"`
		Most   int    `json:"max"`
		Case   string `json:"case"`
	} `json:"extra"`
	Doubled int     `json:"doubled"`
	Unowned int     `json:"unowned"`
	Hours   float64 `json:"hours"`
	Seconds float64 `json:"seconds"`
	CPUs    int     `json:"cpus"`
}

// row is a scenario, or a fault.
type row struct {
	Name    string `json:"name"`
	Says    string `json:"says,omitempty"`
	Calls   int    `json:"calls,omitempty"`
	Cases   int    `json:"cases"`
	Changed int    `json:"changed"`
	Failed  int    `json:"failed"`
}

// bug is how a planted one fared.
type bug struct {
	Name     string  `json:"name"`
	Promise  string  `json:"promise"`
	Says     string  `json:"says"`
	Caught   bool    `json:"caught"`
	By       string  `json:"by,omitempty"`    // the first case that failed
	Wrong    string  `json:"wrong,omitempty"` // what it said, in one line
	Cases    int     `json:"cases"`           // run until then
	Seconds  float64 `json:"seconds"`         // of the clock, without the build
	Building float64 `json:"building"`        // of the clock, as well
}

// caught counts the bugs that were.
func (r results) caught() (n int, survivors []string) {
	for _, b := range r.Planted {
		if b.Caught {
			n++
		} else {
			survivors = append(survivors, b.Name)
		}
	}
	return n, survivors
}

const resultsFile = "hack/sweep/results.json"

func load(path string) (results, error) {
	var r results
	raw, err := os.ReadFile(path)
	if err != nil {
		return r, err
	}
	if err := json.Unmarshal(raw, &r); err != nil {
		return r, fmt.Errorf("%s: %w", path, err)
	}
	return r, nil
}

func (r results) save(path string) error {
	raw, err := json.MarshalIndent(r, "", "  ")
	if err != nil {
		return err
	}
	return os.WriteFile(path, append(raw, '\n'), 0o644)
}
