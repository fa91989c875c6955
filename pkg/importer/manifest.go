package importer

import (
	"regexp"
	"strings"
	"time"

	"github.com/ecs-operator/ecs-operator/pkg/shape"
	"github.com/ecs-operator/ecs-operator/pkg/spec"
)

// manifest reads a tree and remembers what was read, so that the rest can be
// named: nothing of it is dropped silently.
type manifest struct {
	spec.Tree
	path string
	key  spec.Tree       // where the key stands, of an environment's overrides where they write it
	seen map[string]bool // places of keys that were looked at
	done map[string]bool // and of those under which everything was
}

func newManifest(t spec.Tree) manifest {
	return manifest{Tree: t, seen: map[string]bool{}, done: map[string]bool{}}
}

// get reads a key. What stands under a mapping must be read by itself.
func (m manifest) get(key string) manifest {
	out := manifest{Tree: m.Tree.Get(key), path: shape.Join(m.path, key), key: m.Tree, seen: m.seen, done: m.done}
	for _, p := range m.Map {
		if p.Key == key {
			out.key = p.At
			m.seen[placeOf(p.At)] = true
		}
	}
	return out
}

// all reads a key with everything under it.
func (m manifest) all(key string) manifest {
	for _, p := range m.Map {
		if p.Key == key {
			m.done[placeOf(p.At)] = true
		}
	}
	return m.get(key)
}

func (m manifest) written() bool { return m.Sort != spec.Null }

// items are the elements of a list, or the one thing that stands for it.
func (m manifest) items() []manifest {
	list := m.List
	if m.Sort == spec.Scalar || m.Sort == spec.Mapping {
		list = []spec.Tree{m.Tree}
	}
	var out []manifest
	for i, t := range list {
		path := m.path
		if m.Sort == spec.List {
			path = shape.At(m.path, i)
		}
		out = append(out, manifest{t, path, t, m.seen, m.done})
	}
	return out
}

// texts are the scalars of a list, or the one that stands for it.
func (m manifest) texts() []string {
	var out []string
	for _, item := range m.items() {
		if item.Sort == spec.Scalar {
			out = append(out, item.Text())
		}
	}
	return out
}

// unread reports every key that nobody looked at.
func (m manifest) unread(report func(at spec.Tree, path string)) {
	m.walk(m.Tree, m.path, report)
}

func (m manifest) walk(t spec.Tree, path string, report func(spec.Tree, string)) {
	for i, item := range t.List {
		m.walk(item, shape.At(path, i), report)
	}
	for _, p := range t.Map {
		at := placeOf(p.At)
		switch {
		case m.done[at]:
		case m.seen[at]:
			m.walk(p.Value, shape.Join(path, p.Key), report)
		default:
			report(p.At, shape.Join(path, p.Key))
		}
	}
}

// laid puts an environment's overrides over a manifest as Copilot does: mappings
// merge, everything else is replaced.
func laid(base, over spec.Tree) spec.Tree {
	if over.Sort == spec.Null {
		return base
	}
	if base.Sort != spec.Mapping || over.Sort != spec.Mapping {
		return over
	}
	out := base
	out.Map = append([]spec.Pair(nil), base.Map...)
	for _, p := range over.Map {
		if excluded, ok := copilotExclusive[p.Key]; ok && p.Value.Sort != spec.Null {
			out.Map = dropped(out.Map, excluded)
		}
		found := false
		for i := range out.Map {
			if out.Map[i].Key == p.Key {
				out.Map[i] = spec.Pair{Key: p.Key, At: p.At, Value: laid(out.Map[i].Value, p.Value)}
				found = true
			}
		}
		if !found {
			out.Map = append(out.Map, p)
		}
	}
	return out
}

// copilotExclusive: what is written in an environment takes these away below it.
var copilotExclusive = map[string][]string{
	"location": {"build"}, "build": {"location"},
	"spot": {"range", "cpu_percentage", "memory_percentage", "requests", "response_time", "queue_delay", "cooldown"}, "range": {"spot"},
}

func dropped(pairs []spec.Pair, keys []string) []spec.Pair {
	var out []spec.Pair
	for _, p := range pairs {
		keep := true
		for _, k := range keys {
			keep = keep && p.Key != k
		}
		if keep {
			out = append(out, p)
		}
	}
	return out
}

var copilotVariable = regexp.MustCompile(`\$\{([A-Za-z_][A-Za-z0-9_]*)\}`)

// interpolated replaces ${VAR} in every text of a manifest, and escapes what
// only looks like a reference of ours.
func (p *project) interpolated(t spec.Tree) spec.Tree {
	if s, ok := t.Scalar.(string); ok {
		s = strings.ReplaceAll(s, "$(", "$$(")
		t.Scalar = copilotVariable.ReplaceAllStringFunc(s, func(m string) string {
			switch name := m[2 : len(m)-1]; name {
			case "COPILOT_APPLICATION_NAME":
				return p.application(t)
			case "COPILOT_ENVIRONMENT_NAME":
				return "$(env.name)"
			default:
				return p.vars.add("the environment variable "+name, name, nil, "", t).String()
			}
		})
	}
	for i := range t.Map {
		t.Map[i].Value = p.interpolated(t.Map[i].Value)
	}
	for i := range t.List {
		t.List[i] = p.interpolated(t.List[i])
	}
	return t
}

// application is the name of the Copilot application.
func (p *project) application(at spec.Tree) string {
	return p.owned("application", "the name of the Copilot application", at)
}

// owned is a variable for what Copilot's CloudFormation stacks own.
func (p *project) owned(name, what string, at spec.Tree) string {
	return p.vars.add(what, name, nil, what, at).String()
}

// seconds reads a duration of a manifest.
func (p *project) seconds(m manifest) any {
	if m.Sort != spec.Scalar {
		return nil
	}
	d, err := time.ParseDuration(m.Text())
	if err != nil {
		if !isNumber(m.Text()) {
			p.errorf(m.Tree, "%s: %s is no duration: it is left out", m.path, m.Tree)
			return nil
		}
		d, _ = time.ParseDuration(m.Text() + "s")
	}
	return int(d / time.Second)
}
