package source

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"path"
	"slices"
	"strconv"
	"strings"
)

// entry is a file of a commit that looks like a spec.
type entry struct {
	path string
	id   string // of the blob
}

// listing is what a commit holds below the watched paths.
type listing struct {
	basket
	paths   []string          // nil for all
	seen    map[string]string // modes of the watched paths
	entries []entry
	count   int
	most    int
	anyMode bool // see unguarded
}

// files reads a commit: the tree, the blobs that are missing in one request, and
// then all of them in one go.
func (g *Git) files(ctx context.Context, repo, commit string) (Snapshot, error) {
	l := &listing{basket: basket{limits: g.limits, anyName: g.unguarded.names}, paths: g.paths, seen: map[string]string{}, most: g.git.entries, anyMode: g.unguarded.modes}
	args := []string{"ls-tree", "-r", "-t", "-z", "--full-tree", commit, "--"}
	if _, err := g.run(ctx, command{dir: repo, args: append(args, g.paths...), out: l.read}); err != nil && !errors.Is(err, errEnough) {
		return Snapshot{}, err
	}
	if l.count > l.most {
		return Snapshot{}, &refusal{commit, fmt.Errorf("%s: more than %d entries stand below the watched paths, and nothing of commit %.7s is used: watch a smaller part of the repository (--path)", g.url, l.most, commit)}
	}
	if l.full {
		return Snapshot{}, &refusal{commit, fmt.Errorf("%s: more than %d files stand below the watched paths, and nothing of commit %.7s is used: watch a smaller part of the repository (--path)", g.url, l.limits.files, commit)}
	}
	for _, p := range g.paths {
		if l.seen[p] == "" && g.o.MayLack {
			continue
		}
		if wrong := l.absent(p); wrong != "" && !l.full {
			return Snapshot{}, fmt.Errorf("%s: the path %q %s in commit %.7s", g.url, p, wrong, commit)
		}
	}
	blobs := &blobs{g: g, repo: repo, sizes: map[string]int64{}, data: map[string][]byte{}}
	for _, e := range l.entries {
		blobs.want(e.id)
	}
	if err := blobs.check(ctx); err != nil {
		return Snapshot{}, err
	}
	if missing := blobs.missing(); len(missing) > 0 {
		if err := g.missing(ctx, repo, missing); err != nil {
			return Snapshot{}, err
		}
		if err := blobs.check(ctx); err != nil {
			return Snapshot{}, err
		}
		if n := len(blobs.missing()); n > 0 {
			return Snapshot{}, fmt.Errorf("%s did not send %d of %d files", g.url, n, len(missing))
		}
	}
	var total int64
	for _, e := range l.entries {
		if size := blobs.sizes[e.id]; size <= int64(g.limits.file) {
			total += size
		}
	}
	if total > int64(g.limits.total) {
		return Snapshot{}, &refusal{commit, fmt.Errorf("%s: the files below the watched paths are together larger than %d MiB, and nothing of commit %.7s is used: watch a smaller part of the repository (--path)", g.url, g.limits.total>>20, commit)}
	}
	if err := blobs.read(ctx, int64(g.limits.file), int64(g.limits.total)); err != nil {
		return Snapshot{}, err
	}
	for _, e := range l.entries {
		if blobs.sizes[e.id] > int64(g.limits.file) {
			l.problem(e.path, "%v", tooLarge(g.limits.file))
		} else if !l.put(e.path, blobs.data[e.id]) {
			break
		}
	}
	return l.snapshot(), nil
}

// errEnough ends a listing at a limit.
var errEnough = errors.New("enough")

// read takes the output of ls-tree -z: MODE TYPE ID, a tab and the path.
func (l *listing) read(r io.Reader) error {
	lines := bufio.NewReaderSize(r, 64<<10)
	for {
		line, err := lines.ReadSlice(0)
		if errors.Is(err, bufio.ErrBufferFull) {
			var rest []byte
			line = bytes.Clone(line)
			rest, err = lines.ReadBytes(0)
			line = append(line, rest...)
		}
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return err
		}
		head, name, ok := bytes.Cut(bytes.TrimSuffix(line, []byte{0}), []byte{'\t'})
		mode, typeAndID, _ := bytes.Cut(head, []byte{' '})
		_, id, complete := bytes.Cut(typeAndID, []byte{' '})
		if !ok || !complete {
			return fmt.Errorf("git ls-tree said %q", line)
		}
		if l.count++; l.count > l.most {
			return errEnough
		}
		if l.entry(string(mode), string(id), string(name)); l.full {
			return errEnough
		}
	}
}

// entry takes one entry of a tree. Only plain files are read: a link is never
// followed, and a submodule is another repository's business.
func (l *listing) entry(mode, id, name string) {
	named := slices.Contains(l.paths, name)
	if named {
		l.seen[name] = mode
	}
	if l.hidden(name) {
		return
	}
	if l.anyMode && mode != "040000" {
		mode = "100644"
	}
	switch mode {
	case "040000":
	case "100644", "100755":
		if (named || isSpec(name)) && l.admit(name) {
			l.entries = append(l.entries, entry{path: name, id: id})
		}
	case "120000":
		if isSpec(name) || path.Ext(name) == "" {
			l.leave(name, "symbolic link in git is not followed: put the file in its place, or name where it leads to as a --path of its own")
		}
	case "160000":
		l.leave(name, "submodule is not fetched: watch its repository by an operator of its own, or copy the documents")
	default:
		if (named || isSpec(name)) && l.admit(name) {
			l.problem(name, "has the mode %s, which is none of a file: commit it again as a plain file", shownPath(mode))
		}
	}
}

// absent says what is wrong with a watched path, "" for nothing.
func (l *listing) absent(p string) string {
	switch l.seen[p] {
	case "":
		return "is not there"
	case "120000":
		return "is a symbolic link, which is not followed: name where it leads to"
	case "160000":
		return "is a submodule, which is not fetched: watch its repository"
	}
	return ""
}

// leave notes what is left out with a warning. Nothing is pruned for it: what a
// link or a submodule held yesterday has not been taken away.
func (l *listing) leave(name, why string) {
	if l.admit(name) {
		l.problems = append(l.problems, Problem{Path: name, Message: why, Warning: true})
	}
}

// hidden: a part of the path under the watched one is.
func (l *listing) hidden(name string) bool {
	rest := name
	for _, p := range l.paths {
		if name == p {
			return false
		}
		if sub, ok := strings.CutPrefix(name, p+"/"); ok && len(sub) < len(rest) {
			rest = sub
		}
	}
	for part := range strings.SplitSeq(rest, "/") {
		if hidden(part) {
			return true
		}
	}
	return false
}

// blobs are the contents that a listing needs, each read once.
type blobs struct {
	g     *Git
	repo  string
	ids   []string
	sizes map[string]int64 // -1 where it is missing
	data  map[string][]byte
}

func (b *blobs) want(id string) {
	if _, have := b.sizes[id]; !have {
		b.sizes[id] = -1
		b.ids = append(b.ids, id)
	}
}

func (b *blobs) missing() []string {
	var out []string
	for _, id := range b.ids {
		if b.sizes[id] < 0 {
			out = append(out, id)
		}
	}
	return out
}

// check asks which blobs are here, and how large they are, without reading them.
func (b *blobs) check(ctx context.Context) error {
	ids := b.missing()
	if len(ids) == 0 {
		return nil
	}
	_, err := b.g.run(ctx, command{dir: b.repo, stdin: lines(ids), args: []string{"cat-file", "--batch-check", "--buffer"}, out: func(r io.Reader) error {
		in := bufio.NewReader(r)
		for range ids {
			id, kind, size, err := header(in)
			if err != nil {
				return err
			}
			if kind != "blob" && kind != "missing" {
				return fmt.Errorf("a tree calls the %s %s a file", kind, id)
			}
			b.sizes[id] = size
		}
		return nil
	}})
	return err
}

// read reads what is within the limits, in the order of the listing.
func (b *blobs) read(ctx context.Context, file, total int64) error {
	var ids []string
	var sum int64
	for _, id := range b.ids {
		if size := b.sizes[id]; size <= file && sum <= total {
			sum += size
			ids = append(ids, id)
		}
	}
	if len(ids) == 0 {
		return nil
	}
	_, err := b.g.run(ctx, command{dir: b.repo, stdin: lines(ids), args: []string{"cat-file", "--batch", "--buffer"}, out: func(r io.Reader) error {
		in := bufio.NewReaderSize(r, 64<<10)
		for range ids {
			id, kind, data, err := object(in, file)
			if err != nil {
				return err
			}
			if kind != "blob" {
				return fmt.Errorf("git cat-file gave no file for %s", id)
			}
			b.data[id] = data
		}
		return nil
	}})
	return err
}

func lines(ids []string) io.Reader { return strings.NewReader(strings.Join(ids, "\n") + "\n") }

// object reads one object of cat-file --batch; kind is "missing" for one that is not there.
func object(in *bufio.Reader, most int64) (id, kind string, data []byte, err error) {
	id, kind, size, err := header(in)
	if err != nil || size < 0 {
		return id, kind, nil, err
	}
	if size > most {
		return id, kind, nil, fmt.Errorf("the %s %s has %d bytes, more than the %d that one may have", kind, id, size, most)
	}
	data = make([]byte, size)
	if _, err = io.ReadFull(in, data); err == nil {
		_, err = in.Discard(1)
	}
	return id, kind, data, err
}

// header reads a line of cat-file: ID TYPE SIZE, or ID missing (-1).
func header(in *bufio.Reader) (id, kind string, size int64, err error) {
	line, err := in.ReadSlice('\n')
	if err != nil {
		return "", "", 0, err
	}
	fields := bytes.Fields(line)
	switch {
	case len(fields) == 2 && string(fields[1]) == "missing":
		return string(fields[0]), "missing", -1, nil
	case len(fields) == 3:
		size, err = strconv.ParseInt(string(fields[2]), 10, 64)
		return string(fields[0]), string(fields[1]), size, err
	}
	return "", "", 0, fmt.Errorf("git cat-file said %q", line)
}

// hidden by the habit of Unix, and because .git is never a spec.
func hidden(name string) bool { return strings.HasPrefix(name, ".") }
