// Command schema writes what pkg/schema embeds: AWS' words, out of the comments
// in the SDK modules' source.
package main

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

const (
	words  = "pkg/schema/docs.json.gz"
	module = "github.com/aws/aws-sdk-go-v2/service/"
)

// services are the SDK modules whose inputs stand in documents.
var services = []string{"ecs", "elasticloadbalancingv2", "applicationautoscaling", "cloudwatch"}

func main() {
	data, err := pack(comments())
	if err == nil {
		err = os.WriteFile(words, data, 0o644)
	}
	if err != nil {
		fmt.Fprintf(os.Stderr, "schema: run it in the top directory: %v\n", err)
		os.Exit(1)
	}
}

// pack makes the embedded file: equal words, equal bytes.
func pack(all map[string]string, err error) ([]byte, error) {
	if err != nil {
		return nil, err
	}
	plain, err := json.Marshal(all)
	if err != nil {
		return nil, err
	}
	var b bytes.Buffer
	z, err := gzip.NewWriterLevel(&b, gzip.BestCompression)
	if err != nil {
		return nil, err
	}
	if _, err := z.Write(plain); err != nil {
		return nil, err
	}
	if err := z.Close(); err != nil {
		return nil, err
	}
	return b.Bytes(), nil
}

// comments reads the comments of all structs of all services.
func comments() (map[string]string, error) {
	out := map[string]string{}
	for _, service := range services {
		dir, err := exec.Command("go", "list", "-m", "-f", "{{.Dir}}", module+service).Output()
		if err != nil {
			return nil, fmt.Errorf("where is the source of %s: %w", service, err)
		}
		root := strings.TrimSpace(string(dir))
		files, err := filepath.Glob(filepath.Join(root, "api_op_*.go"))
		if err != nil {
			return nil, err
		}
		for _, f := range append(files, filepath.Join(root, "types", "types.go")) {
			prefix := service + "."
			if filepath.Base(f) == "types.go" {
				prefix = service + "/types."
			}
			if err := read(f, prefix, out); err != nil {
				return nil, err
			}
		}
	}
	return out, nil
}

// read adds the comments of one file's structs. Answers are not written by anybody.
func read(file, prefix string, out map[string]string) error {
	parsed, err := parser.ParseFile(token.NewFileSet(), file, nil, parser.ParseComments|parser.SkipObjectResolution)
	if err != nil {
		return err
	}
	for _, d := range parsed.Decls {
		g, ok := d.(*ast.GenDecl)
		if !ok || g.Tok != token.TYPE {
			continue
		}
		for _, s := range g.Specs {
			t := s.(*ast.TypeSpec)
			body, ok := t.Type.(*ast.StructType)
			if !ok || !t.Name.IsExported() || strings.HasSuffix(t.Name.Name, "Output") {
				continue
			}
			key := prefix + t.Name.Name
			put(out, key, g.Doc)
			for _, f := range body.Fields.List {
				for _, n := range f.Names {
					put(out, key+"."+n.Name, f.Doc)
				}
			}
		}
	}
	return nil
}

func put(out map[string]string, key string, c *ast.CommentGroup) {
	if text := clean(c.Text()); text != "" {
		out[key] = text
	}
}

// clean takes out what Go's documentation adds for itself: link targets, and
// the sentence that says that a member is required, which is told otherwise.
func clean(text string) string {
	var keep []string
	for _, paragraph := range strings.Split(text, "\n\n") {
		var lines []string
		for _, line := range strings.Split(paragraph, "\n") {
			if !strings.HasPrefix(line, "[") || !strings.Contains(line, "]: http") {
				lines = append(lines, strings.TrimRight(line, " "))
			}
		}
		p := strings.TrimSpace(strings.Join(lines, "\n"))
		if p != "" && p != "This member is required." {
			keep = append(keep, p)
		}
	}
	return strings.NewReplacer(" ,", ",", " .", ".", "[", "", "]", "").Replace(strings.Join(keep, "\n\n"))
}
