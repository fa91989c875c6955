package main

import (
	"encoding/json"
	"fmt"
)

// others are the figures of the suites after A that ever were run.
func others(r results) [][2]string {
	var all [][2]string
	for _, suite := range []func(results) [][2]string{pairs, killed, swarm, soak} {
		all = append(all, suite(r)...)
	}
	return all
}

// told reads what a suite told; false where it never was run.
func (r results) told(letter string, v any) bool {
	raw := r.Suites[letter]
	return raw != nil && json.Unmarshal(raw, v) == nil
}

// share is how many of all cases were run.
func share(cases, all int) string {
	if cases < all {
		return fmt.Sprintf("%s, evenly spread over the %s that there are", thousands(cases), thousands(all))
	}
	return thousands(cases)
}

// pairs are suite B.
func pairs(r results) [][2]string {
	var s single
	if !r.told("b", &s) {
		return nil
	}
	return [][2]string{
		{"pairs of faults", fmt.Sprintf("%s, in %d scenarios", share(s.Cases, s.All), len(s.Scenarios))},
		{"pairs: both fired and changed the calls", fmt.Sprintf("%s (%.1f %%)", thousands(s.Changed), 100*float64(s.Changed)/float64(max(1, s.Cases)))},
		{"pairs: failures", fmt.Sprint(len(s.Failures))},
		{"pairs: worst convergence, virtual", fmt.Sprintf("%.0f s (`%s`)", s.Worst.Seconds, s.Worst.Case)},
		{"pairs: virtual time", fmt.Sprintf("%s hours, in %.0f s on %d cores", thousands(int(s.Hours)), s.Seconds, s.CPUs)},
	}
}

// killed is suite C.
func killed(r results) [][2]string {
	var s struct {
		Scenarios   int     `json:"scenarios"`
		All         int     `json:"all"`
		Cases       int     `json:"cases"`
		Fired       int     `json:"fired"`
		Failures    []any   `json:"failures"`
		Doubled     int     `json:"doubled"`
		Seconds     float64 `json:"seconds"`
		CPUs        int     `json:"cpus"`
		WorstHealed struct {
			Case    string  `json:"case"`
			Seconds float64 `json:"seconds"`
		} `json:"worstHealed"`
	}
	if !r.told("c", &s) {
		return nil
	}
	return [][2]string{
		{"SIGKILL of the program over TCP: cases", fmt.Sprintf("%s, in %d scenarios", share(s.Cases, s.All), s.Scenarios)},
		{"SIGKILL: killed at the call", fmt.Sprintf("%s (%.1f %%)", thousands(s.Fired), 100*float64(s.Fired)/float64(max(1, s.Cases)))},
		{"SIGKILL: failures", fmt.Sprint(len(s.Failures))},
		{"SIGKILL: made or deployed twice", fmt.Sprint(s.Doubled)},
		{"SIGKILL: longest from the kill until rest was certain", fmt.Sprintf("%.1f s on the clock (`%s`)", s.WorstHealed.Seconds, s.WorstHealed.Case)},
		{"SIGKILL: time", fmt.Sprintf("%.0f s on %d cores", s.Seconds, s.CPUs)},
	}
}

// swarm is suite D.
func swarm(r results) [][2]string {
	var s struct {
		Seeds       int     `json:"seeds"`
		Hours       float64 `json:"hours"`
		ServiceDays int     `json:"serviceDays"`
		Writes      int     `json:"writes"`
		Kills       int     `json:"kills"`
		Settled     int     `json:"settled"`
	}
	if !r.told("d", &s) {
		return nil
	}
	return [][2]string{
		{"swarm: virtual hours", fmt.Sprintf("%s, in %d seeds", thousands(int(s.Hours)), s.Seeds)},
		{"swarm: writes", fmt.Sprintf("%s, in %s days of a service", thousands(s.Writes), thousands(s.ServiceDays))},
		{"swarm: operators killed", thousands(s.Kills)},
		{"swarm: evenings at which AWS looked as the documents say", thousands(s.Settled)},
	}
}

// soak is suite E.
func soak(r results) [][2]string {
	var s struct {
		Services int            `json:"services"`
		Hours    float64        `json:"hours"`
		Passes   int            `json:"passes"`
		Calls    int            `json:"calls"`
		Writes   int            `json:"writes"`
		Faults   map[string]int `json:"faults"`
		Commits  int            `json:"commits"`
		Edits    int            `json:"edits"`
		Days     []struct {
			Quiet      bool    `json:"quiet"`
			Writes     int     `json:"writes"`
			HeapMB     float64 `json:"heapMB"`
			Goroutines int     `json:"goroutines"`
		} `json:"days"`
		Slope    float64  `json:"slope"`
		AgedMB   float64  `json:"agedMB"`
		NewMB    float64  `json:"newMB"`
		Failures []string `json:"failures"`
		Seconds  float64  `json:"seconds"`
		CPUs     int      `json:"cpus"`
	}
	if !r.told("e", &s) || len(s.Days) == 0 {
		return nil
	}
	faults, quiet, written := 0, 0, 0
	for _, n := range s.Faults {
		faults += n
	}
	for _, d := range s.Days {
		if d.Quiet {
			quiet++
			written += d.Writes
		}
	}
	first, last := s.Days[0], s.Days[len(s.Days)-1]
	return [][2]string{
		{"soak: services, virtual hours", fmt.Sprintf("%s, %.0f", thousands(s.Services), s.Hours)},
		{"soak: calls, writes, faults", fmt.Sprintf("%s, %s, %s", thousands(s.Calls), thousands(s.Writes), thousands(faults))},
		{"soak: commits, edits behind its back", fmt.Sprintf("%s, %s", thousands(s.Commits), thousands(s.Edits))},
		{"soak: writes on quiet days", fmt.Sprintf("%d, on %d days", written, quiet)},
		{"soak: heap, first and last evening", fmt.Sprintf("%.1f MB, %.1f MB (%+.2f %% a day)", first.HeapMB, last.HeapMB, 100*s.Slope)},
		{"soak: the aged operator beside a new one", fmt.Sprintf("%.1f MB, %.1f MB", s.AgedMB, s.NewMB)},
		{"soak: goroutines, first and last evening", fmt.Sprintf("%d, %d", first.Goroutines, last.Goroutines)},
		{"soak: failures", fmt.Sprint(len(s.Failures))},
		{"soak: time", fmt.Sprintf("%.0f s on %d cores", s.Seconds, s.CPUs)},
	}
}
