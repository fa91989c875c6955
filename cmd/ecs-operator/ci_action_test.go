package main

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"

	"gopkg.in/yaml.v3"
)

// githubComments answers as GitHub's REST API does for the comments of one pull
// request (docs.github.com/rest/issues/comments): oldest first, 30 a page or
// per_page of them, at most 100; a body of more than 65,536 characters is refused.
type githubComments struct {
	mu       sync.Mutex
	comments []githubComment
	calls    []string
	readOnly bool
	bad      []string // what GitHub would not have understood
}

type githubComment struct {
	ID          int               `json:"id"`
	Body        string            `json:"body"`
	URL         string            `json:"html_url"`
	User        map[string]string `json:"user"`
	Association string            `json:"author_association"`
}

// ServeHTTP answers a call.
func (g *githubComments) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.calls = append(g.calls, r.Method)
	answer := func(status int, v any) {
		w.Header().Set("Content-Type", "application/json; charset=utf-8")
		w.WriteHeader(status)
		_ = json.NewEncoder(w).Encode(v)
	}
	message := func(status int, text string) { answer(status, map[string]string{"message": text}) }
	if r.Header.Get("Authorization") != "Bearer t0ken" {
		message(http.StatusUnauthorized, "Bad credentials")
		return
	}
	if r.Method != http.MethodGet && g.readOnly {
		message(http.StatusForbidden, "Resource not accessible by integration")
		return
	}
	var in struct{ Body string }
	if r.Method != http.MethodGet {
		data, err := io.ReadAll(r.Body)
		if err == nil {
			err = json.Unmarshal(data, &in)
		}
		if err != nil || in.Body == "" || len([]rune(in.Body)) > commentLimit {
			g.bad = append(g.bad, fmt.Sprintf("%v, %d characters", err, len([]rune(in.Body))))
			message(http.StatusUnprocessableEntity, "Validation Failed")
			return
		}
	}
	const issue = "/repos/acme/shop/issues/"
	id, err := strconv.Atoi(strings.TrimPrefix(r.URL.Path, issue+"comments/"))
	at := slices.IndexFunc(g.comments, func(c githubComment) bool { return c.ID == id })
	switch {
	case r.Method == http.MethodGet && r.URL.Path == issue+"7/comments":
		number := func(name string, def int) int {
			if n, err := strconv.Atoi(r.URL.Query().Get(name)); err == nil && n > 0 {
				return n
			}
			return def
		}
		size := min(number("per_page", 30), 100)
		from := min((number("page", 1)-1)*size, len(g.comments))
		answer(http.StatusOK, append([]githubComment{}, g.comments[from:min(from+size, len(g.comments))]...))
	case r.Method == http.MethodPost && r.URL.Path == issue+"7/comments":
		g.comments = append(g.comments, commentBy(len(g.comments)+1, in.Body, "Bot", "NONE"))
		answer(http.StatusCreated, g.comments[len(g.comments)-1])
	case r.Method == http.MethodPatch && err == nil && at >= 0:
		g.comments[at].Body = in.Body
		answer(http.StatusOK, g.comments[at])
	default:
		message(http.StatusNotFound, "Not Found")
	}
}

func commentBy(id int, body, kind, association string) githubComment {
	return githubComment{ID: id, Body: body, URL: fmt.Sprint("https://github.example.com/acme/shop/pull/7#issuecomment-", id),
		User: map[string]string{"type": kind}, Association: association}
}

// actionRun is a job of GitHub's that uses the action.
type actionRun struct {
	t      *testing.T
	dir    string
	env    []string
	github *githubComments
}

func newActionRun(t *testing.T) *actionRun {
	t.Helper()
	for _, tool := range []string{"bash", "curl", "jq"} {
		if _, err := exec.LookPath(tool); err != nil {
			t.Skip("no " + tool + " in PATH")
		}
	}
	if testing.Short() {
		t.Skip("many processes, and nothing that other tests' races do not see")
	}
	dir := workDir(t)
	a := &actionRun{t: t, dir: dir, github: &githubComments{}}
	server := httptest.NewServer(a.github)
	t.Cleanup(server.Close)
	if err := os.WriteFile(filepath.Join(dir, "event.json"), []byte(`{"pull_request": {"number": 7}}`), 0o644); err != nil {
		t.Fatal(err)
	}
	_, _, env := serveSandbox(t, dir)
	a.env = append(env, "NO_PROXY=127.0.0.1", "GITHUB_API_URL="+server.URL, "GITHUB_SERVER_URL=https://github.example.com", "GITHUB_REPOSITORY=acme/shop", "GITHUB_RUN_ID=1",
		"GITHUB_EVENT_PATH="+filepath.Join(dir, "event.json"), "RUNNER_TEMP="+dir, "GITHUB_OUTPUT="+filepath.Join(dir, "output"),
		"GITHUB_STEP_SUMMARY="+filepath.Join(dir, "summary"), "GITHUB_PATH="+filepath.Join(dir, "path"), "GITHUB_ENV="+filepath.Join(dir, "env"))
	return a
}

// compositeAction is what action.yml may have (docs.github.com, "Metadata syntax
// for GitHub Actions").
type compositeAction struct {
	Name, Description string
	Branding          map[string]string
	Inputs            map[string]struct{ Description, Default string }
	Outputs           map[string]struct{ Description, Value string }
	Runs              struct {
		Using string
		Steps []struct {
			Name, ID, If, Shell, Uses, Run string
			Env, With                      map[string]string
		}
	}
}

func readAction(t *testing.T) compositeAction {
	t.Helper()
	text, err := os.ReadFile("../../action.yml")
	if err != nil {
		t.Fatal(err)
	}
	var a compositeAction
	decodeYAML(t, string(text), &a)
	return a
}

var (
	actionExpression = regexp.MustCompile(`\$\{\{ *([\w.-]+) *\}\}`)
	actionCondition  = regexp.MustCompile(`inputs\.(\S+) (==|!=) '(\w*)'`)
)

// uses runs the action's steps as GitHub does: those whose condition holds, with
// the environment that they name.
func (a *actionRun) uses(code int, with map[string]string) string {
	a.t.Helper()
	action := readAction(a.t)
	values := map[string]string{"github.token": "t0ken"}
	path, err := filepath.Abs("../..")
	if err != nil {
		a.t.Fatal(err)
	}
	values["github.action_path"] = path
	for name, in := range action.Inputs {
		values["inputs."+name] = expand(a.t, in.Default, actionExpression, values)
	}
	for name, value := range with {
		if _, ok := action.Inputs[name]; !ok {
			a.t.Fatalf("the action has no input %s", name)
		}
		values["inputs."+name] = value
	}
	for _, file := range []string{"output", "summary"} {
		if err := os.WriteFile(filepath.Join(a.dir, file), nil, 0o644); err != nil {
			a.t.Fatal(err)
		}
	}
	var out strings.Builder
	for _, s := range action.Runs.Steps {
		holds := s.Run != ""
		for _, c := range actionCondition.FindAllStringSubmatch(s.If, -1) {
			holds = holds && (values["inputs."+c[1]] == c[3]) == (c[2] == "==")
		}
		if !holds {
			continue
		}
		env := slices.Clone(a.env)
		for name, value := range s.Env {
			env = append(env, name+"="+expand(a.t, value, actionExpression, values))
		}
		cmd := exec.CommandContext(a.t.Context(), "bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", s.Run)
		cmd.Dir, cmd.Env = a.dir, env
		text, _ := cmd.CombinedOutput()
		out.Write(text)
		if got := cmd.ProcessState.ExitCode(); got != 0 {
			if got != code {
				a.t.Fatalf("step %s: exit code %d, want %d:\n%s", s.Name, got, code, &out)
			}
			return out.String()
		}
	}
	if code != 0 {
		a.t.Fatalf("exit code 0, want %d:\n%s", code, &out)
	}
	return out.String()
}

func (a *actionRun) wants(text string, patterns ...string) {
	a.t.Helper()
	for _, p := range patterns {
		if !regexp.MustCompile("(?m)" + p).MatchString(text) {
			a.t.Errorf("no match for %#q in:\n%s", p, text)
		}
	}
}

// TestActionDiff: one comment for an environment, found again on any page, edited
// in place, and nobody else's.
func TestActionDiff(t *testing.T) {
	t.Parallel()
	a := newActionRun(t)
	g := a.github
	const marker = "<!-- ecs-operator:default -->"
	diff := map[string]string{"command": "diff", "path": "quickstart/hello.yaml"}
	for i := range 130 {
		g.comments = append(g.comments, commentBy(i+1, "looks good\n"+marker, "User", "MEMBER"))
	}
	g.comments[3] = commentBy(4, marker+"\nmine!", "User", "NONE")
	a.wants(a.uses(0, diff), `issuecomment-131$`)
	if last := g.comments[130].Body; len(g.comments) != 131 || !strings.HasPrefix(last, marker+"\n### ECS: default") || !strings.Contains(last, "no changes were applied") {
		t.Fatalf("%d comments, the last one:\n%s", len(g.comments), last)
	}
	output, _ := os.ReadFile(filepath.Join(a.dir, "output"))
	summary, _ := os.ReadFile(filepath.Join(a.dir, "summary"))
	a.wants(string(output), "^changed=true$", "^markdown=.*ecs-operator-diff.md$")
	a.wants(string(summary), marker)

	// Once more, with a web form's line ends: the same comment.
	g.comments[130].Body = marker + "\r\nold"
	a.uses(1, map[string]string{"command": "diff", "path": "quickstart/hello.yaml", "fail-on-differences": "true"})
	if got := g.comments[130].Body; len(g.comments) != 131 || !strings.Contains(got, "no changes were applied") {
		t.Errorf("%d comments, the last one:\n%s", len(g.comments), got)
	}
	if want := []string{"GET", "GET", "POST", "GET", "GET", "PATCH"}; !slices.Equal(g.calls, want) {
		t.Errorf("calls %v, want %v", g.calls, want)
	}
	for i, c := range g.comments[:130] {
		if i != 3 && c.Body != "looks good\n"+marker || i == 3 && c.Body != marker+"\nmine!" {
			t.Errorf("comment %d was edited: %s", i, c.Body)
		}
	}

	// Without differences the comment says so; without one, none is written.
	must(t, a.dir, a.env, 0, "apply", "--wait", "quickstart/hello.yaml")
	a.uses(0, diff)
	if got := g.comments[130].Body; strings.Contains(got, "<details>") {
		t.Errorf("nothing differs:\n%s", got)
	}
	g.comments = nil
	a.wants(a.uses(0, diff), "^no differences, and no comment")
	output, _ = os.ReadFile(filepath.Join(a.dir, "output"))
	a.wants(string(output), "^changed=false$")
	if len(g.comments)+len(g.bad) != 0 {
		t.Errorf("%d comments, refused %v", len(g.comments), g.bad)
	}

	// A fork's token only reads: a warning. A document that cannot be used: a failure, and told.
	edit(t, filepath.Join(a.dir, "quickstart/hello.yaml"), "nginx:", "httpd:")
	g.readOnly = true
	a.wants(a.uses(0, diff), `^::warning::the comment was not written \(403 Resource not accessible by integration\): .*pull-requests: write`)
	g.readOnly = false
	edit(t, filepath.Join(a.dir, "quickstart/web.yaml"), "taskDefinition:", "taskDefinitions:")
	a.wants(a.uses(2, map[string]string{"command": "diff", "path": "quickstart/hello.yaml\nquickstart/web.yaml\n"}), "unknown field")
	if len(g.comments) != 1 || !strings.Contains(g.comments[0].Body, "These documents cannot be used") {
		t.Errorf("%d comments: %+v", len(g.comments), g.comments)
	}
	a.uses(2, map[string]string{"command": "apply"})
	a.uses(0, map[string]string{})
}

// TestComment: what the script refuses, and what is too long.
func TestComment(t *testing.T) {
	t.Parallel()
	a := newActionRun(t)
	script, err := filepath.Abs("../../.github/action/comment.sh")
	if err != nil {
		t.Fatal(err)
	}
	comment := func(text string, extra ...string) (string, int) {
		file := filepath.Join(a.dir, "text.md")
		if err := os.WriteFile(file, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
		cmd := exec.CommandContext(t.Context(), "bash", script, file)
		cmd.Dir, cmd.Env = a.dir, append(append(slices.Clone(a.env), "CHANGED=true", "GITHUB_TOKEN=t0ken"), extra...)
		out, _ := cmd.CombinedOutput()
		if strings.Contains(string(out), "t0ken") {
			t.Errorf("the token is told: %s", out)
		}
		return string(out), cmd.ProcessState.ExitCode()
	}
	const marker = "<!-- ecs-operator:prod -->\n"
	if out, code := comment(marker + strings.Repeat("ä", commentLimit-len(marker))); code != 0 || len([]rune(a.github.comments[0].Body)) != commentLimit {
		t.Errorf("as long as it may be: %d %s %v", code, out, a.github.bad)
	}
	if out, code := comment(marker + strings.Repeat("ä", commentLimit)); code != 0 || len(a.github.comments) != 1 ||
		!strings.Contains(a.github.comments[0].Body, "too long for a comment: see the summary of [this run](https://github.example.com/acme/shop/actions/runs/1)") {
		t.Errorf("too long: %d %s %+v", code, out, a.github.comments)
	}
	if out, code := comment("### no marker\n"); code != 2 || !strings.Contains(out, "does not begin with a marker") {
		t.Errorf("no marker: %d %s", code, out)
	}
	if out, code := comment(marker, "GITHUB_TOKEN=wrong"); code != 2 || !strings.Contains(out, "GitHub answers 401 Bad credentials") {
		t.Errorf("a wrong token: %d %s", code, out)
	}
	if err := os.WriteFile(filepath.Join(a.dir, "event.json"), []byte(`{"ref": "refs/heads/main"}`), 0o644); err != nil {
		t.Fatal(err)
	}
	if out, code := comment(marker); code != 0 || !strings.Contains(out, "no pull request") {
		t.Errorf("a push: %d %s", code, out)
	}
}

// TestActionValidate: problems stand at their lines.
func TestActionValidate(t *testing.T) {
	t.Parallel()
	a := newActionRun(t)
	a.wants(a.uses(0, map[string]string{"command": "validate", "path": "quickstart"}), `^3 services valid, 0 errors`)
	path := filepath.Join(a.dir, "quickstart/hello.yaml")
	edit(t, path, "taskDefinition:", "taskDefinitoin:")
	if err := os.Rename(path, filepath.Join(a.dir, "quickstart/a, 100%:b.yaml")); err != nil {
		t.Fatal(err)
	}
	a.wants(a.uses(1, map[string]string{"command": "validate", "path": "quickstart"}),
		`^::error file=quickstart/a%2C 100%25%3Ab.yaml,line=\d+,col=\d+::.*unknown field "taskDefinitoin"`)
}

// TestAction: what action.yml says holds together, and with the example that uses it.
func TestAction(t *testing.T) {
	a := readAction(t)
	known := map[string]bool{"github.token": true, "github.action_path": true, "steps.diff.outputs.changed": true, "steps.diff.outputs.markdown": true}
	for name, in := range a.Inputs {
		known["inputs."+name] = true
		if in.Description == "" {
			t.Errorf("input %s has no description", name)
		}
	}
	text, err := os.ReadFile("../../action.yml")
	if err != nil {
		t.Fatal(err)
	}
	for _, m := range actionExpression.FindAllStringSubmatch(string(text), -1) {
		if !known[m[1]] {
			t.Errorf("nothing gives %s", m[0])
		}
	}
	if a.Name == "" || a.Description == "" || a.Runs.Using != "composite" {
		t.Errorf("%+v", a)
	}
	for _, s := range a.Runs.Steps {
		if (s.Run == "") == (s.Uses == "") || s.Run != "" && s.Shell != "bash" || strings.Contains(s.Run, "${{") {
			t.Errorf("step %+v", s)
		}
	}
	example, err := os.ReadFile("../../examples/ci/github/pull-request.yml")
	if err != nil {
		t.Fatal(err)
	}
	if lint, err := exec.LookPath("actionlint"); err == nil {
		for _, name := range []string{"pull-request.yml", "deploy.yml"} {
			if out, err := exec.CommandContext(t.Context(), lint, "-no-color", "../../examples/ci/github/"+name).CombinedOutput(); err != nil {
				t.Errorf("actionlint: %v\n%s", err, out)
			}
		}
	} else {
		t.Log("no actionlint in PATH: the workflows are held to their form by this test alone")
	}
	w, jobs := readWorkflow(t, string(example))
	if w.Permissions["pull-requests"] != "write" {
		t.Errorf("permissions %v", w.Permissions)
	}
	var commands []string
	for _, j := range jobs {
		for _, s := range j.Steps {
			if !strings.HasPrefix(s.Uses, "ecs-operator/ecs-operator@") {
				continue
			}
			commands = append(commands, s.With["command"])
			for name := range s.With {
				if _, ok := a.Inputs[name]; !ok {
					t.Errorf("the action has no input %s", name)
				}
			}
		}
	}
	if !slices.Equal(commands, []string{"validate", "diff"}) {
		t.Errorf("the example uses %v", commands)
	}
	var hooks []map[string]yaml.Node
	text, err = os.ReadFile("../../.pre-commit-hooks.yaml")
	if err != nil {
		t.Fatal(err)
	}
	decodeYAML(t, string(text), &hooks)
	if len(hooks) != 1 {
		t.Fatalf("%d hooks", len(hooks))
	}
	id := hooks[0]["id"]
	if id.Value != "ecs-operator-validate" {
		t.Errorf("the hook is called %s", id.Value)
	}
}
