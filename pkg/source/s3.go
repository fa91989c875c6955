package source

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"time"
)

// Bucket is a source of the objects under a prefix, or of one archive.
//
// What is read is one moment's: each object is read only as it was listed, by
// its entity tag, and the prefix is listed once more after that. Where anything
// moved meanwhile all is read again, and after some tries it is an error. An
// archive is one object and therefore always one moment's; that is the better
// form where many documents change together.
type Bucket struct {
	place   Place
	objects Objects

	// PollEvery is the rhythm of looking; jitter is added. After errors it is
	// slower, up to eight times.
	PollEvery time.Duration
	// Settle is how long objects that went away under the eyes of this process
	// must have been gone before the snapshot counts as complete: uploads of many
	// files remove some before they add others.
	Settle time.Duration

	limits limits

	mu      sync.Mutex // one snapshot at a time
	archive archived
	objs    map[string]held // by key, of the last snapshot
	lost    time.Time       // when an object was missed last
}

// archived is the last archive that was read.
type archived struct {
	etag     string
	snapshot Snapshot
}

// held is an object that was read.
type held struct {
	etag string
	data []byte
	err  error // a Problem: it is too large
}

// S3 makes a source of a place in S3; objects is its bucket.
func S3(place Place, objects Objects) *Bucket {
	return &Bucket{place: place, objects: objects, PollEvery: 30 * time.Second, Settle: 30 * time.Second, limits: usualLimits(),
		objs: map[string]held{}}
}

// String is the place.
func (b *Bucket) String() string { return b.place.String() }

// Snapshot reads everything once, as far as it is not known already. What
// cannot be read whole is an error, and never looks like less.
func (b *Bucket) Snapshot(ctx context.Context) (Snapshot, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	var s Snapshot
	var err error
	if b.place.Archive {
		s, err = b.unpacked(ctx)
	} else {
		s, err = b.prefix(ctx)
	}
	if err != nil {
		return Snapshot{}, &away{fmt.Errorf("%s: %w", b.place, err)}
	}
	s.Files, s.Problems = slices.Clone(s.Files), slices.Clone(s.Problems)
	return s, nil
}

// unpacked reads the archive, unless it is still the one of the last time.
func (b *Bucket) unpacked(ctx context.Context) (Snapshot, error) {
	o, body, err := b.objects.Get(ctx, b.place.Key, Condition{Unlike: b.archive.etag})
	switch {
	case errors.Is(err, ErrObjectUnchanged) && b.archive.etag != "":
		return b.archive.snapshot, nil
	case errors.Is(err, ErrNoObject):
		return Snapshot{}, fmt.Errorf("%w: upload it, or correct its name", ErrNoObject)
	case err != nil:
		return Snapshot{}, err
	}
	defer body.Close()
	data, err := io.ReadAll(io.LimitReader(body, MaxArchiveBytes+1))
	switch {
	case err != nil:
		return Snapshot{}, fmt.Errorf("its content broke off: %w", err)
	case len(data) > MaxArchiveBytes:
		return Snapshot{}, fmt.Errorf("is larger than %d MiB: pack the documents alone", MaxArchiveBytes>>20)
	case o.Size >= 0 && int64(len(data)) != o.Size:
		return Snapshot{}, fmt.Errorf("its content broke off after %d of %d bytes", len(data), o.Size)
	}
	bag := &basket{limits: b.limits}
	if err := unpack(ctx, b.place.Key, data, bag); err != nil {
		return Snapshot{}, err
	}
	s := bag.snapshot()
	s.Revision = versionName(o.Version)
	if s.Revision == "" {
		s.Revision = revision("s3-", s.Files)
	}
	b.archive = archived{etag: o.ETag, snapshot: s}
	return s, nil
}

// versionName is a version id as a revision, "" for none. AWS allows ids of
// 1,024 bytes; a tag's value has room for 256 and our outputs for less.
func versionName(id string) string {
	switch {
	case id == "" || id == "null":
		return ""
	case len(id) > 64:
		sum := sha256.Sum256([]byte(id))
		return "s3-" + hex.EncodeToString(sum[:6])
	}
	return id
}

// tries is how often a prefix that moves is read.
const tries = 3

func (b *Bucket) prefix(ctx context.Context) (Snapshot, error) {
	for range tries {
		listed, pages, err := b.list(ctx)
		if err != nil {
			return Snapshot{}, err
		}
		s, fetched, err := b.read(ctx, listed)
		if errors.Is(err, ErrObjectChanged) {
			continue
		}
		if err != nil {
			return Snapshot{}, err
		}
		if fetched > 0 || pages > 1 {
			again, _, err := b.list(ctx)
			if err != nil {
				return Snapshot{}, err
			}
			if !slices.Equal(listed, again) {
				continue
			}
		}
		return s, nil
	}
	return Snapshot{}, fmt.Errorf("its objects were changed while they were read, %d times in a row: they are read again later; one archive (.tar.gz) changes in one piece", tries)
}

// list gives all objects that may be specs, by all of its pages or not at all.
func (b *Bucket) list(ctx context.Context) (listed []Object, pages int, err error) {
	token, any := "", false
	for {
		page, next, err := b.objects.List(ctx, b.place.Key, token)
		if err != nil {
			return nil, pages, fmt.Errorf("cannot be listed: %w", err)
		}
		pages++
		for _, o := range page {
			any = true
			if rel, ok := strings.CutPrefix(o.Key, b.place.Key); ok && isSpec(rel) && !hiddenPath(rel) && !strings.HasSuffix(rel, "/") {
				listed = append(listed, o)
			}
		}
		switch {
		case len(listed) > b.limits.files+1: // one over is told, and no more are kept
			return listed[:b.limits.files+1], pages, nil
		case next == "" && !any:
			// S3 has no folders: nothing there is a typing mistake rather than an empty folder.
			return nil, pages, errors.New("no object's key begins so: correct the prefix, upload the documents first, or make the folder (an object whose key is the prefix)")
		case next == "":
			slices.SortFunc(listed, func(a, b Object) int { return strings.Compare(a.Key, b.Key) })
			return listed, pages, nil
		case next == token:
			return nil, pages, errors.New("cannot be listed: the store gives the same page again and again")
		}
		token = next
	}
}

// readers is how many objects are read at once.
const readers = 16

// read reads what was listed as it was listed, the unchanged from memory.
func (b *Bucket) read(ctx context.Context, listed []Object) (s Snapshot, fetched int, err error) {
	bag := &basket{limits: b.limits}
	var wanted []Object
	for _, o := range listed {
		rel := strings.TrimPrefix(o.Key, b.place.Key)
		if odd := trick(rel); odd != "" {
			bag.problem(harmless(rel), "%s", odd)
		} else if bag.admit(rel) {
			wanted = append(wanted, o)
		}
	}
	now, fetched, err := b.fetch(ctx, wanted)
	if err != nil {
		return Snapshot{}, fetched, err
	}
	for _, o := range wanted {
		rel := strings.TrimPrefix(o.Key, b.place.Key)
		c, ok := now[o.Key]
		if c.err != nil {
			bag.problem(rel, "%v", c.err)
		} else if ok && !bag.put(rel, c.data) || !ok && !bag.room(rel, int(o.Size)) {
			break
		}
	}
	b.missed(now)
	if !b.lost.IsZero() && time.Since(b.lost) < b.Settle {
		bag.problem(b.place.String(), "objects went away: nothing is deleted for that before they are gone for %s, because an upload may be under way", b.Settle)
	}
	b.objs = now
	s = bag.snapshot()
	s.Revision = revision("s3-", s.Files)
	return s, fetched, nil
}

// missed notes when objects of the last snapshot are not there any more.
func (b *Bucket) missed(now map[string]held) {
	for key := range b.objs {
		if _, ok := now[key]; !ok {
			b.lost = time.Now()
			return
		}
	}
}

// fetch gives the contents of objects, sixteen at once.
func (b *Bucket) fetch(ctx context.Context, wanted []Object) (map[string]held, int, error) {
	ctx, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	var (
		mu  sync.Mutex
		wg  sync.WaitGroup
		out = make(map[string]held, len(wanted))
		sem = make(chan struct{}, readers)
		n   int
		sum int64
	)
	for _, o := range wanted {
		if c, ok := b.objs[o.Key]; ok && c.etag == o.ETag && o.ETag != "" {
			mu.Lock()
			out[o.Key] = c
			mu.Unlock()
			continue
		}
		if sum += o.Size; sum > int64(b.limits.total) {
			break // the basket says so: it takes no more than that either
		}
		n++
		sem <- struct{}{}
		wg.Go(func() {
			defer func() { <-sem }()
			c, err := b.get(ctx, o)
			if err != nil {
				stop(err)
				return
			}
			mu.Lock()
			out[o.Key] = c
			mu.Unlock()
		})
	}
	wg.Wait()
	return out, n, context.Cause(ctx)
}

// get reads one object as it was listed.
func (b *Bucket) get(ctx context.Context, o Object) (held, error) {
	if err := ctx.Err(); err != nil {
		return held{}, context.Cause(ctx)
	}
	c := held{etag: o.ETag}
	if o.Size > int64(b.limits.file) {
		c.err = tooLarge(b.limits.file)
		return c, nil
	}
	_, body, err := b.objects.Get(ctx, o.Key, Condition{Match: o.ETag})
	if errors.Is(err, ErrNoObject) { // listed, and gone since
		err = ErrObjectChanged
	}
	if err != nil {
		return c, fmt.Errorf("%s: %w", o.Key, err)
	}
	defer body.Close()
	c.data, err = io.ReadAll(io.LimitReader(body, int64(b.limits.file)+1))
	switch {
	case err != nil:
		return c, fmt.Errorf("%s: its content broke off: %w", o.Key, err)
	case int64(len(c.data)) != o.Size:
		return c, fmt.Errorf("%s: its content has %d bytes and not %d, as listed", o.Key, len(c.data), o.Size)
	}
	return c, nil
}

// Watch looks at the place from time to time, and hints when it differs.
func (b *Bucket) Watch(ctx context.Context, hint chan<- struct{}) error {
	last := b.look(ctx)
	send(hint)
	failed := 0
	for {
		pause := b.PollEvery << min(failed, 3)
		t := time.NewTimer(pause - pause/10 + rand.N(pause/5+1))
		select {
		case <-ctx.Done():
			t.Stop()
			return nil
		case <-t.C:
		}
		now := b.look(ctx)
		if now == unseen {
			failed++
		} else {
			failed = 0
		}
		if now != last && ctx.Err() == nil {
			last = now
			send(hint)
		}
	}
}

// unseen is a look that failed; the load that its hint brings tells why.
const unseen = "unseen"

// look names what is there, without reading it.
func (b *Bucket) look(ctx context.Context) string {
	if b.place.Archive {
		o, err := b.objects.Head(ctx, b.place.Key)
		if err != nil {
			return unseen
		}
		return o.ETag + " " + o.Version
	}
	listed, _, err := b.list(ctx)
	if err != nil {
		return unseen
	}
	h := sha256.New()
	for _, o := range listed {
		fmt.Fprintf(h, "%d %s %d %s %d ", len(o.Key), o.Key, len(o.ETag), o.ETag, o.Size)
	}
	return hex.EncodeToString(h.Sum(nil))
}
