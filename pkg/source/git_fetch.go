package source

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
)

// incoming is where a fetched tip stands, and keeps git from forgetting it.
const incoming = "refs/ecs-operator/incoming"

// resolve asks the server where the ref is: a branch comes before a tag of the
// same name, so that nobody replaces a branch by pushing a tag.
func (g *Git) resolve(ctx context.Context) (tip, error) {
	ref := g.o.Ref
	if commitForm.MatchString(ref) {
		return tip{id: ref}, nil
	}
	args := []string{"ls-remote", "--quiet"}
	var want []string
	switch {
	case ref == "" || ref == "HEAD":
		args = append(args, "--symref")
		want = []string{"HEAD"}
	case strings.HasPrefix(ref, "refs/"):
		want = []string{ref}
	default:
		want = []string{"refs/heads/" + ref, "refs/tags/" + ref}
	}
	out, err := g.run(ctx, command{network: true, args: append(append(args, "--", "origin"), want...)})
	if err != nil {
		return tip{}, err
	}
	ids, head := remoteRefs(string(out))
	for _, name := range want {
		if id := ids[name]; id != "" {
			if name == "HEAD" && head != "" {
				name = head
			}
			return tip{ref: name, id: id}, nil
		}
	}
	if ref == "" || ref == "HEAD" {
		return tip{}, fmt.Errorf("%s has no default branch: it is empty, or --ref must say which one is meant", g.url)
	}
	return tip{}, fmt.Errorf("%s has no branch or tag %q", g.url, ref)
}

// remoteRefs reads the answer of ls-remote: ids by full name, and where HEAD leads.
func remoteRefs(out string) (ids map[string]string, head string) {
	ids = map[string]string{}
	for line := range strings.Lines(out) {
		left, name, _ := strings.Cut(strings.TrimSuffix(line, "\n"), "\t")
		if target, ok := strings.CutPrefix(left, "ref: "); ok && name == "HEAD" && CheckGitRef(target) == nil {
			head = target
		} else if commitForm.MatchString(left) {
			ids[name] = left
		}
	}
	return ids, head
}

// fetchTip fetches the tip at depth one, without blobs where the server can leave
// them out, and gives what a signature may be on.
func (g *Git) fetchTip(ctx context.Context, repo string, at tip) (GitObjects, error) {
	from := at.ref
	if from == "" {
		from = at.id
	}
	args := []string{"fetch", "--quiet", "--no-tags", "--no-write-fetch-head", "--force", "--depth=1"}
	if !g.whole {
		args = append(args, "--filter=blob:none")
	}
	_, err := g.run(ctx, command{dir: repo, network: true, promise: !g.whole, args: append(args, "--", "origin", "+"+from+":"+incoming)})
	if said := (*gitError)(nil); errors.As(err, &said) && strings.Contains(said.words, "couldn't find remote ref") {
		return GitObjects{}, fmt.Errorf("%s has no %q any more", g.url, from)
	}
	if err != nil {
		return GitObjects{}, err
	}
	return g.objects(ctx, repo, at.ref)
}

// objects reads the commit that came in, and the tag that names it.
func (g *Git) objects(ctx context.Context, repo, ref string) (GitObjects, error) {
	o := GitObjects{Ref: ref}
	_, err := g.run(ctx, command{dir: repo, stdin: lines([]string{incoming, incoming + "^{commit}"}), args: []string{"cat-file", "--batch"}, out: func(r io.Reader) error {
		in := bufio.NewReaderSize(r, 64<<10)
		id, kind, data, err := object(in, maxAnswer)
		if err != nil {
			return err
		}
		if kind == "tag" {
			o.TagID, o.Tag = id, data
		}
		o.CommitID, kind, o.Commit, err = object(in, maxAnswer)
		if err == nil && kind != "commit" {
			err = fmt.Errorf("%s: %s is no commit and no tag of one", g.url, shortRef(ref))
		}
		return err
	}})
	return o, err
}

// fetchBlobs fetches blobs by their ids, all of them in one request.
func (g *Git) fetchBlobs(ctx context.Context, repo string, ids []string) error {
	_, err := g.run(ctx, command{dir: repo, network: true, promise: true, exact: true, stdin: lines(ids),
		args: []string{"fetch", "--quiet", "--no-tags", "--no-write-fetch-head", "--filter=blob:none", "--stdin", "origin"}})
	return err
}

// errWhole: the server leaves blobs out, and does not send them by their ids.
var errWhole = errors.New("the server does not send single objects")

// missing fetches the blobs that a listing needs and the repository has not.
func (g *Git) missing(ctx context.Context, repo string, ids []string) error {
	if len(ids) == 0 {
		return nil
	}
	if g.whole {
		return fmt.Errorf("%s sent a commit without all of its files", g.url)
	}
	err := g.fetchBlobs(ctx, repo, ids)
	if said := (*gitError)(nil); errors.As(err, &said) &&
		(strings.Contains(said.words, "unadvertised object") || strings.Contains(said.words, "not our ref")) {
		return errWhole
	}
	return err
}
