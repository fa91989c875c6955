package diff

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"regexp"
	"strings"

	"github.com/ecs-operator/ecs-operator/pkg/shape"
)

// Members of SDK inputs are told by a narrower rule: "secrets" is a list of
// references, "clientSecret" is one.
var secretMember = regexp.MustCompile(`(?i)(password|secret|token)$`)

// SensitiveName is the default of Rules.Sensitive: it goes by the name of the
// environment variable, map entry or member that the path ends in. What refers
// to a secret (secrets[X].valueFrom) is no secret.
func SensitiveName(path string) bool {
	segs := segments(path)
	if len(segs) == 0 {
		return false
	}
	last := segs[len(segs)-1]
	if last[0] == '[' {
		return len(segs) > 1 && shape.SecretName(strings.Trim(last, "[]")) && segs[len(segs)-2] != "secrets"
	}
	if len(segs) > 2 && last == "value" && segs[len(segs)-2][0] == '[' && segs[len(segs)-3] == "environment" {
		return shape.SecretName(strings.Trim(segs[len(segs)-2], "[]"))
	}
	return secretMember.MatchString(last)
}

func (r *Rules) sensitive(path string, v any) bool {
	s, ok := v.(string)
	if !ok || s == "" || strings.HasPrefix(s, "$(") || strings.HasPrefix(s, "arn:") {
		return false
	}
	byName := SensitiveName
	if r.Sensitive != nil {
		byName = r.Sensitive
	}
	return byName(path) || shape.SecretValue(s)
}

// redact replaces every sensitive string of a plain value by a short hash, so
// that no output can leak what a change carries: two equal hashes are equal
// values, and that is all that a reader may know.
func (r *Rules) redact(path string, v any) (any, bool) {
	switch x := v.(type) {
	case string:
		if r.sensitive(path, x) {
			return Masked(x), true
		}
	case []any:
		out, hidden := make([]any, len(x)), false
		for i, item := range x {
			var hid bool
			out[i], hid = r.redact(elementPath(path, item, i), item)
			if s, ok := item.(string); ok && !hid && i > 0 && secretArgument(x[i-1], s) {
				out[i], hid = Masked(s), true
			}
			hidden = hidden || hid
		}
		if hidden {
			return out, true
		}
	case map[string]any:
		out, hidden := make(map[string]any, len(x)), false
		for k, item := range x {
			var hid bool
			out[k], hid = r.redact(memberPath(path, k), item)
			hidden = hidden || hid
		}
		if hidden {
			return out, true
		}
	}
	return v, false
}

// secretArgument reports whether an argument is a secret by the flag before it:
// ["--token", "X"], ["-u", "user:X"].
func secretArgument(before any, s string) bool {
	flag, ok := before.(string)
	if !ok || len(flag) < 2 || flag[0] != '-' || strings.ContainsAny(flag, "= ") || s == "" || s[0] == '-' || strings.HasPrefix(s, "$(") || strings.HasPrefix(s, "arn:") {
		return false
	}
	if flag == "-u" || flag == "--user" {
		_, password, _ := strings.Cut(s, ":")
		return password != ""
	}
	return shape.SecretName(strings.TrimLeft(flag, "-"))
}

// Redact masks what must not be shown in a plain tree, by the default rules.
func Redact(v any) any {
	out, _ := (&Rules{}).redact("", v)
	return out
}

// RedactTag masks the value of a tag whose key or look says secret.
func RedactTag(key, value string) (any, bool) {
	return (&Rules{}).redact(shape.At("tags", key), value)
}

// elementPath names an element by its own name where it has one: environment
// variables are lists of {name, value}.
func elementPath(path string, item any, i int) string {
	if m, ok := item.(map[string]any); ok {
		if name, ok := m["name"].(string); ok {
			return shape.At(path, name)
		}
	}
	return shape.At(path, i)
}

// memberPath writes a key that no SDK member is called like as a map's key.
func memberPath(path, key string) string {
	if strings.ContainsAny(key, "-._/ ") || key != strings.TrimSpace(key) {
		return shape.At(path, key)
	}
	return shape.Join(path, key)
}

// Masked is how a sensitive value is shown.
func Masked(v any) string {
	s, ok := v.(string)
	if !ok {
		b, err := json.Marshal(v)
		if err != nil {
			return "sha256:?"
		}
		s = string(b)
	}
	if masked.MatchString(s) {
		return s
	}
	sum := sha256.Sum256([]byte(s))
	return "sha256:" + hex.EncodeToString(sum[:4])
}

var masked = regexp.MustCompile(`^sha256:[0-9a-f]{8}$`)
