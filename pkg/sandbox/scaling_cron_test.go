package sandbox

import (
	"testing"
	"time"
)

func TestSchedules(t *testing.T) {
	const form = "2006-01-02 15:04:05 MST"
	for _, tc := range []struct {
		schedule, zone, after string
		want                  []string // the next times, one after the other
	}{
		{"cron(0 9 ? * MON-FRI *)", "", "2026-11-20 10:00:00 UTC", []string{"2026-11-23 09:00:00 UTC", "2026-11-24 09:00:00 UTC"}},
		{"cron(0/15 8-9 * * ? *)", "UTC", "2026-01-01 09:40:00 UTC", []string{"2026-01-01 09:45:00 UTC", "2026-01-02 08:00:00 UTC"}},
		{"cron(30 6 L * ? *)", "", "2024-02-01 00:00:00 UTC", []string{"2024-02-29 06:30:00 UTC", "2024-03-31 06:30:00 UTC"}},
		{"cron(0 0 15W * ? *)", "", "2026-08-01 00:00:00 UTC", []string{"2026-08-14 00:00:00 UTC", "2026-09-15 00:00:00 UTC"}}, // the 15th of August is a Saturday
		{"cron(0 0 1W * ? *)", "", "2026-07-31 12:00:00 UTC", []string{"2026-08-03 00:00:00 UTC"}},                             // the 1st is one, too
		{"cron(0 12 ? * 3#2 *)", "", "2026-11-01 00:00:00 UTC", []string{"2026-11-10 12:00:00 UTC", "2026-12-08 12:00:00 UTC"}},
		{"cron(0 12 ? * 6L *)", "", "2026-11-01 00:00:00 UTC", []string{"2026-11-27 12:00:00 UTC"}},
		{"cron(0 0 1 JAN,JUL ? 2026-2027)", "", "2026-07-01 00:00:00 UTC", []string{"2027-01-01 00:00:00 UTC", "2027-07-01 00:00:00 UTC", ""}},
		{"cron(0 0 ? * FRI-MON *)", "", "2026-11-24 00:00:00 UTC", []string{"2026-11-27 00:00:00 UTC", "2026-11-28 00:00:00 UTC", "2026-11-29 00:00:00 UTC", "2026-11-30 00:00:00 UTC", "2026-12-04 00:00:00 UTC"}},
		{"cron(0 0 30 2 ? *)", "", "2026-01-01 00:00:00 UTC", []string{""}},
		{"cron(30 2 * * ? *)", "Europe/Berlin", "2026-03-28 12:00:00 UTC", []string{"2026-03-29 01:30:00 UTC", "2026-03-30 00:30:00 UTC"}}, // 02:30 is skipped on the 29th
		{"cron(0 8 * * ? *)", "America/New_York", "2026-07-01 00:00:00 UTC", []string{"2026-07-01 12:00:00 UTC"}},
		{"at(2026-12-24T18:00:00)", "Europe/Berlin", "2026-11-23 00:00:00 UTC", []string{"2026-12-24 17:00:00 UTC", ""}},
		{"rate(5 minutes)", "", "2026-01-01 00:07:00 UTC", []string{"2026-01-01 00:10:00 UTC", "2026-01-01 00:15:00 UTC"}},
		{"rate(1 day)", "", "2026-01-01 00:00:00 UTC", []string{"2026-01-02 00:00:00 UTC"}},
	} {
		s, err := parseSchedule(tc.schedule, tc.zone)
		if err != nil {
			t.Errorf("%s: %v", tc.schedule, err)
			continue
		}
		at, err := time.Parse(form, tc.after)
		if err != nil {
			t.Fatal(err)
		}
		base := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
		for _, want := range tc.want {
			next, ok := s.next(at, base)
			got := ""
			if ok {
				got = next.UTC().Format(form)
			}
			if got != want {
				t.Errorf("%s %s after %s: %q, want %q", tc.schedule, tc.zone, at.UTC().Format(form), got, want)
			}
			at = next
		}
	}
}

func TestBadSchedules(t *testing.T) {
	for _, s := range []string{"", "cron", "cron()", "cron(0 9 * * MON-FRI *)", "cron(0 9 ? * ? *)", "cron(0 9 * * ?)", "cron(60 9 * * ? *)", "cron(0 24 * * ? *)",
		"cron(0 0 32 * ? *)", "cron(0 0 * 13 ? *)", "cron(0 0 ? * 8 *)", "cron(0 0 ? * MON#6 *)", "cron(0/0 0 * * ? *)", "cron(a 0 * * ? *)", "cron(0 0 * * ? 1969)",
		"rate(5)", "rate(0 minutes)", "rate(-1 hours)", "rate(5 weeks)", "at(2026-12-24)", "at(yesterday)", "every(5 minutes)", "cron(0 9 * * ? *"} {
		if _, err := parseSchedule(s, ""); err == nil {
			t.Errorf("%q is accepted", s)
		}
	}
	if _, err := parseSchedule("rate(1 day)", "Mars/Phobos"); err == nil {
		t.Error("a zone of another planet is accepted")
	}
}
