package main

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
)

// Targets of the project (issue: benchmarks).
const (
	mostCalls  = 1.10 // of a steady pass, times the floor
	mostCPU    = 2.0  // of a steady pass, times the bare SDK's
	mostEdit   = 300  // ms, p99 at 1,000
	mostGrowth = 11.0 // 10,000 against 1,000
)

// mostMemory is in MB, by the size of the fleet.
var mostMemory = map[int]float64{1000: 100, 10000: 400}

// target is one figure beside what it should be.
type target struct {
	what, want, have string
	reached          bool
}

// targets compares what was measured with what was to be reached.
func targets(all []result) (out []target) {
	add := func(what, want string, have float64, unit string, reached bool) {
		out = append(out, target{what, want, strconv.FormatFloat(have, 'f', 2, 64) + unit, reached})
	}
	by := map[int]result{}
	for _, r := range all {
		by[r.Services] = r
		n := number(r.Services)
		share := float64(r.Free.Steady.Calls.total()) / float64(steadyFloor(r.Services).total())
		add("calls of a steady pass at "+n, "≤ 1.10 × the floor", share, " ×", share <= mostCalls)
	}
	for _, r := range all {
		share := r.Free.Steady.CPU / r.Bare.CPU
		add("CPU of a steady pass at "+number(r.Services), "≤ 2 × the bare SDK", share, " ×", share <= mostCPU)
	}
	if r, ok := by[1000]; ok {
		add("edit → first write at 1,000, p99", "≤ 300 ms", r.Free.Edits.P99, " ms", r.Free.Edits.P99 <= mostEdit)
	}
	for _, r := range all {
		if most := mostMemory[r.Services]; most > 0 {
			add("peak memory at "+number(r.Services), fmt.Sprintf("≤ %.0f MB", most), r.Free.PeakMB, " MB", r.Free.PeakMB <= most)
		}
	}
	small, large := by[1000], by[10000]
	if small.Services > 0 && large.Services > 0 {
		for _, g := range []struct {
			what string
			of   func(result) float64
		}{
			{"calls of a steady pass", func(r result) float64 { return float64(r.Free.Steady.Calls.total()) }},
			{"CPU of a steady pass", func(r result) float64 { return r.Free.Steady.CPU }},
			{"time of a steady pass", func(r result) float64 { return r.Free.Steady.Wall }},
			{"peak memory", func(r result) float64 { return r.Free.PeakMB }},
		} {
			share := g.of(large) / g.of(small)
			add(g.what+", 10,000 against 1,000", "≤ 11 ×", share, " ×", share <= mostGrowth)
		}
	}
	for _, r := range all {
		if r.Quotas != nil {
			add("throttles under AWS' quotas at "+number(r.Services), "0", float64(r.Quotas.Throttles), "", r.Quotas.Throttles+r.Quotas.Refused == 0)
		}
	}
	return out
}

// rhythm says how the calls of the bare SDK followed each other.
func (r bareResult) rhythm() string {
	if r.Every == 0 {
		return fmt.Sprintf("%d calls at once, without a pause", r.AtOnce)
	}
	return fmt.Sprintf("%d calls at once, every %.0f s", r.AtOnce, r.Every)
}

const opening = `# Benchmarks

What the operator costs, measured on its binary with the embedded AWS in another process. Each service has a task
definition, a target group with a rule, two alarms, a scalable target and a policy. This page is written from
[hack/bench/results.json](../hack/bench/results.json) by the program that measures, and a test holds it to that:

    go run ./hack/bench                       # 100 and 1,000 services
    go run ./hack/bench -services 10000       # the large fleet

`

// render writes the page.
func render(all []result) string {
	var b strings.Builder
	b.WriteString(opening)
	b.WriteString("## Against the targets\n\n| what | to reach | measured | |\n|---|---|---|---|\n")
	for _, t := range targets(all) {
		word := "reached"
		if !t.reached {
			word = "**not reached**"
		}
		fmt.Fprintf(&b, "| %s | %s | %s | %s |\n", t.what, t.want, t.have, word)
	}
	pageSteady(&b, all)
	pageEdits(&b, all)
	pageLives(&b, all)
	b.WriteString("\n## Calls by operation\n\n" +
		"The floor of a steady pass is AWS' page sizes: 10 services a call, 400 target groups, the listeners of a load balancer, the\n" +
		"rules of a listener, 100 alarms, 50 scalable targets, 10 policies. *Cold* is the first pass of a fresh process over a fleet that\n" +
		"is there, *made* is what making the fleet from nothing took, and *an edit* is a new image in one document, followed with no\n" +
		"pass in between until its rollout has ended: the floor beside it is one look at each of the service's objects, and two writes.\n" +
		"A steady pass is the average of some. What changes rarely takes turns, with less than a tenth of the calls that a pass needs\n" +
		"(all tags about every eighth pass, for one): of some of it these passes have none.\n")
	for _, r := range all {
		pageCalls(&b, r)
	}
	pageMachine(&b, all)
	return b.String()
}

func pageSteady(b *strings.Builder, all []result) {
	b.WriteString("\n## A steady pass beside the bare SDK\n\n" +
		"The bare SDK makes the very calls that the world recorded of the passes measured, and decodes the same answers. The operator\n" +
		"makes two of them at once at most, reads its documents besides, and holds what it read of each service against what it read\n" +
		"before: a service in which nothing has moved is planned anew only every half hour.\n\n" +
		"| services | | CPU s | wall s | allocated MB | allocations |\n|---|---|---|---|---|---|\n")
	for _, r := range all {
		s := r.Free.Steady
		fmt.Fprintf(b, "| %s | operator | %.3f | %.2f | %.1f | %s |\n", number(r.Services), s.CPU, s.Wall, s.MB, number(int(s.Allocs)))
		fmt.Fprintf(b, "| | bare SDK, "+r.Bare.rhythm()+" | %.3f | %.2f | %.1f | %s |\n", r.Bare.CPU, r.Bare.Wall, r.Bare.MB, number(int(r.Bare.Allocs)))
	}
}

func pageEdits(b *strings.Builder, all []result) {
	b.WriteString("\n## From a saved file to the first write\n\n" +
		"A document in the watched directory is saved with another image; the clock stops when the world is asked to register the task\n" +
		"definition. Passes go on meanwhile. In between are the wait for the editor to be through, the reading of the document, the\n" +
		"look at AWS, the plan, the check of what the rollout needs, and the look before the write.\n\n" +
		"| services | | edits | p50 ms | p99 ms | slowest ms |\n|---|---|---|---|---|---|\n")
	each(all, func(r result, name string, s scenario) {
		fmt.Fprintf(b, "| %s | %s | %d | %.0f | %.0f | %.0f |\n", number(r.Services), name, s.Edits.Samples, s.Edits.P50, s.Edits.P99, s.Edits.Max)
	})
}

func pageLives(b *strings.Builder, all []result) {
	b.WriteString("\n## Start, passes and memory\n\n" +
		"*Free* is without request budgets. Under *AWS' quotas* the world refuses what AWS would, and the operator has its default\n" +
		"budgets, a quarter of the quotas for reads: most of its time is then spent waiting for them, on purpose. *50 ms* is added to\n" +
		"every call. Peak memory is the process' high-water mark over its start, its passes and all edits (VmHWM); what is mapped of\n" +
		"it are pages of the program's file, which the kernel takes back when it needs them.\n\n" +
		"| services | | start to ready s | CPU s | a steady pass s | CPU s | peak MB | mapped MB | refused | throttles seen |\n|---|---|---|---|---|---|---|---|---|---|\n")
	each(all, func(r result, name string, s scenario) {
		fmt.Fprintf(b, "| %s | %s | %.1f | %.2f | %.2f | %.3f | %.0f | %.0f | %d | %d |\n", number(r.Services), name, s.Ready, s.Cold.CPU, s.Steady.Wall, s.Steady.CPU, s.PeakMB, s.MappedMB, s.Refused, s.Throttles)
	})
}

// each goes through the scenarios that were measured.
func each(all []result, do func(r result, name string, s scenario)) {
	for _, r := range all {
		do(r, "free", r.Free)
		if r.Quotas != nil {
			do(r, "AWS' quotas", *r.Quotas)
		}
		if r.Latency != nil {
			do(r, "50 ms a call", *r.Latency)
		}
	}
}

func pageCalls(b *strings.Builder, r result) {
	fmt.Fprintf(b, "\n### %s services\n\n| operation | steady | floor | cold | made | an edit | floor |\n|---|---|---|---|---|---|---|\n", number(r.Services))
	steady, edit := steadyFloor(r.Services), editFloor()
	columns := []calls{r.Free.Steady.Calls, steady, r.Free.Cold.Calls, r.Made.Calls, r.Edit.Calls, edit}
	operations := map[string]bool{}
	for _, c := range columns {
		for op := range c {
			operations[op] = true
		}
	}
	row := func(name string, of func(c calls) int) {
		fmt.Fprintf(b, "| %s |", name)
		for _, c := range columns {
			cell := ""
			if n := of(c); n > 0 {
				cell = number(n)
			}
			fmt.Fprintf(b, " %s |", cell)
		}
		b.WriteString("\n")
	}
	for _, op := range slices.Sorted(maps.Keys(operations)) {
		row(op, func(c calls) int { return c[op] })
	}
	row("**all**", calls.total)
}

func pageMachine(b *strings.Builder, all []result) {
	b.WriteString("\n## Measured on\n\n" +
		"The machine is shared, the world runs on it beside the operator, and so does whatever else the load tells of: CPU is to be\n" +
		"believed more than walls.\n\n" +
		"| services | day | machine | load before | load after |\n|---|---|---|---|---|\n")
	for _, r := range all {
		fmt.Fprintf(b, "| %s | %s | %s | %s | %s |\n", number(r.Services), r.Measured, r.Machine, r.Load[0], r.Load[1])
	}
}

// number writes 12,345.
func number(n int) string {
	s := strconv.Itoa(n)
	for i := len(s) - 3; i > 0; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}
