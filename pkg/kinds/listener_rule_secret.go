package kinds

import (
	"crypto/pbkdf2"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"strings"
	"sync"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2"
	"github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2/types"

	"github.com/ecs-operator/ecs-operator/pkg/resource"
	"github.com/ecs-operator/ecs-operator/pkg/shape"
)

// AWS never gives a client secret back, so that a changed one is told by a tag on
// the rule: the beginning of a slow hash, salted with whose rule it is. It is too
// short to tell a secret by, and long enough to tell that one was changed.
const (
	secretRounds = 60_000
	secretBytes  = 5
)

// secretMarks remembers the hashes, which are made to be dear.
var secretMarks sync.Map

// secretMark is the tag's value for the secrets of a rule's actions, "" for none.
func secretMark(o *resource.Object, actions []types.Action) string {
	var secrets []string
	for _, a := range actions {
		if c := a.AuthenticateOidcConfig; c != nil && aws.ToString(c.ClientSecret) != "" {
			secrets = append(secrets, *c.ClientSecret)
		}
	}
	if len(secrets) == 0 {
		return ""
	}
	salt, secret := "ecs-operator client secret\x00"+o.ID.String(), strings.Join(secrets, "\x00")
	at := sha256.Sum256([]byte(fmt.Sprint(len(salt), salt, secret)))
	if have, ok := secretMarks.Load(at); ok {
		return have.(string)
	}
	sum, err := pbkdf2.Key(sha256.New, secret, []byte(salt), secretRounds, secretBytes)
	if err != nil { // of a key length or count that is not allowed
		panic("kinds: " + err.Error())
	}
	mark := "1-" + hex.EncodeToString(sum)
	secretMarks.Store(at, mark)
	return mark
}

// unsaid is an error without the client secrets of the actions: AWS repeats in a
// refusal what it refuses.
func unsaid(err error, actions []types.Action) error {
	if err == nil {
		return nil
	}
	hide := func(s string) string {
		for _, a := range actions {
			if c := a.AuthenticateOidcConfig; c != nil && aws.ToString(c.ClientSecret) != "" {
				s = strings.ReplaceAll(s, *c.ClientSecret, "(client secret)")
			}
		}
		return s
	}
	if text := err.Error(); hide(text) == text {
		return err
	}
	out := &resource.Error{Class: resource.ClassOf(err), Message: hide(err.Error())}
	if e, ok := errors.AsType[*resource.Error](err); ok {
		out.Operation, out.Code, out.Message, out.RequestID = e.Operation, e.Code, hide(e.Message), e.RequestID
	}
	return out
}

// secretChanged reports whether a write is to carry a new client secret. An
// adoption writes tags alone and leaves this one out.
func secretChanged(w resource.Write) bool {
	return changed(w.Changes, "tags."+resource.TagSecretHash)
}

// actionsToSend are the wanted actions as a modification sends them: with the
// weights that ECS owns, and with the secret only where it changed. A secret that
// stays, or that the document does not have, is not sent: UseExistingClientSecret
// (AuthenticateOidcActionConfig: "you must … set it to true" when it is left out).
func actionsToSend(w resource.Write) ([]types.Action, error) {
	actions := shape.Clone(w.Object.Want.(*elasticloadbalancingv2.CreateRuleInput)).Actions
	live, _ := w.Live.Value.(*elasticloadbalancingv2.CreateRuleInput)
	if live == nil {
		live = &elasticloadbalancingv2.CreateRuleInput{}
	}
	if g := governedBy(&w.Object, ruleNamed(&w.Live)); g != nil {
		keepWeights(actions, live.Actions, g)
	}
	had := false
	for _, a := range live.Actions {
		had = had || a.AuthenticateOidcConfig != nil
	}
	for i := range actions {
		c := actions[i].AuthenticateOidcConfig
		if c == nil {
			continue
		}
		written := aws.ToString(c.ClientSecret) != ""
		switch {
		case written && (secretChanged(w) || !had):
			c.UseExistingClientSecret = nil
		case had:
			c.ClientSecret, c.UseExistingClientSecret = nil, aws.Bool(true)
		default:
			return nil, resource.Errorf(resource.ClassInvalid, "elasticloadbalancing:ModifyRule",
				"actions[%d].authenticateOidcConfig.clientSecret is needed: the live rule has no such action, and so no secret to keep", i)
		}
	}
	return actions, nil
}
