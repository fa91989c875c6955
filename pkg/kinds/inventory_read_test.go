package kinds

import (
	"fmt"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	tagtypes "github.com/aws/aws-sdk-go-v2/service/resourcegroupstaggingapi/types"

	"github.com/ecs-operator/ecs-operator/pkg/resource"
)

func tagsOfUnit(unit, key string) []tagtypes.Tag {
	return []tagtypes.Tag{{Key: aws.String(resource.TagUnit), Value: &unit}, {Key: aws.String(resource.TagKey), Value: &key}}
}

// A refresh that tells what the book says is no news, and leaves all of it as it is: who
// has counted by it need not count again.
func TestBookIsReadAgain(t *testing.T) {
	b := &book{tags: map[string]*tagSet{}}
	refresh := func(tell ...string) bool { // pairs of ARN and key
		r := b.reading()
		for i := 0; i < len(tell); i += 2 {
			r.take(tell[i], tagsOfUnit("default/web", tell[i+1]))
		}
		return r.end()
	}
	if !refresh("a", "rule/x", "b", "rule/y", "c", "rule/z") {
		t.Error("the first words are no news")
	}
	before, _ := b.of("a")
	if refresh("c", "rule/z", "b", "rule/y", "a", "rule/x") {
		t.Error("the same in another order is news")
	}
	if after, _ := b.of("a"); fmt.Sprintf("%p", after) != fmt.Sprintf("%p", before) {
		t.Error("what was there before is held twice")
	}
	if at := b.at("default/web", "rule/y"); at != "b" {
		t.Errorf("rule/y is at %q", at)
	}
	r := b.reading() // its next page fails
	r.take("a", tagsOfUnit("default/web", "rule/other"))
	if at := b.at("default/web", "rule/x"); at != "a" {
		t.Errorf("half a refresh moved rule/x to %q", at)
	}
	if !refresh("a", "rule/x", "b", "rule/x") {
		t.Error("a tag that changed, and an object that is gone, are no news")
	}
	if _, ok := b.of("c"); ok || b.at("default/web", "rule/z") != "" {
		t.Error("what is gone is still there")
	}
	if at := b.at("default/web", "rule/x"); at != "" {
		t.Errorf("of two with one key it is said that it is at %q", at)
	}
	if !refresh("a", "rule/x", "b", "rule/x", "d", "rule/d") || b.at("default/web", "rule/d") != "d" {
		t.Error("what has come is not there")
	}
	if refresh("d", "rule/q", "a", "rule/x", "b", "rule/x", "d", "rule/d") {
		t.Error("the last page's word does not hold")
	}
}
