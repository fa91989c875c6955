package main

import (
	"bytes"
	"fmt"
	"os"
	"strings"
	"syscall"
)

// unmapProgram has the kernel forget which pages of the program's file this process has
// used: a start goes through nearly all of them, the life after it through two thirds. They
// stay in the kernel's cache, and whichever is used again is found there. Where the kernel
// does not say what is mapped or refuses, nothing happens: it is no matter of correctness.
func unmapProgram() {
	program, err := os.Readlink("/proc/self/exe")
	if err != nil {
		return
	}
	smaps, err := os.ReadFile("/proc/self/smaps")
	if err != nil {
		return
	}
	for _, m := range clean(smaps, program) {
		// MADV_DONTNEED on a mapping of a file that was never written to: the next use reads
		// the file again (madvise(2)).
		_, _, _ = syscall.Syscall(syscall.SYS_MADVISE, m.from, m.to-m.from, syscall.MADV_DONTNEED)
	}
}

// mapping is a stretch of addresses.
type mapping struct{ from, to uintptr }

// clean are the mappings of a file, out of smaps (proc_pid_smaps(5)), that hold what the
// file does: not written to, and no page a copy of our own, as relocated data is, in memory
// or swapped out.
func clean(smaps []byte, file string) (all []mapping) {
	var m mapping
	ours, copied := false, true
	for line := range bytes.Lines(smaps) {
		f := strings.Fields(string(line))
		switch {
		case len(f) >= 5 && !strings.HasSuffix(f[0], ":"):
			_, err := fmt.Sscanf(f[0], "%x-%x", &m.from, &m.to)
			ours, copied = err == nil && len(f) == 6 && f[5] == file && !strings.Contains(f[1], "w"), true
		case len(f) == 3 && f[0] == "Anonymous:": // of what is in memory
			copied = f[1] != "0"
		case ours && !copied && len(f) == 3 && f[0] == "Swap:" && f[1] == "0": // comes after it
			all = append(all, m)
		}
	}
	return all
}
