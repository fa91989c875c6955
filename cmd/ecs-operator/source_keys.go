package main

import (
	"cmp"
	"context"

	"github.com/ecs-operator/ecs-operator/pkg/awsclient"
	"github.com/ecs-operator/ecs-operator/pkg/resource"
	"github.com/ecs-operator/ecs-operator/pkg/source"
)

// callerKeys are the operator's own credentials, the task role's mostly: a source
// is the operator's, whatever roles its targets want. "" for no CodeCommit.
func callerKeys(g *globalOptions, region string) func(context.Context) (source.AWSKeys, error) {
	if region == "" {
		return nil
	}
	keys := awsclient.Keys(awsclient.Target{Name: resource.DefaultTarget, Region: cmp.Or(g.region, region), Profile: g.profile})
	return func(ctx context.Context) (source.AWSKeys, error) {
		k, err := keys(ctx)
		return source.AWSKeys{AccessKeyID: k.AccessKeyID, SecretAccessKey: k.SecretAccessKey, SessionToken: k.SessionToken}, err
	}
}
