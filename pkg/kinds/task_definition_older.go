package kinds

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ecs"
	"github.com/aws/aws-sdk-go-v2/service/ecs/types"
	"github.com/aws/aws-sdk-go-v2/service/resourcegroupstaggingapi"
	tagtypes "github.com/aws/aws-sdk-go-v2/service/resourcegroupstaggingapi/types"

	"github.com/ecs-operator/ecs-operator/pkg/awsclient"
	"github.com/ecs-operator/ecs-operator/pkg/resource"
)

const (
	// looksBack is how many of a family's newest ACTIVE revisions are looked at where
	// they cannot be found by their tags: twice what policy.keepRevisions keeps.
	looksBack = 20
	// registersAfter is for how long a deployment waits when older revisions can be
	// looked for in no way at all.
	registersAfter = 2 * time.Minute
	// refusalAge is after how long a refusal says nothing about the next one: longer than
	// the pause between two tries of a unit.
	refusalAge = 10 * time.Minute
)

// older looks for a revision of the wanted content that is not the newest; nil for none.
// By its hash, which the tagging API knows; where that is refused, among the family's
// newest, which ECS lists. A deployment does not hang on the tagging API. Refused both
// ways, it waits as not known, and after a while one more revision of the same content is
// the smaller harm.
func (k *taskDefinition) older(ctx context.Context, c *awsclient.Clients, o *resource.Object, newest *revision) (*revision, error) {
	hash, owner := o.Tags[resource.TagSpecHash], o.Tags[resource.TagOwner]
	if hash == "" || owner == "" {
		return nil, nil
	}
	arns, err := k.hashed(ctx, c, o)
	if err != nil && ctx.Err() == nil {
		if arns, err = k.newestOf(ctx, c, o, newest); err != nil {
			err = fmt.Errorf("whether an older revision has the wanted content could not be found out, and one is registered after %s of this: %w", registersAfter, err)
		}
	}
	var found *revision
	for i := 0; err == nil && found == nil && i < len(arns); i++ {
		if have, ok := k.cache.Get(arns[i]); ok && !k.sameContent(o, &have) {
			continue // content never changes
		}
		var r *revision
		switch r, err = k.read(ctx, c, arns[i], true); {
		case resource.ClassOf(err) == resource.ClassNotFound:
			err = nil
		case err == nil && k.fits(o, r):
			found = r
		}
	}
	if err != nil && k.waited(familyKey(o)+" "+hash, ctx.Err() == nil) {
		return nil, nil
	}
	if err == nil {
		k.ownMu.Lock()
		delete(k.refused, familyKey(o)+" "+hash)
		k.ownMu.Unlock()
	}
	return found, err
}

// waited reports whether a content has been looked for in vain for long enough.
func (k *taskDefinition) waited(content string, count bool) bool {
	k.ownMu.Lock()
	defer k.ownMu.Unlock()
	maps.DeleteFunc(k.refused, func(_ string, since time.Time) bool { return time.Since(since) > refusalAge })
	since, ok := k.refused[content]
	if !ok && count {
		if k.refused == nil {
			k.refused = map[string]time.Time{}
		}
		k.refused[content] = time.Now()
	}
	return ok && time.Since(since) >= registersAfter
}

// sameContent is fits for what is known without asking: whether it is ACTIVE is not.
func (k *taskDefinition) sameContent(o *resource.Object, r *revision) bool {
	was := *r
	was.status = types.TaskDefinitionStatusActive
	return k.fits(o, &was)
}

// hashed are the revisions of an object's family that carry its hash, newest first.
func (k *taskDefinition) hashed(ctx context.Context, c *awsclient.Clients, o *resource.Object) ([]string, error) {
	out, err := c.Read.Tagging.GetResources(ctx, &resourcegroupstaggingapi.GetResourcesInput{
		ResourceTypeFilters: []string{"ecs:task-definition"}, ResourcesPerPage: aws.Int32(20),
		TagFilters: []tagtypes.TagFilter{
			{Key: aws.String(resource.TagSpecHash), Values: []string{o.Tags[resource.TagSpecHash]}},
			{Key: aws.String(resource.TagOwner), Values: []string{o.Tags[resource.TagOwner]}},
		},
	})
	if err != nil {
		return nil, err
	}
	var arns []string
	for _, m := range out.ResourceTagMappingList {
		if arn := aws.ToString(m.ResourceARN); familyKey(o) == o.ID.Target+"/"+familyOfARN(arn) {
			arns = append(arns, arn)
		}
	}
	slices.SortFunc(arns, func(a, b string) int { return revisionNumber(b) - revisionNumber(a) })
	return arns, nil
}

// newestOf are the newest revisions of an object's family behind the very newest.
func (k *taskDefinition) newestOf(ctx context.Context, c *awsclient.Clients, o *resource.Object, newest *revision) ([]string, error) {
	// The parameter is "the full family name": ListTaskDefinitions.
	out, err := c.Read.ECS.ListTaskDefinitions(ctx, &ecs.ListTaskDefinitionsInput{FamilyPrefix: aws.String(familyOfARN(newest.arn)),
		Status: types.TaskDefinitionStatusActive, Sort: types.SortOrderDesc, MaxResults: aws.Int32(looksBack)})
	if err != nil {
		return nil, err
	}
	return slices.DeleteFunc(out.TaskDefinitionArns, func(arn string) bool { return arn == newest.arn }), nil
}
