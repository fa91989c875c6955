package wire

import (
	"net/url"
	"reflect"
	"sort"
	"strconv"
	"strings"
)

// form is one level of a Query request: "A.B=1" is form{"A": form{"B": "1"}}.
type form map[string]any

// text is a value of a form: it has no type of its own, the member decides.
type text string

// DecodeQuery fills an SDK input from the form of a Query request:
// "Tags.member.1.Key=a".
func (c Codec) DecodeQuery(values url.Values, in any) error {
	return c.fill(reflect.ValueOf(in).Elem(), parseForm(values))
}

func parseForm(values url.Values) form {
	root := form{}
	for _, name := range sortedValues(values) {
		level := root
		steps := strings.Split(name, ".")
		for _, step := range steps[:len(steps)-1] {
			next, ok := level[step].(form)
			if !ok { // "A=" beside "A.member.1=" gives way
				next = form{}
				level[step] = next
			}
			level = next
		}
		last := steps[len(steps)-1]
		if _, taken := level[last]; !taken {
			level[last] = text(values.Get(name))
		}
	}
	return root
}

func sortedValues(values url.Values) []string {
	names := make([]string, 0, len(values))
	for k := range values {
		names = append(names, k)
	}
	sort.Strings(names)
	return names
}

// list is the elements of "X.member.N", or of the flattened "X.N", by rising N.
func (f form) list() []any {
	if inner, ok := f["member"].(form); ok {
		return inner.numbered()
	}
	return f.numbered()
}

func (f form) numbered() []any {
	var numbers []int
	for k := range f {
		if n, err := strconv.Atoi(k); err == nil && n > 0 && strconv.Itoa(n) == k {
			numbers = append(numbers, n)
		}
	}
	sort.Ints(numbers)
	out := make([]any, 0, len(numbers))
	for _, n := range numbers {
		out = append(out, f[strconv.Itoa(n)])
	}
	return out
}

// entries is a map: "X.entry.N.key" and "X.entry.N.value".
func (f form) entries() map[string]any {
	inner, ok := f["entry"].(form)
	if !ok {
		inner = f
	}
	out := map[string]any{}
	for _, item := range inner.numbered() {
		if entry, ok := item.(form); ok {
			if key, ok := entry["key"].(text); ok {
				out[string(key)] = entry["value"]
			}
		}
	}
	return out
}
