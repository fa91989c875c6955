package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"os/signal"
	"sync"
	"syscall"
	"time"

	"github.com/fatih/color"
	"golang.org/x/term"
)

// console is the world outside: streams, environment and what the streams can show.
type console struct {
	in                 io.Reader
	out, err           io.Writer
	outTTY, errTTY     bool
	outStyle, errStyle palette
	getenv             func(string) string
	environ            func() []string
	now                func() time.Time
}

// processConsole is the console of this process.
func processConsole() *console {
	c := &console{in: os.Stdin, out: os.Stdout, err: os.Stderr, getenv: os.Getenv, environ: os.Environ, now: time.Now}
	c.outTTY = term.IsTerminal(int(os.Stdout.Fd()))
	c.errTTY = term.IsTerminal(int(os.Stderr.Fd()))
	c.outStyle = newPalette(wantsColor(c.outTTY, c.getenv))
	c.errStyle = newPalette(wantsColor(c.errTTY, c.getenv))
	return c
}

// wantsColor follows https://no-color.org and http://bixense.com/clicolors.
func wantsColor(tty bool, getenv func(string) string) bool {
	switch {
	case getenv("NO_COLOR") != "":
		return false
	case getenv("CLICOLOR_FORCE") != "" && getenv("CLICOLOR_FORCE") != "0":
		return true
	case getenv("TERM") == "dumb":
		return false
	}
	return tty
}

func (c *console) noColor() {
	c.outStyle, c.errStyle = newPalette(false), newPalette(false)
}

// note prints one line that is not data.
func (c *console) note(format string, args ...any) {
	_, _ = fmt.Fprintf(c.err, format+"\n", args...)
}

// palette colours words. The symbols and the words carry the meaning; colours
// only help to find them.
type palette struct {
	good, warn, bad, loud, dim, bold func(a ...any) string
}

func newPalette(enabled bool) palette {
	paint := func(attrs ...color.Attribute) func(a ...any) string {
		c := color.New(attrs...)
		if enabled {
			c.EnableColor()
		} else {
			c.DisableColor()
		}
		return c.SprintFunc()
	}
	return palette{
		good: paint(color.FgGreen),
		warn: paint(color.FgYellow),
		bad:  paint(color.FgRed),
		loud: paint(color.FgMagenta, color.Bold),
		dim:  paint(color.Faint),
		bold: paint(color.Bold),
	}
}

// signalContext ends at the first SIGINT or SIGTERM; the second ends the process at once.
func signalContext(c *console) (context.Context, context.CancelFunc) {
	ctx, cancel := context.WithCancel(context.Background())
	signals := make(chan os.Signal, 2)
	signal.Notify(signals, os.Interrupt, syscall.SIGTERM)
	done := make(chan struct{})
	go func() {
		select {
		case <-signals:
			cancel()
		case <-done:
			return
		}
		select {
		case <-signals:
			_, _ = fmt.Fprintln(c.err, "stopped at once, on the second signal")
			os.Exit(130)
		case <-done:
		}
	}()
	return ctx, sync.OnceFunc(func() {
		signal.Stop(signals)
		close(done)
		cancel()
	})
}
