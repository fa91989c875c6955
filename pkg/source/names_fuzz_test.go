package source

import (
	"fmt"
	"path"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/ecs-operator/ecs-operator/pkg/frugal"
)

// FuzzGitRef (F-ref): what is accepted as the name of a branch or tag is one argument
// of git's, which no option, no range, no pattern and no refspec hides in.
func FuzzGitRef(f *testing.F) {
	for _, s := range []string{"", "HEAD", "main", "release/1.x", "-x", "--upload-pack=id", "a..b", "a:b", "+a", "@{u}", "a.lock", "refs/heads/a", "a b", "a\n", "é", strings.Repeat("a", 256), "^a", "0123456789012345678901234567890123456789"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, ref string) {
		frugal.Input(t, func() {
			err := CheckGitRef(ref)
			if err != nil {
				if !utf8.ValidString(err.Error()) || strings.ContainsAny(err.Error(), "\x00\x1b\r\n") {
					t.Errorf("%q: the message has control characters: %q", ref, err)
				}
				return
			}
			if strings.HasPrefix(ref, "-") || strings.Contains(ref, "..") || strings.ContainsAny(ref, " \t\r\n\x00\x1b\x7f:*?[\\^~") || len(ref) > 255 || strings.HasSuffix(ref, ".lock") {
				t.Errorf("%q is taken", ref)
			}
		})
	})
}

// FuzzTree (F-path): whatever a server calls the entries of a tree, what is read of it
// is a plain file with a name that is safe to print. (It is read by its id: a name leads
// nowhere.)
func FuzzTree(f *testing.F) {
	id := strings.Repeat("a", 40)
	for _, name := range []string{"a.yaml", "sub/b.json", "../x.yaml", "/etc/x.yaml", ".git/x.yaml", "a/../../x.yaml", "c:\\x.yaml", "x\x1b[2J.yaml", "a//b.yaml", "\xff.yaml", "services"} {
		f.Add([]byte("100644 blob "+id+"\t"+name+"\x00120000 blob "+id+"\t"+name+"\x00"), "services")
	}
	f.Add([]byte("040000 tree "+id+"\tservices\x00100755 blob "+id+"\tservices/a.yml\x00160000 commit "+id+"\tservices/sub\x00"), "services")
	f.Fuzz(func(t *testing.T, listed []byte, watched string) {
		frugal.Input(t, func() {
			l := &listing{basket: basket{limits: limits{file: 1 << 10, files: 10, total: 1 << 16, path: 64}}, seen: map[string]string{}, most: 100}
			if watched != "" {
				l.paths = []string{watched}
			}
			if err := l.read(strings.NewReader(string(listed))); err != nil && l.full && len(l.entries) > l.limits.files {
				t.Errorf("%d entries", len(l.entries))
			}
			for _, e := range l.entries {
				if strings.ContainsAny(e.path, "\x00\x1b\r\n") || len(e.path) > l.limits.path || e.path != watched && (!isSpec(e.path) || hidden(path.Base(e.path))) {
					t.Errorf("%q would be read", e.path)
				}
			}
			for _, p := range l.snapshot().Problems {
				if text := fmt.Sprint(p); strings.ContainsAny(text, "\x00\x1b\r\n") {
					t.Errorf("a problem with control characters: %q", text)
				}
			}
		})
	})
}
