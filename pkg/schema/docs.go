package schema

import (
	"bytes"
	"compress/gzip"
	_ "embed"
	"encoding/json"
	"path"
	"reflect"
	"sync"

	"github.com/ecs-operator/ecs-operator/pkg/shape"
)

// packed are the SDK's comments on the types of the inputs, by typeKey and
// typeKey.Member. `go run ./hack/schema` takes them from the modules' source.
//
//go:embed docs.json.gz
var packed []byte

// docs are AWS' words.
var docs = sync.OnceValue(func() map[string]string {
	out := map[string]string{}
	r, err := gzip.NewReader(bytes.NewReader(packed))
	if err == nil {
		err = json.NewDecoder(r).Decode(&out)
	}
	if err != nil { // it is part of the program
		panic("schema: docs.json.gz: " + err.Error())
	}
	return out
})

// typeKey names a type of the SDK: "ecs.CreateServiceInput", "ecs/types.LogConfiguration".
func typeKey(t reflect.Type) string {
	t = shape.Deref(t)
	p := t.PkgPath()
	if path.Base(p) == "types" {
		return path.Base(path.Dir(p)) + "/types." + t.Name()
	}
	return path.Base(p) + "." + t.Name()
}

// plainJSON prints a default as it would be written.
func plainJSON(v any) string {
	if s, ok := v.(string); ok && s != "" {
		return s
	}
	b, err := json.Marshal(v)
	if err != nil { // defaults are plain values
		panic("schema: a default that is no JSON: " + err.Error())
	}
	return string(b)
}
