package source

import (
	"archive/tar"
	"archive/zip"
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path"
	"strings"
)

// Bounds of an archive, beside those of every snapshot. What comes out of it is
// bounded by the limit of all bytes together, whether or not it is a spec: a
// small archive may hold terabytes of zeros.
const (
	MaxArchiveBytes   = 64 << 20
	maxArchiveEntries = 100_000
)

// unpacking is an archive that is being read, in memory: nothing of it ever
// becomes a file.
type unpacking struct {
	*basket
	ctx     context.Context
	seen    map[string]bool
	entries int
	bytes   int // that came out so far
}

// unpack reads the spec files of an archive into the basket. An archive that
// cannot be read to its end is an error: what is missing of it is not known.
func unpack(ctx context.Context, name string, data []byte, b *basket) error {
	u := &unpacking{basket: b, ctx: ctx, seen: map[string]bool{}}
	if strings.HasSuffix(strings.ToLower(name), ".zip") {
		return u.zip(data)
	}
	var r io.Reader = bytes.NewReader(data)
	if !strings.HasSuffix(strings.ToLower(name), ".tar") {
		z, err := gzip.NewReader(r)
		if err != nil {
			return fmt.Errorf("is not a gzip file: %w", damaged(err))
		}
		r = z
	}
	return u.tar(r)
}

// entry says whether an entry is a spec file to read, and under which path.
func (u *unpacking) entry(name string, mode fs.FileMode) (string, bool, error) {
	if u.entries++; u.entries > maxArchiveEntries {
		return "", false, fmt.Errorf("holds more than %d entries: pack the documents alone", maxArchiveEntries)
	}
	if err := u.ctx.Err(); err != nil {
		return "", false, err
	}
	shown := path.Clean(strings.TrimSuffix(name, "/"))
	odd := trick(name)
	switch {
	case mode.IsDir() && odd == "":
		return "", false, nil
	case odd != "":
		if isSpec(name) || !mode.IsRegular() {
			u.problem(harmless(name), "%s", odd)
		}
		return "", false, nil
	case hiddenPath(name):
		return "", false, nil
	case !mode.IsRegular():
		if isSpec(name) || path.Ext(name) == "" { // a link called README.md takes nothing away
			u.problem(shown, "is a link or a device and not a file: links are not followed in an archive; pack what it leads to")
		}
		return "", false, nil
	case !isSpec(name):
		return "", false, nil
	case u.seen[shown]:
		u.problem(shown, "is in the archive twice: only the first one is read")
		return "", false, nil
	}
	u.seen[shown] = true
	return shown, u.admit(shown), nil
}

// harmless makes a path harmless to show.
func harmless(name string) string {
	if len(name) > MaxPathBytes {
		name = name[:MaxPathBytes] + "…"
	}
	return strings.Map(printable, name)
}

// file reads one file out of the archive.
func (u *unpacking) file(shown string, r io.Reader) error {
	data, err := io.ReadAll(io.LimitReader(r, int64(u.limits.file)+1))
	switch {
	case err != nil:
		return err
	case len(data) > u.limits.file:
		u.problem(shown, "%v", tooLarge(u.limits.file))
	default:
		u.put(shown, data)
	}
	return nil
}

// tar reads a tar stream to its end.
func (u *unpacking) tar(r io.Reader) error {
	in := &counted{r: r, max: u.limits.total}
	t := tar.NewReader(in)
	for {
		h, err := t.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return damaged(err)
		}
		mode := h.FileInfo().Mode()
		switch h.Typeflag {
		case tar.TypeXGlobalHeader: // git archive's note of the commit
			continue
		case tar.TypeReg, tar.TypeDir:
		default: // symbolic and hard links, devices, FIFOs, and what others invent
			mode |= fs.ModeIrregular
		}
		shown, wanted, err := u.entry(h.Name, mode)
		if err != nil {
			return err
		}
		if wanted {
			if err := u.file(shown, t); err != nil {
				return damaged(err)
			}
		}
	}
	// To the end, for the checksum of gzip; and the end must be marked, because a
	// tar file that was cut between two entries looks whole otherwise.
	if _, err := io.Copy(io.Discard, in); err != nil {
		return damaged(err)
	}
	if in.zeros < 1024 {
		return damaged(io.ErrUnexpectedEOF)
	}
	return nil
}

// zip reads a zip file.
func (u *unpacking) zip(data []byte) error {
	// Before the reader makes something of each.
	if bytes.Count(data, []byte("PK\x01\x02")) > maxArchiveEntries {
		return fmt.Errorf("holds more than %d entries: pack the documents alone", maxArchiveEntries)
	}
	z, err := zip.NewReader(bytes.NewReader(data), int64(len(data)))
	if err != nil {
		return fmt.Errorf("is not a whole zip file: %w", err)
	}
	for _, f := range z.File {
		shown, wanted, err := u.entry(f.Name, f.Mode())
		if err != nil {
			return err
		}
		if !wanted {
			continue
		}
		if f.Flags&1 != 0 {
			u.problem(shown, "is encrypted in the archive: pack it without a password")
			continue
		}
		if err := u.zipped(f, shown); err != nil {
			return damaged(err)
		}
	}
	return nil
}

func (u *unpacking) zipped(f *zip.File, shown string) error {
	r, err := f.Open()
	if err != nil {
		return err
	}
	in := &counted{r: r, max: u.limits.total, n: u.bytes}
	err = u.file(shown, in)
	u.bytes = in.n
	return errors.Join(err, r.Close())
}

// counted bounds how much may be unpacked in all.
type counted struct {
	r      io.Reader
	n, max int
	zeros  int // zero bytes at the end of what was read
}

var errBomb = errors.New("too much comes out of it")

// Read reads on, up to the bound.
func (c *counted) Read(p []byte) (int, error) {
	n, err := c.r.Read(p)
	if c.n += n; c.n > c.max {
		return 0, errBomb
	}
	if tail := len(p[:n]) - len(bytes.TrimRight(p[:n], "\x00")); tail == n {
		c.zeros += n
	} else {
		c.zeros = tail
	}
	return n, err
}

// damaged says in a person's words why an archive cannot be read.
func damaged(err error) error {
	switch {
	case errors.Is(err, errBomb):
		return fmt.Errorf("holds more than %d MiB when it is unpacked: pack the documents alone", MaxTotalBytes>>20)
	case errors.Is(err, io.ErrUnexpectedEOF), errors.Is(err, io.EOF):
		return errors.New("the archive ends too early: it was cut, or its upload did not end; upload it again")
	case errors.Is(err, context.Canceled), errors.Is(err, context.DeadlineExceeded):
		return err
	}
	return fmt.Errorf("the archive is damaged: %w; pack and upload it again", err)
}
