package main

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"gopkg.in/yaml.v3"
)

// pipeline is what an example of a CI system runs: its shell steps, in their
// order, with the variables that it sets for them.
type pipeline struct {
	file  string
	tag   string   // which image the last step must have brought to prod
	given []string // what the server sets
	parse func(t *testing.T, text string, given map[string]string) (env []string, steps []string)
}

// TestPipelines runs the shell steps of every example of examples/ci by bash, with
// the real binary, against a bare repository on this machine whose branch a
// daemon deploys to an embedded AWS. What needs the servers themselves (agents,
// credentials, triggers) is parsed and not run. docker is a script that writes
// down what it was asked for.
func TestPipelines(t *testing.T) {
	for _, tool := range []string{"bash", "git"} {
		if _, err := exec.LookPath(tool); err != nil {
			t.Skip("no " + tool + " in PATH")
		}
	}
	if testing.Short() {
		t.Skip("many processes, and nothing that other tests' races do not see")
	}
	t.Parallel()
	w := newPipelineWorld(t)
	sha := strings.Repeat("5eed", 10)
	for _, p := range []pipeline{
		{"Jenkinsfile", "41", []string{"BUILD_NUMBER=41"}, jenkinsSteps},
		{"teamcity/settings.kts", "42", []string{"build.number=42"}, teamcitySteps},
		{"github/deploy.yml", sha, []string{"github.sha=" + sha}, githubSteps},
		{"gitlab-ci.yml", "5eed", []string{"CI_COMMIT_SHORT_SHA=5eed", "CI_PROJECT_URL=file://" + strings.TrimSuffix(w.origin, ".git")}, gitlabSteps},
		{"codebuild/buildspec.yml", "43", []string{"CODEBUILD_BUILD_NUMBER=43", "CODEBUILD_BUILD_SUCCEEDING=1"}, buildspecSteps},
		{"codebuild/pipeline-deploy.yml", "44", []string{"CODEBUILD_SRC_DIR_Build=" + filepath.Join(w.dir, "handed")}, buildspecSteps},
	} {
		t.Run(strings.ReplaceAll(p.file, "/", "-"), func(t *testing.T) { w.run(t, p) })
	}
	known, err := filepath.Glob("../../examples/ci/*")
	more, _ := filepath.Glob("../../examples/ci/*/*")
	if len(known)-3+len(more) != 7 || err != nil {
		t.Errorf("there are examples that no test runs: %v %v", known, more)
	}
}

// pipelineWorld is a repository, and who deploys it.
type pipelineWorld struct {
	dir, origin string
	env         []string
	daemon      *proc
}

const pipelineDocuments = `apiVersion: ecs-operator/v1
kind: Environment
metadata: {name: staging}
spec: {target: staging, defaults: {service: {serviceName: checkout-staging}}}
---
apiVersion: ecs-operator/v1
kind: Environment
metadata: {name: prod}
spec: {target: prod, defaults: {service: {serviceName: checkout-prod}}}
---
apiVersion: ecs-operator/v1
kind: Service
metadata: {name: checkout}
spec:
  environment: prod
  cluster: default
  taskDefinition:
    containerDefinitions:
      - {name: api, image: "registry.example.com/checkout:1", memory: 64}   # of prod
  service: {desiredCount: 1, deploymentConfiguration: {deploymentCircuitBreaker: {enable: true, rollback: true}}}
---
apiVersion: ecs-operator/v1
kind: ServicePatch
metadata: {name: checkout-staging}
spec:
  service: checkout
  environment: staging
  patch: {taskDefinition: {containerDefinitions: [{name: api, image: "registry.example.com/checkout:1"}]}}
`

func newPipelineWorld(t *testing.T) *pipelineWorld {
	dir := t.TempDir()
	w := &pipelineWorld{dir: dir, origin: filepath.Join(dir, "origin.git")}
	_, _, env := serveSandbox(t, dir)
	bin := filepath.Join(dir, "bin")
	put := func(name, text string) {
		t.Helper()
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	put("targets.yaml", "targets:\n  staging: {region: us-east-1}\n  prod: {region: us-east-1}\n")
	put("bin/docker", "#!/bin/sh\necho \"$@\" >>"+filepath.Join(dir, "docker.log")+"\n")
	put("seed/services/checkout.yaml", pipelineDocuments)
	put("seed/Dockerfile", "FROM scratch\n")
	put("handed/imagedefinitions.json", `[{"name": "api", "imageUri": "registry.example.com/checkout:44"}]`)
	w.env = append(slices.DeleteFunc(env, func(kv string) bool { return strings.HasPrefix(kv, "PATH=") || strings.HasPrefix(kv, "GIT_") }),
		"PATH="+bin+string(os.PathListSeparator)+os.Getenv("PATH"), "GIT_CONFIG_NOSYSTEM=1", "GIT_CONFIG_GLOBAL="+filepath.Join(dir, "gitconfig"),
		"ECS_OPERATOR_TARGETS="+filepath.Join(dir, "targets.yaml"), "ECS_OPERATOR_RESYNC=1s")
	deployed := filepath.Join(dir, "deployed")
	w.bash(t, dir, nil, `git init -q --bare --initial-branch=main origin.git && git init -q --initial-branch=main seed && mkdir deployed
cd seed && git add -A && git -c user.name=dev -c user.email=dev@example.com commit -qm first`)
	put("origin.git/hooks/post-receive", "#!/bin/sh\nunset GIT_QUARANTINE_PATH\ngit --work-tree="+deployed+" checkout -f main -- services\n")
	w.bash(t, dir, nil, "cd seed && git push -q ../origin.git main")
	w.daemon = start(t, dir, w.env, "run", "--listen", "127.0.0.1:0", "--log-format", "json", filepath.Join(deployed, "services"))
	return w
}

// bash runs a script as CI systems do: it ends with the first command that fails.
func (w *pipelineWorld) bash(t *testing.T, dir string, env []string, script string) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", script)
	cmd.Dir, cmd.Env = dir, append(slices.Clone(w.env), env...)
	if out, err := cmd.CombinedOutput(); err != nil {
		daemon := ""
		if w.daemon != nil {
			daemon, _ = w.daemon.output()
		}
		t.Fatalf("%s\n%v:\n%s\nthe daemon:\n%s", script, err, out, daemon)
	}
}

func (w *pipelineWorld) run(t *testing.T, p pipeline) {
	text, err := os.ReadFile(filepath.Join("../../examples/ci", p.file))
	if err != nil {
		t.Fatal(err)
	}
	given := map[string]string{}
	for _, kv := range p.given {
		name, value, _ := strings.Cut(kv, "=")
		given[name] = value
	}
	env, steps := p.parse(t, string(text), given)
	for _, kv := range p.given {
		if name, _, _ := strings.Cut(kv, "="); !strings.Contains(name, ".") {
			env = append(env, kv)
		}
	}
	waits, pushes := 0, 0
	for _, s := range steps {
		waits += strings.Count(s, "ecs-operator wait")
		pushes += strings.Count(s, "--push")
	}
	if waits == 0 || pushes != waits {
		t.Errorf("%d pushes and %d waits in %q", pushes, waits, steps)
	}
	// What a checkout of a CI system is: one commit, and no branch.
	work := filepath.Join(t.TempDir(), "work")
	w.bash(t, w.dir, nil, fmt.Sprintf("git clone -q --depth=1 file://%s %s && cd %s && git checkout -q --detach", w.origin, work, work))
	before := w.commits(t)
	// Somebody else pushes between the checkout and the job.
	w.bash(t, w.dir, nil, "cd seed && git pull -q --rebase ../origin.git main && git -c user.name=dev -c user.email=dev@example.com commit -q --allow-empty -m other && git push -q ../origin.git main")
	for _, s := range steps {
		w.bash(t, work, env, s)
	}
	log := w.commits(t)
	if got := len(log) - len(before) - 1; got != pushes {
		t.Errorf("%d commits on the branch, want %d:\n%s", got, pushes, strings.Join(log, "\n"))
	}
	if !strings.Contains(log[0], "checkout in prod: api ") || !strings.Contains(log[0], p.tag) {
		t.Errorf("the last commit is %s", log[0])
	}
	services := must(t, w.dir, w.env, 0, "get", "checkout", "--env", "prod", "-f", filepath.Join(w.dir, "deployed/services"))
	if !strings.Contains(services, "checkout:"+p.tag) || !strings.Contains(services, "Ready") {
		t.Errorf("prod has\n%s", services)
	}
	if log, err := os.ReadFile(filepath.Join(w.dir, "docker.log")); slices.ContainsFunc(steps, func(s string) bool { return strings.Contains(s, "docker push") }) &&
		(err != nil || !strings.Contains(string(log), "push registry.example.com/checkout:"+p.tag)) {
		t.Errorf("no image was pushed: %s", log)
	}
}

// commits are the messages' first lines on the branch, the newest first.
func (w *pipelineWorld) commits(t *testing.T) []string {
	t.Helper()
	out, err := exec.Command("git", "-C", w.origin, "log", "--format=%s", "main").Output()
	if err != nil {
		t.Fatal(err)
	}
	return strings.Split(strings.TrimSpace(string(out)), "\n")
}

// expand puts values for references into a text; one without a value is an error.
func expand(t *testing.T, text string, reference *regexp.Regexp, values map[string]string) string {
	return reference.ReplaceAllStringFunc(text, func(s string) string {
		name := reference.FindStringSubmatch(s)[1]
		value, ok := values[name]
		if !ok {
			t.Errorf("%s: nothing gives %s", s, name)
		}
		return value
	})
}

// balanced checks the brackets of a language that nothing here parses.
func balanced(t *testing.T, text string) {
	t.Helper()
	bare := regexp.MustCompile(`(?s)""".*?"""|"(?:\\.|[^"\\])*"|'(?:\\.|[^'\\])*'|//[^\n]*`).ReplaceAllString(text, "")
	for _, pair := range []string{"{}", "()", "[]"} {
		if a, b := strings.Count(bare, pair[:1]), strings.Count(bare, pair[1:]); a != b {
			t.Errorf("%d %c and %d %c", a, pair[0], b, pair[1])
		}
	}
	if strings.ContainsAny(bare, `"'`) {
		t.Error("a quote is not closed")
	}
}

var (
	groovyVariable = regexp.MustCompile(`(?m)^ {4}(\w+) = (?:"([^"]*)"|'([^']*)')`)
	groovyShell    = regexp.MustCompile(`\bsh '([^']*)'`)
	groovyEnv      = regexp.MustCompile(`\$\{env\.(\w+)\}`)
)

// jenkinsSteps: the environment block, and every sh step.
func jenkinsSteps(t *testing.T, text string, given map[string]string) (env, steps []string) {
	balanced(t, text)
	for _, m := range groovyVariable.FindAllStringSubmatch(text, -1) {
		env = append(env, m[1]+"="+expand(t, m[2], groovyEnv, given)+m[3])
	}
	for _, m := range groovyShell.FindAllStringSubmatch(text, -1) {
		steps = append(steps, m[1])
	}
	if n := strings.Count(text, "sh '"); n != len(steps) {
		t.Errorf("%d of %d sh steps were understood", len(steps), n)
	}
	return env, steps
}

var (
	kotlinParam  = regexp.MustCompile(`param\("([^"]+)", "([^"]*)"\)`)
	kotlinScript = regexp.MustCompile(`(?s)scriptContent = """(.*?)"""\.trimIndent\(\)`)
	teamcityRef  = regexp.MustCompile(`%([\w.]+)%`)
)

// teamcitySteps: the parameters, and every script step.
func teamcitySteps(t *testing.T, text string, given map[string]string) (env, steps []string) {
	balanced(t, text)
	for _, m := range kotlinParam.FindAllStringSubmatch(text, -1) {
		given[m[1]] = expand(t, m[2], teamcityRef, given)
		if name, ok := strings.CutPrefix(m[1], "env."); ok {
			env = append(env, name+"="+given[m[1]])
		}
	}
	for _, m := range kotlinScript.FindAllStringSubmatch(text, -1) {
		if strings.Contains(m[1], "$") {
			t.Error("Kotlin puts its own variables for $ in a raw string")
		}
		steps = append(steps, expand(t, m[1], teamcityRef, given))
	}
	return env, steps
}

// decodeYAML reads a file into a form, and refuses what that does not know.
func decodeYAML(t *testing.T, text string, form any) {
	t.Helper()
	d := yaml.NewDecoder(strings.NewReader(text))
	d.KnownFields(true)
	if err := d.Decode(form); err != nil {
		t.Fatal(err)
	}
}

func asEnv(t *testing.T, variables yaml.Node, of func(string) string) (env []string) {
	t.Helper()
	for i := 0; i+1 < len(variables.Content); i += 2 {
		env = append(env, variables.Content[i].Value+"="+of(variables.Content[i+1].Value))
	}
	return env
}

// workflow is what an example's GitHub workflow may have
// (docs.github.com, "Workflow syntax for GitHub Actions").
type workflow struct {
	Name        string
	On          map[string]map[string][]string
	Permissions map[string]string
	Env         yaml.Node
	Jobs        yaml.Node
}

type workflowJob struct {
	Needs, Environment string
	RunsOn             string `yaml:"runs-on"`
	Strategy           map[string]map[string][]string
	Steps              []workflowStep
}

type workflowStep struct {
	Name, Uses, Run string
	With            map[string]string
}

var githubExpression = regexp.MustCompile(`\$\{\{ *([\w.]+) *\}\}`)

// readWorkflow checks the form of a workflow, and answers with its jobs in order.
func readWorkflow(t *testing.T, text string) (workflow, []workflowJob) {
	t.Helper()
	var w workflow
	decodeYAML(t, text, &w)
	var jobs []workflowJob
	var names []string
	for i := 0; i+1 < len(w.Jobs.Content); i += 2 {
		var j workflowJob
		if err := w.Jobs.Content[i+1].Decode(&j); err != nil {
			t.Fatal(err)
		}
		if j.RunsOn == "" || len(j.Steps) == 0 || j.Needs != "" && !slices.Contains(names, j.Needs) {
			t.Errorf("job %s: %+v", w.Jobs.Content[i].Value, j)
		}
		for _, s := range j.Steps {
			if (s.Uses == "") == (s.Run == "") || s.Uses != "" && !strings.Contains(s.Uses, "@") {
				t.Errorf("a step uses an action at a version, or runs something: %+v", s)
			}
			if githubExpression.MatchString(s.Run) {
				t.Errorf("an expression in a script is an injection: %s", s.Run)
			}
		}
		names = append(names, w.Jobs.Content[i].Value)
		jobs = append(jobs, j)
	}
	return w, jobs
}

// githubSteps: every run of every job, each with a checkout of its own.
func githubSteps(t *testing.T, text string, given map[string]string) (env, steps []string) {
	w, jobs := readWorkflow(t, text)
	if w.On["push"]["branches"] == nil || w.Permissions["contents"] != "write" {
		t.Errorf("%+v", w)
	}
	env = asEnv(t, w.Env, func(s string) string { return expand(t, s, githubExpression, given) })
	for _, j := range jobs {
		for _, s := range j.Steps {
			switch {
			case s.Run != "":
				steps = append(steps, s.Run)
			case strings.HasPrefix(s.Uses, "actions/checkout@") && s.With["ref"] != "":
				steps = append(steps, "git fetch -q origin "+s.With["ref"]+" && git checkout -q --detach FETCH_HEAD")
			}
		}
	}
	return env, steps
}

var gitlabReference = regexp.MustCompile(`\$(\w+)`)

// gitlabSteps: before_script and script of every job, in the order of the stages.
func gitlabSteps(t *testing.T, text string, given map[string]string) (env, steps []string) {
	var f map[string]yaml.Node
	decodeYAML(t, text, &f)
	var stages []string
	stagesNode, variables := f["stages"], f["variables"]
	if err := stagesNode.Decode(&stages); err != nil {
		t.Fatal(err)
	}
	env = asEnv(t, variables, func(s string) string { return expand(t, s, gitlabReference, given) })
	type job struct {
		Extends, Stage, Environment, Image string
		Rules                              []map[string]string
		BeforeScript                       []string `yaml:"before_script"`
		Script                             []string
	}
	jobs := map[string]job{}
	for name, n := range f {
		if name == "stages" || name == "variables" || name == "workflow" {
			continue
		}
		var j job
		if err := n.Decode(&j); err != nil {
			t.Fatal(err)
		}
		if !strings.HasPrefix(name, ".") && (!slices.Contains(stages, j.Stage) || len(j.Script) == 0) {
			t.Errorf("job %s: %+v", name, j)
		}
		jobs[name] = j
	}
	for _, stage := range stages {
		for name, j := range jobs {
			if j.Stage == stage && !strings.HasPrefix(name, ".") {
				steps = append(steps, strings.Join(slices.Concat(jobs[j.Extends].BeforeScript, j.BeforeScript, j.Script), "\n"))
			}
		}
	}
	return env, steps
}

// buildspecSteps: the commands of every phase, in one shell, as version 0.2 runs
// them (AWS CodeBuild User Guide, "Build specification reference").
func buildspecSteps(t *testing.T, text string, _ map[string]string) (env, steps []string) {
	type phase struct{ Commands []string }
	var b struct {
		Version string
		Env     struct {
			Helper    string `yaml:"git-credential-helper"`
			Variables yaml.Node
		}
		Phases    struct{ Install, PreBuild, Build, PostBuild phase }
		Artifacts struct{ Files []string }
	}
	decodeYAML(t, strings.NewReplacer("pre_build:", "prebuild:", "post_build:", "postbuild:").Replace(text), &b)
	if b.Version != "0.2" || b.Env.Helper != "yes" {
		t.Errorf("version %s, credential helper %s", b.Version, b.Env.Helper)
	}
	all := slices.Concat(b.Phases.Install.Commands, b.Phases.PreBuild.Commands, b.Phases.Build.Commands, b.Phases.PostBuild.Commands)
	return asEnv(t, b.Env.Variables, func(s string) string { return s }), []string{strings.Join(all, "\n")}
}
