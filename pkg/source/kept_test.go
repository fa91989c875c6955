package source

import (
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
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
	kept := d.kept.files[a].content
	later += wholeAge
	if after := snapshot(t, d); before.Files[0].content == after.Files[0].content || before.Files[1].content == after.Files[1].content {
		t.Error("all files were not read again after a while")
	}
	if d.kept.files[a].content != kept {
		t.Error("what was read again and is the same is kept anew")
	}
}

// What is kept is packed once there is much of it, as far as that makes it smaller and not
// again; what is edited afterwards is kept as it is.
func TestMuchThatIsKeptIsPacked(t *testing.T) {
	text, noise := strings.Repeat("containerDefinitions: [{name: web}]\n", 80), make([]byte, mostLoose)
	_, _ = rand.NewChaCha8([32]byte{}).Read(noise)
	files := map[string]string{"noise.yaml": string(noise)}
	for i := range mostLoose / len(text) {
		files[fmt.Sprintf("%d.yaml", i)] = text
	}
	dir := tree(t, files)
	one := filepath.Join(dir, "1.yaml")
	if info, err := os.Stat(one); err != nil {
		t.Fatal(err)
	} else if _, known := stampOf(info); !known {
		t.Skip("the time of a change is not known on this system: nothing is kept")
	}
	d := Dir(dir)
	later := time.Minute
	d.kept.now = func() time.Time { return time.Now().Add(later) }
	same := func(what string) map[string]keptFile {
		t.Helper()
		for _, f := range snapshot(t, d).Files {
			if want := files[filepath.Base(f.Path)]; string(f.Data()) != want {
				t.Errorf("%s: %s has %d bytes that are not its own, of %d", what, f.Path, len(f.Data()), len(want))
			}
		}
		return d.kept.files
	}
	first := same("read")
	for path, f := range first {
		if dense := filepath.Base(path) == "noise.yaml"; f.content.dense != dense || (f.content.packed == nil) != dense {
			t.Errorf("%s of %d bytes: packed to %d", path, f.content.size, len(f.content.packed))
		}
	}
	files["1.yaml"] = "an edit"
	write(t, one, files["1.yaml"])
	for _, what := range []string{"kept", "read again"} {
		for path, f := range same(what) {
			if edited := path == one; edited != (f.content != first[path].content) || edited && f.content.plain == nil {
				t.Errorf("%s: %s is kept anew: %t", what, path, !edited)
			}
		}
		later += wholeAge
	}
}
