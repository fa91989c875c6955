package sandbox

import (
	"fmt"
	"regexp"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	ststypes "github.com/aws/aws-sdk-go-v2/service/sts/types"

	"github.com/ecs-operator/ecs-operator/pkg/shape"
)

// stsWorld is what the token service remembers: sessions by access key.
type stsWorld struct {
	Sessions map[string]stsSession
}

type stsSession struct {
	Account string
	UserID  string
	ARN     string
	Role    string // that was assumed
	Expires time.Time
}

func stsOperations() []operation {
	return []operation{
		op("sts", "GetCallerIdentity", false, getCallerIdentity),
		op("sts", "AssumeRole", false, assumeRole),
	}
}

// getCallerIdentity names the session whose key signed the call, else the one
// user of the documented world. No permission is needed, as on AWS.
func getCallerIdentity(c *call, _ *sts.GetCallerIdentityInput) (*sts.GetCallerIdentityOutput, error) {
	if s, ok := c.w.STS.Sessions[c.AccessKey]; ok {
		if !c.Now.Before(s.Expires) {
			return nil, &apiError{Code: "ExpiredToken", Message: "The security token included in the request is expired", Status: 403}
		}
		return &sts.GetCallerIdentityOutput{Account: aws.String(s.Account), Arn: aws.String(s.ARN), UserId: aws.String(s.UserID)}, nil
	}
	return &sts.GetCallerIdentityOutput{
		Account: aws.String(Account),
		Arn:     aws.String(callerARN),
		UserId:  aws.String("AIDASANDBOXSANDBOX000"),
	}, nil
}

var (
	assumableRole = regexp.MustCompile(`^arn:aws[a-z-]*:iam::([0-9]{12}):role/(.+/)?([\w+=,.@-]{1,64})$`)
)

// trusted: whom a role trusts is told by the end of its name. One that ends with
// "untrusted" trusts nobody here, one with "external" whoever knows its external id,
// ExternalID ("How to use an external ID", IAM User Guide: the trust policy compares
// sts:ExternalId, and a call without it is refused as any other).
func trusted(role, externalID string) bool {
	return !strings.HasSuffix(role, "untrusted") && (!strings.HasSuffix(role, "external") || externalID == ExternalID)
}

// ExternalID is what roles want whose names end with "external".
const ExternalID = "sandbox"

// assumeRole gives temporary credentials for any well-formed role that trusts the
// caller (trusted): whether a role exists is IAM's, which the sandbox does not have.
func assumeRole(c *call, in *sts.AssumeRoleInput) (*sts.AssumeRoleOutput, error) {
	m := assumableRole.FindStringSubmatch(aws.ToString(in.RoleArn))
	if m == nil {
		return nil, refuse("ValidationError", "%s is invalid", aws.ToString(in.RoleArn))
	}
	if name := aws.ToString(in.RoleSessionName); len(name) < 2 || !shape.IsName(name, 64, roleMarks) {
		return nil, refuse("ValidationError", "1 validation error detected: Value '%s' at 'roleSessionName' failed to satisfy constraint: Member must satisfy regular expression pattern: [\\w+=,.@-]*", aws.ToString(in.RoleSessionName))
	}
	life := aws.ToInt32(in.DurationSeconds)
	if in.DurationSeconds == nil {
		life = 3600
	}
	if life < 900 || life > 43200 {
		return nil, refuse("ValidationError", "1 validation error detected: Value '%d' at 'durationSeconds' failed to satisfy constraint: Member must have value between 900 and 43200", life)
	}
	if !trusted(m[3], aws.ToString(in.ExternalId)) {
		return nil, &apiError{Code: "AccessDenied", Status: 403, Message: fmt.Sprintf("User: %s is not authorized to perform: sts:AssumeRole on resource: %s", c.callerARN(), *in.RoleArn)}
	}
	id := "AROA" + strings.ToUpper(digest(*in.RoleArn)[:17])
	key := "ASIA" + strings.ToUpper(c.w.hexID(16))
	s := stsSession{
		Account: m[1],
		UserID:  id + ":" + *in.RoleSessionName,
		Role:    *in.RoleArn,
		ARN:     "arn:aws:sts::" + m[1] + ":assumed-role/" + m[3] + "/" + *in.RoleSessionName,
		Expires: c.Now.Add(time.Duration(life) * time.Second),
	}
	if c.w.STS.Sessions == nil {
		c.w.STS.Sessions = map[string]stsSession{}
	}
	for k, old := range c.w.STS.Sessions {
		if old.Expires.Before(c.Now.Add(-time.Hour)) {
			delete(c.w.STS.Sessions, k)
		}
	}
	c.w.STS.Sessions[key] = s
	return &sts.AssumeRoleOutput{
		AssumedRoleUser: &ststypes.AssumedRoleUser{Arn: aws.String(s.ARN), AssumedRoleId: aws.String(s.UserID)},
		Credentials: &ststypes.Credentials{
			AccessKeyId: aws.String(key), SecretAccessKey: aws.String(c.w.hexID(40)),
			SessionToken: aws.String(c.w.hexID(64)), Expiration: aws.Time(s.Expires),
		},
	}, nil
}
