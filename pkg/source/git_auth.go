package source

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"net/url"
	"strings"
	"time"

	"go.uber.org/zap"
)

// AWSKeys are credentials of AWS, of a role mostly.
type AWSKeys struct{ AccessKeyID, SecretAccessKey, SessionToken string }

// login makes the header that is sent up front: CodeCommit answers a bare 403 and
// never asks, and what a server did not have to ask for costs no round trip. It is
// made anew for every look, as CodeCommit's password is good for minutes only.
func (g *Git) login(ctx context.Context) error {
	g.forget()
	if g.url.scheme == "ssh" {
		return nil
	}
	var user, password string
	switch {
	case g.url.region != "":
		keys, err := g.o.AWS(ctx)
		if err != nil {
			return fmt.Errorf("%s: there are no credentials for CodeCommit: %w", g.url, err)
		}
		if keys.AccessKeyID == "" || keys.SecretAccessKey == "" {
			return fmt.Errorf("%s: there are no credentials for CodeCommit", g.url)
		}
		user, password = codeCommitLogin(keys, g.url, g.now())
		g.secrets = append(g.secrets, keys.SecretAccessKey, keys.SessionToken)
	case g.o.Login != nil:
		var err error
		if user, password, err = g.o.Login(ctx); err != nil {
			return err
		}
	}
	if user == "" && password == "" {
		return nil
	}
	if strings.ContainsFunc(user+password, func(r rune) bool { return r < ' ' || r == 0x7f }) || strings.Contains(user, ":") {
		return errors.New("the user or the token for git holds a control character or the user a ':': check what ECS_OPERATOR_GIT_TOKEN (or --git-token-file) and --git-user hold")
	}
	basic := base64.StdEncoding.EncodeToString([]byte(user + ":" + password))
	g.header = "Authorization: Basic " + basic
	g.secrets = append(g.secrets, basic, password, url.QueryEscape(password), url.PathEscape(password))
	return nil
}

// forget drops the credentials of the last look.
func (g *Git) forget() { g.header, g.secrets = "", nil }

// codeCommitLogin is what git-remote-codecommit computes: SigV4 over the method
// GIT, the path and the host, with no hash of a body, and the time without its Z in
// the string to sign. Source: git_remote_codecommit/__init__.py of
// github.com/aws/git-remote-codecommit.
func codeCommitLogin(keys AWSKeys, u GitURL, at time.Time) (user, password string) {
	stamp := at.UTC().Format("20060102T150405")
	scope := strings.Join([]string{stamp[:8], u.region, "codecommit", "aws4_request"}, "/")
	canonical := sha256.Sum256([]byte("GIT\n" + u.path + "\n\nhost:" + u.host + "\n\nhost\n"))
	toSign := strings.Join([]string{"AWS4-HMAC-SHA256", stamp, scope, hex.EncodeToString(canonical[:])}, "\n")
	key := []byte("AWS4" + keys.SecretAccessKey)
	for part := range strings.SplitSeq(scope, "/") {
		key = sign(key, part)
	}
	user = keys.AccessKeyID
	if keys.SessionToken != "" {
		user += "%" + keys.SessionToken
	}
	return user, stamp + "Z" + hex.EncodeToString(sign(key, toSign))
}

func sign(key []byte, data string) []byte {
	mac := hmac.New(sha256.New, key)
	mac.Write([]byte(data))
	return mac.Sum(nil)
}

func zapError(err error) zap.Field { return zap.String("error", err.Error()) }
