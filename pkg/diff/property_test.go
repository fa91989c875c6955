package diff_test

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/ecs-operator/ecs-operator/pkg/diff"
	"github.com/ecs-operator/ecs-operator/pkg/shape"
)

func word(t *rapid.T, label string) *string {
	return p(rapid.SampledFrom([]string{"a", "b", "c", "dd"}).Draw(t, label))
}

func maybe[T any](t *rapid.T, label string, v func() T) (out T) {
	if rapid.Bool().Draw(t, label+"?") {
		return v()
	}
	return out
}

// anyInput draws a value whose keyed lists have distinct keys, as AWS asks.
func anyInput(t *rapid.T) *input {
	in := &input{
		Family: word(t, "family"), Cpu: maybe(t, "cpu", func() *string { return word(t, "cpu") }),
		Image:   maybe(t, "image", func() *string { return word(t, "image") }),
		Count:   maybe(t, "count", func() *int32 { return p(rapid.Int32Range(0, 3).Draw(t, "count")) }),
		Weight:  rapid.Int32Range(0, 2).Draw(t, "weight"),
		Exec:    rapid.Bool().Draw(t, "exec"),
		Mode:    rapid.SampledFrom([]mode{"", "REPLICA", "DAEMON"}).Draw(t, "mode"),
		Zones:   maybe(t, "zones", func() *string { return word(t, "zones") }),
		Subnets: maybe(t, "subnets", func() []string { return words(t, "subnet") }),
		Options: maybe(t, "options", func() map[string]string { return map[string]string{"level": "debug", "o": "1"} }),
	}
	for _, n := range words(t, "container") {
		c := container{Name: p(n), Image: word(t, "image"), Essential: maybe(t, "essential", func() *bool { return p(rapid.Bool().Draw(t, "essential")) }),
			Command: maybe(t, "command", func() []string { return words(t, "command") })}
		for _, e := range words(t, "env") {
			c.Environment = append(c.Environment, pair{p(e), word(t, "value")})
		}
		for i, proto := range words(t, "ports") {
			c.Ports = append(c.Ports, port{ContainerPort: p(int32(i)), Protocol: mode(proto), HostPort: p(int32(1))})
		}
		c.Health = maybe(t, "health", func() *health { return &health{Command: []string{"x"}, Interval: p(int32(30))} })
		in.Containers = append(in.Containers, c)
	}
	for _, g := range words(t, "group") {
		in.Groups = append(in.Groups, group{Arn: p(g), Weight: p(int32(1))})
	}
	for _, s := range words(t, "step") {
		in.Steps = append(in.Steps, step{Type: p(s)})
	}
	in.Deployment = maybe(t, "deployment", func() *deployment {
		return &deployment{MaximumPercent: p(rapid.Int32Range(199, 201).Draw(t, "percent")), Breaker: &breaker{Enable: rapid.Bool().Draw(t, "enable")}}
	})
	return in
}

func words(t *rapid.T, label string) []string {
	return rapid.SliceOfNDistinct(rapid.SampledFrom([]string{"a", "b", "c", "dd"}), 0, 3, rapid.ID[string]).Draw(t, label)
}

// asWritten says that the author wrote everything.
func asWritten(v any) *shape.Places {
	out := &shape.Places{}
	paths(shape.Plain(v, nil), "", func(path string, _ any) { out.Set(path, "f.yaml:1:1") })
	for _, zero := range []string{"exec", "weight"} {
		out.Set(zero, "f.yaml:1:1")
	}
	return out
}

func paths(v any, at string, f func(string, any)) {
	switch x := v.(type) {
	case map[string]any:
		for k, m := range x {
			paths(m, shape.Join(at, k), f)
		}
	case []any:
		for i, m := range x {
			paths(m, shape.At(at, i), f)
		}
	}
	if at != "" {
		f(at, v)
	}
}

func TestNothingDiffersFromItself(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		v := anyInput(t)
		for _, changed := range []bool{false, true} {
			if got := rules().Compare(diff.Args{Want: v, Live: shape.Clone(v), Written: asWritten(v), InputChanged: changed}); len(got) > 0 {
				t.Fatalf("%v", lines(got))
			}
		}
	})
}

// Whatever AWS does to the order of what has an identity or none means nothing.
func TestOrderThatMeansNothing(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		v := anyInput(t)
		r := rand.New(rand.NewPCG(1, rapid.Uint64().Draw(t, "seed")))
		live := shape.Clone(v)
		shuffle(r, live.Containers)
		for i := range live.Containers {
			shuffle(r, live.Containers[i].Environment)
			shuffle(r, live.Containers[i].Ports)
		}
		shuffle(r, live.Subnets)
		shuffle(r, live.Groups)
		if got := rules().Compare(diff.Args{Want: v, Live: live, Written: asWritten(v)}); len(got) > 0 {
			t.Fatalf("%v", lines(got))
		}
		if a, b := rules().Canonical(v), rules().Canonical(live); !bytes.Equal(a, b) {
			t.Fatalf("canonical forms differ:\n%s\n%s", a, b)
		}
	})
}

func shuffle[T any](r *rand.Rand, s []T) {
	r.Shuffle(len(s), func(i, j int) { s[i], s[j] = s[j], s[i] })
}

// Any change of any writable leaf shows exactly that path, unless the rules
// name its owner; and two values compare as different when, and only when,
// their canonical forms do.
func TestEveryLeafShows(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		v := anyInput(t)
		live := shape.Clone(v)
		edits := leaves(live)
		if len(edits) == 0 {
			return
		}
		names := make([]string, 0, len(edits))
		for n := range edits {
			names = append(names, n)
		}
		path := rapid.SampledFrom(sortedStrings(names)).Draw(t, "leaf")
		edits[path]()
		got := rules().Compare(diff.Args{Want: v, Live: live, Written: asWritten(v)})
		if path == "family" {
			if len(got) > 0 {
				t.Fatalf("an ignored path shows: %v", lines(got))
			}
			return
		}
		if len(got) != 1 || got[0].Path != path {
			t.Fatalf("changed %s, have %v", path, lines(got))
		}
		if got[0].Effect == "" || got[0].Reason != diff.FromSpec || got[0].Informational {
			t.Fatalf("%+v", got[0])
		}
		if bytes.Equal(rules().Canonical(v), rules().Canonical(live)) {
			t.Fatalf("%s differs and the canonical forms are equal", path)
		}
	})
}

func sortedStrings(s []string) []string {
	for i := range s {
		for j := i; j > 0 && s[j] < s[j-1]; j-- {
			s[j], s[j-1] = s[j-1], s[j]
		}
	}
	return s
}

// leaves maps the output path of every leaf to an edit of it.
func leaves(in *input) map[string]func() {
	out := map[string]func(){"exec": func() { in.Exec = !in.Exec }, "weight": func() { in.Weight += 5 }}
	str := func(path string, s *string) {
		if s != nil {
			out[path] = func() { *s += "!" }
		}
	}
	str("family", in.Family)
	str("cpu", in.Cpu)
	str("image", in.Image)
	str("zones", in.Zones)
	if in.Count != nil {
		out["count"] = func() { *in.Count += 7 }
	}
	if in.Mode != "" {
		out["mode"] = func() { in.Mode = "OTHER" }
	}
	if len(in.Subnets) > 0 {
		out["subnets"] = func() { in.Subnets[0] += "!" }
	}
	if len(in.Groups) > 0 {
		out["groups"] = func() { *in.Groups[0].Weight += 3 }
	}
	if in.Options != nil {
		out["options[level]"] = func() { in.Options["level"] = "x" }
		out["options[o]"] = func() { in.Options["o"] = "x" }
	}
	if in.Deployment != nil {
		out["deployment.maximumPercent"] = func() { *in.Deployment.MaximumPercent += 100 }
		out["deployment.breaker.enable"] = func() { in.Deployment.Breaker.Enable = !in.Deployment.Breaker.Enable }
		if !in.Deployment.Breaker.Enable { // a plain false that is not in the tree, nor written
			delete(out, "deployment.breaker.enable")
		}
	}
	for i := range in.Steps {
		str(fmt.Sprintf("steps[%d].type", i), in.Steps[i].Type)
	}
	for i := range in.Containers {
		c := &in.Containers[i]
		at := "containers[" + *c.Name + "]"
		str(at+".image", c.Image)
		if c.Essential != nil {
			out[at+".essential"] = func() { *c.Essential = !*c.Essential }
		}
		if len(c.Command) > 0 {
			out[at+".command"] = func() { c.Command[0] += "!" }
		}
		for j := range c.Environment {
			str(at+".environment["+*c.Environment[j].Name+"].value", c.Environment[j].Value)
		}
		for j := range c.Ports {
			out[fmt.Sprintf("%s.ports[%d/%s].hostPort", at, *c.Ports[j].ContainerPort, c.Ports[j].Protocol)] = func() { *c.Ports[j].HostPort += 2 }
		}
		if c.Health != nil {
			out[at+".health.interval"] = func() { *c.Health.Interval = 5 }
			out[at+".health.command"] = func() { c.Health.Command = append(c.Health.Command, "y") }
		}
	}
	return out
}

// What the author did not write never starts a deployment by itself.
func TestDriftAloneNeverDeploys(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		for _, c := range rules().Compare(diff.Args{Want: &input{}, Live: anyInput(t)}) {
			if c.Effect.Deploys() && !c.Informational {
				t.Fatalf("%+v", c)
			}
			if c.Pos != "" || strings.Contains(c.Path, "family") {
				t.Fatalf("%+v", c)
			}
		}
	})
}
