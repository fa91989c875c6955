package shape

import (
	"testing"
	"time"
)

type looked struct {
	Name  *string
	Tags  map[string]string
	List  []string
	Any   any
	At    time.Time
	inner struct{ n int }
}

// TestDigest: any part of a value changes its digest, and a copy does not.
func TestDigest(t *testing.T) {
	name, other := "a", "b"
	base := func() looked {
		same := "a"
		return looked{Name: &same, Tags: map[string]string{"k": "v", "l": "w"}, List: []string{"x", "y"}, Any: map[string]any{"n": 1.5}, At: time.Unix(7, 0)}
	}
	want, ok := Digest(base())
	if again, _ := Digest(base()); !ok || again != want {
		t.Fatal("a copy has another digest")
	}
	for what, change := range map[string]func(*looked){
		"a string":            func(l *looked) { l.Name = &other },
		"none":                func(l *looked) { l.Name = nil },
		"a tag":               func(l *looked) { l.Tags["k"] = "w" },
		"a key":               func(l *looked) { delete(l.Tags, "k"); l.Tags["kl"] = "v" },
		"no tags":             func(l *looked) { l.Tags = nil },
		"order":               func(l *looked) { l.List = []string{"y", "x"} },
		"a boundary":          func(l *looked) { l.List = []string{"xy", ""} },
		"an empty list":       func(l *looked) { l.List = []string{} },
		"no list":             func(l *looked) { l.List = nil },
		"a number":            func(l *looked) { l.Any = map[string]any{"n": 2.5} },
		"the kind of it":      func(l *looked) { l.Any = map[string]any{"n": int64(1)} },
		"another type":        func(l *looked) { l.Any = name },
		"a time":              func(l *looked) { l.At = time.Unix(7, 1) },
		"an unexported field": func(l *looked) { l.inner.n = 1 },
	} {
		l := base()
		change(&l)
		if sum, ok := Digest(l); !ok || sum == want {
			t.Errorf("%s: not seen", what)
		}
	}
	for what, v := range map[string]any{"a function": func() {}, "a map by numbers": map[int]string{1: "a"}, "a circle": circle()} {
		if _, ok := Digest(v); ok {
			t.Errorf("%s: is said to be looked into", what)
		}
	}
}

func circle() any {
	type ring struct{ next *ring }
	r := &ring{}
	r.next = r
	return r
}
