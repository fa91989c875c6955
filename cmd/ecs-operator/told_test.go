package main

import (
	"regexp"
	"strings"

	"github.com/rogpeppe/go-internal/testscript"
)

// told is a command in what the program says, as a reader copies it.
var told = regexp.MustCompile("`(ecs-operator [^`]+)`")

// scriptTold runs the command that the last stdout tells the reader, with what is
// added to it, and remembers it: "as-told again" runs that one once more. Negated,
// it must fail.
func scriptTold(ts *testscript.TestScript, neg bool, args []string) {
	line := ts.Getenv("TOLD")
	if len(args) > 0 && args[0] == "again" {
		args = args[1:]
	} else {
		m := told.FindStringSubmatch(ts.ReadFile("stdout"))
		if m == nil {
			ts.Fatalf("stdout tells no command")
		}
		line = m[1]
		ts.Setenv("TOLD", line)
	}
	words := append(strings.Fields(line), args...)
	err := ts.Exec(words[0], words[1:]...)
	if neg != (err != nil) {
		ts.Fatalf("%s: %v", strings.Join(words, " "), err)
	}
}
