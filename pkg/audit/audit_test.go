package audit

import (
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/ecs-operator/ecs-operator/pkg/awsclient"
)

func lines(t *testing.T, path string) []Record {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	var out []Record
	for line := range strings.Lines(string(data)) {
		var r Record
		if err := json.Unmarshal([]byte(line), &r); err != nil || !strings.HasSuffix(line, "\n") {
			t.Fatalf("%q: %v", line, err)
		}
		out = append(out, r)
	}
	return out
}

func TestAppends(t *testing.T) {
	path := filepath.Join(t.TempDir(), "audit.jsonl")
	for range 2 { // a second process goes on where the first ended
		l, err := Open(path)
		if err != nil {
			t.Fatal(err)
		}
		var all sync.WaitGroup
		for range 20 {
			all.Go(func() {
				if err := l.Add(Record{Operation: "ecs:UpdateService", Outcome: OK}); err != nil {
					t.Error(err)
				}
			})
		}
		all.Wait()
	}
	if got := lines(t, path); len(got) != 40 || got[0].APIVersion != APIVersion {
		t.Errorf("%d lines", len(got))
	}
	if i, err := os.Stat(path); err != nil || i.Mode().Perm() != 0o600 {
		t.Error(i.Mode(), err)
	}
}

// TestAttempts: what fails is numbered until it succeeds, each resource by itself.
func TestAttempts(t *testing.T) {
	path := filepath.Join(t.TempDir(), "audit.jsonl")
	l, err := Open(path)
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range []Record{{Service: "a", Outcome: "throttled"}, {Service: "b", Outcome: OK}, {Service: "a", Outcome: Unknown}, {Service: "a", Outcome: OK}, {Service: "a", Outcome: OK}} {
		if err := l.Add(r); err != nil {
			t.Fatal(err)
		}
	}
	var got []int
	for _, r := range lines(t, path) {
		got = append(got, r.Attempt)
	}
	if want := []int{1, 1, 2, 3, 1}; len(got) != 5 || [5]int(got) != [5]int(want) {
		t.Error(got)
	}
}

// full is a disk without room.
type full struct {
	room  bool
	lines strings.Builder
}

func (f *full) Write(p []byte) (int, error) {
	if !f.room {
		return 0, errors.New("no space left on device")
	}
	return f.lines.Write(p)
}

// TestFullDisk: a record that cannot be written is kept, and stops every further
// write until it can.
func TestFullDisk(t *testing.T) {
	disk := &full{}
	l := To(disk)
	if err := l.Ready(); err != nil {
		t.Fatal(err)
	}
	if err := l.Add(Record{Operation: "ecs:CreateService"}); err == nil {
		t.Error("nobody was told")
	}
	if err := l.Ready(); err == nil || !strings.Contains(err.Error(), "no space left") || !strings.Contains(err.Error(), "refused before sending") {
		t.Error(err)
	}
	disk.room = true
	if err := l.Ready(); err != nil || strings.Count(disk.lines.String(), "\n") != 1 {
		t.Errorf("%v: %q", err, disk.lines.String())
	}
	var none *Log
	if none.Ready() != nil || none.Add(Record{}) != nil {
		t.Error("no audit is no error")
	}
}

// TestOnlyAttempts: a read has no record, nor has a write that never left.
func TestOnlyAttempts(t *testing.T) {
	for _, c := range []struct {
		call awsclient.Call
		want bool
	}{
		{awsclient.Call{Operation: "DescribeServices", Sent: true}, false},
		{awsclient.Call{Operation: "UpdateService", Write: true, Err: errors.New("no credentials")}, false},
		{awsclient.Call{Operation: "UpdateService", Write: true, Sent: true, Err: errors.New("EOF")}, true},
	} {
		if _, got := Of(c.call); got != c.want {
			t.Errorf("%+v: %v", c.call, got)
		}
	}
}

func TestOpenSays(t *testing.T) {
	if _, err := Open(t.TempDir()); err == nil {
		t.Error("a directory was taken")
	}
	if _, err := os.Stat("/dev/full"); err != nil {
		t.Skip("no /dev/full")
	}
	l, err := Open("/dev/full")
	if err != nil {
		t.Skip(err)
	}
	if l.Add(Record{}) == nil || l.Ready() == nil {
		t.Error("a full device took a record")
	}
}
