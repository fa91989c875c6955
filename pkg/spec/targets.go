package spec

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"

	"gopkg.in/yaml.v3"

	"github.com/ecs-operator/ecs-operator/pkg/shape"
)

// Target is one entry of the operator's targets file: a named account and
// region, and the role that leads there. It belongs to who runs the operator;
// documents name targets and define none.
type Target struct {
	Account    string // 12 digits: a check of who the caller turns out to be
	Region     string
	RoleARN    string
	ExternalID string
	Pos        string // file:line:column
}

var (
	roleForm     = regexp.MustCompile(`^arn:[a-z-]+:iam::(\d{12}):role/[\w+=,.@/-]+$`)
	externalForm = regexp.MustCompile(`^[\w+=,.@:/-]{2,}$`) // sts:AssumeRole, ExternalId: at most 1224
)

// ParseTargets reads a targets file. It is strict: whatever it does not know is
// an error, since a slip here leads writes into another account.
func ParseTargets(f File) (map[string]Target, []Problem) {
	t := &targetsFile{r: &reporter{file: f.Path}, out: map[string]Target{}}
	docs := load(f, DefaultLimits, t.r)
	switch {
	case t.r.errors > 0:
	case len(docs) == 0:
		t.r.errorf(nil, "no targets here: write 'targets: {prod: {account: \"123456789012\", region: eu-west-1}}'")
	case len(docs) > 1:
		t.r.errorf(docs[1], "a targets file is one document")
	case inBounds(docs[0], DefaultLimits, t.r):
		t.top(docs[0])
	}
	sortProblems(t.r.problems)
	return t.out, t.r.problems
}

type targetsFile struct {
	r   *reporter
	out map[string]Target
}

func (t *targetsFile) top(n *yaml.Node) {
	var targets *yaml.Node
	t.fields(n, "the file", map[string]func(*yaml.Node){"targets": func(v *yaml.Node) { targets = v }})
	switch {
	case targets == nil && t.r.errors == 0:
		t.r.errorf(n, "the key targets is missing: it maps names to {account, region, roleArn, externalId}")
	case targets == nil:
	case targets.Kind != yaml.MappingNode || len(targets.Content) == 0:
		t.r.errorf(targets, "targets: expects a mapping from names to {account, region, roleArn, externalId}, got %s", got(targets))
	default:
		for i := 0; i+1 < len(targets.Content); i += 2 {
			t.target(targets.Content[i], targets.Content[i+1])
		}
	}
}

func (t *targetsFile) target(key, n *yaml.Node) {
	name := key.Value
	if !shape.IsName(name, 63, "_.-") || strings.ContainsAny(name[:1], "_.-") {
		t.r.errorf(key, "targets: the name %s: use 1 to 63 letters, digits, '.', '_' or '-'", quoted(name))
	}
	out := Target{Pos: t.r.pos(key)}
	at := "targets." + name
	if name == "" {
		at = `targets.""`
	}
	before := t.r.errors
	text := func(field string, into *string, form *regexp.Regexp, want string) func(*yaml.Node) {
		return func(v *yaml.Node) {
			switch {
			case v.Kind != yaml.ScalarNode || isNull(v):
				t.r.errorf(v, "%s.%s: expects %s, got %s", at, field, want, got(v))
			case !form.MatchString(v.Value):
				what := quoted(v.Value)
				if field == "externalId" { // not for everybody's eyes
					what = "it"
				}
				t.r.errorf(v, "%s.%s: %s is not %s", at, field, what, want)
			default:
				*into = v.Value
			}
		}
	}
	var external *yaml.Node
	takeExternal := text("externalId", &out.ExternalID, externalForm, "an external id of two characters or more")
	t.fields(n, at, map[string]func(*yaml.Node){
		"account":    text("account", &out.Account, accountForm, "an account id of 12 digits"),
		"region":     text("region", &out.Region, regionForm, "a region like eu-west-1"),
		"roleArn":    text("roleArn", &out.RoleARN, roleForm, "a role's ARN like arn:aws:iam::123456789012:role/deployer"),
		"externalId": func(v *yaml.Node) { external = v; takeExternal(v) },
	})
	if t.r.errors > before {
		return
	}
	if external != nil && out.RoleARN == "" {
		t.r.errorf(external, "%s.externalId is only for a roleArn: write that, or remove it", at)
	}
	if m := roleForm.FindStringSubmatch(out.RoleARN); m != nil {
		if out.Account != "" && out.Account != m[1] {
			t.r.errorf(key, "%s: the role belongs to account %s, and account says %s", at, m[1], out.Account)
		}
		out.Account = m[1]
	}
	t.out[name] = out
}

// fields hands the members of a mapping on and reports whatever else stands there.
func (t *targetsFile) fields(n *yaml.Node, where string, known map[string]func(*yaml.Node)) {
	if n.Kind != yaml.MappingNode {
		t.r.errorf(n, "%s: expects a mapping with %s, got %s", where, strings.Join(slices.Sorted(maps.Keys(known)), ", "), got(n))
		return
	}
	for i := 0; i+1 < len(n.Content); i += 2 {
		key := n.Content[i]
		take, ok := known[key.Value]
		if !ok {
			names := slices.Sorted(maps.Keys(known))
			t.r.errorf(key, "%s: there is no field %s%s; there is %s", where, quoted(key.Value), didYouMean(key.Value, names), strings.Join(names, ", "))
			continue
		}
		take(n.Content[i+1])
	}
}

// Place says which account and region the target is, as far as the file tells
// without asking AWS: two targets of one place are one AWS. A target without
// account and role is the caller's own account.
func (t Target) Place() string { return fmt.Sprintf("%s/%s", t.Account, t.Region) }
