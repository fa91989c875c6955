package sandbox

import (
	"encoding/base64"
	"slices"
	"sort"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	tagging "github.com/aws/aws-sdk-go-v2/service/resourcegroupstaggingapi"
	taggingtypes "github.com/aws/aws-sdk-go-v2/service/resourcegroupstaggingapi/types"
)

// taggedResource is a resource as the tagging API sees it.
type taggedResource struct {
	ARN  string
	Type string // "ecs:service", "elasticloadbalancing:targetgroup"
	Tags map[string]string
}

func taggingOperations() []operation {
	return []operation{
		op("tagging", "GetResources", false, getResources),
		op("tagging", "GetTagKeys", false, getTagKeys),
		op("tagging", "GetTagValues", false, getTagValues),
	}
}

// tagged lists every resource that has a tag, by ARN. AWS also lists those that
// had one once; we do not.
func (w *World) tagged(types ...string) []taggedResource {
	of := strings.Join(types, " ")
	if all, ok := w.listed[of]; ok {
		return all
	}
	var all []taggedResource
	for _, list := range [][]taggedResource{w.ecsTagged(types), w.elbTagged(), w.alarmTagged(), w.scalingTagged()} {
		for _, r := range list {
			if len(r.Tags) > 0 && matchesType(r, types) {
				all = append(all, r)
			}
		}
	}
	sort.Slice(all, func(i, j int) bool { return all[i].ARN < all[j].ARN })
	if w.listed == nil {
		w.listed = map[string][]taggedResource{}
	}
	w.listed[of] = all
	return all
}

// getResources filters: every tag filter must match (any of its values), and
// any of the resource types (API reference, GetResources).
func getResources(c *call, in *tagging.GetResourcesInput) (*tagging.GetResourcesOutput, error) {
	size, err := checkGetResources(in)
	if err != nil {
		return nil, err
	}
	var hits []taggedResource
	for _, r := range c.w.tagged(in.ResourceTypeFilters...) {
		if matchesTags(r, in.TagFilters) &&
			(len(in.ResourceARNList) == 0 || slices.Contains(in.ResourceARNList, r.ARN)) {
			hits = append(hits, r)
		}
	}
	hits, next, err := tokenPage(hits, size, in.PaginationToken, func(r taggedResource) string { return r.ARN })
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
func matchesType(r taggedResource, filters []string) bool {
	if len(filters) == 0 {
		return true
	}
	return slices.ContainsFunc(filters, func(f string) bool {
		return f == r.Type || !strings.Contains(f, ":") && strings.HasPrefix(r.Type, f+":")
	})
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

// tokenPage cuts a page; the last one has an empty token, as this API has it.
func tokenPage[T any](items []T, size int, token *string, key func(T) string) ([]T, *string, error) {
	if t := aws.ToString(token); t != "" {
		from, err := base64.RawURLEncoding.DecodeString(t)
		i := slices.IndexFunc(items, func(item T) bool { return key(item) == string(from) })
		if err != nil || i < 0 {
			return nil, nil, refuse("PaginationTokenExpiredException", "The pagination token has expired or is not valid")
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
	for _, r := range c.w.tagged() {
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
	for _, r := range c.w.tagged() {
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
