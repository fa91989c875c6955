package sandbox

import (
	"encoding/base64"
	"iter"
	"slices"
	"sort"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	ecstypes "github.com/aws/aws-sdk-go-v2/service/ecs/types"
	tagging "github.com/aws/aws-sdk-go-v2/service/resourcegroupstaggingapi"
	taggingtypes "github.com/aws/aws-sdk-go-v2/service/resourcegroupstaggingapi/types"
)

// taggedResource is a resource as the tagging API sees it.
type taggedResource struct {
	ARN  string
	Type string // "ecs:service", "elasticloadbalancing:targetgroup"
	Tags map[string]string
}

// taggable is what may be one: its tags are a map, one among those of others by their ARNs,
// or a list as ECS has them.
type taggable struct {
	arn, kind string
	set       map[string]string
	among     map[string]map[string]string
	list      []ecstypes.Tag
}

// tagged is false for what has no tag.
func (t taggable) tagged() (taggedResource, bool) {
	r := taggedResource{ARN: t.arn, Type: t.kind, Tags: t.set}
	switch {
	case t.among != nil:
		r.Tags = t.among[t.arn]
	case len(t.list) > 0:
		r.Tags = ecsTagMap(t.list)
	}
	return r, len(r.Tags) > 0
}

func taggingOperations() []operation {
	return []operation{
		op("tagging", "GetResources", false, getResources),
		op("tagging", "GetTagKeys", false, getTagKeys),
		op("tagging", "GetTagValues", false, getTagValues),
	}
}

// taggables are all resources that may have tags, in no order.
func (w *World) taggables() iter.Seq[taggable] {
	return func(yield func(taggable) bool) {
		_ = w.ecsTaggables(yield) && w.elbTaggables(yield) && w.alarmTaggables(yield) && w.scalingTaggables(yield)
	}
}

// tagged are the resources that have a tag, in no order. AWS also lists those that had one
// once; we do not.
func (w *World) tagged() iter.Seq[taggedResource] {
	return func(yield func(taggedResource) bool) {
		for t := range w.taggables() {
			if r, some := t.tagged(); some && !yield(r) {
				return
			}
		}
	}
}

// taggedFrom are the first n resources that match, by ARN, from one on. A fleet's listing has
// hundreds of pages: each is picked in one walk over all, and only of those that come into
// question the tags are looked at.
func (w *World) taggedFrom(arn string, n int, in *tagging.GetResourcesInput) (first []taggedResource) {
	for t := range w.taggables() {
		if t.arn < arn || len(first) == n && t.arn > first[n-1].ARN || !matchesType(t.kind, in.ResourceTypeFilters) {
			continue
		}
		r, some := t.tagged()
		if !some || !matchesTags(r, in.TagFilters) || len(in.ResourceARNList) > 0 && !slices.Contains(in.ResourceARNList, r.ARN) {
			continue
		}
		i, _ := slices.BinarySearchFunc(first, r, func(a, b taggedResource) int { return strings.Compare(a.ARN, b.ARN) })
		first = slices.Insert(first, i, r)
		first = first[:min(n, len(first))]
	}
	return first
}

// getResources filters: every tag filter must match (any of its values), and
// any of the resource types (API reference, GetResources).
func getResources(c *call, in *tagging.GetResourcesInput) (*tagging.GetResourcesOutput, error) {
	size, err := checkGetResources(in)
	if err != nil {
		return nil, err
	}
	from, err := tokenKey(in.PaginationToken)
	if err != nil {
		return nil, err
	}
	hits, next, err := tokenPage(c.w.taggedFrom(from, size+1, in), size, in.PaginationToken, func(r taggedResource) string { return r.ARN })
	if err != nil {
		return nil, err
	}
	out := &tagging.GetResourcesOutput{PaginationToken: next, ResourceTagMappingList: []taggingtypes.ResourceTagMapping{}}
	for _, r := range hits {
		m := taggingtypes.ResourceTagMapping{ResourceARN: aws.String(r.ARN), Tags: []taggingtypes.Tag{}}
		for _, k := range sortedKeysOf(r.Tags) {
			m.Tags = append(m.Tags, taggingtypes.Tag{Key: aws.String(k), Value: aws.String(r.Tags[k])})
		}
		out.ResourceTagMappingList = append(out.ResourceTagMappingList, m)
	}
	return out, nil
}

func checkGetResources(in *tagging.GetResourcesInput) (size int, err error) {
	size = 100
	if in.ResourcesPerPage != nil {
		size = int(*in.ResourcesPerPage)
	}
	switch {
	case size < 1 || size > 100:
		return 0, refuse("InvalidParameterException", "ResourcesPerPage must be between 1 and 100")
	case len(in.ResourceARNList) > 100:
		return 0, refuse("InvalidParameterException", "ResourceARNList can have at most 100 items")
	case len(in.ResourceARNList) > 0 && (len(in.TagFilters) > 0 || len(in.ResourceTypeFilters) > 0 || in.ResourcesPerPage != nil || in.PaginationToken != nil):
		return 0, refuse("InvalidParameterException", "ResourceARNList cannot be combined with filters or pagination")
	case len(in.TagFilters) > 50:
		return 0, refuse("InvalidParameterException", "TagFilters can have at most 50 items")
	}
	for _, f := range in.TagFilters {
		if aws.ToString(f.Key) == "" || len(f.Values) > 20 {
			return 0, refuse("InvalidParameterException", "A tag filter needs a key and takes at most 20 values")
		}
	}
	return size, nil
}

// matchesType reports whether a resource is of one of the types asked for:
// "ecs" is every type of the service.
func matchesType(kind string, filters []string) bool {
	if len(filters) == 0 {
		return true
	}
	service, _, _ := strings.Cut(kind, ":")
	return slices.Contains(filters, kind) || slices.Contains(filters, service)
}

func matchesTags(r taggedResource, filters []taggingtypes.TagFilter) bool {
	for _, f := range filters {
		v, ok := r.Tags[aws.ToString(f.Key)]
		if !ok || len(f.Values) > 0 && !slices.Contains(f.Values, v) {
			return false
		}
	}
	return true
}

// tokenKey is where a token says that a page begins, "" for none.
func tokenKey(token *string) (string, error) {
	from, err := base64.RawURLEncoding.DecodeString(aws.ToString(token))
	if err != nil {
		return "", expiredToken()
	}
	return string(from), nil
}

func expiredToken() error {
	return refuse("PaginationTokenExpiredException", "The pagination token has expired or is not valid")
}

// tokenPage cuts a page; the last one has an empty token, as this API has it.
func tokenPage[T any](items []T, size int, token *string, key func(T) string) ([]T, *string, error) {
	from, err := tokenKey(token)
	if err != nil {
		return nil, nil, err
	}
	if from != "" {
		i := slices.IndexFunc(items, func(item T) bool { return key(item) == from })
		if i < 0 {
			return nil, nil, expiredToken()
		}
		items = items[i:]
	}
	if len(items) <= size {
		return items, aws.String(""), nil
	}
	return items[:size], aws.String(base64.RawURLEncoding.EncodeToString([]byte(key(items[size])))), nil
}

func getTagKeys(c *call, in *tagging.GetTagKeysInput) (*tagging.GetTagKeysOutput, error) {
	seen := map[string]string{}
	for r := range c.w.tagged() {
		for k := range r.Tags {
			seen[k] = ""
		}
	}
	keys, next, err := tokenPage(sortedKeysOf(seen), 100, in.PaginationToken, func(k string) string { return k })
	if err != nil {
		return nil, err
	}
	return &tagging.GetTagKeysOutput{TagKeys: keys, PaginationToken: next}, nil
}

func getTagValues(c *call, in *tagging.GetTagValuesInput) (*tagging.GetTagValuesOutput, error) {
	seen := map[string]string{}
	for r := range c.w.tagged() {
		if v, ok := r.Tags[aws.ToString(in.Key)]; ok {
			seen[v] = ""
		}
	}
	values, next, err := tokenPage(sortedKeysOf(seen), 100, in.PaginationToken, func(v string) string { return v })
	if err != nil {
		return nil, err
	}
	return &tagging.GetTagValuesOutput{TagValues: values, PaginationToken: next}, nil
}

func sortedKeysOf(m map[string]string) []string {
	keys := make([]string, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	sort.Strings(keys)
	return keys
}
