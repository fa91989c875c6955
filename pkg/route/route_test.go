package route

import (
	"net/netip"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

func host(v ...string) Condition   { return Condition{Field: Host, Values: v} }
func path(v ...string) Condition   { return Condition{Field: Path, Values: v} }
func method(v ...string) Condition { return Condition{Field: Method, Values: v} }
func source(v ...string) Condition { return Condition{Field: Source, Values: v} }
func header(name string, v ...string) Condition {
	return Condition{Field: Header, Name: name, Values: v}
}
func query(p ...Pair) Condition             { return Condition{Field: Query, Pairs: p} }
func regex(f string, v ...string) Condition { return Condition{Field: f, Regex: v} }
func rule(c ...Condition) Rule              { return Rule{Conditions: c} }

func TestVerdicts(t *testing.T) {
	for _, c := range []struct {
		name                         string
		a, b                         Rule
		aCoversB, bCoversA, disjoint bool
	}{
		{"a path below another", rule(path("/api/*")), rule(path("/api/v2/*")), true, false, false},
		{"a star is no slash's end", rule(path("/api/*")), rule(path("/api")), false, false, true},
		{"two paths", rule(path("/a", "/a/*")), rule(path("/a")), true, false, false},
		{"together they cover", rule(path("/a*", "/b*")), rule(path("/a1", "/b*")), true, false, false},
		{"hosts have no case", rule(host("API.example.com")), rule(host("api.Example.com")), true, true, false},
		{"paths have", rule(path("/Api/*")), rule(path("/api/*")), false, false, true},
		{"a host narrows", rule(path("/api/*")), rule(host("a.example.com"), path("/api/*")), true, false, false},
		{"two hosts", rule(host("a.example.com")), rule(host("b.example.com")), false, false, true},
		{"a wildcard host", rule(host("*.example.com")), rule(host("b.example.com")), true, false, false},
		{"host against path", rule(host("a.example.com")), rule(path("/x")), false, false, false},
		{"every path", rule(path("/*")), rule(host("a.example.com")), true, false, false},
		{"a question mark", rule(path("/v?/x")), rule(path("/v1/x")), true, false, false},
		{"stars within stars", rule(path("*a*")), rule(path("/*ba*")), true, false, false},
		{"crossing stars", rule(path("/a*")), rule(path("*b")), false, false, false},
		{"methods", rule(method("GET", "HEAD")), rule(method("GET")), true, false, false},
		{"other methods", rule(method("POST")), rule(method("GET")), false, false, true},
		{"networks", rule(source("10.0.0.0/8")), rule(source("10.1.0.0/16")), true, false, false},
		{"other networks", rule(source("10.0.0.0/8")), rule(source("192.168.0.0/16")), false, false, true},
		{"the whole internet", rule(source("0.0.0.0/0", "::/0")), rule(host("a.example.com")), true, false, false},
		{"half of it", rule(source("0.0.0.0/0")), rule(host("a.example.com")), false, false, false},
		{"a header", rule(header("X-Version", "v*")), rule(header("x-version", "V1")), true, false, false},
		{"another value", rule(header("X-Version", "v2")), rule(header("x-version", "v1")), false, false, true},
		{"another header", rule(header("X-A", "*")), rule(header("X-B", "*")), false, false, false},
		{"a header that need not be sent", rule(header("X-A", "*")), rule(), false, true, false},
		{"a query without a key", rule(query(Pair{"", "on"})), rule(query(Pair{"debug", "on"})), true, false, false},
		{"other queries may come together", rule(query(Pair{"a", "1"})), rule(query(Pair{"a", "2"})), false, false, false},
		{"an escaped star", rule(query(Pair{"a", `\*`})), rule(query(Pair{"a", "x"})), false, false, false},
		{"a regex is not judged", rule(regex(Path, "^/a")), rule(path("/a")), false, false, false},
		{"the same regex is", rule(regex(Path, "^/a")), rule(regex(Path, "^/a"), host("h.example.com")), true, false, false},
		{"a regex within everything", rule(path("*")), rule(regex(Path, "^/a")), true, false, false},
		{"a field of tomorrow", rule(Condition{Field: "moon", Values: []string{"full"}}), rule(Condition{Field: "moon", Values: []string{"new"}}), false, false, false},
		{"no condition", rule(), rule(path("/x")), true, false, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := Covers(c.a, c.b); got != c.aCoversB {
				t.Errorf("%s covers %s: %t", c.a, c.b, got)
			}
			if got := Covers(c.b, c.a); got != c.bCoversA {
				t.Errorf("%s covers %s: %t", c.b, c.a, got)
			}
			for _, pair := range [][2]Rule{{c.a, c.b}, {c.b, c.a}} {
				if got := Disjoint(pair[0], pair[1]); got != c.disjoint {
					t.Errorf("%s and %s are disjoint: %t", pair[0], pair[1], got)
				}
			}
		})
	}
}

// Small alphabets, so that drawn rules and requests meet often.
func drawRule(t *rapid.T, label string) Rule {
	text := func(chars string, most int) *rapid.Generator[string] {
		return rapid.Custom(func(t *rapid.T) string {
			var b strings.Builder
			for range rapid.IntRange(1, most).Draw(t, "length") {
				b.WriteByte(chars[rapid.IntRange(0, len(chars)-1).Draw(t, "char")])
			}
			return b.String()
		})
	}
	values := func(g *rapid.Generator[string]) []string { return rapid.SliceOfN(g, 1, 3).Draw(t, label) }
	var r Rule
	if rapid.Bool().Draw(t, label+" host") {
		r.Conditions = append(r.Conditions, host(values(text("aB*?", 3))...))
	}
	if rapid.Bool().Draw(t, label+" path") {
		paths := values(text("ab*?", 4))
		for i := range paths {
			paths[i] = "/" + paths[i]
		}
		r.Conditions = append(r.Conditions, path(paths...))
	}
	if rapid.Bool().Draw(t, label+" method") {
		r.Conditions = append(r.Conditions, method(values(rapid.SampledFrom([]string{"GET", "PUT"}))...))
	}
	if rapid.Bool().Draw(t, label+" source") {
		r.Conditions = append(r.Conditions, source(values(rapid.SampledFrom([]string{"10.0.0.0/8", "10.0.0.0/31", "10.0.0.1/32", "0.0.0.0/0", "::/0"}))...))
	}
	for range rapid.IntRange(0, 2).Draw(t, label+" headers") {
		r.Conditions = append(r.Conditions, header(rapid.SampledFrom([]string{"X", "x", "y"}).Draw(t, "name"), values(text("a*?", 2))...))
	}
	if rapid.Bool().Draw(t, label+" query") {
		r.Conditions = append(r.Conditions, query(Pair{rapid.SampledFrom([]string{"", "k", "*"}).Draw(t, "key"), text("a*?", 2).Draw(t, "value")}))
	}
	return r
}

func drawRequest(t *rapid.T) Request {
	pick := func(label string, from ...string) string { return rapid.SampledFrom(from).Draw(t, label) }
	q := Request{
		Host: pick("host", "a", "b", "ab", "BA", "aab"), Path: "/" + pick("path", "", "a", "b", "ab", "ba", "aab", "abab"),
		Method: pick("method", "GET", "PUT", "POST"), Headers: map[string]string{},
		Source: netip.MustParseAddr(pick("source", "10.0.0.1", "10.0.0.2", "192.0.2.1", "2001:db8::1")),
	}
	for _, name := range []string{"x", "y"} {
		if rapid.Bool().Draw(t, name) {
			q.Headers[name] = pick("header", "", "a", "aa", "b")
		}
	}
	for range rapid.IntRange(0, 2).Draw(t, "pairs") {
		q.Query = append(q.Query, Pair{pick("key", "k", "j"), pick("value", "", "a", "aa", "b")})
	}
	return q
}

// A request never contradicts a verdict: what a rule covers it takes, what is
// disjoint never meets, and a rule always covers itself.
func TestVerdictsAgreeWithRequests(t *testing.T) {
	covers, disjoint, both := 0, 0, 0
	rapid.Check(t, func(t *rapid.T) {
		a, b := drawRule(t, "a"), drawRule(t, "b")
		covered, apart := Covers(a, b), Disjoint(a, b)
		if !Covers(a, a) {
			t.Fatalf("%s does not cover itself", a)
		}
		if apart != Disjoint(b, a) {
			t.Fatalf("Disjoint of %s and %s depends on their order", a, b)
		}
		if covered {
			covers++
		}
		if apart {
			disjoint++
		}
		for range 20 {
			q := drawRequest(t)
			inA, inB := a.Matches(q), b.Matches(q)
			if inA && inB {
				both++
			}
			if covered && inB && !inA {
				t.Fatalf("%s is said to cover %s, but not %+v", a, b, q)
			}
			if apart && inA && inB {
				t.Fatalf("%s and %s are said to be disjoint, and both take %+v", a, b, q)
			}
		}
	})
	if !testing.Short() && (covers == 0 || disjoint == 0 || both == 0) { // -short draws a fifth
		t.Errorf("the draws prove little: %d covers, %d disjoint, %d requests taken by both", covers, disjoint, both)
	}
}

// On all short texts over a small alphabet inclusion and intersection are exact,
// not only sound.
func TestGlobsAreExact(t *testing.T) {
	var texts []string
	for level := []string{""}; len(level[0]) < 6; {
		texts = append(texts, level...)
		var next []string
		for _, s := range level {
			next = append(next, s+"a", s+"b", s+"c")
		}
		level = next
	}
	rapid.Check(t, func(t *rapid.T) {
		pattern := rapid.StringMatching(`[ab*?]{1,3}`)
		p, q, r := pattern.Draw(t, "p"), pattern.Draw(t, "q"), pattern.Draw(t, "r")
		inside, meets := true, false
		for _, s := range texts {
			inP, inQ, inR := matches(tokens(Path, p), s), matches(tokens(Path, q), s), matches(tokens(Path, r), s)
			inside = inside && (!inP || inQ || inR)
			meets = meets || inP && inQ
		}
		if got := included(tokens(Path, p), patterns(Path, []string{q, r})); got != inside {
			t.Errorf("%q within %q or %q: %t", p, q, r, got)
		}
		if got := intersect(tokens(Path, p), tokens(Path, q)); got != meets {
			t.Errorf("%q meets %q: %t", p, q, got)
		}
	})
}

// A pattern that is made to be dear is not judged, and costs no time.
func TestHostilePatterns(t *testing.T) {
	hostile := "*a" + strings.Repeat("?", 100)
	if Covers(rule(path(hostile)), rule(path("*"+strings.Repeat("?a*", 30)))) {
		t.Error("it was proven")
	}
}
