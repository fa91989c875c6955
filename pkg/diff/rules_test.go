package diff_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/ecs-operator/ecs-operator/pkg/diff"
	"github.com/ecs-operator/ecs-operator/pkg/shape"
)

func TestSensitive(t *testing.T) {
	for path, want := range map[string]bool{
		"containerDefinitions[api].environment[DB_PASSWORD].value":          true,
		"containerDefinitions[api].environment[STRIPE_API_KEY].value":       true,
		"containerDefinitions[api].environment[GITHUB_TOKEN].value":         true,
		"containerDefinitions[api].environment[DATABASE_DSN].value":         true,
		"containerDefinitions[api].environment[LOG_LEVEL].value":            false,
		"containerDefinitions[api].environment[MONKEY].value":               false,
		"containerDefinitions[api].environment[KEYBOARD].value":             false,
		"containerDefinitions[api].secrets[DB_PASSWORD].valueFrom":          false,
		"containerDefinitions[api].logConfiguration.options[apikey]":        true,
		"containerDefinitions[api].logConfiguration.options[awslogs-group]": false,
		"actions[0].authenticateOidcConfig.clientSecret":                    true,
		"containerDefinitions[api].image":                                   false,
	} {
		if got := diff.SensitiveName(path); got != want {
			t.Errorf("SensitiveName(%s) = %v", path, got)
		}
	}
}

// What looks like a credential is hidden whatever it is called, also inside
// values that are shown whole.
func TestCredentialsAreNeverShown(t *testing.T) {
	secrets := []string{
		"AKIAIOSFODNN7EXAMPLE", "postgres://app:hunter2@db/app", "redis://:hunter2@cache:6379", "-----BEGIN RSA PRIVATE KEY-----\nMIIE",
		"ghp_0123456789abcdef0123456789abcdef0123", "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.x",
	}
	for _, secret := range secrets {
		for name, live := range map[string]*input{
			"a leaf":      {Image: p(secret)},
			"a list":      {Containers: []container{{Name: p("c"), Command: []string{"run", secret}}}},
			"an element":  {Containers: []container{{Name: p("c"), Image: p("x"), Environment: pairs("URL", secret, "B", "b")}}},
			"a map":       {Options: map[string]string{"o": secret}},
			"a set":       {Groups: []group{{Arn: p(secret)}}},
			"by its name": {Containers: []container{{Name: p("c"), Image: p("x"), Environment: pairs("X_TOKEN", secret, "B", "b")}}},
		} {
			for _, a := range []diff.Args{{Want: &input{Containers: []container{}}, Live: live, InputChanged: true}, {Want: live, Live: &input{}}} {
				shown := false
				for _, c := range rules().Compare(a) {
					shown = shown || c.Sensitive
				}
				out := strings.Join(lines(rules().Compare(a)), "\n")
				if strings.Contains(out, secret[:12]) || !shown && out != "" {
					t.Errorf("%s tells %.8s…: %s", name, secret, out)
				}
			}
		}
	}
}

func TestMasked(t *testing.T) {
	once := diff.Masked("hunter2")
	if !strings.HasPrefix(once, "sha256:") || len(once) != len("sha256:")+8 {
		t.Errorf("Masked = %s", once)
	}
	if diff.Masked(once) != once {
		t.Error("masking twice is not masking once")
	}
}

func TestMatches(t *testing.T) {
	for _, tc := range []struct {
		pattern, path string
		want          bool
	}{
		{"desiredCount", "desiredCount", true},
		{"desired", "desiredCount", false},
		{"deploymentConfiguration", "deploymentConfiguration.maximumPercent", true},
		{"containers[api]", "containers[api].image", true},
		{"containers[].image", "containers[api].image", true},
		{"containers[*].image", "containers[api].image", true},
		{"containers[].image", "containers[api].cpu", false},
		{"containers[api].image", "containers[web].image", false},
		{"attributes[stickiness.enabled]", "attributes[stickiness.enabled]", true},
		{"attributes[stickiness.enabled]", "attributes[stickiness.type]", false},
		{"a.b.c", "a.b", false},
		{"", "a", false},
	} {
		if got := diff.Matches(tc.pattern, tc.path); got != tc.want {
			t.Errorf("Matches(%q, %q) = %v", tc.pattern, tc.path, got)
		}
	}
}

func TestCanonical(t *testing.T) {
	a := &input{Family: p("x"), Cpu: p("256"), Containers: []container{{Name: p("b"), Essential: p(true)}, {Name: p("a"), Command: []string{"z", "a"}}}, Subnets: []string{"2", "1"}}
	if d := cmp.Diff(`{"containers":[{"command":["z","a"],"name":"a"},{"name":"b"}],"cpu":"256","subnets":["1","2"]}`, string(rules().Canonical(a))); d != "" {
		t.Errorf("canonical (-want +got):\n%s", d)
	}
	if d := cmp.Diff(`{"cpu":"256"}`, string(rules().CanonicalFields(a, "cpu", "deployment"))); d != "" {
		t.Errorf("some fields (-want +got):\n%s", d)
	}
	if string(rules().Canonical(&input{Deployment: &deployment{MaximumPercent: p(int32(200))}})) != "{}" {
		t.Error("a default is part of the canonical form")
	}
}

func TestNormaliseAndExtra(t *testing.T) {
	r := rules()
	r.Normalise = func(v any) any {
		in := v.(*input)
		if in.Cpu != nil && *in.Cpu == "1 vCPU" {
			*in.Cpu = "1024"
		}
		return in
	}
	r.Defaults["attributes[delay]"] = "300"
	r.Inherits["attributes[]"] = "only written attributes are governed"
	want := &input{Cpu: p("1 vCPU")}
	got := r.Compare(diff.Args{Want: want, Live: &input{Cpu: p("1024")},
		WantExtra: map[string]any{"attributes": map[string]string{"sticky": "true"}},
		LiveExtra: map[string]any{"attributes": map[string]string{"sticky": "false", "delay": "20", "other": "x"}}})
	if d := cmp.Diff([]string{
		`replace attributes[delay] "20" → "300" (in place, drift)`,
		`replace attributes[sticky] "false" → "true" (in place, spec)`,
	}, lines(got)); d != "" {
		t.Errorf("changes (-want +got):\n%s", d)
	}
	if *want.Cpu != "1 vCPU" {
		t.Error("Normalise reached the value that was passed in")
	}
}

func TestPositions(t *testing.T) {
	want := &input{Containers: []container{{Name: p("a")}, {Name: p("b"), Image: p("x"), Environment: pairs("K", "v")}}}
	written := shape.PlacesOf(map[string]string{"containers": "f:1:1", "containers[1].image": "f:9:3", "containers[1].environment[0]": "f:10:3"})
	got := map[string]string{}
	live := &input{Containers: []container{{Name: p("b"), Image: p("y"), Environment: pairs("K", "w")}, {Name: p("a")}, {Name: p("c")}}}
	for _, c := range rules().Compare(diff.Args{Want: want, Live: live, Written: written}) {
		got[c.Path] = c.Pos
	}
	if d := cmp.Diff(map[string]string{"containers[b].image": "f:9:3", "containers[b].environment[K].value": "f:10:3", "containers[c]": "f:1:1"}, got); d != "" {
		t.Errorf("positions (-want +got):\n%s", d)
	}
}

func TestEffects(t *testing.T) {
	r := &diff.Rules{Effects: map[string]diff.Effect{"cou": diff.Recreation, "deployment": diff.NewDeployment, "deployment.maximumPercent": diff.None}}
	live := &input{Count: p(int32(1)), Deployment: &deployment{MaximumPercent: p(int32(1)), Breaker: &breaker{Enable: true}}}
	want := &input{Count: p(int32(2)), Deployment: &deployment{MaximumPercent: p(int32(2)), Breaker: &breaker{Rollback: true, Enable: true}}}
	if d := cmp.Diff([]string{
		"replace count 1 → 2 (in place, spec)", // a path's beginning is no prefix of it
		"add deployment.breaker.rollback null → true (new deployment, spec)",
		"replace deployment.maximumPercent 1 → 2 (none, spec)",
	}, lines(r.Compare(diff.Args{Want: want, Live: live}))); d != "" {
		t.Errorf("changes (-want +got):\n%s", d)
	}
	if diff.Worst() != diff.None || diff.Worst(diff.TasksLater, diff.Forced, diff.InPlace) != diff.Forced {
		t.Error("Worst does not find the gravest")
	}
	for e, deploys := range map[diff.Effect]bool{diff.InPlace: false, diff.NewDeployment: true, diff.Forced: true, diff.Replacement: false} {
		if e.Deploys() != deploys {
			t.Errorf("%s.Deploys() = %v", e, !deploys)
		}
	}
	c := rules().Compare(diff.Args{Want: &input{}, Live: &input{Exec: true}})
	if len(c) != 1 || c[0].Field() != "exec" {
		t.Errorf("%+v", c)
	}
	if f := (diff.Change{Path: "containers[a].image"}).Field(); f != "containers" {
		t.Errorf("Field = %s", f)
	}
}
