package spec

import (
	"fmt"
	"time"

	"gopkg.in/yaml.v3"
)

// Freeze is a time in which an Environment wants nothing to be deployed.
type Freeze struct {
	Cron   string // when it begins: the five fields of crontab(5), in UTC
	For    string // how long it lasts, a Go duration
	Reason string
	Pos    string
}

// windows reads spec.freeze.
func (e *environment) windows(f *frame, n *yaml.Node) {
	if n.Kind != yaml.SequenceNode {
		e.r.errorf(n, "spec.freeze: expects a list, got %s: write it as a list", got(n))
		return
	}
	for i, item := range n.Content {
		w := Freeze{Pos: e.r.pos(item)}
		path := fmt.Sprintf("spec.freeze[%d]", i)
		f.fields(item, path, []field{
			{name: "cron", decode: func(_, v *yaml.Node) {
				if s, ok := f.text(v, path+".cron"); ok {
					if problem := badCron(s); problem != "" {
						e.r.errorf(v, "%s.cron: %s: %s", path, quoted(s), problem)
					}
					w.Cron = s
				}
			}},
			{name: "for", decode: func(_, v *yaml.Node) { w.For = f.duration(v, path+".for") }},
			{name: "reason", decode: func(_, v *yaml.Node) { w.Reason, _ = f.text(v, path+".reason") }},
		})
		for name, have := range map[string]bool{"cron": hasKey(item, "cron"), "for": hasKey(item, "for")} {
			if !have && item.Kind == yaml.MappingNode {
				e.r.errorf(item, "%s: %s is required", path, name)
			}
		}
		e.freeze = append(e.freeze, w)
	}
}

func hasKey(n *yaml.Node, name string) bool {
	_, v := lookup(n, name)
	return v != nil && !isNull(v)
}

// longestFreeze bounds how far ahead the end of windows is looked for that follow
// one upon another.
const longestFreeze = 366 * 24 * time.Hour

// Frozen finds the window that holds at a time, and when the freeze ends: windows
// that overlap or follow at once are one freeze. Of several that hold, the one
// that ends last is told.
func Frozen(windows []Freeze, now time.Time) (w Freeze, until time.Time, frozen bool) {
	now = now.UTC()
	for at := now; at.Sub(now) < longestFreeze; at = until {
		longer := false
		for _, x := range windows {
			if end, ok := x.end(at); ok && end.After(at) && end.After(until) {
				until, longer = end, true
				if at.Equal(now) {
					w = x
				}
			}
		}
		if !longer {
			break
		}
	}
	return w, until, !until.IsZero()
}

// end is when the window that holds at a time is over; false when none does.
func (w Freeze) end(at time.Time) (time.Time, bool) {
	lasts, err := time.ParseDuration(w.For)
	c, ok := parseCron(w.Cron)
	if err != nil || !ok || lasts <= 0 {
		return time.Time{}, false
	}
	begun, ok := c.last(at, lasts)
	if !ok {
		return time.Time{}, false
	}
	return begun.Add(lasts), true
}
