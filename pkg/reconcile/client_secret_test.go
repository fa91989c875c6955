package reconcile

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2"
	elbtypes "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2/types"

	"github.com/ecs-operator/ecs-operator/pkg/resource"
	"github.com/ecs-operator/ecs-operator/pkg/sandbox"
	"github.com/ecs-operator/ecs-operator/pkg/status"
)

// withSecret is a service whose rule authenticates with a client secret, "" for
// none written.
func withSecret(secret, path string) string {
	line := ""
	if secret != "" {
		line = ", clientSecret: " + secret
	}
	oidc := fmt.Sprintf(`      actions:
        - type: authenticate-oidc
          order: 1
          authenticateOidcConfig: {issuer: "https://id.example.com", authorizationEndpoint: "https://id.example.com/a", tokenEndpoint: "https://id.example.com/t", userInfoEndpoint: "https://id.example.com/u", clientId: web%s}
        - {type: forward, order: 2, targetGroupArn: "$(targetGroups.web.arn)"}
`, line)
	return strings.Replace(ruled("a", "web 10 "+onPath(path)), "      actions: [{type: forward, targetGroupArn: \"$(targetGroups.web.arn)\"}]\n", oidc, 1)
}

// secure makes the main listener one of HTTPS: authentication is for those only.
func (w *world) secure() {
	w.t.Helper()
	w.engine()
	_, err := w.raw().Write.ELB.ModifyListener(w.t.Context(), &elasticloadbalancingv2.ModifyListenerInput{ListenerArn: aws.String(mainListener), Protocol: elbtypes.ProtocolEnumHttps,
		Certificates: []elbtypes.Certificate{{CertificateArn: aws.String("arn:aws:acm:us-east-1:123456789012:certificate/0")}}})
	w.ok(err)
}

// Behind a listener without TLS such a rule is refused, and AWS' words are told.
func TestAuthenticationWithoutTLS(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world) {
		w.files.put("a.yaml", withSecret("canary-four-0e11", "/a"))
		out := w.apply(w.engine(), ApplyOptions{})["a"]
		if out.Status.Reason != status.RefusedByAWS || !strings.Contains(out.Status.Why, "Actions of type 'authenticate-oidc' are supported only on HTTPS listeners") {
			t.Errorf("%s %s", out.Status.Reason, out.Status.Why)
		}
	})
}

// A client secret is sent when the rule is made and when it changed, which a tag
// tells; AWS is told to keep it otherwise. Nothing ever shows it.
func TestClientSecret(t *testing.T) {
	const first, second = "canary-one-8f2c", "canary-two-77ab"
	inWorld(t, func(t *testing.T, w *world) {
		w.secure()
		var sent []string // what each write said of the secret
		take := func(actions []elbtypes.Action) {
			for _, a := range actions {
				if c := a.AuthenticateOidcConfig; c != nil {
					sent = append(sent, fmt.Sprintf("%s keep=%t", aws.ToString(c.ClientSecret), aws.ToBool(c.UseExistingClientSecret)))
				}
			}
		}
		w.spoil(func(_ context.Context, c sandbox.Call) *sandbox.Fault {
			switch in := c.Input.(type) {
			case *elasticloadbalancingv2.CreateRuleInput:
				take(in.Actions)
			case *elasticloadbalancingv2.ModifyRuleInput:
				take(in.Actions)
			}
			return nil
		})
		var shown strings.Builder
		run := func(what, doc string, want ...string) {
			t.Helper()
			sent = nil
			w.files.put("a.yaml", doc)
			e := w.engine()
			out := e.Inspect(t.Context(), w.load(e).Units)
			for _, o := range append(out, w.wait(w.engine())["a"]) {
				for _, part := range []any{o.Plan, o.Status} {
					b, err := json.Marshal(part)
					if err != nil {
						t.Fatal(err)
					}
					shown.Write(b)
				}
			}
			if !slices.Equal(sent, want) {
				t.Errorf("%s: sent %q, want %q", what, sent, want)
			}
			since := w.mark()
			w.allReady(w.wait(w.engine()))
			w.quiet(since, what+", once more")
		}
		run("new", withSecret(first, "/a"), first+" keep=false")
		run("only the path", withSecret(first, "/b"))
		run("another scope", strings.Replace(withSecret(first, "/b"), "clientId: web", "clientId: other", 1), " keep=true")
		run("another secret", strings.Replace(withSecret(second, "/b"), "clientId: web", "clientId: other", 1), second+" keep=false")
		run("no line any more", withSecret("", "/b"), " keep=true")

		shown.WriteString(w.story())
		c := w.raw()
		rules, err := c.Read.ELB.DescribeRules(t.Context(), &elasticloadbalancingv2.DescribeRulesInput{ListenerArn: aws.String(mainListener)})
		if err != nil {
			t.Fatal(err)
		}
		marked := false
		for _, r := range rules.Rules {
			tags, err := c.Read.ELB.DescribeTags(t.Context(), &elasticloadbalancingv2.DescribeTagsInput{ResourceArns: []string{*r.RuleArn}})
			if err != nil {
				t.Fatal(err)
			}
			for _, tag := range tags.TagDescriptions[0].Tags {
				marked = marked || *tag.Key == resource.TagSecretHash && len(*tag.Value) == len("1-0011223344")
				fmt.Fprintln(&shown, *tag.Key, *tag.Value)
			}
		}
		if !marked {
			t.Error("no tag tells which secret was sent")
		}
		for _, secret := range []string{first, second} {
			if strings.Contains(shown.String(), secret) {
				t.Errorf("%s is shown", secret)
			}
		}
	})
}

// A refusal that repeats the secret is told without it.
func TestClientSecretInARefusal(t *testing.T) {
	const secret = "canary-three-1d9e"
	inWorld(t, func(t *testing.T, w *world) {
		w.spoil(always(sandbox.Fault{Code: "ValidationError", Message: "1 validation error detected: Value '" + secret + "' at 'clientSecret' failed"}, "CreateRule"))
		w.files.put("a.yaml", withSecret(secret, "/a"))
		out := w.apply(w.engine(), ApplyOptions{})["a"]
		b, err := json.Marshal(out.Plan)
		if err != nil {
			t.Fatal(err)
		}
		for _, text := range []string{string(b), out.Status.Why, fmt.Sprint(out.Err), w.story()} {
			if strings.Contains(text, secret) {
				t.Errorf("shown: %s", text)
			}
		}
	})
}
