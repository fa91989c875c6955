package spec

import (
	"strings"

	"github.com/ecs-operator/ecs-operator/pkg/shape"
)

// place is where the decoder stands inside a body, in the three spellings that
// are needed: by index (keys of Written), index-free (keys of the section's
// tables) and as people read it, with the spec's prefix and names for indices.
type place struct{ index, free, shown string }

func (p place) field(name string) place {
	return place{shape.Join(p.index, name), shape.Join(p.free, name), shape.Join(p.shown, name)}
}

// item is an element of a list; label is its name, if it has one.
func (p place) item(i int, label string) place {
	q := place{shape.At(p.index, i), p.free + "[]", shape.At(p.shown, i)}
	if label != "" {
		q.shown = shape.At(p.shown, label)
	}
	return q
}

func (p place) key(k string) place {
	return place{shape.At(p.index, k), p.free + "[]", shape.At(p.shown, k)}
}

// indexFree turns an index path into its index-free form.
func indexFree(path string) string {
	var b strings.Builder
	for {
		open := strings.IndexByte(path, '[')
		if open < 0 {
			b.WriteString(path)
			return b.String()
		}
		b.WriteString(path[:open])
		b.WriteString("[]")
		// A map's key may hold brackets itself; an index path never continues
		// behind one with anything but '.', '[' or its end.
		end := open
		for {
			next := strings.IndexByte(path[end:], ']')
			if next < 0 {
				return b.String()
			}
			end += next + 1
			if end == len(path) || path[end] == '.' || path[end] == '[' {
				break
			}
		}
		path = path[end:]
	}
}
