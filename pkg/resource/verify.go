package resource

import (
	"context"
	"fmt"
	"slices"
)

// Need is one thing that a rollout takes for granted and no document makes: an
// image, a role, a secret. What needs it stands at Path.
type Need struct {
	What NeedKind
	Path string // the spec's own: taskDefinition.executionRoleArn
	// Name is what is needed as it is written: an image reference, an ARN, an id.
	Name string

	// Architecture and OS are what an image must be made for in Docker's words
	// (arm64, linux), "" where the document leaves that to the container instances.
	Architecture, OS string
	// Credentials is the secret with which ECS pulls an image (repositoryCredentials).
	Credentials string
	// Principals are the services that a role must trust.
	Principals []string
	// Region is where a log group is, "" for the target's.
	Region string
	// Creates: the log driver makes a log group that is not there.
	Creates bool
	// TargetType is what a target group must have for the tasks' network mode, ""
	// for any.
	TargetType string
	// Has and VPC are what is known of a target group that the document makes itself
	// (Own): nobody is asked for those.
	Own      bool
	Has, VPC string
}

// NeedKind is one sort of thing that is needed.
type NeedKind string

// The kinds of needs.
const (
	NeedImage         NeedKind = "image"
	NeedRole          NeedKind = "role"
	NeedSecret        NeedKind = "secret"
	NeedParameter     NeedKind = "parameter"
	NeedLogGroup      NeedKind = "log group"
	NeedSubnet        NeedKind = "subnet"
	NeedSecurityGroup NeedKind = "security group"
	NeedTargetGroup   NeedKind = "target group"
	NeedFunction      NeedKind = "function"
)

// Verdict is what became of a check. There are three: what could not be asked is
// neither there nor missing.
type Verdict string

// The verdicts.
const (
	Verified   Verdict = "ok"
	NotThere   Verdict = "missing" // or there in a form that cannot work
	NotChecked Verdict = "not checked"
)

// Finding is a need and what was found of it.
type Finding struct {
	Check   NeedKind `json:"check"`
	Path    string   `json:"path"`
	Name    string   `json:"name"`
	Verdict Verdict  `json:"verdict"`
	Why     string   `json:"why,omitempty"` // in one sentence; of what is ok, what was left unchecked
}

// Missing are the findings that hold a rollout up.
func Missing(all []Finding) []Finding {
	return slices.DeleteFunc(slices.Clone(all), func(f Finding) bool { return f.Verdict != NotThere })
}

// MissingWords says in one sentence what is missing: the first of it, and how much more.
func MissingWords(missing []Finding) string {
	if len(missing) == 0 {
		return ""
	}
	f := missing[0]
	s := fmt.Sprintf("%s %s (%s): %s", f.Check, f.Name, f.Path, f.Why)
	if n := len(missing) - 1; n > 0 {
		s += fmt.Sprintf("; and %d more", n)
	}
	return s
}

// Inspector reads from AWS what needs are about. Each call answers with an error of
// ClassNotFound for what is not there; every other error says that it is not known.
type Inspector interface {
	// Where tells the account and region of a target.
	Where(ctx context.Context, target string) (account, region string, err error)
	// RoleTrust reads a role's trust policy, as JSON.
	RoleTrust(ctx context.Context, target, name string) (policy string, err error)
	// Secret tells of a secret, not what is in it.
	Secret(ctx context.Context, target, region, id string) (Secret, error)
	// SecretValue reads a secret. Nothing but the caller may ever see it.
	SecretValue(ctx context.Context, target, region, id string) (string, error)
	// Parameters tells which parameters exist; one that the map does not have was
	// not answered for. Their values are not kept.
	Parameters(ctx context.Context, target, region string, names []string) (map[string]bool, error)
	// LogGroup tells whether a log group exists.
	LogGroup(ctx context.Context, target, region, name string) (bool, error)
	// Subnets and SecurityGroups give the VPC of each that exists.
	Subnets(ctx context.Context, target string, ids []string) (map[string]string, error)
	SecurityGroups(ctx context.Context, target string, ids []string) (map[string]string, error)
	// TargetGroup gives a target group's target type and VPC.
	TargetGroup(ctx context.Context, target, arn string) (targetType, vpc string, err error)
	// Function asks whether a Lambda function can be invoked as it is: its state is
	// told where it cannot.
	Function(ctx context.Context, target, arn string) (trouble string, err error)
	// Manifest reads an image's manifest from ECR.
	Manifest(ctx context.Context, target string, image ECRImage) (Manifest, error)
	// PullThrough tells whether a repository that does not exist in ECR yet may be
	// made by a pull through cache rule.
	PullThrough(ctx context.Context, target string, image ECRImage) (bool, error)
	// RegistryLogin gives a short-lived login to ECR's registry in a region.
	RegistryLogin(ctx context.Context, target, region string) (user, password string, err error)
}

// Secret is what is known of a secret without reading it.
type Secret struct {
	Deleted string   // since when it is scheduled for deletion, "" when it is not
	Stages  []string // version stages that it has
	IDs     []string // version ids that have a stage
}

// ECRImage names an image in a private registry of ECR.
type ECRImage struct {
	Account, Region, Repository string
	Tag, Digest                 string
}

// Manifest is an image's manifest as its registry keeps it.
type Manifest struct {
	MediaType string
	Body      string
}
