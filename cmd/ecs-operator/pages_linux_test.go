package main

import (
	"bytes"
	"os"
	"slices"
	"strconv"
	"testing"
)

// TestClean: what was written to, what belongs to others and what has a page of its own stays.
func TestClean(t *testing.T) {
	smaps := `00400000-01500000 r-xp 00000000 08:01 17                                 /opt/ecs-operator
Rss:                1024 kB
Anonymous:             0 kB
VmFlags: rd ex mr mw me
01500000-01600000 r--p 01100000 08:01 17                                 /opt/ecs-operator
Anonymous:             4 kB
01600000-01700000 r--p 01200000 08:01 17                                 /opt/ecs-operator
Anonymous:             0 kB
01700000-01800000 rw-p 01300000 08:01 17                                 /opt/ecs-operator
Anonymous:             0 kB
c000000000-c000400000 rw-p 00000000 00:00 0
Anonymous:          4096 kB
7ff000000000-7ff000100000 r-xp 00000000 08:01 18                         /opt/other
Anonymous:             0 kB
`
	want := []mapping{{0x400000, 0x1500000}, {0x1600000, 0x1700000}}
	if got := clean([]byte(smaps), "/opt/ecs-operator"); !slices.Equal(got, want) {
		t.Errorf("got %x, want %x", got, want)
	}
}

// TestUnmapProgram: a test binary has been through much of itself.
func TestUnmapProgram(t *testing.T) {
	before := mappedKB(t)
	unmapProgram()
	if after := mappedKB(t); after > before/2 {
		t.Errorf("%d kB of the program's file are mapped, %d before", after, before)
	}
}

func mappedKB(t *testing.T) int {
	t.Helper()
	status, err := os.ReadFile("/proc/self/status")
	if err != nil {
		t.Skip(err)
	}
	_, rest, _ := bytes.Cut(status, []byte("RssFile:"))
	n, err := strconv.Atoi(string(bytes.Fields(rest)[0]))
	if err != nil {
		t.Fatal(err)
	}
	return n
}
