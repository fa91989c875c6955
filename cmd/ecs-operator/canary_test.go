package main

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"

	"github.com/ecs-operator/ecs-operator/pkg/sandbox"
)

// The canaries: a secret of its own in every input that may hold one. No output, log,
// metric, event, saved plan or crash may show any of them. What exists to give back
// a document (render, import, set) is left out: it shows what the file says, to who
// can read the file.

// birds are the planted secrets by name.
type birds struct {
	t     *testing.T
	mu    sync.Mutex
	known map[string]string
}

// plant makes a secret.
func (b *birds) plant(name string) string {
	secret := "Cnry" + strings.ReplaceAll(name, " ", "") + "9f3aZq"
	b.mu.Lock()
	defer b.mu.Unlock()
	b.known[name] = secret
	return secret
}

// scan looks for every one of them, as it is and in the forms that it travels in.
func (b *birds) scan(where, text string) {
	b.t.Helper()
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, name := range slices.Sorted(maps.Keys(b.known)) {
		secret := b.known[name]
		forms := []string{secret, url.QueryEscape(secret), strings.TrimRight(base64.StdEncoding.EncodeToString([]byte(secret)), "=")}
		for _, user := range []string{"user:", "x-access-token:", "git:", "anna:"} {
			forms = append(forms, strings.TrimRight(base64.StdEncoding.EncodeToString([]byte(user+secret)), "="))
		}
		for _, form := range forms {
			if i := strings.Index(text, form); i >= 0 {
				b.t.Errorf("%s shows the %s: …%s…", where, name, text[max(0, i-120):min(len(text), i+len(form)+20)])
				break
			}
		}
	}
}

// run runs a command at its most talkative and scans all that it says.
func (b *birds) run(dir string, env []string, args ...string) (code int, text string) {
	b.t.Helper()
	p := start(b.t, dir, env, append(args, "--log-level", "debug")...)
	code = p.exit()
	text, _ = p.output()
	b.scan("ecs-operator "+strings.Join(args, " "), text)
	return code, text
}

// secretive is a service with a secret in all places where people put them. The
// version is part of each, so that an edit changes all of them.
func (b *birds) secretive(version string) string {
	return fmt.Sprintf(`apiVersion: ecs-operator/v1
kind: Service
metadata: {name: web}
spec:
  cluster: default
  taskDefinition:
    containerDefinitions:
      - name: web
        image: nginx:1.27
        memory: 256
        environment:
          - {name: DB_PASSWORD, value: %s}
          - {name: API_TOKEN, value: %s}
          - {name: DATABASE, value: "postgres://anna:%s@db.example.com/shop"}
          - {name: AUTHORIZATION, value: "Bearer %s"}
        command: [serve, --password, %s]
        logConfiguration: {logDriver: splunk, options: {splunk-token: %s, splunk-url: "https://splunk.example.com"}}
        dockerLabels: {deploy-token: %s}
        secrets: [{name: OTHER, valueFrom: "arn:aws:ssm:us-east-1:123456789012:parameter/other"}]
    executionRoleArn: arn:aws:iam::123456789012:role/execution
  service: {desiredCount: 1}
`, b.plant("variable "+version), b.plant("token variable "+version), b.plant("URL's password "+version), b.plant("bearer "+version),
		b.plant("argument "+version), b.plant("log driver's token "+version), b.plant("label "+version))
}

// TestCanariesInDocuments: validate, diff in all formats, a saved plan, apply, status, the daemon with its
// log, metrics and events; new secrets, drifted ones, and documents that break.
func TestCanariesInDocuments(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("processes of their own: nothing for the race detector")
	}
	dir := t.TempDir()
	b := &birds{t: t, known: map[string]string{}}
	write := func(name, text string) {
		t.Helper()
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	env := cleanEnv(dir, "ECS_OPERATOR_SANDBOX_SPEED="+fastWorld)
	world := []string{"--sandbox-state", "world.json"}
	ok := func(want int, args ...string) string {
		t.Helper()
		code, text := b.run(dir, env, args...)
		if code != want {
			t.Fatalf("ecs-operator %v: exit %d, want %d:\n%s", args, code, want, text)
		}
		return text
	}
	write("web.yaml", b.secretive("one"))
	ok(0, "validate", "web.yaml", "-o", "json")
	if text := ok(1, append([]string{"diff", "web.yaml"}, world...)...); !strings.Contains(text, "DB_PASSWORD") {
		t.Errorf("diff does not even name the variable:\n%s", text)
	}
	ok(1, append([]string{"diff", "web.yaml", "-o", "markdown"}, world...)...)
	write("plan.json", ok(1, append([]string{"diff", "web.yaml", "-o", "json"}, world...)...))
	ok(0, append([]string{"apply", "web.yaml", "--wait", "-o", "json", "--verify=false", "--audit", "audit.jsonl"}, world...)...)
	audit, err := os.ReadFile(filepath.Join(dir, "audit.jsonl"))
	if err != nil || !strings.Contains(string(audit), "RegisterTaskDefinition") {
		t.Errorf("no audit of the writes: %v\n%s", err, audit)
	}
	b.scan("the audit", string(audit))
	ok(0, "policy", "-f", "web.yaml")
	write("web.yaml", b.secretive("two"))
	for _, format := range []string{"text", "json", "markdown"} {
		ok(1, append([]string{"diff", "web.yaml", "-o", format}, world...)...)
	}
	ok(0, append([]string{"apply", "web.yaml", "--wait", "--verify=false"}, world...)...)
	for _, args := range [][]string{{"get", "-f", "web.yaml", "-o", "json"}, {"status", "web", "-f", "web.yaml", "-o", "json"}, {"verify", "-f", "web.yaml", "-o", "json"}, {"history", "web", "-f", "web.yaml"}} {
		b.run(dir, env, append(args, world...)...)
	}

	// What breaks: the value stands where the error is.
	broken := map[string]string{
		"unclosed.yaml": "apiVersion: ecs-operator/v1\nkind: Service\nspec: {password: \"" + b.plant("unclosed quote") + "\n",
		"mapping.yaml":  "apiVersion: ecs-operator/v1\nkind: Service\nspec:\n  password: " + b.plant("broken mapping") + ": x\n",
		"tag.yaml":      "apiVersion: ecs-operator/v1\nkind: Service\nspec: !" + b.plant("tag") + "\n",
		"alias.yaml":    "apiVersion: ecs-operator/v1\nkind: Service\nspec: *" + b.plant("alias") + "\n",
		"type.yaml":     strings.Replace(b.secretive("three"), "memory: 256", "memory: "+b.plant("number"), 1),
		"broken.json":   `{"apiVersion": "ecs-operator/v1", "kind": "Service", "spec": {"password": "` + b.plant("broken JSON") + `" x}}`,
		"variable.yaml": strings.Replace(b.secretive("four"), "nginx:1.27", "$("+b.plant("variable that is none")+"}", 1),
		"params.yaml":   "apiVersion: ecs-operator/v1\nkind: Environment\nmetadata: {name: prod}\nspec: {variables: {dbPassword: [" + b.plant("variable's value") + "]}}\n",
	}
	for name, text := range broken {
		write(name, text)
	}
	for _, name := range slices.Sorted(maps.Keys(broken)) {
		if code, text := b.run(dir, env, "validate", name); code == 0 {
			t.Errorf("%s is valid:\n%s", name, text)
		}
	}
	b.run(dir, env, "validate", "web.yaml", "--set", "taskDefinition.containerDefinitions[web].memory="+b.plant("set"))

	// The daemon: an edit, a broken file, a change behind its back.
	write("web.yaml", b.secretive("five"))
	hookSecret := b.plant("secret of webhooks")
	p := start(t, dir, append(env, "ECS_OPERATOR_WEBHOOK_SECRET="+hookSecret),
		append([]string{"run", "--sandbox", "--log-level", "debug", "--verify=false", "--webhook-listen", "127.0.0.1:0", "web.yaml"}, quickRun...)...)
	p.await(0, `"msg":"1 service ready"`)
	listen, _ := p.await(0, `"listen":"(http://[^"]+)"`)
	hooks, _ := p.await(0, `"msg":"webhooks are taken".*"listen":"(http://[^"]+)"`)
	for _, token := range []string{hookSecret, hookSecret + b.plant("wrong token of a webhook")} {
		for _, path := range []string{"/hook/gitlab", "/hook/generic", "/hook/github", "/hook/" + token, "/hook/generic?token=" + token} {
			req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, hooks[1]+path, strings.NewReader(`{"token": "`+token+`"}`))
			if err != nil {
				t.Fatal(err)
			}
			req.Header.Set("X-Gitlab-Token", token)
			req.Header.Set("Authorization", "Bearer "+token)
			req.Header.Set("X-Hub-Signature-256", "sha256="+token)
			resp, err := http.DefaultClient.Do(req)
			if err != nil {
				t.Fatal(err)
			}
			body, _ := io.ReadAll(resp.Body)
			_ = resp.Body.Close()
			b.scan("the answer to a webhook", fmt.Sprintf("%v %s", resp.Header, body))
		}
	}
	write("web.yaml", b.secretive("six"))
	_, end := p.await(0, `default-web:2`)
	write("web.yaml", broken["mapping.yaml"])
	p.await(end, `web.yaml:4.*not valid YAML`)
	_, metrics := get(t, listen[1]+"/metrics")
	b.scan("/metrics", metrics)
	p.signal(syscall.SIGQUIT) // go's own crash: all goroutines
	_ = p.exit()
	text, _ := p.output()
	if !strings.Contains(text, "goroutine ") {
		t.Error("there was no crash to look at")
	}
	b.scan("the daemon's log and its crash", text)
}

// TestCanariesInCredentials: tokens, keys, external ids and passwords, against servers that send
// back what they were told.
func TestCanariesInCredentials(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("processes of their own: nothing for the race detector")
	}
	dir := workDir(t)
	b := &birds{t: t, known: map[string]string{}}
	write := func(name, text string) string {
		t.Helper()
		p := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(p), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(p, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return p
	}
	heard := &ears{}
	parrot := httptest.NewServer(heard)
	t.Cleanup(parrot.Close)
	env := cleanEnv(dir)
	fails := func(env []string, args ...string) {
		t.Helper()
		if code, text := b.run(dir, env, args...); code == 0 {
			t.Errorf("ecs-operator %v ended well:\n%s", args, text)
		}
	}

	// git: over http, with what a server sends back as its words.
	repo := parrot.URL + "/deploy.git"
	fails(append(env, "ECS_OPERATOR_GIT_TOKEN="+b.plant("git token")), "diff", "--sandbox", "--git", repo, "--git-user", "user")
	fails(env, "validate", "--git", repo, "--git-token-file", write("token", b.plant("git token file")+"\n"), "--git-user", "user")
	if len(heard.said("Basic ")) < 2 {
		t.Errorf("the git tokens were not sent: %q", heard.said(""))
	}
	fails(env, "validate", "--git", "https://anna:"+b.plant("password of a URL")+"@example.com/deploy.git")
	fails(append(env, "ECS_OPERATOR_GIT_SSH_KEY="+b.plant("ssh key"), "ECS_OPERATOR_GIT_KNOWN_HOSTS=example.com ssh-ed25519 AAAA"), "validate", "--git", "ssh://git@127.0.0.1:1/deploy.git")
	fails(env, "validate", "--git", repo, "--verify-signatures", "head",
		"--signing-keys-file", write("private", "-----BEGIN OPENSSH PRIVATE KEY-----\n"+b.plant("private signing key")+"\n-----END OPENSSH PRIVATE KEY-----\n"))
	fails(append(env, "ECS_OPERATOR_SIGNING_KEYS=ssh-ed25519 "+b.plant("signing key that is none")), "validate", "--git", repo, "--verify-signatures", "head")

	// AWS: keys, session token, external id; an endpoint that repeats all headers and the body in its error.
	aws := cleanEnv(dir, "AWS_ENDPOINT_URL="+parrot.URL, "AWS_REGION="+sandbox.Region, "AWS_ACCESS_KEY_ID=AKIAIOSFODNN7EXAMPLE",
		"AWS_SECRET_ACCESS_KEY="+b.plant("secret access key"), "AWS_SESSION_TOKEN="+b.plant("session token"), "AWS_MAX_ATTEMPTS=1")
	fails(aws, "diff", "quickstart")
	fails(aws, "diff", "quickstart", "-o", "json")
	fails(aws, "apply", "quickstart")
	fails(aws, "diff", "quickstart", "--assume-role", "arn:aws:iam::123456789012:role/deploy", "--external-id", b.plant("external id"))
	if len(heard.said("AWS4-HMAC-SHA256")) == 0 {
		t.Error("AWS was never asked")
	}
	fails(aws, "diff", "quickstart", "--targets", write("targets.yaml", "targets: {prod: {account: \"123456789012\", region: us-east-1, roleArn: arn:aws:iam::123456789012:role/deploy, externalId: "+b.plant("external id of a target")+"}}\n"))
	fails(aws, "diff", "quickstart", "--targets", write("bad.yaml", "targets: {prod: {region: us-east-1, roleArn: nonsense, externalId: "+b.plant("external id of a bad file")+": x}}\n"))
	write(".aws/credentials", "[team]\naws_access_key_id = AKIAIOSFODNN7EXAMPLE\naws_secret_access_key = "+b.plant("profile's key")+"\naws_session_token = "+b.plant("profile's token")+"\n")
	fails(cleanEnv(dir, "AWS_ENDPOINT_URL="+parrot.URL, "AWS_REGION="+sandbox.Region, "AWS_MAX_ATTEMPTS=1"), "diff", "quickstart", "--profile", "team")
	write("broken/credentials", "[team\naws_secret_access_key = "+b.plant("key of a broken profile")+"\n")
	fails(cleanEnv(dir, "AWS_SHARED_CREDENTIALS_FILE="+filepath.Join(dir, "broken", "credentials"), "AWS_ENDPOINT_URL="+parrot.URL, "AWS_REGION="+sandbox.Region), "diff", "quickstart", "--profile", "team")
}

// ears is a server that sends back everything that it hears, in the errors of AWS and git.
// (pkg/verify has one of a registry.)
type ears struct {
	mu     sync.Mutex
	tokens []string
}

func (e *ears) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	given := r.Header.Get("Authorization")
	e.mu.Lock()
	e.tokens = append(e.tokens, given)
	e.mu.Unlock()
	all := fmt.Sprintf("you said Authorization: %s; X-Amz-Security-Token: %s; %v; %s", given, r.Header.Get("X-Amz-Security-Token"), r.Header, body)
	switch {
	case given == "" && strings.Contains(r.URL.Path, ".git"):
		w.Header().Set("WWW-Authenticate", `Basic realm="all"`)
		w.WriteHeader(http.StatusUnauthorized)
	case strings.Contains(r.URL.Path, ".git"):
		w.Header().Set("Content-Type", "text/plain")
		http.Error(w, all, http.StatusForbidden)
	case strings.Contains(r.Header.Get("Content-Type"), "json"):
		w.WriteHeader(http.StatusBadRequest)
		_ = json.NewEncoder(w).Encode(map[string]any{"__type": "InvalidParameterException", "message": all})
	default:
		w.WriteHeader(http.StatusBadRequest)
		_, _ = fmt.Fprintf(w, "<ErrorResponse><Error><Code>ValidationError</Code><Message><![CDATA[%s]]></Message></Error></ErrorResponse>", all)
	}
}

// said are the authorizations that begin so.
func (e *ears) said(prefix string) (out []string) {
	e.mu.Lock()
	defer e.mu.Unlock()
	for _, t := range e.tokens {
		if strings.HasPrefix(t, prefix) {
			out = append(out, t)
		}
	}
	return out
}
