package source

import (
	"fmt"
	"net/http"
	"strings"
)

// doc is a document of ours: what must not come out of a link, a submodule or a
// file over the limits.
const doc = "apiVersion: ecs-operator/v1\nkind: Service\nmetadata: {name: web}\nspec: {cluster: main}\n"

// hostile is one repository of the corpus, and what must become of it. A word
// of what is said is wanted in one of three places; harmless ones say nothing and
// are read byte for byte.
type hostile struct {
	class, name string
	build       func(*raw) string // gives the tree, "" when it made its refs itself
	options     func(*GitOptions)
	server      http.Handler // instead of a repository
	direct      string       // instead of a repository: a file whose parsing alone is of interest
	lowered     func(*Git)   // its limits, where the same refusal at the real ones is another entry

	refused string // Snapshot fails
	left    string // it is a Problem of the snapshot
	unread  string // it is a problem of parsing
	plain   string // the content of the only file that is read
}

func one(path, text string) func(*raw) string {
	return func(r *raw) string { return r.files(put{path: path, text: text}) }
}

func several(puts ...put) func(*raw) string {
	return func(r *raw) string { return r.files(puts...) }
}

// entries is a tree of entries as they stand, each of the same document.
func entries(mode string, names ...string) func(*raw) string {
	return func(r *raw) string {
		id := r.blob(doc)
		if mode == "40000" {
			id = r.files(put{path: "a.yaml", text: doc})
		}
		var out []ent
		for _, n := range names {
			out = append(out, ent{mode, n, id})
		}
		return r.tree(out...)
	}
}

func ref(name string) func(*GitOptions) { return func(o *GitOptions) { o.Ref = name } }

func at(paths ...string) func(*GitOptions) { return func(o *GitOptions) { o.Paths = paths } }

const (
	symlink  = "120000"
	module   = "160000"
	noObject = "4b825dc642cb6eb9a060e54bf8d69288fbee4904" // an id, for what is not there
)

func linkTo(name string, target func(*raw) string) func(*raw) string {
	return func(r *raw) string { return r.files(put{symlink, name, target(r)}) }
}

func text(s string) func(*raw) string { return func(*raw) string { return s } }

// corpus is all of them. The limits of the large ones are lowered by the test
// where the same refusal would cost a second of building.
func corpus() []hostile {
	var all []hostile
	add := func(class string, hs ...hostile) {
		for _, h := range hs {
			h.class = class
			all = append(all, h)
		}
	}
	const notFollowed = "symbolic link in git is not followed"
	add("symlinks",
		hostile{name: "absolute", build: linkTo("a.yaml", func(r *raw) string { return r.outside }), left: notFollowed},
		hostile{name: "upwards", build: linkTo("a.yaml", func(r *raw) string { return strings.Repeat("../", 12) + strings.TrimPrefix(r.outside, "/") }), left: notFollowed},
		hostile{name: "to git's own files", build: linkTo("a.yaml", text(".git/config")), left: notFollowed},
		hostile{name: "to the process", build: linkTo("a.yaml", text("/proc/self/environ")), left: notFollowed},
		hostile{name: "loop", build: several(put{symlink, "a.yaml", "b.yaml"}, put{symlink, "b.yaml", "a.yaml"}), left: notFollowed},
		hostile{name: "whose target is a document", build: linkTo("a.yaml", text(doc)), left: notFollowed},
		hostile{name: "of the watched directory", build: linkTo("services", func(r *raw) string { return strings.TrimSuffix(r.outside, "/canary.yaml") }), options: at("services"), refused: "is a symbolic link"},
		hostile{name: "with a zero byte", build: linkTo("a.yaml", text("a\x00b")), left: notFollowed},
	)
	const notFetched = "submodule is not fetched"
	modules := func(text string) put { return put{path: ".gitmodules", text: text} }
	sub := put{module, "sub", noObject}
	add("submodules",
		hostile{name: "as a document", build: several(put{module, "a.yaml", noObject}), left: notFetched},
		hostile{name: "as the watched directory", build: several(put{module, "services", noObject}), options: at("services"), refused: "is a submodule"},
		hostile{name: "of this machine", build: func(r *raw) string {
			return r.files(modules("[submodule \"sub\"]\n\tpath = sub\n\turl = "+strings.TrimSuffix(r.outside, "canary.yaml")+"\n"), sub)
		}, left: notFetched},
		hostile{name: "with a command", build: func(r *raw) string {
			return r.files(modules("[submodule \"sub\"]\n\tpath = sub\n\turl = ext::touch% "+r.marker+"\n\tupdate = !touch "+r.marker+"\n"), sub)
		}, left: notFetched},
		hostile{name: "whose URL is an option", build: several(modules("[submodule \"sub\"]\n\tpath = sub\n\turl = -u./payload\n"), sub), left: notFetched},
		hostile{name: "whose name leads upwards", build: several(modules("[submodule \"../../modules/x\"]\n\tpath = sub\n\turl = https://example.com/x\n"), sub), left: notFetched},
		hostile{name: "described by a link", build: func(r *raw) string { return r.files(put{symlink, ".gitmodules", r.outside}, sub) }, refused: "gitmodulesSymlink"},
		hostile{name: "described by nonsense", build: several(modules(strings.Repeat("[", 5000)), sub), left: notFetched},
	)
	hook := func(r *raw) string { return "#!/bin/sh\ntouch " + r.marker + "\n" }
	dotGit := func(name string) func(*raw) string {
		return func(r *raw) string {
			hooks := r.tree(ent{"100755", "post-checkout", r.blob(hook(r))})
			return r.tree(ent{"40000", name, r.tree(ent{"40000", "hooks", hooks})})
		}
	}
	add("hooks",
		hostile{name: "in .git", build: dotGit(".git"), refused: "hasDotgit"},
		hostile{name: "in .GIT", build: dotGit(".GIT"), refused: "hasDotgit"},
		hostile{name: "in git~1", build: dotGit("git~1"), refused: "hasDotgit"},
		hostile{name: "in .git with an invisible letter", build: dotGit(".g\u200cit"), refused: "hasDotgit"},
		hostile{name: "in .git with a blank", build: dotGit(".git "), refused: "hasDotgit"},
		hostile{name: "in a folder for hooks", build: func(r *raw) string {
			return r.files(put{"100755", ".githooks/post-checkout", hook(r)}, put{"100755", ".githooks/reference-transaction", hook(r)}, put{"", "a.yaml", doc})
		}, plain: doc},
		hostile{name: "an executable document", build: func(r *raw) string { return r.files(put{"100755", "a.yaml", hook(r) + doc}) }, unread: "not valid YAML"},
		hostile{name: "a repository in the repository", build: func(r *raw) string {
			return r.files(put{"", "HEAD", "ref: refs/heads/main\n"}, put{"", "config", "[core]\n\tfsmonitor = touch " + r.marker + "\n\tsshCommand = touch " + r.marker + "\n"},
				put{"100755", "hooks/post-checkout", hook(r)}, put{"", "refs/heads/x", ""}, put{"", "objects/x", ""}, put{"", "a.yaml", doc})
		}, plain: doc},
	)
	add("huge files",
		hostile{name: "a document", build: one("a.yaml", doc+strings.Repeat("# and more\n", 30_000)), left: "is larger than 256 KiB"},
		hostile{name: "of zeros", build: one("a.yaml", strings.Repeat("\x00", 24<<20)), left: "is larger than 256 KiB"},
		hostile{name: "beside documents", build: several(put{"", "a.yaml", doc}, put{"", "film.mp4", strings.Repeat("\x00", 24<<20)}), plain: doc},
		hostile{name: "many", build: func(r *raw) string {
			id, out := r.blob(doc), make([]ent, 0, MaxFiles+1)
			for i := range MaxFiles + 1 {
				out = append(out, ent{"100644", fmt.Sprintf("f%05d.yaml", i), id})
			}
			return r.tree(out...)
		}, refused: "more than 20000 files"},
		hostile{name: "one under many names", build: func(r *raw) string {
			id, out := r.blob("# "+strings.Repeat("x", MaxFileBytes-2)), make([]ent, 0, 1100)
			for i := range 1100 {
				out = append(out, ent{"100644", fmt.Sprintf("f%05d.yaml", i), id})
			}
			return r.tree(out...)
		}, refused: "larger than 256 MiB"},
		hostile{name: "a tree that unfolds", build: func(r *raw) string { // ten of ten of ten…: 10^10 files
			id, mode, ext := r.blob("x"), "100644", ".txt"
			for range 10 {
				var out []ent
				for i := range 10 {
					out = append(out, ent{mode, fmt.Sprintf("f%d%s", i, ext), id})
				}
				id, mode, ext = r.tree(out...), "40000", ""
			}
			return id
		}, refused: "entries stand below the watched paths"},
		hostile{name: "many, in small", build: entries("100644", "a.yaml", "b.yaml", "c.yaml"), lowered: func(g *Git) { g.limits.files = 2 }, refused: "more than 2 files"},
		hostile{name: "large together, in small", build: several(put{"", "a.yaml", doc}, put{"", "b.yaml", doc + "#" + strings.Repeat("x", 1<<20)}), lowered: func(g *Git) {
			g.limits.file, g.limits.total = 2<<20, 1<<20
		}, refused: "larger than 1 MiB"},
		hostile{name: "unfolding, in small", build: entries("40000", "a", "b", "c"), lowered: func(g *Git) { g.git.entries = 5 }, refused: "more than 5 entries"},
		hostile{name: "a message", build: func(r *raw) string {
			id := r.object("commit", []byte("tree "+r.files(put{path: "a.yaml", text: doc})+"\nauthor "+who+"\ncommitter "+who+"\n\n"+strings.Repeat("x", 9<<20)))
			r.file("refs/heads/main", id+"\n")
			return ""
		}, refused: "more than the 8388608"},
	)
	deep := func(n int) func(*raw) string {
		return func(r *raw) string {
			id := r.tree(ent{"100644", "a.yaml", r.blob(doc)})
			for range n {
				id = r.tree(ent{"40000", "deeper", id})
			}
			return id
		}
	}
	const odd = "cannot be shown"
	add("path tricks",
		hostile{name: "..", build: entries("40000", ".."), refused: "hasDotdot"},
		hostile{name: ".", build: entries("40000", "."), refused: "hasDot"},
		hostile{name: "a slash in a name", build: entries("100644", "../../a.yaml"), refused: "fullPathname"},
		hostile{name: "no name", build: entries("100644", ""), refused: "empty filename"},
		hostile{name: "twice the same name", build: entries("100644", "a.yaml", "a.yaml"), refused: "duplicateEntries"},
		hostile{name: "file and folder of one name", build: func(r *raw) string {
			return r.tree(ent{"100644", "a.yaml", r.blob(doc)}, ent{"40000", "a.yaml", r.files(put{path: "b.yaml", text: doc})})
		}, refused: "duplicateEntries"},
		hostile{name: "out of order", build: entries("100644", "b.yaml", "a.yaml"), refused: "treeNotSorted"},
		hostile{name: "a mode of no file", build: entries("140000", "a.yaml"), left: notFetched},
		hostile{name: "very deep", build: deep(200), left: "longer than 512 bytes"},
		hostile{name: "very long", build: entries("100644", strings.Repeat("x", 4000)+".yaml"), left: "longer than 512 bytes"},
		hostile{name: "lines and colours", build: entries("100644", "a\n\x1b[31mb.yaml"), left: odd},
		hostile{name: "not UTF-8", build: entries("100644", "a\xff\xfe.yaml"), left: odd},
		hostile{name: "written backwards", build: entries("100644", "a\u202elmay.yaml"), left: odd},
		hostile{name: "options", build: entries("100644", "--upload-pack=touch ran;.yaml"), plain: doc},
		hostile{name: "magic", build: entries("100644", ":(exclude,top)*.yaml"), plain: doc},
		hostile{name: "of another system", build: entries("100644", `C:\..\..\a.yaml`), plain: doc},
	)
	laughs := "a0: &a0 [x,x,x,x,x,x,x,x,x]\n"
	for i := 1; i < 9; i++ {
		laughs += fmt.Sprintf("a%d: &a%d [%s]\n", i, i, strings.TrimSuffix(strings.Repeat(fmt.Sprintf("*a%d,", i-1), 9), ","))
	}
	merges := "m0: &m0 {k: v}\n"
	for i := 1; i < 24; i++ {
		merges += fmt.Sprintf("m%d: &m%d {<<: [*m%d, *m%d]}\n", i, i, i-1, i-1)
	}
	many := func(n int, line string) string {
		var b strings.Builder
		for i := range n {
			fmt.Fprintf(&b, line, i)
		}
		return b.String()
	}
	add("alias and key bombs",
		hostile{name: "a billion laughs", build: one("a.yaml", doc+laughs), unread: "aliases are not supported"},
		hostile{name: "one anchor, many aliases", direct: doc + "a: &a " + strings.Repeat("x", 1000) + "\nb: [" + strings.Repeat("*a,", 5000) + "]\n", unread: "aliases are not supported"},
		hostile{name: "an anchor in itself", direct: doc + "a: &a [*a]\n", unread: "aliases are not supported"},
		hostile{name: "merge keys", build: one("a.yaml", doc+merges), unread: "merge keys (<<) are not supported"},
		hostile{name: "many keys", build: one("a.yaml", doc+many(20_000, "k%d: v\n")), unread: "the limit is 1000"},
		hostile{name: "many keys in JSON", direct: `{"apiVersion":"ecs-operator/v1","kind":"Service"` + many(12_000, `,"k%d":1`) + `}`, unread: "the limit is 1000"},
		hostile{name: "many nodes", build: one("a.yaml", doc+"a: ["+strings.Repeat("1,", 100_000)+"]\n"), unread: "more than 20000 nodes"},
		hostile{name: "many documents", direct: strings.Repeat("---\nx: 1\n", 20_000) + "---\n" + doc, unread: "documents"},
		hostile{name: "very deep", build: one("a.yaml", doc+"a: "+strings.Repeat("[", 9_000)+strings.Repeat("]", 9_000)+"\n"), unread: "nested more than 64 deep"},
		hostile{name: "too deep for a parser", direct: doc + "a: " + strings.Repeat("[", 100_000) + "\n", unread: "not valid YAML"},
		hostile{name: "very deep JSON", direct: `{"apiVersion":"ecs-operator/v1","a":` + strings.Repeat("[", 100_000) + strings.Repeat("]", 100_000) + "}", unread: "nested"},
		hostile{name: "one large value", build: one("a.yaml", doc+"a: "+strings.Repeat("x", 100_000)+"\n"), unread: "over the limit of 64 KiB"},
		hostile{name: "keys that are mappings", direct: doc + strings.Repeat("? {a: 1}\n: 1\n", 500), unread: "a key must be plain text"},
		hostile{name: "a tag that makes an object", direct: doc + "a: !!python/object/apply:os.system [touch ran]\n", unread: "is not supported"},
		hostile{name: "many comments", build: one("a.yaml", strings.Repeat("#\n", 120_000)+doc), plain: strings.Repeat("#\n", 120_000) + doc},
		hostile{name: "UTF-16", direct: "\xff\xfe" + strings.Join(strings.Split(doc, ""), "\x00") + "\x00", unread: "UTF-16"},
	)
	tagChain := func(r *raw) string {
		id, kind := r.commit(r.files(put{path: "a.yaml", text: doc})), "commit"
		for i := range 300 {
			id = r.object("tag", fmt.Appendf(nil, "object %s\ntype %s\ntag t%d\ntagger %s\n\nx\n", id, kind, i, who))
			kind = "tag"
		}
		r.file("refs/tags/v1", id+"\n")
		return ""
	}
	noRef := func(name string) hostile {
		return hostile{name: fmt.Sprintf("%.30q", name), build: one("a.yaml", doc), options: ref(name), refused: "no name of a branch or tag"}
	}
	head := noObject + " HEAD\x00 symref=HEAD:%s agent=git/2.39"
	add("ref names",
		noRef("--upload-pack=touch ran"), noRef("../../../etc/passwd"), noRef("main:refs/heads/x"), noRef("main^{/x}"), noRef("@{-1}"),
		noRef("x.lock"), noRef("a b"), noRef("a\nb"), noRef("refs/heads/.x"), noRef("*"),
		hostile{name: "very long", build: one("a.yaml", doc), options: ref(strings.Repeat("x", 300)), refused: "longer than 255 bytes"},
		hostile{name: "a server whose HEAD is an option", server: liar(fmt.Sprintf(head, "--upload-pack=touch ran")), refused: "-"},
		hostile{name: "a server whose HEAD leads upwards", server: liar(fmt.Sprintf(head, "refs/heads/../../x")), refused: "-"},
		hostile{name: "a server whose HEAD is very long", server: liar(fmt.Sprintf(head, "refs/heads/"+strings.Repeat("x", 60_000))), refused: "-"},
		hostile{name: "a branch of a file", build: func(r *raw) string { r.file("refs/heads/main", r.blob(doc)+"\n"); return "" }, refused: "no commit"},
		hostile{name: "a branch of a tree", build: func(r *raw) string {
			r.file("refs/heads/main", r.files(put{path: "a.yaml", text: doc})+"\n")
			return ""
		}, refused: "no commit"},
		hostile{name: "a branch of nothing", build: func(r *raw) string { r.file("refs/heads/main", strings.Repeat("1", 40)+"\n"); return "" }, refused: "-"},
		hostile{name: "a tag of a tag of a tag", build: tagChain, options: ref("v1"), plain: doc},
		hostile{name: "a tag named as the branch", build: func(r *raw) string {
			r.file("refs/tags/main", r.commit(r.files(put{path: "evil.yaml", text: "evil: true\n"}))+"\n")
			return r.files(put{path: "a.yaml", text: doc})
		}, options: ref("main"), plain: doc},
	)
	attributes := func(attributes, content string) func(*raw) string {
		return several(put{path: ".gitattributes", text: attributes}, put{path: "a.yaml", text: content})
	}
	const pointer = "version https://git-lfs.github.com/spec/v1\noid sha256:4d7a214614ab2935c943f9e0ff69d22eadbb8f32b1258daaa5e2ca24d17e2393\nsize 12345\n"
	add("attributes",
		hostile{name: "a filter", build: attributes("* filter=evil\n", doc), plain: doc},
		hostile{name: "a filter of the whole", build: several(put{path: "x/.gitattributes", text: "[attr]m filter=evil\n*.yaml m\n"}, put{path: "x/a.yaml", text: doc}), plain: doc},
		hostile{name: "large files elsewhere", build: several(put{path: ".gitattributes", text: "*.yaml filter=lfs diff=lfs merge=lfs -text\n"},
			put{path: ".lfsconfig", text: "[lfs]\n\turl = http://169.254.169.254/latest/\n"}, put{path: "a.yaml", text: pointer}), plain: pointer},
		hostile{name: "another encoding", build: attributes("*.yaml working-tree-encoding=UTF-16\n", doc), plain: doc},
		hostile{name: "keywords", build: attributes("*.yaml ident export-subst\n", doc+"# $Id$ $Format:%H$\n"), plain: doc + "# $Id$ $Format:%H$\n"},
		hostile{name: "line ends", build: attributes("*.yaml text eol=crlf\n", doc), plain: doc},
		hostile{name: "huge", build: attributes(strings.Repeat("* a"+strings.Repeat("x", 3000)+"\n", 1000), doc), refused: "gitattributesL"},
		hostile{name: "a link", build: func(r *raw) string { return r.files(put{symlink, ".gitattributes", r.outside}, put{"", "a.yaml", doc}) }, plain: doc},
	)
	return all
}
