package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"runtime/debug"
	"strings"

	"github.com/spf13/cobra"

	"github.com/ecs-operator/ecs-operator/pkg/shape"
	"github.com/ecs-operator/ecs-operator/pkg/source"
	"github.com/ecs-operator/ecs-operator/pkg/status"
)

const issuesURL = "https://github.com/ecs-operator/ecs-operator/issues"

func main() {
	source.ActAsSSH(os.Args[1:]) // git may have started it in the place of ssh
	os.Exit(execute(processConsole(), os.Args[1:]))
}

// execute runs one command line and returns the exit code.
func execute(c *console, args []string) (code int) {
	defer func() {
		if r := recover(); r != nil {
			reportPanic(c.err, shape.Fault(r), debug.Stack())
			code = errorCode(args, c.getenv)
		}
	}()
	ctx, stop := signalContext(c)
	defer stop()
	root := newRootCommand(c)
	root.SetArgs(args)
	return report(c, root.ExecuteContext(ctx), errorCode(args, c.getenv))
}

// report prints what a command returned and turns it into the exit code; without
// one of its own an error ends with the code given.
func report(c *console, err error, code int) int {
	if err == nil {
		return status.ExitOK
	}
	var coded *exitError
	if !errors.As(err, &coded) {
		coded = &exitError{code: code, err: err}
	}
	if coded.err != nil && !errors.Is(coded.err, context.Canceled) {
		_, _ = fmt.Fprintf(c.err, "%s %s\n", c.errStyle.bad("Error:"), coded.err)
	}
	return coded.code
}

// reportPanic tells a user, in a few lines, what to send us. The stack goes to
// a file of its own: a terminal full of goroutines helps nobody.
func reportPanic(w io.Writer, cause string, stack []byte) {
	_, _ = fmt.Fprintf(w, "Error: ecs-operator has a defect and stopped: %s\n", cause)
	if f, err := os.CreateTemp("", "ecs-operator-crash-*.txt"); err == nil {
		_, _ = fmt.Fprintf(f, "%s\n%s\n\n%s", buildVersion(), cause, stack)
		if f.Close() == nil {
			_, _ = fmt.Fprintf(w, "Please report it at %s with the file %s (it holds no values of your specs).\n", issuesURL, f.Name())
			return
		}
	}
	_, _ = fmt.Fprintf(w, "Please report it at %s with this:\n%s\n", issuesURL, stack)
}

// exitError is an error that leads to an exit code of its own. A nil err means
// that everything there is to say has been said.
type exitError struct {
	code int
	err  error
}

func (e *exitError) Error() string {
	if e.err == nil {
		return fmt.Sprintf("exit %d", e.code)
	}
	return e.err.Error()
}

func (e *exitError) Unwrap() error { return e.err }

// exitWith ends a command with a code and no message; nil for 0.
func exitWith(code int) error {
	if code == status.ExitOK {
		return nil
	}
	return &exitError{code: code}
}

// newRootCommand builds the whole command tree.
func newRootCommand(c *console) *cobra.Command {
	g := &globalOptions{}
	root := &cobra.Command{
		Use:   "ecs-operator",
		Short: "GitOps for Amazon ECS: keeps services as your files declare them",
		Long: `ecs-operator keeps Amazon ECS services, and everything that must move with
them (task definition, target groups, listener rules, scaling, alarms), in the
state that documents in a directory declare.

It needs no database and no cluster of its own: what it must remember stands in
AWS tags. With --sandbox it works on an embedded AWS and reaches nothing else.`,
		Example: `  # See it work without an AWS account
  ecs-operator run --sandbox examples/quickstart

  # What would change in AWS? (exit 1: something)
  ecs-operator diff services/

  # Make it so, and wait until every rollout has ended
  ecs-operator apply --wait services/`,
		SilenceErrors: true,
		SilenceUsage:  true,
		PersistentPreRunE: func(cmd *cobra.Command, _ []string) error {
			if err := bindEnvironment(cmd, c.getenv); err != nil {
				return err
			}
			g.began(c, cmd)
			return g.finalize(c, cmd)
		},
		SuggestionsMinimumDistance: 2,
	}
	root.SetOut(c.out)
	root.SetErr(c.err)
	root.SetIn(strings.NewReader(""))
	root.SetFlagErrorFunc(flagError)
	g.AddFlags(root.PersistentFlags())
	root.AddCommand(
		newRunCommand(c, g),
		newDiffCommand(c, g),
		newApplyCommand(c, g),
		newStatusCommand(c, g),
		newWaitCommand(c, g),
		newAbortCommand(c, g),
		newRestartCommand(c, g),
		newRollbackCommand(c, g),
		newScaleCommand(c, g),
		newHistoryCommand(c, g),
		newTasksCommand(c, g),
		newEventsCommand(c, g),
		newLogsCommand(c, g),
		newRetryCommand(c, g),
		newApproveCommand(c, g),
		newHandoverCommand(c, g),
		newSuspendCommand(c, g),
		newResumeCommand(c, g),
		newVerifyCommand(c, g),
		newPolicyCommand(c, g),
		newValidateCommand(c, g),
		newRenderCommand(c, g),
		newGetCommand(c, g),
		newImportCommand(c, g),
		newSetCommand(c, g),
		newPromoteCommand(c, g),
		newSandboxCommand(c, g),
		newVersionCommand(c, g),
		newHealthcheckCommand(c, g),
		newExplainCommand(c),
		newSchemaCommand(c),
		newManCommand(),
	)
	root.InitDefaultHelpCmd()
	root.InitDefaultCompletionCmd()
	addCompletionExamples(root)
	addCompletions(root, c)
	return root
}
