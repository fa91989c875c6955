package awsclient

import (
	"context"
	"sync"

	"github.com/aws/aws-sdk-go-v2/aws"
)

// Keys gives the credentials of a target's caller themselves, for what is signed
// outside the SDK (CodeCommit over git). They are loaded at the first call, and
// renewed by the SDK when they expire. A target without a role gives the caller's
// own.
func Keys(t Target) func(context.Context) (aws.Credentials, error) {
	c := &core{opts: Options{}}
	var mu sync.Mutex
	var provider aws.CredentialsProvider
	return func(ctx context.Context) (aws.Credentials, error) {
		mu.Lock()
		defer mu.Unlock()
		if provider == nil {
			cfg, err := c.config(ctx, t)
			if err != nil {
				return aws.Credentials{}, err
			}
			provider = cfg.Credentials
		}
		keys, err := provider.Retrieve(ctx)
		if err != nil {
			return aws.Credentials{}, c.credentialsError(ctx, t, err)
		}
		return keys, nil
	}
}
