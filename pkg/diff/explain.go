package diff

// Explanation is what the rules say of one path.
type Explanation struct {
	Effect Effect // what a change of it does
	// Default is AWS' constant default where HasDefault; nil for "left out".
	Default    any
	HasDefault bool
	// Inherits says why the live value stays where none is written, Ignored why
	// the path is not compared; "" where that is not so.
	Inherits, Ignored string
}

// Explain looks an index-free path up, for people to read. An entry of a
// free-form map is named by its key: "attributes[stickiness.enabled]".
func (r *Rules) Explain(path string) Explanation {
	p := place{exact: path, free: path}
	e := Explanation{Effect: r.effect(p), Inherits: r.Inherits[path], Ignored: r.Ignored[path]}
	e.Default, e.HasDefault = r.defaultOf(p)
	return e
}
