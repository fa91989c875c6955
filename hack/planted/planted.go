package planted

import (
	"cmp"
	"embed"
	"encoding/json"
	"fmt"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
)

//go:embed bugs/*.bug
var files embed.FS

const suffix = ".bug"

// Bug is one planted bug.
type Bug struct {
	Name    string
	Promise string // what it breaks: "P3", or several: "P5, P14"
	Says    string // what it does, and when that shows
	Edits   []Edit
}

// Edit is one change of one file.
type Edit struct {
	File     string // from the top directory, with slashes
	Old, New string // Old stands in the file exactly once
}

// All gives the bugs, by name.
func All() ([]Bug, error) {
	entries, err := files.ReadDir("bugs")
	if err != nil {
		return nil, err
	}
	out := make([]Bug, 0, len(entries))
	for _, e := range entries {
		text, err := files.ReadFile(path.Join("bugs", e.Name()))
		if err != nil {
			return nil, err
		}
		b, err := parse(strings.TrimSuffix(e.Name(), suffix), string(text))
		if err != nil {
			return nil, err
		}
		out = append(out, b)
	}
	slices.SortFunc(out, func(a, b Bug) int { return cmp.Compare(a.Name, b.Name) })
	return out, nil
}

// parse reads one file: see the package's comment.
func parse(name, text string) (Bug, error) {
	b := Bug{Name: name}
	bad := func(line int, format string, args ...any) (Bug, error) {
		return Bug{}, fmt.Errorf("bugs/%s%s:%d: %s", name, suffix, line, fmt.Sprintf(format, args...))
	}
	var says []string
	lines := strings.Split(text, "\n")
	for i := 0; i < len(lines); i++ {
		line := lines[i]
		if file, ok := strings.CutPrefix(line, "edit "); ok {
			n := 0
			for i+1+n < len(lines) && lines[i+1+n] != "" {
				n++
			}
			e, err := edit(file, lines[i+1:i+1+n])
			if err != nil {
				return bad(i+1, "%v", err)
			}
			b.Edits = append(b.Edits, e)
			i += n
			continue
		}
		promise, ok := strings.CutPrefix(line, "promise ")
		switch {
		case ok:
			b.Promise = promise
		case line != "" && len(b.Edits) > 0:
			return bad(i+1, "words after an edit: %q", line)
		case line != "":
			says = append(says, line)
		}
	}
	if b.Says = strings.Join(says, " "); b.Promise == "" || b.Says == "" || len(b.Edits) == 0 {
		return bad(1, "a promise, a sentence and an edit are wanted")
	}
	return b, nil
}

// edit reads the lines of one edit.
func edit(file string, lines []string) (Edit, error) {
	var old, new strings.Builder
	for _, line := range lines {
		switch line[0] {
		case '-':
			old.WriteString(line[1:] + "\n")
		case '+':
			new.WriteString(line[1:] + "\n")
		case ' ':
			old.WriteString(line[1:] + "\n")
			new.WriteString(line[1:] + "\n")
		default:
			return Edit{}, fmt.Errorf("a line of an edit begins with '-', '+' or ' ', not %q", line)
		}
	}
	if old.Len() == 0 || old.String() == new.String() {
		return Edit{}, fmt.Errorf("an edit of %s that changes nothing, or has nothing to hold on to", file)
	}
	return Edit{File: file, Old: old.String(), New: new.String()}, nil
}

// Sources gives the contents, by path from the top directory, that the bug's files
// have instead of those under root.
func (b Bug) Sources(root string) (map[string]string, error) {
	out := map[string]string{}
	for _, e := range b.Edits {
		text, edited := out[e.File]
		if !edited {
			data, err := os.ReadFile(filepath.Join(root, filepath.FromSlash(e.File)))
			if err != nil {
				return nil, fmt.Errorf("bug %s: %w", b.Name, err)
			}
			text = string(data)
		}
		if n := strings.Count("\n"+text, "\n"+e.Old); n != 1 {
			return nil, fmt.Errorf("bug %s: %s has these lines %d times and not once:\n%s", b.Name, e.File, n, e.Old)
		}
		out[e.File] = strings.TrimPrefix(strings.Replace("\n"+text, "\n"+e.Old, "\n"+e.New, 1), "\n")
	}
	return out, nil
}

// Overlay writes the sources with the bug in them and what the go command's -overlay
// reads into dir, and gives the path of the latter. root is the module's top directory.
func (b Bug) Overlay(root, dir string) (string, error) {
	sources, err := b.Sources(root)
	if err != nil {
		return "", err
	}
	if root, err = filepath.Abs(root); err != nil {
		return "", err
	}
	if dir, err = filepath.Abs(dir); err != nil {
		return "", err
	}
	replace := map[string]string{}
	for file, text := range sources {
		at := filepath.Join(dir, b.Name, filepath.FromSlash(file))
		if err := os.MkdirAll(filepath.Dir(at), 0o755); err != nil {
			return "", err
		}
		if err := os.WriteFile(at, []byte(text), 0o644); err != nil {
			return "", err
		}
		replace[filepath.Join(root, filepath.FromSlash(file))] = at
	}
	data, err := json.MarshalIndent(map[string]any{"Replace": replace}, "", "  ")
	if err != nil {
		return "", err
	}
	overlay := filepath.Join(dir, b.Name+".json")
	return overlay, os.WriteFile(overlay, data, 0o644)
}

// Packages are the directories of the files that the bug is in.
func (b Bug) Packages() []string {
	var out []string
	for _, e := range b.Edits {
		if dir := path.Dir(e.File); !slices.Contains(out, dir) {
			out = append(out, dir)
		}
	}
	return out
}
