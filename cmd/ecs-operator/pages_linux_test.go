package main

import (
	"bytes"
	"hash/crc32"
	"io"
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
Swap:                  0 kB
SwapPss:               0 kB
VmFlags: rd ex mr mw me
01500000-01600000 r--p 01100000 08:01 17                                 /opt/ecs-operator
Anonymous:             4 kB
Swap:                  0 kB
01600000-01680000 r--p 01200000 08:01 17                                 /opt/ecs-operator
Anonymous:             0 kB
Swap:                  0 kB
01680000-01700000 r--p 01280000 08:01 17                                 /opt/ecs-operator
Anonymous:             0 kB
Swap:                  8 kB
01700000-01800000 rw-p 01300000 08:01 17                                 /opt/ecs-operator
Anonymous:             0 kB
Swap:                  0 kB
c000000000-c000400000 rw-p 00000000 00:00 0
Anonymous:          4096 kB
7ff000000000-7ff000100000 r-xp 00000000 08:01 18                         /opt/other
Anonymous:             0 kB
Swap:                  0 kB
`
	want := []mapping{{0x400000, 0x1500000}, {0x1600000, 0x1680000}}
	if got := clean([]byte(smaps), "/opt/ecs-operator"); !slices.Equal(got, want) {
		t.Errorf("got %x, want %x", got, want)
	}
}

// TestUnmapProgram: what was read of the program is let go of, and reads as it did.
func TestUnmapProgram(t *testing.T) {
	was := readProgram(t)
	before := mappedKB(t)
	unmapProgram()
	if after := mappedKB(t); after > before/2 {
		t.Errorf("%d kB of the program's file are mapped, %d before", after, before)
	}
	if is := readProgram(t); is != was {
		t.Errorf("the program reads as %x, %x before", is, was)
	}
}

// readProgram goes through all that unmapProgram is about, and sums it up.
func readProgram(t *testing.T) uint32 {
	t.Helper()
	program, err := os.Readlink("/proc/self/exe")
	if err != nil {
		t.Skip(err)
	}
	smaps, err := os.ReadFile("/proc/self/smaps")
	if err != nil {
		t.Skip(err)
	}
	memory, err := os.Open("/proc/self/mem")
	if err != nil {
		t.Skip(err)
	}
	defer memory.Close()
	sum := crc32.NewIEEE()
	for _, m := range clean(smaps, program) {
		if _, err := io.Copy(sum, io.NewSectionReader(memory, int64(m.from), int64(m.to-m.from))); err != nil {
			t.Skip(err)
		}
	}
	return sum.Sum32()
}

func mappedKB(t *testing.T) int {
	t.Helper()
	status, err := os.ReadFile("/proc/self/status")
	_, rest, told := bytes.Cut(status, []byte("RssFile:"))
	if !told {
		t.Skip("the kernel does not say how much of files is mapped", err)
	}
	n, err := strconv.Atoi(string(bytes.Fields(rest)[0]))
	if err != nil {
		t.Fatal(err)
	}
	return n
}
