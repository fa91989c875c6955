package sandbox

import (
	"fmt"
	"strconv"
	"strings"
	"time"
	_ "time/tzdata" // the static image has no zone files
)

// schedule is a parsed at, rate or cron expression.
type schedule struct {
	at    time.Time
	every time.Duration
	cron  *cronExpression
	zone  *time.Location
}

// errSchedule is the refusal of what is no schedule.
var errSchedule = refuse("ValidationException", "Schedule must be at(yyyy-mm-ddThh:mm:ss), rate(value unit) or cron(fields)")

// parseSchedule reads the three forms of Application Auto Scaling (SDK comment
// of PutScheduledActionInput.Schedule). Times are in the zone, UTC without one.
func parseSchedule(s, zone string) (*schedule, error) {
	loc, err := time.LoadLocation(zone) // "" is UTC
	if err != nil || strings.EqualFold(zone, "local") {
		return nil, refuse("ValidationException", "Timezone %q is not a known time zone", zone)
	}
	name, inner, ok := strings.Cut(strings.TrimSpace(s), "(")
	inner, closed := strings.CutSuffix(inner, ")")
	if !ok || !closed {
		return nil, errSchedule
	}
	out := &schedule{zone: loc}
	switch name {
	case "at":
		out.at, err = time.ParseInLocation("2006-01-02T15:04:05", inner, loc)
		if err != nil {
			return nil, errSchedule
		}
	case "rate":
		if out.every, err = parseRate(inner); err != nil {
			return nil, err
		}
	case "cron":
		if out.cron, err = parseCron(inner); err != nil {
			return nil, err
		}
	default:
		return nil, errSchedule
	}
	return out, nil
}

func parseRate(s string) (time.Duration, error) {
	value, unit, ok := strings.Cut(s, " ")
	n, err := strconv.Atoi(value)
	units := map[string]time.Duration{"minute": time.Minute, "minutes": time.Minute, "hour": time.Hour, "hours": time.Hour,
		"day": 24 * time.Hour, "days": 24 * time.Hour}
	if u := units[unit]; ok && err == nil && n > 0 && n < 1<<20 && u > 0 {
		return time.Duration(n) * u, nil
	}
	return 0, fmt.Errorf("rate(%s): it is a positive number and minute, minutes, hour, hours, day or days", s)
}

// next is the first time after t; base is where a rate counts from.
func (s *schedule) next(t, base time.Time) (time.Time, bool) {
	switch {
	case s.cron != nil:
		return s.cron.next(t.In(s.zone))
	case s.every > 0:
		if t.Before(base) {
			return base, true
		}
		n := t.Sub(base)/s.every + 1
		return base.Add(n * s.every), true
	}
	return s.at, s.at.After(t)
}

// cronExpression is AWS' six-field form: minutes, hours, day of month, month,
// day of week (1 is Sunday), year. One of the two day fields is "?".
type cronExpression struct {
	minute, hour, month, year cronSet
	days                      []dayRule // of the month
	weekdays                  []dayRule // of the week
}

// cronSet are the allowed values of a field.
type cronSet map[int]bool

// dayRule is one term of a day field.
type dayRule struct {
	set     cronSet // plain values
	last    bool    // L: last day, or the last such weekday
	nearest bool    // W: the weekday nearest to the day
	nth     int     // #n: the n-th such weekday
	day     int     // of nearest, last weekday and nth
}

var (
	monthNames   = []string{"JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC"}
	weekdayNames = []string{"SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT"}
)

// Years that a cron expression may name.
const firstYear, lastYear = 1970, 2199

// parseCron reads the fields.
func parseCron(s string) (*cronExpression, error) {
	f := strings.Fields(strings.ToUpper(s))
	if len(f) != 6 {
		return nil, fmt.Errorf("cron(%s): it has six fields: minutes, hours, day of month, month, day of week, year", s)
	}
	if (f[2] == "?") == (f[4] == "?") {
		return nil, fmt.Errorf("cron(%s): exactly one of day of month and day of week is ?", s)
	}
	var c cronExpression
	var err error
	fields := []struct {
		to        *cronSet
		text      string
		low, high int
		names     []string
	}{{&c.minute, f[0], 0, 59, nil}, {&c.hour, f[1], 0, 23, nil}, {&c.month, f[3], 1, 12, monthNames}, {&c.year, f[5], firstYear, lastYear, nil}}
	for _, x := range fields {
		if *x.to, err = parseCronSet(x.text, x.low, x.high, x.names); err != nil {
			return nil, fmt.Errorf("cron(%s): %w", s, err)
		}
	}
	if c.days, err = parseDays(f[2], 31, nil); err == nil {
		c.weekdays, err = parseDays(f[4], 7, weekdayNames)
	}
	if err != nil {
		return nil, fmt.Errorf("cron(%s): %w", s, err)
	}
	return &c, nil
}

// parseCronSet reads "*", values, names, ranges, steps and lists of them.
func parseCronSet(text string, low, high int, names []string) (cronSet, error) {
	set := cronSet{}
	for _, term := range strings.Split(text, ",") {
		span, by, stepped := strings.Cut(term, "/")
		step := 1
		if stepped {
			n, err := strconv.Atoi(by)
			if err != nil || n < 1 {
				return nil, fmt.Errorf("%q is no step", term)
			}
			step = n
		}
		from, to := low, high
		if span != "*" {
			first, last, ranged := strings.Cut(span, "-")
			var ok bool
			if from, ok = cronValue(first, low, high, names); !ok {
				return nil, fmt.Errorf("%q is not between %d and %d", term, low, high)
			}
			switch {
			case ranged:
				if to, ok = cronValue(last, low, high, names); !ok {
					return nil, fmt.Errorf("%q is not between %d and %d", term, low, high)
				}
			case !stepped:
				to = from
			}
		}
		if to < from { // FRI-MON goes over the end
			to += high - low + 1
		}
		for v := from; v <= to; v += step {
			set[low+(v-low)%(high-low+1)] = true
		}
	}
	return set, nil
}

func cronValue(s string, low, high int, names []string) (int, bool) {
	for i, n := range names {
		if s == n {
			return low + i, true
		}
	}
	n, err := strconv.Atoi(s)
	return n, err == nil && n >= low && n <= high
}

// parseDays reads a day field: what parseCronSet reads, and L, W and #.
func parseDays(text string, high int, names []string) ([]dayRule, error) {
	if text == "?" {
		return nil, nil
	}
	var rules []dayRule
	for _, term := range strings.Split(text, ",") {
		r, err := parseDay(term, high, names)
		if err != nil {
			return nil, err
		}
		rules = append(rules, r)
	}
	return rules, nil
}

func parseDay(term string, high int, names []string) (r dayRule, err error) {
	weekly := names != nil
	if term == "L" { // the last day of the month; of the week that is Saturday
		if weekly {
			return dayRule{set: cronSet{7: true}}, nil
		}
		return dayRule{last: true}, nil
	}
	if term == "LW" && !weekly {
		return dayRule{last: true, nearest: true}, nil
	}
	suffix := func(s string) (int, bool) {
		v, ok := strings.CutSuffix(term, s)
		if !ok {
			return 0, false
		}
		return cronValue(v, 1, high, names)
	}
	if weekly {
		if d, ok := suffix("L"); ok {
			return dayRule{last: true, day: d}, nil
		}
		if day, n, ok := strings.Cut(term, "#"); ok {
			d, isDay := cronValue(day, 1, high, names)
			nth, isNth := cronValue(n, 1, 5, nil)
			if !isDay || !isNth {
				return r, fmt.Errorf("%q is no n-th weekday", term)
			}
			return dayRule{nth: nth, day: d}, nil
		}
	} else if d, ok := suffix("W"); ok {
		return dayRule{nearest: true, day: d}, nil
	}
	r.set, err = parseCronSet(term, 1, high, names)
	return r, err
}

// next is the first matching minute after t, in t's zone. A time that the clocks
// skip comes at the end of the gap; one that they repeat comes once.
func (c *cronExpression) next(t time.Time) (time.Time, bool) {
	zone := t.Location()
	day := time.Date(t.Year(), t.Month(), t.Day(), 0, 0, 0, 0, time.UTC)
	for ; day.Year() <= lastYear; day = day.AddDate(0, 0, 1) {
		if !c.year[day.Year()] {
			day = time.Date(day.Year(), 12, 31, 0, 0, 0, 0, time.UTC)
			continue
		}
		if !c.month[int(day.Month())] {
			day = time.Date(day.Year(), day.Month()+1, 0, 0, 0, 0, 0, time.UTC)
			continue
		}
		if !c.matchesDay(day) {
			continue
		}
		for hour := range 24 {
			if !c.hour[hour] {
				continue
			}
			for minute := range 60 {
				if !c.minute[minute] {
					continue
				}
				if at := time.Date(day.Year(), day.Month(), day.Day(), hour, minute, 0, 0, zone); at.After(t) {
					return at, true
				}
			}
		}
	}
	return time.Time{}, false
}

func (c *cronExpression) matchesDay(day time.Time) bool {
	length := time.Date(day.Year(), day.Month()+1, 0, 0, 0, 0, 0, time.UTC).Day()
	for _, r := range c.days {
		if r.matchesMonthDay(day, length) {
			return true
		}
	}
	weekday := int(day.Weekday()) + 1
	for _, r := range c.weekdays {
		switch {
		case r.nth > 0:
			if weekday == r.day && (day.Day()-1)/7+1 == r.nth {
				return true
			}
		case r.last:
			if weekday == r.day && day.Day()+7 > length {
				return true
			}
		case r.set[weekday]:
			return true
		}
	}
	return false
}

// matchesMonthDay applies a term of the day-of-month field.
func (r dayRule) matchesMonthDay(day time.Time, length int) bool {
	if !r.last && !r.nearest {
		return r.set[day.Day()]
	}
	wanted := r.day
	if r.last {
		wanted = length
	}
	if wanted > length {
		return false
	}
	if r.nearest {
		wanted = nearestWeekday(day, wanted, length)
	}
	return day.Day() == wanted
}

// nearestWeekday moves a Saturday back and a Sunday on, within the month.
func nearestWeekday(day time.Time, wanted, length int) int {
	switch time.Date(day.Year(), day.Month(), wanted, 0, 0, 0, 0, time.UTC).Weekday() {
	case time.Saturday:
		if wanted == 1 {
			return 3
		}
		return wanted - 1
	case time.Sunday:
		if wanted == length {
			return wanted - 2
		}
		return wanted + 1
	}
	return wanted
}
