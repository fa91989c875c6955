package spec

import (
	"fmt"
	"math/rand/v2"
	"reflect"
	"runtime"
	"slices"
	"strings"
	"testing"
)

// memoryFiles are documents of every kind, each in a few forms, some of them bad.
var memoryFiles = map[string][]string{
	"a.yaml": {
		"apiVersion: ecs-operator/v1\nkind: Service\nmetadata: {name: a}\nspec:\n  taskDefinition: {containerDefinitions: [{name: web, image: x:1, memory: 64}]}\n  service: {desiredCount: 1}\n",
		"apiVersion: ecs-operator/v1\nkind: Service\nmetadata: {name: a}\nspec:\n  taskDefinition: {containerDefinitions: [{name: web, image: x:2, memory: 64}]}\n  service: {desiredCount: 1}\n",
		"apiVersion: ecs-operator/v1\nkind: Service\nmetadata: {name: b}\nspec:\n  service: {desiredCount: 1}\n", // another's name
		"apiVersion: ecs-operator/v1\nkind: Service\nmetadata: {name: a}\nspec:\n  service: {desiredCont: 1}\n",  // a typing mistake
		"not: ours\n", "",
	},
	"b.yaml": {
		"apiVersion: ecs-operator/v1\nkind: Service\nmetadata: {name: b}\nspec:\n  environment: prod\n  service: {desiredCount: $(env.n)}\n",
		"apiVersion: ecs-operator/v1\nkind: Service\nmetadata: {name: b}\nspec:\n  cluster: other\n  service: {desiredCount: 1}\n---\napiVersion: ecs-operator/v1\nkind: Service\nmetadata: {name: c}\nspec:\n  service: {desiredCount: 3}\n",
		"apiVersion: ecs-operator/v1\nkind: Service\nmetadata: {name: b}\nspec:\n  template: web\n  service: {desiredCount: 2}\n",
	},
	"env.yaml": {
		"apiVersion: ecs-operator/v1\nkind: Environment\nmetadata: {name: prod}\nspec:\n  vars: {n: 2}\n",
		"apiVersion: ecs-operator/v1\nkind: Environment\nmetadata: {name: prod}\nspec:\n  vars: {n: 5}\n  defaults: {cluster: main, service: {propagateTags: SERVICE}}\n",
		"apiVersion: ecs-operator/v1\nkind: Environment\nmetadata: {name: prod}\nspec: {clust: 1}\n", "",
	},
	"patch.yaml": {
		"apiVersion: ecs-operator/v1\nkind: ServicePatch\nmetadata: {name: p}\nspec:\n  service: b\n  environment: prod\n  patch: {service: {desiredCount: 9}}\n",
		"apiVersion: ecs-operator/v1\nkind: ServicePatch\nmetadata: {name: p}\nspec:\n  service: nobody\n  environment: prod\n  patch: {}\n", "",
	},
	"template.yaml": {
		"apiVersion: ecs-operator/v1\nkind: TaskTemplate\nmetadata: {name: web}\nspec:\n  taskDefinition: {containerDefinitions: [{name: web, image: t:1, memory: 64}]}\n",
		"apiVersion: ecs-operator/v1\nkind: TaskTemplate\nmetadata: {name: web}\nspec:\n  taskDefinition: {containerDefinitions: [{name: web, image: t:2, memory: 64}]}\n", "",
	},
}

// Whatever is edited in which order, a parse with a memory gives what one without
// gives, and a Document that has a Memo of before is the Document of before.
func TestMemoryChangesNothing(t *testing.T) {
	names := []string{"a.yaml", "b.yaml", "env.yaml", "patch.yaml", "template.yaml"}
	r := rand.New(rand.NewPCG(1, 2))
	again, sound := 0, 0
	for range 20 {
		var memory Memory
		at := map[string]int{}
		kept := map[*Memo]Document{}
		for step := range 40 {
			name := names[r.IntN(len(names))*r.IntN(2)]
			at[name] = r.IntN(len(memoryFiles[name]))
			var files []File
			for _, n := range names {
				if text := memoryFiles[n][at[n]]; text != "" {
					files = append(files, File{Path: n, Data: []byte(text)})
				}
			}
			o := Options{Cluster: []string{"", "else"}[step/30]}
			want := forgetful(Parse(files, testSections(), o))
			o.Memory = &memory
			got := Parse(files, testSections(), o)
			if !reflect.DeepEqual(want, forgetful(got)) {
				t.Fatalf("step %d, %v:\n%+v\nwith a memory:\n%+v", step, at, want, got)
			}
			for i, d := range forgetful(got).Documents {
				sound++
				d.Memo = got.Documents[i].Memo
				before, known := kept[d.Memo]
				switch {
				case d.Memo == nil:
				case known:
					again++
					if !reflect.DeepEqual(before, d) {
						t.Fatalf("step %d: %+v has the memo of %+v", step, d, before)
					}
				default:
					kept[d.Memo] = d
				}
			}
		}
	}
	if again*10 < sound {
		t.Errorf("%d of %d documents came from memory", again, sound)
	}
}

// forgetful is a result without the memos: the documents have their bodies themselves.
func forgetful(r Result) Result {
	r.Documents = slices.Clone(r.Documents)
	for i := range r.Documents {
		d := &r.Documents[i]
		d.Bodies, d.Memo = slices.Clone(d.Opened()), nil
		for j := range d.Bodies {
			d.Bodies[j].Written = d.Bodies[j].Written.Clone()
		}
	}
	return r
}

// An edit of what goes into all documents reads a file once, however many it holds.
func TestMemoryReadsAFileOnce(t *testing.T) {
	var text strings.Builder
	for i := range DefaultLimits.Documents {
		fmt.Fprintf(&text, "---\napiVersion: ecs-operator/v1\nkind: Service\nmetadata: {name: s%d}\nspec:\n  taskDefinition: {containerDefinitions: [{name: web, image: x:1, memory: 64}]}\n  service: {desiredCount: 1}\n", i)
	}
	env := "apiVersion: ecs-operator/v1\nkind: Environment\nmetadata: {name: prod}\nspec:\n  vars: {n: %d}\n"
	var memory Memory
	costs := func(n int) uint64 {
		files := []File{{Path: "all.yaml", Data: []byte(text.String())}, {Path: "env.yaml", Data: fmt.Appendf(nil, env, n)}}
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		got := Parse(files, testSections(), Options{Memory: &memory})
		runtime.ReadMemStats(&after)
		if len(got.Documents) != DefaultLimits.Documents {
			t.Fatalf("%d documents, %v", len(got.Documents), got.Problems[0])
		}
		for _, f := range memory.files {
			for _, b := range f.bases {
				if b.n != nil {
					t.Fatalf("the tree of %s is kept", b.name)
				}
			}
		}
		return after.TotalAlloc - before.TotalAlloc
	}
	first := costs(1)
	if again := costs(2); again > 2*first {
		t.Errorf("the first parse took %d bytes, the one after an edit %d", first, again)
	}
}

// Of a document that runs in several environments each service is remembered, once however
// often it is read.
func TestMemoryOfEnvironments(t *testing.T) {
	files := []File{{Path: "a.yaml", Data: []byte(memoryFiles["a.yaml"][0])}}
	envs := []string{"dev", "prod", "test"}
	for i, env := range envs {
		files = append(files,
			File{Path: env + ".yaml", Data: fmt.Appendf(nil, "apiVersion: ecs-operator/v1\nkind: Environment\nmetadata: {name: %s}\nspec: {defaults: {cluster: %s}}\n", env, env)},
			File{Path: env + "-patch.yaml", Data: fmt.Appendf(nil, "apiVersion: ecs-operator/v1\nkind: ServicePatch\nmetadata: {name: %s}\nspec: {service: a, environment: %s, patch: {service: {desiredCount: %d}}}\n", env, env, i+2)})
	}
	want := forgetful(Parse(files, testSections(), Options{}))
	if len(want.Documents) != len(envs) {
		t.Fatalf("%d documents, %v", len(want.Documents), want.Problems)
	}
	var memory Memory
	first := Parse(files, testSections(), Options{Memory: &memory})
	for range 3 {
		got := Parse(files, testSections(), Options{Memory: &memory})
		for i := range got.Documents {
			if got.Documents[i].Memo != first.Documents[i].Memo {
				t.Errorf("%s is made anew", got.Documents[i].ID())
			}
		}
		if !reflect.DeepEqual(forgetful(got), want) {
			t.Errorf("got %+v, want %+v", forgetful(got), want)
		}
		n := 0
		for made := memory.files["a.yaml"].bases[0].made; made != nil; made = made.next {
			n++
		}
		if n != len(envs) {
			t.Errorf("%d services are remembered of it", n)
		}
	}
}
