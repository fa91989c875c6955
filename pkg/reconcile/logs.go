package reconcile

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/ecs-operator/ecs-operator/pkg/resource"
)

// LogQuery says what of a service's logs is wanted.
type LogQuery struct {
	Container string // "" for all
	Task      string // beginning of an id, "" for all
	Since     time.Time
	Tail      int // the newest lines of all streams together, below 0 for all that there are
	Follow    bool
	Every     time.Duration // how often to look for more
}

// newTasks is how often it is looked for tasks that were started meanwhile.
const newTasks = 10 * time.Second

// streamsAtOnce are read side by side.
const streamsAtOnce = 8

// Logs hands what the containers of a unit's service wrote to emit, in the order of
// time, and with Follow goes on until ctx ends. It answers with the containers that
// nothing can be read of, one sentence each.
func (e *Engine) Logs(ctx context.Context, u *resource.Unit, q LogQuery, emit func([]resource.LogLine) error, note func(string)) error {
	service, err := e.present(ctx, u)
	if err != nil {
		return err
	}
	r := logReading{e: e, u: u, q: q, service: service, cursors: map[resource.LogStream]resource.LogCursor{}, noted: map[string]bool{}, note: note}
	if err := r.find(ctx); err != nil {
		return err
	}
	first, tail := true, q.Tail
	for looked := time.Now(); ; {
		if tail != 0 || !first {
			lines, err := r.read(ctx, tail)
			if err = r.passing(err, first); err != nil {
				return err
			}
			if len(lines) > 0 {
				if err := emit(lines); err != nil {
					return err
				}
			}
		} else if err := r.skip(ctx); err != nil {
			return err
		}
		first, tail = false, -1
		if !q.Follow || !rest(ctx, q.Every) {
			return nil
		}
		if time.Since(looked) >= newTasks {
			looked = time.Now()
			if err := r.passing(r.find(ctx), false); err != nil && ctx.Err() == nil {
				return err
			}
		}
	}
}

// logReading is one Logs under way.
type logReading struct {
	e       *Engine
	u       *resource.Unit
	q       LogQuery
	service resource.Live
	streams []resource.LogStream
	cursors map[resource.LogStream]resource.LogCursor
	noted   map[string]bool
	note    func(string)
}

// passing tells a failure that is over soon, and forgives it: what is followed is
// asked for again. The first time there is nothing yet to go on with.
func (r *logReading) passing(err error, first bool) error {
	if class := resource.ClassOf(err); err == nil || first || class != resource.ClassThrottled && class != resource.ClassTransient {
		return err
	}
	r.note(err.Error())
	return nil
}

// find looks for streams. Those that come later are read from their beginning.
func (r *logReading) find(ctx context.Context) error {
	all, err := r.e.o.Rollouts.LogStreams(ctx, r.service)
	if err != nil {
		return fmt.Errorf("%s: its tasks could not be read: %w", r.u.Key, err)
	}
	var wanted []resource.LogStream
	containers := map[string]bool{}
	for _, s := range all {
		containers[s.Container] = true
		if (r.q.Container == "" || s.Container == r.q.Container) && strings.HasPrefix(s.Task, r.q.Task) {
			wanted = append(wanted, s)
		}
	}
	if len(wanted) == 0 && !r.q.Follow {
		return r.nothing(all, containers)
	}
	var streams []resource.LogStream
	later := false
	for _, s := range wanted {
		if why := unreadable(s); why != "" {
			later = later || r.q.Follow && s.Driver == "awslogs" // a task that starts
			if !r.noted[why] {
				r.noted[why] = true
				r.note(why)
			}
			continue
		}
		s.Stopped = false // the same stream before and after
		if _, known := r.cursors[s]; !known {
			r.cursors[s] = ""
		}
		streams = append(streams, s)
	}
	if len(wanted) > 0 && len(streams) == 0 && !later {
		return fmt.Errorf("%s: none of it can be read here: %s", r.u.Key, unreadable(wanted[0]))
	}
	for s := range r.cursors { // of tasks that ECS has forgotten there is nothing to come
		if !slices.Contains(streams, s) {
			delete(r.cursors, s)
		}
	}
	r.streams = streams
	return nil
}

// nothing says why no stream is meant.
func (r *logReading) nothing(all []resource.LogStream, containers map[string]bool) error {
	switch {
	case len(all) == 0:
		return fmt.Errorf("%s: it has no tasks, and had none in the last hour", r.u.Key)
	case r.q.Container != "" && !containers[r.q.Container]:
		var names []string
		for name := range containers {
			names = append(names, name)
		}
		slices.Sort(names)
		return fmt.Errorf("%s: no container is called %s: there are %s", r.u.Key, r.q.Container, strings.Join(names, ", "))
	}
	return fmt.Errorf("%s: no task of the last hour begins with %s: `ecs-operator tasks %s` lists them", r.u.Key, r.q.Task, r.u.Key.Name)
}

// unreadable says why nothing can be read of a container, "" where it can.
func unreadable(s resource.LogStream) string {
	switch {
	case s.Driver == "":
		return fmt.Sprintf("container %s of %s has no logConfiguration: what it writes stays on its container instance, if anywhere", s.Container, s.TaskDefinition)
	case s.Driver != "awslogs":
		return fmt.Sprintf("container %s of %s logs with the driver %s: look where that leads; what awslogs writes can be read here", s.Container, s.TaskDefinition, s.Driver)
	case s.Group == "" || s.Stream == "":
		return fmt.Sprintf("container %s of %s has no stream yet", s.Container, s.TaskDefinition)
	}
	return ""
}

// read reads what is new in every stream, the newest n lines, below 0 for all.
func (r *logReading) read(ctx context.Context, n int) ([]resource.LogLine, error) {
	var mu sync.Mutex
	var wg sync.WaitGroup
	var all []resource.LogLine
	var failed error
	slots := make(chan struct{}, streamsAtOnce)
	for _, s := range r.streams {
		mu.Lock()
		from := r.cursors[s]
		mu.Unlock()
		slots <- struct{}{}
		wg.Go(func() {
			defer func() { <-slots }()
			lines, to, err := r.drain(ctx, s, from, n)
			mu.Lock()
			defer mu.Unlock()
			all, r.cursors[s] = append(all, lines...), to
			if err != nil && failed == nil && ctx.Err() == nil {
				failed = fmt.Errorf("%s: the log stream %s of the group %s could not be read: %w", r.u.Key, s.Stream, s.Group, err)
			}
		})
	}
	wg.Wait()
	slices.SortStableFunc(all, func(a, b resource.LogLine) int {
		return cmp.Or(cmp.Compare(a.At, b.At), strings.Compare(a.Task, b.Task))
	})
	if n >= 0 && len(all) > n {
		all = all[len(all)-n:]
	}
	return all, failed
}

// drain reads a stream on to its end, or with n its newest lines.
func (r *logReading) drain(ctx context.Context, s resource.LogStream, from resource.LogCursor, n int) ([]resource.LogLine, resource.LogCursor, error) {
	since := int64(0)
	if !r.q.Since.IsZero() {
		since = r.q.Since.UnixMilli()
	}
	var all []resource.LogLine
	for {
		lines, to, err := r.e.o.Rollouts.ReadLog(ctx, r.u.Key.Target, s, from, since, max(n, 0))
		if err != nil {
			return all, from, err
		}
		all = append(all, lines...)
		if to == from || n > 0 { // the end
			return all, to, nil
		}
		from = to
	}
}

// skip goes to the end of every stream.
func (r *logReading) skip(ctx context.Context) error {
	_, err := r.read(ctx, 1)
	return err
}
