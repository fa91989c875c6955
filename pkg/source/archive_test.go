package source

import (
	"archive/tar"
	"archive/zip"
	"bytes"
	"compress/gzip"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/ecs-operator/ecs-operator/pkg/frugal"
)

// member is an entry of an archive as somebody hostile writes it.
type member struct {
	name, text string
	kind       byte // of tar; 0 is a file
}

func tarOf(t testing.TB, members ...member) []byte {
	t.Helper()
	var b bytes.Buffer
	w := tar.NewWriter(&b)
	for _, m := range members {
		h := &tar.Header{Name: m.name, Typeflag: m.kind, Mode: 0o644}
		switch m.kind {
		case 0:
			h.Typeflag, h.Size = tar.TypeReg, int64(len(m.text))
		case tar.TypeXGlobalHeader:
			h = &tar.Header{Typeflag: m.kind, PAXRecords: map[string]string{"comment": m.text}}
		default:
			h.Linkname = m.text
		}
		if err := w.WriteHeader(h); err != nil {
			t.Fatal(err)
		}
		if m.kind == 0 {
			if _, err := io.WriteString(w, m.text); err != nil {
				t.Fatal(err)
			}
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func gzipped(t testing.TB, raw []byte) []byte {
	t.Helper()
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	if _, err := w.Write(raw); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func zipOf(t testing.TB, members ...member) []byte {
	t.Helper()
	var b bytes.Buffer
	w := zip.NewWriter(&b)
	for _, m := range members {
		h := &zip.FileHeader{Name: m.name, Method: zip.Deflate}
		h.SetMode(0o644)
		if m.kind == tar.TypeSymlink {
			h.SetMode(fs.ModeSymlink | 0o777)
		}
		f, err := w.CreateHeader(h)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := io.WriteString(f, m.text); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

var files = []member{{name: "./b.yaml", text: "b"}, {name: "sub/a.yml", text: "a"}, {name: "README.md", text: "no"}, {name: "sub/.git/x.yaml", text: "no"}, {name: ".h.yaml", text: "no"}}

func unpacked(t testing.TB, name string, data []byte) (Snapshot, error) {
	t.Helper()
	b := &basket{limits: usualLimits()}
	err := unpack(t.Context(), name, data, b)
	return b.snapshot(), err
}

func TestArchivesOfEveryForm(t *testing.T) {
	plain := tarOf(t, files...)
	for name, data := range map[string][]byte{"x.tar": plain, "x.tar.gz": gzipped(t, plain), "x.tgz": gzipped(t, plain), "X.ZIP": zipOf(t, files...)} {
		s, err := unpacked(t, name, data)
		if err != nil || !s.Complete || len(s.Files) != 2 || s.Files[0].Path != "b.yaml" || string(s.Files[1].Data()) != "a" {
			t.Errorf("%s: %+v, %v", name, s, err)
		}
		// Cut anywhere, it is an error: what is missing is not known.
		for cut := range len(data) - 1 {
			if cut%64 == 0 || cut > len(data)-40 {
				if name == "x.tar" && len(data)-cut < 1024 {
					continue // within the blocks of zeros that end it
				}
				if s, err := unpacked(t, name, data[:cut]); err == nil {
					t.Fatalf("%s cut at %d of %d: %d files and no error", name, cut, len(data), len(s.Files))
				}
			}
		}
	}
}

// What an archive may try. None of it is read, each is told, and nothing is pruned
// for what such an archive has not.
func TestHostileArchives(t *testing.T) {
	good := member{name: "good.yaml", text: "g"}
	for name, m := range map[string]member{
		"upwards":          {name: "../evil.yaml", text: "x"},
		"upwards inside":   {name: "a/../../evil.yaml", text: "x"},
		"upwards and back": {name: "a/../good.yaml", text: "x"},
		"absolute":         {name: "/etc/evil.yaml", text: "x"},
		"backslash":        {name: `..\evil.yaml`, text: "x"},
		"drive":            {name: "C:evil.yaml", text: "x"},
		"control":          {name: "a\x1b[2Jevil.yaml", text: "x"},
		"newline":          {name: "a\nb.yaml", text: "x"},
		"symlink":          {name: "evil.yaml", text: "/etc/passwd", kind: tar.TypeSymlink},
		"symlinked folder": {name: "evil", text: "/etc", kind: tar.TypeSymlink},
		"hard link":        {name: "evil.yaml", text: "good.yaml", kind: tar.TypeLink},
		"device":           {name: "evil.yaml", kind: tar.TypeChar},
		"FIFO":             {name: "evil.yaml", kind: tar.TypeFifo},
		"twice":            {name: "./good.yaml", text: "other"},
		"too large":        {name: "evil.yaml", text: strings.Repeat("x", MaxFileBytes+1)},
		"long path":        {name: strings.Repeat("d/", 256) + "evil.yaml", text: "x"},
	} {
		archives := map[string][]byte{"x.tar": tarOf(t, good, m)}
		if m.kind == 0 || m.kind == tar.TypeSymlink {
			archives["x.zip"] = zipOf(t, good, m)
		}
		for form, data := range archives {
			s, err := unpacked(t, form, data)
			if err != nil || s.Complete || len(s.Problems) != 1 || len(s.Files) != 1 || string(s.Files[0].Data()) != "g" {
				t.Errorf("%s in %s: files %d, problems %v, %v", name, form, len(s.Files), s.Problems, err)
			}
			for _, p := range s.Problems {
				if strings.ContainsAny(p.Path+p.Message, "\n\x1b") {
					t.Errorf("%s: control characters in %q", name, p.Path+p.Message)
				}
			}
		}
	}
	// These take nothing away.
	for _, m := range []member{{name: "README", kind: tar.TypeDir}, {name: "go.txt", text: "x", kind: tar.TypeSymlink}, {text: "commit", kind: tar.TypeXGlobalHeader}, {name: ".hidden/x.yaml", text: "x", kind: tar.TypeSymlink}} {
		if s, err := unpacked(t, "x.tar", tarOf(t, good, m)); err != nil || !s.Complete {
			t.Errorf("%+v: %v, %v", m, s.Problems, err)
		}
	}
}

// zeros is a tar stream of n zero bytes under one name, without holding them.
func zeros(t *testing.T, name string, n int64) []byte {
	t.Helper()
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	w := tar.NewWriter(z)
	if err := w.WriteHeader(&tar.Header{Name: name, Typeflag: tar.TypeReg, Size: n}); err != nil {
		t.Fatal(err)
	}
	if _, err := io.CopyN(w, nothing{}, n); err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(w.Close(), z.Close()); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

type nothing struct{}

func (nothing) Read(p []byte) (int, error) { clear(p); return len(p), nil }

func TestArchiveBombs(t *testing.T) {
	small := basket{limits: limits{file: 1 << 10, files: 100, total: 1 << 20, path: 100}}
	many := make([]member, 0, 2000)
	for n := range 2000 {
		many = append(many, member{name: fmt.Sprint(n, ".yaml"), text: strings.Repeat("x", 4<<10)})
	}
	entries := []byte{}
	for range maxArchiveEntries + 1 {
		entries = binary.LittleEndian.AppendUint32(entries, 0x02014b50)
	}
	for name, data := range map[string][]byte{
		"a.tgz": zeros(t, "big.bin", 2<<20), "b.tgz": zeros(t, "big.yaml", 2<<20), "c.zip": zipOf(t, many...), "d.zip": entries,
	} {
		b := small
		err := unpack(context.Background(), name, data, &b)
		if s := b.snapshot(); err == nil && s.Complete {
			t.Errorf("%s: no error, and a complete snapshot", name)
		}
		if b.total > b.limits.total {
			t.Errorf("%s: %d bytes kept", name, b.total)
		}
	}
}

// FuzzUnpack: whatever the bytes are, no panic, and nothing out of bounds.
func FuzzUnpack(f *testing.F) {
	f.Add("x.tar", tarOf(f, files...))
	f.Add("x.tgz", gzipped(f, tarOf(f, files...)))
	f.Add("x.zip", zipOf(f, files...))
	f.Fuzz(func(t *testing.T, name string, data []byte) {
		frugal.Input(t, func() {
			b := &basket{limits: limits{file: 1 << 10, files: 10, total: 1 << 16, path: 64}}
			_ = unpack(t.Context(), name, data, b)
			s := b.snapshot()
			if b.total > b.limits.total || len(s.Files) > b.limits.files {
				t.Fatalf("%d bytes in %d files", b.total, len(s.Files))
			}
			for _, file := range s.Files {
				if trick(file.Path) != "" || hiddenPath(file.Path) || !isSpec(file.Path) || file.Len() > b.limits.file {
					t.Fatalf("%q was read", file.Path)
				}
			}
		})
	})
}

func TestParsePlace(t *testing.T) {
	for in, want := range map[string]Place{
		"s3://bucket":                {Bucket: "bucket"},
		"s3://bucket/":               {Bucket: "bucket"},
		"s3://bucket/services":       {Bucket: "bucket", Key: "services/"},
		"s3://bucket/services/":      {Bucket: "bucket", Key: "services/"},
		"s3://bucket/a/specs.TAR.gz": {Bucket: "bucket", Key: "a/specs.TAR.gz", Archive: true},
		"s3://bucket/specs.zip":      {Bucket: "bucket", Key: "specs.zip", Archive: true},
		"s3://bucket/specs.zip/":     {Bucket: "bucket", Key: "specs.zip/"},
	} {
		if got, err := ParsePlace(in); err != nil || got != want {
			t.Errorf("%s: %+v, %v", in, got, err)
		}
	}
	for _, in := range []string{"", "bucket/x", "s3:/bucket", "https://bucket.s3.amazonaws.com/x", "s3://", "s3://Bucket/x", "s3://a/x", "s3://user:pass@bucket/x", "s3://bucket/a\nb"} {
		if got, err := ParsePlace(in); err == nil {
			t.Errorf("%q: %+v", in, got)
		}
	}
}

// still is a source whose Watch says nothing by itself.
type still struct{}

func (still) Snapshot(context.Context) (Snapshot, error)         { return Snapshot{}, nil }
func (still) Watch(ctx context.Context, _ chan<- struct{}) error { <-ctx.Done(); return nil }

func TestPokesAreSlowedDown(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := Poke(still{})
		hint := make(chan struct{}, 1)
		ctx, stop := context.WithCancel(t.Context())
		done := make(chan struct{})
		go func() { defer close(done); _ = p.Watch(ctx, hint) }()
		var came []time.Duration
		start := time.Now()
		go func() {
			for {
				select {
				case <-hint:
					came = append(came, time.Since(start))
				case <-ctx.Done():
					return
				}
			}
		}()
		for range 2500 { // 100 a second for 25 s
			p.Poke()
			time.Sleep(10 * time.Millisecond)
		}
		time.Sleep(time.Minute)
		p.Poke() // after a calm: at once
		synctest.Wait()
		stop()
		<-done
		synctest.Wait()
		want := []time.Duration{0, 10 * time.Second, 20 * time.Second, 30 * time.Second, 85 * time.Second}
		if !slices.Equal(came, want) {
			t.Errorf("hints at %v, want %v", came, want)
		}
	})
}
