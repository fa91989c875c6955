package spec

import (
	"fmt"
	"slices"
	"strings"

	"gopkg.in/yaml.v3"
)

// maxImageFile is what CodePipeline takes (CodePipeline User Guide, "Image
// definitions file reference": 100 KB).
const maxImageFile = 100 << 10

// ReadImages reads the file by which CodePipeline hands images over (CodePipeline
// User Guide, "Image definitions file reference"): imagedefinitions.json, a list
// of {name, imageUri}, or imageDetail.json, a mapping with the ImageURI of one
// image, which names no container: that is container's then. Other keys are
// passed over, as AWS does.
func ReadImages(f File, container string) ([]ImageEdit, []Problem) {
	f.Path += "\x00.json" // whatever it is called, it is JSON
	r := &reporter{file: f.Path}
	limits := DefaultLimits
	limits.FileBytes = maxImageFile
	docs := load(f, limits, r)
	var out []ImageEdit
	switch {
	case r.errors > 0:
	case len(docs) == 0:
		r.add(Problem{Line: 1, Column: 1, Message: "the file is empty: want " + imageFileForm})
	case docs[0].Kind == yaml.SequenceNode:
		out = definitions(docs[0], container, r)
	case docs[0].Kind == yaml.MappingNode:
		out = detail(docs[0], container, r)
	default:
		r.errorf(docs[0], "expects %s, got %s", imageFileForm, got(docs[0]))
	}
	for i := range r.problems {
		r.problems[i].File = strings.TrimSuffix(r.problems[i].File, "\x00.json")
	}
	return out, r.problems
}

const imageFileForm = `a list like [{"name": "api", "imageUri": "registry.example.com/checkout:1.42.1"}], or the mapping of an imageDetail.json`

// definitions reads an imagedefinitions.json.
func definitions(n *yaml.Node, only string, r *reporter) []ImageEdit {
	if len(n.Content) == 0 {
		r.errorf(n, "the list is empty: want %s", imageFileForm)
	}
	var out []ImageEdit
	for i, item := range n.Content {
		at := fmt.Sprintf("[%d]", i)
		if item.Kind != yaml.MappingNode {
			r.errorf(item, `%s: expects {"name": …, "imageUri": …}, got %s`, at, got(item))
			continue
		}
		before := r.errors
		name, image := imageKey(item, at, "name", r), imageKey(item, at, "imageUri", r)
		if r.errors > before || only != "" && name.Value != only {
			continue
		}
		if err := checkImage(image.Value); err != nil {
			r.errorf(image, "%s.imageUri: %v", at, err)
			continue
		}
		e := ImageEdit{Container: name.Value, Image: image.Value}
		if k := slices.IndexFunc(out, func(o ImageEdit) bool { return o.Container == e.Container }); k >= 0 {
			if out[k].Image != e.Image {
				r.errorf(name, "%s: the container %s is there twice, with two images", at, quoted(e.Container))
			}
			continue
		}
		out = append(out, e)
	}
	if len(out) == 0 && only != "" && r.errors == 0 {
		r.errorf(n, "no image is for the container %s", quoted(only))
	}
	return out
}

// detail reads an imageDetail.json.
func detail(n *yaml.Node, container string, r *reporter) []ImageEdit {
	image := imageKey(n, "", "ImageURI", r)
	switch {
	case image == nil:
	case container == "":
		r.errorf(image, "an imageDetail.json names no container: say whose image it is with --container NAME")
	default:
		if err := checkImage(image.Value); err != nil {
			r.errorf(image, "ImageURI: %v", err)
			return nil
		}
		return []ImageEdit{{Container: container, Image: image.Value}}
	}
	return nil
}

// imageKey finds a text that must be there.
func imageKey(n *yaml.Node, at, name string, r *reporter) *yaml.Node {
	var keys []string
	for i := 0; i+1 < len(n.Content); i += 2 {
		keys = append(keys, n.Content[i].Value)
	}
	path := strings.TrimPrefix(at+"."+name, ".")
	switch _, v := lookup(n, name); {
	case v == nil:
		r.errorf(n, "%s is missing%s", path, didYouMean(name, keys))
	case v.Kind != yaml.ScalarNode || v.ShortTag() != "!!str" || v.Value == "":
		r.errorf(v, "%s: expects a text, got %s", path, got(v))
	default:
		return v
	}
	return nil
}
