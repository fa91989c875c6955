package reconcile

import (
	"context"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/ecs-operator/ecs-operator/pkg/resource"
	"github.com/ecs-operator/ecs-operator/pkg/sandbox"
)

// logging is hello with two containers, one of which logs where nobody can read.
func logging(image string) string {
	return strings.Replace(hello("hello", image), "portMappings: [{containerPort: 80}]}", `portMappings: [{containerPort: 80}],
         logConfiguration: {logDriver: awslogs, options: {awslogs-group: /ecs/hello, awslogs-region: us-east-1, awslogs-stream-prefix: p}}}
      - {name: side, image: "envoy:1", memory: 64, logConfiguration: {logDriver: splunk, options: {splunk-url: "https://s"}}}
      - {name: plain, image: "busybox:1", memory: 16}`, 1)
}

// The lines of all tasks are read in the order of time, and followed into tasks that
// are started meanwhile, each line once; what cannot be read is named.
func TestLogs(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world) {
		w.files.put("hello.yaml", logging("nginx:1.29"))
		w.wait(w.engine())
		e := w.engine()
		u := w.load(e).Units[0]
		read := func(q LogQuery) (lines, notes []string, err error) {
			err = e.Logs(t.Context(), u, q, func(all []resource.LogLine) error {
				for _, l := range all {
					lines = append(lines, l.Container+" "+l.Message)
				}
				return nil
			}, func(why string) { notes = append(notes, why) })
			return lines, notes, err
		}
		lines, notes, err := read(LogQuery{Tail: -1})
		w.ok(err)
		if got := strings.Join(lines, "; "); strings.Count(got, "web nginx:1.29: starting") != 2 || len(lines) != 4 {
			t.Errorf("lines: %s", got)
		}
		if got := strings.Join(notes, "; "); !strings.Contains(got, "container side of default-hello:1 logs with the driver splunk: look where that leads") ||
			!strings.Contains(got, "container plain of default-hello:1 has no logConfiguration") || len(notes) != 2 {
			t.Errorf("notes: %s", got)
		}
		if lines, _, _ := read(LogQuery{Tail: 3}); len(lines) != 3 {
			t.Errorf("tail: %v", lines)
		}
		if lines, _, _ := read(LogQuery{Tail: -1, Since: w.sandbox.Clock()}); len(lines) != 0 {
			t.Errorf("since now: %v", lines)
		}
		for q, want := range map[LogQuery]string{
			{Container: "side"}:  "none of it can be read here: container side",
			{Container: "other"}: "no container is called other: there are plain, side, web",
			{Task: "zz"}:         "no task of the last hour begins with zz",
		} {
			if _, _, err := read(q); err == nil || !strings.Contains(err.Error(), want) {
				t.Errorf("%+v: %v", q, err)
			}
		}

		var mu sync.Mutex
		seen := map[string]int{}
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan error, 1)
		follower := w.engine()
		go func() {
			done <- follower.Logs(ctx, u, LogQuery{Container: "web", Tail: 0, Follow: true, Every: 2 * time.Second}, func(all []resource.LogLine) error {
				mu.Lock()
				defer mu.Unlock()
				for _, l := range all {
					seen[l.Task+" "+l.Message]++
				}
				return nil
			}, func(string) {})
		}()
		w.sleep(5 * time.Second)
		w.spoil(func(_ context.Context, c sandbox.Call) *sandbox.Fault { // who follows does not give up for that
			if c.Operation == "ListTasks" {
				return &sandbox.Fault{Code: "ThrottlingException", Message: "Rate exceeded"}
			}
			return nil
		})
		w.sleep(2 * newTasks)
		w.spoil(nil)
		w.files.put("hello.yaml", logging("nginx:1.30"))
		w.wait(w.engine())
		w.sleep(minute)
		cancel()
		w.ok(<-done)
		mu.Lock()
		defer mu.Unlock()
		started, stopped := 0, 0
		for line, n := range seen {
			if n != 1 {
				t.Errorf("%d times: %s", n, line)
			}
			if strings.Contains(line, "nginx:1.30: starting") {
				started++
			}
			if strings.Contains(line, "SIGTERM") {
				stopped++
			}
		}
		if started != 2 || stopped != 2 {
			t.Errorf("followed: %v", seen)
		}
	})
}
