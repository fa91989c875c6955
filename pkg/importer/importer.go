package importer

import (
	"bytes"
	"fmt"
	"path"

	"github.com/ecs-operator/ecs-operator/pkg/spec"
)

// Result is what an import made.
type Result struct {
	Drafts []spec.Draft
	// Problems are what the documents cannot express, each with its place: errors
	// for what is missing in them, warnings for what somebody should look at.
	Problems []spec.Problem
}

// Errors counts what could not be expressed.
func (r Result) Errors() int { return spec.Result{Problems: r.Problems}.Errors() }

// FileName is where a draft goes in a directory of its own.
func FileName(d spec.Draft) string {
	dir := map[string]string{"Environment": "environments", "TaskTemplate": "templates"}[d.Kind]
	return path.Join(dir, d.Name+".yaml")
}

// YAML writes the drafts as one stream of documents.
func (r Result) YAML() ([]byte, error) {
	var out bytes.Buffer
	for i, d := range r.Drafts {
		b, err := d.YAML()
		if err != nil {
			return nil, fmt.Errorf("a draft cannot be written: %w", err)
		}
		if i > 0 {
			out.WriteString("---\n")
		}
		out.Write(b)
	}
	return out.Bytes(), nil
}
