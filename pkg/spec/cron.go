package spec

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

// cronFields are the five of crontab(5), with their ranges and names.
var cronFields = []struct {
	name     string
	from, to int
	names    []string
}{
	{"minute", 0, 59, nil}, {"hour", 0, 23, nil}, {"day of month", 1, 31, nil},
	{"month", 1, 12, []string{"JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC"}},
	{"day of week", 0, 7, []string{"SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT"}},
}

// badCron says what is wrong with a cron expression, "" for nothing.
func badCron(s string) string {
	parts := strings.Fields(s)
	if len(parts) != len(cronFields) {
		return fmt.Sprintf("expects five fields, minute hour day-of-month month day-of-week, got %d", len(parts))
	}
	for i, f := range cronFields {
		for _, item := range strings.Split(parts[i], ",") {
			span, step, stepped := strings.Cut(item, "/")
			from, to, ranged := strings.Cut(span, "-")
			good := span == "*" || cronValue(from, f.from, f.to, f.names) && (!ranged || cronValue(to, f.from, f.to, f.names))
			if stepped {
				good = good && cronValue(step, 1, f.to, nil)
			}
			if !good {
				return fmt.Sprintf("%s is no %s", quoted(item), f.name)
			}
		}
	}
	return ""
}

func cronValue(s string, from, to int, names []string) bool {
	if slices.Contains(names, strings.ToUpper(s)) {
		return true
	}
	n := 0
	if _, err := fmt.Sscanf(s+"\n", "%d\n", &n); err != nil || strings.Trim(s, "0123456789") != "" {
		return false
	}
	return n >= from && n <= to
}

// cron is a cron expression, read: which values each field takes.
type cron struct {
	takes [5]map[int]bool
	// anyDay: a day field that begins with "*" leaves the day to the other one
	// (crontab(5): with both written, one that matches is enough).
	anyDay [2]bool
}

// parseCron reads what badCron finds nothing wrong with.
func parseCron(s string) (c cron, ok bool) {
	if badCron(s) != "" {
		return c, false
	}
	for i, part := range strings.Fields(s) {
		f := cronFields[i]
		c.takes[i] = map[int]bool{}
		for item := range strings.SplitSeq(part, ",") {
			span, step, stepped := strings.Cut(item, "/")
			from, to, ranged := strings.Cut(span, "-")
			low, high, by := f.from, f.to, 1
			if span != "*" {
				low = cronNumber(from, f.from, f.names)
				if high = low; ranged {
					high = cronNumber(to, f.from, f.names)
				} else if stepped {
					high = f.to
				}
			}
			if stepped {
				by = cronNumber(step, 0, nil)
			}
			if high < low { // FRI-MON goes over the end
				high += f.to - f.from + 1
			}
			for v := low; v <= high; v += by {
				c.takes[i][f.from+(v-f.from)%(f.to-f.from+1)] = true
			}
		}
	}
	if c.takes[4][7] { // Sunday has two numbers
		c.takes[4][0] = true
	}
	parts := strings.Fields(s)
	c.anyDay = [2]bool{strings.HasPrefix(parts[2], "*"), strings.HasPrefix(parts[4], "*")}
	return c, true
}

// cronNumber is the number of a value that is known to be good.
func cronNumber(s string, first int, names []string) int {
	if i := slices.Index(names, strings.ToUpper(s)); i >= 0 {
		return first + i
	}
	n := 0
	_, _ = fmt.Sscanf(s, "%d", &n)
	return n
}

func (c cron) day(t time.Time) bool {
	if !c.takes[3][int(t.Month())] {
		return false
	}
	ofMonth, ofWeek := c.takes[2][t.Day()], c.takes[4][int(t.Weekday())]
	if c.anyDay[0] || c.anyDay[1] {
		return ofMonth && ofWeek
	}
	return ofMonth || ofWeek
}

// last is the latest minute not after t, and less than a while before it, that the
// expression takes.
func (c cron) last(t time.Time, within time.Duration) (time.Time, bool) {
	day := time.Date(t.Year(), t.Month(), t.Day(), 0, 0, 0, 0, time.UTC)
	for ; t.Sub(day) < within+24*time.Hour; day = day.AddDate(0, 0, -1) {
		if !c.day(day) {
			continue
		}
		for hour := 23; hour >= 0; hour-- {
			if !c.takes[1][hour] {
				continue
			}
			for minute := 59; minute >= 0; minute-- {
				at := day.Add(time.Duration(hour)*time.Hour + time.Duration(minute)*time.Minute)
				if c.takes[0][minute] && !at.After(t) {
					return at, t.Sub(at) < within
				}
			}
		}
	}
	return time.Time{}, false
}
