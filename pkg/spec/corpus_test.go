package spec

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// corpusFiles lists files of one folder of the corpus of real inputs, which
// stays outside the project (its files carry no licence).
func corpusFiles(t *testing.T, folder string, exts ...string) []string {
	t.Helper()
	root := os.Getenv("ECS_OPERATOR_CORPUS")
	if root == "" {
		t.Skip("ECS_OPERATOR_CORPUS is not set: no corpus of real inputs to decode")
	}
	entries, err := os.ReadDir(filepath.Join(root, folder))
	if err != nil {
		t.Fatal(err)
	}
	var out []string
	for _, e := range entries {
		for _, ext := range exts {
			if !e.IsDir() && strings.HasSuffix(e.Name(), ext) {
				out = append(out, filepath.Join(root, folder, e.Name()))
			}
		}
	}
	if len(out) == 0 {
		t.Fatalf("no %v in %s", exts, folder)
	}
	return out
}

func sectionNamed(t testing.TB, path string) Section {
	t.Helper()
	for _, s := range testSections() {
		if s.Path == path {
			return s
		}
	}
	t.Fatalf("no section %s", path)
	return Section{}
}

// decodeCorpus decodes every file as one body and prints each refusal.
func decodeCorpus(t *testing.T, s Section, files []string, strictJSON bool) (good, all int) {
	t.Helper()
	for _, file := range files {
		data, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if strictJSON && !json.Valid(data) && !json.Valid([]byte(strings.TrimPrefix(string(data), "\uFEFF"))) {
			t.Logf("not strict JSON: %s", filepath.Base(file))
			continue
		}
		all++
		_, problems := DecodeBody(filepath.Base(file), data, s)
		refused := false
		for _, p := range problems {
			if p.Severity == Error {
				t.Logf("refused: %s", p)
				refused = true
			}
		}
		if !refused {
			good++
		}
	}
	t.Logf("%d of %d decode", good, all)
	return good, all
}

func TestCorpusTaskDefinitions(t *testing.T) {
	s := sectionNamed(t, "taskDefinition")
	if good, all := decodeCorpus(t, s, corpusFiles(t, "taskdefs", ".json"), true); good*100 < all*95 {
		t.Errorf("%d of %d strict-JSON task definitions decode, want 95 %%", good, all)
	}
	t.Run("docs", func(t *testing.T) {
		if good, all := decodeCorpus(t, s, corpusFiles(t, "taskdefs/aws-docs", ".json"), true); good*4 < all*3 { // some are fragments, without image or name
			t.Errorf("%d of %d of AWS' own examples decode, want three of four", good, all)
		}
	})
	t.Run("yaml", func(t *testing.T) {
		if good, _ := decodeCorpus(t, s, corpusFiles(t, "taskdefs", ".yaml", ".yml"), false); good == 0 {
			t.Error("none decodes")
		}
	})
}

func TestCorpusServices(t *testing.T) {
	if good, all := decodeCorpus(t, sectionNamed(t, "service"), corpusFiles(t, "servicedefs", ".json", ".yaml", ".yml"), false); good*2 < all {
		t.Errorf("%d of %d service definitions decode, want at least half", good, all)
	}
}

func TestCorpusMalformed(t *testing.T) {
	for folder, path := range map[string]string{
		"taskdefs/malformed": "taskDefinition", "taskdefs/utf-16": "taskDefinition", "taskdefs/templates": "taskDefinition",
		"servicedefs/malformed": "service", "servicedefs/templates": "service",
	} {
		t.Run(folder, func(t *testing.T) {
			for _, file := range corpusFiles(t, folder, "") {
				data, err := os.ReadFile(file)
				if err != nil {
					t.Fatal(err)
				}
				_, problems := DecodeBody(filepath.Base(file), data, sectionNamed(t, path))
				errors := 0
				for _, p := range problems {
					if p.Severity == Error {
						errors++
						t.Log(p)
					}
				}
				if errors == 0 && !strings.HasSuffix(folder, "templates") { // some placeholders are valid text
					t.Errorf("%s decodes", filepath.Base(file))
				}
			}
		})
	}
}
