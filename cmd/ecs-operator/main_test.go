package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/ecs-operator/ecs-operator/pkg/sandbox"
)

// TestMain lets the test binary stand in for the real one: it is copied into
// PATH as "ecs-operator", and then is main(). So every test here drives a
// process of its own, as a user does.
func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){"ecs-operator": main})
}

// TestScripts runs testdata/script/*.txtar. The commands that they have beside
// testscript's own:
//
//	exits CODE COMMAND...     runs a command that must end with this exit code
//	until PATTERN COMMAND...  runs a command until its stdout matches: AWS takes its time
//	replace FILE OLD NEW      replaces a text that must be there once
//	writes FILE N             the state file's journal holds N calls that write
//	mark FILE                 remembers the journal of a state file
//	unwritten FILE            since mark, nothing was written
//	aws-that FAULT...         an embedded AWS of the test process that answers so
//	as-told [again] ARGS...   runs the command in backquotes of the last stdout
//	grow FILE N               appends a comment of N bytes
//	serve-git DIR [TOKEN]     serves the repositories below DIR at $GIT_SERVER
//	git-fault KIND            what that server does instead: 503, 200, closed, truncated, none
//	commit REPO BRANCH DIR    commits what stands in DIR
//	unrelated REPO BRANCH DIR the same, with a commit that has no parents
//
// With -short, which is for the race detector, those alone whose processes do most side
// by side.
func TestScripts(t *testing.T) {
	p := testscript.Params{
		Dir:   "testdata/script",
		Setup: scriptSetup,
		Cmds: map[string]func(ts *testscript.TestScript, neg bool, args []string){
			"exits":     scriptExits,
			"until":     scriptUntil,
			"replace":   scriptReplace,
			"writes":    scriptWrites,
			"mark":      scriptMark,
			"unwritten": scriptUnwritten,
			"aws-that":  scriptAWS,
			"grow":      scriptGrow,
			"serve-git": scriptServeGit,
			"git-fault": scriptFault,
			"unrelated": scriptUnrelated,
			"commit":    scriptCommit,
			"as-told":   scriptTold,
		},
	}
	if testing.Short() {
		p.Dir = ""
		for _, name := range []string{"apply_state", "waves", "hooks"} {
			p.Files = append(p.Files, "testdata/script/"+name+".txtar")
		}
	}
	testscript.Run(t, p)
}

// scriptSetup gives each script the quickstart, and no AWS of anybody's.
func scriptSetup(env *testscript.Env) error {
	for _, kv := range os.Environ() {
		name, _, _ := strings.Cut(kv, "=")
		if strings.HasPrefix(name, "AWS_") || strings.HasPrefix(name, "ECS_OPERATOR_") {
			env.Setenv(name, "")
		}
	}
	env.Setenv("HOME", env.WorkDir)
	env.Setenv("AWS_EC2_METADATA_DISABLED", "true")
	env.Setenv("HTTPS_PROXY", nowhere)
	env.Setenv("AWS_CONFIG_FILE", filepath.Join(env.WorkDir, "no-config"))
	env.Setenv("AWS_SHARED_CREDENTIALS_FILE", filepath.Join(env.WorkDir, "no-credentials"))
	env.Setenv("GOGC", os.Getenv("GOGC")) // collecting garbage is a third of a short process
	env.Setenv("SPEED", fastWorld)
	env.Setenv("ECS_OPERATOR_POLL", "50ms")
	env.Setenv("ECS_OPERATOR_SANDBOX_POLICY", generatedPolicy) // every script runs under the policy of its documents, diff under the reader's
	examples, err := filepath.Abs("../../examples")
	if err != nil {
		return err
	}
	env.Setenv("EXAMPLES", examples)
	return os.CopyFS(filepath.Join(env.WorkDir, "quickstart"), os.DirFS("../../examples/quickstart"))
}

// nowhere is a proxy that is not there: no registry is asked in a test.
const nowhere = "http://127.0.0.1:9"

// fastWorld is --sandbox-speed in tests: minutes of a rollout in a moment.
const fastWorld = "300"

func scriptExits(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: exits CODE COMMAND...")
	}
	want, err := strconv.Atoi(args[0])
	ts.Check(err)
	err = ts.Exec(args[1], args[2:]...)
	got := 0
	if exit := (*exec.ExitError)(nil); errors.As(err, &exit) {
		got = exit.ExitCode()
	} else {
		ts.Check(err)
	}
	if got != want {
		ts.Fatalf("exit code %d, want %d", got, want)
	}
}

func scriptUntil(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: until PATTERN COMMAND...")
	}
	pattern, err := regexp.Compile("(?m)" + args[0])
	ts.Check(err)
	const most = 50
	for range most {
		ts.Check(ts.Exec(args[1], args[2:]...))
		if pattern.MatchString(ts.ReadFile("stdout")) {
			return
		}
	}
	ts.Fatalf("%d times no match for %#q", most, args[0])
}

func scriptReplace(ts *testscript.TestScript, _ bool, args []string) {
	if len(args) != 3 {
		ts.Fatalf("usage: replace FILE OLD NEW")
	}
	path := ts.MkAbs(args[0])
	data, err := os.ReadFile(path)
	ts.Check(err)
	if n := bytes.Count(data, []byte(args[1])); n != 1 {
		ts.Fatalf("%s has %q %d times", args[0], args[1], n)
	}
	ts.Check(os.WriteFile(path, bytes.Replace(data, []byte(args[1]), []byte(args[2]), 1), 0o644))
}

func scriptGrow(ts *testscript.TestScript, _ bool, args []string) {
	if len(args) != 2 {
		ts.Fatalf("usage: grow FILE N")
	}
	n, err := strconv.Atoi(args[1])
	ts.Check(err)
	f, err := os.OpenFile(ts.MkAbs(args[0]), os.O_APPEND|os.O_WRONLY, 0o644)
	ts.Check(err)
	_, err = f.WriteString("\n" + strings.Repeat("# "+strings.Repeat("x", 97)+"\n", n/100))
	ts.Check(errors.Join(err, f.Close()))
}

// journalOf reads the journal that a state file keeps.
func journalOf(path string) ([]sandbox.Entry, error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	var state struct{ Journal []sandbox.Entry }
	if err := json.Unmarshal(data, &state); err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return state.Journal, nil
}

// writesIn are the calls that changed something.
func writesIn(entries []sandbox.Entry) []string {
	var out []string
	for _, e := range entries {
		if e.Write && e.Error == "" {
			out = append(out, e.Operation+" "+e.Subject)
		}
	}
	return out
}

func scriptJournal(ts *testscript.TestScript, file string) []string {
	entries, err := journalOf(ts.MkAbs(file))
	ts.Check(err)
	return writesIn(entries)
}

func scriptWrites(ts *testscript.TestScript, _ bool, args []string) {
	if len(args) != 2 {
		ts.Fatalf("usage: writes FILE N")
	}
	if got := scriptJournal(ts, args[0]); strconv.Itoa(len(got)) != args[1] {
		ts.Fatalf("%d writes, want %s:\n%s", len(got), args[1], strings.Join(got, "\n"))
	}
}

func scriptMark(ts *testscript.TestScript, _ bool, args []string) {
	ts.Setenv("MARK", strconv.Itoa(len(scriptJournal(ts, args[0]))))
}

func scriptUnwritten(ts *testscript.TestScript, _ bool, args []string) {
	mark, err := strconv.Atoi(ts.Getenv("MARK"))
	ts.Check(err)
	if got := scriptJournal(ts, args[0]); len(got) != mark {
		ts.Fatalf("writes since mark:\n%s", strings.Join(got[min(mark, len(got)):], "\n"))
	}
}
