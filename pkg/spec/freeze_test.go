package spec

import (
	"testing"
	"time"
)

func TestFrozen(t *testing.T) {
	weekend := Freeze{Cron: "0 16 * * FRI", For: "64h", Reason: "weekend"} // until Monday 08:00
	for _, c := range []struct {
		name    string
		windows []Freeze
		now     string
		until   string // "" for no freeze
		reason  string
	}{
		{"before it begins", []Freeze{weekend}, "2026-11-27T15:59:59Z", "", ""},
		{"at its beginning", []Freeze{weekend}, "2026-11-27T16:00:00Z", "2026-11-30T08:00:00Z", "weekend"},
		{"in the middle", []Freeze{weekend}, "2026-11-29T23:30:00Z", "2026-11-30T08:00:00Z", "weekend"},
		{"a moment before its end", []Freeze{weekend}, "2026-11-30T07:59:59Z", "2026-11-30T08:00:00Z", "weekend"},
		{"at its end", []Freeze{weekend}, "2026-11-30T08:00:00Z", "", ""},
		{"another zone is converted", []Freeze{weekend}, "2026-11-27T17:30:00+02:00", "", ""},
		{"over the turn of the year", []Freeze{{Cron: "0 0 20 12 *", For: "336h"}}, "2027-01-02T12:00:00Z", "2027-01-03T00:00:00Z", ""},
		{"either day field is enough", []Freeze{{Cron: "0 0 13 * FRI", For: "24h"}}, "2026-11-20T12:00:00Z", "2026-11-21T00:00:00Z", ""},
		{"Sunday is 7 too", []Freeze{{Cron: "0 0 * * 7", For: "24h"}}, "2026-11-29T12:00:00Z", "2026-11-30T00:00:00Z", ""},
		{"a range over the end of the week", []Freeze{{Cron: "0 0 * * FRI-MON", For: "1h"}}, "2026-11-30T00:30:00Z", "2026-11-30T01:00:00Z", ""},
		{"a step", []Freeze{{Cron: "*/20 9-17 * * *", For: "5m"}}, "2026-11-27T09:44:00Z", "2026-11-27T09:45:00Z", ""},
		{"between two steps", []Freeze{{Cron: "*/20 9-17 * * *", For: "5m"}}, "2026-11-27T09:46:00Z", "", ""},
		{"a step from a value", []Freeze{{Cron: "5/30 * * * *", For: "1m"}}, "2026-11-27T09:35:30Z", "2026-11-27T09:36:00Z", ""},
		{"the one that ends last is told", []Freeze{{Cron: "0 9 * * *", For: "2h", Reason: "a"}, {Cron: "0 9 * * *", For: "3h", Reason: "b"}}, "2026-11-27T10:00:00Z", "2026-11-27T12:00:00Z", "b"},
		{"one that follows at once prolongs it", []Freeze{{Cron: "0 9 * * *", For: "2h", Reason: "a"}, {Cron: "0 11 * * *", For: "3h", Reason: "b"}}, "2026-11-27T10:00:00Z", "2026-11-27T14:00:00Z", "a"},
		{"a day that is never", []Freeze{{Cron: "0 0 31 2 *", For: "1000h"}}, "2026-03-03T00:00:00Z", "", ""},
		{"no time at all", []Freeze{{Cron: "* * * * *", For: "0s"}}, "2026-11-27T10:00:00Z", "", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			now, err := time.Parse(time.RFC3339, c.now)
			if err != nil {
				t.Fatal(err)
			}
			w, until, frozen := Frozen(c.windows, now)
			got := ""
			if frozen {
				got = until.Format(time.RFC3339)
			}
			if got != c.until || w.Reason != c.reason {
				t.Errorf("until %q because of %q, want %q because of %q", got, w.Reason, c.until, c.reason)
			}
		})
	}
	if _, until, frozen := Frozen([]Freeze{{Cron: "* * * * *", For: "1h"}}, time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)); !frozen || until.Year() != 2027 {
		t.Errorf("a freeze that never ends is told for a year: %v %v", frozen, until)
	}
}
