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
	Pair  [2]int8
	Share float32
	Count uint16
	Names map[string]*looked
	Sizes map[string]struct{ N int }
	inner struct {
		n    int
		yes  bool
		tags map[string]string
		any  any
		at   time.Time
		next *looked
	}
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
	seen := map[Sum]string{}
	for what, change := range map[string]func(*looked){
		"a string":                   func(l *looked) { l.Name = &other },
		"none":                       func(l *looked) { l.Name = nil },
		"a tag":                      func(l *looked) { l.Tags["k"] = "w" },
		"a key":                      func(l *looked) { delete(l.Tags, "k"); l.Tags["kl"] = "v" },
		"no tags":                    func(l *looked) { l.Tags = nil },
		"order":                      func(l *looked) { l.List = []string{"y", "x"} },
		"a boundary":                 func(l *looked) { l.List = []string{"xy", ""} },
		"an empty list":              func(l *looked) { l.List = []string{} },
		"no list":                    func(l *looked) { l.List = nil },
		"a number":                   func(l *looked) { l.Any = map[string]any{"n": 2.5} },
		"the kind of it":             func(l *looked) { l.Any = map[string]any{"n": int64(1)} },
		"another type":               func(l *looked) { l.Any = name },
		"a time":                     func(l *looked) { l.At = time.Unix(7, 1) },
		"a member of an array":       func(l *looked) { l.Pair[1] = -1 },
		"another one":                func(l *looked) { l.Pair[0] = -1 },
		"a part":                     func(l *looked) { l.Share = 0.5 },
		"a count":                    func(l *looked) { l.Count = 1 },
		"a map of pointers":          func(l *looked) { l.Names = map[string]*looked{} },
		"a pointer in it":            func(l *looked) { l.Names = map[string]*looked{"n": {}} },
		"no pointer in it":           func(l *looked) { l.Names = map[string]*looked{"n": nil} },
		"what it leads to":           func(l *looked) { l.Names = map[string]*looked{"n": {Count: 1}} },
		"a struct in a map":          func(l *looked) { l.Sizes = map[string]struct{ N int }{"n": {}} },
		"what is in it":              func(l *looked) { l.Sizes = map[string]struct{ N int }{"n": {1}} },
		"a pointer in an interface":  func(l *looked) { l.Any = &name },
		"no pointer in an interface": func(l *looked) { l.Any = (*string)(nil) },
		"a struct in an interface":   func(l *looked) { l.Any = struct{ N string }{"a"} },
		"nothing in an interface":    func(l *looked) { l.Any = nil },
		"an unexported field":        func(l *looked) { l.inner.n = 1 },
		"an unexported truth":        func(l *looked) { l.inner.yes = true },
		"an unexported map":          func(l *looked) { l.inner.tags = map[string]string{"k": "v"} },
		"an unexported interface":    func(l *looked) { l.inner.any = 1 },
		"an unexported time":         func(l *looked) { l.inner.at = time.Unix(1, 0) },
		"an unexported pointer":      func(l *looked) { l.inner.next = &looked{} },
	} {
		l := base()
		change(&l)
		sum, ok := Digest(l)
		if !ok || sum == want {
			t.Errorf("%s: not seen", what)
		}
		if before, twice := seen[sum]; twice {
			t.Errorf("%s has the digest of %s", what, before)
		}
		seen[sum] = what
		again := base()
		change(&again)
		if same, _ := Digest(again); same != sum {
			t.Errorf("%s: a copy has another digest", what)
		}
	}
	for what, v := range map[string]any{"a function": func() {}, "a map by numbers": map[int]string{1: "a"}, "a circle": circle(), "a function within": struct{ f func() }{}, "a list of such": []map[int]int{{1: 1}}} {
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

// A type may lead to itself, and is met by many at once.
func TestDigestOfATypeWithinItself(t *testing.T) {
	type tree struct {
		Name string
		Of   []tree
		By   map[string]tree
	}
	at := func(name string) tree {
		return tree{Of: []tree{{Name: "a"}, {Of: []tree{{}}}}, By: map[string]tree{"k": {Name: name}}}
	}
	sums := make(chan [2]Sum, 8)
	for range cap(sums) {
		go func() {
			one, _ := Digest(at("b"))
			other, _ := Digest(at("c"))
			sums <- [2]Sum{one, other}
		}()
	}
	first := <-sums
	for range cap(sums) - 1 {
		if got := <-sums; got != first || got[0] == got[1] {
			t.Errorf("%x, want %x", got, first)
		}
	}
}
