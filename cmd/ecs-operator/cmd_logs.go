package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"regexp"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/ecs-operator/ecs-operator/pkg/reconcile"
	"github.com/ecs-operator/ecs-operator/pkg/resource"
)

type logsOptions struct {
	serviceOptions
	container string
	task      string
	since     time.Duration
	tail      int
	follow    bool
	noPrefix  bool
	poll      time.Duration
}

// AddFlags declares the flags of logs.
func (o *logsOptions) AddFlags(f *pflag.FlagSet) {
	o.serviceOptions.AddFlags(f)
	f.StringVarP(&o.container, "container", "c", "", "only this `CONTAINER`")
	f.StringVar(&o.task, "task", "", "only the task whose id begins with this `ID`")
	f.DurationVar(&o.since, "since", 0, "only lines of the last while, like 10m")
	f.IntVar(&o.tail, "tail", 100, "how many of the newest lines, -1 for all that there are")
	f.BoolVar(&o.follow, "follow", false, "go on until Ctrl-C")
	f.BoolVar(&o.noPrefix, "no-prefix", false, "print the lines alone, without time, task and container")
	f.DurationVar(&o.poll, "poll", 0, "with --follow: how often to look for more (default 2s)")
}

func (o *logsOptions) finalize() error {
	switch {
	case o.since < 0:
		return fmt.Errorf("--since %s: want a while, like 10m", o.since)
	case o.tail < -1:
		return fmt.Errorf("--tail %d: want a number of lines, or -1 for all", o.tail)
	case o.poll != 0 && o.poll < 50*time.Millisecond:
		return fmt.Errorf("--poll %s: want at least 50ms", o.poll)
	case o.noPrefix && o.json():
		return errors.New("--no-prefix and -o json exclude each other")
	}
	return o.outputOptions.finalize()
}

// logsReport is `logs -o json`; with --follow there is a logsLine for each line.
type logsReport struct {
	serviceFrame
	Items []resource.LogLine `json:"items"`
}

// logsLine is one line of `logs --follow -o json`.
type logsLine struct {
	APIVersion string `json:"apiVersion"`
	resource.LogLine
}

func newLogsCommand(c *console, g *globalOptions) *cobra.Command {
	o := &logsOptions{}
	cmd := &cobra.Command{
		Use:   "logs NAME",
		Short: "Print what the containers of a service wrote",
		Long: `logs reads the streams that the awslogs driver writes for the service's tasks, those
that stopped within the last hour with them, and prints the newest lines of all in
the order of time. With --follow it goes on, and takes up tasks that are started
meanwhile. What other log drivers write cannot be read here; it says so.

NAME is the service's name or cluster/name in the documents; with --cluster it is
the ECS service's name, and no document is needed. Nothing is written.

Exit codes: 0, also after Ctrl-C; 2 an error, also when nothing can be read.`,
		Example: `  ecs-operator logs checkout -f services/

  # What a container wrote in the last ten minutes, and what comes
  ecs-operator logs checkout -c api --since 10m --tail -1 --follow --cluster main

  # Why did this task stop?
  ecs-operator logs checkout --task 9f1c2d3e --no-prefix -f services/`,
		Args: exactlyOneName,
		RunE: func(cmd *cobra.Command, args []string) error {
			return runLogs(cmd.Context(), c, g, o, args[0])
		},
	}
	o.AddFlags(cmd.Flags())
	return cmd
}

// logsPoll is how often a followed log is looked at: each look is a call for each stream.
const logsPoll = 2 * time.Second

func runLogs(ctx context.Context, c *console, g *globalOptions, o *logsOptions, name string) error {
	if err := o.finalize(); err != nil {
		return err
	}
	n, err := o.find(ctx, c, g, name, job{readOnly: true})
	if err != nil {
		return err
	}
	defer n.m.close()
	q := reconcile.LogQuery{Container: o.container, Task: o.task, Tail: o.tail, Follow: o.follow, Every: o.poll}
	if q.Every == 0 {
		q.Every = logsPoll
	}
	if o.since > 0 {
		q.Since = n.m.clock(c)().Add(-o.since)
	}
	w := logWriter{c: c, o: o, report: logsReport{Items: []resource.LogLine{}}, colours: map[string]int{}}
	err = n.m.Logs(ctx, n.unit, q, w.write, func(why string) { c.note("%s", why) })
	if err == nil && w.lines == 0 && !o.follow {
		c.note("%s: nothing was written that is left", n.unit.Key)
	}
	if err != nil || !o.json() || o.follow {
		return err
	}
	w.report.serviceFrame = n.frame(ctx, "logs")
	return writeJSON(c.out, w.report)
}

// logWriter prints lines.
type logWriter struct {
	c       *console
	o       *logsOptions
	report  logsReport
	lines   int
	colours map[string]int // by task and container, in the order of their coming
}

func (w *logWriter) write(lines []resource.LogLine) error {
	w.lines += len(lines)
	for _, l := range lines {
		switch {
		case w.o.json() && w.o.follow:
			text, err := json.Marshal(logsLine{"ecs-operator/logs-line/v1", l})
			if err != nil {
				return err
			}
			if _, err := fmt.Fprintf(w.c.out, "%s\n", text); err != nil {
				return err
			}
		case w.o.json():
			w.report.Items = append(w.report.Items, l)
		default:
			if _, err := fmt.Fprintln(w.c.out, w.line(l)); err != nil {
				return err
			}
		}
	}
	return nil
}

func (w *logWriter) line(l resource.LogLine) string {
	text := strings.TrimRight(l.Message, "\r\n")
	if w.c.outTTY {
		text = harmless(text)
	}
	if w.o.noPrefix {
		return text
	}
	p := w.c.outStyle
	paints := []func(a ...any) string{p.good, p.warn, p.loud, p.bold}
	who := l.Task[:min(len(l.Task), 8)] + " " + l.Container
	if _, ok := w.colours[who]; !ok {
		w.colours[who] = len(w.colours)
	}
	return p.dim(time.UnixMilli(l.At).UTC().Format("2006-01-02T15:04:05.000Z")) + " " + paints[w.colours[who]%len(paints)](who) + "  " + text
}

// colourCode is what a line may ask of a terminal: colours.
var colourCode = regexp.MustCompile("\x1b\\[[0-9;]*m")

// harmless takes out of a line what would steer the terminal; colours stay.
func harmless(s string) string {
	var b strings.Builder
	for s != "" {
		at := colourCode.FindStringIndex(s)
		end := len(s)
		if at != nil {
			end = at[0]
		}
		b.WriteString(strings.Map(func(r rune) rune {
			if r < 0x20 && r != '\t' || r >= 0x7f && r < 0xa0 {
				return -1
			}
			return r
		}, s[:end]))
		if at == nil {
			break
		}
		b.WriteString(s[at[0]:at[1]])
		s = s[at[1]:]
	}
	return b.String()
}
