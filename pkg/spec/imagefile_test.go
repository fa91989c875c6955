package spec

import (
	"fmt"
	"reflect"
	"strings"
	"testing"
)

func TestReadImages(t *testing.T) {
	for _, c := range []struct {
		name, text, container string
		want                  []ImageEdit
		problem               string // the first one
	}{
		{name: "definitions", text: `[{"name": "api", "imageUri": "r.example.com/api:1"}, {"name":"proxy","imageUri":"envoy@sha256:00","more":1}]`,
			want: []ImageEdit{{"api", "r.example.com/api:1"}, {"proxy", "envoy@sha256:00"}}},
		{name: "a byte order mark", text: "\xEF\xBB\xBF[{\"name\":\"api\",\"imageUri\":\"a:1\"}]\n", want: []ImageEdit{{"api", "a:1"}}},
		{name: "one of them", text: `[{"name":"api","imageUri":"a:1"},{"name":"b","imageUri":"b:1"}]`, container: "b", want: []ImageEdit{{"b", "b:1"}}},
		{name: "the same twice", text: `[{"name":"api","imageUri":"a:1"},{"name":"api","imageUri":"a:1"}]`, want: []ImageEdit{{"api", "a:1"}}},
		{name: "detail", text: `{"ImageSizeInBytes":"1","ImageURI":"1.example.com/a@sha256:0","ImageTags":["x"]}`, container: "api",
			want: []ImageEdit{{"api", "1.example.com/a@sha256:0"}}},
		{name: "detail of nobody", text: `{"ImageURI":"a:1"}`, problem: "in:1:13: an imageDetail.json names no container: say whose image it is with --container NAME"},
		{name: "none of that name", text: `[{"name":"api","imageUri":"a:1"}]`, container: "b", problem: `in:1:1: no image is for the container "b"`},
		{name: "cut off", text: "[{\"name\":\"api\",\n \"imageUri\":", problem: "in:2:13: not valid JSON"},
		{name: "yaml", text: "- name: api\n  imageUri: a:1\n", problem: "in:1:1: not valid JSON"},
		{name: "another case", text: "[\n {\"name\":\"api\",\"imageURI\":\"a:1\"}]", problem: `in:2:2: [0].imageUri is missing; did you mean "imageURI"?`},
		{name: "a number", text: `[{"name":"api","imageUri":1}]`, problem: "in:1:27: [0].imageUri: expects a text, got a number"},
		{name: "two images", text: `[{"name":"api","imageUri":"a:1"},{"name":"api","imageUri":"a:2"}]`, problem: `in:1:42: [1]: the container "api" is there twice, with two images`},
		{name: "no image", text: `[{"name":"api","imageUri":"a 1"}]`, problem: `in:1:27: [0].imageUri: "a 1" is no image`},
		{name: "no object", text: `["api"]`, problem: "in:1:2: [0]: expects {\"name\""},
		{name: "empty list", text: `[]`, problem: "in:1:1: the list is empty"},
		{name: "empty", text: " ", problem: "in:1:1: the file is empty"},
		{name: "text", text: `"api"`, problem: "in:1:1: expects a list"},
		{name: "too long", text: "[" + strings.Repeat(" ", 100<<10) + "]", problem: "in:1:1: the file has 102402 bytes"},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, problems := ReadImages(File{Path: "in", Data: []byte(c.text)}, c.container)
			if c.problem == "" && (len(problems) > 0 || !reflect.DeepEqual(got, c.want)) {
				t.Errorf("%v, %v", got, problems)
			}
			if c.problem != "" && (len(problems) == 0 || !strings.HasPrefix(fmt.Sprint(problems[0]), c.problem)) {
				t.Errorf("%v, want %s", problems, c.problem)
			}
		})
	}
}
