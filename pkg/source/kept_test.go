package source

import (
	"os"
	"path/filepath"
	"testing"
	"time"
)

// What has not changed is not read again, and whatever has changed is: also what was
// changed within the clock's tick, and what looks as it did but for the kernel's word.
func TestUnchangedFilesAreReadOnce(t *testing.T) {
	dir := tree(t, map[string]string{"a.yaml": "one", "sub/b.yaml": "two"})
	a := filepath.Join(dir, "a.yaml")
	info, err := os.Stat(a)
	must(t, err)
	if _, known := stampOf(info); !known {
		t.Skip("the time of a change is not known on this system: everything is read each time")
	}
	d := Dir(dir)
	later := time.Duration(0)
	d.kept.now = func() time.Time { return time.Now().Add(later) }
	read := func(what string, again ...bool) {
		t.Helper()
		first, second := snapshot(t, d), snapshot(t, d)
		if first.Revision != second.Revision {
			t.Errorf("%s: revisions %s and %s of one content", what, first.Revision, second.Revision)
		}
		for i, want := range again {
			if got := first.Files[i].content != second.Files[i].content; got != want {
				t.Errorf("%s: %s was read again: %t, want %t", what, first.Files[i].Path, got, want)
			}
		}
	}
	read("young files", true, true)
	later = time.Minute
	read("old files", false, false)

	before := snapshot(t, d)
	must(t, os.WriteFile(a, []byte("ONE"), 0o644))
	must(t, os.Chtimes(a, time.Time{}, info.ModTime()))
	after := snapshot(t, d)
	if string(after.Files[0].Data()) != "ONE" || after.Revision == before.Revision {
		t.Errorf("%q of an edit that kept size and time", after.Files[0].Data())
	}
	if before.Files[1].content != after.Files[1].content {
		t.Error("the other file was read again")
	}

	must(t, os.Remove(a))
	if s := snapshot(t, d); len(s.Files) != 1 || !s.Complete {
		t.Errorf("a removed file is in %+v", s)
	}
	write(t, a, "ONE")
	if s := snapshot(t, d); string(s.Files[0].Data()) != "ONE" {
		t.Errorf("%q of a file that was made again", s.Files[0].Data())
	}

	before = snapshot(t, d)
	packed := d.kept.files[a].content
	later += wholeAge
	if after := snapshot(t, d); before.Files[0].content == after.Files[0].content || before.Files[1].content == after.Files[1].content {
		t.Error("all files were not read again after a while")
	}
	if d.kept.files[a].content != packed {
		t.Error("what was read again and is the same was packed again")
	}
}
